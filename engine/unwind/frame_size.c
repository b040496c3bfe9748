/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/frame_size.h"

#include "target/exc_return.h"
#include "unwind/check.h"
#include "unwind/methods.h"
#include "unwind/process_stack.h"

bool fl_leads_on(const struct fl_unwind_input *in, const struct fl_cursor *c)
{
	struct fl_hop hop;
	fl_ask_methods(in, c, &hop);
	if (hop.kind == FL_HOP_END && hop.stop == FL_STOP_ENTRY && !hop.stop_addr)
		return false;
	return hop.kind != FL_HOP_NONE || fl_is_entry(in, c);
}

static struct fl_cursor larger_by(const struct fl_cursor *c, uint32_t space)
{
	struct fl_cursor larger = *c;
	fl_reg_set(&larger.regs, FL_SP, c->regs.value[FL_SP] + space);
	fl_follow_stack(&larger);
	return larger;
}

/*
 * FPCCR.TS adds s16..s31 to a secure frame and is not visible in EXC_RETURN (Arm DDI 0553 B3.19):
 * taken to be set only where the frame without them leads nowhere.
 */
static void try_secure_fp(const struct fl_unwind_input *in, const struct fl_boundary *boundary,
			  struct fl_cursor *c)
{
	enum { S16_TO_S31 = 0x40 };
	struct fl_exc_return e = fl_exc_return_decode(boundary->exc_return);
	bool v8m = in->arch == FL_ARCH_V8M_MAIN;
	if (!boundary->exc_return_known || !v8m || !e.extended || !e.secure_stack ||
	    fl_leads_on(in, c))
		return;
	struct fl_cursor larger = larger_by(c, S16_TO_S31);
	if (fl_leads_on(in, &larger))
		*c = larger;
}

static bool may_have_fp(enum fl_arch arch)
{
	return arch == FL_ARCH_V7EM || arch == FL_ARCH_V8M_MAIN || arch == FL_ARCH_UNKNOWN;
}

/* How well the callers above @p c fit together: their number up to a few, more for an end. */
static unsigned reach(const struct fl_unwind_input *in, struct fl_cursor c)
{
	enum { FAR = 8, COMPLETE };
	for (unsigned n = 0; n < FAR; n++) {
		struct fl_hop hop;
		fl_ask_methods(in, &c, &hop);
		bool ends = hop.kind == FL_HOP_END && hop.stop == FL_STOP_ENTRY && hop.stop_addr;
		if (ends || (hop.kind == FL_HOP_NONE && fl_is_entry(in, &c)))
			return COMPLETE;
		if (hop.kind != FL_HOP_CALLER)
			return n;
		fl_go_to_caller(&c, &hop.step);
	}
	return FAR;
}

/* Without EXC_RETURN nothing says whether the frame has FP space: the larger one must fit better.
 */
static void try_fp_space(const struct fl_unwind_input *in, const struct fl_boundary *boundary,
			 uint32_t addr, struct fl_cursor *c)
{
	uint32_t space = fl_exception_frame_size(true) - fl_exception_frame_size(false);
	struct fl_cursor larger = larger_by(c, space);
	if (boundary->exc_return_known || !may_have_fp(in->arch) ||
	    (c->on_psp && !fl_process_stack_has_frame(in, addr, larger.regs.value[FL_SP])))
		return;
	if (reach(in, larger) > reach(in, *c))
		*c = larger;
}

void fl_settle_frame_size(const struct fl_unwind_input *in, const struct fl_boundary *boundary,
			  uint32_t addr, struct fl_cursor *interrupted)
{
	try_secure_fp(in, boundary, interrupted);
	try_fp_space(in, boundary, addr, interrupted);
}
