/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/expression.h"

#include "base/limits.h"
#include "base/reader.h"

/* DWARF 5, 7.7.1. */
enum {
	OP_ADDR = 0x03,
	OP_DEREF = 0x06,
	OP_CONST1U = 0x08,
	OP_CONST1S = 0x09,
	OP_CONST2U = 0x0a,
	OP_CONST2S = 0x0b,
	OP_CONST4U = 0x0c,
	OP_CONST4S = 0x0d,
	OP_CONST8U = 0x0e,
	OP_CONST8S = 0x0f,
	OP_CONSTU = 0x10,
	OP_CONSTS = 0x11,
	OP_DUP = 0x12,
	OP_DROP = 0x13,
	OP_OVER = 0x14,
	OP_PICK = 0x15,
	OP_SWAP = 0x16,
	OP_ROT = 0x17,
	OP_ABS = 0x19,
	OP_AND = 0x1a,
	OP_DIV = 0x1b,
	OP_MINUS = 0x1c,
	OP_MOD = 0x1d,
	OP_MUL = 0x1e,
	OP_NEG = 0x1f,
	OP_NOT = 0x20,
	OP_OR = 0x21,
	OP_PLUS = 0x22,
	OP_PLUS_UCONST = 0x23,
	OP_SHL = 0x24,
	OP_SHR = 0x25,
	OP_SHRA = 0x26,
	OP_XOR = 0x27,
	OP_BRA = 0x28,
	OP_EQ = 0x29,
	OP_GE = 0x2a,
	OP_GT = 0x2b,
	OP_LE = 0x2c,
	OP_LT = 0x2d,
	OP_NE = 0x2e,
	OP_SKIP = 0x2f,
	OP_LIT0 = 0x30,
	OP_LIT31 = 0x4f,
	OP_BREG0 = 0x70,
	OP_BREG31 = 0x8f,
	OP_BREGX = 0x92,
	OP_DEREF_SIZE = 0x94,
	OP_NOP = 0x96,
};

struct machine {
	struct fl_reader reader;
	const struct fl_registers *regs;
	const struct fl_memory *memory;
	uint32_t stack[FL_LIMIT_DWARF_STACK];
	size_t depth;
	enum fl_eval status;
	uint32_t missing_addr;
};

static void give_up(struct machine *m)
{
	if (m->status == FL_EVAL_OK)
		m->status = FL_EVAL_UNKNOWN;
}

static void push(struct machine *m, uint32_t value)
{
	if (m->depth == FL_LIMIT_DWARF_STACK)
		give_up(m);
	else
		m->stack[m->depth++] = value;
}

static uint32_t pop(struct machine *m)
{
	if (m->depth)
		return m->stack[--m->depth];
	give_up(m);
	return 0;
}

static void pick(struct machine *m, size_t index)
{
	if (index < m->depth)
		push(m, m->stack[m->depth - 1 - index]);
	else
		give_up(m);
}

/* Move the top below the next @p below entries. */
static void rotate(struct machine *m, size_t below)
{
	if (m->depth <= below) {
		give_up(m);
		return;
	}
	uint32_t *top = &m->stack[m->depth - 1];
	uint32_t value = *top;
	for (size_t i = 0; i < below; i++, top--)
		top[0] = top[-1];
	*top = value;
}

static void push_register(struct machine *m, uint64_t reg, int64_t offset)
{
	uint32_t value = 0;
	if (reg >= FL_CORE_REGISTERS || !fl_reg_get(m->regs, (enum fl_register)reg, &value))
		give_up(m);
	push(m, value + (uint32_t)(uint64_t)offset);
}

