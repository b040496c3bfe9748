/* SPDX-License-Identifier: Apache-2.0 */
/* What is let go: by age and size, and everything of a device. Counts and statistics beside it. */
#include "store/invariants.h"
#include "store/keeper.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <utime.h>

enum { DAY = 86400 };

static const struct report_spec spec_a = { .title = "A", .fingerprints = { "stack=a" } };

static bool add_line(void *context, const char *what, uint64_t count, uint64_t bytes)
{
	char *text = context;
	sprintf(text + strlen(text), "%s %d %d; ", what, (int)count, (int)bytes);
	return true;
}

/* What a dry run says, the real run says and does; afterwards there is nothing left to do. */
static const char *collect(struct fl_store *store, const struct fl_retention *keep, int64_t now)
{
	static char dry[1024];
	char text[2][1024] = { "", "" };
	struct fl_error err = { 0 };
	dry[0] = '\0';
	int64_t before = ask_number(store, "SELECT total_changes()");
	assert_ok(fl_store_gc(store, keep, now, true, add_line, dry, &err), err);
	assert_int_equal(ask_number(store, "SELECT total_changes()"), before);
	for (int i = 0; i < 2; i++)
		assert_ok(fl_store_gc(store, keep, now, false, add_line, text[i], &err), err);
	assert_string_equal(text[0], dry);
	for (char *c = text[1]; *c; c++)
		if (*c >= '1' && *c <= '9')
			fail_msg("not done: %s", text[1]);
	assert_invariants(store);
	assert_string_equal(problems(store), "");
	return dry;
}

static int64_t enqueue_at(struct fl_store *store, const char *bytes, const char *device, int64_t at)
{
	struct fl_error err = { 0 };
	struct fl_enqueued enqueued = { 0 };
	const struct fl_upload upload = {
		.bytes = bytes, .size = strlen(bytes), .device = device, .received_at = at
	};
	assert_ok(fl_store_enqueue(store, &upload, &enqueued, &err), err);
	return enqueued.dump_id;
}

static void test_bytes_of_dumps_by_age(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < 250; i++) {
		char bytes[32];
		snprintf(bytes, sizeof(bytes), "dump number %d", i);
		settle_one(f->store, enqueue_at(f->store, bytes, NULL, NOON - i * DAY), &spec_a,
			   false);
	}
	int64_t waits = enqueue_at(f->store, "waits", NULL, NOON - 999 * DAY);
	settle_one(f->store, waits, &spec_a, true);
	/* the same bytes came again later: of one content the youngest upload counts */
	settle_one(f->store, enqueue_at(f->store, "dump number 249", NULL, NOON), &spec_a, false);
	const struct fl_retention keep = { .dump_age = 20 * DAY };
	const char *said = collect(f->store, &keep, NOON);
	assert_non_null(strstr(said, "bytes of dumps 228 ")); /* 21 to 248 */
	assert_string_equal(issues_of(f->store), "1:251 ");   /* traces stay */
	struct fl_error err = { 0 };
	struct fl_claim claim = { 0 };
	assert_ok(fl_store_dump(f->store, 249, &claim, &err), err);
	assert_true(claim.pruned);
	fl_claim_deinit(&claim);
	assert_ok(fl_store_dump(f->store, 250, &claim, &err), err);
	assert_false(claim.pruned);
	fl_claim_deinit(&claim);
}

static void test_bytes_of_dumps_by_size(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < 20; i++) {
		char bytes[32];
		snprintf(bytes, sizeof(bytes), "dump number %d", i);
		settle_one(f->store, enqueue_at(f->store, bytes, NULL, NOON + i), &spec_a, false);
	}
	enqueue_at(f->store, "queued: not to be touched", NULL, 0);
	int64_t all = ask_number(f->store, "SELECT sum(length(compressed)) FROM dump_contents");
	const struct fl_retention keep = { .dump_bytes = (uint64_t)all / 2 };
	collect(f->store, &keep, NOON);
	int64_t left = ask_number(f->store, "SELECT sum(length(compressed)) FROM dump_contents");
	assert_true(left <= all / 2 && left > all / 2 - 40);
	/* the oldest went */
	assert_int_equal(
		ask_number(f->store, "SELECT max(id) FROM dump_contents WHERE pruned") -
			ask_number(f->store, "SELECT count(*) FROM dump_contents WHERE pruned"),
		0);
}

