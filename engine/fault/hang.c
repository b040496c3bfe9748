/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing went on any more: who waits for whom, and who did not let the others run. */
#include "fault/locks.h"
#include "fault/rules.h"
#include "fault/words.h"
#include "model/kernel_types.h"

#include <inttypes.h>
#include <string.h>

enum { SENTENCES_MAX = 3 /* of one kind: the report lists every thread anyway */ };

static bool has_kernel_threads(const struct fl_cause_input *in)
{
	for (size_t i = 0; i < in->thread_count; i++)
		if (in->threads[i].has_block)
			return true;
	return false;
}

static void
state_link(struct fl_inquiry *q, const struct fl_thread *thread, const struct fl_thread *holder)
{
	char who[FL_THREAD_WORDS], lock[FL_THREAD_WORDS], other[FL_THREAD_WORDS];
	fl_evidence(q, "%s waits %s a timeout for %s: the mutex, at 0x%08" PRIx32 ", is held by %s",
		    fl_thread_words(thread, who), thread->wait.forever ? "without" : "with",
		    fl_wait_words(&thread->wait, lock), thread->wait.object,
		    fl_thread_words(holder, other));
}

static void keep_parties(struct fl_inquiry *q, const struct fl_lock_ring *ring)
{
	struct fl_cause *cause = q->cause;
	cause->parties = fl_arena_array(q->arena, ring->count, sizeof(*cause->parties));
	q->failed |= !cause->parties;
	for (size_t i = 0; cause->parties && i < ring->count; i++) {
		const struct fl_thread *thread = fl_lock_ring_thread(ring, i);
		cause->parties[i].thread = thread->name ? thread->name : thread->entry;
		cause->parties[i].lock = thread->wait.object_name;
		cause->party_count = i + 1;
	}
}

/* Whoever ran when the watchdog came has no part in it. */
static void verdict_deadlock(struct fl_inquiry *q, const struct fl_lock_ring *ring)
{
	FL_AUTO_STR words = { 0 };
	fl_lock_ring_words(ring, &words);
	for (size_t i = 0; i < ring->count && i < SENTENCES_MAX * 2; i++)
		state_link(q, fl_lock_ring_thread(ring, i), fl_lock_ring_thread(ring, i + 1));
	if (!ring->forever)
		fl_evidence(q, "a wait among these ends by itself: the deadlock may not last");
	keep_parties(q, ring);
	q->failed |= words.failed;
	fl_verdict(q, "Deadlock", ring->forever ? FL_CERTAIN : FL_LIKELY, "deadlock: %s",
		   words.data ? words.data : "");
}

/*
 * The interrupt of a watchdog finds the registers of the running thread on the stack; software that
 * ran into its own check ends in the trap of an assert.
 */
static bool reported_itself(const struct fl_inquiry *q)
{
	const struct fl_thread *thread = q->in->thread;
	if (fl_inquiry_exception(q))
		return false;
	if (q->has_insn && q->insn.kind == FL_THUMB_UDF)
		return true;
	for (size_t i = 0; i < thread->frame_count; i++) {
		const struct fl_frame *frame = &thread->frames[i];
		if (frame->kind == FL_FRAME_EXCEPTION)
			return false;
		if (frame->function && (strstr(frame->function, "fault_handling_assert") ||
					strstr(frame->function, "memfault_task_watchdog")))
			return true;
	}
	return false;
}

/* Whether @p a runs before @p b by the kernel's count of priorities. */
static bool
comes_first(const struct fl_cause_input *in, const struct fl_thread *a, const struct fl_thread *b)
{
	const struct fl_kernel_habits *habits =
		fl_kernel_habits(in->kernel ? in->kernel->name : NULL);
	if (!habits || !a->has_priority || !b->has_priority)
		return false;
	return habits->low_is_urgent ? a->priority < b->priority : a->priority > b->priority;
}

