/* SPDX-License-Identifier: Apache-2.0 */
/* The map beside a search from the first name to the last. */
#include "support/cmocka.h"
#include "symbols/name_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES = 600, KINDS = 90, ROOM = 100 };

static char names[NAMES][ROOM];

/* Short ones, long ones that differ in their last bytes only, none; all of them several times. */
static void make_names(void)
{
	for (int i = 0; i < NAMES; i++) {
		int kind = i * 7 % KINDS;
		if (kind % 3 == 0)
			snprintf(names[i], ROOM, "%d", kind);
		else if (kind % 3 == 1)
			snprintf(names[i], ROOM, "%075d_%d", 0, kind);
		else
			names[i][0] = '\0';
	}
}

static void fill(struct fl_name_map *map)
{
	assert_true(fl_name_map_init(map, NAMES));
	for (uint32_t i = NAMES; i-- > 0;)
		fl_name_map_add(map, i, names[i]);
}

/* The entries of that name, in their order, and among the others only what may be one. */
static void check(const struct fl_name_map *map, const char *name)
{
	uint32_t hash = fl_name_hash(name);
	uint32_t entry = fl_name_map_first(map, hash);
	for (uint32_t i = 0; i < NAMES; i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		while (entry != FL_NAME_NONE && strcmp(names[entry], name) != 0)
			entry = fl_name_map_next(map, entry);
		assert_int_equal(entry, i);
		entry = fl_name_map_next(map, entry);
	}
	for (; entry != FL_NAME_NONE; entry = fl_name_map_next(map, entry)) {
		assert_string_not_equal(names[entry], name);
		assert_int_equal(fl_name_hash(names[entry]), hash);
	}
}

static void test_finds_what_a_search_finds(void **state)
{
	struct fl_name_map map;
	(void)state;
	make_names();
	fill(&map);
	for (int i = 0; i < NAMES; i++)
		check(&map, names[i]);
	check(&map, "absent");
	check(&map, "1");
	fl_name_map_deinit(&map);
}

static void test_empty(void **state)
{
	struct fl_name_map map;
	(void)state;
	assert_true(fl_name_map_init(&map, 0));
	assert_int_equal(fl_name_map_first(&map, fl_name_hash("")), FL_NAME_NONE);
	assert_int_equal(fl_name_map_first(&map, fl_name_hash("main")), FL_NAME_NONE);
	fl_name_map_deinit(&map);
}

/* A name of any length costs no more than its first bytes: this one is not even terminated. */
static void test_reads_the_beginning_only(void **state)
{
	char endless[64];
	(void)state;
	memset(endless, 'x', sizeof(endless));
	char *copy = malloc(sizeof(endless));
	memcpy(copy, endless, sizeof(endless));
	(void)fl_name_hash(copy);
	free(copy);
	assert_int_not_equal(fl_name_hash("pxStack"), fl_name_hash("pxStack2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_what_a_search_finds),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_reads_the_beginning_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
