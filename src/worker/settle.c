/* SPDX-License-Identifier: Apache-2.0 */
/* One dump or event, from its bytes to what is to be written about it. */
#include "store/store.h"
#include "worker/work.h"
#include "worker/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FL_PRUNED_REASON \
	"its bytes are not kept any more (retention, --keep-per-issue): it cannot be analysed again"

/* What became of the analysis of one dump. */
struct finding {
	struct fl_report *report; /* provisional when `waits`; owned */
	bool waits;               /* no ELF fits */
	int64_t symbols_id;       /* the symbol file it was analysed with; 0 = none */
	char why[256];            /* it waits, where that is not plain */
	char elf_name[128];       /* the one in use when it died; "" = none */
	struct fl_sandbox_death death;
	struct fl_error cause; /* of a failure */
};

static const char *or_else(const char *a, const char *b)
{
	return a && *a ? a : b;
}

/* The device's own word first; what came with the upload fills the gaps. */
static struct fl_report_facts identity(const struct fl_report *report, const struct fl_claim *claim)
{
	struct fl_report_facts facts = fl_report_facts(report);
	facts.device_serial = or_else(facts.device_serial, claim->device);
	facts.software_type = or_else(facts.software_type, claim->software_type);
	facts.software_version = or_else(facts.software_version, claim->software_version);
	facts.hardware_version = or_else(facts.hardware_version, claim->hardware_version);
	return facts;
}

/* Right by its name is not enough: what the dump holds of the flash must agree, too. */
static bool is_wrong_elf(const struct fl_report *report)
{
	struct fl_report_facts facts = fl_report_facts(report);
	return facts.build_id_conflict || facts.match == FL_MATCH_OTHER_BUILD ||
	       facts.match == FL_MATCH_UNRELATED;
}

static enum fl_code run_engine(struct fl_sandbox *sandbox, const struct fl_claim *claim,
			       const struct fl_sandbox_elf *elfs, size_t count,
			       struct fl_report **ret, struct finding *found)
{
	const struct fl_buffer *bytes = &claim->bytes;
	if (claim->kind == FL_REPORT_DUMP)
		return fl_sandbox_analyze(sandbox, bytes->data, bytes->size, elfs, count, ret,
					  &found->death, &found->cause);
	return fl_sandbox_analyze_event(sandbox, bytes->data, bytes->size, elfs, count, ret,
					&found->death, &found->cause);
}

/* A separate debug file comes with the stripped ELF that holds the code. */
static size_t take_elfs(const struct fl_symbol_choice *choice, struct fl_sandbox_elf elfs[2])
{
	elfs[0] =
		(struct fl_sandbox_elf){ .fd = choice->fd, .name = choice->name, .has_key = true };
	memcpy(elfs[0].key, choice->hash, sizeof(elfs[0].key));
	if (choice->companion_fd < 0)
		return 1;
	elfs[1] = (struct fl_sandbox_elf){ .fd = choice->companion_fd,
					   .name = choice->companion_name,
					   .has_key = true };
	memcpy(elfs[1].key, choice->companion_hash, sizeof(elfs[1].key));
	return 2;
}

static enum fl_code analyze_with(struct fl_sandbox *sandbox, const struct fl_claim *claim,
				 const struct fl_symbol_choice *choice, struct finding *found)
{
	struct fl_sandbox_elf elfs[2];
	size_t count = take_elfs(choice, elfs);
	snprintf(found->elf_name, sizeof(found->elf_name), "%s", choice->name);
	FL_AUTO(fl_report) report = NULL;
	enum fl_code code = run_engine(sandbox, claim, elfs, count, &report, found);
	if (code)
		return code;
	found->waits = is_wrong_elf(report);
	if (found->waits) {
		snprintf(found->why, sizeof(found->why),
			 "%s has its %s, but not the bytes that the dump holds: see 'faultline "
			 "symbols check'",
			 choice->name, choice->by_build_id ? "build id" : "version");
	} else {
		fl_report_close(found->report);
		found->report = fl_report_take(&report);
		found->symbols_id = choice->id;
	}
	return FL_OK;
}

static void
explain_absence(struct finding *found, enum fl_code code, const struct fl_symbol_choice *choice)
{
	const char *message = found->cause.message;
	/* A file that cannot be opened holds up its own dumps, not those of others. */
	if (code == FL_EIO)
		snprintf(found->why, sizeof(found->why),
			 "%s: 'faultline symbols add' brings it back", message);
	/* Which one is missing is the store's to say. */
	else if (code == FL_ENOTFOUND && choice->ambiguous)
		snprintf(found->why, sizeof(found->why), "%s", message);
}

