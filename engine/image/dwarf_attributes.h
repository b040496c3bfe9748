/* SPDX-License-Identifier: Apache-2.0 */
/** @file What an entry of a scope, function or inlined call says. */
#ifndef IMAGE_DWARF_ATTRIBUTES_H
#define IMAGE_DWARF_ATTRIBUTES_H

#include "image/dwarf_read.h"

struct fl_dwarf_attributes {
	const char *name;
	const char *linkage;
	uint64_t origin_off;
	bool has_origin;
	bool external;
	bool has_low, has_high, high_is_size;
	uint64_t low, high;
	uint32_t first_range, range_count; /**< in debug->ranges: DW_AT_ranges, or low and high */
	uint64_t call_file, call_line, call_column;
};

/** Read them; ranges are appended to debug->ranges. @p c is left behind the attributes. */
void fl_dwarf_attributes(struct fl_dwarf *s, const struct fl_dwarf_entry *e, struct fl_cursor *c,
			 struct fl_dwarf_attributes *ret);

#endif
