/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/index_file.h"
#include "symbols/module.h"

#include "base/hash.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static enum fl_code damaged(uint64_t at, const char *what, struct fl_error *err)
{
	return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, at, "symbol index: damaged: %s", what);
}

static enum fl_code
read_head(const void *bytes, size_t size, struct fl_index_file *ret, struct fl_error *err)
{
	struct fl_index_file head;
	if (size < sizeof(head.magic) ||
	    memcmp(bytes, FL_INDEX_FILE_MAGIC, sizeof(head.magic)) != 0)
		return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, 0, "not a symbol index");
	if (size < sizeof(head))
		return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, size,
			       "symbol index: truncated: %zu bytes", size);
	memcpy(&head, bytes, sizeof(head));
	if (head.version != FL_INDEX_FILE_VERSION)
		return fl_fail(err, FL_EUNSUPPORTED, FL_AT_FILE_OFFSET, sizeof(head.magic),
			       "symbol index: of %s version: %" PRIu32 ", not %d",
			       head.version > FL_INDEX_FILE_VERSION ? "a newer" : "an older",
			       head.version, FL_INDEX_FILE_VERSION);
	if (head.build_id_size > sizeof(head.build_id))
		return damaged(offsetof(struct fl_index_file, build_id_size), "build id too long",
			       err);
	if (!head.module_count || head.module_count > FL_LIMIT_MODULES)
		return damaged(offsetof(struct fl_index_file, module_count), "number of modules",
			       err);
	*ret = head;
	return FL_OK;
}

enum fl_code fl_symbols_index_peek(const void *bytes, size_t size,
				   struct fl_symbols_index_info *ret, struct fl_error *err)
{
	struct fl_index_file head;
	enum fl_code code = read_head(bytes, size, &head, err);
	if (code)
		return code;
	*ret = (struct fl_symbols_index_info){
		.size = head.size,
		.same_engine = !memcmp(head.engine, fl_index_engine, sizeof(head.engine)),
		.origin = { head.device, head.inode, head.mtime_ns },
		.elf_size = head.elf_size,
		.build_id_off = head.build_id_off,
		.build_id_size = head.build_id_size,
		.has_debug_info = head.flags & FL_INDEX_DEBUG_INFO,
		.has_symbol_table = head.flags & FL_INDEX_SYMBOL_TABLE,
	};
	memcpy(ret->elf_hash, head.elf_hash, sizeof(ret->elf_hash));
	memcpy(ret->build_id, head.build_id, sizeof(ret->build_id));
	return FL_OK;
}

static enum fl_code check_whole(const uint8_t *bytes, size_t size, const struct fl_index_file *head,
				struct fl_error *err)
{
	const size_t hashed_from = offsetof(struct fl_index_file, size);
	uint8_t hash[16];
	if (head->size > size)
		return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, size,
			       "symbol index: truncated: %zu of %" PRIu64 " bytes", size,
			       head->size);
	if (head->size < size)
		return damaged(head->size, "bytes behind its end", err);
	fl_hash128(bytes + hashed_from, size - hashed_from, hash);
	if (memcmp(hash, head->hash, sizeof(hash)) != 0)
		return damaged(offsetof(struct fl_index_file, hash), "hash of its contents", err);
	if (size < sizeof(*head) + head->module_count * sizeof(struct fl_index_place))
		return damaged(sizeof(*head), "places outside", err);
	return FL_OK;
}

static enum fl_code
open_modules(struct fl_symbols *symbols, const uint8_t *bytes, size_t size, struct fl_error *err)
{
	const struct fl_index_place *places = (const void *)(bytes + sizeof(struct fl_index_file));
	const struct fl_index_file *head = (const void *)bytes;
	for (uint32_t i = 0; i < head->module_count; i++) {
		const struct fl_index_place *place = &places[i];
		if (place->off % 8 || place->off > size || place->size > size - place->off)
			return damaged(sizeof(*head) + i * sizeof(*place), "module outside", err);
		enum fl_code code = fl_module_borrow(bytes + place->off, (size_t)place->size,
						     &symbols->modules[i], err);
		if (code)
			return code;
		symbols->count++;
	}
	const struct fl_index_header *outer = symbols->modules[0]->header;
	if (memcmp(outer->elf_hash, head->elf_hash, sizeof(head->elf_hash)) != 0 ||
	    memcmp(outer->build_id, head->build_id, sizeof(head->build_id)) != 0 ||
	    outer->build_id_size != head->build_id_size || outer->flags != head->flags)
		return damaged(offsetof(struct fl_index_file, elf_hash), "module of another ELF",
			       err);
	return FL_OK;
}

enum fl_code
fl_symbols_decode(const void *bytes, size_t size, struct fl_symbols **ret, struct fl_error *err)
{
	struct fl_index_file head;
	if ((uintptr_t)bytes % 8)
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "symbol index: not aligned");
	enum fl_code code = read_head(bytes, size, &head, err);
	if (!code)
		code = check_whole(bytes, size, &head, err);
	if (code)
		return code;
	FL_AUTO(fl_symbols) symbols = calloc(1, sizeof(*symbols));
	if (!symbols)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for symbols");
	symbols->elf_size = head.elf_size;
	symbols->build_id_off = head.build_id_off;
	code = open_modules(symbols, bytes, size, err);
	if (!code)
		*ret = fl_symbols_take(&symbols);
	return code;
}
