/* SPDX-License-Identifier: Apache-2.0 */
/* Which tasks there are, what they were doing, and what they wait for: several versions and builds,
 * with debug information and without. */
#include "threads/freertos_case.h"

enum {
	UART_LOCK = FREERTOS_OBJECTS,
	COMMANDS = FREERTOS_OBJECTS + 0x80,
	LOG_LINES = FREERTOS_OBJECTS + 0x100,
	RADIO = FREERTOS_OBJECTS + 0x180,
	NETWORK = FREERTOS_OBJECTS + 0x200,
	CONSOLE = FREERTOS_OBJECTS + 0x240,
	HANDLES = FREERTOS_OBJECTS + 0x300,
	IN_USE = (int)0x80000000, /* event_groups.c: the item value of a waiting task */
};

/* A crew with a task in each state. */
struct crew {
	uint32_t crasher, ready, woken, sleeper, parked, gone, idle;
	uint32_t printer, receiver, sender, joiner, watcher, notified, reader;
};

static void put_objects(struct freertos_writer *w, const struct crew *crew)
{
	freertos_queue(w, UART_LOCK, FREERTOS_MUTEX, crew->sleeper);
	freertos_queue(w, COMMANDS, FREERTOS_QUEUE, 0);
	freertos_queue(w, LOG_LINES, FREERTOS_QUEUE, 0);
	freertos_queue(w, RADIO, FREERTOS_SEMAPHORE, 0);
	freertos_event_group(w, NETWORK);
	freertos_object(w, "uart_lock", UART_LOCK, w->s.queue_size);
	freertos_object(w, "commands", COMMANDS, w->s.queue_size);
	freertos_object(w, "log_lines", HANDLES, 4); /* a handle of what has no symbol */
	freertos_word(w, HANDLES, LOG_LINES);
	freertos_object(w, "network", NETWORK, w->s.list_size + 4);
}

static void put_states(struct freertos_writer *w, struct crew *crew)
{
	crew->crasher = freertos_task(w, "crasher", 3);
	crew->ready = freertos_task(w, "ready", 1);
	crew->woken = freertos_task(w, "woken", 4);
	crew->sleeper = freertos_task(w, "sleeper", 2);
	crew->parked = freertos_task(w, "parked", 5);
	crew->gone = freertos_task(w, "gone", 6);
	crew->idle = freertos_task(w, "IDLE", 0);
	freertos_make_ready(w, crew->crasher);
	freertos_make_ready(w, crew->ready);
	freertos_make_ready(w, crew->idle);
	freertos_put(w, w->delayed1, crew->woken, 900);
	freertos_put_event(w, w->pending, crew->woken, 4);
	freertos_put(w, w->delayed1, crew->sleeper, 1000);
	freertos_put(w, w->suspended, crew->parked, 0);
	freertos_put(w, w->termination, crew->gone, 0);
	freertos_word(w, w->current, crew->crasher);
	freertos_word(w, w->idle, crew->idle);
	freertos_word(w, w->tick, 777);
	freertos_word(w, crew->sleeper + w->s.base_priority, 1);
}

static void put_waiting(struct freertos_writer *w, struct crew *crew)
{
	crew->printer = freertos_task(w, "printer", 2);
	crew->receiver = freertos_task(w, "receiver", 2);
	crew->sender = freertos_task(w, "sender", 2);
	crew->joiner = freertos_task(w, "joiner", 2);
	crew->watcher = freertos_task(w, "watcher", 2);
	put_objects(w, crew);
	freertos_put(w, w->suspended, crew->printer, 0);
	freertos_put_event(w, UART_LOCK + w->s.receive, crew->printer, 6);
	freertos_put(w, w->delayed2, crew->receiver, 17);
	freertos_put_event(w, COMMANDS + w->s.receive, crew->receiver, 6);
	freertos_put(w, w->delayed1, crew->sender, 1100);
	freertos_put_event(w, LOG_LINES + w->s.send, crew->sender, 6);
	freertos_put(w, w->suspended, crew->joiner, 0);
	freertos_put_event(w, RADIO + w->s.receive, crew->joiner, 6);
	freertos_put(w, w->suspended, crew->watcher, 0);
	freertos_put_event(w, NETWORK + 4, crew->watcher, (uint32_t)IN_USE | 0x04000001);
}

