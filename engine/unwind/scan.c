/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/scan.h"

#include "target/exc_return.h"
#include "unwind/check.h"
#include "unwind/exception.h"
#include "unwind/process_stack.h"

enum {
	SECOND_LOOK = 64, /* words past a doubtful caller in which a better one is looked for */
	SHIM_WORDS = 16,  /* what a naked handler may keep between SP and the frame */
	SAVED_WORDS = 8,  /* what a handler may have pushed before LR */
};

struct scan {
	const struct fl_unwind_input *in;
	const struct fl_cursor *cursor;
	bool handler_known;
	bool maybe_handler;
	bool function_known;
	struct fl_function_info function;
	struct fl_boundary boundary;
	bool has_doubtful;
	struct fl_step doubtful;
};

/* Nothing was recovered but where the stack is. */
static struct fl_step found(const struct scan *s, uint32_t return_addr, uint32_t sp)
{
	struct fl_step step = { .status = FL_STEP_FOUND, .trust = FL_TRUST_SCAN };
	step.return_addr = return_addr;
	step.regs = fl_registers_after_call(&s->cursor->regs);
	for (int reg = FL_R4; reg <= FL_R11; reg++)
		fl_reg_forget(&step.regs, (enum fl_register)reg);
	fl_reg_set(&step.regs, FL_SP, sp);
	return step;
}

enum quality { NO_CALLER, DOUBTFUL, CALLER, NAMED };

static enum quality caller_quality(const struct scan *s, uint32_t word)
{
	uint32_t pc = word & ~UINT32_C(1);
	uint32_t target = 0;
	if (!(word & 1) || !pc || !fl_view_is_code(s->in->symbols, pc - 1))
		return NO_CALLER;
	switch (fl_call_before(s->in->memory, pc, &target)) {
	case FL_CALL_DIRECT:
		if (!s->function_known)
			return CALLER;
		return target == s->function.addr ? NAMED : DOUBTFUL;
	case FL_CALL_INDIRECT:
		return CALLER;
	case FL_CALL_NONE:
	case FL_CALL_UNKNOWN:
		break;
	}
	return NO_CALLER;
}

static bool good_frame(const struct scan *s, const struct fl_boundary *boundary, uint32_t addr)
{
	return fl_exception_frame_test(s->in, boundary, addr, true) == FL_FRAME_GOOD;
}

/* @p word at @p addr as what a handler pushed: the frame is right above, or on the process stack.
 */
static bool is_exc_return(const struct scan *s, uint32_t word, uint32_t addr, uint32_t *sp_ret)
{
	struct fl_boundary boundary = s->boundary;
	uint32_t psp;
	if (!s->maybe_handler || !fl_is_exc_return(word, s->in->arch))
		return false;
	boundary.exc_return_known = true;
	boundary.exc_return = word;
	*sp_ret = addr + 4;
	if (fl_exc_return_decode(word).psp)
		return fl_reg_get(&s->cursor->regs, FL_PSP, &psp) && good_frame(s, &boundary, psp);
	for (uint32_t i = 0; i <= SAVED_WORDS; i++, *sp_ret += 4)
		if (good_frame(s, &boundary, *sp_ret))
			return true;
	return false;
}

static bool consider(struct scan *s, uint32_t word, uint32_t addr, struct fl_scan_hit *ret)
{
	uint32_t sp = addr + 4;
	if (!s->has_doubtful && is_exc_return(s, word, addr, &sp)) {
		ret->kind = FL_SCAN_EXC_RETURN;
		ret->step = found(s, word, sp);
		return true;
	}
	enum quality quality = caller_quality(s, word);
	if (quality == NAMED || (quality == CALLER && !s->has_doubtful)) {
		ret->kind = FL_SCAN_CALLER;
		ret->step = found(s, word, sp);
		return true;
	}
	if (quality == DOUBTFUL && !s->has_doubtful) {
		s->has_doubtful = true;
		s->doubtful = found(s, word, sp);
	}
	return false;
}

static bool consider_frame(const struct scan *s, uint32_t addr, struct fl_scan_hit *ret)
{
	if (!s->handler_known || !good_frame(s, &s->boundary, addr))
		return false;
	ret->kind = FL_SCAN_FRAME;
	ret->frame_addr = addr;
	ret->step = found(s, 0, addr);
	return true;
}

/* The main stack ends where the first word of the vector table has it begin. */
static uint32_t words_to_look_at(const struct scan *s, uint32_t addr)
{
	const uint32_t vtor_addr = 0xe000ed08;
	uint32_t vectors;
	uint32_t top;
	uint32_t max = fl_process_stack_words(s->in, s->cursor, addr, FL_LIMIT_SCAN_WORDS);
	if (s->cursor->on_psp || !fl_memory_u32(s->in->memory, vtor_addr, &vectors) ||
	    !fl_memory_u32(s->in->memory, vectors, &top) || top <= addr)
		return max;
	uint32_t words = (top - addr) / 4;
	return words < max ? words : max;
}

static void look_upwards(struct scan *s, uint32_t addr, struct fl_scan_hit *ret)
{
	uint32_t limit = words_to_look_at(s, addr);
	for (uint32_t i = 0; i < limit && addr + 4 * i >= addr; i++) {
		uint32_t word;
		if (!fl_memory_u32(s->in->memory, addr + 4 * i, &word)) {
			ret->missing = !i;
			return;
		}
		if (i < SHIM_WORDS && consider_frame(s, addr + 4 * i, ret))
			return;
		bool was_doubtful = s->has_doubtful;
		if (consider(s, word, addr + 4 * i, ret))
			return;
		if (s->has_doubtful && !was_doubtful && i + SECOND_LOOK < limit)
			limit = i + SECOND_LOOK;
	}
}

void fl_scan(const struct fl_unwind_input *in, const struct fl_cursor *cursor, uint32_t addr,
	     struct fl_scan_hit *ret)
{
	*ret = (struct fl_scan_hit){ .kind = FL_SCAN_NOTHING };
	struct scan s = { .in = in, .cursor = cursor };
	s.handler_known = cursor->ipsr_known && cursor->ipsr;
	s.maybe_handler = !cursor->ipsr_known || cursor->ipsr;
	s.function_known = fl_function_at(in->symbols, cursor->lookup_pc, &s.function);
	s.boundary.number_known = s.handler_known;
	s.boundary.number = cursor->ipsr;
	if (!in->symbols->count || addr % 4)
		return;

	look_upwards(&s, addr, ret);
	if (ret->kind == FL_SCAN_NOTHING && s.has_doubtful) {
		ret->kind = FL_SCAN_CALLER;
		ret->step = s.doubtful;
	}
}
