/* SPDX-License-Identifier: Apache-2.0 */
/* faultline devices: who crashes, who cannot stay up, who shall be forgotten. */
#include "cli/json.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define BOOTLOOP_DEFAULT "5/3600"

static json_t *device_json(const struct fl_device_row *row)
{
	return json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
			 "s:I}",
			 "device", row->serial, "cohort", row->cohort, "software_type",
			 row->software_type, "software_version", row->software_version,
			 "hardware_version", row->hardware_version, "first_seen",
			 (json_int_t)row->first_seen, "last_seen", (json_int_t)row->last_seen,
			 "traces", (json_int_t)row->traces, "issues", (json_int_t)row->issues,
			 "expected_reboots", (json_int_t)row->expected_reboots,
			 "unexpected_reboots", (json_int_t)row->unexpected_reboots,
			 "recent_unexpected_reboots", (json_int_t)row->recent_unexpected, "limited",
			 (json_int_t)row->limited, "pending_bytes", (json_int_t)row->pending_bytes);
}

static bool add_json_device(void *context, const struct fl_device_row *row)
{
	return cli_append_json(context, device_json(row));
}

enum { SERIAL_COLUMNS = 20 }; /* longer ones have a line of their own */

struct listing {
	uint64_t count;
	bool recent; /* --bootloop */
};

static bool print_device(void *context, const struct fl_device_row *row)
{
	struct listing *listing = context;
	const char *serial = cli_text(row->serial);
	char last[24];
	if (!listing->count++)
		printf("%-20s %-10s %-14s %-19s %6s %6s %10s %8s%s\n", "device", "cohort",
		       "version", "last seen (UTC)", "traces", "issues", "unexpected", "expected",
		       listing->recent ? "  at worst" : "");
	if (strlen(serial) > SERIAL_COLUMNS) {
		puts(serial);
		serial = "";
	}
	printf("%-20s %-10s %-14s %-19s %6" PRIu64 " %6" PRIu64 " %10" PRIu64 " %8" PRIu64, serial,
	       cli_text(row->cohort), cli_text(row->software_version),
	       cli_time(row->last_seen, last), row->traces, row->issues, row->unexpected_reboots,
	       row->expected_reboots);
	if (listing->recent)
		printf("  %8" PRIu64, row->recent_unexpected);
	putchar('\n');
	return true;
}

static bool take_bootloop(const char *text, struct fl_device_filter *filter)
{
	uint32_t count;
	if (!cli_parse_rate("bootloop", text, &count, &filter->within_seconds))
		return false;
	filter->unexpected_min = count;
	return true;
}

static int run_list(const struct cli_verb *verb, int argc, char **argv)
{
	const char *database = NULL;
	const char *bootloop = NULL;
	int format = CLI_TEXT_FORMAT;
	struct fl_device_filter filter = { 0 };
	const struct cli_option options[] = {
		{ "db", 0, CLI_TEXT, &database, NULL },
		{ "bootloop", 0, CLI_OPTIONAL, &bootloop, NULL },
		{ "cohort", 0, CLI_TEXT, &filter.cohort, NULL },
		{ "format", 'f', CLI_CHOICE, &format, cli_formats },
	};
	int code;
	FL_AUTO(fl_store)
	store = cli_begin(verb, options, CLI_COUNT(options), &database, 0, argc, argv, &code);
	if (!store)
		return code;
	if (bootloop && !take_bootloop(bootloop[0] ? bootloop : BOOTLOOP_DEFAULT, &filter))
		return CLI_USAGE;
	struct fl_error err = { 0 };
	if (format == CLI_JSON_FORMAT) {
		json_t *rows = json_array();
		enum fl_code failed = fl_store_devices(store, &filter, add_json_device, rows, &err);
		return cli_answer_json(rows, failed, "devices", &err);
	}
	struct listing listing = { .recent = bootloop != NULL };
	if (fl_store_devices(store, &filter, print_device, &listing, &err))
		return cli_fail("devices", &err);
	if (!listing.count)
		puts(bootloop ? "no device restarts that often" : "no devices");
	return CLI_OK;
}

