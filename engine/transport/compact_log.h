/* SPDX-License-Identifier: Apache-2.0 */
/** @file The CBOR array of a compact log (docs/formats.md, "Compact logs"). */
#ifndef TRANSPORT_COMPACT_LOG_H
#define TRANSPORT_COMPACT_LOG_H

#include "base/arena.h"

#include <faultline/event.h>

/**
 * Decode one array; nothing may follow it.
 * @param arena owns the strings.
 * @retval FL_EFORMAT no compact log; `at` is the offset.
 * @retval FL_ELIMIT  nested too deep, or too many arguments.
 * @retval FL_ENOMEM
 */
FL_MUST_CHECK enum fl_code fl_compact_log_decode(const void *bytes, size_t size,
						 struct fl_arena *arena, struct fl_compact_log *ret,
						 struct fl_error *err);

#endif
