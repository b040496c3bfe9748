/* SPDX-License-Identifier: Apache-2.0 */
/* What devices sent, in everything it travels in, ends up in the database: once, all of it. */
#include "parcel.h"
#include "support/cmocka.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { CHUNK = 80 };

/* Every byte that was pushed is accounted for. */
static void check_balance(const struct fl_transport_counts *counts, uint64_t pending)
{
	uint64_t sum = counts->overhead + counts->message_bytes + pending;
	for (size_t i = 0; i < FL_DROP_COUNT; i++)
		sum += counts->drops[i].bytes;
	assert_int_equal(sum, counts->bytes);
}

static void check_sample(struct depot *depot)
{
	struct stock stock = depot_stock(depot);
	assert_int_equal(stock.queue.queued, 3);
	assert_int_equal(stock.queue.duplicates, 0);
	assert_int_equal(stock.heartbeats, 1);
	assert_int_equal(stock.corrupt + stock.others, 0);
	assert_int_equal(stock.transport.messages, 4);
	check_balance(&stock.transport, 0);
}

static bool check_dump_row(void *context, const struct fl_trace_row *row)
{
	bool *found = context;
	*found = *found || (strcmp(row->kind, "dump") == 0 && row->device &&
			    strcmp(row->device, "SN-1") == 0);
	return true;
}

/* --- carriers --- */

static void as_json_lines(struct bytes *out, const struct packets *packets)
{
	put_json_lines(out, packets, "SN-1");
}

static void as_json_array(struct bytes *out, const struct packets *packets)
{
	put_json_array(out, packets, "SN-1");
}

static void as_sse(struct bytes *out, const struct packets *packets)
{
	put_sse(out, packets, "SN-1");
}

static const struct {
	enum fl_carrier carrier;
	void (*write)(struct bytes *out, const struct packets *packets);
	const char *device; /* that has to be said, because the carrier does not */
} carriers[] = {
	{ FL_CARRIER_LOG, put_log, "SN-1" },      { FL_CARRIER_BASE64, put_base64, "SN-1" },
	{ FL_CARRIER_SPOOL, put_spool, "SN-1" },  { FL_CARRIER_MULTIPART, put_multipart, "SN-1" },
	{ FL_CARRIER_JSON, as_json_lines, NULL }, { FL_CARRIER_JSON, as_json_array, NULL },
	{ FL_CARRIER_SSE, as_sse, NULL },
};

static void test_every_carrier(void **state)
{
	(void)state;
	static const size_t pieces[] = { 0, 1, 7, 4096 };
	PACKETS_AUTO packets = { 0 };
	pack_sample(&packets, CHUNK);
	for (size_t i = 0; i < COUNT(carriers) * COUNT(pieces); i++) {
		size_t which = i / COUNT(pieces);
		BYTES_AUTO bytes = { 0 };
		DEPOT_AUTO depot;
		bool found = false;
		depot_make(&depot);
		carriers[which].write(&bytes, &packets);
		struct fl_delivery_options options = options_of(&depot, carriers[which].device);
		struct fl_intake_summary summary =
			deliver(&options, bytes.data, bytes.size, pieces[i % COUNT(pieces)]);
		assert_int_equal(summary.bytes, bytes.size);
		assert_int_equal(summary.transport.chunks, packets.count);
		assert_int_equal(summary.queued, 3);
		assert_int_equal(summary.kept, 1);
		assert_int_equal(summary.devices, 1);
		assert_int_equal(summary.items[FL_ITEM_COREDUMP], 2);
		assert_int_equal(summary.items[FL_ITEM_REBOOT], 1);
		assert_int_equal(summary.carrier.damaged + summary.incomplete, 0);
		check_sample(&depot);
		const struct fl_trace_filter all = { 0 };
		assert_int_equal(fl_store_traces(depot.store, &all, check_dump_row, &found, NULL),
				 FL_OK);
		assert_true(found);
	}
}

