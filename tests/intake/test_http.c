/* SPDX-License-Identifier: Apache-2.0 */
/* Request bodies: whose fault it is, and what is durable. */
#include "parcel.h"
#include "support/cmocka.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define CHUNK     "\x08\x02\xa7\x02\xcb\xca"
#define MULTIPART "--B\r\nContent-Length: 6\r\n\r\n" CHUNK "\r\n--B--\r\n"
#define PART      "--B\r\nContent-Length: 6\r\n\r\n" CHUNK "\r\n"
#define BARE_PART "--B\r\n\r\n" CHUNK "\r\n"
#define MIXED     "multipart/mixed; boundary=B"
#define EVENT     "{\"event\":\"memfault-chunks\",\"data\":\"CAKnAsvK\"}"
#define OCTETS    "application/octet-stream"

static const struct {
	const char *name, *type, *encoding, *body;
	enum fl_code code;
	uint64_t chunks;
	const char *words; /* of the error */
} cases[] = {
	{ "a chunk", OCTETS, NULL, CHUNK, FL_OK, 1, NULL },
	{ "nothing said", NULL, NULL, CHUNK, FL_OK, 1, NULL },
	{ "empty fields, as CGI has them", "", "", CHUNK, FL_OK, 1, NULL },
	{ "parameters and case", "Application/Octet-Stream ; x=y", "Identity", CHUNK, FL_OK, 1,
	  NULL },
	{ "base64", OCTETS, "base64", "CAKnAsvK", FL_OK, 1, NULL },
	{ "base64 in lines", OCTETS, "BASE64", "CAKn\r\nAsvK\r\n", FL_OK, 1, NULL },
	{ "multipart", "multipart/mixed; boundary=B", NULL, MULTIPART, FL_OK, 1, NULL },
	{ "quoted boundary", "multipart/mixed; charset=x; Boundary=\"B\"", NULL, MULTIPART, FL_OK,
	  1, NULL },
	{ "multipart in base64", "multipart/mixed; boundary=B", "base64",
	  "LS1CDQpDb250ZW50LUxlbmd0aDogNg0KDQoIAqcCy8oNCi0tQi0tDQo=", FL_OK, 1, NULL },
	{ "webhook", "application/json; charset=utf-8", NULL,
	  "{\"event\":\"memfault-chunks\",\"data\":\"CAKnAsvK\"}", FL_OK, 1, NULL },
	{ "another event", "application/json", NULL, "{\"event\":\"temperature\",\"data\":\"21\"}",
	  FL_OK, 0, NULL },
	{ "a log", "text/plain", NULL, "I (7) MC:CAKnAsvK:\n", FL_OK, 1, NULL },
	/* The device did what it could; what is wrong is counted. */
	{ "an orphan", OCTETS, NULL, "\xc0\x05xyz", FL_OK, 1, NULL },
	{ "a wrong CRC", OCTETS, NULL, "\x08\x02\xa7\x02\xcb\xcb", FL_OK, 1, NULL },
	/* Sending these again would be useless. */
	{ "empty", OCTETS, NULL, "", FL_EFORMAT, 0, "empty" },
	{ "no chunk", OCTETS, NULL, "\x39hello", FL_EFORMAT, 1, "no chunk" },
	{ "gzip", OCTETS, "gzip", CHUNK, FL_EUNSUPPORTED, 0, "'gzip' is not taken" },
	{ "unknown type", "image/png", NULL, CHUNK, FL_EUNSUPPORTED, 0,
	  "'image/png' is not taken" },
	{ "a form", "application/x-www-form-urlencoded", NULL, CHUNK, FL_EUNSUPPORTED, 0,
	  "octet-stream" },
	{ "no base64", OCTETS, "base64", "CAK*", FL_EFORMAT, 0, "" },
	{ "no boundary", "multipart/mixed", NULL, MULTIPART, FL_EFORMAT, 0, "boundary" },
	{ "empty boundary", "multipart/mixed; boundary=", NULL, MULTIPART, FL_EFORMAT, 0,
	  "boundary" },
	{ "another boundary", "multipart/mixed; boundary=C", NULL, MULTIPART, FL_EFORMAT, 0,
	  "nothing in it" },
	{ "no JSON", "application/json", NULL, "{\"data\"", FL_EFORMAT, 0, "nothing in it" },
	{ "text of no use", "text/plain", NULL, "hello\n", FL_EUNSUPPORTED, 0, "recognised" },
	/* All or nothing: the client sends what is taken once more, and then whole. */
	{ "two parts", MIXED, NULL, PART BARE_PART "--B--", FL_OK, 2, NULL },
	{ "cut between parts", MIXED, NULL, PART PART, FL_EFORMAT, 0, "closing delimiter" },
	{ "cut in the last delimiter", MIXED, NULL, PART "--B-", FL_EFORMAT, 0, "cut" },
	{ "cut behind a delimiter", MIXED, NULL, PART "--B", FL_EFORMAT, 0, "cut" },
	{ "cut in a header", MIXED, NULL, PART "--B\r\nContent-Len", FL_EFORMAT, 0, "1 of 2" },
	{ "cut in a part", MIXED, NULL, PART "--B\r\n\r\n\x08\x02", FL_EFORMAT, 0, "1 of 2" },
	{ "a part without its length", MIXED, NULL,
	  PART "--B\r\nContent-Length: 9\r\n\r\n" CHUNK "\r\n--B--\r\n", FL_EFORMAT, 0,
	  "Content-Length" },
	{ "an event cut", "application/json", NULL, EVENT "\n{\"event\":\"memfault-ch", FL_EFORMAT,
	  0, "1 of 2 chunks in the body are damaged" },
	{ "bad base64 in an event", "application/json", NULL,
	  "[" EVENT ",{\"event\":\"memfault-chunks\",\"data\":\"CAK*\"}]", FL_EFORMAT, 0,
	  "1 of 2" },
	{ "bad base64 in a line", "text/plain", NULL, "CAKnAsvK\nCAKnAsvK\nCAKn*svK\n", FL_EFORMAT,
	  0, "1 of 3" },
	/* What a log lost on its way to the gateway, no request brings back. */
	{ "a log with damage", "text/plain", NULL, "MC:CAKnAsvK:\nMC:CAKnAs\n", FL_OK, 1, NULL },
	/* The device of the request was authenticated; one in the body is anybody's word. */
	{ "the same device", "application/json", NULL,
	  "{\"coreid\":\"SN-1\",\"data\":\"CAKnAsvK\"}", FL_OK, 1, NULL },
	{ "another device", "application/json", NULL,
	  "[" EVENT ",{\"coreid\":\"SN-2\",\"data\":\"CAKnAsvK\"}]", FL_EFORMAT, 0,
	  "names device 'SN-2', but it came from 'SN-1'" },
	{ "another device's event", "text/event-stream", NULL,
	  "data: {\"coreid\":\"SN-2\",\"data\":\"CAKnAsvK\"}\n\n", FL_EFORMAT, 0, "'SN-2'" },
};

