/* SPDX-License-Identifier: Apache-2.0 */
/* Whose the register blocks are. Threads as a kernel's file would have listed them. */
#include "support/cmocka.h"
#include "support/target_memory.h"
#include "threads/running.h"

#include <stdio.h>
#include <string.h>

enum {
	A_STACK = 0x20001000,
	B_STACK = 0x20002000,
	STACK_SIZE = 0x400,
	MSP = 0x20008000,
	THUMB = 1 << 24,
	PENDSV = 14,
	SYSTICK = 15,
	SHCSR_PENDSVACT = 1 << 10,
	SHCSR_SYSTICKACT = 1 << 11,
};

struct scene {
	struct fl_arena arena;
	struct fl_findings findings;
	struct target_memory memory;
	struct fl_symbol_view symbols;
	struct fl_registers contexts[3];
	struct fl_threads_input in;
	struct fl_threads threads;
	struct fl_kernel_scan scan;
};

static void scene_free(struct scene *s)
{
	target_memory_free(&s->memory);
	fl_arena_deinit(&s->arena);
}

#define SCENE __attribute__((__cleanup__(scene_free))) struct scene

static void begin(struct scene *s)
{
	*s = (struct scene){ 0 };
	s->findings.arena = &s->arena;
	s->threads.items = fl_arena_array(&s->arena, FL_LIMIT_THREADS + FL_LIMIT_CONTEXTS,
					  sizeof(*s->threads.items));
	assert_non_null(s->threads.items);
	s->threads.kernel.name = "test";
	s->in = (struct fl_threads_input){ .memory = &s->memory.view,
					   .symbols = &s->symbols,
					   .contexts = s->contexts };
	s->scan = (struct fl_kernel_scan){
		.in = &s->in, .arena = &s->arena, .findings = &s->findings, .out = &s->threads
	};
}

/* A thread with registers that the kernel saved: a basic frame at @p psp. */
static struct fl_thread *
thread(struct scene *s, const char *name, uint32_t stack, uint32_t psp, enum fl_thread_state state)
{
	struct fl_thread *t = fl_scan_add(&s->scan, 0x20000000 + stack / 16);
	assert_non_null(t);
	t->name = name;
	t->state = state;
	t->current = state == FL_THREAD_RUNNING;
	if (stack)
		fl_thread_set_stack(t, stack, stack + STACK_SIZE);
	fl_reg_set(&t->regs, FL_PC, 0x08000100);
	fl_reg_set(&t->regs, FL_SP, psp + 0x20);
	fl_reg_set(&t->regs, FL_XPSR, THUMB);
	t->context = FL_CONTEXT_SAVED;
	return t;
}

static void block(struct scene *s, uint32_t exception, uint32_t sp, uint32_t msp, uint32_t psp)
{
	struct fl_registers *regs = &s->contexts[s->in.context_count++];
	fl_reg_set(regs, FL_PC, 0x08000200);
	fl_reg_set(regs, FL_XPSR, THUMB | exception);
	fl_reg_set(regs, FL_SP, sp);
	fl_reg_set(regs, FL_MSP, msp);
	fl_reg_set(regs, FL_PSP, psp);
}

static void hand_out(struct scene *s)
{
	fl_threads_hand_out(&s->scan);
}

static const char *first(const struct scene *s)
{
	return s->threads.items[0].name;
}

/* "a running, b ready": in their order; * is the crashed one, + another with a block. */
static void expect(const struct scene *s, const char *wanted)
{
	char text[256] = "";
	for (size_t i = 0; i < s->threads.count; i++) {
		const struct fl_thread *t = &s->threads.items[i];
		const char *state = fl_thread_state_name(t->state);
		size_t length = strlen(text);
		snprintf(text + length, sizeof(text) - length, "%s%s%s %s%s", i ? ", " : "",
			 t->crashed                       ? "*"
			 : t->context == FL_CONTEXT_BLOCK ? "+"
			 : t->context == FL_CONTEXT_NONE  ? "!"
							  : "",
			 t->name ? t->name : "-", state ? state : "?", t->current ? "" : "'");
	}
	assert_string_equal(text, wanted);
}

