/* SPDX-License-Identifier: Apache-2.0 */
/* ThreadX, by the offsets that tx_api.h gives without extensions, spelled out again. */
#include "threads/kernel_case.h"

enum {
	CREATED = CASE_RAM,
	CURRENT = CASE_RAM + 4,
	COUNT = CASE_RAM + 8,
	SYSTEM_STATE = CASE_RAM + 12,
	CLOCK = CASE_RAM + 16,
	REGISTRY = CASE_RAM + 0x20, /* two entries */
	MUTEX = CASE_RAM + 0x80,
	QUEUE = CASE_RAM + 0xc0,
	NAMES = CASE_RAM + 0x100,
	BLOCKS = CASE_RAM + 0x200, /* 0x100 apart */
	STACKS = CASE_RAM + 0x800, /* 0x100 apart, that large */
	STEP = 0x100,
	THRD = 0x54485244,
	FILL = (int32_t)0xefefefef,
};

enum {
	READY,
	COMPLETED,
	TERMINATED,
	SUSPENDED,
	SLEEP,
	QUEUE_WAIT,
	SEMAPHORE_WAIT,
	MUTEX_WAIT = 13
};

static uint32_t block_of(unsigned i)
{
	return BLOCKS + STEP * i;
}

static uint32_t stack_of(unsigned i)
{
	return STACKS + STEP * i;
}

static void put_word(struct kernel_case *c, unsigned i, uint32_t off, uint32_t word)
{
	kernel_case_put(c, block_of(i) + off, word);
}

/* Switched out with r4..r11 = 4..11. */
static void
put_thread(struct kernel_case *c, unsigned i, const char *name, uint32_t priority, uint32_t state)
{
	uint32_t sp = stack_of(i) + STEP - 0x20 - 0x20 - 4;
	put_word(c, i, 0, THRD);
	put_word(c, i, 4, 1);
	put_word(c, i, 8, sp);
	put_word(c, i, 12, stack_of(i));
	put_word(c, i, 16, stack_of(i) + STEP - 1);
	put_word(c, i, 20, STEP);
	kernel_case_text(c, NAMES + 16 * i, name);
	put_word(c, i, 40, NAMES + 16 * i);
	put_word(c, i, 44, priority);
	put_word(c, i, 48, state);
	put_word(c, i, 68, CASE_CODE + 0x41);
	put_word(c, i, 76, UINT32_MAX);
	kernel_case_fill(c, stack_of(i), sp, (uint32_t)FILL);
	kernel_case_put(c, sp, 0xfffffffd);
	for (uint32_t reg = 4; reg <= 11; reg++)
		kernel_case_put(c, sp + 4 * (reg - 3), reg);
	kernel_case_frame(c, sp + 0x24, CASE_CODE + 0x20, CASE_CODE + 0x31);
}

static void link_threads(struct kernel_case *c, unsigned count)
{
	kernel_case_put(c, CREATED, block_of(0));
	kernel_case_put(c, COUNT, count);
	for (unsigned i = 0; i < count; i++)
		put_word(c, i, 136, block_of((i + 1) % count));
}

static void begin(struct kernel_case *c)
{
	kernel_case_begin(c);
	kernel_case_object(c, "_tx_thread_created_ptr", CREATED, 4);
	kernel_case_object(c, "_tx_thread_current_ptr", CURRENT, 4);
	kernel_case_object(c, "_tx_thread_created_count", COUNT, 4);
	kernel_case_object(c, "_tx_thread_system_state", SYSTEM_STATE, 4);
	kernel_case_object(c, "_tx_timer_system_clock", CLOCK, 4);
	kernel_case_object(c, "s_mflt_threadx_stack_info", REGISTRY, 16);
	kernel_case_object(c, "bus_lock", MUTEX, 0x34);
	kernel_case_put(c, CLOCK, 4711);
}

