/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cmocka.h"
#include "support/traces.h"

#include "report/json_writer.h"
#include "signature/signature.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define GOLDEN FL_TESTS "/report/golden/"

static char *render(const struct fl_report *report)
{
	struct fl_buffer text = { 0 };
	struct fl_error err = { 0 };
	if (fl_report_json(report, &text, &err))
		fail_msg("%s", err.message);
	return (char *)text.data;
}

static json_t *parsed(const struct fl_report *report)
{
	char *text = render(report);
	json_error_t err;
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &err);
	if (!root)
		fail_msg("line %d: %s", err.line, err.text);
	free(text);
	return root;
}

static void expect(const struct fl_report *report, const char *path)
{
	char *text = render(report);
	trace_expect_file(path, text);
	free(text);
}

static void test_golden(void **state)
{
	(void)state;
	FL_AUTO(fl_report) full = trace_make_full();
	expect(full, GOLDEN "full.json");
	FL_AUTO(fl_report) threads = trace_make_threads();
	expect(threads, GOLDEN "threads.json");
	FL_AUTO(fl_report) empty = fl_report_new();
	expect(empty, GOLDEN "empty.json");
	FL_AUTO(fl_report) bare = trace_make("Hard Fault", "?;??~lr;--0;f~scan");
	bare->trace.threads[0].frames[2].pc_known = false;
	expect(bare, GOLDEN "bare.json");
	FL_AUTO(fl_report) reboot = trace_make_event(FL_REPORT_REBOOT);
	expect(reboot, GOLDEN "reboot.json");
	FL_AUTO(fl_report) trace = trace_make_event(FL_REPORT_TRACE);
	expect(trace, GOLDEN "trace.json");
}

static const char *text_at(const json_t *root, const char *path)
{
	char *copy = strdup(path);
	const json_t *at = root;
	for (char *rest = NULL, *word = strtok_r(copy, "/", &rest); word;
	     word = strtok_r(NULL, "/", &rest))
		at = json_is_array(at) ? json_array_get(at, strtoul(word, NULL, 10))
				       : json_object_get(at, word);
	free(copy);
	return json_string_value(at);
}

/* The keys that others rely on, spelled out: a rename must fail here and not only in a golden file.
 */
static void test_promised_keys(void **state)
{
	(void)state;
	static const struct {
		const char *path, *value;
	} cases[] = {
		{ "schema", "faultline-report/1" },
		{ "engine/version", "0.1.0" },
		{ "sandbox", "seccomp" },
		{ "dump/format", "memfault" },
		{ "device/serial", "SN-0042" },
		{ "device/hardware_version", "evt-2" },
		{ "software/type", "app-fw" },
		{ "software/version", "1.2.3" },
		{ "software/build_id", "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3" },
		{ "reason/code", "0x9200" },
		{ "reason/name", "MemFault" },
		{ "fault/registers/CFSR", "0x00000082" },
		{ "fault/facts/0/register", "CFSR" },
		{ "fault/facts/0/name", "DACCVIOL" },
		{ "fault/facts/0/meaning", "data access forbidden by the MPU" },
		{ "cause/category", "Null Pointer" },
		{ "cause/title", "write of 4 bytes to 0x00000010, a null pointer plus 16" },
		{ "cause/confidence", "certain" },
		{ "cause/evidence/1", "r3 is 0 at the store" },
		{ "cause/address", "0x00000010" },
		{ "threads/0/name", "net_rx" },
		{ "threads/0/state", "running" },
		{ "threads/0/stack/start", "0x20000800" },
		{ "threads/0/stack/end", "0x20001000" },
		{ "threads/0/stop/code", "not-captured" },
		{ "threads/0/stop/text", "stack memory at 0x20000ff0 was not captured" },
		{ "threads/0/frames/0/pc", "0x08000412" },
		{ "threads/0/frames/0/function", "sensor::store" },
		{ "threads/0/frames/0/file", "src/sensor.cpp" },
		{ "threads/0/frames/1/linkage_name", "_ZN6sensor6DriverIiE4readEv" },
		{ "threads/0/frames/1/module", "fw.elf" },
		{ "threads/0/frames/1/trust", "context" },
		{ "threads/0/frames/1/registers/sp", "0x2d0d0d0d" },
		{ "threads/0/frames/2/kind", "exception" },
		{ "threads/0/frames/2/pc", "0xfffffffd" },
		{ "threads/0/frames/3/trust", "scan" },
		{ "memory/0/address", "0x20000000" },
		{ "modules/0/name", "fw.elf" },
		{ "modules/0/match", "other-build" },
		{ "signature/title", "Null Pointer at sensor::store" },
		{ "signature/fingerprints/1/kind", "top" },
		{ "signature/fingerprints/1/hash", "09080700000000000000000000000000" },
		{ "signature/steps/0/action", "name" },
		{ "findings/0/severity", "alarm" },
		{ "findings/0/stage", "inspect" },
	};
	FL_AUTO(fl_report) report = trace_make_full();
	json_t *root = parsed(report);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *got = text_at(root, cases[i].path);
		if (!got || strcmp(got, cases[i].value) != 0)
			fail_msg("%s is %s", cases[i].path, got ? got : "not there");
	}
	const json_t *thread = json_array_get(json_object_get(root, "threads"), 0);
	assert_int_equal(json_integer_value(json_object_get(thread, "priority")), -3);
	assert_true(json_is_true(json_object_get(thread, "crashed")));
	assert_true(json_is_true(json_object_get(thread, "current")));
	const json_t *frames = json_object_get(thread, "frames");
	assert_true(json_is_true(json_object_get(json_array_get(frames, 0), "inlined")));
	assert_int_equal(json_integer_value(json_object_get(json_array_get(frames, 0), "line")),
			 17);
	assert_null(json_object_get(json_array_get(frames, 2), "function"));
	json_decref(root);
}

