/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/stream.h"

#include "transport/crc16.h"

#include <stdlib.h>
#include <string.h>

enum { CRC_SIZE = 2, ROOM_MIN = 512 };

/* One push: where its outcome goes. */
struct push {
	size_t size; /* of the chunk as it came */
	fl_message_fn on_message;
	void *context;
	struct fl_transport_counts *counts;
	struct fl_error *err;
};

const char *fl_drop_name(enum fl_drop drop)
{
	static const char *const names[FL_DROP_COUNT] = {
		[FL_DROP_RESTARTED] = "restarted",
		[FL_DROP_ORPHAN] = "orphan",
		[FL_DROP_REPEATED] = "repeated",
		[FL_DROP_CONFLICT] = "conflict",
		[FL_DROP_GAP] = "gap",
		[FL_DROP_SHORT] = "short",
		[FL_DROP_CRC] = "crc",
		[FL_DROP_TOO_LONG] = "too_long",
		[FL_DROP_MALFORMED] = "malformed",
		[FL_DROP_FILLER] = "filler",
		[FL_DROP_EXPIRED] = "expired",
		[FL_DROP_UNDECODABLE] = "undecodable",
	};
	return (size_t)drop < FL_DROP_COUNT ? names[drop] : "unknown";
}

enum fl_code fl_stream_open(size_t message_max, struct fl_stream **ret, struct fl_error *err)
{
	struct fl_stream *stream = calloc(1, sizeof(*stream));
	if (!stream)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for a stream");
	stream->message_max = message_max ? message_max : FL_MESSAGE_SIZE_MAX;
	*ret = stream;
	return FL_OK;
}

static void forget(struct fl_pending *pending)
{
	free(pending->bytes);
	*pending = (struct fl_pending){ 0 };
}

void fl_stream_close(struct fl_stream *stream)
{
	if (!stream)
		return;
	for (size_t i = 0; i < FL_CHANNEL_COUNT; i++)
		forget(&stream->channels[i]);
	free(stream);
}

static void count_drop(struct fl_transport_counts *counts, enum fl_drop why, uint64_t bytes)
{
	counts->drops[why].events++;
	counts->drops[why].bytes += bytes;
}

static void give_up(struct fl_pending *pending, enum fl_drop why, size_t chunk_size,
		    struct fl_transport_counts *counts)
{
	count_drop(counts, why, (uint64_t)pending->have + chunk_size);
	forget(pending);
}

static uint32_t min_u32(size_t a, uint32_t b)
{
	return a < b ? (uint32_t)a : b;
}

static enum fl_code deliver(const struct push *push, const struct fl_stream_message *message)
{
	if (message->intact) {
		push->counts->messages++;
		push->counts->message_bytes += message->size;
	} else {
		count_drop(push->counts, FL_DROP_CRC, message->size);
	}
	return push->on_message(push->context, message, push->err);
}

static enum fl_code take_whole(const struct push *push, const struct fl_chunk *chunk)
{
	push->counts->overhead += chunk->overhead;
	const struct fl_stream_message message = {
		.bytes = chunk->data,
		.size = chunk->size,
		.channel = chunk->channel,
		.intact = fl_crc16(chunk->data, chunk->size) == chunk->crc,
	};
	return deliver(push, &message);
}

/* The caller's pending message is gone by the time the receiver sees it: it may fail. */
static enum fl_code complete(const struct push *push, struct fl_pending *pending, uint8_t channel)
{
	struct fl_pending whole = *pending;
	*pending = (struct fl_pending){ 0 };
	const struct fl_stream_message message = {
		.bytes = whole.bytes,
		.size = whole.total,
		.channel = channel,
		.intact = fl_crc16(whole.bytes, whole.total) == whole.crc,
	};
	enum fl_code code = deliver(push, &message);
	forget(&whole);
	return code;
}

/* Message bytes that an accepted chunk adds. What is behind the end of the message is not data:
 * devices fill spare room with 0xBA, in the last chunk and, one byte, in a middle one. */
static uint32_t new_bytes(const struct fl_pending *pending, const struct fl_chunk *chunk)
{
	return chunk->first ? min_u32(chunk->size, chunk->total)
			    : min_u32(chunk->size, pending->total - pending->have);
}

static void append(const struct push *push, struct fl_pending *pending,
		   const struct fl_chunk *chunk, uint32_t count, size_t crc_size)
{
	if (count)
		memcpy(pending->bytes + pending->have, chunk->data, count);
	pending->have += count;
	push->counts->overhead += chunk->overhead + crc_size;
	size_t filler = chunk->size - count - crc_size;
	if (filler)
		count_drop(push->counts, FL_DROP_FILLER, filler);
}

/* The first chunk twice in a row: dropping what is pending would change nothing. */
static bool is_same_start(const struct fl_pending *pending, const struct fl_chunk *chunk)
{
	if (!pending->active || !chunk->more || pending->total != chunk->total ||
	    pending->old != chunk->old || pending->crc != chunk->crc)
		return false;
	uint32_t count = new_bytes(pending, chunk);
	return pending->have == count && (!count || !memcmp(pending->bytes, chunk->data, count));
}

