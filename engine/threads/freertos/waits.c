/* SPDX-License-Identifier: Apache-2.0 */
/* What a task waits for: by the list that its event item is on. */
#include "threads/freertos/freertos.h"

#include <string.h>

/* queue.h: queueQUEUE_TYPE_... */
enum {
	TYPE_MUTEX = 1,
	TYPE_COUNTING_SEMAPHORE = 2,
	TYPE_BINARY_SEMAPHORE = 3,
	TYPE_RECURSIVE_MUTEX = 4,
};

enum {
	WAITING_NOTIFICATION = 1, /* tasks.c: taskWAITING_NOTIFICATION */
	NOTIFICATIONS_MAX = 64,
	REGISTRY_MAX = 256,
	REGISTERED_NAME = 64,
	STREAM_MAX = 0x100000, /* no buffer is larger: what looks like one is something else */
	/* Mutex holders where debug information does not say: u.xSemaphore.xMutexHolder (since
	 * 10.1), pcTail (before) */
	HOLDER_OFF = 8,
	OLD_HOLDER_OFF = 4,
};

bool fl_freertos_awaits_notification(const struct fl_freertos *k, uint32_t block)
{
	const struct fl_field *field = &k->members[FL_FREERTOS_NOTIFY_STATE];
	uint32_t state;
	if (!fl_freertos_knows(k, FL_FREERTOS_NOTIFY_STATE))
		return false;
	for (uint32_t i = 0; i < field->count && i < NOTIFICATIONS_MAX; i++)
		if (fl_freertos_read(k, block + i * field->size, FL_FREERTOS_NOTIFY_STATE,
				     &state) &&
		    state == WAITING_NOTIFICATION)
			return true;
	return false;
}

static bool is_queue(const struct fl_freertos *k, uint32_t addr)
{
	uint32_t messages, length;
	return fl_freertos_is_list(k, fl_freertos_at(k, addr, FL_FREERTOS_QUEUE_SEND)) &&
	       fl_freertos_is_list(k, fl_freertos_at(k, addr, FL_FREERTOS_QUEUE_RECEIVE)) &&
	       fl_freertos_read(k, addr, FL_FREERTOS_QUEUE_MESSAGES, &messages) &&
	       fl_freertos_read(k, addr, FL_FREERTOS_QUEUE_LENGTH, &length) && length &&
	       messages <= length;
}

/* ucQueueType is there with the trace facility only. */
static enum fl_wait_kind kind_of_queue(const struct fl_freertos *k, uint32_t queue, bool receives)
{
	enum fl_wait_kind queue_kind = receives ? FL_WAIT_QUEUE_RECEIVE : FL_WAIT_QUEUE_SEND;
	uint32_t type, size, head;
	if (fl_freertos_read(k, queue, FL_FREERTOS_QUEUE_TYPE, &type))
		switch (type) {
		case TYPE_MUTEX:
		case TYPE_RECURSIVE_MUTEX:
			return FL_WAIT_MUTEX;
		case TYPE_COUNTING_SEMAPHORE:
		case TYPE_BINARY_SEMAPHORE:
			return FL_WAIT_SEMAPHORE;
		default:
			return queue_kind;
		}
	if (!fl_freertos_read(k, queue, FL_FREERTOS_QUEUE_ITEM_SIZE, &size) ||
	    !fl_freertos_read(k, queue, FL_FREERTOS_QUEUE_HEAD, &head))
		return FL_WAIT_OBJECT;
	if (size)
		return queue_kind;
	return head ? FL_WAIT_SEMAPHORE : FL_WAIT_MUTEX;
}

static bool find_holder(const struct fl_freertos *k, uint32_t queue, uint32_t *ret)
{
	static const uint32_t offs[] = { HOLDER_OFF, OLD_HOLDER_OFF };
	if (fl_freertos_knows(k, FL_FREERTOS_QUEUE_HOLDER))
		return fl_freertos_read(k, queue, FL_FREERTOS_QUEUE_HOLDER, ret) && *ret &&
		       *ret % 4 == 0;
	for (size_t i = 0; i < sizeof(offs) / sizeof(offs[0]); i++)
		if (fl_scan_number(k->scan, queue + offs[i], 4, false, ret) &&
		    fl_scan_find(k->scan, *ret))
			return true;
	return false;
}

static bool is_on_heap(const struct fl_freertos *k, uint32_t addr)
{
	struct fl_symbol_info object;
	return fl_view_object_at(&k->scan->symbols, addr, &object) &&
	       strcmp(object.name, "ucHeap") == 0;
}

