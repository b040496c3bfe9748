/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/job.h"

#include "sandbox/heap.h"
#include "store/store.h"
#include "worker/batch.h"
#include "worker/notify.h"
#include "worker/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum {
	LEASE_SECONDS = 300,
	LEASE_MAX = 86400, /* beyond any lease that another worker was told to use */
	ATTEMPTS = 3,
	BATCH = 64,
	BATCH_FIRST = 8,       /* until it shows how long they take */
	IDLE_MS = 1000,        /* between two looks for work, when nothing tells */
	OTHERS_MS = 20,        /* --once: until other processes are done; at first less */
	SPOOL_SECONDS = 1,     /* between two looks at the spool while the queue is not empty */
	EXPIRE_SECONDS = 3600, /* between two looks for half-received messages that are too old */
};

struct job {
	const struct fl_job_options *options;
	struct fl_sandbox *sandbox;
	struct fl_store *store;
	struct fl_spool *spool; /* NULL: only the queue */
	struct fl_worker_summary *summary;
	struct fl_progress progress;
	struct fl_choices choices;
	int claims;        /* lock file, see claim() */
	int64_t spool_at;  /* when the spool was last looked at */
	int64_t expire_at; /* when half-received messages were */
	int pause_ms;      /* the last, until others are done; 0 = there was work meanwhile */
	uint32_t lease;
	uint32_t attempts;
	size_t batch, batch_max; /* dumps that the next one takes, that any may take */
	int64_t ids[FL_BATCH_MAX];
	char owner[64];
};

static bool hung_up(int lifeline)
{
	struct pollfd wait = { .fd = lifeline, .events = POLLIN };
	return lifeline >= 0 && poll(&wait, 1, 0) > 0;
}

static bool stopping(void *context)
{
	const struct job *job = context;
	volatile sig_atomic_t *stop = job->options->worker->stop;
	return (stop && *stop) || hung_up(job->options->lifeline);
}

static void wait_for_work(const struct job *job, int ms)
{
	struct pollfd wait[2] = {
		{ .fd = job->options->lifeline, .events = POLLIN },
		{ .fd = job->spool ? fl_spool_event_fd(job->spool) : -1, .events = POLLIN },
	};
	poll(wait, 2, ms);
}

/* --- claims --- */

static enum fl_code open_claims(struct job *job, struct fl_error *err)
{
	char path[4096];
	int size = snprintf(path, sizeof(path), "%s.claims", job->options->worker->database);
	if (size < 0 || (size_t)size >= sizeof(path))
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "database path too long");
	job->claims = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0666);
	if (job->claims < 0)
		return fl_fail(err, FL_EIO, FL_AT_NONE, 0, "%s: %s", path, strerror(errno));
	return FL_OK;
}

static void lock_claims(const struct job *job, int how)
{
	while (flock(job->claims, how) != 0 && errno == EINTR)
		;
}

/*
 * Whoever holds a claim holds the lock file shared; the kernel lets go of it however a process
 * ends. So with the exclusive lock every claim that is left belongs to the dead, and need not wait
 * for the end of its lease.
 *
 * FL_ENOTFOUND: nothing to do; *others: because others are doing it.
 */
static enum fl_code
claim(struct job *job, size_t room, size_t *count_ret, bool *others, struct fl_error *err)
{
	int64_t now = time(NULL);
	*others = false;
	lock_claims(job, LOCK_SH);
	enum fl_code code = fl_store_claim_batch(job->store, job->owner, now, job->lease, job->ids,
						 room, count_ret, err);
	if (code == FL_ENOTFOUND) {
		*others = flock(job->claims, LOCK_EX | LOCK_NB) != 0;
		if (!*others) {
			code = fl_store_claim_batch(job->store, job->owner, now + LEASE_MAX, 0,
						    job->ids, room, count_ret, err);
			lock_claims(job, LOCK_SH);
		}
	}
	if (code)
		lock_claims(job, LOCK_UN);
	return code;
}

/* --- the loop --- */

static bool is_due(int64_t last, int64_t seconds)
{
	int64_t now = time(NULL);
	return now < last || now - last >= seconds;
}

/* Of the first process only: one is enough. */
static enum fl_code expire_partials(struct job *job, struct fl_error *err)
{
	int64_t age = job->options->worker->partial_age;
	uint64_t count = 0;
	uint64_t bytes = 0;
	if (!age || job->options->slot || !is_due(job->expire_at, EXPIRE_SECONDS))
		return FL_OK;
	job->expire_at = time(NULL);
	enum fl_code code =
		fl_store_expire_partials(job->store, job->expire_at - age, &count, &bytes, err);
	job->summary->expired += count;
	job->summary->expired_bytes += bytes;
	return code;
}

static enum fl_code look_at_spool(struct job *job, bool *busy_ret, struct fl_error *err)
{
	*busy_ret = false;
	if (!job->spool)
		return FL_OK;
	const struct fl_intake intake = { .store = job->store,
					  .database = job->options->worker->database,
					  .summary = job->summary,
					  .stopping = stopping,
					  .context = job };
	job->spool_at = time(NULL);
	return fl_spool_intake(job->spool, &intake, busy_ret, err);
}

/* Those who finish the last dumps do so soon, or one of them takes long. */
static int pause_for_others(struct job *job)
{
	int twice = job->pause_ms ? 2 * job->pause_ms : 1;
	job->pause_ms = twice < OTHERS_MS ? twice : OTHERS_MS;
	return job->pause_ms;
}

static bool spool_is_due(const struct job *job)
{
	return job->spool && is_due(job->spool_at, SPOOL_SECONDS);
}

