/* SPDX-License-Identifier: Apache-2.0 */
#include "parcel.h"

#include "support/cbor_writer.h"
#include "support/cmocka.h"
#include "support/dump_writer.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void depot_make(struct depot *depot)
{
	*depot = (struct depot){ .folder = "/tmp/faultline-intake-XXXXXX" };
	assert_non_null(mkdtemp(depot->folder));
	snprintf(depot->database, sizeof(depot->database), "%s/test.db", depot->folder);
	snprintf(depot->locks, sizeof(depot->locks), "%s.ingest", depot->database);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(path);
}

void depot_remove(struct depot *depot)
{
	depot_close(depot);
	if (depot->folder[0])
		nftw(depot->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

struct fl_store *depot_store(struct depot *depot)
{
	struct fl_error err = { 0 };
	if (!depot->store && fl_store_open(depot->database, &depot->store, &err))
		fail_msg("%s", err.message);
	return depot->store;
}

void depot_close(struct depot *depot)
{
	fl_store_close(depot->store);
	depot->store = NULL;
}

static bool count_kept(void *context, const char *kind, uint64_t count, uint64_t bytes)
{
	struct stock *stock = context;
	uint64_t *of = strcmp(kind, "heartbeat") == 0 ? &stock->heartbeats
		       : strcmp(kind, "corrupt") == 0 ? &stock->corrupt
						      : &stock->others;
	*of += count;
	return bytes > 0;
}

struct stock depot_stock(struct depot *depot)
{
	struct stock stock = { 0 };
	struct fl_store *store = depot_store(depot);
	assert_int_equal(fl_store_queue_counts(store, &stock.queue, NULL), FL_OK);
	assert_int_equal(fl_store_kept(store, count_kept, &stock, NULL), FL_OK);
	assert_int_equal(fl_store_transport_counts(store, NULL, &stock.transport, NULL), FL_OK);
	return stock;
}

uint64_t depot_pending(struct depot *depot, const char *device)
{
	FL_AUTO_BUFFER state = { 0 };
	FL_AUTO(fl_stream) stream = NULL;
	assert_int_equal(fl_store_partial(depot_store(depot), device, &state, NULL), FL_OK);
	assert_int_equal(fl_stream_restore(state.data, state.size, 0, &stream, NULL), FL_OK);
	return fl_stream_pending(stream, NULL);
}

/* --- messages --- */

void put_dump_message(struct bytes *out, unsigned seed, size_t memory, bool rle)
{
	DUMP_AUTO dump = { 0 };
	uint8_t *ram = malloc(memory);
	assert_non_null(ram);
	for (size_t i = 0; i < memory; i++) /* stretches that are all the same, and others */
		ram[i] = i & 64 ? (uint8_t)seed : (uint8_t)((seed + i) * 2654435761u >> 13);
	dump_begin(&dump, 1);
	dump_block(&dump, 1, 0x20000000, ram, memory);
	dump_end(&dump, false);
	put_u8(out, rle ? 0x81 : 0x01);
	if (rle) {
		uint8_t *packed = malloc(2 * dump.size + 10);
		assert_non_null(packed);
		put(out, packed, packet_rle(dump.bytes, dump.size, packed));
		free(packed);
	} else {
		put(out, dump.bytes, dump.size);
	}
	free(ram);
}

static void put_event_head(struct bytes *out, unsigned type)
{
	put_u8(out, 0x02);
	put_cbor(out, CBOR_MAP, 5);
	put_cbor_pair(out, 2, type);
	put_cbor_pair(out, 3, 1);
	put_cbor_pair_text(out, 10, "app");
	put_cbor_pair_text(out, 9, "1.2.3");
	put_cbor(out, CBOR_UINT, 4);
}

void put_heartbeat_message(struct bytes *out, unsigned seed)
{
	put_event_head(out, 1);
	put_cbor(out, CBOR_MAP, 1);
	put_cbor(out, CBOR_UINT, 1);
	put_cbor(out, CBOR_ARRAY, 2);
	put_cbor(out, CBOR_UINT, seed);
	put_cbor_null(out);
}

void put_reboot_message(struct bytes *out, uint32_t pc)
{
	put_event_head(out, 2);
	put_cbor(out, CBOR_MAP, 4);
	put_cbor_pair(out, 1, 0x8001);
	put_cbor_pair(out, 2, pc);
	put_cbor_pair(out, 3, 0x08000201);
	put_cbor_pair(out, 5, 1);
}

void pack_sample(struct packets *packets, size_t size)
{
	const struct packet_options options = { .size = size };
	for (unsigned i = 0; i < 4; i++) {
		BYTES_AUTO message = { 0 };
		if (i == 1)
			put_heartbeat_message(&message, 7);
		else if (i == 2)
			put_reboot_message(&message, 0x08000310);
		else
			put_dump_message(&message, i, 300, i == 0);
		packetize(packets, message.data, message.size, &options);
	}
}

/* --- carriers --- */

void put_string(struct bytes *out, const char *format, ...)
{
	char *text = NULL;
	va_list ap;
	va_start(ap, format);
	int size = vasprintf(&text, format, ap);
	va_end(ap);
	assert_true(size >= 0);
	put(out, text, (size_t)size);
	free(text);
}

static char *base64_of(const struct packet *packet)
{
	char *text = malloc(packet->size / 3 * 4 + 5);
	assert_non_null(text);
	packet_base64(packet->bytes, packet->size, text);
	return text;
}

void put_log(struct bytes *out, const struct packets *packets)
{
	for (size_t i = 0; i < packets->count; i++) {
		char *text = base64_of(&packets->items[i]);
		put_string(out, "[%zu.123] \033[32mI\033[0m mflt: MC:%s: x\r\nboot ok\n", i, text);
		free(text);
	}
}

void put_base64(struct bytes *out, const struct packets *packets)
{
	for (size_t i = 0; i < packets->count; i++) {
		char *text = base64_of(&packets->items[i]);
		put_string(out, "%s\n", text);
		free(text);
	}
}

void put_spool(struct bytes *out, const struct packets *packets)
{
	for (size_t i = 0; i < packets->count; i++) {
		size_t size = packets->items[i].size;
		put(out, "CHNK", 4);
		for (int shift = 24; shift >= 0; shift -= 8)
			put_u8(out, (unsigned)(size >> shift) & 0xff);
		put(out, packets->items[i].bytes, size);
	}
}

void put_multipart(struct bytes *out, const struct packets *packets)
{
	for (size_t i = 0; i < packets->count; i++) {
		put_string(out,
			   "--B7\r\nContent-Type: application/octet-stream\r\n"
			   "Content-Length: %zu\r\n\r\n",
			   packets->items[i].size);
		put(out, packets->items[i].bytes, packets->items[i].size);
		put_string(out, "\r\n");
	}
	put_string(out, "--B7--\r\n");
}

void put_event(struct bytes *out, const struct packet *packet, const char *device)
{
	char *text = base64_of(packet);
	put_string(out,
		   "{\"event\":\"memfault-chunks\",\"data\":\"%s\",\"coreid\":\"%s\","
		   "\"published_at\":\"2026-02-01T12:00:00.123Z\"}",
		   text, device);
	free(text);
}

void put_json_lines(struct bytes *out, const struct packets *packets, const char *device)
{
	for (size_t i = 0; i < packets->count; i++) {
		put_event(out, &packets->items[i], device);
		put_string(out, "\n");
	}
}

void put_json_array(struct bytes *out, const struct packets *packets, const char *device)
{
	put_string(out, " [\n");
	for (size_t i = 0; i < packets->count; i++) {
		put_string(out, "%s  ", i ? ",\n" : "");
		put_event(out, &packets->items[i], device);
	}
	put_string(out, "\n]\n");
}

/* As the cloud's stream of events is: the name is a field of its own. */
void put_sse(struct bytes *out, const struct packets *packets, const char *device)
{
	put_string(out, ":ok\n\n");
	for (size_t i = 0; i < packets->count; i++) {
		char *text = base64_of(&packets->items[i]);
		put_string(out,
			   "event: memfault-chunks\ndata: {\"data\":\"%s\",\"ttl\":60,\n"
			   "data: \"published_at\":\"2026-02-01T12:00:00Z\",\"coreid\":\"%s\"}\n\n"
			   ": keep-alive\n\n",
			   text, device);
		free(text);
	}
}

/* --- deliveries --- */

struct fl_delivery_options options_of(struct depot *depot, const char *device)
{
	return (struct fl_delivery_options){
		.store = depot_store(depot),
		.lock_path = depot->locks,
		.device = device,
		.source = "test.bin",
		.received_at = 1700000000,
	};
}

struct fl_intake_summary
deliver(const struct fl_delivery_options *options, const void *bytes, size_t size, size_t piece)
{
	FL_AUTO(fl_delivery) delivery = NULL;
	struct fl_error err = { 0 };
	enum fl_code code = fl_delivery_open(options, &delivery, &err);
	for (size_t at = 0; !code && at < size; at += piece) {
		if (!piece || piece > size - at)
			piece = size - at;
		code = fl_delivery_feed(delivery, (const uint8_t *)bytes + at, piece, &err);
	}
	if (!code)
		code = fl_delivery_end(delivery, &err);
	if (code)
		fail_msg("%s", err.message);
	return *fl_delivery_summary(delivery);
}
