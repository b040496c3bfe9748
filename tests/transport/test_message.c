/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cbor_writer.h"
#include "support/cmocka.h"

#include "base/limits.h"

#include <faultline/event.h>
#include <faultline/transport.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Identity as a device sends it: schema 1, type "app", version "1.2.3", hardware "ev", build id. */
#define IDENTITY "0301 0a63617070 0965312e322e33 06626576 0b46a0a1a2a3a4a5 "
#define PIN      "a7 0202 " IDENTITY "04 a3 010a 0404 0500 "
#define ASSERT   "a8 0202 " IDENTITY "011a6553f100 04 a4 01198001 021a08000310 031a08000201 0501 "
#define TRACE    "a7 0202 " IDENTITY "04 a4 0601 021a08001234 031a08000101 0722 "
#define LOGS     "a8 0206 " IDENTITY "011a6553f100 04 86 1a6553f100 01 626869 00 03 63626164 "

/* An opened message with the exact-size bytes it borrows. */
struct opened {
	uint8_t *bytes;
	size_t size;
	struct fl_message *message;
	const struct fl_item *items;
	size_t count;
};

static struct opened open_bytes(const void *bytes, size_t size)
{
	struct opened o = { .bytes = exact_copy(bytes, size), .size = size };
	struct fl_error err = { 0 };
	if (fl_message_open(o.bytes, size, &o.message, &err))
		fail_msg("%s", err.message);
	o.items = fl_message_items(o.message, &o.count);
	assert_true(o.count > 0);
	return o;
}

static struct opened open_hex(const char *hex)
{
	BYTES_AUTO b = { 0 };
	put_hex(&b, hex);
	return open_bytes(b.data, b.size);
}

static void close_opened(struct opened *o)
{
	fl_message_close(o->message);
	free(o->bytes);
}

static void assert_unknown(const struct opened *o, size_t i, const char *text)
{
	assert_true(i < o->count);
	assert_int_equal(o->items[i].kind, FL_ITEM_UNKNOWN);
	assert_string_equal(o->items[i].text, text);
}

/* The whole message is kept where a part of it could not be taken. */
static void assert_damaged(const struct opened *o, size_t i, const char *text)
{
	assert_unknown(o, i, text);
	assert_int_equal(i, o->count - 1);
	assert_int_equal(o->items[i].size, o->size);
	if (o->size)
		assert_ptr_equal(o->items[i].bytes, o->bytes);
}

static enum fl_code
keep(void *context, const struct fl_stream_message *message, struct fl_error *err)
{
	struct bytes *b = context;
	(void)err;
	assert_true(message->intact);
	assert_int_equal(b->size, 0);
	put(b, message->bytes, message->size);
	return FL_OK;
}

/* From the chunk to the items. */
static struct opened open_chunk(const char *hex)
{
	BYTES_AUTO chunk = { 0 };
	BYTES_AUTO message = { 0 };
	FL_AUTO(fl_stream) stream = NULL;
	struct fl_transport_counts counts = { 0 };
	put_hex(&chunk, hex);
	assert_int_equal(fl_stream_open(0, &stream, NULL), FL_OK);
	assert_int_equal(
		fl_stream_push(stream, chunk.data, chunk.size, keep, &message, &counts, NULL),
		FL_OK);
	assert_int_equal(counts.messages, 1);
	return open_bytes(message.data, message.size);
}

static void assert_identity(const struct fl_item *item)
{
	assert_string_equal(item->software_type, "app");
	assert_string_equal(item->software_version, "1.2.3");
	assert_string_equal(item->hardware_version, "ev");
	assert_null(item->device);
	assert_null(item->text);
}

