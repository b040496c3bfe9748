/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds of the tasks' stacks, and how much of them was never used. */
#include "threads/freertos/freertos.h"

#include <string.h>

enum {
	FILL = 0xa5,          /* tasks.c: tskSTACK_FILL_BYTE */
	ALIGNMENT = 8,        /* of the initial stack pointer, downwards */
	HEAP_HEADER = 8,      /* heap_4.c: next free block, size */
	HEAP_STEPS = 1 << 16, /* blocks looked at for one stack */
	REGISTRY_MAX = 256,   /* TCBs in the vendor port's registry; 16 by default */
	STACK_MAX = 0x100000  /* as in stack.c: larger ones are damage */
};
#define HEAP_ALLOCATED    UINT32_C(0x80000000)
#define WATERMARK_NOTHING UINT32_MAX /* no byte is unused; 0 = not known */

/* The initial stack pointer, as the kernel aligned it. */
static bool recorded_end(const struct fl_freertos *k, const struct fl_thread *thread, uint32_t *ret)
{
	return fl_freertos_read(k, thread->block, FL_FREERTOS_STACK_END, ret) &&
	       *ret > thread->stack.start && *ret - thread->stack.start < STACK_MAX;
}

/*
 * Without debug information the word behind the name may be anything: it is the end of the stack
 * when it can be one for every task.
 */
static bool are_ends_recorded(const struct fl_freertos *k)
{
	const struct fl_threads *threads = k->scan->out;
	for (size_t i = 0; i < threads->count && k->guessed; i++) {
		const struct fl_thread *thread = &threads->items[i];
		uint32_t end, top;
		if (!thread->stack.start_known ||
		    !fl_freertos_read(k, thread->block, FL_FREERTOS_STACK_END, &end))
			continue;
		if (!recorded_end(k, thread, &end) || end % ALIGNMENT ||
		    (fl_freertos_read(k, thread->block, FL_FREERTOS_TOP, &top) && top > end))
			return false;
	}
	return true;
}

/* The nearest other stack in the same object: their distance is the size of both, in an array. */
static uint32_t
distance_to_next(const struct fl_freertos *k, const struct fl_symbol_info *object, uint32_t start)
{
	uint32_t nearest = UINT32_MAX;
	for (size_t i = 0; i < k->scan->out->count; i++) {
		const struct fl_thread *other = &k->scan->out->items[i];
		uint32_t at = other->stack.start;
		if (!other->stack.start_known || at == start || at - object->addr >= object->size)
			continue;
		uint32_t distance = at > start ? at - start : start - at;
		nearest = distance < nearest ? distance : nearest;
	}
	return nearest;
}

static bool is_heap(const struct fl_symbol_info *object)
{
	return strcmp(object->name, "ucHeap") == 0;
}

/* A stack of its own, or one of an array of equal ones. */
static bool end_by_object(const struct fl_freertos *k, uint32_t start, uint64_t *ret)
{
	struct fl_symbol_info object;
	if (!fl_view_object_at(&k->scan->symbols, start, &object) || is_heap(&object))
		return false;
	uint32_t stride = distance_to_next(k, &object, start);
	*ret = stride == UINT32_MAX ? (uint64_t)object.addr + object.size
				    : (uint64_t)start + stride;
	if (stride == UINT32_MAX)
		return object.addr == start;
	return object.size % stride == 0 && (start - object.addr) % stride == 0;
}

/* What the allocator wrote in front of it (heap_4.c, heap_5.c, heap_2.c since 11.0). */
static bool end_by_heap(const struct fl_freertos *k, uint32_t start, uint64_t *ret)
{
	struct fl_symbol_info object;
	uint32_t size;
	if (!fl_view_object_at(&k->scan->symbols, start, &object) || !is_heap(&object) ||
	    start - object.addr < HEAP_HEADER ||
	    !fl_scan_number(k->scan, start - 4, 4, false, &size) || !(size & HEAP_ALLOCATED))
		return false;
	size &= ~HEAP_ALLOCATED;
	*ret = (uint64_t)start - HEAP_HEADER + size;
	return size > HEAP_HEADER && size % ALIGNMENT == 0 &&
	       *ret <= (uint64_t)object.addr + object.size;
}

/* --- the heap's blocks: each begins where the one before it ends --- */

struct heap {
	const struct fl_freertos *k;
	uint32_t start, last; /* last: of the empty block at its end */
	uint32_t steps;
};

static bool find_heap(struct heap *heap, uint32_t addr)
{
	struct fl_symbol_info object;
	if (!fl_view_object_at(&heap->k->scan->symbols, addr, &object) || !is_heap(&object) ||
	    object.size < HEAP_HEADER || object.addr > UINT32_MAX - object.size)
		return false;
	heap->start = object.addr;
	heap->last = (object.addr + object.size - HEAP_HEADER) & ~(uint32_t)(ALIGNMENT - 1);
	return true;
}

