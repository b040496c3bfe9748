/* SPDX-License-Identifier: Apache-2.0 */
#include "image/build_id.h"

#include "base/reader.h"
#include "image/symtab.h"

#include <string.h>

enum { NT_GNU_BUILD_ID = 3, VENDOR_TYPE_DERIVED = 3, VENDOR_HEADER_SIZE = 8 };

static size_t pad4(uint32_t size)
{
	return (4 - (size & 3)) & 3;
}

/* gABI "Note Section": names and descriptors are padded to four bytes. */
static uint8_t from_notes(const uint8_t *bytes, size_t size, uint8_t ret[FL_BUILD_ID_SIZE])
{
	struct fl_reader r = fl_reader("note", bytes, size, 0);
	while (fl_reader_left(&r) >= 12) {
		uint32_t name_size = fl_read_u32(&r);
		uint32_t id_size = fl_read_u32(&r);
		uint32_t type = fl_read_u32(&r);
		const uint8_t *name = fl_read_bytes(&r, name_size);
		if (pad4(name_size) <= fl_reader_left(&r))
			fl_read_skip(&r, pad4(name_size));
		const uint8_t *id = fl_read_bytes(&r, id_size);
		if (r.error.code)
			return 0;
		if (pad4(id_size) <= fl_reader_left(&r))
			fl_read_skip(&r, pad4(id_size));
		if (type != NT_GNU_BUILD_ID || name_size != 4 || memcmp(name, "GNU", 4) != 0 ||
		    !id_size)
			continue;
		uint8_t n = id_size < FL_BUILD_ID_SIZE ? (uint8_t)id_size : FL_BUILD_ID_SIZE;
		memcpy(ret, id, n);
		return n;
	}
	return 0;
}

static uint8_t gnu_id(const struct fl_elf *elf, uint8_t ret[FL_BUILD_ID_SIZE])
{
	uint8_t n = 0;
	for (size_t i = 0; i < elf->section_count && !n; i++) {
		const struct fl_section *s = &elf->sections[i];
		if (s->type == FL_SHT_NOTE && s->bytes)
			n = from_notes(s->bytes, s->size, ret);
	}
	for (size_t i = 0; i < elf->segment_count && !n; i++) {
		const struct fl_segment *s = &elf->segments[i];
		if (s->type == FL_PT_NOTE && s->bytes)
			n = from_notes(s->bytes, s->file_size, ret);
	}
	/* Linker scripts often put the note into a section of another name, and its type with it.
	 */
	const struct fl_section *named = n ? NULL : fl_elf_section(elf, ".note.gnu.build-id");
	return named ? from_notes(named->bytes, named->size, ret) : n;
}

/* sMemfaultBuildIdStorage: u8 type, u8 length, u8 short length, u8 reserved, pointer to the id. */
static uint8_t
vendor_id(const struct fl_elf *elf, const struct fl_vec *symbols, uint8_t ret[FL_BUILD_ID_SIZE])
{
	const uint8_t *header = NULL;
	for (size_t i = 0; i < symbols->count && !header; i++) {
		const struct fl_symbol *s = fl_vec_at(symbols, const struct fl_symbol, i);
		if (s->kind == FL_SYMBOL_OBJECT && !strcmp(s->name, "g_memfault_build_id"))
			header = fl_elf_at(elf, s->addr, VENDOR_HEADER_SIZE);
	}
	if (!header)
		return 0;
	struct fl_reader r = fl_reader("g_memfault_build_id", header, VENDOR_HEADER_SIZE, 0);
	uint8_t type = fl_read_u8(&r);
	uint8_t size = fl_read_u8(&r);
	fl_read_skip(&r, 2);
	uint32_t storage = fl_read_u32(&r);
	if (type != VENDOR_TYPE_DERIVED || size == 0 || size > FL_BUILD_ID_SIZE)
		return 0;
	const uint8_t *id = fl_elf_at(elf, storage, size);
	if (!id)
		return 0;
	memcpy(ret, id, size);
	return size;
}

uint8_t
fl_build_id(const struct fl_elf *elf, const struct fl_vec *symbols, uint8_t ret[FL_BUILD_ID_SIZE])
{
	uint8_t n = vendor_id(elf, symbols, ret);
	return n ? n : gnu_id(elf, ret);
}
