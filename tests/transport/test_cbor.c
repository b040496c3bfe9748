/* SPDX-License-Identifier: Apache-2.0 */
/* Heads of CBOR items: the examples of RFC 8949, and libcbor as the second opinion. */
#include "support/cmocka.h"
#include "transport/cbor.h"

#include <cbor.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- what libcbor says --- */

struct seen {
	struct fl_cbor_item item;
	bool is_tag, is_break;
};

static void number(void *context, enum fl_cbor_kind kind, uint64_t value)
{
	struct seen *seen = context;
	seen->item.kind = kind;
	seen->item.value = value;
}

static void string(void *context, enum fl_cbor_kind kind, cbor_data bytes, size_t size)
{
	struct seen *seen = context;
	seen->item.kind = kind;
	seen->item.bytes = bytes;
	seen->item.size = size;
}

static void open_end(void *context, enum fl_cbor_kind kind)
{
	struct seen *seen = context;
	seen->item.kind = kind;
	seen->item.indefinite = true;
}

static void real(void *context, double value)
{
	struct seen *seen = context;
	seen->item.kind = FL_CBOR_FLOAT;
	seen->item.number = value;
}

#define ON_NUMBER(name, type, kind) \
	static void name(void *context, type value) \
	{ \
		number(context, kind, (uint64_t)(value)); \
	}
#define ON_OPEN(name, kind) \
	static void name(void *context) \
	{ \
		open_end(context, kind); \
	}
ON_NUMBER(on_uint8, uint8_t, FL_CBOR_UINT)
ON_NUMBER(on_uint16, uint16_t, FL_CBOR_UINT)
ON_NUMBER(on_uint32, uint32_t, FL_CBOR_UINT)
ON_NUMBER(on_uint64, uint64_t, FL_CBOR_UINT)
ON_NUMBER(on_negint8, uint8_t, FL_CBOR_NEGATIVE)
ON_NUMBER(on_negint16, uint16_t, FL_CBOR_NEGATIVE)
ON_NUMBER(on_negint32, uint32_t, FL_CBOR_NEGATIVE)
ON_NUMBER(on_negint64, uint64_t, FL_CBOR_NEGATIVE)
ON_NUMBER(on_array, size_t, FL_CBOR_ARRAY)
ON_NUMBER(on_map, size_t, FL_CBOR_MAP)
ON_NUMBER(on_bool, bool, FL_CBOR_BOOL)
ON_OPEN(on_bytes_open, FL_CBOR_BYTES)
ON_OPEN(on_text_open, FL_CBOR_TEXT)
ON_OPEN(on_array_open, FL_CBOR_ARRAY)
ON_OPEN(on_map_open, FL_CBOR_MAP)

static void on_bytes(void *context, cbor_data bytes, size_t size)
{
	string(context, FL_CBOR_BYTES, bytes, size);
}

static void on_text(void *context, cbor_data bytes, size_t size)
{
	string(context, FL_CBOR_TEXT, bytes, size);
}

static void on_float(void *context, float value)
{
	real(context, (double)value);
}

static void on_double(void *context, double value)
{
	real(context, value);
}

static void on_simple(void *context)
{
	number(context, FL_CBOR_SIMPLE, 0);
}

static void on_tag(void *context, uint64_t value)
{
	struct seen *seen = context;
	(void)value;
	seen->is_tag = true;
}

static void on_break(void *context)
{
	struct seen *seen = context;
	seen->is_break = true;
}

static const struct cbor_callbacks callbacks = {
	.uint8 = on_uint8,
	.uint16 = on_uint16,
	.uint32 = on_uint32,
	.uint64 = on_uint64,
	.negint8 = on_negint8,
	.negint16 = on_negint16,
	.negint32 = on_negint32,
	.negint64 = on_negint64,
	.byte_string = on_bytes,
	.byte_string_start = on_bytes_open,
	.string = on_text,
	.string_start = on_text_open,
	.array_start = on_array,
	.indef_array_start = on_array_open,
	.map_start = on_map,
	.indef_map_start = on_map_open,
	.tag = on_tag,
	.float2 = on_float,
	.float4 = on_float,
	.float8 = on_double,
	.undefined = on_simple,
	.null = on_simple,
	.boolean = on_bool,
	.indef_break = on_break,
};

