/* SPDX-License-Identifier: Apache-2.0 */
/* Items out of logs, base64 text, spools and multipart bodies, however the bytes are split. */
#include "support/cmocka.h"

#include <faultline/carrier.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What came out, as text: items in hex, separated by spaces. */
struct seen {
	char text[4096];
	enum fl_code answer;
};

static enum fl_code on_item(void *context, const void *bytes, size_t size, struct fl_error *err)
{
	struct seen *seen = context;
	size_t used = strlen(seen->text);
	char *out = seen->text + used;
	size_t room = sizeof(seen->text) - used;
	int n = snprintf(out, room, "%s", used ? " " : "");
	for (size_t i = 0; i < size; i++)
		n += snprintf(out + n, room - (size_t)n, "%02x", ((const uint8_t *)bytes)[i]);
	return seen->answer ? fl_fail(err, seen->answer, FL_AT_NONE, 0, "told to fail") : FL_OK;
}

/* Feed exact-size pieces: @p piece bytes at a time, the first one @p first. */
static struct fl_carrier_counts read_all(enum fl_carrier carrier, const char *boundary,
					 const char *bytes, size_t size, size_t first, size_t piece,
					 struct seen *seen)
{
	FL_AUTO(fl_carrier_reader) reader = NULL;
	struct fl_carrier_counts counts = { 0 };
	*seen = (struct seen){ 0 };
	assert_int_equal(fl_carrier_reader_open(carrier, boundary, &reader, NULL), FL_OK);
	for (size_t at = 0; at < size;) {
		size_t n = at ? piece : first;
		n = n && n < size - at ? n : size - at;
		char *exact = malloc(n);
		memcpy(exact, bytes + at, n);
		assert_int_equal(
			fl_carrier_reader_feed(reader, exact, n, on_item, seen, &counts, NULL),
			FL_OK);
		free(exact);
		at += n;
	}
	assert_int_equal(fl_carrier_reader_end(reader, on_item, seen, &counts, NULL), FL_OK);
	assert_int_equal(counts.bytes, size);
	return counts;
}

struct carrier_case {
	const char *name;
	enum fl_carrier carrier;
	const char *boundary;
	const char *bytes;
	size_t size;
	const char *items;
	uint64_t damaged, damaged_bytes, compact_logs;
};

#define S(text)        text, sizeof(text) - 1
#define X              "CAKnAsvK" /* 0802a702cbca */
#define XX             "0802a702cbca"
#define LOG(text)      FL_CARRIER_LOG, NULL, S(text)
#define TEXT(text)     FL_CARRIER_BASE64, NULL, S(text)
#define SPOOL(text)    FL_CARRIER_SPOOL, NULL, S(text)
#define PARTS(b, text) FL_CARRIER_MULTIPART, b, S(text)

