/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of structures and variables as they are built from entries: names, places. */
#include "support/die_writer.h"
#include "symbols/symbols_case.h"

enum { UNIT = 0x11, MEMBER = 0x0d, STRUCT = 0x13, TYPEDEF = 0x16, BASE = 0x24, VARIABLE = 0x34 };

#define NAME(text) \
	{ \
		0x03, DIE_STRING, 0, text, 0 \
	}
#define SIZE(size) \
	{ \
		0x0b, DIE_DATA1, size, NULL, 0 \
	}
#define TYPE(off) \
	{ \
		0x49, DIE_REF4, off, NULL, 0 \
	}
#define OFF(off) \
	{ \
		0x38, DIE_DATA1, off, NULL, 0 \
	}
#define AT(addr) \
	{ \
		0x02, DIE_EXPRLOC, 0, "\x03" addr, 5 \
	}
#define DIE(tag, children, ...) \
	dies_add(&d, tag, children, \
		 (const struct die_attribute[]){ __VA_ARGS__, { 0, 0, 0, NULL, 0 } })

static const struct fl_index_variable *variable(const struct fl_module *module, uint32_t i)
{
	return fl_table_at(module, FL_INDEX_VARIABLES, i);
}

/* What the linker dropped is told by its address. Flash at 0 does not make 0 one. */
static void test_only_what_is_in_memory(void **state)
{
	static const char text[0x40];
	ELF_AUTO w = { 0 };
	struct die_writer d = { 0 };
	(void)state;
	dies_unit(&d, UNIT);
	uint32_t base = DIE(BASE, false, NAME("int"), SIZE(4));
	DIE(VARIABLE, false, NAME("xTickCount"), TYPE(base), AT("\0\0\0\0"));
	DIE(VARIABLE, false, NAME("xTickCount"), TYPE(base), AT("\xff\xff\xff\xff"));
	DIE(VARIABLE, false, NAME("xTickCount"), TYPE(base), AT("\xfe\xff\xff\xff"));
	DIE(VARIABLE, false, NAME("xTickCount"), TYPE(base), AT("\xff\xff\xff\x1f"));
	DIE(VARIABLE, false, NAME("xTickCount"), TYPE(base), AT("\x08\0\0\x20"));
	DIE(VARIABLE, false, NAME("xTickCount"), TYPE(base), AT("\x07\0\0\x20"));
	DIE(VARIABLE, false, NAME("xTickCount"), TYPE(base), AT("\x10\0\0\0"));
	DIE(VARIABLE, false, NAME("xTickCount"), TYPE(base), AT("\x04\0\0\x30"));
	dies_unit_end(&d);
	dies_end(&d, &w);
	elf_section(&w, ".text", ELF_PROGBITS, ELF_A | ELF_X, 0, text, sizeof(text));
	elf_section(&w, ".bss", ELF_NOBITS, ELF_A | ELF_W, 0x20000000, NULL, 8);
	elf_section(&w, ".note", ELF_PROGBITS, 0, 0x30000000, text, sizeof(text));
	SYMBOLS c = open_symbols(&w);
	assert_int_equal(c.module->tables[FL_INDEX_VARIABLES].count, 2);
	assert_int_equal(variable(c.module, 0)->addr, 0x20000007);
	assert_int_equal(variable(c.module, 1)->addr, 0x10);
	struct fl_variable_info info;
	assert_true(fl_view_variable(&c.view, "xTickCount", &info));
	assert_int_equal(info.addr, 0x20000007);
	assert_int_equal(info.size, 4);
}

