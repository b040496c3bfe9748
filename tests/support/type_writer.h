/* SPDX-License-Identifier: Apache-2.0 */
/** @file Writes the debug information of types, DWARF 4, for tests. */
#ifndef SUPPORT_TYPE_WRITER_H
#define SUPPORT_TYPE_WRITER_H

#include "support/elf_writer.h"

/** Zero-initialise. Types are numbers that the functions return; structures may nest. */
struct type_writer {
	struct bytes info;
	uint32_t u8, u32, i32, pointer;
};

void types_begin(struct type_writer *t);

/** Open a structure or union; @p name "": an anonymous one. Close with types_up(). */
uint32_t types_structure(struct type_writer *t, const char *name, uint32_t size);
uint32_t types_union(struct type_writer *t, const char *name, uint32_t size);
void types_member(struct type_writer *t, const char *name, uint32_t type, uint32_t off);
void types_up(struct type_writer *t);

uint32_t types_array(struct type_writer *t, uint32_t type, uint32_t count);
void types_typedef(struct type_writer *t, const char *name, uint32_t type);

/** Add the sections, and free. */
void types_end(struct type_writer *t, struct elf_writer *elf);

#endif
