/* SPDX-License-Identifier: Apache-2.0 */
/* Line programs by hand: every opcode (DWARF 5, 6.2.5), headers of versions 2 to 5, and damage. */
#include "image_case.h"

#include "base/limits.h"

#include <string.h>

enum { LINE_BASE = -3, LINE_RANGE = 11, OPCODE_BASE = 13, INSTRUCTION_SIZE = 2 };

/* A table of the files "a.c" (1, in "/d") and "b.c" (2, in "/d"). */
static void put_files(struct bytes *b, unsigned version)
{
	static const char old_tables[] = "/d\0\0a.c\0\1\0\0b.c\0\1\0\0";
	/* one format each: path as string; path, directory and MD5 */
	static const char dirs[] = "\1\1\x08\2/comp\0/d";
	static const char files[] = "\3\1\x08\2\x0b\5\x1e\3a.c\0\1"
				    "0123456789abcdef"
				    "a.c\0\1"
				    "0123456789abcdef"
				    "b.c\0\1"
				    "0123456789abcdef";
	if (version < 5) {
		put(b, old_tables, sizeof(old_tables));
		return;
	}
	put(b, dirs, sizeof(dirs));
	put(b, files, sizeof(files) - 1);
}

static void put_table(struct bytes *b, unsigned version, const void *program, size_t size)
{
	static const uint8_t operands[] = { 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1 };
	size_t start = b->size;
	put_u32(b, 0);
	put_u16(b, version);
	if (version >= 5)
		put_u16(b, 4); /* addresses of 4 bytes, no segments */
	size_t header = b->size;
	put_u32(b, 0);
	put_u8(b, INSTRUCTION_SIZE);
	if (version >= 4)
		put_u8(b, 1);
	put_u8(b, 1);
	put_u8(b, (unsigned)LINE_BASE & 0xff);
	put_u8(b, LINE_RANGE);
	put_u8(b, OPCODE_BASE);
	put(b, operands, sizeof(operands));
	put_files(b, version);
	patch_u32(b, header, (uint32_t)(b->size - header - 4));
	put(b, program, size);
	patch_u32(b, start, (uint32_t)(b->size - start - 4));
}

/* A unit of version 4 whose line table is the whole of .debug_line. */
static struct image_case open_lines(const struct bytes *lines)
{
	static const char abbrev[] = "\1\x11\0\x1b\x08\x10\x17\0\0";
	static const char info[] = "\x12\0\0\0\4\0\0\0\0\0\4\1/comp\0\0\0\0\0";
	ELF_AUTO w = { 0 };
	elf_section(&w, ".debug_abbrev", ELF_PROGBITS, 0, 0, abbrev, sizeof(abbrev));
	elf_section(&w, ".debug_info", ELF_PROGBITS, 0, 0, info, sizeof(info) - 1);
	elf_section(&w, ".debug_line", ELF_PROGBITS, 0, 0, lines->data, lines->size);
	elf_code(&w, ".text", 0x100, 0x100);
	return open_image(&w);
}

/* The rows follow from the formulas of 6.2.5.1 with the header above. */
static const char every_opcode[] = "\0\5\2\0\1\0\0" /* set_address 0x100 */
				   "\1"             /* copy: line 1 */
				   "\2\3"           /* advance_pc 3: 0x106 */
				   "\3\x7b"         /* advance_line -5 */
				   "\3\x14"         /* advance_line 20: 16 */
				   "\4\2"           /* set_file 2 */
				   "\5\x81\1"       /* set_column 129 */
				   "\6"             /* negate_stmt */
				   "\7"             /* set_basic_block */
				   "\1"             /* copy */
				   "\x08"           /* const_add_pc: (255 - 13) / 11 = 22: 0x132 */
				   "\x09\x04\x00"   /* fixed_advance_pc 4: 0x136 */
				   "\x0a\x0b"       /* prologue_end, epilogue_begin */
				   "\x0c\x05"       /* set_isa */
				   "\0\2\4\7"       /* set_discriminator */
				   "\0\3\x80xy"     /* one of a vendor */
				   "\x0d"           /* special 0: line - 3 = 13 */
				   "\x2a"           /* special 29: 2 * 2 = 0x13a, line + 4 = 17 */
				   "\0\1\1"         /* end_sequence */
				   "\0\5\2\x40\1\0\0"
				   "\1"
				   "\2\4"
				   "\0\1\1";

