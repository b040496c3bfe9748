/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a thread overflowed its stack, and on what evidence. */
#include "fault/crew.h"
#include "support/elf_writer.h"

#include <faultline/symbols.h>

enum { BUS = 0x9100, USAGE = 0x9300, HARD = 0x9400, ASSERT = 0x8001, OVERFLOW = 0x800b };

#define START 0x20004000U

/* The first thread of the crew, switched out; the second one is whole. */
struct row {
	const char *name, *kernel;
	bool start, end;
	uint32_t saved; /* 0: unknown */
	int fill;       /* of the lowest 32 bytes; -1: not captured */
	uint32_t word;  /* of the lowest word, when it is not 0 */
	uint8_t last;   /* of byte 15, when it is not 0 */
	int other;      /* fill of the second thread; -1: not captured */
	int unused;     /* -1: unknown */
	enum fl_overflow verdict;
	const char *evidence;
};

/* clang-format off */
static const struct row rows[] = {
	{ "sp below the end", "FreeRTOS", true, true, START - 12, -1, 0, 0, -1, -1, FL_OVERFLOW_PROVEN,
	  "sp 0x20003ff4 is 12 bytes below 0x20004000, where the stack ends (net)" },
	{ "only the end below is known", "FreeRTOS", true, false, START - 12, -1, 0, 0, -1, -1, FL_OVERFLOW_PROVEN,
	  "sp 0x20003ff4 is 12 bytes below 0x20004000, where the stack ends (net)" },
	{ "sp at the end is not below", "FreeRTOS", true, true, START, 0xa5, 0, 0, 0xa5, 8, FL_OVERFLOW_EXCLUDED,
	  "sp 0x20004000 is above 0x20004000, where its stack ends, and the lowest 8 bytes were never used" },
	{ "sp far below", "FreeRTOS", true, true, START - 0x10001, 0xa5, 0, 0, 0xa5, 32, FL_OVERFLOW_UNKNOWN,
	  "sp 0x1fff3fff is nowhere near its stack at 0x20004000" },
	{ "sp above", "FreeRTOS", true, true, START + CREW_STACK + 4, 0xa5, 0, 0, 0xa5, 32, FL_OVERFLOW_UNKNOWN,
	  "sp 0x20004204 is nowhere near its stack at 0x20004000" },
	{ "fill overwritten", "FreeRTOS", true, true, START + 64, 0xa5, 0, 0x11, 0xa5, -1, FL_OVERFLOW_LIKELY,
	  "the lowest 16 bytes of its stack are no longer fill: the one at 0x2000400f is 0x11 and not 0xa5; "
	  "1 other thread has the fill there" },
	{ "fill overwritten, no others", "FreeRTOS", true, true, START + 64, 0xa5, 0, 0x11, -1, -1, FL_OVERFLOW_UNKNOWN,
	  "its lowest bytes, at 0x20004000, hold no fill pattern, nor do those of another thread" },
	{ "a kernel that does not fill", "FreeRTOS", true, true, START + 64, 0x00, 0, 0, 0x00, -1, FL_OVERFLOW_UNKNOWN,
	  "its lowest bytes, at 0x20004000, hold no fill pattern, nor do those of another thread" },
	{ "another kernel's fill", "Zephyr", true, true, START + 64, 0xa5, 0, 0, 0xa5, -1, FL_OVERFLOW_UNKNOWN,
	  "its lowest bytes, at 0x20004000, hold no fill pattern, nor do those of another thread" },
	{ "sentinel destroyed", "Zephyr", true, true, START + 64, 0xaa, 0x12345678, 0, 0xaa, -1, FL_OVERFLOW_LIKELY,
	  "the lowest word of its stack, at 0x20004000, is 0x12345678 and not the kernel's sentinel 0xf0f0f0f0, "
	  "which 1 other thread still has" },
	{ "sentinel there, all of it used", "Zephyr", true, true, START + 64, 0x33, 0xf0f0f0f0, 0, 0xaa, 0, FL_OVERFLOW_LIKELY,
	  "the lowest 16 bytes of its stack are no longer fill: the one at 0x20004004 is 0x33 and not 0xaa; "
	  "1 other thread has the fill there" },
	{ "sentinel there, no fill at all", "Zephyr", true, true, START + 64, 0x33, 0xf0f0f0f0, 0, 0x33, -1, FL_OVERFLOW_EXCLUDED,
	  "sp 0x20004040 is above 0x20004000, where its stack ends, and the lowest 4 bytes are as the kernel left them" },
	{ "RTX5's magic word destroyed", "RTX5", true, true, START + 64, 0xcc, 0xcccccccc, 0, 0xcc, -1, FL_OVERFLOW_LIKELY,
	  "the lowest word of its stack, at 0x20004000, is 0xcccccccc and not the kernel's sentinel 0xe25a2ea5, "
	  "which 1 other thread still has" },
	{ "the device found nothing unused", "FreeRTOS", true, true, START + 64, -1, 0, 0, -1, 0, FL_OVERFLOW_LIKELY,
	  "none of its bytes, from 0x20004000 up, was left unused" },
	{ "the device found some unused", "FreeRTOS", true, true, START + 64, -1, 0, 0, -1, 36, FL_OVERFLOW_EXCLUDED,
	  "sp 0x20004040 is above 0x20004000, where its stack ends, and the lowest 36 bytes were never used" },
	{ "the fill intact", "FreeRTOS", true, true, START + 64, 0xa5, 0, 0, 0xa5, -1, FL_OVERFLOW_EXCLUDED,
	  "sp 0x20004040 is above 0x20004000, where its stack ends, and the lowest 16 bytes are as the kernel left them" },
	{ "the fill intact, its upper end unknown", "FreeRTOS", true, false, START + 64, 0xa5, 0, 0, 0xa5, 40, FL_OVERFLOW_EXCLUDED,
	  "sp 0x20004040 is above 0x20004000, where its stack ends, and the lowest 40 bytes were never used" },
	{ "no bounds", "FreeRTOS", false, false, START + 64, 0xa5, 0, 0, 0xa5, -1, FL_OVERFLOW_UNKNOWN,
	  "the end of its stack is not known" },
	{ "no sp", "FreeRTOS", true, true, 0, 0xa5, 0, 0, 0xa5, 32, FL_OVERFLOW_UNKNOWN,
	  "its stack pointer is not known" },
	{ "low end not captured", "FreeRTOS", true, true, START + 64, -1, 0, 0, 0xa5, -1, FL_OVERFLOW_UNKNOWN,
	  "its lowest bytes, at 0x20004000, were not captured" },
	{ "an unknown kernel", "XOS", true, true, START + 64, 0xa5, 0, 0, 0xa5, -1, FL_OVERFLOW_UNKNOWN,
	  "its lowest bytes, at 0x20004000, hold no fill pattern, nor do those of another thread" },
};
/* clang-format on */

