/* SPDX-License-Identifier: Apache-2.0 */
/** @file The same hash with wider registers, for processors that have them. */
#ifndef BASE_HASH_WIDE_H
#define BASE_HASH_WIDE_H

#include <stddef.h>
#include <stdint.h>

/** As fl_hash128(), with AVX2, which the processor must have. */
void fl_hash128_avx2(const void *bytes, size_t size, uint8_t ret[16]);

#endif
