/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of a device, whole and broken, for every chunk size from 9 to 2000, compared with a
 * model that follows the table of rules in docs/formats.md line by line. The model sees what the
 * writer of the chunks knows about them and parses nothing.
 */
#include "support/cmocka.h"
#include "support/packetizer.h"

#include <faultline/transport.h>

#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 8, MESSAGE_ROOM = 16384, SIZE_MIN = 9, SIZE_MAX_CHUNK = 2000 };

/* --- the model --- */

struct model_channel {
	bool pending, old;
	uint16_t crc;
	size_t total, have;
	uint8_t bytes[MESSAGE_ROOM];
};

struct model {
	struct model_channel channels[CHANNELS];
	struct fl_transport_counts counts;
	uint32_t delivered; /* a digest of all messages in order */
};

static uint32_t digest(uint32_t sum, const uint8_t *bytes, size_t size, unsigned channel, bool good)
{
	sum = sum * 31 + channel;
	sum = sum * 31 + good;
	for (size_t i = 0; i < size; i++)
		sum = sum * 31 + bytes[i];
	return sum;
}

static void model_drop(struct model *model, enum fl_drop why, size_t bytes)
{
	model->counts.drops[why].events++;
	model->counts.drops[why].bytes += bytes;
}

static void model_deliver(struct model *model, const uint8_t *bytes, size_t size, unsigned channel,
			  uint16_t crc)
{
	bool good = packet_crc(bytes, size) == crc;
	if (good) {
		model->counts.messages++;
		model->counts.message_bytes += size;
	} else {
		model_drop(model, FL_DROP_CRC, size);
	}
	model->delivered = digest(model->delivered, bytes, size, channel, good);
}

static uint16_t crc_at(const uint8_t *at)
{
	return (uint16_t)(at[0] + 256 * at[1]);
}

static void model_first(struct model *model, struct model_channel *c, const struct packet *p)
{
	const uint8_t *data = p->bytes + p->header_size;
	uint16_t front = p->old ? crc_at(data - 2) : 0;
	bool same = c->pending && !p->last && c->total == p->total && c->have == p->data_size &&
		    c->old == p->old && c->crc == front && !memcmp(c->bytes, data, c->have);
	if (same) {
		model_drop(model, FL_DROP_REPEATED, p->size);
		return;
	}
	if (c->pending)
		model_drop(model, FL_DROP_RESTARTED, c->have);
	c->pending = !p->last;
	c->have = 0;
	model->counts.overhead += p->header_size;
	if (p->last) {
		model->counts.overhead += p->old ? 0 : 2;
		model_deliver(model, data, p->data_size, p->channel,
			      p->old ? front : crc_at(data + p->data_size));
		return;
	}
	c->old = p->old;
	c->crc = front;
	c->total = p->total;
	c->have = p->data_size;
	memcpy(c->bytes, data, c->have);
	if (p->size > p->header_size + p->data_size)
		model_drop(model, FL_DROP_FILLER, p->size - p->header_size - p->data_size);
}

static void model_give_up(struct model *model, struct model_channel *c, enum fl_drop why,
			  const struct packet *p)
{
	model_drop(model, why, c->have + p->size);
	c->pending = false;
}

static void model_append(struct model *model, struct model_channel *c, const struct packet *p)
{
	const uint8_t *data = p->bytes + p->header_size;
	size_t size = p->size - p->header_size;
	size_t crc_size = p->last && !c->old ? 2 : 0;
	size_t missing = c->total - c->have;
	if (p->last && size < missing + crc_size) {
		model_give_up(model, c, FL_DROP_SHORT, p);
		return;
	}
	size_t taken = size < missing ? size : missing;
	memcpy(c->bytes + c->have, data, taken);
	c->have += taken;
	model->counts.overhead += p->header_size + crc_size;
	if (size > taken + crc_size)
		model_drop(model, FL_DROP_FILLER, size - taken - crc_size);
	if (!p->last)
		return;
	c->pending = false;
	model_deliver(model, c->bytes, c->total, p->channel,
		      c->old ? c->crc : crc_at(data + taken));
}

static void model_push(struct model *model, const struct packet *p)
{
	struct model_channel *c = &model->channels[p->channel];
	model->counts.chunks++;
	model->counts.bytes += p->size;
	if (p->first) {
		model_first(model, c, p);
		return;
	}
	if (!c->pending) {
		model_drop(model, FL_DROP_ORPHAN, p->size);
	} else if (p->offset > c->have) {
		model_give_up(model, c, FL_DROP_GAP, p);
	} else if (p->offset == c->have) {
		model_append(model, c, p);
	} else {
		size_t size = p->size - p->header_size;
		if (size > c->total - p->offset)
			size = c->total - p->offset;
		bool same = p->offset + size <= c->have &&
			    !memcmp(c->bytes + p->offset, p->bytes + p->header_size, size);
		if (same)
			model_drop(model, FL_DROP_REPEATED, p->size);
		else
			model_give_up(model, c, FL_DROP_CONFLICT, p);
	}
}

