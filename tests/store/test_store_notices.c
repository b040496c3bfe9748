/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody is told: once per event, one line for bulk work, nothing lost by a kill. */
#include "store/keeper.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct report_spec spec_a = { .serial = "DEV1",
					   .type = "main",
					   .version = "1.0",
					   .hardware = "rev2",
					   .build = 1,
					   .title = "A",
					   .fingerprints = { "stack=a" } };
static const struct report_spec spec_b = { .title = "B",
					   .build = 1,
					   .fingerprints = { "stack=b" } };
static const struct elf elf = { .bytes = "fw.elf", .build = 1 };

static bool add_notice(void *context, const struct fl_notice *n)
{
	static const char *const kinds[] = { "new", "regression", "waiting", "bulk" };
	char *text = context;
	text += strlen(text);
	if (n->kind == FL_NOTICE_BULK)
		sprintf(text, "%d bulk %s %d/%d/%d/%d/%d; ", (int)n->id, n->bulk.what,
			(int)n->bulk.traces, (int)n->bulk.new_issues, (int)n->bulk.moved,
			(int)n->bulk.waiting, (int)n->bulk.quarantined);
	else
		sprintf(text, "%d %s i%d t%d %s; ", (int)n->id, kinds[n->kind], (int)n->issue_id,
			(int)n->trace_id, n->title);
	return true;
}

static const char *outbox(struct fl_store *store)
{
	static char text[4096];
	struct fl_error err = { 0 };
	text[0] = '\0';
	assert_ok(fl_store_notices(store, NOON, 100, add_notice, text, &err), err);
	return text;
}

static void record(struct fl_store *store, bool on)
{
	struct fl_error err = { 0 };
	assert_ok(fl_store_record_notices(store, on, &err), err);
}

static void test_only_when_asked_for(void **state)
{
	struct fixture *f = *state;
	file_with(f->store, "1", NULL, &spec_a, 0);
	assert_string_equal(outbox(f->store), "");
	record(f->store, true);
	fixture_reopen(f); /* kept in the database */
	file_with(f->store, "2", NULL, &spec_a, 0);
	file_with(f->store, "3", NULL, &spec_b, 0);
	assert_string_equal(outbox(f->store), "1 new i2 t3 B; ");
	record(f->store, false);
	file_with(f->store, "4", NULL, &(struct report_spec){ .title = "C" }, 0);
	assert_string_equal(outbox(f->store), "1 new i2 t3 B; ");
}

static void test_a_resolved_issue_that_comes_back(void **state)
{
	struct fixture *f = *state;
	record(f->store, true);
	assert_false(file_with(f->store, "1", NULL, &spec_a, 0).regressed);
	assert_false(file_with(f->store, "2", NULL, &spec_a, 0).regressed);
	sabotage(f->store, "UPDATE issues SET state = 'resolved' WHERE id = 1");
	assert_false(file_with(f->store, "3", NULL, &spec_b, 0).regressed);
	struct fl_filed back = file_with(f->store, "4", NULL, &spec_a, 0);
	assert_true(back.regressed && !back.new_issue && back.issue_id == 1);
	assert_false(file_with(f->store, "5", NULL, &spec_a, 0).regressed); /* once */
	assert_string_equal(outbox(f->store),
			    "1 new i1 t1 A; 2 new i2 t3 B; 3 regression i1 t4 A; ");
}

static void test_once_per_missing_elf(void **state)
{
	struct fixture *f = *state;
	struct report_spec other = spec_a;
	other.build = 2;
	record(f->store, true);
	for (int i = 0; i < 6; i++) {
		char bytes[8];
		snprintf(bytes, sizeof(bytes), "%d", i);
		settle_one(f->store, enqueue(f->store, bytes, NULL), i % 2 ? &other : &spec_a,
			   true);
	}
	assert_string_equal(outbox(f->store), "1 waiting i0 t1 A; 2 waiting i0 t2 A; ");
	/* it comes and goes again: then that is news */
	int64_t id = elf_add(f->store, &elf).id;
	file_queued(f->store, &spec_a, id);
	struct fl_error err = { 0 };
	struct fl_symbol_removed removed;
	assert_ok(fl_store_remove_symbols(f->store, id, &removed, &err), err);
	for (int64_t dump; (dump = claim_next(f->store));)
		settle_one(f->store, dump, &spec_a, true);
	struct fl_filed late = settle_one(f->store, enqueue(f->store, "late", NULL), &spec_a, true);
	char expected[256];
	snprintf(expected, sizeof(expected),
		 "1 waiting i0 t1 A; 2 waiting i0 t2 A; 3 bulk symbols added 3/1/0/0/0; "
		 "4 bulk symbols removed 3/0/0/3/0; 5 waiting i0 t%d A; ",
		 (int)late.trace_id);
	assert_string_equal(outbox(f->store), expected);
}

