/* SPDX-License-Identifier: Apache-2.0 */
/* Half-received messages, counts of the transport, what is kept as it came, storms. */
#include "store/fixture.h"
#include "store/internal.h"
#include "store/invariants.h"

#include <stdio.h>
#include <stdlib.h>

/* --- partials --- */

static void partial_is(struct fl_store *store, const char *device, const void *bytes, size_t size)
{
	struct fl_error err = { 0 };
	FL_AUTO_BUFFER state = { 0 };
	assert_ok(fl_store_partial(store, device, &state, &err), err);
	assert_int_equal(state.size, size);
	if (size)
		assert_memory_equal(state.data, bytes, size);
}

static void test_half_a_message_is_kept(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	partial_is(f->store, "D1", NULL, 0);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM devices"), 0);
	assert_ok(fl_store_put_partial(f->store, "D1", "ab\0c", 4, 3, NOON, &err), err);
	assert_ok(fl_store_put_partial(f->store, "D2", "x", 1, 1, NOON, &err), err);
	fixture_reopen(f);
	partial_is(f->store, "D1", "ab\0c", 4);
	assert_ok(fl_store_put_partial(f->store, "D1", "longer", 6, 5, NOON, &err), err);
	partial_is(f->store, "D1", "longer", 6);
	assert_ok(fl_store_put_partial(f->store, "D1", NULL, 0, 0, NOON, &err), err);
	partial_is(f->store, "D1", NULL, 0);
	partial_is(f->store, "D2", "x", 1);
	assert_int_equal(fl_store_put_partial(f->store, NULL, "x", 1, 1, NOON, &err), FL_EINVALID);
	assert_int_equal(fl_store_put_partial(f->store, "", "x", 1, 1, NOON, &err), FL_EINVALID);
}

static enum fl_code
no_message(void *context, const struct fl_stream_message *message, struct fl_error *err)
{
	(void)context;
	(void)message;
	(void)err;
	fail_msg("nothing is complete");
	return FL_OK;
}

/* Beginnings of messages on two channels (docs/formats.md, "Transport"), as their stream saves
 * them. */
static uint64_t save_two(struct fl_buffer *ret)
{
	static const uint8_t first[] = { 0x48 | 0x40, 100, 1, 'C', 'O', 'R', 'E', 0, 0, 0 };
	static const uint8_t other[] = { 0x49 | 0x40, 50, 2, 'x', 'y', 'z', 0, 0, 0, 0 };
	struct fl_error err = { 0 };
	struct fl_transport_counts counts = { 0 };
	FL_AUTO(fl_stream) stream = NULL;
	assert_ok(fl_stream_open(0, &stream, &err), err);
	assert_ok(fl_stream_push(stream, first, sizeof(first), no_message, NULL, &counts, &err),
		  err);
	assert_ok(fl_stream_push(stream, other, sizeof(other), no_message, NULL, &counts, &err),
		  err);
	assert_ok(fl_stream_save(stream, ret, &err), err);
	return fl_stream_pending(stream, NULL);
}

static void test_what_waits_too_long_is_counted(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_transport_counts counts;
	uint64_t given_up, bytes;
	FL_AUTO_BUFFER two = { 0 };
	uint64_t pending = save_two(&two);
	assert_true(pending > 0);
	assert_ok(fl_store_put_partial(f->store, "D1", two.data, two.size, pending, NOON, &err),
		  err);
	assert_ok(fl_store_put_partial(f->store, "D2", "damaged", 7, 40, NOON + 1, &err), err);
	assert_ok(fl_store_put_partial(f->store, "D3", two.data, two.size, pending, NOON + 2, &err),
		  err);
	assert_ok(fl_store_expire_partials(f->store, NOON, &given_up, &bytes, &err), err);
	assert_int_equal(given_up, 0);
	assert_ok(fl_store_expire_partials(f->store, NOON + 2, &given_up, &bytes, &err), err);
	assert_int_equal(given_up, 2);
	assert_int_equal(bytes, pending + 40);
	partial_is(f->store, "D1", NULL, 0);
	partial_is(f->store, "D2", NULL, 0);
	partial_is(f->store, "D3", two.data, two.size);
	assert_ok(fl_store_transport_counts(f->store, "D1", &counts, &err), err);
	assert_int_equal(counts.drops[FL_DROP_EXPIRED].events, 2);
	assert_int_equal(counts.drops[FL_DROP_EXPIRED].bytes, pending);
	assert_ok(fl_store_transport_counts(f->store, "D2", &counts, &err), err);
	assert_int_equal(counts.drops[FL_DROP_EXPIRED].events, 1);
	assert_int_equal(counts.drops[FL_DROP_EXPIRED].bytes, 40);
}