static json_int_t number_at(const json_t *object, const char *key)
{
	const json_t *number = json_object_get(object, key);
	assert_true(json_is_integer(number));
	return json_integer_value(number);
}

static void test_promised_keys_of_threads(void **state)
{
	(void)state;
	static const struct {
		const char *path, *value;
	} cases[] = {
		{ "kernel/name", "FreeRTOS" },
		{ "cause/parties/0/thread", "uart_rx" },
		{ "cause/parties/1/lock", "spi_lock" },
		{ "threads/0/name", "uart_rx" },
		{ "threads/0/block", "0x20004000" },
		{ "threads/0/entry/function", "uart_rx_main" },
		{ "threads/0/entry/address", "0x08001300" },
		{ "threads/0/stack/start", "0x20005000" },
		{ "threads/0/overflow/verdict", "proven" },
		{ "threads/0/overflow/evidence/1", "the fill pattern is gone" },
		{ "threads/1/state", "blocked" },
		{ "threads/1/waits_for/kind", "mutex" },
		{ "threads/1/waits_for/object", "0x20002000" },
		{ "threads/1/waits_for/name", "uart_lock" },
		{ "threads/1/waits_for/held_by", "uart_rx" },
		{ "threads/1/waits_for/holder", "0x20004000" },
		{ "threads/2/waits_for/kind", "queue-receive" },
		{ "threads/6/stack/start", "0x20006000" },
	};
	FL_AUTO(fl_report) report = trace_make_threads();
	report->trace.threads[0].has_core = true;
	report->trace.threads[0].core = 1;
	json_t *root = parsed(report);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *got = text_at(root, cases[i].path);
		if (!got || strcmp(got, cases[i].value) != 0)
			fail_msg("%s is %s", cases[i].path, got ? got : "not there");
	}
	const json_t *kernel = json_object_get(root, "kernel");
	const json_t *threads = json_object_get(root, "threads");
	const json_t *crashed = json_array_get(threads, 0);
	const json_t *logger = json_array_get(threads, 1);
	const json_t *sensor = json_array_get(threads, 2);
	const json_t *idle = json_array_get(threads, 3);
	assert_true(json_is_true(json_object_get(kernel, "running")));
	assert_int_equal(number_at(kernel, "tick"), 123456);
	assert_int_equal(number_at(kernel, "thread_count"), 9);
	assert_int_equal(number_at(crashed, "core"), 1);
	assert_int_equal(number_at(json_object_get(crashed, "stack"), "used"), 560);
	assert_int_equal(number_at(logger, "priority"), 3);
	assert_int_equal(number_at(logger, "base_priority"), 1);
	assert_int_equal(number_at(json_object_get(logger, "stack"), "unused"), 64);
	assert_int_equal(number_at(json_object_get(logger, "stack"), "high_water"), 960);
	assert_true(json_is_true(json_object_get(json_object_get(logger, "waits_for"), "forever")));
	assert_int_equal(number_at(json_object_get(sensor, "waits_for"), "wake_tick"), 123999);
	assert_true(json_is_true(json_object_get(idle, "idle")));
	json_decref(root);
}

