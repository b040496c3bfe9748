/* SPDX-License-Identifier: Apache-2.0 */
/** @file One row of call frame information: how to find the CFA and each register of the caller. */
#ifndef SYMBOLS_UNWIND_RULE_H
#define SYMBOLS_UNWIND_RULE_H

#include "target/registers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fl_cfa_kind {
	FL_CFA_NONE,       /**< no CFA was defined */
	FL_CFA_REGISTER,   /**< cfa = reg + offset */
	FL_CFA_EXPRESSION, /**< cfa = value of the expression */
};

enum fl_rule_kind {
	FL_RULE_UNSPECIFIED, /**< callee-saved registers keep their value, others are unknown; sp =
				cfa */
	FL_RULE_UNDEFINED,   /**< unknown in the caller; for the return address: outermost frame */
	FL_RULE_SAME,        /**< reg = reg */
	FL_RULE_OFFSET,      /**< reg = *(cfa + offset) */
	FL_RULE_VAL_OFFSET,  /**< reg = cfa + offset */
	FL_RULE_REGISTER,    /**< reg = other register */
	FL_RULE_EXPRESSION,  /**< reg = *(expression with cfa pushed) */
	FL_RULE_VAL_EXPRESSION, /**< reg = expression with cfa pushed */
};

/** In place of a core register number: a register of another file, whose value no dump holds. */
enum { FL_RULE_FOREIGN = 0xff };

/** DWARF expression bytes; borrowed. */
struct fl_expression {
	const uint8_t *bytes;
	size_t size;
};

struct fl_register_rule {
	uint8_t kind;  /**< enum fl_rule_kind */
	uint8_t other; /**< FL_RULE_REGISTER: a core register, or FL_RULE_FOREIGN */
	int32_t offset;
	struct fl_expression expression;
};

/** Rules for r0..r15. VFP columns (64-95, 256-287) are parsed and dropped: no dump holds FP
 * registers. */
struct fl_unwind_rule {
	uint8_t cfa_kind;      /**< enum fl_cfa_kind */
	uint8_t cfa_register;  /**< a core register, or FL_RULE_FOREIGN */
	uint8_t return_column; /**< core register number, 14 on this target */
	bool signal_frame;     /**< CIE augmentation 'S': the caller's pc is exact */
	int32_t cfa_offset;
	struct fl_expression cfa_expression;
	struct fl_register_rule regs[FL_CORE_REGISTERS];
};

#endif
