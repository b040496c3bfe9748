/* SPDX-License-Identifier: Apache-2.0 */
/* Zephyr: every k_thread that something of the kernel, or of the SDK, leads to. */
#include "threads/zephyr/zephyr.h"

#include <inttypes.h>

enum { STACK_FILL = 0xaa /* CONFIG_INIT_STACKS */, REGISTRY_COUNT = 32 };
#define STACK_SENTINEL UINT32_C(0xf0f0f0f0) /* CONFIG_STACK_SENTINEL, the lowest word */

/* --- what is a k_thread --- */

static bool has_entry(const struct fl_zephyr *z, uint32_t block, bool *known)
{
	uint32_t entry;
	if (!fl_zephyr_read(z, block, FL_ZEPHYR_ENTRY, &entry))
		return false;
	*known = true;
	return entry && fl_view_is_code(z->scan->in->symbols, entry & ~UINT32_C(1));
}

static bool has_stack(const struct fl_zephyr *z, uint32_t block, bool *known)
{
	uint32_t start, size;
	if (!fl_zephyr_read(z, block, FL_ZEPHYR_STACK_START, &start) ||
	    !fl_zephyr_read(z, block, FL_ZEPHYR_STACK_SIZE, &size))
		return false;
	*known = true;
	return start && size && (uint64_t)start + size <= UINT64_C(1) << 32;
}

/* Captured, and not against being one. The kernel's own dummy, before it runs threads, is none. */
static bool is_thread(const struct fl_zephyr *z, uint32_t block)
{
	uint32_t state;
	bool known = false;
	const struct fl_span *span = fl_memory_find(z->scan->in->memory, block);
	return block && block % 4 == 0 && span && span->source == FL_SPAN_DUMP &&
	       fl_zephyr_read(z, block, FL_ZEPHYR_STATE, &state) && !(state & FL_ZEPHYR_DUMMY) &&
	       (has_entry(z, block, &known) || has_stack(z, block, &known) || !known);
}

/* --- where they are listed --- */

static void find_registry(struct fl_zephyr *z)
{
	if (!fl_view_variable(&z->scan->symbols, "s_task_tcbs", &z->registry))
		return;
	uint32_t count = z->registry.size ? z->registry.size / 4 : REGISTRY_COUNT;
	z->registry_count = count < FL_LIMIT_THREADS ? count : FL_LIMIT_THREADS;
}

/* The SDK's own list: pointers, 0 where a place is free. */
static uint32_t registry_entry(const struct fl_zephyr *z, uint32_t i)
{
	uint32_t block;
	return i < z->registry_count &&
			       fl_memory_u32(z->scan->in->memory, z->registry.addr + 4 * i, &block)
		       ? block
		       : 0;
}

/* What the kernel's list does not tell may be in the SDK's. */
static bool breaks_off(struct fl_zephyr *z, uint32_t addr)
{
	if (!registry_entry(z, 0))
		fl_scan_note(z->scan, FL_WARNING, FL_EUNMAPPED, addr,
			     "Zephyr's list of threads breaks off at 0x%08" PRIx32
			     ", which was not captured: threads may be missing",
			     addr);
	return false;
}

/* @return whether the list was there and came to its end. */
static bool walk_list(struct fl_zephyr *z)
{
	struct fl_kernel_scan *scan = z->scan;
	uint32_t block;
	if (!fl_zephyr_knows(z, FL_ZEPHYR_NEXT_THREAD) || !fl_zephyr_knows(z, FL_ZEPHYR_THREADS) ||
	    !fl_zephyr_knows(z, FL_ZEPHYR_STATE))
		return false;
	if (!fl_zephyr_read(z, z->kernel, FL_ZEPHYR_THREADS, &block))
		return breaks_off(z, z->kernel);
	while (block) {
		if (fl_scan_find(scan, block)) {
			fl_scan_note(scan, FL_WARNING, FL_EFORMAT, block,
				     "Zephyr's list of threads goes round: threads may be missing");
			return false;
		}
		if (!is_thread(z, block)) {
			fl_scan_note(scan, FL_WARNING, FL_EFORMAT, block,
				     "Zephyr's list of threads leads to 0x%08" PRIx32
				     ", where no thread was captured: the rest of it is missing",
				     block);
			return false;
		}
		if (!fl_scan_add(scan, block))
			return false;
		if (!fl_zephyr_read(z, block, FL_ZEPHYR_NEXT_THREAD, &block))
			return breaks_off(z, block);
	}
	return scan->out->count;
}

