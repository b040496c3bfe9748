/* SPDX-License-Identifier: Apache-2.0 */
/* Exported webhook events: what is taken, passed over and damaged. */
#include "intake/export.h"
#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* "CAKnAsvK" is 08 02 a7 02 cb ca. */
#define GOOD     "{\"event\":\"memfault-chunks\",\"data\":\"CAKnAsvK\",\"coreid\":\"A\"}"
#define UNNAMED  "{\"data\":\"CAKnAsvK\"}"
#define OTHER    "{\"event\":\"temperature\",\"data\":\"21\",\"coreid\":\"A\"}"
#define CUT      "{\"event\":\"memfault-chunks\",\"data\":\"CAKn"
#define CUT_DEEP "{\"event\":\"memfault-chunks\",\"data\":\"CAKnAsvK\""

struct taken {
	char devices[256]; /**< "A,-,A," */
	int64_t time;
	struct fl_export_counts events;
	struct fl_carrier_counts counts;
};

static enum fl_code on_item(void *context, const struct fl_exported *item, struct fl_error *err)
{
	static const uint8_t chunk[] = { 0x08, 0x02, 0xa7, 0x02, 0xcb, 0xca };
	struct taken *taken = context;
	size_t used = strlen(taken->devices);
	(void)err;
	assert_int_equal(item->size, sizeof(chunk));
	assert_memory_equal(item->bytes, chunk, sizeof(chunk));
	snprintf(taken->devices + used, sizeof(taken->devices) - used, "%s,",
		 item->device ? item->device : "-");
	taken->time = item->has_time ? item->time : -1;
	return FL_OK;
}

/* In pieces of every size up to @p piece_max the same comes out. */
static struct taken
take(enum fl_carrier carrier, const struct fl_json_fields *fields, const char *text, size_t piece)
{
	struct taken taken = { 0 };
	FL_AUTO(fl_export_reader) reader = NULL;
	size_t size = strlen(text);
	assert_int_equal(fl_export_reader_open(carrier, fields, &reader, NULL), FL_OK);
	for (size_t at = 0; at < size; at += piece) {
		size_t n = size - at < piece ? size - at : piece;
		char *copy = malloc(n);
		assert_non_null(copy);
		memcpy(copy, text + at, n);
		assert_int_equal(fl_export_reader_feed(reader, copy, n, on_item, &taken,
						       &taken.counts, &taken.events, NULL),
				 FL_OK);
		free(copy);
	}
	assert_int_equal(
		fl_export_reader_end(reader, on_item, &taken, &taken.counts, &taken.events, NULL),
		FL_OK);
	assert_int_equal(taken.counts.bytes, size);
	return taken;
}

struct export_case {
	const char *name, *text, *devices;
	uint64_t others, damaged;
};

static void check(enum fl_carrier carrier, const struct export_case *c)
{
	const struct fl_json_fields fields = { 0 };
	for (size_t piece = 1; piece < 200; piece += piece < 10 ? 1 : 37) {
		struct taken taken = take(carrier, &fields, c->text, piece);
		if (strcmp(taken.devices, c->devices) != 0 || taken.events.others != c->others ||
		    taken.counts.damaged != c->damaged)
			fail_msg("%s in pieces of %zu: %s, %d others, %d damaged", c->name, piece,
				 taken.devices, (int)taken.events.others,
				 (int)taken.counts.damaged);
	}
}

