/* SPDX-License-Identifier: Apache-2.0 */
/* pc where no code is, and who sent it there. */
#include "fault/case.h"

enum { BUS = 0x9100, MEM = 0x9200, USAGE = 0x9300, HARD = 0x9400 };

struct row {
	const char *name;
	enum fl_arch arch;
	int reason;
	uint32_t cfsr;
	uint32_t pc, xpsr, lr, r3;
	uint16_t minus4, minus2; /* before the return address in LR */
	const char *category, *title;
	enum fl_confidence confidence;
	const char *evidence;
};

/* clang-format off */
static const struct row rows[] = {
	{ "null call, unprotected", FL_ARCH_V7M, USAGE, 0x00020000, 0, 0x60000000, 0x08000205, 0, 0xbf00, 0x4798,
	  "Null Pointer", "call of a null function pointer", FL_CERTAIN, "the call at 0x08000202 goes through r3, which is 0x00000000" },
	{ "null call, protected", FL_ARCH_V7M, MEM, 0x01, 0, 0x60000000, 0x08000205, 0, 0xbf00, 0x4798,
	  "Null Pointer", "call of a null function pointer", FL_CERTAIN, NULL },
	{ "member of a null table", FL_ARCH_V7M, USAGE, 0x00020000, 0x10, 0x60000000, 0x08000205, 0x10, 0xbf00, 0x4798,
	  "Null Pointer", "call of a null function pointer plus 16", FL_CERTAIN, NULL },
	{ "return to null", FL_ARCH_V7M, USAGE, 0x00020000, 0, 0x60000000, 0x08000205, 0, 0xf001, 0xf918,
	  "Null Pointer", "call of a null function pointer, or return to a null address", FL_LIKELY, "in what was called there" },
	{ "bad jump", FL_ARCH_V7M, USAGE, 0x00020000, 0x0badcafc, 0x60000000, 0x08000205, 0x0badcafc, 0xbf00, 0x4798,
	  "Bad Jump", "jump to 0x0badcafc, which cannot be executed", FL_CERTAIN, "goes through r3, which is 0x0badcafc" },
	{ "fetch from nowhere", FL_ARCH_V7M, BUS, 0x0100, 0x90000000, 0x01000000, 0x08000205, 0x90000001, 0xf001, 0xf918,
	  "Bad Jump", "jump to 0x90000000, which cannot be executed", FL_CERTAIN, "r3 holds 0x90000001" },
	{ "fill pattern", FL_ARCH_V7M, USAGE, 0x00020000, 0xa5a5a5a4, 0x60000000, 0xa5a5a5a5, 0, 0, 0,
	  "Bad Jump", "jump to 0xa5a5a5a4, which cannot be executed", FL_CERTAIN, "LR does not tell who jumped" },
	{ "even target that QEMU calls misaligned", FL_ARCH_V7M, USAGE, 0x01000000, 0x0badcafe, 0x60000000, 0x08000205, 0, 0, 0,
	  "Bad Jump", "jump to 0x0badcafe, which cannot be executed", FL_CERTAIN, "UNALIGNED" },
	{ "no fault registers", FL_ARCH_V6M, HARD, 0, 0x0badcafc, 0x60000000, 0x08000205, 0x0badcafc, 0xbf00, 0x4798,
	  "Bad Jump", "jump to 0x0badcafc, which cannot be executed", FL_LIKELY, "no fault status registers" },
	{ "no fault registers, null", FL_ARCH_V6M, HARD, 0, 0, 0x60000000, 0x08000205, 0, 0xbf00, 0x4798,
	  "Null Pointer", "call of a null function pointer", FL_LIKELY, NULL },
	{ "exception return in LR", FL_ARCH_V7M, USAGE, 0x00020000, 0x0badcafc, 0x60000003, 0xfffffff9, 0, 0, 0,
	  "Bad Jump", "jump to 0x0badcafc, which cannot be executed", FL_CERTAIN, "does not tell" },
};
/* clang-format on */

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct fault_case c;
		uint16_t call[2] = { row->minus4, row->minus2 };
		case_begin(&c, row->arch, (uint32_t)row->reason);
		case_fault(&c, row->cfsr, 0, 0, 0);
		case_memory(&c, 0x08000200, call, sizeof(call));
		fl_reg_set(&c.regs, FL_PC, row->pc);
		fl_reg_set(&c.regs, FL_LR, row->lr);
		fl_reg_set(&c.regs, FL_XPSR, row->xpsr);
		fl_reg_set(&c.regs, FL_R3, row->r3);
		fl_reg_set(&c.regs, FL_SP, 0x20004000);
		print_message("%s\n", row->name);
		case_decide(&c);
		assert_string_equal(c.cause.title, row->title);
		assert_string_equal(c.cause.category, row->category);
		assert_int_equal(c.cause.confidence, row->confidence);
		assert_true(c.cause.has_address);
		assert_int_equal(c.cause.address, row->pc);
		assert_int_equal(c.cause.random_frame, !strcmp(row->category, "Bad Jump"));
		if (row->evidence && !case_says(&c, row->evidence))
			fail_msg("no evidence: %s", row->evidence);
		case_end(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
