/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is let go is chosen by a question and then taken in steps of some rows, each a transaction
 * of its own: between them whoever waits for the lock gets it. A dry run asks the same questions.
 */
#include "store/elf_files.h"
#include "store/erase.h"
#include "store/settled.h"

#include <stdlib.h>

enum {
	STEP_ROWS = 100,        /* of one transaction */
	STEP_PAGES = 256,       /* given back in one transaction */
	FREE_PAGES_PART = 20,   /* a twentieth of the file stays free for what comes next */
	ABANDONED_BULK = 86400, /* seconds after which nobody is at it any more */
};

struct victim {
	int64_t id;
	uint64_t bytes;
};

typedef enum fl_code (*take_fn)(struct fl_erasure *erasure, int64_t id, uint64_t *count,
				struct fl_error *err);

struct gc {
	struct fl_store *store;
	const struct fl_retention *retention;
	int64_t now;
	bool dry_run;
	fl_gc_fn each;
	void *context;
	bool stopped;
	struct fl_vec let_go; /* ids of contents that a dry run would have let go by now, sorted */
	struct fl_error *err;
};

static void report(struct gc *gc, const char *what, uint64_t count, uint64_t bytes)
{
	if (!gc->stopped && gc->each && !gc->each(gc->context, what, count, bytes))
		gc->stopped = true;
}

/* --- choosing --- */

static enum fl_code add_victim(struct gc *gc, struct fl_query *query, struct fl_vec *ret)
{
	const struct victim victim = { fl_column_int(query, 0), (uint64_t)fl_column_int(query, 1) };
	return fl_vec_push(ret, &victim) ? FL_OK : fl_store_nomem(gc->err);
}

static int by_id(const void *a, const void *b)
{
	const struct victim *x = a;
	const struct victim *y = b;
	return (x->id > y->id) - (x->id < y->id);
}

static bool is_let_go(const struct gc *gc, int64_t content_id)
{
	const struct victim key = { .id = content_id };
	return gc->let_go.count &&
	       bsearch(&key, gc->let_go.data, gc->let_go.count, sizeof(key), by_id);
}

/* Rows of (id, bytes, content id) older than @p age seconds. Bytes that the step before took are
 * not there any more. */
static enum fl_code choose_old(struct gc *gc, enum fl_sql sql, int64_t age, struct fl_vec *ret)
{
	FL_AUTO_QUERY query = fl_query(gc->store, sql);
	fl_bind_int(&query, 1, gc->now - age);
	enum fl_code code;
	while (!(code = fl_query_row(&query, gc->err))) {
		if ((code = add_victim(gc, &query, ret)))
			return code;
		if (is_let_go(gc, fl_column_int(&query, 2)))
			fl_vec_at(ret, struct victim, ret->count - 1)->bytes = 0;
	}
	return code == FL_ENOTFOUND ? FL_OK : code;
}

static enum fl_code sum_bytes(struct gc *gc, enum fl_sql sql, uint64_t *ret)
{
	FL_AUTO_QUERY query = fl_query(gc->store, sql);
	enum fl_code code;
	while (!(code = fl_query_row(&query, gc->err)))
		*ret += (uint64_t)fl_column_int(&query, 1);
	return code == FL_ENOTFOUND ? FL_OK : code;
}

/*
 * Rows of (id, bytes, time, whether it may go), oldest first: those that are too old, and then the
 * oldest until the rest has no more than @p limit bytes.
 */
static enum fl_code
choose_from(struct gc *gc, enum fl_sql sql, int64_t age, uint64_t limit, struct fl_vec *ret)
{
	uint64_t left = 0;
	enum fl_code code = limit ? sum_bytes(gc, sql, &left) : FL_OK;
	if (code)
		return code;
	FL_AUTO_QUERY query = fl_query(gc->store, sql);
	while (!(code = fl_query_row(&query, gc->err))) {
		bool old = age && fl_column_int(&query, 2) < gc->now - age;
		if (!old && !(limit && left > limit))
			break;
		if (!fl_column_int(&query, 3))
			continue;
		left -= (uint64_t)fl_column_int(&query, 1);
		if ((code = add_victim(gc, &query, ret)))
			return code;
	}
	return code == FL_ENOTFOUND ? FL_OK : code;
}

/* --- taking --- */

static enum fl_code take_by(struct fl_erasure *erasure, enum fl_sql sql, int64_t id,
			    uint64_t *count, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(erasure->store, sql);
	fl_bind_int(&query, 1, id);
	enum fl_code code = fl_query_run(&query, err);
	if (!code)
		*count = (uint64_t)sqlite3_changes64(erasure->store->db);
	return code;
}

static enum fl_code
take_content(struct fl_erasure *erasure, int64_t id, uint64_t *count, struct fl_error *err)
{
	return take_by(erasure, FL_SQL_GC_CONTENT, id, count, err);
}