static const struct carrier_case cases[] = {
	{ "one item", LOG("MC:" X ":"), XX, 0, 0, 0 },
	{ "no text", LOG(""), "", 0, 0, 0 },
	{ "text without items", LOG("boot\nMAIN: ok\nMC\nM:C:\nM"), "", 0, 0, 0 },
	{ "a prefix and a suffix", LOG("[00:01.5] <inf> mflt: MC:" X ": (8)\r\n"), XX, 0, 0, 0 },
	{ "colours", LOG("\x1b[1;32mI (12) MC:" X ":\x1b[0m\r\n\x1b[0mMC:" X ":\x1b[0m\r\n"),
	  XX " " XX, 0, 0, 0 },
	{ "several in a line", LOG("MC:" X ":MC:" X ": MC:" X ":\n"), XX " " XX " " XX, 0, 0, 0 },
	{ "padding", LOG("MC:CAKn:MC:CAI=:MC:CA==:\n"), "0802a7 0802 08", 0, 0, 0 },
	{ "padding left out", LOG("MC:CAI:\n"), "0802", 0, 0, 0 },
	{ "right after a letter", LOG("EMC:" X ":"), XX, 0, 0, 0 },
	{ "bytes that are no text", LOG("\xff\0\x80MC:" X ":\0\xffMC:" X ":"), XX " " XX, 0, 0, 0 },
	{ "M before the mark", LOG("MMC:" X ":MCMC:" X ":"), XX " " XX, 0, 0, 0 },
	{ "nothing in it", LOG("MC: 5\nMC:\n"), "", 0, 0, 0 },
	{ "empty", LOG("MC::\n"), "", 0, 0, 0 },
	{ "words", LOG("MC: nothing to send\nMC:a b:c\nrssi -71 MC:\nMC:off\nMC:"), "", 0, 0, 0 },
	{ "cut by a line end", LOG("MC:CAKn\nMC:" X ":\n"), XX, 1, 7, 0 },
	{ "cut by another line", LOG("MC:CAKn[00:01] boot\nMC:" X ":\n"), XX, 1, 7, 0 },
	{ "cut by the end", LOG("MC:" X ":\nMC:CAKn"), XX, 1, 7, 0 },
	{ "cut by the next item", LOG("MC:CAKnMC:" X ":\n"), XX, 1, 7, 0 },
	{ "cut by the next item, twice", LOG("MC:CAMC:CAKnMC:" X ":\n"), XX, 2, 5 + 7, 0 },
	{ "cut by a compact log", LOG("MC:CAKnML:ggEC:\nMC:" X ":\n"), XX, 1, 7, 1 },
	{ "ends in MC", LOG("MC:AAMC:\nMC:AAMC:MC:" X ":"), "000302 000302 " XX, 0, 0, 0 },
	{ "a length that cannot be", LOG("MC:CAKnA:\nMC:" X ":"), XX, 1, 8, 0 },
	{ "too little padding", LOG("MC:CA=:\nMC:" X ":"), XX, 1, 6, 0 },
	{ "too much padding", LOG("MC:CA===:\nMC:" X ":"), XX, 1, 7, 0 },
	{ "compact logs", LOG("ML:ggEC:\nI: ML:ggEC: MC:" X ":ML:ggEC\n"), XX, 0, 0, 2 },
	{ "other base64", LOG("MC:CAKn-svK:\nMC:CAKnA_w:\nMC:" X ":\n"), XX, 2, 7 + 8, 0 },

	{ "text: one chunk", TEXT(X), XX, 0, 0, 0 },
	{ "text: with a line end", TEXT("  " X "\r\n\r\n"), XX, 0, 0, 0 },
	{ "text: wrapped", TEXT("CAKn\r\nAsvK\r\n"), XX, 0, 0, 0 },
	{ "text: wrapped at an odd width", TEXT("CAK\nnAs\nvK\n"), XX, 0, 0, 0 },
	{ "text: lines", TEXT(X "\n" X "\n\n" X), XX " " XX " " XX, 0, 0, 0 },
	{ "text: lines with padding", TEXT("SBAAAQI=\nwAMDBAU=\nwAY=\n"),
	  "4810000102 c003030405 c006", 0, 0, 0 },
	{ "text: lines of another length", TEXT("SBAAAQID\nwAQE\nwAUFBgcI\n"),
	  "481000010203 c00404 c00505060708", 0, 0, 0 },
	{ "text: lines that go on", TEXT("SBAAAQID\nwAQEBQYH\nwAgICQoL\n"),
	  "481000010203 c00404050607 c00808090a0b", 0, 0, 0 },
	{ "text: lines with one lost", TEXT("SBAAAQID\nwAgICQoL\nwBAQERIT\n"),
	  "481000010203 c00808090a0b c01010111213", 0, 0, 0 },
	{ "text: lines of another length, one no chunk", TEXT("SBAAAQID\nOAQE\nwAUFBgcI\n"),
	  "481000010203 380404 c00505060708", 0, 0, 0 },
	{ "text: lines that go on, one no chunk", TEXT("SBAAAQID\nwAQEBQYH\nOAgICQoL\n"),
	  "481000010203 c00404050607 380808090a0b", 0, 0, 0 },
	{ "text: a sound chunk, wrapped before what could be another", TEXT("CIEBAgME\nwAUGB1K2\n"),
	  "088101020304c005060752b6", 0, 0, 0 },
	{ "text: a dump in ragged lines", TEXT("Q09SRQIA\nAAAM\nAAAAAAAA\n"),
	  "434f5245020000000c000000000000", 0, 0, 0 },
	{ "text: a bad line", TEXT(X "\nC!KnAsvK\n" X "\n"), XX " " XX, 1, 8, 0 },
	{ "text: a dump", TEXT("Q09SRQIA\nAAAMAAAA\n"),
	  "434f52450200"
	  "00000c000000",
	  0, 0, 0 },
	{ "text: nothing", TEXT("\n \n"), "", 0, 0, 0 },
	{ "text: none at all", TEXT("hello, world\n"), "", 1, 12, 0 },

	{ "spool",
	  SPOOL("CHNK\0\0\0\6\x08\x02\xa7\x02\xcb\xca"
		"CHNK\0\0\0\1\x08"),
	  XX " 08", 0, 0, 0 },
	{ "spool: empty", SPOOL(""), "", 0, 0, 0 },
	{ "spool: junk around",
	  SPOOL("\xff\xff\xff"
		"CHNK\0\0\0\2\x08\x02"
		"CHCHN"
		"CHNK\0\0\0\1\x09"
		"\xff\xff\xff\xff\xff"),
	  "0802 09", 3, 13, 0 },
	{ "spool: a length of 0", SPOOL("CHNK\0\0\0\0CHNK\0\0\0\1\x08"), "08", 1, 8, 0 },
	{ "spool: a length beyond all", SPOOL("CHNK\xff\0\0\0CHNK\0\0\0\1\x08"), "08", 1, 8, 0 },
	{ "spool: cut in a record, then good ones",
	  SPOOL("CHNK\0\0\0\x09\x08\x02"
		"CHNK\0\0\0\1\x08"
		"CHNK\0\0\0\2\x08\x02"),
	  "08 0802", 1, 10, 0 },
	{ "spool: a wrong length at the end",
	  SPOOL("CHNK\0\0\0\x63\x08\x02"
		"CHNK\0\0\0\1\x08"),
	  "08", 1, 10, 0 },
	{ "spool: cut",
	  SPOOL("CHNK\0\0\0\1\x08"
		"CHNK\0\0\0\4\x08"),
	  "08", 1, 9, 0 },
	{ "spool: cut in a header",
	  SPOOL("CHNK\0\0\0\1\x08"
		"CHNK\0"),
	  "08", 1, 5, 0 },
	{ "spool: the magic in a chunk",
	  SPOOL("CHNK\0\0\0\5\x08"
		"CHNK"
		"CHNK\0\0\0\1\x08"),
	  "0843484e4b 08", 0, 0, 0 },

	{ "parts",
	  PARTS("B", "--B\r\nContent-Type: application/octet-stream\r\nContent-Length: 2\r\n"
		     "\r\n\x08\x02\r\n--B\r\ncontent-length:1\r\n\r\n\x09\r\n--B--\r\n"),
	  "0802 09", 0, 0, 0 },
	{ "parts: boundary from the first line",
	  PARTS(NULL, "--x y\r\nContent-Length: 2\r\n\r\n\x08\x02\r\n--x y--\r\n"), "0802", 0, 0,
	  0 },
	{ "parts: the boundary in a body",
	  PARTS("B", "--B\r\nContent-Length: 9\r\n\r\n\x08\r\n--B\r\n\x09\r\n--B--\r\n"),
	  "080d0a2d2d420d0a09", 0, 0, 0 },
	{ "parts: LF only", PARTS("B", "--B\nContent-Length: 3\n\n\x08\n\x09\n--B--\n"), "080a09",
	  0, 0, 0 },
	{ "parts: no length",
	  PARTS("B", "--B\r\n\r\n\x08\r\n\x09\r\n--B\r\nX: 1\r\n\r\n\x09\r\n--B--"), "080d0a09 09",
	  0, 0, 0 },
	{ "parts: no length, LF only", PARTS("B", "--B\n\n\x08\n--B\n\n\x09\n--B--\n"), "08 09", 0,
	  0, 0 },
	{ "parts: a wrong length",
	  PARTS("B",
		"--B\r\nContent-Length: 1\r\n\r\n\x08\x02\r\n--B\r\nContent-Length: 99\r\n\r\n\x09\r\n"
		"--B--\r\n"),
	  "0802 09", 0, 0, 0 },
	{ "parts: a length that is none",
	  PARTS("B", "--B\r\nContent-Length: 2x\r\n\r\n\x08\r\n--B--\r\n"), "08", 0, 0, 0 },
	{ "parts: text around",
	  PARTS("B", "hello\r\n--Bx\r\n--B \t\r\nContent-Length: 1\r\n\r\n\x08\r\n"
		     "--B--\r\nbye\r\n"),
	  "08", 0, 0, 0 },
	{ "parts: a longer boundary in a body", PARTS("B", "--B\r\n\r\n\x08\r\n--Bx\r\n--B--\r\n"),
	  "080d0a2d2d4278", 0, 0, 0 },
	{ "parts: the boundary inside a line",
	  PARTS("B", "--B\r\n\r\n\x08--B\r\n\x09\r\n--B--\r\n"), "082d2d420d0a09", 0, 0, 0 },
	{ "parts: a length counts for its own part",
	  PARTS("B", "--B\nContent-Length: 9\n\n123456789\n--B\n\n\x08\r\n--B\r\n\n\r\n--B--"),
	  "313233343536373839 08", 1, 0, 0 },
	{ "parts: cut", PARTS("B", "--B\r\nContent-Length: 2\r\n\r\n\x08"), "", 1, 1, 0 },
	{ "parts: cut before a body", PARTS("B", "--B\r\nContent-Length: 2\r\n\r\n"), "", 1, 0, 0 },
	{ "parts: cut behind a body", PARTS("B", "--B\r\nContent-Length: 2\r\n\r\n\x08\x02"),
	  "0802", 0, 0, 0 },
	{ "parts: cut in the last delimiter",
	  PARTS("BB", "--BB\r\nContent-Length: 2\r\n\r\n\x08\x02\r\n--B"), "0802", 0, 0, 0 },
	{ "parts: cut in the headers", PARTS("B", "--B\r\nContent-Le"), "", 1, 10, 0 },
	{ "parts: no body", PARTS("B", "--B\r\n--B\r\n\r\n\x08\r\n--B--\r\n"), "08", 1, 0, 0 },
	{ "parts: an empty body", PARTS("B", "--B\r\n\r\n--B\r\n\r\n\x08\r\n--B--\r\n"), "08", 1, 0,
	  0 },
	{ "parts: two bodies in a row",
	  PARTS("B",
		"--B\r\nContent-Length: 1\r\n\r\n\x08\r\n--B--\r\n--B\r\n\r\n\x09\r\n--B--\r\n"),
	  "08 09", 0, 0, 0 },
	{ "parts: none", PARTS(NULL, "hello\nworld\n"), "", 0, 0, 0 },

	{ "chunk", FL_CARRIER_CHUNK, NULL, S("\x08\x02\xa7\x02\xcb\xca"), XX, 0, 0, 0 },
	{ "chunk: nothing", FL_CARRIER_CHUNK, NULL, S(""), "", 0, 0, 0 },
	{ "dump", FL_CARRIER_DUMP, NULL, S("CORE"), "434f5245", 0, 0, 0 },
};

