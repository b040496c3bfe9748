/* SPDX-License-Identifier: Apache-2.0 */
#include "store/erase.h"

#include "store/filing.h"
#include "store/settled.h"

#include <stdlib.h>

struct fl_erasure fl_erasure_begin(struct fl_store *store)
{
	return (struct fl_erasure){ .store = store, .issues = FL_VEC(int64_t) };
}

void fl_erasure_deinit(struct fl_erasure *erasure)
{
	if (erasure)
		fl_vec_deinit(&erasure->issues);
}

static enum fl_code
run_on(struct fl_store *store, enum fl_sql sql, int64_t id, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, sql);
	fl_bind_int(&query, 1, id);
	return fl_query_run(&query, err);
}

struct doomed {
	int64_t trace_id, issue_id, content_id;
};

static enum fl_code
read_doomed(struct fl_store *store, int64_t dump_id, struct doomed *ret, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_ERASE_READ);
	fl_bind_int(&query, 1, dump_id);
	enum fl_code code = fl_query_row(&query, err);
	if (!code)
		*ret = (struct doomed){ fl_column_int(&query, 0), fl_column_int(&query, 1),
					fl_column_int(&query, 2) };
	return code;
}

/* One row of dumps; its duplicates must be gone. */
static enum fl_code erase_one(struct fl_erasure *erasure, int64_t dump_id, struct fl_error *err)
{
	static const enum fl_sql steps[] = { FL_SQL_ERASE_NOTICES, FL_SQL_ERASE_TRACE,
					     FL_SQL_ERASE_REBOOT, FL_SQL_ERASE_PAIR,
					     FL_SQL_ERASE_DUMP };
	struct fl_store *store = erasure->store;
	struct doomed doomed;
	enum fl_code code = read_doomed(store, dump_id, &doomed, err);
	if (code)
		return code == FL_ENOTFOUND ? FL_OK : code;
	if (doomed.issue_id && !fl_vec_push(&erasure->issues, &doomed.issue_id))
		return fl_store_nomem(err);
	code = fl_bulk_left(store, dump_id, err);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !code; i++)
		code = run_on(store, steps[i], dump_id, err);
	if (!code)
		code = run_on(store, FL_SQL_ERASE_CONTENT, doomed.content_id, err);
	erasure->dumps++;
	erasure->traces += doomed.trace_id != 0;
	return code;
}

static enum fl_code
add_duplicates(struct fl_store *store, int64_t dump_id, struct fl_vec *ids, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_ERASE_DUPLICATES);
	fl_bind_int(&query, 1, dump_id);
	enum fl_code code;
	while (!(code = fl_query_row(&query, err))) {
		int64_t id = fl_column_int(&query, 0);
		if (!fl_vec_push(ids, &id))
			return fl_store_nomem(err);
	}
	return code == FL_ENOTFOUND ? FL_OK : code;
}

/* An event that became a duplicate of its dump may have duplicates of its own. */
enum fl_code fl_erase_dump(struct fl_erasure *erasure, int64_t dump_id, struct fl_error *err)
{
	FL_AUTO_VEC ids = FL_VEC(int64_t);
	enum fl_code code = FL_OK;
	if (!fl_vec_push(&ids, &dump_id))
		return fl_store_nomem(err);
	for (size_t i = 0; i < ids.count && !code; i++)
		code = add_duplicates(erasure->store, *fl_vec_at(&ids, int64_t, i), &ids, err);
	for (size_t i = ids.count; i-- && !code;)
		code = erase_one(erasure, *fl_vec_at(&ids, int64_t, i), err);
	return code;
}

static int by_id(const void *a, const void *b)
{
	const int64_t *x = a;
	const int64_t *y = b;
	return (*x > *y) - (*x < *y);
}

static enum fl_code
is_empty(struct fl_store *store, int64_t issue_id, bool *ret, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_ISSUE_IS_EMPTY);
	fl_bind_int(&query, 1, issue_id);
	enum fl_code code = fl_query_row(&query, err);
	*ret = code == FL_OK;
	return code == FL_ENOTFOUND ? FL_OK : code;
}

enum fl_code fl_erasure_end(struct fl_erasure *erasure, struct fl_error *err)
{
	struct fl_vec *issues = &erasure->issues;
	enum fl_code code = FL_OK;
	if (issues->count)
		qsort(issues->data, issues->count, sizeof(int64_t), by_id);
	for (size_t i = 0, next; i < issues->count && !code; i = next) {
		int64_t issue_id = *fl_vec_at(issues, int64_t, i);
		bool empty = false;
		for (next = i + 1; next < issues->count; next++)
			if (*fl_vec_at(issues, int64_t, next) != issue_id)
				break;
		code = fl_filing_count(erasure->store, issue_id, -(int)(next - i), err);
		if (!code)
			code = is_empty(erasure->store, issue_id, &empty, err);
		erasure->issues_emptied += empty;
	}
	issues->count = 0;
	return code;
}