/* Configurations whose layout is known with and without debug information. */
static const struct {
	const char *name;
	unsigned config;
} builds[] = {
	{ "8.x", FREERTOS_V8 | FREERTOS_DWARF },
	{ "8.x without debug information", FREERTOS_V8 },
	{ "10.4", FREERTOS_STACK_END | FREERTOS_TRACE | FREERTOS_DWARF },
	{ "10.4 without debug information", FREERTOS_STACK_END | FREERTOS_TRACE },
	{ "plain, without debug information", 0 },
	{ "integrity checks", FREERTOS_INTEGRITY | FREERTOS_DWARF },
	{ "integrity checks, without debug information", FREERTOS_INTEGRITY },
	{ "pxContainer", FREERTOS_PX_CONTAINER | FREERTOS_DWARF },
	{ "MPU", FREERTOS_MPU | FREERTOS_DWARF },
	{ "MPU without debug information", FREERTOS_MPU },
	{ "no mutexes", FREERTOS_NO_MUTEXES | FREERTOS_DWARF },
	{ "short names", FREERTOS_SHORT_NAMES | FREERTOS_DWARF },
	{ "registry", FREERTOS_REGISTRY | FREERTOS_DWARF },
};
enum { BUILDS = sizeof(builds) / sizeof(builds[0]) };

static const struct fl_registers *in_task(void)
{
	static struct fl_registers regs;
	fl_reg_set(&regs, FL_PC, FREERTOS_WORKER + 4);
	fl_reg_set(&regs, FL_XPSR, 0x01000000);
	fl_reg_set(&regs, FL_SP, FREERTOS_STACKS + 0x300);
	fl_reg_set(&regs, FL_PSP, FREERTOS_STACKS + 0x300);
	fl_reg_set(&regs, FL_MSP, FREERTOS_RAM);
	return &regs;
}

static void check(const char *build, const struct device_case *c, uint32_t block, const char *name,
		  enum fl_thread_state state)
{
	const struct fl_thread *t = freertos_at(c, block);
	if (!t->name || strcmp(t->name, name) != 0 || t->state != state)
		print_message("%s: %s\n", build, name);
	assert_string_equal(t->name, name);
	assert_int_equal(t->state, state);
}

static void test_states_by_list(void **state)
{
	(void)state;
	for (size_t i = 0; i < BUILDS; i++) {
		const char *build = builds[i].name;
		FREERTOS_AUTO w;
		DEVICE_CASE c;
		struct crew crew;
		freertos_begin(&w, builds[i].config);
		put_states(&w, &crew);
		freertos_find(&c, &w, NULL, in_task(), FL_ARCH_V7EM);
		assert_string_equal(c.threads.kernel.name, "FreeRTOS");
		assert_int_equal(c.threads.count, 7);
		assert_int_equal(c.threads.items[0].block, crew.crasher);
		check(build, &c, crew.crasher, "crasher", FL_THREAD_RUNNING);
		check(build, &c, crew.ready, "ready", FL_THREAD_READY);
		check(build, &c, crew.woken, "woken", FL_THREAD_READY);
		check(build, &c, crew.sleeper, "sleeper", FL_THREAD_BLOCKED);
		check(build, &c, crew.parked, "parked", FL_THREAD_SUSPENDED);
		assert_int_equal(device_findings(&c, "for ever looks suspended: parked"),
				 !(builds[i].config & FREERTOS_DWARF));
		check(build, &c, crew.gone, "gone", FL_THREAD_TERMINATED);
		check(build, &c, crew.idle, "IDLE", FL_THREAD_READY);
		assert_true(freertos_at(&c, crew.crasher)->current);
		assert_true(freertos_at(&c, crew.crasher)->crashed);
		assert_true(freertos_at(&c, crew.idle)->idle);
		assert_false(freertos_at(&c, crew.ready)->idle);
		assert_int_equal(freertos_at(&c, crew.woken)->priority, 4);
		const struct fl_thread *sleeper = freertos_at(&c, crew.sleeper);
		assert_int_equal(sleeper->wait.kind, FL_WAIT_DELAY);
		assert_true(sleeper->wait.has_wake_tick && !sleeper->wait.forever);
		assert_int_equal(sleeper->wait.wake_tick, 1000);
		assert_int_equal(sleeper->priority, 2);
		bool base = builds[i].config & FREERTOS_DWARF &&
			    !(builds[i].config & FREERTOS_NO_MUTEXES);
		assert_int_equal(sleeper->has_base_priority, base);
		assert_int_equal(sleeper->base_priority, base ? 1 : 0);
		assert_int_equal(freertos_at(&c, crew.parked)->wait.kind, FL_WAIT_NONE);
		assert_true(c.threads.kernel.running && c.threads.kernel.has_tick);
		assert_int_equal(c.threads.kernel.tick, 777);
		assert_int_equal(c.threads.kernel.thread_count, 7);
	}
}

