/* SPDX-License-Identifier: Apache-2.0 */
/** @file Two traces that say the same, field by field; a difference fails the test. */
#ifndef SUPPORT_SAME_TRACE_H
#define SUPPORT_SAME_TRACE_H

#include "model/trace.h"

void same_trace(const struct fl_trace *a, const struct fl_trace *b);

void same_fingerprints(const struct fl_fingerprint *a, const struct fl_fingerprint *b,
		       size_t count);

/** Both NULL, or the same characters. */
void same_text(const char *a, const char *b);

#endif
