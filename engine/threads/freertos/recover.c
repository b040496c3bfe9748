/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks that no list leads to any more, although they are on one.
 *
 * A task that overflows its stack writes over what lies below: other stacks, TCBs, and with them
 * the links of the lists that these were on. The tasks behind the gap are as they were.
 */
#include "threads/freertos/freertos.h"

#include <inttypes.h>

enum {
	HANDLES_MAX = 16,
	ROOM_FOR_NAME = 16,
	REACH = 0x100000, /* of a stack from its lowest address, and of an overflow below it */
};

static bool is_any_broken(const struct fl_freertos *k)
{
	for (size_t i = 0; i < FL_FREERTOS_LISTS; i++)
		if (k->lists[i].count && !k->lists[i].complete)
			return true;
	return false;
}

/* As many as the kernel has: what else looks like a task is one of an earlier life. */
static bool are_all_found(const struct fl_freertos *k)
{
	const struct fl_threads *out = k->scan->out;
	return k->scan->full ||
	       (out->kernel.has_thread_count && out->count >= out->kernel.thread_count);
}

/* vListInitialiseItem() and xTaskCreate(): both items know the TCB that they are part of. */
static bool owns(const struct fl_freertos *k, uint32_t block, enum fl_freertos_member item)
{
	uint32_t owner;
	return fl_freertos_read(k, fl_freertos_at(k, block, item), FL_FREERTOS_ITEM_OWNER,
				&owner) &&
	       owner == block;
}

/* A list that was followed to its end would have led to it. */
static const struct fl_freertos_list *
broken_list_of(const struct fl_freertos *k, uint32_t block, uint32_t *addr_ret)
{
	if (!fl_freertos_read(k, fl_freertos_at(k, block, FL_FREERTOS_STATE_ITEM),
			      FL_FREERTOS_ITEM_CONTAINER, addr_ret))
		return NULL;
	const struct fl_freertos_list *list = fl_freertos_list_at(k, *addr_ret);
	return list && !list->complete && list->kind != FL_FREERTOS_PENDING ? list : NULL;
}

/* Where registers were saved: on its stack or just below, or in the TCB (MPU ports). */
static bool has_stack(const struct fl_freertos *k, uint32_t block)
{
	uint32_t stack, top;
	if (!fl_freertos_read(k, block, FL_FREERTOS_STACK, &stack) || !stack || stack % 4 ||
	    fl_view_is_code(k->scan->in->symbols, stack) ||
	    !fl_freertos_read(k, block, FL_FREERTOS_TOP, &top) || top % 4)
		return false;
	return top - block <= fl_freertos_at(k, 0, FL_FREERTOS_STATE_ITEM) || top - stack < REACH ||
	       stack - top < REACH;
}

static bool has_priority(const struct fl_freertos *k, uint32_t block)
{
	uint32_t priority;
	return fl_freertos_read(k, block, FL_FREERTOS_PRIORITY, &priority) &&
	       (!k->lists[0].count || priority < k->lists[0].count);
}

/* Text up to its NUL; what was not captured of it cannot deny it. */
static bool has_name(const struct fl_freertos *k, uint32_t block)
{
	const struct fl_field *field = &k->members[FL_FREERTOS_NAME];
	uint32_t room = field->count > 1 ? field->count : ROOM_FOR_NAME;
	uint32_t at = fl_freertos_at(k, block, FL_FREERTOS_NAME);
	uint32_t byte;
	for (uint32_t i = 0; i < room && fl_scan_number(k->scan, at + i, 1, false, &byte); i++) {
		if (!byte)
			return true;
		if (byte < ' ' || byte == 0x7f)
			return false;
	}
	return true;
}

static bool is_task(const struct fl_freertos *k, uint32_t block)
{
	return block && block % 4 == 0 && owns(k, block, FL_FREERTOS_STATE_ITEM) &&
	       owns(k, block, FL_FREERTOS_EVENT_ITEM) && has_stack(k, block) &&
	       has_priority(k, block) && has_name(k, block);
}

/* @return whether it is a new one. */
static bool
take(struct fl_freertos *k, uint32_t block, const struct fl_freertos_list *list, uint32_t addr)
{
	const struct fl_thread *thread = fl_scan_add(k->scan, block);
	if (!thread || !list)
		return thread != NULL;
	struct fl_freertos_place *where = &k->places[thread - k->scan->out->items];
	where->list = list->kind;
	where->list_addr = addr;
	return true;
}

/* Tasks of the kernel itself; its word counts also where theirs does not. */
static void take_named(struct fl_freertos *k, const char *name)
{
	struct fl_variable_info variable;
	if (!fl_view_variable(&k->scan->symbols, name, &variable))
		return;
	uint32_t count = variable.size < 4 ? 1 : variable.size / 4;
	for (uint32_t i = 0; i < count && i < HANDLES_MAX && !are_all_found(k); i++) {
		uint32_t block, addr;
		if (fl_scan_number(k->scan, variable.addr + 4 * i, 4, false, &block) &&
		    is_task(k, block))
			take(k, block, broken_list_of(k, block, &addr), addr);
	}
}

/* A word that points to the TCB in whose state item it is the owner. */
static uint32_t search_span(struct fl_freertos *k, const struct fl_span *span)
{
	uint32_t off = fl_freertos_at(k, fl_freertos_at(k, 0, FL_FREERTOS_STATE_ITEM),
				      FL_FREERTOS_ITEM_OWNER);
	uint64_t end = (uint64_t)span->addr + span->size;
	uint32_t found = 0;
	for (uint64_t at = ((uint64_t)span->addr + 3) & ~UINT64_C(3);
	     at + 4 <= end && !are_all_found(k); at += 4) {
		uint32_t block, addr;
		if (!fl_scan_number(k->scan, (uint32_t)at, 4, false, &block) || block + off != at ||
		    !is_task(k, block))
			continue;
		const struct fl_freertos_list *list = broken_list_of(k, block, &addr);
		found += list && take(k, block, list, addr);
	}
	return found;
}

static void search(struct fl_freertos *k)
{
	const struct fl_memory *memory = k->scan->in->memory;
	size_t before = k->scan->out->count;
	uint32_t found = 0;
	for (size_t i = 0; i < memory->count; i++)
		if (memory->spans[i].source == FL_SPAN_DUMP)
			found += search_span(k, &memory->spans[i]);
	if (found)
		fl_scan_note(k->scan, FL_NOTE, FL_OK, k->scan->out->items[before].block,
			     "no list leads to %" PRIu32 " of the tasks any more: they were found "
			     "by their control blocks",
			     found);
}

void fl_freertos_recover(struct fl_freertos *k)
{
	static const char *const names[] = { "xIdleTaskHandles", "xIdleTaskHandle",
					     "xTimerTaskHandle" };
	if (!is_any_broken(k))
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		take_named(k, names[i]);
	search(k);
}
