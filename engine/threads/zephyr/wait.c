/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pending thread waits for. Zephyr knows only the wait queue; it lies inside an object whose
 * kind is that of the variable there, or of the linker section, or the one that its contents fit.
 */
#include "threads/zephyr/zephyr.h"

#include <stdio.h>
#include <string.h>

/* Wait queues, and where they lie in the default configuration. */
struct queue {
	const char *structure, *member;
	enum fl_wait_kind kind;
	uint32_t default_off;
};

static const struct queue queues[] = {
	{ "k_sem", "wait_q", FL_WAIT_SEMAPHORE, 0 },
	{ "k_mutex", "wait_q", FL_WAIT_MUTEX, 0 },
	{ "k_msgq", "wait_q", FL_WAIT_QUEUE_RECEIVE, 0 },
	{ "k_queue", "wait_q", FL_WAIT_QUEUE_RECEIVE, 8 },
	{ "k_fifo", "_queue.wait_q", FL_WAIT_QUEUE_RECEIVE, 8 },
	{ "k_lifo", "_queue.wait_q", FL_WAIT_QUEUE_RECEIVE, 8 },
	{ "k_stack", "wait_q", FL_WAIT_QUEUE_RECEIVE, 0 },
	{ "k_mbox", "tx_msg_queue", FL_WAIT_QUEUE_SEND, 0 },
	{ "k_mbox", "rx_msg_queue", FL_WAIT_QUEUE_RECEIVE, 8 },
	{ "k_event", "wait_q", FL_WAIT_EVENT, 0 },
	{ "k_condvar", "wait_q", FL_WAIT_CONDITION, 0 },
	{ "k_pipe", "wait_q.readers", FL_WAIT_STREAM, 20 },
	{ "k_pipe", "wait_q.writers", FL_WAIT_STREAM, 28 },
	{ "k_pipe", "data", FL_WAIT_STREAM, 20 },
	{ "k_pipe", "space", FL_WAIT_STREAM, 28 },
	{ "k_mem_slab", "wait_q", FL_WAIT_MEMORY, 0 },
	{ "k_heap", "wait_q", FL_WAIT_MEMORY, 12 },
	{ "k_work_q", "queue.wait_q", FL_WAIT_WORK, 8 },
	{ "k_work_q", "notifyq", FL_WAIT_WORK, 8 },
	{ "k_work_q", "drainq", FL_WAIT_WORK, 16 },
	{ "k_timer", "wait_q", FL_WAIT_OBJECT, 20 },
};

enum { QUEUE_COUNT = sizeof(queues) / sizeof(queues[0]) };

/* Members of the objects; those of queues[] come before them. */
enum member {
	M_MUTEX_OWNER = QUEUE_COUNT,
	M_MUTEX_COUNT,
	M_MUTEX_PRIO,
	M_MSGQ_SIZE,
	M_MSGQ_MAX,
	M_MSGQ_START,
	M_MSGQ_END,
	M_MSGQ_USED,
	MEMBERS
};
_Static_assert(MEMBERS <= FL_SCAN_MEMBERS, "all can be known");

static const struct fl_layout members[MEMBERS - QUEUE_COUNT] = {
	[M_MUTEX_OWNER - QUEUE_COUNT] = { "k_mutex", "owner", 8, 4, true },
	[M_MUTEX_COUNT - QUEUE_COUNT] = { "k_mutex", "lock_count", 12, 4, true },
	[M_MUTEX_PRIO - QUEUE_COUNT] = { "k_mutex", "owner_orig_prio", 16, 4, true },
	[M_MSGQ_SIZE - QUEUE_COUNT] = { "k_msgq", "msg_size", 8, 4, true },
	[M_MSGQ_MAX - QUEUE_COUNT] = { "k_msgq", "max_msgs", 12, 4, true },
	[M_MSGQ_START - QUEUE_COUNT] = { "k_msgq", "buffer_start", 16, 4, true },
	[M_MSGQ_END - QUEUE_COUNT] = { "k_msgq", "buffer_end", 20, 4, true },
	[M_MSGQ_USED - QUEUE_COUNT] = { "k_msgq", "used_msgs", 32, 4, true },
};

/* [start, end); end 0: there is none */
struct section {
	uint32_t start, end;
};

/* What the symbols say about objects, once a thread waits for one. */
struct waits {
	struct fl_zephyr *z;
	bool has_members;
	bool has_sections;
	struct section sections[QUEUE_COUNT]; /* of the objects of queues[i] */
};

