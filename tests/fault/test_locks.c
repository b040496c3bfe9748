/* SPDX-License-Identifier: Apache-2.0 */
/* Rings of threads that wait for each other, compared with a search that tries every path. */
#include "fault/locks.h"
#include "support/cmocka.h"

#include <stdlib.h>
#include <string.h>

enum { GRAPHS = 10000, NODES_MAX = 9, NOBODY = 99 };

/* Thread i has its control block at 0x1000 + i; edge[i] is whose mutex it waits for. */
static void make(struct fl_thread *threads, const unsigned *edge, size_t count)
{
	memset(threads, 0, count * sizeof(*threads));
	for (size_t i = 0; i < count; i++) {
		threads[i].has_block = true;
		threads[i].block = (uint32_t)(0x1000 + i);
		if (edge[i] == NOBODY)
			continue;
		threads[i].wait.kind = FL_WAIT_MUTEX;
		threads[i].wait.has_holder = true;
		threads[i].wait.holder = 0x1000 + edge[i];
	}
}

/* Every sequence of distinct threads that begins with the first: is it a ring? */
static size_t try_all(const unsigned *edge, size_t count, uint16_t *path, size_t length)
{
	if (edge[path[length - 1]] == path[0])
		return length;
	for (uint16_t next = 0; next < count && length < NODES_MAX; next++) {
		bool used = false;
		for (size_t i = 0; i < length; i++)
			used |= path[i] == next;
		if (used || edge[path[length - 1]] != next)
			continue;
		path[length] = next;
		size_t found = try_all(edge, count, path, length + 1);
		if (found)
			return found;
	}
	return 0;
}

static size_t reference(const unsigned *edge, size_t count, uint16_t *ret)
{
	for (uint16_t start = 0; start < count; start++) {
		ret[0] = start;
		size_t length = try_all(edge, count, ret, 1);
		if (length)
			return length;
	}
	return 0;
}

static void test_random_graphs(void **state)
{
	unsigned with_ring = 0;
	(void)state;
	srand(4);
	for (unsigned g = 0; g < GRAPHS; g++) {
		struct fl_thread threads[NODES_MAX];
		unsigned edge[NODES_MAX];
		uint16_t expected[NODES_MAX], got[NODES_MAX];
		size_t count = (size_t)(rand() % (NODES_MAX + 1));
		for (size_t i = 0; i < count; i++)
			edge[i] = rand() % 3 ? (unsigned)rand() % (unsigned)count : NOBODY;
		make(threads, edge, count);
		size_t length = reference(edge, count, expected);
		assert_int_equal(fl_locks_cycle(threads, count, got), length);
		assert_memory_equal(got, expected, length * sizeof(*got));
		with_ring += length != 0;
	}
	assert_true(with_ring > GRAPHS / 10 && with_ring < GRAPHS * 9 / 10);
}

/* The same threads in another order are the same ring, turned. */
static void test_order_does_not_matter(void **state)
{
	(void)state;
	srand(5);
	for (unsigned g = 0; g < GRAPHS; g++) {
		enum { COUNT = 7, RING = 4 };
		struct fl_thread threads[COUNT], shuffled[COUNT];
		unsigned edge[COUNT] = { 1, 2, 3, 0, 0, 4, NOBODY };
		uint16_t got[COUNT];
		make(threads, edge, COUNT);
		memcpy(shuffled, threads, sizeof(threads));
		for (size_t i = COUNT; i-- > 1;) {
			size_t k = (size_t)rand() % (i + 1);
			struct fl_thread swap = shuffled[i];
			shuffled[i] = shuffled[k];
			shuffled[k] = swap;
		}
		assert_int_equal(fl_locks_cycle(shuffled, COUNT, got), RING);
		for (size_t i = 0; i < RING; i++) {
			assert_true(shuffled[got[i]].block < 0x1000 + RING);
			assert_int_equal(shuffled[got[i]].wait.holder,
					 shuffled[got[(i + 1) % RING]].block);
			assert_true(got[0] <= got[i]);
		}
	}
}

static void test_what_is_no_edge(void **state)
{
	static const struct {
		const char *name;
		enum fl_wait_kind kind;
		bool has_holder, has_block;
		size_t length;
	} cases[] = {
		{ "a mutex of its own", FL_WAIT_MUTEX, true, true, 1 },
		{ "a semaphore", FL_WAIT_SEMAPHORE, true, true, 0 },
		{ "nobody is named", FL_WAIT_MUTEX, false, true, 0 },
		{ "no control block", FL_WAIT_MUTEX, true, false, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint16_t got[1];
		struct fl_thread thread = {
			.has_block = cases[i].has_block,
			.wait = { .kind = cases[i].kind, .has_holder = cases[i].has_holder },
		};
		print_message("%s\n", cases[i].name);
		assert_int_equal(fl_locks_cycle(&thread, 1, got), cases[i].length);
	}
}

static void test_words(void **state)
{
	static const struct {
		unsigned count;
		bool named;
		const char *words;
	} cases[] = {
		{ 1, true, "t0 waits for l0, which it holds itself" },
		{ 2, true, "t0 waits for l0, held by t1, which waits for l1, held by t0" },
		{ 2, false,
		  "thread 0x00001000 waits for the mutex at 0x20000000, held by thread 0x00001001, "
		  "which waits for the mutex at 0x20000001, held by thread 0x00001000" },
		{ 6, true,
		  "t0 waits for l0, held by t1, which waits for l1, held by t2, which waits for "
		  "l2, held by t3, which waits for l3, held by t4, and so on through 2 more, back "
		  "to t0" },
	};
	static const char *const names[] = { "t0", "t1", "t2", "t3", "t4", "t5" };
	static const char *const locks[] = { "l0", "l1", "l2", "l3", "l4", "l5" };
	(void)state;
	for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		struct fl_thread threads[6];
		struct fl_lock_ring ring;
		unsigned edge[6];
		FL_AUTO_STR words = { 0 };
		for (unsigned i = 0; i < cases[n].count; i++)
			edge[i] = (i + 1) % cases[n].count;
		make(threads, edge, cases[n].count);
		for (unsigned i = 0; i < cases[n].count; i++) {
			threads[i].name = cases[n].named ? names[i] : NULL;
			threads[i].wait.object_name = cases[n].named ? locks[i] : NULL;
			threads[i].wait.has_object = true;
			threads[i].wait.object = 0x20000000 + i;
			threads[i].wait.forever = i != 1;
		}
		assert_true(fl_lock_ring_find(threads, cases[n].count, &ring));
		assert_int_equal(ring.forever, cases[n].count == 1);
		fl_lock_ring_words(&ring, &words);
		assert_string_equal(words.data, cases[n].words);
	}
}

static void test_more_threads_than_there_can_be(void **state)
{
	enum { COUNT = FL_LOCK_RING_MAX + 50 };
	static struct fl_thread threads[COUNT];
	struct fl_lock_ring ring;
	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		threads[i].has_block = true;
		threads[i].block = (uint32_t)i;
		threads[i].wait.kind = FL_WAIT_MUTEX;
		threads[i].wait.has_holder = true;
		threads[i].wait.holder = (uint32_t)((i + 1) % FL_LOCK_RING_MAX);
	}
	assert_true(fl_lock_ring_find(threads, COUNT, &ring));
	assert_int_equal(ring.count, FL_LOCK_RING_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_graphs),
		cmocka_unit_test(test_order_does_not_matter),
		cmocka_unit_test(test_what_is_no_edge),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_more_threads_than_there_can_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
