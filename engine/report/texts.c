/* SPDX-License-Identifier: Apache-2.0 */
#include "report/texts.h"

#include <limits.h>
#include <lz4.h>

void fl_texts_pack(const char *texts, size_t size, struct fl_str *out)
{
	if (size > LZ4_MAX_INPUT_SIZE) {
		out->failed = true;
		return;
	}
	const size_t at = out->size;
	const int room = LZ4_compressBound((int)size);
	fl_str_add_u32(out, 0); /* until it is known */
	fl_str_room(out, (size_t)room);
	if (out->failed)
		return;
	uint32_t packed =
		(uint32_t)LZ4_compress_default(texts, out->data + out->size, (int)size, room);
	for (int i = 0; i < 4; i++)
		out->data[at + (size_t)i] = (char)(packed >> (8 * i));
	out->size += packed;
	out->data[out->size] = '\0';
}

void fl_texts_unpack(struct fl_reader *in, char *out, size_t size)
{
	uint32_t packed = fl_read_u32(in);
	size_t at = in->pos;
	const uint8_t *block = fl_read_bytes(in, packed);
	if (!block)
		return;
	if (packed > INT_MAX || size > INT_MAX ||
	    LZ4_decompress_safe((const char *)block, out, (int)packed, (int)size) != (int)size)
		fl_fail(&in->error, FL_EFORMAT, FL_AT_FILE_OFFSET, in->origin + at,
			"%s: the packed texts are damaged", in->name);
}
