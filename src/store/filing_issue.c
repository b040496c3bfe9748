/* SPDX-License-Identifier: Apache-2.0 */
/* From fingerprints to issues. */
#include "store/filing.h"
#include "store/settled.h"

#include "base/vec.h"

#include <string.h>

static struct fl_known_fingerprint *
known_of(struct fl_store *store, const struct fl_fingerprint *fingerprint)
{
	return store->whole
		       ? fl_known_fingerprint(&store->known, fingerprint->hash, fingerprint->kind)
		       : NULL;
}

/* 0 where it is not known, or known only for its text. */
static enum fl_code ask_issue(struct fl_store *store, const struct fl_fingerprint *fingerprint,
			      int64_t *ret, struct fl_error *err)
{
	*ret = 0;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_FINGERPRINT_FIND);
	fl_bind_blob(&query, 1, fingerprint->hash, sizeof(fingerprint->hash));
	fl_bind_text(&query, 2, fingerprint->kind);
	enum fl_code code = fl_query_row(&query, err);
	if (!code)
		*ret = fl_column_int(&query, 0);
	return code == FL_ENOTFOUND ? FL_OK : code;
}

static enum fl_code find(struct fl_store *store, const struct fl_fingerprint *fingerprint,
			 int64_t *ret, struct fl_error *err)
{
	struct fl_known_fingerprint *known = known_of(store, fingerprint);
	if (known && known->has_issue) {
		*ret = known->issue_id;
		return FL_OK;
	}
	enum fl_code code = ask_issue(store, fingerprint, ret, err);
	if (known && !code) {
		known->has_issue = true;
		known->issue_id = *ret;
	}
	return code;
}

static enum fl_code
ask_dumps(struct fl_store *store, int64_t issue_id, int64_t but, bool *ret, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_ISSUE_HAS_DUMPS);
	fl_bind_int(&query, 1, issue_id);
	fl_bind_int(&query, 2, but);
	enum fl_code code = fl_query_row(&query, err);
	*ret = !code;
	return code == FL_ENOTFOUND ? FL_OK : code;
}

/* @p but: a trace that does not count, 0 = none. */
static enum fl_code
has_dumps(struct fl_store *store, int64_t issue_id, int64_t but, bool *ret, struct fl_error *err)
{
	struct fl_known_issue *known =
		store->whole && !but ? fl_known_issue(&store->known, issue_id) : NULL;
	if (known && known->has_dumps) {
		*ret = true;
		return FL_OK;
	}
	enum fl_code code = ask_dumps(store, issue_id, but, ret, err);
	if (known && !code)
		known->has_dumps = *ret;
	return code;
}

/* Where a leading fingerprint leads, if that is an issue of events alone, and not @p but; else 0.
 */
static enum fl_code find_events(struct fl_store *store, const struct fl_fingerprint *fingerprint,
				int64_t trace_id, int64_t but, int64_t *ret, struct fl_error *err)
{
	bool dumps;
	int64_t issue_id;
	*ret = 0;
	enum fl_code code = find(store, fingerprint, &issue_id, err);
	if (code || !issue_id || issue_id == but)
		return code;
	code = has_dumps(store, issue_id, trace_id, &dumps, err);
	if (!code && !dumps)
		*ret = issue_id;
	return code;
}

/* Fingerprints are ordered finest first: the first that is known decides. */
enum fl_code fl_filing_find_issue(struct fl_store *store, const struct fl_report_facts *facts,
				  int64_t trace_id, int64_t *ret, struct fl_error *err)
{
	enum fl_code code = FL_OK;
	*ret = 0;
	for (size_t i = 0; i < facts->fingerprint_count && !code && !*ret; i++)
		if (facts->fingerprints[i].joins)
			code = find(store, &facts->fingerprints[i], ret, err);
	for (size_t i = 0; i < facts->fingerprint_count && !code && !*ret; i++)
		if (facts->fingerprints[i].leads)
			code = find_events(store, &facts->fingerprints[i], trace_id, 0, ret, err);
	return code;
}

enum fl_code fl_filing_entitle(struct fl_store *store, const struct fl_report_facts *facts,
			       int64_t trace_id, int64_t issue_id, bool gave, struct fl_error *err)
{
	bool dumps;
	bool dump = facts->kind == FL_REPORT_DUMP;
	if (!facts->title || (!dump && !gave))
		return FL_OK;
	enum fl_code code = has_dumps(store, issue_id, trace_id, &dumps, err);
	if (code || (dumps && !(dump && gave)))
		return code;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_ISSUE_TITLE);
	fl_bind_int(&query, 1, issue_id);
	fl_bind_text(&query, 2, facts->title);
	return fl_query_run(&query, err);
}

enum fl_code
fl_filing_reopen(struct fl_store *store, int64_t issue_id, bool *ret, struct fl_error *err)
{
	struct fl_known_issue *known =
		store->whole ? fl_known_issue(&store->known, issue_id) : NULL;
	*ret = false;
	if (known && known->is_open)
		return FL_OK;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_ISSUE_REOPEN);
	fl_bind_int(&query, 1, issue_id);
	enum fl_code code = fl_query_row(&query, err);
	*ret = !code;
	if (code == FL_ENOTFOUND)
		code = FL_OK;
	if (known && !code)
		known->is_open = true;
	return code;
}

