/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fixture.h"
#include "store/keeper.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

/* An ELF as the store sees it: bytes, and what was found in them. */
struct elf_spec {
	const char *bytes;
	uint8_t build;    /* every byte of the build id; 0 = none */
	uint8_t embedded; /* of a second module; 0 = there is none */
	bool debug;
	const char *type, *version;
};

static struct fl_symbol_added add(struct fl_store *store, const struct elf_spec *spec)
{
	struct fl_error err = { 0 };
	struct fl_symbol_added added = { 0 };
	struct fl_module_info modules[2] = {
		{ .name = "fw.elf", .has_debug_info = spec->debug },
		{ .name = "system.elf" },
	};
	const uint8_t builds[2] = { spec->build, spec->embedded };
	for (size_t i = 0; i < 2; i++) {
		modules[i].build_id_size = builds[i] ? 20 : 0;
		memset(modules[i].build_id, builds[i], 20);
	}
	const struct fl_symbol_file file = {
		.name = "fw.elf",
		.bytes = spec->bytes,
		.size = strlen(spec->bytes),
		.modules = modules,
		.module_count = spec->embedded ? 2 : 1,
		.software_type = spec->type,
		.software_version = spec->version,
	};
	assert_ok(fl_store_add_symbols(store, &file, &added, &err), err);
	return added;
}

struct found {
	enum fl_code code;
	struct fl_symbol_choice choice;
	char bytes[64];
	char message[200];
};

static struct found
find(struct fl_store *store, uint8_t build, const char *type, const char *version)
{
	struct fl_error err = { 0 };
	struct found found = { 0 };
	struct fl_report_facts facts = { .software_type = type,
					 .software_version = version,
					 .build_id_size = build ? 20 : 0 };
	memset(facts.build_id, build, 20);
	found.code = fl_store_find_symbols(store, &facts, &found.choice, &err);
	strcpy(found.message, err.message);
	if (!found.code) {
		assert_true(read(found.choice.fd, found.bytes, sizeof(found.bytes) - 1) >= 0);
		close(found.choice.fd);
	}
	return found;
}

static void test_an_elf_is_kept_and_found_by_its_build_id(void **state)
{
	struct fixture *f = *state;
	struct fl_symbol_added added =
		add(f->store, &(struct elf_spec){ .bytes = "ELF one", .build = 1, .debug = true });
	assert_false(added.already_there);
	fixture_reopen(f);
	struct found found = find(f->store, 1, NULL, NULL);
	assert_int_equal(found.code, FL_OK);
	assert_string_equal(found.bytes, "ELF one");
	assert_string_equal(found.choice.name, "fw.elf");
	assert_int_equal(found.choice.id, added.id);
	assert_true(found.choice.by_build_id);
	assert_int_equal(find(f->store, 2, NULL, NULL).code, FL_ENOTFOUND);
	assert_int_equal(find(f->store, 0, NULL, NULL).code, FL_ENOTFOUND);
}

/* Decision 9: never the wrong symbols. */
static void test_which_elf_fits(void **state)
{
	static const struct elf_spec files[] = {
		{ "A", 1, 0, true, "main", "1.0" },  { "B", 2, 0, true, "main", "2.0" },
		{ "C", 0, 0, true, "main", "3.0" },  { "D", 0, 0, true, "main", NULL },
		{ "E", 5, 9, true, "main", "5.0" },  { "F", 6, 0, true, "main", "6.0" },
		{ "G", 7, 0, true, "main", "6.0" },  { "H", 8, 0, true, NULL, "8.0" },
		{ "I", 10, 0, true, "main", "10" },  { "J", 10, 0, false, "main", "10" },
		{ "K", 11, 0, false, "main", "11" }, { "L", 11, 0, false, "main", "11" },
		{ "M", 0, 0, true, "main", "12" },   { "N", 0, 0, true, "main", "12" },
	};
	static const struct {
		const char *what;
		uint8_t build;
		const char *type, *version, *expected;
	} cases[] = {
		{ "by build id", 1, NULL, NULL, "A" },
		{ "a build id beats the version", 1, "main", "2.0", "A" },
		{ "by version without a build id", 0, "main", "2.0", "B" },
		{ "build ids contradict", 3, "main", "2.0", NULL },
		{ "the ELF has no build id", 3, "main", "3.0", "C" },
		{ "neither has one", 0, "main", "3.0", "C" },
		{ "another type", 0, "boot", "2.0", NULL },
		{ "the type is not known", 0, NULL, "2.0", NULL },
		{ "neither says a type", 0, NULL, "8.0", "H" },
		{ "a type alone says nothing", 0, "main", NULL, NULL },
		{ "an empty version says nothing", 0, "main", "", NULL },
		{ "a version nobody has", 0, "main", "99", NULL },
		{ "an embedded ELF's id", 9, NULL, NULL, NULL },
		{ "two builds of one version", 0, "main", "6.0", NULL },
		{ "the same, but a build id says which", 7, "main", "6.0", "G" },
		{ "with debug information rather than without", 10, NULL, NULL, "I" },
		{ "the same build twice is not ambiguous", 0, "main", "10", "I" },
		{ "the newer of two equals", 11, NULL, NULL, "L" },
		{ "two files without build id", 0, "main", "12", NULL },
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		add(f->store, &files[i]);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct found found =
			find(f->store, cases[i].build, cases[i].type, cases[i].version);
		const char *got = found.code ? NULL : found.bytes;
		if (found.code && found.code != FL_ENOTFOUND)
			fail_msg("%s: %s", cases[i].what, found.message);
		if (!got != !cases[i].expected || (got && strcmp(got, cases[i].expected) != 0))
			fail_msg("%s: got %s", cases[i].what, got ? got : "none");
		if (found.code && !found.message[0])
			fail_msg("%s: no message", cases[i].what);
	}
	assert_non_null(strstr(find(f->store, 0, "main", "6.0").message, "several builds"));
}

