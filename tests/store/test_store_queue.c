/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fixture.h"

#include "store/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static struct fl_claim claim(struct fl_store *store, const char *owner, int64_t now)
{
	struct fl_error err = { 0 };
	struct fl_claim ret = { 0 };
	assert_ok(fl_store_claim(store, owner, now, 60, &ret, &err), err);
	return ret;
}

static void assert_empty(struct fl_store *store, int64_t now)
{
	struct fl_error err = { 0 };
	struct fl_claim ret = { 0 };
	assert_int_equal(fl_store_claim(store, "x", now, 60, &ret, &err), FL_ENOTFOUND);
	assert_null(ret.bytes.data);
	assert_string_equal(err.message, "the queue is empty");
}

static void assert_counts(struct fl_store *store, const struct fl_queue_counts *expected)
{
	struct fl_error err = { 0 };
	struct fl_queue_counts counts;
	assert_ok(fl_store_queue_counts(store, &counts, &err), err);
	assert_memory_equal(&counts, expected, sizeof(counts));
}

static void test_a_dump_comes_back_as_it_went_in(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_enqueued enqueued;
	uint8_t bytes[40000];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * i >> 7);
	const struct fl_upload upload = { .bytes = bytes,
					  .size = sizeof(bytes),
					  .source = "crash.core",
					  .device = "D1",
					  .upload_id = "u-1",
					  .software_type = "main",
					  .software_version = "1.2.3",
					  .hardware_version = "evt",
					  .cohort = "beta",
					  .received_at = NOON };
	assert_ok(fl_store_enqueue(f->store, &upload, &enqueued, &err), err);
	assert_false(enqueued.duplicate);
	fixture_reopen(f);
	struct fl_claim c = claim(f->store, "1:0", NOON);
	assert_int_equal(c.dump_id, enqueued.dump_id);
	assert_int_equal(c.attempt, 1);
	assert_int_equal(c.bytes.size, sizeof(bytes));
	assert_memory_equal(c.bytes.data, bytes, sizeof(bytes));
	assert_string_equal(c.device, "D1");
	assert_string_equal(c.software_type, "main");
	assert_string_equal(c.software_version, "1.2.3");
	assert_string_equal(c.hardware_version, "evt");
	assert_int_equal(c.received_at, NOON);
	fl_claim_deinit(&c);
	assert_null(c.device);
}

static void test_what_was_not_said_stays_unknown(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_enqueued enqueued;
	const struct fl_upload nothing = { .software_type = "", .device = "" };
	assert_ok(fl_store_enqueue(f->store, &nothing, &enqueued, &err), err);
	struct fl_claim c = claim(f->store, "1:0", 0);
	assert_int_equal(c.bytes.size, 0);
	assert_null(c.device);
	assert_null(c.software_type);
	assert_null(c.software_version);
	assert_null(c.hardware_version);
	fl_claim_deinit(&c);
}

static void test_the_oldest_comes_first_and_only_once(void **state)
{
	struct fixture *f = *state;
	int64_t first = enqueue(f->store, "a", NULL);
	int64_t second = enqueue(f->store, "b", NULL);
	struct fl_claim one = claim(f->store, "1:0", NOON);
	struct fl_claim two = claim(f->store, "1:1", NOON);
	assert_int_equal(one.dump_id, first);
	assert_int_equal(two.dump_id, second);
	assert_empty(f->store, NOON);
	assert_counts(f->store, &(struct fl_queue_counts){ .claimed = 2 });
	fl_claim_deinit(&one);
	fl_claim_deinit(&two);
}

static void test_a_lease_ends(void **state)
{
	struct fixture *f = *state;
	int64_t id = enqueue(f->store, "a", NULL);
	for (uint32_t attempt = 1; attempt <= 3; attempt++) {
		int64_t now = NOON + 60 * (int64_t)(attempt - 1);
		struct fl_claim c = claim(f->store, "1:0", now);
		assert_int_equal(c.dump_id, id);
		assert_int_equal(c.attempt, attempt);
		fl_claim_deinit(&c);
		assert_empty(f->store, now + 59);
	}
}

static bool keep_row(void *context, const struct fl_trace_row *row)
{
	char *text = context;
	sprintf(text, "%s|%s|%s|%u", row->state, row->reason ? row->reason : "-",
		row->backtrace ? row->backtrace : "-", row->attempts);
	return true;
}

