/* SPDX-License-Identifier: Apache-2.0 */
/* What the other threads have to do with the crash of one. */
#include "fault/hook.h"
#include "fault/locks.h"
#include "fault/rules.h"
#include "fault/stack.h"
#include "fault/words.h"

#include <inttypes.h>
#include <string.h>

enum {
	FINDINGS_MAX = 4,
	BORDER = 0x40,       /* what may lie between a stack and its neighbour */
	BLOCK_REACH = 0x200, /* no control block is larger */
	TOP = 0x100,         /* of a stack: what a neighbour that overflowed hits first */
};

static bool overflowed(const struct fl_thread *thread)
{
	return thread->overflow.verdict >= FL_OVERFLOW_LIKELY;
}

static const char *how_sure(const struct fl_thread *thread)
{
	return thread->overflow.verdict == FL_OVERFLOW_PROVEN ? "overflowed" : "likely overflowed";
}

static const char *first_evidence(const struct fl_thread *thread)
{
	return thread->overflow.evidence_count ? thread->overflow.evidence[0] : "";
}

static bool is_category(const struct fl_inquiry *q, const char *category)
{
	return !strcmp(q->cause->category, category);
}

/* Faults that a stack run over leads to as soon as somebody uses what was overwritten. */
static bool may_follow_overflow(const struct fl_inquiry *q)
{
	static const char *const categories[] = {
		"Bad Jump",     "Undefined Instruction", "Unaligned Access",
		"Bus Fault",    "MPU Violation",         "Invalid Exception Return",
		"Memory Fault", "Usage Fault",           "Hard Fault",
	};
	for (size_t i = 0; i < sizeof(categories) / sizeof(categories[0]); i++)
		if (is_category(q, categories[i]))
			return fl_inquiry_is_fault(q);
	return false;
}

static void amend_by_own_overflow(struct fl_inquiry *q)
{
	char words[FL_THREAD_WORDS];
	const struct fl_thread *own = q->in->thread;
	if (!own || !own->has_block || !overflowed(own) || is_category(q, "Stack Overflow"))
		return;
	fl_evidence(q, "%s %s its stack: %s", fl_thread_words(own, words), how_sure(own),
		    first_evidence(own));
	if (own->overflow.verdict != FL_OVERFLOW_PROVEN || !fl_stack_is_own(q) ||
	    !may_follow_overflow(q))
		return;
	const char *title = q->cause->title;
	q->cause->random_frame = true;
	fl_verdict(q, "Stack Overflow", FL_LIKELY, "%s ran past the end of its stack, then: %s",
		   words, title);
}

static void set_party(struct fl_inquiry *q, const char *name)
{
	struct fl_cause_party *party = fl_arena_array(q->arena, 1, sizeof(*party));
	q->failed |= !party;
	if (!party)
		return;
	party->thread = name;
	q->cause->parties = party;
	q->cause->party_count = 1;
}

static const struct fl_thread *only_other_overflow(const struct fl_cause_input *in)
{
	const struct fl_thread *found = NULL;
	for (size_t i = 0; i < in->thread_count; i++) {
		if (in->threads[i].crashed || !overflowed(&in->threads[i]))
			continue;
		if (found)
			return NULL;
		found = &in->threads[i];
	}
	return found;
}

/* Of a check that software made, which runs in whichever thread it runs in. */
static const struct fl_thread *accused(const struct fl_cause_input *in)
{
	struct fl_overflow_hook hook;
	if (fl_overflow_hook_find(in, &hook))
		return hook.victim;
	return overflowed(in->thread) ? in->thread : only_other_overflow(in);
}

static void name_victim(struct fl_inquiry *q)
{
	char words[FL_THREAD_WORDS];
	const struct fl_cause_input *in = q->in;
	struct fl_overflow_hook hook;
	if (!is_category(q, "Stack Overflow") || !in->thread || !in->thread->has_block)
		return;
	if (!fl_reason_is_overflow(in->reason) && !fl_overflow_hook_find(in, &hook)) {
		if (!fl_stack_is_own(q))
			set_party(q, "main stack");
		return;
	}
	const struct fl_thread *victim = accused(in);
	if (!victim || victim == in->thread || victim->crashed)
		return;
	fl_evidence(q, "%s %s its stack: %s", fl_thread_words(victim, words), how_sure(victim),
		    first_evidence(victim));
	set_party(q, victim->name ? victim->name : victim->entry);
}

/* How far down @p other went, as far as can be told. */
static uint32_t lowest(const struct fl_thread *other)
{
	uint32_t sp = other->stack.saved_known ? other->stack.saved : other->stack.start;
	bool near = sp < other->stack.start && other->stack.start - sp <= FL_STACK_REACH;
	return near ? sp : other->stack.start;
}

static bool is_right_below(const struct fl_thread *other, uint32_t addr, uint32_t reach)
{
	uint32_t start = other->stack.start;
	return addr < start && (addr >= lowest(other) || start - addr <= reach);
}

