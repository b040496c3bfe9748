/* SPDX-License-Identifier: Apache-2.0 */
#include "support/dump_blocks.h"

#include <stdlib.h>
#include <string.h>

enum { HEADER = 12, FOOTER = 16 };

static uint32_t word(const uint8_t *b)
{
	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static bool is_footer(const struct dump_blocks *d, size_t at)
{
	return d->file_size - at == FOOTER && !memcmp(d->file + at, "DUMP", 4);
}

bool dump_blocks_open(struct dump_blocks *d, const uint8_t *file, size_t size)
{
	*d = (struct dump_blocks){ .file = dump_copy(file, size), .file_size = size };
	size_t at = HEADER;
	while (at + HEADER <= size && !is_footer(d, at) && d->count < DUMP_BLOCKS) {
		struct dump_part *part = &d->parts[d->count++];
		*part = (struct dump_part){ .type = d->file[at],
					    .addr = word(d->file + at + 4),
					    .size = word(d->file + at + 8),
					    .bytes = d->file + at + HEADER };
		if (part->size > size - at - HEADER)
			return false;
		at += HEADER + part->size;
	}
	return d->count > 0;
}

void dump_blocks_close(struct dump_blocks *d)
{
	free(d->file);
	*d = (struct dump_blocks){ 0 };
}

void dump_blocks_write(const struct dump_blocks *d, struct dump_writer *w)
{
	dump_begin(w, 2);
	for (size_t i = 0; i < d->count; i++)
		if (d->parts[i].size)
			dump_block(w, d->parts[i].type, d->parts[i].addr, d->parts[i].bytes,
				   d->parts[i].size);
	dump_end(w, false);
}

uint8_t *dump_blocks_at(const struct dump_blocks *d, uint32_t addr, uint32_t size)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct dump_part *part = &d->parts[i];
		if (part->type == DUMP_MEMORY_BLOCK && addr >= part->addr &&
		    addr - part->addr < part->size && part->size - (addr - part->addr) >= size)
			return part->bytes + (addr - part->addr);
	}
	return NULL;
}
