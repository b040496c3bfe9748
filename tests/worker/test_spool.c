/* SPDX-License-Identifier: Apache-2.0 */
/* The spool folder: what is taken, what is left, and what a crash in between leaves behind. */
#include "scratch.h"
#include "support/cmocka.h"
#include "worker/spool.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned syncs, put_off;
static unsigned sync_failures; /* of those to come */
static unsigned files_at_sync; /* at most */
static const struct scratch *watched;

enum fl_code __wrap_fl_store_sync(struct fl_store *store, struct fl_error *err);
enum fl_code __real_fl_store_sync(struct fl_store *store, struct fl_error *err);

enum fl_code __wrap_fl_store_sync(struct fl_store *store, struct fl_error *err)
{
	unsigned files = watched ? scratch_count(watched) : 0;
	files_at_sync = files > files_at_sync ? files : files_at_sync;
	syncs++;
	if (!sync_failures)
		return __real_fl_store_sync(store, err);
	sync_failures--;
	return fl_fail(err, FL_EIO, FL_AT_NONE, 0, "the disk fails");
}

void __wrap_fl_store_put_off_sync(struct fl_store *store);
void __real_fl_store_put_off_sync(struct fl_store *store);

void __wrap_fl_store_put_off_sync(struct fl_store *store)
{
	put_off++;
	__real_fl_store_put_off_sync(store);
}

static bool never(void *context)
{
	(void)context;
	return false;
}

static struct fl_worker_summary take(struct scratch *scratch)
{
	struct fl_worker_summary summary = { 0 };
	FL_AUTO(fl_spool) spool = NULL;
	struct fl_error err = { 0 };
	if (fl_spool_open(scratch->spool, &spool, &err))
		fail_msg("%s", err.message);
	const struct fl_intake intake = { .store = scratch_store(scratch),
					  .summary = &summary,
					  .stopping = never };
	bool busy;
	if (fl_spool_intake(spool, &intake, &busy, &err))
		fail_msg("%s", err.message);
	assert_false(busy);
	return summary;
}

static void test_takes_what_is_complete(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	scratch_put_text(&scratch, "b.core", "second");
	scratch_put_text(&scratch, "a.core", "first");
	scratch_put_text(&scratch, "no extension", "third");
	scratch_put_text(&scratch, "empty", "");
	scratch_put_text(&scratch, ".hidden", "not yet");
	scratch_put_text(&scratch, "half.core.tmp", "not yet");
	scratch_put_text(&scratch, "early.core.json", "{}");
	char path[512], target[512];
	snprintf(path, sizeof(path), "%s/folder", scratch.spool);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/fifo", scratch.spool);
	assert_int_equal(mkfifo(path, 0644), 0);
	snprintf(path, sizeof(path), "%s/link", scratch.spool);
	snprintf(target, sizeof(target), "%s/b.core", scratch.spool);
	assert_int_equal(symlink(target, path), 0);

	struct fl_worker_summary summary = take(&scratch);
	assert_int_equal(summary.spooled, 4);
	assert_int_equal(summary.duplicates, 0);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_int_equal(rows.count, 4);
	assert_string_equal(rows.rows[0].source, "a.core"); /* in the order of their names */
	assert_string_equal(rows.rows[1].source, "b.core");
	assert_string_equal(scratch_row(&rows, "no extension")->state, "queued");
	scratch_row(&rows, "empty");
	static const char *const left[] = { ".hidden", "half.core.tmp", "early.core.json",
					    "folder",  "fifo",          "link" };
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		assert_true(scratch_has(&scratch, left[i]));
	assert_int_equal(scratch_count(&scratch), sizeof(left) / sizeof(left[0]));
	assert_int_equal(take(&scratch).spooled, 0);
}

