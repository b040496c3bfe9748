/* SPDX-License-Identifier: Apache-2.0 */
/** @file Frames that stand outside code: the target of a bad branch. */
#ifndef UNWIND_BAD_TARGET_H
#define UNWIND_BAD_TARGET_H

#include "unwind/walker.h"

bool fl_is_bad_target(const struct fl_walker *w);

/** To where the branch was made from; as fl_walker_advance(). */
bool fl_leave_bad_target(struct fl_walker *w);

/**
 * The same of a context that a kernel saved. What was saved may be damaged: LR is taken at its
 * word, the stack is not searched.
 */
bool fl_leave_bad_saved(struct fl_walker *w);

#endif
