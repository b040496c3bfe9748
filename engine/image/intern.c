/* SPDX-License-Identifier: Apache-2.0 */
#include "image/intern.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

void fl_intern_deinit(struct fl_intern *table)
{
	if (!table)
		return;
	fl_str_deinit(&table->bytes);
	fl_vec_deinit(&table->entries);
	free(table->slots);
	table->slots = NULL;
	table->slot_count = 0;
}

static uint32_t fail(struct fl_intern *table)
{
	table->failed = true;
	return UINT32_MAX;
}

static const struct fl_intern_entry *entry_at(const struct fl_intern *table, size_t i)
{
	return fl_vec_at(&table->entries, const struct fl_intern_entry, i);
}

/* Keep at least half of the slots free. */
static bool grow(struct fl_intern *table)
{
	if (table->slot_count / 2 > table->entries.count)
		return true;
	size_t count = table->slot_count ? table->slot_count * 2 : 256;
	uint32_t *slots = calloc(count, sizeof(*slots));
	if (!slots)
		return false;
	for (size_t i = 0; i < table->entries.count; i++) {
		size_t at = entry_at(table, i)->hash & (count - 1);
		while (slots[at])
			at = (at + 1) & (count - 1);
		slots[at] = (uint32_t)i + 1;
	}
	free(table->slots);
	table->slots = slots;
	table->slot_count = count;
	return true;
}

static bool append(struct fl_intern *table, const void *bytes, size_t size, uint32_t hash)
{
	size_t off = table->bytes.size;
	if (size > UINT32_MAX - 1 - off || table->entries.count >= UINT32_MAX - 1)
		return false;
	struct fl_intern_entry entry = { (uint32_t)off, (uint32_t)size, hash };
	fl_str_add(&table->bytes, bytes, size);
	return !table->bytes.failed && fl_vec_push(&table->entries, &entry);
}

uint32_t fl_intern_add(struct fl_intern *table, const void *bytes, size_t size)
{
	if (table->failed || !grow(table))
		return fail(table);
	uint32_t hash = (uint32_t)fl_hash64(bytes, size);
	size_t at = hash & (table->slot_count - 1);
	while (table->slots[at]) {
		const struct fl_intern_entry *entry = entry_at(table, table->slots[at] - 1);
		if (entry->hash == hash && entry->size == size &&
		    (!size || !memcmp(table->bytes.data + entry->off, bytes, size)))
			return table->slots[at] - 1;
		at = (at + 1) & (table->slot_count - 1);
	}
	if (!append(table, bytes, size, hash))
		return fail(table);
	table->slots[at] = (uint32_t)table->entries.count;
	return (uint32_t)table->entries.count - 1;
}

uint32_t fl_intern_text(struct fl_intern *table, const char *text)
{
	uint32_t i = fl_intern_add(table, text, strlen(text) + 1);
	return i == UINT32_MAX ? UINT32_MAX : entry_at(table, i)->off;
}
