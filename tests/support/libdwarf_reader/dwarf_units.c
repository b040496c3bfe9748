/* SPDX-License-Identifier: Apache-2.0 */
#include "support/libdwarf_reader/dwarf_types.h"

/* DWARF 5, table 7.17, and the vendor code for assembly. */
static bool is_plain(uint64_t language)
{
	switch (language) {
	case DW_LANG_C89:
	case DW_LANG_C:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case DW_LANG_C17:
	case DW_LANG_C23:
	case DW_LANG_Mips_Assembler:
		return true;
	default:
		return false;
	}
}

static bool next_unit(struct ref_session *dwarf, Dwarf_Half *version_ret)
{
	Dwarf_Unsigned header_size;
	Dwarf_Unsigned type_off;
	Dwarf_Unsigned next_off;
	Dwarf_Off abbrev_off;
	Dwarf_Half address_size;
	Dwarf_Half length_size;
	Dwarf_Half extension_size;
	Dwarf_Half type;
	Dwarf_Sig8 signature;
	Dwarf_Error error = NULL;
	int result = dwarf_next_cu_header_d(
		dwarf->dbg, true, &header_size, version_ret, &abbrev_off, &address_size,
		&length_size, &extension_size, &signature, &type_off, &next_off, &type, &error);
	return ref_ok(dwarf, result, &error, "a unit header in .debug_info");
}

static void read_unit(struct ref_unit *unit)
{
	struct ref_attributes a;
	struct fl_unit entry = { .first_function = (uint32_t)unit->info->functions.count };
	ref_attributes(unit, unit->die, false, &a);
	unit->plain = is_plain(a.language);
	unit->base_addr = a.has_low ? a.low : 0;
	unit->comp_dir = a.comp_dir;
	unit->number = (uint32_t)unit->info->units.count;
	ref_lines_open(unit);
	ref_tree_read(unit);
	ref_lines_read(unit);
	ref_lines_close(unit);
	entry.function_count = (uint32_t)unit->info->functions.count - entry.first_function;
	if (!fl_vec_push(&unit->info->units, &entry))
		unit->dwarf->out_of_memory = true;
}

static void link_inlines(struct fl_debug_info *info)
{
	for (size_t i = 0; i < info->inlines.count; i++) {
		struct fl_debug_inline *in = fl_vec_at(&info->inlines, struct fl_debug_inline, i);
		in->decl = fl_decl_at(info, in->origin_off);
	}
}

void ref_read_units(struct ref_session *dwarf, struct fl_debug_info *info,
		    struct fl_intern *strings)
{
	Dwarf_Half version;
	struct ref_notes notes = ref_notes_init();
	while (!dwarf->out_of_memory && next_unit(dwarf, &version)) {
		struct ref_unit unit = {
			.dwarf = dwarf,
			.info = info,
			.strings = strings,
			.notes = &notes,
			.version = version,
		};
		Dwarf_Error error = NULL;
		int result = dwarf_siblingof_b(dwarf->dbg, NULL, true, &unit.die, &error);
		if (!ref_ok(dwarf, result, &error, "a unit in .debug_info"))
			continue;
		read_unit(&unit);
		dwarf_dealloc(dwarf->dbg, unit.die, DW_DLA_DIE);
	}
	link_inlines(info);
	ref_types_read(dwarf, &notes, info);
	ref_notes_deinit(&notes);
}
