/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/step.h"

struct fl_registers fl_registers_after_call(const struct fl_registers *regs)
{
	struct fl_registers kept = *regs;
	for (int reg = 0; reg < FL_CORE_REGISTERS; reg++)
		if (!(FL_CALLEE_SAVED >> reg & 1))
			fl_reg_forget(&kept, (enum fl_register)reg);
	fl_reg_forget(&kept, FL_XPSR); /* its flags; IPSR is in the cursor */
	return kept;
}