static void check(const struct carrier_case *c, const char *items, size_t first, size_t piece)
{
	struct seen seen;
	struct fl_carrier_counts counts =
		read_all(c->carrier, c->boundary, c->bytes, c->size, first, piece, &seen);
	if (strcmp(seen.text, items) != 0 || counts.damaged != c->damaged ||
	    counts.damaged_bytes != c->damaged_bytes || counts.compact_logs != c->compact_logs)
		fail_msg(
			"%s (%zu, %zu): [%s] not [%s], damaged %llu/%llu, not %llu/%llu; %llu logs",
			c->name, first, piece, seen.text, items, (unsigned long long)counts.damaged,
			(unsigned long long)counts.damaged_bytes, (unsigned long long)c->damaged,
			(unsigned long long)c->damaged_bytes,
			(unsigned long long)counts.compact_logs);
	size_t digits = strlen(items);
	size_t spaces = 0;
	for (const char *p = items; *p; p++)
		spaces += *p == ' ';
	assert_int_equal(counts.items, digits ? spaces + 1 : 0);
	assert_int_equal(counts.item_bytes, (digits - spaces) / 2);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(&cases[i], cases[i].items, cases[i].size, 0);
}

/* In two pieces at every place, and a byte at a time. */
static void test_every_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t first = 1; first <= cases[i].size; first++) {
			check(&cases[i], cases[i].items, first, 0);
			check(&cases[i], cases[i].items, first, 1);
			check(&cases[i], cases[i].items, first, 3);
		}
}