static void test_the_same_elf_again(void **state)
{
	struct fixture *f = *state;
	struct elf_spec spec = { .bytes = "ELF", .build = 1 };
	struct fl_symbol_added first = add(f->store, &spec);
	struct fl_symbol_added second = add(f->store, &spec);
	assert_false(first.already_there);
	assert_true(second.already_there);
	assert_int_equal(first.id, second.id);
	spec.type = "main";
	spec.version = "1.0";
	assert_true(add(f->store, &spec).already_there);
	assert_int_equal(find(f->store, 0, "main", "1.0").code, FL_OK);
	spec.version = "1.1"; /* corrected */
	add(f->store, &spec);
	assert_int_equal(find(f->store, 0, "main", "1.0").code, FL_ENOTFOUND);
	assert_int_equal(find(f->store, 0, "main", "1.1").code, FL_OK);
	spec.type = spec.version = NULL; /* not said: stays */
	add(f->store, &spec);
	assert_int_equal(find(f->store, 0, "main", "1.1").code, FL_OK);
}

/* The one file in the symbols folder. */
static void only_file(const struct fixture *f, char ret[512])
{
	char dir[128];
	snprintf(dir, sizeof(dir), "%s.symbols", f->path);
	DIR *d = opendir(dir);
	assert_non_null(d);
	int count = 0;
	for (struct dirent *e; (e = readdir(d));) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(ret, 512, "%s/%s", dir, e->d_name);
		count++;
	}
	closedir(d);
	assert_int_equal(count, 1);
}

static void test_the_file_is_beside_the_database(void **state)
{
	struct fixture *f = *state;
	char path[512];
	struct stat st;
	add(f->store, &(struct elf_spec){ .bytes = "ELF", .build = 1 });
	only_file(f, path);
	assert_int_equal(strlen(strrchr(path, '/') + 1), 32 + 4);
	assert_string_equal(path + strlen(path) - 4, ".elf");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 3);
}

static void test_a_lost_or_damaged_file_is_healed(void **state)
{
	struct fixture *f = *state;
	struct elf_spec spec = { .bytes = "ELF", .build = 1 };
	char path[512];
	add(f->store, &spec);
	only_file(f, path);
	assert_int_equal(unlink(path), 0);
	struct found found = find(f->store, 1, NULL, NULL);
	assert_int_equal(found.code, FL_EIO);
	assert_non_null(strstr(found.message, "No such file"));
	assert_true(add(f->store, &spec).already_there);
	assert_string_equal(find(f->store, 1, NULL, NULL).bytes, "ELF");
	FILE *file = fopen(path, "w");
	fputs("rot", file);
	fclose(file);
	add(f->store, &spec);
	assert_string_equal(find(f->store, 1, NULL, NULL).bytes, "ELF");
}

static void write_temp(const struct fixture *f, const char *name, time_t age)
{
	char path[256];
	snprintf(path, sizeof(path), "%s.symbols/%s", f->path, name);
	int fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	struct utimbuf times = { time(NULL) - age, time(NULL) - age };
	assert_int_equal(utime(path, &times), 0);
}

static void test_leftovers_of_dead_writers_go(void **state)
{
	struct fixture *f = *state;
	char path[512];
	add(f->store, &(struct elf_spec){ .bytes = "ELF", .build = 1 });
	write_temp(f, ".writing-old", 7200);
	fixture_reopen(f);
	only_file(f, path);
	write_temp(f, ".writing-young", 5);
	fixture_reopen(f);
	snprintf(path, sizeof(path), "%s.symbols/.writing-young", f->path);
	assert_int_equal(access(path, F_OK), 0);
}

