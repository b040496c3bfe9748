/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fixture.h"
#include "store/internal.h"
#include "store/invariants.h"

#include <stdio.h>

enum { HARD_FAULT = 0x9400, ASSERT = 0x8001, PIN_RESET = 0x000a };

static const struct report_spec dump_spec = {
	.title = "Hard Fault at f",
	.reason = HARD_FAULT,
	.pc = 0x08001234,
	.lr = 0x08000101,
	.build = 0x11,
	.type = "main",
	.version = "1.0",
	.fingerprints = { "stack=f>g>main", "^site=f|g", "~address=1234" },
};
static const struct report_spec event_spec = {
	.kind = FL_REPORT_REBOOT,
	.title = "Hard Fault at f",
	.reason = HARD_FAULT,
	.pc = 0x08001234,
	.lr = 0x08000101,
	.build = 0x11,
	.build_size = 6,
	.type = "main",
	.version = "1.0",
	.coredump_saved = true,
	.fingerprints = { "site=f|g" },
};

static struct fl_filed
put(struct fl_store *store, const char *bytes, const struct report_spec *spec, bool waits)
{
	return settle_one(store, enqueue_kind(store, bytes, "D1", spec->kind, 0), spec, waits);
}

static struct fl_issue_row issue(struct fl_store *store, int64_t id);

static bool copy_issue(void *context, const struct fl_issue_row *row)
{
	*(struct fl_issue_row *)context = *row;
	return true;
}

static struct fl_issue_row issue(struct fl_store *store, int64_t id)
{
	struct fl_error err = { 0 };
	struct fl_issue_row row;
	assert_ok(fl_store_issue(store, id, copy_issue, &row, &err), err);
	return row;
}

static bool count_row(void *context, const struct fl_trace_row *row)
{
	(void)row;
	++*(int *)context;
	return true;
}

static int listed(struct fl_store *store, const struct fl_trace_filter *filter)
{
	struct fl_error err = { 0 };
	int rows = 0;
	assert_ok(fl_store_traces(store, filter, count_row, &rows, &err), err);
	return rows;
}

static bool count_issue(void *context, const struct fl_issue_row *row)
{
	(void)row;
	++*(int *)context;
	return true;
}

static int issues_listed(struct fl_store *store)
{
	struct fl_error err = { 0 };
	int rows = 0;
	assert_ok(fl_store_issues(store, count_issue, &rows, &err), err);
	return rows;
}

/* --- reboots and issues --- */

static void test_an_expected_reboot_belongs_to_no_issue(void **state)
{
	struct fixture *f = *state;
	const struct report_spec spec = { .kind = FL_REPORT_REBOOT,
					  .reason = PIN_RESET,
					  .reason_name = "PinReset",
					  .title = "PinReset" };
	struct fl_filed filed = put(f->store, "pin", &spec, false);
	assert_true(filed.reboot);
	assert_int_equal(filed.issue_id, 0);
	assert_true(filed.trace_id > 0);
	assert_int_equal(issues_listed(f->store), 0);
	assert_int_equal(listed(f->store, NULL), 0);
	assert_int_equal(listed(f->store, &(struct fl_trace_filter){ .expected_reboots = true }),
			 1);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM reboots WHERE expected"
						 " AND name = 'PinReset' AND code = 10"),
			 1);
	assert_true(settle_one(f->store, 1, &spec, false).reboot); /* again */
	assert_invariants(f->store);
}

static void test_an_unexpected_reboot_and_a_trace_event_have_issues(void **state)
{
	struct fixture *f = *state;
	struct report_spec trace = event_spec;
	trace.kind = FL_REPORT_TRACE;
	trace.fingerprints[0] = "site=h|i";
	struct fl_filed first = put(f->store, "event", &event_spec, false);
	struct fl_filed second = put(f->store, "trace", &trace, false);
	assert_true(first.new_issue && second.new_issue);
	assert_int_equal(listed(f->store, &(struct fl_trace_filter){ .kind = "reboot" }), 1);
	assert_int_equal(listed(f->store, &(struct fl_trace_filter){ .kind = "trace" }), 1);
	assert_int_equal(listed(f->store, &(struct fl_trace_filter){ .kind = "dump" }), 0);
	assert_int_equal(listed(f->store, &(struct fl_trace_filter){ .device = "D1" }), 2);
	assert_int_equal(listed(f->store, &(struct fl_trace_filter){ .device = "D2" }), 0);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM reboots"), 1);
	assert_invariants(f->store);
}

