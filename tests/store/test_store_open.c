/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fixture.h"

#include "store/internal.h"
#include "store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int64_t pragma(struct fl_store *store, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	int64_t value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return value;
}

static void run_sql(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* 0: there is none. */
static int64_t claim_one(struct fl_store *store)
{
	int64_t id = 0;
	size_t count = 0;
	enum fl_code code = fl_store_claim_batch(store, "test", 1000, 60, &id, 1, &count, NULL);
	assert_int_equal(code, count ? FL_OK : FL_ENOTFOUND);
	return id;
}

static int set_state(struct fl_store *store, const char *state)
{
	char sql[80];
	snprintf(sql, sizeof(sql), "UPDATE dumps SET state = '%s'", state);
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL) & 0xff;
}

static void test_a_new_database_is_durable_and_checked(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(pragma(f->store, "PRAGMA application_id"), FL_APPLICATION_ID);
	assert_int_equal(pragma(f->store, "PRAGMA user_version"), FL_SCHEMA_VERSION);
	assert_int_equal(pragma(f->store, "PRAGMA foreign_keys"), 1);
	assert_int_equal(pragma(f->store, "PRAGMA synchronous"), 2); /* FULL */
	assert_int_equal(pragma(f->store, "SELECT count(*) FROM pragma_journal_mode"
					  " WHERE journal_mode = 'wal'"),
			 1);
	assert_int_equal(pragma(f->store, "SELECT count(*) FROM pragma_table_list"
					  " WHERE schema = 'main' AND NOT strict"
					  " AND name NOT LIKE 'sqlite_%'"),
			 0);
}

/* Two users of one group share a folder: the umask says whether they may. */
static void test_the_umask_decides_who_may_write(void **state)
{
	static const struct {
		mode_t mask, mode;
	} cases[] = { { 0007, 0660 }, { 0022, 0644 }, { 0077, 0600 } };
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[128];
		struct stat st;
		struct fl_error err = { 0 };
		FL_AUTO(fl_store) store = NULL;
		snprintf(path, sizeof(path), "%s/shared-%zu.db", f->dir, i);
		mode_t before = umask(cases[i].mask);
		enum fl_code code = fl_store_open(path, &store, &err);
		umask(before);
		assert_ok(code, err);
		for (size_t k = 0; k < sizeof(suffixes) / sizeof(suffixes[0]); k++) {
			char file[160];
			snprintf(file, sizeof(file), "%s%s", path, suffixes[k]);
			assert_int_equal(stat(file, &st), 0);
			assert_int_equal(st.st_mode & 0777, cases[i].mode);
		}
	}
}

static void test_every_statement_compiles(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < FL_SQL_COUNT; i++) {
		FL_AUTO_QUERY query = fl_query(f->store, (enum fl_sql)i);
		if (query.sqlite_code)
			fail_msg("%s: %s", fl_sql_text[i], sqlite3_errmsg(f->store->db));
	}
}

/* dumps_in_work holds only open dumps, sqlite_sequence a row per table, c at most 64 candidates,
 * back at most 65 pieces of an index. */
static bool is_short(const char *plan)
{
	static const char *const names[] = { "dumps_in_work", "CONSTANT ROW", "sqlite_sequence",
					     "SCAN c", "SCAN back" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strstr(plan, names[i]))
			return true;
	return false;
}

