/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dumps that are analysed and filed together: one costs the others nothing, whatever happens to it,
 * to the worker or to the database. The linker puts the functions below before those of the store.
 */
#include "scratch.h"
#include "support/cmocka.h"
#include "support/event_writer.h"
#include "worker/batch.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#define BUILD FL_CORPUS "/m4f-og"
#define OTHER FL_CORPUS "/m4f-o2"

enum { MANY = 12 };

/* --- a database that fails --- */

enum fl_code __real_fl_store_finish(struct fl_store *store, struct fl_result **results,
				    size_t count, struct fl_error *err);
enum fl_code __wrap_fl_store_finish(struct fl_store *store, struct fl_result **results,
				    size_t count, struct fl_error *err);
size_t __real_fl_store_dumps(struct fl_store *store, const int64_t *ids, size_t count,
			     size_t bytes_max, struct fl_read_dump *ret);
size_t __wrap_fl_store_dumps(struct fl_store *store, const int64_t *ids, size_t count,
			     size_t bytes_max, struct fl_read_dump *ret);

static struct {
	enum fl_code code; /* of whatever files that dump; FL_ECHILD: it kills the worker,
			      FL_ELIMIT: only that one is not filed */
	int64_t dump_id;   /* -1: of none */
	unsigned times;
} failure = { .dump_id = -1 };

static int64_t unreadable = -1; /* the disk fails there */

/* Another worker that is at work until so many dumps are filed, and what was filed at once. */
static struct {
	int claims; /* its lock; -1: there is none */
	size_t until, filed;
	size_t batches[64];
	size_t batch_count;
} neighbour = { .claims = -1 };

static void note_batch(size_t count)
{
	if (neighbour.claims < 0)
		return;
	assert_true(neighbour.batch_count <
		    sizeof(neighbour.batches) / sizeof(neighbour.batches[0]));
	neighbour.batches[neighbour.batch_count++] = count;
	neighbour.filed += count;
	if (neighbour.filed < neighbour.until)
		return;
	close(neighbour.claims);
	neighbour.claims = -1;
}

size_t __wrap_fl_store_dumps(struct fl_store *store, const int64_t *ids, size_t count,
			     size_t bytes_max, struct fl_read_dump *ret)
{
	size_t read = __real_fl_store_dumps(store, ids, count, bytes_max, ret);
	for (size_t i = 0; i < read; i++)
		if (ids[i] == unreadable) {
			fl_claim_deinit(&ret[i].claim);
			(void)!fl_fail(&ret[i].error, FL_EIO, FL_AT_NONE, 0, "the disk fails");
		}
	return read;
}

static enum fl_code finish_all_but(size_t i, struct fl_store *store, struct fl_result **results,
				   size_t count, struct fl_error *err)
{
	struct fl_result *one = results[i];
	results[i] = results[count - 1];
	results[count - 1] = one;
	(void)!fl_fail(&one->error, failure.code, FL_AT_NONE, 0, "as the test wants it");
	return __real_fl_store_finish(store, results, count - 1, err);
}

enum fl_code __wrap_fl_store_finish(struct fl_store *store, struct fl_result **results,
				    size_t count, struct fl_error *err)
{
	note_batch(count);
	for (size_t i = 0; i < count; i++) {
		if (results[i]->dump_id != failure.dump_id || !failure.times ||
		    results[i]->kind != FL_RESULT_FILE)
			continue;
		failure.times--;
		if (failure.code == FL_ECHILD)
			raise(SIGKILL);
		if (failure.code == FL_ELIMIT)
			return finish_all_but(i, store, results, count, err);
		return fl_fail(err, failure.code, FL_AT_NONE, 0, "as the test wants it");
	}
	return __real_fl_store_finish(store, results, count, err);
}

/* --- dumps --- */