static void test_quarantine_keeps_the_dump_and_the_reason(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	char row[256];
	int64_t id = enqueue(f->store, "killer", NULL);
	struct fl_claim c = claim(f->store, "1:0", NOON);
	fl_claim_deinit(&c);
	assert_ok(fl_store_quarantine(f->store, id, "killed by SIGSEGV", "a\n\tb\x1b[31m\nc", &err),
		  err);
	assert_empty(f->store, NOON + 1000);
	assert_counts(f->store, &(struct fl_queue_counts){ .quarantined = 1 });
	assert_ok(fl_store_traces(f->store, NULL, keep_row, row, &err), err);
	assert_string_equal(row, "quarantined|killed by SIGSEGV|"
				 "a\n\xef\xbf\xbd"
				 "b\xef\xbf\xbd[31m\nc|1");
	assert_ok(fl_store_dump(f->store, id, &c, &err), err);
	assert_int_equal(c.attempt, 1);
	assert_memory_equal(c.bytes.data, "killer", 6);
	fl_claim_deinit(&c);
	assert_int_equal(fl_store_quarantine(f->store, 99, "x", NULL, &err), FL_ENOTFOUND);
	assert_int_equal(fl_store_dump(f->store, 99, &c, &err), FL_ENOTFOUND);
	assert_string_equal(err.message, "there is no dump 99");
}

/* Bit rot in the database costs this dump, not the queue behind it. */
static void test_what_the_machine_broke_is_given_back(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	int64_t id = enqueue(f->store, "a", NULL);
	for (int round = 0; round < 5; round++) { /* the attempts do not add up */
		struct fl_claim claim = { 0 };
		assert_ok(fl_store_claim(f->store, "me", NOON, 60, &claim, &err), err);
		assert_int_equal(claim.dump_id, id);
		assert_int_equal(claim.attempt, 1);
		fl_claim_deinit(&claim);
		assert_ok(fl_store_release(f->store, id, &err), err);
	}
}

static void test_what_was_set_aside_is_tried_again(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	int64_t first = enqueue(f->store, "a", NULL);
	int64_t second = enqueue(f->store, "b", NULL);
	uint64_t count;
	assert_ok(fl_store_quarantine(f->store, first, "why", "#0 here", &err), err);
	assert_ok(fl_store_quarantine(f->store, second, "why", NULL, &err), err);
	assert_ok(fl_store_retry(f->store, second, &count, &err), err);
	assert_int_equal(count, 1);
	assert_ok(fl_store_retry(f->store, second, &count, &err), err);
	assert_int_equal(count, 0); /* it is queued, not set aside */
	assert_ok(fl_store_retry(f->store, 0, &count, &err), err);
	assert_int_equal(count, 1);
	struct fl_queue_counts counts;
	assert_ok(fl_store_queue_counts(f->store, &counts, &err), err);
	assert_int_equal(counts.queued, 2);
	assert_int_equal(counts.quarantined, 0);
	struct fl_claim claim = { 0 };
	assert_ok(fl_store_claim(f->store, "me", NOON, 60, &claim, &err), err);
	assert_int_equal(claim.attempt, 1);
	fl_claim_deinit(&claim);
}

static void test_damaged_bytes_are_set_aside(void **state)
{
	static const char *const damages[] = {
		"UPDATE dump_contents SET compressed = x'00' WHERE id = 1",
		"UPDATE dump_contents SET compressed = x'' WHERE id = 1",
		"UPDATE dump_contents SET size = size + 1 WHERE id = 1",
		"UPDATE dump_contents SET size = -1 WHERE id = 1",
		"UPDATE dump_contents SET size = 4611686018427387904 WHERE id = 1",
		"UPDATE dump_contents SET compressed = substr(compressed, 2) WHERE id = 1",
		"UPDATE dump_contents SET compressed = substr(compressed, 1, 9) WHERE id = 1",
	};
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct fixture *f = *state;
		enqueue(f->store, "the first dump, soon damaged", NULL);
		int64_t good = enqueue(f->store, "good", NULL);
		assert_int_equal(sqlite3_exec(f->store->db, damages[i], NULL, NULL, NULL),
				 SQLITE_OK);
		struct fl_claim c = claim(f->store, "1:0", NOON);
		assert_int_equal(c.dump_id, good);
		fl_claim_deinit(&c);
		assert_counts(f->store,
			      &(struct fl_queue_counts){ .claimed = 1, .quarantined = 1 });
		fixture_teardown(state);
		fixture_setup(state);
	}
}

