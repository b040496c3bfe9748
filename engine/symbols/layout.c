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

/* A walk through the structures of one name. */
struct by_name {
	const struct fl_module *module;
	const char *name;
	uint32_t entry; /* in names.structs: the next one to look at */
};

static struct by_name structs_of(const struct fl_module *module, const char *name)
{
	return (struct by_name){ module, name,
				 fl_name_map_first(&module->struct_names, fl_name_hash(name)) };
}

static const struct fl_index_struct *next_struct(struct by_name *walk)
{
	while (walk->entry != FL_NAME_NONE) {
		uint32_t entry = walk->entry;
		const struct fl_index_struct *s =
			fl_table_at(walk->module, FL_INDEX_STRUCTS, entry / 2);
		walk->entry = fl_name_map_next(&walk->module->struct_names, entry);
		if (is_named(walk->module, entry % 2 ? s->alias : s->name, walk->name))
			return s;
	}
	return NULL;
}

/* Whether the first part of [path] is [name]; most names differ in their first letters. */
static bool begins_with(const char *path, const char *name, size_t *size_ret)
{
	size_t size = 0;
	while (name[size] && name[size] == path[size])
		size++;
	*size_ret = size;
	return !name[size] && (!path[size] || path[size] == '.');
}

static const struct fl_index_field *first_field(const struct fl_module *module,
						const struct fl_index_struct *s, const char *path,
						size_t *size_ret, uint32_t *left)
{
	for (uint32_t i = 0; i < s->field_count && *left; i++, (*left)--) {
		const struct fl_index_field *f =
			fl_table_at(module, FL_INDEX_FIELDS, s->first_field + i);
		if (!f)
			return NULL;
		if (begins_with(path, fl_module_text(module, f->name), size_ret))
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
		size_t part;
		const struct fl_index_field *f = first_field(module, s, path, &part, left);
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
	struct by_name walk = structs_of(module, structure);
	uint32_t left = FIELDS_MAX;
	while ((s = next_struct(&walk)))
		if (follow(module, s, path, &left, ret))
			return true;
	return false;
}

bool fl_module_struct_size(const struct fl_module *module, const char *structure,
			   uint32_t *size_ret)
{
	struct by_name walk = structs_of(module, structure);
	const struct fl_index_struct *s = next_struct(&walk);
	if (s)
		*size_ret = s->size;
	return s;
}

bool fl_module_name_structs(struct fl_module *module)
{
	uint32_t count = module->tables[FL_INDEX_STRUCTS].count;
	const struct fl_index_struct *structs = module->tables[FL_INDEX_STRUCTS].data;
	struct fl_name_map *map = &module->struct_names;
	if (!fl_name_map_init(map, 2 * count))
		return false;
	for (uint32_t i = count; i-- > 0;) {
		if (structs[i].alias)
			fl_name_map_add(map, 2 * i + 1, fl_module_text(module, structs[i].alias));
		if (structs[i].name)
			fl_name_map_add(map, 2 * i, fl_module_text(module, structs[i].name));
	}
	return true;
}
