/* SPDX-License-Identifier: Apache-2.0 */
/* Functions, inline chains, lines, unwind rows, EHABI entries and symbols of a written image. */
#include "symbols_case.h"

enum { C99 = 0x0c, CXX = 0x04 };

static void test_inline_chain(void **state)
{
	ELF_AUTO w = { 0 };
	DWARF_AUTO d = { 0 };
	(void)state;
	dwarf_unit(&d, "main.c", C99);
	uint32_t leaf = dwarf_abstract(&d, "leaf");
	uint32_t middle = dwarf_abstract(&d, "middle");
	dwarf_function(&d, "outer", 0x100, 0x40);
	dwarf_inlined(&d, middle, 0x110, 0x20, 1, 44);
	dwarf_inlined(&d, leaf, 0x118, 0x8, 2, 7);
	dwarf_up(&d);
	dwarf_up(&d);
	dwarf_up(&d);
	dwarf_row(&d, 0x100, 1, 40);
	dwarf_row(&d, 0x110, 1, 20);
	dwarf_row(&d, 0x118, 2, 3);
	dwarf_row(&d, 0x120, 1, 21);
	dwarf_row(&d, 0x130, 1, 50);
	dwarf_row_end(&d, 0x140);
	dwarf_unit_end(&d);
	dwarf_end(&d, &w);
	unsigned text = elf_code(&w, ".text", 0x100, 0x100);
	elf_symbol(&w, "outer", 0x101, 0x40, ELF_FUNC, text);
	SYMBOLS c = open_symbols(&w);
	struct fl_scope one;
	assert_scopes(c.module, 0x100, "outer main.c:40");
	assert_scopes(c.module, 0x10e, "outer main.c:40");
	assert_scopes(c.module, 0x110, "middle main.c:20 < outer main.c:44");
	assert_scopes(c.module, 0x11a, "leaf util.h:3 < middle util.h:7 < outer main.c:44");
	assert_scopes(c.module, 0x120, "middle main.c:21 < outer main.c:44");
	assert_scopes(c.module, 0x130, "outer main.c:50");
	assert_scopes(c.module, 0x140, "-");
	/* Too little room: the function itself is never lost. */
	assert_int_equal(fl_module_scopes(c.module, 0x11a, &one, 1), 1);
	assert_string_equal(one.function, "outer");
	assert_int_equal(fl_module_scopes(c.module, 0x11a, &one, 0), 0);
}

/* The last row at an address wins; nothing is known past the end of a sequence. */
static void test_lines(void **state)
{
	ELF_AUTO w = { 0 };
	DWARF_AUTO d = { 0 };
	(void)state;
	dwarf_unit(&d, "main.c", C99);
	dwarf_function(&d, "f", 0x100, 0x40);
	dwarf_up(&d);
	dwarf_row(&d, 0x100, 1, 1);
	dwarf_row(&d, 0x100, 1, 2);
	dwarf_row(&d, 0x104, 1, 0);
	dwarf_row(&d, 0x108, 1, 3);
	dwarf_row_end(&d, 0x110);
	dwarf_row(&d, 0x120, 1, 4);
	dwarf_row_end(&d, 0x130);
	dwarf_unit_end(&d);
	dwarf_end(&d, &w);
	elf_code(&w, ".text", 0x100, 0x100);
	SYMBOLS c = open_symbols(&w);
	assert_scopes(c.module, 0x100, "f main.c:2");
	assert_scopes(c.module, 0x103, "f main.c:2");
	assert_scopes(c.module, 0x104, "f main.c:0");
	assert_scopes(c.module, 0x10f, "f main.c:3");
	assert_scopes(c.module, 0x110, "f ?:0");
	assert_scopes(c.module, 0x120, "f main.c:4");
	assert_scopes(c.module, 0x130, "f ?:0");
}

