/* SPDX-License-Identifier: Apache-2.0 */
#include "dump/machine.h"

#include "base/reader.h"

#include <inttypes.h>
#include <stdio.h>

struct machine {
	uint32_t value; /* low half: ELF e_machine; high half: vendor subtype */
	const char *name;
};

static const struct machine machines[] = {
	{ 0, "none" },
	{ 3, "x86" },
	{ 40, "Arm Cortex-M" },
	{ 94, "Xtensa" },
	{ 183, "AArch64" },
	{ 243, "RISC-V" },
	{ 0x10028, "Arm Cortex-R" },
	{ 0x1005e, "Xtensa LX106" },
	{ 0x2005e, "Xtensa LX7, one core" },
	{ 0x3005e, "Xtensa LX7, two cores" },
};

const char *fl_machine_name(uint32_t machine, char buf[32])
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (machines[i].value == machine)
			return machines[i].name;
	snprintf(buf, 32, "machine 0x%" PRIx32, machine);
	return buf;
}

const char *fl_machine_of_block(size_t size)
{
	switch (size) {
	case 272:
		return "AArch64";
	case 148:
		return "RISC-V";
	case 100:
	case 292:
		return "Xtensa";
	default:
		return NULL;
	}
}

void fl_machine_registers(const uint8_t *payload, size_t size, struct fl_registers *ret)
{
	static const enum fl_register order[] = {
		FL_R0, FL_R1, FL_R2,   FL_R3,  FL_R4,  FL_R5,      FL_R6,
		FL_R7, FL_R8, FL_R9,   FL_R10, FL_R11, FL_R12,     FL_SP,
		FL_LR, FL_PC, FL_XPSR, FL_MSP, FL_PSP, FL_PRIMASK, FL_CONTROL,
	};
	struct fl_reader r = fl_reader("register block", payload, size, 0);
	*ret = (struct fl_registers){ 0 };
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]) && fl_reader_left(&r) >= 4; i++)
		fl_reg_set(ret, order[i], fl_read_u32(&r));
}