static void put_event(struct fl_store *store, const char *bytes)
{
	struct report_spec event = spec_a;
	event.kind = FL_REPORT_REBOOT;
	event.build_size = 6;
	settle_one(store, enqueue_kind(store, bytes, NULL, event.kind, 0), &event, true);
}

static int64_t put_dump(struct fl_store *store, const char *bytes)
{
	return settle_one(store, enqueue(store, bytes, NULL), &spec_a, true).trace_id;
}

/* Of the same build an event says the beginning of the id and a dump all of it. */
static void test_a_short_build_id_is_no_other_elf(void **state)
{
	struct fixture *f = *state;
	record(f->store, true);
	put_event(f->store, "event 1");
	put_dump(f->store, "dump 1");
	put_event(f->store, "event 2");
	assert_string_equal(outbox(f->store), "1 waiting i0 t1 A; ");
	int64_t id = elf_add(f->store, &elf).id;
	assert_int_equal(file_queued(f->store, &spec_a, id), 3);
	sabotage(f->store, "DELETE FROM notices");
	struct fl_error err = { 0 };
	struct fl_symbol_removed removed;
	assert_ok(fl_store_remove_symbols(f->store, id, &removed, &err), err);
	while (claim_next(f->store))
		;
	sabotage(f->store, "UPDATE dumps SET bulk_id = NULL; DELETE FROM bulks");
	char expected[64];
	snprintf(expected, sizeof(expected), "3 waiting i0 t%d A; ",
		 (int)put_dump(f->store, "dump 2"));
	put_event(f->store, "event 3");
	assert_string_equal(outbox(f->store), expected);
}

static bool check_fields(void *context, const struct fl_notice *n)
{
	bool *seen = context;
	assert_string_equal(n->device, "DEV1");
	assert_string_equal(n->software_type, "main");
	assert_string_equal(n->software_version, "1.0");
	assert_string_equal(n->hardware_version, "rev2");
	assert_string_equal(n->build_id, "0101010101010101010101010101010101010101");
	assert_non_null(strstr(n->reason, "no symbol file with build id 0101"));
	assert_null(n->cohort);
	assert_true(n->at > NOON);
	*seen = true;
	return true;
}

static void test_a_notice_says_who(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	bool seen = false;
	record(f->store, true);
	settle_one(f->store, enqueue(f->store, "1", NULL), &spec_a, true);
	assert_ok(fl_store_notices(f->store, NOON, 1, check_fields, &seen, &err), err);
	assert_true(seen);
}

/* new issues 1, moved 2, waiting 1, quarantined 1 */
static void test_bulk_work_is_one_notice(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	int64_t old = elf_add(f->store, &elf).id;
	for (int i = 0; i < 6; i++) {
		char bytes[8];
		snprintf(bytes, sizeof(bytes), "%d", i);
		file_with(f->store, bytes, NULL, &spec_a, old);
	}
	record(f->store, true);
	struct elf richer = elf;
	richer.bytes = "rich.elf";
	richer.debug = true;
	int64_t rich = elf_add(f->store, &richer).id;
	for (int i = 0; i < 6; i++) {
		assert_string_equal(outbox(f->store), "");
		int64_t id = claim_next(f->store);
		fl_store_set_symbols(f->store, rich);
		if (i == 5)
			assert_ok(fl_store_quarantine(f->store, id, "died", NULL, &err), err);
		else
			settle_one(f->store, id, i < 2 ? &spec_b : &spec_a, i == 4);
	}
	assert_string_equal(outbox(f->store), "1 bulk symbols added 6/1/2/1/1; ");
	assert_ok(fl_store_notice_done(f->store, 1, &err), err);
	assert_int_equal(ask_number(f->store, "SELECT count(*) FROM bulks"), 0);
}

static void test_nobody_listens_nothing_stays(void **state)
{
	struct fixture *f = *state;
	settle_one(f->store, enqueue(f->store, "1", NULL), &spec_a, true);
	elf_add(f->store, &elf);
	assert_int_equal(ask_number(f->store, "SELECT count(*) FROM bulks"), 1);
	file_queued(f->store, &spec_a, 0);
	elf_add(f->store, &(struct elf){ .bytes = "for nobody", .build = 9 });
	assert_int_equal(ask_number(f->store, "SELECT count(*) FROM bulks"), 0);
	assert_int_equal(ask_number(f->store, "SELECT count(*) FROM notices"), 0);
}

