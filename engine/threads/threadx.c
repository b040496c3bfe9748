/* SPDX-License-Identifier: Apache-2.0 */
/* ThreadX, alias Azure RTOS and Eclipse ThreadX: the circular list of created threads. */
#include "target/exc_return.h"
#include "threads/kernel.h"

#include <inttypes.h>

#define THREAD_ID    UINT32_C(0x54485244) /* "THRD": tx_thread_id of a thread that is not deleted */
#define INITIALIZING UINT32_C(0xf0f0f0f0) /* _tx_thread_system_state from here on */

enum { COUNT_MAX = 0x10000 /* threads; more is no count */ };
enum { FILL = 0xef, NAME_MAX_SIZE = 64, CALLEE_SIZE = 8 * 4, FP_CALLEE_SIZE = 16 * 4 };

/* tx_thread_state (tx_api.h, TX_READY and following) */
enum state {
	READY,
	COMPLETED,
	TERMINATED,
	SUSPENDED,
	SLEEP,
	QUEUE,
	SEMAPHORE,
	EVENT_FLAG,
	BLOCK_MEMORY,
	BYTE_MEMORY,
	IO_DRIVER,
	FILE_SYSTEM,
	TCP_IP,
	MUTEX,
	PRIORITY_CHANGE,
};

/* What is read of the kernel's structures. */
enum member {
	M_ID,
	M_RUN_COUNT,
	M_STACK_PTR,
	M_STACK_START,
	M_STACK_SIZE,
	M_NAME,
	M_PRIORITY,
	M_STATE,
	M_ENTRY,
	M_TIMEOUT,
	M_WAITS_FOR,
	M_NEXT_CREATED,
	M_USER_PRIORITY,
	M_ENQUEUED,
	M_OWNER,
	MEMBERS
};
_Static_assert(MEMBERS <= FL_SCAN_MEMBERS, "all can be known");

/* The defaults are those of ports without extensions of the control block: all of Cortex-M's. */
static const struct fl_layout layouts[MEMBERS] = {
	[M_ID] = { "TX_THREAD_STRUCT", "tx_thread_id", 0, 4, true },
	[M_RUN_COUNT] = { "TX_THREAD_STRUCT", "tx_thread_run_count", 4, 4, true },
	[M_STACK_PTR] = { "TX_THREAD_STRUCT", "tx_thread_stack_ptr", 8, 4, true },
	[M_STACK_START] = { "TX_THREAD_STRUCT", "tx_thread_stack_start", 12, 4, true },
	[M_STACK_SIZE] = { "TX_THREAD_STRUCT", "tx_thread_stack_size", 20, 4, true },
	[M_NAME] = { "TX_THREAD_STRUCT", "tx_thread_name", 40, 4, true },
	[M_PRIORITY] = { "TX_THREAD_STRUCT", "tx_thread_priority", 44, 4, true },
	[M_STATE] = { "TX_THREAD_STRUCT", "tx_thread_state", 48, 4, true },
	[M_ENTRY] = { "TX_THREAD_STRUCT", "tx_thread_entry", 68, 4, true },
	[M_TIMEOUT] = { "TX_THREAD_STRUCT", "tx_thread_timer.tx_timer_internal_remaining_ticks", 76,
			4, true },
	[M_WAITS_FOR] = { "TX_THREAD_STRUCT", "tx_thread_suspend_control_block", 108, 4, true },
	[M_NEXT_CREATED] = { "TX_THREAD_STRUCT", "tx_thread_created_next", 136, 4, true },
	[M_USER_PRIORITY] = { "TX_THREAD_STRUCT", "tx_thread_user_priority", 0, 0, false },
	[M_ENQUEUED] = { "TX_QUEUE_STRUCT", "tx_queue_enqueued", 16, 4, true },
	[M_OWNER] = { "TX_MUTEX_STRUCT", "tx_mutex_owner", 12, 4, true },
};

