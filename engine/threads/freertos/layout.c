/* SPDX-License-Identifier: Apache-2.0 */
/* Where the members of FreeRTOS's structures lie (tasks.c, list.h, queue.c, event_groups.c,
 * stream_buffer.c). */
#include "threads/freertos/freertos.h"

#define TCB   "tskTaskControlBlock"
#define QUEUE "QueueDefinition"

#define AT(off, size) .default_off = (off), .default_size = (size), .has_default = true

/* Several rows for one member: names that changed, and the default in the last one. */
static const struct {
	enum fl_freertos_member member;
	struct fl_layout layout;
} rows[] = {
	{ FL_FREERTOS_ITEM_VALUE, { "xLIST_ITEM", "xItemValue", AT(0, 4) } },
	{ FL_FREERTOS_ITEM_NEXT, { "xLIST_ITEM", "pxNext", AT(4, 4) } },
	{ FL_FREERTOS_ITEM_PREVIOUS, { "xLIST_ITEM", "pxPrevious", AT(8, 4) } },
	{ FL_FREERTOS_ITEM_OWNER, { "xLIST_ITEM", "pvOwner", AT(12, 4) } },
	/* pxContainer is a macro for pvContainer unless backward compatibility is off. */
	{ FL_FREERTOS_ITEM_CONTAINER, { .structure = "xLIST_ITEM", .path = "pvContainer" } },
	{ FL_FREERTOS_ITEM_CONTAINER, { "xLIST_ITEM", "pxContainer", AT(16, 4) } },
	{ FL_FREERTOS_LIST_COUNT, { "xLIST", "uxNumberOfItems", AT(0, 4) } },
	{ FL_FREERTOS_LIST_END, { "xLIST", "xListEnd", AT(8, 12) } },
	{ FL_FREERTOS_LIST_FIRST, { "xLIST", "xListEnd.pxNext", AT(12, 4) } },
	{ FL_FREERTOS_LIST_LAST, { "xLIST", "xListEnd.pxPrevious", AT(16, 4) } },
	{ FL_FREERTOS_TOP, { TCB, "pxTopOfStack", AT(0, 4) } },
	{ FL_FREERTOS_STATE_ITEM, { .structure = TCB, .path = "xStateListItem" } },
	{ FL_FREERTOS_STATE_ITEM, { TCB, "xGenericListItem", AT(4, 20) } }, /* 8.x */
	{ FL_FREERTOS_EVENT_ITEM, { TCB, "xEventListItem", AT(24, 20) } },
	{ FL_FREERTOS_PRIORITY, { TCB, "uxPriority", AT(44, 4) } },
	{ FL_FREERTOS_STACK, { TCB, "pxStack", AT(48, 4) } },
	{ FL_FREERTOS_NAME, { TCB, "pcTaskName", AT(52, 1) } },
	{ FL_FREERTOS_STACK_END, { TCB, "pxEndOfStack", AT(68, 4) } },
	{ FL_FREERTOS_BASE_PRIORITY, { .structure = TCB, .path = "uxBasePriority" } },
	{ FL_FREERTOS_RUN_STATE, { .structure = TCB, .path = "xTaskRunState" } },
	{ FL_FREERTOS_NOTIFY_STATE, { .structure = TCB, .path = "ucNotifyState" } },
	{ FL_FREERTOS_NOTIFY_STATE, { .structure = TCB, .path = "eNotifyState" } }, /* 8.x */
	{ FL_FREERTOS_QUEUE_HEAD, { QUEUE, "pcHead", AT(0, 4) } },
	{ FL_FREERTOS_QUEUE_HOLDER, { .structure = QUEUE, .path = "u.xSemaphore.xMutexHolder" } },
	/* Until 10.0 the holder is a macro for pcTail, which then is no part of the union. */
	{ FL_FREERTOS_QUEUE_HOLDER, { .structure = QUEUE, .path = "pcTail" } },
	{ FL_FREERTOS_QUEUE_SEND, { QUEUE, "xTasksWaitingToSend", AT(16, 20) } },
	{ FL_FREERTOS_QUEUE_RECEIVE, { QUEUE, "xTasksWaitingToReceive", AT(36, 20) } },
	{ FL_FREERTOS_QUEUE_MESSAGES, { QUEUE, "uxMessagesWaiting", AT(56, 4) } },
	{ FL_FREERTOS_QUEUE_LENGTH, { QUEUE, "uxLength", AT(60, 4) } },
	{ FL_FREERTOS_QUEUE_ITEM_SIZE, { QUEUE, "uxItemSize", AT(64, 4) } },
	{ FL_FREERTOS_QUEUE_TYPE, { .structure = QUEUE, .path = "ucQueueType" } },
	{ FL_FREERTOS_EVENT_WAITERS, { "EventGroup_t", "xTasksWaitingForBits", AT(4, 20) } },
	{ FL_FREERTOS_STREAM_TAIL, { "StreamBuffer_t", "xTail", AT(0, 4) } },
	{ FL_FREERTOS_STREAM_HEAD, { "StreamBuffer_t", "xHead", AT(4, 4) } },
	{ FL_FREERTOS_STREAM_LENGTH, { "StreamBuffer_t", "xLength", AT(8, 4) } },
	{ FL_FREERTOS_STREAM_RECEIVER, { "StreamBuffer_t", "xTaskWaitingToReceive", AT(16, 4) } },
	{ FL_FREERTOS_STREAM_SENDER, { "StreamBuffer_t", "xTaskWaitingToSend", AT(20, 4) } },
	{ FL_FREERTOS_REGISTRY_NAME, { "QUEUE_REGISTRY_ITEM", "pcQueueName", AT(0, 4) } },
	{ FL_FREERTOS_REGISTRY_HANDLE, { "QUEUE_REGISTRY_ITEM", "xHandle", AT(4, 4) } },
};

