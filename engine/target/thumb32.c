/* SPDX-License-Identifier: Apache-2.0 */
/* 32-bit encodings, Arm DDI 0403E A5.3; v8-M additions from Arm DDI 0553 C2.3. */
#include "target/registers.h"
#include "target/thumb_table.h"

enum { WRITES_ANY = 0x7fff };

static unsigned rn_of(uint16_t h1)
{
	return h1 & 0xf;
}

static unsigned rt_of(uint16_t h2)
{
	return h2 >> 12;
}

static unsigned rd_of(uint16_t h2)
{
	return h2 >> 8 & 0xf;
}

static void nothing(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h1, (void)h2, (void)ret;
}

static void writes_any(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h1, (void)h2;
	ret->writes = WRITES_ANY;
}

/* Rd 15 is the flags-only form: TST, CMP, ... */
static void writes_rd(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h1;
	if (rd_of(h2) != FL_PC)
		ret->writes = fl_thumb_bit(rd_of(h2));
}

/* Long multiplies: RdLo, RdHi. */
static void writes_two(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h1;
	ret->writes = fl_thumb_bit(rt_of(h2)) | fl_thumb_bit(rd_of(h2));
}

static void writes_lr(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h1, (void)h2;
	ret->writes = fl_thumb_bit(FL_LR);
}

static void move_register(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h1;
	ret->kind = FL_THUMB_MOVE_REG;
	ret->rd = (uint8_t)rd_of(h2);
	ret->rm = h2 & 0xf;
	ret->writes = fl_thumb_bit(ret->rd);
}

/* ThumbExpandImm, DDI 0403E A5.3.2. */
static uint32_t expand(uint32_t imm12)
{
	uint32_t byte = imm12 & 0xff;
	switch (imm12 >> 8) {
	case 0:
		return byte;
	case 1:
		return byte << 16 | byte;
	case 2:
		return byte << 24 | byte << 8;
	case 3:
		return byte * UINT32_C(0x01010101);
	default:
		break;
	}
	uint32_t value = 0x80 | (imm12 & 0x7f);
	unsigned rotate = imm12 >> 7;
	return value >> rotate | value << (32 - rotate);
}

static uint32_t imm12_of(uint16_t h1, uint16_t h2)
{
	return (uint32_t)(h1 >> 10 & 1) << 11 | (uint32_t)(h2 >> 12 & 7) << 8 | (h2 & 0xff);
}

static void move_immediate(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	ret->kind = FL_THUMB_MOVE_IMM;
	ret->rd = (uint8_t)rd_of(h2);
	ret->imm = expand(imm12_of(h1, h2));
	ret->writes = fl_thumb_bit(ret->rd);
}

static void move_wide(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	ret->kind = h1 & 0x80 ? FL_THUMB_MOVE_TOP : FL_THUMB_MOVE_IMM;
	ret->rd = (uint8_t)rd_of(h2);
	ret->imm = (uint32_t)rn_of(h1) << 12 | imm12_of(h1, h2);
	ret->writes = fl_thumb_bit(ret->rd);
}

static void divide(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	ret->kind = FL_THUMB_DIVIDE;
	ret->is_signed = !(h1 & 0x20);
	ret->rd = (uint8_t)rd_of(h2);
	ret->rn = (uint8_t)rn_of(h1);
	ret->rm = h2 & 0xf;
	ret->writes = fl_thumb_bit(ret->rd);
}

/* LDM, STM: IA when bit 7, DB when bit 8. */
static void multiple(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	fl_thumb_multiple(ret, h1 & 0x10, rn_of(h1), h2, h1 & 0x100, h1 & 0x20);
}

/* Offset and write-back of the P U W forms; a post-indexed access is at the base itself. */
static void index_immediate(struct fl_thumb *ret, uint32_t imm, bool p, bool u, bool w)
{
	if (p)
		ret->access.offset = u ? (int32_t)imm : -(int32_t)imm;
	ret->access.writeback = w || !p;
	if (ret->access.writeback)
		ret->writes |= fl_thumb_bit(ret->access.base);
}

