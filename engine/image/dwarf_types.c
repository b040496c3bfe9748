/* SPDX-License-Identifier: Apache-2.0 */
#include "image/dwarf_layout.h"

#include "base/limits.h"

#include <string.h>

/* Concrete entry -> abstract one -> declaration. */
enum { MAX_ORIGINS = 4 };

bool fl_layout_step(struct fl_layout_reader *r)
{
	if (r->dwarf->out_of_memory || r->steps > FL_LIMIT_TYPE_STEPS)
		return false;
	if (++r->steps <= FL_LIMIT_TYPE_STEPS)
		return true;
	fl_finding_add(r->dwarf->findings, FL_STAGE_IMAGE, FL_WARNING, FL_ELIMIT, FL_AT_NONE, 0,
		       "%s: the types of the kernel's data have more than %d parts: the rest is "
		       "not read",
		       r->dwarf->module, FL_LIMIT_TYPE_STEPS);
	return false;
}

uint32_t fl_layout_number(struct fl_layout_reader *r, uint64_t off)
{
	struct fl_layout_seen fresh = { .index = FL_NO_INDEX };
	uint32_t number = fl_intern_add(&r->offsets, &off, sizeof(off));
	if (number == UINT32_MAX || (number == r->seen.count && !fl_vec_push(&r->seen, &fresh))) {
		r->dwarf->out_of_memory = true;
		return FL_NO_INDEX;
	}
	return number;
}

static void link(struct fl_layout_reader *r, struct fl_debug_type *type)
{
	if (type->is_pointer && type->structure != FL_NO_INDEX)
		type->structure =
			fl_vec_at(&r->seen, struct fl_layout_seen, type->structure)->index;
}

void fl_layout_link(struct fl_layout_reader *r)
{
	struct fl_debug_info *info = r->info;
	for (size_t i = 0; i < info->fields.count; i++)
		link(r, &fl_vec_at(&info->fields, struct fl_debug_field, i)->type);
	for (size_t i = 0; i < info->variables.count; i++)
		link(r, &fl_vec_at(&info->variables, struct fl_debug_variable, i)->type);
}

/* Whether @p name with @p number is new to @p table; @p count is how many it had. */
static bool is_new(struct fl_layout_reader *r, struct fl_intern *table, size_t count,
		   const char *name, uint32_t number)
{
	FL_AUTO_STR key = { 0 };
	fl_str_addf(&key, "%u %s", number, name);
	uint32_t index = key.failed ? UINT32_MAX : fl_intern_add(table, key.data, key.size);
	r->dwarf->out_of_memory |= index == UINT32_MAX;
	return index == count;
}

static void read_typedef(struct fl_layout_reader *r, uint64_t off)
{
	struct fl_debug_alias alias = { .structure = FL_NO_INDEX };
	struct fl_dwarf_entry e;
	struct fl_dwarf_entry structure;
	if (fl_dwarf_entry_at(r->dwarf, off, &e) && fl_layout_structure_at(r, off, &structure)) {
		alias.name = fl_dwarf_entry_name(r->dwarf, &e);
		alias.structure = fl_layout_structure(r, &structure);
	}
	if (!alias.name || alias.structure == FL_NO_INDEX)
		return;
	struct fl_vec *aliases = &r->info->aliases;
	if (is_new(r, &r->aliases, aliases->count, alias.name, alias.structure) &&
	    !fl_vec_push(aliases, &alias))
		r->dwarf->out_of_memory = true;
}

static void read_struct(struct fl_layout_reader *r, uint64_t off)
{
	struct fl_dwarf_entry e;
	if (fl_dwarf_entry_at(r->dwarf, off, &e))
		(void)fl_layout_structure(r, &e);
}

/* What a definition leaves out, its declaration says. */
static void merge(struct fl_dwarf_facts *f, const struct fl_dwarf_facts *origin)
{
	if (!f->name)
		f->name = origin->name;
	if (!f->has_type) {
		f->has_type = origin->has_type;
		f->type_off = origin->type_off;
	}
	f->has_origin = origin->has_origin;
	f->origin_off = origin->origin_off;
}

