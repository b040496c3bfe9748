/* SPDX-License-Identifier: Apache-2.0 */
#include "rendered.h"
#include "support/cmocka.h"
#include "support/traces.h"

#include "signature/signature.h"

#include <stdlib.h>
#include <string.h>

#define GOLDEN FL_TESTS "/report/golden/"

static void test_golden(void **state)
{
	(void)state;
	FL_AUTO(fl_report) usual = usual_trace();
	char *text = render(usual, NULL);
	trace_expect_file(GOLDEN "usual.txt", text);
	free(text);
	FL_AUTO(fl_report) full = trace_make_full();
	text = render(full, NULL);
	trace_expect_file(GOLDEN "full.txt", text);
	free(text);
	FL_AUTO(fl_report) empty = fl_report_new();
	text = render(empty, NULL);
	trace_expect_file(GOLDEN "empty.txt", text);
	free(text);
	FL_AUTO(fl_report)
	odd = trace_make("Stack Overflow", "leaf;walk;walk;walk;walk;walk;a;b;a;b;a;b;a;b;a;b;"
					   "i:x;f~lr;g~prologue;?~scan;??~scan;--0;main");
	struct fl_trace *t = &odd->trace;
	assert_int_equal(fl_signature_compute(t, NULL, &odd->arena, &t->signature), FL_OK);
	text = render(odd, NULL);
	trace_expect_file(GOLDEN "recursion.txt", text);
	free(text);
}

/* A table where a line has room for it, and paragraphs where not. */
static void test_threads_golden(void **state)
{
	(void)state;
	static const struct {
		unsigned width;
		const char *thread;
		const char *path;
	} cases[] = {
		{ 40, NULL, GOLDEN "threads-40.txt" },
		{ 80, "all", GOLDEN "threads-80.txt" },
		{ 120, "logger", GOLDEN "threads-120.txt" },
	};
	FL_AUTO(fl_report) report = trace_make_threads();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_text_options options = { .size = sizeof(options),
						   .width = cases[i].width,
						   .thread = cases[i].thread };
		char *text = render(report, &options);
		trace_expect_file(cases[i].path, text);
		free(text);
	}
}

static void test_evidence_is_told_once(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = trace_make_threads();
	struct fl_trace *t = &report->trace;
	struct fl_overflow_verdict *o = &t->threads[0].overflow;
	struct fl_text_options options = { .size = sizeof(options),
					   .width = 120,
					   .thread = "crashed" };
	t->cause.evidence = o->evidence;
	static const struct {
		size_t cause, thread; /* how many each tells */
		bool says;
	} cases[] = { { 0, 0, true }, { 0, 2, true }, { 1, 2, true }, { 2, 2, false } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		t->cause.evidence_count = cases[i].cause;
		o->evidence_count = cases[i].thread;
		char *text = render(report, &options);
		assert_int_equal(count_of(text, "\n  ! stack overflow\n"),
				 1 + cases[i].says); /* below the table, too */
		assert_int_equal(count_of(text, "- sp 0x20004fd0 lies 48 bytes below"),
				 cases[i].cause || cases[i].thread);
		assert_int_equal(count_of(text, "- the fill pattern is gone\n"),
				 cases[i].cause == 2 || cases[i].thread == 2);
		free(text);
	}
}

static void test_events_golden(void **state)
{
	(void)state;
	FL_AUTO(fl_report) reboot = trace_make_event(FL_REPORT_REBOOT);
	char *text = render(reboot, NULL);
	trace_expect_file(GOLDEN "reboot.txt", text);
	free(text);
	FL_AUTO(fl_report) trace = trace_make_event(FL_REPORT_TRACE);
	text = render(trace, NULL);
	trace_expect_file(GOLDEN "trace.txt", text);
	free(text);
	FL_AUTO(fl_report) bare = fl_report_new();
	bare->trace.kind = FL_REPORT_REBOOT;
	text = render(bare, NULL);
	trace_expect_file(GOLDEN "bare-reboot.txt", text);
	free(text);
}

