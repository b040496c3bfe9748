/* SPDX-License-Identifier: Apache-2.0 */
/* faultline worker: the long-running process. */
#include "worker/worker.h"

#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
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

struct arguments {
	const char *database, *rules_folder;
	const char *device_rate, *partial_age;
	int sandbox_mode;
	uint64_t jobs, deadline, keep_per_issue, event_timeout;
	bool no_events;
};

static bool in_range(const char *option, uint64_t value, uint64_t low, uint64_t high)
{
	if (value >= low && value <= high)
		return true;
	cli_error("--%s takes %" PRIu64 " to %" PRIu64 " (got %" PRIu64 ")", option, low, high,
		  value);
	return false;
}

static bool take_policy(const struct arguments *args, struct fl_worker_options *worker)
{
	worker->policy.keep_per_issue = (uint32_t)args->keep_per_issue;
	return in_range("keep-per-issue", args->keep_per_issue, 0, UINT32_MAX) &&
	       (!args->device_rate ||
		cli_parse_rate("device-rate", args->device_rate, &worker->policy.device_rate,
			       &worker->policy.device_rate_seconds)) &&
	       cli_parse_age("partial-age", args->partial_age, &worker->partial_age);
}

static bool take_numbers(const struct arguments *args, struct fl_worker_options *worker)
{
	if (!in_range("jobs", args->jobs, 1, 64) ||
	    !in_range("deadline", args->deadline, 1, 3600) ||
	    !in_range("event-timeout", args->event_timeout, 1, 3600))
		return false;
	worker->jobs = (unsigned)args->jobs;
	worker->notify.timeout_seconds = (unsigned)args->event_timeout;
	worker->sandbox.mode = (enum fl_sandbox_mode)args->sandbox_mode;
	worker->sandbox.deadline_ms = (unsigned)args->deadline * 1000;
	return true;
}

/* Better now than with the first event. */
static int try_log(const char *path)
{
	int fd =
		open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
	if (fd < 0 && errno != ENXIO) { /* a pipe whose reader comes later */
		cli_error("--event-log %s: %s", cli_text(path), strerror(errno));
		return CLI_FAILED;
	}
	if (fd >= 0)
		close(fd);
	return CLI_OK;
}

static int stop_events(const char *database)
{
	int code;
	FL_AUTO(fl_store) store = cli_open_store(database, true, &code);
	struct fl_error err = { 0 };
	if (!store)
		return code;
	return fl_store_record_notices(store, false, &err) ? cli_fail(database, &err) : CLI_OK;
}

void cli_print_work(const struct fl_worker_summary *summary)
{
	const struct {
		uint64_t count;
		const char *what;
		const char *end;
	} rest[] = {
		{ summary->duplicates, "duplicate", cli_s(summary->duplicates) },
		{ summary->paired, "paired: reboot event and dump of one crash", "" },
		{ summary->reboots, "expected reboot", cli_s(summary->reboots) },
		{ summary->pruned, "no longer kept", "" },
		{ summary->spooled, "taken from the spool", "" },
		{ summary->notified, summary->notified == 1 ? "event told" : "events told", "" },
	};
	printf("%" PRIu64 " analysed (%" PRIu64 " new issue%s), %" PRIu64 " %s ELF, %" PRIu64
	       " quarantined",
	       summary->filed, summary->new_issues, cli_s(summary->new_issues), summary->waiting,
	       summary->waiting == 1 ? "waits for its" : "wait for their", summary->quarantined);
	for (size_t i = 0; i < CLI_COUNT(rest); i++)
		if (rest[i].count)
			printf(", %" PRIu64 " %s%s", rest[i].count, rest[i].what, rest[i].end);
	putchar('\n');
	if (summary->expired)
		printf("%" PRIu64 " half-received message%s (%" PRIu64
		       " bytes) given up: too old\n",
		       summary->expired, cli_s(summary->expired), summary->expired_bytes);
	if (summary->unnotified)
		printf("%" PRIu64 " event%s could not be told yet: the next worker tries again\n",
		       summary->unnotified, cli_s(summary->unnotified));
}