static bool read_facts(struct fl_layout_reader *r, uint64_t off, struct fl_dwarf_facts *ret)
{
	struct fl_dwarf_entry e;
	if (!fl_dwarf_entry_at(r->dwarf, off, &e))
		return false;
	fl_dwarf_entry_facts(r->dwarf, &e, ret);
	return true;
}

static void read_variable(struct fl_layout_reader *r, uint64_t off)
{
	struct fl_dwarf_facts f;
	struct fl_dwarf_facts origin;
	if (!fl_layout_step(r) || !read_facts(r, off, &f))
		return;
	for (int i = 0; f.has_origin && i < MAX_ORIGINS; i++) {
		if (!read_facts(r, f.origin_off, &origin))
			break;
		merge(&f, &origin);
	}
	struct fl_vec *variables = &r->info->variables;
	if (!f.name || !f.addr.is_known || f.addr.value < 0 || f.addr.value > UINT32_MAX)
		return;
	struct fl_debug_variable variable = { .name = f.name, .addr = (uint32_t)f.addr.value };
	variable.type = f.has_type ? fl_layout_type(r, f.type_off)
				   : (struct fl_debug_type){ .count = 1, .structure = FL_NO_INDEX };
	if (is_new(r, &r->variables, variables->count, variable.name, variable.addr) &&
	    !fl_vec_push(variables, &variable))
		r->dwarf->out_of_memory = true;
}

/* A copy of what was read already: references into its unit mean the same. */
static void see_copy(struct fl_layout_reader *r, uint64_t off, uint64_t original_off)
{
	uint32_t number = fl_layout_number(r, off);
	uint32_t original = fl_layout_number(r, original_off);
	if (number == FL_NO_INDEX || original == FL_NO_INDEX)
		return;
	struct fl_layout_seen *seen = r->seen.data;
	if (!seen[number].begun)
		seen[number] = seen[original];
}

static void read_noted(struct fl_layout_reader *r, const struct fl_dwarf_noted *noted)
{
	if (noted->tag == DW_TAG_variable)
		read_variable(r, noted->off);
	else if (noted->tag == DW_TAG_typedef)
		read_typedef(r, noted->off);
	else
		read_struct(r, noted->off);
}

static void read_all(struct fl_layout_reader *r, const struct fl_dwarf_notes *notes)
{
	FL_AUTO_VEC first = FL_VEC(uint64_t); /* offset by key */
	for (size_t i = 0; i < notes->entries.count && !r->dwarf->out_of_memory; i++) {
		const struct fl_dwarf_noted *noted =
			fl_vec_at(&notes->entries, const struct fl_dwarf_noted, i);
		bool keyed = noted->tag != DW_TAG_variable;
		if (keyed && noted->key < first.count) {
			if (noted->tag != DW_TAG_typedef)
				see_copy(r, noted->off, *fl_vec_at(&first, uint64_t, noted->key));
			continue;
		}
		if (keyed && !fl_vec_push(&first, &noted->off))
			r->dwarf->out_of_memory = true;
		read_noted(r, noted);
	}
}

void fl_dwarf_types(struct fl_dwarf *s)
{
	struct fl_layout_reader r = {
		.dwarf = s,
		.info = s->debug,
		.offsets = FL_INTERN,
		.seen = FL_VEC(struct fl_layout_seen),
		.contents = FL_INTERN,
		.aliases = FL_INTERN,
		.variables = FL_INTERN,
	};
	read_all(&r, s->notes);
	fl_layout_link(&r);
	fl_intern_deinit(&r.offsets);
	fl_vec_deinit(&r.seen);
	fl_intern_deinit(&r.contents);
	fl_intern_deinit(&r.aliases);
	fl_intern_deinit(&r.variables);
}
