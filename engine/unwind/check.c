/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/check.h"

#include "target/exc_return.h"
#include "target/thumb.h"
#include "unwind/process_stack.h"

#include <string.h>

enum fl_call
fl_call_before(const struct fl_memory *memory, uint32_t return_addr, uint32_t *target_ret)
{
	uint32_t next = return_addr & ~UINT32_C(1);
	uint16_t minus4 = 0;
	uint16_t minus2 = 0;
	if (next < 2 || !fl_memory_u16(memory, next - 2, &minus2))
		return FL_CALL_UNKNOWN;
	if (next >= 4)
		(void)fl_memory_u16(memory, next - 4, &minus4);
	switch (fl_thumb_call_size(minus4, minus2)) {
	case 2:
		return FL_CALL_INDIRECT;
	case 4:
		*target_ret = next + (uint32_t)fl_thumb_bl_target(minus4, minus2);
		return FL_CALL_DIRECT;
	default:
		return FL_CALL_NONE;
	}
}

bool fl_function_at(const struct fl_symbol_view *view, uint32_t addr, struct fl_function_info *ret)
{
	const struct fl_module *module = fl_view_module_at(view, addr);
	return module && fl_module_function(module, addr, ret);
}

static bool in_list(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (names[i][0] == name[0] && !strcmp(names[i], name))
			return true;
	return false;
}

/*
 * Resets, and the first function of a thread: their LR is a filler that the kernel put there, or
 * what was in the register at reset (Arm DDI 0419 leaves it unknown on Armv6-M).
 */
bool fl_is_entry_name(const char *name)
{
	static const char *const names[] = {
		"Reset_Handler",
		"ResetHandler",
		"reset_handler",
		"Reset",
		"ResetISR",
		"_reset",
		"_start",
		"__start",
		"_mainCRTStartup",
		"__main",
		"__rt_entry",
		"__iar_program_start",
		"z_arm_reset",
		"__initialize", /* reset */
		"vPortStartFirstTask",
		"prvPortStartFirstTask",
		"prvStartFirstTask",
		"vPortTaskWrapper", /* FreeRTOS */
		"z_thread_entry",
		"_thread_entry",
		"arch_switch_to_main_thread", /* Zephyr */
		"_tx_thread_shell_entry",     /* ThreadX */
		"__port_thread_start",
		"_port_thread_start", /* ChibiOS */
		"nxtask_start",
		"nxtask_startup",
		"pthread_start",
		"pthread_startup", /* NuttX */
		"osRtxThreadExit",
		"osThreadExit", /* RTX5 */
	};
	return in_list(names, sizeof(names) / sizeof(names[0]), name);
}

/* What a thread's function would return to: planted as LR, so no call precedes it. */
bool fl_is_exit_name(const char *name)
{
	static const char *const names[] = {
		"prvTaskExitError",   "osThreadExit", "osRtxThreadExit",
		"vPortTaskExitError", "_thread_exit", "rt_thread_exit",
	};
	return in_list(names, sizeof(names) / sizeof(names[0]), name);
}

static bool has_name(const struct fl_function_info *function, bool (*is)(const char *name))
{
	if (function->name && is(function->name))
		return true;
	return function->linkage_name && is(function->linkage_name);
}

bool fl_is_entry(const struct fl_unwind_input *in, const struct fl_cursor *cursor)
{
	struct fl_pc_facts room;
	struct fl_function_info function;
	if (!fl_pc_function(fl_view_pc(in->symbols, cursor->lookup_pc, &room), &function))
		return false;
	if (has_name(&function, fl_is_entry_name))
		return true;
	return in->has_entry && cursor->on_psp && function.addr == in->entry_addr;
}

/* From the function's start, so that no half of an instruction is taken for one. */
bool fl_follows_svc(const struct fl_unwind_input *in, uint32_t pc)
{
	enum { FUNCTION_MAX = 65536, SVC = 0xdf };
	struct fl_function_info function;
	uint16_t hw;
	if (pc < 2 || !fl_memory_u16(in->memory, pc - 2, &hw) || hw >> 8 != SVC ||
	    !fl_function_at(in->symbols, pc - 2, &function) || pc - function.addr > FUNCTION_MAX)
		return false;
	uint32_t addr = function.addr;
	while (addr < pc - 2 && fl_memory_u16(in->memory, addr, &hw))
		addr += fl_thumb_length(hw);
	return addr == pc - 2;
}