/* Cut at every byte: whatever comes out came out of the whole, too, and in that order. */
static void test_every_prefix(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t size = 0; size < cases[i].size; size++) {
			struct seen seen;
			struct fl_carrier_counts counts =
				read_all(cases[i].carrier, cases[i].boundary, cases[i].bytes, size,
					 size, 0, &seen);
			assert_true(counts.damaged_bytes <= size);
		}
}

static void test_receiver_fails(void **state)
{
	(void)state;
	FL_AUTO(fl_carrier_reader) reader = NULL;
	struct fl_carrier_counts counts = { 0 };
	struct seen seen = { .answer = FL_EIO };
	struct fl_error err = { 0 };
	assert_int_equal(fl_carrier_reader_open(FL_CARRIER_LOG, NULL, &reader, NULL), FL_OK);
	assert_int_equal(fl_carrier_reader_feed(reader, S("MC:" X ": MC:" X ":"), on_item, &seen,
						&counts, &err),
			 FL_EIO);
	assert_string_equal(err.message, "told to fail");
	assert_int_equal(counts.items, 1);
}

static void test_open_refuses(void **state)
{
	(void)state;
	static const enum fl_carrier none[] = { FL_CARRIER_UNKNOWN,    FL_CARRIER_JSON,
						FL_CARRIER_SSE,        FL_CARRIER_ELF,
						FL_CARRIER_OTHER_DUMP, FL_CARRIER_COUNT };
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		struct fl_carrier_reader *reader = NULL;
		struct fl_error err = { 0 };
		assert_int_equal(fl_carrier_reader_open(none[i], NULL, &reader, &err), FL_EINVALID);
		assert_null(reader);
		assert_true(err.message[0]);
	}
}