/* What is not known of a thread, and what is false where only its truth is known. */
static void test_unknown_of_threads_is_absent(void **state)
{
	(void)state;
	static const struct {
		size_t thread;
		const char *keys[8];
	} absent[] = {
		{ 0, { "idle", "waits_for", "core" } },
		{ 3, { "waits_for", "stack", "overflow", "core", "entry" } },
		{ 4, { "name", "priority", "base_priority", "entry", "waits_for", "stack" } },
		{ 6, { "block" } },
	};
	FL_AUTO(fl_report) report = trace_make_threads();
	report->trace.threads[1].wait.holder = 0x20009999; /* no thread of ours */
	json_t *root = parsed(report);
	const json_t *threads = json_object_get(root, "threads");
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
		for (size_t k = 0; absent[i].keys[k]; k++)
			if (json_object_get(json_array_get(threads, absent[i].thread),
					    absent[i].keys[k]))
				fail_msg("thread %zu has %s", absent[i].thread, absent[i].keys[k]);
	const json_t *held = json_object_get(json_array_get(threads, 1), "waits_for");
	assert_null(json_object_get(held, "held_by"));
	assert_null(json_object_get(held, "wake_tick"));
	assert_string_equal(json_string_value(json_object_get(held, "holder")), "0x20009999");
	const json_t *receives = json_object_get(json_array_get(threads, 2), "waits_for");
	assert_null(json_object_get(receives, "name"));
	assert_null(json_object_get(receives, "forever"));
	assert_null(json_object_get(json_object_get(json_array_get(threads, 6), "stack"), "end"));
	json_decref(root);
	FL_AUTO(fl_report) bare = trace_make("Assert", "f");
	root = parsed(bare);
	assert_null(json_object_get(root, "kernel"));
	json_decref(root);
}

static void test_promised_keys_of_events(void **state)
{
	(void)state;
	static const struct {
		const char *path, *value;
	} cases[] = {
		{ "kind", "trace" },
		{ "event/hash", "33333333333333333333333333333333" },
		{ "event/pc", "0x08001004" },
		{ "event/lr", "0x08001101" },
		{ "event/reset_register", "0x24000000" },
		{ "event/trace_reason_name", "QueueFull" },
		{ "event/log", "queue of 12, \xe2\x88\x92"
			       "3 left" },
		{ "software/build_id", "a0a1a2a3a4a5" },
		{ "threads/0/frames/1/trust", "lr" },
	};
	FL_AUTO(fl_report) report = trace_make_event(FL_REPORT_TRACE);
	json_t *root = parsed(report);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *got = text_at(root, cases[i].path);
		if (!got || strcmp(got, cases[i].value) != 0)
			fail_msg("%s is %s", cases[i].path, got ? got : "not there");
	}
	const json_t *event = json_object_get(root, "event");
	assert_int_equal(json_integer_value(json_object_get(event, "status")), -1234567890123);
	assert_int_equal(json_integer_value(json_object_get(event, "trace_reason")), 3);
	assert_int_equal(json_integer_value(json_object_get(event, "captured_at")), 1700000000);
	assert_int_equal(json_integer_value(json_object_get(event, "size")), 57);
	static const char *const absent[] = { "dump", "fault", "memory", "reason" };
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
		assert_null(json_object_get(root, absent[i]));
	json_decref(root);
}

static void test_unknown_is_absent(void **state)
{
	(void)state;
	static const char *const absent[] = { "reason", "globals", "interrupts", "mpu" };
	FL_AUTO(fl_report) report = trace_make("Assert", "??;--0");
	report->trace.threads[0].frames[1].pc_known = false;
	json_t *root = parsed(report);
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
		assert_null(json_object_get(root, absent[i]));
	const json_t *frames =
		json_object_get(json_array_get(json_object_get(root, "threads"), 0), "frames");
	const json_t *frame = json_array_get(frames, 0);
	static const char *const keys[] = { "function", "file", "line",      "column",
					    "module",   "cfa",  "registers", "linkage_name" };
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_null(json_object_get(frame, keys[i]));
	assert_true(json_is_null(json_object_get(json_array_get(frames, 1), "pc")));
	json_decref(root);
}

