/* SPDX-License-Identifier: Apache-2.0 */
/** @file A set of registers, each of which may be unknown. */
#ifndef MODEL_REGISTERS_H
#define MODEL_REGISTERS_H

#include "target/registers.h"

#include <stdbool.h>
#include <stdint.h>

/** A register whose bit is clear in @ref known is *unknown*, never zero and never stale. */
struct fl_registers {
	uint32_t value[FL_REGISTER_COUNT];
	uint32_t known; /**< bit i: value[i] is meaningful */
};

static inline bool fl_reg_known(const struct fl_registers *regs, enum fl_register reg)
{
	return regs->known >> reg & 1;
}

static inline bool fl_reg_get(const struct fl_registers *regs, enum fl_register reg, uint32_t *ret)
{
	if (!fl_reg_known(regs, reg))
		return false;
	*ret = regs->value[reg];
	return true;
}

static inline void fl_reg_set(struct fl_registers *regs, enum fl_register reg, uint32_t value)
{
	regs->value[reg] = value;
	regs->known |= UINT32_C(1) << reg;
}

static inline void fl_reg_forget(struct fl_registers *regs, enum fl_register reg)
{
	regs->value[reg] = 0;
	regs->known &= ~(UINT32_C(1) << reg);
}

#endif
