/* SPDX-License-Identifier: Apache-2.0 */
/** @file The kernel's own word for a stack overflow: its hook, called when its check failed. */
#ifndef FAULT_HOOK_H
#define FAULT_HOOK_H

#include "fault/inquiry.h"

struct fl_overflow_hook {
	const char *name;               /**< of the function */
	const struct fl_thread *victim; /**< NULL: no thread of the kernel is known */
	bool by_argument;               /**< the argument says so; else the thread that ran */
	uint32_t argument;
};

/** Whether such a hook is among the crashed thread's frames. */
bool fl_overflow_hook_find(const struct fl_cause_input *in, struct fl_overflow_hook *ret);

/** State it, and whom it accuses. */
void fl_evidence_hook(struct fl_inquiry *q, const struct fl_overflow_hook *hook);

#endif
