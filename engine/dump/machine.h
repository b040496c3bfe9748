/* SPDX-License-Identifier: Apache-2.0 */
/** @file Machine types and the register blocks they come with (docs/formats.md). */
#ifndef DUMP_MACHINE_H
#define DUMP_MACHINE_H

#include "model/registers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FL_MACHINE_NONE = 0, FL_MACHINE_ARM = 40 };

/** "AArch64"; an unassigned value is written to @p buf (>= 32 bytes). */
const char *fl_machine_name(uint32_t machine, char buf[32]);

/**
 * Name of the machine whose register block has @p size bytes, when that is not a Cortex-M one;
 * NULL otherwise. For dumps that do not say their machine.
 */
const char *fl_machine_of_block(size_t size);

/** Decode a Cortex-M register block; what the payload does not hold stays unknown. */
void fl_machine_registers(const uint8_t *payload, size_t size, struct fl_registers *ret);

#endif
