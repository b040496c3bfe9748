/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks to messages: worked examples and one case per rule of docs/formats.md, "Chunks". */
#include "base/hash.h"
#include "support/cmocka.h"
#include "support/packetizer.h"

#include <faultline/transport.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t from_hex(const char *hex, uint8_t *out)
{
	size_t size = 0;
	for (; *hex; hex++) {
		unsigned byte;
		if (*hex == ' ')
			continue;
		assert_int_equal(sscanf(hex++, "%2x", &byte), 1);
		out[size++] = (uint8_t)byte;
	}
	return size;
}

/* Messages that came out, as text: "0:02a7 1:03!" is channel:hex, "!" when it is not intact. */
struct seen {
	char text[4096];
	size_t count;
	enum fl_code answer;
};

static enum fl_code
on_message(void *context, const struct fl_stream_message *message, struct fl_error *err)
{
	struct seen *seen = context;
	size_t used = strlen(seen->text);
	char *out = seen->text + used;
	size_t room = sizeof(seen->text) - used;
	int n = snprintf(out, room, "%s%u:", used ? " " : "", message->channel);
	for (size_t i = 0; i < message->size; i++)
		n += snprintf(out + n, room - (size_t)n, "%02x", message->bytes[i]);
	snprintf(out + n, room - (size_t)n, "%s", message->intact ? "" : "!");
	seen->count++;
	return seen->answer ? fl_fail(err, seen->answer, FL_AT_NONE, 0, "told to fail") : FL_OK;
}

static void check_balance(const struct fl_transport_counts *counts, size_t pending)
{
	uint64_t sum = counts->overhead + counts->message_bytes + pending;
	for (size_t i = 0; i < FL_DROP_COUNT; i++)
		sum += counts->drops[i].bytes;
	assert_int_equal(counts->bytes, sum);
}

static void push_hex(struct fl_stream *stream, const char *hex, struct seen *seen,
		     struct fl_transport_counts *counts)
{
	uint8_t bytes[512];
	size_t size = from_hex(hex, bytes);
	uint8_t *exact = malloc(size ? size : 1);
	memcpy(exact, bytes, size);
	assert_int_equal(fl_stream_push(stream, exact, size, on_message, seen, counts, NULL),
			 FL_OK);
	free(exact);
	check_balance(counts, fl_stream_pending(stream, NULL));
}

/* A sequence of chunks separated by commas, and everything that becomes of it. */
struct rule {
	const char *name, *chunks, *messages;
	const char *drops; /* "gap 1/12": events/bytes, separated by commas */
	size_t pending;
};

static void drops_text(const struct fl_transport_counts *counts, char *out, size_t room)
{
	size_t used = 0;
	out[0] = '\0';
	for (int i = 0; i < FL_DROP_COUNT; i++)
		if (counts->drops[i].events || counts->drops[i].bytes)
			used += (size_t)snprintf(out + used, room - used, "%s%s %llu/%llu",
						 used ? ", " : "", fl_drop_name((enum fl_drop)i),
						 (unsigned long long)counts->drops[i].events,
						 (unsigned long long)counts->drops[i].bytes);
}

#define A       "481000010203040506070809"
#define B       "800a0a0b0c0d0e0f3d51"
#define C       "481300112233445566778899"
#define D       "c00aaabbccddeeff102030"
#define E       "8013b0da"
#define MSG_AB  "0:000102030405060708090a0b0c0d0e0f"
#define MSG_CDE "0:00112233445566778899aabbccddeeff102030"

