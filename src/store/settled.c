/* SPDX-License-Identifier: Apache-2.0 */
#include "store/settled.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t fl_store_now(void)
{
	return (int64_t)time(NULL);
}

/* --- the past of a trace --- */

static enum fl_code add_line(struct fl_store *store, const struct fl_settled *settled,
			     const char *what, const char *detail, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_HISTORY_ADD);
	fl_bind_int(&query, 1, settled->trace_id);
	fl_bind_int(&query, 2, fl_store_now());
	fl_bind_text(&query, 3, what);
	fl_bind_id(&query, 4, settled->old_issue_id);
	fl_bind_id(&query, 5, settled->new_issue_id);
	fl_bind_text(&query, 6, detail);
	fl_bind_id(&query, 7, settled->symbol_file_id);
	fl_bind_id(&query, 8, settled->new_trace);
	return fl_query_run(&query, err);
}

enum fl_code fl_history_add(struct fl_store *store, int64_t trace_id, const char *what,
			    int64_t old_issue_id, int64_t new_issue_id, const char *detail,
			    struct fl_error *err)
{
	const struct fl_settled line = { .trace_id = trace_id,
					 .old_issue_id = old_issue_id,
					 .new_issue_id = new_issue_id };
	return add_line(store, &line, what, detail, err);
}

/* A trace that waits for the first time has no past yet; one that lost its issue has. */
static enum fl_code add_history(struct fl_store *store, const struct fl_settled *settled,
				const char *bulk, struct fl_error *err)
{
	if (!settled->trace_id)
		return FL_OK;
	bool added = bulk[0] && !strcmp(bulk, FL_BULK_ADDED);
	switch (settled->how) {
	case FL_SETTLED_FILED:
		return add_line(store, settled, added ? bulk : "filed", NULL, err);
	case FL_SETTLED_WAITING:
		if (!settled->old_issue_id)
			return FL_OK;
		return add_line(store, settled, added ? bulk : "filed", NULL, err);
	case FL_SETTLED_REANALYSED:
		return add_line(store, settled, FL_BULK_REANALYSED, NULL, err);
	case FL_SETTLED_QUARANTINED:
	case FL_SETTLED_GONE:
		return FL_OK;
	}
	return FL_OK;
}

/* --- bulk work --- */

enum { WHAT_SIZE = 32 };

enum fl_code
fl_bulk_add(struct fl_store *store, const char *what, int64_t *ret, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_BULK_ADD);
	fl_bind_text(&query, 1, what);
	fl_bind_int(&query, 2, fl_store_now());
	enum fl_code code = fl_query_row(&query, err);
	if (!code)
		*ret = fl_column_int(&query, 0);
	return code;
}

static enum fl_code
run_on(struct fl_store *store, enum fl_sql sql, int64_t id, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, sql);
	fl_bind_int(&query, 1, id);
	return fl_query_run(&query, err);
}

/* Tell it, or forget it where nobody wants to be told. */
static enum fl_code end_bulk(struct fl_store *store, int64_t bulk_id, struct fl_error *err)
{
	enum fl_code code = fl_notice_add(store, FL_NOTICE_BULK, 0, 0, bulk_id, err);
	return code ? code : run_on(store, FL_SQL_BULK_FORGET, bulk_id, err);
}

enum fl_code
fl_bulk_queued(struct fl_store *store, int64_t bulk_id, uint64_t traces, struct fl_error *err)
{
	if (!traces)
		return run_on(store, FL_SQL_BULK_FORGET, bulk_id, err);
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_BULK_QUEUED);
	fl_bind_int(&query, 1, bulk_id);
	fl_bind_int(&query, 2, (int64_t)traces);
	enum fl_code code = fl_query_run(&query, err);
	return code ? code : fl_queue_place(store, bulk_id, err);
}

static enum fl_code find_bulk(struct fl_store *store, int64_t dump_id, int64_t *ret,
			      char what[WHAT_SIZE], struct fl_error *err)
{
	*ret = 0;
	what[0] = '\0';
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_BULK_OF_DUMP);
	fl_bind_int(&query, 1, dump_id);
	enum fl_code code = fl_query_row(&query, err);
	if (code)
		return code == FL_ENOTFOUND ? FL_OK : code;
	const char *text = fl_column_text(&query, 1);
	*ret = fl_column_int(&query, 0);
	snprintf(what, WHAT_SIZE, "%s", text ? text : "");
	return query.sqlite_code ? fl_store_nomem(err) : FL_OK;
}

