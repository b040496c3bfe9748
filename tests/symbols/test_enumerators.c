/* SPDX-License-Identifier: Apache-2.0 */
/* Names of numbers that devices send, against what llvm-dwarfdump finds (tests/analyze/data). */
#include "symbols/symbols_case.h"

#define DATA FL_TESTS "/analyze/data/"

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t split(char *text, char *lines[], size_t max)
{
	size_t count = 0;
	for (char *rest = NULL, *line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		assert_true(count < max);
		lines[count++] = line;
	}
	return count;
}

static size_t list(const struct fl_module *module, char *lines[], size_t max)
{
	const struct fl_index_enumerator *e;
	size_t count = 0;
	while ((e = fl_table_at(module, FL_INDEX_ENUMERATORS, (uint32_t)count))) {
		assert_true(count < max);
		assert_true(asprintf(&lines[count++], "%s 0x%02x", fl_module_text(module, e->name),
				     e->value) > 0);
	}
	qsort(lines, count, sizeof(lines[0]), compare_lines);
	return count;
}

/* Each once, although two units of two DWARF versions have most of them; no others. */
static void test_same_as_the_witness(void **state)
{
	(void)state;
	SYMBOLS c = open_file(DATA "events.elf");
	size_t size;
	char *text = (char *)corpus_read(DATA "enumerators.txt", &size);
	assert_non_null(text);
	char *expected[64];
	char *got[64];
	size_t count = split(text, expected, 64);
	assert_true(count > 15);
	qsort(expected, count, sizeof(expected[0]), compare_lines);
	assert_int_equal(list(c.module, got, 64), count);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(got[i], expected[i]);
		free(got[i]);
	}
	free(text);
}

static void test_lookup(void **state)
{
	(void)state;
	SYMBOLS c = open_file(DATA "events.elf");
	static const struct {
		const char *prefix;
		uint32_t value;
		const char *name;
	} cases[] = {
		{ "kMfltRebootReason_", 0xa001, "RadioStuck" },
		{ "kMfltRebootReason_", 0xa000, NULL },
		{ "kMfltRebootReason_", 0x1000, NULL },
		{ "kMfltRebootReason_", 0xa003, NULL },
		{ "kMfltTraceReasonUser_", 0, "Unknown" },
		{ "kMfltTraceReasonUser_", 3, "QueueFull" },
		{ "kMfltTraceReasonUser_", 4, NULL },
		{ "kMfltTraceReasonUser_", UINT32_MAX, NULL },
		{ "kMfltOther_", 2, NULL },
		{ "kMfltTraceReasonUser_QueueFull", 3, NULL },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *name = fl_view_enumerator(&c.view, cases[i].prefix, cases[i].value);
		if (cases[i].name)
			assert_string_equal(name, cases[i].name);
		else
			assert_null(name);
	}
	struct fl_symbol_view none = { 0 };
	assert_null(fl_view_enumerator(&none, "kMfltRebootReason_", 0xa001));
}

static void test_an_image_without_any(void **state)
{
	(void)state;
	SYMBOLS c = open_file(FL_TESTS "/symbols/data/rust.elf");
	assert_null(fl_table_at(c.module, FL_INDEX_ENUMERATORS, 0));
	assert_null(fl_view_enumerator(&c.view, "kMfltRebootReason_", 0x8001));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_as_the_witness),
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_an_image_without_any),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
