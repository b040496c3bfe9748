/* SPDX-License-Identifier: Apache-2.0 */
/* One dump or event, from its bytes to what is to be written about it. */
#include "worker/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FL_PRUNED_REASON \
	"its bytes are not kept any more (retention, --keep-per-issue): it cannot be analysed again"

/* What became of the analysis of one dump. */
struct finding {
	struct fl_report *report; /* provisional when `waits`; owned */
	struct fl_buffer encoded; /* of it; may be empty */
	bool waits;               /* no ELF fits */
	int64_t symbols_id;       /* the symbol file it was analysed with; 0 = none */
	char why[256];            /* it waits, where that is not plain */
	char elf_name[128];       /* the one in use when it died; "" = none */
	int64_t died_with[2];     /* ELF and companion that were guessed; 0 = it did not */
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

/* @p report, the last that the sandbox gave, is what was found. */
static void accept(struct finding *found, struct fl_sandbox *sandbox, struct fl_report **report)
{
	fl_report_close(found->report);
	fl_buffer_deinit(&found->encoded);
	found->report = fl_report_take(report);
	(void)fl_sandbox_take_encoded(sandbox, &found->encoded);
}

/* A separate debug file comes with the stripped ELF that holds the code. */
static size_t take_elfs(const struct fl_symbol_choice *choice, struct fl_sandbox_elf elfs[2])
{
	elfs[0] =
		(struct fl_sandbox_elf){ .fd = choice->fd, .name = choice->name, .has_key = true };
	memcpy(elfs[0].key, choice->hash, sizeof(elfs[0].key));
	elfs[0].has_index = choice->index_fd >= 0;
	elfs[0].index_fd = choice->index_fd;
	if (choice->companion_fd < 0)
		return 1;
	elfs[1] = (struct fl_sandbox_elf){ .fd = choice->companion_fd,
					   .name = choice->companion_name,
					   .has_key = true };
	memcpy(elfs[1].key, choice->companion_hash, sizeof(elfs[1].key));
	elfs[1].has_index = choice->companion_index_fd >= 0;
	elfs[1].index_fd = choice->companion_index_fd;
	return 2;
}

static bool is_choice(const struct fl_symbol_choice *choice, const int64_t ids[2])
{
	return choice->id == ids[0] && choice->companion_id == ids[1];
}

static enum fl_code analyze_with(struct fl_sandbox *sandbox, const struct fl_claim *claim,
				 const struct fl_symbol_choice *choice, struct finding *found)
{
	struct fl_sandbox_elf elfs[2];
	size_t count = take_elfs(choice, elfs);
	snprintf(found->elf_name, sizeof(found->elf_name), "%s", choice->name);
	FL_AUTO(fl_report) report = NULL;
	if (is_choice(choice, found->died_with)) /* it would again, and take as long */
		return FL_ECHILD;
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
		accept(found, sandbox, &report);
		found->symbols_id = choice->id;
	}
	return FL_OK;
}

static void explain_absence(struct finding *found, enum fl_code code, bool ambiguous)
{
	const char *message = found->cause.message;
	/* A file that cannot be opened holds up its own dumps, not those of others. */
	if (code == FL_EIO)
		snprintf(found->why, sizeof(found->why),
			 "%s: 'faultline symbols add' brings it back", message);
	/* Which one is missing is the store's to say. */
	else if (code == FL_ENOTFOUND && ambiguous)
		snprintf(found->why, sizeof(found->why), "%s", message);
}

/* --- which ELF --- */

/* Whoever analyses, and where from: all that stays the same from dump to dump. */
struct bench {
	struct fl_store *store;
	struct fl_sandbox *sandbox;
	struct fl_choices *choices;
};

/*
 * Ask once instead of twice: with the ELF that the dump is probably of. What is said of the dump
 * itself does not depend on the ELF, so it shows afterwards whether that was the one; if not, the
 * answer is thrown away.
 */
