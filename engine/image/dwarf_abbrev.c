/* SPDX-License-Identifier: Apache-2.0 */
#include "image/dwarf_abbrev.h"

#include "image/dwarf_form.h"

#include "base/limits.h"

#include <stdlib.h>

/* A table while it is read: what will point into vectors are numbers until these have grown. */
struct reader {
	struct fl_dwarf *dwarf;
	struct fl_abbrevs *table;
	struct fl_cursor c;
	bool failed;
};

static void close_table(struct fl_abbrevs *t)
{
	fl_vec_deinit(&t->entries);
	fl_vec_deinit(&t->attributes);
	fl_vec_deinit(&t->steps);
	fl_vec_deinit(&t->constants);
	free(t);
}

void fl_abbrevs_close(struct fl_dwarf *s)
{
	for (size_t i = 0; i < s->tables.count; i++)
		close_table(*fl_vec_at(&s->tables, struct fl_abbrevs *, i));
	fl_vec_deinit(&s->tables);
	fl_intern_deinit(&s->table_offs);
}

static void push(struct reader *r, struct fl_vec *v, const void *element)
{
	if (fl_vec_push(v, element))
		return;
	r->dwarf->out_of_memory = true;
	r->failed = true;
}

static bool read_attribute(struct reader *r, struct fl_abbrev_attribute *ret)
{
	uint64_t name = fl_cursor_uleb(&r->c);
	uint64_t form = fl_cursor_uleb(&r->c);
	bool is_end = !name && !form;
	if (r->c.failed || is_end)
		return false;
	if (!form || form >= FL_ABBREV_UNKNOWN) {
		r->failed = true;
		return false;
	}
	*ret = (struct fl_abbrev_attribute){
		.name = name < UINT16_MAX ? (uint16_t)name : 0,
		.form = (uint16_t)form,
		.constant = (uint32_t)r->table->constants.count,
	};
	if (form == DW_FORM_implicit_const) {
		int64_t constant = fl_cursor_sleb(&r->c);
		push(r, &r->table->constants, &constant);
	}
	return true;
}

static void
see_attribute(struct fl_abbrev *a, const struct fl_abbrev_attribute *attribute, uint16_t at)
{
	switch (attribute->name) {
	case DW_AT_name:
		a->name_at = at;
		a->name_form = attribute->form;
		break;
	case DW_AT_sibling:
		a->sibling_at = at;
		a->sibling_form = attribute->form;
		break;
	case DW_AT_location:
		a->has_location = true;
		break;
	case DW_AT_declaration:
		a->has_declaration = true;
		break;
	case DW_AT_specification:
	case DW_AT_abstract_origin:
		a->has_origin = true;
		break;
	default:
		break;
	}
}

/* @p at: offset in an entry so far, FL_ABBREV_UNKNOWN once it varies. */
static void add_step(struct reader *r, const struct fl_abbrev_attribute *attribute,
		     struct fl_abbrev_step *open, uint16_t *at)
{
	uint16_t size = fl_form_size(attribute->form);
	if (size != FL_ABBREV_UNKNOWN) {
		open->size += size;
		if (*at != FL_ABBREV_UNKNOWN)
			*at = (uint16_t)(*at + size);
		return;
	}
	open->form = attribute->form;
	push(r, &r->table->steps, open);
	*open = (struct fl_abbrev_step){ 0 };
	*at = FL_ABBREV_UNKNOWN;
}

static void read_abbreviation(struct reader *r, uint64_t code)
{
	struct fl_abbrev a = {
		.code = code,
		.name_at = FL_ABBREV_UNKNOWN,
		.sibling_at = FL_ABBREV_UNKNOWN,
	};
	struct fl_abbrev_attribute attribute;
	struct fl_abbrev_step open = { 0 };
	uint16_t at = 0;
	uint64_t tag = fl_cursor_uleb(&r->c);
	a.tag = tag < UINT16_MAX ? (uint16_t)tag : 0;
	a.has_children = fl_cursor_u8(&r->c) != 0;
	while (!r->failed && read_attribute(r, &attribute)) {
		if (a.attribute_count == FL_LIMIT_ATTRIBUTES) {
			r->failed = true;
			return;
		}
		see_attribute(&a, &attribute, at);
		add_step(r, &attribute, &open, &at);
		push(r, &r->table->attributes, &attribute);
		a.attribute_count++;
	}
	if (r->failed || r->c.failed)
		return;
	a.is_fixed = at != FL_ABBREV_UNKNOWN;
	push(r, &r->table->steps, &open);
	if (!r->failed)
		push(r, &r->table->entries, &a);
}

static int by_code(const void *a, const void *b)
{
	const struct fl_abbrev *x = a;
	const struct fl_abbrev *y = b;
	return (x->code > y->code) - (x->code < y->code);
}

/* The vectors have their last size; what an abbreviation says of them follows from the order. */
static void point(struct fl_abbrevs *t)
{
	const struct fl_abbrev_attribute *attribute = t->attributes.data;
	const struct fl_abbrev_step *step = t->steps.data;
	t->is_dense = true;
	for (size_t i = 0; i < t->entries.count; i++) {
		struct fl_abbrev *a = fl_vec_at(&t->entries, struct fl_abbrev, i);
		t->is_dense &= a->code == i + 1;
		a->attributes = attribute;
		if (a->attribute_count)
			attribute += a->attribute_count;
		a->steps = step;
		while (step->form)
			step++;
		step++;
	}
	if (!t->is_dense)
		qsort(t->entries.data, t->entries.count, sizeof(struct fl_abbrev), by_code);
}

/* What comes before damage can be used. */
static void read_table(struct fl_dwarf *s, uint64_t off, struct fl_abbrevs *t)
{
	struct reader r = { s, t, fl_cursor_at(s->abbrev.bytes, s->abbrev.size, off), false };
	if (fl_cursor_left(&r.c) > s->budget.abbrev)
		r.c.end = r.c.at + s->budget.abbrev;
	const uint8_t *start = r.c.at;
	uint64_t code;
	while (!r.failed && !r.c.failed && (code = fl_cursor_uleb(&r.c)))
		read_abbreviation(&r, code);
	if (r.failed || r.c.failed)
		fl_dwarf_damaged(s, &s->abbrev, off, "a table of abbreviations");
	s->budget.abbrev -= (uint64_t)(r.c.at - start);
	point(t);
}

const struct fl_abbrevs *fl_abbrevs_at(struct fl_dwarf *s, uint64_t off)
{
	uint32_t number = fl_intern_add(&s->table_offs, &off, sizeof(off));
	if (number < s->tables.count)
		return *fl_vec_at(&s->tables, struct fl_abbrevs *, number);
	struct fl_abbrevs *t = number == UINT32_MAX ? NULL : calloc(1, sizeof(*t));
	if (!t || !fl_vec_push(&s->tables, &t)) {
		free(t);
		s->out_of_memory = true;
		return NULL;
	}
	t->entries = FL_VEC(struct fl_abbrev);
	t->attributes = FL_VEC(struct fl_abbrev_attribute);
	t->steps = FL_VEC(struct fl_abbrev_step);
	t->constants = FL_VEC(int64_t);
	read_table(s, off, t);
	return t;
}

const struct fl_abbrev *fl_abbrev_search(const struct fl_abbrevs *t, uint64_t code)
{
	size_t low = 0;
	size_t high = t->entries.count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (fl_vec_at(&t->entries, const struct fl_abbrev, mid)->code < code)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == t->entries.count)
		return NULL;
	const struct fl_abbrev *a = fl_vec_at(&t->entries, const struct fl_abbrev, low);
	return a->code == code ? a : NULL;
}
