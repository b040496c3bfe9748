/* SPDX-License-Identifier: Apache-2.0 */
#include "store/filing.h"
#include "store/settled.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REASON_SIZE = 256 };

/* One dump on its way to a trace. */
struct filing {
	struct fl_store *store;
	struct fl_report_facts facts;
	const struct fl_buffer *encoded;
	struct fl_filing_dump dump;
	struct fl_filing_identity identity;
	bool waits;         /* for its ELF */
	const char *reason; /* to wait; NULL: work it out */
};

static void filing_deinit(struct filing *filing)
{
	fl_filing_dump_deinit(&filing->dump);
}

static bool is_state(const struct filing *filing, const char *state)
{
	return strcmp(filing->dump.state, state) == 0;
}

/* A dump that was finished before, here or by a worker that was thought dead. */
static bool already_finished(const struct filing *filing, struct fl_filed *ret)
{
	const struct fl_filing_dump *dump = &filing->dump;
	if (is_state(filing, "done"))
		*ret = (struct fl_filed){ .trace_id = dump->trace_id,
					  .issue_id = dump->issue_id,
					  .paired = dump->paired_id != 0,
					  .reboot = !dump->issue_id };
	else if (is_state(filing, "duplicate"))
		*ret = (struct fl_filed){ .trace_id = dump->original_trace_id,
					  .issue_id = dump->original_issue_id,
					  .duplicate = dump->original_kind == dump->kind,
					  .paired = dump->original_kind != dump->kind };
	else
		return false;
	return true;
}

/* What was filed before with the same bytes. */
struct original {
	int64_t same_id; /* counts the duplicate; 0 = there is none */
	int64_t dump_id; /* has the trace: the same, or the dump that same_id is the event of */
};

/* The upload did not say which device it was, the dump did: now a duplicate shows. */
static enum fl_code find_original(const struct filing *filing, struct original *ret,
				  struct fl_filed *filed, struct fl_error *err)
{
	const struct fl_filing_dump *dump = &filing->dump;
	*ret = (struct original){ 0 };
	if (dump->trace_id || (!filing->identity.device_id && !dump->upload_id))
		return FL_OK;
	FL_AUTO_QUERY query = fl_query(filing->store, FL_SQL_DUMP_DUPLICATE_FILED);
	fl_bind_int(&query, 1, dump->content_id);
	fl_bind_id(&query, 2, filing->identity.device_id);
	fl_bind_text(&query, 3, dump->upload_id);
	fl_bind_int(&query, 4, dump->kind);
	enum fl_code code = fl_query_row(&query, err);
	if (code)
		return code == FL_ENOTFOUND ? FL_OK : code;
	*ret = (struct original){ .same_id = fl_column_int(&query, 0),
				  .dump_id = fl_column_int(&query, 1) };
	*filed = (struct fl_filed){ .trace_id = fl_column_int(&query, 2),
				    .issue_id = fl_column_int(&query, 3),
				    .duplicate = true };
	return FL_OK;
}

static enum fl_code
become_duplicate(const struct filing *filing, const struct original *original, struct fl_error *err)
{
	FL_AUTO_QUERY count = fl_query(filing->store, FL_SQL_DUMP_COUNT_DUPLICATES);
	fl_bind_int(&count, 1, original->same_id);
	fl_bind_int(&count, 2, filing->dump.id);
	enum fl_code code = fl_query_run(&count, err);
	if (code)
		return code;
	FL_AUTO_QUERY mark = fl_query(filing->store, FL_SQL_DUMP_IS_DUPLICATE);
	fl_bind_int(&mark, 1, filing->dump.id);
	fl_bind_int(&mark, 2, original->dump_id);
	fl_bind_id(&mark, 3, filing->identity.device_id);
	code = fl_query_run(&mark, err);
	return code ? code : fl_bulk_left(filing->store, filing->dump.id, err);
}