static bool
analyze_guessing(const struct bench *bench, const struct fl_claim *claim, struct finding *found)
{
	struct fl_sandbox_elf elfs[2];
	bool ambiguous;
	const struct fl_symbol_choice *choice = NULL;
	if (claim->kind == FL_REPORT_DUMP)
		choice = fl_choices_guess(bench->choices, claim->bytes.data, claim->bytes.size);
	if (!choice)
		return false;
	const int64_t guess[2] = { choice->id, choice->companion_id };
	FL_AUTO(fl_report) report = NULL;
	enum fl_code code =
		run_engine(bench->sandbox, claim, elfs, take_elfs(choice, elfs), &report, found);
	if (code == FL_ECHILD)
		memcpy(found->died_with, guess, sizeof(guess));
	if (code || is_wrong_elf(report))
		return false;
	struct fl_report_facts facts = identity(report, claim);
	if (fl_choices_find(bench->choices, bench->store, &facts, &choice, &ambiguous, NULL) ||
	    !is_choice(choice, guess))
		return false;
	accept(found, bench->sandbox, &report);
	found->symbols_id = guess[0];
	return true;
}

/* Once without an ELF: who is it? That is also what is kept when its ELF is not here. */
static enum fl_code
analyze_asking(const struct bench *bench, const struct fl_claim *claim, struct finding *found)
{
	const struct fl_symbol_choice *choice;
	bool ambiguous;
	FL_AUTO(fl_report) report = NULL;
	enum fl_code code = run_engine(bench->sandbox, claim, NULL, 0, &report, found);
	if (code)
		return code;
	accept(found, bench->sandbox, &report);
	struct fl_report_facts facts = identity(found->report, claim);
	if (claim->kind != FL_REPORT_DUMP && !facts.needs_symbols)
		return FL_OK;
	code = fl_choices_find(bench->choices, bench->store, &facts, &choice, &ambiguous,
			       &found->cause);
	explain_absence(found, code, ambiguous);
	found->waits = code == FL_ENOTFOUND || code == FL_EIO;
	if (code)
		return found->waits ? FL_OK : code;
	code = analyze_with(bench->sandbox, claim, choice, found);
	if (!code)
		fl_choices_keep_indexes(bench->choices, bench->store, bench->sandbox, choice);
	return code;
}

static enum fl_code
analyze(const struct bench *bench, const struct fl_claim *claim, struct finding *found)
{
	return analyze_guessing(bench, claim, found) ? FL_OK : analyze_asking(bench, claim, found);
}

enum fl_code fl_worker_analyze(struct fl_store *store, struct fl_sandbox *sandbox,
			       const struct fl_claim *claim, struct fl_report **ret,
			       enum fl_outcome *outcome_ret, struct fl_error *err)
{
	struct finding found = { 0 };
	struct fl_choices choices = { 0 };
	const struct bench bench = { store, sandbox, &choices };
	*outcome_ret = FL_OUTCOME_PRUNED;
	*ret = NULL;
	if (claim->pruned)
		return FL_OK;
	enum fl_code code = analyze(&bench, claim, &found);
	fl_choices_deinit(&choices);
	fl_buffer_deinit(&found.encoded);
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

/* Before the transaction that writes it, which shall be short. The child has done it already. */
static enum fl_code encode(struct finding *found, struct fl_work *work, struct fl_error *err)
{
	if (!found->encoded.data)
		return fl_report_encode(work->report, &work->encoded, err);
	work->encoded = found->encoded;
	found->encoded = (struct fl_buffer){ 0 };
	return FL_OK;
}

static enum fl_code take(struct finding *found, struct fl_work *work, struct fl_error *err)
{
	work->report = fl_report_take(&found->report);
	work->outcome = found->waits ? FL_OUTCOME_WAITING : FL_OUTCOME_FILED;
	enum fl_code code = keep_text(found->why, &work->reason, err);
	if (!code)
		code = encode(found, work, err);
	work->result.kind = found->waits ? FL_RESULT_WAIT : FL_RESULT_FILE;
	work->result.report = work->report;
	work->result.encoded = &work->encoded;
	work->result.symbols_id = found->symbols_id;
	work->result.reason = work->reason;
	return code;
}

enum fl_code fl_worker_examine(struct fl_store *store, struct fl_sandbox *sandbox,
			       struct fl_choices *choices, const struct fl_claim *claim,
			       struct fl_work *work, struct fl_error *err)
{
	struct finding found = { 0 };
	const struct bench bench = { store, sandbox, choices };
	if (claim->pruned)
		return fl_work_set_aside(work, FL_OUTCOME_PRUNED, FL_PRUNED_REASON, NULL, err);
	enum fl_code code = analyze(&bench, claim, &found);
	code = code ? set_aside(code, &found, work, err) : take(&found, work, err);
	fl_report_close(found.report);
	fl_buffer_deinit(&found.encoded);
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
