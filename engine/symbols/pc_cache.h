/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * What was found at some code addresses of a module, for the next dump of the same firmware: its
 * threads wait where those of the last one did.
 *
 * A module is shared by threads that do not know of each other, and so is this. A slot that
 * somebody writes is none that can be read, and is left to him: nobody waits, and an answer is
 * missing at worst.
 */
#ifndef SYMBOLS_PC_CACHE_H
#define SYMBOLS_PC_CACHE_H

#include "symbols/symbols.h"

struct fl_pc_cache;

/** Empty; NULL when memory is out. */
struct fl_pc_cache *fl_pc_cache_open(void);
void fl_pc_cache_close(struct fl_pc_cache *cache);

/** What is kept of @p pc, but for the module; false: nothing. */
bool fl_pc_cache_get(const struct fl_pc_cache *cache, uint32_t pc, struct fl_pc_facts *ret);

/** Keep it, instead of another address. */
void fl_pc_cache_put(struct fl_pc_cache *cache, const struct fl_pc_facts *facts);

#endif