/* A symbol of assembly code has no size; debug information of the same variable does. */
static void test_size_of_a_symbol_without(void **state)
{
	static const struct {
		uint32_t symbol_addr, symbol_size, size;
	} cases[] = {
		{ 0x20000010, 0, 16 },
		{ 0x20000010, 8, 8 }, /* what the symbol says counts */
		{ 0x20000020, 0, 0 }, /* another variable of that name */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ELF_AUTO w = { 0 };
		struct die_writer d = { 0 };
		dies_unit(&d, UNIT);
		uint32_t base = DIE(BASE, false, NAME("int"), SIZE(4));
		uint32_t array = DIE(0x01, true, TYPE(base));
		DIE(0x21, false, { 0x37, DIE_DATA1, 4, NULL, 0 });
		dies_up(&d);
		DIE(VARIABLE, false, NAME("pxReadyTasksLists"), TYPE(array), AT("\x10\0\0\x20"));
		dies_unit_end(&d);
		dies_end(&d, &w);
		elf_code(&w, ".text", 0x1000, 0x40);
		unsigned bss =
			elf_section(&w, ".bss", ELF_NOBITS, ELF_A | ELF_W, 0x20000000, NULL, 0x100);
		elf_symbol(&w, "pxReadyTasksLists", cases[i].symbol_addr, cases[i].symbol_size,
			   ELF_OBJECT, bss);
		SYMBOLS c = open_symbols(&w);
		struct fl_variable_info info;
		assert_true(fl_view_variable(&c.view, "pxReadyTasksLists", &info));
		assert_int_equal(info.addr, cases[i].symbol_addr);
		assert_int_equal(info.size, cases[i].size);
	}
}

/* Every typedef finds the structure, also where there are more than a row has room for. */
static void test_names(void **state)
{
	static const char *const tagged[] = { "tskTaskControlBlock", "tskTCB", "TCB_t", "xQUEUE" };
	static const char *const plain[] = { "osRtxMutex_t", "EventGroup_t", "Queue_t" };
	ELF_AUTO w = { 0 };
	struct die_writer d = { 0 };
	(void)state;
	dies_unit(&d, UNIT);
	uint32_t base = DIE(BASE, false, NAME("int"), SIZE(4));
	uint32_t first = DIE(STRUCT, true, NAME(tagged[0]), SIZE(8));
	DIE(MEMBER, false, NAME("here"), TYPE(base), OFF(4));
	dies_up(&d);
	for (int i = 1; i < 4; i++)
		DIE(TYPEDEF, false, NAME(tagged[i]), TYPE(first));
	DIE(TYPEDEF, false, NAME(tagged[0]), TYPE(first));
	uint32_t second = DIE(STRUCT, true, SIZE(16));
	DIE(MEMBER, false, NAME("inside"), TYPE(first), OFF(8));
	dies_up(&d);
	for (int i = 0; i < 3; i++)
		DIE(TYPEDEF, false, NAME(plain[i]), TYPE(second));
	dies_unit_end(&d);
	dies_end(&d, &w);
	elf_code(&w, ".text", 0x100, 0x100);
	SYMBOLS c = open_symbols(&w);
	struct fl_field field;
	uint32_t size;
	for (int i = 0; i < 4; i++) {
		assert_true(fl_view_field(&c.view, tagged[i], "here", &field));
		assert_int_equal(field.off, 4);
		assert_true(fl_view_struct_size(&c.view, tagged[i], &size));
		assert_int_equal(size, 8);
	}
	for (int i = 0; i < 3; i++) {
		assert_true(fl_view_field(&c.view, plain[i], "inside.here", &field));
		assert_int_equal(field.off, 12);
		assert_false(fl_view_field(&c.view, plain[i], "here", &field));
		assert_false(fl_view_field(&c.view, plain[i], "inside.here.", &field));
		assert_false(fl_view_field(&c.view, plain[i], "inside.her", &field));
		assert_false(fl_view_field(&c.view, plain[i], "inside.heres", &field));
		assert_false(fl_view_field(&c.view, plain[i], "inside_here", &field));
		assert_false(fl_view_field(&c.view, plain[i], ".here", &field));
	}
	assert_int_equal(c.module->tables[FL_INDEX_STRUCTS].count, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_what_is_in_memory),
		cmocka_unit_test(test_size_of_a_symbol_without),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
