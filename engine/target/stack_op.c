/* SPDX-License-Identifier: Apache-2.0 */
#include "target/stack_op.h"

#include "target/registers.h"

/*
 * Loads that move SP move it by what they load, except the post-indexed LDR and LDRD
 * (Arm DDI 0403E A7.7.43 T4, A7.7.50), which carry their own step.
 */
static bool load_step(uint16_t h1, uint16_t h2, const struct fl_thumb *insn, int32_t *ret)
{
	if (h1 == 0xf85d) {
		*ret = h2 & 0xff;
		return (h2 & 0x0f00) == 0x0b00;
	}
	if (h1 == 0xe8fd) {
		*ret = 4 * (h2 & 0xff);
		return true;
	}
	*ret = insn->access.size;
	return insn->access.offset == 0;
}

static void transfer(uint16_t h1, uint16_t h2, const struct fl_thumb *insn, struct fl_stack_op *ret)
{
	bool store = insn->kind == FL_THUMB_STORE;
	ret->kind = store ? FL_OP_STORE : FL_OP_LOAD;
	ret->registers = insn->access.floating ? 0 : insn->access.registers;
	if (insn->access.index != FL_THUMB_NO_REGISTER ||
	    (!insn->access.floating && insn->access.element != 4))
		ret->registers = 0;
	ret->offset = insn->access.offset;
	if (!insn->access.writeback)
		return;
	ret->adjust = insn->access.offset;
	if (store ? insn->access.offset >= 0 : !load_step(h1, h2, insn, &ret->adjust))
		ret->kind = FL_OP_OTHER;
}

static void add(struct fl_stack_op *ret, unsigned rd, unsigned rn, int32_t offset)
{
	ret->kind = FL_OP_ADD;
	ret->rd = (uint8_t)rd;
	ret->rn = (uint8_t)rn;
	ret->offset = offset;
}

/* ADD, SUB with an 8-bit immediate as ThumbExpandImm, which MOV.W shares; ADDW, SUBW with 12 plain
 * bits. */
static int32_t wide_immediate(uint16_t h1, uint16_t h2)
{
	struct fl_thumb mov;
	const uint16_t hw[2] = { (uint16_t)(0xf04f | (h1 & 0x400)), (uint16_t)(h2 & 0x70ff) };
	if (h1 & 0x200)
		return (h1 & 0x400) << 1 | (h2 & 0x7000) >> 4 | (h2 & 0xff);
	if (!fl_thumb_decode(hw, 2, &mov) || mov.imm > INT32_MAX)
		return 0;
	return (int32_t)mov.imm;
}

static bool is_wide_add(uint16_t h1, uint16_t h2)
{
	switch (h1 & 0xfbf0) {
	case 0xf100: /* ADD.W */
	case 0xf110:
	case 0xf1a0: /* SUB.W */
	case 0xf1b0:
	case 0xf200: /* ADDW */
	case 0xf2a0: /* SUBW */
		return !(h2 & 0x8000) && (h2 & 0x0f00) != 0x0f00;
	default:
		return false;
	}
}

static void arithmetic16(uint16_t h, struct fl_stack_op *ret)
{
	unsigned low = h >> 8 & 7;
	if ((h & 0xff80) == 0xb000)
		add(ret, FL_SP, FL_SP, 4 * (h & 0x7f));
	else if ((h & 0xff80) == 0xb080)
		add(ret, FL_SP, FL_SP, -4 * (h & 0x7f));
	else if ((h & 0xf800) == 0xa800)
		add(ret, low, FL_SP, 4 * (h & 0xff));
	else if ((h & 0xf800) == 0x3000)
		add(ret, low, low, h & 0xff);
	else if ((h & 0xf800) == 0x3800)
		add(ret, low, low, -(h & 0xff));
	else if ((h & 0xff87) == 0x4485)
		*ret = (struct fl_stack_op){ .kind = FL_OP_ADD_REGISTER, .rm = h >> 3 & 0xf };
	else if ((h & 0xff00) == 0xbf00 && h & 0xf)
		/* Arm DDI 0403E A7.7.38: the lowest set bit of the mask ends the block. */
		*ret = (struct fl_stack_op){ .kind = FL_OP_IF_THEN,
					     .count = (uint8_t)(4 - __builtin_ctz(h & 0xf)) };
}

static void arithmetic32(uint16_t h1, uint16_t h2, struct fl_stack_op *ret)
{
	if (is_wide_add(h1, h2)) {
		int32_t imm = wide_immediate(h1, h2);
		bool sub = h1 & 0xa0;
		add(ret, h2 >> 8 & 0xf, h1 & 0xf, sub ? -imm : imm);
	} else if ((h1 == 0xebad || h1 == 0xeb0d) && (h2 & 0xfff0) == 0x0d00) {
		*ret = (struct fl_stack_op){ .kind = FL_OP_ADD_REGISTER,
					     .rm = h2 & 0xf,
					     .subtract = h1 == 0xebad };
	}
}

void fl_stack_op_decode(const uint16_t hw[2], const struct fl_thumb *insn, struct fl_stack_op *ret)
{
	*ret = (struct fl_stack_op){ .kind = FL_OP_NONE };
	if (fl_thumb_accesses(insn) && insn->access.base == FL_SP)
		transfer(hw[0], hw[1], insn, ret);
	else if (insn->kind == FL_THUMB_MOVE_REG)
		add(ret, insn->rd, insn->rm, 0);
	else if (insn->length == 2)
		arithmetic16(hw[0], ret);
	else
		arithmetic32(hw[0], hw[1], ret);
	if (ret->kind == FL_OP_NONE && insn->writes >> FL_SP & 1)
		ret->kind = FL_OP_OTHER;
}
