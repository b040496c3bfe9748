/* SPDX-License-Identifier: Apache-2.0 */
/** @file From a handler to what it interrupted: the frame that the core itself stacked. */
#ifndef UNWIND_EXCEPTION_H
#define UNWIND_EXCEPTION_H

#include "unwind/step.h"
#include "unwind/unwind.h"

/** An exception boundary: the state when the handler was entered. */
struct fl_boundary {
	bool exc_return_known;
	uint32_t exc_return;
	bool number_known;
	uint16_t number; /**< of the exception that was taken */
	struct fl_registers
		regs; /**< r4..r11, PSP as recovered so far; FL_SP = main stack at entry */
};

/** Whether a core of this profile can have stacked @p xpsr: reserved bits, and an exception it has.
 */
bool fl_xpsr_possible(enum fl_arch arch, uint32_t xpsr);

enum fl_frame_test {
	FL_FRAME_GOOD,
	FL_FRAME_BAD,
	FL_FRAME_MISSING, /**< not captured: what is there says nothing against it */
};

/**
 * Whether a hardware frame can lie at @p addr: T set, reserved bits clear, pc even and in code, and
 * the exception number one that can have been interrupted.
 *
 * @param strict also ask LR to be a return address; for guesses.
 */
enum fl_frame_test fl_exception_frame_test(const struct fl_unwind_input *in,
					   const struct fl_boundary *boundary, uint32_t addr,
					   bool strict);

/**
 * Pop the frame that EXC_RETURN selects.
 *
 * @param ret      the interrupted context: r0-r3, r12, LR, PC, xPSR from the frame, SP above it.
 * @param addr_ret the frame, or what is missing of it.
 * @retval FL_STOP_NONE, or why there is none.
 */
enum fl_stop fl_exception_pop(const struct fl_unwind_input *in, const struct fl_boundary *boundary,
			      struct fl_cursor *ret, uint32_t *addr_ret);

/** Pop the frame at @p addr, whatever EXC_RETURN says. @p psp: it lies on the process stack. */
enum fl_stop fl_exception_pop_at(const struct fl_unwind_input *in,
				 const struct fl_boundary *boundary, uint32_t addr, bool psp,
				 struct fl_cursor *ret, uint32_t *addr_ret);

#endif
