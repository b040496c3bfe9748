/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/exidx.h"

#include "base/reader.h"

enum outcome { GO_ON, FINISHED, REFUSED };

struct machine {
	struct fl_reader reader;
	const struct fl_memory *memory;
	struct fl_registers regs; /* but for SP, which is vsp */
	uint32_t vsp;
	uint32_t popped; /* bit per core register */
	bool return_missing;
	uint32_t missing_addr; /* slot of a return address that was not captured */
};

static void pop_register(struct machine *m, enum fl_register reg)
{
	uint32_t value = 0;
	bool there = fl_memory_u32(m->memory, m->vsp, &value);

	if (there)
		fl_reg_set(&m->regs, reg, value);
	else
		fl_reg_forget(&m->regs, reg);
	m->popped |= UINT32_C(1) << reg;
	if (!there && (reg == FL_PC || reg == FL_LR)) {
		m->return_missing = true;
		m->missing_addr = m->vsp;
	}
	m->vsp += 4;
}

/* A popped SP replaces vsp only after the whole instruction (Arm IHI 0038, 10.3, remark c). */
static enum outcome pop_mask(struct machine *m, uint32_t mask)
{
	uint32_t sp;
	fl_reg_forget(&m->regs, FL_SP);
	for (unsigned reg = 0; reg < FL_CORE_REGISTERS; reg++)
		if (mask >> reg & 1)
			pop_register(m, (enum fl_register)reg);
	if (!(mask >> FL_SP & 1))
		return GO_ON;
	if (!fl_reg_get(&m->regs, FL_SP, &sp))
		return REFUSED;
	m->vsp = sp;
	return GO_ON;
}

static enum outcome set_vsp(struct machine *m, unsigned reg)
{
	if (reg == FL_SP || reg == FL_PC)
		return REFUSED; /* 0x9d, 0x9f: reserved */
	return fl_reg_get(&m->regs, (enum fl_register)reg, &m->vsp) ? GO_ON : REFUSED;
}

static enum outcome skip(struct machine *m, uint32_t size)
{
	m->vsp += size;
	return GO_ON;
}

/* FSTMX stores one word more than the registers need. */
static enum outcome pop_double(struct machine *m, unsigned count, bool fstmx)
{
	return skip(m, 8 * count + (fstmx ? 4 : 0));
}

static enum outcome add_large(struct machine *m)
{
	return skip(m, 0x204 + (uint32_t)(fl_read_uleb(&m->reader) << 2));
}

static enum outcome pop_low(struct machine *m)
{
	uint8_t mask = fl_read_u8(&m->reader);
	return mask && mask < 0x10 ? pop_mask(m, mask) : REFUSED;
}

/* 0xb0..0xbf */
static enum outcome execute_b(struct machine *m, uint8_t op)
{
	switch (op) {
	case 0xb0:
		return FINISHED;
	case 0xb1:
		return pop_low(m);
	case 0xb2:
		return add_large(m);
	case 0xb3:
		return pop_double(m, (fl_read_u8(&m->reader) & 0xfu) + 1, true);
	case 0xb4: /* return address authentication code */
		return skip(m, 4);
	case 0xb5: /* vsp is its modifier */
		return GO_ON;
	default:
		return op < 0xb8 ? REFUSED : pop_double(m, (op & 7u) + 1, true);
	}
}

static enum outcome pop_high(struct machine *m, uint8_t op)
{
	uint32_t mask = (uint32_t)(op & 0xf) << 8 | fl_read_u8(&m->reader);
	return mask ? pop_mask(m, mask << 4) : REFUSED;
}

/* 0xa0..0xaf: r4..r[4+n], with bit 3 also r14 */
static enum outcome pop_range(struct machine *m, uint8_t op)
{
	uint32_t mask = ((UINT32_C(2) << (op & 7)) - 1) << 4;
	return pop_mask(m, op & 8 ? mask | 1u << FL_LR : mask);
}

static enum outcome execute(struct machine *m, uint8_t op)
{
	switch (op >> 4) {
	case 0x0:
	case 0x1:
	case 0x2:
	case 0x3:
		return skip(m, (op & 0x3fu) * 4 + 4);
	case 0x4:
	case 0x5:
	case 0x6:
	case 0x7:
		return skip(m, 0u - ((op & 0x3fu) * 4 + 4));
	case 0x8:
		return pop_high(m, op);
	case 0x9:
		return set_vsp(m, op & 0xf);
	case 0xa:
		return pop_range(m, op);
	case 0xb:
		return execute_b(m, op);
	case 0xc:
		if (op == 0xc8 || op == 0xc9)
			return pop_double(m, (fl_read_u8(&m->reader) & 0xfu) + 1, false);
		return REFUSED; /* WMMX, spare */
	case 0xd:
		return op < 0xd8 ? pop_double(m, (op & 7u) + 1, false) : REFUSED;
	default:
		return REFUSED;
	}
}

/* Every opcode consumes a byte, so this ends. */
static bool run(struct machine *m)
{
	enum outcome outcome = GO_ON;
	while (outcome == GO_ON && fl_reader_left(&m->reader)) {
		outcome = execute(m, fl_read_u8(&m->reader));
		if (fl_reader_status(&m->reader, NULL))
			return false;
	}
	return outcome != REFUSED;
}

/* "pc = lr" at the end unless an opcode popped pc. */
static void set_return(const struct machine *m, struct fl_step *ret)
{
	bool pc_popped = m->popped >> FL_PC & 1;
	if (m->return_missing) {
		ret->status = FL_STEP_MISSING;
		ret->missing_addr = m->missing_addr;
	} else if (fl_reg_get(&m->regs, pc_popped ? FL_PC : FL_LR, &ret->return_addr)) {
		ret->status = FL_STEP_FOUND;
		ret->from_lr = !pc_popped && !(m->popped >> FL_LR & 1);
	}
}

void fl_exidx_step(const uint8_t *opcodes, size_t count, const struct fl_memory *memory,
		   const struct fl_cursor *cursor, struct fl_step *ret)
{
	fl_step_begin(ret, FL_TRUST_EXIDX);
	struct machine m = { .memory = memory, .regs = fl_registers_after_call(&cursor->regs) };
	m.reader = fl_reader("EHABI opcodes", opcodes, count, 0);
	uint32_t lr;
	if (cursor->exact && fl_reg_get(&cursor->regs, FL_LR, &lr))
		fl_reg_set(&m.regs, FL_LR, lr);
	if (!fl_reg_get(&cursor->regs, FL_SP, &m.vsp) || !run(&m) || m.vsp % 4)
		return;

	ret->cfa_known = true;
	ret->cfa = m.vsp;
	set_return(&m, ret);
	ret->regs = fl_registers_after_call(&m.regs);
	fl_reg_set(&ret->regs, FL_SP, m.vsp);
}
