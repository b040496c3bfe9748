/* SPDX-License-Identifier: Apache-2.0 */
/* What became of it, in words and as JSON. */
#include "cli/ingest.h"
#include "cli/json.h"

#include <inttypes.h>

static const struct {
	const char *key, *words;
} skips[] = {
	[CLI_SKIP_UNKNOWN] = { "not_recognised", "not recognised" },
	[CLI_SKIP_ELF] = { "elf", "ELF files: 'faultline symbols add' takes them" },
	[CLI_SKIP_OTHER] = { "other_dumps", "dumps of other systems" },
	[CLI_SKIP_EMPTY] = { "empty", "empty" },
	[CLI_SKIP_NAME] = { "name", "names that do not match --device-from-name" },
};
_Static_assert(CLI_COUNT(skips) == CLI_SKIP_COUNT, "a reason without words");

static const char *const item_words[] = {
	[FL_ITEM_COREDUMP] = "coredumps",
	[FL_ITEM_REBOOT] = "reboot events",
	[FL_ITEM_TRACE] = "trace events",
	[FL_ITEM_HEARTBEAT] = "heartbeats",
	[FL_ITEM_LOG] = "logs",
	[FL_ITEM_RECORDING] = "recordings",
	[FL_ITEM_UNKNOWN] = "of unknown kind",
};
_Static_assert(CLI_COUNT(item_words) == FL_ITEM_COUNT, "a kind without words");

static const char *const drop_words[] = {
	[FL_DROP_RESTARTED] = "given up when the next message began",
	[FL_DROP_ORPHAN] = "without a beginning",
	[FL_DROP_REPEATED] = "sent twice",
	[FL_DROP_CONFLICT] = "contradicting what was received",
	[FL_DROP_GAP] = "with bytes missing in between",
	[FL_DROP_SHORT] = "without an end",
	[FL_DROP_CRC] = "with a wrong CRC",
	[FL_DROP_TOO_LONG] = "announcing too much",
	[FL_DROP_MALFORMED] = "that are no chunks",
	[FL_DROP_FILLER] = "of filler",
	[FL_DROP_EXPIRED] = "too old",
	[FL_DROP_UNDECODABLE] = "that could not be decoded",
};
_Static_assert(CLI_COUNT(drop_words) == FL_DROP_COUNT, "a reason without words");

static void print_items(const struct fl_intake_summary *total)
{
	const char *before = "items: ";
	for (size_t i = 0; i < FL_ITEM_COUNT; i++) {
		if (!total->items[i])
			continue;
		printf("%s%" PRIu64 " %s", before, total->items[i], item_words[i]);
		before = ", ";
	}
	if (before[0] == ',')
		putchar('\n');
}

static void print_drops(const struct fl_transport_counts *transport)
{
	for (size_t i = 0; i < FL_DROP_COUNT; i++)
		if (transport->drops[i].events && i != FL_DROP_FILLER && i != FL_DROP_UNDECODABLE)
			printf("dropped: %" PRIu64 " %s (%" PRIu64 " bytes)\n",
			       transport->drops[i].events, drop_words[i],
			       transport->drops[i].bytes);
}

static void print_chunks(const struct fl_intake_summary *total)
{
	const struct fl_transport_counts *transport = &total->transport;
	if (!transport->chunks)
		return;
	printf("%" PRIu64 " chunks: %" PRIu64 " messages complete, %" PRIu64 " incomplete, %" PRIu64
	       " orphan, %" PRIu64 " corrupt, %" PRIu64 " duplicate\n",
	       transport->chunks, transport->messages, total->incomplete,
	       transport->drops[FL_DROP_ORPHAN].events, total->corrupt, total->duplicates);
	print_items(total);
	print_drops(transport);
	if (total->incomplete)
		printf("%" PRIu64 " of %" PRIu64 " bytes of incomplete messages are kept until the "
		       "rest comes\n",
		       total->incomplete_bytes, total->incomplete_expected);
}

/* What chunks in the wrong order look like. */
static bool lost_its_order(const struct fl_transport_counts *transport)
{
	return transport->drops[FL_DROP_ORPHAN].events || transport->drops[FL_DROP_GAP].events ||
	       transport->drops[FL_DROP_RESTARTED].events;
}

static void print_trouble(const struct cli_ingest *ingest)
{
	const struct fl_intake_summary *total = &ingest->total;
	if (total->carrier.damaged)
		printf("%" PRIu64 " chunks were damaged on their way (%" PRIu64 " bytes)\n",
		       total->carrier.damaged, total->carrier.damaged_bytes);
	if (total->events.others)
		printf("%" PRIu64 " events of other kinds were passed over\n",
		       total->events.others);
	if (total->turned)
		printf("newest first: taken in from the end, in the order of the events' times\n");
	if (total->limited)
		printf("%" PRIu64 " were dropped by --device-rate, counted\n", total->limited);
	if (total->lost_states)
		printf("%" PRIu64 " devices: what was half-received could not be read any more\n",
		       total->lost_states);
	for (size_t i = 0; i < CLI_SKIP_COUNT; i++)
		if (ingest->skipped[i])
			printf("skipped: %" PRIu64 " %s\n", ingest->skipped[i], skips[i].words);
	if (total->backwards && lost_its_order(&total->transport))
		cli_error("%" PRIu64 " events are older than one before them, and messages are "
			  "incomplete: sort the export by its time, oldest first",
			  total->backwards);
	if (total->refused)
		cli_error("%" PRIu64 " could not be taken in: %s", total->refused,
			  cli_text(total->refused_why));
	if (total->unknown_incomplete)
		cli_error("%" PRIu64 " incomplete messages (%" PRIu64
			  " bytes) of unknown devices were dropped: with --device or "
			  "--device-from-name a later file completes them",
			  total->unknown_incomplete, total->unknown_incomplete_bytes);
}

