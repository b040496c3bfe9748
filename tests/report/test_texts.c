/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cmocka.h"

#include "report/texts.h"

#include <stdlib.h>
#include <string.h>

static enum fl_code unpack(const void *bytes, size_t size, char *out, size_t out_size)
{
	uint8_t *exact = malloc(size ? size : 1);
	memcpy(exact, bytes, size);
	struct fl_reader in = fl_reader("texts", exact, size, 0);
	fl_texts_unpack(&in, out, out_size);
	struct fl_error err = { 0 };
	enum fl_code code = fl_reader_status(&in, &err);
	if (code)
		assert_true(err.message[0] && err.at <= size);
	else
		assert_int_equal(fl_reader_left(&in), 0);
	free(exact);
	return code;
}

/* Written by hand from lz4_Block_format.md. */
static void test_blocks(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
		const char *texts;
	} cases[] = {
		{ "\1\0\0\0\x00", 5, "" },
		{ "\4\0\0\0\x30"
		  "abc",
		  8, "abc" },
		{ "\x12\0\0\0\xf0\x01"
		  "0123456789abcdef",
		  22, "0123456789abcdef" }, /* 15 + 1 */
		{ "\x0f\0\0\0\x68"
		  "abcdef\x06\0\x50"
		  "vwxyz",
		  19, "abcdefabcdefabcdefvwxyz" }, /* 8 + 4 of six bytes before, into itself */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[64] = "";
		size_t size = strlen(cases[i].texts);
		assert_int_equal(unpack(cases[i].bytes, cases[i].size, out, size), FL_OK);
		assert_string_equal(out, cases[i].texts);
		for (size_t n = 0; n < cases[i].size; n++)
			assert_int_equal(unpack(cases[i].bytes, n, out, size), FL_EFORMAT);
		assert_int_equal(unpack(cases[i].bytes, cases[i].size, out, size + 1), FL_EFORMAT);
		if (size)
			assert_int_equal(unpack(cases[i].bytes, cases[i].size, out, size - 1),
					 FL_EFORMAT);
	}
}

static void test_blocks_that_lead_astray(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
		const char *what;
	} cases[] = {
		{ "\x0f\0\0\0\x60"
		  "abcdef\x00\0\x60"
		  "vwxyz!",
		  19, "back by nothing" },
		{ "\x0f\0\0\0\x60"
		  "abcdef\x07\0\x60"
		  "vwxyz!",
		  19, "before the first" },
		{ "\4\0\0\0\xf0\xff\xff\x7f", 8, "more than there is room for" },
		{ "\xff\xff\xff\xff\x30"
		  "abc",
		  8, "a block larger than all" },
		{ "\0\0\0\0", 4, "no block" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *out = malloc(16); /* exactly */
		if (unpack(cases[i].bytes, cases[i].size, out, 16) != FL_EFORMAT)
			fail_msg("%s", cases[i].what);
		free(out);
	}
}

static void expect_back(const char *texts, size_t size)
{
	char *exact = calloc(1, size + 1);
	char *back = calloc(1, size + 1);
	if (size)
		memcpy(exact, texts, size);
	FL_AUTO_STR packed = { 0 };
	fl_texts_pack(exact, size, &packed);
	assert_false(packed.failed);
	assert_int_equal(unpack(packed.data, packed.size, back, size), FL_OK);
	if (size)
		assert_memory_equal(back, texts, size);
	free(exact);
	free(back);
}

/* Of few letters, so that much repeats, in many ways. */
static void test_what_is_packed_comes_back(void **state)
{
	(void)state;
	enum { SIZE = 70000, CASES = 2000 };
	static char texts[SIZE];
	uint32_t random = 1;
	for (unsigned i = 0; i < CASES; i++) {
		size_t size = i < 600 ? i : (i * 7919u) % (i % 50 ? 3000 : SIZE);
		unsigned letters = 1 + i % 40 * (i % 3);
		for (size_t k = 0; k < size; k++) {
			random = random * 1664525 + 1013904223;
			texts[k] = (char)('a' + (random >> 16) % letters);
		}
		expect_back(texts, size);
	}
}

static void test_names_get_shorter(void **state)
{
	(void)state;
	static const char names[] = "sensor_read_channel\0sensor_read_channel_step\0"
				    "sensor_write_channel\0sensor_write_channel_step\0"
				    "/firmware/drivers/sensor.c\0/firmware/drivers/radio.c";
	FL_AUTO_STR packed = { 0 };
	fl_texts_pack(names, sizeof(names), &packed);
	assert_true(packed.size * 3 < sizeof(names) * 2);
	expect_back(names, sizeof(names));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_blocks_that_lead_astray),
		cmocka_unit_test(test_what_is_packed_comes_back),
		cmocka_unit_test(test_names_get_shorter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
