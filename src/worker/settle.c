/* SPDX-License-Identifier: Apache-2.0 */
/* One dump from claimed to filed, waiting or quarantined. */
#include "store/store.h"
#include "worker/worker.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What became of the analysis of one dump. */
struct finding {
	struct fl_report *report; /* provisional when `waits`; owned */
	bool waits;               /* no ELF fits */
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

static enum fl_code analyze_with(struct fl_sandbox *sandbox, const struct fl_claim *claim,
				 const struct fl_symbol_choice *choice, struct finding *found)
{
	struct fl_sandbox_elf elf = { .fd = choice->fd, .name = choice->name, .has_key = true };
	memcpy(elf.key, choice->hash, sizeof(elf.key));
	snprintf(found->elf_name, sizeof(found->elf_name), "%s", choice->name);
	FL_AUTO(fl_report) report = NULL;
	enum fl_code code = fl_sandbox_analyze(sandbox, claim->bytes.data, claim->bytes.size, &elf,
					       1, &report, &found->death, &found->cause);
	if (code)
		return code;
	found->waits = is_wrong_elf(report);
	if (!found->waits) {
		fl_report_close(found->report);
		found->report = fl_report_take(&report);
	}
	return FL_OK;
}

/* Once without an ELF: who is it? Cheap, and what is kept when its ELF is not here. */
static enum fl_code analyze(struct fl_store *store, struct fl_sandbox *sandbox,
			    const struct fl_claim *claim, struct finding *found)
{
	enum fl_code code = fl_sandbox_analyze(sandbox, claim->bytes.data, claim->bytes.size, NULL,
					       0, &found->report, &found->death, &found->cause);
	if (code)
		return code;
	struct fl_report_facts facts = identity(found->report, claim);
	struct fl_symbol_choice choice;
	code = fl_store_find_symbols(store, &facts, &choice, &found->cause);
	/* A file that cannot be opened holds up its own dumps, not those of others. */
	if (code == FL_EIO)
		snprintf(found->why, sizeof(found->why),
			 "%s: 'faultline symbols add' brings it back", found->cause.message);
	found->waits = code == FL_ENOTFOUND || code == FL_EIO;
	if (code)
		return found->waits ? FL_OK : code;
	code = analyze_with(sandbox, claim, &choice, found);
	close(choice.fd);
	return code;
}

enum fl_code fl_worker_analyze(struct fl_store *store, struct fl_sandbox *sandbox,
			       const struct fl_claim *claim, struct fl_report **ret,
			       enum fl_outcome *outcome_ret, struct fl_error *err)
{
	struct finding found = { 0 };
	enum fl_code code = analyze(store, sandbox, claim, &found);
	if (code) {
		fl_report_close(found.report);
		if (err)
			*err = found.cause;
		return code;
	}
	*ret = found.report;
	*outcome_ret = found.waits ? FL_OUTCOME_WAITING : FL_OUTCOME_FILED;
	return FL_OK;
}

/*
 * An analysis that failed. Trouble of this machine (FL_EIO, FL_ENOMEM) is the caller's to handle
 * and may pass; everything else would fail again in the same way.
 */
static enum fl_code set_aside(struct fl_store *store, const struct fl_claim *claim,
			      enum fl_code code, const struct finding *found, struct fl_error *err)
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
	return fl_store_quarantine(store, claim->dump_id, reason,
				   died ? found->death.backtrace : NULL, err);
}

enum fl_code fl_worker_process(struct fl_store *store, struct fl_sandbox *sandbox,
			       const struct fl_claim *claim, enum fl_outcome *ret,
			       bool *new_issue_ret, struct fl_error *err)
{
	struct finding found = { 0 };
	struct fl_filed filed = { 0 };
	enum fl_code code = analyze(store, sandbox, claim, &found);
	if (code) {
		*ret = FL_OUTCOME_QUARANTINED;
		code = set_aside(store, claim, code, &found, err);
	} else if (found.waits) {
		code = fl_store_wait(store, claim->dump_id, found.report,
				     found.why[0] ? found.why : NULL, &filed, err);
		*ret = filed.duplicate ? FL_OUTCOME_DUPLICATE : FL_OUTCOME_WAITING;
	} else {
		code = fl_store_file(store, claim->dump_id, found.report, &filed, err);
		*ret = filed.duplicate ? FL_OUTCOME_DUPLICATE : FL_OUTCOME_FILED;
	}
	if (new_issue_ret)
		*new_issue_ret = filed.new_issue;
	fl_report_close(found.report);
	return code;
}
