/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/cbor.h"

#include "base/cursor.h"
#include "base/limits.h"

#include <math.h>
#include <string.h>

struct fl_cbor fl_cbor(const void *data, size_t size, uint64_t origin)
{
	return (struct fl_cbor){ .data = data, .size = size, .origin = origin };
}

void fl_cbor_fail(struct fl_cbor *c, enum fl_code code, size_t at, const char *what)
{
	if (!c->error.code)
		(void)fl_fail(&c->error, code, FL_AT_FILE_OFFSET, c->origin + at, "%s at byte %llu",
			      what, (unsigned long long)(c->origin + at));
}

/* The first byte of a head: the kind of item above, how its number is written below. */
enum major {
	MAJOR_UINT,
	MAJOR_NEGATIVE,
	MAJOR_BYTES,
	MAJOR_TEXT,
	MAJOR_ARRAY,
	MAJOR_MAP,
	MAJOR_TAG,
	MAJOR_OTHER
};

enum low {
	LOW_FALSE = 20, /* MAJOR_OTHER, as all up to LOW_DOUBLE */
	LOW_TRUE,
	LOW_NULL,
	LOW_UNDEFINED,
	LOW_ONE_BYTE, /* of a number; then twice as many each time, up to eight */
	LOW_HALF,
	LOW_SINGLE,
	LOW_DOUBLE,
	LOW_EIGHT_BYTES = LOW_DOUBLE,
	LOW_INDEFINITE = 31,
};

struct token {
	struct fl_cbor_item item;
	bool is_tag;
	bool is_break;
};

/* Simple values that nobody has defined are refused, too. */
static bool is_known(enum major major, unsigned low)
{
	if (major == MAJOR_OTHER)
		return low == LOW_INDEFINITE ||
		       (low >= LOW_FALSE && low <= LOW_DOUBLE && low != LOW_ONE_BYTE);
	return low <= LOW_EIGHT_BYTES ||
	       (low == LOW_INDEFINITE && major >= MAJOR_BYTES && major <= MAJOR_MAP);
}

static uint64_t read_number(struct fl_cursor *in, unsigned low)
{
	if (low < LOW_ONE_BYTE || low == LOW_INDEFINITE)
		return low;
	size_t size = (size_t)1 << (low - LOW_ONE_BYTE);
	const uint8_t *bytes = fl_cursor_bytes(in, size);
	uint64_t value = 0;
	for (size_t i = 0; bytes && i < size; i++)
		value = value << 8 | bytes[i];
	return value;
}

/* RFC 8949, appendix D. */
static double half_number(unsigned bits)
{
	int exponent = bits >> 10 & 0x1f;
	unsigned mantissa = bits & 0x3ff;
	double value;
	if (exponent == 0x1f)
		value = mantissa ? (double)NAN : (double)INFINITY;
	else if (exponent)
		value = ldexp(mantissa + 0x400, exponent - 25);
	else
		value = ldexp(mantissa, -24);
	return bits & 0x8000 ? -value : value;
}

static double float_number(unsigned low, uint64_t bits)
{
	uint32_t single_bits = (uint32_t)bits;
	float single;
	double number;
	memcpy(&single, &single_bits, sizeof(single));
	memcpy(&number, &bits, sizeof(number));
	if (low == LOW_HALF)
		return half_number((unsigned)bits);
	return low == LOW_SINGLE ? (double)single : number;
}

static void read_other(struct fl_cursor *in, unsigned low, struct token *t)
{
	t->is_break = low == LOW_INDEFINITE;
	if (low == LOW_TRUE || low == LOW_FALSE) {
		t->item.kind = FL_CBOR_BOOL;
		t->item.value = low == LOW_TRUE;
	} else if (low >= LOW_HALF && low <= LOW_DOUBLE) {
		t->item.kind = FL_CBOR_FLOAT;
		t->item.number = float_number(low, read_number(in, low));
	} else {
		t->item.kind = FL_CBOR_SIMPLE;
	}
}

static void read_item(struct fl_cursor *in, enum major major, unsigned low, struct token *t)
{
	static const enum fl_cbor_kind kinds[] = {
		[MAJOR_UINT] = FL_CBOR_UINT,   [MAJOR_NEGATIVE] = FL_CBOR_NEGATIVE,
		[MAJOR_BYTES] = FL_CBOR_BYTES, [MAJOR_TEXT] = FL_CBOR_TEXT,
		[MAJOR_ARRAY] = FL_CBOR_ARRAY, [MAJOR_MAP] = FL_CBOR_MAP,
	};
	uint64_t number = read_number(in, low);
	t->is_tag = major == MAJOR_TAG;
	if (t->is_tag)
		return;
	t->item.kind = kinds[major];
	t->item.indefinite = low == LOW_INDEFINITE;
	if (t->item.indefinite)
		return;
	if (major == MAJOR_BYTES || major == MAJOR_TEXT) {
		t->item.bytes = fl_cursor_bytes(in, number);
		t->item.size = (size_t)number;
	} else {
		t->item.value = number;
	}
}

/* False: no such head. That it ends early is for the cursor to say. */
static bool read_token(struct fl_cursor *in, struct token *t)
{
	unsigned first = fl_cursor_u8(in);
	enum major major = (enum major)(first >> 5);
	unsigned low = first & 0x1f;
	if (!is_known(major, low))
		return false;
	if (major == MAJOR_OTHER)
		read_other(in, low, t);
	else
		read_item(in, major, low, t);
	return true;
}

