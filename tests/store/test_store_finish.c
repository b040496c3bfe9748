/* SPDX-License-Identifier: Apache-2.0 */
/* Many dumps claimed and finished at once: who is in a batch, and what one costs the others. */
#include "store/fixture.h"
#include "store/internal.h"
#include "store/invariants.h"

#include <stdio.h>

enum { ROOM = 8, HARD_FAULT = 0x9400 };

static size_t claim(struct fl_store *store, int64_t now, int64_t ids[ROOM], size_t room)
{
	size_t count = 0;
	struct fl_error err = { 0 };
	enum fl_code code = fl_store_claim_batch(store, "1:0", now, 60, ids, room, &count, &err);
	if (code != FL_ENOTFOUND)
		assert_ok(code, err);
	return count;
}

static int64_t attempts(struct fl_store *store, int64_t dump_id)
{
	char sql[80];
	snprintf(sql, sizeof(sql), "SELECT attempts FROM dumps WHERE id = %lld",
		 (long long)dump_id);
	return fixture_count(store, sql);
}

static int64_t in_state(struct fl_store *store, const char *state)
{
	char sql[80];
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM dumps WHERE state = '%s'", state);
	return fixture_count(store, sql);
}

/* --- claiming --- */

/* One device sent five dumps before the other two sent one each. */
static void send_seven(struct fl_store *store, int64_t ids[7])
{
	static const char *const devices[] = { "A", "A", "A", "A", "A", "B", "C" };
	for (size_t i = 0; i < 7; i++) {
		char bytes[8];
		snprintf(bytes, sizeof(bytes), "%zu", i);
		ids[i] = enqueue(store, bytes, devices[i]);
	}
}

static void test_a_batch_takes_devices_by_turns(void **state)
{
	struct fixture *f = *state;
	int64_t sent[7];
	int64_t ids[ROOM] = { 0 };
	send_seven(f->store, sent);
	assert_int_equal(claim(f->store, NOON, ids, 4), 4);
	assert_int_equal(ids[0], sent[0]);
	assert_int_equal(ids[1], sent[5]); /* B */
	assert_int_equal(ids[2], sent[6]); /* C */
	assert_int_equal(ids[3], sent[1]);
	assert_int_equal(claim(f->store, NOON, ids, ROOM), 3);
	assert_int_equal(ids[0], sent[2]);
	assert_int_equal(ids[2], sent[4]);
	assert_int_equal(claim(f->store, NOON, ids, ROOM), 0);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(attempts(f->store, sent[i]), 1);
	assert_invariants(f->store);
}

/* The holder of a batch died: whichever of its dumps did that, it is the only one next time. */
static void test_what_was_tried_before_comes_alone(void **state)
{
	struct fixture *f = *state;
	int64_t ids[ROOM];
	int64_t first = enqueue(f->store, "1", NULL);
	int64_t second = enqueue(f->store, "2", NULL);
	assert_int_equal(claim(f->store, NOON, ids, ROOM), 2);
	int64_t third = enqueue(f->store, "3", NULL);
	int64_t fourth = enqueue(f->store, "4", NULL);
	assert_int_equal(claim(f->store, NOON + 100, ids, ROOM), 1);
	assert_int_equal(ids[0], first);
	assert_int_equal(attempts(f->store, first), 2);
	assert_int_equal(claim(f->store, NOON + 100, ids, ROOM), 1);
	assert_int_equal(ids[0], second);
	assert_int_equal(claim(f->store, NOON + 100, ids, ROOM), 2);
	assert_int_equal(ids[0], third);
	assert_int_equal(ids[1], fourth);
}

