/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/cbor.h"

#include "base/limits.h"

#include <cbor.h>
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

/* What one call of the decoder found. */
struct token {
	struct fl_cbor_item item;
	bool is_tag;
	bool is_break;
};

static void found(void *context, enum fl_cbor_kind kind, uint64_t value)
{
	struct token *t = context;
	t->item.kind = kind;
	t->item.value = value;
}

static void found_open(void *context, enum fl_cbor_kind kind)
{
	struct token *t = context;
	t->item.kind = kind;
	t->item.indefinite = true;
}

static void found_string(void *context, enum fl_cbor_kind kind, cbor_data bytes, size_t size)
{
	struct token *t = context;
	t->item.kind = kind;
	t->item.bytes = bytes;
	t->item.size = size;
}

static void found_number(void *context, double value)
{
	struct token *t = context;
	t->item.kind = FL_CBOR_FLOAT;
	t->item.number = value;
}

static void on_uint8(void *context, uint8_t value)
{
	found(context, FL_CBOR_UINT, value);
}

static void on_uint16(void *context, uint16_t value)
{
	found(context, FL_CBOR_UINT, value);
}

static void on_uint32(void *context, uint32_t value)
{
	found(context, FL_CBOR_UINT, value);
}

static void on_uint64(void *context, uint64_t value)
{
	found(context, FL_CBOR_UINT, value);
}

static void on_negint8(void *context, uint8_t value)
{
	found(context, FL_CBOR_NEGATIVE, value);
}

static void on_negint16(void *context, uint16_t value)
{
	found(context, FL_CBOR_NEGATIVE, value);
}

static void on_negint32(void *context, uint32_t value)
{
	found(context, FL_CBOR_NEGATIVE, value);
}

static void on_negint64(void *context, uint64_t value)
{
	found(context, FL_CBOR_NEGATIVE, value);
}

static void on_bytes(void *context, cbor_data bytes, size_t size)
{
	found_string(context, FL_CBOR_BYTES, bytes, size);
}

static void on_text(void *context, cbor_data bytes, size_t size)
{
	found_string(context, FL_CBOR_TEXT, bytes, size);
}

static void on_bytes_open(void *context)
{
	found_open(context, FL_CBOR_BYTES);
}

static void on_text_open(void *context)
{
	found_open(context, FL_CBOR_TEXT);
}

static void on_array(void *context, size_t count)
{
	found(context, FL_CBOR_ARRAY, count);
}

static void on_array_open(void *context)
{
	found_open(context, FL_CBOR_ARRAY);
}

static void on_map(void *context, size_t count)
{
	found(context, FL_CBOR_MAP, count);
}

static void on_map_open(void *context)
{
	found_open(context, FL_CBOR_MAP);
}

static void on_float(void *context, float value)
{
	found_number(context, (double)value);
}

static void on_double(void *context, double value)
{
	found_number(context, value);
}

static void on_simple(void *context)
{
	found(context, FL_CBOR_SIMPLE, 0);
}

static void on_bool(void *context, bool value)
{
	found(context, FL_CBOR_BOOL, value);
}

static void on_tag(void *context, uint64_t value)
{
	struct token *t = context;
	(void)value;
	t->is_tag = true;
}

static void on_break(void *context)
{
	struct token *t = context;
	t->is_break = true;
}

static const struct cbor_callbacks callbacks = {
	.uint8 = on_uint8,
	.uint16 = on_uint16,
	.uint32 = on_uint32,
	.uint64 = on_uint64,
	.negint8 = on_negint8,
	.negint16 = on_negint16,
	.negint32 = on_negint32,
	.negint64 = on_negint64,
	.byte_string = on_bytes,
	.byte_string_start = on_bytes_open,
	.string = on_text,
	.string_start = on_text_open,
	.array_start = on_array,
	.indef_array_start = on_array_open,
	.map_start = on_map,
	.indef_map_start = on_map_open,
	.tag = on_tag,
	.float2 = on_float,
	.float4 = on_float,
	.float8 = on_double,
	.undefined = on_simple,
	.null = on_simple,
	.boolean = on_bool,
	.indef_break = on_break,
};

/* One token; the position moves past it. */
static bool decode(struct fl_cbor *c, struct token *t)
{
	*t = (struct token){ .item.at = c->pos };
	if (c->error.code)
		return false;
	size_t left = c->size - c->pos;
	struct cbor_decoder_result result = { .status = CBOR_DECODER_NEDATA };
	if (left)
		result = cbor_stream_decode(c->data + c->pos, left, &callbacks, t);
	if (result.status == CBOR_DECODER_FINISHED) {
		c->pos += result.read;
		t->item.end = c->pos;
		return true;
	}
	c->ended = result.status == CBOR_DECODER_NEDATA;
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
