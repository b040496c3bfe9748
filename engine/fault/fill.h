/* SPDX-License-Identifier: Apache-2.0 */
/** @file What the lowest bytes of a stack say: the kernel's fill pattern and its sentinel. */
#ifndef FAULT_FILL_H
#define FAULT_FILL_H

#include "fault/cause.h"

enum fl_low_end {
	FL_LOW_NOT_CAPTURED,
	FL_LOW_NO_PATTERN,  /**< nothing shows that this kernel marks its stacks */
	FL_LOW_INTACT,      /**< the marks are there */
	FL_LOW_OVERWRITTEN, /**< ... of other threads, not of this one */
};

/** The low end of a stack, compared with those of the other threads. */
struct fl_low {
	enum fl_low_end state;
	bool sentinel; /**< it is the sentinel that is overwritten, else the fill */
	uint32_t addr; /**< the lowest overwritten byte, or word of the sentinel */
	uint32_t value;
	uint32_t expected;
	uint32_t size;    /**< bytes of the mark */
	size_t witnesses; /**< other threads whose marks are intact */
};

/** Look at the stack of @p thread, one of in->threads, whose start is known. */
struct fl_low fl_low_end(const struct fl_cause_input *in, const struct fl_thread *thread);

#endif