static void access_dual(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	uint16_t list = fl_thumb_bit(rt_of(h2)) | fl_thumb_bit(rd_of(h2));
	fl_thumb_multiple(ret, h1 & 0x10, rn_of(h1), list, false, false);
	ret->access.size = 8; /* also for LDRD r0, r0, which is unpredictable */
	index_immediate(ret, 4u * (h2 & 0xff), h1 & 0x100, h1 & 0x80, h1 & 0x20);
}

static void exclusive(struct fl_thumb *ret, uint16_t h1, uint16_t h2, unsigned size)
{
	fl_thumb_single(ret, h1 & 0x10, rt_of(h2), rn_of(h1), size);
	ret->access.aligned = true;
}

static void load_exclusive(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	exclusive(ret, h1, h2, 4);
	ret->access.offset = 4 * (h2 & 0xff);
}

/* With Rt 15 it is TT, which looks at the attribution of an address and accesses nothing. */
static void store_exclusive(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	if (rt_of(h2) != FL_PC)
		load_exclusive(h1, h2, ret);
	ret->writes = fl_thumb_bit(rd_of(h2));
}

/* LDREXB, LDREXH, LDA.., LDAEX..: bits 5:4 are the size. */
static void load_ordered(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	exclusive(ret, h1, h2, 1u << fl_thumb_bits(h2, 4, 2));
}

/* The exclusive ones return their status in bits 3:0. */
static void store_ordered(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	exclusive(ret, h1, h2, 1u << fl_thumb_bits(h2, 4, 2));
	if (h2 & 0x40)
		ret->writes = fl_thumb_bit(h2 & 0xf);
}

static void table_branch(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	unsigned half = h2 >> 4 & 1;
	fl_thumb_single(ret, true, FL_PC, rn_of(h1), half ? 2 : 1);
	ret->kind = FL_THUMB_TABLE_BRANCH;
	ret->access.index = h2 & 0xf;
	ret->access.shift = (uint8_t)half;
}

static unsigned single_size(uint16_t h1)
{
	return 1u << fl_thumb_bits(h1, 5, 2);
}

static void start_single(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	fl_thumb_single(ret, h1 & 0x10, rt_of(h2), rn_of(h1), single_size(h1));
}

static void single_imm12(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	start_single(h1, h2, ret);
	ret->access.offset = h2 & 0xfff;
}

static void single_literal(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	start_single(h1, h2, ret);
	ret->access.offset = h1 & 0x80 ? h2 & 0xfff : -(h2 & 0xfff);
}

static void single_imm8(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	start_single(h1, h2, ret);
	index_immediate(ret, h2 & 0xff, h2 & 0x400, h2 & 0x200, h2 & 0x100);
}

static void single_register(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	start_single(h1, h2, ret);
	ret->access.index = h2 & 0xf;
	ret->access.shift = fl_thumb_bits(h2, 4, 2);
}

int32_t fl_thumb_bl_target(uint16_t h1, uint16_t h2)
{
	uint32_t s = h1 >> 10 & 1;
	uint32_t i1 = !((h2 >> 13 & 1) ^ s);
	uint32_t i2 = !((h2 >> 11 & 1) ^ s);
	uint32_t value = s << 24 | i1 << 23 | i2 << 22 | (h1 & 0x3ffu) << 12 | (h2 & 0x7ffu) << 1;
	return fl_thumb_signed(value, 25);
}

static void call(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	ret->kind = FL_THUMB_CALL;
	ret->target = fl_thumb_bl_target(h1, h2);
	ret->writes = 0x500f | fl_thumb_bit(FL_PC);
}

static void branch_always(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	call(h1, h2, ret);
	ret->kind = FL_THUMB_BRANCH;
	ret->writes = fl_thumb_bit(FL_PC);
}

