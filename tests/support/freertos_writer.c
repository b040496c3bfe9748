/* SPDX-License-Identifier: Apache-2.0 */
#include "support/freertos_writer.h"

#include "support/type_writer.h"

#include <string.h>

enum { TEXT = 0x1000, MPU_SETTINGS = 320, PORT_MAX_DELAY = -1, INTEGRITY = 0x5a5a5a5a };

static bool has(const struct freertos_writer *w, unsigned config)
{
	return w->config & config;
}

/* --- memory --- */

void freertos_byte(struct freertos_writer *w, uint32_t addr, unsigned value)
{
	w->ram[addr - FREERTOS_RAM] = (uint8_t)value;
}

void freertos_word(struct freertos_writer *w, uint32_t addr, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		freertos_byte(w, addr + i, value >> 8 * i & 0xff);
}

uint32_t freertos_get(const struct freertos_writer *w, uint32_t addr)
{
	const uint8_t *at = w->ram + (addr - FREERTOS_RAM);
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

void freertos_fill(struct freertos_writer *w, uint32_t addr, unsigned value, uint32_t size)
{
	memset(w->ram + (addr - FREERTOS_RAM), (int)value, size);
}

/* --- layout: one member after the other, as the headers list them --- */

static uint32_t take(uint32_t *at, uint32_t size)
{
	uint32_t off = *at;
	*at += size;
	return off;
}

/* list.h */
static void shape_lists(struct freertos_shape *s, bool integrity)
{
	uint32_t word = integrity ? 4 : 0;
	uint32_t at = word;
	s->value = take(&at, 4);
	s->next = take(&at, 4);
	s->previous = take(&at, 4);
	s->owner = take(&at, 4);
	s->container = take(&at, 4);
	s->item_size = at + word;
	at = word;
	s->count = take(&at, 4);
	s->index = take(&at, 4);
	s->end = take(&at, word + 12);
	s->end_next = s->end + s->next;
	s->list_size = at + word;
}

/* tasks.c */
static void shape_block(struct freertos_writer *w)
{
	struct freertos_shape *s = &w->s;
	uint32_t at = 4;
	s->settings = take(&at, has(w, FREERTOS_MPU) ? MPU_SETTINGS : 0);
	take(&at, has(w, FREERTOS_SMP) ? 4 : 0); /* uxCoreAffinityMask */
	s->state = take(&at, s->item_size);
	s->event = take(&at, s->item_size);
	s->priority = take(&at, 4);
	s->stack = take(&at, 4);
	s->run_state = take(&at, has(w, FREERTOS_SMP) ? 8 : 0);
	s->name_size = has(w, FREERTOS_SHORT_NAMES) ? 8 : 16;
	s->name = take(&at, s->name_size);
	s->stack_end = take(&at, has(w, FREERTOS_STACK_END) ? 4 : 0);
	take(&at, has(w, FREERTOS_TRACE) ? 8 : 0); /* uxTCBNumber, uxTaskNumber */
	s->base_priority = take(&at, has(w, FREERTOS_NO_MUTEXES) ? 0 : 8);
	take(&at, 12); /* ulNotifiedValue[3] */
	s->notify = take(&at, 4);
	s->block_size = at;
}

/* queue.c */
static void shape_queue(struct freertos_writer *w)
{
	struct freertos_shape *s = &w->s;
	uint32_t at = 16;
	s->holder = has(w, FREERTOS_V8) ? 4 : 8;
	s->send = take(&at, s->list_size);
	s->receive = take(&at, s->list_size);
	s->messages = take(&at, 4);
	s->length = take(&at, 4);
	s->element_size = take(&at, 4);
	take(&at, 4); /* cRxLock, cTxLock, ucStaticallyAllocated */
	take(&at, has(w, FREERTOS_TRACE) ? 4 : 0);
	s->type = take(&at, has(w, FREERTOS_TRACE) ? 4 : 0);
	s->queue_size = at;
}

/* --- debug information --- */

static void describe_lists(struct freertos_writer *w, struct type_writer *t, uint32_t *item_ret,
			   uint32_t *list_ret)
{
	const struct freertos_shape *s = &w->s;
	*item_ret = types_structure(t, "xLIST_ITEM", s->item_size);
	types_member(t, "xItemValue", t->u32, s->value);
	types_member(t, "pxNext", t->pointer, s->next);
	types_member(t, "pxPrevious", t->pointer, s->previous);
	types_member(t, "pvOwner", t->pointer, s->owner);
	types_member(t, has(w, FREERTOS_PX_CONTAINER) ? "pxContainer" : "pvContainer", t->pointer,
		     s->container);
	types_up(t);
	uint32_t mini = types_structure(t, "xMINI_LIST_ITEM", s->previous + 4);
	types_member(t, "xItemValue", t->u32, s->value);
	types_member(t, "pxNext", t->pointer, s->next);
	types_member(t, "pxPrevious", t->pointer, s->previous);
	types_up(t);
	*list_ret = types_structure(t, "xLIST", s->list_size);
	types_member(t, "uxNumberOfItems", t->u32, s->count);
	types_member(t, "pxIndex", t->pointer, s->index);
	types_member(t, "xListEnd", mini, s->end);
	types_up(t);
}

static void describe_block(struct freertos_writer *w, struct type_writer *t, uint32_t item)
{
	const struct freertos_shape *s = &w->s;
	uint32_t name = types_array(t, t->u8, s->name_size);
	uint32_t notify = types_array(t, t->u8, 3);
	types_structure(t, "tskTaskControlBlock", s->block_size);
	types_member(t, "pxTopOfStack", t->pointer, 0);
	types_member(t, has(w, FREERTOS_V8) ? "xGenericListItem" : "xStateListItem", item,
		     s->state);
	types_member(t, "xEventListItem", item, s->event);
	types_member(t, "uxPriority", t->u32, s->priority);
	types_member(t, "pxStack", t->pointer, s->stack);
	if (has(w, FREERTOS_SMP))
		types_member(t, "xTaskRunState", t->i32, s->run_state);
	types_member(t, "pcTaskName", name, s->name);
	if (has(w, FREERTOS_STACK_END))
		types_member(t, "pxEndOfStack", t->pointer, s->stack_end);
	if (!has(w, FREERTOS_NO_MUTEXES))
		types_member(t, "uxBasePriority", t->u32, s->base_priority);
	if (has(w, FREERTOS_V8))
		types_member(t, "eNotifyState", t->u8, s->notify);
	else
		types_member(t, "ucNotifyState", notify, s->notify);
	types_up(t);
}

static uint32_t describe_union(struct freertos_writer *w, struct type_writer *t)
{
	if (has(w, FREERTOS_V8)) {
		uint32_t old = types_union(t, "", 4);
		types_member(t, "pcReadFrom", t->pointer, 0);
		types_up(t);
		return old;
	}
	uint32_t queue = types_structure(t, "QueuePointers", 8);
	types_member(t, "pcTail", t->pointer, 0);
	types_member(t, "pcReadFrom", t->pointer, 4);
	types_up(t);
	uint32_t semaphore = types_structure(t, "SemaphoreData", 8);
	types_member(t, "xMutexHolder", t->pointer, 0);
	types_member(t, "uxRecursiveCallCount", t->u32, 4);
	types_up(t);
	uint32_t both = types_union(t, "", 8);
	types_member(t, "xQueue", queue, 0);
	types_member(t, "xSemaphore", semaphore, 0);
	types_up(t);
	return both;
}

static void describe_queue(struct freertos_writer *w, struct type_writer *t, uint32_t list)
{
	const struct freertos_shape *s = &w->s;
	uint32_t both = describe_union(w, t);
	types_structure(t, "QueueDefinition", s->queue_size);
	types_member(t, "pcHead", t->pointer, 0);
	if (has(w, FREERTOS_V8))
		types_member(t, "pcTail", t->pointer, 4);
	types_member(t, "u", both, has(w, FREERTOS_V8) ? 12 : 8);
	types_member(t, "xTasksWaitingToSend", list, s->send);
	types_member(t, "xTasksWaitingToReceive", list, s->receive);
	types_member(t, "uxMessagesWaiting", t->u32, s->messages);
	types_member(t, "uxLength", t->u32, s->length);
	types_member(t, "uxItemSize", t->u32, s->element_size);
	if (has(w, FREERTOS_TRACE))
		types_member(t, "ucQueueType", t->u8, s->type);
	types_up(t);
	uint32_t group = types_structure(t, "EventGroupDef_t", s->list_size + 4);
	types_member(t, "uxEventBits", t->u32, 0);
	types_member(t, "xTasksWaitingForBits", list, 4);
	types_up(t);
	types_typedef(t, "EventGroup_t", group);
}

static void describe(struct freertos_writer *w)
{
	struct type_writer t = { 0 };
	uint32_t item, list;
	types_begin(&t);
	describe_lists(w, &t, &item, &list);
	describe_block(w, &t, item);
	describe_queue(w, &t, list);
	types_end(&t, &w->elf);
}

/* --- lists, tasks, objects --- */

void freertos_list(struct freertos_writer *w, uint32_t at)
{
	const struct freertos_shape *s = &w->s;
	uint32_t end = at + s->end;
	if (has(w, FREERTOS_INTEGRITY)) {
		freertos_word(w, at, INTEGRITY);
		freertos_word(w, end, INTEGRITY);
		freertos_word(w, at + s->list_size - 4, INTEGRITY);
	}
	freertos_word(w, at + s->count, 0);
	freertos_word(w, at + s->index, end);
	freertos_word(w, end + s->value, (uint32_t)PORT_MAX_DELAY);
	freertos_word(w, end + s->next, end);
	freertos_word(w, end + s->previous, end);
}

static void insert_end(struct freertos_writer *w, uint32_t list, uint32_t item, uint32_t value)
{
	const struct freertos_shape *s = &w->s;
	uint32_t end = list + s->end;
	uint32_t last = freertos_get(w, end + s->previous);
	freertos_word(w, item + s->value, value);
	freertos_word(w, item + s->next, end);
	freertos_word(w, item + s->previous, last);
	freertos_word(w, item + s->container, list);
	freertos_word(w, last + s->next, item);
	freertos_word(w, end + s->previous, item);
	freertos_word(w, list + s->count, freertos_get(w, list + s->count) + 1);
}

void freertos_put(struct freertos_writer *w, uint32_t list, uint32_t block, uint32_t value)
{
	insert_end(w, list, block + w->s.state, value);
}

void freertos_put_event(struct freertos_writer *w, uint32_t list, uint32_t block, uint32_t value)
{
	insert_end(w, list, block + w->s.event, value);
}

void freertos_make_ready(struct freertos_writer *w, uint32_t block)
{
	uint32_t priority = freertos_get(w, block + w->s.priority);
	freertos_put(w, w->ready + priority * w->s.list_size, block, 0);
}

uint32_t freertos_stack_of(const struct freertos_writer *w, uint32_t block)
{
	return freertos_get(w, block + w->s.stack);
}

uint32_t freertos_task(struct freertos_writer *w, const char *name, uint32_t priority)
{
	const struct freertos_shape *s = &w->s;
	uint32_t block = FREERTOS_BLOCKS + w->tasks * 0x400;
	uint32_t stack = FREERTOS_STACKS + w->tasks * FREERTOS_STACK_SIZE;
	uint32_t room = s->name_size - 1;
	freertos_fill(w, stack, 0xa5, FREERTOS_STACK_SIZE);
	freertos_word(w, block + s->state + s->owner, block);
	freertos_word(w, block + s->event + s->owner, block);
	freertos_word(w, block + s->priority, priority);
	freertos_word(w, block + s->stack, stack);
	memcpy(w->ram + (block + s->name - FREERTOS_RAM), name,
	       strlen(name) < room ? strlen(name) : room);
	if (has(w, FREERTOS_STACK_END)) /* the last word, rounded down to 8 */
		freertos_word(w, block + s->stack_end, stack + FREERTOS_STACK_SIZE - 8);
	if (has(w, FREERTOS_SMP))
		freertos_word(w, block + s->run_state, UINT32_MAX);
	if (!has(w, FREERTOS_NO_MUTEXES))
		freertos_word(w, block + s->base_priority, priority);
	if (has(w, FREERTOS_REGISTRY))
		freertos_word(w, w->registry + 4 * w->tasks, block);
	freertos_word(w, w->task_count, ++w->tasks);
	return block;
}

void freertos_queue(struct freertos_writer *w, uint32_t at, enum freertos_object_kind kind,
		    uint32_t holder)
{
	static const unsigned types[] = { [FREERTOS_QUEUE] = 0,
					  [FREERTOS_SEMAPHORE] = 3,
					  [FREERTOS_MUTEX] = 1,
					  [FREERTOS_RECURSIVE_MUTEX] = 4 };
	const struct freertos_shape *s = &w->s;
	bool mutex = kind == FREERTOS_MUTEX || kind == FREERTOS_RECURSIVE_MUTEX;
	freertos_word(w, at, mutex ? 0 : at);                         /* pcHead, uxQueueType */
	freertos_word(w, at + (has(w, FREERTOS_V8) ? 8 : 4), at);     /* pcWriteTo */
	freertos_word(w, at + s->holder, mutex ? holder : at + 0x40); /* or pcTail */
	freertos_list(w, at + s->send);
	freertos_list(w, at + s->receive);
	freertos_word(w, at + s->messages, 0);
	freertos_word(w, at + s->length, kind == FREERTOS_QUEUE ? 4 : 1);
	freertos_word(w, at + s->element_size, kind == FREERTOS_QUEUE ? 8 : 0);
	if (has(w, FREERTOS_TRACE))
		freertos_byte(w, at + s->type, types[kind]);
}

void freertos_event_group(struct freertos_writer *w, uint32_t at)
{
	freertos_word(w, at, 0);
	freertos_list(w, at + 4);
}

void freertos_stream(struct freertos_writer *w, uint32_t at, uint32_t receiver, uint32_t sender)
{
	const uint32_t words[] = { 3, 3, 64, 1, receiver, sender, at + 0x40, 0 };
	for (uint32_t i = 0; i < 8; i++)
		freertos_word(w, at + 4 * i, words[i]);
}

/* --- the image --- */

static uint32_t variable(struct freertos_writer *w, const char *name, uint32_t addr, uint32_t size)
{
	freertos_object(w, name, addr, size);
	return addr;
}

static void put_variables(struct freertos_writer *w)
{
	uint32_t list = w->s.list_size;
	bool smp = has(w, FREERTOS_SMP);
	w->current = variable(w, smp ? "pxCurrentTCBs" : "pxCurrentTCB", 0x20000100, smp ? 8 : 4);
	w->running = variable(w, "xSchedulerRunning", 0x20000110, 4);
	w->tick = variable(w, "xTickCount", 0x20000114, 4);
	w->task_count = variable(w, "uxCurrentNumberOfTasks", 0x20000118, 4);
	w->idle =
		variable(w, smp ? "xIdleTaskHandles" : "xIdleTaskHandle", 0x20000120, smp ? 8 : 4);
	w->ready = variable(w, "pxReadyTasksLists", 0x20000200, FREERTOS_PRIORITIES * list);
	w->delayed1 = variable(w, "xDelayedTaskList1", 0x20000400, list);
	w->delayed2 = variable(w, "xDelayedTaskList2", 0x20000440, list);
	w->pending = variable(w, "xPendingReadyList", 0x20000480, list);
	w->suspended = variable(w, "xSuspendedTaskList", 0x200004c0, list);
	w->termination = variable(w, "xTasksWaitingTermination", 0x20000500, list);
	w->queues = variable(w, "xQueueRegistry", 0x20000600, 64);
	if (!has(w, FREERTOS_REGISTRY))
		return;
	w->registry = variable(w, "s_task_tcbs", 0x20000680, 64);
	w->watermarks = variable(w, "s_memfault_task_watermarks_v2", 0x200006c0, 64);
}

static void put_code(struct freertos_writer *w)
{
	unsigned text = elf_code(&w->elf, ".text", TEXT, 0x800);
	elf_symbol(&w->elf, "worker_main", FREERTOS_WORKER | 1, 0x40, ELF_FUNC, text);
	elf_symbol(&w->elf, "vTaskDelay", FREERTOS_YIELD | 1, 0x40, ELF_FUNC, text);
	elf_symbol(&w->elf, "prvTaskExitError", FREERTOS_EXIT | 1, 0x40, ELF_FUNC, text);
}

void freertos_object(struct freertos_writer *w, const char *name, uint32_t addr, uint32_t size)
{
	elf_symbol(&w->elf, name, addr, size, ELF_OBJECT, 1);
}

void freertos_begin(struct freertos_writer *w, unsigned config)
{
	*w = (struct freertos_writer){ .config = config };
	shape_lists(&w->s, has(w, FREERTOS_INTEGRITY));
	shape_block(w);
	shape_queue(w);
	elf_section(&w->elf, ".bss", ELF_NOBITS, ELF_W | ELF_A, FREERTOS_RAM, NULL,
		    FREERTOS_RAM_SIZE);
	put_code(w);
	put_variables(w);
	if (has(w, FREERTOS_DWARF))
		describe(w);
	for (uint32_t i = 0; i < FREERTOS_PRIORITIES; i++)
		freertos_list(w, w->ready + i * w->s.list_size);
	const uint32_t others[] = { w->delayed1, w->delayed2, w->pending, w->suspended,
				    w->termination };
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		freertos_list(w, others[i]);
	freertos_word(w, w->running, 1);
}

void freertos_end(struct freertos_writer *w)
{
	elf_end(&w->elf);
}

void freertos_free(struct freertos_writer *w)
{
	elf_free(&w->elf);
}