static int64_t enqueue(struct scratch *scratch, enum fl_report_kind kind, const void *bytes,
		       size_t size, const char *device, const char *source)
{
	const struct fl_upload upload = { .bytes = bytes,
					  .size = size,
					  .kind = kind,
					  .device = device,
					  .source = source,
					  .received_at = 1767225600 };
	struct fl_enqueued enqueued;
	struct fl_error err = { 0 };
	if (fl_store_enqueue(scratch_store(scratch), &upload, &enqueued, &err))
		fail_msg("%s", err.message);
	return enqueued.dump_id;
}

static int64_t
enqueue_dump(struct scratch *scratch, const char *build, const char *device, const char *source)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/null-read/dump.core", build);
	FL_AUTO_BUFFER bytes = scratch_read(path);
	return enqueue(scratch, FL_REPORT_DUMP, bytes.data, bytes.size, device, source);
}

static void add_symbols(struct scratch *scratch, const char *build)
{
	char path[512];
	struct fl_symbol_added added;
	snprintf(path, sizeof(path), "%s/fw.elf", build);
	scratch_add_symbols(scratch, path, NULL, NULL, &added);
}

/* --- workers --- */

static enum fl_code
try_run(struct scratch *scratch, struct fl_worker_options options, struct fl_worker_summary *ret)
{
	struct fl_error err = { 0 };
	options.database = scratch->database;
	options.once = true;
	return fl_worker_run(&options, ret, &err);
}

static struct fl_worker_summary run(struct scratch *scratch, struct fl_worker_options options)
{
	struct fl_worker_summary summary;
	assert_int_equal(try_run(scratch, options, &summary), FL_OK);
	return summary;
}

static size_t claim(struct scratch *scratch, int64_t now, int64_t *ids, size_t room)
{
	size_t count = 0;
	assert_int_equal(fl_store_claim_batch(scratch_store(scratch), "test", now, 10, ids, room,
					      &count, NULL),
			 FL_OK);
	return count;
}

static struct fl_queue_counts counts_of(struct scratch *scratch)
{
	struct fl_queue_counts counts;
	assert_int_equal(fl_store_queue_counts(scratch_store(scratch), &counts, NULL), FL_OK);
	return counts;
}

/* Enough to run one batch by hand. */
struct hand {
	struct fl_batch_options options;
	struct fl_choices choices;
	struct fl_worker_summary summary;
	unsigned asked, stop_at; /* told to stop when asked so often; 0 = never */
	bool kill;               /* and then there is no worker any more */
	/* After the first dump was analysed somebody else does that. */
	void (*meanwhile)(struct fl_store *store);
};

static bool stopping(void *context)
{
	struct hand *hand = context;
	if (++hand->asked == 1 && hand->meanwhile)
		hand->meanwhile(hand->options.store);
	bool stop = hand->stop_at && hand->asked >= hand->stop_at;
	if (stop && hand->kill)
		raise(SIGKILL);
	return stop;
}

static void hand_init(struct hand *hand, struct scratch *scratch)
{
	struct fl_sandbox *sandbox = NULL;
	assert_int_equal(fl_sandbox_open(NULL, &sandbox, NULL), FL_OK);
	hand->options = (struct fl_batch_options){ .store = scratch_store(scratch),
						   .sandbox = sandbox,
						   .choices = &hand->choices,
						   .summary = &hand->summary,
						   .attempts = 3,
						   .stopping = stopping,
						   .context = hand };
}

static void hand_deinit(struct hand *hand)
{
	fl_choices_deinit(&hand->choices);
	fl_sandbox_close(hand->options.sandbox);
}
#define HAND_AUTO __attribute__((__cleanup__(hand_deinit))) struct hand

/* --- one among many --- */

