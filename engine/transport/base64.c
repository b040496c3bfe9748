/* SPDX-License-Identifier: Apache-2.0 */
#include <faultline/carrier.h>

#include "transport/base64.h"

#include <stdlib.h>
#include <string.h>

/* RFC 4648, table 1. */
/* clang-format off */
const uint8_t fl_base64_values[256] = {
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 62, 64, 64, 64, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 64, 64, 64, 64, 64, 64,
	64, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 64, 64, 64, 64, 64,
	64, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
};
/* clang-format on */

size_t fl_base64_span(const uint8_t *text, size_t size)
{
	size_t i = 0;
	while (i < size && fl_base64_values[text[i]] != FL_BASE64_OTHER)
		i++;
	return i;
}

/* Padding fills up a group of four, or is left out; a group of one character holds no byte. */
static bool ends_well(size_t rest, size_t padding)
{
	return rest != 1 && (!padding || rest + padding == 4);
}

/* The last group: 2 or 3 characters are 1 or 2 bytes. */
static size_t decode_rest(const uint8_t *values, size_t rest, uint8_t *out)
{
	if (rest < 2)
		return 0;
	out[0] = (uint8_t)(values[0] << 2 | values[1] >> 4);
	if (rest == 3)
		out[1] = (uint8_t)(values[1] << 4 | values[2] >> 2);
	return rest - 1;
}

static bool decode_group(const uint8_t *text, uint8_t *out)
{
	unsigned a = fl_base64_values[text[0]], b = fl_base64_values[text[1]];
	unsigned c = fl_base64_values[text[2]], d = fl_base64_values[text[3]];
	out[0] = (uint8_t)(a << 2 | b >> 4);
	out[1] = (uint8_t)(b << 4 | c >> 2);
	out[2] = (uint8_t)(c << 6 | d);
	return !((a | b | c | d) & FL_BASE64_OTHER);
}

bool fl_base64_run(const uint8_t *text, size_t size, uint8_t *out, size_t *size_ret)
{
	size_t padding = 0;
	while (padding < 2 && padding < size && text[size - 1 - padding] == '=')
		padding++;
	size -= padding;
	size_t rest = size % 4;
	if (!ends_well(rest, padding))
		return false;
	size_t done = 0;
	for (size_t i = 0; i + 4 <= size; i += 4, done += 3)
		if (!decode_group(text + i, out + done))
			return false;
	uint8_t last[3] = { 0 };
	for (size_t i = 0; i < rest; i++) {
		last[i] = fl_base64_values[text[size - rest + i]];
		if (last[i] == FL_BASE64_OTHER)
			return false;
	}
	*size_ret = done + decode_rest(last, rest, out + done);
	return true;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Characters to groups; what is left over stays in @p values. */
struct decoder {
	uint8_t values[4];
	size_t rest, padding;
	uint8_t *out;
	size_t done;
};

static bool decode_character(struct decoder *d, uint8_t c)
{
	if (is_space(c))
		return true;
	if (c == '=')
		return ++d->padding <= 2;
	if (d->padding || fl_base64_values[c] == FL_BASE64_OTHER)
		return false;
	d->values[d->rest++] = fl_base64_values[c];
	if (d->rest < 4)
		return true;
	d->done += decode_rest(d->values, 3, d->out + d->done);
	d->out[d->done++] = (uint8_t)(d->values[2] << 6 | d->values[3]);
	d->rest = 0;
	return true;
}

enum fl_code
fl_base64_decode(const char *text, size_t size, struct fl_buffer *ret, struct fl_error *err)
{
	struct decoder d = { .out = malloc(size / 4 * 3 + 3) };
	if (!d.out)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for decoded base64");
	size_t at = 0;
	while (at < size && decode_character(&d, (uint8_t)text[at]))
		at++;
	if (at < size || !ends_well(d.rest, d.padding)) {
		free(d.out);
		return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, at,
			       at < size ? "base64: byte 0x%02x does not belong there"
					 : "base64: the text is cut",
			       at < size ? (unsigned)(uint8_t)text[at] : 0u);
	}
	d.done += decode_rest(d.values, d.rest, d.out + d.done);
	*ret = (struct fl_buffer){ .data = d.out, .size = d.done };
	return FL_OK;
}