static void know_members(struct waits *w)
{
	struct fl_layout layouts[MEMBERS];
	if (w->has_members)
		return;
	w->has_members = true;
	for (size_t i = 0; i < QUEUE_COUNT; i++)
		layouts[i] = (struct fl_layout){ queues[i].structure, queues[i].member,
						 queues[i].default_off, 8, true };
	memcpy(&layouts[QUEUE_COUNT], members, sizeof(members));
	fl_scan_know(w->z->scan, layouts, MEMBERS);
}

static bool queue_off(const struct waits *w, const struct queue *queue, uint32_t *ret)
{
	const struct fl_kernel_scan *scan = w->z->scan;
	size_t i = (size_t)(queue - queues);
	if (!(scan->known >> i & 1))
		return false;
	*ret = scan->members[i].off;
	return true;
}

/* --- objects of a known kind --- */

static const struct queue *queue_inside(const struct waits *w, const char *structure, uint32_t off)
{
	uint32_t at;
	for (size_t i = 0; i < QUEUE_COUNT; i++)
		if (strcmp(queues[i].structure, structure) == 0 && queue_off(w, &queues[i], &at) &&
		    at == off)
			return &queues[i];
	return NULL;
}

static const struct queue *by_type(const struct waits *w, uint32_t addr, uint32_t *base_ret)
{
	struct fl_object_info object;
	if (!fl_view_kernel_object_at(&w->z->scan->symbols, addr, &object))
		return NULL;
	*base_ret = object.addr;
	return queue_inside(w, object.structure, addr - object.addr);
}

static struct section section_of(const struct waits *w, const char *structure)
{
	char name[48];
	struct fl_symbol_info start, end;
	snprintf(name, sizeof(name), "_%s_list_start", structure);
	if (!fl_view_symbol(&w->z->scan->symbols, name, &start))
		return (struct section){ 0 };
	snprintf(name, sizeof(name), "_%s_list_end", structure);
	if (!fl_view_symbol(&w->z->scan->symbols, name, &end))
		return (struct section){ 0 };
	return (struct section){ start.addr, end.addr };
}

/* K_MUTEX_DEFINE() and its like put objects of a kind into a section of its own. */
static void find_sections(struct waits *w)
{
	if (w->has_sections)
		return;
	w->has_sections = true;
	for (size_t i = 0; i < QUEUE_COUNT; i++) {
		bool again = i && strcmp(queues[i].structure, queues[i - 1].structure) == 0;
		w->sections[i] = again ? w->sections[i - 1] : section_of(w, queues[i].structure);
	}
}

/* All of a structure's queues are for the same: then it does not matter which one it is. */
static const struct queue *only_kind(const char *structure)
{
	const struct queue *found = NULL;
	for (size_t i = 0; i < QUEUE_COUNT; i++) {
		if (strcmp(queues[i].structure, structure) != 0)
			continue;
		if (found && found->kind != queues[i].kind)
			return NULL;
		found = &queues[i];
	}
	return found;
}

static const struct queue *
by_section(struct waits *w, uint32_t addr, const struct fl_symbol_info *object, uint32_t *base_ret)
{
	find_sections(w);
	for (size_t i = 0; i < QUEUE_COUNT; i++) {
		const char *structure = queues[i].structure;
		if (addr < w->sections[i].start || addr >= w->sections[i].end)
			continue;
		const struct queue *queue = queue_inside(w, structure, addr - object->addr);
		*base_ret = object->addr;
		return queue ? queue : only_kind(structure);
	}
	return NULL;
}

/* --- objects of an unknown kind --- */

/* Somebody waits for it, so that a thread holds it. */
static bool fits_mutex(const struct waits *w, uint32_t base)
{
	enum { COUNT_MAX = 0xffff };
	uint32_t owner, count, prio;
	return fl_scan_member(w->z->scan, base, M_MUTEX_OWNER, &owner) &&
	       fl_scan_find(w->z->scan, owner) &&
	       fl_scan_member(w->z->scan, base, M_MUTEX_COUNT, &count) && count &&
	       count <= COUNT_MAX && fl_scan_member(w->z->scan, base, M_MUTEX_PRIO, &prio) &&
	       (int32_t)prio >= INT8_MIN && (int32_t)prio <= INT8_MAX;
}

