/* SPDX-License-Identifier: Apache-2.0 */
#include "fault/bits.h"

#define SUSPECT FL_EFFECT_FRAME_SUSPECT
#define REUSED  FL_EFFECT_FRAME_REUSED
#define V8M     FL_EFFECT_V8M_ONLY

/* clang-format off */
/* Arm DDI 0403E B3.2.15; STKOF: Arm DDI 0553 D1.2.11. */
static const struct fl_fault_bit cfsr[] = {
	{  0, 0, "IACCVIOL", "instruction fetch from a place that must not be executed" },
	{  1, 0, "DACCVIOL", "data access forbidden by the MPU" },
	{  3, REUSED, "MUNSTKERR", "the MPU refused reading the frame on exception return" },
	{  4, SUSPECT, "MSTKERR", "the MPU refused writing the frame on exception entry" },
	{  5, 0, "MLSPERR", "the MPU refused the late saving of floating-point registers" },
	{  7, FL_EFFECT_ADDR_IN_MMFAR, "MMARVALID", "MMFAR holds the address" },
	{  8, 0, "IBUSERR", "bus error on an instruction fetch" },
	{  9, 0, "PRECISERR", "bus error on a data access, at the stacked PC" },
	{ 10, FL_EFFECT_PC_LATE, "IMPRECISERR", "bus error on an earlier data access" },
	{ 11, REUSED, "UNSTKERR", "bus error reading the frame on exception return" },
	{ 12, SUSPECT, "STKERR", "bus error writing the frame on exception entry" },
	{ 13, 0, "LSPERR", "bus error on the late saving of floating-point registers" },
	{ 15, FL_EFFECT_ADDR_IN_BFAR, "BFARVALID", "BFAR holds the address" },
	{ 16, 0, "UNDEFINSTR", "undefined instruction" },
	{ 17, 0, "INVSTATE", "instruction executed without the Thumb state" },
	{ 18, REUSED, "INVPC", "integrity check failed on exception return" },
	{ 19, 0, "NOCP", "coprocessor disabled or absent" },
	{ 20, V8M | SUSPECT, "STKOF", "stack pointer below its limit register" },
	{ 24, 0, "UNALIGNED", "unaligned access" },
	{ 25, 0, "DIVBYZERO", "integer division by zero" },
};

/* Arm DDI 0403E B3.2.16. */
static const struct fl_fault_bit hfsr[] = {
	{  1, 0, "VECTTBL", "bus error reading the vector table" },
	{ 30, 0, "FORCED", "another fault escalated to HardFault" },
	{ 31, 0, "DEBUGEVT", "debug event with no debugger and no monitor" },
};

/* Arm DDI 0403E C1.6.1; PMU: Arm DDI 0553 D1.2.37. */
static const struct fl_fault_bit dfsr[] = {
	{ 0, 0, "HALTED", "halt request or step" },
	{ 1, 0, "BKPT", "breakpoint" },
	{ 2, 0, "DWTTRAP", "watchpoint" },
	{ 3, 0, "VCATCH", "vector catch" },
	{ 4, 0, "EXTERNAL", "external debug request" },
	{ 5, V8M, "PMU", "performance monitor overflow" },
};

/* Arm DDI 0553 D1.2.256. */
static const struct fl_fault_bit sfsr[] = {
	{ 0, V8M, "INVEP", "non-secure code entered secure code at no entry point" },
	{ 1, V8M | REUSED, "INVIS", "integrity signature wrong on exception return" },
	{ 2, V8M | REUSED, "INVER", "EXC_RETURN contradicts the security state" },
	{ 3, V8M, "AUVIOL", "access against the security attribution" },
	{ 4, V8M, "INVTRAN", "branch from secure to non-secure code without the proper instruction" },
	{ 5, V8M, "LSPERR", "attribution violation on the late saving of floating-point registers" },
	{ 6, V8M | FL_EFFECT_ADDR_IN_SFAR, "SFARVALID", "SFAR holds the address" },
	{ 7, V8M, "LSERR", "error in the late saving of floating-point state" },
};

/* Arm DDI 0489 3.4.4 (Cortex-M7). */
static const struct fl_fault_bit abfsr[] = {
	{ 0, 0, "ITCM", "asynchronous fault on the ITCM" },
	{ 1, 0, "DTCM", "asynchronous fault on the DTCM" },
	{ 2, 0, "AHBP", "asynchronous fault on the AHBP" },
	{ 3, 0, "AXIM", "asynchronous fault on the AXIM" },
	{ 4, 0, "EPPB", "asynchronous fault on the EPPB" },
};

/* Arm DDI 0403E B3.2.13; Arm DDI 0553 D1.2.245. */
static const struct fl_fault_bit shcsr[] = {
	{  0, 0, "MEMFAULTACT", "MemManage was active" },
	{  1, 0, "BUSFAULTACT", "BusFault was active" },
	{  2, V8M, "HARDFAULTACT", "HardFault was active" },
	{  3, 0, "USGFAULTACT", "UsageFault was active" },
	{  4, V8M, "SECUREFAULTACT", "SecureFault was active" },
	{  5, V8M, "NMIACT", "NMI was active" },
	{  7, 0, "SVCALLACT", "SVCall was active" },
	{  8, 0, "MONITORACT", "DebugMonitor was active" },
	{ 10, 0, "PENDSVACT", "PendSV was active" },
	{ 11, 0, "SYSTICKACT", "SysTick was active" },
	{ 12, 0, "USGFAULTPENDED", "a UsageFault was pending" },
	{ 13, 0, "MEMFAULTPENDED", "a MemManage fault was pending" },
	{ 14, 0, "BUSFAULTPENDED", "a BusFault was pending" },
	{ 15, 0, "SVCALLPENDED", "an SVCall was pending" },
	{ 16, 0, "MEMFAULTENA", "MemManage faults were enabled" },
	{ 17, 0, "BUSFAULTENA", "BusFaults were enabled" },
	{ 18, 0, "USGFAULTENA", "UsageFaults were enabled" },
	{ 19, V8M, "SECUREFAULTENA", "SecureFaults were enabled" },
	{ 20, V8M, "SECUREFAULTPENDED", "a SecureFault was pending" },
	{ 21, V8M, "HARDFAULTPENDED", "a HardFault was pending" },
};
/* clang-format on */

#define TABLE(reg, table) \
	{ \
		reg, table, sizeof(table) / sizeof((table)[0]) \
	}

const struct fl_fault_bits fl_fault_tables[] = {
	TABLE(FL_CFSR, cfsr), TABLE(FL_HFSR, hfsr),   TABLE(FL_SFSR, sfsr),
	TABLE(FL_DFSR, dfsr), TABLE(FL_ABFSR, abfsr), TABLE(FL_SHCSR, shcsr),
};
const size_t fl_fault_table_count = sizeof(fl_fault_tables) / sizeof(fl_fault_tables[0]);
