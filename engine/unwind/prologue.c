/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/prologue.h"

#include "base/limits.h"
#include "unwind/stack_op.h"

enum { NONE = 0xff };

/* The frame as the code so far has built it. Offsets count from the CFA, downwards negative. */
struct shape {
	bool sp_known;
	bool called; /* past a call the prologue is over */
	int32_t sp_off;
	uint8_t frame_pointer; /* or NONE */
	int32_t frame_pointer_off;
	uint16_t saved; /* bit per register: its value on entry is at slot_off[] */
	int32_t slot_off[FL_CORE_REGISTERS];
	uint8_t holds[FL_CORE_REGISTERS]; /* the register whose value on entry it has, or NONE */
};

/* A forward branch: the shape its target has, for when what precedes the target does not fall into
 * it. */
struct pending {
	uint32_t addr;
	struct shape shape;
};

struct walk {
	const struct fl_memory *memory;
	uint32_t pc; /* where to end */
	struct shape now;
	struct shape body; /* before an epilogue on the way began */
	bool in_epilogue;
	bool reached; /* the pc; not so when the bound was hit or code is missing */
	uint16_t constant_known;
	uint32_t constant[FL_CORE_REGISTERS];
	unsigned conditional; /* instructions left of an IT block */
	struct pending pending[8];
	size_t pending_count;
};

static struct shape entry_shape(void)
{
	struct shape shape = { .sp_known = true, .frame_pointer = NONE };
	for (uint8_t reg = 0; reg < FL_CORE_REGISTERS; reg++)
		shape.holds[reg] = FL_CALLEE_SAVED >> reg & 1 || reg == FL_LR ? reg : NONE;
	return shape;
}

/* Bounded: no frame is that large, and sums of int32_t stay defined. */
static void move_sp(struct shape *s, int64_t delta)
{
	int64_t off = s->sp_off + delta;
	if (off > 0 || off < -INT64_C(0x10000000))
		s->sp_known = false;
	else
		s->sp_off = (int32_t)off;
}

/* The first copy counts: later ones may be of a register that was reused. */
static void store(struct shape *s, const struct fl_stack_op *op)
{
	int32_t off = s->sp_off + op->offset;
	for (unsigned reg = 0; reg < FL_CORE_REGISTERS; reg++) {
		if (!(op->registers >> reg & 1))
			continue;
		uint8_t held = s->holds[reg];
		if (held != NONE && s->sp_known && !(s->saved >> held & 1)) {
			s->saved |= (uint16_t)(1u << held);
			s->slot_off[held] = off;
		}
		off += 4;
	}
	move_sp(s, op->adjust);
}

/* An epilogue puts back what the prologue saved, possibly by way of another register. */
static void reload(struct shape *s, const struct fl_stack_op *op)
{
	int32_t off = s->sp_off + op->offset;
	for (unsigned reg = 0; reg < FL_CORE_REGISTERS; reg++) {
		if (!(op->registers >> reg & 1))
			continue;
		for (uint8_t held = 0; held < FL_CORE_REGISTERS && s->sp_known; held++)
			if (s->saved >> held & 1 && s->slot_off[held] == off)
				s->holds[reg] = held;
		off += 4;
	}
	move_sp(s, op->adjust);
}

static void add(struct shape *s, const struct fl_stack_op *op)
{
	if (op->rd == FL_SP && op->rn == FL_SP) {
		move_sp(s, op->offset);
	} else if (op->rd == FL_SP) {
		s->sp_known = op->rn == s->frame_pointer;
		s->sp_off = s->sp_known ? s->frame_pointer_off : 0;
		move_sp(s, op->offset);
	} else if (op->rn == FL_SP && s->sp_known && s->frame_pointer == NONE &&
		   FL_CALLEE_SAVED >> op->rd & 1) {
		s->frame_pointer = op->rd;
		s->frame_pointer_off = s->sp_off + op->offset;
	}
}

