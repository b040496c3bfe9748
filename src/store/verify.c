/* SPDX-License-Identifier: Apache-2.0 */
#include "store/elf_files.h"

#include "base/hash.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LINE_SIZE = 512,
	/* Of one kind, of SQLite's own structures: after those the file is lost anyhow. */
	DAMAGES_MAX = 100,
};

struct verify {
	struct fl_store *store;
	fl_problem_fn each;
	void *context;
	bool stopped; /* the caller wants no more */
	fl_progress_fn progress;
	void *progress_context;
	uint64_t done, total;
	struct fl_error *err;
};

__attribute__((format(printf, 2, 3))) static void problem(struct verify *v, const char *format, ...)
{
	char line[LINE_SIZE];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (!v->stopped && !v->each(v->context, line))
		v->stopped = true;
}

static void step(struct verify *v)
{
	v->done++;
	if (v->progress && !v->progress(v->progress_context, v->done, v->total))
		v->stopped = true;
}

/* A question that cannot be answered is a problem as well; only memory is a failure of ours. */
static enum fl_code
conclude(struct verify *v, enum fl_code code, const char *what, const struct fl_error *why)
{
	if (code == FL_ENOMEM) {
		if (v->err)
			*v->err = *why;
		return code;
	}
	if (code && code != FL_ENOTFOUND)
		problem(v, "%s: %s", what, why->message);
	return FL_OK;
}

/* --- structures --- */

static enum fl_code check_pragma(struct verify *v, const char *sql, const char *what,
				 void (*say)(struct verify *v, sqlite3_stmt *stmt))
{
	sqlite3_stmt *stmt = NULL;
	struct fl_error why = { 0 };
	int code = sqlite3_prepare_v2(v->store->db, sql, -1, &stmt, NULL);
	while (code == SQLITE_OK || code == SQLITE_ROW) {
		code = sqlite3_step(stmt);
		if (code != SQLITE_ROW)
			break;
		if (!v->stopped)
			say(v, stmt);
	}
	enum fl_code result = code == SQLITE_DONE ? FL_OK : fl_store_fail(v->store, code, &why);
	sqlite3_finalize(stmt);
	return conclude(v, result, what, &why);
}

static void say_damage(struct verify *v, sqlite3_stmt *stmt)
{
	const char *text = (const char *)sqlite3_column_text(stmt, 0);
	if (text && strcmp(text, "ok") != 0)
		problem(v, "database: %s", text);
}

static void say_reference(struct verify *v, sqlite3_stmt *stmt)
{
	const char *table = (const char *)sqlite3_column_text(stmt, 0);
	const char *parent = (const char *)sqlite3_column_text(stmt, 2);
	problem(v, "%s, row %" PRId64 ": what it refers to in %s is not there", table ? table : "?",
		(int64_t)sqlite3_column_int64(stmt, 1), parent ? parent : "?");
}

static enum fl_code check_structures(struct verify *v)
{
	char sql[64];
	snprintf(sql, sizeof(sql), "PRAGMA integrity_check(%d)", DAMAGES_MAX);
	enum fl_code code = check_pragma(v, sql, "database", say_damage);
	if (code || v->stopped)
		return code;
	return check_pragma(v, "PRAGMA foreign_key_check", "references", say_reference);
}

/* --- the schema --- */

/*
 * A program between two releases may have written another schema under the same number: then a
 * table, column or index that some statement names is not there.
 */
static enum fl_code check_schema(struct verify *v)
{
	char last[LINE_SIZE] = "";
	for (int i = 0; i < FL_SQL_COUNT && !v->stopped; i++) {
		FL_AUTO_QUERY query = fl_query(v->store, (enum fl_sql)i);
		const char *words = sqlite3_errmsg(v->store->db);
		if ((query.sqlite_code & 0xff) == SQLITE_NOMEM)
			return fl_store_nomem(v->err);
		if (!query.sqlite_code || !strncmp(last, words, sizeof(last) - 1))
			continue;
		snprintf(last, sizeof(last), "%s", words);
		problem(v, "schema: not of this version of faultline: %s", words);
	}
	return FL_OK;
}

/* --- rows against rows --- */