static void lay_out(struct crew *crew, uint32_t start, int fill, uint32_t word, uint8_t last)
{
	uint8_t bytes[32];
	if (fill < 0)
		return;
	memset(bytes, fill, sizeof(bytes));
	for (unsigned i = 0; word && i < 4; i++)
		bytes[i] = (uint8_t)(word >> 8 * i);
	if (last)
		bytes[15] = last;
	case_memory(&crew->c, start, bytes, sizeof(bytes));
}

static uint32_t sentinel_of(const char *kernel)
{
	return !strcmp(kernel, "Zephyr") ? 0xf0f0f0f0 : !strcmp(kernel, "RTX5") ? 0xe25a2ea5 : 0;
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct crew crew;
		crew_begin(&crew, UINT32_MAX, row->kernel);
		struct fl_thread *net = crew_add(&crew, "net");
		struct fl_thread *other = crew_add(&crew, "other");
		net->stack.known = row->end;
		net->stack.start_known = row->start;
		net->stack.saved_known = row->saved != 0;
		net->stack.saved = row->saved;
		net->stack.unused_known = row->unused >= 0;
		net->stack.unused = row->unused >= 0 ? (uint32_t)row->unused : 0;
		lay_out(&crew, START, row->fill, row->word, row->last);
		lay_out(&crew, other->stack.start, row->other,
			row->other == 0xa5 ? 0 : sentinel_of(row->kernel), 0);
		print_message("%s\n", row->name);
		crew_judge(&crew);
		assert_true(net->overflow.evidence_count > 0);
		assert_string_equal(net->overflow.evidence[0], row->evidence);
		assert_int_equal(net->overflow.verdict, row->verdict);
		assert_true(other->overflow.verdict <= FL_OVERFLOW_EXCLUDED);
		crew_end(&crew);
	}
}