/* Once without an ELF: who is it? Cheap, and what is kept when its ELF is not here. */
static enum fl_code analyze(struct fl_store *store, struct fl_sandbox *sandbox,
			    const struct fl_claim *claim, struct finding *found)
{
	enum fl_code code = run_engine(sandbox, claim, NULL, 0, &found->report, found);
	if (code)
		return code;
	struct fl_report_facts facts = identity(found->report, claim);
	if (claim->kind != FL_REPORT_DUMP && !facts.needs_symbols)
		return FL_OK;
	struct fl_symbol_choice choice = { .fd = -1, .companion_fd = -1 };
	code = fl_store_find_symbols(store, &facts, &choice, &found->cause);
	explain_absence(found, code, &choice);
	found->waits = code == FL_ENOTFOUND || code == FL_EIO;
	if (code)
		return found->waits ? FL_OK : code;
	code = analyze_with(sandbox, claim, &choice, found);
	close(choice.fd);
	if (choice.companion_fd >= 0)
		close(choice.companion_fd);
	return code;
}

enum fl_code fl_worker_analyze(struct fl_store *store, struct fl_sandbox *sandbox,
			       const struct fl_claim *claim, struct fl_report **ret,
			       enum fl_outcome *outcome_ret, struct fl_error *err)
{
	struct finding found = { 0 };
	*outcome_ret = FL_OUTCOME_PRUNED;
	*ret = NULL;
	if (claim->pruned)
		return FL_OK;
	enum fl_code code = analyze(store, sandbox, claim, &found);
	if (code) {
		fl_report_close(found.report);
		if (err)
			*err = found.cause;
		return code;
	}
	fl_store_set_symbols(store, found.symbols_id);
	*ret = found.report;
	*outcome_ret = found.waits ? FL_OUTCOME_WAITING : FL_OUTCOME_FILED;
	return FL_OK;
}

/* --- what is to be written --- */

void fl_work_deinit(struct fl_work *work)
{
	if (!work)
		return;
	fl_report_close(work->report);
	fl_buffer_deinit(&work->encoded);
	free(work->reason);
	free(work->backtrace);
	*work = (struct fl_work){ 0 };
}

/* "" and NULL: there is none. */
static enum fl_code keep_text(const char *text, char **ret, struct fl_error *err)
{
	if (!text || !*text)
		return FL_OK;
	*ret = strdup(text);
	return *ret ? FL_OK : fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "result of an analysis");
}

enum fl_code fl_work_set_aside(struct fl_work *work, enum fl_outcome outcome, const char *reason,
			       const char *backtrace, struct fl_error *err)
{
	enum fl_code code = keep_text(reason, &work->reason, err);
	if (!code)
		code = keep_text(backtrace, &work->backtrace, err);
	work->outcome = outcome;
	work->result.kind = FL_RESULT_QUARANTINE;
	work->result.reason = work->reason;
	work->result.backtrace = work->backtrace;
	return code;
}

/*
 * An analysis that failed. Trouble of this machine (FL_EIO, FL_ENOMEM) is the caller's to handle
 * and may pass; everything else would fail again in the same way.
 */
static enum fl_code set_aside(enum fl_code code, const struct finding *found, struct fl_work *work,
			      struct fl_error *err)
{
	if (code == FL_EIO || code == FL_ENOMEM) {
		if (err)
			*err = found->cause;
		return code;
	}
	char reason[384];
	bool died = code == FL_ECHILD;
	bool named = died && found->elf_name[0];
	snprintf(reason, sizeof(reason), "%s%s%s", named ? found->elf_name : "", named ? ": " : "",
		 died ? found->death.reason : found->cause.message);
	return fl_work_set_aside(work, FL_OUTCOME_QUARANTINED, reason,
				 died ? found->death.backtrace : NULL, err);
}

/* Encoded here: the transaction that writes it shall be short. */
static enum fl_code take(struct finding *found, struct fl_work *work, struct fl_error *err)
{
	work->report = fl_report_take(&found->report);
	work->outcome = found->waits ? FL_OUTCOME_WAITING : FL_OUTCOME_FILED;
	enum fl_code code = keep_text(found->why, &work->reason, err);
	if (!code)
		code = fl_report_encode(work->report, &work->encoded, err);
	work->result.kind = found->waits ? FL_RESULT_WAIT : FL_RESULT_FILE;
	work->result.report = work->report;
	work->result.encoded = &work->encoded;
	work->result.symbols_id = found->symbols_id;
	work->result.reason = work->reason;
	return code;
}

enum fl_code fl_worker_examine(struct fl_store *store, struct fl_sandbox *sandbox,
			       const struct fl_claim *claim, struct fl_work *work,
			       struct fl_error *err)
{
	struct finding found = { 0 };
	if (claim->pruned)
		return fl_work_set_aside(work, FL_OUTCOME_PRUNED, FL_PRUNED_REASON, NULL, err);
	enum fl_code code = analyze(store, sandbox, claim, &found);
	code = code ? set_aside(code, &found, work, err) : take(&found, work, err);
	fl_report_close(found.report);
	return code;
}

/* A pair counts as its dump does; the event adds nothing to a dump that is here. */
enum fl_outcome fl_work_outcome(const struct fl_work *work)
{
	const struct fl_filed *filed = &work->result.filed;
	if (filed->requeued)
		return FL_OUTCOME_AGAIN;
	if (filed->paired && work->kind != FL_REPORT_DUMP)
		return FL_OUTCOME_JOINED;
	if (filed->duplicate)
		return FL_OUTCOME_DUPLICATE;
	return filed->reboot ? FL_OUTCOME_REBOOT : work->outcome;
}
