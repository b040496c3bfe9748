/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/process_stack.h"

/* Alignment to 8, and a word or two that ports leave free. */
enum { TOP_ROOM = 16 };

bool fl_process_stack_fits(const struct fl_unwind_input *in, const struct fl_registers *regs)
{
	uint32_t psp;
	return in->has_process_stack && in->process_stack_end > in->process_stack_start &&
	       fl_reg_get(regs, FL_PSP, &psp) && psp <= in->process_stack_end;
}

bool fl_process_stack_ends_below(const struct fl_unwind_input *in, const struct fl_cursor *cursor,
				 uint32_t sp)
{
	return in->has_process_stack && cursor->on_psp && sp > in->process_stack_end;
}

bool fl_process_stack_has_frame(const struct fl_unwind_input *in, uint32_t addr, uint32_t sp)
{
	return !in->has_process_stack || (sp > addr && sp <= in->process_stack_end);
}

/* The main stack does not reach into a thread's either, where that lies above it. */
static uint64_t
end_of(const struct fl_unwind_input *in, const struct fl_cursor *cursor, uint32_t addr)
{
	if (cursor->on_psp)
		return in->process_stack_end;
	return addr < in->process_stack_start ? in->process_stack_start : UINT64_C(1) << 32;
}

uint32_t fl_process_stack_words(const struct fl_unwind_input *in, const struct fl_cursor *cursor,
				uint32_t addr, uint32_t max)
{
	if (!in->has_process_stack)
		return max;
	uint64_t end = end_of(in, cursor, addr);
	uint64_t words = end > addr ? (end - addr) / 4 : 0;
	return words < max ? (uint32_t)words : max;
}

bool fl_process_stack_is_used_up(const struct fl_unwind_input *in, const struct fl_cursor *cursor,
				 uint32_t cfa)
{
	return in->has_process_stack && cursor->on_psp && cfa >= in->process_stack_start &&
	       cfa <= in->process_stack_end && in->process_stack_end - cfa <= TOP_ROOM;
}