static int work(const struct arguments *args, struct fl_worker_options *worker)
{
	struct fl_error err = { 0 };
	struct cli_rules rules = { 0 };
	if (args->rules_folder && cli_rules_load(args->rules_folder, &rules, &err))
		return cli_fail(args->rules_folder, &err);
	worker->progress = isatty(STDERR_FILENO);
	worker->sandbox.rules = rules.files;
	worker->sandbox.rules_count = rules.count;
	worker->sandbox.compile_apart = true;
	worker->sandbox.facts_only = true;
	catch_stop_signals();
	struct fl_worker_summary summary = { 0 };
	enum fl_code code = fl_worker_run(worker, &summary, &err);
	cli_rules_deinit(&rules);
	if (code)
		return cli_fail(NULL, &err);
	cli_print_work(&summary);
	return CLI_OK;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct arguments args = {
		.jobs = 1, .deadline = 30, .event_timeout = 30, .partial_age = "7d"
	};
	struct fl_worker_options worker = { .stop = &stop_requested };
	const struct cli_option options[] = {
		{ "db", 0, CLI_TEXT, &args.database, NULL },
		{ "spool", 0, CLI_TEXT, &worker.spool, NULL },
		{ "once", 0, CLI_FLAG, &worker.once, NULL },
		{ "jobs", 'j', CLI_NUMBER, &args.jobs, NULL },
		{ "deadline", 0, CLI_NUMBER, &args.deadline, NULL },
		{ "keep-per-issue", 0, CLI_NUMBER, &args.keep_per_issue, NULL },
		{ "device-rate", 0, CLI_TEXT, &args.device_rate, NULL },
		{ "partial-age", 0, CLI_TEXT, &args.partial_age, NULL },
		{ "on-event", 0, CLI_TEXT, &worker.notify.command, NULL },
		{ "event-log", 0, CLI_TEXT, &worker.notify.log, NULL },
		{ "event-timeout", 0, CLI_NUMBER, &args.event_timeout, NULL },
		{ "no-events", 0, CLI_FLAG, &args.no_events, NULL },
		{ "rules", 0, CLI_TEXT, &args.rules_folder, NULL },
		{ "sandbox", 0, CLI_CHOICE, &args.sandbox_mode, cli_sandboxes },
	};
	int count;
	if (!cli_parse(verb, options, CLI_COUNT(options), argc, argv, &count))
		return CLI_USAGE;
	if (count || (args.no_events && (worker.notify.command || worker.notify.log))) {
		cli_error(count ? "worker takes no operands"
				: "--no-events goes with neither --on-event nor --event-log");
		return CLI_USAGE;
	}
	if (!take_numbers(&args, &worker) || !take_policy(&args, &worker))
		return CLI_USAGE;
	worker.database = cli_database_path(args.database);
	if (!worker.database)
		return CLI_USAGE;
	int code = args.no_events ? stop_events(worker.database) : CLI_OK;
	if (!code && worker.notify.log)
		code = try_log(worker.notify.log);
	return code ? code : work(&args, &worker);
}

const struct cli_verb cli_worker = {
	.name = "worker",
	.summary = "process the queue and a spool folder, for ever or --once",
	.run = run,
	.help = "usage: faultline worker [--db FILE] [--spool FOLDER] [--once] [--jobs N]\n"
		"\n"
		"Takes dumps and events from the spool folder and the queue, analyses each in a\n"
		"confined child process, and files it. SIGTERM ends it after the dump at hand.\n"
		"\n"
		"      --db FILE           database (default: $FAULTLINE_DB)\n"
		"      --spool FOLDER      files renamed into it are taken, with <file>.json beside\n"
		"                          them\n"
		"      --once              end when spool and queue are empty\n"
		"  -j, --jobs N            worker processes (default 1)\n"
		"      --deadline S        seconds a dump may take (default 30)\n"
		"      --keep-per-issue N  count all, but keep only N full dumps per issue and\n"
		"                          software version\n"
		"      --device-rate N[/S] take N dumps and events of a device in S seconds (3600),\n"
		"                          count and drop what is more\n"
		"      --partial-age AGE   give up half-received messages that are older (7d; 0: no)\n"
		"      --on-event CMD      run CMD with sh on a new issue, a regression, a missing\n"
		"                          ELF and the end of bulk work: JSON on its stdin\n"
		"      --event-log FILE    append a line of JSON to FILE for each of these\n"
		"      --event-timeout S   seconds CMD may take (default 30); what failed is tried\n"
		"                          again\n"
		"      --no-events         record no events from now on\n"
		"      --rules FOLDER      signature lists to use instead of the built-in ones\n"
		"      --sandbox MODE      auto, require, off\n"
		"\n"
		"example: faultline worker --db crashes.db --spool /var/spool/faultline --jobs 2 \\\n"
		"                          --keep-per-issue 20 --on-event /usr/local/bin/tell-us\n",
};
