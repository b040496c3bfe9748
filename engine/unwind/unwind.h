/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * From registers and memory to physical frames.
 *
 * Methods, best first: exception frame, CFI, EXIDX, prologue analysis, LR of a leaf, call
 * instructions that lead to the function, stack scan. Every result passes the same sanity checks; a
 * failed check lowers trust or ends the stack with a reason and never discards frames already
 * found.
 */
#ifndef UNWIND_UNWIND_H
#define UNWIND_UNWIND_H

#include "base/limits.h"
#include "model/fault.h"
#include "model/finding.h"
#include "model/frame.h"
#include "model/memory.h"
#include "symbols/symbols.h"

struct fl_unwind_input {
	const struct fl_registers *regs; /**< where to begin */
	bool saved;     /**< they are what a kernel saved of a switched-out thread, not the dump's
			   register     block: the first frame has the trust of an exception frame */
	bool at_return; /**< pc is a return address (a kernel that switches by call): looked up
			 * before it
			 */
	const struct fl_memory *memory;
	const struct fl_symbol_view *symbols;
	enum fl_arch arch;
	unsigned fault_effects; /**< FL_EFFECT_*: how far the stacked frame may be trusted */
	/** The stack that the process stack pointer is on, where it is known: scans stay inside. */
	bool has_process_stack;
	uint32_t process_stack_start;
	uint64_t process_stack_end;
};

/** Caller-provided room: FL_LIMIT_FRAMES frames are about 40 KiB, take it from the arena. */
struct fl_unwind_result {
	struct fl_unwound_frame *frames; /**< room for FL_LIMIT_FRAMES */
	size_t count;
	enum fl_stop stop;
	uint32_t stop_addr; /**< the address that stopped it, where one did */
};

/** Total: no input makes it fail; findings may be NULL. */
void fl_unwind(const struct fl_unwind_input *input, struct fl_findings *findings,
	       struct fl_unwind_result *result);

/** A sentence for @p stop, e.g. "stack memory at 0x20003ff0 was not captured". */
void fl_unwind_stop_text(const struct fl_unwind_result *result, char *buf, size_t size);

#endif
