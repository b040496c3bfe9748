/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/compact_log.h"
#include "inspect/log_format.h"
#include "support/cbor_writer.h"
#include "support/cmocka.h"
#include "transport/compact_log.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An ELF with one section of log formats, or with a second ELF in it that has another. */
struct firmware {
	struct fl_symbols *symbols;
	struct fl_symbol_view view;
	struct fl_arena arena;
};

static void free_firmware(struct firmware *f)
{
	fl_symbols_close(f->symbols);
	fl_arena_deinit(&f->arena);
}
#define FIRMWARE __attribute__((__cleanup__(free_firmware))) struct firmware

static const uint8_t header[8] = { 'L', 'O', 'G', 'f', 1 };

static struct firmware open_formats(const void *formats, size_t size)
{
	struct firmware f = { 0 };
	struct fl_error err = { 0 };
	ELF_AUTO w = { 0 };
	elf_code(&w, ".text", 0x1000, 64);
	if (formats)
		elf_section(&w, "log_fmt", ELF_PROGBITS, 0, 0xf0000000, formats, size);
	elf_end(&w);
	uint8_t *copy = exact_copy(w.file.data, w.file.size);
	if (fl_symbols_open(copy, w.file.size, "fw.elf", &f.symbols, &err))
		fail_msg("%s", err.message);
	free(copy);
	assert_true(fl_view_add(&f.view, f.symbols));
	return f;
}

/* The records begin behind the header, at offset 8. */
static struct firmware open_records(const char *records, size_t size)
{
	BYTES_AUTO b = { 0 };
	put(&b, header, sizeof(header));
	put(&b, records, size);
	return open_formats(b.data, b.size);
}

static enum fl_code
read_log(struct firmware *f, const char *array, struct fl_log_line *ret, struct fl_error *err)
{
	BYTES_AUTO b = { 0 };
	struct fl_compact_log log;
	put_hex(&b, array);
	uint8_t *copy = exact_copy(b.data, b.size);
	assert_int_equal(fl_compact_log_decode(copy, b.size, &f->arena, &log, NULL), FL_OK);
	free(copy);
	return fl_compact_log_format(&f->view, &log, &f->arena, ret, err);
}

static void assert_log(struct firmware *f, const char *array, const char *text)
{
	struct fl_log_line line;
	struct fl_error err = { 0 };
	if (read_log(f, array, &line, &err))
		fail_msg("%s", err.message);
	assert_string_equal(line.text, text);
}

static void assert_no_log(struct firmware *f, const char *array, const char *message)
{
	struct fl_log_line line;
	struct fl_error err = { 0 };
	assert_int_equal(read_log(f, array, &line, &err), FL_ENOTFOUND);
	assert_string_equal(err.message, message);
}

static const char two_records[] = "1;cl.c;3;hello %d\0"
				  "3;cl.c;3;f %f s %s q %lld";

static void test_worked_examples(void **state)
{
	(void)state;
	FIRMWARE f = open_records(two_records, sizeof(two_records));
	assert_log(&f, "820824", "cl.c:3: hello -5");
	/* The second record follows the first one's NUL. */
	assert_log(&f, "84 181a fb3ff8000000000000 626162 8107", "cl.c:3: f 1.500000 s ab q 7");
	assert_log(&f, "8208a200010118c8", "cl.c:3: compact log too long: 200 bytes");
}

/* Numbers of every width (RFC 8949, 3.1) and the values that are none. */
static void test_every_kind_of_argument(void **state)
{
	static const struct {
		const char *array, *text;
	} cases[] = {
		{ "82 08 17", "cl.c:3: hello 23" },
		{ "82 08 18ff", "cl.c:3: hello 255" },
		{ "82 08 19ffff", "cl.c:3: hello 65535" },
		{ "82 08 1a7fffffff", "cl.c:3: hello 2147483647" },
		{ "82 08 37", "cl.c:3: hello -24" },
		{ "82 08 38ff", "cl.c:3: hello -256" },
		{ "82 08 39ffff", "cl.c:3: hello -65536" },
		{ "82 08 3a7fffffff", "cl.c:3: hello -2147483648" },
		{ "82 08 f5", "cl.c:3: hello 1" },
		{ "82 08 f4", "cl.c:3: hello 0" },
		{ "84 181a fb3ff8000000000000 f6 8107", "cl.c:3: f 1.500000 s (null) q 7" },
		{ "84 181a fb3ff8000000000000 626162 813b00000000ffffffff",
		  "cl.c:3: f 1.500000 s ab q -4294967296" },
	};
	(void)state;
	FIRMWARE f = open_records(two_records, sizeof(two_records));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_log(&f, cases[i].array, cases[i].text);
}

