/* SPDX-License-Identifier: Apache-2.0 */
/* faultline traces: one row per occurrence. */
#include "cli/cli.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

static bool add_json_trace(void *context, const struct fl_trace_row *row)
{
	json_t *object = json_pack(
		"{s:I, s:I, s:I, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:I, "
		"s:I, s:I}",
		"id", (json_int_t)row->id, "dump", (json_int_t)row->dump_id, "issue",
		(json_int_t)row->issue_id, "state", row->state, "title", row->title, "device",
		row->device, "software_type", row->software_type, "software_version",
		row->software_version, "hardware_version", row->hardware_version, "build_id",
		row->build_id, "source", row->source, "reason", row->reason, "backtrace",
		row->backtrace, "received_at", (json_int_t)row->received_at, "attempts",
		(json_int_t)row->attempts, "duplicates", (json_int_t)row->duplicates);
	return object && json_array_append_new(context, object) == 0;
}

static void print_id(int64_t id)
{
	if (id)
		printf("%6" PRId64 " ", id);
	else
		printf("%6s ", "-");
}

/* The child's own frames, one per line. */
static void print_backtrace(const char *text)
{
	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");
		char copy[256];
		snprintf(copy, sizeof(copy), "%.*s", (int)length, line);
		printf("%23s  %s\n", "", cli_text(copy));
		line += length + (line[length] == '\n');
	}
}

static bool print_trace(void *context, const struct fl_trace_row *row)
{
	char time[24];
	uint64_t *count = context;
	if (!(*count)++)
		printf("%6s %6s %6s  %-11s %-19s  %-14s %-10s %s\n", "trace", "dump", "issue",
		       "state", "received (UTC)", "device", "version", "title");
	print_id(row->id);
	print_id(row->dump_id);
	print_id(row->issue_id);
	printf(" %-11s %-19s  %-14s %-10s %s", row->state, cli_time(row->received_at, time),
	       cli_text(row->device), cli_text(row->software_version),
	       cli_text(row->title ? row->title : row->source));
	if (row->duplicates)
		printf(" (+%" PRIu64 " duplicates)", row->duplicates);
	putchar('\n');
	if (row->reason)
		printf("%21s  %s\n", "", cli_text(row->reason));
	if (row->backtrace)
		print_backtrace(row->backtrace);
	return true;
}

static bool print_missing(void *context, const struct fl_missing_row *row)
{
	uint64_t *count = context;
	if (!(*count)++)
		puts("\nELF files that are missing:");
	printf("  %" PRIu64 " traces from %" PRIu64 " devices wait for %s %s, build id %s\n",
	       row->traces, row->devices, cli_text(row->software_type),
	       cli_text(row->software_version),
	       row->build_id && row->build_id[0] ? cli_text(row->build_id) : "unknown");
	return true;
}

