/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cbor_writer.h"
#include "support/cmocka.h"

#include "base/limits.h"

#include <faultline/event.h>

#include <stdlib.h>
#include <string.h>

/* Identity as a device sends it: schema 1, type "app", version "1.2.3", hardware "ev", build id. */
#define IDENTITY "0301 0a63617070 0965312e322e33 06626576 0b46a0a1a2a3a4a5 "

/* Opens an exact-size copy; @ref copy must outlive the event. */
static struct fl_event *opened(const struct bytes *b, uint8_t **copy)
{
	struct fl_event *event = NULL;
	struct fl_error err = { 0 };
	*copy = exact_copy(b->data, b->size);
	if (fl_event_open(*copy, b->size, &event, &err))
		fail_msg("%s", err.message);
	return event;
}

static void refused(const struct bytes *b, enum fl_code code, uint64_t at)
{
	struct fl_event *event = NULL;
	struct fl_error err = { 0 };
	uint8_t *copy = exact_copy(b->data, b->size);
	assert_int_equal(fl_event_open(copy, b->size, &event, &err), code);
	free(copy);
	assert_null(event);
	assert_int_equal(err.at, at);
	assert_true(err.message[0]);
}

static void assert_identity(const struct fl_event_facts *f)
{
	static const uint8_t id[] = { 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5 };
	assert_string_equal(f->software_type, "app");
	assert_string_equal(f->software_version, "1.2.3");
	assert_string_equal(f->hardware_version, "ev");
	assert_null(f->device_serial);
	assert_int_equal(f->build_id_size, sizeof(id));
	assert_memory_equal(f->build_id, id, sizeof(id));
}

static void test_reboot_by_pin(void **state)
{
	(void)state;
	BYTES_AUTO b = { 0 };
	put_hex(&b, "a7 0202 " IDENTITY "04 a3 010a 0404 0500");
	uint8_t *copy;
	struct fl_event *event = opened(&b, &copy);
	const struct fl_event_facts *f = fl_event_facts(event);
	assert_identity(f);
	assert_int_equal(f->kind, FL_EVENT_REBOOT);
	assert_int_equal(f->type, 2);
	assert_false(f->has_captured_at);
	assert_true(f->has_reason);
	assert_int_equal(f->reason, 0x0a);
	assert_true(f->has_reset_register);
	assert_int_equal(f->reset_register, 4);
	assert_false(f->coredump_saved || f->has_pc || f->has_lr || f->has_trace_reason);
	assert_false(f->has_status);
	assert_null(f->log);
	fl_event_close(event);
	free(copy);
}

static void test_reboot_by_assert(void **state)
{
	(void)state;
	BYTES_AUTO b = { 0 };
	put_hex(&b, "a8 0202 " IDENTITY "011a6553f100 "
		    "04 a4 01198001 021a08000310 031a08000201 0501");
	uint8_t *copy;
	struct fl_event *event = opened(&b, &copy);
	const struct fl_event_facts *f = fl_event_facts(event);
	assert_identity(f);
	assert_int_equal(f->kind, FL_EVENT_REBOOT);
	assert_true(f->has_captured_at);
	assert_int_equal(f->captured_at, 1700000000);
	assert_int_equal(f->reason, 0x8001);
	assert_true(f->has_pc && f->has_lr);
	assert_int_equal(f->pc, 0x08000310);
	assert_int_equal(f->lr, 0x08000201);
	assert_true(f->coredump_saved);
	assert_false(f->has_reset_register);
	fl_event_close(event);
	free(copy);
}

static void test_trace_with_status(void **state)
{
	(void)state;
	BYTES_AUTO b = { 0 };
	put_hex(&b, "a7 0202 " IDENTITY "04 a4 0601 021a08001234 031a08000101 0722");
	uint8_t *copy;
	struct fl_event *event = opened(&b, &copy);
	const struct fl_event_facts *f = fl_event_facts(event);
	assert_identity(f);
	assert_int_equal(f->kind, FL_EVENT_TRACE);
	assert_false(f->has_reason);
	assert_true(f->has_trace_reason);
	assert_int_equal(f->trace_reason, 1);
	assert_int_equal(f->pc, 0x08001234);
	assert_int_equal(f->lr, 0x08000101);
	assert_true(f->has_status);
	assert_int_equal(f->status, -3);
	fl_event_close(event);
	free(copy);
}

