/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole unwinder over stacks laid out by hand for data/odd.S: what recorded crashes do not
 * show, and every reason to stop. A chain is compared as text: function~trust, innermost first.
 */
#include "base/limits.h"
#include "support/cmocka.h"
#include "support/scene.h"

#include <string.h>

/* EXC_RETURN values, and LR at reset. */
static const uint32_t exc_thread_msp = 0xfffffff9;
static const uint32_t exc_thread_psp = 0xfffffffd;
static const uint32_t reset_lr = 0xffffffff;

static int load(void **state)
{
	(void)state;
	return scene_load(FL_TESTS "/unwind/data/odd.elf");
}

static void test_functions_that_save_no_return_address(void **state)
{
	(void)state;
	SCENE a;
	set_context(&a, DIE, R_DIE);
	STACK(&a, 0x44, R_USER, 0x44, R_TOP, 0x44, reset_lr);
	expect(&a, "die~context fail~cfi user~scan top~cfi Reset_Handler~cfi | entry");
	SCENE b;
	set_context(&b, DIE, R_DIE);
	STACK(&b, 0x44, 0x55, 0x66, R_OTHER_USER, 0x44, R_TOP, 0x44, reset_lr);
	expect(&b, "die~context fail~cfi other_user~scan top~cfi Reset_Handler~cfi | entry");
	/* what the callee left in r4 is not the caller's */
	assert_false(fl_reg_known(&b.result.frames[2].regs, FL_R4));
	assert_int_equal(b.result.frames[3].regs.value[FL_R5], 0x55);
}

/* Where two callers fit, one that the next call names is right; of two such ones neither is. */
static void test_callers_that_fit_both(void **state)
{
	(void)state;
	SCENE named;
	set_context(&named, DIE, R_DIE);
	STACK(&named, 0x44, R_TOP_BLX, 0x66, R_OTHER_USER, 0x44, R_TOP, 0x44, reset_lr);
	expect(&named, "die~context fail~cfi other_user~scan top~cfi Reset_Handler~cfi | entry");
	SCENE both;
	set_context(&both, DIE, R_DIE);
	STACK(&both, 0x44, R_USER, 0x66, R_OTHER_USER, 0x44, R_TOP, 0x44, reset_lr);
	expect(&both, "die~context fail~cfi top~scan top~cfi Reset_Handler~cfi | entry");
}

/* A call that names the function is better than a nearer one that names another. */
static void test_scan_prefers_the_call_that_fits(void **state)
{
	(void)state;
	SCENE named;
	set_context(&named, HANDLE_BODY, 0);
	STACK(&named, 0x44, R_OPAQUE, 0x99, R_USER, 0x98, R_CALLS_OPAQUE, 0x44, R_TOP, 0x44,
	      reset_lr);
	expect(&named, "handle~context opaque~cfi calls_opaque~scan Reset_Handler~cfi | entry");
	SCENE doubtful; /* reached by a tail call */
	set_context(&doubtful, HANDLE_BODY, 0);
	STACK(&doubtful, 0x44, R_OPAQUE, 0x99, R_USER, 0x44, R_TOP, 0x44, reset_lr);
	expect(&doubtful, "handle~context opaque~cfi top~scan Reset_Handler~cfi | entry");
}

/* What lies above the main stack is somebody else's. */
static void test_scan_ends_with_the_main_stack(void **state)
{
	enum { TOP_OF_STACK = 0x20002000 };
	const uint32_t vtor_addr = 0xe000ed08;
	(void)state;
	for (int vtor = 0; vtor < 2; vtor++) {
		SCENE s;
		set_context(&s, HANDLE_BODY, 0);
		fl_reg_set(&s.regs, FL_SP, TOP_OF_STACK - 16);
		TARGET_WORDS(&s.stack, TOP_OF_STACK - 16, 0x44, 0x0badcafd, 0, 0, R_TOP, 0x44,
			     reset_lr);
		if (vtor)
			TARGET_WORDS(&s.stack, vtor_addr, 0x08000000);
		expect(&s, vtor ? "handle~context | not-code"
				: "handle~context Reset_Handler~scan | entry");
	}
}

