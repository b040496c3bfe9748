/* SPDX-License-Identifier: Apache-2.0 */
/** @file Several threads of a kernel made by hand, on top of fault/case.h. */
#ifndef FAULT_CREW_H
#define FAULT_CREW_H

#include "fault/case.h"
#include "fault/overflow.h"

enum { CREW_MAX = 8, CREW_STACK = 0x200 };

struct crew {
	struct fault_case c;
	struct fl_thread threads[CREW_MAX];
	size_t count;
	struct fl_kernel_facts kernel;
	struct fl_findings findings;
};

static inline void crew_begin(struct crew *crew, uint32_t reason, const char *kernel)
{
	memset(crew, 0, sizeof(*crew));
	case_begin(&crew->c, FL_ARCH_V7EM, reason);
	crew->kernel.name = kernel;
	crew->findings.arena = &crew->c.arena;
	crew->c.in.kernel = &crew->kernel;
	crew->c.in.findings = &crew->findings;
	crew->c.in.threads = crew->threads;
}

/**
 * Thread number n: control block at 0x20000100 + 0x100 * n, stack of 512 bytes at 0x20004000 +
 * 0x1000 * n, of which nothing is captured; switched out with its stack half used.
 */
static inline struct fl_thread *crew_add(struct crew *crew, const char *name)
{
	uint32_t n = (uint32_t)crew->count++;
	struct fl_thread *thread = &crew->threads[n];
	assert_true(n < CREW_MAX);
	*thread = (struct fl_thread){
		.name = name,
		.has_block = true,
		.block = 0x20000100 + 0x100 * n,
		.state = FL_THREAD_BLOCKED,
		.has_priority = true,
		.priority = (int32_t)n + 1,
		.context = FL_CONTEXT_SAVED,
		.stop_text = "",
	};
	thread->stack.known = thread->stack.start_known = true;
	thread->stack.start = 0x20004000 + 0x1000 * n;
	thread->stack.end = thread->stack.start + CREW_STACK;
	thread->stack.saved_known = true;
	thread->stack.saved = thread->stack.start + 0x100;
	crew->c.in.thread_count = crew->count;
	return thread;
}

/** Make it the one that ran, in thread mode, with that stack pointer. */
static inline void crew_run(struct crew *crew, struct fl_thread *thread, uint32_t sp)
{
	fl_reg_set(&crew->c.regs, FL_SP, sp);
	fl_reg_set(&crew->c.regs, FL_PSP, sp);
	fl_reg_set(&crew->c.regs, FL_MSP, 0x2000ff00);
	if (!fl_reg_known(&crew->c.regs, FL_XPSR))
		fl_reg_set(&crew->c.regs, FL_XPSR, 0x01000000);
	thread->regs = crew->c.regs;
	thread->context = FL_CONTEXT_BLOCK;
	thread->state = FL_THREAD_RUNNING;
	thread->current = thread->crashed = true;
	thread->stack.saved_known = false;
	crew->c.in.thread = thread;
}

/** A handler crashed while the thread was interrupted with its frame at @p psp. */
static inline void crew_interrupt(struct crew *crew, struct fl_thread *thread, uint32_t psp)
{
	fl_reg_set(&crew->c.regs, FL_XPSR, 0x01000010);
	crew_run(crew, thread, 0x2000ff00);
	fl_reg_set(&crew->c.regs, FL_PSP, psp);
	thread->regs = crew->c.regs;
}

static inline void crew_fill(struct crew *crew, uint32_t addr, uint32_t size, uint8_t byte)
{
	uint8_t bytes[CREW_STACK];
	memset(bytes, byte, sizeof(bytes));
	case_memory(&crew->c, addr, bytes, size);
}

static inline void crew_judge(struct crew *crew)
{
	fl_fault_decode(&crew->c.memory, crew->c.in.arch, &crew->c.fault);
	struct fl_overflow_hook hook;
	bool hooked = fl_overflow_hook_find(&crew->c.in, &hook);
	for (size_t i = 0; i < crew->count; i++)
		assert_int_equal(fl_overflow_judge(&crew->c.in, hooked ? &hook : NULL,
						   &crew->threads[i], &crew->c.arena,
						   &crew->threads[i].overflow),
				 FL_OK);
}

static inline void crew_decide(struct crew *crew)
{
	crew_judge(crew);
	assert_int_equal(fl_cause_find(&crew->c.in, &crew->c.arena, &crew->c.cause), FL_OK);
}

/** The finding number @p i, or NULL. */
static inline const char *crew_finding(const struct crew *crew, size_t i)
{
	return i < crew->findings.count ? crew->findings.items[i].text : NULL;
}

static inline void crew_end(struct crew *crew)
{
	case_end(&crew->c);
}

#endif
