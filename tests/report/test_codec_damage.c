/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cmocka.h"
#include "support/codec.h"
#include "support/same_trace.h"
#include "support/traces.h"

#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_every_truncation_is_refused(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = trace_make_full();
	FL_AUTO_BUFFER bytes = report_encoded(report);
	for (size_t n = 0; n < bytes.size; n++) {
		uint8_t *copy = malloc(n ? n : 1);
		memcpy(copy, bytes.data, n);
		struct fl_report *back = NULL;
		struct fl_error err = { 0 };
		assert_int_equal(fl_report_decode(copy, n, &back, &err), FL_EFORMAT);
		assert_null(back);
		assert_int_equal(err.at_kind, FL_AT_FILE_OFFSET);
		assert_true(err.at <= n && err.message[0]);
		free(copy);
	}
}

/* Also with the total size corrected, so that the sections themselves are cut. */
static void test_every_truncated_section_is_refused(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = trace_make_full();
	FL_AUTO_BUFFER bytes = report_encoded(report);
	for (size_t n = 12; n < bytes.size; n++) {
		uint8_t *copy = malloc(n);
		memcpy(copy, bytes.data, n);
		for (unsigned i = 0; i < 4; i++)
			copy[8 + i] = (uint8_t)(n >> (8 * i));
		struct fl_report *back = NULL;
		struct fl_error err = { 0 };
		assert_int_equal(fl_report_decode(copy, n, &back, &err), FL_EFORMAT);
		assert_true(err.at <= n && err.message[0]);
		free(copy);
	}
}

/* For who wants the facts only, too: nothing is accepted that cannot be decoded. */
static bool decodes(const struct fl_buffer *bytes, struct fl_report **ret)
{
	FL_AUTO(fl_report) facts = NULL;
	struct fl_error err = { 0 };
	struct fl_error other = { 0 };
	enum fl_code code = fl_report_decode(bytes->data, bytes->size, ret, &err);
	assert_int_equal(fl_report_decode_facts(bytes->data, bytes->size, &facts, &other), code);
	assert_string_equal(err.message, other.message);
	assert_int_equal(err.at, other.at);
	return code == FL_OK;
}

static void change_every_byte(const struct fl_report *report)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	FL_AUTO_BUFFER bytes = report_encoded(report);
	for (size_t at = 0; at < bytes.size; at++) {
		uint8_t before = bytes.data[at];
		for (size_t i = 0; i < sizeof(values); i++) {
			bytes.data[at] = values[i];
			FL_AUTO(fl_report) back = NULL;
			FL_AUTO_BUFFER text = { 0 };
			FL_AUTO_BUFFER again = { 0 };
			if (!decodes(&bytes, &back))
				continue;
			assert_int_equal(fl_report_text(back, NULL, &text, NULL), FL_OK);
			assert_int_equal(fl_report_encode(back, &again, NULL), FL_OK);
		}
		bytes.data[at] = before;
	}
}

/* Any byte, any value: either refused, or a report that can be written and rendered. */
static void test_every_changed_byte_is_survived(void **state)
{
	(void)state;
	FL_AUTO(fl_report) full = trace_make_full();
	change_every_byte(full);
	FL_AUTO(fl_report) threads = trace_make_threads();
	change_every_byte(threads);
}

static enum fl_code decode_changed(size_t at, uint8_t value, struct fl_error *err)
{
	FL_AUTO(fl_report) report = trace_make("Assert", "f;g");
	FL_AUTO_BUFFER bytes = report_encoded(report);
	FL_AUTO(fl_report) back = NULL;
	bytes.data[at] = value;
	return fl_report_decode(bytes.data, bytes.size, &back, err);
}

static void test_versions(void **state)
{
	(void)state;
	struct fl_error err = { 0 };
	assert_int_equal(decode_changed(4, 3, &err), FL_EUNSUPPORTED);
	assert_non_null(strstr(err.message, "newer"));
	assert_int_equal(decode_changed(4, 0, &err), FL_EFORMAT);
	assert_int_equal(decode_changed(5, 9, &err), FL_OK);
	assert_int_equal(decode_changed(0, 'f', &err), FL_EFORMAT);
	assert_int_equal(err.at, 0);
}

/* Insert @p size bytes at @p at and correct the sizes that span it. */
static void insert(struct fl_buffer *b, size_t at, const void *bytes, size_t size)
{
	b->data = realloc(b->data, b->size + size);
	memmove(b->data + at + size, b->data + at, b->size - at);
	memcpy(b->data + at, bytes, size);
	b->size += size;
	for (unsigned i = 0; i < 4; i++)
		b->data[8 + i] = (uint8_t)(b->size >> (8 * i));
}

