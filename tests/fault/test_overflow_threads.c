/* SPDX-License-Identifier: Apache-2.0 */
/* Overflows of several threads, of the main stack, of nobody. */
#include "fault/crew.h"
#include "support/elf_writer.h"

#include <faultline/symbols.h>

enum { BUS = 0x9100, USAGE = 0x9300, HARD = 0x9400, ASSERT = 0x8001 };

#define START 0x20004000U

/* What an overflow of one has to do with the crash of another. */
static void test_neighbours(void **state)
{
	static const struct {
		const char *name;
		uint32_t stack, block, addr; /* of the crashed one; the address of its fault */
		uint32_t saved;              /* sp of the other one */
		const char *evidence;        /* NULL: none about the other one */
	} cases[] = {
		{ "elsewhere", 0x20006000, 0x20000100, 0x90000000, START - 16, NULL },
		{ "its stack", START - CREW_STACK, 0x20000100, 0x90000000, START - 16,
		  "thread 'net' overflowed its stack, which ends at 0x20004000, and the crashed "
		  "thread's stack, 0x20003e00, lies right below: it was likely overwritten from there" },
		{ "its control block", 0x20006000, START - 0x200, 0x90000000, START - 16,
		  "thread 'net' overflowed its stack, which ends at 0x20004000, and the crashed "
		  "thread's control block, 0x20003e00, lies right below: it was likely overwritten from there" },
		{ "a block too far below", 0x20006000, START - 0x204, 0x90000000, START - 16,
		  NULL },
		{ "a block far below, and sp still lower", 0x20006000, START - 0x300, 0x90000000,
		  START - 0x400,
		  "thread 'net' overflowed its stack, which ends at 0x20004000, and the crashed "
		  "thread's control block, 0x20003d00, lies right below: it was likely overwritten from there" },
		{ "what it used", 0x20006000, 0x20000100, START - 0x20, START - 16,
		  "thread 'net' overflowed its stack, which ends at 0x20004000, and the address, "
		  "0x20003fe0, lies right below: it was likely overwritten from there" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct crew crew;
		crew_begin(&crew, BUS, "FreeRTOS");
		struct fl_thread *net = crew_add(&crew, "net");
		struct fl_thread *app = crew_add(&crew, "app");
		net->stack.saved = cases[i].saved;
		app->block = cases[i].block;
		app->stack.start = cases[i].stack;
		app->stack.end = cases[i].stack + CREW_STACK;
		case_fault(&crew.c, 0x8200, 0, 0, cases[i].addr);
		case_pc(&crew.c, 0x08000100, 0x601a, 0);
		fl_reg_set(&crew.c.regs, FL_R3, cases[i].addr);
		crew_run(&crew, app, cases[i].stack + 0x80);
		print_message("%s\n", cases[i].name);
		crew_decide(&crew);
		assert_string_equal(crew.c.cause.category, "Bus Fault");
		assert_int_equal(case_says(&crew.c, "'net'"), cases[i].evidence != NULL);
		if (cases[i].evidence)
			assert_true(case_says(&crew.c, cases[i].evidence));
		assert_int_equal(crew.findings.count, 1);
		assert_int_equal(crew.findings.items[0].stage, FL_STAGE_FAULT);
		assert_int_equal(crew.findings.items[0].severity, FL_WARNING);
		assert_non_null(strstr(crew_finding(&crew, 0),
				       "thread 'net' overflowed its stack: sp 0x2000"));
		crew_end(&crew);
	}
}

/* A crash with sp below the end: the overflow is the cause, unless the crash has one of its own. */
static void test_its_own_overflow(void **state)
{
	static const struct {
		const char *name;
		uint32_t reason, cfsr;
		uint16_t h1;
		uint32_t below;
		bool handler;
		const char *category, *title, *evidence;
	} cases[] = {
		{ "an undefined instruction", USAGE, 0x00010000, 0xde01, 16, false,
		  "Stack Overflow",
		  "thread 'app' ran past the end of its stack, then: undefined instruction de01 "
		  "(udf #1)",
		  "thread 'app' overflowed its stack: sp 0x20003ff0 is 16 bytes below" },
		{ "a null pointer", BUS, 0x8200, 0x601a, 16, false, "Null Pointer", NULL,
		  "thread 'app' overflowed its stack: sp 0x20003ff0 is 16 bytes below" },
		{ "an assert", ASSERT, 0, 0xde4d, 16, false, "Assert", "an assertion failed",
		  "thread 'app' overflowed its stack: sp 0x20003ff0 is 16 bytes below" },
		{ "an undefined instruction with sp inside", USAGE, 0x00010000, 0xde01,
		  (uint32_t)-64, false, "Undefined Instruction", NULL, NULL },
		{ "an undefined instruction, but no reason says that it is new", UINT32_MAX,
		  0x00010000, 0xde01, 16, false, "Undefined Instruction", NULL,
		  "thread 'app' overflowed its stack: sp 0x20003ff0 is 16 bytes below" },
		{ "an undefined instruction in a handler", USAGE, 0x00010000, 0xde01, 16, true,
		  "Undefined Instruction", NULL,
		  "thread 'app' overflowed its stack: sp 0x20003ff0 is 16 bytes below" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct crew crew;
		crew_begin(&crew, cases[i].reason, "FreeRTOS");
		struct fl_thread *app = crew_add(&crew, "app");
		case_fault(&crew.c, cases[i].cfsr, 0, 0, 4);
		case_pc(&crew.c, 0x08000100, cases[i].h1, 0);
		fl_reg_set(&crew.c.regs, FL_R3, 4);
		if (cases[i].handler)
			crew_interrupt(&crew, app, START - cases[i].below);
		else
			crew_run(&crew, app, START - cases[i].below);
		print_message("%s\n", cases[i].name);
		crew_decide(&crew);
		assert_string_equal(crew.c.cause.category, cases[i].category);
		if (cases[i].title)
			assert_non_null(strstr(crew.c.cause.title, cases[i].title));
		if (cases[i].evidence)
			assert_true(case_says(&crew.c, cases[i].evidence));
		else
			assert_false(case_says(&crew.c, "overflowed"));
		assert_int_equal(crew.findings.count, 0);
		crew_end(&crew);
	}
}

/* Which thread a handler interrupted has nothing to do with the main stack running out. */
static void test_the_main_stack(void **state)
{
	struct crew crew;
	(void)state;
	crew_begin(&crew, USAGE, "FreeRTOS");
	crew.c.in.arch = FL_ARCH_V8M_MAIN;
	struct fl_thread *app = crew_add(&crew, "app");
	case_fault(&crew.c, 0x00100000, 0, 0, 0);
	case_pc(&crew.c, 0x08000100, 0xb082, 0);
	crew_interrupt(&crew, app, START + 0x80);
	crew_decide(&crew);
	assert_string_equal(crew.c.cause.title,
			    "the instruction at 0x08000100 would have taken sp below MSPLIM");
	assert_int_equal(crew.c.cause.party_count, 1);
	assert_string_equal(crew.c.cause.parties[0].thread, "main stack");
	assert_int_equal(app->overflow.verdict, FL_OVERFLOW_UNKNOWN);
	crew_end(&crew);
}

static void test_many_overflows_are_few_findings(void **state)
{
	struct crew crew;
	(void)state;
	crew_begin(&crew, ASSERT, "FreeRTOS");
	crew_run(&crew, crew_add(&crew, "app"), START + 0x80);
	for (unsigned i = 1; i < CREW_MAX; i++) {
		struct fl_thread *thread = crew_add(&crew, "net");
		thread->stack.saved = thread->stack.start - 4;
	}
	crew_decide(&crew);
	assert_int_equal(crew.findings.count, 5);
	assert_string_equal(crew_finding(&crew, 4),
			    "3 more threads overflowed their stacks or are likely to have");
	crew_end(&crew);
}

/* Without a register block nobody crashed; without threads there is nobody. */
static void test_nobody_crashed(void **state)
{
	struct crew crew;
	(void)state;
	crew_begin(&crew, HARD, "FreeRTOS");
	crew_add(&crew, "net")->stack.saved = START - 4;
	crew_decide(&crew);
	assert_string_equal(crew.c.cause.category, "Hard Fault");
	assert_int_equal(crew.findings.count, 1);
	crew_end(&crew);
	crew_begin(&crew, HARD, NULL);
	crew_decide(&crew);
	assert_string_equal(crew.c.cause.category, "Hard Fault");
	crew_end(&crew);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_its_own_overflow),
		cmocka_unit_test(test_the_main_stack),
		cmocka_unit_test(test_many_overflows_are_few_findings),
		cmocka_unit_test(test_nobody_crashed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