/* New dumps before one that was tried: the batch ends there, and the order stays. */
static void test_a_batch_ends_before_what_was_tried(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	int64_t ids[ROOM];
	int64_t first = enqueue(f->store, "1", NULL);
	int64_t second = enqueue(f->store, "2", NULL);
	int64_t third = enqueue(f->store, "3", NULL);
	assert_int_equal(claim(f->store, NOON, ids, 2), 2);
	assert_ok(fl_store_release(f->store, first, &err), err);
	assert_int_equal(attempts(f->store, first), 0);
	assert_int_equal(claim(f->store, NOON + 100, ids, ROOM), 1);
	assert_int_equal(ids[0], first);
	assert_int_equal(claim(f->store, NOON + 100, ids, ROOM), 1);
	assert_int_equal(ids[0], second);
	assert_int_equal(claim(f->store, NOON + 100, ids, ROOM), 1);
	assert_int_equal(ids[0], third);
}

/* --- finishing --- */

/* Results in the order in which they are put here, with reports that live as long as this. */
struct pile {
	struct fl_result results[ROOM];
	struct fl_result *order[ROOM];
	struct fl_report *reports[ROOM];
	struct fl_buffer encoded[ROOM];
	size_t count;
};

static void pile_deinit(struct pile *pile)
{
	for (size_t i = 0; i < pile->count; i++) {
		fl_report_close(pile->reports[i]);
		fl_buffer_deinit(&pile->encoded[i]);
	}
}
#define PILE_AUTO __attribute__((__cleanup__(pile_deinit))) struct pile

static struct fl_result *pile_add(struct pile *pile, int64_t dump_id, enum fl_result_kind kind,
				  const struct report_spec *spec)
{
	size_t at = pile->count++;
	struct fl_result *result = &pile->results[at];
	struct fl_error err = { 0 };
	*result = (struct fl_result){ .dump_id = dump_id, .kind = kind };
	pile->order[at] = result;
	if (spec) {
		pile->reports[at] = report_make(spec);
		assert_ok(fl_report_encode(pile->reports[at], &pile->encoded[at], &err), err);
		result->report = pile->reports[at];
		result->encoded = &pile->encoded[at];
	}
	return result;
}

/* No later call is taken for a part of the batch. */
static void assert_ended(const struct fl_store *store)
{
	assert_false(store->batch);
	assert_false(store->whole);
	assert_true(sqlite3_get_autocommit(store->db));
}

static void finish(struct fl_store *store, struct pile *pile)
{
	struct fl_error err = { 0 };
	assert_ok(fl_store_finish(store, pile->order, pile->count, &err), err);
	assert_ended(store);
}

static const struct report_spec crash = { .title = "T", .fingerprints = { "stack=a>b" } };

static void test_every_kind_of_result(void **state)
{
	struct fixture *f = *state;
	int64_t ids[ROOM];
	PILE_AUTO pile = { 0 };
	for (size_t i = 0; i < 5; i++)
		enqueue(f->store, &"abcde"[i], NULL);
	assert_int_equal(claim(f->store, NOON, ids, ROOM), 5);
	struct fl_result *filed = pile_add(&pile, ids[4], FL_RESULT_FILE, &crash);
	struct fl_result *waits = pile_add(&pile, ids[3], FL_RESULT_WAIT, &crash);
	struct fl_result *bad = pile_add(&pile, ids[2], FL_RESULT_QUARANTINE, NULL);
	pile_add(&pile, ids[1], FL_RESULT_RELEASE, NULL);
	pile_add(&pile, ids[0], FL_RESULT_KEEP, NULL);
	bad->reason = "no dump";
	bad->backtrace = "frame";
	waits->reason = "its ELF is lost";
	finish(f->store, &pile);
	assert_true(filed->filed.new_issue && filed->filed.issue_id > 0);
	assert_true(waits->filed.trace_id > 0 && !waits->filed.issue_id);
	assert_int_equal(in_state(f->store, "done"), 1);
	assert_int_equal(in_state(f->store, "waiting"), 1);
	assert_int_equal(in_state(f->store, "quarantined"), 1);
	assert_int_equal(in_state(f->store, "queued"), 1);
	assert_int_equal(in_state(f->store, "claimed"), 1);
	assert_int_equal(attempts(f->store, ids[1]), 0);
	assert_int_equal(attempts(f->store, ids[0]), 1);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM dumps WHERE"
						 " reason = 'no dump' AND backtrace = 'frame'"),
			 1);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM dumps WHERE"
						 " reason = 'its ELF is lost'"),
			 1);
	assert_invariants(f->store);
}

