/* SPDX-License-Identifier: Apache-2.0 */
/* RTX5, by the offsets of rtx_os.h, spelled out again. */
#include "support/type_writer.h"
#include "threads/kernel_case.h"

enum {
	INFO = CASE_RAM,
	INFO_STATE = INFO + 8,
	INFO_TICK = INFO + 12,
	INFO_CURR = INFO + 20,
	INFO_NEXT = INFO + 24,
	INFO_READY = INFO + 36,
	INFO_IDLE = INFO + 40,
	INFO_DELAY = INFO + 44,
	INFO_WAIT = INFO + 48,
	OBJECT = CASE_RAM + 0x100,
	HANDLE = CASE_RAM + 0x180,
	NAMES = CASE_RAM + 0x1a0,
	BLOCKS = CASE_RAM + 0x200, /* 0x80 apart */
	STACKS = CASE_RAM + 0x800, /* 0x100 apart, that large */
	BLOCK_STEP = 0x80,
	BLOCK_SIZE = 68, /* sizeof(osRtxThread_t) */
	STACK_STEP = 0x100,
	FILL = (int32_t)0xcccccccc,
	MAGIC = (int32_t)0xe25a2ea5,
	FOREVER = -1,
};

enum { RUNNING = 2, READY = 1, BLOCKED = 3, TERMINATED = 4 };

static uint32_t block_of(unsigned i)
{
	return BLOCKS + BLOCK_STEP * i;
}

static uint32_t stack_of(unsigned i)
{
	return STACKS + STACK_STEP * i;
}

static void put_word(struct kernel_case *c, unsigned i, uint32_t off, uint32_t word)
{
	kernel_case_put(c, block_of(i) + off, word);
}

/* Switched out with r4..r11 = 4..11; @p low: of its EXC_RETURN. */
static void put_thread(struct kernel_case *c, unsigned i, const char *name, uint32_t state,
		       int8_t priority, int8_t base, uint8_t low)
{
	bool extended = !(low & 0x10);
	uint32_t frame = stack_of(i) + STACK_STEP - (extended ? 0x68 : 0x20);
	uint32_t sp = frame - 0x20 - (extended ? 0x40 : 0);
	put_word(c, i, 0, 0xf1 | state << 8);
	kernel_case_text(c, NAMES + 16 * i, name);
	put_word(c, i, 4, NAMES + 16 * i);
	put_word(c, i, 32, (uint8_t)priority | (uint32_t)(uint8_t)base << 8 | (uint32_t)low << 16);
	put_word(c, i, 48, stack_of(i));
	put_word(c, i, 52, STACK_STEP);
	put_word(c, i, 56, sp);
	put_word(c, i, 60, CASE_CODE + 0x41);
	kernel_case_fill(c, stack_of(i), sp, (uint32_t)FILL);
	kernel_case_put(c, stack_of(i), (uint32_t)MAGIC);
	for (uint32_t reg = 4; reg <= 11; reg++)
		kernel_case_put(c, frame - 0x20 + 4 * (reg - 4), reg);
	kernel_case_frame(c, frame, CASE_CODE + 0x20, CASE_CODE + 0x31);
}

static void begin(struct kernel_case *c)
{
	kernel_case_begin(c);
	kernel_case_object(c, "osRtxInfo", INFO, 0xa4);
	kernel_case_object(c, "bus_lock", HANDLE, 4);
	kernel_case_put(c, HANDLE, OBJECT);
	kernel_case_put(c, INFO_STATE, RUNNING);
	kernel_case_put(c, INFO_TICK, 815);
}

