/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/name_map.h"

#include <stdlib.h>
#include <string.h>

enum { HASHED_MAX = 64 /* bytes; longer names differ before, as a rule */ };

bool fl_name_map_init(struct fl_name_map *map, uint32_t count)
{
	uint32_t places = 1;
	while (places < count && places < UINT32_C(1) << 31)
		places *= 2;
	*map = (struct fl_name_map){
		.places = malloc(places * sizeof(*map->places)),
		.entries = calloc(count ? count : 1, sizeof(*map->entries)),
		.mask = places - 1,
	};
	if (!map->places || !map->entries)
		return false;
	memset(map->places, 0xff, places * sizeof(*map->places)); /* FL_NAME_NONE */
	return true;
}

void fl_name_map_deinit(struct fl_name_map *map)
{
	free(map->places);
	free(map->entries);
}

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv */
uint32_t fl_name_hash(const char *name)
{
	uint32_t hash = 0x811c9dc5;
	for (unsigned i = 0; i < HASHED_MAX && name[i]; i++)
		hash = (hash ^ (uint8_t)name[i]) * 0x01000193;
	return hash;
}

void fl_name_map_add(struct fl_name_map *map, uint32_t entry, const char *name)
{
	uint32_t hash = fl_name_hash(name);
	uint32_t *place = &map->places[hash & map->mask];
	map->entries[entry] = (struct fl_name_entry){ hash, *place };
	*place = entry;
}

static uint32_t skip_others(const struct fl_name_map *map, uint32_t entry, uint32_t hash)
{
	while (entry != FL_NAME_NONE && map->entries[entry].hash != hash)
		entry = map->entries[entry].next;
	return entry;
}

uint32_t fl_name_map_first(const struct fl_name_map *map, uint32_t hash)
{
	return skip_others(map, map->places[hash & map->mask], hash);
}

uint32_t fl_name_map_next(const struct fl_name_map *map, uint32_t entry)
{
	return skip_others(map, map->entries[entry].next, map->entries[entry].hash);
}