/* Type 2 with the given information and nothing else. */
static void trace_of(struct bytes *b, const struct bytes *info)
{
	put_cbor(b, CBOR_MAP, 2);
	put_cbor_pair(b, 2, 2);
	put_cbor(b, CBOR_UINT, 4);
	put(b, info->data, info->size);
}

static void test_logs_are_one_clean_line(void **state)
{
	(void)state;
	static const struct {
		const char *sent, *expected;
		size_t size;
	} cases[] = {
		{ "low battery", "low battery", 11 },
		{ "two\nlines\tand a tab\r\n", "two lines and a tab", 21 },
		{ "ends\0\0", "ends", 6 },
		{ "bad \xff byte", "bad \xef\xbf\xbd byte", 10 },
		{ "escape \x1b[1m", "escape \xef\xbf\xbd[1m", 11 },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", 6 },
		{ "\r\n", NULL, 2 },
		{ "", NULL, 0 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		BYTES_AUTO info = { 0 };
		BYTES_AUTO b = { 0 };
		put_cbor(&info, CBOR_MAP, 1);
		put_cbor(&info, CBOR_UINT, 8);
		put_cbor_bytes(&info, cases[i].sent, cases[i].size);
		trace_of(&b, &info);
		uint8_t *copy;
		struct fl_event *event = opened(&b, &copy);
		const char *log = fl_event_facts(event)->log;
		if (cases[i].expected)
			assert_string_equal(log, cases[i].expected);
		else
			assert_null(log);
		fl_event_close(event);
		free(copy);
	}
}

static void test_long_texts_are_cut(void **state)
{
	(void)state;
	BYTES_AUTO b = { 0 };
	BYTES_AUTO text = { 0 };
	for (size_t i = 0; i < 70000; i++)
		put_u8(&text, 'x');
	put_u8(&text, 0);
	put_cbor(&b, CBOR_MAP, 3);
	put_cbor_pair(&b, 2, 2);
	put_cbor_pair_text(&b, 9, (const char *)text.data);
	put_cbor(&b, CBOR_UINT, 4);
	put_cbor(&b, CBOR_MAP, 1);
	put_cbor_pair_text(&b, 8, (const char *)text.data);
	uint8_t *copy;
	struct fl_event *event = opened(&b, &copy);
	assert_int_equal(strlen(fl_event_facts(event)->software_version), FL_LIMIT_STRING);
	assert_int_equal(strlen(fl_event_facts(event)->log), FL_LIMIT_LOG);
	fl_event_close(event);
	free(copy);
}

static void test_short_build_ids(void **state)
{
	(void)state;
	static const uint8_t id[32] = { 1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12,
					13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24 };
	for (size_t size = 0; size <= sizeof(id); size++) {
		BYTES_AUTO b = { 0 };
		put_cbor(&b, CBOR_MAP, 2);
		put_cbor_pair(&b, 2, 1);
		put_cbor(&b, CBOR_UINT, 11);
		put_cbor_bytes(&b, id, size);
		uint8_t *copy;
		struct fl_event *event = opened(&b, &copy);
		const struct fl_event_facts *f = fl_event_facts(event);
		assert_int_equal(f->build_id_size, size < 5 || size > 20 ? 0 : size);
		assert_memory_equal(f->build_id, id, f->build_id_size);
		fl_event_close(event);
		free(copy);
	}
}

/* The same event as devices do not write it: indefinite lengths, wide heads, tags, foreign keys,
 * fields in another order. */
static void test_all_of_cbor_is_understood(void **state)
{
	(void)state;
	BYTES_AUTO b = { 0 };
	put_cbor(&b, CBOR_TAG, 55799);
	put_cbor_open(&b, CBOR_MAP);
	put_cbor(&b, CBOR_UINT, 4);
	put_cbor_open(&b, CBOR_MAP);
	put_cbor_wide(&b, CBOR_UINT, 2, 8);
	put_cbor_wide(&b, CBOR_UINT, 0x08000310, 8);
	put_cbor_text(&b, "text as a key");
	put_cbor_half(&b, 0x3e00);
	put_cbor_int(&b, -5);
	put_cbor_single(&b, 1.5F);
	put_cbor(&b, CBOR_UINT, 1);
	put_cbor(&b, CBOR_TAG, 1);
	put_cbor_wide(&b, CBOR_UINT, 0x8001, 4);
	put_cbor_pair(&b, 99, 1);
	put_cbor_break(&b);
	put_cbor(&b, CBOR_UINT, 7);
	put_cbor_open(&b, CBOR_TEXT);
	put_cbor_text(&b, "dev");
	put_cbor_text(&b, "");
	put_cbor_text(&b, "ice");
	put_cbor_break(&b);
	put_cbor_wide(&b, CBOR_UINT, 2, 2);
	put_cbor_wide(&b, CBOR_UINT, 2, 1);
	put_cbor(&b, CBOR_UINT, 11);
	put_cbor_open(&b, CBOR_BYTES);
	put_cbor_bytes(&b, "abc", 3);
	put_cbor_bytes(&b, "def", 3);
	put_cbor_break(&b);
	put_cbor_break(&b);
	uint8_t *copy;
	struct fl_event *event = opened(&b, &copy);
	const struct fl_event_facts *f = fl_event_facts(event);
	assert_int_equal(f->kind, FL_EVENT_REBOOT);
	assert_int_equal(f->reason, 0x8001);
	assert_int_equal(f->pc, 0x08000310);
	assert_string_equal(f->device_serial, "device");
	assert_int_equal(f->build_id_size, 6);
	assert_memory_equal(f->build_id, "abcdef", 6);
	fl_event_close(event);
	free(copy);
}

/* A value of another type than its key has was not said; the first of two counts. */
static void test_odd_values_are_not_said(void **state)
{
	(void)state;
	BYTES_AUTO b = { 0 };
	put_cbor(&b, CBOR_MAP, 7);
	put_cbor_pair(&b, 2, 2);
	put_cbor_pair(&b, 2, 1);
	put_cbor_pair(&b, 9, 123);
	put_cbor_pair_text(&b, 10, "first");
	put_cbor_pair_text(&b, 10, "second");
	put_cbor_pair_text(&b, 1, "yesterday");
	put_cbor(&b, CBOR_UINT, 4);
	put_cbor(&b, CBOR_MAP, 4);
	put_cbor_pair(&b, 2, UINT64_C(0x100000000));
	put_cbor(&b, CBOR_UINT, 3);
	put_cbor_int(&b, -1);
	put_cbor(&b, CBOR_UINT, 7);
	put_cbor(&b, CBOR_NEGATIVE, UINT64_MAX);
	put_cbor(&b, CBOR_UINT, 6);
	put_cbor_null(&b);
	uint8_t *copy;
	struct fl_event *event = opened(&b, &copy);
	const struct fl_event_facts *f = fl_event_facts(event);
	assert_int_equal(f->kind, FL_EVENT_TRACE);
	assert_null(f->software_version);
	assert_string_equal(f->software_type, "first");
	assert_false(f->has_captured_at || f->has_pc || f->has_lr || f->has_status);
	assert_false(f->has_trace_reason);
	fl_event_close(event);
	free(copy);
}

static void test_status_of_64_bits(void **state)
{
	(void)state;
	static const int64_t values[] = { 0, -1, INT32_MIN, INT64_MAX, INT64_MIN };
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		BYTES_AUTO info = { 0 };
		BYTES_AUTO b = { 0 };
		put_cbor(&info, CBOR_MAP, 1);
		put_cbor(&info, CBOR_UINT, 7);
		put_cbor_int(&info, values[i]);
		trace_of(&b, &info);
		uint8_t *copy;
		struct fl_event *event = opened(&b, &copy);
		assert_true(fl_event_facts(event)->has_status);
		assert_true(fl_event_facts(event)->status == values[i]);
		fl_event_close(event);
		free(copy);
	}
}