static void test_explain_golden(void **state)
{
	(void)state;
	FL_AUTO(fl_report)
	report = trace_make("Assert", "prv_fault_handling_assert;my_hook;__assert_func;i:check;"
				      "push;memcpy;walk;walk;walk;--11;main;Reset_Handler");
	struct fl_trace *t = &report->trace;
	assert_int_equal(fl_signature_compute(t, NULL, &report->arena, &t->signature), FL_OK);
	memset(t->signature.rules_hash, '0', 32); /* changes with every list */
	FL_AUTO_BUFFER text = { 0 };
	assert_int_equal(fl_report_explain(report, &text, NULL), FL_OK);
	trace_expect_file(GOLDEN "explain.txt", (char *)text.data);
	FL_AUTO(fl_report) empty = fl_report_new();
	FL_AUTO_BUFFER none = { 0 };
	assert_int_equal(fl_report_explain(empty, &none, NULL), FL_OK);
	assert_non_null(strstr((char *)none.data, "there are none"));
}

static void test_source_lines(void **state)
{
	(void)state;
	unsigned calls = 0;
	FL_AUTO(fl_report) report = usual_trace();
	struct fl_text_options options = { .size = sizeof(options),
					   .source_line = source_of_all,
					   .context = &calls };
	char *text = render(report, &options);
	assert_int_equal(calls, 2);
	assert_non_null(strstr(text, "\n                  17 | *where = value;\n"));
	assert_non_null(strstr(text, "\n                  41 | if (a) store(a, \xef\xbf\xbd[1m); "
				     "/* a comment that is longer tha...\n"));
	check_widths(text, 80);
	free(text);
}

static void test_recursion_is_folded_unless_all_is_asked_for(void **state)
{
	(void)state;
	char frames[2048] = "top;";
	for (unsigned i = 0; i < 60; i++)
		strcat(frames, "descend;");
	strcat(frames, "main");
	FL_AUTO(fl_report) report = trace_make("Null Pointer", frames);
	struct fl_text_options options = { .size = sizeof(options), .all_frames = true };
	char *all = render(report, &options);
	char *folded = render(report, NULL);
	assert_int_equal(count_of(all, "descend"), 60);
	assert_int_equal(count_of(folded, "descend"), 1);
	assert_non_null(strstr(folded, "... 59 more of the same, #2 to #60\n"));
	assert_non_null(strstr(folded, "  #61 0x08004d00  main\n"));
	free(all);
	free(folded);
	/* three of them are not worth a line that says so */
	FL_AUTO(fl_report) few = trace_make("Null Pointer", "d;d;d;main");
	folded = render(few, NULL);
	assert_null(strstr(folded, "of the same"));
	free(folded);
}

/* A caller that was compiled against a smaller struct must be understood. */
static void test_older_options(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = usual_trace();
	struct fl_text_options options = { .size = offsetof(struct fl_text_options, color),
					   .width = 60,
					   .color = true };
	char *text = render(report, &options);
	assert_null(strchr(text, '\033'));
	check_widths(text, 60);
	free(text);
	struct fl_text_options before_thread = { .size = offsetof(struct fl_text_options, thread),
						 .thread = "nobody" };
	text = render(report, &before_thread);
	assert_non_null(strstr(text, "\nBacktrace"));
	free(text);
}

static void test_twice_the_same(void **state)
{
	(void)state;
	FL_AUTO(fl_report) a = trace_make_full();
	FL_AUTO(fl_report) b = trace_make_full();
	char *x = render(a, NULL);
	char *y = render(b, NULL);
	assert_string_equal(x, y);
	free(x);
	free(y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_threads_golden),
		cmocka_unit_test(test_evidence_is_told_once),
		cmocka_unit_test(test_events_golden),
		cmocka_unit_test(test_explain_golden),
		cmocka_unit_test(test_source_lines),
		cmocka_unit_test(test_recursion_is_folded_unless_all_is_asked_for),
		cmocka_unit_test(test_older_options),
		cmocka_unit_test(test_twice_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
