/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cmocka.h"
#include "support/traces.h"

#include "base/hash.h"
#include "base/str.h"
#include "signature/chain.h"
#include "signature/rules.h"
#include "signature/signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void compute(struct fl_report *report)
{
	struct fl_trace *t = &report->trace;
	assert_int_equal(fl_signature_compute(t, NULL, &report->arena, &t->signature), FL_OK);
}

static struct fl_report *signed_trace(const char *category, const char *frames)
{
	struct fl_report *report = trace_make(category, frames);
	compute(report);
	return report;
}

static const struct fl_fingerprint *find(const struct fl_report *report, const char *kind)
{
	const struct fl_signature *s = &report->trace.signature;
	for (size_t i = 0; i < s->fingerprint_count; i++)
		if (!strcmp(s->fingerprints[i].kind, kind))
			return &s->fingerprints[i];
	return NULL;
}

/* The kind and pre-image of the one fingerprint that decides: "top: Assert at f". */
static const char *decisive(const struct fl_report *report, char *buf, size_t size)
{
	const struct fl_signature *s = &report->trace.signature;
	size_t joins = 0;
	for (size_t i = 0; i < s->fingerprint_count; i++) {
		if (!s->fingerprints[i].joins)
			continue;
		joins++;
		snprintf(buf, size, "%s: %s", s->fingerprints[i].kind, s->fingerprints[i].preimage);
	}
	assert_int_equal(joins, 1);
	return buf;
}

struct expectation {
	const char *category, *frames, *title, *decides;
};

static void check(const struct expectation *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char buf[1024];
		FL_AUTO(fl_report) report = signed_trace(cases[i].category, cases[i].frames);
		print_message("%s: %s\n", cases[i].category,
			      cases[i].frames ? cases[i].frames : "no thread");
		assert_string_equal(report->trace.signature.title, cases[i].title);
		assert_string_equal(decisive(report, buf, sizeof(buf)), cases[i].decides);
	}
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof((cases)[0]))

static void test_names(void **state)
{
	(void)state;
	static const struct expectation cases[] = {
		{ "Null Pointer", "read;poll;run;main;Reset_Handler", "Null Pointer at read",
		  "top: Null Pointer at read < poll < run" },
		{ "Assert", "prv_fault_handling_assert;__assert_func;push;run;main",
		  "Assert at push", "top: Assert at push < run < main" },
		/* an own hook between the SDK and the assert is part of the error handling */
		{ "Assert", "prv_fault_handling_assert;my_hook;__assert_func;push;run",
		  "Assert at push", "top: Assert at push < run" },
		/* ... but a fault in that hook is a bug of the hook */
		{ "Null Pointer", "my_hook;__assert_func;push;run", "Null Pointer at my_hook",
		  "top: Null Pointer at my_hook < push < run" },
		/* an assert in the hook of an assert: the outer one started it */
		{ "Assert", "__assert_func;log_it;__assert_func;push;run", "Assert at push",
		  "top: Assert at push < run" },
		{ "Bus Fault", "memcpy;strcpy;parse;main", "Bus Fault at parse",
		  "top: Bus Fault at parse < main" },
		/* inlined or not: the same */
		{ "Null Pointer", "i:set;i:row;draw;run;main", "Null Pointer at set",
		  "top: Null Pointer at set < row < draw" },
		{ "Null Pointer", "set;row;draw;run;main", "Null Pointer at set",
		  "top: Null Pointer at set < row < draw" },
		{ "Divide by Zero", "avg.constprop.0;void filter<int>(int);main",
		  "Divide by Zero at avg", "top: Divide by Zero at avg < filter < main" },
		{ "MPU Violation", "?;f;main", "MPU Violation at f",
		  "top: MPU Violation at f < main" },
		{ "Debugger Halted", "wait;idle;main", "Debugger Halted at wait",
		  "top: Debugger Halted at wait < idle < main" },
		/* frame 0 of a call through a null pointer is no code */
		{ "Null Pointer", "??;notify~lr;run;main", "Null Pointer at notify",
		  "top: Null Pointer at notify < run < main" },
		{ "Bad Jump", "??;dispatch~lr;run;main", "Bad Jump from dispatch",
		  "top: Bad Jump at dispatch < run < main" },
		/* even where the bad target happens to be code */
		{ "Bad Jump", "i:x;victim;dispatch~lr;run;main", "Bad Jump from dispatch",
		  "top: Bad Jump at dispatch < run < main" },
		{ "Bad Jump", "somewhere", "Bad Jump from somewhere",
		  "top: Bad Jump at somewhere" },
	};
	CHECK(cases);
}

