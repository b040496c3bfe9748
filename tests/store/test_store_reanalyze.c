/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fixture.h"

#include <stdio.h>
#include <stdlib.h>

/* All issues as "id:traces:title ", those without traces included when asked for by id. */
static bool add_issue(void *context, const struct fl_issue_row *row)
{
	char *text = context;
	sprintf(text + strlen(text), "%d:%d:%s:%d-%d ", (int)row->id, (int)row->trace_count,
		row->title, row->first_seen ? (int)(row->first_seen - NOON) : -1,
		row->last_seen ? (int)(row->last_seen - NOON) : -1);
	return true;
}

static const char *issues(struct fl_store *store)
{
	static char text[1024];
	struct fl_error err = { 0 };
	text[0] = '\0';
	for (int64_t id = 1; !fl_store_issue(store, id, add_issue, text, &err); id++)
		;
	return text;
}

static int64_t file_at(struct fl_store *store, int64_t at, const struct report_spec *spec)
{
	struct fl_error err = { 0 };
	struct fl_enqueued enqueued;
	struct fl_filed filed;
	const struct fl_upload upload = { .bytes = &at, .size = sizeof(at), .received_at = at };
	FL_AUTO(fl_report) report = report_make(spec);
	assert_ok(fl_store_enqueue(store, &upload, &enqueued, &err), err);
	assert_ok(fl_store_file(store, enqueued.dump_id, report, &filed, &err), err);
	return enqueued.dump_id;
}

static struct fl_refiled
refile(struct fl_store *store, int64_t dump_id, const struct report_spec *spec, bool dry_run)
{
	struct fl_error err = { 0 };
	struct fl_refiled refiled;
	FL_AUTO(fl_report) report = report_make(spec);
	assert_ok(fl_store_refile(store, dump_id, report, dry_run, &refiled, &err), err);
	return refiled;
}

static const struct report_spec spec_a = { .title = "A", .fingerprints = { "stack=a", "top=t" } };
static const struct report_spec spec_b = { .title = "B", .fingerprints = { "stack=b" } };
static const struct report_spec spec_new = { .title = "N", .fingerprints = { "stack=n" } };

static void test_the_same_report_changes_nothing(void **state)
{
	struct fixture *f = *state;
	int64_t id = file_at(f->store, NOON, &spec_a);
	struct fl_refiled refiled = refile(f->store, id, &spec_a, false);
	assert_false(refiled.changed);
	assert_false(refiled.moved);
	assert_int_equal(refiled.old_issue_id, refiled.new_issue_id);
	assert_string_equal(issues(f->store), "1:1:A:0-0 ");
}

static void test_a_trace_moves_to_the_issue_it_fits(void **state)
{
	struct fixture *f = *state;
	int64_t first = file_at(f->store, NOON + 1, &spec_a);
	file_at(f->store, NOON + 2, &spec_a);
	file_at(f->store, NOON + 3, &spec_b);
	assert_string_equal(issues(f->store), "1:2:A:1-2 2:1:B:3-3 ");
	struct fl_refiled dry = refile(f->store, first, &spec_b, true);
	assert_true(dry.changed);
	assert_true(dry.moved);
	assert_int_equal(dry.old_issue_id, 1);
	assert_int_equal(dry.new_issue_id, 2);
	assert_string_equal(issues(f->store), "1:2:A:1-2 2:1:B:3-3 "); /* dry */
	struct fl_refiled wet = refile(f->store, first, &spec_b, false);
	assert_memory_equal(&wet, &dry, sizeof(wet));
	assert_string_equal(issues(f->store), "1:1:A:2-2 2:2:B:1-3 ");
}

static void test_an_unknown_one_opens_an_issue(void **state)
{
	struct fixture *f = *state;
	int64_t first = file_at(f->store, NOON + 1, &spec_a);
	file_at(f->store, NOON + 2, &spec_a);
	assert_int_equal(refile(f->store, first, &spec_new, true).new_issue_id, 0);
	struct fl_refiled wet = refile(f->store, first, &spec_new, false);
	assert_true(wet.moved);
	assert_int_equal(wet.new_issue_id, 2);
	assert_string_equal(issues(f->store), "1:1:A:2-2 2:1:N:1-1 ");
}

static void test_a_lonely_trace_keeps_its_issue(void **state)
{
	struct fixture *f = *state;
	int64_t id = file_at(f->store, NOON, &spec_a);
	struct fl_refiled dry = refile(f->store, id, &spec_new, true);
	assert_false(dry.moved);
	assert_int_equal(dry.new_issue_id, 1);
	refile(f->store, id, &spec_new, false);
	assert_string_equal(issues(f->store), "1:1:N:0-0 ");
	file_at(f->store, NOON + 5, &spec_new); /* found by what it is called now */
	assert_string_equal(issues(f->store), "1:2:N:0-5 ");
}

static bool count_issue(void *context, const struct fl_issue_row *row)
{
	(void)row;
	++*(int *)context;
	return true;
}

