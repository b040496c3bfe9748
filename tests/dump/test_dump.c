/* SPDX-License-Identifier: Apache-2.0 */
/* What a well-formed dump says. */
#include "base/hash.h"
#include "dump/dump.h"
#include "support/cmocka.h"
#include "support/dump_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * 280 bytes as the vendor SDK 1.43.0 writes them when its storage ends 8 bytes early: odd offsets
 * after the strings, a padding block, a region cut from 16 to 8 bytes, the footer with its flag.
 * The 76 bytes of registers are word i = 0x1000 + i.
 */
static const uint8_t worked_example[] = {
	/* clang-format off */
	/* 0000 */ 0x43, 0x4f, 0x52, 0x45, 0x02, 0, 0, 0, 0x18, 0x01, 0, 0,
	/* 000c */ 0x00, 0, 0, 0, 0, 0, 0, 0, 0x4c, 0, 0, 0,
	0x00, 0x10, 0, 0, 0x01, 0x10, 0, 0, 0x02, 0x10, 0, 0, 0x03, 0x10, 0, 0,
	0x04, 0x10, 0, 0, 0x05, 0x10, 0, 0, 0x06, 0x10, 0, 0, 0x07, 0x10, 0, 0,
	0x08, 0x10, 0, 0, 0x09, 0x10, 0, 0, 0x0a, 0x10, 0, 0, 0x0b, 0x10, 0, 0,
	0x0c, 0x10, 0, 0, 0x0d, 0x10, 0, 0, 0x0e, 0x10, 0, 0, 0x0f, 0x10, 0, 0,
	0x10, 0x10, 0, 0, 0x11, 0x10, 0, 0, 0x12, 0x10, 0, 0,
	/* 0064 */ 0x0c, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0,
	0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9,
	0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf, 0xb0, 0xb1, 0xb2, 0xb3,
	/* 0084 */ 0x0a, 0, 0, 0, 0, 0, 0, 0, 0x05, 0, 0, 0, 0x31, 0x2e, 0x32, 0x2e, 0x33,
	/* 0095 */ 0x0b, 0, 0, 0, 0, 0, 0, 0, 0x03, 0, 0, 0, 0x61, 0x70, 0x70,
	/* 00a4 */ 0x04, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0x65, 0x76,
	/* 00b2 */ 0x07, 0, 0, 0, 0, 0, 0, 0, 0x04, 0, 0, 0, 0, 0, 0, 0,
	/* 00c2 */ 0x05, 0, 0, 0, 0, 0, 0, 0, 0x04, 0, 0, 0, 0x00, 0x94, 0, 0,
	/* 00d2 */ 0x06, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0,
	/* 00e0 */ 0x01, 0, 0, 0, 0x24, 0xed, 0x00, 0xe0, 0x08, 0, 0, 0,
	0x00, 0x00, 0x07, 0x00, 0x00, 0x82, 0x00, 0x00,
	/* 00f4 */ 0x01, 0, 0, 0, 0xa0, 0xc0, 0x4a, 0x9b, 0x08, 0, 0, 0,
	0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
	/* 0108 */ 0x44, 0x55, 0x4d, 0x50, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	/* clang-format on */
};

static struct fl_dump *open_dump(const uint8_t *bytes, size_t size)
{
	struct fl_dump *dump = NULL;
	struct fl_error err = { 0 };
	if (fl_dump_open(bytes, size, &dump, &err))
		fail_msg("%s", err.message);
	return dump;
}

