/* SPDX-License-Identifier: Apache-2.0 */
/* What Zephyr saved of threads: the core's frame by PendSV, its own frame by arch_switch(). */
#include "threads/zephyr_case.h"

enum {
	THREAD = 0x20001000,
	STACK = 0x20002000,
	SIZE = 0x400,
	SP = STACK + 0x180, /* what was saved begins there */
	BUFFER = 0x20000900,
	QUEUED = 0x80,
	T = 0x01000000,
	PADDED = 0x200,
};

static void put_thread(struct zephyr_writer *w, uint32_t sp, unsigned exc_return)
{
	zephyr_thread(w, &(struct zephyr_thread){ .at = THREAD,
						  .name = "it",
						  .state = QUEUED,
						  .entry = ZEPHYR_THREAD_ENTRY | 1,
						  .stack = STACK,
						  .stack_size = SIZE,
						  .sp = sp,
						  .callee = { 4, 5, 6, 7, 8, 9, 10, 11 },
						  .exc_return = exc_return });
}

/* --- PendSV --- */

static void test_where_the_stack_goes_on(void **state)
{
	static const struct {
		const char *name;
		const struct zephyr_shape *shape;
		unsigned about;
		enum fl_arch arch;
		unsigned exc_return;
		uint32_t mode; /* where there is no exc_return */
		uint32_t xpsr;
		uint32_t above; /* the saved stack pointer */
	} cases[] = {
		{ "basic", &zephyr_3_7, ZEPHYR_DWARF, FL_ARCH_V7EM, 0xfd, 0, T, 0x20 },
		{ "padded", &zephyr_3_7, ZEPHYR_DWARF, FL_ARCH_V7EM, 0xfd, 0, T | PADDED, 0x24 },
		{ "extended", &zephyr_3_7, ZEPHYR_DWARF, FL_ARCH_V7EM, 0xed, 0, T, 0x68 },
		{ "extended, padded", &zephyr_3_7, ZEPHYR_DWARF, FL_ARCH_V7EM, 0xed, 0, T | PADDED,
		  0x6c },
		{ "non-secure", &zephyr_3_7, ZEPHYR_DWARF, FL_ARCH_V8M_MAIN, 0xbc, 0, T, 0x20 },
		{ "non-secure, extended", &zephyr_3_7, ZEPHYR_DWARF, FL_ARCH_V8M_MAIN, 0xac, 0, T,
		  0x68 },
		{ "extended, by the table", &zephyr_3_7, ZEPHYR_TABLE, FL_ARCH_V7EM, 0xed, 0, T,
		  0x68 },
		{ "no return to a thread", &zephyr_3_7, ZEPHYR_DWARF, FL_ARCH_V7EM, 0xe1, 0, T,
		  0x20 },
		{ "no floating point in the core", &zephyr_3_7, ZEPHYR_DWARF, FL_ARCH_V7M, 0xed, 0,
		  T, 0x20 },
		{ "2.5", &zephyr_2_5, ZEPHYR_DWARF, FL_ARCH_V7EM, 0, 0, T, 0x20 },
		{ "2.5, FPCA", &zephyr_2_5, ZEPHYR_DWARF, FL_ARCH_V7EM, 0, 4, T, 0x68 },
		{ "2.5, FPCA, by the table", &zephyr_2_5, ZEPHYR_TABLE, FL_ARCH_V7EM, 0, 4, T,
		  0x68 },
		{ "2.7 to 3.4 by the table: the second byte", &zephyr_3_7, ZEPHYR_OLD_TABLE,
		  FL_ARCH_V7EM, 0xed, 0, T, 0x68 },
		{ "the same, basic", &zephyr_3_7, ZEPHYR_OLD_TABLE, FL_ARCH_V7EM, 0xfd, 0, T,
		  0x20 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ZEPHYR_AUTO w;
		DEVICE_CASE c;
		zephyr_begin(&w, cases[i].shape, cases[i].about);
		zephyr_frame(&w, SP, 0xa0, ZEPHYR_WORKER | 0x11, ZEPHYR_SWAP + 8, cases[i].xpsr);
		put_thread(&w, SP, cases[i].exc_return);
		if (cases[i].shape->exc_return == ZEPHYR_ABSENT)
			zephyr_word(&w, THREAD + cases[i].shape->mode, cases[i].mode);
		zephyr_find(&c, &w, NULL, NULL, cases[i].arch);
		const struct fl_thread *t = zephyr_named(&c, "it");
		if (t->context != FL_CONTEXT_SAVED || t->regs.value[FL_SP] != SP + cases[i].above)
			fail_msg("%s: sp 0x%x", cases[i].name, t->regs.value[FL_SP]);
		assert_int_equal(t->regs.value[FL_PC], ZEPHYR_SWAP + 8);
		assert_int_equal(t->regs.value[FL_R4], 4);
		assert_int_equal(t->regs.value[FL_R11], 11);
		if (t->stack.known)
			assert_int_equal(t->stack.used, SIZE - 0x180 - cases[i].above);
	}
}

/* The entry function is in r0; the frame has nothing else that was written. */
static void test_never_ran(void **state)
{
	static const struct zephyr_shape *const shapes[] = { &zephyr_2_5, &zephyr_3_7 };
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		ZEPHYR_AUTO w;
		DEVICE_CASE c;
		zephyr_begin(&w, shapes[i], ZEPHYR_DWARF);
		zephyr_frame(&w, SP, ZEPHYR_WORKER | 1, 0xaaaaaaaa, ZEPHYR_THREAD_ENTRY, T);
		put_thread(&w, SP, 0);
		zephyr_word(&w, THREAD + shapes[i]->entry, 0);
		zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
		const struct fl_thread *t = zephyr_named(&c, "it");
		assert_int_equal(t->state, FL_THREAD_READY);
		assert_true(t->has_entry);
		assert_string_equal(t->entry, "worker_main");
		assert_int_equal(t->regs.value[FL_PC], ZEPHYR_THREAD_ENTRY);
		assert_true(fl_reg_known(&t->regs, FL_R0));
		assert_false(fl_reg_known(&t->regs, FL_LR));
		assert_false(fl_reg_known(&t->regs, FL_R4));
		assert_false(fl_reg_known(&t->regs, FL_R12));
	}
}

