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

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15); /* 2^64 / golden ratio */
	return hash ^ hash >> 32;
}

/* Eight bytes at a time; the last eight may have some of those before them. */
uint32_t fl_name_hash(const char *name)
{
	size_t size = strnlen(name, HASHED_MAX);
	uint64_t hash = size;
	uint64_t word = 0;
	for (size_t at = 0; size - at > sizeof(word); at += sizeof(word)) {
		memcpy(&word, name + at, sizeof(word));
		hash = mix(hash, word);
	}
	if (size >= sizeof(word))
		memcpy(&word, name + size - sizeof(word), sizeof(word));
	else
		memcpy(&word, name, size);
	return (uint32_t)mix(hash, word);
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
