/* SPDX-License-Identifier: Apache-2.0 */
/** @file What the readers of types share. */
#ifndef LIBDWARF_READER_LAYOUT_H
#define LIBDWARF_READER_LAYOUT_H

#include "support/libdwarf_reader/dwarf_types.h"

struct ref_layout_reader {
	struct ref_session *dwarf;
	struct fl_debug_info *info;
	struct fl_intern offsets;  /**< of structures: where in .debug_info */
	struct fl_vec seen;        /**< struct ref_layout_seen, of each of these */
	struct fl_intern contents; /**< what makes two of info->structs alike */
	struct fl_intern aliases;  /**< the same of info->aliases */
	struct fl_intern variables;
	uint32_t depth; /**< of structures inside structures */
	uint32_t steps;
	bool full; /**< no structure more */
};

struct ref_layout_seen {
	uint32_t index; /**< in info->structs, or FL_NO_INDEX */
	bool begun;
};

/** Whether one more entry may be looked at. */
bool ref_layout_step(struct ref_layout_reader *r);

/** Number of the structure at that offset in r->seen, or FL_NO_INDEX when memory is out. */
uint32_t ref_layout_number(struct ref_layout_reader *r, uint64_t off);

/**
 * The type at that offset. Structures in it are kept; what a pointer points at is not, and its
 * `structure` is a number as of ref_layout_number() until ref_layout_link().
 */
struct fl_debug_type ref_layout_type(struct ref_layout_reader *r, uint64_t off);

/** The structure that a type is behind its names and qualifiers; NULL: it is none. */
Dwarf_Die ref_layout_structure_at(struct ref_layout_reader *r, uint64_t off);

/** Keep a structure and those inside it. @return its index in info->structs or FL_NO_INDEX. */
uint32_t ref_layout_structure(struct ref_layout_reader *r, Dwarf_Die die);

/** Let pointers point at the structures that were kept. */
void ref_layout_link(struct ref_layout_reader *r);

#endif
