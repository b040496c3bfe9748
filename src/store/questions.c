/* SPDX-License-Identifier: Apache-2.0 */
#include "store/internal.h"

#include <inttypes.h>
#include <stdlib.h>

/* Hands a row out; false when its reader wants no more, or when there was no memory for it. */
typedef bool (*row_fn)(struct fl_query *query, void *reader);

static enum fl_code each_row(struct fl_query *query, row_fn row, void *reader, struct fl_error *err)
{
	enum fl_code code;
	while (!(code = fl_query_row(query, err)))
		if (!row(query, reader))
			return query->sqlite_code ? fl_store_nomem(err) : FL_OK;
	return code == FL_ENOTFOUND ? FL_OK : code;
}

/* --- issues --- */

struct issue_reader {
	fl_issue_fn each;
	void *context;
	bool seen;
};

static bool issue_row(struct fl_query *query, void *reader)
{
	struct issue_reader *to = reader;
	const struct fl_issue_row row = {
		.id = fl_column_int(query, 0),
		.title = fl_column_text(query, 1),
		.state = fl_column_text(query, 2),
		.trace_count = (uint64_t)fl_column_int(query, 3),
		.device_count = (uint64_t)fl_column_int(query, 4),
		.first_seen = fl_column_int(query, 5),
		.last_seen = fl_column_int(query, 6),
		.last_version = fl_column_text(query, 7),
	};
	to->seen = true;
	return !query->sqlite_code && to->each(to->context, &row);
}

enum fl_code
fl_store_issues(struct fl_store *store, fl_issue_fn each, void *context, struct fl_error *err)
{
	struct issue_reader reader = { .each = each, .context = context };
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_ISSUES_LIST);
	return each_row(&query, issue_row, &reader, err);
}

enum fl_code fl_store_issue(struct fl_store *store, int64_t issue_id, fl_issue_fn each,
			    void *context, struct fl_error *err)
{
	struct issue_reader reader = { .each = each, .context = context };
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_ISSUE_READ);
	fl_bind_int(&query, 1, issue_id);
	enum fl_code code = each_row(&query, issue_row, &reader, err);
	if (!code && !reader.seen)
		code = fl_fail(err, FL_ENOTFOUND, FL_AT_NONE, 0, "there is no issue %" PRId64,
			       issue_id);
	return code;
}

struct count_reader {
	fl_count_fn each;
	void *context;
};

static bool count_row(struct fl_query *query, void *reader)
{
	const struct count_reader *to = reader;
	const char *key = fl_column_text(query, 0);
	return !query->sqlite_code && to->each(to->context, key, (uint64_t)fl_column_int(query, 1),
					       (uint64_t)fl_column_int(query, 2));
}

enum fl_code fl_store_issue_versions(struct fl_store *store, int64_t issue_id, fl_count_fn each,
				     void *context, struct fl_error *err)
{
	struct count_reader reader = { .each = each, .context = context };
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_ISSUE_VERSIONS);
	fl_bind_int(&query, 1, issue_id);
	return each_row(&query, count_row, &reader, err);
}

/* --- traces --- */

struct trace_reader {
	fl_trace_fn each;
	void *context;
};

static bool trace_row(struct fl_query *query, void *reader)
{
	const struct trace_reader *to = reader;
	const struct fl_trace_row row = {
		.id = fl_column_int(query, 0),
		.dump_id = fl_column_int(query, 1),
		.issue_id = fl_column_int(query, 2),
		.state = fl_column_text(query, 3),
		.title = fl_column_text(query, 4),
		.device = fl_column_text(query, 5),
		.software_type = fl_column_text(query, 6),
		.software_version = fl_column_text(query, 7),
		.hardware_version = fl_column_text(query, 8),
		.build_id = fl_column_text(query, 9),
		.source = fl_column_text(query, 10),
		.reason = fl_column_text(query, 11),
		.backtrace = fl_column_text(query, 12),
		.received_at = fl_column_int(query, 13),
		.attempts = (uint32_t)fl_column_int(query, 14),
		.duplicates = (uint64_t)fl_column_int(query, 15),
		.kind = fl_column_text(query, 16),
		.cohort = fl_column_text(query, 17),
		.pruned = fl_column_int(query, 18),
		.paired = fl_column_int(query, 19),
	};
	return !query->sqlite_code && to->each(to->context, &row);
}