static void test_threads_and_their_contexts(void **state)
{
	(void)state;
	KERNEL_CASE c;
	begin(&c);
	put_thread(&c, 0, "first", 3, SLEEP);
	put_thread(&c, 1, "second", 7, READY);
	link_threads(&c, 2);
	kernel_case_find(&c, NULL, FL_ARCH_V7EM);
	assert_int_equal(c.threads.count, 2);
	assert_string_equal(c.threads.kernel.name, "ThreadX");
	assert_true(c.threads.kernel.running);
	assert_int_equal(c.threads.kernel.tick, 4711);
	assert_int_equal(c.threads.kernel.thread_count, 2);
	const struct fl_thread *t = kernel_case_thread(&c, "first");
	assert_int_equal(t->state, FL_THREAD_BLOCKED);
	assert_int_equal(t->wait.kind, FL_WAIT_DELAY);
	assert_int_equal(t->priority, 3);
	assert_int_equal(t->entry_addr, CASE_CODE + 0x40);
	assert_int_equal(t->context, FL_CONTEXT_SAVED);
	for (int reg = FL_R4; reg <= FL_R11; reg++)
		assert_int_equal(saved(t, (enum fl_register)reg), reg);
	assert_int_equal(saved(t, FL_PC), CASE_CODE + 0x20);
	assert_int_equal(saved(t, FL_SP), stack_of(0) + STEP);
	assert_int_equal(t->stack.end, stack_of(0) + STEP);
	assert_int_equal(t->stack.unused, STEP - 0x44);
	assert_int_equal(t->stack.high_water, 0x44);
	assert_int_equal(kernel_case_thread(&c, "second")->state, FL_THREAD_READY);
}

/* The kernel is in the other part of a split firmware; what this part says of it is out of date. */
static void test_kernel_in_an_embedded_elf(void **state)
{
	(void)state;
	ELF_AUTO host = { 0 };
	elf_code(&host, ".text", 0x9000, 0x40);
	elf_symbol(&host, "_tx_thread_created_ptr", CASE_RAM + 0x1000, 4, ELF_OBJECT, ELF_ABS);
	KERNEL_CASE c;
	begin(&c);
	c.host = &host;
	put_thread(&c, 0, "first", 3, SLEEP);
	link_threads(&c, 1);
	kernel_case_find(&c, NULL, FL_ARCH_V7EM);
	assert_int_equal(c.view.count, 2);
	assert_int_equal(c.threads.count, 1);
	assert_int_equal(kernel_case_thread(&c, "first")->context, FL_CONTEXT_SAVED);
}

/* Cores without wide instructions: r8..r11 below r4..r7. */
static void test_narrow_ports(void **state)
{
	(void)state;
	static const enum fl_arch archs[] = { FL_ARCH_V6M, FL_ARCH_V8M_BASE };
	for (size_t i = 0; i < sizeof(archs) / sizeof(archs[0]); i++) {
		KERNEL_CASE c;
		begin(&c);
		put_thread(&c, 0, "first", 3, READY);
		uint32_t sp = stack_of(0) + STEP - 0x44;
		for (uint32_t reg = 4; reg <= 7; reg++) {
			kernel_case_put(&c, sp + 4 + 16 + 4 * (reg - 4), reg);
			kernel_case_put(&c, sp + 4 + 4 * (reg - 4), reg + 4);
		}
		link_threads(&c, 1);
		kernel_case_find(&c, NULL, archs[i]);
		const struct fl_thread *t = kernel_case_thread(&c, "first");
		for (int reg = FL_R4; reg <= FL_R11; reg++)
			assert_int_equal(saved(t, (enum fl_register)reg), reg);
	}
}

/* EXC_RETURN, s16..s31, r4..r11, a frame with FP space. */
static void test_floating_point(void **state)
{
	(void)state;
	KERNEL_CASE c;
	begin(&c);
	put_thread(&c, 0, "fp", 3, READY);
	uint32_t sp = stack_of(0) + STEP - 0x68 - 0x20 - 0x40 - 4;
	put_word(&c, 0, 8, sp);
	kernel_case_put(&c, sp, 0xffffffed);
	for (uint32_t reg = 4; reg <= 11; reg++)
		kernel_case_put(&c, sp + 4 + 0x40 + 4 * (reg - 4), 10 * reg);
	kernel_case_frame(&c, sp + 4 + 0x40 + 0x20, CASE_CODE + 0x50, CASE_CODE + 0x31);
	link_threads(&c, 1);
	kernel_case_find(&c, NULL, FL_ARCH_V7EM);
	const struct fl_thread *t = kernel_case_thread(&c, "fp");
	assert_int_equal(saved(t, FL_R7), 70);
	assert_int_equal(saved(t, FL_PC), CASE_CODE + 0x50);
	assert_int_equal(saved(t, FL_SP), stack_of(0) + STEP);
}

