/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an analysis costs where the ELF is compiled already: a user of the library, in one process.
 * usage: warm ELF REPEATS DUMP...     prints JSON: nanoseconds for the ELF, and for each analysis
 * With REPEATS 0 only the ELF is compiled.
 */
#include "program.h"

#include <faultline/faultline.h>

struct stopwatch {
	double wall, cpu;
};

static struct stopwatch start(void)
{
	return (struct stopwatch){ seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID) };
}

static void print_since(const char *name, struct stopwatch since, unsigned long count)
{
	double wall = seconds(CLOCK_MONOTONIC) - since.wall;
	double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - since.cpu;

	printf("\"%s\": {\"count\": %lu, \"wall_ns\": %.0f, \"cpu_ns\": %.0f}", name, count,
	       wall * 1e9 / (double)count, cpu * 1e9 / (double)count);
}

/* What is opened once, as a service would. */
struct opened {
	struct fl_symbols *symbols;
	struct fl_rules *rules;
};

static size_t analyze(const struct opened *opened, struct bytes dump)
{
	const struct fl_symbols *all[] = { opened->symbols };
	const struct fl_analyze_options options = { .size = sizeof(options),
						    .rules = opened->rules };
	struct fl_report *report = NULL;
	struct fl_buffer encoded = { 0 };
	struct fl_error err = { 0 };
	size_t size;

	if (fl_analyze(dump.data, dump.size, all, 1, &options, &report, &err) ||
	    fl_report_encode(report, &encoded, &err))
		fail("analysis", err.message);
	size = encoded.size;
	fl_buffer_deinit(&encoded);
	fl_report_close(report);
	return size;
}

static size_t
repeat(const struct opened *opened, struct bytes *dumps, int count, unsigned long repeats)
{
	size_t size = 0;

	for (unsigned long i = 0; i < repeats; i++)
		size += analyze(opened, dumps[i % (unsigned long)count]);
	return size;
}

int main(int argc, char **argv)
{
	struct opened opened = { 0 };
	struct fl_error err = { 0 };
	struct bytes dumps[64];
	struct stopwatch since;
	unsigned long repeats;
	int count = argc - 3;

	if (argc < 3 || count > 64)
		fail("usage", "warm ELF REPEATS DUMP...");
	struct bytes elf = read_file(argv[1]);
	repeats = strtoul(argv[2], NULL, 10);
	for (int i = 0; i < count; i++)
		dumps[i] = read_file(argv[3 + i]);
	since = start();
	if (fl_symbols_open(elf.data, elf.size, "fw.elf", &opened.symbols, &err))
		fail(argv[1], err.message);
	printf("{");
	print_since("compile", since, 1);
	if (repeats && count > 0) {
		if (fl_rules_open(NULL, 0, &opened.rules, &err))
			fail("rules", err.message);
		/* Once each beforehand: the first one touches everything. */
		repeat(&opened, dumps, count, (unsigned long)count);
		since = start();
		size_t size = repeat(&opened, dumps, count, repeats);
		printf(", ");
		print_since("analyze", since, repeats);
		printf(", \"report_bytes\": %zu", size / repeats);
	}
	printf("}\n");
	fl_rules_close(opened.rules);
	fl_symbols_close(opened.symbols);
	for (int i = 0; i < count; i++)
		free(dumps[i].data);
	free(elf.data);
	return 0;
}
