/* SPDX-License-Identifier: Apache-2.0 */
/* faultline traces: one occurrence, its report, its dump, its past. */
#include "cli/json.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static bool add_json_history(void *context, const struct fl_history_row *row)
{
	return cli_append_json(context,
			       json_pack("{s:I, s:s?, s:I, s:I, s:s?}", "at", (json_int_t)row->at,
					 "what", row->what, "old_issue",
					 (json_int_t)row->old_issue_id, "new_issue",
					 (json_int_t)row->new_issue_id, "detail", row->detail));
}

static void print_move(int64_t from, int64_t to)
{
	if (from == to)
		return;
	if (from)
		printf(", from issue %" PRId64, from);
	if (to)
		printf(", to issue %" PRId64, to);
	else
		printf(", to none");
}

static bool print_history(void *context, const struct fl_history_row *row)
{
	char at[24];
	uint64_t *count = context;
	if (!(*count)++)
		puts("\nhistory (UTC)");
	printf("  %s  %s", cli_time(row->at, at), cli_text(row->what));
	print_move(row->old_issue_id, row->new_issue_id);
	if (row->detail && row->detail[0])
		printf(" (%s)", cli_text(row->detail));
	putchar('\n');
	return true;
}

static int show_history(struct fl_store *store, int64_t id, int format)
{
	struct fl_error err = { 0 };
	uint64_t count = 0;
	if (format == CLI_JSON_FORMAT) {
		json_t *rows = json_array();
		enum fl_code failed =
			fl_store_trace_history(store, id, add_json_history, rows, &err);
		return cli_answer_json(rows, failed, "trace", &err);
	}
	if (fl_store_trace_history(store, id, print_history, &count, &err))
		return cli_fail(NULL, &err);
	return CLI_OK;
}

static bool print_arrival(void *context, const struct fl_trace_row *row)
{
	const int64_t *id = context;
	char at[24];
	if (row->id != *id)
		return true;
	printf("trace %" PRId64 " of %s%s%s%s, received %s UTC\n\n", row->id,
	       row->device ? "device " : "a device that is not known",
	       row->device ? cli_text(row->device) : "", row->cohort ? ", cohort " : "",
	       row->cohort ? cli_text(row->cohort) : "", cli_time(row->received_at, at));
	return false;
}

/* Not every dump says whose it is; what came with the upload does. */
static int show_arrival(struct fl_store *store, int64_t id)
{
	const struct fl_trace_filter all = { .expected_reboots = true };
	struct fl_error err = { 0 };
	if (fl_store_traces(store, &all, print_arrival, &id, &err))
		return cli_fail(NULL, &err);
	fflush(stdout);
	return CLI_OK;
}

static int run_show(const struct cli_verb *verb, int argc, char **argv)
{
	const char *database = NULL;
	struct cli_render render = { 0 };
	bool history = false;
	const struct cli_option options[] = {
		{ "db", 0, CLI_TEXT, &database, NULL },
		{ "format", 'f', CLI_CHOICE, &render.format, cli_formats },
		{ "output", 'o', CLI_TEXT, &render.output, NULL },
		{ "source-root", 0, CLI_TEXT, &render.source_root, NULL },
		{ "path-map", 0, CLI_LIST, &render.path_maps, NULL },
		{ "color", 0, CLI_CHOICE, &render.color, cli_colors },
		{ "all-frames", 0, CLI_FLAG, &render.all_frames, NULL },
		{ "thread", 't', CLI_LIST, &render.threads, NULL },
		{ "history", 0, CLI_FLAG, &history, NULL },
	};
	int64_t id = 0;
	int code;
	FL_AUTO(fl_store)
	store = cli_begin(verb, options, CLI_COUNT(options), &database, 1, argc, argv, &code);
	if (!store)
		return code;
	if (!cli_id(argv[1], &id) || !cli_render_fits(&render))
		return CLI_USAGE;
	FL_AUTO(fl_report) report = NULL;
	FL_AUTO_BUFFER bytes = { 0 };
	struct fl_error err = { 0 };
	if (fl_store_report(store, id, &report, &err))
		return cli_fail(NULL, &err);
	if (history)
		return show_history(store, id, render.format);
	bool page = render.format == CLI_TEXT_FORMAT && !render.output;
	code = cli_render_bytes(report, &render, &bytes);
	if (!code && page)
		code = show_arrival(store, id);
	if (!code)
		code = cli_write(render.output, &bytes);
	if (code || !page)
		return code;
	return show_history(store, id, render.format);
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
		return cli_fail(NULL, &err);
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
	if (!output && isatty(STDOUT_FILENO)) {
		cli_error("a dump is no text for a terminal: give --output FILE");
		return CLI_USAGE;
	}
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
	if (claim.pruned) {
		cli_error("the bytes of dump %" PRId64
			  " are not kept any more (retention, --keep-per-issue)",
			  find.dump_id);
		code = CLI_NOT_FOUND;
	} else {
		code = cli_write(output, &claim.bytes);
	}
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

const struct cli_verb cli_traces_show = {
	.name = "traces show",
	.summary = "the report of one occurrence, and what moved it",
	.run = run_show,
	.help = "usage: faultline traces show N [--db FILE] [options]\n"
		"\n"
		"  -f, --format text|json\n"
		"  -o, --output FILE\n"
		"      --history           only its history: what moved it from issue to issue\n"
		"  -t, --thread WHICH      backtraces of the threads of that name only (or of the control\n"
		"                          block at that 0x address), 'crashed', or 'all' (default)\n"
		"      --source-root DIR, --path-map OLD=NEW, --color WHEN, --all-frames\n"
		"                          as in 'faultline analyze'\n"
		"\n"
		"example: faultline traces show 12 --db crashes.db\n"
		"example: faultline traces show 12 --thread logger --db crashes.db\n",
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
	.help = "usage: faultline traces export N [-o FILE] [--dump] [--db FILE]\n"
		"\n"
		"      -o, --output FILE  default: standard output, if it is no terminal\n"
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
