/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cbor_writer.h"

#include <stdlib.h>
#include <string.h>

static void put_big_endian(struct bytes *b, uint64_t value, unsigned width)
{
	while (width--)
		put_u8(b, (unsigned)(value >> (8 * width)) & 0xff);
}

void put_cbor_wide(struct bytes *b, unsigned major, uint64_t value, unsigned width)
{
	unsigned info = width == 1 ? 24 : width == 2 ? 25 : width == 4 ? 26 : 27;
	put_u8(b, major << 5 | info);
	put_big_endian(b, value, width);
}

void put_cbor(struct bytes *b, unsigned major, uint64_t value)
{
	if (value < 24)
		put_u8(b, major << 5 | (unsigned)value);
	else
		put_cbor_wide(b, major, value,
			      value <= UINT8_MAX    ? 1
			      : value <= UINT16_MAX ? 2
			      : value <= UINT32_MAX ? 4
						    : 8);
}

void put_cbor_int(struct bytes *b, int64_t value)
{
	if (value < 0)
		put_cbor(b, CBOR_NEGATIVE, (uint64_t) - (value + 1));
	else
		put_cbor(b, CBOR_UINT, (uint64_t)value);
}

void put_cbor_text(struct bytes *b, const char *text)
{
	put_cbor(b, CBOR_TEXT, strlen(text));
	put(b, text, strlen(text));
}

void put_cbor_bytes(struct bytes *b, const void *data, size_t size)
{
	put_cbor(b, CBOR_BYTES, size);
	put(b, data, size);
}

void put_cbor_half(struct bytes *b, uint16_t bits)
{
	put_cbor_wide(b, CBOR_MISC, bits, 2);
}

void put_cbor_single(struct bytes *b, float value)
{
	uint32_t bits;
	memcpy(&bits, &value, sizeof(bits));
	put_cbor_wide(b, CBOR_MISC, bits, 4);
}

void put_cbor_double(struct bytes *b, double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof(bits));
	put_cbor_wide(b, CBOR_MISC, bits, 8);
}

void put_cbor_null(struct bytes *b)
{
	put_u8(b, 0xf6);
}

void put_cbor_open(struct bytes *b, unsigned major)
{
	put_u8(b, major << 5 | 31);
}

void put_cbor_break(struct bytes *b)
{
	put_u8(b, 0xff);
}

void put_cbor_pair(struct bytes *b, uint64_t key, uint64_t value)
{
	put_cbor(b, CBOR_UINT, key);
	put_cbor(b, CBOR_UINT, value);
}

void put_cbor_pair_text(struct bytes *b, uint64_t key, const char *text)
{
	put_cbor(b, CBOR_UINT, key);
	put_cbor_text(b, text);
}

static unsigned digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *found = strchr(digits, c);
	if (!c || !found)
		abort();
	return (unsigned)(found - digits);
}

void put_hex(struct bytes *b, const char *hex)
{
	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		put_u8(b, digit(hex[0]) << 4 | digit(hex[1]));
		hex++;
	}
}
