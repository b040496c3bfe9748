/* SPDX-License-Identifier: Apache-2.0 */
/* Reboot and trace events through the worker, beside the dumps of the same crashes. */
#include "scratch.h"
#include "support/cmocka.h"
#include "support/event_writer.h"
#include "worker/worker.h"

#include <jansson.h>
#include <string.h>

#define BUILD FL_CORPUS "/m4f-og"

enum { PIN_RESET = 0x000a, HARDWARE_WATCHDOG = 0x8005, BUILD_ID_SHORT = 6 };

static struct fl_worker_summary run(struct scratch *scratch, struct fl_store_policy policy)
{
	const struct fl_worker_options options = { .database = scratch->database,
						   .once = true,
						   .policy = policy };
	struct fl_worker_summary summary;
	struct fl_error err = { 0 };
	if (fl_worker_run(&options, &summary, &err))
		fail_msg("%s", err.message);
	return summary;
}

static struct fl_worker_summary work(struct scratch *scratch)
{
	return run(scratch, (struct fl_store_policy){ 0 });
}

static void enqueue(struct scratch *scratch, enum fl_report_kind kind, const void *bytes,
		    size_t size, const char *device, const char *source)
{
	const struct fl_upload upload = { .bytes = bytes,
					  .size = size,
					  .kind = kind,
					  .device = device,
					  .source = source,
					  .software_type = "fixture-fw",
					  .software_version = "1.4.0-m4f-og",
					  .received_at = 1767225600 };
	struct fl_enqueued enqueued;
	struct fl_error err = { 0 };
	if (fl_store_enqueue(scratch_store(scratch), &upload, &enqueued, &err))
		fail_msg("%s", err.message);
}

static void enqueue_event(struct scratch *scratch, const struct event *event, const char *device,
			  const char *source)
{
	BYTES_AUTO bytes = { 0 };
	event_write(event, &bytes);
	enqueue(scratch, event->trace ? FL_REPORT_TRACE : FL_REPORT_REBOOT, bytes.data, bytes.size,
		device, source);
}

static struct fl_buffer dump_of(const char *scenario)
{
	char path[512];
	snprintf(path, sizeof(path), BUILD "/%s/dump.core", scenario);
	return scratch_read(path);
}

static void
enqueue_dump(struct scratch *scratch, const char *scenario, const char *device, const char *source)
{
	FL_AUTO_BUFFER bytes = dump_of(scenario);
	enqueue(scratch, FL_REPORT_DUMP, bytes.data, bytes.size, device, source);
}

/* What the device of that dump would say of its crash. */
static struct event told_of(const char *scenario, uint8_t build_id[20])
{
	FL_AUTO_BUFFER bytes = dump_of(scenario);
	FL_AUTO(fl_report) report = NULL;
	assert_int_equal(fl_analyze(bytes.data, bytes.size, NULL, 0, NULL, &report, NULL), FL_OK);
	struct fl_report_facts facts = fl_report_facts(report);
	assert_true(facts.has_pc && facts.has_lr && facts.build_id_size == 20);
	memcpy(build_id, facts.build_id, 20);
	return (struct event){
		.reason = facts.reason,
		.pc = facts.pc,
		.lr = facts.lr,
		.build_id = build_id,
		.build_id_size = BUILD_ID_SHORT,
	};
}

static void add_symbols(struct scratch *scratch)
{
	struct fl_symbol_added added;
	scratch_add_symbols(scratch, BUILD "/fw.elf", NULL, NULL, &added);
}

