/* SPDX-License-Identifier: Apache-2.0 */
/* One row of call frame information, applied to a stack. */
#include "support/cmocka.h"
#include "support/target_memory.h"
#include "unwind/cfi.h"

enum { SP = 0x20001000, RETURN = 0x08000123 };

struct stage {
	struct target_memory memory;
	struct fl_cursor cursor;
	struct fl_unwind_rule rule;
};

static void free_stage(struct stage *stage)
{
	target_memory_free(&stage->memory);
}

/* push {r4, lr} in a function that is called: r13+8, r4 at -8, lr at -4. */
static struct stage pushed(void)
{
	struct stage s = { .rule = { .cfa_kind = FL_CFA_REGISTER, .cfa_register = FL_SP } };
	s.rule.cfa_offset = 8;
	s.rule.return_column = FL_LR;
	s.rule.regs[FL_R4] = (struct fl_register_rule){ .kind = FL_RULE_OFFSET, .offset = -8 };
	s.rule.regs[FL_LR] = (struct fl_register_rule){ .kind = FL_RULE_OFFSET, .offset = -4 };
	for (int reg = 0; reg < FL_SP; reg++)
		fl_reg_set(&s.cursor.regs, (enum fl_register)reg, 0x100 + (uint32_t)reg);
	fl_reg_set(&s.cursor.regs, FL_SP, SP);
	fl_reg_set(&s.cursor.regs, FL_LR, 0x08000999);
	fl_reg_set(&s.cursor.regs, FL_XPSR, 0x01000000);
	fl_reg_set(&s.cursor.regs, FL_PSP, 0x20007000);
	TARGET_WORDS(&s.memory, SP, 0x44444444, RETURN, 0x66666666);
	return s;
}

#define STAGE __attribute__((__cleanup__(free_stage))) struct stage

static struct fl_step apply(struct stage *s)
{
	struct fl_step step;
	s->memory.view.spans = s->memory.spans; /* the stage was copied */
	fl_cfi_step(&s->rule, &s->memory.view, &s->cursor, &step);
	return step;
}

static void test_saved_registers(void **state)
{
	STAGE s = pushed();
	struct fl_step step = apply(&s);
	(void)state;
	assert_int_equal(step.status, FL_STEP_FOUND);
	assert_int_equal(step.trust, FL_TRUST_CFI);
	assert_int_equal(step.return_addr, RETURN);
	assert_false(step.from_lr);
	assert_true(step.cfa_known);
	assert_int_equal(step.cfa, SP + 8);
	assert_int_equal(step.regs.value[FL_SP], SP + 8);
	assert_int_equal(step.regs.value[FL_R4], 0x44444444);
	assert_int_equal(step.regs.value[FL_R5], 0x105); /* callee-saved, untouched */
	assert_int_equal(step.regs.value[FL_PSP], 0x20007000);
	/* r0-r3, r12, lr and the flags belong to the frame that was left */
	assert_int_equal(step.regs.known, 0x0ff0 | 1u << FL_SP | 1u << FL_PSP);
}

static void test_lr_is_live_only_where_execution_stands(void **state)
{
	STAGE s = pushed();
	(void)state;
	s.rule.regs[FL_LR].kind = FL_RULE_UNSPECIFIED;
	s.rule.regs[FL_R4].kind = FL_RULE_SAME;
	s.rule.cfa_offset = 0;
	s.cursor.exact = true;
	struct fl_step step = apply(&s);
	assert_int_equal(step.status, FL_STEP_FOUND);
	assert_int_equal(step.return_addr, 0x08000999);
	assert_true(step.from_lr);
	assert_int_equal(step.cfa, SP);

	s.cursor.exact = false;
	step = apply(&s);
	assert_int_equal(step.status, FL_STEP_NONE);
	assert_true(step.cfa_known); /* where to look further */
}

static void test_outermost(void **state)
{
	STAGE s = pushed();
	(void)state;
	s.rule.regs[FL_LR].kind = FL_RULE_UNDEFINED;
	assert_int_equal(apply(&s).status, FL_STEP_OUTERMOST);
}

static void test_no_cfa(void **state)
{
	STAGE s = pushed();
	(void)state;
	s.rule.cfa_kind = FL_CFA_NONE;
	assert_int_equal(apply(&s).status, FL_STEP_NONE);
	s.rule.cfa_kind = FL_CFA_REGISTER;
	s.rule.cfa_register = FL_RULE_FOREIGN;
	assert_int_equal(apply(&s).status, FL_STEP_NONE);
	s.rule.cfa_register = FL_R7;
	fl_reg_forget(&s.cursor.regs, FL_R7);
	assert_int_equal(apply(&s).status, FL_STEP_NONE);
	s.rule.cfa_register = FL_SP;
	s.rule.cfa_offset = 6; /* no stack pointer */
	assert_int_equal(apply(&s).status, FL_STEP_NONE);
}

