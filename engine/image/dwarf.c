/* SPDX-License-Identifier: Apache-2.0 */
#include "image/dwarf.h"

#include "image/dwarf_abbrev.h"
#include "image/dwarf_notes.h"
#include "image/dwarf_read.h"

#include "base/limits.h"

#include <inttypes.h>
#include <string.h>

enum {
	MAX_ERRORS_TOLD = 8,
	/* Units made by dwz or for LTO share tables and lists; more often than this nobody does. */
	MAX_SHARING = 8,
	SMALL_SECTION = 1 << 16,
};

static struct fl_debug_section
section_of(const struct fl_debug_sections *sections, const char *name)
{
	for (size_t i = 0; i < sections->count; i++)
		if (!strcmp(sections->items[i].name, name))
			return sections->items[i];
	return (struct fl_debug_section){ .name = name };
}

/* Up to its last NUL, so that every string in it ends. */
static struct fl_debug_section
strings_of(const struct fl_debug_sections *sections, const char *name)
{
	struct fl_debug_section s = section_of(sections, name);
	const uint8_t *last = s.size ? memrchr(s.bytes, 0, s.size) : NULL;
	s.size = last ? (size_t)(last - s.bytes) + 1 : 0;
	return s;
}

static uint64_t budget_of(const struct fl_debug_section *section)
{
	return (uint64_t)section->size * MAX_SHARING + SMALL_SECTION;
}

void fl_dwarf_damaged(struct fl_dwarf *s, const struct fl_debug_section *section, uint64_t off,
		      const char *what)
{
	if (++s->error_count > MAX_ERRORS_TOLD)
		return;
	fl_finding_add(s->findings, FL_STAGE_IMAGE, FL_WARNING, FL_EFORMAT,
		       section->off ? FL_AT_FILE_OFFSET : FL_AT_NONE,
		       section->off ? section->off + off : 0,
		       "%s: %s is damaged at 0x%" PRIx64 ": %s", s->module, section->name, off,
		       what);
}

bool fl_dwarf_spend(struct fl_dwarf *s, uint64_t *budget, uint64_t size, const char *what)
{
	if (size <= *budget) {
		*budget -= size;
		return true;
	}
	if (*budget)
		fl_finding_add(s->findings, FL_STAGE_IMAGE, FL_WARNING, FL_ELIMIT, FL_AT_NONE, 0,
			       "%s: %s are referred to too often: the rest is not read", s->module,
			       what);
	*budget = 0;
	return false;
}

const char *fl_dwarf_string(const struct fl_debug_section *section, uint64_t off)
{
	return off < section->size ? (const char *)section->bytes + off : NULL;
}

bool fl_dwarf_word(const struct fl_debug_section *section, uint64_t base, uint64_t number,
		   uint32_t *ret)
{
	if (number > UINT32_MAX)
		return false;
	struct fl_cursor c = fl_cursor_at(section->bytes, section->size, base + 4 * number);
	*ret = fl_cursor_u32(&c);
	return !c.failed;
}

const char *
fl_dwarf_string_number(const struct fl_dwarf *s, const struct fl_dwarf_unit *unit, uint64_t number)
{
	uint32_t off;
	bool known = fl_dwarf_word(&s->str_offs, unit->str_offs_off, number, &off);
	return known ? fl_dwarf_string(&s->str, off) : NULL;
}

bool fl_dwarf_addr_number(const struct fl_dwarf *s, const struct fl_dwarf_unit *unit,
			  uint64_t number, uint64_t *ret)
{
	uint32_t addr;
	bool known = fl_dwarf_word(&s->addr, unit->addr_off, number, &addr);
	*ret = known ? addr : 0;
	return known;
}

static void read_unit(struct fl_dwarf *s, struct fl_dwarf_unit *unit)
{
	struct fl_line_table lines;
	struct fl_unit entry = { .first_function = (uint32_t)s->debug->functions.count };
	unit->number = (uint32_t)s->debug->units.count;
	fl_line_table_init(&lines, s, unit);
	fl_dwarf_tree(s, unit, &lines);
	fl_line_table_rows(&lines);
	fl_pages_read(s->pages, (size_t)(unit->end - unit->off));
	fl_line_table_deinit(&lines);
	entry.function_count = (uint32_t)s->debug->functions.count - entry.first_function;
	if (!fl_vec_push(&s->debug->units, &entry))
		s->out_of_memory = true;
}

static void link_inlines(struct fl_debug_info *info)
{
	for (size_t i = 0; i < info->inlines.count; i++) {
		struct fl_debug_inline *in = fl_vec_at(&info->inlines, struct fl_debug_inline, i);
		in->decl = fl_decl_at(info, in->origin_off);
	}
}

bool fl_dwarf_read(const struct fl_debug_sections *sections, const char *module,
		   struct fl_pages *pages, struct fl_findings *findings,
		   struct fl_debug_info *debug, struct fl_intern *strings)
{
	struct fl_dwarf_notes notes = fl_dwarf_notes_init();
	struct fl_dwarf s = {
		.info = section_of(sections, ".debug_info"),
		.abbrev = section_of(sections, ".debug_abbrev"),
		.line = section_of(sections, ".debug_line"),
		.line_str = strings_of(sections, ".debug_line_str"),
		.str = strings_of(sections, ".debug_str"),
		.addr = section_of(sections, ".debug_addr"),
		.str_offs = section_of(sections, ".debug_str_offsets"),
		.ranges = section_of(sections, ".debug_ranges"),
		.rnglists = section_of(sections, ".debug_rnglists"),
		.module = module,
		.pages = pages,
		.findings = findings,
		.debug = debug,
		.strings = strings,
		.notes = &notes,
		.units = FL_VEC(struct fl_dwarf_unit),
		.tables = FL_VEC(struct fl_abbrevs *),
		.table_offs = FL_INTERN,
	};
	s.budget = (struct fl_dwarf_budget){
		.abbrev = budget_of(&s.abbrev),
		.line = budget_of(&s.line),
		.ranges = budget_of(&s.ranges) + budget_of(&s.rnglists),
		.steps = FL_LIMIT_ENTRY_STEPS,
	};
	fl_dwarf_units(&s);
	for (size_t i = 0; i < s.units.count && !s.out_of_memory; i++)
		read_unit(&s, fl_vec_at(&s.units, struct fl_dwarf_unit, i));
	link_inlines(debug);
	fl_dwarf_types(&s);
	fl_abbrevs_close(&s);
	fl_vec_deinit(&s.units);
	fl_dwarf_notes_deinit(&notes);
	return !s.out_of_memory;
}
