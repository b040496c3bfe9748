/* SPDX-License-Identifier: Apache-2.0 */
/* What pending threads wait for, by the wait queue that they are in. */
#include "threads/zephyr_case.h"

#include <stdio.h>

enum {
	WAITER = 0x20001000,
	OWNER = 0x20001200,
	OBJECT = 0x20000800,
	STACK = 0x20002000,
	PENDING = 0x02,
	QUEUED = 0x80,
	XPSR = 0x01000000,
};

static void put_waiter(struct zephyr_writer *w, uint32_t queue, bool timeout)
{
	zephyr_frame(w, STACK + 0x100, 0, 0xffffffff, ZEPHYR_SWAP, XPSR);
	zephyr_thread(w, &(struct zephyr_thread){ .at = OWNER,
						  .name = "owner",
						  .prio = 2,
						  .state = QUEUED,
						  .entry = ZEPHYR_WORKER | 1,
						  .stack = STACK,
						  .stack_size = 0x200,
						  .sp = STACK + 0x100 });
	zephyr_thread(w, &(struct zephyr_thread){ .at = WAITER,
						  .name = "waiter",
						  .prio = 2,
						  .state = PENDING,
						  .pended_on = queue,
						  .entry = ZEPHYR_WORKER | 1,
						  .timeout = timeout,
						  .stack = STACK,
						  .stack_size = 0x200,
						  .sp = STACK + 0x100 });
}

static void put_words(struct zephyr_writer *w, uint32_t addr, const uint32_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		zephyr_word(w, addr + 4 * (uint32_t)i, words[i]);
}

/* How the object is known: by the type of its variable, or by the section that it lies in. */
static void test_kinds(void **state)
{
	static const struct {
		const char *structure;
		uint32_t queue_off;
		uint32_t size;
		enum fl_wait_kind kind;
	} cases[] = {
		{ "k_sem", 0, 16, FL_WAIT_SEMAPHORE },
		{ "k_mutex", 0, 20, FL_WAIT_MUTEX },
		{ "k_queue", 8, 16, FL_WAIT_QUEUE_RECEIVE },
		{ "k_msgq", 0, 40, FL_WAIT_QUEUE_RECEIVE },
		{ "k_event", 0, 12, FL_WAIT_EVENT },
		{ "k_condvar", 0, 8, FL_WAIT_CONDITION },
		{ "k_stack", 0, 24, FL_WAIT_QUEUE_RECEIVE },
		{ "k_mem_slab", 0, 28, FL_WAIT_MEMORY },
		{ "k_heap", 12, 20, FL_WAIT_MEMORY },
		{ "k_pipe", 20, 40, FL_WAIT_STREAM },
		{ "k_pipe", 28, 40, FL_WAIT_STREAM },
		{ "k_mbox", 0, 16, FL_WAIT_QUEUE_SEND },
		{ "k_mbox", 8, 16, FL_WAIT_QUEUE_RECEIVE },
	};
	enum { BY_TYPE, BY_ARRAY, BY_SECTION, WAYS };
	(void)state;
	for (size_t i = 0; i < WAYS * sizeof(cases) / sizeof(cases[0]); i++) {
		ZEPHYR_AUTO w;
		DEVICE_CASE c;
		size_t k = i / WAYS;
		bool by_section = i % WAYS == BY_SECTION;
		bool in_array = i % WAYS == BY_ARRAY;
		char start[48], end[48];
		uint32_t base = OBJECT + (in_array ? 2 * cases[k].size : 0);
		zephyr_begin(&w, &zephyr_3_7, by_section ? ZEPHYR_TABLE : ZEPHYR_DWARF);
		zephyr_object(&w, "it", OBJECT, cases[k].size * (in_array ? 3 : 1));
		if (by_section) {
			snprintf(start, sizeof(start), "_%s_list_start", cases[k].structure);
			snprintf(end, sizeof(end), "_%s_list_end", cases[k].structure);
			zephyr_object(&w, start, OBJECT - 0x40, 0);
			zephyr_object(&w, end, OBJECT + 0x40, 0);
		} else {
			zephyr_variable(&w, "it", cases[k].structure, OBJECT, in_array ? 3 : 1);
		}
		put_waiter(&w, base + cases[k].queue_off, i & 1);
		zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
		const struct fl_wait *wait = &zephyr_named(&c, "waiter")->wait;
		char name[16];
		snprintf(name, sizeof(name), in_array ? "it+0x%x" : "it",
			 (unsigned)(2 * cases[k].size));
		if (wait->kind != cases[k].kind || !wait->has_object || wait->object != base ||
		    strcmp(wait->object_name, name) != 0)
			fail_msg("%s+%u by %zu: %d at 0x%x, %s", cases[k].structure,
				 cases[k].queue_off, i % WAYS, wait->kind, wait->object,
				 wait->object_name);
		assert_int_equal(wait->forever, !by_section && !(i & 1));
		assert_false(wait->has_holder);
	}
}

