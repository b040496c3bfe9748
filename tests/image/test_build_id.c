/* SPDX-License-Identifier: Apache-2.0 */
/* GNU notes (gABI "Note Section") and the vendor's g_memfault_build_id. */
#include "image_case.h"

#include <string.h>

static const uint8_t sha1[20] = { 1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
				  11, 12, 13, 14, 15, 16, 17, 18, 19, 20 };

static void put_note(struct bytes *b, const char *name, uint32_t type, const void *id, size_t size)
{
	size_t name_size = strlen(name) + 1;
	put_u32(b, (uint32_t)name_size);
	put_u32(b, (uint32_t)size);
	put_u32(b, type);
	put(b, name, name_size);
	put(b, "\0\0\0", (4 - name_size % 4) % 4);
	put(b, id, size);
	put(b, "\0\0\0", (4 - size % 4) % 4);
}

static void test_note_section(void **state)
{
	(void)state;
	for (unsigned misalign = 0; misalign < 4; misalign++) {
		ELF_AUTO w = { .misalign = misalign };
		BYTES_AUTO note = { 0 };
		put_note(&note, "Other", 3, "xxxxx", 5);
		put_note(&note, "GNU", 1, "yyyy", 4);
		put_note(&note, "GNU", 3, sha1, 20);
		elf_section(&w, ".note.anything", ELF_NOTE, ELF_A, 0x100, note.data, note.size);
		IMAGE c = open_image(&w);
		assert_int_equal(c.image->build_id_size, 20);
		assert_memory_equal(c.image->build_id, sha1, 20);
	}
}

/* A linker script that collects the note into an ordinary section. */
static void test_note_in_a_plain_section(void **state)
{
	ELF_AUTO w = { 0 };
	BYTES_AUTO note = { 0 };
	(void)state;
	put_note(&note, "GNU", 3, sha1, 8);
	elf_section(&w, ".note.gnu.build-id", ELF_PROGBITS, ELF_A, 0x100, note.data, note.size);
	IMAGE c = open_image(&w);
	assert_int_equal(c.image->build_id_size, 8);
}

static void test_note_segment(void **state)
{
	ELF_AUTO w = { 0 };
	BYTES_AUTO note = { 0 };
	(void)state;
	put_note(&note, "GNU", 3, sha1, 20);
	elf_section(&w, ".rodata", ELF_PROGBITS, ELF_A, 0x100, note.data, note.size);
	elf_segment(&w, 4, 52 + 32, 0x100, (uint32_t)note.size, (uint32_t)note.size, 4);
	IMAGE c = open_image(&w);
	assert_int_equal(c.image->build_id_size, 20);
}

static void test_damaged_notes(void **state)
{
	static const uint32_t sizes[][2] = {
		{ 0xffffffff, 20 }, { 4, 0xffffffff }, { 4, 0 }, { 5, 20 }
	};
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		ELF_AUTO w = { 0 };
		BYTES_AUTO note = { 0 };
		put_note(&note, "GNU", 3, sha1, 20);
		patch_u32(&note, 0, sizes[i][0]);
		patch_u32(&note, 4, sizes[i][1]);
		elf_section(&w, ".note", ELF_NOTE, ELF_A, 0x100, note.data, note.size);
		IMAGE c = open_image(&w);
		assert_int_equal(c.image->build_id_size, 0);
	}
}

static void add_vendor(struct elf_writer *w, unsigned type, unsigned size, uint32_t storage)
{
	BYTES_AUTO header = { 0 };
	put_u8(&header, type);
	put_u8(&header, size);
	put_u16(&header, 0);
	put_u32(&header, storage);
	unsigned section =
		elf_section(w, ".rodata", ELF_PROGBITS, ELF_A, 0x1000, header.data, header.size);
	elf_section(w, ".storage", ELF_PROGBITS, ELF_A, 0x2000, "vendor-id-of-20-bytes", 20);
	elf_symbol(w, "g_memfault_build_id", 0x1000, 20, ELF_OBJECT, section);
}

static void test_vendor(void **state)
{
	static const struct {
		unsigned type, size;
		uint32_t storage;
		bool vendor;
	} cases[] = {
		{ 3, 20, 0x2000, true },      { 1, 20, 0x2000, false }, { 2, 20, 0x2000, false },
		{ 3, 20, 0x2001, false },     { 3, 21, 0x2000, false }, { 3, 0, 0x2000, false },
		{ 3, 20, 0xfffffff0, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ELF_AUTO w = { 0 };
		BYTES_AUTO note = { 0 };
		put_note(&note, "GNU", 3, sha1, 20);
		elf_section(&w, ".note", ELF_NOTE, ELF_A, 0x100, note.data, note.size);
		add_vendor(&w, cases[i].type, cases[i].size, cases[i].storage);
		IMAGE c = open_image(&w);
		assert_int_equal(c.image->build_id_size, 20);
		assert_memory_equal(c.image->build_id,
				    cases[i].vendor ? (const void *)"vendor-id-of-20-byte" : sha1,
				    20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_note_section), cmocka_unit_test(test_note_in_a_plain_section),
		cmocka_unit_test(test_note_segment), cmocka_unit_test(test_damaged_notes),
		cmocka_unit_test(test_vendor),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
