/* SPDX-License-Identifier: Apache-2.0 */
#include "support/libdwarf_reader/reader.h"

#include <stdlib.h>

static void add_family(struct libdwarf_reader *r, Dwarf_Die die, uint64_t parent_off)
{
	uint64_t off = ref_off(die);
	said_add(&r->families,
		 &(struct ref_family){ off, parent_off, (unsigned)r->units.count - 1 });
	for (Dwarf_Die d = ref_child(die); d; d = ref_sibling(r->dbg, d))
		add_family(r, d, off);
}

/* DWARF 5, table 7.17, and the vendor's code for assembly. */
static bool is_c(Dwarf_Die unit)
{
	switch (ref_number_or(unit, DW_AT_language, 0)) {
	case DW_LANG_C:
	case DW_LANG_C89:
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

static bool next_unit(Dwarf_Debug dbg)
{
	Dwarf_Unsigned n[3];
	Dwarf_Half half[5];
	Dwarf_Off abbreviations;
	Dwarf_Sig8 signature;
	return dwarf_next_cu_header_d(dbg, true, &n[0], &half[0], &abbreviations, &half[1],
				      &half[2], &half[3], &signature, &n[1], &n[2], &half[4],
				      NULL) == DW_DLV_OK;
}

void ref_read_families(struct libdwarf_reader *r)
{
	while (next_unit(r->dbg)) {
		struct ref_unit unit = { .number = (unsigned)r->units.count };
		unit.die = ref_sibling(r->dbg, NULL);
		unit.in_c = is_c(unit.die);
		said_add(&r->units, &unit);
		add_family(r, unit.die, 0);
	}
}

static int by_off(const void *a, const void *b)
{
	const struct ref_family *x = a;
	const struct ref_family *y = b;
	return (x->off > y->off) - (x->off < y->off);
}

const struct ref_family *ref_family_of(const struct libdwarf_reader *r, Dwarf_Die die)
{
	struct ref_family key = { .off = ref_off(die) };
	return bsearch(&key, r->families.data, r->families.count, sizeof(key), by_off);
}
