/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Databases of every released schema are opened for ever: data/schema-N.db. This program wrote the
 * newest of them (`test_store_schema --write FOLDER`); data/README.md says when that is done again.
 */
#include "store/fixture.h"
#include "store/internal.h"
#include "store/invariants.h"
#include "store/schema.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATA FL_TESTS "/store/data"
#define ELF  "a firmware image of version 1.0"

/* --- writing --- */

static void add_symbols(struct fl_store *store)
{
	struct fl_error err = { 0 };
	struct fl_symbol_added added;
	struct fl_module_info modules[2] = {
		{ .name = "fw.elf",
		  .build_id_size = 20,
		  .has_debug_info = true,
		  .function_count = 9 },
		{ .name = "system.elf", .has_symbol_table = true },
	};
	memset(modules[0].build_id, 0x11, 20);
	const struct fl_symbol_file file = { .name = "fw.elf",
					     .bytes = ELF,
					     .size = strlen(ELF),
					     .modules = modules,
					     .module_count = 2,
					     .software_type = "main",
					     .software_version = "1.0" };
	assert_ok(fl_store_add_symbols(store, &file, &added, &err), err);
}

static int64_t upload_one(struct fl_store *store, const char *bytes, const char *device, int after)
{
	struct fl_error err = { 0 };
	struct fl_enqueued enqueued;
	const struct fl_upload upload = { .bytes = bytes,
					  .size = strlen(bytes),
					  .source = "crash.core",
					  .device = device,
					  .upload_id = device ? "upload-1" : NULL,
					  .hardware_version = "evt",
					  .cohort = "beta",
					  .received_at = NOON + after };
	assert_ok(fl_store_enqueue(store, &upload, &enqueued, &err), err);
	return enqueued.dump_id;
}

static const struct report_spec null_pointer = {
	.serial = "D2",
	.type = "main",
	.version = "1.0",
	.build = 0x11,
	.title = "Null Pointer at app_run",
	.fingerprints = { "stack=app_run>main", "top=app_run", "~address=fw+0x100" },
};
static const struct report_spec an_assert = {
	.type = "main",
	.version = "1.1",
	.title = "Assert at flash_write",
	.fingerprints = { "stack=flash_write>app_run>main" },
};
static const struct report_spec no_elf = {
	.serial = "D3",
	.build = 0x22,
	.type = "main",
	.version = "2.0",
	.title = "Hard Fault at 0x08001234",
	.fingerprints = { "~address=0x08001234" },
};

/* Told by its dump alone, and by its event alone: the other half may come. */
static const struct report_spec a_dump = {
	.version = "1.1",
	.title = "Bus Fault at dma_start",
	.reason = 0x9400,
	.pc = 0x08001234,
	.lr = 0x08000101,
	.fingerprints = { "stack=dma_start>main" },
};
static const struct report_spec an_event = {
	.kind = FL_REPORT_REBOOT,
	.version = "1.1",
	.title = "Bus Fault at dma_stop",
	.reason = 0x9400,
	.pc = 0x08005678,
	.lr = 0x08000202,
	.coredump_saved = true,
	.fingerprints = { "site=dma_stop|main" },
};

static void finish(struct fl_store *store, int64_t dump, const struct report_spec *spec, bool wait)
{
	struct fl_error err = { 0 };
	struct fl_filed filed;
	FL_AUTO(fl_report) report = report_make(spec);
	if (wait)
		assert_ok(fl_store_wait(store, dump, report, NULL, &filed, &err), err);
	else
		assert_ok(fl_store_file(store, dump, report, &filed, &err), err);
}

/* One of everything. */
static void write_database(struct fl_store *store)
{
	struct fl_error err = { 0 };
	struct fl_claim claim = { 0 };
	add_symbols(store);
	finish(store, upload_one(store, "first", "D1", 0), &null_pointer, false);
	upload_one(store, "first", "D1", 1); /* a duplicate at the door */
	finish(store, upload_one(store, "second", NULL, 2), &null_pointer, false);
	finish(store, upload_one(store, "second", NULL, 3), &null_pointer,
	       false); /* and a late one */
	finish(store, upload_one(store, "third", "D1", 4), &an_assert, false);
	finish(store, upload_one(store, "fourth", NULL, 5), &no_elf, true);
	assert_ok(fl_store_quarantine(store, upload_one(store, "fifth", NULL, 6),
				      "killed by SIGSEGV", "#0 dwarf_loclist\n#1 fl_analyze", &err),
		  err);
	upload_one(store, "sixth", "D4", 7);
	assert_ok(fl_store_claim(store, "100:0", NOON, 300, &claim, &err), err);
	fl_claim_deinit(&claim);
	upload_one(store, "seventh", NULL, 8);
	settle_one(store, enqueue_kind(store, "eighth", "D5", a_dump.kind, 9), &a_dump, false);
	settle_one(store, enqueue_kind(store, "ninth", "D6", an_event.kind, 10), &an_event, false);
}

