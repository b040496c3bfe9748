/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything about an ELF that is read without its DWARF: a refusal says what and where, and what
 * is handed out lies inside the file.
 */
#include "fuzz/target.h"

#include "base/limits.h"
#include "image/attributes.h"
#include "image/build_id.h"
#include "image/demangle.h"
#include "image/exidx.h"
#include "image/section_bytes.h"
#include "image/symtab.h"

#include <stdlib.h>
#include <string.h>

struct session {
	const uint8_t *data;
	size_t size;
	struct fl_elf elf;
	struct fl_findings findings;
};

static bool inside(const struct session *s, const void *p, size_t size)
{
	uintptr_t start = (uintptr_t)s->data;
	uintptr_t at = (uintptr_t)p;
	return at >= start && at - start <= s->size && size <= s->size - (at - start);
}

static void check_layout(const struct session *s)
{
	CHECK(s->elf.section_count <= FL_LIMIT_SECTIONS);
	for (size_t i = 0; i < s->elf.section_count; i++) {
		const struct fl_section *section = &s->elf.sections[i];
		CHECK(!section->bytes || inside(s, section->bytes, section->size));
		CHECK(!section->name[0] || inside(s, section->name, strlen(section->name) + 1));
	}
	for (size_t i = 0; i < s->elf.segment_count; i++)
		CHECK(!s->elf.segments[i].bytes ||
		      inside(s, s->elf.segments[i].bytes, s->elf.segments[i].file_size));
}

static void check_symbols(const struct session *s, struct fl_vec *symbols)
{
	if (fl_symtab_read(&s->elf, NULL, symbols, NULL))
		return;
	for (size_t i = 0; i < symbols->count; i++) {
		const struct fl_symbol *symbol = fl_vec_at(symbols, const struct fl_symbol, i);
		FL_AUTO_STR name = { 0 };
		CHECK(symbol->name[0] && inside(s, symbol->name, strlen(symbol->name) + 1));
		CHECK(symbol->section < s->elf.section_count || symbol->section == FL_SHN_ABS);
		/* The demangler's output can be exponential in its input: short names only. */
		if (i < 64 && strlen(symbol->name) < 40 && fl_demangle(symbol->name, &name))
			CHECK(name.size > 0 && name.size <= FL_LIMIT_NAME);
	}
}

static void check_exidx(const struct session *s)
{
	FL_AUTO_VEC rows = FL_VEC(struct fl_exidx_row);
	FL_AUTO_VEC opcodes = FL_VEC(uint8_t);
	if (fl_exidx_read(&s->elf, NULL, &rows, &opcodes, NULL))
		return;
	for (size_t i = 0; i < rows.count; i++) {
		const struct fl_exidx_row *row = fl_vec_at(&rows, const struct fl_exidx_row, i);
		CHECK(!i || row[-1].addr <= row->addr);
		CHECK(row->opcode_off <= opcodes.count &&
		      row->opcode_count <= opcodes.count - row->opcode_off);
		CHECK(row->opcode_count <= 3 + 4 * 255);
		CHECK(!(row->cantunwind && row->opcode_count));
	}
}

static void check_sections(struct session *s)
{
	struct fl_debug_sections sections;
	if (fl_debug_sections_init(&sections, &s->elf, &s->findings, NULL))
		return;
	CHECK(sections.count <= FL_MAX_DEBUG_SECTIONS);
	for (size_t i = 0; i < sections.count; i++)
		CHECK(sections.items[i].inflated ||
		      inside(s, sections.items[i].bytes, sections.items[i].size));
	fl_debug_sections_deinit(&sections);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_arena arena = { 0 };
	struct fl_error err = { 0 };
	struct session s = { .data = data, .size = size };
	s.findings.arena = &arena;
	if (fl_elf_open("fw.elf", data, size, &arena, &s.findings, &s.elf, &err)) {
		CHECK(err.message[0] && (err.at <= size || err.at < 52));
	} else {
		FL_AUTO_VEC symbols = FL_VEC(struct fl_symbol);
		uint8_t id[FL_BUILD_ID_SIZE];
		check_layout(&s);
		check_symbols(&s, &symbols);
		check_exidx(&s);
		check_sections(&s);
		CHECK(fl_build_id(&s.elf, &symbols, id) <= FL_BUILD_ID_SIZE);
		CHECK(fl_arch_of(&s.elf) <= FL_ARCH_V8M_MAIN);
	}
	fl_arena_deinit(&arena);
	return 0;
}
