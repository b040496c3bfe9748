/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cmocka.h"
#include "worker/companion.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char full[] =
	"{ \"device\": \"SN-1\", \"received_at\": 1767225600, \"upload_id\": "
	"\"u1\",\n  \"software_type\": \"main\", \"software_version\": \"1.2.3\","
	" \"hardware_version\": \"evt\", \"cohort\": \"beta\", \"later\": [1, {}] }";

static void test_every_key(void **state)
{
	(void)state;
	FL_AUTO_COMPANION companion = { 0 };
	assert_int_equal(fl_companion_parse(full, strlen(full), &companion, NULL), FL_OK);
	assert_string_equal(companion.device, "SN-1");
	assert_string_equal(companion.upload_id, "u1");
	assert_string_equal(companion.software_type, "main");
	assert_string_equal(companion.software_version, "1.2.3");
	assert_string_equal(companion.hardware_version, "evt");
	assert_string_equal(companion.cohort, "beta");
	assert_true(companion.has_received_at);
	assert_int_equal(companion.received_at, 1767225600);
}

static void test_everything_is_optional(void **state)
{
	(void)state;
	static const char *const texts[] = { "{}",
					     " { \"device\": null, \"received_at\": null }\n" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		FL_AUTO_COMPANION companion = { 0 };
		assert_int_equal(fl_companion_parse(texts[i], strlen(texts[i]), &companion, NULL),
				 FL_OK);
		assert_null(companion.device);
		assert_false(companion.has_received_at);
	}
}

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *says;
	} cases[] = {
		{ "", "line 1" },
		{ "[]", "not a JSON object" },
		{ "{ \"device\": \"a\"", "line 1" },
		{ "{ \"device\": \"a\" } x", "line 1" },
		{ "{ \"device\": 7 }", "\"device\" is not a string" },
		{ "{ \"device\": \"a\\u0000b\" }", "line 1" },
		{ "{ \"device\": \"\xff\" }", "line 1" },
		{ "{ \"device\": \"a\", \"device\": \"b\" }", "line 1" },
		{ "{\n\n\"cohort\": {} }", "\"cohort\" is not a string" },
		{ "{ \"received_at\": \"yesterday\" }", "received_at" },
		{ "{ \"received_at\": -1 }", "received_at" },
		{ "{ \"received_at\": 1767225600000 }", "received_at" }, /* milliseconds */
		{ "{ \"received_at\": 1.5 }", "received_at" },
		{ "{ \"received_at\": \"1767225600\" }", "received_at" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		FL_AUTO_COMPANION companion = { 0 };
		struct fl_error err = { 0 };
		enum fl_code code =
			fl_companion_parse(cases[i].text, strlen(cases[i].text), &companion, &err);
		if (code != FL_EFORMAT || !strstr(err.message, cases[i].says))
			fail_msg("%s: %d, \"%s\"", cases[i].text, code, err.message);
		assert_null(companion.device);
	}
}

static void test_size_is_bounded(void **state)
{
	(void)state;
	size_t size = FL_COMPANION_SIZE_MAX + 1;
	char *text = malloc(size);
	assert_non_null(text);
	memset(text, ' ', size);
	memcpy(text, "{}", 2);
	FL_AUTO_COMPANION companion = { 0 };
	struct fl_error err = { 0 };
	assert_int_equal(fl_companion_parse(text, size, &companion, &err), FL_EFORMAT);
	assert_int_equal(fl_companion_parse(text, size - 1, &companion, &err), FL_OK);
	free(text);
}

/* A companion that is not wholly written is refused, never half understood. */
static void test_every_prefix_is_refused(void **state)
{
	(void)state;
	for (size_t size = 0; size < strlen(full); size++) {
		char *copy = malloc(size ? size : 1);
		assert_non_null(copy);
		memcpy(copy, full, size);
		FL_AUTO_COMPANION companion = { 0 };
		struct fl_error err = { 0 };
		assert_int_equal(fl_companion_parse(copy, size, &companion, &err), FL_EFORMAT);
		assert_true(err.message[0] && err.at <= size);
		free(copy);
	}
}

static void test_times(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t seconds; /* -1: refused */
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-02-01T12:00:00Z", 1769947200 },
		{ "2026-02-01 12:00:00Z", 1769947200 },
		{ "2026-02-01T12:00:00.999z", 1769947200 },
		{ "2026-02-01T12:00:00,5Z", 1769947200 },
		{ "2026-02-01T13:30:00+01:30", 1769947200 },
		{ "2026-02-01T07:00:00-0500", 1769947200 },
		{ "2024-02-29T00:00:00Z", 1709164800 },
		{ "2016-12-31T23:59:60Z", 1483228800 }, /* a leap second */
		{ "9999-12-31T23:59:59Z", 253402300799 },
		{ "2026-02-01T12:00:00", -1 }, /* which zone? */
		{ "2026-02-01", -1 },
		{ "2026-02-01T12:00Z", -1 },
		{ "2025-02-29T00:00:00Z", -1 },
		{ "2026-04-31T00:00:00Z", -1 },
		{ "2026-13-01T00:00:00Z", -1 },
		{ "2026-00-01T00:00:00Z", -1 },
		{ "2026-01-00T00:00:00Z", -1 },
		{ "2026-01-01T24:00:00Z", -1 },
		{ "2026-01-01T00:60:00Z", -1 },
		{ "2026-01-01T00:00:61Z", -1 },
		{ "2026-01-01T00:00:00+24:00", -1 },
		{ "2026-01-01T00:00:00+1:00", -1 },
		{ "2026-01-01T00:00:00Z ", -1 },
		{ " 2026-01-01T00:00:00Z", -1 },
		{ "1969-12-31T23:59:59Z", -1 },
		{ "+026-01-01T00:00:00Z", -1 },
		{ "", -1 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t seconds = -1;
		bool good = fl_time_parse(cases[i].text, &seconds);
		if (good != (cases[i].seconds >= 0) || seconds != cases[i].seconds)
			fail_msg("\"%s\": %lld", cases[i].text, (long long)seconds);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_key),
		cmocka_unit_test(test_everything_is_optional),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_size_is_bounded),
		cmocka_unit_test(test_every_prefix_is_refused),
		cmocka_unit_test(test_times),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