/* --- counts --- */

static struct fl_transport_counts some_counts(uint64_t n)
{
	struct fl_transport_counts counts = { .chunks = n + 1,
					      .bytes = n + 2,
					      .overhead = n + 3,
					      .messages = n + 4,
					      .message_bytes = n + 5 };
	for (unsigned i = 0; i < FL_DROP_COUNT; i++) {
		counts.drops[i].events = n + 10 + i;
		counts.drops[i].bytes = n + 100 + i;
	}
	return counts;
}

static void counts_are(struct fl_store *store, const char *device,
		       const struct fl_transport_counts *expected, uint64_t times)
{
	struct fl_error err = { 0 };
	struct fl_transport_counts found;
	assert_ok(fl_store_transport_counts(store, device, &found, &err), err);
	const uint64_t *is = (const uint64_t *)&found;
	const uint64_t *shall = (const uint64_t *)expected;
	for (size_t i = 0; i < sizeof(found) / sizeof(*is); i++)
		if (is[i] != shall[i] * times)
			fail_msg("number %zu: %d for %d times %d", i, (int)is[i], (int)shall[i],
				 (int)times);
}

static void test_every_byte_is_accounted_for(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	const struct fl_transport_counts none = { 0 };
	const struct fl_transport_counts some = some_counts(0);
	const struct fl_transport_counts large = some_counts(UINT64_C(1) << 40);
	assert_ok(fl_store_count_transport(f->store, "D1", &some, &err), err);
	assert_ok(fl_store_count_transport(f->store, "D1", &some, &err), err);
	assert_ok(fl_store_count_transport(f->store, NULL, &some, &err), err);
	assert_ok(fl_store_count_transport(f->store, "D2", &none, &err), err);
	counts_are(f->store, "D1", &some, 2);
	counts_are(f->store, "D2", &none, 1);
	counts_are(f->store, "D3", &none, 1);
	counts_are(f->store, NULL, &some, 3);
	assert_ok(fl_store_count_transport(f->store, "D4", &large, &err), err);
	counts_are(f->store, "D4", &large, 1);
	const struct fl_transport_counts too_large = some_counts(UINT64_MAX - 1000);
	assert_int_equal(fl_store_count_transport(f->store, "D4", &too_large, &err), FL_EINVALID);
	counts_are(f->store, "D4", &large, 1);
}

/* --- kept --- */

static bool add_kind(void *context, const char *kind, uint64_t number, uint64_t bytes)
{
	char *text = context;
	snprintf(text + strlen(text), 256 - strlen(text), "%s %d %d\n", kind, (int)number,
		 (int)bytes);
	return true;
}

static bool keep(struct fl_store *store, const char *kind, const char *bytes, const char *device)
{
	struct fl_error err = { 0 };
	bool duplicate = false;
	const struct fl_kept kept = { .kind = kind,
				      .bytes = bytes,
				      .size = bytes ? strlen(bytes) : 0,
				      .text = "why\nnot",
				      .device = device,
				      .hardware_version = "evt",
				      .received_at = NOON,
				      .has_captured_at = true,
				      .captured_at = NOON - 5 };
	assert_ok(fl_store_keep(store, &kept, &duplicate, &err), err);
	return duplicate;
}

