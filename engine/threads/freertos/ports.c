/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ports save of a switched-out task, and which port it was.
 *
 * Nothing in a dump names the port; a layout is the right one when what it finds makes sense for
 * the tasks: an EXC_RETURN where it has one, the stack's limit, a hardware frame.
 */
#include "threads/freertos/freertos.h"

#include "target/exc_return.h"

#include <inttypes.h>

enum { NOT_SAVED = INT8_MIN };

/* Words from pxTopOfStack: up the stack, or down from the end of the context in the TCB. */
struct port {
	unsigned archs; /* bit per enum fl_arch */
	bool in_block;
	int8_t r4, frame; /* frame: without FP */
	int8_t exc_return, limit, control, secure, psp;
};

#define V6  (1U << FL_ARCH_V6M)
#define V7  (1U << FL_ARCH_V7M | 1U << FL_ARCH_V7EM)
#define V7E (1U << FL_ARCH_V7EM)
#define V8  (1U << FL_ARCH_V8M_BASE | 1U << FL_ARCH_V8M_MAIN)
#define V8M (1U << FL_ARCH_V8M_MAIN)
#define _   NOT_SAVED

/*
 * PendSV_Handler / xPortPendSVHandler of portable/GCC/ARM_CM*; among equals the first is taken. A
 * core also runs the ports of the lesser ones before it.
 */
static const struct port ports[] = {
	/* archs, in TCB, r4, frame, EXC_RETURN, PSPLIM, CONTROL, xSecureContext, PSP */
	{ V8, false, 2, 10, 1, 0, _, _, _ },           /* _NTZ */
	{ V8, false, 3, 11, 2, 1, _, 0, _ },           /* with TrustZone */
	{ V8M, false, 6, 14, 5, 4, _, _, _ },          /* _NTZ, PAC keys */
	{ V8M, false, 7, 15, 6, 5, _, 4, _ },          /* with TrustZone, PAC keys */
	{ V8, false, 3, 11, 2, 0, 1, _, _ },           /* _NTZ with MPU, before 10.6 */
	{ V8, false, 4, 12, 3, 1, 2, 0, _ },           /* with TrustZone and MPU, before 10.6 */
	{ V7E | V8M, false, 0, 9, 8, _, _, _, _ },     /* CM4F, CM7 */
	{ V7E | V8M, false, 1, 10, 9, _, 0, _, _ },    /* CM4_MPU, before 10.6 */
	{ V6 | V8, false, 1, 9, 0, _, _, _, _ },       /* CM0 since 11.1 */
	{ V7 | V8M, false, 1, 9, _, _, 0, _, _ },      /* CM3_MPU, before 10.6 */
	{ V6 | V7 | V8, false, 0, 8, _, _, _, _, _ },  /* CM0 until 11.0, CM3 */
	{ V8, true, -20, -12, -1, -3, -2, _, -4 },     /* _NTZ with MPU */
	{ V8, true, -21, -13, -1, -3, -2, -5, -4 },    /* with TrustZone and MPU */
	{ V8M, true, -24, -16, -5, -7, -6, _, -8 },    /* _NTZ with MPU, PAC keys */
	{ V8M, true, -25, -17, -5, -7, -6, -9, -8 },   /* with TrustZone and MPU, PAC keys */
	{ V7, true, -18, -8, -10, _, -19, _, -9 },     /* CM3_MPU, CM4_MPU */
	{ V6 | V8, true, -19, -11, -1, _, -2, _, -3 }, /* CM0 with MPU */
};
#undef _

enum {
	PORTS = sizeof(ports) / sizeof(ports[0]),
	CONTROL_BITS = 0xff,
	FP_WORDS = 16, /* s16..s31 */
	LIMIT_SLACK = 8
};

/* One task, looked at as if a port had saved it. */
struct saved {
	const struct fl_freertos *k;
	const struct port *port;
	const struct fl_thread *thread;
	uint32_t top;
};

static uint32_t at(const struct saved *s, int8_t word)
{
	return s->top + (uint32_t)(4 * word);
}

/* True also when the port does not save it: *ret is 0 then. */
static bool read_word(const struct saved *s, int8_t word, uint32_t *ret)
{
	*ret = 0;
	return word == NOT_SAVED || fl_scan_number(s->k->scan, at(s, word), 4, false, ret);
}

/* The context in the TCB lies in front of its list items. */
static bool is_in_block(const struct fl_freertos *k, uint32_t block, uint32_t top)
{
	return top - block > 4 && top - block <= k->members[FL_FREERTOS_STATE_ITEM].off;
}

