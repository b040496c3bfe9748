/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/pair.h"

#include "target/exc_return.h"
#include "unwind/check.h"

enum { READ_AHEAD = 4 };

/*
 * What was sent is the address behind the instruction, unless that says it was none: a port that
 * computes the address itself, or another function's last instruction right before it.
 */
static uint32_t instruction_of(const struct fl_pair *pair)
{
	struct fl_function_info before;
	struct fl_function_info here;
	uint32_t pc = pair->pc & ~UINT32_C(1);
	if (!pair->pc_was_read || pc < READ_AHEAD ||
	    !fl_function_at(pair->symbols, pc - READ_AHEAD, &before))
		return pc;
	if (fl_function_at(pair->symbols, pc, &here) && here.addr != before.addr)
		return pc;
	return pc - READ_AHEAD;
}

/* The row of call frame information at pc leaves the return address where the call put it. */
static bool is_still_in_lr(const struct fl_pair *pair, uint32_t pc)
{
	struct fl_unwind_rule rule;
	const struct fl_module *module = fl_view_module_at(pair->symbols, pc);
	if (!module || !fl_module_unwind_rule(module, pc, &rule) || rule.return_column != FL_LR)
		return false;
	return rule.regs[FL_LR].kind == FL_RULE_UNSPECIFIED ||
	       rule.regs[FL_LR].kind == FL_RULE_SAME;
}

/* Nothing an ELF could say against it, where there is none. */
static bool may_return_there(const struct fl_pair *pair, enum fl_call call)
{
	uint32_t addr = pair->lr & ~UINT32_C(1);
	if (!pair->has_lr || !(pair->lr & 1) || addr < 2 ||
	    fl_is_exc_return(pair->lr, pair->arch) || fl_is_fnc_return(pair->lr) ||
	    pair->lr == UINT32_MAX)
		return false;
	return call != FL_CALL_NONE &&
	       (!pair->symbols->count || fl_view_is_code(pair->symbols, addr - 1));
}

/* A leftover points into whatever function called last, often the one at pc itself. */
static enum fl_trust trust_of_lr(const struct fl_pair *pair, const struct fl_unwind_result *found,
				 enum fl_call call, uint32_t target)
{
	struct fl_function_info function;
	struct fl_function_info caller;
	if (!found->count || call == FL_CALL_UNKNOWN)
		return FL_TRUST_LR;
	uint32_t pc = found->frames[0].lookup_pc;
	bool known = fl_function_at(pair->symbols, pc, &function);
	if (is_still_in_lr(pair, pc) ||
	    (known && call == FL_CALL_DIRECT && target == function.addr))
		return FL_TRUST_LR;
	if (call == FL_CALL_DIRECT)
		return FL_TRUST_SCAN;
	bool itself = known &&
		      fl_function_at(pair->symbols, (pair->lr & ~UINT32_C(1)) - 1, &caller) &&
		      caller.addr == function.addr;
	return itself ? FL_TRUST_SCAN : FL_TRUST_LR;
}

void fl_unwind_pair(const struct fl_pair *pair, struct fl_unwind_result *ret)
{
	uint32_t target = 0;
	uint32_t addr = pair->lr & ~UINT32_C(1);
	enum fl_call call = addr < 4 ? FL_CALL_NONE : fl_call_before(pair->memory, addr, &target);
	ret->count = 0;
	ret->stop = FL_STOP_NOT_CAPTURED;
	if (pair->has_pc) {
		uint32_t pc = instruction_of(pair);
		ret->frames[ret->count++] = (struct fl_unwound_frame){
			.trust = FL_TRUST_CONTEXT, .pc_known = true, .pc = pc, .lookup_pc = pc
		};
	}
	if (!may_return_there(pair, call))
		return;
	enum fl_trust trust = trust_of_lr(pair, ret, call, target);
	ret->frames[ret->count++] = (struct fl_unwound_frame){
		.trust = trust, .pc_known = true, .pc = addr, .lookup_pc = addr - 1
	};
}

struct fl_registers
fl_pair_registers(const struct fl_pair *pair, const struct fl_unwind_result *result)
{
	struct fl_registers regs = { 0 };
	if (pair->has_pc)
		fl_reg_set(&regs, FL_PC, result->frames[0].pc);
	if (pair->has_lr)
		fl_reg_set(&regs, FL_LR, pair->lr);
	return regs;
}
