/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cursor.h"

#include <string.h>

enum { MAX_LEB = 10 };

static uint64_t fail(struct fl_cursor *c)
{
	c->failed = true;
	c->at = c->end;
	return 0;
}

/* @p bits_ret: how many bits were given. */
static uint64_t read_leb(struct fl_cursor *c, unsigned *bits_ret)
{
	uint64_t value = 0;
	const uint8_t *p = c->at;
	for (unsigned i = 0; i < MAX_LEB && p < c->end; i++, p++) {
		value |= (uint64_t)(*p & 0x7f) << (7 * i);
		if (*p & 0x80)
			continue;
		c->at = p + 1;
		*bits_ret = 7 * (i + 1);
		return value;
	}
	*bits_ret = 64;
	return fail(c);
}

uint64_t fl_cursor_long_uleb(struct fl_cursor *c)
{
	unsigned bits;
	return read_leb(c, &bits);
}

int64_t fl_cursor_sleb(struct fl_cursor *c)
{
	unsigned bits;
	uint64_t value = read_leb(c, &bits);
	int64_t ret;
	if (bits < 64 && value >> (bits - 1) & 1)
		value |= UINT64_MAX << bits;
	memcpy(&ret, &value, sizeof(ret));
	return ret;
}

const char *fl_cursor_cstr(struct fl_cursor *c)
{
	size_t left = fl_cursor_left(c);
	const uint8_t *nul = left ? memchr(c->at, 0, left) : NULL;
	const char *text = (const char *)c->at;
	if (!nul) {
		(void)fail(c);
		return NULL;
	}
	c->at = nul + 1;
	return text;
}