static const struct rule rules[] = {
	{ "whole message", "0802a702cbca", "0:02a702", "", 0 },
	{ "two chunks", A "," B, MSG_AB, "", 0 },
	{ "a last chunk with only the CRC", C "," D "," E, MSG_CDE, "", 0 },
	{ "the spare byte of a middle chunk", C "," D "ba," E, MSG_CDE, "filler 1/1", 0 },
	{ "filler behind the CRC", A "," B "babababa", MSG_AB, "filler 1/4", 0 },
	{ "filler behind a CRC alone", C "," D "," E "ba", MSG_CDE, "filler 1/1", 0 },
	{ "all data in the first chunk", "480302a702,8003cbca", "0:02a702", "", 0 },
	{ "old: whole", "00cbca02a702", "0:02a702", "", 0 },
	{ "old: parts", "4003cbca02,8001a702", "0:02a702", "", 0 },
	{ "old: parts with filler", "4003cbca02,8001a702baba", "0:02a702", "filler 1/2", 0 },
	{ "other channels", "0d02a702cbca", "5:02a702", "", 0 },
	{ "channels apart", "490302,480302,8101a702cbca,8001a702cbca", "1:02a702 0:02a702", "", 0 },
	{ "an empty middle chunk", "480302,c001,8001a702cbca", "0:02a702", "", 0 },
	{ "a first chunk without data", "4803,800002a702cbca", "0:02a702", "", 0 },

	{ "a beginning while pending", A "," C "," D "," E, MSG_CDE, "restarted 1/10", 0 },
	{ "a whole message while pending", A ",0802a702cbca", "0:02a702", "restarted 1/10", 0 },
	{ "the whole message again from its beginning", C "," D "," C "," D "," E, MSG_CDE,
	  "restarted 1/19", 0 },
	{ "the first chunk twice", A "," A "," B, MSG_AB, "repeated 1/12", 0 },
	{ "another first chunk of that length", A ",4810ff010203040506070809", "", "restarted 1/10",
	  10 },
	{ "a continuation of nothing", B, "", "orphan 1/10", 0 },
	{ "the last chunk twice", A "," B "," B, MSG_AB, "orphan 1/10", 0 },
	{ "a middle chunk twice", C "," D "," D "," E, MSG_CDE, "repeated 1/11", 0 },
	{ "part of what was received", C ",c001112233," D "," E, MSG_CDE, "repeated 1/5", 0 },
	{ "other bytes for what was received", C ",c001112234," D "," E, "",
	  "orphan 2/15, conflict 1/15", 0 },
	{ "overlapping what was received and more", C ",c00999aa," D "," E, "",
	  "orphan 2/15, conflict 1/14", 0 },
	/* What an earlier message left behind was not received. */
	{ "overlapping what was received before a restart", C "," D "," C ",c00999aa", "",
	  "restarted 1/19, conflict 1/14", 0 },
	{ "a gap", C "," E, "", "gap 1/14", 0 },
	{ "a gap, then the rest", C ",c00baa," E, "", "orphan 1/4, gap 1/13", 0 },
	{ "an offset beyond the end", C ",c014aa", "", "gap 1/13", 0 },
	{ "an end without all data", C ",800aaabb", "", "short 1/14", 0 },
	{ "an end without its CRC", A ",800a0a0b0c0d0e0f", "", "short 1/18", 0 },
	{ "an end with half a CRC", A ",800a0a0b0c0d0e0f3d", "", "short 1/19", 0 },
	{ "old: an end without all data", "4003cbca02,8001a7", "", "short 1/4", 0 },
	{ "a damaged whole message", "0802a703cbca", "0:02a703!", "crc 1/3", 0 },
	{ "a damaged message", A ",800a0a0b0c0d0e0e3d51", "0:000102030405060708090a0b0c0d0e0e!",
	  "crc 1/16", 0 },
	{ "old: a damaged message", "4003cbcb02,8001a702", "0:02a702!", "crc 1/3", 0 },
	{ "incomplete", A, "", "", 10 },

	{ "nothing", "", "", "malformed 1/0", 0 },
	{ "a header alone", "08", "", "malformed 1/1", 0 },
	{ "half a CRC", "0802cb", "", "malformed 1/3", 0 },
	{ "an empty message", "080000", "", "malformed 1/3", 0 },
	{ "old: an empty message", "000000", "", "malformed 1/3", 0 },
	{ "a length of 0", "4800aa", "", "malformed 1/3", 0 },
	{ "a cut length", "48ff", "", "malformed 1/2", 0 },
	{ "a length of 33 bits", "48ffffffff1f00", "", "malformed 1/7", 0 },
	{ "a cut offset", "c080", "", "malformed 1/2", 0 },
	{ "reserved bits, first", "1802a702cbca", "", "malformed 1/6", 0 },
	{ "reserved bits, continuation", "880a0a", "", "malformed 1/3", 0 },
	{ "a bad chunk leaves what is pending", A ",880a0a," B, MSG_AB, "malformed 1/3", 0 },
	{ "a length that is too long", "4881808020aabb,c002cc", "", "orphan 1/3, too_long 1/7", 0 },
	{ "the longest length", "4880808020aabb", "", "", 2 },
	{ "too long while pending", A ",4881808020aabb", "", "restarted 1/10, too_long 1/7", 0 },
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		FL_AUTO(fl_stream) stream = NULL;
		struct fl_transport_counts counts = { 0 };
		struct seen seen = { 0 };
		char text[512], chunks[512];
		print_message("%s\n", rules[i].name);
		assert_int_equal(fl_stream_open(0, &stream, NULL), FL_OK);
		snprintf(chunks, sizeof(chunks), "%s", rules[i].chunks);
		size_t pushed = 0;
		for (char *rest = chunks, *one; (one = strsep(&rest, ",")); pushed++)
			push_hex(stream, one, &seen, &counts);
		drops_text(&counts, text, sizeof(text));
		assert_string_equal(seen.text, rules[i].messages);
		assert_string_equal(text, rules[i].drops);
		assert_int_equal(fl_stream_pending(stream, NULL), rules[i].pending);
		assert_int_equal(counts.chunks, pushed);
		assert_int_equal(counts.messages, seen.count - counts.drops[FL_DROP_CRC].events);
	}
}

