/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/supervise.h"

#include "worker/job.h"

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
	struct slot slots[FL_JOBS_MAX];
	struct report *reports; /* shared */
	struct fl_progress progress;
	bool stopping;
	enum fl_code code; /* the first failure */
	struct fl_error *err;
};

static struct fl_worker_summary total(const struct supervisor *s)
{
	struct fl_worker_summary sum = { 0 };
	for (unsigned i = 0; i < s->options->jobs; i++) {
		const struct fl_worker_summary *part = &s->reports[i].summary;
		sum.filed += part->filed;
		sum.new_issues += part->new_issues;
		sum.waiting += part->waiting;
		sum.quarantined += part->quarantined;
		sum.duplicates += part->duplicates;
		sum.spooled += part->spooled;
	}
	return sum;
}

_Noreturn static void be_job(struct supervisor *s, unsigned index, int line)
{
	/* The ends of the others: held here too, nobody would see them hang up. */
	for (unsigned i = 0; i < s->options->jobs; i++)
		if (s->slots[i].pid)
			close(s->slots[i].line);
	const struct fl_job_options options = {
		.worker = s->options,
		.slot = index,
		.lifeline = line,
	};
	struct report *report = &s->reports[index];
	report->code = fl_job_run(&options, &report->summary, &report->error);
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

static unsigned running(const struct supervisor *s)
{
	unsigned count = 0;
	for (unsigned i = 0; i < s->options->jobs; i++)
		count += s->slots[i].pid != 0;
	return count;
}

/* Each finishes the dump at hand; that they are done shows as a hang-up from their side. */
static void ask_to_stop(const struct supervisor *s)
{
	for (unsigned i = 0; i < s->options->jobs; i++)
		if (s->slots[i].pid)
			shutdown(s->slots[i].line, SHUT_WR);
}

static void wait_and_collect(struct supervisor *s)
{
	struct pollfd lines[FL_JOBS_MAX];
	for (unsigned i = 0; i < s->options->jobs; i++)
		lines[i] = (struct pollfd){ .fd = s->slots[i].pid ? s->slots[i].line : -1,
					    .events = POLLIN };
	int ready = poll(lines, s->options->jobs, TICK_MS);
	for (unsigned i = 0; ready > 0 && i < s->options->jobs; i++)
		if (lines[i].revents)
			collect(s, i);
}

enum fl_code fl_supervise(const struct fl_worker_options *options, struct fl_worker_summary *ret,
			  struct fl_error *err)
{
	struct supervisor s = { .options = options, .err = err };
	size_t size = options->jobs * sizeof(s.reports[0]);
	void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "shared memory");
	s.reports = shared;
	fl_progress_start(&s.progress, options->progress);
	for (unsigned i = 0; i < options->jobs && !s.stopping; i++)
		start(&s, i);
	while (running(&s)) {
		s.stopping |= options->stop && *options->stop;
		if (s.stopping)
			ask_to_stop(&s);
		wait_and_collect(&s);
		struct fl_worker_summary sum = total(&s);
		fl_progress_show(&s.progress, &sum);
	}
	*ret = total(&s);
	fl_progress_end(&s.progress, ret);
	munmap(shared, size);
	return s.code;
}
