/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layouts and variables of compiled files, against the table of offsets and sizes that the same
 * compiler put into the same file (tests/symbols/data/layouts).
 */
#include "symbols/symbols_case.h"

#define DATA FL_TESTS "/symbols/data/layouts/"

/* struct expected of layouts.h, in words. */
enum { STRUCTURE, PATH, OFF, SIZE, COUNT, FLAGS, PROBE, PROBE_SIZE, WORDS };
enum { SIGNED = 1, POINTER = 2 };

static const uint8_t *bytes_at(const struct fl_module *module, uint32_t addr, uint32_t size)
{
	size_t count;
	const struct fl_span *spans = fl_module_spans(module, &count);
	for (size_t i = 0; i < count; i++)
		if (addr - spans[i].addr < spans[i].size &&
		    size <= spans[i].size - (addr - spans[i].addr))
			return spans[i].bytes + (addr - spans[i].addr);
	fail_msg("nothing at 0x%x", (unsigned)addr);
	return NULL;
}

static const char *text_at(const struct fl_module *module, uint32_t addr)
{
	return (const char *)bytes_at(module, addr, 1);
}

static uint32_t word(const struct fl_module *module, uint32_t addr)
{
	uint32_t value;
	memcpy(&value, bytes_at(module, addr, 4), 4);
	return value;
}

/* "struct a" -> "a", "b[0].c" -> "b.c" */
static void plain(const char *text, char *out, size_t room)
{
	static const char *const words[] = { "struct ", "union ", "[0]" };
	snprintf(out, room, "%s", text);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		char *at = strstr(out, words[i]);
		if (at)
			memmove(at, at + strlen(words[i]), strlen(at + strlen(words[i])) + 1);
	}
}

/* The bits of the probe that are set are those of the field; one that fills its type may be none.
 */
static void
check_bits(const struct fl_module *module, const uint32_t *row, const struct fl_field *field)
{
	const uint8_t *probe = bytes_at(module, row[PROBE], row[PROBE_SIZE]);
	uint32_t first = field->off * 8 + field->bit_off;
	uint32_t bits = field->bit_size ? field->bit_size : field->size * 8;
	assert_int_equal(field->is_signed, row[FLAGS] & SIGNED);
	assert_true(field->bit_off + bits <= field->size * 8);
	assert_true(field->off + field->size <= row[PROBE_SIZE]);
	for (uint32_t bit = 0; bit < row[PROBE_SIZE] * 8; bit++)
		assert_int_equal(probe[bit / 8] >> bit % 8 & 1, bit >= first && bit - first < bits);
}

static void check_field(const struct fl_module *module, const uint32_t *row,
			const struct fl_field *field, bool plain_enum)
{
	if (row[PROBE]) {
		check_bits(module, row, field);
		return;
	}
	assert_int_equal(field->off, row[OFF]);
	assert_int_equal(field->count, row[COUNT]);
	if (row[COUNT])
		assert_int_equal((uint64_t)field->size * field->count, row[SIZE]);
	if (!plain_enum)
		assert_int_equal(field->is_signed, row[FLAGS] & SIGNED);
	assert_int_equal(field->is_pointer, (row[FLAGS] & POINTER) != 0);
	assert_int_equal(field->bit_size, 0);
}

static const struct fl_index_variable *variable(const struct fl_module *module, const char *name)
{
	const struct fl_index_variable *v;
	for (uint32_t i = 0; (v = fl_table_at(module, FL_INDEX_VARIABLES, i)); i++)
		if (strcmp(fl_module_text(module, v->name), name) == 0)
			return v;
	return NULL;
}

static bool
check_variable(const struct fl_module *module, const char *name, const uint32_t *row, bool sizes)
{
	const struct fl_index_variable *v = variable(module, name);
	if (!v)
		return false;
	assert_int_equal(v->addr, row[OFF]);
	assert_int_equal(v->type.count, row[COUNT]);
	if (sizes)
		assert_int_equal(v->type.size * v->type.count, row[SIZE]);
	assert_int_equal(v->type.flags, row[FLAGS]);
	return true;
}

struct build {
	const char *file;
	unsigned rows;   /* known ones at least */
	bool plain_enum; /* whose debug information does not say whether an enumeration is signed */
	bool lacks_types; /* some are in type units */
};

static bool
check_row(const struct fl_module *module, const struct build *build, const uint32_t *row)
{
	char structure[64];
	char path[64];
	struct fl_field field;
	uint32_t size;
	plain(text_at(module, row[STRUCTURE]), structure, sizeof(structure));
	plain(text_at(module, row[PATH]), path, sizeof(path));
	if (!structure[0])
		return check_variable(module, path, row, !build->lacks_types);
	if (!path[0]) {
		if (!fl_module_struct_size(module, structure, &size))
			return false;
		assert_int_equal(size, row[SIZE]);
		return true;
	}
	if (!fl_module_field(module, structure, path, &field))
		return false;
	if (!build->lacks_types || field.size)
		check_field(module, row, &field, build->plain_enum && strcmp(path, "sign") == 0);
	return true;
}