/* --- pairs --- */

static void check_paired(struct fl_store *store, int64_t dump_id, int64_t event_id)
{
	char sql[256];
	snprintf(sql, sizeof(sql),
		 "SELECT count(*) FROM dumps d JOIN dumps e ON e.id = d.paired_id WHERE d.id = %d"
		 " AND e.id = %d AND e.state = 'duplicate' AND d.duplicates + e.duplicates = 0",
		 (int)dump_id, (int)event_id);
	assert_int_equal(fixture_count(store, sql), 1);
	assert_int_equal(fixture_count(store, "SELECT count(*) FROM reboots"), 1);
	assert_int_equal(fixture_count(store, "SELECT count(*) FROM traces"), 1);
	assert_int_equal(listed(store, NULL), 1);
	assert_invariants(store);
}

static void test_an_event_is_a_part_of_its_dump(void **state)
{
	struct fixture *f = *state;
	struct fl_filed dump = put(f->store, "dump", &dump_spec, false);
	struct fl_filed event = put(f->store, "event", &event_spec, false);
	assert_true(event.paired);
	assert_false(event.duplicate || event.new_issue);
	assert_int_equal(event.trace_id, dump.trace_id);
	assert_int_equal(event.issue_id, dump.issue_id);
	assert_int_equal(issue(f->store, dump.issue_id).trace_count, 1);
	check_paired(f->store, 1, 2);
	assert_true(settle_one(f->store, 2, &event_spec, false).paired); /* again */
	check_paired(f->store, 1, 2);
}

static void test_a_dump_takes_the_event_that_came_first(void **state)
{
	struct fixture *f = *state;
	struct fl_filed event = put(f->store, "event", &event_spec, false);
	assert_true(event.new_issue);
	struct fl_filed dump = put(f->store, "dump", &dump_spec, false);
	assert_true(dump.paired);
	assert_int_equal(dump.issue_id, event.issue_id); /* its number stays */
	assert_false(dump.new_issue);
	assert_int_equal(issue(f->store, dump.issue_id).trace_count, 1);
	check_paired(f->store, 2, 1);
}

static void test_the_issue_that_an_event_leaves_may_be_empty(void **state)
{
	struct fixture *f = *state;
	struct report_spec other = dump_spec;
	other.pc = 0x08009000;
	other.fingerprints[1] = NULL; /* nothing leads to it */
	struct fl_filed known = put(f->store, "known", &other, false);
	struct fl_filed event = put(f->store, "event", &event_spec, false);
	assert_int_not_equal(known.issue_id, event.issue_id);
	assert_int_equal(issues_listed(f->store), 2);
	assert_int_equal(put(f->store, "dump", &dump_spec, false).issue_id, known.issue_id);
	assert_int_equal(issues_listed(f->store), 1);
	assert_int_equal(issue(f->store, event.issue_id).trace_count, 0);
	assert_invariants(f->store);
}

static void test_what_waits_pairs_as_well(void **state)
{
	static const struct {
		bool event_first, dump_waits, event_waits;
	} cases[] = {
		{ 0, 1, 0 }, { 0, 0, 1 }, { 0, 1, 1 }, { 1, 1, 0 }, { 1, 0, 1 }, { 1, 1, 1 }
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		void *inner = NULL;
		fixture_setup(&inner);
		struct fixture *f = inner;
		if (cases[i].event_first)
			put(f->store, "event", &event_spec, cases[i].event_waits);
		put(f->store, "dump", &dump_spec, cases[i].dump_waits);
		if (!cases[i].event_first)
			put(f->store, "event", &event_spec, cases[i].event_waits);
		int64_t dump_id = 1 + cases[i].event_first;
		check_paired(f->store, dump_id, 3 - dump_id);
		struct fl_filed filed = settle_one(f->store, dump_id, &dump_spec, false);
		assert_true(filed.paired);
		assert_int_equal(issue(f->store, filed.issue_id).trace_count, 1);
		check_paired(f->store, dump_id, 3 - dump_id);
		fixture_teardown(&inner);
	}
	(void)state;
}

