/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * What of the kernels' own data the symbol index keeps, so that thread discovery can read it:
 * structures by tag or typedef, variables by name. One row per kernel; see also threads/kernel.h.
 */
#ifndef MODEL_KERNEL_TYPES_H
#define MODEL_KERNEL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Whether the layout of the structure @p name (tag or typedef) is kept. */
bool fl_kernel_wants_struct(const char *name);

/** Whether the address of the variable @p name is kept, beside what .symtab says. */
bool fl_kernel_wants_variable(const char *name);

/** The @p i-th of all those variables' names, or NULL behind the last. */
const char *fl_kernel_variable_name(size_t i);

/** What a kernel does alike for all of its threads. */
struct fl_kernel_habits {
	const char *name;   /**< as fl_kernel_facts says it */
	uint8_t fill;       /**< what a new stack is filled with, where it is filled */
	uint8_t fill_size;  /**< bytes at the low end that are no longer fill once it ran out */
	bool has_sentinel;  /**< ... where that option is on */
	uint32_t sentinel;  /**< lowest word of a stack that has not overflowed */
	bool low_is_urgent; /**< priority 1 runs before priority 2 */
};

/** NULL for an unknown kernel or none. */
const struct fl_kernel_habits *fl_kernel_habits(const char *name);

#endif
