/* SPDX-License-Identifier: Apache-2.0 */
/* faultline gc, stats, backup, check: keeping house. */
#include "cli/json.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* --- gc --- */

struct collected {
	json_t *rows; /* NULL: print them */
	uint64_t count, bytes;
};

static bool take_collected(void *context, const char *what, uint64_t count, uint64_t bytes)
{
	struct collected *sum = context;
	sum->count += count;
	sum->bytes += bytes;
	if (sum->rows)
		return cli_append_json(sum->rows,
				       json_pack("{s:s, s:I, s:I}", "what", what, "count",
						 (json_int_t)count, "bytes", (json_int_t)bytes));
	printf("%-40s %10" PRIu64 " %16" PRIu64 " bytes\n", cli_text(what), count, bytes);
	return true;
}

/* An option of gc, its place and how it is read. */
struct limit {
	const char *option;
	const char *text;
	int64_t *age;
	uint64_t *size;
};

static bool read_limits(const struct limit *limits, size_t count)
{
	bool any = false;
	for (size_t i = 0; i < count; i++) {
		const struct limit *limit = &limits[i];
		if (!limit->text)
			continue;
		if (limit->age ? !cli_parse_age(limit->option, limit->text, limit->age)
			       : !cli_parse_size(limit->option, limit->text, limit->size))
			return false;
		any = true;
	}
	if (!any)
		cli_error("nothing to let go of: give an age or a size; see 'faultline gc --help'");
	return any;
}

static int
collect(struct fl_store *store, const struct fl_retention *retention, bool dry_run, int format)
{
	struct collected sum = { .rows = format == CLI_JSON_FORMAT ? json_array() : NULL };
	struct fl_error err = { 0 };
	enum fl_code failed =
		fl_store_gc(store, retention, time(NULL), dry_run, take_collected, &sum, &err);
	if (sum.rows && !failed)
		return cli_print_json(
			json_pack("{s:b, s:o}", "dry_run", (int)dry_run, "removed", sum.rows));
	json_decref(sum.rows);
	if (failed)
		return cli_fail("gc", &err);
	printf("%s%" PRIu64 " in all, %" PRIu64 " bytes\n",
	       dry_run ? "dry run, nothing removed: " : "", sum.count, sum.bytes);
	return CLI_OK;
}

enum gc_option {
	GC_DUMP_AGE,
	GC_DUMP_SIZE,
	GC_KEPT_AGE,
	GC_KEPT_SIZE,
	GC_QUARANTINE_AGE,
	GC_PARTIAL_AGE,
	GC_REBOOT_AGE,
	GC_EVENT_AGE,
	GC_COUNT
};

static int run_gc(const struct cli_verb *verb, int argc, char **argv)
{
	const char *database = NULL;
	bool dry_run = false;
	int format = CLI_TEXT_FORMAT;
	struct fl_retention keep = { 0 };
	struct limit limits[GC_COUNT] = {
		[GC_DUMP_AGE] = { "dump-age", NULL, &keep.dump_age, NULL },
		[GC_DUMP_SIZE] = { "dump-size", NULL, NULL, &keep.dump_bytes },
		[GC_KEPT_AGE] = { "kept-age", NULL, &keep.kept_age, NULL },
		[GC_KEPT_SIZE] = { "kept-size", NULL, NULL, &keep.kept_bytes },
		[GC_QUARANTINE_AGE] = { "quarantine-age", NULL, &keep.quarantine_age, NULL },
		[GC_PARTIAL_AGE] = { "partial-age", NULL, &keep.partial_age, NULL },
		[GC_REBOOT_AGE] = { "reboot-age", NULL, &keep.reboot_age, NULL },
		[GC_EVENT_AGE] = { "event-age", NULL, &keep.notice_age, NULL },
	};
	struct cli_option options[GC_COUNT + 3] = {
		{ "db", 0, CLI_TEXT, &database, NULL },
		{ "dry-run", 'n', CLI_FLAG, &dry_run, NULL },
		{ "format", 'f', CLI_CHOICE, &format, cli_formats },
	};
	for (size_t i = 0; i < GC_COUNT; i++)
		options[3 + i] =
			(struct cli_option){ limits[i].option, 0, CLI_TEXT, &limits[i].text, NULL };
	int count;
	int code;
	if (!cli_parse(verb, options, CLI_COUNT(options), argc, argv, &count))
		return CLI_USAGE;
	if (count) {
		cli_error("gc takes no operands; see 'faultline gc --help'");
		return CLI_USAGE;
	}
	if (!read_limits(limits, GC_COUNT))
		return CLI_USAGE;
	FL_AUTO(fl_store) store = cli_open_store(database, false, &code);
	return store ? collect(store, &keep, dry_run, format) : code;
}