static void
state_ready(struct fl_inquiry *q, const struct fl_thread *running, const struct fl_thread *ready)
{
	char who[FL_THREAD_WORDS];
	const struct fl_cause_input *in = q->in;
	fl_thread_words(ready, who);
	if (comes_first(in, running, ready))
		fl_evidence(q,
			    "%s, of priority %" PRId32 ", was ready and could not run: the running "
			    "one has priority %" PRId32,
			    who, ready->priority, running->priority);
	else if (comes_first(in, ready, running))
		fl_evidence(q,
			    "%s, of priority %" PRId32
			    ", was ready and comes before the running one, of priority %" PRId32
			    ": the scheduler was locked or interrupts were off",
			    who, ready->priority, running->priority);
	else
		fl_evidence(q, "%s was ready and did not run", who);
}

static void state_starved(struct fl_inquiry *q, const struct fl_thread *running)
{
	size_t stated = 0;
	for (size_t i = 0; i < q->in->thread_count; i++) {
		const struct fl_thread *thread = &q->in->threads[i];
		if (thread->state == FL_THREAD_READY && !thread->idle && !thread->current &&
		    stated++ < SENTENCES_MAX)
			state_ready(q, running, thread);
	}
	if (stated > SENTENCES_MAX)
		fl_evidence(q, "%zu more threads were ready and did not run",
			    stated - SENTENCES_MAX);
}

/* A holder that could let go of a mutex, and does not get to run. */
static void state_inversion(struct fl_inquiry *q, const struct fl_thread *running,
			    const struct fl_thread *waiter, const struct fl_thread *holder)
{
	char who[FL_THREAD_WORDS], other[FL_THREAD_WORDS], lock[FL_THREAD_WORDS];
	if (holder->state != FL_THREAD_READY || !comes_first(q->in, waiter, holder) ||
	    !comes_first(q->in, running, holder))
		return;
	fl_evidence(q,
		    "priority inversion: %s, of priority %" PRId32
		    ", waits for %s, and its holder, %s, is ready at priority %" PRId32
		    " while priority %" PRId32 " runs",
		    fl_thread_words(waiter, who), waiter->priority,
		    fl_wait_words(&waiter->wait, lock), fl_thread_words(holder, other),
		    holder->priority, running->priority);
}

/* Whether the thread that keeps @p waiter from going on is the one that runs, or one that it keeps
 * from running. */
static bool is_kept_by_the_running(const struct fl_cause_input *in, size_t waiter)
{
	size_t at = waiter;
	for (size_t steps = 0; steps < in->thread_count; steps++) {
		size_t holder = fl_locks_holder(in->threads, in->thread_count, at);
		if (holder == in->thread_count)
			break;
		at = holder;
	}
	const struct fl_thread *last = &in->threads[at];
	return at != waiter && (last->current || last->state == FL_THREAD_READY);
}

/* @p all: also those that wait for somebody who waits himself. */
static void state_holders(struct fl_inquiry *q, const struct fl_thread *running, bool all)
{
	const struct fl_cause_input *in = q->in;
	size_t stated = 0;
	for (size_t i = 0; i < in->thread_count && stated < SENTENCES_MAX; i++) {
		size_t holder = fl_locks_holder(in->threads, in->thread_count, i);
		if (holder == in->thread_count || !(all || is_kept_by_the_running(in, i)))
			continue;
		stated++;
		state_link(q, &in->threads[i], &in->threads[holder]);
		state_inversion(q, running, &in->threads[i], &in->threads[holder]);
	}
}

/* Waits of which nothing but another thread or an interrupt can end them. */
static void state_waits(struct fl_inquiry *q)
{
	char who[FL_THREAD_WORDS], what[FL_THREAD_WORDS];
	const struct fl_cause_input *in = q->in;
	size_t stated = 0;
	for (size_t i = 0; i < in->thread_count; i++) {
		const struct fl_thread *thread = &in->threads[i];
		if (!thread->wait.forever || thread->wait.kind == FL_WAIT_NONE || thread->idle ||
		    fl_locks_holder(in->threads, in->thread_count, i) < in->thread_count)
			continue;
		if (stated++ < SENTENCES_MAX)
			fl_evidence(q, "%s waits without a timeout for %s",
				    fl_thread_words(thread, who),
				    fl_wait_words(&thread->wait, what));
	}
	if (stated > SENTENCES_MAX)
		fl_evidence(q, "%zu more threads wait without a timeout", stated - SENTENCES_MAX);
}

