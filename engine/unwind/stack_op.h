/* SPDX-License-Identifier: Apache-2.0 */
/** @file Instructions of target memory, and what they do to the stack pointer. */
#ifndef UNWIND_STACK_OP_H
#define UNWIND_STACK_OP_H

#include "model/memory.h"
#include "target/stack_op.h"

/** An instruction fetched from target memory. */
struct fl_fetched {
	uint32_t addr;
	struct fl_thumb insn;
	struct fl_stack_op op;
};

/** Fetch and decode what lies at @p addr; false when it was not captured. */
bool fl_fetch(const struct fl_memory *memory, uint32_t addr, struct fl_fetched *ret);

#endif
