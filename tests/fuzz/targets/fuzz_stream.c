/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks of any bytes: every byte is accounted for, and a stream that is saved and restored before
 * each chunk does the same as one that is not. Input: u8 size, chunk, and so on.
 */
#include <faultline/transport.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct side {
	struct fl_stream *stream;
	struct fl_transport_counts counts;
	uint64_t digest;
};

static void require(bool condition)
{
	if (!condition)
		__builtin_trap();
}

static enum fl_code
on_message(void *context, const struct fl_stream_message *message, struct fl_error *err)
{
	(void)err;
	struct side *side = context;
	require(message->size && message->channel < 8);
	side->digest = side->digest * 31 + message->intact;
	side->digest = side->digest * 31 + message->size;
	for (size_t i = 0; i < message->size; i++)
		side->digest = side->digest * 31 + message->bytes[i];
	return FL_OK;
}

static void push(struct side *side, const uint8_t *chunk, size_t size)
{
	require(!fl_stream_push(side->stream, chunk, size, on_message, side, &side->counts, NULL));
}

static void check_balance(const struct side *side)
{
	const struct fl_transport_counts *counts = &side->counts;
	uint64_t sum = counts->overhead + counts->message_bytes;
	for (size_t i = 0; i < FL_DROP_COUNT; i++) {
		require(counts->drops[i].events <= counts->chunks);
		sum += counts->drops[i].bytes;
	}
	require(counts->bytes == sum + fl_stream_pending(side->stream, NULL));
}

static void restart(struct side *side)
{
	FL_AUTO_BUFFER saved = { 0 };
	FL_AUTO_BUFFER again = { 0 };
	require(!fl_stream_save(side->stream, &saved, NULL));
	fl_stream_close(side->stream);
	require(!fl_stream_restore(saved.data, saved.size, 0, &side->stream, NULL));
	require(!fl_stream_save(side->stream, &again, NULL));
	require(saved.size == again.size && !memcmp(saved.data, again.data, saved.size));
}

/* The input as a saved state: refused, or a stream that says the same. */
static void check_state(const uint8_t *data, size_t size)
{
	struct side side = { 0 };
	struct fl_error err = { 0 };
	enum fl_code code = fl_stream_restore(data, size, 0, &side.stream, &err);
	require(!code == !!side.stream);
	require(!code || (code == err.code && err.message[0]));
	if (!code)
		restart(&side);
	fl_stream_close(side.stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct side one = { 0 }, other = { 0 };
	require(!fl_stream_open(0, &one.stream, NULL) && !fl_stream_open(0, &other.stream, NULL));
	for (size_t at = 0; at < size;) {
		size_t n = data[at++];
		n = n < size - at ? n : size - at;
		uint8_t *chunk = malloc(n ? n : 1);
		require(chunk);
		memcpy(chunk, data + at, n);
		at += n;
		push(&one, chunk, n);
		restart(&other);
		push(&other, chunk, n);
		free(chunk);
		check_balance(&one);
	}
	require(one.digest == other.digest);
	require(!memcmp(&one.counts, &other.counts, sizeof(one.counts)));
	fl_stream_drop(one.stream, FL_DROP_EXPIRED, &one.counts);
	require(!fl_stream_pending(one.stream, NULL));
	check_balance(&one);
	fl_stream_close(one.stream);
	fl_stream_close(other.stream);
	check_state(data, size);
	return 0;
}
