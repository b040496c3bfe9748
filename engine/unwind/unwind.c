/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/unwind.h"

#include "target/exc_return.h"
#include "unwind/callers.h"
#include "unwind/check.h"
#include "unwind/exception.h"
#include "unwind/leaf.h"
#include "unwind/methods.h"
#include "unwind/pendsv.h"
#include "unwind/process_stack.h"
#include "unwind/scan.h"

#include <inttypes.h>

struct unwinder {
	const struct fl_unwind_input *in;
	struct fl_findings *findings;
	struct fl_unwind_result *out;
	struct fl_cursor at; /* of the newest frame */
	bool scanned;        /* the note about it was given */
	bool not_stacked;    /* the context itself is old memory */
};

static bool end(struct unwinder *u, enum fl_stop stop, uint32_t addr)
{
	u->out->stop = stop;
	u->out->stop_addr = addr;
	return false;
}

/* Room for the frame at @p pc; NULL ends the stack. */
static struct fl_unwound_frame *new_frame(struct unwinder *u, uint32_t pc)
{
	if (u->out->count < FL_LIMIT_FRAMES)
		return &u->out->frames[u->out->count++];
	fl_finding_add(u->findings, FL_STAGE_UNWIND, FL_WARNING, FL_ELIMIT, FL_AT_TARGET_ADDRESS,
		       pc, "the backtrace was cut after %d frames", FL_LIMIT_FRAMES);
	end(u, FL_STOP_LIMIT, pc);
	return NULL;
}

/* Of the place where the unwinder stands. */
static bool emit_code(struct unwinder *u, enum fl_trust trust)
{
	struct fl_unwound_frame *frame = new_frame(u, u->at.pc);
	if (!frame)
		return false;
	frame->kind = FL_FRAME_CODE;
	frame->trust = trust;
	frame->pc_known = true;
	frame->pc = u->at.pc;
	frame->lookup_pc = u->at.lookup_pc;
	frame->cfa_known = false;
	frame->cfa = 0;
	frame->exception = 0;
	frame->regs = u->at.regs;
	return true;
}

static void set_cfa(struct unwinder *u, uint32_t cfa)
{
	struct fl_unwound_frame *frame = &u->out->frames[u->out->count - 1];
	frame->cfa = cfa;
	frame->cfa_known = true;
}

/* Going to the caller. */

/* Whether a method other than the scan finds something sound above @p c; a zero may be any word. */
static bool leads_on(const struct fl_unwind_input *in, const struct fl_cursor *c)
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
	    leads_on(in, c))
		return;
	struct fl_cursor larger = larger_by(c, S16_TO_S31);
	if (leads_on(in, &larger))
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

