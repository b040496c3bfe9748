/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Writes debugging information entries of any shape for tests, also ones that no compiler writes:
 * every entry has an abbreviation of its own.
 */
#ifndef SUPPORT_DIE_WRITER_H
#define SUPPORT_DIE_WRITER_H

#include "support/elf_writer.h"

/** Forms that dies_add() knows (DWARF 5, 7.5.6). */
enum {
	DIE_ADDR = 0x01,
	DIE_BLOCK = 0x09, /**< exprlocs and blocks take bytes and size */
	DIE_BLOCK1 = 0x0a,
	DIE_DATA1 = 0x0b,
	DIE_DATA2 = 0x05,
	DIE_DATA4 = 0x06,
	DIE_DATA8 = 0x07,
	DIE_UDATA = 0x0f,
	DIE_SDATA = 0x0d,
	DIE_STRING = 0x08, /**< takes bytes, NUL-terminated */
	DIE_REF4 = 0x13,   /**< takes an offset of dies_add(), in the same unit */
	DIE_REF_ADDR = 0x10,
	DIE_REF_SIG8 = 0x20,
	DIE_FLAG = 0x19, /**< present */
	DIE_EXPRLOC = 0x18,
	DIE_IMPLICIT_CONST = 0x21,
};

struct die_attribute {
	unsigned name, form;
	int64_t value;
	const char *bytes;
	size_t size;
};

struct die_writer {
	struct bytes abbrev, info;
	unsigned code;     /**< the last one given out */
	unsigned version;  /**< of the units; 0: 5 */
	unsigned language; /**< 0: C99 */
	size_t unit_off;   /**< of the open unit */
	size_t last_ref;   /**< where the last reference was written: for dies_refer() */
};

/** Open a unit: DW_TAG_compile_unit 0x11, DW_TAG_partial_unit 0x3c; without a line table. */
void dies_unit(struct die_writer *w, unsigned tag);
void dies_unit_end(struct die_writer *w);

/**
 * Write an entry. With @p children it is open until dies_up().
 * @param attributes end with one of name 0.
 * @return its offset in .debug_info.
 */
uint32_t
dies_add(struct die_writer *w, unsigned tag, bool children, const struct die_attribute *attributes);
void dies_up(struct die_writer *w);

/** Let the reference that was written last, at @p ref = w->last_ref, lead to @p off instead. */
void dies_refer(struct die_writer *w, size_t ref, uint32_t off);

/** Add the sections, and free. */
void dies_end(struct die_writer *w, struct elf_writer *elf);

#endif