/* --- the engine beside it --- */

struct pair {
	struct fl_stream *stream;
	struct fl_transport_counts counts;
	uint32_t delivered;
	struct model *model;
	bool save; /* save, close and restore before each chunk */
};

static void pair_start(struct pair *pair, struct model *model, bool save)
{
	*pair = (struct pair){ .model = model, .save = save };
	for (int i = 0; i < CHANNELS; i++)
		model->channels[i].pending = false;
	model->counts = (struct fl_transport_counts){ 0 };
	model->delivered = 0;
	assert_int_equal(fl_stream_open(0, &pair->stream, NULL), FL_OK);
}

static enum fl_code
on_message(void *context, const struct fl_stream_message *message, struct fl_error *err)
{
	(void)err;
	struct pair *pair = context;
	pair->delivered = digest(pair->delivered, message->bytes, message->size, message->channel,
				 message->intact);
	return FL_OK;
}

static void restart(struct pair *pair)
{
	FL_AUTO_BUFFER saved = { 0 };
	assert_int_equal(fl_stream_save(pair->stream, &saved, NULL), FL_OK);
	fl_stream_close(pair->stream);
	pair->stream = NULL;
	assert_int_equal(fl_stream_restore(saved.data, saved.size, 0, &pair->stream, NULL), FL_OK);
}

static void pair_push(struct pair *pair, const struct packet *p)
{
	if (pair->save)
		restart(pair);
	assert_int_equal(fl_stream_push(pair->stream, p->bytes, p->size, on_message, pair,
					&pair->counts, NULL),
			 FL_OK);
	model_push(pair->model, p);
}

static void pair_check(struct pair *pair)
{
	const struct fl_transport_counts *got = &pair->counts, *want = &pair->model->counts;
	for (int i = 0; i < FL_DROP_COUNT; i++) {
		if (got->drops[i].events != want->drops[i].events ||
		    got->drops[i].bytes != want->drops[i].bytes)
			fail_msg("%s: %llu/%llu, not %llu/%llu", fl_drop_name((enum fl_drop)i),
				 (unsigned long long)got->drops[i].events,
				 (unsigned long long)got->drops[i].bytes,
				 (unsigned long long)want->drops[i].events,
				 (unsigned long long)want->drops[i].bytes);
	}
	assert_memory_equal(got, want, sizeof(*got));
	assert_int_equal(pair->delivered, pair->model->delivered);
	size_t pending = 0;
	for (int i = 0; i < CHANNELS; i++)
		pending += pair->model->channels[i].pending ? pair->model->channels[i].have : 0;
	assert_int_equal(fl_stream_pending(pair->stream, NULL), pending);
	uint64_t sum = got->overhead + got->message_bytes + pending;
	for (int i = 0; i < FL_DROP_COUNT; i++)
		sum += got->drops[i].bytes;
	assert_int_equal(got->bytes, sum);
}

static void pair_end(struct pair *pair)
{
	pair_check(pair);
	fl_stream_close(pair->stream);
}

/* --- what is sent --- */

static uint32_t next_random(uint32_t *random)
{
	*random = *random * 1664525 + 1013904223;
	return *random >> 8;
}

static size_t make_message(uint8_t *out, size_t size, uint32_t *random)
{
	out[0] = 0x81;
	for (size_t i = 1; i < size; i++)
		out[i] = (uint8_t)next_random(random);
	return size;
}

static void
send_message(struct packets *packets, size_t size, struct packet_options options, uint32_t *random)
{
	uint8_t message[MESSAGE_ROOM];
	assert_true(size && size <= sizeof(message));
	packetize(packets, message, make_message(message, size, random), &options);
}

static void test_every_size_in_order(void **state)
{
	struct model *model = *state;
	uint32_t random = 7;
	for (size_t size = SIZE_MIN; size <= SIZE_MAX_CHUNK; size++) {
		/* Around the places where the last chunk, the spare byte and the CRC go. */
		for (size_t n = 0; n < 14; n++) {
			PACKETS_AUTO packets = { 0 };
			size_t length = (n / 7 + 1) * size - 6 + n % 7;
			struct packet_options options = { .size = size, .fill = n % 2 };
			options.old = n % 5 == 4;
			send_message(&packets, length, options, &random);
			struct pair pair;
			pair_start(&pair, model, n % 3 == 0);
			for (size_t i = 0; i < packets.count; i++)
				pair_push(&pair, &packets.items[i]);
			assert_int_equal(pair.counts.messages, 1);
			assert_int_equal(pair.counts.message_bytes, length);
			assert_int_equal(fl_stream_pending(pair.stream, NULL), 0);
			pair_end(&pair);
		}
	}
}