static void test_recursion_depth_does_not_count(void **state)
{
	(void)state;
	static const struct expectation cases[] = {
		{ "Null Pointer", "d;d;run", "Null Pointer at d", "top: Null Pointer at d < run" },
		{ "Null Pointer", "d;d;d;d;d;d;d;run", "Null Pointer at d",
		  "top: Null Pointer at d < run" },
		{ "Null Pointer", "a;b;a;b;a;b;run", "Null Pointer at a",
		  "top: Null Pointer at a < b < run" },
		{ "Null Pointer", "x;a;b;c;a;b;c;run", "Null Pointer at x",
		  "top: Null Pointer at x < a < b" },
		{ "Null Pointer", "i:d;d;i:d;d;run", "Null Pointer at d",
		  "top: Null Pointer at d < run" },
	};
	CHECK(cases);
	char deep[4096] = "";
	for (unsigned i = 0; i < 250; i++)
		strcat(deep, "descend;");
	strcat(deep, "run;main");
	char buf[256];
	FL_AUTO(fl_report) report = signed_trace("Null Pointer", deep);
	assert_string_equal(decisive(report, buf, sizeof(buf)),
			    "top: Null Pointer at descend < run < main");
	assert_string_equal(find(report, "stack")->preimage,
			    "Null Pointer at descend < run < main");
}

static void test_what_an_interrupt_interrupted_is_chance(void **state)
{
	(void)state;
	static const struct expectation cases[] = {
		{ "Null Pointer", "decode;Sensor_IRQHandler;--19;idle;main",
		  "Null Pointer at decode", "top: Null Pointer at decode < Sensor_IRQHandler" },
		{ "Null Pointer", "decode;Sensor_IRQHandler;--0;idle;main",
		  "Null Pointer at decode", "top: Null Pointer at decode < Sensor_IRQHandler" },
		/* SVC: the interrupted code asked for it */
		{ "Null Pointer", "decode;SVC_Handler;--11;request;main", "Null Pointer at decode",
		  "top: Null Pointer at decode < SVC_Handler < request" },
		/* nothing but plumbing in the handler: what it interrupted is what counts */
		{ "Hard Fault", "HardFault_Handler;--3;store;main", "Hard Fault at store",
		  "top: Hard Fault at store < main" },
		{ "Assert", "NMI_Handler;--2;store;main", "Assert at store",
		  "top: Assert at store < main" },
		/* a watchdog's handler only noticed, whatever it is called */
		{ "Watchdog", "WDT_IRQHandler;--17;spin;join;main", "Watchdog in spin",
		  "top: Watchdog at spin < join < main" },
		{ "Watchdog", "spin;join;main", "Watchdog in spin",
		  "top: Watchdog at spin < join < main" },
	};
	CHECK(cases);
}

static void test_guesses_stay_out_of_strict_fingerprints(void **state)
{
	(void)state;
	static const struct expectation cases[] = {
		{ "Bus Fault", "f;g~exidx;h;main", "Bus Fault at f",
		  "top: Bus Fault at f < g < h" },
		{ "Bus Fault", "f;g;h~scan;main", "Bus Fault at f", "top: Bus Fault at f < g" },
		{ "Bus Fault", "f;g~prologue;h;main", "Bus Fault at f", "top: Bus Fault at f" },
		{ "Bus Fault", "f;g~lr;h;main", "Bus Fault at f", "top: Bus Fault at f < g < h" },
		{ "Bus Fault", "i:e;f;g~lr;h;main", "Bus Fault at e",
		  "top: Bus Fault at e < f < g" },
		{ "Bus Fault", "f;g;h~lr;main", "Bus Fault at f", "top: Bus Fault at f < g" },
		/* for want of better frames: a kind of its own */
		{ "Bad Jump", "??;f~scan;g~scan;main~scan", "Bad Jump from f",
		  "weak: Bad Jump at f < g < main" },
		{ "Assert", "__assert_func;hook~scan;main~scan", "Assert at hook",
		  "weak: Assert at hook < main" },
	};
	CHECK(cases);
}

