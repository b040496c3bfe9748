/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dumps that are analysed and filed together: one costs the others nothing, whatever happens to it,
 * to the worker or to the database.
 */
#include "batch_case.h"
#include "support/cmocka.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 12 };

/* --- the worker ends --- */

/* Whatever the batch died of: nobody in it is held to be the culprit before it was alone. */
static void test_a_death_does_not_condemn_the_others(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	int64_t ids[MANY];
	for (int i = 0; i < MANY; i++)
		batch_enqueue_dump(&scratch, BATCH_BUILD, NULL, "dump");
	assert_int_equal(batch_claim(&scratch, 1000, ids, MANY), MANY);
	assert_int_equal(batch_claim(&scratch, 2000, ids, MANY), 1); /* the first kills again ... */
	assert_int_equal(batch_claim(&scratch, 3000, ids, MANY), 1); /* ... and again */
	struct fl_worker_summary summary = batch_run(&scratch, (struct fl_worker_options){ 0 });
	assert_int_equal(summary.quarantined, 1);
	assert_int_equal(summary.waiting, MANY - 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_string_equal(rows.rows[0].state, "quarantined");
	assert_int_equal(rows.rows[1].attempts, 2);
}

/* One attempt is all that there is: then a batch would be too many. */
static void test_a_single_attempt(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	batch_add_symbols(&scratch, BATCH_BUILD);
	for (int i = 0; i < MANY; i++) {
		int64_t id = batch_enqueue_dump(&scratch, BATCH_BUILD, NULL, "dump");
		batch_failure.dump_id = i == 2 ? id : batch_failure.dump_id;
	}
	scratch_close_store(&scratch);
	batch_failure.code = FL_ECHILD;
	pid_t pid = fork();
	if (pid == 0) {
		struct fl_worker_summary summary;
		batch_failure.times = 1;
		_exit(batch_try_run(&scratch, (struct fl_worker_options){ .max_attempts = 1 },
				    &summary)
			      ? 2
			      : 3);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	struct fl_worker_summary summary =
		batch_run(&scratch, (struct fl_worker_options){ .max_attempts = 1 });
	assert_int_equal(summary.quarantined, 1);
	assert_int_equal(summary.filed, MANY - 3);
	assert_int_equal(batch_counts(&scratch).done, MANY - 1);
}

static void test_told_to_stop(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	int64_t ids[MANY];
	for (int i = 0; i < MANY; i++)
		batch_enqueue_dump(&scratch, BATCH_BUILD, NULL, "dump");
	assert_int_equal(batch_claim(&scratch, 1000, ids, MANY), MANY);
	BATCH_HAND_AUTO hand = { .stop_at = 3 };
	batch_hand_init(&hand, &scratch);
	size_t done;
	assert_int_equal(fl_batch_run(&hand.options, ids, MANY, &done, NULL), FL_OK);
	assert_int_equal(done, 3);
	struct fl_queue_counts counts = batch_counts(&scratch);
	assert_int_equal(counts.waiting, 3);
	assert_int_equal(counts.queued, MANY - 3);
	assert_int_equal(counts.claimed, 0);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(rows.rows[i].attempts, i < 3);
}

static void test_killed_in_the_middle(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	batch_add_symbols(&scratch, BATCH_BUILD);
	for (int i = 0; i < MANY; i++)
		batch_enqueue_dump(&scratch, BATCH_BUILD, NULL, "dump");
	scratch_close_store(&scratch);
	pid_t pid = fork();
	if (pid == 0) {
		struct batch_hand hand = { .stop_at = 5, .kill = true };
		int64_t ids[MANY];
		size_t done;
		batch_hand_init(&hand, &scratch);
		size_t count = batch_claim(&scratch, 1000, ids, MANY);
		_exit(fl_batch_run(&hand.options, ids, count, &done, NULL) ? 2 : 3);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(batch_counts(&scratch).claimed, MANY); /* nothing of it was written */
	struct fl_worker_summary summary = batch_run(&scratch, (struct fl_worker_options){ 0 });
	assert_int_equal(summary.filed, MANY);
	assert_int_equal(summary.new_issues, 1);
	assert_int_equal(batch_counts(&scratch).done, MANY);
}

/* --- somebody else is at work --- */

static void forget_two(struct fl_store *store)
{
	struct fl_forgotten forgotten;
	assert_int_equal(fl_store_forget_device(store, "A", false, &forgotten, NULL), FL_OK);
	assert_int_equal(fl_store_forget_device(store, "C", false, &forgotten, NULL), FL_OK);
}

/* One that was analysed, one that was not yet. */
static void test_devices_are_forgotten_meanwhile(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	batch_add_symbols(&scratch, BATCH_BUILD);
	static const char *const devices[] = { "A", "B", "C", "D" };
	int64_t ids[4];
	size_t done;
	for (size_t i = 0; i < 4; i++)
		batch_enqueue_dump(&scratch, BATCH_BUILD, devices[i], devices[i]);
	assert_int_equal(batch_claim(&scratch, 1000, ids, 4), 4);
	BATCH_HAND_AUTO hand = { .meanwhile = forget_two };
	batch_hand_init(&hand, &scratch);
	assert_int_equal(fl_batch_run(&hand.options, ids, 4, &done, NULL), FL_OK);
	assert_int_equal(hand.summary.filed, 2);
	assert_int_equal(hand.summary.quarantined, 0);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_int_equal(rows.count, 2);
}

static void remove_elf(struct fl_store *store)
{
	struct fl_symbol_removed removed;
	assert_int_equal(fl_store_remove_symbols(store, 1, &removed, NULL), FL_OK);
}

/* What was read with it is not filed, and what is read with it because it was open is not either.
 */
static void test_an_elf_goes_meanwhile(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	batch_add_symbols(&scratch, BATCH_BUILD);
	int64_t ids[4];
	size_t done;
	for (size_t i = 0; i < 4; i++)
		batch_enqueue_dump(&scratch, BATCH_BUILD, NULL, "dump");
	assert_int_equal(batch_claim(&scratch, 1000, ids, 4), 4);
	BATCH_HAND_AUTO hand = { .meanwhile = remove_elf };
	batch_hand_init(&hand, &scratch);
	assert_int_equal(fl_batch_run(&hand.options, ids, 4, &done, NULL), FL_OK);
	assert_int_equal(hand.summary.filed, 0);
	assert_int_equal(batch_counts(&scratch).queued, 4);
	assert_int_equal(batch_run(&scratch, (struct fl_worker_options){ 0 }).waiting, 4);
}

/* --- the database fails --- */

static void test_trouble_gives_everything_back(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	batch_add_symbols(&scratch, BATCH_BUILD);
	for (int i = 0; i < 5; i++)
		batch_failure.dump_id = batch_enqueue_dump(&scratch, BATCH_BUILD, NULL, "dump");
	batch_failure.code = FL_EIO;
	batch_failure.times = 1;
	struct fl_worker_summary summary;
	assert_int_equal(batch_try_run(&scratch, (struct fl_worker_options){ 0 }, &summary),
			 FL_EIO);
	assert_int_equal(summary.filed, 0);
	assert_int_equal(batch_counts(&scratch).queued, 5);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(rows.rows[i].attempts, 0);
	assert_int_equal(batch_run(&scratch, (struct fl_worker_options){ 0 }).filed, 5);
}

static void damage(const struct scratch *scratch, int64_t dump_id)
{
	sqlite3 *db;
	char sql[160];
	snprintf(sql, sizeof(sql),
		 "UPDATE dump_contents SET compressed = x'00' WHERE id = "
		 "(SELECT content_id FROM dumps WHERE id = %lld)",
		 (long long)dump_id);
	assert_int_equal(sqlite3_open(scratch->database, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* Nobody will ever read those bytes: that dump is set aside, and the others are filed. */
static void test_damaged_bytes_cost_one(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	batch_add_symbols(&scratch, BATCH_BUILD);
	batch_enqueue_dump(&scratch, BATCH_BUILD, NULL, "first");
	damage(&scratch, batch_enqueue_dump(&scratch, BATCH_OTHER, NULL, "damaged"));
	batch_enqueue_dump(&scratch, BATCH_BUILD, NULL, "last");
	struct fl_worker_summary summary = batch_run(&scratch, (struct fl_worker_options){ 0 });
	assert_int_equal(summary.filed, 2);
	assert_int_equal(summary.quarantined, 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	const struct scratch_row *row = scratch_row(&rows, "damaged");
	assert_string_equal(row->state, "quarantined");
	assert_string_equal(row->reason, "the stored bytes of the dump are damaged");
}

/* What was analysed before is filed, what comes behind it is given back. */
static void test_a_disk_that_fails(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	struct fl_worker_summary summary;
	scratch_make(&scratch);
	batch_add_symbols(&scratch, BATCH_BUILD);
	batch_enqueue_dump(&scratch, BATCH_BUILD, NULL, "before");
	batch_unreadable = batch_enqueue_dump(&scratch, BATCH_BUILD, NULL, "there");
	batch_enqueue_dump(&scratch, BATCH_BUILD, NULL, "behind");
	enum fl_code code = batch_try_run(&scratch, (struct fl_worker_options){ 0 }, &summary);
	batch_unreadable = -1;
	assert_int_equal(code, FL_EIO);
	assert_int_equal(summary.filed, 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_string_equal(scratch_row(&rows, "before")->state, "done");
	assert_string_equal(scratch_row(&rows, "there")->state, "queued");
	assert_string_equal(scratch_row(&rows, "behind")->state, "queued");
	assert_int_equal(scratch_row(&rows, "there")->attempts, 0);
	assert_int_equal(batch_run(&scratch, (struct fl_worker_options){ 0 }).filed, 2);
}

/* It would fail again in the same way. */
static void test_one_cannot_be_filed(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	batch_add_symbols(&scratch, BATCH_BUILD);
	batch_enqueue_dump(&scratch, BATCH_BUILD, NULL, "first");
	batch_failure.dump_id = batch_enqueue_dump(&scratch, BATCH_BUILD, NULL, "too large");
	batch_failure.code = FL_ELIMIT;
	batch_failure.times = 1;
	batch_enqueue_dump(&scratch, BATCH_BUILD, NULL, "last");
	struct fl_worker_summary summary = batch_run(&scratch, (struct fl_worker_options){ 0 });
	assert_int_equal(summary.filed, 2);
	assert_int_equal(summary.quarantined, 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	const struct scratch_row *row = scratch_row(&rows, "too large");
	assert_string_equal(row->state, "quarantined");
	assert_string_equal(row->reason, "cannot be filed: as the test wants it");
	assert_string_equal(scratch_row(&rows, "last")->state, "done");
}

/* Too little memory for one: the others are filed, and that one is given up after some time. */
static void test_memory_for_all_but_one(void **state)
{
	(void)state;
	static const struct {
		unsigned times, filed, quarantined;
	} cases[] = { { 2, 5, 0 }, { 100, 4, 1 } };
	for (size_t n = 0; n < 2; n++) {
		SCRATCH_AUTO scratch;
		scratch_make(&scratch);
		batch_add_symbols(&scratch, BATCH_BUILD);
		int64_t ids[5];
		for (int i = 0; i < 5; i++)
			ids[i] = batch_enqueue_dump(&scratch, BATCH_BUILD, NULL, "dump");
		batch_failure.code = FL_ENOMEM;
		batch_failure.dump_id = ids[2];
		batch_failure.times = cases[n].times;
		struct fl_worker_summary summary =
			batch_run(&scratch, (struct fl_worker_options){ 0 });
		assert_int_equal(summary.filed, cases[n].filed);
		assert_int_equal(summary.quarantined, cases[n].quarantined);
		SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
		if (cases[n].quarantined)
			assert_string_equal(rows.rows[2].reason,
					    "given up after 3 attempts: as the test wants it");
		batch_failure.times = 0;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_death_does_not_condemn_the_others),
		cmocka_unit_test(test_a_single_attempt),
		cmocka_unit_test(test_told_to_stop),
		cmocka_unit_test(test_killed_in_the_middle),
		cmocka_unit_test(test_devices_are_forgotten_meanwhile),
		cmocka_unit_test(test_an_elf_goes_meanwhile),
		cmocka_unit_test(test_trouble_gives_everything_back),
		cmocka_unit_test(test_damaged_bytes_cost_one),
		cmocka_unit_test(test_a_disk_that_fails),
		cmocka_unit_test(test_one_cannot_be_filed),
		cmocka_unit_test(test_memory_for_all_but_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
