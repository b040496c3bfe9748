/* SPDX-License-Identifier: Apache-2.0 */
/* What a reader must put up with, and what it must refuse with one clear line. */
#include "base/limits.h"
#include "dump/dump.h"
#include "support/cmocka.h"
#include "support/dump_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct dump_registers registers = { .sp = 0x20000000, .pc = 0x8000100 };

/* A dump that everything below breaks in one way. */
static void begin(struct dump_writer *w, uint32_t version)
{
	dump_begin(w, version);
	dump_add_registers(w, &registers);
	dump_add_text(w, 10, "1.2.3");
	dump_add_machine(w, 40);
	dump_add_reason(w, 0x9100);
	dump_add_memory(w, 0x20000000, "0123456789abcdef", 16);
}

static void put_total(struct dump_writer *w, uint32_t total)
{
	for (unsigned i = 0; i < 4; i++)
		w->bytes[8 + i] = (uint8_t)(total >> 8 * i);
}

static void append(struct dump_writer *w, const void *bytes, size_t size)
{
	w->bytes = realloc(w->bytes, w->size + size);
	assert_non_null(w->bytes);
	memcpy(w->bytes + w->size, bytes, size);
	w->size += size;
	w->room = w->size;
}

static void
expect(const struct dump_writer *w, bool truncated, const char *finding, size_t span_count)
{
	FL_AUTO(fl_dump) dump = NULL;
	struct fl_error err = { 0 };
	uint8_t *copy = dump_copy(w->bytes, w->size);
	if (fl_dump_open(copy, w->size, &dump, &err))
		fail_msg("%s", err.message);
	assert_int_equal(fl_dump_facts(dump)->truncated, truncated);
	size_t count;
	fl_dump_spans(dump, &count);
	assert_int_equal(count, span_count);
	const struct fl_findings *findings = fl_dump_findings(dump);
	assert_int_equal(findings->count, finding ? 1 : 0);
	if (finding && !strstr(findings->items[0].text, finding))
		fail_msg("finding: %s", findings->items[0].text);
	if (finding)
		assert_true(findings->items[0].at <= w->size);
	free(copy);
}

static void test_nothing_to_say(void **state)
{
	(void)state;
	for (uint32_t version = 1; version <= 2; version++) {
		DUMP_AUTO w;
		begin(&w, version);
		dump_end(&w, false);
		expect(&w, false, NULL, 1);
	}
}

static void test_trailing_bytes(void **state)
{
	(void)state;
	DUMP_AUTO w;
	begin(&w, 2);
	dump_end(&w, false);
	append(&w, "\xff\xff\xff\xff\xff", 5);
	expect(&w, false, "5 bytes follow the dump", 1);
}

static void test_file_shorter_than_its_header_says(void **state)
{
	(void)state;
	DUMP_AUTO w;
	begin(&w, 1);
	dump_end(&w, false);
	put_total(&w, (uint32_t)w.size + 100);
	expect(&w, true, "only", 1);
}

static void test_useless_total_size(void **state)
{
	static const uint32_t totals[] = { 0, 11, UINT32_MAX };
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		DUMP_AUTO w;
		begin(&w, 2);
		dump_end(&w, false);
		put_total(&w, totals[i]);
		expect(&w, false, "all were read", 1);
	}
}

/* A flash partition read whole: erased bytes behind the footer are not blocks. */
static void test_useless_total_size_and_a_footer_in_the_middle(void **state)
{
	char erased[64];
	(void)state;
	memset(erased, 0xff, sizeof(erased));
	DUMP_AUTO w;
	begin(&w, 2);
	dump_end(&w, false);
	put_total(&w, 0);
	append(&w, erased, sizeof(erased));
	FL_AUTO(fl_dump) dump = NULL;
	assert_int_equal(fl_dump_open(w.bytes, w.size, &dump, NULL), FL_OK);
	assert_false(fl_dump_facts(dump)->truncated);
	assert_int_equal(fl_dump_findings(dump)->count, 2);
	assert_non_null(strstr(fl_dump_findings(dump)->items[1].text, "not the last thing"));
}