static void test_lists(void **state)
{
	(void)state;
	KERNEL_CASE c;
	begin(&c);
	put_thread(&c, 0, "ready1", READY, 24, 24, 0xfd);
	put_thread(&c, 1, "ready2", READY, 8, 8, 0xed);
	put_thread(&c, 2, "sleeper", BLOCKED | 0x10, 40, 32, 0xfd);
	put_thread(&c, 3, "waiter", BLOCKED | 0x30, -3, -3, 0xfd);
	put_word(&c, 2, 28, 100);
	put_word(&c, 3, 28, (uint32_t)FOREVER);
	kernel_case_put(&c, INFO_READY, block_of(0));
	put_word(&c, 0, 8, block_of(1));
	kernel_case_put(&c, INFO_DELAY, block_of(2));
	kernel_case_put(&c, INFO_WAIT, block_of(3));
	kernel_case_put(&c, INFO_IDLE, block_of(1)); /* on the list already */
	kernel_case_find(&c, NULL, FL_ARCH_V7EM);
	assert_int_equal(c.threads.count, 4);
	assert_string_equal(c.threads.kernel.name, "RTX5");
	assert_true(c.threads.kernel.running);
	assert_int_equal(c.threads.kernel.tick, 815);
	const struct fl_thread *t = kernel_case_thread(&c, "ready1");
	assert_int_equal(t->state, FL_THREAD_READY);
	assert_int_equal(t->entry_addr, CASE_CODE + 0x40);
	for (int reg = FL_R4; reg <= FL_R11; reg++)
		assert_int_equal(saved(t, (enum fl_register)reg), reg);
	assert_int_equal(saved(t, FL_PC), CASE_CODE + 0x20);
	assert_int_equal(saved(t, FL_SP), stack_of(0) + STACK_STEP);
	assert_int_equal(t->stack.unused, STACK_STEP - 0x40);
	t = kernel_case_thread(&c, "ready2"); /* s16..s31 lie below r4..r11 */
	assert_true(t->idle);
	assert_int_equal(saved(t, FL_R4), 4);
	assert_int_equal(saved(t, FL_SP), stack_of(1) + STACK_STEP);
	t = kernel_case_thread(&c, "sleeper");
	assert_int_equal(t->wait.kind, FL_WAIT_DELAY);
	assert_false(t->wait.forever);
	assert_int_equal(t->priority, 40);
	assert_int_equal(t->base_priority, 32);
	t = kernel_case_thread(&c, "waiter");
	assert_int_equal(t->wait.kind, FL_WAIT_NOTIFICATION);
	assert_true(t->wait.forever);
	assert_int_equal(t->priority, -3);
}

static void test_what_they_wait_for(void **state)
{
	(void)state;
	static const struct {
		uint32_t state;
		enum fl_wait_kind kind;
	} cases[] = {
		{ 0x43, FL_WAIT_EVENT },         { 0x53, FL_WAIT_MUTEX },
		{ 0x63, FL_WAIT_SEMAPHORE },     { 0x73, FL_WAIT_MEMORY },
		{ 0x83, FL_WAIT_QUEUE_RECEIVE }, { 0x93, FL_WAIT_QUEUE_SEND },
		{ 0xf3, FL_WAIT_OBJECT },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		KERNEL_CASE c;
		begin(&c);
		kernel_case_put(&c, OBJECT, 0xf5); /* a mutex */
		kernel_case_put(&c, OBJECT + 12, block_of(2));
		put_thread(&c, 0, "front", cases[i].state, 24, 24, 0xfd);
		put_thread(&c, 1, "behind", cases[i].state, 24, 24, 0xfd);
		put_thread(&c, 2, "holder", READY, 24, 24, 0xfd);
		put_word(&c, 0, 12, OBJECT);
		put_word(&c, 1, 12, block_of(0));
		kernel_case_put(&c, INFO_WAIT, block_of(0));
		put_word(&c, 0, 16, block_of(1));
		kernel_case_put(&c, INFO_READY, block_of(2));
		kernel_case_find(&c, NULL, FL_ARCH_V7M);
		const char *const names[] = { "front", "behind" };
		for (size_t n = 0; n < 2; n++) {
			const struct fl_wait *wait = &kernel_case_thread(&c, names[n])->wait;
			assert_int_equal(wait->kind, cases[i].kind);
			assert_true(wait->has_object);
			assert_int_equal(wait->object, OBJECT);
			assert_string_equal(wait->object_name, "bus_lock");
			assert_int_equal(wait->has_holder, cases[i].kind == FL_WAIT_MUTEX);
			if (wait->has_holder)
				assert_int_equal(wait->holder, block_of(2));
		}
	}
}