static void test_a_bad_dump_in_the_middle(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch, BUILD);
	for (int i = 0; i < MANY; i++) {
		char name[16];
		snprintf(name, sizeof(name), "%d", i);
		if (i % 4 == 1)
			enqueue(&scratch, FL_REPORT_DUMP, name, strlen(name), NULL, name);
		else
			enqueue_dump(&scratch, i % 4 == 2 ? OTHER : BUILD, NULL, name);
	}
	struct fl_worker_summary summary = run(&scratch, (struct fl_worker_options){ 0 });
	assert_int_equal(summary.filed, MANY / 2);
	assert_int_equal(summary.new_issues, 1);
	assert_int_equal(summary.waiting, MANY / 4);
	assert_int_equal(summary.quarantined, MANY / 4);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	static const char *const states[] = { "done", "quarantined", "waiting", "done" };
	for (int i = 0; i < MANY; i++) {
		assert_string_equal(rows.rows[i].state, states[i % 4]);
		assert_int_equal(rows.rows[i].attempts, 1);
	}
}

/* More than are read at once: each result is that of its own dump. */
static void test_a_long_batch_mixes_nothing_up(void **state)
{
	(void)state;
	enum { LONG = 60 };
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch, BUILD);
	for (int i = 0; i < LONG; i++) {
		char name[16];
		snprintf(name, sizeof(name), "%d", i);
		if (i % 3)
			enqueue_dump(&scratch, BUILD, name, name);
		else
			enqueue(&scratch, FL_REPORT_DUMP, name, strlen(name), NULL, name);
	}
	struct fl_worker_summary summary = run(&scratch, (struct fl_worker_options){ 0 });
	assert_int_equal(summary.filed, LONG - LONG / 3);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	for (int i = 0; i < LONG; i++)
		assert_string_equal(rows.rows[i].state, i % 3 ? "done" : "quarantined");
}

/* Two builds that take turns: each dump is read with its own ELF, whichever was used before. */
/* What is left at the end is not taken whole where another worker may want some of it. */
static void test_the_end_of_the_queue_is_shared(void **state)
{
	enum { DUMPS = 100, SMALL = 8 };
	SCRATCH_AUTO scratch;
	char path[160];
	scratch_make(&scratch);
	add_symbols(&scratch, BUILD);
	for (int i = 0; i < DUMPS; i++) {
		char device[16];
		snprintf(device, sizeof(device), "unit-%d", i);
		enqueue_dump(&scratch, BUILD, device, "dump");
	}
	snprintf(path, sizeof(path), "%s.claims", scratch.database);
	neighbour.claims = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0666);
	assert_int_equal(flock(neighbour.claims, LOCK_SH), 0);
	neighbour.until = DUMPS;
	struct fl_worker_summary summary = run(&scratch, (struct fl_worker_options){ 0 });
	assert_int_equal(summary.filed, DUMPS);
	size_t left = DUMPS;
	for (size_t i = 0; i < neighbour.batch_count; left -= neighbour.batches[i++])
		assert_true(neighbour.batches[i] <= SMALL || neighbour.batches[i] <= left / 2);
	assert_int_equal(left, 0);
	(void)state;
}

static void test_builds_take_turns(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch, BUILD);
	add_symbols(&scratch, OTHER);
	for (int i = 0; i < MANY; i++)
		enqueue_dump(&scratch, i % 2 ? OTHER : BUILD, NULL, "dump");
	assert_int_equal(run(&scratch, (struct fl_worker_options){ 0 }).filed, MANY);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	for (size_t i = 0; i < rows.count; i++) {
		FL_AUTO(fl_report) report = NULL;
		assert_int_equal(
			fl_store_report(scratch_store(&scratch), rows.rows[i].id, &report, NULL),
			FL_OK);
		struct fl_report_facts facts = fl_report_facts(report);
		assert_int_equal(facts.match, FL_MATCH_SAME);
		assert_false(facts.build_id_conflict);
		assert_string_equal(rows.rows[i].software_version,
				    i % 2 ? "1.4.0-m4f-o2" : "1.4.0-m4f-og");
	}
}

/* A dump of one build that holds the build id of another somewhere: that is no reason to believe
 * it. */
