/* SPDX-License-Identifier: Apache-2.0 */
/** @file Signature rules: which frames may name an issue. */
#ifndef FAULTLINE_RULES_H
#define FAULTLINE_RULES_H

#include "auto.h"
#include "error.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A parsed set of lists (`signatures/` in the source tree). Immutable; threads may share it. */
struct fl_rules;

/** One list file: its name decides what its lines mean ("irrelevant", "plumbing/zephyr"). */
struct fl_rules_file {
	const char *name;
	const char *text; /**< UTF-8, NUL-terminated; borrowed for the call */
};

/**
 * Parse lists. They come on top of the lists compiled into the library; a file with the name of one
 * of those replaces it (an empty text switches it off). With @p count 0 only the latter are used.
 * @retval FL_EFORMAT a line cannot be understood; the message names file and line.
 */
FL_API FL_MUST_CHECK enum fl_code fl_rules_open(const struct fl_rules_file *files, size_t count,
						struct fl_rules **ret, struct fl_error *err);

/** Release rules. NULL is allowed. */
FL_API void fl_rules_close(struct fl_rules *rules);
FL_OWNED(fl_rules, fl_rules_close)

#ifdef __cplusplus
}
#endif

#endif
