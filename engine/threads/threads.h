/* SPDX-License-Identifier: Apache-2.0 */
/** @file Who was running: the crashed context as a thread, with the stack it runs on. */
#ifndef THREADS_THREADS_H
#define THREADS_THREADS_H

#include "model/finding.h"
#include "model/thread.h"
#include "symbols/symbols.h"

/**
 * Describe the context of the register block: state, priority unknown, stack bounds when the linker
 * script's symbols (`_estack`, `__StackTop`, `__StackLimit`, ...) enclose its stack pointer.
 * Frames are left to the unwinder.
 */
void fl_threads_crashed(const struct fl_symbol_view *symbols, const struct fl_registers *regs,
			struct fl_thread *ret);

#endif