static void test_when_every_frame_is_in_a_list(void **state)
{
	(void)state;
	static const struct expectation cases[] = {
		{ "Bus Fault", "memcpy;Reset_Handler", "Bus Fault at memcpy",
		  "top: Bus Fault at memcpy" },
		{ "Bus Fault", "Reset_Handler", "Bus Fault at Reset_Handler",
		  "top: Bus Fault at Reset_Handler" },
		{ "Assert", "prv_fault_handling_assert;abort",
		  "Assert at prv_fault_handling_assert",
		  "top: Assert at prv_fault_handling_assert < abort" },
		{ "Assert", "__stack_chk_fail~scan", "Assert at __stack_chk_fail",
		  "weak: Assert at __stack_chk_fail" },
	};
	CHECK(cases);
}

static void test_accidental_frames_are_keyed_by_thread(void **state)
{
	(void)state;
	char buf[256];
	FL_AUTO(fl_report) report = trace_make("Stack Overflow", "leaf;g;h;main");
	report->trace.threads[0].name = "net_rx";
	report->trace.identity.software_type = "app-fw";
	compute(report);
	assert_string_equal(report->trace.signature.title, "Stack Overflow in net_rx");
	assert_string_equal(decisive(report, buf, sizeof(buf)),
			    "cause: Stack Overflow in thread net_rx of app-fw");
	assert_non_null(find(report, "top"));

	FL_AUTO(fl_report) pool = trace_make("Watchdog", "leaf;g");
	pool->trace.threads[0].name = "worker-17";
	compute(pool);
	assert_string_equal(pool->trace.signature.title, "Watchdog in worker");
	assert_string_equal(decisive(pool, buf, sizeof(buf)), "cause: Watchdog in thread worker");

	/* a name that is an address says nothing */
	FL_AUTO(fl_report) nameless = trace_make("Stack Overflow", "leaf;g");
	nameless->trace.threads[0].name = "0x20001234";
	compute(nameless);
	assert_string_equal(nameless->trace.signature.title, "Stack Overflow at leaf");
	assert_string_equal(decisive(nameless, buf, sizeof(buf)),
			    "top: Stack Overflow at leaf < g");

	/* other causes care for the frames, whatever the thread */
	FL_AUTO(fl_report) other = trace_make("Null Pointer", "leaf;g");
	other->trace.threads[0].name = "net_rx";
	compute(other);
	assert_string_equal(other->trace.signature.title, "Null Pointer at leaf");
}

static void test_overflow_by_recursion(void **state)
{
	(void)state;
	static const struct expectation cases[] = {
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
	CHECK(cases);
	FL_AUTO(fl_report) report = signed_trace("Stack Overflow", "leaf;walk;walk;walk");
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
		compute(report);
		assert_string_equal(report->trace.signature.title, cases[i].title);
		assert_string_equal(decisive(report, buf, sizeof(buf)), cases[i].decides);
	}
}

static void test_reasons_are_told_apart(void **state)
{
	(void)state;
	char buf[256];
	FL_AUTO(fl_report) report = trace_make("Custom Reason", "save_log;main");
	report->trace.reason = (struct fl_reason){ true, 0xa003, "0xa003", false };
	compute(report);
	assert_string_equal(report->trace.signature.title, "Custom Reason 0xa003 at save_log");
	assert_string_equal(decisive(report, buf, sizeof(buf)),
			    "top: Custom Reason 0xa003 at save_log < main");
	FL_AUTO(fl_report) reset = trace_make("Reset", NULL);
	reset->trace.reason = (struct fl_reason){ true, 0x8003, "BrownOutReset", false };
	compute(reset);
	assert_string_equal(reset->trace.signature.title, "Reset BrownOutReset");
}

