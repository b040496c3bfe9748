/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/context.h"

#include "target/exc_return.h"
#include "unwind/check.h"
#include "unwind/exception.h"
#include "unwind/leaf.h"
#include "unwind/methods.h"

/* CONTROL says it, where a dump has it; otherwise the pointer that equals SP. */
static bool runs_on_psp(const struct fl_registers *regs)
{
	enum { CONTROL_SPSEL = 2 };
	uint32_t control = 0;
	uint32_t sp = 0;
	uint32_t psp = 0;
	uint32_t msp = 0;
	if (fl_reg_get(regs, FL_CONTROL, &control) && control & CONTROL_SPSEL)
		return true;
	if (!fl_reg_get(regs, FL_SP, &sp) || !fl_reg_get(regs, FL_PSP, &psp) || psp != sp)
		return false;
	return !fl_reg_get(regs, FL_MSP, &msp) || msp != sp;
}

struct fl_cursor fl_context(const struct fl_unwind_input *in)
{
	const struct fl_registers *regs = in->regs;
	struct fl_cursor c = { .regs = *regs, .exact = true };
	uint32_t xpsr;
	(void)fl_reg_get(regs, FL_PC, &c.pc);
	c.pc &= ~UINT32_C(1);
	c.lookup_pc = c.pc;
	fl_reg_set(&c.regs, FL_PC, c.pc);
	c.ipsr_known = fl_reg_get(regs, FL_XPSR, &xpsr);
	c.ipsr = c.ipsr_known ? (uint16_t)(xpsr & 0x1ff) : 0;
	c.on_psp = !c.ipsr && runs_on_psp(regs);
	return c;
}

struct fl_cursor fl_saved_context(const struct fl_unwind_input *in)
{
	struct fl_cursor c = fl_context(in);
	c.ipsr_known = true;
	c.ipsr = 0;
	c.on_psp = true;
	fl_follow_stack(&c);
	/* A thread that yielded by SVC stands behind it, on the next line or in the next function.
	 */
	if (fl_follows_svc(in, c.pc))
		c.lookup_pc = c.pc - 1;
	return c;
}

/* Whether LR can be what the core stacked, or is a word that lay there before. */
static bool lr_was_stacked(const struct fl_unwind_input *in, const struct fl_cursor *c)
{
	struct fl_step step;
	fl_leaf_step(c, &step);
	return fl_judge_step(in, c, &step).kind != FL_HOP_NONE ||
	       (step.return_addr & 1 && fl_view_is_code(in->symbols, step.return_addr - 1));
}

bool fl_was_stacked(const struct fl_unwind_input *in, const struct fl_cursor *c)
{
	enum { XPSR_T = 1 << 24 };
	bool suspect = in->fault_effects & FL_EFFECT_FRAME_SUSPECT;
	bool in_code = fl_view_is_code(in->symbols, c->pc);
	uint32_t xpsr = XPSR_T;
	(void)fl_reg_get(&c->regs, FL_XPSR, &xpsr);
	if (!in_code && !fl_xpsr_possible(in->arch, xpsr))
		return false;
	return !suspect || (in_code && xpsr & XPSR_T && lr_was_stacked(in, c));
}

uint32_t fl_unstacked_sp(const struct fl_unwind_input *in, uint32_t sp)
{
	enum { NEARBY = 0x100 };
	uint32_t frame = fl_exception_frame_size(false);
	uint32_t from = in->arch == FL_ARCH_V8M_MAIN && sp > frame ? (sp - frame) & ~UINT32_C(7)
								   : sp & ~UINT32_C(3);
	for (uint32_t off = 0; off < NEARBY; off += 4) {
		uint32_t word;
		if (fl_memory_u32(in->memory, from + off, &word))
			return from + off;
	}
	return from;
}
