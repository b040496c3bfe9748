/* SPDX-License-Identifier: Apache-2.0 */
/* Dumps that are analysed and filed together: each result is that of its own dump. */
#include "batch_case.h"
#include "support/cmocka.h"
#include "support/event_writer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { MANY = 12 };

/* --- one among many --- */

static void test_a_bad_dump_in_the_middle(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	batch_add_symbols(&scratch, BATCH_BUILD);
	for (int i = 0; i < MANY; i++) {
		char name[16];
		snprintf(name, sizeof(name), "%d", i);
		if (i % 4 == 1)
			batch_enqueue(&scratch, FL_REPORT_DUMP, name, strlen(name), NULL, name);
		else
			batch_enqueue_dump(&scratch, i % 4 == 2 ? BATCH_OTHER : BATCH_BUILD, NULL,
					   name);
	}
	struct fl_worker_summary summary = batch_run(&scratch, (struct fl_worker_options){ 0 });
	assert_int_equal(summary.filed, MANY / 2);
	assert_int_equal(summary.new_issues, 1);
	assert_int_equal(summary.waiting, MANY / 4);
	assert_int_equal(summary.quarantined, MANY / 4);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	static const char *const states[] = { "done", "quarantined", "waiting", "done" };
	for (int i = 0; i < MANY; i++) {
		assert_string_equal(rows.rows[i].state, states[i % 4]);
		assert_int_equal(rows.rows[i].attempts, 1);
	}
}

/* More than are read at once: each result is that of its own dump. */
static void test_a_long_batch_mixes_nothing_up(void **state)
{
	(void)state;
	enum { LONG = 60 };
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	batch_add_symbols(&scratch, BATCH_BUILD);
	for (int i = 0; i < LONG; i++) {
		char name[16];
		snprintf(name, sizeof(name), "%d", i);
		if (i % 3)
			batch_enqueue_dump(&scratch, BATCH_BUILD, name, name);
		else
			batch_enqueue(&scratch, FL_REPORT_DUMP, name, strlen(name), NULL, name);
	}
	struct fl_worker_summary summary = batch_run(&scratch, (struct fl_worker_options){ 0 });
	assert_int_equal(summary.filed, LONG - LONG / 3);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	for (int i = 0; i < LONG; i++)
		assert_string_equal(rows.rows[i].state, i % 3 ? "done" : "quarantined");
}

/* Two builds that take turns: each dump is read with its own ELF, whichever was used before. */
/* What is left at the end is not taken whole where another worker may want some of it. */
static void test_the_end_of_the_queue_is_shared(void **state)
{
	enum { DUMPS = 100, SMALL = 8 };
	SCRATCH_AUTO scratch;
	char path[160];
	scratch_make(&scratch);
	batch_add_symbols(&scratch, BATCH_BUILD);
	for (int i = 0; i < DUMPS; i++) {
		char device[16];
		snprintf(device, sizeof(device), "unit-%d", i);
		batch_enqueue_dump(&scratch, BATCH_BUILD, device, "dump");
	}
	snprintf(path, sizeof(path), "%s.claims", scratch.database);
	batch_neighbour.claims = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0666);
	assert_int_equal(flock(batch_neighbour.claims, LOCK_SH), 0);
	batch_neighbour.until = DUMPS;
	struct fl_worker_summary summary = batch_run(&scratch, (struct fl_worker_options){ 0 });
	assert_int_equal(summary.filed, DUMPS);
	size_t left = DUMPS;
	for (size_t i = 0; i < batch_neighbour.batch_count; left -= batch_neighbour.batches[i++])
		assert_true(batch_neighbour.batches[i] <= SMALL ||
			    batch_neighbour.batches[i] <= left / 2);
	assert_int_equal(left, 0);
	(void)state;
}

static void test_builds_take_turns(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	batch_add_symbols(&scratch, BATCH_BUILD);
	batch_add_symbols(&scratch, BATCH_OTHER);
	for (int i = 0; i < MANY; i++)
		batch_enqueue_dump(&scratch, i % 2 ? BATCH_OTHER : BATCH_BUILD, NULL, "dump");
	assert_int_equal(batch_run(&scratch, (struct fl_worker_options){ 0 }).filed, MANY);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	for (size_t i = 0; i < rows.count; i++) {
		FL_AUTO(fl_report) report = NULL;
		assert_int_equal(
			fl_store_report(scratch_store(&scratch), rows.rows[i].id, &report, NULL),
			FL_OK);
		struct fl_report_facts facts = fl_report_facts(report);
		assert_int_equal(facts.match, FL_MATCH_SAME);
		assert_false(facts.build_id_conflict);
		assert_string_equal(rows.rows[i].software_version,
				    i % 2 ? "1.4.0-m4f-o2" : "1.4.0-m4f-og");
	}
}

