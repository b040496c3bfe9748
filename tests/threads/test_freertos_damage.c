/* SPDX-License-Identifier: Apache-2.0 */
/* Lists that are damaged or were not captured, and what the vendor port's registry adds. */
#include "base/limits.h"
#include "threads/freertos_case.h"

/* Four tasks on xDelayedTaskList1, in this order, and a ready one. */
struct queue_of_four {
	uint32_t tasks[4], ready;
};

static void put_four(struct freertos_writer *w, unsigned config, struct queue_of_four *q)
{
	static const char *const names[] = { "zero", "one", "two", "three" };
	freertos_begin(w, config);
	for (uint32_t i = 0; i < 4; i++) {
		q->tasks[i] = freertos_task(w, names[i], i);
		freertos_put(w, w->delayed1, q->tasks[i], 100 + i);
	}
	q->ready = freertos_task(w, "ready", 1);
	freertos_make_ready(w, q->ready);
}

enum damage {
	CIRCLE_TO_ITSELF,
	CIRCLE_TO_THE_FIRST,
	NEXT_NULL,
	NEXT_WILD,
	NEXT_IN_A_STACK,
	NEXT_ON_ANOTHER_LIST,
	OWNER_WILD,
	COUNT_TOO_LOW,
	COUNT_HUGE,
};

static void damage(struct freertos_writer *w, const struct queue_of_four *q, enum damage what)
{
	uint32_t item = q->tasks[1] + w->s.state;
	switch (what) {
	case CIRCLE_TO_ITSELF:
		freertos_word(w, item + w->s.next, item);
		break;
	case CIRCLE_TO_THE_FIRST:
		freertos_word(w, item + w->s.next, q->tasks[0] + w->s.state);
		break;
	case NEXT_NULL:
		freertos_word(w, item + w->s.next, 0);
		break;
	case NEXT_WILD:
		freertos_word(w, item + w->s.next, 0xdeadbeef);
		break;
	case NEXT_IN_A_STACK:
		freertos_word(w, item + w->s.next, freertos_stack_of(w, q->tasks[0]) + 16);
		break;
	case NEXT_ON_ANOTHER_LIST:
		freertos_word(w, item + w->s.next, q->ready + w->s.state);
		break;
	case OWNER_WILD:
		freertos_word(w, item + w->s.owner, q->tasks[1] + 4);
		break;
	case COUNT_TOO_LOW:
		freertos_word(w, w->delayed1 + w->s.count, 3);
		break;
	case COUNT_HUGE:
		freertos_word(w, w->delayed1 + w->s.count, UINT32_MAX);
		break;
	}
}

/* What was found before the damage stays, and the other lists are read as ever. */
static void test_damaged_lists(void **state)
{
	static const struct {
		const char *name;
		enum damage damage;
		size_t found; /* of the four */
		const char *finding;
	} cases[] = {
		{ "to itself", CIRCLE_TO_ITSELF, 2, "runs in a circle; it counts 4, found were 2" },
		{ "to the first", CIRCLE_TO_THE_FIRST, 2, "runs in a circle" },
		{ "NULL", NEXT_NULL, 2, "was not captured; it counts 4, found were 2" },
		{ "wild", NEXT_WILD, 2, "was not captured" },
		{ "in a stack", NEXT_IN_A_STACK, 2, "leads to something that is no task" },
		{ "another list", NEXT_ON_ANOTHER_LIST, 2, "leads to something that is no task" },
		{ "owner", OWNER_WILD, 1, "leads to something that is no task" },
		{ "too low", COUNT_TOO_LOW, 4, "not hold as many tasks as it counts; it counts 3" },
		{ "huge", COUNT_HUGE, 4, "not hold as many tasks as it counts" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		FREERTOS_AUTO w;
		FREERTOS_CASE c;
		struct queue_of_four q;
		put_four(&w, FREERTOS_DWARF, &q);
		damage(&w, &q, cases[i].damage);
		freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
		if (c.threads.count != cases[i].found + 1 ||
		    freertos_findings(&c, cases[i].finding) != 1)
			fail_msg("%s: %zu threads: %s", cases[i].name, c.threads.count,
				 c.findings.count ? c.findings.items[0].text : "-");
		assert_int_equal(freertos_findings(&c, "xDelayedTaskList1: "), 1);
		assert_int_equal(freertos_at(&c, q.tasks[0])->state, FL_THREAD_BLOCKED);
		assert_int_equal(freertos_at(&c, q.ready)->state, FL_THREAD_READY);
	}
}

static void test_another_list_than_it_says(void **state)
{
	(void)state;
	FREERTOS_AUTO w;
	FREERTOS_CASE c;
	struct queue_of_four q;
	put_four(&w, FREERTOS_DWARF, &q);
	freertos_word(&w, q.tasks[2] + w.s.state + w.s.container, w.suspended);
	freertos_word(&w, q.tasks[3] + w.s.state + w.s.container, 0);
	freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
	assert_int_equal(freertos_at(&c, q.tasks[2])->state, FL_THREAD_BLOCKED);
	assert_int_equal(freertos_at(&c, q.tasks[3])->state, FL_THREAD_BLOCKED);
	assert_int_equal(freertos_findings(&c, "2 tasks, two first, are on another list"), 1);
	assert_int_equal(c.findings.count, 1);
}

static void test_no_more_than_the_limit(void **state)
{
	enum { MANY = 300, STRIDE = 0x54 };
	(void)state;
	FREERTOS_AUTO w;
	FREERTOS_CASE c;
	freertos_begin(&w, FREERTOS_DWARF);
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t block = FREERTOS_BLOCKS + i * STRIDE;
		freertos_word(&w, block + w.s.state + w.s.owner, block);
		freertos_put(&w, w.ready, block, 0);
	}
	freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
	assert_int_equal(c.threads.count, FL_LIMIT_THREADS);
	assert_int_equal(freertos_findings(&c, "more than 256 threads"), 1);
	assert_int_equal(c.findings.count, 1);
}

