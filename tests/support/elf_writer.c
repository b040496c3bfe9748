/* SPDX-License-Identifier: Apache-2.0 */
#include "support/elf_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bytes_free(struct bytes *b)
{
	free(b->data);
	*b = (struct bytes){ 0 };
}

static void *need(void *p)
{
	if (!p) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

void put(struct bytes *b, const void *data, size_t size)
{
	if (b->room - b->size < size) {
		b->room = (b->size + size) * 2;
		b->data = need(realloc(b->data, b->room));
	}
	if (size)
		memcpy(b->data + b->size, data, size);
	b->size += size;
}

void put_u8(struct bytes *b, unsigned value)
{
	uint8_t byte = (uint8_t)value;
	put(b, &byte, 1);
}

void put_u16(struct bytes *b, unsigned value)
{
	put_u8(b, value & 0xff);
	put_u8(b, value >> 8 & 0xff);
}

void put_u32(struct bytes *b, uint32_t value)
{
	put_u16(b, value & 0xffff);
	put_u16(b, value >> 16);
}

void put_uleb(struct bytes *b, uint32_t value)
{
	for (; value > 0x7f; value >>= 7)
		put_u8(b, (value & 0x7f) | 0x80);
	put_u8(b, value);
}

void put_sleb(struct bytes *b, int32_t value)
{
	for (; value < -64 || value > 63; value = value < 0 ? ~(~value >> 7) : value >> 7)
		put_u8(b, ((unsigned)value & 0x7f) | 0x80);
	put_u8(b, (unsigned)value & 0x7f);
}

void put_text(struct bytes *b, const char *text)
{
	put(b, text, strlen(text) + 1);
}

void patch_u16(struct bytes *b, size_t at, unsigned value)
{
	b->data[at] = (uint8_t)value;
	b->data[at + 1] = (uint8_t)(value >> 8);
}

void patch_u32(struct bytes *b, size_t at, uint32_t value)
{
	patch_u16(b, at, value & 0xffff);
	patch_u16(b, at + 2, value >> 16);
}

void elf_free(struct elf_writer *w)
{
	for (size_t i = 0; i < w->count; i++)
		bytes_free(&w->sections[i].data);
	bytes_free(&w->file);
	bytes_free(&w->symbols);
	bytes_free(&w->names);
	bytes_free(&w->segments);
	w->count = 0;
}

unsigned elf_section(struct elf_writer *w, const char *name, uint32_t type, uint32_t flags,
		     uint32_t addr, const void *data, size_t size)
{
	if (!w->count)
		w->count = 1;
	if (w->count == sizeof(w->sections) / sizeof(w->sections[0]))
		abort();
	struct elf_writer_section *s = &w->sections[w->count];
	*s = (struct elf_writer_section){ .type = type, .flags = flags, .addr = addr };
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->size = (uint32_t)size;
	if (type != ELF_NOBITS)
		put(&s->data, data, size);
	return (unsigned)w->count++;
}

unsigned elf_code(struct elf_writer *w, const char *name, uint32_t addr, uint32_t size)
{
	uint8_t *zeroes = need(calloc(1, size ? size : 1));
	unsigned index = elf_section(w, name, ELF_PROGBITS, ELF_A | ELF_X, addr, zeroes, size);
	free(zeroes);
	return index;
}

void elf_symbol(struct elf_writer *w, const char *name, uint32_t value, uint32_t size,
		unsigned info, unsigned section)
{
	if (!w->symbols.size) {
		put(&w->symbols, (const uint8_t[16]){ 0 }, 16);
		put_u8(&w->names, 0);
	}
	put_u32(&w->symbols, (uint32_t)w->names.size);
	put_u32(&w->symbols, value);
	put_u32(&w->symbols, size);
	put_u8(&w->symbols, info);
	put_u8(&w->symbols, 0);
	put_u16(&w->symbols, section);
	put_text(&w->names, name);
}

void elf_segment(struct elf_writer *w, uint32_t type, uint32_t off, uint32_t addr,
		 uint32_t file_size, uint32_t size, uint32_t flags)
{
	const uint32_t words[8] = { type, off, addr, addr, file_size, size, flags, 1 };
	for (size_t i = 0; i < 8; i++)
		put_u32(&w->segments, words[i]);
}

static void add_symtab(struct elf_writer *w)
{
	if (!w->symbols.size || w->without_symtab)
		return;
	unsigned table = elf_section(w, ".symtab", 2, 0, 0, w->symbols.data, w->symbols.size);
	w->sections[table].link = elf_section(w, ".strtab", 3, 0, 0, w->names.data, w->names.size);
}

static void write_header(struct elf_writer *w, uint32_t shoff)
{
	static const uint8_t ident[16] = { 0x7f, 'E', 'L', 'F', 1, 1, 1 };
	struct bytes *f = &w->file;
	struct bytes h = { 0 };
	put(&h, ident, sizeof(ident));
	put_u16(&h, w->type ? w->type : 2);
	put_u16(&h, 40);
	put_u32(&h, 1);
	put_u32(&h, 0);
	put_u32(&h, w->segments.size ? 52 : 0);
	put_u32(&h, shoff);
	put_u32(&h, 0x05000200);
	put_u16(&h, 52);
	put_u16(&h, 32);
	put_u16(&h, (unsigned)(w->segments.size / 32));
	put_u16(&h, 40);
	put_u16(&h, (unsigned)w->count);
	put_u16(&h, (unsigned)w->count - 1);
	memcpy(f->data, h.data, h.size);
	bytes_free(&h);
}

void elf_end(struct elf_writer *w)
{
	BYTES_AUTO names = { 0 };
	uint32_t name_offs[64] = { 0 };
	if (!w->count)
		w->count = 1;
	add_symtab(w);
	unsigned last = elf_section(w, ".shstrtab", 3, 0, 0, NULL, 0);
	put_u8(&names, 0);
	for (size_t i = 1; i < w->count; i++) {
		name_offs[i] = (uint32_t)names.size;
		put_text(&names, w->sections[i].name);
	}
	put(&w->sections[last].data, names.data, names.size);
	w->sections[last].size = (uint32_t)names.size;
	put(&w->file, (const uint8_t[52]){ 0 }, 52);
	put(&w->file, w->segments.data, w->segments.size);
	for (size_t i = 1; i < w->count; i++) {
		put(&w->file, "\xee\xee\xee\xee\xee\xee\xee", w->misalign % 8);
		w->sections[i].data_off = w->file.size;
		put(&w->file, w->sections[i].data.data, w->sections[i].data.size);
	}
	uint32_t shoff = (uint32_t)w->file.size;
	for (size_t i = 0; i < w->count; i++) {
		struct elf_writer_section *s = &w->sections[i];
		s->header_off = w->file.size;
		const uint32_t words[10] = {
			name_offs[i], s->type, s->flags, s->addr, (uint32_t)s->data_off,
			s->size,      s->link, s->info,  1,       s->type == 2 ? 16U : 0U
		};
		for (size_t k = 0; k < 10; k++)
			put_u32(&w->file, words[k]);
	}
	write_header(w, shoff);
}

uint8_t *exact_copy(const void *data, size_t size)
{
	uint8_t *copy = need(malloc(size ? size : 1));
	if (size)
		memcpy(copy, data, size);
	return copy;
}
