/* SPDX-License-Identifier: Apache-2.0 */
#include "support/row_reader.h"

struct row_reader row_reader(const struct fl_module *module, enum fl_index_kind addrs, uint32_t i)
{
	const uint32_t *keys = module->tables[addrs].data;
	const uint32_t *offs = module->tables[addrs + 1].data;
	const struct fl_table *bytes = &module->tables[addrs + 2];
	bool last = i + 1 == module->tables[addrs].count;
	const uint8_t *data = bytes->data;
	return (struct row_reader){
		.at = data + offs[i],
		.end = data + (last ? bytes->count - FL_ROW_SIZE_MAX : offs[i + 1]),
		.addr = keys[i],
	};
}

static uint32_t uleb(struct row_reader *r)
{
	uint32_t value = 0;
	for (unsigned shift = 0;; shift += 7) {
		uint8_t byte = *r->at++;
		value |= (uint32_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
	}
}

/* 0, -1, 1, -2, ... */
static uint32_t difference(uint32_t code)
{
	return code % 2 ? 0 - (code / 2) - 1 : code / 2;
}

bool row_reader_value(struct row_reader *r)
{
	if (r->at >= r->end)
		return false;
	r->addr += uleb(r);
	uint32_t code = uleb(r);
	if (code)
		r->last += difference(code - 1);
	r->value = code ? r->last : FL_INDEX_NONE;
	return true;
}

bool row_reader_place(struct row_reader *r)
{
	if (r->at >= r->end)
		return false;
	unsigned step = *r->at % 8, file_follows = *r->at / 8 % 2, line = *r->at / 16;
	r->at++;
	r->addr += step ? 2 * step : uleb(r);
	if (file_follows)
		r->place.file = uleb(r);
	r->place.line += line == 15 ? difference(uleb(r)) : line - 4;
	r->place.column = uleb(r);
	r->place.addr = r->addr;
	return true;
}
