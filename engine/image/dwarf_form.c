/* SPDX-License-Identifier: Apache-2.0 */
#include "image/dwarf_form.h"

/* 7.5.6, with what GNU added for split and shared debug information. */
uint16_t fl_form_size(uint16_t form)
{
	switch (form) {
	case DW_FORM_flag_present:
	case DW_FORM_implicit_const:
		return 0;
	case DW_FORM_data1:
	case DW_FORM_ref1:
	case DW_FORM_flag:
	case DW_FORM_strx1:
	case DW_FORM_addrx1:
		return 1;
	case DW_FORM_data2:
	case DW_FORM_ref2:
	case DW_FORM_strx2:
	case DW_FORM_addrx2:
		return 2;
	case DW_FORM_strx3:
	case DW_FORM_addrx3:
		return 3;
	case DW_FORM_addr:
	case DW_FORM_data4:
	case DW_FORM_ref4:
	case DW_FORM_ref_addr:
	case DW_FORM_sec_offset:
	case DW_FORM_strp:
	case DW_FORM_line_strp:
	case DW_FORM_strx4:
	case DW_FORM_addrx4:
	case DW_FORM_ref_sup4:
	case DW_FORM_strp_sup:
	case DW_FORM_GNU_ref_alt:
	case DW_FORM_GNU_strp_alt:
		return 4;
	case DW_FORM_data8:
	case DW_FORM_ref8:
	case DW_FORM_ref_sig8:
	case DW_FORM_ref_sup8:
		return 8;
	case DW_FORM_data16:
		return 16;
	default:
		return FL_ABBREV_UNKNOWN;
	}
}

static struct fl_dwarf_value read_block(struct fl_cursor *c, uint16_t form, uint64_t size)
{
	const uint8_t *bytes = fl_cursor_bytes(c, size);
	return (struct fl_dwarf_value){ form, bytes ? size : 0, bytes };
}

static uint64_t read_fixed(struct fl_cursor *c, uint16_t size)
{
	switch (size) {
	case 1:
		return fl_cursor_u8(c);
	case 2:
		return fl_cursor_u16(c);
	case 3:
		return fl_cursor_u24(c);
	case 4:
		return fl_cursor_u32(c);
	case 8:
		return fl_cursor_u64(c);
	default:
		fl_cursor_skip(c, size);
		return 0;
	}
}

static struct fl_dwarf_value read_varying(struct fl_cursor *c, uint16_t form)
{
	struct fl_dwarf_value v = { .form = form };
	switch (form) {
	case DW_FORM_sdata:
		v.number = (uint64_t)fl_cursor_sleb(c);
		return v;
	case DW_FORM_udata:
	case DW_FORM_ref_udata:
	case DW_FORM_strx:
	case DW_FORM_addrx:
	case DW_FORM_loclistx:
	case DW_FORM_rnglistx:
	case DW_FORM_GNU_addr_index:
	case DW_FORM_GNU_str_index:
		v.number = fl_cursor_uleb(c);
		return v;
	case DW_FORM_string:
		v.bytes = (const uint8_t *)fl_cursor_cstr(c);
		return v;
	case DW_FORM_block1:
		return read_block(c, form, fl_cursor_u8(c));
	case DW_FORM_block2:
		return read_block(c, form, fl_cursor_u16(c));
	case DW_FORM_block4:
		return read_block(c, form, fl_cursor_u32(c));
	case DW_FORM_block:
	case DW_FORM_exprloc:
		return read_block(c, form, fl_cursor_uleb(c));
	default:
		c->failed = true;
		c->at = c->end;
		return (struct fl_dwarf_value){ 0 };
	}
}

