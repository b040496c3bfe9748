/* SPDX-License-Identifier: Apache-2.0 */
#include "store/settled.h"

#include <inttypes.h>

#define SETTING_ON      "notices"
#define SETTING_DROPPED "notices_dropped"

/* Nobody has taken any for a long time: what comes after these is only counted. */
enum { OUTBOX_MAX = 10000 };

static enum fl_code
get_setting(struct fl_store *store, const char *name, int64_t *ret, struct fl_error *err)
{
	*ret = 0;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_SETTING_GET);
	fl_bind_text(&query, 1, name);
	enum fl_code code = fl_query_row(&query, err);
	if (!code)
		*ret = fl_column_int(&query, 0);
	return code == FL_ENOTFOUND ? FL_OK : code;
}

static enum fl_code
set_setting(struct fl_store *store, const char *name, int64_t value, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_SETTING_SET);
	fl_bind_text(&query, 1, name);
	fl_bind_int(&query, 2, value);
	return fl_query_run(&query, err);
}

enum fl_code fl_store_record_notices(struct fl_store *store, bool on, struct fl_error *err)
{
	bool is_on;
	enum fl_code code = fl_notices_on(store, &is_on, err);
	if (code || is_on == on)
		return code; /* every worker says so at its start: no write where it is so already
			      */
	return set_setting(store, SETTING_ON, on, err);
}

enum fl_code fl_notices_on(struct fl_store *store, bool *ret, struct fl_error *err)
{
	int64_t value;
	enum fl_code code = get_setting(store, SETTING_ON, &value, err);
	*ret = !code && value;
	return code;
}

static enum fl_code has_room(struct fl_store *store, bool *ret, struct fl_error *err)
{
	int64_t dropped;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_NOTICE_COUNT);
	enum fl_code code = fl_query_row(&query, err);
	if (code)
		return code;
	*ret = fl_column_int(&query, 0) < OUTBOX_MAX;
	if (*ret || (code = get_setting(store, SETTING_DROPPED, &dropped, err)))
		return code;
	return set_setting(store, SETTING_DROPPED, dropped + 1, err);
}

enum fl_code fl_notice_add(struct fl_store *store, enum fl_notice_kind kind, int64_t issue_id,
			   int64_t trace_id, int64_t bulk_id, struct fl_error *err)
{
	bool on;
	bool room = false;
	enum fl_code code = fl_notices_on(store, &on, err);
	if (code || !on || (code = has_room(store, &room, err)) || !room)
		return code;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_NOTICE_ADD);
	fl_bind_int(&query, 1, kind);
	fl_bind_int(&query, 2, fl_store_now());
	fl_bind_id(&query, 3, issue_id);
	fl_bind_id(&query, 4, trace_id);
	fl_bind_id(&query, 5, bulk_id);
	return fl_query_run(&query, err);
}

static struct fl_notice read_notice(struct fl_query *query)
{
	return (struct fl_notice){
		.id = fl_column_int(query, 0),
		.kind = (enum fl_notice_kind)fl_column_int(query, 1),
		.at = fl_column_int(query, 2),
		.issue_id = fl_column_int(query, 3),
		.trace_id = fl_column_int(query, 4),
		.title = fl_column_text(query, 5),
		.device = fl_column_text(query, 6),
		.software_type = fl_column_text(query, 7),
		.software_version = fl_column_text(query, 8),
		.hardware_version = fl_column_text(query, 9),
		.cohort = fl_column_text(query, 10),
		.build_id = fl_column_text(query, 11),
		.reason = fl_column_text(query, 12),
		.attempts = (uint32_t)fl_column_int(query, 13),
		.bulk = { .what = fl_column_text(query, 14),
			  .traces = (uint64_t)fl_column_int(query, 15),
			  .new_issues = (uint64_t)fl_column_int(query, 16),
			  .moved = (uint64_t)fl_column_int(query, 17),
			  .waiting = (uint64_t)fl_column_int(query, 18),
			  .quarantined = (uint64_t)fl_column_int(query, 19) },
	};
}

enum fl_code fl_store_notices(struct fl_store *store, int64_t now, unsigned limit,
			      fl_notice_fn each, void *context, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_NOTICES_DUE);
	fl_bind_int(&query, 1, now);
	fl_bind_int(&query, 2, limit);
	enum fl_code code;
	while (!(code = fl_query_row(&query, err))) {
		struct fl_notice notice = read_notice(&query);
		if (query.sqlite_code)
			return fl_store_nomem(err);
		if (!each(context, &notice))
			return FL_OK;
	}
	return code == FL_ENOTFOUND ? FL_OK : code;
}

static enum fl_code
run_on(struct fl_store *store, enum fl_sql sql, int64_t id, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, sql);
	fl_bind_int(&query, 1, id);
	return fl_query_run(&query, err);
}

static enum fl_code bulk_of(struct fl_store *store, int64_t id, int64_t *ret, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_NOTICE_BULK);
	fl_bind_int(&query, 1, id);
	enum fl_code code = fl_query_row(&query, err);
	if (!code)
		*ret = fl_column_int(&query, 0);
	return code;
}

enum fl_code fl_store_notice_done(struct fl_store *store, int64_t id, struct fl_error *err)
{
	FL_AUTO_TRANSACTION transaction = { 0 };
	int64_t bulk_id = 0;
	enum fl_code code = fl_begin(store, &transaction, err);
	if (!code)
		code = bulk_of(store, id, &bulk_id, err);
	if (code)
		return code == FL_ENOTFOUND ? FL_OK : code; /* another one delivered it */
	if ((code = run_on(store, FL_SQL_NOTICE_DONE, id, err)) ||
	    (bulk_id && (code = run_on(store, FL_SQL_BULK_FORGET, bulk_id, err))))
		return code;
	return fl_commit(&transaction, err);
}

enum fl_code fl_store_notice_failed(struct fl_store *store, int64_t id, int64_t next_at,
				    const char *reason, struct fl_error *err)
{
	FL_AUTO_TEXT clean = NULL;
	enum fl_code code = fl_text_clean_lines(reason, &clean, err);
	if (code)
		return code;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_NOTICE_FAILED);
	fl_bind_int(&query, 1, id);
	fl_bind_int(&query, 2, next_at);
	fl_bind_text(&query, 3, clean);
	code = fl_query_row(&query, err);
	if (code == FL_ENOTFOUND)
		return fl_fail(err, code, FL_AT_NONE, 0, "there is no notice %" PRId64, id);
	return code;
}
