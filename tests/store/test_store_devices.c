/* SPDX-License-Identifier: Apache-2.0 */
/* Turns, rates, and what is known of a device. */
#include "store/fixture.h"
#include "store/internal.h"
#include "store/invariants.h"

#include <stdio.h>

static const struct report_spec plain = { .title = "T", .fingerprints = { "stack=a" } };

/* --- turns --- */

/* The first letter of the next dump in the queue, which is finished; 0 = empty. */
static char next(struct fl_store *store)
{
	struct fl_error err = { 0 };
	struct fl_claim claim = { 0 };
	enum fl_code code = fl_store_claim(store, "1:0", NOON, 60, &claim, &err);
	if (code == FL_ENOTFOUND)
		return 0;
	assert_ok(code, err);
	char letter = *(const char *)claim.bytes.data;
	settle_one(store, claim.dump_id, &plain, false);
	fl_claim_deinit(&claim);
	return letter;
}

static void send(struct fl_store *store, char device, int dumps)
{
	static int number;
	char name[2] = { device, '\0' };
	for (int i = 0; i < dumps; i++) {
		char bytes[32];
		snprintf(bytes, sizeof(bytes), "%c%d", device, number++);
		enqueue(store, bytes, device == 'u' ? NULL : name);
	}
}

static void expect(struct fl_store *store, const char *order)
{
	for (size_t i = 0; order[i]; i++) {
		char letter = next(store);
		if (letter != order[i])
			fail_msg("%c came at %zu of %s", letter ? letter : '-', i, order);
	}
}

static void test_devices_take_turns(void **state)
{
	struct fixture *f = *state;
	send(f->store, 'A', 5);
	send(f->store, 'B', 2);
	send(f->store, 'C', 1);
	expect(f->store, "ABCABAAA");
	assert_int_equal(next(f->store), 0);
	assert_invariants(f->store);
}

static void test_who_comes_late_is_not_last(void **state)
{
	struct fixture *f = *state;
	send(f->store, 'A', 6);
	expect(f->store, "AAA");
	send(f->store, 'B', 2);
	expect(f->store, "ABAB");
	send(f->store, 'u', 2); /* nobody in particular: at the head */
	expect(f->store, "Auu");
	assert_int_equal(next(f->store), 0);
}

/* A storm that is over does not count against the device. */
static void test_a_past_storm_is_forgotten(void **state)
{
	struct fixture *f = *state;
	send(f->store, 'A', 50);
	for (int i = 0; i < 50; i++)
		assert_int_equal(next(f->store), 'A');
	send(f->store, 'B', 3);
	send(f->store, 'A', 3);
	expect(f->store, "BABABA");
	send(f->store, 'A', 2);
	send(f->store, 'C', 2);
	expect(f->store, "ACAC");
	assert_invariants(f->store);
}

static void test_what_is_given_back_keeps_its_place(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_claim claim = { 0 };
	send(f->store, 'A', 2);
	send(f->store, 'B', 2);
	assert_ok(fl_store_claim(f->store, "1:0", NOON, 60, &claim, &err), err);
	assert_ok(fl_store_release(f->store, claim.dump_id, &err), err);
	fl_claim_deinit(&claim);
	expect(f->store, "ABAB");
}

static void test_what_is_tried_again_comes_to_the_head(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	uint64_t retried;
	send(f->store, 'Q', 1);
	assert_ok(fl_store_quarantine(f->store, 1, "killed", NULL, &err), err);
	send(f->store, 'A', 3);
	expect(f->store, "A");
	assert_ok(fl_store_retry(f->store, 0, &retried, &err), err);
	send(f->store, 'B', 1);
	expect(f->store, "QABA");
	assert_invariants(f->store);
}

static void add_symbols(struct fl_store *store)
{
	struct fl_error err = { 0 };
	struct fl_symbol_added added;
	struct fl_module_info module = { .name = "fw.elf", .build_id_size = 20 };
	memset(module.build_id, 1, 20);
	const struct fl_symbol_file file = {
		.name = "fw.elf", .bytes = "ELF", .size = 3, .modules = &module, .module_count = 1
	};
	assert_ok(fl_store_add_symbols(store, &file, &added, &err), err);
}

/* Symbols for a thousand dumps: whoever sends now takes turns with all of them. */
static void test_bulk_work_is_one_flow(void **state)
{
	struct fixture *f = *state;
	const struct report_spec no_elf = { .title = "T", .build = 1 };
	enum { WAITING = 6 };
	for (int i = 0; i < WAITING; i++)
		send(f->store, (char)('a' + i % 3), 1);
	for (int i = 1; i <= WAITING; i++)
		settle_one(f->store, i, &no_elf, true);
	send(f->store, 'A', 20);
	expect(f->store, "AAAAAAAAAA");
	add_symbols(f->store);
	send(f->store, 'B', 2);
	expect(f->store, "aABbABcAaAbAcAAAAA");
	assert_int_equal(next(f->store), 0);
	send(f->store, 'B', 2);
	send(f->store, 'C', 2);
	expect(f->store, "BCBC");
	assert_invariants(f->store);
}

