/* SPDX-License-Identifier: Apache-2.0 */
/** @file XXH3-128, the only hash of the project (content identity and fingerprints). */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/** Canonical (big-endian) XXH3-128 of @p size bytes. */
void fl_hash128(const void *bytes, size_t size, uint8_t ret[16]);

/** XXH3-64, for hash tables. */
uint64_t fl_hash64(const void *bytes, size_t size);

#endif
