/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/event_map.h"

#include "base/limits.h"
#include "base/str.h"
#include "transport/compact_log.h"

#include <string.h>

enum {
	TYPE_TRACE = 2,
	TYPE_LOGS = 4,
	TYPE_TIMED_LOGS = 6,
};

/* Keys of an event; the others (schema version, user information) tell nothing here. */
enum {
	KEY_CAPTURED_AT = 1,
	KEY_TYPE = 2,
	KEY_INFO = 4,
	KEY_HARDWARE_VERSION = 6,
	KEY_DEVICE_SERIAL = 7,
	KEY_RELEASE_VERSION = 8, /* of old software, in the place of the next one */
	KEY_SOFTWARE_VERSION = 9,
	KEY_SOFTWARE_TYPE = 10,
	KEY_BUILD_ID = 11,
};

/* Keys of the information of a trace event. */
enum {
	INFO_REASON = 1,
	INFO_PC = 2,
	INFO_LR = 3,
	INFO_RESET_REGISTER = 4,
	INFO_COREDUMP_SAVED = 5,
	INFO_TRACE_REASON = 6,
	INFO_STATUS = 7,
	INFO_LOG = 8,
	INFO_COMPACT_LOG = 9,
};

struct event_reader {
	struct fl_arena *arena;
	struct fl_event_facts *facts;
	struct fl_cbor_item info;
	bool has_type;
	bool has_info;
	const char *release_version;
};

char *fl_clean_text(struct fl_arena *arena, const uint8_t *bytes, size_t size, size_t limit)
{
	size_t room = (size < limit ? size : limit) * 3;
	if (room > limit)
		room = limit;
	char *text = fl_arena_alloc(arena, room + 1);
	if (text)
		fl_utf8_clean(bytes, size, text, room + 1);
	return text;
}

static bool is_string(const struct fl_cbor_item *item)
{
	return item->kind == FL_CBOR_BYTES || item->kind == FL_CBOR_TEXT;
}

static void read_text(struct fl_cbor *c, const struct fl_cbor_item *item, struct fl_arena *arena,
		      const char **ret)
{
	size_t size;
	const uint8_t *bytes = is_string(item) ? fl_cbor_string(c, item, arena, &size) : NULL;
	if (!bytes || !size)
		return;
	*ret = fl_clean_text(arena, bytes, size, FL_LIMIT_STRING);
	if (!*ret)
		fl_cbor_fail(c, FL_ENOMEM, item->at, "out of memory for a string");
}

static void read_log(struct fl_cbor *c, const struct fl_cbor_item *item, struct fl_arena *arena,
		     const char **ret)
{
	size_t size;
	const uint8_t *bytes = is_string(item) ? fl_cbor_string(c, item, arena, &size) : NULL;
	if (!bytes)
		return;
	if (size > FL_LIMIT_LOG)
		size = FL_LIMIT_LOG;
	char *line = fl_arena_copy(arena, bytes, size);
	size = line ? fl_one_line(line, size) : 1;
	if (!size)
		return;
	*ret = line ? fl_clean_text(arena, (const uint8_t *)line, size, FL_LIMIT_LOG) : NULL;
	if (!*ret)
		fl_cbor_fail(c, FL_ENOMEM, item->at, "out of memory for a log");
}

static void read_u32(const struct fl_cbor_item *item, bool *has, uint32_t *ret)
{
	if (item->kind != FL_CBOR_UINT || item->value > UINT32_MAX)
		return;
	*has = true;
	*ret = (uint32_t)item->value;
}

static void read_build_id(struct fl_cbor *c, const struct fl_cbor_item *item,
			  struct fl_arena *arena, struct fl_event_facts *facts)
{
	size_t size;
	const uint8_t *bytes =
		item->kind == FL_CBOR_BYTES ? fl_cbor_string(c, item, arena, &size) : NULL;
	/* Fewer bytes than devices can be set to send would fit builds they do not belong to. */
	if (!bytes || size < 5 || size > sizeof(facts->build_id))
		return;
	memcpy(facts->build_id, bytes, size);
	facts->build_id_size = (uint8_t)size;
}

