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

size_t fl_long_uleb(const uint8_t *at, const uint8_t *end, uint64_t *ret)
{
	unsigned bits;
	struct fl_cursor c = { at, end, false };
	*ret = read_leb(&c, &bits);
	return c.failed ? 0 : (size_t)(c.at - at);
}

struct fl_uleb32 fl_long_uleb32(const uint8_t *at)
{
	struct fl_uleb32 ret = { 0, 0 };
	while (ret.size < FL_ULEB32_SIZE) {
		uint8_t byte = at[ret.size];
		ret.value |= (uint32_t)(byte & 0x7f) << (7 * ret.size);
		ret.size++;
		if (byte < 0x80)
			break;
	}
	return ret;
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