/* FPCCR.TS: a secure frame with s16..s31, which nothing but its size shows. */
static void test_secure_frame_with_all_fp_registers(void **state)
{
	(void)state;
	for (int all = 0; all < 2; all++) {
		SCENE s;
		uint32_t words[60] = {
			0x44, 0xffffffe9, 0, 0, 0, 0, 12, R_TOP, HANDLE_BODY, THUMB
		};
		uint32_t above = 2u + (all ? 0xa8u : 0x68u) / 4u;
		set_handler(&s, HANDLE_BODY, 0, 15);
		s.in.arch = FL_ARCH_V8M_MAIN;
		words[above + 1] = R_TOP;
		words[above + 3] = reset_lr;
		target_words(&s.stack, SP, words, 60);
		expect(&s,
		       "handle~context --15~cfi handle~exception-frame Reset_Handler~cfi | entry");
		assert_int_equal(s.result.frames[2].regs.value[FL_SP], SP + 4 * above);
	}
}

/* r7 was overwritten: the frame that it names lies below the stack pointer. */
static void test_no_progress(void **state)
{
	(void)state;
	SCENE s;
	set_context(&s, FRAMED_BODY, 0);
	fl_reg_set(&s.regs, FL_R7, SP);
	fl_reg_set(&s.regs, FL_SP, SP + 16);
	STACK(&s, 0x77, R_TOP, 0, 0, 0x77, 0x12345679, 0, 0);
	expect(&s, "framed~context | no-progress");
	assert_false(s.result.frames[0].cfa_known);
	SCENE prologue; /* the code says where the table does not */
	set_context(&prologue, FRAMED_BODY, 0);
	fl_reg_set(&prologue.regs, FL_SP, SP + 16);
	STACK(&prologue, 0, 0, 0, 0, 0x77, R_TOP, 0x44, reset_lr);
	expect(&prologue, "framed~context Reset_Handler~prologue | entry");
	assert_int_equal(prologue.result.frames[1].regs.value[FL_R7], 0x77);
}

/* LR points into the function itself: a call made there, nothing that leads to its caller. */
static void test_stale_lr(void **state)
{
	SCENE s;
	(void)state;
	set_context(&s, DIE - 2, R_DIE);
	STACK(&s, 0x44, R_USER, 0x44, R_TOP, 0x44, reset_lr);
	expect(&s, "fail~context user~scan top~cfi Reset_Handler~cfi | entry");
}

static void test_marked_as_outermost(void **state)
{
	SCENE s;
	(void)state;
	set_context(&s, HANDLE_BODY, 0);
	STACK(&s, 0x44, R_OUTERMOST_BLX, 0x44, R_TOP);
	expect(&s, "handle~context outermost~cfi | undefined");
}

static void test_task_exit_hook(void **state)
{
	SCENE s;
	(void)state;
	set_context(&s, HANDLE_BODY, 0);
	STACK(&s, 0x44, R_TASK_BLX, 0x44, TASK_EXIT, 0x44, R_TOP);
	expect(&s, "handle~context task~cfi | entry");
}

/* EXC_RETURN lies on the stack of a handler that no method can unwind. */
static void test_exc_return_on_the_stack(void **state)
{
	SCENE s;
	(void)state;
	set_handler(&s, HANDLE_BODY, 0, 20);
	STACK(&s, 0x44, R_OPAQUE, 0x99, 0x44, exc_thread_msp, FRAME(TOP + 2, R_TOP), 0x44, R_TOP,
	      0x44, reset_lr);
	expect(&s, "handle~context opaque~cfi --20~scan top~scan Reset_Handler~cfi | entry");
	assert_int_equal(s.result.frames[2].pc, exc_thread_msp);
	assert_int_equal(s.result.frames[3].regs.value[FL_R12], 12);
	assert_false(fl_reg_known(&s.result.frames[3].regs, FL_R4));
}

