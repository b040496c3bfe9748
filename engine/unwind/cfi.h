/* SPDX-License-Identifier: Apache-2.0 */
/** @file A caller from a row of call frame information (DWARF 5, 6.4; AADWARF32). */
#ifndef UNWIND_CFI_H
#define UNWIND_CFI_H

#include "symbols/unwind_rule.h"
#include "unwind/step.h"

/**
 * Apply @p rule, which must be the row for exactly the cursor's pc (its lookup_pc).
 *
 * Without a rule r4..r11 keep their value, SP is the CFA, others are unknown (AAPCS). LR keeps its
 * value only in an exact frame: in every other one the call to the frame below has overwritten it.
 * A register whose slot was not captured is unknown; only the return address makes the step
 * MISSING.
 */
void fl_cfi_step(const struct fl_unwind_rule *rule, const struct fl_memory *memory,
		 const struct fl_cursor *cursor, struct fl_step *ret);

#endif