static void test_not_captured(void **state)
{
	STAGE s = pushed();
	(void)state;
	s.rule.cfa_offset = 24;
	struct fl_step step = apply(&s);
	assert_int_equal(step.status, FL_STEP_MISSING);
	assert_int_equal(step.missing_addr, SP + 20);
	assert_true(step.cfa_known);

	s.rule.cfa_offset = 8;
	s.rule.regs[FL_R4].offset = -400; /* another register: that one is unknown */
	step = apply(&s);
	assert_int_equal(step.status, FL_STEP_FOUND);
	assert_false(fl_reg_known(&step.regs, FL_R4));
}

static void test_every_kind_of_rule(void **state)
{
	static const uint8_t plus4[] = { 0x23, 4 };    /* cfa + 4 */
	static const uint8_t sp_plus8[] = { 0x7d, 8 }; /* breg13 + 8 */
	static const uint8_t far[] = { 0x0c, 0, 0, 0, 0x90, 0x06 };
	STAGE s = pushed();
	struct fl_register_rule *r = s.rule.regs;
	(void)state;
	s.rule.cfa_kind = FL_CFA_EXPRESSION;
	s.rule.cfa_expression = (struct fl_expression){ sp_plus8, sizeof(sp_plus8) };
	r[0].kind = FL_RULE_SAME;
	r[5].kind = FL_RULE_UNDEFINED;
	r[6] = (struct fl_register_rule){ .kind = FL_RULE_VAL_OFFSET, .offset = -12 };
	r[7] = (struct fl_register_rule){ .kind = FL_RULE_REGISTER, .other = FL_R3 };
	r[8] = (struct fl_register_rule){ .kind = FL_RULE_REGISTER, .other = FL_RULE_FOREIGN };
	r[9].kind = FL_RULE_VAL_EXPRESSION;
	r[9].expression = (struct fl_expression){ plus4, sizeof(plus4) };
	r[10].kind = FL_RULE_EXPRESSION;
	r[10].expression = (struct fl_expression){ sp_plus8, sizeof(sp_plus8) };
	r[11].kind = FL_RULE_EXPRESSION;
	r[11].expression = (struct fl_expression){ far, sizeof(far) };
	struct fl_step step = apply(&s);
	assert_int_equal(step.status, FL_STEP_FOUND);
	assert_int_equal(step.cfa, SP + 8);
	assert_int_equal(step.regs.value[0], 0x100);
	assert_false(fl_reg_known(&step.regs, FL_R5));
	assert_int_equal(step.regs.value[6], SP - 4);
	assert_int_equal(step.regs.value[7], 0x103);
	assert_false(fl_reg_known(&step.regs, FL_R8));
	assert_int_equal(step.regs.value[9], SP + 12);
	assert_int_equal(step.regs.value[10], 0x66666666);
	assert_false(fl_reg_known(&step.regs, FL_R11));

	s.rule.cfa_expression = (struct fl_expression){ far, sizeof(far) };
	step = apply(&s);
	assert_int_equal(step.status, FL_STEP_MISSING);
	assert_int_equal(step.missing_addr, 0x90000000);
}

/* Hand-written rows may keep the return address in another register, or in the PC column. */
static void test_other_return_columns(void **state)
{
	STAGE s = pushed();
	(void)state;
	s.rule.regs[FL_LR] = (struct fl_register_rule){ .kind = FL_RULE_REGISTER, .other = FL_R5 };
	assert_int_equal(apply(&s).return_addr, 0x105);
	s.rule.return_column = FL_PC;
	s.rule.regs[FL_PC] = (struct fl_register_rule){ .kind = FL_RULE_OFFSET, .offset = -4 };
	s.rule.regs[FL_LR] = (struct fl_register_rule){ .kind = FL_RULE_OFFSET, .offset = -8 };
	struct fl_step step = apply(&s);
	assert_int_equal(step.return_addr, RETURN);
	assert_int_equal(step.regs.value[FL_LR], 0x44444444);
}

static void test_signal_frame(void **state)
{
	STAGE s = pushed();
	(void)state;
	s.rule.signal_frame = true;
	struct fl_step step = apply(&s);
	assert_true(step.exact);
	assert_int_equal(step.regs.value[FL_LR], RETURN);
}

/* What interrupted the program left LR alone: nothing said of the column means its value stayed. */
static void test_signal_frame_keeps_the_column(void **state)
{
	STAGE s = pushed();
	(void)state;
	s.rule.signal_frame = true;
	s.rule.regs[FL_LR].kind = FL_RULE_UNSPECIFIED;
	s.cursor.exact = true;
	fl_reg_set(&s.cursor.regs, FL_LR, RETURN + 2);
	struct fl_step step = apply(&s);
	assert_int_equal(step.status, FL_STEP_FOUND);
	assert_int_equal(step.return_addr, RETURN + 2);
	assert_true(fl_reg_known(&step.regs, FL_LR));
	assert_int_equal(step.regs.value[FL_LR], RETURN + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_saved_registers),
		cmocka_unit_test(test_lr_is_live_only_where_execution_stands),
		cmocka_unit_test(test_outermost),
		cmocka_unit_test(test_no_cfa),
		cmocka_unit_test(test_not_captured),
		cmocka_unit_test(test_every_kind_of_rule),
		cmocka_unit_test(test_other_return_columns),
		cmocka_unit_test(test_signal_frame),
		cmocka_unit_test(test_signal_frame_keeps_the_column),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
