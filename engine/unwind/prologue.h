/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * A caller from the instructions of the function itself, where no table describes it: from its
 * start up to the pc (what was pushed), or from the pc to its return (what will be popped).
 */
#ifndef UNWIND_PROLOGUE_H
#define UNWIND_PROLOGUE_H

#include "unwind/step.h"

/**
 * Decode at most FL_LIMIT_PROLOGUE instructions from @p function_addr up to the cursor's pc.
 *
 * NONE when nothing was saved so far (then the CFA is SP, and LR may hold the return address, see
 * leaf.h), or when neither SP nor a frame pointer leads to the CFA.
 */
void fl_prologue_step(const struct fl_memory *memory, uint32_t function_addr,
		      const struct fl_cursor *cursor, struct fl_step *ret);

/**
 * Only when the cursor is exact and stands in the prologue, where the tables of EHABI do not hold:
 * as fl_prologue_step(), but at the very first instructions the caller is found through LR. Else
 * NONE.
 */
void fl_prologue_edge_step(const struct fl_memory *memory, uint32_t function_addr,
			   const struct fl_cursor *cursor, struct fl_step *ret);

/**
 * Follow at most FL_LIMIT_PROLOGUE instructions from the cursor's pc to the return, as long as
 * there is but one way: no call, no condition, nothing pushed.
 *
 * @param function_addr, function_end half-open; a branch that leaves them is a tail call. Equal =
 * unknown.
 */
void fl_epilogue_step(const struct fl_memory *memory, uint32_t function_addr, uint32_t function_end,
		      const struct fl_cursor *cursor, struct fl_step *ret);

#endif