static void test_symbols_fill_gaps(void **state)
{
	ELF_AUTO w = { 0 };
	struct fl_function_info f;
	(void)state;
	unsigned text = elf_code(&w, ".text", 0x100, 0x100);
	unsigned more = elf_code(&w, ".ramfunc", 0x20000000, 0x20);
	elf_symbol(&w, "sized", 0x101, 0x10, ELF_FUNC, text);
	elf_symbol(&w, "asm_label", 0x120, 0, ELF_NOTYPE, text);
	elf_symbol(&w, "unsized", 0x141, 0, ELF_FUNC, text);
	elf_symbol(&w, "table", 0x150, 8, ELF_LOCAL_OBJECT, text);
	elf_symbol(&w, "_ZN3app4tickEv", 0x161, 0, ELF_FUNC, text);
	elf_symbol(&w, "in_ram", 0x20000001, 0, ELF_FUNC, more);
	SYMBOLS c = open_symbols(&w);
	assert_scopes(c.module, 0x100, "sized ?:0");
	assert_scopes(c.module, 0x110, "-");
	assert_scopes(c.module, 0x120, "asm_label ?:0");
	assert_scopes(c.module, 0x13e, "asm_label ?:0");
	assert_scopes(c.module, 0x140, "unsized ?:0");
	assert_scopes(c.module, 0x150, "-");
	assert_scopes(c.module, 0x1fe, "app::tick ?:0");
	assert_scopes(c.module, 0x200, "-");
	assert_scopes(c.module, 0x2000001e, "in_ram ?:0");
	assert_true(fl_module_function(c.module, 0x162, &f));
	assert_string_equal(f.linkage_name, "_ZN3app4tickEv");
	assert_int_equal(f.addr, 0x160);
	assert_int_equal(f.end, 0x200);
	assert_false(fl_module_info(c.module).has_debug_info);
	assert_true(fl_module_info(c.module).has_symbol_table);
	assert_int_equal(fl_module_info(c.module).code_addr, 0x100);
	assert_int_equal(fl_module_info(c.module).code_end, 0x20000020);
}

/* A function that another one interrupts is one function all the same. */
static void test_function_in_two_parts(void **state)
{
	ELF_AUTO w = { 0 };
	struct fl_symbol_info symbol;
	struct fl_function_info f;
	bool absolute;
	static const uint32_t parts[] = { 0x100, 0x10e, 0x120, 0x13e };
	(void)state;
	unsigned text = elf_code(&w, ".text", 0x100, 0x100);
	elf_symbol(&w, "_Z5outerv", 0x101, 0x40, ELF_FUNC, text);
	elf_symbol(&w, "inner", 0x111, 0x10, ELF_FUNC, text);
	SYMBOLS c = open_symbols(&w);
	for (size_t i = 0; i < 4; i++) {
		assert_true(fl_module_function(c.module, parts[i], &f));
		assert_string_equal(f.name, "outer");
		assert_string_equal(f.linkage_name, "_Z5outerv");
		assert_int_equal(f.addr, 0x100);
		assert_int_equal(f.end, 0x140);
	}
	assert_scopes(c.module, 0x110, "inner ?:0");
	assert_int_equal(fl_module_info(c.module).function_count, 2);
	assert_true(fl_module_symbol(c.module, "_Z5outerv", &symbol, &absolute));
	assert_int_equal(symbol.addr, 0x100);
	assert_int_equal(symbol.size, 0x40);
	assert_true(fl_module_symbol(c.module, "inner", &symbol, &absolute));
	assert_int_equal(symbol.addr, 0x110);
	assert_int_equal(symbol.size, 0x10);
}

/* A closure has no name of its own: the symbol's says more. */
static void test_closure_takes_the_demangled_name(void **state)
{
	ELF_AUTO w = { 0 };
	DWARF_AUTO d = { 0 };
	struct fl_function_info f;
	(void)state;
	dwarf_unit(&d, "a.cpp", CXX);
	dwarf_class(&d, NULL);
	dwarf_static_function(&d, "operator()", 0x100, 0x20);
	dwarf_up(&d);
	dwarf_up(&d);
	dwarf_unit_end(&d);
	dwarf_end(&d, &w);
	unsigned text = elf_code(&w, ".text", 0x100, 0x100);
	elf_symbol(&w, "_ZZN3app3runEvENKUlmE_clEm", 0x101, 0x20, ELF_LOCAL_FUNC, text);
	SYMBOLS c = open_symbols(&w);
	assert_true(fl_module_function(c.module, 0x110, &f));
	assert_string_equal(f.name, "app::run()::{lambda(unsigned long)#1}::operator()");
	assert_string_equal(f.linkage_name, "_ZZN3app3runEvENKUlmE_clEm");
}