void cli_ingest_print(const struct cli_ingest *ingest)
{
	const struct fl_intake_summary *total = &ingest->total;
	printf("%" PRIu64 " taken in, %" PRIu64 " duplicates, %" PRIu64 " could not be taken in\n",
	       total->queued + total->kept, total->duplicate_items,
	       ingest->failed + total->refused);
	print_chunks(total);
	print_trouble(ingest);
}

/* --- JSON --- */

static json_t *json_count(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

struct number {
	const char *key;
	uint64_t value;
};

static json_t *json_numbers(const struct number *numbers, size_t count)
{
	json_t *object = json_object();
	for (size_t i = 0; i < count; i++)
		if (json_object_set_new(object, numbers[i].key, json_count(numbers[i].value)) !=
		    0) {
			json_decref(object);
			return NULL;
		}
	return object;
}

static json_t *json_items(const struct fl_intake_summary *total)
{
	struct number numbers[FL_ITEM_COUNT];
	for (size_t i = 0; i < FL_ITEM_COUNT; i++)
		numbers[i] = (struct number){ fl_item_name((enum fl_item_kind)i), total->items[i] };
	return json_numbers(numbers, FL_ITEM_COUNT);
}

static json_t *json_skips(const struct cli_ingest *ingest)
{
	struct number numbers[CLI_SKIP_COUNT];
	for (size_t i = 0; i < CLI_SKIP_COUNT; i++)
		numbers[i] = (struct number){ skips[i].key, ingest->skipped[i] };
	return json_numbers(numbers, CLI_SKIP_COUNT);
}

static json_t *json_drops(const struct fl_transport_counts *transport)
{
	json_t *object = json_object();
	for (size_t i = 0; i < FL_DROP_COUNT; i++) {
		const struct number numbers[] = {
			{ "events", transport->drops[i].events },
			{ "bytes", transport->drops[i].bytes },
		};
		if (json_object_set_new(object, fl_drop_name((enum fl_drop)i),
					json_numbers(numbers, CLI_COUNT(numbers))) != 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *json_messages(const struct fl_intake_summary *total)
{
	const struct number numbers[] = {
		{ "complete", total->transport.messages },
		{ "incomplete", total->incomplete },
		{ "incomplete_bytes", total->incomplete_bytes },
		{ "incomplete_expected", total->incomplete_expected },
		{ "unknown_incomplete", total->unknown_incomplete },
		{ "orphan", total->transport.drops[FL_DROP_ORPHAN].events },
		{ "corrupt", total->corrupt },
		{ "duplicate", total->duplicates },
	};
	return json_numbers(numbers, CLI_COUNT(numbers));
}

static json_t *json_work(const struct cli_ingest *ingest)
{
	const struct fl_worker_summary *work = &ingest->work;
	const struct number numbers[] = {
		{ "analysed", work->filed },           { "new_issues", work->new_issues },
		{ "waiting", work->waiting },          { "quarantined", work->quarantined },
		{ "duplicates", work->duplicates },    { "paired", work->paired },
		{ "expected_reboots", work->reboots },
	};
	return ingest->worked ? json_numbers(numbers, CLI_COUNT(numbers)) : json_null();
}

int cli_ingest_print_json(const struct cli_ingest *ingest)
{
	const struct fl_intake_summary *total = &ingest->total;
	const struct number numbers[] = {
		{ "taken_in", total->queued + total->kept },
		{ "queued", total->queued },
		{ "kept", total->kept },
		{ "duplicates", total->duplicate_items },
		{ "failed", ingest->failed },
		{ "refused", total->refused },
		{ "limited", total->limited },
		{ "files", ingest->files },
		{ "bytes", total->bytes },
		{ "dumps", total->dumps },
		{ "chunks", total->transport.chunks },
		{ "damaged", total->carrier.damaged },
		{ "damaged_bytes", total->carrier.damaged_bytes },
		{ "compact_logs", total->carrier.compact_logs },
		{ "other_events", total->events.others },
		{ "newest_first", total->turned },
		{ "backwards", total->backwards },
		{ "devices", total->devices },
		{ "lost_states", total->lost_states },
	};
	const struct {
		const char *key;
		json_t *value;
	} parts[] = {
		{ "messages", json_messages(total) },
		{ "items", json_items(total) },
		{ "drops", json_drops(&total->transport) },
		{ "skipped", json_skips(ingest) },
		{ "work", json_work(ingest) },
	};
	json_t *object = json_numbers(numbers, CLI_COUNT(numbers));
	bool good = object != NULL;
	for (size_t i = 0; i < CLI_COUNT(parts); i++)
		good = json_object_set_new(object, parts[i].key, parts[i].value) == 0 && good;
	if (!good) {
		json_decref(object);
		object = NULL;
	}
	return cli_print_json(object);
}