static const struct {
	uint32_t addr, line, column;
	const char *file;
} every_row[] = {
	{ 0x100, 1, 0, "/d/a.c" },    { 0x106, 16, 129, "/d/b.c" }, { 0x136, 13, 129, "/d/b.c" },
	{ 0x13a, 17, 129, "/d/b.c" }, { 0x140, 1, 0, "/d/a.c" },
};

static void test_every_opcode(void **state)
{
	(void)state;
	for (unsigned version = 2; version <= 5; version++) {
		BYTES_AUTO lines = { 0 };
		put_table(&lines, version, every_opcode, sizeof(every_opcode) - 1);
		IMAGE c = open_lines(&lines);
		const struct fl_line_row *rows = c.image->debug.rows.data;
		const struct fl_line_sequence *q = c.image->debug.sequences.data;
		assert_int_equal(c.image->findings.count, 0);
		assert_int_equal(c.image->debug.sequences.count, 2);
		assert_int_equal(c.image->debug.rows.count, 5);
		for (size_t i = 0; i < 5; i++) {
			assert_int_equal(rows[i].addr, every_row[i].addr);
			assert_int_equal(rows[i].line, every_row[i].line);
			assert_int_equal(rows[i].column, every_row[i].column);
			assert_string_equal(c.image->strings.bytes.data + rows[i].file,
					    every_row[i].file);
		}
		assert_int_equal(q[0].row_count, 4);
		assert_int_equal(q[0].end, 0x13a);
		assert_int_equal(q[1].end, 0x148);
	}
}

/* A program may add a file to the table (DWARF 4, 6.2.5.3; 5 has no such opcode). */
static void test_file_of_a_program(void **state)
{
	static const char program[] = "\0\5\2\0\1\0\0"      /* set_address 0x100 */
				      "\4\3\1"              /* set_file 3, which there is not yet */
				      "\0\x08\3c.h\0\1\0\0" /* define_file "c.h" in 1 */
				      "\2\1\1"              /* advance_pc 1: 0x102 */
				      "\0\2\3c"             /* one without an end */
				      "\2\1\4\4\1"          /* 0x104, set_file 4 */
				      "\2\1\0\1\1";
	static const char *const paths[] = { NULL, "/d/c.h", NULL };
	(void)state;
	for (unsigned version = 2; version <= 4; version++) {
		BYTES_AUTO lines = { 0 };
		put_table(&lines, version, program, sizeof(program) - 1);
		IMAGE c = open_lines(&lines);
		const struct fl_line_row *rows = c.image->debug.rows.data;
		assert_int_equal(c.image->debug.rows.count, 3);
		for (size_t i = 0; i < 3; i++) {
			const char *path =
				rows[i].file ? c.image->strings.bytes.data + rows[i].file : NULL;
			assert_int_equal(path != NULL, paths[i] != NULL);
			if (path)
				assert_string_equal(path, paths[i]);
		}
	}
}

