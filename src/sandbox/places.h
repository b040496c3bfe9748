/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The answer to a look-up of addresses as it crosses the border: the child packs, the parent checks
 * once and reads in place.
 *
 *     header, place[place_count], scope[scope_count], texts
 *
 * Texts are NUL-terminated, each there once; offset 0 is the empty one and stands for "unknown".
 */
#ifndef SANDBOX_PLACES_H
#define SANDBOX_PLACES_H

#include "sandbox/sandbox.h"

#include <faultline/buffer.h>

/**
 * Look up @p count addresses.
 * @param names what becomes of linkage names.
 * @param ret   memory of the caller that the answer goes to if it fits, or nothing; becomes the
 *              answer, there or in memory from malloc(). Unchanged on failure.
 * @retval FL_ELIMIT the answer is larger than FL_WIRE_RESULT_MAX.
 * @retval FL_ENOMEM
 */
FL_MUST_CHECK enum fl_code fl_places_pack(const struct fl_symbols *const *symbols,
					  size_t symbols_count, enum fl_sandbox_names names,
					  const uint32_t *addrs, size_t count,
					  struct fl_buffer *ret, struct fl_error *err);

/**
 * Take over what fl_places_pack() made, or what somebody says it did.
 * @param bytes from malloc(); owned by @p ret, on failure freed.
 * @return false when it is not an answer to @p count addresses.
 */
FL_MUST_CHECK bool
fl_places_take(void *bytes, size_t size, size_t count, struct fl_sandbox_places *ret);

#endif