static void branch_conditional(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	uint32_t value = (h1 >> 10 & 1u) << 20 | (h2 >> 11 & 1u) << 19 | (h2 >> 13 & 1u) << 18 |
			 (h1 & 0x3fu) << 12 | (h2 & 0x7ffu) << 1;
	ret->kind = FL_THUMB_BRANCH;
	ret->target = fl_thumb_signed(value, 21);
	ret->conditional = true;
	ret->writes = fl_thumb_bit(FL_PC);
}

static void undefined(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	ret->kind = FL_THUMB_UDF;
	ret->imm = (uint32_t)rn_of(h1) << 12 | (h2 & 0xfff);
}

static void fp_access(uint16_t h1, struct fl_thumb *ret, unsigned element, unsigned size)
{
	ret->kind = h1 & 0x10 ? FL_THUMB_LOAD : FL_THUMB_STORE;
	ret->access = (struct fl_thumb_access){
		.base = (uint8_t)rn_of(h1),
		.index = FL_THUMB_NO_REGISTER,
		.aligned = true,
		.floating = true,
		.element = (uint8_t)element,
		.size = (uint16_t)size,
	};
}

/* VLDR, VSTR: half (bits 9:8 = 01), single (10) or double (11) precision. */
static void fp_single(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	unsigned precision = fl_thumb_bits(h2, 8, 2);
	int32_t imm = (h2 & 0xff) * (precision == 1 ? 2 : 4);
	fp_access(h1, ret, precision == 1 ? 2 : 4, 1u << precision);
	ret->access.offset = h1 & 0x80 ? imm : -imm;
}

/* VLDM, VSTM, VPUSH, VPOP: the immediate counts words, plus one in the FSTMX forms. */
static void fp_multiple(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	unsigned words = h2 & 0xff;
	if (h2 & 0x100)
		words &= ~1u;
	fp_access(h1, ret, 4, 4 * words);
	if (h1 & 0x100)
		ret->access.offset = -(int32_t)(4 * words);
	ret->access.writeback = h1 & 0x20;
	if (ret->access.writeback)
		ret->writes = fl_thumb_bit(ret->access.base);
}

/* MRRC or VMOV: two core registers. */
static void fp_to_core_pair(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	ret->kind = FL_THUMB_FP;
	if (h1 & 0x10)
		writes_two(h1, h2, ret);
}

/* MRC, VMOV, VMRS; Rt 15 is the flags. */
static void fp_to_core(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	ret->kind = FL_THUMB_FP;
	if (h1 & 0x10 && rt_of(h2) != FL_PC)
		ret->writes = fl_thumb_bit(rt_of(h2));
}

static void fp_other(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	(void)h1, (void)h2;
	ret->kind = FL_THUMB_FP;
}

/* MVE shares this space on v8.1-M, and some of it writes core registers. */
static void fp_vector(uint16_t h1, uint16_t h2, struct fl_thumb *ret)
{
	fp_other(h1, h2, ret);
	ret->writes = WRITES_ANY;
}