static void lengthen(struct fl_buffer *bytes, unsigned id, const void *more, size_t size)
{
	size_t payload;
	uint32_t new_size = report_section(bytes, id, &payload) + (uint32_t)size;
	insert(bytes, payload + new_size - size, more, size);
	memcpy(bytes->data + payload - 4, &new_size, sizeof(new_size));
}

enum { STRINGS_ID = 1, THREADS_ID = 7, KERNEL_ID = 11 };

static void expect_refused(const struct fl_buffer *bytes, const char *why)
{
	struct fl_report *back = NULL;
	struct fl_error err = { 0 };
	assert_int_equal(fl_report_decode(bytes->data, bytes->size, &back, &err), FL_EFORMAT);
	if (!strstr(err.message, why))
		fail_msg("%s", err.message);
}

/* As many texts as the section says, no more and no fewer. */
static void test_numbers_of_texts(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = trace_make("Assert", "f;g");
	FL_AUTO_BUFFER bytes = report_encoded(report);
	size_t payload;
	(void)report_section(&bytes, STRINGS_ID, &payload);
	bytes.data[payload]--;
	expect_refused(&bytes, "texts behind the last");
	bytes.data[payload] += 2;
	expect_refused(&bytes, "texts without an end");
	bytes.data[payload]--;
	fl_report_close(report_decoded(&bytes));
	memcpy(bytes.data + payload + 4, "\xff\xff\xff\x7f", 4); /* of all texts */
	expect_refused(&bytes, "size of all texts");
}

/* What a later minor version may add: sections, and fields at the end of a section. */
static void test_later_additions_are_skipped(void **state)
{
	(void)state;
	static const uint8_t other[] = { 77, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3 };
	FL_AUTO(fl_report) report = trace_make("Assert", "f;g");
	FL_AUTO_BUFFER bytes = report_encoded(report);
	FL_AUTO_BUFFER plain = report_encoded(report);
	insert(&bytes, bytes.size, other, sizeof(other));
	bytes.data[6]++;
	FL_AUTO(fl_report) back = report_decoded(&bytes);
	FL_AUTO_BUFFER again = report_encoded(back);
	assert_same_report_bytes(&plain, &again);

	for (unsigned id = STRINGS_ID; id <= KERNEL_ID; id++) {
		FL_AUTO_BUFFER longer = report_encoded(report);
		lengthen(&longer, id, "xy", 2);
		struct fl_report *refused = NULL;
		assert_int_equal(fl_report_decode(longer.data, longer.size, &refused, NULL),
				 FL_EFORMAT);
		longer.data[5] = 1;
		FL_AUTO(fl_report) accepted = report_decoded(&longer);
		FL_AUTO_BUFFER without = report_encoded(accepted);
		assert_same_report_bytes(&plain, &without);
	}
}

/* The same in a file of version 1, whose minor version 2 is the last. */
static void test_later_additions_to_version_1(void **state)
{
	(void)state;
	struct fl_buffer file;
	FL_AUTO(fl_report) report = report_stored(FL_TESTS "/report/golden/full-1.2.flrp", &file);
	FL_AUTO_BUFFER bytes = { .data = malloc(file.size), .size = file.size };
	memcpy(bytes.data, file.data, file.size);
	lengthen(&bytes, 12, "xy", 2);
	struct fl_report *refused = NULL;
	assert_int_equal(fl_report_decode(bytes.data, bytes.size, &refused, NULL), FL_EFORMAT);
	bytes.data[5] = 3;
	FL_AUTO(fl_report) back = report_decoded(&bytes);
	same_trace(&report->trace, &back->trace);
}

/* Without its last section; @p minor is what the file says it is. */
static enum fl_code decode_shorter(const struct fl_buffer *file, unsigned last, uint8_t minor,
				   struct fl_report **ret, struct fl_error *err)
{
	FL_AUTO_BUFFER bytes = { .data = malloc(file->size), .size = file->size };
	memcpy(bytes.data, file->data, file->size);
	size_t payload;
	(void)report_section(&bytes, last, &payload);
	bytes.size = payload - 8;
	bytes.data[5] = minor;
	bytes.data[6]--;
	for (unsigned i = 0; i < 4; i++)
		bytes.data[8 + i] = (uint8_t)(bytes.size >> (8 * i));
	return fl_report_decode(bytes.data, bytes.size, ret, err);
}

static void test_a_missing_section_is_refused(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = trace_make("Assert", "f;g");
	FL_AUTO_BUFFER bytes = report_encoded(report);
	struct fl_report *back = NULL;
	struct fl_error err = { 0 };
	assert_int_equal(decode_shorter(&bytes, KERNEL_ID, 0, &back, &err), FL_EFORMAT);
	assert_string_equal(err.message, "report ends after section 10 with 0 bytes left");
	struct fl_buffer file;
	FL_AUTO(fl_report) older = report_stored(FL_TESTS "/report/golden/full-1.2.flrp", &file);
	assert_int_equal(decode_shorter(&file, 12, 2, &back, &err), FL_EFORMAT);
	assert_string_equal(err.message, "report ends after section 11 with 0 bytes left");
	FL_AUTO(fl_report) oldest = NULL;
	assert_int_equal(decode_shorter(&file, 12, 1, &oldest, &err), FL_OK);
	assert_int_equal(oldest->trace.threads[0].frame_count, older->trace.threads[0].frame_count);
}

