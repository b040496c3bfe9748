/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's lists of tasks. */
#include "threads/freertos/freertos.h"

#include <inttypes.h>
#include <stdio.h>

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

/* Where a walk stands. */
struct walker {
	struct fl_freertos *k;
	enum fl_freertos_list_kind kind;
	enum fl_freertos_member link; /* pxNext or pxPrevious */
	uint16_t number;
	struct fl_freertos_walk w;
};

/* The list that a task was found on counts; one that it agrees with counts more. */
static void place(struct walker *walker, struct fl_freertos_place *where, bool agrees)
{
	where->walk = walker->number;
	if (!agrees)
		where->contradicts = true;
	if (walker->kind == FL_FREERTOS_PENDING) {
		where->pending = true;
	} else if (agrees || where->list == FL_FREERTOS_NO_LIST) {
		where->list = walker->kind;
		where->list_addr = walker->w.list;
	}
}

static enum fl_freertos_outcome visit(struct walker *walker, uint32_t item)
{
	struct fl_freertos *k = walker->k;
	enum fl_freertos_member member = walker->kind == FL_FREERTOS_PENDING
						 ? FL_FREERTOS_EVENT_ITEM
						 : FL_FREERTOS_STATE_ITEM;
	uint32_t owner, next;
	bool agrees = is_item_of(k, item, walker->w.list);
	if (!fl_freertos_read(k, item, FL_FREERTOS_ITEM_OWNER, &owner) ||
	    !fl_freertos_read(k, item, walker->link, &next))
		return FL_FREERTOS_WALK_CUT;
	if (owner % 4 || fl_freertos_at(k, owner, member) != item)
		return FL_FREERTOS_WALK_WILD;
	/* Backwards is the way through a list that is damaged. */
	if (!agrees && walker->link == FL_FREERTOS_ITEM_PREVIOUS)
		return FL_FREERTOS_WALK_WILD;
	fl_scan_add(k->scan, owner);
	const struct fl_thread *thread = fl_scan_find(k->scan, owner);
	if (!thread)
		return FL_FREERTOS_WALK_FULL;
	struct fl_freertos_place *where = &k->places[thread - k->scan->out->items];
	if (where->walk == walker->number)
		return FL_FREERTOS_WALK_CIRCLE;
	place(walker, where, agrees);
	return FL_FREERTOS_WALK_FINE;
}

/* Each step meets a thread that this walk has not met: FL_LIMIT_THREADS of them at most. */
static uint32_t
follow(struct walker *walker, enum fl_freertos_member first, enum fl_freertos_member link)
{
	const struct fl_freertos *k = walker->k;
	struct fl_freertos_walk *w = &walker->w;
	uint32_t end = fl_freertos_at(k, w->list, FL_FREERTOS_LIST_END);
	uint32_t found = 0;
	walker->link = link;
	w->outcome = FL_FREERTOS_WALK_FINE;
	w->pointer = fl_freertos_at(k, w->list, first);
	while (fl_scan_number(k->scan, w->pointer, 4, false, &w->at) && w->at != end) {
		w->outcome = visit(walker, w->at);
		if (w->outcome != FL_FREERTOS_WALK_FINE)
			break;
		w->pointer = fl_freertos_at(k, w->at, link);
		found++;
	}
	return found;
}

/* What a broken pointer hides from one side may be seen from the other. */
static struct fl_freertos_walk walk_list(struct walker *walker)
{
	const struct fl_freertos *k = walker->k;
	struct fl_freertos_walk *w = &walker->w;
	uint32_t first;
	if (!fl_freertos_read(k, w->list, FL_FREERTOS_LIST_COUNT, &w->counted) ||
	    !fl_freertos_read(k, w->list, FL_FREERTOS_LIST_FIRST, &first)) {
		w->outcome = FL_FREERTOS_WALK_HEAD_CUT;
		return *w;
	}
	uint32_t found = follow(walker, FL_FREERTOS_LIST_FIRST, FL_FREERTOS_ITEM_NEXT);
	if (w->outcome == FL_FREERTOS_WALK_FINE && found != w->counted)
		w->outcome = FL_FREERTOS_WALK_MISCOUNT;
	struct fl_freertos_walk forwards = *w;
	if (w->outcome != FL_FREERTOS_WALK_FINE && fl_freertos_knows(k, FL_FREERTOS_LIST_LAST))
		follow(walker, FL_FREERTOS_LIST_LAST, FL_FREERTOS_ITEM_PREVIOUS);
	return forwards;
}

