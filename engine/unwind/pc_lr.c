/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/pc_lr.h"

#include "target/exc_return.h"
#include "target/thumb.h"
#include "unwind/check.h"

enum {
	READ_AHEAD = 4,
	READERS_MAX = 8,     /* frames of error handling between the trap and who asked for it */
	READER_SIZE = 65536, /* bytes of a function that are looked through */
};

/*
 * What was sent is the address behind the instruction, unless that says it was none: a port that
 * computes the address itself, or another function's last instruction right before it.
 */
static uint32_t instruction_of(const struct fl_pc_lr *sent)
{
	struct fl_function_info before;
	struct fl_function_info here;
	uint32_t pc = sent->pc & ~UINT32_C(1);
	if (!sent->pc_was_read || pc < READ_AHEAD ||
	    !fl_function_at(sent->symbols, pc - READ_AHEAD, &before))
		return pc;
	if (fl_function_at(sent->symbols, pc, &here) && here.addr != before.addr)
		return pc;
	return pc - READ_AHEAD;
}

/* The row of call frame information at pc leaves the return address where the call put it. */
static bool is_still_in_lr(const struct fl_pc_lr *sent, uint32_t pc)
{
	struct fl_unwind_rule rule;
	const struct fl_module *module = fl_view_module_at(sent->symbols, pc);
	if (!module || !fl_module_unwind_rule(module, pc, &rule) || rule.return_column != FL_LR)
		return false;
	return rule.regs[FL_LR].kind == FL_RULE_UNSPECIFIED ||
	       rule.regs[FL_LR].kind == FL_RULE_SAME;
}

/* Nothing an ELF could say against it, where there is none. */
static bool may_return_there(const struct fl_pc_lr *sent, enum fl_call call)
{
	uint32_t addr = sent->lr & ~UINT32_C(1);
	if (!sent->has_lr || !(sent->lr & 1) || addr < 2 ||
	    fl_is_exc_return(sent->lr, sent->arch) || fl_is_fnc_return(sent->lr) ||
	    sent->lr == UINT32_MAX)
		return false;
	return call != FL_CALL_NONE &&
	       (!sent->symbols->count || fl_view_is_code(sent->symbols, addr - 1));
}

/* A leftover points into whatever function called last, often the one at pc itself. */
static enum fl_trust trust_of_lr(const struct fl_pc_lr *sent, const struct fl_unwind_result *found,
				 enum fl_call call, uint32_t target)
{
	struct fl_function_info function;
	struct fl_function_info caller;
	if (!found->count || call == FL_CALL_UNKNOWN)
		return FL_TRUST_LR;
	uint32_t pc = found->frames[0].lookup_pc;
	bool known = fl_function_at(sent->symbols, pc, &function);
	if (is_still_in_lr(sent, pc) ||
	    (known && call == FL_CALL_DIRECT && target == function.addr))
		return FL_TRUST_LR;
	if (call == FL_CALL_DIRECT)
		return FL_TRUST_SCAN;
	bool itself = known &&
		      fl_function_at(sent->symbols, (sent->lr & ~UINT32_C(1)) - 1, &caller) &&
		      caller.addr == function.addr;
	return itself ? FL_TRUST_SCAN : FL_TRUST_LR;
}

void fl_unwind_pc_lr(const struct fl_pc_lr *sent, struct fl_unwind_result *ret)
{
	uint32_t target = 0;
	uint32_t addr = sent->lr & ~UINT32_C(1);
	enum fl_call call = addr < 4 ? FL_CALL_NONE : fl_call_before(sent->memory, addr, &target);
	ret->count = 0;
	ret->stop = FL_STOP_NOT_CAPTURED;
	if (sent->has_pc) {
		uint32_t pc = instruction_of(sent);
		ret->frames[ret->count++] = (struct fl_unwound_frame){
			.trust = FL_TRUST_CONTEXT, .pc_known = true, .pc = pc, .lookup_pc = pc
		};
	}
	if (!may_return_there(sent, call))
		return;
	enum fl_trust trust = trust_of_lr(sent, ret, call, target);
	ret->frames[ret->count++] = (struct fl_unwound_frame){
		.trust = trust, .pc_known = true, .pc = addr, .lookup_pc = addr - 1
	};
}

struct fl_registers
fl_pc_lr_registers(const struct fl_pc_lr *sent, const struct fl_unwind_result *result)
{
	struct fl_registers regs = { 0 };
	if (sent->has_pc)
		fl_reg_set(&regs, FL_PC, result->frames[0].pc);
	if (sent->has_lr)
		fl_reg_set(&regs, FL_LR, sent->lr);
	return regs;
}

/* MOV Rd, pc (Arm DDI 0403E A7.7.77 T1). */
static bool reads_pc(uint16_t hw)
{
	return (hw & 0xff78) == 0x4678;
}

/* From its start, so that no half of an instruction is taken for one. */
static void last_read(const struct fl_memory *memory, uint32_t addr, uint32_t end,
		      struct fl_read_registers *ret)
{
	uint16_t hw[2];
	bool called = false;
	while (addr < end && fl_memory_u16(memory, addr, &hw[0])) {
		bool two = fl_memory_u16(memory, addr + 2, &hw[1]);
		if (reads_pc(hw[0])) {
			ret->has_pc = true;
			ret->pc = addr + READ_AHEAD;
			ret->has_lr = !called;
		}
		called |= fl_thumb_is_call(hw, two ? 2 : 1);
		addr += fl_thumb_length(hw[0]);
	}
}

void fl_unwind_read_registers(const struct fl_memory *memory, const struct fl_symbol_view *symbols,
			      const struct fl_unwound_frame *frames, size_t count,
			      struct fl_read_registers *ret)
{
	*ret = (struct fl_read_registers){ 0 };
	for (size_t i = 1; i < count && i <= READERS_MAX && !ret->has_pc; i++) {
		struct fl_function_info function;
		bool caller = i + 1 < count && frames[i + 1].kind == FL_FRAME_CODE;
		if (frames[i].kind == FL_FRAME_EXCEPTION)
			return;
		if (!fl_function_at(symbols, frames[i].lookup_pc, &function) ||
		    frames[i].lookup_pc - function.addr > READER_SIZE)
			continue;
		last_read(memory, function.addr, frames[i].lookup_pc, ret);
		ret->has_lr &= caller;
		ret->lr = ret->has_lr ? frames[i + 1].pc | 1 : 0;
	}
}
