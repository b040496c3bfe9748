/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/module.h"

#include "base/reader.h"

#include <string.h>

bool fl_view_add(struct fl_symbol_view *view, const struct fl_symbols *symbols)
{
	for (size_t i = 0; i < symbols->count; i++) {
		if (view->count == FL_LIMIT_MODULES)
			return false;
		view->modules[view->count++] = symbols->modules[i];
	}
	return true;
}

bool fl_view_is_code(const struct fl_symbol_view *view, uint32_t addr)
{
	for (size_t i = 0; i < view->count; i++)
		if (fl_module_is_code(view->modules[i], addr))
			return true;
	return false;
}

/* Parts of one firmware may declare the same addresses; a function with a size of its own is
 * better evidence than a section. */
const struct fl_module *fl_view_module_at(const struct fl_symbol_view *view, uint32_t addr)
{
	const struct fl_module *by_section = NULL;
	if (view->count == 1) /* nothing to weigh */
		return fl_module_is_code(view->modules[0], addr) ? view->modules[0] : NULL;
	for (size_t i = 0; i < view->count; i++) {
		const struct fl_module *module = view->modules[i];
		struct fl_function_info function;
		bool sized;
		if (!fl_module_is_code(module, addr))
			continue;
		if (fl_module_function_at(module, addr, &function, &sized) && sized)
			return module;
		if (!by_section)
			by_section = module;
	}
	return by_section;
}

bool fl_view_symbol(const struct fl_symbol_view *view, const char *name, struct fl_symbol_info *ret)
{
	bool found = false;
	for (size_t i = 0; i < view->count; i++) {
		struct fl_symbol_info symbol;
		bool absolute;
		if (!fl_module_symbol(view->modules[i], name, &symbol, &absolute))
			continue;
		if (!absolute) {
			*ret = symbol;
			return true;
		}
		if (!found)
			*ret = symbol;
		found = true;
	}
	return found;
}

bool fl_view_field(const struct fl_symbol_view *view, const char *structure, const char *path,
		   struct fl_field *ret)
{
	for (size_t i = 0; i < view->count; i++)
		if (fl_module_field(view->modules[i], structure, path, ret))
			return true;
	return false;
}

bool fl_view_struct_size(const struct fl_symbol_view *view, const char *structure,
			 uint32_t *size_ret)
{
	for (size_t i = 0; i < view->count; i++)
		if (fl_module_struct_size(view->modules[i], structure, size_ret))
			return true;
	return false;
}

/* As with symbols: one that a module defines wins over one that it was only told of. */
static size_t
find_variable(const struct fl_symbol_view *view, const char *name, struct fl_variable_info *ret)
{
	size_t found = view->count;
	for (size_t i = 0; i < view->count; i++) {
		struct fl_variable_info variable;
		bool absolute;
		if (!fl_module_variable(view->modules[i], name, &variable, &absolute))
			continue;
		if (absolute && found < view->count)
			continue;
		*ret = variable;
		found = i;
		if (!absolute)
			break;
	}
	return found;
}

bool fl_view_variable(const struct fl_symbol_view *view, const char *name,
		      struct fl_variable_info *ret)
{
	return find_variable(view, name, ret) < view->count;
}

struct fl_symbol_view fl_view_from(const struct fl_symbol_view *view, const char *name)
{
	struct fl_variable_info variable;
	struct fl_symbol_view from = *view;
	from.recent = NULL; /* it is of the order that was */
	size_t home = find_variable(view, name, &variable);
	for (size_t i = home; home < view->count && i > 0; i--)
		from.modules[i] = view->modules[i - 1];
	if (home < view->count)
		from.modules[0] = view->modules[home];
	return from;
}

bool fl_view_object_at(const struct fl_symbol_view *view, uint32_t addr, struct fl_symbol_info *ret)
{
	for (size_t i = 0; i < view->count; i++)
		if (fl_module_object_at(view->modules[i], addr, ret))
			return true;
	return false;
}

bool fl_view_kernel_object_at(const struct fl_symbol_view *view, uint32_t addr,
			      struct fl_object_info *ret)
{
	for (size_t i = 0; i < view->count; i++)
		if (fl_module_kernel_object_at(view->modules[i], addr, ret))
			return true;
	return false;
}

/* Where a range of codes begins or ends: no reason that a device gives. */
static bool is_bound(const char *name)
{
	return !strcmp(name, "ExpectedBase") || !strcmp(name, "UnexpectedBase") ||
	       !strcmp(name, "NumReasons");
}

const char *
fl_view_enumerator(const struct fl_symbol_view *view, const char *prefix, uint32_t value)
{
	size_t prefix_size = strlen(prefix);
	for (size_t i = 0; i < view->count; i++) {
		const struct fl_module *module = view->modules[i];
		const struct fl_index_enumerator *e;
		for (uint32_t k = 0; (e = fl_table_at(module, FL_INDEX_ENUMERATORS, k)); k++) {
			const char *name = fl_module_text(module, e->name);
			if (e->value != value || strncmp(name, prefix, prefix_size) != 0)
				continue;
			name += prefix_size;
			if (*name && !is_bound(name))
				return name;
		}
	}
	return NULL;
}

/* Records are NUL-terminated, with NULs between them where the linker aligned one. */
static const char *record_at(const struct fl_table *table, uint32_t offset)
{
	struct fl_reader r = fl_reader("log_fmt", table->data, table->count, 0);
	const uint32_t header_size = 8;
	if (offset < header_size)
		return NULL;
	fl_read_seek(&r, offset - 1);
	uint8_t before = fl_read_u8(&r);
	const char *record = fl_read_cstr(&r);
	return record && record[0] && (!before || offset == header_size) ? record : NULL;
}

const char *fl_view_log_format(const struct fl_symbol_view *view, uint32_t offset, bool *has_ret)
{
	*has_ret = false;
	for (size_t i = 0; i < view->count; i++) {
		const struct fl_table *table = &view->modules[i]->tables[FL_INDEX_LOG_FORMATS];
		if (!table->count)
			continue;
		*has_ret = true;
		return record_at(table, offset);
	}
	return NULL;
}
