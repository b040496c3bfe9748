/* SPDX-License-Identifier: Apache-2.0 */
/* When the stack ran out, and when it only looks like it. */
#include "fault/case.h"

enum { BUS = 0x9100, MEM = 0x9200, USAGE = 0x9300, HARD = 0x9400 };

/* Region 0: RAM. Region 1: 256 bytes of no access at 0x20000800. Region 2: read-only, 0x20001900.
 */
static const uint32_t mpu[] = {
	0x800, 5, 0x20000000, 0x1300001f, 0x20000800, 0x1000000f, 0x20001900, 0x1500000f,
};

struct row {
	const char *name;
	int reason;
	uint32_t cfsr, mmfar, bfar;
	uint32_t sp, cfa; /* cfa 0: unknown */
	uint16_t h1, h2;
	uint32_t r3;
	uint32_t stack_start; /* 0: unknown */
	const char *category, *title;
	enum fl_confidence confidence;
};

/* clang-format off */
static const struct row rows[] = {
	{ "push into the guard", MEM, 0x82, 0x200008fc, 0, 0x20000900, 0, 0xb510, 0, 0, 0,
	  "Stack Overflow", "write of 8 bytes to 0x200008fc, in the MPU guard below the stack", FL_CERTAIN },
	{ "large frame past the guard", MEM, 0x82, 0x200008fc, 0, 0x200007e0, 0x20000920, 0x601a, 0, 0x200008fc, 0,
	  "Stack Overflow", "write of 4 bytes to 0x200008fc, in the MPU guard below the stack", FL_CERTAIN },
	{ "the same without frame information", MEM, 0x82, 0x200008fc, 0, 0x200007e0, 0, 0x601a, 0, 0x200008fc, 0,
	  "Stack Overflow", "write of 4 bytes to 0x200008fc, in the MPU guard below the stack", FL_LIKELY },
	{ "a pointer into a guard from elsewhere", MEM, 0x82, 0x20000810, 0, 0x200016e0, 0x20001700, 0x601a, 0, 0x20000810, 0,
	  "MPU Violation", "write of 4 bytes to 0x20000810, which the MPU forbids", FL_CERTAIN },
	{ "a pointer into a guard from far away", MEM, 0x82, 0x20000810, 0, 0x20006000, 0x20006010, 0x601a, 0, 0x20000810, 0,
	  "MPU Violation", "write of 4 bytes to 0x20000810, which the MPU forbids", FL_CERTAIN },
	{ "read-only page above the stack", MEM, 0x82, 0x20001914, 0, 0x200018e0, 0x20001900, 0x601a, 0, 0x20001914, 0,
	  "MPU Violation", "write of 4 bytes to 0x20001914, which the MPU forbids", FL_CERTAIN },
	{ "the same without frame information", MEM, 0x82, 0x20001914, 0, 0x200018e0, 0, 0x601a, 0, 0x20001914, 0,
	  "MPU Violation", "write of 4 bytes to 0x20001914, which the MPU forbids", FL_CERTAIN },
	{ "own frame refused", MEM, 0x82, 0x20006004, 0, 0x20006000, 0x20006010, 0x601a, 0, 0x20006004, 0,
	  "Stack Overflow", "write of 4 bytes to 0x20006004, in the function's own stack frame", FL_LIKELY },
	{ "push below RAM", BUS, 0x8200, 0, 0x1ffffffc, 0x20000000, 0, 0xb500, 0, 0, 0,
	  "Stack Overflow", "write of 4 bytes to 0x1ffffffc, below the end of RAM", FL_CERTAIN },
	{ "push below a known end", BUS, 0x8200, 0, 0x20003ffc, 0x20004000, 0, 0xb500, 0, 0, 0x20004000,
	  "Stack Overflow", "write of 4 bytes to 0x20003ffc, below the end of the stack", FL_CERTAIN },
	{ "sp below a known end", BUS, 0x8200, 0, 0x90000000, 0x20003f00, 0x20003f20, 0x601a, 0, 0x90000000, 0x20004000,
	  "Stack Overflow", "write of 4 bytes to 0x90000000, with sp below the end of the stack", FL_LIKELY },
	{ "null wins", MEM, 0x82, 0x8, 0, 0x20003f00, 0x20003f20, 0x601a, 0, 0x8, 0x20004000,
	  "Null Pointer", "write of 4 bytes to 0x00000008, 8 bytes past a null pointer", FL_CERTAIN },
	{ "push through a damaged sp", BUS, 0x8200, 0, 0xa5a5a5a0, 0xa5a5a5a8, 0, 0xb510, 0, 0, 0,
	  "Bus Fault", "write of 8 bytes to 0xa5a5a5a0, where the bus gave an error", FL_CERTAIN },
	{ "stacking into the guard", MEM, 0x92, 0x200008fc, 0, 0x20000900, 0, 0xbf00, 0, 0, 0,
	  "Stack Overflow", "no exception frame could be stacked: the stack ran into its MPU guard", FL_CERTAIN },
	{ "stacking below RAM", BUS, 0x1000, 0, 0, 0x20000008, 0, 0xbf00, 0, 0, 0,
	  "Stack Overflow", "no exception frame could be stacked: the stack ran out", FL_CERTAIN },
	{ "stacking somewhere", BUS, 0x1000, 0, 0, 0x20005000, 0, 0xbf00, 0, 0, 0,
	  "Stack Overflow", "no exception frame could be stacked: the stack ran out", FL_LIKELY },
	{ "stacking through a damaged sp", BUS, 0x1000, 0, 0, 0xdeadbef0, 0, 0xbf00, 0, 0, 0,
	  "Bus Fault", "no exception frame could be stacked: sp 0xdeadbef0 does not point to a stack", FL_LIKELY },
};
/* clang-format on */

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct fault_case c;
		struct fl_frame frame = { .cfa_known = row->cfa != 0, .cfa = row->cfa };
		case_begin(&c, FL_ARCH_V7EM, (uint32_t)row->reason);
		case_fault(&c, row->cfsr, 0, row->mmfar, row->bfar);
		case_pc(&c, 0x08000100, row->h1, row->h2);
		fl_reg_set(&c.regs, FL_R3, row->r3);
		fl_reg_set(&c.regs, FL_SP, row->sp);
		c.thread.frames = &frame;
		c.thread.frame_count = 1;
		c.thread.stack.known = row->stack_start != 0;
		c.thread.stack.start = row->stack_start;
		c.in.thread = &c.thread;
		c.in.mpu = mpu;
		c.in.mpu_count = sizeof(mpu) / 4;
		print_message("%s\n", row->name);
		case_decide(&c);
		assert_string_equal(c.cause.title, row->title);
		assert_string_equal(c.cause.category, row->category);
		assert_int_equal(c.cause.confidence, row->confidence);
		if (!strcmp(row->category, "Stack Overflow"))
			assert_true(c.cause.random_frame);
		case_end(&c);
	}
}

