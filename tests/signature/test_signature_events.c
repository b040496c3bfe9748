/* SPDX-License-Identifier: Apache-2.0 */
/* The signatures of events, and how they meet those of full traces. */
#include "support/cmocka.h"
#include "support/signatures.h"
#include "support/traces.h"

#include <stdio.h>
#include <string.h>

/* What a full trace is found by, and by what an event finds it: "pc-lr: HardFault at f < g". */
static const char *meeting(const struct fl_report *report, bool event, char *buf, size_t size)
{
	const struct fl_signature *s = &report->trace.signature;
	buf[0] = '\0';
	for (size_t i = 0; i < s->fingerprint_count; i++) {
		const struct fl_fingerprint *f = &s->fingerprints[i];
		assert_false(f->joins && f->leads);
		assert_false(event && f->leads);
		if (event ? f->joins : f->leads)
			snprintf(buf + strlen(buf), size - strlen(buf), "%s%s: %s",
				 buf[0] ? "; " : "", f->kind, f->preimage);
	}
	return buf;
}

static struct fl_report *told(enum fl_report_kind kind, const char *category, const char *frames)
{
	struct fl_report *report = trace_make(category, frames);
	report->trace.kind = kind;
	report->trace.reason = (struct fl_reason){ true, 0x9400, "HardFault", false };
	report->trace.identity.software_type = "app";
	signature_compute(report);
	return report;
}

