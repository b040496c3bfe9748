/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debug sections cut at every byte: what is outside the cut stays, and somebody is told.
 * tests/fuzz goes further.
 */
#include "symbols_case.h"

enum { C99 = 0x0c };

static void write_debug(struct dwarf_writer *d)
{
	*d = (struct dwarf_writer){ 0 };
	dwarf_unit(d, "first.c", C99);
	dwarf_function(d, "first", 0x100, 0x20);
	dwarf_up(d);
	dwarf_row(d, 0x100, 1, 10);
	dwarf_row_end(d, 0x120);
	dwarf_unit_end(d);
	dwarf_unit(d, "second.c", C99);
	uint32_t leaf = dwarf_abstract(d, "leaf");
	dwarf_function(d, "second", 0x120, 0x20);
	dwarf_inlined(d, leaf, 0x124, 0x8, 1, 7);
	dwarf_up(d);
	dwarf_up(d);
	dwarf_row(d, 0x120, 1, 20);
	dwarf_row_end(d, 0x140);
	dwarf_unit_end(d);
	dwarf_frame(d, 0x100, 0x20);
	dwarf_frame(d, 0x120, 0x20);
}

static struct symbols_case open_cut(struct bytes *(*which)(struct dwarf_writer *), size_t size)
{
	ELF_AUTO w = { 0 };
	DWARF_AUTO d;
	write_debug(&d);
	which(&d)->size = size;
	dwarf_end(&d, &w);
	unsigned text = elf_code(&w, ".text", 0x100, 0x100);
	elf_symbol(&w, "first", 0x101, 0x20, ELF_FUNC, text);
	elf_symbol(&w, "second", 0x121, 0x20, ELF_FUNC, text);
	return open_symbols(&w);
}

static struct bytes *info_of(struct dwarf_writer *d)
{
	return &d->info;
}

static struct bytes *abbrev_of(struct dwarf_writer *d)
{
	return &d->abbrev;
}

static struct bytes *line_of(struct dwarf_writer *d)
{
	return &d->line;
}

static struct bytes *frame_of(struct dwarf_writer *d)
{
	return &d->frame;
}

static size_t finding_count(const struct fl_module *module)
{
	size_t count;
	fl_module_findings(module, &count);
	return count;
}

/* Names come from .symtab at worst. */
static void test_every_cut(void **state)
{
	static struct bytes *(*const sections[])(struct dwarf_writer *) = { info_of, abbrev_of,
									    line_of, frame_of };
	(void)state;
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		DWARF_AUTO whole;
		write_debug(&whole);
		size_t size = sections[i](&whole)->size;
		for (size_t n = 0; n < size; n++) {
			struct fl_function_info f;
			SYMBOLS c = open_cut(sections[i], n);
			assert_true(fl_module_function(c.module, 0x110, &f));
			assert_string_equal(f.name, "first");
			assert_true(fl_module_function(c.module, 0x130, &f));
			assert_string_equal(f.name, "second");
		}
	}
}

static void test_what_stays(void **state)
{
	DWARF_AUTO whole;
	struct fl_unwind_rule rule;
	(void)state;
	write_debug(&whole);
	SYMBOLS all = open_cut(info_of, whole.info.size);
	assert_scopes(all.module, 0x110, "first first.c:10");
	assert_scopes(all.module, 0x126, "leaf second.c:20 < second second.c:7");
	assert_int_equal(finding_count(all.module), 0);
	/* The end of .debug_info: the first unit is whole. */
	SYMBOLS info = open_cut(info_of, whole.info.size - 3);
	assert_scopes(info.module, 0x110, "first first.c:10");
	assert_true(finding_count(info.module) > 0);
	/* The end of .debug_line: the functions are all there. */
	SYMBOLS line = open_cut(line_of, whole.line.size - 3);
	assert_scopes(line.module, 0x110, "first first.c:10");
	assert_scopes(line.module, 0x126, "leaf ?:0 < second ?:0");
	assert_true(finding_count(line.module) > 0);
	/* No .debug_frame: nothing else suffers. */
	SYMBOLS frame = open_cut(frame_of, 0);
	assert_scopes(frame.module, 0x110, "first first.c:10");
	assert_false(fl_module_unwind_rule(frame.module, 0x110, &rule));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_what_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