static void test_companion_is_believed(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	scratch_put_text(&scratch, "a.core.json",
			 "{\"device\": \"SN-7\", \"received_at\": \"2026-02-01T12:00:00Z\","
			 " \"software_type\": \"main\", \"software_version\": \"1.0\"}");
	scratch_put_text(&scratch, "a.core", "dump");
	scratch_put_text(&scratch, "b.core", "dump without one");
	take(&scratch);
	assert_int_equal(scratch_count(&scratch), 0);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	const struct scratch_row *a = scratch_row(&rows, "a.core");
	assert_string_equal(a->device, "SN-7");
	assert_string_equal(a->software_version, "1.0");
	assert_int_equal(a->received_at, 1769947200);
	struct fl_claim dump = { 0 };
	assert_int_equal(fl_store_dump(scratch_store(&scratch), a->dump_id, &dump, NULL), FL_OK);
	assert_int_equal(dump.bytes.size, 4);
	assert_memory_equal(dump.bytes.data, "dump", 4);
	assert_string_equal(dump.software_type, "main");
	fl_claim_deinit(&dump);
	assert_string_equal(scratch_row(&rows, "b.core")->device, "");
}

static void test_mtime_stands_in_for_a_time(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	scratch_put_text(&scratch, "a.core", "dump");
	char path[512];
	snprintf(path, sizeof(path), "%s/a.core", scratch.spool);
	const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1234567890 } };
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	take(&scratch);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_int_equal(scratch_row(&rows, "a.core")->received_at, 1234567890);
}

static void test_duplicates_are_counted(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	for (int i = 0; i < 3; i++) {
		char name[32], companion[32];
		snprintf(name, sizeof(name), "%d.core", i);
		snprintf(companion, sizeof(companion), "%d.core.json", i);
		scratch_put_text(&scratch, companion, "{\"device\": \"SN-7\"}");
		scratch_put_text(&scratch, name, "the same");
	}
	scratch_put_text(&scratch, "x.core", "the same"); /* of an unknown device: another one */
	scratch_put_text(&scratch, "y.core", "the same"); /* and yet another */
	struct fl_worker_summary summary = take(&scratch);
	assert_int_equal(summary.spooled, 5);
	assert_int_equal(summary.duplicates, 2);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_int_equal(rows.count, 3);
	assert_int_equal(scratch_row(&rows, "0.core")->duplicates, 2);
	assert_int_equal(scratch_count(&scratch), 0);
}

/* --- what cannot be taken --- */

static void test_bad_companion_is_put_aside(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	for (int i = 0; i < 2; i++) { /* twice under one name: the first stays */
		scratch_put_text(&scratch, "a.core.json", "{ \"device\": 7 }");
		scratch_put_text(&scratch, "a.core", i ? "second" : "first");
		scratch_put_text(&scratch, "good.core", "good");
		assert_int_equal(take(&scratch).spooled, 1);
	}
	assert_int_equal(scratch_count(&scratch), 1); /* rejected/ */
	static const struct {
		const char *name, *text;
	} files[] = {
		{ "a.core", "first" },
		{ "a.core.1", "second" },
		{ "a.core.json", "{ \"device\": 7 }" },
		{ "a.core.1.json", "{ \"device\": 7 }" },
		{ "a.core.reason", "companion: \"device\" is not a string\n" },
	};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[512];
		snprintf(path, sizeof(path), "%s/rejected/%s", scratch.spool, files[i].name);
		FL_AUTO_BUFFER bytes = scratch_read(path);
		assert_string_equal((char *)bytes.data, files[i].text);
	}
}

static void test_too_large_is_put_aside(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	scratch_put_text(&scratch, "huge.core", "");
	char path[512];
	snprintf(path, sizeof(path), "%s/huge.core", scratch.spool);
	if (truncate(path, INT64_C(4) << 30) != 0)
		skip(); /* a file system without sparse files */
	assert_int_equal(take(&scratch).spooled, 0);
	assert_true(scratch_has(&scratch, "rejected/huge.core"));
	assert_true(scratch_has(&scratch, "rejected/huge.core.reason"));
	assert_false(scratch_has(&scratch, "huge.core"));
}