static void test_no_compact_logs(void **state)
{
	static const struct {
		const char *bytes;
		enum fl_code code;
		uint64_t at;
		const char *message;
	} cases[] = {
		{ "a0", FL_EFORMAT, 0, "no compact log" },
		{ "80", FL_EFORMAT, 0, "no compact log" },
		{ "8120", FL_EFORMAT, 0, "no compact log" },
		{ "811b0000000100000000", FL_EFORMAT, 0, "no compact log" },
		{ "82 08 a0", FL_EFORMAT, 2, "unknown argument of a log" },
		{ "82 08 a200030118c8", FL_EFORMAT, 2, "unknown argument of a log" },
		{ "83 08 00 a200010118c8", FL_EFORMAT, 3, "unknown argument of a log" },
		{ "83 08 a200010118c8 00", FL_ELIMIT, 8, "too many arguments of a log" },
		{ "82 08 24 00", FL_EFORMAT, 3, "bytes behind a compact log" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		BYTES_AUTO b = { 0 };
		struct fl_arena arena = { 0 };
		struct fl_compact_log log;
		struct fl_error err = { 0 };
		put_hex(&b, cases[i].bytes);
		uint8_t *copy = exact_copy(b.data, b.size);
		enum fl_code code = fl_compact_log_decode(copy, b.size, &arena, &log, &err);
		if (code != cases[i].code || err.at != cases[i].at ||
		    !strstr(err.message, cases[i].message))
			fail_msg("%s: %d at %zu: %s", cases[i].bytes, code, (size_t)err.at,
				 err.message);
		free(copy);
		fl_arena_deinit(&arena);
	}
}

/* As linked in the example: the record lies at offset 100. */
static void test_alignment_between_records(void **state)
{
	(void)state;
	char records[128] = "1;cl.c;3;hello %d";
	memcpy(records + 92, "3;cl.c;3;f %f s %s q %lld", 26);
	FIRMWARE f = open_records(records, 92 + 26);
	assert_log(&f, "84 1864 fb3ff8000000000000 626162 8107", "cl.c:3: f 1.500000 s ab q 7");
	assert_log(&f, "82 08 05", "cl.c:3: hello 5");
}

static void test_parts_of_a_line(void **state)
{
	(void)state;
	static const char records[] = "0;src/a b.c;4294967295;semi;colon; %%\0"
				      "0;;7;no file\0"
				      "0;x.c;;no line\0"
				      "0;x.c;4294967299;far line\0"
				      "0;x.c;1;two\nlines\r\n\0"
				      "0;x\x01.c;1;\x1b[0m \xff";
	static const struct {
		const char *file, *message, *text;
		uint32_t line;
	} expected[] = {
		{ "src/a b.c", "semi;colon; %", "src/a b.c:4294967295: semi;colon; %", UINT32_MAX },
		{ "", "no file", "no file", 7 },
		{ "x.c", "no line", "x.c: no line", 0 },
		{ "x.c", "far line", "x.c: far line", 0 },
		{ "x.c", "two lines", "x.c:1: two lines", 1 },
		{ "x\xef\xbf\xbd.c", "\xef\xbf\xbd[0m \xef\xbf\xbd",
		  "x\xef\xbf\xbd.c:1: \xef\xbf\xbd[0m \xef\xbf\xbd", 1 },
	};
	FIRMWARE f = open_records(records, sizeof(records));
	uint32_t offset = 8;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		struct fl_compact_log log = { .offset = offset };
		struct fl_log_line line;
		assert_int_equal(fl_compact_log_format(&f.view, &log, &f.arena, &line, NULL),
				 FL_OK);
		assert_string_equal(line.file, expected[i].file);
		assert_string_equal(line.message, expected[i].message);
		assert_string_equal(line.text, expected[i].text);
		assert_int_equal(line.line, expected[i].line);
		offset += (uint32_t)strlen(records + offset - 8) + 1;
	}
}

