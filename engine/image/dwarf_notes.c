/* SPDX-License-Identifier: Apache-2.0 */
#include "image/dwarf_types.h"

#include "base/limits.h"
#include "model/kernel_types.h"

#include <inttypes.h>

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
key_of(struct fl_dwarf_unit *unit, const struct fl_dwarf_facts *f, Dwarf_Half tag, uint64_t off)
{
	FL_AUTO_STR key = { 0 };
	uint64_t number =
		f->decl_file.is_known && f->decl_file.value > 0 ? (uint64_t)f->decl_file.value : 0;
	uint32_t file = number ? fl_dwarf_file(unit, number) : 0;
	fl_str_addf(&key, "%u %u %" PRId64 " %" PRId64 " %" PRIu64 " %s", tag, file,
		    f->decl_line.value, f->byte_size.value,
		    file && f->decl_line.value ? 0 : off + 1, f->name ? f->name : "");
	return key.failed ? UINT32_MAX : fl_intern_add(&unit->notes->keys, key.data, key.size);
}

static void note_type(struct fl_dwarf_unit *unit, Dwarf_Die die, Dwarf_Half tag, uint64_t off)
{
	const char *name = fl_dwarf_entry_name(unit->dwarf, die);
	if (!name || !fl_kernel_wants_struct(name))
		return;
	struct fl_dwarf_facts facts;
	fl_dwarf_entry_facts(unit->dwarf, die, &facts);
	if (!facts.is_declaration)
		add(unit, (struct fl_dwarf_noted){ off, key_of(unit, &facts, tag, off), tag });
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
		add(unit, (struct fl_dwarf_noted){ off, 0, DW_TAG_variable });
}

void fl_dwarf_note(struct fl_dwarf_unit *unit, Dwarf_Die die, Dwarf_Half tag, uint64_t off)
{
	if (tag == DW_TAG_variable)
		note_variable(unit, die, off);
	else if (tag == DW_TAG_typedef || fl_dwarf_is_structure(tag))
		note_type(unit, die, tag, off);
}