static void test_no_such_state(void **state)
{
	(void)state;
	KERNEL_CASE c;
	begin(&c);
	put_thread(&c, 0, "one", 0x77, 24, 24, 0xfd);
	put_thread(&c, 1, "two", 0x78, 24, 24, 0xfd);
	kernel_case_put(&c, INFO_READY, block_of(0));
	put_word(&c, 0, 8, block_of(1));
	kernel_case_find(&c, NULL, FL_ARCH_V7M);
	assert_int_equal(kernel_case_thread(&c, "one")->state, FL_THREAD_UNKNOWN);
	assert_int_equal(kernel_case_thread(&c, "two")->state, FL_THREAD_UNKNOWN);
	assert_int_equal(c.findings.count, 1); /* for both */
	assert_true(kernel_case_found(&c, "one has the state 0x77, which does not exist"));
}

static void test_join(void **state)
{
	(void)state;
	KERNEL_CASE c;
	begin(&c);
	put_thread(&c, 0, "joiner", BLOCKED | 0x20, 24, 24, 0xfd);
	put_thread(&c, 1, "worker", READY, 24, 24, 0xfd);
	put_word(&c, 1, 24, block_of(0));
	kernel_case_put(&c, INFO_WAIT, block_of(0));
	kernel_case_put(&c, INFO_READY, block_of(1));
	kernel_case_find(&c, NULL, FL_ARCH_V7M);
	const struct fl_wait *wait = &kernel_case_thread(&c, "joiner")->wait;
	assert_int_equal(wait->kind, FL_WAIT_JOIN);
	assert_int_equal(wait->object, block_of(1));
	assert_string_equal(wait->object_name, "worker");
}

static void test_inside_secure_code(void **state)
{
	(void)state;
	KERNEL_CASE c;
	begin(&c);
	put_thread(&c, 0, "secure", READY, 24, 24, 0xfc);
	kernel_case_put(&c, INFO_READY, block_of(0));
	kernel_case_find(&c, NULL, FL_ARCH_V8M_MAIN);
	const struct fl_thread *t = kernel_case_thread(&c, "secure");
	assert_int_equal(t->context, FL_CONTEXT_NONE);
	assert_int_equal(t->regs.known, 0);
	assert_string_equal(t->stop_text, "it was inside secure code");
}

/* Nothing is saved of one that ends itself: what lies on its stack is older. */
static void test_ended(void **state)
{
	(void)state;
	KERNEL_CASE c;
	begin(&c);
	put_thread(&c, 0, "done", TERMINATED, 24, 24, 0xfd);
	kernel_case_put(&c, INFO_READY, block_of(0));
	kernel_case_find(&c, NULL, FL_ARCH_V7M);
	const struct fl_thread *t = kernel_case_thread(&c, "done");
	assert_int_equal(t->state, FL_THREAD_TERMINATED);
	assert_int_equal(t->context, FL_CONTEXT_NONE);
	assert_string_equal(t->stop_text, "it has ended");
}

/* As rtx_os.h has it. */
static void put_type(struct kernel_case *c)
{
	static const struct {
		const char *name;
		uint32_t off, size;
	} members[] = {
		{ "id", 0, 1 },
		{ "state", 1, 1 },
		{ "flags", 2, 1 },
		{ "attr", 3, 1 },
		{ "name", 4, 4 },
		{ "thread_next", 8, 4 },
		{ "thread_prev", 12, 4 },
		{ "delay_next", 16, 4 },
		{ "delay_prev", 20, 4 },
		{ "thread_join", 24, 4 },
		{ "delay", 28, 4 },
		{ "priority", 32, 1 },
		{ "priority_base", 33, 1 },
		{ "stack_frame", 34, 1 },
		{ "flags_options", 35, 1 },
		{ "wait_flags", 36, 4 },
		{ "thread_flags", 40, 4 },
		{ "mutex_list", 44, 4 },
		{ "stack_mem", 48, 4 },
		{ "stack_size", 52, 4 },
		{ "sp", 56, 4 },
		{ "thread_addr", 60, 4 },
		{ "tz_memory", 64, 4 },
	};
	struct type_writer t = { 0 };
	types_begin(&t);
	types_structure(&t, "osRtxThread_s", BLOCK_SIZE);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		types_member(&t, members[i].name, members[i].size == 1 ? t.u8 : t.u32,
			     members[i].off);
	types_up(&t);
	types_end(&t, &c->elf);
}

/* One that ended and waits to be joined is on no list of the kernel (osRtxThreadTerminate() of
 * 5.5): the application's own control blocks are looked at. */
