/* SPDX-License-Identifier: Apache-2.0 */
/* A crash that is told twice: by its dump and by its reboot event. */
#include "store/filing.h"
#include "store/settled.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	REASON_FAULTS = 0x9000, /* BusFault 0x9100 .. Hardware 0x9405 (docs/formats.md) */
	REASON_FAULTS_END = 0xa000,
	/* An assert reads pc, in Thumb state the instruction + 4; the dump is taken at a trap some
	 * instructions later. */
	PC_SLACK = 16,
	REASON_EXPECTED_MAX = 0x7fff,
	NAME_SIZE = 16,
};

/* A dump may not tell: asserts read pc and lr in code that needs its ELF to be found. */
enum { LR_UNKNOWN = -1 };

struct place {
	bool has_pc;
	int64_t pc, lr; /* without bit 0 */
};

/* An event leaves out what is 0. */
static struct place place_of(const struct fl_report_facts *facts)
{
	bool dump = facts->kind == FL_REPORT_DUMP;
	return (struct place){
		.has_pc = facts->has_pc || !dump,
		.pc = facts->has_pc ? facts->pc & ~UINT32_C(1) : 0,
		.lr = facts->has_lr ? (int64_t)(facts->lr & ~UINT32_C(1))
		      : dump        ? LR_UNKNOWN
				    : 0,
	};
}

void fl_pair_bind(struct fl_query *query, int pc_index, int lr_index,
		  const struct fl_report_facts *facts)
{
	const struct place place = place_of(facts);
	fl_bind_int_or_null(query, pc_index, place.pc, place.has_pc);
	fl_bind_int(query, lr_index, place.lr);
}

/* Of a fault both are the stacked pc. */
static int64_t slack_of(uint32_t reason)
{
	return reason >= REASON_FAULTS && reason < REASON_FAULTS_END ? 0 : PC_SLACK;
}

static bool may_pair(const struct fl_report_facts *facts, int64_t device_id)
{
	if (!device_id || !facts->has_reason)
		return false;
	if (facts->kind == FL_REPORT_DUMP)
		return facts->has_pc || facts->has_lr;
	return facts->kind == FL_REPORT_REBOOT && facts->coredump_saved;
}

bool fl_pair_may_come(const struct fl_report_facts *facts, const struct fl_filing_dump *dump,
		      int64_t device_id)
{
	return !dump->paired_id && may_pair(facts, device_id);
}

struct question {
	const struct fl_report_facts *facts;
	int64_t device_id, received_at;
};

static struct fl_query
query_of(struct fl_store *store, enum fl_sql sql, const struct question *question)
{
	struct fl_query query = fl_query(store, sql);
	fl_bind_int(&query, 1, question->device_id);
	fl_bind_int(&query, 2, question->facts->reason);
	return query;
}

/* FL_ENOTFOUND: none has even the reason, as nearly always. That costs a fifth of ask(). */
static enum fl_code
may_be_here(struct fl_store *store, const struct question *question, struct fl_error *err)
{
	FL_AUTO_QUERY query = query_of(store, FL_SQL_PAIR_ANY_EVENT, question);
	return fl_query_row(&query, err);
}

static enum fl_code ask(struct fl_store *store, enum fl_sql sql, const struct question *question,
			int64_t lr, struct fl_pair *ret, struct fl_error *err)
{
	const struct fl_report_facts *facts = question->facts;
	const struct place place = place_of(facts);
	FL_AUTO_QUERY query = query_of(store, sql, question);
	if (sql != FL_SQL_PAIR_FIND_EVENT_ANY_LR)
		fl_bind_int(&query, 3, lr);
	fl_bind_int_or_null(&query, 4, place.pc, place.has_pc);
	fl_bind_int(&query, 5, slack_of(facts->reason));
	fl_bind_blob(&query, 6, facts->build_id_size ? facts->build_id : NULL,
		     facts->build_id_size);
	fl_bind_int(&query, 7, question->received_at);
	enum fl_code code = fl_query_row(&query, err);
	if (!code)
		*ret = (struct fl_pair){ .trace_id = fl_column_int(&query, 0),
					 .dump_id = fl_column_int(&query, 1),
					 .issue_id = fl_column_int(&query, 2) };
	return code;
}

static enum fl_code find_event(struct fl_store *store, const struct question *question,
			       struct fl_pair *ret, struct fl_error *err)
{
	int64_t lr = place_of(question->facts).lr;
	enum fl_code code = may_be_here(store, question, err);
	if (code)
		return code;
	return ask(store, lr == LR_UNKNOWN ? FL_SQL_PAIR_FIND_EVENT_ANY_LR : FL_SQL_PAIR_FIND_EVENT,
		   question, lr, ret, err);
}