static void test_a_guess_is_confirmed(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	FL_AUTO_BUFFER bytes = scratch_read(BUILD "/null-read/dump.core");
	FL_AUTO_BUFFER other = scratch_read(OTHER "/null-read/dump.core");
	FL_AUTO(fl_report) report = NULL;
	assert_int_equal(fl_analyze(bytes.data, bytes.size, NULL, 0, NULL, &report, NULL), FL_OK);
	struct fl_report_facts facts = fl_report_facts(report);
	assert_int_equal(facts.build_id_size, 20);
	add_symbols(&scratch, BUILD);
	enqueue_dump(&scratch, BUILD, NULL, "1");
	/* in a block of padding at the end: type 6 */
	uint8_t *mixed = malloc(other.size + 32);
	assert_non_null(mixed);
	const uint32_t block[3] = { 6, 0, 20 };
	const uint32_t total = (uint32_t)other.size + 32;
	memcpy(mixed, other.data, other.size);
	memcpy(mixed + 8, &total, sizeof(total));
	memcpy(mixed + other.size, block, sizeof(block));
	memcpy(mixed + other.size + sizeof(block), facts.build_id, 20);
	enqueue(&scratch, FL_REPORT_DUMP, mixed, total, NULL, "2");
	free(mixed);
	struct fl_worker_summary summary = run(&scratch, (struct fl_worker_options){ 0 });
	assert_int_equal(summary.filed, 1);
	assert_int_equal(summary.waiting, 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_string_equal(scratch_row(&rows, "2")->state, "waiting");
	assert_non_null(strstr(scratch_row(&rows, "2")->reason, "no symbol file with build id"));
}

/* The build id of the ELF that is at hand, the flash of another: nothing is filed with it. */
static void test_a_guess_is_checked(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	FL_AUTO_BUFFER bytes = scratch_read(BUILD "/null-read/dump.core");
	FL_AUTO_BUFFER other = scratch_read(OTHER "/null-read/dump.core");
	FL_AUTO(fl_report) own = NULL;
	FL_AUTO(fl_report) foreign = NULL;
	assert_int_equal(fl_analyze(bytes.data, bytes.size, NULL, 0, NULL, &own, NULL), FL_OK);
	assert_int_equal(fl_analyze(other.data, other.size, NULL, 0, NULL, &foreign, NULL), FL_OK);
	struct fl_report_facts facts = fl_report_facts(foreign);
	uint8_t *id = memmem(other.data, other.size, facts.build_id, facts.build_id_size);
	assert_non_null(id);
	facts = fl_report_facts(own);
	memcpy(id, facts.build_id, facts.build_id_size);
	add_symbols(&scratch, BUILD);
	enqueue_dump(&scratch, BUILD, NULL, "1");
	enqueue(&scratch, FL_REPORT_DUMP, other.data, other.size, NULL, "2");
	struct fl_worker_summary summary = run(&scratch, (struct fl_worker_options){ 0 });
	assert_int_equal(summary.filed, 1);
	assert_int_equal(summary.waiting, 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_non_null(
		strstr(scratch_row(&rows, "2")->reason, "fw.elf has its build id, but not"));
	FL_AUTO(fl_report) kept = NULL; /* without that ELF */
	assert_int_equal(
		fl_store_report(scratch_store(&scratch), scratch_row(&rows, "2")->id, &kept, NULL),
		FL_OK);
	assert_int_equal(fl_report_facts(kept).match, FL_MATCH_NO_SYMBOLS);
}

/* Between two batches of one worker an ELF goes: its dumps wait then. */
static void test_a_choice_is_asked_for_again(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch, BUILD);
	HAND_AUTO hand = { 0 };
	hand_init(&hand, &scratch);
	size_t done;
	int64_t id = enqueue_dump(&scratch, BUILD, NULL, "1");
	assert_int_equal(fl_batch_run(&hand.options, &id, 1, &done, NULL), FL_OK);
	assert_int_equal(hand.summary.filed, 1);
	struct fl_symbol_removed removed;
	assert_int_equal(fl_store_remove_symbols(scratch_store(&scratch), 1, &removed, NULL),
			 FL_OK);
	id = enqueue_dump(&scratch, BUILD, NULL, "2");
	assert_int_equal(fl_batch_run(&hand.options, &id, 1, &done, NULL), FL_OK);
	assert_int_equal(hand.summary.filed, 1);
	assert_int_equal(hand.summary.waiting, 1);
}

/* The dump of a crash and its reboot event, and the same dump once more. */
static void test_a_pair_and_a_duplicate(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch, BUILD);
	FL_AUTO_BUFFER bytes = scratch_read(BUILD "/null-read/dump.core");
	FL_AUTO(fl_report) report = NULL;
	assert_int_equal(fl_analyze(bytes.data, bytes.size, NULL, 0, NULL, &report, NULL), FL_OK);
	struct fl_report_facts facts = fl_report_facts(report);
	const struct event event = { .reason = facts.reason,
				     .pc = facts.pc,
				     .lr = facts.lr,
				     .build_id = facts.build_id,
				     .build_id_size = 6,
				     .coredump_saved = true };
	BYTES_AUTO told = { 0 };
	event_write(&event, &told);
	enqueue(&scratch, FL_REPORT_REBOOT, told.data, told.size, "unit-1", "event");
	enqueue(&scratch, FL_REPORT_DUMP, bytes.data, bytes.size, "unit-1", "dump");
	enqueue(&scratch, FL_REPORT_DUMP, bytes.data, bytes.size, "unit-2", "other dump");
	enqueue(&scratch, FL_REPORT_REBOOT, told.data, told.size, "unit-2", "other event");
	struct fl_worker_summary summary = run(&scratch, (struct fl_worker_options){ 0 });
	assert_int_equal(summary.paired, 2);
	assert_int_equal(summary.joined, 1);
	assert_int_equal(summary.new_issues, 1);
	assert_int_equal(counts_of(&scratch).done, 2);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_int_equal(rows.count, 2);
}