static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < FL_CARRIER_COUNT; i++) {
		enum fl_carrier found = FL_CARRIER_COUNT;
		assert_true(fl_carrier_parse(fl_carrier_name((enum fl_carrier)i), &found));
		assert_int_equal(found, i);
	}
	enum fl_carrier untouched = FL_CARRIER_SPOOL;
	assert_false(fl_carrier_parse("Log", &untouched));
	assert_int_equal(untouched, FL_CARRIER_SPOOL);
	assert_string_equal(fl_carrier_name(FL_CARRIER_COUNT), "unknown");
}

static enum fl_code count_item(void *context, const void *bytes, size_t size, struct fl_error *err)
{
	(void)bytes;
	(void)err;
	*(uint64_t *)context += size;
	return FL_OK;
}

/* 100 MiB without a line end or the end of an item; then an item. */
static void overlong(enum fl_carrier carrier, const char *start, const char *end, uint64_t items)
{
	enum { PIECE = 1 << 20, PIECES = 100 };
	FL_AUTO(fl_carrier_reader) reader = NULL;
	struct fl_carrier_counts counts = { 0 };
	uint64_t bytes = 0;
	char *piece = malloc(PIECE);
	memset(piece, 'A', PIECE);
	assert_int_equal(fl_carrier_reader_open(carrier, "B", &reader, NULL), FL_OK);
	assert_int_equal(fl_carrier_reader_feed(reader, start, strlen(start), count_item, &bytes,
						&counts, NULL),
			 FL_OK);
	for (int i = 0; i < PIECES; i++)
		assert_int_equal(fl_carrier_reader_feed(reader, piece, PIECE, count_item, &bytes,
							&counts, NULL),
				 FL_OK);
	assert_int_equal(
		fl_carrier_reader_feed(reader, end, strlen(end), count_item, &bytes, &counts, NULL),
		FL_OK);
	assert_int_equal(fl_carrier_reader_end(reader, count_item, &bytes, &counts, NULL), FL_OK);
	assert_int_equal(counts.damaged, 1);
	assert_int_equal(counts.items, items);
	assert_int_equal(bytes, items * 6);
	free(piece);
}

static void test_overlong(void **state)
{
	(void)state;
	overlong(FL_CARRIER_LOG, "MC:", "\nMC:" X ":\n", 1);
	overlong(FL_CARRIER_LOG, "MC:", "MC:" X ":\n", 1);
	overlong(FL_CARRIER_BASE64, X "\n" X "\n", "\n" X "\n", 3);
	overlong(FL_CARRIER_MULTIPART, "--B\r\n\r\n", "\r\n--B\r\n\r\n123456\r\n--B--\r\n", 1);
	overlong(FL_CARRIER_CHUNK, "", "", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),        cmocka_unit_test(test_every_split),
		cmocka_unit_test(test_every_prefix), cmocka_unit_test(test_receiver_fails),
		cmocka_unit_test(test_open_refuses), cmocka_unit_test(test_names),
		cmocka_unit_test(test_overlong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
