/* SPDX-License-Identifier: Apache-2.0 */
/* faultline ingest: dumps and chunks into the database, and through the queue. */
#include "cli/ingest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct arguments {
	const char *database, *received, *carrier, *device_from_name, *device_rate, *max_body,
		*content_length;
	bool queue_only, http_body;
	int sandbox_mode, format;
	uint64_t keep_per_issue;
	struct fl_store_policy policy;
	struct cli_http http;
};

static bool compile_pattern(const char *pattern, struct cli_ingest *ingest)
{
	char why[128];
	int code = regcomp(&ingest->device_pattern, pattern, REG_EXTENDED);
	ingest->has_pattern = code == 0;
	if (code) {
		regerror(code, &ingest->device_pattern, why, sizeof(why));
		cli_error("--device-from-name '%s': %s", cli_text(pattern), why);
		return false;
	}
	if (ingest->device_pattern.re_nsub == 1)
		return true;
	cli_error("--device-from-name takes a regular expression with one group, "
		  "like '([A-Z0-9]+)-.*\\.log' (got '%s')",
		  cli_text(pattern));
	return false;
}

static bool take_carrier(const char *name, enum fl_carrier *ret)
{
	if (fl_carrier_parse(name, ret) && *ret >= FL_CARRIER_DUMP && *ret <= FL_CARRIER_SSE)
		return true;
	fprintf(stderr, "faultline: --carrier takes one of:");
	for (int i = FL_CARRIER_DUMP; i <= FL_CARRIER_SSE; i++)
		fprintf(stderr, " %s", fl_carrier_name((enum fl_carrier)i));
	fprintf(stderr, " (got '%s')\n", cli_text(name));
	return false;
}

/* A CGI script hands on what the client said: it is the client's number. */
static bool take_length(const char *text, struct cli_http *http)
{
	char *end;
	http->has_length = text && text[0];
	if (!http->has_length)
		return true;
	http->length = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && !*end)
		return true;
	cli_error("--content-length takes a number (got '%s')", cli_text(text));
	return false;
}

static bool take_policy(struct arguments *args)
{
	struct fl_store_policy *policy = &args->policy;
	if (args->keep_per_issue > UINT32_MAX) {
		cli_error("--keep-per-issue takes 0 to %" PRIu32, UINT32_MAX);
		return false;
	}
	policy->keep_per_issue = (uint32_t)args->keep_per_issue;
	return !args->device_rate ||
	       cli_parse_rate("device-rate", args->device_rate, &policy->device_rate,
			      &policy->device_rate_seconds);
}

static bool check(struct arguments *args, struct cli_ingest *ingest, int count)
{
	struct fl_delivery_options *delivery = &ingest->delivery;
	const char *mistake = NULL;
	if (!args->http_body && !count)
		mistake = "nothing to ingest; see 'faultline ingest --help'";
	else if (args->http_body && count)
		mistake = "--http-body reads standard input: no files";
	else if (args->http_body && (args->carrier || args->device_from_name))
		mistake = "--http-body goes with neither --carrier nor --device-from-name";
	else if (delivery->device && args->device_from_name)
		mistake = "give --device or --device-from-name, not both";
	if (mistake) {
		cli_error("%s", mistake);
		return false;
	}
	delivery->received_at_is_said = args->received != NULL;
	return (!args->received || cli_parse_time(args->received, &delivery->received_at)) &&
	       (!args->carrier || take_carrier(args->carrier, &delivery->carrier)) &&
	       (!args->device_from_name || compile_pattern(args->device_from_name, ingest)) &&
	       cli_parse_size("max-body", args->max_body, &args->http.length_max) &&
	       take_length(args->content_length, &args->http) && take_policy(args);
}

static int process_queue(const struct arguments *args, struct cli_ingest *ingest)
{
	const struct fl_worker_options options = {
		.database = cli_database_path(args->database),
		.once = true,
		.progress = isatty(STDERR_FILENO),
		.policy = args->policy,
		.sandbox = { .mode = (enum fl_sandbox_mode)args->sandbox_mode },
	};
	struct fl_error err = { 0 };
	if (fl_worker_run(&options, &ingest->work, &err))
		return cli_fail(options.database, &err);
	ingest->worked = true;
	return CLI_OK;
}

