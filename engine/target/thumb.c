/* SPDX-License-Identifier: Apache-2.0 */
#include "target/thumb.h"

#include "target/registers.h"
#include "target/thumb_table.h"

unsigned fl_thumb_length(uint16_t first)
{
	return first >> 11 >= 0x1d ? 4 : 2;
}

/* BL, encoding T1: DDI 0403E A7.7.18. */
static bool is_bl(uint16_t h1, uint16_t h2)
{
	return (h1 & 0xf800) == 0xf000 && (h2 & 0xd000) == 0xd000;
}

/* BLX (register) T1 and BLXNS (DDI 0553 C2.4.17), which differ in bit 2. */
static bool is_blx(uint16_t h)
{
	return (h & 0xff83) == 0x4780;
}

bool fl_thumb_is_call(const uint16_t *hw, size_t count)
{
	if (count && is_blx(hw[0]))
		return true;
	return count > 1 && is_bl(hw[0], hw[1]);
}

unsigned fl_thumb_call_size(uint16_t minus4, uint16_t minus2)
{
	if (is_bl(minus4, minus2))
		return 4;
	return is_blx(minus2) ? 2 : 0;
}

bool fl_thumb_call_before(uint16_t minus4, uint16_t minus2)
{
	return fl_thumb_call_size(minus4, minus2) != 0;
}

void fl_thumb_single(struct fl_thumb *ret, bool load, unsigned rt, unsigned base, unsigned size)
{
	ret->kind = !load ? FL_THUMB_STORE : rt == FL_PC ? FL_THUMB_LOAD_PC : FL_THUMB_LOAD;
	ret->access = (struct fl_thumb_access){
		.base = (uint8_t)base,
		.index = FL_THUMB_NO_REGISTER,
		.element = (uint8_t)size,
		.size = (uint16_t)size,
		.registers = fl_thumb_bit(rt),
	};
	if (load)
		ret->writes = fl_thumb_bit(rt);
}

void fl_thumb_multiple(struct fl_thumb *ret, bool load, unsigned base, uint16_t list,
		       bool decrement, bool writeback)
{
	unsigned size = 4 * (unsigned)__builtin_popcount(list);
	bool pc = load && list >> FL_PC & 1;
	ret->kind = !load ? FL_THUMB_STORE : pc ? FL_THUMB_LOAD_PC : FL_THUMB_LOAD;
	ret->access = (struct fl_thumb_access){
		.base = (uint8_t)base,
		.index = FL_THUMB_NO_REGISTER,
		.writeback = writeback,
		.aligned = true,
		.element = 4,
		.size = (uint16_t)size,
		.offset = decrement ? -(int32_t)size : 0,
		.registers = list,
	};
	ret->writes = load ? list : 0;
	if (writeback)
		ret->writes |= fl_thumb_bit(base);
}

bool fl_thumb_decode(const uint16_t *hw, size_t count, struct fl_thumb *ret)
{
	if (!count)
		return false;
	unsigned length = fl_thumb_length(hw[0]);
	if (count < length / 2)
		return false;
	*ret = (struct fl_thumb){
		.kind = FL_THUMB_OTHER,
		.length = (uint8_t)length,
		.rd = FL_THUMB_NO_REGISTER,
		.rn = FL_THUMB_NO_REGISTER,
		.rm = FL_THUMB_NO_REGISTER,
		.writes = 0x7fff, /* an encoding no row knows may change anything */
	};
	uint16_t h2 = length == 4 ? hw[1] : 0;
	const struct fl_thumb_row *rows = length == 4 ? fl_thumb32_rows : fl_thumb16_rows;
	size_t row_count = length == 4 ? fl_thumb32_row_count : fl_thumb16_row_count;
	for (size_t i = 0; i < row_count; i++) {
		if ((hw[0] & rows[i].mask1) != rows[i].value1 ||
		    (h2 & rows[i].mask2) != rows[i].value2)
			continue;
		ret->writes = 0;
		rows[i].fill(hw[0], h2, ret);
		break;
	}
	return true;
}

bool fl_thumb_accesses(const struct fl_thumb *insn)
{
	return insn->kind == FL_THUMB_LOAD || insn->kind == FL_THUMB_STORE ||
	       insn->kind == FL_THUMB_TABLE_BRANCH ||
	       (insn->kind == FL_THUMB_LOAD_PC && insn->access.size);
}
