/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RTX5 (CMSIS-RTX, Mbed OS): there is no list of all threads. Those that can run are on the ready
 * list, those that wait are on two others, and one that ended is on none: its control block is
 * found among the variables.
 */
#include "target/exc_return.h"
#include "threads/kernel.h"

#include <inttypes.h>

enum { THREAD_ID = 0xf1, FILL = 0xcc, MAGIC_SIZE = 4, NAME_MAX_SIZE = 64 };
enum { CALLEE_SIZE = 8 * 4, FP_CALLEE_SIZE = 16 * 4 };
enum { KERNEL_RUNNING = 2 /* osKernelRunning; locked and suspended follow */ };

/* What is read of the kernel's structures. */
enum member {
	M_KERNEL_STATE,
	M_KERNEL_TICK,
	M_RUN_CURR,
	M_RUN_NEXT,
	M_READY_LIST,
	M_IDLE_THREAD,
	M_DELAY_LIST,
	M_WAIT_LIST,
	M_TERMINATE_LIST,
	M_THREAD_ID,
	M_THREAD_STATE,
	M_THREAD_NAME,
	M_THREAD_NEXT,
	M_THREAD_PREV,
	M_DELAY_NEXT,
	M_THREAD_JOIN,
	M_THREAD_DELAY,
	M_THREAD_PRIORITY,
	M_THREAD_PRIORITY_BASE,
	M_THREAD_STACK_FRAME,
	M_THREAD_STACK_MEM,
	M_THREAD_STACK_SIZE,
	M_THREAD_SP,
	M_THREAD_ADDR,
	M_MUTEX_OWNER,
	MEMBERS
};
_Static_assert(MEMBERS <= FL_SCAN_MEMBERS, "all can be known");

/* The defaults are those of 5.1 to 5.9 (rtx_os.h). */
#define INFO(path, off, size) \
	{ \
		"osRtxInfo_t", path, off, size, true \
	}
#define THREAD(path, off, size) \
	{ \
		"osRtxThread_s", path, off, size, true \
	}

static const struct fl_layout layouts[MEMBERS] = {
	[M_KERNEL_STATE] = INFO("kernel.state", 8, 1),
	[M_KERNEL_TICK] = INFO("kernel.tick", 12, 4),
	[M_RUN_CURR] = INFO("thread.run.curr", 20, 4),
	[M_RUN_NEXT] = INFO("thread.run.next", 24, 4),
	[M_READY_LIST] = INFO("thread.ready.thread_list", 36, 4),
	[M_IDLE_THREAD] = INFO("thread.idle", 40, 4),
	[M_DELAY_LIST] = INFO("thread.delay_list", 44, 4),
	[M_WAIT_LIST] = INFO("thread.wait_list", 48, 4),
	[M_TERMINATE_LIST] = INFO("thread.terminate_list", 52, 4),
	[M_THREAD_ID] = THREAD("id", 0, 1),
	[M_THREAD_STATE] = THREAD("state", 1, 1),
	[M_THREAD_NAME] = THREAD("name", 4, 4),
	[M_THREAD_NEXT] = THREAD("thread_next", 8, 4),
	[M_THREAD_PREV] = THREAD("thread_prev", 12, 4),
	[M_DELAY_NEXT] = THREAD("delay_next", 16, 4),
	[M_THREAD_JOIN] = THREAD("thread_join", 24, 4),
	[M_THREAD_DELAY] = THREAD("delay", 28, 4),
	[M_THREAD_PRIORITY] = THREAD("priority", 32, 1),
	[M_THREAD_PRIORITY_BASE] = THREAD("priority_base", 33, 1),
	[M_THREAD_STACK_FRAME] = THREAD("stack_frame", 34, 1),
	[M_THREAD_STACK_MEM] = THREAD("stack_mem", 48, 4),
	[M_THREAD_STACK_SIZE] = THREAD("stack_size", 52, 4),
	[M_THREAD_SP] = THREAD("sp", 56, 4),
	[M_THREAD_ADDR] = THREAD("thread_addr", 60, 4),
	[M_MUTEX_OWNER] = { "osRtxMutex_s", "owner_thread", 12, 4, true },
};