static void test_states_and_waits(void **state)
{
	(void)state;
	static const struct {
		uint32_t state, object, enqueued;
		enum fl_thread_state expected;
		enum fl_wait_kind wait;
		const char *name;
	} cases[] = {
		{ COMPLETED, 0, 0, FL_THREAD_TERMINATED, FL_WAIT_NONE, NULL },
		{ TERMINATED, 0, 0, FL_THREAD_TERMINATED, FL_WAIT_NONE, NULL },
		{ SUSPENDED, 0, 0, FL_THREAD_SUSPENDED, FL_WAIT_NONE, NULL },
		{ QUEUE_WAIT, QUEUE, 0, FL_THREAD_BLOCKED, FL_WAIT_QUEUE_RECEIVE, "orders" },
		{ QUEUE_WAIT, QUEUE, 2, FL_THREAD_BLOCKED, FL_WAIT_QUEUE_SEND, "orders" },
		{ MUTEX_WAIT, MUTEX, 0, FL_THREAD_BLOCKED, FL_WAIT_MUTEX, "bus_lock" },
		{ 99, 0, 0, FL_THREAD_UNKNOWN, FL_WAIT_NONE, NULL }, /* and a finding */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		KERNEL_CASE c;
		begin(&c);
		put_thread(&c, 0, "first", 3, cases[i].state);
		put_thread(&c, 1, "holder", 5, READY);
		put_word(&c, 0, 108, cases[i].object);
		kernel_case_text(&c, NAMES + 0x80, "orders");
		kernel_case_put(&c, QUEUE + 4, NAMES + 0x80);
		kernel_case_put(&c, QUEUE + 16, cases[i].enqueued);
		kernel_case_put(&c, MUTEX + 12, block_of(1));
		link_threads(&c, 2);
		kernel_case_find(&c, NULL, FL_ARCH_V7M);
		const struct fl_thread *t = kernel_case_thread(&c, "first");
		assert_int_equal(t->state, cases[i].expected);
		assert_int_equal(kernel_case_found(&c, "first has the state 0x63, which"),
				 cases[i].state == 99);
		assert_int_equal(t->wait.kind, cases[i].wait);
		assert_int_equal(t->wait.has_object, cases[i].object != 0);
		assert_int_equal(t->wait.forever, cases[i].object != 0);
		if (cases[i].name)
			assert_string_equal(t->wait.object_name, cases[i].name);
		assert_int_equal(t->wait.has_holder, cases[i].wait == FL_WAIT_MUTEX);
		if (t->wait.has_holder)
			assert_int_equal(t->wait.holder, block_of(1));
	}
}

static void test_not_started(void **state)
{
	(void)state;
	KERNEL_CASE c;
	begin(&c);
	put_thread(&c, 0, "first", 3, SUSPENDED);
	put_word(&c, 0, 4, 0); /* never ran */
	link_threads(&c, 1);
	kernel_case_put(&c, SYSTEM_STATE, 0xf0f0f0f0);
	kernel_case_find(&c, NULL, FL_ARCH_V7M);
	assert_int_equal(kernel_case_thread(&c, "first")->state, FL_THREAD_INACTIVE);
	assert_true(c.threads.kernel.has_running);
	assert_false(c.threads.kernel.running);
}

static struct fl_registers block(uint32_t ipsr, uint32_t psp)
{
	struct fl_registers regs = { 0 };
	fl_reg_set(&regs, FL_PC, CASE_CODE + 0x60);
	fl_reg_set(&regs, FL_LR, 0xfffffffd);
	fl_reg_set(&regs, FL_XPSR, 0x01000000 | ipsr);
	fl_reg_set(&regs, FL_SP, ipsr ? 0x20008000 : psp);
	fl_reg_set(&regs, FL_MSP, 0x20008000);
	fl_reg_set(&regs, FL_PSP, psp);
	return regs;
}

