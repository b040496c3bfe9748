/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses -> scopes, for users of the library. */
#include "support/die_writer.h"
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

/* --- functions of two parts, as gcc's -freorder-blocks-and-partition makes them --- */

enum { UNIT = 0x11, INLINED = 0x1d, SUBPROGRAM = 0x2e };

#define DIE(d, tag, children, ...) \
	dies_add(d, tag, children, \
		 (const struct die_attribute[]){ __VA_ARGS__, { 0, 0, 0, NULL, 0 } })
#define NAME(text) \
	{ \
		0x03, DIE_STRING, 0, text, 0 \
	}
#define RANGES(off) \
	{ \
		0x55, DIE_DATA4, off, NULL, 0 \
	}

/* "outer" in [0x100, 0x120) and [0x180, 0x1a0), "cold" between and behind its parts. */
static void write_parts(struct elf_writer *w)
{
	struct die_writer d = { .version = 3 };
	BYTES_AUTO ranges = { 0 };
	static const uint32_t lists[] = {
		0x100, 0x120, 0x180, 0x1a0, 0,     0, /* 0: outer */
		0x108, 0x110, 0x11c, 0x184, 0x188, 0x1b0,
		0,     0,                             /* 24: leaf, which claims too much */
		0x18c, 0x190, 0,     0,               /* 56: twig in it */
		0x140, 0x148, 0x1a0, 0x1a8, 0,     0, /* 72: cold */
		0x1a4, 0x1a8, 0,     0,               /* 96: leaf in cold */
	};
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		put_u32(&ranges, lists[i]);
	dies_unit(&d, UNIT);
	uint32_t leaf = DIE(&d, SUBPROGRAM, false, NAME("leaf"), { 0x20, DIE_DATA1, 1, NULL, 0 });
	uint32_t twig = DIE(&d, SUBPROGRAM, false, NAME("twig"), { 0x20, DIE_DATA1, 1, NULL, 0 });
	DIE(&d, SUBPROGRAM, true, NAME("outer"), RANGES(0));
	DIE(&d, INLINED, true, { 0x31, DIE_REF4, leaf, NULL, 0 }, RANGES(24));
	DIE(&d, INLINED, false, { 0x31, DIE_REF4, twig, NULL, 0 }, RANGES(56));
	dies_up(&d);
	dies_up(&d);
	DIE(&d, SUBPROGRAM, true, NAME("cold"), RANGES(72));
	DIE(&d, INLINED, false, { 0x31, DIE_REF4, leaf, NULL, 0 }, RANGES(96));
	dies_up(&d);
	dies_unit_end(&d);
	dies_end(&d, w);
	elf_section(w, ".debug_ranges", ELF_PROGBITS, 0, 0, ranges.data, ranges.size);
	elf_code(w, ".text", 0x100, 0x100);
}

/* An inlined call belongs to every part of its function, and to no other function's code. */
static void test_inlined_in_parts(void **state)
{
	static const struct {
		uint32_t addr;
		const char *scopes;
	} cases[] = {
		{ 0x100, "outer" },
		{ 0x108, "leaf < outer" },
		{ 0x110, "outer" },
		{ 0x11c, "leaf < outer" },
		{ 0x120, "-" },
		{ 0x140, "cold" },
		{ 0x148, "-" },
		{ 0x180, "leaf < outer" },
		{ 0x184, "outer" },
		{ 0x188, "leaf < outer" },
		{ 0x18c, "twig < leaf < outer" },
		{ 0x190, "leaf < outer" },
		{ 0x19e, "leaf < outer" },
		{ 0x1a0, "cold" },
		{ 0x1a4, "leaf < cold" },
		{ 0x1a8, "-" },
	};
	ELF_AUTO w = { 0 };
	(void)state;
	write_parts(&w);
	SYMBOLS c = open_symbols(&w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_scope scopes[FL_SCOPES_MAX];
		char got[64] = "-";
		size_t count = lookup(&c, cases[i].addr, scopes, NULL);
		size_t used = 0;
		for (size_t k = 0; k < count; k++)
			used += (size_t)snprintf(got + used, sizeof(got) - used, "%s%s",
						 k ? " < " : "", scopes[k].function);
		if (strcmp(got, cases[i].scopes) != 0)
			fail_msg("0x%x: %s, not %s", cases[i].addr, got, cases[i].scopes);
	}
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
		cmocka_unit_test(test_inlined_in_parts),
		cmocka_unit_test(test_line_without_function),
		cmocka_unit_test(test_less_room),
		cmocka_unit_test(test_several_files),
		cmocka_unit_test(test_demangled_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