static const char *registered_name(const struct fl_freertos *k, uint32_t object)
{
	struct fl_variable_info registry;
	uint32_t size = 8;
	if (!fl_view_variable(&k->scan->symbols, "xQueueRegistry", &registry))
		return NULL;
	fl_view_struct_size(&k->scan->symbols, "QUEUE_REGISTRY_ITEM", &size);
	for (uint32_t i = 0; i < REGISTRY_MAX && size && (i + 1) * size <= registry.size; i++) {
		uint32_t at = registry.addr + i * size;
		uint32_t handle, name;
		if (fl_freertos_read(k, at, FL_FREERTOS_REGISTRY_HANDLE, &handle) &&
		    handle == object && fl_freertos_read(k, at, FL_FREERTOS_REGISTRY_NAME, &name) &&
		    name)
			return fl_scan_string(k->scan, name, REGISTERED_NAME);
	}
	return NULL;
}

static const char *name_of(const struct fl_freertos *k, uint32_t object)
{
	const char *name = fl_scan_handle_name(k->scan, object);
	if (!name)
		name = registered_name(k, object);
	if (!name && !is_on_heap(k, object))
		name = fl_scan_object_name(k->scan, object);
	return name;
}

void fl_freertos_name_objects(struct fl_freertos *k)
{
	struct fl_threads *threads = k->scan->out;
	for (size_t i = 0; i < threads->count; i++)
		if (threads->items[i].wait.has_object)
			threads->items[i].wait.object_name =
				name_of(k, threads->items[i].wait.object);
}

static void set_object(const struct fl_freertos *k, struct fl_wait *wait, enum fl_wait_kind kind,
		       uint32_t object)
{
	wait->kind = kind;
	wait->has_object = true;
	wait->object = object;
	if (kind == FL_WAIT_MUTEX)
		wait->has_holder = find_holder(k, object, &wait->holder);
}

/* The item of a task that waits for event bits has its highest bit set, and carries the bits. */
static bool awaits_bits(const struct fl_freertos *k, uint32_t item)
{
	struct fl_field value = k->members[FL_FREERTOS_ITEM_VALUE];
	uint32_t top;
	return value.size && value.size <= 8 &&
	       fl_scan_number(k->scan, item + value.off + value.size - 1, 1, false, &top) &&
	       top & 0x80;
}

/* Memory of the object was not captured: a symbol tells where it begins, when it is one of its own.
 */
static uint32_t begin_of_object(const struct fl_freertos *k, uint32_t list)
{
	struct fl_symbol_info object;
	if (!fl_view_object_at(&k->scan->symbols, list, &object))
		return list;
	uint32_t off = list - object.addr;
	return off == k->members[FL_FREERTOS_QUEUE_RECEIVE].off ||
			       off == k->members[FL_FREERTOS_QUEUE_SEND].off
		       ? object.addr
		       : list;
}

static void wait_on_list(struct fl_freertos *k, struct fl_wait *wait, uint32_t item, uint32_t list)
{
	uint32_t receives = list - k->members[FL_FREERTOS_QUEUE_RECEIVE].off;
	uint32_t sends = list - k->members[FL_FREERTOS_QUEUE_SEND].off;
	if (list % 4)
		wait->kind = FL_WAIT_OBJECT;
	else if (awaits_bits(k, item))
		set_object(k, wait, FL_WAIT_EVENT,
			   list - k->members[FL_FREERTOS_EVENT_WAITERS].off);
	else if (is_queue(k, receives))
		set_object(k, wait, kind_of_queue(k, receives, true), receives);
	else if (is_queue(k, sends))
		set_object(k, wait, kind_of_queue(k, sends, false), sends);
	else
		set_object(k, wait, FL_WAIT_OBJECT, begin_of_object(k, list));
}

void fl_freertos_wait(struct fl_freertos *k, struct fl_thread *thread, bool forever)
{
	struct fl_wait *wait = &thread->wait;
	uint32_t item = fl_freertos_at(k, thread->block, FL_FREERTOS_EVENT_ITEM);
	uint32_t state = fl_freertos_at(k, thread->block, FL_FREERTOS_STATE_ITEM);
	uint32_t list;
	wait->forever = forever;
	wait->has_wake_tick =
		!forever && fl_freertos_read(k, state, FL_FREERTOS_ITEM_VALUE, &wait->wake_tick);
	if (!fl_freertos_knows(k, FL_FREERTOS_EVENT_ITEM) ||
	    !fl_freertos_read(k, item, FL_FREERTOS_ITEM_CONTAINER, &list))
		return;
	if (list)
		wait_on_list(k, wait, item, list);
	else if (fl_freertos_awaits_notification(k, thread->block))
		wait->kind = FL_WAIT_NOTIFICATION;
	else if (!forever)
		wait->kind = FL_WAIT_DELAY;
}