static enum fl_code begin(const struct push *push, struct fl_pending *pending,
			  const struct fl_chunk *chunk, size_t message_max)
{
	if (is_same_start(pending, chunk)) {
		count_drop(push->counts, FL_DROP_REPEATED, push->size);
		return FL_OK;
	}
	/* The device aborted, and starts over or goes on with something else. */
	if (pending->active)
		count_drop(push->counts, FL_DROP_RESTARTED, pending->have);
	if (chunk->total > message_max) {
		forget(pending);
		count_drop(push->counts, FL_DROP_TOO_LONG, push->size);
		return FL_OK;
	}
	if (!chunk->more) {
		forget(pending);
		return take_whole(push, chunk);
	}
	pending->active = true;
	pending->old = chunk->old;
	pending->crc = chunk->crc;
	pending->total = chunk->total;
	pending->have = 0;
	append(push, pending, chunk, new_bytes(pending, chunk), 0);
	return FL_OK;
}

static bool is_repeated(const struct fl_pending *pending, const struct fl_chunk *chunk)
{
	uint32_t count = min_u32(chunk->size, pending->total - chunk->offset);
	return count <= pending->have - chunk->offset &&
	       (!count || !memcmp(pending->bytes + chunk->offset, chunk->data, count));
}

static enum fl_code
finish(const struct push *push, struct fl_pending *pending, const struct fl_chunk *chunk)
{
	uint32_t count = new_bytes(pending, chunk);
	size_t crc_size = pending->old ? 0 : CRC_SIZE;
	if (count < pending->total - pending->have || chunk->size - count < crc_size) {
		give_up(pending, FL_DROP_SHORT, push->size, push->counts);
		return FL_OK;
	}
	const uint8_t *crc = chunk->data + count;
	append(push, pending, chunk, count, crc_size);
	if (!pending->old)
		pending->crc = (uint16_t)(crc[0] | (unsigned)crc[1] << 8);
	return complete(push, pending, chunk->channel);
}

static enum fl_code
resume(const struct push *push, struct fl_pending *pending, const struct fl_chunk *chunk)
{
	if (!pending->active)
		count_drop(push->counts, FL_DROP_ORPHAN, push->size);
	else if (chunk->offset > pending->have)
		give_up(pending, FL_DROP_GAP, push->size, push->counts);
	else if (chunk->offset == pending->have && !chunk->more)
		return finish(push, pending, chunk);
	else if (chunk->offset == pending->have)
		append(push, pending, chunk, new_bytes(pending, chunk), 0);
	else if (is_repeated(pending, chunk))
		count_drop(push->counts, FL_DROP_REPEATED, push->size);
	else
		give_up(pending, FL_DROP_CONFLICT, push->size, push->counts);
	return FL_OK;
}

/* How much has to fit before the chunk can be taken. */
static size_t
room_needed(const struct fl_pending *pending, const struct fl_chunk *chunk, size_t message_max)
{
	if (chunk->first)
		return chunk->more && chunk->total <= message_max ? new_bytes(pending, chunk) : 0;
	if (!pending->active || chunk->offset != pending->have)
		return 0;
	return (size_t)pending->have + new_bytes(pending, chunk);
}

/* Doubles, but not beyond what the message will have. */
static bool reserve(struct fl_pending *pending, size_t need, uint32_t total)
{
	if (need <= pending->room)
		return true;
	size_t room = pending->room < ROOM_MIN / 2 ? ROOM_MIN : pending->room * 2;
	if (room > total)
		room = total;
	if (room < need)
		room = need;
	uint8_t *bytes = realloc(pending->bytes, room);
	if (!bytes)
		return false;
	pending->bytes = bytes;
	pending->room = room;
	return true;
}

enum fl_code fl_stream_push(struct fl_stream *stream, const void *chunk, size_t size,
			    fl_message_fn on_message, void *context,
			    struct fl_transport_counts *counts, struct fl_error *err)
{
	struct push push = { size, on_message, context, counts, err };
	struct fl_chunk parsed;
	bool valid = fl_chunk_parse(chunk, size, &parsed);
	struct fl_pending *pending = &stream->channels[parsed.channel];
	if (valid && !reserve(pending, room_needed(pending, &parsed, stream->message_max),
			      parsed.first ? parsed.total : pending->total))
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for a message");
	counts->chunks++;
	counts->bytes += size;
	if (!valid) {
		count_drop(counts, FL_DROP_MALFORMED, size);
		return FL_OK;
	}
	return parsed.first ? begin(&push, pending, &parsed, stream->message_max)
			    : resume(&push, pending, &parsed);
}

size_t fl_stream_pending(const struct fl_stream *stream, uint64_t *expected_ret)
{
	size_t have = 0;
	uint64_t expected = 0;
	for (size_t i = 0; i < FL_CHANNEL_COUNT; i++) {
		have += stream->channels[i].have;
		expected += stream->channels[i].total;
	}
	if (expected_ret)
		*expected_ret = expected;
	return have;
}

void fl_stream_drop(struct fl_stream *stream, enum fl_drop why, struct fl_transport_counts *counts)
{
	for (size_t i = 0; i < FL_CHANNEL_COUNT; i++)
		if (stream->channels[i].active)
			give_up(&stream->channels[i], why, 0, counts);
}
