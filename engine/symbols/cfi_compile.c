/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/cfi_compile.h"

#include "base/limits.h"
#include "base/reader.h"

#include <inttypes.h>

/* DWARF 5, 7.24: the two high bits select the first three, the rest are whole bytes. */
enum {
	CFA_ADVANCE_LOC = 0x40,
	CFA_OFFSET = 0x80,
	CFA_RESTORE = 0xc0,
	CFA_NOP = 0x00,
	CFA_SET_LOC = 0x01,
	CFA_ADVANCE_LOC1 = 0x02,
	CFA_ADVANCE_LOC2 = 0x03,
	CFA_ADVANCE_LOC4 = 0x04,
	CFA_OFFSET_EXTENDED = 0x05,
	CFA_RESTORE_EXTENDED = 0x06,
	CFA_UNDEFINED = 0x07,
	CFA_SAME_VALUE = 0x08,
	CFA_REGISTER = 0x09,
	CFA_REMEMBER_STATE = 0x0a,
	CFA_RESTORE_STATE = 0x0b,
	CFA_DEF_CFA = 0x0c,
	CFA_DEF_CFA_REGISTER = 0x0d,
	CFA_DEF_CFA_OFFSET = 0x0e,
	CFA_DEF_CFA_EXPRESSION = 0x0f,
	CFA_EXPRESSION = 0x10,
	CFA_OFFSET_EXTENDED_SF = 0x11,
	CFA_DEF_CFA_SF = 0x12,
	CFA_DEF_CFA_OFFSET_SF = 0x13,
	CFA_VAL_OFFSET = 0x14,
	CFA_VAL_OFFSET_SF = 0x15,
	CFA_VAL_EXPRESSION = 0x16,
	CFA_AARCH64_NEGATE_RA_STATE = 0x2d,
	CFA_GNU_ARGS_SIZE = 0x2e,
	CFA_GNU_NEGATIVE_OFFSET_EXTENDED = 0x2f,
};

struct machine {
	const struct fl_cfi_program *program;
	struct fl_reader reader;
	struct fl_unwind_rule row;
	struct fl_unwind_rule initial; /* after the CIE: what DW_CFA_restore goes back to */
	bool in_cie;
	uint64_t pc;
	uint32_t row_count;
	fl_cfi_row_fn emit;
	void *context;
	struct fl_unwind_rule *states; /* room for FL_LIMIT_CFI_STATES */
	size_t state_count;
};

static void bad(struct machine *m, enum fl_code code, const char *what, uint64_t value)
{
	if (m->reader.error.code)
		return;
	fl_fail(&m->reader.error, code, FL_AT_FILE_OFFSET, m->reader.origin + m->reader.pos,
		"%s: %s (0x%" PRIx64 ")", m->reader.name, what, value);
}

static uint64_t end_of(const struct machine *m)
{
	uint64_t end = (uint64_t)m->program->addr + m->program->size;
	return end >> 32 ? UINT64_C(1) << 32 : end;
}

/* Rows at or past the end of the function describe nothing. */
static void emit_row(struct machine *m)
{
	if (m->reader.error.code || m->pc >= end_of(m))
		return;
	if (m->row_count == FL_LIMIT_CFI_ROWS) {
		bad(m, FL_ELIMIT, "too many rows", m->row_count);
		return;
	}
	m->row_count++;
	if (!m->emit(m->context, (uint32_t)m->pc, &m->row))
		bad(m, FL_ENOMEM, "row not stored", m->pc);
}

static void move_to(struct machine *m, uint64_t pc)
{
	if (m->in_cie) {
		bad(m, FL_EFORMAT, "a CIE has no location", pc);
		return;
	}
	if (pc < m->pc) {
		bad(m, FL_EFORMAT, "the location goes back", pc);
		return;
	}
	if (pc == m->pc)
		return;
	emit_row(m);
	m->pc = pc;
}

/* Both factors fit 32 bits, so the product does not wrap; past the function any place is the same.
 */
static void advance(struct machine *m, uint32_t delta)
{
	uint64_t pc = m->pc + (uint64_t)delta * m->program->code_align;
	move_to(m, pc > end_of(m) ? end_of(m) : pc);
}

/* r0..r15, or NULL: columns of other register files are parsed and dropped. */
static struct fl_register_rule *column(struct machine *m, uint64_t reg)
{
	return reg < FL_CORE_REGISTERS ? &m->row.regs[reg] : NULL;
}

static uint8_t core_register(uint64_t reg)
{
	return reg < FL_CORE_REGISTERS ? (uint8_t)reg : FL_RULE_FOREIGN;
}

static void set_rule(struct machine *m, uint64_t reg, struct fl_register_rule rule)
{
	struct fl_register_rule *place = column(m, reg);
	if (place)
		*place = rule;
}

static void set_kind(struct machine *m, uint64_t reg, enum fl_rule_kind kind)
{
	set_rule(m, reg, (struct fl_register_rule){ .kind = (uint8_t)kind });
}