/* The most urgent ones first; of an array the first trouble is told. */
static void walk_lists(struct fl_freertos *k, struct fl_freertos_list *list, uint16_t *number)
{
	list->complete = true;
	for (uint32_t i = list->count; i-- > 0;) {
		struct walker walker = { .k = k,
					 .kind = list->kind,
					 .number = ++*number,
					 .w = { .list = list->addr + i * k->list_size } };
		struct fl_freertos_walk w = walk_list(&walker);
		if (w.outcome == FL_FREERTOS_WALK_FINE)
			continue;
		if (list->complete)
			list->broken = w;
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
}

/* --- what is wrong with them --- */

struct text {
	char chars[80];
};

static struct text name_of(const struct fl_freertos *k, const struct fl_freertos_list *list)
{
	struct text text;
	uint32_t index = (list->broken.list - list->addr) / k->list_size;
	if (list->kind == FL_FREERTOS_READY)
		snprintf(text.chars, sizeof(text.chars), "%s[%" PRIu32 "]", list->name, index);
	else
		snprintf(text.chars, sizeof(text.chars), "%s", list->name);
	return text;
}

static bool is_on(const struct fl_freertos_place *where, const struct fl_freertos_list *list)
{
	return list->kind == FL_FREERTOS_PENDING ? where->pending
						 : where->list != FL_FREERTOS_NO_LIST &&
							   where->list_addr == list->broken.list;
}

/* How many tasks it should have had, unless they were all found after all. */
static struct text counts_of(const struct fl_freertos *k, const struct fl_freertos_list *list)
{
	struct text text = { "" };
	uint32_t counted = list->broken.counted;
	uint32_t found = 0;
	for (size_t i = 0; i < k->scan->out->count; i++)
		found += is_on(&k->places[i], list);
	if (counted > FL_LIMIT_THREADS)
		snprintf(text.chars, sizeof(text.chars),
			 "; its count of %" PRIu32 " cannot be true", counted);
	else if (counted != found)
		snprintf(text.chars, sizeof(text.chars),
			 "; it counts %" PRIu32 ", found were %" PRIu32, counted, found);
	return text;
}

static void complain(const struct fl_freertos *k, const struct fl_freertos_list *list)
{
	static const char *const complaints[] = {
		[FL_FREERTOS_WALK_CUT] = "which was not captured",
		[FL_FREERTOS_WALK_WILD] = "which is no task on it",
		[FL_FREERTOS_WALK_CIRCLE] = "where it was before: it runs in a circle",
	};
	const struct fl_freertos_walk *w = &list->broken;
	struct text name = name_of(k, list);
	struct text counts = counts_of(k, list);
	switch (w->outcome) {
	case FL_FREERTOS_WALK_FINE:
	case FL_FREERTOS_WALK_FULL:
		break;
	case FL_FREERTOS_WALK_HEAD_CUT:
		fl_scan_note(k->scan, FL_WARNING, FL_EUNMAPPED, w->list,
			     "%s was not captured: tasks on it may be missing", name.chars);
		break;
	case FL_FREERTOS_WALK_MISCOUNT:
		fl_scan_note(k->scan, FL_WARNING, FL_EFORMAT, w->list,
			     "%s does not lead to as many tasks as it counts%s", name.chars,
			     counts.chars);
		break;
	default:
		fl_scan_note(k->scan, FL_WARNING,
			     w->outcome == FL_FREERTOS_WALK_CUT ? FL_EUNMAPPED : FL_EFORMAT,
			     w->pointer,
			     "%s: the pointer at 0x%08" PRIx32 " leads to 0x%08" PRIx32 ", %s%s",
			     name.chars, w->pointer, w->at, complaints[w->outcome], counts.chars);
	}
}

static bool is_nonsense(const struct fl_freertos_walk *w)
{
	return w->outcome == FL_FREERTOS_WALK_WILD || w->outcome == FL_FREERTOS_WALK_CIRCLE ||
	       w->outcome == FL_FREERTOS_WALK_MISCOUNT || w->counted > FL_LIMIT_THREADS;
}

/* Damage leaves most of them as they should be. */
static bool are_lists(const struct fl_freertos *k)
{
	int surplus = 0;
	for (size_t i = 0; i < FL_FREERTOS_LISTS; i++)
		if (k->lists[i].count)
			surplus += is_nonsense(&k->lists[i].broken) ? 1 : -1;
	return surplus <= 0;
}

static uint32_t first_address(const struct fl_freertos *k)
{
	size_t i = 0;
	while (i + 1 < FL_FREERTOS_LISTS && !k->lists[i].count)
		i++;
	return k->lists[i].addr;
}

void fl_freertos_note_lists(struct fl_freertos *k)
{
	k->has_lists = are_lists(k);
	if (!k->lists_captured) {
		fl_scan_note(k->scan, FL_WARNING, FL_EUNMAPPED, first_address(k),
			     "the kernel's lists of tasks were not captured: tasks may be missing");
		return;
	}
	if (!k->has_lists) {
		fl_scan_note(k->scan, FL_WARNING, FL_EFORMAT, first_address(k),
			     "what lies where the kernel's lists of tasks should be are none: the "
			     "ELF is another firmware's, or memory is damaged");
		return;
	}
	for (size_t i = 0; i < FL_FREERTOS_LISTS; i++)
		if (k->lists[i].count && !k->lists[i].complete)
			complain(k, &k->lists[i]);
}
