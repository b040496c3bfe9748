/* SPDX-License-Identifier: Apache-2.0 */
/* What the tasks were doing: by the list they are on (as eTaskGetState() does). */
#include "threads/freertos/freertos.h"

#include <inttypes.h>
#include <stdio.h>

/* The list that its TCB names; *cut_ret: nothing says. */
static const struct fl_freertos_list *container_of(const struct fl_freertos *k, uint32_t block,
						   enum fl_freertos_member item, uint32_t *addr_ret,
						   bool *cut_ret)
{
	*addr_ret = 0;
	*cut_ret = !fl_freertos_knows(k, item) ||
		   !fl_freertos_read(k, fl_freertos_at(k, block, item), FL_FREERTOS_ITEM_CONTAINER,
				     addr_ret);
	return *cut_ret || !*addr_ret ? NULL : fl_freertos_list_at(k, *addr_ret);
}

/* The list it was found on; its own word where that list could not be read to its end. */
static enum fl_freertos_list_kind list_of(const struct fl_freertos *k,
					  const struct fl_thread *thread,
					  const struct fl_freertos_place *where)
{
	uint32_t addr;
	bool cut;
	if (where->list != FL_FREERTOS_NO_LIST)
		return where->list;
	const struct fl_freertos_list *named =
		container_of(k, thread->block, FL_FREERTOS_STATE_ITEM, &addr, &cut);
	return named && !named->complete ? named->kind : FL_FREERTOS_NO_LIST;
}

/* On the list of those that nothing but another task will wake: also those that wait forever. */
static enum fl_thread_state state_of_suspended(const struct fl_freertos *k, uint32_t block)
{
	uint32_t addr;
	bool cut;
	container_of(k, block, FL_FREERTOS_EVENT_ITEM, &addr, &cut);
	return addr || fl_freertos_awaits_notification(k, block) ? FL_THREAD_BLOCKED
								 : FL_THREAD_SUSPENDED;
}

static bool is_pending(const struct fl_freertos *k, const struct fl_thread *thread,
		       const struct fl_freertos_place *where)
{
	uint32_t addr;
	bool cut;
	const struct fl_freertos_list *event =
		container_of(k, thread->block, FL_FREERTOS_EVENT_ITEM, &addr, &cut);
	return where->pending || (event && event->kind == FL_FREERTOS_PENDING);
}

static enum fl_thread_state state_of(const struct fl_freertos *k, const struct fl_thread *thread,
				     const struct fl_freertos_place *where,
				     enum fl_freertos_list_kind list)
{
	if (thread->current)
		return FL_THREAD_RUNNING;
	if (is_pending(k, thread, where))
		return FL_THREAD_READY;
	switch (list) {
	case FL_FREERTOS_READY:
	case FL_FREERTOS_PENDING:
		return FL_THREAD_READY;
	case FL_FREERTOS_DELAYED:
		return FL_THREAD_BLOCKED;
	case FL_FREERTOS_SUSPENDED:
		return state_of_suspended(k, thread->block);
	case FL_FREERTOS_TERMINATED:
		return FL_THREAD_TERMINATED;
	case FL_FREERTOS_NO_LIST:
		break;
	}
	return FL_THREAD_UNKNOWN;
}

static void note_contradictions(struct fl_freertos *k)
{
	const struct fl_thread *first = NULL;
	uint32_t count = 0;
	for (size_t i = 0; i < k->scan->out->count; i++) {
		const struct fl_thread *thread = &k->scan->out->items[i];
		if (!k->places[i].contradicts || thread->current)
			continue;
		first = first ? first : thread;
		count++;
	}
	if (first && k->has_lists)
		fl_scan_note(k->scan, FL_WARNING, FL_EFORMAT, first->block,
			     "%" PRIu32 " tasks, %s first, are on another list than their control "
			     "block says",
			     count, first->name ? first->name : "one of no name");
}

/*
 * Without debug information nothing tells where a TCB keeps that its task waits for a notification:
 * what was saved says where it stopped, but so it does of one that was suspended while it waited.
 */
static void note_doubts(struct fl_freertos *k)
{
	const struct fl_threads *threads = k->scan->out;
	char names[120] = "";
	size_t size = 0;
	uint32_t addr = 0;
	for (size_t i = 0; i < threads->count && !fl_freertos_knows(k, FL_FREERTOS_NOTIFY_STATE);
	     i++) {
		const struct fl_thread *t = &threads->items[i];
		if (t->state != FL_THREAD_SUSPENDED || !k->guessed || size >= sizeof(names))
			continue;
		int more = snprintf(names + size, sizeof(names) - size, "%s%s", size ? ", " : "",
				    t->name ? t->name : "one of no name");
		addr = size ? addr : t->block;
		size += more > 0 ? (size_t)more : 0;
	}
	if (size)
		fl_scan_note(k->scan, FL_WARNING, FL_ENOTFOUND, addr,
			     "without debug information a task that waits for a notification for "
			     "ever looks suspended: %s%s",
			     names, size >= sizeof(names) ? "..." : "");
}

void fl_freertos_states(struct fl_freertos *k)
{
	for (size_t i = 0; i < k->scan->out->count; i++) {
		struct fl_thread *thread = &k->scan->out->items[i];
		enum fl_freertos_list_kind list = list_of(k, thread, &k->places[i]);
		thread->state = state_of(k, thread, &k->places[i], list);
		if (thread->state == FL_THREAD_BLOCKED)
			fl_freertos_wait(k, thread, list != FL_FREERTOS_DELAYED);
	}
	fl_freertos_streams(k);
	fl_freertos_name_objects(k);
	note_contradictions(k);
	note_doubts(k);
}
