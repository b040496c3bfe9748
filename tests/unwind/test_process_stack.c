/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks of threads that have bounds, and what a kernel saved of one. PSP is where the stack
 * pointer is; the end is chosen so that what lies above belongs to somebody else.
 */
#include "support/cmocka.h"
#include "support/scene.h"

#include <string.h>

static const uint32_t exc_handler = 0xfffffff1;
static const uint32_t exc_thread_msp = 0xfffffff9;
static const uint32_t exc_thread_psp = 0xfffffffd;
static const uint32_t exc_thread_psp_fp = 0xffffffed;

static int load(void **state)
{
	(void)state;
	return scene_load(FL_TESTS "/unwind/data/odd.elf");
}

/* task calls handle; its LR was prvTaskExitError. The neighbour's stack begins with a frame that
 * would fit. */
#define TASK_STACK 0x44, R_TASK_BLX, 0x45, TASK_EXIT
enum { TASK_END = PSP + 16 };

static void test_of_a_saved_thread(void **state)
{
	(void)state;
	SCENE s;
	set_thread(&s, HANDLE_BODY, 0, true);
	set_bounds(&s, PSP - 0x100, TASK_END);
	PROCESS_STACK(&s, TASK_STACK, 0x46, R_TOP);
	expect(&s, "handle~exception-frame task~cfi | entry");
	assert_int_equal(s.findings.count, 0);
	assert_int_equal(s.result.frames[1].regs.value[FL_PSP], PSP + 8);
}

static void test_a_frame_that_leaves_the_stack(void **state)
{
	(void)state;
	SCENE s; /* the slots are there, but they are another's */
	set_thread(&s, R_ROOMY, 0, true);
	s.regs.value[FL_PC] = R_ROOMY - 1;
	set_bounds(&s, PSP - 0x100, PSP + 0x38);
	PROCESS_STACK(&s, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x44, R_TOP, 0x44, 0);
	expect(&s, "roomy~exception-frame | stack-end");
	assert_int_equal(s.result.stop_addr, PSP + 0x40);
	assert_false(s.result.frames[0].cfa_known);
	SCENE found; /* what is inside may be searched */
	set_thread(&found, R_ROOMY - 1, 0, false);
	set_bounds(&found, PSP - 0x100, PSP + 0x38);
	PROCESS_STACK(&found, 0, 0, R_TASK_BLX, 0x44, TASK_EXIT, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		      R_TOP, 0, 0);
	expect(&found, "roomy~context task~scan | entry");
	expect_finding(&found, "above the end of the thread's stack");
	SCENE missing; /* ... and whether its slots were captured does not matter */
	set_thread(&missing, R_ROOMY - 1, 0, false);
	set_bounds(&missing, PSP - 0x100, PSP + 0x38);
	PROCESS_STACK(&missing, 0, 0, 0, 0);
	expect(&missing, "roomy~context | stack-end");
}

static void test_search_ends_with_the_stack(void **state)
{
	static const struct {
		uint64_t end;
		const char *chain;
	} cases[] = {
		{ PSP + 16, "opaque~context | no-method" },
		{ PSP + 20, "opaque~context top~scan | stack-end" },
		{ PSP + 28, "opaque~context top~scan | not-captured" },
		{ PSP - 4, "opaque~context top~scan | not-captured" }, /* not these bounds */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SCENE s;
		set_thread(&s, R_OPAQUE - 1, R_OPAQUE, false);
		s.regs.known &= ~(1u << FL_R4);
		set_bounds(&s, PSP - 0x100, cases[i].end);
		PROCESS_STACK(&s, 0, 0, 0, 0, R_TOP_BLX, 0x44);
		expect(&s, cases[i].chain);
	}
}