static int run_list(const struct cli_verb *verb, int argc, char **argv)
{
	const char *database = NULL;
	int format = CLI_TEXT_FORMAT;
	bool waiting = false;
	bool quarantined = false;
	uint64_t issue = 0;
	const struct cli_option options[] = {
		{ "db", 0, CLI_TEXT, &database, NULL },
		{ "format", 'f', CLI_CHOICE, &format, cli_formats },
		{ "waiting", 0, CLI_FLAG, &waiting, NULL },
		{ "quarantined", 0, CLI_FLAG, &quarantined, NULL },
		{ "issue", 0, CLI_NUMBER, &issue, NULL },
	};
	int code;
	FL_AUTO(fl_store)
	store = cli_begin(verb, options, CLI_COUNT(options), &database, 0, argc, argv, &code);
	if (!store)
		return code;
	if (issue && !cli_issue_exists(store, (int64_t)issue, &code))
		return code;
	if (waiting && quarantined) {
		cli_error("a dump waits or is quarantined, not both: give one");
		return CLI_USAGE;
	}
	struct fl_trace_filter filter = {
		.issue_id = (int64_t)issue,
		.state = waiting       ? "waiting"
			 : quarantined ? "quarantined"
				       : NULL,
	};
	struct fl_error err = { 0 };
	if (format == CLI_JSON_FORMAT) {
		json_t *rows = json_array();
		if (fl_store_traces(store, &filter, add_json_trace, rows, &err)) {
			json_decref(rows);
			return cli_fail("traces", &err);
		}
		json_dumpf(rows, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(rows);
		return CLI_OK;
	}
	uint64_t rows = 0;
	if (fl_store_traces(store, &filter, print_trace, &rows, &err))
		return cli_fail("traces", &err);
	if (!rows)
		puts("no traces");
	uint64_t missing = 0;
	if (waiting && fl_store_missing(store, print_missing, &missing, &err))
		return cli_fail("traces", &err);
	return CLI_OK;
}

static int run_show(const struct cli_verb *verb, int argc, char **argv)
{
	const char *database = NULL;
	struct cli_render render = { 0 };
	const struct cli_option options[] = {
		{ "db", 0, CLI_TEXT, &database, NULL },
		{ "format", 'f', CLI_CHOICE, &render.format, cli_formats },
		{ "output", 'o', CLI_TEXT, &render.output, NULL },
		{ "source-root", 0, CLI_TEXT, &render.source_root, NULL },
		{ "path-map", 0, CLI_LIST, &render.path_maps, NULL },
		{ "color", 0, CLI_CHOICE, &render.color, cli_colors },
		{ "all-frames", 0, CLI_FLAG, &render.all_frames, NULL },
	};
	int64_t id = 0;
	int code;
	FL_AUTO(fl_store)
	store = cli_begin(verb, options, CLI_COUNT(options), &database, 1, argc, argv, &code);
	if (!store)
		return code;
	if (!cli_id(argv[1], &id))
		return CLI_USAGE;
	FL_AUTO(fl_report) report = NULL;
	struct fl_error err = { 0 };
	if (fl_store_report(store, id, &report, &err))
		return cli_fail("trace", &err);
	return cli_render_report(report, &render);
}

static int run_explain(const struct cli_verb *verb, int argc, char **argv)
{
	const char *database = NULL;
	const struct cli_option options[] = { { "db", 0, CLI_TEXT, &database, NULL } };
	int64_t id = 0;
	int code;
	FL_AUTO(fl_store)
	store = cli_begin(verb, options, CLI_COUNT(options), &database, 1, argc, argv, &code);
	if (!store)
		return code;
	if (!cli_id(argv[1], &id))
		return CLI_USAGE;
	FL_AUTO(fl_report) report = NULL;
	FL_AUTO_BUFFER text = { 0 };
	struct fl_error err = { 0 };
	if (fl_store_report(store, id, &report, &err) || fl_report_explain(report, &text, &err))
		return cli_fail("trace", &err);
	return cli_write(NULL, &text);
}

struct find_dump {
	int64_t trace_id;
	int64_t dump_id;
};

static bool match_trace(void *context, const struct fl_trace_row *row)
{
	struct find_dump *find = context;
	if (row->id == find->trace_id)
		find->dump_id = row->dump_id;
	return !find->dump_id;
}

static int run_export(const struct cli_verb *verb, int argc, char **argv)
{
	const char *database = NULL;
	const char *output = NULL;
	bool by_dump = false;
	const struct cli_option options[] = {
		{ "db", 0, CLI_TEXT, &database, NULL },
		{ "output", 'o', CLI_TEXT, &output, NULL },
		{ "dump", 0, CLI_FLAG, &by_dump, NULL },
	};
	struct find_dump find = { 0 };
	int code;
	FL_AUTO(fl_store)
	store = cli_begin(verb, options, CLI_COUNT(options), &database, 1, argc, argv, &code);
	if (!store)
		return code;
	if (!cli_id(argv[1], by_dump ? &find.dump_id : &find.trace_id))
		return CLI_USAGE;
	struct fl_trace_filter filter = { 0 };
	struct fl_error err = { 0 };
	struct fl_claim claim = { 0 };
	if (!by_dump && fl_store_traces(store, &filter, match_trace, &find, &err))
		return cli_fail("traces", &err);
	if (!find.dump_id) {
		cli_error("there is no trace %" PRId64, find.trace_id);
		return CLI_NOT_FOUND;
	}
	if (fl_store_dump(store, find.dump_id, &claim, &err))
		return cli_fail("dump", &err);
	code = cli_write(output, &claim.bytes);
	fl_claim_deinit(&claim);
	return code;
}

static int run_retry(const struct cli_verb *verb, int argc, char **argv)
{
	const char *database = NULL;
	bool all = false;
	const struct cli_option options[] = {
		{ "db", 0, CLI_TEXT, &database, NULL },
		{ "all", 0, CLI_FLAG, &all, NULL },
	};
	int count;
	int64_t id = 0;
	if (!cli_parse(verb, options, CLI_COUNT(options), argc, argv, &count))
		return CLI_USAGE;
	if (count != !all) {
		cli_error("give the number of one dump, or --all");
		return CLI_USAGE;
	}
	if (!all && !cli_id(argv[1], &id))
		return CLI_USAGE;
	int code;
	FL_AUTO(fl_store) store = cli_open_store(database, false, &code);
	if (!store)
		return code;
	struct fl_error err = { 0 };
	uint64_t queued = 0;
	if (fl_store_retry(store, id, &queued, &err))
		return cli_fail(NULL, &err);
	if (!queued && id) {
		cli_error("no dump %" PRId64 " was set aside", id);
		return CLI_NOT_FOUND;
	}
	printf("%" PRIu64 " queued again; 'faultline worker' processes them\n", queued);
	return CLI_OK;
}

const struct cli_verb cli_traces_list = {
	.name = "traces list",
	.summary = "the occurrences, also those that wait or were set aside",
	.run = run_list,
	.help = "usage: faultline traces list [--db FILE] [options]\n"
		"\n"
		"      --waiting           only those whose ELF is not here yet, and what is missing\n"
		"      --quarantined       only those that could not be analysed\n"
		"      --issue N           only those of one issue\n"
		"  -f, --format text|json\n"
		"\n"
		"example: faultline traces list --waiting --db crashes.db\n",
};

const struct cli_verb cli_traces_show = {
	.name = "traces show",
	.summary = "the report of one occurrence",
	.run = run_show,
	.help = "usage: faultline traces show N [--db FILE] [options]\n"
		"\n"
		"  -f, --format text|json\n"
		"  -o, --output FILE\n"
		"      --source-root DIR, --path-map OLD=NEW, --color WHEN, --all-frames\n"
		"                          as in 'faultline analyze'\n"
		"\n"
		"example: faultline traces show 12 --db crashes.db\n",
};

const struct cli_verb cli_traces_explain = {
	.name = "traces explain",
	.summary = "why a trace is in its issue: frames, rules, fingerprints",
	.run = run_explain,
	.help = "usage: faultline traces explain N [--db FILE]\n"
		"\n"
		"example: faultline traces explain 12 --db crashes.db\n",
};

const struct cli_verb cli_traces_export = {
	.name = "traces export",
	.summary = "write the dump of a trace as it came",
	.run = run_export,
	.help = "usage: faultline traces export N -o FILE [--dump] [--db FILE]\n"
		"\n"
		"      --dump  N is the number of a dump: one that was set aside has no trace\n"
		"\n"
		"example: faultline traces export 12 -o crash.core --db crashes.db\n",
};

const struct cli_verb cli_traces_retry = {
	.name = "traces retry",
	.summary = "queue dumps that were set aside once more",
	.run = run_retry,
	.help = "usage: faultline traces retry DUMP|--all [--db FILE]\n"
		"\n"
		"For dumps in quarantine, after what stopped them was mended. DUMP is the number of\n"
		"the dump ('faultline traces list --quarantined').\n"
		"\n"
		"example: faultline traces retry --all --db crashes.db\n",
};