static void say_issue(struct verify *v, struct fl_query *query)
{
	int64_t counted = fl_column_int(query, 1);
	int64_t real = fl_column_int(query, 2);
	if (counted != real)
		problem(v, "issue %" PRId64 ": counts %" PRId64 " traces and has %" PRId64,
			fl_column_int(query, 0), counted, real);
	else
		problem(v, "issue %" PRId64 ": first or last seen is not that of its traces",
			fl_column_int(query, 0));
}

static void say_dump(struct verify *v, struct fl_query *query)
{
	const char *state = fl_column_text(query, 1);
	problem(v, "dump %" PRId64 ": is %s, and its trace does not fit that",
		fl_column_int(query, 0), state ? state : "?");
}

static void say_bulk(struct verify *v, struct fl_query *query)
{
	problem(v, "bulk work %" PRId64 ": %" PRId64 " traces are left, %" PRId64 " belong to it",
		fl_column_int(query, 0), fl_column_int(query, 1), fl_column_int(query, 2));
}

static enum fl_code check_rows(struct verify *v)
{
	static const struct {
		enum fl_sql sql;
		const char *what;
		void (*say)(struct verify *v, struct fl_query *query);
	} checks[] = {
		{ FL_SQL_VERIFY_ISSUES, "issues", say_issue },
		{ FL_SQL_VERIFY_DUMPS, "dumps", say_dump },
		{ FL_SQL_VERIFY_BULKS, "bulk work", say_bulk },
	};
	enum fl_code code = FL_OK;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && !code && !v->stopped; i++) {
		struct fl_error why = { 0 };
		FL_AUTO_QUERY query = fl_query(v->store, checks[i].sql);
		while (!v->stopped && !(code = fl_query_row(&query, &why)))
			checks[i].say(v, &query);
		code = conclude(v, code, checks[i].what, &why);
	}
	return code;
}

/* --- bytes against their hashes --- */

/* A row of (id, ...); FL_EFORMAT with a message where its bytes are not right. */
typedef enum fl_code (*check_fn)(struct verify *v, struct fl_query *query, struct fl_error *why);

static enum fl_code damaged(struct fl_error *why)
{
	return fl_fail(why, FL_EFORMAT, FL_AT_NONE, 0, "the stored bytes are damaged");
}

static enum fl_code check_packed(struct verify *v, struct fl_query *query, struct fl_error *why)
{
	uint8_t stored[16] = { 0 };
	uint8_t real[16];
	size_t packed_size;
	FL_AUTO_BUFFER bytes = { 0 };
	const void *packed = fl_column_blob(query, 3, &packed_size);
	fl_column_bytes(query, 1, stored, sizeof(stored));
	if (query->sqlite_code)
		return fl_store_nomem(why);
	enum fl_code code =
		fl_blob_unpack(v->store, packed, packed_size, fl_column_int(query, 2), &bytes, why);
	if (code)
		return code == FL_ENOMEM ? code : damaged(why);
	fl_hash128(bytes.data, bytes.size, real);
	return memcmp(stored, real, sizeof(real)) ? damaged(why) : FL_OK;
}

static enum fl_code check_report(struct verify *v, struct fl_query *query, struct fl_error *why)
{
	(void)v;
	size_t size;
	const void *bytes = fl_column_blob(query, 1, &size);
	FL_AUTO(fl_report) report = NULL;
	if (query->sqlite_code)
		return fl_store_nomem(why);
	enum fl_code code = fl_report_decode(bytes, size, &report, why);
	return code == FL_EUNSUPPORTED ? FL_OK : code;
}

static enum fl_code hash_file(int fd, int64_t size, uint8_t ret[16], struct fl_error *why)
{
	struct stat st;
	if (fstat(fd, &st) || st.st_size != size)
		return fl_fail(why, FL_EFORMAT, FL_AT_NONE, 0,
			       "its ELF has %" PRId64 " bytes, not %" PRId64, (int64_t)st.st_size,
			       size);
	void *map = size ? mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
	if (map == MAP_FAILED)
		return fl_fail(why, FL_EFORMAT, FL_AT_NONE, 0, "its ELF cannot be read");
	fl_hash128(map, (size_t)size, ret);
	if (map)
		munmap(map, (size_t)size);
	return FL_OK;
}