/* Another configuration may have the queue elsewhere: what is all for one kind of wait is known
 * even so. */
static void test_somewhere_in_its_section(void **state)
{
	static const struct {
		const char *structure;
		uint32_t off;
		enum fl_wait_kind kind;
	} cases[] = {
		{ "k_mem_slab", 4, FL_WAIT_MEMORY },
		{ "k_sem", 8, FL_WAIT_SEMAPHORE },
		{ "k_pipe", 24, FL_WAIT_STREAM }, /* of readers or of writers */
		{ "k_mbox", 4, FL_WAIT_OBJECT },  /* to send or to receive: which? */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ZEPHYR_AUTO w;
		DEVICE_CASE c;
		char start[48], end[48];
		zephyr_begin(&w, &zephyr_3_7, ZEPHYR_TABLE);
		zephyr_object(&w, "it", OBJECT, 40);
		snprintf(start, sizeof(start), "_%s_list_start", cases[i].structure);
		snprintf(end, sizeof(end), "_%s_list_end", cases[i].structure);
		zephyr_object(&w, start, OBJECT, 0);
		zephyr_object(&w, end, OBJECT + 40, 0);
		put_waiter(&w, OBJECT + cases[i].off, true);
		zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
		const struct fl_wait *wait = &zephyr_named(&c, "waiter")->wait;
		if (wait->kind != cases[i].kind)
			fail_msg("%s+%u: %d", cases[i].structure, cases[i].off, wait->kind);
		assert_true(wait->has_object);
		assert_int_equal(wait->object,
				 OBJECT + (cases[i].kind == FL_WAIT_OBJECT ? cases[i].off : 0));
	}
}

