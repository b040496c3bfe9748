/* SPDX-License-Identifier: Apache-2.0 */
#include "support/die_writer.h"

#include <string.h>

enum { TAG_PARTIAL_UNIT = 0x3c };

static void put_u64(struct bytes *b, uint64_t value)
{
	put_u32(b, (uint32_t)value);
	put_u32(b, (uint32_t)(value >> 32));
}

static void put_sized(struct bytes *b, const struct die_attribute *a)
{
	put(b, a->bytes, a->size);
}

static void put_value(struct die_writer *w, const struct die_attribute *a)
{
	struct bytes *b = &w->info;
	switch (a->form) {
	case DIE_DATA1:
		put_u8(b, (unsigned)(a->value & 0xff));
		break;
	case DIE_DATA2:
		put_u16(b, (unsigned)(a->value & 0xffff));
		break;
	case DIE_ADDR:
	case DIE_DATA4:
		put_u32(b, (uint32_t)a->value);
		break;
	case DIE_DATA8:
	case DIE_REF_SIG8:
		put_u64(b, (uint64_t)a->value);
		break;
	case DIE_UDATA:
		put_uleb(b, (uint32_t)a->value);
		break;
	case DIE_SDATA:
		put_sleb(b, (int32_t)a->value);
		break;
	case DIE_STRING:
		put_text(b, a->bytes);
		break;
	case DIE_REF4:
		w->last_ref = b->size;
		put_u32(b, (uint32_t)(a->value - (int64_t)w->unit_off));
		break;
	case DIE_REF_ADDR:
		w->last_ref = b->size;
		put_u32(b, (uint32_t)a->value);
		break;
	case DIE_BLOCK1:
		put_u8(b, (unsigned)a->size);
		put_sized(b, a);
		break;
	case DIE_BLOCK:
	case DIE_EXPRLOC:
		put_uleb(b, (uint32_t)a->size);
		put_sized(b, a);
		break;
	default: /* the abbreviation says it all */
		break;
	}
}

void dies_refer(struct die_writer *w, size_t ref, uint32_t off)
{
	patch_u32(&w->info, ref, (uint32_t)(off - w->unit_off));
}

uint32_t
dies_add(struct die_writer *w, unsigned tag, bool children, const struct die_attribute *attributes)
{
	uint32_t off = (uint32_t)w->info.size;
	put_uleb(&w->abbrev, ++w->code);
	put_uleb(&w->abbrev, tag);
	put_u8(&w->abbrev, children);
	put_uleb(&w->info, w->code);
	for (const struct die_attribute *a = attributes; a->name; a++) {
		put_uleb(&w->abbrev, a->name);
		put_uleb(&w->abbrev, a->form);
		if (a->form == DIE_IMPLICIT_CONST)
			put_sleb(&w->abbrev, (int32_t)a->value);
		put_value(w, a);
	}
	put_u16(&w->abbrev, 0);
	return off;
}

void dies_up(struct die_writer *w)
{
	put_u8(&w->info, 0);
}

void dies_unit(struct die_writer *w, unsigned tag)
{
	const struct die_attribute attributes[] = {
		{ 0x03, DIE_STRING, 0, "unit.c", 0 },
		{ 0x13, DIE_DATA1, w->language ? w->language : 0x0c, NULL, 0 },
		{ 0, 0, 0, NULL, 0 },
	};
	unsigned version = w->version ? w->version : 5;
	w->unit_off = w->info.size;
	put_u32(&w->info, 0);
	put_u16(&w->info, version);
	if (version >= 5) {
		put_u8(&w->info, tag == TAG_PARTIAL_UNIT ? 3 : 1);
		put_u8(&w->info, 4);
	}
	put_u32(&w->info, 0);
	if (version < 5)
		put_u8(&w->info, 4);
	dies_add(w, tag, true, attributes);
}

void dies_unit_end(struct die_writer *w)
{
	dies_up(w);
	patch_u32(&w->info, w->unit_off, (uint32_t)(w->info.size - w->unit_off - 4));
}

void dies_end(struct die_writer *w, struct elf_writer *elf)
{
	put_u8(&w->abbrev, 0);
	elf_section(elf, ".debug_abbrev", ELF_PROGBITS, 0, 0, w->abbrev.data, w->abbrev.size);
	elf_section(elf, ".debug_info", ELF_PROGBITS, 0, 0, w->info.data, w->info.size);
	bytes_free(&w->abbrev);
	bytes_free(&w->info);
	*w = (struct die_writer){ 0 };
}