static void test_any_text_is_valid_json(void **state)
{
	(void)state;
	static const char *const odd[] = {
		"a\"b\\c/d", "\x01\x1f\x7f", "a\033[1mb\n", "\xff\xfe", "caf\xc3\xa9 \xe2\x82\xac",
		""
	};
	static const char *const clean[] = { "a\"b\\c/d",
					     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
					     "a\xef\xbf\xbd[1mb\xef\xbf\xbd",
					     "\xef\xbf\xbd\xef\xbf\xbd",
					     "caf\xc3\xa9 \xe2\x82\xac",
					     "" };
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		FL_AUTO(fl_report) report = trace_make_full();
		report->trace.cause.title = odd[i];
		report->trace.cause.evidence[0] = odd[i];
		json_t *root = parsed(report);
		assert_string_equal(text_at(root, "cause/title"), clean[i]);
		assert_string_equal(text_at(root, "cause/evidence/0"), clean[i]);
		json_decref(root);
	}
}

/* What a child sends through the binary form looks the same as what was analysed in this process.
 */
static void binary_form_changes_nothing(struct fl_report *fresh)
{
	struct fl_trace *t = &fresh->trace;
	assert_int_equal(fl_signature_compute(t, NULL, &fresh->arena, &t->signature), FL_OK);
	FL_AUTO_BUFFER bytes = { 0 };
	FL_AUTO(fl_report) stored = NULL;
	assert_int_equal(fl_report_encode(fresh, &bytes, NULL), FL_OK);
	assert_int_equal(fl_report_decode(bytes.data, bytes.size, &stored, NULL), FL_OK);
	char *a = render(fresh);
	char *b = render(stored);
	assert_string_equal(a, b);
	free(a);
	free(b);
	FL_AUTO_BUFFER x = { 0 };
	FL_AUTO_BUFFER y = { 0 };
	assert_int_equal(fl_report_text(fresh, NULL, &x, NULL), FL_OK);
	assert_int_equal(fl_report_text(stored, NULL, &y, NULL), FL_OK);
	assert_string_equal((char *)x.data, (char *)y.data);
}

static void test_the_binary_form_changes_nothing(void **state)
{
	(void)state;
	FL_AUTO(fl_report) odd = trace_make("Assert", "a\033b;i:x;y~scan;--3;z");
	binary_form_changes_nothing(odd);
	FL_AUTO(fl_report) threads = trace_make_threads();
	threads->trace.threads[3].name = "a\033b";
	binary_form_changes_nothing(threads);
}

static void test_writer(void **state)
{
	(void)state;
	FL_AUTO_STR out = { 0 };
	struct fl_json j = { .out = &out };
	fl_json_object(&j, NULL);
	fl_json_array(&j, "empty");
	fl_json_end(&j);
	fl_json_object_line(&j, "line");
	fl_json_array(&j, "nested");
	fl_json_uint(&j, NULL, UINT64_MAX);
	fl_json_int(&j, NULL, INT64_MIN);
	fl_json_end(&j);
	fl_json_null(&j, "n");
	fl_json_str(&j, "absent", NULL);
	fl_json_bool(&j, "b", true);
	fl_json_end(&j);
	fl_json_array(&j, "block");
	fl_json_addr(&j, NULL, 0x10);
	fl_json_addr(&j, NULL, 0x100000000);
	fl_json_hex(&j, NULL, (const uint8_t *)"\x01\xff", 2);
	fl_json_end(&j);
	fl_json_end(&j);
	assert_string_equal(out.data, "{\n"
				      "  \"empty\": [],\n"
				      "  \"line\": {\"nested\": [18446744073709551615, "
				      "-9223372036854775808], \"n\": null, \"b\": true},\n"
				      "  \"block\": [\n"
				      "    \"0x00000010\",\n"
				      "    \"0x100000000\",\n"
				      "    \"01ff\"\n"
				      "  ]\n"
				      "}\n");
	fl_json_deinit(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_promised_keys),
		cmocka_unit_test(test_promised_keys_of_threads),
		cmocka_unit_test(test_unknown_of_threads_is_absent),
		cmocka_unit_test(test_promised_keys_of_events),
		cmocka_unit_test(test_unknown_is_absent),
		cmocka_unit_test(test_any_text_is_valid_json),
		cmocka_unit_test(test_the_binary_form_changes_nothing),
		cmocka_unit_test(test_writer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
