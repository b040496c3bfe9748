/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debug sections without an ELF around them: a 16-bit size of each, then their bytes. What is read
 * refers only to what exists, and lies where it says.
 */
#include "fuzz/target.h"

#include "image/dwarf.h"
#include "image/frames.h"

#include "base/limits.h"
#include "base/reader.h"

#include <stdlib.h>
#include <string.h>

#define EACH(list, type, e) \
	const type *e = d->list.data; \
	for (size_t i = 0; i < d->list.count; i++, e++)

static const char *const names[] = {
	".debug_info",     ".debug_abbrev", ".debug_line",        ".debug_line_str",
	".debug_str",      ".debug_addr",   ".debug_str_offsets", ".debug_ranges",
	".debug_rnglists", ".debug_frame",  ".eh_frame",
};
enum { SECTIONS = sizeof(names) / sizeof(names[0]) };

static bool is_part(const struct fl_vec *v, uint32_t first, uint32_t count)
{
	return first <= v->count && count <= v->count - first;
}

static bool is_index(const struct fl_vec *v, uint32_t i)
{
	return i == FL_NO_INDEX || i < v->count;
}

static void check_names(const struct fl_debug_info *d)
{
	EACH(decls, struct fl_decl, e)
	{
		CHECK(!i || e[-1].die_off < e->die_off);
		CHECK(is_index(&d->scopes, e->scope));
		CHECK((!e->name || e->name[0]) && (!e->linkage || e->linkage[0]));
	}
	struct fl_str text = { 0 };
	for (uint32_t k = 0; k < d->decls.count && k < 64; k++)
		(void)fl_decl_qualified(d, k, &text);
	fl_str_deinit(&text);
	const struct fl_name_scope *s = d->scopes.data;
	for (size_t k = 0; k < d->scopes.count; k++, s++) {
		CHECK(s->parent == FL_NO_INDEX || s->parent < k);
		CHECK(is_index(&d->decls, s->decl));
	}
}

static void check_code(const struct fl_debug_info *d)
{
	EACH(functions, struct fl_debug_function, f)
	{
		CHECK(f->decl < d->decls.count && f->unit < d->units.count && f->range_count);
		CHECK(is_part(&d->ranges, f->first_range, f->range_count));
		CHECK(is_part(&d->inlines, f->first_inline, f->inline_count));
	}
	const struct fl_debug_inline *in = d->inlines.data;
	for (size_t k = 0; k < d->inlines.count; k++, in++) {
		CHECK(is_index(&d->decls, in->decl) && in->depth && in->range_count);
		CHECK(in->parent == FL_NO_INDEX || in->parent < k);
		CHECK(is_part(&d->ranges, in->first_range, in->range_count));
	}
	const struct fl_code_range *r = d->ranges.data;
	for (size_t k = 0; k < d->ranges.count; k++, r++)
		CHECK(r->size && (uint64_t)r->addr + r->size <= UINT64_C(1) << 32);
}

static void check_lines(const struct fl_debug_info *d, const struct fl_intern *strings)
{
	EACH(sequences, struct fl_line_sequence, q)
	{
		CHECK(q->row_count && q->addr < q->end && q->end <= UINT64_C(1) << 32);
		CHECK(q->unit < d->units.count && is_part(&d->rows, q->first_row, q->row_count));
		const struct fl_line_row *row =
			fl_vec_at(&d->rows, const struct fl_line_row, q->first_row);
		CHECK(row->addr == q->addr);
		for (uint32_t k = 0; k < q->row_count; k++) {
			CHECK(row[k].addr <= q->end && row[k].file < strings->bytes.size);
			CHECK(!k || row[k - 1].addr <= row[k].addr);
		}
	}
}

static void check_type(const struct fl_debug_info *d, const struct fl_debug_type *type)
{
	CHECK(is_index(&d->structs, type->structure));
}

static void check_data(const struct fl_debug_info *d)
{
	CHECK(d->structs.count <= FL_LIMIT_STRUCTS && d->fields.count <= FL_LIMIT_FIELDS);
	EACH(structs, struct fl_debug_struct, s)
	{
		CHECK(is_part(&d->fields, s->first_field, s->field_count));
		for (uint32_t k = s->first_field; k < s->first_field + s->field_count; k++) {
			const struct fl_debug_field *f =
				fl_vec_at(&d->fields, const struct fl_debug_field, k);
			CHECK(f->name[0] && f->off <= s->size);
			check_type(d, &f->type);
		}
	}
	const struct fl_debug_variable *v = d->variables.data;
	for (size_t k = 0; k < d->variables.count; k++, v++) {
		CHECK(v->name[0]);
		check_type(d, &v->type);
	}
}

/* Their bytes lie in a section: the sanitizer looks. */
static void check_frames(const struct fl_debug_info *d)
{
	EACH(frames, struct fl_frame_program, f)
	{
		volatile uint8_t byte = 0;
		CHECK(f->range.size && (uint64_t)f->range.addr + f->range.size <= UINT64_C(1)
											  << 32);
		for (size_t k = 0; k < f->cie_size; k++)
			byte = f->cie_instructions[k];
		for (size_t k = 0; k < f->fde_size; k++)
			byte = f->fde_instructions[k];
		(void)byte;
	}
}

static void run(const struct fl_debug_sections *sections)
{
	struct fl_arena arena = { 0 };
	struct fl_findings findings = { .arena = &arena };
	struct fl_intern strings = FL_INTERN;
	struct fl_debug_info debug = fl_debug_info_init();
	CHECK(fl_intern_text(&strings, "") == 0);
	CHECK(fl_dwarf_read(sections, "fw.elf", NULL, &findings, &debug, &strings));
	CHECK(fl_frames_read(sections, "fw.elf", &findings, &debug));
	check_names(&debug);
	check_code(&debug);
	check_lines(&debug, &strings);
	check_data(&debug);
	check_frames(&debug);
	for (size_t i = 0; i < findings.count; i++)
		CHECK(findings.items[i].text[0]);
	fl_debug_info_deinit(&debug);
	fl_intern_deinit(&strings);
	fl_arena_deinit(&arena);
}

/* Exact copies, so that reading past one is seen. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_reader r = fl_reader("sizes", data, size, 0);
	struct fl_debug_sections sections = { 0 };
	uint16_t sizes[SECTIONS];
	for (size_t i = 0; i < SECTIONS; i++)
		sizes[i] = fl_read_u16(&r);
	for (size_t i = 0; i < SECTIONS && !r.error.code; i++) {
		size_t n = sizes[i] < fl_reader_left(&r) ? sizes[i] : fl_reader_left(&r);
		const uint8_t *bytes = fl_read_bytes(&r, n);
		uint8_t *copy = n ? malloc(n) : NULL;
		if (!copy)
			continue;
		memcpy(copy, bytes, n);
		sections.items[sections.count++] = (struct fl_debug_section){
			.name = names[i], .bytes = copy, .size = n, .off = 0x1000, .inflated = true
		};
	}
	run(&sections);
	fl_debug_sections_deinit(&sections);
	return 0;
}