static void test_the_running_thread(void **state)
{
	static const struct {
		const char *name;
		uint32_t exception, sp, msp, psp;
	} cases[] = {
		{ "in a thread", 0, A_STACK + 0x100, MSP, A_STACK + 0x100 },
		{ "in a handler", SYSTICK, MSP - 0x40, MSP - 0x40, A_STACK + 0x100 },
		{ "in its stack, overflowed", 0, A_STACK - 0x20, MSP, A_STACK - 0x20 },
		{ "in nobody's stack", SYSTICK, MSP, MSP, 0x20007000 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SCENE s;
		begin(&s);
		thread(&s, "b", B_STACK, B_STACK + 0x200, FL_THREAD_BLOCKED);
		thread(&s, "a", A_STACK, A_STACK + 0x300, FL_THREAD_RUNNING);
		block(&s, cases[i].exception, cases[i].sp, cases[i].msp, cases[i].psp);
		hand_out(&s);
		expect(&s, "*a running, b blocked'");
		assert_int_equal(s.threads.items[0].regs.value[FL_PC], 0x08000200);
		assert_false(s.threads.items[0].has_core);
		assert_int_equal(s.findings.count, 0);
	}
}

static void test_used_bytes_of_the_running_thread(void **state)
{
	SCENE s;
	(void)state;
	begin(&s);
	thread(&s, "a", A_STACK, A_STACK + 0x300, FL_THREAD_RUNNING);
	block(&s, SYSTICK, MSP - 0x40, MSP - 0x40, A_STACK + 0x100);
	hand_out(&s);
	assert_int_equal(s.threads.items[0].stack.used, STACK_SIZE - 0x100);
}

/* The kernel names b already, and PSP is still where a's registers were saved. */
static void switching(struct scene *s, uint32_t exception, uint32_t psp, bool bounds)
{
	begin(s);
	thread(s, "a", bounds ? A_STACK : 0, A_STACK + 0x180, FL_THREAD_BLOCKED);
	thread(s, "b", B_STACK, B_STACK + 0x200, FL_THREAD_RUNNING);
	block(s, exception, MSP - 0x40, MSP - 0x40, psp);
}

static void test_in_the_context_switch(void **state)
{
	(void)state;
	SCENE saved; /* known by the frame alone */
	switching(&saved, PENDSV, A_STACK + 0x180, false);
	hand_out(&saved);
	expect(&saved, "*a blocked, b ready'");
	assert_int_equal(saved.findings.count, 1);
	assert_non_null(strstr(saved.findings.items[0].text, "from a to b"));
	assert_int_equal(saved.threads.items[1].regs.value[FL_PC], 0x08000100);
	SCENE nested; /* by an interrupt of the switch; the core goes with the thread */
	switching(&nested, SYSTICK, A_STACK + 0x180, false);
	nested.threads.items[1].has_core = true;
	hand_out(&nested);
	expect(&nested, "*a blocked, b ready'");
	assert_true(nested.threads.items[0].has_core);
	assert_false(nested.threads.items[1].has_core);
	SCENE early; /* not saved yet: known by the stack */
	switching(&early, PENDSV, A_STACK + 0x100, true);
	hand_out(&early);
	expect(&early, "*a blocked, b ready'");
	SCENE done; /* PSP has moved to b's */
	switching(&done, PENDSV, B_STACK + 0x200, true);
	hand_out(&done);
	expect(&done, "*b running, a blocked'");
}

/* By bounds alone only where a switch may be going on, and not where an overflow explains it. */
static void test_not_in_the_context_switch(void **state)
{
	(void)state;
	SCENE tick; /* SHCSR says that PendSV is not active */
	switching(&tick, SYSTICK, A_STACK + 0x100, true);
	TARGET_WORDS(&tick.memory, 0xe000ed24, SHCSR_SYSTICKACT);
	hand_out(&tick);
	expect(&tick, "*b running, a blocked'");
	SCENE pending;
	switching(&pending, SYSTICK, A_STACK + 0x100, true);
	TARGET_WORDS(&pending.memory, 0xe000ed24, SHCSR_SYSTICKACT | SHCSR_PENDSVACT);
	hand_out(&pending);
	expect(&pending, "*a blocked, b ready'");
	SCENE damaged; /* a's bounds, which reach into b's stack */
	switching(&damaged, PENDSV, B_STACK + 0x100, true);
	fl_thread_set_stack(&damaged.threads.items[0], A_STACK, B_STACK + STACK_SIZE);
	hand_out(&damaged);
	expect(&damaged, "*b running, a blocked'");
	SCENE overflow; /* c's stack grew into a's */
	begin(&overflow);
	thread(&overflow, "a", A_STACK, A_STACK + 0x180, FL_THREAD_BLOCKED);
	thread(&overflow, "c", A_STACK + STACK_SIZE, A_STACK + STACK_SIZE + 0x80,
	       FL_THREAD_RUNNING);
	block(&overflow, PENDSV, MSP, MSP, A_STACK + STACK_SIZE - 0x20);
	hand_out(&overflow);
	expect(&overflow, "*c running, a blocked'");
	assert_string_equal(first(&overflow), "c");
}

static void test_before_the_kernel_ran(void **state)
{
	(void)state;
	SCENE main_stack; /* Thread mode, and not on the process stack */
	begin(&main_stack);
	thread(&main_stack, "a", A_STACK, A_STACK + 0x100, FL_THREAD_RUNNING);
	block(&main_stack, 0, MSP, MSP, 0);
	hand_out(&main_stack);
	expect(&main_stack, "*- running, a ready'");
	assert_int_equal(main_stack.threads.items[1].context, FL_CONTEXT_SAVED);
	SCENE asleep; /* an interrupt of main() */
	begin(&asleep);
	asleep.threads.kernel.has_running = true;
	thread(&asleep, "a", A_STACK, A_STACK + 0x100, FL_THREAD_RUNNING);
	block(&asleep, SYSTICK, MSP, MSP, 0);
	hand_out(&asleep);
	expect(&asleep, "*- running, a ready'");
}

/* The process stack of a thread is in use: its variables are damaged. */
static void test_kernel_contradicted(void **state)
{
	static const struct {
		uint32_t exception, sp;
	} cases[] = { { 0, B_STACK + 0x80 }, { SYSTICK, MSP } };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SCENE s;
		begin(&s);
		s.threads.kernel.has_running = true;
		thread(&s, "a", A_STACK, A_STACK + 0x100, FL_THREAD_READY);
		thread(&s, "b", B_STACK, B_STACK + 0x100, FL_THREAD_READY);
		block(&s, cases[i].exception, cases[i].sp, MSP, B_STACK + 0x80);
		hand_out(&s);
		expect(&s, "*b running, a ready'");
		assert_false(s.threads.kernel.has_running);
		assert_non_null(strstr(s.findings.items[0].text, "its variables are damaged"));
	}
}

