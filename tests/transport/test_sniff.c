/* SPDX-License-Identifier: Apache-2.0 */
/* What an unknown blob is (docs/formats.md, "Carriers"). */
#include "support/cmocka.h"

#include <faultline/carrier.h>

#include <stdlib.h>
#include <string.h>

#define S(text) text, sizeof(text) - 1

static const struct {
	const char *name, *bytes;
	size_t size;
	enum fl_carrier carrier;
} cases[] = {
	{ "nothing", S(""), FL_CARRIER_UNKNOWN },
	{ "a dump", S("CORE\2\0\0\0\0\1\0\0"), FL_CARRIER_DUMP },
	{ "a spool", S("CHNK\0\0\0\1\x08"), FL_CARRIER_SPOOL },
	{ "a whole message", S("\x08\x02\xa7\x02\xcb\xca"), FL_CARRIER_CHUNK },
	{ "a whole message, damaged", S("\x08\x02\xa7\x03\xcb\xca"), FL_CARRIER_UNKNOWN },
	{ "a first chunk", S("\x48\x10\0\1\2\3\4\5\6\7\x08\x09"), FL_CARRIER_CHUNK },
	{ "a first chunk of a dump", S("\x48\x80\x10\x81\x09"), FL_CARRIER_CHUNK },
	{ "more than its length", S("\x48\x03\x81\1\2\3\4\5"), FL_CARRIER_UNKNOWN },
	{ "a middle chunk", S("\xc0\x0a\xaa\xbb"), FL_CARRIER_CHUNK },
	{ "a last chunk", S("\x80\x13\xb0\xda"), FL_CARRIER_CHUNK },
	{ "a whole message, old", S("\x00\xcb\xca\x02\xa7\x02"), FL_CARRIER_CHUNK },
	{ "zeros", S("\0\0\0\0\0\0\0\0"), FL_CARRIER_UNKNOWN },
	{ "erased flash", S("\xff\xff\xff\xff\xff\xff"), FL_CARRIER_UNKNOWN },
	{ "a log", S("[0001] boot\r\n[0002] MC:CAKnAsvK:\r\n"), FL_CARRIER_LOG },
	{ "a log that begins like a chunk", S("HAL init\nMC:CAKnAsvK:\n"), FL_CARRIER_LOG },
	{ "a log with noise", S("\xfe\0\1MC:CAKnAsvK:\n"), FL_CARRIER_LOG },
	{ "a log behind dashes", S("--- serial ---\nMC:CAKnAsvK:\n"), FL_CARRIER_LOG },
	{ "text", S("Hello: world, MC: none\n"), FL_CARRIER_UNKNOWN },
	{ "base64 of a chunk", S("CAKnAsvK"), FL_CARRIER_BASE64 },
	{ "base64 of a chunk, wrapped", S(" CAKn\r\nAsvK\r\n"), FL_CARRIER_BASE64 },
	{ "base64 of a dump", S("Q09SRQIAAAAMAAAA\n"), FL_CARRIER_BASE64 },
	{ "base64, a chunk per line", S("SBAAAQIDBAUGBwgJ\ngAoKCwwNDg89UQ==\n"),
	  FL_CARRIER_BASE64 },
	{ "base64 of a log", S("TUM6Q0FLbkFzdks6\n"), FL_CARRIER_UNKNOWN },
	{ "one word", S("hello\n"), FL_CARRIER_UNKNOWN },
	{ "an object", S("{\"data\":\"CAKnAsvK\"}\n"), FL_CARRIER_JSON },
	{ "an array", S("\xef\xbb\xbf [\n {\"data\":1}]"), FL_CARRIER_JSON },
	{ "no array", S("[00:01] boot\n"), FL_CARRIER_UNKNOWN },
	{ "server-sent events", S(":ok\n\nevent: memfault-chunks\ndata: {}\n\n"), FL_CARRIER_SSE },
	{ "server-sent data", S("data: {}\n\n"), FL_CARRIER_SSE },
	{ "parts", S("--B\r\nContent-Length: 1\r\n\r\n\x08\r\n--B--\r\n"), FL_CARRIER_MULTIPART },
	{ "parts without headers", S("--B\n\n\x08\n--B--\n"), FL_CARRIER_MULTIPART },
	{ "an ELF file", S("\177ELF\1\1\1"), FL_CARRIER_ELF },
	{ "Zephyr", S("ZE\2\0\3\0\5\0\3\0\0\0"), FL_CARRIER_OTHER_DUMP },
	{ "a word with ZE", S("ZEBRA stripes"), FL_CARRIER_UNKNOWN },
	{ "Zephyr's log", S("E: #CD:BEGIN#\nE: #CD:5a4502\nE: #CD:END#\n"), FL_CARRIER_OTHER_DUMP },
	{ "Zephyr's partition", S("CD\1\0\x64\0\0\0\0\0"), FL_CARRIER_OTHER_DUMP },
	{ "CrashCatcher", S("cC\3\0\1\0\0\0"), FL_CARRIER_OTHER_DUMP },
	{ "CrashCatcher's text", S("63430300\r\n01000000"), FL_CARRIER_OTHER_DUMP },
	{ "minidump", S("MDMP\x93\xa7\0\0"), FL_CARRIER_OTHER_DUMP },
	{ "Mynewt", S("\xc3\x47\x0c\x69\0\0\0\0"), FL_CARRIER_OTHER_DUMP },
};