static void dereference(struct machine *m, unsigned size)
{
	uint32_t addr = pop(m);
	uint32_t word = 0;
	uint16_t half = 0;
	uint8_t byte = 0;
	bool there = false;

	switch (size) {
	case 1:
		there = fl_memory_u8(m->memory, addr, &byte);
		word = byte;
		break;
	case 2:
		there = fl_memory_u16(m->memory, addr, &half);
		word = half;
		break;
	case 4:
		there = fl_memory_u32(m->memory, addr, &word);
		break;
	default:
		give_up(m);
	}
	if (!there && m->status == FL_EVAL_OK) {
		m->status = FL_EVAL_MISSING;
		m->missing_addr = addr;
	}
	push(m, word);
}

static int32_t as_signed(uint32_t value)
{
	return value > INT32_MAX ? (int32_t)((int64_t)value - (INT64_C(1) << 32)) : (int32_t)value;
}

/* INT32_MIN / -1 wraps instead of trapping. */
static uint32_t divide(struct machine *m, uint32_t a, uint32_t b)
{
	if (!b) {
		give_up(m);
		return 0;
	}
	return (uint32_t)((int64_t)as_signed(a) / as_signed(b));
}

static uint32_t modulo(struct machine *m, uint32_t a, uint32_t b)
{
	if (b)
		return a % b;
	give_up(m);
	return 0;
}

static uint32_t shift_right_signed(uint32_t a, uint32_t b)
{
	uint32_t sign = a >> 31 ? UINT32_MAX : 0;
	if (b > 31)
		return sign;
	return b ? a >> b | sign << (32 - b) : a;
}

static void binary(struct machine *m, uint8_t op)
{
	uint32_t b = pop(m);
	uint32_t a = pop(m);

	switch (op) {
	case OP_AND:
		push(m, a & b);
		break;
	case OP_DIV:
		push(m, divide(m, a, b));
		break;
	case OP_MINUS:
		push(m, a - b);
		break;
	case OP_MOD:
		push(m, modulo(m, a, b));
		break;
	case OP_MUL:
		push(m, a * b);
		break;
	case OP_OR:
		push(m, a | b);
		break;
	case OP_PLUS:
		push(m, a + b);
		break;
	case OP_SHL:
		push(m, b > 31 ? 0 : a << b);
		break;
	case OP_SHR:
		push(m, b > 31 ? 0 : a >> b);
		break;
	case OP_SHRA:
		push(m, shift_right_signed(a, b));
		break;
	case OP_XOR:
		push(m, a ^ b);
		break;
	case OP_EQ:
		push(m, a == b);
		break;
	case OP_GE:
		push(m, as_signed(a) >= as_signed(b));
		break;
	case OP_GT:
		push(m, as_signed(a) > as_signed(b));
		break;
	case OP_LE:
		push(m, as_signed(a) <= as_signed(b));
		break;
	case OP_LT:
		push(m, as_signed(a) < as_signed(b));
		break;
	case OP_NE:
		push(m, a != b);
		break;
	default:
		give_up(m);
	}
}

static void unary(struct machine *m, uint8_t op)
{
	uint32_t a = pop(m);

	switch (op) {
	case OP_ABS:
		push(m, a >> 31 ? 0 - a : a);
		break;
	case OP_NEG:
		push(m, 0 - a);
		break;
	case OP_NOT:
		push(m, ~a);
		break;
	case OP_PLUS_UCONST:
		push(m, a + (uint32_t)fl_read_uleb(&m->reader));
		break;
	default:
		give_up(m);
	}
}

static uint32_t sign_extended(uint32_t value, unsigned bits)
{
	uint32_t sign = UINT32_C(1) << (bits - 1);
	return (value ^ sign) - sign;
}

static void constant(struct machine *m, uint8_t op)
{
	struct fl_reader *r = &m->reader;

	switch (op) {
	case OP_CONST1U:
		push(m, fl_read_u8(r));
		break;
	case OP_CONST1S:
		push(m, sign_extended(fl_read_u8(r), 8));
		break;
	case OP_CONST2U:
		push(m, fl_read_u16(r));
		break;
	case OP_CONST2S:
		push(m, sign_extended(fl_read_u16(r), 16));
		break;
	case OP_ADDR:
	case OP_CONST4U:
	case OP_CONST4S:
		push(m, fl_read_u32(r));
		break;
	case OP_CONST8U:
	case OP_CONST8S:
		push(m, (uint32_t)fl_read_u64(r));
		break;
	case OP_CONSTU:
		push(m, (uint32_t)fl_read_uleb(r));
		break;
	case OP_CONSTS:
		push(m, (uint32_t)(uint64_t)fl_read_sleb(r));
		break;
	default:
		give_up(m);
	}
}

