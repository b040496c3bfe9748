/* SPDX-License-Identifier: Apache-2.0 */
/** @file DWARF expressions of call frame rules, on a bounded stack machine (DWARF 5, 2.5
 * and 6.4.2). */
#ifndef UNWIND_EXPRESSION_H
#define UNWIND_EXPRESSION_H

#include "model/memory.h"
#include "model/registers.h"
#include "symbols/unwind_rule.h"

enum fl_eval {
	FL_EVAL_OK,
	FL_EVAL_UNKNOWN, /**< an unknown register, a bad operation, or a bound was hit */
	FL_EVAL_MISSING, /**< memory was not captured */
};

/**
 * Run @p expression over the registers of the frame that is being left. All arithmetic is modulo
 * 2^32.
 *
 * @param initial pushed first (the CFA); NULL for nothing.
 * @param ret     OK: the value; MISSING: the address; else unchanged.
 */
enum fl_eval fl_expression_run(const struct fl_expression *expression,
			       const struct fl_registers *regs, const struct fl_memory *memory,
			       const uint32_t *initial, uint32_t *ret);

#endif
