/* SPDX-License-Identifier: Apache-2.0 */
/** @file Whether a thread overflowed its stack: proven, likely, excluded, or unknown, with
 * evidence. */
#ifndef FAULT_OVERFLOW_H
#define FAULT_OVERFLOW_H

#include "fault/cause.h"
#include "fault/hook.h"

/**
 * Judge one of in->threads. Evidence, strongest first: the stack pointer (also of the saved
 * context) and PSPLIM against the bounds, stacking error bits and the faulting address of the
 * crashed thread, an MPU guard region, the fill pattern or sentinel broken at the low end (with the
 * address), the object that lies below the stack, by symbol, and whether its bytes look
 * overwritten. What is missing for a verdict is said.
 * @param hook what fl_overflow_hook_find() found, or NULL: the same for all threads.
 * @retval FL_ENOMEM
 */
FL_MUST_CHECK enum fl_code fl_overflow_judge(const struct fl_cause_input *in,
					     const struct fl_overflow_hook *hook,
					     const struct fl_thread *thread, struct fl_arena *arena,
					     struct fl_overflow_verdict *ret);

#endif
