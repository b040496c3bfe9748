/* SPDX-License-Identifier: Apache-2.0 */
/* faultline issues: one row per bug. */
#include "cli/json.h"

#include <inttypes.h>

static json_t *issue_json(const struct fl_issue_row *row)
{
	return json_pack("{s:I, s:s?, s:s?, s:I, s:I, s:I, s:I, s:s?}", "id", (json_int_t)row->id,
			 "title", row->title, "state", row->state, "traces",
			 (json_int_t)row->trace_count, "devices", (json_int_t)row->device_count,
			 "first_seen", (json_int_t)row->first_seen, "last_seen",
			 (json_int_t)row->last_seen, "last_version", row->last_version);
}

static bool add_json_issue(void *context, const struct fl_issue_row *row)
{
	return cli_append_json(context, issue_json(row));
}

static bool print_issue(void *context, const struct fl_issue_row *row)
{
	char last[24];
	uint64_t *count = context;
	if (!(*count)++)
		printf("%5s  %-8s %6s %7s  %-19s  %s\n", "issue", "state", "traces", "devices",
		       "last seen (UTC)", "title");
	printf("%5" PRId64 "  %-8s %6" PRIu64 " %7" PRIu64 "  %-19s  %s\n", row->id, row->state,
	       row->trace_count, row->device_count, cli_time(row->last_seen, last),
	       cli_text(row->title));
	return true;
}

struct listing {
	const char *database;
	int format;
	int by; /* index into cli_dimensions */
	struct cli_list threads;
};

static struct fl_store *open_listing(const struct cli_verb *verb, struct listing *listing,
				     int wanted, int argc, char **argv, int *exit_ret)
{
	const struct cli_option options[] = {
		{ "db", 0, CLI_TEXT, &listing->database, NULL },
		{ "format", 'f', CLI_CHOICE, &listing->format, cli_formats },
		{ "by", 0, CLI_CHOICE, &listing->by, cli_dimensions },
		{ "thread", 't', CLI_LIST, &listing->threads, NULL },
	};
	enum { OF_SHOW = 2 }; /* only an issue that is shown can be broken down or has a trace */
	return cli_begin(verb, options, CLI_COUNT(options) - (wanted ? 0 : OF_SHOW),
			 &listing->database, wanted, argc, argv, exit_ret);
}

static int run_list(const struct cli_verb *verb, int argc, char **argv)
{
	struct listing listing = { 0 };
	int code;
	FL_AUTO(fl_store) store = open_listing(verb, &listing, 0, argc, argv, &code);
	if (!store)
		return code;
	struct fl_error err = { 0 };
	if (listing.format == CLI_JSON_FORMAT) {
		json_t *rows = json_array();
		enum fl_code failed = fl_store_issues(store, add_json_issue, rows, &err);
		return cli_answer_json(rows, failed, "issues", &err);
	}
	uint64_t rows = 0;
	if (fl_store_issues(store, print_issue, &rows, &err))
		return cli_fail("issues", &err);
	if (!rows)
		puts("no issues yet");
	return CLI_OK;
}

static bool print_heading(void *context, const struct fl_issue_row *row)
{
	char first[24];
	char last[24];
	(void)context;
	printf("issue %" PRId64 ": %s\n", row->id, cli_text(row->title));
	printf("  state       %s\n", row->state);
	printf("  traces      %" PRIu64 " from %" PRIu64 " known devices\n", row->trace_count,
	       row->device_count);
	printf("  first seen  %s UTC\n", cli_time(row->first_seen, first));
	printf("  last seen   %s UTC\n", cli_time(row->last_seen, last));
	return true;
}

static bool print_version(void *context, const char *key, uint64_t traces, uint64_t devices)
{
	(void)context;
	printf("  version     %-16s %" PRIu64 " traces, %" PRIu64 " devices\n", cli_text(key),
	       traces, devices);
	return true;
}

enum { TRACES_SHOWN = 20 };

static bool print_trace(void *context, const struct fl_trace_row *row)
{
	char time[24];
	uint64_t *count = context;
	if (!(*count)++)
		printf("\n%6s  %-19s  %-16s %-12s %s\n", "trace", "received (UTC)", "device",
		       "version", "source");
	printf("%6" PRId64 "  %-19s  %-16s %-12s %s\n", row->id, cli_time(row->received_at, time),
	       cli_text(row->device), cli_text(row->software_version), cli_text(row->source));
	return *count < TRACES_SHOWN;
}

static bool remember_trace(void *context, const struct fl_trace_row *row)
{
	*(int64_t *)context = row->id;
	return false;
}

