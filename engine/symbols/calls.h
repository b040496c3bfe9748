/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * CALLS: what was inlined, and where. A call is named by the offset of its bytes, which give
 * (docs/index-format.md, "Rows"): how many bytes before it the call around it lies, the name, the
 * call site.
 */
#ifndef SYMBOLS_CALLS_H
#define SYMBOLS_CALLS_H

#include "symbols/module.h"

struct fl_call {
	uint32_t parent; /**< the call around it, or FL_INDEX_NONE: directly in the function */
	uint32_t name;   /**< index into NAMES */
	uint32_t file;   /**< where the surrounding scope calls it: index into FILES + 1 */
	uint32_t line, column;
};

enum { FL_CALL_SIZE_MAX = 25 };

/** The call at that offset; a parent lies before it. */
bool fl_call_at(const struct fl_module *module, uint32_t off, struct fl_call *ret);

/** Write the call of that offset. @return behind it: at most FL_CALL_SIZE_MAX bytes. */
uint8_t *fl_call_put(uint8_t *at, uint32_t off, const struct fl_call *call);

#endif