static int write_into(const char *folder)
{
	char path[512];
	struct fl_error err = { 0 };
	FL_AUTO(fl_store) store = NULL;
	snprintf(path, sizeof(path), "%s/schema-%d.db", folder, FL_SCHEMA_VERSION);
	if (access(path, F_OK) == 0) {
		fprintf(stderr, "%s is there already\n", path);
		return 1;
	}
	if (fl_store_open(path, &store, &err)) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	write_database(store);
	return 0;
}

/* --- reading --- */

static uint8_t *read_all(const char *path, size_t *size_ret)
{
	struct stat st;
	FILE *file = fopen(path, "rb");
	if (!file)
		fail_msg("%s is missing", path);
	assert_int_equal(fstat(fileno(file), &st), 0);
	*size_ret = (size_t)st.st_size;
	uint8_t *bytes = malloc(*size_ret);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, *size_ret, file), *size_ret);
	fclose(file);
	return bytes;
}

static void write_all(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

/* An old database in the place of the fixture's. */
static int setup_old(void **state, const char *path)
{
	size_t size;
	fixture_setup(state);
	struct fixture *f = *state;
	fl_store_close(f->store);
	uint8_t *bytes = read_all(path, &size);
	write_all(f->path, bytes, size);
	free(bytes);
	f->store = fixture_open(f);
	return 0;
}

static int setup_schema_1(void **state)
{
	return setup_old(state, DATA "/schema-1.db");
}

static int setup_schema_2(void **state)
{
	return setup_old(state, DATA "/schema-2.db");
}

/* The same with a report in the place of that of trace 2. */
static void setup_schema_1_with(struct fixture *f, const struct fl_buffer *report)
{
	size_t size;
	sqlite3 *db;
	sqlite3_stmt *stmt;
	fl_store_close(f->store);
	uint8_t *bytes = read_all(DATA "/schema-1.db", &size);
	snprintf(f->path, sizeof(f->path), "%s/with-a-report.db", f->dir);
	write_all(f->path, bytes, size);
	free(bytes);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "UPDATE traces SET report = ?1 WHERE id = 2", -1,
					    &stmt, NULL),
			 SQLITE_OK);
	sqlite3_bind_blob(stmt, 1, report->data, (int)report->size, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	f->store = fixture_open(f);
}

struct lines {
	char text[2048];
};

static void add(struct lines *lines, const char *format, ...) FL_PRINTF(2, 3);
static void add(struct lines *lines, const char *format, ...)
{
	va_list ap;
	size_t used = strlen(lines->text);
	va_start(ap, format);
	vsnprintf(lines->text + used, sizeof(lines->text) - used, format, ap);
	va_end(ap);
}

static const char *or_dash(const char *text)
{
	return text ? text : "-";
}

static bool add_issue(void *context, const struct fl_issue_row *row)
{
	add(context, "%d %s %s %d %d %d %d %s\n", (int)row->id, row->title, row->state,
	    (int)row->trace_count, (int)row->device_count, (int)(row->first_seen - NOON),
	    (int)(row->last_seen - NOON), or_dash(row->last_version));
	return true;
}

static bool add_trace(void *context, const struct fl_trace_row *row)
{
	add(context, "%d %d %d %s|%s|%s|%s %s %s|%.4s|%s|%s|%d %d\n", (int)row->id,
	    (int)row->dump_id, (int)row->issue_id, row->state, or_dash(row->title),
	    or_dash(row->device), or_dash(row->software_type), or_dash(row->software_version),
	    or_dash(row->hardware_version), or_dash(row->build_id), row->source,
	    or_dash(row->reason), (int)row->attempts, (int)row->duplicates);
	return true;
}

static bool add_symbol(void *context, const struct fl_symbol_row *row)
{
	add(context, "%d %s %.4s %s %s %d %d %d\n", (int)row->id, row->name, or_dash(row->build_id),
	    or_dash(row->software_type), or_dash(row->software_version), (int)row->size,
	    (int)row->modules, row->has_debug_info);
	return true;
}

