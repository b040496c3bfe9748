/* SPDX-License-Identifier: Apache-2.0 */
/* A batch asks less than single calls do, and must come to the same: both are tried beside each
 * other with dumps and events that share fingerprints, devices, bytes and issues. */
#include "store/fixture.h"
#include "store/internal.h"
#include "store/invariants.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 100, ROUND_MAX = 24, HARD_FAULT = 0x9400 };

static uint32_t below(uint64_t *seed, uint32_t limit)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*seed >> 33) % limit);
}

/* One upload and what its analysis says. */
struct item {
	char bytes[32], stack[32], site[16], title[16];
	const char *device;
	struct report_spec spec;
	bool waits, comes_back; /* the first time it is not settled: newer ones are, before it */
};

static void make_item(struct item *item, uint64_t *seed, unsigned number)
{
	static const char *const devices[] = { NULL, "A", "B", "C" };
	bool event = below(seed, 3) == 0;
	uint32_t site = below(seed, 3) + number / 60;
	*item = (struct item){ .device = devices[below(seed, 4)],
			       .waits = below(seed, 6) == 0,
			       .comes_back = below(seed, 5) == 0 };
	/* some bytes come again, and only the dump says whose they are */
	snprintf(item->bytes, sizeof(item->bytes), "%c%u", event ? 'e' : 'd',
		 below(seed, 8) ? 1000 + number : below(seed, 4));
	snprintf(item->stack, sizeof(item->stack), "stack=%u", below(seed, 4) + number / 60);
	snprintf(item->site, sizeof(item->site), "%ssite=%u",
		 event            ? ""
		 : below(seed, 3) ? "^"
				  : "~",
		 site);
	snprintf(item->title, sizeof(item->title), "T%u", below(seed, 6));
	item->spec = (struct report_spec){
		.serial = item->device ? NULL : devices[below(seed, 4)],
		.title = item->title,
		.version = below(seed, 2) ? "1.0" : "1.1",
		.kind = event ? FL_REPORT_REBOOT : FL_REPORT_DUMP,
		.reason = event && below(seed, 4) == 0 ? 2 : HARD_FAULT,
		.pc = 0x08001000 + site * 64,
		.lr = 0x08000101,
		.coredump_saved = event && below(seed, 2),
		.fingerprints = { event ? item->site : item->stack, event ? NULL : item->site,
				  event ? NULL : "~cause=x" },
	};
}