static enum fl_code settled(const struct filing *filing, enum fl_settled_how how,
			    const struct fl_filed *filed, struct fl_error *err)
{
	const struct fl_settled what = { .dump_id = filing->dump.id,
					 .no_bulk = !filing->dump.bulk_id,
					 .new_trace = !filing->dump.trace_id,
					 .how = how,
					 .trace_id = filed->trace_id,
					 .old_issue_id = filing->dump.issue_id,
					 .new_issue_id = filed->issue_id,
					 .new_issue = filed->new_issue,
					 .regressed = filed->regressed,
					 .symbol_file_id = filing->store->symbols_id };
	const struct fl_filing_dump *dump = &filing->dump;
	const struct fl_move move = { .trace_id = filed->trace_id,
				      .from = dump->issue_id ? dump->issue_id : dump->left_issue_id,
				      .to = filed->issue_id };
	enum fl_code code = fl_filing_moved(filing->store, &move, err);
	return code ? code : fl_settled(filing->store, &what, err);
}

/* --- waiting --- */

static enum fl_code
say_reason(const struct filing *filing, char ret[REASON_SIZE], struct fl_error *err)
{
	const struct fl_report_facts *facts = &filing->facts;
	const char *type = filing->identity.software_type;
	const char *version = filing->identity.software_version;
	char name[FL_SYMBOL_NAME_SIZE];
	char hex[2 * sizeof(facts->build_id) + 1];
	fl_hex(facts->build_id, facts->build_id_size, hex);
	enum fl_code code =
		fl_symbols_name(filing->store, facts, filing->identity.version_id, name, err);
	if (!code)
		snprintf(ret, REASON_SIZE, "%s does not match what was captured", name);
	else if (code != FL_ENOTFOUND)
		return code;
	else if (hex[0])
		snprintf(ret, REASON_SIZE, "no symbol file with build id %s%s", hex,
			 facts->build_id_size < sizeof(facts->build_id) ? "..." : "");
	else if (version)
		snprintf(ret, REASON_SIZE, "no symbol file for %s %s", type ? type : "software",
			 version);
	else
		snprintf(ret, REASON_SIZE, "the %s names neither a build id nor a version",
			 facts->kind == FL_REPORT_DUMP ? "dump" : "event");
	return FL_OK;
}

/* Symbols that came between the claim and now did not see this dump waiting: look again. */
static enum fl_code symbols_came(const struct filing *filing, bool *ret, struct fl_error *err)
{
	*ret = false;
	if (!filing->dump.symbols_seen_known)
		return FL_OK;
	FL_AUTO_QUERY query = fl_query(filing->store, FL_SQL_SYMBOLS_REVISION);
	enum fl_code code = fl_query_row(&query, err);
	if (!code)
		*ret = fl_column_int(&query, 0) > filing->dump.symbols_seen;
	return code;
}

static enum fl_code
set_waiting(const struct filing *filing, struct fl_filed *ret, struct fl_error *err)
{
	char reason[REASON_SIZE];
	bool again;
	enum fl_code code;
	if (filing->reason)
		snprintf(reason, sizeof(reason), "%s", filing->reason);
	else if ((code = say_reason(filing, reason, err)))
		return code;
	if ((code = symbols_came(filing, &again, err)) ||
	    (code = fl_filing_put_trace(filing->store, &filing->dump, &filing->identity,
					&filing->facts, filing->encoded, 0, &ret->trace_id, err)))
		return code;
	if (filing->dump.issue_id &&
	    (code = fl_filing_count(filing->store, filing->dump.issue_id, -1, err)))
		return code;
	code = fl_filing_finish(filing->store, &filing->dump, again ? "queued" : "waiting",
				filing->identity.device_id, again ? NULL : reason, err);
	if (code || again)
		return code;
	return settled(filing, FL_SETTLED_WAITING, ret, err);
}

/* --- filing --- */

/* It was queued once more while its trace stayed in an issue: other symbols came. */
static enum fl_code
set_done_again(const struct filing *filing, struct fl_filed *ret, struct fl_error *err)
{
	struct fl_refiled refiled = { 0 };
	enum fl_code code =
		fl_filing_refile(filing->store, &filing->dump, &filing->facts, filing->encoded,
				 false, &refiled, &ret->new_issue, err);
	ret->trace_id = refiled.trace_id;
	ret->issue_id = refiled.new_issue_id;
	return code ? code : settled(filing, FL_SETTLED_FILED, ret, err);
}