static bool add_missing(void *context, const struct fl_missing_row *row)
{
	add(context, "%.4s %s %s %d %d\n", or_dash(row->build_id), or_dash(row->software_type),
	    or_dash(row->software_version), (int)row->traces, (int)row->devices);
	return true;
}

static void test_a_database_of_schema_1_answers(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct lines issues = { "" }, traces = { "" }, symbols = { "" }, missing = { "" };
	assert_invariants(f->store);
	assert_ok(fl_store_issues(f->store, add_issue, &issues, &err), err);
	assert_string_equal(issues.text, "2 Assert at flash_write open 1 1 4 4 1.1\n"
					 "1 Null Pointer at app_run open 2 2 0 2 1.0\n");
	assert_ok(fl_store_traces(f->store, NULL, add_trace, &traces, &err), err);
	assert_string_equal(
		traces.text,
		"0 8 0 queued|-|-|- - evt|-|crash.core|-|0 0\n"
		"0 7 0 queued|-|D4|- - evt|-|crash.core|-|1 0\n"
		"0 6 0 quarantined|-|-|- - evt|-|crash.core|killed by SIGSEGV|0 0\n"
		"4 5 0 waiting|Hard Fault at 0x08001234|D3|main 2.0 evt|2222|crash.core|"
		"no symbol file with build id 2222222222222222222222222222222222222222|0 0\n"
		"3 4 2 done|Assert at flash_write|D1|main 1.1 evt|-|crash.core|-|0 0\n"
		"2 2 1 done|Null Pointer at app_run|D2|main 1.0 evt|1111|crash.core|-|0 1\n"
		"1 1 1 done|Null Pointer at app_run|D1|main 1.0 evt|1111|crash.core|-|0 1\n");
	assert_ok(fl_store_symbols(f->store, add_symbol, &symbols, &err), err);
	assert_string_equal(symbols.text, "1 fw.elf 1111 main 1.0 31 2 1\n");
	assert_ok(fl_store_missing(f->store, add_missing, &missing, &err), err);
	assert_string_equal(missing.text, "2222 main 2.0 1 1\n");
}

static bool add_device(void *context, const struct fl_device_row *row)
{
	add(context, "%s %s %s %s %d %d %d %d\n", row->serial, or_dash(row->software_type),
	    or_dash(row->software_version), or_dash(row->hardware_version),
	    (int)(row->first_seen - NOON), (int)(row->last_seen - NOON), (int)row->traces,
	    (int)row->unexpected_reboots);
	return true;
}

/* What schema 1 had of a device only in its dumps. */
static void test_its_devices_were_heard_of(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct lines devices = { "" };
	assert_ok(fl_store_devices(f->store, NULL, add_device, &devices, &err), err);
	assert_string_equal(devices.text, "D1 main 1.1 evt 0 4 2 2\n"
					  "D2 main 1.0 evt 2 3 1 1\n"
					  "D3 main 2.0 evt 5 5 1 1\n"
					  "D4 - - evt 7 7 0 0\n");
}

/* A dump of before, as its report says it, and the event that comes only now. */
static void test_an_event_finds_a_dump_of_schema_1(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct lines devices = { "" };
	struct report_spec spec = null_pointer;
	spec.reason = 0x9400;
	spec.pc = 0x08001234;
	spec.lr = 0x08000101;
	FL_AUTO(fl_report) report = report_make(&spec);
	FL_AUTO_BUFFER encoded = { 0 };
	assert_ok(fl_report_encode(report, &encoded, &err), err);
	setup_schema_1_with(f, &encoded);
	spec.kind = FL_REPORT_REBOOT;
	spec.coredump_saved = true;
	int64_t event = enqueue_kind(f->store, "event", "D2", spec.kind, 9);
	struct fl_filed filed = settle_one(f->store, event, &spec, false);
	assert_true(filed.paired);
	assert_int_equal(filed.trace_id, 2);
	assert_ok(fl_store_devices(f->store, &(struct fl_device_filter){ .serial = "D2" },
				   add_device, &devices, &err),
		  err);
	assert_string_equal(devices.text, "D2 main 1.0 evt 2 9 1 1\n");
	assert_invariants(f->store);
}