static void test_no_frame(void **state)
{
	static const struct {
		const char *name;
		uint32_t sp, pc, xpsr;
	} cases[] = {
		{ "odd", SP + 2, ZEPHYR_SWAP, T },
		{ "not captured", 0x20008000, ZEPHYR_SWAP, T },
		{ "no code", SP, 0x20000000, T },
		{ "Arm state", SP, ZEPHYR_SWAP, 0 },
		{ "in a handler", SP, ZEPHYR_SWAP, T | 14 },
		{ "zero", 0, ZEPHYR_SWAP, T },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ZEPHYR_AUTO w;
		DEVICE_CASE c;
		zephyr_begin(&w, &zephyr_3_7, ZEPHYR_DWARF);
		zephyr_frame(&w, SP, 0xa0, ZEPHYR_WORKER | 0x11, cases[i].pc, cases[i].xpsr);
		put_thread(&w, cases[i].sp, 0);
		zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
		const struct fl_thread *t = zephyr_named(&c, "it");
		if (t->context != FL_CONTEXT_NONE || t->regs.known || !t->stop_text[0])
			fail_msg("%s", cases[i].name);
	}
}

/* --- arch_switch() --- */

/* @return the saved stack pointer. */
static uint32_t put_switch_frame(struct zephyr_writer *w, bool fpu, uint32_t have_fpu, bool guard,
				 uint32_t apsr, uint32_t pc)
{
	uint32_t at = SP;
	if (fpu) {
		zephyr_word(w, at, have_fpu);
		at += 4;
	}
	if (have_fpu) {
		zephyr_fill(w, at, 0x5f, 33 * 4);
		at += 33 * 4;
	}
	if (guard) {
		zephyr_word(w, at, STACK);
		at += 4;
	}
	zephyr_word(w, at, apsr);
	for (uint32_t r = 0; r <= 12; r++)
		zephyr_word(w, at + 4 + 4 * r, r);
	zephyr_word(w, at + 56, ZEPHYR_WORKER | 0x11);
	zephyr_word(w, at + 60, pc);
	return at + 64;
}

/* sizeof(struct z_frame_fpu) or sizeof(struct z_frame), less the 32 of a hardware frame. */
static uint32_t buffer_size(bool fpu, bool guard)
{
	return 64 + (guard ? 4U : 0U) + (fpu ? 4U + 128U + 4U : 0U) - 32;
}

