/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/build.h"

#include <string.h>

static bool begin_block(struct fl_build *b, enum fl_index_kind addrs, uint32_t addr)
{
	size_t size = b->tables[addrs + 2].count;
	uint32_t *key = size < FL_INDEX_NONE ? fl_build_add(b, addrs) : NULL;
	uint32_t *off = key ? fl_build_add(b, addrs + 1) : NULL;
	if (!off)
		return false;
	*key = addr;
	*off = (uint32_t)size;
	return true;
}

uint8_t *fl_build_room(struct fl_build *b, struct fl_vec *bytes)
{
	if (bytes->room - bytes->count < FL_ROW_SIZE_MAX &&
	    !fl_vec_reserve(bytes, bytes->count + bytes->count / 2 + 4096)) {
		b->failed = true;
		return NULL;
	}
	return fl_vec_at(bytes, uint8_t, bytes->count);
}

void fl_build_value(struct fl_build *b, struct fl_rows_out *rows, uint32_t addr, uint32_t value)
{
	struct fl_vec *bytes = &b->tables[rows->addrs + 2];
	if (rows->count % FL_VALUE_ROWS == 0) {
		rows->value = (struct fl_value_row){ .addr = addr };
		b->failed |= !begin_block(b, rows->addrs, addr);
	}
	uint8_t *at = fl_build_room(b, bytes);
	if (b->failed)
		return;
	uint8_t *end = fl_value_row_put(at, &rows->value, addr, value);
	bytes->count += (size_t)(end - at);
	rows->count++;
}

void fl_build_place(struct fl_build *b, struct fl_rows_out *rows, const struct fl_place_row *row)
{
	struct fl_vec *bytes = &b->tables[rows->addrs + 2];
	if (rows->count % FL_PLACE_ROWS == 0) {
		rows->place = (struct fl_place_row){ .addr = row->addr };
		b->failed |= !begin_block(b, rows->addrs, row->addr);
	}
	uint8_t *at = fl_build_room(b, bytes);
	if (b->failed)
		return;
	uint8_t *end = fl_place_row_put(at, &rows->place, row);
	bytes->count += (size_t)(end - at);
	rows->place = *row;
	rows->count++;
}

void fl_build_rows_end(struct fl_build *b, enum fl_index_kind addrs)
{
	struct fl_vec *bytes = &b->tables[addrs + 2];
	uint8_t *at = bytes->count ? fl_build_room(b, bytes) : NULL;
	if (!at)
		return;
	memset(at, 0, FL_ROW_SIZE_MAX);
	bytes->count += FL_ROW_SIZE_MAX;
}