/* The first thread is named before it runs. */
static void test_before_the_first_thread(void **state)
{
	(void)state;
	SCENE s;
	begin(&s);
	thread(&s, "a", A_STACK, A_STACK + 0x100, FL_THREAD_RUNNING);
	block(&s, PENDSV, MSP, MSP, 0);
	hand_out(&s);
	expect(&s, "*- running, a ready'");
	SCENE debugger; /* which could not tell the stack pointers */
	begin(&debugger);
	thread(&debugger, "a", A_STACK, A_STACK + 0x100, FL_THREAD_RUNNING);
	block(&debugger, PENDSV, MSP, 0, 0);
	hand_out(&debugger);
	expect(&debugger, "*a running");
}

static void test_more_blocks_than_cores(void **state)
{
	(void)state;
	SCENE twice;
	begin(&twice);
	thread(&twice, "a", A_STACK, A_STACK + 0x100, FL_THREAD_RUNNING);
	block(&twice, 0, A_STACK + 0x80, MSP, A_STACK + 0x80);
	block(&twice, 0, A_STACK + 0x80, MSP, A_STACK + 0x80);
	hand_out(&twice);
	expect(&twice, "*a running");
	assert_non_null(strstr(twice.findings.items[0].text, "blocks 0 and 1 are the same"));
	SCENE other; /* the kernel has one core: its threads cannot run on another */
	begin(&other);
	thread(&other, "a", A_STACK, A_STACK + 0x100, FL_THREAD_RUNNING);
	thread(&other, "b", B_STACK, B_STACK + 0x100, FL_THREAD_READY);
	block(&other, 0, A_STACK + 0x80, MSP, A_STACK + 0x80);
	block(&other, 0, B_STACK + 0x80, MSP, B_STACK + 0x80);
	hand_out(&other);
	expect(&other, "*a running, +- running, b ready'");
}

