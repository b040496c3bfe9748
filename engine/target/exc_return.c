/* SPDX-License-Identifier: Apache-2.0 */
#include "target/exc_return.h"

#include <stdio.h>

/* Arm DDI 0403E B1.5.8: bits 27:5 are ones; the low nibble names mode and stack. */
static bool is_v7m(uint32_t value)
{
	uint32_t nibble = value & 0xf;
	return value >> 5 == UINT32_MAX >> 5 && (nibble == 0x1 || nibble == 0x9 || nibble == 0xd);
}

/* Arm DDI 0553 B3.22: PREFIX, RES1 [23:7], bit 1 RES0. */
static bool is_v8m(uint32_t value)
{
	return value >> 7 == UINT32_MAX >> 7 && !(value & 2);
}

bool fl_is_exc_return(uint32_t value, enum fl_arch arch)
{
	switch (arch) {
	case FL_ARCH_V6M:
	case FL_ARCH_V7M:
	case FL_ARCH_V7EM:
		return is_v7m(value);
	case FL_ARCH_V8M_BASE:
	case FL_ARCH_V8M_MAIN:
	case FL_ARCH_UNKNOWN:
		break;
	}
	return is_v8m(value);
}

struct fl_exc_return fl_exc_return_decode(uint32_t value)
{
	return (struct fl_exc_return){
		.secure_stack = value >> 6 & 1,
		.default_callee = value >> 5 & 1,
		.extended = !(value >> 4 & 1),
		.to_thread = value >> 3 & 1,
		.psp = value >> 2 & 1,
		.to_secure = value & 1,
	};
}

bool fl_is_fnc_return(uint32_t value)
{
	return (value | 1) == 0xfeffffff;
}

bool fl_is_lockup(uint32_t value)
{
	return value == 0xfffffffe || value == 0xeffffffe;
}

uint32_t fl_exception_frame_size(bool extended)
{
	return extended ? 0x68 : 0x20;
}

const char *fl_exception_name(uint16_t number, char buf[16])
{
	static const char *const names[16] = {
		[0] = "Thread",    [1] = "Reset",         [2] = "NMI",        [3] = "HardFault",
		[4] = "MemManage", [5] = "BusFault",      [6] = "UsageFault", [7] = "SecureFault",
		[11] = "SVCall",   [12] = "DebugMonitor", [14] = "PendSV",    [15] = "SysTick",
	};
	if (number < 16 && names[number])
		return names[number];
	if (number < 16)
		snprintf(buf, 16, "exception %u", (unsigned)number);
	else
		snprintf(buf, 16, "IRQ %u", (unsigned)number - 16);
	return buf;
}