static void test_release_version_stands_in(void **state)
{
	(void)state;
	BYTES_AUTO b = { 0 };
	put_cbor(&b, CBOR_MAP, 2);
	put_cbor_pair(&b, 2, 1);
	put_cbor_pair_text(&b, 8, "0.9");
	uint8_t *copy;
	struct fl_event *event = opened(&b, &copy);
	assert_string_equal(fl_event_facts(event)->software_version, "0.9");
	assert_int_equal(fl_event_facts(event)->kind, FL_EVENT_OTHER);
	assert_int_equal(fl_event_facts(event)->type, 1);
	fl_event_close(event);
	free(copy);
}

static const struct fl_compact_log *
compact_of(const char *array, struct fl_event **event, uint8_t **copy)
{
	BYTES_AUTO info = { 0 };
	BYTES_AUTO value = { 0 };
	BYTES_AUTO b = { 0 };
	put_hex(&value, array);
	put_cbor(&info, CBOR_MAP, 1);
	put_cbor(&info, CBOR_UINT, 9);
	put(&info, value.data, value.size);
	trace_of(&b, &info);
	*event = opened(&b, copy);
	const struct fl_event_facts *f = fl_event_facts(*event);
	assert_int_equal(f->compact_log_size, value.size);
	assert_memory_equal(f->compact_log, value.data, value.size);
	return f->compact;
}

