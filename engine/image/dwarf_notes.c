/* SPDX-License-Identifier: Apache-2.0 */
#include "image/dwarf_notes.h"

#include "base/limits.h"
#include "model/kernel_types.h"

/* Concrete entry -> abstract one -> declaration. */
enum { MAX_ORIGINS = 4 };

struct fl_dwarf_notes fl_dwarf_notes_init(void)
{
	return (struct fl_dwarf_notes){
		.entries = FL_VEC(struct fl_dwarf_noted),
		.keys = FL_INTERN,
		.types = FL_INTERN,
		.wanted = FL_VEC(bool),
	};
}

void fl_dwarf_notes_deinit(struct fl_dwarf_notes *notes)
{
	fl_vec_deinit(&notes->entries);
	fl_intern_deinit(&notes->keys);
	fl_intern_deinit(&notes->types);
	fl_vec_deinit(&notes->wanted);
}

static void add(struct fl_dwarf *s, struct fl_dwarf_noted noted)
{
	struct fl_vec *entries = &s->notes->entries;
	if (entries->count == FL_LIMIT_NOTES)
		return;
	if (noted.key == UINT32_MAX || !fl_vec_push(entries, &noted))
		s->out_of_memory = true;
	else if (entries->count == FL_LIMIT_NOTES)
		fl_finding_add(
			s->findings, FL_STAGE_IMAGE, FL_WARNING, FL_ELIMIT, FL_AT_NONE, 0,
			"%s: more than %d entries for the kernel's data: the rest is not read",
			s->module, FL_LIMIT_NOTES);
}

/* Units that include one header repeat its types. Which macros were set then differs so rarely
 * that only a different size is looked for. Without a place in the source nothing is a copy. */
static uint32_t key_of(struct fl_dwarf *s, const struct fl_dwarf_facts *f,
		       struct fl_line_table *lines, const struct fl_dwarf_noted *noted)
{
	FL_AUTO_STR key = { 0 };
	uint32_t path = f->file.value > 0 ? fl_line_table_file(lines, (uint64_t)f->file.value) : 0;
	fl_str_add_u64(&key, path && f->line.value ? 0 : noted->off + 1);
	fl_str_add_u64(&key, (uint64_t)f->line.value);
	fl_str_add_u64(&key, (uint64_t)f->byte_size.value);
	fl_str_add_u32(&key, path);
	fl_str_add_u16(&key, noted->tag);
	fl_str_adds(&key, f->name);
	return key.failed ? UINT32_MAX : fl_intern_add(&s->notes->keys, key.data, key.size);
}

/* Asked of every type of every unit. */
static bool is_wanted_name(struct fl_dwarf_notes *notes, const char *name)
{
	size_t slot = (uintptr_t)name * UINT32_C(2654435761) / 64 % FL_DWARF_KNOWN_NAMES;
	struct fl_dwarf_known_name *known = &notes->known[slot];
	if (known->name != name)
		*known = (struct fl_dwarf_known_name){ name, fl_kernel_wants_struct(name) };
	return known->is_wanted;
}

void fl_dwarf_note_type(struct fl_dwarf *s, const struct fl_dwarf_entry *e,
			struct fl_line_table *lines)
{
	struct fl_dwarf_facts f;
	const char *name = fl_dwarf_entry_name(s, e);
	if (!name || !is_wanted_name(s->notes, name) || e->abbrev->has_declaration)
		return;
	struct fl_dwarf_noted noted = { .off = e->off, .tag = e->abbrev->tag };
	fl_dwarf_entry_facts(s, e, &f);
	f.name = name;
	noted.key = key_of(s, &f, lines, &noted);
	add(s, noted);
}

/* Whether the type at that offset is a structure that is kept, or made of some. */
static bool follow_type(struct fl_dwarf *s, uint64_t off)
{
	for (int i = 0; i < FL_LIMIT_TYPE_CHAIN; i++) {
		struct fl_dwarf_facts f;
		struct fl_dwarf_entry e;
		if (!fl_dwarf_spend(s, &s->budget.steps, 1, "entries") ||
		    !fl_dwarf_entry_at(s, off, &e))
			return false;
		uint16_t tag = e.abbrev->tag;
		fl_dwarf_entry_facts(s, &e, &f);
		if (f.name && (fl_dwarf_is_structure(tag) || tag == DW_TAG_typedef) &&
		    fl_kernel_wants_struct(f.name))
			return true;
		if ((!fl_dwarf_is_transparent(tag) && tag != DW_TAG_array_type) || !f.has_type)
			return false;
		off = f.type_off;
	}
	return false;
}

static bool is_kept_type(struct fl_dwarf *s, uint64_t off)
{
	struct fl_dwarf_notes *notes = s->notes;
	uint32_t number = fl_intern_add(&notes->types, &off, sizeof(off));
	if (number < notes->wanted.count)
		return *fl_vec_at(&notes->wanted, bool, number);
	bool wanted = number != UINT32_MAX && follow_type(s, off);
	if (number == UINT32_MAX || !fl_vec_push(&notes->wanted, &wanted))
		s->out_of_memory = true;
	return wanted;
}

/* A definition may leave its name and type to the declaration. */
static bool is_wanted_variable(struct fl_dwarf *s, const struct fl_dwarf_entry *e)
{
	struct fl_dwarf_facts f;
	fl_dwarf_entry_facts(s, e, &f);
	for (int i = 0; (!f.name || !f.has_type) && f.has_origin && i < MAX_ORIGINS; i++) {
		const char *name = f.name;
		struct fl_dwarf_entry origin;
		if (!fl_dwarf_entry_at(s, f.origin_off, &origin))
			return false;
		fl_dwarf_entry_facts(s, &origin, &f);
		f.name = name ? name : f.name;
	}
	return f.name &&
	       (fl_kernel_wants_variable(f.name) || (f.has_type && is_kept_type(s, f.type_off)));
}

void fl_dwarf_note_variable(struct fl_dwarf *s, const struct fl_dwarf_entry *e)
{
	if (is_wanted_variable(s, e))
		add(s, (struct fl_dwarf_noted){ .off = e->off, .tag = DW_TAG_variable });
}
