/* SPDX-License-Identifier: Apache-2.0 */
/* Structures, their members, and variables; from DWARF. */
#include "symbols/build.h"

#include "base/limits.h"

static struct fl_index_type type_of(const struct fl_debug_type *type)
{
	return (struct fl_index_type){
		.size = type->size,
		.count = type->count,
		.structure = type->structure == FL_NO_INDEX ? FL_INDEX_NONE : type->structure,
		.flags = (type->is_signed ? FL_INDEX_SIGNED : 0u) |
			 (type->is_pointer ? FL_INDEX_POINTER : 0u) |
			 (type->is_float ? FL_INDEX_FLOAT : 0u),
	};
}

static void build_structs(struct fl_build *b)
{
	const struct fl_vec *list = &b->image->debug.structs;
	for (size_t i = 0; i < list->count; i++) {
		const struct fl_debug_struct *s = fl_vec_at(list, const struct fl_debug_struct, i);
		uint32_t name = s->name ? fl_build_text(b, s->name) : 0;
		struct fl_index_struct *out = fl_build_add(b, FL_INDEX_STRUCTS);
		if (!out)
			return;
		*out = (struct fl_index_struct){
			.name = name,
			.size = s->size,
			.first_field = s->first_field,
			.field_count = s->field_count,
		};
	}
}

static void build_fields(struct fl_build *b)
{
	const struct fl_vec *list = &b->image->debug.fields;
	for (size_t i = 0; i < list->count; i++) {
		const struct fl_debug_field *f = fl_vec_at(list, const struct fl_debug_field, i);
		uint32_t name = fl_build_text(b, f->name);
		struct fl_index_field *out = fl_build_add(b, FL_INDEX_FIELDS);
		if (!out)
			return;
		*out = (struct fl_index_field){
			.name = name,
			.off = f->off,
			.bit_off = f->bit_off,
			.bit_size = f->bit_size,
			.type = type_of(&f->type),
		};
	}
}

/* A structure with more names than its row has room for gets another row for the same members. */
static void build_alias(struct fl_build *b, const struct fl_debug_alias *alias)
{
	uint32_t name = fl_build_text(b, alias->name);
	struct fl_vec *rows = &b->tables[FL_INDEX_STRUCTS];
	if (b->failed)
		return;
	struct fl_index_struct *row = fl_vec_at(rows, struct fl_index_struct, alias->structure);
	if (row->name == name)
		return;
	if (!row->name) {
		row->name = name;
	} else if (!row->alias) {
		row->alias = name;
	} else if (rows->count < 2 * FL_LIMIT_STRUCTS) {
		struct fl_index_struct more = *row;
		more.name = name;
		more.alias = 0;
		b->failed |= !fl_vec_push(rows, &more);
	}
}

static void build_aliases(struct fl_build *b)
{
	const struct fl_vec *list = &b->image->debug.aliases;
	for (size_t i = 0; i < list->count; i++)
		build_alias(b, fl_vec_at(list, const struct fl_debug_alias, i));
}

/* Linkers leave 0, or what lies nowhere, for a variable that they discarded. */
static bool is_placed(const struct fl_build *b, const struct fl_debug_variable *v)
{
	const struct fl_elf *elf = &b->image->elf;
	for (size_t i = 0; v->addr && i < elf->section_count; i++) {
		const struct fl_section *s = &elf->sections[i];
		if (s->flags & FL_SHF_ALLOC && v->addr - s->addr < s->size)
			return true;
	}
	return false;
}

static void build_variables(struct fl_build *b)
{
	const struct fl_vec *list = &b->image->debug.variables;
	for (size_t i = 0; i < list->count; i++) {
		const struct fl_debug_variable *v =
			fl_vec_at(list, const struct fl_debug_variable, i);
		if (!is_placed(b, v))
			continue;
		uint32_t name = fl_build_text(b, v->name);
		struct fl_index_variable *out = fl_build_add(b, FL_INDEX_VARIABLES);
		if (!out)
			return;
		*out = (struct fl_index_variable){
			.name = name,
			.addr = v->addr,
			.type = type_of(&v->type),
		};
	}
}

void fl_build_structs(struct fl_build *b)
{
	build_structs(b);
	build_fields(b);
	build_aliases(b);
	build_variables(b);
}
