/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/leaf.h"

void fl_leaf_step(const struct fl_cursor *cursor, struct fl_step *ret)
{
	fl_step_begin(ret, FL_TRUST_LR);
	ret->from_lr = true;
	if (!cursor->exact || !fl_reg_get(&cursor->regs, FL_LR, &ret->return_addr))
		return;
	ret->status = FL_STEP_FOUND;
	ret->regs = fl_registers_after_call(&cursor->regs);
	ret->cfa_known = fl_reg_get(&cursor->regs, FL_SP, &ret->cfa);
	if (ret->cfa_known)
		fl_reg_set(&ret->regs, FL_SP, ret->cfa);
}
