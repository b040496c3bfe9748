/* SPDX-License-Identifier: Apache-2.0 */
/** @file What the parts of the reader share. */
#ifndef LIBDWARF_READER_READER_H
#define LIBDWARF_READER_READER_H

#include "support/libdwarf_reader/entry.h"
#include "support/libdwarf_reader/said.h"

struct libdwarf_reader {
	int fd;
	Dwarf_Debug dbg;
	struct said said;
	struct fl_vec units;    /**< struct ref_unit */
	struct fl_vec families; /**< struct ref_family, ascending */
};

struct ref_unit {
	unsigned number;
	Dwarf_Die die;
	bool in_c; /**< or assembly */
	char **files;
	Dwarf_Signed file_count;
	Dwarf_Unsigned line_version;
};

/** Where in the tree the walk is. */
struct ref_place {
	const struct ref_unit *unit;
	const char *path;  /**< of scopes */
	uint64_t function; /**< offset of the innermost, or 0 */
	size_t call;       /**< number of the innermost inlined one, or SAID_NONE */
};

/** Which entry stands in which. */
struct ref_family {
	uint64_t off, parent_off;
	unsigned unit;
};

/** Offsets of all units and of all that is in them. */
void ref_read_families(struct libdwarf_reader *r);
const struct ref_family *ref_family_of(const struct libdwarf_reader *r, Dwarf_Die die);

/** The name of a function with all that it stands in, as demanglers write it; NULL: has none. */
const char *ref_qualified(struct libdwarf_reader *r, Dwarf_Die function);

/** Where the code of an entry is. */
struct said_ranges ref_code(struct libdwarf_reader *r, const struct ref_unit *unit, Dwarf_Die die);

/** Open the line table of a unit, and say its rows. */
void ref_read_lines(struct libdwarf_reader *r, struct ref_unit *unit);

/** The path of a file as the line table numbers it; NULL: unknown. */
const char *ref_file(const struct ref_unit *unit, int64_t number);

/** An entry that is a scope, a function or an inlined call; @p here becomes the place inside it. */
void ref_read_code(struct libdwarf_reader *r, Dwarf_Die die, struct ref_place *here);

/** An entry that is a structure, a typedef, a variable or an enumerator. */
void ref_read_types(struct libdwarf_reader *r, Dwarf_Die die, bool in_function);

/** .debug_frame and .eh_frame. */
void ref_read_frames(struct libdwarf_reader *r);

#endif
