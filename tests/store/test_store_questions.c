/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fixture.h"

#include <stdio.h>
#include <stdlib.h>

static void file_at(struct fl_store *store, int64_t at, const char *device, const char *version,
		    const char *fingerprint)
{
	struct fl_error err = { 0 };
	struct fl_enqueued enqueued;
	struct fl_filed filed;
	const struct fl_upload upload = { .bytes = &at,
					  .size = sizeof(at),
					  .device = device,
					  .software_type = version ? "main" : NULL,
					  .software_version = version,
					  .received_at = at };
	FL_AUTO(fl_report)
	report = report_make(
		&(struct report_spec){ .title = fingerprint, .fingerprints = { fingerprint } });
	assert_ok(fl_store_enqueue(store, &upload, &enqueued, &err), err);
	assert_ok(fl_store_file(store, enqueued.dump_id, report, &filed, &err), err);
}

struct lines {
	char text[1024];
	int limit; /* rows wanted; 0 = all */
	int count;
};

static void add(struct lines *lines, const char *text)
{
	size_t used = strlen(lines->text);
	snprintf(lines->text + used, sizeof(lines->text) - used, "%s ", text);
	lines->count++;
}

static bool wants_more(const struct lines *lines)
{
	return !lines->limit || lines->count < lines->limit;
}

static bool add_issue(void *context, const struct fl_issue_row *row)
{
	char text[64];
	snprintf(text, sizeof(text), "%s:%d:%d", row->title, (int)row->trace_count,
		 (int)row->device_count);
	add(context, text);
	return wants_more(context);
}

static bool add_version(void *context, const char *key, uint64_t traces, uint64_t devices)
{
	char text[64];
	snprintf(text, sizeof(text), "%s:%d:%d", key ? key : "unknown", (int)traces, (int)devices);
	add(context, text);
	return wants_more(context);
}

static bool add_trace(void *context, const struct fl_trace_row *row)
{
	char text[64];
	snprintf(text, sizeof(text), "%d/%d:%s", (int)row->id, (int)row->dump_id, row->state);
	add(context, text);
	return wants_more(context);
}

static void test_issues_come_latest_first(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct lines all = { "", 0, 0 };
	struct lines one = { "", 1, 0 };
	file_at(f->store, NOON + 1, "D1", NULL, "k=a");
	file_at(f->store, NOON + 9, "D1", NULL, "k=b");
	file_at(f->store, NOON + 5, "D2", NULL, "k=a");
	file_at(f->store, NOON + 7, "D2", NULL, "k=c");
	file_at(f->store, NOON + 8, NULL, NULL, "k=a");
	assert_ok(fl_store_issues(f->store, add_issue, &all, &err), err);
	assert_string_equal(all.text, "k=b:1:1 k=a:3:2 k=c:1:1 ");
	assert_ok(fl_store_issues(f->store, add_issue, &one, &err), err);
	assert_string_equal(one.text, "k=b:1:1 ");
	assert_int_equal(fl_store_issue(f->store, 9, add_issue, &one, &err), FL_ENOTFOUND);
	assert_string_equal(err.message, "there is no issue 9");
}

static void test_versions_come_newest_first(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct lines all = { "", 0, 0 };
	file_at(f->store, NOON + 1, "D1", "1.0", "k=a");
	file_at(f->store, NOON + 2, "D2", "2.0", "k=a");
	file_at(f->store, NOON + 3, "D2", "2.0", "k=a");
	file_at(f->store, NOON + 4, "D3", "1.0", "k=a"); /* an old version that still runs */
	file_at(f->store, NOON + 0, NULL, NULL, "k=a");
	file_at(f->store, NOON + 5, NULL, "3.0", "k=other");
	assert_ok(fl_store_issue_versions(f->store, 1, add_version, &all, &err), err);
	assert_string_equal(all.text, "2.0:2:1 1.0:2:2 unknown:1:0 ");
}