static void test_exc_return_lost(void **state)
{
	SCENE s;
	(void)state;
	set_handler(&s, HANDLE_BODY, 0, 20);
	STACK(&s, 0x44, R_SHIM, FRAME(TOP + 2, R_TOP), 0x44, R_TOP, 0x44, reset_lr);
	expect(&s, "handle~context shim~cfi --20~scan top~scan Reset_Handler~cfi | entry");
	assert_false(s.result.frames[2].pc_known);
	assert_true(s.result.frames[2].cfa_known);
	assert_int_equal(s.result.frames[2].cfa, SP + 40);
}

static void test_exc_return_lost_and_a_thread_on_psp(void **state)
{
	SCENE s;
	(void)state;
	set_handler(&s, HANDLE_BODY, 0, 20);
	STACK(&s, 0x44, R_SHIM, 0, 0, 0, 0, 0, 0);
	TARGET_WORDS(&s.stack, PSP, FRAME(HANDLE_BODY, R_TASK_BLX), 0x44, R_TASK_BLX, 0x44,
		     TASK_EXIT);
	expect(&s, "handle~context shim~cfi --20~scan handle~scan task~cfi | entry");
	assert_int_equal(s.result.frames[3].regs.value[FL_PSP], PSP + 0x20);
	assert_int_equal(s.result.frames[4].regs.value[FL_PSP], PSP + 0x28);
	/* what the handlers below it have kept there is not known */
	assert_false(fl_reg_known(&s.result.frames[4].regs, FL_MSP));
	expect_finding(&s, "without r4 to r11");
}

static void test_thread_on_psp(void **state)
{
	SCENE s;
	(void)state;
	set_handler(&s, HANDLE_BODY, 0, 15);
	STACK(&s, 0x44, exc_thread_psp);
	TARGET_WORDS(&s.stack, PSP, FRAME(HANDLE_BODY, R_TASK_BLX), 0x45, R_TASK_BLX, 0x46,
		     TASK_EXIT);
	expect(&s, "handle~context --15~cfi handle~exception-frame task~cfi | entry");
	assert_int_equal(s.result.frames[2].regs.value[FL_R4], 0x44);
	assert_int_equal(s.result.frames[3].regs.value[FL_R4], 0x45);
	assert_int_equal(s.result.frames[3].cfa, PSP + 0x30);
}

static void test_exception_frames_that_are_none(void **state)
{
	(void)state;
	SCENE bad;
	set_handler(&bad, HANDLE_BODY, 0, 15);
	STACK(&bad, 0x44, exc_thread_msp, 0, 0, 0, 0, 0, 0, 0, 0);
	expect(&bad, "handle~context --15~cfi | bad-exception-frame");
	assert_int_equal(bad.result.stop_addr, SP + 8);
	SCENE missing;
	set_handler(&missing, HANDLE_BODY, 0, 15);
	STACK(&missing, 0x44, exc_thread_psp);
	expect(&missing, "handle~context --15~cfi | not-captured");
	assert_int_equal(missing.result.stop_addr, PSP);
	SCENE no_psp;
	set_handler(&no_psp, HANDLE_BODY, 0, 15);
	fl_reg_forget(&no_psp.regs, FL_PSP);
	STACK(&no_psp, 0x44, exc_thread_psp);
	expect(&no_psp, "handle~context --15~cfi | no-method");
	expect_finding(&no_psp, "PSP");
	SCENE thread; /* no exception is being handled: that value was not put there by the core */
	set_context(&thread, HANDLE_BODY, 0);
	STACK(&thread, 0x44, exc_thread_msp, FRAME(TOP + 2, R_TOP));
	expect(&thread, "handle~context Reset_Handler~scan | entry");
}