static void keep_one(struct fl_store *store, const char *kind, const char *bytes,
		     const char *device, int64_t at)
{
	struct fl_error err = { 0 };
	bool duplicate;
	const struct fl_kept kept = { .kind = kind,
				      .bytes = bytes,
				      .size = strlen(bytes),
				      .device = device,
				      .received_at = at };
	assert_ok(fl_store_keep(store, &kept, &duplicate, &err), err);
}

static void test_every_other_kind(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	keep_one(f->store, "heartbeat", "old", "D", NOON - 10 * DAY);
	keep_one(f->store, "log", "new", "D", NOON);
	for (int i = 0; i < 2; i++) {
		int64_t bad = enqueue_at(f->store, i ? "bad" : "worse", NULL, NOON - i * 10 * DAY);
		assert_ok(fl_store_quarantine(f->store, bad, "died", NULL, &err), err);
	}
	assert_ok(fl_store_put_partial(f->store, "D", "state", 5, 77, NOON - 10 * DAY, &err), err);
	assert_ok(fl_store_put_partial(f->store, "E", "state", 5, 88, NOON, &err), err);
	sabotage(f->store, "INSERT INTO notices (kind, at, next_at) VALUES (0, 5, 0)");
	const struct fl_retention keep = {
		.kept_age = DAY, .quarantine_age = DAY, .partial_age = DAY, .notice_age = DAY
	};
	assert_string_equal(collect(f->store, &keep, NOON),
			    "kept messages 1 12; notices 1 0; quarantined dumps 1 12; "
			    "half-received messages 1 77; ");
	assert_int_equal(ask_number(f->store, "SELECT count(*) FROM kept"), 1);
	assert_int_equal(ask_number(f->store, "SELECT count(*) FROM dumps"), 1);
	assert_string_equal(collect(f->store, &(struct fl_retention){ 0 }, NOON), "");
}

static void test_expected_reboots_go_unexpected_stay(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < 4; i++) {
		const struct report_spec reboot = { .title = "R",
						    .serial = "D",
						    .kind = FL_REPORT_REBOOT,
						    .reason = i % 2 ? 0x8002 : 3,
						    .reason_name =
							    i % 2 ? "HardFault" : "FirmwareUpdate",
						    .fingerprints = { "site=r" },
						    .pc = i % 2 ? 0x100 : 0 };
		char bytes[16];
		snprintf(bytes, sizeof(bytes), "event %d", i);
		settle_one(f->store,
			   enqueue_kind(f->store, bytes, "D", FL_REPORT_REBOOT, i < 2 ? -DAY : 0),
			   &reboot, false);
	}
	assert_int_equal(ask_number(f->store, "SELECT count(*) FROM reboots WHERE expected"), 2);
	const struct fl_retention keep = { .reboot_age = DAY / 2 };
	assert_non_null(strstr(collect(f->store, &keep, NOON), "expected reboots 1 "));
	assert_int_equal(ask_number(f->store, "SELECT count(*) FROM reboots"), 3);
}

static int64_t quarantine_at(struct fl_store *store, const char *bytes, int64_t at)
{
	struct fl_error err = { 0 };
	int64_t id = enqueue_at(store, bytes, NULL, at);
	settle_one(store, id, &spec_a, true); /* it has a trace, and a notice tells of it */
	assert_ok(fl_store_quarantine(store, id, "died", NULL, &err), err);
	return id;
}

