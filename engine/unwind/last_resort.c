/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/last_resort.h"

#include "unwind/callers.h"
#include "unwind/check.h"
#include "unwind/pendsv.h"
#include "unwind/process_stack.h"
#include "unwind/scan.h"

#include <inttypes.h>

static void note_scan(struct fl_walker *w)
{
	if (w->scanned)
		return;
	w->scanned = true;
	fl_finding_add(w->findings, FL_STAGE_UNWIND, FL_NOTE, FL_ENOTFOUND, FL_AT_TARGET_ADDRESS,
		       w->at.pc,
		       "no unwind information led on from 0x%08" PRIx32
		       ": frames marked \"scan\" were found by searching the stack and may be "
		       "left over from earlier calls",
		       w->at.pc);
}

static bool to_bare_frame(struct fl_walker *w, const struct fl_scan_hit *hit)
{
	struct fl_boundary boundary = fl_walker_boundary(&w->at, &hit->step);
	struct fl_cursor interrupted = { 0 };
	uint32_t addr = 0;
	enum fl_stop stop =
		fl_exception_pop_at(w->in, &boundary, hit->frame_addr, false, &interrupted, &addr);
	return fl_walker_cross(w, &boundary, stop, &interrupted, addr, FL_TRUST_SCAN);
}

bool fl_search_stack(struct fl_walker *w, uint32_t addr, enum fl_stop stop, uint32_t stop_addr)
{
	struct fl_scan_hit hit;
	fl_scan(w->in, &w->at, addr, &hit);
	if (hit.kind != FL_SCAN_NOTHING)
		note_scan(w);
	switch (hit.kind) {
	case FL_SCAN_CALLER:
		return fl_walker_to_caller(w, &hit.step);
	case FL_SCAN_EXC_RETURN:
		return fl_walker_to_interrupted(w, &hit.step);
	case FL_SCAN_FRAME:
		return to_bare_frame(w, &hit);
	case FL_SCAN_NOTHING:
		break;
	}
	if (hit.missing && stop == FL_STOP_NO_METHOD)
		return fl_walker_end(w, FL_STOP_NOT_CAPTURED, addr);
	return fl_walker_end(w, stop, stop_addr);
}

static const char *refusal(enum fl_stop stop)
{
	switch (stop) {
	case FL_STOP_NOT_CODE:
		return "is not in code";
	case FL_STOP_NOT_A_CALL:
		return "does not follow a call";
	default:
		return "was found at a stack pointer that does not advance";
	}
}

static void report_refusal(struct fl_walker *w, const struct fl_hop *hop)
{
	if (hop->stop == FL_STOP_NO_METHOD)
		return;
	if (hop->stop == FL_STOP_STACK_END) {
		fl_finding_add(w->findings, FL_STAGE_UNWIND, FL_WARNING, FL_EFORMAT,
			       FL_AT_TARGET_ADDRESS, w->at.pc,
			       "the frame at 0x%08" PRIx32 " would end at 0x%08" PRIx32
			       ", above the end of the thread's stack: the stack may be corrupted "
			       "there",
			       w->at.pc, hop->stop_addr);
		return;
	}
	fl_finding_add(w->findings, FL_STAGE_UNWIND, FL_WARNING, FL_EFORMAT, FL_AT_TARGET_ADDRESS,
		       w->at.pc,
		       "the return address 0x%08" PRIx32 " of the frame at 0x%08" PRIx32
		       " %s: the stack may be corrupted there",
		       hop->stop_addr, w->at.pc, refusal(hop->stop));
}

/* A function that made a call and saved LR nowhere. */
static bool by_its_callers(struct fl_walker *w, const struct fl_hop *hop)
{
	enum { OF_ONE_STACK = 8, OF_ALL = 32 };
	struct fl_step step;
	if (hop->stop != FL_STOP_NO_METHOD || !hop->step.cfa_known ||
	    w->out->searches >= OF_ONE_STACK || w->in->searches_before + w->out->searches >= OF_ALL)
		return false;
	w->out->searches++;
	fl_callers_step(w->in, &w->at, hop->step.cfa, &step);
	if (step.status != FL_STEP_FOUND)
		return false;
	note_scan(w);
	return fl_walker_to_caller(w, &step);
}

/* That LR was not saved yet, and so CFA is SP, is only a guess here: it has been refused. */
static bool has_no_room_above(const struct fl_walker *w, const struct fl_hop *hop)
{
	return hop->stop == FL_STOP_NO_METHOD && fl_gives_cfa(hop) &&
	       hop->step.trust != FL_TRUST_LR &&
	       fl_process_stack_is_used_up(w->in, &w->at, hop->step.cfa);
}

/* The thread that was being switched out. */
static bool to_switched_out(struct fl_walker *w, const struct fl_boundary *boundary, uint32_t addr)
{
	struct fl_cursor interrupted = { 0 };
	enum fl_stop stop = fl_exception_pop_at(w->in, boundary, addr, true, &interrupted, &addr);
	return fl_walker_cross(w, boundary, stop, &interrupted, addr, FL_TRUST_EXCEPTION_FRAME);
}

bool fl_look_further(struct fl_walker *w, const struct fl_hop *hop)
{
	uint32_t addr;
	struct fl_boundary boundary;
	bool from_cfa = fl_gives_cfa(hop);
	if (fl_is_entry(w->in, &w->at))
		return fl_walker_end(w, FL_STOP_ENTRY, 0);
	if (fl_pendsv_interrupted(w->in, &w->at, &boundary, &addr))
		return to_switched_out(w, &boundary, addr);
	if (by_its_callers(w, hop))
		return true;
	if (has_no_room_above(w, hop))
		return fl_walker_end(w, FL_STOP_ENTRY, 0);
	report_refusal(w, hop);
	if (from_cfa && (!fl_reg_get(&w->at.regs, FL_SP, &addr) || hop->step.cfa >= addr))
		return fl_search_stack(w, hop->step.cfa, hop->stop, hop->stop_addr);
	if (!fl_reg_get(&w->at.regs, FL_SP, &addr))
		return fl_walker_end(w, hop->stop, hop->stop_addr);
	return fl_search_stack(w, addr & ~UINT32_C(3), hop->stop, hop->stop_addr);
}
