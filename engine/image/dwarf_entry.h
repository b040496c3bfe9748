/* SPDX-License-Identifier: Apache-2.0 */
/** @file One debugging information entry: its neighbours, and what it says of data and types. */
#ifndef IMAGE_DWARF_ENTRY_H
#define IMAGE_DWARF_ENTRY_H

#include "image/dwarf_session.h"

/** First child and next sibling; NULL: there is none. Release with fl_dwarf_entry_free(). */
Dwarf_Die fl_dwarf_entry_child(struct fl_dwarf *dwarf, Dwarf_Die die);
Dwarf_Die fl_dwarf_entry_sibling(struct fl_dwarf *dwarf, Dwarf_Die die);

/** The entry at that offset of .debug_info, whichever unit it lies in; NULL: none does. */
Dwarf_Die fl_dwarf_entry_at(struct fl_dwarf *dwarf, uint64_t off);

/** NULL is allowed. */
void fl_dwarf_entry_free(struct fl_dwarf *dwarf, Dwarf_Die die);

/** DW_AT_name, borrowed from the image; NULL: has none. */
const char *fl_dwarf_entry_name(struct fl_dwarf *dwarf, Dwarf_Die die);

bool fl_dwarf_entry_has(struct fl_dwarf *dwarf, Dwarf_Die die, Dwarf_Half attribute);

/** DW_TAG_..., 0 when it cannot be read. */
Dwarf_Half fl_dwarf_entry_tag(struct fl_dwarf *dwarf, Dwarf_Die die);

/** Offset in .debug_info. */
bool fl_dwarf_entry_off(struct fl_dwarf *dwarf, Dwarf_Die die, uint64_t *ret);

/** An attribute that says a number, or says it in a way that is none before run time. */
struct fl_dwarf_integer {
	int64_t value;
	bool is_present;
	bool is_known;
};

/** What an entry of a type, member or variable says. */
struct fl_dwarf_facts {
	const char *name;
	uint64_t type_off, origin_off; /**< in .debug_info */
	bool has_type;
	bool has_origin; /**< DW_AT_specification or DW_AT_abstract_origin */
	bool is_declaration, is_external;
	struct fl_dwarf_integer byte_size, encoding;
	struct fl_dwarf_integer member_off; /**< DW_AT_data_member_location */
	struct fl_dwarf_integer bit_size, bit_offset, data_bit_offset;
	struct fl_dwarf_integer count, lower, upper;
	struct fl_dwarf_integer addr; /**< DW_AT_location, where it is one address */
};

/** One attribute of those; costs less than all of them. */
struct fl_dwarf_integer
fl_dwarf_entry_integer(struct fl_dwarf *dwarf, Dwarf_Die die, Dwarf_Half attribute);

void fl_dwarf_entry_facts(struct fl_dwarf *dwarf, Dwarf_Die die, struct fl_dwarf_facts *ret);

#endif
