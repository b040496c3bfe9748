/* SPDX-License-Identifier: Apache-2.0 */
#include "support/libdwarf_reader/entry.h"

Dwarf_Die ref_child(Dwarf_Die die)
{
	Dwarf_Die child;
	return dwarf_child(die, &child, NULL) == DW_DLV_OK ? child : NULL;
}

Dwarf_Die ref_sibling(Dwarf_Debug dbg, Dwarf_Die die)
{
	Dwarf_Die sibling;
	return dwarf_siblingof_b(dbg, die, true, &sibling, NULL) == DW_DLV_OK ? sibling : NULL;
}

Dwarf_Die ref_at(Dwarf_Debug dbg, uint64_t off)
{
	Dwarf_Die die;
	return dwarf_offdie_b(dbg, off, true, &die, NULL) == DW_DLV_OK ? die : NULL;
}

uint64_t ref_off(Dwarf_Die die)
{
	Dwarf_Off off = 0;
	dwarf_dieoffset(die, &off, NULL);
	return off;
}

Dwarf_Half ref_tag(Dwarf_Die die)
{
	Dwarf_Half tag = 0;
	dwarf_tag(die, &tag, NULL);
	return tag;
}

Dwarf_Half ref_version(Dwarf_Die die)
{
	Dwarf_Half version = 0;
	Dwarf_Half offset_size;
	dwarf_get_version_of_die(die, &version, &offset_size);
	return version;
}

static Dwarf_Half form_of(Dwarf_Die die, Dwarf_Half attribute, Dwarf_Attribute *ret)
{
	Dwarf_Half form = 0;
	if (dwarf_attr(die, attribute, ret, NULL) == DW_DLV_OK)
		dwarf_whatform(*ret, &form, NULL);
	return form;
}

bool ref_flag(Dwarf_Die die, Dwarf_Half attribute)
{
	Dwarf_Attribute a;
	Dwarf_Bool flag = false;
	if (form_of(die, attribute, &a))
		dwarf_formflag(a, &flag, NULL);
	return flag;
}

const char *ref_text(Dwarf_Die die, Dwarf_Half attribute)
{
	char *text;
	return dwarf_die_text(die, attribute, &text, NULL) == DW_DLV_OK && text[0] ? text : NULL;
}

/* Before DWARF 4 each vendor had an attribute for it. */
const char *ref_linkage_name(Dwarf_Die die)
{
	const char *name = ref_text(die, DW_AT_linkage_name);
	return name ? name : ref_text(die, DW_AT_MIPS_linkage_name);
}

/* DWARF 5, 7.5.5: whether DW_FORM_dataN has a sign is the attribute's affair; here none has. */
bool ref_number(Dwarf_Die die, Dwarf_Half attribute, int64_t *ret)
{
	Dwarf_Attribute a;
	Dwarf_Signed number = 0;
	Dwarf_Unsigned unsigned_number = 0;
	switch (form_of(die, attribute, &a)) {
	case DW_FORM_data1:
	case DW_FORM_data2:
	case DW_FORM_data4:
	case DW_FORM_data8:
	case DW_FORM_udata:
		dwarf_formudata(a, &unsigned_number, NULL);
		*ret = (int64_t)unsigned_number;
		return true;
	case DW_FORM_sdata:
	case DW_FORM_implicit_const:
		dwarf_formsdata(a, &number, NULL);
		*ret = number;
		return true;
	default:
		return false;
	}
}

int64_t ref_number_or(Dwarf_Die die, Dwarf_Half attribute, int64_t otherwise)
{
	int64_t number;
	return ref_number(die, attribute, &number) ? number : otherwise;
}

/* Signatures: docs/symbol-index.md, "Not read". */
Dwarf_Die ref_follow(Dwarf_Debug dbg, Dwarf_Die die, Dwarf_Half attribute)
{
	Dwarf_Attribute a;
	Dwarf_Off off;
	Dwarf_Half form = form_of(die, attribute, &a);
	if (!form || form == DW_FORM_ref_sig8 || dwarf_global_formref(a, &off, NULL) != DW_DLV_OK)
		return NULL;
	return ref_at(dbg, off);
}

Dwarf_Die ref_origin(Dwarf_Debug dbg, Dwarf_Die die)
{
	Dwarf_Die origin = ref_follow(dbg, die, DW_AT_abstract_origin);
	return origin ? origin : ref_follow(dbg, die, DW_AT_specification);
}

Dwarf_Die ref_owner(Dwarf_Debug dbg, Dwarf_Die die, Dwarf_Half attribute)
{
	Dwarf_Attribute a;
	while (die && !form_of(die, attribute, &a))
		die = ref_origin(dbg, die);
	return die;
}

const char *ref_name(Dwarf_Debug dbg, Dwarf_Die die)
{
	die = ref_owner(dbg, die, DW_AT_name);
	return die ? ref_text(die, DW_AT_name) : NULL;
}

static bool is_expression(Dwarf_Half form)
{
	return form == DW_FORM_exprloc || form == DW_FORM_block || form == DW_FORM_block1 ||
	       form == DW_FORM_block2 || form == DW_FORM_block4;
}

bool ref_operation(Dwarf_Die die, Dwarf_Half attribute, Dwarf_Small *operation_ret,
		   uint64_t *operand_ret)
{
	Dwarf_Attribute a;
	Dwarf_Loc_Head_c head;
	Dwarf_Locdesc_c list;
	Dwarf_Small kind;
	Dwarf_Small source;
	Dwarf_Bool missing;
	Dwarf_Addr addr[2];
	Dwarf_Unsigned count;
	Dwarf_Unsigned n[4];
	if (!is_expression(form_of(die, attribute, &a)) ||
	    dwarf_get_loclist_c(a, &head, &count, NULL) != DW_DLV_OK)
		return false;
	int result =
		dwarf_get_locdesc_entry_d(head, 0, &kind, &n[0], &n[1], &missing, &addr[0],
					  &addr[1], &count, &list, &source, &n[2], &n[3], NULL);
	bool single = result == DW_DLV_OK && count == 1;
	if (single)
		dwarf_get_location_op_value_c(list, 0, operation_ret, &n[0], &n[1], &n[2], &n[3],
					      NULL);
	*operand_ret = n[0];
	ref_free_location(head); /* left to dwarf_finish(), the 2021 release would do it twice */
	return single;
}
