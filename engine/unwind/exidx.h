/* SPDX-License-Identifier: Apache-2.0 */
/** @file A caller from EHABI unwind opcodes (Arm IHI 0038, 10.3). */
#ifndef UNWIND_EXIDX_H
#define UNWIND_EXIDX_H

#include "unwind/step.h"

/**
 * Execute @p count @p opcodes. They describe the body of the function, so they are wrong inside its
 * prologue and epilogue: whoever calls this looks there first.
 *
 * NONE for spare, reserved and "refuse to unwind" opcodes, and when a register that is needed is
 * not known.
 */
void fl_exidx_step(const uint8_t *opcodes, size_t count, const struct fl_memory *memory,
		   const struct fl_cursor *cursor, struct fl_step *ret);

#endif
