/* SPDX-License-Identifier: Apache-2.0 */
#include "threads/running.h"

#include "model/exception_frame.h"
#include "target/exc_return.h"

#include <inttypes.h>
#include <string.h>

/* Arm DDI 0403E B3.2.13. */
#define SHCSR_ADDR UINT32_C(0xe000ed24)
enum {
	SHCSR_SVCALLACT = 1 << 7,
	SHCSR_PENDSVACT = 1 << 10,
	SVCALL = 11,
	PENDSV = 14,
};

/* Below the lowest word of a stack, a stack pointer is one that overflowed, up to here. */
enum { OVERFLOW_REACH = 1024 };

static uint32_t exception_of(const struct fl_registers *regs)
{
	uint32_t xpsr;
	return fl_reg_get(regs, FL_XPSR, &xpsr) ? xpsr & FL_XPSR_NUMBER : 0;
}

/*
 * Thread mode on the main stack: none of the kernel's threads, which run on the process stack, but
 * what came before them.
 */
static bool is_before_threads(const struct fl_registers *regs)
{
	uint32_t sp, msp, psp;
	return fl_reg_known(regs, FL_XPSR) && !exception_of(regs) && fl_reg_get(regs, FL_SP, &sp) &&
	       fl_reg_get(regs, FL_MSP, &msp) && fl_reg_get(regs, FL_PSP, &psp) && sp == msp &&
	       sp != psp;
}

static bool holds(const struct fl_thread *t, uint32_t psp)
{
	return t->stack.known && psp >= t->stack.start && psp < t->stack.end;
}

static bool overflowed(const struct fl_thread *t, uint32_t psp)
{
	return t->stack.start_known && psp < t->stack.start &&
	       t->stack.start - psp <= OVERFLOW_REACH;
}

/* Whether the kernel saved its registers below the very frame that is at the stack pointer. */
static bool was_saved_at(const struct fl_thread *t, uint32_t psp)
{
	uint32_t sp;
	uint32_t xpsr;
	if (t->context != FL_CONTEXT_SAVED || !fl_reg_get(&t->regs, FL_SP, &sp) ||
	    !fl_reg_get(&t->regs, FL_XPSR, &xpsr))
		return false;
	return fl_exception_frame_sp(psp, xpsr, false) == sp ||
	       fl_exception_frame_sp(psp, xpsr, true) == sp;
}

static struct fl_thread *find_idle_one(struct fl_threads *threads,
				       bool (*test)(const struct fl_thread *, uint32_t),
				       uint32_t psp)
{
	for (size_t i = 0; i < threads->count; i++)
		if (!threads->items[i].current && test(&threads->items[i], psp))
			return &threads->items[i];
	return NULL;
}

/* Where SHCSR was not captured nothing speaks against it. */
static bool may_be_switching(const struct fl_threads_input *in, uint32_t exception)
{
	uint32_t shcsr;
	if (exception == SVCALL || exception == PENDSV ||
	    !fl_memory_u32(in->memory, SHCSR_ADDR, &shcsr))
		return true;
	return shcsr & (SHCSR_SVCALLACT | SHCSR_PENDSVACT);
}

/*
 * PendSV saves the old thread's registers, chooses, restores the new one's, and only then moves
 * PSP: in between the kernel names the new one while PSP and the frame there are the old one's.
 */
static struct fl_thread *interrupted(const struct fl_kernel_scan *scan, struct fl_thread *named,
				     uint32_t psp, uint32_t exception)
{
	if (holds(named, psp) || was_saved_at(named, psp))
		return named;
	struct fl_thread *t = find_idle_one(scan->out, was_saved_at, psp);
	if (!t && named->stack.known && !overflowed(named, psp) &&
	    may_be_switching(scan->in, exception))
		t = find_idle_one(scan->out, holds, psp);
	return t ? t : named;
}

static const char *name_of(const struct fl_thread *t)
{
	return t->name ? t->name : "a thread of no name";
}

static void
displace(struct fl_kernel_scan *scan, struct fl_thread *named, struct fl_thread *by, uint32_t psp)
{
	named->current = false;
	if (named->state == FL_THREAD_RUNNING)
		named->state = FL_THREAD_READY;
	by->has_core = named->has_core;
	by->core = named->core;
	named->has_core = false;
	fl_scan_note(scan, FL_NOTE, FL_OK, psp,
		     "the kernel was switching from %s to %s: the process stack is still that of "
		     "the first",
		     name_of(by), name_of(named));
}

