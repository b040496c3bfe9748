/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reader.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

struct fl_reader fl_reader(const char *name, const void *data, size_t size, uint64_t origin)
{
	return (struct fl_reader){
		.data = data ? data : (const void *)"",
		.size = data ? size : 0,
		.origin = origin,
		.name = name,
	};
}

static void latch(struct fl_reader *r, uint64_t need)
{
	fl_fail(&r->error, FL_EFORMAT, FL_AT_FILE_OFFSET, r->origin + r->pos,
		"%s: need %" PRIu64 " more bytes, have %zu", r->name, need, fl_reader_left(r));
}

/* Offsets, not pointers: `pos + n` on a pointer is undefined before it is wrong. */
static const uint8_t *take(struct fl_reader *r, uint64_t n)
{
	if (r->error.code)
		return NULL;
	if (n > fl_reader_left(r)) {
		latch(r, n);
		return NULL;
	}
	const uint8_t *p = r->data + r->pos;
	r->pos += (size_t)n;
	return p;
}

uint8_t fl_read_no_u8(struct fl_reader *r)
{
	(void)take(r, 1);
	return 0;
}

uint16_t fl_read_u16(struct fl_reader *r)
{
	const uint8_t *p = take(r, 2);
	return p ? (uint16_t)(p[0] | (unsigned)p[1] << 8) : 0;
}

uint32_t fl_read_u32(struct fl_reader *r)
{
	const uint8_t *p = take(r, 4);
	return p ? (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
			       (uint32_t)p[3] << 24
		 : 0;
}

uint64_t fl_read_u64(struct fl_reader *r)
{
	uint64_t low = fl_read_u32(r);
	return low | (uint64_t)fl_read_u32(r) << 32;
}

/* The bytes of a LEB128 that ends within the window and 64 bits; 0: it does not. */
static size_t whole_uleb(const struct fl_reader *r, uint64_t *ret)
{
	enum { LONGEST = 10 };
	size_t left = fl_reader_left(r);
	size_t most = left < LONGEST ? left : LONGEST;
	const uint8_t *p = r->data + r->pos;
	uint64_t value = 0;
	for (size_t i = 0; i < most; i++) {
		value |= (uint64_t)(p[i] & 0x7f) << (7 * i);
		if (p[i] < 0x80) {
			*ret = value;
			return i + 1;
		}
	}
	return 0;
}

uint64_t fl_read_long_uleb(struct fl_reader *r)
{
	uint64_t value = 0;
	size_t size = r->error.code ? 0 : whole_uleb(r, &value);
	uint64_t at = r->origin + r->pos;
	r->pos += size;
	if (size || r->error.code)
		return value;
	for (unsigned i = 0; i < 10; i++)
		fl_read_u8(r);
	if (!r->error.code)
		fl_fail(&r->error, FL_EFORMAT, FL_AT_FILE_OFFSET, at,
			"%s: LEB128 longer than 10 bytes", r->name);
	return 0;
}

int64_t fl_read_sleb(struct fl_reader *r)
{
	uint64_t value = 0;
	uint64_t at = r->origin + r->pos;
	for (unsigned shift = 0; shift < 70; shift += 7) {
		uint8_t byte = fl_read_u8(r);
		if (r->error.code)
			return 0;
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		if (shift + 7 < 64 && byte & 0x40)
			value |= UINT64_MAX << (shift + 7);
		int64_t result;
		memcpy(&result, &value, sizeof(result));
		return result;
	}
	fl_fail(&r->error, FL_EFORMAT, FL_AT_FILE_OFFSET, at, "%s: LEB128 longer than 10 bytes",
		r->name);
	return 0;
}

const uint8_t *fl_read_bytes(struct fl_reader *r, uint64_t size)
{
	return take(r, size);
}

const char *fl_read_cstr(struct fl_reader *r)
{
	if (r->error.code)
		return NULL;
	const uint8_t *start = r->data + r->pos;
	const uint8_t *end = fl_reader_left(r) ? memchr(start, 0, fl_reader_left(r)) : NULL;
	if (!end) {
		fl_fail(&r->error, FL_EFORMAT, FL_AT_FILE_OFFSET, r->origin + r->pos,
			"%s: string without end", r->name);
		return NULL;
	}
	r->pos += (size_t)(end - start) + 1;
	return (const char *)start;
}

void fl_read_skip(struct fl_reader *r, uint64_t size)
{
	(void)take(r, size);
}

void fl_read_seek(struct fl_reader *r, uint64_t pos)
{
	if (r->error.code)
		return;
	if (pos > r->size) {
		fl_fail(&r->error, FL_EFORMAT, FL_AT_FILE_OFFSET, r->origin + r->size,
			"%s: offset %" PRIu64 " lies outside its %zu bytes", r->name, pos, r->size);
		return;
	}
	r->pos = (size_t)pos;
}

struct fl_reader fl_read_window(struct fl_reader *r, const char *name, uint64_t size)
{
	uint64_t origin = r->origin + r->pos;
	const uint8_t *p = take(r, size);
	struct fl_reader sub = fl_reader(name, p, p ? (size_t)size : 0, origin);
	sub.error = r->error;
	return sub;
}

uint32_t fl_read_count(struct fl_reader *r, size_t min_size)
{
	assert(min_size > 0);
	uint64_t at = r->origin + r->pos;
	uint32_t count = fl_read_u32(r);
	if (r->error.code)
		return 0;
	if (count > fl_reader_left(r) / min_size) {
		fl_fail(&r->error, FL_EFORMAT, FL_AT_FILE_OFFSET, at,
			"%s: %" PRIu32 " elements of at least %zu bytes cannot fit in %zu", r->name,
			count, min_size, fl_reader_left(r));
		return 0;
	}
	return count;
}

enum fl_code fl_reader_status(const struct fl_reader *r, struct fl_error *err)
{
	if (r->error.code && err)
		*err = r->error;
	return r->error.code;
}
