/* SPDX-License-Identifier: Apache-2.0 */
#include "support/libdwarf_reader/dwarf_entry.h"

#include "base/reader.h"

static const char entry_name[] = "an entry in .debug_info";

Dwarf_Die ref_entry_child(struct ref_session *dwarf, Dwarf_Die die)
{
	Dwarf_Die child;
	Dwarf_Error error = NULL;
	int result = dwarf_child(die, &child, &error);
	return ref_ok(dwarf, result, &error, entry_name) ? child : NULL;
}

Dwarf_Die ref_entry_sibling(struct ref_session *dwarf, Dwarf_Die die)
{
	Dwarf_Die sibling;
	Dwarf_Error error = NULL;
	int result = dwarf_siblingof_b(dwarf->dbg, die, true, &sibling, &error);
	return ref_ok(dwarf, result, &error, entry_name) ? sibling : NULL;
}

Dwarf_Die ref_entry_at(struct ref_session *dwarf, uint64_t off)
{
	Dwarf_Die die;
	Dwarf_Error error = NULL;
	int result = dwarf_offdie_b(dwarf->dbg, off, true, &die, &error);
	return ref_ok(dwarf, result, &error, "a reference") ? die : NULL;
}

void ref_entry_free(struct ref_session *dwarf, Dwarf_Die die)
{
	if (die)
		dwarf_dealloc(dwarf->dbg, die, DW_DLA_DIE);
}

const char *ref_entry_name(struct ref_session *dwarf, Dwarf_Die die)
{
	char *name;
	Dwarf_Error error = NULL;
	int result = dwarf_diename(die, &name, &error);
	return ref_ok(dwarf, result, &error, "a name") && name[0] ? name : NULL;
}

bool ref_entry_has(struct ref_session *dwarf, Dwarf_Die die, Dwarf_Half attribute)
{
	Dwarf_Bool has;
	Dwarf_Error error = NULL;
	int result = dwarf_hasattr(die, attribute, &has, &error);
	return ref_ok(dwarf, result, &error, entry_name) && has;
}

Dwarf_Half ref_entry_tag(struct ref_session *dwarf, Dwarf_Die die)
{
	Dwarf_Half tag;
	Dwarf_Error error = NULL;
	return ref_ok(dwarf, dwarf_tag(die, &tag, &error), &error, entry_name) ? tag : 0;
}

bool ref_entry_off(struct ref_session *dwarf, Dwarf_Die die, uint64_t *ret)
{
	Dwarf_Off off;
	Dwarf_Error error = NULL;
	if (!ref_ok(dwarf, dwarf_dieoffset(die, &off, &error), &error, entry_name))
		return false;
	*ret = off;
	return true;
}

static Dwarf_Half form_of(struct ref_session *dwarf, Dwarf_Attribute attribute)
{
	Dwarf_Half form;
	Dwarf_Error error = NULL;
	int result = dwarf_whatform(attribute, &form, &error);
	return ref_ok(dwarf, result, &error, "an attribute") ? form : 0;
}

/* DWARF 5, 7.5.5: the sign of DW_FORM_dataN is the attribute's affair; here they have none. */
static struct ref_integer read_constant(struct ref_session *dwarf, Dwarf_Attribute attribute)
{
	Dwarf_Signed number = 0;
	Dwarf_Unsigned unsigned_number = 0;
	Dwarf_Error error = NULL;
	int result = DW_DLV_NO_ENTRY;
	switch (form_of(dwarf, attribute)) {
	case DW_FORM_data1:
	case DW_FORM_data2:
	case DW_FORM_data4:
	case DW_FORM_data8:
	case DW_FORM_udata:
		result = dwarf_formudata(attribute, &unsigned_number, &error);
		number = (Dwarf_Signed)unsigned_number;
		break;
	case DW_FORM_sdata:
	case DW_FORM_implicit_const:
		result = dwarf_formsdata(attribute, &number, &error);
		break;
	default:
		break;
	}
	return (struct ref_integer){
		.value = number,
		.is_present = true,
		.is_known = ref_ok(dwarf, result, &error, "a number"),
	};
}

struct ref_integer ref_entry_integer(struct ref_session *dwarf, Dwarf_Die die, Dwarf_Half attribute)
{
	Dwarf_Attribute handle;
	struct ref_integer ret = { 0 };
	Dwarf_Error error = NULL;
	if (!ref_ok(dwarf, dwarf_attr(die, attribute, &handle, &error), &error, entry_name))
		return ret;
	ret = read_constant(dwarf, handle);
	dwarf_dealloc(dwarf->dbg, handle, DW_DLA_ATTR);
	return ret;
}

static bool read_reference(struct ref_session *dwarf, Dwarf_Attribute attribute, uint64_t *off_ret)
{
	Dwarf_Off off;
	Dwarf_Error error = NULL;
	if (form_of(dwarf, attribute) == DW_FORM_ref_sig8)
		return false; /* into a type unit */
	int result = dwarf_global_formref(attribute, &off, &error);
	*off_ret = off;
	return ref_ok(dwarf, result, &error, "a reference");
}