/* Of one issue two dumps are kept, also when ten are filed together. */
static void test_a_storm_in_one_batch(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch, BUILD);
	FL_AUTO_BUFFER bytes = scratch_read(BUILD "/null-read/dump.core");
	for (int i = 0; i < MANY; i++) {
		uint8_t *copy = malloc(bytes.size + 16);
		assert_non_null(copy);
		const uint32_t block[4] = { 6, 0, 4, (uint32_t)i };
		const uint32_t total = (uint32_t)bytes.size + 16;
		memcpy(copy, bytes.data, bytes.size);
		memcpy(copy + 8, &total, sizeof(total));
		memcpy(copy + bytes.size, block, sizeof(block));
		enqueue(&scratch, FL_REPORT_DUMP, copy, total, NULL, "dump");
		free(copy);
	}
	const struct fl_worker_options options = { .policy = { .keep_per_issue = 2 } };
	assert_int_equal(run(&scratch, options).filed, MANY);
	const int64_t *ids;
	FL_AUTO_BUFFER list = { 0 };
	assert_int_equal(fl_store_select_dumps(scratch_store(&scratch),
					       &(struct fl_reanalyze_filter){ 0 }, &list, NULL),
			 FL_OK);
	ids = (const int64_t *)(const void *)list.data;
	unsigned kept = 0;
	for (size_t i = 0; i < list.size / sizeof(*ids); i++) {
		struct fl_claim claimed = { 0 };
		assert_int_equal(fl_store_dump(scratch_store(&scratch), ids[i], &claimed, NULL),
				 FL_OK);
		kept += !claimed.pruned;
		fl_claim_deinit(&claimed);
	}
	assert_int_equal(kept, 2);
}

/* --- the worker ends --- */

