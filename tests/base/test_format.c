/* SPDX-License-Identifier: Apache-2.0 */
/* The C library is asked the same, and knows. */
#include "base/format.h"
#include "base/str.h"
#include "support/cmocka.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { ROOM = 160 };

/* With every room from none to more than enough; what is behind it stays untouched. */
#define CHECK(...) \
	do { \
		char want[ROOM]; \
		int size = snprintf(want, sizeof(want), __VA_ARGS__); \
		assert_in_range(size, 0, ROOM - 2); \
		for (size_t room = 0; room < ROOM; room++) { \
			char got[ROOM + 1]; \
			memset(got, '#', sizeof(got)); \
			assert_int_equal(fl_format(got, room, __VA_ARGS__), size); \
			snprintf(want, room, __VA_ARGS__); \
			assert_memory_equal(got, want, \
					    room <= (size_t)size ? room : (size_t)size + 1); \
			assert_int_equal(got[room], '#'); \
		} \
	} while (0)

static void test_numbers(void **state)
{
	(void)state;
	static const uint64_t values[] = {
		0,
		1,
		9,
		10,
		15,
		16,
		99,
		100,
		255,
		INT32_MAX,
		UINT32_MAX,
		INT64_MAX,
		UINT64_MAX,
		0x80000000,
		123456789,
		0xdeadbeef,
		(uint64_t)1 << 63,
	};
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		uint64_t wide = values[i];
		uint32_t word = (uint32_t)wide;
		CHECK("%" PRIu32, word);
		CHECK("%" PRIx32, word);
		CHECK("%08" PRIx32, word);
		CHECK("%04" PRIx32, word);
		CHECK("%12" PRIu32 "|", word);
		CHECK("%012" PRIu32, word);
		CHECK("%" PRId32, (int32_t)word);
		CHECK("%06" PRId32, (int32_t)word);
		CHECK("%6" PRId32, (int32_t)word);
		CHECK("%" PRIu64, wide);
		CHECK("%" PRIx64, wide);
		CHECK("%016" PRIx64, wide);
		CHECK("%" PRId64, (int64_t)wide);
		CHECK("%zu", (size_t)wide);
		CHECK("%lu", (unsigned long)wide);
		CHECK("%lld", (long long)wide);
		CHECK("%llu", (unsigned long long)wide);
		CHECK("%d of %u", (int)word, word);
	}
}

static void test_texts(void **state)
{
	(void)state;
	const char *text = "frame";
	CHECK("%s", "");
	CHECK("nothing to convert");
	CHECK("%s%s", text, text);
	CHECK("a %s at 0x%08x, %u bytes", text, 0x20000010U, 12U);
	for (int precision = -1; precision < 8; precision++)
		CHECK("[%.*s]", precision, text);
}

/* Its buffer ends where the precision does. */
static void test_text_without_end(void **state)
{
	(void)state;
	const char open[4] = { 'o', 'p', 'e', 'n' };
	CHECK("%.*s", (int)sizeof(open), open);
}

static void test_what_is_left_to_the_library(void **state)
{
	(void)state;
	CHECK("100 %% of %s", "it");
	CHECK("%u%%", 50U);
	CHECK("%s: %c%c", "chars", 'a', 'b');
	CHECK("%-9s|%-6u|", "left", 7U);
	CHECK("%9s|", "right");
	CHECK("%.3s|%.5d", "cut off", 42);
	CHECK("%+d % d %#x", 1, 2, 3U);
	CHECK("%hhu %hd", (unsigned char)200, (short)-3);
	CHECK("%X %o %i", 0xabcU, 8U, -1);
	CHECK("%.2f", 2.5);
	CHECK("%*u", 12, 7U);
	CHECK("%.*d|%.*x", 5, 42, 4, 10U);
	CHECK("%120u|", 7U);
	CHECK("%0130d", -7);
	CHECK("%030u|", 7U);
	CHECK("%s %ld %.1f", "first plain", LONG_MIN, 0.25);
}

/* One that writes its text in two goes. */
static void test_growing_text(void **state)
{
	(void)state;
	FL_AUTO_STR s = { 0 };
	fl_str_addf(&s, "%s ", "a");
	fl_str_addf(&s, "%08" PRIx32 " %zu", UINT32_C(0x1234), (size_t)7);
	assert_string_equal(s.data, "a 00001234 7");
	assert_int_equal(s.size, strlen(s.data));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_text_without_end),
		cmocka_unit_test(test_what_is_left_to_the_library),
		cmocka_unit_test(test_growing_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
