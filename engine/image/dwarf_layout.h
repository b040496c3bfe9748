/* SPDX-License-Identifier: Apache-2.0 */
/** @file What the readers of types share. */
#ifndef IMAGE_DWARF_LAYOUT_H
#define IMAGE_DWARF_LAYOUT_H

#include "image/dwarf_notes.h"

struct fl_layout_reader {
	struct fl_dwarf *dwarf;
	struct fl_debug_info *info;
	struct fl_intern offsets;  /**< of structures: where in .debug_info */
	struct fl_vec seen;        /**< struct fl_layout_seen, of each of these */
	struct fl_intern contents; /**< what makes two of info->structs alike */
	struct fl_intern aliases;  /**< the same of info->aliases */
	struct fl_intern variables;
	uint32_t depth; /**< of structures inside structures */
	uint32_t steps;
	bool full; /**< no structure more */
};

struct fl_layout_seen {
	uint32_t index; /**< in info->structs, or FL_NO_INDEX */
	bool begun;
};

/** Whether one more entry may be looked at. */
bool fl_layout_step(struct fl_layout_reader *r);

/** Number of the structure at that offset in r->seen, or FL_NO_INDEX when memory is out. */
uint32_t fl_layout_number(struct fl_layout_reader *r, uint64_t off);

/**
 * The type at that offset. Structures in it are kept; what a pointer points at is not, and its
 * `structure` is a number as of fl_layout_number() until fl_layout_link().
 */
struct fl_debug_type fl_layout_type(struct fl_layout_reader *r, uint64_t off);

/** The structure that a type is behind its names and qualifiers; false: it is none. */
bool fl_layout_structure_at(struct fl_layout_reader *r, uint64_t off, struct fl_dwarf_entry *ret);

/** Keep a structure and those inside it. @return its index in info->structs or FL_NO_INDEX. */
uint32_t fl_layout_structure(struct fl_layout_reader *r, const struct fl_dwarf_entry *e);

/** Let pointers point at the structures that were kept. */
void fl_layout_link(struct fl_layout_reader *r);

#endif