/* As of assembly code, or after objcopy. */
static void forget_size(struct freertos_writer *w, uint32_t addr)
{
	enum { SYMBOL_SIZE = 16, VALUE = 4, SIZE = 8 };
	struct bytes *symbols = &w->elf.symbols;
	for (size_t at = 0; at < symbols->size; at += SYMBOL_SIZE)
		if (!memcmp(symbols->data + at + VALUE, &addr, sizeof(addr)))
			patch_u32(symbols, at + SIZE, 0);
}

/* How many priorities there are is then told by a variable for debuggers, or by the memory. */
static void test_without_the_number_of_priorities(void **state)
{
	enum { NONE = -1, TOP_AT = FREERTOS_OBJECTS_END - 4 };
	static const int tops[] = { NONE, FREERTOS_PRIORITIES - 1, 999 };
	(void)state;
	for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++) {
		FREERTOS_AUTO w;
		DEVICE_CASE c;
		struct crew crew;
		freertos_begin(&w, 0);
		put_states(&w, &crew);
		forget_size(&w, w.ready);
		if (tops[i] != NONE) {
			freertos_object(&w, "uxTopUsedPriority", TOP_AT, 4);
			freertos_word(&w, TOP_AT, (uint32_t)tops[i]);
		}
		uint32_t high = freertos_task(&w, "high", FREERTOS_PRIORITIES - 1);
		freertos_make_ready(&w, high);
		freertos_word(&w, w.task_count, 8);
		freertos_find(&c, &w, NULL, in_task(), FL_ARCH_V7EM);
		assert_int_equal(c.threads.count, 8);
		check("", &c, high, "high", FL_THREAD_READY);
		check("", &c, crew.ready, "ready", FL_THREAD_READY);
		check("", &c, crew.sleeper, "sleeper", FL_THREAD_BLOCKED);
		check("", &c, crew.parked, "parked", FL_THREAD_SUSPENDED);
		check("", &c, crew.gone, "gone", FL_THREAD_TERMINATED);
		check("", &c, crew.idle, "IDLE", FL_THREAD_READY);
	}
}

static void check_wait(const char *build, const struct fl_thread *t, enum fl_wait_kind kind,
		       uint32_t object, const char *name, bool forever)
{
	if (t->state != FL_THREAD_BLOCKED || t->wait.kind != kind || t->wait.object != object)
		print_message("%s: %s\n", build, t->name);
	assert_int_equal(t->state, FL_THREAD_BLOCKED);
	assert_int_equal(t->wait.kind, kind);
	assert_int_equal(t->wait.object, object);
	assert_int_equal(t->wait.forever, forever);
	assert_int_equal(t->wait.has_wake_tick, !forever);
	if (name)
		assert_string_equal(t->wait.object_name, name);
	else
		assert_null(t->wait.object_name);
}