static const struct build builds[] = {
	{ "gcc2-strict.elf", 83, true, false }, { "gcc3.elf", 83, false, false },
	{ "gcc4-types.elf", 9, false, true },   { "gcc5.elf", 83, false, false },
	{ "gcc5-types.elf", 54, false, true },  { "lto.elf", 83, false, false },
	{ "clang3.elf", 83, false, false },     { "clang4.elf", 83, false, false },
	{ "clang5.elf", 83, false, false },     { "cpp-gcc2.elf", 14, false, false },
	{ "cpp-gcc5.elf", 14, false, false },   { "cpp-clang.elf", 14, false, false },
};

static void check_build(const struct build *build)
{
	char path[512];
	struct fl_symbol_info table;
	unsigned known = 0;
	unsigned rows = 0;
	size_t findings;
	snprintf(path, sizeof(path), DATA "%s", build->file);
	SYMBOLS c = open_file(path);
	assert_true(fl_view_symbol(&c.view, "expected", &table));
	for (uint32_t at = table.addr; word(c.module, at); at += WORDS * 4) {
		uint32_t row[WORDS];
		memcpy(row, bytes_at(c.module, at, sizeof(row)), sizeof(row));
		bool found = check_row(c.module, build, row);
		if (!found && !build->lacks_types)
			fail_msg("%s: no %s %s", build->file, text_at(c.module, row[STRUCTURE]),
				 text_at(c.module, row[PATH]));
		known += found;
		rows++;
	}
	if (known < build->rows)
		fail_msg("%s: %u of %u rows", build->file, known, rows);
	fl_module_findings(c.module, &findings);
	assert_int_equal(findings, 0);
}

static void test_as_the_compiler_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++)
		check_build(&builds[i]);
}

/* What is declared only, static in a function, not linked, or not of a kernel. */
static void test_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++) {
		char path[512];
		struct fl_field field;
		uint32_t size;
		snprintf(path, sizeof(path), DATA "%s", builds[i].file);
		SYMBOLS c = open_file(path);
		assert_null(variable(c.module, "xTimerTaskHandle"));
		assert_null(variable(c.module, "xSchedulerRunning"));
		assert_null(variable(c.module, "expected"));
		assert_false(fl_module_struct_size(c.module, "k_sem", &size));
		assert_false(fl_module_struct_size(c.module, "expected", &size));
		assert_false(fl_module_field(c.module, "k_thread", "count", &field));
		assert_false(fl_module_field(c.module, "k_thread", "", &field));
		assert_false(fl_module_field(c.module, "xLIST_ITEM", "next.value", &field));
	}
}

/* Units that disagree about a structure: both are kept, each member is found. */
static void test_two_of_one_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++) {
		char path[512];
		struct fl_field field;
		if (builds[i].lacks_types || strncmp(builds[i].file, "cpp", 3) == 0)
			continue;
		snprintf(path, sizeof(path), DATA "%s", builds[i].file);
		SYMBOLS c = open_file(path);
		assert_true(fl_module_field(c.module, "k_timer", "only_here", &field));
		assert_int_equal(field.off, 0);
		assert_true(fl_module_field(c.module, "k_timer", "only_there", &field));
		assert_int_equal(field.off, 4);
	}
}

/* Pointers know what they point at, where that was kept. */
static void test_pointees(void **state)
{
	(void)state;
	SYMBOLS c = open_file(DATA "gcc5.elf");
	static const struct {
		const char *variable, *structure;
	} cases[] = {
		{ "pxCurrentTCB", "tskTaskControlBlock" },
		{ "xIdleTaskHandle", "tskTaskControlBlock" },
		{ "k_sys_work_q", "k_timer" },
		{ "z_idle_threads", "k_thread" },
		{ "xTickCount", NULL },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct fl_index_variable *v = variable(c.module, cases[i].variable);
		assert_non_null(v);
		const struct fl_index_struct *s =
			fl_table_at(c.module, FL_INDEX_STRUCTS, v->type.structure);
		if (cases[i].structure)
			assert_string_equal(fl_module_text(c.module, s->name), cases[i].structure);
		else
			assert_int_equal(v->type.structure, FL_INDEX_NONE);
	}
}

/* Nothing is there twice: neither structures that two units share nor variables. */
static void test_each_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++) {
		char path[512];
		snprintf(path, sizeof(path), DATA "%s", builds[i].file);
		SYMBOLS c = open_file(path);
		const struct fl_index_variable *v = c.module->tables[FL_INDEX_VARIABLES].data;
		for (uint32_t k = 1; k < c.module->tables[FL_INDEX_VARIABLES].count; k++)
			for (uint32_t j = 0; j < k; j++)
				assert_false(v[j].name == v[k].name && v[j].addr == v[k].addr);
		const struct fl_index_struct *s = c.module->tables[FL_INDEX_STRUCTS].data;
		for (uint32_t k = 1; k < c.module->tables[FL_INDEX_STRUCTS].count; k++)
			for (uint32_t j = 0; s[k].name && j < k; j++)
				assert_false(s[j].name == s[k].name && s[j].size == s[k].size &&
					     s[j].field_count == s[k].field_count &&
					     s[j].first_field == s[k].first_field);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_the_compiler_says),
		cmocka_unit_test(test_nothing_else),
		cmocka_unit_test(test_two_of_one_name),
		cmocka_unit_test(test_pointees),
		cmocka_unit_test(test_each_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
