/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The code of panic_(code, info, delay), from the call that passes it and from the frame's
 * registers. caller() begins at 0x08000200, panic_ at 0x08000300; code is written as half-words.
 */
#include "fault/case.h"

enum {
	CALLER = 0x08000200,
	PANIC = 0x08000300,
	ASSERT = 0x8001,
	MAX = 16, /* half-words */
};

struct row {
	const char *name;
	uint16_t caller[MAX]; /* from its start; ends at the return address */
	uint16_t panic[MAX];  /* from its start; ends at the frame's pc */
	int reg;              /* known in panic_'s frame; -1: none */
	uint32_t value;
	const char *title;
	enum fl_confidence confidence;
};

/* Both halves of `bl panic_` where the call begins at CALLER + off. */
#define BL(off) 0xf000, (uint16_t)(0xf800 | ((PANIC - (CALLER + (off)) - 4) >> 1))

/* clang-format off */
static const struct row rows[] = {
	{ "constant", { 0xb510, 0x2008, BL(4) }, { 0xb500 }, -1, 0,
	  "panic code 8, OutOfHeap", FL_CERTAIN },
	{ "wide constant", { 0xf04f, 0x000d, BL(4) }, { 0xb500 }, -1, 0,
	  "panic code 13, StackOverflow", FL_CERTAIN },
	{ "through another register", { 0x2405, 0x4620, 0x2100, BL(6) }, { 0xb500 }, -1, 0,
	  "panic code 5, UsageFault", FL_CERTAIN },
	{ "code without a name", { 0x2063, BL(2) }, { 0xb500 }, -1, 0, "panic code 99", FL_CERTAIN },
	{ "an argument of the caller", { 0xb510, 0x4601, BL(4) }, { 0xb500 }, -1, 0,
	  "panic, its code could not be recovered", FL_LIKELY },
	{ "a result of another call", { 0x2008, 0x4798, BL(4) }, { 0xb500 }, -1, 0,
	  "panic, its code could not be recovered", FL_LIKELY },
	{ "one of two", { 0xb110, 0x2008, 0xe000, 0x2009, BL(8) }, { 0xb500 }, -1, 0,
	  "panic, its code could not be recovered", FL_LIKELY },
	{ "conditional", { 0x2800, 0xbf08, 0x2008, BL(6) }, { 0xb500 }, -1, 0,
	  "panic, its code could not be recovered", FL_LIKELY },
	{ "a call of something else", { 0x2008, 0xf000, 0xf800 }, { 0xb500 }, -1, 0,
	  "panic, its code could not be recovered", FL_LIKELY },
	{ "still in r0", { 0x4601, BL(2) }, { 0xb500, 0x4613 }, FL_R0, 10,
	  "panic code 10, AssertionFailure", FL_CERTAIN },
	{ "r0 was overwritten", { 0x4601, BL(2) }, { 0xb500, 0x4610 }, FL_R0, 10,
	  "panic, its code could not be recovered", FL_LIKELY },
	{ "kept in r4 across a call", { 0x4601, BL(2) }, { 0xb510, 0x4604, 0x4798 }, FL_R4, 8,
	  "panic code 8, OutOfHeap", FL_CERTAIN },
	{ "kept in r4 in one branch only", { 0x4601, BL(2) }, { 0xb510, 0xb100, 0x4604, 0x4798 }, FL_R4, 8,
	  "panic, its code could not be recovered", FL_LIKELY },
	{ "both ways agree", { 0x2008, BL(2) }, { 0xb500 }, FL_R0, 8, "panic code 8, OutOfHeap", FL_CERTAIN },
	{ "both ways disagree", { 0x2008, BL(2) }, { 0xb500 }, FL_R0, 9, "panic code 9, SPIOverRun", FL_UNCERTAIN },
};
/* clang-format on */

static size_t length(const uint16_t *code)
{
	size_t n = 0;
	while (n < MAX && code[n])
		n++;
	return n;
}

static void prepare(struct fault_case *c, const struct row *row, struct fl_frame frames[2])
{
	size_t caller = length(row->caller);
	size_t panic = length(row->panic);
	case_memory(c, CALLER, row->caller, 2 * caller);
	case_memory(c, PANIC, row->panic, 2 * panic);
	frames[0] = (struct fl_frame){
		.pc_known = true,
		.pc = PANIC + 2 * (uint32_t)panic,
		.function = "panic_",
		.function_addr = PANIC,
		.function_known = true,
	};
	if (row->reg >= 0)
		fl_reg_set(&frames[0].regs, (enum fl_register)row->reg, row->value);
	frames[1] = (struct fl_frame){
		.pc_known = true,
		.pc = CALLER + 2 * (uint32_t)caller,
		.function = "caller",
		.function_addr = CALLER,
		.function_known = true,
	};
	c->thread.frames = frames;
	c->thread.frame_count = 2;
	c->in.thread = &c->thread;
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fault_case c;
		struct fl_frame frames[2];
		case_begin(&c, FL_ARCH_V7EM, ASSERT);
		prepare(&c, &rows[i], frames);
		print_message("%s\n", rows[i].name);
		case_decide(&c);
		assert_string_equal(c.cause.category, "Panic");
		assert_string_equal(c.cause.title, rows[i].title);
		assert_int_equal(c.cause.confidence, rows[i].confidence);
		case_end(&c);
	}
}

/* The hook's frames may lie above it, inlined levels among them. */
static void test_deeper_in_the_chain(void **state)
{
	struct fault_case c;
	struct fl_frame frames[4] = { { .function = "trap", .inlined = true },
				      { .function = "hook", .pc_known = true, .pc = 0x08000400 } };
	(void)state;
	case_begin(&c, FL_ARCH_V7EM, ASSERT);
	prepare(&c, &rows[0], frames + 2);
	c.thread.frames = frames;
	c.thread.frame_count = 4;
	case_decide(&c);
	assert_string_equal(c.cause.title, "panic code 8, OutOfHeap");
	case_end(&c);
}

static void test_only_where_the_device_gave_up(void **state)
{
	static const struct {
		uint32_t reason;
		uint16_t insn;
		const char *category;
	} cases[] = {
		{ 0x8001, 0xbf00, "Panic" },      { 0x8006, 0xde4d, "Watchdog" },
		{ 0x9400, 0xde4d, "Panic" },      { 0x0000, 0xde4d, "Panic" },
		{ 0x9400, 0xbf00, "Hard Fault" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault_case c;
		struct fl_frame frames[2];
		case_begin(&c, FL_ARCH_V7EM, cases[i].reason);
		prepare(&c, &rows[0], frames);
		case_pc(&c, 0x08000400, cases[i].insn, 0);
		case_decide(&c);
		assert_string_equal(c.cause.category, cases[i].category);
		case_end(&c);
	}
}

static void test_inlined_panic_has_no_argument(void **state)
{
	struct fault_case c;
	struct fl_frame frames[2];
	(void)state;
	case_begin(&c, FL_ARCH_V7EM, ASSERT);
	prepare(&c, &rows[0], frames);
	frames[0].inlined = true;
	case_decide(&c);
	assert_string_equal(c.cause.category, "Panic");
	assert_string_equal(c.cause.title, "panic, its code could not be recovered");
	case_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_deeper_in_the_chain),
		cmocka_unit_test(test_only_where_the_device_gave_up),
		cmocka_unit_test(test_inlined_panic_has_no_argument),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