/* The code that was to be resumed, or that a fault in the vector table hit, has no part in it. */
static void test_accidental_frames_without_a_rule_have_no_say(void **state)
{
	(void)state;
	char buf[256];
	FL_AUTO(fl_report) report = trace_make("Invalid Exception Return", "f;g;main");
	report->trace.cause.random_frame = true;
	compute(report);
	assert_string_equal(report->trace.signature.title, "Invalid Exception Return");
	assert_null(report->trace.signature.function);
	assert_string_equal(decisive(report, buf, sizeof(buf)), "cause: Invalid Exception Return");
	report->trace.threads[0].name = "net_rx";
	compute(report);
	assert_string_equal(report->trace.signature.title, "Invalid Exception Return in net_rx");
	/* a bad jump is random as well, but not its caller */
	FL_AUTO(fl_report) jump = trace_make("Bad Jump", "??;f~lr;g;main");
	jump->trace.cause.random_frame = true;
	compute(jump);
	assert_string_equal(jump->trace.signature.title, "Bad Jump from f");
	assert_string_equal(decisive(jump, buf, sizeof(buf)), "top: Bad Jump at f < g < main");
	/* no symbols, and none needed */
	FL_AUTO(fl_report) bare = trace_make("Lockup", "??");
	bare->trace.cause.random_frame = true;
	compute(bare);
	assert_string_equal(bare->trace.signature.title, "Lockup");
	assert_string_equal(decisive(bare, buf, sizeof(buf)), "cause: Lockup");
}

static void test_imprecise_faults_are_near(void **state)
{
	(void)state;
	char buf[256];
	FL_AUTO(fl_report) report = trace_make("Imprecise Bus Fault", "write;start;main");
	report->trace.cause.imprecise = true;
	compute(report);
	assert_string_equal(report->trace.signature.title, "Imprecise Bus Fault near write");
	assert_string_equal(decisive(report, buf, sizeof(buf)),
			    "top: Imprecise Bus Fault at write < start < main");
}

static void test_without_symbols(void **state)
{
	(void)state;
	static const char id[] = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";
	char expected[512];
	char buf[512];
	FL_AUTO(fl_report) report = signed_trace("Hard Fault", "?;?;?;?");
	assert_string_equal(report->trace.signature.title, "Hard Fault at 0x08001000");
	assert_null(report->trace.signature.function);
	snprintf(expected, sizeof(expected),
		 "address: Hard Fault at %s+0x1000 < %s+0x10ff < %s+0x11ff", id, id, id);
	assert_string_equal(decisive(report, buf, sizeof(buf)), expected);
	assert_int_equal(report->trace.signature.fingerprint_count, 1);

	/* a guess is no key */
	FL_AUTO(fl_report) guess = signed_trace("Hard Fault", "?;?~scan");
	snprintf(expected, sizeof(expected), "address: Hard Fault at %s+0x1000", id);
	assert_string_equal(decisive(guess, buf, sizeof(buf)), expected);

	/* without any ELF: the dump's build id, else its version, and the pc */
	FL_AUTO(fl_report) bare = trace_make("Hard Fault", "??;??~lr");
	bare->trace.module_count = 0;
	bare->trace.identity.build_id_size = 20;
	compute(bare);
	assert_string_equal(decisive(bare, buf, sizeof(buf)),
			    "address: Hard Fault at 0000000000000000000000000000000000000000"
			    "+0x8001000 < 0000000000000000000000000000000000000000+0x8001100");
	bare->trace.identity.build_id_size = 0;
	bare->trace.identity.software_version = "1.2.3";
	compute(bare);
	assert_string_equal(decisive(bare, buf, sizeof(buf)),
			    "address: Hard Fault at 1.2.3 ?+0x8001000 < 1.2.3 ?+0x8001100");

	/* a module without a build id goes by its name */
	FL_AUTO(fl_report) named = trace_make("Hard Fault", "?");
	named->trace.modules[0].build_id_size = 0;
	compute(named);
	assert_string_equal(decisive(named, buf, sizeof(buf)),
			    "address: Hard Fault at fw.elf+0x1000");
}