static void test_the_running_thread(void **state)
{
	static const struct {
		const char *name;
		uint32_t sp, psp; /* psp 0: in thread mode */
		enum fl_overflow verdict;
	} cases[] = {
		{ "inside", START + 0x80, 0, FL_OVERFLOW_EXCLUDED },
		{ "below", START - 8, 0, FL_OVERFLOW_PROVEN },
		{ "interrupted inside", 0, START + 0x40, FL_OVERFLOW_EXCLUDED },
		{ "interrupted below", 0, START - 0x20, FL_OVERFLOW_PROVEN },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct crew crew;
		crew_begin(&crew, ASSERT, "FreeRTOS");
		struct fl_thread *net = crew_add(&crew, "net");
		net->stack.unused_known = true;
		net->stack.unused = 16;
		if (cases[i].psp)
			crew_interrupt(&crew, net, cases[i].psp);
		else
			crew_run(&crew, net, cases[i].sp);
		print_message("%s\n", cases[i].name);
		crew_judge(&crew);
		assert_int_equal(net->overflow.verdict, cases[i].verdict);
		crew_end(&crew);
	}
}

/* Its registers are those of its own core. */
static void test_a_thread_on_another_core(void **state)
{
	struct crew crew;
	(void)state;
	crew_begin(&crew, ASSERT, "FreeRTOS");
	struct fl_thread *other = crew_add(&crew, "other");
	struct fl_thread *app = crew_add(&crew, "app");
	crew_run(&crew, other, START - 8);
	other->crashed = false;
	crew_run(&crew, app, app->stack.start + 0x80);
	crew_judge(&crew);
	assert_int_equal(other->overflow.verdict, FL_OVERFLOW_PROVEN);
	assert_int_equal(app->overflow.verdict, FL_OVERFLOW_UNKNOWN);
	crew_end(&crew);
}

