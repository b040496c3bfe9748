/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine and libdwarf read the same out of every ELF of the fixtures and of the tests' data:
 * gcc and clang, DWARF 2 to 5, LTO, C++, Rust, three kernels.
 */
#include "engine_said.h"
#include "left_out.h"
#include "said_lines.h"
#include "support/cmocka.h"
#include "support/corpus.h"
#include "support/elf_writer.h"
#include "support/libdwarf_reader/libdwarf_reader.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FEWEST_FILES = 40, ELF_ZSTD = 2 };

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

/* ch_type of the first compressed section (System V ABI, "Section Header"). */
static uint32_t compression_of(const struct fl_elf *elf)
{
	uint32_t type = 0;
	for (size_t i = 0; i < elf->section_count && !type; i++)
		if (elf->sections[i].flags & ELF_COMPRESSED)
			memcpy(&type, elf->sections[i].bytes, sizeof(type));
	return type;
}

/* The 2021 release of libdwarf knows nothing of zstd. */
static int open_plain_copy(const struct fl_image *image)
{
	ELF_AUTO w = { .without_symtab = true };
	for (size_t i = 0; i < image->sections.count; i++) {
		const struct fl_debug_section *s = &image->sections.items[i];
		elf_section(&w, s->name, ELF_PROGBITS, 0, s->addr, s->bytes, s->size);
	}
	elf_end(&w);
	int fd = memfd_create("plain", MFD_CLOEXEC);
	assert_int_equal(write(fd, w.file.data, w.file.size), w.file.size);
	return fd;
}

static void compare_with_libdwarf(const char *path, const struct fl_image *image)
{
	int fd = compression_of(&image->elf) == ELF_ZSTD ? open_plain_copy(image)
							 : open(path, O_RDONLY | O_CLOEXEC);
	struct said engine = engine_said(image);
	struct libdwarf_reader *reader = libdwarf_reader_open(fd);
	leave_out(libdwarf_reader_said(reader));
	same_said(path, &engine, libdwarf_reader_said(reader));
	libdwarf_reader_close(reader);
	said_deinit(&engine);
}

static void compare_file(const char *path)
{
	size_t size;
	struct fl_error err;
	struct fl_image *image = NULL;
	uint8_t *bytes = corpus_read(path, &size);
	assert_non_null(bytes);
	if (fl_image_open(path, bytes, size, NULL, &image, &err))
		fail_msg("%s: %s", path, err.message);
	if (image->findings.count)
		fail_msg("%s: %s", path, image->findings.items[0].text);
	compare_with_libdwarf(path, image);
	count(image);
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