/* FL_ENOTFOUND: no such bulk (its transaction was rolled back). */
static enum fl_code count_in(struct fl_store *store, int64_t bulk_id,
			     const struct fl_settled *settled, int64_t *left_ret,
			     struct fl_error *err)
{
	bool moved = settled->old_issue_id && settled->new_issue_id &&
		     settled->old_issue_id != settled->new_issue_id;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_BULK_COUNT);
	fl_bind_int(&query, 1, bulk_id);
	fl_bind_int(&query, 2, settled->new_issue);
	fl_bind_int(&query, 3, moved);
	fl_bind_int(&query, 4, settled->how == FL_SETTLED_WAITING);
	fl_bind_int(&query, 5, settled->how == FL_SETTLED_QUARANTINED);
	fl_bind_int(&query, 6, settled->how == FL_SETTLED_REANALYSED);
	enum fl_code code = fl_query_row(&query, err);
	if (!code)
		*left_ret = fl_column_int(&query, 0);
	return code;
}

static enum fl_code leave(struct fl_store *store, int64_t bulk_id, const struct fl_settled *settled,
			  struct fl_error *err)
{
	int64_t left = 0;
	enum fl_code code = count_in(store, bulk_id, settled, &left, err);
	if (code)
		return code == FL_ENOTFOUND ? FL_OK : code;
	if ((code = run_on(store, FL_SQL_BULK_LEAVE, settled->dump_id, err)))
		return code;
	return left > 0 ? FL_OK : end_bulk(store, bulk_id, err);
}

enum fl_code fl_bulk_left(struct fl_store *store, int64_t dump_id, struct fl_error *err)
{
	const struct fl_settled gone = { .dump_id = dump_id, .how = FL_SETTLED_GONE };
	return fl_settled(store, &gone, err);
}

/*
 * Reanalysis does not pass through the queue: all that one handle does is one bulk, which counts up
 * and ends with the handle. Its left_over stays 1 until then. A batch that is abandoned would take
 * the bulk's row with it and leave its id to another one: what is done in a batch is not counted.
 */
static enum fl_code
count_reanalysed(struct fl_store *store, const struct fl_settled *settled, struct fl_error *err)
{
	int64_t left;
	enum fl_code code = FL_OK;
	if (store->batch)
		return FL_OK;
	if (!store->reanalysis_bulk)
		code = fl_bulk_add(store, FL_BULK_REANALYSED, &store->reanalysis_bulk, err);
	return code ? code : count_in(store, store->reanalysis_bulk, settled, &left, err);
}

void fl_reanalysis_end(struct fl_store *store)
{
	FL_AUTO_TRANSACTION transaction = { 0 };
	if (!store->reanalysis_bulk || fl_begin(store, &transaction, NULL))
		return;
	if (!end_bulk(store, store->reanalysis_bulk, NULL))
		(void)!fl_commit(&transaction, NULL);
	store->reanalysis_bulk = 0;
}

/* --- notices --- */

/* Only the first: the others say nothing that it did not say. */
static enum fl_code
tell_waiting(struct fl_store *store, const struct fl_settled *settled, struct fl_error *err)
{
	bool on;
	enum fl_code code = fl_notices_on(store, &on, err);
	if (code || !on)
		return code;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_MISSING_TOLD);
	fl_bind_int(&query, 1, settled->trace_id);
	code = fl_query_row(&query, err);
	if (code)
		return code == FL_ENOTFOUND ? FL_OK : code;
	return fl_notice_add(store, FL_NOTICE_WAITING, 0, settled->trace_id, 0, err);
}

static enum fl_code
tell(struct fl_store *store, const struct fl_settled *settled, struct fl_error *err)
{
	if (settled->how == FL_SETTLED_WAITING)
		return tell_waiting(store, settled, err);
	if (settled->how != FL_SETTLED_FILED || !(settled->new_issue || settled->regressed))
		return FL_OK;
	return fl_notice_add(store, settled->new_issue ? FL_NOTICE_NEW_ISSUE : FL_NOTICE_REGRESSION,
			     settled->new_issue_id, settled->trace_id, 0, err);
}

enum fl_code
fl_settled(struct fl_store *store, const struct fl_settled *settled, struct fl_error *err)
{
	int64_t bulk_id = 0;
	char what[WHAT_SIZE] = "";
	enum fl_code code = FL_OK;
	if (!settled->no_bulk)
		code = find_bulk(store, settled->dump_id, &bulk_id, what, err);
	if (!code)
		code = add_history(store, settled, what, err);
	if (code)
		return code;
	if (settled->how == FL_SETTLED_REANALYSED)
		return count_reanalysed(store, settled, err);
	return bulk_id ? leave(store, bulk_id, settled, err) : tell(store, settled, err);
}
