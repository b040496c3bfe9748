/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's lists of tasks. */
#include "threads/freertos/freertos.h"

#include <inttypes.h>

/* In the order in which their tasks are shown. */
static const struct {
	const char *name;
	enum fl_freertos_list_kind kind;
} variables[] = {
	{ "pxReadyTasksLists", FL_FREERTOS_READY },
	{ "xPendingReadyList", FL_FREERTOS_PENDING },
	{ "xDelayedTaskList1", FL_FREERTOS_DELAYED },
	{ "xDelayedTaskList2", FL_FREERTOS_DELAYED },
	{ "xSuspendedTaskList", FL_FREERTOS_SUSPENDED },
	{ "xTasksWaitingTermination", FL_FREERTOS_TERMINATED },
};
_Static_assert(sizeof(variables) / sizeof(variables[0]) == FL_FREERTOS_LISTS, "all of them");

enum {
	PRIORITIES_MAX = 256,
	PRIORITIES_GUESSED = 64 /* where nothing tells the length of the array */
};

/* An item that was not captured cannot deny it. */
static bool is_item_of(const struct fl_freertos *k, uint32_t item, uint32_t list)
{
	uint32_t container;
	return !fl_freertos_read(k, item, FL_FREERTOS_ITEM_CONTAINER, &container) ||
	       container == list;
}

bool fl_freertos_is_list(const struct fl_freertos *k, uint32_t addr)
{
	uint32_t count, first;
	if (addr % 4 || !fl_freertos_read(k, addr, FL_FREERTOS_LIST_COUNT, &count) ||
	    !fl_freertos_read(k, addr, FL_FREERTOS_LIST_FIRST, &first))
		return false;
	bool is_empty = first == fl_freertos_at(k, addr, FL_FREERTOS_LIST_END);
	return is_empty ? !count : count && is_item_of(k, first, addr);
}

/* uxTopUsedPriority is there for debuggers; linkers drop it. */
static uint32_t guess_priorities(const struct fl_freertos *k, uint32_t addr)
{
	uint32_t top;
	if (fl_scan_variable(k->scan, "uxTopUsedPriority", &top) && top < PRIORITIES_MAX)
		return top + 1;
	uint32_t count = 0;
	while (count < PRIORITIES_GUESSED && fl_freertos_is_list(k, addr + count * k->list_size))
		count++;
	return count ? count : 1;
}

static uint32_t count_lists(const struct fl_freertos *k, enum fl_freertos_list_kind kind,
			    const struct fl_variable_info *variable)
{
	if (kind != FL_FREERTOS_READY)
		return 1;
	if (variable->size < k->list_size)
		return guess_priorities(k, variable->addr);
	uint32_t count = variable->size / k->list_size;
	return count < PRIORITIES_MAX ? count : PRIORITIES_MAX;
}

void fl_freertos_find_lists(struct fl_freertos *k)
{
	for (size_t i = 0; i < FL_FREERTOS_LISTS; i++) {
		struct fl_freertos_list *list = &k->lists[i];
		struct fl_variable_info variable;
		list->name = variables[i].name;
		list->kind = variables[i].kind;
		if (!fl_view_variable(&k->scan->symbols, list->name, &variable))
			continue;
		list->addr = variable.addr;
		list->count = count_lists(k, list->kind, &variable);
	}
}

const struct fl_freertos_list *fl_freertos_list_at(const struct fl_freertos *k, uint32_t addr)
{
	for (size_t i = 0; i < FL_FREERTOS_LISTS; i++) {
		const struct fl_freertos_list *list = &k->lists[i];
		uint32_t off = addr - list->addr;
		if (list->count && off % k->list_size == 0 && off / k->list_size < list->count)
			return list;
	}
	return NULL;
}

enum outcome { FINE, HEAD_CUT, ITEM_CUT, WILD, CIRCLE, MISCOUNT, FULL };

/* One walk along one list. */
struct walk {
	struct fl_freertos *k;
	enum fl_freertos_list_kind kind;
	uint32_t list;
	uint16_t number;
	uint32_t at; /* the item looked at */
	uint32_t found, counted;
};

/* The list that a task was found on counts; one that it agrees with counts more. */
static void place(struct walk *w, struct fl_freertos_place *where)
{
	uint32_t container;
	bool agrees = !fl_freertos_read(w->k, w->at, FL_FREERTOS_ITEM_CONTAINER, &container) ||
		      container == w->list;
	where->walk = w->number;
	if (!agrees)
		where->contradicts = true;
	if (w->kind == FL_FREERTOS_PENDING)
		where->pending = true;
	else if (agrees || where->list == FL_FREERTOS_NO_LIST)
		where->list = w->kind;
}

