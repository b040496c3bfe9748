/* SPDX-License-Identifier: Apache-2.0 */
#include "image/exidx.h"

#include "base/reader.h"

#include <stdlib.h>

/* Exception handling ABI for the Arm architecture (IHI 0038), 5 and 6. */
enum { ENTRY_SIZE = 8, EXIDX_CANTUNWIND = 1 };

struct table {
	const struct fl_elf *elf;
	struct fl_vec *opcodes;
	bool out_of_memory;
};

/* IHI 0038, 5: a 31-bit offset relative to the word that holds it. */
static uint32_t prel31(uint32_t word, uint32_t addr)
{
	uint32_t offset = word & 0x7fffffff;
	if (offset & 0x40000000)
		offset |= 0x80000000;
	return addr + offset;
}

static bool word_at(const struct fl_elf *elf, uint32_t addr, uint32_t *ret)
{
	const uint8_t *bytes = fl_elf_at(elf, addr, 4);
	struct fl_reader r = fl_reader(".ARM.extab", bytes, 4, 0);
	*ret = fl_read_u32(&r);
	return bytes != NULL;
}

/* The low @p count bytes of a word, most significant first. */
static void add_bytes(struct table *t, uint32_t word, unsigned count)
{
	while (count--) {
		uint8_t byte = (uint8_t)(word >> (8 * count));
		t->out_of_memory |= !fl_vec_push(t->opcodes, &byte);
	}
}

static bool add_words(struct table *t, uint32_t addr, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t word;
		if (!word_at(t->elf, addr + 4 * i, &word))
			return false;
		add_bytes(t, word, 4);
	}
	return true;
}

/* 6.3: compact models 0 (three opcodes), 1 and 2 (a count of further words, two opcodes). */
static bool read_compact(struct table *t, uint32_t word, uint32_t next_addr, bool may_continue)
{
	unsigned model = word >> 24 & 15;
	if (word >> 28 & 7 || model > 2)
		return false;
	if (model == 0) {
		add_bytes(t, word, 3);
		return true;
	}
	add_bytes(t, word, 2);
	return may_continue && add_words(t, next_addr, word >> 16 & 0xff);
}

/* 6.2: generic model. The personality routines in use (C++, C, Rust, Ada) share the GNU layout:
 * a count of further words, three opcodes. */
static bool read_extab(struct table *t, uint32_t addr)
{
	uint32_t word;
	if (!word_at(t->elf, addr, &word))
		return false;
	if (word >> 31)
		return read_compact(t, word, addr + 4, true);
	if (!word_at(t->elf, addr + 4, &word))
		return false;
	add_bytes(t, word, 3);
	return add_words(t, addr + 8, word >> 24);
}

static void read_entry(struct table *t, uint32_t word, uint32_t addr, struct fl_exidx_row *row)
{
	row->opcode_off = (uint32_t)t->opcodes->count;
	if (word == EXIDX_CANTUNWIND) {
		row->cantunwind = true;
		return;
	}
	/* Inline entries have no room for further words. */
	row->damaged =
		word >> 31 ? !read_compact(t, word, 0, false) : !read_extab(t, prel31(word, addr));
	if (row->damaged)
		t->opcodes->count = row->opcode_off;
	row->opcode_count = (uint32_t)t->opcodes->count - row->opcode_off;
}

static int by_addr(const void *a, const void *b)
{
	const struct fl_exidx_row *x = a;
	const struct fl_exidx_row *y = b;
	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return (x->opcode_off > y->opcode_off) - (x->opcode_off < y->opcode_off);
}

enum fl_code fl_exidx_read(const struct fl_elf *elf, struct fl_findings *findings,
			   struct fl_vec *rows, struct fl_vec *opcodes, struct fl_error *err)
{
	struct table t = { .elf = elf, .opcodes = opcodes };
	size_t damaged = 0;
	for (size_t i = 0; i < elf->section_count && !t.out_of_memory; i++) {
		const struct fl_section *s = &elf->sections[i];
		if (s->type != FL_SHT_ARM_EXIDX || !s->bytes || !(s->flags & FL_SHF_ALLOC))
			continue;
		struct fl_reader r = fl_reader(".ARM.exidx", s->bytes, s->size, s->off);
		while (fl_reader_left(&r) >= ENTRY_SIZE && !t.out_of_memory) {
			uint32_t addr = s->addr + (uint32_t)r.pos;
			uint32_t function = fl_read_u32(&r);
			uint32_t word = fl_read_u32(&r);
			struct fl_exidx_row row = { .addr = prel31(function, addr) & ~UINT32_C(1) };
			read_entry(&t, word, addr + 4, &row);
			damaged += row.damaged;
			t.out_of_memory |= !fl_vec_push(rows, &row);
		}
	}
	if (t.out_of_memory)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for .ARM.exidx");
	if (damaged)
		fl_finding_add(findings, FL_STAGE_IMAGE, FL_WARNING, FL_EFORMAT, FL_AT_NONE, 0,
			       "%s: %zu entries of .ARM.exidx are damaged", elf->name, damaged);
	if (rows->count)
		qsort(rows->data, rows->count, sizeof(struct fl_exidx_row), by_addr);
	return FL_OK;
}
