/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of a file is given back every so often, all of it at once. */
#include "base/pages.h"
#include "support/cmocka.h"

enum { MIB = 1 << 20 };

static const void *released_bytes;
static size_t released_size;
static unsigned releases;

static void release(const void *bytes, size_t size)
{
	released_bytes = bytes;
	released_size = size;
	releases++;
}

static struct fl_pages pages_of(const void *bytes, size_t size)
{
	releases = 0;
	return (struct fl_pages){ .bytes = bytes, .size = size, .release = release };
}

static void test_all_of_the_file_every_two_mib(void **state)
{
	(void)state;
	static char file[16];
	struct fl_pages pages = pages_of(file, sizeof(file));
	fl_pages_read(&pages, 2 * MIB - 1);
	assert_int_equal(releases, 0);
	fl_pages_read(&pages, 1);
	assert_int_equal(releases, 1);
	assert_ptr_equal(released_bytes, file);
	assert_int_equal(released_size, sizeof(file));
	fl_pages_read(&pages, 2 * MIB - 1);
	assert_int_equal(releases, 1);
	fl_pages_release(&pages);
	assert_int_equal(releases, 2);
	fl_pages_read(&pages, 2 * MIB - 1);
	assert_int_equal(releases, 2);
}

static void test_bytes_that_stay(void **state)
{
	(void)state;
	struct fl_pages pages = { .bytes = "", .size = 1 };
	fl_pages_read(&pages, 8 * MIB);
	fl_pages_release(&pages);
	fl_pages_read(NULL, 8 * MIB);
	fl_pages_release(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_of_the_file_every_two_mib),
		cmocka_unit_test(test_bytes_that_stay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
