/* SPDX-License-Identifier: Apache-2.0 */
/* Several processes, and processes that are killed. */
#include "intake/locks.h"
#include "parcel.h"
#include "support/cmocka.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MEMORY = 1100000, CHUNK = 30000 };

/* Larger than a batch, so that batches end in the middle of messages. */
static void put_big_spool(struct bytes *out, unsigned seed, unsigned count)
{
	PACKETS_AUTO packets = { 0 };
	for (unsigned i = 0; i < count; i++) {
		BYTES_AUTO message = { 0 };
		put_dump_message(&message, seed + i, MEMORY, false);
		packetize(&packets, message.data, message.size,
			  &(struct packet_options){ .size = CHUNK });
	}
	put_spool(out, &packets);
}

/* With pauses, so that the others have their chance between two batches. */
static enum fl_code
feed_slowly(struct fl_delivery *delivery, const struct bytes *bytes, struct fl_error *err)
{
	enum { PIECE = 1 << 20, PAUSE_MICROSECONDS = 20000 };
	enum fl_code code = FL_OK;
	for (size_t at = 0; !code && at < bytes->size; at += PIECE) {
		size_t size = bytes->size - at < PIECE ? bytes->size - at : PIECE;
		code = fl_delivery_feed(delivery, bytes->data + at, size, err);
		usleep(PAUSE_MICROSECONDS);
	}
	return code;
}

/* In a process of its own. @return its id. */
static pid_t start(struct depot *depot, const struct bytes *bytes, const char *device)
{
	depot_close(depot);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid)
		return pid;
	FL_AUTO(fl_delivery) delivery = NULL;
	struct fl_error err = { 0 };
	struct fl_delivery_options options = options_of(depot, device);
	bool good = fl_delivery_open(&options, &delivery, &err) == FL_OK &&
		    feed_slowly(delivery, bytes, &err) == FL_OK &&
		    fl_delivery_end(delivery, &err) == FL_OK;
	if (!good)
		fprintf(stderr, "%s\n", err.message);
	_exit(good ? 0 : 1);
}

static void join(pid_t pid)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_one_writer_per_device(void **state)
{
	(void)state;
	enum { PROCESSES = 3, MESSAGES = 7 };
	DEPOT_AUTO depot;
	struct bytes spools[PROCESSES] = { 0 };
	pid_t pids[PROCESSES];
	depot_make(&depot);
	(void)depot_store(&depot);
	for (unsigned i = 0; i < PROCESSES; i++)
		put_big_spool(&spools[i], i * MESSAGES, MESSAGES);
	for (unsigned i = 0; i < PROCESSES; i++)
		pids[i] = start(&depot, &spools[i], "SN-1");
	for (unsigned i = 0; i < PROCESSES; i++) {
		join(pids[i]);
		bytes_free(&spools[i]);
	}
	struct stock stock = depot_stock(&depot);
	assert_int_equal(stock.queue.queued, PROCESSES * MESSAGES);
	assert_int_equal(stock.transport.messages, PROCESSES * MESSAGES);
	for (size_t i = 0; i < FL_DROP_COUNT; i++)
		assert_int_equal(stock.transport.drops[i].events, 0);
}

/* The devices of one export in this order, those of the other in the opposite one. */
static void test_exports_do_not_wait_for_each_other(void **state)
{
	(void)state;
	enum { DEVICES = 40, ROUNDS = 60 };
	DEPOT_AUTO depot;
	PACKETS_AUTO packets = { 0 };
	BYTES_AUTO up = { 0 };
	BYTES_AUTO down = { 0 };
	depot_make(&depot);
	(void)depot_store(&depot);
	BYTES_AUTO message = { 0 };
	put_heartbeat_message(&message, 1);
	packetize(&packets, message.data, message.size, &(struct packet_options){ .size = 80 });
	for (int i = 0; i < DEVICES * ROUNDS; i++) {
		char serial[16];
		snprintf(serial, sizeof(serial), "SN-%d", i % DEVICES);
		put_event(&up, &packets.items[0], serial);
		put_string(&up, "\n");
		snprintf(serial, sizeof(serial), "SN-%d", DEVICES - 1 - i % DEVICES);
		put_event(&down, &packets.items[0], serial);
		put_string(&down, "\n");
	}
	alarm(60); /* a dead lock would be for ever */
	pid_t first = start(&depot, &up, NULL);
	pid_t second = start(&depot, &down, NULL);
	join(first);
	join(second);
	alarm(0);
	struct stock stock = depot_stock(&depot);
	assert_int_equal(stock.transport.messages, 2 * DEVICES * ROUNDS);
	assert_int_equal(stock.heartbeats, DEVICES);
}

