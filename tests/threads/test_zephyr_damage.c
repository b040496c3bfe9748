/* SPDX-License-Identifier: Apache-2.0 */
/* Lists that go round, lead nowhere or were cut: what there is is kept, and one finding says so. */
#include "threads/zephyr_case.h"

#include <stdio.h>

#include "base/limits.h"

enum {
	THREADS = 0x20001000,
	STEP = 0x100,
	STACK = 0x20002000,
	COUNT = 5,
	QUEUED = 0x80,
	T = 0x01000000,
};

static uint32_t thread_at(unsigned i)
{
	return THREADS + i * STEP;
}

static void put_threads(struct zephyr_writer *w, unsigned count)
{
	static char names[COUNT][16];
	zephyr_frame(w, STACK + 0x100, 0, 0xffffffff, ZEPHYR_SWAP, T);
	for (unsigned i = 0; i < count; i++) {
		snprintf(names[i], sizeof(names[i]), "t%u", i);
		zephyr_thread(w, &(struct zephyr_thread){ .at = thread_at(i),
							  .name = names[i],
							  .state = QUEUED,
							  .entry = ZEPHYR_WORKER | 1,
							  .stack = STACK,
							  .stack_size = 0x200,
							  .sp = STACK + 0x100 });
	}
	zephyr_current(w, thread_at(0));
}

/* Where the third one leads. */
static void test_next(void **state)
{
	static const struct {
		const char *name;
		uint32_t next;
		size_t threads;
		const char *finding;
	} cases[] = {
		{ "as it was", THREADS + 3 * STEP, 5, NULL },
		{ "itself", THREADS + 2 * STEP, 3, "goes round" },
		{ "the first", THREADS, 3, "goes round" },
		{ "nothing", 0, 3, NULL },
		{ "a wild pointer", 0x20009000, 3, "no thread was captured" },
		{ "odd", THREADS + 3 * STEP + 1, 3, "no thread was captured" },
		{ "code", ZEPHYR_WORKER, 3, "no thread was captured" },
		{ "zeroes", 0x20003000, 3, "no thread was captured" },
		{ "the end of memory", 0xfffffffc, 3, "no thread was captured" },
	};
	(void)state;
	for (size_t k = 0; k < 2 * sizeof(cases) / sizeof(cases[0]); k++) {
		ZEPHYR_AUTO w;
		DEVICE_CASE c;
		size_t i = k / 2;
		zephyr_begin(&w, &zephyr_3_7, k & 1 ? ZEPHYR_DWARF : ZEPHYR_TABLE);
		put_threads(&w, COUNT);
		zephyr_word(&w, thread_at(2) + zephyr_3_7.next, cases[i].next);
		zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
		if (c.threads.count != cases[i].threads)
			fail_msg("%s: %zu", cases[i].name, c.threads.count);
		assert_int_equal(c.findings.count, cases[i].finding ? 1 : 0);
		if (cases[i].finding)
			assert_int_equal(device_findings(&c, cases[i].finding), 1);
	}
}