enum fl_code fl_store_traces(struct fl_store *store, const struct fl_trace_filter *filter,
			     fl_trace_fn each, void *context, struct fl_error *err)
{
	static const struct fl_trace_filter any = { 0 };
	struct trace_reader reader = { .each = each, .context = context };
	const struct fl_trace_filter *by = filter ? filter : &any;
	FL_AUTO_QUERY query =
		fl_query(store, by->issue_id ? FL_SQL_TRACES_OF_ISSUE : FL_SQL_TRACES_LIST);
	fl_bind_text(&query, 1, by->state);
	fl_bind_text(&query, 3, by->kind);
	fl_bind_text(&query, 4, by->device);
	if (by->issue_id)
		fl_bind_int(&query, 2, by->issue_id);
	else
		fl_bind_int(&query, 5, by->expected_reboots);
	return each_row(&query, trace_row, &reader, err);
}

enum fl_code fl_store_report(struct fl_store *store, int64_t trace_id, struct fl_report **ret,
			     struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_TRACE_REPORT);
	fl_bind_int(&query, 1, trace_id);
	enum fl_code code = fl_query_row(&query, err);
	if (code == FL_ENOTFOUND)
		return fl_fail(err, code, FL_AT_NONE, 0, "there is no trace %" PRId64, trace_id);
	if (code)
		return code;
	size_t size;
	const void *bytes = fl_column_blob(&query, 0, &size);
	return query.sqlite_code ? fl_store_nomem(err) : fl_report_decode(bytes, size, ret, err);
}

/* --- symbols --- */

struct symbol_reader {
	fl_symbol_fn each;
	void *context;
};

static bool symbol_row(struct fl_query *query, void *reader)
{
	const struct symbol_reader *to = reader;
	const struct fl_symbol_row row = {
		.id = fl_column_int(query, 0),
		.name = fl_column_text(query, 1),
		.build_id = fl_column_text(query, 2),
		.software_type = fl_column_text(query, 3),
		.software_version = fl_column_text(query, 4),
		.size = (uint64_t)fl_column_int(query, 5),
		.modules = (uint64_t)fl_column_int(query, 6),
		.has_debug_info = fl_column_int(query, 7),
		.traces = (uint64_t)fl_column_int(query, 8),
		.superseded_by = fl_column_int(query, 9),
		.conflict = fl_column_int(query, 10),
	};
	return !query->sqlite_code && to->each(to->context, &row);
}

enum fl_code
fl_store_symbols(struct fl_store *store, fl_symbol_fn each, void *context, struct fl_error *err)
{
	struct symbol_reader reader = { .each = each, .context = context };
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_SYMBOLS_LIST);
	return each_row(&query, symbol_row, &reader, err);
}

struct missing_reader {
	fl_missing_fn each;
	void *context;
};

static bool missing_row(struct fl_query *query, void *reader)
{
	const struct missing_reader *to = reader;
	const struct fl_missing_row row = {
		.build_id = fl_column_text(query, 0),
		.software_type = fl_column_text(query, 1),
		.software_version = fl_column_text(query, 2),
		.traces = (uint64_t)fl_column_int(query, 3),
		.devices = (uint64_t)fl_column_int(query, 4),
	};
	return !query->sqlite_code && to->each(to->context, &row);
}

enum fl_code
fl_store_missing(struct fl_store *store, fl_missing_fn each, void *context, struct fl_error *err)
{
	struct missing_reader reader = { .each = each, .context = context };
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_MISSING_LIST);
	return each_row(&query, missing_row, &reader, err);
}
