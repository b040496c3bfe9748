/* SPDX-License-Identifier: Apache-2.0 */
/* Which threads there are, and what their k_threads say: three versions, by DWARF and by table. */
#include "threads/zephyr_case.h"

enum {
	MAIN = 0x20001000,
	LOGGER = 0x20001200,
	IDLE = 0x20001400,
	SPARE = 0x20001600, /* in no list */
	STACKS = 0x20002000,
	STACK_SIZE = 0x200,
	QUEUED = 0x80,
	PENDING = 0x02,
	XPSR = 0x01000000,
};

static uint32_t stack_of(unsigned i)
{
	return STACKS + i * STACK_SIZE;
}

/* A thread that was switched out in arch_swap() with 0x40 bytes on its stack. */
static void put_thread(struct zephyr_writer *w, uint32_t at, const char *name, int prio,
		       unsigned state, unsigned stack)
{
	uint32_t sp = stack_of(stack) + STACK_SIZE - 0x40;
	struct zephyr_thread t = {
		.at = at,
		.name = name,
		.prio = prio,
		.state = state,
		.entry = ZEPHYR_WORKER | 1,
		.stack = stack_of(stack),
		.stack_size = STACK_SIZE,
		.sp = sp,
		.callee = { 4, 5, 6, 7, 8, 9, 10, 11 },
	};
	if (w->shape->switch_handle == ZEPHYR_ABSENT) {
		t.sp = sp - 0x20;
		zephyr_frame(w, t.sp, 0xa0, ZEPHYR_WORKER | 0x11, ZEPHYR_SWAP + 8, XPSR);
	} else {
		t.sp = sp - 0x40;
		zephyr_word(w, t.sp, XPSR);
		for (uint32_t i = 0; i < 13; i++)
			zephyr_word(w, t.sp + 4 + 4 * i, i < 4 ? 0xa0 + i : i < 12 ? i : 0xac);
		zephyr_word(w, t.sp + 56, ZEPHYR_WORKER | 0x11);
		zephyr_word(w, t.sp + 60, (ZEPHYR_SWAP + 8) | 1);
	}
	zephyr_thread(w, &t);
}

static void put_three(struct zephyr_writer *w)
{
	zephyr_fill(w, STACKS, 0xaa, 4 * STACK_SIZE);
	put_thread(w, IDLE, "idle", 15, 0, 2);
	put_thread(w, LOGGER, "logger", -3, PENDING, 1);
	put_thread(w, MAIN, "main", 0, QUEUED, 0);
	zephyr_current(w, MAIN);
}

static void check_registers(const struct fl_thread *t, uint32_t sp)
{
	assert_int_equal(t->context, FL_CONTEXT_SAVED);
	assert_int_equal(t->regs.value[FL_PC], ZEPHYR_SWAP + 8);
	assert_int_equal(t->regs.value[FL_LR], ZEPHYR_WORKER | 0x11);
	assert_int_equal(t->regs.value[FL_SP], sp);
	for (enum fl_register r = FL_R0; r <= FL_R12; r++) {
		assert_true(fl_reg_known(&t->regs, r));
		assert_int_equal(t->regs.value[r],
				 r < FL_R4 || r == FL_R12 ? 0xa0 + (uint32_t)r : (uint32_t)r);
	}
}

static void check_three(const struct device_case *c)
{
	const struct fl_thread *logger = zephyr_named(c, "logger");
	const struct fl_thread *main_thread = zephyr_named(c, "main");
	assert_int_equal(c->threads.count, 3);
	assert_string_equal(c->threads.kernel.name, "Zephyr");
	assert_true(c->threads.kernel.has_running && c->threads.kernel.running);
	assert_false(c->threads.kernel.has_thread_count);
	assert_int_equal(logger->block, LOGGER);
	assert_true(logger->has_priority);
	assert_int_equal(logger->priority, -3);
	assert_int_equal(logger->state, FL_THREAD_BLOCKED);
	assert_true(logger->has_entry);
	assert_string_equal(logger->entry, "worker_main");
	assert_int_equal(logger->entry_addr, ZEPHYR_WORKER);
	assert_false(logger->current || logger->crashed || logger->idle || logger->has_core);
	assert_true(main_thread->current && main_thread->crashed);
	assert_int_equal(main_thread->state, FL_THREAD_RUNNING);
	assert_ptr_equal(main_thread, &c->threads.items[0]);
	assert_int_equal(main_thread->context, FL_CONTEXT_BLOCK);
	assert_int_equal(main_thread->regs.value[FL_PC], ZEPHYR_WORKER + 4);
	check_registers(logger, stack_of(1) + STACK_SIZE - 0x40);
	assert_int_equal(zephyr_named(c, "idle")->state, FL_THREAD_READY);
}

