/* SPDX-License-Identifier: Apache-2.0 */
/** @file The caller of a function that saved its return address nowhere: by its call instructions.
 */
#ifndef UNWIND_CALLERS_H
#define UNWIND_CALLERS_H

#include "unwind/step.h"
#include "unwind/unwind.h"

/**
 * A function that never returns need not save LR (clang with -fomit-frame-pointer does not), and
 * when it has called another its return address is gone. But its caller's frame begins at the CFA,
 * and among the BL instructions that lead to the function, the right one is in a function whose own
 * unwind information finds a sound return address from there. FOUND only when all that do lie in
 * one function; of several calls in it the first is taken.
 *
 * @param cfa of the cursor's frame.
 */
void fl_callers_step(const struct fl_unwind_input *in, const struct fl_cursor *cursor, uint32_t cfa,
		     struct fl_step *ret);

#endif
