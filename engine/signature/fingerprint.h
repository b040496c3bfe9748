/* SPDX-License-Identifier: Apache-2.0 */
/** @file A walk -> fingerprints, fine to coarse. docs/signature.md describes each kind. */
#ifndef SIGNATURE_FINGERPRINT_H
#define SIGNATURE_FINGERPRINT_H

#include "signature/chain.h"

/** What the coarsest fingerprint is keyed by when frames are accidental. */
struct fl_signature_key {
	const char *category; /**< with its detail: "Panic OutOfHeap" */
	const char *reason; /**< as the device gave it: "HardFault"; of a trace event with status */
	bool accidental;    /**< the frames have no say at all */
	const char *thread; /**< normalised; NULL when the category does not ask for it */
	const char *parties; /**< "a for lock, b for other"; NULL when the category does not ask */
	const char *recursion; /**< "a + b"; NULL when the category does not ask for it */
	const char *function;  /**< that names the issue; NULL when none does */
	const char *software;  /**< software type; may be NULL */
};

/** Fill fingerprints and fingerprint_count of @p ret. @retval FL_ENOMEM */
FL_MUST_CHECK enum fl_code fl_fingerprints(const struct fl_trace *trace, const struct fl_walk *walk,
					   const struct fl_signature_key *key,
					   struct fl_arena *arena, struct fl_signature *ret);

#endif
