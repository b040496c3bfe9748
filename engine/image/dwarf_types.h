/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Layouts of the structures and places of the variables in model/kernel_types.h.
 *
 * Entries are noted by their names while the units are walked and read afterwards: references lead
 * into units that come later, and what hundreds of units repeat is read once.
 */
#ifndef IMAGE_DWARF_TYPES_H
#define IMAGE_DWARF_TYPES_H

#include "image/dwarf_entry.h"
#include "image/dwarf_unit.h"

struct fl_dwarf_noted {
	uint64_t off;
	uint32_t key;
	Dwarf_Half tag;
};

struct fl_dwarf_notes {
	struct fl_vec entries; /**< struct fl_dwarf_noted, in order of appearance */
	/** Entries of one key are copies: same name, size and place in the source. */
	struct fl_intern keys;
	struct fl_intern types; /**< offsets of types that variables have */
	struct fl_vec wanted;   /**< bool of each of these: a structure that is kept, or an array */
};

struct fl_dwarf_notes fl_dwarf_notes_init(void);
void fl_dwarf_notes_deinit(struct fl_dwarf_notes *notes);

/**
 * Note a structure, typedef or variable outside functions, if its name is wanted; a variable also
 * if it is such a structure or an array of them.
 */
void fl_dwarf_note(struct fl_dwarf_unit *unit, Dwarf_Die die, Dwarf_Half tag, uint64_t off);

/** Read what was noted, into structs, fields, aliases and variables of @p info. */
void fl_dwarf_types_read(struct fl_dwarf *dwarf, const struct fl_dwarf_notes *notes,
			 struct fl_debug_info *info);

/** Whether members can lie below an entry of this tag. */
bool fl_dwarf_is_structure(Dwarf_Half tag);

/** A type that only gives another one a name or a qualifier. */
bool fl_dwarf_is_transparent(Dwarf_Half tag);

#endif