static void read_field(struct event_reader *r, struct fl_cbor *c, uint64_t key,
		       const struct fl_cbor_item *value)
{
	struct fl_event_facts *facts = r->facts;
	switch (key) {
	case KEY_CAPTURED_AT:
		read_u32(value, &facts->has_captured_at, &facts->captured_at);
		break;
	case KEY_TYPE:
		read_u32(value, &r->has_type, &facts->type);
		break;
	case KEY_INFO:
		r->info = *value;
		r->has_info = true;
		break;
	case KEY_HARDWARE_VERSION:
		read_text(c, value, r->arena, &facts->hardware_version);
		break;
	case KEY_DEVICE_SERIAL:
		read_text(c, value, r->arena, &facts->device_serial);
		break;
	case KEY_RELEASE_VERSION:
		read_text(c, value, r->arena, &r->release_version);
		break;
	case KEY_SOFTWARE_VERSION:
		read_text(c, value, r->arena, &facts->software_version);
		break;
	case KEY_SOFTWARE_TYPE:
		read_text(c, value, r->arena, &facts->software_type);
		break;
	case KEY_BUILD_ID:
		read_build_id(c, value, r->arena, facts);
		break;
	default:
		break;
	}
}

static void
read_compact_log(struct event_reader *r, struct fl_cbor *c, const struct fl_cbor_item *value)
{
	struct fl_event_facts *facts = r->facts;
	if (value->kind != FL_CBOR_ARRAY)
		return;
	facts->compact_log = c->data + value->at;
	facts->compact_log_size = value->end - value->at;
	struct fl_compact_log *log = fl_arena_alloc(r->arena, sizeof(*log));
	enum fl_code code = FL_ENOMEM;
	if (log)
		code = fl_compact_log_decode(facts->compact_log, facts->compact_log_size, r->arena,
					     log, NULL);
	if (code == FL_ENOMEM)
		fl_cbor_fail(c, code, value->at, "out of memory for a log");
	else if (!code)
		facts->compact = log;
}

static void read_info_field(struct event_reader *r, struct fl_cbor *c, uint64_t key,
			    const struct fl_cbor_item *value)
{
	struct fl_event_facts *facts = r->facts;
	switch (key) {
	case INFO_REASON:
		read_u32(value, &facts->has_reason, &facts->reason);
		break;
	case INFO_PC:
		read_u32(value, &facts->has_pc, &facts->pc);
		break;
	case INFO_LR:
		read_u32(value, &facts->has_lr, &facts->lr);
		break;
	case INFO_RESET_REGISTER:
		read_u32(value, &facts->has_reset_register, &facts->reset_register);
		break;
	case INFO_COREDUMP_SAVED:
		facts->coredump_saved =
			(value->kind == FL_CBOR_UINT || value->kind == FL_CBOR_BOOL) &&
			value->value;
		break;
	case INFO_TRACE_REASON:
		read_u32(value, &facts->has_trace_reason, &facts->trace_reason);
		break;
	case INFO_STATUS:
		facts->has_status = fl_cbor_int(value, &facts->status);
		break;
	case INFO_LOG:
		read_log(c, value, r->arena, &facts->log);
		break;
	case INFO_COMPACT_LOG:
		read_compact_log(r, c, value);
		break;
	default:
		break;
	}
}

/* Key of the next pair, once for each key: of what is said twice the first counts. */
static bool is_new_key(const struct fl_cbor_item *key, uint32_t *seen)
{
	if (key->kind != FL_CBOR_UINT || key->value >= 32 || *seen >> key->value & 1)
		return false;
	*seen |= UINT32_C(1) << key->value;
	return true;
}

/* Devices from SDK 0.17 to 1.42.0 could announce more lines than they then had: a set of logs ends
 * where the data does. */
