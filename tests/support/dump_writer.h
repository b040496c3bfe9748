/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Writes coredumps for tests, block by block, independently of the parser: nothing here includes
 * engine/dump, and every number is spelled out again. Can write broken files on purpose.
 */
#ifndef SUPPORT_DUMP_WRITER_H
#define SUPPORT_DUMP_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dump_writer {
	uint8_t *bytes; /**< the file; complete after dump_end() */
	size_t size;
	size_t room;
	uint32_t version;
};

/** What a device saves on a fault, in file order. */
struct dump_registers {
	uint32_t r[13];
	uint32_t sp, lr, pc, psr, msp, psp;
};

/** Start a file: header of the given container version (1 or 2). */
void dump_begin(struct dump_writer *w, uint32_t version);
/** Footer (version 2), and total_size into the header. */
void dump_end(struct dump_writer *w, bool truncated);
/** The same without a footer, whatever the version. */
void dump_end_without_footer(struct dump_writer *w);
void dump_free(struct dump_writer *w);
#define DUMP_AUTO __attribute__((__cleanup__(dump_free))) struct dump_writer

/** Any block. */
void dump_block(struct dump_writer *w, uint8_t type, uint32_t address, const void *payload,
		size_t size);
/** A block header whose length is a lie, followed by @p size bytes of payload. */
void dump_block_lying(struct dump_writer *w, uint8_t type, uint32_t address, uint32_t length,
		      const void *payload, size_t size);

/** Register block: the 19 words of a device. */
void dump_add_registers(struct dump_writer *w, const struct dump_registers *regs);
/** Register block of any length, in words. */
void dump_add_register_words(struct dump_writer *w, const uint32_t *words, size_t count);
/** Text block: 2 serial, 4 hardware version, 10 software version, 11 software type. */
void dump_add_text(struct dump_writer *w, uint8_t type, const char *text);
/** Block 12. */
void dump_add_build_id(struct dump_writer *w, const uint8_t id[20]);
/** Block 5. */
void dump_add_reason(struct dump_writer *w, uint32_t reason);
/** Block 7; 40 is Arm. */
void dump_add_machine(struct dump_writer *w, uint32_t machine);
/** Memory block, with the padding block a device writes before it. */
void dump_add_memory(struct dump_writer *w, uint32_t address, const void *bytes, size_t size);
/** Memory block of little-endian words. */
void dump_add_words(struct dump_writer *w, uint32_t address, const uint32_t *words, size_t count);
/** SHCSR, CFSR, HFSR, DFSR, MMFAR, BFAR, AFSR at 0xE000ED24. */
void dump_add_fault_registers(struct dump_writer *w, const uint32_t words[7]);
/** Block 9: TYPE, CTRL, then pairs. */
void dump_add_mpu(struct dump_writer *w, const uint32_t *words, size_t count);

/** Exact-size heap copy of the first @p size bytes, so that ASan sees the byte behind; free() it.
 */
uint8_t *dump_copy(const void *bytes, size_t size);

#endif