/* One whose k_thread was not captured is a thread nevertheless. */
static void walk_registry(struct fl_zephyr *z)
{
	for (uint32_t i = 0; i < z->registry_count; i++) {
		uint32_t block = registry_entry(z, i);
		if (block && block % 4 == 0 &&
		    (is_thread(z, block) || !fl_memory_find(z->scan->in->memory, block)))
			fl_scan_add(z->scan, block);
	}
}

/* The only list there is may be missing too. */
static void check_registry(struct fl_zephyr *z)
{
	uint32_t word;
	for (uint32_t i = 0; i < z->registry_count && z->registry.size; i++) {
		uint32_t at = z->registry.addr + 4 * i;
		if (fl_memory_u32(z->scan->in->memory, at, &word))
			continue;
		fl_scan_note(z->scan, FL_WARNING, FL_EUNMAPPED, at,
			     "the SDK's list of Zephyr's threads was not captured from 0x%08" PRIx32
			     " on: threads may be missing",
			     at);
		return;
	}
}

/* One that has ended is on no list. */
static void add_well_known_one(struct fl_zephyr *z, uint32_t block, bool whole, bool *said)
{
	uint32_t state = 0;
	if (!is_thread(z, block) || fl_scan_find(z->scan, block))
		return;
	(void)fl_zephyr_read(z, block, FL_ZEPHYR_STATE, &state);
	if (whole && state & FL_ZEPHYR_DEAD)
		return;
	fl_scan_add(z->scan, block);
	if (whole && !*said)
		fl_scan_note(z->scan, FL_WARNING, FL_EFORMAT, block,
			     "Zephyr's list of threads ends without the thread at 0x%08" PRIx32
			     ": others may be missing, too",
			     block);
	*said = true;
}

/* Threads that every Zephyr has, and the one that would run next. */
static void add_well_known(struct fl_zephyr *z, bool whole)
{
	const struct fl_symbol_view *symbols = &z->scan->symbols;
	struct fl_variable_info at;
	struct fl_field thread;
	uint32_t block, size;
	bool said = false;
	if (fl_view_variable(symbols, "z_main_thread", &at))
		add_well_known_one(z, at.addr, whole, &said);
	if (fl_view_variable(symbols, "z_idle_threads", &at) &&
	    fl_view_struct_size(symbols, "k_thread", &size) && size)
		for (uint32_t off = 0; off + size <= at.size && off / size < z->cpu_count;
		     off += size)
			add_well_known_one(z, at.addr + off, whole, &said);
	if (fl_view_variable(symbols, "k_sys_work_q", &at) &&
	    fl_view_field(symbols, "k_work_q", "thread", &thread))
		add_well_known_one(z, at.addr + thread.off, whole, &said);
	if (fl_zephyr_read(z, z->kernel, FL_ZEPHYR_READY_CACHE, &block))
		add_well_known_one(z, block, whole, &said);
}

/* --- which of them ran --- */

static uint32_t cpu_addr(const struct fl_zephyr *z, uint32_t cpu)
{
	return z->kernel + z->members[FL_ZEPHYR_CPUS].off + cpu * z->cpu_size;
}

static void mark_current(struct fl_zephyr *z, uint32_t cpu)
{
	struct fl_kernel_facts *facts = &z->scan->out->kernel;
	uint32_t block, state;
	if (!fl_zephyr_read(z, cpu_addr(z, cpu), FL_ZEPHYR_CURRENT, &block))
		return;
	bool captured = block && fl_zephyr_read(z, block, FL_ZEPHYR_STATE, &state);
	if (!block || captured) {
		facts->has_running = true;
		facts->running = facts->running || is_thread(z, block);
	}
	if (captured && !(state & FL_ZEPHYR_DUMMY) && !is_thread(z, block))
		fl_scan_note(z->scan, FL_WARNING, FL_EFORMAT, block,
			     "Zephyr names 0x%08" PRIx32
			     " as its running thread, where no thread is",
			     block);
	if (!block || block % 4 || (captured && !is_thread(z, block)))
		return;
	fl_scan_add(z->scan, block);
	struct fl_thread *thread = fl_scan_find(z->scan, block);
	if (!thread)
		return;
	thread->current = true;
	thread->has_core = z->cpu_count > 1;
	thread->core = (uint8_t)cpu;
}

