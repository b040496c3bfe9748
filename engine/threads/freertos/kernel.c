/* SPDX-License-Identifier: Apache-2.0 */
/* FreeRTOS 8.x to 11.x. */
#include "threads/freertos/freertos.h"

#include <inttypes.h>
#include <string.h>

enum {
	CORES_MAX = 16,
	NAME_SIZE = 16, /* configMAX_TASK_NAME_LEN by default */
	REGISTRY_MAX = 256
};

static void read_facts(struct fl_freertos *k)
{
	struct fl_kernel_facts *facts = &k->scan->out->kernel;
	struct fl_variable_info tick;
	uint32_t running;
	facts->has_running = fl_scan_variable(k->scan, "xSchedulerRunning", &running);
	facts->running = facts->has_running && running;
	facts->has_tick =
		fl_view_variable(&k->scan->symbols, "xTickCount", &tick) &&
		fl_scan_number(k->scan, tick.addr, tick.size == 2 ? 2 : 4, false, &facts->tick);
	facts->has_thread_count =
		fl_scan_variable(k->scan, "uxCurrentNumberOfTasks", &facts->thread_count);
}

/* Pointers in the variable [name], as many as it has room for. */
static uint32_t
pointers(const struct fl_freertos *k, const char *name, uint32_t max, uint32_t *addr_ret)
{
	struct fl_variable_info variable;
	if (!fl_view_variable(&k->scan->symbols, name, &variable))
		return 0;
	uint32_t count = variable.size < 4 ? 1 : variable.size / 4;
	*addr_ret = variable.addr;
	return count < max ? count : max;
}

/* What cannot be a control block is none; it need not have been captured. */
static bool is_block(const struct fl_freertos *k, uint32_t addr)
{
	return addr && addr % 4 == 0 && !fl_view_is_code(k->scan->in->symbols, addr);
}

/* The vendor port's registry, kept by trace hooks: all there is when the lists were not captured.
 */
static void add_registered(struct fl_freertos *k)
{
	uint32_t addr = 0;
	uint32_t count = pointers(k, "s_task_tcbs", REGISTRY_MAX, &addr);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t block;
		if (fl_scan_number(k->scan, addr + 4 * i, 4, false, &block) && is_block(k, block))
			fl_scan_add(k->scan, block);
	}
}

static void mark_current(struct fl_freertos *k, uint32_t block, uint32_t core, uint32_t cores)
{
	struct fl_thread *thread = fl_scan_find(k->scan, block);
	if (!thread)
		thread = fl_scan_add(k->scan, block);
	if (!thread || thread->current)
		return;
	thread->current = true;
	thread->has_core = cores > 1;
	thread->core = (uint8_t)core;
}

static bool is_taken(const struct fl_freertos *k, uint32_t core)
{
	const struct fl_threads *threads = k->scan->out;
	for (size_t i = 0; i < threads->count; i++)
		if (threads->items[i].current && threads->items[i].core == core)
			return true;
	return false;
}

/* Where the array of running tasks was not captured, each task on several cores knows its own. */
static void mark_by_run_state(struct fl_freertos *k)
{
	const struct fl_threads *threads = k->scan->out;
	for (size_t i = 0; i < threads->count; i++) {
		uint32_t core;
		if (fl_freertos_read(k, threads->items[i].block, FL_FREERTOS_RUN_STATE, &core) &&
		    core < CORES_MAX && !is_taken(k, core))
			mark_current(k, threads->items[i].block, core, CORES_MAX);
	}
}

/* Before the scheduler runs the kernel already names the task that it will start with. */
static void find_running(struct fl_freertos *k)
{
	const struct fl_kernel_facts *facts = &k->scan->out->kernel;
	uint32_t addr = 0;
	uint32_t cores = pointers(k, "pxCurrentTCBs", CORES_MAX, &addr);
	if (!cores)
		cores = pointers(k, "pxCurrentTCB", CORES_MAX, &addr);
	for (uint32_t core = 0; core < cores; core++) {
		uint32_t block;
		if (!fl_scan_number(k->scan, addr + 4 * core, 4, false, &block) ||
		    !is_block(k, block))
			continue;
		if (facts->has_running && !facts->running)
			fl_scan_add(k->scan, block);
		else
			mark_current(k, block, core, cores);
	}
	if (!facts->has_running || facts->running)
		mark_by_run_state(k);
}

