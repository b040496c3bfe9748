/* SPDX-License-Identifier: Apache-2.0 */
#include "fault/overflow.h"

#include "fault/fill.h"
#include "fault/hook.h"
#include "fault/rules.h"
#include "fault/stack.h"
#include "fault/trampled.h"
#include "fault/words.h"

#include <inttypes.h>
#include <string.h>

/* One thread on trial. */
struct trial {
	struct fl_inquiry q;      /* of its own context */
	struct fl_cause fault;    /* what its own fault says */
	struct fl_cause_input in; /* of this thread */
	const struct fl_cause_input *crash;
	const struct fl_overflow_hook *hook;
	const struct fl_thread *thread;
	enum fl_overflow verdict;
	bool has_sp, astray; /* astray: sp is nowhere near its stack */
	bool passed;         /* something lies beyond its end: it was not only stopped there */
	uint32_t sp;
	struct fl_low low;
};

enum { STACK_MAX = 0x100000 /* no stack of a microcontroller is larger */ };

#define STACKING_BITS \
	(FL_CFSR_STKOF | FL_CFSR_MSTKERR | FL_CFSR_STKERR | FL_CFSR_MLSPERR | FL_CFSR_LSPERR)

static bool start_known(const struct fl_thread *thread)
{
	return thread->stack.known || thread->stack.start_known;
}

static void raise_to(struct trial *t, enum fl_overflow verdict)
{
	if (verdict > t->verdict)
		t->verdict = verdict;
}

/* An interrupt stacks its frame where the process stack pointer of the thread then points to. */
static void find_pointer(struct trial *t)
{
	const struct fl_thread *thread = t->thread;
	t->has_sp = thread->context == FL_CONTEXT_BLOCK ? fl_stack_pointer(&t->q, &t->sp)
							: thread->stack.saved_known;
	if (thread->context != FL_CONTEXT_BLOCK)
		t->sp = thread->stack.saved;
}

static bool is_overflow_by_fault(struct trial *t)
{
	return fl_cause_by_fault(&t->q) && !strcmp(t->fault.category, "Stack Overflow");
}

/* The fault itself, when it was this thread's. Most are something else: nothing is said of them. */
static void look_at_fault(struct trial *t)
{
	if (!t->thread->crashed || !fl_stack_is_own(&t->q))
		return;
	t->q.mute = true;
	bool overflow = is_overflow_by_fault(t);
	t->q.mute = false;
	if (!overflow || !is_overflow_by_fault(t))
		return;
	raise_to(t, t->fault.confidence == FL_CERTAIN ? FL_OVERFLOW_PROVEN : FL_OVERFLOW_LIKELY);
}

static void look_at_hook(struct trial *t)
{
	const struct fl_thread *victim = t->hook ? t->hook->victim : NULL;
	if (!victim)
		return;
	bool accused = victim == t->thread || (victim->has_block && t->thread->has_block &&
					       victim->block == t->thread->block);
	if (!accused)
		return;
	fl_evidence_hook(&t->q, t->hook);
	t->passed = true;
	raise_to(t, FL_OVERFLOW_PROVEN);
}

static void look_at_pointer(struct trial *t)
{
	const struct fl_thread *thread = t->thread;
	uint32_t start = thread->stack.start;
	uint64_t end = thread->stack.known ? thread->stack.end : (uint64_t)start + STACK_MAX;
	if (!t->has_sp || !start_known(thread))
		return;
	t->astray = t->sp > end || (t->sp < start && start - t->sp > FL_STACK_REACH);
	if (t->astray)
		fl_evidence(&t->q, "sp 0x%08" PRIx32 " is nowhere near its stack at 0x%08" PRIx32,
			    t->sp, start);
	if (t->astray || t->sp >= start)
		return;
	t->passed = true;
	if (t->verdict != FL_OVERFLOW_PROVEN)
		fl_evidence_below(&t->q, t->sp, start, thread->name ? thread->name : "the stack");
	raise_to(t, FL_OVERFLOW_PROVEN);
}

static void state_overwritten(struct trial *t)
{
	const struct fl_low *low = &t->low;
	if (low->sentinel)
		fl_evidence(&t->q,
			    "the lowest word of its stack, at 0x%08" PRIx32 ", is 0x%08" PRIx32
			    " and not the kernel's sentinel 0x%08" PRIx32
			    ", which %zu other thread%s still ha%s",
			    low->addr, low->value, low->expected, low->witnesses,
			    low->witnesses == 1 ? "" : "s", low->witnesses == 1 ? "s" : "ve");
	else
		fl_evidence(&t->q,
			    "the lowest %" PRIu32 " bytes of its stack are no longer fill: the one "
			    "at 0x%08" PRIx32 " is 0x%02" PRIx32 " and not 0x%02" PRIx32
			    "; %zu other thread%s ha%s the fill there",
			    low->size, low->addr, low->value, low->expected, low->witnesses,
			    low->witnesses == 1 ? "" : "s", low->witnesses == 1 ? "s" : "ve");
}

