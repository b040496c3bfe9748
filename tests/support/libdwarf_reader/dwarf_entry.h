/* SPDX-License-Identifier: Apache-2.0 */
/** @file One debugging information entry: its neighbours, and what it says of data and types. */
#ifndef LIBDWARF_READER_ENTRY_H
#define LIBDWARF_READER_ENTRY_H

#include "support/libdwarf_reader/dwarf_session.h"

/** First child and next sibling; NULL: there is none. Release with ref_entry_free(). */
Dwarf_Die ref_entry_child(struct ref_session *dwarf, Dwarf_Die die);
Dwarf_Die ref_entry_sibling(struct ref_session *dwarf, Dwarf_Die die);

/** The entry at that offset of .debug_info, whichever unit it lies in; NULL: none does. */
Dwarf_Die ref_entry_at(struct ref_session *dwarf, uint64_t off);

/** NULL is allowed. */
void ref_entry_free(struct ref_session *dwarf, Dwarf_Die die);

/** DW_AT_name, borrowed from the image; NULL: has none. */
const char *ref_entry_name(struct ref_session *dwarf, Dwarf_Die die);

bool ref_entry_has(struct ref_session *dwarf, Dwarf_Die die, Dwarf_Half attribute);

/** DW_TAG_..., 0 when it cannot be read. */
Dwarf_Half ref_entry_tag(struct ref_session *dwarf, Dwarf_Die die);

/** Offset in .debug_info. */
bool ref_entry_off(struct ref_session *dwarf, Dwarf_Die die, uint64_t *ret);

/** An attribute that says a number, or says it in a way that is none before run time. */
struct ref_integer {
	int64_t value;
	bool is_present;
	bool is_known;
};

/** What an entry of a type, member or variable says. */
struct ref_facts {
	const char *name;
	uint64_t type_off, origin_off; /**< in .debug_info */
	bool has_type;
	bool has_origin; /**< DW_AT_specification or DW_AT_abstract_origin */
	bool is_declaration, is_external;
	struct ref_integer byte_size, encoding;
	struct ref_integer member_off; /**< DW_AT_data_member_location */
	struct ref_integer bit_size, bit_offset, data_bit_offset;
	struct ref_integer count, lower, upper;
	struct ref_integer addr; /**< DW_AT_location, where it is one address */
};

/** One attribute of those; costs less than all of them. */
struct ref_integer
ref_entry_integer(struct ref_session *dwarf, Dwarf_Die die, Dwarf_Half attribute);

void ref_entry_facts(struct ref_session *dwarf, Dwarf_Die die, struct ref_facts *ret);

#endif