static void test_carrier_is_recognised(void **state)
{
	(void)state;
	PACKETS_AUTO packets = { 0 };
	pack_sample(&packets, CHUNK);
	for (size_t i = 0; i < COUNT(carriers); i++) {
		BYTES_AUTO bytes = { 0 };
		DEPOT_AUTO depot;
		FL_AUTO(fl_delivery) delivery = NULL;
		depot_make(&depot);
		carriers[i].write(&bytes, &packets);
		struct fl_delivery_options options = options_of(&depot, NULL);
		assert_int_equal(fl_delivery_open(&options, &delivery, NULL), FL_OK);
		assert_int_equal(fl_delivery_feed(delivery, bytes.data, bytes.size, NULL), FL_OK);
		assert_int_equal(fl_delivery_end(delivery, NULL), FL_OK);
		assert_int_equal(fl_delivery_carrier(delivery), carriers[i].carrier);
	}
}

static void test_whole_dump(void **state)
{
	(void)state;
	DEPOT_AUTO depot;
	BYTES_AUTO message = { 0 };
	depot_make(&depot);
	put_dump_message(&message, 1, 5000, false);
	struct fl_delivery_options options = options_of(&depot, "SN-1");
	options.software_version = "9.9";
	struct fl_intake_summary summary =
		deliver(&options, message.data + 1, message.size - 1, 1000);
	assert_int_equal(summary.dumps, 1);
	assert_int_equal(summary.queued, 1);
	summary = deliver(&options, message.data + 1, message.size - 1, 0);
	assert_int_equal(summary.duplicates, 1);
	assert_int_equal(summary.queued, 0);
	/* The same in chunks is the same. */
	PACKETS_AUTO packets = { 0 };
	BYTES_AUTO log = { 0 };
	packetize(&packets, message.data, message.size, &(struct packet_options){ .size = CHUNK });
	put_log(&log, &packets);
	summary = deliver(&options, log.data, log.size, 0);
	assert_int_equal(summary.duplicates, 1);
	struct fl_claim claim = { 0 };
	assert_int_equal(fl_store_claim(depot.store, "test", 1, 300, &claim, NULL), FL_OK);
	assert_int_equal(claim.bytes.size, message.size - 1);
	assert_memory_equal(claim.bytes.data, message.data + 1, message.size - 1);
	assert_string_equal(claim.software_version, "9.9");
	fl_claim_deinit(&claim);
}

/* --- half-received messages --- */

static void
deliver_chunks(struct depot *depot, const struct packets *packets, size_t from, size_t to)
{
	const struct packets part = { .items = packets->items + from, .count = to - from };
	BYTES_AUTO log = { 0 };
	if (from == to)
		return;
	put_log(&log, &part);
	struct fl_delivery_options options = options_of(depot, "SN-1");
	(void)deliver(&options, log.data, log.size, 0);
	depot_close(depot);
}

static void test_restart_between_any_two_chunks(void **state)
{
	(void)state;
	PACKETS_AUTO packets = { 0 };
	pack_sample(&packets, CHUNK);
	for (size_t cut = 0; cut <= packets.count; cut++) {
		DEPOT_AUTO depot;
		depot_make(&depot);
		deliver_chunks(&depot, &packets, 0, cut);
		deliver_chunks(&depot, &packets, cut, packets.count);
		check_sample(&depot);
		assert_int_equal(depot_pending(&depot, "SN-1"), 0);
	}
}

static void test_every_chunk_is_a_file(void **state)
{
	(void)state;
	DEPOT_AUTO depot;
	PACKETS_AUTO packets = { 0 };
	depot_make(&depot);
	pack_sample(&packets, 33);
	for (size_t i = 0; i < packets.count; i++) {
		struct fl_delivery_options options = options_of(&depot, "SN-1");
		(void)deliver(&options, packets.items[i].bytes, packets.items[i].size, 0);
		depot_close(&depot);
	}
	check_sample(&depot);
}

