/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fixture.h"

#include <stdio.h>
#include <stdlib.h>

struct issue {
	int count;
	char text[256];
	uint64_t traces, devices;
	int64_t first, last;
	char version[32];
};

static bool keep_issue(void *context, const struct fl_issue_row *row)
{
	struct issue *issue = context;
	issue->count++;
	snprintf(issue->text, sizeof(issue->text), "%s|%s", row->title, row->state);
	issue->traces = row->trace_count;
	issue->devices = row->device_count;
	issue->first = row->first_seen;
	issue->last = row->last_seen;
	snprintf(issue->version, sizeof(issue->version), "%s",
		 row->last_version ? row->last_version : "-");
	return true;
}

static struct issue issue(struct fl_store *store, int64_t id)
{
	struct fl_error err = { 0 };
	struct issue ret = { 0 };
	assert_ok(fl_store_issue(store, id, keep_issue, &ret, &err), err);
	assert_int_equal(ret.count, 1);
	return ret;
}

struct trace {
	char text[512];
	int64_t id;
};

static bool keep_trace(void *context, const struct fl_trace_row *row)
{
	struct trace *trace = context;
	trace->id = row->id;
	snprintf(trace->text, sizeof(trace->text), "%s|%s|%s|%s|%s|%s|%.4s|%s|%d", row->state,
		 row->title ? row->title : "-", row->device ? row->device : "-",
		 row->software_type ? row->software_type : "-",
		 row->software_version ? row->software_version : "-",
		 row->hardware_version ? row->hardware_version : "-",
		 row->build_id ? row->build_id : "-", row->reason ? row->reason : "-",
		 (int)row->duplicates);
	return false; /* the newest */
}

static struct trace newest(struct fl_store *store)
{
	struct fl_error err = { 0 };
	struct trace trace = { .text = "" };
	assert_ok(fl_store_traces(store, NULL, keep_trace, &trace, &err), err);
	return trace;
}

static const struct report_spec null_at_main = {
	.serial = "D1",
	.hardware = "evt",
	.type = "main",
	.version = "1.0",
	.build = 1,
	.title = "Null Pointer at main",
	.fingerprints = { "stack=main>boot", "top=main" },
};

static void test_a_report_becomes_a_trace_of_a_new_issue(void **state)
{
	struct fixture *f = *state;
	struct fl_filed filed = file_one(f->store, "a", &null_at_main);
	assert_true(filed.new_issue);
	assert_false(filed.regressed);
	assert_false(filed.duplicate);
	fixture_reopen(f);
	struct issue i = issue(f->store, filed.issue_id);
	assert_string_equal(i.text, "Null Pointer at main|open");
	assert_int_equal(i.traces, 1);
	assert_int_equal(i.devices, 1);
	assert_int_equal(i.first, NOON);
	assert_int_equal(i.last, NOON);
	assert_string_equal(i.version, "1.0");
	assert_string_equal(newest(f->store).text,
			    "done|Null Pointer at main|D1|main|1.0|evt|0101|-|0");
	struct fl_error err = { 0 };
	FL_AUTO(fl_report) report = NULL;
	assert_ok(fl_store_report(f->store, filed.trace_id, &report, &err), err);
	assert_string_equal(fl_report_facts(report).title, "Null Pointer at main");
	assert_int_equal(fl_store_report(f->store, 99, &report, &err), FL_ENOTFOUND);
}