static void test_overlong_text_is_put_aside(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	char companion[8192];
	memset(companion, 'x', sizeof(companion));
	memcpy(companion, "{ \"device\": \"", 13);
	memcpy(companion + sizeof(companion) - 4, "\" }", 4);
	scratch_put_text(&scratch, "a.core.json", companion);
	scratch_put_text(&scratch, "a.core", "dump");
	assert_int_equal(take(&scratch).spooled, 0);
	assert_true(scratch_has(&scratch, "rejected/a.core"));
	assert_true(scratch_has(&scratch, "rejected/a.core.json"));
	assert_int_equal(scratch_count(&scratch), 1);
}

static void test_long_name_is_put_aside(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	char name[256];
	memset(name, 'n', sizeof(name));
	name[254] = '\0';
	scratch_put_text(&scratch, name, "dump");
	assert_int_equal(take(&scratch).spooled, 0);
	/* no room for the mark, nor for a suffix: said, and left where it is */
	assert_true(scratch_has(&scratch, name));
}

/* Whoever cannot read a file leaves it, marks and all, as it was. */
static void test_unreadable_stays(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	scratch_put_text(&scratch, "a.core.json", "{}");
	scratch_put_text(&scratch, "a.core", "dump");
	scratch_put_text(&scratch, "b.core.json", "{}");
	scratch_put_text(&scratch, "b.core", "dump");
	char path[512];
	snprintf(path, sizeof(path), "%s/a.core", scratch.spool);
	assert_int_equal(chmod(path, 0), 0);
	snprintf(path, sizeof(path), "%s/b.core.json", scratch.spool);
	assert_int_equal(chmod(path, 0), 0);
	bool root = geteuid() == 0;
	if (root) { /* root reads everything */
		assert_int_equal(chown(scratch.folder, 65534, 65534), 0);
		assert_int_equal(chown(scratch.spool, 65534, 65534), 0);
		assert_int_equal(seteuid(65534), 0);
	}
	struct fl_worker_summary summary = take(&scratch);
	scratch_close_store(&scratch);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(summary.spooled, 0);
	static const char *const there[] = { "a.core", "a.core.json", "b.core", "b.core.json" };
	for (size_t i = 0; i < 4; i++)
		assert_true(scratch_has(&scratch, there[i]));
	assert_int_equal(scratch_count(&scratch), 4);
}

static void test_one_process_at_a_time(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	scratch_put_text(&scratch, "a.core", "dump");
	int folder = open(scratch.spool, O_RDONLY | O_DIRECTORY);
	assert_int_equal(flock(folder, LOCK_EX), 0);
	struct fl_worker_summary summary = { 0 };
	FL_AUTO(fl_spool) spool = NULL;
	assert_int_equal(fl_spool_open(scratch.spool, &spool, NULL), FL_OK);
	const struct fl_intake intake = { .store = scratch_store(&scratch),
					  .summary = &summary,
					  .stopping = never };
	bool busy = false;
	assert_int_equal(fl_spool_intake(spool, &intake, &busy, NULL), FL_OK);
	assert_true(busy);
	assert_true(scratch_has(&scratch, "a.core"));
	close(folder);
	assert_int_equal(fl_spool_intake(spool, &intake, &busy, NULL), FL_OK);
	assert_false(busy);
	assert_int_equal(summary.spooled, 1);
}

static void test_no_such_folder(void **state)
{
	(void)state;
	FL_AUTO(fl_spool) spool = NULL;
	struct fl_error err = { 0 };
	assert_int_equal(fl_spool_open("/nonexistent/spool", &spool, &err), FL_EIO);
	assert_non_null(strstr(err.message, "/nonexistent/spool"));
	assert_null(spool);
}

/* --- after a crash --- */

