/* SPDX-License-Identifier: Apache-2.0 */
/** @file The last resort: words on the stack that look like what a call or an exception leaves
 * there. */
#ifndef UNWIND_SCAN_H
#define UNWIND_SCAN_H

#include "unwind/step.h"
#include "unwind/unwind.h"

enum fl_scan_kind {
	FL_SCAN_NOTHING,
	FL_SCAN_CALLER,     /**< an odd address in code after a call */
	FL_SCAN_EXC_RETURN, /**< an EXC_RETURN, and a frame where it points */
	FL_SCAN_FRAME,      /**< a frame on this stack; its EXC_RETURN was kept in a register and
			       lost */
};

struct fl_scan_hit {
	enum fl_scan_kind kind;
	struct fl_step step; /**< CALLER, EXC_RETURN: return_addr; SP of the caller, or of the
				handler's entry */
	uint32_t frame_addr; /**< FRAME */
	bool missing;        /**< NOTHING: not even the first word was captured */
};

/**
 * Look at up to FL_LIMIT_SCAN_WORDS words from @p addr upwards, not beyond the end of the stack
 * where that is known, and for exceptions only when the cursor may be in a handler. A call that
 * names the cursor's function is preferred to a nearer one that names another: where a function
 * does not save LR, that is what tells a caller from an older leftover.
 */
void fl_scan(const struct fl_unwind_input *in, const struct fl_cursor *cursor, uint32_t addr,
	     struct fl_scan_hit *ret);

#endif
