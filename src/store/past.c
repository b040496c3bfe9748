/* SPDX-License-Identifier: Apache-2.0 */
/* What schema 2 keeps in columns and schema 1 had only in its reports. */
#include "store/filing.h"

#include <stdio.h>

struct past {
	int64_t trace_id;
	struct fl_filing_dump dump; /* of its members, those that are needed here */
	struct fl_filing_identity identity;
	char hardware_version[FL_STORE_TEXT_MAX + 1];
};

/* A report that cannot be read (any more) was that of a crash all the same. */
static enum fl_code read_report(struct fl_query *query, struct fl_report **ret)
{
	size_t size;
	const void *bytes = fl_column_blob(query, 6, &size);
	if (query->sqlite_code)
		return FL_ENOMEM;
	enum fl_code code = fl_report_decode(bytes, size, ret, NULL);
	return code == FL_ENOMEM ? code : FL_OK;
}

/* FL_ENOTFOUND: there is no trace after this one. */
static enum fl_code next_trace(struct fl_store *store, struct past *past, struct fl_report **report,
			       struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_PAST_NEXT);
	fl_bind_int(&query, 1, past->trace_id);
	enum fl_code code = fl_query_row(&query, err);
	if (code)
		return code;
	const char *hardware = fl_column_text(&query, 4);
	past->trace_id = fl_column_int(&query, 0);
	past->dump = (struct fl_filing_dump){ .id = fl_column_int(&query, 1),
					      .received_at = fl_column_int(&query, 5) };
	past->identity = (struct fl_filing_identity){ .device_id = fl_column_int(&query, 2),
						      .version_id = fl_column_int(&query, 3) };
	snprintf(past->hardware_version, sizeof(past->hardware_version), "%s",
		 hardware ? hardware : "");
	if (hardware)
		past->identity.hardware_version = past->hardware_version;
	return read_report(&query, report) ? fl_store_nomem(err) : FL_OK;
}

static enum fl_code set_place(struct fl_store *store, const struct past *past,
			      const struct fl_report_facts *facts, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_PAST_PLACE);
	fl_bind_int(&query, 1, past->trace_id);
	fl_bind_int_or_null(&query, 2, facts->reason, facts->has_reason);
	fl_pair_bind(&query, 3, 4, facts);
	fl_bind_int(&query, 5, fl_pair_may_come(facts, &past->dump, past->identity.device_id));
	return fl_query_run(&query, err);
}

enum fl_code fl_migrate_past(struct fl_store *store, struct fl_error *err)
{
	struct past past = { 0 };
	for (;;) {
		FL_AUTO(fl_report) report = NULL;
		struct fl_report_facts facts = { 0 };
		enum fl_code code = next_trace(store, &past, &report, err);
		if (code)
			return code == FL_ENOTFOUND ? FL_OK : code;
		if (report)
			facts = fl_filing_facts(report);
		if ((code = set_place(store, &past, &facts, err)) ||
		    (code = fl_reboot_put(store, &past.dump, &past.identity, &facts, err)))
			return code;
	}
}
