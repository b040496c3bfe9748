/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/batch.h"

#include "worker/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Dumps that are read at once, before they are analysed. */
enum { AHEAD_MAX = 16, AHEAD_BYTES = 1 << 20 };

struct batch {
	const struct fl_batch_options *options;
	struct fl_read_dump ahead[AHEAD_MAX];
	size_t ahead_count, ahead_used; /* the next to be analysed is ahead[ahead_used] */
	struct fl_work *works;
	struct fl_result **results; /* of the works, in the order of the store */
	size_t count;
	size_t done;  /* analysed */
	size_t bytes; /* of their reports */
	int64_t until_ms;
};

int64_t fl_batch_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum fl_code
batch_init(struct batch *batch, const int64_t *ids, size_t count, struct fl_error *err)
{
	batch->works = calloc(count, sizeof(batch->works[0]));
	batch->results = calloc(count, sizeof(batch->results[0]));
	if (!batch->works || !batch->results)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "batch of %zu dumps", count);
	batch->count = count;
	batch->until_ms = fl_batch_now_ms() + FL_BATCH_MS;
	for (size_t i = 0; i < count; i++) {
		batch->works[i].result =
			(struct fl_result){ .dump_id = ids[i], .kind = FL_RESULT_RELEASE };
		batch->works[i].outcome = FL_OUTCOME_AGAIN;
		batch->results[i] = &batch->works[i].result;
	}
	return FL_OK;
}

static void batch_deinit(struct batch *batch)
{
	while (batch->ahead_used < batch->ahead_count)
		fl_claim_deinit(&batch->ahead[batch->ahead_used++].claim);
	for (size_t i = 0; i < batch->count; i++)
		fl_work_deinit(&batch->works[i]);
	free(batch->works);
	free(batch->results);
}

/* --- one dump --- */

static enum fl_code
give_up(struct fl_work *work, uint32_t attempts, const char *last, struct fl_error *err)
{
	char reason[320];
	snprintf(reason, sizeof(reason), "given up after %u attempts: %s", attempts, last);
	return fl_work_set_aside(work, FL_OUTCOME_QUARANTINED, reason, NULL, err);
}

/* Memory that is out may be there the next time: then it comes alone. */
static enum fl_code
try_again(const struct batch *batch, struct fl_work *work, const char *why, struct fl_error *err)
{
	if (work->attempt >= batch->options->attempts)
		return give_up(work, work->attempt, why, err);
	work->result.kind = FL_RESULT_KEEP;
	work->outcome = FL_OUTCOME_AGAIN;
	return FL_OK;
}

static enum fl_code examine(const struct batch *batch, const struct fl_claim *claim,
			    struct fl_work *work, struct fl_error *err)
{
	const struct fl_batch_options *options = batch->options;
	struct fl_error cause = { 0 };
	work->kind = claim->kind;
	work->attempt = claim->attempt;
	if (claim->attempt > options->attempts)
		return give_up(work, claim->attempt - 1,
			       "the worker itself ended while it analysed this dump", err);
	enum fl_code code = fl_worker_examine(options->store, options->sandbox, options->choices,
					      claim, work, &cause);
	if (code == FL_ENOMEM)
		return try_again(batch, work, cause.message, err);
	return code ? fl_fail(err, code, cause.at_kind, cause.at, "%s", cause.message) : FL_OK;
}

/* Before the first is analysed, and whenever all that were read are. */
static struct fl_read_dump *read_next(struct batch *batch)
{
	if (batch->ahead_used == batch->ahead_count) {
		int64_t ids[AHEAD_MAX];
		size_t count = batch->count - batch->done;
		if (count > AHEAD_MAX)
			count = AHEAD_MAX;
		for (size_t i = 0; i < count; i++)
			ids[i] = batch->works[batch->done + i].result.dump_id;
		batch->ahead_used = 0;
		batch->ahead_count = fl_store_dumps(batch->options->store, ids, count, AHEAD_BYTES,
						    batch->ahead);
	}
	return &batch->ahead[batch->ahead_used++];
}

static enum fl_code work_on(struct batch *batch, struct fl_work *work, struct fl_error *err)
{
	struct fl_read_dump *dump = read_next(batch);
	const struct fl_error *cause = &dump->error;
	enum fl_code code = cause->code;
	if (!code)
		code = examine(batch, &dump->claim, work, err);
	else if (code == FL_EFORMAT) /* nobody will ever read these bytes */
		code = fl_work_set_aside(work, FL_OUTCOME_QUARANTINED, cause->message, NULL, err);
	else if (code != FL_ENOTFOUND) /* else its device was forgotten meanwhile */
		code = fl_fail(err, code, cause->at_kind, cause->at, "%s", cause->message);
	else
		code = FL_OK;
	fl_claim_deinit(&dump->claim);
	return code;
}