static enum fl_code find_dump(struct fl_store *store, const struct question *question,
			      struct fl_pair *ret, struct fl_error *err)
{
	int64_t lr = place_of(question->facts).lr;
	enum fl_code code = ask(store, FL_SQL_PAIR_FIND_DUMP, question, lr, ret, err);
	if (code != FL_ENOTFOUND)
		return code;
	return ask(store, FL_SQL_PAIR_FIND_DUMP, question, LR_UNKNOWN, ret, err);
}

enum fl_code fl_pair_find(struct fl_store *store, const struct fl_report_facts *facts,
			  int64_t device_id, int64_t received_at, struct fl_pair *ret,
			  struct fl_error *err)
{
	const struct question question = { facts, device_id, received_at };
	*ret = (struct fl_pair){ 0 };
	if (!may_pair(facts, device_id))
		return FL_OK;
	enum fl_code code = facts->kind == FL_REPORT_DUMP ? find_event(store, &question, ret, err)
							  : find_dump(store, &question, ret, err);
	return code == FL_ENOTFOUND ? FL_OK : code;
}

static enum fl_code
run_on(struct fl_store *store, enum fl_sql sql, int64_t id, int64_t other, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, sql);
	fl_bind_int(&query, 1, id);
	if (other)
		fl_bind_int(&query, 2, other);
	return fl_query_run(&query, err);
}

static enum fl_code become_part(struct fl_store *store, int64_t event_id, int64_t dump_id,
				int64_t device_id, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_DUMP_IS_PAIRED);
	fl_bind_int(&query, 1, event_id);
	fl_bind_int(&query, 2, dump_id);
	fl_bind_id(&query, 3, device_id);
	enum fl_code code = fl_query_run(&query, err);
	return code ? code : fl_bulk_left(store, event_id, err);
}

static enum fl_code
remove_trace(struct fl_store *store, const struct fl_pair *event, struct fl_error *err)
{
	enum fl_code code = FL_OK;
	if (event->trace_id)
		code = run_on(store, FL_SQL_TRACE_DELETE, event->trace_id, 0, err);
	if (!code && event->issue_id)
		code = fl_filing_count(store, event->issue_id, -1, err);
	return code;
}

enum fl_code fl_pair_join(struct fl_store *store, int64_t dump_id, int64_t event_id,
			  int64_t device_id, const struct fl_pair *event, struct fl_error *err)
{
	enum fl_code code;
	if ((code = remove_trace(store, event, err)) ||
	    (code = become_part(store, event_id, dump_id, device_id, err)) ||
	    (code = run_on(store, FL_SQL_PAIR_DUMP, dump_id, event_id, err)) ||
	    (code = run_on(store, FL_SQL_PAIR_TRACE, dump_id, 0, err)))
		return code;
	return run_on(store, FL_SQL_REBOOT_DELETE, dump_id, 0, err);
}

/* --- rows of reboots --- */

/* Every reboot once: a dump stands for its event until that comes. */
static bool is_reboot(const struct fl_filing_dump *dump, const struct fl_report_facts *facts)
{
	return facts->kind == FL_REPORT_REBOOT ||
	       (facts->kind == FL_REPORT_DUMP && !dump->paired_id);
}

enum fl_code fl_reboot_put(struct fl_store *store, const struct fl_filing_dump *dump,
			   const struct fl_filing_identity *identity,
			   const struct fl_report_facts *facts, struct fl_error *err)
{
	char name[NAME_SIZE];
	uint32_t code_number = facts->has_reason ? facts->reason : 0;
	if (!is_reboot(dump, facts))
		return FL_OK;
	snprintf(name, sizeof(name), code_number ? "0x%04" PRIx32 : "Unknown", code_number);
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_REBOOT_PUT);
	fl_bind_int(&query, 1, dump->id);
	fl_bind_id(&query, 2, identity->device_id);
	fl_bind_id(&query, 3, identity->version_id);
	fl_bind_text(&query, 4, identity->hardware_version);
	fl_bind_int(&query, 5, code_number);
	fl_bind_text(&query, 6, facts->reason_name ? facts->reason_name : name);
	fl_bind_int(&query, 7, code_number && code_number <= REASON_EXPECTED_MAX);
	fl_bind_int(&query, 8,
		    facts->has_captured_at ? (int64_t)facts->captured_at : dump->received_at);
	return fl_query_run(&query, err);
}

enum fl_code fl_reboot_name(struct fl_store *store, const struct fl_filing_dump *dump,
			    const struct fl_report_facts *facts, struct fl_error *err)
{
	if (!facts->has_reason || !facts->reason_name)
		return FL_OK;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_REBOOT_NAME);
	fl_bind_int(&query, 1, dump->paired_id ? dump->paired_id : dump->id);
	fl_bind_int(&query, 2, facts->reason);
	fl_bind_text(&query, 3, facts->reason_name);
	return fl_query_run(&query, err);
}