/* Every state in which kill -9 can leave one file, and what the next worker makes of it. */
static const struct {
	const char *name;
	const char *dump, *companion; /* where they are then; NULL: nowhere */
	bool enqueued;
} crash_states[] = {
	{ "nothing done", "a.core", "a.core.json", false },
	{ "companion marked", "a.core", ".taking.a.core.json", false },
	{ "both marked", ".taking.a.core", ".taking.a.core.json", false },
	{ "enqueued", ".taking.a.core", ".taking.a.core.json", true },
	{ "taken", ".taken.a.core", ".taking.a.core.json", true },
	{ "companion unlinked", ".taken.a.core", NULL, true },
};

/* With a device the database would know the dump again by itself; without, nobody does. */
static void check_crash_state(size_t index, const char *device)
{
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	char companion[128];
	snprintf(companion, sizeof(companion), "{\"received_at\": 1700000000%s%s%s}",
		 device ? ", \"device\": \"" : "", device ? device : "", device ? "\"" : "");
	if (crash_states[index].companion)
		scratch_put_text(&scratch, crash_states[index].companion, companion);
	scratch_put_text(&scratch, crash_states[index].dump, "dump");
	const struct fl_upload upload = { .bytes = "dump",
					  .size = 4,
					  .source = "a.core",
					  .device = device,
					  .received_at = 1700000000 };
	struct fl_enqueued enqueued;
	if (crash_states[index].enqueued)
		assert_int_equal(
			fl_store_enqueue(scratch_store(&scratch), &upload, &enqueued, NULL), FL_OK);
	assert_int_equal(take(&scratch).spooled, !crash_states[index].enqueued);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	if (rows.count != 1 || scratch_count(&scratch) != 0)
		fail_msg("%s: %zu dumps, %u files left", crash_states[index].name, rows.count,
			 scratch_count(&scratch));
	assert_string_equal(rows.rows[0].device, device ? device : "");
	assert_int_equal(rows.rows[0].received_at, 1700000000);
	assert_int_equal(rows.rows[0].duplicates, 0);
}

/* Every state in which kill -9 can leave one file, and what the next worker makes of it. */
static void test_crash_states(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(crash_states) / sizeof(crash_states[0]); i++) {
		check_crash_state(i, NULL);
		check_crash_state(i, "SN-7");
	}
}

static void put_many(struct scratch *scratch, unsigned count)
{
	char text[32];
	for (unsigned i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "%03u.core", i);
		scratch_put_text(scratch, text, text);
	}
	watched = scratch;
	files_at_sync = 0;
	syncs = put_off = 0;
}

static void check_all_there(struct scratch *scratch, unsigned count)
{
	watched = NULL;
	SCRATCH_ROWS_AUTO rows = scratch_rows(scratch);
	assert_int_equal(rows.count, count);
	assert_int_equal(scratch_count(scratch), 0);
}

/* Some wait for the disk together, and none is unlinked before. */
static void test_many_wait_for_the_disk_together(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	put_many(&scratch, 40);
	assert_int_equal(take(&scratch).spooled, 40);
	assert_int_equal(put_off, 40);
	assert_int_equal(files_at_sync, 40);
	assert_int_equal(syncs, 3); /* 16, 16, 8 */
	check_all_there(&scratch, 40);
	syncs = 0;
	assert_int_equal(take(&scratch).spooled, 0);
	assert_int_equal(syncs, 0);
}

/* They are still there, and known. */
static void test_a_disk_that_fails_costs_nothing(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	struct fl_worker_summary summary = { 0 };
	const struct fl_intake intake = { .store = scratch_store(&scratch),
					  .summary = &summary,
					  .stopping = never };
	FL_AUTO(fl_spool) spool = NULL;
	struct fl_error err = { 0 };
	bool busy;
	put_many(&scratch, 20);
	assert_int_equal(fl_spool_open(scratch.spool, &spool, NULL), FL_OK);
	sync_failures = 2;
	assert_int_equal(fl_spool_intake(spool, &intake, &busy, &err), FL_EIO);
	assert_string_equal(err.message, "the disk fails");
	assert_int_equal(scratch_count(&scratch), 20);
	assert_int_equal(fl_spool_intake(spool, &intake, &busy, NULL), FL_OK);
	assert_int_equal(summary.spooled, 20);
	check_all_there(&scratch, 20);
}