static void test_what_they_wait_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < BUILDS; i++) {
		const char *build = builds[i].name;
		FREERTOS_AUTO w;
		DEVICE_CASE c;
		struct crew crew;
		freertos_begin(&w, builds[i].config);
		put_states(&w, &crew);
		put_waiting(&w, &crew);
		freertos_find(&c, &w, NULL, in_task(), FL_ARCH_V7EM);
		check_wait(build, freertos_at(&c, crew.printer), FL_WAIT_MUTEX, UART_LOCK,
			   "uart_lock", true);
		assert_true(freertos_at(&c, crew.printer)->wait.has_holder);
		assert_int_equal(freertos_at(&c, crew.printer)->wait.holder, crew.sleeper);
		check_wait(build, freertos_at(&c, crew.receiver), FL_WAIT_QUEUE_RECEIVE, COMMANDS,
			   "commands", false);
		assert_int_equal(freertos_at(&c, crew.receiver)->wait.wake_tick, 17);
		check_wait(build, freertos_at(&c, crew.sender), FL_WAIT_QUEUE_SEND, LOG_LINES,
			   "log_lines", false);
		check_wait(build, freertos_at(&c, crew.joiner), FL_WAIT_SEMAPHORE, RADIO, NULL,
			   true);
		assert_false(freertos_at(&c, crew.joiner)->wait.has_holder);
		check_wait(build, freertos_at(&c, crew.watcher), FL_WAIT_EVENT, NETWORK, "network",
			   true);
		assert_int_equal(c.findings.count, device_findings(&c, "looks suspended: parked"));
	}
}

static void test_notifications_and_streams(void **state)
{
	(void)state;
	FREERTOS_AUTO w;
	DEVICE_CASE c;
	struct crew crew;
	freertos_begin(&w, FREERTOS_DWARF);
	put_states(&w, &crew);
	uint32_t notified = freertos_task(&w, "notified", 2);
	uint32_t reader = freertos_task(&w, "reader", 2);
	uint32_t writer = freertos_task(&w, "writer", 2);
	freertos_stream(&w, CONSOLE, reader, 0);
	freertos_object(&w, "console", CONSOLE, 36);
	freertos_stream(&w, CONSOLE + 0x40, 0, writer);
	freertos_object(&w, "printer_feed", HANDLES + 4, 4);
	freertos_word(&w, HANDLES + 4, CONSOLE + 0x40);
	freertos_put(&w, w.suspended, notified, 0);
	freertos_byte(&w, notified + w.s.notify + 2, 1); /* the third of its notifications */
	freertos_put(&w, w.suspended, reader, 0);
	freertos_byte(&w, reader + w.s.notify, 1);
	freertos_put(&w, w.delayed1, writer, 5);
	freertos_byte(&w, writer + w.s.notify, 1);
	freertos_byte(&w, crew.parked + w.s.notify, 2); /* received, not waited for */
	freertos_find(&c, &w, NULL, in_task(), FL_ARCH_V7EM);
	check_wait("", freertos_at(&c, notified), FL_WAIT_NOTIFICATION, 0, NULL, true);
	check_wait("", freertos_at(&c, reader), FL_WAIT_STREAM, CONSOLE, "console", true);
	check_wait("", freertos_at(&c, writer), FL_WAIT_STREAM, CONSOLE + 0x40, "printer_feed",
		   false);
	assert_int_equal(freertos_at(&c, crew.parked)->state, FL_THREAD_SUSPENDED);
}

/* The trace facility tells types apart that look alike. */
static void test_types_of_queues(void **state)
{
	static const struct {
		enum freertos_object_kind kind;
		unsigned config;
		enum fl_wait_kind wait;
	} cases[] = {
		{ FREERTOS_MUTEX, FREERTOS_TRACE | FREERTOS_DWARF, FL_WAIT_MUTEX },
		{ FREERTOS_RECURSIVE_MUTEX, FREERTOS_TRACE | FREERTOS_DWARF, FL_WAIT_MUTEX },
		{ FREERTOS_SEMAPHORE, FREERTOS_TRACE | FREERTOS_DWARF, FL_WAIT_SEMAPHORE },
		{ FREERTOS_QUEUE, FREERTOS_TRACE | FREERTOS_DWARF, FL_WAIT_QUEUE_RECEIVE },
		{ FREERTOS_RECURSIVE_MUTEX, FREERTOS_DWARF, FL_WAIT_MUTEX },
		{ FREERTOS_RECURSIVE_MUTEX, FREERTOS_DWARF | FREERTOS_V8, FL_WAIT_MUTEX },
		{ FREERTOS_RECURSIVE_MUTEX, FREERTOS_V8, FL_WAIT_MUTEX },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		FREERTOS_AUTO w;
		DEVICE_CASE c;
		freertos_begin(&w, cases[i].config);
		uint32_t holder = freertos_task(&w, "holder", 1);
		uint32_t waiter = freertos_task(&w, "waiter", 2);
		freertos_make_ready(&w, holder);
		freertos_queue(&w, RADIO, cases[i].kind, holder);
		freertos_put(&w, w.suspended, waiter, 0);
		freertos_put_event(&w, RADIO + w.s.receive, waiter, 6);
		freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7EM);
		const struct fl_wait *wait = &freertos_at(&c, waiter)->wait;
		assert_int_equal(wait->kind, cases[i].wait);
		assert_int_equal(wait->has_holder, cases[i].wait == FL_WAIT_MUTEX);
		assert_int_equal(wait->holder, cases[i].wait == FL_WAIT_MUTEX ? holder : 0);
	}
}