/* What one step takes the next has not got: collect() compares row by row. */
static void test_a_dry_run_counts_nothing_twice(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	const struct report_spec reboot = {
		.title = "R", .kind = FL_REPORT_REBOOT, .reason = 3, .reason_name = "FirmwareUpdate"
	};
	assert_ok(fl_store_record_notices(f->store, true, &err), err);
	quarantine_at(f->store, "bad", NOON - 9 * DAY);
	sabotage(f->store, "UPDATE notices SET at = 5");
	for (int i = 0; i < 6; i++) {
		char bytes[32];
		snprintf(bytes, sizeof(bytes), "reboot number %d", i);
		settle_one(f->store,
			   enqueue_kind(f->store, bytes, "D", reboot.kind, -(6 - i) * DAY), &reboot,
			   false);
	}
	settle_one(f->store, enqueue_at(f->store, "a dump", NULL, NOON - 5 * DAY), &spec_a, false);
	const struct fl_retention keep = {
		.dump_age = 3 * DAY, .reboot_age = DAY, .quarantine_age = DAY, .notice_age = DAY
	};
	char expected[64]; /* three of them have no bytes any more */
	snprintf(expected, sizeof(expected), "expected reboots 5 %d; ",
		 (int)ask_number(f->store,
				 "SELECT 2 * length(compressed) FROM dump_contents c"
				 " JOIN dumps d ON d.content_id = c.id WHERE d.kind = 1"));
	const char *said = collect(f->store, &keep, NOON);
	assert_non_null(strstr(said, "bytes of dumps 4 "));
	assert_non_null(strstr(said, "notices 1 0; quarantined dumps 1 "));
	assert_non_null(strstr(said, expected));
}

static void test_files_nobody_knows_and_pages_nobody_needs(void **state)
{
	struct fixture *f = *state;
	char path[256];
	static char big[200000];
	struct stat st;
	elf_add(f->store, &(struct elf){ .bytes = "known", .build = 1 });
	snprintf(path, sizeof(path), "%s.symbols/%032d.elf", f->path, 7);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs("orphan", file);
	fclose(file);
	const struct fl_retention keep = { .dump_age = 1 };
	struct fl_error err = { 0 };
	char said[256] = "";
	assert_ok(fl_store_gc(f->store, &keep, NOON, false, add_line, said, &err), err);
	assert_string_equal(said, "bytes of dumps 0 0; "); /* its row may be on the way */
	assert_int_equal(utime(path, &(struct utimbuf){ NOON, NOON }), 0);
	assert_string_equal(collect(f->store, &keep, NOON),
			    "bytes of dumps 0 0; symbol files without a row 1 6; ");
	assert_int_equal(stat(path, &st), -1);
	for (int i = 0; i < 40; i++) {
		for (size_t k = 0; k < sizeof(big) - 1; k++)
			big[k] = (char)(1 + rand() % 127);
		settle_one(f->store, enqueue_at(f->store, big, NULL, 0), &spec_a, false);
	}
	int64_t pages = ask_number(f->store, "SELECT page_count FROM pragma_page_count");
	collect(f->store, &keep, NOON);
	assert_true(ask_number(f->store, "SELECT page_count FROM pragma_page_count") < pages / 4);
}

/* --- a device --- */

static void fill(struct fl_store *store)
{
	struct fl_error err = { 0 };
	static const char *const devices[] = { "D", "E" };
	for (int i = 0; i < 6; i++) {
		char bytes[16];
		snprintf(bytes, sizeof(bytes), "dump %d", i / 2);
		/* both devices have the same bytes; D is alone in issue 3 */
		const char *fingerprint = i == 4 ? "stack=only" : i / 2 ? "stack=b" : "stack=a";
		const struct report_spec spec = { .title = "T", .fingerprints = { fingerprint } };
		settle_one(store, enqueue(store, bytes, devices[i % 2]), &spec, false);
		enqueue(store, bytes, devices[i % 2]); /* counted */
	}
	enqueue(store, "queued", "D");
	settle_one(store, enqueue(store, "waits", "D"), &spec_a, true);
	for (int i = 0; i < 2; i++) {
		keep_one(store, "heartbeat", "beat", devices[i], NOON);
		assert_ok(fl_store_put_partial(store, devices[i], "state", 5, 70, NOON, &err), err);
		struct fl_transport_counts counts = { 0 };
		assert_ok(fl_store_count_transport(store, devices[i], &counts, &err), err);
	}
}

