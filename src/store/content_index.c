/* SPDX-License-Identifier: Apache-2.0 */
#include "store/content_index.h"

#include <stdbool.h>
#include <stdlib.h>

enum { FIRST_ROOM = 64 };

void fl_content_index_deinit(struct fl_content_index *index)
{
	if (!index)
		return;
	free(index->entries);
	*index = (struct fl_content_index){ 0 };
}

static uint32_t key_of(const uint8_t hash[16])
{
	return (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3];
}

/* Linear probing from the low bits of the key: the hash is already uniform. */
static void place(struct fl_content_index *index, struct fl_content_entry entry)
{
	size_t at = entry.key & (index->room - 1);
	while (index->entries[at].id)
		at = (at + 1) & (index->room - 1);
	index->entries[at] = entry;
	index->count++;
}

static bool grow(struct fl_content_index *index)
{
	struct fl_content_index larger = { .room = index->room ? index->room * 2 : FIRST_ROOM,
					   .last_id = index->last_id };
	larger.entries = calloc(larger.room, sizeof(larger.entries[0]));
	if (!larger.entries)
		return false;
	for (size_t i = 0; i < index->room; i++)
		if (index->entries[i].id)
			place(&larger, index->entries[i]);
	free(index->entries);
	*index = larger;
	return true;
}

enum fl_code fl_content_index_add(struct fl_content_index *index, const uint8_t hash[16],
				  int64_t id, struct fl_error *err)
{
	if (id <= 0 || id > UINT32_MAX)
		return fl_fail(err, FL_ELIMIT, FL_AT_NONE, 0, "too many different dumps");
	if (index->count >= index->room / 4 * 3 && !grow(index))
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0,
			       "out of memory for the content index");
	place(index, (struct fl_content_entry){ .key = key_of(hash), .id = (uint32_t)id });
	index->last_id = id;
	return FL_OK;
}

int64_t
fl_content_index_next(const struct fl_content_index *index, const uint8_t hash[16], size_t *cursor)
{
	uint32_t key = key_of(hash);
	while (*cursor < index->room) {
		size_t at = (key + (*cursor)++) & (index->room - 1);
		if (!index->entries[at].id)
			return 0;
		if (index->entries[at].key == key)
			return index->entries[at].id;
	}
	return 0;
}