/* --- stats --- */

struct statistics {
	json_t *groups; /* NULL: print them */
	char group[64];
};

static bool take_statistic(void *context, const char *group, const char *name, uint64_t value)
{
	struct statistics *stats = context;
	if (stats->groups) {
		json_t *object = json_object_get(stats->groups, group);
		if (!object) {
			object = json_object();
			json_object_set_new(stats->groups, group, object);
		}
		return json_object_set_new(object, name, json_integer((json_int_t)value)) == 0;
	}
	if (strcmp(stats->group, group) != 0) {
		printf("%s%s\n", stats->group[0] ? "\n" : "", cli_text(group));
		snprintf(stats->group, sizeof(stats->group), "%s", group);
	}
	printf("  %-28s %16" PRIu64 "\n", cli_text(name), value);
	return true;
}

static int run_stats(const struct cli_verb *verb, int argc, char **argv)
{
	const char *database = NULL;
	int format = CLI_TEXT_FORMAT;
	int by = 0;
	const struct cli_option options[] = {
		{ "db", 0, CLI_TEXT, &database, NULL },
		{ "by", 0, CLI_CHOICE, &by, cli_dimensions },
		{ "format", 'f', CLI_CHOICE, &format, cli_formats },
	};
	int code;
	FL_AUTO(fl_store)
	store = cli_begin(verb, options, CLI_COUNT(options), &database, 0, argc, argv, &code);
	if (!store)
		return code;
	if (by)
		return cli_break_down(store, 0, by, format);
	struct statistics stats = { .groups = format == CLI_JSON_FORMAT ? json_object() : NULL };
	struct fl_error err = { 0 };
	enum fl_code failed = fl_store_stats(store, take_statistic, &stats, &err);
	if (stats.groups)
		return cli_answer_json(stats.groups, failed, "stats", &err);
	return failed ? cli_fail("stats", &err) : CLI_OK;
}

/* --- backup, check --- */

struct progress {
	const char *what;
	bool on, drawn;
	time_t last;
};

static volatile sig_atomic_t told_to_end; /* by which signal */

static void note_signal(int number)
{
	told_to_end = number;
}