/* --- stream and message buffers: nothing leads to them from the tasks --- */

/* The tasks that may be waiting for one. */
static struct fl_word_range waiting_tasks(const struct fl_threads *threads)
{
	struct fl_word_range range = { 0 };
	for (size_t i = 0; i < threads->count; i++)
		if (threads->items[i].wait.kind == FL_WAIT_NOTIFICATION)
			fl_word_range_add(&range, threads->items[i].block);
	return range;
}

/* Bytes of an object in which both of its tasks are words; UINT32_MAX: they are none. */
static uint32_t reach_of_tasks(const struct fl_freertos *k)
{
	const struct fl_field *receiver = &k->members[FL_FREERTOS_STREAM_RECEIVER];
	const struct fl_field *sender = &k->members[FL_FREERTOS_STREAM_SENDER];
	uint32_t last = receiver->off > sender->off ? receiver->off : sender->off;
	return receiver->size == 4 && sender->size == 4 && last < STREAM_MAX ? last + 4
									     : UINT32_MAX;
}

/* A look at all buffers that have a name. */
struct search {
	struct fl_freertos *k;
	struct fl_word_range tasks;
	uint32_t size_min; /* of a buffer */
	uint32_t reach;
};

/* Whether a task at the stream buffer at [addr] waits for it. */
static struct fl_thread *
stream_waiter(const struct search *s, uint32_t addr, enum fl_freertos_member member)
{
	const struct fl_freertos *k = s->k;
	uint32_t block, tail, head, length;
	if (!fl_freertos_read(k, addr, member, &block) || !fl_word_range_has(&s->tasks, block))
		return NULL;
	struct fl_thread *thread = fl_scan_find(k->scan, block);
	if (!thread || thread->wait.kind != FL_WAIT_NOTIFICATION ||
	    !fl_freertos_read(k, addr, FL_FREERTOS_STREAM_TAIL, &tail) ||
	    !fl_freertos_read(k, addr, FL_FREERTOS_STREAM_HEAD, &head) ||
	    !fl_freertos_read(k, addr, FL_FREERTOS_STREAM_LENGTH, &length))
		return NULL;
	return tail < length && head < length && length <= STREAM_MAX ? thread : NULL;
}

static void try_stream(const struct search *s, uint32_t addr)
{
	if (!addr || addr % 4)
		return;
	struct fl_thread *receiver = stream_waiter(s, addr, FL_FREERTOS_STREAM_RECEIVER);
	if (receiver)
		set_object(s->k, &receiver->wait, FL_WAIT_STREAM, addr);
	struct fl_thread *sender = stream_waiter(s, addr, FL_FREERTOS_STREAM_SENDER);
	if (sender)
		set_object(s->k, &sender->wait, FL_WAIT_STREAM, addr);
}

/* Most objects are told by two words that they are none. */
static bool may_be_stream(const struct search *s, const uint8_t *bytes, uint32_t size)
{
	const struct fl_field *members = s->k->members;
	return !bytes || size < s->reach ||
	       fl_word_range_has(&s->tasks,
				 fl_word(bytes + members[FL_FREERTOS_STREAM_RECEIVER].off)) ||
	       fl_word_range_has(&s->tasks,
				 fl_word(bytes + members[FL_FREERTOS_STREAM_SENDER].off));
}

/* Handles may be constants, buffers not. */
static void try_objects(const struct search *s, const struct fl_captured_objects *objects)
{
	uint32_t size_min = objects->span->source == FL_SPAN_DUMP ? s->size_min : UINT32_MAX;
	for (uint32_t i = 0; i < objects->count; i++) {
		const struct fl_object_place *place = &objects->places[i];
		uint32_t handle;
		if (place->size == 4 && fl_scan_number(s->k->scan, place->addr, 4, false, &handle))
			try_stream(s, handle);
		else if (place->size >= size_min &&
			 may_be_stream(s, fl_captured_bytes(objects, place), place->size))
			try_stream(s, place->addr);
	}
}

void fl_freertos_streams(struct fl_freertos *k)
{
	struct search s = { .k = k,
			    .tasks = waiting_tasks(k->scan->out),
			    .size_min = k->members[FL_FREERTOS_STREAM_SENDER].off + 1,
			    .reach = reach_of_tasks(k) };
	struct fl_object_walk walk = { 0 };
	struct fl_captured_objects objects;
	while (s.tasks.any && fl_scan_next_objects(k->scan, &walk, &objects))
		try_objects(&s, &objects);
}
