/* SPDX-License-Identifier: Apache-2.0 */
/* What is read from DWARF: names, inlined calls, lines, frames; and what damage leaves. */
#include "image_case.h"
#include "support/dwarf_writer.h"

#include <string.h>

enum { C99 = 0x0c, CXX = 0x04 };

static const char *name_of(const struct fl_image *image, size_t function, struct fl_str *out)
{
	const struct fl_debug_function *f =
		fl_vec_at(&image->debug.functions, const struct fl_debug_function, function);
	fl_str_deinit(out);
	fl_decl_qualified(&image->debug, f->decl, out);
	return out->data ? out->data : "";
}

static void test_functions_and_inlines(void **state)
{
	ELF_AUTO w = { 0 };
	DWARF_AUTO d = { 0 };
	FL_AUTO_STR name = { 0 };
	(void)state;
	dwarf_unit(&d, "main.c", C99);
	uint32_t leaf = dwarf_abstract(&d, "leaf");
	uint32_t middle = dwarf_abstract(&d, "middle");
	dwarf_function(&d, "outer", 0x100, 0x40);
	dwarf_block(&d);
	dwarf_inlined(&d, middle, 0x110, 0x20, 1, 44);
	dwarf_inlined(&d, leaf, 0x118, 0x8, 2, 7);
	dwarf_up(&d);
	dwarf_up(&d);
	dwarf_up(&d);
	dwarf_up(&d);
	dwarf_unit_end(&d);
	dwarf_end(&d, &w);
	elf_code(&w, ".text", 0x100, 0x100);
	IMAGE c = open_image(&w);
	const struct fl_debug_info *info = &c.image->debug;
	assert_int_equal(c.image->findings.count, 0);
	assert_int_equal(info->functions.count, 1);
	assert_string_equal(name_of(c.image, 0, &name), "outer");
	assert_int_equal(info->inlines.count, 2);
	const struct fl_debug_inline *in = info->inlines.data;
	assert_int_equal(in[0].depth, 1);
	assert_int_equal(in[0].call_line, 44);
	assert_string_equal(c.image->strings.bytes.data + in[0].call_file, "/src/main.c");
	assert_int_equal(in[1].parent, 0);
	assert_int_equal(in[1].depth, 2);
	assert_string_equal(c.image->strings.bytes.data + in[1].call_file, "/src/inc/util.h");
}

static void test_qualified_names(void **state)
{
	ELF_AUTO w = { 0 };
	DWARF_AUTO d = { 0 };
	FL_AUTO_STR name = { 0 };
	(void)state;
	dwarf_unit(&d, "a.cpp", CXX);
	dwarf_namespace(&d, "app");
	dwarf_class(&d, "Queue<int>");
	uint32_t push = dwarf_declaration(&d, "push", "_ZN3app5QueueIiE4pushEv");
	dwarf_up(&d);
	dwarf_namespace(&d, NULL);
	dwarf_function(&d, "hidden", 0x120, 0x10);
	dwarf_up(&d);
	dwarf_up(&d);
	dwarf_up(&d);
	dwarf_definition(&d, push, 0x100, 0x10);
	dwarf_class(&d, "Local");
	dwarf_function(&d, "run", 0x130, 0x10);
	dwarf_up(&d);
	dwarf_up(&d);
	dwarf_class(&d, NULL);
	dwarf_function(&d, "operator()", 0x140, 0x10);
	dwarf_up(&d);
	dwarf_up(&d);
	dwarf_up(&d);
	dwarf_unit_end(&d);
	dwarf_end(&d, &w);
	elf_code(&w, ".text", 0x100, 0x100);
	IMAGE c = open_image(&w);
	assert_int_equal(c.image->debug.functions.count, 4);
	assert_string_equal(name_of(c.image, 0, &name), "app::(anonymous namespace)::hidden");
	assert_string_equal(name_of(c.image, 1, &name), "app::Queue<int>::push");
	assert_string_equal(name_of(c.image, 2, &name), "app::Queue<int>::push()::Local::run");
	assert_string_equal(name_of(c.image, 3, &name),
			    "app::Queue<int>::push()::<lambda>::operator()");
}

/* C has no scopes: a function inside a namespace entry of a C unit would be nonsense, one in a
 * function (a GNU extension) keeps its plain name. */
static void test_c_names_are_plain(void **state)
{
	ELF_AUTO w = { 0 };
	DWARF_AUTO d = { 0 };
	FL_AUTO_STR name = { 0 };
	(void)state;
	dwarf_unit(&d, "a.c", C99);
	dwarf_function(&d, "outer", 0x100, 0x10);
	dwarf_function(&d, "nested", 0x110, 0x10);
	dwarf_up(&d);
	dwarf_up(&d);
	dwarf_unit_end(&d);
	dwarf_end(&d, &w);
	elf_code(&w, ".text", 0x100, 0x100);
	IMAGE c = open_image(&w);
	assert_string_equal(name_of(c.image, 1, &name), "nested");
}