static void test_chunks_of_events(void **state)
{
	(void)state;
	static const struct {
		const char *chunk;
		enum fl_item_kind kind;
		enum fl_message_type type;
		bool has_captured_at, expected;
	} cases[] = {
		{ "0802" PIN "39f8", FL_ITEM_REBOOT, FL_MESSAGE_EVENTS, false, true },
		{ "0802" ASSERT "9332", FL_ITEM_REBOOT, FL_MESSAGE_EVENTS, true, false },
		{ "0802" TRACE "5aea", FL_ITEM_TRACE, FL_MESSAGE_EVENTS, false, false },
		{ "0803" LOGS "9a1d", FL_ITEM_LOG, FL_MESSAGE_LOGS, true, false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct opened o = open_chunk(cases[i].chunk);
		assert_int_equal(o.count, 1);
		assert_int_equal(fl_message_type(o.message), cases[i].type);
		assert_null(fl_message_project_key(o.message));
		assert_int_equal(o.items[0].kind, cases[i].kind);
		assert_ptr_equal(o.items[0].bytes, o.bytes + 1);
		assert_int_equal(o.items[0].size, o.size - 1);
		assert_int_equal(o.items[0].has_captured_at, cases[i].has_captured_at);
		if (cases[i].has_captured_at)
			assert_int_equal(o.items[0].captured_at, 1700000000);
		assert_int_equal(o.items[0].expected, cases[i].expected);
		assert_identity(&o.items[0]);
		close_opened(&o);
	}
}

static void test_batches(void **state)
{
	(void)state;
	static const char *const forms[] = {
		"02 84" PIN ASSERT TRACE PIN,             /* one array */
		"02" PIN ASSERT TRACE PIN,                /* one after another */
		"02 9f" PIN ASSERT TRACE PIN "ff",        /* an array without a count */
		"02 82" PIN ASSERT "82" TRACE PIN,        /* two arrays */
		"02 d9d9f7 84" PIN "c0" ASSERT TRACE PIN, /* tagged */
	};
	static const enum fl_item_kind kinds[] = { FL_ITEM_REBOOT, FL_ITEM_REBOOT, FL_ITEM_TRACE,
						   FL_ITEM_REBOOT };
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct opened o = open_hex(forms[i]);
		assert_int_equal(o.count, 4);
		for (size_t k = 0; k < 4; k++) {
			assert_int_equal(o.items[k].kind, kinds[k]);
			assert_identity(&o.items[k]);
			assert_int_equal(o.items[k].bytes[0] & 0xe0, 0xa0);
		}
		assert_int_equal(o.items[1].size, 55);
		close_opened(&o);
	}
}

