/* SPDX-License-Identifier: Apache-2.0 */
#include "support/target_memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *add_block(struct target_memory *memory, uint32_t addr, size_t size)
{
	size_t i = memory->view.count++;
	assert(i < TARGET_BLOCKS && size && size <= UINT32_MAX);
	assert(!i || (uint64_t)memory->spans[i - 1].addr + memory->spans[i - 1].size <= addr);
	memory->owned[i] = malloc(size);
	assert(memory->owned[i]);
	memory->spans[i] =
		(struct fl_span){ .addr = addr, .size = (uint32_t)size, .bytes = memory->owned[i] };
	memory->view.spans = memory->spans;
	memory->view.room = TARGET_BLOCKS;
	return memory->owned[i];
}

void target_bytes(struct target_memory *memory, uint32_t addr, const void *bytes, size_t size)
{
	memcpy(add_block(memory, addr, size), bytes, size);
}

void target_words(struct target_memory *memory, uint32_t addr, const uint32_t *words, size_t count)
{
	uint8_t *to = add_block(memory, addr, 4 * count);
	for (size_t i = 0; i < 4 * count; i++)
		to[i] = (uint8_t)(words[i / 4] >> 8 * (i % 4));
}

void target_code(struct target_memory *memory, uint32_t addr, const uint16_t *halves, size_t count)
{
	uint8_t *to = add_block(memory, addr, 2 * count);
	for (size_t i = 0; i < 2 * count; i++)
		to[i] = (uint8_t)(halves[i / 2] >> 8 * (i % 2));
}

void target_memory_free(struct target_memory *memory)
{
	for (size_t i = 0; i < memory->view.count; i++)
		free(memory->owned[i]);
	*memory = (struct target_memory){ 0 };
}
