/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The one view of target memory: sorted, non-overlapping spans.
 *
 * dump and symbols export spans, analyze/ layers them (dump first, in file order, so
 * that an earlier block wins; then the ELF's read-only bytes); later stages read only this view.
 */
#ifndef MODEL_MEMORY_H
#define MODEL_MEMORY_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fl_span_source {
	FL_SPAN_DUMP, /**< captured on the device */
	FL_SPAN_ELF,  /**< read-only bytes of a firmware image, assumed unchanged */
};

/** [addr, addr + size); addr + size never exceeds 2^32. */
struct fl_span {
	uint32_t addr;
	uint32_t size;
	const uint8_t *bytes; /**< borrowed */
	enum fl_span_source source;
};

/**
 * What was found last in each eighth of the address space, which Arm's memory map divides into
 * code, RAM, peripherals and so on: an unwinder reads code and stack by turns. Zero-initialised is
 * empty. More layers leave it right: they change no span, and the arena keeps those they move.
 */
struct fl_recent_spans {
	const struct fl_span *last[8];
};

struct fl_memory {
	struct fl_span *spans; /**< ascending, disjoint; adjacent ones may touch */
	size_t count;
	size_t room;
	/** Makes look-ups faster and changes no answer, but belongs to one thread. May be NULL. */
	struct fl_recent_spans *recent;
};

/**
 * Add spans below everything already there: only the bytes not yet covered become visible.
 * Empty spans are ignored, a span that would pass 2^32 is clamped.
 * @retval FL_ENOMEM
 */
FL_MUST_CHECK enum fl_code fl_memory_layer(struct fl_memory *memory, struct fl_arena *arena,
					   const struct fl_span *spans, size_t count);

/**
 * Copy @p size bytes, all or nothing.
 * @param missing_ret when not NULL and the call fails: the lowest address that is not there.
 */
bool fl_memory_read(const struct fl_memory *memory, uint32_t addr, void *buf, size_t size,
		    uint32_t *missing_ret);

/** The span that holds @p addr, or NULL. */
const struct fl_span *fl_memory_find(const struct fl_memory *memory, uint32_t addr);

/** Little-endian word / half-word / byte; false when any byte of it was not captured. */
static inline bool fl_memory_u32(const struct fl_memory *memory, uint32_t addr, uint32_t *ret);
bool fl_memory_u16(const struct fl_memory *memory, uint32_t addr, uint16_t *ret);
bool fl_memory_u8(const struct fl_memory *memory, uint32_t addr, uint8_t *ret);

/** The word that the span last read does not hold as a whole. */
bool fl_memory_u32_elsewhere(const struct fl_memory *memory, uint32_t addr, uint32_t *ret);

static inline bool fl_memory_u32(const struct fl_memory *memory, uint32_t addr, uint32_t *ret)
{
	const struct fl_span *span = memory->recent ? memory->recent->last[addr >> 29] : NULL;
	if (!span || (uint64_t)(addr - span->addr) + 4 > span->size)
		return fl_memory_u32_elsewhere(memory, addr, ret);
	const uint8_t *b = span->bytes + (addr - span->addr);
	*ret = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
	return true;
}

#endif
