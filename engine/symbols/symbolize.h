/* SPDX-License-Identifier: Apache-2.0 */
/** @file Physical frames -> the frames of a report, inlined ones expanded. */
#ifndef SYMBOLS_SYMBOLIZE_H
#define SYMBOLS_SYMBOLIZE_H

#include "base/arena.h"
#include "model/frame.h"
#include "symbols/symbols.h"

/**
 * Expand @p frames. Strings are copied into @p arena.
 * A frame in no module keeps its pc and has no function; a bad branch target likewise.
 * @retval FL_ENOMEM
 */
FL_MUST_CHECK enum fl_code
fl_symbolize(const struct fl_symbol_view *view, const struct fl_unwound_frame *frames, size_t count,
	     struct fl_arena *arena, struct fl_frame **ret, size_t *count_ret);

#endif