/* The kernel's own word, where it has one. */
static struct fl_thread *named_on(const struct fl_threads *threads, size_t core)
{
	for (size_t i = 0; i < threads->count; i++) {
		struct fl_thread *t = &threads->items[i];
		if (t->current && t->context != FL_CONTEXT_BLOCK &&
		    (t->has_core ? t->core : 0) == core)
			return t;
	}
	return NULL;
}

static struct fl_thread *
by_stack(struct fl_kernel_scan *scan, const struct fl_registers *regs, uint32_t psp)
{
	struct fl_thread *t = find_idle_one(scan->out, holds, psp);
	uint32_t sp;
	if (!t || (!exception_of(regs) && (!fl_reg_get(regs, FL_SP, &sp) || sp != psp)))
		return NULL;
	return t;
}

static struct fl_thread *
nameless(struct fl_kernel_scan *scan, const struct fl_registers *regs, uint32_t psp)
{
	struct fl_thread *t = scan->idle ? NULL : by_stack(scan, regs, psp);
	if (t)
		fl_scan_note(scan, FL_NOTE, FL_OK, psp,
			     "the kernel names no running thread: %s is taken to be it, for the "
			     "process stack pointer lies in its stack",
			     name_of(t));
	return t;
}

/* On the process stack of a thread: then the kernel ran, whatever its variables say. */
static void doubt_kernel(struct fl_kernel_scan *scan)
{
	const struct fl_threads_input *in = scan->in;
	struct fl_kernel_facts *kernel = &scan->out->kernel;
	uint32_t psp;
	if (!kernel->has_running || kernel->running || !in->context_count ||
	    is_before_threads(&in->contexts[0]) || !fl_reg_get(&in->contexts[0], FL_PSP, &psp) ||
	    !by_stack(scan, &in->contexts[0], psp))
		return;
	kernel->has_running = false;
	fl_scan_note(scan, FL_WARNING, FL_EFORMAT, psp,
		     "the kernel says that its threads did not run yet, but the process stack "
		     "pointer lies in the stack of one: its variables are damaged");
}

/* Until the first thread runs the process stack pointer is 0; debuggers that cannot tell the stack
 * pointers give 0 for both. */
static bool has_process_stack(const struct fl_registers *regs, uint32_t psp)
{
	uint32_t msp;
	return psp || !fl_reg_get(regs, FL_MSP, &msp) || !msp;
}

/* As far as the kernel itself knows. */
static size_t cores_of(const struct fl_threads *threads)
{
	size_t cores = 1;
	for (size_t i = 0; i < threads->count; i++)
		if (threads->items[i].has_core && threads->items[i].core >= cores)
			cores = threads->items[i].core + (size_t)1;
	return cores;
}

static struct fl_thread *
owner_of(struct fl_kernel_scan *scan, const struct fl_registers *regs, size_t core)
{
	uint32_t exception = exception_of(regs);
	uint32_t psp;
	struct fl_thread *named = named_on(scan->out, core);
	if (!fl_reg_get(regs, FL_PSP, &psp))
		return named;
	if (exception && !has_process_stack(regs, psp))
		return NULL;
	if (!named)
		return nameless(scan, regs, psp);
	if (!exception)
		return named;
	struct fl_thread *t = interrupted(scan, named, psp, exception);
	if (t != named)
		displace(scan, named, t, psp);
	return t;
}

static void
give(struct fl_thread *t, const struct fl_registers *regs, size_t core, bool several_cores)
{
	uint32_t sp;
	t->regs = *regs;
	t->context = FL_CONTEXT_BLOCK;
	t->stop = FL_STOP_NONE;
	t->stop_text = "";
	t->current = true;
	t->crashed = core == 0;
	if (t->state == FL_THREAD_UNKNOWN || t->state == FL_THREAD_READY)
		t->state = FL_THREAD_RUNNING;
	if (several_cores) {
		t->has_core = true;
		t->core = (uint8_t)core;
	}
	if (fl_reg_get(regs, exception_of(regs) ? FL_PSP : FL_SP, &sp))
		fl_thread_set_used(t, sp);
}

