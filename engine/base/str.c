/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fl_str_deinit(struct fl_str *s)
{
	if (!s)
		return;
	free(s->data);
	*s = (struct fl_str){ 0 };
}

/* Room for @p size more bytes and the NUL. */
static bool reserve(struct fl_str *s, size_t size)
{
	if (s->failed)
		return false;
	if (s->data && size < s->room - s->size)
		return true;
	size_t need;
	size_t room = s->room ? s->room : 64;
	if (__builtin_add_overflow(s->size, size, &need) || need > SIZE_MAX / 4) {
		s->failed = true;
		return false;
	}
	while (room <= need)
		room *= 2;
	char *data = realloc(s->data, room);
	if (!data) {
		s->failed = true;
		return false;
	}
	s->data = data;
	s->room = room;
	return true;
}

void fl_str_room(struct fl_str *s, size_t size)
{
	(void)reserve(s, size);
}

void fl_str_add(struct fl_str *s, const void *bytes, size_t size)
{
	if (!reserve(s, size))
		return;
	if (size)
		memcpy(s->data + s->size, bytes, size);
	s->size += size;
	s->data[s->size] = '\0';
}

void fl_str_adds(struct fl_str *s, const char *text)
{
	fl_str_add(s, text, strlen(text));
}

void fl_str_addc(struct fl_str *s, char c)
{
	fl_str_add(s, &c, 1);
}

void fl_str_addf(struct fl_str *s, const char *format, ...)
{
	va_list ap;
	va_list again;
	va_start(ap, format);
	va_copy(again, ap);
	int size = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (size >= 0 && reserve(s, (size_t)size + 1)) {
		vsnprintf(s->data + s->size, (size_t)size + 1, format, again);
		s->size += (size_t)size;
	}
	va_end(again);
}

static void add_le(struct fl_str *s, uint64_t value, size_t size)
{
	uint8_t bytes[8];
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	fl_str_add(s, bytes, size);
}

void fl_str_add_u8(struct fl_str *s, uint8_t value)
{
	add_le(s, value, 1);
}

void fl_str_add_u16(struct fl_str *s, uint16_t value)
{
	add_le(s, value, 2);
}

void fl_str_add_u32(struct fl_str *s, uint32_t value)
{
	add_le(s, value, 4);
}

void fl_str_add_u64(struct fl_str *s, uint64_t value)
{
	add_le(s, value, 8);
}

void fl_str_add_uleb(struct fl_str *s, uint64_t value)
{
	do {
		uint8_t byte = value & 0x7f;
		value >>= 7;
		fl_str_add_u8(s, (uint8_t)(byte | (value ? 0x80 : 0)));
	} while (value);
}

enum fl_code fl_str_finish(struct fl_str *s, struct fl_buffer *ret, struct fl_error *err)
{
	fl_str_add(s, "", 0);
	if (s->failed) {
		fl_str_deinit(s);
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for the output");
	}
	*ret = (struct fl_buffer){ .data = (uint8_t *)s->data, .size = s->size };
	*s = (struct fl_str){ 0 };
	return FL_OK;
}

/* Length of the well-formed UTF-8 sequence at p (Unicode 15, table 3-7), or 0. */
static size_t utf8_length(const uint8_t *p, size_t left)
{
	static const struct {
		uint8_t first, last, size, low, high;
	} forms[] = {
		{ 0x00, 0x7f, 1, 0, 0 },       { 0xc2, 0xdf, 2, 0x80, 0xbf },
		{ 0xe0, 0xe0, 3, 0xa0, 0xbf }, { 0xe1, 0xec, 3, 0x80, 0xbf },
		{ 0xed, 0xed, 3, 0x80, 0x9f }, { 0xee, 0xef, 3, 0x80, 0xbf },
		{ 0xf0, 0xf0, 4, 0x90, 0xbf }, { 0xf1, 0xf3, 4, 0x80, 0xbf },
		{ 0xf4, 0xf4, 4, 0x80, 0x8f },
	};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (p[0] < forms[i].first || p[0] > forms[i].last)
			continue;
		if (forms[i].size > left)
			return 0;
		if (forms[i].size > 1 && (p[1] < forms[i].low || p[1] > forms[i].high))
			return 0;
		for (size_t k = 2; k < forms[i].size; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].size;
	}
	return 0;
}

size_t fl_utf8_clean(const void *text, size_t size, char *out, size_t room)
{
	const uint8_t *p = text;
	size_t written = 0;
	while (size && room) {
		size_t length = utf8_length(p, size);
		bool good = length && !(p[0] < 0x20 || p[0] == 0x7f) &&
			    !(p[0] == 0xc2 && p[1] < 0xa0); /* C1 controls */
		size_t eaten = length ? length : 1;
		const void *from = good ? (const void *)p : "\xef\xbf\xbd";
		size_t n = good ? length : 3;
		if (n >= room - written)
			break;
		memcpy(out + written, from, n);
		written += n;
		p += eaten;
		size -= eaten;
	}
	if (room)
		out[written] = '\0';
	return written;
}

static bool ends_line(char c)
{
	return c == '\0' || c == '\r' || c == '\n';
}

size_t fl_one_line(char *text, size_t size)
{
	while (size && ends_line(text[size - 1]))
		size--;
	for (size_t i = 0; i < size; i++)
		if (ends_line(text[i]) || text[i] == '\t')
			text[i] = ' ';
	return size;
}

void fl_hex(const uint8_t *bytes, size_t size, char *out)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < size; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * size] = '\0';
}

int fl_strcmp(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}