/* Each step files one more report; `joins` is the step whose issue it must join, itself for new. */
static void test_which_issue_a_trace_joins(void **state)
{
	static const struct {
		const char *what;
		const char *fingerprints[6];
		size_t joins;
	} steps[] = {
		{ "the first", { "stack=a>b>c", "top=a>b", "cause=z1" }, 0 },
		{ "the finest is equal", { "stack=a>b>c", "top=x", "cause=x" }, 0 },
		{ "a coarser one is equal", { "stack=new", "top=a>b", "cause=y" }, 0 },
		{ "what the last one taught", { "stack=q", "top=q", "cause=y" }, 0 },
		{ "nothing is known", { "stack=d", "top=d", "cause=d" }, 4 },
		{ "the finer one decides", { "stack=d", "top=a>b" }, 4 },
		{ "the same text of another kind", { "cause=a>b>c" }, 6 },
		{ "a fingerprint that does not join", { "~stack=d", "top=new7" }, 7 },
		{ "nor is joined by it", { "stack=new8", "~top=new7" }, 8 },
		{ "none at all", { NULL }, 9 },
		{ "none at all, again", { NULL }, 10 },
		{ "provisional", { "~address=fw+0x10" }, 11 },
		{ "equal provisional ones stay apart when they do not join",
		  { "~address=fw+0x10" },
		  12 },
		{ "a known one starts to join", { "address=fw+0x10" }, 13 },
		{ "and now it does", { "address=fw+0x10" }, 13 },
	};
	enum { COUNT = sizeof(steps) / sizeof(steps[0]) };
	struct fixture *f = *state;
	int64_t issues[COUNT];
	for (size_t i = 0; i < COUNT; i++) {
		struct report_spec spec = { .title = "T" };
		char bytes[16];
		snprintf(bytes, sizeof(bytes), "dump %zu", i);
		memcpy(spec.fingerprints, steps[i].fingerprints, sizeof(spec.fingerprints));
		struct fl_filed filed = file_one(f->store, bytes, &spec);
		issues[i] = filed.issue_id;
		if (filed.new_issue != (steps[i].joins == i) ||
		    filed.issue_id != issues[steps[i].joins])
			fail_msg("%s: issue %d", steps[i].what, (int)filed.issue_id);
	}
	assert_int_equal(issue(f->store, issues[0]).traces, 4);
}

static void test_counts_follow_when_dumps_were_received(void **state)
{
	static const struct {
		const char *device, *version;
		int64_t at;
	} uploads[] = {
		{ "D1", "1.0", NOON },     { "D2", "1.1", NOON + 50 }, { "D1", "1.0", NOON - 90 },
		{ NULL, NULL, NOON + 10 }, { NULL, NULL, NOON + 20 },
	};
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_filed filed = { 0 };
	for (int i = 0; i < 5; i++) {
		struct fl_enqueued enqueued;
		const struct fl_upload upload = { .bytes = &i,
						  .size = sizeof(i),
						  .device = uploads[i].device,
						  .software_version = uploads[i].version,
						  .received_at = uploads[i].at };
		FL_AUTO(fl_report)
		report = report_make(
			&(struct report_spec){ .title = "T", .fingerprints = { "stack=a" } });
		assert_ok(fl_store_enqueue(f->store, &upload, &enqueued, &err), err);
		assert_ok(fl_store_file(f->store, enqueued.dump_id, report, &filed, &err), err);
	}
	struct issue i = issue(f->store, filed.issue_id);
	assert_int_equal(i.traces, 5);
	assert_int_equal(i.devices, 2); /* unknown ones are not one device */
	assert_int_equal(i.first, NOON - 90);
	assert_int_equal(i.last, NOON + 50);
	assert_string_equal(i.version, "1.1");
}

static void test_device_from_the_upload_versions_from_the_dump(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_enqueued enqueued;
	struct fl_filed filed;
	struct fl_upload upload = { .bytes = "x",
				    .size = 1,
				    .device = "said",
				    .software_version = "9.9",
				    .hardware_version = "pvt" };
	FL_AUTO(fl_report) report = report_make(&null_at_main);
	assert_ok(fl_store_enqueue(f->store, &upload, &enqueued, &err), err);
	assert_ok(fl_store_file(f->store, enqueued.dump_id, report, &filed, &err), err);
	assert_string_equal(newest(f->store).text,
			    "done|Null Pointer at main|said|main|1.0|evt|0101|-|0");
	/* what the dump does not say, the upload may */
	FL_AUTO(fl_report) silent = report_make(&(struct report_spec){ .title = "T" });
	upload.bytes = "z";
	assert_ok(fl_store_enqueue(f->store, &upload, &enqueued, &err), err);
	assert_ok(fl_store_file(f->store, enqueued.dump_id, silent, &filed, &err), err);
	assert_string_equal(newest(f->store).text, "done|T|said|-|9.9|pvt|-|-|0");
	/* the claim of a reanalysis still tells apart what was said and what was found */
	upload = (struct fl_upload){ .bytes = "y", .size = 1 };
	assert_ok(fl_store_enqueue(f->store, &upload, &enqueued, &err), err);
	assert_ok(fl_store_file(f->store, enqueued.dump_id, report, &filed, &err), err);
	assert_string_equal(newest(f->store).text,
			    "done|Null Pointer at main|D1|main|1.0|evt|0101|-|0");
	struct fl_claim claim = { 0 };
	assert_ok(fl_store_dump(f->store, enqueued.dump_id, &claim, &err), err);
	assert_null(claim.device);
	assert_null(claim.software_version);
	fl_claim_deinit(&claim);
}