/* SP rises with every caller; only a frame that was interrupted may not have moved it yet. */
static bool advances(const struct fl_cursor *cursor, const struct fl_step *step)
{
	uint32_t from;
	uint32_t to;
	if (!fl_reg_get(&cursor->regs, FL_SP, &from) || !fl_reg_get(&step->regs, FL_SP, &to))
		return cursor->exact;
	return cursor->exact ? to >= from : to > from;
}

/*
 * LR still holds the return address of a call that this very function made: it was saved nowhere
 * (functions that never return need not) or its slot is not known. A recursive call is no such
 * case.
 */
static bool is_stale(const struct fl_symbol_view *view, const struct fl_cursor *cursor,
		     uint32_t return_addr, enum fl_call call, uint32_t target)
{
	struct fl_pc_facts room;
	struct fl_function_info here;
	uint32_t addr = (return_addr & ~UINT32_C(1)) - 1;
	if (!fl_pc_function(fl_view_pc(view, cursor->lookup_pc, &room), &here) ||
	    addr < here.addr || addr >= here.end)
		return false;
	return call != FL_CALL_DIRECT || target != here.addr;
}

/* What a call returns to is the next frame, most likely: it is worth to look at it closely. */
static bool begins_function(const struct fl_symbol_view *view, uint32_t pc, enum fl_call call,
			    struct fl_function_info *ret)
{
	if (call == FL_CALL_NONE)
		return fl_function_at(view, pc, ret) && ret->addr == pc;
	struct fl_pc_facts room;
	return fl_pc_ends_before_function(view, fl_view_pc(view, pc - 1, &room), ret);
}

/* A return address in code: does a call lead to it? */
static enum fl_verdict judge_code(const struct fl_unwind_input *in, const struct fl_cursor *cursor,
				  const struct fl_step *step, enum fl_stop *stop_ret)
{
	uint32_t pc = step->return_addr & ~UINT32_C(1);
	uint32_t target = 0;
	enum fl_call call = fl_call_before(in->memory, pc, &target);
	struct fl_function_info next;
	bool at_start = begins_function(in->symbols, pc, call, &next);
	if (at_start && (call == FL_CALL_NONE || has_name(&next, fl_is_exit_name))) {
		*stop_ret = FL_STOP_ENTRY;
		return FL_VERDICT_END;
	}
	*stop_ret = FL_STOP_NOT_A_CALL;
	if (call == FL_CALL_NONE)
		return FL_VERDICT_BAD;
	if (step->from_lr && is_stale(in->symbols, cursor, pc, call, target))
		return FL_VERDICT_BAD;
	return FL_VERDICT_CALLER;
}

/* Values that no code has: set by the reset, by a kernel, or by the core itself. */
static bool is_end(uint32_t value, enum fl_stop *stop_ret)
{
	if (value == 0 || value == UINT32_MAX)
		*stop_ret = FL_STOP_ENTRY;
	else if (fl_is_fnc_return(value))
		*stop_ret = FL_STOP_SECURE;
	else if (fl_is_lockup(value))
		*stop_ret = FL_STOP_LOCKUP;
	else
		return false;
	return true;
}

enum fl_verdict fl_judge(const struct fl_unwind_input *in, const struct fl_cursor *cursor,
			 const struct fl_step *step, enum fl_stop *stop_ret)
{
	uint32_t value = step->return_addr;
	uint32_t pc = value & ~UINT32_C(1);
	uint32_t sp;
	bool thread = cursor->ipsr_known && cursor->ipsr == 0;

	*stop_ret = FL_STOP_STACK_END;
	if (fl_reg_get(&step->regs, FL_SP, &sp) && fl_process_stack_ends_below(in, cursor, sp))
		return FL_VERDICT_BAD;
	if (!step->exact && is_end(value, stop_ret))
		return FL_VERDICT_END;
	*stop_ret = FL_STOP_NO_PROGRESS;
	if (!advances(cursor, step))
		return FL_VERDICT_BAD;
	*stop_ret = FL_STOP_NOT_CODE;
	if (fl_is_exc_return(value, in->arch))
		return thread ? FL_VERDICT_BAD : FL_VERDICT_EXCEPTION;
	if (step->exact)
		return fl_view_is_code(in->symbols, pc) ? FL_VERDICT_CALLER : FL_VERDICT_BAD;
	if (!(value & 1) || !pc)
		return FL_VERDICT_BAD;
	if (!in->symbols->count) /* nothing is known of any code: take LR as it is */
		return FL_VERDICT_CALLER;
	if (!fl_view_is_code(in->symbols, pc - 1))
		return FL_VERDICT_BAD;
	return judge_code(in, cursor, step, stop_ret);
}
