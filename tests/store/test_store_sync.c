/* SPDX-License-Identifier: Apache-2.0 */
/* When the disk is waited for: at each commit, or once for all that were put off. */
#include "fixture.h"

#include "store/internal.h"

#include <stdio.h>

static unsigned syncs;
static const sqlite3_io_methods *real;

static int count_sync(sqlite3_file *file, int flags)
{
	syncs++;
	return real->xSync(file, flags);
}

static int fail_sync(sqlite3_file *file, int flags)
{
	(void)file;
	(void)flags;
	return SQLITE_IOERR_FSYNC;
}

/* Of the log, which is open after the first commit. */
static void watch_log(struct fl_store *store, int (*sync)(sqlite3_file *, int))
{
	static sqlite3_io_methods watching;
	sqlite3_file *log = NULL;
	assert_int_equal(
		sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log),
		SQLITE_OK);
	if (log->pMethods != &watching)
		real = log->pMethods;
	watching = *real;
	watching.xSync = sync;
	log->pMethods = &watching;
	syncs = 0;
}

static void enqueue_some(struct fl_store *store, const char *device, unsigned count)
{
	char bytes[32];
	for (unsigned i = 0; i < count; i++) {
		snprintf(bytes, sizeof(bytes), "%s %u", device, i);
		enqueue(store, bytes, device);
	}
}

static void test_a_commit_waits_for_the_disk(void **state)
{
	struct fixture *f = *state;
	enqueue_some(f->store, "first", 1);
	watch_log(f->store, count_sync);
	enqueue_some(f->store, "unit-1", 5);
	assert_int_equal(syncs, 5);
}

static void test_what_is_put_off_waits_once(void **state)
{
	struct fixture *f = *state;
	enqueue_some(f->store, "first", 1);
	watch_log(f->store, count_sync);
	fl_store_put_off_sync(f->store);
	enqueue_some(f->store, "unit-1", 5);
	assert_int_equal(syncs, 0);
	assert_int_equal(fl_store_sync(f->store, NULL), FL_OK);
	assert_int_equal(syncs, 1);
	enqueue_some(f->store, "unit-2", 5);
	assert_int_equal(syncs, 6);
}

/* Others need not wait until it is on the disk. */
static void test_what_is_put_off_can_be_seen(void **state)
{
	struct fixture *f = *state;
	struct fl_queue_counts counts;
	fl_store_put_off_sync(f->store);
	enqueue_some(f->store, "unit-1", 3);
	FL_AUTO(fl_store) other = fixture_open(f);
	assert_int_equal(fl_store_queue_counts(other, &counts, NULL), FL_OK);
	assert_int_equal(counts.queued, 3);
}

static void test_a_disk_that_fails_is_said(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	enqueue_some(f->store, "first", 1);
	fl_store_put_off_sync(f->store);
	enqueue_some(f->store, "unit-1", 1);
	watch_log(f->store, fail_sync);
	assert_int_equal(fl_store_sync(f->store, &err), FL_EIO);
	assert_non_null(strstr(err.message, f->path));
	watch_log(f->store, count_sync);
}

static void test_a_database_without_a_log_needs_none(void **state)
{
	(void)state;
	FL_AUTO(fl_store) store = NULL;
	assert_int_equal(fl_store_open(":memory:", &store, NULL), FL_OK);
	fl_store_put_off_sync(store);
	enqueue_some(store, "unit-1", 1);
	assert_int_equal(fl_store_sync(store, NULL), FL_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_a_commit_waits_for_the_disk),
		store_test(test_what_is_put_off_waits_once),
		store_test(test_what_is_put_off_can_be_seen),
		store_test(test_a_disk_that_fails_is_said),
		cmocka_unit_test(test_a_database_without_a_log_needs_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
