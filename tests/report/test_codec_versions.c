/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cmocka.h"
#include "support/codec.h"
#include "support/same_trace.h"
#include "support/traces.h"

#include "report/report.h"

/* What a program of version 1.1 knew. */
static void forget_details(struct fl_trace *t)
{
	t->kernel = (struct fl_kernel_facts){ 0 };
	for (size_t i = 0; i < t->thread_count; i++) {
		struct fl_thread all = t->threads[i];
		struct fl_thread known = {
			.name = all.name,
			.state = all.state,
			.has_priority = all.has_priority,
			.priority = all.priority,
			.current = all.current,
			.crashed = all.crashed,
			.regs = all.regs,
			.frames = all.frames,
			.frame_count = all.frame_count,
			.stop = all.stop,
			.stop_text = all.stop_text,
		};
		known.stack = all.stack;
		known.stack.unused_known = false;
		known.stack.unused = 0;
		known.stack.start_known = all.stack.known;
		known.stack.start = all.stack.known ? all.stack.start : 0;
		t->threads[i] = known;
	}
}

/*
 * Stored reports outlive the program that wrote them. A change of the format needs a new version
 * and a new file beside these, which stay readable.
 */
static void test_reports_of_version_1_0_stay_readable(void **state)
{
	(void)state;
	struct fl_buffer bytes;
	FL_AUTO(fl_report) report = trace_make_full();
	FL_AUTO(fl_report) back = report_stored(FL_TESTS "/report/golden/full-1.0.flrp", &bytes);
	report->trace.event = (struct fl_event_report){ 0 };
	forget_details(&report->trace);
	same_trace(&report->trace, &back->trace);
}

static void test_reports_of_version_1_1_stay_readable(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		enum fl_report_kind kind;
	} files[] = {
		{ FL_TESTS "/report/golden/full-1.1.flrp", FL_REPORT_DUMP },
		{ FL_TESTS "/report/golden/reboot-1.1.flrp", FL_REPORT_REBOOT },
		{ FL_TESTS "/report/golden/trace-1.1.flrp", FL_REPORT_TRACE },
	};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct fl_buffer bytes;
		FL_AUTO(fl_report)
		report = files[i].kind == FL_REPORT_DUMP ? trace_make_full()
							 : trace_make_event(files[i].kind);
		FL_AUTO(fl_report) back = report_stored(files[i].path, &bytes);
		forget_details(&report->trace);
		same_trace(&report->trace, &back->trace);
	}
}

struct stored_report {
	const char *path;
	struct fl_report *(*make)(void);
};

static void test_full_reports_stay_readable(void **state)
{
	(void)state;
	static const struct stored_report files[] = {
		{ FL_TESTS "/report/golden/full-1.2.flrp", trace_make_full },
		{ FL_TESTS "/report/golden/threads-1.2.flrp", trace_make_threads },
		{ FL_TESTS "/report/golden/reboot-1.2.flrp", trace_make_reboot },
		{ FL_TESTS "/report/golden/trace-1.2.flrp", trace_make_trace },
		{ FL_TESTS "/report/golden/full-2.0.flrp", trace_make_full },
		{ FL_TESTS "/report/golden/threads-2.0.flrp", trace_make_threads },
		{ FL_TESTS "/report/golden/reboot-2.0.flrp", trace_make_reboot },
		{ FL_TESTS "/report/golden/trace-2.0.flrp", trace_make_trace },
	};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct fl_buffer bytes;
		FL_AUTO(fl_report) report = files[i].make();
		FL_AUTO(fl_report) back = report_stored(files[i].path, &bytes);
		same_trace(&report->trace, &back->trace);
	}
}

/* What was stored by an older version, and is stored once more. */
static void test_older_reports_are_written_anew(void **state)
{
	(void)state;
	struct fl_buffer bytes;
	FL_AUTO(fl_report)
	older = report_stored(FL_TESTS "/report/golden/threads-1.2.flrp", &bytes);
	assert_memory_equal(bytes.data, "FLRP\x01\x02", 6);
	FL_AUTO(fl_report) report = trace_make_threads();
	FL_AUTO_BUFFER now = report_encoded(report);
	FL_AUTO_BUFFER again = report_encoded(older);
	assert_same_report_bytes(&now, &again);
}

/*
 * A crash among eight tasks with inlined frames and both stack pointers, as the last program of
 * version 1.2 wrote it and as this one does: what frames and registers are guessed to be is a part
 * of the format, too.
 */
static void test_what_is_guessed_stays_as_it_is(void **state)
{
	(void)state;
	struct fl_buffer bytes;
	FL_AUTO(fl_report) older = report_stored(FL_TESTS "/report/golden/tasks-1.2.flrp", &bytes);
	FL_AUTO(fl_report) back = report_stored(FL_TESTS "/report/golden/tasks-2.0.flrp", &bytes);
	assert_int_equal(older->trace.thread_count, 8);
	same_trace(&older->trace, &back->trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reports_of_version_1_0_stay_readable),
		cmocka_unit_test(test_reports_of_version_1_1_stay_readable),
		cmocka_unit_test(test_full_reports_stay_readable),
		cmocka_unit_test(test_older_reports_are_written_anew),
		cmocka_unit_test(test_what_is_guessed_stays_as_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