static void test_filing_twice_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_filed first, second;
	int64_t id = enqueue(f->store, "a", NULL);
	FL_AUTO(fl_report) report = report_make(&null_at_main);
	FL_AUTO(fl_report)
	other = report_make(
		&(struct report_spec){ .title = "Other", .fingerprints = { "stack=other" } });
	assert_ok(fl_store_file(f->store, id, report, &first, &err), err);
	assert_ok(fl_store_file(f->store, id, other, &second, &err), err);
	assert_int_equal(first.trace_id, second.trace_id);
	assert_int_equal(first.issue_id, second.issue_id);
	assert_false(second.new_issue);
	assert_ok(fl_store_wait(f->store, id, other, NULL, &second, &err), err);
	assert_int_equal(first.trace_id, second.trace_id);
	assert_ok(fl_store_quarantine(f->store, id, "late", NULL, &err), err);
	assert_int_equal(issue(f->store, first.issue_id).traces, 1);
	assert_string_equal(newest(f->store).text,
			    "done|Null Pointer at main|D1|main|1.0|evt|0101|-|0");
	assert_int_equal(fl_store_file(f->store, 99, report, &second, &err), FL_ENOTFOUND);
}

static void test_a_waiting_trace_becomes_a_finished_one(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_filed waiting, done;
	int64_t id = enqueue(f->store, "a", NULL);
	FL_AUTO(fl_report)
	provisional = report_make(&(struct report_spec){ .serial = "D1",
							 .build = 0xab,
							 .title = "Hard Fault at fw+0x10",
							 .fingerprints = { "address=fw+0x10" } });
	FL_AUTO(fl_report) report = report_make(&null_at_main);
	assert_ok(fl_store_wait(f->store, id, provisional, NULL, &waiting, &err), err);
	assert_int_equal(waiting.issue_id, 0);
	assert_string_equal(newest(f->store).text,
			    "waiting|Hard Fault at fw+0x10|D1|-|-|-|abab|no symbol file with "
			    "build id abababababababababababababababababababab|0");
	FL_AUTO(fl_report) kept = NULL;
	assert_ok(fl_store_report(f->store, waiting.trace_id, &kept, &err), err);
	assert_ok(fl_store_file(f->store, id, report, &done, &err), err);
	assert_int_equal(done.trace_id, waiting.trace_id);
	assert_true(done.new_issue);
	assert_string_equal(newest(f->store).text,
			    "done|Null Pointer at main|D1|main|1.0|evt|0101|-|0");
}

static void test_why_a_dump_waits(void **state)
{
	static const struct {
		struct report_spec spec;
		const char *reason;
	} cases[] = {
		{ { .type = "main", .version = "2.0" }, "no symbol file for main 2.0" },
		{ { .version = "2.0" }, "no symbol file for software 2.0" },
		{ { .type = "main" }, "the dump names neither a build id nor a version" },
		{ { .build = 7 }, "fw.elf does not match what was captured" },
	};
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_filed filed;
	struct fl_symbol_added added;
	struct fl_module_info module = { .name = "fw.elf", .build_id_size = 20 };
	memset(module.build_id, 7, 20);
	const struct fl_symbol_file file = {
		.name = "fw.elf", .bytes = "ELF", .size = 3, .modules = &module, .module_count = 1
	};
	assert_ok(fl_store_add_symbols(f->store, &file, &added, &err), err);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char bytes[16];
		snprintf(bytes, sizeof(bytes), "dump %zu", i);
		FL_AUTO(fl_report) report = report_make(&cases[i].spec);
		assert_ok(fl_store_wait(f->store, enqueue(f->store, bytes, NULL), report, NULL,
					&filed, &err),
			  err);
		if (!strstr(newest(f->store).text, cases[i].reason))
			fail_msg("'%s' is not in '%s'", cases[i].reason, newest(f->store).text);
	}
}