/* --- rates --- */

static void limit(struct fl_store *store, uint32_t rate, uint32_t seconds)
{
	fl_store_set_policy(store, &(struct fl_store_policy){ .device_rate = rate,
							      .device_rate_seconds = seconds });
}

static int kept_of(struct fl_store *store, const char *device, int from, int to, int step)
{
	static int number;
	int kept = 0;
	for (int at = from; at != to; at += step) {
		char bytes[32];
		snprintf(bytes, sizeof(bytes), "%d", number++);
		kept += enqueue_kind(store, bytes, device,
				     number % 2 ? FL_REPORT_DUMP : FL_REPORT_REBOOT, at) != 0;
	}
	return kept;
}

static void test_a_device_has_a_rate(void **state)
{
	struct fixture *f = *state;
	limit(f->store, 3, 100);
	assert_int_equal(kept_of(f->store, "D1", 0, 10, 1), 3);
	assert_int_equal(kept_of(f->store, "D2", 0, 2, 1), 2);
	assert_int_equal(kept_of(f->store, NULL, 0, 10, 1), 10); /* is not one device */
	assert_int_equal(kept_of(f->store, "D1", 99, 100, 1), 0);
	assert_int_equal(kept_of(f->store, "D1", 100, 110, 1), 3);     /* the next window */
	assert_int_equal(kept_of(f->store, "D1", 95, 85, -1), 0);      /* a little late */
	assert_int_equal(kept_of(f->store, "D1", -5000, -4990, 1), 3); /* an import */
	assert_int_equal(fixture_count(f->store, "SELECT limited FROM devices WHERE serial = 'D1'"),
			 7 + 1 + 7 + 10 + 7);
	limit(f->store, 0, 0);
	assert_int_equal(kept_of(f->store, "D1", 0, 10, 1), 10);
	fl_store_set_policy(f->store, NULL);
	assert_invariants(f->store);
}