/* The newest trace stands for the issue: its verdict and backtraces. */
static int render_example(struct fl_store *store, int64_t issue_id, const struct cli_render *render,
			  int64_t *trace_id_ret, struct fl_buffer *ret)
{
	struct fl_trace_filter filter = { .issue_id = issue_id };
	struct fl_error err = { 0 };
	if (fl_store_traces(store, &filter, remember_trace, trace_id_ret, &err))
		return cli_fail("traces", &err);
	if (!*trace_id_ret)
		return CLI_OK;
	FL_AUTO(fl_report) report = NULL;
	if (fl_store_report(store, *trace_id_ret, &report, &err))
		return cli_fail("report", &err);
	return cli_render_bytes(report, render, ret);
}

static int show_text(struct fl_store *store, int64_t id, const struct cli_render *render)
{
	struct fl_error err = { 0 };
	struct fl_trace_filter filter = { .issue_id = id };
	FL_AUTO_BUFFER example = { 0 };
	int64_t example_id = 0;
	uint64_t traces = 0;
	int code;
	if (!cli_issue_exists(store, id, &code))
		return code;
	code = render_example(store, id, render, &example_id, &example);
	if (code && render->threads.count)
		return code;
	if (fl_store_issue(store, id, print_heading, NULL, &err) ||
	    fl_store_issue_versions(store, id, print_version, NULL, &err) ||
	    fl_store_traces(store, &filter, print_trace, &traces, &err))
		return cli_fail("issue", &err);
	if (traces == TRACES_SHOWN)
		printf("        the newest %d; all: faultline traces list --issue %" PRId64 "\n",
		       TRACES_SHOWN, id);
	if (code || !example_id)
		return code;
	printf("\nnewest trace, %" PRId64 ":\n\n", example_id);
	fflush(stdout);
	return cli_write(NULL, &example);
}

struct json_issue {
	json_t *issue, *versions, *traces;
};

static bool keep_json_issue(void *context, const struct fl_issue_row *row)
{
	((struct json_issue *)context)->issue = issue_json(row);
	return true;
}

static bool add_json_version(void *context, const char *key, uint64_t traces, uint64_t devices)
{
	return cli_append_json(context,
			       json_pack("{s:s?, s:I, s:I}", "version", key, "traces",
					 (json_int_t)traces, "devices", (json_int_t)devices));
}

static bool add_json_trace_id(void *context, const struct fl_trace_row *row)
{
	return cli_append_json(context, json_integer(row->id));
}

static int show_json(struct fl_store *store, int64_t id)
{
	struct json_issue parts = { NULL, json_array(), json_array() };
	struct fl_trace_filter filter = { .issue_id = id };
	struct fl_error err = { 0 };
	if (fl_store_issue(store, id, keep_json_issue, &parts, &err) ||
	    fl_store_issue_versions(store, id, add_json_version, parts.versions, &err) ||
	    fl_store_traces(store, &filter, add_json_trace_id, parts.traces, &err) ||
	    !parts.issue) {
		json_decref(parts.issue);
		json_decref(parts.versions);
		json_decref(parts.traces);
		return cli_fail("issue", &err);
	}
	json_object_set_new(parts.issue, "versions", parts.versions);
	json_object_set_new(parts.issue, "trace_ids", parts.traces);
	return cli_print_json(parts.issue);
}

static int run_show(const struct cli_verb *verb, int argc, char **argv)
{
	struct listing listing = { 0 };
	int64_t id;
	int code;
	FL_AUTO(fl_store) store = open_listing(verb, &listing, 1, argc, argv, &code);
	if (!store)
		return code;
	if (!cli_id(argv[1], &id))
		return CLI_USAGE;
	if (listing.threads.count && listing.by) {
		cli_error("--thread is for the newest trace, which --by does not show");
		return CLI_USAGE;
	}
	struct cli_render render = { .format = listing.format, .threads = listing.threads };
	if (!cli_render_fits(&render))
		return CLI_USAGE;
	if (listing.by)
		return cli_issue_exists(store, id, &code)
			       ? cli_break_down(store, id, listing.by, listing.format)
			       : code;
	if (listing.format == CLI_JSON_FORMAT)
		return show_json(store, id);
	return show_text(store, id, &render);
}

const struct cli_verb cli_issues_list = {
	.name = "issues list",
	.summary = "the bugs, with counts",
	.run = run_list,
	.help = "usage: faultline issues list [--db FILE] [--format text|json]\n"
		"\n"
		"example: faultline issues list --db crashes.db\n",
};

const struct cli_verb cli_issues_show = {
	.name = "issues show",
	.summary = "one bug: versions, traces, and the newest trace explained",
	.run = run_show,
	.help = "usage: faultline issues show N [--by WHAT] [--db FILE] [--format text|json]\n"
		"\n"
		"      --by WHAT       only its counts, by version, hardware, cohort, type, device or day\n"
		"  -t, --thread WHICH  backtraces of the threads of that name only (or of the control\n"
		"                      block at that 0x address), 'crashed', or 'all' (default)\n"
		"\n"
		"example: faultline issues show 3 --by hardware --db crashes.db\n",
};
