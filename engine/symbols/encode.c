/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/index_file.h"
#include "symbols/module.h"

#include "base/hash.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static size_t align8(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

static size_t encoded_size(const struct fl_symbols *symbols)
{
	size_t size = sizeof(struct fl_index_file) + symbols->count * sizeof(struct fl_index_place);
	for (size_t i = 0; i < symbols->count; i++)
		size += align8(symbols->modules[i]->size);
	return size;
}

static struct fl_index_file
head_of(const struct fl_symbols *symbols, const struct fl_symbols_origin *origin, size_t size)
{
	const struct fl_index_header *outer = symbols->modules[0]->header;
	struct fl_index_file head = {
		.version = FL_INDEX_FILE_VERSION,
		.size = size,
		.module_count = (uint32_t)symbols->count,
		.elf_size = symbols->elf_size,
		.build_id_off = symbols->build_id_off,
		.build_id_size = outer->build_id_size,
		.flags = (uint8_t)outer->flags,
	};
	if (origin) {
		head.device = origin->device;
		head.inode = origin->inode;
		head.mtime_ns = origin->mtime_ns;
	}
	memcpy(head.magic, FL_INDEX_FILE_MAGIC, sizeof(head.magic));
	memcpy(head.engine, fl_index_engine, sizeof(head.engine));
	memcpy(head.elf_hash, outer->elf_hash, sizeof(head.elf_hash));
	memcpy(head.build_id, outer->build_id, sizeof(head.build_id));
	return head;
}

enum fl_code fl_symbols_encode(const struct fl_symbols *symbols,
			       const struct fl_symbols_origin *origin, struct fl_buffer *ret,
			       struct fl_error *err)
{
	const size_t hashed_from = offsetof(struct fl_index_file, size);
	size_t size = encoded_size(symbols);
	uint8_t *bytes = calloc(1, size);
	if (!bytes)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for a symbol index");
	struct fl_index_file head = head_of(symbols, origin, size);
	size_t place_at = sizeof(head);
	size_t at = sizeof(head) + symbols->count * sizeof(struct fl_index_place);
	for (size_t i = 0; i < symbols->count; i++) {
		const struct fl_module *module = symbols->modules[i];
		const struct fl_index_place place = { at, module->size };
		memcpy(bytes + place_at, &place, sizeof(place));
		memcpy(bytes + at, module->index, module->size);
		place_at += sizeof(place);
		at += align8(module->size);
	}
	memcpy(bytes, &head, sizeof(head));
	fl_hash128(bytes + hashed_from, size - hashed_from, head.hash);
	memcpy(bytes, &head, sizeof(head));
	*ret = (struct fl_buffer){ bytes, size };
	return FL_OK;
}