/* --- show --- */

static bool print_heading(void *context, const struct fl_device_row *row)
{
	char first[24];
	char last[24];
	*(bool *)context = true;
	printf("device %s\n", cli_text(row->serial));
	printf("  cohort      %s\n", cli_text(row->cohort));
	printf("  hardware    %s\n", cli_text(row->hardware_version));
	printf("  software    %s %s\n", cli_text(row->software_type),
	       cli_text(row->software_version));
	printf("  seen        %s to %s UTC\n", cli_time(row->first_seen, first),
	       cli_time(row->last_seen, last));
	printf("  traces      %" PRIu64 " of %" PRIu64 " issues\n", row->traces, row->issues);
	printf("  reboots     %" PRIu64 " unexpected, %" PRIu64 " expected\n",
	       row->unexpected_reboots, row->expected_reboots);
	if (row->limited)
		printf("  limited     %" PRIu64
		       " dumps and events were dropped by its rate limit\n",
		       row->limited);
	if (row->pending_bytes)
		printf("  pending     %" PRIu64 " bytes of a message that is not complete\n",
		       row->pending_bytes);
	return true;
}

static bool print_reboot(void *context, const struct fl_reboot_row *row)
{
	char last[24];
	uint64_t *count = context;
	if (!(*count)++)
		printf("\n%-24s %-10s %-16s %6s  %s\n", "reboots", "", "version", "count",
		       "last (UTC)");
	printf("%-24s %-10s %-16s %6" PRIu64 "  %s\n", cli_text(row->name),
	       row->expected ? "expected" : "unexpected", cli_text(row->software_version),
	       row->count, cli_time(row->last_at, last));
	return true;
}

enum { TRACES_SHOWN = 20 };

static bool print_trace(void *context, const struct fl_trace_row *row)
{
	char time[24];
	uint64_t *count = context;
	if (!(*count)++)
		printf("\n%6s %6s  %-11s %-7s %-19s  %s\n", "trace", "issue", "state", "kind",
		       "received (UTC)", "title");
	printf("%6" PRId64 " %6" PRId64 "  %-11s %-7s %-19s  %s\n", row->id, row->issue_id,
	       row->state, row->kind, cli_time(row->received_at, time),
	       cli_text(row->title ? row->title : row->source));
	return *count < TRACES_SHOWN;
}

static void print_transport(const struct fl_transport_counts *counts)
{
	if (!counts->chunks && !counts->drops[FL_DROP_UNDECODABLE].events)
		return;
	printf("\ntransport   %" PRIu64 " chunk%s, %" PRIu64 " bytes; %" PRIu64
	       " message%s complete, %" PRIu64 " bytes\n",
	       counts->chunks, cli_s(counts->chunks), counts->bytes, counts->messages,
	       cli_s(counts->messages), counts->message_bytes);
	for (int i = 0; i < FL_DROP_COUNT; i++)
		if (counts->drops[i].events)
			printf("  %-10s %" PRIu64 " times, %" PRIu64 " bytes\n",
			       fl_drop_name((enum fl_drop)i), counts->drops[i].events,
			       counts->drops[i].bytes);
}

static int not_found(const char *serial)
{
	if (serial[0])
		cli_error("there is no device %s", cli_text(serial));
	else
		cli_error("an empty text is no device's serial");
	return CLI_NOT_FOUND;
}

static bool note_device(void *context, const struct fl_device_row *row)
{
	bool *found = context;
	(void)row;
	*found = true;
	return false;
}

bool cli_device_exists(struct fl_store *store, const char *serial, int *exit_ret)
{
	const struct fl_device_filter filter = { .serial = serial };
	struct fl_error err = { 0 };
	bool found = false;
	if (fl_store_devices(store, &filter, note_device, &found, &err))
		*exit_ret = cli_fail("device", &err);
	else if (!found)
		*exit_ret = not_found(serial);
	return found;
}