const struct fl_thumb_row fl_thumb32_rows[] = {
	/* A5.3.5 load and store multiple; with base 15 it is v8.1-M's CLRM */
	{ 0xffff, 0xe89f, 0, 0, writes_any },
	{ 0xffc0, 0xe880, 0, 0, multiple },
	{ 0xffc0, 0xe900, 0, 0, multiple },
	/* A5.3.6 dual, exclusive, table branch; SG is an LDRD that means nothing */
	{ 0xffff, 0xe97f, 0xffff, 0xe97f, nothing },
	{ 0xfff0, 0xe840, 0, 0, store_exclusive },
	{ 0xfff0, 0xe850, 0, 0, load_exclusive },
	{ 0xfff0, 0xe8d0, 0x00e0, 0x0000, table_branch },
	{ 0xfff0, 0xe8d0, 0x0080, 0x0080, load_ordered },
	{ 0xfff0, 0xe8d0, 0x00c0, 0x0040, load_ordered },
	{ 0xfff0, 0xe8c0, 0x00c0, 0x0040, store_ordered },
	{ 0xfff0, 0xe8c0, 0x0080, 0x0080, store_ordered },
	{ 0xff60, 0xe860, 0, 0, access_dual },
	{ 0xff40, 0xe940, 0, 0, access_dual },
	/* A5.3.11 data processing, shifted register; Rm 15 is v8.1-M's long shifts */
	{ 0xffef, 0xea4f, 0xf0f0, 0x0000, move_register },
	{ 0xfe00, 0xea00, 0x000f, 0x000f, writes_any },
	{ 0xfe00, 0xea00, 0, 0, writes_rd },
	/* A5.3.18 coprocessor and floating point */
	{ 0xffe0, 0xec40, 0, 0, fp_to_core_pair },
	{ 0xff20, 0xed00, 0x0f00, 0x0900, fp_single },
	{ 0xff20, 0xed00, 0x0e00, 0x0a00, fp_single },
	{ 0xffbf, 0xec9f, 0x0e00, 0x0a00, fp_other }, /* VSCCLRM */
	{ 0xff80, 0xec80, 0x0e00, 0x0a00, fp_multiple },
	{ 0xffa0, 0xed20, 0x0e00, 0x0a00, fp_multiple },
	{ 0xff00, 0xee00, 0x0e10, 0x0a10, fp_to_core },
	{ 0xff00, 0xee00, 0x0e10, 0x0a00, fp_other },
	{ 0xff00, 0xfe00, 0x0e10, 0x0a00, fp_other },
	{ 0xec00, 0xec00, 0, 0, fp_vector },
	/* A5.3.4 branches and miscellaneous control */
	{ 0xfff0, 0xf7f0, 0xf000, 0xa000, undefined },
	{ 0xffe0, 0xf3e0, 0xd000, 0x8000, writes_rd }, /* MRS */
	{ 0xfb80, 0xf380, 0xd000, 0x8000, nothing },   /* MSR, hints, barriers */
	{ 0xf800, 0xf000, 0xd000, 0x8000, branch_conditional },
	{ 0xf800, 0xf000, 0xd000, 0x9000, branch_always },
	{ 0xf800, 0xf000, 0xd000, 0xd000, call },
	{ 0xf800, 0xf000, 0xd000, 0xc000, writes_lr }, /* v8.1-M low-overhead loops */
	/* A5.3.1, A5.3.3 data processing, immediate */
	{ 0xfbef, 0xf04f, 0x8000, 0x0000, move_immediate },
	{ 0xfb70, 0xf240, 0x8000, 0x0000, move_wide },
	{ 0xf800, 0xf000, 0x8000, 0x0000, writes_rd },
	/* A5.3.7-A5.3.10 single loads and stores; a load of byte or half-word to 15 is a hint */
	{ 0xfe70, 0xf810, 0xf000, 0xf000, nothing },
	{ 0xfe70, 0xf830, 0xf000, 0xf000, nothing },
	{ 0xfe60, 0xf860, 0, 0, writes_any },
	{ 0xff10, 0xf900, 0, 0, writes_any }, /* Advanced SIMD of other profiles */
	{ 0xfe1f, 0xf81f, 0, 0, single_literal },
	{ 0xfe80, 0xf880, 0, 0, single_imm12 },
	{ 0xfe80, 0xf800, 0x0800, 0x0800, single_imm8 },
	{ 0xfe80, 0xf800, 0x0fc0, 0x0000, single_register },
	{ 0xfe00, 0xf800, 0, 0, writes_any },
	/* A5.3.12-A5.3.17 data processing, register; multiply; divide */
	{ 0xffd0, 0xfb90, 0x00f0, 0x00f0, divide },
	{ 0xff80, 0xfb80, 0, 0, writes_two },
	{ 0xfe00, 0xfa00, 0, 0, writes_rd },
};
const size_t fl_thumb32_row_count = sizeof(fl_thumb32_rows) / sizeof(fl_thumb32_rows[0]);
