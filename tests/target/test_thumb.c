/* SPDX-License-Identifier: Apache-2.0 */
/* Half-words are what GNU as gives for the text beside them. */
#include "target/registers.h"
#include "target/thumb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { NO = FL_THUMB_NO_REGISTER };

static struct fl_thumb decode(uint16_t h1, uint16_t h2)
{
	uint16_t hw[2] = { h1, h2 };
	struct fl_thumb insn;
	assert_true(fl_thumb_decode(hw, 2, &insn));
	return insn;
}

static void test_accesses(void **state)
{
	static const struct {
		const char *text;
		uint16_t h1, h2;
		enum fl_thumb_kind kind;
		uint8_t base, index, shift, element;
		uint16_t size;
		int32_t offset;
		uint16_t registers;
		uint16_t writes;
		bool writeback, aligned, floating;
	} cases[] = {
		/* clang-format off */
		{ "str r3, [r2, #16]", 0x6113, 0, FL_THUMB_STORE, 2, NO, 0, 4, 4, 16, 1 << 3, 0, 0, 0, 0 },
		{ "ldrb r0, [r4, r5]", 0x5d60, 0, FL_THUMB_LOAD, 4, 5, 0, 1, 1, 0, 1, 1, 0, 0, 0 },
		{ "ldrh r1, [r0, #6]", 0x88c1, 0, FL_THUMB_LOAD, 0, NO, 0, 2, 2, 6, 2, 2, 0, 0, 0 },
		{ "ldr r0, [pc, #8]", 0x4802, 0, FL_THUMB_LOAD, 15, NO, 0, 4, 4, 8, 1, 1, 0, 0, 0 },
		{ "str r0, [sp, #12]", 0x9003, 0, FL_THUMB_STORE, 13, NO, 0, 4, 4, 12, 1, 0, 0, 0, 0 },
		{ "push {r4, r5, lr}", 0xb530, 0, FL_THUMB_STORE, 13, NO, 0, 4, 12, -12, 0x4030, 0x2000, 1, 1, 0 },
		{ "pop {r3, pc}", 0xbd08, 0, FL_THUMB_LOAD_PC, 13, NO, 0, 4, 8, 0, 0x8008, 0xa008, 1, 1, 0 },
		{ "ldmia.w r0, {r1, r2}", 0xe890, 0x0006, FL_THUMB_LOAD, 0, NO, 0, 4, 8, 0, 6, 6, 0, 1, 0 },
		{ "ldmia r1, {r1, r2}", 0xc906, 0, FL_THUMB_LOAD, 1, NO, 0, 4, 8, 0, 6, 6, 0, 1, 0 },
		{ "stmia r3!, {r0, r4}", 0xc311, 0, FL_THUMB_STORE, 3, NO, 0, 4, 8, 0, 0x11, 8, 1, 1, 0 },
		{ "ldr.w r9, [r8, #100]", 0xf8d8, 0x9064, FL_THUMB_LOAD, 8, NO, 0, 4, 4, 100, 0x200, 0x200, 0, 0, 0 },
		{ "str.w r1, [r2, #-4]", 0xf842, 0x1c04, FL_THUMB_STORE, 2, NO, 0, 4, 4, -4, 2, 0, 0, 0, 0 },
		{ "str.w r1, [r2], #4", 0xf842, 0x1b04, FL_THUMB_STORE, 2, NO, 0, 4, 4, 0, 2, 4, 1, 0, 0 },
		{ "str.w r1, [r2, #8]!", 0xf842, 0x1f08, FL_THUMB_STORE, 2, NO, 0, 4, 4, 8, 2, 4, 1, 0, 0 },
		{ "ldr.w r0, [r1, r2, lsl #2]", 0xf851, 0x0022, FL_THUMB_LOAD, 1, 2, 2, 4, 4, 0, 1, 1, 0, 0, 0 },
		{ "ldrsh.w r3, [r4, #200]", 0xf9b4, 0x30c8, FL_THUMB_LOAD, 4, NO, 0, 2, 2, 200, 8, 8, 0, 0, 0 },
		{ "ldrd r4, r5, [r0, #-16]", 0xe950, 0x4504, FL_THUMB_LOAD, 0, NO, 0, 4, 8, -16, 0x30, 0x30, 0, 1, 0 },
		{ "strd r0, r1, [sp, #-8]!", 0xe96d, 0x0102, FL_THUMB_STORE, 13, NO, 0, 4, 8, -8, 3, 0x2000, 1, 1, 0 },
		{ "push.w {r4-r11, lr}", 0xe92d, 0x4ff0, FL_THUMB_STORE, 13, NO, 0, 4, 36, -36, 0x4ff0, 0x2000, 1, 1, 0 },
		{ "pop.w {r4-r8, pc}", 0xe8bd, 0x81f0, FL_THUMB_LOAD_PC, 13, NO, 0, 4, 24, 0, 0x81f0, 0xa1f0, 1, 1, 0 },
		{ "ldmdb r6, {r0-r3}", 0xe916, 0x000f, FL_THUMB_LOAD, 6, NO, 0, 4, 16, -16, 15, 15, 0, 1, 0 },
		{ "ldrex r0, [r1, #8]", 0xe851, 0x0f02, FL_THUMB_LOAD, 1, NO, 0, 4, 4, 8, 1, 1, 0, 1, 0 },
		{ "strex r2, r0, [r1]", 0xe841, 0x0200, FL_THUMB_STORE, 1, NO, 0, 4, 4, 0, 1, 4, 0, 1, 0 },
		{ "ldrexh r0, [r1]", 0xe8d1, 0x0f5f, FL_THUMB_LOAD, 1, NO, 0, 2, 2, 0, 1, 1, 0, 1, 0 },
		{ "tbb [pc, r3]", 0xe8df, 0xf003, FL_THUMB_TABLE_BRANCH, 15, 3, 0, 1, 1, 0, 0x8000, 0x8000, 0, 0, 0 },
		{ "tbh [r4, r3, lsl #1]", 0xe8d4, 0xf013, FL_THUMB_TABLE_BRANCH, 4, 3, 1, 2, 2, 0, 0x8000, 0x8000, 0, 0, 0 },
		{ "vldr s0, [r3, #4]", 0xed93, 0x0a01, FL_THUMB_LOAD, 3, NO, 0, 4, 4, 4, 0, 0, 0, 1, 1 },
		{ "vstr s1, [r3, #-8]", 0xed43, 0x0a02, FL_THUMB_STORE, 3, NO, 0, 4, 4, -8, 0, 0, 0, 1, 1 },
		{ "vpush {s16-s19}", 0xed2d, 0x8a04, FL_THUMB_STORE, 13, NO, 0, 4, 16, -16, 0, 0x2000, 1, 1, 1 },
		{ "vpop {s16-s19}", 0xecbd, 0x8a04, FL_THUMB_LOAD, 13, NO, 0, 4, 16, 0, 0, 0x2000, 1, 1, 1 },
		{ "vldmia r0!, {s0-s1}", 0xecb0, 0x0a02, FL_THUMB_LOAD, 0, NO, 0, 4, 8, 0, 0, 1, 1, 1, 1 },
		{ "ldr.w pc, [r0, r1, lsl #2]", 0xf850, 0xf021, FL_THUMB_LOAD_PC, 0, 1, 2, 4, 4, 0, 0x8000, 0x8000, 0, 0, 0 },
		{ "ldr.w r0, [pc, #-20]", 0xf85f, 0x0014, FL_THUMB_LOAD, 15, NO, 0, 4, 4, -20, 1, 1, 0, 0, 0 },
		{ "lda r0, [r1]", 0xe8d1, 0x0faf, FL_THUMB_LOAD, 1, NO, 0, 4, 4, 0, 1, 1, 0, 1, 0 },
		{ "stlh r0, [r1]", 0xe8c1, 0x0f9f, FL_THUMB_STORE, 1, NO, 0, 2, 2, 0, 1, 0, 0, 1, 0 },
		/* clang-format on */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_thumb insn = decode(cases[i].h1, cases[i].h2);
		print_message("%s\n", cases[i].text);
		assert_true(fl_thumb_accesses(&insn));
		assert_int_equal(insn.kind, cases[i].kind);
		assert_int_equal(insn.length, cases[i].h2 ? 4 : 2);
		assert_int_equal(insn.writes, cases[i].writes);
		assert_int_equal(insn.access.base, cases[i].base);
		assert_int_equal(insn.access.index, cases[i].index);
		assert_int_equal(insn.access.shift, cases[i].shift);
		assert_int_equal(insn.access.element, cases[i].element);
		assert_int_equal(insn.access.size, cases[i].size);
		assert_int_equal(insn.access.offset, cases[i].offset);
		assert_int_equal(insn.access.registers, cases[i].registers);
		assert_int_equal(insn.access.writeback, cases[i].writeback);
		assert_int_equal(insn.access.aligned, cases[i].aligned);
		assert_int_equal(insn.access.floating, cases[i].floating);
	}
}