/* Lists cut away one after the other; the rest is there. */
static void test_lists_not_captured(void **state)
{
	(void)state;
	static const struct {
		struct freertos_capture captured[4];
		size_t count;
		const char *finding;
		size_t findings;
	} cases[] = {
		{ { { 0x20000100, 0x300 }, { 0x20000440, 0x7bc0 }, { 0, 0 } },
		  1,
		  "xDelayedTaskList1 was not captured",
		  2 },
		{ { { 0x20000100, 0x100 }, { 0x20000220, 0x7de0 }, { 0, 0 } },
		  4,
		  "pxReadyTasksLists was not captured",
		  2 },
		{ { { 0x20000100, 0x100 }, { 0x20001000, 0x7000 }, { 0, 0 } },
		  0,
		  "lists of tasks were not captured",
		  2 },
		/* heads without tasks */
		{ { { 0x20000100, 0x500 }, { 0, 0 } },
		  0,
		  "the next task on it was not captured",
		  3 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		FREERTOS_AUTO w;
		FREERTOS_CASE c;
		struct queue_of_four q;
		put_four(&w, FREERTOS_DWARF, &q);
		freertos_find(&c, &w, cases[i].captured, NULL, FL_ARCH_V7M);
		if (c.threads.count != cases[i].count || !freertos_findings(&c, cases[i].finding))
			fail_msg("%zu: %zu threads", i, c.threads.count);
		/* one of them: how many tasks are missing */
		assert_int_equal(c.findings.count, cases[i].findings);
		assert_int_equal(freertos_findings(&c, "the kernel counts 5 tasks"), 1);
	}
}

/* Without lists a TCB's own word is taken; with lists, what is on none may be gone. */
static void test_registry(void **state)
{
	static const struct freertos_capture no_lists[] = { { 0x20000100, 0x100 },
							    { 0x20000600, 0x7a00 },
							    { 0, 0 } };
	(void)state;
	for (int captured = 0; captured < 2; captured++) {
		FREERTOS_AUTO w;
		FREERTOS_CASE c;
		struct queue_of_four q;
		put_four(&w, FREERTOS_DWARF | FREERTOS_REGISTRY, &q);
		uint32_t gone = freertos_task(&w, "gone", 1);
		uint32_t woken = freertos_task(&w, "woken", 1);
		freertos_word(&w, gone + w.s.state + w.s.container, w.delayed2);
		freertos_word(&w, woken + w.s.state + w.s.container, w.delayed2);
		freertos_word(&w, woken + w.s.event + w.s.container, w.pending);
		freertos_word(&w, w.current, q.ready);
		freertos_find(&c, &w, captured ? NULL : no_lists, NULL, FL_ARCH_V7M);
		assert_int_equal(c.threads.count, 7);
		assert_int_equal(freertos_at(&c, q.tasks[1])->state, FL_THREAD_BLOCKED);
		assert_string_equal(freertos_at(&c, q.tasks[1])->name, "one");
		assert_true(freertos_at(&c, q.ready)->current);
		assert_int_equal(freertos_at(&c, woken)->state, FL_THREAD_READY);
		assert_int_equal(freertos_at(&c, gone)->state,
				 captured ? FL_THREAD_UNKNOWN : FL_THREAD_BLOCKED);
		assert_string_equal(freertos_at(&c, gone)->name, "gone");
	}
}

static void test_watermarks(void **state)
{
	/* Only what lies above the saved stack pointers. */
	static const struct freertos_capture captured[] = { { 0x20000100, 0x3f00 }, { 0, 0 } };
	(void)state;
	FREERTOS_AUTO w;
	FREERTOS_CASE c;
	struct queue_of_four q;
	put_four(&w, FREERTOS_DWARF | FREERTOS_REGISTRY | FREERTOS_STACK_END, &q);
	freertos_word(&w, w.watermarks, 0x120);
	freertos_word(&w, w.watermarks + 4, UINT32_MAX);
	freertos_word(&w, w.watermarks + 8, 0);
	freertos_word(&w, w.watermarks + 12, 0x10000);
	freertos_find(&c, &w, captured, NULL, FL_ARCH_V7M);
	const struct fl_thread *t = freertos_at(&c, q.tasks[0]);
	assert_true(t->stack.unused_known && t->stack.high_water_known);
	assert_int_equal(t->stack.unused, 0x120);
	assert_int_equal(t->stack.high_water, FREERTOS_STACK_SIZE - 4 - 0x120);
	t = freertos_at(&c, q.tasks[1]);
	assert_true(t->stack.unused_known);
	assert_int_equal(t->stack.unused, 0);
	assert_false(freertos_at(&c, q.tasks[2])->stack.unused_known);
	assert_false(freertos_at(&c, q.tasks[3])->stack.unused_known);
}

/* Where the end is not recorded: a buffer of its own, one of an array, a block of the heap. */
static void test_ends_of_stacks(void **state)
{
	(void)state;
	FREERTOS_AUTO w;
	FREERTOS_CASE c;
	struct queue_of_four q;
	put_four(&w, FREERTOS_DWARF, &q);
	uint32_t alone = freertos_stack_of(&w, q.tasks[0]);
	uint32_t second = freertos_stack_of(&w, q.tasks[2]);
	freertos_object(&w, "zero_stack", alone, FREERTOS_STACK_SIZE - 0x10);
	freertos_object(&w, "stacks", second, 2 * FREERTOS_STACK_SIZE);
	freertos_object(&w, "application", alone + FREERTOS_STACK_SIZE - 0x10,
			FREERTOS_STACK_SIZE + 0x10); /* what else is in it? */
	freertos_object(&w, "ucHeap", freertos_stack_of(&w, q.ready) - 0x40, 0x1000);
	freertos_word(&w, freertos_stack_of(&w, q.ready) - 4, UINT32_C(0x80000000) | 0x208);
	freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
	assert_int_equal(freertos_at(&c, q.tasks[0])->stack.end,
			 alone + FREERTOS_STACK_SIZE - 0x10);
	assert_true(freertos_at(&c, q.tasks[1])->stack.start_known);
	assert_false(freertos_at(&c, q.tasks[1])->stack.known);
	assert_int_equal(freertos_at(&c, q.tasks[2])->stack.end, second + FREERTOS_STACK_SIZE);
	assert_int_equal(freertos_at(&c, q.tasks[3])->stack.end, second + 2 * FREERTOS_STACK_SIZE);
	assert_int_equal(freertos_at(&c, q.ready)->stack.end,
			 freertos_stack_of(&w, q.ready) + 0x200);
}

/* Two stacks that do not fill an object evenly are no array. */
static void test_uneven_stacks(void **state)
{
	(void)state;
	FREERTOS_AUTO w;
	FREERTOS_CASE c;
	struct queue_of_four q;
	put_four(&w, FREERTOS_DWARF, &q);
	uint32_t second = freertos_stack_of(&w, q.tasks[1]);
	freertos_object(&w, "stacks", second, 2 * FREERTOS_STACK_SIZE + 0x10);
	freertos_word(&w, q.tasks[3] + w.s.stack, FREERTOS_STACKS + 5 * FREERTOS_STACK_SIZE);
	freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
	assert_false(freertos_at(&c, q.tasks[1])->stack.known);
	assert_false(freertos_at(&c, q.tasks[2])->stack.known);
}

/* The kernel rounds down what it records; the buffer itself says where it ends. */
static void test_recorded_ends(void **state)
{
	(void)state;
	FREERTOS_AUTO w;
	FREERTOS_CASE c;
	struct queue_of_four q;
	put_four(&w, FREERTOS_DWARF | FREERTOS_STACK_END, &q);
	uint32_t stack = freertos_stack_of(&w, q.tasks[0]);
	uint32_t other = freertos_stack_of(&w, q.tasks[1]);
	freertos_object(&w, "zero_stack", stack, FREERTOS_STACK_SIZE);
	freertos_object(&w, "one_stack", other, 2 * FREERTOS_STACK_SIZE); /* another's too */
	freertos_object(&w, "more", freertos_stack_of(&w, q.ready), FREERTOS_STACK_SIZE + 0x40);
	freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
	assert_int_equal(freertos_at(&c, q.tasks[0])->stack.end, stack + FREERTOS_STACK_SIZE);
	assert_int_equal(freertos_at(&c, q.tasks[3])->stack.end,
			 freertos_stack_of(&w, q.tasks[3]) + FREERTOS_STACK_SIZE - 4);
	assert_int_equal(freertos_at(&c, q.ready)->stack.end,
			 freertos_stack_of(&w, q.ready) + FREERTOS_STACK_SIZE - 4);
	assert_true(freertos_at(&c, q.tasks[0])->stack.unused_known);
	assert_int_equal(freertos_at(&c, q.tasks[0])->stack.unused, FREERTOS_STACK_SIZE);
}

static uint32_t random_word(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void check_invariants(const struct freertos_case *c)
{
	assert_true(c->threads.count <= FL_LIMIT_THREADS);
	assert_true(c->findings.count < 20);
	for (size_t i = 0; i < c->threads.count; i++) {
		const struct fl_thread *t = &c->threads.items[i];
		assert_true(t->state < FL_THREAD_STATE_COUNT && t->wait.kind < FL_WAIT_KIND_COUNT);
		assert_non_null(t->stop_text);
		assert_true(t->context != FL_CONTEXT_NONE || !t->regs.known);
		assert_true(t->context != FL_CONTEXT_NONE || t->stop_text[0]);
		for (size_t j = 0; j < i; j++)
			assert_true(c->threads.items[j].block != t->block || !t->has_block);
	}
}

/* Words of the kernel's data, the TCBs and the objects replaced by others that occur there. */
static void mutate(struct freertos_writer *w, uint32_t *seed)
{
	for (uint32_t i = 1 + random_word(seed) % 4; i > 0; i--) {
		uint32_t at = FREERTOS_RAM + 0x100 + random_word(seed) % 0x980 * 4;
		uint32_t value = random_word(seed);
		if (value % 3 == 0)
			value = freertos_get(w, FREERTOS_RAM + 0x100 + value % 0x980 * 4);
		else if (value % 3 == 1)
			value = FREERTOS_RAM + value % FREERTOS_RAM_SIZE;
		freertos_word(w, at, value);
	}
}

static void test_random_mutations(void **state)
{
	enum { MUTATIONS = 10000 };
	(void)state;
	FREERTOS_AUTO w;
	FREERTOS_CASE c;
	struct queue_of_four q;
	uint32_t seed = 0x5eed;
	put_four(&w, FREERTOS_DWARF | FREERTOS_REGISTRY | FREERTOS_STACK_END, &q);
	freertos_queue(&w, FREERTOS_OBJECTS, FREERTOS_MUTEX, q.ready);
	freertos_put_event(&w, FREERTOS_OBJECTS + w.s.receive, q.tasks[0], 5);
	freertos_word(&w, w.current, q.ready);
	freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
	uint8_t *intact = exact_copy(w.ram, sizeof(w.ram));
	for (uint32_t i = 0; i < MUTATIONS; i++) {
		struct fl_threads_input in = { .memory = &c.memory,
					       .symbols = &c.view,
					       .arch = FL_ARCH_V7M };
		struct fl_arena arena = { 0 };
		struct freertos_case result = { .findings = { .arena = &arena } };
		memcpy(w.ram, intact, sizeof(w.ram));
		mutate(&w, &seed);
		memcpy(c.copies[0], w.ram, sizeof(w.ram));
		assert_int_equal(fl_threads_find(&in, &result.findings, &arena, &result.threads),
				 FL_OK);
		check_invariants(&result);
		fl_arena_deinit(&arena);
	}
	free(intact);
}

/* Every prefix of the RAM: nothing is read that was not captured. */
static void test_every_truncation(void **state)
{
	(void)state;
	for (uint32_t size = 4; size < 0x1800; size += 36) {
		FREERTOS_AUTO w;
		FREERTOS_CASE c;
		struct queue_of_four q;
		put_four(&w, FREERTOS_DWARF | FREERTOS_REGISTRY, &q);
		freertos_word(&w, w.current, q.ready);
		const struct freertos_capture captured[] = { { FREERTOS_RAM, size }, { 0, 0 } };
		freertos_find(&c, &w, captured, NULL, FL_ARCH_V7M);
		check_invariants(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damaged_lists),
		cmocka_unit_test(test_another_list_than_it_says),
		cmocka_unit_test(test_no_more_than_the_limit),
		cmocka_unit_test(test_lists_not_captured),
		cmocka_unit_test(test_registry),
		cmocka_unit_test(test_watermarks),
		cmocka_unit_test(test_ends_of_stacks),
		cmocka_unit_test(test_uneven_stacks),
		cmocka_unit_test(test_recorded_ends),
		cmocka_unit_test(test_random_mutations),
		cmocka_unit_test(test_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