static bool
emit_boundary(struct unwinder *u, const struct fl_boundary *boundary, enum fl_trust trust)
{
	struct fl_unwound_frame *frame = new_frame(u, boundary->exc_return);
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

static struct fl_boundary boundary_of(const struct fl_cursor *c, const struct fl_step *step)
{
	return (struct fl_boundary){
		.exc_return_known = step->return_addr != 0,
		.exc_return = step->return_addr,
		.number_known = c->ipsr_known,
		.number = c->ipsr_known ? c->ipsr : 0,
		.regs = step->regs,
	};
}

static bool cross(struct unwinder *u, const struct fl_boundary *boundary, enum fl_stop stop,
		  struct fl_cursor *interrupted, uint32_t addr, enum fl_trust trust)
{
	if (!emit_boundary(u, boundary, trust))
		return false;
	if (stop != FL_STOP_NONE)
		return end(u, stop, addr);
	try_secure_fp(u->in, boundary, interrupted);
	try_fp_space(u->in, boundary, addr, interrupted);
	set_cfa(u, interrupted->regs.value[FL_SP]);
	if (trust != FL_TRUST_SCAN)
		trust = FL_TRUST_EXCEPTION_FRAME;
	u->at = *interrupted;
	return emit_code(u, trust);
}

static bool to_interrupted(struct unwinder *u, const struct fl_step *step)
{
	struct fl_boundary boundary = boundary_of(&u->at, step);
	struct fl_cursor interrupted = { 0 };
	uint32_t addr = 0;
	enum fl_stop stop = fl_exception_pop(u->in, &boundary, &interrupted, &addr);
	if (stop == FL_STOP_NO_METHOD)
		fl_finding_add(u->findings, FL_STAGE_UNWIND, FL_WARNING, FL_EUNMAPPED, FL_AT_NONE,
			       0,
			       "the interrupted thread is on the process stack, and the dump does "
			       "not hold PSP");
	return cross(u, &boundary, stop, &interrupted, addr, step->trust);
}

static bool to_caller(struct unwinder *u, const struct fl_step *step)
{
	fl_go_to_caller(&u->at, step);
	return emit_code(u, step->trust);
}

/* The scan, when nothing else is left. */

static void note_scan(struct unwinder *u)
{
	if (u->scanned)
		return;
	u->scanned = true;
	fl_finding_add(u->findings, FL_STAGE_UNWIND, FL_NOTE, FL_ENOTFOUND, FL_AT_TARGET_ADDRESS,
		       u->at.pc,
		       "no unwind information led on from 0x%08" PRIx32
		       ": frames marked \"scan\" were found by searching the stack and may be "
		       "left over from earlier calls",
		       u->at.pc);
}

static bool to_bare_frame(struct unwinder *u, const struct fl_scan_hit *hit)
{
	struct fl_boundary boundary = boundary_of(&u->at, &hit->step);
	struct fl_cursor interrupted = { 0 };
	uint32_t addr = 0;
	enum fl_stop stop =
		fl_exception_pop_at(u->in, &boundary, hit->frame_addr, false, &interrupted, &addr);
	return cross(u, &boundary, stop, &interrupted, addr, FL_TRUST_SCAN);
}

static bool scan(struct unwinder *u, uint32_t addr, enum fl_stop stop, uint32_t stop_addr)
{
	struct fl_scan_hit hit;
	fl_scan(u->in, &u->at, addr, &hit);
	if (hit.kind != FL_SCAN_NOTHING)
		note_scan(u);
	switch (hit.kind) {
	case FL_SCAN_CALLER:
		return to_caller(u, &hit.step);
	case FL_SCAN_EXC_RETURN:
		return to_interrupted(u, &hit.step);
	case FL_SCAN_FRAME:
		return to_bare_frame(u, &hit);
	case FL_SCAN_NOTHING:
		break;
	}
	if (hit.missing && stop == FL_STOP_NO_METHOD)
		return end(u, FL_STOP_NOT_CAPTURED, addr);
	return end(u, stop, stop_addr);
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

static void report_refusal(struct unwinder *u, const struct fl_hop *hop)
{
	if (hop->stop == FL_STOP_NO_METHOD)
		return;
	if (hop->stop == FL_STOP_STACK_END) {
		fl_finding_add(u->findings, FL_STAGE_UNWIND, FL_WARNING, FL_EFORMAT,
			       FL_AT_TARGET_ADDRESS, u->at.pc,
			       "the frame at 0x%08" PRIx32 " would end at 0x%08" PRIx32
			       ", above the end of the thread's stack: the stack may be corrupted "
			       "there",
			       u->at.pc, hop->stop_addr);
		return;
	}
	fl_finding_add(u->findings, FL_STAGE_UNWIND, FL_WARNING, FL_EFORMAT, FL_AT_TARGET_ADDRESS,
		       u->at.pc,
		       "the return address 0x%08" PRIx32 " of the frame at 0x%08" PRIx32
		       " %s: the stack may be corrupted there",
		       hop->stop_addr, u->at.pc, refusal(hop->stop));
}

/* A function that made a call and saved LR nowhere. */
static bool by_its_callers(struct unwinder *u, const struct fl_hop *hop)
{
	enum { OF_ONE_STACK = 8, OF_ALL = 32 };
	struct fl_step step;
	if (hop->stop != FL_STOP_NO_METHOD || !hop->step.cfa_known ||
	    u->out->searches >= OF_ONE_STACK || u->in->searches_before + u->out->searches >= OF_ALL)
		return false;
	u->out->searches++;
	fl_callers_step(u->in, &u->at, hop->step.cfa, &step);
	if (step.status != FL_STEP_FOUND)
		return false;
	note_scan(u);
	return to_caller(u, &step);
}

static bool gives_cfa(const struct fl_hop *hop)
{
	return hop->step.cfa_known && hop->stop != FL_STOP_NO_PROGRESS &&
	       hop->stop != FL_STOP_STACK_END;
}

/* That LR was not saved yet, and so CFA is SP, is only a guess here: it has been refused. */
static bool has_no_room_above(const struct unwinder *u, const struct fl_hop *hop)
{
	return hop->stop == FL_STOP_NO_METHOD && gives_cfa(hop) && hop->step.trust != FL_TRUST_LR &&
	       fl_process_stack_is_used_up(u->in, &u->at, hop->step.cfa);
}

/* The thread that was being switched out. */
static bool to_switched_out(struct unwinder *u, const struct fl_boundary *boundary, uint32_t addr)
{
	struct fl_cursor interrupted = { 0 };
	enum fl_stop stop = fl_exception_pop_at(u->in, boundary, addr, true, &interrupted, &addr);
	return cross(u, boundary, stop, &interrupted, addr, FL_TRUST_EXCEPTION_FRAME);
}

/* Above the frame whose CFA is known, else from its own stack pointer. */
static bool scan_after(struct unwinder *u, const struct fl_hop *hop)
{
	uint32_t addr;
	struct fl_boundary boundary;
	bool from_cfa = gives_cfa(hop);
	if (fl_is_entry(u->in, &u->at))
		return end(u, FL_STOP_ENTRY, 0);
	if (fl_pendsv_interrupted(u->in, &u->at, &boundary, &addr))
		return to_switched_out(u, &boundary, addr);
	if (by_its_callers(u, hop))
		return true;
	if (has_no_room_above(u, hop))
		return end(u, FL_STOP_ENTRY, 0);
	report_refusal(u, hop);
	if (from_cfa && (!fl_reg_get(&u->at.regs, FL_SP, &addr) || hop->step.cfa >= addr))
		return scan(u, hop->step.cfa, hop->stop, hop->stop_addr);
	if (!fl_reg_get(&u->at.regs, FL_SP, &addr))
		return end(u, hop->stop, hop->stop_addr);
	return scan(u, addr & ~UINT32_C(3), hop->stop, hop->stop_addr);
}

static bool go_to(struct unwinder *u, const struct fl_hop *hop)
{
	if (gives_cfa(hop))
		set_cfa(u, hop->step.cfa);
	switch (hop->kind) {
	case FL_HOP_CALLER:
		return to_caller(u, &hop->step);
	case FL_HOP_EXCEPTION:
		return to_interrupted(u, &hop->step);
	case FL_HOP_END:
		return end(u, hop->stop, hop->stop_addr);
	case FL_HOP_NONE:
		break;
	}
	return scan_after(u, hop);
}

/* Frames that stand outside code: the target of a bad branch. */

/*
 * LR names the caller if a call led here. After BX or POP {pc} it is the return address of some
 * earlier call: then the call names a function (BL), and its frame does not fit the stack.
 */
static bool lr_led_here(struct unwinder *u, const struct fl_hop *hop)
{
	uint32_t target = 0;
	if (hop->kind == FL_HOP_EXCEPTION) {
		struct fl_boundary boundary = boundary_of(&u->at, &hop->step);
		struct fl_cursor interrupted;
		uint32_t addr;
		return fl_exception_pop(u->in, &boundary, &interrupted, &addr) == FL_STOP_NONE;
	}
	if (hop->kind != FL_HOP_CALLER)
		return false;
	if (fl_call_before(u->in->memory, hop->step.return_addr, &target) != FL_CALL_DIRECT)
		return true;
	struct fl_cursor caller = fl_caller_of(&u->at, &hop->step);
	return leads_on(u->in, &caller);
}

/*
 * Where the last call returned to is most likely where the bad branch was made: a function that
 * returned through a corrupted address. It is shown, as a guess; its frame is gone.
 */
static bool show_stale_lr(struct unwinder *u, const struct fl_hop *hop)
{
	struct fl_function_info function;
	uint32_t addr = hop->step.return_addr & ~UINT32_C(1);
	if (hop->kind != FL_HOP_CALLER || !fl_function_at(u->in->symbols, addr - 1, &function))
		return true;
	fl_finding_add(u->findings, FL_STAGE_UNWIND, FL_NOTE, FL_OK, FL_AT_TARGET_ADDRESS, addr,
		       "lr 0x%08" PRIx32 " is left over from the last call, made in %s: probably "
		       "that function returned to 0x%08" PRIx32,
		       hop->step.return_addr, function.name, u->at.pc);
	fl_go_to_caller(&u->at, &hop->step);
	return emit_code(u, FL_TRUST_SCAN);
}

static bool leave_bad_target(struct unwinder *u)
{
	struct fl_step step;
	uint32_t sp;
	fl_leaf_step(&u->at, &step);
	struct fl_hop hop = fl_judge_step(u->in, &u->at, &step);
	enum fl_stop stop = fl_is_lockup(u->at.pc) || fl_is_lockup(u->at.pc | 1) ? FL_STOP_LOCKUP
										 : FL_STOP_NOT_CODE;
	if (hop.kind == FL_HOP_END || lr_led_here(u, &hop))
		return go_to(u, &hop);
	uint32_t target = u->at.pc;
	if (!show_stale_lr(u, &hop))
		return false;
	if (!fl_reg_get(&u->at.regs, FL_SP, &sp))
		return end(u, stop, target);
	return scan(u, sp & ~UINT32_C(3), stop, target);
}

static bool is_bad_target(const struct unwinder *u)
{
	return u->at.exact && u->in->symbols->count &&
	       !fl_view_is_code(u->in->symbols, u->at.lookup_pc);
}

static bool advance(struct unwinder *u)
{
	if (is_bad_target(u))
		return leave_bad_target(u);
	struct fl_hop hop;
	fl_ask_methods(u->in, &u->at, &hop);
	return go_to(u, &hop);
}

/* The context: frame 0. */

/* CONTROL says it, where a dump has it; otherwise the pointer that equals SP. */
static bool runs_on_psp(const struct fl_registers *regs)
{
	enum { CONTROL_SPSEL = 2 };
	uint32_t control = 0;
	uint32_t sp = 0;
	uint32_t psp = 0;
	uint32_t msp = 0;
	if (fl_reg_get(regs, FL_CONTROL, &control) && control & CONTROL_SPSEL)
		return true;
	if (!fl_reg_get(regs, FL_SP, &sp) || !fl_reg_get(regs, FL_PSP, &psp) || psp != sp)
		return false;
	return !fl_reg_get(regs, FL_MSP, &msp) || msp != sp;
}

static struct fl_cursor context(const struct fl_unwind_input *in)
{
	const struct fl_registers *regs = in->regs;
	struct fl_cursor c = { .regs = *regs, .exact = true };
	uint32_t xpsr;
	(void)fl_reg_get(regs, FL_PC, &c.pc);
	c.pc &= ~UINT32_C(1);
	c.lookup_pc = c.pc;
	fl_reg_set(&c.regs, FL_PC, c.pc);
	c.ipsr_known = fl_reg_get(regs, FL_XPSR, &xpsr);
	c.ipsr = c.ipsr_known ? (uint16_t)(xpsr & 0x1ff) : 0;
	c.on_psp = !c.ipsr && runs_on_psp(regs);
	return c;
}

/* No kernel switches threads inside a handler, or puts them on the main stack. */
static struct fl_cursor saved_context(const struct fl_unwind_input *in)
{
	struct fl_cursor c = context(in);
	c.ipsr_known = true;
	c.ipsr = 0;
	c.on_psp = true;
	fl_follow_stack(&c);
	/* A thread that yielded by SVC stands behind it, on the next line or in the next function.
	 */
	if (fl_follows_svc(in, c.pc))
		c.lookup_pc = c.pc - 1;
	return c;
}

/* Whether LR can be what the core stacked, or is a word that lay there before. */
static bool lr_was_stacked(const struct fl_unwind_input *in, const struct fl_cursor *c)
{
	struct fl_step step;
	fl_leaf_step(c, &step);
	return fl_judge_step(in, c, &step).kind != FL_HOP_NONE ||
	       (step.return_addr & 1 && fl_view_is_code(in->symbols, step.return_addr - 1));
}

/*
 * Armv6-M has no STKERR: there only the values tell, and a wild pc alone is no proof. Elsewhere the
 * fault registers raise the suspicion.
 */
static bool was_stacked(const struct fl_unwind_input *in, const struct fl_cursor *c)
{
	enum { XPSR_T = 1 << 24 };
	bool suspect = in->fault_effects & FL_EFFECT_FRAME_SUSPECT;
	bool in_code = fl_view_is_code(in->symbols, c->pc);
	uint32_t xpsr = XPSR_T;
	(void)fl_reg_get(&c->regs, FL_XPSR, &xpsr);
	if (!in_code && !fl_xpsr_possible(in->arch, xpsr))
		return false;
	return !suspect || (in_code && xpsr & XPSR_T && lr_was_stacked(in, c));
}

/*
 * v8-M sets SP to the limit and stacks nothing when the frame does not fit: the block's SP is then
 * the limit plus a frame, and the live stack begins at the limit, which is a multiple of 8 (Arm DDI
 * 0553 B3.21). A stack that ran out of RAM begins where RAM does.
 */
static uint32_t unstacked_sp(const struct fl_unwind_input *in, uint32_t sp)
{
	enum { NEARBY = 0x100 };
	uint32_t frame = fl_exception_frame_size(false);
	uint32_t from = in->arch == FL_ARCH_V8M_MAIN && sp > frame ? (sp - frame) & ~UINT32_C(7)
								   : sp & ~UINT32_C(3);
	for (uint32_t off = 0; off < NEARBY; off += 4) {
		uint32_t word;
		if (fl_memory_u32(in->memory, from + off, &word))
			return from + off;
	}
	return from;
}

static bool leave_unstacked(struct unwinder *u)
{
	uint32_t sp;
	u->not_stacked = true;
	fl_finding_add(u->findings, FL_STAGE_UNWIND, FL_WARNING, FL_EFORMAT, FL_AT_TARGET_ADDRESS,
		       u->at.pc,
		       "the exception frame was never written: pc 0x%08" PRIx32
		       " and lr are old memory, and so are r0 to r3, r12 and xpsr",
		       u->at.pc);
	u->at.ipsr_known = false;
	if (!fl_reg_get(&u->at.regs, FL_SP, &sp))
		return end(u, FL_STOP_STACKING_FAILED, u->at.pc);
	return scan(u, unstacked_sp(u->in, sp), FL_STOP_STACKING_FAILED, u->at.pc);
}

/* What was saved may be damaged: LR is taken at its word, the stack is not searched. */
static bool leave_bad_saved(struct unwinder *u)
{
	struct fl_step step;
	fl_leaf_step(&u->at, &step);
	struct fl_hop hop = fl_judge_step(u->in, &u->at, &step);
	if (hop.kind == FL_HOP_CALLER && lr_led_here(u, &hop))
		return go_to(u, &hop);
	return end(u, FL_STOP_NOT_CODE, u->at.pc);
}

static bool first_step(struct unwinder *u)
{
	if (u->in->saved)
		return is_bad_target(u) ? leave_bad_saved(u) : advance(u);
	if (u->in->symbols->count && !was_stacked(u->in, &u->at))
		return leave_unstacked(u);
	return advance(u);
}

/*
 * The frames of a handler may break off before they lead to the thread that was interrupted: its
 * registers are on the process stack all the same.
 */
static bool is_cut_off_in_handler(const struct unwinder *u)
{
	const struct fl_unwound_frame *last = &u->out->frames[u->out->count - 1];
	if (!u->at.ipsr_known || !u->at.ipsr || u->out->stop == FL_STOP_SECURE)
		return false;
	/* That way it goes to a thread, and there is nothing. */
	return last->kind == FL_FRAME_CODE || !last->pc_known ||
	       !fl_exc_return_decode(last->pc).to_thread;
}

static bool is_captured(const struct fl_memory *memory, uint32_t addr)
{
	const struct fl_span *span = fl_memory_find(memory, addr);
	return span && span->source == FL_SPAN_DUMP;
}

/* r4 to r11 are lost with the frames in between, and which exception was the first as well. */
static struct fl_boundary lost_boundary(const struct unwinder *u)
{
	const struct fl_unwound_frame *last = &u->out->frames[u->out->count - 1];
	struct fl_boundary boundary = { 0 };
	uint32_t psp;
	if (fl_reg_get(&u->at.regs, FL_PSP, &psp))
		fl_reg_set(&boundary.regs, FL_PSP, psp);
	boundary.number = last->kind == FL_FRAME_CODE ? u->at.ipsr : 0;
	boundary.number_known = boundary.number;
	return boundary;
}

static void note_interrupted(struct unwinder *u, uint32_t psp)
{
	char text[160];
	fl_unwind_stop_text(u->out, text, sizeof(text));
	fl_finding_add(u->findings, FL_STAGE_UNWIND, FL_NOTE, FL_ENOTFOUND, FL_AT_TARGET_ADDRESS,
		       psp,
		       "the frames of the handler end early (%s): the thread that it interrupted "
		       "is shown by what lies at PSP, without r4 to r11",
		       text);
}

static bool show_interrupted_thread(struct unwinder *u)
{
	uint32_t psp;
	uint32_t addr;
	struct fl_cursor thread = { 0 };
	if (!u->in->symbols->count || !is_cut_off_in_handler(u) ||
	    !fl_reg_get(&u->at.regs, FL_PSP, &psp) || !is_captured(u->in->memory, psp))
		return false;
	struct fl_boundary boundary = lost_boundary(u);
	if (fl_exception_frame_test(u->in, &boundary, psp, true) != FL_FRAME_GOOD ||
	    fl_exception_pop_at(u->in, &boundary, psp, true, &thread, &addr) || thread.ipsr)
		return false;
	note_interrupted(u, psp);
	return cross(u, &boundary, FL_STOP_NONE, &thread, addr, FL_TRUST_SCAN);
}

/* The trust of a saved pc that is no code is in nothing. */
static void follow(struct unwinder *u)
{
	enum fl_trust trust = FL_TRUST_CONTEXT;
	if (u->in->saved)
		trust = is_bad_target(u) ? FL_TRUST_SCAN : FL_TRUST_EXCEPTION_FRAME;
	if (!emit_code(u, trust) || !first_step(u))
		return;
	while (advance(u)) {
	}
}

void fl_unwind(const struct fl_unwind_input *input, struct fl_findings *findings,
	       struct fl_unwind_result *result)
{
	struct fl_unwind_input in = *input;
	struct unwinder u = { .in = &in, .findings = findings, .out = result };
	result->count = 0;
	result->stop = FL_STOP_NONE;
	result->stop_addr = 0;
	result->searches = 0;
	if (!fl_reg_known(input->regs, FL_PC)) {
		result->stop = FL_STOP_NO_REGISTERS;
		return;
	}
	u.at = in.saved ? saved_context(&in) : context(&in);
	in.has_process_stack = fl_process_stack_fits(&in, &u.at.regs);
	follow(&u);
	if (show_interrupted_thread(&u))
		while (advance(&u)) {
		}
	if (u.not_stacked) {
		result->stop = FL_STOP_STACKING_FAILED;
		result->stop_addr = result->frames[0].pc;
	}
}