static void test_others(void **state)
{
	static const struct {
		const char *text;
		uint16_t h1, h2;
		enum fl_thumb_kind kind;
		uint8_t rd, rn, rm;
		uint32_t imm;
		uint16_t writes;
	} cases[] = {
		{ "sdiv r3, r1, r0", 0xfb91, 0xf3f0, FL_THUMB_DIVIDE, 3, 1, 0, 0, 8 },
		{ "udiv r0, r0, ip", 0xfbb0, 0xf0fc, FL_THUMB_DIVIDE, 0, 0, 12, 0, 1 },
		{ "movs r2, #255", 0x22ff, 0, FL_THUMB_MOVE_IMM, 2, NO, NO, 255, 4 },
		{ "mov.w r0, #8", 0xf04f, 0x0008, FL_THUMB_MOVE_IMM, 0, NO, NO, 8, 1 },
		{ "mov.w r0, #0x12000000", 0xf04f, 0x5090, FL_THUMB_MOVE_IMM, 0, NO, NO, 0x12000000,
		  1 },
		{ "mov.w r0, #0xff00ff00", 0xf04f, 0x20ff, FL_THUMB_MOVE_IMM, 0, NO, NO, 0xff00ff00,
		  1 },
		{ "movw r0, #48879", 0xf64b, 0x60ef, FL_THUMB_MOVE_IMM, 0, NO, NO, 0xbeef, 1 },
		{ "movt r0, #57005", 0xf6cd, 0x60ad, FL_THUMB_MOVE_TOP, 0, NO, NO, 0xdead, 1 },
		{ "mov r4, r0", 0x4604, 0, FL_THUMB_MOVE_REG, 4, NO, 0, 0, 0x10 },
		{ "movs r0, r5", 0x0028, 0, FL_THUMB_MOVE_REG, 0, NO, 5, 0, 1 },
		{ "mov.w r8, r9", 0xea4f, 0x0809, FL_THUMB_MOVE_REG, 8, NO, 9, 0, 0x100 },
		{ "blx r3", 0x4798, 0, FL_THUMB_CALL_REG, NO, NO, 3, 0, 0xd00f },
		{ "blxns r4", 0x47a4, 0, FL_THUMB_CALL_REG, NO, NO, 4, 0, 0xd00f },
		{ "bx lr", 0x4770, 0, FL_THUMB_BRANCH_REG, NO, NO, 14, 0, 0x8000 },
		{ "mov pc, r0", 0x4687, 0, FL_THUMB_BRANCH_REG, 15, NO, 0, 0, 0x8000 },
		{ "udf #77", 0xde4d, 0, FL_THUMB_UDF, NO, NO, NO, 77, 0 },
		{ "udf.w #4660", 0xf7f1, 0xa234, FL_THUMB_UDF, NO, NO, NO, 4660, 0 },
		{ "bkpt 0x00ab", 0xbeab, 0, FL_THUMB_BKPT, NO, NO, NO, 0xab, 0 },
		{ "svc 7", 0xdf07, 0, FL_THUMB_SVC, NO, NO, NO, 7, 15 },
		{ "vadd.f32 s0, s1, s2", 0xee30, 0x0a81, FL_THUMB_FP, NO, NO, NO, 0, 0 },
		{ "vmov r0, s0", 0xee10, 0x0a10, FL_THUMB_FP, NO, NO, NO, 0, 1 },
		{ "cmp r0, r1", 0x4288, 0, FL_THUMB_OTHER, NO, NO, NO, 0, 0 },
		{ "tt r2, r3", 0xe843, 0xf200, FL_THUMB_OTHER, NO, NO, NO, 0, 4 },
		{ "pld [r0, #4]", 0xf890, 0xf004, FL_THUMB_OTHER, NO, NO, NO, 0, 0 },
		{ "sg", 0xe97f, 0xe97f, FL_THUMB_OTHER, NO, NO, NO, 0, 0 },
		{ "it eq", 0xbf08, 0, FL_THUMB_IT, NO, NO, NO, 1, 0 },
		{ "ittee ne", 0xbf17, 0, FL_THUMB_IT, NO, NO, NO, 4, 0 },
		{ "nop", 0xbf00, 0, FL_THUMB_OTHER, NO, NO, NO, 0, 0 },
		{ "dmb sy", 0xf3bf, 0x8f5f, FL_THUMB_OTHER, NO, NO, NO, 0, 0 },
		{ "mrs r3, primask", 0xf3ef, 0x8310, FL_THUMB_OTHER, NO, NO, NO, 0, 8 },
		{ "cmp.w r3, #256", 0xf5b3, 0x7f80, FL_THUMB_OTHER, NO, NO, NO, 0, 0 },
		{ "umull r0, r1, r2, r3", 0xfba2, 0x0103, FL_THUMB_OTHER, NO, NO, NO, 0, 3 },
		{ "no encoding", 0xf900, 0x1000, FL_THUMB_OTHER, NO, NO, NO, 0, 0x7fff },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_thumb insn = decode(cases[i].h1, cases[i].h2);
		print_message("%s\n", cases[i].text);
		assert_false(fl_thumb_accesses(&insn));
		assert_int_equal(insn.kind, cases[i].kind);
		assert_int_equal(insn.rd, cases[i].rd);
		assert_int_equal(insn.rn, cases[i].rn);
		assert_int_equal(insn.rm, cases[i].rm);
		assert_int_equal(insn.imm, cases[i].imm);
		assert_int_equal(insn.writes, cases[i].writes);
	}
}

