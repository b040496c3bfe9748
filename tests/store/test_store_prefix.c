/* SPDX-License-Identifier: Apache-2.0 */
/* Short build ids, debug files and their companions, and why a file is a candidate. */
#include "store/keeper.h"

#include <stdio.h>
#include <stdlib.h>

static void test_a_short_build_id_finds_one_build(void **state)
{
	static const struct elf elfs[] = {
		{ .bytes = "one", .build = 1, .debug = true, .type = "main", .version = "1.0" },
		{ .bytes = "twin-a", .build = 2, .debug = true, .type = "main", .version = "2.0" },
		{ .bytes = "twin-b", .build = 2, .tail = 9, .type = "main", .version = "2.1" },
		{ .bytes = "poor", .build = 3, .type = "main", .version = "3.0" },
		{ .bytes = "rich", .build = 3, .debug = true },
		{ .bytes = "nameless", .debug = true, .type = "main", .version = "4.0" },
	};
	static const struct {
		const char *what;
		uint8_t build;
		size_t size;
		const char *version, *expected;
	} cases[] = {
		{ "all of it", 1, 20, NULL, "one" },
		{ "its first six bytes", 1, 6, NULL, "one" },
		{ "five are enough", 1, 5, NULL, "one" },
		{ "four are not", 1, 4, NULL, "-" },
		{ "four do not contradict the version", 1, 4, "1.0", "one" },
		{ "four that contradict it", 2, 4, "1.0", "-" },
		{ "the prefix of two builds", 2, 6, NULL, "-" },
		{ "the version tells them apart", 2, 6, "2.1", "twin-b" },
		{ "but not when it is of a third", 2, 6, "1.0", "-" },
		{ "the full id of one of them", 2, 20, NULL, "twin-a" },
		{ "two files of one build", 3, 6, NULL, "rich" },
		{ "the prefix beats the version", 1, 6, "3.0", "one" },
		{ "a prefix that nobody has", 7, 6, NULL, "-" },
		{ "a prefix that contradicts the version", 7, 6, "1.0", "-" },
		{ "the file does not say its build", 7, 6, "4.0", "nameless" },
		{ "nothing known", 0, 0, NULL, "-" },
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(elfs) / sizeof(elfs[0]); i++)
		elf_add(f->store, &elfs[i]);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_report_facts facts =
			facts_of(cases[i].build, cases[i].size, "main", cases[i].version);
		const char *got = found(f->store, &facts);
		if (strcmp(got, cases[i].expected) != 0)
			fail_msg("%s: got %s", cases[i].what, got);
	}
}

static void test_a_build_id_of_ff_has_an_end(void **state)
{
	struct fixture *f = *state;
	struct fl_report_facts facts = facts_of(0xff, 6, NULL, NULL);
	assert_string_equal(found(f->store, &facts), "-");
	elf_add(f->store, &(struct elf){ .bytes = "ff", .build = 0xff });
	assert_string_equal(found(f->store, &facts), "ff");
	facts = facts_of(0xff, 20, NULL, NULL);
	assert_string_equal(found(f->store, &facts), "ff");
}

/* Whatever comes first. */
static void test_a_debug_file_and_its_stripped_companion(void **state)
{
	static const struct elf debug = { .bytes = "debug", .build = 1, .debug = true };
	static const struct elf stripped = { .bytes = "stripped", .build = 1, .code = true };
	struct fixture *f = *state;
	struct fl_report_facts facts = facts_of(1, 20, NULL, NULL);
	for (int order = 0; order < 2; order++) {
		struct fl_symbol_added first = elf_add(f->store, order ? &debug : &stripped);
		assert_string_equal(found(f->store, &facts), order ? "debug" : "stripped");
		struct fl_symbol_added second = elf_add(f->store, order ? &stripped : &debug);
		assert_string_equal(found(f->store, &facts), "debug+stripped");
		/* each has what the other lacks */
		assert_int_equal(second.supersedes_id, 0);
		struct fl_error err = { 0 };
		struct fl_symbol_removed removed;
		assert_ok(fl_store_remove_symbols(f->store, first.id, &removed, &err), err);
		assert_string_equal(found(f->store, &facts), order ? "stripped" : "debug");
		assert_ok(fl_store_remove_symbols(f->store, second.id, &removed, &err), err);
	}
	elf_add(f->store, &debug);
	elf_add(f->store, &stripped);
	struct fl_symbol_added whole =
		elf_add(f->store,
			&(struct elf){ .bytes = "whole", .build = 1, .debug = true, .code = true });
	assert_int_not_equal(whole.supersedes_id, 0);
	assert_string_equal(found(f->store, &facts), "whole");
}