static enum fl_carrier sniff(const char *bytes, size_t size, uint64_t whole)
{
	char *exact = malloc(size ? size : 1);
	if (size)
		memcpy(exact, bytes, size);
	enum fl_carrier found = fl_carrier_sniff(exact, size, whole);
	free(exact);
	return found;
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("%s\n", cases[i].name);
		assert_string_equal(
			fl_carrier_name(sniff(cases[i].bytes, cases[i].size, cases[i].size)),
			fl_carrier_name(cases[i].carrier));
		/* Under 64 KiB the bytes are all there is, known or not. */
		assert_int_equal(sniff(cases[i].bytes, cases[i].size, UINT64_MAX),
				 cases[i].carrier);
	}
}

static void test_every_prefix(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t size = 0; size < cases[i].size; size++) {
			assert_in_range(sniff(cases[i].bytes, size, size), 0, FL_CARRIER_COUNT - 1);
			assert_in_range(sniff(cases[i].bytes, size, UINT64_MAX), 0,
					FL_CARRIER_COUNT - 1);
			assert_in_range(sniff(cases[i].bytes, size, size + 1), 0,
					FL_CARRIER_COUNT - 1);
		}
}

/* Of something large only the beginning is shown. */
static void test_heads(void **state)
{
	enum { HEAD = 65536 };
	(void)state;
	char *head = malloc(HEAD);
	for (size_t i = 0; i < HEAD; i++)
		head[i] = "boot step 12\n"[i % 13];
	/* The first item may still come. */
	assert_int_equal(sniff(head, HEAD, 1 << 30), FL_CARRIER_LOG);
	assert_int_equal(sniff(head, HEAD, UINT64_MAX), FL_CARRIER_LOG);
	assert_int_equal(sniff(head, HEAD, HEAD), FL_CARRIER_UNKNOWN);

	memset(head, 'A', HEAD);
	memcpy(head, "Q09SRQIA", 8);
	assert_int_equal(sniff(head, HEAD, UINT64_MAX), FL_CARRIER_BASE64);
	head[HEAD - 1] = '\n';
	assert_int_equal(sniff(head, HEAD, UINT64_MAX), FL_CARRIER_BASE64);

	/* The CRC of a large message in one chunk is out of sight: its type speaks. */
	memset(head, 0, HEAD);
	memcpy(head, "\x08\x81", 2);
	assert_int_equal(sniff(head, HEAD, 100000), FL_CARRIER_CHUNK);
	assert_int_equal(sniff(head, HEAD, HEAD), FL_CARRIER_UNKNOWN);
	memcpy(head, "\x48\xc0\x9a\x0c\x81", 5);
	assert_int_equal(sniff(head, HEAD, 100000), FL_CARRIER_CHUNK);
	assert_int_equal(sniff(head, HEAD, 300000), FL_CARRIER_UNKNOWN);
	free(head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_heads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