static void test_message_limit(void **state)
{
	(void)state;
	FL_AUTO(fl_stream) stream = NULL;
	struct fl_transport_counts counts = { 0 };
	struct seen seen = { 0 };
	assert_int_equal(fl_stream_open(3, &stream, NULL), FL_OK);
	push_hex(stream, "0802a702cbca", &seen, &counts);
	push_hex(stream, "0802a70200cbca", &seen, &counts);
	push_hex(stream, "480402", &seen, &counts);
	assert_string_equal(seen.text, "0:02a702");
	assert_int_equal(counts.drops[FL_DROP_TOO_LONG].events, 2);
	assert_int_equal(counts.drops[FL_DROP_TOO_LONG].bytes, 10);
}

static void test_drop_and_pending(void **state)
{
	(void)state;
	FL_AUTO(fl_stream) stream = NULL;
	struct fl_transport_counts counts = { 0 };
	struct seen seen = { 0 };
	uint64_t expected;
	assert_int_equal(fl_stream_open(0, &stream, NULL), FL_OK);
	assert_int_equal(fl_stream_pending(stream, &expected), 0);
	assert_int_equal(expected, 0);
	fl_stream_drop(stream, FL_DROP_EXPIRED, &counts);
	assert_int_equal(counts.drops[FL_DROP_EXPIRED].events, 0);
	push_hex(stream, A, &seen, &counts);
	push_hex(stream, "4b140001", &seen, &counts);
	assert_int_equal(fl_stream_pending(stream, &expected), 12);
	assert_int_equal(expected, 36);
	fl_stream_drop(stream, FL_DROP_EXPIRED, &counts);
	assert_int_equal(counts.drops[FL_DROP_EXPIRED].events, 2);
	assert_int_equal(counts.drops[FL_DROP_EXPIRED].bytes, 12);
	assert_int_equal(fl_stream_pending(stream, NULL), 0);
	check_balance(&counts, 0);
	push_hex(stream, B, &seen, &counts);
	assert_int_equal(counts.drops[FL_DROP_ORPHAN].events, 1);
}

/* The receiver may refuse: the push ends with its code, the chunk is counted all the same. */
static void test_receiver_fails(void **state)
{
	(void)state;
	FL_AUTO(fl_stream) stream = NULL;
	struct fl_transport_counts counts = { 0 };
	struct seen seen = { .answer = FL_EIO };
	struct fl_error err = { 0 };
	assert_int_equal(fl_stream_open(0, &stream, NULL), FL_OK);
	push_hex(stream, A, &seen, &counts);
	uint8_t bytes[64];
	size_t size = from_hex(B, bytes);
	assert_int_equal(fl_stream_push(stream, bytes, size, on_message, &seen, &counts, &err),
			 FL_EIO);
	assert_string_equal(err.message, "told to fail");
	assert_string_equal(seen.text, MSG_AB);
	assert_int_equal(counts.messages, 1);
	check_balance(&counts, 0);
	seen.answer = FL_OK;
	push_hex(stream, "0802a702cbca", &seen, &counts);
	assert_string_equal(seen.text, MSG_AB " 0:02a702");
}

