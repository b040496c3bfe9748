/* SPDX-License-Identifier: Apache-2.0 */
/* Several modules: who owns an address or a name. */
#include "symbols_case.h"

/* Two parts that both declare 0x1000..0x1100; each has the function the other lacks. */
static struct symbols_case part(const char *function, uint32_t addr, uint32_t size)
{
	ELF_AUTO w = { 0 };
	unsigned text = elf_code(&w, ".text", 0x1000, 0x100);
	unsigned data = elf_section(&w, ".bss", ELF_NOBITS, ELF_A | ELF_W, 0x20000000, NULL, 0x100);
	elf_symbol(&w, function, addr | 1, size, ELF_FUNC, text);
	elf_symbol(&w, "tick_count", 0x20000010, 4, ELF_OBJECT, data);
	return open_symbols(&w);
}

static void test_functions_decide_before_sections(void **state)
{
	struct fl_symbol_view view = { 0 };
	SYMBOLS user = part("user_main", 0x1000, 0x20);
	SYMBOLS system_part = part("system_main", 0x1040, 0x20);
	SYMBOLS unsized = part("blob", 0x1080, 0);
	(void)state;
	assert_true(fl_view_add(&view, user.symbols));
	assert_true(fl_view_add(&view, unsized.symbols));
	assert_true(fl_view_add(&view, system_part.symbols));
	assert_ptr_equal(fl_view_module_at(&view, 0x1010), user.module);
	assert_ptr_equal(fl_view_module_at(&view, 0x1050), system_part.module);
	/* An unsized symbol is no better than a section. */
	assert_ptr_equal(fl_view_module_at(&view, 0x1090), user.module);
	assert_null(fl_view_module_at(&view, 0x2000));
	assert_null(fl_view_module_at(&view, 0x20000010));
	assert_true(fl_view_is_code(&view, 0x10ff));
	assert_false(fl_view_is_code(&view, 0x1100));
}

static void test_limit(void **state)
{
	struct fl_symbol_view view = { 0 };
	SYMBOLS c = part("f", 0x1000, 0x20);
	(void)state;
	for (size_t i = 0; i < FL_LIMIT_MODULES; i++)
		assert_true(fl_view_add(&view, c.symbols));
	assert_false(fl_view_add(&view, c.symbols));
	assert_int_equal(view.count, FL_LIMIT_MODULES);
}

static void test_names(void **state)
{
	ELF_AUTO a = { 0 };
	ELF_AUTO b = { 0 };
	struct fl_symbol_view view = { 0 };
	struct fl_symbol_info s;
	(void)state;
	unsigned data = elf_section(&a, ".bss", ELF_NOBITS, ELF_A | ELF_W, 0x20000000, NULL, 0x100);
	elf_symbol(&a, "pxCurrentTCB", 0x30, 0, ELF_NOTYPE, ELF_ABS);
	elf_symbol(&a, "only_absolute", 0x44, 0, ELF_NOTYPE, ELF_ABS);
	elf_symbol(&a, "state", 0x20000050, 4, ELF_LOCAL_OBJECT, data);
	elf_symbol(&a, "state", 0x20000054, 4, ELF_OBJECT, data);
	unsigned data_b =
		elf_section(&b, ".bss", ELF_NOBITS, ELF_A | ELF_W, 0x20001000, NULL, 0x100);
	unsigned text = elf_code(&b, ".text", 0x100, 0x100);
	elf_symbol(&b, "pxCurrentTCB", 0x20001000, 4, ELF_OBJECT, data_b);
	elf_symbol(&b, "run", 0x111, 6, ELF_FUNC, text);
	SYMBOLS first = open_symbols(&a);
	SYMBOLS second = open_symbols(&b);
	fl_view_add(&view, first.symbols);
	fl_view_add(&view, second.symbols);
	assert_true(fl_view_symbol(&view, "pxCurrentTCB", &s));
	assert_int_equal(s.addr, 0x20001000);
	assert_true(fl_view_symbol(&view, "only_absolute", &s));
	assert_int_equal(s.addr, 0x44);
	assert_true(fl_view_symbol(&view, "state", &s));
	assert_int_equal(s.addr, 0x20000054);
	assert_true(fl_view_symbol(&view, "run", &s));
	assert_true(s.is_function);
	assert_int_equal(s.addr, 0x110);
	assert_int_equal(s.size, 6);
	assert_false(fl_view_symbol(&view, "runs", &s));
	assert_false(fl_view_symbol(&view, "ru", &s));
	assert_false(fl_view_symbol(&view, "", &s));
}

static void test_objects(void **state)
{
	ELF_AUTO w = { 0 };
	struct fl_symbol_view view = { 0 };
	struct fl_symbol_info s;
	(void)state;
	unsigned data = elf_section(&w, ".bss", ELF_NOBITS, ELF_A | ELF_W, 0x20000000, NULL, 0x100);
	unsigned text = elf_code(&w, ".text", 0x100, 0x100);
	elf_symbol(&w, "pool", 0x20000000, 0x40, ELF_OBJECT, data);
	elf_symbol(&w, "inside", 0x20000010, 8, ELF_OBJECT, data);
	elf_symbol(&w, "_ebss", 0x20000040, 0, ELF_NOTYPE, data);
	elf_symbol(&w, "f", 0x101, 8, ELF_FUNC, text);
	SYMBOLS c = open_symbols(&w);
	fl_view_add(&view, c.symbols);
	assert_true(fl_view_object_at(&view, 0x2000000f, &s));
	assert_string_equal(s.name, "pool");
	assert_true(fl_view_object_at(&view, 0x20000017, &s));
	assert_string_equal(s.name, "inside");
	assert_true(fl_view_object_at(&view, 0x20000018, &s));
	assert_string_equal(s.name, "pool");
	assert_false(fl_view_object_at(&view, 0x20000040, &s));
	assert_false(fl_view_object_at(&view, 0x100, &s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_functions_decide_before_sections),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_objects),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
