/* SPDX-License-Identifier: Apache-2.0 */
/** @file What the readers of one compilation unit share. */
#ifndef LIBDWARF_READER_UNIT_H
#define LIBDWARF_READER_UNIT_H

#include "support/libdwarf_reader/dwarf_session.h"

struct ref_notes;

struct ref_unit {
	struct ref_session *dwarf;
	struct fl_debug_info *info;
	struct fl_intern *strings;
	struct ref_notes *notes;
	Dwarf_Die die;
	uint32_t number;
	Dwarf_Half version;
	bool plain;         /**< C or assembly */
	uint64_t base_addr; /**< DW_AT_low_pc: base of range lists before DWARF 5 */
	const char *comp_dir;
	Dwarf_Line_Context lines;         /**< NULL: has no line table */
	Dwarf_Unsigned line_version;      /**< of the table, which may differ from the unit's */
	Dwarf_Signed file_base, file_end; /**< file numbers are [base, end) */
	uint32_t *file_ids; /**< string offset + 1 of each file, 0 = not asked for yet */
};

/** The attributes of one DIE that matter here. */
struct ref_attributes {
	const char *name;
	const char *linkage;
	const char *comp_dir;
	uint64_t origin_off;
	bool has_origin;
	bool external;
	bool has_low, has_high, high_is_size;
	uint64_t low, high;
	uint32_t first_range, range_count; /**< in info->ranges: DW_AT_ranges, or low and high */
	uint64_t language;
	uint64_t call_file, call_line, call_column;
};

/** Read them; ranges are appended to info->ranges when @p want_ranges. */
void ref_attributes(struct ref_unit *unit, Dwarf_Die die, bool want_ranges,
		    struct ref_attributes *ret);

/** The value of an attribute that is a constant; false for a negative one. */
bool ref_number(struct ref_unit *unit, Dwarf_Attribute attribute, uint64_t *ret);

/** Append the entries of a DW_AT_ranges attribute that are plausible. */
void ref_ranges(struct ref_unit *unit, Dwarf_Die die, Dwarf_Attribute attribute);

/** Append [low, high) if it is one. */
void ref_add_range(struct ref_unit *unit, uint64_t low, uint64_t high);

/** Open and close the line table; a unit without one is fine. */
void ref_lines_open(struct ref_unit *unit);
void ref_lines_close(struct ref_unit *unit);

/** String offset of a file's path; 0 = unknown. */
uint32_t ref_file(struct ref_unit *unit, uint64_t number);

/** Append all sequences. */
void ref_lines_read(struct ref_unit *unit);

/** Append the enumerators of a DW_TAG_enumeration_type, if they are of those that matter. */
void ref_enumeration_read(struct ref_unit *unit, Dwarf_Die type);

/** Walk the tree below the unit's DIE. */
void ref_tree_read(struct ref_unit *unit);

#endif
