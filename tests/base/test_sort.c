/* SPDX-License-Identifier: Apache-2.0 */
/* What comes out ascends and is what went in; every size around the one where the method changes.
 */
#include "base/sort.h"
#include "support/cmocka.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum { MOST = 3000 };

struct item {
	uint32_t number;
	uint32_t second; /* decides among equal numbers, the largest first */
	uint32_t id;     /* which one it is */
};

static size_t compared;

static int compare(const void *a, const void *b)
{
	const struct item *x = a;
	const struct item *y = b;
	compared++;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return (x->second < y->second) - (x->second > y->second);
}

static uint32_t random_number(void)
{
	static uint64_t state = 1;
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(state >> 32);
}

static void assert_sorts(struct item *items, size_t count)
{
	struct item before[MOST];
	bool seen[MOST] = { false };
	for (size_t i = 0; i < count; i++) {
		items[i].second = (uint32_t)((i * 7919) % MOST);
		items[i].id = (uint32_t)i;
		before[i] = items[i];
	}
	fl_sort(items, count, sizeof(items[0]), compare);
	for (size_t i = 0; i < count; i++) {
		assert_true(items[i].id < count && !seen[items[i].id]);
		seen[items[i].id] = true;
		assert_memory_equal(&items[i], &before[items[i].id], sizeof(items[i]));
		assert_true(!i || compare(&items[i - 1], &items[i]) < 0);
	}
}

static void numbers_of_any_range(void **state)
{
	static const uint32_t masks[] = {
		0, 1, 0xf, 0xff, 0xff00, 0x1ff0000, 0xff000000, UINT32_MAX
	};
	struct item items[MOST];
	(void)state;
	for (size_t m = 0; m < sizeof(masks) / sizeof(masks[0]); m++)
		for (size_t count = 0; count <= MOST; count += count < 140 ? 1 : 715) {
			for (size_t i = 0; i < count; i++)
				items[i].number = random_number() & masks[m];
			assert_sorts(items, count);
		}
}

static void what_is_sorted_is_looked_at_once(void **state)
{
	struct item items[MOST];
	(void)state;
	for (size_t i = 0; i < MOST; i++)
		items[i] = (struct item){ .number = (uint32_t)(i / 3),
					  .second = (uint32_t)(3 - i % 3) };
	compared = 0;
	fl_sort(items, MOST, sizeof(items[0]), compare);
	assert_int_equal(compared, MOST - 1);
}

static void backwards(void **state)
{
	struct item items[MOST];
	(void)state;
	for (size_t i = 0; i < MOST; i++)
		items[i].number = UINT32_MAX - (uint32_t)i * 1000000;
	assert_sorts(items, MOST);
}

/* Where nothing needs to be compared to know the order, next to nothing is. */
static void different_numbers_are_not_compared(void **state)
{
	struct item items[MOST];
	(void)state;
	for (size_t i = 0; i < MOST; i++)
		items[i] = (struct item){ .number = (uint32_t)(i * 7919 % 3001) };
	compared = 0;
	fl_sort(items, MOST, sizeof(items[0]), compare);
	assert_true(compared < MOST);
}

static void nothing(void **state)
{
	(void)state;
	fl_sort(NULL, 0, sizeof(struct item), compare);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_any_range),
		cmocka_unit_test(what_is_sorted_is_looked_at_once),
		cmocka_unit_test(backwards),
		cmocka_unit_test(different_numbers_are_not_compared),
		cmocka_unit_test(nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
