/* SPDX-License-Identifier: Apache-2.0 */
#include "image/dwarf_attributes.h"

/* Since DWARF 4, 2.17.2: a constant is the size. */
static void read_high(const struct fl_dwarf *s, const struct fl_dwarf_unit *unit,
		      const struct fl_dwarf_value *v, struct fl_dwarf_attributes *ret)
{
	if (fl_form_is_addr(v->form)) {
		ret->has_high = fl_form_addr(s, unit, v, &ret->high);
		return;
	}
	ret->high = fl_form_number(v);
	ret->has_high = true;
	ret->high_is_size = true;
}

static void read_one(struct fl_dwarf *s, const struct fl_dwarf_unit *unit, uint16_t attribute,
		     const struct fl_dwarf_value *v, struct fl_dwarf_attributes *ret)
{
	switch (attribute) {
	case DW_AT_name:
		ret->name = fl_form_text(s, unit, v);
		break;
	case DW_AT_linkage_name:
	case DW_AT_MIPS_linkage_name:
		ret->linkage = fl_form_text(s, unit, v);
		break;
	case DW_AT_abstract_origin:
	case DW_AT_specification:
		ret->has_origin = fl_form_reference(unit, v, &ret->origin_off);
		break;
	case DW_AT_external:
		ret->external = fl_form_flag(v);
		break;
	case DW_AT_low_pc:
		ret->has_low = fl_form_addr(s, unit, v, &ret->low);
		break;
	case DW_AT_high_pc:
		read_high(s, unit, v, ret);
		break;
	case DW_AT_ranges:
		fl_dwarf_ranges(s, unit, v);
		break;
	case DW_AT_call_file:
		ret->call_file = fl_form_number(v);
		break;
	case DW_AT_call_line:
		ret->call_line = fl_form_number(v);
		break;
	case DW_AT_call_column:
		ret->call_column = fl_form_number(v);
		break;
	default:
		break;
	}
}

void fl_dwarf_attributes(struct fl_dwarf *s, const struct fl_dwarf_entry *e, struct fl_cursor *c,
			 struct fl_dwarf_attributes *ret)
{
	const struct fl_abbrev *a = e->abbrev;
	*ret = (struct fl_dwarf_attributes){ .first_range = (uint32_t)s->debug->ranges.count };
	*c = e->attributes;
	for (size_t i = 0; i < a->attribute_count; i++) {
		struct fl_dwarf_value v = fl_abbrev_read(c, e->unit->abbrevs, &a->attributes[i]);
		if (c->failed)
			return;
		read_one(s, e->unit, a->attributes[i].name, &v, ret);
	}
	bool listed = s->debug->ranges.count > ret->first_range;
	if (!listed && ret->has_low && ret->has_high)
		fl_dwarf_add_range(s, ret->low,
				   ret->high_is_size ? ret->low + ret->high : ret->high);
	ret->range_count = (uint32_t)s->debug->ranges.count - ret->first_range;
}