/*
 * A frame of which r1 is known alone: which registers its guess does not know, or knows and it does
 * not; which are told; those. It is the last that the section of the threads tells.
 */
static enum fl_code
decode_registers(const char *told, size_t size, struct fl_report **ret, struct fl_error *err)
{
	enum { R1_TOLD = 6 };
	FL_AUTO(fl_report) report = trace_make("Assert", "f");
	fl_reg_set(&report->trace.threads[0].frames[0].regs, FL_R1, 0x12345678);
	FL_AUTO_BUFFER bytes = report_encoded(report);
	size_t payload;
	size_t at = report_section(&bytes, THREADS_ID, &payload) - R1_TOLD;
	assert_memory_equal(bytes.data + payload + at, "\x02\x02\x78\x56\x34\x12", R1_TOLD);
	if (size > R1_TOLD)
		lengthen(&bytes, THREADS_ID, told + R1_TOLD, size - R1_TOLD);
	memcpy(bytes.data + payload + at, told, size < R1_TOLD ? size : R1_TOLD);
	return fl_report_decode(bytes.data, bytes.size, ret, err);
}

static void test_registers_that_contradict_themselves(void **state)
{
	(void)state;
	FL_AUTO(fl_report) good = NULL;
	struct fl_report *back = NULL;
	struct fl_error err = { 0 };
	assert_int_equal(decode_registers("\x02\x02\x21\x43\x65\x87", 6, &good, &err), FL_OK);
	const struct fl_registers *regs = &good->trace.threads[0].frames[0].regs;
	assert_int_equal(regs->known, 1u << FL_R1);
	assert_int_equal(regs->value[FL_R1], 0x87654321);
	static const struct {
		const char *told;
		size_t size;
	} cases[] = {
		{ "\x02\x00", 2 },                 /* known, and never told */
		{ "\x02\x01\x00\x00\x00\x00", 6 }, /* another one is told */
		{ "\x80\x80\x80\x80\x08\x80\x80\x80\x80\x08----",
		  14 }, /* there is none of that number */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(decode_registers(cases[i].told, cases[i].size, &back, &err),
				 FL_EFORMAT);
		assert_non_null(strstr(err.message, "register mask"));
	}
}

/* A word of a later version's list. */
static void test_words_of_later_versions(void **state)
{
	(void)state;
	struct fl_buffer bytes; /* where they are not packed */
	fl_report_close(report_stored(FL_TESTS "/report/golden/threads-1.2.flrp", &bytes));
	memcpy(memmem(bytes.data, bytes.size, "mutex", 5), "futex", 5);
	memcpy(memmem(bytes.data, bytes.size, "suspended", 9), "hibernate", 9);
	FL_AUTO(fl_report) back = report_decoded(&bytes);
	assert_int_equal(back->trace.threads[1].wait.kind, FL_WAIT_OBJECT);
	assert_string_equal(back->trace.threads[1].wait.object_name, "uart_lock");
	assert_int_equal(back->trace.threads[4].state, FL_THREAD_UNKNOWN);
}

static void test_sections_out_of_order_are_refused(void **state)
{
	(void)state;
	static const uint8_t again[] = { 9, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0 };
	FL_AUTO(fl_report) report = trace_make("Assert", "f;g");
	FL_AUTO_BUFFER bytes = report_encoded(report);
	insert(&bytes, bytes.size, again, sizeof(again));
	bytes.data[6]++;
	struct fl_report *back = NULL;
	struct fl_error err = { 0 };
	assert_int_equal(fl_report_decode(bytes.data, bytes.size, &back, &err), FL_EFORMAT);
	assert_int_equal(err.at, bytes.size - sizeof(again));
	bytes.data[12] = 2; /* the strings are no longer first */
	assert_int_equal(fl_report_decode(bytes.data, bytes.size, &back, &err), FL_EFORMAT);
	assert_int_equal(err.at, 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_of_texts),
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_every_truncated_section_is_refused),
		cmocka_unit_test(test_every_changed_byte_is_survived),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_later_additions_are_skipped),
		cmocka_unit_test(test_later_additions_to_version_1),
		cmocka_unit_test(test_a_missing_section_is_refused),
		cmocka_unit_test(test_registers_that_contradict_themselves),
		cmocka_unit_test(test_words_of_later_versions),
		cmocka_unit_test(test_sections_out_of_order_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
