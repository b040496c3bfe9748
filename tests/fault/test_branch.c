/* SPDX-License-Identifier: Apache-2.0 */
/* pc where no code is, and who sent it there. */
#include "fault/case.h"
#include "support/elf_writer.h"

#include <faultline/symbols.h>

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

static void begin_row(struct fault_case *c, const struct row *row)
{
	const uint16_t call[2] = { row->minus4, row->minus2 };
	case_begin(c, row->arch, (uint32_t)row->reason);
	case_fault(c, row->cfsr, 0, 0, 0);
	case_memory(c, 0x08000200, call, sizeof(call));
	fl_reg_set(&c->regs, FL_PC, row->pc);
	fl_reg_set(&c->regs, FL_LR, row->lr);
	fl_reg_set(&c->regs, FL_XPSR, row->xpsr);
	fl_reg_set(&c->regs, FL_R3, row->r3);
	fl_reg_set(&c->regs, FL_SP, 0x20004000);
	print_message("%s\n", row->name);
}

static void decide_row(struct fault_case *c, const struct row *row)
{
	case_decide(c);
	assert_string_equal(c->cause.title, row->title);
	assert_string_equal(c->cause.category, row->category);
	assert_int_equal(c->cause.confidence, row->confidence);
	assert_true(c->cause.has_address);
	assert_int_equal(c->cause.address, row->pc);
	if (row->evidence && !case_says(c, row->evidence))
		fail_msg("no evidence: %s", row->evidence);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fault_case c;
		begin_row(&c, &rows[i]);
		decide_row(&c, &rows[i]);
		assert_int_equal(c.cause.random_frame, !strcmp(rows[i].category, "Bad Jump"));
		case_end(&c);
	}
}

/* --- code that could not be executed all the same (Arm DDI 0403E, B1.5.14) --- */

enum { CODE = 0x08000200, CODE_SIZE = 0x200 };

/* clang-format off */
static const struct row code_rows[] = {
	{ "even pointer to a function", FL_ARCH_V7M, USAGE, 0x00020000, 0x08000300, 0x60000000, 0x08000205, 0x08000300, 0xbf00, 0x4798,
	  "Bad Jump", "jump to 0x08000300 without the Thumb bit", FL_CERTAIN, "the call at 0x08000202 goes through r3, which is 0x08000300" },
	{ "the same without fault registers", FL_ARCH_V6M, HARD, 0, 0x08000300, 0x60000000, 0x08000205, 0x08000300, 0xbf00, 0x4798,
	  "Bad Jump", "jump to 0x08000300 without the Thumb bit", FL_LIKELY, "xPSR.T is clear" },
	{ "the same, not by a pointer", FL_ARCH_V6M, HARD, 0, 0x08000300, 0x60000000, 0x08000205, 0, 0xf001, 0xf918,
	  "Bad Jump", "jump to 0x08000300 without the Thumb bit", FL_LIKELY, "in what was called there" },
	{ "damaged exception frame", FL_ARCH_V7M, USAGE, 0x00020000, 0x08000300, 0x61000000, 0x08000205, 0, 0xbf00, 0x4798,
	  "Usage Fault", "invalid execution state at 0x08000300, as after a damaged exception frame", FL_LIKELY, NULL },
	{ "flash that fails", FL_ARCH_V7M, BUS, 0x0100, 0x08000300, 0x61000000, 0x08000205, 0, 0xbf00, 0x4798,
	  "Bus Fault", "instruction fetch from 0x08000300, where the bus gave an error", FL_CERTAIN, NULL },
	{ "flash that is protected", FL_ARCH_V7M, MEM, 0x01, 0x08000300, 0x61000000, 0x08000205, 0, 0xbf00, 0x4798,
	  "MPU Violation", "instruction fetch from 0x08000300, which the MPU forbids", FL_CERTAIN, NULL },
};
/* clang-format on */

static struct fl_symbols *open_code(struct fl_symbol_view *view)
{
	ELF_AUTO w = { 0 };
	struct fl_symbols *symbols = NULL;
	elf_code(&w, ".text", CODE, CODE_SIZE);
	elf_end(&w);
	assert_int_equal(fl_symbols_open(w.file.data, w.file.size, "fw.elf", &symbols, NULL),
			 FL_OK);
	assert_true(fl_view_add(view, symbols));
	return symbols;
}

/* The frame is not one that chance made: the code is there. */
static void test_code(void **state)
{
	struct fl_symbol_view view = { 0 };
	struct fl_symbols *symbols = open_code(&view);
	(void)state;
	for (size_t i = 0; i < sizeof(code_rows) / sizeof(code_rows[0]); i++) {
		struct fault_case c;
		begin_row(&c, &code_rows[i]);
		c.in.symbols = &view;
		decide_row(&c, &code_rows[i]);
		assert_false(c.cause.random_frame);
		case_end(&c);
	}
	fl_symbols_close(symbols);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_code),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