static void test_no_room_for_symbols_is_said(void **state)
{
	struct fixture *f = *state;
	char path[128];
	struct fl_error err = { 0 };
	struct fl_symbol_added added;
	const struct fl_module_info module = { .name = "fw.elf" };
	struct fl_symbol_file file = {
		.bytes = "ELF", .size = 3, .modules = &module, .module_count = 1
	};
	snprintf(path, sizeof(path), "%s.symbols", f->path);
	FILE *in_the_way = fopen(path, "w");
	fclose(in_the_way);
	assert_int_equal(fl_store_add_symbols(f->store, &file, &added, &err), FL_EIO);
	assert_non_null(strstr(err.message, path));
	file.module_count = 0;
	assert_int_equal(fl_store_add_symbols(f->store, &file, &added, &err), FL_EINVALID);
	FL_AUTO(fl_store) memory = NULL;
	assert_ok(fl_store_open(":memory:", &memory, &err), err);
	file.module_count = 1;
	assert_int_equal(fl_store_add_symbols(memory, &file, &added, &err), FL_EINVALID);
}

/* --- dumps that wait --- */

static int64_t wait_one(struct fl_store *store, const char *bytes, uint8_t build, const char *type,
			const char *version)
{
	struct fl_error err = { 0 };
	struct fl_filed filed = { 0 };
	int64_t id = enqueue(store, bytes, NULL);
	FL_AUTO(fl_report)
	report = report_make(&(struct report_spec){ .title = "Hard Fault at 0x1000",
						    .build = build,
						    .type = type,
						    .version = version });
	assert_ok(fl_store_wait(store, id, report, NULL, &filed, &err), err);
	assert_int_equal(filed.issue_id, 0);
	assert_int_not_equal(filed.trace_id, 0);
	return id;
}

static uint64_t queued(struct fl_store *store)
{
	struct fl_error err = { 0 };
	struct fl_queue_counts counts;
	assert_ok(fl_store_queue_counts(store, &counts, &err), err);
	return counts.queued;
}

static void test_waiting_dumps_go_on_when_their_elf_comes(void **state)
{
	struct fixture *f = *state;
	int64_t first = wait_one(f->store, "a", 1, "main", "1.0");
	wait_one(f->store, "b", 1, "main", "1.0");
	wait_one(f->store, "c", 2, "main", "1.0");
	wait_one(f->store, "d", 0, "main", "1.0");
	wait_one(f->store, "e", 9, "main", "9.0");
	wait_one(f->store, "f", 0, NULL, NULL);
	assert_int_equal(queued(f->store), 0);
	struct fl_symbol_added added =
		add(f->store, &(struct elf_spec){ .bytes = "1", .build = 1 });
	assert_int_equal(added.dumps_requeued, 2);
	assert_int_equal(queued(f->store), 2);
	struct fl_error err = { 0 };
	struct fl_claim claim = { 0 };
	assert_ok(fl_store_claim(f->store, "1:0", NOON, 60, &claim, &err), err);
	assert_int_equal(claim.dump_id, first);
	assert_int_equal(claim.attempt, 1); /* counted anew */
	fl_claim_deinit(&claim);
	/* said later which version it is: the dump without build id may go, no other */
	added = add(f->store, &(struct elf_spec){
				      .bytes = "1", .build = 1, .type = "main", .version = "1.0" });
	assert_int_equal(added.dumps_requeued, 1);
	/* an embedded ELF's id is no reason to look again */
	added = add(f->store, &(struct elf_spec){ .bytes = "5", .build = 5, .embedded = 9 });
	assert_int_equal(added.dumps_requeued, 0);
}

/* The ELF comes after the worker looked and before it says that the dump must wait. */
static void test_an_elf_that_comes_in_between_is_not_missed(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_claim claim = { 0 };
	struct fl_filed filed;
	add(f->store, &(struct elf_spec){ .bytes = "other", .build = 7 });
	int64_t id = enqueue(f->store, "a", NULL);
	FL_AUTO(fl_report) report = report_make(&(struct report_spec){ .build = 1 });
	for (int round = 0; round < 2; round++) {
		assert_ok(fl_store_claim(f->store, "1:0", NOON, 60, &claim, &err), err);
		assert_int_equal(claim.dump_id, id);
		assert_int_equal(claim.attempt, 1);
		fl_claim_deinit(&claim);
		if (round == 0)
			assert_int_equal(
				add(f->store, &(struct elf_spec){ .bytes = "1", .build = 1 })
					.dumps_requeued,
				0);
		assert_ok(fl_store_wait(f->store, id, report, NULL, &filed, &err), err);
		/* nothing new came in the second round: a dump that does not fit cannot spin */
		assert_int_equal(queued(f->store), round == 0);
	}
}

struct missing {
	char text[512];
};

