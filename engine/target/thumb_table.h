/* SPDX-License-Identifier: Apache-2.0 */
/** @file Encoding tables behind target/thumb.h. */
#ifndef TARGET_THUMB_TABLE_H
#define TARGET_THUMB_TABLE_H

#include "target/thumb.h"

/** First matching row wins. 16-bit rows leave the second pair 0. */
struct fl_thumb_row {
	uint16_t mask1, value1;
	uint16_t mask2, value2;
	/** Fills what differs from the defaults: kind OTHER, no registers, nothing written. */
	void (*fill)(uint16_t h1, uint16_t h2, struct fl_thumb *ret);
};

extern const struct fl_thumb_row fl_thumb16_rows[];
extern const size_t fl_thumb16_row_count;
extern const struct fl_thumb_row fl_thumb32_rows[];
extern const size_t fl_thumb32_row_count;

/** Bits @p low .. @p low + @p count - 1. */
static inline uint8_t fl_thumb_bits(uint16_t h, unsigned low, unsigned count)
{
	return (uint8_t)((unsigned)h >> low & ((1u << count) - 1));
}

static inline uint16_t fl_thumb_bit(unsigned reg)
{
	return (uint16_t)(1u << reg);
}

/** Sign-extend the low @p width bits. */
static inline int32_t fl_thumb_signed(uint32_t value, unsigned width)
{
	uint32_t sign = UINT32_C(1) << (width - 1);
	value &= sign | (sign - 1);
	return (int32_t)(value ^ sign) - (int32_t)sign;
}

/** Plain load or store of @p rt; the caller adds index, offset, write-back. */
void fl_thumb_single(struct fl_thumb *ret, bool load, unsigned rt, unsigned base, unsigned size);

/** Load or store of the core registers in @p list, ascending from base + offset. */
void fl_thumb_multiple(struct fl_thumb *ret, bool load, unsigned base, uint16_t list,
		       bool decrement, bool writeback);

#endif