static void test_running_and_idle(void **state)
{
	(void)state;
	static const struct {
		bool current;
		uint32_t ipsr;
	} cases[] = { { true, 0 }, { true, 15 }, { false, 15 }, { false, 14 } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		KERNEL_CASE c;
		begin(&c);
		put_thread(&c, 0, "first", 3, SLEEP);
		put_thread(&c, 1, "second", 7, READY);
		link_threads(&c, 2);
		kernel_case_put(&c, CURRENT, cases[i].current ? block_of(1) : 0);
		struct fl_registers regs = block(cases[i].ipsr, stack_of(1) + STEP - 0x40);
		kernel_case_find(&c, &regs, FL_ARCH_V7M);
		const struct fl_thread *t = kernel_case_thread(&c, "second");
		const struct fl_thread *crashed = &c.threads.items[0];
		assert_true(crashed->crashed);
		assert_int_equal(crashed == t, cases[i].current);
		assert_int_equal(t->state, cases[i].current ? FL_THREAD_RUNNING : FL_THREAD_READY);
		assert_int_equal(c.threads.count, cases[i].current ? 2 : 3);
		/* Idle, it is nobody's, although psp is still in the stack of one. */
		if (!cases[i].current)
			assert_null(crashed->name);
	}
}

static void test_the_sdk_knows_how_much_was_unused(void **state)
{
	(void)state;
	KERNEL_CASE c;
	begin(&c);
	put_thread(&c, 0, "first", 3, SLEEP);
	put_thread(&c, 1, "second", 7, READY); /* on no list */
	kernel_case_fill(&c, stack_of(0), stack_of(0) + 0x40, 0);
	kernel_case_fill(&c, stack_of(1), stack_of(1) + 0x40, 0);
	link_threads(&c, 1);
	kernel_case_put(&c, REGISTRY, block_of(1));
	kernel_case_put(&c, REGISTRY + 4, UINT32_MAX);
	kernel_case_put(&c, REGISTRY + 8, block_of(0));
	kernel_case_put(&c, REGISTRY + 12, 36);
	kernel_case_find(&c, NULL, FL_ARCH_V7M);
	assert_int_equal(c.threads.count, 2);
	assert_int_equal(kernel_case_thread(&c, "first")->stack.unused, 36);
	assert_int_equal(kernel_case_thread(&c, "second")->stack.unused, 0);
	assert_int_equal(kernel_case_thread(&c, "second")->stack.high_water, STEP);
}

static void test_damaged_lists(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		uint32_t off, word; /* of the second of three */
		size_t count;
		const char *finding;
	} cases[] = {
		{ "round without its beginning", 136, BLOCKS + STEP, 2, "goes round" },
		{ "wild", 136, 0x20001234, 2, "no thread was captured" },
		{ "unaligned, not captured", 136, 0xdeadbeef, 2, "no thread was captured" },
		{ "ended", 136, 0, 2, "goes round" },
		{ "no thread", 0, 0, 1, "no thread was captured" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		KERNEL_CASE c;
		begin(&c);
		put_thread(&c, 0, "first", 3, SLEEP);
		put_thread(&c, 1, "second", 7, READY);
		put_thread(&c, 2, "third", 7, READY);
		link_threads(&c, 3);
		put_word(&c, 1, cases[i].off, cases[i].word);
		kernel_case_find(&c, NULL, FL_ARCH_V7M);
		if (c.threads.count != cases[i].count || !kernel_case_found(&c, cases[i].finding))
			fail_msg("%s: %zu threads", cases[i].what, c.threads.count);
	}
}

static void test_cut_anywhere(void **state)
{
	(void)state;
	for (uint32_t words = 1; words < CASE_RAM_WORDS; words += 7) {
		KERNEL_CASE c;
		begin(&c);
		put_thread(&c, 0, "first", 3, SLEEP);
		put_thread(&c, 1, "second", 7, READY);
		link_threads(&c, 2);
		c.captured = words;
		kernel_case_find(&c, NULL, FL_ARCH_V7M);
		uint32_t end = CASE_RAM + 4 * words;
		for (size_t i = 0; i < c.threads.count; i++) {
			const struct fl_thread *t = &c.threads.items[i];
			assert_true(t->block < end);
			bool whole = stack_of(t->block == block_of(1)) + STEP <= end;
			assert_int_equal(t->context == FL_CONTEXT_SAVED, whole);
			assert_int_equal(t->stop_text[0] == '\0', whole);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads_and_their_contexts),
		cmocka_unit_test(test_kernel_in_an_embedded_elf),
		cmocka_unit_test(test_narrow_ports),
		cmocka_unit_test(test_floating_point),
		cmocka_unit_test(test_states_and_waits),
		cmocka_unit_test(test_not_started),
		cmocka_unit_test(test_running_and_idle),
		cmocka_unit_test(test_the_sdk_knows_how_much_was_unused),
		cmocka_unit_test(test_damaged_lists),
		cmocka_unit_test(test_cut_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