static void test_without_frames(void **state)
{
	(void)state;
	static const struct expectation cases[] = {
		{ "Hard Fault", NULL, "Hard Fault", "cause: Hard Fault" },
		{ "Stack Overflow", "", "Stack Overflow", "cause: Stack Overflow" },
		{ NULL, NULL, "Unknown", "cause: Unknown" },
		{ "Hard Fault", "--3", "Hard Fault", "cause: Hard Fault" },
	};
	CHECK(cases);
	char buf[256];
	FL_AUTO(fl_report) report = trace_make("Stack Overflow", "");
	report->trace.threads[0].name = "net_rx";
	compute(report);
	assert_string_equal(report->trace.signature.title, "Stack Overflow in net_rx");
	assert_string_equal(decisive(report, buf, sizeof(buf)),
			    "cause: Stack Overflow in thread net_rx");
}

static void test_all_kinds(void **state)
{
	(void)state;
	FL_AUTO(fl_report)
	report = signed_trace("Bus Fault",
			      "i:copy;memcpy;i:next;parse;i:step;loop;task;main;Reset_Handler");
	static const struct {
		const char *kind, *preimage;
	} kinds[] = {
		{ "stack",
		  "Bus Fault at copy < memcpy < next < parse < step < loop < task < main" },
		{ "top", "Bus Fault at copy < next < parse" },
		{ "physical", "Bus Fault at parse < loop < task" },
		{ "pc-lr", "Unknown at parse < loop" },
		{ "site", "Unknown at copy" },
		{ "cause", "Bus Fault at copy" },
	};
	const struct fl_signature *s = &report->trace.signature;
	assert_int_equal(s->fingerprint_count, sizeof(kinds) / sizeof(kinds[0]));
	for (size_t i = 0; i < s->fingerprint_count; i++) {
		uint8_t hash[16];
		assert_string_equal(s->fingerprints[i].kind, kinds[i].kind);
		assert_string_equal(s->fingerprints[i].preimage, kinds[i].preimage);
		assert_int_equal(s->fingerprints[i].joins, !strcmp(kinds[i].kind, "top"));
		assert_int_equal(s->fingerprints[i].leads,
				 !strcmp(kinds[i].kind, "pc-lr") || !strcmp(kinds[i].kind, "site"));
		fl_hash128(kinds[i].preimage, strlen(kinds[i].preimage), hash);
		assert_memory_equal(s->fingerprints[i].hash, hash, 16);
	}
	assert_int_equal(s->version, FL_SIGNATURE_VERSION);
	assert_int_equal(strlen(s->rules_hash), 32);
}

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
	compute(report);
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
	compute(b);
	assert_memory_not_equal(find(a, "site")->hash, find(b, "site")->hash, 16);
}

/* A place without a symbol counts in its build; one outside of any code does not count at all. */
static void test_addresses_of_events(void **state)
{
	(void)state;
	char buf[256];
	FL_AUTO(fl_report) inside = told(FL_REPORT_REBOOT, "Hard Fault", "?;?~lr");
	assert_string_equal(find(inside, "address")->preimage,
			    "Hard Fault at 5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a+0x1000 < "
			    "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a+0x10ff");
	assert_string_equal(inside->trace.signature.title, "Hard Fault at 0x08001000");
	FL_AUTO(fl_report) wild = told(FL_REPORT_REBOOT, "Hard Fault", "??");
	assert_string_equal(decisive(wild, buf, sizeof(buf)), "reason: HardFault of app");
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
	compute(report);
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
		assert_string_equal(decisive(report, buf, sizeof(buf)), cases[i].decides);
		assert_int_equal(report->trace.signature.fingerprint_count, 1);
	}
}

