/* SPDX-License-Identifier: Apache-2.0 */
#include "target/exc_return.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* Values and meanings: Arm DDI 0403E table B1-8, Arm DDI 0553 B3.22 and CMSIS core_cm33.h. */
static void test_values(void **state)
{
	static const struct {
		uint32_t value;
		bool v7, v8;
		bool secure, default_callee, extended, thread, psp, to_secure;
	} cases[] = {
		{ 0xfffffff1, true, true, true, true, false, false, false, true },
		{ 0xfffffff9, true, true, true, true, false, true, false, true },
		{ 0xfffffffd, true, true, true, true, false, true, true, true },
		{ 0xffffffe1, true, true, true, true, true, false, false, true },
		{ 0xffffffe9, true, true, true, true, true, true, false, true },
		{ 0xffffffed, true, true, true, true, true, true, true, true },
		{ 0xffffffb0, false, true, false, true, false, false, false, false },
		{ 0xffffffb8, false, true, false, true, false, true, false, false },
		{ 0xffffffbc, false, true, false, true, false, true, true, false },
		{ 0xffffffac, false, true, false, true, true, true, true, false },
		{ 0xffffffbd, false, true, false, true, false, true, true, true },
		{ 0xffffffdd, false, true, true, false, false, true, true, true },
		{ 0xfffffff5, false, true, true, true, false, false, true, true },
		{ 0xffffffff, false, false, 0, 0, 0, 0, 0, 0 }, /* LR after reset */
		{ 0xfffffffe, false, false, 0, 0, 0, 0, 0, 0 }, /* lockup */
		{ 0xfeffffff, false, false, 0, 0, 0, 0, 0, 0 }, /* FNC_RETURN */
		{ 0xffffff7d, false, false, 0, 0, 0, 0, 0, 0 },
		{ 0xff7ffffd, false, false, 0, 0, 0, 0, 0, 0 },
		{ 0x08000101, false, false, 0, 0, 0, 0, 0, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t value = cases[i].value;
		print_message("0x%08x\n", (unsigned)value);
		assert_int_equal(fl_is_exc_return(value, FL_ARCH_V6M), cases[i].v7);
		assert_int_equal(fl_is_exc_return(value, FL_ARCH_V7M), cases[i].v7);
		assert_int_equal(fl_is_exc_return(value, FL_ARCH_V7EM), cases[i].v7);
		assert_int_equal(fl_is_exc_return(value, FL_ARCH_V8M_BASE), cases[i].v8);
		assert_int_equal(fl_is_exc_return(value, FL_ARCH_V8M_MAIN), cases[i].v8);
		assert_int_equal(fl_is_exc_return(value, FL_ARCH_UNKNOWN), cases[i].v8);
		if (!cases[i].v8)
			continue;
		struct fl_exc_return got = fl_exc_return_decode(value);
		assert_int_equal(got.secure_stack, cases[i].secure);
		assert_int_equal(got.default_callee, cases[i].default_callee);
		assert_int_equal(got.extended, cases[i].extended);
		assert_int_equal(got.to_thread, cases[i].thread);
		assert_int_equal(got.psp, cases[i].psp);
		assert_int_equal(got.to_secure, cases[i].to_secure);
	}
}

static void test_special_values(void **state)
{
	(void)state;
	assert_true(fl_is_fnc_return(0xfeffffff));
	assert_true(fl_is_fnc_return(0xfefffffe));
	assert_false(fl_is_fnc_return(0xfefffffd));
	assert_true(fl_is_lockup(0xfffffffe));
	assert_true(fl_is_lockup(0xeffffffe));
	assert_false(fl_is_lockup(0xffffffff));
	assert_int_equal(fl_exception_frame_size(false), 0x20);
	assert_int_equal(fl_exception_frame_size(true), 0x68);
}

static void test_exception_names(void **state)
{
	static const struct {
		uint16_t number;
		const char *name;
	} cases[] = {
		{ 0, "Thread" },     { 1, "Reset" },         { 2, "NMI" },
		{ 3, "HardFault" },  { 4, "MemManage" },     { 5, "BusFault" },
		{ 6, "UsageFault" }, { 7, "SecureFault" },   { 8, "exception 8" },
		{ 11, "SVCall" },    { 12, "DebugMonitor" }, { 13, "exception 13" },
		{ 14, "PendSV" },    { 15, "SysTick" },      { 16, "IRQ 0" },
		{ 511, "IRQ 495" },  { 65535, "IRQ 65519" },
	};
	char buf[16];
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(fl_exception_name(cases[i].number, buf), cases[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_special_values),
		cmocka_unit_test(test_exception_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
