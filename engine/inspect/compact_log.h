/* SPDX-License-Identifier: Apache-2.0 */
/** @file Text of a compact log, from the ELF's log formats (docs/formats.md, "Compact logs"). */
#ifndef INSPECT_COMPACT_LOG_H
#define INSPECT_COMPACT_LOG_H

#include "base/arena.h"
#include "symbols/symbols.h"

#include <faultline/event.h>

/** Clean UTF-8, at most FL_LIMIT_LOG bytes each. */
struct fl_log_line {
	const char *file; /**< as the compiler was given it; "" when the format names none */
	uint32_t line;    /**< 0 = not said */
	const char *message;
	const char *text; /**< "file:line: message" */
};

/**
 * Format a log. An argument that is missing or of another type than the format asks for shows in
 * the message; nothing in an ELF or a log makes this fail.
 *
 * @param view  the first module that has log formats decides.
 * @param arena owns what is returned.
 * @retval FL_ENOTFOUND no module has log formats, or none begins at the log's offset.
 * @retval FL_ENOMEM
 */
FL_MUST_CHECK enum fl_code
fl_compact_log_format(const struct fl_symbol_view *view, const struct fl_compact_log *log,
		      struct fl_arena *arena, struct fl_log_line *ret, struct fl_error *err);

#endif