/* Tags 6 to 20 had no meaning when libcbor was written: it refuses them (0.8.0), the standard does
 * not. */
static bool is_unassigned_tag(uint8_t first)
{
	return first >= 0xc6 && first <= 0xd4;
}

static struct cbor_decoder_result skip_tag(struct seen *seen)
{
	seen->is_tag = true;
	return (struct cbor_decoder_result){ .read = 1, .status = CBOR_DECODER_FINISHED };
}

/* A head behind its tags; false also for a break. @p pos_ret: where it got. */
static bool libcbor_head(const uint8_t *bytes, size_t size, struct fl_cbor_item *ret,
			 size_t *pos_ret, bool *ended_ret)
{
	struct seen seen;
	*pos_ret = 0;
	*ended_ret = false;
	do {
		struct cbor_decoder_result result = { .status = CBOR_DECODER_NEDATA };
		seen = (struct seen){ .item.at = *pos_ret };
		if (*pos_ret < size && is_unassigned_tag(bytes[*pos_ret]))
			result = skip_tag(&seen);
		else if (*pos_ret < size)
			result = cbor_stream_decode(bytes + *pos_ret, size - *pos_ret, &callbacks,
						    &seen);
		*ended_ret = result.status == CBOR_DECODER_NEDATA;
		if (result.status != CBOR_DECODER_FINISHED)
			return false;
		*pos_ret += result.read;
	} while (seen.is_tag);
	seen.item.end = *pos_ret;
	*ret = seen.item;
	return !seen.is_break;
}

static bool same_number(double a, double b)
{
	return isnan(a) ? isnan(b) : a == b && signbit(a) == signbit(b);
}

static void compare(const uint8_t *bytes, size_t size)
{
	struct fl_cbor_item theirs = { 0 }, ours = { 0 };
	struct fl_cbor c = fl_cbor(bytes, size, 0);
	size_t pos;
	bool ended;
	bool good = libcbor_head(bytes, size, &theirs, &pos, &ended);
	assert_int_equal(fl_cbor_head(&c, &ours), good);
	assert_int_equal(c.pos, pos);
	assert_int_equal(c.ended, ended);
	assert_int_equal(c.error.code, good ? FL_OK : FL_EFORMAT);
	if (!good)
		return;
	assert_int_equal(ours.kind, theirs.kind);
	assert_int_equal(ours.indefinite, theirs.indefinite);
	assert_true(ours.value == theirs.value);
	assert_true(same_number(ours.number, theirs.number));
	assert_ptr_equal(ours.bytes, theirs.bytes);
	assert_int_equal(ours.size, theirs.size);
	assert_int_equal(ours.at, theirs.at);
	assert_int_equal(ours.end, theirs.end);
}

static void every_first_byte_cut_anywhere(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 256; first++)
		for (unsigned step = 0; step < 256; step += 51)
			for (size_t size = 0; size <= 24; size++) {
				uint8_t bytes[24];
				for (size_t i = 0; i < sizeof(bytes); i++)
					bytes[i] = (uint8_t)(i ? step * i + 1 : first);
				compare(bytes, size);
			}
}

static void every_half(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 65536; bits++) {
		const uint8_t bytes[3] = { 0xf9, (uint8_t)(bits >> 8), (uint8_t)bits };
		compare(bytes, sizeof(bytes));
	}
}

static void a_million_strangers(void **state)
{
	(void)state;
	uint64_t seed = 1;
	for (unsigned run = 0; run < 1000000; run++) {
		uint8_t bytes[40];
		for (size_t i = 0; i < sizeof(bytes); i += sizeof(seed)) {
			seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			uint64_t mixed = seed ^ seed >> 29;
			memcpy(bytes + i, &mixed, sizeof(mixed));
		}
		compare(bytes, run % (sizeof(bytes) + 1));
	}
}