static uint32_t word_at(const struct fl_dump *dump, uint32_t addr)
{
	uint8_t b[4];
	struct fl_error err = { 0 };
	if (fl_dump_read(dump, addr, b, sizeof(b), &err))
		fail_msg("%s", err.message);
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static void test_worked_example(void **state)
{
	(void)state;
	assert_int_equal(sizeof(worked_example), 280);
	FL_AUTO(fl_dump) dump = open_dump(worked_example, sizeof(worked_example));

	const struct fl_dump_identity *identity = fl_dump_identity(dump);
	assert_string_equal(identity->software_version, "1.2.3");
	assert_string_equal(identity->software_type, "app");
	assert_string_equal(identity->hardware_version, "ev");
	assert_null(identity->device_serial);
	assert_int_equal(identity->build_id_size, 20);
	assert_memory_equal(identity->build_id, worked_example + 0x70, 20);
	assert_true(identity->has_reason);
	assert_int_equal(identity->reason, 0x9400);

	size_t count;
	const struct fl_registers *contexts = fl_dump_contexts(dump, &count);
	assert_int_equal(count, 1);
	for (unsigned reg = FL_R0; reg <= FL_PSP; reg++) {
		assert_true(fl_reg_known(contexts, reg));
		assert_int_equal(contexts->value[reg], 0x1000 + reg);
	}
	assert_false(fl_reg_known(contexts, FL_PRIMASK));

	const struct fl_span *spans = fl_dump_spans(dump, &count);
	assert_int_equal(count, 2);
	assert_int_equal(spans[0].addr, 0xe000ed24);
	assert_int_equal(spans[1].addr, 0x9b4ac0a0);
	assert_int_equal(spans[1].size, 8);
	assert_int_equal(word_at(dump, 0xe000ed28), 0x00008200);

	const struct fl_dump_facts *facts = fl_dump_facts(dump);
	uint8_t hash[16];
	fl_hash128(worked_example, sizeof(worked_example), hash);
	assert_memory_equal(facts->hash, hash, 16);
	assert_string_equal(facts->format, "memfault");
	assert_int_equal(facts->version, 2);
	assert_int_equal(facts->size, 280);
	assert_true(facts->truncated);
	assert_false(facts->has_capture_time);
	assert_int_equal(fl_dump_findings(dump)->count, 0);
}

static void test_register_block_lengths(void **state)
{
	static const struct {
		const char *name;
		size_t words;
		enum fl_register last; /* the last one known */
	} cases[] = {
		{ "17 words, before 0.0.13", 17, FL_XPSR },
		{ "18 words, by nobody", 18, FL_MSP },
		{ "19 words, devices", 19, FL_PSP },
		{ "21 words, the gdb script", 21, FL_CONTROL },
		{ "40 words, more than is known", 40, FL_CONTROL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t words[40];
		for (uint32_t w = 0; w < 40; w++)
			words[w] = 100 + w;
		DUMP_AUTO w;
		dump_begin(&w, 2);
		dump_add_register_words(&w, words, cases[i].words);
		dump_add_machine(&w, 40);
		dump_end(&w, false);
		print_message("%s\n", cases[i].name);
		FL_AUTO(fl_dump) dump = open_dump(w.bytes, w.size);
		size_t count;
		const struct fl_registers *regs = fl_dump_contexts(dump, &count);
		assert_int_equal(count, 1);
		for (unsigned reg = 0; reg < FL_REGISTER_COUNT; reg++)
			assert_int_equal(fl_reg_known(regs, reg), reg <= cases[i].last);
		assert_int_equal(regs->value[FL_PC], 115);
		assert_int_equal(regs->value[cases[i].last], 100 + cases[i].last);
	}
}

static void test_machines(void **state)
{
	static const struct {
		uint32_t machine;
		size_t words;
		enum fl_code code;
		const char *named;
	} cases[] = {
		{ 40, 19, FL_OK, NULL },
		{ 0, 19, FL_OK, NULL },
		{ 0, 17, FL_OK, NULL },
		{ 3, 19, FL_EUNSUPPORTED, "x86" },
		{ 0x10028, 17, FL_EUNSUPPORTED, "Arm Cortex-R" },
		{ 183, 68, FL_EUNSUPPORTED, "AArch64" },
		{ 94, 25, FL_EUNSUPPORTED, "Xtensa" },
		{ 0x3005e, 25, FL_EUNSUPPORTED, "Xtensa LX7, two cores" },
		{ 243, 37, FL_EUNSUPPORTED, "RISC-V" },
		{ 0x50028, 19, FL_EUNSUPPORTED, "machine 0x50028" },
		{ 0, 68, FL_EUNSUPPORTED, "AArch64" },
		{ 0, 37, FL_EUNSUPPORTED, "RISC-V" },
		{ 0, 73, FL_EUNSUPPORTED, "Xtensa" },
	};
	static const uint32_t words[80];
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		DUMP_AUTO w;
		dump_begin(&w, 2);
		dump_add_register_words(&w, words, cases[i].words);
		dump_add_machine(&w, cases[i].machine);
		dump_end(&w, false);
		FL_AUTO(fl_dump) dump = NULL;
		struct fl_error err = { 0 };
		print_message("machine 0x%x\n", (unsigned)cases[i].machine);
		assert_int_equal(fl_dump_open(w.bytes, w.size, &dump, &err), cases[i].code);
		if (cases[i].named)
			assert_non_null(strstr(err.message, cases[i].named));
		else
			assert_int_equal(fl_dump_facts(dump)->machine, cases[i].machine);
	}
}

static void test_several_contexts(void **state)
{
	static const struct dump_registers first = { .pc = 0x100 }, second = { .pc = 0x200 };
	(void)state;
	DUMP_AUTO w;
	dump_begin(&w, 2);
	dump_add_registers(&w, &first);
	dump_add_registers(&w, &second);
	dump_end(&w, false);
	FL_AUTO(fl_dump) dump = open_dump(w.bytes, w.size);
	size_t count;
	const struct fl_registers *contexts = fl_dump_contexts(dump, &count);
	assert_int_equal(count, 2);
	assert_int_equal(fl_dump_facts(dump)->context_count, 2);
	assert_int_equal(contexts[0].value[FL_PC], 0x100);
	assert_int_equal(contexts[1].value[FL_PC], 0x200);
}

/* The order, the clock and the odd SCB region of the vendor's gdb script; version 1, no footer. */
static void test_gdb_script_dump(void **state)
{
	static const uint32_t registers[21] = { [13] = 0x20001000, [15] = 0x8000100 };
	static const uint32_t mpu[] = { 0x800, 5, 0x20000000, 0x0600001b };
	uint8_t scb[143] = { [0] = 0x41, [1] = 0xc2, [2] = 0x0f, [3] = 0x41 };
	(void)state;
	DUMP_AUTO w;
	dump_begin(&w, 1);
	dump_add_register_words(&w, registers, 21);
	dump_add_text(&w, 2, "DEVICE-7");
	dump_add_text(&w, 10, "1.0.0");
	dump_add_machine(&w, 40);
	dump_add_reason(&w, 5);
	dump_block(&w, 1, 0xfffffffc, "\x00\xf1\x53\x65", 4);
	dump_block(&w, 1, 0xe000ed00, scb, sizeof(scb));
	dump_block(&w, 1, 0x20000000, "abcdefgh", 8);
	dump_block(&w, 9, 0, mpu, sizeof(mpu));
	dump_end(&w, false);
	FL_AUTO(fl_dump) dump = open_dump(w.bytes, w.size);
	const struct fl_dump_facts *facts = fl_dump_facts(dump);
	assert_int_equal(facts->version, 1);
	assert_false(facts->truncated);
	assert_true(facts->has_capture_time);
	assert_int_equal(facts->capture_time, 0x6553f100);
	size_t count;
	const struct fl_span *spans = fl_dump_spans(dump, &count);
	assert_int_equal(count, 2);
	assert_int_equal(spans[0].size, 143);
	assert_int_equal(word_at(dump, 0xe000ed00), 0x410fc241);
	const uint32_t *words = fl_dump_mpu(dump, &count);
	assert_int_equal(count, 4);
	assert_int_equal(words[3], 0x0600001b);
	assert_string_equal(fl_dump_identity(dump)->device_serial, "DEVICE-7");
	assert_int_equal(fl_dump_findings(dump)->count, 0);
	uint8_t byte;
	assert_int_equal(fl_dump_read(dump, 0xfffffffc, &byte, 1, NULL), FL_EUNMAPPED);
}

static void test_old_firmware_version(void **state)
{
	(void)state;
	DUMP_AUTO w;
	dump_begin(&w, 1);
	dump_add_text(&w, 3, "0.9");
	dump_end(&w, false);
	FL_AUTO(fl_dump) old = open_dump(w.bytes, w.size);
	assert_string_equal(fl_dump_identity(old)->software_version, "0.9");
	size_t count;
	assert_null(fl_dump_mpu(old, &count));
	assert_int_equal(count, 0);

	DUMP_AUTO both;
	dump_begin(&both, 2);
	dump_add_text(&both, 3, "0.9");
	dump_add_text(&both, 10, "1.0");
	dump_end(&both, false);
	FL_AUTO(fl_dump) dump = open_dump(both.bytes, both.size);
	assert_string_equal(fl_dump_identity(dump)->software_version, "1.0");
}

static void test_text_is_cleaned(void **state)
{
	(void)state;
	DUMP_AUTO w;
	dump_begin(&w, 2);
	dump_block(&w, 2, 0,
		   "a\x1b[31m\xff"
		   "b",
		   8);
	dump_end(&w, false);
	FL_AUTO(fl_dump) dump = open_dump(w.bytes, w.size);
	assert_string_equal(fl_dump_identity(dump)->device_serial, "a\xef\xbf\xbd[31m\xef\xbf\xbd"
								   "b");
}

static void test_read(void **state)
{
	static const struct {
		const char *name;
		uint32_t address;
		size_t size;
		enum fl_code code;
		uint64_t at;
		const char *bytes;
	} cases[] = {
		{ "inside one region", 0x20000001, 2, FL_OK, 0, "bc" },
		{ "across the seam", 0x20000002, 4, FL_OK, 0, "cdEF" },
		{ "the earlier block wins", 0x20000004, 4, FL_OK, 0, "EFGH" },
		{ "nothing", 0x20000000, 0, FL_OK, 0, "" },
		{ "runs off the end", 0x20000006, 4, FL_EUNMAPPED, 0x20000008, NULL },
		{ "before the start", 0x1fffffff, 2, FL_EUNMAPPED, 0x1fffffff, NULL },
		{ "last byte of memory", 0xffffffff, 1, FL_OK, 0, "z" },
		{ "wraps", 0xffffffff, 2, FL_EINVALID, 0xffffffff, NULL },
	};
	(void)state;
	DUMP_AUTO w;
	dump_begin(&w, 2);
	dump_add_memory(&w, 0x20000000, "abcd", 4);
	dump_add_memory(&w, 0x20000004, "EFGH", 4);
	dump_add_memory(&w, 0x20000003, "xxxx", 4);
	dump_add_memory(&w, 0xffffffff, "z", 1);
	dump_end(&w, false);
	FL_AUTO(fl_dump) dump = open_dump(w.bytes, w.size);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buf[8];
		struct fl_error err = { 0 };
		print_message("%s\n", cases[i].name);
		assert_int_equal(fl_dump_read(dump, cases[i].address, buf, cases[i].size, &err),
				 cases[i].code);
		assert_int_equal(err.at, cases[i].at);
		if (cases[i].bytes)
			assert_memory_equal(buf, cases[i].bytes, cases[i].size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worked_example),
		cmocka_unit_test(test_register_block_lengths),
		cmocka_unit_test(test_machines),
		cmocka_unit_test(test_several_contexts),
		cmocka_unit_test(test_gdb_script_dump),
		cmocka_unit_test(test_old_firmware_version),
		cmocka_unit_test(test_text_is_cleaned),
		cmocka_unit_test(test_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
