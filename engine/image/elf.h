/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * ELF32 little-endian Arm, from bytes: header, sections, program headers.
 *
 * Everything is borrowed from the input and bounds-checked; nothing is assumed to be aligned,
 * because an embedded ELF begins at any offset of its host.
 */
#ifndef IMAGE_ELF_H
#define IMAGE_ELF_H

#include "base/arena.h"
#include "model/finding.h"

#include <stdbool.h>

/* System V gABI chapters 4 and 5; AAELF32 for the Arm values. */
enum {
	FL_ET_REL = 1,
	FL_ET_EXEC = 2,
	FL_ET_DYN = 3,
	FL_ET_CORE = 4,
	FL_PT_LOAD = 1,
	FL_PT_NOTE = 4,
	FL_PF_X = 1,
	FL_PF_W = 2,
	FL_SHT_NULL = 0,
	FL_SHT_PROGBITS = 1,
	FL_SHT_SYMTAB = 2,
	FL_SHT_STRTAB = 3,
	FL_SHT_NOTE = 7,
	FL_SHT_NOBITS = 8,
	FL_SHT_ARM_EXIDX = 0x70000001,
	FL_SHT_ARM_ATTRIBUTES = 0x70000003,
	FL_SHF_WRITE = 1 << 0,
	FL_SHF_ALLOC = 1 << 1,
	FL_SHF_EXECINSTR = 1 << 2,
	FL_SHF_COMPRESSED = 1 << 11,
	FL_SHN_UNDEF = 0,
	FL_SHN_LORESERVE = 0xff00,
	FL_SHN_ABS = 0xfff1,
	FL_SHN_XINDEX = 0xffff,
};

struct fl_section {
	const char *name; /**< borrowed; "" where the string table does not hold it */
	uint32_t type;
	uint32_t flags;
	uint32_t addr;
	uint32_t off;  /**< in the file */
	uint32_t size; /**< in target memory; for NOBITS nothing of it is in the file */
	uint32_t link;
	uint32_t info;
	const uint8_t
		*bytes; /**< @ref size bytes; NULL for NOBITS and for contents outside the file */
};

struct fl_segment {
	uint32_t type;
	uint32_t flags;
	uint32_t addr; /**< p_vaddr */
	uint32_t off;
	uint32_t file_size;
	uint32_t size;        /**< in target memory */
	const uint8_t *bytes; /**< @ref file_size bytes, or NULL */
};

struct fl_elf {
	const char *name; /**< of the module, for messages */
	const uint8_t *bytes;
	size_t size;
	uint16_t type;
	struct fl_section *sections; /**< index = section number; [0] is the null section */
	size_t section_count;
	struct fl_segment *segments;
	size_t segment_count;
};

/**
 * @param bytes borrowed as long as @p ret is used.
 * @retval FL_EFORMAT      not an ELF file, or its headers lie outside the file; `at` is the file
 * offset.
 * @retval FL_EUNSUPPORTED 64-bit, big-endian, another machine, or a process core.
 * @retval FL_ENOMEM
 *
 * A section or segment whose *contents* lie outside the file is a finding.
 */
FL_MUST_CHECK enum fl_code fl_elf_open(const char *name, const void *bytes, size_t size,
				       struct fl_arena *arena, struct fl_findings *findings,
				       struct fl_elf *ret, struct fl_error *err);

/** First section of that name with contents, or NULL. */
const struct fl_section *fl_elf_section(const struct fl_elf *elf, const char *name);

/** Whether the section occupies target memory and holds instructions. */
bool fl_section_is_code(const struct fl_section *section);

/**
 * File contents at a target address (allocated sections, then loadable segments), or NULL when
 * not all of @p size bytes are there.
 */
const uint8_t *fl_elf_at(const struct fl_elf *elf, uint32_t addr, uint32_t size);

#endif
