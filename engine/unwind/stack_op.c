/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/stack_op.h"

bool fl_fetch(const struct fl_memory *memory, uint32_t addr, struct fl_fetched *ret)
{
	uint16_t hw[2] = { 0, 0 };
	size_t count = 1;
	*ret = (struct fl_fetched){ .addr = addr };
	if (!fl_memory_u16(memory, addr, &hw[0]))
		return false;
	if (fl_thumb_length(hw[0]) == 4 && fl_memory_u16(memory, addr + 2, &hw[1]))
		count = 2;
	if (!fl_thumb_decode(hw, count, &ret->insn))
		return false;
	fl_stack_op_decode(hw, &ret->insn, &ret->op);
	return true;
}
