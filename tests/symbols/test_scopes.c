/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses -> scopes, for users of the library. */
#include "symbols_case.h"

enum { C99 = 0x0c };

/* leaf inlined into outer; behind them code with lines and no function. */
static struct symbols_case sample(uint32_t addr)
{
	ELF_AUTO w = { 0 };
	DWARF_AUTO d = { 0 };
	dwarf_unit(&d, "main.c", C99);
	uint32_t leaf = dwarf_abstract(&d, "leaf");
	dwarf_function(&d, "outer", addr, 0x40);
	dwarf_inlined(&d, leaf, addr + 0x10, 0x20, 1, 44);
	dwarf_up(&d);
	dwarf_up(&d);
	dwarf_row(&d, addr, 1, 40);
	dwarf_row(&d, addr + 0x10, 2, 3);
	dwarf_row(&d, addr + 0x40, 1, 90);
	dwarf_row_end(&d, addr + 0x48);
	dwarf_unit_end(&d);
	dwarf_end(&d, &w);
	elf_code(&w, ".text", addr, 0x80);
	return open_symbols(&w);
}

static size_t
lookup(const struct symbols_case *c, uint32_t addr, struct fl_scope *ret, const char **module_ret)
{
	const struct fl_symbols *symbols[] = { c->symbols };
	return fl_symbols_lookup(symbols, 1, addr, ret, FL_SCOPES_MAX, module_ret);
}

static void test_inlined_scopes_come_first(void **state)
{
	SYMBOLS c = sample(0x100);
	struct fl_scope scopes[FL_SCOPES_MAX];
	const char *module;
	(void)state;
	assert_int_equal(lookup(&c, 0x112, scopes, &module), 2);
	assert_string_equal(module, "fw.elf");
	assert_string_equal(scopes[0].function, "leaf");
	assert_string_equal(scopes[0].file, "/src/inc/util.h");
	assert_int_equal(scopes[0].line, 3);
	assert_string_equal(scopes[1].function, "outer");
	assert_int_equal(scopes[1].line, 44);
	assert_int_equal(lookup(&c, 0x10e, scopes, NULL), 1);
	assert_string_equal(scopes[0].function, "outer");
	assert_int_equal(scopes[0].line, 40);
}

static void test_line_without_function(void **state)
{
	SYMBOLS c = sample(0x100);
	struct fl_scope scopes[FL_SCOPES_MAX];
	const char *module;
	(void)state;
	assert_int_equal(lookup(&c, 0x144, scopes, &module), 1);
	assert_null(scopes[0].function);
	assert_int_equal(scopes[0].line, 90);
	assert_string_equal(module, "fw.elf");
	/* Code of which nothing is known, and no code. */
	assert_int_equal(lookup(&c, 0x150, scopes, &module), 0);
	assert_string_equal(module, "fw.elf");
	assert_int_equal(lookup(&c, 0x2000, scopes, &module), 0);
	assert_null(module);
}

static void test_less_room(void **state)
{
	SYMBOLS c = sample(0x100);
	const struct fl_symbols *symbols[] = { c.symbols };
	struct fl_scope scope;
	const char *module;
	(void)state;
	assert_int_equal(fl_symbols_lookup(symbols, 1, 0x112, &scope, 0, &module), 0);
	assert_string_equal(module, "fw.elf");
	assert_int_equal(fl_symbols_lookup(symbols, 1, 0x112, &scope, 1, &module), 1);
	assert_string_equal(scope.function, "outer");
	assert_int_equal(fl_symbols_lookup(NULL, 0, 0x112, &scope, 1, &module), 0);
	assert_null(module);
}

static void test_several_files(void **state)
{
	SYMBOLS first = sample(0x100);
	SYMBOLS second = sample(0x1000);
	const struct fl_symbols *symbols[] = { first.symbols, second.symbols };
	struct fl_scope scopes[FL_SCOPES_MAX];
	(void)state;
	assert_int_equal(fl_symbols_lookup(symbols, 2, 0x112, scopes, FL_SCOPES_MAX, NULL), 2);
	assert_int_equal(fl_symbols_lookup(symbols, 2, 0x1012, scopes, FL_SCOPES_MAX, NULL), 2);
	assert_int_equal(fl_symbols_lookup(symbols, 1, 0x1012, scopes, FL_SCOPES_MAX, NULL), 0);
}

/* What binutils 2.40 prints, without its hash and crate numbers of Rust (as addr2line -C does). */
static void test_demangled_names(void **state)
{
	static const struct {
		const char *name, *whole;
	} cases[] = {
		{ "_ZN7drivers6Sensor5startEPm", "drivers::Sensor::start(unsigned long*)" },
		{ "_ZNK4util5QueueIiLj4EE4sizeEv", "util::Queue<int, 4u>::size() const" },
		{ "_ZL3foov.constprop.0", "foo() [clone .constprop.0]" },
		{ "_ZN3app4main17h0123456789abcdefE", "app::main" },
		{ "_RNvC7mycrate3foo", "mycrate::foo" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		FL_AUTO_BUFFER whole = { 0 };
		assert_int_equal(fl_symbols_demangle(cases[i].name, &whole, NULL), FL_OK);
		assert_string_equal((const char *)whole.data, cases[i].whole);
		assert_int_equal(whole.size, strlen(cases[i].whole));
	}
	static const char *const plain[] = { "main", "", "_Z", "_ZN", "_R", "__Z3foov" };
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		struct fl_buffer whole = { 0 };
		assert_int_equal(fl_symbols_demangle(plain[i], &whole, NULL), FL_ENOTFOUND);
		assert_null(whole.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inlined_scopes_come_first),
		cmocka_unit_test(test_line_without_function),
		cmocka_unit_test(test_less_room),
		cmocka_unit_test(test_several_files),
		cmocka_unit_test(test_demangled_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