/* One token; the position moves past it. */
static bool decode(struct fl_cbor *c, struct token *t)
{
	*t = (struct token){ .item.at = c->pos };
	if (c->error.code)
		return false;
	struct fl_cursor in = fl_cursor_at(c->data, c->size, c->pos);
	bool known = read_token(&in, t);
	if (known && !in.failed) {
		c->pos = c->size - fl_cursor_left(&in);
		t->item.end = c->pos;
		return true;
	}
	c->ended = in.failed;
	fl_cbor_fail(c, FL_EFORMAT, c->pos, c->ended ? "CBOR ends early" : "no CBOR");
	return false;
}

bool fl_cbor_head(struct fl_cbor *c, struct fl_cbor_item *ret)
{
	struct token t;
	do {
		if (!decode(c, &t))
			return false;
	} while (t.is_tag);
	if (t.is_break) {
		fl_cbor_fail(c, FL_EFORMAT, t.item.at, "CBOR break without a beginning");
		return false;
	}
	*ret = t.item;
	return true;
}

struct fl_cbor_group fl_cbor_group(const struct fl_cbor_item *head)
{
	bool is_map = head->kind == FL_CBOR_MAP;
	uint64_t left = head->value;
	/* No input is that long: it ends before the count does. */
	if (is_map && __builtin_mul_overflow(left, 2, &left))
		left = UINT64_MAX;
	return (struct fl_cbor_group){
		.indefinite = head->indefinite,
		.is_map = is_map,
		.at_value = is_map,
		.left = left,
	};
}

bool fl_cbor_more(struct fl_cbor *c, struct fl_cbor_group *group)
{
	if (c->error.code)
		return false;
	group->at_value = group->is_map && !group->at_value;
	if (!group->indefinite)
		return group->left && group->left--;
	size_t at = c->pos;
	struct token t;
	if (!decode(c, &t))
		return false;
	if (!t.is_break) {
		c->pos = at;
		return true;
	}
	if (group->at_value)
		fl_cbor_fail(c, FL_EFORMAT, at, "CBOR map ends behind a key");
	return false;
}

/* The parts of an indefinite string: definite strings of the same kind (RFC 8949, 3.2.3). */
static bool next_part(struct fl_cbor *c, enum fl_cbor_kind kind, struct fl_cbor_item *ret)
{
	struct token t;
	if (!decode(c, &t) || t.is_break)
		return false;
	if (t.is_tag || t.item.kind != kind || t.item.indefinite) {
		fl_cbor_fail(c, FL_EFORMAT, t.item.at, "wrong part of a CBOR string");
		return false;
	}
	*ret = t.item;
	return true;
}

static bool is_group(const struct fl_cbor_item *item)
{
	return item->kind == FL_CBOR_ARRAY || item->kind == FL_CBOR_MAP;
}

static void skip_parts(struct fl_cbor *c, enum fl_cbor_kind kind)
{
	struct fl_cbor_item part;
	while (next_part(c, kind, &part))
		;
}

bool fl_cbor_take(struct fl_cbor *c, struct fl_cbor_item *ret)
{
	struct fl_cbor_group groups[FL_LIMIT_CBOR_DEPTH];
	size_t depth = 0;
	struct fl_cbor_item first;
	if (!fl_cbor_head(c, &first))
		return false;
	struct fl_cbor_item item = first;
	for (;;) {
		if (is_group(&item)) {
			if (depth == FL_LIMIT_CBOR_DEPTH)
				fl_cbor_fail(c, FL_ELIMIT, item.at, "CBOR is nested too deep");
			else
				groups[depth++] = fl_cbor_group(&item);
		} else if (item.indefinite) {
			skip_parts(c, item.kind);
		}
		while (depth && !fl_cbor_more(c, &groups[depth - 1]))
			depth--;
		if (!depth || !fl_cbor_head(c, &item))
			break;
	}
	if (c->error.code)
		return false;
	first.end = c->pos;
	*ret = first;
	return true;
}

struct fl_cbor fl_cbor_inside(const struct fl_cbor *c, const struct fl_cbor_item *taken)
{
	return fl_cbor(c->data + taken->at, taken->end - taken->at, c->origin + taken->at);
}

const uint8_t *fl_cbor_string(struct fl_cbor *c, const struct fl_cbor_item *taken,
			      struct fl_arena *arena, size_t *size_ret)
{
	if (!taken->indefinite) {
		*size_ret = taken->size;
		return taken->bytes;
	}
	uint8_t *joined = fl_arena_alloc(arena, taken->end - taken->at);
	if (!joined) {
		fl_cbor_fail(c, FL_ENOMEM, taken->at, "out of memory for a string");
		return NULL;
	}
	struct fl_cbor inside = fl_cbor_inside(c, taken);
	struct fl_cbor_item part;
	size_t size = 0;
	(void)fl_cbor_head(&inside, &part);
	while (next_part(&inside, taken->kind, &part)) {
		memcpy(joined + size, part.bytes, part.size);
		size += part.size;
	}
	*size_ret = size;
	return joined;
}

bool fl_cbor_int(const struct fl_cbor_item *item, int64_t *ret)
{
	if ((item->kind != FL_CBOR_UINT && item->kind != FL_CBOR_NEGATIVE) ||
	    item->value > INT64_MAX)
		return false;
	*ret = (int64_t)item->value;
	if (item->kind == FL_CBOR_NEGATIVE)
		*ret = -1 - *ret;
	return true;
}
