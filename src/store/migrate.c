/* SPDX-License-Identifier: Apache-2.0 */
#include "store/internal.h"
#include "store/schema.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	WAL_TRIES = 500,
	WAL_PAUSE_MS = 10,
};

struct identity {
	int64_t application_id;
	int64_t version;
	int64_t tables;
};

/* One statement, so that all three are of one moment: another process may be creating the database.
 */
static enum fl_code identify(struct fl_store *store, struct identity *ret, struct fl_error *err)
{
	static const char sql[] = "SELECT (SELECT application_id FROM pragma_application_id),"
				  " (SELECT user_version FROM pragma_user_version),"
				  " (SELECT count(*) FROM sqlite_schema)";
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	if (code == SQLITE_ROW)
		*ret = (struct identity){ .application_id = sqlite3_column_int64(stmt, 0),
					  .version = sqlite3_column_int64(stmt, 1),
					  .tables = sqlite3_column_int64(stmt, 2) };
	sqlite3_finalize(stmt);
	return code == SQLITE_ROW ? FL_OK : fl_store_fail(store, code, err);
}

static enum fl_code
judge(const struct fl_store *store, const struct identity *identity, struct fl_error *err)
{
	bool fresh = !identity->application_id && !identity->version && !identity->tables;
	if (!fresh && identity->application_id != FL_APPLICATION_ID)
		return fl_path_fail(err, FL_EIO, store->path,
				    "an SQLite database, but not one of faultline's");
	if (identity->version > FL_SCHEMA_VERSION)
		return fl_fail(err, FL_EUNSUPPORTED, FL_AT_NONE, 0,
			       "database %s was written by a newer faultline (schema %" PRId64
			       ", this one knows %d)",
			       fl_path_tail(store->path), identity->version, FL_SCHEMA_VERSION);
	if (!fresh && identity->version < 1)
		return fl_path_fail(err, FL_EIO, store->path,
				    "a database without a schema version");
	return FL_OK;
}

/* SQLITE_ROW with the answer in *wal_ret, or what went wrong. */
static int set_journal_mode(struct fl_store *store, bool *wal_ret)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(store->db, "PRAGMA journal_mode = WAL", -1, &stmt, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	if (code == SQLITE_ROW) {
		const char *mode = (const char *)sqlite3_column_text(stmt, 0);
		*wal_ret = mode && (!strcmp(mode, "wal") || !strcmp(mode, "memory"));
		code = mode ? code : SQLITE_NOMEM;
	}
	sqlite3_finalize(stmt);
	return code;
}

/*
 * The mode is kept in the file; changing it is a no-op when it is set already. Two processes that
 * both change it wait for each other, which SQLite answers with SQLITE_BUSY and without asking the
 * busy handler (https://www.sqlite.org/c3ref/busy_handler.html): so one of them tries again.
 */
static enum fl_code use_wal(struct fl_store *store, struct fl_error *err)
{
	bool wal = false;
	int code = set_journal_mode(store, &wal);
	for (int i = 0; (code & 0xff) == SQLITE_BUSY && i < WAL_TRIES; i++) {
		sqlite3_sleep(WAL_PAUSE_MS);
		code = set_journal_mode(store, &wal);
	}
	if (code != SQLITE_ROW)
		return fl_store_fail(store, code, err);
	if (!wal)
		return fl_path_fail(err, FL_EIO, store->path,
				    "no write-ahead log is possible here");
	return FL_OK;
}

static enum fl_code
run_scripts(struct fl_store *store, const char *const *scripts, struct fl_error *err)
{
	int result = SQLITE_OK;
	for (size_t i = 0; scripts[i] && result == SQLITE_OK; i++)
		result = sqlite3_exec(store->db, scripts[i], NULL, NULL, NULL);
	return result == SQLITE_OK ? FL_OK : fl_store_fail(store, result, err);
}

static enum fl_code migrate(struct fl_store *store, struct fl_error *err)
{
	FL_AUTO_TRANSACTION transaction = { 0 };
	struct identity identity = { 0 };
	enum fl_code code = fl_begin(store, &transaction, err);
	if (!code)
		code = identify(store, &identity, err);
	if (!code)
		code = judge(store, &identity, err);
	bool past = identity.version == 1;
	while (!code && identity.version < FL_SCHEMA_VERSION)
		code = run_scripts(store, fl_schema_migrations[identity.version++], err);
	if (!code && past)
		code = fl_migrate_past(store, err);
	return code ? code : fl_commit(&transaction, err);
}

/* SQLite syncs the directory for its journals, not for the database file it creates. */
static void sync_directory(const struct fl_store *store)
{
	char *path = strdup(sqlite3_db_filename(store->db, "main"));
	char *slash = path ? strrchr(path, '/') : NULL;
	if (slash) {
		slash[slash == path] = '\0';
		int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0) {
			fsync(fd);
			close(fd);
		}
	}
	free(path);
}

/* What fl_store_gc() gives back can only be given back when the first page says so from the
 * beginning (https://www.sqlite.org/pragma.html#pragma_auto_vacuum). */
enum fl_code fl_store_migrate(struct fl_store *store, struct fl_error *err)
{
	struct identity identity = { 0 };
	enum fl_code code = identify(store, &identity, err);
	if (!code)
		code = judge(store, &identity, err);
	if (!code && store->read_only)
		return identity.version == FL_SCHEMA_VERSION
			       ? FL_OK
			       : fl_path_fail(err, FL_EIO, store->path,
					      "of an older schema, and cannot be changed here");
	if (!code && !identity.version)
		sqlite3_exec(store->db, "PRAGMA auto_vacuum = INCREMENTAL", NULL, NULL, NULL);
	if (!code)
		code = use_wal(store, err);
	if (code || identity.version == FL_SCHEMA_VERSION)
		return code;
	code = migrate(store, err);
	if (!code && !identity.version)
		sync_directory(store);
	return code;
}
