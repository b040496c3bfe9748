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

/* Switched out, each of them. */
static void save_all(struct freertos_writer *w, const struct queue_of_four *q)
{
	for (uint32_t i = 0; i < 5; i++) {
		uint32_t block = i < 4 ? q->tasks[i] : q->ready;
		const struct freertos_context c = { .sp = freertos_stack_of(w, block) + 0x300,
						    .pc = FREERTOS_YIELD + 4,
						    .lr = FREERTOS_WORKER | 1 };
		freertos_save(w, FREERTOS_CM3, block, &c);
	}
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

/* What a broken pointer hides is seen from the other end; the other lists are read as ever. */
static void test_damaged_lists(void **state)
{
	static const struct {
		const char *name;
		enum damage damage;
		size_t found; /* of the four */
		const char *finding;
	} cases[] = {
		{ "to itself", CIRCLE_TO_ITSELF, 4,
		  "the pointer at 0x20001408 leads to 0x20001404, where it was before: it runs in "
		  "a circle" },
		{ "to the first", CIRCLE_TO_THE_FIRST, 4, "leads to 0x20001004, where it was" },
		{ "NULL", NEXT_NULL, 4, "leads to 0x00000000, which was not captured" },
		{ "wild", NEXT_WILD, 4, "leads to 0xdeadbeef, which was not captured" },
		{ "in a stack", NEXT_IN_A_STACK, 4, "leads to 0x20004010, which is no task on it" },
		{ "another list", NEXT_ON_ANOTHER_LIST, 4, "which is no task on it" },
		{ "owner", OWNER_WILD, 3, "which is no task on it; it counts 4, found were 3" },
		{ "too low", COUNT_TOO_LOW, 4, "as it counts; it counts 3, found were 4" },
		{ "huge", COUNT_HUGE, 4, "as it counts; its count of 4294967295 cannot be true" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		FREERTOS_AUTO w;
		DEVICE_CASE c;
		struct queue_of_four q;
		put_four(&w, FREERTOS_DWARF, &q);
		damage(&w, &q, cases[i].damage);
		freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
		if (c.threads.count != cases[i].found + 1 ||
		    device_findings(&c, cases[i].finding) != 1)
			fail_msg("%s: %zu threads: %s", cases[i].name, c.threads.count,
				 c.findings.count ? c.findings.items[0].text : "-");
		assert_int_equal(device_findings(&c, "xDelayedTaskList1"), 1);
		assert_int_equal(device_findings(&c, "it counts"),
				 cases[i].found != 4 || cases[i].damage >= COUNT_TOO_LOW);
		for (size_t n = 0; n < 4; n++)
			if (n != 1 || cases[i].found == 4)
				assert_int_equal(freertos_at(&c, q.tasks[n])->state,
						 FL_THREAD_BLOCKED);
		assert_int_equal(freertos_at(&c, q.ready)->state, FL_THREAD_READY);
	}
}

/* Which of the ready lists it was, and where. */
static void test_damaged_ready_list(void **state)
{
	(void)state;
	FREERTOS_AUTO w;
	DEVICE_CASE c;
	struct queue_of_four q;
	put_four(&w, FREERTOS_DWARF, &q);
	uint32_t more = freertos_task(&w, "more", 1);
	freertos_make_ready(&w, more);
	freertos_word(&w, q.ready + w.s.state + w.s.next, 0x20000804);
	freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
	assert_int_equal(c.threads.count, 6);
	assert_int_equal(freertos_at(&c, more)->state, FL_THREAD_READY);
	assert_int_equal(device_findings(&c, "pxReadyTasksLists[1]: the pointer at 0x20002008 "
					     "leads to 0x20000804, which is no task on it"),
			 1);
	assert_int_equal(c.findings.count, 1);
	assert_int_equal(c.findings.items[0].at, 0x20002008);
}

/* No pointer leads to two: its own word counts, if all of it makes sense. */
enum lost {
	NOT_LOST,
	COUNTED_ALREADY,
	OTHER_STATE_OWNER,
	OTHER_EVENT_OWNER,
	ON_NO_LIST,
	ON_A_WHOLE_LIST,
	ON_THE_PENDING_LIST,
	PRIORITY_TOO_HIGH,
	CONTROL_IN_NAME,
	NO_STACK,
	STACK_IN_CODE,
	TOP_ELSEWHERE,
	TOP_ODD,
};

static void lose(struct freertos_writer *w, uint32_t block, enum lost how)
{
	switch (how) {
	case NOT_LOST:
		break;
	case COUNTED_ALREADY:
		freertos_word(w, w->task_count, 4);
		break;
	case OTHER_STATE_OWNER:
		freertos_word(w, block + w->s.state + w->s.owner, block + 4);
		break;
	case OTHER_EVENT_OWNER:
		freertos_word(w, block + w->s.event + w->s.owner, block + 4);
		break;
	case ON_NO_LIST:
		freertos_word(w, block + w->s.state + w->s.container, 0);
		break;
	case ON_A_WHOLE_LIST:
		freertos_word(w, block + w->s.state + w->s.container, w->suspended);
		break;
	case ON_THE_PENDING_LIST: /* which goes through event items */
		freertos_word(w, block + w->s.state + w->s.container, w->pending);
		freertos_word(w, w->pending + w->s.end_next, 0xdeadbeef);
		break;
	case PRIORITY_TOO_HIGH:
		freertos_word(w, block + w->s.priority, FREERTOS_PRIORITIES);
		break;
	case CONTROL_IN_NAME:
		freertos_byte(w, block + w->s.name + 1, 0x1b);
		break;
	case NO_STACK:
		freertos_word(w, block + w->s.stack, 0);
		break;
	case STACK_IN_CODE:
		freertos_word(w, block + w->s.stack, FREERTOS_WORKER);
		break;
	case TOP_ELSEWHERE:
		freertos_word(w, block, 0x30000000);
		break;
	case TOP_ODD:
		freertos_word(w, block, freertos_get(w, block) + 2);
		break;
	}
}

static void put_gap(struct freertos_writer *w, struct queue_of_four *q)
{
	put_four(w, FREERTOS_DWARF, q);
	save_all(w, q);
	freertos_word(w, q->tasks[1] + w->s.state + w->s.next, 0xdeadbeef);
	freertos_word(w, q->tasks[3] + w->s.state + w->s.previous, 0xdeadbeef);
}

static void test_found_by_its_block(void **state)
{
	(void)state;
	for (enum lost how = NOT_LOST; how <= TOP_ODD; how++) {
		FREERTOS_AUTO w;
		DEVICE_CASE c;
		struct queue_of_four q;
		put_gap(&w, &q);
		lose(&w, q.tasks[2], how);
		freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
		if (c.threads.count != (how == NOT_LOST ? 5 : 4))
			fail_msg("%d: %zu", (int)how, c.threads.count);
		assert_int_equal(device_findings(&c, "no list leads to 1 of the tasks"),
				 how == NOT_LOST);
		if (how != NOT_LOST)
			continue;
		assert_string_equal(freertos_at(&c, q.tasks[2])->name, "two");
		assert_int_equal(freertos_at(&c, q.tasks[2])->state, FL_THREAD_BLOCKED);
		assert_int_equal(device_findings(&c, "it counts"), 0);
	}
}

/* Backwards leads to what agrees only. */
static void test_backwards_to_another_list(void **state)
{
	(void)state;
	FREERTOS_AUTO w;
	DEVICE_CASE c;
	struct queue_of_four q;
	put_gap(&w, &q);
	lose(&w, q.tasks[3], ON_A_WHOLE_LIST);
	freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
	assert_int_equal(c.threads.count, 4);
	assert_int_equal(freertos_at(&c, q.tasks[2])->state, FL_THREAD_BLOCKED);
}

/* A variable of the kernel names it: also when it is on no list. */
static void test_found_by_the_kernel(void **state)
{
	(void)state;
	for (int on_list = 0; on_list < 2; on_list++) {
		FREERTOS_AUTO w;
		DEVICE_CASE c;
		struct queue_of_four q;
		put_gap(&w, &q);
		freertos_word(&w, w.idle, q.tasks[2]);
		if (!on_list)
			lose(&w, q.tasks[2], ON_NO_LIST);
		freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
		assert_int_equal(c.threads.count, 5);
		assert_true(freertos_at(&c, q.tasks[2])->idle);
		assert_int_equal(freertos_at(&c, q.tasks[2])->state,
				 on_list ? FL_THREAD_BLOCKED : FL_THREAD_UNKNOWN);
		assert_int_equal(device_findings(&c, "no list leads to"), 0);
	}
}

/* Symbols of another firmware. */
static void test_no_lists_at_all(void **state)
{
	(void)state;
	for (int good = 0; good < 4; good++) {
		FREERTOS_AUTO w;
		DEVICE_CASE c;
		struct queue_of_four q;
		put_four(&w, FREERTOS_DWARF, &q);
		for (uint32_t at = w.ready; at < w.termination + w.s.list_size; at += 4)
			freertos_word(&w, at, 0x20000000 + 3 * at % 0x5000);
		if (good > 0) /* by chance */
			freertos_list(&w, w.termination);
		if (good > 1)
			freertos_list(&w, w.suspended);
		if (good > 2)
			freertos_list(&w, w.pending);
		freertos_word(&w, w.task_count, 0x20001234);
		freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
		assert_int_equal(c.threads.count, 0);
		assert_int_equal(device_findings(&c, "lists of tasks should be are none"),
				 good < 3);
		assert_int_equal(c.findings.count, good < 3 ? 1 : 4);
		assert_false(c.threads.kernel.has_thread_count);
	}
}

static void test_count_of_tasks(void **state)
{
	(void)state;
	FREERTOS_AUTO w;
	DEVICE_CASE c;
	struct queue_of_four q;
	put_four(&w, FREERTOS_DWARF, &q);
	freertos_word(&w, w.task_count, FL_LIMIT_THREADS + 1);
	freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
	assert_int_equal(c.threads.count, 5);
	assert_false(c.threads.kernel.has_thread_count);
	assert_int_equal(device_findings(&c, "uxCurrentNumberOfTasks is 257, which cannot"), 1);
	assert_int_equal(c.findings.count, 1);
}

static void test_another_list_than_it_says(void **state)
{
	(void)state;
	FREERTOS_AUTO w;
	DEVICE_CASE c;
	struct queue_of_four q;
	put_four(&w, FREERTOS_DWARF, &q);
	freertos_word(&w, q.tasks[2] + w.s.state + w.s.container, w.suspended);
	freertos_word(&w, q.tasks[3] + w.s.state + w.s.container, 0);
	freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
	assert_int_equal(freertos_at(&c, q.tasks[2])->state, FL_THREAD_BLOCKED);
	assert_int_equal(freertos_at(&c, q.tasks[3])->state, FL_THREAD_BLOCKED);
	assert_int_equal(device_findings(&c, "2 tasks, two first, are on another list"), 1);
	assert_int_equal(c.findings.count, 1);
}

static void test_no_more_than_the_limit(void **state)
{
	enum { MANY = 300, STRIDE = 0x54 };
	(void)state;
	FREERTOS_AUTO w;
	DEVICE_CASE c;
	freertos_begin(&w, FREERTOS_DWARF);
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t block = FREERTOS_BLOCKS + i * STRIDE;
		freertos_word(&w, block + w.s.state + w.s.owner, block);
		freertos_put(&w, w.ready, block, 0);
	}
	freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
	assert_int_equal(c.threads.count, FL_LIMIT_THREADS);
	assert_int_equal(device_findings(&c, "more than 256 threads"), 1);
	assert_int_equal(c.findings.count, 1);
}

/* Lists cut away one after the other; control blocks know which they were on. */
static void test_lists_not_captured(void **state)
{
	(void)state;
	static const struct {
		struct device_capture captured[4];
		size_t count;
		const char *finding, *other;
		size_t findings;
	} cases[] = {
		{ { { 0x20000100, 0x300 }, { 0x20000440, 0x7bc0 }, { 0, 0 } },
		  5,
		  "xDelayedTaskList1 was not captured",
		  "no list leads to 4 of the tasks",
		  2 },
		{ { { 0x20000100, 0x100 }, { 0x20000220, 0x7de0 }, { 0, 0 } },
		  5,
		  "pxReadyTasksLists[1] was not captured",
		  "no list leads to 1 of the tasks",
		  2 },
		{ { { 0x20000100, 0x100 }, { 0x20001000, 0x7000 }, { 0, 0 } },
		  5,
		  "lists of tasks were not captured",
		  "no list leads to 5 of the tasks",
		  2 },
		/* heads without tasks */
		{ { { 0x20000100, 0x500 }, { 0, 0 } },
		  0,
		  "xDelayedTaskList1: the pointer at 0x2000040c leads to 0x20001004, which was not "
		  "captured; it counts 4, found were 0",
		  "the kernel counts 5 tasks, found were 0",
		  3 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		FREERTOS_AUTO w;
		DEVICE_CASE c;
		struct queue_of_four q;
		put_four(&w, FREERTOS_DWARF, &q);
		save_all(&w, &q);
		freertos_find(&c, &w, cases[i].captured, NULL, FL_ARCH_V7M);
		if (c.threads.count != cases[i].count || !device_findings(&c, cases[i].finding) ||
		    !device_findings(&c, cases[i].other) || c.findings.count != cases[i].findings)
			fail_msg("%zu: %zu threads, %s", i, c.threads.count,
				 c.findings.items[0].text);
		if (cases[i].count)
			assert_int_equal(freertos_at(&c, q.tasks[0])->state, FL_THREAD_BLOCKED);
	}
}

/* Without lists a TCB's own word is taken; with lists, what is on none may be gone. */
static void test_registry(void **state)
{
	static const struct device_capture no_lists[] = { { 0x20000100, 0x100 },
							  { 0x20000600, 0x7a00 },
							  { 0, 0 } };
	(void)state;
	for (int captured = 0; captured < 2; captured++) {
		FREERTOS_AUTO w;
		DEVICE_CASE c;
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
	static const struct device_capture captured[] = { { 0x20000100, 0x3f00 }, { 0, 0 } };
	(void)state;
	FREERTOS_AUTO w;
	DEVICE_CASE c;
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
	DEVICE_CASE c;
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
	DEVICE_CASE c;
	struct queue_of_four q;
	put_four(&w, FREERTOS_DWARF, &q);
	uint32_t second = freertos_stack_of(&w, q.tasks[1]);
	freertos_object(&w, "stacks", second, 2 * FREERTOS_STACK_SIZE + 0x10);
	freertos_word(&w, q.tasks[3] + w.s.stack, FREERTOS_STACKS + 5 * FREERTOS_STACK_SIZE);
	freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
	assert_false(freertos_at(&c, q.tasks[1])->stack.known);
	assert_false(freertos_at(&c, q.tasks[2])->stack.known);
}

/* An overflow wrote over the header of its block: the TCB behind it is the next one. */
static void test_end_by_the_block_behind(void **state)
{
	enum { HEAP = 0x20001900, STACK = 0x20001a00, BLOCK = 0x20001c00, LAST = 0x200020f8 };
	static const struct {
		const char *name;
		uint32_t addr, next, size, end;
	} cases[] = {
		{ "the block behind", STACK - 8, 0x11, 0x11, BLOCK - 8 },
		{ "its own header", STACK - 8, 0, 0x80000108, STACK + 0x100 },
		{ "no block behind", BLOCK - 8, 0, 0x80000400 ^ 0x11110000, 0 },
		{ "a free block behind it", BLOCK + 0x3f8, LAST, 0x100, BLOCK - 8 },
		{ "a free block without next", BLOCK + 0x3f8, HEAP, 0x100, 0 },
		{ "a used block with next", BLOCK + 0x3f8, LAST, 0x80000100, 0 },
		{ "uneven", BLOCK + 0x3f8, 0, 0x80000104, 0 },
		{ "past the end", BLOCK + 0x3f8, 0, 0x80000108, 0 },
		{ "no last block", LAST, 0, 0x80000010, 0 },
		{ "a block in between", STACK + 0xf8, 0, 0x80000100, 0 },
		{ "a free one in between", STACK + 0xf8, LAST, 0x100, 0 },
		{ "words in between", STACK + 0xf8, 0, 0x80000110, BLOCK - 8 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		FREERTOS_AUTO w;
		DEVICE_CASE c;
		struct queue_of_four q;
		put_four(&w, FREERTOS_DWARF, &q);
		assert_int_equal(q.tasks[3], BLOCK);
		freertos_object(&w, "ucHeap", HEAP, LAST + 8 - HEAP);
		freertos_word(&w, BLOCK + w.s.stack, STACK);
		freertos_word(&w, BLOCK - 4, 0x80000400);
		freertos_word(&w, BLOCK + 0x3fc, 0x80000100);
		freertos_word(&w, cases[i].addr, cases[i].next);
		freertos_word(&w, cases[i].addr + 4, cases[i].size);
		freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
		const struct fl_thread *t = freertos_at(&c, BLOCK);
		if (t->stack.known != (cases[i].end != 0) ||
		    (t->stack.known && t->stack.end != cases[i].end))
			fail_msg("%s: 0x%x", cases[i].name, (unsigned)t->stack.end);
	}
}

/* The kernel rounds down what it records; the buffer itself says where it ends. */
static void test_recorded_ends(void **state)
{
	(void)state;
	FREERTOS_AUTO w;
	DEVICE_CASE c;
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

static void check_invariants(const struct device_case *c)
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
	DEVICE_CASE c;
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
		struct device_case result = { .findings = { .arena = &arena } };
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
		DEVICE_CASE c;
		struct queue_of_four q;
		put_four(&w, FREERTOS_DWARF | FREERTOS_REGISTRY, &q);
		freertos_word(&w, w.current, q.ready);
		const struct device_capture captured[] = { { FREERTOS_RAM, size }, { 0, 0 } };
		freertos_find(&c, &w, captured, NULL, FL_ARCH_V7M);
		check_invariants(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damaged_lists),
		cmocka_unit_test(test_damaged_ready_list),
		cmocka_unit_test(test_found_by_its_block),
		cmocka_unit_test(test_found_by_the_kernel),
		cmocka_unit_test(test_backwards_to_another_list),
		cmocka_unit_test(test_no_lists_at_all),
		cmocka_unit_test(test_count_of_tasks),
		cmocka_unit_test(test_another_list_than_it_says),
		cmocka_unit_test(test_no_more_than_the_limit),
		cmocka_unit_test(test_lists_not_captured),
		cmocka_unit_test(test_registry),
		cmocka_unit_test(test_watermarks),
		cmocka_unit_test(test_ends_of_stacks),
		cmocka_unit_test(test_end_by_the_block_behind),
		cmocka_unit_test(test_uneven_stacks),
		cmocka_unit_test(test_recorded_ends),
		cmocka_unit_test(test_random_mutations),
		cmocka_unit_test(test_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
