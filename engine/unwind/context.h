/* SPDX-License-Identifier: Apache-2.0 */
/** @file Frame 0: what the registers of a dump, or of a saved thread, say of where it stands. */
#ifndef UNWIND_CONTEXT_H
#define UNWIND_CONTEXT_H

#include "unwind/step.h"
#include "unwind/unwind.h"

struct fl_cursor fl_context(const struct fl_unwind_input *in);

/** No kernel switches threads inside a handler, or puts them on the main stack. */
struct fl_cursor fl_saved_context(const struct fl_unwind_input *in);

/**
 * Whether the exception frame that the context was read from was written. Armv6-M has no STKERR:
 * there only the values tell, and a wild pc alone is no proof. Elsewhere the fault registers raise
 * the suspicion.
 */
bool fl_was_stacked(const struct fl_unwind_input *in, const struct fl_cursor *c);

/**
 * Where the live stack begins after stacking failed. v8-M sets SP to the limit and stacks nothing
 * when the frame does not fit: the block's SP is then the limit plus a frame, and the live stack
 * begins at the limit, which is a multiple of 8 (Arm DDI 0553 B3.21). A stack that ran out of RAM
 * begins where RAM does.
 */
uint32_t fl_unstacked_sp(const struct fl_unwind_input *in, uint32_t sp);

#endif
