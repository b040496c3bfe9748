/* SPDX-License-Identifier: Apache-2.0 */
#include "target/registers.h"

const char *fl_register_name(enum fl_register reg)
{
	static const char *const names[FL_REGISTER_COUNT] = {
		"r0",  "r1",  "r2", "r3", "r4", "r5",   "r6",  "r7",  "r8",      "r9",      "r10",
		"r11", "r12", "sp", "lr", "pc", "xpsr", "msp", "psp", "primask", "control",
	};
	return reg < FL_REGISTER_COUNT ? names[reg] : "unknown";
}

const char *fl_arch_name(enum fl_arch arch)
{
	switch (arch) {
	case FL_ARCH_V6M:
		return "Armv6-M";
	case FL_ARCH_V7M:
		return "Armv7-M";
	case FL_ARCH_V7EM:
		return "Armv7E-M";
	case FL_ARCH_V8M_BASE:
		return "Armv8-M baseline";
	case FL_ARCH_V8M_MAIN:
		return "Armv8-M mainline";
	case FL_ARCH_UNKNOWN:
		break;
	}
	return "unknown";
}