static bool is_over(const struct batch *batch)
{
	return batch->done &&
	       (batch->options->stopping(batch->options->context) ||
		batch->bytes >= FL_BATCH_REPORT_BYTES || fl_batch_now_ms() >= batch->until_ms);
}

static enum fl_code analyze(struct batch *batch, struct fl_error *err)
{
	while (batch->done < batch->count && !is_over(batch)) {
		struct fl_work *work = &batch->works[batch->done];
		enum fl_code code = work_on(batch, work, err);
		if (code) {
			work->result.kind = FL_RESULT_RELEASE;
			return code;
		}
		batch->bytes += work->encoded.size;
		batch->done++;
	}
	return FL_OK;
}

/* --- writing --- */

static void count_outcome(struct fl_worker_summary *summary, const struct fl_work *work)
{
	const struct fl_filed *filed = &work->result.filed;
	enum fl_outcome outcome = fl_work_outcome(work);
	summary->filed += outcome == FL_OUTCOME_FILED;
	summary->waiting += outcome == FL_OUTCOME_WAITING;
	summary->quarantined += outcome == FL_OUTCOME_QUARANTINED;
	summary->duplicates += outcome == FL_OUTCOME_DUPLICATE;
	summary->joined += outcome == FL_OUTCOME_JOINED;
	summary->reboots += outcome == FL_OUTCOME_REBOOT;
	summary->pruned += outcome == FL_OUTCOME_PRUNED;
	summary->new_issues += filed->new_issue;
	summary->paired += filed->paired && !filed->requeued;
}

static void give_back(const struct batch *batch, size_t from)
{
	for (size_t i = from; i < batch->count; i++)
		(void)!fl_store_release(batch->options->store, batch->results[i]->dump_id, NULL);
}

/* It would fail again in the same way. */
static enum fl_code refuse(const struct batch *batch, struct fl_work *work, struct fl_error *err)
{
	char reason[320];
	snprintf(reason, sizeof(reason), "cannot be filed: %s", work->result.error.message);
	work->outcome = FL_OUTCOME_QUARANTINED;
	return fl_store_quarantine(batch->options->store, work->result.dump_id, reason, NULL, err);
}

/* Of what was written. */
static enum fl_code settle(const struct batch *batch, struct fl_work *work, struct fl_error *err)
{
	enum fl_code code = work->result.error.code;
	if (code == FL_ENOTFOUND) /* its device was forgotten meanwhile */
		return FL_OK;
	if (code && (code = refuse(batch, work, err)))
		return code;
	count_outcome(batch->options->summary, work);
	return FL_OK;
}

static struct fl_work *work_of(struct fl_result *result)
{
	return (struct fl_work *)result; /* its first member */
}

static enum fl_code
write_one(const struct batch *batch, struct fl_result *result, struct fl_error *err)
{
	struct fl_error cause = { 0 };
	struct fl_store *store = batch->options->store;
	enum fl_code code = fl_store_finish(store, &result, 1, &cause);
	if (code && code != FL_ENOMEM)
		return fl_fail(err, code, cause.at_kind, cause.at, "%s", cause.message);
	if (code && !(code = try_again(batch, work_of(result), cause.message, err)))
		code = fl_store_finish(store, &result, 1, err);
	return code ? code : settle(batch, work_of(result), err);
}

/* There was not the memory to write all together: one by one, so that it costs who needs much. */
static enum fl_code write_each(const struct batch *batch, struct fl_error *err)
{
	for (size_t i = 0; i < batch->count; i++) {
		enum fl_code code = write_one(batch, batch->results[i], err);
		if (code) {
			give_back(batch, i);
			return code;
		}
	}
	return FL_OK;
}

static enum fl_code write_down(const struct batch *batch, struct fl_error *err)
{
	enum fl_code code =
		fl_store_finish(batch->options->store, batch->results, batch->count, err);
	if (code == FL_ENOMEM)
		return write_each(batch, err);
	if (code)
		give_back(batch, 0);
	for (size_t i = 0; i < batch->count && !code; i++)
		code = settle(batch, &batch->works[i], err);
	return code;
}

enum fl_code fl_batch_run(const struct fl_batch_options *options, const int64_t *ids, size_t count,
			  size_t *done_ret, struct fl_error *err)
{
	struct batch batch = { .options = options };
	enum fl_code code = batch_init(&batch, ids, count, err);
	fl_choices_renew(options->choices);
	if (!code) {
		code = analyze(&batch, err);
		enum fl_code written = write_down(&batch, code ? NULL : err);
		code = code ? code : written;
	}
	*done_ret = batch.done;
	batch_deinit(&batch);
	return code;
}
