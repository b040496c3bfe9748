/* SPDX-License-Identifier: Apache-2.0 */
/** @file One debugging information entry: its neighbours, and what it says. */
#ifndef IMAGE_DWARF_ENTRY_H
#define IMAGE_DWARF_ENTRY_H

#include "image/dwarf_form.h"

struct fl_dwarf_entry {
	const struct fl_dwarf_unit *unit;
	const struct fl_abbrev *abbrev; /**< NULL: the end of a list of children */
	uint64_t off;                   /**< in .debug_info */
	struct fl_cursor attributes;    /**< up to the end of the unit */
};

/** A cursor over the rest of a unit. */
struct fl_cursor
fl_dwarf_cursor(const struct fl_dwarf *s, const struct fl_dwarf_unit *unit, uint64_t off);

/** Read an entry up to its attributes; false, with a finding, when there is none. */
bool fl_dwarf_entry_read(struct fl_dwarf *s, const struct fl_dwarf_unit *unit, struct fl_cursor *c,
			 struct fl_dwarf_entry *ret);

/** The entry at that offset of .debug_info, whichever unit it lies in; false: none does. */
bool fl_dwarf_entry_at(struct fl_dwarf *s, uint64_t off, struct fl_dwarf_entry *ret);

/** First child and next sibling; false: there is none. */
bool fl_dwarf_entry_child(struct fl_dwarf *s, const struct fl_dwarf_entry *e,
			  struct fl_dwarf_entry *ret);
bool fl_dwarf_entry_sibling(struct fl_dwarf *s, const struct fl_dwarf_entry *e,
			    struct fl_dwarf_entry *ret);

/**
 * Step over what lies below an entry. @p c stands behind the attributes of @p e. DW_AT_sibling is
 * followed where it leads forward and stays in the unit.
 * @return how many entries were stepped over.
 */
uint64_t
fl_dwarf_skip_children(struct fl_dwarf *s, const struct fl_dwarf_entry *e, struct fl_cursor *c);

/** DW_AT_name; NULL: has none. */
const char *fl_dwarf_entry_name(const struct fl_dwarf *s, const struct fl_dwarf_entry *e);

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
	struct fl_dwarf_integer file, line; /**< of its declaration */
	struct fl_dwarf_integer addr;       /**< DW_AT_location, where it is one address */
};

void fl_dwarf_entry_facts(const struct fl_dwarf *s, const struct fl_dwarf_entry *e,
			  struct fl_dwarf_facts *ret);

#endif
