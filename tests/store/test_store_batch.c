/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fixture.h"
#include "store/internal.h"
#include "store/invariants.h"

#include <sys/wait.h>
#include <unistd.h>

static void test_a_batch_is_all_or_nothing(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	FL_AUTO(fl_store) other = fixture_open(f);
	assert_ok(fl_store_batch_begin(f->store, &err), err);
	enqueue(f->store, "one", "D1");
	enqueue(f->store, "two", "D1");
	assert_int_equal(fixture_count(other, "SELECT count(*) FROM dumps"), 0);
	fl_store_batch_abandon(f->store);
	fl_store_batch_abandon(f->store);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM dumps"), 0);
	assert_ok(fl_store_batch_begin(f->store, &err), err);
	enqueue(f->store, "one", "D1");
	assert_ok(fl_store_batch_commit(f->store, &err), err);
	assert_int_equal(fixture_count(other, "SELECT count(*) FROM dumps"), 1);
	assert_invariants(f->store);
}

/* Ids of rows that were rolled back are given out again, for other contents. */
static void test_contents_of_an_abandoned_batch_are_forgotten(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	enqueue(f->store, "zero", NULL);
	assert_ok(fl_store_batch_begin(f->store, &err), err);
	enqueue(f->store, "one", NULL);
	enqueue(f->store, "two", NULL);
	enqueue(f->store, "three", NULL);
	fl_store_batch_abandon(f->store);
	enqueue(f->store, "four", NULL);
	enqueue(f->store, "five", NULL);
	enqueue(f->store, "five", NULL);
	enqueue(f->store, "four", NULL);
	enqueue(f->store, "zero", NULL);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM dump_contents"), 3);
	assert_invariants(f->store);
}

static void test_a_call_that_fails_undoes_only_itself(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_enqueued enqueued;
	struct fl_filed filed;
	char long_name[FL_STORE_TEXT_MAX + 2];
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	const struct fl_upload bad = { .bytes = "x", .size = 1, .device = long_name };
	FL_AUTO(fl_report) report = report_make(&(struct report_spec){ .title = "T" });
	assert_ok(fl_store_batch_begin(f->store, &err), err);
	int64_t first = enqueue(f->store, "one", "D1");
	assert_int_equal(fl_store_enqueue(f->store, &bad, &enqueued, &err), FL_EINVALID);
	assert_int_equal(fl_store_file(f->store, 99, report, &filed, &err), FL_ENOTFOUND);
	assert_ok(fl_store_file(f->store, first, report, &filed, &err), err);
	enqueue(f->store, "two", "D1");
	assert_ok(fl_store_batch_commit(f->store, &err), err);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM dumps"), 2);
	assert_invariants(f->store);
}

static void test_batches_are_not_nested(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	assert_int_equal(fl_store_batch_commit(f->store, &err), FL_EINVALID);
	assert_ok(fl_store_batch_begin(f->store, &err), err);
	assert_int_equal(fl_store_batch_begin(f->store, &err), FL_EINVALID);
	enqueue(f->store, "one", NULL);
	assert_ok(fl_store_batch_commit(f->store, &err), err);
	assert_int_equal(fl_store_batch_commit(f->store, &err), FL_EINVALID);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM dumps"), 1);
}

/* What SQLite rolled back by itself cannot be continued: half a delivery would be committed. */
static void test_a_batch_that_sqlite_ended_is_refused(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_enqueued enqueued;
	const struct fl_upload upload = { .bytes = "two", .size = 3 };
	assert_ok(fl_store_batch_begin(f->store, &err), err);
	enqueue(f->store, "one", NULL);
	assert_int_equal(sqlite3_exec(f->store->db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(fl_store_enqueue(f->store, &upload, &enqueued, &err), FL_EIO);
	assert_non_null(strstr(err.message, "undone"));
	assert_int_equal(fl_store_batch_commit(f->store, &err), FL_EIO);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM dumps"), 0);
	enqueue(f->store, "two", NULL);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM dumps"), 1);
	assert_invariants(f->store);
}

static void die_in_a_batch(const char *path)
{
	struct fl_store *store = NULL;
	struct fl_enqueued enqueued;
	const struct fl_upload upload = { .bytes = "half", .size = 4 };
	bool bad = fl_store_open(path, &store, NULL) || fl_store_batch_begin(store, NULL) ||
		   fl_store_enqueue(store, &upload, &enqueued, NULL) ||
		   fl_store_put_partial(store, "D1", "state", 5, 5, NOON, NULL);
	_exit(bad);
}

static void test_a_process_that_dies_in_a_batch_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t child = fork();
	if (!child)
		die_in_a_batch(f->path);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM dumps"), 0);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM partials"), 0);
	enqueue(f->store, "after", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_a_batch_is_all_or_nothing),
		store_test(test_contents_of_an_abandoned_batch_are_forgotten),
		store_test(test_a_call_that_fails_undoes_only_itself),
		store_test(test_batches_are_not_nested),
		store_test(test_a_batch_that_sqlite_ended_is_refused),
		store_test(test_a_process_that_dies_in_a_batch_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