/* The upload names no device, the dump does: the second one shows when it was read. */
static void test_a_duplicate_that_only_the_dump_reveals(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_queue_counts counts;
	struct fl_filed second, third, again;
	int64_t one = enqueue(f->store, "same", NULL);
	int64_t two = enqueue(f->store, "same", NULL);
	FL_AUTO(fl_report) report = report_make(&null_at_main);
	struct fl_filed first;
	assert_ok(fl_store_file(f->store, one, report, &first, &err), err);
	assert_ok(fl_store_file(f->store, two, report, &second, &err), err);
	assert_true(second.duplicate);
	assert_int_equal(second.trace_id, first.trace_id);
	assert_int_equal(second.issue_id, first.issue_id);
	assert_ok(fl_store_file(f->store, two, report, &again, &err), err);
	assert_memory_equal(&again, &second, sizeof(again));
	assert_int_equal(enqueue(f->store, "same", "D1"), one); /* now known at the door */
	int64_t three = enqueue(f->store, "same", "D2");        /* another device */
	assert_ok(fl_store_file(f->store, three, report, &third, &err), err);
	assert_false(third.duplicate);
	assert_int_equal(issue(f->store, first.issue_id).traces, 2);
	assert_ok(fl_store_queue_counts(f->store, &counts, &err), err);
	assert_int_equal(counts.done, 2);
	assert_int_equal(counts.duplicates, 2);
	assert_int_equal(counts.queued + counts.claimed + counts.waiting, 0);
}

static void test_unknown_devices_stay_apart(void **state)
{
	struct fixture *f = *state;
	struct report_spec spec = { .title = "T", .fingerprints = { "stack=a" } };
	struct fl_filed first = file_one(f->store, "same", &spec);
	struct fl_filed second = file_one(f->store, "same", &spec);
	assert_false(second.duplicate);
	assert_int_not_equal(first.trace_id, second.trace_id);
	assert_int_equal(issue(f->store, first.issue_id).traces, 2);
}

/* The first waits, was queued again, and the second overtakes it: still one trace for both. */
static void test_a_duplicate_of_a_waiting_dump(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_filed waiting, second, done;
	int64_t one = enqueue(f->store, "same", NULL);
	int64_t two = enqueue(f->store, "same", NULL);
	FL_AUTO(fl_report) report = report_make(&null_at_main);
	assert_ok(fl_store_wait(f->store, one, report, NULL, &waiting, &err), err);
	assert_ok(fl_store_file(f->store, two, report, &second, &err), err);
	assert_true(second.duplicate);
	assert_int_equal(second.trace_id, waiting.trace_id);
	assert_int_equal(second.issue_id, 0);
	assert_ok(fl_store_file(f->store, one, report, &done, &err), err);
	assert_int_equal(done.trace_id, waiting.trace_id);
	assert_true(done.new_issue);
	assert_int_equal(issue(f->store, done.issue_id).traces, 1);
}

/* A worker that was thought dead brings its result after the dump was set aside: take it. */
static void test_a_result_ends_a_quarantine(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_filed filed;
	int64_t id = enqueue(f->store, "a", NULL);
	FL_AUTO(fl_report) report = report_make(&null_at_main);
	assert_ok(fl_store_quarantine(f->store, id, "stalled", "frames", &err), err);
	assert_ok(fl_store_file(f->store, id, report, &filed, &err), err);
	assert_string_equal(newest(f->store).text,
			    "done|Null Pointer at main|D1|main|1.0|evt|0101|-|0");
}

static void test_hostile_facts_are_only_text(void **state)
{
	struct fixture *f = *state;
	const struct report_spec spec = { .serial = "'; DELETE FROM issues; --",
					  .type = "\"",
					  .version = "?5",
					  .title = "x'); DROP TABLE traces; --",
					  .fingerprints = { "k'\"=a');--" } };
	struct fl_filed filed = file_one(f->store, "a", &spec);
	assert_string_equal(issue(f->store, filed.issue_id).text,
			    "x'); DROP TABLE traces; --|open");
	assert_int_equal(file_one(f->store, "b", &spec).issue_id, filed.issue_id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_a_report_becomes_a_trace_of_a_new_issue),
		store_test(test_which_issue_a_trace_joins),
		store_test(test_counts_follow_when_dumps_were_received),
		store_test(test_device_from_the_upload_versions_from_the_dump),
		store_test(test_filing_twice_changes_nothing),
		store_test(test_a_waiting_trace_becomes_a_finished_one),
		store_test(test_why_a_dump_waits),
		store_test(test_a_duplicate_that_only_the_dump_reveals),
		store_test(test_unknown_devices_stay_apart),
		store_test(test_a_duplicate_of_a_waiting_dump),
		store_test(test_a_result_ends_a_quarantine),
		store_test(test_hostile_facts_are_only_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
