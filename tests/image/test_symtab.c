/* SPDX-License-Identifier: Apache-2.0 */
#include "image_case.h"

#include <string.h>

static const struct fl_symbol *find(const struct fl_image *image, const char *name)
{
	for (size_t i = 0; i < image->symbols.count; i++) {
		const struct fl_symbol *s = fl_vec_at(&image->symbols, const struct fl_symbol, i);
		if (!strcmp(s->name, name))
			return s;
	}
	return NULL;
}

static void test_kinds(void **state)
{
	static const struct {
		const char *name;
		uint32_t value, size;
		unsigned info, section;
		bool there;
		enum fl_symbol_kind kind;
		uint32_t addr;
		bool global;
	} cases[] = {
		{ "thumb", 0x101, 8, ELF_FUNC, 1, true, FL_SYMBOL_FUNCTION, 0x100, true },
		{ "local", 0x109, 8, ELF_LOCAL_FUNC, 1, true, FL_SYMBOL_FUNCTION, 0x108, false },
		{ "label", 0x111, 0, ELF_NOTYPE, 1, true, FL_SYMBOL_LABEL, 0x110, true },
		{ "inner_label", 0x113, 0, ELF_LOCAL_NOTYPE, 1, false, 0, 0, false },
		{ "object", 0x20000001, 3, ELF_OBJECT, 2, true, FL_SYMBOL_OBJECT, 0x20000001,
		  true },
		{ "_edata", 0x20000010, 0, ELF_NOTYPE, 2, true, FL_SYMBOL_OBJECT, 0x20000010,
		  true },
		{ "ABSOLUTE", 0x55, 0, ELF_NOTYPE, ELF_ABS, true, FL_SYMBOL_OBJECT, 0x55, true },
		{ "undefined", 0, 0, ELF_NOTYPE, 0, false, 0, 0, false },
		{ "common", 4, 4, ELF_OBJECT, 0xfff2, false, 0, 0, false },
		{ "elsewhere", 4, 4, ELF_OBJECT, 77, false, 0, 0, false },
		{ "file.c", 0, 0, 0x04, ELF_ABS, false, 0, 0, false },
		{ "section", 0x100, 0, 0x03, 1, false, 0, 0, false },
		{ "$t", 0x100, 0, ELF_LOCAL_NOTYPE, 1, false, 0, 0, false },
		{ "$d.12", 0x104, 0, ELF_NOTYPE, 1, false, 0, 0, false },
		{ "$dollar", 0x104, 0, ELF_NOTYPE, 1, true, FL_SYMBOL_LABEL, 0x104, true },
	};
	ELF_AUTO w = { 0 };
	(void)state;
	elf_code(&w, ".text", 0x100, 0x100);
	elf_section(&w, ".data", ELF_PROGBITS, ELF_A | ELF_W, 0x20000000, "0123456789abcdef", 16);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		elf_symbol(&w, cases[i].name, cases[i].value, cases[i].size, cases[i].info,
			   cases[i].section);
	IMAGE c = open_image(&w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct fl_symbol *s = find(c.image, cases[i].name);
		if ((s != NULL) != cases[i].there)
			fail_msg("%s", cases[i].name);
		if (!s)
			continue;
		assert_int_equal(s->kind, cases[i].kind);
		assert_int_equal(s->addr, cases[i].addr);
		assert_int_equal(s->size, cases[i].size);
		assert_int_equal(s->global, cases[i].global);
	}
}

static void test_weak(void **state)
{
	ELF_AUTO w = { 0 };
	(void)state;
	elf_code(&w, ".text", 0x100, 0x100);
	elf_symbol(&w, "strong", 0x101, 4, ELF_FUNC, 1);
	elf_symbol(&w, "weak", 0x101, 4, ELF_WEAK_FUNC, 1);
	IMAGE c = open_image(&w);
	assert_false(find(c.image, "strong")->weak);
	assert_true(find(c.image, "weak")->weak);
	assert_true(find(c.image, "weak")->global);
}

static void test_damaged_names(void **state)
{
	ELF_AUTO w = { 0 };
	(void)state;
	elf_code(&w, ".text", 0x100, 0x100);
	elf_symbol(&w, "good", 0x101, 4, ELF_FUNC, 1);
	elf_symbol(&w, "bad", 0x105, 4, ELF_FUNC, 1);
	patch_u32(&w.symbols, 32, 0x10000);
	IMAGE c = open_image(&w);
	assert_int_equal(c.image->symbols.count, 1);
	assert_int_equal(c.image->findings.count, 1);
	assert_string_equal(c.image->findings.items[0].text,
			    "fw.elf: 1 symbols have names outside the string table");
}

static void test_no_string_table(void **state)
{
	ELF_AUTO w = { 0 };
	(void)state;
	elf_code(&w, ".text", 0x100, 0x100);
	elf_symbol(&w, "good", 0x101, 4, ELF_FUNC, 1);
	w.without_symtab = true;
	elf_section(&w, ".symtab", 2, 0, 0, w.symbols.data, w.symbols.size);
	IMAGE c = open_image(&w);
	assert_int_equal(c.image->symbols.count, 0);
	assert_int_equal(c.image->findings.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_weak),
		cmocka_unit_test(test_damaged_names),
		cmocka_unit_test(test_no_string_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
