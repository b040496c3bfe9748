/* SPDX-License-Identifier: Apache-2.0 */
/* Hardware frames: which stack, how large, whether it can be one. No symbols: any even pc may be
 * code. */
#include "support/cmocka.h"
#include "support/target_memory.h"
#include "unwind/exception.h"

enum { MSP = 0x20001000, PSP = 0x20003000, THUMB = 0x01000000, PADDING = 0x200 };

static const struct fl_symbol_view no_symbols;

struct stage {
	struct target_memory memory;
	struct fl_registers regs;
	struct fl_unwind_input in;
	struct fl_boundary boundary;
	struct fl_cursor result;
	uint32_t addr;
};

#define STAGE __attribute__((__cleanup__(free_stage))) struct stage
static void free_stage(struct stage *s)
{
	target_memory_free(&s->memory);
}

static void init(struct stage *s, enum fl_arch arch, uint32_t exc_return, uint16_t number)
{
	*s = (struct stage){ 0 };
	s->in.regs = &s->regs;
	s->in.memory = &s->memory.view;
	s->in.symbols = &no_symbols;
	s->in.arch = arch;
	s->boundary.exc_return_known = true;
	s->boundary.exc_return = exc_return;
	s->boundary.number_known = true;
	s->boundary.number = number;
	for (int reg = FL_R4; reg <= FL_R11; reg++)
		fl_reg_set(&s->boundary.regs, (enum fl_register)reg, 0x400 + (uint32_t)reg);
	fl_reg_set(&s->boundary.regs, FL_R0, 0xbad);
	fl_reg_set(&s->boundary.regs, FL_SP, MSP);
	fl_reg_set(&s->boundary.regs, FL_MSP, MSP);
	fl_reg_set(&s->boundary.regs, FL_PSP, PSP);
}

static void add_frame(struct stage *s, uint32_t addr, uint32_t pc, uint32_t xpsr)
{
	TARGET_WORDS(&s->memory, addr, 0x10, 0x11, 0x12, 0x13, 0x1c, 0x08000101, pc, xpsr);
}

static enum fl_stop pop(struct stage *s)
{
	return fl_exception_pop(&s->in, &s->boundary, &s->result, &s->addr);
}

