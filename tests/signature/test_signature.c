/* SPDX-License-Identifier: Apache-2.0 */
/* Which frames name a trace, and what it is found by. */
#include "base/hash.h"
#include "base/str.h"
#include "signature/chain.h"
#include "signature/rules.h"
#include "signature/signature.h"
#include "support/cmocka.h"
#include "support/signatures.h"
#include "support/traces.h"

#include <stdio.h>
#include <string.h>

static void test_names(void **state)
{
	(void)state;
	static const struct signature_case cases[] = {
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
	SIGNATURE_CHECK(cases);
}

static void test_recursion_depth_does_not_count(void **state)
{
	(void)state;
	static const struct signature_case cases[] = {
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
	SIGNATURE_CHECK(cases);
	char deep[4096] = "";
	for (unsigned i = 0; i < 250; i++)
		strcat(deep, "descend;");
	strcat(deep, "run;main");
	char buf[256];
	FL_AUTO(fl_report) report = signature_trace("Null Pointer", deep);
	assert_string_equal(signature_decisive(report, buf, sizeof(buf)),
			    "top: Null Pointer at descend < run < main");
	assert_string_equal(signature_find(report, "stack")->preimage,
			    "Null Pointer at descend < run < main");
}

static void test_what_an_interrupt_interrupted_is_chance(void **state)
{
	(void)state;
	static const struct signature_case cases[] = {
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
	SIGNATURE_CHECK(cases);
}

static void test_guesses_stay_out_of_strict_fingerprints(void **state)
{
	(void)state;
	static const struct signature_case cases[] = {
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
	SIGNATURE_CHECK(cases);
}

static void test_when_every_frame_is_in_a_list(void **state)
{
	(void)state;
	static const struct signature_case cases[] = {
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
	SIGNATURE_CHECK(cases);
}

static void test_accidental_frames_are_keyed_by_thread(void **state)
{
	(void)state;
	char buf[256];
	FL_AUTO(fl_report) report = trace_make("Stack Overflow", "leaf;g;h;main");
	report->trace.threads[0].name = "net_rx";
	report->trace.identity.software_type = "app-fw";
	signature_compute(report);
	assert_string_equal(report->trace.signature.title, "Stack Overflow in net_rx");
	assert_string_equal(signature_decisive(report, buf, sizeof(buf)),
			    "cause: Stack Overflow in thread net_rx of app-fw");
	assert_non_null(signature_find(report, "top"));

	FL_AUTO(fl_report) pool = trace_make("Watchdog", "leaf;g");
	pool->trace.threads[0].name = "worker-17";
	signature_compute(pool);
	assert_string_equal(pool->trace.signature.title, "Watchdog in worker");
	assert_string_equal(signature_decisive(pool, buf, sizeof(buf)),
			    "cause: Watchdog in thread worker");

	/* a name that is an address says nothing */
	FL_AUTO(fl_report) nameless = trace_make("Stack Overflow", "leaf;g");
	nameless->trace.threads[0].name = "0x20001234";
	signature_compute(nameless);
	assert_string_equal(nameless->trace.signature.title, "Stack Overflow at leaf");
	assert_string_equal(signature_decisive(nameless, buf, sizeof(buf)),
			    "top: Stack Overflow at leaf < g");

	/* other causes care for the frames, whatever the thread */
	FL_AUTO(fl_report) other = trace_make("Null Pointer", "leaf;g");
	other->trace.threads[0].name = "net_rx";
	signature_compute(other);
	assert_string_equal(other->trace.signature.title, "Null Pointer at leaf");
}

static void test_without_symbols(void **state)
{
	(void)state;
	static const char id[] = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";
	char expected[512];
	char buf[512];
	FL_AUTO(fl_report) report = signature_trace("Hard Fault", "?;?;?;?");
	assert_string_equal(report->trace.signature.title, "Hard Fault at 0x08001000");
	assert_null(report->trace.signature.function);
	snprintf(expected, sizeof(expected),
		 "address: Hard Fault at %s+0x1000 < %s+0x10ff < %s+0x11ff", id, id, id);
	assert_string_equal(signature_decisive(report, buf, sizeof(buf)), expected);
	assert_int_equal(report->trace.signature.fingerprint_count, 1);

	/* a guess is no key */
	FL_AUTO(fl_report) guess = signature_trace("Hard Fault", "?;?~scan");
	snprintf(expected, sizeof(expected), "address: Hard Fault at %s+0x1000", id);
	assert_string_equal(signature_decisive(guess, buf, sizeof(buf)), expected);

	/* without any ELF: the dump's build id, else its version, and the pc */
	FL_AUTO(fl_report) bare = trace_make("Hard Fault", "??;??~lr");
	bare->trace.module_count = 0;
	bare->trace.identity.build_id_size = 20;
	signature_compute(bare);
	assert_string_equal(signature_decisive(bare, buf, sizeof(buf)),
			    "address: Hard Fault at 0000000000000000000000000000000000000000"
			    "+0x8001000 < 0000000000000000000000000000000000000000+0x8001100");
	bare->trace.identity.build_id_size = 0;
	bare->trace.identity.software_version = "1.2.3";
	signature_compute(bare);
	assert_string_equal(signature_decisive(bare, buf, sizeof(buf)),
			    "address: Hard Fault at 1.2.3 ?+0x8001000 < 1.2.3 ?+0x8001100");

	/* a module without a build id goes by its name */
	FL_AUTO(fl_report) named = trace_make("Hard Fault", "?");
	named->trace.modules[0].build_id_size = 0;
	signature_compute(named);
	assert_string_equal(signature_decisive(named, buf, sizeof(buf)),
			    "address: Hard Fault at fw.elf+0x1000");
}

static void test_without_frames(void **state)
{
	(void)state;
	static const struct signature_case cases[] = {
		{ "Hard Fault", NULL, "Hard Fault", "cause: Hard Fault" },
		{ "Stack Overflow", "", "Stack Overflow", "cause: Stack Overflow" },
		{ NULL, NULL, "Unknown", "cause: Unknown" },
		{ "Hard Fault", "--3", "Hard Fault", "cause: Hard Fault" },
	};
	SIGNATURE_CHECK(cases);
	char buf[256];
	FL_AUTO(fl_report) report = trace_make("Stack Overflow", "");
	report->trace.threads[0].name = "net_rx";
	signature_compute(report);
	assert_string_equal(report->trace.signature.title, "Stack Overflow in net_rx");
	assert_string_equal(signature_decisive(report, buf, sizeof(buf)),
			    "cause: Stack Overflow in thread net_rx");
}

static void test_all_kinds(void **state)
{
	(void)state;
	FL_AUTO(fl_report)
	report = signature_trace("Bus Fault",
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
	report =
		signature_trace("Hard Fault", "prv_fault_handling_assert;?;f;memcpy;g;h~scan;main");
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
		FL_AUTO(fl_report) fresh = signature_trace("Bus Fault", frames[i]);
		FL_AUTO_BUFFER bytes = { 0 };
		FL_AUTO(fl_report) stored = NULL;
		assert_int_equal(fl_report_encode(fresh, &bytes, NULL), FL_OK);
		assert_int_equal(fl_report_decode(bytes.data, bytes.size, &stored, NULL), FL_OK);
		signature_compute(stored);
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
	FL_AUTO(fl_report) report = signature_trace("Bus Fault", frames.data);
	const char *text = signature_find(report, "stack")->preimage;
	assert_non_null(strstr(text, "function_63"));
	assert_null(strstr(text, "function_64"));
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
		cmocka_unit_test(test_without_symbols),
		cmocka_unit_test(test_without_frames),
		cmocka_unit_test(test_all_kinds),
		cmocka_unit_test(test_steps_tell_why),
		cmocka_unit_test(test_own_rules_decide),
		cmocka_unit_test(test_a_stored_report_gives_the_same),
		cmocka_unit_test(test_long_stacks_are_bounded),
		cmocka_unit_test(test_chain_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
