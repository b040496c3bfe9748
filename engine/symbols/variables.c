/* SPDX-License-Identifier: Apache-2.0 */
/* Variables at fixed addresses, those of kernels above all. */
#include "symbols/module.h"

#include "model/kernel_types.h"

#include <stdlib.h>
#include <string.h>

static bool
dwarf_variable(const struct fl_module *module, const char *name, struct fl_variable_info *ret)
{
	const struct fl_name_map *names = &module->variable_names;
	for (uint32_t i = fl_name_map_first(names, fl_name_hash(name)); i != FL_NAME_NONE;
	     i = fl_name_map_next(names, i)) {
		const struct fl_index_variable *v = fl_table_at(module, FL_INDEX_VARIABLES, i);
		if (!v->name || strcmp(fl_module_text(module, v->name), name) != 0)
			continue;
		uint64_t size = (uint64_t)v->type.size * v->type.count;
		*ret = (struct fl_variable_info){ v->addr,
						  size <= UINT32_MAX ? (uint32_t)size : 0 };
		return true;
	}
	return false;
}

static bool find_variable(const struct fl_module *module, const char *name,
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

bool fl_module_variable(const struct fl_module *module, const char *name,
			struct fl_variable_info *ret, bool *absolute_ret)
{
	const struct fl_name_map *known = &module->known_names;
	for (uint32_t i = fl_name_map_first(known, fl_name_hash(name)); i != FL_NAME_NONE;
	     i = fl_name_map_next(known, i)) {
		const struct fl_known_variable *variable = &module->known_variables[i];
		if (strcmp(variable->name, name) != 0)
			continue;
		if (variable->found)
			*ret = variable->info;
		*absolute_ret = variable->absolute;
		return variable->found;
	}
	return find_variable(module, name, ret, absolute_ret);
}

static bool name_dwarf_variables(struct fl_module *module)
{
	uint32_t count = module->tables[FL_INDEX_VARIABLES].count;
	const struct fl_index_variable *variables = module->tables[FL_INDEX_VARIABLES].data;
	struct fl_name_map *map = &module->variable_names;
	if (!fl_name_map_init(map, count))
		return false;
	for (uint32_t i = count; i-- > 0;)
		if (variables[i].name)
			fl_name_map_add(map, i, fl_module_text(module, variables[i].name));
	return true;
}

static bool find_known_variables(struct fl_module *module)
{
	uint32_t count = 0;
	while (fl_kernel_variable_name(count))
		count++;
	struct fl_known_variable *variables = calloc(count, sizeof(*variables));
	module->known_variables = variables;
	if (!variables || !fl_name_map_init(&module->known_names, count))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		struct fl_known_variable *v = &variables[i];
		v->name = fl_kernel_variable_name(i);
		v->found = find_variable(module, v->name, &v->info, &v->absolute);
		fl_name_map_add(&module->known_names, i, v->name);
	}
	return true;
}

bool fl_module_name_variables(struct fl_module *module)
{
	return name_dwarf_variables(module) && find_known_variables(module);
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