/* The handler's stack lies below the thread's, and ends before it. */
static void test_main_stack_does_not_reach_into_it(void **state)
{
	SCENE s;
	(void)state;
	set_handler(&s, R_OPAQUE - 1, R_OPAQUE, 20);
	s.regs.known &= ~(1u << FL_R4);
	fl_reg_set(&s.regs, FL_PSP, SP + 0x20);
	set_bounds(&s, SP + 0x10, SP + 0x100);
	STACK(&s, 0, 0, 0, 0, R_TOP_BLX, 0, 0, 0);
	expect(&s, "opaque~context | no-method");
}

static void test_outermost_by_its_place(void **state)
{
	(void)state;
	SCENE s;
	set_thread(&s, HANDLE_BODY, 0, true);
	set_bounds(&s, PSP - 0x100, PSP + 16);
	PROCESS_STACK(&s, 0x44, R_FOREVER, 0, 0, R_TOP);
	expect(&s, "handle~exception-frame forever~cfi | entry");
	SCENE below; /* room for more */
	set_thread(&below, HANDLE_BODY, 0, true);
	set_bounds(&below, PSP - 0x100, PSP + 32);
	PROCESS_STACK(&below, 0x44, R_FOREVER, 0, 0, 0, 0, 0, 0, R_TOP);
	expect(&below, "handle~exception-frame forever~cfi | no-method");
	SCENE told; /* unless the kernel says so */
	set_thread(&told, HANDLE_BODY, 0, true);
	told.in.has_entry = true;
	told.in.entry_addr = (R_FOREVER & ~1u) - 4;
	PROCESS_STACK(&told, 0x44, R_FOREVER, 0, 0, 0, 0, R_TOP);
	expect(&told, "handle~exception-frame forever~cfi | entry");
}

static void test_never_run(void **state)
{
	static const uint32_t links[] = { 0, 0xffffffff, TASK_EXIT };
	(void)state;
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		SCENE s;
		set_thread(&s, (R_TASK_BLX & ~1u) - 4, links[i], true);
		set_bounds(&s, PSP - 0x100, PSP);
		expect(&s, "task~exception-frame | entry");
	}
}

static void test_saved_pc_that_is_no_code(void **state)
{
	(void)state;
	SCENE zero;
	set_thread(&zero, 0, 0xa5a5a5a5, true);
	PROCESS_STACK(&zero, R_TOP_BLX, 0x44, R_TOP);
	expect(&zero, "0x0~scan | not-code");
	assert_int_equal(zero.findings.count, 0);
	SCENE led; /* code of which no ELF tells, called by code of which one does */
	set_thread(&led, 0x1fff0000, R_TASK_BLX, true);
	PROCESS_STACK(&led, 0x44, TASK_EXIT);
	expect(&led, "0x1fff0000~scan task~lr | entry");
}

static void test_yield_by_svc(void **state)
{
	(void)state;
	SCENE svc;
	set_thread(&svc, BEHIND_SVC, 0, true);
	PROCESS_STACK(&svc, 0x44, TASK_EXIT);
	expect(&svc, "yields~exception-frame | entry");
	assert_int_equal(svc.result.frames[0].pc, BEHIND_SVC);
	assert_int_equal(svc.result.frames[0].lookup_pc, BEHIND_SVC - 1);
	SCENE store; /* half of another instruction */
	set_thread(&store, BEHIND_STORE, 0, true);
	PROCESS_STACK(&store, 0x44, TASK_EXIT);
	expect(&store, "yields~exception-frame | entry");
	assert_int_equal(store.result.frames[0].lookup_pc, BEHIND_STORE);
	SCENE block; /* the dump's own registers: exact */
	set_thread(&block, BEHIND_STORE + 2, 0, false);
	PROCESS_STACK(&block, 0x44, TASK_EXIT);
	expect(&block, "yields~context | entry");
	assert_int_equal(block.result.frames[0].lookup_pc, BEHIND_STORE + 2);
}

/* A handler on the main stack, and the thread below it. */
static void set_interrupt(struct scene *s, uint32_t end)
{
	set_handler(s, HANDLE_BODY, 0, 20);
	set_bounds(s, PSP - 0x100, end);
}