static struct fl_registers running(void)
{
	struct fl_registers regs = { 0 };
	fl_reg_set(&regs, FL_PC, ZEPHYR_WORKER + 4);
	fl_reg_set(&regs, FL_LR, ZEPHYR_THREAD_ENTRY | 3);
	fl_reg_set(&regs, FL_SP, stack_of(0) + 0x100);
	fl_reg_set(&regs, FL_PSP, stack_of(0) + 0x100);
	fl_reg_set(&regs, FL_MSP, ZEPHYR_RAM + 0x80);
	fl_reg_set(&regs, FL_XPSR, XPSR);
	return regs;
}

static const struct {
	const struct zephyr_shape *shape;
	unsigned about;
} by[] = {
	{ &zephyr_2_5, ZEPHYR_DWARF },
	{ &zephyr_3_7, ZEPHYR_DWARF },
	{ &zephyr_4_4, ZEPHYR_DWARF },
	{ &zephyr_2_5, ZEPHYR_TABLE },
	{ &zephyr_2_5, ZEPHYR_OLD_TABLE },
	{ &zephyr_3_7, ZEPHYR_TABLE },
	{ &zephyr_3_7, ZEPHYR_TABLE | ZEPHYR_DWARF },
};
enum { WAYS = sizeof(by) / sizeof(by[0]) };

static void test_every_version_by_dwarf_and_by_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < WAYS; i++) {
		ZEPHYR_AUTO w;
		DEVICE_CASE c;
		struct fl_registers regs = running();
		print_message("%s %x\n", by[i].shape->version, by[i].about);
		zephyr_begin(&w, by[i].shape, by[i].about);
		zephyr_object(&w, "z_idle_threads", IDLE, by[i].shape->size);
		put_three(&w);
		zephyr_find(&c, &w, NULL, &regs, FL_ARCH_V7EM);
		check_three(&c);
		assert_true(zephyr_named(&c, "idle")->idle);
		assert_int_equal(c.findings.count, 0);
	}
}

/* What only DWARF knows: stacks, and that a wait has no timeout. */
static void test_stacks(void **state)
{
	(void)state;
	for (size_t i = 0; i < WAYS; i++) {
		ZEPHYR_AUTO w;
		DEVICE_CASE c;
		struct fl_registers regs = running();
		zephyr_begin(&w, by[i].shape, by[i].about);
		put_three(&w);
		zephyr_find(&c, &w, NULL, &regs, FL_ARCH_V7EM);
		const struct fl_thread *t = zephyr_named(&c, "logger");
		bool knows = by[i].about & ZEPHYR_DWARF;
		uint32_t used = w.shape->switch_handle == ZEPHYR_ABSENT ? 0x60 : 0x80;
		assert_int_equal(t->stack.known, knows);
		assert_int_equal(t->wait.forever, knows);
		assert_int_equal(t->stack.used_known, knows);
		if (!knows)
			continue;
		assert_int_equal(t->stack.start, stack_of(1));
		assert_int_equal(t->stack.end, stack_of(1) + STACK_SIZE);
		assert_int_equal(t->stack.used, 0x40);
		assert_true(t->stack.high_water_known);
		assert_int_equal(t->stack.high_water, used);
		assert_int_equal(t->stack.unused, STACK_SIZE - used);
	}
}

static void test_sentinel_and_delta(void **state)
{
	(void)state;
	ZEPHYR_AUTO w;
	DEVICE_CASE c;
	zephyr_begin(&w, &zephyr_3_7, ZEPHYR_DWARF);
	put_three(&w);
	for (unsigned i = 0; i < 3; i++)
		zephyr_word(&w, stack_of(i), 0xf0f0f0f0);
	zephyr_word(&w, LOGGER + zephyr_3_7.stack_info + 8, 0x20);
	zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
	const struct fl_thread *t = zephyr_named(&c, "logger");
	assert_int_equal(t->stack.end, stack_of(1) + STACK_SIZE - 0x20);
	assert_int_equal(t->stack.used, 0x20);
	assert_int_equal(t->stack.unused, STACK_SIZE - 0x60);
	assert_int_equal(t->stack.high_water, 0x40);
}