/* DW_OP_skip and DW_OP_bra may jump backwards: the step budget ends what they start. */
static void jump(struct machine *m, bool taken)
{
	int32_t delta = as_signed(sign_extended(fl_read_u16(&m->reader), 16));
	if (!taken)
		return;
	int64_t pos = (int64_t)m->reader.pos + delta;
	if (pos < 0)
		give_up(m);
	else
		fl_read_seek(&m->reader, (uint64_t)pos);
}

static void shuffle(struct machine *m, uint8_t op)
{
	switch (op) {
	case OP_DUP:
		pick(m, 0);
		break;
	case OP_DROP:
		(void)pop(m);
		break;
	case OP_OVER:
		pick(m, 1);
		break;
	case OP_PICK:
		pick(m, fl_read_u8(&m->reader));
		break;
	case OP_SWAP:
		rotate(m, 1);
		break;
	case OP_ROT:
		rotate(m, 2);
		break;
	default:
		give_up(m);
	}
}

static void execute(struct machine *m, uint8_t op)
{
	if (op >= OP_LIT0 && op <= OP_LIT31) {
		push(m, op - OP_LIT0);
	} else if (op >= OP_BREG0 && op <= OP_BREG31) {
		push_register(m, op - OP_BREG0, fl_read_sleb(&m->reader));
	} else if (op == OP_BREGX) {
		uint64_t reg = fl_read_uleb(&m->reader);
		push_register(m, reg, fl_read_sleb(&m->reader));
	} else if (op == OP_DEREF) {
		dereference(m, 4);
	} else if (op == OP_DEREF_SIZE) {
		dereference(m, fl_read_u8(&m->reader));
	} else if (op == OP_SKIP) {
		jump(m, true);
	} else if (op == OP_BRA) {
		jump(m, pop(m) != 0);
	} else if (op == OP_ADDR || (op >= OP_CONST1U && op <= OP_CONSTS)) {
		constant(m, op);
	} else if (op >= OP_DUP && op <= OP_ROT) {
		shuffle(m, op);
	} else if (op == OP_ABS || op == OP_NEG || op == OP_NOT || op == OP_PLUS_UCONST) {
		unary(m, op);
	} else if (op >= OP_AND && op <= OP_NE) {
		binary(m, op);
	} else if (op != OP_NOP) {
		give_up(m);
	}
}

enum fl_eval fl_expression_run(const struct fl_expression *expression,
			       const struct fl_registers *regs, const struct fl_memory *memory,
			       const uint32_t *initial, uint32_t *ret)
{
	struct machine m = { .regs = regs, .memory = memory };
	m.reader = fl_reader("DWARF expression", expression->bytes, expression->size, 0);
	if (initial)
		push(&m, *initial);
	for (unsigned steps = 0; fl_reader_left(&m.reader) && m.status == FL_EVAL_OK; steps++) {
		if (steps == FL_LIMIT_DWARF_STEPS)
			return FL_EVAL_UNKNOWN;
		execute(&m, fl_read_u8(&m.reader));
		if (fl_reader_status(&m.reader, NULL))
			return FL_EVAL_UNKNOWN;
	}
	if (m.status == FL_EVAL_MISSING)
		*ret = m.missing_addr;
	if (m.status != FL_EVAL_OK || !m.depth)
		return m.status == FL_EVAL_MISSING ? FL_EVAL_MISSING : FL_EVAL_UNKNOWN;
	*ret = m.stack[m.depth - 1];
	return FL_EVAL_OK;
}