static enum fl_code check_symbols(struct verify *v, struct fl_query *query, struct fl_error *why)
{
	uint8_t stored[16] = { 0 };
	uint8_t real[16];
	int fd;
	fl_column_bytes(query, 1, stored, sizeof(stored));
	if (!v->store->symbols_dir)
		return FL_OK;
	if (fl_elf_file_open(v->store, stored, &fd, NULL)) {
		if (fl_elf_file_row(v->store, stored, NULL) == FL_ENOTFOUND)
			return FL_OK; /* removed a moment ago */
		return fl_fail(why, FL_EFORMAT, FL_AT_NONE, 0, "its ELF is not there");
	}
	enum fl_code code = hash_file(fd, fl_column_int(query, 2), real, why);
	close(fd);
	if (!code && memcmp(stored, real, sizeof(real)) != 0)
		code = fl_fail(why, FL_EFORMAT, FL_AT_NONE, 0, "its ELF is damaged");
	return code;
}

/* One row at a time, so that no reader holds up a checkpoint for as long as everything takes. */
static enum fl_code
check_next(struct verify *v, enum fl_sql sql, const char *what, check_fn check, int64_t *last)
{
	struct fl_error why = { 0 };
	FL_AUTO_QUERY query = fl_query(v->store, sql);
	fl_bind_int(&query, 1, *last);
	enum fl_code code = fl_query_row(&query, &why);
	if (code) {
		code = conclude(v, code, what, &why);
		return code ? code : FL_ENOTFOUND;
	}
	*last = fl_column_int(&query, 0);
	code = check(v, &query, &why);
	if (code == FL_ENOMEM)
		return conclude(v, code, what, &why);
	if (code)
		problem(v, "%s %" PRId64 ": %s", what, *last, why.message);
	step(v);
	return FL_OK;
}

static enum fl_code check_bytes(struct verify *v)
{
	static const struct {
		enum fl_sql sql;
		const char *what;
		check_fn check;
	} kinds[] = {
		{ FL_SQL_VERIFY_CONTENTS, "content", check_packed },
		{ FL_SQL_VERIFY_KEPT, "kept message", check_packed },
		{ FL_SQL_VERIFY_REPORTS, "trace", check_report },
		{ FL_SQL_VERIFY_SYMBOLS, "symbol file", check_symbols },
	};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int64_t last = 0;
		enum fl_code code = FL_OK;
		while (!code && !v->stopped)
			code = check_next(v, kinds[i].sql, kinds[i].what, kinds[i].check, &last);
		if (code && code != FL_ENOTFOUND)
			return code;
	}
	return FL_OK;
}

static bool say_orphan(void *context, const uint8_t hash[16], uint64_t size, int64_t mtime)
{
	struct verify *v = context;
	char hex[33];
	(void)mtime;
	if (fl_elf_file_row(v->store, hash, NULL) == FL_ENOTFOUND) {
		fl_hex(hash, 16, hex);
		problem(v, "%s.elf (%" PRIu64 " bytes) belongs to no symbol file", hex, size);
	}
	return !v->stopped;
}

static void count_total(struct verify *v)
{
	FL_AUTO_QUERY query = fl_query(v->store, FL_SQL_VERIFY_TOTAL);
	if (!fl_query_row(&query, NULL))
		v->total = (uint64_t)fl_column_int(&query, 0);
}

enum fl_code fl_store_verify(struct fl_store *store, fl_problem_fn each, void *context,
			     fl_progress_fn progress, void *progress_context, struct fl_error *err)
{
	struct verify v = { .store = store,
			    .each = each,
			    .context = context,
			    .progress = progress,
			    .progress_context = progress_context,
			    .err = err };
	count_total(&v);
	enum fl_code code = check_structures(&v);
	if (!code && !v.stopped)
		code = check_schema(&v);
	if (!code && !v.stopped)
		code = check_rows(&v);
	if (!code && !v.stopped)
		code = check_bytes(&v);
	if (!code && !v.stopped)
		fl_elf_files_each(store, say_orphan, &v);
	return code;
}
