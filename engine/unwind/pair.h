/* SPDX-License-Identifier: Apache-2.0 */
/** @file Frames from a program counter and a link register alone: all that an event holds. */
#ifndef UNWIND_PAIR_H
#define UNWIND_PAIR_H

#include "unwind/unwind.h"

enum { FL_PAIR_FRAMES = 2 };

struct fl_pair {
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
 * At most FL_PAIR_FRAMES frames into @p ret: pc with trust context, then lr when it can be a return
 * address. Where the function at pc has its return address in LR, or the call before lr leads to
 * it, that frame's trust is lr; otherwise lr may be left over from a call that has returned, and
 * it is only scan.
 */
void fl_unwind_pair(const struct fl_pair *pair, struct fl_unwind_result *ret);

/** pc of the first frame (of the instruction, whatever was sent) and lr as sent. */
struct fl_registers
fl_pair_registers(const struct fl_pair *pair, const struct fl_unwind_result *result);

#endif