/* A heap object has the name it was registered under, if no variable holds its handle. */
static void test_names_of_objects(void **state)
{
	(void)state;
	static const char registered[] = "radio events";
	FREERTOS_AUTO w;
	DEVICE_CASE c;
	freertos_begin(&w, FREERTOS_DWARF);
	uint32_t first = freertos_task(&w, "first", 1);
	uint32_t second = freertos_task(&w, "second", 2);
	freertos_object(&w, "ucHeap", RADIO, 0x80);
	freertos_object(&w, "application", LOG_LINES, 0x80);
	freertos_queue(&w, RADIO + 8, FREERTOS_SEMAPHORE, 0);
	freertos_queue(&w, LOG_LINES + 8, FREERTOS_QUEUE, 0);
	memcpy(w.ram + (NETWORK - FREERTOS_RAM), registered, sizeof(registered));
	freertos_word(&w, w.queues + 8, NETWORK);
	freertos_word(&w, w.queues + 12, RADIO + 8);
	freertos_put(&w, w.suspended, first, 0);
	freertos_put_event(&w, RADIO + 8 + w.s.receive, first, 6);
	freertos_put(&w, w.suspended, second, 0);
	freertos_put_event(&w, LOG_LINES + 8 + w.s.receive, second, 6);
	uint32_t third = freertos_task(&w, "third", 3);
	freertos_queue(&w, NETWORK + 0x20, FREERTOS_QUEUE, 0);
	freertos_put(&w, w.suspended, third, 0);
	freertos_put_event(&w, NETWORK + 0x20 + w.s.send, third, 6);
	freertos_word(&w, NETWORK + 0x20 + w.s.messages, 5); /* more than there is room for */
	uint32_t fourth = freertos_task(&w, "fourth", 4);
	freertos_queue(&w, UART_LOCK + 8, FREERTOS_SEMAPHORE, 0);
	freertos_object(&w, "ucHeap", UART_LOCK, 0x80);
	freertos_put(&w, w.suspended, fourth, 0);
	freertos_put_event(&w, UART_LOCK + 8 + w.s.receive, fourth, 6);
	freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7EM);
	assert_int_equal(freertos_at(&c, third)->wait.kind, FL_WAIT_OBJECT);
	assert_int_equal(freertos_at(&c, fourth)->wait.kind, FL_WAIT_SEMAPHORE);
	assert_null(freertos_at(&c, fourth)->wait.object_name);
	assert_string_equal(freertos_at(&c, first)->wait.object_name, registered);
	assert_string_equal(freertos_at(&c, second)->wait.object_name, "application+0x8");
}

static void test_before_the_scheduler(void **state)
{
	(void)state;
	FREERTOS_AUTO w;
	DEVICE_CASE c;
	freertos_begin(&w, FREERTOS_DWARF);
	freertos_word(&w, w.running, 0);
	uint32_t block = freertos_task(&w, "first", 1);
	struct freertos_context fresh = { .sp = freertos_stack_of(&w, block) + 0x3f8,
					  .pc = FREERTOS_WORKER,
					  .lr = FREERTOS_EXIT | 1,
					  .fresh = true };
	freertos_make_ready(&w, block);
	freertos_save(&w, FREERTOS_CM4F, block, &fresh);
	freertos_word(&w, w.current, block);
	freertos_find(&c, &w, NULL, in_task(), FL_ARCH_V7EM);
	const struct fl_thread *t = freertos_at(&c, block);
	assert_true(c.threads.kernel.has_running && !c.threads.kernel.running);
	assert_int_equal(c.threads.count, 2); /* and what crashed, of no name */
	assert_true(c.threads.items[0].crashed && !c.threads.items[0].has_block);
	assert_int_equal(t->state, FL_THREAD_READY);
	assert_false(t->current);
	assert_int_equal(t->context, FL_CONTEXT_SAVED);
	assert_string_equal(t->entry, "worker_main");
}

