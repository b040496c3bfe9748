/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Which entries have a name, without looking at all of them.
 *
 * An entry is a number that the owner of the map understands. Where entries lead is the owner's
 * business: it compares names, the map only says which ones are worth it.
 */
#ifndef SYMBOLS_NAME_MAP_H
#define SYMBOLS_NAME_MAP_H

#include <stdbool.h>
#include <stdint.h>

struct fl_name_entry {
	uint32_t hash;
	uint32_t next; /**< entry with the same place, or FL_NAME_NONE */
};

struct fl_name_map {
	uint32_t *places;
	struct fl_name_entry *entries;
	uint32_t mask;
};

#define FL_NAME_NONE UINT32_MAX

/** Room for entries 0 to @p count - 1; false when memory is out. */
bool fl_name_map_init(struct fl_name_map *map, uint32_t count);
void fl_name_map_deinit(struct fl_name_map *map);

/** Of a name's first bytes: names of untrusted length are read to a limit only. */
uint32_t fl_name_hash(const char *name);

/** Each entry at most once. The one that is added last is found first. */
void fl_name_map_add(struct fl_name_map *map, uint32_t entry, const char *name);

/** The first entry that may have that name, or FL_NAME_NONE. */
uint32_t fl_name_map_first(const struct fl_name_map *map, uint32_t hash);

/** The next one after @p entry. */
uint32_t fl_name_map_next(const struct fl_name_map *map, uint32_t entry);

#endif