/* Every prefix of every chunk of the rules: balanced, and no byte is read behind the end. */
static void test_every_prefix(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		char chunks[512];
		snprintf(chunks, sizeof(chunks), "%s", rules[i].chunks);
		for (size_t cut = 0; cut < 24; cut++) {
			FL_AUTO(fl_stream) stream = NULL;
			struct fl_transport_counts counts = { 0 };
			struct seen seen = { 0 };
			assert_int_equal(fl_stream_open(0, &stream, NULL), FL_OK);
			char copy[512];
			snprintf(copy, sizeof(copy), "%s", chunks);
			for (char *rest = copy, *one; (one = strsep(&rest, ","));) {
				if (strlen(one) > 2 * cut)
					one[2 * cut] = '\0';
				push_hex(stream, one, &seen, &counts);
			}
		}
	}
}

/* The chunks of reboot and trace events as devices send them: formats.md, "Events". */
static void test_event_chunks(void **state)
{
#define IDENTITY "0301 0a63617070 0965312e322e33 06626576 0b46a0a1a2a3a4a5 "
	static const char *const chunks[] = {
		"0802 a7 0202 " IDENTITY "04 a3 010a 0404 0500 39f8",
		"0802 a8 0202 " IDENTITY
		"011a6553f100 04 a4 01198001 021a08000310 031a08000201 0501 9332",
		"0802 a7 0202 " IDENTITY "04 a4 0601 021a08001234 031a08000101 0722 5aea",
		"0803 a8 0206 " IDENTITY "011a6553f100 04 86 1a6553f100 01 626869 00 03 63626164 "
		"9a1d",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		FL_AUTO(fl_stream) stream = NULL;
		struct fl_transport_counts counts = { 0 };
		struct seen seen = { 0 };
		assert_int_equal(fl_stream_open(0, &stream, NULL), FL_OK);
		push_hex(stream, chunks[i], &seen, &counts);
		print_message("%zu: %s\n", i, seen.text);
		assert_int_equal(counts.messages, 1);
		assert_int_equal(counts.overhead, 3);
	}
}

/* --- saved state --- */

static void test_save_and_restore(void **state)
{
	(void)state;
	FL_AUTO(fl_stream) stream = NULL;
	struct fl_transport_counts counts = { 0 };
	struct seen seen = { 0 };
	assert_int_equal(fl_stream_open(0, &stream, NULL), FL_OK);
	FL_AUTO_BUFFER empty = { 0 };
	assert_int_equal(fl_stream_save(stream, &empty, NULL), FL_OK);
	assert_int_equal(empty.size, 0);
	push_hex(stream, A, &seen, &counts);
	push_hex(stream, "4203cbca02", &seen, &counts); /* channel 2, CRC at the front */
	push_hex(stream, "4f05", &seen, &counts);       /* channel 7, nothing yet */

	FL_AUTO_BUFFER saved = { 0 };
	assert_int_equal(fl_stream_save(stream, &saved, NULL), FL_OK);
	FL_AUTO(fl_stream) other = NULL;
	uint64_t expected;
	assert_int_equal(fl_stream_restore(saved.data, saved.size, 0, &other, NULL), FL_OK);
	assert_int_equal(fl_stream_pending(other, &expected), 11);
	assert_int_equal(expected, 16 + 3 + 5);
	FL_AUTO_BUFFER again = { 0 };
	assert_int_equal(fl_stream_save(other, &again, NULL), FL_OK);
	assert_int_equal(again.size, saved.size);
	assert_memory_equal(again.data, saved.data, saved.size);

	push_hex(stream, "8201a702", &seen, &counts);
	struct seen later = { 0 };
	struct fl_transport_counts rest = { .bytes = 0, .overhead = 0 };
	uint8_t last[32];
	size_t size = from_hex(B, last);
	assert_int_equal(fl_stream_push(other, last, size, on_message, &later, &rest, NULL), FL_OK);
	size = from_hex("8201a702", last);
	assert_int_equal(fl_stream_push(other, last, size, on_message, &later, &rest, NULL), FL_OK);
	assert_string_equal(later.text, MSG_AB " 2:02a702");
	assert_int_equal(rest.messages, 2);
	assert_int_equal(rest.message_bytes, 19);
}

