/* SPDX-License-Identifier: Apache-2.0 */
#include "model/finding.h"

#include "base/limits.h"
#include "support/cmocka.h"

#include <string.h>

static void test_findings_are_kept_in_order(void **state)
{
	(void)state;
	struct fl_arena arena = { 0 };
	struct fl_findings list = { .arena = &arena };
	fl_finding_add(&list, FL_STAGE_DUMP, FL_WARNING, FL_EFORMAT, FL_AT_FILE_OFFSET, 12,
		       "block %d is cut", 3);
	fl_finding_add(&list, FL_STAGE_UNWIND, FL_NOTE, FL_EUNMAPPED, FL_AT_NONE, 0, "end");
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0].text, "block 3 is cut");
	assert_int_equal(list.items[0].at, 12);
	assert_string_equal(fl_stage_name(list.items[1].stage), "unwind");
	fl_arena_deinit(&arena);
}

static void test_list_is_bounded_and_says_so(void **state)
{
	(void)state;
	struct fl_arena arena = { 0 };
	struct fl_findings list = { .arena = &arena };
	for (int i = 0; i < 2 * FL_LIMIT_FINDINGS; i++)
		fl_finding_add(&list, FL_STAGE_DUMP, FL_NOTE, FL_OK, FL_AT_NONE, 0, "%d", i);
	assert_int_equal(list.count, FL_LIMIT_FINDINGS);
	assert_int_equal(list.items[list.count - 1].code, FL_ELIMIT);
	assert_non_null(strstr(list.items[list.count - 1].text, "not listed"));
	fl_arena_deinit(&arena);
}

static void test_nowhere_to_record_is_fine(void **state)
{
	(void)state;
	fl_finding_add(NULL, FL_STAGE_DUMP, FL_NOTE, FL_OK, FL_AT_NONE, 0, "lost");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_findings_are_kept_in_order),
		cmocka_unit_test(test_list_is_bounded_and_says_so),
		cmocka_unit_test(test_nowhere_to_record_is_fine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