/* A change of one thing, and whether it is still the same crash. */
static void test_only_the_same_crash_pairs(void **state)
{
	enum { PC, LR, REASON, BUILD, SAVED, KIND, DEVICE };
	static const struct {
		const char *what;
		int field;
		uint32_t value;
		uint32_t reason;
		bool pairs;
	} cases[] = {
		{ "a fault's pc is exact", PC, 0x08001236, HARD_FAULT, false },
		{ "bit 0 of pc says nothing", PC, 0x08001235, HARD_FAULT, true },
		{ "an assert reads pc ahead", PC, 0x08001238, ASSERT, true },
		{ "but not far", PC, 0x08001248, ASSERT, false },
		{ "the trap may come first", PC, 0x08001228, ASSERT, true },
		{ "bit 0 of lr says nothing", LR, 0x08000100, HARD_FAULT, true },
		{ "another caller", LR, 0x08000105, ASSERT, false },
		{ "another reason", REASON, 0x9300, HARD_FAULT, false },
		{ "another build", BUILD, 0x12, HARD_FAULT, false },
		{ "an unknown build", BUILD, 0, HARD_FAULT, true },
		{ "no dump was saved", SAVED, false, HARD_FAULT, false },
		{ "a trace event", KIND, FL_REPORT_TRACE, HARD_FAULT, false },
		{ "another device", DEVICE, 0, HARD_FAULT, false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int event_first = 0; event_first < 2; event_first++) {
			void *inner = NULL;
			struct report_spec dump = dump_spec, event = event_spec;
			uint32_t value = cases[i].value;
			int field = cases[i].field;
			fixture_setup(&inner);
			struct fixture *f = inner;
			dump.reason = event.reason = cases[i].reason;
			event.pc = field == PC ? value : event.pc;
			event.lr = field == LR ? value : event.lr;
			event.reason = field == REASON ? value : event.reason;
			event.build = field == BUILD ? (uint8_t)value : event.build;
			event.coredump_saved = field == SAVED ? value : true;
			event.kind = field == KIND ? (enum fl_report_kind)value : event.kind;
			int64_t ids[2] = { 0, 0 };
			ids[event_first] = enqueue_kind(f->store, "d", "D1", dump.kind, 0);
			ids[!event_first] = enqueue_kind(
				f->store, "e", field == DEVICE ? "D2" : "D1", event.kind, 0);
			const struct report_spec *specs[2] = { event_first ? &event : &dump,
							       event_first ? &dump : &event };
			settle_one(f->store, ids[0], specs[0], false);
			bool paired = settle_one(f->store, ids[1], specs[1], false).paired;
			if (paired != cases[i].pairs)
				fail_msg("%s%s: %d", cases[i].what,
					 event_first ? " (event first)" : "", paired);
			assert_invariants(f->store);
			fixture_teardown(&inner);
		}
	}
	(void)state;
}

/* Without its ELF a dump of an assert does not know where pc and lr were read. */
static void test_a_dump_without_pc_or_lr_pairs_by_the_other(void **state)
{
	for (int i = 0; i < 4; i++) {
		void *inner = NULL;
		struct report_spec dump = dump_spec;
		fixture_setup(&inner);
		struct fixture *f = inner;
		if (i & 1)
			dump.pc = 0;
		else
			dump.lr = 0;
		if (i & 2)
			put(f->store, "event", &event_spec, false);
		put(f->store, "dump", &dump, false);
		if (!(i & 2))
			put(f->store, "event", &event_spec, false);
		check_paired(f->store, i & 2 ? 2 : 1, i & 2 ? 1 : 2);
		fixture_teardown(&inner);
	}
	(void)state;
}

