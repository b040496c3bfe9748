/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Writes ELF32 Arm images for tests, independently of the parser: nothing here includes
 * engine/image, and every number is spelled out again. Broken files are made by patching what it
 * says where it put.
 */
#ifndef SUPPORT_ELF_WRITER_H
#define SUPPORT_ELF_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Growing bytes. Zero-initialised is empty; running out of memory ends the program. */
struct bytes {
	uint8_t *data;
	size_t size, room;
};

void bytes_free(struct bytes *b);
#define BYTES_AUTO __attribute__((__cleanup__(bytes_free))) struct bytes

void put(struct bytes *b, const void *data, size_t size);
void put_u8(struct bytes *b, unsigned value);
void put_u16(struct bytes *b, unsigned value);
void put_u32(struct bytes *b, uint32_t value);
void put_uleb(struct bytes *b, uint32_t value);
void put_sleb(struct bytes *b, int32_t value);
void put_text(struct bytes *b, const char *text); /**< with its NUL */
void patch_u16(struct bytes *b, size_t at, unsigned value);
void patch_u32(struct bytes *b, size_t at, uint32_t value);

enum {
	ELF_PROGBITS = 1,
	ELF_NOTE = 7,
	ELF_NOBITS = 8,
	ELF_EXIDX = 0x70000001,
	ELF_ATTRIBUTES = 0x70000003,
	ELF_W = 1,
	ELF_A = 2,
	ELF_X = 4,
	ELF_COMPRESSED = 0x800,
	ELF_ABS = 0xfff1,
	/** st_info: binding << 4 | type */
	ELF_LOCAL_FUNC = 0x02,
	ELF_LOCAL_OBJECT = 0x01,
	ELF_LOCAL_NOTYPE = 0x00,
	ELF_FUNC = 0x12,
	ELF_OBJECT = 0x11,
	ELF_NOTYPE = 0x10,
	ELF_WEAK_FUNC = 0x22,
};

struct elf_writer_section {
	char name[48];
	uint32_t type, flags, addr, size, link, info;
	struct bytes data;
	size_t data_off;   /**< in the file, after elf_end() */
	size_t header_off; /**< of its section header, after elf_end() */
};

struct elf_writer {
	struct bytes file; /**< complete after elf_end() */
	struct elf_writer_section sections[64];
	size_t count; /**< section 0 is the null section */
	struct bytes symbols, names;
	struct bytes segments; /**< program headers, complete ones */
	unsigned misalign;     /**< bytes put before every section's contents */
	bool without_symtab;
	uint16_t type; /**< 0: ET_EXEC */
};

void elf_free(struct elf_writer *w);
#define ELF_AUTO __attribute__((__cleanup__(elf_free))) struct elf_writer

/** @return the section's number. */
unsigned elf_section(struct elf_writer *w, const char *name, uint32_t type, uint32_t flags,
		     uint32_t addr, const void *data, size_t size);

/** Executable .text-like section of zeroes. */
unsigned elf_code(struct elf_writer *w, const char *name, uint32_t addr, uint32_t size);

void elf_symbol(struct elf_writer *w, const char *name, uint32_t value, uint32_t size,
		unsigned info, unsigned section);

/** Program header; the contents are whatever lies at @p off of the file. */
void elf_segment(struct elf_writer *w, uint32_t type, uint32_t off, uint32_t addr,
		 uint32_t file_size, uint32_t size, uint32_t flags);

/** Lay the file out. Section headers come last. */
void elf_end(struct elf_writer *w);

/** Exact-size heap copy of the first @p size bytes, so that reading past them is seen. */
uint8_t *exact_copy(const void *data, size_t size);

#endif
