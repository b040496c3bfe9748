/* SPDX-License-Identifier: Apache-2.0 */
#include "image/dwarf_entry.h"

static struct fl_dwarf_integer constant(const struct fl_dwarf_value *v)
{
	struct fl_dwarf_integer ret = { .is_present = true };
	ret.is_known = fl_form_constant(v, &ret.value);
	return ret;
}

/* Over a DWARF expression; over nothing when it is none. */
static struct fl_cursor expression(const struct fl_dwarf_value *v)
{
	switch (v->form) {
	case DW_FORM_exprloc:
	case DW_FORM_block:
	case DW_FORM_block1:
	case DW_FORM_block2:
	case DW_FORM_block4:
		return fl_cursor(v->bytes, (size_t)v->number);
	default:
		return fl_cursor(NULL, 0);
	}
}

/* DWARF 2 and 3 add the offset to the address of the structure. */
static struct fl_dwarf_integer member_off(const struct fl_dwarf_value *v)
{
	struct fl_cursor c = expression(v);
	if (!fl_cursor_left(&c))
		return constant(v);
	bool plus = fl_cursor_u8(&c) == DW_OP_plus_uconst;
	uint64_t value = fl_cursor_uleb(&c);
	return (struct fl_dwarf_integer){
		.value = (int64_t)value,
		.is_present = true,
		.is_known = plus && !c.failed && !fl_cursor_left(&c),
	};
}

/* clang numbers addresses in every unit of DWARF 5, also where nothing is split. */
static struct fl_dwarf_integer
location(const struct fl_dwarf *s, const struct fl_dwarf_unit *unit, const struct fl_dwarf_value *v)
{
	struct fl_cursor c = expression(v);
	uint64_t addr = 0;
	bool known = false;
	switch (fl_cursor_u8(&c)) {
	case DW_OP_addr:
		addr = fl_cursor_u32(&c);
		known = true;
		break;
	case DW_OP_addrx:
	case DW_OP_GNU_addr_index:
		known = fl_dwarf_addr_number(s, unit, fl_cursor_uleb(&c), &addr);
		break;
	default:
		break;
	}
	return (struct fl_dwarf_integer){
		.value = (int64_t)addr,
		.is_present = true,
		.is_known = known && !c.failed && !fl_cursor_left(&c),
	};
}

static struct fl_dwarf_integer *constant_of(struct fl_dwarf_facts *facts, uint16_t attribute)
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
	case DW_AT_decl_file:
		return &facts->file;
	case DW_AT_decl_line:
		return &facts->line;
	default:
		return NULL;
	}
}

static void read_one(const struct fl_dwarf *s, const struct fl_dwarf_unit *unit, uint16_t attribute,
		     const struct fl_dwarf_value *v, struct fl_dwarf_facts *f)
{
	struct fl_dwarf_integer *number = constant_of(f, attribute);
	switch (attribute) {
	case DW_AT_name:
		f->name = fl_form_text(s, unit, v);
		break;
	case DW_AT_type:
		f->has_type = fl_form_reference(unit, v, &f->type_off);
		break;
	case DW_AT_specification:
	case DW_AT_abstract_origin:
		f->has_origin = fl_form_reference(unit, v, &f->origin_off);
		break;
	case DW_AT_declaration:
		f->is_declaration = fl_form_flag(v);
		break;
	case DW_AT_external:
		f->is_external = fl_form_flag(v);
		break;
	case DW_AT_data_member_location:
		f->member_off = member_off(v);
		break;
	case DW_AT_location:
		f->addr = location(s, unit, v);
		break;
	default:
		if (number)
			*number = constant(v);
	}
}

void fl_dwarf_entry_facts(const struct fl_dwarf *s, const struct fl_dwarf_entry *e,
			  struct fl_dwarf_facts *ret)
{
	struct fl_cursor c = e->attributes;
	const struct fl_abbrev *a = e->abbrev;
	*ret = (struct fl_dwarf_facts){ 0 };
	for (size_t i = 0; i < a->attribute_count; i++) {
		struct fl_dwarf_value v = fl_abbrev_read(&c, e->unit->abbrevs, &a->attributes[i]);
		read_one(s, e->unit, a->attributes[i].name, &v, ret);
	}
}