static void test_nothing_to_look_up(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	enqueue_event(&scratch, &(struct event){ .reason = PIN_RESET }, "unit-1", "pin");
	enqueue_event(&scratch, &(struct event){ .reason = HARDWARE_WATCHDOG }, "unit-1", "dog");
	struct fl_worker_summary summary = work(&scratch);
	assert_int_equal(summary.waiting, 0);
	assert_int_equal(summary.reboots, 1);
	assert_int_equal(summary.filed, 1);
	assert_int_equal(summary.new_issues, 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_int_equal(rows.count, 1); /* an expected reboot is in no list */
	assert_true(scratch_row(&rows, "dog")->issue_id > 0);
}

/* An address wants its ELF; six bytes of a build id find it. */
static void test_waits_and_is_found_by_a_short_build_id(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	uint8_t build_id[20];
	scratch_make(&scratch);
	struct event event = told_of("null-read", build_id);
	enqueue_event(&scratch, &event, "unit-1", "null");
	assert_int_equal(work(&scratch).waiting, 1);
	add_symbols(&scratch);
	struct fl_worker_summary summary = work(&scratch);
	assert_int_equal(summary.filed, 1);
	assert_int_equal(summary.new_issues, 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	FL_AUTO(fl_report) report = NULL;
	assert_int_equal(fl_store_report(scratch_store(&scratch), rows.rows[0].id, &report, NULL),
			 FL_OK);
	struct fl_report_facts facts = fl_report_facts(report);
	assert_int_equal(facts.kind, FL_REPORT_REBOOT);
	assert_non_null(facts.function);
	assert_non_null(strstr(facts.title, facts.function));
}

/* Told twice, counted once, whichever came first. */
static void test_event_and_dump_of_one_crash(void **state)
{
	(void)state;
	for (int dump_first = 0; dump_first <= 1; dump_first++) {
		SCRATCH_AUTO scratch;
		uint8_t build_id[20];
		scratch_make(&scratch);
		add_symbols(&scratch);
		struct event event = told_of("null-read", build_id);
		event.coredump_saved = true;
		if (dump_first)
			enqueue_dump(&scratch, "null-read", "unit-1", "dump");
		enqueue_event(&scratch, &event, "unit-1", "event");
		if (!dump_first)
			enqueue_dump(&scratch, "null-read", "unit-1", "dump");
		enqueue_event(&scratch, &event, "unit-2", "other"); /* of another device */
		struct fl_worker_summary summary = work(&scratch);
		assert_int_equal(summary.paired, 1);
		assert_int_equal(summary.joined, dump_first);
		assert_int_equal(summary.filed, dump_first ? 2 : 3);
		assert_int_equal(summary.new_issues, 1);
		assert_int_equal(summary.waiting + summary.quarantined, 0);
		SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
		assert_int_equal(rows.count, 2);
		assert_int_equal(scratch_row(&rows, "dump")->issue_id,
				 scratch_row(&rows, "other")->issue_id);
	}
}

/* Again and again: a dump that has its event counts by what became of it. */
static void test_a_pair_is_analysed_again(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	uint8_t build_id[20];
	scratch_make(&scratch);
	add_symbols(&scratch);
	struct event event = told_of("null-read", build_id);
	event.coredump_saved = true;
	enqueue_event(&scratch, &event, "unit-1", "event");
	enqueue_dump(&scratch, "null-read", "unit-1", "dump");
	assert_int_equal(work(&scratch).paired, 1);
	struct fl_symbol_removed removed;
	assert_int_equal(fl_store_remove_symbols(scratch_store(&scratch), 1, &removed, NULL),
			 FL_OK);
	struct fl_worker_summary summary = work(&scratch);
	assert_int_equal(summary.waiting, 1);
	assert_int_equal(summary.filed, 0);
	assert_int_equal(summary.paired, 1);
	add_symbols(&scratch);
	summary = work(&scratch);
	assert_int_equal(summary.waiting, 0);
	assert_int_equal(summary.filed, 1);
	assert_int_equal(summary.paired, 1);
	assert_int_equal(summary.joined, 0);
}

static void test_damaged_event(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	enqueue(&scratch, FL_REPORT_REBOOT, "\xa7\x02", 2, "unit-1", "cut");
	assert_int_equal(work(&scratch).quarantined, 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_true(scratch_row(&rows, "cut")->reason[0]);
}

/* --- a stripped ELF and its debug file --- */

static uint32_t word(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The section headers as strip (or objcopy --only-keep-debug) leaves them. */
static void edit_sections(uint8_t *elf, bool keep_debug)
{
	unsigned count = elf[48] | (unsigned)elf[49] << 8;
	unsigned names = elf[50] | (unsigned)elf[51] << 8;
	for (unsigned i = 1; i < count; i++) {
		uint8_t *section = elf + word(elf + 32) + (size_t)i * 40;
		bool loaded = word(section + 8) & 2;
		if (keep_debug && loaded && word(section + 4) != 7)
			section[4] = 8; /* SHT_NOBITS */
		else if (!keep_debug && !loaded && i != names)
			section[4] = 0; /* SHT_NULL */
	}
}

static void add_half(struct scratch *scratch, bool debug)
{
	char path[256];
	struct fl_symbol_added added;
	FL_AUTO_BUFFER elf = scratch_read(BUILD "/fw.elf");
	edit_sections(elf.data, debug);
	snprintf(path, sizeof(path), "%s/half", scratch->folder);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(elf.data, 1, elf.size, file), elf.size);
	fclose(file);
	scratch_add_symbols(scratch, path, NULL, NULL, &added);
}

/* Two files of one build are no contradiction: names from one, bytes from the other. */
static void test_stripped_elf_and_debug_file(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_half(&scratch, false);
	add_half(&scratch, true);
	enqueue_dump(&scratch, "null-read", "unit-1", "dump");
	struct fl_worker_summary summary = work(&scratch);
	assert_int_equal(summary.filed, 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	FL_AUTO(fl_report) report = NULL;
	assert_int_equal(fl_store_report(scratch_store(&scratch), rows.rows[0].id, &report, NULL),
			 FL_OK);
	struct fl_report_facts facts = fl_report_facts(report);
	assert_int_equal(facts.match, FL_MATCH_SAME);
	assert_non_null(facts.function);
	FL_AUTO_BUFFER json = { 0 };
	assert_int_equal(fl_report_json(report, &json, NULL), FL_OK);
	json_t *root = json_loadb((char *)json.data, json.size, 0, NULL);
	json_t *modules = json_object_get(root, "modules");
	assert_int_equal(json_array_size(modules), 2);
	for (size_t i = 0; i < 2; i++)
		assert_string_equal(
			json_string_value(json_object_get(json_array_get(modules, i), "match")),
			"same");
	json_t *code = json_array_get(modules, 1);
	assert_true(json_integer_value(json_object_get(code, "bytes_compared")) > 0);
	json_decref(root);
}

/* --- bytes that are not kept --- */

static void test_what_is_not_kept_stays(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch);
	const struct fl_store_policy policy = { .keep_per_issue = 1 };
	enqueue_dump(&scratch, "null-read", "unit-1", "1");
	assert_int_equal(run(&scratch, policy).filed, 1);
	/* Not the same bytes: contents are kept once, whoever sent them. */
	FL_AUTO_BUFFER dump = dump_of("null-read");
	enqueue(&scratch, FL_REPORT_DUMP, dump.data, dump.size - 16, "unit-2", "2");
	assert_int_equal(run(&scratch, policy).filed, 1);
	struct fl_symbol_removed removed;
	assert_int_equal(fl_store_remove_symbols(scratch_store(&scratch), 1, &removed, NULL),
			 FL_OK);
	assert_int_equal(removed.traces_pruned, 1);
	assert_int_equal(work(&scratch).waiting, 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_string_equal(scratch_row(&rows, "1")->state, "waiting");
	assert_string_equal(scratch_row(&rows, "2")->state, "done");
	assert_true(scratch_row(&rows, "2")->issue_id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_to_look_up),
		cmocka_unit_test(test_waits_and_is_found_by_a_short_build_id),
		cmocka_unit_test(test_event_and_dump_of_one_crash),
		cmocka_unit_test(test_a_pair_is_analysed_again),
		cmocka_unit_test(test_damaged_event),
		cmocka_unit_test(test_stripped_elf_and_debug_file),
		cmocka_unit_test(test_what_is_not_kept_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