static bool is_plausible_exc_return(const struct fl_freertos *k, uint32_t value)
{
	struct fl_exc_return exc = fl_exc_return_decode(value);
	return fl_is_exc_return(value, k->scan->in->arch) && exc.to_thread && exc.psp;
}

/* The task was inside secure code, to a port that is not: its frame is out of sight. */
static bool is_in_secure_code(const struct port *port, uint32_t exc_return)
{
	struct fl_exc_return exc = fl_exc_return_decode(exc_return);
	return port->secure != NOT_SAVED && exc.secure_stack && !exc.to_secure;
}

/* PSPLIM is the low end of the stack; a system call has a stack in the TCB; v8-M baseline has no
 * such register in non-secure state. */
static bool is_plausible_limit(const struct saved *s, uint32_t limit)
{
	const struct fl_freertos *k = s->k;
	if (!limit)
		return k->scan->in->arch != FL_ARCH_V8M_MAIN;
	if (s->port->in_block && is_in_block(k, s->thread->block, limit))
		return true;
	if (!s->thread->stack.start_known)
		return limit % LIMIT_SLACK == 0;
	uint32_t off = limit - s->thread->stack.start;
	return off < LIMIT_SLACK || off > UINT32_MAX - LIMIT_SLACK;
}

static uint32_t frame_of(const struct saved *s, uint32_t exc_return)
{
	bool extended =
		s->port->exc_return != NOT_SAVED && fl_exc_return_decode(exc_return).extended;
	uint32_t addr = at(s, s->port->frame);
	return extended && !s->port->in_block ? addr + 4 * FP_WORDS : addr;
}

static bool fits(const struct saved *s)
{
	const struct port *port = s->port;
	uint32_t exc_return, limit, control;
	if (is_in_block(s->k, s->thread->block, s->top) != port->in_block ||
	    !read_word(s, port->exc_return, &exc_return) || !read_word(s, port->limit, &limit) ||
	    !read_word(s, port->control, &control))
		return false;
	if (port->exc_return != NOT_SAVED && !is_plausible_exc_return(s->k, exc_return))
		return false;
	if (port->limit != NOT_SAVED && !is_plausible_limit(s, limit))
		return false;
	if (control & ~(uint32_t)CONTROL_BITS)
		return false;
	return is_in_secure_code(port, exc_return) ||
	       fl_scan_is_frame(s->k->scan, frame_of(s, exc_return));
}

static bool runs_on(const struct port *port, enum fl_arch arch)
{
	return arch == FL_ARCH_UNKNOWN || port->archs >> arch & 1;
}

/* What is saved of a task that runs is out of date. */
static bool
has_saved(const struct fl_freertos *k, const struct fl_thread *thread, uint32_t *top_ret)
{
	return !thread->current && fl_freertos_read(k, thread->block, FL_FREERTOS_TOP, top_ret);
}

static uint32_t count_fits(const struct fl_freertos *k, const struct port *port)
{
	const struct fl_threads *threads = k->scan->out;
	struct saved s = { .k = k, .port = port };
	uint32_t count = 0;
	for (size_t i = 0; i < threads->count; i++) {
		s.thread = &threads->items[i];
		count += has_saved(k, s.thread, &s.top) && fits(&s);
	}
	return count;
}

static uint32_t count_saved(const struct fl_freertos *k)
{
	const struct fl_threads *threads = k->scan->out;
	uint32_t count = 0;
	uint32_t top;
	for (size_t i = 0; i < threads->count; i++)
		count += has_saved(k, &threads->items[i], &top);
	return count;
}

/* One port for all tasks: the one that makes sense of most. */
static const struct port *choose(const struct fl_freertos *k)
{
	const struct port *best = NULL;
	uint32_t all = count_saved(k);
	uint32_t most = 0;
	for (size_t i = 0; i < PORTS && most < all; i++) {
		uint32_t count =
			runs_on(&ports[i], k->scan->in->arch) ? count_fits(k, &ports[i]) : 0;
		if (count <= most)
			continue;
		best = &ports[i];
		most = count;
	}
	return best;
}

/* Stack space of a system call is in the TCB: what is used of it says nothing about the task's own.
 */
static void forget_foreign_use(const struct fl_freertos *k, struct fl_thread *thread)
{
	uint32_t sp;
	if (!fl_reg_get(&thread->regs, FL_SP, &sp) || !is_in_block(k, thread->block, sp))
		return;
	fl_thread_forget_used(thread);
	fl_thread_forget_saved(thread);
}