enum { OBJECT_NAME_OFF = 4 /* every object begins with its id and its name */ };

/* --- state and what it waits for --- */

static const struct {
	enum fl_thread_state state;
	enum fl_wait_kind wait;
} states[] = {
	[READY] = { FL_THREAD_READY, FL_WAIT_NONE },
	[COMPLETED] = { FL_THREAD_TERMINATED, FL_WAIT_NONE },
	[TERMINATED] = { FL_THREAD_TERMINATED, FL_WAIT_NONE },
	[SUSPENDED] = { FL_THREAD_SUSPENDED, FL_WAIT_NONE },
	[SLEEP] = { FL_THREAD_BLOCKED, FL_WAIT_DELAY },
	[QUEUE] = { FL_THREAD_BLOCKED, FL_WAIT_QUEUE_RECEIVE },
	[SEMAPHORE] = { FL_THREAD_BLOCKED, FL_WAIT_SEMAPHORE },
	[EVENT_FLAG] = { FL_THREAD_BLOCKED, FL_WAIT_EVENT },
	[BLOCK_MEMORY] = { FL_THREAD_BLOCKED, FL_WAIT_MEMORY },
	[BYTE_MEMORY] = { FL_THREAD_BLOCKED, FL_WAIT_MEMORY },
	[IO_DRIVER] = { FL_THREAD_BLOCKED, FL_WAIT_IO },
	[FILE_SYSTEM] = { FL_THREAD_BLOCKED, FL_WAIT_IO },
	[TCP_IP] = { FL_THREAD_BLOCKED, FL_WAIT_IO },
	[MUTEX] = { FL_THREAD_BLOCKED, FL_WAIT_MUTEX },
	[PRIORITY_CHANGE] = { FL_THREAD_READY, FL_WAIT_NONE },
};

/* By its symbol; on a heap by the name it was created with. */
static const char *object_name(struct fl_kernel_scan *scan, uint32_t object)
{
	uint32_t text;
	const char *found = fl_scan_object_name(scan, object);
	if (!found && fl_memory_u32(scan->in->memory, object + OBJECT_NAME_OFF, &text))
		found = fl_scan_string(scan, text, NAME_MAX_SIZE);
	return found;
}

static void describe_object(struct fl_kernel_scan *scan, struct fl_wait *wait)
{
	uint32_t count;
	wait->object_name = object_name(scan, wait->object);
	/* One waits to send only while the queue is full. */
	if (wait->kind == FL_WAIT_QUEUE_RECEIVE &&
	    fl_scan_member(scan, wait->object, M_ENQUEUED, &count) && count)
		wait->kind = FL_WAIT_QUEUE_SEND;
	wait->has_holder = wait->kind == FL_WAIT_MUTEX &&
			   fl_scan_member(scan, wait->object, M_OWNER, &wait->holder) &&
			   wait->holder;
}

static void describe_wait(struct fl_kernel_scan *scan, struct fl_thread *thread)
{
	struct fl_wait *wait = &thread->wait;
	uint32_t ticks;
	if (wait->kind == FL_WAIT_NONE)
		return;
	wait->forever =
		fl_scan_member(scan, thread->block, M_TIMEOUT, &ticks) && ticks == UINT32_MAX;
	if (wait->kind == FL_WAIT_DELAY)
		return;
	wait->has_object =
		fl_scan_member(scan, thread->block, M_WAITS_FOR, &wait->object) && wait->object;
	if (wait->has_object)
		describe_object(scan, wait);
}

static void describe_state(struct fl_kernel_scan *scan, struct fl_thread *thread)
{
	uint32_t number, runs;
	if (!fl_scan_member(scan, thread->block, M_STATE, &number))
		return;
	if (number >= sizeof(states) / sizeof(states[0])) {
		fl_scan_note_state(scan, thread, number);
		return;
	}
	thread->state = states[number].state;
	thread->wait.kind = states[number].wait;
	/* Created with TX_DONT_START. */
	if (number == SUSPENDED && fl_scan_member(scan, thread->block, M_RUN_COUNT, &runs) && !runs)
		thread->state = FL_THREAD_INACTIVE;
	describe_wait(scan, thread);
}

