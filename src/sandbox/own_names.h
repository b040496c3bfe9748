/* SPDX-License-Identifier: Apache-2.0 */
/** @file Names of this program's own functions, and of its libraries'. */
#ifndef SANDBOX_OWN_NAMES_H
#define SANDBOX_OWN_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A function that code of this process belongs to. */
struct fl_own_name {
	char function[160]; /**< cut if it is longer; "" where there is no symbol */
	uint64_t offset;    /**< of the address in it */
	const char *file;   /**< program or library; lives as long as that is loaded */
	uint64_t file_addr; /**< where that was loaded */
};

/**
 * Of static functions, too, as long as the program has its symbol table; of libraries, exported
 * ones. Opens the program's file.
 * @return false: nothing is loaded there.
 */
bool fl_own_name(uint64_t addr, struct fl_own_name *ret);

#endif
