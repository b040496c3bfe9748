/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds of a thread's stack, and how much of it was used. */
#include "threads/kernel.h"

#include <string.h>

/* No stack of a microcontroller is larger: bounds that far apart are damaged. */
#define STACK_SIZE_MAX UINT32_C(0x100000)

enum {
	FILL_MIN = 8,   /* so many fill bytes are no accident */
	BLOCK_MAX = 256 /* bytes that are compared at a time, a power of 4 */
};

void fl_thread_set_stack(struct fl_thread *thread, uint32_t start, uint64_t end)
{
	if (!start)
		return;
	thread->stack.start_known = true;
	thread->stack.start = start;
	if (end <= start || end - start > STACK_SIZE_MAX || end > UINT64_C(1) << 32)
		return;
	thread->stack.known = true;
	thread->stack.end = end;
}

/* What is above the stack pointer is in use, also where nothing was written yet. */
static void update_high_water(struct fl_thread *thread)
{
	thread->stack.high_water_known = thread->stack.known && thread->stack.unused_known;
	if (!thread->stack.high_water_known)
		return;
	uint32_t written =
		(uint32_t)(thread->stack.end - thread->stack.start) - thread->stack.unused;
	bool used_more = thread->stack.used_known && thread->stack.used > written;
	thread->stack.high_water = used_more ? thread->stack.used : written;
}

void fl_thread_set_used(struct fl_thread *thread, uint32_t sp)
{
	if (!thread->stack.known || sp > thread->stack.end)
		return;
	/* An overflowed stack pointer lies below the start, but not by more than a stack's size. */
	if (thread->stack.end - sp > 2 * (thread->stack.end - thread->stack.start))
		return;
	thread->stack.used_known = true;
	thread->stack.used = (uint32_t)(thread->stack.end - sp);
	update_high_water(thread);
}

void fl_thread_forget_used(struct fl_thread *thread)
{
	thread->stack.used_known = false;
	thread->stack.used = 0;
	update_high_water(thread);
}

void fl_thread_set_saved(struct fl_thread *thread, uint32_t sp)
{
	if (thread->stack.saved_known && thread->stack.saved < sp)
		return;
	thread->stack.saved_known = true;
	thread->stack.saved = sp;
}

void fl_thread_forget_saved(struct fl_thread *thread)
{
	thread->stack.saved_known = false;
	thread->stack.saved = 0;
}

void fl_thread_set_unused(struct fl_thread *thread, uint32_t unused)
{
	if (thread->stack.known && unused > thread->stack.end - thread->stack.start)
		return;
	thread->stack.unused_known = true;
	thread->stack.unused = unused;
	update_high_water(thread);
}

/* How many of [size] bytes at [bytes] are [fill] before one is not: each is what the one before it
 * is, which memcmp() tells of many at a time. */
static size_t count_same(const uint8_t *bytes, size_t size, uint8_t fill)
{
	size_t same = size && bytes[0] == fill;
	for (size_t block = BLOCK_MAX; same && block; block /= 4)
		while (size - same >= block && !memcmp(bytes + same - 1, bytes + same, block))
			same += block;
	return same;
}

/* Bytes equal to [fill] from addr on, as far as limit or the capture goes. */
static uint32_t count_fill(const struct fl_memory *memory, uint32_t addr, uint64_t limit,
			   uint8_t fill, bool *cut_ret)
{
	uint64_t at = addr;
	*cut_ret = false;
	while (at < limit) {
		const struct fl_span *span = fl_memory_find(memory, (uint32_t)at);
		*cut_ret = !span;
		if (!span)
			break;
		uint64_t end = (uint64_t)span->addr + span->size;
		end = end < limit ? end : limit;
		size_t size = (size_t)(end - at);
		size_t same = count_same(span->bytes + (at - span->addr), size, fill);
		at += same;
		if (same < size)
			break;
	}
	return (uint32_t)(at - addr);
}

/* False when nothing can be said: the low end, or the upper end of the pattern, was not captured.
 */
static bool fill_of(const struct fl_kernel_scan *scan, const struct fl_thread *thread, uint8_t fill,
		    uint32_t skip, uint32_t *ret)
{
	uint32_t start = thread->stack.start + skip;
	uint64_t limit = thread->stack.known ? thread->stack.end : (uint64_t)start + STACK_SIZE_MAX;
	bool cut;
	if (!thread->stack.start_known || start < skip)
		return false;
	if (limit > UINT64_C(1) << 32)
		limit = UINT64_C(1) << 32;
	*ret = count_fill(scan->in->memory, start, limit, fill, &cut);
	return start < limit && !cut;
}

void fl_thread_measure(const struct fl_kernel_scan *scan, struct fl_thread *thread, uint8_t fill,
		       uint32_t skip)
{
	uint32_t count;
	if (fill_of(scan, thread, fill, skip, &count) && count >= FILL_MIN)
		fl_thread_set_unused(thread, count + skip);
}

void fl_threads_measure(const struct fl_kernel_scan *scan, uint8_t fill, uint32_t skip)
{
	struct fl_threads *threads = scan->out;
	bool fills = false;
	for (size_t i = 0; i < threads->count; i++) {
		fl_thread_measure(scan, &threads->items[i], fill, skip);
		fills = fills || threads->items[i].stack.unused_known;
	}
	for (size_t i = 0; i < threads->count && fills; i++) {
		struct fl_thread *thread = &threads->items[i];
		uint32_t count;
		/* Nobody vouches for the stack of a thread that may be gone. */
		if (thread->state != FL_THREAD_UNKNOWN && !thread->stack.unused_known &&
		    fill_of(scan, thread, fill, skip, &count))
			fl_thread_set_unused(thread, count ? count + skip : 0);
	}
}
