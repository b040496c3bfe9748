/* SPDX-License-Identifier: Apache-2.0 */
#include "support/type_writer.h"

enum { UNIT = 1, BASE, POINTER, STRUCTURE, UNION, MEMBER, ARRAY, RANGE, TYPEDEF };

/* DWARF 4, 7.5.3: code, tag, children, (attribute, form)..., 0, 0. */
/* clang-format off */
static const uint8_t abbreviations[] = {
	UNIT,      0x11, 1, 0x03, 0x08, 0x13, 0x0b,             0, 0,
	BASE,      0x24, 0, 0x03, 0x08, 0x0b, 0x0b, 0x3e, 0x0b, 0, 0,
	POINTER,   0x0f, 0, 0x0b, 0x0b,                         0, 0,
	STRUCTURE, 0x13, 1, 0x03, 0x08, 0x0b, 0x05,             0, 0,
	UNION,     0x17, 1, 0x03, 0x08, 0x0b, 0x05,             0, 0,
	MEMBER,    0x0d, 0, 0x03, 0x08, 0x49, 0x13, 0x38, 0x05, 0, 0,
	ARRAY,     0x01, 1, 0x49, 0x13,                         0, 0,
	RANGE,     0x21, 0, 0x37, 0x05,                         0, 0,
	TYPEDEF,   0x16, 0, 0x03, 0x08, 0x49, 0x13,             0, 0,
	0,
};
/* clang-format on */

static uint32_t entry(struct type_writer *t, unsigned code)
{
	uint32_t at = (uint32_t)t->info.size;
	put_u8(&t->info, code);
	return at;
}

static uint32_t base(struct type_writer *t, const char *name, unsigned size, unsigned encoding)
{
	uint32_t at = entry(t, BASE);
	put_text(&t->info, name);
	put_u8(&t->info, size);
	put_u8(&t->info, encoding);
	return at;
}

void types_begin(struct type_writer *t)
{
	put_u32(&t->info, 0); /* length: types_end() */
	put_u16(&t->info, 4);
	put_u32(&t->info, 0);
	put_u8(&t->info, 4);
	entry(t, UNIT);
	put_text(&t->info, "kernel.c");
	put_u8(&t->info, 0x0c);
	t->u8 = base(t, "unsigned char", 1, 0x08);
	t->u32 = base(t, "unsigned long", 4, 0x07);
	t->i32 = base(t, "long", 4, 0x05);
	t->pointer = entry(t, POINTER);
	put_u8(&t->info, 4);
}

static uint32_t container(struct type_writer *t, unsigned code, const char *name, uint32_t size)
{
	uint32_t at = entry(t, code);
	put_text(&t->info, name);
	put_u16(&t->info, size);
	return at;
}

uint32_t types_structure(struct type_writer *t, const char *name, uint32_t size)
{
	return container(t, STRUCTURE, name, size);
}

uint32_t types_union(struct type_writer *t, const char *name, uint32_t size)
{
	return container(t, UNION, name, size);
}

void types_member(struct type_writer *t, const char *name, uint32_t type, uint32_t off)
{
	entry(t, MEMBER);
	put_text(&t->info, name);
	put_u32(&t->info, type);
	put_u16(&t->info, off);
}

void types_up(struct type_writer *t)
{
	put_u8(&t->info, 0);
}

uint32_t types_array(struct type_writer *t, uint32_t type, uint32_t count)
{
	uint32_t at = entry(t, ARRAY);
	put_u32(&t->info, type);
	entry(t, RANGE);
	put_u16(&t->info, count);
	types_up(t);
	return at;
}

void types_typedef(struct type_writer *t, const char *name, uint32_t type)
{
	entry(t, TYPEDEF);
	put_text(&t->info, name);
	put_u32(&t->info, type);
}

void types_end(struct type_writer *t, struct elf_writer *elf)
{
	types_up(t);
	patch_u32(&t->info, 0, (uint32_t)t->info.size - 4);
	elf_section(elf, ".debug_info", ELF_PROGBITS, 0, 0, t->info.data, t->info.size);
	elf_section(elf, ".debug_abbrev", ELF_PROGBITS, 0, 0, abbreviations, sizeof(abbreviations));
	bytes_free(&t->info);
}