/* It stays, so that its number is never used again, but it is in no list. */
static void test_an_issue_without_traces_is_not_listed(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	int count = 0;
	int64_t id = file_at(f->store, NOON, &spec_a);
	file_at(f->store, NOON + 3, &spec_b);
	refile(f->store, id, &spec_b, false);
	assert_string_equal(issues(f->store), "1:0:A:-1--1 2:2:B:0-3 ");
	assert_ok(fl_store_issues(f->store, count_issue, &count, &err), err);
	assert_int_equal(count, 1);
	file_at(f->store, NOON + 9, &spec_a); /* and it comes back */
	assert_string_equal(issues(f->store), "1:1:A:9-9 2:2:B:0-3 ");
}

static void test_titles_follow_the_trace_that_gave_them(void **state)
{
	struct fixture *f = *state;
	const struct report_spec better = { .title = "Null Pointer at a",
					    .fingerprints = { "stack=a", "top=t" } };
	const struct report_spec variant = { .title = "A variant", .fingerprints = { "stack=a" } };
	int64_t giver = file_at(f->store, NOON + 1, &spec_a);
	int64_t other = file_at(f->store, NOON + 2, &variant);
	refile(f->store, other, &better, false);
	assert_string_equal(issues(f->store), "1:2:A:1-2 ");
	struct fl_refiled refiled = refile(f->store, giver, &better, false);
	assert_true(refiled.changed);
	assert_false(refiled.moved);
	assert_string_equal(issues(f->store), "1:2:Null Pointer at a:1-2 ");
}

static void test_only_finished_traces_are_refiled(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_refiled refiled;
	int64_t id = enqueue(f->store, "a", NULL);
	FL_AUTO(fl_report) report = report_make(&spec_a);
	assert_int_equal(fl_store_refile(f->store, id, report, false, &refiled, &err),
			 FL_ENOTFOUND);
	assert_string_equal(err.message, "dump 1 has no finished trace");
	assert_int_equal(fl_store_refile(f->store, 77, report, false, &refiled, &err),
			 FL_ENOTFOUND);
}

static size_t
select_dumps(struct fl_store *store, int64_t issue, const char *version, int64_t *first)
{
	struct fl_error err = { 0 };
	FL_AUTO_BUFFER ids = { 0 };
	const struct fl_reanalyze_filter filter = { .issue_id = issue,
						    .software_version = version };
	assert_ok(fl_store_select_dumps(store, &filter, &ids, &err), err);
	assert_int_equal(ids.size % sizeof(int64_t), 0);
	size_t count = ids.size / sizeof(int64_t);
	for (size_t i = 1; i < count; i++)
		assert_true(((int64_t *)(void *)ids.data)[i - 1] <
			    ((int64_t *)(void *)ids.data)[i]);
	*first = count ? *(int64_t *)(void *)ids.data : 0;
	return count;
}

static void test_dumps_are_selected(void **state)
{
	struct fixture *f = *state;
	struct report_spec versioned = spec_b;
	int64_t first;
	versioned.version = "2.0";
	versioned.type = "main";
	assert_int_equal(select_dumps(f->store, 0, NULL, &first), 0);
	file_at(f->store, NOON + 1, &spec_a);
	int64_t two = file_at(f->store, NOON + 2, &spec_b);
	int64_t three = file_at(f->store, NOON + 3, &versioned);
	enqueue(f->store, "not finished", NULL);
	assert_int_equal(select_dumps(f->store, 0, NULL, &first), 3);
	assert_int_equal(select_dumps(f->store, 2, NULL, &first), 2);
	assert_int_equal(first, two);
	assert_int_equal(select_dumps(f->store, 0, "2.0", &first), 1);
	assert_int_equal(first, three);
	assert_int_equal(select_dumps(f->store, 1, "2.0", &first), 0);
	assert_int_equal(select_dumps(f->store, 0, "2.0' OR 1", &first), 0);
	struct fl_error err = { 0 };
	FL_AUTO_BUFFER all = { 0 };
	assert_ok(fl_store_select_dumps(f->store, NULL, &all, &err), err);
	assert_int_equal(all.size, 3 * sizeof(int64_t));
}

/* A better reader finds another serial: the device of the trace follows. */
static void test_the_device_follows_the_new_report(void **state)
{
	struct fixture *f = *state;
	struct report_spec spec = spec_a;
	spec.serial = "wrong";
	int64_t id = file_at(f->store, NOON, &spec);
	spec.serial = "right";
	refile(f->store, id, &spec, false);
	int64_t bytes = NOON;
	struct fl_error err = { 0 };
	struct fl_enqueued enqueued;
	const struct fl_upload upload = { .bytes = &bytes,
					  .size = sizeof(bytes),
					  .device = "right" };
	assert_ok(fl_store_enqueue(f->store, &upload, &enqueued, &err), err);
	assert_true(enqueued.duplicate);
	assert_int_equal(enqueued.dump_id, id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_the_same_report_changes_nothing),
		store_test(test_a_trace_moves_to_the_issue_it_fits),
		store_test(test_an_unknown_one_opens_an_issue),
		store_test(test_a_lonely_trace_keeps_its_issue),
		store_test(test_an_issue_without_traces_is_not_listed),
		store_test(test_titles_follow_the_trace_that_gave_them),
		store_test(test_only_finished_traces_are_refiled),
		store_test(test_dumps_are_selected),
		store_test(test_the_device_follows_the_new_report),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
