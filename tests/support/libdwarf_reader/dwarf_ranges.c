/* SPDX-License-Identifier: Apache-2.0 */
#include "support/libdwarf_reader/dwarf_unit.h"

#include <inttypes.h>

/* Code addresses have bit 0 set where a producer took them from Thumb function pointers. */
void ref_add_range(struct ref_unit *unit, uint64_t low, uint64_t high)
{
	uint64_t size = high - low;
	if (low >= high || high > UINT64_C(1) << 32 || size > UINT32_MAX)
		return;
	struct fl_code_range range = { (uint32_t)low & ~UINT32_C(1), (uint32_t)size };
	if (!fl_vec_push(&unit->info->ranges, &range))
		unit->dwarf->out_of_memory = true;
}

static bool inside(struct ref_unit *unit, const char *section, uint64_t off)
{
	const struct fl_debug_section *s = ref_section_of(unit->dwarf, section);
	return s && off < s->size;
}

/* DWARF 5, 2.17.3. libdwarf resolves indexes and bases ("cooked"). */
static void
read_rnglist(struct ref_unit *unit, Dwarf_Attribute attribute, Dwarf_Half form, uint64_t value)
{
	Dwarf_Rnglists_Head head;
	Dwarf_Unsigned count;
	Dwarf_Unsigned off;
	Dwarf_Error error = NULL;
	/* The 2021 release adds the offset to its pointer before it looks. */
	if (form != DW_FORM_rnglistx && !inside(unit, ".debug_rnglists", value))
		return;
	int result =
		dwarf_rnglists_get_rle_head(attribute, form, value, &head, &count, &off, &error);
	if (!ref_ok(unit->dwarf, result, &error, "a list in .debug_rnglists"))
		return;
	for (Dwarf_Unsigned i = 0; i < count; i++) {
		unsigned size;
		unsigned kind;
		Dwarf_Unsigned raw[2];
		Dwarf_Unsigned low;
		Dwarf_Unsigned high;
		Dwarf_Bool no_addr;
		result = dwarf_get_rnglists_entry_fields_a(head, i, &size, &kind, &raw[0], &raw[1],
							   &no_addr, &low, &high, &error);
		if (!ref_ok(unit->dwarf, result, &error, "a list in .debug_rnglists"))
			break;
		bool is_base = kind == DW_RLE_base_address || kind == DW_RLE_base_addressx;
		if (!is_base && kind != DW_RLE_end_of_list && !no_addr)
			ref_add_range(unit, low, high);
	}
	dwarf_dealloc_rnglists_head(head);
}

/* DWARF 2 to 4, 2.17.3: pairs relative to the unit's base or to a base selected on the way. */
static void read_ranges(struct ref_unit *unit, Dwarf_Die die, uint64_t off)
{
	Dwarf_Debug dbg = unit->dwarf->dbg;
	Dwarf_Off real_off;
	Dwarf_Ranges *list;
	Dwarf_Signed count;
	Dwarf_Unsigned size;
	Dwarf_Error error = NULL;
	if (!inside(unit, ".debug_ranges", off))
		return;
	int result = dwarf_get_ranges_b(dbg, off, die, &real_off, &list, &count, &size, &error);
	if (!ref_ok(unit->dwarf, result, &error, "a list in .debug_ranges"))
		return;
	uint64_t base = unit->base_addr;
	for (Dwarf_Signed i = 0; i < count; i++) {
		if (list[i].dwr_type == DW_RANGES_ADDRESS_SELECTION)
			base = list[i].dwr_addr2;
		else if (list[i].dwr_type == DW_RANGES_ENTRY)
			ref_add_range(unit, base + list[i].dwr_addr1, base + list[i].dwr_addr2);
	}
	ref_free_ranges(dbg, list, count);
}

void ref_ranges(struct ref_unit *unit, Dwarf_Die die, Dwarf_Attribute attribute)
{
	Dwarf_Half form;
	Dwarf_Error error = NULL;
	int result = dwarf_whatform(attribute, &form, &error);
	if (!ref_ok(unit->dwarf, result, &error, "an attribute"))
		return;
	Dwarf_Unsigned value;
	Dwarf_Off off;
	if (form == DW_FORM_rnglistx || form == DW_FORM_data4 || form == DW_FORM_data8)
		result = dwarf_formudata(attribute, &value, &error);
	else if ((result = dwarf_global_formref(attribute, &off, &error)) == DW_DLV_OK)
		value = off;
	if (!ref_ok(unit->dwarf, result, &error, "a range list reference"))
		return;
	if (unit->version >= 5)
		read_rnglist(unit, attribute, form, value);
	else
		read_ranges(unit, die, value);
}
