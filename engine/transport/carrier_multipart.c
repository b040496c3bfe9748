/* SPDX-License-Identifier: Apache-2.0 */
/*
 * multipart/mixed (RFC 2046, section 5.1): one item per part. A Content-Length that leads to the
 * next delimiter is believed, for a body may hold anything; otherwise the delimiter is searched.
 */
#include "transport/carrier.h"

#include <string.h>
#include <strings.h>

enum { LINE_MAX_SIZE = 1024, HEADERS_MAX = 8192, BOUNDARY_MAX = 200 };

/* The line at @p at without its end; @p step goes behind it. False: it is not all there. */
static bool line_at(const uint8_t *at, size_t left, bool final, size_t *size, size_t *step)
{
	const uint8_t *end = memchr(at, '\n', left);
	if (!end && !final)
		return false;
	*size = end ? (size_t)(end - at) : left;
	*step = end ? *size + 1 : left;
	while (*size && strchr("\r\t ", at[*size - 1]) && at[*size - 1])
		(*size)--;
	return true;
}

enum delimiter { NONE, OPENS, CLOSES };

/* @p line without its end. */
static enum delimiter is_delimiter(const struct fl_str *delimiter, const uint8_t *line, size_t size)
{
	if (!delimiter->size || size < delimiter->size ||
	    memcmp(line, delimiter->data, delimiter->size) != 0)
		return NONE;
	if (size == delimiter->size)
		return OPENS;
	return size == delimiter->size + 2 && !memcmp(line + delimiter->size, "--", 2) ? CLOSES
										       : NONE;
}

/* The first line of the form of a delimiter makes the boundary known. */
static void learn(struct fl_carrier_reader *reader, const uint8_t *line, size_t size)
{
	if (!reader->multipart.delimiter.size && size > 2 && size <= BOUNDARY_MAX &&
	    !memcmp(line, "--", 2))
		fl_str_add(&reader->multipart.delimiter, line, size);
}

static size_t
scan_outside(struct fl_carrier_reader *reader, const uint8_t *at, size_t left, bool final)
{
	size_t size, step;
	bool complete = line_at(at, left, final, &size, &step);
	if (!complete && !reader->multipart.mid_line && left <= LINE_MAX_SIZE)
		return 0;
	if (!complete) {
		reader->multipart.mid_line = true;
		return left;
	}
	if (!reader->multipart.mid_line && step <= LINE_MAX_SIZE + 1) {
		learn(reader, at, size);
		enum delimiter kind = is_delimiter(&reader->multipart.delimiter, at, size);
		if (kind == OPENS)
			reader->multipart.part = FL_PART_HEADERS;
		if (kind != NONE)
			reader->multipart.closed = kind == CLOSES;
	}
	reader->multipart.mid_line = false;
	reader->multipart.has_length = false;
	return step;
}

static void read_header(struct fl_carrier_reader *reader, const uint8_t *line, size_t size)
{
	static const char name[] = "content-length:";
	size_t i = sizeof(name) - 1;
	if (size < i || strncasecmp((const char *)line, name, i) != 0)
		return;
	while (i < size && (line[i] == ' ' || line[i] == '\t'))
		i++;
	uint64_t value = 0;
	size_t digits = 0;
	for (; i < size && line[i] >= '0' && line[i] <= '9' && digits < 15; i++, digits++)
		value = value * 10 + (uint64_t)(line[i] - '0');
	reader->multipart.has_length = digits && i == size && value <= FL_CARRIER_ITEM_MAX;
	reader->multipart.length = value;
}

static size_t scan_headers(struct fl_carrier_reader *reader, const struct fl_sink *sink,
			   const uint8_t *at, size_t left, bool final)
{
	size_t size, step;
	size_t bound = left < HEADERS_MAX ? left : HEADERS_MAX;
	bool last = final || left > HEADERS_MAX;
	for (size_t pos = 0; pos < bound; pos += step) {
		if (!line_at(at + pos, bound - pos, last, &size, &step))
			return 0;
		if (!size && pos + step <= bound && at[pos + step - 1] == '\n') {
			reader->multipart.part = FL_PART_BODY;
			return pos + step;
		}
		if (is_delimiter(&reader->multipart.delimiter, at + pos, size)) {
			reader->multipart.part = FL_PART_OUTSIDE;
			fl_sink_damage(sink, pos);
			return pos; /* to be read again as what it is */
		}
		read_header(reader, at + pos, size);
	}
	if (!last)
		return 0;
	fl_sink_damage(sink, bound);
	reader->multipart.part = FL_PART_OUTSIDE;
	reader->multipart.mid_line = true;
	return bound;
}

static size_t line_end_size(const uint8_t *at, size_t left)
{
	if (left && at[0] == '\n')
		return 1;
	return left > 1 && at[0] == '\r' && at[1] == '\n' ? 2 : 0;
}

