/* SPDX-License-Identifier: Apache-2.0 */
/** @file Target memory for tests: stacks and code laid out word by word. */
#ifndef SUPPORT_TARGET_MEMORY_H
#define SUPPORT_TARGET_MEMORY_H

#include "model/memory.h"

#include <stddef.h>
#include <stdint.h>

enum { TARGET_BLOCKS = 8 };

/** Zero-initialise; release with target_memory_free(). Blocks must be added in ascending order. */
struct target_memory {
	struct fl_memory view;
	struct fl_span spans[TARGET_BLOCKS];
	uint8_t *owned[TARGET_BLOCKS]; /**< exact-size heap copies: ASan sees the byte behind */
};

void target_bytes(struct target_memory *memory, uint32_t addr, const void *bytes, size_t size);
void target_words(struct target_memory *memory, uint32_t addr, const uint32_t *words, size_t count);
/** Thumb code, half-word by half-word. */
void target_code(struct target_memory *memory, uint32_t addr, const uint16_t *halves, size_t count);
void target_memory_free(struct target_memory *memory);
#define TARGET_MEMORY __attribute__((__cleanup__(target_memory_free))) struct target_memory

#define TARGET_WORDS(memory, addr, ...) \
	target_words(memory, addr, (const uint32_t[]){ __VA_ARGS__ }, \
		     sizeof((const uint32_t[]){ __VA_ARGS__ }) / 4)
#define TARGET_CODE(memory, addr, ...) \
	target_code(memory, addr, (const uint16_t[]){ __VA_ARGS__ }, \
		    sizeof((const uint16_t[]){ __VA_ARGS__ }) / 2)

#endif