/* What is half done is undone first. */
static void catch_signals(void)
{
	const struct sigaction action = { .sa_handler = note_signal,
					  .sa_flags = (int)SA_RESETHAND };
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static bool draw_progress(void *context, uint64_t done, uint64_t total)
{
	struct progress *progress = context;
	time_t now = time(NULL);
	if (told_to_end)
		return false;
	if (!progress->on || (now == progress->last && done < total))
		return true;
	progress->last = now;
	progress->drawn = true;
	fprintf(stderr, "\r\033[K%s: %.0f %%", progress->what,
		total ? 100.0 * (double)done / (double)total : 100.0);
	return true;
}

static void end_progress(const struct progress *progress)
{
	if (progress->drawn)
		fputs("\r\033[K", stderr);
}

static int run_backup(const struct cli_verb *verb, int argc, char **argv)
{
	const char *database = NULL;
	const struct cli_option options[] = { { "db", 0, CLI_TEXT, &database, NULL } };
	int code;
	FL_AUTO(fl_store)
	store = cli_begin_with(verb, options, CLI_COUNT(options), &database, "one file name", argc,
			       argv, &code);
	if (!store)
		return code;
	struct progress progress = { .what = "backup", .on = isatty(STDERR_FILENO) };
	struct fl_error err = { 0 };
	catch_signals();
	enum fl_code failed = fl_store_backup(store, argv[1], draw_progress, &progress, &err);
	end_progress(&progress);
	if (failed && told_to_end)
		raise(told_to_end);
	if (failed)
		return cli_fail(argv[1], &err);
	printf("%s and %s.symbols are a copy\n", cli_text(argv[1]), cli_text(argv[1]));
	return CLI_OK;
}

static bool print_problem(void *context, const char *problem)
{
	++*(uint64_t *)context;
	puts(cli_text(problem));
	return true;
}

static int run_check(const struct cli_verb *verb, int argc, char **argv)
{
	const char *database = NULL;
	const struct cli_option options[] = { { "db", 0, CLI_TEXT, &database, NULL } };
	int code;
	FL_AUTO(fl_store)
	store = cli_begin(verb, options, CLI_COUNT(options), &database, 0, argc, argv, &code);
	if (!store)
		return code;
	struct progress progress = { .what = "checking", .on = isatty(STDERR_FILENO) };
	struct fl_error err = { 0 };
	uint64_t problems = 0;
	enum fl_code failed =
		fl_store_verify(store, print_problem, &problems, draw_progress, &progress, &err);
	end_progress(&progress);
	if (failed)
		return cli_fail("check", &err);
	if (problems) {
		fflush(stdout);
		cli_error("%" PRIu64 " problem%s: see docs/operations.md, \"A damaged database\"",
			  problems, cli_s(problems));
		return CLI_BAD_INPUT;
	}
	puts("no problems");
	return CLI_OK;
}

const struct cli_verb cli_gc = {
	.name = "gc",
	.summary = "let go of what is too old or too much",
	.run = run_gc,
	.help = "usage: faultline gc [--dry-run] LIMIT ... [--db FILE]\n"
		"\n"
		"Removes what is older than an age (90d, 12h, 2w, 1y) or does not fit a size (500M,\n"
		"10G), the oldest first. What has no limit stays. Traces and counts of dumps stay\n"
		"when their bytes go; nothing that still waits for its ELF or the worker goes.\n"
		"\n"
		"      --dump-age AGE, --dump-size SIZE  bytes of analysed dumps\n"
		"      --kept-age AGE, --kept-size SIZE  heartbeats, logs, recordings, unknown data\n"
		"      --quarantine-age AGE              dumps that could not be analysed\n"
		"      --partial-age AGE                 half-received messages\n"
		"      --reboot-age AGE                  expected reboots\n"
		"      --event-age AGE                   events that nobody could be told of\n"
		"  -n, --dry-run                         only say what would go\n"
		"  -f, --format text|json\n"
		"\n"
		"example: faultline gc --dry-run --dump-age 90d --dump-size 10G --db crashes.db\n",
};

const struct cli_verb cli_stats = {
	.name = "stats",
	.summary = "numbers and sizes of everything in a database",
	.run = run_stats,
	.help = "usage: faultline stats [--by WHAT] [--db FILE] [--format text|json]\n"
		"\n"
		"      --by WHAT  traces and devices by version, hardware, cohort, type, device, day\n"
		"\n"
		"example: faultline stats --format json --db crashes.db\n",
};

const struct cli_verb cli_backup = {
	.name = "backup",
	.summary = "copy database and symbol files while others use them",
	.run = run_backup,
	.help = "usage: faultline backup FILE [--db FILE]\n"
		"\n"
		"Copies the database to FILE and its ELF files to FILE.symbols; neither may exist.\n"
		"Workers may go on meanwhile.\n"
		"\n"
		"example: faultline backup /backup/crashes-monday.db --db crashes.db\n",
};

const struct cli_verb cli_check = {
	.name = "check",
	.summary = "verify a database: structure, counts, contents, symbol files",
	.run = run_check,
	.help = "usage: faultline check [--db FILE]\n"
		"\n"
		"Prints a line for each problem; exit code 3 when there is one. Changes nothing.\n"
		"\n"
		"example: faultline check --db crashes.db\n",
};
