/* SPDX-License-Identifier: Apache-2.0 */
/* Physical frames -> frames of the report. */
#include "symbols/symbolize.h"
#include "symbols_case.h"

enum { C99 = 0x0c };

static struct symbols_case sample(void)
{
	ELF_AUTO w = { 0 };
	DWARF_AUTO d = { 0 };
	dwarf_unit(&d, "main.c", C99);
	uint32_t leaf = dwarf_abstract(&d, "leaf");
	dwarf_function(&d, "outer", 0x100, 0x40);
	dwarf_inlined(&d, leaf, 0x110, 0x20, 1, 44);
	dwarf_up(&d);
	dwarf_up(&d);
	dwarf_row(&d, 0x100, 1, 40);
	dwarf_row(&d, 0x110, 2, 3);
	dwarf_row_end(&d, 0x140);
	dwarf_unit_end(&d);
	dwarf_end(&d, &w);
	unsigned text = elf_code(&w, ".text", 0x80, 0x180);
	elf_symbol(&w, "outer", 0x101, 0x40, ELF_FUNC, text);
	return open_symbols(&w);
}

static struct fl_unwound_frame frame(uint32_t pc, uint32_t lookup_pc)
{
	struct fl_unwound_frame f = { .kind = FL_FRAME_CODE,
				      .trust = FL_TRUST_CFI,
				      .pc = pc,
				      .pc_known = true,
				      .lookup_pc = lookup_pc,
				      .cfa = 0x20001000,
				      .cfa_known = true };
	fl_reg_set(&f.regs, FL_R4, 0x44);
	return f;
}

static void test_inlined_frames_come_first(void **state)
{
	SYMBOLS c = sample();
	struct fl_arena arena = { 0 };
	struct fl_unwound_frame in[] = { frame(0x110, 0x110), frame(0x110, 0x10f) };
	struct fl_frame *out;
	size_t count;
	(void)state;
	assert_int_equal(fl_symbolize(&c.view, in, 2, &arena, &out, &count), FL_OK);
	assert_int_equal(count, 3);
	assert_string_equal(out[0].function, "leaf");
	assert_true(out[0].inlined);
	assert_string_equal(out[0].file, "/src/inc/util.h");
	assert_int_equal(out[0].line, 3);
	assert_int_equal(out[0].pc, 0x110);
	assert_int_equal(out[0].regs.known, 0);
	assert_int_equal(out[0].module_off, 0x90);
	assert_string_equal(out[0].module, "fw.elf");
	assert_string_equal(out[1].function, "outer");
	assert_false(out[1].inlined);
	assert_int_equal(out[1].line, 44);
	assert_true(fl_reg_known(&out[1].regs, FL_R4));
	assert_true(out[1].function_known);
	assert_int_equal(out[1].function_addr, 0x100);
	/* The same pc as a return address belongs to the instruction before it. */
	assert_string_equal(out[2].function, "outer");
	assert_int_equal(out[2].line, 40);
	assert_int_equal(out[2].module_off, 0x8f);
	fl_arena_deinit(&arena);
}

/* Inlined ones make more frames than there was room for; each has its own texts. */
static void test_any_number_of_frames(void **state)
{
	SYMBOLS c = sample();
	struct fl_arena arena = { 0 };
	struct fl_unwound_frame in[64];
	struct fl_frame *out;
	size_t count;
	(void)state;
	for (size_t many = 1; many <= 64; many++) {
		for (size_t i = 0; i < many; i++) {
			in[i] = frame(0x110, i % 3 ? 0x110 : 0x10f);
			in[i].cfa = (uint32_t)i;
		}
		assert_int_equal(fl_symbolize(&c.view, in, many, &arena, &out, &count), FL_OK);
		size_t k = 0;
		for (size_t i = 0; i < many; i++) {
			if (i % 3)
				assert_string_equal(out[k].function, "leaf");
			if (i % 3)
				assert_int_equal(out[k++].cfa, i);
			assert_string_equal(out[k].function, "outer");
			assert_string_equal(out[k].module, "fw.elf");
			assert_int_equal(out[k++].cfa, i);
		}
		assert_int_equal(count, k);
	}
	fl_arena_deinit(&arena);
}

static void test_no_function_and_no_module(void **state)
{
	SYMBOLS c = sample();
	struct fl_arena arena = { 0 };
	struct fl_unwound_frame in[] = { frame(0x90, 0x90), frame(0x0badcafc, 0x0badcafc) };
	struct fl_frame *out;
	size_t count;
	(void)state;
	assert_int_equal(fl_symbolize(&c.view, in, 2, &arena, &out, &count), FL_OK);
	assert_int_equal(count, 2);
	assert_string_equal(out[0].module, "fw.elf");
	assert_null(out[0].function);
	assert_false(out[0].function_known);
	assert_null(out[1].module);
	assert_null(out[1].function);
	assert_int_equal(out[1].pc, 0x0badcafc);
	assert_int_equal(out[1].cfa, 0x20001000);
	fl_arena_deinit(&arena);
}

static void test_exception_boundary(void **state)
{
	SYMBOLS c = sample();
	struct fl_arena arena = { 0 };
	struct fl_unwound_frame in = frame(0xfffffff9, 0x110);
	struct fl_frame *out;
	size_t count;
	(void)state;
	in.kind = FL_FRAME_EXCEPTION;
	in.exception = 3;
	assert_int_equal(fl_symbolize(&c.view, &in, 1, &arena, &out, &count), FL_OK);
	assert_int_equal(count, 1);
	assert_int_equal(out->kind, FL_FRAME_EXCEPTION);
	assert_int_equal(out->exception, 3);
	assert_int_equal(out->pc, 0xfffffff9);
	assert_null(out->function);
	assert_null(out->module);
	fl_arena_deinit(&arena);
}

/* Strings outlive the symbols. */
static void test_strings_are_copied(void **state)
{
	struct fl_arena arena = { 0 };
	struct fl_frame *out;
	size_t count;
	(void)state;
	{
		SYMBOLS c = sample();
		struct fl_unwound_frame in = frame(0x110, 0x110);
		assert_int_equal(fl_symbolize(&c.view, &in, 1, &arena, &out, &count), FL_OK);
	}
	assert_string_equal(out[0].function, "leaf");
	assert_string_equal(out[1].module, "fw.elf");
	fl_arena_deinit(&arena);
}

static void test_nothing(void **state)
{
	struct fl_symbol_view view = { 0 };
	struct fl_arena arena = { 0 };
	struct fl_frame *out = NULL;
	size_t count = 7;
	(void)state;
	assert_int_equal(fl_symbolize(&view, NULL, 0, &arena, &out, &count), FL_OK);
	assert_int_equal(count, 0);
	fl_arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inlined_frames_come_first),
		cmocka_unit_test(test_any_number_of_frames),
		cmocka_unit_test(test_no_function_and_no_module),
		cmocka_unit_test(test_exception_boundary),
		cmocka_unit_test(test_strings_are_copied),
		cmocka_unit_test(test_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