static void test_on_no_list(void **state)
{
	(void)state;
	KERNEL_CASE c;
	begin(&c);
	put_type(&c);
	put_thread(&c, 0, "ready", READY, 24, 24, 0xfd);
	put_thread(&c, 1, "joinable", TERMINATED, 24, 24, 0xfd);
	put_thread(&c, 2, "never made", 0, 24, 24, 0xfd);
	put_word(&c, 2, 48, 0); /* no stack was ever given to it */
	put_thread(&c, 3, "no thread", READY, 24, 24, 0xfd);
	put_word(&c, 3, 0, 0xf5 | READY << 8); /* a mutex */
	put_thread(&c, 4, "a buffer", READY, 24, 24, 0xfd);
	put_thread(&c, 5, "on the heap", READY, 24, 24, 0xfd);
	kernel_case_object(&c, "ready_block", block_of(0), BLOCK_SIZE);
	kernel_case_object(&c, "joinable_block", block_of(1), BLOCK_SIZE);
	kernel_case_object(&c, "unused_block", block_of(2), BLOCK_SIZE);
	kernel_case_object(&c, "large_mutex", block_of(3), BLOCK_SIZE);
	kernel_case_object(&c, "buffer", block_of(4), BLOCK_SIZE + 4);
	kernel_case_object(&c, "not_captured", CASE_RAM + 4 * CASE_RAM_WORDS - BLOCK_SIZE,
			   BLOCK_SIZE);
	kernel_case_put(&c, INFO_READY, block_of(0));
	c.captured = CASE_RAM_WORDS - BLOCK_SIZE / 4;
	kernel_case_find(&c, NULL, FL_ARCH_V7M);
	assert_int_equal(c.threads.count, 2);
	assert_int_equal(kernel_case_thread(&c, "ready")->state, FL_THREAD_READY);
	const struct fl_thread *t = kernel_case_thread(&c, "joinable");
	assert_int_equal(t->state, FL_THREAD_TERMINATED);
	assert_int_equal(t->block, block_of(1));
	assert_int_equal(t->context, FL_CONTEXT_NONE);
	assert_int_equal(c.findings.count, 0);
}

static void test_damaged_lists(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		uint32_t word; /* what the second is followed by */
		size_t count;
		const char *finding;
	} cases[] = {
		{ "to itself", BLOCKS + BLOCK_STEP, 2, "ready list goes round" },
		{ "to the first", BLOCKS, 2, "ready list goes round" },
		{ "wild", 0x20000700, 2, "ready list leads to where no thread was captured" },
		{ "nowhere", 0xdeadbeef, 2, "ready list leads to where no thread was captured" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		KERNEL_CASE c;
		begin(&c);
		put_thread(&c, 0, "first", READY, 24, 24, 0xfd);
		put_thread(&c, 1, "second", READY, 24, 24, 0xfd);
		kernel_case_put(&c, INFO_READY, block_of(0));
		put_word(&c, 0, 8, block_of(1));
		put_word(&c, 1, 8, cases[i].word);
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
		put_thread(&c, 0, "first", READY, 24, 24, 0xfd);
		put_thread(&c, 1, "second", READY, 24, 24, 0xfd);
		kernel_case_put(&c, INFO_READY, block_of(0));
		put_word(&c, 0, 8, block_of(1));
		c.captured = words;
		kernel_case_find(&c, NULL, FL_ARCH_V7M);
		uint32_t end = CASE_RAM + 4 * words;
		for (size_t i = 0; i < c.threads.count; i++) {
			const struct fl_thread *t = &c.threads.items[i];
			assert_true(t->block < end);
			bool whole = stack_of(t->block == block_of(1)) + STACK_STEP <= end;
			assert_int_equal(t->context == FL_CONTEXT_SAVED, whole);
		}
		if (end <= block_of(1))
			assert_true(kernel_case_found(&c, "not captured") ||
				    kernel_case_found(&c, "no thread was captured"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_what_they_wait_for),
		cmocka_unit_test(test_no_such_state),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_inside_secure_code),
		cmocka_unit_test(test_ended),
		cmocka_unit_test(test_on_no_list),
		cmocka_unit_test(test_damaged_lists),
		cmocka_unit_test(test_cut_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