static void test_corrupted_return_address(void **state)
{
	(void)state;
	SCENE s;
	set_context(&s, HANDLE_BODY, 0);
	STACK(&s, 0x44, 0x0badcafd, 1, 2, R_TOP, 0x44, reset_lr);
	expect(&s, "handle~context Reset_Handler~scan | entry");
	expect_finding(&s, "0x0badcafd");
	SCENE alone;
	set_context(&alone, HANDLE_BODY, 0);
	STACK(&alone, 0x44, 0x0badcafd, 1, 2);
	expect(&alone, "handle~context | not-code");
	assert_int_equal(alone.result.stop_addr, 0x0badcafd);
	SCENE even;
	set_context(&even, HANDLE_BODY, 0);
	STACK(&even, 0x44, R_TOP - 1, 1, 2);
	expect(&even, "handle~context | not-code");
	SCENE no_call;
	set_context(&no_call, HANDLE_BODY, 0);
	STACK(&no_call, 0x44, TOP + 3, 1, 2);
	expect(&no_call, "handle~context | not-a-call");
	assert_int_equal(no_call.result.stop_addr, TOP + 3);
}

static void test_bad_branch(void **state)
{
	(void)state;
	SCENE call;
	set_context(&call, 0, R_TOP_BLX);
	STACK(&call, 0x44, R_TOP, 0x44, reset_lr);
	expect(&call, "0x0~context top~lr Reset_Handler~cfi | entry");
	assert_int_equal(call.result.frames[0].cfa, SP);
	SCENE stale; /* BL went elsewhere, and its frame is gone: shown as a guess */
	set_context(&stale, 0x0badcafc, R_USER);
	STACK(&stale, 0, 0, 0, R_TOP, 0x44, reset_lr);
	expect(&stale, "0xbadcafc~context top~scan Reset_Handler~scan | entry");
	expect_finding(&stale, "made in top");
	SCENE nowhere;
	set_context(&nowhere, 0x0badcafc, 0x12345679);
	STACK(&nowhere, 0, 0);
	expect(&nowhere, "0xbadcafc~context | not-code");
	SCENE thread; /* a thread that was never given a function */
	set_context(&thread, 0x0badcafc, reset_lr);
	STACK(&thread, 0, 0);
	expect(&thread, "0xbadcafc~context | entry");
	SCENE handler; /* from the vector table or by a tail call */
	set_handler(&handler, 0x0badcafc, exc_thread_msp, 16);
	STACK(&handler, FRAME(TOP + 2, R_TOP), 0x44, R_TOP, 0x44, reset_lr);
	expect(&handler, "0xbadcafc~context --16~lr top~exception-frame Reset_Handler~cfi | entry");
}

static void test_lockup(void **state)
{
	SCENE s;
	(void)state;
	set_handler(&s, 0xfffffffe, 0x12345679, 3);
	STACK(&s, 0, 0);
	expect(&s, "0xfffffffe~context | lockup");
}

static void test_security_boundary(void **state)
{
	SCENE s;
	(void)state;
	set_context(&s, HANDLE_BODY, 0);
	STACK(&s, 0x44, 0xfeffffff);
	expect(&s, "handle~context | secure");
}

static void test_not_captured(void **state)
{
	SCENE s;
	(void)state;
	set_context(&s, HANDLE_BODY, 0);
	STACK(&s, 0x44, R_OTHER_USER, 0x44);
	expect(&s, "handle~context top~cfi | not-captured");
	assert_int_equal(s.result.stop_addr, SP + 12);
	assert_true(s.result.frames[1].cfa_known); /* known all the same */
	assert_int_equal(s.result.frames[1].cfa, SP + 16);
}