/* Cut anywhere, any byte changed: refused; never read behind the end. */
static void test_restore_refuses(void **state)
{
	(void)state;
	FL_AUTO(fl_stream) stream = NULL;
	FL_AUTO(fl_stream) none = NULL;
	struct fl_transport_counts counts = { 0 };
	struct seen seen = { 0 };
	struct fl_error err = { 0 };
	assert_int_equal(fl_stream_restore("", 0, 0, &stream, NULL), FL_OK);
	push_hex(stream, A, &seen, &counts);
	push_hex(stream, "4203cbca02", &seen, &counts);
	FL_AUTO_BUFFER saved = { 0 };
	assert_int_equal(fl_stream_save(stream, &saved, NULL), FL_OK);
	for (size_t size = 1; size <= saved.size + 1; size++) {
		uint8_t *bytes = calloc(1, size);
		memcpy(bytes, saved.data, size < saved.size ? size : saved.size);
		if (size != saved.size)
			assert_int_equal(fl_stream_restore(bytes, size, 0, &none, &err),
					 FL_EFORMAT);
		free(bytes);
	}
	for (size_t i = 0; i < saved.size; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			saved.data[i] ^= (uint8_t)(1u << bit);
			enum fl_code code =
				fl_stream_restore(saved.data, saved.size, 0, &none, &err);
			assert_int_equal(code, i == 4 && bit ? FL_EUNSUPPORTED : FL_EFORMAT);
			saved.data[i] ^= (uint8_t)(1u << bit);
		}
	}
	assert_null(none);
	assert_non_null(strstr(err.message, "damaged"));
}

/* Sound as a whole, wrong in one field. */
static void test_restore_checks_fields(void **state)
{
	static const struct {
		const char *name;
		size_t at; /* the header has 6 bytes; then channel, old, crc, total, have */
		uint8_t value;
	} cases[] = {
		{ "no version", 4, 0 },           { "no channels", 5, 0 },
		{ "a channel less", 5, 1 },       { "a channel more", 5, 3 },
		{ "a 9th channel", 6, 8 },        { "channels that descend", 6, 2 },
		{ "neither old nor new", 7, 2 },  { "more than all", 10, 9 },
		{ "a length of 0", 10, 0 },       { "less than there is", 14, 9 },
		{ "more than there is", 14, 11 },
	};
	(void)state;
	FL_AUTO(fl_stream) stream = NULL;
	FL_AUTO(fl_stream) none = NULL;
	struct fl_transport_counts counts = { 0 };
	struct seen seen = { 0 };
	assert_int_equal(fl_stream_open(0, &stream, NULL), FL_OK);
	push_hex(stream, A, &seen, &counts);
	push_hex(stream, "4203cbca02", &seen, &counts);
	FL_AUTO_BUFFER saved = { 0 };
	assert_int_equal(fl_stream_save(stream, &saved, NULL), FL_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *bytes = malloc(saved.size);
		memcpy(bytes, saved.data, saved.size);
		bytes[cases[i].at] = cases[i].value;
		uint64_t hash = fl_hash64(bytes, saved.size - 8);
		for (size_t k = 0; k < 8; k++)
			bytes[saved.size - 8 + k] = (uint8_t)(hash >> 8 * k);
		print_message("%s\n", cases[i].name);
		assert_int_equal(fl_stream_restore(bytes, saved.size, 0, &none, NULL), FL_EFORMAT);
		free(bytes);
	}
}

static void test_drop_names(void **state)
{
	(void)state;
	for (int i = 0; i < FL_DROP_COUNT; i++) {
		assert_true(strlen(fl_drop_name((enum fl_drop)i)) >= 3);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(fl_drop_name((enum fl_drop)i),
						fl_drop_name((enum fl_drop)k));
	}
	assert_string_equal(fl_drop_name(FL_DROP_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_message_limit),
		cmocka_unit_test(test_drop_and_pending),
		cmocka_unit_test(test_receiver_fails),
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_event_chunks),
		cmocka_unit_test(test_save_and_restore),
		cmocka_unit_test(test_restore_refuses),
		cmocka_unit_test(test_restore_checks_fields),
		cmocka_unit_test(test_drop_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