/* Tells how the fleet is, not what is wrong with it. */
static enum fl_code
set_done_expected(const struct filing *filing, struct fl_filed *ret, struct fl_error *err)
{
	struct fl_store *store = filing->store;
	enum fl_code code =
		fl_filing_put_trace(store, &filing->dump, &filing->identity, &filing->facts,
				    filing->encoded, 0, &ret->trace_id, err);
	ret->reboot = true;
	if (!code)
		code = fl_filing_finish(store, &filing->dump, "done", filing->identity.device_id,
					NULL, err);
	return code ? code : settled(filing, FL_SETTLED_FILED, ret, err);
}

static enum fl_code
find_or_add_issue(const struct filing *filing, struct fl_filed *ret, struct fl_error *err)
{
	const struct fl_report_facts *facts = &filing->facts;
	int64_t trace_id = filing->dump.trace_id;
	enum fl_code code =
		fl_filing_find_issue(filing->store, facts, trace_id, &ret->issue_id, err);
	if (code)
		return code;
	ret->new_issue = !ret->issue_id;
	if (ret->new_issue)
		return fl_filing_add_issue(filing->store, facts, &ret->issue_id, err);
	code = fl_filing_entitle(filing->store, facts, trace_id, ret->issue_id, false, err);
	return code ? code : fl_filing_reopen(filing->store, ret->issue_id, &ret->regressed, err);
}

static enum fl_code
set_done(const struct filing *filing, struct fl_filed *ret, struct fl_error *err)
{
	struct fl_store *store = filing->store;
	if (filing->dump.issue_id)
		return set_done_again(filing, ret, err);
	if (filing->facts.kind == FL_REPORT_REBOOT && filing->facts.expected)
		return set_done_expected(filing, ret, err);
	enum fl_code code = find_or_add_issue(filing, ret, err);
	if (code)
		return code;
	if ((code = fl_filing_learn(store, &filing->facts, filing->dump.trace_id, ret->issue_id,
				    err)) ||
	    (code = fl_filing_put_trace(store, &filing->dump, &filing->identity, &filing->facts,
					filing->encoded, ret->issue_id, &ret->trace_id, err)) ||
	    (code = fl_filing_count(store, ret->issue_id, 1, err)))
		return code;
	code = fl_filing_finish(store, &filing->dump, "done", filing->identity.device_id, NULL,
				err);
	if (!code && filing->facts.kind == FL_REPORT_DUMP)
		code = fl_storm_prune(store, &filing->dump, &filing->identity, ret->trace_id,
				      ret->issue_id, &ret->pruned, err);
	return code ? code : settled(filing, FL_SETTLED_FILED, ret, err);
}

/* While the analysis ran, its symbol file was removed, or a richer one of the build came. */
static enum fl_code symbols_went(const struct filing *filing, bool *ret, struct fl_error *err)
{
	struct fl_store *store = filing->store;
	*ret = false;
	if (!store->symbols_id || (store->whole && store->symbols_id == store->known.symbols_id))
		return FL_OK;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_SYMBOLS_IN_USE);
	fl_bind_int(&query, 1, store->symbols_id);
	enum fl_code code = fl_query_row(&query, err);
	*ret = code == FL_ENOTFOUND;
	if (!code)
		store->known.symbols_id = store->symbols_id;
	return *ret ? FL_OK : code;
}

static enum fl_code
queue_again(const struct filing *filing, struct fl_filed *ret, struct fl_error *err)
{
	ret->requeued = true;
	return fl_store_release(filing->store, filing->dump.id, err);
}

/* --- a crash that is told twice --- */

/* The event is a part of its dump and has no trace of its own (any more). */
static enum fl_code join_dump(const struct filing *filing, const struct fl_pair *dump,
			      struct fl_filed *ret, struct fl_error *err)
{
	const struct fl_pair event = { .trace_id = filing->dump.trace_id,
				       .issue_id = filing->dump.issue_id };
	*ret = (struct fl_filed){ .trace_id = dump->trace_id,
				  .issue_id = dump->issue_id,
				  .paired = true };
	return fl_pair_join(filing->store, dump->dump_id, filing->dump.id,
			    filing->identity.device_id, &event, err);
}

/* The event came first. */
static enum fl_code
take_event(struct filing *filing, const struct fl_pair *event, struct fl_error *err)
{
	enum fl_code code = fl_pair_join(filing->store, filing->dump.id, event->dump_id,
					 filing->identity.device_id, event, err);
	filing->dump.paired_id = event->dump_id;
	return code;
}

