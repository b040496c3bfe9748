/* SPDX-License-Identifier: Apache-2.0 */
/** @file Facts -> a verdict with its evidence (docs/formats.md). */
#ifndef FAULT_CAUSE_H
#define FAULT_CAUSE_H

#include "base/arena.h"
#include "model/trace.h"
#include "symbols/symbols.h"

struct fl_cause_input {
	enum fl_arch arch;
	const struct fl_reason *reason;
	const struct fl_fault *fault;
	const struct fl_registers *regs;      /**< the crashed context */
	const struct fl_memory *memory;       /**< dump, then ELF */
	const struct fl_symbol_view *symbols; /**< may be empty */
	const struct fl_thread *thread;       /**< crashed thread: frames, stop, stack bounds */
	const uint32_t *mpu;                  /**< MPU block or NULL */
	size_t mpu_count;                     /**< words */
};

/**
 * Decide. Total: with nothing to go on the category is "Unknown".
 * @retval FL_ENOMEM
 */
FL_MUST_CHECK enum fl_code
fl_cause_find(const struct fl_cause_input *input, struct fl_arena *arena, struct fl_cause *ret);

/** Name and class of a reboot reason (docs/formats.md); an unassigned code is its own name, in @p
 * arena. */
struct fl_reason fl_reason_decode(bool known, uint32_t code, struct fl_arena *arena);

#endif
