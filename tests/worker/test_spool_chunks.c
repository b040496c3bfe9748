/* SPDX-License-Identifier: Apache-2.0 */
/* Files in the spool folder that are no dumps: chunks, in whatever they travel in. */
#include "intake/locks.h"
#include "scratch.h"
#include "support/cmocka.h"
#include "support/packetizer.h"
#include "worker/spool.h"

#include <stdlib.h>
#include <string.h>

enum { MESSAGE = 400, CHUNK = 80, TEXT_MAX = 16384 };

static bool never(void *context)
{
	(void)context;
	return false;
}

static struct fl_worker_summary take(struct scratch *scratch)
{
	struct fl_worker_summary summary = { 0 };
	FL_AUTO(fl_spool) spool = NULL;
	struct fl_error err = { 0 };
	bool busy;
	if (fl_spool_open(scratch->spool, &spool, &err))
		fail_msg("%s", err.message);
	const struct fl_intake intake = { .store = scratch_store(scratch),
					  .database = scratch->database,
					  .summary = &summary,
					  .stopping = never };
	if (fl_spool_intake(spool, &intake, &busy, &err))
		fail_msg("%s", err.message);
	return summary;
}

/* Two coredump messages, and all but the end of a third. */
static void pack(struct packets *packets)
{
	for (uint8_t i = 0; i < 3; i++) {
		uint8_t message[MESSAGE];
		memset(message, i, sizeof(message));
		memcpy(message,
		       "\x01"
		       "CORE",
		       5);
		packetize(packets, message, sizeof(message),
			  &(struct packet_options){ .size = CHUNK });
	}
}

/* Chunks [from, to) as a serial log under @p name. */
static void put_log(const struct scratch *scratch, const char *name, const struct packets *packets,
		    size_t from, size_t to)
{
	char text[TEXT_MAX];
	size_t used = 0;
	for (size_t i = from; i < to; i++) {
		char chunk[CHUNK / 3 * 4 + 9];
		packet_base64(packets->items[i].bytes, packets->items[i].size, chunk);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "I MC:%s:\n", chunk);
		assert_true(used < sizeof(text));
	}
	scratch_put_text(scratch, name, text);
}

static uint64_t queued(struct scratch *scratch)
{
	struct fl_queue_counts counts = { 0 };
	assert_int_equal(fl_store_queue_counts(scratch_store(scratch), &counts, NULL), FL_OK);
	return counts.queued;
}

static uint64_t pending(struct scratch *scratch, const char *device)
{
	FL_AUTO_BUFFER state = { 0 };
	FL_AUTO(fl_stream) stream = NULL;
	assert_int_equal(fl_store_partial(scratch_store(scratch), device, &state, NULL), FL_OK);
	assert_int_equal(fl_stream_restore(state.data, state.size, 0, &stream, NULL), FL_OK);
	return fl_stream_pending(stream, NULL);
}

static void test_next_file_completes(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	PACKETS_AUTO packets = { 0 };
	scratch_make(&scratch);
	pack(&packets);
	scratch_put_text(&scratch, "a.log.json", "{\"device\": \"SN-1\", \"cohort\": \"beta\"}");
	scratch_put_text(&scratch, "b.log.json", "{\"device\": \"SN-1\", \"received_at\": 7}");
	put_log(&scratch, "a.log", &packets, 0, 9);
	put_log(&scratch, "b.log", &packets, 9, packets.count);
	assert_int_equal(take(&scratch).spooled, 2);
	assert_int_equal(scratch_count(&scratch), 0);
	assert_int_equal(queued(&scratch), 3);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_string_equal(rows.rows[2].device, "SN-1");
	assert_string_equal(rows.rows[2].source, "b.log");
	assert_int_equal(rows.rows[2].received_at, 7);
}

