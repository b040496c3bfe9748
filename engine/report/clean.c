/* SPDX-License-Identifier: Apache-2.0 */
#include "report/clean.h"

#include "base/str.h"

#include <stdint.h>
#include <string.h>

/*
 * Eight characters at once. The high bit of a byte shows, without a carry into the next, that it is
 * below 0x20 or above 0x7e: such a byte has its own high bit set, or lacks both 0x20 and 0x40, or
 * is 0x7f.
 */
static bool are_plain(const char text[8])
{
	const uint64_t each = UINT64_C(0x0101010101010101);
	uint64_t word;
	memcpy(&word, text, sizeof(word));
	uint64_t low = word & each * 0x7f;
	uint64_t printable = low + each * 0x60; /* 0x20.. sets the high bit */
	uint64_t deleted = low + each;          /* so does 0x7f */
	return !((word | ~printable | deleted) & each * 0x80);
}

static bool is_plain(char c)
{
	return c >= 0x20 && c <= 0x7e;
}

bool fl_is_plain(const char *text, size_t size)
{
	size_t i = 0;
	if (size < 8) {
		while (i < size && is_plain(text[i]))
			i++;
		return i == size;
	}
	for (; i < size - 8; i += 8)
		if (!are_plain(text + i))
			return false;
	return are_plain(text + size - 8); /* some of them once more */
}

const char *fl_clean(struct fl_arena *arena, const char *text)
{
	size_t size = strlen(text);
	if (fl_is_plain(text, size))
		return text;
	if (size > SIZE_MAX / 4)
		return NULL;
	char *clean = fl_arena_alloc(arena, size * 3 + 1);
	if (clean)
		fl_utf8_clean(text, size, clean, size * 3 + 1);
	return clean;
}

static bool starts_code_point(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

size_t fl_columns(const char *text, size_t size)
{
	size_t columns = 0;
	for (size_t i = 0; i < size; i++)
		columns += starts_code_point(text[i]);
	return columns;
}

size_t fl_columns_prefix(const char *text, size_t size, size_t columns)
{
	size_t i = 0;
	for (; i < size; i++)
		if (starts_code_point(text[i]) && columns-- == 0)
			break;
	return i;
}