enum { OBJECT_NAME_OFF = 4 /* every object begins with id, state, flags, attr and its name */ };

static bool is_thread(const struct fl_kernel_scan *scan, uint32_t block)
{
	uint32_t id;
	return block && block % 4 == 0 && fl_scan_member(scan, block, M_THREAD_ID, &id) &&
	       id == THREAD_ID;
}

/* --- state and what it waits for --- */

enum { STATE = 0x0f, INACTIVE = 0, READY, RUNNING, BLOCKED, TERMINATED };

static const enum fl_thread_state states[] = {
	[INACTIVE] = FL_THREAD_INACTIVE,     [READY] = FL_THREAD_READY,
	[RUNNING] = FL_THREAD_RUNNING,       [BLOCKED] = FL_THREAD_BLOCKED,
	[TERMINATED] = FL_THREAD_TERMINATED,
};

/* The upper half of the state of a blocked thread. */
static const enum fl_wait_kind waits[] = {
	FL_WAIT_OBJECT,        FL_WAIT_DELAY,      FL_WAIT_JOIN,      FL_WAIT_NOTIFICATION,
	FL_WAIT_EVENT,         FL_WAIT_MUTEX,      FL_WAIT_SEMAPHORE, FL_WAIT_MEMORY,
	FL_WAIT_QUEUE_RECEIVE, FL_WAIT_QUEUE_SEND,
};

/* The first in the queue of an object points back to the object itself. */
static bool find_object(const struct fl_kernel_scan *scan, uint32_t block, uint32_t *ret)
{
	for (unsigned i = 0; i < FL_LIMIT_THREADS && is_thread(scan, block); i++)
		if (!fl_scan_member(scan, block, M_THREAD_PREV, &block))
			return false;
	*ret = block;
	return block && !is_thread(scan, block) && fl_memory_find(scan->in->memory, block);
}

/* The thread that has to end first names the one that waits for it. */
static bool find_joined(const struct fl_kernel_scan *scan, uint32_t block, uint32_t *ret)
{
	for (size_t i = 0; i < scan->out->count; i++) {
		uint32_t waiter;
		*ret = scan->out->items[i].block;
		if (fl_scan_member(scan, *ret, M_THREAD_JOIN, &waiter) && waiter == block)
			return true;
	}
	return false;
}

static const char *object_name(struct fl_kernel_scan *scan, uint32_t object)
{
	uint32_t text;
	const char *name = fl_scan_handle_name(scan, object);
	if (!name && fl_memory_u32(scan->in->memory, object + OBJECT_NAME_OFF, &text))
		name = fl_scan_string(scan, text, NAME_MAX_SIZE);
	return name;
}

static void name_objects(struct fl_kernel_scan *scan)
{
	for (size_t i = 0; i < scan->out->count; i++) {
		struct fl_wait *wait = &scan->out->items[i].wait;
		if (wait->has_object)
			wait->object_name = object_name(scan, wait->object);
	}
}

static void describe_wait(struct fl_kernel_scan *scan, struct fl_thread *thread)
{
	struct fl_wait *wait = &thread->wait;
	uint32_t ticks;
	wait->forever =
		fl_scan_member(scan, thread->block, M_THREAD_DELAY, &ticks) && ticks == UINT32_MAX;
	if (wait->kind == FL_WAIT_DELAY || wait->kind == FL_WAIT_NOTIFICATION)
		return;
	wait->has_object = wait->kind == FL_WAIT_JOIN
				   ? find_joined(scan, thread->block, &wait->object)
				   : find_object(scan, thread->block, &wait->object);
	wait->has_holder = wait->has_object && wait->kind == FL_WAIT_MUTEX &&
			   fl_scan_member(scan, wait->object, M_MUTEX_OWNER, &wait->holder) &&
			   wait->holder;
}