/* Few where they take long: others may have nothing to do. */
static void fit_batch(struct job *job, size_t claimed, size_t done, int64_t ms)
{
	if (done < claimed)
		job->batch = done ? done : 1;
	else if (claimed == job->batch && ms < FL_BATCH_MS / 2)
		job->batch = job->batch * 2 < job->batch_max ? job->batch * 2 : job->batch_max;
}

static enum fl_code work_on(struct job *job, size_t claimed, struct fl_error *err)
{
	const struct fl_batch_options options = { .store = job->store,
						  .sandbox = job->sandbox,
						  .choices = &job->choices,
						  .summary = job->summary,
						  .attempts = job->attempts,
						  .stopping = stopping,
						  .context = job };
	size_t done = 0;
	int64_t start = fl_batch_now_ms();
	enum fl_code code = fl_batch_run(&options, job->ids, claimed, &done, err);
	fit_batch(job, claimed, done, fl_batch_now_ms() - start);
	return code;
}

static bool others_work(const struct job *job)
{
	if (flock(job->claims, LOCK_EX | LOCK_NB) != 0)
		return true;
	lock_claims(job, LOCK_UN);
	return false;
}

/* The end of the queue is for all: whoever took it whole would be at it while others wait. */
static enum fl_code share(const struct job *job, size_t *room_ret, struct fl_error *err)
{
	size_t waiting = 0;
	*room_ret = job->batch;
	if (job->batch <= BATCH_FIRST || !others_work(job))
		return FL_OK;
	enum fl_code code =
		fl_store_claimable(job->store, time(NULL), 2 * job->batch, &waiting, err);
	if (!code && waiting < 2 * job->batch)
		*room_ret = waiting > 2 * BATCH_FIRST ? waiting / 2 : BATCH_FIRST;
	return code;
}

/* What is there now, up to a batch. */
static enum fl_code
take_some(struct job *job, bool *idle_ret, bool *others_ret, struct fl_error *err)
{
	size_t claimed;
	size_t room;
	enum fl_code code = share(job, &room, err);
	if (!code)
		code = claim(job, room, &claimed, others_ret, err);
	*idle_ret = code == FL_ENOTFOUND;
	if (code)
		return *idle_ret ? FL_OK : code;
	job->pause_ms = 0;
	code = work_on(job, claimed, err);
	lock_claims(job, LOCK_UN);
	return code;
}

static enum fl_code run_loop(struct job *job, struct fl_error *err)
{
	bool once = job->options->worker->once;
	enum fl_code code = FL_OK;
	while (!code && !stopping(job)) {
		bool busy = false;
		bool idle = false;
		bool others = false;
		bool due = spool_is_due(job);
		uint64_t spooled = job->summary->spooled;
		code = expire_partials(job, err);
		if (!code && due)
			code = look_at_spool(job, &busy, err);
		if (!code)
			code = take_some(job, &idle, &others, err);
		fl_progress_show(&job->progress, job->summary);
		if (code || !idle)
			continue;
		if (!due) /* before calling it empty */
			code = look_at_spool(job, &busy, err);
		if (code || job->summary->spooled != spooled)
			continue;
		if (once && !busy && !others)
			break;
		wait_for_work(job, once ? pause_for_others(job) : IDLE_MS);
	}
	return code;
}

/* Where the first attempt is the last, the death of a worker may cost one dump only. */
static void init_batches(struct job *job)
{
	size_t max = job->options->worker->batch ? job->options->worker->batch : BATCH;
	if (job->attempts < 2)
		max = 1;
	job->batch_max = max < FL_BATCH_MAX ? max : FL_BATCH_MAX;
	job->batch = job->batch_max < BATCH_FIRST ? job->batch_max : BATCH_FIRST;
}

/* SQLite would open it for reading only, and an empty queue would never tell. */
static enum fl_code check_database(const char *path, struct fl_error *err)
{
	if (faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0)
		return FL_OK;
	return fl_fail(err, FL_EIO, FL_AT_NONE, 0,
		       "%s: %s: the worker's user must be allowed to write it and its folder", path,
		       strerror(errno));
}

static enum fl_code open_parts(struct job *job, struct fl_error *err)
{
	const struct fl_worker_options *worker = job->options->worker;
	/* The child first: it is a copy of this process, which is small now. */
	enum fl_code code = fl_sandbox_open(&worker->sandbox, &job->sandbox, err);
	if (!code)
		code = fl_store_open(worker->database, &job->store, err);
	if (!code)
		code = check_database(worker->database, err);
	if (!code) {
		fl_store_set_policy(job->store, &worker->policy);
		code = open_claims(job, err);
	}
	if (!code && fl_notify_wanted(&worker->notify)) /* before anything is filed */
		code = fl_store_record_notices(job->store, true, err);
	if (!code && worker->spool)
		code = fl_spool_open(worker->spool, &job->spool, err);
	return code;
}

enum fl_code fl_job_run(const struct fl_job_options *options, struct fl_worker_summary *summary,
			struct fl_error *err)
{
	const struct fl_worker_options *worker = options->worker;
	struct job job = {
		.options = options,
		.summary = summary,
		.claims = -1,
		.lease = worker->lease_seconds ? worker->lease_seconds : LEASE_SECONDS,
		.attempts = worker->max_attempts ? worker->max_attempts : ATTEMPTS,
	};
	fl_heap_keep();
	init_batches(&job);
	snprintf(job.owner, sizeof(job.owner), "%ld:%u", (long)getpid(), options->slot);
	enum fl_code code = open_parts(&job, err);
	if (!code) {
		fl_progress_start(&job.progress, options->progress);
		code = run_loop(&job, err);
		fl_progress_end(&job.progress, summary);
	}
	fl_choices_deinit(&job.choices);
	fl_spool_close(job.spool);
	fl_store_close(job.store);
	fl_sandbox_close(job.sandbox);
	if (job.claims >= 0)
		close(job.claims);
	return code;
}