/* A producer that took addresses from function pointers. */
static void test_thumb_bit_in_ranges(void **state)
{
	ELF_AUTO w = { 0 };
	DWARF_AUTO d = { 0 };
	(void)state;
	dwarf_unit(&d, "a.c", C99);
	dwarf_function(&d, "f", 0x101, 0x10);
	dwarf_up(&d);
	dwarf_unit_end(&d);
	dwarf_end(&d, &w);
	elf_code(&w, ".text", 0x100, 0x100);
	IMAGE c = open_image(&w);
	assert_int_equal(c.image->debug.ranges.count, 1);
	const struct fl_code_range *range = c.image->debug.ranges.data;
	assert_int_equal(range->addr, 0x100);
	assert_int_equal(range->size, 0x10);
}

static void test_lines(void **state)
{
	ELF_AUTO w = { 0 };
	DWARF_AUTO d = { 0 };
	(void)state;
	dwarf_unit(&d, "main.c", C99);
	dwarf_row(&d, 0x100, 1, 10);
	dwarf_row(&d, 0x104, 2, 3);
	dwarf_row_end(&d, 0x108);
	dwarf_row(&d, 0x120, 1, 20);
	dwarf_row_end(&d, 0x120);    /* empty */
	dwarf_row(&d, 0x130, 1, 30); /* never ends */
	dwarf_unit_end(&d);
	dwarf_end(&d, &w);
	elf_code(&w, ".text", 0x100, 0x100);
	IMAGE c = open_image(&w);
	const struct fl_debug_info *info = &c.image->debug;
	assert_int_equal(info->sequences.count, 1);
	const struct fl_line_sequence *q = info->sequences.data;
	assert_int_equal(q->addr, 0x100);
	assert_int_equal(q->end, 0x108);
	assert_int_equal(q->row_count, 2);
	const struct fl_line_row *rows = info->rows.data;
	assert_int_equal(rows[1].line, 3);
	assert_string_equal(c.image->strings.bytes.data + rows[0].file, "/src/main.c");
	assert_string_equal(c.image->strings.bytes.data + rows[1].file, "/src/inc/util.h");
}

static void test_frames(void **state)
{
	ELF_AUTO w = { 0 };
	DWARF_AUTO d = { 0 };
	(void)state;
	dwarf_frame(&d, 0x101, 0x20);
	dwarf_end(&d, &w);
	elf_code(&w, ".text", 0x100, 0x100);
	IMAGE c = open_image(&w);
	assert_int_equal(c.image->findings.count, 0);
	assert_int_equal(c.image->debug.frames.count, 1);
	const struct fl_frame_program *f = c.image->debug.frames.data;
	assert_int_equal(f->range.addr, 0x100);
	assert_int_equal(f->range.size, 0x20);
	assert_int_equal(f->code_align, 2);
	assert_int_equal(f->data_align, -4);
	assert_int_equal(f->return_column, 14);
	assert_int_equal(f->fde_size, 8);
	assert_memory_equal(c.bytes + f->fde_off, f->fde_instructions, f->fde_size);
}

/* The second unit is cut: the first one stays, and somebody is told. */
static void test_damage_keeps_what_came_before(void **state)
{
	ELF_AUTO w = { 0 };
	DWARF_AUTO d = { 0 };
	FL_AUTO_STR name = { 0 };
	(void)state;
	dwarf_unit(&d, "good.c", C99);
	dwarf_function(&d, "good", 0x100, 0x10);
	dwarf_up(&d);
	dwarf_unit_end(&d);
	dwarf_unit(&d, "bad.c", C99);
	dwarf_function(&d, "bad", 0x110, 0x10);
	dwarf_up(&d);
	dwarf_unit_end(&d);
	d.info.size -= 6;
	dwarf_end(&d, &w);
	elf_code(&w, ".text", 0x100, 0x100);
	IMAGE c = open_image(&w);
	assert_true(c.image->debug.functions.count >= 1);
	assert_string_equal(name_of(c.image, 0, &name), "good");
	assert_true(c.image->findings.count >= 1);
	assert_non_null(strstr(c.image->findings.items[0].text, "fw.elf: "));
	assert_non_null(strstr(c.image->findings.items[0].text, "is damaged"));
}

static void test_object_files_are_a_finding(void **state)
{
	ELF_AUTO w = { .type = 1 };
	(void)state;
	elf_code(&w, ".text", 0, 0x100);
	elf_symbol(&w, "f", 1, 4, ELF_FUNC, 1);
	IMAGE c = open_image(&w);
	assert_false(c.image->is_linked);
	assert_int_equal(c.image->symbols.count, 0);
	assert_int_equal(c.image->findings.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_functions_and_inlines),
		cmocka_unit_test(test_qualified_names),
		cmocka_unit_test(test_c_names_are_plain),
		cmocka_unit_test(test_thumb_bit_in_ranges),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_damage_keeps_what_came_before),
		cmocka_unit_test(test_object_files_are_a_finding),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
