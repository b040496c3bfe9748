/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cmocka.h"
#include "support/corpus.h"
#include "support/dump_writer.h"
#include "support/event_writer.h"

#include "report/report.h"
#include "symbols/symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fl_symbols *symbols;
static struct fl_symbol_view view;

static int open_image(void **state)
{
	(void)state;
	size_t size;
	uint8_t *bytes = corpus_read(FL_TESTS "/analyze/data/events.elf", &size);
	if (!bytes || fl_symbols_open(bytes, size, "events.elf", &symbols, NULL) ||
	    !fl_view_add(&view, symbols))
		return -1;
	free(bytes);
	return 0;
}

static int close_image(void **state)
{
	(void)state;
	fl_symbols_close(symbols);
	return 0;
}

static uint32_t address(const char *name)
{
	struct fl_symbol_info info;
	if (!fl_view_symbol(&view, name, &info))
		fail_msg("no symbol %s", name);
	return info.addr & ~1u;
}

enum {
	UNKNOWN = 0x0000,
	FACTORY_RESET = 0x1001,
	ASSERT = 0x8001,
	BROWN_OUT = 0x8003,
	SOFTWARE_WATCHDOG = 0x8006,
	MEM_FAULT = 0x9200,
	HARD_FAULT = 0x9400,
	RADIO_STUCK = 0xa001,
};

/* "leaf context, calls_leaf lr" */
static const char *frames(const struct fl_report *report, char *buf, size_t size)
{
	const struct fl_thread *thread = fl_trace_crashed(&report->trace);
	buf[0] = '\0';
	for (size_t i = 0; thread && i < thread->frame_count; i++)
		snprintf(buf + strlen(buf), size - strlen(buf), "%s%s %s", i ? ", " : "",
			 thread->frames[i].function ? thread->frames[i].function : "??",
			 fl_trust_name(thread->frames[i].trust));
	return buf;
}

static void test_a_fault_is_where_its_pc_says(void **state)
{
	(void)state;
	char buf[256];
	struct event event = { .reason = HARD_FAULT,
			       .pc = address("at_leaf"),
			       .lr = address("after_leaf") | 1,
			       .coredump_saved = true,
			       .captured_at = 1700000000 };
	FL_AUTO(fl_report) report = event_analyze(&event, symbols);
	const struct fl_trace *t = &report->trace;
	assert_int_equal(t->kind, FL_REPORT_REBOOT);
	assert_string_equal(frames(report, buf, sizeof(buf)), "leaf context, calls_leaf lr");
	assert_int_equal(t->threads[0].frames[0].pc, event.pc);
	assert_int_equal(t->threads[0].frames[0].lookup_pc, event.pc);
	assert_int_equal(t->threads[0].frames[1].pc, event.lr - 1);
	assert_int_equal(t->threads[0].frames[1].lookup_pc, event.lr - 2);
	assert_non_null(t->threads[0].frames[0].file);
	assert_int_equal(t->arch, FL_ARCH_V7EM);
	assert_string_equal(t->cause.category, "Hard Fault");
	assert_non_null(strstr(t->cause.title, "no register says why"));
	assert_string_equal(t->signature.title, "Hard Fault at leaf");
	assert_non_null(strstr(t->threads[0].stop_text, "an event holds no stack"));
	struct fl_report_facts facts = fl_report_facts(report);
	assert_true(facts.has_pc && facts.pc == event.pc && facts.has_lr && facts.lr == event.lr);
	assert_true(facts.coredump_saved && facts.needs_symbols && !facts.expected);
	assert_true(facts.has_captured_at && facts.captured_at == 1700000000);
	assert_string_equal(facts.software_type, "app");
	assert_string_equal(facts.software_version, "1.2.3");
}

