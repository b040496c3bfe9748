/* SPDX-License-Identifier: Apache-2.0 */
/** @file EXC_RETURN and the exception frames it describes (docs/formats.md). */
#ifndef TARGET_EXC_RETURN_H
#define TARGET_EXC_RETURN_H

#include "target/registers.h"

#include <stdbool.h>
#include <stdint.h>

struct fl_exc_return {
	bool secure_stack;   /**< bit 6, S: the frame is on a secure stack (always true on v6/v7-M
				values) */
	bool default_callee; /**< bit 5, DCRS */
	bool extended;       /**< bit 4 clear: the frame has FP space */
	bool to_thread;      /**< bit 3 */
	bool psp;            /**< bit 2 */
	bool to_secure;      /**< bit 0, ES */
};

/**
 * Whether @p value can be an EXC_RETURN: [31:24] and the reserved bits [23:7] all ones, bit 1
 * clear; on v6/v7-M the low nibble is 1, 9 or D. Rejects 0xFFFFFFFF (reset LR) and 0xFFFFFFFE
 * (lockup).
 */
bool fl_is_exc_return(uint32_t value, enum fl_arch arch);

/** Split a value that fl_is_exc_return() accepted. */
struct fl_exc_return fl_exc_return_decode(uint32_t value);

/** FNC_RETURN: LR of non-secure code called from secure code. */
bool fl_is_fnc_return(uint32_t value);

/** 0xFFFFFFFE (v6/v7-M) or 0xEFFFFFFE (v8-M). */
bool fl_is_lockup(uint32_t value);

/** Bytes of the hardware frame: 0x20, or 0x68 with FP space; the alignment word not included. */
uint32_t fl_exception_frame_size(bool extended);

/** "HardFault", "SVCall", "IRQ 3" ...; written to @p buf (>= 16 bytes) for interrupts. @p number 0:
 * "Thread". */
const char *fl_exception_name(uint16_t number, char buf[16]);

#endif
