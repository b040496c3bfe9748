/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about one trace, one symbol file, and counts by whatever a trace has. */
#include "store/internal.h"

#include <inttypes.h>

static enum fl_code done(enum fl_code code)
{
	return code == FL_ENOTFOUND ? FL_OK : code;
}

static enum fl_code must_exist(struct fl_store *store, enum fl_sql sql, int64_t id,
			       const char *what, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, sql);
	fl_bind_int(&query, 1, id);
	enum fl_code code = fl_query_row(&query, err);
	if (code == FL_ENOTFOUND)
		fl_fail(err, code, FL_AT_NONE, 0, "there is no %s %" PRId64, what, id);
	return code;
}

enum fl_code fl_store_trace_history(struct fl_store *store, int64_t trace_id, fl_history_fn each,
				    void *context, struct fl_error *err)
{
	enum fl_code code = must_exist(store, FL_SQL_TRACE_REPORT, trace_id, "trace", err);
	if (code)
		return code;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_HISTORY_LIST);
	fl_bind_int(&query, 1, trace_id);
	while (!(code = fl_query_row(&query, err))) {
		const struct fl_history_row row = {
			.at = fl_column_int(&query, 0),
			.what = fl_column_text(&query, 1),
			.old_issue_id = fl_column_int(&query, 2),
			.new_issue_id = fl_column_int(&query, 3),
			.detail = fl_column_text(&query, 4),
		};
		if (query.sqlite_code)
			return fl_store_nomem(err);
		if (!each(context, &row))
			return FL_OK;
	}
	return done(code);
}

static struct fl_module_info read_module(struct fl_query *query)
{
	struct fl_module_info module = {
		.name = fl_column_text(query, 0),
		.has_debug_info = fl_column_int(query, 2),
		.has_unwind_info = fl_column_int(query, 3),
		.has_symbol_table = fl_column_int(query, 4),
		.has_code_bytes = fl_column_int(query, 5),
		.function_count = (uint32_t)fl_column_int(query, 6),
	};
	module.build_id_size =
		(uint8_t)fl_column_bytes(query, 1, module.build_id, sizeof(module.build_id));
	return module;
}

enum fl_code fl_store_symbol_modules(struct fl_store *store, int64_t id, fl_module_fn each,
				     void *context, struct fl_error *err)
{
	enum fl_code code = must_exist(store, FL_SQL_SYMBOLS_TEXTS, id, "symbol file", err);
	if (code)
		return code;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_SYMBOLS_MODULES);
	fl_bind_int(&query, 1, id);
	while (!(code = fl_query_row(&query, err))) {
		struct fl_module_info module = read_module(&query);
		if (query.sqlite_code)
			return fl_store_nomem(err);
		if (!each(context, &module))
			return FL_OK;
	}
	return done(code);
}

enum fl_code fl_store_counts(struct fl_store *store, int64_t issue_id, enum fl_dimension by,
			     fl_count_fn each, void *context, struct fl_error *err)
{
	static const enum fl_sql statements[] = {
		[FL_BY_SOFTWARE_TYPE] = FL_SQL_COUNTS_BY_TYPE,
		[FL_BY_SOFTWARE_VERSION] = FL_SQL_COUNTS_BY_VERSION,
		[FL_BY_HARDWARE_VERSION] = FL_SQL_COUNTS_BY_HARDWARE,
		[FL_BY_COHORT] = FL_SQL_COUNTS_BY_COHORT,
		[FL_BY_DEVICE] = FL_SQL_COUNTS_BY_DEVICE,
		[FL_BY_DAY] = FL_SQL_COUNTS_BY_DAY,
	};
	if ((size_t)by >= sizeof(statements) / sizeof(statements[0]))
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "unknown dimension %d", (int)by);
	FL_AUTO_QUERY query = fl_query(store, statements[by]);
	fl_bind_int(&query, 1, issue_id ? issue_id : 1);
	fl_bind_int(&query, 2, issue_id ? issue_id : INT64_MAX);
	enum fl_code code;
	while (!(code = fl_query_row(&query, err))) {
		const char *key = fl_column_text(&query, 0);
		if (query.sqlite_code)
			return fl_store_nomem(err);
		if (!each(context, key, (uint64_t)fl_column_int(&query, 1),
			  (uint64_t)fl_column_int(&query, 2)))
			return FL_OK;
	}
	return done(code);
}
