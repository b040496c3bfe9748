/* SPDX-License-Identifier: Apache-2.0 */
/* Rows in blocks. The bytes are written by hand from docs/index-format.md. */
#include "support/cmocka.h"
#include "symbols/calls.h"
#include "symbols/rows.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A module of nothing but the rows of one kind: @p size bytes of them, and what follows. */
static struct fl_module module_of(enum fl_index_kind addrs, const uint32_t *keys,
				  const uint32_t *offs, uint32_t blocks, const uint8_t *bytes,
				  uint32_t size)
{
	struct fl_module m = { 0 };
	m.tables[addrs] = (struct fl_table){ keys, blocks, 4 };
	m.tables[addrs + 1] = (struct fl_table){ offs, blocks, 4 };
	m.tables[addrs + 2] = (struct fl_table){ bytes, size + FL_ROW_SIZE_MAX, 1 };
	return m;
}

/* Two blocks of places: 0x1000 file 1 line 10 column 3, 0x1002 line 6, 0x1010 line 16,
 * 0x1011 file 300 line 17, 0x1111 the end; 0x2000 file 2 line 5 column 200. */
static const uint8_t places[24 + FL_ROW_SIZE_MAX] = {
	0xe8, 0x00, 0x01, 3,             /* the step follows; file 1; + 10 */
	0x01, 7,                         /* + 2, - 4 */
	0xe7, 1,                         /* + 14, + 10 */
	0x58, 0x01, 0xac, 0x02, 1,       /* an odd step; file 300; + 1 */
	0xf8, 0x80, 0x02, 0x00, 33,   0, /* + 256; no file; - 17 */
	0x98, 0x00, 0x02, 0xc8, 0x01,    /* the next block begins anew */
};
static const uint32_t place_keys[] = { 0x1000, 0x2000 };
static const uint32_t place_offs[] = { 0, 19 };

static void test_places(void **state)
{
	static const struct {
		uint32_t addr, file, line, column;
	} cases[] = {
		{ 0xfff, 0, 0, 0 },     { 0x1000, 1, 10, 3 },   { 0x1001, 1, 10, 3 },
		{ 0x1002, 1, 6, 7 },    { 0x100f, 1, 6, 7 },    { 0x1010, 1, 16, 1 },
		{ 0x1011, 300, 17, 1 }, { 0x1110, 300, 17, 1 }, { 0x1111, 0, 0, 0 },
		{ 0x1fff, 0, 0, 0 },    { 0x2000, 2, 5, 200 },  { UINT32_MAX, 2, 5, 200 },
	};
	(void)state;
	struct fl_module m = module_of(FL_INDEX_LINE_ADDRS, place_keys, place_offs, 2, places, 24);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fl_place_row row = fl_rows_place(&m, cases[i].addr);
		assert_int_equal(row.file, cases[i].file);
		assert_int_equal(row.line, cases[i].line);
		assert_int_equal(row.column, cases[i].column);
	}
}

/* 0x100: 5; 0x102: nothing; 0x182: 3; 0x184: 70 000. */
static const uint8_t values[11 + FL_ROW_SIZE_MAX] = {
	0, 11, 2, 0, 0x80, 1, 4, 2, 0xdb, 0xc5, 0x08
};

static void test_values(void **state)
{
	static const uint32_t keys[] = { 0x100 };
	static const uint32_t offs[] = { 0 };
	static const struct {
		uint32_t addr, value;
	} cases[] = {
		{ 0xff, FL_INDEX_NONE },  { 0x100, 5 }, { 0x101, 5 },     { 0x102, FL_INDEX_NONE },
		{ 0x181, FL_INDEX_NONE }, { 0x182, 3 }, { 0x184, 70000 }, { 0xffffffff, 70000 },
	};
	(void)state;
	struct fl_module m = module_of(FL_INDEX_UNWIND_ADDRS, keys, offs, 1, values, 11);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(fl_rows_value(&m, FL_INDEX_UNWIND_ADDRS, cases[i].addr),
				 cases[i].value);
}

