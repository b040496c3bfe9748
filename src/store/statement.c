/* SPDX-License-Identifier: Apache-2.0 */
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>

enum { PATH_SHOWN = 100 };

enum fl_code fl_store_nomem(struct fl_error *err)
{
	return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory");
}

static enum fl_code code_of(int sqlite_code)
{
	if (sqlite_code == SQLITE_IOERR_NOMEM)
		return FL_ENOMEM;
	switch (sqlite_code & 0xff) {
	case SQLITE_NOMEM:
		return FL_ENOMEM;
	case SQLITE_TOOBIG:
		return FL_ELIMIT;
	default:
		return FL_EIO;
	}
}

/* The message has room for 200 bytes, a path may have 4096: its end tells more than its beginning.
 */
const char *fl_path_tail(const char *path)
{
	size_t size = strlen(path);
	return size > PATH_SHOWN ? path + size - PATH_SHOWN : path;
}

enum fl_code
fl_path_fail(struct fl_error *err, enum fl_code code, const char *path, const char *words)
{
	const char *tail = fl_path_tail(path);
	return fl_fail(err, code, FL_AT_NONE, 0, "%s%s: %s", tail == path ? "" : "...", tail,
		       words);
}

enum fl_code fl_store_fail(const struct fl_store *store, int sqlite_code, struct fl_error *err)
{
	const char *words = sqlite3_errstr(sqlite_code);
	if (store->db && sqlite3_extended_errcode(store->db) == sqlite_code)
		words = sqlite3_errmsg(store->db);
	return fl_path_fail(err, code_of(sqlite_code), store->path, words);
}

static void latch(struct fl_query *query, int sqlite_code)
{
	if (query->sqlite_code == SQLITE_OK)
		query->sqlite_code = sqlite_code;
}

static int prepare(struct fl_store *store, enum fl_sql sql, unsigned flags, sqlite3_stmt **ret)
{
	return sqlite3_prepare_v3(store->db, fl_sql_text[sql], -1, flags, ret, NULL);
}

struct fl_query fl_query(struct fl_store *store, enum fl_sql sql)
{
	struct fl_query query = { .store = store };
	sqlite3_stmt **cached = &store->statements[sql];
	if (store->lax && fl_store_be_durable(store, NULL)) {
		query.sqlite_code = SQLITE_NOMEM;
		return query;
	}
	if (*cached && sqlite3_stmt_busy(*cached)) {
		query.own = true;
		query.sqlite_code = prepare(store, sql, 0, &query.stmt);
		return query;
	}
	if (!*cached)
		query.sqlite_code = prepare(store, sql, SQLITE_PREPARE_PERSISTENT, cached);
	query.stmt = *cached;
	return query;
}

void fl_query_deinit(struct fl_query *query)
{
	if (!query || !query->stmt)
		return;
	if (query->own) {
		sqlite3_finalize(query->stmt);
	} else {
		sqlite3_reset(query->stmt);
		sqlite3_clear_bindings(query->stmt);
	}
	query->stmt = NULL;
}

void fl_bind_int(struct fl_query *query, int index, int64_t value)
{
	if (query->sqlite_code == SQLITE_OK)
		latch(query, sqlite3_bind_int64(query->stmt, index, value));
}

void fl_bind_int_or_null(struct fl_query *query, int index, int64_t value, bool present)
{
	if (present)
		fl_bind_int(query, index, value);
}

void fl_bind_id(struct fl_query *query, int index, int64_t id)
{
	fl_bind_int_or_null(query, index, id, id != 0);
}

void fl_bind_text(struct fl_query *query, int index, const char *text)
{
	if (text && query->sqlite_code == SQLITE_OK)
		latch(query, sqlite3_bind_text64(query->stmt, index, text, strlen(text),
						 SQLITE_STATIC, SQLITE_UTF8));
}

void fl_bind_blob(struct fl_query *query, int index, const void *bytes, size_t size)
{
	if (bytes && query->sqlite_code == SQLITE_OK)
		latch(query, sqlite3_bind_blob64(query->stmt, index, bytes, size, SQLITE_STATIC));
}

enum fl_code fl_query_row(struct fl_query *query, struct fl_error *err)
{
	if (query->sqlite_code == SQLITE_OK) {
		int step = sqlite3_step(query->stmt);
		if (step == SQLITE_ROW)
			return FL_OK;
		if (step == SQLITE_DONE)
			return FL_ENOTFOUND;
		latch(query, step);
	}
	return fl_store_fail(query->store, query->sqlite_code, err);
}

enum fl_code fl_query_run(struct fl_query *query, struct fl_error *err)
{
	enum fl_code code = fl_query_row(query, err);
	return code == FL_ENOTFOUND ? FL_OK : code;
}

int64_t fl_column_int(const struct fl_query *query, int index)
{
	return sqlite3_column_int64(query->stmt, index);
}

/* NULL is an answer where the column is NULL or empty, and otherwise means that memory is out. */
const char *fl_column_text(struct fl_query *query, int index)
{
	if (sqlite3_column_type(query->stmt, index) == SQLITE_NULL)
		return NULL;
	const char *text = (const char *)sqlite3_column_text(query->stmt, index);
	if (!text)
		latch(query, SQLITE_NOMEM);
	return text;
}

enum fl_code fl_column_copy(struct fl_query *query, int index, char **ret, struct fl_error *err)
{
	const char *text = fl_column_text(query, index);
	*ret = text ? strdup(text) : NULL;
	return query->sqlite_code || (text && !*ret) ? fl_store_nomem(err) : FL_OK;
}

const void *fl_column_blob(struct fl_query *query, int index, size_t *size_ret)
{
	const void *bytes = sqlite3_column_blob(query->stmt, index);
	if (!bytes && sqlite3_errcode(query->store->db) == SQLITE_NOMEM)
		latch(query, SQLITE_NOMEM);
	*size_ret = bytes ? (size_t)sqlite3_column_bytes(query->stmt, index) : 0;
	return bytes;
}

size_t fl_column_bytes(struct fl_query *query, int index, void *ret, size_t room)
{
	size_t size;
	const void *bytes = fl_column_blob(query, index, &size);
	size = size < room ? size : room;
	if (size)
		memcpy(ret, bytes, size);
	return size;
}
