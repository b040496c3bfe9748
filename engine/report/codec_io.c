/* SPDX-License-Identifier: Apache-2.0 */
#include "report/codec_io.h"

#include "base/hash.h"
#include "report/clean.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct fl_string_span {
	size_t off; /* into the table's bytes, past the length */
	size_t size;
};

void fl_x_refuse(struct fl_codec *c, const char *what, uint64_t value)
{
	if (!fl_x_ok(c))
		return;
	if (c->reading)
		fl_fail(&c->in.error, FL_EFORMAT, FL_AT_FILE_OFFSET, c->in.origin + c->in.pos,
			"%s: %s %" PRIu64 " is out of range", c->in.name, what, value);
	else
		fl_fail(&c->error, FL_ELIMIT, FL_AT_NONE, 0, "%s %" PRIu64 " is out of range", what,
			value);
}

static void no_memory(struct fl_codec *c)
{
	if (fl_x_ok(c))
		fl_fail(c->reading ? &c->in.error : &c->error, FL_ENOMEM, FL_AT_NONE, 0,
			"out of memory for a report");
}

/* Room for a number, without a call where there is any; NULL: fl_str_add() sees to it. */
static uint8_t *room_for(struct fl_str *out, size_t size)
{
	if (size >= out->room - out->size)
		return NULL;
	uint8_t *at = (uint8_t *)out->data + out->size;
	out->size += size;
	return at;
}

static void put_u8(struct fl_str *out, uint8_t v)
{
	uint8_t *at = room_for(out, 1);
	if (at)
		*at = v;
	else
		fl_str_add_u8(out, v);
}

static void put_u32(struct fl_str *out, uint32_t v)
{
	uint8_t *at = room_for(out, 4);
	if (!at) {
		fl_str_add_u32(out, v);
		return;
	}
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> (8 * i));
}

static void put_uleb(struct fl_str *out, uint64_t v)
{
	enum { LONGEST = 10 };
	if (LONGEST >= out->room - out->size) {
		fl_str_add_uleb(out, v);
		return;
	}
	char *at = out->data + out->size;
	for (; v >= 0x80; v >>= 7)
		*at++ = (char)(v | 0x80);
	*at++ = (char)v;
	out->size = (size_t)(at - out->data);
}

void fl_x_u8(struct fl_codec *c, uint8_t *v)
{
	if (c->reading)
		*v = fl_read_u8(&c->in);
	else
		put_u8(&c->out, *v);
}

void fl_x_u32(struct fl_codec *c, uint32_t *v)
{
	if (c->reading)
		*v = fl_read_u32(&c->in);
	else
		put_u32(&c->out, *v);
}

void fl_x_uleb(struct fl_codec *c, uint64_t *v)
{
	if (c->reading)
		*v = fl_read_uleb(&c->in);
	else
		put_uleb(&c->out, *v);
}

static uint64_t uleb_max(struct fl_codec *c, uint64_t v, uint64_t max)
{
	fl_x_uleb(c, &v);
	if (v <= max)
		return v;
	fl_x_refuse(c, "value", v);
	return 0;
}

void fl_x_uleb32(struct fl_codec *c, uint32_t *v)
{
	if (c->reading)
		*v = (uint32_t)uleb_max(c, *v, UINT32_MAX);
	else
		put_uleb(&c->out, *v);
}

void fl_x_uleb16(struct fl_codec *c, uint16_t *v)
{
	*v = (uint16_t)uleb_max(c, *v, UINT16_MAX);
}

void fl_x_bytes(struct fl_codec *c, void *bytes, size_t size)
{
	if (!c->reading) {
		fl_str_add(&c->out, bytes, size);
		return;
	}
	const uint8_t *from = fl_read_bytes(&c->in, size);
	if (from)
		memcpy(bytes, from, size);
}

void fl_x_flags(struct fl_codec *c, bool *const flags[], size_t count)
{
	uint8_t bits = 0;
	for (size_t i = 0; i < count; i++)
		bits |= (uint8_t)(*flags[i] << i);
	fl_x_u8(c, &bits);
	if (bits >> count)
		fl_x_refuse(c, "flags", bits);
	for (size_t i = 0; i < count; i++)
		*flags[i] = bits >> i & 1;
}