/* What of the crashed thread lies where @p other may have written; NULL. */
static const char *
what_was_hit(const struct fl_inquiry *q, const struct fl_thread *other, uint32_t *addr_ret)
{
	const struct fl_thread *own = q->in->thread;
	const struct fl_cause *cause = q->cause;
	*addr_ret = cause->address;
	if (cause->has_address && is_right_below(other, cause->address, BORDER))
		return "the address";
	if (!own)
		return NULL;
	*addr_ret = own->block;
	if (own->has_block && is_right_below(other, own->block, BLOCK_REACH))
		return "the crashed thread's control block";
	*addr_ret = own->stack.start;
	if (own->stack.known && is_right_below(other, (uint32_t)(own->stack.end - 1), BORDER))
		return "the crashed thread's stack";
	return NULL;
}

static bool relate(struct fl_inquiry *q, const struct fl_thread *other)
{
	char words[FL_THREAD_WORDS];
	uint32_t addr;
	bool start = other->stack.known || other->stack.start_known;
	const char *hit = start ? what_was_hit(q, other, &addr) : NULL;
	if (hit)
		fl_evidence(q,
			    "%s %s its stack, which ends at 0x%08" PRIx32 ", and %s, 0x%08" PRIx32
			    ", lies right below: it was likely overwritten from there",
			    fl_thread_words(other, words), how_sure(other), other->stack.start, hit,
			    addr);
	return hit;
}

/*
 * Whether what @p other wrote is what the crashed thread ran into: a return address at the top of
 * its stack, or the stack pointer in its control block. A function pointer may come from anywhere.
 */
static bool explains(const struct fl_inquiry *q, const struct fl_thread *other)
{
	const struct fl_thread *own = q->in->thread;
	uint32_t sp;
	if (!q->cause->random_frame || q->through_pointer || !may_follow_overflow(q) || !own ||
	    !own->has_block || !own->stack.known || !fl_inquiry_register(q, FL_SP, &sp) ||
	    !fl_stack_is_own(q))
		return false;
	uint32_t top = (uint32_t)(own->stack.end - 1);
	bool inside = sp >= own->stack.start && sp <= own->stack.end;
	if (inside)
		return is_right_below(other, top, BORDER) && own->stack.end - sp <= TOP;
	return is_right_below(other, own->block, BLOCK_REACH);
}

static void lead_with_last(struct fl_inquiry *q)
{
	size_t last = q->evidence_count - 1;
	const char *text = q->evidence[last];
	memmove(&q->evidence[1], &q->evidence[0], last * sizeof(q->evidence[0]));
	q->evidence[0] = text;
}

/* What crashed, and where, is chance; who wrote there is the bug. */
static void blame(struct fl_inquiry *q, const struct fl_thread *other)
{
	char words[FL_THREAD_WORDS], own[FL_THREAD_WORDS];
	const char *title = q->cause->title;
	lead_with_last(q);
	set_party(q, other->name ? other->name : other->entry);
	fl_verdict(q, "Stack Overflow", FL_LIKELY, "%s %s its stack and hit %s, then: %s",
		   fl_thread_words(other, words), how_sure(other),
		   fl_thread_words(q->in->thread, own), title);
}

static void note_overflow(const struct fl_cause_input *in, const struct fl_thread *other)
{
	char words[FL_THREAD_WORDS];
	fl_finding_add(in->findings, FL_STAGE_FAULT, FL_WARNING, FL_OK, FL_AT_TARGET_ADDRESS,
		       other->stack.start, "%s %s its stack: %s", fl_thread_words(other, words),
		       how_sure(other), first_evidence(other));
}

static void look_at_overflows(struct fl_inquiry *q)
{
	const struct fl_cause_input *in = q->in;
	const struct fl_thread *culprit = NULL;
	size_t count = 0, related = 0;
	for (size_t i = 0; i < in->thread_count; i++) {
		const struct fl_thread *other = &in->threads[i];
		if (other->crashed || !overflowed(other))
			continue;
		if (count++ < FINDINGS_MAX)
			note_overflow(in, other);
		if (count > FINDINGS_MAX || is_category(q, "Stack Overflow") || !relate(q, other))
			continue;
		related++;
		culprit = explains(q, other) ? other : NULL;
	}
	if (related == 1 && culprit)
		blame(q, culprit);
	if (count > FINDINGS_MAX)
		fl_finding_add(in->findings, FL_STAGE_FAULT, FL_WARNING, FL_OK, FL_AT_NONE, 0,
			       "%zu more threads overflowed their stacks or are likely to have",
			       count - FINDINGS_MAX);
}

static void look_at_locks(struct fl_inquiry *q)
{
	struct fl_lock_ring ring;
	FL_AUTO_STR words = { 0 };
	if (is_category(q, "Deadlock") ||
	    !fl_lock_ring_find(q->in->threads, q->in->thread_count, &ring))
		return;
	fl_lock_ring_words(&ring, &words);
	q->failed |= words.failed;
	if (words.failed)
		return;
	fl_evidence(q, "beside it there is a deadlock: %s", words.data);
	fl_finding_add(q->in->findings, FL_STAGE_FAULT, FL_WARNING, FL_OK, FL_AT_NONE, 0,
		       "deadlock: %s", words.data);
}

void fl_cause_bystanders(struct fl_inquiry *q)
{
	if (q->in->event)
		return;
	amend_by_own_overflow(q);
	name_victim(q);
	look_at_overflows(q);
	look_at_locks(q);
}