static void
resume(struct fl_freertos *k, const struct saved *s, struct fl_thread *thread, uint32_t exc_return)
{
	uint32_t frame = frame_of(s, exc_return);
	uint32_t psp = frame;
	bool extended =
		s->port->exc_return != NOT_SAVED && fl_exc_return_decode(exc_return).extended;
	if (s->port->in_block && !read_word(s, s->port->psp, &psp)) {
		fl_thread_without_context(k->scan, thread,
					  "its saved stack pointer was not captured");
		return;
	}
	fl_thread_load(k->scan, thread, at(s, s->port->r4), FL_R4, 8);
	if (fl_thread_resume_copy(k->scan, thread, frame, psp, extended))
		forget_foreign_use(k, thread);
}

static void load(struct fl_freertos *k, const struct port *port, struct fl_thread *thread)
{
	struct saved s = { .k = k, .port = port, .thread = thread };
	uint32_t exc_return;
	if (!fl_freertos_read(k, thread->block, FL_FREERTOS_TOP, &s.top)) {
		fl_thread_without_context(k->scan, thread,
					  "its saved stack pointer was not captured");
		return;
	}
	if (!port->in_block)
		fl_thread_set_saved(thread, s.top);
	if (is_in_block(k, thread->block, s.top) != port->in_block)
		fl_thread_without_context(k->scan, thread,
					  "its stack pointer 0x%08" PRIx32 " leads elsewhere than "
					  "those of the other tasks",
					  s.top);
	else if (!read_word(&s, port->exc_return, &exc_return))
		fl_thread_without_context(
			k->scan, thread, "its saved registers at 0x%08" PRIx32 " were not captured",
			at(&s, port->exc_return));
	else if (port->exc_return != NOT_SAVED && !is_plausible_exc_return(k, exc_return))
		fl_thread_without_context(k->scan, thread,
					  "0x%08" PRIx32 " at 0x%08" PRIx32 " is no EXC_RETURN",
					  exc_return, at(&s, port->exc_return));
	else if (is_in_secure_code(port, exc_return))
		fl_thread_without_context(k->scan, thread,
					  "it was inside secure code, whose stack is out of sight");
	else
		resume(k, &s, thread, exc_return);
}

/*
 * The frame that pxPortInitialiseStack() makes up: it stands at the beginning of a function, and
 * the return address is none (0) or the beginning of another (prvTaskExitError).
 */
static void find_entry(struct fl_freertos *k, struct fl_thread *thread)
{
	const struct fl_symbol_view *symbols = k->scan->in->symbols;
	struct fl_function_info function;
	uint32_t pc, lr, xpsr;
	if (thread->context != FL_CONTEXT_SAVED || !fl_reg_get(&thread->regs, FL_PC, &pc) ||
	    !fl_reg_get(&thread->regs, FL_LR, &lr) || !fl_reg_get(&thread->regs, FL_XPSR, &xpsr) ||
	    xpsr != UINT32_C(1) << 24)
		return;
	const struct fl_module *module = fl_view_module_at(symbols, pc);
	if (!module || !fl_module_function(module, pc, &function) || function.addr != pc)
		return;
	lr &= ~UINT32_C(1);
	module = fl_view_module_at(symbols, lr);
	if (!lr || (module && fl_module_function(module, lr, &function) && function.addr == lr))
		fl_thread_set_entry(k->scan, thread, pc);
}

/* Whether the words that every port saves were captured of any task. */
static bool is_any_captured(const struct fl_freertos *k, uint32_t *top_ret)
{
	const struct fl_threads *threads = k->scan->out;
	uint32_t word;
	for (size_t i = 0; i < threads->count; i++)
		if (has_saved(k, &threads->items[i], top_ret) &&
		    fl_scan_number(k->scan, *top_ret - 4, 4, false, &word) &&
		    fl_scan_number(k->scan, *top_ret + 60, 4, false, &word))
			return true;
	return false;
}

/* Nothing fits: the words at the simplest port's places say what is wrong with each task. */
static const struct port *fallback(const struct fl_freertos *k)
{
	for (size_t i = PORTS; i-- > 0;)
		if (!ports[i].in_block && runs_on(&ports[i], k->scan->in->arch))
			return &ports[i];
	return &ports[0];
}

void fl_freertos_contexts(struct fl_freertos *k)
{
	struct fl_threads *threads = k->scan->out;
	const struct port *port = choose(k);
	uint32_t top;
	if (!port && is_any_captured(k, &top))
		fl_scan_note(
			k->scan, FL_WARNING, FL_EUNSUPPORTED, top,
			"what the kernel saved of its tasks is in the layout of no known port");
	if (!port)
		port = fallback(k);
	for (size_t i = 0; i < threads->count; i++) {
		load(k, port, &threads->items[i]);
		find_entry(k, &threads->items[i]);
	}
}