static int show_text(struct fl_store *store, const char *serial)
{
	const struct fl_device_filter filter = { .serial = serial };
	const struct fl_trace_filter traces = { .device = serial };
	struct fl_transport_counts counts = { 0 };
	struct fl_error err = { 0 };
	uint64_t reboots = 0;
	uint64_t shown = 0;
	bool found = false;
	if (fl_store_devices(store, &filter, print_heading, &found, &err))
		return cli_fail("device", &err);
	if (!found)
		return not_found(serial);
	if (fl_store_reboots(store, serial, print_reboot, &reboots, &err) ||
	    fl_store_traces(store, &traces, print_trace, &shown, &err) ||
	    fl_store_transport_counts(store, serial, &counts, &err))
		return cli_fail("device", &err);
	if (shown == TRACES_SHOWN)
		printf("        the newest %d; all: faultline traces list --device '%s'\n",
		       TRACES_SHOWN, cli_text(serial));
	print_transport(&counts);
	return CLI_OK;
}

static bool keep_json_device(void *context, const struct fl_device_row *row)
{
	*(json_t **)context = device_json(row);
	return true;
}

static bool add_json_reboot(void *context, const struct fl_reboot_row *row)
{
	return cli_append_json(
		context,
		json_pack("{s:I, s:s?, s:b, s:s?, s:s?, s:I, s:I, s:I}", "code",
			  (json_int_t)row->code, "name", row->name, "expected", (int)row->expected,
			  "software_type", row->software_type, "software_version",
			  row->software_version, "count", (json_int_t)row->count, "first_at",
			  (json_int_t)row->first_at, "last_at", (json_int_t)row->last_at));
}

static bool add_json_trace_id(void *context, const struct fl_trace_row *row)
{
	return cli_append_json(context, json_integer(row->id));
}

static json_t *transport_json(const struct fl_transport_counts *counts)
{
	json_t *drops = json_object();
	for (int i = 0; i < FL_DROP_COUNT; i++)
		json_object_set_new(drops, fl_drop_name((enum fl_drop)i),
				    json_pack("{s:I, s:I}", "events",
					      (json_int_t)counts->drops[i].events, "bytes",
					      (json_int_t)counts->drops[i].bytes));
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "chunks", (json_int_t)counts->chunks,
			 "bytes", (json_int_t)counts->bytes, "overhead",
			 (json_int_t)counts->overhead, "messages", (json_int_t)counts->messages,
			 "message_bytes", (json_int_t)counts->message_bytes, "drops", drops);
}

static int show_json(struct fl_store *store, const char *serial)
{
	const struct fl_device_filter filter = { .serial = serial };
	const struct fl_trace_filter traces = { .device = serial };
	struct fl_transport_counts counts = { 0 };
	struct fl_error err = { 0 };
	json_t *device = NULL;
	if (fl_store_devices(store, &filter, keep_json_device, &device, &err))
		return cli_fail("device", &err);
	if (!device)
		return not_found(serial);
	json_t *reboots = json_array();
	json_t *ids = json_array();
	json_object_set_new(device, "reboots", reboots);
	json_object_set_new(device, "trace_ids", ids);
	enum fl_code failed = fl_store_reboots(store, serial, add_json_reboot, reboots, &err);
	if (!failed)
		failed = fl_store_traces(store, &traces, add_json_trace_id, ids, &err);
	if (!failed)
		failed = fl_store_transport_counts(store, serial, &counts, &err);
	json_object_set_new(device, "transport", transport_json(&counts));
	return cli_answer_json(device, failed, "device", &err);
}

static int run_show(const struct cli_verb *verb, int argc, char **argv)
{
	const char *database = NULL;
	int format = CLI_TEXT_FORMAT;
	const struct cli_option options[] = {
		{ "db", 0, CLI_TEXT, &database, NULL },
		{ "format", 'f', CLI_CHOICE, &format, cli_formats },
	};
	int code;
	FL_AUTO(fl_store)
	store = cli_begin_with(verb, options, CLI_COUNT(options), &database, "one serial number",
			       argc, argv, &code);
	if (!store)
		return code;
	return format == CLI_JSON_FORMAT ? show_json(store, argv[1]) : show_text(store, argv[1]);
}

