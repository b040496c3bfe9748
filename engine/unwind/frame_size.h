/* SPDX-License-Identifier: Apache-2.0 */
/** @file Exception frames that are larger than anything says: by what lies above them. */
#ifndef UNWIND_FRAME_SIZE_H
#define UNWIND_FRAME_SIZE_H

#include "unwind/exception.h"

/** Whether a method other than the scan finds something sound above @p c; a zero may be any word.
 */
bool fl_leads_on(const struct fl_unwind_input *in, const struct fl_cursor *c);

/**
 * FP space that EXC_RETURN does not tell of (FPCCR.TS), or that nothing tells of without it.
 * @param addr        of the frame.
 * @param interrupted what was popped from it; gets the stack pointer above the larger frame where
 *                    that one fits better.
 */
void fl_settle_frame_size(const struct fl_unwind_input *in, const struct fl_boundary *boundary,
			  uint32_t addr, struct fl_cursor *interrupted);

#endif
