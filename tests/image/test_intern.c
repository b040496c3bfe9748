/* SPDX-License-Identifier: Apache-2.0 */
#include "image/intern.h"
#include "support/cmocka.h"

#include <stdio.h>
#include <string.h>

static void test_equal_strings_are_one(void **state)
{
	struct fl_intern t = FL_INTERN;
	(void)state;
	assert_int_equal(fl_intern_text(&t, ""), 0);
	uint32_t a = fl_intern_text(&t, "alpha");
	uint32_t b = fl_intern_text(&t, "beta");
	assert_int_equal(fl_intern_text(&t, "alpha"), a);
	assert_int_not_equal(a, b);
	assert_string_equal(t.bytes.data + a, "alpha");
	assert_string_equal(t.bytes.data + b, "beta");
	assert_int_equal(fl_intern_text(&t, ""), 0);
	fl_intern_deinit(&t);
}

static void test_many(void **state)
{
	struct fl_intern t = FL_INTERN;
	char text[16];
	(void)state;
	for (uint32_t round = 0; round < 2; round++)
		for (uint32_t i = 0; i < 5000; i++) {
			snprintf(text, sizeof(text), "%u", i);
			assert_int_equal(fl_intern_add(&t, text, strlen(text)), i);
		}
	assert_int_equal(t.entries.count, 5000);
	fl_intern_deinit(&t);
}

static void test_bytes_with_zeroes(void **state)
{
	struct fl_intern t = FL_INTERN;
	(void)state;
	assert_int_equal(fl_intern_add(&t, "a\0b", 3), 0);
	assert_int_equal(fl_intern_add(&t, "a\0c", 3), 1);
	assert_int_equal(fl_intern_add(&t, "a", 1), 2);
	assert_int_equal(fl_intern_add(&t, NULL, 0), 3);
	assert_int_equal(fl_intern_add(&t, NULL, 0), 3);
	fl_intern_deinit(&t);
	fl_intern_deinit(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_strings_are_one),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_bytes_with_zeroes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
