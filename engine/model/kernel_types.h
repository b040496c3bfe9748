/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * What of the kernels' own data the symbol index keeps, so that thread discovery can read it:
 * structures by tag or typedef, variables by name. One row per kernel; see also threads/kernel.h.
 */
#ifndef MODEL_KERNEL_TYPES_H
#define MODEL_KERNEL_TYPES_H

#include <stdbool.h>

/** Whether the layout of the structure @p name (tag or typedef) is kept. */
bool fl_kernel_wants_struct(const char *name);

/** Whether the address of the variable @p name is kept, beside what .symtab says. */
bool fl_kernel_wants_variable(const char *name);

#endif
