/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sequence lock for each slot, without waiting: its version is odd while it is written, and has
 * changed when what was read in between may be of two addresses.
 */
#include "symbols/pc_cache.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
	SLOT_BITS = 10, /* 32 KiB: more would be pages that one analysis alone only touches */
	WORDS = 7,
};

struct slot {
	_Atomic uint32_t version; /* 0: never written */
	_Atomic uint32_t words[WORDS];
};

struct fl_pc_cache {
	struct slot slots[1 << SLOT_BITS];
};

struct fl_pc_cache *fl_pc_cache_open(void)
{
	return calloc(1, sizeof(struct fl_pc_cache));
}

void fl_pc_cache_close(struct fl_pc_cache *cache)
{
	free(cache);
}

static uint32_t slot_of(uint32_t pc)
{
	return pc * UINT32_C(0x9e3779b1) >> (32 - SLOT_BITS); /* 2^32 / golden ratio */
}

bool fl_pc_cache_get(const struct fl_pc_cache *cache, uint32_t pc, struct fl_pc_facts *ret)
{
	const struct slot *slot = &cache->slots[slot_of(pc)];
	uint32_t words[WORDS];
	uint32_t version = atomic_load_explicit(&slot->version, memory_order_acquire);
	if (!version || version % 2)
		return false;
	for (int i = 0; i < WORDS; i++)
		words[i] = atomic_load_explicit(&slot->words[i], memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
	if (words[0] != pc || atomic_load_explicit(&slot->version, memory_order_relaxed) != version)
		return false;
	*ret = (struct fl_pc_facts){
		.pc = pc,
		.function = words[1],
		.call = words[2],
		.rule = words[3],
		.file = words[4],
		.line = words[5],
		.column = words[6],
	};
	return true;
}

void fl_pc_cache_put(struct fl_pc_cache *cache, const struct fl_pc_facts *facts)
{
	const uint32_t words[WORDS] = { facts->pc,   facts->function, facts->call,  facts->rule,
					facts->file, facts->line,     facts->column };
	struct slot *slot = &cache->slots[slot_of(facts->pc)];
	uint32_t version = atomic_load_explicit(&slot->version, memory_order_relaxed);
	if (version % 2 ||
	    !atomic_compare_exchange_strong_explicit(&slot->version, &version, version + 1,
						     memory_order_acquire, memory_order_relaxed))
		return;
	atomic_thread_fence(memory_order_release);
	for (int i = 0; i < WORDS; i++)
		atomic_store_explicit(&slot->words[i], words[i], memory_order_relaxed);
	atomic_store_explicit(&slot->version, version + 2, memory_order_release);
}