static bool is_text(const struct arguments *args)
{
	return args->format == CLI_TEXT_FORMAT;
}

/* Files are in: what came of them, then the queue. */
static int conclude(const struct arguments *args, struct cli_ingest *ingest)
{
	int code = CLI_OK;
	uint64_t skipped = 0;
	if (is_text(args))
		cli_ingest_print(ingest);
	if (!args->queue_only && !args->http_body && ingest->total.queued) {
		fflush(stdout);
		code = process_queue(args, ingest);
		if (!code && is_text(args))
			cli_print_work(&ingest->work);
	}
	if (!is_text(args)) {
		int printed = cli_ingest_print_json(ingest);
		code = code ? code : printed;
	}
	if (!code && ingest->work.quarantined) {
		cli_error("'faultline traces list --quarantined' says what was wrong with those");
		code = ingest->exit_code ? ingest->exit_code : CLI_BAD_INPUT;
	}
	for (size_t i = 0; i < CLI_SKIP_COUNT; i++)
		skipped += ingest->skipped[i];
	if (!code && !ingest->files && !ingest->failed) {
		cli_error("nothing to take in: %s", skipped ? "nothing is recognised" : "no files");
		return CLI_NOT_FOUND;
	}
	return code ? code : ingest->exit_code;
}

static int take_in(struct arguments *args, struct cli_ingest *ingest, char *const *paths, int count)
{
	int code;
	char lock_path[4096];
	FL_AUTO(fl_store) store = cli_open_store(args->database, true, &code);
	if (!store)
		return code;
	fl_store_set_policy(store, &args->policy);
	snprintf(lock_path, sizeof(lock_path), "%s.ingest", cli_database_path(args->database));
	ingest->delivery.store = store;
	ingest->delivery.lock_path = lock_path;
	ingest->show_progress = isatty(STDERR_FILENO);
	if (args->http_body)
		(void)cli_ingest_http(ingest, &args->http);
	for (int i = 0; i < count; i++)
		cli_ingest_path(ingest, paths[i]);
	cli_ingest_end_drawing(ingest);
	if (ingest->untried)
		cli_error("%" PRIu64 " more file%s not looked at; what was taken in stays",
			  ingest->untried, ingest->untried == 1 ? " was" : "s were");
	struct fl_error err = { 0 };
	if (count && fl_store_sync(store, &err)) /* now it may be said to be in */
		return cli_fail(cli_database_path(args->database), &err);
	return conclude(args, ingest);
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct arguments args = { .max_body = "64M" };
	struct cli_ingest ingest = { 0 };
	struct fl_delivery_options *delivery = &ingest.delivery;
	const struct cli_option options[] = {
		{ "db", 0, CLI_TEXT, &args.database, NULL },
		{ "device", 0, CLI_TEXT, &delivery->device, NULL },
		{ "device-from-name", 0, CLI_TEXT, &args.device_from_name, NULL },
		{ "cohort", 0, CLI_TEXT, &delivery->cohort, NULL },
		{ "software-type", 0, CLI_TEXT, &delivery->software_type, NULL },
		{ "software-version", 0, CLI_TEXT, &delivery->software_version, NULL },
		{ "hardware-version", 0, CLI_TEXT, &delivery->hardware_version, NULL },
		{ "received", 0, CLI_TEXT, &args.received, NULL },
		{ "carrier", 0, CLI_TEXT, &args.carrier, NULL },
		{ "accept-damaged", 0, CLI_FLAG, &delivery->accept_damaged, NULL },
		{ "event-name", 0, CLI_TEXT, &delivery->fields.name, NULL },
		{ "event-field", 0, CLI_TEXT, &delivery->fields.event, NULL },
		{ "data-field", 0, CLI_TEXT, &delivery->fields.data, NULL },
		{ "device-field", 0, CLI_TEXT, &delivery->fields.device, NULL },
		{ "time-field", 0, CLI_TEXT, &delivery->fields.time, NULL },
		{ "device-rate", 0, CLI_TEXT, &args.device_rate, NULL },
		{ "keep-per-issue", 0, CLI_NUMBER, &args.keep_per_issue, NULL },
		{ "http-body", 0, CLI_FLAG, &args.http_body, NULL },
		{ "content-type", 0, CLI_TEXT, &args.http.content_type, NULL },
		{ "content-encoding", 0, CLI_TEXT, &args.http.content_encoding, NULL },
		{ "content-length", 0, CLI_TEXT, &args.content_length, NULL },
		{ "max-body", 0, CLI_TEXT, &args.max_body, NULL },
		{ "queue-only", 0, CLI_FLAG, &args.queue_only, NULL },
		{ "format", 'f', CLI_CHOICE, &args.format, cli_formats },
		{ "sandbox", 0, CLI_CHOICE, &args.sandbox_mode, cli_sandboxes },
	};
	int count;
	int code = CLI_USAGE;
	if (cli_parse(verb, options, CLI_COUNT(options), argc, argv, &count) &&
	    check(&args, &ingest, count))
		code = take_in(&args, &ingest, argv + 1, count);
	if (ingest.has_pattern)
		regfree(&ingest.device_pattern);
	return code;
}

