/* SPDX-License-Identifier: Apache-2.0 */
/* 16-bit encodings, Arm DDI 0403E A5.2. */
#include "target/registers.h"
#include "target/thumb_table.h"

static void nothing(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h1, (void)h2, (void)ret;
}

static void writes_low(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h2;
	ret->writes = fl_thumb_bit(fl_thumb_bits(h1, 0, 3));
}

static void writes_middle(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h2;
	ret->writes = fl_thumb_bit(fl_thumb_bits(h1, 8, 3));
}

static void writes_sp(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h1, (void)h2;
	ret->writes = fl_thumb_bit(FL_SP);
}

static void move_reg(struct fl_thumb *ret, unsigned rd, unsigned rm)
{
	ret->kind = rd == FL_PC ? FL_THUMB_BRANCH_REG : FL_THUMB_MOVE_REG;
	ret->rd = (uint8_t)rd;
	ret->rm = (uint8_t)rm;
	ret->writes = fl_thumb_bit(rd);
}

/* LSLS #0, and ADDS #0, the form old assemblers use for the same. */
static void move_low(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h2;
	move_reg(ret, fl_thumb_bits(h1, 0, 3), fl_thumb_bits(h1, 3, 3));
}

static unsigned high_rd(uint16_t h1)
{
	return (unsigned)fl_thumb_bits(h1, 0, 3) | (unsigned)fl_thumb_bits(h1, 7, 1) << 3;
}

static void move_high(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h2;
	move_reg(ret, high_rd(h1), fl_thumb_bits(h1, 3, 4));
}

static void add_high(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h2;
	unsigned rd = high_rd(h1);
	ret->writes = fl_thumb_bit(rd);
	if (rd != FL_PC)
		return;
	ret->kind = FL_THUMB_BRANCH_REG;
	ret->rm = fl_thumb_bits(h1, 3, 4);
}

static void move_imm(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h2;
	ret->kind = FL_THUMB_MOVE_IMM;
	ret->rd = fl_thumb_bits(h1, 8, 3);
	ret->imm = h1 & 0xff;
	ret->writes = fl_thumb_bit(ret->rd);
}

static void branch_exchange(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h2;
	ret->kind = FL_THUMB_BRANCH_REG;
	ret->rm = fl_thumb_bits(h1, 3, 4);
	ret->writes = fl_thumb_bit(FL_PC);
}

static void call_register(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h2;
	ret->kind = FL_THUMB_CALL_REG;
	ret->rm = fl_thumb_bits(h1, 3, 4);
	ret->writes = 0x500f | fl_thumb_bit(FL_PC);
}

static void load_literal(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h2;
	fl_thumb_single(ret, true, fl_thumb_bits(h1, 8, 3), FL_PC, 4);
	ret->access.offset = 4 * (h1 & 0xff);
}

static void access_register(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	static const uint8_t sizes[8] = { 4, 2, 1, 1, 4, 2, 1, 2 };
	(void)h2;
	unsigned op = fl_thumb_bits(h1, 9, 3);
	fl_thumb_single(ret, op >= 3, fl_thumb_bits(h1, 0, 3), fl_thumb_bits(h1, 3, 3), sizes[op]);
	ret->access.index = fl_thumb_bits(h1, 6, 3);
}

/* STR, LDR, STRB, LDRB, STRH, LDRH: bit 11 loads. */
static void access_immediate(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h2;
	unsigned top = h1 >> 12;
	unsigned size = top == 6 ? 4 : top == 7 ? 1 : 2;
	fl_thumb_single(ret, h1 & 0x800, fl_thumb_bits(h1, 0, 3), fl_thumb_bits(h1, 3, 3), size);
	ret->access.offset = (int32_t)(size * fl_thumb_bits(h1, 6, 5));
}

static void access_sp(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h2;
	fl_thumb_single(ret, h1 & 0x800, fl_thumb_bits(h1, 8, 3), FL_SP, 4);
	ret->access.offset = 4 * (h1 & 0xff);
}

static void push(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h2;
	uint16_t list = (uint16_t)((h1 & 0xff) | (h1 & 0x100) << 6);
	fl_thumb_multiple(ret, false, FL_SP, list, true, true);
}

static void pop(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h2;
	uint16_t list = (uint16_t)((h1 & 0xff) | (h1 & 0x100) << 7);
	fl_thumb_multiple(ret, true, FL_SP, list, false, true);
}

/* LDM writes the base back unless it is loaded. */
static void multiple(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h2;
	bool load = h1 & 0x800;
	unsigned base = fl_thumb_bits(h1, 8, 3);
	bool writeback = !load || !(h1 >> base & 1);
	fl_thumb_multiple(ret, load, base, h1 & 0xff, false, writeback);
}

