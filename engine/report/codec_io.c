/* SPDX-License-Identifier: Apache-2.0 */
#include "report/codec_io.h"

#include "base/hash.h"
#include "report/clean.h"
#include "report/put.h"
#include "report/texts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct fl_string_span {
	size_t off; /* into the table's bytes */
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

void fl_x_no_memory(struct fl_codec *c)
{
	if (fl_x_ok(c))
		fl_fail(c->reading ? &c->in.error : &c->error, FL_ENOMEM, FL_AT_NONE, 0,
			"out of memory for a report");
}

void fl_x_u8(struct fl_codec *c, uint8_t *v)
{
	if (c->reading)
		*v = fl_read_u8(&c->in);
	else
		fl_put_u8(&c->out, *v);
}

void fl_x_u32(struct fl_codec *c, uint32_t *v)
{
	if (c->reading)
		*v = fl_read_u32(&c->in);
	else
		fl_put_u32(&c->out, *v);
}

void fl_x_uleb(struct fl_codec *c, uint64_t *v)
{
	if (c->reading)
		*v = fl_read_uleb(&c->in);
	else
		fl_put_uleb(&c->out, *v);
}

static uint64_t read_uleb_max(struct fl_codec *c, uint64_t max)
{
	uint64_t v = fl_read_uleb(&c->in);
	if (v <= max)
		return v;
	fl_x_refuse(c, "value", v);
	return 0;
}

void fl_x_read_uleb32(struct fl_codec *c, uint32_t *v)
{
	*v = (uint32_t)read_uleb_max(c, UINT32_MAX);
}

void fl_x_uleb16(struct fl_codec *c, uint16_t *v)
{
	if (c->reading)
		*v = (uint16_t)read_uleb_max(c, UINT16_MAX);
	else
		fl_put_uleb(&c->out, *v);
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

void fl_x_optional_u32(struct fl_codec *c, bool known, uint32_t *v)
{
	if (known)
		fl_x_u32(c, v);
	else
		*v = 0;
}

void fl_x_optional_number(struct fl_codec *c, bool known, uint32_t *v)
{
	if (c->major == 1)
		fl_x_optional_u32(c, known, v);
	else if (known)
		fl_x_uleb32(c, v);
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

static size_t read_array_count(struct fl_codec *c, size_t limit, size_t min_size)
{
	size_t count = fl_read_count(&c->in, min_size);
	if (count > limit)
		fl_x_refuse(c, "count", count);
	return fl_x_ok(c) ? count : 0;
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
	*count = read_array_count(c, limit, min_size);
	void *array = *count ? fl_arena_array(c->arena, *count, element_size) : NULL;
	if (*count && !array)
		fl_x_no_memory(c);
	if (!array)
		*count = 0;
	return array;
}

void *fl_x_bulk(struct fl_codec *c, void *items, size_t *count, size_t element_size, size_t limit,
		size_t min_size)
{
	if (!c->facts_only)
		return fl_x_array(c, items, count, element_size, limit, min_size);
	*count = read_array_count(c, limit, min_size);
	return NULL;
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

/* Number of @p text in the table, added with its NUL when it is new; 0 when memory is out. */
static uint32_t intern(struct fl_string_table *table, const char *text, size_t size)
{
	if (!grow_slots(table))
		return 0;
	uint32_t *slot = find_slot(table, text, size);
	if (*slot)
		return *slot;
	struct fl_string_span span = { table->bytes.size, size };
	fl_str_add(&table->bytes, text, size + 1);
	if (table->bytes.failed || !fl_vec_push(&table->spans, &span))
		return 0;
	*slot = (uint32_t)table->spans.count;
	return *slot;
}

static uint32_t number_of(struct fl_codec *c, const char *text, size_t size)
{
	uint32_t number = intern(c->strings, text, size);
	if (!number)
		fl_x_no_memory(c);
	if (c->strings->bytes.size > FL_CODEC_TEXTS)
		fl_x_refuse(c, "size of all texts", c->strings->bytes.size);
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
		fl_x_no_memory(c);
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

void fl_string_table_write(const struct fl_string_table *table, struct fl_str *out)
{
	fl_str_add_u32(out, (uint32_t)table->spans.count);
	fl_str_add_uleb(out, table->bytes.size);
	fl_texts_pack(table->bytes.data, table->bytes.size, out);
}

/* Stored text is clean, or it was not written by us. */
static bool is_clean(struct fl_codec *c, const char *text, size_t size)
{
	if (fl_is_plain(text, size))
		return true;
	char *clean = fl_arena_room(c->arena, size + 1);
	if (!clean)
		fl_x_no_memory(c);
	return clean && fl_utf8_clean(text, size, clean, size + 1) == size &&
	       !memcmp(text, clean, size);
}

/* What lies between @p text and a NUL before @p end; the end of it, or NULL, latched. */
static const char *end_of_string(struct fl_codec *c, const char *text, const char *end)
{
	const char *nul = text < end ? memchr(text, '\0', (size_t)(end - text)) : NULL;
	size_t size = nul ? (size_t)(nul - text) : 0;
	if (!nul)
		fl_x_refuse(c, "texts without an end, before the last", (size_t)(end - text));
	else if (size > FL_CODEC_STRING)
		fl_x_refuse(c, "string size", size);
	else if (!is_clean(c, text, size))
		fl_x_refuse(c, "text with control characters or bad UTF-8, size", size);
	return fl_x_ok(c) ? nul : NULL;
}

/* All texts in one piece, as they were before they were packed. */
static const char *unpack(struct fl_codec *c, size_t *size_ret)
{
	uint64_t size = fl_read_uleb(&c->in);
	if (size > FL_CODEC_TEXTS)
		fl_x_refuse(c, "size of all texts", size);
	if (!fl_x_ok(c))
		return NULL;
	char *texts = fl_arena_room(c->arena, (size_t)size);
	if (!texts)
		fl_x_no_memory(c);
	else
		fl_texts_unpack(&c->in, texts, (size_t)size);
	*size_ret = (size_t)size;
	return fl_x_ok(c) ? texts : NULL;
}

void fl_string_table_read(struct fl_codec *c)
{
	struct fl_string_table *table = c->strings;
	/* Of two texts that a repetition spans one would be there twice: a byte for each at least.
	 */
	uint32_t count = fl_read_count(&c->in, 1);
	size_t size = 0;
	const char *at = unpack(c, &size);
	if (!at)
		return;
	const char *end = at + size;
	table->entries = fl_arena_array(c->arena, count, sizeof(*table->entries));
	if (!table->entries)
		fl_x_no_memory(c);
	for (uint32_t i = 0; i < count && fl_x_ok(c); i++) {
		table->entries[i] = at;
		const char *nul = end_of_string(c, at, end);
		at = nul ? nul + 1 : at;
	}
	if (at < end)
		fl_x_refuse(c, "texts behind the last", (size_t)(end - at));
	table->count = fl_x_ok(c) ? count : 0;
}
