/* SPDX-License-Identifier: Apache-2.0 */
/** @file What the core itself stacks at an exception, as it lies in memory (docs/formats.md). */
#ifndef MODEL_EXCEPTION_FRAME_H
#define MODEL_EXCEPTION_FRAME_H

#include "model/memory.h"
#include "model/registers.h"

/** Bits of a stacked xPSR (Arm DDI 0403E B1.4.2, DDI 0553 B3.5.1). */
enum {
	FL_XPSR_NUMBER = 0x1ff,
	FL_XPSR_PADDING = 1 << 9, /**< a word was inserted to align the frame */
	FL_XPSR_SFPA = 1 << 20,   /**< v8-M, stacked copy only */
	FL_XPSR_B = 1 << 21,      /**< v8.1-M */
	FL_XPSR_RESERVED = 3 << 22,
	FL_XPSR_T = 1 << 24,
};

/** The eight words that every hardware frame begins with. */
struct fl_exception_frame {
	uint32_t r[4]; /**< r0..r3 */
	uint32_t r12;
	uint32_t lr;
	uint32_t pc; /**< as stacked */
	uint32_t xpsr;
};

/**
 * Read the frame at @p addr; all or nothing.
 * @param missing_ret set on failure: the lowest address that was not captured. May be NULL.
 */
bool fl_exception_frame_read(const struct fl_memory *memory, uint32_t addr,
			     struct fl_exception_frame *ret, uint32_t *missing_ret);

/**
 * The stack pointer before the exception (Arm DDI 0403E B1.5.7).
 * @param extended the frame has FP space.
 */
uint32_t fl_exception_frame_sp(uint32_t addr, uint32_t xpsr, bool extended);

/** Put what was stacked into @p regs: r0..r3, r12, lr, pc (bit 0 clear), xPSR. SP is not touched.
 */
void fl_exception_frame_apply(const struct fl_exception_frame *frame, struct fl_registers *regs);

#endif
