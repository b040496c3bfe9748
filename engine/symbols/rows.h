/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Tables of what changes every few bytes of code, as differences in blocks: docs/index-format.md,
 * "Rows".
 *
 * A kind of rows has three tables that follow each other: X_ADDRS, X_OFFS, X_BYTES; it is named by
 * the first. Whatever lies in them, reading a block is bounded and stays inside X_BYTES.
 */
#ifndef SYMBOLS_ROWS_H
#define SYMBOLS_ROWS_H

#include "base/cursor.h"
#include "symbols/module.h"

enum {
	FL_VALUE_ROWS = 4, /**< in one block, at most */
	FL_PLACE_ROWS = 16,
	FL_ROW_SIZE_MAX = 32, /**< bytes of one row: a byte, and four numbers of 32 bits. As many
				 end X_BYTES that belong to no row: the last one may be read as
				 if it were that long. */
};

/** INLINE and UNWIND, for writing: a value that holds from @ref addr on. */
struct fl_value_row {
	uint32_t addr;
	uint32_t value; /**< at most INT32_MAX; or FL_INDEX_NONE: nothing from here on */
	uint32_t last;  /**< value of the last row that had one */
};

/** LINE: the place in the source that the code from @ref addr on comes from. */
struct fl_place_row {
	uint32_t addr;
	uint32_t file; /**< index into FILES + 1; 0 = unknown */
	uint32_t line, column;
};

/** The value that holds at @p addr, or FL_INDEX_NONE. */
uint32_t fl_rows_value(const struct fl_module *module, enum fl_index_kind addrs, uint32_t addr);

/** The place that holds at @p addr; without file and line where none does. */
struct fl_place_row fl_rows_place(const struct fl_module *module, uint32_t addr);

/** The same in block @p i, which fl_table_search() found for @p addr. */
uint32_t
fl_block_value(const struct fl_module *module, enum fl_index_kind addrs, uint32_t i, uint32_t addr);
struct fl_place_row fl_block_place(const struct fl_module *module, uint32_t i, uint32_t addr);

/** Write the row after @p before. @return behind it: at most FL_ROW_SIZE_MAX bytes. */
uint8_t *fl_value_row_put(uint8_t *at, struct fl_value_row *before, uint32_t addr, uint32_t value);
uint8_t *
fl_place_row_put(uint8_t *at, const struct fl_place_row *before, const struct fl_place_row *row);

uint8_t *fl_put_uleb(uint8_t *at, uint64_t value);

#endif
