/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/supervise.h"

#include "worker/job.h"
#include "worker/notify.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	TICK_MS = 200,
	RESTARTS_MAX = 10, /* in a row, of processes that did not live for LIFE_SECONDS */
	LIFE_SECONDS = 2,
};

/* Memory that a worker process writes and the supervisor reads. */
struct report {
	struct fl_worker_summary summary; /* goes on where a killed process stopped */
	bool ended;                       /* by itself; otherwise it was killed */
	enum fl_code code;
	struct fl_error error;
};

struct slot {
	pid_t pid; /* 0: not running */
	int line;  /* our end of the lifeline: each end sees the other go */
	time_t started;
	unsigned restarts;
};

struct supervisor {
	const struct fl_worker_options *options;
	struct slot slots[FL_JOBS_MAX + 1];
	unsigned jobs;          /* slots below work, the one after them tells of events */
	unsigned count;         /* of all slots */
	bool draining;          /* the work is done, the rest of the events is being told */
	struct report *reports; /* shared */
	struct fl_progress progress;
	bool stopping;
	enum fl_code code; /* the first failure */
	struct fl_error *err;
};

static struct fl_worker_summary total(const struct supervisor *s)
{
	struct fl_worker_summary sum = { 0 };
	for (unsigned i = 0; i < s->count; i++) {
		const struct fl_worker_summary *part = &s->reports[i].summary;
		sum.filed += part->filed;
		sum.new_issues += part->new_issues;
		sum.waiting += part->waiting;
		sum.quarantined += part->quarantined;
		sum.duplicates += part->duplicates;
		sum.spooled += part->spooled;
		sum.reboots += part->reboots;
		sum.paired += part->paired;
		sum.joined += part->joined;
		sum.pruned += part->pruned;
		sum.expired += part->expired;
		sum.expired_bytes += part->expired_bytes;
		sum.notified += part->notified;
		sum.unnotified += part->unnotified;
	}
	return sum;
}

static enum fl_code run_slot(const struct supervisor *s, unsigned index, int line)
{
	struct report *report = &s->reports[index];
	const struct fl_job_options options = {
		.worker = s->options,
		.slot = index,
		.lifeline = line,
	};
	if (index == s->jobs)
		return fl_notify_run(s->options, line, &report->summary, &report->error);
	return fl_job_run(&options, &report->summary, &report->error);
}

_Noreturn static void be_job(struct supervisor *s, unsigned index, int line)
{
	/* The ends of the others: held here too, nobody would see them hang up. */
	for (unsigned i = 0; i < s->count; i++)
		if (s->slots[i].pid)
			close(s->slots[i].line);
	struct report *report = &s->reports[index];
	report->code = run_slot(s, index, line);
	report->ended = true;
	_exit(report->code != FL_OK);
}

static void fail(struct supervisor *s, enum fl_code code, const char *message)
{
	if (!s->code)
		s->code = fl_fail(s->err, code, FL_AT_NONE, 0, "%s", message);
	s->stopping = true;
}

static void start(struct supervisor *s, unsigned index)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		fail(s, FL_EIO, strerror(errno));
		return;
	}
	s->reports[index].ended = false;
	pid_t pid = fork();
	if (pid == 0) {
		close(pair[0]);
		be_job(s, index, pair[1]);
	}
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		fail(s, FL_EIO, strerror(errno));
		return;
	}
	s->slots[index].pid = pid;
	s->slots[index].line = pair[0];
	s->slots[index].started = time(NULL);
	s->draining &= index != s->jobs;
}

/* A worker process that was killed left its dump claimed; whoever comes next finishes it. */
static void replace(struct supervisor *s, unsigned index)
{
	struct slot *slot = &s->slots[index];
	slot->restarts = time(NULL) - slot->started < LIFE_SECONDS ? slot->restarts + 1 : 0;
	if (slot->restarts > RESTARTS_MAX)
		fail(s, FL_EIO, "worker processes keep dying");
	else if (!s->stopping)
		start(s, index);
}

static void collect(struct supervisor *s, unsigned index)
{
	struct slot *slot = &s->slots[index];
	while (waitpid(slot->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(slot->line);
	slot->pid = 0;
	if (!s->reports[index].ended)
		replace(s, index);
	else if (s->reports[index].code)
		fail(s, s->reports[index].code, s->reports[index].error.message);
}

static unsigned running(const struct supervisor *s, unsigned slots)
{
	unsigned count = 0;
	for (unsigned i = 0; i < slots; i++)
		count += s->slots[i].pid != 0;
	return count;
}

/* Each finishes the dump at hand; that they are done shows as a hang-up from their side. */
static void ask_to_stop(const struct supervisor *s)
{
	for (unsigned i = 0; i < s->count; i++)
		if (s->slots[i].pid)
			shutdown(s->slots[i].line, SHUT_WR);
}

/* Again to one that was killed meanwhile. */
static void ask_to_drain(struct supervisor *s)
{
	struct slot *slot = &s->slots[s->jobs];
	if (s->draining || running(s, s->jobs) || !slot->pid)
		return;
	(void)!send(slot->line, &(char){ FL_NOTIFY_DRAIN }, 1, MSG_NOSIGNAL);
	s->draining = true;
}

static void wait_and_collect(struct supervisor *s)
{
	struct pollfd lines[FL_JOBS_MAX + 1];
	for (unsigned i = 0; i < s->count; i++)
		lines[i] = (struct pollfd){ .fd = s->slots[i].pid ? s->slots[i].line : -1,
					    .events = POLLIN };
	int ready = poll(lines, s->count, TICK_MS);
	for (unsigned i = 0; ready > 0 && i < s->count; i++)
		if (lines[i].revents)
			collect(s, i);
}

static void watch(struct supervisor *s)
{
	while (running(s, s->count)) {
		s->stopping |= s->options->stop && *s->options->stop;
		if (s->stopping)
			ask_to_stop(s);
		else
			ask_to_drain(s);
		wait_and_collect(s);
		struct fl_worker_summary sum = total(s);
		fl_progress_show(&s->progress, &sum);
	}
}

enum fl_code fl_supervise(const struct fl_worker_options *options, struct fl_worker_summary *ret,
			  struct fl_error *err)
{
	struct supervisor s = { .options = options, .err = err };
	s.jobs = options->jobs ? options->jobs : 1;
	s.count = s.jobs + fl_notify_wanted(&options->notify);
	size_t size = s.count * sizeof(s.reports[0]);
	void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "shared memory");
	s.reports = shared;
	fl_progress_start(&s.progress, options->progress);
	for (unsigned i = s.count; i > 0 && !s.stopping; i--)
		start(&s, i - 1);
	watch(&s);
	*ret = total(&s);
	fl_progress_end(&s.progress, ret);
	munmap(shared, size);
	return s.code;
}
