/* SPDX-License-Identifier: Apache-2.0 */
/** @file Expand one FDE's call frame instructions into rows (DWARF 5, section 6.4). */
#ifndef SYMBOLS_CFI_COMPILE_H
#define SYMBOLS_CFI_COMPILE_H

#include "symbols/unwind_rule.h"

#include <faultline/error.h>

/** A CIE and one of its FDEs. Byte pointers are borrowed. */
struct fl_cfi_program {
	const uint8_t *cie_instructions;
	size_t cie_size;
	const uint8_t *fde_instructions;
	size_t fde_size;
	uint64_t fde_off; /**< file offset of fde_instructions, for messages */
	uint32_t code_align;
	int32_t data_align;
	uint32_t return_column;
	bool signal_frame;
	uint32_t addr; /**< first pc */
	uint32_t size; /**< bytes of code */
};

/** Called once per row in ascending @p pc order; a later row at the same pc replaces the earlier.
 * Return false to abort (FL_ENOMEM). */
typedef bool (*fl_cfi_row_fn)(void *context, uint32_t pc, const struct fl_unwind_rule *rule);

/**
 * All DW_CFA_* of DWARF 2 to 5 plus GNU_args_size, GNU_negative_offset_extended and
 * AARCH64_negate_ra_state (ignored). Expressions are only recorded, not run.
 *
 * @retval FL_EFORMAT a bad opcode or operand; rows emitted so far are valid up to its pc, where
 *                     a row without a CFA ends them.
 * @retval FL_ELIMIT  too many rows or remembered states; the rows as for FL_EFORMAT.
 */
FL_MUST_CHECK enum fl_code fl_cfi_expand(const struct fl_cfi_program *program, fl_cfi_row_fn emit,
					 void *context, struct fl_error *err);

#endif
