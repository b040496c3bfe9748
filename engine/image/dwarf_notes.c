/* SPDX-License-Identifier: Apache-2.0 */
#include "image/dwarf_types.h"

#include "base/limits.h"
#include "model/kernel_types.h"

/* Concrete entry -> abstract one -> declaration. */
enum { MAX_ORIGINS = 4 };

struct fl_dwarf_notes fl_dwarf_notes_init(void)
{
	return (struct fl_dwarf_notes){
		.entries = FL_VEC(struct fl_dwarf_noted),
		.keys = FL_INTERN,
	};
}

void fl_dwarf_notes_deinit(struct fl_dwarf_notes *notes)
{
	fl_vec_deinit(&notes->entries);
	fl_intern_deinit(&notes->keys);
}

static void tell_limit(struct fl_dwarf_unit *unit)
{
	fl_finding_add(unit->dwarf->findings, FL_STAGE_IMAGE, FL_WARNING, FL_ELIMIT, FL_AT_NONE, 0,
		       "%s: more than %d entries for the kernel's data: the rest is not read",
		       unit->dwarf->module, FL_LIMIT_NOTES);
}

static void add(struct fl_dwarf_unit *unit, struct fl_dwarf_noted noted)
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
key_of(struct fl_dwarf_unit *unit, Dwarf_Die die, const char *name, struct fl_dwarf_noted noted)
{
	struct fl_dwarf *dwarf = unit->dwarf;
	FL_AUTO_STR key = { 0 };
	struct fl_dwarf_integer size = fl_dwarf_entry_integer(dwarf, die, DW_AT_byte_size);
	struct fl_dwarf_integer file = fl_dwarf_entry_integer(dwarf, die, DW_AT_decl_file);
	struct fl_dwarf_integer line = fl_dwarf_entry_integer(dwarf, die, DW_AT_decl_line);
	uint32_t path = file.value > 0 ? fl_dwarf_file(unit, (uint64_t)file.value) : 0;
	fl_str_add_u64(&key, path && line.value ? 0 : noted.off + 1);
	fl_str_add_u64(&key, (uint64_t)line.value);
	fl_str_add_u64(&key, (uint64_t)size.value);
	fl_str_add_u32(&key, path);
	fl_str_add_u16(&key, noted.tag);
	fl_str_adds(&key, name);
	return key.failed ? UINT32_MAX : fl_intern_add(&unit->notes->keys, key.data, key.size);
}

static void note_type(struct fl_dwarf_unit *unit, Dwarf_Die die, Dwarf_Half tag, uint64_t off)
{
	const char *name = fl_dwarf_entry_name(unit->dwarf, die);
	struct fl_dwarf_noted noted = { .off = off, .tag = tag };
	if (!name || !fl_kernel_wants_struct(name) ||
	    fl_dwarf_entry_has(unit->dwarf, die, DW_AT_declaration))
		return;
	noted.key = key_of(unit, die, name, noted);
	add(unit, noted);
}

/* A definition may leave its name to the declaration. */
static const char *inherited_name(struct fl_dwarf_unit *unit, Dwarf_Die die)
{
	struct fl_dwarf *dwarf = unit->dwarf;
	struct fl_dwarf_facts facts;
	fl_dwarf_entry_facts(dwarf, die, &facts);
	for (int i = 0; !facts.name && facts.has_origin && i < MAX_ORIGINS; i++) {
		Dwarf_Die origin = fl_dwarf_entry_at(dwarf, facts.origin_off);
		if (!origin)
			return NULL;
		fl_dwarf_entry_facts(dwarf, origin, &facts);
		fl_dwarf_entry_free(dwarf, origin);
	}
	return facts.name;
}

static void note_variable(struct fl_dwarf_unit *unit, Dwarf_Die die, uint64_t off)
{
	const char *name = fl_dwarf_entry_name(unit->dwarf, die);
	if (name && !fl_kernel_wants_variable(name))
		return;
	if (!fl_dwarf_entry_has(unit->dwarf, die, DW_AT_location))
		return;
	if (!name)
		name = inherited_name(unit, die);
	if (name && fl_kernel_wants_variable(name))
		add(unit, (struct fl_dwarf_noted){ .off = off, .tag = DW_TAG_variable });
}

void fl_dwarf_note(struct fl_dwarf_unit *unit, Dwarf_Die die, Dwarf_Half tag, uint64_t off)
{
	if (tag == DW_TAG_variable)
		note_variable(unit, die, off);
	else if (tag == DW_TAG_typedef || fl_dwarf_is_structure(tag))
		note_type(unit, die, tag, off);
}