static void test_exception_frame_never_written(void **state)
{
	(void)state;
	SCENE suspect;
	set_context(&suspect, 0xa5a5a5a4, 0xa5a5a5a5);
	suspect.in.fault_effects = FL_EFFECT_FRAME_SUSPECT;
	STACK(&suspect, 1, 2, R_TOP, 0x44, reset_lr);
	expect(&suspect, "0xa5a5a5a4~context Reset_Handler~scan | stacking-failed");
	expect_finding(&suspect, "never written");
	SCENE sound; /* suspected, but all it holds is as it should be */
	set_context(&sound, HANDLE_BODY, R_TOP);
	sound.in.fault_effects = FL_EFFECT_FRAME_SUSPECT;
	STACK(&sound, 0x44, R_TOP, 0x44, reset_lr);
	expect(&sound, "handle~context Reset_Handler~cfi | entry");
	SCENE impossible; /* nothing suspected it: Armv6-M has no bit for that */
	set_context(&impossible, 0xa5a5a5a4, 0);
	fl_reg_set(&impossible.regs, FL_XPSR, 0xa5a5a5a5);
	STACK(&impossible, 1, 2, R_TOP, 0x44, reset_lr);
	expect(&impossible, "0xa5a5a5a4~context Reset_Handler~scan | stacking-failed");
}

static void test_limit_of_frames(void **state)
{
	SCENE s;
	uint32_t words[2 * FL_LIMIT_FRAMES + 8];
	(void)state;
	set_context(&s, HANDLE_BODY, 0);
	for (size_t i = 0; i < sizeof(words) / 4; i++)
		words[i] = i % 2 ? R_USER : 0x44;
	target_words(&s.stack, SP, words, sizeof(words) / 4);
	scene_unwind(&s);
	assert_int_equal(s.result.count, FL_LIMIT_FRAMES);
	assert_int_equal(s.result.stop, FL_STOP_LIMIT);
	expect_finding(&s, "256 frames");
}

static void test_no_registers(void **state)
{
	SCENE s;
	(void)state;
	set_context(&s, 0, 0);
	s.regs.known = 0;
	expect(&s, "| no-registers");
	SCENE only_pc;
	set_context(&only_pc, HANDLE_BODY, 0);
	only_pc.regs.known = 1u << FL_PC;
	expect(&only_pc, "handle~context | no-method");
}

static void test_a_sentence_for_every_stop(void **state)
{
	struct fl_unwind_result result = { .stop_addr = 0x20003ff0 };
	char text[128];
	char cut[8];
	(void)state;
	for (int stop = 0; stop <= FL_STOP_COUNT; stop++) {
		result.stop = (enum fl_stop)stop;
		fl_unwind_stop_text(&result, text, sizeof(text));
		assert_true(text[0] && strlen(text) < sizeof(text) - 1 && !strchr(text, '%'));
		fl_unwind_stop_text(&result, cut, sizeof(cut));
		assert_true(strlen(cut) < sizeof(cut));
	}
	result.stop = FL_STOP_NOT_CAPTURED;
	fl_unwind_stop_text(&result, text, sizeof(text));
	assert_string_equal(text, "stack memory at 0x20003ff0 was not captured");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_functions_that_save_no_return_address),
		cmocka_unit_test(test_callers_that_fit_both),
		cmocka_unit_test(test_scan_prefers_the_call_that_fits),
		cmocka_unit_test(test_scan_ends_with_the_main_stack),
		cmocka_unit_test(test_secure_frame_with_all_fp_registers),
		cmocka_unit_test(test_no_progress),
		cmocka_unit_test(test_stale_lr),
		cmocka_unit_test(test_marked_as_outermost),
		cmocka_unit_test(test_task_exit_hook),
		cmocka_unit_test(test_exc_return_on_the_stack),
		cmocka_unit_test(test_exc_return_lost),
		cmocka_unit_test(test_exc_return_lost_and_a_thread_on_psp),
		cmocka_unit_test(test_thread_on_psp),
		cmocka_unit_test(test_exception_frames_that_are_none),
		cmocka_unit_test(test_corrupted_return_address),
		cmocka_unit_test(test_bad_branch),
		cmocka_unit_test(test_lockup),
		cmocka_unit_test(test_security_boundary),
		cmocka_unit_test(test_not_captured),
		cmocka_unit_test(test_exception_frame_never_written),
		cmocka_unit_test(test_limit_of_frames),
		cmocka_unit_test(test_no_registers),
		cmocka_unit_test(test_a_sentence_for_every_stop),
	};
	return cmocka_run_group_tests(tests, load, scene_unload);
}