static void test_a_device_is_forgotten(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_forgotten dry;
	struct fl_forgotten wet;
	fill(f->store);
	assert_ok(fl_store_record_notices(f->store, true, &err), err);
	const struct report_spec own = { .title = "own", .fingerprints = { "stack=own" } };
	settle_one(f->store, enqueue(f->store, "own", "D"), &own, false);
	assert_string_equal(issues_of(f->store), "1:2 2:3 3:1 4:1 ");
	assert_ok(fl_store_forget_device(f->store, "D", true, &dry, &err), err);
	assert_string_equal(issues_of(f->store), "1:2 2:3 3:1 4:1 ");
	assert_ok(fl_store_forget_device(f->store, "D", false, &wet, &err), err);
	assert_memory_equal(&dry, &wet, sizeof(wet));
	assert_int_equal(wet.dumps, 6);
	assert_int_equal(wet.traces, 5);
	assert_int_equal(wet.kept, 1);
	assert_int_equal(wet.partial_bytes, 70);
	assert_int_equal(wet.issues_emptied, 2);
	assert_string_equal(issues_of(f->store), "1:1 2:2 ");
	assert_invariants(f->store);
	assert_string_equal(problems(f->store), "");
	static const char *const tables[] = {
		"dumps", "traces", "kept", "reboots", "partials", "transport_counts",
	};
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		char sql[128];
		snprintf(sql, sizeof(sql),
			 "SELECT count(*) FROM %s WHERE device_id NOT IN (SELECT id FROM devices)",
			 tables[i]);
		assert_int_equal(ask_number(f->store, sql), 0);
	}
	assert_int_equal(ask_number(f->store, "SELECT count(*) FROM notices"), 0);
	assert_int_equal(fl_store_forget_device(f->store, "D", true, &dry, &err), FL_ENOTFOUND);
	assert_non_null(strstr(err.message, "D: no such device"));
	/* what comes again is new, though this handle has seen its bytes */
	assert_true(enqueue(f->store, "own", "D") > 0);
	assert_int_equal(ask_number(f->store, "SELECT count(*) FROM dumps WHERE state = 'queued'"),
			 1);
}

/* Its traces were part of bulk work: that must come to its end without them. */
static void test_forgetting_what_is_queued_again(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_forgotten forgotten;
	const struct elf elf = { .bytes = "poor", .build = 1 };
	const struct elf richer = { .bytes = "rich", .build = 1, .debug = true };
	int64_t old = elf_add(f->store, &elf).id;
	for (int i = 0; i < 5; i++) {
		char bytes[8];
		snprintf(bytes, sizeof(bytes), "%d", i);
		file_with(f->store, bytes, i < 3 ? "D" : "E", &spec_a, old);
	}
	assert_ok(fl_store_record_notices(f->store, true, &err), err);
	int64_t better = elf_add(f->store, &richer).id;
	assert_ok(fl_store_forget_device(f->store, "D", false, &forgotten, &err), err);
	assert_int_equal(forgotten.traces, 3);
	assert_string_equal(issues_of(f->store), "1:2 ");
	assert_invariants(f->store);
	assert_int_equal(file_queued(f->store, &spec_a, better), 2);
	assert_int_equal(ask_number(f->store, "SELECT count(*) FROM notices"), 1);
	assert_string_equal(problems(f->store), "");
}

/* The bytes are not in the file either. */
static void test_forgotten_bytes_are_overwritten(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_forgotten forgotten;
	char command[256];
	const struct report_spec spec = { .title = "T", .serial = "SECRETSERIAL" };
	settle_one(f->store, enqueue(f->store, "x", "SECRETSERIAL"), &spec, false);
	assert_ok(fl_store_forget_device(f->store, "SECRETSERIAL", false, &forgotten, &err), err);
	fl_store_close(f->store);
	snprintf(command, sizeof(command), "grep -q SECRETSERIAL %s*", f->path);
	assert_int_not_equal(system(command), 0);
	f->store = fixture_open(f);
}

/* --- counts --- */

static bool add_count(void *context, const char *key, uint64_t traces, uint64_t devices)
{
	char *text = context;
	sprintf(text + strlen(text), "%s:%d:%d ", key ? key : "-", (int)traces, (int)devices);
	return true;
}