static void test_steps_tell_why(void **state)
{
	(void)state;
	static const struct {
		uint32_t frame;
		const char *action, *because;
	} steps[] = {
		{ 0, "skip", "plumbing/memfault line 4: prv_fault_handling_assert" },
		{ 1, "skip", "no symbol" },
		{ 2, "name", "the first frame that is in no list" },
		{ 3, "keep", "prefix line 6: memcpy" },
		{ 4, "keep", "in no list" },
		{ 5, "end", "from here on frames are guesses (scan)" },
	};
	FL_AUTO(fl_report)
	report = signed_trace("Hard Fault", "prv_fault_handling_assert;?;f;memcpy;g;h~scan;main");
	const struct fl_signature *s = &report->trace.signature;
	assert_int_equal(s->step_count, sizeof(steps) / sizeof(steps[0]));
	for (size_t i = 0; i < s->step_count; i++) {
		assert_int_equal(s->steps[i].frame, steps[i].frame);
		assert_string_equal(s->steps[i].action, steps[i].action);
		assert_string_equal(s->steps[i].because, steps[i].because);
	}
}

static void test_own_rules_decide(void **state)
{
	(void)state;
	static const struct fl_rules_file mine = { "plumbing/mine", "g\n" };
	FL_AUTO(fl_rules) rules = NULL;
	assert_int_equal(fl_rules_open(&mine, 1, &rules, NULL), FL_OK);
	FL_AUTO(fl_report) report = trace_make("Assert", "g;f;main");
	struct fl_trace *t = &report->trace;
	assert_int_equal(fl_signature_compute(t, rules, &report->arena, &t->signature), FL_OK);
	assert_string_equal(t->signature.title, "Assert at f");
	assert_string_equal(t->signature.rules_hash, rules->hash);
}

/* What a stored report gives is what the fresh trace gave: regrouping starts from stored reports.
 */
static void test_a_stored_report_gives_the_same(void **state)
{
	(void)state;
	static const char *const frames[] = {
		"i:copy;memcpy;i:next;parse;task;main;Reset_Handler",
		"a\033[1mb;c\xff;void d<\x01>(int)",
		"?;?~lr;??",
		"f;--19;g;main",
	};
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		FL_AUTO(fl_report) fresh = signed_trace("Bus Fault", frames[i]);
		FL_AUTO_BUFFER bytes = { 0 };
		FL_AUTO(fl_report) stored = NULL;
		assert_int_equal(fl_report_encode(fresh, &bytes, NULL), FL_OK);
		assert_int_equal(fl_report_decode(bytes.data, bytes.size, &stored, NULL), FL_OK);
		compute(stored);
		FL_AUTO_BUFFER again = { 0 };
		assert_int_equal(fl_report_encode(stored, &again, NULL), FL_OK);
		assert_int_equal(bytes.size, again.size);
		assert_memory_equal(bytes.data, again.data, again.size);
	}
}

static void test_long_stacks_are_bounded(void **state)
{
	(void)state;
	FL_AUTO_STR frames = { 0 };
	for (unsigned i = 0; i < 2000; i++)
		fl_str_addf(&frames, "%sfunction_%u", i ? ";" : "", i);
	FL_AUTO(fl_report) report = signed_trace("Bus Fault", frames.data);
	const char *text = find(report, "stack")->preimage;
	assert_non_null(strstr(text, "function_63"));
	assert_null(strstr(text, "function_64"));
}

static struct fl_report *with_parties(const char *category, const char *frames, const char *thread,
				      const struct fl_cause_party *parties, size_t count)
{
	struct fl_report *report = trace_make(category, frames);
	struct fl_trace *t = &report->trace;
	if (t->thread_count)
		t->threads[0].name = thread;
	t->identity.software_type = "app";
	t->cause.random_frame = true;
	t->cause.parties = fl_arena_copy(&report->arena, parties, count * sizeof(*parties));
	t->cause.party_count = count;
	compute(report);
	return report;
}