static void test_running_one(void **state)
{
	static const struct {
		const char *name;
		uint32_t current;
		size_t threads, findings;
		bool has_running, running;
	} cases[] = {
		{ "in the list", THREADS + STEP, 5, 0, true, true },
		{ "code", ZEPHYR_WORKER, 5, 1, true, false },
		{ "zeroes", 0x20003000, 5, 1, true, false },
		{ "odd", THREADS + 1, 5, 1, true, false },
		{ "not captured", 0x20009000, 6, 0, false, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ZEPHYR_AUTO w;
		DEVICE_CASE c;
		zephyr_begin(&w, &zephyr_3_7, ZEPHYR_DWARF);
		put_threads(&w, COUNT);
		zephyr_current(&w, cases[i].current);
		zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
		if (c.threads.count != cases[i].threads || c.findings.count != cases[i].findings ||
		    c.threads.kernel.has_running != cases[i].has_running ||
		    c.threads.kernel.running != cases[i].running)
			fail_msg("%s: %zu threads, %zu findings", cases[i].name, c.threads.count,
				 c.findings.count);
	}
}

/* As many as the bound, and more. */
static void test_limit(void **state)
{
	(void)state;
	ZEPHYR_AUTO w;
	DEVICE_CASE c;
	enum { SMALL = 20, BASE = ZEPHYR_RAM + 0x200 };
	struct zephyr_shape s = {
		.current = 8,
		.threads = 0x40,
		.next = 0,
		.state = 4,
		.prio = 5,
		.user_options = 8,
		.pended_on = ZEPHYR_ABSENT,
		.timeout = ZEPHYR_ABSENT,
		.psp = 12,
		.entry = ZEPHYR_ABSENT,
		.name = ZEPHYR_ABSENT,
		.arch = ZEPHYR_ABSENT,
		.preempt_float = ZEPHYR_ABSENT,
		.exc_return = ZEPHYR_ABSENT,
		.kernel_size = 0x44,
	};
	zephyr_begin(&w, &s, ZEPHYR_TABLE);
	for (uint32_t i = 0; i < FL_LIMIT_THREADS + 20; i++)
		zephyr_word(&w, BASE + i * SMALL, BASE + (i + 1) * SMALL);
	zephyr_word(&w, ZEPHYR_KERNEL + s.threads, BASE);
	zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
	assert_int_equal(c.threads.count, FL_LIMIT_THREADS);
	assert_int_equal(device_findings(&c, "more than 256 threads"), 1);
	assert_int_equal(c.findings.count, 1);
}

/* Memory that ends at each byte: never a thread that is not there, never one twice. */
static void test_every_truncation(void **state)
{
	(void)state;
	size_t last = 0;
	for (uint32_t size = 4; size <= STACK + 0x200 - ZEPHYR_RAM; size += 4) {
		ZEPHYR_AUTO w;
		DEVICE_CASE c;
		const struct device_capture cut[] = { { ZEPHYR_RAM, size }, { 0, 0 } };
		zephyr_begin(&w, &zephyr_3_7, ZEPHYR_DWARF);
		put_threads(&w, COUNT);
		zephyr_find(&c, &w, cut, NULL, FL_ARCH_V7M);
		assert_true(c.threads.count >= last && c.threads.count <= COUNT);
		assert_in_range(c.findings.count, 0, 2);
		for (size_t i = 0; i < c.threads.count; i++) {
			const struct fl_thread *t = &c.threads.items[i];
			assert_true(t->block >= THREADS && (t->block - THREADS) % STEP == 0);
			assert_true(t->context == FL_CONTEXT_SAVED || t->stop_text[0]);
			assert_true(!t->regs.known || t->context == FL_CONTEXT_SAVED);
		}
		last = c.threads.count;
	}
	assert_int_equal(last, COUNT);
}

/* Numbers in the table that no structure is as large as, and a table that is none. */
static void test_table(void **state)
{
	static const struct {
		const char *name;
		uint32_t at, word;
		bool is_read;
		size_t threads;
	} cases[] = {
		{ "as it is", 0, 1, true, COUNT },
		{ "version 0", 0, 0, true, COUNT },
		{ "another version", 0, 2, false, 0 },
		{ "no name", 9, 0xffffffff, true, COUNT },
		{ "no state", 5, 0x10000000, false, 1 },
		{ "as large as it says", 14, 14, true, COUNT },
		{ "larger", 14, 0x7fffffff, false, 0 }, /* and not captured */
		{ "too small", 14, 3, false, 0 },
		{ "of 8 bytes each", 15, 8, false, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ZEPHYR_AUTO w;
		DEVICE_CASE c;
		zephyr_begin(&w, &zephyr_3_7, ZEPHYR_TABLE);
		put_threads(&w, COUNT);
		for (size_t k = 0; k < w.elf.count; k++)
			if (strcmp(w.elf.sections[k].name, ".dbg_thread_info") == 0) {
				if (cases[i].at < 15)
					patch_u32(&w.elf.sections[k].data, 4 * cases[i].at,
						  cases[i].word);
				else
					w.elf.sections[k].data.data[4 * cases[i].at] =
						(uint8_t)cases[i].word;
			}
		zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
		if (c.threads.count != cases[i].threads)
			fail_msg("%s: %zu", cases[i].name, c.threads.count);
		assert_int_equal(device_findings(&c, "what a thread of this kernel looks like"),
				 !cases[i].is_read);
		assert_int_equal(c.findings.count, !cases[i].is_read);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next),  cmocka_unit_test(test_running_one),
		cmocka_unit_test(test_limit), cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
