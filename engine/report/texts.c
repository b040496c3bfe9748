/* SPDX-License-Identifier: Apache-2.0 */
#include "report/texts.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>

enum {
	HASH_BITS = 10,
	FARTHEST = (1 << 14) - 1, /* in two bytes: no repetition is longer told than written */
	HALF = 15,                /* the most that half a byte says */
	PATIENCE = 6,             /* after 2^6 bytes without success steps get longer */
};

struct packer {
	const char *texts;
	uint8_t *at;                   /* of the output, which has room for all of it */
	uint32_t seen[1 << HASH_BITS]; /* where these bytes were last; at first, where any began */
};

/* Eight bytes, the first in the low ones. */
static uint64_t word_at(const char *at)
{
	uint64_t word;
	memcpy(&word, at, sizeof(word));
	return le64toh(word);
}

/* Bytes that are the same from @p a and @p b on, of @p most. */
static size_t common(const char *a, const char *b, size_t most)
{
	size_t n = 0;
	for (; most - n >= sizeof(uint64_t); n += sizeof(uint64_t)) {
		uint64_t differing = word_at(a + n) ^ word_at(b + n);
		if (differing)
			return n + (size_t)__builtin_ctzll(differing) / 8;
	}
	while (n < most && a[n] == b[n])
		n++;
	return n;
}

static uint8_t *put_uleb(uint8_t *at, size_t v)
{
	for (; v >= 0x80; v >>= 7)
		*at++ = (uint8_t)(v | 0x80);
	*at++ = (uint8_t)v;
	return at;
}

static size_t half(size_t count)
{
	return count < HALF ? count : HALF;
}

static uint8_t *put_rest(uint8_t *at, size_t count)
{
	return count < HALF ? at : put_uleb(at, count - HALF);
}

/* @p plain bytes from @p from on, then @p length more that were @p back bytes before. */
static void put_step(struct packer *p, const char *from, size_t plain, size_t length, size_t back)
{
	size_t repeated = length ? length - FL_TEXTS_REPEAT : 0;
	*p->at++ = (uint8_t)(half(plain) << 4 | half(repeated));
	p->at = put_rest(p->at, plain);
	memcpy(p->at, from, plain);
	p->at += plain;
	if (length)
		p->at = put_uleb(put_rest(p->at, repeated), back);
}

/* Where the bytes at @p at were before, or @p at; they are here now. */
static size_t last_seen(struct packer *p, size_t at)
{
	enum { UNUSED = 64 - 8 * FL_TEXTS_REPEAT };
	uint64_t word = word_at(p->texts + at) << UNUSED;
	uint32_t *slot = &p->seen[word * UINT64_C(0x9e3779b97f4a7c15) >> (64 - HASH_BITS)];
	size_t before = *slot;
	*slot = (uint32_t)at;
	bool same = word_at(p->texts + before) << UNUSED == word;
	return same && at - before <= FARTHEST ? before : at;
}

/* The next repetition at or behind @p at, and where it was before; the end when there is none. */
static size_t find(struct packer *p, size_t at, size_t size, size_t *before_ret)
{
	size_t from = at;
	while (at < size && size - at >= sizeof(uint64_t)) {
		*before_ret = last_seen(p, at);
		if (*before_ret != at)
			return at;
		at += 1 + ((at - from) >> PATIENCE);
	}
	return size;
}

void fl_texts_pack(const char *texts, size_t size, struct fl_str *out)
{
	fl_str_room(out, FL_TEXTS_MOST(size));
	if (out->failed)
		return;
	struct packer p = { .texts = texts, .at = (uint8_t *)out->data + out->size };
	size_t before = 0;
	for (size_t told = 0; told < size;) {
		size_t at = find(&p, told, size, &before);
		size_t length = at < size ? common(texts + at, texts + before, size - at) : 0;
		for (; length && at > told && before && texts[at - 1] == texts[before - 1];
		     length++) {
			at--;
			before--;
		}
		put_step(&p, texts + told, at - told, length, at - before);
		told = at + length;
	}
	out->size = (size_t)(p.at - (uint8_t *)out->data);
}

static void refuse(struct fl_reader *in, const char *what, uint64_t value)
{
	if (!in->error.code)
		fl_fail(&in->error, FL_EFORMAT, FL_AT_FILE_OFFSET, in->origin + in->pos,
			"%s: %s %" PRIu64 " is out of range", in->name, what, value);
}

/* A count that half a byte began, at most @p most; else 0, latched. */
static size_t read_count(struct fl_reader *in, unsigned begun, size_t least, size_t most)
{
	uint64_t more = begun == HALF ? fl_read_uleb(in) : 0;
	if (more <= most && begun + least <= most - more)
		return begun + least + (size_t)more;
	refuse(in, "bytes of text", more);
	return 0;
}

/* May overlap what it repeats. */
static void repeat(char *at, size_t back, size_t length)
{
	if (back >= length) {
		memcpy(at, at - back, length);
		return;
	}
	for (size_t i = 0; i < length; i++)
		at[i] = at[i - back];
}

void fl_texts_unpack(struct fl_reader *in, char *out, size_t size)
{
	size_t done = 0;
	while (done < size && !in->error.code) {
		unsigned halves = fl_read_u8(in);
		size_t plain = read_count(in, halves >> 4, 0, size - done);
		const uint8_t *bytes = fl_read_bytes(in, plain);
		if (!bytes)
			return;
		memcpy(out + done, bytes, plain);
		done += plain;
		if (done == size)
			return;
		size_t length = read_count(in, halves & HALF, FL_TEXTS_REPEAT, size - done);
		uint64_t back = fl_read_uleb(in);
		if (back < 1 || back > done)
			refuse(in, "distance", back);
		if (in->error.code)
			return;
		repeat(out + done, (size_t)back, length);
		done += length;
	}
}
