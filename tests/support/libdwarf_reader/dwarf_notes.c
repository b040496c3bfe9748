/* SPDX-License-Identifier: Apache-2.0 */
#include "support/libdwarf_reader/dwarf_types.h"

#include "base/limits.h"
#include "model/kernel_types.h"

/* Concrete entry -> abstract one -> declaration. */
enum { MAX_ORIGINS = 4 };

struct ref_notes ref_notes_init(void)
{
	return (struct ref_notes){
		.entries = FL_VEC(struct ref_noted),
		.keys = FL_INTERN,
		.types = FL_INTERN,
		.wanted = FL_VEC(bool),
	};
}

void ref_notes_deinit(struct ref_notes *notes)
{
	fl_vec_deinit(&notes->entries);
	fl_intern_deinit(&notes->keys);
	fl_intern_deinit(&notes->types);
	fl_vec_deinit(&notes->wanted);
}

static void tell_limit(struct ref_unit *unit)
{
	fl_finding_add(unit->dwarf->findings, FL_STAGE_IMAGE, FL_WARNING, FL_ELIMIT, FL_AT_NONE, 0,
		       "%s: more than %d entries for the kernel's data: the rest is not read",
		       unit->dwarf->module, FL_LIMIT_NOTES);
}

static void add(struct ref_unit *unit, struct ref_noted noted)
{
	struct fl_vec *entries = &unit->notes->entries;
	if (entries->count == FL_LIMIT_NOTES)
		return;
	if (noted.key == UINT32_MAX || !fl_vec_push(entries, &noted))
		unit->dwarf->out_of_memory = true;
	else if (entries->count == FL_LIMIT_NOTES)
		tell_limit(unit);
}

/* Units that include one header repeat its types. Which macros were set then differs so rarely
 * that only a different size is looked for. Without a place in the source nothing is a copy. */
static uint32_t
key_of(struct ref_unit *unit, Dwarf_Die die, const char *name, struct ref_noted noted)
{
	struct ref_session *dwarf = unit->dwarf;
	FL_AUTO_STR key = { 0 };
	struct ref_integer size = ref_entry_integer(dwarf, die, DW_AT_byte_size);
	struct ref_integer file = ref_entry_integer(dwarf, die, DW_AT_decl_file);
	struct ref_integer line = ref_entry_integer(dwarf, die, DW_AT_decl_line);
	uint32_t path = file.value > 0 ? ref_file(unit, (uint64_t)file.value) : 0;
	fl_str_add_u64(&key, path && line.value ? 0 : noted.off + 1);
	fl_str_add_u64(&key, (uint64_t)line.value);
	fl_str_add_u64(&key, (uint64_t)size.value);
	fl_str_add_u32(&key, path);
	fl_str_add_u16(&key, noted.tag);
	fl_str_adds(&key, name);
	return key.failed ? UINT32_MAX : fl_intern_add(&unit->notes->keys, key.data, key.size);
}

static void note_type(struct ref_unit *unit, Dwarf_Die die, Dwarf_Half tag, uint64_t off)
{
	const char *name = ref_entry_name(unit->dwarf, die);
	struct ref_noted noted = { .off = off, .tag = tag };
	if (!name || !fl_kernel_wants_struct(name) ||
	    ref_entry_has(unit->dwarf, die, DW_AT_declaration))
		return;
	noted.key = key_of(unit, die, name, noted);
	add(unit, noted);
}

/* Whether the type at that offset is a structure that is kept, or made of some. */
static bool follow_type(struct ref_session *dwarf, uint64_t off)
{
	for (int i = 0; i < FL_LIMIT_TYPE_CHAIN; i++) {
		struct ref_facts f;
		Dwarf_Die die = ref_entry_at(dwarf, off);
		if (!die)
			return false;
		Dwarf_Half tag = ref_entry_tag(dwarf, die);
		ref_entry_facts(dwarf, die, &f);
		ref_entry_free(dwarf, die);
		bool is_structure = ref_is_structure(tag);
		if (f.name && (is_structure || tag == DW_TAG_typedef) &&
		    fl_kernel_wants_struct(f.name))
			return true;
		if ((!ref_is_transparent(tag) && tag != DW_TAG_array_type) || !f.has_type)
			return false;
		off = f.type_off;
	}
	return false;
}

static bool is_kept_type(struct ref_unit *unit, uint64_t off)
{
	struct ref_notes *notes = unit->notes;
	uint32_t number = fl_intern_add(&notes->types, &off, sizeof(off));
	bool wanted = false;
	if (number < notes->wanted.count)
		return *fl_vec_at(&notes->wanted, bool, number);
	wanted = number != UINT32_MAX && follow_type(unit->dwarf, off);
	if (number == UINT32_MAX || !fl_vec_push(&notes->wanted, &wanted))
		unit->dwarf->out_of_memory = true;
	return wanted;
}

/* A definition may leave its name and type to the declaration. */
static bool is_wanted_variable(struct ref_unit *unit, Dwarf_Die die)
{
	struct ref_session *dwarf = unit->dwarf;
	struct ref_facts f;
	ref_entry_facts(dwarf, die, &f);
	for (int i = 0; (!f.name || !f.has_type) && f.has_origin && i < MAX_ORIGINS; i++) {
		const char *name = f.name;
		Dwarf_Die origin = ref_entry_at(dwarf, f.origin_off);
		if (!origin)
			return false;
		ref_entry_facts(dwarf, origin, &f);
		ref_entry_free(dwarf, origin);
		f.name = name ? name : f.name;
	}
	return f.name &&
	       (fl_kernel_wants_variable(f.name) || (f.has_type && is_kept_type(unit, f.type_off)));
}

static void note_variable(struct ref_unit *unit, Dwarf_Die die, uint64_t off)
{
	if (ref_entry_has(unit->dwarf, die, DW_AT_location) && is_wanted_variable(unit, die))
		add(unit, (struct ref_noted){ .off = off, .tag = DW_TAG_variable });
}

void ref_note(struct ref_unit *unit, Dwarf_Die die, Dwarf_Half tag, uint64_t off)
{
	if (tag == DW_TAG_variable)
		note_variable(unit, die, off);
	else if (tag == DW_TAG_typedef || ref_is_structure(tag))
		note_type(unit, die, tag, off);
}
