/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/step.h"

struct fl_registers fl_registers_after_call(const struct fl_registers *regs)
{
	enum { BELOW_MSP = (1 << FL_MSP) - 1 };
	struct fl_registers kept = *regs;
	for (int reg = FL_R0; reg < FL_R4; reg++)
		kept.value[reg] = 0;
	for (int reg = FL_R12; reg <= FL_XPSR; reg++) /* its flags; IPSR is in the cursor */
		kept.value[reg] = 0;
	kept.known &= FL_CALLEE_SAVED | ~(uint32_t)BELOW_MSP;
	return kept;
}
