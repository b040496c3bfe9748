/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cmocka.h"

#include "signature/glob.h"
#include "signature/rules.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_glob(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *text;
		bool matches;
	} cases[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "*", "", true },
		{ "*", "anything", true },
		{ "abc", "abc", true },
		{ "abc", "abcd", false },
		{ "abcd", "abc", false },
		{ "z_arm_*", "z_arm_fault", true },
		{ "z_arm_*", "arm_fault", false },
		{ "*_Handler", "HardFault_Handler", true },
		{ "*_Handler", "HardFault_Handler2", false },
		{ "*_Handler", "a_Handler_Handler", true },
		{ "a*b*c", "aXbYc", true },
		{ "a*b*c", "aXcYb", false },
		{ "a**b", "ab", true },
		{ "*aab", "aaaaaab", true },
		{ "a*a", "a", false },
		{ "core::slice::index::*_fail", "core::slice::index::slice_end_index_len_fail",
		  true },
		{ "a?c", "abc", false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (fl_glob(cases[i].pattern, cases[i].text) != cases[i].matches)
			fail_msg("%s against %s", cases[i].pattern, cases[i].text);
}

/* A pattern of letters and stars is a shell's pattern as well. */
static void test_glob_is_the_shells(void **state)
{
	(void)state;
	srand(4);
	for (int i = 0; i < 200000; i++) {
		char pattern[8] = "";
		char text[10] = "";
		for (int k = rand() % 8; k > 0; k--)
			pattern[k - 1] = "ab**"[rand() % 4];
		for (int k = rand() % 10; k > 0; k--)
			text[k - 1] = "abb"[rand() % 3];
		if (fl_glob(pattern, text) != (fnmatch(pattern, text, 0) == 0))
			fail_msg("%s against %s", pattern, text);
	}
}

/* It never keeps a pattern from its text. */
static void test_letters(void **state)
{
	(void)state;
	static const char alphabet[] = "aA0_:*~<\xc3\xbc\x7f";
	size_t told_apart = 0;
	srand(5);
	for (int i = 0; i < 200000; i++) {
		char pattern[8] = "";
		char text[8] = "";
		for (int k = rand() % 8; k > 0; k--)
			pattern[k - 1] = alphabet[(size_t)rand() % (sizeof(alphabet) - 1)];
		for (int k = rand() % 8; k > 0; k--)
			text[k - 1] = alphabet[(size_t)rand() % (sizeof(alphabet) - 1)];
		bool lacks = fl_glob_letters(pattern) & ~fl_glob_letters(text);
		if (lacks && fl_glob(pattern, text))
			fail_msg("%s against %s", pattern, text);
		told_apart += lacks;
	}
	assert_true(told_apart > 100000);
}

static struct fl_rules *open_rules(const char *name, const char *text)
{
	const struct fl_rules_file file = { name, text };
	struct fl_rules *rules = NULL;
	struct fl_error err = { 0 };
	if (fl_rules_open(&file, 1, &rules, &err))
		fail_msg("%s", err.message);
	return rules;
}

static const struct fl_rule *match(const struct fl_rules *rules, const char *name)
{
	const struct fl_rule_query query = { .name = name };
	return fl_rules_match(rules, &query);
}

static void test_lines(void **state)
{
	(void)state;
	FL_AUTO(fl_rules)
	rules = open_rules("plumbing/mine", "# a comment\n"
					    "\n"
					    "  my_panic  \r\n"
					    "\t# another\n"
					    "my_*_hook @module:boot* @under:my_panic\n"
					    "operator new[]\n"
					    "last_line");
	const struct fl_rule *rule = match(rules, "my_panic");
	assert_non_null(rule);
	assert_string_equal(rule->list, "plumbing/mine");
	assert_int_equal(rule->line, 3);
	assert_string_equal(rule->pattern, "my_panic");
	assert_int_equal(rule->kind, FL_RULE_PLUMBING);
	assert_int_equal(match(rules, "last_line")->line, 7);
	assert_non_null(match(rules, "operator new[]"));
	assert_null(match(rules, "my_x_hook"));
	struct fl_rule_query query = { .name = "my_x_hook", .module = "bootloader" };
	assert_null(fl_rules_match(rules, &query));
	query.callee = "my_panic";
	assert_int_equal(fl_rules_match(rules, &query)->line, 5);
	query.module = "app";
	assert_null(fl_rules_match(rules, &query));
}