static void test_missing_footer(void **state)
{
	(void)state;
	DUMP_AUTO w;
	begin(&w, 2);
	dump_end_without_footer(&w);
	expect(&w, false, "footer is missing", 1);
}

static void test_footer_in_version_1(void **state)
{
	(void)state;
	DUMP_AUTO w;
	begin(&w, 1);
	append(&w, "DUMP\1\0\0\0\0\0\0\0\0\0\0\0", 16);
	dump_end(&w, false);
	expect(&w, true, NULL, 1);
}

static void test_footer_before_a_block(void **state)
{
	(void)state;
	DUMP_AUTO w;
	begin(&w, 2);
	append(&w, "DUMP\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	dump_add_memory(&w, 0x30000000, "more", 4);
	dump_end_without_footer(&w);
	expect(&w, false, "not the last thing", 2);
}

static void test_block_longer_than_the_file(void **state)
{
	static const uint32_t lengths[] = { 9, 0x7fffffff, 0xffffffff };
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		DUMP_AUTO w;
		begin(&w, 1);
		dump_block_lying(&w, 1, 0x30000000, lengths[i], "12345678", 8);
		dump_end(&w, false);
		expect(&w, true, "has 8 of its", 2);
	}
}

static void test_part_of_a_block_header(void **state)
{
	(void)state;
	DUMP_AUTO w;
	begin(&w, 1);
	append(&w, "\1\0\0\0\0\0\0\0\0\0\0", 11);
	dump_end(&w, false);
	expect(&w, true, "inside a block header", 1);
}

static void test_unknown_blocks_are_skipped(void **state)
{
	(void)state;
	DUMP_AUTO w;
	begin(&w, 2);
	dump_block(&w, 77, 0, "?????", 5);
	dump_block(&w, 255, 0, "??", 2);
	dump_add_memory(&w, 0x30000000, "1234", 4);
	dump_end(&w, false);
	expect(&w, false, "unknown type 77", 2);
}

static void test_zero_length_blocks(void **state)
{
	(void)state;
	DUMP_AUTO w;
	begin(&w, 2);
	for (uint8_t type = 1; type < 20; type++)
		if (type != 5 && type != 7 && type != 8 && type != 12 && type < 13)
			dump_block(&w, type, 0x40000000, NULL, 0);
	dump_end(&w, false);
	expect(&w, false, NULL, 1);
}

static void test_strings_that_disagree(void **state)
{
	(void)state;
	DUMP_AUTO w;
	begin(&w, 2);
	dump_add_text(&w, 10, "1.2.3");
	dump_add_text(&w, 10, "4.5.6");
	dump_end(&w, false);
	expect(&w, false, "software version twice", 1);
	FL_AUTO(fl_dump) dump = NULL;
	assert_int_equal(fl_dump_open(w.bytes, w.size, &dump, NULL), FL_OK);
	assert_string_equal(fl_dump_identity(dump)->software_version, "1.2.3");
}

static void test_other_facts_that_disagree(void **state)
{
	static const uint8_t ids[2][20] = { { 1 }, { 2 } };
	(void)state;
	DUMP_AUTO w;
	begin(&w, 2);
	dump_add_reason(&w, 0x8001);
	dump_end(&w, false);
	expect(&w, false, "reboot reason twice", 1);
	DUMP_AUTO two;
	begin(&two, 2);
	dump_add_build_id(&two, ids[0]);
	dump_add_build_id(&two, ids[1]);
	dump_end(&two, false);
	expect(&two, false, "build id twice", 1);
}

