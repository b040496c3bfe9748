/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * One entry of .debug_info through libdwarf. Nothing is freed before the file is closed, and any
 * error of libdwarf ends the program.
 */
#ifndef LIBDWARF_READER_ENTRY_H
#define LIBDWARF_READER_ENTRY_H

#include "support/libdwarf_reader/compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** First child, next sibling, and what lies at an offset; NULL: there is none. */
Dwarf_Die ref_child(Dwarf_Die die);
Dwarf_Die ref_sibling(Dwarf_Debug dbg, Dwarf_Die die);
Dwarf_Die ref_at(Dwarf_Debug dbg, uint64_t off);

uint64_t ref_off(Dwarf_Die die);
Dwarf_Half ref_tag(Dwarf_Die die);
Dwarf_Half ref_version(Dwarf_Die die);

bool ref_flag(Dwarf_Die die, Dwarf_Half attribute);

/** NULL: has none, or an empty one. */
const char *ref_text(Dwarf_Die die, Dwarf_Half attribute);
const char *ref_linkage_name(Dwarf_Die die);

/** False: has none, or one that is no constant. */
bool ref_number(Dwarf_Die die, Dwarf_Half attribute, int64_t *ret);

/** The number, or @p otherwise. */
int64_t ref_number_or(Dwarf_Die die, Dwarf_Half attribute, int64_t otherwise);

/** The entry that the attribute refers to; NULL: none, or one that only a signature leads to. */
Dwarf_Die ref_follow(Dwarf_Debug dbg, Dwarf_Die die, Dwarf_Half attribute);

/** DW_AT_abstract_origin or DW_AT_specification. */
Dwarf_Die ref_origin(Dwarf_Debug dbg, Dwarf_Die die);

/** The entry itself or the first of its origins with that attribute; NULL: none has it. */
Dwarf_Die ref_owner(Dwarf_Debug dbg, Dwarf_Die die, Dwarf_Half attribute);

/** DW_AT_name, also of an origin; NULL: has none. */
const char *ref_name(Dwarf_Debug dbg, Dwarf_Die die);

/** A location expression of one operation. */
bool ref_operation(Dwarf_Die die, Dwarf_Half attribute, Dwarf_Small *operation_ret,
		   uint64_t *operand_ret);

#endif