/* Three messages in many chunks; each chunk in turn is lost, doubled, or late by one. */
static void test_each_chunk_broken(void **state)
{
	struct model *model = *state;
	uint32_t random = 99;
	uint64_t complete = 0;
	for (size_t size = SIZE_MIN; size <= SIZE_MAX_CHUNK; size += size < 40 ? 1 : 61) {
		PACKETS_AUTO packets = { 0 };
		for (size_t i = 0; i < 3; i++)
			send_message(&packets, size * 3 + i,
				     (struct packet_options){ .size = size, .old = i == 1 },
				     &random);
		for (size_t broken = 0; broken < packets.count; broken++) {
			struct pair lost, twice, late;
			pair_start(&lost, model, broken % 2);
			for (size_t i = 0; i < packets.count; i++)
				if (i != broken)
					pair_push(&lost, &packets.items[i]);
			/* One message is gone, the others are there. */
			assert_int_equal(lost.counts.messages, 2);
			pair_end(&lost);

			pair_start(&twice, model, broken % 2);
			for (size_t i = 0; i < packets.count; i++) {
				pair_push(&twice, &packets.items[i]);
				if (i == broken)
					pair_push(&twice, &packets.items[i]);
			}
			/* Nothing is lost: the bytes came again, or after the end. */
			assert_int_equal(twice.counts.messages, 3);
			assert_int_equal(twice.counts.drops[FL_DROP_REPEATED].events +
						 twice.counts.drops[FL_DROP_ORPHAN].events,
					 1);
			pair_end(&twice);

			pair_start(&late, model, broken % 2);
			for (size_t i = 0; i < packets.count; i++) {
				if (i != broken)
					pair_push(&late, &packets.items[i]);
				if (i == broken + 1)
					pair_push(&late, &packets.items[broken]);
			}
			complete += late.counts.messages;
			pair_end(&late);
		}
	}
	assert_true(complete > 0);
}

/* A device's day: several channels at once, changing sizes, aborted messages, a bad line. */
static void random_day(struct model *model, size_t size, uint32_t *random, uint64_t totals[])
{
	enum { QUEUES = 3 };
	static const uint8_t channels[QUEUES] = { 0, 3, 7 };
	struct packets queues[QUEUES] = { 0 };
	size_t sent[QUEUES] = { 0 };
	for (size_t q = 0; q < QUEUES; q++) {
		size_t rounds = 2 + next_random(random) % 3;
		for (size_t i = 0; i < rounds; i++)
			send_message(&queues[q],
				     1 + next_random(random) % ((size < 300 ? 5 : 2) * size),
				     (struct packet_options){
					     .size = size,
					     .size_max = next_random(random) % 3 ? size : size + 40,
					     .fill = next_random(random) % 2,
					     .old = next_random(random) % 5 == 0,
					     .channel = channels[q],
				     },
				     random);
	}
	struct pair pair;
	pair_start(&pair, model, next_random(random) % 2);
	for (size_t left = QUEUES; left;) {
		size_t q = next_random(random) % QUEUES;
		size_t *i = &sent[q];
		if (*i >= queues[q].count) {
			left = 0;
			for (size_t k = 0; k < QUEUES; k++)
				left += sent[k] < queues[k].count;
			continue;
		}
		uint32_t dice = next_random(random) % 40;
		if (dice == 0 && *i) /* goes back, as after a reset */
			*i -= next_random(random) % *i;
		else if (dice == 1) /* lost */
			++*i;
		if (*i < queues[q].count)
			pair_push(&pair, &queues[q].items[*i]);
		if (dice == 2 && *i < queues[q].count) /* twice */
			pair_push(&pair, &queues[q].items[*i]);
		if (dice == 3 && *i + 1 < queues[q].count) /* early */
			pair_push(&pair, &queues[q].items[*i + 1]);
		++*i;
	}
	for (int k = 0; k < FL_DROP_COUNT; k++)
		totals[k] += pair.counts.drops[k].events;
	pair_end(&pair);
	for (size_t q = 0; q < QUEUES; q++)
		packets_free(&queues[q]);
}

static void test_every_size_random(void **state)
{
	uint32_t random = 4711;
	uint64_t totals[FL_DROP_COUNT] = { 0 };
	for (size_t size = SIZE_MIN; size <= SIZE_MAX_CHUNK; size++)
		for (size_t round = 0; round < (size < 100 ? 15 : 1); round++)
			random_day(*state, size, &random, totals);
	/* The days were bad enough to mean something. */
	static const enum fl_drop seen[] = { FL_DROP_RESTARTED, FL_DROP_ORPHAN, FL_DROP_REPEATED,
					     FL_DROP_CONFLICT,  FL_DROP_GAP,    FL_DROP_FILLER };
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		print_message("%s: %llu\n", fl_drop_name(seen[i]),
			      (unsigned long long)totals[seen[i]]);
		assert_true(totals[seen[i]] > 20);
	}
}

int main(void)
{
	struct model *model = calloc(1, sizeof(*model));
	if (!model)
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_every_size_in_order, model),
		cmocka_unit_test_prestate(test_each_chunk_broken, model),
		cmocka_unit_test_prestate(test_every_size_random, model),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(model);
	return failed;
}
