/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as code, as EHABI opcodes and as a stack: a caller that is found has an aligned CFA,
 * and the values that a call destroys are not in it.
 */
#include "base/reader.h"
#include "unwind/exidx.h"
#include "unwind/leaf.h"
#include "unwind/prologue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CODE = 0x08000000, STACK = 0x20000000 };

static void check(const struct fl_step *step)
{
	bool found = step->status == FL_STEP_FOUND;
	if (found && (!step->cfa_known || step->cfa % 4))
		__builtin_trap();
	if (found && (step->regs.known & 0x500f || step->regs.value[FL_SP] != step->cfa))
		__builtin_trap();
}

/* pc, SP, flags, known registers; the rest is everything else. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_reader r = fl_reader("input", data, size, 0);
	struct fl_cursor cursor = { 0 };
	struct fl_step step;
	cursor.pc = cursor.lookup_pc = CODE + (fl_read_u16(&r) & ~1u);
	uint32_t sp = STACK + fl_read_u16(&r) * 4u;
	cursor.exact = fl_read_u8(&r) & 1;
	uint32_t end = CODE + fl_read_u16(&r);
	cursor.regs.known = fl_read_u16(&r);
	if (fl_reader_status(&r, NULL))
		return 0;
	for (int reg = 0; reg < FL_CORE_REGISTERS; reg++)
		cursor.regs.value[reg] = STACK + 16 * (uint32_t)reg;
	fl_reg_set(&cursor.regs, FL_SP, sp);
	size_t left = fl_reader_left(&r);
	const uint8_t *bytes = fl_read_bytes(&r, left);
	struct fl_span spans[2] = {
		{ .addr = CODE, .size = (uint32_t)left, .bytes = bytes },
		{ .addr = STACK, .size = (uint32_t)left, .bytes = bytes },
	};
	const struct fl_memory memory = { .spans = spans, .count = left ? 2 : 0, .room = 2 };

	fl_prologue_step(&memory, CODE, &cursor, &step);
	check(&step);
	fl_prologue_edge_step(&memory, CODE, &cursor, &step);
	check(&step);
	fl_epilogue_step(&memory, CODE, end, &cursor, &step);
	check(&step);
	fl_exidx_step(bytes, left, &memory, &cursor, &step);
	check(&step);
	return 0;
}
