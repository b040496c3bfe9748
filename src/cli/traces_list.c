/* SPDX-License-Identifier: Apache-2.0 */
/* faultline traces list: one row per occurrence, and what the waiting ones wait for. */
#include "cli/json.h"

#include <inttypes.h>
#include <string.h>

static bool add_json_trace(void *context, const struct fl_trace_row *row)
{
	json_t *object = json_pack(
		"{s:I, s:I, s:I, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:I, "
		"s:I, s:I, s:s?, s:s?, s:b, s:b}",
		"id", (json_int_t)row->id, "dump", (json_int_t)row->dump_id, "issue",
		(json_int_t)row->issue_id, "state", row->state, "title", row->title, "device",
		row->device, "software_type", row->software_type, "software_version",
		row->software_version, "hardware_version", row->hardware_version, "build_id",
		row->build_id, "source", row->source, "reason", row->reason, "backtrace",
		row->backtrace, "received_at", (json_int_t)row->received_at, "attempts",
		(json_int_t)row->attempts, "duplicates", (json_int_t)row->duplicates, "kind",
		row->kind, "cohort", row->cohort, "pruned", (int)row->pruned, "paired",
		(int)row->paired);
	return cli_append_json(context, object);
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
		printf("%6s %6s %6s  %-11s %-6s %-19s  %-14s %-10s %s\n", "trace", "dump", "issue",
		       "state", "kind", "received (UTC)", "device", "version", "title");
	print_id(row->id);
	print_id(row->dump_id);
	print_id(row->issue_id);
	printf(" %-11s %-6s %-19s  %-14s %-10s %s", row->state, cli_text(row->kind),
	       cli_time(row->received_at, time), cli_text(row->device),
	       cli_text(row->software_version), cli_text(row->title ? row->title : row->source));
	if (row->duplicates)
		printf(" (+%" PRIu64 " duplicates)", row->duplicates);
	printf("%s%s\n", row->paired ? " (with its reboot event)" : "",
	       row->pruned ? " (dump not kept)" : "");
	if (row->reason)
		printf("%21s  %s\n", "", cli_text(row->reason));
	if (row->backtrace)
		print_backtrace(row->backtrace);
	return true;
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* "14 traces from 9 devices wait for main 1.4.2 / 5f3c..." */
static bool print_missing(void *context, const struct fl_missing_row *row)
{
	const char *type = row->software_type;
	const char *build_id = row->build_id;
	++*(uint64_t *)context;
	printf("%" PRIu64 " trace%s from %" PRIu64 " device%s %s for %s%s%s / %s\n", row->traces,
	       plural(row->traces), row->devices, plural(row->devices),
	       row->traces == 1 ? "waits" : "wait", type && type[0] ? cli_text(type) : "",
	       type && type[0] ? " " : "",
	       row->software_version && row->software_version[0] ? cli_text(row->software_version)
								 : "an unknown version",
	       build_id && build_id[0] ? cli_text(build_id) : "no build id");
	return true;
}

static bool add_json_missing(void *context, const struct fl_missing_row *row)
{
	return cli_append_json(context,
			       json_pack("{s:s?, s:s?, s:s?, s:I, s:I}", "build_id", row->build_id,
					 "software_type", row->software_type, "software_version",
					 row->software_version, "traces", (json_int_t)row->traces,
					 "devices", (json_int_t)row->devices));
}

static int list_missing(struct fl_store *store, int format)
{
	struct fl_error err = { 0 };
	uint64_t missing = 0;
	if (format == CLI_JSON_FORMAT) {
		json_t *rows = json_array();
		enum fl_code failed = fl_store_missing(store, add_json_missing, rows, &err);
		return cli_answer_json(rows, failed, "traces", &err);
	}
	if (fl_store_missing(store, print_missing, &missing, &err))
		return cli_fail("traces", &err);
	if (!missing)
		puts("nothing waits");
	return CLI_OK;
}

/* What is missing is the question; the rows behind it are the details. */
static int print_groups(struct fl_store *store)
{
	struct fl_error err = { 0 };
	uint64_t missing = 0;
	if (fl_store_missing(store, print_missing, &missing, &err))
		return cli_fail("traces", &err);
	if (missing)
		puts("('faultline symbols add ELF' has them processed)\n");
	return CLI_OK;
}

struct arguments {
	const char *database;
	int format;
	bool waiting, missing, quarantined, all;
	uint64_t issue;
	int kind; /* index into kinds */
	const char *device;
};

static const char *const kinds[] = { "any", "dump", "reboot", "trace", NULL };

static int list(struct fl_store *store, const struct arguments *args)
{
	struct fl_trace_filter filter = {
		.issue_id = (int64_t)args->issue,
		.state = args->waiting       ? "waiting"
			 : args->quarantined ? "quarantined"
					     : NULL,
		.device = args->device,
		.kind = args->kind ? kinds[args->kind] : NULL,
		.expected_reboots = args->all,
	};
	struct fl_error err = { 0 };
	if (args->format == CLI_JSON_FORMAT) {
		json_t *rows = json_array();
		enum fl_code failed = fl_store_traces(store, &filter, add_json_trace, rows, &err);
		return cli_answer_json(rows, failed, "traces", &err);
	}
	int code = args->waiting && !args->device && !args->kind ? print_groups(store) : CLI_OK;
	uint64_t rows = 0;
	if (code)
		return code;
	if (fl_store_traces(store, &filter, print_trace, &rows, &err))
		return cli_fail("traces", &err);
	if (!rows)
		puts("no traces");
	return CLI_OK;
}

static int run_list(const struct cli_verb *verb, int argc, char **argv)
{
	struct arguments args = { 0 };
	const struct cli_option options[] = {
		{ "db", 0, CLI_TEXT, &args.database, NULL },
		{ "format", 'f', CLI_CHOICE, &args.format, cli_formats },
		{ "waiting", 0, CLI_FLAG, &args.waiting, NULL },
		{ "missing", 0, CLI_FLAG, &args.missing, NULL },
		{ "quarantined", 0, CLI_FLAG, &args.quarantined, NULL },
		{ "issue", 0, CLI_NUMBER, &args.issue, NULL },
		{ "device", 0, CLI_TEXT, &args.device, NULL },
		{ "kind", 0, CLI_CHOICE, &args.kind, kinds },
		{ "all", 0, CLI_FLAG, &args.all, NULL },
	};
	int code;
	FL_AUTO(fl_store)
	store = cli_begin(verb, options, CLI_COUNT(options), &args.database, 0, argc, argv, &code);
	if (!store)
		return code;
	if (args.issue && !cli_issue_exists(store, (int64_t)args.issue, &code))
		return code;
	if (args.device && !cli_device_exists(store, args.device, &code))
		return code;
	if ((args.waiting || args.missing) && args.quarantined) {
		cli_error("a dump waits or is quarantined, not both: give one");
		return CLI_USAGE;
	}
	if (args.missing)
		return list_missing(store, args.format);
	return list(store, &args);
}

const struct cli_verb cli_traces_list = {
	.name = "traces list",
	.summary = "the occurrences, also those that wait or were set aside",
	.run = run_list,
	.help = "usage: faultline traces list [--db FILE] [options]\n"
		"\n"
		"      --waiting           only those whose ELF is not here yet, and what is missing\n"
		"      --missing           only what is missing, and for how many\n"
		"      --quarantined       only those that could not be analysed\n"
		"      --issue N           only those of one issue\n"
		"      --device S          only those of one device\n"
		"      --kind KIND         only those from a dump, a reboot or a trace event\n"
		"      --all               expected reboots, too: they belong to no issue\n"
		"  -f, --format text|json\n"
		"\n"
		"example: faultline traces list --waiting --db crashes.db\n",
};
