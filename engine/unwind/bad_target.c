/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/bad_target.h"

#include "target/exc_return.h"
#include "unwind/check.h"
#include "unwind/frame_size.h"
#include "unwind/last_resort.h"
#include "unwind/leaf.h"

#include <inttypes.h>

/*
 * LR names the caller if a call led here. After BX or POP {pc} it is the return address of some
 * earlier call: then the call names a function (BL), and its frame does not fit the stack.
 */
static bool lr_led_here(struct fl_walker *w, const struct fl_hop *hop)
{
	uint32_t target = 0;
	if (hop->kind == FL_HOP_EXCEPTION) {
		struct fl_boundary boundary = fl_walker_boundary(&w->at, &hop->step);
		struct fl_cursor interrupted;
		uint32_t addr;
		return fl_exception_pop(w->in, &boundary, &interrupted, &addr) == FL_STOP_NONE;
	}
	if (hop->kind != FL_HOP_CALLER)
		return false;
	if (fl_call_before(w->in->memory, hop->step.return_addr, &target) != FL_CALL_DIRECT)
		return true;
	struct fl_cursor caller = fl_caller_of(&w->at, &hop->step);
	return fl_leads_on(w->in, &caller);
}

/*
 * Where the last call returned to is most likely where the bad branch was made: a function that
 * returned through a corrupted address. It is shown, as a guess; its frame is gone.
 */
static bool show_stale_lr(struct fl_walker *w, const struct fl_hop *hop)
{
	struct fl_function_info function;
	uint32_t addr = hop->step.return_addr & ~UINT32_C(1);
	if (hop->kind != FL_HOP_CALLER || !fl_function_at(w->in->symbols, addr - 1, &function))
		return true;
	fl_finding_add(w->findings, FL_STAGE_UNWIND, FL_NOTE, FL_OK, FL_AT_TARGET_ADDRESS, addr,
		       "lr 0x%08" PRIx32 " is left over from the last call, made in %s: probably "
		       "that function returned to 0x%08" PRIx32,
		       hop->step.return_addr, function.name, w->at.pc);
	fl_go_to_caller(&w->at, &hop->step);
	return fl_walker_emit(w, FL_TRUST_SCAN);
}

bool fl_leave_bad_target(struct fl_walker *w)
{
	struct fl_step step;
	uint32_t sp;
	fl_leaf_step(&w->at, &step);
	struct fl_hop hop = fl_judge_step(w->in, &w->at, &step);
	enum fl_stop stop = fl_is_lockup(w->at.pc) || fl_is_lockup(w->at.pc | 1) ? FL_STOP_LOCKUP
										 : FL_STOP_NOT_CODE;
	if (hop.kind == FL_HOP_END || lr_led_here(w, &hop))
		return fl_walker_go_to(w, &hop);
	uint32_t target = w->at.pc;
	if (!show_stale_lr(w, &hop))
		return false;
	if (!fl_reg_get(&w->at.regs, FL_SP, &sp))
		return fl_walker_end(w, stop, target);
	return fl_search_stack(w, sp & ~UINT32_C(3), stop, target);
}

bool fl_is_bad_target(const struct fl_walker *w)
{
	return w->at.exact && w->in->symbols->count &&
	       !fl_view_is_code(w->in->symbols, w->at.lookup_pc);
}

bool fl_leave_bad_saved(struct fl_walker *w)
{
	struct fl_step step;
	fl_leaf_step(&w->at, &step);
	struct fl_hop hop = fl_judge_step(w->in, &w->at, &step);
	if (hop.kind == FL_HOP_CALLER && lr_led_here(w, &hop))
		return fl_walker_go_to(w, &hop);
	return fl_walker_end(w, FL_STOP_NOT_CODE, w->at.pc);
}