static void test_what_is_not_found(void **state)
{
	(void)state;
	static const char records[] = "0;a.c;1;x\0\0no;record\0tail";
	FIRMWARE f = open_records(records, sizeof(records) - 1);
	assert_log(&f, "81 08", "a.c:1: x");
	static const char *const offsets[] = { "00",   "07",   "09",   "11",   "12",        "13",
					       "181c", "181f", "1820", "1821", "1affffffff" };
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		char array[24];
		struct fl_log_line line;
		snprintf(array, sizeof(array), "81 %s", offsets[i]);
		if (read_log(&f, array, &line, NULL) != FL_ENOTFOUND)
			fail_msg("at %s: %s", offsets[i], line.text);
	}
	assert_no_log(&f, "81 09", "no log format at offset 0x9 of section log_fmt");
}

static void test_firmware_without_formats(void **state)
{
	(void)state;
	static const uint8_t later[] = {
		'L', 'O', 'G', 'f', 2, 0, 0, 0, '0', ';', ';', ';', 'x', 0
	};
	const char *message = "no ELF with log formats (section log_fmt)";
	FIRMWARE none = open_formats(NULL, 0);
	assert_no_log(&none, "81 08", message);
	for (size_t size = 1; size <= sizeof(later); size++) {
		FIRMWARE f = open_formats(later, size);
		size_t count;
		assert_no_log(&f, "81 08", message);
		const struct fl_finding *findings = fl_module_findings(f.view.modules[0], &count);
		assert_int_equal(count, 1);
		assert_string_equal(findings[0].text, "fw.elf: section log_fmt is of an unknown "
						      "form: compact logs stay unread");
	}
	FIRMWARE only_header = open_formats(header, sizeof(header));
	assert_no_log(&only_header, "81 08", "no log format at offset 0x8 of section log_fmt");
}

static void test_every_truncation(void **state)
{
	(void)state;
	for (size_t size = 0; size < sizeof(two_records); size++) {
		FIRMWARE f = open_records(two_records, size);
		struct fl_log_line line;
		/* A record without its NUL is none. */
		assert_int_equal(read_log(&f, "820824", &line, NULL),
				 size > 17 ? FL_OK : FL_ENOTFOUND);
		assert_int_equal(read_log(&f, "82181a24", &line, NULL), FL_ENOTFOUND);
	}
}

/* --- the formatter against the host's printf() --- */

static struct fl_log_argument int32(int32_t value)
{
	return (struct fl_log_argument){ .kind = FL_LOG_INT32, .integer = value };
}

static struct fl_log_argument int64(int64_t value)
{
	return (struct fl_log_argument){ .kind = FL_LOG_INT64, .integer = value };
}

static struct fl_log_argument number(double value)
{
	return (struct fl_log_argument){ .kind = FL_LOG_DOUBLE, .number = value };
}

static struct fl_log_argument text(const char *value)
{
	return (struct fl_log_argument){ .kind = FL_LOG_TEXT, .text = value };
}

