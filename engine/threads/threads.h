/* SPDX-License-Identifier: Apache-2.0 */
/** @file Every thread of the kernel that ran, as far as memory was captured; or the one of bare
 * metal. */
#ifndef THREADS_THREADS_H
#define THREADS_THREADS_H

#include "model/finding.h"
#include "model/thread.h"
#include "symbols/symbols.h"

struct fl_threads_input {
	const struct fl_memory *memory;
	const struct fl_symbol_view *symbols;
	const struct fl_registers *contexts; /**< the dump's register blocks, one per core */
	size_t context_count;                /**< 0: nothing says what ran */
	enum fl_arch arch;
};

struct fl_threads {
	struct fl_thread
		*items; /**< the crashed one first, then in the kernel's order; in the arena */
	size_t count;   /**< at most FL_LIMIT_THREADS */
	struct fl_kernel_facts kernel;
};

/**
 * Find the threads. Frames, stop and overflow are left to later stages; a thread without registers
 * has a stop_text that says why, and a stop where it is another reason than that there are none.
 *
 * The first register block is that of the core that crashed. With one there is always one crashed
 * thread: the one that ran on that core, also when an interrupt of it crashed (its registers then
 * are the handler's: unwinding leads to the thread); or one of no name when the kernel ran none
 * (before its scheduler started, bare metal). Every other block too has its thread, which may have
 * no name. Without a block nobody crashed, and what was saved is all there is.
 *
 * Total: damaged data costs threads or fields and leaves findings.
 * @retval FL_ENOMEM
 */
FL_MUST_CHECK enum fl_code fl_threads_find(const struct fl_threads_input *input,
					   struct fl_findings *findings, struct fl_arena *arena,
					   struct fl_threads *ret);

#endif
