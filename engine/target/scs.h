/* SPDX-License-Identifier: Apache-2.0 */
/** @file Addresses and fields of the System Control Space (Arm DDI 0403E B3, Arm DDI 0553 D1.2). */
#ifndef TARGET_SCS_H
#define TARGET_SCS_H

#include <stdint.h>

#define FL_ADDR_ACTLR UINT32_C(0xe000e008)
#define FL_ADDR_CPUID UINT32_C(0xe000ed00)
#define FL_ADDR_ICSR  UINT32_C(0xe000ed04)
#define FL_ADDR_VTOR  UINT32_C(0xe000ed08)
#define FL_ADDR_CCR   UINT32_C(0xe000ed14)
#define FL_ADDR_SHCSR UINT32_C(0xe000ed24)
#define FL_ADDR_CFSR  UINT32_C(0xe000ed28)
#define FL_ADDR_HFSR  UINT32_C(0xe000ed2c)
#define FL_ADDR_DFSR  UINT32_C(0xe000ed30)
#define FL_ADDR_MMFAR UINT32_C(0xe000ed34)
#define FL_ADDR_BFAR  UINT32_C(0xe000ed38)
#define FL_ADDR_AFSR  UINT32_C(0xe000ed3c)
#define FL_ADDR_SFSR  UINT32_C(0xe000ede4)
#define FL_ADDR_SFAR  UINT32_C(0xe000ede8)
#define FL_ADDR_ABFSR UINT32_C(0xe000efa8) /* Cortex-M7 only: Arm DDI 0489 3.4 */

/* CFSR: MMFSR in [7:0], BFSR in [15:8], UFSR in [31:16]. */
#define FL_CFSR_IACCVIOL    (UINT32_C(1) << 0)
#define FL_CFSR_DACCVIOL    (UINT32_C(1) << 1)
#define FL_CFSR_MUNSTKERR   (UINT32_C(1) << 3)
#define FL_CFSR_MSTKERR     (UINT32_C(1) << 4)
#define FL_CFSR_MLSPERR     (UINT32_C(1) << 5)
#define FL_CFSR_MMARVALID   (UINT32_C(1) << 7)
#define FL_CFSR_IBUSERR     (UINT32_C(1) << 8)
#define FL_CFSR_PRECISERR   (UINT32_C(1) << 9)
#define FL_CFSR_IMPRECISERR (UINT32_C(1) << 10)
#define FL_CFSR_UNSTKERR    (UINT32_C(1) << 11)
#define FL_CFSR_STKERR      (UINT32_C(1) << 12)
#define FL_CFSR_LSPERR      (UINT32_C(1) << 13)
#define FL_CFSR_BFARVALID   (UINT32_C(1) << 15)
#define FL_CFSR_UNDEFINSTR  (UINT32_C(1) << 16)
#define FL_CFSR_INVSTATE    (UINT32_C(1) << 17)
#define FL_CFSR_INVPC       (UINT32_C(1) << 18)
#define FL_CFSR_NOCP        (UINT32_C(1) << 19)
#define FL_CFSR_STKOF       (UINT32_C(1) << 20) /* v8-M */
#define FL_CFSR_UNALIGNED   (UINT32_C(1) << 24)
#define FL_CFSR_DIVBYZERO   (UINT32_C(1) << 25)

#define FL_MMFSR_MASK UINT32_C(0x000000ff)
#define FL_BFSR_MASK  UINT32_C(0x0000ff00)
#define FL_UFSR_MASK  UINT32_C(0xffff0000)

#define FL_HFSR_VECTTBL  (UINT32_C(1) << 1)
#define FL_HFSR_FORCED   (UINT32_C(1) << 30)
#define FL_HFSR_DEBUGEVT (UINT32_C(1) << 31)

#define FL_DFSR_BKPT (UINT32_C(1) << 1)

#define FL_CCR_UNALIGN_TRP (UINT32_C(1) << 3)

#define FL_ACTLR_DISDEFWBUF (UINT32_C(1) << 1) /* Cortex-M3 and M4 only */

#define FL_XPSR_IPSR UINT32_C(0x1ff)
#define FL_XPSR_T    (UINT32_C(1) << 24)

#endif
