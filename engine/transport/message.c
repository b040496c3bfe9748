/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "base/reader.h"
#include "base/vec.h"
#include "transport/event_map.h"
#include "transport/rle.h"

#include <faultline/transport.h>

#include <stdlib.h>
#include <string.h>

/* The first byte of a message. */
enum {
	TYPE_MASK = 0x3f,
	HAS_PROJECT_KEY = 0x40,
	IS_RLE = 0x80,
};

/* What devices put in the place of bytes that their storage would not give. */
enum { UNREADABLE = 0xef };

struct fl_message {
	struct fl_arena arena;
	struct fl_vec items; /* struct fl_item */
	struct fl_buffer decoded;
	const char *project_key;
	enum fl_message_type type;
};

/* A message on its way to become items. */
struct opening {
	struct fl_message *message;
	const uint8_t *bytes; /* all of it */
	size_t size;
	const uint8_t *body;
	size_t body_size;
	size_t body_off; /* what offsets in reasons begin with */
	bool is_rle;
	const char *damage; /* why a part of it could not be taken, the first reason */
	bool failed;        /* out of memory */
};

const char *fl_item_name(enum fl_item_kind kind)
{
	static const char *const names[FL_ITEM_COUNT] = {
		[FL_ITEM_COREDUMP] = "coredump", [FL_ITEM_REBOOT] = "reboot",
		[FL_ITEM_TRACE] = "trace",       [FL_ITEM_HEARTBEAT] = "heartbeat",
		[FL_ITEM_LOG] = "log",           [FL_ITEM_RECORDING] = "recording",
		[FL_ITEM_UNKNOWN] = "unknown",
	};
	return (unsigned)kind < FL_ITEM_COUNT ? names[kind] : "unknown";
}

static void damage(struct opening *o, const char *text)
{
	if (!text)
		o->failed = true;
	else if (!o->damage)
		o->damage = text;
}

static void add_item(struct opening *o, const struct fl_item *item)
{
	if (!fl_vec_push(&o->message->items, item))
		o->failed = true;
}

/* By the type of an event; those of type 2 are told apart by what they hold. */
static enum fl_item_kind kind_of(const struct fl_event_facts *facts)
{
	static const struct {
		uint32_t type;
		enum fl_item_kind kind;
	} kinds[] = {
		{ 1, FL_ITEM_HEARTBEAT }, { 3, FL_ITEM_LOG }, { 4, FL_ITEM_LOG },
		{ 5, FL_ITEM_RECORDING }, { 6, FL_ITEM_LOG },
	};
	if (facts->kind != FL_EVENT_OTHER)
		return facts->kind == FL_EVENT_REBOOT ? FL_ITEM_REBOOT : FL_ITEM_TRACE;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].type == facts->type)
			return kinds[i].kind;
	return FL_ITEM_UNKNOWN;
}

static struct fl_item item_of(struct opening *o, const struct fl_event_facts *facts)
{
	struct fl_item item = {
		.kind = kind_of(facts),
		.device = facts->device_serial,
		.software_type = facts->software_type,
		.software_version = facts->software_version,
		.hardware_version = facts->hardware_version,
		.has_captured_at = facts->has_captured_at,
		.captured_at = facts->captured_at,
		.expected = facts->kind == FL_EVENT_REBOOT && facts->reason >= 0x0001 &&
			    facts->reason <= 0x7fff,
	};
	if (item.kind == FL_ITEM_UNKNOWN) {
		item.text = fl_arena_printf(&o->message->arena, "event of type %u is not known",
					    facts->type);
		o->failed |= !item.text;
	}
	return item;
}

static const char *why_unreadable(uint8_t byte)
{
	return byte == UNREADABLE ? ": the device could not read its storage" : "";
}

static const char *reason_of(struct opening *o, const struct fl_cbor *c)
{
	size_t at = (size_t)(c->error.at - c->origin);
	return fl_arena_printf(&o->message->arena, "%s%s%s", c->error.message,
			       o->is_rle ? " of the decoded body" : "",
			       at < c->size ? why_unreadable(c->data[at]) : "");
}

/* One map. What is broken, or not an event at all, ends the message. */
static void read_event(struct opening *o, struct fl_cbor *c)
{
	struct fl_message *m = o->message;
	struct fl_event_facts facts;
	struct fl_error err = { 0 };
	size_t at;
	if (m->items.count == FL_LIMIT_ITEMS) {
		fl_cbor_fail(c, FL_ELIMIT, c->pos, "too many events in one message");
		return;
	}
	enum fl_code code = fl_event_map_read(c, &m->arena, &facts, &at, &err);
	if (c->error.code)
		return;
	if (code && !facts.type) {
		c->error = err;
		return;
	}
	struct fl_item item = item_of(o, &facts);
	item.bytes = c->data + at;
	item.size = c->pos - at;
	if (code) {
		item.kind = FL_ITEM_UNKNOWN;
		item.text = fl_arena_strdup(&m->arena, err.message);
		o->failed |= !item.text;
	}
	add_item(o, &item);
}

