/* SPDX-License-Identifier: Apache-2.0 */
#include "store/filing.h"
#include "store/settled.h"

#include "base/vec.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum fl_code fl_store_select_dumps(struct fl_store *store, const struct fl_reanalyze_filter *filter,
				   struct fl_buffer *ret, struct fl_error *err)
{
	FL_AUTO_VEC ids = FL_VEC(int64_t);
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_DUMPS_DONE);
	fl_bind_id(&query, 1, filter ? filter->issue_id : 0);
	fl_bind_text(&query, 2, filter ? filter->software_version : NULL);
	enum fl_code code;
	while (!(code = fl_query_row(&query, err))) {
		int64_t id = fl_column_int(&query, 0);
		if (!fl_vec_push(&ids, &id))
			return fl_store_nomem(err);
	}
	if (code != FL_ENOTFOUND)
		return code;
	*ret = (struct fl_buffer){ .data = ids.data, .size = ids.count * sizeof(int64_t) };
	ids.data = NULL;
	return FL_OK;
}

/* The trace as it was before, beside what the new report makes of it. */
struct refiling {
	struct fl_store *store;
	const struct fl_filing_dump *dump;
	const struct fl_report_facts *facts;
	const struct fl_buffer *encoded;
	bool same_report;
	bool gave_title; /* the issue is called what this trace was called */
	int64_t issue_traces;
};

static enum fl_code read_old(struct refiling *refiling, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(refiling->store, FL_SQL_TRACE_OLD);
	fl_bind_int(&query, 1, refiling->dump->trace_id);
	fl_bind_blob(&query, 2, refiling->encoded->data, refiling->encoded->size);
	enum fl_code code = fl_query_row(&query, err);
	if (code == FL_ENOTFOUND)
		return fl_fail(err, code, FL_AT_NONE, 0, "dump %" PRId64 " has no finished trace",
			       refiling->dump->id);
	if (code)
		return code;
	const char *title = fl_column_text(&query, 0);
	const char *issue_title = fl_column_text(&query, 2);
	refiling->same_report = fl_column_int(&query, 1);
	refiling->gave_title = title && issue_title && !strcmp(title, issue_title);
	refiling->issue_traces = fl_column_int(&query, 3);
	return query.sqlite_code ? fl_store_nomem(err) : FL_OK;
}

/*
 * A trace whose fingerprints are all unknown opens an issue of its own, unless it is the only one
 * in its issue: then the issue goes with it and keeps its number.
 */
static enum fl_code
decide(const struct refiling *refiling, struct fl_refiled *ret, struct fl_error *err)
{
	const struct fl_filing_dump *dump = refiling->dump;
	*ret = (struct fl_refiled){ .trace_id = dump->trace_id,
				    .old_issue_id = dump->issue_id,
				    .changed = !refiling->same_report };
	enum fl_code code = fl_filing_find_issue(refiling->store, refiling->facts, dump->trace_id,
						 &ret->new_issue_id, err);
	if (!code && !ret->new_issue_id && refiling->issue_traces == 1)
		ret->new_issue_id = dump->issue_id;
	ret->moved = ret->new_issue_id != ret->old_issue_id;
	return code;
}

static enum fl_code
apply(const struct refiling *refiling, struct fl_refiled *ret, struct fl_error *err)
{
	struct fl_store *store = refiling->store;
	struct fl_filing_identity identity = { 0 };
	enum fl_code code =
		fl_filing_identify(store, refiling->dump, refiling->facts, &identity, err);
	if (!code && !ret->new_issue_id)
		code = fl_filing_add_issue(store, refiling->facts, &ret->new_issue_id, err);
	if (!code)
		code = fl_filing_learn(store, refiling->facts, ret->trace_id, ret->new_issue_id,
				       err);
	if (!code)
		code = fl_filing_put_trace(store, refiling->dump, &identity, refiling->facts,
					   refiling->encoded, ret->new_issue_id, &ret->trace_id,
					   err);
	if (!code)
		code = fl_filing_count(store, ret->new_issue_id, ret->moved, err);
	if (!code && ret->moved)
		code = fl_filing_count(store, ret->old_issue_id, -1, err);
	if (!code)
		code = fl_filing_entitle(store, refiling->facts, ret->trace_id, ret->new_issue_id,
					 !ret->moved && refiling->gave_title, err);
	if (!code)
		code = fl_filing_finish(store, refiling->dump, "done", identity.device_id, NULL,
					err);
	return code;
}

enum fl_code fl_filing_refile(struct fl_store *store, const struct fl_filing_dump *dump,
			      const struct fl_report_facts *facts, const struct fl_buffer *encoded,
			      bool dry_run, struct fl_refiled *ret, bool *new_issue_ret,
			      struct fl_error *err)
{
	struct refiling refiling = {
		.store = store, .dump = dump, .facts = facts, .encoded = encoded
	};
	enum fl_code code = fl_filing_counted(store, err);
	if (!code)
		code = read_old(&refiling, err);
	if (!code)
		code = decide(&refiling, ret, err);
	*new_issue_ret = !code && !ret->new_issue_id;
	return code || dry_run ? code : apply(&refiling, ret, err);
}

static enum fl_code note(struct fl_store *store, const struct fl_filing_dump *dump,
			 const struct fl_refiled *refiled, bool new_issue, struct fl_error *err)
{
	const struct fl_settled settled = { .dump_id = dump->id,
					    .how = FL_SETTLED_REANALYSED,
					    .trace_id = refiled->trace_id,
					    .old_issue_id = refiled->old_issue_id,
					    .new_issue_id = refiled->new_issue_id,
					    .new_issue = new_issue,
					    .symbol_file_id = store->symbols_id };
	return refiled->changed || refiled->moved ? fl_settled(store, &settled, err) : FL_OK;
}

static enum fl_code refile(struct fl_store *store, int64_t dump_id,
			   const struct fl_report_facts *facts, const struct fl_buffer *encoded,
			   bool dry_run, struct fl_refiled *ret, struct fl_error *err)
{
	FL_AUTO_FILING_DUMP dump = { 0 };
	FL_AUTO_TRANSACTION transaction = { 0 };
	bool new_issue;
	enum fl_code code;
	if ((code = fl_begin(store, &transaction, err)) ||
	    (code = fl_filing_dump_read(store, dump_id, &dump, err)))
		return code;
	if (strcmp(dump.state, "done") != 0 || !dump.issue_id)
		return fl_fail(err, FL_ENOTFOUND, FL_AT_NONE, 0,
			       "dump %" PRId64 " has no finished trace", dump_id);
	code = fl_filing_refile(store, &dump, facts, encoded, dry_run, ret, &new_issue, err);
	if (code || dry_run)
		return code;
	if ((code = note(store, &dump, ret, new_issue, err)))
		return code;
	return fl_commit(&transaction, err);
}

enum fl_code fl_store_refile(struct fl_store *store, int64_t dump_id,
			     const struct fl_report *report, bool dry_run, struct fl_refiled *ret,
			     struct fl_error *err)
{
	const struct fl_report_facts facts = fl_filing_facts(report);
	FL_AUTO_BUFFER encoded = { 0 };
	struct fl_refiled refiled = { 0 };
	int64_t bulk = store->reanalysis_bulk;
	enum fl_code code = fl_report_encode(report, &encoded, err);
	if (!code)
		code = refile(store, dump_id, &facts, &encoded, dry_run, &refiled, err);
	if (code)
		store->reanalysis_bulk = bulk;
	else
		*ret = refiled;
	store->symbols_id = 0;
	return code;
}
