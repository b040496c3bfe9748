/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/walker.h"

#include "unwind/bad_target.h"
#include "unwind/frame_size.h"
#include "unwind/last_resort.h"

bool fl_walker_end(struct fl_walker *w, enum fl_stop stop, uint32_t addr)
{
	w->out->stop = stop;
	w->out->stop_addr = addr;
	return false;
}

/* Room for the frame at @p pc; NULL ends the stack. */
static struct fl_unwound_frame *new_frame(struct fl_walker *w, uint32_t pc)
{
	if (w->out->count < FL_LIMIT_FRAMES)
		return &w->out->frames[w->out->count++];
	fl_finding_add(w->findings, FL_STAGE_UNWIND, FL_WARNING, FL_ELIMIT, FL_AT_TARGET_ADDRESS,
		       pc, "the backtrace was cut after %d frames", FL_LIMIT_FRAMES);
	fl_walker_end(w, FL_STOP_LIMIT, pc);
	return NULL;
}

/* Of the place where the unwinder stands. */
bool fl_walker_emit(struct fl_walker *w, enum fl_trust trust)
{
	struct fl_unwound_frame *frame = new_frame(w, w->at.pc);
	if (!frame)
		return false;
	frame->kind = FL_FRAME_CODE;
	frame->trust = trust;
	frame->pc_known = true;
	frame->pc = w->at.pc;
	frame->lookup_pc = w->at.lookup_pc;
	frame->cfa_known = false;
	frame->cfa = 0;
	frame->exception = 0;
	frame->regs = w->at.regs;
	return true;
}

static void set_cfa(struct fl_walker *w, uint32_t cfa)
{
	struct fl_unwound_frame *frame = &w->out->frames[w->out->count - 1];
	frame->cfa = cfa;
	frame->cfa_known = true;
}

static bool
emit_boundary(struct fl_walker *w, const struct fl_boundary *boundary, enum fl_trust trust)
{
	struct fl_unwound_frame *frame = new_frame(w, boundary->exc_return);
	if (frame)
		*frame = (struct fl_unwound_frame){
			.kind = FL_FRAME_EXCEPTION,
			.trust = trust,
			.pc = boundary->exc_return,
			.pc_known = boundary->exc_return_known,
			.regs = boundary->regs,
			.exception = boundary->number,
		};
	return frame;
}

struct fl_boundary fl_walker_boundary(const struct fl_cursor *c, const struct fl_step *step)
{
	return (struct fl_boundary){
		.exc_return_known = step->return_addr != 0,
		.exc_return = step->return_addr,
		.number_known = c->ipsr_known,
		.number = c->ipsr_known ? c->ipsr : 0,
		.regs = step->regs,
	};
}

bool fl_walker_cross(struct fl_walker *w, const struct fl_boundary *boundary, enum fl_stop stop,
		     struct fl_cursor *interrupted, uint32_t addr, enum fl_trust trust)
{
	if (!emit_boundary(w, boundary, trust))
		return false;
	if (stop != FL_STOP_NONE)
		return fl_walker_end(w, stop, addr);
	fl_settle_frame_size(w->in, boundary, addr, interrupted);
	set_cfa(w, interrupted->regs.value[FL_SP]);
	if (trust != FL_TRUST_SCAN)
		trust = FL_TRUST_EXCEPTION_FRAME;
	w->at = *interrupted;
	return fl_walker_emit(w, trust);
}

bool fl_walker_to_interrupted(struct fl_walker *w, const struct fl_step *step)
{
	struct fl_boundary boundary = fl_walker_boundary(&w->at, step);
	struct fl_cursor interrupted = { 0 };
	uint32_t addr = 0;
	enum fl_stop stop = fl_exception_pop(w->in, &boundary, &interrupted, &addr);
	if (stop == FL_STOP_NO_METHOD)
		fl_finding_add(w->findings, FL_STAGE_UNWIND, FL_WARNING, FL_EUNMAPPED, FL_AT_NONE,
			       0,
			       "the interrupted thread is on the process stack, and the dump does "
			       "not hold PSP");
	return fl_walker_cross(w, &boundary, stop, &interrupted, addr, step->trust);
}

bool fl_walker_to_caller(struct fl_walker *w, const struct fl_step *step)
{
	fl_go_to_caller(&w->at, step);
	return fl_walker_emit(w, step->trust);
}

bool fl_walker_go_to(struct fl_walker *w, const struct fl_hop *hop)
{
	if (fl_gives_cfa(hop))
		set_cfa(w, hop->step.cfa);
	switch (hop->kind) {
	case FL_HOP_CALLER:
		return fl_walker_to_caller(w, &hop->step);
	case FL_HOP_EXCEPTION:
		return fl_walker_to_interrupted(w, &hop->step);
	case FL_HOP_END:
		return fl_walker_end(w, hop->stop, hop->stop_addr);
	case FL_HOP_NONE:
		break;
	}
	return fl_look_further(w, hop);
}

bool fl_walker_advance(struct fl_walker *w)
{
	if (fl_is_bad_target(w))
		return fl_leave_bad_target(w);
	struct fl_hop hop;
	fl_ask_methods(w->in, &w->at, &hop);
	return fl_walker_go_to(w, &hop);
}