/* Decision 8: the same device, the same bytes, the same upload id. */
static void test_duplicates(void **state)
{
	static const struct {
		const char *bytes, *device, *upload_id;
		int64_t same_as; /* index of the upload it repeats; -1 = none */
	} uploads[] = {
		{ "x", "D1", NULL, -1 }, { "x", "D1", NULL, 0 },
		{ "x", "D2", NULL, -1 }, /* another device: another trace */
		{ "y", "D1", NULL, -1 }, { "x", NULL, NULL, -1 },
		{ "x", NULL, NULL, -1 }, /* unknown is not one device */
		{ "x", NULL, "u1", -1 }, { "x", NULL, "u1", 6 },
		{ "y", NULL, "u1", -1 }, /* the id alone does not make it equal */
		{ "x", "D1", "u1", -1 }, { "x", "D1", "u1", 9 },
		{ "x", "D1", "u2", -1 }, /* sent as two uploads */
		{ "x", "D1", NULL, 0 },  { "x", "", NULL, -1 },
	};
	enum { COUNT = sizeof(uploads) / sizeof(uploads[0]) };
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_enqueued ret[COUNT];
	for (size_t i = 0; i < COUNT; i++) {
		const struct fl_upload upload = { .bytes = uploads[i].bytes,
						  .size = 1,
						  .device = uploads[i].device,
						  .upload_id = uploads[i].upload_id };
		ret[i] = (struct fl_enqueued){ 0 };
		assert_ok(fl_store_enqueue(f->store, &upload, &ret[i], &err), err);
		assert_int_equal(ret[i].duplicate, uploads[i].same_as >= 0);
		if (ret[i].duplicate)
			assert_int_equal(ret[i].dump_id, ret[uploads[i].same_as].dump_id);
	}
	assert_counts(f->store, &(struct fl_queue_counts){ .queued = 10, .duplicates = 4 });
}

