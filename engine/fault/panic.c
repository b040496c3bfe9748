/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Particle's Device OS ends in panic_(code, info, delay), which then asserts. The code says what
 * happened; it is an argument, so it was in r0, and has to be found again.
 */
#include "fault/code_walk.h"
#include "fault/rules.h"

#include <inttypes.h>
#include <string.h>

enum { REASON_ASSERT = 0x8001 };

static const char *const code_names[] = {
	[1] = "HardFault",      [2] = "NMI",
	[3] = "MemManage",      [4] = "BusFault",
	[5] = "UsageFault",     [6] = "InvalidLenth",
	[7] = "Exit",           [8] = "OutOfHeap",
	[9] = "SPIOverRun",     [10] = "AssertionFailure",
	[11] = "InvalidCase",   [12] = "PureVirtualCall",
	[13] = "StackOverflow", [14] = "HeapError",
	[15] = "SecureFault",
};

/* panic_ among the frames, as the unwinder and the symbols left it. */
struct site {
	const struct fl_frame *frame;  /* of panic_ */
	const struct fl_frame *caller; /* physical frame of who called it; NULL */
	bool innermost;
};

static bool is_panic(const struct fl_frame *frame)
{
	const char *name = frame->linkage_name ? frame->linkage_name : frame->function;
	return frame->kind == FL_FRAME_CODE && name && !strcmp(name, "panic_");
}

/* Inlined levels precede their physical frame. */
static size_t physical(const struct fl_thread *thread, size_t i)
{
	while (i < thread->frame_count && thread->frames[i].inlined)
		i++;
	return i;
}

static bool find_site(const struct fl_thread *thread, struct site *ret)
{
	for (size_t i = 0; i < thread->frame_count; i++) {
		if (!is_panic(&thread->frames[i]))
			continue;
		size_t next = physical(thread, physical(thread, i) + 1);
		*ret = (struct site){
			.frame = &thread->frames[i],
			.caller = next < thread->frame_count ? &thread->frames[next] : NULL,
			.innermost = i == physical(thread, 0),
		};
		return true;
	}
	return false;
}

/* Whether line @p i is one of the instructions an IT makes conditional. */
static bool is_conditional(const struct fl_code_walk *walk, size_t i)
{
	for (size_t back = 1; back <= 4 && i + back < walk->count; back++) {
		const struct fl_thumb *insn = &walk->lines[i + back].insn;
		if (insn->kind == FL_THUMB_IT)
			return insn->imm >= back;
	}
	return false;
}

/*
 * The constant that straight code leaves in r0, and the address where it does; through moves from
 * other registers.
 */
static bool trace_constant(const struct fl_code_walk *walk, uint32_t *addr_ret, uint32_t *ret)
{
	unsigned reg = FL_R0;
	for (size_t i = 0; i < walk->count; i++) {
		const struct fl_thumb *insn = &walk->lines[i].insn;
		if (fl_code_breaks_line(insn))
			return false;
		if (!(insn->writes >> reg & 1))
			continue;
		if (is_conditional(walk, i))
			return false;
		*addr_ret = walk->lines[i].addr;
		*ret = insn->imm;
		if (insn->kind == FL_THUMB_MOVE_IMM)
			return true;
		if (insn->kind != FL_THUMB_MOVE_REG)
			return false;
		reg = insn->rm;
	}
	return false;
}

/* The call before the return address of @p caller, when it can be one of panic_. */
static bool find_call(const struct fl_inquiry *q, const struct site *site, uint32_t *ret)
{
	uint32_t back = site->caller->pc;
	uint16_t hw[2];
	if (!site->caller->pc_known || back < 4 || !q->in->memory ||
	    !fl_memory_u16(q->in->memory, back - 4, &hw[0]) ||
	    !fl_memory_u16(q->in->memory, back - 2, &hw[1]))
		return false;
	unsigned size = fl_thumb_call_size(hw[0], hw[1]);
	struct fl_thumb insn;
	*ret = back - size;
	if (size != 4 || !site->frame->function_known || !fl_thumb_decode(hw, 2, &insn))
		return size != 0;
	return *ret + 4 + (uint32_t)insn.target == site->frame->function_addr;
}

/* What the caller put into r0 before the call. */
static bool code_at_call(const struct fl_inquiry *q, const struct site *site, uint32_t *ret)
{
	struct fl_code_walk walk;
	uint32_t call, set;
	if (!site->caller || site->caller->kind != FL_FRAME_CODE || site->frame->inlined ||
	    !site->caller->function_known || !find_call(q, site, &call))
		return false;
	uint32_t start = site->caller->function_addr;
	return fl_code_walk(q, start, call, &walk) && trace_constant(&walk, &set, ret) &&
	       !fl_code_is_joined(q, start, site->caller->pc, set, call);
}

static bool may_be_panic(const struct fl_inquiry *q)
{
	const struct fl_reason *reason = q->in->reason;
	if (reason && reason->known && reason->code == REASON_ASSERT)
		return true;
	return q->has_insn && q->insn.kind == FL_THUMB_UDF &&
	       (!reason || !reason->known || !reason->code || fl_inquiry_is_fault(q));
}

static void verdict_code(struct fl_inquiry *q, enum fl_confidence confidence, uint32_t code)
{
	const char *name =
		code < sizeof(code_names) / sizeof(code_names[0]) ? code_names[code] : NULL;
	if (name)
		fl_verdict(q, "Panic", confidence, "panic code %" PRIu32 ", %s", code, name);
	else
		fl_verdict(q, "Panic", confidence, "panic code %" PRIu32, code);
}

bool fl_cause_panic(struct fl_inquiry *q)
{
	struct site site;
	uint32_t at_call, in_frame;
	if (!q->in->thread || !may_be_panic(q) || !find_site(q->in->thread, &site))
		return false;
	fl_evidence(q, "panic_ is among the frames: its first argument says what happened");
	bool call_known = code_at_call(q, &site, &at_call);
	bool frame_known = fl_code_first_argument(q, site.frame, &in_frame);
	if (call_known)
		fl_evidence(q, "the call at the return address 0x%08" PRIx32 " passes %" PRIu32,
			    site.caller->pc, at_call);
	if (frame_known)
		fl_evidence(q, "the registers of panic_ hold %" PRIu32, in_frame);
	if (call_known && frame_known && at_call != in_frame)
		verdict_code(q, FL_UNCERTAIN, in_frame);
	else if (call_known || frame_known)
		verdict_code(q, FL_CERTAIN, call_known ? at_call : in_frame);
	else
		fl_verdict(q, "Panic", FL_LIKELY, "panic, its code could not be recovered");
	return true;
}