static void test_a_deadlock_is_its_ring(void **state)
{
	static const struct {
		const char *name;
		struct fl_cause_party parties[4];
		size_t count;
		const char *title, *decides;
	} cases[] = {
		{ "two",
		  { { "logger", "uart_lock" }, { "radio", "spi_lock" } },
		  2,
		  "Deadlock between logger and radio",
		  "cause: Deadlock between logger for uart_lock, radio for spi_lock of app" },
		{ "the other way round is the same ring",
		  { { "radio", "spi_lock" }, { "logger", "uart_lock" } },
		  2,
		  "Deadlock between logger and radio",
		  "cause: Deadlock between logger for uart_lock, radio for spi_lock of app" },
		{ "ids and copies are no names",
		  { { "worker-3", "lock.17" }, { "worker-1", "pool+0x20" } },
		  2,
		  "Deadlock between worker and worker",
		  "cause: Deadlock between worker for lock, worker for pool of app" },
		{ "one",
		  { { "logger", "uart_lock" } },
		  1,
		  "Deadlock in logger",
		  "cause: Deadlock between logger for uart_lock of app" },
		{ "nothing has a name",
		  { { NULL, NULL }, { "0x20001000", NULL } },
		  2,
		  "Deadlock between an unnamed thread and an unnamed thread",
		  "cause: Deadlock between ? for ?, ? for ? of app" },
		{ "four",
		  { { "d", "1" }, { "c", "2" }, { "b", "3" }, { "a", "4" } },
		  4,
		  "Deadlock between a, d, c and 1 more",
		  "cause: Deadlock between a for 4, d for 1, c for 2, b for 3 of app" },
		{ "a turn decided late",
		  { { "a", "1" }, { "b", "1" }, { "a", "1" }, { "a", "2" } },
		  4,
		  "Deadlock between a, a, a and 1 more",
		  "cause: Deadlock between a for 1, a for 2, a for 1, b for 1 of app" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buf[512];
		print_message("%s\n", cases[i].name);
		for (size_t turn = 0; turn < cases[i].count; turn++) {
			struct fl_cause_party turned[4];
			for (size_t k = 0; k < cases[i].count; k++)
				turned[k] = cases[i].parties[(turn + k) % cases[i].count];
			FL_AUTO(fl_report)
			report = with_parties("Deadlock", turn ? "prvIdleTask" : "poll;main",
					      "IDLE", turned, cases[i].count);
			assert_string_equal(report->trace.signature.title, cases[i].title);
			assert_string_equal(decisive(report, buf, sizeof(buf)), cases[i].decides);
			assert_null(report->trace.signature.function);
		}
	}
}

static void test_the_first_turn_of_random_rings(void **state)
{
	enum { RINGS = 2000, SIZE = 7 };
	static const char *const names[] = { "a", "b" };
	(void)state;
	srand(7);
	for (unsigned n = 0; n < RINGS; n++) {
		struct fl_cause_party ring[SIZE], turned[SIZE];
		char a[512], b[512];
		size_t turn = (size_t)rand() % SIZE;
		for (size_t i = 0; i < SIZE; i++)
			ring[i] = (struct fl_cause_party){ names[rand() % 2], "l" };
		for (size_t i = 0; i < SIZE; i++)
			turned[i] = ring[(turn + i) % SIZE];
		FL_AUTO(fl_report) first = with_parties("Deadlock", "f", "t", ring, SIZE);
		FL_AUTO(fl_report) second = with_parties("Deadlock", "g", "u", turned, SIZE);
		assert_string_equal(decisive(first, a, sizeof(a)), decisive(second, b, sizeof(b)));
	}
}

static void test_a_large_ring_has_a_short_text(void **state)
{
	struct fl_cause_party parties[257];
	char buf[1024];
	(void)state;
	for (size_t i = 0; i < 257; i++)
		parties[i] = (struct fl_cause_party){ "t", "l" };
	FL_AUTO(fl_report) report = with_parties("Deadlock", NULL, NULL, parties, 257);
	assert_string_equal(report->trace.signature.title, "Deadlock between t, t, t and 254 more");
	assert_string_equal(decisive(report, buf, sizeof(buf)),
			    "cause: Deadlock between t for l, t for l, t for l, t for l, t for l, "
			    "t for l, t for l, t for l, t for l, t for l, t for l, t for l, t for "
			    "l, t for l, t for l, t for l and 241 more of app");
}

/* The thread that found the overflow is not the one that had it. */
static void test_the_victim_of_an_overflow_names_it(void **state)
{
	static const struct {
		const char *party, *thread, *title, *decides;
	} cases[] = {
		{ "net_rx", "IDLE", "Stack Overflow in net_rx",
		  "cause: Stack Overflow in thread net_rx of app" },
		{ "main stack", "net_rx", "Stack Overflow in main stack",
		  "cause: Stack Overflow in thread main stack of app" },
		{ NULL, "IDLE", "Stack Overflow at push", "top: Stack Overflow at push < run" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buf[512];
		struct fl_cause_party party = { cases[i].party, NULL };
		FL_AUTO(fl_report)
		report = with_parties("Stack Overflow", "push;run", cases[i].thread, &party, 1);
		assert_string_equal(report->trace.signature.title, cases[i].title);
		assert_string_equal(decisive(report, buf, sizeof(buf)), cases[i].decides);
	}
}

/* What an unnamed thread was doing when the watchdog came. */
static void test_waiting_does_not_name_a_watchdog(void **state)
{
	(void)state;
	static const struct expectation cases[] = {
		{ "Watchdog", "watchdog_isr;--20;vTaskDelay;poll;run", "Watchdog in poll",
		  "top: Watchdog at poll < run" },
		{ "Watchdog", "arch_cpu_idle;k_cpu_idle;idle", "Watchdog in arch_cpu_idle",
		  "top: Watchdog at arch_cpu_idle < k_cpu_idle < idle" },
		{ "Null Pointer", "xQueueReceive;poll;run", "Null Pointer at xQueueReceive",
		  "top: Null Pointer at xQueueReceive < poll < run" },
	};
	CHECK(cases);
}

/* Texts lie one behind the other: none may reach into the next. */
static void test_chain_texts(void **state)
{
	(void)state;
	struct fl_arena arena = { 0 };
	struct fl_chain chain = { 0 };
	const char *first[FL_CHAIN_MAX];
	char expected[FL_CHAIN_MAX * 8] = "";
	for (size_t i = 0; i < FL_CHAIN_MAX; i++) {
		first[i] = fl_chain_text(&chain, " < ", &arena);
		chain.names[chain.count++] = i % 2 ? "b" : "aa";
	}
	for (size_t i = 0; i < FL_CHAIN_MAX; i++) {
		assert_string_equal(first[i], expected);
		strcat(expected, i ? " < " : "");
		strcat(expected, i % 2 ? "b" : "aa");
	}
	fl_arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_recursion_depth_does_not_count),
		cmocka_unit_test(test_what_an_interrupt_interrupted_is_chance),
		cmocka_unit_test(test_guesses_stay_out_of_strict_fingerprints),
		cmocka_unit_test(test_when_every_frame_is_in_a_list),
		cmocka_unit_test(test_accidental_frames_are_keyed_by_thread),
		cmocka_unit_test(test_overflow_by_recursion),
		cmocka_unit_test(test_panics_are_told_apart_by_code),
		cmocka_unit_test(test_reasons_are_told_apart),
		cmocka_unit_test(test_accidental_frames_without_a_rule_have_no_say),
		cmocka_unit_test(test_imprecise_faults_are_near),
		cmocka_unit_test(test_without_symbols),
		cmocka_unit_test(test_without_frames),
		cmocka_unit_test(test_all_kinds),
		cmocka_unit_test(test_events_meet_full_traces),
		cmocka_unit_test(test_another_reason_is_another_place),
		cmocka_unit_test(test_addresses_of_events),
		cmocka_unit_test(test_trace_events),
		cmocka_unit_test(test_steps_tell_why),
		cmocka_unit_test(test_own_rules_decide),
		cmocka_unit_test(test_a_stored_report_gives_the_same),
		cmocka_unit_test(test_long_stacks_are_bounded),
		cmocka_unit_test(test_a_deadlock_is_its_ring),
		cmocka_unit_test(test_the_first_turn_of_random_rings),
		cmocka_unit_test(test_a_large_ring_has_a_short_text),
		cmocka_unit_test(test_the_victim_of_an_overflow_names_it),
		cmocka_unit_test(test_waiting_does_not_name_a_watchdog),
		cmocka_unit_test(test_chain_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