static void test_sizes_are_limited(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_enqueued enqueued;
	size_t size = (size_t)FL_STORE_DUMP_MAX + 1;
	void *huge =
		mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(huge, MAP_FAILED);
	struct fl_upload upload = { .bytes = huge, .size = size };
	assert_int_equal(fl_store_enqueue(f->store, &upload, &enqueued, &err), FL_ELIMIT);
	assert_string_equal(
		err.message,
		"the dump has 1073741825 bytes, more than the 1073741824 that are accepted");
	munmap(huge, size);

	char text[FL_STORE_TEXT_MAX + 2];
	memset(text, 'd', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	upload = (struct fl_upload){ .bytes = "x", .size = 1, .device = text };
	assert_int_equal(fl_store_enqueue(f->store, &upload, &enqueued, &err), FL_EINVALID);
	assert_string_equal(err.message, "the device is longer than 1024 bytes");
	text[sizeof(text) - 2] = '\0';
	assert_ok(fl_store_enqueue(f->store, &upload, &enqueued, &err), err);

	upload = (struct fl_upload){ .size = 1 };
	assert_int_equal(fl_store_enqueue(f->store, &upload, &enqueued, &err), FL_EINVALID);
}

static bool keep_texts(void *context, const struct fl_trace_row *row)
{
	sprintf(context, "%s/%s/%s/%s/%s", row->source, row->device, row->software_type,
		row->software_version, row->hardware_version);
	return true;
}

static void test_text_is_data_and_clean(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_enqueued enqueued;
	char row[512];
	const struct fl_upload upload = { .bytes = "x",
					  .size = 1,
					  .source = "a';DROP TABLE dumps;--",
					  .device = "\" OR 1=1 --",
					  .software_type = "\x1b[2J",
					  .software_version = "bad\xff utf",
					  .hardware_version = "?1" };
	assert_ok(fl_store_enqueue(f->store, &upload, &enqueued, &err), err);
	assert_ok(fl_store_traces(f->store, NULL, keep_texts, row, &err), err);
	assert_string_equal(row, "a';DROP TABLE dumps;--/\" OR 1=1 --/\xef\xbf\xbd[2J/"
				 "bad\xef\xbf\xbd utf/?1");
	assert_counts(f->store, &(struct fl_queue_counts){ .queued = 1 });
}

/* A claim takes what an expired lease left, also when somebody else asks at the same time. */
static void test_two_handles_never_hold_the_same_dump(void **state)
{
	enum { COUNT = 40 };
	struct fixture *f = *state;
	FL_AUTO(fl_store) other = fixture_open(f);
	bool taken[COUNT + 1] = { false };
	char bytes[16];
	for (int i = 0; i < COUNT; i++) {
		snprintf(bytes, sizeof(bytes), "dump %d", i);
		enqueue(f->store, bytes, NULL);
	}
	for (int i = 0; i < COUNT; i++) {
		struct fl_claim c = claim(i % 2 ? f->store : other, i % 2 ? "1:0" : "2:0", NOON);
		assert_in_range(c.dump_id, 1, COUNT);
		assert_false(taken[c.dump_id]);
		taken[c.dump_id] = true;
		fl_claim_deinit(&c);
	}
	assert_empty(f->store, NOON);
	assert_empty(other, NOON);
}

static void assert_read(const struct fl_read_dump *dump, int64_t id, const char *bytes)
{
	assert_int_equal(dump->error.code, FL_OK);
	assert_int_equal(dump->claim.dump_id, id);
	assert_int_equal(dump->claim.bytes.size, strlen(bytes));
	assert_memory_equal(dump->claim.bytes.data, bytes, strlen(bytes));
}

/* One that is not there is said in its place; in a batch, too. */
static void test_several_dumps_are_read_at_once(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	const int64_t ids[] = { enqueue(f->store, "first", NULL), 99,
				enqueue(f->store, "second one", NULL) };
	for (int batch = 0; batch < 2; batch++) {
		struct fl_read_dump dumps[3];
		if (batch)
			assert_ok(fl_store_batch_begin(f->store, &err), err);
		assert_int_equal(fl_store_dumps(f->store, ids, 3, 1000, dumps), 3);
		assert_int_equal(sqlite3_get_autocommit(f->store->db), !batch);
		assert_read(&dumps[0], ids[0], "first");
		assert_int_equal(dumps[1].error.code, FL_ENOTFOUND);
		assert_null(dumps[1].claim.bytes.data);
		assert_read(&dumps[2], ids[2], "second one");
		for (size_t i = 0; i < 3; i++)
			fl_claim_deinit(&dumps[i].claim);
		if (batch)
			assert_ok(fl_store_batch_commit(f->store, &err), err);
	}
}

static void test_reading_ends_when_it_is_enough(void **state)
{
	struct fixture *f = *state;
	struct fl_read_dump dumps[3];
	const struct {
		size_t max, count;
	} cases[] = { { 0, 1 }, { 1, 1 }, { 5, 1 }, { 6, 2 }, { 10, 2 }, { 11, 3 } };
	const int64_t ids[] = { enqueue(f->store, "first", NULL), enqueue(f->store, "other", NULL),
				enqueue(f->store, "third", NULL) };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t count = fl_store_dumps(f->store, ids, 3, cases[i].max, dumps);
		assert_int_equal(count, cases[i].count);
		for (size_t k = 0; k < count; k++)
			fl_claim_deinit(&dumps[k].claim);
	}
	assert_int_equal(fl_store_dumps(f->store, ids, 0, 1000, dumps), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_a_dump_comes_back_as_it_went_in),
		store_test(test_what_was_not_said_stays_unknown),
		store_test(test_the_oldest_comes_first_and_only_once),
		store_test(test_a_lease_ends),
		store_test(test_quarantine_keeps_the_dump_and_the_reason),
		store_test(test_what_the_machine_broke_is_given_back),
		store_test(test_what_was_set_aside_is_tried_again),
		store_test(test_damaged_bytes_are_set_aside),
		store_test(test_duplicates),
		store_test(test_sizes_are_limited),
		store_test(test_text_is_data_and_clean),
		store_test(test_two_handles_never_hold_the_same_dump),
		store_test(test_several_dumps_are_read_at_once),
		store_test(test_reading_ends_when_it_is_enough),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