/* Put together in any order, filed in that of the dumps: the first names the issue. */
static void test_the_oldest_is_filed_first(void **state)
{
	struct fixture *f = *state;
	int64_t ids[ROOM];
	PILE_AUTO pile = { 0 };
	const struct report_spec other = { .title = "U", .fingerprints = { "stack=a>b" } };
	enqueue(f->store, "1", NULL);
	enqueue(f->store, "2", NULL);
	assert_int_equal(claim(f->store, NOON, ids, ROOM), 2);
	struct fl_result *second = pile_add(&pile, ids[1], FL_RESULT_FILE, &other);
	struct fl_result *first = pile_add(&pile, ids[0], FL_RESULT_FILE, &crash);
	finish(f->store, &pile);
	assert_true(first->filed.new_issue);
	assert_false(second->filed.new_issue);
	assert_int_equal(second->filed.issue_id, first->filed.issue_id);
	assert_ptr_equal(pile.order[0], first);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM issues WHERE title = 'T'"),
			 1);
}

/* In the middle a dump that is not there any more: the others are filed, each once. */
static void test_one_that_is_gone_costs_itself(void **state)
{
	struct fixture *f = *state;
	int64_t ids[ROOM];
	struct fl_error err = { 0 };
	struct fl_forgotten forgotten;
	PILE_AUTO pile = { 0 };
	static const char *const devices[] = { "A", "B", "C" };
	for (size_t i = 0; i < 3; i++)
		enqueue(f->store, devices[i], devices[i]);
	assert_int_equal(claim(f->store, NOON, ids, ROOM), 3);
	assert_ok(fl_store_forget_device(f->store, "B", false, &forgotten, &err), err);
	for (size_t i = 0; i < 3; i++)
		pile_add(&pile, ids[i], FL_RESULT_FILE, &crash);
	finish(f->store, &pile);
	assert_int_equal(pile.results[0].error.code, FL_OK);
	assert_int_equal(pile.results[1].error.code, FL_ENOTFOUND);
	assert_int_equal(pile.results[1].filed.trace_id, 0);
	assert_int_equal(pile.results[2].error.code, FL_OK);
	assert_int_equal(fixture_count(f->store, "SELECT trace_count FROM issues"), 2);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM trace_history"), 2);
	assert_invariants(f->store);
}

/* Both dumps name their device themselves; only here it shows that they are one. */
static void test_a_duplicate_in_the_same_batch(void **state)
{
	struct fixture *f = *state;
	int64_t ids[ROOM];
	PILE_AUTO pile = { 0 };
	struct report_spec spec = crash;
	spec.serial = "D1";
	enqueue(f->store, "same", NULL);
	enqueue(f->store, "same", NULL);
	assert_int_equal(claim(f->store, NOON, ids, ROOM), 2);
	struct fl_result *second = pile_add(&pile, ids[1], FL_RESULT_FILE, &spec);
	struct fl_result *first = pile_add(&pile, ids[0], FL_RESULT_FILE, &spec);
	finish(f->store, &pile);
	assert_false(first->filed.duplicate);
	assert_true(second->filed.duplicate);
	assert_int_equal(second->filed.trace_id, first->filed.trace_id);
	assert_int_equal(fixture_count(f->store, "SELECT trace_count FROM issues"), 1);
	assert_invariants(f->store);
}