static void test_each_dump_has_one_event_and_the_nearest(void **state)
{
	struct fixture *f = *state;
	int64_t dumps[3];
	for (int i = 0; i < 3; i++) {
		char bytes[16];
		snprintf(bytes, sizeof(bytes), "dump %d", i);
		dumps[i] = enqueue_kind(f->store, bytes, "D1", FL_REPORT_DUMP, i * 100);
		settle_one(f->store, dumps[i], &dump_spec, false);
	}
	static const int at[4] = { 90, 40, 500, 501 };
	static const int partner[4] = { 1, 0, 2, -1 };
	for (int i = 0; i < 4; i++) {
		char bytes[16];
		char sql[128];
		snprintf(bytes, sizeof(bytes), "event %d", i);
		int64_t id = enqueue_kind(f->store, bytes, "D1", FL_REPORT_REBOOT, at[i]);
		struct fl_filed filed = settle_one(f->store, id, &event_spec, false);
		assert_int_equal(filed.paired, partner[i] >= 0);
		if (partner[i] < 0)
			continue;
		snprintf(sql, sizeof(sql), "SELECT id FROM dumps WHERE paired_id = %d", (int)id);
		assert_int_equal(fixture_count(f->store, sql), dumps[partner[i]]);
	}
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM reboots"), 4);
	assert_int_equal(issue(f->store, 1).trace_count, 4);
	assert_invariants(f->store);
}

