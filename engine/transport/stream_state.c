/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Incomplete messages as bytes:
 *   state   := "FLCS" u8 version u8 count pending* u64 XXH3 of all before it
 *   pending := u8 channel, u8 old, u16 crc, u32 total, u32 have, have bytes; channels ascend
 */
#include "transport/stream.h"

#include "base/hash.h"
#include "base/reader.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

static const char magic[4] = { 'F', 'L', 'C', 'S' };
enum { VERSION = 1 };

static uint8_t count_active(const struct fl_stream *stream)
{
	uint8_t count = 0;
	for (size_t i = 0; i < FL_CHANNEL_COUNT; i++)
		if (stream->channels[i].active)
			count++;
	return count;
}

static void save_pending(struct fl_str *out, const struct fl_pending *pending, uint8_t channel)
{
	fl_str_add_u8(out, channel);
	fl_str_add_u8(out, pending->old);
	fl_str_add_u16(out, pending->crc);
	fl_str_add_u32(out, pending->total);
	fl_str_add_u32(out, pending->have);
	fl_str_add(out, pending->bytes, pending->have);
}

enum fl_code
fl_stream_save(const struct fl_stream *stream, struct fl_buffer *ret, struct fl_error *err)
{
	FL_AUTO_STR out = { 0 };
	uint8_t count = count_active(stream);
	if (count) {
		fl_str_add(&out, magic, sizeof(magic));
		fl_str_add_u8(&out, VERSION);
		fl_str_add_u8(&out, count);
		for (uint8_t i = 0; i < FL_CHANNEL_COUNT; i++)
			if (stream->channels[i].active)
				save_pending(&out, &stream->channels[i], i);
		if (!out.failed)
			fl_str_add_u64(&out, fl_hash64(out.data, out.size));
	}
	return fl_str_finish(&out, ret, err);
}

static enum fl_code damaged(struct fl_error *err)
{
	return fl_fail(
		err, FL_EFORMAT, FL_AT_NONE, 0,
		"the saved state of a stream is damaged: its half-received messages are lost");
}

static enum fl_code
restore_pending(struct fl_stream *stream, struct fl_reader *r, int *last, struct fl_error *err)
{
	uint8_t channel = fl_read_u8(r);
	uint8_t old = fl_read_u8(r);
	uint16_t crc = fl_read_u16(r);
	uint32_t total = fl_read_u32(r);
	uint32_t have = fl_read_u32(r);
	const uint8_t *bytes = fl_read_bytes(r, have);
	if (fl_reader_status(r, NULL) || channel >= FL_CHANNEL_COUNT || channel <= *last ||
	    old > 1 || have > total || !total)
		return damaged(err);
	struct fl_pending *pending = &stream->channels[channel];
	*pending = (struct fl_pending){
		.active = true,
		.old = old,
		.crc = crc,
		.total = total,
		.have = have,
		.bytes = malloc(have ? have : 1),
		.room = have,
	};
	if (!pending->bytes)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for a message");
	if (have)
		memcpy(pending->bytes, bytes, have);
	*last = channel;
	return FL_OK;
}

static enum fl_code
restore_all(struct fl_stream *stream, const uint8_t *bytes, size_t size, struct fl_error *err)
{
	struct fl_reader r = fl_reader("stream state", bytes, size, 0);
	const uint8_t *found = fl_read_bytes(&r, sizeof(magic));
	uint8_t version = fl_read_u8(&r);
	uint8_t count = fl_read_u8(&r);
	if (fl_reader_status(&r, NULL) || memcmp(found, magic, sizeof(magic)))
		return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0, "not the saved state of a stream");
	if (version > VERSION)
		return fl_fail(err, FL_EUNSUPPORTED, FL_AT_NONE, 0,
			       "the state of a stream was saved by a newer faultline (form %u)",
			       version);
	int last = -1;
	for (uint8_t i = 0; i < count; i++) {
		enum fl_code code = restore_pending(stream, &r, &last, err);
		if (code)
			return code;
	}
	size_t hashed = r.pos;
	uint64_t hash = fl_read_u64(&r);
	if (!version || !count || fl_reader_status(&r, NULL) || fl_reader_left(&r) ||
	    hash != fl_hash64(bytes, hashed))
		return damaged(err);
	return FL_OK;
}

enum fl_code fl_stream_restore(const void *bytes, size_t size, size_t message_max,
			       struct fl_stream **ret, struct fl_error *err)
{
	FL_AUTO(fl_stream) stream = NULL;
	enum fl_code code = fl_stream_open(message_max, &stream, err);
	if (!code && size)
		code = restore_all(stream, bytes, size, err);
	if (!code)
		*ret = fl_stream_take(&stream);
	return code;
}