/* By version the debug file is found; its companion need not be of any version. */
static void test_a_companion_is_found_by_the_build(void **state)
{
	struct fixture *f = *state;
	elf_add(f->store, &(struct elf){ .bytes = "debug",
					 .build = 1,
					 .debug = true,
					 .type = "main",
					 .version = "1.0" });
	elf_add(f->store, &(struct elf){ .bytes = "other", .build = 2, .code = true });
	elf_add(f->store, &(struct elf){ .bytes = "stripped", .build = 1, .code = true });
	struct fl_report_facts facts = facts_of(0, 0, "main", "1.0");
	assert_string_equal(found(f->store, &facts), "debug+stripped");
	char path[256];
	snprintf(path, sizeof(path), "rm -f %s.symbols/*", f->path);
	assert_int_equal(system(path), 0);
	elf_add(f->store, &(struct elf){ .bytes = "debug", .build = 1, .debug = true });
	assert_string_equal(found(f->store, &facts), "debug"); /* the other one is lost */
}

static bool add_candidate(void *context, const struct fl_symbol_candidate *c)
{
	static const char *const reasons[] = { "id", "prefix", "version", "ambiguous", "other" };
	char *text = context;
	sprintf(text + strlen(text), "%s%s:%s ", c->chosen ? "*" : "", c->name, reasons[c->reason]);
	return true;
}

static void test_candidates_and_why(void **state)
{
	static const struct elf elfs[] = {
		{ .bytes = "debug", .build = 1, .debug = true, .type = "main", .version = "1" },
		{ .bytes = "code", .build = 1, .code = true },
		{ .bytes = "wrong", .build = 5, .debug = true, .type = "main", .version = "1" },
		{ .bytes = "nameless", .debug = true, .type = "main", .version = "1" },
		{ .bytes = "twin-a", .build = 2, .debug = true },
		{ .bytes = "twin-b", .build = 2, .tail = 9, .debug = true },
		{ .bytes = "unrelated", .build = 8, .type = "boot", .version = "1" },
		{ .bytes = "same-a", .build = 3, .type = "main", .version = "6" },
		{ .bytes = "same-b", .build = 4, .type = "main", .version = "6" },
	};
	static const struct {
		uint8_t build;
		size_t size;
		const char *version, *expected;
	} cases[] = {
		{ 1, 20, NULL, "*debug:id *code:id " },
		{ 1, 20, "1", "*debug:id *code:id nameless:version wrong:other " },
		{ 1, 6, "1", "*debug:prefix *code:prefix nameless:version wrong:other " },
		{ 0, 0, "1", "nameless:ambiguous wrong:ambiguous debug:ambiguous " },
		{ 2, 6, NULL, "twin-b:ambiguous twin-a:ambiguous " },
		{ 7, 20, "1", "*nameless:version wrong:other debug:other " },
		{ 0, 0, "6", "same-b:ambiguous same-a:ambiguous " },
		{ 3, 20, "6", "*same-a:id same-b:other " },
		{ 7, 20, NULL, "" },
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(elfs) / sizeof(elfs[0]); i++)
		elf_add(f->store, &elfs[i]);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512] = "";
		struct fl_error err = { 0 };
		struct fl_report_facts facts =
			facts_of(cases[i].build, cases[i].size, "main", cases[i].version);
		assert_ok(fl_store_symbol_candidates(f->store, &facts, add_candidate, text, &err),
			  err);
		assert_string_equal(text, cases[i].expected);
	}
}

