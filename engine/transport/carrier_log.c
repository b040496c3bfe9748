/* SPDX-License-Identifier: Apache-2.0 */
/* MC:<base64>: anywhere in a text; between items nothing is kept. */
#include "transport/base64.h"
#include "transport/carrier.h"

#include <string.h>

/* Fewer characters than GROUP_SIZE behind a mark may be words: "MC:a b". */
enum { MARK_SIZE = 3, GROUP_SIZE = 4, RUN_MAX = FL_CARRIER_ITEM_MAX / 3 * 4 + 4 };

/* How far "MC:" or "ML:" is there: MARK_SIZE, less at the end of the bytes, 0 = it is none. */
static size_t mark_size(const uint8_t *at, size_t left)
{
	if (!left || at[0] != 'M')
		return 0;
	if (left < 2)
		return 1;
	if (at[1] != 'C' && at[1] != 'L')
		return 0;
	if (left < MARK_SIZE)
		return 2;
	return at[2] == ':' ? MARK_SIZE : 0;
}

/* The text between the colons, as far as it goes. */
struct item {
	const uint8_t *text;
	size_t size;  /* with padding */
	bool open;    /* the bytes end before it is known what it is */
	bool closed;  /* by a colon */
	bool overrun; /* longer than any item */
};

static struct item
find_item(const struct fl_carrier_reader *reader, const uint8_t *text, size_t left, bool final)
{
	struct item item = { .text = text };
	size_t seen = reader->seen < left ? reader->seen : left;
	size_t bound = left > RUN_MAX ? RUN_MAX + 1 : left;
	size_t size = seen + fl_base64_span(text + seen, bound - seen);
	item.overrun = size > RUN_MAX;
	for (int i = 0; i < 2 && size && size < left && text[size] == '='; i++)
		size++;
	item.size = size;
	item.open = size == left && !final;
	item.closed = size < left && text[size] == ':';
	return item;
}

enum verdict { GOES_ON, WHOLE, CUT };

/*
 * A device that restarts or another task's output can cut an item with the next one:
 * "MC:CAKnMC:CAKnAsvK:". The characters of the mark are base64, so the first item would seem to
 * end in them; but after the end of an item comes a line end, or at least no base64.
 */
static enum verdict cut_by_next(const struct item *item, const uint8_t *end, bool final)
{
	const uint8_t *after = item->text + item->size + 1;
	size_t left = (size_t)(end - after);
	if (item->size < 2 || !mark_size(after - MARK_SIZE, MARK_SIZE))
		return WHOLE;
	if (!left && !final)
		return GOES_ON;
	if (!left || fl_base64_values[after[0]] == FL_BASE64_OTHER)
		return WHOLE;
	size_t mark = mark_size(after, left);
	if (mark && mark < MARK_SIZE && !final)
		return GOES_ON;
	return mark == MARK_SIZE ? WHOLE : CUT;
}

static enum fl_code take_item(struct fl_carrier_reader *reader, const struct fl_sink *sink,
			      const struct item *item, bool is_chunk)
{
	uint8_t *room = fl_reader_room(reader, item->size / 4 * 3 + 2);
	if (!room)
		return fl_fail(sink->err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for an item");
	size_t size;
	if (!fl_base64_run(item->text, item->size, room, &size)) {
		if (is_chunk)
			fl_sink_damage(sink, MARK_SIZE + item->size);
		return FL_OK;
	}
	if (is_chunk)
		return fl_sink_item(sink, room, size);
	sink->counts->compact_logs++;
	return FL_OK;
}

/* The rest of a run that is too long; another item may begin at its end. */
static size_t skip_run(struct fl_carrier_reader *reader, const struct fl_sink *sink,
		       const uint8_t *bytes, size_t size, bool final)
{
	size_t run = fl_base64_span(bytes, size);
	size_t used = run;
	if (run >= 2 && mark_size(bytes + run - 2, size - run + 2))
		used = run - 2;
	else if (run && run == size && bytes[run - 1] == 'M')
		used = run - 1;
	if (run < size || final)
		reader->skipping = false;
	if (final && run == size)
		used = run;
	sink->counts->damaged_bytes += used;
	return used;
}

/* A mark at @p at. @return bytes used, 0 = more is needed. */
static size_t scan_mark(struct fl_carrier_reader *reader, const struct fl_sink *sink,
			const uint8_t *at, size_t left, bool final, enum fl_code *code)
{
	bool is_chunk = at[1] == 'C';
	struct item item = find_item(reader, at + MARK_SIZE, left - MARK_SIZE, final);
	size_t all = MARK_SIZE + item.size;
	reader->seen = 0;
	if (item.overrun) {
		fl_sink_damage(sink, MARK_SIZE);
		reader->skipping = true;
		return MARK_SIZE;
	}
	enum verdict verdict = item.open     ? GOES_ON
			       : item.closed ? cut_by_next(&item, at + left, final)
					     : CUT;
	if (verdict == GOES_ON) {
		size_t padding = item.size && item.text[item.size - 1] == '=' ? 2 : 0;
		reader->seen = item.size > padding ? item.size - padding : 0;
		return 0;
	}
	if (verdict == WHOLE && item.size) {
		*code = take_item(reader, sink, &item, is_chunk);
		return all + 1;
	}
	if (verdict == CUT && item.closed)
		all -= 2; /* the next mark */
	if (is_chunk && ((item.closed && item.size) || item.size >= GROUP_SIZE))
		fl_sink_damage(sink, all);
	return all;
}

enum fl_code fl_scan_log(struct fl_carrier_reader *reader, const struct fl_sink *sink,
			 const uint8_t *bytes, size_t size, bool final, size_t *used)
{
	enum fl_code code = FL_OK;
	size_t pos = 0;
	while (pos < size && !code) {
		if (reader->skipping) {
			pos += skip_run(reader, sink, bytes + pos, size - pos, final);
			if (reader->skipping)
				break;
			continue;
		}
		const uint8_t *hit = memchr(bytes + pos, 'M', size - pos);
		pos = hit ? (size_t)(hit - bytes) : size;
		size_t mark = mark_size(bytes + pos, size - pos);
		size_t step = 1;
		if (mark == MARK_SIZE)
			step = scan_mark(reader, sink, hit, size - pos, final, &code);
		else if (mark && !final)
			step = 0;
		if (!step || pos == size)
			break;
		pos += step;
	}
	*used = pos;
	return code;
}