static void test_counts_by_everything(void **state)
{
	static const struct {
		const char *device, *cohort, *hardware, *type, *version, *fingerprint;
		int day;
	} dumps[] = {
		{ "D", "beta", "r1", "main", "1.0", "stack=a", 0 },
		{ "D", "beta", "r1", "main", "1.0", "stack=a", 1 },
		{ "E", "live", "r2", "main", "1.1", "stack=a", 1 },
		{ "F", "live", "r2", "boot", "1.1", "stack=b", 2 },
		{ NULL, NULL, NULL, NULL, NULL, "stack=b", 2 },
	};
	static const struct {
		enum fl_dimension by;
		int64_t issue;
		const char *expected;
	} cases[] = {
		{ FL_BY_SOFTWARE_TYPE, 0, "main:3:2 -:1:0 boot:1:1 " },
		{ FL_BY_SOFTWARE_VERSION, 0, "1.0:2:1 1.1:2:2 -:1:0 " },
		{ FL_BY_SOFTWARE_VERSION, 1, "1.0:2:1 1.1:1:1 " },
		{ FL_BY_HARDWARE_VERSION, 0, "r1:2:1 r2:2:2 -:1:0 " },
		{ FL_BY_COHORT, 0, "beta:2:1 live:2:2 -:1:0 " },
		{ FL_BY_COHORT, 2, "-:1:0 live:1:1 " },
		{ FL_BY_DEVICE, 0, "D:2:1 -:1:0 E:1:1 F:1:1 " },
		{ FL_BY_DAY, 0, "2023-11-14:1:1 2023-11-15:2:2 2023-11-16:2:1 " },
		{ FL_BY_DAY, 3, "" },
	};
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	for (size_t i = 0; i < sizeof(dumps) / sizeof(dumps[0]); i++) {
		char bytes[8];
		snprintf(bytes, sizeof(bytes), "%zu", i);
		const struct fl_upload upload = { .bytes = bytes,
						  .size = 1,
						  .device = dumps[i].device,
						  .cohort = dumps[i].cohort,
						  .hardware_version = dumps[i].hardware,
						  .software_type = dumps[i].type,
						  .software_version = dumps[i].version,
						  .received_at = NOON + dumps[i].day * DAY };
		struct fl_enqueued enqueued;
		assert_ok(fl_store_enqueue(f->store, &upload, &enqueued, &err), err);
		const struct report_spec spec = { .title = "T",
						  .fingerprints = { dumps[i].fingerprint } };
		settle_one(f->store, enqueued.dump_id, &spec, false);
	}
	settle_one(f->store, enqueue(f->store, "waits", "G"), &spec_a, true); /* in no issue */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512] = "";
		assert_ok(fl_store_counts(f->store, cases[i].issue, cases[i].by, add_count, text,
					  &err),
			  err);
		assert_string_equal(text, cases[i].expected);
	}
	assert_int_equal(fl_store_counts(f->store, 0, (enum fl_dimension)77, add_count, NULL, &err),
			 FL_EINVALID);
}

static bool find_stat(void *context, const char *group, const char *name, uint64_t value)
{
	char *text = context;
	size_t used = strlen(text);
	assert_non_null(group);
	assert_non_null(name);
	if (value)
		snprintf(text + used, 4096 - used, "%s/%s=%d\n", group, name, (int)value);
	return true;
}

static void test_statistics(void **state)
{
	static const char *const expected[] = {
		"dumps/done=6\n",
		"dumps/queued=1\n",
		"dumps/waiting=1\n",
		"uploads/duplicates=6\n",
		"contents/kept=5\n",
		"contents/bytes=29\n",
		"traces/in issues=6\n",
		"traces/without issue=1\n",
		"issues/open=3\n",
		"devices/known=2\n",
		"symbol files/current=1\n",
		"kept/heartbeat=2\n",
		"half-received/bytes=140\n",
	};
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	char text[4096] = "";
	fill(f->store);
	elf_add(f->store, &(struct elf){ .bytes = "elf", .build = 1 });
	assert_ok(fl_store_stats(f->store, find_stat, text, &err), err);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		if (!strstr(text, expected[i]))
			fail_msg("no %s in\n%s", expected[i], text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_bytes_of_dumps_by_age),
		store_test(test_bytes_of_dumps_by_size),
		store_test(test_every_other_kind),
		store_test(test_expected_reboots_go_unexpected_stay),
		store_test(test_a_dry_run_counts_nothing_twice),
		store_test(test_files_nobody_knows_and_pages_nobody_needs),
		store_test(test_a_device_is_forgotten),
		store_test(test_forgetting_what_is_queued_again),
		store_test(test_forgotten_bytes_are_overwritten),
		store_test(test_counts_by_everything),
		store_test(test_statistics),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
