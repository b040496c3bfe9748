/* SPDX-License-Identifier: Apache-2.0 */
#include "model/memory.h"
#include "support/cmocka.h"

#include <stdlib.h>
#include <string.h>

static uint8_t ones[64];
static uint8_t twos[64];
static uint8_t threes[64];

static int fill(void **state)
{
	(void)state;
	memset(ones, 1, sizeof(ones));
	memset(twos, 2, sizeof(twos));
	memset(threes, 3, sizeof(threes));
	return 0;
}

static void test_read_spans_and_names_the_hole(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		uint32_t addr;
		size_t size;
		bool good;
		uint32_t missing;
	} cases[] = {
		{ "inside one span", 0x20000001, 2, true, 0 },
		{ "across the seam", 0x20000003, 3, true, 0 },
		{ "runs off the end", 0x20000004, 3, false, 0x20000006 },
		{ "before the start", 0x1fffffff, 2, false, 0x1fffffff },
		{ "top of memory", 0xffffffff, 1, false, 0xffffffff },
		{ "nothing", 0x10, 0, true, 0 },
	};
	const struct fl_span spans[] = {
		{ 0x20000004, 2, twos, FL_SPAN_DUMP },
		{ 0x20000000, 4, ones, FL_SPAN_DUMP },
	};
	struct fl_arena arena = { 0 };
	struct fl_memory memory = { 0 };
	assert_int_equal(fl_memory_layer(&memory, &arena, spans, 2), FL_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t buf[8];
		uint32_t missing = 0;
		bool good = fl_memory_read(&memory, cases[i].addr, buf, cases[i].size, &missing);
		if (good != cases[i].good || missing != cases[i].missing)
			print_message("case: %s\n", cases[i].name);
		assert_int_equal(good, cases[i].good);
		assert_int_equal(missing, cases[i].missing);
	}
	fl_arena_deinit(&arena);
}

static void test_earlier_layer_wins(void **state)
{
	(void)state;
	const struct fl_span dump[] = {
		{ 0x100, 16, ones, FL_SPAN_DUMP },
		{ 0x0f8, 32, twos, FL_SPAN_DUMP }, /* the same stack, captured a second time */
	};
	const struct fl_span elf = { 0x0f0, 64, threes, FL_SPAN_ELF };
	struct fl_arena arena = { 0 };
	struct fl_memory memory = { 0 };
	assert_int_equal(fl_memory_layer(&memory, &arena, dump, 2), FL_OK);
	assert_int_equal(fl_memory_layer(&memory, &arena, &elf, 1), FL_OK);
	for (uint32_t addr = 0xf0; addr < 0x130; addr++) {
		uint8_t value;
		uint8_t expected = addr < 0xf8    ? 3
				   : addr < 0x100 ? 2
				   : addr < 0x110 ? 1
				   : addr < 0x118 ? 2
						  : 3;
		assert_true(fl_memory_u8(&memory, addr, &value));
		assert_int_equal(value, expected);
	}
	assert_int_equal(fl_memory_find(&memory, 0xf0)->source, FL_SPAN_ELF);
	assert_int_equal(fl_memory_find(&memory, 0x108)->source, FL_SPAN_DUMP);
	assert_null(fl_memory_find(&memory, 0x130));
	fl_arena_deinit(&arena);
}

static void test_end_of_the_address_space(void **state)
{
	(void)state;
	const struct fl_span top = { 0xfffffffc, 16, ones, FL_SPAN_DUMP }; /* would wrap: clamped */
	struct fl_arena arena = { 0 };
	struct fl_memory memory = { 0 };
	uint32_t word;
	uint32_t missing = 0;
	uint8_t buf[8];
	assert_int_equal(fl_memory_layer(&memory, &arena, &top, 1), FL_OK);
	assert_true(fl_memory_u32(&memory, 0xfffffffc, &word));
	assert_int_equal(word, 0x01010101);
	assert_false(fl_memory_read(&memory, 0xfffffffe, buf, 4, &missing));
	assert_int_equal(missing, 0); /* 2^32: there is nothing behind the top */
	assert_false(fl_memory_u8(&memory, 0, buf));
	fl_arena_deinit(&arena);
}