/* --- the saved context --- */

/*
 * Lowest address first: EXC_RETURN, s16..s31 when it says so, r4..r11, the hardware frame; cores
 * without the wide instructions save r8..r11 below r4..r7 (ports/cortex_m<n>/gnu/src,
 * tx_thread_schedule.S and tx_thread_stack_build.S).
 */
static void load_context(struct fl_kernel_scan *scan, struct fl_thread *thread)
{
	uint32_t sp, value;
	enum fl_arch arch = scan->in->arch;
	bool narrow = arch == FL_ARCH_V6M || arch == FL_ARCH_V8M_BASE;
	if (!fl_scan_member(scan, thread->block, M_STACK_PTR, &sp)) {
		fl_thread_without_context(scan, thread, "its control block was not captured");
		return;
	}
	if (!fl_memory_u32(scan->in->memory, sp, &value)) {
		fl_thread_without_context(
			scan, thread, "its saved registers at 0x%08" PRIx32 " were not captured",
			sp);
		return;
	}
	if (!fl_is_exc_return(value, arch) || !fl_exc_return_decode(value).psp) {
		fl_thread_without_context(scan, thread, "no saved registers are at 0x%08" PRIx32,
					  sp);
		return;
	}
	bool extended = fl_exc_return_decode(value).extended;
	uint32_t callee = sp + 4 + (extended ? FP_CALLEE_SIZE : 0);
	fl_thread_load(scan, thread, narrow ? callee + 16 : callee, FL_R4, narrow ? 4 : 8);
	if (narrow)
		fl_thread_load(scan, thread, callee, FL_R8, 4);
	fl_thread_resume(scan, thread, callee + CALLEE_SIZE, extended);
}

/* --- one thread --- */

static void describe_stack(struct fl_kernel_scan *scan, struct fl_thread *thread)
{
	uint32_t start, size;
	if (fl_scan_member(scan, thread->block, M_STACK_START, &start) &&
	    fl_scan_member(scan, thread->block, M_STACK_SIZE, &size))
		fl_thread_set_stack(thread, start, (uint64_t)start + size);
}

static void describe(struct fl_kernel_scan *scan, struct fl_thread *thread)
{
	uint32_t value;
	if (fl_scan_member(scan, thread->block, M_NAME, &value))
		thread->name = fl_scan_string(scan, value, NAME_MAX_SIZE);
	thread->has_priority = fl_scan_member(scan, thread->block, M_PRIORITY, &value);
	if (thread->has_priority)
		thread->priority = (int32_t)value;
	thread->has_base_priority = fl_scan_member(scan, thread->block, M_USER_PRIORITY, &value);
	if (thread->has_base_priority)
		thread->base_priority = (int32_t)value;
	if (fl_scan_member(scan, thread->block, M_ENTRY, &value))
		fl_thread_set_entry(scan, thread, value);
	describe_stack(scan, thread);
	describe_state(scan, thread);
	load_context(scan, thread);
}

/* --- the list --- */

static bool is_thread(const struct fl_kernel_scan *scan, uint32_t block)
{
	uint32_t value;
	return fl_scan_member(scan, block, M_ID, &value) && value == THREAD_ID;
}

