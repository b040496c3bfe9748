/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/vec.h"
#include "support/cmocka.h"

#include <stdint.h>
#include <string.h>

static void test_alloc_is_zeroed_and_aligned(void **state)
{
	(void)state;
	struct fl_arena arena = { 0 };
	enum { USED_BEFORE = 15000 };
	memset(fl_arena_room(&arena, USED_BEFORE), 0xa5, USED_BEFORE);
	fl_arena_deinit(&arena); /* the heap now gives what is not zero */
	for (size_t size = 0; size < 3000; size += 7) {
		unsigned char *p = fl_arena_alloc(&arena, size);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xa5, size); /* the next block must not see it */
	}
	fl_arena_deinit(&arena);
	assert_non_null(fl_arena_alloc(&arena, 1)); /* usable again */
	fl_arena_deinit(&arena);
}

static void test_large_blocks(void **state)
{
	(void)state;
	struct fl_arena arena = { 0 };
	char *big = fl_arena_alloc(&arena, 1 << 20);
	assert_non_null(big);
	big[(1 << 20) - 1] = 1;
	fl_arena_deinit(&arena);
}

static void test_overflow_is_refused(void **state)
{
	(void)state;
	struct fl_arena arena = { 0 };
	assert_null(fl_arena_array(&arena, SIZE_MAX / 2, 3));
	assert_null(fl_arena_alloc(&arena, SIZE_MAX));
	fl_arena_deinit(&arena);
}

static void test_strings(void **state)
{
	(void)state;
	struct fl_arena arena = { 0 };
	assert_string_equal(fl_arena_strdup(&arena, "abc"), "abc");
	assert_string_equal(fl_arena_strndup(&arena, "abcdef", 2), "ab");
	assert_string_equal(fl_arena_printf(&arena, "%d-%s", 7, "x"), "7-x");
	fl_arena_deinit(&arena);
}

static void test_texts_of_any_size(void **state)
{
	(void)state;
	struct fl_arena arena = { 0 };
	char text[2000];
	for (size_t size = 0; size < sizeof(text); size++) {
		memset(text, 'a' + (int)(size % 26), size);
		text[size] = '\0';
		memset(fl_arena_room(&arena, 64), 0xa5, 64);
		assert_string_equal(fl_arena_printf(&arena, "%s", text), text);
		assert_string_equal(fl_arena_strndup(&arena, text, size), text);
	}
	fl_arena_deinit(&arena);
}

static void test_vec_grows(void **state)
{
	(void)state;
	FL_AUTO_VEC v = FL_VEC(uint32_t);
	for (uint32_t i = 0; i < 1000; i++)
		assert_true(fl_vec_push(&v, &i));
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(*fl_vec_at(&v, uint32_t, i), i);
	uint32_t *fresh = fl_vec_add(&v);
	assert_int_equal(*fresh, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alloc_is_zeroed_and_aligned),
		cmocka_unit_test(test_large_blocks),
		cmocka_unit_test(test_overflow_is_refused),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_texts_of_any_size),
		cmocka_unit_test(test_vec_grows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
