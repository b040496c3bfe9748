/* SPDX-License-Identifier: Apache-2.0 */
/** @file The parts of the pass: lines, ranges, the tree of a unit, and afterwards types. */
#ifndef IMAGE_DWARF_READ_H
#define IMAGE_DWARF_READ_H

#include "image/dwarf_entry.h"

struct fl_line_file {
	const char *name; /**< NULL: cannot be read */
	uint64_t dir;
	uint32_t id; /**< string offset of its path + 1; 0 = not asked for yet */
};

/** The line table of a unit; empty where it has none. */
struct fl_line_table {
	struct fl_dwarf *dwarf;
	const struct fl_dwarf_unit *unit;
	struct fl_cursor program;
	const uint8_t *operand_counts; /**< of standard opcodes 1 to opcode_base - 1 */
	struct fl_vec dirs;            /**< const char * */
	struct fl_vec files;           /**< struct fl_line_file */
	uint16_t version;              /**< which may differ from the unit's */
	uint8_t instruction_size;      /**< smallest */
	uint8_t operations;            /**< of one instruction */
	uint8_t line_range, opcode_base;
	int8_t line_base;
};

/** Read the header; with a finding when it is damaged, and the table is empty then. */
void fl_line_table_init(struct fl_line_table *t, struct fl_dwarf *s,
			const struct fl_dwarf_unit *unit);
void fl_line_table_deinit(struct fl_line_table *t);

/** String offset of a file's path; 0 = unknown. */
uint32_t fl_line_table_file(struct fl_line_table *t, uint64_t number);

/** Add the file that an entry of the old form describes; false: there is none. */
bool fl_line_table_define(struct fl_line_table *t, struct fl_cursor *c);

/** Run the program and append all sequences. */
void fl_line_table_rows(struct fl_line_table *t);

/** Append the entries of DW_AT_ranges to debug->ranges, as far as they are plausible. */
void fl_dwarf_ranges(struct fl_dwarf *s, const struct fl_dwarf_unit *unit,
		     const struct fl_dwarf_value *v);

/** Append [low, high) if it is a range. */
void fl_dwarf_add_range(struct fl_dwarf *s, uint64_t low, uint64_t high);

/** Walk the tree below the unit's entry. */
void fl_dwarf_tree(struct fl_dwarf *s, const struct fl_dwarf_unit *unit,
		   struct fl_line_table *lines);

/** Append the enumerators of a DW_TAG_enumeration_type, if they are of those that matter. */
void fl_dwarf_enumeration(struct fl_dwarf *s, const struct fl_dwarf_entry *type);

/** Read what was noted into structs, fields, aliases and variables. */
void fl_dwarf_types(struct fl_dwarf *s);

#endif
