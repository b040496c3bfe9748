/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Layouts of the structures and places of the variables in model/kernel_types.h.
 *
 * Entries are noted by their names while the units are walked and read afterwards: references lead
 * into units that come later, and what hundreds of units repeat is read once.
 */
#ifndef LIBDWARF_READER_TYPES_H
#define LIBDWARF_READER_TYPES_H

#include "support/libdwarf_reader/dwarf_entry.h"
#include "support/libdwarf_reader/dwarf_unit.h"

struct ref_noted {
	uint64_t off;
	uint32_t key;
	Dwarf_Half tag;
};

struct ref_notes {
	struct fl_vec entries; /**< struct ref_noted, in order of appearance */
	/** Entries of one key are copies: same name, size and place in the source. */
	struct fl_intern keys;
	struct fl_intern types; /**< offsets of types that variables have */
	struct fl_vec wanted;   /**< bool of each of these: a structure that is kept, or an array */
};

struct ref_notes ref_notes_init(void);
void ref_notes_deinit(struct ref_notes *notes);

/**
 * Note a structure, typedef or variable outside functions, if its name is wanted; a variable also
 * if it is such a structure or an array of them.
 */
void ref_note(struct ref_unit *unit, Dwarf_Die die, Dwarf_Half tag, uint64_t off);

/** Read what was noted, into structs, fields, aliases and variables of @p info. */
void ref_types_read(struct ref_session *dwarf, const struct ref_notes *notes,
		    struct fl_debug_info *info);

/** Whether members can lie below an entry of this tag. */
bool ref_is_structure(Dwarf_Half tag);

/** A type that only gives another one a name or a qualifier. */
bool ref_is_transparent(Dwarf_Half tag);

#endif