static void test_its_reports_and_dumps_are_readable(void **state)
{
	static const char *const titles[] = { "Null Pointer at app_run", "Null Pointer at app_run",
					      "Assert at flash_write", "Hard Fault at 0x08001234" };
	static const char *const contents[] = { "first",  "second", "second", "third",
						"fourth", "fifth",  "sixth",  "seventh" };
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	for (int i = 0; i < 4; i++) {
		FL_AUTO(fl_report) report = NULL;
		assert_ok(fl_store_report(f->store, i + 1, &report, &err), err);
		assert_string_equal(fl_report_facts(report).title, titles[i]);
	}
	for (int i = 0; i < 8; i++) {
		struct fl_claim claim = { 0 };
		assert_ok(fl_store_dump(f->store, i + 1, &claim, &err), err);
		assert_int_equal(claim.bytes.size, strlen(contents[i]));
		assert_memory_equal(claim.bytes.data, contents[i], claim.bytes.size);
		fl_claim_deinit(&claim);
	}
}

static void test_it_goes_on_from_there(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_filed filed;
	struct fl_claim claim = { 0 };
	struct fl_queue_counts counts;
	add_symbols(f->store); /* known, but its file is written again here */
	assert_ok(fl_store_claim(f->store, "1:0", NOON + 1000, 60, &claim, &err), err);
	assert_int_equal(claim.dump_id, 7); /* the lease of the one who held it is over */
	FL_AUTO(fl_report) report = report_make(&null_pointer);
	assert_ok(fl_store_file(f->store, claim.dump_id, report, &filed, &err), err);
	fl_claim_deinit(&claim);
	assert_int_equal(filed.issue_id, 1);
	assert_false(filed.new_issue);
	assert_int_equal(upload_one(f->store, "first", "D1", 50), 1);
	assert_ok(fl_store_queue_counts(f->store, &counts, &err), err);
	assert_int_equal(counts.duplicates, 3);
	assert_int_equal(counts.done, 4);
	assert_invariants(f->store);
}

/* --- schema 2 --- */

static bool ignore_problem(void *context, const char *problem)
{
	if (!strstr(problem, "its ELF")) /* its file is not kept with the database */
		fail_msg("%s", problem);
	return *(bool *)context = true;
}

static void test_a_database_of_schema_2_answers(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct lines issues = { "" }, devices = { "" };
	bool elf_lost = false;
	assert_int_equal(fixture_count(f->store, "SELECT user_version FROM pragma_user_version"),
			 FL_SCHEMA_VERSION);
	assert_invariants(f->store);
	assert_ok(fl_store_verify(f->store, ignore_problem, &elf_lost, NULL, NULL, &err), err);
	assert_ok(fl_store_issues(f->store, add_issue, &issues, &err), err);
	assert_string_equal(issues.text, "4 Bus Fault at dma_stop open 1 1 10 10 1.1\n"
					 "3 Bus Fault at dma_start open 1 1 9 9 1.1\n"
					 "2 Assert at flash_write open 1 1 4 4 1.1\n"
					 "1 Null Pointer at app_run open 2 2 0 2 1.0\n");
	assert_ok(fl_store_devices(f->store, NULL, add_device, &devices, &err), err);
	assert_string_equal(devices.text, "D1 - - evt 0 4 2 2\n"
					  "D2 main 1.0 evt 2 2 1 1\n"
					  "D3 main 2.0 evt 5 5 1 1\n"
					  "D4 - - evt 7 7 0 0\n"
					  "D5 - 1.1 - 9 9 1 1\n"
					  "D6 - 1.1 - 10 10 1 1\n");
}

static void compare_rows(struct fl_store *store, const char *table)
{
	char sql[256];
	snprintf(sql, sizeof(sql),
		 "SELECT count(*) FROM (SELECT * FROM old.%s EXCEPT SELECT * FROM main.%s)", table,
		 table);
	assert_int_equal(fixture_count(store, sql), 0);
	snprintf(sql, sizeof(sql),
		 "SELECT (SELECT count(*) FROM old.%s) - (SELECT count(*) FROM main.%s)", table,
		 table);
	assert_int_equal(fixture_count(store, sql), 0);
}