static void describe_state(struct fl_kernel_scan *scan, struct fl_thread *thread)
{
	uint32_t value;
	if (!fl_scan_member(scan, thread->block, M_THREAD_STATE, &value))
		return;
	if ((value & STATE) >= sizeof(states) / sizeof(states[0])) {
		fl_scan_note_state(scan, thread, value);
		return;
	}
	thread->state = states[value & STATE];
	if (thread->state != FL_THREAD_BLOCKED)
		return;
	uint32_t why = value >> 4;
	thread->wait.kind = why < sizeof(waits) / sizeof(waits[0]) ? waits[why] : FL_WAIT_OBJECT;
	describe_wait(scan, thread);
}

/* --- the saved context --- */

/*
 * Lowest address first: s16..s31 when EXC_RETURN, of which the control block keeps the low byte,
 * says so, r4..r11, the hardware frame (Source/GCC/irq_armv*.S). Of a thread that was inside secure
 * code nothing is here.
 */
static void load_context(struct fl_kernel_scan *scan, struct fl_thread *thread)
{
	uint32_t sp;
	uint32_t low = 0xfd;
	if (!fl_scan_member(scan, thread->block, M_THREAD_SP, &sp)) {
		fl_thread_without_context(scan, thread, "its control block was not captured");
		return;
	}
	if (thread->state == FL_THREAD_TERMINATED) {
		fl_thread_without_context(scan, thread, "it has ended");
		return;
	}
	(void)fl_scan_member(scan, thread->block, M_THREAD_STACK_FRAME, &low);
	struct fl_exc_return saved = fl_exc_return_decode(UINT32_C(0xffffff00) | low);
	if (saved.secure_stack && !saved.to_secure) {
		fl_thread_without_context(scan, thread, "it was inside secure code");
		thread->stop = FL_STOP_SECURE;
		return;
	}
	uint32_t callee = sp + (saved.extended ? FP_CALLEE_SIZE : 0);
	fl_thread_load(scan, thread, callee, FL_R4, 8);
	fl_thread_resume(scan, thread, callee + CALLEE_SIZE, saved.extended);
}

/* --- one thread --- */

static void describe_priority(struct fl_kernel_scan *scan, struct fl_thread *thread)
{
	uint32_t value;
	thread->has_priority = fl_scan_member(scan, thread->block, M_THREAD_PRIORITY, &value);
	if (thread->has_priority)
		thread->priority = (int8_t)value;
	thread->has_base_priority =
		fl_scan_member(scan, thread->block, M_THREAD_PRIORITY_BASE, &value);
	if (thread->has_base_priority)
		thread->base_priority = (int8_t)value;
}

static void describe(struct fl_kernel_scan *scan, struct fl_thread *thread)
{
	uint32_t value, size;
	if (fl_scan_member(scan, thread->block, M_THREAD_NAME, &value))
		thread->name = fl_scan_string(scan, value, NAME_MAX_SIZE);
	describe_priority(scan, thread);
	if (fl_scan_member(scan, thread->block, M_THREAD_ADDR, &value) && value)
		fl_thread_set_entry(scan, thread, value);
	if (fl_scan_member(scan, thread->block, M_THREAD_STACK_MEM, &value) &&
	    fl_scan_member(scan, thread->block, M_THREAD_STACK_SIZE, &size))
		fl_thread_set_stack(thread, value, (uint64_t)value + size);
	describe_state(scan, thread);
	load_context(scan, thread);
}

/* --- where they are --- */

static void add(struct fl_kernel_scan *scan, uint32_t block)
{
	if (is_thread(scan, block))
		fl_scan_add(scan, block);
}

static bool member_of_info(const struct fl_kernel_scan *scan, enum member member, uint32_t *ret)
{
	struct fl_variable_info info;
	return fl_view_variable(&scan->symbols, "osRtxInfo", &info) &&
	       fl_scan_member(scan, info.addr, member, ret);
}

static void add_from_info(struct fl_kernel_scan *scan, enum member member)
{
	uint32_t block;
	if (member_of_info(scan, member, &block))
		add(scan, block);
}

