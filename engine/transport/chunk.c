/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/chunk.h"

#include "transport/varint.h"

enum {
	CHANNEL = 0x07,
	CONFIG = 0x38,
	CONFIG_CRC_BEHIND = 0x08, /* SDK 0.0.18 and newer */
	MORE = 0x40,
	CONTINUATION = 0x80,
	CRC_SIZE = 2,
};

static bool parse_header(uint8_t header, struct fl_chunk *ret)
{
	uint8_t config = header & CONFIG;
	ret->channel = header & CHANNEL;
	ret->first = !(header & CONTINUATION);
	ret->more = header & MORE;
	ret->old = ret->first && !config;
	return !config || (ret->first && config == CONFIG_CRC_BEHIND);
}

/* The only form without a length: the size of the chunk says it. */
static void parse_whole(struct fl_chunk *ret, struct fl_reader *r)
{
	if (ret->old)
		ret->crc = fl_read_u16(r);
	size_t left = fl_reader_left(r);
	size_t crc_size = ret->old ? 0 : CRC_SIZE;
	ret->size = left > crc_size ? left - crc_size : 0;
	ret->data = fl_read_bytes(r, ret->size);
	if (!ret->old)
		ret->crc = fl_read_u16(r);
	ret->overhead = r->size - ret->size;
	ret->total = ret->size > UINT32_MAX ? UINT32_MAX : (uint32_t)ret->size;
}

static void parse_part(struct fl_chunk *ret, struct fl_reader *r)
{
	uint32_t number = fl_read_varint(r);
	if (ret->first)
		ret->total = number;
	else
		ret->offset = number;
	if (ret->old)
		ret->crc = fl_read_u16(r);
	ret->overhead = r->pos;
	ret->size = fl_reader_left(r);
	ret->data = fl_read_bytes(r, ret->size);
}

bool fl_chunk_parse(const void *bytes, size_t size, struct fl_chunk *ret)
{
	*ret = (struct fl_chunk){ 0 };
	struct fl_reader r = fl_reader("chunk", bytes, size, 0);
	if (!parse_header(fl_read_u8(&r), ret))
		return false;
	if (ret->first && !ret->more)
		parse_whole(ret, &r);
	else
		parse_part(ret, &r);
	if (fl_reader_status(&r, NULL))
		return false;
	return !ret->first || ret->total;
}