struct fl_dwarf_value fl_form_read(struct fl_cursor *c, uint16_t form)
{
	if (form == DW_FORM_indirect) { /* an implicit constant has no value outside its table */
		uint64_t real = fl_cursor_uleb(c);
		bool usable = real <= UINT16_MAX && real != DW_FORM_indirect &&
			      real != DW_FORM_implicit_const;
		form = usable ? (uint16_t)real : 0;
	}
	uint16_t size = fl_form_size(form);
	if (size == FL_ABBREV_UNKNOWN)
		return read_varying(c, form);
	const uint8_t *bytes = c->at;
	return (struct fl_dwarf_value){ form, read_fixed(c, size), bytes };
}

void fl_form_skip(struct fl_cursor *c, uint16_t form)
{
	(void)fl_form_read(c, form);
}

const char *fl_form_text(const struct fl_dwarf *s, const struct fl_dwarf_unit *unit,
			 const struct fl_dwarf_value *v)
{
	const char *text = NULL;
	switch (v->form) {
	case DW_FORM_string:
		text = (const char *)v->bytes;
		break;
	case DW_FORM_strp:
		text = fl_dwarf_string(&s->str, v->number);
		break;
	case DW_FORM_line_strp:
		text = fl_dwarf_string(&s->line_str, v->number);
		break;
	case DW_FORM_strx:
	case DW_FORM_strx1:
	case DW_FORM_strx2:
	case DW_FORM_strx3:
	case DW_FORM_strx4:
		text = fl_dwarf_string_number(s, unit, v->number);
		break;
	default:
		break;
	}
	return text && text[0] ? text : NULL;
}

bool fl_form_is_addr(uint16_t form)
{
	switch (form) {
	case DW_FORM_addr:
	case DW_FORM_addrx:
	case DW_FORM_addrx1:
	case DW_FORM_addrx2:
	case DW_FORM_addrx3:
	case DW_FORM_addrx4:
	case DW_FORM_GNU_addr_index:
		return true;
	default:
		return false;
	}
}

bool fl_form_addr(const struct fl_dwarf *s, const struct fl_dwarf_unit *unit,
		  const struct fl_dwarf_value *v, uint64_t *ret)
{
	if (!fl_form_is_addr(v->form))
		return false;
	if (v->form != DW_FORM_addr)
		return fl_dwarf_addr_number(s, unit, v->number, ret);
	*ret = v->number;
	return true;
}

bool fl_form_constant(const struct fl_dwarf_value *v, int64_t *ret)
{
	switch (v->form) {
	case DW_FORM_data1:
	case DW_FORM_data2:
	case DW_FORM_data4:
	case DW_FORM_data8:
	case DW_FORM_udata:
	case DW_FORM_sdata:
	case DW_FORM_implicit_const:
		*ret = (int64_t)v->number;
		return true;
	default:
		return false;
	}
}

uint64_t fl_form_number(const struct fl_dwarf_value *v)
{
	int64_t value;
	bool is_signed = v->form == DW_FORM_sdata || v->form == DW_FORM_implicit_const;
	return fl_form_constant(v, &value) && (!is_signed || value >= 0) ? v->number : 0;
}

bool fl_form_reference(const struct fl_dwarf_unit *unit, const struct fl_dwarf_value *v,
		       uint64_t *ret)
{
	switch (v->form) {
	case DW_FORM_ref1:
	case DW_FORM_ref2:
	case DW_FORM_ref4:
	case DW_FORM_ref8:
	case DW_FORM_ref_udata:
		*ret = unit->off + v->number;
		return v->number < unit->end - unit->off;
	case DW_FORM_ref_addr:
		*ret = v->number;
		return true;
	default:
		return false;
	}
}

bool fl_form_flag(const struct fl_dwarf_value *v)
{
	return v->form == DW_FORM_flag_present || (v->form == DW_FORM_flag && v->number);
}

bool fl_form_section_off(const struct fl_dwarf_value *v, uint64_t *ret)
{
	*ret = v->number;
	return v->form == DW_FORM_sec_offset || v->form == DW_FORM_data4 ||
	       v->form == DW_FORM_data8;
}