static void add_register(struct walk *w, const struct fl_stack_op *op)
{
	uint32_t value = w->constant[op->rm];
	int64_t delta = value > INT32_MAX ? (int64_t)value - (INT64_C(1) << 32) : (int64_t)value;
	if (w->constant_known >> op->rm & 1)
		move_sp(&w->now, op->subtract ? -delta : delta);
	else
		w->now.sp_known = false;
}

static void set_constant(struct walk *w, unsigned reg, uint32_t value)
{
	w->constant[reg] = value;
	w->constant_known |= (uint16_t)(1u << reg);
}

/* Armv6-M takes the size of a large frame from the literal pool. */
static void track_constant(struct walk *w, const struct fl_fetched *f)
{
	const struct fl_thumb *insn = &f->insn;
	uint32_t addr = ((f->addr + 4) & ~UINT32_C(3)) + (uint32_t)insn->access.offset;
	uint32_t value;
	if (insn->kind == FL_THUMB_MOVE_IMM)
		set_constant(w, insn->rd, insn->imm);
	else if (insn->kind == FL_THUMB_MOVE_TOP)
		w->constant[insn->rd] = (w->constant[insn->rd] & 0xffff) | insn->imm << 16;
	else if (insn->kind == FL_THUMB_LOAD && insn->access.base == FL_PC &&
		 insn->access.registers && fl_memory_u32(w->memory, addr, &value))
		set_constant(w, (unsigned)__builtin_ctz(insn->access.registers), value);
}

/* Whatever the instruction writes no longer has the value it had on entry. */
static void forget_written(struct walk *w, const struct fl_thumb *insn)
{
	uint8_t moved = insn->kind == FL_THUMB_MOVE_REG ? w->now.holds[insn->rm] : NONE;
	for (unsigned reg = 0; reg < FL_CORE_REGISTERS; reg++) {
		if (!(insn->writes >> reg & 1))
			continue;
		w->now.holds[reg] = moved;
		if (insn->kind != FL_THUMB_MOVE_TOP)
			w->constant_known &= (uint16_t) ~(1u << reg);
		if (reg == w->now.frame_pointer)
			w->now.frame_pointer = NONE;
	}
}

/* GCC takes a frame down with ADD r7, MOV sp, POP: the first of them begins the epilogue. */
static bool moves_frame_pointer(const struct shape *s, const struct fl_stack_op *op)
{
	return op->kind == FL_OP_ADD && op->rd == op->rn && op->rd == s->frame_pointer;
}

static bool raises_sp(const struct shape *s, const struct fl_stack_op *op)
{
	if (op->kind == FL_OP_LOAD)
		return op->adjust > 0;
	if (op->kind != FL_OP_ADD)
		return false;
	return moves_frame_pointer(s, op) ||
	       (op->rd == FL_SP && (op->rn != FL_SP || op->offset > 0));
}

static bool lowers_sp(const struct fl_stack_op *op)
{
	if (op->kind == FL_OP_STORE)
		return op->adjust < 0;
	return op->kind == FL_OP_ADD_REGISTER ||
	       (op->kind == FL_OP_ADD && op->rd == FL_SP && op->offset < 0);
}

static void apply_op(struct walk *w, const struct fl_stack_op *op)
{
	switch (op->kind) {
	case FL_OP_STORE:
		store(&w->now, op);
		break;
	case FL_OP_LOAD:
		reload(&w->now, op);
		break;
	case FL_OP_ADD:
		add(&w->now, op);
		break;
	case FL_OP_ADD_REGISTER:
		add_register(w, op);
		break;
	case FL_OP_IF_THEN:
		w->conditional = op->count;
		break;
	case FL_OP_OTHER:
		w->now.sp_known = false;
		break;
	case FL_OP_NONE:
		break;
	}
}

