/* SPDX-License-Identifier: Apache-2.0 */
#include "image/dwarf_entry.h"

struct fl_cursor
fl_dwarf_cursor(const struct fl_dwarf *s, const struct fl_dwarf_unit *unit, uint64_t off)
{
	return fl_cursor_at(s->info.bytes, (size_t)unit->end, off);
}

bool fl_dwarf_entry_read(struct fl_dwarf *s, const struct fl_dwarf_unit *unit, struct fl_cursor *c,
			 struct fl_dwarf_entry *ret)
{
	ret->unit = unit;
	ret->off = (uint64_t)(c->at - s->info.bytes);
	ret->abbrev = NULL;
	uint64_t code = fl_cursor_uleb(c);
	if (code)
		ret->abbrev = fl_abbrev_of(unit->abbrevs, code);
	ret->attributes = *c;
	if (!c->failed && (!code || ret->abbrev))
		return true;
	fl_dwarf_damaged(s, &s->info, ret->off, "an entry of an unknown abbreviation");
	return false;
}

bool fl_dwarf_entry_at(struct fl_dwarf *s, uint64_t off, struct fl_dwarf_entry *ret)
{
	const struct fl_dwarf_unit *unit = fl_dwarf_unit_of(s, off);
	if (!unit) {
		fl_dwarf_damaged(s, &s->info, off, "a reference to outside of every unit");
		return false;
	}
	struct fl_cursor c = fl_dwarf_cursor(s, unit, off);
	return fl_dwarf_entry_read(s, unit, &c, ret) && ret->abbrev;
}

/* Where DW_AT_sibling leads, or NULL; only where it stands is known beforehand, which is so
 * for the entries that compilers give one. */
static const uint8_t *sibling_of(const struct fl_dwarf *s, const struct fl_dwarf_entry *e)
{
	uint64_t off;
	const struct fl_abbrev *a = e->abbrev;
	struct fl_cursor c = e->attributes;
	if (a->sibling_at == FL_ABBREV_UNKNOWN)
		return NULL;
	fl_cursor_skip(&c, a->sibling_at);
	struct fl_dwarf_value v = fl_form_read(&c, a->sibling_form);
	bool usable = !c.failed && fl_form_reference(e->unit, &v, &off) && off > e->off &&
		      off < e->unit->end;
	return usable ? s->info.bytes + off : NULL;
}

uint64_t
fl_dwarf_skip_children(struct fl_dwarf *s, const struct fl_dwarf_entry *e, struct fl_cursor *c)
{
	struct fl_dwarf_entry inner;
	uint64_t count = 1;
	const uint8_t *sibling = sibling_of(s, e);
	if (sibling && sibling >= c->at) {
		c->at = sibling;
		return count;
	}
	for (uint64_t depth = 1; depth && fl_cursor_left(c); count++) {
		if (!fl_dwarf_entry_read(s, e->unit, c, &inner)) {
			c->at = c->end;
			return count;
		}
		if (!inner.abbrev) {
			depth--;
			continue;
		}
		fl_abbrev_skip(c, inner.abbrev);
		depth += inner.abbrev->has_children;
	}
	return count;
}

bool fl_dwarf_entry_child(struct fl_dwarf *s, const struct fl_dwarf_entry *e,
			  struct fl_dwarf_entry *ret)
{
	struct fl_cursor c = e->attributes;
	if (!e->abbrev->has_children)
		return false;
	fl_abbrev_skip(&c, e->abbrev);
	return fl_cursor_left(&c) && fl_dwarf_entry_read(s, e->unit, &c, ret) && ret->abbrev;
}

bool fl_dwarf_entry_sibling(struct fl_dwarf *s, const struct fl_dwarf_entry *e,
			    struct fl_dwarf_entry *ret)
{
	struct fl_cursor c = e->attributes;
	fl_abbrev_skip(&c, e->abbrev);
	if (e->abbrev->has_children &&
	    !fl_dwarf_spend(s, &s->budget.steps, fl_dwarf_skip_children(s, e, &c), "entries"))
		return false;
	return fl_cursor_left(&c) && fl_dwarf_entry_read(s, e->unit, &c, ret) && ret->abbrev;
}

const char *fl_dwarf_entry_name(const struct fl_dwarf *s, const struct fl_dwarf_entry *e)
{
	struct fl_cursor c = e->attributes;
	const struct fl_abbrev *a = e->abbrev;
	if (!a->name_form)
		return NULL;
	if (a->name_at != FL_ABBREV_UNKNOWN && a->name_form != DW_FORM_implicit_const) {
		fl_cursor_skip(&c, a->name_at);
		struct fl_dwarf_value v = fl_form_read(&c, a->name_form);
		return fl_form_text(s, e->unit, &v);
	}
	for (size_t i = 0; i < a->attribute_count; i++) {
		struct fl_dwarf_value v = fl_abbrev_read(&c, e->unit->abbrevs, &a->attributes[i]);
		if (a->attributes[i].name == DW_AT_name)
			return fl_form_text(s, e->unit, &v);
	}
	return NULL;
}
