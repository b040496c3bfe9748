/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64 without any mark: one item per line, or one item that was wrapped. Lines of one wrapped
 * item are equally long but for the last and have no padding before the end; lines that are chunks
 * continue one another. What is still unclear at the end is judged as a whole.
 */
#include "transport/base64.h"
#include "transport/carrier.h"
#include "transport/chunk.h"
#include "transport/crc16.h"

#include <string.h>

struct line {
	const uint8_t *text; /* trimmed */
	size_t size;
};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct line trim(const uint8_t *text, size_t size)
{
	while (size && is_blank(text[size - 1]))
		size--;
	while (size && is_blank(text[0])) {
		text++;
		size--;
	}
	return (struct line){ text, size };
}

static bool is_dump(const uint8_t *bytes, size_t size)
{
	return size >= 4 && !memcmp(bytes, "CORE", 4);
}

/* A chunk that proves itself: a whole message with its CRC. */
static bool is_sound(const struct fl_chunk *chunk)
{
	return chunk->first && !chunk->more && chunk->data[0] &&
	       fl_crc16(chunk->data, chunk->size) == chunk->crc;
}

static enum fl_lines
judge_chunk(struct fl_carrier_reader *reader, const uint8_t *bytes, size_t size)
{
	struct fl_chunk chunk;
	uint64_t expected = reader->lines.next;
	reader->lines.next = UINT64_MAX;
	if (!fl_chunk_parse(bytes, size, &chunk) || chunk.channel) {
		reader->lines.all_chunks = false;
		return FL_LINES_UNDECIDED;
	}
	if (is_sound(&chunk))
		return FL_LINES_ITEMS;
	if (!chunk.first && chunk.offset == expected)
		return FL_LINES_ITEMS;
	if (chunk.more)
		reader->lines.next = (uint64_t)chunk.offset + chunk.size;
	return FL_LINES_UNDECIDED;
}

