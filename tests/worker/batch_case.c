/* SPDX-License-Identifier: Apache-2.0 */
#include "batch_case.h"

#include "support/cmocka.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- a database that fails --- */

enum fl_code __real_fl_store_finish(struct fl_store *store, struct fl_result **results,
				    size_t count, struct fl_error *err);
enum fl_code __wrap_fl_store_finish(struct fl_store *store, struct fl_result **results,
				    size_t count, struct fl_error *err);
size_t __real_fl_store_dumps(struct fl_store *store, const int64_t *ids, size_t count,
			     size_t bytes_max, struct fl_read_dump *ret);
size_t __wrap_fl_store_dumps(struct fl_store *store, const int64_t *ids, size_t count,
			     size_t bytes_max, struct fl_read_dump *ret);

struct batch_failure batch_failure = { .dump_id = -1 };

int64_t batch_unreadable = -1;

struct batch_neighbour batch_neighbour = { .claims = -1 };

static void note_batch(size_t count)
{
	if (batch_neighbour.claims < 0)
		return;
	assert_true(batch_neighbour.batch_count <
		    sizeof(batch_neighbour.batches) / sizeof(batch_neighbour.batches[0]));
	batch_neighbour.batches[batch_neighbour.batch_count++] = count;
	batch_neighbour.filed += count;
	if (batch_neighbour.filed < batch_neighbour.until)
		return;
	close(batch_neighbour.claims);
	batch_neighbour.claims = -1;
}

size_t __wrap_fl_store_dumps(struct fl_store *store, const int64_t *ids, size_t count,
			     size_t bytes_max, struct fl_read_dump *ret)
{
	size_t read = __real_fl_store_dumps(store, ids, count, bytes_max, ret);
	for (size_t i = 0; i < read; i++)
		if (ids[i] == batch_unreadable) {
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
	(void)!fl_fail(&one->error, batch_failure.code, FL_AT_NONE, 0, "as the test wants it");
	return __real_fl_store_finish(store, results, count - 1, err);
}

enum fl_code __wrap_fl_store_finish(struct fl_store *store, struct fl_result **results,
				    size_t count, struct fl_error *err)
{
	note_batch(count);
	for (size_t i = 0; i < count; i++) {
		if (results[i]->dump_id != batch_failure.dump_id || !batch_failure.times ||
		    results[i]->kind != FL_RESULT_FILE)
			continue;
		batch_failure.times--;
		if (batch_failure.code == FL_ECHILD)
			raise(SIGKILL);
		if (batch_failure.code == FL_ELIMIT)
			return finish_all_but(i, store, results, count, err);
		return fl_fail(err, batch_failure.code, FL_AT_NONE, 0, "as the test wants it");
	}
	return __real_fl_store_finish(store, results, count, err);
}

/* --- dumps --- */

int64_t batch_enqueue(struct scratch *scratch, enum fl_report_kind kind, const void *bytes,
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

int64_t batch_enqueue_dump(struct scratch *scratch, const char *build, const char *device,
			   const char *source)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/null-read/dump.core", build);
	FL_AUTO_BUFFER bytes = scratch_read(path);
	return batch_enqueue(scratch, FL_REPORT_DUMP, bytes.data, bytes.size, device, source);
}

void batch_add_symbols(struct scratch *scratch, const char *build)
{
	char path[512];
	struct fl_symbol_added added;
	snprintf(path, sizeof(path), "%s/fw.elf", build);
	scratch_add_symbols(scratch, path, NULL, NULL, &added);
}

/* --- workers --- */

enum fl_code batch_try_run(struct scratch *scratch, struct fl_worker_options options,
			   struct fl_worker_summary *ret)
{
	struct fl_error err = { 0 };
	options.database = scratch->database;
	options.once = true;
	return fl_worker_run(&options, ret, &err);
}

struct fl_worker_summary batch_run(struct scratch *scratch, struct fl_worker_options options)
{
	struct fl_worker_summary summary;
	assert_int_equal(batch_try_run(scratch, options, &summary), FL_OK);
	return summary;
}

size_t batch_claim(struct scratch *scratch, int64_t now, int64_t *ids, size_t room)
{
	size_t count = 0;
	assert_int_equal(fl_store_claim_batch(scratch_store(scratch), "test", now, 10, ids, room,
					      &count, NULL),
			 FL_OK);
	return count;
}

struct fl_queue_counts batch_counts(struct scratch *scratch)
{
	struct fl_queue_counts counts;
	assert_int_equal(fl_store_queue_counts(scratch_store(scratch), &counts, NULL), FL_OK);
	return counts;
}

static bool stopping(void *context)
{
	struct batch_hand *hand = context;
	if (++hand->asked == 1 && hand->meanwhile)
		hand->meanwhile(hand->options.store);
	bool stop = hand->stop_at && hand->asked >= hand->stop_at;
	if (stop && hand->kill)
		raise(SIGKILL);
	return stop;
}

void batch_hand_init(struct batch_hand *hand, struct scratch *scratch)
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

void batch_hand_deinit(struct batch_hand *hand)
{
	fl_choices_deinit(&hand->choices);
	fl_sandbox_close(hand->options.sandbox);
}