static void test_half_of_a_known_device_is_kept(void **state)
{
	(void)state;
	DEPOT_AUTO depot;
	PACKETS_AUTO packets = { 0 };
	BYTES_AUTO message = { 0 };
	BYTES_AUTO log = { 0 };
	depot_make(&depot);
	put_dump_message(&message, 1, 300, false);
	packetize(&packets, message.data, message.size, &(struct packet_options){ .size = CHUNK });
	packets.count--;
	put_log(&log, &packets);
	size_t received = packets.items[packets.count].offset;
	struct fl_delivery_options options = options_of(&depot, "SN-1");
	struct fl_intake_summary summary = deliver(&options, log.data, log.size, 0);
	assert_int_equal(summary.incomplete, 1);
	assert_int_equal(summary.incomplete_bytes, received);
	assert_int_equal(summary.incomplete_expected, message.size);
	assert_int_equal(depot_pending(&depot, "SN-1"), received);
	check_balance(&summary.transport, received);
	/* Nobody's half is nobody's to complete. */
	options.device = NULL;
	summary = deliver(&options, log.data, log.size, 0);
	assert_int_equal(summary.incomplete, 0);
	assert_int_equal(summary.unknown_incomplete, 1);
	assert_int_equal(summary.unknown_incomplete_bytes, received);
	check_balance(&summary.transport, 0);
	struct stock stock = depot_stock(&depot);
	check_balance(&stock.transport, received);
	packets.count++;
}

static void test_unknown_device_within_one_delivery(void **state)
{
	(void)state;
	DEPOT_AUTO depot;
	PACKETS_AUTO packets = { 0 };
	depot_make(&depot);
	pack_sample(&packets, 12);
	FL_AUTO(fl_delivery) delivery = NULL;
	struct fl_delivery_options options = options_of(&depot, NULL);
	options.carrier = FL_CARRIER_SPOOL;
	assert_int_equal(fl_delivery_open(&options, &delivery, NULL), FL_OK);
	for (size_t i = 0; i < packets.count; i++) { /* a batch per chunk */
		const struct packets one = { .items = packets.items + i, .count = 1 };
		BYTES_AUTO bytes = { 0 };
		put_spool(&bytes, &one);
		assert_int_equal(fl_delivery_feed(delivery, bytes.data, bytes.size, NULL), FL_OK);
		assert_int_equal(fl_delivery_flush(delivery, NULL), FL_OK);
	}
	assert_int_equal(fl_delivery_end(delivery, NULL), FL_OK);
	assert_int_equal(fl_delivery_summary(delivery)->unknown_incomplete, 0);
	check_sample(&depot);
}

static void test_damaged_state_is_given_up(void **state)
{
	(void)state;
	DEPOT_AUTO depot;
	PACKETS_AUTO packets = { 0 };
	depot_make(&depot);
	pack_sample(&packets, CHUNK);
	assert_int_equal(
		fl_store_put_partial(depot_store(&depot), "SN-1", "rubbish", 7, 5, 1, NULL), FL_OK);
	BYTES_AUTO log = { 0 };
	put_log(&log, &packets);
	struct fl_delivery_options options = options_of(&depot, "SN-1");
	struct fl_intake_summary summary = deliver(&options, log.data, log.size, 0);
	assert_int_equal(summary.lost_states, 1);
	check_sample(&depot);
}

/* --- repeated, damaged, limited --- */

static void test_repetition(void **state)
{
	(void)state;
	static const struct {
		const char *name, *device, *upload_id_if_unknown;
		uint64_t queued;
	} cases[] = {
		{ "known device", "SN-1", NULL, 3 },
		{ "unknown device", NULL, NULL, 6 },
		{ "unknown, but the file is the same", NULL, "spool:x:1", 3 },
		{ "known: the file does not matter", "SN-1", "spool:x:1", 3 },
	};
	PACKETS_AUTO packets = { 0 };
	BYTES_AUTO log = { 0 };
	pack_sample(&packets, CHUNK);
	put_log(&log, &packets);
	for (size_t i = 0; i < COUNT(cases); i++) {
		DEPOT_AUTO depot;
		depot_make(&depot);
		struct fl_delivery_options options = options_of(&depot, cases[i].device);
		(void)deliver(&options, log.data, log.size, 0);
		if (!cases[i].device) { /* the second and third time with an id */
			depot_remove(&depot);
			depot_make(&depot);
			options = options_of(&depot, NULL);
			options.upload_id_if_unknown = cases[i].upload_id_if_unknown;
			(void)deliver(&options, log.data, log.size, 0);
		}
		options.upload_id_if_unknown = cases[i].upload_id_if_unknown;
		struct fl_intake_summary summary = deliver(&options, log.data, log.size, 0);
		struct stock stock = depot_stock(&depot);
		if (stock.queue.queued != cases[i].queued)
			fail_msg("%s: %d queued", cases[i].name, (int)stock.queue.queued);
		if (cases[i].device) {
			assert_int_equal(summary.duplicates, 4);
			assert_int_equal(stock.heartbeats, 1);
		}
	}
}