/* No two cores have all registers alike: a block that was written twice. */
static bool is_repeated(struct fl_kernel_scan *scan, size_t core)
{
	const struct fl_registers *contexts = scan->in->contexts;
	for (size_t i = 0; i < core; i++) {
		if (memcmp(&contexts[i], &contexts[core], sizeof(contexts[core])) != 0)
			continue;
		fl_finding_add(scan->findings, FL_STAGE_THREADS, FL_NOTE, FL_EFORMAT, FL_AT_NONE, 0,
			       "register blocks %zu and %zu are the same: the second is not shown",
			       i, core);
		return true;
	}
	return false;
}

/* @return how many blocks are nobody's: bit per core. */
static uint32_t give_blocks(struct fl_kernel_scan *scan)
{
	const struct fl_threads_input *in = scan->in;
	const struct fl_kernel_facts *kernel = &scan->out->kernel;
	bool asleep = kernel->has_running && !kernel->running;
	size_t cores = cores_of(scan->out);
	uint32_t left = 0;
	for (size_t core = 0; core < in->context_count && core < FL_LIMIT_CONTEXTS; core++) {
		const struct fl_registers *regs = &in->contexts[core];
		if (is_repeated(scan, core))
			continue;
		bool nobodys = asleep || core >= cores || is_before_threads(regs);
		struct fl_thread *t = nobodys ? NULL : owner_of(scan, regs, core);
		if (t)
			give(t, regs, core, in->context_count > 1);
		else
			left |= UINT32_C(1) << core;
	}
	return left;
}

/* Named as running, but no block is theirs. */
static void retire_others(struct fl_kernel_scan *scan)
{
	const struct fl_kernel_facts *kernel = &scan->out->kernel;
	bool asleep = kernel->has_running && !kernel->running;
	for (size_t i = 0; i < scan->out->count; i++) {
		struct fl_thread *t = &scan->out->items[i];
		size_t core = t->has_core ? t->core : 0;
		if (!t->current || t->context == FL_CONTEXT_BLOCK)
			continue;
		/* Its core ran, but not yet threads: what was saved is what it will start with. */
		if (core < scan->in->context_count || asleep) {
			t->current = false;
			if (t->state == FL_THREAD_RUNNING)
				t->state = FL_THREAD_READY;
			continue;
		}
		fl_thread_without_context(
			scan, t, "it was running, and the dump holds no registers of its core");
	}
}

static void insert(struct fl_kernel_scan *scan, size_t at, const struct fl_thread *thread)
{
	struct fl_thread *place = fl_scan_append(scan);
	struct fl_thread *items = scan->out->items;
	if (!place)
		return;
	for (; place > &items[at]; place--)
		*place = place[-1];
	*place = *thread;
}

static void put_crashed_first(struct fl_threads *threads)
{
	size_t at = 0;
	while (at < threads->count && !threads->items[at].crashed)
		at++;
	if (at == threads->count)
		return;
	struct fl_thread crashed = threads->items[at];
	for (; at > 0; at--)
		threads->items[at] = threads->items[at - 1];
	threads->items[0] = crashed;
}

/* Nobody's: behind the crashed one, in the order of the cores. */
static void add_bare(struct fl_kernel_scan *scan, uint32_t left)
{
	const struct fl_threads_input *in = scan->in;
	for (size_t core = in->context_count; core-- > 0;) {
		struct fl_thread bare;
		if (core >= FL_LIMIT_CONTEXTS || !(left >> core & 1))
			continue;
		fl_thread_bare(in->symbols, &in->contexts[core], &bare);
		bare.crashed = core == 0;
		bare.has_core = in->context_count > 1;
		bare.core = (uint8_t)core;
		insert(scan, core && scan->out->count && scan->out->items[0].crashed, &bare);
	}
}

void fl_threads_hand_out(struct fl_kernel_scan *scan)
{
	struct fl_threads *out = scan->out;
	doubt_kernel(scan);
	uint32_t left = give_blocks(scan);
	retire_others(scan);
	put_crashed_first(out);
	add_bare(scan, left);
	if (out->count <= FL_LIMIT_THREADS)
		return;
	fl_scan_note(scan, FL_WARNING, FL_ELIMIT, out->items[FL_LIMIT_THREADS].block,
		     "more than %d threads, the rest is not shown", FL_LIMIT_THREADS);
	out->count = FL_LIMIT_THREADS;
}