/* As if so many traces had come and gone. */
static void let_traces_pass(struct fl_store *store, int64_t count)
{
	char sql[96];
	snprintf(sql, sizeof(sql), "UPDATE sqlite_sequence SET seq = %lld WHERE name = 'traces'",
		 (long long)(fixture_count(store, "SELECT max(id) FROM traces") + count));
	assert_int_equal(sqlite3_exec(store->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static int64_t dump_at(struct fl_store *store, const char *bytes, const char *device, int after)
{
	int64_t id = enqueue_kind(store, bytes, device, FL_REPORT_DUMP, after);
	settle_one(store, id, &dump_spec, false);
	return id;
}

/* The dump that an event at that time becomes a part of; 0 = none. */
static int64_t partner_of(struct fl_store *store, const char *bytes, int after)
{
	char sql[96];
	int64_t id = enqueue_kind(store, bytes, "D1", FL_REPORT_REBOOT, after);
	if (!settle_one(store, id, &event_spec, false).paired)
		return 0;
	snprintf(sql, sizeof(sql), "SELECT id FROM dumps WHERE paired_id = %lld", (long long)id);
	return fixture_count(store, sql);
}

/* The way back goes over many traces of others, and past newer ones of the device that are taken.
 */
static void test_an_event_finds_a_dump_far_back(void **state)
{
	struct fixture *f = *state;
	int64_t old = dump_at(f->store, "old", "D1", 0);
	let_traces_pass(f->store, 900000);
	dump_at(f->store, "another", "D2", 900);
	int64_t recent = dump_at(f->store, "recent", "D1", 1000);
	assert_int_equal(partner_of(f->store, "event 1", 1001), recent);
	assert_int_equal(partner_of(f->store, "event 2", 1002), old);
	assert_int_equal(partner_of(f->store, "event 3", 1003), 0);
	assert_invariants(f->store);
}

static void test_a_dump_far_back_comes_after_a_newer_one(void **state)
{
	struct fixture *f = *state;
	int64_t old = dump_at(f->store, "old", "D1", 0);
	let_traces_pass(f->store, 20000);
	int64_t recent = dump_at(f->store, "recent", "D1", 1000);
	assert_int_equal(partner_of(f->store, "event 1", 1), recent);
	assert_int_equal(partner_of(f->store, "event 2", 2), old);
}

static void test_an_event_gives_up_after_a_million_traces(void **state)
{
	struct fixture *f = *state;
	dump_at(f->store, "old", "D1", 0);
	let_traces_pass(f->store, 1100000);
	dump_at(f->store, "another", "D2", 900);
	assert_int_equal(partner_of(f->store, "event 1", 1), 0);
}

/* An event that waits is found however far back it is. */
static void test_a_dump_finds_an_event_far_back(void **state)
{
	struct fixture *f = *state;
	int64_t event = enqueue_kind(f->store, "event", "D1", FL_REPORT_REBOOT, 0);
	settle_one(f->store, event, &event_spec, false);
	let_traces_pass(f->store, 5000000);
	int64_t id = enqueue_kind(f->store, "dump", "D1", FL_REPORT_DUMP, 1);
	assert_true(settle_one(f->store, id, &dump_spec, false).paired);
}

static bool copy_device(void *context, const struct fl_device_row *row)
{
	if (!strcmp(row->serial, "D1"))
		*(struct fl_device_row *)context = *row;
	return true;
}

static void test_all_traces_of_a_device_count_wherever_they_are(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_device_row row = { 0 };
	struct fl_forgotten forgotten;
	for (int i = 0; i < 4; i++) {
		char bytes[16];
		snprintf(bytes, sizeof(bytes), "dump %d", i);
		dump_at(f->store, bytes, "D1", i);
		let_traces_pass(f->store, i == 1 ? 2000000 : 10000);
		dump_at(f->store, bytes, "D2", i);
	}
	assert_ok(fl_store_devices(f->store, NULL, copy_device, &row, &err), err);
	assert_int_equal(row.traces, 4);
	assert_int_equal(row.issues, 1);
	assert_ok(fl_store_forget_device(f->store, "D1", false, &forgotten, &err), err);
	assert_int_equal(forgotten.traces, 4);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM traces"), 4);
	assert_invariants(f->store);
}

/* The event arrives twice: at the door, and found out when it is read. */
static void test_a_paired_event_that_comes_again_is_a_duplicate_of_the_event(void **state)
{
	struct fixture *f = *state;
	struct report_spec named = event_spec;
	named.serial = "D1";
	put(f->store, "dump", &dump_spec, false);
	put(f->store, "event", &event_spec, false);
	assert_int_equal(enqueue_kind(f->store, "event", "D1", FL_REPORT_REBOOT, 0), 2);
	int64_t late = enqueue_kind(f->store, "event", NULL, FL_REPORT_REBOOT, 0);
	struct fl_filed filed = settle_one(f->store, late, &named, false);
	assert_true(filed.duplicate);
	assert_int_equal(filed.trace_id, 1);
	assert_int_equal(fixture_count(f->store, "SELECT duplicates FROM dumps WHERE id = 2"), 2);
	assert_int_equal(fixture_count(f->store, "SELECT duplicates FROM dumps WHERE id = 1"), 0);
	assert_invariants(f->store);
}

static void test_a_quarantined_dump_takes_no_event(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	put(f->store, "dump", &dump_spec, true);
	assert_ok(fl_store_quarantine(f->store, 1, "killed", NULL, &err), err);
	assert_false(put(f->store, "event", &event_spec, false).paired);
	assert_invariants(f->store);
}

/* --- titles --- */

static struct fl_filed put_titled(struct fl_store *store, const char *bytes,
				  const struct report_spec *like, const char *title)
{
	struct report_spec spec = *like;
	spec.title = title;
	return put(store, bytes, &spec, false);
}

static void assert_title(struct fl_store *store, int64_t id, const char *title)
{
	char sql[128];
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM issues WHERE id = %d AND title = '%s'",
		 (int)id, title);
	if (fixture_count(store, sql) != 1)
		fail_msg("issue %d is not called %s", (int)id, title);
}

/* Paired, or another device's: what an event is called counts until the first dump. */
static void test_an_issue_is_called_what_its_first_dump_is_called(void **state)
{
	struct fixture *f = *state;
	struct report_spec alone = event_spec;
	alone.coredump_saved = false; /* no part of any dump */
	int64_t id = put_titled(f->store, "event 1", &alone, "Fault at f").issue_id;
	put_titled(f->store, "event 2", &event_spec, "Hard Fault at f");
	assert_title(f->store, id, "Fault at f");
	assert_true(put_titled(f->store, "dump 1", &dump_spec, "Null Pointer at f").paired);
	assert_title(f->store, id, "Null Pointer at f");
	assert_int_equal(issue(f->store, id).trace_count, 2);
	put_titled(f->store, "dump 2", &dump_spec, "Stack Overflow at f");
	assert_title(f->store, id, "Null Pointer at f");
	put_titled(f->store, "event 3", &alone, "Fault at f");
	assert_title(f->store, id, "Null Pointer at f");
	assert_invariants(f->store);
}

static struct fl_refiled
refile(struct fl_store *store, int64_t dump_id, const struct report_spec *like, const char *title)
{
	struct fl_error err = { 0 };
	struct fl_refiled ret = { 0 };
	struct report_spec spec = *like;
	spec.title = title;
	FL_AUTO(fl_report) report = report_make(&spec);
	assert_ok(fl_store_refile(store, dump_id, report, false, &ret, &err), err);
	return ret;
}

static void test_reanalysis_keeps_the_title_of_the_dump(void **state)
{
	struct fixture *f = *state;
	struct report_spec alone = event_spec;
	alone.coredump_saved = false;
	int64_t id = put_titled(f->store, "event", &alone, "A").issue_id;
	refile(f->store, 1, &alone, "B");
	assert_title(f->store, id, "B");
	put_titled(f->store, "dump", &dump_spec, "B");
	refile(f->store, 1, &alone, "C"); /* was called what the issue is called */
	assert_title(f->store, id, "B");
	refile(f->store, 2, &dump_spec, "D");
	assert_title(f->store, id, "D");
	assert_invariants(f->store);
}

/* --- fingerprints that lead --- */

static const char *const dump_fingerprints[][3] = {
	{ "stack=a", "^site=s", NULL },
	{ "stack=b", "^site=s", NULL }, /* another bug at the same place */
	{ "stack=a", "^site=t", NULL }, /* the same bug, seen from another place */
	{ "stack=c", "top=k", "^site=u" },
	{ "stack=d", "top=k", "^site=s" },
};
static const char *const event_sites[] = { "site=s", "site=t", "site=u" };

enum { DUMPS = 5, EVENTS = 3, ALL = DUMPS + EVENTS };

/* The number of the dump (of those filed) whose issue each event is in. */
static void partition(const int order[ALL], int64_t issues[ALL])
{
	void *inner = NULL;
	fixture_setup(&inner);
	struct fixture *f = inner;
	char bytes[32];
	char sql[128];
	int64_t ids[ALL];
	for (int i = 0; i < ALL; i++) {
		int n = order[i];
		bool dump = n < DUMPS;
		struct report_spec spec = { .title = "T",
					    .kind = dump ? FL_REPORT_DUMP : FL_REPORT_TRACE };
		for (int k = 0; k < (dump ? 3 : 1); k++)
			spec.fingerprints[k] =
				dump ? dump_fingerprints[n][k] : event_sites[n - DUMPS];
		snprintf(bytes, sizeof(bytes), "item %d", n);
		ids[n] = enqueue_kind(f->store, bytes, NULL, spec.kind, 0);
		settle_one(f->store, ids[n], &spec, false);
	}
	for (int n = 0; n < ALL; n++) {
		snprintf(sql, sizeof(sql), "SELECT issue_id FROM traces WHERE dump_id = %d",
			 (int)ids[n]);
		issues[n] = fixture_count(f->store, sql);
	}
	assert_invariants(f->store);
	fixture_teardown(&inner);
}

/* Wherever the events come among the dumps, they end up with the same dumps. */
static void test_events_first_or_dumps_first_is_the_same(void **state)
{
	unsigned seed = 7;
	static const int dumps_first[ALL] = { 0, 1, 2, 3, 4, 5, 6, 7 };
	int64_t expected[ALL];
	partition(dumps_first, expected);
	assert_int_equal(expected[0], expected[2]);
	assert_int_not_equal(expected[0], expected[1]);
	assert_int_equal(expected[5], expected[0]);
	assert_int_equal(expected[6], expected[2]);
	assert_int_equal(expected[7], expected[3]);
	assert_int_equal(expected[4], expected[3]);
	for (int round = 0; round < 40; round++) {
		int order[ALL];
		int used = 0;
		int64_t found[ALL];
		bool event_done[EVENTS] = { false };
		for (int dump = 0; dump < DUMPS || used < ALL;) {
			int event = (int)((unsigned)rand_r(&seed) % (EVENTS * 2));
			if (event < EVENTS && !event_done[event]) {
				event_done[event] = true;
				order[used++] = DUMPS + event;
			} else if (dump < DUMPS) {
				order[used++] = dump++;
			}
		}
		partition(order, found);
		for (int a = 0; a < ALL; a++)
			for (int b = 0; b < a; b++)
				if ((found[a] == found[b]) != (expected[a] == expected[b]))
					fail_msg("round %d: items %d and %d", round, a, b);
	}
	(void)state;
}

static void test_a_symbol_file_is_noted(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_symbol_added added;
	const struct fl_module_info module = { .name = "fw.elf" };
	const struct fl_symbol_file file = {
		.name = "fw.elf", .bytes = "ELF", .size = 3, .modules = &module, .module_count = 1
	};
	assert_ok(fl_store_add_symbols(f->store, &file, &added, &err), err);
	fl_store_set_symbols(f->store, added.id);
	put(f->store, "dump", &dump_spec, false);
	put(f->store, "other", &dump_spec, false);
	assert_int_equal(fixture_count(f->store,
				       "SELECT count(*) FROM traces WHERE symbol_file_id = 1"
				       " AND id = 1"),
			 1);
	assert_int_equal(
		fixture_count(f->store, "SELECT count(*) FROM traces WHERE symbol_file_id"), 1);
}

static void test_a_short_build_id_waits_in_words(void **state)
{
	struct fixture *f = *state;
	put(f->store, "event", &event_spec, true);
	assert_int_equal(fixture_count(f->store,
				       "SELECT count(*) FROM dumps WHERE state = 'waiting' AND"
				       " reason = 'no symbol file with build id 111111111111...'"),
			 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_an_expected_reboot_belongs_to_no_issue),
		store_test(test_an_unexpected_reboot_and_a_trace_event_have_issues),
		store_test(test_an_event_is_a_part_of_its_dump),
		store_test(test_a_dump_takes_the_event_that_came_first),
		store_test(test_the_issue_that_an_event_leaves_may_be_empty),
		cmocka_unit_test(test_what_waits_pairs_as_well),
		cmocka_unit_test(test_only_the_same_crash_pairs),
		cmocka_unit_test(test_a_dump_without_pc_or_lr_pairs_by_the_other),
		store_test(test_each_dump_has_one_event_and_the_nearest),
		store_test(test_an_event_finds_a_dump_far_back),
		store_test(test_a_dump_far_back_comes_after_a_newer_one),
		store_test(test_an_event_gives_up_after_a_million_traces),
		store_test(test_a_dump_finds_an_event_far_back),
		store_test(test_all_traces_of_a_device_count_wherever_they_are),
		store_test(test_a_paired_event_that_comes_again_is_a_duplicate_of_the_event),
		store_test(test_a_quarantined_dump_takes_no_event),
		store_test(test_an_issue_is_called_what_its_first_dump_is_called),
		store_test(test_reanalysis_keeps_the_title_of_the_dump),
		cmocka_unit_test(test_events_first_or_dumps_first_is_the_same),
		store_test(test_a_symbol_file_is_noted),
		store_test(test_a_short_build_id_waits_in_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
