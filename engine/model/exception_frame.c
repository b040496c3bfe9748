/* SPDX-License-Identifier: Apache-2.0 */
#include "model/exception_frame.h"

#include "target/exc_return.h"

/* Arm DDI 0403E B1.5.6: r0..r3, r12, lr, pc, xPSR from the lowest address up. */
bool fl_exception_frame_read(const struct fl_memory *memory, uint32_t addr,
			     struct fl_exception_frame *ret, uint32_t *missing_ret)
{
	uint32_t *const words[] = { &ret->r[0], &ret->r[1], &ret->r[2], &ret->r[3],
				    &ret->r12,  &ret->lr,   &ret->pc,   &ret->xpsr };
	for (uint32_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (fl_memory_u32(memory, addr + 4 * i, words[i]))
			continue;
		if (missing_ret)
			*missing_ret = addr + 4 * i;
		return false;
	}
	return true;
}

uint32_t fl_exception_frame_sp(uint32_t addr, uint32_t xpsr, bool extended)
{
	return addr + fl_exception_frame_size(extended) + (xpsr & FL_XPSR_PADDING ? 4 : 0);
}

void fl_exception_frame_apply(const struct fl_exception_frame *frame, struct fl_registers *regs)
{
	for (uint32_t i = 0; i < 4; i++)
		fl_reg_set(regs, (enum fl_register)(FL_R0 + i), frame->r[i]);
	fl_reg_set(regs, FL_R12, frame->r12);
	fl_reg_set(regs, FL_LR, frame->lr);
	fl_reg_set(regs, FL_PC, frame->pc & ~UINT32_C(1));
	fl_reg_set(regs, FL_XPSR, frame->xpsr);
}
