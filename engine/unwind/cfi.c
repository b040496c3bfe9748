/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/cfi.h"

#include "unwind/expression.h"

struct source {
	const struct fl_unwind_rule *rule;
	const struct fl_memory *memory;
	const struct fl_registers *regs; /* of the frame being left */
	uint32_t cfa;
};

static enum fl_eval load(const struct fl_memory *memory, uint32_t addr, uint32_t *ret)
{
	if (fl_memory_u32(memory, addr, ret))
		return FL_EVAL_OK;
	*ret = addr;
	return FL_EVAL_MISSING;
}

static enum fl_eval copy_register(const struct source *s, unsigned reg, uint32_t *ret)
{
	if (reg < FL_CORE_REGISTERS && fl_reg_get(s->regs, (enum fl_register)reg, ret))
		return FL_EVAL_OK;
	return FL_EVAL_UNKNOWN;
}

/* AADWARF32 leaves the default to the AAPCS; LR is where the caller's pc is looked for. */
static enum fl_eval unspecified(const struct source *s, unsigned reg, uint32_t *ret)
{
	if (reg == FL_SP) {
		*ret = s->cfa;
		return FL_EVAL_OK;
	}
	if (FL_CALLEE_SAVED >> reg & 1 || reg == s->rule->return_column)
		return copy_register(s, reg, ret);
	return FL_EVAL_UNKNOWN;
}

/* The value @p reg has in the caller; MISSING gives the address instead. */
static enum fl_eval recover(const struct source *s, unsigned reg, uint32_t *ret)
{
	const struct fl_register_rule *rule = &s->rule->regs[reg];
	enum fl_eval eval;

	switch ((enum fl_rule_kind)rule->kind) {
	case FL_RULE_UNSPECIFIED:
		return unspecified(s, reg, ret);
	case FL_RULE_UNDEFINED:
		return FL_EVAL_UNKNOWN;
	case FL_RULE_SAME:
		return copy_register(s, reg, ret);
	case FL_RULE_OFFSET:
		return load(s->memory, s->cfa + (uint32_t)rule->offset, ret);
	case FL_RULE_VAL_OFFSET:
		*ret = s->cfa + (uint32_t)rule->offset;
		return FL_EVAL_OK;
	case FL_RULE_REGISTER:
		return copy_register(s, rule->other, ret);
	case FL_RULE_EXPRESSION:
		eval = fl_expression_run(&rule->expression, s->regs, s->memory, &s->cfa, ret);
		return eval == FL_EVAL_OK ? load(s->memory, *ret, ret) : eval;
	case FL_RULE_VAL_EXPRESSION:
		return fl_expression_run(&rule->expression, s->regs, s->memory, &s->cfa, ret);
	}
	return FL_EVAL_UNKNOWN;
}

static enum fl_eval find_cfa(const struct source *s, uint32_t *ret)
{
	const struct fl_unwind_rule *rule = s->rule;
	enum fl_eval eval;

	switch ((enum fl_cfa_kind)rule->cfa_kind) {
	case FL_CFA_REGISTER:
		eval = copy_register(s, rule->cfa_register, ret);
		*ret += (uint32_t)rule->cfa_offset;
		return eval;
	case FL_CFA_EXPRESSION:
		return fl_expression_run(&rule->cfa_expression, s->regs, s->memory, NULL, ret);
	case FL_CFA_NONE:
		break;
	}
	return FL_EVAL_UNKNOWN;
}

static void recover_register(const struct source *s, unsigned reg, struct fl_registers *ret)
{
	uint32_t value = 0;
	if (recover(s, reg, &value) == FL_EVAL_OK)
		fl_reg_set(ret, (enum fl_register)reg, value);
	else
		fl_reg_forget(ret, (enum fl_register)reg);
}

/* Nothing is said of most of them: then what a call leaves alone is there already. */
static bool is_said(const struct fl_unwind_rule *rule, unsigned reg)
{
	return rule->regs[reg].kind != FL_RULE_UNSPECIFIED || reg == rule->return_column;
}

static void recover_registers(const struct source *s, struct fl_registers *ret)
{
	for (unsigned reg = FL_R0; reg < FL_SP; reg++)
		if (is_said(s->rule, reg))
			recover_register(s, reg, ret);
	recover_register(s, FL_SP, ret);
	/* The call itself put the return address there: what the column holds is no register. */
	bool called = s->rule->return_column == FL_LR && !s->rule->signal_frame;
	if (!called && is_said(s->rule, FL_LR))
		recover_register(s, FL_LR, ret);
}

static bool return_is_in_lr(const struct fl_unwind_rule *rule)
{
	const struct fl_register_rule *column = &rule->regs[rule->return_column];
	switch ((enum fl_rule_kind)column->kind) {
	case FL_RULE_UNSPECIFIED:
	case FL_RULE_SAME:
		return rule->return_column == FL_LR;
	case FL_RULE_REGISTER:
		return column->other == FL_LR;
	default:
		return false;
	}
}

void fl_cfi_step(const struct fl_unwind_rule *rule, const struct fl_memory *memory,
		 const struct fl_cursor *cursor, struct fl_step *ret)
{
	fl_step_begin(ret, FL_TRUST_CFI);
	struct fl_registers regs = cursor->regs;
	if (!cursor->exact)
		fl_reg_forget(&regs, FL_LR);
	struct source s = { .rule = rule, .memory = memory, .regs = &regs };
	uint32_t value = 0;
	enum fl_eval eval = find_cfa(&s, &value);
	if (eval == FL_EVAL_MISSING) {
		ret->status = FL_STEP_MISSING;
		ret->missing_addr = value;
	}
	if (eval != FL_EVAL_OK || value % 4) /* the core keeps SP[1:0] zero */
		return;
	s.cfa = ret->cfa = value;
	ret->cfa_known = true;
	ret->regs = fl_registers_after_call(&cursor->regs);
	recover_registers(&s, &ret->regs);
	ret->exact = rule->signal_frame;
	ret->from_lr = return_is_in_lr(rule);

	eval = recover(&s, rule->return_column, &ret->return_addr);
	if (rule->regs[rule->return_column].kind == FL_RULE_UNDEFINED) {
		ret->status = FL_STEP_OUTERMOST;
	} else if (eval == FL_EVAL_MISSING) {
		ret->status = FL_STEP_MISSING;
		ret->missing_addr = ret->return_addr;
	} else if (eval == FL_EVAL_OK) {
		ret->status = FL_STEP_FOUND;
	}
}