static void test_expected_reboots(void **state)
{
	(void)state;
	static const struct {
		uint32_t reason;
		bool expected;
	} cases[] = {
		{ 0x0000, false }, { 0x0001, true },  { 0x1000, true },   { 0x7fff, true },
		{ 0x8000, false }, { 0xa000, false }, { 0x10001, false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		BYTES_AUTO b = { 0 };
		put_hex(&b, "02 a2 0202 04 a1");
		put_cbor_pair(&b, 1, cases[i].reason);
		struct opened o = open_bytes(b.data, b.size);
		assert_int_equal(o.items[0].kind, FL_ITEM_REBOOT);
		assert_int_equal(o.items[0].expected, cases[i].expected);
		close_opened(&o);
	}
}

static void test_kinds_of_events(void **state)
{
	(void)state;
	static const struct {
		const char *hex;
		enum fl_item_kind kind;
		const char *name;
	} cases[] = {
		{ "02 a2 0201 04 a1 01 81 f6", FL_ITEM_HEARTBEAT, "heartbeat" },
		{ "02 a2 0202 04 a1 06 01", FL_ITEM_TRACE, "trace" },
		{ "02 a2 0202 04 a1 01 01", FL_ITEM_REBOOT, "reboot" },
		{ "02 a2 0203 04 a1 01 6161", FL_ITEM_LOG, "log" },
		{ "03 a2 0204 04 82 01 6161", FL_ITEM_LOG, "log" },
		{ "03 a2 0206 04 83 00 01 6161", FL_ITEM_LOG, "log" },
		{ "04 a2 0205 04 a1 01 05", FL_ITEM_RECORDING, "recording" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct opened o = open_hex(cases[i].hex);
		assert_int_equal(o.count, 1);
		assert_int_equal(o.items[0].kind, cases[i].kind);
		assert_string_equal(fl_item_name(o.items[0].kind), cases[i].name);
		assert_ptr_equal(o.items[0].bytes, o.bytes + 1);
		assert_int_equal(o.items[0].size, o.size - 1);
		close_opened(&o);
	}
	assert_string_equal(fl_item_name(FL_ITEM_COREDUMP), "coredump");
	assert_string_equal(fl_item_name(FL_ITEM_UNKNOWN), "unknown");
	assert_string_equal(fl_item_name((enum fl_item_kind)99), "unknown");
}

/* Valid, but not of this version: kept each by itself, and what follows is read. */
static void test_unknown_events(void **state)
{
	(void)state;
	struct opened o = open_hex("02 83 a1 0209 a1 0202" PIN);
	assert_int_equal(o.count, 3);
	assert_unknown(&o, 0, "event of type 9 is not known");
	assert_int_equal(o.items[0].size, 3);
	assert_unknown(&o, 1, "trace event without information at byte 5");
	assert_int_equal(o.items[2].kind, FL_ITEM_REBOOT);
	close_opened(&o);
}

static void test_unknown_messages(void **state)
{
	(void)state;
	static const struct {
		const char *hex, *text;
	} cases[] = {
		{ "", "an empty message" },
		{ "00", "message of type 0 is not known" },
		{ "05 a0", "message of type 5 is not known" },
		{ "bf 00", "message of type 63 is not known" },
		{ "efefefef", "message of type 47 is not known: the device could not read its "
			      "storage" },
		{ "42 6162", "the project key has no end" },
		{ "02", "no events in it" },
		{ "02 80", "no events in it" },
		{ "02 00", "no map, so no event at byte 1" },
		{ "02 a0", "event without a type at byte 1" },
		{ "02 81 81 80", "no map, so no event at byte 2" },
		{ "02 ef", "no CBOR at byte 1: the device could not read its storage" },
		{ "02 9b ffffffffffffffff", "CBOR ends early at byte 10" },
		{ "01", "no coredump in a coredump message" },
		{ "01 434f5244", "no coredump in a coredump message" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct opened o = open_hex(cases[i].hex);
		assert_int_equal(o.count, 1);
		assert_damaged(&o, 0, cases[i].text);
		close_opened(&o);
	}
}

static void test_project_key(void **state)
{
	(void)state;
	struct opened o = open_hex("42 6b657900" PIN);
	assert_string_equal(fl_message_project_key(o.message), "key");
	assert_int_equal(o.count, 1);
	assert_int_equal(o.items[0].kind, FL_ITEM_REBOOT);
	assert_int_equal(fl_message_type(o.message), FL_MESSAGE_EVENTS);
	assert_ptr_equal(o.items[0].bytes, o.bytes + 5);
	close_opened(&o);

	o = open_hex("41 00 434f5245 0200000000000000");
	assert_string_equal(fl_message_project_key(o.message), "");
	assert_int_equal(o.items[0].kind, FL_ITEM_COREDUMP);
	assert_int_equal(o.items[0].size, 12);
	close_opened(&o);

	/* Offsets count from the first byte of the message. */
	o = open_hex("42 6b657900 a2 0202");
	assert_damaged(&o, 0, "CBOR ends early at byte 8");
	close_opened(&o);
}

static void test_coredumps(void **state)
{
	(void)state;
	struct opened o = open_hex("01 434f5245 0200000000000000");
	assert_int_equal(o.count, 1);
	assert_int_equal(o.items[0].kind, FL_ITEM_COREDUMP);
	assert_ptr_equal(o.items[0].bytes, o.bytes + 1);
	assert_int_equal(o.items[0].size, 12);
	assert_false(o.items[0].expected);
	close_opened(&o);

	/* Run-length code: 4 bytes as they are, then 8 zeroes. */
	o = open_hex("81 07 434f5245 10 00");
	assert_int_equal(o.count, 1);
	assert_int_equal(o.items[0].kind, FL_ITEM_COREDUMP);
	assert_int_equal(o.items[0].size, 12);
	assert_memory_equal(o.items[0].bytes, "CORE\0\0\0\0\0\0\0\0", 12);
	close_opened(&o);

	/* ... with a project key before it. */
	o = open_hex("c1 6b00 07 434f5245 10 00");
	assert_string_equal(fl_message_project_key(o.message), "k");
	assert_int_equal(o.count, 1);
	assert_int_equal(o.items[0].size, 12);
	close_opened(&o);
}

static void test_damaged_run_length_code(void **state)
{
	(void)state;
	/* The run that is cut begins at byte 6. */
	struct opened o = open_hex("81 07 434f5245 10");
	assert_int_equal(o.count, 2);
	assert_int_equal(o.items[0].kind, FL_ITEM_COREDUMP);
	assert_memory_equal(o.items[0].bytes, "CORE", 4);
	assert_int_equal(o.items[0].size, 4);
	assert_int_equal(o.items[1].kind, FL_ITEM_UNKNOWN);
	assert_non_null(strstr(o.items[1].text, "RLE"));
	assert_non_null(strstr(o.items[1].text, "byte"));
	assert_int_equal(o.items[1].size, o.size);
	close_opened(&o);

	/* The first reason is the one that is told. */
	o = open_hex("81 05 414243 10");
	assert_int_equal(o.count, 1);
	assert_int_equal(o.items[0].kind, FL_ITEM_UNKNOWN);
	assert_non_null(strstr(o.items[0].text, "RLE"));
	close_opened(&o);

	/* Asks for 2 GiB. */
	o = open_hex("81 feffffff0f00");
	assert_int_equal(o.count, 1);
	assert_int_equal(o.items[0].kind, FL_ITEM_UNKNOWN);
	close_opened(&o);

	/* Events in run-length code: the offset counts in what was decoded. */
	o = open_hex("82 05 a20202");
	assert_damaged(&o, 0, "CBOR ends early at byte 3 of the decoded body");
	close_opened(&o);
	o = open_hex("82 05 a10201");
	assert_int_equal(o.items[0].kind, FL_ITEM_HEARTBEAT);
	close_opened(&o);
}

/* A few bytes become 2 MiB of a coredump, but at most 1 MiB of anything else. */
static void test_decoded_bodies_are_bounded(void **state)
{
	enum { MIB = 1 << 20 };
	(void)state;
	struct opened o = open_hex("81 07 434f5245 80808002 00");
	assert_int_equal(o.count, 1);
	assert_int_equal(o.items[0].kind, FL_ITEM_COREDUMP);
	assert_int_equal(o.items[0].size, 4 + 2 * MIB);
	close_opened(&o);
	static const char *const types[] = { "82", "83", "84" };
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		char hex[64];
		snprintf(hex, sizeof(hex), "%s 05 a10201 80808001 c2", types[i]);
		o = open_hex(hex);
		assert_damaged(&o, o.count - 1,
			       "RLE: more than 1048576 bytes come out (run at byte 5)");
		close_opened(&o);
	}
	o = open_hex("82 80808001 c2"); /* as many as may be */
	assert_damaged(&o, 0, "CBOR ends early at byte 1048576 of the decoded body");
	close_opened(&o);
}

/* Good items before the damage stay, and the reason says where it is. */
static void test_damaged_tail(void **state)
{
	(void)state;
	struct opened o = open_hex("02 83" PIN ASSERT "a7 0202 0301 ef 00");
	assert_int_equal(o.count, 3);
	assert_int_equal(o.items[0].kind, FL_ITEM_REBOOT);
	assert_int_equal(o.items[1].kind, FL_ITEM_REBOOT);
	assert_damaged(&o, 2, "no CBOR at byte 99: the device could not read its storage");
	close_opened(&o);

	o = open_hex("02 83" PIN ASSERT);
	assert_int_equal(o.count, 3);
	assert_damaged(&o, 2, "CBOR ends early at byte 94");
	close_opened(&o);

	o = open_hex("02" PIN "00" ASSERT);
	assert_int_equal(o.count, 2);
	assert_damaged(&o, 1, "no map, so no event at byte 38");
	close_opened(&o);
}

static void test_every_truncation_keeps_what_is_whole(void **state)
{
	(void)state;
	BYTES_AUTO b = { 0 };
	put_hex(&b, "02 83" PIN ASSERT TRACE);
	static const size_t ends[] = { 2 + 37, 2 + 37 + 55, 2 + 37 + 55 + 47 };
	assert_int_equal(b.size, ends[2]);
	for (size_t n = 0; n < b.size; n++) {
		struct opened o = open_bytes(b.data, n);
		size_t good = n >= ends[1] ? 2 : n >= ends[0];
		assert_int_equal(o.count, good + 1);
		for (size_t i = 0; i < good; i++) {
			assert_int_equal(o.items[i].kind, FL_ITEM_REBOOT);
			assert_ptr_equal(o.items[i].bytes + o.items[i].size, o.bytes + ends[i]);
		}
		assert_int_equal(o.items[good].kind, FL_ITEM_UNKNOWN);
		assert_int_equal(o.items[good].size, n);
		close_opened(&o);
	}
}

static void test_items_are_bounded(void **state)
{
	(void)state;
	BYTES_AUTO b = { 0 };
	put_u8(&b, 2);
	for (size_t i = 0; i < FL_LIMIT_ITEMS + 3; i++)
		put_hex(&b, "a1 0201");
	struct opened o = open_bytes(b.data, b.size);
	assert_int_equal(o.count, FL_LIMIT_ITEMS + 1);
	assert_int_equal(o.items[FL_LIMIT_ITEMS - 1].kind, FL_ITEM_HEARTBEAT);
	assert_damaged(&o, FL_LIMIT_ITEMS, "too many events in one message at byte 49153");
	close_opened(&o);
}

static void test_hostile_identity(void **state)
{
	(void)state;
	struct opened o = open_hex("02 a3 0201 07 63 1b5b6d 09 42 ff00");
	assert_string_equal(o.items[0].device, "\xef\xbf\xbd[m");
	assert_string_equal(o.items[0].software_version, "\xef\xbf\xbd\xef\xbf\xbd");
	close_opened(&o);
}

static void test_null_is_closed(void **state)
{
	(void)state;
	fl_message_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chunks_of_events),
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_expected_reboots),
		cmocka_unit_test(test_kinds_of_events),
		cmocka_unit_test(test_unknown_events),
		cmocka_unit_test(test_unknown_messages),
		cmocka_unit_test(test_project_key),
		cmocka_unit_test(test_coredumps),
		cmocka_unit_test(test_damaged_run_length_code),
		cmocka_unit_test(test_decoded_bodies_are_bounded),
		cmocka_unit_test(test_damaged_tail),
		cmocka_unit_test(test_every_truncation_keeps_what_is_whole),
		cmocka_unit_test(test_items_are_bounded),
		cmocka_unit_test(test_hostile_identity),
		cmocka_unit_test(test_null_is_closed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