static void test_kernel_names_nobody(void **state)
{
	(void)state;
	SCENE s;
	begin(&s);
	thread(&s, "a", A_STACK, A_STACK + 0x100, FL_THREAD_READY);
	thread(&s, "b", B_STACK, B_STACK + 0x100, FL_THREAD_READY);
	block(&s, 0, B_STACK + 0x80, MSP, B_STACK + 0x80);
	hand_out(&s);
	expect(&s, "*b running, a ready'");
	assert_int_equal(s.findings.count, 1);
	SCENE nowhere;
	begin(&nowhere);
	thread(&nowhere, "a", A_STACK, A_STACK + 0x100, FL_THREAD_READY);
	block(&nowhere, SYSTICK, MSP, MSP, 0x20007000);
	hand_out(&nowhere);
	expect(&nowhere, "*- running, a ready'");
}

static void test_several_cores(void **state)
{
	(void)state;
	SCENE s; /* the first block is the crashed core's; nobody is named on core 2 */
	begin(&s);
	thread(&s, "a", A_STACK, A_STACK + 0x100, FL_THREAD_RUNNING);
	s.threads.items[0].has_core = true;
	s.threads.items[0].core = 1;
	thread(&s, "ready", 0, 0x20005000, FL_THREAD_READY);
	thread(&s, "b", B_STACK, B_STACK + 0x100, FL_THREAD_RUNNING);
	s.threads.items[2].has_core = true;
	block(&s, 0, B_STACK + 0x80, MSP, B_STACK + 0x80);
	block(&s, 0, A_STACK + 0x80, MSP, A_STACK + 0x80);
	block(&s, 0, 0x20007000, 0x20007000, 0);
	hand_out(&s);
	expect(&s, "*b running, +- running, +a running, ready ready'");
	for (size_t i = 0; i < 3; i++)
		assert_true(s.threads.items[i].has_core);
	assert_int_equal(s.threads.items[0].core, 0);
	assert_int_equal(s.threads.items[1].core, 2);
	assert_int_equal(s.threads.items[2].core, 1);
	SCENE bare; /* no kernel */
	begin(&bare);
	block(&bare, 0, MSP, MSP, 0);
	block(&bare, SYSTICK, MSP - 0x1000, MSP - 0x1000, 0);
	hand_out(&bare);
	expect(&bare, "*- running, +- running");
	assert_int_equal(bare.threads.items[1].core, 1);
}

/* What was saved of a running thread is out of date. */
static void test_without_a_block(void **state)
{
	(void)state;
	SCENE s;
	begin(&s);
	thread(&s, "a", A_STACK, A_STACK + 0x100, FL_THREAD_READY);
	thread(&s, "b", B_STACK, B_STACK + 0x100, FL_THREAD_RUNNING);
	hand_out(&s);
	expect(&s, "a ready', !b running");
	assert_int_equal(s.threads.items[1].regs.known, 0);
	assert_int_equal(s.threads.items[1].stop, FL_STOP_NO_REGISTERS);
	assert_non_null(strstr(s.threads.items[1].stop_text, "no registers of its core"));
	SCENE none;
	begin(&none);
	hand_out(&none);
	assert_int_equal(none.threads.count, 0);
}

static void test_never_more_than_the_limit(void **state)
{
	SCENE s;
	(void)state;
	begin(&s);
	for (uint32_t i = 0; i < FL_LIMIT_THREADS; i++) {
		struct fl_thread *t = fl_scan_add(&s.scan, 0x20000000 + 16 * i);
		assert_non_null(t);
		t->state = FL_THREAD_READY;
	}
	block(&s, 0, MSP, MSP, 0);
	block(&s, 0, MSP - 0x1000, MSP - 0x1000, 0);
	hand_out(&s);
	assert_int_equal(s.threads.count, FL_LIMIT_THREADS);
	assert_true(s.threads.items[0].crashed);
	assert_false(s.threads.items[1].has_block);
	assert_int_equal(s.threads.items[2].block, 0x20000000);
	assert_int_equal(s.findings.items[s.findings.count - 1].code, FL_ELIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_running_thread),
		cmocka_unit_test(test_used_bytes_of_the_running_thread),
		cmocka_unit_test(test_in_the_context_switch),
		cmocka_unit_test(test_not_in_the_context_switch),
		cmocka_unit_test(test_before_the_kernel_ran),
		cmocka_unit_test(test_kernel_contradicted),
		cmocka_unit_test(test_before_the_first_thread),
		cmocka_unit_test(test_more_blocks_than_cores),
		cmocka_unit_test(test_kernel_names_nobody),
		cmocka_unit_test(test_several_cores),
		cmocka_unit_test(test_without_a_block),
		cmocka_unit_test(test_never_more_than_the_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