static void test_unwind_rows(void **state)
{
	ELF_AUTO w = { 0 };
	DWARF_AUTO d = { 0 };
	struct fl_unwind_rule rule;
	/* def_cfa_expression {breg13 4}; expression r5 {breg13 8}; same r6; undefined r14 */
	static const uint8_t special[] = {
		0x0f, 2, 0x7d, 4, 0x10, 5, 2, 0x7d, 8, 0x08, 6, 0x07, 14
	};
	static const uint8_t broken[] = { 0x41, 0x0e, 0x08, 0x41, 0x3f };
	(void)state;
	dwarf_frame(&d, 0x100, 0x20);
	dwarf_frame(&d, 0x120, 0x20);
	dwarf_frame_of(&d, 0x140, 0x20, special, sizeof(special));
	dwarf_frame_of(&d, 0x160, 0x20, broken, sizeof(broken));
	dwarf_end(&d, &w);
	unsigned text = elf_code(&w, ".text", 0x100, 0x100);
	for (uint32_t addr = 0x100; addr < 0x180; addr += 0x20)
		elf_symbol(&w, "f", addr | 1, 0x20, ELF_FUNC, text);
	SYMBOLS c = open_symbols(&w);
	assert_true(fl_module_info(c.module).has_unwind_info);
	assert_true(fl_module_unwind_rule(c.module, 0x100, &rule));
	assert_int_equal(rule.cfa_kind, FL_CFA_REGISTER);
	assert_int_equal(rule.cfa_register, FL_SP);
	assert_int_equal(rule.cfa_offset, 0);
	assert_int_equal(rule.regs[FL_LR].kind, FL_RULE_UNSPECIFIED);
	assert_int_equal(rule.return_column, FL_LR);
	for (uint32_t pc = 0x102; pc < 0x140; pc += 0x20) {
		assert_true(fl_module_unwind_rule(c.module, pc, &rule));
		assert_int_equal(rule.cfa_offset, 8);
		assert_int_equal(rule.regs[FL_R4].kind, FL_RULE_OFFSET);
		assert_int_equal(rule.regs[FL_R4].offset, -8);
		assert_int_equal(rule.regs[FL_LR].offset, -4);
	}
	assert_true(fl_module_unwind_rule(c.module, 0x150, &rule));
	assert_int_equal(rule.cfa_kind, FL_CFA_EXPRESSION);
	assert_int_equal(rule.cfa_expression.size, 2);
	assert_memory_equal(rule.cfa_expression.bytes, "\x7d\x04", 2);
	assert_int_equal(rule.regs[FL_R5].kind, FL_RULE_EXPRESSION);
	assert_memory_equal(rule.regs[FL_R5].expression.bytes, "\x7d\x08", 2);
	assert_int_equal(rule.regs[FL_R6].kind, FL_RULE_SAME);
	assert_int_equal(rule.regs[FL_LR].kind, FL_RULE_UNDEFINED);
	/* The program breaks off at 0x164: what came before stays, nothing is made up behind it. */
	assert_true(fl_module_unwind_rule(c.module, 0x162, &rule));
	assert_false(fl_module_unwind_rule(c.module, 0x164, &rule));
	assert_false(fl_module_unwind_rule(c.module, 0x170, &rule));
	assert_false(fl_module_unwind_rule(c.module, 0x180, &rule));
	assert_false(fl_module_unwind_rule(c.module, 0xfe, &rule));
	size_t findings;
	assert_string_equal(fl_module_findings(c.module, &findings)[0].text,
			    "fw.elf: 1 call frame programs are damaged");
	/* Entry, after the push, the special one, the broken one: two functions of one shape share.
	 */
	assert_int_equal(c.module->tables[FL_INDEX_RULES].count, 4);
}

/* pac-ret and hand-written code keep values in registers that no dump holds. */
static void test_rules_with_foreign_registers(void **state)
{
	ELF_AUTO w = { 0 };
	DWARF_AUTO d = { 0 };
	struct fl_unwind_rule rule;
	/* register r14 in d8 (column 264); register r4 in r12 */
	static const uint8_t in_vfp[] = { 0x09, 14, 0x88, 0x02, 0x09, 4, 12 };
	(void)state;
	dwarf_frame_of(&d, 0x100, 0x20, in_vfp, sizeof(in_vfp));
	dwarf_end(&d, &w);
	unsigned text = elf_code(&w, ".text", 0x100, 0x100);
	elf_symbol(&w, "f", 0x101, 0x20, ELF_FUNC, text);
	SYMBOLS c = open_symbols(&w);
	assert_true(fl_module_unwind_rule(c.module, 0x100, &rule));
	assert_int_equal(rule.regs[FL_LR].kind, FL_RULE_REGISTER);
	assert_int_equal(rule.regs[FL_LR].other, FL_RULE_FOREIGN);
	assert_int_equal(rule.regs[FL_R4].kind, FL_RULE_REGISTER);
	assert_int_equal(rule.regs[FL_R4].other, FL_R12);
}