/* Schema 3 changed indexes only: an unopened copy has the same rows. */
static void test_every_row_of_schema_2_is_kept(void **state)
{
	struct fixture *f = *state;
	char sql[256];
	size_t size;
	size_t tables = 0;
	sqlite3_stmt *stmt = NULL;
	uint8_t *bytes = read_all(DATA "/schema-2.db", &size);
	write_all(fixture_path(f, "old.db"), bytes, size);
	free(bytes);
	snprintf(sql, sizeof(sql), "ATTACH '%s' AS old", fixture_path(f, "old.db"));
	assert_int_equal(sqlite3_exec(f->store->db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(f->store->db,
					    "SELECT name FROM old.sqlite_schema"
					    " WHERE type = 'table'",
					    -1, &stmt, NULL),
			 SQLITE_OK);
	for (; sqlite3_step(stmt) == SQLITE_ROW; tables++)
		compare_rows(f->store, (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	assert_int_equal(tables, 19);
}

/* Of either half that schema 2 has, the other one comes now. */
static void test_the_other_half_of_schema_2_is_found(void **state)
{
	struct fixture *f = *state;
	struct report_spec event = an_event;
	struct report_spec dump = a_dump;
	event.pc = a_dump.pc;
	event.lr = a_dump.lr;
	dump.pc = an_event.pc;
	dump.lr = an_event.lr;
	int64_t id = enqueue_kind(f->store, "event", "D5", event.kind, 20);
	struct fl_filed filed = settle_one(f->store, id, &event, false);
	assert_true(filed.paired);
	assert_int_equal(filed.trace_id, 5);
	id = enqueue_kind(f->store, "dump", "D6", dump.kind, 21);
	assert_true(settle_one(f->store, id, &dump, false).paired);
	assert_int_equal(fixture_count(f->store, "SELECT paired_id FROM dumps ORDER BY id DESC"),
			 10);
	assert_invariants(f->store);
}

/* Everything that may be asked of a database, whatever is in it. */
static void ask_everything(struct fl_store *store, struct lines *lines)
{
	struct fl_claim claim = { 0 };
	struct fl_queue_counts counts;
	struct fl_filed filed;
	struct fl_refiled refiled;
	FL_AUTO_BUFFER ids = { 0 };
	FL_AUTO(fl_report) report = report_make(&null_pointer);
	FL_AUTO(fl_report) stored = NULL;
	(void)!fl_store_issues(store, add_issue, lines, NULL);
	(void)!fl_store_traces(store, NULL, add_trace, lines, NULL);
	(void)!fl_store_symbols(store, add_symbol, lines, NULL);
	(void)!fl_store_missing(store, add_missing, lines, NULL);
	(void)!fl_store_queue_counts(store, &counts, NULL);
	(void)!fl_store_select_dumps(store, NULL, &ids, NULL);
	(void)!fl_store_report(store, 1, &stored, NULL);
	(void)!fl_store_claim(store, "1:0", NOON + 1000, 60, &claim, NULL);
	(void)!fl_store_file(store, 8, report, &filed, NULL);
	(void)!fl_store_refile(store, 1, report, false, &refiled, NULL);
	fl_claim_deinit(&claim);
}

/* A damaged file, as a disk or an enemy makes it: errors and wrong answers, but no harm. */
static void test_a_damaged_database_does_no_harm(void **state)
{
	enum { ROUNDS = 150, FLIPS = 6 };
	struct fixture *f = *state;
	unsigned seed = 20261;
	size_t size;
	size_t opened = 0;
	uint8_t *good = read_all(DATA "/schema-1.db", &size);
	uint8_t *bad = malloc(size);
	assert_non_null(bad);
	for (int round = 0; round < ROUNDS; round++) {
		char path[128];
		struct fl_store *store = NULL;
		struct fl_error err = { 0 };
		memcpy(bad, good, size);
		for (int i = 0; i < FLIPS; i++) {
			size_t at = (size_t)rand_r(&seed) % size;
			bad[at] = (uint8_t)rand_r(&seed);
		}
		snprintf(path, sizeof(path), "%s/damaged-%d.db", f->dir, round);
		write_all(path, bad,
			  round % 5 ? size : size / 4096 * (unsigned)round / ROUNDS * 4096);
		if (fl_store_open(path, &store, &err)) {
			assert_true(err.message[0]);
		} else {
			struct lines lines = { "" };
			ask_everything(store, &lines);
			opened++;
		}
		fl_store_close(store);
		unlink(path);
	}
	free(good);
	free(bad);
	print_message("%zu of %d could be opened\n", opened, ROUNDS);
	assert_true(opened > ROUNDS / 4);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--write"))
		return write_into(argv[2]);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_database_of_schema_1_answers, setup_schema_1,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(test_its_devices_were_heard_of, setup_schema_1,
						fixture_teardown),
		store_test(test_an_event_finds_a_dump_of_schema_1),
		cmocka_unit_test_setup_teardown(test_its_reports_and_dumps_are_readable,
						setup_schema_1, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_it_goes_on_from_there, setup_schema_1,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(test_a_database_of_schema_2_answers, setup_schema_2,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(test_every_row_of_schema_2_is_kept, setup_schema_2,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(test_the_other_half_of_schema_2_is_found,
						setup_schema_2, fixture_teardown),
		store_test(test_a_damaged_database_does_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
