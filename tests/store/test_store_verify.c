/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of damage is planted once, and must be named. */
#include "store/keeper.h"

#include <stdio.h>
#include <stdlib.h>

static const struct report_spec spec_a = { .title = "A", .fingerprints = { "stack=a" } };

static void fill(struct fixture *f)
{
	struct fl_error err = { 0 };
	bool duplicate;
	int64_t elf = elf_add(f->store, &(struct elf){ .bytes = "symbols", .build = 1 }).id;
	file_with(f->store, "first dump", "D", &spec_a, elf);
	file_with(f->store, "second dump", "E", &spec_a, elf);
	settle_one(f->store, enqueue(f->store, "waits", "D"), &spec_a, true);
	const struct fl_kept kept = {
		.kind = "heartbeat", .bytes = "beat", .size = 4, .device = "D", .received_at = NOON
	};
	assert_ok(fl_store_keep(f->store, &kept, &duplicate, &err), err);
}

static void test_a_sound_store_has_no_problems(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(problems(f->store), "");
	fill(f);
	assert_string_equal(problems(f->store), "");
	sabotage(f->store, "UPDATE dump_contents SET pruned = 1, compressed = X'' WHERE id = 1");
	assert_string_equal(problems(f->store), ""); /* there is nothing to compare */
	elf_add(f->store, &(struct elf){ .bytes = "richer", .build = 1, .debug = true });
	assert_string_equal(problems(f->store), ""); /* work that is not finished */
}

static void test_damage_in_rows(void **state)
{
	static const struct {
		const char *sql, *problem;
	} cases[] = {
		{ "UPDATE issues SET trace_count = 7", "issue 1: counts 7 traces and has 2\n" },
		{ "UPDATE issues SET first_seen = 5",
		  "issue 1: first or last seen is not that of its traces\n" },
		{ "UPDATE traces SET device_id = 99 WHERE id = 1",
		  "traces, row 1: what it refers to in devices is not there\n" },
		{ "DELETE FROM trace_history WHERE trace_id = 1;"
		  " UPDATE issues SET trace_count = 1; DELETE FROM traces WHERE id = 1",
		  "dump 1: is done, and its trace does not fit that\n" },
		{ "UPDATE traces SET issue_id = 1 WHERE id = 3; UPDATE issues SET trace_count = 3",
		  "dump 3: is waiting, and its trace does not fit that\n" },
		{ "INSERT INTO bulks (what, at, traces, left_over) VALUES ('symbols added', 0, 3, 3)",
		  "bulk work 2: 3 traces are left, 0 belong to it\n" },
		{ "UPDATE dump_contents SET hash = randomblob(16) WHERE id = 2",
		  "content 2: the stored bytes are damaged\n" },
		{ "UPDATE dump_contents SET size = size + 1 WHERE id = 2",
		  "content 2: the stored bytes are damaged\n" },
		{ "UPDATE dump_contents SET compressed = X'00' WHERE id = 2",
		  "content 2: the stored bytes are damaged\n" },
		{ "UPDATE kept SET compressed = randomblob(20)",
		  "kept message 1: the stored bytes are damaged\n" },
		{ "UPDATE traces SET report = X'0102' WHERE id = 2", "trace 2: " },
		{ "ALTER TABLE devices RENAME COLUMN limited TO other",
		  "schema: not of this version of faultline: no such column: " },
		{ "ALTER TABLE kept RENAME TO other",
		  "schema: not of this version of faultline: no such table: kept\n" },
		{ "DROP INDEX dumps_in_work",
		  "schema: not of this version of faultline: no such index: dumps_in_work\n" },
		{ "UPDATE symbol_files SET size = 3",
		  "symbol file 1: its ELF has 7 bytes, not 3\n" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		void *inner = NULL;
		(void)state;
		fixture_setup(&inner);
		struct fixture *f = inner;
		fill(f);
		sabotage(f->store, cases[i].sql);
		if (!strstr(problems(f->store), cases[i].problem))
			fail_msg("%s: found '%s'", cases[i].sql, problems(f->store));
		fixture_teardown(&inner);
	}
}

static void shell(const struct fixture *f, const char *format)
{
	char command[512];
	snprintf(command, sizeof(command), format, f->path);
	assert_int_equal(system(command), 0);
}

static void test_damage_in_symbol_files(void **state)
{
	struct fixture *f = *state;
	fill(f);
	shell(f, "for e in %s.symbols/*.elf; do printf 'symbolx' > $e; done");
	assert_string_equal(problems(f->store), "symbol file 1: its ELF is damaged\n");
	shell(f, "rm %s.symbols/*.elf");
	assert_string_equal(problems(f->store), "symbol file 1: its ELF is not there\n");
	elf_add(f->store, &(struct elf){ .bytes = "symbols", .build = 1 });
	assert_string_equal(problems(f->store), "");
	shell(f,
	      "cd %s.symbols && echo > 0123456789abcdef0123456789abcdef.elf && echo > notes.txt");
	assert_string_equal(problems(f->store), "0123456789abcdef0123456789abcdef.elf (1 bytes) "
						"belongs to no symbol file\n");
}

/* Bytes overwritten in the middle of the file: something must be said, and nothing may fail. */
static void test_damage_in_the_file(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	unsigned found_some = 0;
	for (int i = 0; i < 30; i++)
		fill(f);
	fl_store_close(f->store);
	shell(f, "cp %1$s %1$s.good");
	for (long page = 2; page < 32; page++) {
		shell(f, "cp %1$s.good %1$s; rm -f %1$s-wal %1$s-shm");
		FILE *file = fopen(f->path, "r+");
		assert_non_null(file);
		assert_int_equal(fseek(file, page * 4096 + 8, SEEK_SET), 0);
		for (int i = 0; i < 2000; i++)
			fputc(rand() & 0xff, file);
		fclose(file);
		f->store = NULL;
		if (fl_store_open(f->path, &f->store, &err))
			continue;
		found_some += problems(f->store)[0] != '\0';
		fl_store_close(f->store);
	}
	assert_true(found_some > 15); /* empty pages hold nothing */
	shell(f, "cp %1$s.good %1$s; rm -f %1$s-wal %1$s-shm");
	f->store = fixture_open(f);
}

static bool stop_at_once(void *context, const char *problem)
{
	(void)problem;
	++*(int *)context;
	return false;
}

static bool count_steps(void *context, uint64_t done, uint64_t total)
{
	uint64_t *last = context;
	assert_int_equal(done, *last + 1);
	assert_true(done <= total);
	*last = done;
	return true;
}

static void test_progress_and_stopping(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	int lines = 0;
	uint64_t last = 0;
	fill(f);
	assert_ok(fl_store_verify(f->store, stop_at_once, &lines, count_steps, &last, &err), err);
	assert_int_equal(lines, 0);
	assert_int_equal(last, 3 + 1 + 3 + 1); /* contents, kept, traces, symbol files */
	sabotage(f->store, "UPDATE issues SET trace_count = 7; UPDATE dump_contents SET size = 1");
	assert_ok(fl_store_verify(f->store, stop_at_once, &lines, NULL, NULL, &err), err);
	assert_int_equal(lines, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_a_sound_store_has_no_problems),
		cmocka_unit_test(test_damage_in_rows),
		store_test(test_damage_in_symbol_files),
		store_test(test_damage_in_the_file),
		store_test(test_progress_and_stopping),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