/* Several operations in one instruction (DWARF 5, 6.2.5.1), which no Arm has. */
static void test_several_operations(void **state)
{
	enum { OPERATIONS_AT = 11, OPERATIONS = 3 };
	static const char program[] = "\0\5\2\0\1\0\0\1" /* 0x100 */
				      "\2\2\1"           /* operation 2 of the first */
				      "\2\2\1"           /* 4 / 3: operation 1 of 0x102 */
				      "\2\5\1"           /* 6 / 3: operation 0 of 0x106 */
				      "\2\3\0\1\1";
	static const uint32_t addrs[] = { 0x100, 0x100, 0x102, 0x106 };
	(void)state;
	BYTES_AUTO lines = { 0 };
	put_table(&lines, 4, program, sizeof(program) - 1);
	lines.data[OPERATIONS_AT] = OPERATIONS;
	IMAGE c = open_lines(&lines);
	const struct fl_line_sequence *q = c.image->debug.sequences.data;
	assert_int_equal(c.image->debug.sequences.count, 1);
	assert_int_equal(q->end, 0x108);
	assert_int_equal(c.image->debug.rows.count, sizeof(addrs) / sizeof(addrs[0]));
	for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++)
		assert_int_equal(fl_vec_at(&c.image->debug.rows, struct fl_line_row, i)->addr,
				 addrs[i]);
}

/* Whatever is cut off: no more rows than before, and somebody is told unless nothing is left. */
static void test_truncation(void **state)
{
	(void)state;
	for (unsigned version = 2; version <= 5; version += 3) {
		BYTES_AUTO lines = { 0 };
		put_table(&lines, version, every_opcode, sizeof(every_opcode) - 1);
		for (size_t cut = 4; cut < lines.size; cut++) {
			BYTES_AUTO part = { 0 };
			put(&part, lines.data, cut);
			IMAGE whole = open_lines(&part);
			assert_int_equal(whole.image->debug.rows.count, 0);
			assert_int_equal(whole.image->findings.count, 1);
			patch_u32(&part, 0, (uint32_t)cut - 4); /* it says so */
			IMAGE c = open_lines(&part);
			const struct fl_line_sequence *q = c.image->debug.sequences.data;
			assert_true(c.image->debug.sequences.count <= 1);
			assert_true(!c.image->debug.sequences.count || q->row_count == 4);
		}
	}
}

/* Tables that promise what they do not have. */
static void test_counts_are_not_believed(void **state)
{
	static const struct {
		const char *tables;
		size_t size;
	} cases[] = {
		{ "\0\xff\xff\xff\xff\x0f", 6 },       /* directories of no format */
		{ "\1\1\x19\xff\xff\xff\xff\x0f", 8 }, /* of a form without bytes */
		{ "\1\1\x19\5\0\0\0\0\0\0\0\0", 12 },  /* a few of those */
		{ "\1\1\x08\xff\xff\xff\xff\x0f", 8 }, /* more than the section has */
		{ "\1\1\x2f\1x\0", 6 },                /* of a form that does not exist */
		{ "\xff\1\x08\0", 4 },                 /* formats that are not there */
		{ "\1\1\x08\1/d\0\1\1\x08\xff\xff\xff\x7f", 12 }, /* files */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		BYTES_AUTO lines = { 0 };
		put_u32(&lines, 0);
		put_u16(&lines, 5);
		put_u16(&lines, 4);
		put_u32(&lines, (uint32_t)(6 + cases[i].size));
		put(&lines, "\2\1\1\xfd\x0c\1", 6);
		put(&lines, cases[i].tables, cases[i].size);
		patch_u32(&lines, 0, (uint32_t)lines.size - 4);
		IMAGE c = open_lines(&lines);
		if (c.image->findings.count != 1 || c.image->debug.rows.count)
			fail_msg("case %zu", i);
	}
}

static void test_headers_that_divide_by_zero(void **state)
{
	(void)state;
	for (unsigned at = 0; at < 2; at++) { /* line_range and opcode_base */
		BYTES_AUTO lines = { 0 };
		put_table(&lines, 2, every_opcode, sizeof(every_opcode) - 1);
		lines.data[13 + at] = 0;
		IMAGE c = open_lines(&lines);
		assert_int_equal(c.image->findings.count, 1);
		assert_int_equal(c.image->debug.rows.count, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_opcode),
		cmocka_unit_test(test_file_of_a_program),
		cmocka_unit_test(test_several_operations),
		cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_counts_are_not_believed),
		cmocka_unit_test(test_headers_that_divide_by_zero),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
