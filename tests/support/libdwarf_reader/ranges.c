/* SPDX-License-Identifier: Apache-2.0 */
#include "support/libdwarf_reader/reader.h"

#include <stdlib.h>

static uint64_t low_of(Dwarf_Die die)
{
	Dwarf_Addr low = 0;
	dwarf_lowpc(die, &low, NULL);
	return low;
}

/* Numbers and bases of DWARF 5 are libdwarf's affair. */
static void read_new(struct fl_vec *ranges, Dwarf_Attribute a, Dwarf_Half form, uint64_t value)
{
	Dwarf_Rnglists_Head head;
	Dwarf_Unsigned count = 0;
	Dwarf_Unsigned off;
	dwarf_rnglists_get_rle_head(a, form, value, &head, &count, &off, NULL);
	for (Dwarf_Unsigned i = 0; i < count; i++) {
		unsigned size;
		unsigned kind;
		Dwarf_Unsigned raw[2];
		Dwarf_Unsigned low;
		Dwarf_Unsigned high;
		Dwarf_Bool unknown;
		dwarf_get_rnglists_entry_fields_a(head, i, &size, &kind, &raw[0], &raw[1], &unknown,
						  &low, &high, NULL);
		if (kind != DW_RLE_base_address && kind != DW_RLE_base_addressx &&
		    kind != DW_RLE_end_of_list)
			said_add(ranges, &(struct said_range){ low, high });
	}
	dwarf_dealloc_rnglists_head(head);
}

/* DWARF 4, 2.17.3: relative to the unit, until an entry selects another base. */
static void read_old(struct libdwarf_reader *r, struct fl_vec *ranges, Dwarf_Die unit, uint64_t off)
{
	Dwarf_Off real_off;
	Dwarf_Ranges *list;
	Dwarf_Signed count = 0;
	Dwarf_Unsigned size;
	uint64_t base = low_of(unit);
	dwarf_get_ranges_b(r->dbg, off, unit, &real_off, &list, &count, &size, NULL);
	for (Dwarf_Signed i = 0; i < count; i++) {
		if (list[i].dwr_type == DW_RANGES_ADDRESS_SELECTION)
			base = list[i].dwr_addr2;
		if (list[i].dwr_type == DW_RANGES_ENTRY)
			said_add(ranges, &(struct said_range){ base + list[i].dwr_addr1,
							       base + list[i].dwr_addr2 });
	}
}

static void
read_list(struct libdwarf_reader *r, struct fl_vec *ranges, Dwarf_Die unit, Dwarf_Attribute a)
{
	Dwarf_Half form;
	Dwarf_Unsigned value;
	dwarf_whatform(a, &form, NULL);
	if (form == DW_FORM_sec_offset) {
		Dwarf_Off off;
		dwarf_global_formref(a, &off, NULL);
		value = off;
	} else {
		dwarf_formudata(a, &value, NULL);
	}
	if (ref_version(unit) >= 5)
		read_new(ranges, a, form, value);
	else
		read_old(r, ranges, unit, value);
}

static void read_pair(struct fl_vec *ranges, Dwarf_Die die)
{
	Dwarf_Addr high;
	Dwarf_Half form;
	enum Dwarf_Form_Class kind;
	uint64_t low = low_of(die);
	if (dwarf_highpc_b(die, &high, &form, &kind, NULL) != DW_DLV_OK)
		return;
	said_add(ranges,
		 &(struct said_range){ low, kind == DW_FORM_CLASS_CONSTANT ? low + high : high });
}

struct said_ranges ref_code(struct libdwarf_reader *r, const struct ref_unit *unit, Dwarf_Die die)
{
	Dwarf_Attribute a;
	FL_AUTO_VEC ranges = FL_VEC(struct said_range);
	if (dwarf_attr(die, DW_AT_ranges, &a, NULL) == DW_DLV_OK)
		read_list(r, &ranges, unit->die, a);
	else
		read_pair(&ranges, die);
	return (struct said_ranges){
		fl_arena_copy(&r->said.arena, ranges.data,
			      ranges.count * sizeof(struct said_range)),
		ranges.count,
	};
}
