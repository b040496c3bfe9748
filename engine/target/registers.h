/* SPDX-License-Identifier: Apache-2.0 */
/** @file Cortex-M register numbers, in DWARF order where DWARF has one (AADWARF32). */
#ifndef TARGET_REGISTERS_H
#define TARGET_REGISTERS_H

enum fl_register {
	FL_R0,
	FL_R1,
	FL_R2,
	FL_R3,
	FL_R4,
	FL_R5,
	FL_R6,
	FL_R7,
	FL_R8,
	FL_R9,
	FL_R10,
	FL_R11,
	FL_R12,
	FL_SP,
	FL_LR,
	FL_PC,
	FL_XPSR,
	FL_MSP,
	FL_PSP,
	FL_PRIMASK,
	FL_CONTROL,
	FL_REGISTER_COUNT
};

enum { FL_CORE_REGISTERS = 16 /**< r0..r15: the columns an unwind row has rules for */ };

/** "r0" .. "r12", "sp", "lr", "pc", "xpsr", "msp", "psp", "primask", "control". */
const char *fl_register_name(enum fl_register reg);

/** Architecture profile, as far as it is known. */
enum fl_arch {
	FL_ARCH_UNKNOWN,
	FL_ARCH_V6M,      /**< Cortex-M0, M0+, M1 */
	FL_ARCH_V7M,      /**< Cortex-M3 */
	FL_ARCH_V7EM,     /**< Cortex-M4, M7 */
	FL_ARCH_V8M_BASE, /**< Cortex-M23 */
	FL_ARCH_V8M_MAIN, /**< Cortex-M33, M35P, M55, M85 */
};

/** "Armv7E-M"; "unknown". */
const char *fl_arch_name(enum fl_arch arch);

#endif
