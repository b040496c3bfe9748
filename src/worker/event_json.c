/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/event_json.h"

#include <jansson.h>

#include <stddef.h>

enum { EVENT_SCHEMA = 1 };

static const char *const names[] = {
	[FL_NOTICE_NEW_ISSUE] = "new-issue",
	[FL_NOTICE_REGRESSION] = "regression",
	[FL_NOTICE_WAITING] = "waiting",
	[FL_NOTICE_BULK] = "bulk",
};

const char *fl_notice_name(enum fl_notice_kind kind)
{
	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}

static const struct {
	const char *key;
	size_t offset;
} texts[] = {
	{ "title", offsetof(struct fl_notice, title) },
	{ "device", offsetof(struct fl_notice, device) },
	{ "software_type", offsetof(struct fl_notice, software_type) },
	{ "software_version", offsetof(struct fl_notice, software_version) },
	{ "hardware_version", offsetof(struct fl_notice, hardware_version) },
	{ "cohort", offsetof(struct fl_notice, cohort) },
	{ "build_id", offsetof(struct fl_notice, build_id) },
	{ "reason", offsetof(struct fl_notice, reason) },
};

static int set_text(json_t *object, const char *key, const char *text)
{
	json_t *value = text && *text ? json_string(text) : NULL; /* NULL also: no UTF-8 */
	return json_object_set_new(object, key, value ? value : json_null());
}

static int set_id(json_t *object, const char *key, int64_t id)
{
	return json_object_set_new(object, key, id ? json_integer(id) : json_null());
}

static int set_bulk(json_t *object, const struct fl_notice *notice)
{
	json_t *bulk = json_pack("{s:s?, s:I, s:I, s:I, s:I, s:I}", "what", notice->bulk.what,
				 "traces", (json_int_t)notice->bulk.traces, "new_issues",
				 (json_int_t)notice->bulk.new_issues, "moved",
				 (json_int_t)notice->bulk.moved, "waiting",
				 (json_int_t)notice->bulk.waiting, "quarantined",
				 (json_int_t)notice->bulk.quarantined);
	return json_object_set_new(object, "bulk", bulk);
}

char *fl_event_json(const struct fl_notice *notice, const char *database)
{
	json_t *object = json_object();
	int failed = json_object_set_new(object, "schema", json_integer(EVENT_SCHEMA));
	failed |= json_object_set_new(object, "id", json_integer(notice->id));
	failed |= set_text(object, "event", fl_notice_name(notice->kind));
	failed |= json_object_set_new(object, "at", json_integer(notice->at));
	failed |= json_object_set_new(object, "attempt",
				      json_integer((json_int_t)notice->attempts + 1));
	failed |= set_text(object, "database", database);
	failed |= set_id(object, "issue", notice->issue_id);
	failed |= set_id(object, "trace", notice->trace_id);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		failed |= set_text(object, texts[i].key,
				   *(const char *const *)((const char *)notice + texts[i].offset));
	if (notice->kind == FL_NOTICE_BULK)
		failed |= set_bulk(object, notice);
	char *text = failed ? NULL : json_dumps(object, JSON_COMPACT);
	json_decref(object);
	return text;
}
