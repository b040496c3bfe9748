/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine and libdwarf read the same out of every ELF of the fixtures and of the tests' data:
 * gcc and clang, DWARF 2 to 5, LTO, C++, Rust, three kernels.
 */
#include "image_case.h"
#include "support/libdwarf_reader/libdwarf_reader.h"

#include "base/limits.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>

enum { FEWEST_FILES = 40 };

/* What one reader says. */
struct reading {
	const struct fl_debug_info *info;
	const struct fl_intern *strings;
};

struct pair {
	const char *path;
	struct reading ours, theirs;
};

static const char *text_of(const struct reading *r, uint32_t off)
{
	return r->strings->bytes.data + off;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

#define SAME(condition) \
	do { \
		if (!(condition)) \
			fail_msg("%s: %s %zu: %s", p->path, __func__, i, #condition); \
	} while (0)

#define EACH(list, type, a, b) \
	assert_int_equal(p->ours.info->list.count, p->theirs.info->list.count); \
	const type *a = p->ours.info->list.data; \
	const type *b = p->theirs.info->list.data; \
	for (size_t i = 0; i < p->ours.info->list.count; i++, a++, b++)

static void compare_scopes(const struct pair *p)
{
	EACH(scopes, struct fl_name_scope, a, b)
	{
		SAME(a->parent == b->parent && a->decl == b->decl);
		SAME(same_text(a->name, b->name) && a->is_namespace == b->is_namespace);
	}
}

static void compare_decls(const struct pair *p)
{
	EACH(decls, struct fl_decl, a, b)
	{
		SAME(a->die_off == b->die_off && a->scope == b->scope);
		SAME(a->has_origin == b->has_origin && a->origin_off == b->origin_off);
		SAME(a->external == b->external && a->plain == b->plain);
		SAME(same_text(a->name, b->name) && same_text(a->linkage, b->linkage));
	}
}

static void compare_ranges(const struct pair *p)
{
	EACH(ranges, struct fl_code_range, a, b)
	{
		SAME(a->addr == b->addr && a->size == b->size);
	}
}

static void compare_functions(const struct pair *p)
{
	EACH(functions, struct fl_debug_function, a, b)
	{
		SAME(a->decl == b->decl && a->unit == b->unit);
		SAME(a->first_range == b->first_range && a->range_count == b->range_count);
		SAME(a->first_inline == b->first_inline && a->inline_count == b->inline_count);
	}
}

static void compare_inlines(const struct pair *p)
{
	EACH(inlines, struct fl_debug_inline, a, b)
	{
		SAME(a->decl == b->decl && a->origin_off == b->origin_off);
		SAME(a->parent == b->parent && a->depth == b->depth);
		SAME(a->first_range == b->first_range && a->range_count == b->range_count);
		SAME(same_text(text_of(&p->ours, a->call_file), text_of(&p->theirs, b->call_file)));
		SAME(a->call_line == b->call_line && a->call_column == b->call_column);
	}
}

static void compare_units(const struct pair *p)
{
	EACH(units, struct fl_unit, a, b)
	{
		SAME(a->first_function == b->first_function);
		SAME(a->function_count == b->function_count);
	}
}

static void compare_rows(const struct pair *p)
{
	EACH(rows, struct fl_line_row, a, b)
	{
		SAME(a->addr == b->addr && a->line == b->line && a->column == b->column);
		SAME(same_text(text_of(&p->ours, a->file), text_of(&p->theirs, b->file)));
	}
}

static void compare_sequences(const struct pair *p)
{
	EACH(sequences, struct fl_line_sequence, a, b)
	{
		SAME(a->addr == b->addr && a->end == b->end && a->unit == b->unit);
		SAME(a->first_row == b->first_row && a->row_count == b->row_count);
	}
}

static void compare_enumerators(const struct pair *p)
{
	EACH(enumerators, struct fl_enumerator, a, b)
	{
		SAME(same_text(a->name, b->name) && a->value == b->value);
	}
}

static bool same_type(const struct fl_debug_type *a, const struct fl_debug_type *b)
{
	return a->size == b->size && a->count == b->count && a->structure == b->structure &&
	       a->is_signed == b->is_signed && a->is_pointer == b->is_pointer &&
	       a->is_float == b->is_float;
}

static void compare_structs(const struct pair *p)
{
	EACH(structs, struct fl_debug_struct, a, b)
	{
		SAME(same_text(a->name, b->name) && a->size == b->size);
		SAME(a->first_field == b->first_field && a->field_count == b->field_count);
	}
}

static void compare_fields(const struct pair *p)
{
	EACH(fields, struct fl_debug_field, a, b)
	{
		SAME(same_text(a->name, b->name) && a->off == b->off);
		SAME(a->bit_off == b->bit_off && a->bit_size == b->bit_size);
		SAME(same_type(&a->type, &b->type));
	}
}

static void compare_aliases(const struct pair *p)
{
	EACH(aliases, struct fl_debug_alias, a, b)
	{
		SAME(same_text(a->name, b->name) && a->structure == b->structure);
	}
}

static void compare_variables(const struct pair *p)
{
	EACH(variables, struct fl_debug_variable, a, b)
	{
		SAME(same_text(a->name, b->name) && a->addr == b->addr);
		SAME(same_type(&a->type, &b->type));
	}
}

static int by_addr(const void *a, const void *b)
{
	const struct fl_frame_program *x = a;
	const struct fl_frame_program *y = b;
	if (x->range.addr != y->range.addr)
		return x->range.addr < y->range.addr ? -1 : 1;
	return (x->fde_off > y->fde_off) - (x->fde_off < y->fde_off);
}

static void sort_frames(const struct fl_vec *frames)
{
	if (frames->count)
		qsort(frames->data, frames->count, sizeof(struct fl_frame_program), by_addr);
}

/* libdwarf sorts them. */
static void compare_frames(const struct pair *p)
{
	sort_frames(&p->ours.info->frames);
	sort_frames(&p->theirs.info->frames);
	EACH(frames, struct fl_frame_program, a, b)
	{
		SAME(a->range.addr == b->range.addr && a->range.size == b->range.size);
		SAME(a->cie_instructions == b->cie_instructions && a->cie_size == b->cie_size);
		SAME(a->fde_instructions == b->fde_instructions && a->fde_size == b->fde_size);
		SAME(a->fde_off == b->fde_off && a->signal_frame == b->signal_frame);
		SAME(a->code_align == b->code_align && a->data_align == b->data_align);
		SAME(a->return_column == b->return_column);
	}
}

static void compare(const struct pair *p)
{
	compare_scopes(p);
	compare_decls(p);
	compare_ranges(p);
	compare_functions(p);
	compare_inlines(p);
	compare_units(p);
	compare_rows(p);
	compare_sequences(p);
	compare_enumerators(p);
	compare_structs(p);
	compare_fields(p);
	compare_aliases(p);
	compare_variables(p);
	compare_frames(p);
}

static uint8_t *read_file(const char *path, size_t *size_ret)
{
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	*size_ret = (size_t)ftell(f);
	rewind(f);
	uint8_t *bytes = malloc(*size_ret ? *size_ret : 1);
	assert_int_equal(fread(bytes, 1, *size_ret, f), *size_ret);
	fclose(f);
	return bytes;
}

/* What was compared, over all files. */
static struct {
	size_t files, functions, inlines, rows, enumerators, structs, variables, frames, v5_lists;
} seen;

static void count(const struct fl_image *image)
{
	seen.files++;
	seen.functions += image->debug.functions.count;
	seen.inlines += image->debug.inlines.count;
	seen.rows += image->debug.rows.count;
	seen.enumerators += image->debug.enumerators.count;
	seen.structs += image->debug.structs.count;
	seen.variables += image->debug.variables.count;
	seen.frames += image->debug.frames.count;
	for (size_t i = 0; i < image->sections.count; i++)
		seen.v5_lists += strcmp(image->sections.items[i].name, ".debug_rnglists") == 0;
}

static void compare_file(const char *path)
{
	size_t size;
	struct fl_error err;
	struct fl_image *image = NULL;
	struct fl_intern strings = FL_INTERN;
	struct fl_debug_info info = fl_debug_info_init();
	uint8_t *bytes = read_file(path, &size);
	if (fl_image_open(path, bytes, size, NULL, &image, &err))
		fail_msg("%s: %s", path, err.message);
	assert_int_equal(image->findings.count, 0);
	assert_int_equal(fl_intern_text(&strings, ""), 0);
	if (image->sections.count)
		assert_true(
			libdwarf_read(&image->sections, path, &image->findings, &info, &strings));
	assert_int_equal(image->findings.count, 0);
	compare(&(struct pair){ path, { &image->debug, &image->strings }, { &info, &strings } });
	count(image);
	fl_debug_info_deinit(&info);
	fl_intern_deinit(&strings);
	fl_image_close(image);
	free(bytes);
}

static int visit(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	const char *dot = strrchr(path, '.');
	(void)st;
	(void)where;
	if (kind == FTW_F && dot && strcmp(dot, ".elf") == 0 && !strstr(path, "/fuzz/"))
		compare_file(path);
	return 0;
}

static void test_every_elf(void **state)
{
	(void)state;
	assert_int_equal(nftw(FL_SOURCE "/fixtures", visit, 16, FTW_PHYS), 0);
	assert_int_equal(nftw(FL_TESTS, visit, 16, FTW_PHYS), 0);
	print_message("%zu files: %zu functions, %zu inlined calls, %zu rows, %zu enumerators, "
		      "%zu structures, %zu variables, %zu frames\n",
		      seen.files, seen.functions, seen.inlines, seen.rows, seen.enumerators,
		      seen.structs, seen.variables, seen.frames);
	assert_true(seen.files >= FEWEST_FILES);
	assert_true(seen.functions && seen.inlines && seen.rows && seen.enumerators);
	assert_true(seen.structs && seen.variables && seen.frames && seen.v5_lists);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_elf),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
