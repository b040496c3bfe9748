/* SPDX-License-Identifier: Apache-2.0 */
/* An analysis allocates from one arena: what it asks the heap for does not grow with the frames. */
#include "alloc/failing_heap.h"
#include "support/cmocka.h"
#include "support/corpus.h"

#include <faultline/faultline.h>

static struct fl_buffer read_file(const char *path)
{
	struct fl_buffer ret = { 0 };
	ret.data = corpus_read(path, &ret.size);
	assert_non_null(ret.data);
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
	heap_calls = 0;
	enum fl_code code = fl_analyze(dump.data, dump.size, &symbols, 1, &options, &report, NULL);
	unsigned made = (unsigned)heap_calls;
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