static void test_bad_lines_are_refused_with_their_place(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text, *message;
	} cases[] = {
		{ "plumbing/x", "a\nb @moodule:x\n",
		  "plumbing/x line 2: unknown option: moodule:x" },
		{ "prefix", "a @module:\n", "prefix line 1: option without a value: module:" },
		{ "prefix", "a @module\n", "prefix line 1: option without a value: module" },
		{ "prefix", "\n\n@module:x\n",
		  "prefix line 3: option without a pattern: @module:x" },
		{ "prefix", "a @word:in\n", "prefix line 1: unknown option: word:in" },
		{ "category", "A @key:frame\n", "category line 1: unknown option: key:frame" },
		{ "category", "A @start:top\n", "category line 1: unknown option: start:top" },
		{ "category", "A @module:x\n", "category line 1: unknown option: module:x" },
		{ "plumbings/x", "a\n", "plumbings/x line 0: no such kind of list: plumbings/x" },
		{ "", "a\n", " line 0: no such kind of list: " },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct fl_rules_file file = { cases[i].name, cases[i].text };
		struct fl_rules *rules = NULL;
		struct fl_error err = { 0 };
		assert_int_equal(fl_rules_open(&file, 1, &rules, &err), FL_EFORMAT);
		assert_string_equal(err.message, cases[i].message);
		assert_null(rules);
	}
}

static void test_more_underscores_do_not_matter(void **state)
{
	(void)state;
	FL_AUTO(fl_rules) rules = open_rules("plumbing/mine", "_stop_it\n_tx_*\n");
	assert_null(match(rules, "stop_it"));
	assert_non_null(match(rules, "_stop_it"));
	assert_non_null(match(rules, "____stop_it"));
	assert_null(match(rules, "stop__it"));
	assert_non_null(match(rules, "_tx_timer"));
	assert_null(match(rules, "tx_timer"));
}

static void test_the_kind_decides_then_the_exact_name(void **state)
{
	(void)state;
	const struct fl_rules_file files[] = {
		{ "prefix", "both\nz*\n" },
		{ "plumbing/b", "both\nz*\nzebra\n" },
		{ "plumbing/a", "bo*\n" },
		{ "irrelevant", "ze*\n" },
	};
	FL_AUTO(fl_rules) rules = NULL;
	assert_int_equal(fl_rules_open(files, 4, &rules, NULL), FL_OK);
	assert_string_equal(match(rules, "both")->list, "plumbing/b");
	assert_string_equal(match(rules, "bottom")->list, "plumbing/a");
	assert_string_equal(match(rules, "zebra")->list, "irrelevant");
	assert_string_equal(match(rules, "zoo")->list, "plumbing/b");
	assert_null(match(rules, "other"));
}

static void test_own_lists_add_and_replace(void **state)
{
	(void)state;
	FL_AUTO(fl_rules) builtin = NULL;
	assert_int_equal(fl_rules_open(NULL, 0, &builtin, NULL), FL_OK);
	assert_non_null(match(builtin, "up_assert"));
	assert_null(match(builtin, "my_panic"));
	FL_AUTO(fl_rules) more = open_rules("plumbing/mine", "my_panic\n");
	assert_non_null(match(more, "up_assert"));
	assert_non_null(match(more, "my_panic"));
	FL_AUTO(fl_rules) fewer = open_rules("plumbing/nuttx", "");
	assert_null(match(fewer, "up_assert"));
	assert_non_null(match(fewer, "memcpy"));
}

