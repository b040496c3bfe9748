/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that the linker discarded keep their debug information at address 0 and up (GNU ld), 1
 * (its range lists), -1 or -2 (lld). Flash often begins at 0, too.
 */
#include "symbols_case.h"

enum { C99 = 0x0c };

static bool has_rule(const struct fl_module *module, uint32_t pc)
{
	struct fl_unwind_rule rule;
	return fl_module_unwind_rule(module, pc, &rule);
}

static void
function(struct dwarf_writer *d, const char *name, uint32_t addr, uint32_t size, unsigned line)
{
	dwarf_function(d, name, addr, size);
	dwarf_up(d);
	dwarf_row(d, addr, 1, line);
	dwarf_row_end(d, addr + size);
	dwarf_frame(d, addr, size);
}

/* Flash at 0: vectors inside .text, the real functions behind them. */
static void test_at_zero_with_symbols(void **state)
{
	ELF_AUTO w = { 0 };
	DWARF_AUTO d = { 0 };
	(void)state;
	dwarf_unit(&d, "gone.c", C99);
	function(&d, "gone", 0, 0x90, 5);
	function(&d, "gone_too", 1, 0x20, 6);
	function(&d, "gone_with_offset", 0x30, 0x70, 7);
	dwarf_unit_end(&d);
	dwarf_unit(&d, "real.c", C99);
	function(&d, "reset", 0x80, 0x20, 10);
	function(&d, "run", 0xa0, 0x20, 20);
	dwarf_unit_end(&d);
	dwarf_end(&d, &w);
	unsigned text = elf_code(&w, ".text", 0, 0x200);
	elf_symbol(&w, "reset", 0x81, 0x20, ELF_FUNC, text);
	elf_symbol(&w, "run", 0xa1, 0x20, ELF_LOCAL_FUNC, text);
	SYMBOLS c = open_symbols(&w);
	assert_scopes(c.module, 0x80, "reset real.c:10");
	assert_scopes(c.module, 0x9e, "reset real.c:10");
	assert_scopes(c.module, 0xa0, "run real.c:20");
	assert_scopes(c.module, 0x00, "-");
	assert_scopes(c.module, 0x01, "-");
	assert_scopes(c.module, 0x40, "-");
	assert_true(has_rule(c.module, 0x80));
	assert_true(has_rule(c.module, 0xbe));
	assert_false(has_rule(c.module, 0x00));
	assert_false(has_rule(c.module, 0x40));
	assert_false(has_rule(c.module, 0xc0));
}

/* The real function stands at 0 itself: only name and size tell them apart. */
static void test_real_function_at_zero(void **state)
{
	ELF_AUTO w = { 0 };
	DWARF_AUTO d = { 0 };
	struct fl_unwind_rule rule;
	static const uint8_t big_frame[] = { 0x41, 0x0e, 0x40, 0x00 };
	(void)state;
	dwarf_unit(&d, "gone.c", C99);
	dwarf_function(&d, "gone", 0, 0x40);
	dwarf_up(&d);
	dwarf_row(&d, 0, 1, 5);
	dwarf_row_end(&d, 0x40);
	dwarf_frame_of(&d, 0, 0x40, big_frame, sizeof(big_frame));
	dwarf_unit_end(&d);
	dwarf_unit(&d, "itcm.c", C99);
	function(&d, "fast_copy", 0, 0x20, 10);
	dwarf_unit_end(&d);
	dwarf_end(&d, &w);
	unsigned text = elf_code(&w, ".itcm", 0, 0x100);
	elf_symbol(&w, "fast_copy", 1, 0x20, ELF_FUNC, text);
	SYMBOLS c = open_symbols(&w);
	assert_scopes(c.module, 0x00, "fast_copy itcm.c:10");
	assert_scopes(c.module, 0x1e, "fast_copy itcm.c:10");
	assert_scopes(c.module, 0x20, "-");
	assert_true(fl_module_unwind_rule(c.module, 0x10, &rule));
	assert_int_equal(rule.cfa_offset, 8);
}

/* A symbol at 0 of another name, and of the same size by accident. */
static void test_size_alone_proves_nothing_at_zero(void **state)
{
	ELF_AUTO w = { 0 };
	DWARF_AUTO d = { 0 };
	(void)state;
	dwarf_unit(&d, "gone.c", C99);
	function(&d, "gone", 0, 0x20, 5);
	dwarf_unit_end(&d);
	dwarf_end(&d, &w);
	unsigned text = elf_code(&w, ".text", 0, 0x100);
	elf_symbol(&w, "asm_entry", 1, 0x20, ELF_FUNC, text);
	SYMBOLS c = open_symbols(&w);
	assert_scopes(c.module, 0, "asm_entry ?:0");
}