/* The rows that everything has that is no duplicate, before its trace. */
static enum fl_code note(const struct filing *filing, struct fl_error *err)
{
	const struct fl_device_news news = { .device_id = filing->identity.device_id,
					     .at = filing->dump.received_at,
					     .version_id = filing->identity.version_id,
					     .hardware_version =
						     filing->identity.hardware_version };
	enum fl_code code = fl_device_filed(filing->store, &news, err);
	return code ? code
		    : fl_reboot_put(filing->store, &filing->dump, &filing->identity, &filing->facts,
				    err);
}

static enum fl_code settle_new(struct filing *filing, struct fl_filed *ret, struct fl_error *err)
{
	struct fl_pair pair = { 0 };
	enum fl_code code = FL_OK;
	if (!filing->dump.paired_id)
		code = fl_pair_find(filing->store, &filing->facts, filing->identity.device_id,
				    filing->dump.received_at, &pair, err);
	if (!code && pair.dump_id && filing->facts.kind == FL_REPORT_DUMP)
		code = take_event(filing, &pair, err);
	if (!code)
		code = note(filing, err);
	if (code)
		return code;
	if (pair.dump_id && filing->facts.kind == FL_REPORT_REBOOT)
		return join_dump(filing, &pair, ret, err);
	ret->paired = filing->dump.paired_id != 0;
	return filing->waits ? set_waiting(filing, ret, err) : set_done(filing, ret, err);
}

static enum fl_code settle(struct filing *filing, struct fl_filed *ret, struct fl_error *err)
{
	struct original original;
	bool went;
	enum fl_code code;
	if (already_finished(filing, ret))
		return FL_OK;
	if ((code = symbols_went(filing, &went, err)) || went)
		return code ? code : queue_again(filing, ret, err);
	if ((code = fl_filing_identify(filing->store, &filing->dump, &filing->facts,
				       &filing->identity, err)) ||
	    (code = find_original(filing, &original, ret, err)))
		return code;
	return original.same_id ? become_duplicate(filing, &original, err)
				: settle_new(filing, ret, err);
}

static enum fl_code
write_down(struct filing *filing, int64_t dump_id, struct fl_filed *ret, struct fl_error *err)
{
	FL_AUTO_TRANSACTION transaction = { 0 };
	struct fl_filed filed = { 0 };
	enum fl_code code;
	if ((code = fl_begin(filing->store, &transaction, err)) ||
	    (code = fl_filing_dump_read(filing->store, dump_id, &filing->dump, err)) ||
	    (code = settle(filing, &filed, err)) || (code = fl_commit(&transaction, err)))
		return code;
	*ret = filed;
	return FL_OK;
}

enum fl_code fl_filing_result(struct fl_store *store, const struct fl_result *result,
			      struct fl_filed *ret, struct fl_error *err)
{
	__attribute__((__cleanup__(filing_deinit))) struct filing filing = {
		.store = store,
		.facts = fl_filing_facts(result->report),
		.encoded = result->encoded,
		.waits = result->kind == FL_RESULT_WAIT,
		.reason = result->reason,
	};
	enum fl_code code = write_down(&filing, result->dump_id, ret, err);
	store->symbols_id = 0;
	return code;
}

static enum fl_code
finish(struct fl_store *store, struct fl_result *result, struct fl_filed *ret, struct fl_error *err)
{
	FL_AUTO_BUFFER encoded = { 0 };
	enum fl_code code = fl_report_encode(result->report, &encoded, err);
	result->encoded = &encoded;
	if (!code)
		return fl_filing_result(store, result, ret, err);
	store->symbols_id = 0;
	return code;
}

enum fl_code fl_store_file(struct fl_store *store, int64_t dump_id, const struct fl_report *report,
			   struct fl_filed *ret, struct fl_error *err)
{
	struct fl_result result = { .dump_id = dump_id, .kind = FL_RESULT_FILE, .report = report };
	return finish(store, &result, ret, err);
}

enum fl_code fl_store_wait(struct fl_store *store, int64_t dump_id, const struct fl_report *report,
			   const char *reason, struct fl_filed *ret, struct fl_error *err)
{
	struct fl_result result = {
		.dump_id = dump_id, .kind = FL_RESULT_WAIT, .report = report, .reason = reason
	};
	return finish(store, &result, ret, err);
}