/* A list may begin with a thread that is listed already: only the steps are counted. */
static void walk(struct fl_kernel_scan *scan, enum member head, enum member next, const char *what)
{
	uint32_t block;
	if (!member_of_info(scan, head, &block)) {
		fl_scan_note(scan, FL_WARNING, FL_EUNMAPPED, 0,
			     "RTX5: where its %s list begins was not captured", what);
		return;
	}
	for (unsigned i = 0; block; i++) {
		if (i > FL_LIMIT_THREADS || !is_thread(scan, block)) {
			fl_scan_note(
				scan, FL_WARNING, FL_EFORMAT, block,
				i > FL_LIMIT_THREADS
					? "RTX5: its %s list goes round: threads may be missing"
					: "RTX5: its %s list leads to where no thread was "
					  "captured: the rest is not known",
				what);
			return;
		}
		fl_scan_add(scan, block);
		if (!fl_scan_member(scan, block, next, &block))
			return;
	}
}

static void add_variable(struct fl_kernel_scan *scan, uint32_t addr)
{
	uint32_t start;
	const struct fl_span *span = fl_memory_find(scan->in->memory, addr);
	if (span && span->source == FL_SPAN_DUMP && is_thread(scan, addr) &&
	    fl_scan_member(scan, addr, M_THREAD_STACK_MEM, &start) && start)
		fl_scan_add(scan, addr);
}

/* Every variable that is as large as a control block and looks like one. */
static void add_variables(struct fl_kernel_scan *scan)
{
	uint32_t size;
	struct fl_object_walk walk = { 0 };
	struct fl_captured_objects objects;
	if (!fl_view_struct_size(&scan->symbols, "osRtxThread_s", &size))
		return;
	while (fl_scan_next_objects(scan, &walk, &objects))
		for (uint32_t i = 0; i < objects.count; i++)
			if (objects.places[i].size == size)
				add_variable(scan, objects.places[i].addr);
}

static void mark_current(struct fl_kernel_scan *scan)
{
	uint32_t block;
	if (!member_of_info(scan, M_RUN_CURR, &block))
		return;
	scan->idle = !block; /* it has just deleted itself */
	struct fl_thread *thread = block ? fl_scan_find(scan, block) : NULL;
	if (thread)
		thread->current = true;
}

static void mark_idle(struct fl_kernel_scan *scan)
{
	uint32_t block;
	struct fl_thread *thread =
		member_of_info(scan, M_IDLE_THREAD, &block) ? fl_scan_find(scan, block) : NULL;
	if (thread)
		thread->idle = true;
}

static void read_facts(struct fl_kernel_scan *scan)
{
	struct fl_kernel_facts *facts = &scan->out->kernel;
	uint32_t state;
	facts->has_running = member_of_info(scan, M_KERNEL_STATE, &state);
	facts->running = facts->has_running && state >= KERNEL_RUNNING;
	facts->has_tick = member_of_info(scan, M_KERNEL_TICK, &facts->tick);
}

static void find(struct fl_kernel_scan *scan)
{
	fl_scan_know(scan, layouts, MEMBERS);
	read_facts(scan);
	add_from_info(scan, M_RUN_CURR);
	add_from_info(scan, M_RUN_NEXT);
	walk(scan, M_READY_LIST, M_THREAD_NEXT, "ready");
	walk(scan, M_DELAY_LIST, M_DELAY_NEXT, "delay");
	walk(scan, M_WAIT_LIST, M_DELAY_NEXT, "wait");
	walk(scan, M_TERMINATE_LIST, M_THREAD_NEXT, "terminate");
	add_from_info(scan, M_IDLE_THREAD);
	add_variables(scan);
	mark_current(scan);
	mark_idle(scan);
	for (size_t i = 0; i < scan->out->count; i++)
		describe(scan, &scan->out->items[i]);
	name_objects(scan);
	fl_threads_measure(scan, FILL, MAGIC_SIZE);
}

static const char *const decisive[] = { "osRtxInfo", NULL };
const struct fl_kernel fl_kernel_rtx5 = { "RTX5", decisive, find };