static enum fl_code
take_kept(struct fl_erasure *erasure, int64_t id, uint64_t *count, struct fl_error *err)
{
	return take_by(erasure, FL_SQL_GC_KEPT_DELETE, id, count, err);
}

/* Its state may have changed since it was chosen: a retry, another worker. */
static enum fl_code
take_quarantined(struct fl_erasure *erasure, int64_t id, uint64_t *count, struct fl_error *err)
{
	uint64_t before = erasure->dumps;
	FL_AUTO_QUERY query = fl_query(erasure->store, FL_SQL_GC_IS_QUARANTINED);
	fl_bind_int(&query, 1, id);
	enum fl_code code = fl_query_row(&query, err);
	if (!code)
		code = fl_erase_dump(erasure, id, err);
	*count = erasure->dumps != before;
	return code == FL_ENOTFOUND ? FL_OK : code;
}

static enum fl_code
take_reboot(struct fl_erasure *erasure, int64_t id, uint64_t *count, struct fl_error *err)
{
	uint64_t before = erasure->dumps;
	enum fl_code code = fl_erase_dump(erasure, id, err);
	*count = erasure->dumps != before;
	return code;
}

struct taken {
	uint64_t count, bytes;
};

static enum fl_code take_step(struct gc *gc, const struct victim *victims, size_t count,
			      take_fn take, struct taken *taken)
{
	FL_AUTO_ERASURE erasure = fl_erasure_begin(gc->store);
	FL_AUTO_TRANSACTION transaction = { 0 };
	struct taken step = { 0 };
	enum fl_code code = fl_begin(gc->store, &transaction, gc->err);
	for (size_t i = 0; i < count && !code; i++) {
		uint64_t went = 0;
		code = take(&erasure, victims[i].id, &went, gc->err);
		step.count += went;
		step.bytes += went ? victims[i].bytes : 0;
	}
	if (!code)
		code = fl_erasure_end(&erasure, gc->err);
	if (!code)
		code = fl_commit(&transaction, gc->err);
	if (code)
		return code;
	taken->count += step.count;
	taken->bytes += step.bytes;
	return FL_OK;
}

static enum fl_code
take_all(struct gc *gc, const char *what, const struct fl_vec *victims, take_fn take)
{
	const struct victim *all = victims->data; /* NULL of none */
	struct taken taken = { 0 };
	enum fl_code code = FL_OK;
	for (size_t i = 0; i < victims->count && gc->dry_run; i++) {
		taken.count++;
		taken.bytes += all[i].bytes;
	}
	for (size_t i = 0; i < victims->count && !gc->dry_run && !code; i += STEP_ROWS) {
		size_t left = victims->count - i;
		code = take_step(gc, all + i, left < STEP_ROWS ? left : STEP_ROWS, take, &taken);
	}
	if (!code)
		report(gc, what, taken.count, taken.bytes);
	return code;
}

/* --- each kind --- */

static enum fl_code gc_sized(struct gc *gc, const char *what, enum fl_sql sql, int64_t age,
			     uint64_t limit, take_fn take)
{
	FL_AUTO_VEC victims = FL_VEC(struct victim);
	if (!age && !limit)
		return FL_OK;
	enum fl_code code = choose_from(gc, sql, age, limit, &victims);
	return code ? code : take_all(gc, what, &victims, take);
}

static enum fl_code gc_contents(struct gc *gc)
{
	const struct fl_retention *keep = gc->retention;
	struct fl_vec *victims = &gc->let_go;
	if (!keep->dump_age && !keep->dump_bytes)
		return FL_OK;
	enum fl_code code =
		choose_from(gc, FL_SQL_GC_CONTENTS, keep->dump_age, keep->dump_bytes, victims);
	if (!code)
		code = take_all(gc, "bytes of dumps", victims, take_content);
	if (victims->count)
		qsort(victims->data, victims->count, sizeof(struct victim), by_id);
	if (!gc->dry_run)
		victims->count = 0; /* their rows say so now */
	return code;
}

static enum fl_code
gc_aged(struct gc *gc, const char *what, enum fl_sql sql, int64_t age, take_fn take)
{
	FL_AUTO_VEC victims = FL_VEC(struct victim);
	if (!age)
		return FL_OK;
	enum fl_code code = choose_old(gc, sql, age, &victims);
	return code ? code : take_all(gc, what, &victims, take);
}

static enum fl_code ask(struct gc *gc, enum fl_sql sql, int64_t before, struct taken *ret)
{
	FL_AUTO_QUERY query = fl_query(gc->store, sql);
	fl_bind_int(&query, 1, before);
	enum fl_code code = fl_query_row(&query, gc->err);
	*ret = (struct taken){ (uint64_t)fl_column_int(&query, 0),
			       (uint64_t)fl_column_int(&query, 1) };
	return code;
}

