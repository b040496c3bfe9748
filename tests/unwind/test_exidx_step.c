/* SPDX-License-Identifier: Apache-2.0 */
/* EHABI opcodes, one by one and together. */
#include "support/cmocka.h"
#include "support/target_memory.h"
#include "unwind/exidx.h"

#include <stdlib.h>
#include <string.h>

enum { SP = 0x20001000, WORDS = 512 };

/* The word at SP + 4 * n is 0x1000 + n: odd n is what a return address looks like. */
static struct fl_step run(const uint8_t *opcodes, size_t count, bool exact)
{
	TARGET_MEMORY memory = { 0 };
	uint32_t words[WORDS];
	struct fl_cursor cursor = { .exact = exact };
	struct fl_step step;
	uint8_t *copy = malloc(count ? count : 1);
	assert_non_null(copy);
	memcpy(copy, opcodes, count);
	for (uint32_t i = 0; i < WORDS; i++)
		words[i] = 0x1000 + i;
	target_words(&memory, SP, words, WORDS);
	for (int reg = 0; reg < FL_SP; reg++)
		fl_reg_set(&cursor.regs, (enum fl_register)reg, 0x100 + (uint32_t)reg);
	fl_reg_set(&cursor.regs, FL_R7, SP + 64);
	fl_reg_set(&cursor.regs, FL_SP, SP);
	fl_reg_set(&cursor.regs, FL_LR, 0x8001);
	fl_exidx_step(copy, count, &memory.view, &cursor, &step);
	free(copy);
	return step;
}

#define BYTES(...) { __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