/* "IDLE", on several cores "IDLE0", "IDLE1"... */
static bool is_idle_name(const char *name)
{
	return name && strncmp(name, "IDLE", 4) == 0 &&
	       strspn(name + 4, "0123456789") == strlen(name + 4);
}

static void mark_idle(struct fl_freertos *k)
{
	struct fl_threads *threads = k->scan->out;
	uint32_t addr = 0;
	uint32_t count = pointers(k, "xIdleTaskHandles", CORES_MAX, &addr);
	bool captured = false;
	if (!count)
		count = pointers(k, "xIdleTaskHandle", CORES_MAX, &addr);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t block;
		if (!fl_scan_number(k->scan, addr + 4 * i, 4, false, &block))
			continue;
		captured = true;
		struct fl_thread *thread = block ? fl_scan_find(k->scan, block) : NULL;
		if (thread)
			thread->idle = true;
	}
	for (size_t i = 0; i < threads->count && !captured; i++)
		threads->items[i].idle = is_idle_name(threads->items[i].name);
}

static void describe(struct fl_freertos *k, struct fl_thread *thread)
{
	const struct fl_field *name = &k->members[FL_FREERTOS_NAME];
	uint32_t room = name->count > 1 ? name->count : NAME_SIZE;
	uint32_t priority;
	if (fl_freertos_knows(k, FL_FREERTOS_NAME))
		thread->name = fl_scan_string(
			k->scan, fl_freertos_at(k, thread->block, FL_FREERTOS_NAME), room);
	thread->has_priority = fl_freertos_read(k, thread->block, FL_FREERTOS_PRIORITY, &priority);
	if (thread->has_priority)
		thread->priority = (int32_t)priority;
	thread->has_base_priority =
		fl_freertos_read(k, thread->block, FL_FREERTOS_BASE_PRIORITY, &priority);
	if (thread->has_base_priority)
		thread->base_priority = (int32_t)priority;
}

/* A number that no kernel has is not its number of tasks. */
static void compare_count(struct fl_freertos *k)
{
	struct fl_threads *out = k->scan->out;
	uint32_t count = out->kernel.thread_count;
	if (!out->kernel.has_thread_count || count == out->count || k->scan->full)
		return;
	out->kernel.has_thread_count = count <= FL_LIMIT_THREADS;
	if (!k->has_lists)
		return;
	if (out->kernel.has_thread_count)
		fl_scan_note(k->scan, FL_NOTE, FL_OK, k->lists[0].addr,
			     "the kernel counts %" PRIu32 " tasks, found were %zu", count,
			     out->count);
	else
		fl_scan_note(k->scan, FL_WARNING, FL_EFORMAT, k->lists[0].addr,
			     "uxCurrentNumberOfTasks is %" PRIu32 ", which cannot be true", count);
}

static void find(struct fl_kernel_scan *scan)
{
	struct fl_freertos k = { .scan = scan };
	fl_freertos_layout(&k);
	fl_freertos_find_lists(&k);
	fl_freertos_probe(&k);
	read_facts(&k);
	fl_freertos_walk(&k);
	fl_freertos_recover(&k);
	fl_freertos_note_lists(&k);
	add_registered(&k);
	find_running(&k);
	for (size_t i = 0; i < scan->out->count; i++)
		describe(&k, &scan->out->items[i]);
	mark_idle(&k);
	fl_freertos_bounds(&k);
	fl_freertos_states(&k);
	fl_freertos_measure(&k);
	fl_freertos_contexts(&k);
	compare_count(&k);
}

const struct fl_kernel fl_kernel_freertos = {
	.name = "FreeRTOS",
	.decisive =
		(const char *const[]){ "pxCurrentTCB", "pxCurrentTCBs", "pxReadyTasksLists", NULL },
	.find = find,
};