static int32_t to_offset(struct machine *m, int64_t value)
{
	if (value < INT32_MIN || value > INT32_MAX) {
		bad(m, FL_EFORMAT, "offset out of range", (uint64_t)value);
		return 0;
	}
	return (int32_t)value;
}

static int32_t factored(struct machine *m, int64_t value)
{
	int64_t product;
	if (__builtin_mul_overflow(value, (int64_t)m->program->data_align, &product))
		product = INT64_MAX;
	return to_offset(m, product);
}

static int64_t read_unsigned(struct machine *m)
{
	uint64_t value = fl_read_uleb(&m->reader);
	return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static void set_offset(struct machine *m, uint64_t reg, enum fl_rule_kind kind, int64_t value)
{
	int32_t offset = factored(m, value);
	set_rule(m, reg, (struct fl_register_rule){ .kind = (uint8_t)kind, .offset = offset });
}

static void set_negative_offset(struct machine *m, uint64_t reg, int64_t value)
{
	set_offset(m, reg, FL_RULE_OFFSET, -value);
}

static struct fl_expression read_expression(struct machine *m)
{
	uint64_t size = fl_read_uleb(&m->reader);
	const uint8_t *bytes = fl_read_bytes(&m->reader, size);
	return (struct fl_expression){ .bytes = bytes, .size = bytes ? (size_t)size : 0 };
}

static void set_expression(struct machine *m, enum fl_rule_kind kind)
{
	uint64_t reg = fl_read_uleb(&m->reader);
	struct fl_expression expression = read_expression(m);
	set_rule(m, reg,
		 (struct fl_register_rule){ .kind = (uint8_t)kind, .expression = expression });
}

static void set_register(struct machine *m)
{
	uint64_t reg = fl_read_uleb(&m->reader);
	uint8_t other = core_register(fl_read_uleb(&m->reader));
	set_rule(m, reg, (struct fl_register_rule){ .kind = FL_RULE_REGISTER, .other = other });
}

static void restore(struct machine *m, uint64_t reg)
{
	if (m->in_cie)
		bad(m, FL_EFORMAT, "a CIE has nothing to restore", reg);
	else if (reg < FL_CORE_REGISTERS)
		m->row.regs[reg] = m->initial.regs[reg];
}

static void define_cfa(struct machine *m, uint64_t reg, int64_t offset)
{
	m->row.cfa_kind = FL_CFA_REGISTER;
	m->row.cfa_register = core_register(reg);
	m->row.cfa_offset = to_offset(m, offset);
	m->row.cfa_expression = (struct fl_expression){ 0 };
}

static void define_cfa_expression(struct machine *m)
{
	m->row.cfa_expression = read_expression(m);
	m->row.cfa_kind = FL_CFA_EXPRESSION;
	m->row.cfa_register = 0;
	m->row.cfa_offset = 0;
}

/* DWARF 5, 6.4.2.2: register and offset change one at a time only where both exist. */
static bool has_register_cfa(struct machine *m)
{
	if (m->row.cfa_kind != FL_CFA_REGISTER)
		bad(m, FL_EFORMAT, "the CFA is no register plus offset", m->row.cfa_kind);
	return m->row.cfa_kind == FL_CFA_REGISTER;
}

static void change_cfa_register(struct machine *m, uint64_t reg)
{
	if (has_register_cfa(m))
		m->row.cfa_register = core_register(reg);
}

static void change_cfa_offset(struct machine *m, int64_t offset)
{
	if (has_register_cfa(m))
		m->row.cfa_offset = to_offset(m, offset);
}

static void remember_state(struct machine *m)
{
	if (m->state_count == FL_LIMIT_CFI_STATES) {
		bad(m, FL_ELIMIT, "too many remembered states", m->state_count);
		return;
	}
	m->states[m->state_count++] = m->row;
}

/* The CFA comes back too, as GCC and every consumer have it. */
static void restore_state(struct machine *m)
{
	if (!m->state_count) {
		bad(m, FL_EFORMAT, "no state was remembered", 0);
		return;
	}
	m->row = m->states[--m->state_count];
}

static int64_t factored_sleb(struct machine *m)
{
	return factored(m, fl_read_sleb(&m->reader));
}

static void execute_extended(struct machine *m, uint8_t opcode)
{
	struct fl_reader *r = &m->reader;
	uint64_t reg;

	switch (opcode) {
	case CFA_NOP:
	case CFA_AARCH64_NEGATE_RA_STATE: /* no stack effect; on SPARC it is a window save */
		return;
	case CFA_SET_LOC:
		move_to(m, fl_read_u32(r));
		return;
	case CFA_ADVANCE_LOC1:
		advance(m, fl_read_u8(r));
		return;
	case CFA_ADVANCE_LOC2:
		advance(m, fl_read_u16(r));
		return;
	case CFA_ADVANCE_LOC4:
		advance(m, fl_read_u32(r));
		return;
	case CFA_REMEMBER_STATE:
		remember_state(m);
		return;
	case CFA_RESTORE_STATE:
		restore_state(m);
		return;
	case CFA_REGISTER:
		set_register(m);
		return;
	case CFA_DEF_CFA_OFFSET:
		change_cfa_offset(m, read_unsigned(m));
		return;
	case CFA_DEF_CFA_OFFSET_SF:
		change_cfa_offset(m, factored_sleb(m));
		return;
	case CFA_DEF_CFA_EXPRESSION:
		define_cfa_expression(m);
		return;
	case CFA_EXPRESSION:
		set_expression(m, FL_RULE_EXPRESSION);
		return;
	case CFA_VAL_EXPRESSION:
		set_expression(m, FL_RULE_VAL_EXPRESSION);
		return;
	default:
		break;
	}

	/* What is left begins with a register or with the size of arguments, both unsigned. */
	reg = fl_read_uleb(r);
	switch (opcode) {
	case CFA_OFFSET_EXTENDED:
		set_offset(m, reg, FL_RULE_OFFSET, read_unsigned(m));
		break;
	case CFA_OFFSET_EXTENDED_SF:
		set_offset(m, reg, FL_RULE_OFFSET, fl_read_sleb(r));
		break;
	case CFA_GNU_NEGATIVE_OFFSET_EXTENDED:
		set_negative_offset(m, reg, read_unsigned(m));
		break;
	case CFA_VAL_OFFSET:
		set_offset(m, reg, FL_RULE_VAL_OFFSET, read_unsigned(m));
		break;
	case CFA_VAL_OFFSET_SF:
		set_offset(m, reg, FL_RULE_VAL_OFFSET, fl_read_sleb(r));
		break;
	case CFA_RESTORE_EXTENDED:
		restore(m, reg);
		break;
	case CFA_UNDEFINED:
		set_kind(m, reg, FL_RULE_UNDEFINED);
		break;
	case CFA_SAME_VALUE:
		set_kind(m, reg, FL_RULE_SAME);
		break;
	case CFA_DEF_CFA:
		define_cfa(m, reg, read_unsigned(m));
		break;
	case CFA_DEF_CFA_SF:
		define_cfa(m, reg, factored_sleb(m));
		break;
	case CFA_DEF_CFA_REGISTER:
		change_cfa_register(m, reg);
		break;
	case CFA_GNU_ARGS_SIZE:
		break;
	default:
		bad(m, FL_EFORMAT, "unknown call frame instruction", opcode);
	}
}

static void execute(struct machine *m)
{
	uint8_t opcode = fl_read_u8(&m->reader);
	uint8_t operand = opcode & 0x3f;

	switch (opcode & 0xc0) {
	case CFA_ADVANCE_LOC:
		advance(m, operand);
		break;
	case CFA_OFFSET:
		set_offset(m, operand, FL_RULE_OFFSET, read_unsigned(m));
		break;
	case CFA_RESTORE:
		restore(m, operand);
		break;
	default:
		execute_extended(m, opcode);
	}
}

/* Every instruction consumes at least one byte, so this ends. */
static bool run(struct machine *m)
{
	while (!m->reader.error.code && fl_reader_left(&m->reader))
		execute(m);
	return !m->reader.error.code;
}

/* From the bad instruction on nothing is known; a row that says so keeps the last good one short.
 */
static void close_rows(struct machine *m)
{
	struct fl_unwind_rule nothing = {
		.cfa_kind = FL_CFA_NONE,
		.return_column = m->initial.return_column,
	};
	if (m->reader.error.code != FL_ENOMEM && m->pc < end_of(m))
		(void)m->emit(m->context, (uint32_t)m->pc, &nothing);
}

static bool run_cie(struct machine *m)
{
	const struct fl_cfi_program *p = m->program;
	m->reader = fl_reader("CIE instructions", p->cie_instructions, p->cie_size, 0);
	m->in_cie = true;
	if (run(m)) {
		m->initial = m->row;
		m->state_count = 0;
		m->in_cie = false;
		return true;
	}
	m->reader.error.at_kind = FL_AT_NONE; /* where the CIE lies is not known here */
	return false;
}

enum fl_code fl_cfi_expand(const struct fl_cfi_program *program, fl_cfi_row_fn emit, void *context,
			   struct fl_error *err)
{
	if (program->return_column >= FL_CORE_REGISTERS)
		return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, program->fde_off,
			       "return address column %" PRIu32 " is no core register",
			       program->return_column);

	struct fl_unwind_rule states[FL_LIMIT_CFI_STATES]; /* 27 KiB: not worth clearing per FDE */
	struct machine m = { .program = program, .emit = emit, .context = context };
	m.states = states;
	m.pc = program->addr;
	m.row.return_column = (uint8_t)program->return_column;
	m.row.signal_frame = program->signal_frame;
	m.initial = m.row;
	if (!run_cie(&m))
		return fl_reader_status(&m.reader, err);

	m.reader = fl_reader("FDE instructions", program->fde_instructions, program->fde_size,
			     program->fde_off);
	if (run(&m))
		emit_row(&m);
	if (m.reader.error.code)
		close_rows(&m);
	return fl_reader_status(&m.reader, err);
}
