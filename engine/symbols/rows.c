/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/rows.h"

/* The byte of a line row. */
enum {
	ADDR_MASK = 7,
	FILE_FOLLOWS = 8,
	LINE_SHIFT = 4,
	LINE_FOLLOWS = 15,
	LINE_BIAS = 4,
};

enum { BLOCK_SIZE_MAX = FL_PLACE_ROWS * FL_ROW_SIZE_MAX };

static uint32_t zigzag(uint32_t difference)
{
	return difference << 1 ^ (difference >> 31 ? UINT32_MAX : 0);
}

static inline uint32_t unzigzag(uint32_t code)
{
	return code >> 1 ^ (code & 1 ? UINT32_MAX : 0);
}

/* What is left to read of a block: rows begin before the end. */
struct block {
	const uint8_t *at, *end;
};

/* There are as many offsets as addresses: module.c. */
static inline struct block
block_at(const struct fl_module *module, enum fl_index_kind addrs, uint32_t i, uint32_t *addr_ret)
{
	static const uint8_t nothing[1];
	const struct fl_table *keys = &module->tables[addrs];
	const struct fl_table *bytes = &module->tables[addrs + 2];
	const uint32_t *offs = module->tables[addrs + 1].data;
	uint32_t size = bytes->count < FL_ROW_SIZE_MAX ? 0 : bytes->count - FL_ROW_SIZE_MAX;
	*addr_ret = 0;
	if (i >= keys->count)
		return (struct block){ nothing, nothing };
	*addr_ret = ((const uint32_t *)keys->data)[i];
	uint32_t end = i + 1 < keys->count ? offs[i + 1] : size;
	if (end > size || offs[i] > end)
		return (struct block){ nothing, nothing };
	const uint8_t *at = (const uint8_t *)bytes->data + offs[i];
	end -= offs[i];
	return (struct block){ at, at + (end < BLOCK_SIZE_MAX ? end : BLOCK_SIZE_MAX) };
}

/* What a value row says of the value. 32 bits more than are needed do no harm. */
static inline uint32_t next_value(uint32_t code, uint32_t *last)
{
	*last += code ? unzigzag(code - 1) : 0;
	return code ? *last : FL_INDEX_NONE;
}

/* How far a line row that begins with @p head is from the row before it. */
static inline uint32_t step_of(const uint8_t **at, unsigned head)
{
	return head & ADDR_MASK ? 2 * (head & ADDR_MASK) : fl_near_uleb32(at);
}

static inline void read_place(const uint8_t **at, unsigned head, struct fl_place_row *row)
{
	if (head & FILE_FOLLOWS)
		row->file = fl_near_uleb32(at);
	row->line += head >> LINE_SHIFT != LINE_FOLLOWS ? (head >> LINE_SHIFT) - LINE_BIAS
							: unzigzag(fl_near_uleb32(at));
	row->column = fl_near_uleb32(at);
}

uint32_t
fl_block_value(const struct fl_module *module, enum fl_index_kind addrs, uint32_t i, uint32_t addr)
{
	uint32_t row_addr;
	uint32_t last = 0;
	uint32_t value = FL_INDEX_NONE;
	struct block block = block_at(module, addrs, i, &row_addr);
	const uint8_t *at = block.at;
	while (at < block.end) {
		row_addr += fl_near_uleb32(&at);
		if (row_addr > addr)
			break;
		value = next_value(fl_near_uleb32(&at), &last);
	}
	return value;
}

struct fl_place_row fl_block_place(const struct fl_module *module, uint32_t i, uint32_t addr)
{
	uint32_t row_addr;
	struct fl_place_row row = { 0 };
	struct block block = block_at(module, FL_INDEX_LINE_ADDRS, i, &row_addr);
	const uint8_t *at = block.at;
	while (at < block.end) {
		unsigned head = *at++;
		row_addr += step_of(&at, head);
		if (row_addr > addr)
			break;
		row.addr = row_addr;
		read_place(&at, head, &row);
	}
	return row;
}

uint32_t fl_rows_value(const struct fl_module *module, enum fl_index_kind addrs, uint32_t addr)
{
	return fl_block_value(module, addrs, fl_table_search(module, addrs, addr), addr);
}

struct fl_place_row fl_rows_place(const struct fl_module *module, uint32_t addr)
{
	uint32_t i = fl_table_search(module, FL_INDEX_LINE_ADDRS, addr);
	return fl_block_place(module, i, addr);
}

uint8_t *fl_put_uleb(uint8_t *at, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (uint8_t)(value | 0x80);
	*at++ = (uint8_t)value;
	return at;
}

uint8_t *fl_value_row_put(uint8_t *at, struct fl_value_row *before, uint32_t addr, uint32_t value)
{
	at = fl_put_uleb(at, addr - before->addr);
	at = fl_put_uleb(at,
			 value == FL_INDEX_NONE ? 0 : UINT64_C(1) + zigzag(value - before->last));
	before->addr = addr;
	before->value = value;
	before->last = value == FL_INDEX_NONE ? before->last : value;
	return at;
}

uint8_t *
fl_place_row_put(uint8_t *at, const struct fl_place_row *before, const struct fl_place_row *row)
{
	uint32_t step = row->addr - before->addr;
	uint32_t line = row->line - before->line;
	unsigned addr_code = step && step % 2 == 0 && step / 2 <= ADDR_MASK ? step / 2 : 0;
	unsigned line_code = line + LINE_BIAS < LINE_FOLLOWS ? line + LINE_BIAS : LINE_FOLLOWS;
	bool new_file = row->file != before->file;
	*at++ = (uint8_t)(addr_code | (new_file ? FILE_FOLLOWS : 0) | line_code << LINE_SHIFT);
	if (!addr_code)
		at = fl_put_uleb(at, step);
	if (new_file)
		at = fl_put_uleb(at, row->file);
	if (line_code == LINE_FOLLOWS)
		at = fl_put_uleb(at, zigzag(line));
	return fl_put_uleb(at, row->column);
}