/* The bytes of a DWARF expression; a reader over nothing when it is none. */
static struct fl_reader read_expression(struct ref_session *dwarf, Dwarf_Attribute attribute)
{
	const void *bytes = NULL;
	Dwarf_Unsigned size = 0;
	Dwarf_Ptr data;
	Dwarf_Block *block;
	Dwarf_Error error = NULL;
	int result;
	switch (form_of(dwarf, attribute)) {
	case DW_FORM_exprloc:
		result = dwarf_formexprloc(attribute, &size, &data, &error);
		if (ref_ok(dwarf, result, &error, "an expression"))
			bytes = data;
		break;
	case DW_FORM_block:
	case DW_FORM_block1:
	case DW_FORM_block2:
	case DW_FORM_block4:
		result = dwarf_formblock(attribute, &block, &error);
		if (!ref_ok(dwarf, result, &error, "an expression"))
			break;
		bytes = block->bl_data;
		size = block->bl_len;
		dwarf_dealloc(dwarf->dbg, block, DW_DLA_BLOCK);
		break;
	default:
		break;
	}
	return fl_reader("expression", bytes, bytes ? (size_t)size : 0, 0);
}

/* DWARF 2 and 3 add the offset to the address of the structure. */
static struct ref_integer read_member_off(struct ref_session *dwarf, Dwarf_Attribute attribute)
{
	struct fl_reader r = read_expression(dwarf, attribute);
	if (!r.size)
		return read_constant(dwarf, attribute);
	bool plus = fl_read_u8(&r) == DW_OP_plus_uconst;
	uint64_t value = fl_read_uleb(&r);
	return (struct ref_integer){
		.value = (int64_t)value,
		.is_present = true,
		.is_known = plus && !r.error.code && !fl_reader_left(&r),
	};
}

/* clang numbers addresses in every unit of DWARF 5, also where nothing is split. */
static bool
read_indexed(struct ref_session *dwarf, Dwarf_Die die, struct fl_reader *r, uint64_t *ret)
{
	Dwarf_Addr addr;
	Dwarf_Error error = NULL;
	uint64_t index = fl_read_uleb(r);
	if (r->error.code || index > UINT32_MAX)
		return false;
	int result = dwarf_debug_addr_index_to_addr(die, index, &addr, &error);
	if (!ref_ok(dwarf, result, &error, "an address"))
		return false;
	*ret = addr;
	return true;
}

static struct ref_integer
read_location(struct ref_session *dwarf, Dwarf_Die die, Dwarf_Attribute attribute)
{
	struct fl_reader r = read_expression(dwarf, attribute);
	uint64_t addr = 0;
	bool known = false;
	switch (fl_read_u8(&r)) {
	case DW_OP_addr:
		addr = fl_read_u32(&r);
		known = true;
		break;
	case DW_OP_addrx:
	case DW_OP_GNU_addr_index:
		known = read_indexed(dwarf, die, &r, &addr);
		break;
	default:
		break;
	}
	return (struct ref_integer){
		.value = (int64_t)addr,
		.is_present = true,
		.is_known = known && !r.error.code && !fl_reader_left(&r),
	};
}

static struct ref_integer *constant_of(struct ref_facts *facts, Dwarf_Half attribute)
{
	switch (attribute) {
	case DW_AT_byte_size:
		return &facts->byte_size;
	case DW_AT_encoding:
		return &facts->encoding;
	case DW_AT_bit_size:
		return &facts->bit_size;
	case DW_AT_bit_offset:
		return &facts->bit_offset;
	case DW_AT_data_bit_offset:
		return &facts->data_bit_offset;
	case DW_AT_count:
		return &facts->count;
	case DW_AT_lower_bound:
		return &facts->lower;
	case DW_AT_upper_bound:
		return &facts->upper;
	default:
		return NULL;
	}
}

static void
read_one(struct ref_session *dwarf, Dwarf_Die die, Dwarf_Attribute attribute, struct ref_facts *f)
{
	Dwarf_Half number;
	Dwarf_Error error = NULL;
	int result = dwarf_whatattr(attribute, &number, &error);
	if (!ref_ok(dwarf, result, &error, "an attribute"))
		return;
	struct ref_integer *constant = constant_of(f, number);
	switch (number) {
	case DW_AT_name:
		f->name = ref_entry_name(dwarf, die);
		break;
	case DW_AT_type:
		f->has_type = read_reference(dwarf, attribute, &f->type_off);
		break;
	case DW_AT_specification:
	case DW_AT_abstract_origin:
		f->has_origin = read_reference(dwarf, attribute, &f->origin_off);
		break;
	case DW_AT_declaration:
		f->is_declaration = true;
		break;
	case DW_AT_external:
		f->is_external = true;
		break;
	case DW_AT_data_member_location:
		f->member_off = read_member_off(dwarf, attribute);
		break;
	case DW_AT_location:
		f->addr = read_location(dwarf, die, attribute);
		break;
	default:
		if (constant)
			*constant = read_constant(dwarf, attribute);
	}
}

void ref_entry_facts(struct ref_session *dwarf, Dwarf_Die die, struct ref_facts *ret)
{
	*ret = (struct ref_facts){ 0 };
	Dwarf_Attribute *list;
	Dwarf_Signed count;
	Dwarf_Error error = NULL;
	int result = dwarf_attrlist(die, &list, &count, &error);
	if (!ref_ok(dwarf, result, &error, entry_name))
		return;
	for (Dwarf_Signed i = 0; i < count; i++) {
		read_one(dwarf, die, list[i], ret);
		dwarf_dealloc(dwarf->dbg, list[i], DW_DLA_ATTR);
	}
	dwarf_dealloc(dwarf->dbg, list, DW_DLA_LIST);
}