static void assert_format(const char *expected, const char *format,
			  const struct fl_log_argument *arguments, size_t count)
{
	FL_AUTO_STR out = { 0 };
	fl_log_format(&out, format, arguments, count);
	fl_str_add(&out, "", 0);
	assert_false(out.failed);
	if (strcmp(out.data, expected) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", format, out.data, expected);
}

#define ARGS(...) \
	(const struct fl_log_argument[]){ __VA_ARGS__ }, \
		sizeof((const struct fl_log_argument[]){ __VA_ARGS__ }) / \
			sizeof(struct fl_log_argument)

/* @p value as the host prints it, @p argument as we do. */
#define SAME(format, value, argument) \
	do { \
		char expected_[1024]; \
		snprintf(expected_, sizeof(expected_), format, value); \
		assert_format(expected_, format, ARGS(argument)); \
	} while (0)

static void test_integers_as_printf(void **state)
{
	(void)state;
	static const int32_t values[] = { 0,   1,     -1,        7,         -42,
					  255, 65535, 123456789, INT32_MAX, INT32_MIN };
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		int v = values[i];
		unsigned u = (unsigned)v;
		SAME("%d", v, int32(v));
		SAME("[%i]", v, int32(v));
		SAME("[%5d]", v, int32(v));
		SAME("[%-5d]", v, int32(v));
		SAME("[%05d]", v, int32(v));
		SAME("[%+d]", v, int32(v));
		SAME("[% d]", v, int32(v));
		SAME("[%+09d]", v, int32(v));
		SAME("[%.3d]", v, int32(v));
		SAME("[%8.3d]", v, int32(v));
		SAME("[%-8.3d]", v, int32(v));
		SAME("[%.0d]", v, int32(v));
		SAME("[%hhd]", (signed char)v, int32(v));
		SAME("[%hd]", (short)v, int32(v));
		SAME("[%u]", u, int32(v));
		SAME("[%12u]", u, int32(v));
		SAME("[%x]", u, int32(v));
		SAME("[%X]", u, int32(v));
		SAME("[%#x]", u, int32(v));
		SAME("[%#X]", u, int32(v));
		SAME("[%#012x]", u, int32(v));
		SAME("[%08x]", u, int32(v));
		SAME("[%#.5x]", u, int32(v));
		SAME("[%o]", u, int32(v));
		SAME("[%#o]", u, int32(v));
		SAME("[%#.4o]", u, int32(v));
		SAME("[%hhx]", (unsigned char)u, int32(v));
		SAME("[%hu]", (unsigned short)u, int32(v));
	}
}

static void test_wide_integers_as_printf(void **state)
{
	(void)state;
	static const int64_t values[] = { 0, -1, INT64_MAX, INT64_MIN, 7, 1LL << 32 };
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		long long v = values[i];
		unsigned long long u = (unsigned long long)v;
		SAME("%lld", v, int64(v));
		SAME("[%24lld]", v, int64(v));
		SAME("[%024lld]", v, int64(v));
		SAME("%llu", u, int64(v));
		SAME("%#llx", u, int64(v));
		SAME("%#llo", u, int64(v));
		SAME("[%30.25lld]", v, int64(v));
		SAME("%jd", (intmax_t)v, int64(v));
		SAME("%zx", (size_t)v, int64(v));
		SAME("%tx", (ptrdiff_t)v, int64(v));
	}
}

static void test_numbers_as_printf(void **state)
{
	(void)state;
	const double values[] = { 0.0,   -0.0,     1.5,    -1.5, 0.1,      123456.789, 1e-7,
				  1e300, -1.7e308, 5e-324, NAN,  INFINITY, -INFINITY };
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		double v = values[i];
		SAME("%f", v, number(v));
		SAME("[%.1f]", v, number(v));
		SAME("[%.0f]", v, number(v));
		SAME("[%#.0f]", v, number(v));
		SAME("[%12.3f]", v, number(v));
		SAME("[%-12.3f]", v, number(v));
		SAME("[%012.3f]", v, number(v));
		SAME("[%+.2e]", v, number(v));
		SAME("[% .2E]", v, number(v));
		SAME("[%g]", v, number(v));
		SAME("[%#g]", v, number(v));
		SAME("[%G]", v, number(v));
		SAME("[%F]", v, number(v));
		SAME("[%a]", v, number(v));
		SAME("[%030A]", v, number(v));
		SAME("[%.3a]", v, number(v));
	}
}

static void test_texts_as_printf(void **state)
{
	(void)state;
	SAME("%s", "text", text("text"));
	SAME("[%s]", "", text(""));
	SAME("[%10s]", "text", text("text"));
	SAME("[%-10s]", "text", text("text"));
	SAME("[%.2s]", "text", text("text"));
	SAME("[%6.2s]", "text", text("text"));
	SAME("[%.9s]", "text", text("text"));
	SAME("[%c]", 'x', int32('x'));
	SAME("[%3c]", 'x', int32('x'));
	SAME("[%-3c]", 'x', int32('x'));
	SAME("[%lc]", L'x', int32('x'));
	assert_format("100%", "%d%%", ARGS(int32(100)));
}

