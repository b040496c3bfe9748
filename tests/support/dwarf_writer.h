/* SPDX-License-Identifier: Apache-2.0 */
/** @file Writes small DWARF 4 sections for tests: units, functions, inlined calls, lines, frames.
 */
#ifndef SUPPORT_DWARF_WRITER_H
#define SUPPORT_DWARF_WRITER_H

#include "support/elf_writer.h"

struct dwarf_writer {
	struct bytes abbrev, info, line, frame;
	size_t unit_off;   /**< of the open unit's length field */
	size_t line_off;   /**< of the open line table's */
	uint32_t row_addr; /**< state of the line program */
	int32_t row_line;
	bool in_sequence;
};

void dwarf_free(struct dwarf_writer *w);
#define DWARF_AUTO __attribute__((__cleanup__(dwarf_free))) struct dwarf_writer

/** DW_LANG_C99 is 0x0c, DW_LANG_C_plus_plus 0x04. Files: 1 = @p name, 2 = "inc/util.h". */
void dwarf_unit(struct dwarf_writer *w, const char *name, unsigned language);
void dwarf_unit_end(struct dwarf_writer *w);

/** Open a function with code. @return its offset in .debug_info. Close with dwarf_up(). */
uint32_t dwarf_function(struct dwarf_writer *w, const char *name, uint32_t addr, uint32_t size);
/** The same, not external (static). */
uint32_t
dwarf_static_function(struct dwarf_writer *w, const char *name, uint32_t addr, uint32_t size);
/** A function that only exists inlined. */
uint32_t dwarf_abstract(struct dwarf_writer *w, const char *name);
/** A member function's declaration, and its definition elsewhere (open). */
uint32_t dwarf_declaration(struct dwarf_writer *w, const char *name, const char *linkage);
uint32_t
dwarf_definition(struct dwarf_writer *w, uint32_t declaration, uint32_t addr, uint32_t size);
/** An inlined call (open). @p unit_relative origin is an offset that one of the above returned. */
void dwarf_inlined(struct dwarf_writer *w, uint32_t origin, uint32_t addr, uint32_t size,
		   unsigned call_file, unsigned call_line);
void dwarf_namespace(struct dwarf_writer *w, const char *name); /**< NULL: anonymous; open */
void dwarf_class(struct dwarf_writer *w, const char *name);     /**< NULL: a closure; open */
void dwarf_block(struct dwarf_writer *w);                       /**< lexical block; open */
void dwarf_up(struct dwarf_writer *w);                          /**< end of children */

/** A row; the first one of a sequence may have any address. */
void dwarf_row(struct dwarf_writer *w, uint32_t addr, unsigned file, unsigned line);
void dwarf_row_end(struct dwarf_writer *w, uint32_t addr);

/** .debug_frame: push {r4, lr} after two bytes, i.e. CFA = sp, then sp + 8. */
void dwarf_frame(struct dwarf_writer *w, uint32_t addr, uint32_t size);
/** With these instructions instead. */
void dwarf_frame_of(struct dwarf_writer *w, uint32_t addr, uint32_t size, const void *instructions,
		    size_t instructions_size);

/** Add the sections. */
void dwarf_end(struct dwarf_writer *w, struct elf_writer *elf);

#endif