static void test_events_meet_full_traces(void **state)
{
	(void)state;
	static const struct {
		const char *category, *frames, *leads; /* of the dump */
		const char *event_category, *event_frames, *joins;
	} cases[] = {
		{ "Null Pointer", "read;poll;run;main",
		  "pc-lr: HardFault at read < poll; "
		  "site: HardFault at read",
		  "Hard Fault", "read;poll~lr", "pc-lr: HardFault at read < poll" },
		/* inlined: the functions that pc and lr lie in are the same all the same */
		{ "Null Pointer", "i:set;draw;i:loop;run;main",
		  "pc-lr: HardFault at draw < run; site: HardFault at set", "Hard Fault",
		  "i:set;draw;i:loop;run~lr", "pc-lr: HardFault at draw < run" },
		/* lr is left over from another call: it has no say */
		{ "Null Pointer", "read;poll;run",
		  "pc-lr: HardFault at read < poll; "
		  "site: HardFault at read",
		  "Hard Fault", "read;log~scan", "site: HardFault at read" },
		{ "Null Pointer", "read", "site: HardFault at read", "Hard Fault", "read",
		  "site: HardFault at read" },
		/* pc in the assert function, lr in who asked */
		{ "Assert", "prv_fault_handling_assert;__assert_func;push;run",
		  "pc-lr: HardFault at push < run; site: HardFault at push", "Assert",
		  "__assert_func;push~lr", "site: HardFault at push" },
		/* the dump knows why, the event does not */
		{ "Bad Jump", "??;notify~lr;run;main",
		  "pc-lr: HardFault at notify < run; site: HardFault at notify", "Bad Jump",
		  "??;notify~lr", "site: HardFault at notify" },
		{ "Panic", "panic_;allocate;load;run",
		  "pc-lr: HardFault at allocate < load; "
		  "site: HardFault at allocate",
		  "Assert", "panic_;allocate~lr", "site: HardFault at allocate" },
		/* any function of a recursion may be the last */
		{ "Stack Overflow", "walk;visit;walk;visit;walk;visit;walk;main",
		  "site: HardFault at visit; site: HardFault at walk", "Memory Fault",
		  "visit;walk~lr", "pc-lr: HardFault at visit < walk" },
		{ "Stack Overflow", "walk;walk;walk;walk;main", "site: HardFault at walk",
		  "Memory Fault", "walk;walk~lr", "site: HardFault at walk" },
		/* of guesses the one nearer to pc counts, if nothing better is there */
		{ "Bus Fault", "memcpy;strcpy~scan;parse", "site: HardFault at parse", "Bus Fault",
		  "memcpy;strcpy~scan", "site: HardFault at memcpy" },
		/* where neither stack nor symbol says anything there is nothing to meet by */
		{ "Null Pointer", "?;?", "", "Hard Fault", "??;??~lr", "reason: HardFault of app" },
		{ "Hard Fault", "", "", "Hard Fault", NULL, "reason: HardFault of app" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buf[512];
		FL_AUTO(fl_report)
		dump = told(FL_REPORT_DUMP, cases[i].category, cases[i].frames);
		assert_string_equal(meeting(dump, false, buf, sizeof(buf)), cases[i].leads);
		FL_AUTO(fl_report)
		event = told(FL_REPORT_REBOOT, cases[i].event_category, cases[i].event_frames);
		assert_string_equal(meeting(event, true, buf, sizeof(buf)), cases[i].joins);
	}
}

static void test_another_reason_is_another_place(void **state)
{
	(void)state;
	FL_AUTO(fl_report) a = told(FL_REPORT_REBOOT, "Hard Fault", "read");
	FL_AUTO(fl_report) b = told(FL_REPORT_REBOOT, "Hard Fault", "read");
	b->trace.reason = (struct fl_reason){ true, 0x9100, "BusFault", false };
	signature_compute(b);
	assert_memory_not_equal(signature_find(a, "site")->hash, signature_find(b, "site")->hash,
				16);
}

/* A place without a symbol counts in its build; one outside of any code does not count at all. */
static void test_addresses_of_events(void **state)
{
	(void)state;
	char buf[256];
	FL_AUTO(fl_report) inside = told(FL_REPORT_REBOOT, "Hard Fault", "?;?~lr");
	assert_string_equal(signature_find(inside, "address")->preimage,
			    "Hard Fault at 5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a+0x1000 < "
			    "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a+0x10ff");
	assert_string_equal(inside->trace.signature.title, "Hard Fault at 0x08001000");
	FL_AUTO(fl_report) wild = told(FL_REPORT_REBOOT, "Hard Fault", "??");
	assert_string_equal(signature_decisive(wild, buf, sizeof(buf)), "reason: HardFault of app");
	assert_string_equal(wild->trace.signature.title, "Hard Fault at 0x08001000");
}

static struct fl_report *
reported(const char *name, bool has_status, int64_t status, const char *log, const char *frames)
{
	struct fl_report *report = trace_make("Trace Event", frames);
	struct fl_event_report *event = &report->trace.event;
	report->trace.kind = FL_REPORT_TRACE;
	report->trace.identity.software_type = "app";
	event->has_trace_reason = true;
	event->trace_reason = 3;
	event->trace_reason_name = name;
	event->has_status = has_status;
	event->status = status;
	event->log = log;
	signature_compute(report);
	return report;
}

/* The vendor's documentation: another status is another issue, another log is not. */
static void test_trace_events(void **state)
{
	(void)state;
	static const struct {
		const char *name, *log, *frames, *title, *decides;
		int64_t status;
		bool has_status;
	} cases[] = {
		{ "QueueFull", NULL, "push;run~lr", "QueueFull at push", "trace: QueueFull at push",
		  0, false },
		{ "QueueFull", "12 left", "push;run~lr", "QueueFull at push",
		  "trace: QueueFull at push", 0, false },
		{ "QueueFull", NULL, "push", "QueueFull at push (status 0)",
		  "trace: QueueFull, status 0 at push", 0, true },
		{ "QueueFull", "x", "push;init~lr", "QueueFull at push (status -3)",
		  "trace: QueueFull, status -3 at push", -3, true },
		{ "QueueFull", NULL, NULL, "QueueFull", "trace: QueueFull of app", 0, false },
		{ NULL, NULL, NULL, "trace reason 3", "trace: trace reason 3 of app", 0, false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buf[256];
		FL_AUTO(fl_report)
		report = reported(cases[i].name, cases[i].has_status, cases[i].status, cases[i].log,
				  cases[i].frames);
		assert_string_equal(report->trace.signature.title, cases[i].title);
		assert_string_equal(signature_decisive(report, buf, sizeof(buf)), cases[i].decides);
		assert_int_equal(report->trace.signature.fingerprint_count, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events_meet_full_traces),
		cmocka_unit_test(test_another_reason_is_another_place),
		cmocka_unit_test(test_addresses_of_events),
		cmocka_unit_test(test_trace_events),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