/* --- forget --- */

static void print_forgotten(const char *serial, const struct fl_forgotten *gone, bool done)
{
	printf("device %s: %" PRIu64 " dumps and events, %" PRIu64 " traces, %" PRIu64
	       " kept messages, %" PRIu64 " reboots, %" PRIu64 " bytes of incomplete messages %s",
	       cli_text(serial), gone->dumps, gone->traces, gone->kept, gone->reboots,
	       gone->partial_bytes, done ? "are forgotten" : "would be forgotten");
	if (gone->issues_emptied)
		printf("; %" PRIu64 " issues %s their last trace", gone->issues_emptied,
		       done ? "lost" : "would lose");
	putchar('\n');
}

/* For ever: somebody has to mean it. */
static bool confirmed(void)
{
	char answer[16] = "";
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		cli_error("this cannot be undone: say --yes, or --dry-run to only look");
		return false;
	}
	fputs("This cannot be undone. Forget it (yes/no)? ", stderr);
	if (fgets(answer, sizeof(answer), stdin) && strcmp(answer, "yes\n") == 0)
		return true;
	cli_error("nothing was forgotten");
	return false;
}

static int run_forget(const struct cli_verb *verb, int argc, char **argv)
{
	const char *database = NULL;
	bool dry_run = false;
	bool yes = false;
	const struct cli_option options[] = {
		{ "db", 0, CLI_TEXT, &database, NULL },
		{ "dry-run", 'n', CLI_FLAG, &dry_run, NULL },
		{ "yes", 'y', CLI_FLAG, &yes, NULL },
	};
	int code;
	FL_AUTO(fl_store)
	store = cli_begin_with(verb, options, CLI_COUNT(options), &database, "one serial number",
			       argc, argv, &code);
	if (!store)
		return code;
	struct fl_forgotten gone = { 0 };
	struct fl_error err = { 0 };
	if (dry_run || !yes) {
		if (fl_store_forget_device(store, argv[1], true, &gone, &err))
			return cli_fail(NULL, &err);
		print_forgotten(argv[1], &gone, false);
		fflush(stdout);
		if (dry_run)
			return CLI_OK;
		if (!confirmed())
			return CLI_USAGE;
	}
	if (fl_store_forget_device(store, argv[1], false, &gone, &err))
		return cli_fail(NULL, &err);
	print_forgotten(argv[1], &gone, true);
	return CLI_OK;
}

const struct cli_verb cli_devices_list = {
	.name = "devices list",
	.summary = "the devices, their crashes and reboots",
	.run = run_list,
	.help = "usage: faultline devices list [--db FILE] [options]\n"
		"\n"
		"      --bootloop [N/SECONDS]  only those that ever restarted unexpectedly at least\n"
		"                              N times within so many seconds (" BOOTLOOP_DEFAULT
		"),\n"
		"                              and how often at worst\n"
		"      --cohort C              only those of a cohort\n"
		"  -f, --format text|json\n"
		"\n"
		"example: faultline devices list --bootloop 3/600 --db crashes.db\n",
};

const struct cli_verb cli_devices_show = {
	.name = "devices show",
	.summary = "one device: versions, reboots by reason, traces, transport",
	.run = run_show,
	.help = "usage: faultline devices show SERIAL [--db FILE] [--format text|json]\n"
		"\n"
		"example: faultline devices show unit-0042 --db crashes.db\n",
};

const struct cli_verb cli_devices_forget = {
	.name = "devices forget",
	.summary = "remove everything that came from a device",
	.run = run_forget,
	.help = "usage: faultline devices forget SERIAL [--dry-run] [--yes] [--db FILE]\n"
		"\n"
		"Removes the device, its dumps, traces, reboots, messages and half-received data.\n"
		"Issues stay, counted anew. Backups are not touched.\n"
		"\n"
		"  -n, --dry-run  only say what that would be\n"
		"  -y, --yes      do not ask\n"
		"\n"
		"example: faultline devices forget unit-0042 --dry-run --db crashes.db\n",
};