/* A dump of one build that holds the build id of another somewhere: that is no reason to believe
 * it. */
static void test_a_guess_is_confirmed(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	FL_AUTO_BUFFER bytes = scratch_read(BATCH_BUILD "/null-read/dump.core");
	FL_AUTO_BUFFER other = scratch_read(BATCH_OTHER "/null-read/dump.core");
	FL_AUTO(fl_report) report = NULL;
	assert_int_equal(fl_analyze(bytes.data, bytes.size, NULL, 0, NULL, &report, NULL), FL_OK);
	struct fl_report_facts facts = fl_report_facts(report);
	assert_int_equal(facts.build_id_size, 20);
	batch_add_symbols(&scratch, BATCH_BUILD);
	batch_enqueue_dump(&scratch, BATCH_BUILD, NULL, "1");
	/* in a block of padding at the end: type 6 */
	uint8_t *mixed = malloc(other.size + 32);
	assert_non_null(mixed);
	const uint32_t block[3] = { 6, 0, 20 };
	const uint32_t total = (uint32_t)other.size + 32;
	memcpy(mixed, other.data, other.size);
	memcpy(mixed + 8, &total, sizeof(total));
	memcpy(mixed + other.size, block, sizeof(block));
	memcpy(mixed + other.size + sizeof(block), facts.build_id, 20);
	batch_enqueue(&scratch, FL_REPORT_DUMP, mixed, total, NULL, "2");
	free(mixed);
	struct fl_worker_summary summary = batch_run(&scratch, (struct fl_worker_options){ 0 });
	assert_int_equal(summary.filed, 1);
	assert_int_equal(summary.waiting, 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_string_equal(scratch_row(&rows, "2")->state, "waiting");
	assert_non_null(strstr(scratch_row(&rows, "2")->reason, "no symbol file with build id"));
}

/* The build id of the ELF that is at hand, the flash of another: nothing is filed with it. */
static void test_a_guess_is_checked(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	FL_AUTO_BUFFER bytes = scratch_read(BATCH_BUILD "/null-read/dump.core");
	FL_AUTO_BUFFER other = scratch_read(BATCH_OTHER "/null-read/dump.core");
	FL_AUTO(fl_report) own = NULL;
	FL_AUTO(fl_report) foreign = NULL;
	assert_int_equal(fl_analyze(bytes.data, bytes.size, NULL, 0, NULL, &own, NULL), FL_OK);
	assert_int_equal(fl_analyze(other.data, other.size, NULL, 0, NULL, &foreign, NULL), FL_OK);
	struct fl_report_facts facts = fl_report_facts(foreign);
	uint8_t *id = memmem(other.data, other.size, facts.build_id, facts.build_id_size);
	assert_non_null(id);
	facts = fl_report_facts(own);
	memcpy(id, facts.build_id, facts.build_id_size);
	batch_add_symbols(&scratch, BATCH_BUILD);
	batch_enqueue_dump(&scratch, BATCH_BUILD, NULL, "1");
	batch_enqueue(&scratch, FL_REPORT_DUMP, other.data, other.size, NULL, "2");
	struct fl_worker_summary summary = batch_run(&scratch, (struct fl_worker_options){ 0 });
	assert_int_equal(summary.filed, 1);
	assert_int_equal(summary.waiting, 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_non_null(
		strstr(scratch_row(&rows, "2")->reason, "fw.elf has its build id, but not"));
	FL_AUTO(fl_report) kept = NULL; /* without that ELF */
	assert_int_equal(
		fl_store_report(scratch_store(&scratch), scratch_row(&rows, "2")->id, &kept, NULL),
		FL_OK);
	assert_int_equal(fl_report_facts(kept).match, FL_MATCH_NO_SYMBOLS);
}

/* Between two batches of one worker an ELF goes: its dumps wait then. */
static void test_a_choice_is_asked_for_again(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	batch_add_symbols(&scratch, BATCH_BUILD);
	BATCH_HAND_AUTO hand = { 0 };
	batch_hand_init(&hand, &scratch);
	size_t done;
	int64_t id = batch_enqueue_dump(&scratch, BATCH_BUILD, NULL, "1");
	assert_int_equal(fl_batch_run(&hand.options, &id, 1, &done, NULL), FL_OK);
	assert_int_equal(hand.summary.filed, 1);
	struct fl_symbol_removed removed;
	assert_int_equal(fl_store_remove_symbols(scratch_store(&scratch), 1, &removed, NULL),
			 FL_OK);
	id = batch_enqueue_dump(&scratch, BATCH_BUILD, NULL, "2");
	assert_int_equal(fl_batch_run(&hand.options, &id, 1, &done, NULL), FL_OK);
	assert_int_equal(hand.summary.filed, 1);
	assert_int_equal(hand.summary.waiting, 1);
}

/* The dump of a crash and its reboot event, and the same dump once more. */
static void test_a_pair_and_a_duplicate(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	batch_add_symbols(&scratch, BATCH_BUILD);
	FL_AUTO_BUFFER bytes = scratch_read(BATCH_BUILD "/null-read/dump.core");
	FL_AUTO(fl_report) report = NULL;
	assert_int_equal(fl_analyze(bytes.data, bytes.size, NULL, 0, NULL, &report, NULL), FL_OK);
	struct fl_report_facts facts = fl_report_facts(report);
	const struct event event = { .reason = facts.reason,
				     .pc = facts.pc,
				     .lr = facts.lr,
				     .build_id = facts.build_id,
				     .build_id_size = 6,
				     .coredump_saved = true };
	BYTES_AUTO told = { 0 };
	event_write(&event, &told);
	batch_enqueue(&scratch, FL_REPORT_REBOOT, told.data, told.size, "unit-1", "event");
	batch_enqueue(&scratch, FL_REPORT_DUMP, bytes.data, bytes.size, "unit-1", "dump");
	batch_enqueue(&scratch, FL_REPORT_DUMP, bytes.data, bytes.size, "unit-2", "other dump");
	batch_enqueue(&scratch, FL_REPORT_REBOOT, told.data, told.size, "unit-2", "other event");
	struct fl_worker_summary summary = batch_run(&scratch, (struct fl_worker_options){ 0 });
	assert_int_equal(summary.paired, 2);
	assert_int_equal(summary.joined, 1);
	assert_int_equal(summary.new_issues, 1);
	assert_int_equal(batch_counts(&scratch).done, 2);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_int_equal(rows.count, 2);
}

/* Of one issue two dumps are kept, also when ten are filed together. */
static void test_a_storm_in_one_batch(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	batch_add_symbols(&scratch, BATCH_BUILD);
	FL_AUTO_BUFFER bytes = scratch_read(BATCH_BUILD "/null-read/dump.core");
	for (int i = 0; i < MANY; i++) {
		uint8_t *copy = malloc(bytes.size + 16);
		assert_non_null(copy);
		const uint32_t block[4] = { 6, 0, 4, (uint32_t)i };
		const uint32_t total = (uint32_t)bytes.size + 16;
		memcpy(copy, bytes.data, bytes.size);
		memcpy(copy + 8, &total, sizeof(total));
		memcpy(copy + bytes.size, block, sizeof(block));
		batch_enqueue(&scratch, FL_REPORT_DUMP, copy, total, NULL, "dump");
		free(copy);
	}
	const struct fl_worker_options options = { .policy = { .keep_per_issue = 2 } };
	assert_int_equal(batch_run(&scratch, options).filed, MANY);
	const int64_t *ids;
	FL_AUTO_BUFFER list = { 0 };
	assert_int_equal(fl_store_select_dumps(scratch_store(&scratch),
					       &(struct fl_reanalyze_filter){ 0 }, &list, NULL),
			 FL_OK);
	ids = (const int64_t *)(const void *)list.data;
	unsigned kept = 0;
	for (size_t i = 0; i < list.size / sizeof(*ids); i++) {
		struct fl_claim claimed = { 0 };
		assert_int_equal(fl_store_dump(scratch_store(&scratch), ids[i], &claimed, NULL),
				 FL_OK);
		kept += !claimed.pruned;
		fl_claim_deinit(&claimed);
	}
	assert_int_equal(kept, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_bad_dump_in_the_middle),
		cmocka_unit_test(test_a_long_batch_mixes_nothing_up),
		cmocka_unit_test(test_the_end_of_the_queue_is_shared),
		cmocka_unit_test(test_builds_take_turns),
		cmocka_unit_test(test_a_guess_is_confirmed),
		cmocka_unit_test(test_a_guess_is_checked),
		cmocka_unit_test(test_a_choice_is_asked_for_again),
		cmocka_unit_test(test_a_pair_and_a_duplicate),
		cmocka_unit_test(test_a_storm_in_one_batch),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
