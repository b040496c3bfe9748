/* SPDX-License-Identifier: Apache-2.0 */
/* Traces whose bytes were let go cannot be analysed again: they go where those like them went. */
#include "store/filing.h"
#include "store/settled.h"

static struct fl_query ask(struct fl_store *store, enum fl_sql sql, const struct fl_move *move)
{
	struct fl_query query = fl_query(store, sql);
	fl_bind_int(&query, 1, move->trace_id);
	fl_bind_int(&query, 2, move->from);
	if (sql != FL_SQL_FOLLOW_LATER && sql != FL_SQL_TRACE_LEFT)
		fl_bind_int(&query, 3, move->to);
	return query;
}

static enum fl_code is_so(struct fl_store *store, enum fl_sql sql, const struct fl_move *move,
			  bool *ret, struct fl_error *err)
{
	FL_AUTO_QUERY query = ask(store, sql, move);
	enum fl_code code = fl_query_row(&query, err);
	*ret = !code;
	return code == FL_ENOTFOUND ? FL_OK : code;
}

static enum fl_code
change(struct fl_store *store, enum fl_sql sql, const struct fl_move *move, struct fl_error *err)
{
	FL_AUTO_QUERY query = ask(store, sql, move);
	return fl_query_run(&query, err);
}

static enum fl_code
write_history(struct fl_store *store, const struct fl_move *move, struct fl_error *err)
{
	FL_AUTO_QUERY query = ask(store, FL_SQL_FOLLOW_HISTORY, move);
	fl_bind_int(&query, 4, fl_store_now());
	return fl_query_run(&query, err);
}

static enum fl_code
count_moved(struct fl_store *store, const struct fl_move *move, int count, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_FOLLOW_COUNT);
	fl_bind_int(&query, 1, move->trace_id);
	fl_bind_int(&query, 2, count);
	enum fl_code code = fl_query_run(&query, err);
	if (!code)
		code = fl_filing_count(store, move->from, -count, err);
	return code ? code : fl_filing_count(store, move->to, count, err);
}

static enum fl_code follow(struct fl_store *store, const struct fl_move *move, struct fl_error *err)
{
	enum fl_code code = write_history(store, move, err);
	if (!code)
		code = change(store, FL_SQL_FOLLOW_MOVE, move, err);
	int count = sqlite3_changes(store->db);
	return code || !count ? code : count_moved(store, move, count, err);
}

enum fl_code
fl_filing_moved(struct fl_store *store, const struct fl_move *move, struct fl_error *err)
{
	bool wait = true;
	if (!move->from || move->from == move->to)
		return FL_OK;
	enum fl_code code = change(store, FL_SQL_TRACE_LEFT, move, err);
	if (code || !move->to)
		return code;
	/* the first question is the cheap one */
	if ((code = is_so(store, FL_SQL_FOLLOW_LATER, move, &wait, err)) || wait ||
	    (code = is_so(store, FL_SQL_FOLLOW_NEVER, move, &wait, err)) || wait)
		return code;
	return follow(store, move, err);
}
