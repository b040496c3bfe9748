/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of one address is never given for another one, whoever writes at the same time. */
#include "support/cmocka.h"
#include "symbols/pc_cache.h"

#include <pthread.h>

enum {
	ADDRESSES = 5000, /* several for each slot */
	THREADS = 4,
	ROUNDS = 1000000,
	RIVALS = 8,
};

static void free_cache(struct fl_pc_cache **cache)
{
	fl_pc_cache_close(*cache);
}
#define CACHE __attribute__((__cleanup__(free_cache))) struct fl_pc_cache *

/* All that is said of an address tells which one it is. */
static struct fl_pc_facts facts_of(uint32_t pc)
{
	return (struct fl_pc_facts){
		.pc = pc,
		.function = pc + 1,
		.call = ~pc,
		.rule = pc * 3,
		.file = pc ^ 0x5555,
		.line = pc << 7,
		.column = pc + 99,
	};
}

static bool is_of(const struct fl_pc_facts *facts, uint32_t pc)
{
	struct fl_pc_facts want = facts_of(pc);
	return facts->pc == pc && facts->function == want.function && facts->call == want.call &&
	       facts->rule == want.rule && facts->file == want.file && facts->line == want.line &&
	       facts->column == want.column;
}

static void put(struct fl_pc_cache *cache, uint32_t pc)
{
	struct fl_pc_facts facts = facts_of(pc);
	fl_pc_cache_put(cache, &facts);
}

static void test_empty(void **state)
{
	CACHE cache = fl_pc_cache_open();
	struct fl_pc_facts facts;
	(void)state;
	assert_non_null(cache);
	assert_false(fl_pc_cache_get(cache, 0, &facts));
	assert_false(fl_pc_cache_get(cache, UINT32_MAX, &facts));
}

static void test_kept(void **state)
{
	static const uint32_t pcs[] = { 0, 1, 0x08000123, 0x08000124, UINT32_MAX };
	CACHE cache = fl_pc_cache_open();
	(void)state;
	assert_non_null(cache);
	for (size_t i = 0; i < sizeof(pcs) / sizeof(pcs[0]); i++) {
		struct fl_pc_facts facts;
		assert_false(fl_pc_cache_get(cache, pcs[i], &facts));
		put(cache, pcs[i]);
		assert_true(fl_pc_cache_get(cache, pcs[i], &facts));
		assert_true(is_of(&facts, pcs[i]));
		assert_null(facts.module);
	}
}

/* The last of those that share a slot stays. */
static void test_replaced(void **state)
{
	CACHE cache = fl_pc_cache_open();
	size_t kept = 0;
	(void)state;
	assert_non_null(cache);
	for (uint32_t pc = 0; pc < ADDRESSES; pc++) {
		struct fl_pc_facts facts;
		put(cache, pc);
		assert_true(fl_pc_cache_get(cache, pc, &facts));
		assert_true(is_of(&facts, pc));
	}
	for (uint32_t pc = 0; pc < ADDRESSES; pc++) {
		struct fl_pc_facts facts;
		if (!fl_pc_cache_get(cache, pc, &facts))
			continue;
		assert_true(is_of(&facts, pc));
		kept++;
	}
	assert_in_range(kept, 100, ADDRESSES / 2);
}

struct user {
	pthread_t thread;
	struct fl_pc_cache *cache;
	const uint32_t *pcs;
	uint32_t seed;
	size_t found, wrong;
};

static void *use(void *context)
{
	struct user *u = context;
	for (int i = 0; i < ROUNDS; i++) {
		u->seed = u->seed * 1664525 + 1013904223;
		uint32_t pc = u->pcs[(u->seed >> 8) % RIVALS];
		struct fl_pc_facts facts;
		if (fl_pc_cache_get(u->cache, pc, &facts)) {
			u->found++;
			u->wrong += !is_of(&facts, pc);
		} else {
			put(u->cache, pc);
		}
	}
	return NULL;
}

/* Addresses of which one takes the place of another. */
static void find_rivals(struct fl_pc_cache *cache, uint32_t pcs[RIVALS])
{
	struct fl_pc_facts facts;
	size_t count = 0;
	for (uint32_t pc = 1; count < RIVALS; pc++) {
		put(cache, 0);
		put(cache, pc);
		if (!fl_pc_cache_get(cache, 0, &facts))
			pcs[count++] = pc;
	}
}

static void test_several_at_a_time(void **state)
{
	CACHE cache = fl_pc_cache_open();
	struct user users[THREADS];
	uint32_t pcs[RIVALS];
	size_t found = 0;
	(void)state;
	assert_non_null(cache);
	find_rivals(cache, pcs);
	for (uint32_t i = 0; i < THREADS; i++) {
		users[i] = (struct user){ .cache = cache, .pcs = pcs, .seed = i };
		assert_int_equal(pthread_create(&users[i].thread, NULL, use, &users[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(users[i].thread, NULL), 0);
		assert_int_equal(users[i].wrong, 0);
		found += users[i].found;
	}
	/* One that is interrupted while it writes keeps the others from finding anything. */
	assert_true(found > 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_several_at_a_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
