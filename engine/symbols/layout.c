/* SPDX-License-Identifier: Apache-2.0 */
/* Where the members of a kernel's structures lie. */
#include "symbols/module.h"

#include <string.h>

static bool is_named(const struct fl_module *module, uint32_t string, const char *name)
{
	return string && strcmp(fl_module_text(module, string), name) == 0;
}

/* Members that one look-up may look at: more than an index of ours ever makes it. */
enum { FIELDS_MAX = 4 * FL_LIMIT_FIELDS };

/* The next structure of that name from @p i on, or NULL. */
static const struct fl_index_struct *
next_struct(const struct fl_module *module, const char *name, uint32_t *i)
{
	const struct fl_index_struct *s;
	while ((s = fl_table_at(module, FL_INDEX_STRUCTS, (*i)++)))
		if (is_named(module, s->name, name) || is_named(module, s->alias, name))
			return s;
	return NULL;
}

static const struct fl_index_field *field_of(const struct fl_module *module,
					     const struct fl_index_struct *s, const char *name,
					     size_t name_size, uint32_t *left)
{
	for (uint32_t i = 0; i < s->field_count && *left; i++, (*left)--) {
		const struct fl_index_field *f =
			fl_table_at(module, FL_INDEX_FIELDS, s->first_field + i);
		if (!f)
			return NULL;
		const char *text = fl_module_text(module, f->name);
		if (strncmp(text, name, name_size) == 0 && !text[name_size])
			return f;
	}
	return NULL;
}

/* Each step goes into one part of the path, so that crafted references cannot go round. */
static bool follow(const struct fl_module *module, const struct fl_index_struct *s,
		   const char *path, uint32_t *left, struct fl_field *ret)
{
	uint32_t off = 0;
	while (s) {
		size_t part = strcspn(path, ".");
		const struct fl_index_field *f = field_of(module, s, path, part, left);
		if (!f)
			return false;
		off += f->off;
		if (!path[part]) {
			*ret = (struct fl_field){
				.off = off,
				.size = f->type.size,
				.count = f->type.count,
				.is_signed = f->type.flags & FL_INDEX_SIGNED,
				.is_pointer = f->type.flags & FL_INDEX_POINTER,
				.bit_off = (uint8_t)f->bit_off,
				.bit_size = (uint8_t)f->bit_size,
			};
			return true;
		}
		path += part + 1;
		s = f->type.flags & FL_INDEX_POINTER
			    ? NULL
			    : fl_table_at(module, FL_INDEX_STRUCTS, f->type.structure);
	}
	return false;
}

bool fl_module_field(const struct fl_module *module, const char *structure, const char *path,
		     struct fl_field *ret)
{
	const struct fl_index_struct *s;
	uint32_t left = FIELDS_MAX;
	for (uint32_t i = 0; (s = next_struct(module, structure, &i));)
		if (follow(module, s, path, &left, ret))
			return true;
	return false;
}

bool fl_module_struct_size(const struct fl_module *module, const char *structure,
			   uint32_t *size_ret)
{
	uint32_t i = 0;
	const struct fl_index_struct *s = next_struct(module, structure, &i);
	if (s)
		*size_ret = s->size;
	return s;
}

static bool
dwarf_variable(const struct fl_module *module, const char *name, struct fl_variable_info *ret)
{
	const struct fl_index_variable *v;
	for (uint32_t i = 0; (v = fl_table_at(module, FL_INDEX_VARIABLES, i)); i++) {
		if (!is_named(module, v->name, name))
			continue;
		uint64_t size = (uint64_t)v->type.size * v->type.count;
		*ret = (struct fl_variable_info){ v->addr,
						  size <= UINT32_MAX ? (uint32_t)size : 0 };
		return true;
	}
	return false;
}

bool fl_module_variable(const struct fl_module *module, const char *name,
			struct fl_variable_info *ret, bool *absolute_ret)
{
	struct fl_symbol_info symbol;
	*absolute_ret = false;
	if (!fl_module_symbol(module, name, &symbol, absolute_ret))
		return dwarf_variable(module, name, ret);
	struct fl_variable_info by_dwarf;
	*ret = (struct fl_variable_info){ symbol.addr, symbol.size };
	if (!symbol.size && dwarf_variable(module, name, &by_dwarf) && by_dwarf.addr == ret->addr)
		ret->size = by_dwarf.size;
	return true;
}

bool fl_module_kernel_object_at(const struct fl_module *module, uint32_t addr,
				struct fl_object_info *ret)
{
	const struct fl_index_variable *v;
	for (uint32_t i = 0; (v = fl_table_at(module, FL_INDEX_VARIABLES, i)); i++) {
		const struct fl_index_struct *s =
			fl_table_at(module, FL_INDEX_STRUCTS, v->type.structure);
		if (!s || !s->size || v->type.flags & FL_INDEX_POINTER || addr < v->addr ||
		    (addr - v->addr) / s->size >= v->type.count)
			continue;
		*ret = (struct fl_object_info){
			.name = fl_module_text(module, v->name),
			.structure = fl_module_text(module, s->name ? s->name : s->alias),
			.addr = addr - (addr - v->addr) % s->size,
			.size = s->size,
		};
		return true;
	}
	return false;
}