static void test_switch_frames(void **state)
{
	enum { BY_BUFFER, BY_SENSE, WAYS };
	static const struct {
		const char *name;
		enum fl_arch arch;
		bool fpu;
		uint32_t have_fpu;
		bool guard;
	} cases[] = {
		{ "M3", FL_ARCH_V7M, false, 0, false },
		{ "M4, soft", FL_ARCH_V7EM, false, 0, false },
		{ "M4F, none used", FL_ARCH_V7EM, true, 0, false },
		{ "M4F, used, arch_switch()", FL_ARCH_V7EM, true, 4, false },
		{ "M4F, used, interrupted", FL_ARCH_V7EM, true, 1, false },
		{ "M33, soft, no guard", FL_ARCH_V8M_MAIN, false, 0, false },
		{ "M33, soft, guard", FL_ARCH_V8M_MAIN, false, 0, true },
		{ "M33F, none used", FL_ARCH_V8M_MAIN, true, 0, true },
		{ "M33F, used", FL_ARCH_V8M_MAIN, true, 4, true },
	};
	(void)state;
	for (size_t i = 0; i < WAYS * sizeof(cases) / sizeof(cases[0]); i++) {
		ZEPHYR_AUTO w;
		DEVICE_CASE c;
		size_t k = i / WAYS;
		uint32_t apsr = k & 1 ? T : T | PADDED;
		zephyr_begin(&w, &zephyr_4_4, ZEPHYR_DWARF);
		uint32_t above = put_switch_frame(&w, cases[k].fpu, cases[k].have_fpu,
						  cases[k].guard, apsr, (ZEPHYR_SWAP + 8) | 1);
		if (i % WAYS == BY_BUFFER) {
			zephyr_object(&w, "arm_m_switch_stack_buffer", BUFFER, 4);
			zephyr_word(&w, BUFFER, buffer_size(cases[k].fpu, cases[k].guard));
		}
		put_thread(&w, SP, 0);
		zephyr_find(&c, &w, NULL, NULL, cases[k].arch);
		const struct fl_thread *t = zephyr_named(&c, "it");
		if (t->context != FL_CONTEXT_SAVED || t->regs.value[FL_SP] != above)
			fail_msg("%s by %zu: sp 0x%x, %s", cases[k].name, i % WAYS,
				 t->regs.value[FL_SP], t->stop_text);
		for (uint32_t r = 0; r <= 12; r++)
			assert_int_equal(t->regs.value[r], r);
		assert_int_equal(t->regs.value[FL_PC], ZEPHYR_SWAP + 8);
		assert_int_equal(t->regs.value[FL_LR], ZEPHYR_WORKER | 0x11);
		assert_int_equal(t->regs.value[FL_XPSR], apsr);
		assert_int_equal(t->stack.used, STACK + SIZE - above);
	}
}

/* A thread in user mode has the limit 0, which looks like a have_fpu word: that lies there too. */
static void test_switch_frame_without_limit(void **state)
{
	(void)state;
	for (int told = 0; told < 2; told++) {
		ZEPHYR_AUTO w;
		DEVICE_CASE c;
		zephyr_begin(&w, &zephyr_4_4, ZEPHYR_DWARF);
		uint32_t above = put_switch_frame(&w, false, 0, true, T, ZEPHYR_SWAP | 1);
		zephyr_word(&w, SP, 0);
		if (told) {
			zephyr_object(&w, "arm_m_switch_stack_buffer", BUFFER, 4);
			zephyr_word(&w, BUFFER, buffer_size(false, true));
		}
		put_thread(&w, SP, 0);
		zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V8M_MAIN);
		const struct fl_thread *t = zephyr_named(&c, "it");
		assert_int_equal(t->context, FL_CONTEXT_SAVED);
		assert_int_equal(t->regs.value[FL_SP], above);
	}
}

/* Two layouts, or none, where the kernel does not say which it is. */
static void test_switch_frame_that_not_one_layout_fits(void **state)
{
	static const struct {
		const char *name;
		uint32_t limit, stack;
	} cases[] = {
		{ "a limit like an apsr, and lr like pc", 0x21002000, 0x21002000 },
		{ "a limit below the stack", STACK - 0x40, STACK },
		{ "a limit above the stack", STACK + SIZE, STACK },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ZEPHYR_AUTO w;
		DEVICE_CASE c;
		zephyr_begin(&w, &zephyr_4_4, ZEPHYR_DWARF);
		put_switch_frame(&w, false, 0, true, T, ZEPHYR_SWAP | 1);
		put_thread(&w, SP, 0);
		zephyr_word(&w, SP, cases[i].limit);
		zephyr_word(&w, THREAD + zephyr_4_4.stack_info, cases[i].stack);
		zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V8M_MAIN);
		if (zephyr_named(&c, "it")->context != FL_CONTEXT_NONE)
			fail_msg("%s", cases[i].name);
	}
}

