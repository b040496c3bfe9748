/* SPDX-License-Identifier: Apache-2.0 */
/* .ARM.exidx and .ARM.extab (IHI 0038, 5 and 6). */
#include "image_case.h"

#include <string.h>

enum { TABLE = 0x1000, EXTAB = 0x2000 };

static uint32_t prel31(uint32_t from, uint32_t to)
{
	return (to - from) & 0x7fffffff;
}

static const struct fl_exidx_row *row(const struct fl_image *image, size_t i)
{
	assert_true(i < image->exidx.count);
	return fl_vec_at(&image->exidx, const struct fl_exidx_row, i);
}

static void assert_opcodes(const struct fl_image *image, size_t i, const char *want, size_t size)
{
	const struct fl_exidx_row *r = row(image, i);
	assert_int_equal(r->opcode_count, size);
	assert_memory_equal(fl_vec_at(&image->exidx_opcodes, const uint8_t, r->opcode_off), want,
			    size);
}

static void put_row(struct bytes *b, uint32_t function, uint32_t word)
{
	put_u32(b, prel31(TABLE + (uint32_t)b->size, function));
	put_u32(b, word);
}

static void put_extab_row(struct bytes *b, uint32_t function, uint32_t extab)
{
	put_row(b, function, prel31(TABLE + (uint32_t)b->size + 4, extab));
}

static void test_forms(void **state)
{
	ELF_AUTO w = { 0 };
	BYTES_AUTO table = { 0 };
	BYTES_AUTO extab = { 0 };
	(void)state;
	put_u32(&extab, 0x80a8b0b0); /* +0: compact model 0 */
	put_u32(&extab, 0x8101b108); /* +4: model 1, one more word */
	put_u32(&extab, 0x84ffb0b0);
	put_u32(&extab, 0x8200a9b0); /* +12: model 2, none more */
	put_u32(&extab, 0x7ffff000); /* +16: generic: personality, 1 more word */
	put_u32(&extab, 0x01020304);
	put_u32(&extab, 0xb0b0b0b0);
	put_row(&table, 0x101, 0x8097840b);
	put_row(&table, 0x120, 1);
	put_extab_row(&table, 0x141, EXTAB);
	put_extab_row(&table, 0x161, EXTAB + 4);
	put_extab_row(&table, 0x181, EXTAB + 12);
	put_extab_row(&table, 0x1a1, EXTAB + 16);
	elf_code(&w, ".text", 0x100, 0x200);
	elf_section(&w, ".ARM.exidx", ELF_EXIDX, ELF_A, TABLE, table.data, table.size);
	elf_section(&w, ".ARM.extab", ELF_PROGBITS, ELF_A, EXTAB, extab.data, extab.size);
	IMAGE c = open_image(&w);
	assert_int_equal(c.image->exidx.count, 6);
	assert_int_equal(row(c.image, 0)->addr, 0x100);
	assert_opcodes(c.image, 0, "\x97\x84\x0b", 3);
	assert_true(row(c.image, 1)->cantunwind);
	assert_opcodes(c.image, 2, "\xa8\xb0\xb0", 3);
	assert_opcodes(c.image, 3, "\xb1\x08\x84\xff\xb0\xb0", 6);
	assert_opcodes(c.image, 4, "\xa9\xb0", 2);
	assert_opcodes(c.image, 5, "\x02\x03\x04\xb0\xb0\xb0\xb0", 7);
	assert_int_equal(c.image->findings.count, 0);
}

static void test_damage(void **state)
{
	static const uint32_t words[] = {
		0x83b0b0b0, /* model 3 */
		0x90b0b0b0, /* reserved bits */
		0x8101b0b0, /* model 1 cannot be inline */
		0x00000004, /* extab that is not there */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		ELF_AUTO w = { 0 };
		BYTES_AUTO table = { 0 };
		put_row(&table, 0x100, words[i]);
		elf_code(&w, ".text", 0x100, 0x200);
		elf_section(&w, ".ARM.exidx", ELF_EXIDX, ELF_A, TABLE, table.data, table.size);
		IMAGE c = open_image(&w);
		assert_int_equal(c.image->exidx.count, 1);
		assert_true(row(c.image, 0)->damaged);
		assert_int_equal(row(c.image, 0)->opcode_count, 0);
		assert_int_equal(c.image->findings.count, 1);
	}
}

static void test_sorted_even_if_the_file_is_not(void **state)
{
	ELF_AUTO w = { 0 };
	BYTES_AUTO table = { 0 };
	(void)state;
	put_row(&table, 0x140, 1);
	put_row(&table, 0x100, 0x80b0b0b0);
	put_u32(&table, 0xdead); /* half an entry */
	elf_code(&w, ".text", 0x100, 0x200);
	elf_section(&w, ".ARM.exidx", ELF_EXIDX, ELF_A, TABLE, table.data, table.size);
	IMAGE c = open_image(&w);
	assert_int_equal(c.image->exidx.count, 2);
	assert_int_equal(row(c.image, 0)->addr, 0x100);
	assert_true(row(c.image, 1)->cantunwind);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_sorted_even_if_the_file_is_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