static bool fits_msgq(const struct waits *w, uint32_t base)
{
	uint32_t size, max, start, end, used;
	return fl_scan_member(w->z->scan, base, M_MSGQ_SIZE, &size) && size &&
	       fl_scan_member(w->z->scan, base, M_MSGQ_MAX, &max) && max &&
	       fl_scan_member(w->z->scan, base, M_MSGQ_START, &start) &&
	       fl_scan_member(w->z->scan, base, M_MSGQ_END, &end) && start &&
	       end - (uint64_t)start == (uint64_t)size * max &&
	       fl_scan_member(w->z->scan, base, M_MSGQ_USED, &used) && used <= max;
}

static const struct queue *by_contents(const struct waits *w, uint32_t addr, uint32_t *base_ret)
{
	static const struct {
		bool (*fits)(const struct waits *, uint32_t);
		const char *structure;
	} kinds[] = { { fits_mutex, "k_mutex" }, { fits_msgq, "k_msgq" } };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		uint32_t off;
		const struct queue *queue = queues;
		while (strcmp(queue->structure, kinds[i].structure) != 0)
			queue++;
		if (!queue_off(w, queue, &off) || !kinds[i].fits(w, addr - off))
			continue;
		*base_ret = addr - off;
		return queue;
	}
	return NULL;
}

/* --- what it is --- */

/* k_thread_join() waits inside the other thread's k_thread. */
static bool is_join(const struct fl_zephyr *z, struct fl_wait *wait, uint32_t addr)
{
	uint32_t off = z->members[FL_ZEPHYR_JOIN_QUEUE].off;
	const struct fl_thread *other = fl_scan_find(z->scan, addr - off);
	if (!fl_zephyr_knows(z, FL_ZEPHYR_JOIN_QUEUE) || !other)
		return false;
	wait->kind = FL_WAIT_JOIN;
	wait->has_object = true;
	wait->object = other->block;
	wait->object_name = other->name;
	return true;
}

/* A receiver waits while it is empty, a sender while it is full. */
static enum fl_wait_kind msgq_kind(const struct waits *w, uint32_t base)
{
	uint32_t used, max;
	bool full = fl_scan_member(w->z->scan, base, M_MSGQ_USED, &used) && used &&
		    fl_scan_member(w->z->scan, base, M_MSGQ_MAX, &max) && used == max;
	return full ? FL_WAIT_QUEUE_SEND : FL_WAIT_QUEUE_RECEIVE;
}

/* The owner inherits the priority of those who wait; what it had before is in the mutex. */
static void take_holder(struct waits *w, struct fl_wait *wait)
{
	uint32_t owner, prio;
	if (!fl_scan_member(w->z->scan, wait->object, M_MUTEX_OWNER, &owner) || !owner)
		return;
	wait->has_holder = true;
	wait->holder = owner;
	struct fl_thread *holder = fl_scan_find(w->z->scan, owner);
	if (!holder || !fl_scan_member(w->z->scan, wait->object, M_MUTEX_PRIO, &prio) ||
	    (int32_t)prio < INT8_MIN || (int32_t)prio > INT8_MAX)
		return;
	/* Of several mutexes the one that was taken first has the least urgent. */
	if (!holder->has_base_priority || (int32_t)prio > holder->base_priority)
		holder->base_priority = (int32_t)prio;
	holder->has_base_priority = true;
}

static void describe(struct waits *w, struct fl_wait *wait, uint32_t addr)
{
	struct fl_symbol_info object;
	uint32_t base = addr;
	const struct queue *queue = by_type(w, addr, &base);
	if (!queue && fl_view_object_at(&w->z->scan->symbols, addr, &object))
		queue = by_section(w, addr, &object, &base);
	if (!queue)
		queue = by_contents(w, addr, &base);
	wait->has_object = true;
	wait->object = queue ? base : addr;
	wait->object_name = fl_scan_object_name(w->z->scan, wait->object);
	if (!queue)
		return;
	wait->kind = queue->kind;
	if (strcmp(queue->structure, "k_msgq") == 0)
		wait->kind = msgq_kind(w, base);
	if (queue->kind == FL_WAIT_MUTEX)
		take_holder(w, wait);
}

void fl_zephyr_waits(struct fl_zephyr *z)
{
	struct waits w = { .z = z };
	for (size_t i = 0; i < z->scan->out->count; i++) {
		struct fl_thread *thread = &z->scan->out->items[i];
		uint32_t addr;
		if (thread->wait.kind != FL_WAIT_OBJECT ||
		    !fl_zephyr_read(z, thread->block, FL_ZEPHYR_PENDED_ON, &addr) || !addr ||
		    is_join(z, &thread->wait, addr))
			continue;
		know_members(&w);
		describe(&w, &thread->wait, addr);
	}
}
