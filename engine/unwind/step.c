/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/step.h"

struct fl_registers fl_registers_after_call(const struct fl_registers *regs)
{
	struct fl_registers kept = *regs;
	for (int reg = FL_R0; reg < FL_R4; reg++)
		fl_reg_forget(&kept, (enum fl_register)reg);
	for (int reg = FL_R12; reg <= FL_XPSR; reg++) /* its flags; IPSR is in the cursor */
		fl_reg_forget(&kept, (enum fl_register)reg);
	return kept;
}