enum {
	LIST_SIZE = 20, /* of a default build */
	CORE_WORDS = 8, /* xTaskRunState and uxTaskAttributes stand before the name */
	LEAD_MAX = 1024,
};

#define INTEGRITY_CHECK UINT32_C(0x5a5a5a5a) /* projdefs.h: pdINTEGRITY_CHECK_VALUE */

bool fl_freertos_knows(const struct fl_freertos *k, enum fl_freertos_member member)
{
	return k->known >> member & 1;
}

uint32_t fl_freertos_at(const struct fl_freertos *k, uint32_t base, enum fl_freertos_member member)
{
	return base + k->members[member].off;
}

bool fl_freertos_read(const struct fl_freertos *k, uint32_t base, enum fl_freertos_member member,
		      uint32_t *ret)
{
	const struct fl_field *field = &k->members[member];
	if (!fl_freertos_knows(k, member))
		return false;
	/* Ticks of 64 bits: a dump's end of a timeout is of 32. */
	uint32_t size = field->size == 8 ? 4 : field->size;
	return fl_scan_number(k->scan, base + field->off, size, field->is_signed, ret);
}

/* Builds for several cores have more in front of the name. */
static void guess_cores(struct fl_freertos *k)
{
	struct fl_variable_info variable;
	if (!fl_view_variable(&k->scan->symbols, "pxCurrentTCBs", &variable) || variable.size <= 4)
		return;
	k->members[FL_FREERTOS_NAME].off += CORE_WORDS;
	k->members[FL_FREERTOS_STACK_END].off += CORE_WORDS;
}

static void shift(struct fl_freertos *k, enum fl_freertos_member first,
		  enum fl_freertos_member last, uint32_t by)
{
	for (int member = (int)first; member <= (int)last; member++)
		k->members[member].off += by;
}

/*
 * Integrity checks put a word with a known value at both ends of lists and items, and at the
 * beginning of the end item.
 */
static void guess_integrity(struct fl_freertos *k)
{
	struct fl_variable_info list;
	uint32_t first;
	if (!fl_view_variable(&k->scan->symbols, "xDelayedTaskList1", &list) ||
	    !fl_scan_number(k->scan, list.addr, 4, false, &first) || first != INTEGRITY_CHECK)
		return;
	uint32_t more_of_list = 12;
	uint32_t more_of_item = 8;
	k->list_size += more_of_list;
	shift(k, FL_FREERTOS_ITEM_VALUE, FL_FREERTOS_LIST_LAST, 4);
	shift(k, FL_FREERTOS_LIST_FIRST, FL_FREERTOS_LIST_LAST, 4);
	shift(k, FL_FREERTOS_EVENT_ITEM, FL_FREERTOS_EVENT_ITEM, more_of_item);
	shift(k, FL_FREERTOS_PRIORITY, FL_FREERTOS_STACK_END, 2 * more_of_item);
	shift(k, FL_FREERTOS_QUEUE_RECEIVE, FL_FREERTOS_QUEUE_RECEIVE, more_of_list);
	shift(k, FL_FREERTOS_QUEUE_MESSAGES, FL_FREERTOS_QUEUE_ITEM_SIZE, 2 * more_of_list);
}

void fl_freertos_layout(struct fl_freertos *k)
{
	uint32_t size;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum fl_freertos_member member = rows[i].member;
		if (!fl_freertos_knows(k, member) &&
		    fl_scan_layout(k->scan, &rows[i].layout, &k->members[member]))
			k->known |= UINT64_C(1) << member;
	}
	k->list_size =
		fl_view_struct_size(&k->scan->symbols, "xLIST", &size) && size ? size : LIST_SIZE;
	k->guessed = !fl_view_struct_size(&k->scan->symbols, TCB, &size);
	if (k->guessed)
		guess_cores(k);
	if (!fl_view_struct_size(&k->scan->symbols, "xLIST", &size))
		guess_integrity(k);
}

/* How far a task's state item lies behind the beginning of its TCB, by the first one on a list. */
static bool probe_list(const struct fl_freertos *k, uint32_t list, uint32_t *ret)
{
	uint32_t item, owner, container;
	if (!fl_freertos_is_list(k, list) ||
	    !fl_freertos_read(k, list, FL_FREERTOS_LIST_FIRST, &item) ||
	    item == fl_freertos_at(k, list, FL_FREERTOS_LIST_END) ||
	    !fl_freertos_read(k, item, FL_FREERTOS_ITEM_OWNER, &owner) ||
	    !fl_freertos_read(k, item, FL_FREERTOS_ITEM_CONTAINER, &container))
		return false;
	*ret = item - owner;
	return container == list && *ret % 4 == 0 && *ret >= 4 && *ret <= LEAD_MAX;
}

static bool probe(const struct fl_freertos *k, uint32_t *ret)
{
	for (size_t i = 0; i < FL_FREERTOS_LISTS; i++) {
		const struct fl_freertos_list *list = &k->lists[i];
		for (uint32_t j = 0; j < list->count && list->kind != FL_FREERTOS_PENDING; j++)
			if (probe_list(k, list->addr + j * k->list_size, ret))
				return true;
	}
	return false;
}

void fl_freertos_probe(struct fl_freertos *k)
{
	uint32_t off;
	if (!k->guessed || !probe(k, &off))
		return;
	shift(k, FL_FREERTOS_STATE_ITEM, FL_FREERTOS_STACK_END,
	      off - k->members[FL_FREERTOS_STATE_ITEM].off);
}
