/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reader.h"
#include "support/cmocka.h"

#include <stdlib.h>
#include <string.h>

static void test_integers_are_little_endian(void **state)
{
	(void)state;
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	struct fl_reader r = fl_reader("x", bytes, sizeof(bytes), 0);
	assert_int_equal(fl_read_u8(&r), 1);
	assert_int_equal(fl_read_u16(&r), 0x0302);
	assert_int_equal(fl_read_u32(&r), 0x07060504);
	assert_true(fl_read_u64(&r) == UINT64_C(0x0f0e0d0c0b0a0908));
	assert_int_equal(fl_reader_status(&r, NULL), FL_OK);
	assert_int_equal(fl_reader_left(&r), 0);
}

static void test_first_error_latches(void **state)
{
	(void)state;
	static const uint8_t bytes[] = { 1, 2, 3 };
	struct fl_reader r = fl_reader("block", bytes, sizeof(bytes), 0x100);
	fl_read_u8(&r);
	assert_int_equal(fl_read_u32(&r), 0);
	assert_int_equal(fl_read_u8(&r), 0); /* would fit, but the reader is done */
	struct fl_error err = { 0 };
	assert_int_equal(fl_reader_status(&r, &err), FL_EFORMAT);
	assert_int_equal(err.at, 0x101);
	assert_int_equal(err.at_kind, FL_AT_FILE_OFFSET);
	assert_string_equal(err.message, "block: need 4 more bytes, have 2");
}

static void test_uleb(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
		uint64_t value;
		enum fl_code code;
	} cases[] = {
		{ "\x00", 1, 0, FL_OK },
		{ "\x7f", 1, 127, FL_OK },
		{ "\xe5\x8e\x26", 3, 624485, FL_OK }, /* DWARF 5, figure C.1 */
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, UINT64_MAX, FL_OK },
		{ "\x80\x80", 2, 0, FL_EFORMAT },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11, 0, FL_EFORMAT },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_reader r = fl_reader("leb", cases[i].bytes, cases[i].size, 0);
		assert_true(fl_read_uleb(&r) == cases[i].value);
		assert_int_equal(fl_reader_status(&r, NULL), cases[i].code);
	}
}

static void test_sleb(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
		int64_t value;
	} cases[] = {
		/* DWARF 5, table 7.8 */
		{ "\x02", 1, 2 },
		{ "\x7e", 1, -2 },
		{ "\xff\x00", 2, 127 },
		{ "\x81\x7f", 2, -127 },
		{ "\x80\x01", 2, 128 },
		{ "\x80\x7f", 2, -128 },
		{ "\x81\x01", 2, 129 },
		{ "\xff\x7e", 2, -129 },
		{ "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f", 10, INT64_MIN },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_reader r = fl_reader("leb", cases[i].bytes, cases[i].size, 0);
		assert_true(fl_read_sleb(&r) == cases[i].value);
		assert_int_equal(fl_reader_status(&r, NULL), FL_OK);
	}
}

static void test_strings_end_inside(void **state)
{
	(void)state;
	struct fl_reader r = fl_reader("names", "ab\0cd", 5, 0);
	assert_string_equal(fl_read_cstr(&r), "ab");
	assert_null(fl_read_cstr(&r));
	assert_int_equal(fl_reader_status(&r, NULL), FL_EFORMAT);
}

static void test_window_is_confined(void **state)
{
	(void)state;
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6 };
	struct fl_reader r = fl_reader("outer", bytes, sizeof(bytes), 0);
	fl_read_u8(&r);
	struct fl_reader sub = fl_read_window(&r, "inner", 2);
	assert_int_equal(fl_read_u16(&sub), 0x0302);
	assert_int_equal(fl_read_u8(&sub), 0);
	struct fl_error err = { 0 };
	assert_int_equal(fl_reader_status(&sub, &err), FL_EFORMAT);
	assert_int_equal(err.at, 3);
	assert_int_equal(fl_read_u8(&r), 4); /* the parent goes on behind the window */
	assert_int_equal(fl_reader_status(&r, NULL), FL_OK);
}

static void test_seek_stays_inside(void **state)
{
	(void)state;
	struct fl_reader r = fl_reader("x", "abc", 3, 0);
	fl_read_seek(&r, 2);
	assert_int_equal(fl_read_u8(&r), 'c');
	fl_read_seek(&r, 4);
	assert_int_equal(fl_reader_status(&r, NULL), FL_EFORMAT);
}

static void test_huge_sizes_are_refused(void **state)
{
	(void)state;
	struct fl_reader r = fl_reader("x", "abc", 3, 0);
	assert_null(fl_read_bytes(&r, UINT64_MAX));
	struct fl_reader sub = fl_read_window(&r, "y", UINT64_MAX);
	assert_int_equal(sub.size, 0);
	assert_int_equal(fl_reader_status(&sub, NULL), FL_EFORMAT);
}

static void test_count_must_fit(void **state)
{
	(void)state;
	static const uint8_t bytes[] = { 2, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1 };
	struct fl_reader r = fl_reader("list", bytes, sizeof(bytes), 8);
	struct fl_reader again = r;
	assert_int_equal(fl_read_count(&r, 3), 2);
	assert_int_equal(fl_read_count(&again, 4), 0);
	struct fl_error err = { 0 };
	assert_int_equal(fl_reader_status(&again, &err), FL_EFORMAT);
	assert_int_equal(err.at, 8); /* where the count stands, not where it ended */
}

static void test_null_is_empty(void **state)
{
	(void)state;
	struct fl_reader r = fl_reader("none", NULL, 10, 0);
	fl_read_u8(&r);
	assert_int_equal(fl_reader_status(&r, NULL), FL_EFORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers_are_little_endian),
		cmocka_unit_test(test_first_error_latches),
		cmocka_unit_test(test_uleb),
		cmocka_unit_test(test_sleb),
		cmocka_unit_test(test_strings_end_inside),
		cmocka_unit_test(test_window_is_confined),
		cmocka_unit_test(test_seek_stays_inside),
		cmocka_unit_test(test_huge_sizes_are_refused),
		cmocka_unit_test(test_count_must_fit),
		cmocka_unit_test(test_null_is_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