void fl_x_optional_u32(struct fl_codec *c, bool known, uint32_t *v)
{
	if (known)
		fl_x_u32(c, v);
	else
		*v = 0;
}

void fl_x_size(struct fl_codec *c, size_t *v)
{
	uint64_t wide = *v;
	fl_x_uleb(c, &wide);
	*v = (size_t)wide;
}

void fl_x_words(struct fl_codec *c, uint32_t *known, uint32_t value[], unsigned count)
{
	uint32_t mask = *known & ((UINT32_C(1) << count) - 1);
	fl_x_uleb32(c, &mask);
	if (mask >> count)
		fl_x_refuse(c, "register mask", mask);
	if (c->reading)
		memset(value, 0, count * sizeof(value[0]));
	for (uint32_t left = mask; left && fl_x_ok(c); left &= left - 1)
		fl_x_u32(c, &value[__builtin_ctz(left)]);
	*known = mask;
}

unsigned fl_x_enum(struct fl_codec *c, unsigned v, unsigned count)
{
	uint8_t byte = (uint8_t)v;
	fl_x_u8(c, &byte);
	if (byte < count && (c->reading || byte == v))
		return byte;
	fl_x_refuse(c, "enumerator", byte);
	return 0;
}

void *fl_x_array(struct fl_codec *c, void *items, size_t *count, size_t element_size, size_t limit,
		 size_t min_size)
{
	if (*count > limit)
		fl_x_refuse(c, "count", *count);
	if (!c->reading) {
		if (!fl_x_ok(c))
			*count = 0;
		fl_str_add_u32(&c->out, (uint32_t)*count);
		return items;
	}
	*count = fl_read_count(&c->in, min_size);
	if (*count > limit)
		fl_x_refuse(c, "count", *count);
	void *array = *count && fl_x_ok(c) ? fl_arena_array(c->arena, *count, element_size) : NULL;
	if (*count && !array)
		no_memory(c);
	if (!array)
		*count = 0;
	return array;
}

void fl_string_table_deinit(struct fl_string_table *table)
{
	fl_str_deinit(&table->bytes);
	fl_vec_deinit(&table->spans);
	free(table->slots);
	*table = (struct fl_string_table){ 0 };
}

/* The slot of @p text, or the empty slot where it belongs. */
static uint32_t *find_slot(const struct fl_string_table *table, const char *text, size_t size)
{
	size_t mask = table->slot_count - 1;
	for (size_t at = (size_t)fl_hash64(text, size) & mask;; at = (at + 1) & mask) {
		uint32_t entry = table->slots[at];
		if (!entry)
			return &table->slots[at];
		const struct fl_string_span *span =
			fl_vec_at(&table->spans, struct fl_string_span, entry - 1);
		if (span->size == size && !memcmp(table->bytes.data + span->off, text, size))
			return &table->slots[at];
	}
}

static bool grow_slots(struct fl_string_table *table)
{
	if ((table->spans.count + 1) * 2 <= table->slot_count)
		return true;
	size_t count = table->slot_count ? table->slot_count * 2 : 1024;
	uint32_t *slots = calloc(count, sizeof(*slots));
	if (!slots)
		return false;
	free(table->slots);
	table->slots = slots;
	table->slot_count = count;
	for (size_t i = 0; i < table->spans.count; i++) {
		const struct fl_string_span *span =
			fl_vec_at(&table->spans, struct fl_string_span, i);
		*find_slot(table, table->bytes.data + span->off, span->size) = (uint32_t)i + 1;
	}
	return true;
}

/* Number of @p text in the table, added when it is new; 0 when memory is out. */
static uint32_t intern(struct fl_string_table *table, const char *text, size_t size)
{
	if (!grow_slots(table))
		return 0;
	uint32_t *slot = find_slot(table, text, size);
	if (*slot)
		return *slot;
	fl_str_add_uleb(&table->bytes, size);
	struct fl_string_span span = { table->bytes.size, size };
	fl_str_add(&table->bytes, text, size);
	if (table->bytes.failed || !fl_vec_push(&table->spans, &span))
		return 0;
	*slot = (uint32_t)table->spans.count;
	return *slot;
}