static enum fl_code gc_partials(struct gc *gc)
{
	struct taken taken = { 0 };
	int64_t age = gc->retention->partial_age;
	if (!age)
		return FL_OK;
	enum fl_code code = gc->dry_run
				    ? ask(gc, FL_SQL_GC_PARTIALS, gc->now - age, &taken)
				    : fl_store_expire_partials(gc->store, gc->now - age,
							       &taken.count, &taken.bytes, gc->err);
	if (!code)
		report(gc, "half-received messages", taken.count, taken.bytes);
	return code;
}

static enum fl_code run_before(struct gc *gc, enum fl_sql sql, int64_t before)
{
	FL_AUTO_QUERY query = fl_query(gc->store, sql);
	fl_bind_int(&query, 1, before);
	return fl_query_run(&query, gc->err);
}

static enum fl_code gc_notices(struct gc *gc)
{
	FL_AUTO_TRANSACTION transaction = { 0 };
	struct taken taken = { 0 };
	int64_t before = gc->now - gc->retention->notice_age;
	if (!gc->retention->notice_age)
		return FL_OK;
	enum fl_code code = gc->dry_run ? FL_OK : fl_begin(gc->store, &transaction, gc->err);
	if (!code)
		code = ask(gc, FL_SQL_GC_NOTICES, before, &taken);
	if (!code && !gc->dry_run)
		code = run_before(gc, FL_SQL_GC_NOTICES_DELETE, before);
	if (!code && !gc->dry_run)
		code = fl_commit(&transaction, gc->err);
	if (!code)
		report(gc, "notices", taken.count, 0);
	return code;
}

/* ELF files without a row: whoever removed them died, or could not. */
static enum fl_code gc_files(struct gc *gc)
{
	struct taken taken = { 0 };
	enum fl_code code =
		fl_elf_files_orphans(gc->store, gc->dry_run, &taken.count, &taken.bytes, gc->err);
	if (!code && taken.count)
		report(gc, "symbol files without a row", taken.count, taken.bytes);
	return code;
}

/* --- giving pages back --- */

static int64_t pragma_number(struct fl_store *store, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	int64_t number = 0;
	if (sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		number = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return number;
}

/* Only where the database was created with auto_vacuum: a VACUUM would lock everybody out. */
static void give_back_pages(struct fl_store *store)
{
	char sql[64];
	int64_t free_pages = pragma_number(store, "PRAGMA freelist_count");
	int64_t reserve = pragma_number(store, "PRAGMA page_count") / FREE_PAGES_PART;
	sqlite3_snprintf(sizeof(sql), sql, "PRAGMA incremental_vacuum(%d)", (int)STEP_PAGES);
	while (free_pages > reserve + STEP_PAGES) {
		if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
			return;
		int64_t left = pragma_number(store, "PRAGMA freelist_count");
		if (left >= free_pages)
			return;
		free_pages = left;
	}
	sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

static enum fl_code collect(struct gc *gc)
{
	const struct fl_retention *keep = gc->retention;
	enum fl_code code;
	if ((code = gc_contents(gc)) ||
	    (code = gc_sized(gc, "kept messages", FL_SQL_GC_KEPT, keep->kept_age, keep->kept_bytes,
			     take_kept)) ||
	    (code = gc_notices(gc)) || /* before the dumps that some go with */
	    (code = gc_aged(gc, "quarantined dumps", FL_SQL_GC_QUARANTINED, keep->quarantine_age,
			    take_quarantined)) ||
	    (code = gc_aged(gc, "expected reboots", FL_SQL_GC_REBOOTS, keep->reboot_age,
			    take_reboot)) ||
	    (code = gc_partials(gc)) || (code = gc_files(gc)))
		return code;
	return gc->dry_run ? FL_OK : run_before(gc, FL_SQL_GC_BULKS, gc->now - ABANDONED_BULK);
}

enum fl_code fl_store_gc(struct fl_store *store, const struct fl_retention *retention, int64_t now,
			 bool dry_run, fl_gc_fn each, void *context, struct fl_error *err)
{
	struct gc gc = { .store = store,
			 .retention = retention,
			 .now = now,
			 .dry_run = dry_run,
			 .each = each,
			 .context = context,
			 .let_go = FL_VEC(struct victim),
			 .err = err };
	if (store->batch)
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "a batch is open");
	enum fl_code code = collect(&gc);
	fl_vec_deinit(&gc.let_go);
	if (!code && !dry_run)
		give_back_pages(store);
	return code;
}

enum fl_code
fl_store_stats(struct fl_store *store, fl_stat_fn each, void *context, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_STATS);
	enum fl_code code;
	while (!(code = fl_query_row(&query, err))) {
		const char *group = fl_column_text(&query, 0);
		const char *name = fl_column_text(&query, 1);
		if (query.sqlite_code)
			return fl_store_nomem(err);
		if (!each(context, group, name, (uint64_t)fl_column_int(&query, 2)))
			return FL_OK;
	}
	return code == FL_ENOTFOUND ? FL_OK : code;
}