const struct cli_verb cli_ingest = {
	.name = "ingest",
	.summary = "take dumps and chunks in and analyse them",
	.run = run,
	.help = "usage: faultline ingest FILE|FOLDER|- ... [--db FILE]\n"
		"       faultline ingest --http-body [--device S] < BODY\n"
		"\n"
		"Puts into the database what devices sent, where it is safe, and analyses it:\n"
		"dumps, single chunks, serial logs with MC: items, base64 text, multipart bodies,\n"
		"CHNK spools and exported webhook events (JSON or server-sent events). What a file\n"
		"is, its content says. Half-received messages are kept for the device's next file.\n"
		"Of a folder, with its subfolders, what is recognised is taken.\n"
		"\n"
		"      --db FILE             database (default: $FAULTLINE_DB)\n"
		"      --device S            serial number of the device they come from\n"
		"      --device-from-name R  the same from the file's name: a regular expression with\n"
		"                            one group, '([^-]+)-.*\\.log'\n"
		"      --cohort C            and what else is known of it, where the dump does not\n"
		"      --software-type T     say so itself\n"
		"      --software-version V\n"
		"      --hardware-version V\n"
		"      --received T          when they came: Unix seconds or 2026-02-01T12:00:00Z\n"
		"                            (default: the event's time, or the file's)\n"
		"      --carrier C           do not guess: dump chunk log base64 spool multipart json\n"
		"                            sse\n"
		"      --accept-damaged      open messages although their CRC is wrong\n"
		"      --device-rate N[/S]   take N dumps and events of a device in S seconds (3600),\n"
		"                            count and drop what is more\n"
		"      --keep-per-issue N    count all, but keep only N full dumps per issue and\n"
		"                            software version\n"
		"      --queue-only          leave the analysis to 'faultline worker'\n"
		"  -f, --format F            text, json\n"
		"      --sandbox MODE        auto, require, off\n"
		"\n"
		"Of exported events (\"a.b\" is member b of member a):\n"
		"      --event-name N        events of this name (memfault-chunks; \"\": of any)\n"
		"      --event-field F       which member is the name (event, or name)\n"
		"      --data-field F        ... the chunk in base64 (data)\n"
		"      --device-field F      ... the device (coreid); goes before --device, but with\n"
		"                            --http-body it must be the same\n"
		"      --time-field F        ... the time (published_at)\n"
		"\n"
		"With --http-body standard input is one request body, taken in whole or not at all and\n"
		"not analysed; one that names another device than --device is refused. Exit code 0: it\n"
		"is durable. 3: the client's fault. Others: ours, it should be sent again.\n"
		"      --content-type T      as the request's header fields say\n"
		"      --content-encoding E  base64, or none\n"
		"      --content-length N    as many bytes are the body\n"
		"      --max-body SIZE       at most (64M)\n"
		"\n"
		"example: faultline ingest gateway-logs/ --device-from-name '([A-Z0-9]+)_.*\\.log' \\\n"
		"                          --db crashes.db\n",
};