/* Neither a type nor a section: a mutex and a message queue are known by what is in them. */
static void test_contents(void **state)
{
	static const struct {
		const char *name;
		uint32_t words[10]; /* behind the wait queue */
		enum fl_wait_kind kind;
		bool held;
	} cases[] = {
		{ "mutex", { OWNER, 1, 3 }, FL_WAIT_MUTEX, true },
		{ "mutex of a cooperative thread", { OWNER, 2, 0xfffffff0 }, FL_WAIT_MUTEX, true },
		{ "held by no thread", { OWNER + 4, 1, 3 }, FL_WAIT_OBJECT, false },
		{ "held but not locked", { OWNER, 0, 3 }, FL_WAIT_OBJECT, false },
		{ "locked too often", { OWNER, OWNER, 3 }, FL_WAIT_OBJECT, false },
		{ "no priority", { OWNER, 1, 300 }, FL_WAIT_OBJECT, false },
		{ "semaphore", { 0, 1 }, FL_WAIT_OBJECT, false },
		{ "empty message queue",
		  { 12, 4, 0x20000100, 0x20000130, 0x20000100, 0x20000100, 0 },
		  FL_WAIT_QUEUE_RECEIVE,
		  false },
		{ "full message queue",
		  { 12, 4, 0x20000100, 0x20000130, 0x20000100, 0x20000100, 4 },
		  FL_WAIT_QUEUE_SEND,
		  false },
		{ "more messages than fit",
		  { 12, 4, 0x20000100, 0x20000130, 0x20000100, 0x20000100, 5 },
		  FL_WAIT_OBJECT,
		  false },
		{ "other size of the buffer",
		  { 12, 4, 0x20000100, 0x20000134, 0x20000100, 0x20000100, 0 },
		  FL_WAIT_OBJECT,
		  false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ZEPHYR_AUTO w;
		DEVICE_CASE c;
		zephyr_begin(&w, &zephyr_3_7, ZEPHYR_DWARF);
		put_words(&w, OBJECT + 8, cases[i].words, 10);
		put_waiter(&w, OBJECT, false);
		zephyr_object(&w, "device", OBJECT - 0x10, 0x80);
		zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
		const struct fl_wait *wait = &zephyr_named(&c, "waiter")->wait;
		if (wait->kind != cases[i].kind || wait->has_holder != cases[i].held)
			fail_msg("%s: %d", cases[i].name, wait->kind);
		assert_int_equal(wait->object, OBJECT);
		assert_string_equal(wait->object_name, "device+0x10");
		if (cases[i].held)
			assert_int_equal(wait->holder, OWNER);
	}
}

static void test_message_queue_direction(void **state)
{
	(void)state;
	for (uint32_t used = 0; used < 2; used++) {
		ZEPHYR_AUTO w;
		DEVICE_CASE c;
		const uint32_t words[] = { 4, 1, 0, 0, 0, 0, used };
		zephyr_begin(&w, &zephyr_3_7, ZEPHYR_DWARF);
		zephyr_variable(&w, "samples", "k_msgq", OBJECT, 1);
		put_words(&w, OBJECT + 8, words, 7);
		put_waiter(&w, OBJECT, false);
		zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
		assert_int_equal(zephyr_named(&c, "waiter")->wait.kind,
				 used ? FL_WAIT_QUEUE_SEND : FL_WAIT_QUEUE_RECEIVE);
	}
}

/* Of two mutexes that it holds, the first one remembers the priority that it was given. */
static void test_base_priority_of_the_owner(void **state)
{
	(void)state;
	ZEPHYR_AUTO w;
	DEVICE_CASE c;
	const uint32_t first[] = { OWNER, 1, 7 };
	const uint32_t second[] = { OWNER, 1, 4 };
	zephyr_begin(&w, &zephyr_3_7, ZEPHYR_DWARF);
	put_words(&w, OBJECT + 8, first, 3);
	put_words(&w, OBJECT + 0x40 + 8, second, 3);
	put_waiter(&w, OBJECT, false);
	zephyr_thread(&w, &(struct zephyr_thread){ .at = 0x20001400,
						   .name = "other",
						   .state = PENDING,
						   .pended_on = OBJECT + 0x40,
						   .stack = STACK,
						   .stack_size = 0x200,
						   .sp = STACK + 0x100 });
	zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
	const struct fl_thread *owner = zephyr_named(&c, "owner");
	assert_int_equal(owner->priority, 2);
	assert_true(owner->has_base_priority);
	assert_int_equal(owner->base_priority, 7);
	assert_false(zephyr_named(&c, "waiter")->has_base_priority);
}

static void test_join(void **state)
{
	static const struct zephyr_shape *const shapes[] = { &zephyr_2_5, &zephyr_3_7,
							     &zephyr_4_4 };
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		ZEPHYR_AUTO w;
		DEVICE_CASE c;
		zephyr_begin(&w, shapes[i], ZEPHYR_DWARF);
		put_waiter(&w, OWNER + shapes[i]->join_queue, false);
		zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
		const struct fl_wait *wait = &zephyr_named(&c, "waiter")->wait;
		assert_int_equal(wait->kind, FL_WAIT_JOIN);
		assert_int_equal(wait->object, OWNER);
		assert_string_equal(wait->object_name, "owner");
	}
}

/* The table does not say where pended_on lies: only that there is room for it. */
static void test_by_table(void **state)
{
	(void)state;
	struct zephyr_shape old = zephyr_2_5;
	old.pended_on = ZEPHYR_ABSENT;
	old.user_options = 8;
	for (int with = 0; with < 2; with++) {
		ZEPHYR_AUTO w;
		DEVICE_CASE c;
		zephyr_begin(&w, with ? &zephyr_2_5 : &old, ZEPHYR_TABLE);
		put_waiter(&w, OBJECT, false);
		if (!with)
			zephyr_byte(&w, WAITER + 8, 1); /* user_options */
		zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
		const struct fl_wait *wait = &zephyr_named(&c, "waiter")->wait;
		assert_int_equal(wait->kind, FL_WAIT_OBJECT);
		assert_int_equal(wait->has_object, with);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_somewhere_in_its_section),
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_message_queue_direction),
		cmocka_unit_test(test_base_priority_of_the_owner),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_by_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