static void test_traces_of_every_state(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_filed filed;
	struct fl_claim claim = { 0 };
	file_at(f->store, NOON + 1, "D1", NULL, "k=a");
	FL_AUTO(fl_report) report = report_make(&(struct report_spec){ .build = 1 });
	assert_ok(fl_store_wait(f->store, enqueue(f->store, "w", NULL), report, NULL, &filed, &err),
		  err);
	assert_ok(
		fl_store_quarantine(f->store, enqueue(f->store, "q", NULL), "no dump", NULL, &err),
		err);
	enqueue(f->store, "c", NULL);
	assert_ok(fl_store_claim(f->store, "1:0", NOON, 60, &claim, &err), err);
	fl_claim_deinit(&claim);
	enqueue(f->store, "n", NULL);
	static const struct {
		struct fl_trace_filter filter;
		const char *expected;
	} cases[] = {
		{ { .state = NULL },
		  "0/5:queued 0/4:queued 0/3:quarantined 2/2:waiting 1/1:done " },
		{ { .state = "queued" }, "0/5:queued 0/4:queued " },
		{ { .state = "waiting" }, "2/2:waiting " },
		{ { .state = "done" }, "1/1:done " },
		{ { .state = "quarantined" }, "0/3:quarantined " },
		{ { .state = "no such state" }, "" },
		{ { .issue_id = 1 }, "1/1:done " },
		{ { .issue_id = 1, .state = "waiting" }, "" },
		{ { .issue_id = 2 }, "" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lines lines = { "", 0, 0 };
		assert_ok(fl_store_traces(f->store, &cases[i].filter, add_trace, &lines, &err),
			  err);
		assert_string_equal(lines.text, cases[i].expected);
	}
}

static void test_traces_of_an_issue_come_newest_first(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct lines lines = { "", 2, 0 };
	file_at(f->store, NOON + 1, NULL, NULL, "k=a");
	file_at(f->store, NOON + 9, NULL, NULL, "k=a");
	file_at(f->store, NOON + 5, NULL, NULL, "k=a");
	const struct fl_trace_filter filter = { .issue_id = 1 };
	assert_ok(fl_store_traces(f->store, &filter, add_trace, &lines, &err), err);
	assert_string_equal(lines.text, "2/2:done 3/3:done ");
}

struct nested {
	struct fl_store *store;
	struct lines outer, inner;
};

/* Asks the question that is just being answered, and others. */
static bool ask_again(void *context, const struct fl_issue_row *row)
{
	struct nested *nested = context;
	struct fl_error err = { 0 };
	FL_AUTO(fl_report) report = NULL;
	assert_ok(fl_store_issues(nested->store, add_issue, &nested->inner, &err), err);
	assert_ok(fl_store_report(nested->store, row->id, &report, &err), err);
	add(&nested->outer, row->title);
	return true;
}

static void test_a_callback_may_ask(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct nested nested = { .store = f->store };
	file_at(f->store, NOON + 1, NULL, NULL, "k=a");
	file_at(f->store, NOON + 2, NULL, NULL, "k=b");
	assert_ok(fl_store_issues(f->store, ask_again, &nested, &err), err);
	assert_string_equal(nested.outer.text, "k=b k=a ");
	assert_string_equal(nested.inner.text, "k=b:1:0 k=a:1:0 k=b:1:0 k=a:1:0 ");
}

/* One program lists while another files: the list is of one moment. */
static bool file_meanwhile(void *context, const struct fl_issue_row *row)
{
	struct nested *nested = context;
	if (!nested->outer.count)
		file_at(nested->store, NOON, NULL, NULL, "k=new");
	add(&nested->outer, row->title);
	return true;
}

static void test_reading_and_writing_do_not_wait_for_each_other(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	FL_AUTO(fl_store) other = fixture_open(f);
	struct nested nested = { .store = other };
	file_at(f->store, NOON + 1, NULL, NULL, "k=a");
	file_at(f->store, NOON + 2, NULL, NULL, "k=b");
	assert_ok(fl_store_issues(f->store, file_meanwhile, &nested, &err), err);
	assert_string_equal(nested.outer.text, "k=b k=a ");
	struct lines after = { "", 0, 0 };
	assert_ok(fl_store_issues(f->store, add_issue, &after, &err), err);
	assert_int_equal(after.count, 3);
}

static void test_nothing_is_an_answer(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct lines lines = { "", 0, 0 };
	assert_ok(fl_store_issues(f->store, add_issue, &lines, &err), err);
	assert_ok(fl_store_traces(f->store, NULL, add_trace, &lines, &err), err);
	assert_ok(fl_store_issue_versions(f->store, 5, add_version, &lines, &err), err);
	assert_int_equal(lines.count, 0);
	assert_int_equal(err.code, FL_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_issues_come_latest_first),
		store_test(test_versions_come_newest_first),
		store_test(test_traces_of_every_state),
		store_test(test_traces_of_an_issue_come_newest_first),
		store_test(test_a_callback_may_ask),
		store_test(test_reading_and_writing_do_not_wait_for_each_other),
		store_test(test_nothing_is_an_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