/* Killed after the commit, before the file was renamed: it is taken in once more. */
static void test_taken_in_again_after_a_crash(void **state)
{
	(void)state;
	static const char *const devices[] = { "SN-1", NULL };
	for (size_t i = 0; i < 2; i++) {
		SCRATCH_AUTO scratch;
		PACKETS_AUTO packets = { 0 };
		char companion[128];
		scratch_make(&scratch);
		pack(&packets);
		snprintf(companion, sizeof(companion), "{\"received_at\": 1700000000%s}",
			 devices[i] ? ", \"device\": \"SN-1\"" : "");
		scratch_put_text(&scratch, "a.log.json", companion);
		put_log(&scratch, "a.log", &packets, 0, packets.count - 1);
		assert_int_equal(take(&scratch).duplicates, 0);
		uint64_t half = devices[i] ? pending(&scratch, "SN-1") : 0;
		scratch_put_text(&scratch, ".taking.a.log.json", companion);
		put_log(&scratch, ".taking.a.log", &packets, 0, packets.count - 1);
		assert_int_equal(take(&scratch).duplicates, 2);
		assert_int_equal(scratch_count(&scratch), 0);
		assert_int_equal(queued(&scratch), 2);
		if (!devices[i])
			continue;
		assert_int_equal(pending(&scratch, "SN-1"), half);
		scratch_put_text(&scratch, "b.log.json", companion);
		put_log(&scratch, "b.log", &packets, packets.count - 1, packets.count);
		take(&scratch);
		assert_int_equal(queued(&scratch), 3);
	}
}

/* Another file of that name is another file. */
static void test_unknown_device_and_a_name_used_again(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	PACKETS_AUTO packets = { 0 };
	scratch_make(&scratch);
	pack(&packets);
	for (int i = 0; i < 2; i++) {
		char companion[128];
		snprintf(companion, sizeof(companion), "{\"received_at\": %d}", 1700000000 + i);
		scratch_put_text(&scratch, "a.log.json", companion);
		put_log(&scratch, "a.log", &packets, 0, packets.count);
		assert_int_equal(take(&scratch).duplicates, 0);
	}
	assert_int_equal(queued(&scratch), 6);
}

static void test_useless_file_is_put_aside(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	scratch_put_text(&scratch, "a.log", "I MC:OWhlbGxv:\n"); /* 39 'h' 'e' 'l' 'l' 'o' */
	assert_int_equal(take(&scratch).spooled, 0);
	assert_true(scratch_has(&scratch, "rejected/a.log"));
	assert_true(scratch_has(&scratch, "rejected/a.log.reason"));
	assert_int_equal(queued(&scratch), 0);
}

/* Somebody else takes in data of the device: the file waits, the worker does not. */
static void test_busy_device_waits(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	PACKETS_AUTO packets = { 0 };
	struct fl_device_locks other;
	char path[160];
	scratch_make(&scratch);
	pack(&packets);
	snprintf(path, sizeof(path), "%s.ingest", scratch.database);
	assert_int_equal(fl_device_locks_init(&other, path, 0, NULL), FL_OK);
	uint64_t offset = fl_device_lock_offset("SN-1");
	assert_int_equal(fl_device_locks_take(&other, &offset, 1, NULL), FL_OK);
	scratch_put_text(&scratch, "a.log.json", "{\"device\": \"SN-1\"}");
	put_log(&scratch, "a.log", &packets, 0, packets.count);
	assert_int_equal(take(&scratch).spooled, 0);
	assert_true(scratch_has(&scratch, "a.log"));
	assert_true(scratch_has(&scratch, "a.log.json"));
	fl_device_locks_deinit(&other);
	assert_int_equal(take(&scratch).spooled, 1);
	assert_int_equal(queued(&scratch), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next_file_completes),
		cmocka_unit_test(test_taken_in_again_after_a_crash),
		cmocka_unit_test(test_unknown_device_and_a_name_used_again),
		cmocka_unit_test(test_useless_file_is_put_aside),
		cmocka_unit_test(test_busy_device_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