static void test_registers_of_the_interrupted_thread(void **state)
{
	SCENE s; /* handle and top have each kept r4 */
	(void)state;
	set_interrupt(&s, PSP + 0x30);
	STACK(&s, 0x4444, R_TOP_BLX, 0x5555, exc_thread_psp);
	PROCESS_STACK(&s, FRAME(HANDLE_BODY, R_TOP), TASK_STACK);
	expect(&s, "handle~context top~cfi --20~cfi handle~exception-frame task~cfi | entry");
	assert_int_equal(s.result.frames[1].regs.value[FL_R4], 0x4444);
	assert_int_equal(s.result.frames[3].regs.value[FL_R4], 0x5555);
	assert_int_equal(s.result.frames[4].regs.value[FL_R4], 0x44);
	assert_int_equal(s.result.frames[4].regs.value[FL_MSP], SP + 16);
}

#define FP_SPACE 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18

static void test_fp_thread_whose_frame_is_aligned(void **state)
{
	SCENE s; /* extended, and moved by a word */
	(void)state;
	set_interrupt(&s, PSP + 0x6c + 16);
	STACK(&s, 0x4444, exc_thread_psp_fp);
	PROCESS_STACK(&s, 0, 1, 2, 3, 12, R_TOP, HANDLE_BODY, THUMB | 1 << 9, FP_SPACE, 0xa5,
		      TASK_STACK);
	expect(&s, "handle~context --20~cfi handle~exception-frame task~cfi | entry");
	assert_int_equal(s.result.frames[2].regs.value[FL_SP], PSP + 0x6c);
	assert_int_equal(s.result.frames[2].regs.value[FL_R4], 0x4444);
	assert_int_equal(s.result.frames[3].regs.value[FL_R4], 0x44);
}

static void test_nested_handlers(void **state)
{
	SCENE s;
	(void)state;
	set_interrupt(&s, PSP + 0x30);
	STACK(&s, 0x41, exc_handler, 0, 1, 2, 3, 12, R_TOP, HANDLE_BODY, THUMB | 16, 0x42,
	      exc_thread_psp);
	PROCESS_STACK(&s, FRAME(HANDLE_BODY, R_TOP), TASK_STACK);
	expect(&s, "handle~context --20~cfi handle~exception-frame --16~cfi "
		   "handle~exception-frame task~cfi | entry");
	assert_int_equal(s.result.frames[2].regs.value[FL_R4], 0x41);
	assert_int_equal(s.result.frames[4].regs.value[FL_R4], 0x42);
}

/* The main stack was captured from SP upwards for a few words only. */
static void test_handler_that_is_cut_off(void **state)
{
	(void)state;
	SCENE s;
	set_interrupt(&s, PSP + 0x30);
	STACK(&s, 0x41);
	PROCESS_STACK(&s, FRAME(HANDLE_BODY, R_TOP), TASK_STACK);
	expect(&s, "handle~context --20~scan handle~scan task~cfi | entry");
	assert_false(s.result.frames[1].pc_known);
	assert_false(fl_reg_known(&s.result.frames[2].regs, FL_R4));
	assert_int_equal(s.result.frames[2].regs.value[FL_SP], PSP + 0x20);
	assert_int_equal(s.result.frames[3].regs.value[FL_R4], 0x44);
	expect_finding(&s, "0x20001004 was not captured");
	SCENE nested; /* the outer handler's frame is missing: which exception came first as well */
	set_interrupt(&nested, PSP + 0x30);
	STACK(&nested, 0x41, exc_handler, 0, 1);
	PROCESS_STACK(&nested, FRAME(HANDLE_BODY, R_TOP), TASK_STACK);
	expect(&nested, "handle~context --20~cfi --0~scan handle~scan task~cfi | entry");
	SCENE fp; /* nothing says that there is FP space, but only so the stack fits */
	set_interrupt(&fp, PSP + 0x78);
	STACK(&fp, 0x41);
	PROCESS_STACK(&fp, FRAME(HANDLE_BODY, R_TOP), FP_SPACE, TASK_STACK);
	expect(&fp, "handle~context --20~scan handle~scan task~cfi | entry");
	assert_int_equal(fp.result.frames[2].regs.value[FL_SP], PSP + 0x68);
	SCENE core; /* which a core without FP cannot have */
	set_interrupt(&core, PSP + 0x78);
	core.in.arch = FL_ARCH_V7M;
	STACK(&core, 0x41);
	PROCESS_STACK(&core, FRAME(HANDLE_BODY, R_TOP), FP_SPACE, TASK_STACK);
	scene_unwind(&core);
	assert_int_equal(core.result.frames[2].regs.value[FL_SP], PSP + 0x20);
}