/* --- RFC 8949, appendix A --- */

struct example {
	const char *hex;
	enum fl_cbor_kind kind;
	uint64_t value; /* of strings: their size */
	double number;
	bool indefinite;
};

static const struct example examples[] = {
	{ "00", FL_CBOR_UINT, 0, 0, false },
	{ "17", FL_CBOR_UINT, 23, 0, false },
	{ "1818", FL_CBOR_UINT, 24, 0, false },
	{ "1903e8", FL_CBOR_UINT, 1000, 0, false },
	{ "1a000f4240", FL_CBOR_UINT, 1000000, 0, false },
	{ "1bffffffffffffffff", FL_CBOR_UINT, UINT64_MAX, 0, false },
	{ "3bffffffffffffffff", FL_CBOR_NEGATIVE, UINT64_MAX, 0, false },
	{ "3903e7", FL_CBOR_NEGATIVE, 999, 0, false },
	{ "f90000", FL_CBOR_FLOAT, 0, 0.0, false },
	{ "fb3ff199999999999a", FL_CBOR_FLOAT, 0, 1.1, false },
	{ "f97bff", FL_CBOR_FLOAT, 0, 65504.0, false },
	{ "fa47c35000", FL_CBOR_FLOAT, 0, 100000.0, false },
	{ "f90001", FL_CBOR_FLOAT, 0, 5.960464477539063e-8, false },
	{ "f90400", FL_CBOR_FLOAT, 0, 0.00006103515625, false },
	{ "f9c400", FL_CBOR_FLOAT, 0, -4.0, false },
	{ "f97c00", FL_CBOR_FLOAT, 0, (double)INFINITY, false },
	{ "fbfff0000000000000", FL_CBOR_FLOAT, 0, -(double)INFINITY, false },
	{ "f97e00", FL_CBOR_FLOAT, 0, (double)NAN, false },
	{ "f4", FL_CBOR_BOOL, 0, 0, false },
	{ "f5", FL_CBOR_BOOL, 1, 0, false },
	{ "f6", FL_CBOR_SIMPLE, 0, 0, false },
	{ "f7", FL_CBOR_SIMPLE, 0, 0, false },
	{ "c11a514b67b0", FL_CBOR_UINT, 1363896240, 0, false },
	{ "d818456449455446", FL_CBOR_BYTES, 5, 0, false },
	{ "40", FL_CBOR_BYTES, 0, 0, false },
	{ "6449455446", FL_CBOR_TEXT, 4, 0, false },
	{ "80", FL_CBOR_ARRAY, 0, 0, false },
	{ "98190102", FL_CBOR_ARRAY, 25, 0, false },
	{ "a201020304", FL_CBOR_MAP, 2, 0, false },
	{ "5f42010243030405ff", FL_CBOR_BYTES, 0, 0, true },
	{ "7f657374726561646d696e67ff", FL_CBOR_TEXT, 0, 0, true },
	{ "9fff", FL_CBOR_ARRAY, 0, 0, true },
	{ "bf61610161629f0203ffff", FL_CBOR_MAP, 0, 0, true },
};

static size_t from_hex(const char *hex, uint8_t bytes[32])
{
	size_t size = 0;
	for (unsigned byte; sscanf(hex + 2 * size, "%2x", &byte) == 1; size++)
		bytes[size] = (uint8_t)byte;
	return size;
}

static void the_examples_of_the_standard(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		const struct example *e = &examples[i];
		uint8_t bytes[32];
		struct fl_cbor_item item;
		struct fl_cbor c = fl_cbor(bytes, from_hex(e->hex, bytes), 0);
		assert_true(fl_cbor_head(&c, &item));
		assert_int_equal(item.kind, e->kind);
		assert_int_equal(item.indefinite, e->indefinite);
		assert_true(item.value + item.size == e->value);
		assert_true(same_number(item.number, e->number));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_examples_of_the_standard),
		cmocka_unit_test(every_first_byte_cut_anywhere),
		cmocka_unit_test(every_half),
		cmocka_unit_test(a_million_strangers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