static void apply(struct walk *w, const struct fl_fetched *f)
{
	const struct fl_stack_op *op = &f->op;
	if (raises_sp(&w->now, op) && !w->in_epilogue) {
		w->body = w->now;
		w->in_epilogue = true;
	}
	if (moves_frame_pointer(&w->now, op)) {
		w->now.frame_pointer_off += op->offset;
		return;
	}
	if (f->insn.kind == FL_THUMB_CALL || f->insn.kind == FL_THUMB_CALL_REG)
		w->now.called = true;
	forget_written(w, &f->insn);
	track_constant(w, f);
	if (!w->now.called || !lowers_sp(op)) /* what seems to push there is data or arguments */
		apply_op(w, op);
}

/* Execution does not fall through to the next instruction. */
static bool ends_block(const struct fl_thumb *insn)
{
	switch (insn->kind) {
	case FL_THUMB_LOAD_PC:
	case FL_THUMB_BRANCH_REG:
	case FL_THUMB_TABLE_BRANCH:
		return true;
	case FL_THUMB_BRANCH:
		return !insn->conditional;
	default:
		return false;
	}
}

static void note_branch(struct walk *w, const struct fl_fetched *f)
{
	uint32_t target = f->addr + 4 + (uint32_t)f->insn.target;
	if (f->insn.kind != FL_THUMB_BRANCH || target <= f->addr || target > w->pc)
		return;
	if (w->pending_count < sizeof(w->pending) / sizeof(w->pending[0]))
		w->pending[w->pending_count++] = (struct pending){ target, w->now };
}

/* The next place after @p addr that a branch leads to; the body's shape and the end when there is
 * none. */
static uint32_t next_block(struct walk *w, uint32_t addr)
{
	const struct pending *next = NULL;
	for (size_t i = 0; i < w->pending_count; i++) {
		const struct pending *p = &w->pending[i];
		if (p->addr > addr && (!next || p->addr < next->addr))
			next = p;
	}
	if (next)
		w->now = next->shape;
	else if (w->in_epilogue)
		w->now = w->body;
	w->in_epilogue = false;
	return next ? next->addr : w->pc;
}

/* Code that was not looked at may have changed whatever it could. */
static void give_up_on_registers(struct shape *s)
{
	for (unsigned reg = 0; reg < FL_CORE_REGISTERS; reg++) {
		bool kept = FL_CALLEE_SAVED >> reg & 1 && !(s->saved >> reg & 1);
		if (!kept)
			s->holds[reg] = NONE;
	}
}

static void walk_to_pc(struct walk *w, uint32_t addr)
{
	struct fl_fetched f;
	for (int i = 0; i < FL_LIMIT_PROLOGUE && addr < w->pc; i++) {
		if (!fl_fetch(w->memory, addr, &f))
			break;
		note_branch(w, &f);
		if (w->conditional) {
			w->conditional--;
			forget_written(w, &f.insn);
		} else if (ends_block(&f.insn)) {
			addr = next_block(w, addr);
			continue;
		} else {
			apply(w, &f);
		}
		addr += f.insn.length;
	}
	w->reached = addr >= w->pc;
	if (!w->reached)
		give_up_on_registers(&w->now);
}

/* Whether the prologue goes on at the cursor's pc: something is still pushed before any branch. */
static bool goes_on(const struct fl_memory *memory, uint32_t addr)
{
	struct fl_fetched f;
	for (int i = 0; i < FL_LIMIT_PROLOGUE && fl_fetch(memory, addr, &f); i++) {
		if (f.insn.kind == FL_THUMB_BRANCH || f.insn.writes >> FL_PC & 1)
			return false;
		if (lowers_sp(&f.op))
			return true;
		addr += f.insn.length;
	}
	return false;
}

static bool find_cfa(const struct shape *s, const struct fl_registers *regs, uint32_t *ret)
{
	uint32_t base;
	if (s->sp_known && fl_reg_get(regs, FL_SP, &base))
		*ret = base - (uint32_t)s->sp_off;
	else if (s->frame_pointer != NONE &&
		 fl_reg_get(regs, (enum fl_register)s->frame_pointer, &base))
		*ret = base - (uint32_t)s->frame_pointer_off;
	else
		return false;
	return *ret % 4 == 0;
}