static void test_width_and_precision_from_arguments(void **state)
{
	(void)state;
	assert_format("[   42]", "[%*d]", ARGS(int32(5), int32(42)));
	assert_format("[42   ]", "[%*d]", ARGS(int32(-5), int32(42)));
	assert_format("[1.50]", "[%.*f]", ARGS(int32(2), number(1.5)));
	assert_format("[1.500000]", "[%.*f]", ARGS(int32(-2), number(1.5)));
	assert_format("[  ab]", "[%*.*s]", ARGS(int32(4), int32(2), text("abcd")));
	assert_format("[(missing)]", "[%*d]", ARGS(int32(5)));
}

static void test_pointers(void **state)
{
	(void)state;
	assert_format("0x20001234", "%p", ARGS(int32(0x20001234)));
	assert_format("0xe000ed24", "%p", ARGS(int32((int32_t)0xe000ed24)));
	assert_format("0x0", "%p", ARGS(int32(0)));
}

/* Neither what the format claims nor what the device sent is believed. */
static void test_contradictions(void **state)
{
	(void)state;
	assert_format("text", "%d", ARGS(text("text")));
	assert_format("text", "%f", ARGS(text("text")));
	assert_format("-5", "%s", ARGS(int32(-5)));
	assert_format("1.5", "%x", ARGS(number(1.5)));
	assert_format("7", "%f", ARGS(int64(7)));
	assert_format("(missing) and (missing)", "%d and %s", NULL, 0);
	assert_format("1", "%d", ARGS(int32(1), int32(2)));
	assert_format("%n then 2", "%n then %d", ARGS(int32(1), int32(2)));
	assert_format("%5.1y then 2", "%5.1y then %d", ARGS(int32(1), int32(2)));
	assert_format("%*12345678901234567890d", "%*12345678901234567890d", ARGS(int32(-9)));
	assert_format("ends in %", "ends in %", ARGS(int32(1)));
	assert_format("ends in %-5ll", "ends in %-5ll", ARGS(int32(1)));
	assert_format("%", "%5%", NULL, 0);
}

static void test_output_is_bounded(void **state)
{
	(void)state;
	FL_AUTO_STR out = { 0 };
	fl_log_format(&out, "%2147483647d%.2147483647f%*d",
		      ARGS(int32(1), number(1e308), int32(INT32_MIN), int32(2)));
	assert_int_equal(out.size, 64 + 309 + 1 + 64 + 64);

	char *format = malloc(1000001);
	assert_non_null(format);
	for (size_t i = 0; i < 1000000; i++)
		format[i] = "%64d"[i % 4];
	format[1000000] = '\0';
	FL_AUTO_STR many = { 0 };
	struct fl_log_argument arguments[15] = { int32(1) };
	fl_log_format(&many, format, arguments, 15);
	assert_in_range(many.size, FL_LIMIT_LOG, FL_LIMIT_LOG + 64);

	memset(format, 'x', 1000000);
	FL_AUTO_STR plain = { 0 };
	fl_log_format(&plain, format, NULL, 0);
	assert_int_equal(plain.size, FL_LIMIT_LOG);
	free(format);
}

static void test_locale_does_not_matter(void **state)
{
	static const char *const names[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "ps_AF.UTF-8" };
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!setlocale(LC_ALL, names[i]))
			continue;
		assert_format("1.500000 1.5 1.50e+00 0x1.8p+0", "%f %g %.2e %a",
			      ARGS(number(1.5), number(1.5), number(1.5), number(1.5)));
	}
	setlocale(LC_ALL, "C");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worked_examples),
		cmocka_unit_test(test_every_kind_of_argument),
		cmocka_unit_test(test_no_compact_logs),
		cmocka_unit_test(test_alignment_between_records),
		cmocka_unit_test(test_parts_of_a_line),
		cmocka_unit_test(test_what_is_not_found),
		cmocka_unit_test(test_firmware_without_formats),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_integers_as_printf),
		cmocka_unit_test(test_wide_integers_as_printf),
		cmocka_unit_test(test_numbers_as_printf),
		cmocka_unit_test(test_texts_as_printf),
		cmocka_unit_test(test_width_and_precision_from_arguments),
		cmocka_unit_test(test_pointers),
		cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_output_is_bounded),
		cmocka_unit_test(test_locale_does_not_matter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
