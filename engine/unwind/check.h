/* SPDX-License-Identifier: Apache-2.0 */
/** @file Whether what a method found can be a caller: the same questions for every method. */
#ifndef UNWIND_CHECK_H
#define UNWIND_CHECK_H

#include "unwind/step.h"
#include "unwind/unwind.h"

/** The instruction before a return address. */
enum fl_call {
	FL_CALL_NONE,     /**< no call */
	FL_CALL_UNKNOWN,  /**< neither dump nor ELF holds the bytes */
	FL_CALL_DIRECT,   /**< BL */
	FL_CALL_INDIRECT, /**< BLX through a register */
};

/** @param target_ret DIRECT: where the call goes, bit 0 clear. */
enum fl_call
fl_call_before(const struct fl_memory *memory, uint32_t return_addr, uint32_t *target_ret);

/** The function that contains @p addr, in the module that owns it. */
bool fl_function_at(const struct fl_symbol_view *view, uint32_t addr, struct fl_function_info *ret);

/** Whether a function of this name has no caller worth looking for (docs/formats.md, stop
 * conditions). */
bool fl_is_entry_name(const char *name);

/** Whether a function of this name is what a thread's function would return to, if it ever did. */
bool fl_is_exit_name(const char *name);

/** Whether the function at the cursor is an entry by its name, or the thread's own. */
bool fl_is_entry(const struct fl_unwind_input *in, const struct fl_cursor *cursor);

/** Whether the instruction before @p pc is SVC. */
bool fl_follows_svc(const struct fl_unwind_input *in, uint32_t pc);

enum fl_verdict {
	FL_VERDICT_CALLER,    /**< a return address after a call */
	FL_VERDICT_EXCEPTION, /**< an EXC_RETURN: an exception frame comes next */
	FL_VERDICT_END,       /**< a value that marks the outermost frame */
	FL_VERDICT_BAD,       /**< cannot be a caller: another method may do better */
};

/** @param stop_ret END and BAD: why. */
enum fl_verdict fl_judge(const struct fl_unwind_input *in, const struct fl_cursor *cursor,
			 const struct fl_step *step, enum fl_stop *stop_ret);

#endif
