/* SPDX-License-Identifier: Apache-2.0 */
/* What is found at once, and kept, is what each look-up finds by itself. */
#include "symbols/rows.h"
#include "symbols_case.h"

static void assert_same_function(const struct fl_module *module, const struct fl_pc_facts *facts)
{
	struct fl_function_info want = { 0 };
	struct fl_function_info got = { 0 };
	bool there = fl_module_function(module, facts->pc, &want);
	assert_int_equal(fl_pc_function(facts, &got), there);
	assert_int_equal(got.addr, want.addr);
	assert_int_equal(got.end, want.end);
	assert_ptr_equal(got.name, want.name);
	assert_ptr_equal(got.linkage_name, want.linkage_name);
}

static void assert_same_rows(const struct fl_module *module, const struct fl_pc_facts *facts)
{
	struct fl_place_row row = fl_rows_place(module, facts->pc);
	struct fl_unwind_rule want = { 0 };
	struct fl_unwind_rule got = { 0 };
	assert_int_equal(facts->file, row.file);
	assert_int_equal(facts->line, row.line);
	assert_int_equal(facts->column, row.column);
	assert_int_equal(facts->call, fl_rows_value(module, FL_INDEX_INLINE_ADDRS, facts->pc));
	bool there = fl_module_unwind_rule(module, facts->pc, &want);
	assert_int_equal(fl_pc_unwind_rule(facts, &got), there);
	assert_memory_equal(&got, &want, sizeof(want));
}

static void assert_same_next(const struct fl_symbol_view *view, const struct fl_pc_facts *facts)
{
	struct fl_function_info next = { 0 };
	struct fl_function_info got = { 0 };
	const struct fl_module *module = fl_view_module_at(view, facts->pc + 1);
	bool begins = module && fl_module_function(module, facts->pc + 1, &next) &&
		      next.addr == facts->pc + 1;
	assert_int_equal(fl_pc_ends_before_function(view, facts, &got), begins);
	if (begins)
		assert_string_equal(got.name, next.name);
}

static void assert_same(const struct fl_symbol_view *view, uint32_t pc)
{
	struct fl_pc_facts room;
	struct fl_pc_facts facts = *fl_view_pc(view, pc, &room);
	const struct fl_module *module = fl_view_module_at(view, pc);
	assert_int_equal(facts.pc, pc);
	assert_ptr_equal(facts.module, module);
	assert_same_next(view, &facts);
	if (!module) {
		struct fl_function_info function;
		struct fl_unwind_rule rule;
		assert_false(fl_pc_function(&facts, &function));
		assert_false(fl_pc_unwind_rule(&facts, &rule));
		return;
	}
	assert_same_function(module, &facts);
	assert_same_rows(module, &facts);
}

/* Every address, and each again while it is fresh and when another has taken its place. */
static void walk(const struct fl_symbol_view *view, uint32_t from, uint64_t end)
{
	enum { BACK = 300 };
	for (uint32_t pc = from; pc != (uint32_t)end; pc++) {
		assert_same(view, pc);
		assert_same(view, pc);
		assert_same(view, pc - BACK);
	}
}

static void test_fixtures(void **state)
{
	static const char *const builds[] = { "m3-os", "m0-os", "m4f-cpp", "m4f-lto", "m3-zephyr" };
	(void)state;
	for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++) {
		SYMBOLS c = open_fixture(builds[i]);
		struct fl_module_info info = fl_module_info(c.module);
		struct fl_recent_pcs recent = { 0 };
		walk(&c.view, info.code_addr - 8, info.code_end + 8);
		c.view.recent = &recent;
		walk(&c.view, info.code_addr - 8, info.code_end + 8);
	}
}

/* Both declare 0x1000..0x1100; 0x1040 is a function of the second. */
static void test_two_modules(void **state)
{
	ELF_AUTO a = { 0 };
	ELF_AUTO b = { 0 };
	struct fl_symbol_view view = { 0 };
	struct fl_recent_pcs recent = { 0 };
	struct fl_function_info function;
	(void)state;
	elf_symbol(&a, "first", 0x1001, 0x40, ELF_FUNC, elf_code(&a, ".text", 0x1000, 0x100));
	elf_symbol(&b, "second", 0x1041, 0x20, ELF_FUNC, elf_code(&b, ".text", 0x1000, 0x100));
	SYMBOLS first = open_symbols(&a);
	SYMBOLS second = open_symbols(&b);
	assert_true(fl_view_add(&view, first.symbols));
	assert_true(fl_view_add(&view, second.symbols));
	view.recent = &recent;
	walk(&view, 0xff0, 0x1110);
	struct fl_pc_facts room;
	struct fl_pc_facts last = *fl_view_pc(&view, 0x103f, &room);
	assert_ptr_equal(last.module, first.module);
	assert_true(fl_pc_ends_before_function(&view, &last, &function));
	assert_string_equal(function.name, "second");
}

/* In another order other modules answer. */
static void test_another_order_forgets(void **state)
{
	SYMBOLS c = open_fixture("m3-rtos");
	struct fl_recent_pcs recent = { 0 };
	(void)state;
	c.view.recent = &recent;
	struct fl_symbol_view from = fl_view_from(&c.view, "pxCurrentTCB");
	assert_null(from.recent);
}

static void test_nothing(void **state)
{
	struct fl_symbol_view view = { 0 };
	struct fl_recent_pcs recent = { 0 };
	struct fl_pc_facts room;
	(void)state;
	assert_same(&view, 0);
	view.recent = &recent;
	assert_same(&view, 0);
	assert_same(&view, UINT32_MAX);
	assert_null(fl_view_pc(&view, 0, &room)->module);
}

/* Code at address zero is no empty place among the recent ones. */
static void test_code_at_zero(void **state)
{
	ELF_AUTO w = { 0 };
	struct fl_recent_pcs recent = { 0 };
	struct fl_pc_facts room;
	(void)state;
	elf_symbol(&w, "vectors", 1, 0x40, ELF_FUNC, elf_code(&w, ".text", 0, 0x100));
	SYMBOLS c = open_symbols(&w);
	c.view.recent = &recent;
	assert_ptr_equal(fl_view_pc(&c.view, 0, &room)->module, c.module);
	walk(&c.view, 0, 0x110);
}

/* A function that ends in a call of one that does not return, linked last. */
static void test_function_to_the_end_of_code(void **state)
{
	ELF_AUTO w = { 0 };
	(void)state;
	unsigned text = elf_code(&w, ".text", 0x8000, 0x100);
	elf_symbol(&w, "die", 0x8001, 0xc0, ELF_FUNC, text);
	elf_symbol(&w, "Reset_Handler", 0x80c1, 0x40, ELF_FUNC, text);
	SYMBOLS c = open_symbols(&w);
	struct fl_pc_facts room;
	struct fl_pc_facts last = *fl_view_pc(&c.view, 0x80ff, &room);
	struct fl_function_info function;
	assert_non_null(last.module);
	assert_false(fl_pc_ends_before_function(&c.view, &last, &function));
	walk(&c.view, 0x7ff0, 0x8110);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixtures),
		cmocka_unit_test(test_two_modules),
		cmocka_unit_test(test_another_order_forgets),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_code_at_zero),
		cmocka_unit_test(test_function_to_the_end_of_code),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