static void look_at_fill(struct trial *t)
{
	const struct fl_thread *thread = t->thread;
	if (!start_known(thread))
		return;
	t->low = fl_low_end(t->crash, thread);
	bool overwritten = t->low.state == FL_LOW_OVERWRITTEN;
	if (!overwritten && !(thread->stack.unused_known && !thread->stack.unused))
		return;
	if (overwritten)
		state_overwritten(t);
	else
		fl_evidence(&t->q, "none of its bytes, from 0x%08" PRIx32 " up, was left unused",
			    thread->stack.start);
	t->passed = true;
	raise_to(t, FL_OVERFLOW_LIKELY);
}

/* What of it was never used, in words; false when nothing says. */
static bool state_room(struct trial *t)
{
	const struct fl_thread *thread = t->thread;
	if (thread->stack.unused_known)
		fl_evidence(&t->q,
			    "sp 0x%08" PRIx32 " is above 0x%08" PRIx32
			    ", where its stack ends, and the lowest %" PRIu32
			    " bytes were never used",
			    t->sp, thread->stack.start, thread->stack.unused);
	else if (t->low.state == FL_LOW_INTACT)
		fl_evidence(&t->q,
			    "sp 0x%08" PRIx32 " is above 0x%08" PRIx32
			    ", where its stack ends, and the lowest %" PRIu32
			    " bytes are as the kernel left them",
			    t->sp, thread->stack.start, t->low.size);
	else
		return false;
	return true;
}

static void state_missing(struct trial *t)
{
	struct fl_inquiry *q = &t->q;
	if (!start_known(t->thread))
		fl_evidence(q, "the end of its stack is not known");
	if (!t->has_sp)
		fl_evidence(q, "its stack pointer is not known");
	if (!start_known(t->thread) || t->thread->stack.unused_known)
		return;
	if (t->low.state == FL_LOW_NOT_CAPTURED)
		fl_evidence(q, "its lowest bytes, at 0x%08" PRIx32 ", were not captured",
			    t->thread->stack.start);
	else if (t->low.state == FL_LOW_NO_PATTERN && !t->thread->has_block)
		fl_evidence(q, "nothing tells how much of it was ever used");
	else if (t->low.state == FL_LOW_NO_PATTERN)
		fl_evidence(q,
			    "its lowest bytes, at 0x%08" PRIx32 ", hold no fill pattern, nor do "
			    "those of another thread",
			    t->thread->stack.start);
}

/* The reason comes from the kernel's check as a rule; a stack protector gives it as well. */
static bool look_at_reason(struct trial *t)
{
	if (!t->thread->crashed || !t->thread->has_block ||
	    !fl_reason_is_overflow(t->crash->reason))
		return false;
	fl_evidence(&t->q, "the device gave the reason %s while it ran", t->crash->reason->name);
	raise_to(t, FL_OVERFLOW_LIKELY);
	return true;
}

static void acquit(struct trial *t)
{
	bool stacking = t->thread->crashed && fl_stack_is_own(&t->q) && t->q.cfsr & STACKING_BITS;
	if (t->verdict != FL_OVERFLOW_UNKNOWN)
		return;
	if (stacking)
		fl_evidence(&t->q, "CFSR 0x%08" PRIx32 " has a stacking error that may be its own",
			    t->q.cfsr);
	bool inside = t->has_sp && start_known(t->thread) && !t->astray;
	if (inside && !stacking && state_room(t))
		t->verdict = FL_OVERFLOW_EXCLUDED;
	else if (!look_at_reason(t))
		state_missing(t);
}

static enum fl_code hand_over(struct trial *t, struct fl_overflow_verdict *ret)
{
	enum fl_code code = fl_inquiry_finish(&t->q);
	ret->verdict = t->verdict;
	ret->evidence = t->fault.evidence;
	ret->evidence_count = t->fault.evidence_count;
	return code;
}

enum fl_code fl_overflow_judge(const struct fl_cause_input *in, const struct fl_overflow_hook *hook,
			       const struct fl_thread *thread, struct fl_arena *arena,
			       struct fl_overflow_verdict *ret)
{
	struct trial t = { .in = *in, .crash = in, .hook = hook, .thread = thread };
	t.in.thread = thread;
	t.in.regs = &thread->regs;
	t.in.event = NULL;
	fl_inquiry_init(&t.q, &t.in, arena, &t.fault);
	find_pointer(&t);
	look_at_fault(&t);
	look_at_hook(&t);
	look_at_pointer(&t);
	look_at_fill(&t);
	if (t.passed && start_known(thread))
		fl_evidence_trampled(&t.q);
	acquit(&t);
	return hand_over(&t, ret);
}