/* Whatever the batch died of: nobody in it is held to be the culprit before it was alone. */
static void test_a_death_does_not_condemn_the_others(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	int64_t ids[MANY];
	for (int i = 0; i < MANY; i++)
		enqueue_dump(&scratch, BUILD, NULL, "dump");
	assert_int_equal(claim(&scratch, 1000, ids, MANY), MANY);
	assert_int_equal(claim(&scratch, 2000, ids, MANY), 1); /* the first kills again ... */
	assert_int_equal(claim(&scratch, 3000, ids, MANY), 1); /* ... and again */
	struct fl_worker_summary summary = run(&scratch, (struct fl_worker_options){ 0 });
	assert_int_equal(summary.quarantined, 1);
	assert_int_equal(summary.waiting, MANY - 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_string_equal(rows.rows[0].state, "quarantined");
	assert_int_equal(rows.rows[1].attempts, 2);
}

/* One attempt is all that there is: then a batch would be too many. */
static void test_a_single_attempt(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch, BUILD);
	for (int i = 0; i < MANY; i++) {
		int64_t id = enqueue_dump(&scratch, BUILD, NULL, "dump");
		failure.dump_id = i == 2 ? id : failure.dump_id;
	}
	scratch_close_store(&scratch);
	failure.code = FL_ECHILD;
	pid_t pid = fork();
	if (pid == 0) {
		struct fl_worker_summary summary;
		failure.times = 1;
		_exit(try_run(&scratch, (struct fl_worker_options){ .max_attempts = 1 }, &summary)
			      ? 2
			      : 3);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	struct fl_worker_summary summary =
		run(&scratch, (struct fl_worker_options){ .max_attempts = 1 });
	assert_int_equal(summary.quarantined, 1);
	assert_int_equal(summary.filed, MANY - 3);
	assert_int_equal(counts_of(&scratch).done, MANY - 1);
}

static void test_told_to_stop(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	int64_t ids[MANY];
	for (int i = 0; i < MANY; i++)
		enqueue_dump(&scratch, BUILD, NULL, "dump");
	assert_int_equal(claim(&scratch, 1000, ids, MANY), MANY);
	HAND_AUTO hand = { .stop_at = 3 };
	hand_init(&hand, &scratch);
	size_t done;
	assert_int_equal(fl_batch_run(&hand.options, ids, MANY, &done, NULL), FL_OK);
	assert_int_equal(done, 3);
	struct fl_queue_counts counts = counts_of(&scratch);
	assert_int_equal(counts.waiting, 3);
	assert_int_equal(counts.queued, MANY - 3);
	assert_int_equal(counts.claimed, 0);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(rows.rows[i].attempts, i < 3);
}

static void test_killed_in_the_middle(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch, BUILD);
	for (int i = 0; i < MANY; i++)
		enqueue_dump(&scratch, BUILD, NULL, "dump");
	scratch_close_store(&scratch);
	pid_t pid = fork();
	if (pid == 0) {
		struct hand hand = { .stop_at = 5, .kill = true };
		int64_t ids[MANY];
		size_t done;
		hand_init(&hand, &scratch);
		size_t count = claim(&scratch, 1000, ids, MANY);
		_exit(fl_batch_run(&hand.options, ids, count, &done, NULL) ? 2 : 3);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(counts_of(&scratch).claimed, MANY); /* nothing of it was written */
	struct fl_worker_summary summary = run(&scratch, (struct fl_worker_options){ 0 });
	assert_int_equal(summary.filed, MANY);
	assert_int_equal(summary.new_issues, 1);
	assert_int_equal(counts_of(&scratch).done, MANY);
}

/* --- somebody else is at work --- */

static void forget_two(struct fl_store *store)
{
	struct fl_forgotten forgotten;
	assert_int_equal(fl_store_forget_device(store, "A", false, &forgotten, NULL), FL_OK);
	assert_int_equal(fl_store_forget_device(store, "C", false, &forgotten, NULL), FL_OK);
}

/* One that was analysed, one that was not yet. */
static void test_devices_are_forgotten_meanwhile(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch, BUILD);
	static const char *const devices[] = { "A", "B", "C", "D" };
	int64_t ids[4];
	size_t done;
	for (size_t i = 0; i < 4; i++)
		enqueue_dump(&scratch, BUILD, devices[i], devices[i]);
	assert_int_equal(claim(&scratch, 1000, ids, 4), 4);
	HAND_AUTO hand = { .meanwhile = forget_two };
	hand_init(&hand, &scratch);
	assert_int_equal(fl_batch_run(&hand.options, ids, 4, &done, NULL), FL_OK);
	assert_int_equal(hand.summary.filed, 2);
	assert_int_equal(hand.summary.quarantined, 0);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_int_equal(rows.count, 2);
}