static void test_written_as_read(void **state)
{
	uint8_t bytes[FL_ROW_SIZE_MAX];
	struct fl_place_row before = { .addr = 0x1000 };
	static const struct fl_place_row rows[] = {
		{ 0x1000, 1, 10, 3 },   { 0x1002, 1, 6, 7 }, { 0x1010, 1, 16, 1 },
		{ 0x1011, 300, 17, 1 }, { 0x1111, 0, 0, 0 },
	};
	size_t at = 0;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t size = (size_t)(fl_place_row_put(bytes, &before, &rows[i]) - bytes);
		assert_memory_equal(bytes, places + at, size);
		before = rows[i];
		at += size;
	}
	assert_int_equal(at, place_offs[1]);
	struct fl_value_row value = { .addr = 0x100 };
	uint8_t *end = fl_value_row_put(bytes, &value, 0x100, 5);
	end = fl_value_row_put(end, &value, 0x102, FL_INDEX_NONE);
	end = fl_value_row_put(end, &value, 0x182, 3);
	end = fl_value_row_put(end, &value, 0x184, 70000);
	assert_int_equal(end - bytes, 11);
	assert_memory_equal(bytes, values, 11);
}

static const uint32_t no_key[] = { 0 }, no_off[] = { 0 };

/* A row at 0, one at @p addr; there the second holds. */
static void check_values_come_back(uint32_t addr, uint32_t number)
{
	uint8_t bytes[3 * FL_ROW_SIZE_MAX] = { 0 };
	struct fl_value_row row = { 0 };
	uint8_t *end = fl_value_row_put(bytes, &row, 0, addr & INT32_MAX);
	end = fl_value_row_put(end, &row, addr, number);
	struct fl_module m =
		module_of(FL_INDEX_UNWIND_ADDRS, no_key, no_off, 1, bytes, (uint32_t)(end - bytes));
	assert_int_equal(fl_rows_value(&m, FL_INDEX_UNWIND_ADDRS, addr), number);
	assert_int_equal(fl_rows_value(&m, FL_INDEX_UNWIND_ADDRS, 0),
			 addr ? addr & INT32_MAX : number);
}

static void check_places_come_back(uint32_t addr, uint32_t number)
{
	uint8_t bytes[3 * FL_ROW_SIZE_MAX] = { 0 };
	const struct fl_place_row none = { 0 };
	const struct fl_place_row first = { 0, number, addr, 0 };
	const struct fl_place_row second = { addr, addr, number, number };
	uint8_t *middle = fl_place_row_put(bytes, &none, &first);
	uint8_t *end = fl_place_row_put(middle, &first, &second);
	assert_true(middle - bytes <= FL_ROW_SIZE_MAX && end - middle <= FL_ROW_SIZE_MAX);
	struct fl_module m =
		module_of(FL_INDEX_LINE_ADDRS, no_key, no_off, 1, bytes, (uint32_t)(end - bytes));
	struct fl_place_row found = fl_rows_place(&m, addr);
	assert_memory_equal(&found, &second, sizeof(second));
}

/* The largest steps and numbers there are. */
static void test_extremes_come_back(void **state)
{
	static const uint32_t numbers[] = { 0,   1,   14,         15,         16,
					    127, 128, 0x7fffffff, 0x80000000, UINT32_MAX - 1 };
	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++)
		for (size_t k = 0; k < COUNT(numbers); k++) {
			check_values_come_back(numbers[i], numbers[k] & INT32_MAX);
			check_places_come_back(numbers[i], numbers[k]);
		}
}

/*
 * Whatever the offsets say, a block lies inside the bytes, and is no longer than blocks are. Each
 * row here takes two bytes and adds one to the value.
 */
