/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cmocka.h"
#include "support/codec.h"
#include "support/same_trace.h"
#include "support/traces.h"

#include "report/report.h"

static void same_facts(const struct fl_report_facts *a, const struct fl_report_facts *b)
{
	same_text(a->device_serial, b->device_serial);
	same_text(a->hardware_version, b->hardware_version);
	same_text(a->software_type, b->software_type);
	same_text(a->software_version, b->software_version);
	assert_int_equal(a->build_id_size, b->build_id_size);
	assert_memory_equal(a->build_id, b->build_id, sizeof(a->build_id));
	assert_true(a->has_reason == b->has_reason && a->reason == b->reason);
	same_text(a->reason_name, b->reason_name);
	assert_int_equal(a->match, b->match);
	assert_int_equal(a->build_id_conflict, b->build_id_conflict);
	same_text(a->category, b->category);
	same_text(a->cause, b->cause);
	same_text(a->title, b->title);
	same_text(a->function, b->function);
	same_text(a->engine_version, b->engine_version);
	assert_int_equal(a->signature_version, b->signature_version);
	same_text(a->rules_hash, b->rules_hash);
	assert_int_equal(a->fingerprint_count, b->fingerprint_count);
	same_fingerprints(a->fingerprints, b->fingerprints, a->fingerprint_count);
	assert_int_equal(a->finding_count, b->finding_count);
	assert_true(a->truncated == b->truncated && a->kind == b->kind);
	assert_true(a->expected == b->expected && a->coredump_saved == b->coredump_saved);
	assert_true(a->has_pc == b->has_pc && a->pc == b->pc);
	assert_true(a->has_lr == b->has_lr && a->lr == b->lr);
	assert_int_equal(a->needs_symbols, b->needs_symbols);
	assert_true(a->has_captured_at == b->has_captured_at && a->captured_at == b->captured_at);
}

static void expect_facts(const struct fl_buffer *bytes)
{
	FL_AUTO(fl_report) whole = report_decoded(bytes);
	FL_AUTO(fl_report) brief = NULL;
	assert_int_equal(fl_report_decode_facts(bytes->data, bytes->size, &brief, NULL), FL_OK);
	struct fl_report_facts a = fl_report_facts(whole);
	struct fl_report_facts b = fl_report_facts(brief);
	same_facts(&a, &b);
	assert_int_equal(brief->trace.thread_count, 0);
	assert_null(brief->trace.threads);
	FL_AUTO_BUFFER text = { 0 };
	assert_int_equal(fl_report_text(brief, NULL, &text, NULL), FL_OK);
}

static void test_facts_alone(void **state)
{
	(void)state;
	struct fl_report *(*const makes[])(void) = { trace_make_full, trace_make_threads,
						     trace_make_reboot, trace_make_trace };
	for (size_t i = 0; i < sizeof(makes) / sizeof(makes[0]); i++) {
		FL_AUTO(fl_report) report = makes[i]();
		FL_AUTO_BUFFER bytes = report_encoded(report);
		expect_facts(&bytes);
	}
	struct fl_buffer older;
	fl_report_close(report_stored(FL_TESTS "/report/golden/threads-1.2.flrp", &older));
	expect_facts(&older);
}

static void test_facts(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = trace_make_full();
	struct fl_report_facts facts = fl_report_facts(report);
	assert_string_equal(facts.device_serial, "SN-0042");
	assert_string_equal(facts.hardware_version, "evt-2");
	assert_string_equal(facts.software_type, "app-fw");
	assert_string_equal(facts.software_version, "1.2.3");
	assert_int_equal(facts.build_id_size, 20);
	assert_int_equal(facts.build_id[19], 0xa0 + 19);
	assert_true(facts.has_reason && facts.reason == 0x9200);
	assert_string_equal(facts.reason_name, "MemFault");
	assert_int_equal(facts.match, FL_MATCH_OTHER_BUILD);
	assert_true(facts.build_id_conflict);
	assert_string_equal(facts.category, "Null Pointer");
	assert_string_equal(facts.title, "Null Pointer at sensor::store");
	assert_string_equal(facts.function, "sensor::store");
	assert_string_equal(facts.engine_version, "0.1.0");
	assert_int_equal(facts.signature_version, 1);
	assert_string_equal(facts.rules_hash, "0123456789abcdef0123456789abcdef");
	assert_int_equal(facts.fingerprint_count, 2);
	assert_true(facts.fingerprints[1].joins);
	assert_int_equal(facts.finding_count, 3);
	assert_true(facts.truncated);
	assert_int_equal(facts.kind, FL_REPORT_DUMP);
	assert_false(facts.expected || facts.coredump_saved);
	assert_true(facts.has_pc && facts.pc == 0x08000412);
	assert_true(facts.has_lr && facts.lr == 0x08002001);
	assert_true(facts.needs_symbols);
	assert_true(facts.has_captured_at && facts.captured_at == 1700000000);

	FL_AUTO(fl_report) bare = trace_make("Bus Fault", NULL);
	facts = fl_report_facts(bare);
	assert_string_equal(facts.title, "Bus Fault");
	assert_false(facts.has_reason);
	assert_int_equal(facts.build_id_size, 0);
	assert_false(facts.has_pc || facts.has_lr || facts.has_captured_at);
}

static void test_facts_of_events(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = trace_make_event(FL_REPORT_REBOOT);
	struct fl_trace *t = &report->trace;
	struct fl_report_facts facts = fl_report_facts(report);
	assert_int_equal(facts.kind, FL_REPORT_REBOOT);
	assert_int_equal(facts.build_id_size, 6);
	assert_int_equal(facts.build_id[5], 0xa5);
	assert_int_equal(facts.build_id[6], 0);
	assert_true(facts.has_pc && facts.pc == 0x08001004);
	assert_true(facts.has_lr && facts.lr == 0x08001101);
	assert_true(facts.coredump_saved && !facts.expected);
	assert_true(facts.has_captured_at && facts.captured_at == 1700000000);
	assert_string_equal(facts.reason_name, "RadioStuck");

	/* nothing is left that an ELF could name, and then something is */
	t->event.has_pc = t->event.has_lr = false;
	assert_false(fl_report_facts(report).needs_symbols);
	t->reason = (struct fl_reason){ true, 0x1003, "0x1003", true };
	facts = fl_report_facts(report);
	assert_true(facts.needs_symbols && facts.expected);
	t->event.has_lr = true;
	t->reason.name = "FactoryReset";
	assert_true(fl_report_facts(report).needs_symbols);

	FL_AUTO(fl_report) trace = trace_make_event(FL_REPORT_TRACE);
	trace->trace.event.has_pc = trace->trace.event.has_lr = false;
	facts = fl_report_facts(trace);
	assert_int_equal(facts.kind, FL_REPORT_TRACE);
	assert_false(facts.needs_symbols || facts.expected || facts.has_reason);
	trace->trace.event.trace_reason_name = NULL;
	assert_true(fl_report_facts(trace).needs_symbols);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts_alone),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_facts_of_events),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