static void test_json(void **state)
{
	(void)state;
	static const struct export_case cases[] = {
		{ "one", GOOD, "A,", 0, 0 },
		{ "lines", GOOD "\n" GOOD "\r\n\n" GOOD, "A,A,A,", 0, 0 },
		{ "array", "[" GOOD "," GOOD "]", "A,A,", 0, 0 },
		{ "array in lines", "[\n" GOOD ",\n" GOOD "\n]\n", "A,A,", 0, 0 },
		{ "array, first compact, then pretty", "[" GOOD ",\n{\n\"data\":\"CAKnAsvK\"\n}]",
		  "A,-,", 0, 0 },
		{ "byte order mark", "\xef\xbb\xbf" GOOD, "A,", 0, 0 },
		{ "pretty",
		  "[\n  {\n \"event\": \"memfault-chunks\",\n \"data\": \"CAKnAsvK\"\n }\n]", "-,",
		  0, 0 },
		{ "pretty, no array",
		  "{\n \"data\": \"CAKnAsvK\"\n}\n{\n \"data\": \"CAKnAsvK\"\n}\n", "-,-,", 0, 0 },
		{ "an export's name", "{\"name\":\"memfault-chunks\",\"data\":\"CAKnAsvK\"}", "-,",
		  0, 0 },
		{ "without a name", UNNAMED, "-,", 0, 0 },
		{ "brackets and quotes in text",
		  "{\"note\":\"}]{[\\\"\\\\\",\"data\":\"CAKnAsvK\"}", "-,", 0, 0 },
		{ "nested", "{\"a\":{\"b\":[{}]},\"data\":\"CAKnAsvK\"}", "-,", 0, 0 },
		{ "numeric device", "{\"data\":\"CAKnAsvK\",\"coreid\":4711}", "4711,", 0, 0 },
		{ "no device after all", "{\"data\":\"CAKnAsvK\",\"coreid\":null}", "-,", 0, 0 },
		{ "others", OTHER "\n" GOOD "\n" OTHER, "A,", 2, 0 },
		{ "nothing to do with it", "{\"hello\":1}", "", 1, 0 },
		{ "no object", "[1,2]\nnull\n" GOOD, "A,", 0, 3 },
		{ "cut line", CUT "\n" GOOD "\n", "A,", 0, 1 },
		{ "cut line, and known to be lines", GOOD "\n" CUT_DEEP "\n" GOOD "\n", "A,A,", 0,
		  1 },
		{ "cut at the end", GOOD "\n" CUT, "A,", 0, 1 },
		{ "no base64", "{\"data\":\"CAK*\"}", "", 0, 1 },
		{ "nothing in it", "{\"data\":\"\"}", "", 0, 1 },
		{ "no text", "{\"data\":17}", "", 0, 1 },
		{ "named, but empty", "{\"event\":\"memfault-chunks\"}", "", 0, 1 },
		{ "a device that is none", "{\"data\":\"CAKnAsvK\",\"coreid\":{}}", "", 0, 1 },
		{ "no JSON", "{\"data\":\"CAKnAsvK\",}\n" GOOD, "A,", 0, 1 },
		{ "wrong brackets", "{\"data\":\"CAKnAsvK\"]\n" GOOD, "A,", 0, 1 },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		check(FL_CARRIER_JSON, &cases[i]);
}

static void test_sse(void **state)
{
	(void)state;
	static const struct export_case cases[] = {
		{ "one", "event: memfault-chunks\ndata: " UNNAMED "\n\n", "-,", 0, 0 },
		{ "without blanks", "event:memfault-chunks\ndata:" UNNAMED "\n\n", "-,", 0, 0 },
		{ "name inside", "data: " GOOD "\n\ndata: " OTHER "\n\n", "A,", 1, 0 },
		{ "CR LF", "event: memfault-chunks\r\ndata: " GOOD "\r\n\r\n", "A,", 0, 0 },
		{ "CR", "event: memfault-chunks\rdata: " GOOD "\r\r", "A,", 0, 0 },
		{ "several lines", "data: {\ndata: \"data\":\"CAKnAsvK\"}\n\n", "-,", 0, 0 },
		{ "comments and ids", ":ok\n\nid: 7\nretry: 100\n: x\ndata: " GOOD "\n\n", "A,", 0,
		  0 },
		{ "no blank line at the end", "data: " GOOD "\n", "A,", 0, 0 },
		{ "no line end at the end", "data: " GOOD, "A,", 0, 0 },
		{ "others", "event: temperature\ndata: " UNNAMED "\n\ndata: " GOOD "\n\n", "A,", 1,
		  0 },
		{ "the name lasts one event",
		  "event: temperature\ndata: {}\n\ndata: " UNNAMED "\n\n", "-,", 1, 0 },
		{ "cut", "data: " CUT "\n\ndata: " GOOD "\n\n", "A,", 0, 1 },
		{ "no JSON", "data: hello\n\n", "", 0, 1 },
		{ "no data", "event: memfault-chunks\n\n", "", 0, 0 },
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		check(FL_CARRIER_SSE, &cases[i]);
}

static void test_fields(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct fl_json_fields fields;
		const char *text, *devices;
		int64_t time;
	} cases[] = {
		{ "defaults",
		  { 0 },
		  "{\"event\":\"memfault-chunks\",\"data\":\"CAKnAsvK\",\"coreid\":\"A\","
		  "\"published_at\":\"2026-02-01T12:00:00.123Z\"}",
		  "A,",
		  1769947200 },
		{ "all others",
		  { .data = "c", .device = "d", .event = "e", .time = "t", .name = "n" },
		  "{\"e\":\"n\",\"c\":\"CAKnAsvK\",\"d\":\"B\",\"t\":7,\"event\":\"x\"}",
		  "B,",
		  7 },
		{ "inside",
		  { .data = "body.chunk", .device = "from.device.id" },
		  "{\"body\":{\"chunk\":\"CAKnAsvK\"},\"from\":{\"device\":{\"id\":\"C\"}}}",
		  "C,",
		  -1 },
		{ "a dot in a name",
		  { .data = "a.b" },
		  "{\"a.b\":\"CAKnAsvK\",\"a\":{\"b\":\"x\"}}",
		  "-,",
		  -1 },
		{ "any name",
		  { .name = "" },
		  "{\"event\":\"whatever\",\"data\":\"CAKnAsvK\"}",
		  "-,",
		  -1 },
		{ "a time that is none",
		  { 0 },
		  "{\"data\":\"CAKnAsvK\",\"published_at\":\"yesterday\"}",
		  "-,",
		  -1 },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct taken taken = take(FL_CARRIER_JSON, &cases[i].fields, cases[i].text, 1000);
		if (strcmp(taken.devices, cases[i].devices) != 0 || taken.time != cases[i].time)
			fail_msg("%s: %s %lld", cases[i].name, taken.devices,
				 (long long)taken.time);
	}
}

static enum fl_code refuse(void *context, const struct fl_exported *item, struct fl_error *err)
{
	(void)context;
	(void)item;
	return fl_fail(err, FL_EIO, FL_AT_NONE, 0, "no");
}

static void test_failure_ends_it(void **state)
{
	(void)state;
	FL_AUTO(fl_export_reader) reader = NULL;
	const struct fl_json_fields fields = { 0 };
	struct taken taken = { 0 };
	assert_int_equal(fl_export_reader_open(FL_CARRIER_JSON, &fields, &reader, NULL), FL_OK);
	assert_int_equal(fl_export_reader_feed(reader, GOOD GOOD, strlen(GOOD GOOD), refuse, NULL,
					       &taken.counts, &taken.events, NULL),
			 FL_EIO);
	assert_int_equal(taken.counts.items, 1);
	FL_AUTO(fl_export_reader) other = NULL;
	assert_int_equal(fl_export_reader_open(FL_CARRIER_LOG, &fields, &other, NULL), FL_EINVALID);
}

/* Every byte of it is counted, none of it decoded, and the next one is read. */
static void test_too_long(void **state)
{
	(void)state;
	static const struct {
		enum fl_carrier carrier;
		const char *before, *after;
		uint64_t more; /* counted beside the data */
	} cases[] = {
		{ FL_CARRIER_JSON, "{\"data\":\"", "\"}\n" GOOD, 11 },
		{ FL_CARRIER_SSE, "data: {\"data\":\"", "\"}\n\ndata: " GOOD "\n\n", 11 },
	};
	const size_t size = FL_EXPORT_EVENT_MAX + 1000;
	char *text = malloc(size + 200);
	assert_non_null(text);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct fl_json_fields fields = { 0 };
		size_t before = strlen(cases[i].before);
		memcpy(text, cases[i].before, before);
		memset(text + before, 'A', size);
		strcpy(text + before + size, cases[i].after);
		struct taken taken = take(cases[i].carrier, &fields, text, 100000);
		assert_string_equal(taken.devices, "A,");
		assert_int_equal(taken.counts.damaged, 1);
		assert_int_equal(taken.counts.damaged_bytes, size + cases[i].more);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),     cmocka_unit_test(test_sse),
		cmocka_unit_test(test_fields),   cmocka_unit_test(test_failure_ends_it),
		cmocka_unit_test(test_too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
