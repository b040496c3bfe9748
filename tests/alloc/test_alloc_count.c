/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An analysis allocates from one arena: what it asks the heap for does not grow with the frames.
 * The linker's --wrap counts the calls of our objects.
 */
#include "support/cmocka.h"

#include <faultline/faultline.h>

#include <stdio.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static unsigned calls;

void *__wrap_malloc(size_t size)
{
	calls++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	calls++;
	return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	calls++;
	return __real_realloc(old, size);
}

static struct fl_buffer read_file(const char *path)
{
	struct fl_buffer ret = { 0 };
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	ret.size = (size_t)ftell(file);
	rewind(file);
	ret.data = malloc(ret.size);
	assert_int_equal(fread(ret.data, 1, ret.size, file), ret.size);
	fclose(file);
	return ret;
}

struct opened {
	struct fl_symbols *symbols;
	struct fl_rules *rules;
};

static unsigned calls_of(const struct opened *opened, const char *path)
{
	FL_AUTO_BUFFER dump = read_file(path);
	const struct fl_symbols *symbols = opened->symbols;
	const struct fl_analyze_options options = { .size = sizeof(options),
						    .rules = opened->rules };
	FL_AUTO(fl_report) report = NULL;
	calls = 0;
	enum fl_code code = fl_analyze(dump.data, dump.size, &symbols, 1, &options, &report, NULL);
	unsigned made = calls;
	assert_int_equal(code, FL_OK);
	print_message("%s: %u\n", path, made);
	return made;
}

static struct opened open_firmware(const char *path)
{
	FL_AUTO_BUFFER elf = read_file(path);
	struct opened opened = { 0 };
	assert_int_equal(fl_symbols_open(elf.data, elf.size, "fw.elf", &opened.symbols, NULL),
			 FL_OK);
	assert_int_equal(fl_rules_open(NULL, 0, &opened.rules, NULL), FL_OK);
	return opened;
}

static void close_firmware(struct opened *opened)
{
	fl_symbols_close(opened->symbols);
	fl_rules_close(opened->rules);
}

enum {
	/* The dump, its spans (which may grow) and its arena; the report and its arena, whose
	 * chunks double. */
	FEW = 8,
};

static void test_frames(void **state)
{
	(void)state;
	struct opened opened = open_firmware(FL_CORPUS "/m4f-og/fw.elf");
	unsigned one = calls_of(&opened, FL_CORPUS "/m4f-og/null-write/dump.core");
	unsigned sixty = calls_of(&opened, FL_CORPUS "/m4f-og/recursion-60/dump.core");
	assert_in_range(one, 1, FEW);
	assert_in_range(sixty, one, FEW);
	close_firmware(&opened);
}

static void test_threads(void **state)
{
	(void)state;
	struct opened opened = open_firmware(FL_CORPUS "/m4f-rtos/fw.elf");
	assert_in_range(calls_of(&opened, FL_CORPUS "/m4f-rtos/task-fault/dump.core"), 1, FEW);
	close_firmware(&opened);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
