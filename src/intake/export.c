/* SPDX-License-Identifier: Apache-2.0 */
/* One exported event becomes a chunk with its device and time. */
#include "intake/export_internal.h"
#include "intake/timestamp.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SERIAL_MAX = 256, PATH_DEPTH_MAX = 16 };

/* The documented webhook and the exports of the same cloud: docs/receiver.md. */
static const struct fl_json_fields defaults = {
	.data = "data",
	.device = "coreid",
	.event = NULL, /* "event" in a webhook, "name" in an export */
	.time = "published_at",
	.name = "memfault-chunks",
};

static const char *or_default(const char *given, const char *value)
{
	return given ? given : value;
}

enum fl_code fl_export_reader_open(enum fl_carrier carrier, const struct fl_json_fields *fields,
				   struct fl_export_reader **ret, struct fl_error *err)
{
	if (carrier != FL_CARRIER_JSON && carrier != FL_CARRIER_SSE)
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "carrier %s is no export",
			       fl_carrier_name(carrier));
	struct fl_export_reader *reader = calloc(1, sizeof(*reader));
	if (!reader)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "reader of exports");
	reader->carrier = carrier;
	reader->json.first_line = true;
	reader->fields = (struct fl_json_fields){
		.data = or_default(fields->data, defaults.data),
		.device = or_default(fields->device, defaults.device),
		.event = fields->event,
		.time = or_default(fields->time, defaults.time),
		.name = or_default(fields->name, defaults.name),
	};
	*ret = reader;
	return FL_OK;
}

void fl_export_reader_close(struct fl_export_reader *reader)
{
	if (!reader)
		return;
	fl_pile_deinit(&reader->json.text);
	fl_pile_deinit(&reader->sse.line);
	fl_pile_deinit(&reader->sse.data);
	free(reader);
}

enum fl_code fl_export_reader_feed(struct fl_export_reader *reader, const void *bytes, size_t size,
				   fl_exported_fn each, void *context,
				   struct fl_carrier_counts *counts,
				   struct fl_export_counts *events, struct fl_error *err)
{
	const struct fl_export_sink sink = { &reader->fields, each, context, counts, events };
	counts->bytes += size;
	return reader->carrier == FL_CARRIER_JSON
		       ? fl_export_json_feed(&reader->json, &sink, bytes, size, err)
		       : fl_export_sse_feed(&reader->sse, &sink, bytes, size, err);
}

enum fl_code fl_export_reader_end(struct fl_export_reader *reader, fl_exported_fn each,
				  void *context, struct fl_carrier_counts *counts,
				  struct fl_export_counts *events, struct fl_error *err)
{
	const struct fl_export_sink sink = { &reader->fields, each, context, counts, events };
	if (reader->carrier == FL_CARRIER_SSE)
		return fl_export_sse_end(&reader->sse, &sink, err);
	fl_export_json_end(&reader->json, &sink);
	return FL_OK;
}

void fl_export_damaged(const struct fl_export_sink *sink, uint64_t bytes)
{
	sink->counts->damaged++;
	sink->counts->damaged_bytes += bytes;
}

/* A member of that name, or, where there is none, "outer.inner". */
static const json_t *member(const json_t *object, const char *path)
{
	for (unsigned depth = 0; depth < PATH_DEPTH_MAX; depth++) {
		const json_t *value = json_object_get(object, path);
		const char *dot = strchr(path, '.');
		if (value || !dot)
			return json_is_null(value) ? NULL : value;
		char outer[128];
		if ((size_t)snprintf(outer, sizeof(outer), "%.*s", (int)(dot - path), path) >=
		    sizeof(outer))
			return NULL;
		object = json_object_get(object, outer);
		path = dot + 1;
	}
	return NULL;
}

static const char *event_name(const json_t *root, const struct fl_json_fields *fields)
{
	if (fields->event)
		return json_string_value(member(root, fields->event));
	const char *name = json_string_value(member(root, "event"));
	return name ? name : json_string_value(member(root, "name"));
}

/* What outlives the JSON of an event: that is large where the data is. */
struct found {
	struct fl_buffer bytes;
	char serial[SERIAL_MAX + 1]; /* "" = not said */
	bool has_time;
	int64_t time;
};

static void found_deinit(struct found *found)
{
	fl_buffer_deinit(&found->bytes);
}

/* False: something is there that cannot be a serial number. */
static bool read_device(const json_t *value, char text[SERIAL_MAX + 1])
{
	if (json_is_integer(value)) {
		snprintf(text, SERIAL_MAX + 1, "%lld", (long long)json_integer_value(value));
		return true;
	}
	const char *serial = value ? json_string_value(value) : "";
	size_t size = serial ? strlen(serial) : 0;
	if (!serial || size > SERIAL_MAX || (value && !size))
		return false;
	memcpy(text, serial, size + 1);
	return true;
}

static bool read_time(const json_t *value, int64_t *ret)
{
	if (json_is_string(value))
		return fl_time_parse(json_string_value(value), ret);
	*ret = json_integer_value(value);
	return json_is_integer(value) && *ret >= 0 && *ret <= FL_SECONDS_MAX;
}

static enum fl_code find_data(const struct fl_export_sink *sink, const json_t *root,
			      const json_t *data, uint64_t text_size, struct found *ret,
			      struct fl_error *err)
{
	enum fl_code code = FL_EFORMAT;
	if (json_is_string(data) && read_device(member(root, sink->fields->device), ret->serial))
		code = fl_base64_decode(json_string_value(data), json_string_length(data),
					&ret->bytes, err);
	if (code == FL_EFORMAT || (!code && !ret->bytes.size)) {
		fl_export_damaged(sink, text_size);
		return FL_OK;
	}
	ret->has_time = read_time(member(root, sink->fields->time), &ret->time);
	return code;
}

static enum fl_code find(const struct fl_export_sink *sink, const json_t *root, uint64_t text_size,
			 const char *name, struct found *ret, struct fl_error *err)
{
	const char *wanted = sink->fields->name;
	const json_t *data = member(root, sink->fields->data);
	if (!name)
		name = event_name(root, sink->fields);
	bool other = name && wanted[0] && strcmp(name, wanted) != 0;
	sink->events->without_data += !other && !data;
	if (other || (!name && !data)) {
		sink->events->others++;
		return FL_OK;
	}
	sink->events->own += name || json_is_string(data);
	return find_data(sink, root, data, text_size, ret, err);
}

enum fl_code fl_export_event(const struct fl_export_sink *sink, const void *text, size_t size,
			     const char *name, struct fl_error *err)
{
	json_error_t cause;
	__attribute__((__cleanup__(found_deinit))) struct found found = { 0 };
	json_t *root = json_loadb(text, size, 0, &cause);
	if (!root && json_error_code(&cause) == json_error_out_of_memory)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "an event of an export");
	if (!json_is_object(root)) {
		json_decref(root);
		fl_export_damaged(sink, size);
		return FL_OK;
	}
	enum fl_code code = find(sink, root, size, name, &found, err);
	json_decref(root);
	if (code || !found.bytes.size)
		return code;
	const struct fl_exported exported = {
		.bytes = found.bytes.data,
		.size = found.bytes.size,
		.device = found.serial[0] ? found.serial : NULL,
		.has_time = found.has_time,
		.time = found.time,
	};
	sink->counts->items++;
	sink->counts->item_bytes += exported.size;
	return sink->each(sink->context, &exported, err);
}