static void test_targets(void **state)
{
	static const struct {
		const char *text; /* `.` is the instruction itself */
		uint16_t h1, h2;
		enum fl_thumb_kind kind;
		int32_t target;
		bool conditional;
	} cases[] = {
		{ "b .", 0xe7fe, 0, FL_THUMB_BRANCH, -4, false },
		{ "bne .+8", 0xd102, 0, FL_THUMB_BRANCH, 4, true },
		{ "cbz r0, .+70", 0xb308, 0, FL_THUMB_BRANCH, 66, true },
		{ "b.w .+0x100000", 0xf0ff, 0xbffe, FL_THUMB_BRANCH, 0xffffc, false },
		{ "bne.w .-0x1000", 0xf47e, 0xaffe, FL_THUMB_BRANCH, -0x1004, true },
		{ "bl .-0x800000", 0xf7ff, 0xdffe, FL_THUMB_CALL, -0x800004, false },
		{ "bl .+0x1234", 0xf001, 0xf918, FL_THUMB_CALL, 0x1230, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_thumb insn = decode(cases[i].h1, cases[i].h2);
		print_message("%s\n", cases[i].text);
		assert_int_equal(insn.kind, cases[i].kind);
		assert_int_equal(insn.target, cases[i].target);
		assert_int_equal(insn.conditional, cases[i].conditional);
	}
}

static void test_calls(void **state)
{
	static const struct {
		const char *text;
		uint16_t minus4, minus2;
		unsigned size;
	} cases[] = {
		{ "bl", 0xf001, 0xf918, 4 },
		{ "bl backwards", 0xf7ff, 0xfffe, 4 },
		{ "blx r3", 0x0000, 0x4798, 2 },
		{ "blxns r4", 0x0000, 0x47a4, 2 },
		{ "nop; blx lr", 0xbf00, 0x47f0, 2 },
		{ "bx lr", 0xbf00, 0x4770, 0 },
		{ "b.w", 0xf0ff, 0xbffe, 0 },
		{ "nop; nop", 0xbf00, 0xbf00, 0 },
		{ "bne.w", 0xf47e, 0xaffe, 0 },
		{ "second half of bl only", 0xbf00, 0xf918, 0 },
		{ "blx to Arm, not on this profile", 0xf001, 0xe918, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("%s\n", cases[i].text);
		assert_int_equal(fl_thumb_call_size(cases[i].minus4, cases[i].minus2),
				 cases[i].size);
		assert_int_equal(fl_thumb_call_before(cases[i].minus4, cases[i].minus2),
				 cases[i].size != 0);
	}
	const uint16_t blx[] = { 0x4798 };
	const uint16_t bl[] = { 0xf001, 0xf918 };
	assert_true(fl_thumb_is_call(blx, 1));
	assert_true(fl_thumb_is_call(bl, 2));
	assert_false(fl_thumb_is_call(bl, 1));
	assert_false(fl_thumb_is_call(bl, 0));
}

static void test_short_input_is_refused(void **state)
{
	const uint16_t wide[] = { 0xf8d8 };
	struct fl_thumb insn;
	(void)state;
	assert_false(fl_thumb_decode(wide, 0, &insn));
	assert_false(fl_thumb_decode(wide, 1, &insn));
}

static void check(uint16_t h1, uint16_t h2)
{
	struct fl_thumb insn = decode(h1, h2);
	uint16_t hw[2] = { h1, h2 };
	assert_int_equal(insn.length, fl_thumb_length(h1));
	bool call = insn.kind == FL_THUMB_CALL || insn.kind == FL_THUMB_CALL_REG;
	assert_int_equal(call, fl_thumb_is_call(hw, 2));
	if (!fl_thumb_accesses(&insn))
		return;
	assert_true(insn.access.base < FL_CORE_REGISTERS);
	assert_true(insn.access.index < FL_CORE_REGISTERS || insn.access.index == NO);
	assert_true(insn.access.writeback == false || insn.writes >> insn.access.base & 1);
}

/* What the callers index with is in range for every encoding. */
static void test_every_encoding_is_in_range(void **state)
{
	(void)state;
	for (uint32_t h1 = 0; h1 <= UINT16_MAX; h1++) {
		if (fl_thumb_length((uint16_t)h1) == 2) {
			check((uint16_t)h1, 0xffff);
			continue;
		}
		for (uint32_t h2 = h1 % 61; h2 <= UINT16_MAX; h2 += 61)
			check((uint16_t)h1, (uint16_t)h2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accesses),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_short_input_is_refused),
		cmocka_unit_test(test_every_encoding_is_in_range),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
