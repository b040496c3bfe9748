/* SPDX-License-Identifier: Apache-2.0 */
/** @file The rows of an index one after the other, read as docs/index-format.md tells them. */
#ifndef SUPPORT_ROW_READER_H
#define SUPPORT_ROW_READER_H

#include "symbols/rows.h"

struct row_reader {
	const uint8_t *at, *end;
	uint32_t addr;
	uint32_t value, last; /* of value rows; value FL_INDEX_NONE = nothing from here on */
	struct fl_place_row place;
};

/** At the beginning of block @p i of a sound module. */
struct row_reader row_reader(const struct fl_module *module, enum fl_index_kind addrs, uint32_t i);

/** False: that was the last. */
bool row_reader_value(struct row_reader *r);
bool row_reader_place(struct row_reader *r);

#endif