static void test_lld_tombstones(void **state)
{
	ELF_AUTO w = { 0 };
	DWARF_AUTO d = { 0 };
	(void)state;
	dwarf_unit(&d, "gone.c", C99);
	function(&d, "gone", 0xffffffff, 0x20, 5);
	function(&d, "gone_too", 0xfffffffe, 0x20, 6);
	function(&d, "outside", 0x7000, 0x20, 7);
	function(&d, "half_outside", 0x1f0, 0x20, 8);
	function(&d, "here", 0x100, 0x20, 9);
	dwarf_unit_end(&d);
	dwarf_end(&d, &w);
	elf_code(&w, ".text", 0x100, 0x100);
	SYMBOLS c = open_symbols(&w);
	assert_scopes(c.module, 0x100, "here gone.c:9");
	assert_scopes(c.module, 0x1f0, "-");
	assert_scopes(c.module, 0xfffffffe, "-");
	assert_int_equal(fl_module_info(c.module).function_count, 1);
}

/* Without any symbol table, DWARF is believed, but nothing at the tombstone addresses. */
static void test_without_symbols(void **state)
{
	ELF_AUTO w = { 0 };
	DWARF_AUTO d = { 0 };
	(void)state;
	dwarf_unit(&d, "a.c", C99);
	function(&d, "gone", 0, 0x90, 5);
	function(&d, "gone_too", 1, 0x90, 5);
	function(&d, "reset", 0x80, 0x20, 10);
	dwarf_unit_end(&d);
	dwarf_end(&d, &w);
	elf_code(&w, ".text", 0, 0x100);
	SYMBOLS c = open_symbols(&w);
	assert_scopes(c.module, 0x00, "-");
	assert_scopes(c.module, 0x80, "reset a.c:10");
	assert_true(has_rule(c.module, 0x80));
	assert_false(has_rule(c.module, 0x10));
}

/* `strip -x` takes the names of static functions away. */
static void test_without_local_symbols(void **state)
{
	ELF_AUTO w = { 0 };
	DWARF_AUTO d = { 0 };
	(void)state;
	dwarf_unit(&d, "a.c", C99);
	function(&d, "gone", 0x40, 0x30, 5); /* external: its symbol should be there */
	dwarf_static_function(&d, "helper", 0xa0, 0x20);
	dwarf_up(&d);
	dwarf_row(&d, 0xa0, 1, 20);
	dwarf_row_end(&d, 0xc0);
	function(&d, "reset", 0x80, 0x20, 10);
	dwarf_unit_end(&d);
	dwarf_end(&d, &w);
	unsigned text = elf_code(&w, ".text", 0, 0x100);
	elf_symbol(&w, "reset", 0x81, 0x20, ELF_FUNC, text);
	SYMBOLS c = open_symbols(&w);
	assert_scopes(c.module, 0x40, "-");
	assert_scopes(c.module, 0x80, "reset a.c:10");
	assert_scopes(c.module, 0xa0, "helper a.c:20");
}

/* gcc's clones carry a suffix in .symtab only; identical functions are folded into one place. */
static void test_clones_and_folded_functions(void **state)
{
	ELF_AUTO w = { 0 };
	DWARF_AUTO d = { 0 };
	struct fl_function_info f;
	(void)state;
	dwarf_unit(&d, "a.c", C99);
	function(&d, "other", 0x100, 0x20, 1);
	function(&d, "parse", 0x100, 0x20, 2);
	function(&d, "send", 0x120, 0x20, 3);
	dwarf_unit_end(&d);
	dwarf_end(&d, &w);
	unsigned text = elf_code(&w, ".text", 0x100, 0x100);
	elf_symbol(&w, "parse.constprop.0", 0x101, 0x20, ELF_LOCAL_FUNC, text);
	elf_symbol(&w, "send", 0x121, 0x20, ELF_FUNC, text);
	elf_symbol(&w, "post", 0x121, 0x20, ELF_FUNC, text);
	SYMBOLS c = open_symbols(&w);
	assert_true(fl_module_function(c.module, 0x110, &f));
	assert_string_equal(f.name, "parse");
	assert_string_equal(f.linkage_name, "parse.constprop.0");
	assert_true(fl_module_function(c.module, 0x120, &f));
	assert_string_equal(f.name, "send");
	assert_null(f.linkage_name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at_zero_with_symbols),
		cmocka_unit_test(test_real_function_at_zero),
		cmocka_unit_test(test_size_alone_proves_nothing_at_zero),
		cmocka_unit_test(test_lld_tombstones),
		cmocka_unit_test(test_without_symbols),
		cmocka_unit_test(test_without_local_symbols),
		cmocka_unit_test(test_clones_and_folded_functions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
