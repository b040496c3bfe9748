/* SPDX-License-Identifier: Apache-2.0 */
#include "image/dwarf_form.h"

#include "base/limits.h"

/* Around a page fault the kernel maps 16 pages of a file. */
enum { ADDRESS_SIZE = 4, PAGES_OF_A_HEADER = 1 << 16 };
static const uint32_t dwarf64 = UINT32_MAX;

/* 7.17, and the vendor code for assembly. */
static bool is_plain(uint64_t language)
{
	switch (language) {
	case DW_LANG_C89:
	case DW_LANG_C:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case DW_LANG_C17:
	case DW_LANG_C23:
	case DW_LANG_Mips_Assembler:
		return true;
	default:
		return false;
	}
}

/* Since version 5 (7.5.1) the header says what the unit is, and goes on accordingly. */
static void skip_type_header(struct fl_cursor *c, uint8_t type)
{
	switch (type) {
	case DW_UT_skeleton:
	case DW_UT_split_compile:
		fl_cursor_skip(c, 8);
		break;
	case DW_UT_type:
	case DW_UT_split_type:
		fl_cursor_skip(c, 8 + 4);
		break;
	default:
		break;
	}
}

/* DWARF 5, 7.26 to 7.28: numbers are relative to the end of the header when nobody says more. */
static struct fl_dwarf_unit defaults(uint16_t version)
{
	struct fl_dwarf_unit unit = { .version = version };
	if (version < 5)
		return unit;
	unit.str_offs_off = 8;
	unit.addr_off = 8;
	unit.rnglists_off = 12;
	return unit;
}

static bool read_header(struct fl_dwarf *s, struct fl_cursor *c, struct fl_dwarf_unit *ret)
{
	uint64_t abbrev_off;
	uint8_t address_size;
	uint16_t version = fl_cursor_u16(c);
	uint64_t off = ret->off;
	uint64_t end = ret->end;
	*ret = defaults(version);
	ret->off = off;
	ret->end = end;
	if (version >= 5) {
		uint8_t type = fl_cursor_u8(c);
		address_size = fl_cursor_u8(c);
		abbrev_off = fl_cursor_u32(c);
		skip_type_header(c, type);
	} else {
		abbrev_off = fl_cursor_u32(c);
		address_size = fl_cursor_u8(c);
	}
	ret->first_off = (uint64_t)(c->at - s->info.bytes);
	if (!c->failed && version >= 2 && version <= 5 && address_size == ADDRESS_SIZE) {
		ret->abbrevs = fl_abbrevs_at(s, abbrev_off);
		return ret->abbrevs;
	}
	fl_dwarf_damaged(s, &s->info, off, "no unit that can be read begins here");
	return false;
}

static void read_off(const struct fl_dwarf_value *v, uint32_t *ret)
{
	uint64_t off;
	if (fl_form_section_off(v, &off) && off <= UINT32_MAX)
		*ret = (uint32_t)off;
}

static void
read_base(struct fl_dwarf_unit *unit, uint16_t attribute, const struct fl_dwarf_value *v)
{
	uint64_t off;
	switch (attribute) {
	case DW_AT_str_offsets_base:
		read_off(v, &unit->str_offs_off);
		break;
	case DW_AT_addr_base:
	case DW_AT_GNU_addr_base:
		read_off(v, &unit->addr_off);
		break;
	case DW_AT_rnglists_base:
		read_off(v, &unit->rnglists_off);
		break;
	case DW_AT_stmt_list:
		unit->has_lines = fl_form_section_off(v, &off);
		read_off(v, &unit->line_off);
		break;
	case DW_AT_language:
		unit->plain = is_plain(fl_form_number(v));
		break;
	default:
		break;
	}
}

/* What needs the bases, which may come later in the entry. */
static void read_based(struct fl_dwarf *s, struct fl_dwarf_unit *unit, uint16_t attribute,
		       const struct fl_dwarf_value *v)
{
	uint64_t addr;
	if (attribute == DW_AT_comp_dir)
		unit->comp_dir = fl_form_text(s, unit, v);
	else if (attribute == DW_AT_low_pc && fl_form_addr(s, unit, v, &addr))
		unit->base_addr = (uint32_t)addr;
}

static bool read_first(struct fl_dwarf *s, struct fl_dwarf_unit *unit)
{
	struct fl_cursor start = fl_cursor_at(s->info.bytes, unit->end, unit->first_off);
	const struct fl_abbrev *a = fl_abbrev_of(unit->abbrevs, fl_cursor_uleb(&start));
	struct fl_cursor c = start;
	for (size_t i = 0; a && i < a->attribute_count; i++) {
		struct fl_dwarf_value v = fl_abbrev_read(&c, unit->abbrevs, &a->attributes[i]);
		read_base(unit, a->attributes[i].name, &v);
	}
	if (!a || c.failed) {
		fl_dwarf_damaged(s, &s->info, unit->first_off, "the first entry of a unit");
		return false;
	}
	for (size_t i = 0; i < a->attribute_count; i++) {
		struct fl_dwarf_value v = fl_abbrev_read(&start, unit->abbrevs, &a->attributes[i]);
		read_based(s, unit, a->attributes[i].name, &v);
	}
	return true;
}

void fl_dwarf_units(struct fl_dwarf *s)
{
	struct fl_cursor all = fl_cursor(s->info.bytes, s->info.size);
	while (fl_cursor_left(&all) && !s->out_of_memory && s->units.count < FL_LIMIT_UNITS) {
		struct fl_dwarf_unit unit = { .off = (uint64_t)(all.at - s->info.bytes) };
		uint32_t size = fl_cursor_u32(&all);
		const uint8_t *bytes = size == dwarf64 ? NULL : fl_cursor_bytes(&all, size);
		if (!bytes) {
			fl_dwarf_damaged(s, &s->info, unit.off,
					 size == dwarf64 ? "64-bit DWARF is not read"
							 : "a unit ends outside");
			return;
		}
		struct fl_cursor c = fl_cursor(bytes, size);
		unit.end = unit.off + 4 + size;
		fl_pages_read(s->pages, size < PAGES_OF_A_HEADER ? size : PAGES_OF_A_HEADER);
		if (read_header(s, &c, &unit) && read_first(s, &unit) &&
		    !fl_vec_push(&s->units, &unit))
			s->out_of_memory = true;
	}
	if (fl_cursor_left(&all) && s->units.count == FL_LIMIT_UNITS)
		fl_finding_add(s->findings, FL_STAGE_IMAGE, FL_WARNING, FL_ELIMIT, FL_AT_NONE, 0,
			       "%s: more than %d units: the rest is not read", s->module,
			       FL_LIMIT_UNITS);
}

const struct fl_dwarf_unit *fl_dwarf_unit_of(const struct fl_dwarf *s, uint64_t off)
{
	size_t low = 0;
	size_t high = s->units.count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (fl_vec_at(&s->units, const struct fl_dwarf_unit, mid)->off <= off)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return NULL;
	const struct fl_dwarf_unit *unit =
		fl_vec_at(&s->units, const struct fl_dwarf_unit, low - 1);
	return off >= unit->first_off && off < unit->end ? unit : NULL;
}
