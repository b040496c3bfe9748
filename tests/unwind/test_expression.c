/* SPDX-License-Identifier: Apache-2.0 */
/* DWARF expressions on the bounded stack machine. */
#include "base/limits.h"
#include "support/cmocka.h"
#include "support/target_memory.h"
#include "unwind/expression.h"

#include <stdlib.h>
#include <string.h>

enum { STACK = 0x20001000, CFA = 0x20002000 };

static struct fl_registers registers(void)
{
	struct fl_registers regs = { 0 };
	fl_reg_set(&regs, FL_SP, STACK);
	fl_reg_set(&regs, FL_R7, STACK + 8);
	fl_reg_set(&regs, FL_R0, 0x80000000);
	return regs;
}

static enum fl_eval run(const uint8_t *bytes, size_t size, uint32_t *ret)
{
	TARGET_MEMORY memory = { 0 };
	TARGET_WORDS(&memory, STACK, 0x11223344, 0xfffffff0, 0x55667788);
	struct fl_registers regs = registers();
	uint8_t *copy = malloc(size ? size : 1);
	assert_non_null(copy);
	memcpy(copy, bytes, size);
	const struct fl_expression expression = { copy, size };
	const uint32_t cfa = CFA;
	enum fl_eval eval = fl_expression_run(&expression, &regs, &memory.view, &cfa, ret);
	free(copy);
	return eval;
}

#define BYTES(...) { __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

