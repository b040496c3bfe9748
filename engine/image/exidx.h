/* SPDX-License-Identifier: Apache-2.0 */
/** @file .ARM.exidx and .ARM.extab: the EHABI unwind table, opcodes laid out as plain bytes. */
#ifndef IMAGE_EXIDX_H
#define IMAGE_EXIDX_H

#include "base/vec.h"
#include "image/elf.h"

struct fl_exidx_row {
	uint32_t addr;                     /**< Thumb bit clear; valid up to the next row's */
	uint32_t opcode_off, opcode_count; /**< into the opcode bytes */
	bool cantunwind;
	bool damaged; /**< what it refers to cannot be read: says nothing */
};

/**
 * Append all rows, ascending (struct fl_exidx_row), and their opcodes in execution order (uint8_t).
 * @retval FL_ENOMEM
 */
FL_MUST_CHECK enum fl_code fl_exidx_read(const struct fl_elf *elf, struct fl_findings *findings,
					 struct fl_vec *rows, struct fl_vec *opcodes,
					 struct fl_error *err);

#endif