static void remove_elf(struct fl_store *store)
{
	struct fl_symbol_removed removed;
	assert_int_equal(fl_store_remove_symbols(store, 1, &removed, NULL), FL_OK);
}

/* What was read with it is not filed, and what is read with it because it was open is not either.
 */
static void test_an_elf_goes_meanwhile(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch, BUILD);
	int64_t ids[4];
	size_t done;
	for (size_t i = 0; i < 4; i++)
		enqueue_dump(&scratch, BUILD, NULL, "dump");
	assert_int_equal(claim(&scratch, 1000, ids, 4), 4);
	HAND_AUTO hand = { .meanwhile = remove_elf };
	hand_init(&hand, &scratch);
	assert_int_equal(fl_batch_run(&hand.options, ids, 4, &done, NULL), FL_OK);
	assert_int_equal(hand.summary.filed, 0);
	assert_int_equal(counts_of(&scratch).queued, 4);
	assert_int_equal(run(&scratch, (struct fl_worker_options){ 0 }).waiting, 4);
}

/* --- the database fails --- */

static void test_trouble_gives_everything_back(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch, BUILD);
	for (int i = 0; i < 5; i++)
		failure.dump_id = enqueue_dump(&scratch, BUILD, NULL, "dump");
	failure.code = FL_EIO;
	failure.times = 1;
	struct fl_worker_summary summary;
	assert_int_equal(try_run(&scratch, (struct fl_worker_options){ 0 }, &summary), FL_EIO);
	assert_int_equal(summary.filed, 0);
	assert_int_equal(counts_of(&scratch).queued, 5);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(rows.rows[i].attempts, 0);
	assert_int_equal(run(&scratch, (struct fl_worker_options){ 0 }).filed, 5);
}