static void run_sql(struct fl_store *store, const char *sql)
{
	char *message = NULL;
	if (sqlite3_exec(store->db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
}

static size_t claim(struct fl_store *store, int64_t *ids, size_t room)
{
	struct fl_error err = { 0 };
	size_t count = 0;
	enum fl_code code = fl_store_claim_batch(store, "1:0", NOON, 60, ids, room, &count, &err);
	if (code != FL_ENOTFOUND)
		assert_ok(code, err);
	return count;
}

static int by_number(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a;
	int64_t right = *(const int64_t *)b;
	return (left > right) - (left < right);
}

static const struct item *item_of(const struct item *items, int64_t dump_id)
{
	return &items[dump_id - 1];
}

static void settle_singly(struct fl_store *store, const struct item *items)
{
	int64_t ids[ROUND_MAX];
	struct fl_error err = { 0 };
	size_t count = claim(store, ids, ROUND_MAX);
	qsort(ids, count, sizeof(ids[0]), by_number);
	for (size_t i = 0; i < count; i++) {
		const struct item *item = item_of(items, ids[i]);
		if (item->comes_back)
			assert_ok(fl_store_release(store, ids[i], &err), err);
		else
			settle_one(store, ids[i], &item->spec, item->waits);
	}
}

static enum fl_result_kind kind_of(const struct item *item)
{
	if (item->comes_back)
		return FL_RESULT_RELEASE;
	return item->waits ? FL_RESULT_WAIT : FL_RESULT_FILE;
}

static void settle_together(struct fl_store *store, const struct item *items)
{
	int64_t ids[ROUND_MAX];
	struct fl_result results[ROUND_MAX] = { 0 };
	struct fl_result *order[ROUND_MAX];
	struct fl_report *reports[ROUND_MAX];
	struct fl_buffer encoded[ROUND_MAX] = { 0 };
	struct fl_error err = { 0 };
	size_t count = claim(store, ids, ROUND_MAX);
	for (size_t i = 0; i < count; i++) {
		const struct item *item = item_of(items, ids[i]);
		reports[i] = report_make(&item->spec);
		assert_ok(fl_report_encode(reports[i], &encoded[i], &err), err);
		order[i] = &results[i];
		results[i] = (struct fl_result){ .dump_id = ids[i],
						 .kind = kind_of(item),
						 .report = reports[i],
						 .encoded = &encoded[i] };
	}
	assert_ok(fl_store_finish(store, order, count, &err), err);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(results[i].error.code, FL_OK);
		fl_report_close(reports[i]);
		fl_buffer_deinit(&encoded[i]);
	}
}

/* Row by row, as text. */
static void assert_same(struct fl_store *a, struct fl_store *b, const char *sql)
{
	sqlite3_stmt *left = NULL;
	sqlite3_stmt *right = NULL;
	assert_int_equal(sqlite3_prepare_v2(a->db, sql, -1, &left, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(b->db, sql, -1, &right, NULL), SQLITE_OK);
	int step;
	do {
		step = sqlite3_step(left);
		assert_int_equal(sqlite3_step(right), step);
		for (int i = 0; step == SQLITE_ROW && i < sqlite3_column_count(left); i++) {
			const char *one = (const char *)sqlite3_column_text(left, i);
			const char *other = (const char *)sqlite3_column_text(right, i);
			if (strcmp(one ? one : "", other ? other : "") != 0)
				fail_msg("%s: column %d, row %s: %s, singly %s", sql, i,
					 sqlite3_column_text(left, 0), one, other);
		}
	} while (step == SQLITE_ROW);
	assert_int_equal(step, SQLITE_DONE);
	sqlite3_finalize(left);
	sqlite3_finalize(right);
}

static void assert_all_same(struct fl_store *a, struct fl_store *b)
{
	assert_same(a, b, "SELECT * FROM issues ORDER BY id");
	assert_same(a, b,
		    "SELECT hex(hash), kind, joins, issue_id FROM fingerprints ORDER BY 1, 2");
	assert_same(a, b,
		    "SELECT id, dump_id, issue_id, received_at, software_version_id, device_id,"
		    " title, hex(report), kind, reason, pc, lr, unpaired, left_issue_id,"
		    " symbol_file_id FROM traces ORDER BY id");
	assert_same(a, b,
		    "SELECT id, state, reason, device_id, duplicates, duplicate_of, paired_id,"
		    " attempts, lease_until, bulk_id, symbols_seen FROM dumps ORDER BY id");
	assert_same(a, b, "SELECT * FROM reboots ORDER BY dump_id");
	assert_same(a, b,
		    "SELECT trace_id, line, what, old_issue_id, new_issue_id FROM trace_history"
		    " ORDER BY 1, 2");
	assert_same(a, b, "SELECT * FROM devices ORDER BY id");
	assert_same(a, b, "SELECT id, kind, issue_id, trace_id FROM notices ORDER BY id");
	assert_invariants(a);
}

/* Between two rounds: somebody resolves issues, and what is done is analysed once more. */
static void stir(struct fl_store *store, unsigned round)
{
	char sql[256];
	snprintf(sql, sizeof(sql), "UPDATE issues SET state = 'resolved' WHERE id %% 3 = %u",
		 round % 3);
	run_sql(store, sql);
	snprintf(sql, sizeof(sql),
		 "UPDATE dumps SET state = 'queued', attempts = 0, reason = NULL"
		 " WHERE id IN (SELECT id FROM dumps WHERE state IN ('done', 'waiting')"
		 " AND id %% 3 = %u ORDER BY id DESC LIMIT 8)",
		 round % 3);
	run_sql(store, sql);
}

/* When it is analysed again, it says something else. */
static void change(struct item *items, unsigned count, uint64_t *seed)
{
	for (unsigned i = 0; i < count; i++) {
		struct item *item = &items[i];
		item->comes_back = false;
		if (below(seed, 4))
			continue;
		item->waits = below(seed, 6) == 0;
		if (below(seed, 2))
			snprintf(item->stack, sizeof(item->stack), "stack=%u",
				 below(seed, 6) + i / 60);
		else /* nobody else has it */
			snprintf(item->stack, sizeof(item->stack), "stack=%u.%u", i,
				 below(seed, 1000));
	}
}

static void test_a_batch_does_what_single_calls_do(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	uint64_t seed = 1;
	unsigned count = 0;
	FL_AUTO(fl_store) singly = NULL;
	struct item *items = calloc((size_t)ROUNDS * ROUND_MAX, sizeof(items[0]));
	assert_non_null(items);
	assert_ok(fl_store_open(fixture_path(f, "singly.db"), &singly, &err), err);
	struct fl_store *stores[] = { f->store, singly };
	for (size_t i = 0; i < 2; i++)
		assert_ok(fl_store_record_notices(stores[i], true, &err), err);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (uint32_t n = 4 + below(&seed, ROUND_MAX - 10); n; n--) {
			struct item *item = &items[count];
			make_item(item, &seed, count);
			int64_t id = 0;
			for (size_t i = 0; i < 2; i++)
				id = enqueue_kind(stores[i], item->bytes, item->device,
						  item->spec.kind, (int)count);
			count += id == count + 1; /* else a duplicate that was seen at once */
		}
		settle_together(f->store, items);
		settle_singly(singly, items);
		assert_all_same(f->store, singly);
		change(items, count, &seed);
		stir(f->store, round);
		stir(singly, round);
	}
	assert_true(fixture_count(singly, "SELECT count(*) FROM issues") > 8);
	assert_true(fixture_count(singly, "SELECT count(*) FROM dumps WHERE paired_id") > 8);
	assert_true(fixture_count(singly, "SELECT count(*) FROM dumps WHERE duplicate_of"
					  " AND id NOT IN (SELECT paired_id FROM dumps"
					  "  WHERE paired_id)") > 4);
	assert_true(fixture_count(singly, "SELECT count(*) FROM notices WHERE kind = 1") > 8);
	free(items);
}

/* --- by name, what chance does not meet --- */

static int64_t issue_of(struct fl_store *store, int64_t dump_id)
{
	char sql[80];
	snprintf(sql, sizeof(sql), "SELECT issue_id FROM traces WHERE dump_id = %d", (int)dump_id);
	return fixture_count(store, sql);
}

/* The second is in an issue alone, until the first joins it: then it may not take the issue along.
 */
static void test_an_issue_that_is_not_its_own_any_more(void **state)
{
	struct fixture *f = *state;
	struct item items[2] = { { .spec = { .fingerprints = { "stack=a" } } },
				 { .spec = { .fingerprints = { "stack=a" } } } };
	enqueue(f->store, "1", NULL);
	settle_one(f->store, enqueue(f->store, "2", NULL), &items[1].spec, false);
	run_sql(f->store, "UPDATE dumps SET state = 'queued' WHERE id = 2");
	items[1].spec.fingerprints[0] = "stack=b";
	settle_together(f->store, items);
	assert_int_equal(issue_of(f->store, 1), 1);
	assert_int_equal(issue_of(f->store, 2), 2);
	assert_invariants(f->store);
}

/*
 * The first asks whether the issue that its site leads to has dumps. It has: the second, which then
 * joins the first. Its site goes with it or, where it has no site any more, leads to an issue
 * without dumps: then the third goes there.
 */
static void test_an_issue_that_loses_its_last_dump(void **state)
{
	struct fixture *f = *state;
	for (int keeps_site = 0; keeps_site < 2; keeps_site++) {
		struct item items[3] = {
			{ .spec = { .fingerprints = { "stack=p", "^site=x" } } },
			{ .spec = { .fingerprints = { "stack=j", "^site=x" } } },
			{ .spec = { .fingerprints = { "stack=q", "^site=x" } } },
		};
		fixture_teardown(state);
		fixture_setup(state);
		f = *state;
		enqueue(f->store, "1", NULL);
		settle_one(f->store, enqueue(f->store, "2", NULL), &items[1].spec, false);
		enqueue(f->store, "3", NULL);
		run_sql(f->store, "UPDATE dumps SET state = 'queued' WHERE id = 2");
		items[1].spec.fingerprints[0] = "stack=p";
		items[1].spec.fingerprints[1] = keeps_site ? "^site=x" : NULL;
		settle_together(f->store, items);
		assert_int_equal(issue_of(f->store, 1), 2);
		assert_int_equal(issue_of(f->store, 2), 2);
		assert_int_equal(issue_of(f->store, 3), keeps_site ? 3 : 1);
		assert_invariants(f->store);
	}
}

/* What held for one batch need not hold for the next. */
static void test_symbols_that_went_between_two_batches(void **state)
{
	struct fixture *f = *state;
	for (int superseded = 0; superseded < 2; superseded++) {
		int64_t id = 0;
		struct fl_error err = { 0 };
		struct fl_buffer encoded = { 0 };
		FL_AUTO(fl_report)
		report = report_make(&(struct report_spec){ .fingerprints = { "stack=a" } });
		assert_ok(fl_report_encode(report, &encoded, &err), err);
		run_sql(f->store,
			superseded ? "UPDATE symbol_files SET superseded_by = 1"
				   : "INSERT INTO symbol_files (hash, name, size, has_debug_info,"
				     " revision) VALUES (zeroblob(16), 'a.elf', 1, 1, 1)");
		enqueue(f->store, superseded ? "2" : "1", NULL);
		assert_int_equal(claim(f->store, &id, 1), 1);
		struct fl_result result = { .dump_id = id,
					    .kind = FL_RESULT_FILE,
					    .report = report,
					    .encoded = &encoded,
					    .symbols_id = 1 };
		struct fl_result *order[] = { &result };
		assert_ok(fl_store_finish(f->store, order, 1, &err), err);
		assert_int_equal(result.filed.requeued, superseded);
		fl_buffer_deinit(&encoded);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_a_batch_does_what_single_calls_do),
		store_test(test_an_issue_that_is_not_its_own_any_more),
		store_test(test_an_issue_that_loses_its_last_dump),
		store_test(test_symbols_that_went_between_two_batches),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