static enum outcome visit(struct walk *w, uint32_t *next_ret)
{
	struct fl_freertos *k = w->k;
	enum fl_freertos_member item =
		w->kind == FL_FREERTOS_PENDING ? FL_FREERTOS_EVENT_ITEM : FL_FREERTOS_STATE_ITEM;
	uint32_t owner;
	if (!fl_freertos_read(k, w->at, FL_FREERTOS_ITEM_OWNER, &owner) ||
	    !fl_freertos_read(k, w->at, FL_FREERTOS_ITEM_NEXT, next_ret))
		return ITEM_CUT;
	if (owner % 4 || fl_freertos_at(k, owner, item) != w->at)
		return WILD;
	fl_scan_add(k->scan, owner);
	const struct fl_thread *thread = fl_scan_find(k->scan, owner);
	if (!thread)
		return FULL;
	struct fl_freertos_place *where = &k->places[thread - k->scan->out->items];
	if (where->walk == w->number)
		return CIRCLE;
	place(w, where);
	return FINE;
}

static enum outcome walk_list(struct walk *w)
{
	const struct fl_freertos *k = w->k;
	uint32_t end = fl_freertos_at(k, w->list, FL_FREERTOS_LIST_END);
	uint32_t next;
	w->at = w->list;
	if (!fl_freertos_read(k, w->list, FL_FREERTOS_LIST_COUNT, &w->counted) ||
	    !fl_freertos_read(k, w->list, FL_FREERTOS_LIST_FIRST, &next))
		return HEAD_CUT;
	/* Each step meets a thread that this walk has not met: FL_LIMIT_THREADS of them at most. */
	while (next != end) {
		w->at = next;
		enum outcome outcome = visit(w, &next);
		if (outcome != FINE)
			return outcome;
		w->found++;
	}
	return w->found == w->counted ? FINE : MISCOUNT;
}

static const char *const complaints[] = {
	[ITEM_CUT] = "the next task on it was not captured",
	[WILD] = "it leads to something that is no task",
	[CIRCLE] = "it runs in a circle",
	[MISCOUNT] = "it does not hold as many tasks as it counts",
};

static void complain(const struct walk *w, const char *name, enum outcome outcome)
{
	if (outcome == FINE || outcome == FULL)
		return;
	if (outcome == HEAD_CUT)
		fl_scan_note(w->k->scan, FL_WARNING, FL_EUNMAPPED, w->at,
			     "%s was not captured: tasks on it may be missing", name);
	else
		fl_scan_note(w->k->scan, FL_WARNING,
			     outcome == ITEM_CUT ? FL_EUNMAPPED : FL_EFORMAT, w->at,
			     "%s: %s; it counts %" PRIu32 ", found were %" PRIu32, name,
			     complaints[outcome], w->counted, w->found);
}

/* The most urgent ones first; of an array the first trouble is told. */
static void walk_lists(struct fl_freertos *k, struct fl_freertos_list *list, uint16_t *number)
{
	list->complete = true;
	for (uint32_t i = list->count; i-- > 0;) {
		struct walk w = { .k = k,
				  .kind = list->kind,
				  .list = list->addr + i * k->list_size,
				  .number = ++*number };
		enum outcome outcome = walk_list(&w);
		if (list->complete && k->lists_captured)
			complain(&w, list->name, outcome);
		if (outcome != FINE)
			list->complete = false;
	}
}

static bool is_captured(const struct fl_freertos *k, const struct fl_freertos_list *list)
{
	uint32_t first;
	for (uint32_t i = 0; i < list->count; i++)
		if (fl_freertos_read(k, list->addr + i * k->list_size, FL_FREERTOS_LIST_FIRST,
				     &first))
			return true;
	return false;
}

void fl_freertos_walk(struct fl_freertos *k)
{
	uint16_t number = 0;
	for (size_t i = 0; i < FL_FREERTOS_LISTS; i++)
		k->lists_captured = k->lists_captured || is_captured(k, &k->lists[i]);
	for (size_t i = 0; i < FL_FREERTOS_LISTS; i++)
		if (k->lists[i].count)
			walk_lists(k, &k->lists[i], &number);
	if (!k->lists_captured)
		fl_scan_note(k->scan, FL_WARNING, FL_EUNMAPPED, k->lists[0].addr,
			     "the kernel's lists of tasks were not captured: tasks may be missing");
}
