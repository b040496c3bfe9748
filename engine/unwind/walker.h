/* SPDX-License-Identifier: Apache-2.0 */
/** @file One stack that is being walked: where it stands, what was found, and how it goes on. */
#ifndef UNWIND_WALKER_H
#define UNWIND_WALKER_H

#include "unwind/exception.h"
#include "unwind/methods.h"

struct fl_walker {
	const struct fl_unwind_input *in;
	struct fl_findings *findings;
	struct fl_unwind_result *out;
	struct fl_cursor at; /**< of the newest frame */
	bool scanned;        /**< the note about it was given */
	bool not_stacked;    /**< the context itself is old memory */
};

/* Each bool says whether to go on; where not, out->stop says why. */

/** The next frame, or frames. */
bool fl_walker_advance(struct fl_walker *w);

/** What the methods, or one of them, said. */
bool fl_walker_go_to(struct fl_walker *w, const struct fl_hop *hop);
bool fl_walker_to_caller(struct fl_walker *w, const struct fl_step *step);

/** By the EXC_RETURN in step->return_addr. */
bool fl_walker_to_interrupted(struct fl_walker *w, const struct fl_step *step);

/**
 * Over an exception boundary.
 * @param stop        why there is nothing beyond, at @p addr; FL_STOP_NONE: @p interrupted is.
 * @param addr        of the exception frame.
 * @param trust       FL_TRUST_SCAN: the frame was guessed.
 */
bool fl_walker_cross(struct fl_walker *w, const struct fl_boundary *boundary, enum fl_stop stop,
		     struct fl_cursor *interrupted, uint32_t addr, enum fl_trust trust);

/** A frame for the place where the walker stands. */
bool fl_walker_emit(struct fl_walker *w, enum fl_trust trust);

/** False. */
bool fl_walker_end(struct fl_walker *w, enum fl_stop stop, uint32_t addr);

/** What is known where @p step found an EXC_RETURN. */
struct fl_boundary fl_walker_boundary(const struct fl_cursor *c, const struct fl_step *step);

/** Whether it knows the CFA of the frame, although no caller. */
static inline bool fl_gives_cfa(const struct fl_hop *hop)
{
	return hop->step.cfa_known && hop->stop != FL_STOP_NO_PROGRESS &&
	       hop->stop != FL_STOP_STACK_END;
}

#endif