/* All that one handle analyses again is one notice, when it is closed. */
static void test_reanalysis_is_one_notice(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_refiled refiled;
	int64_t ids[3];
	for (int i = 0; i < 3; i++) {
		char bytes[8];
		snprintf(bytes, sizeof(bytes), "%d", i);
		ids[i] = enqueue(f->store, bytes, NULL);
		settle_one(f->store, ids[i], &spec_a, false);
	}
	record(f->store, true);
	struct fl_store *other = fixture_open(f);
	FL_AUTO(fl_report) report = report_make(&spec_b);
	for (int i = 0; i < 2; i++) {
		assert_ok(fl_store_refile(other, ids[i], report, true, &refiled, &err), err);
		assert_ok(fl_store_refile(other, ids[i], report, false, &refiled, &err), err);
	}
	assert_string_equal(outbox(f->store), "");
	fl_store_close(other);
	assert_string_equal(outbox(f->store), "1 bulk reanalysed 2/1/2/0/0; ");
}

static void test_delivery(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	char text[512] = "";
	record(f->store, true);
	file_with(f->store, "1", NULL, &spec_a, 0);
	file_with(f->store, "2", NULL, &spec_b, 0);
	assert_ok(fl_store_notice_failed(f->store, 1, NOON + 60, "exit status 1", &err), err);
	assert_string_equal(outbox(f->store), "2 new i2 t2 B; "); /* others do not wait for it */
	assert_ok(fl_store_notices(f->store, NOON + 60, 1, add_notice, text, &err), err);
	assert_string_equal(text, "1 new i1 t1 A; ");
	assert_ok(fl_store_notice_done(f->store, 2, &err), err);
	assert_ok(fl_store_notice_done(f->store, 2, &err), err); /* another one did it */
	assert_string_equal(outbox(f->store), "");
	assert_int_equal(fl_store_notice_failed(f->store, 9, NOON, NULL, &err), FL_ENOTFOUND);
	assert_int_equal(ask_number(f->store, "SELECT attempts FROM notices WHERE id = 1"), 1);
}

static void test_the_outbox_is_bounded(void **state)
{
	struct fixture *f = *state;
	record(f->store, true);
	sabotage(f->store, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
			   " WHERE i < 9999) INSERT INTO notices (kind, at, next_at)"
			   " SELECT 0, 0, 0 FROM n");
	file_with(f->store, "1", NULL, &spec_a, 0);
	file_with(f->store, "2", NULL, &spec_b, 0);
	assert_int_equal(ask_number(f->store, "SELECT count(*) FROM notices"), 10000);
	assert_int_equal(ask_number(f->store, "SELECT value FROM settings"
					      " WHERE name = 'notices_dropped'"),
			 1);
}

/* A process that files and is killed at any moment: each issue is told exactly once. */
static void file_for_ever(const struct fixture *f)
{
	struct fl_store *store = fixture_open(f);
	for (int i = 0;; i++) {
		char text[64];
		snprintf(text, sizeof(text), "stack=%d-%d", (int)getpid(), i);
		const struct report_spec spec = { .title = text, .fingerprints = { text } };
		file_with(store, text, NULL, &spec, 0);
	}
}

static void test_a_kill_loses_no_notice(void **state)
{
	struct fixture *f = *state;
	record(f->store, true);
	for (int round = 0; round < 15; round++) {
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (!pid)
			file_for_ever(f);
		usleep(10000 + (useconds_t)(rand() % 30000));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	int64_t issues = ask_number(f->store, "SELECT count(*) FROM issues");
	assert_true(issues > 0);
	assert_int_equal(ask_number(f->store, "SELECT count(*) FROM notices"), issues);
	assert_int_equal(ask_number(f->store, "SELECT count(DISTINCT issue_id) FROM notices"),
			 issues);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_only_when_asked_for),
		store_test(test_a_resolved_issue_that_comes_back),
		store_test(test_once_per_missing_elf),
		store_test(test_a_short_build_id_is_no_other_elf),
		store_test(test_a_notice_says_who),
		store_test(test_bulk_work_is_one_notice),
		store_test(test_nobody_listens_nothing_stays),
		store_test(test_reanalysis_is_one_notice),
		store_test(test_delivery),
		store_test(test_the_outbox_is_bounded),
		store_test(test_a_kill_loses_no_notice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
