/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/prologue.h"

#include "base/limits.h"
#include "unwind/stack_op.h"

enum outcome { GO_ON, RETURNED, UNCLEAR };

struct run {
	const struct fl_memory *memory;
	uint32_t function_addr;
	uint32_t function_end;
	struct fl_registers regs; /* as execution would have them */
	uint16_t popped;          /* bit per register: it came from slot_addr[] on the stack */
	uint32_t slot_addr[FL_CORE_REGISTERS];
	uint32_t pc;
	enum fl_register source; /* RETURNED: which register pc came from */
	uint32_t start_sp;
};

/* A pop, or LR reloaded in place: any other load from the stack fetches a variable. */
static bool restores(const struct fl_stack_op *op, unsigned reg)
{
	return op->adjust || reg == FL_LR || reg == FL_PC;
}

static void load(struct run *r, const struct fl_stack_op *op, uint32_t addr)
{
	for (unsigned reg = 0; reg < FL_CORE_REGISTERS; reg++) {
		uint32_t value;
		if (!(op->registers >> reg & 1))
			continue;
		if (fl_memory_u32(r->memory, addr, &value))
			fl_reg_set(&r->regs, (enum fl_register)reg, value);
		else
			fl_reg_forget(&r->regs, (enum fl_register)reg);
		r->popped &= (uint16_t) ~(1u << reg);
		if (restores(op, reg))
			r->popped |= (uint16_t)(1u << reg);
		r->slot_addr[reg] = addr;
		addr += 4;
	}
}

static enum outcome pop(struct run *r, const struct fl_fetched *f)
{
	uint32_t sp;
	if (!fl_reg_get(&r->regs, FL_SP, &sp) || f->op.registers >> FL_SP & 1)
		return UNCLEAR;
	load(r, &f->op, sp + (uint32_t)f->op.offset);
	fl_reg_set(&r->regs, FL_SP, sp + (uint32_t)f->op.adjust);
	r->source = FL_PC;
	return f->op.registers >> FL_PC & 1 ? RETURNED : GO_ON;
}

/* A frame is only taken down here: what lowers SP is no epilogue. */
static enum outcome add(struct run *r, const struct fl_stack_op *op)
{
	uint32_t value;
	uint32_t sp;
	if (op->rd == FL_PC)
		return UNCLEAR;
	if (!fl_reg_get(&r->regs, (enum fl_register)op->rn, &value)) {
		fl_reg_forget(&r->regs, (enum fl_register)op->rd);
		return op->rd == FL_SP ? UNCLEAR : GO_ON;
	}
	r->popped &= (uint16_t) ~(1u << op->rd);
	value += (uint32_t)op->offset;
	if (op->rd == FL_SP && (!fl_reg_get(&r->regs, FL_SP, &sp) || value < sp))
		return UNCLEAR;
	fl_reg_set(&r->regs, (enum fl_register)op->rd, value);
	return GO_ON;
}

static enum outcome return_through(struct run *r, enum fl_register reg)
{
	r->source = reg;
	return RETURNED;
}

/*
 * BX LR; or BX r1 where r1 was popped, since Armv6-M cannot pop LR. Through any other register it
 * is a tail call, and LR has been restored for it.
 */
static enum outcome branch_register(struct run *r, unsigned rm)
{
	bool lr_popped = r->popped >> FL_LR & 1;
	if (rm != FL_LR && !lr_popped && r->popped >> rm & 1)
		return return_through(r, (enum fl_register)rm);
	return rm == FL_LR || lr_popped ? return_through(r, FL_LR) : UNCLEAR;
}

/* A branch out of the function is a tail call: its callee returns to our caller. */
static enum outcome branch(struct run *r, const struct fl_fetched *f)
{
	uint32_t target = f->addr + 4 + (uint32_t)f->insn.target;
	if (f->insn.conditional || r->function_addr == r->function_end)
		return UNCLEAR;
	if (target < r->function_addr || target >= r->function_end)
		return return_through(r, FL_LR);
	r->pc = target;
	return GO_ON;
}

static enum outcome other(struct run *r, const struct fl_thumb *insn)
{
	if (insn->writes >> FL_SP & 1 || insn->writes >> FL_PC & 1)
		return UNCLEAR;
	for (unsigned reg = 0; reg < FL_CORE_REGISTERS; reg++)
		if (insn->writes >> reg & 1)
			fl_reg_forget(&r->regs, (enum fl_register)reg);
	r->popped &= (uint16_t)~insn->writes;
	return GO_ON;
}

static enum outcome execute_op(struct run *r, const struct fl_fetched *f)
{
	switch (f->op.kind) {
	case FL_OP_LOAD:
		return pop(r, f);
	case FL_OP_ADD:
		return add(r, &f->op);
	case FL_OP_STORE:
		return f->op.adjust ? UNCLEAR : GO_ON;
	case FL_OP_NONE:
		return other(r, &f->insn);
	default:
		return UNCLEAR;
	}
}

static enum outcome execute(struct run *r, const struct fl_fetched *f)
{
	r->pc = f->addr + f->insn.length;
	switch (f->insn.kind) {
	case FL_THUMB_BRANCH:
		return branch(r, f);
	case FL_THUMB_BRANCH_REG:
		return branch_register(r, f->insn.rm);
	case FL_THUMB_CALL:
	case FL_THUMB_CALL_REG:
	case FL_THUMB_TABLE_BRANCH:
	case FL_THUMB_UDF:
	case FL_THUMB_BKPT:
	case FL_THUMB_SVC:
		return UNCLEAR;
	default:
		return execute_op(r, f);
	}
}

static void finish(const struct run *r, struct fl_step *ret)
{
	bool popped = r->popped >> r->source & 1;
	if (!fl_reg_get(&r->regs, FL_SP, &ret->cfa) || ret->cfa % 4)
		return;
	if (fl_reg_get(&r->regs, r->source, &ret->return_addr)) {
		ret->status = FL_STEP_FOUND;
	} else if (popped) {
		ret->status = FL_STEP_MISSING;
		ret->missing_addr = r->slot_addr[r->source];
	}
	ret->cfa_known = true;
	ret->from_lr = !popped;
	if (ret->from_lr && ret->cfa == r->start_sp) /* nothing was on the stack to misread */
		ret->trust = FL_TRUST_LR;
	ret->regs = fl_registers_after_call(&r->regs);
	fl_reg_set(&ret->regs, FL_SP, ret->cfa);
}

void fl_epilogue_step(const struct fl_memory *memory, uint32_t function_addr, uint32_t function_end,
		      const struct fl_cursor *cursor, struct fl_step *ret)
{
	fl_step_begin(ret, FL_TRUST_PROLOGUE);
	struct run r = { .memory = memory, .regs = cursor->regs, .pc = cursor->pc };
	r.function_addr = function_addr;
	r.function_end = function_end;
	if (!cursor->exact)
		r.regs = fl_registers_after_call(&cursor->regs);
	uint32_t sp;
	if (!fl_reg_get(&cursor->regs, FL_SP, &sp))
		return;
	fl_reg_set(&r.regs, FL_SP, sp);
	r.start_sp = sp;

	struct fl_fetched f;
	enum outcome outcome = GO_ON;
	for (int i = 0; i < FL_LIMIT_PROLOGUE && outcome == GO_ON; i++)
		outcome = fl_fetch(memory, r.pc, &f) ? execute(&r, &f) : UNCLEAR;
	if (outcome == RETURNED)
		finish(&r, ret);
}
