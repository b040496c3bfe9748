/* SPDX-License-Identifier: Apache-2.0 */
/* Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html, "Parsing an
 * event stream". */
#include "intake/export_internal.h"

#include <stdio.h>
#include <string.h>

static void forget(struct fl_sse_scan *scan)
{
	scan->data.size = 0;
	scan->event[0] = '\0';
	scan->too_long = false;
	scan->lost = 0;
}

/* A blank line: the event is complete. */
static enum fl_code
dispatch(struct fl_sse_scan *scan, const struct fl_export_sink *sink, struct fl_error *err)
{
	enum fl_code code = FL_OK;
	if (scan->too_long)
		fl_export_damaged(sink, scan->data.size + scan->lost);
	else if (scan->data.size)
		code = fl_export_event(sink, scan->data.data, scan->data.size,
				       scan->event[0] ? scan->event : NULL, err);
	forget(scan);
	return code;
}

static enum fl_code
add_data(struct fl_sse_scan *scan, const uint8_t *value, size_t size, struct fl_error *err)
{
	if (scan->data.size + size >= FL_EXPORT_EVENT_MAX)
		scan->too_long = true;
	scan->lost += scan->too_long ? size : 0;
	if (scan->too_long)
		return FL_OK;
	enum fl_code code = scan->data.size ? fl_pile_add(&scan->data, "\n", 1, err) : FL_OK;
	return code ? code : fl_pile_add(&scan->data, value, size, err);
}

static bool is_field(const uint8_t *line, size_t size, const char *name)
{
	return strlen(name) == size && memcmp(line, name, size) == 0;
}

static enum fl_code
take_line(struct fl_sse_scan *scan, const struct fl_export_sink *sink, struct fl_error *err)
{
	const uint8_t *line = scan->line.data;
	size_t size = scan->line.size;
	scan->line.size = 0;
	if (!size)
		return dispatch(scan, sink, err);
	const uint8_t *colon = memchr(line, ':', size);
	size_t name_size = colon ? (size_t)(colon - line) : size;
	const uint8_t *value = colon ? colon + 1 : line + size;
	size_t value_size = size - name_size - (colon != NULL);
	if (value_size && *value == ' ') {
		value++;
		value_size--;
	}
	if (is_field(line, name_size, "data"))
		return add_data(scan, value, value_size, err);
	if (is_field(line, name_size, "event"))
		snprintf(scan->event, sizeof(scan->event), "%.*s", (int)value_size,
			 (const char *)value);
	return FL_OK; /* comments, ids, retry times */
}

static enum fl_code
add_to_line(struct fl_sse_scan *scan, const uint8_t *bytes, size_t size, struct fl_error *err)
{
	if (scan->line.size + size > FL_EXPORT_EVENT_MAX) {
		scan->too_long = true;
		scan->lost += size;
		return FL_OK;
	}
	return fl_pile_add(&scan->line, bytes, size, err);
}

enum fl_code fl_export_sse_feed(struct fl_sse_scan *scan, const struct fl_export_sink *sink,
				const uint8_t *bytes, size_t size, struct fl_error *err)
{
	enum fl_code code = FL_OK;
	size_t from = 0;
	for (size_t i = 0; !code && i < size; i++) {
		bool second = scan->after_cr && bytes[i] == '\n';
		scan->after_cr = bytes[i] == '\r';
		if (second)
			from = i + 1;
		if (second || (bytes[i] != '\n' && bytes[i] != '\r'))
			continue;
		code = add_to_line(scan, bytes + from, i - from, err);
		if (!code)
			code = take_line(scan, sink, err);
		from = i + 1;
	}
	return code ? code : add_to_line(scan, bytes + from, size - from, err);
}

/* The specification drops an event that no blank line ends; a saved stream often ends like that. */
enum fl_code
fl_export_sse_end(struct fl_sse_scan *scan, const struct fl_export_sink *sink, struct fl_error *err)
{
	enum fl_code code = scan->line.size ? take_line(scan, sink, err) : FL_OK;
	return code ? code : dispatch(scan, sink, err);
}
