/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/compact_log.h"

#include "base/limits.h"
#include "transport/cbor.h"
#include "transport/event_map.h"

enum {
	MAX_ARGUMENTS = sizeof((struct fl_compact_log){ 0 }.arguments) /
			sizeof((struct fl_compact_log){ 0 }.arguments[0])
};

/* Keys of the map that stands in the place of arguments that did not fit. */
enum {
	INSTEAD_WHY = 0, /* 1: too long */
	INSTEAD_SIZE = 1,
};

static bool read_integer(const struct fl_cbor_item *item, struct fl_log_argument *ret)
{
	int64_t value;
	ret->kind = FL_LOG_INT64;
	if (item->kind == FL_CBOR_UINT && item->value > INT64_MAX) {
		ret->integer = (int64_t)item->value;
		return true;
	}
	if (!fl_cbor_int(item, &value))
		return false;
	ret->integer = value;
	return true;
}

/* 64-bit integers come in an array of one. */
static bool
read_wide(struct fl_cbor *c, const struct fl_cbor_item *array, struct fl_log_argument *ret)
{
	struct fl_cbor inside = fl_cbor_inside(c, array);
	struct fl_cbor_item item;
	(void)fl_cbor_head(&inside, &item);
	struct fl_cbor_group group = fl_cbor_group(&item);
	return fl_cbor_more(&inside, &group) && fl_cbor_take(&inside, &item) &&
	       read_integer(&item, ret) && !fl_cbor_more(&inside, &group);
}

static bool read_text(struct fl_cbor *c, const struct fl_cbor_item *item, struct fl_arena *arena,
		      struct fl_log_argument *ret)
{
	size_t size;
	const uint8_t *bytes = fl_cbor_string(c, item, arena, &size);
	if (!bytes)
		return false;
	ret->kind = FL_LOG_TEXT;
	ret->text = fl_clean_text(arena, bytes, size, FL_LIMIT_LOG);
	if (!ret->text)
		fl_cbor_fail(c, FL_ENOMEM, item->at, "out of memory for a log");
	return ret->text != NULL;
}

static bool read_argument(struct fl_cbor *c, const struct fl_cbor_item *item,
			  struct fl_arena *arena, struct fl_log_argument *ret)
{
	switch (item->kind) {
	case FL_CBOR_UINT:
	case FL_CBOR_NEGATIVE:
		if (!read_integer(item, ret))
			return false;
		if (ret->integer >= INT32_MIN && ret->integer <= INT32_MAX)
			ret->kind = FL_LOG_INT32;
		return true;
	case FL_CBOR_ARRAY:
		return read_wide(c, item, ret);
	case FL_CBOR_FLOAT:
		*ret = (struct fl_log_argument){ .kind = FL_LOG_DOUBLE, .number = item->number };
		return true;
	case FL_CBOR_BYTES:
	case FL_CBOR_TEXT:
		return read_text(c, item, arena, ret);
	case FL_CBOR_BOOL:
		*ret = (struct fl_log_argument){ .kind = FL_LOG_INT32,
						 .integer = (int64_t)item->value };
		return true;
	case FL_CBOR_SIMPLE: /* SDK devices send the text "(null)" */
		*ret = (struct fl_log_argument){ .kind = FL_LOG_TEXT, .text = "(null)" };
		return true;
	case FL_CBOR_MAP:
		break;
	}
	return false;
}

static bool
read_instead(struct fl_cbor *c, const struct fl_cbor_item *map, struct fl_compact_log *ret)
{
	struct fl_cbor inside = fl_cbor_inside(c, map);
	struct fl_cbor_item key;
	struct fl_cbor_item value;
	bool too_long = false;
	(void)fl_cbor_head(&inside, &value);
	struct fl_cbor_group group = fl_cbor_group(&value);
	while (fl_cbor_more(&inside, &group) && fl_cbor_take(&inside, &key) &&
	       fl_cbor_more(&inside, &group) && fl_cbor_take(&inside, &value)) {
		if (key.kind != FL_CBOR_UINT || value.kind != FL_CBOR_UINT)
			continue;
		if (key.value == INSTEAD_WHY)
			too_long = value.value == 1;
		else if (key.value == INSTEAD_SIZE && value.value <= UINT32_MAX)
			ret->original_size = (uint32_t)value.value;
	}
	return too_long;
}

static bool read_offset(struct fl_cbor *c, struct fl_cbor_group *group, struct fl_compact_log *ret)
{
	struct fl_cbor_item item;
	if (!fl_cbor_more(c, group) || !fl_cbor_take(c, &item))
		return false;
	ret->offset = (uint32_t)item.value;
	return item.kind == FL_CBOR_UINT && item.value <= UINT32_MAX;
}

static void add_argument(struct fl_cbor *c, const struct fl_cbor_item *item, struct fl_arena *arena,
			 struct fl_compact_log *ret)
{
	if (ret->too_long || ret->argument_count == MAX_ARGUMENTS)
		fl_cbor_fail(c, FL_ELIMIT, item->at, "too many arguments of a log");
	else if (!ret->argument_count && item->kind == FL_CBOR_MAP && read_instead(c, item, ret))
		ret->too_long = true;
	else if (read_argument(c, item, arena, &ret->arguments[ret->argument_count]))
		ret->argument_count++;
	else
		fl_cbor_fail(c, FL_EFORMAT, item->at, "unknown argument of a log");
}

static void read_log(struct fl_cbor *c, struct fl_arena *arena, struct fl_compact_log *ret)
{
	struct fl_cbor_item item;
	if (!fl_cbor_head(c, &item))
		return;
	struct fl_cbor_group group = fl_cbor_group(&item);
	if (item.kind != FL_CBOR_ARRAY || !read_offset(c, &group, ret)) {
		fl_cbor_fail(c, FL_EFORMAT, item.at, "no compact log");
		return;
	}
	while (fl_cbor_more(c, &group) && fl_cbor_take(c, &item))
		add_argument(c, &item, arena, ret);
	if (!c->error.code && c->pos != c->size)
		fl_cbor_fail(c, FL_EFORMAT, c->pos, "bytes behind a compact log");
}

enum fl_code fl_compact_log_decode(const void *bytes, size_t size, struct fl_arena *arena,
				   struct fl_compact_log *ret, struct fl_error *err)
{
	struct fl_cbor c = fl_cbor(bytes, size, 0);
	*ret = (struct fl_compact_log){ 0 };
	read_log(&c, arena, ret);
	if (c.error.code && err)
		*err = c.error;
	return c.error.code;
}
