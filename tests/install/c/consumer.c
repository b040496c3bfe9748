/* SPDX-License-Identifier: Apache-2.0 */
/* What a user of the libraries writes: analyse a dump and say what it is; open a store. */
#include <faultline/faultline.h>
#include <faultline/store.h>

#include <stdio.h>
#include <stdlib.h>

static unsigned char *slurp(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		exit(1);
	fseek(file, 0, SEEK_END);
	*size = (size_t)ftell(file);
	rewind(file);
	unsigned char *bytes = malloc(*size);
	if (!bytes || fread(bytes, 1, *size, file) != *size)
		exit(1);
	fclose(file);
	return bytes;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	size_t dump_size, elf_size;
	unsigned char *dump = slurp(argv[1], &dump_size);
	unsigned char *elf = slurp(argv[2], &elf_size);
	struct fl_error err = { 0 };
	FL_AUTO(fl_symbols) symbols = NULL;
	FL_AUTO(fl_report) report = NULL;
	FL_AUTO(fl_store) store = NULL;
	if (fl_symbols_open(elf, elf_size, "fw.elf", &symbols, &err) ||
	    fl_analyze(dump, dump_size, (const struct fl_symbols *const[]){ symbols }, 1, NULL,
		       &report, &err) ||
	    fl_store_open(":memory:", &store, &err)) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	FL_AUTO_BUFFER index = { 0 };
	FL_AUTO(fl_symbols) mapped = NULL;
	struct fl_symbols_index_info info;
	if (fl_symbols_encode(symbols, NULL, &index, &err) ||
	    fl_symbols_index_peek(index.data, index.size, &info, &err) ||
	    fl_symbols_decode(index.data, index.size, &mapped, &err) ||
	    !fl_symbols_are_of(mapped, elf, elf_size) || info.elf_size != elf_size) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	puts(fl_report_facts(report).title);
	free(dump);
	free(elf);
	return 0;
}