static bool keep_row(void *context, const struct fl_symbol_row *row)
{
	char *text = context;
	sprintf(text + strlen(text), "%s:%d:%d%s ", row->name, (int)row->traces,
		(int)row->superseded_by, row->conflict ? "!" : "");
	return true;
}

static bool keep_module(void *context, const struct fl_module_info *module)
{
	char *text = context;
	sprintf(text + strlen(text), "%s:%d:%d:%d:%d ", module->name, module->build_id_size,
		module->has_debug_info, module->has_code_bytes, (int)module->function_count);
	return true;
}

static void test_the_list_and_the_parts(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	char text[512] = "";
	const struct elf elf = { .bytes = "a", .build = 1, .type = "main", .version = "1" };
	struct fl_symbol_added poor = elf_add(f->store, &elf);
	assert_int_equal(poor.conflicts, 0);
	file_with(f->store, "dump", NULL, &(struct report_spec){ .title = "A" }, poor.id);
	const struct elf richer = { .bytes = "b",
				    .build = 1,
				    .debug = true,
				    .code = true,
				    .embedded = 1,
				    .functions = 17 };
	assert_int_equal(elf_add(f->store, &richer).supersedes_id, poor.id);
	const struct elf other = { .bytes = "c", .build = 2, .type = "main", .version = "1" };
	assert_int_equal(elf_add(f->store, &other).conflicts, 1);
	assert_ok(fl_store_symbols(f->store, keep_row, text, &err), err);
	assert_string_equal(text, "a:1:2! b:0:0 c:0:0! ");
	text[0] = '\0';
	assert_ok(fl_store_symbol_modules(f->store, 2, keep_module, text, &err), err);
	assert_string_equal(text, "fw.elf:20:1:1:17 part.elf:0:0:0:0 ");
	assert_int_equal(fl_store_symbol_modules(f->store, 9, keep_module, text, &err),
			 FL_ENOTFOUND);
}

/* Nobody says of a file which version it is: what was read with it does. */
static void test_versions_that_only_traces_tell(void **state)
{
	static const struct report_spec one = { .build = 1, .type = "main", .version = "1" };
	static const struct report_spec two = { .build = 2, .type = "main", .version = "1" };
	static const struct report_spec none = { .build = 3, .type = "main" };
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	char text[512] = "";
	int64_t first = elf_add(f->store, &(struct elf){ .bytes = "a", .build = 1 }).id;
	file_with(f->store, "1", NULL, &one, first);
	settle_one(f->store, enqueue(f->store, "2", NULL), &two, true);
	settle_one(f->store, enqueue(f->store, "3", NULL), &none, true);
	struct fl_symbol_added second =
		elf_add(f->store, &(struct elf){ .bytes = "b", .build = 2 });
	assert_int_equal(second.dumps_requeued, 1);
	assert_int_equal(second.conflicts, 1);
	assert_int_equal(file_queued(f->store, &two, second.id), 1);
	assert_int_equal(elf_add(f->store, &(struct elf){ .bytes = "c", .build = 3 }).conflicts, 0);
	assert_ok(fl_store_symbols(f->store, keep_row, text, &err), err);
	assert_string_equal(text, "a:1:0! b:1:0! c:0:0 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_a_short_build_id_finds_one_build),
		store_test(test_a_build_id_of_ff_has_an_end),
		store_test(test_a_debug_file_and_its_stripped_companion),
		store_test(test_a_companion_is_found_by_the_build),
		store_test(test_candidates_and_why),
		store_test(test_the_list_and_the_parts),
		store_test(test_versions_that_only_traces_tell),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
