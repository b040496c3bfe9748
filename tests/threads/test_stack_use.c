/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds of stacks, and how much of them was never used. */
#include "support/cmocka.h"
#include "support/target_memory.h"
#include "threads/kernel.h"

#include <string.h>

enum { STACK = 0x20000000, SIZE = 0x100, FILL = 0xa5 };

static void test_bounds(void **state)
{
	static const struct {
		const char *name;
		uint32_t start;
		uint64_t end;
		bool start_known, known;
	} cases[] = {
		{ "a stack", STACK, STACK + SIZE, true, true },
		{ "no start", 0, STACK, false, false },
		{ "no end", STACK, 0, true, false },
		{ "upside down", STACK, STACK - 4, true, false },
		{ "empty", STACK, STACK, true, false },
		{ "largest", STACK, STACK + 0x100000, true, true },
		{ "too large", STACK, STACK + 0x100001, true, false },
		{ "to the end of memory", 0xffffff00, UINT64_C(1) << 32, true, true },
		{ "past it", 0xffffff00, (UINT64_C(1) << 32) + 1, true, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_thread t = { 0 };
		fl_thread_set_stack(&t, cases[i].start, cases[i].end);
		if (t.stack.known != cases[i].known)
			print_message("case: %s\n", cases[i].name);
		assert_int_equal(t.stack.start_known, cases[i].start_known);
		assert_int_equal(t.stack.known, cases[i].known);
		if (t.stack.known)
			assert_int_equal(t.stack.end, cases[i].end);
	}
}

static void test_used(void **state)
{
	static const struct {
		const char *name;
		uint32_t sp;
		bool known;
		uint32_t used;
	} cases[] = {
		{ "inside", STACK + 0xc0, true, 0x40 },
		{ "nothing", STACK + SIZE, true, 0 },
		{ "all of it", STACK, true, SIZE },
		{ "more than there is", STACK - 0x20, true, SIZE + 0x20 },
		{ "so far below that it is another's", STACK - SIZE - 4, false, 0 },
		{ "above", STACK + SIZE + 4, false, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_thread t = { 0 };
		fl_thread_set_stack(&t, STACK, STACK + SIZE);
		fl_thread_set_used(&t, cases[i].sp);
		if (t.stack.used_known != cases[i].known || t.stack.used != cases[i].used)
			print_message("case: %s\n", cases[i].name);
		assert_int_equal(t.stack.used_known, cases[i].known);
		assert_int_equal(t.stack.used, cases[i].used);
	}
	struct fl_thread unbounded = { 0 };
	fl_thread_set_stack(&unbounded, STACK, 0);
	fl_thread_set_used(&unbounded, STACK + 4);
	assert_false(unbounded.stack.used_known);
}

/* One stack, [captured] bytes of it from [from] on, [filled] of them the pattern. */
struct filled {
	const char *name;
	uint32_t from, captured, filled, skip;
	bool bounded;
	bool known;
	uint32_t unused;
};

static const struct filled fills[] = {
	{ "all captured", 0, SIZE, 0x60, 0, true, true, 0x60 },
	{ "no end known", 0, SIZE, 0x60, 0, false, true, 0x60 },
	{ "eight bytes are a pattern", 0, SIZE, 8, 0, true, true, 8 },
	{ "seven are an accident", 0, SIZE, 7, 0, true, false, 0 },
	{ "no pattern", 0, SIZE, 0, 0, true, false, 0 },
	{ "never used", 0, SIZE, SIZE, 0, true, true, SIZE },
	{ "the low end is missing", 0x20, SIZE - 0x20, 0x40, 0, true, false, 0 },
	{ "the pattern goes on where the capture ends", 0, 0x40, 0x40, 0, true, false, 0 },
	{ "a guard below", 0, SIZE, 0x60, 0x20, true, true, 0x60 },
};

static void run_fill(const struct filled *f)
{
	TARGET_MEMORY memory = { 0 };
	uint8_t bytes[SIZE];
	memset(bytes, 0x11, sizeof(bytes));
	memset(bytes, FILL, f->filled);
	memset(bytes, 0x22, f->skip);
	target_bytes(&memory, STACK + f->from, bytes + f->from, f->captured);
	struct fl_threads_input in = { .memory = &memory.view };
	struct fl_kernel_scan scan = { .in = &in };
	struct fl_thread t = { 0 };
	fl_thread_set_stack(&t, STACK, f->bounded ? STACK + SIZE : 0);
	fl_thread_measure(&scan, &t, FILL, f->skip);
	if (t.stack.unused_known != f->known || t.stack.unused != f->unused)
		print_message("case: %s\n", f->name);
	assert_int_equal(t.stack.unused_known, f->known);
	assert_int_equal(t.stack.unused, f->unused);
	assert_int_equal(t.stack.high_water_known, f->known && f->bounded);
	if (t.stack.high_water_known)
		assert_int_equal(t.stack.high_water, SIZE - f->unused);
}

static void test_fill_pattern(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fills) / sizeof(fills[0]); i++)
		run_fill(&fills[i]);
}

/* A pattern across two captured regions that touch. */
static void test_pattern_across_regions(void **state)
{
	(void)state;
	TARGET_MEMORY memory = { 0 };
	uint8_t bytes[SIZE];
	memset(bytes, FILL, 0x80);
	memset(bytes + 0x80, 0x11, 0x80);
	target_bytes(&memory, STACK, bytes, 0x30);
	target_bytes(&memory, STACK + 0x30, bytes + 0x30, SIZE - 0x30);
	struct fl_threads_input in = { .memory = &memory.view };
	struct fl_kernel_scan scan = { .in = &in };
	struct fl_thread t = { 0 };
	fl_thread_set_stack(&t, STACK, STACK + SIZE);
	fl_thread_measure(&scan, &t, FILL, 0);
	assert_int_equal(t.stack.unused, 0x80);
}