static void test_the_hash_is_of_names_and_texts(void **state)
{
	(void)state;
	const struct fl_rules_file ab[] = { { "plumbing/a", "x\n" }, { "plumbing/b", "y\n" } };
	const struct fl_rules_file ba[] = { { "plumbing/b", "y\n" }, { "plumbing/a", "x\n" } };
	const struct fl_rules_file swapped[] = { { "plumbing/a", "y\n" }, { "plumbing/b", "x\n" } };
	FL_AUTO(fl_rules) one = NULL;
	FL_AUTO(fl_rules) two = NULL;
	FL_AUTO(fl_rules) three = NULL;
	FL_AUTO(fl_rules) builtin = NULL;
	FL_AUTO(fl_rules) again = NULL;
	assert_int_equal(fl_rules_open(ab, 2, &one, NULL), FL_OK);
	assert_int_equal(fl_rules_open(ba, 2, &two, NULL), FL_OK);
	assert_int_equal(fl_rules_open(swapped, 2, &three, NULL), FL_OK);
	assert_int_equal(fl_rules_open(NULL, 0, &builtin, NULL), FL_OK);
	assert_int_equal(fl_rules_open(NULL, 0, &again, NULL), FL_OK);
	assert_string_equal(one->hash, two->hash);
	assert_string_not_equal(one->hash, three->hash);
	assert_string_not_equal(one->hash, builtin->hash);
	assert_string_equal(builtin->hash, again->hash);
	assert_int_equal(strlen(builtin->hash), 32);
}

static void test_categories(void **state)
{
	(void)state;
	FL_AUTO(fl_rules)
	rules = open_rules("category", "Watch* @word:in @key:thread @start:interrupted\n"
				       "Bad Jump @word:from @start:caller\n"
				       "Deadlock @word:between @key:parties\n"
				       "Reset @detail:reason\n"
				       "Panic @detail:panic-code\n");
	const struct fl_rule *rule = fl_rules_category(rules, "Watchdog");
	assert_string_equal(rule->word, "in");
	assert_true(rule->by_thread);
	assert_int_equal(rule->start, FL_START_INTERRUPTED);
	assert_false(rule->by_parties);
	assert_true(fl_rules_category(rules, "Deadlock")->by_parties);
	assert_false(fl_rules_category(rules, "Deadlock")->by_thread);
	rule = fl_rules_category(rules, "Bad Jump");
	assert_string_equal(rule->word, "from");
	assert_false(rule->by_thread);
	assert_int_equal(rule->start, FL_START_CALLER);
	assert_int_equal(rule->detail, FL_DETAIL_NONE);
	assert_int_equal(fl_rules_category(rules, "Reset")->detail, FL_DETAIL_REASON);
	assert_int_equal(fl_rules_category(rules, "Panic")->detail, FL_DETAIL_PANIC_CODE);
	assert_null(fl_rules_category(rules, "Assert"));
	assert_null(match(rules, "Watchdog"));
}

/* Every list file is compiled in, with the text that lies in the source tree. */
static void test_the_builtin_lists_are_the_files(void **state)
{
	(void)state;
	assert_true(fl_builtin_rule_count > 15);
	for (size_t i = 0; i < fl_builtin_rule_count; i++) {
		char path[512];
		const struct fl_rules_file *file = &fl_builtin_rules[i];
		snprintf(path, sizeof(path), "%s/signatures/%s.list", FL_SOURCE, file->name);
		FILE *f = fopen(path, "rb");
		assert_non_null(f);
		size_t size = strlen(file->text);
		char *text = calloc(1, size + 2);
		assert_int_equal(fread(text, 1, size + 1, f), size);
		assert_string_equal(text, file->text);
		free(text);
		fclose(f);
		assert_true(i == 0 || strcmp(fl_builtin_rules[i - 1].name, file->name) < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_glob),
		cmocka_unit_test(test_glob_is_the_shells),
		cmocka_unit_test(test_letters),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_bad_lines_are_refused_with_their_place),
		cmocka_unit_test(test_more_underscores_do_not_matter),
		cmocka_unit_test(test_the_kind_decides_then_the_exact_name),
		cmocka_unit_test(test_own_lists_add_and_replace),
		cmocka_unit_test(test_the_hash_is_of_names_and_texts),
		cmocka_unit_test(test_categories),
		cmocka_unit_test(test_the_builtin_lists_are_the_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