/* Code and stack by turns, and what lies on both sides of a seam. */
static void test_recent_spans_change_no_answer(void **state)
{
	(void)state;
	static const uint8_t bytes[2][8] = { { 1, 2, 3, 4, 5, 6, 7, 8 },
					     { 9, 8, 7, 6, 5, 4, 3, 2 } };
	const struct fl_span spans[] = {
		{ 0x08000000, 8, bytes[0], FL_SPAN_ELF },
		{ 0x20000000, 6, bytes[0], FL_SPAN_DUMP },
		{ 0x20000006, 8, bytes[1], FL_SPAN_DUMP },
	};
	struct fl_arena arena = { 0 };
	struct fl_recent_spans recent = { 0 };
	struct fl_memory plain = { 0 };
	struct fl_memory memory = { .recent = &recent };
	assert_int_equal(fl_memory_layer(&plain, &arena, spans, 3), FL_OK);
	assert_int_equal(fl_memory_layer(&memory, &arena, spans, 3), FL_OK);
	srand(2);
	for (int i = 0; i < 20000; i++) {
		uint32_t base = rand() % 2 ? 0x08000000 : 0x20000000;
		uint32_t addr = base - 4 + (uint32_t)rand() % 24;
		uint8_t b[4];
		uint32_t word = 0;
		uint16_t half = 0;
		bool there = fl_memory_read(&plain, addr, b, 4, NULL);
		assert_int_equal(fl_memory_u32(&memory, addr, &word), there);
		assert_true(!there || word == (b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
					       (uint32_t)b[3] << 24));
		there = fl_memory_read(&plain, addr, b, 2, NULL);
		assert_int_equal(fl_memory_u16(&memory, addr, &half), there);
		assert_true(!there || half == (b[0] | (uint32_t)b[1] << 8));
		const struct fl_span *span = fl_memory_find(&plain, addr);
		assert_int_equal(span ? span - plain.spans + 1 : 0,
				 fl_memory_find(&memory, addr)
					 ? fl_memory_find(&memory, addr) - memory.spans + 1
					 : 0);
	}
	assert_true(fl_memory_u32(&memory, 0x20000004, &(uint32_t){ 0 }));
	fl_arena_deinit(&arena);
}

/* Random layers against a plain array that remembers who came first. */
static void test_random_layers(void **state)
{
	(void)state;
	enum { ROOM = 512 };
	static uint8_t bytes[64][ROOM];
	srand(1);
	for (int round = 0; round < 200; round++) {
		int expected[ROOM];
		memset(expected, -1, sizeof(expected));
		struct fl_arena arena = { 0 };
		struct fl_recent_spans recent = { 0 };
		struct fl_memory memory = { .recent = round % 2 ? &recent : NULL };
		for (int layer = 0; layer < 64; layer++) {
			memset(bytes[layer], layer, ROOM);
			uint32_t addr = (uint32_t)(rand() % ROOM);
			uint32_t size = (uint32_t)rand() % (ROOM - addr + 1);
			struct fl_span span = { 0x1000 + addr, size, bytes[layer], FL_SPAN_DUMP };
			assert_int_equal(fl_memory_layer(&memory, &arena, &span, 1), FL_OK);
			for (uint32_t i = addr; i < addr + size; i++)
				if (expected[i] < 0)
					expected[i] = layer;
			uint8_t last = 0; /* what is remembered must survive the next layer */
			if (size)
				assert_true(fl_memory_u8(&memory, 0x1000 + addr, &last));
			assert_true(!size || last == expected[addr]);
		}
		for (uint32_t i = 0; i < ROOM; i++) {
			uint8_t value;
			bool there = fl_memory_u8(&memory, 0x1000 + i, &value);
			assert_int_equal(there, expected[i] >= 0);
			if (there)
				assert_int_equal(value, expected[i]);
		}
		for (size_t i = 1; i < memory.count; i++)
			assert_true(memory.spans[i].addr >=
				    memory.spans[i - 1].addr + memory.spans[i - 1].size);
		fl_arena_deinit(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_spans_and_names_the_hole),
		cmocka_unit_test(test_earlier_layer_wins),
		cmocka_unit_test(test_end_of_the_address_space),
		cmocka_unit_test(test_recent_spans_change_no_answer),
		cmocka_unit_test(test_random_layers),
	};
	return cmocka_run_group_tests(tests, fill, NULL);
}