static void test_a_duplicate_is_no_part_of_the_rate(void **state)
{
	struct fixture *f = *state;
	limit(f->store, 2, 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(enqueue(f->store, "same", "D1"), 1);
	assert_true(enqueue(f->store, "second", "D1") != 0);
	assert_int_equal(enqueue_kind(f->store, "third", "D1", FL_REPORT_DUMP, 3599), 0);
	assert_int_equal(enqueue(f->store, "same", "D1"), 1);
	assert_int_equal(enqueue_kind(f->store, "fourth", "D1", FL_REPORT_DUMP, 3600), 3);
	assert_int_equal(fixture_count(f->store, "SELECT limited FROM devices"), 1);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM dump_contents"), 3);
}

/* --- rows --- */

struct lines {
	char text[2048];
};

static bool add_device(void *context, const struct fl_device_row *row)
{
	struct lines *lines = context;
	size_t used = strlen(lines->text);
	snprintf(lines->text + used, sizeof(lines->text) - used,
		 "%s %s %s %s %s %d-%d t%d i%d e%d u%d r%d l%d p%d\n", row->serial,
		 row->cohort ? row->cohort : "-", row->software_type ? row->software_type : "-",
		 row->software_version ? row->software_version : "-",
		 row->hardware_version ? row->hardware_version : "-", (int)(row->first_seen - NOON),
		 (int)(row->last_seen - NOON), (int)row->traces, (int)row->issues,
		 (int)row->expected_reboots, (int)row->unexpected_reboots,
		 (int)row->recent_unexpected, (int)row->limited, (int)row->pending_bytes);
	return true;
}

static void
devices_are(struct fl_store *store, const struct fl_device_filter *filter, const char *text)
{
	struct fl_error err = { 0 };
	struct lines lines = { "" };
	assert_ok(fl_store_devices(store, filter, add_device, &lines, &err), err);
	assert_string_equal(lines.text, text);
}

static int64_t upload(struct fl_store *store, const char *bytes, const char *version,
		      const char *hardware, int after)
{
	struct fl_error err = { 0 };
	struct fl_enqueued enqueued;
	const struct fl_upload what = { .bytes = bytes,
					.size = strlen(bytes),
					.device = "D1",
					.cohort = "beta",
					.software_type = version ? "main" : NULL,
					.software_version = version,
					.hardware_version = hardware,
					.received_at = NOON + after };
	assert_ok(fl_store_enqueue(store, &what, &enqueued, &err), err);
	return enqueued.dump_id;
}

static void test_a_device_is_what_it_last_said(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	const struct report_spec crashed = {
		.title = "T", .type = "main", .version = "1.0", .fingerprints = { "stack=a" }
	};
	const struct fl_kept beat = { .kind = "heartbeat",
				      .device = "D1",
				      .software_type = "main",
				      .software_version = "1.1",
				      .received_at = NOON + 50 };
	int64_t dump = upload(f->store, "one", NULL, "evt", 50);
	devices_are(f->store, NULL, "D1 beta - - evt 50-50 t0 i0 e0 u0 r0 l0 p0\n");
	assert_ok(fl_store_keep(f->store, &beat, NULL, &err), err);
	devices_are(f->store, NULL, "D1 beta main 1.1 evt 50-50 t0 i0 e0 u0 r0 l0 p0\n");
	settle_one(f->store, dump, &crashed, false); /* it crashed before it was updated */
	devices_are(f->store, NULL, "D1 beta main 1.1 evt 50-50 t1 i1 e0 u1 r1 l0 p0\n");
	upload(f->store, "old", "0.9", "proto", 10);
	devices_are(f->store, NULL, "D1 beta main 1.1 evt 10-50 t1 i1 e0 u1 r1 l0 p0\n");
	settle_one(f->store, upload(f->store, "new", NULL, NULL, 60), &crashed, false);
	devices_are(f->store, NULL, "D1 beta main 1.0 evt 10-60 t2 i1 e0 u2 r2 l0 p0\n");
	assert_ok(fl_store_put_partial(f->store, "D2", "half", 4, 77, NOON + 70, &err), err);
	devices_are(f->store, &(struct fl_device_filter){ .serial = "D2" },
		    "D2 - - - - 70-70 t0 i0 e0 u0 r0 l0 p77\n");
	devices_are(f->store, &(struct fl_device_filter){ .cohort = "beta" },
		    "D1 beta main 1.0 evt 10-60 t2 i1 e0 u2 r2 l0 p0\n");
	devices_are(f->store, &(struct fl_device_filter){ .serial = "D3" }, "");
}

/* A serial that only the dump knows. */
static void test_a_device_found_in_a_dump_is_seen(void **state)
{
	struct fixture *f = *state;
	const struct report_spec spec = {
		.title = "T", .serial = "inside", .hardware = "dvt", .fingerprints = { "stack=a" }
	};
	file_one(f->store, "one", &spec);
	devices_are(f->store, NULL, "inside - - - dvt 0-0 t1 i1 e0 u1 r1 l0 p0\n");
}

/* --- boot loops --- */

static void reboot(struct fl_store *store, const char *device, uint32_t reason, int captured)
{
	static int number;
	char bytes[32];
	const struct report_spec spec = { .kind = FL_REPORT_REBOOT,
					  .reason = reason,
					  .reason_name = reason < 0x8000 ? "PinReset" : "Watchdog",
					  .title = "T",
					  .type = "main",
					  .version = device,
					  .captured_at = captured ? (uint32_t)(NOON + captured) : 0,
					  .fingerprints = { "stack=a" } };
	snprintf(bytes, sizeof(bytes), "reboot %d", number++);
	settle_one(store, enqueue_kind(store, bytes, device, FL_REPORT_REBOOT, 1000), &spec, false);
}

static void test_boot_loops_are_found_at_any_time(void **state)
{
	struct fixture *f = *state;
	static const int loop[] = { 10, 5000, 5030, 5060, 90000 };
	static const int slow[] = { 10, 1000, 2000, 3000, 4000 };
	for (int i = 0; i < 5; i++) {
		reboot(f->store, "loop", 0x8002, loop[i]);
		reboot(f->store, "slow", 0x8002, slow[i]);
		reboot(f->store, "user", 0x000a, loop[i]);
	}
	reboot(f->store, "zero", 0, 20);
	devices_are(f->store,
		    &(struct fl_device_filter){ .unexpected_min = 3, .within_seconds = 60 },
		    "loop - main loop - 1000-1000 t5 i1 e0 u5 r3 l0 p0\n");
	devices_are(f->store,
		    &(struct fl_device_filter){ .unexpected_min = 3, .within_seconds = 59 }, "");
	devices_are(f->store,
		    &(struct fl_device_filter){ .unexpected_min = 3, .within_seconds = 2000 },
		    "loop - main loop - 1000-1000 t5 i1 e0 u5 r3 l0 p0\n"
		    "slow - main slow - 1000-1000 t5 i1 e0 u5 r3 l0 p0\n");
	devices_are(f->store, &(struct fl_device_filter){ .serial = "user" },
		    "user - main user - 1000-1000 t0 i0 e5 u0 r0 l0 p0\n");
	devices_are(f->store, &(struct fl_device_filter){ .serial = "zero" },
		    "zero - main zero - 1000-1000 t1 i1 e0 u1 r1 l0 p0\n");
	assert_invariants(f->store);
}

/* A dump stands for its event until that comes. */
static void test_a_reboot_is_counted_once(void **state)
{
	struct fixture *f = *state;
	struct report_spec spec = { .title = "T",
				    .reason = 0x9400,
				    .pc = 0x08001000,
				    .lr = 0x08000101,
				    .captured_at = NOON + 5,
				    .fingerprints = { "stack=a" } };
	settle_one(f->store, enqueue(f->store, "dump", "D1"), &spec, false);
	settle_one(f->store, enqueue(f->store, "waits", "D1"), &spec, true);
	const struct fl_device_filter twice = { .unexpected_min = 2 };
	devices_are(f->store, &twice, "D1 - - - - 0-0 t2 i1 e0 u2 r2 l0 p0\n");
	spec.kind = FL_REPORT_REBOOT;
	spec.coredump_saved = true;
	settle_one(f->store, enqueue_kind(f->store, "event", "D1", FL_REPORT_REBOOT, 0), &spec,
		   false);
	devices_are(f->store, &twice, "D1 - - - - 0-0 t2 i1 e0 u2 r2 l0 p0\n");
	assert_int_equal(
		fixture_count(f->store, "SELECT count(*) FROM reboots WHERE at <> 1700000005"), 0);
}

/* The newest report names it: also a dump's that finds its event's row. */
static void test_a_dump_names_the_reboot_of_its_event(void **state)
{
	struct fixture *f = *state;
	struct report_spec spec = { .kind = FL_REPORT_REBOOT,
				    .reason = 0x9400,
				    .reason_name = "0x9400",
				    .pc = 0x08001000,
				    .lr = 0x08000101,
				    .coredump_saved = true,
				    .fingerprints = { "site=a" } };
	settle_one(f->store, enqueue_kind(f->store, "event", "D1", FL_REPORT_REBOOT, 0), &spec,
		   false);
	spec.kind = FL_REPORT_DUMP;
	spec.reason_name = "HardFault";
	settle_one(f->store, enqueue(f->store, "dump", "D1"), &spec, false);
	assert_int_equal(
		fixture_count(f->store, "SELECT count(*) FROM reboots WHERE name = 'HardFault'"),
		1);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM reboots"), 1);
}

static bool add_reboot(void *context, const struct fl_reboot_row *row)
{
	struct lines *lines = context;
	size_t used = strlen(lines->text);
	snprintf(lines->text + used, sizeof(lines->text) - used, "%s %s %x %s %d %d %d %d-%d\n",
		 row->software_type ? row->software_type : "-",
		 row->software_version ? row->software_version : "-", row->code, row->name,
		 row->expected, (int)row->count, (int)row->devices, (int)(row->first_at - NOON),
		 (int)(row->last_at - NOON));
	return true;
}

static void test_reboots_by_version_and_reason(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct lines all = { "" }, one = { "" };
	reboot(f->store, "v1", 0x8002, 10);
	reboot(f->store, "v1", 0x8002, 30);
	reboot(f->store, "v1", 0x000a, 20);
	reboot(f->store, "v2", 0x8002, 0);
	file_one(f->store, "dump", &plain);
	assert_ok(fl_store_reboots(f->store, NULL, add_reboot, &all, &err), err);
	assert_string_equal(all.text, "main v1 8002 Watchdog 0 2 1 10-30\n"
				      "main v2 8002 Watchdog 0 1 1 1000-1000\n"
				      "main v1 a PinReset 1 1 1 20-20\n"
				      "- - 0 Unknown 0 1 0 0-0\n");
	assert_ok(fl_store_reboots(f->store, "v2", add_reboot, &one, &err), err);
	assert_string_equal(one.text, "main v2 8002 Watchdog 0 1 1 1000-1000\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_devices_take_turns),
		store_test(test_who_comes_late_is_not_last),
		store_test(test_a_past_storm_is_forgotten),
		store_test(test_what_is_given_back_keeps_its_place),
		store_test(test_what_is_tried_again_comes_to_the_head),
		store_test(test_bulk_work_is_one_flow),
		store_test(test_a_device_has_a_rate),
		store_test(test_a_duplicate_is_no_part_of_the_rate),
		store_test(test_a_device_is_what_it_last_said),
		store_test(test_a_device_found_in_a_dump_is_seen),
		store_test(test_boot_loops_are_found_at_any_time),
		store_test(test_a_reboot_is_counted_once),
		store_test(test_a_dump_names_the_reboot_of_its_event),
		store_test(test_reboots_by_version_and_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
