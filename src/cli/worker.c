/* SPDX-License-Identifier: Apache-2.0 */
/* faultline worker: the long-running process. */
#include "worker/worker.h"

#include "cli/cli.h"

#include <inttypes.h>
#include <unistd.h>

static volatile sig_atomic_t stop_requested;

static void request_stop(int signal_number)
{
	(void)signal_number;
	stop_requested = 1;
}

static void catch_stop_signals(void)
{
	struct sigaction action = { .sa_handler = request_stop };
	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	const char *database = NULL;
	const char *rules_folder = NULL;
	int sandbox_mode = 0;
	uint64_t jobs = 1;
	uint64_t deadline = 30;
	struct fl_worker_options worker = { .stop = &stop_requested };
	const struct cli_option options[] = {
		{ "db", 0, CLI_TEXT, &database, NULL },
		{ "spool", 0, CLI_TEXT, &worker.spool, NULL },
		{ "once", 0, CLI_FLAG, &worker.once, NULL },
		{ "jobs", 'j', CLI_NUMBER, &jobs, NULL },
		{ "deadline", 0, CLI_NUMBER, &deadline, NULL },
		{ "rules", 0, CLI_TEXT, &rules_folder, NULL },
		{ "sandbox", 0, CLI_CHOICE, &sandbox_mode, cli_sandboxes },
	};
	int count;
	if (!cli_parse(verb, options, CLI_COUNT(options), argc, argv, &count))
		return CLI_USAGE;
	if (count || jobs < 1 || jobs > 64 || !deadline || deadline > 3600) {
		cli_error(count                          ? "worker takes no operands"
			  : !deadline || deadline > 3600 ? "--deadline takes 1 to 3600 seconds"
							 : "--jobs takes 1 to 64");
		return CLI_USAGE;
	}
	worker.database = cli_database_path(database);
	if (!worker.database)
		return CLI_USAGE;
	struct fl_error err = { 0 };
	struct cli_rules rules = { 0 };
	if (rules_folder && cli_rules_load(rules_folder, &rules, &err))
		return cli_fail(rules_folder, &err);
	worker.jobs = (unsigned)jobs;
	worker.progress = isatty(STDERR_FILENO);
	worker.sandbox.mode = (enum fl_sandbox_mode)sandbox_mode;
	worker.sandbox.deadline_ms = (unsigned)deadline * 1000;
	worker.sandbox.rules = rules.files;
	worker.sandbox.rules_count = rules.count;
	catch_stop_signals();
	struct fl_worker_summary summary = { 0 };
	enum fl_code code = fl_worker_run(&worker, &summary, &err);
	cli_rules_deinit(&rules);
	if (code)
		return cli_fail(NULL, &err);
	printf("%" PRIu64 " analysed (%" PRIu64 " new issues), %" PRIu64
	       " wait for their ELF, %" PRIu64 " quarantined, %" PRIu64 " duplicates, %" PRIu64
	       " taken from the spool\n",
	       summary.filed, summary.new_issues, summary.waiting, summary.quarantined,
	       summary.duplicates, summary.spooled);
	return CLI_OK;
}

const struct cli_verb cli_worker = {
	.name = "worker",
	.summary = "process the queue and a spool folder, for ever or --once",
	.run = run,
	.help = "usage: faultline worker [--db FILE] [--spool FOLDER] [--once] [--jobs N]\n"
		"\n"
		"Takes dumps from the spool folder and the queue, analyses each in a confined\n"
		"child process, and files it. SIGTERM ends it after the dump at hand.\n"
		"\n"
		"      --db FILE       database (default: $FAULTLINE_DB)\n"
		"      --spool FOLDER  files renamed into it are taken, with <file>.json beside them\n"
		"      --once          end when spool and queue are empty\n"
		"  -j, --jobs N        worker processes (default 1)\n"
		"      --deadline S    seconds a dump may take (default 30)\n"
		"      --rules FOLDER  signature lists to use instead of the built-in ones\n"
		"      --sandbox MODE  auto, require, off\n"
		"\n"
		"example: faultline worker --db crashes.db --spool /var/spool/faultline --jobs 2\n",
};
