/* SPDX-License-Identifier: Apache-2.0 */
/** @file How a trace is named and found again. */
#ifndef MODEL_SIGNATURE_H
#define MODEL_SIGNATURE_H

#include <faultline/report.h>

#include <stddef.h>
#include <stdint.h>

/** One decision about one frame: the rule trace of "why here". */
struct fl_signature_step {
	uint32_t frame;      /**< index into the crashed thread's frames */
	const char *action;  /**< "skip", "name", "keep", "end" */
	const char *because; /**< "plumbing/memfault line 12: prv_fault_handling_assert" */
};

struct fl_signature {
	const char *title; /**< "<Category> at <function>" */
	const char
		*function; /**< the naming function, normalised; NULL when nothing could name it */
	uint32_t version;  /**< of the algorithm */
	char rules_hash[33];                 /**< hex of the lists that named it */
	struct fl_fingerprint *fingerprints; /**< finest first; strings in the trace's arena */
	size_t fingerprint_count;
	struct fl_signature_step *steps;
	size_t step_count;
};

#endif
