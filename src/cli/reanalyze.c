/* SPDX-License-Identifier: Apache-2.0 */
/* faultline traces reanalyze: stored dumps through the current engine. */
#include "cli/cli.h"
#include "worker/worker.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

struct reanalysis {
	struct fl_store *store;
	struct fl_sandbox *sandbox;
	bool dry_run;
	uint64_t same, changed, moved, pruned, failed;
};

static void count_result(struct reanalysis *run, int64_t dump_id, const struct fl_refiled *refiled)
{
	if (refiled->moved) {
		run->moved++;
		printf("trace %" PRId64 " (dump %" PRId64 "): issue %" PRId64 " -> ",
		       refiled->trace_id, dump_id, refiled->old_issue_id);
		if (refiled->new_issue_id)
			printf("%" PRId64 "\n", refiled->new_issue_id);
		else
			puts("a new one");
	} else if (refiled->changed) {
		run->changed++;
	} else {
		run->same++;
	}
}

/* A dump that fails now keeps the report it has. */
static void reanalyze_dump(struct reanalysis *run, int64_t dump_id)
{
	struct fl_claim claim = { 0 };
	struct fl_error err = { 0 };
	FL_AUTO(fl_report) report = NULL;
	struct fl_refiled refiled;
	enum fl_outcome outcome = FL_OUTCOME_QUARANTINED;
	if (fl_store_dump(run->store, dump_id, &claim, &err) ||
	    fl_worker_analyze(run->store, run->sandbox, &claim, &report, &outcome, &err)) {
		run->failed++;
		(void)cli_fail("dump", &err);
	} else if (outcome == FL_OUTCOME_PRUNED) {
		run->pruned++;
	} else if (outcome != FL_OUTCOME_FILED) {
		run->failed++;
		cli_error("dump %" PRId64 ": its ELF is no longer there, left as it was", dump_id);
	} else if (fl_store_refile(run->store, dump_id, report, run->dry_run, &refiled, &err)) {
		run->failed++;
		(void)cli_fail("dump", &err);
	} else {
		count_result(run, dump_id, &refiled);
	}
	fl_claim_deinit(&claim);
}

static int reanalyze(struct reanalysis *run, const struct fl_reanalyze_filter *filter)
{
	FL_AUTO_BUFFER ids = { 0 };
	struct fl_error err = { 0 };
	if (fl_store_select_dumps(run->store, filter, &ids, &err))
		return cli_fail("traces", &err);
	size_t count = ids.size / sizeof(int64_t);
	if (!count && filter->software_version) {
		cli_error("no analysed trace is of version %s", cli_text(filter->software_version));
		return CLI_NOT_FOUND;
	}
	bool progress = isatty(STDERR_FILENO);
	for (size_t i = 0; i < count; i++) {
		int64_t id;
		memcpy(&id, ids.data + i * sizeof(id), sizeof(id));
		reanalyze_dump(run, id);
		if (progress)
			fprintf(stderr, "\rreanalyzed: %zu of %zu", i + 1, count);
	}
	if (progress && count)
		fputc('\n', stderr);
	printf("%s%zu traces: %" PRIu64 " unchanged, %" PRIu64 " with a new report, %" PRIu64
	       " in another issue, %" PRIu64 " failed\n",
	       run->dry_run ? "dry run, nothing written: " : "", count, run->same, run->changed,
	       run->moved, run->failed);
	if (run->pruned)
		printf("%" PRIu64 " of them stay as they are: their dumps are not kept any more\n",
		       run->pruned);
	return run->failed ? CLI_FAILED : CLI_OK;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	const char *database = NULL;
	struct fl_reanalyze_filter filter = { 0 };
	struct reanalysis work = { 0 };
	bool all = false;
	uint64_t issue = 0;
	int sandbox_mode = 0;
	const struct cli_option options[] = {
		{ "db", 0, CLI_TEXT, &database, NULL },
		{ "issue", 0, CLI_NUMBER, &issue, NULL },
		{ "version", 0, CLI_TEXT, &filter.software_version, NULL },
		{ "all", 0, CLI_FLAG, &all, NULL },
		{ "dry-run", 0, CLI_FLAG, &work.dry_run, NULL },
		{ "sandbox", 0, CLI_CHOICE, &sandbox_mode, cli_sandboxes },
	};
	int count;
	if (!cli_parse(verb, options, CLI_COUNT(options), argc, argv, &count))
		return CLI_USAGE;
	if (count || (issue != 0) + (filter.software_version != NULL) + all != 1) {
		cli_error("give one of --issue N, --version V, --all");
		return CLI_USAGE;
	}
	filter.issue_id = (int64_t)issue;
	struct fl_sandbox_options sandbox = { .mode = (enum fl_sandbox_mode)sandbox_mode };
	struct fl_error err = { 0 };
	FL_AUTO(fl_sandbox) child = NULL;
	if (fl_sandbox_open(&sandbox, &child, &err))
		return cli_fail("sandbox", &err);
	int code;
	FL_AUTO(fl_store) store = cli_open_store(database, false, &code);
	if (!store)
		return code;
	if (issue && !cli_issue_exists(store, filter.issue_id, &code))
		return code;
	work.store = store;
	work.sandbox = child;
	return reanalyze(&work, &filter);
}

const struct cli_verb cli_traces_reanalyze = {
	.name = "traces reanalyze",
	.summary = "run stored dumps through the current engine and rules",
	.run = run,
	.help = "usage: faultline traces reanalyze --issue N | --version V | --all [--dry-run]\n"
		"\n"
		"Analyses dumps again that were analysed before, with this engine, its rules and the\n"
		"ELF files that are there now; traces may move between issues, issue numbers stay.\n"
		"\n"
		"      --db FILE       database (default: $FAULTLINE_DB)\n"
		"      --dry-run       only say what would change\n"
		"      --sandbox MODE  auto, require, off\n"
		"\n"
		"example: faultline traces reanalyze --all --dry-run --db crashes.db\n",
};