/* One that is in use leads to no free one, a free one to the next. */
static bool read_block(struct heap *heap, uint32_t at, uint32_t *size_ret)
{
	const struct fl_kernel_scan *scan = heap->k->scan;
	uint32_t next, size;
	if (heap->steps++ >= HEAP_STEPS || !fl_scan_number(scan, at, 4, false, &next) ||
	    !fl_scan_number(scan, at + 4, 4, false, &size))
		return false;
	bool is_used = size & HEAP_ALLOCATED;
	*size_ret = size & ~HEAP_ALLOCATED;
	return *size_ret % ALIGNMENT == 0 && *size_ret >= HEAP_HEADER &&
	       *size_ret <= heap->last - at && (is_used ? !next : next > at && next <= heap->last);
}

static bool leads_to(struct heap *heap, uint32_t at, uint32_t target)
{
	uint32_t size;
	while (at < target && read_block(heap, at, &size))
		at += size;
	return at == target;
}

static bool is_last(const struct heap *heap)
{
	uint32_t next, size;
	return fl_scan_number(heap->k->scan, heap->last, 4, false, &next) && !next &&
	       fl_scan_number(heap->k->scan, heap->last + 4, 4, false, &size) && !size;
}

/*
 * What an overflow leaves of the stack's own header is nothing. xTaskCreate() takes the TCB from
 * the same heap, as a rule right behind the stack: then that block ends the stack, if the blocks
 * from there on are sound and none lies in between.
 */
static bool end_by_block(const struct fl_freertos *k, const struct fl_thread *thread, uint64_t *ret)
{
	struct heap heap = { .k = k };
	uint32_t start = thread->stack.start;
	uint32_t target = thread->block - HEAP_HEADER;
	if (start % ALIGNMENT || target % ALIGNMENT || !find_heap(&heap, start) ||
	    target <= start || target >= heap.last || target - start > STACK_MAX ||
	    !is_last(&heap) || !leads_to(&heap, target, heap.last))
		return false;
	for (uint32_t at = start + ALIGNMENT; at < target; at += ALIGNMENT)
		if (leads_to(&heap, at, target))
			return false;
	*ret = target;
	return heap.steps < HEAP_STEPS;
}

/* The kernel rounds down what it records: the object that the stack is knows better. */
static bool
find_end(const struct fl_freertos *k, const struct fl_thread *thread, bool recorded, uint64_t *ret)
{
	uint32_t start = thread->stack.start;
	uint64_t of_object = 0;
	uint32_t last;
	bool has_object = end_by_object(k, start, &of_object);
	if (recorded && recorded_end(k, thread, &last)) {
		*ret = (uint64_t)last + 4;
		if (has_object && of_object > *ret && of_object <= *ret + ALIGNMENT - 4)
			*ret = of_object;
		return true;
	}
	*ret = of_object;
	return has_object || end_by_heap(k, start, ret) || end_by_block(k, thread, ret);
}

void fl_freertos_bounds(struct fl_freertos *k)
{
	struct fl_threads *threads = k->scan->out;
	for (size_t i = 0; i < threads->count; i++) {
		uint32_t start;
		if (fl_freertos_read(k, threads->items[i].block, FL_FREERTOS_STACK, &start) &&
		    start % 4 == 0)
			fl_thread_set_stack(&threads->items[i], start, 0);
	}
	bool recorded = are_ends_recorded(k);
	for (size_t i = 0; i < threads->count; i++) {
		uint64_t end;
		if (threads->items[i].stack.start_known &&
		    find_end(k, &threads->items[i], recorded, &end))
			fl_thread_set_stack(&threads->items[i], threads->items[i].stack.start, end);
	}
}

static bool find_watermarks(const struct fl_freertos *k, struct fl_variable_info *ret)
{
	return fl_view_variable(&k->scan->symbols, "s_memfault_task_watermarks_v2", ret) ||
	       fl_view_variable(&k->scan->symbols, "s_memfault_task_watermarks", ret);
}

/* The vendor's port measures before it saves: stacks that were captured in part only have no low
 * end to look at. */
static void apply_watermarks(struct fl_freertos *k)
{
	struct fl_variable_info tasks, marks;
	if (!fl_view_variable(&k->scan->symbols, "s_task_tcbs", &tasks) || tasks.size < 4 ||
	    !find_watermarks(k, &marks))
		return;
	uint32_t stride = marks.size / (tasks.size / 4);
	for (uint32_t i = 0; i < tasks.size / 4 && i < REGISTRY_MAX && stride >= 4; i++) {
		uint32_t block, unused;
		if (!fl_scan_number(k->scan, tasks.addr + 4 * i, 4, false, &block) || !block ||
		    !fl_scan_number(k->scan, marks.addr + stride * i, 4, false, &unused))
			continue;
		struct fl_thread *thread = fl_scan_find(k->scan, block);
		if (thread && !thread->stack.unused_known && unused)
			fl_thread_set_unused(thread, unused == WATERMARK_NOTHING ? 0 : unused);
	}
}

void fl_freertos_measure(struct fl_freertos *k)
{
	fl_threads_measure(k->scan, FILL, 0);
	apply_watermarks(k);
}