/* The crashed thread's fault is evidence as well, and only on its own stack. */
static void test_the_fault(void **state)
{
	static const struct {
		const char *name;
		uint32_t cfsr;
		bool handler;
		enum fl_overflow verdict;
		const char *evidence; /* one of them */
	} cases[] = {
		{ "stacking failed at the end", 0x1000, false, FL_OVERFLOW_PROVEN,
		  "sp 0x20004008 is only 8 bytes above 0x20004000, where the stack ends (net)" },
		{ "stack limit", 0x00100000, false, FL_OVERFLOW_PROVEN,
		  "CFSR 0x00100000: STKOF, " },
		{ "a handler's stack limit", 0x00100000, true, FL_OVERFLOW_EXCLUDED,
		  "the lowest 16 bytes were never used" },
		{ "floating-point registers found no room", 0x20, false, FL_OVERFLOW_UNKNOWN,
		  "CFSR 0x00000020 has a stacking error that may be its own" },
		{ "another fault", 0x00010000, false, FL_OVERFLOW_EXCLUDED,
		  "the lowest 16 bytes were never used" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct crew crew;
		crew_begin(&crew, HARD, "FreeRTOS");
		crew.c.in.arch = FL_ARCH_V8M_MAIN;
		struct fl_thread *net = crew_add(&crew, "net");
		net->stack.unused_known = true;
		net->stack.unused = 16;
		case_fault(&crew.c, cases[i].cfsr, 0, 0, 0);
		case_pc(&crew.c, 0x08000100, 0xbf00, 0);
		if (cases[i].handler)
			crew_interrupt(&crew, net, START + 8);
		else
			crew_run(&crew, net, START + 8);
		print_message("%s\n", cases[i].name);
		crew_judge(&crew);
		bool said = false;
		for (size_t k = 0; k < net->overflow.evidence_count; k++)
			said |= strstr(net->overflow.evidence[k], cases[i].evidence) != NULL;
		assert_true(said);
		assert_int_equal(net->overflow.verdict, cases[i].verdict);
		crew_end(&crew);
	}
}

/* The hook is the kernel's own word. */
static void test_hooks(void **state)
{
	static const struct {
		const char *name, *function;
		enum fl_trust trust;
		uint32_t argument; /* in r0 of the hook's frame; 0: unknown */
		size_t victim;     /* 0: crashed, 1: other, 2: none */
		const char *title;
	} cases[] = {
		{ "by argument", "vApplicationStackOverflowHook", FL_TRUST_CONTEXT, 0x20000100, 1,
		  "the kernel found that thread 'net' overflowed its stack" },
		{ "no thread's block", "vApplicationStackOverflowHook", FL_TRUST_CONTEXT,
		  0x20000104, 0, "the kernel found that thread 'app' overflowed its stack" },
		{ "the current one", "vApplicationStackOverflowHook", FL_TRUST_CFI, 0, 0,
		  "the kernel found that thread 'app' overflowed its stack" },
		{ "Zephyr", "z_check_stack_sentinel", FL_TRUST_CFI, 0x20000100, 0,
		  "the kernel found that thread 'app' overflowed its stack" },
		{ "ThreadX", "_tx_thread_stack_error_handler", FL_TRUST_CONTEXT, 0x20000100, 1,
		  "the kernel found that thread 'net' overflowed its stack" },
		{ "a stale word on the stack", "vApplicationStackOverflowHook", FL_TRUST_SCAN, 0, 2,
		  "an assertion failed" },
		{ "no hook", "vApplicationTickHook", FL_TRUST_CFI, 0, 2, "an assertion failed" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct crew crew;
		struct fl_frame frames[2] = {
			{ .function = "halt", .trust = FL_TRUST_CONTEXT },
			{ .function = cases[i].function,
			  .trust = cases[i].trust,
			  .pc_known = true,
			  .pc = 0x08000100,
			  .function_known = true,
			  .function_addr = 0x08000100 },
		};
		if (cases[i].argument)
			fl_reg_set(&frames[1].regs, FL_R0, cases[i].argument);
		crew_begin(&crew, ASSERT, "FreeRTOS");
		struct fl_thread *net = crew_add(&crew, "net");
		struct fl_thread *app = crew_add(&crew, "app");
		crew_run(&crew, app, app->stack.start + 0x80);
		app->frames = frames;
		app->frame_count = 2;
		print_message("%s\n", cases[i].name);
		crew_decide(&crew);
		assert_int_equal(app->overflow.verdict == FL_OVERFLOW_PROVEN, cases[i].victim == 0);
		assert_int_equal(net->overflow.verdict == FL_OVERFLOW_PROVEN, cases[i].victim == 1);
		assert_string_equal(crew.c.cause.title, cases[i].title);
		assert_string_equal(crew.c.cause.category,
				    cases[i].victim == 2 ? "Assert" : "Stack Overflow");
		assert_int_equal(crew.c.cause.party_count, cases[i].victim == 1);
		if (cases[i].victim == 1)
			assert_string_equal(crew.c.cause.parties[0].thread, "net");
		crew_end(&crew);
	}
}

/* The reason names no thread: the one that ran, unless its stack says that it was not it. */
static void test_the_reason(void **state)
{
	static const struct {
		const char *name;
		int own, other; /* unused bytes; -1: unknown */
		enum fl_overflow verdict;
		const char *party;
	} cases[] = {
		{ "nothing else is known", -1, -1, FL_OVERFLOW_LIKELY, NULL },
		{ "its stack is used up", 0, -1, FL_OVERFLOW_LIKELY, NULL },
		{ "another one's is", 64, 0, FL_OVERFLOW_EXCLUDED, "net" },
		{ "nobody's is", 64, 64, FL_OVERFLOW_EXCLUDED, NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct crew crew;
		crew_begin(&crew, OVERFLOW, "FreeRTOS");
		struct fl_thread *app = crew_add(&crew, "app");
		struct fl_thread *net = crew_add(&crew, "net");
		app->stack.unused_known = cases[i].own >= 0;
		app->stack.unused = (uint32_t)cases[i].own;
		net->stack.unused_known = cases[i].other >= 0;
		net->stack.unused = (uint32_t)cases[i].other;
		crew_run(&crew, app, app->stack.start + 0x80);
		print_message("%s\n", cases[i].name);
		crew_decide(&crew);
		assert_int_equal(app->overflow.verdict, cases[i].verdict);
		assert_string_equal(crew.c.cause.category, "Stack Overflow");
		assert_int_equal(crew.c.cause.party_count, cases[i].party != NULL);
		if (cases[i].party)
			assert_string_equal(crew.c.cause.parties[0].thread, cases[i].party);
		crew_end(&crew);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_the_running_thread),
		cmocka_unit_test(test_a_thread_on_another_core),
		cmocka_unit_test(test_the_fault),
		cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_the_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