static void test_what_is_not_decoded_is_kept(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	char text[256] = "";
	assert_false(keep(f->store, "heartbeat", "beat one", "D1"));
	assert_true(keep(f->store, "heartbeat", "beat one", "D1"));
	assert_false(keep(f->store, "heartbeat", "beat two", "D1"));
	assert_false(keep(f->store, "heartbeat", "beat one", "D2"));
	assert_false(keep(f->store, "log", "beat one", "D1"));
	assert_false(keep(f->store, "unknown", "x", NULL));
	assert_false(keep(f->store, "unknown", "x", NULL)); /* is not one device */
	assert_false(keep(f->store, "corrupt", NULL, "D1"));
	assert_true(keep(f->store, "corrupt", "", "D1"));
	assert_ok(fl_store_kept(f->store, add_kind, text, &err), err);
	assert_string_equal(text, "corrupt 1 0\nheartbeat 3 24\nlog 1 8\nunknown 2 2\n");
	assert_int_equal(fixture_count(f->store, "SELECT sum(duplicates) FROM kept"), 2);
	assert_int_equal(fixture_count(f->store,
				       "SELECT count(*) FROM kept WHERE captured_at = 1699999995"
				       " AND hardware_version = 'evt' AND text = 'why' || char(10)"
				       " || 'not'"),
			 7);
}

/* Equal hashes are not equal bytes. */
static void test_kept_bytes_are_compared(void **state)
{
	struct fixture *f = *state;
	keep(f->store, "log", "one", "D1");
	keep(f->store, "log", "two", "D1");
	assert_int_equal(sqlite3_exec(f->store->db,
				      "UPDATE kept SET hash = (SELECT hash FROM kept WHERE id = 2)",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	assert_true(keep(f->store, "log", "two", "D1"));
	assert_int_equal(fixture_count(f->store, "SELECT duplicates FROM kept WHERE id = 2"), 1);
}

static void test_nothing_cannot_be_kept(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	const struct fl_kept no_kind = { .bytes = "x", .size = 1 };
	const struct fl_kept no_bytes = { .kind = "log", .size = 1 };
	const struct fl_kept too_long = { .kind = "log",
					  .bytes = "x",
					  .size = (size_t)FL_STORE_DUMP_MAX + 1 };
	assert_int_equal(fl_store_keep(f->store, &no_kind, NULL, &err), FL_EINVALID);
	assert_int_equal(fl_store_keep(f->store, &no_bytes, NULL, &err), FL_EINVALID);
	assert_int_equal(fl_store_keep(f->store, &too_long, NULL, &err), FL_ELIMIT);
}

/* --- storms --- */

static struct fl_filed crash(struct fl_store *store, const char *bytes, const char *device,
			     const char *version, const char *stack)
{
	const struct report_spec spec = { .title = "T",
					  .type = "main",
					  .version = version,
					  .reason = 0x9400,
					  .pc = 0x1000,
					  .fingerprints = { stack } };
	return settle_one(store, enqueue(store, bytes, device), &spec, false);
}

static void test_a_storm_keeps_some_dumps_and_every_trace(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	fl_store_set_policy(f->store, &(struct fl_store_policy){ .keep_per_issue = 2 });
	for (int i = 0; i < 6; i++) {
		char bytes[32];
		snprintf(bytes, sizeof(bytes), "storm %d", i);
		assert_int_equal(crash(f->store, bytes, "D1", "1.0", "stack=a").pruned, i >= 2);
	}
	assert_false(crash(f->store, "other version", "D1", "1.1", "stack=a").pruned);
	assert_false(crash(f->store, "other issue", "D1", "1.0", "stack=b").pruned);
	assert_int_equal(fixture_count(f->store, "SELECT trace_count FROM issues WHERE id = 1"), 7);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM dump_contents WHERE pruned"),
			 4);
	struct fl_claim claim = { 0 };
	assert_ok(fl_store_dump(f->store, 6, &claim, &err), err);
	assert_true(claim.pruned);
	assert_int_equal(claim.bytes.size, 0);
	fl_claim_deinit(&claim);
	assert_ok(fl_store_dump(f->store, 2, &claim, &err), err);
	assert_false(claim.pruned);
	assert_int_equal(claim.bytes.size, 7);
	fl_claim_deinit(&claim);
	assert_invariants(f->store);
}

/* Equal bytes of several devices are stored once. */
static void test_shared_bytes_stay_while_somebody_needs_them(void **state)
{
	struct fixture *f = *state;
	fl_store_set_policy(f->store, &(struct fl_store_policy){ .keep_per_issue = 1 });
	assert_false(crash(f->store, "sample", "D1", "1.0", "stack=a").pruned);
	assert_false(crash(f->store, "sample", "D2", "1.0", "stack=a").pruned);
	int64_t queued = enqueue(f->store, "shared", "D2");
	assert_false(crash(f->store, "shared", "D1", "1.0", "stack=a").pruned);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM dump_contents WHERE pruned"),
			 0);
	const struct report_spec spec = {
		.title = "T", .type = "main", .version = "1.0", .fingerprints = { "stack=a" }
	};
	assert_true(settle_one(f->store, queued, &spec, false).pruned);
	assert_invariants(f->store);
}