static bool keep_missing(void *context, const struct fl_missing_row *row)
{
	struct missing *m = context;
	snprintf(m->text + strlen(m->text), sizeof(m->text) - strlen(m->text), "%.6s %s %s %d %d\n",
		 row->build_id ? row->build_id : "-", row->software_type ? row->software_type : "-",
		 row->software_version ? row->software_version : "-", (int)row->traces,
		 (int)row->devices);
	return true;
}

static void test_what_is_missing_is_listed(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct missing missing = { "" };
	wait_one(f->store, "a", 1, "main", "1.0");
	wait_one(f->store, "b", 0xab, NULL, NULL);
	wait_one(f->store, "c", 0xab, NULL, NULL);
	wait_one(f->store, "d", 0, "main", "2.0");
	assert_ok(fl_store_missing(f->store, keep_missing, &missing, &err), err);
	assert_string_equal(missing.text, "ababab - - 2 0\n"
					  "- main 2.0 1 0\n"
					  "010101 main 1.0 1 0\n");
}

static void wait_event(struct fl_store *store, const char *bytes, const char *device, uint8_t build,
		       const char *version)
{
	const struct report_spec spec = { .kind = FL_REPORT_REBOOT,
					  .build = build,
					  .build_size = 6,
					  .type = "main",
					  .version = version };
	settle_one(store, enqueue_kind(store, bytes, device, spec.kind, 0), &spec, true);
}

static void wait_dump(struct fl_store *store, const char *bytes, const char *device, uint8_t build)
{
	const struct report_spec spec = { .build = build, .type = "main", .version = "1.0" };
	settle_one(store, enqueue(store, bytes, device), &spec, true);
}

static void assert_missing(struct fl_store *store, const char *expected)
{
	struct fl_error err = { 0 };
	struct missing missing = { "" };
	assert_ok(fl_store_missing(store, keep_missing, &missing, &err), err);
	assert_string_equal(missing.text, expected);
}

/* Events know the beginning of a build id, dumps all of it. */
static void test_a_short_build_id_belongs_to_the_whole_one(void **state)
{
	struct fixture *f = *state;
	wait_event(f->store, "e1", "D1", 1, "1.0");
	wait_event(f->store, "e2", "D2", 1, "1.0");
	assert_missing(f->store, "010101 main 1.0 2 2\n");
	wait_dump(f->store, "d1", "D1", 1);
	wait_dump(f->store, "d3", "D3", 1);
	assert_missing(f->store, "010101 main 1.0 4 3\n");
	wait_dump(f->store, "other", "D1", 2);
	wait_event(f->store, "other version", "D1", 1, "1.1");
	assert_missing(f->store, "010101 main 1.0 4 3\n"
				 "010101 main 1.1 1 1\n"
				 "020202 main 1.0 1 1\n");
	/* two builds begin so: whose it is, nobody knows */
	sabotage(f->store, "UPDATE traces SET build_id = CAST(X'010101010101' ||"
			   " substr(build_id, 7) AS BLOB) WHERE dump_id = 5");
	assert_missing(f->store, "010101 main 1.0 2 2\n"
				 "010101 main 1.0 2 2\n"
				 "010101 main 1.1 1 1\n"
				 "010101 main 1.0 1 1\n");
}

static bool keep_symbol(void *context, const struct fl_symbol_row *row)
{
	char *text = context;
	sprintf(text + strlen(text), "%d %s %.4s %s %s %d %d %d\n", (int)row->id, row->name,
		row->build_id ? row->build_id : "-", row->software_type ? row->software_type : "-",
		row->software_version ? row->software_version : "-", (int)row->size,
		(int)row->modules, row->has_debug_info);
	return true;
}

static void test_symbols_are_listed(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	char text[512] = "";
	add(f->store, &(struct elf_spec){ "ELF", 1, 2, true, "main", "1.0" });
	add(f->store, &(struct elf_spec){ "other", 0, 0, false, NULL, NULL });
	assert_ok(fl_store_symbols(f->store, keep_symbol, text, &err), err);
	assert_string_equal(text, "1 fw.elf 0101 main 1.0 3 2 1\n"
				  "2 fw.elf - - - 5 1 0\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_an_elf_is_kept_and_found_by_its_build_id),
		store_test(test_which_elf_fits),
		store_test(test_the_same_elf_again),
		store_test(test_the_file_is_beside_the_database),
		store_test(test_a_lost_or_damaged_file_is_healed),
		store_test(test_leftovers_of_dead_writers_go),
		store_test(test_no_room_for_symbols_is_said),
		store_test(test_waiting_dumps_go_on_when_their_elf_comes),
		store_test(test_an_elf_that_comes_in_between_is_not_missed),
		store_test(test_what_is_missing_is_listed),
		store_test(test_a_short_build_id_belongs_to_the_whole_one),
		store_test(test_symbols_are_listed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