/* From one to the next until it comes back to the first. */
static void walk_created(struct fl_kernel_scan *scan)
{
	uint32_t first, block;
	if (!fl_scan_variable(scan, "_tx_thread_created_ptr", &first)) {
		fl_scan_note(scan, FL_WARNING, FL_EUNMAPPED, 0,
			     "ThreadX: where the list of threads begins was not captured");
		return;
	}
	for (block = first; block;) {
		if (!is_thread(scan, block)) {
			fl_scan_note(scan, FL_WARNING, FL_EFORMAT, block,
				     "ThreadX: its list of threads leads to 0x%08" PRIx32
				     ", where no thread was captured: the rest is not known",
				     block);
			return;
		}
		if (!fl_scan_add(scan, block))
			break;
		if (!fl_scan_member(scan, block, M_NEXT_CREATED, &block))
			return;
	}
	if (block != first && !scan->full)
		fl_scan_note(scan, FL_WARNING, FL_EFORMAT, block,
			     "ThreadX: its list of threads goes round without its beginning: "
			     "threads may be missing");
}

/* The SDK's own list: {thread, bytes unused}; 0 unused is "unknown", all ones is none. */
struct registry {
	uint32_t addr, count;
};

static struct registry find_registry(const struct fl_kernel_scan *scan)
{
	struct fl_variable_info list;
	if (!fl_view_variable(&scan->symbols, "s_mflt_threadx_stack_info", &list))
		return (struct registry){ 0 };
	uint32_t count = list.size / 8;
	return (struct registry){ list.addr, count < FL_LIMIT_THREADS ? count : FL_LIMIT_THREADS };
}

static void add_registered(struct fl_kernel_scan *scan, const struct registry *registry)
{
	uint32_t block;
	for (uint32_t i = 0; i < registry->count; i++)
		if (fl_memory_u32(scan->in->memory, registry->addr + 8 * i, &block) &&
		    is_thread(scan, block))
			fl_scan_add(scan, block);
}

static void read_watermarks(struct fl_kernel_scan *scan, const struct registry *registry)
{
	for (uint32_t i = 0; i < registry->count; i++) {
		uint32_t at = registry->addr + 8 * i;
		uint32_t block, unused;
		if (!fl_memory_u32(scan->in->memory, at, &block) ||
		    !fl_memory_u32(scan->in->memory, at + 4, &unused))
			continue;
		struct fl_thread *thread = fl_scan_find(scan, block);
		if (thread && unused)
			fl_thread_set_unused(thread, unused == UINT32_MAX ? 0 : unused);
	}
}

static void mark_current(struct fl_kernel_scan *scan)
{
	uint32_t block;
	if (!fl_scan_variable(scan, "_tx_thread_current_ptr", &block))
		return;
	scan->idle = !block;
	if (!block)
		return;
	if (is_thread(scan, block))
		fl_scan_add(scan, block);
	struct fl_thread *thread = fl_scan_find(scan, block);
	if (thread)
		thread->current = true;
}

static void read_facts(struct fl_kernel_scan *scan)
{
	struct fl_kernel_facts *facts = &scan->out->kernel;
	uint32_t system_state;
	facts->has_running = fl_scan_variable(scan, "_tx_thread_system_state", &system_state);
	facts->running = facts->has_running && system_state < INITIALIZING;
	facts->has_tick = fl_scan_variable(scan, "_tx_timer_system_clock", &facts->tick);
	facts->has_thread_count =
		fl_scan_variable(scan, "_tx_thread_created_count", &facts->thread_count) &&
		facts->thread_count <= COUNT_MAX;
}

static void find(struct fl_kernel_scan *scan)
{
	struct registry registry = find_registry(scan);
	fl_scan_know(scan, layouts, MEMBERS);
	read_facts(scan);
	walk_created(scan);
	mark_current(scan);
	add_registered(scan, &registry);
	for (size_t i = 0; i < scan->out->count; i++) {
		struct fl_thread *thread = &scan->out->items[i];
		describe(scan, thread);
		if (thread->current && thread->state == FL_THREAD_READY)
			thread->state = FL_THREAD_RUNNING;
	}
	read_watermarks(scan, &registry);
	fl_threads_measure(scan, FILL, 0);
}

static const char *const decisive[] = { "_tx_thread_created_ptr", "_tx_thread_current_ptr", NULL };
const struct fl_kernel fl_kernel_threadx = { "ThreadX", decisive, find };