static void test_pruned_bytes_are_known_and_come_back(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_claim claim = { 0 };
	fl_store_set_policy(f->store, &(struct fl_store_policy){ .keep_per_issue = 1 });
	crash(f->store, "sample", "D1", "1.0", "stack=a");
	assert_true(crash(f->store, "pruned", "D1", "1.0", "stack=a").pruned);
	assert_int_equal(enqueue(f->store, "pruned", "D1"), 2); /* a duplicate of it */
	int64_t other = enqueue(f->store, "pruned", "D2");      /* to be analysed */
	assert_int_equal(other, 3);
	assert_ok(fl_store_claim(f->store, "1:0", NOON, 60, &claim, &err), err);
	assert_int_equal(claim.dump_id, other);
	assert_false(claim.pruned);
	assert_memory_equal(claim.bytes.data, "pruned", 6);
	fl_claim_deinit(&claim);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM dump_contents"), 2);
	assert_invariants(f->store);
}

static bool see_pruned(void *context, const struct fl_trace_row *row)
{
	unsigned *seen = context;
	*seen = *seen << 1 | row->pruned;
	assert_string_equal(row->kind, "dump");
	assert_false(row->paired);
	return true;
}

static void test_lists_say_what_was_pruned(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	unsigned seen = 0;
	fl_store_set_policy(f->store, &(struct fl_store_policy){ .keep_per_issue = 1 });
	crash(f->store, "one", "D1", "1.0", "stack=a");
	crash(f->store, "two", "D1", "1.0", "stack=a");
	assert_ok(fl_store_traces(f->store, NULL, see_pruned, &seen, &err), err);
	assert_int_equal(seen, 2); /* newest first */
}

static void test_kinds_are_checked_and_kept(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_claim claim = { 0 };
	struct fl_enqueued enqueued;
	const struct fl_upload bad = { .bytes = "x", .size = 1, .kind = FL_REPORT_KIND_COUNT };
	assert_int_equal(fl_store_enqueue(f->store, &bad, &enqueued, &err), FL_EINVALID);
	enqueue_kind(f->store, "bytes", "D1", FL_REPORT_TRACE, 0);
	assert_int_equal(enqueue_kind(f->store, "bytes", "D1", FL_REPORT_REBOOT, 0), 2);
	assert_int_equal(enqueue_kind(f->store, "bytes", "D1", FL_REPORT_TRACE, 0), 1);
	assert_ok(fl_store_claim(f->store, "1:0", NOON, 60, &claim, &err), err);
	assert_int_equal(claim.kind, FL_REPORT_TRACE);
	fl_claim_deinit(&claim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_half_a_message_is_kept),
		store_test(test_what_waits_too_long_is_counted),
		store_test(test_every_byte_is_accounted_for),
		store_test(test_what_is_not_decoded_is_kept),
		store_test(test_kept_bytes_are_compared),
		store_test(test_nothing_cannot_be_kept),
		store_test(test_a_storm_keeps_some_dumps_and_every_trace),
		store_test(test_shared_bytes_stay_while_somebody_needs_them),
		store_test(test_pruned_bytes_are_known_and_come_back),
		store_test(test_lists_say_what_was_pruned),
		store_test(test_kinds_are_checked_and_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
