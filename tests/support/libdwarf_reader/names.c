/* SPDX-License-Identifier: Apache-2.0 */
#include "support/libdwarf_reader/reader.h"

#include <string.h>

/* What the entry adds in front of the names of those that stand in it; @p inner is such a name. */
static const char *label(struct libdwarf_reader *r, Dwarf_Die die, const char *inner)
{
	const char *name = ref_name(r->dbg, die);
	switch (ref_tag(die)) {
	case DW_TAG_subprogram:
		return said_text(&r->said, "%s()::", name ? name : "<unnamed>");
	case DW_TAG_namespace:
		return said_text(&r->said, "%s::", name ? name : "(anonymous namespace)");
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_interface_type:
	case DW_TAG_enumeration_type:
	case DW_TAG_module:
		if (name)
			return said_text(&r->said, "%s::", name);
		return strcmp(inner, "operator()") ? "<unnamed>::" : "<lambda>::";
	default:
		return "";
	}
}

/* Where an entry was declared is what it belongs to, not where it was defined or inlined. */
static Dwarf_Die declaration(struct libdwarf_reader *r, Dwarf_Die die)
{
	for (Dwarf_Die origin = die; origin; origin = ref_origin(r->dbg, die))
		die = origin;
	return die;
}

static const char *prefix(struct libdwarf_reader *r, Dwarf_Die die, const char *inner)
{
	const struct ref_family *family = ref_family_of(r, declaration(r, die));
	Dwarf_Die parent = family->parent_off ? ref_at(r->dbg, family->parent_off) : NULL;
	if (!parent || fl_vec_at(&r->units, struct ref_unit, family->unit)->in_c)
		return "";
	return said_text(&r->said, "%s%s", prefix(r, parent, ""), label(r, parent, inner));
}

const char *ref_qualified(struct libdwarf_reader *r, Dwarf_Die function)
{
	const char *name = ref_name(r->dbg, function);
	return name ? said_text(&r->said, "%s%s", prefix(r, function, name), name) : NULL;
}