/* It may be there since a moment before its worker was killed, and not on the disk. */
static void test_what_a_dead_worker_took_is_synced(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	const struct fl_upload upload = {
		.bytes = "dump", .size = 4, .source = "a.core", .received_at = 1700000000
	};
	struct fl_enqueued enqueued;
	assert_int_equal(fl_store_enqueue(scratch_store(&scratch), &upload, &enqueued, NULL),
			 FL_OK);
	scratch_put_text(&scratch, ".taking.a.core.json", "{\"received_at\": 1700000000}");
	scratch_put_text(&scratch, ".taking.a.core", "dump");
	put_many(&scratch, 0);
	assert_int_equal(take(&scratch).spooled, 0);
	assert_int_equal(files_at_sync, 2);
	check_all_there(&scratch, 1);
}

/* The same bytes under another name, or the same name with other bytes, are other dumps. */
static void test_crash_does_not_swallow_a_look_alike(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	static const struct {
		const char *source, *text;
		int64_t received_at;
	} others[] = {
		{ "b.core", "dump", 1700000000 },
		{ "a.core", "DUMP", 1700000000 },
		{ "a.core", "dump", 1700000001 },
	};
	for (size_t i = 0; i < 3; i++) {
		const struct fl_upload upload = { .bytes = others[i].text,
						  .size = 4,
						  .source = others[i].source,
						  .received_at = others[i].received_at };
		struct fl_enqueued enqueued;
		assert_int_equal(
			fl_store_enqueue(scratch_store(&scratch), &upload, &enqueued, NULL), FL_OK);
	}
	scratch_put_text(&scratch, ".taking.a.core.json", "{\"received_at\": 1700000000}");
	scratch_put_text(&scratch, ".taking.a.core", "dump");
	assert_int_equal(take(&scratch).spooled, 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_int_equal(rows.count, 4);
}

/* A producer that uses a name again while the old file is still being taken loses nothing. */
static void test_name_used_again(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	scratch_put_text(&scratch, ".taking.a.core", "old");
	scratch_put_text(&scratch, ".taking.b.core.json", "{\"device\": \"old\"}");
	scratch_put_text(&scratch, "a.core", "new");
	scratch_put_text(&scratch, "b.core.json", "{\"device\": \"new\"}");
	scratch_put_text(&scratch, "b.core", "new b");
	assert_int_equal(take(&scratch).spooled, 3);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_int_equal(rows.count, 3);
	assert_string_equal(scratch_row(&rows, "b.core")->device, "new");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_takes_what_is_complete),
		cmocka_unit_test(test_companion_is_believed),
		cmocka_unit_test(test_mtime_stands_in_for_a_time),
		cmocka_unit_test(test_duplicates_are_counted),
		cmocka_unit_test(test_bad_companion_is_put_aside),
		cmocka_unit_test(test_too_large_is_put_aside),
		cmocka_unit_test(test_overlong_text_is_put_aside),
		cmocka_unit_test(test_long_name_is_put_aside),
		cmocka_unit_test(test_unreadable_stays),
		cmocka_unit_test(test_one_process_at_a_time),
		cmocka_unit_test(test_no_such_folder),
		cmocka_unit_test(test_crash_states),
		cmocka_unit_test(test_many_wait_for_the_disk_together),
		cmocka_unit_test(test_a_disk_that_fails_costs_nothing),
		cmocka_unit_test(test_what_a_dead_worker_took_is_synced),
		cmocka_unit_test(test_crash_does_not_swallow_a_look_alike),
		cmocka_unit_test(test_name_used_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