static void test_compact_logs(void **state)
{
	(void)state;
	struct fl_event *event;
	uint8_t *copy;
	const struct fl_compact_log *log = compact_of("820824", &event, &copy);
	assert_int_equal(log->offset, 8);
	assert_int_equal(log->argument_count, 1);
	assert_int_equal(log->arguments[0].kind, FL_LOG_INT32);
	assert_int_equal(log->arguments[0].integer, -5);
	assert_false(log->too_long);
	fl_event_close(event);
	free(copy);

	log = compact_of("84 1864 fb3ff8000000000000 626162 8107", &event, &copy);
	assert_int_equal(log->offset, 100);
	assert_int_equal(log->argument_count, 3);
	assert_int_equal(log->arguments[0].kind, FL_LOG_DOUBLE);
	assert_true(log->arguments[0].number == 1.5);
	assert_int_equal(log->arguments[1].kind, FL_LOG_TEXT);
	assert_string_equal(log->arguments[1].text, "ab");
	assert_int_equal(log->arguments[2].kind, FL_LOG_INT64);
	assert_int_equal(log->arguments[2].integer, 7);
	fl_event_close(event);
	free(copy);

	log = compact_of("82 08 a2 0001 01 18c8", &event, &copy);
	assert_int_equal(log->offset, 8);
	assert_true(log->too_long);
	assert_int_equal(log->original_size, 200);
	assert_int_equal(log->argument_count, 0);
	fl_event_close(event);
	free(copy);
}

static void test_compact_logs_of_other_shapes(void **state)
{
	(void)state;
	static const struct {
		const char *array;
		bool good;
	} cases[] = {
		{ "81 08", true },
		{ "9f 08 07 ff", true },
		{ "82 08 81 3b7fffffffffffffff", true }, /* the least int64 */
		{ "82 08 81 1bffffffffffffffff", true }, /* the greatest uint64 */
		{ "82 08 81 3bffffffffffffffff", false },
		{ "82 08 f6", true },
		{ "82 08 80", false },
		{ "82 08 82 01 02", false },
		{ "82 08 a1 00 02", false },
		{ "83 08 a2 00 01 01 05 07", false },
		{ "80", false },
		{ "81 20", false },
		{ "81 1b 0000000100000000", false },
		{ "90 08 010101010101010101010101010101", true },    /* 15 */
		{ "91 08 01010101010101010101010101010101", false }, /* 16 */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_event *event;
		uint8_t *copy;
		const struct fl_compact_log *log = compact_of(cases[i].array, &event, &copy);
		if (!log == cases[i].good)
			fail_msg("%s", cases[i].array);
		fl_event_close(event);
		free(copy);
	}
}

/* Every proper prefix of an event is refused, and where it ends is said. */
static void test_every_truncation_is_refused(void **state)
{
	(void)state;
	BYTES_AUTO b = { 0 };
	put_hex(&b, "a8 0202 " IDENTITY "011a6553f100 "
		    "04 a5 01198001 021a08000310 031a08000201 0501 09820824");
	for (size_t n = 0; n < b.size; n++) {
		uint8_t *copy = exact_copy(b.data, n);
		struct fl_event *event = NULL;
		struct fl_error err = { 0 };
		assert_int_equal(fl_event_open(copy, n, &event, &err), FL_EFORMAT);
		assert_null(event);
		assert_true(err.at <= n);
		assert_non_null(strstr(err.message, "ends early at byte "));
		free(copy);
	}
}

