/* SPDX-License-Identifier: Apache-2.0 */
#include "store/filing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fl_report_facts fl_filing_facts(const struct fl_report *report)
{
	struct fl_report_facts facts = fl_report_facts(report);
	if (facts.build_id_size > sizeof(facts.build_id))
		facts.build_id_size = 0;
	return facts;
}

void fl_filing_dump_deinit(struct fl_filing_dump *dump)
{
	if (!dump)
		return;
	free(dump->upload_id);
	free(dump->software_type);
	free(dump->software_version);
	free(dump->hardware_version);
	*dump = (struct fl_filing_dump){ 0 };
}

static enum fl_code
read_columns(struct fl_query *query, struct fl_filing_dump *dump, struct fl_error *err)
{
	const char *state = fl_column_text(query, 0);
	if (!state)
		return fl_store_nomem(err);
	snprintf(dump->state, sizeof(dump->state), "%s", state);
	dump->trace_id = fl_column_int(query, 1);
	dump->issue_id = fl_column_int(query, 2);
	dump->original_trace_id = fl_column_int(query, 3);
	dump->original_issue_id = fl_column_int(query, 4);
	dump->content_id = fl_column_int(query, 5);
	dump->device_id = fl_column_int(query, 6);
	dump->received_at = fl_column_int(query, 11);
	dump->symbols_seen_known = sqlite3_column_type(query->stmt, 12) != SQLITE_NULL;
	dump->symbols_seen = fl_column_int(query, 12);
	dump->kind = (enum fl_report_kind)fl_column_int(query, 13);
	dump->paired_id = fl_column_int(query, 14);
	dump->original_kind = (enum fl_report_kind)fl_column_int(query, 15);
	dump->left_issue_id = fl_column_int(query, 16);
	dump->bulk_id = fl_column_int(query, 17);
	enum fl_code code = fl_column_copy(query, 7, &dump->upload_id, err);
	if (!code)
		code = fl_column_copy(query, 8, &dump->software_type, err);
	if (!code)
		code = fl_column_copy(query, 9, &dump->software_version, err);
	if (!code)
		code = fl_column_copy(query, 10, &dump->hardware_version, err);
	return code;
}

enum fl_code fl_filing_dump_read(struct fl_store *store, int64_t id, struct fl_filing_dump *ret,
				 struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_DUMP_IDENTITY);
	fl_bind_int(&query, 1, id);
	enum fl_code code = fl_query_row(&query, err);
	if (code == FL_ENOTFOUND)
		return fl_fail(err, code, FL_AT_NONE, 0, "there is no dump %" PRId64, id);
	if (code)
		return code;
	ret->id = id;
	return read_columns(&query, ret, err);
}

static const char *either(const char *first, const char *second)
{
	if (first && first[0])
		return first;
	return second && second[0] ? second : NULL;
}

enum fl_code fl_filing_identify(struct fl_store *store, const struct fl_filing_dump *dump,
				const struct fl_report_facts *facts, struct fl_filing_identity *ret,
				struct fl_error *err)
{
	enum fl_code code = FL_OK;
	ret->software_type = either(facts->software_type, dump->software_type);
	ret->software_version = either(facts->software_version, dump->software_version);
	ret->hardware_version = either(facts->hardware_version, dump->hardware_version);
	ret->device_id = dump->device_id;
	if (!ret->device_id)
		code = fl_device_id(store, facts->device_serial, NULL, &ret->device_id, err);
	if (!code)
		code = fl_version_id(store, ret->software_type, ret->software_version,
				     &ret->version_id, err);
	return code;
}

enum fl_code fl_filing_add_issue(struct fl_store *store, const struct fl_report_facts *facts,
				 int64_t *ret, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_ISSUE_ADD);
	fl_bind_text(&query, 1, facts->title ? facts->title : "Unknown");
	enum fl_code code = fl_query_row(&query, err);
	if (!code)
		*ret = fl_column_int(&query, 0);
	return code;
}

static enum fl_code
write_count(struct fl_store *store, int64_t issue_id, int64_t change, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_ISSUE_COUNT);
	fl_bind_int(&query, 1, issue_id);
	fl_bind_int(&query, 2, change);
	return fl_query_run(&query, err);
}

