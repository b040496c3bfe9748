/* SPDX-License-Identifier: Apache-2.0 */
/** @file Facts -> a verdict with its evidence (docs/formats.md). */
#ifndef FAULT_CAUSE_H
#define FAULT_CAUSE_H

#include "base/arena.h"
#include "model/trace.h"
#include "symbols/symbols.h"

struct fl_cause_input {
	const struct fl_trace *event; /**< of a reboot or trace event, as far as it is filled; NULL:
					 a dump */
	enum fl_arch arch;
	const struct fl_reason *reason;
	const struct fl_fault *fault;
	const struct fl_registers *regs;      /**< the crashed context */
	const struct fl_memory *memory;       /**< dump, then ELF */
	const struct fl_symbol_view *symbols; /**< may be empty */
	const struct fl_thread *thread;  /**< crashed thread: frames, stop, stack bounds; or NULL */
	const struct fl_thread *threads; /**< all of them, with their frames */
	size_t thread_count;
	const uint32_t *mpu;                  /**< MPU block or NULL */
	size_t mpu_count;                     /**< words */
	const struct fl_kernel_facts *kernel; /**< or NULL */
	struct fl_findings *findings;         /**< what is wrong beside the verdict; may be NULL */
};

/**
 * Decide. Total: with nothing to go on the category is "Unknown".
 * @retval FL_ENOMEM
 */
FL_MUST_CHECK enum fl_code
fl_cause_find(const struct fl_cause_input *input, struct fl_arena *arena, struct fl_cause *ret);

/**
 * Name and class of a reboot reason (docs/formats.md). A code that the vendor has not assigned has
 * the name that an enumerator of the firmware gives it, else it is its own name; both in @p arena.
 * @param symbols may be NULL.
 */
struct fl_reason fl_reason_decode(bool known, uint32_t code, const struct fl_symbol_view *symbols,
				  struct fl_arena *arena);

/** What the firmware calls a trace reason, in @p arena; NULL when its ELF is not there. */
const char *
fl_trace_reason_name(uint32_t code, const struct fl_symbol_view *symbols, struct fl_arena *arena);

/**
 * Whether software gives this reason while it runs, so that the pc it records is its own; false
 * for what an exception handler finds on the stack.
 */
bool fl_reason_is_told_by_software(uint32_t code);

#endif
