/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "CHNK", u32 big-endian length, chunk. A power cut leaves a record without its end, followed by
 * good ones: a length is believed only when another record, or the end, comes after it.
 */
#include "transport/carrier.h"

#include <string.h>

enum { MAGIC_SIZE = 4, HEADER_SIZE = 8 };
static const char magic[] = "CHNK";

static bool at_record(const uint8_t *at, size_t left)
{
	return !memcmp(at, magic, left < MAGIC_SIZE ? left : MAGIC_SIZE);
}

/* Offset of the next magic, or of what could be its beginning; @p size: neither. */
static size_t find_record(const uint8_t *bytes, size_t size, bool final)
{
	const uint8_t *hit = memmem(bytes, size, magic, MAGIC_SIZE);
	if (hit)
		return (size_t)(hit - bytes);
	size_t tail = size < MAGIC_SIZE ? size : MAGIC_SIZE - 1;
	if (final)
		tail = 0;
	while (tail && !at_record(bytes + size - tail, tail))
		tail--;
	return size - tail;
}

/* One stretch of junk is one damage, in however many pieces it comes. */
static void count_junk(struct fl_carrier_reader *reader, const struct fl_sink *sink, size_t bytes)
{
	if (reader->skipping)
		sink->counts->damaged_bytes += bytes;
	else
		fl_sink_damage(sink, bytes);
	reader->skipping = true;
}

static uint32_t length_at(const uint8_t *at)
{
	return (uint32_t)at[4] << 24 | (uint32_t)at[5] << 16 | (uint32_t)at[6] << 8 | at[7];
}

/* Bytes at a record that are no good: up to the next one that may be. */
static size_t skip_record(struct fl_carrier_reader *reader, const struct fl_sink *sink,
			  const uint8_t *at, size_t left, bool final)
{
	reader->skipping = false;
	size_t skipped = MAGIC_SIZE + find_record(at + MAGIC_SIZE, left - MAGIC_SIZE, final);
	count_junk(reader, sink, skipped);
	return skipped;
}

/* Bytes used of those at a magic; 0 = more is needed. */
static size_t scan_record(struct fl_carrier_reader *reader, const struct fl_sink *sink,
			  const uint8_t *at, size_t left, bool final, enum fl_code *code)
{
	if (left < HEADER_SIZE) {
		if (final)
			count_junk(reader, sink, left);
		return final ? left : 0;
	}
	size_t length = length_at(at);
	if (!length || length > FL_CARRIER_ITEM_MAX)
		return skip_record(reader, sink, at, left, final);
	size_t all = HEADER_SIZE + length;
	if (!final && left < all + MAGIC_SIZE)
		return 0;
	bool cut = left < all;
	bool followed = !cut && at_record(at + all, left - all);
	if (!followed) {
		size_t inside = (cut ? left : all) - MAGIC_SIZE;
		size_t next = find_record(at + MAGIC_SIZE, inside, true);
		if (cut || next < inside) {
			reader->skipping = false;
			count_junk(reader, sink, MAGIC_SIZE + next);
			return MAGIC_SIZE + next;
		}
	}
	reader->skipping = false;
	*code = fl_sink_item(sink, at + HEADER_SIZE, length);
	return all;
}

enum fl_code fl_scan_spool(struct fl_carrier_reader *reader, const struct fl_sink *sink,
			   const uint8_t *bytes, size_t size, bool final, size_t *used)
{
	enum fl_code code = FL_OK;
	size_t pos = 0;
	while (pos < size && !code) {
		const uint8_t *at = bytes + pos;
		size_t left = size - pos;
		size_t junk = find_record(at, left, final);
		if (junk) {
			count_junk(reader, sink, junk);
			pos += junk;
			continue;
		}
		if (left < MAGIC_SIZE)
			break;
		size_t step = scan_record(reader, sink, at, left, final, &code);
		if (!step)
			break;
		pos += step;
	}
	*used = pos;
	return code;
}