/* Only the lines of a set of logs may be missing. */
static void test_logs_may_end_early(void **state)
{
	(void)state;
	BYTES_AUTO b = { 0 };
	put_hex(&b, "a7 0206 " IDENTITY "04 86 1a6553f100 01 626869 00 03 63626164");
	size_t info = b.size - 16;
	assert_int_equal(b.data[info], 0x86);
	for (size_t n = 0; n <= b.size; n++) {
		uint8_t *copy = exact_copy(b.data, n);
		struct fl_event *event = NULL;
		struct fl_error err = { 0 };
		enum fl_code code = fl_event_open(copy, n, &event, &err);
		assert_int_equal(code, n > info ? FL_OK : FL_EFORMAT);
		if (!code)
			assert_identity(fl_event_facts(event));
		fl_event_close(event);
		free(copy);
	}
}

static void test_what_is_no_event(void **state)
{
	(void)state;
	static const struct {
		const char *hex;
		uint64_t at;
	} cases[] = {
		{ "80", 0 },                              /* an array */
		{ "00", 0 },                              /* a number */
		{ "a0", 0 },                              /* no type */
		{ "a1 0901", 0 },                         /* neither */
		{ "a1 0202", 0 },                         /* a trace event without information */
		{ "a2 0202 0401", 0 },                    /* information that is no map */
		{ "a1 0201 00", 3 },                      /* something behind it */
		{ "ff", 0 },                              /* an end without a beginning */
		{ "bf 02 ff", 2 },                        /* a key without a value */
		{ "a1 02 ff", 2 },                        /* the same */
		{ "bf 0201 07 7f 61 61 41 62 ff ff", 7 }, /* bytes within a text */
		{ "bf 0201 07 7f 7f ff ff ff", 5 },       /* strings do not nest */
		{ "a2 0201 04 ef", 4 },                   /* an unassigned value */
		{ "a2 0206 04 82 00 ef", 6 }, /* also in logs, which may only end early */
		{ "a2 0201 04 1c", 4 },       /* a reserved one */
		{ "ba ffffffff 0201", 7 },    /* more pairs than bytes */
		{ "bb ffffffffffffffff 0201", 11 },
		{ "a2 0201 07 7b ffffffffffffffff", 4 }, /* a text longer than memory */
		{ "a2 0201 04 9b ffffffffffffffff 00", 14 },
		{ "c0 c0 c0", 3 }, /* tags of nothing */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		BYTES_AUTO b = { 0 };
		put_hex(&b, cases[i].hex);
		refused(&b, FL_EFORMAT, cases[i].at);
	}
}

static void nested(struct bytes *b, size_t depth)
{
	put_hex(b, "a2 0202 04 a1 09");
	for (size_t i = 0; i < depth; i++)
		put_cbor(b, CBOR_ARRAY, 1);
	put_cbor(b, CBOR_UINT, 0);
}

static void test_nesting_is_bounded(void **state)
{
	(void)state;
	BYTES_AUTO fits = { 0 };
	BYTES_AUTO deep = { 0 };
	BYTES_AUTO deepest = { 0 };
	uint8_t *copy;
	nested(&fits, FL_LIMIT_CBOR_DEPTH - 1);
	struct fl_event *event = opened(&fits, &copy);
	assert_null(fl_event_facts(event)->compact);
	fl_event_close(event);
	free(copy);
	nested(&deep, FL_LIMIT_CBOR_DEPTH);
	refused(&deep, FL_ELIMIT, deep.size - 2);
	nested(&deepest, 1000000);
	refused(&deepest, FL_ELIMIT, 6 + FL_LIMIT_CBOR_DEPTH - 1);
}

static void test_null_is_closed(void **state)
{
	(void)state;
	fl_event_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reboot_by_pin),
		cmocka_unit_test(test_reboot_by_assert),
		cmocka_unit_test(test_trace_with_status),
		cmocka_unit_test(test_logs_are_one_clean_line),
		cmocka_unit_test(test_long_texts_are_cut),
		cmocka_unit_test(test_short_build_ids),
		cmocka_unit_test(test_all_of_cbor_is_understood),
		cmocka_unit_test(test_odd_values_are_not_said),
		cmocka_unit_test(test_status_of_64_bits),
		cmocka_unit_test(test_release_version_stands_in),
		cmocka_unit_test(test_compact_logs),
		cmocka_unit_test(test_compact_logs_of_other_shapes),
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_logs_may_end_early),
		cmocka_unit_test(test_what_is_no_event),
		cmocka_unit_test(test_nesting_is_bounded),
		cmocka_unit_test(test_null_is_closed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
