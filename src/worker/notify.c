/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/notify.h"

#include "worker/deliver.h"
#include "worker/event_json.h"
#include "worker/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum {
	TIMEOUT_SECONDS = 30,
	RETRY_SECONDS = 5,
	RETRY_MAX = 3600,
	LOOK_MS = 500,  /* between two looks into the outbox */
	DRAIN_MS = 100, /* ... while somebody waits for the end */
	LOGGED_MAX = 4096,
};

struct notifier {
	const struct fl_worker_options *worker;
	struct fl_worker_summary *summary;
	struct fl_store *store;
	int lifeline;
	int lock_fd;
	bool locked;
	bool draining;
	int64_t drain_end;
	/* In the log already, while the command still fails: a line is written once. */
	int64_t logged[LOGGED_MAX];
	size_t logged_count;
};

/* The notice at hand. */
struct task {
	const char *database;
	bool found;
	int64_t id;
	enum fl_notice_kind kind;
	uint32_t attempts;
	char *text; /* owned */
};

bool fl_notify_wanted(const struct fl_notify_options *options)
{
	return options->command || options->log;
}

static unsigned timeout(const struct notifier *n)
{
	unsigned seconds = n->worker->notify.timeout_seconds;
	return seconds ? seconds : TIMEOUT_SECONDS;
}

/* --- delivery --- */

static bool is_logged(const struct notifier *n, int64_t id)
{
	for (size_t i = 0; i < n->logged_count; i++)
		if (n->logged[i] == id)
			return true;
	return false;
}

static void forget_logged(struct notifier *n, int64_t id)
{
	size_t kept = 0;
	for (size_t i = 0; i < n->logged_count; i++)
		if (n->logged[i] != id)
			n->logged[kept++] = n->logged[i];
	n->logged_count = kept;
}

static bool deliver_to_log(struct notifier *n, const struct task *task, char *reason)
{
	if (!n->worker->notify.log || is_logged(n, task->id))
		return true;
	if (!fl_deliver_line(n->worker->notify.log, task->text, reason))
		return false;
	if (n->logged_count == LOGGED_MAX)
		forget_logged(n, n->logged[0]);
	n->logged[n->logged_count++] = task->id;
	return true;
}

/* Each gets its chance, whatever became of the other. */
static bool deliver(struct notifier *n, const struct task *task, char *reason)
{
	const char *command = n->worker->notify.command;
	bool logged = deliver_to_log(n, task, reason);
	bool told = !command || fl_deliver_command(command, task->text, timeout(n), reason);
	return logged && told;
}

static int64_t delay(const struct notifier *n, uint32_t attempts)
{
	unsigned base = n->worker->notify.retry_seconds;
	int64_t seconds = base ? base : RETRY_SECONDS;
	for (uint32_t i = 0; i < attempts && seconds < RETRY_MAX; i++)
		seconds *= 2;
	return seconds < RETRY_MAX ? seconds : RETRY_MAX;
}

static enum fl_code
put_off(struct notifier *n, const struct task *task, const char *reason, struct fl_error *err)
{
	int64_t wait = delay(n, task->attempts);
	char subject[64];
	snprintf(subject, sizeof(subject), "event %" PRId64 " (%s)", task->id,
		 fl_notice_name(task->kind));
	fl_warn(subject, "%s; again in %" PRId64 " s", reason, wait);
	return fl_store_notice_failed(n->store, task->id, time(NULL) + wait, reason, err);
}

static bool take(void *context, const struct fl_notice *notice)
{
	struct task *task = context;
	task->found = true;
	task->id = notice->id;
	task->kind = notice->kind;
	task->attempts = notice->attempts;
	task->text = fl_event_json(notice, task->database);
	return false;
}

/* The oldest notice that is due. @return whether there was one and the database knows of it. */
static bool handle_one(struct notifier *n)
{
	struct task task = { .database = n->worker->database };
	struct fl_error err = { 0 };
	char reason[FL_DELIVER_REASON] = "out of memory";
	enum fl_code code = fl_store_notices(n->store, time(NULL), 1, take, &task, &err);
	if (!code && task.found && task.text && deliver(n, &task, reason)) {
		code = fl_store_notice_done(n->store, task.id, &err);
		forget_logged(n, task.id);
		n->summary->notified += !code;
	} else if (!code && task.found) {
		code = put_off(n, &task, reason, &err);
	}
	free(task.text);
	if (code)
		fl_warn("events", "%s", err.message);
	return task.found && !code;
}

/* --- the outbox --- */

static bool count_notice(void *context, const struct fl_notice *notice)
{
	(void)notice;
	++*(uint64_t *)context;
	return true;
}

/* Due by @p when; what cannot be asked for counts as none. */
static uint64_t count_due(const struct notifier *n, int64_t when)
{
	uint64_t count = 0;
	if (fl_store_notices(n->store, when, UINT32_MAX, count_notice, &count, NULL))
		return 0;
	return count;
}

/* --- the process --- */

static bool have_lock(struct notifier *n)
{
	if (!n->locked)
		n->locked = flock(n->lock_fd, LOCK_EX | LOCK_NB) == 0;
	return n->locked;
}

/* Told to stop? What comes down the lifeline is seen on the way. */
static bool stopping(struct notifier *n)
{
	char order;
	struct pollfd wait = { .fd = n->lifeline, .events = POLLIN };
	if (n->worker->stop && *n->worker->stop)
		return true;
	while (poll(&wait, 1, 0) > 0) {
		if (read(n->lifeline, &order, 1) != 1)
			return true;
		if (order == FL_NOTIFY_DRAIN && !n->draining) {
			n->draining = true;
			n->drain_end = time(NULL) + timeout(n);
		}
	}
	return false;
}

/* Nothing left, or nothing that could still be delivered in time. */
static bool drained(struct notifier *n)
{
	return !n->locked || time(NULL) >= n->drain_end || !count_due(n, n->drain_end);
}

static void run_loop(struct notifier *n)
{
	while (!stopping(n)) {
		if (have_lock(n) && handle_one(n))
			continue;
		if (n->draining && drained(n))
			break;
		poll(&(struct pollfd){ .fd = n->lifeline, .events = POLLIN }, 1,
		     n->draining ? DRAIN_MS : LOOK_MS);
	}
	n->summary->unnotified = count_due(n, INT64_MAX);
}

static enum fl_code open_lock(struct notifier *n, struct fl_error *err)
{
	char path[4096];
	int size = snprintf(path, sizeof(path), "%s.events", n->worker->database);
	if (size < 0 || (size_t)size >= sizeof(path))
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "database path too long");
	n->lock_fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0666);
	if (n->lock_fd < 0)
		return fl_fail(err, FL_EIO, FL_AT_NONE, 0, "%s: %s", path, strerror(errno));
	return FL_OK;
}

static void block_child_signal(void)
{
	sigset_t child;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	signal(SIGCHLD, SIG_DFL); /* ignored by our parent, nobody could be waited for */
}

enum fl_code fl_notify_run(const struct fl_worker_options *worker, int lifeline,
			   struct fl_worker_summary *summary, struct fl_error *err)
{
	struct notifier n = {
		.worker = worker, .summary = summary, .lifeline = lifeline, .lock_fd = -1
	};
	block_child_signal();
	enum fl_code code = open_lock(&n, err);
	if (!code)
		code = fl_store_open(worker->database, &n.store, err);
	if (!code)
		run_loop(&n);
	fl_store_close(n.store);
	if (n.lock_fd >= 0)
		close(n.lock_fd);
	return code;
}
