/* SPDX-License-Identifier: Apache-2.0 */
/* A mapped ELF whose pages are given back while it is read says the same. */
#include "symbols_case.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const void *mapped;
static size_t mapped_size;
static unsigned releases;

static void release(const void *bytes, size_t size)
{
	assert_ptr_equal(bytes, mapped);
	assert_int_equal(size, mapped_size);
	assert_int_equal(madvise((void *)(uintptr_t)bytes, size, MADV_DONTNEED), 0);
	releases++;
}

static void map_fixture(const char *build)
{
	char path[512];
	struct stat info;
	snprintf(path, sizeof(path), "%s/%s/fw.elf", FL_CORPUS, build);
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &info), 0);
	mapped_size = (size_t)info.st_size;
	mapped = mmap(NULL, mapped_size, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(mapped, MAP_FAILED);
	close(fd);
	releases = 0;
}

static void test_mapped_says_the_same(void **state)
{
	static const char *const builds[] = { "m4f-aux", "m4f-cpp", "m0-os", "m4f-zephyr" };
	(void)state;
	for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++) {
		SYMBOLS c = open_fixture(builds[i]);
		FL_AUTO(fl_symbols) symbols = NULL;
		FL_AUTO_BUFFER expected = { 0 };
		FL_AUTO_BUFFER file = { 0 };
		map_fixture(builds[i]);
		assert_int_equal(fl_symbols_open_mapped(mapped, mapped_size, "fw.elf", release,
							&symbols, NULL),
				 FL_OK);
		munmap((void *)(uintptr_t)mapped, mapped_size);
		/* Small ones too: once hashed, and before what was read is compiled. */
		assert_true(releases >= 2 * symbols->count);
		assert_int_equal(fl_symbols_encode(c.symbols, NULL, &expected, NULL), FL_OK);
		assert_int_equal(fl_symbols_encode(symbols, NULL, &file, NULL), FL_OK);
		assert_int_equal(file.size, expected.size);
		assert_memory_equal(file.data, expected.data, file.size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mapped_says_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
