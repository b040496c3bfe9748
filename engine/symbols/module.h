/* SPDX-License-Identifier: Apache-2.0 */
/** @file A module: an index that was checked once, so that look-ups may use it as it lies. */
#ifndef SYMBOLS_MODULE_H
#define SYMBOLS_MODULE_H

#include "symbols/index_format.h"
#include "symbols/name_map.h"
#include "symbols/pc_cache.h"
#include "symbols/symbols.h"

struct fl_table {
	const void *data;
	uint32_t count;
	uint32_t element_size;
};

/** A variable of model/kernel_types.h in this module. */
struct fl_known_variable {
	const char *name;
	bool found, absolute;
	struct fl_variable_info info;
};

struct fl_module {
	const uint8_t *index;
	uint8_t *owned; /**< the same, to be freed; NULL: borrowed */
	size_t size;
	const struct fl_index_header *header;
	struct fl_table tables[FL_INDEX_KINDS];
	struct fl_span *spans; /**< SPANS with pointers */
	struct fl_finding *findings;
	uint32_t warning_count;            /**< of the findings */
	const char *warning;               /**< the first of them */
	struct fl_name_map struct_names;   /**< 2 i: the name of STRUCTS[i], 2 i + 1: its alias */
	struct fl_name_map variable_names; /**< i: VARIABLES[i] */
	struct fl_name_map known_names;    /**< i: known_variables[i] */
	struct fl_known_variable *known_variables;
	struct fl_object_place *places; /**< of OBJECTS */
	struct fl_pc_cache *pcs;        /**< changes, unlike the rest, and changes no answer */
};

struct fl_symbols {
	uint64_t elf_size;
	uint64_t build_id_off; /**< of the outer ELF's build id in its file; 0 = nowhere as such */
	size_t count;
	struct fl_module *modules[FL_LIMIT_MODULES]; /**< primary first */
};

/**
 * Check an index and make it usable.
 *
 * Afterwards every table lies inside the index and has as many elements as its keys; what the
 * elements refer to is checked at each look-up.
 *
 * @param index 8-byte aligned, from malloc(); owned by the module from here on, also on failure.
 * @retval FL_EFORMAT      not an index, or damaged; `at` is the offset.
 * @retval FL_EUNSUPPORTED another version.
 * @retval FL_ENOMEM
 */
FL_MUST_CHECK enum fl_code
fl_module_open(uint8_t *index, size_t size, struct fl_module **ret, struct fl_error *err);

/** The same for bytes that stay the caller's and outlive the module. */
FL_MUST_CHECK enum fl_code
fl_module_borrow(const uint8_t *index, size_t size, struct fl_module **ret, struct fl_error *err);
void fl_module_close(struct fl_module *module);
FL_OWNED(fl_module, fl_module_close)

/** The element, or NULL when @p i is out of range. */
static inline const void *
fl_table_at(const struct fl_module *module, enum fl_index_kind kind, uint32_t i)
{
	const struct fl_table *table = &module->tables[kind];
	return i < table->count ? (const uint8_t *)table->data + (size_t)i * table->element_size
				: NULL;
}

/** Index of the last key that is <= @p addr, or FL_INDEX_NONE. @p kind is an X_ADDRS table. */
uint32_t fl_table_search(const struct fl_module *module, enum fl_index_kind kind, uint32_t addr);

/** The string at that offset; "" when it is out of range. */
static inline const char *fl_module_text(const struct fl_module *module, uint32_t string)
{
	const struct fl_table *strings = &module->tables[FL_INDEX_STRINGS];
	return string < strings->count ? (const char *)strings->data + string : "";
}

/** The function segment at @p addr. @p sized_ret: whether its size is first-hand. */
bool fl_module_function_at(const struct fl_module *module, uint32_t addr,
			   struct fl_function_info *ret, bool *sized_ret);

/** Best symbol of that name in the module. @p absolute_ret: it has no section. */
bool fl_module_symbol(const struct fl_module *module, const char *name, struct fl_symbol_info *ret,
		      bool *absolute_ret);

/** The i-th symbol by name; false: there is none. */
bool fl_module_nth_symbol(const struct fl_module *module, uint32_t i, struct fl_symbol_info *ret,
			  bool *absolute_ret);

/** What fl_module_field() and fl_module_struct_size() need: module->struct_names. The tables are
 * there by then. False when memory is out. */
bool fl_module_name_structs(struct fl_module *module);

bool fl_module_field(const struct fl_module *module, const char *structure, const char *path,
		     struct fl_field *ret);
bool fl_module_struct_size(const struct fl_module *module, const char *structure,
			   uint32_t *size_ret);
/** What fl_module_variable() needs; the same. */
bool fl_module_name_variables(struct fl_module *module);

/** By symbol, else by DWARF. @p absolute_ret: it has no section. */
bool fl_module_variable(const struct fl_module *module, const char *name,
			struct fl_variable_info *ret, bool *absolute_ret);

bool fl_module_object_at(const struct fl_module *module, uint32_t addr, struct fl_symbol_info *ret);

bool fl_module_kernel_object_at(const struct fl_module *module, uint32_t addr,
				struct fl_object_info *ret);

/** What fl_module_objects() needs: module->places. False when memory is out. */
bool fl_module_place_objects(struct fl_module *module);

#endif