static void test_blocks_of_a_wrong_size(void **state)
{
	static const struct {
		uint8_t type;
		size_t size;
		const char *finding;
	} cases[] = {
		{ 5, 2, "reboot reason" },       { 7, 1, "machine type" },
		{ 12, 19, "build id" },          { 0, 40, "too short" },
		{ 0, 70, "no number of words" }, { 8, 9, "another format" },
	};
	static const uint8_t zeros[80];
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		DUMP_AUTO w;
		dump_begin(&w, 2);
		dump_block(&w, cases[i].type, 0, zeros, cases[i].size);
		dump_end(&w, false);
		expect(&w, false, cases[i].finding, 0);
	}
}

static void test_block_past_the_end_of_memory(void **state)
{
	(void)state;
	DUMP_AUTO w;
	begin(&w, 2);
	dump_add_memory(&w, 0xfffffff8, "0123456789abcdef", 16);
	dump_end(&w, false);
	expect(&w, false, "passes the end", 2);
	FL_AUTO(fl_dump) dump = NULL;
	assert_int_equal(fl_dump_open(w.bytes, w.size, &dump, NULL), FL_OK);
	char buf[8];
	assert_int_equal(fl_dump_read(dump, 0xfffffff8, buf, 8, NULL), FL_OK);
	assert_memory_equal(buf, "01234567", 8);
	size_t count;
	assert_int_equal(fl_dump_spans(dump, &count)[1].size, 8);
	assert_int_equal(fl_dump_read(dump, 0, buf, 1, NULL), FL_EUNMAPPED);
}

static void test_registers_missing(void **state)
{
	(void)state;
	DUMP_AUTO w;
	dump_begin(&w, 2);
	dump_add_memory(&w, 0x20000000, "1234", 4);
	dump_end(&w, false);
	expect(&w, false, NULL, 1);
}

static void test_registers_cut_short(void **state)
{
	(void)state;
	DUMP_AUTO w;
	dump_begin(&w, 2);
	dump_add_registers(&w, &registers);
	dump_end_without_footer(&w);
	for (size_t size = 12 + 12 + 4; size < 12 + 12 + 76; size++) {
		FL_AUTO(fl_dump) dump = NULL;
		uint8_t *copy = dump_copy(w.bytes, size);
		assert_int_equal(fl_dump_open(copy, size, &dump, NULL), FL_OK);
		size_t count;
		const struct fl_registers *regs = fl_dump_contexts(dump, &count);
		assert_int_equal(count, 1);
		for (unsigned reg = 0; reg < FL_REGISTER_COUNT; reg++)
			assert_int_equal(fl_reg_known(regs, reg), reg < (size - 24) / 4);
		free(copy);
	}
}

/* Only the block that was cut may be short. */
static void test_short_registers_before_the_cut(void **state)
{
	static const uint8_t zeros[40];
	(void)state;
	DUMP_AUTO w;
	dump_begin(&w, 1);
	dump_block(&w, 0, 0, zeros, sizeof(zeros));
	dump_block_lying(&w, 1, 0x20000000, 100, zeros, sizeof(zeros));
	dump_end(&w, false);
	FL_AUTO(fl_dump) dump = NULL;
	assert_int_equal(fl_dump_open(w.bytes, w.size, &dump, NULL), FL_OK);
	size_t count;
	fl_dump_contexts(dump, &count);
	assert_int_equal(count, 0);
	assert_true(fl_dump_facts(dump)->truncated);
}

/* Anything else at the clock's address is memory. */
static void test_what_is_no_clock(void **state)
{
	(void)state;
	DUMP_AUTO cut;
	dump_begin(&cut, 1);
	dump_block_lying(&cut, 1, 0xfffffffc, 100, "1234", 4);
	dump_end(&cut, false);
	FL_AUTO(fl_dump) dump = NULL;
	assert_int_equal(fl_dump_open(cut.bytes, cut.size, &dump, NULL), FL_OK);
	assert_false(fl_dump_facts(dump)->has_capture_time);
	DUMP_AUTO two;
	dump_begin(&two, 1);
	dump_block(&two, 1, 0xfffffffc, "12", 2);
	dump_end(&two, false);
	expect(&two, false, NULL, 1);
}