/* Software that reads pc sees the instruction 4 bytes ahead. */
static void test_an_assert_is_before_its_pc(void **state)
{
	(void)state;
	char buf[256];
	struct event event = { .reason = ASSERT,
			       .pc = address("at_check") + 4,
			       .lr = address("after_check") | 1 };
	FL_AUTO(fl_report) report = event_analyze(&event, symbols);
	const struct fl_thread *thread = &report->trace.threads[0];
	assert_string_equal(frames(report, buf, sizeof(buf)), "check context, start lr");
	assert_int_equal(thread->frames[0].pc, address("at_check"));
	assert_int_equal(thread->frames[0].lookup_pc, address("at_check"));
	assert_string_equal(report->trace.signature.title, "Assert at check");
	assert_int_equal(report->trace.event.pc, event.pc);

	/* Four bytes before there is another function, so pc was none that was read. */
	event.pc = address("check");
	FL_AUTO(fl_report) exact = event_analyze(&event, symbols);
	assert_string_equal(frames(exact, buf, sizeof(buf)), "check context, start lr");
	assert_int_equal(exact->trace.threads[0].frames[0].pc, event.pc);

	/* ... or no function at all. */
	event.pc = address("memfault_fault_handling_assert");
	FL_AUTO(fl_report) first = event_analyze(&event, symbols);
	assert_int_equal(first->trace.threads[0].frames[0].pc, event.pc);

	/* A watchdog's interrupt finds pc on the stack. */
	event.reason = SOFTWARE_WATCHDOG;
	event.pc = address("at_check") + 4;
	FL_AUTO(fl_report) watchdog = event_analyze(&event, symbols);
	assert_int_equal(watchdog->trace.threads[0].frames[0].pc, event.pc);
	assert_string_equal(watchdog->trace.signature.title, "Watchdog in check");
}

