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
	/**
	 * They are what a kernel saved of a switched-out thread, not the dump's register block: the
	 * first frame has the trust of an exception frame, and nothing is guessed from a pc outside
	 * code.
	 */
	bool saved;
	const struct fl_memory *memory;
	const struct fl_symbol_view *symbols;
	enum fl_arch arch;
	unsigned fault_effects; /**< FL_EFFECT_*: how far the stacked frame may be trusted */
	/**
	 * The stack that the process stack pointer is on, where it is known: no frame is looked for
	 * above its end. Not used when the stack pointer itself lies above it.
	 */
	bool has_process_stack;
	uint32_t process_stack_start;
	uint64_t process_stack_end; /**< half-open */
	/** Entry function of the thread, where the kernel tells it: it needs no caller. */
	bool has_entry;
	uint32_t entry_addr;
	unsigned searches_before; /**< by the stacks before it: all of a dump share a limit */
};

/** Caller-provided room: FL_LIMIT_FRAMES frames are about 40 KiB, take it from the arena. */
struct fl_unwind_result {
	struct fl_unwound_frame *frames; /**< room for FL_LIMIT_FRAMES */
	size_t count;
	enum fl_stop stop;
	uint32_t stop_addr; /**< the address that stopped it, where one did */
	unsigned searches;  /**< of the code for calls: the expensive part */
};

/** Total: no input makes it fail; findings may be NULL. */
void fl_unwind(const struct fl_unwind_input *input, struct fl_findings *findings,
	       struct fl_unwind_result *result);

/** A sentence for @p stop, e.g. "stack memory at 0x20003ff0 was not captured". */
void fl_unwind_stop_text(const struct fl_unwind_result *result, char *buf, size_t size);

#endif