static void test_damaged_message(void **state)
{
	(void)state;
	for (int accept = 0; accept < 2; accept++) {
		DEPOT_AUTO depot;
		PACKETS_AUTO packets = { 0 };
		BYTES_AUTO message = { 0 };
		BYTES_AUTO log = { 0 };
		depot_make(&depot);
		put_dump_message(&message, 1, 300, false);
		packetize(&packets, message.data, message.size,
			  &(struct packet_options){ .size = CHUNK });
		packets.items[2].bytes[20] ^= 1;
		put_log(&log, &packets);
		struct fl_delivery_options options = options_of(&depot, "SN-1");
		options.accept_damaged = accept;
		struct fl_intake_summary summary = deliver(&options, log.data, log.size, 0);
		struct stock stock = depot_stock(&depot);
		assert_int_equal(summary.corrupt, 1);
		assert_int_equal(summary.transport.drops[FL_DROP_CRC].events, 1);
		assert_int_equal(stock.corrupt, accept ? 0 : 1);
		assert_int_equal(stock.queue.queued, accept ? 1 : 0);
		check_balance(&stock.transport, 0);
	}
}

static void test_rate_limit_counts(void **state)
{
	(void)state;
	DEPOT_AUTO depot;
	PACKETS_AUTO packets = { 0 };
	BYTES_AUTO log = { 0 };
	depot_make(&depot);
	pack_sample(&packets, CHUNK);
	put_log(&log, &packets);
	struct fl_delivery_options options = options_of(&depot, "SN-1");
	fl_store_set_policy(depot.store, &(struct fl_store_policy){ .device_rate = 1 });
	struct fl_intake_summary summary = deliver(&options, log.data, log.size, 0);
	assert_int_equal(summary.queued, 1);
	assert_int_equal(summary.limited, 2);
	assert_int_equal(summary.kept, 1);
}

/* More than one transaction's worth, in the middle of messages too. */
static void test_many_batches(void **state)
{
	(void)state;
	enum { BIG = 3, MANY = 2500 };
	DEPOT_AUTO depot;
	PACKETS_AUTO packets = { 0 };
	BYTES_AUTO bytes = { 0 };
	depot_make(&depot);
	for (unsigned i = 0; i < BIG + MANY; i++) {
		BYTES_AUTO message = { 0 };
		if (i < BIG)
			put_dump_message(&message, i, 3 << 20, false);
		else
			put_heartbeat_message(&message, i);
		packetize(&packets, message.data, message.size,
			  &(struct packet_options){ .size = i < BIG ? 60000 : 40 });
	}
	put_spool(&bytes, &packets);
	struct fl_delivery_options options = options_of(&depot, "SN-1");
	struct fl_intake_summary summary = deliver(&options, bytes.data, bytes.size, 65536);
	struct stock stock = depot_stock(&depot);
	assert_int_equal(stock.queue.queued, BIG);
	assert_int_equal(stock.heartbeats, MANY);
	assert_int_equal(summary.transport.messages, BIG + MANY);
	assert_int_equal(summary.devices, 1);
	assert_memory_equal(&summary.transport, &stock.transport, sizeof(stock.transport));
	check_balance(&stock.transport, 0);
}

/* --- what is not taken --- */