/* Two runs with a byte between them. */
static void expect_run(unsigned shift, unsigned before, unsigned length)
{
	char bytes[64] = { 0 };
	memset(bytes + shift, 0xef, before);
	memset(bytes + shift + before + 1, 0xef, length);
	bool expected = before == 16 || length == 16;
	DUMP_AUTO w;
	begin(&w, 2);
	dump_add_memory(&w, 0x30000000, bytes, sizeof(bytes));
	dump_end(&w, false);
	expect(&w, false, expected ? "16 bytes of 0xef" : NULL, 2);
}

static void test_unreadable_storage(void **state)
{
	char run[20];
	(void)state;
	memset(run, 0xef, sizeof(run));
	DUMP_AUTO inside;
	begin(&inside, 2);
	dump_add_memory(&inside, 0x30000000, run, 16);
	dump_end(&inside, false);
	expect(&inside, false, "16 bytes of 0xef", 2);

	for (unsigned shift = 0; shift < 16; shift++)
		for (unsigned before = 0; before < 20; before++)
			for (unsigned length = 14; length < 19; length++)
				expect_run(shift, before, length);

	DUMP_AUTO filled; /* a stack that a kernel filled, not a failure */
	begin(&filled, 2);
	dump_add_memory(&filled, 0x30000000, run, 20);
	dump_end(&filled, false);
	expect(&filled, false, NULL, 2);

	DUMP_AUTO header;
	begin(&header, 1);
	append(&header, run, 16);
	dump_add_memory(&header, 0x30000000, "1234", 4);
	dump_end(&header, false);
	FL_AUTO(fl_dump) dump = NULL;
	assert_int_equal(fl_dump_open(header.bytes, header.size, &dump, NULL), FL_OK);
	assert_true(fl_dump_facts(dump)->truncated);
	assert_non_null(strstr(fl_dump_findings(dump)->items[0].text, "the rest is lost"));
}

static void test_limits(void **state)
{
	char text[FL_LIMIT_STRING + 10];
	(void)state;
	memset(text, 'x', sizeof(text));
	DUMP_AUTO w;
	dump_begin(&w, 2);
	dump_block(&w, 2, 0, text, sizeof(text));
	dump_end(&w, false);
	expect(&w, false, "was cut to 1024", 0);

	DUMP_AUTO regions;
	dump_begin(&regions, 2);
	for (uint32_t i = 0; i < FL_LIMIT_REGIONS + 10; i++)
		dump_add_memory(&regions, i * 8, "1234", 4);
	dump_end(&regions, false);
	expect(&regions, false, "more than 4096 memory blocks", FL_LIMIT_REGIONS);

	DUMP_AUTO contexts;
	dump_begin(&contexts, 2);
	for (uint32_t i = 0; i < FL_LIMIT_CONTEXTS + 3; i++)
		dump_add_registers(&contexts, &registers);
	dump_end(&contexts, false);
	expect(&contexts, false, "more than 16 register blocks", 0);
}

/* Under 12 bytes there is nothing to keep; from there on a prefix is a dump that is cut short. */
static void test_every_truncation(void **state)
{
	(void)state;
	DUMP_AUTO w;
	begin(&w, 2);
	dump_end(&w, false);
	for (size_t n = 0; n < w.size; n++) {
		uint8_t *copy = dump_copy(w.bytes, n);
		FL_AUTO(fl_dump) dump = NULL;
		struct fl_error err = { 0 };
		enum fl_code code = fl_dump_open(copy, n, &dump, &err);
		assert_int_equal(code, n < 12 ? FL_EFORMAT : FL_OK);
		if (code) {
			assert_null(dump);
			assert_true(err.at <= n);
			assert_true(err.message[0]);
		} else {
			assert_true(fl_dump_facts(dump)->truncated);
			assert_true(fl_dump_findings(dump)->count > 0);
		}
		free(copy);
	}
}

