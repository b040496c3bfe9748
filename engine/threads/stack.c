/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds of a thread's stack, and how much of it was used. */
#include "threads/kernel.h"

/* No stack of a microcontroller is larger: bounds that far apart are damaged. */
#define STACK_SIZE_MAX UINT32_C(0x100000)

enum { FILL_MIN = 8 /* so many fill bytes are no accident */ };

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

void fl_thread_set_used(struct fl_thread *thread, uint32_t sp)
{
	if (!thread->stack.known || sp > thread->stack.end)
		return;
	/* An overflowed stack pointer lies below the start, but not by more than a stack's size. */
	if (thread->stack.end - sp > 2 * (thread->stack.end - thread->stack.start))
		return;
	thread->stack.used_known = true;
	thread->stack.used = (uint32_t)(thread->stack.end - sp);
}

void fl_thread_set_unused(struct fl_thread *thread, uint32_t unused)
{
	if (thread->stack.known && unused > thread->stack.end - thread->stack.start)
		return;
	thread->stack.unused_known = true;
	thread->stack.unused = unused;
	if (!thread->stack.known)
		return;
	thread->stack.high_water_known = true;
	thread->stack.high_water = (uint32_t)(thread->stack.end - thread->stack.start) - unused;
}

void fl_thread_measure(const struct fl_kernel_scan *scan, struct fl_thread *thread, uint8_t fill,
		       uint32_t skip)
{
	const struct fl_memory *memory = scan->in->memory;
	uint32_t start = thread->stack.start + skip;
	uint64_t limit = thread->stack.known ? thread->stack.end : (uint64_t)start + STACK_SIZE_MAX;
	uint32_t count = 0;
	uint8_t byte = 0;
	bool captured = false;
	if (!thread->stack.start_known || start < skip)
		return;
	while (start + (uint64_t)count < limit &&
	       (captured = fl_memory_u8(memory, start + count, &byte)) && byte == fill)
		count++;
	/* Fill up to where the capture ends says nothing about what lies above. */
	if (!captured || count < FILL_MIN)
		return;
	fl_thread_set_unused(thread, count + skip);
}