static void test_crafted_offsets(void **state)
{
	enum { NONE = -1, LONGEST = 256 };
	static uint8_t bytes[5000 + FL_ROW_SIZE_MAX];
	static const struct {
		uint32_t offs[2];
		int rows[2];
	} cases[] = {
		{ { 0, 100 }, { 50, LONGEST } },       { { 0, 4990 }, { LONGEST, 5 } },
		{ { 100, 50 }, { NONE, LONGEST } },    { { 5000, 5000 }, { NONE, NONE } },
		{ { 0, 5001 }, { NONE, NONE } },       { { 0, UINT32_MAX }, { NONE, NONE } },
		{ { UINT32_MAX, 4999 }, { NONE, 1 } },
	};
	(void)state;
	memset(bytes, 3, sizeof(bytes));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fl_module m =
			module_of(FL_INDEX_INLINE_ADDRS, place_keys, cases[i].offs, 2, bytes, 5000);
		for (uint32_t k = 0; k < 3; k++)
			assert_int_equal(
				(int)fl_block_value(&m, FL_INDEX_INLINE_ADDRS, k, UINT32_MAX),
				k < 2 ? cases[i].rows[k] : NONE);
	}
}

/* A block that ends inside a row, at every place. */
static void test_every_truncation(void **state)
{
	(void)state;
	for (uint32_t size = 0; size < place_offs[1]; size++) {
		uint8_t *copy = test_malloc(size + FL_ROW_SIZE_MAX);
		memset(copy, 0xff, size + FL_ROW_SIZE_MAX);
		memcpy(copy, places, size);
		struct fl_module m =
			module_of(FL_INDEX_LINE_ADDRS, place_keys, place_offs, 1, copy, size);
		for (uint32_t addr = 0xff0; addr < 0x1120; addr++)
			(void)fl_rows_place(&m, addr);
		m = module_of(FL_INDEX_INLINE_ADDRS, place_keys, place_offs, 1, copy, size);
		for (uint32_t addr = 0xff0; addr < 0x1120; addr++)
			(void)fl_rows_value(&m, FL_INDEX_INLINE_ADDRS, addr);
		test_free(copy);
	}
}

/* At 0: NAMES 2, file 1, line 300, column 4; at 6: inside it, NAMES 0. */
static const uint8_t calls[] = { 0, 2, 1, 0xac, 2, 4, 6, 0, 0, 7, 0 };

static void test_calls(void **state)
{
	struct fl_call call;
	uint8_t bytes[FL_CALL_SIZE_MAX];
	struct fl_module m = { 0 };
	(void)state;
	m.tables[FL_INDEX_CALLS] = (struct fl_table){ calls, sizeof(calls), 1 };
	assert_true(fl_call_at(&m, 0, &call));
	assert_int_equal(call.parent, FL_INDEX_NONE);
	assert_true(call.name == 2 && call.file == 1 && call.line == 300 && call.column == 4);
	assert_int_equal(fl_call_put(bytes, 0, &call) - bytes, 6);
	assert_memory_equal(bytes, calls, 6);
	assert_true(fl_call_at(&m, 6, &call));
	assert_int_equal(call.parent, 0);
	assert_true(call.name == 0 && call.file == 0 && call.line == 7 && call.column == 0);
	assert_int_equal(fl_call_put(bytes, 6, &call) - bytes, 5);
	assert_memory_equal(bytes, calls + 6, 5);
	assert_true(fl_call_at(&m, 1, &call)); /* crafted: further back than there is anything */
	assert_int_equal(call.parent, FL_INDEX_NONE);
	assert_true(fl_call_at(&m, 3, &call));
	assert_int_equal(call.parent, FL_INDEX_NONE);
	assert_false(fl_call_at(&m, 8, &call));
	assert_false(fl_call_at(&m, UINT32_MAX, &call));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),          cmocka_unit_test(test_values),
		cmocka_unit_test(test_written_as_read), cmocka_unit_test(test_extremes_come_back),
		cmocka_unit_test(test_crafted_offsets), cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_calls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