/* An array of events, or one. */
static void read_batch(struct opening *o, struct fl_cbor *c)
{
	struct fl_cbor_item head;
	size_t at = c->pos;
	if (!fl_cbor_head(c, &head))
		return;
	if (head.kind != FL_CBOR_ARRAY) {
		c->pos = at;
		read_event(o, c);
		return;
	}
	struct fl_cbor_group group = fl_cbor_group(&head);
	while (!o->failed && fl_cbor_more(c, &group))
		read_event(o, c);
}

static void open_events(struct opening *o)
{
	struct fl_cbor c = fl_cbor(o->body, o->body_size, o->body_off);
	while (!o->failed && !c.error.code && c.pos < c.size)
		read_batch(o, &c);
	if (c.error.code == FL_ENOMEM)
		o->failed = true;
	else if (c.error.code)
		damage(o, reason_of(o, &c));
	else if (!o->message->items.count)
		damage(o, "no events in it");
}

static void open_coredump(struct opening *o)
{
	if (o->body_size < 4 || memcmp(o->body, "CORE", 4) != 0) {
		damage(o, "no coredump in a coredump message");
		return;
	}
	struct fl_item item = {
		.kind = FL_ITEM_COREDUMP,
		.bytes = o->body,
		.size = o->body_size,
	};
	add_item(o, &item);
}

/* The decoded body takes the place of the body; what came out before damage is used. */
static void undo_rle(struct opening *o)
{
	struct fl_message *m = o->message;
	struct fl_error err = { 0 };
	/* Every byte of events is a step of a decoder, and 16 bytes may become 64 MiB of them. */
	size_t limit = m->type == FL_MESSAGE_COREDUMP ? FL_MESSAGE_SIZE_MAX : FL_LIMIT_DECODED;
	enum fl_code code = fl_rle_decode(o->body, o->body_size, limit, &m->decoded, &err);
	if (code == FL_ENOMEM) {
		o->failed = true;
		return;
	}
	if (code)
		damage(o, fl_arena_printf(&m->arena, "%s (run at byte %llu)", err.message,
					  (unsigned long long)(err.at + o->body_off)));
	o->body = m->decoded.data;
	o->body_size = m->decoded.size;
	o->body_off = 0;
	o->is_rle = true;
}

static const char *unknown_type(struct opening *o, uint8_t header)
{
	return fl_arena_printf(&o->message->arena, "message of type %u is not known%s",
			       (unsigned)o->message->type, why_unreadable(header));
}

/* Header, project key, run-length code. */
static bool open_body(struct opening *o)
{
	struct fl_message *m = o->message;
	struct fl_reader r = fl_reader("message", o->bytes, o->size, 0);
	uint8_t header = fl_read_u8(&r);
	m->type = (enum fl_message_type)(header & TYPE_MASK);
	if (o->size && (!m->type || m->type > FL_MESSAGE_RECORDING)) {
		damage(o, unknown_type(o, header));
		return false;
	}
	const char *key = header & HAS_PROJECT_KEY ? fl_read_cstr(&r) : NULL;
	if (r.error.code) {
		damage(o, o->size ? "the project key has no end" : "an empty message");
		return false;
	}
	if (key) {
		m->project_key = fl_clean_text(&m->arena, (const uint8_t *)key, strlen(key),
					       FL_LIMIT_STRING);
		o->failed |= !m->project_key;
	}
	o->body_off = r.pos;
	o->body_size = fl_reader_left(&r);
	o->body = fl_read_bytes(&r, o->body_size);
	if (header & IS_RLE && !o->failed)
		undo_rle(o);
	return !o->failed;
}

static void open_items(struct opening *o)
{
	if (!open_body(o))
		return;
	if (o->message->type == FL_MESSAGE_COREDUMP)
		open_coredump(o);
	else
		open_events(o);
}

enum fl_code
fl_message_open(const void *bytes, size_t size, struct fl_message **ret, struct fl_error *err)
{
	FL_AUTO(fl_message) m = calloc(1, sizeof(*m));
	if (!m)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for a message");
	m->items = FL_VEC(struct fl_item);
	struct opening o = { .message = m, .bytes = size ? bytes : (const void *)"", .size = size };
	open_items(&o);
	if (!o.failed && o.damage)
		add_item(&o, &(struct fl_item){ .kind = FL_ITEM_UNKNOWN,
						.bytes = o.bytes,
						.size = o.size,
						.text = o.damage });
	if (o.failed)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for a message");
	*ret = fl_message_take(&m);
	return FL_OK;
}

void fl_message_close(struct fl_message *message)
{
	if (!message)
		return;
	fl_arena_deinit(&message->arena);
	fl_vec_deinit(&message->items);
	fl_buffer_deinit(&message->decoded);
	free(message);
}

enum fl_message_type fl_message_type(const struct fl_message *message)
{
	return message->type;
}

const char *fl_message_project_key(const struct fl_message *message)
{
	return message->project_key;
}

const struct fl_item *fl_message_items(const struct fl_message *message, size_t *count_ret)
{
	*count_ret = message->items.count;
	return message->items.data;
}
