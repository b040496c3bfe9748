/* SPDX-License-Identifier: Apache-2.0 */
/* The codes of the wire: CRC, varint, run-length, base64. */
#include "support/cmocka.h"
#include "support/packetizer.h"
#include "transport/base64.h"
#include "transport/crc16.h"
#include "transport/rle.h"
#include "transport/varint.h"

#include <faultline/carrier.h>

#include <stdlib.h>
#include <string.h>

static uint8_t *heap_copy(const void *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	assert_non_null(copy);
	if (size)
		memcpy(copy, bytes, size);
	return copy;
}

static void test_crc(void **state)
{
	(void)state;
	/* The check value of CRC-16/XMODEM. */
	assert_int_equal(fl_crc16("123456789", 9), 0x31c3);
	assert_int_equal(fl_crc16("", 0), 0);
	uint8_t bytes[256];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37 + 11);
	for (size_t size = 0; size <= sizeof(bytes); size++)
		assert_int_equal(fl_crc16(bytes, size), packet_crc(bytes, size));
}

static void test_varint(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		bool good;
		uint32_t value;
	} cases[] = {
		{ "\x00", 1, true, 0 },
		{ "\x7f", 1, true, 127 },
		{ "\x80\x01", 2, true, 128 },
		{ "\xff\xff\xff\xff\x0f", 5, true, UINT32_MAX },
		{ "\xff\xff\xff\xff\x1f", 5, false, 0 },     /* 33 bits */
		{ "\x80\x80\x80\x80\x80\x00", 6, false, 0 }, /* 6 bytes */
		{ "\x80\x80\x00", 3, true, 0 },
		{ "\x80", 1, false, 0 },
		{ "", 0, false, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *bytes = heap_copy(cases[i].bytes, cases[i].size);
		struct fl_reader r = fl_reader("test", bytes, cases[i].size, 0);
		uint32_t value = fl_read_varint(&r);
		assert_int_equal(fl_reader_status(&r, NULL), cases[i].good ? FL_OK : FL_EFORMAT);
		assert_int_equal(value, cases[i].value);
		free(bytes);
	}
}

#define S(text) text, sizeof(text) - 1

static void test_rle_examples(void **state)
{
	static const struct {
		const char *coded;
		size_t coded_size;
		const char *plain;
		size_t plain_size;
	} cases[] = {
		{ S("\x07\x01\x02\x02\x03"), S("\x01\x02\x02\x03") },
		{ S("\x01\x01\x06\x02\x01\x03"), S("\x01\x02\x02\x02\x03") },
		{ S("\x10\x00\x05\x01\x02\x03\x08\xff"),
		  S("\0\0\0\0\0\0\0\0\x01\x02\x03\xff\xff\xff\xff") },
		{ S(""), S("") },
		{ S("\x00\x01\x41"), S("A") }, /* a count of 0 does nothing */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		FL_AUTO_BUFFER out = { 0 };
		assert_int_equal(
			fl_rle_decode(cases[i].coded, cases[i].coded_size, 100, &out, NULL), FL_OK);
		assert_int_equal(out.size, cases[i].plain_size);
		assert_memory_equal(out.data, cases[i].plain, out.size);
	}
}

static void test_rle_round_trip(void **state)
{
	(void)state;
	uint32_t random = 1;
	for (size_t round = 0; round < 400; round++) {
		uint8_t plain[600];
		uint8_t coded[2 * sizeof(plain) + 10];
		size_t size = round * 3 / 2;
		for (size_t i = 0; i < size; i++) {
			random = random * 1664525 + 1013904223;
			bool repeat = i && (random >> 24) % 8 < round % 8;
			plain[i] = repeat ? plain[i - 1] : (uint8_t)(random >> 16);
		}
		size_t coded_size = packet_rle(plain, size, coded);
		FL_AUTO_BUFFER out = { 0 };
		assert_int_equal(fl_rle_decode(coded, coded_size, size, &out, NULL), FL_OK);
		assert_int_equal(out.size, size);
		assert_memory_equal(out.data, plain, size);
	}
}