static void test_opcodes(void **state)
{
	/* Most end in 84 00, which pops r14 alone: so the return address tells where vsp was. */
	static const struct {
		const char *name;
		uint8_t bytes[16];
		size_t size;
		uint32_t pushed; /* CFA - SP */
		uint32_t return_addr;
		uint32_t r4;
	} cases[] = {
		{ "pop {r14}", BYTES(0x84, 0x00), 4, 0x1000, 0x104 },
		{ "vsp += 4", BYTES(0x00, 0x84, 0x00), 8, 0x1001, 0x104 },
		{ "vsp += 0x100", BYTES(0x3f, 0x84, 0x00), 0x104, 0x1040, 0x104 },
		{ "vsp -= 4", BYTES(0x01, 0x40, 0x84, 0x00), 8, 0x1001, 0x104 },
		{ "pop {r4, pc}", BYTES(0x88, 0x01), 8, 0x1001, 0x1000 },
		{ "pop {r4-r11, r14}", BYTES(0x84, 0xff), 36, 0x1008, 0x1000 },
		{ "vsp = r7", BYTES(0x97, 0x84, 0x00), 68, 0x1010, 0x104 },
		{ "pop r4-r6, r14", BYTES(0xaa), 16, 0x1003, 0x1000 },
		{ "pop r4-r11, r14", BYTES(0xaf), 36, 0x1008, 0x1000 },
		{ "pop r4, then r14", BYTES(0xa0, 0x84, 0x00), 8, 0x1001, 0x1000 },
		{ "finish", BYTES(0x84, 0x00, 0xb0, 0x00), 4, 0x1000, 0x104 },
		{ "pop {r0, r3}", BYTES(0xb1, 0x09, 0x84, 0x00), 12, 0x1002, 0x104 },
		{ "large", BYTES(0xb2, 0x01, 0x84, 0x00), 0x20c, 0x1082, 0x104 },
		{ "FSTMX d8-d9", BYTES(0xb3, 0x81, 0x84, 0x00), 24, 0x1005, 0x104 },
		{ "authentication code", BYTES(0xb4, 0x84, 0x00), 8, 0x1001, 0x104 },
		{ "its modifier", BYTES(0xb5, 0x84, 0x00), 4, 0x1000, 0x104 },
		{ "FSTMX d8-d10", BYTES(0xba, 0x84, 0x00), 32, 0x1007, 0x104 },
		{ "VPUSH d16-d17", BYTES(0xc8, 0x01, 0x84, 0x00), 20, 0x1004, 0x104 },
		{ "VPUSH d0-d3", BYTES(0xc9, 0x03, 0x84, 0x00), 36, 0x1008, 0x104 },
		{ "VPUSH d8-d9", BYTES(0xd1, 0x84, 0x00), 20, 0x1004, 0x104 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_step step = run(cases[i].bytes, cases[i].size, false);
		if (step.status != FL_STEP_FOUND || step.return_addr != cases[i].return_addr ||
		    step.cfa != SP + cases[i].pushed)
			print_error("%s: status %d return %x pushed %x\n", cases[i].name,
				    step.status, step.return_addr, step.cfa - SP);
		assert_int_equal(step.status, FL_STEP_FOUND);
		assert_int_equal(step.trust, FL_TRUST_EXIDX);
		assert_int_equal(step.return_addr, cases[i].return_addr);
		assert_int_equal(step.cfa, SP + cases[i].pushed);
		assert_int_equal(step.regs.value[FL_SP], SP + cases[i].pushed);
		assert_int_equal(step.regs.value[FL_R4], cases[i].r4);
		assert_int_equal(step.regs.known & 0x500f, 0);
		assert_false(step.from_lr);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *name;
		uint8_t bytes[8];
		size_t size;
	} cases[] = {
		{ "refuse to unwind", BYTES(0x80, 0x00) },
		{ "vsp = r13", BYTES(0x9d) },
		{ "vsp = r15", BYTES(0x9f) },
		{ "vsp = r0, not known", BYTES(0x90) },
		{ "no register", BYTES(0xb1, 0x00) },
		{ "spare register", BYTES(0xb1, 0x10) },
		{ "spare b6", BYTES(0xb6) },
		{ "spare b7", BYTES(0xb7) },
		{ "WMMX", BYTES(0xc0) },
		{ "WMMX list", BYTES(0xc6, 0x00) },
		{ "WMMX control", BYTES(0xc7, 0x01) },
		{ "spare ca", BYTES(0xca) },
		{ "spare d8", BYTES(0xd8) },
		{ "spare e0", BYTES(0xe0) },
		{ "spare ff", BYTES(0xff) },
		{ "cut", BYTES(0x84) },
		{ "LEB128 without end", BYTES(0xb2, 0x80, 0x80, 0x80) },
		{ "popped SP not captured", BYTES(0xb2, 0xff, 0xff, 0x7f, 0x82, 0x00) },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_step step = run(cases[i].bytes, cases[i].size, false);
		if (step.status != FL_STEP_NONE)
			print_error("%s\n", cases[i].name);
		assert_int_equal(step.status, FL_STEP_NONE);
	}
}

/* r13 in the list takes effect after the whole instruction: r14 comes from the old stack. */
static void test_popped_sp(void **state)
{
	static const uint8_t opcodes[] = { 0x86, 0x00 };
	struct fl_step step = run(opcodes, sizeof(opcodes), false);
	(void)state;
	assert_int_equal(step.status, FL_STEP_FOUND);
	assert_int_equal(step.return_addr, 0x1001);
	assert_int_equal(step.cfa, 0x1000);
}

/* "pc = lr" where no opcode popped it: only where execution stands is LR the function's own. */
static void test_lr_stays(void **state)
{
	static const uint8_t opcodes[] = { 0x01, 0xb0 };
	struct fl_step step = run(opcodes, sizeof(opcodes), true);
	(void)state;
	assert_int_equal(step.status, FL_STEP_FOUND);
	assert_int_equal(step.return_addr, 0x8001);
	assert_true(step.from_lr);
	assert_int_equal(step.cfa, SP + 8);
	assert_int_equal(run(opcodes, sizeof(opcodes), false).status, FL_STEP_NONE);
	assert_int_equal(run(opcodes, 0, true).return_addr, 0x8001);
}

static void test_return_slot_not_captured(void **state)
{
	static const uint8_t opcodes[] = { 0xb2, 0xff, 0x02, 0x84, 0x00 };
	struct fl_step step = run(opcodes, sizeof(opcodes), false);
	(void)state;
	assert_int_equal(step.status, FL_STEP_MISSING);
	assert_int_equal(step.missing_addr, SP + 0x204 + 4 * 0x17f);
}

/* 255 words of opcodes are the most a table holds; libunwind 1.6 overruns its stack there. */
static void test_many_opcodes(void **state)
{
	uint8_t opcodes[1024];
	(void)state;
	memset(opcodes, 0x3f, sizeof(opcodes));
	struct fl_step step = run(opcodes, sizeof(opcodes), true);
	assert_int_equal(step.cfa, SP + 1024 * 0x100);
}

static void test_every_truncation(void **state)
{
	static const uint8_t opcodes[] = { 0x01, 0x88, 0xff, 0x97, 0xb1, 0x0f, 0xb2,
					   0x81, 0x01, 0xb3, 0x81, 0xc9, 0x03, 0xaf };
	(void)state;
	for (size_t n = 0; n <= sizeof(opcodes); n++)
		(void)run(opcodes, n, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opcodes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_popped_sp),
		cmocka_unit_test(test_lr_stays),
		cmocka_unit_test(test_return_slot_not_captured),
		cmocka_unit_test(test_many_opcodes),
		cmocka_unit_test(test_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
