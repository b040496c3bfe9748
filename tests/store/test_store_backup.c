/* SPDX-License-Identifier: Apache-2.0 */
/* A copy of one moment, while others write. */
#include "store/invariants.h"
#include "store/keeper.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct report_spec spec_a = { .title = "A", .fingerprints = { "stack=a" } };

static void path_in(const struct fixture *f, const char *name, char ret[256])
{
	snprintf(ret, 256, "%s/%s", f->dir, name);
}

static bool is_there(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0;
}

/* Entries of the fixture's folder. */
static int entries(const struct fixture *f)
{
	char command[128];
	snprintf(command, sizeof(command), "ls -A %s | wc -l", f->dir);
	FILE *pipe = popen(command, "r");
	int count = -1;
	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%d", &count), 1);
	pclose(pipe);
	return count;
}

struct steps {
	uint64_t last, total;
	int calls, stop_after;
};

static bool count_step(void *context, uint64_t done, uint64_t total)
{
	struct steps *steps = context;
	assert_true(done >= steps->last && done <= total);
	steps->last = done;
	steps->total = total;
	return ++steps->calls != steps->stop_after;
}

static struct fl_store *open_copy(const char *path)
{
	struct fl_error err = { 0 };
	struct fl_store *copy = NULL;
	assert_ok(fl_store_open(path, &copy, &err), err);
	return copy;
}

static void test_a_backup_is_a_store(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct steps steps = { 0 };
	char path[256];
	path_in(f, "copy.db", path);
	int64_t elf = elf_add(f->store, &(struct elf){ .bytes = "symbols", .build = 1 }).id;
	file_with(f->store, "dump", "D", &spec_a, elf);
	assert_ok(fl_store_backup(f->store, path, count_step, &steps, &err), err);
	assert_int_equal(steps.last, steps.total);
	assert_true(steps.total > 7);
	FL_AUTO(fl_store) copy = open_copy(path);
	assert_string_equal(issues_of(copy), "1:1 ");
	struct fl_report_facts facts = facts_of(1, 20, NULL, NULL);
	assert_string_equal(found(copy, &facts), "symbols");
	assert_string_equal(problems(copy), "");
	/* both go on by themselves */
	file_with(copy, "another", "D", &spec_a, elf);
	assert_string_equal(issues_of(f->store), "1:1 ");
}

static void test_nothing_is_replaced_and_nothing_left(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	char path[256];
	char folder[300];
	elf_add(f->store, &(struct elf){ .bytes = "symbols", .build = 1 });
	int before = entries(f);
	assert_int_equal(fl_store_backup(f->store, f->path, NULL, NULL, &err), FL_EINVALID);
	assert_non_null(strstr(err.message, "test.db: exists already"));
	path_in(f, "no/such/copy.db", path);
	assert_int_equal(fl_store_backup(f->store, path, NULL, NULL, &err), FL_EIO);
	assert_int_equal(fl_store_backup(f->store, "", NULL, NULL, &err), FL_EINVALID);
	for (int stop_after = 1; stop_after <= 2; stop_after++) {
		struct steps steps = { .stop_after = stop_after };
		path_in(f, "copy.db", path);
		assert_int_equal(fl_store_backup(f->store, path, count_step, &steps, &err),
				 FL_EINVALID);
		assert_int_equal(entries(f), before);
	}
	snprintf(folder, sizeof(folder), "%s.symbols", path);
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(fl_store_backup(f->store, path, NULL, NULL, &err), FL_EINVALID);
	assert_int_equal(entries(f), before + 1);
	/* the handle is as it was */
	file_with(f->store, "dump", NULL, &spec_a, 0);
}

static void write_for_ever(const struct fixture *f)
{
	struct fl_error err = { 0 };
	struct fl_store *store = fixture_open(f);
	for (int i = 0;; i++) {
		char bytes[32];
		struct fl_symbol_removed removed;
		snprintf(bytes, sizeof(bytes), "%d %d", (int)getpid(), i);
		const struct elf elf = { .bytes = bytes, .build = (uint8_t)(1 + i % 200) };
		int64_t id = elf_add(store, &elf).id;
		file_with(store, bytes, "D", &spec_a, i % 3 ? 0 : id);
		if (i % 2)
			assert_ok(fl_store_remove_symbols(store, id, &removed, &err), err);
	}
}

static void test_while_others_write(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		write_for_ever(f);
	for (int i = 0; i < 8; i++) {
		char name[32];
		char path[256];
		usleep(30000);
		snprintf(name, sizeof(name), "copy%d.db", i);
		path_in(f, name, path);
		int64_t dumps = ask_number(f->store, "SELECT count(*) FROM dumps");
		assert_ok(fl_store_backup(f->store, path, NULL, NULL, &err), err);
		FL_AUTO(fl_store) copy = open_copy(path);
		assert_invariants(copy);
		assert_string_equal(problems(copy), ""); /* every row has its file, and no more */
		assert_true(ask_number(copy, "SELECT count(*) FROM dumps") >= dumps);
	}
	int64_t dumps = ask_number(f->store, "SELECT count(*) FROM dumps");
	usleep(100000);
	assert_true(ask_number(f->store, "SELECT count(*) FROM dumps") > dumps); /* it did write */
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* What is lost is lost in the copy as well; it is no reason to have none. */
static void test_a_lost_symbol_file(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	char command[256];
	char path[256];
	path_in(f, "copy.db", path);
	elf_add(f->store, &(struct elf){ .bytes = "one", .build = 1 });
	elf_add(f->store, &(struct elf){ .bytes = "other", .build = 2 });
	snprintf(command, sizeof(command), "rm \"$(grep -l one %s.symbols/*)\"", f->path);
	assert_int_equal(system(command), 0);
	assert_ok(fl_store_backup(f->store, path, NULL, NULL, &err), err);
	FL_AUTO(fl_store) copy = open_copy(path);
	assert_string_equal(problems(copy), "symbol file 1: its ELF is not there\n");
}

/* A killed one leaves other names behind, never one that looks like a backup. */
static void test_a_killed_backup(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	char path[256];
	char command[300];
	char bytes[32];
	for (int i = 0; i < 100; i++) {
		snprintf(bytes, sizeof(bytes), "elf %d", i);
		elf_add(f->store, &(struct elf){ .bytes = bytes, .build = (uint8_t)(1 + i) });
	}
	path_in(f, "copy.db", path);
	for (int round = 0; round < 10; round++) {
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (!pid) {
			struct fl_store *store = fixture_open(f);
			_exit(fl_store_backup(store, path, NULL, NULL, NULL) != FL_OK);
		}
		usleep((useconds_t)(rand() % 60000));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		if (is_there(path)) {
			FL_AUTO(fl_store) copy = open_copy(path);
			assert_string_equal(problems(copy), "");
		}
		snprintf(command, sizeof(command), "rm -rf %s*", path);
		assert_int_equal(system(command), 0);
	}
	assert_ok(fl_store_backup(f->store, path, NULL, NULL, &err), err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_a_backup_is_a_store),
		store_test(test_nothing_is_replaced_and_nothing_left),
		store_test(test_while_others_write),
		store_test(test_a_lost_symbol_file),
		store_test(test_a_killed_backup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