/* On the way of every dump nothing may read a whole table. */
static void test_the_hot_path_scans_no_table(void **state)
{
	static const enum fl_sql hot[] = {
		FL_SQL_DEVICE_FIND,
		FL_SQL_DEVICE_RATE,
		FL_SQL_DEVICE_SEEN,
		FL_SQL_DEVICE_FILED,
		FL_SQL_VERSION_FIND,
		FL_SQL_CONTENT_KEYS,
		FL_SQL_CONTENT_READ,
		FL_SQL_DUMP_ADD,
		FL_SQL_DUMP_DUPLICATE,
		FL_SQL_DUMP_DUPLICATE_FILED,
		FL_SQL_DUMP_COUNT_DUPLICATES,
		FL_SQL_DUMP_NEXT,
		FL_SQL_DUMP_CLAIMABLE,
		FL_SQL_DUMP_CLAIM,
		FL_SQL_DUMP_READ,
		FL_SQL_DUMP_IDENTITY,
		FL_SQL_DUMP_FINISH,
		FL_SQL_FINGERPRINT_FIND,
		FL_SQL_ISSUE_COUNT,
		FL_SQL_ISSUE_HAS_DUMPS,
		FL_SQL_ISSUE_REPORTS,
		FL_SQL_PAIR_ANY_EVENT,
		FL_SQL_PAIR_FIND_EVENT,
		FL_SQL_PAIR_FIND_EVENT_ANY_LR,
		FL_SQL_PAIR_FIND_DUMP,
		FL_SQL_PAIR_DUMP,
		FL_SQL_PAIR_TRACE,
		FL_SQL_REBOOT_PUT,
		FL_SQL_REBOOT_DELETE,
		FL_SQL_SAMPLES_COUNT,
		FL_SQL_CONTENT_NEEDED,
		FL_SQL_CONTENT_PRUNE,
		FL_SQL_PARTIAL_GET,
		FL_SQL_PARTIAL_PUT,
		FL_SQL_TRANSPORT_ADD,
		FL_SQL_KEPT_SAME,
		FL_SQL_KEPT_ADD,
		FL_SQL_SYMBOLS_FITTING,
		FL_SQL_SYMBOLS_IN_USE,
		FL_SQL_HISTORY_ADD,
		FL_SQL_BULK_OF_DUMP,
		FL_SQL_BULK_COUNT,
		FL_SQL_BULK_LEAVE,
		FL_SQL_SYMBOLS_REVISION,
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(hot) / sizeof(hot[0]); i++) {
		char sql[4096];
		sqlite3_stmt *stmt = NULL;
		snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", fl_sql_text[hot[i]]);
		assert_int_equal(sqlite3_prepare_v2(f->store->db, sql, -1, &stmt, NULL), SQLITE_OK);
		while (sqlite3_step(stmt) == SQLITE_ROW) {
			const char *plan = (const char *)sqlite3_column_text(stmt, 3);
			if (strstr(plan, "SCAN") && !is_short(plan))
				fail_msg("%s: %s", fl_sql_text[hot[i]], plan);
		}
		sqlite3_finalize(stmt);
	}
}

static void refused(const char *path, enum fl_code code, const char *message)
{
	struct fl_error err = { 0 };
	struct fl_store *store = NULL;
	assert_int_equal(fl_store_open(path, &store, &err), code);
	assert_null(store);
	assert_int_equal(err.code, code);
	if (!strstr(err.message, message))
		fail_msg("'%s' does not say '%s'", err.message, message);
	assert_int_equal(fl_store_open(path, &store, NULL), code);
}

static void test_what_cannot_be_opened_is_named(void **state)
{
	struct fixture *f = *state;
	char path[256];
	refused("", FL_EINVALID, "no path");
	refused(NULL, FL_EINVALID, "no path");
	refused(f->dir, FL_EIO, f->dir);
	snprintf(path, sizeof(path), "%s", fixture_path(f, "no/such/folder.db"));
	refused(path, FL_EIO, path);
	refused(path, FL_EIO, "No such file or directory");
	snprintf(path, sizeof(path), "%s", fixture_path(f, "text.db"));
	write_file(path, "this is a text of more than a hundred bytes, as long as the header of an "
			 "SQLite database, and it is none of them at all\n");
	refused(path, FL_EIO, path);
	refused(path, FL_EIO, "file is not a database");
}

static void test_a_long_path_keeps_the_message(void **state)
{
	(void)state;
	char path[600] = "/tmp/faultline-no-such-folder/";
	memset(path + strlen(path), 'x', 400);
	refused(path, FL_EIO, "xxx: No such file or directory");
}

static void test_a_foreign_database_is_left_alone(void **state)
{
	struct fixture *f = *state;
	char path[256];
	snprintf(path, sizeof(path), "%s", fixture_path(f, "other.db"));
	run_sql(path, "CREATE TABLE notes (text)");
	refused(path, FL_EIO, "not one of faultline's");
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	struct fl_store look = { .db = db };
	assert_int_equal(pragma(&look, "SELECT count(*) FROM sqlite_schema"), 1);
	assert_int_equal(pragma(&look, "SELECT count(*) FROM pragma_journal_mode"
				       " WHERE journal_mode = 'wal'"),
			 0);
	sqlite3_close(db);
}

static void test_a_newer_schema_is_refused_in_one_line(void **state)
{
	struct fixture *f = *state;
	char message[256];
	run_sql(f->path, "PRAGMA user_version = 7");
	snprintf(message, sizeof(message),
		 "database %s was written by a newer faultline (schema 7, this one knows 3)",
		 f->path);
	refused(f->path, FL_EUNSUPPORTED, message);
}

static void test_memory_and_empty_files_become_databases(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	FL_AUTO(fl_store) memory = NULL;
	assert_ok(fl_store_open(":memory:", &memory, &err), err);
	assert_int_equal(enqueue(memory, "one", NULL), 1);
	char path[256];
	snprintf(path, sizeof(path), "%s", fixture_path(f, "empty.db"));
	write_file(path, "");
	FL_AUTO(fl_store) empty = NULL;
	assert_ok(fl_store_open(path, &empty, &err), err);
	assert_int_equal(enqueue(empty, "one", NULL), 1);
}

