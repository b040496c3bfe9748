/* SPDX-License-Identifier: Apache-2.0 */
/* fl_store_policy::keep_per_issue: of a crash storm some dumps are kept, and every trace. */
#include "store/filing.h"

static enum fl_code count_samples(struct fl_store *store, int64_t issue_id, int64_t version_id,
				  int64_t *ret, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_SAMPLES_COUNT);
	fl_bind_int(&query, 1, issue_id);
	fl_bind_id(&query, 2, version_id);
	enum fl_code code = fl_query_row(&query, err);
	if (!code)
		*ret = fl_column_int(&query, 0);
	return code;
}

/* By somebody who has not got his trace yet, or who is a sample. */
static enum fl_code
still_needed(struct fl_store *store, int64_t content_id, bool *ret, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_CONTENT_NEEDED);
	fl_bind_int(&query, 1, content_id);
	enum fl_code code = fl_query_row(&query, err);
	*ret = !code;
	return code == FL_ENOTFOUND ? FL_OK : code;
}

static enum fl_code
run_on(struct fl_store *store, enum fl_sql sql, int64_t id, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, sql);
	fl_bind_int(&query, 1, id);
	return fl_query_run(&query, err);
}

enum fl_code fl_storm_prune(struct fl_store *store, const struct fl_filing_dump *dump,
			    const struct fl_filing_identity *identity, int64_t trace_id,
			    int64_t issue_id, bool *ret, struct fl_error *err)
{
	int64_t samples;
	bool needed;
	enum fl_code code;
	*ret = false;
	if (!store->policy.keep_per_issue)
		return FL_OK;
	if ((code = count_samples(store, issue_id, identity->version_id, &samples, err)))
		return code;
	if (samples < store->policy.keep_per_issue)
		return run_on(store, FL_SQL_SAMPLE_ADD, trace_id, err);
	if ((code = still_needed(store, dump->content_id, &needed, err)) || needed)
		return code;
	*ret = true;
	return run_on(store, FL_SQL_CONTENT_PRUNE, dump->content_id, err);
}
