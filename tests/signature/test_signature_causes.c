/* SPDX-License-Identifier: Apache-2.0 */
/* What a cause changes in the signature of its frames. */
#include "support/cmocka.h"
#include "support/signatures.h"
#include "support/traces.h"

static void test_overflow_by_recursion(void **state)
{
	(void)state;
	static const struct signature_case cases[] = {
		{ "Stack Overflow", "walk;walk;walk;walk;main", "Stack Overflow at walk",
		  "cause: Stack Overflow in recursion of walk" },
		{ "Stack Overflow", "leaf;walk;walk;walk", "Stack Overflow at walk",
		  "cause: Stack Overflow in recursion of walk" },
		/* the phase in which a mutual recursion ran out of stack is chance */
		{ "Stack Overflow", "a;b;a;b;a;b;main", "Stack Overflow at a",
		  "cause: Stack Overflow in recursion of a + b" },
		{ "Stack Overflow", "b;a;b;a;b;a;b;main", "Stack Overflow at a",
		  "cause: Stack Overflow in recursion of a + b" },
		{ "Stack Overflow", "fill;render;main", "Stack Overflow at fill",
		  "top: Stack Overflow at fill < render < main" },
	};
	SIGNATURE_CHECK(cases);
	FL_AUTO(fl_report) report = signature_trace("Stack Overflow", "leaf;walk;walk;walk");
	const struct fl_signature *s = &report->trace.signature;
	assert_string_equal(s->function, "walk");
	assert_string_equal(s->steps[0].action, "keep");
	assert_string_equal(s->steps[1].action, "name");
	assert_string_equal(s->steps[2].action, "keep");
}

static void test_panics_are_told_apart_by_code(void **state)
{
	(void)state;
	static const struct {
		const char *cause, *title, *decides;
	} cases[] = {
		{ "panic code 8, OutOfHeap", "Panic OutOfHeap at allocate",
		  "top: Panic OutOfHeap at allocate < main" },
		{ "panic code 99", "Panic 99 at allocate", "top: Panic 99 at allocate < main" },
		{ "panic code 8, <b>", "Panic at allocate", "top: Panic at allocate < main" },
		{ "panic", "Panic at allocate", "top: Panic at allocate < main" },
		{ NULL, "Panic at allocate", "top: Panic at allocate < main" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buf[256];
		FL_AUTO(fl_report)
		report = trace_make("Panic", "panic_internal;own_hook;panic_;allocate;main");
		report->trace.cause.title = cases[i].cause;
		signature_compute(report);
		assert_string_equal(report->trace.signature.title, cases[i].title);
		assert_string_equal(signature_decisive(report, buf, sizeof(buf)), cases[i].decides);
	}
}

static void test_reasons_are_told_apart(void **state)
{
	(void)state;
	char buf[256];
	FL_AUTO(fl_report) report = trace_make("Custom Reason", "save_log;main");
	report->trace.reason = (struct fl_reason){ true, 0xa003, "0xa003", false };
	signature_compute(report);
	assert_string_equal(report->trace.signature.title, "Custom Reason 0xa003 at save_log");
	assert_string_equal(signature_decisive(report, buf, sizeof(buf)),
			    "top: Custom Reason 0xa003 at save_log < main");
	FL_AUTO(fl_report) reset = trace_make("Reset", NULL);
	reset->trace.reason = (struct fl_reason){ true, 0x8003, "BrownOutReset", false };
	signature_compute(reset);
	assert_string_equal(reset->trace.signature.title, "Reset BrownOutReset");
}

/* The code that was to be resumed, or that a fault in the vector table hit, has no part in it. */
static void test_accidental_frames_without_a_rule_have_no_say(void **state)
{
	(void)state;
	char buf[256];
	FL_AUTO(fl_report) report = trace_make("Invalid Exception Return", "f;g;main");
	report->trace.cause.random_frame = true;
	signature_compute(report);
	assert_string_equal(report->trace.signature.title, "Invalid Exception Return");
	assert_null(report->trace.signature.function);
	assert_string_equal(signature_decisive(report, buf, sizeof(buf)),
			    "cause: Invalid Exception Return");
	report->trace.threads[0].name = "net_rx";
	signature_compute(report);
	assert_string_equal(report->trace.signature.title, "Invalid Exception Return in net_rx");
	/* a bad jump is random as well, but not its caller */
	FL_AUTO(fl_report) jump = trace_make("Bad Jump", "??;f~lr;g;main");
	jump->trace.cause.random_frame = true;
	signature_compute(jump);
	assert_string_equal(jump->trace.signature.title, "Bad Jump from f");
	assert_string_equal(signature_decisive(jump, buf, sizeof(buf)),
			    "top: Bad Jump at f < g < main");
	/* no symbols, and none needed */
	FL_AUTO(fl_report) bare = trace_make("Lockup", "??");
	bare->trace.cause.random_frame = true;
	signature_compute(bare);
	assert_string_equal(bare->trace.signature.title, "Lockup");
	assert_string_equal(signature_decisive(bare, buf, sizeof(buf)), "cause: Lockup");
}

static void test_imprecise_faults_are_near(void **state)
{
	(void)state;
	char buf[256];
	FL_AUTO(fl_report) report = trace_make("Imprecise Bus Fault", "write;start;main");
	report->trace.cause.imprecise = true;
	signature_compute(report);
	assert_string_equal(report->trace.signature.title, "Imprecise Bus Fault near write");
	assert_string_equal(signature_decisive(report, buf, sizeof(buf)),
			    "top: Imprecise Bus Fault at write < start < main");
}

/* What an unnamed thread was doing when the watchdog came. */
static void test_waiting_does_not_name_a_watchdog(void **state)
{
	(void)state;
	static const struct signature_case cases[] = {
		{ "Watchdog", "watchdog_isr;--20;vTaskDelay;poll;run", "Watchdog in poll",
		  "top: Watchdog at poll < run" },
		{ "Watchdog", "arch_cpu_idle;k_cpu_idle;idle", "Watchdog in arch_cpu_idle",
		  "top: Watchdog at arch_cpu_idle < k_cpu_idle < idle" },
		{ "Null Pointer", "xQueueReceive;poll;run", "Null Pointer at xQueueReceive",
		  "top: Null Pointer at xQueueReceive < poll < run" },
	};
	SIGNATURE_CHECK(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overflow_by_recursion),
		cmocka_unit_test(test_panics_are_told_apart_by_code),
		cmocka_unit_test(test_reasons_are_told_apart),
		cmocka_unit_test(test_accidental_frames_without_a_rule_have_no_say),
		cmocka_unit_test(test_imprecise_faults_are_near),
		cmocka_unit_test(test_waiting_does_not_name_a_watchdog),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
