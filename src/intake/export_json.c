/* SPDX-License-Identifier: Apache-2.0 */
/* Finds where the objects of JSON text begin and end; what is inside is the parser's business. */
#include "intake/export_internal.h"

#include <string.h>

static void give_up(struct fl_json_scan *scan, const struct fl_export_sink *sink)
{
	fl_export_damaged(sink, scan->text.size + scan->lost);
	scan->text.size = 0;
	scan->lost = 0;
	scan->depth = 0;
	scan->in_string = scan->escaped = scan->too_long = false;
}

static enum fl_code
append(struct fl_json_scan *scan, const uint8_t *bytes, size_t size, struct fl_error *err)
{
	if (scan->text.size + size > FL_EXPORT_EVENT_MAX)
		scan->too_long = true;
	scan->lost += scan->too_long ? size : 0;
	return scan->too_long ? FL_OK : fl_pile_add(&scan->text, bytes, size, err);
}

static enum fl_code
finish(struct fl_json_scan *scan, const struct fl_export_sink *sink, struct fl_error *err)
{
	if (scan->too_long) {
		give_up(scan, sink);
		return FL_OK;
	}
	size_t size = scan->text.size;
	scan->text.size = 0;
	return fl_export_event(sink, scan->text.data, size, NULL, err);
}

/*
 * Inside an object. A line feed cannot be part of a string (RFC 8259, section 7): where one is, the
 * object was cut off, and the next line may be good. @return false: given up.
 */
static bool step_inside(struct fl_json_scan *scan, uint8_t c)
{
	if (c == '\n') {
		if (scan->in_string || scan->lines)
			return false;
		scan->first_line = false;
	} else if (scan->in_string) {
		if (scan->escaped)
			scan->escaped = false;
		else if (c == '\\')
			scan->escaped = true;
		else if (c == '"')
			scan->in_string = false;
	} else if (c == '"') {
		scan->in_string = true;
	} else if (c == '{' || c == '[') {
		scan->depth++;
	} else if (c == '}' || c == ']') {
		scan->depth--;
	}
	return true;
}

/* What may stand between objects; 0xef 0xbb 0xbf is the byte order mark that some editors leave. */
static bool is_filler(uint8_t c)
{
	return c && strchr(" \t\r,]\xef\xbb\xbf", c);
}

/* Between objects. What is no object there is one damaged thing per line, or up to a comma. */
static void step_between(struct fl_json_scan *scan, const struct fl_export_sink *sink, uint8_t c)
{
	if (c == '\n' || c == ',')
		scan->skipping = false;
	if (c == '\n' && scan->first_line && scan->any) {
		scan->lines = !scan->in_array;
		scan->first_line = false;
	}
	if (c == '\n' || scan->skipping || is_filler(c))
		return;
	if (c == '[' && !scan->any) {
		scan->in_array = true;
	} else if (c == '{') {
		scan->depth = 1;
	} else {
		scan->skipping = true;
		fl_export_damaged(sink, 1);
	}
}

enum fl_code fl_export_json_feed(struct fl_json_scan *scan, const struct fl_export_sink *sink,
				 const uint8_t *bytes, size_t size, struct fl_error *err)
{
	size_t from = 0; /* what is not in scan->text yet */
	enum fl_code code = FL_OK;
	for (size_t i = 0; !code && i < size; i++) {
		if (!scan->depth) {
			from = i;
			step_between(scan, sink, bytes[i]);
			continue;
		}
		bool good = step_inside(scan, bytes[i]);
		if (good && scan->depth)
			continue;
		code = append(scan, bytes + from, i + 1 - from, err);
		scan->any = true;
		if (!good)
			give_up(scan, sink);
		else if (!code)
			code = finish(scan, sink, err);
	}
	if (!code && scan->depth)
		code = append(scan, bytes + from, size - from, err);
	return code;
}

void fl_export_json_end(struct fl_json_scan *scan, const struct fl_export_sink *sink)
{
	if (scan->depth)
		give_up(scan, sink);
}