enum fl_code
fl_filing_count(struct fl_store *store, int64_t issue_id, int change, struct fl_error *err)
{
	struct fl_known_issue *known =
		store->whole ? fl_known_issue(&store->known, issue_id) : NULL;
	if (change < 0)
		fl_known_forget(&store->known);
	if (!known)
		return write_count(store, issue_id, change, err);
	known->changed = true;
	known->change += change;
	return FL_OK;
}

enum fl_code fl_filing_counted(struct fl_store *store, struct fl_error *err)
{
	enum fl_code code = FL_OK;
	for (size_t i = 0; store->whole && i < store->known.issue_count && !code; i++) {
		struct fl_known_issue *issue = &store->known.issues[i];
		if (issue->changed)
			code = write_count(store, issue->id, issue->change, err);
		issue->changed = false;
		issue->change = 0;
	}
	return code;
}

static enum fl_code put_row(struct fl_query *query, const struct fl_filing_dump *dump,
			    const struct fl_filing_identity *identity,
			    const struct fl_report_facts *facts, const struct fl_buffer *encoded,
			    int64_t issue_id, struct fl_error *err)
{
	fl_bind_int(query, 1, dump->id);
	fl_bind_id(query, 2, issue_id);
	fl_bind_int(query, 3, dump->received_at);
	fl_bind_id(query, 4, identity->version_id);
	fl_bind_id(query, 5, identity->device_id);
	fl_bind_text(query, 6, identity->hardware_version);
	fl_bind_blob(query, 7, facts->build_id_size ? facts->build_id : NULL, facts->build_id_size);
	fl_bind_text(query, 8, facts->title);
	fl_bind_text(query, 9, facts->engine_version);
	fl_bind_int(query, 10, facts->signature_version);
	fl_bind_text(query, 11, facts->rules_hash);
	fl_bind_blob(query, 12, encoded->data, encoded->size);
	fl_bind_int(query, 13, facts->kind);
	fl_bind_id(query, 14, query->store->symbols_id);
	fl_bind_int_or_null(query, 15, facts->reason, facts->has_reason);
	fl_pair_bind(query, 16, 17, facts);
	fl_bind_int(query, 18, fl_pair_may_come(facts, dump, identity->device_id));
	return fl_query_run(query, err);
}

/* fl_reboot_put() just named the reboot of a new trace, unless that is its event's. */
enum fl_code fl_filing_put_trace(struct fl_store *store, const struct fl_filing_dump *dump,
				 const struct fl_filing_identity *identity,
				 const struct fl_report_facts *facts,
				 const struct fl_buffer *encoded, int64_t issue_id, int64_t *ret,
				 struct fl_error *err)
{
	bool is_new = !dump->trace_id;
	FL_AUTO_QUERY query = fl_query(store, is_new ? FL_SQL_TRACE_ADD : FL_SQL_TRACE_CHANGE);
	enum fl_code code = put_row(&query, dump, identity, facts, encoded, issue_id, err);
	if (code)
		return code;
	*ret = is_new ? sqlite3_last_insert_rowid(store->db) : dump->trace_id;
	return is_new && !dump->paired_id ? FL_OK : fl_reboot_name(store, dump, facts, err);
}

/* An index has the device in it: it is written only where it was not known before. */
static enum fl_code set_device(struct fl_store *store, const struct fl_filing_dump *dump,
			       int64_t device_id, struct fl_error *err)
{
	if (!device_id || device_id == dump->device_id)
		return FL_OK;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_DUMP_DEVICE);
	fl_bind_int(&query, 1, dump->id);
	fl_bind_int(&query, 2, device_id);
	return fl_query_run(&query, err);
}

enum fl_code fl_filing_finish(struct fl_store *store, const struct fl_filing_dump *dump,
			      const char *state, int64_t device_id, const char *reason,
			      struct fl_error *err)
{
	enum fl_code code = set_device(store, dump, device_id, err);
	if (code)
		return code;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_DUMP_FINISH);
	fl_bind_int(&query, 1, dump->id);
	fl_bind_text(&query, 2, state);
	fl_bind_text(&query, 3, reason);
	return fl_query_run(&query, err);
}
