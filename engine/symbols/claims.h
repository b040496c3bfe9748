/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Overlapping claims on addresses -> disjoint segments.
 *
 * Debug information of one image contradicts itself: discarded functions claim addresses of real
 * ones, symbols repeat what DWARF says. Each kind of claim gets a rank and the best one wins
 * everywhere it reaches.
 */
#ifndef SYMBOLS_CLAIMS_H
#define SYMBOLS_CLAIMS_H

#include "base/vec.h"

#include <stdint.h>

/** [addr, end), not empty. */
struct fl_claim {
	uint32_t addr;
	uint32_t rank; /**< the highest wins; then the latest start; then the lowest id */
	uint64_t end;
	uint32_t id;
};

struct fl_piece {
	uint32_t addr;
	uint32_t size; /**< never 0 */
	uint32_t id;   /**< of the winning claim */
};

/**
 * O(n log n).
 * @param claims struct fl_claim; sorted on return.
 * @param ret    struct fl_piece are appended: ascending, disjoint, neighbours of one claim merged.
 * @return false: out of memory.
 */
bool fl_claims_resolve(struct fl_vec *claims, struct fl_vec *ret);

#endif