static void test_which_stack_and_how_large(void **state)
{
	static const struct {
		const char *name;
		enum fl_arch arch;
		uint32_t exc_return;
		uint16_t number;
		uint32_t addr; /* of the frame */
		uint32_t xpsr;
		uint32_t sp; /* afterwards */
	} cases[] = {
		{ "thread, MSP", FL_ARCH_V7M, 0xfffffff9, 16, MSP, THUMB, MSP + 0x20 },
		{ "thread, PSP", FL_ARCH_V7M, 0xfffffffd, 16, PSP, THUMB, PSP + 0x20 },
		{ "handler", FL_ARCH_V7M, 0xfffffff1, 16, MSP, THUMB | 17, MSP + 0x20 },
		{ "v6-M", FL_ARCH_V6M, 0xfffffff1, 16, MSP, THUMB | 47, MSP + 0x20 },
		{ "padded", FL_ARCH_V7M, 0xfffffff9, 16, MSP, THUMB | PADDING, MSP + 0x24 },
		{ "FP, MSP", FL_ARCH_V7EM, 0xffffffe9, 16, MSP, THUMB, MSP + 0x68 },
		{ "FP, PSP, padded", FL_ARCH_V7EM, 0xffffffed, 16, PSP, THUMB | PADDING,
		  PSP + 0x6c },
		{ "FP, handler", FL_ARCH_V7EM, 0xffffffe1, 16, MSP, THUMB | 11, MSP + 0x68 },
		{ "non-secure, MSP", FL_ARCH_V8M_MAIN, 0xffffffb8, 16, MSP, THUMB, MSP + 0x20 },
		{ "non-secure, PSP", FL_ARCH_V8M_MAIN, 0xffffffbc, 16, PSP, THUMB, PSP + 0x20 },
		{ "non-secure, handler", FL_ARCH_V8M_BASE, 0xffffffb0, 16, MSP, THUMB | 15,
		  MSP + 0x20 },
		{ "non-secure, FP", FL_ARCH_V8M_MAIN, 0xffffffac, 16, PSP, THUMB, PSP + 0x68 },
		{ "secure, PSP", FL_ARCH_V8M_MAIN, 0xfffffffd, 16, PSP, THUMB, PSP + 0x20 },
		{ "secure interrupts non-secure", FL_ARCH_V8M_MAIN, 0xffffffbd, 16, PSP, THUMB,
		  PSP + 0x20 },
		{ "the same, on MSP", FL_ARCH_V8M_MAIN, 0xffffffb9, 16, MSP, THUMB, MSP + 0x20 },
		{ "the same, handler", FL_ARCH_V8M_MAIN, 0xffffffb1, 16, MSP, THUMB | 17,
		  MSP + 0x20 },
		{ "handler mode is never on PSP", FL_ARCH_V7M, 0xfffffff5, 16, MSP, THUMB | 17,
		  MSP + 0x20 },
		{ "architecture not known", FL_ARCH_UNKNOWN, 0xfffffffd, 16, PSP, THUMB,
		  PSP + 0x20 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		STAGE s;
		init(&s, cases[i].arch, cases[i].exc_return, cases[i].number);
		add_frame(&s, cases[i].addr, 0x08000200, cases[i].xpsr);
		enum fl_stop stop = pop(&s);
		if (stop || s.result.regs.value[FL_SP] != cases[i].sp)
			print_error("%s: %s sp %x\n", cases[i].name, fl_stop_name(stop),
				    s.result.regs.value[FL_SP]);
		assert_int_equal(stop, FL_STOP_NONE);
		assert_int_equal(s.addr, cases[i].addr);
		assert_int_equal(s.result.regs.value[FL_SP], cases[i].sp);
		bool psp = cases[i].addr == PSP;
		assert_int_equal(s.result.on_psp, psp);
		assert_int_equal(s.result.regs.value[FL_PSP], psp ? cases[i].sp : PSP);
		assert_int_equal(s.result.regs.value[FL_MSP], psp ? MSP : cases[i].sp);
		assert_int_equal(s.result.ipsr, cases[i].xpsr & 0x1ff);
	}
}

static void test_registers_of_the_interrupted_code(void **state)
{
	STAGE s;
	(void)state;
	init(&s, FL_ARCH_V7M, 0xfffffff9, 16);
	add_frame(&s, MSP, 0x08000200, THUMB | 0x80000000);
	assert_int_equal(pop(&s), FL_STOP_NONE);
	const struct fl_registers *r = &s.result.regs;
	assert_int_equal(r->value[FL_R0], 0x10);
	assert_int_equal(r->value[FL_R3], 0x13);
	assert_int_equal(r->value[FL_R4], 0x404);
	assert_int_equal(r->value[FL_R11], 0x40b);
	assert_int_equal(r->value[FL_R12], 0x1c);
	assert_int_equal(r->value[FL_LR], 0x08000101);
	assert_int_equal(r->value[FL_PC], 0x08000200);
	assert_int_equal(r->value[FL_XPSR], THUMB | 0x80000000);
	assert_int_equal(r->known & 0xffff, 0xffff);
	assert_true(s.result.exact);
	assert_int_equal(s.result.lookup_pc, 0x08000200);

	fl_reg_forget(&s.boundary.regs, FL_R6);
	assert_int_equal(pop(&s), FL_STOP_NONE);
	assert_false(fl_reg_known(&s.result.regs, FL_R6));
}

/* The pc that SVC stacks is behind it, everything else is interrupted in front of what comes next.
 */
static void test_lookup_after_svc(void **state)
{
	STAGE s;
	(void)state;
	init(&s, FL_ARCH_V7M, 0xfffffff9, 11);
	add_frame(&s, MSP, 0x08000200, THUMB);
	assert_int_equal(pop(&s), FL_STOP_NONE);
	assert_int_equal(s.result.pc, 0x08000200);
	assert_int_equal(s.result.lookup_pc, 0x080001ff);
}

static void test_what_is_no_frame(void **state)
{
	static const struct {
		const char *name;
		enum fl_arch arch;
		uint32_t exc_return;
		uint16_t number;
		uint32_t pc;
		uint32_t xpsr;
	} cases[] = {
		{ "ARM state", FL_ARCH_V7M, 0xfffffff9, 16, 0x200, 0 },
		{ "reserved bits", FL_ARCH_V7M, 0xfffffff9, 16, 0x200, THUMB | 1 << 22 },
		{ "bit 20 before v8-M", FL_ARCH_V7M, 0xfffffff9, 16, 0x200, THUMB | 1 << 20 },
		{ "odd pc", FL_ARCH_V7M, 0xfffffff9, 16, 0x201, THUMB },
		{ "thread with a number", FL_ARCH_V7M, 0xfffffff9, 16, 0x200, THUMB | 17 },
		{ "handler without a number", FL_ARCH_V7M, 0xfffffff1, 16, 0x200, THUMB },
		{ "reserved number", FL_ARCH_V7M, 0xfffffff1, 16, 0x200, THUMB | 8 },
		{ "SecureFault on v7-M", FL_ARCH_V7M, 0xfffffff1, 16, 0x200, THUMB | 7 },
		{ "BusFault on v6-M", FL_ARCH_V6M, 0xfffffff1, 16, 0x200, THUMB | 5 },
		{ "IRQ 32 on v6-M", FL_ARCH_V6M, 0xfffffff1, 16, 0x200, THUMB | 48 },
		{ "IRQ 480", FL_ARCH_V7M, 0xfffffff1, 16, 0x200, THUMB | 496 },
		{ "interrupts itself", FL_ARCH_V7M, 0xfffffff1, 17, 0x200, THUMB | 17 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		STAGE s;
		init(&s, cases[i].arch, cases[i].exc_return, cases[i].number);
		add_frame(&s, MSP, cases[i].pc, cases[i].xpsr);
		enum fl_stop stop = pop(&s);
		if (stop != FL_STOP_BAD_EXCEPTION_FRAME)
			print_error("%s: %s\n", cases[i].name, fl_stop_name(stop));
		assert_int_equal(stop, FL_STOP_BAD_EXCEPTION_FRAME);
		assert_int_equal(s.addr, MSP);
	}
}

/* A fault may have hit the very branch that left the code, or the Thumb state. */
static void test_a_fault_may_interrupt_anything(void **state)
{
	STAGE s;
	(void)state;
	init(&s, FL_ARCH_V7M, 0xfffffff9, 6);
	add_frame(&s, MSP, 0x0badcafc, 0);
	assert_int_equal(pop(&s), FL_STOP_NONE);
	assert_int_equal(s.result.pc, 0x0badcafc);
	assert_int_equal(fl_exception_frame_test(&s.in, &s.boundary, MSP, false), FL_FRAME_GOOD);
}

static void test_not_captured(void **state)
{
	STAGE s;
	(void)state;
	init(&s, FL_ARCH_V7M, 0xfffffff9, 16);
	TARGET_WORDS(&s.memory, MSP, 0, 1, 2);
	assert_int_equal(pop(&s), FL_STOP_NOT_CAPTURED);
	assert_int_equal(s.addr, MSP + 12);
	assert_int_equal(fl_exception_frame_test(&s.in, &s.boundary, MSP, true), FL_FRAME_MISSING);
	assert_int_equal(fl_exception_frame_test(&s.in, &s.boundary, MSP + 2, true), FL_FRAME_BAD);
	assert_int_equal(fl_exception_frame_test(&s.in, &s.boundary, 0xfffffff0, true),
			 FL_FRAME_MISSING);
}

/* The 17-word register block has no PSP: the thread cannot be found, which is no reason to guess.
 */
static void test_psp_not_known(void **state)
{
	STAGE s;
	(void)state;
	init(&s, FL_ARCH_V7M, 0xfffffffd, 16);
	fl_reg_forget(&s.boundary.regs, FL_PSP);
	add_frame(&s, MSP, 0x200, THUMB);
	assert_int_equal(pop(&s), FL_STOP_NO_METHOD);
}

static void test_secure_stacks_are_out_of_sight(void **state)
{
	static const uint32_t values[] = { 0xfffffffc, 0xfffffff8, 0xfffffff0, 0xffffffec };
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		STAGE s;
		init(&s, FL_ARCH_V8M_MAIN, values[i], 16);
		add_frame(&s, MSP, 0x200, THUMB);
		assert_int_equal(pop(&s), FL_STOP_SECURE);
	}
}

/* DCRS 0: r4..r11 lie below the frame, behind a signature that repeats FType. */
static void test_additional_state_context(void **state)
{
	(void)state;
	for (int fp = 0; fp < 2; fp++) {
		STAGE s;
		init(&s, FL_ARCH_V8M_MAIN, fp ? 0xffffffc9 : 0xffffffd9, 16);
		TARGET_WORDS(&s.memory, MSP, fp ? 0xfefa125a : 0xfefa125b, 0, 4, 5, 6, 7, 8, 9, 10,
			     11, 0x10, 0x11, 0x12, 0x13, 0x1c, 0x08000101, 0x200, THUMB);
		assert_int_equal(pop(&s), FL_STOP_NONE);
		assert_int_equal(s.result.regs.value[FL_R4], 4);
		assert_int_equal(s.result.regs.value[FL_R11], 11);
		assert_int_equal(s.result.regs.value[FL_SP], MSP + 0x28 + (fp ? 0x68 : 0x20));
		s.boundary.exc_return ^= 0x10;
		assert_int_equal(pop(&s), FL_STOP_BAD_EXCEPTION_FRAME);
	}
}

static void test_strict_wants_a_return_address(void **state)
{
	STAGE s;
	(void)state;
	init(&s, FL_ARCH_V7M, 0xfffffff9, 16);
	TARGET_WORDS(&s.memory, MSP, 0, 0, 0, 0, 0, 0x20000000, 0x200, THUMB);
	assert_int_equal(fl_exception_frame_test(&s.in, &s.boundary, MSP, false), FL_FRAME_GOOD);
	assert_int_equal(fl_exception_frame_test(&s.in, &s.boundary, MSP, true), FL_FRAME_BAD);
}

/* The whole unwinder over a handler without any symbols: the hardware frame needs none. */
static void test_boundary_without_symbols(void **state)
{
	STAGE s;
	static struct fl_unwound_frame frames[FL_LIMIT_FRAMES];
	struct fl_unwind_result result = { .frames = frames };
	(void)state;
	init(&s, FL_ARCH_V7M, 0, 0);
	fl_reg_set(&s.regs, FL_PC, 0x08000400);
	fl_reg_set(&s.regs, FL_LR, 0xfffffffd);
	fl_reg_set(&s.regs, FL_SP, MSP);
	fl_reg_set(&s.regs, FL_MSP, MSP);
	fl_reg_set(&s.regs, FL_PSP, PSP);
	fl_reg_set(&s.regs, FL_R4, 0x44);
	fl_reg_set(&s.regs, FL_XPSR, THUMB | 20);
	add_frame(&s, PSP, 0x08000200, THUMB);
	fl_unwind(&s.in, NULL, &result);
	assert_int_equal(result.count, 4);
	assert_int_equal(frames[0].trust, FL_TRUST_CONTEXT);
	assert_int_equal(frames[1].kind, FL_FRAME_EXCEPTION);
	assert_int_equal(frames[1].trust, FL_TRUST_LR);
	assert_int_equal(frames[1].pc, 0xfffffffd);
	assert_int_equal(frames[1].exception, 20);
	assert_int_equal(frames[2].trust, FL_TRUST_EXCEPTION_FRAME);
	assert_int_equal(frames[2].pc, 0x08000200);
	assert_int_equal(frames[2].regs.value[FL_R4], 0x44);
	assert_int_equal(frames[3].pc, 0x08000100); /* its LR, as it is */
	assert_int_equal(frames[3].lookup_pc, 0x080000ff);
	assert_int_equal(frames[3].trust, FL_TRUST_LR);
	assert_int_equal(result.stop, FL_STOP_NO_METHOD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which_stack_and_how_large),
		cmocka_unit_test(test_registers_of_the_interrupted_code),
		cmocka_unit_test(test_lookup_after_svc),
		cmocka_unit_test(test_what_is_no_frame),
		cmocka_unit_test(test_a_fault_may_interrupt_anything),
		cmocka_unit_test(test_not_captured),
		cmocka_unit_test(test_psp_not_known),
		cmocka_unit_test(test_secure_stacks_are_out_of_sight),
		cmocka_unit_test(test_additional_state_context),
		cmocka_unit_test(test_strict_wants_a_return_address),
		cmocka_unit_test(test_boundary_without_symbols),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