static void mark_idle(struct fl_zephyr *z, uint32_t cpu)
{
	uint32_t block;
	if (!fl_zephyr_read(z, cpu_addr(z, cpu), FL_ZEPHYR_IDLE_THREAD, &block))
		return;
	struct fl_thread *thread = fl_scan_find(z->scan, block);
	if (thread)
		thread->idle = true;
}

/* Without _cpu's layout. */
static void mark_idle_by_symbol(struct fl_zephyr *z)
{
	struct fl_variable_info at;
	if (!fl_view_variable(&z->scan->symbols, "z_idle_threads", &at))
		return;
	for (size_t i = 0; i < z->scan->out->count; i++) {
		struct fl_thread *thread = &z->scan->out->items[i];
		thread->idle = thread->idle ||
			       (thread->block >= at.addr && thread->block - at.addr < at.size);
	}
}

/* --- how much of their stacks was used --- */

static bool has_sentinel(const struct fl_zephyr *z)
{
	const struct fl_threads *out = z->scan->out;
	uint32_t word;
	for (size_t i = 0; i < out->count; i++)
		if (out->items[i].stack.start_known &&
		    fl_memory_u32(z->scan->in->memory, out->items[i].stack.start, &word) &&
		    word == STACK_SENTINEL)
			return true;
	return false;
}

/* What the SDK measured on the device, in the order of its own list. */
static void take_watermarks(struct fl_zephyr *z)
{
	enum { UNKNOWN = 0 };
	const uint32_t none_unused = UINT32_MAX;
	struct fl_variable_info marks;
	uint32_t unused;
	if (!fl_view_variable(&z->scan->symbols, "s_memfault_task_watermarks_v2", &marks))
		return;
	for (uint32_t i = 0; i < z->registry_count && i < marks.size / 4; i++) {
		struct fl_thread *thread = fl_scan_find(z->scan, registry_entry(z, i));
		if (!thread || thread->stack.unused_known ||
		    !fl_memory_u32(z->scan->in->memory, marks.addr + 4 * i, &unused) ||
		    unused == UNKNOWN)
			continue;
		fl_thread_set_unused(thread, unused == none_unused ? 0 : unused);
	}
}

static void find(struct fl_kernel_scan *scan)
{
	struct fl_zephyr z = { .scan = scan };
	struct fl_threads *out = scan->out;
	if (!fl_zephyr_layout(&z))
		return;
	find_registry(&z);
	fl_zephyr_find_functions(&z);
	bool whole = walk_list(&z);
	bool empty = !out->count;
	walk_registry(&z);
	if (!whole)
		check_registry(&z);
	for (uint32_t cpu = 0; cpu < z.cpu_count; cpu++)
		mark_current(&z, cpu);
	if (empty && out->kernel.running && !registry_entry(&z, 0))
		fl_scan_note(scan, FL_WARNING, FL_EFORMAT, z.kernel,
			     "no list of Zephyr's threads: only those found otherwise are shown");
	add_well_known(&z, whole);
	for (uint32_t cpu = 0; cpu < z.cpu_count; cpu++)
		mark_idle(&z, cpu);
	mark_idle_by_symbol(&z);
	for (size_t i = 0; i < out->count; i++)
		fl_zephyr_describe(&z, &out->items[i]);
	fl_zephyr_waits(&z);
	fl_threads_measure(scan, STACK_FILL, has_sentinel(&z) ? 4 : 0);
	take_watermarks(&z);
}

const struct fl_kernel fl_kernel_zephyr = {
	.name = "Zephyr",
	.decisive = (const char *const[]){ "_kernel_thread_info_offsets", "_kernel_openocd_offsets",
					   "_kernel", NULL },
	.find = find,
};
