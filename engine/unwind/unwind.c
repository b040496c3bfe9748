/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/unwind.h"

#include "unwind/bad_target.h"
#include "unwind/context.h"
#include "unwind/interrupted.h"
#include "unwind/last_resort.h"
#include "unwind/process_stack.h"
#include "unwind/walker.h"

#include <inttypes.h>

static bool leave_unstacked(struct fl_walker *w)
{
	uint32_t sp;
	w->not_stacked = true;
	fl_finding_add(w->findings, FL_STAGE_UNWIND, FL_WARNING, FL_EFORMAT, FL_AT_TARGET_ADDRESS,
		       w->at.pc,
		       "the exception frame was never written: pc 0x%08" PRIx32
		       " and lr are old memory, and so are r0 to r3, r12 and xpsr",
		       w->at.pc);
	w->at.ipsr_known = false;
	if (!fl_reg_get(&w->at.regs, FL_SP, &sp))
		return fl_walker_end(w, FL_STOP_STACKING_FAILED, w->at.pc);
	return fl_search_stack(w, fl_unstacked_sp(w->in, sp), FL_STOP_STACKING_FAILED, w->at.pc);
}

static bool first_step(struct fl_walker *w)
{
	if (w->in->saved)
		return fl_is_bad_target(w) ? fl_leave_bad_saved(w) : fl_walker_advance(w);
	if (w->in->symbols->count && !fl_was_stacked(w->in, &w->at))
		return leave_unstacked(w);
	return fl_walker_advance(w);
}

/* The trust of a saved pc that is no code is in nothing. */
static void follow(struct fl_walker *w)
{
	enum fl_trust trust = FL_TRUST_CONTEXT;
	if (w->in->saved)
		trust = fl_is_bad_target(w) ? FL_TRUST_SCAN : FL_TRUST_EXCEPTION_FRAME;
	if (!fl_walker_emit(w, trust) || !first_step(w))
		return;
	while (fl_walker_advance(w)) {
	}
}

void fl_unwind(const struct fl_unwind_input *input, struct fl_findings *findings,
	       struct fl_unwind_result *result)
{
	struct fl_unwind_input in = *input;
	struct fl_walker w = { .in = &in, .findings = findings, .out = result };
	result->count = 0;
	result->stop = FL_STOP_NONE;
	result->stop_addr = 0;
	result->searches = 0;
	if (!fl_reg_known(input->regs, FL_PC)) {
		result->stop = FL_STOP_NO_REGISTERS;
		return;
	}
	w.at = in.saved ? fl_saved_context(&in) : fl_context(&in);
	in.has_process_stack = fl_process_stack_fits(&in, &w.at.regs);
	follow(&w);
	if (fl_show_interrupted_thread(&w))
		while (fl_walker_advance(&w)) {
		}
	if (w.not_stacked) {
		result->stop = FL_STOP_STACKING_FAILED;
		result->stop_addr = result->frames[0].pc;
	}
}