static void branch(struct fl_thumb *ret, int32_t target, bool conditional)
{
	ret->kind = FL_THUMB_BRANCH;
	ret->target = target;
	ret->conditional = conditional;
	ret->writes = fl_thumb_bit(FL_PC);
}

static void compare_branch(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h2;
	branch(ret, 2 * (fl_thumb_bits(h1, 3, 5) | fl_thumb_bits(h1, 9, 1) << 5), true);
}

static void branch_conditional(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h2;
	branch(ret, 2 * fl_thumb_signed(h1, 8), true);
}

static void branch_always(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h2;
	branch(ret, 2 * fl_thumb_signed(h1, 11), false);
}

static void trap(uint16_t h1, struct fl_thumb *ret, enum fl_thumb_kind kind)
{
	ret->kind = kind;
	ret->imm = h1 & 0xff;
}

static void undefined(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h2;
	trap(h1, ret, FL_THUMB_UDF);
}

static void breakpoint(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h2;
	trap(h1, ret, FL_THUMB_BKPT);
}

/* The handler returns its results in the stacked r0..r3. */
static void supervisor_call(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h2;
	trap(h1, ret, FL_THUMB_SVC);
	ret->writes = 0x000f;
}

/* The lowest bit set ends the block (DDI 0403E A7.7.38); without any, it is a hint. */
static void if_then(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h2;
	if (!(h1 & 0xf))
		return;
	ret->kind = FL_THUMB_IT;
	ret->imm = 4 - (uint32_t)__builtin_ctz(h1 & 0xf);
}

const struct fl_thumb_row fl_thumb16_rows[] = {
	{ 0xffc0, 0x0000, 0, 0, move_low },
	{ 0xffc0, 0x1c00, 0, 0, move_low },
	{ 0xe000, 0x0000, 0, 0, writes_low }, /* shifts, ADD, SUB */
	{ 0xf800, 0x2000, 0, 0, move_imm },
	{ 0xf800, 0x2800, 0, 0, nothing },       /* CMP */
	{ 0xf000, 0x3000, 0, 0, writes_middle }, /* ADD, SUB imm8 */
	{ 0xffc0, 0x4200, 0, 0, nothing },       /* TST */
	{ 0xff80, 0x4280, 0, 0, nothing },       /* CMP, CMN */
	{ 0xfc00, 0x4000, 0, 0, writes_low },    /* data processing */
	{ 0xff00, 0x4400, 0, 0, add_high },
	{ 0xff00, 0x4500, 0, 0, nothing }, /* CMP high */
	{ 0xff00, 0x4600, 0, 0, move_high },
	{ 0xff83, 0x4700, 0, 0, branch_exchange },
	{ 0xff83, 0x4780, 0, 0, call_register },
	{ 0xf800, 0x4800, 0, 0, load_literal },
	{ 0xf000, 0x5000, 0, 0, access_register },
	{ 0xe000, 0x6000, 0, 0, access_immediate },
	{ 0xf000, 0x8000, 0, 0, access_immediate },
	{ 0xf000, 0x9000, 0, 0, access_sp },
	{ 0xf000, 0xa000, 0, 0, writes_middle }, /* ADR, ADD from SP */
	{ 0xff00, 0xb000, 0, 0, writes_sp },
	{ 0xf500, 0xb100, 0, 0, compare_branch },
	{ 0xff00, 0xb200, 0, 0, writes_low }, /* SXTH .. UXTB */
	{ 0xfe00, 0xb400, 0, 0, push },
	{ 0xffe8, 0xb660, 0, 0, nothing },    /* CPS */
	{ 0xffc0, 0xba80, 0, 0, nothing },    /* HLT of other profiles */
	{ 0xff00, 0xba00, 0, 0, writes_low }, /* REV, REV16, REVSH */
	{ 0xfe00, 0xbc00, 0, 0, pop },
	{ 0xff00, 0xbe00, 0, 0, breakpoint },
	{ 0xff00, 0xbf00, 0, 0, if_then }, /* IT, hints */
	{ 0xf000, 0xc000, 0, 0, multiple },
	{ 0xff00, 0xde00, 0, 0, undefined },
	{ 0xff00, 0xdf00, 0, 0, supervisor_call },
	{ 0xf000, 0xd000, 0, 0, branch_conditional },
	{ 0xf800, 0xe000, 0, 0, branch_always },
};
const size_t fl_thumb16_row_count = sizeof(fl_thumb16_rows) / sizeof(fl_thumb16_rows[0]);
