/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The reader (base/reader.h) where tens of millions of small values are read: inline, and it says
 * only that it failed, not why.
 *
 * The same contract: a read that does not fit latches @ref failed, moves to the end, and yields
 * zero; so does every later one. A zero is not a value until @ref failed was looked at.
 */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fl_cursor {
	const uint8_t *at;  /**< next byte; never behind @ref end */
	const uint8_t *end; /**< borrowed, as all that is read */
	bool failed;
};

static inline struct fl_cursor fl_cursor(const void *bytes, size_t size)
{
	const uint8_t *at = bytes ? bytes : (const void *)"";
	return (struct fl_cursor){ at, at + (bytes ? size : 0), false };
}

/** Over what lies at @p off of @p size bytes; failed from the beginning when that is outside. */
static inline struct fl_cursor fl_cursor_at(const void *bytes, size_t size, uint64_t off)
{
	struct fl_cursor c = fl_cursor(bytes, size);
	if (off > (size_t)(c.end - c.at)) {
		c.at = c.end;
		c.failed = true;
	} else {
		c.at += (size_t)off;
	}
	return c;
}

static inline size_t fl_cursor_left(const struct fl_cursor *c)
{
	return (size_t)(c->end - c->at);
}

/** Borrow @p size bytes, or NULL. */
static inline const uint8_t *fl_cursor_bytes(struct fl_cursor *c, uint64_t size)
{
	if (__builtin_expect(size > fl_cursor_left(c), 0)) {
		c->failed = true;
		c->at = c->end;
		return NULL;
	}
	const uint8_t *bytes = c->at;
	c->at += (size_t)size;
	return bytes;
}

static inline void fl_cursor_skip(struct fl_cursor *c, uint64_t size)
{
	(void)fl_cursor_bytes(c, size);
}

static inline uint8_t fl_cursor_u8(struct fl_cursor *c)
{
	const uint8_t *p = fl_cursor_bytes(c, 1);
	return p ? *p : 0;
}

static inline uint16_t fl_cursor_u16(struct fl_cursor *c)
{
	const uint8_t *p = fl_cursor_bytes(c, 2);
	return p ? (uint16_t)(p[0] | (unsigned)p[1] << 8) : 0;
}

static inline uint32_t fl_cursor_u24(struct fl_cursor *c)
{
	const uint8_t *p = fl_cursor_bytes(c, 3);
	return p ? p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 : 0;
}

static inline uint32_t fl_cursor_u32(struct fl_cursor *c)
{
	const uint8_t *p = fl_cursor_bytes(c, 4);
	return p ? p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24 : 0;
}

static inline uint64_t fl_cursor_u64(struct fl_cursor *c)
{
	uint64_t low = fl_cursor_u32(c);
	return low | (uint64_t)fl_cursor_u32(c) << 32;
}

/** For LEB128 of more than one byte. @return how many it takes; 0: it does not end. */
size_t fl_long_uleb(const uint8_t *at, const uint8_t *end, uint64_t *ret);

/** LEB128; more than 10 bytes fail, bits behind the 64th are lost. */
static inline uint64_t fl_cursor_uleb(struct fl_cursor *c)
{
	if (__builtin_expect(c->at < c->end && *c->at < 0x80, 1))
		return *c->at++;
	uint64_t value = 0;
	size_t size = fl_long_uleb(c->at, c->end, &value);
	c->at = size ? c->at + size : c->end;
	c->failed |= !size;
	return value;
}

/** A LEB128 number and the bytes that it takes. */
struct fl_uleb32 {
	uint32_t value, size;
};

struct fl_uleb32 fl_long_uleb32(const uint8_t *at);

/** Its lowest 32 bits. Of @p at, FL_ULEB32_SIZE bytes can be read, which the caller knows. */
static inline uint32_t fl_near_uleb32(const uint8_t **at)
{
	if (__builtin_expect(**at < 0x80, 1))
		return *(*at)++;
	struct fl_uleb32 number = fl_long_uleb32(*at);
	*at += number.size;
	return number.value;
}

enum { FL_ULEB32_SIZE = 5 };

int64_t fl_cursor_sleb(struct fl_cursor *c);

/** NUL-terminated string, or NULL when no NUL follows. */
const char *fl_cursor_cstr(struct fl_cursor *c);

#endif