static void test_refusals(void **state)
{
#define BYTES(text) text, sizeof(text) - 1
	static const struct {
		const char *bytes;
		size_t size;
		enum fl_code code;
		const char *message;
	} cases[] = {
		{ BYTES(""), FL_EFORMAT, "not a coredump: this is an empty file" },
		{ BYTES("\177ELF\1\1\1"), FL_EFORMAT, "an ELF file" },
		{ BYTES("\0\0\0\0\0\0\0\0"), FL_EFORMAT, "nothing but zeros" },
		{ BYTES("\xff\xff\xff\xff"), FL_EFORMAT, "erased flash" },
		{ BYTES("\x08\x81\x07"), FL_EFORMAT, "a chunk" },
		{ BYTES("\x48\x81\x20"), FL_EFORMAT, "first chunk" },
		{ BYTES("MC:CAKmAgED"), FL_EFORMAT, "exported chunks" },
		{ BYTES("\x1f\x8b\x08\0"), FL_EFORMAT, "gzip" },
		{ BYTES("\x28\xb5\x2f\xfd"), FL_EFORMAT, "zstd" },
		{ BYTES("PK\3\4...."), FL_EFORMAT, "ZIP" },
		{ BYTES("ZE\2\0\3\0\5"), FL_EFORMAT, "Zephyr" },
		{ BYTES("EROC\0\0\0\2"), FL_EFORMAT, "swapped" },
		{ BYTES("hello world\n"), FL_EFORMAT, "this is text" },
		{ BYTES("COR"), FL_EFORMAT, "this is text" },
		{ BYTES("\1\2\3"), FL_EFORMAT, "begins with 01 02 03" },
		{ BYTES("\1\2\3CORE\2\0\0\0\x0c\0\0\0"), FL_EFORMAT, "at offset 3" },
		{ BYTES("CORE\2\0\0"), FL_EFORMAT, "ends inside its header, after 7 bytes" },
		{ BYTES("CORE\3\0\0\0\x0c\0\0\0"), FL_EUNSUPPORTED, "of version 3" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		FL_AUTO(fl_dump) dump = NULL;
		struct fl_error err = { 0 };
		uint8_t *copy = dump_copy(cases[i].bytes, cases[i].size);
		assert_int_equal(fl_dump_open(copy, cases[i].size, &dump, &err), cases[i].code);
		if (!strstr(err.message, cases[i].message))
			fail_msg("%s", err.message);
		assert_null(strchr(err.message, '\n'));
		free(copy);
	}
	struct fl_dump *dump = NULL;
	assert_int_equal(fl_dump_open(NULL, 0, &dump, NULL), FL_EFORMAT);
	fl_dump_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_to_say),
		cmocka_unit_test(test_trailing_bytes),
		cmocka_unit_test(test_file_shorter_than_its_header_says),
		cmocka_unit_test(test_useless_total_size),
		cmocka_unit_test(test_useless_total_size_and_a_footer_in_the_middle),
		cmocka_unit_test(test_missing_footer),
		cmocka_unit_test(test_footer_in_version_1),
		cmocka_unit_test(test_footer_before_a_block),
		cmocka_unit_test(test_block_longer_than_the_file),
		cmocka_unit_test(test_part_of_a_block_header),
		cmocka_unit_test(test_unknown_blocks_are_skipped),
		cmocka_unit_test(test_zero_length_blocks),
		cmocka_unit_test(test_strings_that_disagree),
		cmocka_unit_test(test_other_facts_that_disagree),
		cmocka_unit_test(test_blocks_of_a_wrong_size),
		cmocka_unit_test(test_block_past_the_end_of_memory),
		cmocka_unit_test(test_registers_missing),
		cmocka_unit_test(test_registers_cut_short),
		cmocka_unit_test(test_short_registers_before_the_cut),
		cmocka_unit_test(test_what_is_no_clock),
		cmocka_unit_test(test_unreadable_storage),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_refusals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
