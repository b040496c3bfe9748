/* SPDX-License-Identifier: Apache-2.0 */
#include "support/libdwarf_reader/dwarf_unit.h"

/* dwarf_formudata() knows the unsigned forms only; gcc uses DW_FORM_implicit_const for call_file.
 */
bool ref_number(struct ref_unit *unit, Dwarf_Attribute attribute, uint64_t *ret)
{
	Dwarf_Unsigned value = 0;
	Dwarf_Signed signed_value = 0;
	Dwarf_Error error = NULL;
	int result = dwarf_formudata(attribute, &value, &error);
	*ret = value;
	if (result == DW_DLV_OK)
		return true;
	if (error)
		dwarf_dealloc(unit->dwarf->dbg, error, DW_DLA_ERROR);
	error = NULL;
	result = dwarf_formsdata(attribute, &signed_value, &error);
	bool ok = ref_ok(unit->dwarf, result, &error, "a number");
	*ret = ok && signed_value > 0 ? (uint64_t)signed_value : 0;
	return ok && signed_value >= 0;
}

static uint64_t read_number(struct ref_unit *unit, Dwarf_Attribute attribute)
{
	uint64_t value;
	return ref_number(unit, attribute, &value) ? value : 0;
}

static const char *read_text(struct ref_unit *unit, Dwarf_Attribute attribute)
{
	char *text;
	Dwarf_Error error = NULL;
	int result = dwarf_formstring(attribute, &text, &error);
	return ref_ok(unit->dwarf, result, &error, "a string") && text[0] ? text : NULL;
}

static bool read_addr(struct ref_unit *unit, Dwarf_Attribute attribute, uint64_t *ret)
{
	Dwarf_Addr addr;
	Dwarf_Error error = NULL;
	int result = dwarf_formaddr(attribute, &addr, &error);
	if (!ref_ok(unit->dwarf, result, &error, "an address"))
		return false;
	*ret = addr;
	return true;
}

/* Since DWARF 4, 2.17.2: a constant is the size. */
static void read_high(struct ref_unit *unit, Dwarf_Attribute attribute, struct ref_attributes *ret)
{
	Dwarf_Half form;
	Dwarf_Error error = NULL;
	int result = dwarf_whatform(attribute, &form, &error);
	if (!ref_ok(unit->dwarf, result, &error, "an attribute"))
		return;
	switch (form) {
	case DW_FORM_addr:
	case DW_FORM_addrx:
	case DW_FORM_addrx1:
	case DW_FORM_addrx2:
	case DW_FORM_addrx3:
	case DW_FORM_addrx4:
	case DW_FORM_GNU_addr_index:
		ret->has_high = read_addr(unit, attribute, &ret->high);
		break;
	default:
		ret->high = read_number(unit, attribute);
		ret->has_high = true;
		ret->high_is_size = true;
	}
}

static void
read_origin(struct ref_unit *unit, Dwarf_Attribute attribute, struct ref_attributes *ret)
{
	Dwarf_Off off;
	Dwarf_Error error = NULL;
	int result = dwarf_global_formref(attribute, &off, &error);
	if (!ref_ok(unit->dwarf, result, &error, "a reference"))
		return;
	ret->origin_off = off;
	ret->has_origin = true;
}

static void read_one(struct ref_unit *unit, Dwarf_Die die, Dwarf_Attribute attribute,
		     bool want_ranges, struct ref_attributes *ret)
{
	Dwarf_Half number;
	Dwarf_Error error = NULL;
	int result = dwarf_whatattr(attribute, &number, &error);
	if (!ref_ok(unit->dwarf, result, &error, "an attribute"))
		return;
	switch (number) {
	case DW_AT_name:
		ret->name = read_text(unit, attribute);
		break;
	case DW_AT_linkage_name:
	case DW_AT_MIPS_linkage_name:
		ret->linkage = read_text(unit, attribute);
		break;
	case DW_AT_comp_dir:
		ret->comp_dir = read_text(unit, attribute);
		break;
	case DW_AT_abstract_origin:
	case DW_AT_specification:
		read_origin(unit, attribute, ret);
		break;
	case DW_AT_external:
		ret->external = true;
		break;
	case DW_AT_low_pc:
		ret->has_low = read_addr(unit, attribute, &ret->low);
		break;
	case DW_AT_high_pc:
		read_high(unit, attribute, ret);
		break;
	case DW_AT_ranges:
		if (want_ranges)
			ref_ranges(unit, die, attribute);
		break;
	case DW_AT_language:
		ret->language = read_number(unit, attribute);
		break;
	case DW_AT_call_file:
		ret->call_file = read_number(unit, attribute);
		break;
	case DW_AT_call_line:
		ret->call_line = read_number(unit, attribute);
		break;
	case DW_AT_call_column:
		ret->call_column = read_number(unit, attribute);
		break;
	default:
		break;
	}
}

void ref_attributes(struct ref_unit *unit, Dwarf_Die die, bool want_ranges,
		    struct ref_attributes *ret)
{
	*ret = (struct ref_attributes){ .first_range = (uint32_t)unit->info->ranges.count };
	Dwarf_Debug dbg = unit->dwarf->dbg;
	Dwarf_Attribute *list;
	Dwarf_Signed count;
	Dwarf_Error error = NULL;
	int result = dwarf_attrlist(die, &list, &count, &error);
	if (!ref_ok(unit->dwarf, result, &error, "an entry in .debug_info"))
		return;
	for (Dwarf_Signed i = 0; i < count; i++) {
		read_one(unit, die, list[i], want_ranges, ret);
		dwarf_dealloc(dbg, list[i], DW_DLA_ATTR);
	}
	dwarf_dealloc(dbg, list, DW_DLA_LIST);
	bool listed = unit->info->ranges.count > ret->first_range;
	if (want_ranges && !listed && ret->has_low && ret->has_high)
		ref_add_range(unit, ret->low, ret->high_is_size ? ret->low + ret->high : ret->high);
	ret->range_count = (uint32_t)unit->info->ranges.count - ret->first_range;
}