static void damage(const struct scratch *scratch, int64_t dump_id)
{
	sqlite3 *db;
	char sql[160];
	snprintf(sql, sizeof(sql),
		 "UPDATE dump_contents SET compressed = x'00' WHERE id = "
		 "(SELECT content_id FROM dumps WHERE id = %lld)",
		 (long long)dump_id);
	assert_int_equal(sqlite3_open(scratch->database, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* Nobody will ever read those bytes: that dump is set aside, and the others are filed. */
static void test_damaged_bytes_cost_one(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch, BUILD);
	enqueue_dump(&scratch, BUILD, NULL, "first");
	damage(&scratch, enqueue_dump(&scratch, OTHER, NULL, "damaged"));
	enqueue_dump(&scratch, BUILD, NULL, "last");
	struct fl_worker_summary summary = run(&scratch, (struct fl_worker_options){ 0 });
	assert_int_equal(summary.filed, 2);
	assert_int_equal(summary.quarantined, 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	const struct scratch_row *row = scratch_row(&rows, "damaged");
	assert_string_equal(row->state, "quarantined");
	assert_string_equal(row->reason, "the stored bytes of the dump are damaged");
}

/* What was analysed before is filed, what comes behind it is given back. */
static void test_a_disk_that_fails(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	struct fl_worker_summary summary;
	scratch_make(&scratch);
	add_symbols(&scratch, BUILD);
	enqueue_dump(&scratch, BUILD, NULL, "before");
	unreadable = enqueue_dump(&scratch, BUILD, NULL, "there");
	enqueue_dump(&scratch, BUILD, NULL, "behind");
	enum fl_code code = try_run(&scratch, (struct fl_worker_options){ 0 }, &summary);
	unreadable = -1;
	assert_int_equal(code, FL_EIO);
	assert_int_equal(summary.filed, 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_string_equal(scratch_row(&rows, "before")->state, "done");
	assert_string_equal(scratch_row(&rows, "there")->state, "queued");
	assert_string_equal(scratch_row(&rows, "behind")->state, "queued");
	assert_int_equal(scratch_row(&rows, "there")->attempts, 0);
	assert_int_equal(run(&scratch, (struct fl_worker_options){ 0 }).filed, 2);
}

/* It would fail again in the same way. */
static void test_one_cannot_be_filed(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch, BUILD);
	enqueue_dump(&scratch, BUILD, NULL, "first");
	failure.dump_id = enqueue_dump(&scratch, BUILD, NULL, "too large");
	failure.code = FL_ELIMIT;
	failure.times = 1;
	enqueue_dump(&scratch, BUILD, NULL, "last");
	struct fl_worker_summary summary = run(&scratch, (struct fl_worker_options){ 0 });
	assert_int_equal(summary.filed, 2);
	assert_int_equal(summary.quarantined, 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	const struct scratch_row *row = scratch_row(&rows, "too large");
	assert_string_equal(row->state, "quarantined");
	assert_string_equal(row->reason, "cannot be filed: as the test wants it");
	assert_string_equal(scratch_row(&rows, "last")->state, "done");
}

/* Too little memory for one: the others are filed, and that one is given up after some time. */
static void test_memory_for_all_but_one(void **state)
{
	(void)state;
	static const struct {
		unsigned times, filed, quarantined;
	} cases[] = { { 2, 5, 0 }, { 100, 4, 1 } };
	for (size_t n = 0; n < 2; n++) {
		SCRATCH_AUTO scratch;
		scratch_make(&scratch);
		add_symbols(&scratch, BUILD);
		int64_t ids[5];
		for (int i = 0; i < 5; i++)
			ids[i] = enqueue_dump(&scratch, BUILD, NULL, "dump");
		failure.code = FL_ENOMEM;
		failure.dump_id = ids[2];
		failure.times = cases[n].times;
		struct fl_worker_summary summary = run(&scratch, (struct fl_worker_options){ 0 });
		assert_int_equal(summary.filed, cases[n].filed);
		assert_int_equal(summary.quarantined, cases[n].quarantined);
		SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
		if (cases[n].quarantined)
			assert_string_equal(rows.rows[2].reason,
					    "given up after 3 attempts: as the test wants it");
		failure.times = 0;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_bad_dump_in_the_middle),
		cmocka_unit_test(test_a_long_batch_mixes_nothing_up),
		cmocka_unit_test(test_the_end_of_the_queue_is_shared),
		cmocka_unit_test(test_builds_take_turns),
		cmocka_unit_test(test_a_guess_is_confirmed),
		cmocka_unit_test(test_a_guess_is_checked),
		cmocka_unit_test(test_a_choice_is_asked_for_again),
		cmocka_unit_test(test_a_pair_and_a_duplicate),
		cmocka_unit_test(test_a_storm_in_one_batch),
		cmocka_unit_test(test_a_death_does_not_condemn_the_others),
		cmocka_unit_test(test_a_single_attempt),
		cmocka_unit_test(test_told_to_stop),
		cmocka_unit_test(test_killed_in_the_middle),
		cmocka_unit_test(test_devices_are_forgotten_meanwhile),
		cmocka_unit_test(test_an_elf_goes_meanwhile),
		cmocka_unit_test(test_trouble_gives_everything_back),
		cmocka_unit_test(test_damaged_bytes_cost_one),
		cmocka_unit_test(test_a_disk_that_fails),
		cmocka_unit_test(test_one_cannot_be_filed),
		cmocka_unit_test(test_memory_for_all_but_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
