/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/companion.h"

#include <jansson.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *key;
	size_t offset;
} texts[] = {
	{ "device", offsetof(struct fl_companion, device) },
	{ "upload_id", offsetof(struct fl_companion, upload_id) },
	{ "software_type", offsetof(struct fl_companion, software_type) },
	{ "software_version", offsetof(struct fl_companion, software_version) },
	{ "hardware_version", offsetof(struct fl_companion, hardware_version) },
	{ "cohort", offsetof(struct fl_companion, cohort) },
};

static char **text_at(struct fl_companion *companion, size_t offset)
{
	return (char **)((char *)companion + offset);
}

void fl_companion_deinit(struct fl_companion *companion)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(*text_at(companion, texts[i].offset));
	*companion = (struct fl_companion){ 0 };
}

static enum fl_code
take_text(const json_t *root, size_t index, struct fl_companion *ret, struct fl_error *err)
{
	const json_t *value = json_object_get(root, texts[index].key);
	if (!value || json_is_null(value))
		return FL_OK;
	if (!json_is_string(value))
		return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0, "\"%s\" is not a string",
			       texts[index].key);
	char *copy = strdup(json_string_value(value));
	if (!copy)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "companion");
	*text_at(ret, texts[index].offset) = copy;
	return FL_OK;
}

static enum fl_code take_time(const json_t *root, struct fl_companion *ret, struct fl_error *err)
{
	const json_t *value = json_object_get(root, "received_at");
	if (!value || json_is_null(value))
		return FL_OK;
	bool good = false;
	if (json_is_integer(value)) {
		ret->received_at = json_integer_value(value);
		good = ret->received_at >= 0 && ret->received_at <= FL_SECONDS_MAX;
	} else if (json_is_string(value)) {
		good = fl_time_parse(json_string_value(value), &ret->received_at);
	}
	if (!good)
		return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0,
			       "\"received_at\" is neither Unix seconds nor like "
			       "\"2026-02-01T12:00:00Z\"");
	ret->has_received_at = true;
	return FL_OK;
}

static enum fl_code take_members(const json_t *root, struct fl_companion *ret, struct fl_error *err)
{
	if (!json_is_object(root))
		return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0, "not a JSON object");
	enum fl_code code = take_time(root, ret, err);
	for (size_t i = 0; !code && i < sizeof(texts) / sizeof(texts[0]); i++)
		code = take_text(root, i, ret, err);
	return code;
}

enum fl_code
fl_companion_parse(const void *bytes, size_t size, struct fl_companion *ret, struct fl_error *err)
{
	json_error_t cause;
	if (size > FL_COMPANION_SIZE_MAX)
		return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0, "larger than %d bytes",
			       FL_COMPANION_SIZE_MAX);
	json_t *root = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &cause);
	if (!root)
		return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET,
			       cause.position > 0 ? (uint64_t)cause.position : 0, "line %d: %s",
			       cause.line, cause.text);
	FL_AUTO_COMPANION companion = { 0 };
	enum fl_code code = take_members(root, &companion, err);
	json_decref(root);
	if (code)
		return code;
	*ret = companion;
	companion = (struct fl_companion){ 0 };
	return FL_OK;
}
