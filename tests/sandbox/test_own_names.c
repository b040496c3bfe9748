/* SPDX-License-Identifier: Apache-2.0 */
/* Names of this program's functions: the compiler and the linker know where they are. */
#include "sandbox/own_names.h"
#include "support/cmocka.h"

#include <stdlib.h>
#include <string.h>

static uint64_t address_of(void (*function)(void **))
{
	return (uint64_t)(uintptr_t)function;
}

/* No linker exports it: only the file's symbol table has its name. */
static void test_static_function(void **state)
{
	(void)state;
	struct fl_own_name name;
	for (uint64_t offset = 0; offset < 8; offset++) {
		assert_true(fl_own_name(address_of(test_static_function) + offset, &name));
		assert_string_equal(name.function, "test_static_function");
		assert_int_equal(name.offset, offset);
	}
	assert_non_null(strstr(name.file, "test_own_names"));
}

static void test_byte_before_is_another(void **state)
{
	(void)state;
	struct fl_own_name name;
	assert_true(fl_own_name(address_of(test_byte_before_is_another) - 1, &name));
	assert_string_not_equal(name.function, "test_byte_before_is_another");
}

static void test_library_function(void **state)
{
	(void)state;
	struct fl_own_name name;
	/* one that no sanitizer puts itself before */
	assert_true(fl_own_name((uint64_t)(uintptr_t)&a64l + 1, &name));
	assert_string_equal(name.function, "a64l");
	assert_int_equal(name.offset, 1);
	assert_non_null(strstr(name.file, "libc"));
	assert_true(name.file_addr < (uint64_t)(uintptr_t)&a64l);
}

static void test_data_has_a_file_only(void **state)
{
	(void)state;
	static const char data[] = "no function";
	struct fl_own_name name;
	assert_true(fl_own_name((uint64_t)(uintptr_t)data, &name));
	assert_string_equal(name.function, "");
	assert_int_equal(name.offset, 0);
	assert_true(name.file_addr < (uint64_t)(uintptr_t)data);
}

static void test_nothing_is_loaded_there(void **state)
{
	(void)state;
	struct fl_own_name name;
	assert_false(fl_own_name(0x10, &name));
	assert_false(fl_own_name((uint64_t)(uintptr_t)&name, &name)); /* the stack */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_static_function),
		cmocka_unit_test(test_byte_before_is_another),
		cmocka_unit_test(test_library_function),
		cmocka_unit_test(test_data_has_a_file_only),
		cmocka_unit_test(test_nothing_is_loaded_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