/* --- events that came before their dump --- */

static bool joins_by(const struct fl_report *report, const struct fl_fingerprint *fingerprint)
{
	const struct fl_report_facts facts = fl_report_facts(report);
	for (size_t i = 0; i < facts.fingerprint_count; i++) {
		const struct fl_fingerprint *own = &facts.fingerprints[i];
		if (own->joins && !strcmp(own->kind, fingerprint->kind) &&
		    !memcmp(own->hash, fingerprint->hash, sizeof(own->hash)))
			return true;
	}
	return false;
}

/* Ids of the issue's events that have the fingerprint. */
static enum fl_code collect(struct fl_store *store, int64_t issue_id,
			    const struct fl_fingerprint *fingerprint, struct fl_vec *ret,
			    struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_ISSUE_REPORTS);
	fl_bind_int(&query, 1, issue_id);
	enum fl_code code;
	while (!(code = fl_query_row(&query, err))) {
		FL_AUTO(fl_report) report = NULL;
		size_t size;
		int64_t id = fl_column_int(&query, 0);
		const void *bytes = fl_column_blob(&query, 1, &size);
		if (query.sqlite_code)
			return fl_store_nomem(err);
		code = fl_report_decode(bytes, size, &report, err);
		if (code == FL_ENOMEM)
			return code;
		if (!code && joins_by(report, fingerprint) && !fl_vec_push(ret, &id))
			return fl_store_nomem(err);
	}
	return code == FL_ENOTFOUND ? FL_OK : code;
}

static enum fl_code
move_trace(struct fl_store *store, int64_t trace_id, int64_t from, int64_t to, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_TRACE_MOVE);
	fl_bind_int(&query, 1, trace_id);
	fl_bind_int(&query, 2, to);
	enum fl_code code = fl_query_run(&query, err);
	return code ? code : fl_history_add(store, trace_id, "filed", from, to, NULL, err);
}

static enum fl_code move_fingerprint(struct fl_store *store,
				     const struct fl_fingerprint *fingerprint, int64_t to,
				     struct fl_error *err)
{
	fl_known_forget(&store->known);
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_FINGERPRINT_MOVE);
	fl_bind_blob(&query, 1, fingerprint->hash, sizeof(fingerprint->hash));
	fl_bind_text(&query, 2, fingerprint->kind);
	fl_bind_int(&query, 3, to);
	return fl_query_run(&query, err);
}

static enum fl_code bring_events(struct fl_store *store, const struct fl_fingerprint *fingerprint,
				 int64_t from, int64_t to, struct fl_error *err)
{
	FL_AUTO_VEC ids = FL_VEC(int64_t);
	enum fl_code code = collect(store, from, fingerprint, &ids, err);
	for (size_t i = 0; i < ids.count && !code; i++)
		code = move_trace(store, *fl_vec_at(&ids, int64_t, i), from, to, err);
	if (!code)
		code = move_fingerprint(store, fingerprint, to, err);
	if (!code && ids.count)
		code = fl_filing_count(store, from, -(int)ids.count, err);
	if (!code && ids.count)
		code = fl_filing_count(store, to, (int)ids.count, err);
	return code;
}

/* --- learning --- */

static enum fl_code record(struct fl_store *store, const struct fl_fingerprint *fingerprint,
			   uint32_t signature_version, int64_t issue_id, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_FINGERPRINT_ADD);
	fl_bind_blob(&query, 1, fingerprint->hash, sizeof(fingerprint->hash));
	fl_bind_text(&query, 2, fingerprint->kind);
	fl_bind_int(&query, 3, fingerprint->joins || fingerprint->leads);
	fl_bind_int(&query, 4, issue_id);
	fl_bind_int(&query, 5, signature_version);
	fl_bind_text(&query, 6, fingerprint->preimage ? fingerprint->preimage : "");
	return fl_query_run(&query, err);
}

static enum fl_code learn(struct fl_store *store, const struct fl_fingerprint *fingerprint,
			  uint32_t signature_version, int64_t issue_id, struct fl_error *err)
{
	struct fl_known_fingerprint *known = known_of(store, fingerprint);
	bool joins = fingerprint->joins || fingerprint->leads;
	if (known && known->recorded && (known->joined || !joins))
		return FL_OK;
	enum fl_code code = record(store, fingerprint, signature_version, issue_id, err);
	if (known && !code) {
		known->recorded = true;
		known->joined = joins;
		known->has_issue = false;
	}
	return code;
}

enum fl_code fl_filing_learn(struct fl_store *store, const struct fl_report_facts *facts,
			     int64_t trace_id, int64_t issue_id, struct fl_error *err)
{
	enum fl_code code = FL_OK;
	for (size_t i = 0; i < facts->fingerprint_count && !code; i++) {
		const struct fl_fingerprint *fingerprint = &facts->fingerprints[i];
		int64_t events = 0;
		if (fingerprint->leads)
			code = find_events(store, fingerprint, trace_id, issue_id, &events, err);
		if (!code && events)
			code = bring_events(store, fingerprint, events, issue_id, err);
		if (!code)
			code = learn(store, fingerprint, facts->signature_version, issue_id, err);
	}
	return code;
}
