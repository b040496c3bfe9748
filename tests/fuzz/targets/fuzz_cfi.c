/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Call frame instructions: rows ascend inside the function, point only into their input, and can be
 * applied to any registers and any stack.
 */
#include "fuzz/target.h"

#include "base/limits.h"
#include "base/reader.h"
#include "symbols/cfi_compile.h"
#include "unwind/cfi.h"

#include <stdlib.h>

struct session {
	struct fl_cfi_program program;
	const uint8_t *data;
	size_t size;
	struct fl_memory memory;
	struct fl_span span;
	struct fl_cursor cursor;
	size_t rows;
	uint64_t next_pc;
	unsigned steps; /* rows applied: expressions may take long, one of each kind is enough */
};

static void check_expression(const struct session *s, const struct fl_expression *e)
{
	CHECK(!e->size || (e->bytes >= s->data && e->bytes + e->size <= s->data + s->size));
}

static bool is_register(uint8_t reg)
{
	return reg < FL_CORE_REGISTERS || reg == FL_RULE_FOREIGN;
}

static void check_rule(const struct session *s, const struct fl_unwind_rule *rule)
{
	CHECK(rule->cfa_kind <= FL_CFA_EXPRESSION);
	CHECK(is_register(rule->cfa_register));
	CHECK(rule->return_column < FL_CORE_REGISTERS);
	check_expression(s, &rule->cfa_expression);
	for (int reg = 0; reg < FL_CORE_REGISTERS; reg++) {
		CHECK(rule->regs[reg].kind <= FL_RULE_VAL_EXPRESSION);
		CHECK(is_register(rule->regs[reg].other));
		check_expression(s, &rule->regs[reg].expression);
	}
}

static bool take_row(void *context, uint32_t pc, const struct fl_unwind_rule *rule)
{
	struct session *s = context;
	struct fl_step step;
	CHECK(pc >= s->next_pc && pc - s->program.addr < s->program.size);
	CHECK(s->rows <= FL_LIMIT_CFI_ROWS); /* and one that ends them */
	s->rows++;
	s->next_pc = (uint64_t)pc + 1;
	check_rule(s, rule);
	if (s->steps++ >= 4)
		return true;
	fl_cfi_step(rule, &s->memory, &s->cursor, &step);
	CHECK(step.status != FL_STEP_FOUND || (step.cfa_known && step.cfa % 4 == 0));
	return true;
}

/* 16 bytes of parameters, the CIE's instructions, the FDE's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session s = { .data = data, .size = size };
	struct fl_reader r = fl_reader("input", data, size, 0);
	struct fl_error err = { 0 };
	s.program.addr = fl_read_u32(&r) & ~UINT32_C(1);
	s.program.size = fl_read_u16(&r);
	s.program.code_align = fl_read_u8(&r);
	s.program.data_align = (int8_t)fl_read_u8(&r);
	s.program.return_column = fl_read_u8(&r);
	s.cursor.exact = fl_read_u8(&r) & 1;
	s.cursor.regs.known = fl_read_u32(&r);
	struct fl_reader cie = fl_read_window(&r, "CIE", fl_read_u16(&r));
	if (fl_reader_status(&r, NULL) || fl_reader_status(&cie, NULL))
		return 0;
	for (int reg = 0; reg < FL_CORE_REGISTERS; reg++)
		s.cursor.regs.value[reg] = 0x20000000 + 4 * (uint32_t)reg;
	s.program.cie_instructions = cie.data;
	s.program.cie_size = cie.size;
	s.program.fde_instructions = data + r.pos;
	s.program.fde_size = fl_reader_left(&r);
	s.span = (struct fl_span){ .addr = 0x20000000, .size = (uint32_t)size, .bytes = data };
	s.memory = (struct fl_memory){ .spans = &s.span, .count = 1, .room = 1 };
	s.next_pc = s.program.addr;

	enum fl_code code = fl_cfi_expand(&s.program, take_row, &s, &err);
	CHECK(code == FL_OK || code == FL_EFORMAT || code == FL_ELIMIT);
	CHECK(code == FL_OK || (err.message[0] && err.at <= size));
	CHECK(code != FL_OK || s.rows || !s.program.size);
	return 0;
}