/* Armv6-M: nothing reports that stacking failed; the registers are what lay on the stack. */
static void test_without_fault_registers(void **state)
{
	static const struct {
		const char *name;
		uint32_t sp, pc, lr, xpsr;
		const char *category;
	} cases[] = {
		{ "fill", 0x20000008, 0xa5a5a5a5, 0, 0xa5a5a5a5, "Stack Overflow" },
		{ "zeros", 0x20000020, 0, 0, 0, "Stack Overflow" },
		{ "a null call is no overflow", 0x20000020, 0, 0x08000103, 0x60000000,
		  "Null Pointer" },
		{ "not at an end", 0x20004000, 0xa5a5a5a5, 0, 0xa5a5a5a5, "Hard Fault" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault_case c;
		case_begin(&c, FL_ARCH_V6M, HARD);
		fl_reg_set(&c.regs, FL_SP, cases[i].sp);
		fl_reg_set(&c.regs, FL_PC, cases[i].pc);
		fl_reg_set(&c.regs, FL_LR, cases[i].lr);
		fl_reg_set(&c.regs, FL_XPSR, cases[i].xpsr);
		print_message("%s\n", cases[i].name);
		case_decide(&c);
		assert_string_equal(c.cause.category, cases[i].category);
		case_end(&c);
	}
}

/* A stack with room did not run out, whatever could not be stacked. */
static void test_stacking_with_room(void **state)
{
	static const struct {
		const char *name;
		uint32_t cfsr, sp, psp, shcsr;
		const char *category, *title, *says;
	} cases[] = {
		{ "psp is null", 0x10, 0x20001100, 0, 0x80, "MPU Violation",
		  "no exception frame could be stacked at psp 0x00000000, which does not point to "
		  "a stack",
		  "SHCSR.SVCALLACT: a supervisor call was active" },
		{ "psp is null, no call", 0x1000, 0x20001100, 0, 0, "Bus Fault",
		  "no exception frame could be stacked at psp 0x00000000, which does not point to "
		  "a stack",
		  "sp 0x20001100 is 256 bytes above 0x20001000, where the stack ends (loop): it is "
		  "not this one that ran out" },
		{ "psp is a stack", 0x1000, 0x20001100, 0x20002000, 0, "Bus Fault",
		  "no exception frame could be stacked, though the stack has room",
		  "it is not this one that ran out" },
		{ "hardly any room", 0x1000, 0x20001060, 0, 0, "Stack Overflow",
		  "no exception frame could be stacked: the stack ran out", "is only 96 bytes" },
		{ "just enough", 0x1000, 0x20001070, 0x20002000, 0, "Bus Fault",
		  "no exception frame could be stacked, though the stack has room",
		  "sp 0x20001070 is 112 bytes above" },
		{ "above its stack", 0x1000, 0x20001204, 0, 0, "Bus Fault",
		  "no exception frame could be stacked: sp 0x20001204 does not point to a stack",
		  "CFSR" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault_case c;
		uint32_t words[5] = { cases[i].shcsr, cases[i].cfsr, 0, 0, 0 };
		case_begin(&c, FL_ARCH_V8M_MAIN, HARD);
		case_memory(&c, 0xe000ed24, words, sizeof(words));
		case_pc(&c, 0x08000100, 0xbf00, 0);
		fl_reg_set(&c.regs, FL_SP, cases[i].sp);
		fl_reg_set(&c.regs, FL_MSP, cases[i].sp);
		fl_reg_set(&c.regs, FL_PSP, cases[i].psp);
		c.thread.name = "loop";
		c.thread.stack.known = true;
		c.thread.stack.start = 0x20001000;
		c.thread.stack.end = 0x20001200;
		c.in.thread = &c.thread;
		print_message("%s\n", cases[i].name);
		case_decide(&c);
		assert_string_equal(c.cause.title, cases[i].title);
		assert_string_equal(c.cause.category, cases[i].category);
		assert_true(case_says(&c, cases[i].says));
		case_end(&c);
	}
}

/* What sp would have become (Arm DDI 0403E A7.7). */
static void test_what_the_limit_stopped(void **state)
{
	static const struct {
		const char *name;
		uint16_t h1, h2;
		const char *says; /* NULL: no sentence */
	} cases[] = {
		{ "sub sp, #16", 0xb084, 0, "sp 0x20001010 less 16 would be 0x20001000" },
		{ "sub sp, #24", 0xb086, 0,
		  "sp 0x20001010 less 24 would be 0x20000ff8, 8 bytes below 0x20001000, where the "
		  "stack ends (loop)" },
		{ "sub.w sp, sp, #1024", 0xf5ad, 0x6d80,
		  "sp 0x20001010 less 1024 would be 0x20000c10, 1008 bytes below" },
		{ "subw sp, sp, #276", 0xf2ad, 0x1d14,
		  "sp 0x20001010 less 276 would be 0x20000efc, 260 bytes below" },
		{ "sub.w sp, sp, r3", 0xebad, 0x0d03,
		  "sp 0x20001010 less r3, 256, would be 0x20000f10, 240 bytes below" },
		{ "add sp, r3", 0x449d, 0, "sp 0x20001010 plus r3, 256, would be 0x20001110" },
		{ "mov sp, r3", 0x469d, 0, "the new sp, r3, would be 0x00000100" },
		{ "push {r4-r7, lr}", 0xb5f0, 0,
		  "sp 0x20001010 less 20 would be 0x20000ffc, 4 bytes below" },
		{ "push.w {r4-r8, lr}", 0xe92d, 0x41f0,
		  "sp 0x20001010 less 24 would be 0x20000ff8, 8 bytes below" },
		{ "str r0, [sp, #-32]!", 0xf84d, 0x0d20,
		  "sp 0x20001010 less 32 would be 0x20000ff0, 16 bytes below" },
		{ "vpush {d8-d15}", 0xed2d, 0x8b10,
		  "sp 0x20001010 less 64 would be 0x20000fd0, 48 bytes below" },
		{ "sub.w sp, sp, r3, lsl #2", 0xebad, 0x0d83, NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault_case c;
		case_begin(&c, FL_ARCH_V8M_MAIN, USAGE);
		case_fault(&c, 0x00100000, 0, 0, 0);
		case_pc(&c, 0x08000100, cases[i].h1, cases[i].h2);
		fl_reg_set(&c.regs, FL_SP, 0x20001010);
		fl_reg_set(&c.regs, FL_PSP, 0x20001010);
		fl_reg_set(&c.regs, FL_R3, 0x100);
		c.thread.name = "loop";
		c.thread.stack.known = true;
		c.thread.stack.start = 0x20001000;
		c.thread.stack.end = 0x20001200;
		c.thread.stack.unused_known = true;
		c.thread.stack.unused = 12;
		c.in.thread = &c.thread;
		print_message("%s\n", cases[i].name);
		case_decide(&c);
		assert_string_equal(
			c.cause.title,
			"the instruction at 0x08000100 would have taken sp below PSPLIM");
		assert_int_equal(case_says(&c, "would be"), cases[i].says != NULL);
		if (cases[i].says)
			assert_non_null(strstr(c.cause.evidence[0], cases[i].says));
		assert_true(case_says(&c, "before anything was written: the lowest 12 bytes of the "
					  "stack were never used"));
		assert_false(c.cause.random_frame);
		case_end(&c);
	}
}

static void test_process_stack_limit(void **state)
{
	struct fault_case c;
	(void)state;
	case_begin(&c, FL_ARCH_V8M_MAIN, USAGE);
	case_fault(&c, 0x00100000, 0, 0, 0);
	case_pc(&c, 0x08000100, 0xb082, 0);
	fl_reg_set(&c.regs, FL_SP, 0x20001000);
	fl_reg_set(&c.regs, FL_PSP, 0x20001000);
	fl_reg_set(&c.regs, FL_MSP, 0x20008000);
	case_decide(&c);
	assert_string_equal(c.cause.title,
			    "the instruction at 0x08000100 would have taken sp below PSPLIM");
	case_end(&c);
}

/* Of a kernel's thread: a handler's stack pointer says nothing about the thread's own stack. */
static void test_handlers_do_not_use_the_stack_of_a_thread(void **state)
{
	static const struct {
		const char *name;
		uint32_t sp, msp, psp, xpsr;
		const char *category;
	} cases[] = {
		{ "the thread itself", 0x20003f00, 0x20000800, 0x20003f00, 0x01000000,
		  "Stack Overflow" },
		{ "a handler", 0x20003f00, 0x20003f00, 0x20004100, 0x01000013, "Bus Fault" },
		{ "never stacked, and old words look like a handler", 0x20003f00, 0x20000800,
		  0x20003f00, 0x01000013, "Stack Overflow" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault_case c;
		case_begin(&c, FL_ARCH_V7EM, BUS);
		case_fault(&c, 0x8200, 0, 0, 0x90000000);
		case_pc(&c, 0x08000100, 0x601a, 0);
		fl_reg_set(&c.regs, FL_R3, 0x90000000);
		fl_reg_set(&c.regs, FL_SP, cases[i].sp);
		fl_reg_set(&c.regs, FL_MSP, cases[i].msp);
		fl_reg_set(&c.regs, FL_PSP, cases[i].psp);
		fl_reg_set(&c.regs, FL_XPSR, cases[i].xpsr);
		c.thread.has_block = true;
		c.thread.stack.start_known = true;
		c.thread.stack.start = 0x20004000;
		c.in.thread = &c.thread;
		print_message("%s\n", cases[i].name);
		case_decide(&c);
		assert_string_equal(c.cause.category, cases[i].category);
		case_end(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_without_fault_registers),
		cmocka_unit_test(test_stacking_with_room),
		cmocka_unit_test(test_what_the_limit_stopped),
		cmocka_unit_test(test_process_stack_limit),
		cmocka_unit_test(test_handlers_do_not_use_the_stack_of_a_thread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