/* Wherever the pattern ends, and wherever the region does that it begins in. */
static void test_every_length(void **state)
{
	(void)state;
	for (uint32_t filled = 8; filled <= SIZE; filled++)
		for (uint32_t cut = 1; cut < SIZE; cut += 13) {
			TARGET_MEMORY memory = { 0 };
			uint8_t bytes[SIZE];
			memset(bytes, FILL, sizeof(bytes));
			if (filled < SIZE)
				bytes[filled] = FILL ^ 1;
			target_bytes(&memory, STACK, bytes, cut);
			target_bytes(&memory, STACK + cut, bytes + cut, SIZE - cut);
			struct fl_threads_input in = { .memory = &memory.view };
			struct fl_kernel_scan scan = { .in = &in };
			struct fl_thread t = { 0 };
			fl_thread_set_stack(&t, STACK, STACK + SIZE);
			fl_thread_measure(&scan, &t, FILL, 0);
			assert_int_equal(t.stack.unused, filled);
		}
}

/* Of a kernel that fills, a stack without pattern is used up; of one that does not, unknown. */
static void test_used_up(void **state)
{
	static const struct {
		const char *name;
		uint32_t filled[3];
		bool known[3];
		uint32_t unused[3];
	} cases[] = {
		{ "one is used up", { 0x40, 0, 0x80 }, { true, true, true }, { 0x40, 0, 0x80 } },
		{ "nearly", { 0x40, 4, 0 }, { true, true, true }, { 0x40, 4, 0 } },
		{ "no filling", { 0, 0, 3 }, { false, false, false }, { 0 } },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		TARGET_MEMORY memory = { 0 };
		uint8_t bytes[3 * SIZE];
		struct fl_thread items[4];
		memset(items, 0, sizeof(items));
		memset(bytes, 0x11, sizeof(bytes));
		for (uint32_t n = 0; n < 3; n++) {
			memset(bytes + n * SIZE, FILL, cases[i].filled[n]);
			items[n].state = FL_THREAD_READY;
			fl_thread_set_stack(&items[n], STACK + n * SIZE, STACK + (n + 1) * SIZE);
		}
		items[3].state = FL_THREAD_UNKNOWN; /* it may be gone, and its stack reused */
		fl_thread_set_stack(&items[3], STACK + SIZE - 0x20, STACK + SIZE);
		target_bytes(&memory, STACK, bytes, sizeof(bytes));
		struct fl_threads_input in = { .memory = &memory.view };
		struct fl_threads out = { .items = items, .count = 4 };
		struct fl_kernel_scan scan = { .in = &in, .out = &out };
		fl_threads_measure(&scan, FILL, 0);
		for (size_t n = 0; n < 3; n++) {
			assert_int_equal(items[n].stack.unused_known, cases[i].known[n]);
			assert_int_equal(items[n].stack.unused, cases[i].unused[n]);
		}
		assert_false(items[3].stack.unused_known);
	}
}

static void test_numbers_of_the_device(void **state)
{
	(void)state;
	struct fl_thread t = { 0 };
	fl_thread_set_stack(&t, STACK, STACK + SIZE);
	fl_thread_set_unused(&t, SIZE + 1);
	assert_false(t.stack.unused_known);
	fl_thread_set_unused(&t, 0x30);
	assert_int_equal(t.stack.unused, 0x30);
	assert_int_equal(t.stack.high_water, SIZE - 0x30);
}

/* What lies above the stack pointer is in use, whatever is written there. */
static void test_peak_is_not_below_use(void **state)
{
	static const struct {
		const char *name;
		uint32_t used, unused, high_water;
	} cases[] = {
		{ "more was written", 0x20, SIZE - 0x60, 0x60 },
		{ "nothing written yet", 8, SIZE, 8 },
		{ "a buffer with the pattern in it", 0x80, SIZE - 0x40, 0x80 },
		{ "overflowed", SIZE + 0x20, 0, SIZE + 0x20 },
	};
	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_thread t = { 0 };
		uint32_t sp = STACK + SIZE - cases[i / 2].used;
		fl_thread_set_stack(&t, STACK, STACK + SIZE);
		if (i % 2)
			fl_thread_set_used(&t, sp);
		fl_thread_set_unused(&t, cases[i / 2].unused);
		if (i % 2 == 0)
			fl_thread_set_used(&t, sp);
		if (t.stack.high_water != cases[i / 2].high_water)
			print_message("case: %s\n", cases[i / 2].name);
		assert_true(t.stack.high_water_known);
		assert_int_equal(t.stack.high_water, cases[i / 2].high_water);
		assert_int_equal(t.stack.unused, cases[i / 2].unused);
		fl_thread_forget_used(&t);
		assert_false(t.stack.used_known);
		assert_int_equal(t.stack.high_water, SIZE - cases[i / 2].unused);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_used),
		cmocka_unit_test(test_fill_pattern),
		cmocka_unit_test(test_pattern_across_regions),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_used_up),
		cmocka_unit_test(test_numbers_of_the_device),
		cmocka_unit_test(test_peak_is_not_below_use),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