/* What the buffer's size says is believed, whatever else would fit. */
static void test_switch_frame_that_is_none(void **state)
{
	static const struct {
		const char *name;
		uint32_t apsr, pc;
		bool fpu_by_buffer;
	} cases[] = {
		{ "even", T, ZEPHYR_SWAP, false },
		{ "no code", T, 0x20000001, false },
		{ "no Thumb", 0, ZEPHYR_SWAP | 1, false },
		{ "a handler", T | 3, ZEPHYR_SWAP | 1, false },
		{ "another layout", T, ZEPHYR_SWAP | 1, true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ZEPHYR_AUTO w;
		DEVICE_CASE c;
		zephyr_begin(&w, &zephyr_4_4, ZEPHYR_DWARF);
		put_switch_frame(&w, false, 0, false, cases[i].apsr, cases[i].pc);
		zephyr_object(&w, "arm_m_switch_stack_buffer", BUFFER, 4);
		zephyr_word(&w, BUFFER, buffer_size(cases[i].fpu_by_buffer, false));
		put_thread(&w, SP, 0);
		zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7EM);
		const struct fl_thread *t = zephyr_named(&c, "it");
		if (t->context != FL_CONTEXT_NONE || t->regs.known)
			fail_msg("%s", cases[i].name);
		assert_non_null(strstr(t->stop_text, "switch handle"));
	}
}

/* Stopped in the middle of an instruction: the stub stands for it. */
static void test_interrupted_instruction(void **state)
{
	(void)state;
	ZEPHYR_AUTO w;
	DEVICE_CASE c;
	const uint32_t ici = T | 0x0600fc00;
	zephyr_begin(&w, &zephyr_4_4, ZEPHYR_DWARF);
	put_switch_frame(&w, false, 0, false, T, ZEPHYR_STUB | 1);
	put_thread(&w, SP, 0);
	zephyr_word(&w, THREAD + zephyr_4_4.iciit_pc, ZEPHYR_WORKER + 6);
	zephyr_word(&w, THREAD + zephyr_4_4.iciit_pc + 4, ici);
	zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
	const struct fl_thread *t = zephyr_named(&c, "it");
	assert_int_equal(t->regs.value[FL_PC], ZEPHYR_WORKER + 6);
	assert_int_equal(t->regs.value[FL_XPSR], ici);
}

static void test_switch_thread_that_never_ran(void **state)
{
	(void)state;
	ZEPHYR_AUTO w;
	DEVICE_CASE c;
	zephyr_begin(&w, &zephyr_4_4, ZEPHYR_DWARF);
	put_switch_frame(&w, false, 0, false, T, ZEPHYR_THREAD_ENTRY | 1);
	zephyr_word(&w, SP + 4, ZEPHYR_WORKER | 1);
	put_thread(&w, SP, 0);
	zephyr_word(&w, THREAD + zephyr_4_4.entry, 0);
	zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
	const struct fl_thread *t = zephyr_named(&c, "it");
	assert_int_equal(t->regs.value[FL_PC], ZEPHYR_THREAD_ENTRY);
	assert_string_equal(t->entry, "worker_main");
}

/* The table leaves the switch handle out, and psp was never written. */
static void test_switch_without_debug_information(void **state)
{
	(void)state;
	ZEPHYR_AUTO w;
	DEVICE_CASE c;
	zephyr_begin(&w, &zephyr_4_4, ZEPHYR_TABLE);
	elf_symbol(&w.elf, "arm_m_new_stack", ZEPHYR_STUB + 0x80 + 1, 0x40, ELF_FUNC, 1);
	put_switch_frame(&w, false, 0, false, T, ZEPHYR_SWAP | 1);
	put_thread(&w, SP, 0);
	zephyr_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
	const struct fl_thread *t = zephyr_named(&c, "it");
	assert_int_equal(t->context, FL_CONTEXT_NONE);
	assert_non_null(strstr(t->stop_text, "without debug information"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_where_the_stack_goes_on),
		cmocka_unit_test(test_never_ran),
		cmocka_unit_test(test_no_frame),
		cmocka_unit_test(test_switch_frames),
		cmocka_unit_test(test_switch_frame_without_limit),
		cmocka_unit_test(test_switch_frame_that_not_one_layout_fits),
		cmocka_unit_test(test_switch_frame_that_is_none),
		cmocka_unit_test(test_interrupted_instruction),
		cmocka_unit_test(test_switch_thread_that_never_ran),
		cmocka_unit_test(test_switch_without_debug_information),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