/* A crash that is told by a dump and by an event, in either order. */
static void test_a_pair_in_the_same_batch(void **state)
{
	struct fixture *f = *state;
	const struct report_spec dump = { .title = "T",
					  .reason = HARD_FAULT,
					  .pc = 0x08001234,
					  .lr = 0x08000101,
					  .fingerprints = { "stack=a>b", "^site=a|b" } };
	struct report_spec event = dump;
	event.kind = FL_REPORT_REBOOT;
	event.coredump_saved = true;
	event.fingerprints[0] = "site=a|b";
	event.fingerprints[1] = NULL;
	for (int event_first = 0; event_first < 2; event_first++) {
		int64_t ids[ROOM];
		PILE_AUTO pile = { 0 };
		const char *device = event_first ? "A" : "B";
		enqueue_kind(f->store, event_first ? "1" : "2", device,
			     event_first ? FL_REPORT_REBOOT : FL_REPORT_DUMP, 0);
		enqueue_kind(f->store, event_first ? "3" : "4", device,
			     event_first ? FL_REPORT_DUMP : FL_REPORT_REBOOT, 1);
		assert_int_equal(claim(f->store, NOON, ids, ROOM), 2);
		pile_add(&pile, ids[0], FL_RESULT_FILE, event_first ? &event : &dump);
		pile_add(&pile, ids[1], FL_RESULT_FILE, event_first ? &dump : &event);
		finish(f->store, &pile);
		assert_true(pile.results[1].filed.paired);
		assert_invariants(f->store);
	}
	assert_int_equal(fixture_count(f->store, "SELECT sum(trace_count) FROM issues"), 2);
	assert_int_equal(
		fixture_count(f->store, "SELECT count(*) FROM dumps WHERE paired_id IS NOT NULL"),
		2);
}

/* The disk fails at the third: nothing of the five is written, and the next call starts anew. */
static void test_trouble_undoes_all(void **state)
{
	struct fixture *f = *state;
	int64_t ids[ROOM];
	struct fl_error err = { 0 };
	PILE_AUTO pile = { 0 };
	for (size_t i = 0; i < 5; i++)
		enqueue(f->store, &"abcde"[i], NULL);
	assert_int_equal(claim(f->store, NOON, ids, ROOM), 5);
	for (size_t i = 0; i < 5; i++)
		pile_add(&pile, ids[i], FL_RESULT_FILE, &crash);
	assert_int_equal(sqlite3_exec(f->store->db,
				      "CREATE TEMP TRIGGER bad BEFORE INSERT ON main.traces"
				      " WHEN NEW.dump_id = 3 BEGIN SELECT RAISE(ABORT, 'bad disk');"
				      " END",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(ids[2], 3);
	assert_int_equal(fl_store_finish(f->store, pile.order, 5, &err), FL_EIO);
	assert_non_null(strstr(err.message, "bad disk"));
	assert_ended(f->store);
	assert_int_equal(in_state(f->store, "claimed"), 5);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM issues"), 0);
	assert_int_equal(sqlite3_exec(f->store->db, "DROP TRIGGER bad", NULL, NULL, NULL),
			 SQLITE_OK);
	finish(f->store, &pile);
	assert_int_equal(in_state(f->store, "done"), 5);
	assert_invariants(f->store);
}

/* Somebody else writes: there is no batch, and none is left open. */
static void test_a_batch_that_cannot_begin(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	PILE_AUTO pile = { 0 };
	pile_add(&pile, enqueue(f->store, "1", NULL), FL_RESULT_FILE, &crash);
	FL_AUTO(fl_store) other = fixture_open(f);
	assert_ok(fl_store_batch_begin(other, &err), err);
	fl_store_be_patient(f->store, 1);
	assert_int_equal(fl_store_finish(f->store, pile.order, 1, &err), FL_EIO);
	assert_ended(f->store);
	fl_store_batch_abandon(other);
	finish(f->store, &pile);
	file_one(f->store, "2", &crash);
	fixture_reopen(f);
	assert_int_equal(in_state(f->store, "done"), 2);
}

static void test_nothing_to_finish(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	assert_ok(fl_store_finish(f->store, NULL, 0, &err), err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_a_batch_takes_devices_by_turns),
		store_test(test_what_was_tried_before_comes_alone),
		store_test(test_a_batch_ends_before_what_was_tried),
		store_test(test_every_kind_of_result),
		store_test(test_the_oldest_is_filed_first),
		store_test(test_one_that_is_gone_costs_itself),
		store_test(test_a_duplicate_in_the_same_batch),
		store_test(test_a_pair_in_the_same_batch),
		store_test(test_trouble_undoes_all),
		store_test(test_a_batch_that_cannot_begin),
		store_test(test_nothing_to_finish),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