/* Whether what follows the delimiter's text ends it: its line, "--", or white space. */
static bool ends_delimiter(const uint8_t *at, size_t left)
{
	return !left || (at[0] && strchr("\r\n\t -", at[0]));
}

static bool delimiter_at(const struct fl_str *delimiter, const uint8_t *at, size_t left)
{
	return left >= delimiter->size && !memcmp(at, delimiter->data, delimiter->size) &&
	       ends_delimiter(at + delimiter->size, left - delimiter->size);
}

/* After a body of the announced length: the next delimiter, or as much of it as there is. */
static bool length_fits(const struct fl_carrier_reader *reader, const uint8_t *at, size_t left)
{
	if (reader->multipart.length > left)
		return false;
	at += reader->multipart.length;
	left -= (size_t)reader->multipart.length;
	size_t end = line_end_size(at, left);
	at += end;
	left -= end;
	const struct fl_str *delimiter = &reader->multipart.delimiter;
	if (left < delimiter->size)
		return !memcmp(at, delimiter->data, left);
	return delimiter_at(delimiter, at, left);
}

/* The body up to a delimiter that begins a line. False: none in the bytes. */
static bool
find_delimiter(struct fl_carrier_reader *reader, const uint8_t *at, size_t left, size_t *ret)
{
	const struct fl_str *delimiter = &reader->multipart.delimiter;
	size_t pos = reader->seen < left ? reader->seen : left;
	while (pos < left) {
		const uint8_t *hit = memmem(at + pos, left - pos, delimiter->data, delimiter->size);
		if (!hit)
			return false;
		pos = (size_t)(hit - at);
		if ((!pos || at[pos - 1] == '\n') &&
		    ends_delimiter(hit + delimiter->size, left - pos - delimiter->size)) {
			*ret = pos;
			return true;
		}
		pos++;
	}
	return false;
}

static size_t without_line_end(const uint8_t *at, size_t size)
{
	if (size && at[size - 1] == '\n')
		size--;
	else
		return size;
	return size && at[size - 1] == '\r' ? size - 1 : size;
}

static size_t scan_to_delimiter(struct fl_carrier_reader *reader, const struct fl_sink *sink,
				const uint8_t *at, size_t left, bool final, enum fl_code *code)
{
	size_t tail = reader->multipart.delimiter.size + 1;
	size_t bound = FL_CARRIER_ITEM_MAX + 2 + tail;
	size_t window = left < bound ? left : bound;
	size_t size;
	reader->multipart.part = FL_PART_OUTSIDE;
	bool all = final && left == window;
	if (find_delimiter(reader, at, window, &size) && (all || size + tail <= window)) {
		reader->seen = 0;
		*code = fl_sink_item(sink, at, without_line_end(at, size));
		return size;
	}
	if (final || left >= bound) {
		reader->seen = 0;
		reader->multipart.mid_line = true;
		fl_sink_damage(sink, window);
		return window;
	}
	reader->seen = left > tail ? left - tail : 0;
	reader->multipart.part = FL_PART_BODY;
	return 0;
}

static size_t scan_body(struct fl_carrier_reader *reader, const struct fl_sink *sink,
			const uint8_t *at, size_t left, bool final, enum fl_code *code)
{
	if (reader->multipart.has_length) {
		/* Line end, delimiter, and one more to tell it from a longer one. */
		size_t need =
			(size_t)reader->multipart.length + 3 + reader->multipart.delimiter.size;
		if (!final && left < need)
			return 0;
		if (length_fits(reader, at, left)) {
			size_t size = (size_t)reader->multipart.length;
			reader->multipart.part = FL_PART_OUTSIDE;
			*code = fl_sink_item(sink, at, size);
			return size + line_end_size(at + size, left - size);
		}
		reader->multipart.has_length = false;
		sink->counts->doubts++;
	}
	return scan_to_delimiter(reader, sink, at, left, final, code);
}

enum fl_code fl_scan_multipart(struct fl_carrier_reader *reader, const struct fl_sink *sink,
			       const uint8_t *bytes, size_t size, bool final, size_t *used)
{
	enum fl_code code = FL_OK;
	size_t pos = 0;
	while (pos < size && !code) {
		const uint8_t *at = bytes + pos;
		enum fl_part before = reader->multipart.part;
		size_t step = 0;
		if (before == FL_PART_OUTSIDE)
			step = scan_outside(reader, at, size - pos, final);
		else if (before == FL_PART_HEADERS)
			step = scan_headers(reader, sink, at, size - pos, final);
		else
			step = scan_body(reader, sink, at, size - pos, final, &code);
		if (!step && reader->multipart.part == before)
			break;
		pos += step;
	}
	*used = pos;
	if (final && reader->multipart.part != FL_PART_OUTSIDE)
		fl_sink_damage(sink, 0); /* cut before its first byte */
	if (final && !reader->multipart.closed)
		sink->counts->doubts++;
	if (!code && reader->multipart.delimiter.failed)
		code = fl_fail(sink->err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for a boundary");
	return code;
}