static void open_and_enqueue(const char *path, int number)
{
	struct fl_error err = { 0 };
	struct fl_store *store = NULL;
	struct fl_enqueued ret;
	const struct fl_upload upload = { .bytes = &number, .size = sizeof(number) };
	bool bad =
		fl_store_open(path, &store, &err) || fl_store_enqueue(store, &upload, &ret, &err);
	if (bad)
		fprintf(stderr, "%s\n", err.message);
	fl_store_close(store);
	_exit(bad);
}

/* Programs start together: each creates the database, and one of them does it. */
static void test_many_may_create_it_at_once(void **state)
{
	enum { PROCESSES = 6 };
	struct fixture *f = *state;
	char path[256];
	snprintf(path, sizeof(path), "%s", fixture_path(f, "raced.db"));
	pid_t children[PROCESSES];
	for (int i = 0; i < PROCESSES; i++)
		if (!(children[i] = fork()))
			open_and_enqueue(path, i);
	for (int i = 0; i < PROCESSES; i++) {
		int status;
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	struct fl_error err = { 0 };
	FL_AUTO(fl_store) store = NULL;
	assert_ok(fl_store_open(path, &store, &err), err);
	assert_int_equal(pragma(store, "SELECT count(*) FROM dumps"), PROCESSES);
}

static void test_closing_nothing_is_fine(void **state)
{
	(void)state;
	fl_store_close(NULL);
	fl_claim_deinit(NULL);
}

/* A copy on a medium that cannot be written. Root can write everywhere: then as nobody. */
static int ask_read_only(const char *path)
{
	struct fl_error err = { 0 };
	struct fl_store *store = NULL;
	struct fl_queue_counts counts;
	struct fl_enqueued enqueued;
	const struct fl_upload upload = { .bytes = "b", .size = 1 };
	if (!geteuid() && (setgid(65534) || setuid(65534)))
		return 1;
	if (fl_store_open(path, &store, &err))
		return 2;
	if (fl_store_queue_counts(store, &counts, &err) || counts.queued != 1)
		return 3;
	if (fl_store_enqueue(store, &upload, &enqueued, &err) != FL_EIO ||
	    !strstr(err.message, "readonly"))
		return 4;
	fl_store_close(store);
	return 0;
}

static void test_a_read_only_folder_can_be_asked(void **state)
{
	struct fixture *f = *state;
	char folder[128];
	char path[256];
	int status = 0;
	enqueue(f->store, "dump", NULL);
	fl_store_close(f->store); /* the log is written back */
	snprintf(folder, sizeof(folder), "%s/a?b#c%%20", f->dir);
	snprintf(path, sizeof(path), "%s/test.db", folder);
	assert_int_equal(mkdir(folder, 0755), 0);
	assert_int_equal(rename(f->path, path), 0);
	assert_int_equal(chmod(f->dir, 0755), 0);
	assert_int_equal(chmod(path, 0444), 0);
	assert_int_equal(chmod(folder, 0555), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(ask_read_only(path));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(status, 0);
	f->store = fixture_open(f);
}

/* A claim need not outlive the power; what comes after it must. */
static void test_it_is_durable_after_a_claim(void **state)
{
	struct fixture *f = *state;
	enqueue(f->store, "a dump", "unit-1");
	assert_int_not_equal(claim_one(f->store), 0);
	assert_int_equal(pragma(f->store, "PRAGMA synchronous"), 2);
	assert_int_equal(claim_one(f->store), 0);
	assert_int_equal(pragma(f->store, "PRAGMA synchronous"), 2);
}

/* SQLite is asked, not the store: whatever writes, no row has a state that is none. */
static void test_a_dump_has_one_of_six_states(void **state)
{
	static const char *const good[] = { "queued", "waiting", "done", "quarantined" };
	struct fixture *f = *state;
	enqueue(f->store, "a dump", "unit-1");
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(set_state(f->store, good[i]), SQLITE_OK);
	assert_int_equal(set_state(f->store, "else"), SQLITE_CONSTRAINT);
	assert_int_equal(set_state(f->store, "claimed"), SQLITE_CONSTRAINT);
	assert_int_equal(set_state(f->store, "duplicate"), SQLITE_CONSTRAINT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_a_read_only_folder_can_be_asked),
		store_test(test_a_new_database_is_durable_and_checked),
		store_test(test_the_umask_decides_who_may_write),
		store_test(test_every_statement_compiles),
		store_test(test_the_hot_path_scans_no_table),
		store_test(test_what_cannot_be_opened_is_named),
		cmocka_unit_test(test_a_long_path_keeps_the_message),
		store_test(test_a_foreign_database_is_left_alone),
		store_test(test_it_is_durable_after_a_claim),
		store_test(test_a_dump_has_one_of_six_states),
		store_test(test_a_newer_schema_is_refused_in_one_line),
		store_test(test_memory_and_empty_files_become_databases),
		store_test(test_many_may_create_it_at_once),
		cmocka_unit_test(test_closing_nothing_is_fine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