/* What one more line says about all of them. */
static enum fl_code
judge_line(struct fl_carrier_reader *reader, const struct fl_sink *sink, struct line line)
{
	bool first = !reader->lines.first_size;
	bool uneven = !first && reader->lines.last_size != reader->lines.first_size;
	uint8_t *room = fl_reader_room(reader, line.size / 4 * 3 + 2);
	if (!room)
		return fl_fail(sink->err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for a line");
	size_t size;
	/* Wrapped at an odd width, a line alone is no base64: only the whole is. */
	if (uneven || reader->lines.padded)
		reader->lines.mode = FL_LINES_ITEMS;
	else if (!fl_base64_run(line.text, line.size, room, &size))
		reader->lines.all_chunks = false;
	else if (first && is_dump(room, size))
		reader->lines.mode = FL_LINES_WHOLE;
	else
		reader->lines.mode = judge_chunk(reader, room, size);
	if (first)
		reader->lines.first_size = line.size;
	reader->lines.last_size = line.size;
	reader->lines.padded = line.text[line.size - 1] == '=';
	return FL_OK;
}

/* The next line at @p pos, without its end. False: it is not all there. */
static bool next_line(const struct fl_carrier_reader *reader, const uint8_t *bytes, size_t size,
		      size_t pos, bool final, struct line *ret)
{
	size_t seen = reader->seen > pos ? reader->seen : pos;
	const uint8_t *end = seen < size ? memchr(bytes + seen, '\n', size - seen) : NULL;
	if (!end && (!final || pos == size))
		return false;
	*ret = (struct line){ bytes + pos, (size_t)((end ? end : bytes + size) - bytes) - pos };
	return true;
}

static enum fl_code take_text(const struct fl_sink *sink, struct line text)
{
	FL_AUTO_BUFFER item = { 0 };
	enum fl_code code = fl_base64_decode((const char *)text.text, text.size, &item, sink->err);
	if (code == FL_EFORMAT) {
		fl_sink_damage(sink, text.size);
		return FL_OK;
	}
	return code ? code : fl_sink_item(sink, item.data, item.size);
}

/* Lines that are shown to judge_line() stay: @ref seen is where the next one begins. */
static enum fl_code judge(struct fl_carrier_reader *reader, const struct fl_sink *sink,
			  const uint8_t *bytes, size_t size, bool final)
{
	struct line line;
	while (reader->lines.mode == FL_LINES_UNDECIDED &&
	       next_line(reader, bytes, size, reader->seen, final, &line)) {
		size_t step = line.size + 1;
		line = trim(line.text, line.size);
		enum fl_code code = line.size ? judge_line(reader, sink, line) : FL_OK;
		if (code)
			return code;
		reader->seen = size - reader->seen > step ? reader->seen + step : size;
	}
	if (reader->lines.mode == FL_LINES_UNDECIDED && size > FL_CARRIER_TEXT_MAX)
		reader->lines.mode = FL_LINES_ITEMS;
	return FL_OK;
}

static enum fl_code judge_whole(struct fl_carrier_reader *reader, const struct fl_sink *sink,
				const uint8_t *bytes, size_t size)
{
	FL_AUTO_BUFFER all = { 0 };
	struct fl_error err = { 0 };
	struct fl_chunk chunk;
	enum fl_code code = fl_base64_decode((const char *)bytes, size, &all, &err);
	if (code == FL_ENOMEM && sink->err)
		*sink->err = err;
	bool sound = !code && fl_chunk_parse(all.data, all.size, &chunk) && is_sound(&chunk);
	reader->lines.mode =
		sound || (!code && !reader->lines.all_chunks) ? FL_LINES_WHOLE : FL_LINES_ITEMS;
	return code == FL_ENOMEM ? code : FL_OK;
}

static enum fl_code take_whole(struct fl_carrier_reader *reader, const struct fl_sink *sink,
			       const uint8_t *bytes, size_t size, bool final, size_t *used)
{
	*used = size;
	if (reader->skipping) {
		sink->counts->damaged_bytes += size;
	} else if (size > FL_CARRIER_TEXT_MAX) {
		fl_sink_damage(sink, size);
		reader->skipping = true;
	} else if (final) {
		return take_text(sink, (struct line){ bytes, size });
	} else {
		*used = 0;
	}
	return FL_OK;
}

/* A line without an end: keep it, or skip it when it is longer than any item. */
static size_t unfinished(struct fl_carrier_reader *reader, const struct fl_sink *sink, size_t left)
{
	if (reader->skipping) {
		sink->counts->damaged_bytes += left;
		return left;
	}
	reader->seen = left;
	if (left <= FL_CARRIER_TEXT_MAX)
		return 0;
	reader->seen = 0;
	reader->skipping = true;
	fl_sink_damage(sink, left);
	return left;
}

static enum fl_code
take_line(struct fl_carrier_reader *reader, const struct fl_sink *sink, struct line line)
{
	if (reader->skipping) {
		sink->counts->damaged_bytes += line.size;
		reader->skipping = false;
		return FL_OK;
	}
	if (line.size > FL_CARRIER_TEXT_MAX) {
		fl_sink_damage(sink, line.size);
		return FL_OK;
	}
	line = trim(line.text, line.size);
	return line.size ? take_text(sink, line) : FL_OK;
}

static enum fl_code take_lines(struct fl_carrier_reader *reader, const struct fl_sink *sink,
			       const uint8_t *bytes, size_t size, bool final, size_t *used)
{
	enum fl_code code = FL_OK;
	struct line line;
	size_t pos = 0;
	while (!code && next_line(reader, bytes, size, pos, final, &line)) {
		reader->seen = 0;
		pos += line.size;
		pos += pos < size;
		code = take_line(reader, sink, line);
	}
	if (!code && pos < size)
		pos += unfinished(reader, sink, size - pos);
	*used = pos;
	return code;
}

enum fl_code fl_scan_base64(struct fl_carrier_reader *reader, const struct fl_sink *sink,
			    const uint8_t *bytes, size_t size, bool final, size_t *used)
{
	enum fl_code code = FL_OK;
	*used = 0;
	if (reader->lines.mode == FL_LINES_UNDECIDED) {
		code = judge(reader, sink, bytes, size, final);
		if (!code && final && reader->lines.mode == FL_LINES_UNDECIDED && size)
			code = judge_whole(reader, sink, bytes, size);
		if (reader->lines.mode != FL_LINES_UNDECIDED)
			reader->seen = 0;
	}
	if (code || reader->lines.mode == FL_LINES_UNDECIDED)
		return code;
	if (reader->lines.mode == FL_LINES_WHOLE)
		return take_whole(reader, sink, bytes, size, final, used);
	return take_lines(reader, sink, bytes, size, final, used);
}