/* What was flushed is there, whenever the process dies. */
static void test_killed_after_any_flush(void **state)
{
	(void)state;
	PACKETS_AUTO packets = { 0 };
	pack_sample(&packets, 150);
	for (size_t flushed = 0; flushed <= packets.count; flushed++) {
		DEPOT_AUTO depot;
		int ready[2];
		char byte;
		depot_make(&depot);
		depot_close(&depot);
		assert_int_equal(pipe(ready), 0);
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (!pid) {
			FL_AUTO(fl_delivery) delivery = NULL;
			struct fl_delivery_options options = options_of(&depot, "SN-1");
			options.carrier = FL_CARRIER_LOG;
			bool good = fl_delivery_open(&options, &delivery, NULL) == FL_OK;
			for (size_t i = 0; good && i < packets.count; i++) {
				const struct packets one = { .items = packets.items + i,
							     .count = 1 };
				BYTES_AUTO bytes = { 0 };
				if (i == flushed)
					good = fl_delivery_flush(delivery, NULL) == FL_OK;
				put_log(&bytes, &one);
				good = good && fl_delivery_feed(delivery, bytes.data, bytes.size,
								NULL) == FL_OK;
			}
			if (good && flushed == packets.count)
				good = fl_delivery_flush(delivery, NULL) == FL_OK;
			good = good && write(ready[1], "x", 1) == 1;
			for (;;)
				pause();
		}
		close(ready[1]);
		assert_int_equal(read(ready[0], &byte, 1), 1);
		close(ready[0]);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		if (flushed < packets.count) { /* the rest comes again */
			const struct packets rest = { .items = packets.items + flushed,
						      .count = packets.count - flushed };
			BYTES_AUTO bytes = { 0 };
			put_log(&bytes, &rest);
			struct fl_delivery_options options = options_of(&depot, "SN-1");
			(void)deliver(&options, bytes.data, bytes.size, 0);
		}
		struct stock stock = depot_stock(&depot);
		assert_int_equal(stock.transport.chunks, packets.count);
		assert_int_equal(stock.transport.messages, 4);
		assert_int_equal(stock.queue.queued, 3);
		assert_int_equal(stock.heartbeats, 1);
	}
}

/* Each handle of the file stands for a process. */
static void test_locks(void **state)
{
	(void)state;
	DEPOT_AUTO depot;
	struct fl_device_locks a, b;
	struct fl_error err = { 0 };
	depot_make(&depot);
	assert_int_equal(fl_device_locks_init(&a, depot.locks, 1, NULL), FL_OK);
	assert_int_equal(fl_device_locks_init(&b, depot.locks, 1, NULL), FL_OK);
	uint64_t one[] = { fl_device_lock_offset("SN-1"), fl_device_lock_offset("SN-1") };
	uint64_t other[] = { fl_device_lock_offset("SN-2") };
	uint64_t both[] = { one[0], other[0] };
	assert_int_equal(fl_device_locks_take(&a, one, 2, NULL), FL_OK);
	assert_int_equal(a.held_count, 1);
	assert_int_equal(fl_device_locks_take(&b, other, 1, NULL), FL_OK);
	assert_int_equal(fl_device_locks_take(&b, both, 2, &err), FL_EIO);
	assert_true(b.busy);
	assert_non_null(strstr(err.message, "another process"));
	/* Nobody waits with a lock in hand: a may have it now. */
	assert_int_equal(fl_device_locks_take(&a, both, 2, NULL), FL_OK);
	assert_int_equal(a.held_count, 2);
	fl_device_locks_release(&a);
	assert_int_equal(fl_device_locks_take(&b, both, 2, NULL), FL_OK);
	assert_int_equal(b.held_count, 2);
	fl_device_locks_deinit(&b); /* as the end of a process does */
	assert_int_equal(fl_device_locks_take(&a, both, 2, NULL), FL_OK);
	fl_device_locks_deinit(&a);
	assert_int_equal(fl_device_locks_init(&a, "/nonexistent/x", 1, &err), FL_EIO);
	assert_non_null(strstr(err.message, "/nonexistent/x"));
}

static void test_busy_device(void **state)
{
	(void)state;
	DEPOT_AUTO depot;
	struct fl_device_locks other;
	PACKETS_AUTO packets = { 0 };
	BYTES_AUTO log = { 0 };
	FL_AUTO(fl_delivery) delivery = NULL;
	struct fl_error err = { 0 };
	depot_make(&depot);
	pack_sample(&packets, 80);
	put_log(&log, &packets);
	assert_int_equal(fl_device_locks_init(&other, depot.locks, 0, NULL), FL_OK);
	uint64_t one[] = { fl_device_lock_offset("SN-1") };
	assert_int_equal(fl_device_locks_take(&other, one, 1, NULL), FL_OK);
	struct fl_delivery_options options = options_of(&depot, "SN-1");
	options.wait_seconds = 1;
	assert_int_equal(fl_delivery_open(&options, &delivery, NULL), FL_OK);
	assert_int_equal(fl_delivery_feed(delivery, log.data, log.size, NULL), FL_OK);
	assert_int_equal(fl_delivery_end(delivery, &err), FL_EIO);
	assert_true(fl_delivery_is_busy(delivery));
	assert_int_equal(depot_stock(&depot).transport.chunks, 0);
	/* Another device is none of its business. */
	options.device = "SN-2";
	assert_int_equal(deliver(&options, log.data, log.size, 0).queued, 3);
	fl_device_locks_deinit(&other);
	options.device = "SN-1";
	assert_int_equal(deliver(&options, log.data, log.size, 0).queued, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_writer_per_device),
		cmocka_unit_test(test_exports_do_not_wait_for_each_other),
		cmocka_unit_test(test_killed_after_any_flush),
		cmocka_unit_test(test_locks),
		cmocka_unit_test(test_busy_device),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
