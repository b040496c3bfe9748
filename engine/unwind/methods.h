/* SPDX-License-Identifier: Apache-2.0 */
/** @file The methods in their order of trust, short of searching the stack. */
#ifndef UNWIND_METHODS_H
#define UNWIND_METHODS_H

#include "unwind/step.h"
#include "unwind/unwind.h"

enum fl_hop_kind {
	FL_HOP_NONE,      /**< no method found a sound caller */
	FL_HOP_CALLER,    /**< step.return_addr follows a call */
	FL_HOP_EXCEPTION, /**< step.return_addr is an EXC_RETURN */
	FL_HOP_END,       /**< the stack ends here, for the reason in stop */
};

/** What came of asking one method or all of them. */
struct fl_hop {
	enum fl_hop_kind kind;
	struct fl_step step; /**< NONE: the first refused, or one that knows the CFA at least */
	enum fl_stop stop;   /**< END; NONE: why it was refused, or FL_STOP_NO_METHOD */
	uint32_t stop_addr;
};

/** Put one method's answer to the checks. */
struct fl_hop fl_judge_step(const struct fl_unwind_input *in, const struct fl_cursor *cursor,
			    const struct fl_step *step);

/** Ask the methods that suit the cursor until one gives a sound answer. */
void fl_ask_methods(const struct fl_unwind_input *in, const struct fl_cursor *cursor,
		    struct fl_hop *ret);

/** The caller's cursor for a step that was FOUND. */
void fl_go_to_caller(struct fl_cursor *cursor, const struct fl_step *step);
struct fl_cursor fl_caller_of(const struct fl_cursor *cursor, const struct fl_step *step);

/** Make the stack pointer in use, MSP or PSP, equal to SP. */
void fl_follow_stack(struct fl_cursor *cursor);

#endif