static uint32_t number_of(struct fl_codec *c, const char *text, size_t size)
{
	uint32_t number = intern(c->strings, text, size);
	if (!number)
		no_memory(c);
	return number;
}

/* Stored text is clean: a reader that renders it needs no second opinion, and refuses any other. */
static uint32_t write_string(struct fl_codec *c, const char *text)
{
	size_t size = strlen(text);
	if (size <= FL_CODEC_STRING && fl_is_plain(text, size))
		return number_of(c, text, size);
	size_t room = size < FL_CODEC_STRING / 3 ? size * 3 + 1 : FL_CODEC_STRING + 1;
	char *clean = malloc(room);
	uint32_t number = 0;
	if (clean)
		number = number_of(c, clean, fl_utf8_clean(text, size, clean, room));
	else
		no_memory(c);
	free(clean);
	return number;
}

static uint32_t write_string_once(struct fl_codec *c, const char *text)
{
	size_t slot = ((uintptr_t)text ^ (uintptr_t)text >> 8) % FL_RECENT_STRINGS;
	struct fl_recent_string *recent = &c->strings->recent[slot];
	if (recent->text != text)
		*recent = (struct fl_recent_string){ text, write_string(c, text) };
	return recent->number;
}

void fl_x_str(struct fl_codec *c, const char **v)
{
	uint32_t number = 0;
	if (!c->reading && *v)
		number = write_string_once(c, *v);
	fl_x_uleb32(c, &number);
	if (!c->reading)
		return;
	if (number > c->strings->count) {
		fl_x_refuse(c, "string number", number);
		number = 0;
	}
	*v = number ? c->strings->entries[number - 1] : NULL;
}

void fl_x_strings(struct fl_codec *c, const char ***texts, size_t *count, size_t limit)
{
	enum { MIN_STRING = 1 };
	*texts = fl_x_array(c, *texts, count, sizeof(**texts), limit, MIN_STRING);
	for (size_t i = 0; i < *count && fl_x_ok(c); i++) {
		const char *text = (*texts)[i];
		fl_x_str(c, &text);
		if (c->reading)
			(*texts)[i] = text;
	}
}

/* Into @p at, which has room for its size and a NUL. */
static bool copy_clean(const uint8_t *bytes, size_t size, char *at)
{
	if (!fl_is_plain((const char *)bytes, size))
		return fl_utf8_clean(bytes, size, at, size + 1) == size && !memcmp(bytes, at, size);
	memcpy(at, bytes, size);
	at[size] = '\0';
	return true;
}

/* The next string, at @p at, which it moves past its NUL. */
static const char *read_string(struct fl_codec *c, char **at)
{
	uint64_t size = fl_read_uleb(&c->in);
	if (size > FL_CODEC_STRING)
		fl_x_refuse(c, "string size", size);
	const uint8_t *bytes = fl_read_bytes(&c->in, size);
	if (!bytes)
		return NULL;
	char *text = *at;
	*at += size + 1;
	if (!copy_clean(bytes, (size_t)size, text))
		fl_x_refuse(c, "text with control characters or bad UTF-8, size", size);
	return text;
}

void fl_string_table_read(struct fl_codec *c)
{
	struct fl_string_table *table = c->strings;
	uint32_t count = fl_read_count(&c->in, 1);
	table->entries = fl_arena_array(c->arena, count, sizeof(*table->entries));
	/* A string has a NUL where the file has its size, of at least one byte. */
	char *texts = fl_arena_room(c->arena, fl_reader_left(&c->in));
	if (!table->entries || !texts) {
		no_memory(c);
		return;
	}
	for (uint32_t i = 0; i < count && fl_x_ok(c); i++)
		table->entries[i] = read_string(c, &texts);
	table->count = fl_x_ok(c) ? count : 0;
}