/* A register that still has, or again has, the value @p reg had on entry. */
static bool held_value(const struct shape *s, const struct fl_cursor *cursor, unsigned reg,
		       bool *in_lr_ret, uint32_t *ret)
{
	for (unsigned i = 0; i < FL_CORE_REGISTERS; i++) {
		unsigned candidate = (reg + i) % FL_CORE_REGISTERS; /* itself first */
		bool live = cursor->exact || FL_CALLEE_SAVED >> candidate & 1;
		*in_lr_ret = candidate == FL_LR;
		if (live && s->holds[candidate] == reg &&
		    fl_reg_get(&cursor->regs, (enum fl_register)candidate, ret))
			return true;
	}
	return false;
}

/* Below SP nothing lasts: an epilogue that has passed the slot has put the value back. */
static bool slot_is_live(const struct shape *s, unsigned reg)
{
	return s->saved >> reg & 1 && (!s->sp_known || s->slot_off[reg] >= s->sp_off);
}

static enum fl_step_status entry_value(const struct walk *w, const struct fl_cursor *cursor,
				       unsigned reg, struct fl_step *step, uint32_t *ret)
{
	const struct shape *s = &w->now;
	uint32_t slot = step->cfa + (uint32_t)s->slot_off[reg];
	bool saved = slot_is_live(s, reg);
	step->from_lr = false;
	if (saved && fl_memory_u32(w->memory, slot, ret))
		return FL_STEP_FOUND;
	if (held_value(s, cursor, reg, &step->from_lr, ret))
		return FL_STEP_FOUND;
	step->missing_addr = slot;
	return saved ? FL_STEP_MISSING : FL_STEP_NONE;
}

static void recover(const struct walk *w, const struct fl_cursor *cursor, struct fl_step *ret)
{
	ret->regs = fl_registers_after_call(&cursor->regs);
	for (unsigned reg = FL_R4; reg <= FL_R11; reg++) {
		uint32_t value;
		if (entry_value(w, cursor, reg, ret, &value) == FL_STEP_FOUND)
			fl_reg_set(&ret->regs, (enum fl_register)reg, value);
		else
			fl_reg_forget(&ret->regs, (enum fl_register)reg);
	}
	fl_reg_set(&ret->regs, FL_SP, ret->cfa);
	ret->status = entry_value(w, cursor, FL_LR, ret, &ret->return_addr);
}

static void step(struct walk *w, const struct fl_cursor *cursor, struct fl_step *ret)
{
	if (!find_cfa(&w->now, &cursor->regs, &ret->cfa))
		return;
	ret->cfa_known = true;
	recover(w, cursor, ret);
}

void fl_prologue_step(const struct fl_memory *memory, uint32_t function_addr,
		      const struct fl_cursor *cursor, struct fl_step *ret)
{
	fl_step_begin(ret, FL_TRUST_PROLOGUE);
	struct walk w = { .memory = memory, .pc = cursor->pc, .now = entry_shape() };
	walk_to_pc(&w, function_addr);
	if (w.now.saved || w.now.sp_off || !w.now.sp_known)
		step(&w, cursor, ret);
	else if (w.reached)
		ret->cfa_known = fl_reg_get(&cursor->regs, FL_SP, &ret->cfa);
}

void fl_prologue_edge_step(const struct fl_memory *memory, uint32_t function_addr,
			   const struct fl_cursor *cursor, struct fl_step *ret)
{
	fl_step_begin(ret, FL_TRUST_PROLOGUE);
	bool edge = cursor->pc == function_addr || goes_on(memory, cursor->pc);
	if (!cursor->exact || !edge)
		return;
	struct walk w = { .memory = memory, .pc = cursor->pc, .now = entry_shape() };
	walk_to_pc(&w, function_addr);
	if (w.now.called)
		return;
	if (!w.now.saved && !w.now.sp_off)
		ret->trust = FL_TRUST_LR;
	step(&w, cursor, ret);
}
