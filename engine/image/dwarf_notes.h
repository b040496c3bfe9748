/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Layouts of the structures and places of the variables in model/kernel_types.h.
 *
 * Entries are noted by their names while the units are walked and read afterwards: what hundreds
 * of units repeat is read once.
 */
#ifndef IMAGE_DWARF_NOTES_H
#define IMAGE_DWARF_NOTES_H

#include "image/dwarf_read.h"

struct fl_dwarf_noted {
	uint64_t off;
	uint32_t key;
	uint16_t tag;
};

/** Linkers merge equal strings, so that a name of many units is one pointer. */
struct fl_dwarf_known_name {
	const char *name;
	bool is_wanted;
};

enum { FL_DWARF_KNOWN_NAMES = 4096 };

struct fl_dwarf_notes {
	struct fl_dwarf_known_name known[FL_DWARF_KNOWN_NAMES]; /**< asked lately, by address */
	struct fl_vec entries; /**< struct fl_dwarf_noted, in order of appearance */
	/** Entries of one key are copies: same name, size and place in the source. */
	struct fl_intern keys;
	struct fl_intern types; /**< offsets of types that variables have */
	struct fl_vec wanted;   /**< bool of each of these: a structure that is kept, or an array */
};

struct fl_dwarf_notes fl_dwarf_notes_init(void);
void fl_dwarf_notes_deinit(struct fl_dwarf_notes *notes);

/** Note a structure or typedef outside functions, if its name is wanted. */
void fl_dwarf_note_type(struct fl_dwarf *s, const struct fl_dwarf_entry *e,
			struct fl_line_table *lines);

/**
 * Note a variable outside functions that has a place, if its name is wanted, or if it is such a
 * structure or an array of them.
 */
void fl_dwarf_note_variable(struct fl_dwarf *s, const struct fl_dwarf_entry *e);

/** Whether members can lie below an entry of this tag. */
bool fl_dwarf_is_structure(uint16_t tag);

/** A type that only gives another one a name or a qualifier. */
bool fl_dwarf_is_transparent(uint16_t tag);

#endif
