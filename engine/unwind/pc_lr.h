/* SPDX-License-Identifier: Apache-2.0 */
/** @file Frames from a program counter and a link register alone: all that an event holds. */
#ifndef UNWIND_PC_LR_H
#define UNWIND_PC_LR_H

#include "unwind/unwind.h"

enum { FL_PC_LR_FRAMES = 2 };

struct fl_pc_lr {
	bool has_pc, has_lr;
	uint32_t pc, lr; /**< as sent */
	/**
	 * Software read pc while it ran, which yields the address of that instruction plus 4 (Arm
	 * DDI 0403E A5.1.2); otherwise it is the pc that an exception stacked.
	 */
	bool pc_was_read;
	const struct fl_memory *memory; /**< contents of the ELF */
	const struct fl_symbol_view *symbols;
	enum fl_arch arch;
};

/**
 * At most FL_PC_LR_FRAMES frames into @p ret: pc with trust context, then lr when it can be a
 * return address. Where the function at pc has its return address in LR, or the call before lr
 * leads to it, that frame's trust is lr; otherwise lr may be left over from a call that has
 * returned, and it is only scan.
 */
void fl_unwind_pc_lr(const struct fl_pc_lr *sent, struct fl_unwind_result *ret);

/** pc of the first frame (of the instruction, whatever was sent) and lr as sent. */
struct fl_registers
fl_pc_lr_registers(const struct fl_pc_lr *sent, const struct fl_unwind_result *result);

/** What software recorded before it made its own trap. */
struct fl_read_registers {
	bool has_pc, has_lr;
	uint32_t pc, lr;
};

/**
 * The first caller in @p frames whose code reads pc on the way to the call tells it, because what
 * that yields is known: has_pc. Where it has called nothing before, lr is still its return address:
 * has_lr.
 */
void fl_unwind_read_registers(const struct fl_memory *memory, const struct fl_symbol_view *symbols,
			      const struct fl_unwound_frame *frames, size_t count,
			      struct fl_read_registers *ret);

#endif
