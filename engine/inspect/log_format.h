/* SPDX-License-Identifier: Apache-2.0 */
/** @file printf() for untrusted formats and arguments that came over the wire. */
#ifndef INSPECT_LOG_FORMAT_H
#define INSPECT_LOG_FORMAT_H

#include "base/str.h"

#include <faultline/event.h>

/**
 * Write what printf() would: flags, width and precision (also `*`), h hh l ll z t j L, and the
 * conversions d i u o x X p c s f F e E g G a A %. An argument of another type than the
 * conversion asks for is written as what it is, a missing one as "(missing)"; an unknown conversion
 * stays as it stands and takes an argument. Widths and precisions are cut to 64.
 *
 * Independent of the locale. Stops soon after FL_LIMIT_LOG bytes.
 */
void fl_log_format(struct fl_str *out, const char *format, const struct fl_log_argument *arguments,
		   size_t count);

#endif