static void test_refusals(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
		enum fl_code code;
		const char *words;
	} cases[] = {
		{ "", 0, FL_EFORMAT, "empty" },
		{ "\177ELF\1\1\1", 7, FL_EUNSUPPORTED, "symbols add" },
		{ "ZE\2\0\1\1\1\1\1\1\1\1", 12, FL_EUNSUPPORTED, "another system" },
		{ "Dear all,\nnothing.\n", 19, FL_EUNSUPPORTED, "nothing in it is recognised" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		DEPOT_AUTO depot;
		FL_AUTO(fl_delivery) delivery = NULL;
		struct fl_error err = { 0 };
		depot_make(&depot);
		struct fl_delivery_options options = options_of(&depot, NULL);
		assert_int_equal(fl_delivery_open(&options, &delivery, NULL), FL_OK);
		assert_int_equal(fl_delivery_feed(delivery, cases[i].bytes, cases[i].size, &err),
				 FL_OK);
		assert_int_equal(fl_delivery_end(delivery, &err), cases[i].code);
		assert_non_null(strstr(err.message, cases[i].words));
		assert_int_equal(depot_stock(&depot).transport.bytes, 0);
	}
}

/* What the database does not take is counted, and ends nothing. */
static void test_refused_items(void **state)
{
	(void)state;
	DEPOT_AUTO depot;
	PACKETS_AUTO packets = { 0 };
	BYTES_AUTO log = { 0 };
	char version[1026];
	struct fl_error err = { 0 };
	memset(version, 'v', sizeof(version) - 1);
	version[sizeof(version) - 1] = '\0';
	depot_make(&depot);
	pack_sample(&packets, CHUNK);
	put_log(&log, &packets);
	struct fl_delivery_options options = options_of(&depot, "SN-1");
	options.software_version = version;
	struct fl_intake_summary summary = deliver(&options, log.data, log.size, 0);
	struct stock stock = depot_stock(&depot);
	assert_int_equal(summary.refused, 3); /* the heartbeat tells its version itself */
	assert_string_equal(summary.refused_why, "the software version is longer than 1024 bytes");
	assert_int_equal(summary.queued, 0);
	assert_int_equal(summary.kept, 1);
	assert_int_equal(stock.queue.queued, 0);
	assert_int_equal(stock.heartbeats, 1);
	check_balance(&stock.transport, 0);
	/* The same as a file, of which nothing else is to be had. */
	BYTES_AUTO message = { 0 };
	put_dump_message(&message, 1, 300, false);
	options.carrier = FL_CARRIER_DUMP;
	summary = deliver(&options, message.data + 1, message.size - 1, 0);
	assert_int_equal(summary.refused, 1);
	assert_int_equal(fl_intake_judge(&summary, &err), FL_EFORMAT);
	assert_string_equal(err.message, summary.refused_why);
}

static void test_carrier_by_force(void **state)
{
	(void)state;
	DEPOT_AUTO depot;
	depot_make(&depot);
	struct fl_delivery_options options = options_of(&depot, "SN-1");
	options.carrier = FL_CARRIER_CHUNK;
	struct fl_intake_summary summary = deliver(&options, "Dear all", 8, 3);
	assert_int_equal(summary.transport.chunks, 1);
	assert_int_equal(summary.transport.messages, 0);
	options.carrier = FL_CARRIER_ELF;
	FL_AUTO(fl_delivery) delivery = NULL;
	assert_int_equal(fl_delivery_open(&options, &delivery, NULL), FL_OK);
	assert_int_equal(fl_delivery_feed(delivery, "x", 1, NULL), FL_EUNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_carrier),
		cmocka_unit_test(test_carrier_is_recognised),
		cmocka_unit_test(test_whole_dump),
		cmocka_unit_test(test_restart_between_any_two_chunks),
		cmocka_unit_test(test_every_chunk_is_a_file),
		cmocka_unit_test(test_half_of_a_known_device_is_kept),
		cmocka_unit_test(test_unknown_device_within_one_delivery),
		cmocka_unit_test(test_damaged_state_is_given_up),
		cmocka_unit_test(test_repetition),
		cmocka_unit_test(test_damaged_message),
		cmocka_unit_test(test_rate_limit_counts),
		cmocka_unit_test(test_many_batches),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_refused_items),
		cmocka_unit_test(test_carrier_by_force),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