static void test_what_is_no_interrupted_thread(void **state)
{
	(void)state;
	SCENE main_thread; /* EXC_RETURN says that it is on the main stack */
	set_interrupt(&main_thread, PSP + 0x30);
	STACK(&main_thread, 0x41, exc_thread_msp, 0, 1);
	PROCESS_STACK(&main_thread, FRAME(HANDLE_BODY, R_TOP), TASK_STACK);
	expect(&main_thread, "handle~context --20~cfi | not-captured");
	SCENE above; /* the frame would leave the thread's stack */
	set_interrupt(&above, PSP + 0x1c);
	STACK(&above, 0x41);
	PROCESS_STACK(&above, FRAME(HANDLE_BODY, R_TOP), TASK_STACK);
	expect(&above, "handle~context | not-captured");
	SCENE handler; /* a frame of a handler is not on PSP */
	set_interrupt(&handler, PSP + 0x30);
	STACK(&handler, 0x41);
	PROCESS_STACK(&handler, 0, 1, 2, 3, 12, R_TOP, HANDLE_BODY, THUMB | 16, TASK_STACK);
	expect(&handler, "handle~context | not-captured");
	SCENE flash; /* PSP was never set: what is there is no stack */
	set_handler(&flash, HANDLE_BODY, 0, 20);
	fl_reg_set(&flash.regs, FL_PSP, FRAME_IN_FLASH);
	STACK(&flash, 0x41);
	expect(&flash, "handle~context | not-captured");
	SCENE thread; /* no handler at all */
	set_context(&thread, HANDLE_BODY, 0);
	STACK(&thread, 0x41);
	PROCESS_STACK(&thread, FRAME(HANDLE_BODY, R_TOP), TASK_STACK);
	expect(&thread, "handle~context | not-captured");
}

/* An EXC_RETURN leads to PSP, but the frame there would not fit the thread's stack. */
static void test_frame_on_psp_outside_the_stack(void **state)
{
	SCENE s;
	(void)state;
	set_interrupt(&s, PSP + 0x20 + 0x44);
	STACK(&s, 0x41, exc_thread_psp_fp);
	PROCESS_STACK(&s, FRAME(HANDLE_BODY, R_TOP), FP_SPACE, TASK_STACK);
	expect(&s, "handle~context --20~cfi | bad-exception-frame");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of_a_saved_thread),
		cmocka_unit_test(test_a_frame_that_leaves_the_stack),
		cmocka_unit_test(test_search_ends_with_the_stack),
		cmocka_unit_test(test_main_stack_does_not_reach_into_it),
		cmocka_unit_test(test_outermost_by_its_place),
		cmocka_unit_test(test_never_run),
		cmocka_unit_test(test_saved_pc_that_is_no_code),
		cmocka_unit_test(test_yield_by_svc),
		cmocka_unit_test(test_registers_of_the_interrupted_thread),
		cmocka_unit_test(test_fp_thread_whose_frame_is_aligned),
		cmocka_unit_test(test_nested_handlers),
		cmocka_unit_test(test_handler_that_is_cut_off),
		cmocka_unit_test(test_what_is_no_interrupted_thread),
		cmocka_unit_test(test_frame_on_psp_outside_the_stack),
	};
	return cmocka_run_group_tests(tests, load, scene_unload);
}