static void test_exidx(void **state)
{
	ELF_AUTO w = { 0 };
	BYTES_AUTO table = { 0 };
	struct fl_exidx_entry e;
	(void)state;
	put_u32(&table, (0x101 - 0x1000) & 0x7fffffff);
	put_u32(&table, 0x80a8b0b0);
	put_u32(&table, (0x120 - 0x1008) & 0x7fffffff);
	put_u32(&table, 1);
	put_u32(&table, (0x140 - 0x1010) & 0x7fffffff);
	put_u32(&table, 0x8fb0b0b0); /* damaged */
	elf_code(&w, ".text", 0x100, 0x100);
	elf_section(&w, ".ARM.exidx", ELF_EXIDX, ELF_A, 0x1000, table.data, table.size);
	SYMBOLS c = open_symbols(&w);
	assert_true(fl_module_info(c.module).has_unwind_info);
	assert_false(fl_module_exidx(c.module, 0xfe, &e));
	assert_true(fl_module_exidx(c.module, 0x11e, &e));
	assert_int_equal(e.function_addr, 0x100);
	assert_int_equal(e.opcode_count, 3);
	assert_memory_equal(e.opcodes, "\xa8\xb0\xb0", 3);
	assert_true(fl_module_exidx(c.module, 0x120, &e));
	assert_true(e.cantunwind);
	assert_false(fl_module_exidx(c.module, 0x140, &e));
	assert_false(fl_module_exidx(c.module, 0x200, &e)); /* no code there */
}

static void test_read_only_contents(void **state)
{
	ELF_AUTO w = { 0 };
	size_t count;
	(void)state;
	elf_section(&w, ".rodata", ELF_PROGBITS, ELF_A, 0x300, "constant", 8);
	elf_section(&w, ".text", ELF_PROGBITS, ELF_A | ELF_X, 0x100, "\x70\x47", 2);
	elf_section(&w, ".data", ELF_PROGBITS, ELF_A | ELF_W, 0x20000000, "variable", 8);
	elf_section(&w, ".overlay", ELF_PROGBITS, ELF_A, 0x304, "0123456789", 10);
	elf_section(&w, ".comment", ELF_PROGBITS, 0, 0, "gcc", 4);
	SYMBOLS c = open_symbols(&w);
	const struct fl_span *spans = fl_module_spans(c.module, &count);
	assert_int_equal(count, 3);
	assert_int_equal(spans[0].addr, 0x100);
	assert_memory_equal(spans[0].bytes, "\x70\x47", 2);
	assert_int_equal(spans[1].addr, 0x300);
	assert_memory_equal(spans[1].bytes, "constant", 8);
	assert_int_equal(spans[2].addr, 0x308);
	assert_int_equal(spans[2].size, 6);
	assert_memory_equal(spans[2].bytes, "456789", 6);
	assert_int_equal(spans[0].source, FL_SPAN_ELF);
	assert_true(fl_module_is_code(c.module, 0x101));
	assert_false(fl_module_is_code(c.module, 0x102));
	assert_false(fl_module_is_code(c.module, 0x300));
}

/* sstrip leaves program headers only. */
static void test_segments_where_sections_are_gone(void **state)
{
	ELF_AUTO w = { 0 };
	size_t count;
	(void)state;
	elf_section(&w, ".text", ELF_PROGBITS, ELF_A | ELF_X, 0x100, "\x70\x47", 2);
	elf_segment(&w, 1, 52 + 64, 0x100, 2, 2, 5);
	elf_segment(&w, 1, 52 + 64, 0x20000000, 2, 2, 6);
	elf_end(&w);
	patch_u32(&w.file, 32, 0);
	SYMBOLS c = open_symbols_bytes(w.file.data, w.file.size);
	assert_true(fl_module_is_code(c.module, 0x100));
	assert_false(fl_module_is_code(c.module, 0x20000000));
	fl_module_spans(c.module, &count);
	assert_int_equal(count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inline_chain),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_symbols_fill_gaps),
		cmocka_unit_test(test_function_in_two_parts),
		cmocka_unit_test(test_closure_takes_the_demangled_name),
		cmocka_unit_test(test_unwind_rows),
		cmocka_unit_test(test_rules_with_foreign_registers),
		cmocka_unit_test(test_exidx),
		cmocka_unit_test(test_read_only_contents),
		cmocka_unit_test(test_segments_where_sections_are_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
