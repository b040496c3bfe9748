/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * What every unwinding method takes and gives.
 *
 * A method only says what it found; whether that can be a caller is decided in one place (check.h),
 * whatever the method.
 */
#ifndef UNWIND_STEP_H
#define UNWIND_STEP_H

#include "model/frame.h"
#include "model/memory.h"

/** Where the unwinder stands: a frame, and what the core would know there. */
struct fl_cursor {
	struct fl_registers regs; /**< FL_PC equals pc; FL_MSP and FL_PSP follow the stack in use */
	uint32_t pc;
	uint32_t lookup_pc;
	bool exact; /**< a context or an interrupted frame: pc is the next instruction, LR is live
		     */
	bool ipsr_known;
	uint16_t ipsr; /**< exception being handled; 0 = thread */
	bool on_psp;   /**< FL_SP is the process stack pointer */
};

enum fl_step_status {
	FL_STEP_NONE, /**< the method does not apply here */
	FL_STEP_FOUND,
	FL_STEP_MISSING,   /**< it applies, but memory at missing_addr was not captured */
	FL_STEP_OUTERMOST, /**< it says that there is no caller */
};

/** The caller as one method sees it. */
struct fl_step {
	enum fl_step_status status;
	enum fl_trust trust;
	struct fl_registers regs; /**< of the caller: recovered ones only; FL_SP = cfa; no FL_PC */
	uint32_t return_addr;     /**< FOUND: as it was found, bit 0 included */
	bool from_lr;             /**< return_addr is what the LR register holds */
	bool exact;     /**< return_addr is where an interrupted frame stopped, no call before it */
	bool cfa_known; /**< may be set without FOUND */
	uint32_t cfa;
	uint32_t missing_addr;
};

/** Callee-saved registers of the AAPCS, r4..r11. */
enum { FL_CALLEE_SAVED = 0x0ff0 };

/** @p regs without what a call may have changed: r4..r11, MSP, PSP and the like stay, as far as
 * known. */
static inline struct fl_registers fl_registers_after_call(const struct fl_registers *regs)
{
	enum { BELOW_MSP = (1 << FL_MSP) - 1 };
	struct fl_registers kept = *regs;
	for (int reg = FL_R0; reg < FL_R4; reg++)
		kept.value[reg] = 0;
	for (int reg = FL_R12; reg < FL_MSP; reg++) /* also xPSR's flags; IPSR is in the cursor */
		kept.value[reg] = 0;
	kept.known &= FL_CALLEE_SAVED | ~(uint32_t)BELOW_MSP;
	return kept;
}

/** Nothing found yet: every method begins with it. */
static inline void fl_step_begin(struct fl_step *step, enum fl_trust trust)
{
	step->status = FL_STEP_NONE;
	step->trust = trust;
	step->regs.known = 0;
	step->return_addr = 0;
	step->from_lr = step->exact = step->cfa_known = false;
	step->cfa = 0;
	step->missing_addr = 0;
}

#endif