static void test_operations(void **state)
{
	static const struct {
		const char *name;
		uint8_t bytes[24];
		size_t size;
		uint32_t value;
	} cases[] = {
		{ "nothing but the CFA", BYTES(0x96), CFA },
		{ "addr", BYTES(0x03, 0x78, 0x56, 0x34, 0x12), 0x12345678 },
		{ "breg13, deref", BYTES(0x7d, 4, 0x06), 0xfffffff0 },
		{ "breg7 negative", BYTES(0x77, 0x78), STACK },
		{ "bregx", BYTES(0x92, 13, 0x7c), STACK - 4 },
		{ "deref_size 1", BYTES(0x7d, 1, 0x94, 1), 0x33 },
		{ "deref_size 2", BYTES(0x7d, 2, 0x94, 2), 0x1122 },
		{ "deref_size 4", BYTES(0x7d, 0, 0x94, 4), 0x11223344 },
		{ "const1u", BYTES(0x08, 0xfe), 0xfe },
		{ "const1s", BYTES(0x09, 0xfe), 0xfffffffe },
		{ "const2u", BYTES(0x0a, 0xfe, 0xff), 0xfffe },
		{ "const2s", BYTES(0x0b, 0xfe, 0xff), 0xfffffffe },
		{ "const4u", BYTES(0x0c, 1, 2, 3, 4), 0x04030201 },
		{ "const4s", BYTES(0x0d, 1, 2, 3, 0x84), 0x84030201 },
		{ "const8u", BYTES(0x0e, 1, 2, 3, 4, 5, 6, 7, 8), 0x04030201 },
		{ "const8s", BYTES(0x0f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
		  0xffffffff },
		{ "constu", BYTES(0x10, 0x80, 0x01), 128 },
		{ "consts", BYTES(0x11, 0x7f), 0xffffffff },
		{ "lit31", BYTES(0x4f), 31 },
		{ "dup plus", BYTES(0x35, 0x12, 0x22), 10 },
		{ "drop", BYTES(0x31, 0x32, 0x13), 1 },
		{ "over", BYTES(0x31, 0x32, 0x14), 1 },
		{ "pick", BYTES(0x31, 0x32, 0x33, 0x15, 2), 1 },
		{ "swap minus", BYTES(0x31, 0x33, 0x16, 0x1c), 2 },
		{ "rot: the top goes below two", BYTES(0x31, 0x32, 0x33, 0x17), 2 },
		{ "rot, below", BYTES(0x31, 0x32, 0x33, 0x17, 0x13, 0x13), 3 },
		{ "abs", BYTES(0x11, 0x7d, 0x19), 3 },
		{ "and", BYTES(0x3c, 0x36, 0x1a), 4 },
		{ "div is signed", BYTES(0x11, 0x78, 0x32, 0x1b), 0xfffffffc },
		{ "div of the lowest by -1", BYTES(0x70, 0, 0x11, 0x7f, 0x1b), 0x80000000 },
		{ "mod is unsigned", BYTES(0x37, 0x34, 0x1d), 3 },
		{ "mul", BYTES(0x37, 0x34, 0x1e), 28 },
		{ "neg", BYTES(0x31, 0x1f), 0xffffffff },
		{ "not", BYTES(0x30, 0x20), 0xffffffff },
		{ "or", BYTES(0x34, 0x31, 0x21), 5 },
		{ "plus_uconst", BYTES(0x23, 0x80, 0x01), CFA + 128 },
		{ "shl", BYTES(0x31, 0x34, 0x24), 16 },
		{ "shl by 32", BYTES(0x31, 0x08, 32, 0x24), 0 },
		{ "shr", BYTES(0x70, 0, 0x31, 0x25), 0x40000000 },
		{ "shr by 40", BYTES(0x70, 0, 0x08, 40, 0x25), 0 },
		{ "shra", BYTES(0x70, 0, 0x31, 0x26), 0xc0000000 },
		{ "shra by 0", BYTES(0x70, 0, 0x30, 0x26), 0x80000000 },
		{ "shra by 99", BYTES(0x70, 0, 0x08, 99, 0x26), 0xffffffff },
		{ "xor", BYTES(0x37, 0x33, 0x27), 4 },
		{ "eq", BYTES(0x31, 0x31, 0x29), 1 },
		{ "ge signed", BYTES(0x70, 0, 0x30, 0x2a), 0 },
		{ "gt", BYTES(0x32, 0x31, 0x2b), 1 },
		{ "le", BYTES(0x32, 0x31, 0x2c), 0 },
		{ "lt signed", BYTES(0x70, 0, 0x30, 0x2d), 1 },
		{ "ne", BYTES(0x32, 0x31, 0x2e), 1 },
		{ "skip", BYTES(0x31, 0x2f, 1, 0, 0x32), 1 },
		{ "bra taken", BYTES(0x31, 0x31, 0x28, 1, 0, 0x32), 1 },
		{ "bra not taken", BYTES(0x31, 0x30, 0x28, 1, 0, 0x32), 2 },
		{ "loop of ten", BYTES(0x30, 0x23, 1, 0x12, 0x3a, 0x2d, 0x28, 0xf8, 0xff), 10 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t value = 0;
		enum fl_eval eval = run(cases[i].bytes, cases[i].size, &value);
		if (eval != FL_EVAL_OK || value != cases[i].value)
			print_error("%s: %d 0x%x\n", cases[i].name, eval, value);
		assert_int_equal(eval, FL_EVAL_OK);
		assert_int_equal(value, cases[i].value);
	}
}

static void test_what_cannot_be_known(void **state)
{
	static const struct {
		const char *name;
		uint8_t bytes[16];
		size_t size;
	} cases[] = {
		{ "unknown register", BYTES(0x74, 0) },
		{ "register of another file", BYTES(0x92, 0x80, 0x02, 0) },
		{ "huge register",
		  BYTES(0x92, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0) },
		{ "empty stack", BYTES(0x13) },
		{ "underflow", BYTES(0x13, 0x22) },
		{ "swap of one", BYTES(0x16) },
		{ "rot of two", BYTES(0x31, 0x17) },
		{ "pick too deep", BYTES(0x15, 1) },
		{ "division by zero", BYTES(0x31, 0x30, 0x1b) },
		{ "modulo zero", BYTES(0x31, 0x30, 0x1d) },
		{ "deref_size 3", BYTES(0x7d, 0, 0x94, 3) },
		{ "cut", BYTES(0x0c, 1, 2) },
		{ "skip before the start", BYTES(0x2f, 0xf0, 0xff) },
		{ "skip past the end", BYTES(0x2f, 2, 0) },
		{ "a location, no value", BYTES(0x50) },
		{ "call", BYTES(0x98, 0, 0) },
		{ "reserved", BYTES(0xff) },
		/* libunwind 1.6 hangs on this */
		{ "skip to itself", BYTES(0x2f, 0xfd, 0xff) },
		{ "push for ever", BYTES(0x31, 0x2f, 0xfc, 0xff) },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t value = 42;
		enum fl_eval eval = run(cases[i].bytes, cases[i].size, &value);
		if (eval != FL_EVAL_UNKNOWN)
			print_error("%s: %d 0x%x\n", cases[i].name, eval, value);
		assert_int_equal(eval, FL_EVAL_UNKNOWN);
		assert_int_equal(value, 42);
	}
}

static void test_memory_that_was_not_captured(void **state)
{
	static const uint8_t past[] = { 0x7d, 12, 0x06 };
	static const uint8_t across[] = { 0x7d, 10, 0x06, 0x23, 4 };
	uint32_t addr = 0;
	(void)state;
	assert_int_equal(run(past, sizeof(past), &addr), FL_EVAL_MISSING);
	assert_int_equal(addr, STACK + 12);
	assert_int_equal(run(across, sizeof(across), &addr), FL_EVAL_MISSING);
	assert_int_equal(addr, STACK + 10);
}

static void test_stack_depth(void **state)
{
	uint8_t bytes[FL_LIMIT_DWARF_STACK];
	uint32_t value = 0;
	(void)state;
	memset(bytes, 0x31, sizeof(bytes));
	assert_int_equal(run(bytes, sizeof(bytes) - 1, &value), FL_EVAL_OK);
	assert_int_equal(run(bytes, sizeof(bytes), &value), FL_EVAL_UNKNOWN);
}

static void test_every_truncation(void **state)
{
	static const uint8_t bytes[] = { 0x0c, 1, 2, 3, 4,    0x92, 13, 0x7c, 0x7d, 4, 0x06, 0x0a,
					 1,    2, 3, 4, 0x23, 0x81, 1,  0x2f, 1,    0, 0x32, 0x31 };
	(void)state;
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		uint32_t value = 0;
		(void)run(bytes, n, &value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operations),
		cmocka_unit_test(test_what_cannot_be_known),
		cmocka_unit_test(test_memory_that_was_not_captured),
		cmocka_unit_test(test_stack_depth),
		cmocka_unit_test(test_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
