/* SPDX-License-Identifier: Apache-2.0 */
/** @file The return address of a function that made no call is still in LR. */
#ifndef UNWIND_LEAF_H
#define UNWIND_LEAF_H

#include "unwind/step.h"

/** Only for an exact frame: everywhere else LR belongs to another call. SP stays. */
void fl_leaf_step(const struct fl_cursor *cursor, struct fl_step *ret);

#endif
