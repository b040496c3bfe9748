/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include "base/str.h"
#include "support/cmocka.h"

#include <string.h>

static void test_utf8_clean(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		size_t size;
		const char *out;
	} cases[] = {
		{ "plain", 5, "plain" },
		{ "gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f" },
		{ "\xf0\x9f\x90\x9b", 4, "\xf0\x9f\x90\x9b" },
		{ "a\xff"
		  "b",
		  3,
		  "a\xef\xbf\xbd"
		  "b" },
		{ "\x1b[31m", 5, "\xef\xbf\xbd[31m" },         /* no escape reaches a terminal */
		{ "\xc0\x80", 2, "\xef\xbf\xbd\xef\xbf\xbd" }, /* overlong NUL */
		{ "\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* surrogate */
		{ "\xe2\x82", 2, "\xef\xbf\xbd\xef\xbf\xbd" },                 /* cut short */
		{ "\xc2\x9b", 2, "\xef\xbf\xbd" }, /* C1 control sequence introducer */
		{ "", 0, "" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[64];
		size_t size = fl_utf8_clean(cases[i].in, cases[i].size, out, sizeof(out));
		assert_string_equal(out, cases[i].out);
		assert_int_equal(size, strlen(cases[i].out));
	}
}

static void test_one_line(void **state)
{
	(void)state;
	static const struct {
		const char *in, *expected;
		size_t size;
	} cases[] = {
		{ "", "", 0 },
		{ "plain", "plain", 5 },
		{ "ends\r\n\0\0", "ends", 8 },
		{ "\n\r\0", "", 3 },
		{ "a\nb\tc\0d\re\n", "a b c d e", 10 },
		{ "tab\t", "tab ", 4 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[16];
		memcpy(text, cases[i].in, cases[i].size);
		assert_int_equal(fl_one_line(text, cases[i].size), strlen(cases[i].expected));
		assert_memory_equal(text, cases[i].expected, strlen(cases[i].expected));
	}
}

static void test_utf8_clean_stops_at_the_end_of_room(void **state)
{
	(void)state;
	char out[4];
	assert_int_equal(fl_utf8_clean("abcdef", 6, out, sizeof(out)), 3);
	assert_string_equal(out, "abc");
	/* a sequence that does not fit whole is left out whole */
	assert_int_equal(fl_utf8_clean("ab\xc3\xbc", 4, out, sizeof(out)), 2);
	assert_string_equal(out, "ab");
}

static void test_builder(void **state)
{
	(void)state;
	FL_AUTO_STR s = { 0 };
	for (int i = 0; i < 1000; i++)
		fl_str_addf(&s, "%d,", i);
	fl_str_adds(&s, "end");
	FL_AUTO_BUFFER out = { 0 };
	assert_int_equal(fl_str_finish(&s, &out, NULL), FL_OK);
	assert_int_equal(out.size, 10 * 2 + 90 * 3 + 900 * 4 + 3);
	assert_string_equal((const char *)out.data + out.size - 7, "999,end");
	assert_null(s.data);
}

static void test_empty_builder_gives_an_empty_string(void **state)
{
	(void)state;
	struct fl_str s = { 0 };
	FL_AUTO_BUFFER out = { 0 };
	assert_int_equal(fl_str_finish(&s, &out, NULL), FL_OK);
	assert_int_equal(out.size, 0);
	assert_string_equal((const char *)out.data, "");
}

static void test_binary_numbers(void **state)
{
	(void)state;
	static const uint8_t expected[] = { 1, 2, 1, 4, 3, 2, 1,    8,    7,
					    6, 5, 4, 3, 2, 1, 0xe5, 0x8e, 0x26 };
	FL_AUTO_STR s = { 0 };
	fl_str_add_u8(&s, 1);
	fl_str_add_u16(&s, 0x0102);
	fl_str_add_u32(&s, 0x01020304);
	fl_str_add_u64(&s, UINT64_C(0x0102030405060708));
	fl_str_add_uleb(&s, 624485);
	assert_int_equal(s.size, sizeof(expected));
	assert_memory_equal(s.data, expected, sizeof(expected));
}

static void test_compare_with_null(void **state)
{
	(void)state;
	assert_int_equal(fl_strcmp(NULL, NULL), 0);
	assert_true(fl_strcmp(NULL, "") < 0);
	assert_true(fl_strcmp("", NULL) > 0);
	assert_true(fl_strcmp("a", "b") < 0);
}

/* XXH3-128, seed 0, in the canonical order: what libxxhash 0.8.1 says through Python's ctypes. */
static void test_hash_is_canonical(void **state)
{
	(void)state;
	static const struct {
		size_t size;
		const char *hash;
	} cases[] = {
		{ 0, "99aa06d3014798d86001c324468d497f" },
		{ 4095, "fa9643f2d9ce2f9178ce035d8458d600" },
		{ 4096, "f9166e2bf093c7822eaa831b71b5b580" }, /* from here on with wide registers */
		{ 100003, "778df8fc08252fe6a9a1bc0f58b58a60" },
	};
	static uint8_t bytes[100003];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 167 + (i >> 8) * 13);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t hash[16];
		char hex[33];
		fl_hash128(bytes, cases[i].size, hash);
		fl_hex(hash, sizeof(hash), hex);
		assert_string_equal(hex, cases[i].hash);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utf8_clean),
		cmocka_unit_test(test_utf8_clean_stops_at_the_end_of_room),
		cmocka_unit_test(test_one_line),
		cmocka_unit_test(test_builder),
		cmocka_unit_test(test_empty_builder_gives_an_empty_string),
		cmocka_unit_test(test_binary_numbers),
		cmocka_unit_test(test_compare_with_null),
		cmocka_unit_test(test_hash_is_canonical),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