/* What is left of a stack that was filled to the last byte. */
static void test_used_up(void **state)
{
	(void)state;
	ZEPHYR_AUTO w;
	DEVICE_CASE c;
	zephyr_begin(&w, &zephyr_3_7, ZEPHYR_DWARF);
	put_three(&w);
	zephyr_fill(&w, stack_of(1), 0x11, 0x20);
	zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
	const struct fl_thread *t = zephyr_named(&c, "logger");
	assert_true(t->stack.high_water_known);
	assert_int_equal(t->stack.high_water, STACK_SIZE);
}

/* --- state bits --- */

static void test_states(void **state)
{
	static const struct {
		const char *name;
		const struct zephyr_shape *shape;
		unsigned bits;
		bool timeout;
		uint32_t pc; /* 0: not captured */
		enum fl_thread_state state;
		enum fl_wait_kind wait;
		bool forever;
	} cases[] = {
		{ "queued", &zephyr_3_7, 0x80, false, ZEPHYR_SWAP, FL_THREAD_READY, FL_WAIT_NONE,
		  false },
		{ "queued, about 2018", &zephyr_2_5, 0x40, false, ZEPHYR_SWAP, FL_THREAD_READY,
		  FL_WAIT_NONE, false },
		{ "not queued, not held back", &zephyr_3_7, 0, false, ZEPHYR_SWAP, FL_THREAD_READY,
		  FL_WAIT_NONE, false },
		{ "queued, has not run", &zephyr_3_7, 0x80, false, ZEPHYR_THREAD_ENTRY,
		  FL_THREAD_READY, FL_WAIT_NONE, false },
		{ "pending", &zephyr_3_7, 0x02, false, ZEPHYR_SWAP, FL_THREAD_BLOCKED,
		  FL_WAIT_OBJECT, true },
		{ "pending with a timeout", &zephyr_3_7, 0x02, true, ZEPHYR_SWAP, FL_THREAD_BLOCKED,
		  FL_WAIT_OBJECT, false },
		{ "suspended while pending", &zephyr_3_7, 0x12, false, ZEPHYR_SWAP,
		  FL_THREAD_SUSPENDED, FL_WAIT_OBJECT, true },
		{ "suspended", &zephyr_3_7, 0x10, false, ZEPHYR_SWAP, FL_THREAD_SUSPENDED,
		  FL_WAIT_NONE, false },
		{ "k_sleep() before 4.1", &zephyr_2_5, 0x10, true, ZEPHYR_SWAP, FL_THREAD_BLOCKED,
		  FL_WAIT_DELAY, false },
		{ "k_sleep() since", &zephyr_3_7, 0x04, true, ZEPHYR_SWAP, FL_THREAD_BLOCKED,
		  FL_WAIT_DELAY, false },
		{ "not started", &zephyr_2_5, 0x04, false, ZEPHYR_THREAD_ENTRY, FL_THREAD_INACTIVE,
		  FL_WAIT_NONE, false },
		{ "to be started later", &zephyr_2_5, 0x04, true, ZEPHYR_THREAD_ENTRY,
		  FL_THREAD_INACTIVE, FL_WAIT_DELAY, false },
		{ "not started, stack not captured", &zephyr_2_5, 0x04, false, 0,
		  FL_THREAD_INACTIVE, FL_WAIT_NONE, false },
		{ "sleeping, stack not captured", &zephyr_3_7, 0x04, true, 0, FL_THREAD_BLOCKED,
		  FL_WAIT_DELAY, false },
		{ "dead", &zephyr_3_7, 0x08, false, ZEPHYR_SWAP, FL_THREAD_TERMINATED, FL_WAIT_NONE,
		  false },
		{ "aborting", &zephyr_3_7, 0x20, false, ZEPHYR_SWAP, FL_THREAD_TERMINATED,
		  FL_WAIT_NONE, false },
		{ "dead while pending", &zephyr_3_7, 0x0a, false, ZEPHYR_SWAP, FL_THREAD_TERMINATED,
		  FL_WAIT_NONE, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ZEPHYR_AUTO w;
		DEVICE_CASE c;
		zephyr_begin(&w, cases[i].shape, ZEPHYR_DWARF);
		uint32_t sp = cases[i].pc ? stack_of(0) + 0x100 : ZEPHYR_RAM + ZEPHYR_RAM_SIZE;
		if (cases[i].pc)
			zephyr_frame(&w, sp, ZEPHYR_WORKER | 1, 0xffffffff, cases[i].pc, XPSR);
		zephyr_thread(&w, &(struct zephyr_thread){ .at = LOGGER,
							   .name = "it",
							   .state = cases[i].bits,
							   .timeout = cases[i].timeout,
							   .stack = stack_of(0),
							   .stack_size = STACK_SIZE,
							   .sp = sp });
		zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
		const struct fl_thread *t = zephyr_named(&c, "it");
		if (t->state != cases[i].state || t->wait.kind != cases[i].wait ||
		    t->wait.forever != cases[i].forever)
			fail_msg("%s: %d, waits for %d", cases[i].name, t->state, t->wait.kind);
		assert_int_equal(t->context == FL_CONTEXT_SAVED,
				 cases[i].pc && !(cases[i].bits & 0x08));
		assert_int_equal(*t->stop_text != '\0', t->context == FL_CONTEXT_NONE);
	}
}

/* --- where threads are found --- */

/* The kernel keeps no list: the SDK's, the running one, those every Zephyr has. */
static void put_loose(struct zephyr_writer *w)
{
	put_thread(w, IDLE, "idle", 15, 0, 2);
	put_thread(w, LOGGER, "logger", -3, PENDING, 1);
	put_thread(w, MAIN, "main", 0, QUEUED, 0);
	put_thread(w, SPARE, "spare", 1, QUEUED, 3);
	zephyr_word(w, ZEPHYR_KERNEL + w->shape->threads, 0);
	zephyr_current(w, SPARE);
}

static void test_registry(void **state)
{
	(void)state;
	ZEPHYR_AUTO w;
	DEVICE_CASE c;
	const uint32_t list = ZEPHYR_RAM + 0x400;
	const uint32_t marks = ZEPHYR_RAM + 0x500;
	zephyr_begin(&w, &zephyr_3_7, ZEPHYR_DWARF);
	zephyr_object(&w, "s_task_tcbs", list, 32 * 4);
	zephyr_object(&w, "s_memfault_task_watermarks_v2", marks, 32 * 4);
	put_loose(&w);
	zephyr_word(&w, list + 4, LOGGER);
	zephyr_word(&w, list + 8, LOGGER);      /* twice: once */
	zephyr_word(&w, list + 12, 0x00001100); /* code */
	zephyr_word(&w, list + 16, 0x20008000); /* not captured: a thread nevertheless */
	zephyr_word(&w, list + 20, LOGGER + 1); /* no address of one */
	zephyr_word(&w, list + 31 * 4, MAIN);
	zephyr_word(&w, list + 32 * 4, IDLE); /* behind the end */
	zephyr_word(&w, marks + 4, 0x30);
	zephyr_word(&w, marks + 31 * 4, 0xffffffff);
	zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
	assert_int_equal(c.threads.count, 4);
	assert_int_equal(zephyr_named(&c, "logger")->stack.unused, 0x30);
	assert_int_equal(zephyr_named(&c, "logger")->stack.high_water, STACK_SIZE - 0x30);
	assert_true(zephyr_named(&c, "main")->stack.unused_known);
	assert_int_equal(zephyr_named(&c, "main")->stack.unused, 0);
	assert_false(zephyr_named(&c, "spare")->stack.unused_known);
	assert_true(zephyr_named(&c, "spare")->current);
	for (size_t i = 0; i < c.threads.count; i++)
		if (c.threads.items[i].block == 0x20008000) {
			assert_null(c.threads.items[i].name);
			assert_int_equal(c.threads.items[i].context, FL_CONTEXT_NONE);
			assert_non_null(strstr(c.threads.items[i].stop_text, "not captured"));
		}
}

static void test_well_known(void **state)
{
	(void)state;
	ZEPHYR_AUTO w;
	DEVICE_CASE c;
	zephyr_begin(&w, &zephyr_3_7, ZEPHYR_DWARF);
	put_loose(&w);
	zephyr_object(&w, "z_main_thread", MAIN, zephyr_3_7.size);
	zephyr_object(&w, "z_idle_threads", IDLE, zephyr_3_7.size);
	zephyr_word(&w, ZEPHYR_KERNEL + zephyr_3_7.ready_cache, LOGGER);
	zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
	assert_int_equal(c.threads.count, 4);
	assert_true(zephyr_named(&c, "idle")->idle);
	assert_false(zephyr_named(&c, "main")->idle);
}

static void test_idle_by_its_cpu(void **state)
{
	(void)state;
	ZEPHYR_AUTO w;
	DEVICE_CASE c;
	zephyr_begin(&w, &zephyr_3_7, ZEPHYR_DWARF);
	put_three(&w);
	zephyr_word(&w, ZEPHYR_KERNEL + zephyr_3_7.idle_thread, LOGGER);
	zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
	assert_true(zephyr_named(&c, "logger")->idle);
	assert_false(zephyr_named(&c, "idle")->idle);
}

/* Without names in the k_threads their variables' names have to do. */
static void test_names_by_symbol(void **state)
{
	(void)state;
	ZEPHYR_AUTO w;
	DEVICE_CASE c;
	zephyr_begin(&w, &zephyr_3_7, ZEPHYR_DWARF);
	put_thread(&w, LOGGER, "", 0, QUEUED, 0);
	put_thread(&w, MAIN, "", 0, QUEUED, 1);
	put_thread(&w, SPARE, "", 0, QUEUED, 2);
	zephyr_object(&w, "_k_thread_obj_logger", LOGGER, zephyr_3_7.size);
	zephyr_object(&w, "pool", MAIN - 0x10, zephyr_3_7.size + 0x10);
	zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
	assert_int_equal(zephyr_named(&c, "logger")->block, LOGGER);
	assert_int_equal(zephyr_named(&c, "pool+0x10")->block, MAIN);
	for (size_t i = 0; i < c.threads.count; i++)
		if (c.threads.items[i].block == SPARE)
			assert_null(c.threads.items[i].name);
}

/* z_cstart() runs on a dummy until it switches to main. */
static void test_before_threads(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		ZEPHYR_AUTO w;
		DEVICE_CASE c;
		struct fl_registers regs = running();
		bool dummy = i & 1;
		fl_reg_set(&regs, FL_SP, ZEPHYR_RAM + 0x40);
		fl_reg_set(&regs, FL_MSP, ZEPHYR_RAM + 0x40);
		fl_reg_set(&regs, FL_PSP, 0);
		zephyr_begin(&w, &zephyr_3_7, i & 2 ? ZEPHYR_DWARF : ZEPHYR_TABLE);
		put_three(&w);
		zephyr_byte(&w, SPARE + zephyr_3_7.state, 0x01);
		zephyr_current(&w, dummy ? SPARE : 0);
		zephyr_find(&c, &w, NULL, &regs, FL_ARCH_V7M);
		assert_true(c.threads.kernel.has_running);
		assert_false(c.threads.kernel.running);
		assert_int_equal(c.threads.count, 4);
		assert_null(c.threads.items[0].name);
		assert_true(c.threads.items[0].crashed);
		assert_false(c.threads.items[0].has_block);
		assert_int_equal(c.findings.count, 0);
	}
}

static void test_neither_dwarf_nor_table(void **state)
{
	(void)state;
	ZEPHYR_AUTO w;
	DEVICE_CASE c;
	struct fl_registers regs = running();
	zephyr_begin(&w, &zephyr_3_7, 0);
	put_three(&w);
	zephyr_find(&c, &w, NULL, &regs, FL_ARCH_V7M);
	assert_int_equal(device_findings(&c, "_kernel_thread_info_offsets"), 1);
	assert_int_equal(c.threads.count, 1);
	assert_true(c.threads.items[0].crashed);
	assert_int_equal(c.threads.items[0].regs.value[FL_PC], ZEPHYR_WORKER + 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_version_by_dwarf_and_by_table),
		cmocka_unit_test(test_stacks),
		cmocka_unit_test(test_sentinel_and_delta),
		cmocka_unit_test(test_used_up),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_registry),
		cmocka_unit_test(test_well_known),
		cmocka_unit_test(test_idle_by_its_cpu),
		cmocka_unit_test(test_names_by_symbol),
		cmocka_unit_test(test_before_threads),
		cmocka_unit_test(test_neither_dwarf_nor_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
