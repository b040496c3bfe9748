/* SPDX-License-Identifier: Apache-2.0 */
/** @file A coredump taken apart into its blocks, to be damaged and written again. */
#ifndef SUPPORT_DUMP_BLOCKS_H
#define SUPPORT_DUMP_BLOCKS_H

#include "support/dump_writer.h"

enum { DUMP_BLOCKS = 512, DUMP_MEMORY_BLOCK = 1 };

struct dump_part {
	uint8_t type;
	uint32_t addr;
	uint32_t size;
	uint8_t *bytes;
};

struct dump_blocks {
	uint8_t *file; /**< own copy */
	size_t file_size;
	struct dump_part parts[DUMP_BLOCKS];
	size_t count;
};

/** Takes a copy of a whole, sound file; false when it is none. */
bool dump_blocks_open(struct dump_blocks *d, const uint8_t *file, size_t size);
void dump_blocks_close(struct dump_blocks *d);

/** The file made of the parts; those of size 0 are left out. */
void dump_blocks_write(const struct dump_blocks *d, struct dump_writer *w);

/** Bytes of captured memory, and where they lie; NULL when [addr, addr + size) is not in one part.
 */
uint8_t *dump_blocks_at(const struct dump_blocks *d, uint32_t addr, uint32_t size);

#endif