/* What came before the damage is kept, whole runs only. */
static void test_rle_cut_and_too_long(void **state)
{
	static const uint8_t coded[] = { 0x10, 0x00, 0x05, 1, 2, 3, 0x08, 0xff };
	static const size_t kept[] = { 0, 0, 8, 8, 8, 8, 11, 11, 15 };
	static const size_t at[] = { 0, 0, 0, 2, 2, 2, 0, 6, 0 };
	(void)state;
	for (size_t size = 0; size <= sizeof(coded); size++) {
		uint8_t *bytes = heap_copy(coded, size);
		FL_AUTO_BUFFER out = { 0 };
		struct fl_error err = { 0 };
		bool whole = size == 0 || size == 2 || size == 6 || size == 8;
		assert_int_equal(fl_rle_decode(bytes, size, 100, &out, &err),
				 whole ? FL_OK : FL_EFORMAT);
		assert_int_equal(out.size, kept[size]);
		assert_int_equal(err.at, at[size]);
		free(bytes);
	}
	for (size_t limit = 0; limit < 15; limit++) {
		FL_AUTO_BUFFER out = { 0 };
		assert_int_equal(fl_rle_decode(coded, sizeof(coded), limit, &out, NULL), FL_ELIMIT);
		assert_int_equal(out.size, limit < 8 ? 0 : limit < 11 ? 8 : 11);
	}
	/* Six bytes that ask for 2 GiB. */
	FL_AUTO_BUFFER out = { 0 };
	struct fl_error err = { 0 };
	assert_int_equal(fl_rle_decode("\xfe\xff\xff\xff\x0f\x00", 6, 64 << 20, &out, &err),
			 FL_ELIMIT);
	assert_int_equal(out.size, 0);
	assert_int_equal(err.at, 0);
}

static void test_base64(void **state)
{
	static const struct {
		const char *text, *plain;
		enum fl_code code;
		size_t at;
	} cases[] = {
		/* RFC 4648, section 10 */
		{ "", "", FL_OK, 0 },
		{ "Zg==", "f", FL_OK, 0 },
		{ "Zm8=", "fo", FL_OK, 0 },
		{ "Zm9v", "foo", FL_OK, 0 },
		{ "Zm9vYg==", "foob", FL_OK, 0 },
		{ "Zm9vYmE=", "fooba", FL_OK, 0 },
		{ "Zm9vYmFy", "foobar", FL_OK, 0 },
		{ "Zm9vYg", "foob", FL_OK, 0 },
		{ "Zm9vYmE", "fooba", FL_OK, 0 },
		{ " Zm9\r\nvY\tg = =\n", "foob", FL_OK, 0 },
		{ "+/+/", "\xfb\xff\xbf", FL_OK, 0 },
		{ "Z", NULL, FL_EFORMAT, 1 },
		{ "Zm9vY", NULL, FL_EFORMAT, 5 },
		{ "Zg=", NULL, FL_EFORMAT, 3 },
		{ "Zm9v=", NULL, FL_EFORMAT, 5 },
		{ "Zg===", NULL, FL_EFORMAT, 4 },
		{ "Zg==Zg==", NULL, FL_EFORMAT, 4 },
		{ "Zm-v", NULL, FL_EFORMAT, 2 },
		{ "=", NULL, FL_EFORMAT, 1 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t size = strlen(cases[i].text);
		char *text = (char *)heap_copy(cases[i].text, size);
		FL_AUTO_BUFFER out = { 0 };
		struct fl_error err = { 0 };
		print_message("%s\n", cases[i].text);
		assert_int_equal(fl_base64_decode(text, size, &out, &err), cases[i].code);
		assert_int_equal(err.at, cases[i].at);
		if (!cases[i].code) {
			assert_int_equal(out.size, strlen(cases[i].plain));
			assert_memory_equal(out.data, cases[i].plain, out.size);
		}
		bool spaced = strchr(cases[i].text, ' ');
		uint8_t room[32];
		size_t run_size = 0;
		bool good = fl_base64_run((const uint8_t *)text, size, room, &run_size);
		if (!spaced) {
			assert_int_equal(good, !cases[i].code);
			assert_int_equal(run_size, out.size);
		}
		free(text);
	}
}

static void test_base64_round_trip(void **state)
{
	(void)state;
	uint8_t plain[300];
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(i * 89 + i / 7);
	for (size_t size = 0; size <= sizeof(plain); size++) {
		char text[500];
		size_t count = packet_base64(plain, size, text);
		FL_AUTO_BUFFER out = { 0 };
		assert_int_equal(fl_base64_decode(text, count, &out, NULL), FL_OK);
		assert_int_equal(out.size, size);
		assert_memory_equal(out.data, plain, size);
		uint8_t *run = malloc(count / 4 * 3 + 2);
		size_t run_size;
		assert_true(fl_base64_run((const uint8_t *)text, count, run, &run_size));
		assert_int_equal(run_size, size);
		assert_memory_equal(run, plain, size);
		free(run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc),
		cmocka_unit_test(test_varint),
		cmocka_unit_test(test_rle_examples),
		cmocka_unit_test(test_rle_round_trip),
		cmocka_unit_test(test_rle_cut_and_too_long),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_base64_round_trip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