static bool is_cut_log(const struct event_reader *r, struct fl_cbor *c, size_t at)
{
	if (!c->ended || !r->has_type ||
	    (r->facts->type != TYPE_LOGS && r->facts->type != TYPE_TIMED_LOGS))
		return false;
	struct fl_cbor again = fl_cbor(c->data, c->size, c->origin);
	struct fl_cbor_item head;
	again.pos = at;
	return fl_cbor_head(&again, &head) && head.kind == FL_CBOR_ARRAY;
}

static void read_fields(struct event_reader *r, struct fl_cbor *c, struct fl_cbor_group group)
{
	uint32_t seen = 0;
	while (fl_cbor_more(c, &group)) {
		struct fl_cbor_item key;
		struct fl_cbor_item value;
		if (!fl_cbor_take(c, &key) || !fl_cbor_more(c, &group))
			return;
		size_t at = c->pos;
		bool is_new = is_new_key(&key, &seen);
		if (!fl_cbor_take(c, &value)) {
			if (!is_new || key.value != KEY_INFO || !is_cut_log(r, c, at))
				return;
			*c = fl_cbor(c->data, c->size, c->origin);
			c->pos = c->size;
			return;
		}
		if (is_new)
			read_field(r, c, key.value, &value);
	}
}

/* The information was taken as a whole: only memory can fail in it. */
static void read_info(struct event_reader *r, struct fl_cbor *c)
{
	struct fl_cbor inside = fl_cbor_inside(c, &r->info);
	struct fl_cbor_item key;
	struct fl_cbor_item value;
	uint32_t seen = 0;
	(void)fl_cbor_head(&inside, &value);
	struct fl_cbor_group group = fl_cbor_group(&value);
	while (fl_cbor_more(&inside, &group) && fl_cbor_take(&inside, &key) &&
	       fl_cbor_more(&inside, &group) && fl_cbor_take(&inside, &value))
		if (is_new_key(&key, &seen))
			read_info_field(r, &inside, key.value, &value);
	if (inside.error.code)
		c->error = inside.error;
}

static enum fl_event_kind kind_of(const struct fl_event_facts *facts)
{
	if (facts->type != TYPE_TRACE)
		return FL_EVENT_OTHER;
	return facts->has_reason ? FL_EVENT_REBOOT : FL_EVENT_TRACE;
}

static enum fl_code
no_event(const struct fl_cbor *c, size_t at, const char *what, struct fl_error *err)
{
	return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, c->origin + at, "%s at byte %llu", what,
		       (unsigned long long)(c->origin + at));
}

static enum fl_code latched(const struct fl_cbor *c, struct fl_error *err)
{
	if (err)
		*err = c->error;
	return c->error.code;
}

enum fl_code fl_event_map_read(struct fl_cbor *c, struct fl_arena *arena,
			       struct fl_event_facts *ret, size_t *at_ret, struct fl_error *err)
{
	struct event_reader r = { .arena = arena, .facts = ret };
	struct fl_cbor_item map;
	size_t before = c->pos;
	*ret = (struct fl_event_facts){ .kind = FL_EVENT_OTHER };
	*at_ret = before;
	if (!fl_cbor_head(c, &map))
		return latched(c, err);
	*at_ret = map.at;
	if (map.kind != FL_CBOR_MAP) {
		c->pos = before;
		if (!fl_cbor_take(c, &map))
			return latched(c, err);
		return no_event(c, map.at, "no map, so no event", err);
	}
	read_fields(&r, c, fl_cbor_group(&map));
	bool is_trace = r.has_type && ret->type == TYPE_TRACE;
	bool has_trace_info = r.has_info && r.info.kind == FL_CBOR_MAP;
	if (!c->error.code && is_trace && has_trace_info)
		read_info(&r, c);
	if (c->error.code)
		return latched(c, err);
	if (!ret->software_version)
		ret->software_version = r.release_version;
	if (!r.has_type)
		return no_event(c, map.at, "event without a type", err);
	if (is_trace && !has_trace_info)
		return no_event(c, map.at, "trace event without information", err);
	ret->kind = kind_of(ret);
	return FL_OK;
}