/* What cannot be said. */
static void state_unknown(struct fl_inquiry *q)
{
	const struct fl_cause_input *in = q->in;
	size_t states = 0, mutexes = 0, holders = 0;
	for (size_t i = 0; i < in->thread_count; i++) {
		const struct fl_thread *thread = &in->threads[i];
		states += thread->has_block && thread->state == FL_THREAD_UNKNOWN;
		mutexes += thread->wait.kind == FL_WAIT_MUTEX;
		holders += thread->wait.kind == FL_WAIT_MUTEX && thread->wait.has_holder;
	}
	if (states)
		fl_evidence(q, "the state of %zu thread%s is unknown", states,
			    states == 1 ? "" : "s");
	if (!mutexes)
		fl_evidence(q, "no thread is known to wait for a mutex");
	else if (!holders)
		fl_evidence(q, "no mutex names its holder: a deadlock can be neither shown nor "
			       "excluded");
	else
		fl_evidence(q, "no threads wait for each other's mutexes in a ring%s",
			    holders < mutexes ? ", as far as the holders are known" : "");
}

static bool all_blocked(const struct fl_cause_input *in)
{
	for (size_t i = 0; i < in->thread_count; i++) {
		const struct fl_thread *thread = &in->threads[i];
		if (thread->has_block && !thread->idle && !thread->current &&
		    (thread->state == FL_THREAD_UNKNOWN || thread->state == FL_THREAD_READY ||
		     thread->state == FL_THREAD_RUNNING))
			return false;
	}
	return true;
}

static bool decide_idle(struct fl_inquiry *q, enum fl_confidence confidence)
{
	fl_evidence(q, "the idle thread was running: nothing else could");
	state_holders(q, q->in->thread, true);
	state_waits(q);
	state_unknown(q);
	if (all_blocked(q->in))
		fl_verdict(q, "Watchdog", confidence,
			   "watchdog expired while every thread was blocked");
	else
		fl_verdict(q, "Watchdog", confidence, "watchdog expired in the idle thread");
	return true;
}

static bool
decide_running(struct fl_inquiry *q, const char *function, enum fl_confidence confidence)
{
	char who[FL_THREAD_WORDS];
	const struct fl_thread *running = q->in->thread;
	fl_thread_words(running, who);
	fl_evidence(q, "%s was running when the watchdog came", who);
	state_starved(q, running);
	state_holders(q, running, false);
	state_unknown(q);
	if (function)
		fl_verdict(q, "Watchdog", confidence, "watchdog: %s did not yield in %s", who,
			   function);
	else
		fl_verdict(q, "Watchdog", confidence, "watchdog: %s did not yield", who);
	return true;
}

static bool
decide_expired(struct fl_inquiry *q, const char *function, enum fl_confidence confidence)
{
	char who[FL_THREAD_WORDS];
	const struct fl_thread *running = q->in->thread;
	if (!running || !running->has_block)
		return false;
	if (running->idle)
		return decide_idle(q, confidence);
	if (!reported_itself(q))
		return decide_running(q, function, confidence);
	fl_evidence(q, "%s reported it itself: that does not show who was stuck",
		    fl_thread_words(running, who));
	state_holders(q, running, true);
	state_waits(q);
	state_unknown(q);
	return false;
}

bool fl_cause_hang(struct fl_inquiry *q, enum fl_hang hang, const char *function,
		   enum fl_confidence confidence)
{
	struct fl_lock_ring ring;
	if (q->in->event || !has_kernel_threads(q->in))
		return false;
	if (fl_lock_ring_find(q->in->threads, q->in->thread_count, &ring) &&
	    (hang == FL_HANG_EXPIRED || ring.forever)) {
		verdict_deadlock(q, &ring);
		return true;
	}
	return hang == FL_HANG_EXPIRED && decide_expired(q, function, confidence);
}
