/* SPDX-License-Identifier: Apache-2.0 */
/** @file Trace -> title, fingerprints, explanation. Recomputable from a stored report. */
#ifndef SIGNATURE_SIGNATURE_H
#define SIGNATURE_SIGNATURE_H

#include "base/arena.h"
#include "model/trace.h"

#include <faultline/rules.h>

enum { FL_SIGNATURE_VERSION = 2 };

/**
 * Compute the signature of @p trace (its `signature` member is not read).
 * @param rules NULL: the lists compiled into the library.
 * @retval FL_ENOMEM
 */
FL_MUST_CHECK enum fl_code fl_signature_compute(const struct fl_trace *trace,
						const struct fl_rules *rules,
						struct fl_arena *arena, struct fl_signature *ret);

#endif
