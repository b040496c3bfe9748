/* SPDX-License-Identifier: Apache-2.0 */
/** @file The stack of the thread that is unwound, where its kernel tells its bounds. */
#ifndef UNWIND_PROCESS_STACK_H
#define UNWIND_PROCESS_STACK_H

#include "unwind/step.h"
#include "unwind/unwind.h"

/**
 * Whether the bounds are those of the stack that @p regs are on. A stack pointer above the end
 * belongs to another stack, or the bounds are damaged; below the start it has overflowed.
 */
bool fl_process_stack_fits(const struct fl_unwind_input *in, const struct fl_registers *regs);

/** Whether a caller of the frame at @p cursor cannot have its stack pointer at @p sp. */
bool fl_process_stack_ends_below(const struct fl_unwind_input *in, const struct fl_cursor *cursor,
				 uint32_t sp);

/** Whether a hardware frame that begins at @p addr and ends at @p sp can be on the process stack.
 */
bool fl_process_stack_has_frame(const struct fl_unwind_input *in, uint32_t addr, uint32_t sp);

/** Words from @p addr upwards that a search may look at; at most @p max. */
uint32_t fl_process_stack_words(const struct fl_unwind_input *in, const struct fl_cursor *cursor,
				uint32_t addr, uint32_t max);

/**
 * Whether the frame at @p cursor, whose caller would be at @p cfa, is the outermost because there
 * is no room for another: kernels put the first frame at the very end of the stack, but for what
 * alignment and their own words take.
 */
bool fl_process_stack_is_used_up(const struct fl_unwind_input *in, const struct fl_cursor *cursor,
				 uint32_t cfa);

#endif