static void test_bodies(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		DEPOT_AUTO depot;
		struct fl_error err = { 0 };
		struct fl_intake_summary summary = { 0 };
		depot_make(&depot);
		const struct fl_http_body body = {
			.bytes = cases[i].body,
			.size = strlen(cases[i].body),
			.content_type = cases[i].type,
			.content_encoding = cases[i].encoding,
		};
		struct fl_delivery_options options = options_of(&depot, "SN-1");
		enum fl_code code = fl_http_deliver(&options, &body, &summary, &err);
		depot_close(&depot);
		uint64_t chunks = depot_stock(&depot).transport.chunks;
		if (code != cases[i].code || chunks != cases[i].chunks ||
		    (code && !strstr(err.message, cases[i].words)))
			fail_msg("%s: %s, %d chunks: %s", cases[i].name, fl_code_name(code),
				 (int)chunks, err.message);
	}
}

/* Devices post a chunk at a time; every process that takes one ends. */
static void test_a_message_in_many_requests(void **state)
{
	(void)state;
	DEPOT_AUTO depot;
	PACKETS_AUTO packets = { 0 };
	depot_make(&depot);
	pack_sample(&packets, 64);
	for (size_t i = 0; i < packets.count; i++) {
		struct fl_intake_summary summary = { 0 };
		const struct fl_http_body body = { .bytes = packets.items[i].bytes,
						   .size = packets.items[i].size,
						   .content_type = OCTETS };
		struct fl_delivery_options options = options_of(&depot, "SN-1");
		assert_int_equal(fl_http_deliver(&options, &body, &summary, NULL), FL_OK);
		depot_close(&depot);
	}
	assert_int_equal(depot_stock(&depot).queue.queued, 3);
	assert_int_equal(depot_stock(&depot).heartbeats, 1);
}

/* A webhook's endpoint: the cloud that posts there is believed. */
static void test_device_of_the_body(void **state)
{
	(void)state;
	DEPOT_AUTO depot;
	struct fl_intake_summary summary = { 0 };
	static const char text[] = "{\"coreid\":\"SN-2\",\"data\":\"SAYCpwI=\"}";
	depot_make(&depot);
	const struct fl_http_body body = { .bytes = text,
					   .size = sizeof(text) - 1,
					   .content_type = "application/json" };
	struct fl_delivery_options options = options_of(&depot, NULL);
	assert_int_equal(fl_http_deliver(&options, &body, &summary, NULL), FL_OK);
	assert_int_equal(summary.devices, 1);
	assert_int_equal(depot_pending(&depot, "SN-2"), 3);
}

static void test_whole_dump(void **state)
{
	(void)state;
	DEPOT_AUTO depot;
	BYTES_AUTO message = { 0 };
	struct fl_intake_summary summary = { 0 };
	depot_make(&depot);
	put_dump_message(&message, 1, 300, false);
	const struct fl_http_body body = { .bytes = message.data + 1, .size = message.size - 1 };
	struct fl_delivery_options options = options_of(&depot, "SN-1");
	assert_int_equal(fl_http_deliver(&options, &body, &summary, NULL), FL_OK);
	assert_int_equal(summary.dumps, 1);
	assert_int_equal(depot_stock(&depot).queue.queued, 1);
}

static void test_a_device_that_is_none(void **state)
{
	(void)state;
	DEPOT_AUTO depot;
	char serial[2000];
	struct fl_error err = { 0 };
	struct fl_intake_summary summary = { 0 };
	memset(serial, 'x', sizeof(serial) - 1);
	serial[sizeof(serial) - 1] = '\0';
	depot_make(&depot);
	const struct fl_http_body body = { .bytes = CHUNK, .size = 6 };
	struct fl_delivery_options options = options_of(&depot, serial);
	assert_int_equal(fl_http_deliver(&options, &body, &summary, &err), FL_EINVALID);
	assert_non_null(strstr(err.message, "device"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_a_message_in_many_requests),
		cmocka_unit_test(test_device_of_the_body),
		cmocka_unit_test(test_whole_dump),
		cmocka_unit_test(test_a_device_that_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