static void test_several_cores(void **state)
{
	(void)state;
	for (unsigned dwarf = 0; dwarf < 2; dwarf++) {
		FREERTOS_AUTO w;
		DEVICE_CASE c;
		freertos_begin(&w,
			       FREERTOS_SMP | FREERTOS_STACK_END | (dwarf ? FREERTOS_DWARF : 0));
		uint32_t one = freertos_task(&w, "one", 1);
		uint32_t two = freertos_task(&w, "two", 1);
		uint32_t idle0 = freertos_task(&w, "IDLE0", 0);
		uint32_t idle1 = freertos_task(&w, "IDLE1", 0);
		freertos_make_ready(&w, one);
		freertos_make_ready(&w, two);
		freertos_make_ready(&w, idle0);
		freertos_make_ready(&w, idle1);
		freertos_word(&w, w.current, two);
		freertos_word(&w, w.current + 4, one);
		freertos_word(&w, one + w.s.run_state, 1);
		freertos_word(&w, two + w.s.run_state, 0);
		freertos_word(&w, idle1 + w.s.run_state, 1); /* out of date */
		freertos_word(&w, w.idle, idle0);
		freertos_word(&w, w.idle + 4, idle1);
		freertos_find(&c, &w, NULL, in_task(), FL_ARCH_V6M);
		assert_int_equal(c.threads.count, 4);
		assert_string_equal(c.threads.items[0].name, "two");
		assert_true(c.threads.items[0].crashed && c.threads.items[0].has_core);
		const struct fl_thread *t = freertos_at(&c, one);
		assert_string_equal(t->name, "one");
		assert_true(t->current && t->has_core && !t->crashed);
		assert_int_equal(t->core, 1);
		assert_int_equal(t->state, FL_THREAD_RUNNING);
		assert_int_equal(t->context, FL_CONTEXT_NONE);
		assert_non_null(strstr(t->stop_text, "was running"));
		assert_true(freertos_at(&c, idle0)->idle && freertos_at(&c, idle1)->idle);
		assert_false(freertos_at(&c, idle1)->current);
		assert_int_equal(t->stack.end,
				 freertos_stack_of(&w, one) + FREERTOS_STACK_SIZE - 4);
	}
}

/* The array of running tasks was cut off: each task still knows its core. */
static void test_cores_by_run_state(void **state)
{
	(void)state;
	FREERTOS_AUTO w;
	DEVICE_CASE c;
	freertos_begin(&w, FREERTOS_SMP | FREERTOS_DWARF);
	uint32_t one = freertos_task(&w, "one", 1);
	freertos_make_ready(&w, one);
	freertos_word(&w, one + w.s.run_state, 1);
	const struct device_capture captured[] = { { 0x20000108, FREERTOS_RAM_SIZE - 0x108 },
						   { 0, 0 } };
	freertos_find(&c, &w, captured, NULL, FL_ARCH_V6M);
	assert_true(freertos_at(&c, one)->current);
	assert_int_equal(freertos_at(&c, one)->core, 1);
	assert_int_equal(freertos_at(&c, one)->state, FL_THREAD_RUNNING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states_by_list),
		cmocka_unit_test(test_without_the_number_of_priorities),
		cmocka_unit_test(test_what_they_wait_for),
		cmocka_unit_test(test_notifications_and_streams),
		cmocka_unit_test(test_types_of_queues),
		cmocka_unit_test(test_names_of_objects),
		cmocka_unit_test(test_before_the_scheduler),
		cmocka_unit_test(test_several_cores),
		cmocka_unit_test(test_cores_by_run_state),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