static void test_lr_has_to_be_a_return_address(void **state)
{
	(void)state;
	const struct {
		uint32_t lr;
		const char *frames;
	} cases[] = {
		{ 0, "stale context" },
		{ 0xfffffff9, "stale context" }, /* an exception was just entered */
		{ 0xffffffed, "stale context" },
		{ UINT32_MAX, "stale context" },
		{ 0x20000011, "stale context" },               /* not code */
		{ address("after_stale"), "stale context" },   /* not in Thumb state */
		{ address("at_report") | 1, "stale context" }, /* no call before it */
		{ address("after_stale") | 1, "stale context, calls_stale lr" },
		/* inner() returned there, before outer() returned to stale() */
		{ address("after_inner") | 1, "stale context, outer scan" },
		/* outer() returned there */
		{ address("at_stale") | 1, "stale context, stale scan" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buf[256];
		struct event event = { .reason = MEM_FAULT,
				       .pc = address("at_stale"),
				       .lr = cases[i].lr };
		FL_AUTO(fl_report) report = event_analyze(&event, symbols);
		assert_string_equal(frames(report, buf, sizeof(buf)), cases[i].frames);
		assert_string_equal(report->trace.signature.title, "Memory Fault at stale");
		assert_int_equal(report->trace.event.lr, cases[i].lr);
	}
}

/* Where nothing was saved yet LR is what the caller left there, whoever it called first. */
static void test_a_leaf_returns_by_lr(void **state)
{
	(void)state;
	char buf[256];
	struct event event = { .reason = MEM_FAULT,
			       .pc = address("at_leaf"),
			       .lr = address("after_stale") | 1 };
	FL_AUTO(fl_report) report = event_analyze(&event, symbols);
	assert_string_equal(frames(report, buf, sizeof(buf)), "leaf context, calls_stale lr");
	event.lr = 0xfffffff9;
	FL_AUTO(fl_report) bare = event_analyze(&event, NULL);
	assert_string_equal(frames(bare, buf, sizeof(buf)), "?? context");
}

static void test_lr_alone(void **state)
{
	(void)state;
	char buf[256];
	struct event event = { .reason = ASSERT, .lr = address("after_check") | 1 };
	FL_AUTO(fl_report) report = event_analyze(&event, symbols);
	assert_string_equal(frames(report, buf, sizeof(buf)), "start lr");
	assert_string_equal(report->trace.signature.title, "Assert at start");
}

static void test_a_bad_jump_came_from_lr(void **state)
{
	(void)state;
	char buf[256];
	struct event event = { .reason = HARD_FAULT,
			       .pc = 0x20000100,
			       .lr = address("after_leaf") | 1 };
	FL_AUTO(fl_report) report = event_analyze(&event, symbols);
	assert_string_equal(report->trace.cause.category, "Bad Jump");
	assert_string_equal(report->trace.signature.title, "Bad Jump from calls_leaf");
	assert_string_equal(frames(report, buf, sizeof(buf)), "?? context, calls_leaf scan");

	/* What was never stacked is no jump: here the fill pattern of a stack. */
	event.pc = event.lr = 0xa5a5a5a4;
	FL_AUTO(fl_report) nowhere = event_analyze(&event, symbols);
	assert_string_equal(nowhere->trace.cause.category, "Hard Fault");
	assert_int_equal(nowhere->trace.cause.confidence, FL_UNCERTAIN);
	assert_string_equal(fl_report_facts(nowhere).fingerprints[0].kind, "reason");
}

static void test_reasons_have_their_names_in_the_elf(void **state)
{
	(void)state;
	static const struct {
		uint32_t code;
		const char *name, *bare;
		bool expected;
	} cases[] = {
		{ FACTORY_RESET, "FactoryReset", "0x1001", true },
		{ 0x1002, "SettingsChanged", "0x1002", true },
		{ 0x1000, "0x1000", "0x1000", true }, /* ExpectedBase is no reason */
		{ RADIO_STUCK, "RadioStuck", "0xa001", false },
		{ 0xa000, "0xa000", "0xa000", false },
		{ 0xa005, "0xa005", "0xa005", false },
		{ 0xa007, "Overheated", "0xa007", false }, /* in a namespace, of two bytes */
		{ 0xa008, "Broken", "0xa008", false },     /* in a class */
		{ 0xa009, "Local", "0xa009", false },      /* in a function */
		{ 0x8fff, "Later", "0x8fff", false },
		{ ASSERT, "Assert", "Assert", false },
		{ BROWN_OUT, "BrownOutReset", "BrownOutReset", false },
		{ UNKNOWN, "Unknown", "Unknown", false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct event event = { .reason = cases[i].code };
		FL_AUTO(fl_report) report = event_analyze(&event, symbols);
		FL_AUTO(fl_report) bare = event_analyze(&event, NULL);
		assert_string_equal(report->trace.reason.name, cases[i].name);
		assert_string_equal(bare->trace.reason.name, cases[i].bare);
		struct fl_report_facts facts = fl_report_facts(bare);
		assert_int_equal(facts.expected, cases[i].expected);
		assert_int_equal(facts.needs_symbols, !strncmp(cases[i].bare, "0x", 2));
		assert_int_equal(fl_report_facts(report).needs_symbols,
				 !strncmp(cases[i].name, "0x", 2));
	}
	struct event event = { .reason = RADIO_STUCK, .pc = address("at_check") + 4 };
	FL_AUTO(fl_report) report = event_analyze(&event, symbols);
	assert_string_equal(report->trace.signature.title, "Custom Reason RadioStuck at check");
	assert_string_equal(fl_report_facts(report).fingerprints[0].preimage,
			    "RadioStuck at check");
}

static void test_resets_group_by_reason(void **state)
{
	(void)state;
	struct event event = { .reason = BROWN_OUT, .reset_register = 0x24000000 };
	FL_AUTO(fl_report) report = event_analyze(&event, NULL);
	struct fl_report_facts facts = fl_report_facts(report);
	assert_string_equal(facts.title, "Reset BrownOutReset");
	assert_int_equal(facts.fingerprint_count, 1);
	assert_string_equal(facts.fingerprints[0].preimage, "BrownOutReset of app");
	assert_true(facts.fingerprints[0].joins);
	assert_false(facts.needs_symbols);
	assert_int_equal(report->trace.thread_count, 0);
	assert_non_null(strstr(report->trace.cause.evidence[1], "0x24000000"));
}

static void test_trace_events(void **state)
{
	(void)state;
	char buf[256];
	struct event event = { .trace = true,
			       .reason = 1,
			       .pc = address("at_report") + 4,
			       .lr = address("after_report") | 1,
			       .has_status = true,
			       .status = -3,
			       .log = "no answer" };
	FL_AUTO(fl_report) report = event_analyze(&event, symbols);
	const struct fl_trace *t = &report->trace;
	assert_int_equal(t->kind, FL_REPORT_TRACE);
	assert_false(t->reason.known);
	assert_string_equal(frames(report, buf, sizeof(buf)), "report context, start lr");
	assert_int_equal(t->threads[0].frames[0].pc, address("at_report"));
	assert_string_equal(t->cause.category, "Trace Event");
	assert_string_equal(t->cause.title,
			    "the software reported SensorTimeout with status -3 and went on");
	assert_string_equal(t->signature.title, "SensorTimeout at report (status -3)");
	assert_string_equal(t->event.log, "no answer");
	assert_false(fl_report_facts(report).expected);

	event.reason = 4; /* NumReasons is how many there are */
	event.pc = event.lr = 0;
	FL_AUTO(fl_report) unnamed = event_analyze(&event, symbols);
	assert_null(unnamed->trace.event.trace_reason_name);
	assert_string_equal(unnamed->trace.signature.title, "trace reason 4 (status -3)");
	assert_true(fl_report_facts(unnamed).needs_symbols);
	event.reason = 3;
	FL_AUTO(fl_report) named = event_analyze(&event, symbols);
	assert_string_equal(named->trace.event.trace_reason_name, "QueueFull");
	assert_false(fl_report_facts(named).needs_symbols);
}

/* Whether the alarms say that the ELF is another one. */
static bool is_alarming(const struct fl_report *report)
{
	for (size_t i = 0; i < report->trace.finding_count; i++)
		if (report->trace.findings[i].severity == FL_ALARM)
			return true;
	return false;
}

static void test_the_first_bytes_of_a_build_id_decide(void **state)
{
	(void)state;
	struct fl_module_info info = fl_symbols_module(symbols, 0);
	assert_int_equal(info.build_id_size, 20);
	for (size_t size = 5; size <= 20; size++) {
		uint8_t id[20];
		memcpy(id, info.build_id, sizeof(id));
		struct event event = { .reason = HARD_FAULT,
				       .pc = address("at_leaf"),
				       .build_id = id,
				       .build_id_size = size };
		FL_AUTO(fl_report) same = event_analyze(&event, symbols);
		struct fl_report_facts facts = fl_report_facts(same);
		assert_int_equal(facts.match, FL_MATCH_SAME);
		assert_false(facts.build_id_conflict || is_alarming(same));
		assert_int_equal(facts.build_id_size, size);
		assert_memory_equal(facts.build_id, id, size);

		id[size - 1] ^= 1;
		FL_AUTO(fl_report) other = event_analyze(&event, symbols);
		facts = fl_report_facts(other);
		assert_int_equal(facts.match, FL_MATCH_OTHER_BUILD);
		assert_true(facts.build_id_conflict && is_alarming(other));
	}
}

static void test_without_a_build_id_code_decides(void **state)
{
	(void)state;
	struct event event = { .reason = HARD_FAULT,
			       .pc = address("at_leaf"),
			       .lr = address("after_leaf") | 1 };
	FL_AUTO(fl_report) unknown = event_analyze(&event, symbols);
	assert_int_equal(fl_report_facts(unknown).match, FL_MATCH_UNKNOWN);
	event.pc = 0x00010000;
	event.lr = 0x00010101;
	FL_AUTO(fl_report) unrelated = event_analyze(&event, symbols);
	assert_int_equal(fl_report_facts(unrelated).match, FL_MATCH_UNRELATED);
	assert_true(is_alarming(unrelated));
}

static void test_without_symbols(void **state)
{
	(void)state;
	char buf[256];
	struct event event = { .reason = ASSERT, .pc = 0x08000310, .lr = 0x08000201 };
	FL_AUTO(fl_report) report = event_analyze(&event, NULL);
	assert_string_equal(frames(report, buf, sizeof(buf)), "?? context, ?? lr");
	assert_int_equal(report->trace.threads[0].frames[0].pc, 0x08000310);
	assert_int_equal(report->trace.match, FL_MATCH_NO_SYMBOLS);
	assert_string_equal(report->trace.signature.title, "Assert at 0x08000310");
	assert_true(fl_report_facts(report).needs_symbols);
}

enum { SP = 0x20001000, READ_SIZE = 8 /* mov, mov, bl */, THUMB = 0x01000000 };

/* An assert in @p function of start(), which pushed two words; the trap is a leaf. */
static struct fl_report *assert_dump(uint32_t reason, const char *read, const char *after)
{
	DUMP_AUTO dump = { 0 };
	struct dump_registers regs = { .sp = SP,
				       .msp = SP,
				       .lr = (address(read) + READ_SIZE) | 1,
				       .pc = address("at_trap"),
				       .psr = THUMB };
	const uint32_t stack[] = { 0, address(after) | 1, 0, 0 };
	dump_begin(&dump, 2);
	dump_add_registers(&dump, &regs);
	dump_add_reason(&dump, reason);
	dump_add_words(&dump, SP, stack, 4);
	dump_end(&dump, false);
	struct fl_report *report = NULL;
	const struct fl_symbols *list = symbols;
	assert_int_equal(fl_analyze(dump.bytes, dump.size, &list, 1, NULL, &report, NULL), FL_OK);
	return report;
}

static void test_a_dump_says_what_its_event_does(void **state)
{
	(void)state;
	FL_AUTO(fl_report) dump = assert_dump(ASSERT, "at_check", "after_check");
	struct fl_report_facts facts = fl_report_facts(dump);
	assert_string_equal(facts.title, "Assert at check");
	assert_true(facts.has_pc && facts.pc == address("at_check") + 4);
	assert_true(facts.has_lr && facts.lr == (address("after_check") | 1));

	FL_AUTO(fl_report)
	later = assert_dump(RADIO_STUCK, "at_check_after_call", "after_check_after_call");
	facts = fl_report_facts(later);
	assert_string_equal(facts.reason_name, "RadioStuck");
	assert_true(facts.has_pc && facts.pc == address("at_check_after_call") + 4);
	assert_false(facts.has_lr);

	/* of a fault it is what was stacked */
	FL_AUTO(fl_report) fault = assert_dump(HARD_FAULT, "at_check", "after_check");
	facts = fl_report_facts(fault);
	assert_true(facts.has_pc && facts.pc == address("at_trap"));
	assert_true(facts.has_lr && facts.lr == ((address("at_check") + READ_SIZE) | 1));
}

static enum fl_code analyze_bytes(const struct bytes *b, size_t size, struct fl_error *err)
{
	FL_AUTO(fl_report) report = NULL;
	uint8_t *copy = exact_copy(b->data, size);
	const struct fl_symbols *list = symbols;
	enum fl_code code = fl_analyze_event(copy, size, &list, 1, NULL, &report, err);
	free(copy);
	if (code)
		assert_null(report);
	return code;
}

static void test_what_is_no_such_event_is_refused(void **state)
{
	(void)state;
	struct fl_error err = { 0 };
	BYTES_AUTO heartbeat = { 0 };
	put_hex(&heartbeat, "a3 0201 0301 04 a1 01 80");
	assert_int_equal(analyze_bytes(&heartbeat, heartbeat.size, &err), FL_EUNSUPPORTED);
	assert_non_null(strstr(err.message, "type 1"));
	BYTES_AUTO text = { 0 };
	put_text(&text, "hello");
	assert_int_equal(analyze_bytes(&text, text.size, &err), FL_EFORMAT);
	struct event event = { .reason = HARD_FAULT, .pc = 0x08000000, .lr = 1, .log = "x" };
	BYTES_AUTO whole = { 0 };
	event_write(&event, &whole);
	assert_int_equal(analyze_bytes(&whole, whole.size, &err), FL_OK);
	for (size_t n = 0; n < whole.size; n++)
		assert_int_equal(analyze_bytes(&whole, n, &err), FL_EFORMAT);
}

static void expect_json(const struct fl_report *report, const char *what)
{
	FL_AUTO_BUFFER json = { 0 };
	assert_int_equal(fl_report_json(report, &json, NULL), FL_OK);
	assert_non_null(strstr((char *)json.data, what));
}

static void test_same_event_same_bytes(void **state)
{
	(void)state;
	struct event event = { .trace = true, .reason = 2, .pc = address("at_report") + 4 };
	FL_AUTO(fl_report) a = event_analyze(&event, symbols);
	FL_AUTO(fl_report) b = event_analyze(&event, symbols);
	FL_AUTO_BUFFER x = { 0 };
	FL_AUTO_BUFFER y = { 0 };
	assert_int_equal(fl_report_encode(a, &x, NULL), FL_OK);
	assert_int_equal(fl_report_encode(b, &y, NULL), FL_OK);
	assert_int_equal(x.size, y.size);
	assert_memory_equal(x.data, y.data, x.size);
	FL_AUTO(fl_report) back = NULL;
	assert_int_equal(fl_report_decode(x.data, x.size, &back, NULL), FL_OK);
	expect_json(back, "\"kind\": \"trace\"");
	expect_json(back, "\"trace_reason_name\": \"FlashWriteFailed\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_fault_is_where_its_pc_says),
		cmocka_unit_test(test_an_assert_is_before_its_pc),
		cmocka_unit_test(test_lr_has_to_be_a_return_address),
		cmocka_unit_test(test_a_leaf_returns_by_lr),
		cmocka_unit_test(test_lr_alone),
		cmocka_unit_test(test_a_dump_says_what_its_event_does),
		cmocka_unit_test(test_a_bad_jump_came_from_lr),
		cmocka_unit_test(test_reasons_have_their_names_in_the_elf),
		cmocka_unit_test(test_resets_group_by_reason),
		cmocka_unit_test(test_trace_events),
		cmocka_unit_test(test_the_first_bytes_of_a_build_id_decide),
		cmocka_unit_test(test_without_a_build_id_code_decides),
		cmocka_unit_test(test_without_symbols),
		cmocka_unit_test(test_what_is_no_such_event_is_refused),
		cmocka_unit_test(test_same_event_same_bytes),
	};
	return cmocka_run_group_tests(tests, open_image, close_image);
}
