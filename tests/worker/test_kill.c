/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill -9 of any process at any moment loses no dump and doubles none: workers, their supervisor
 * and the analysing children are killed at random while dumps come in.
 */
#include "scratch.h"
#include "support/cmocka.h"
#include "worker/worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	DUMPS = 320,
	BURST = 6,               /* dumps that come together */
	STRIKE_WITHIN_US = 6000, /* ... and soon after, while they are taken in, death */
	PAUSE_MS = 100,
};

/* What each dump must have become, by its number. */
enum kind { KIND_DONE, KIND_WAITING, KIND_QUARANTINED, KIND_COUNT };

static const char *const kind_states[KIND_COUNT] = { "done", "waiting", "quarantined" };

static uint32_t random_below(uint32_t bound)
{
	static uint32_t seed = 20260201;
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % bound;
}

static void sleep_us(uint32_t us)
{
	nanosleep(&(struct timespec){ .tv_nsec = (long)us * 1000 }, NULL);
}

/* --- the dumps --- */

static enum kind kind_of(int number)
{
	return number % 8 == 3 ? KIND_QUARANTINED : number % 4 == 1 ? KIND_WAITING : KIND_DONE;
}

static void put_dump(const struct scratch *scratch, const struct fl_buffer *done,
		     const struct fl_buffer *waiting, int number)
{
	char name[64];
	char text[64];
	if (number %
	    2) { /* even ones are of unknown devices, with the same bytes again and again */
		snprintf(name, sizeof(name), "%d.core.json", number);
		snprintf(text, sizeof(text), "{\"device\": \"SN-%d\"}", number);
		scratch_put_text(scratch, name, text);
	}
	snprintf(name, sizeof(name), "%d.core", number);
	switch (kind_of(number)) {
	case KIND_DONE:
		scratch_put(scratch, name, done->data, done->size);
		break;
	case KIND_WAITING:
		scratch_put(scratch, name, waiting->data, waiting->size);
		break;
	default:
		scratch_put_text(scratch, name, "no dump");
	}
}

/* --- the processes --- */

static int run_worker(const struct scratch *scratch, bool once)
{
	const struct fl_worker_options options = {
		.database = scratch->database,
		.spool = scratch->spool,
		.once = once,
		.jobs = 2,
		.max_attempts = 100000, /* being killed is not the dumps' fault here */
		.sandbox = { .requests = 20 },
	};
	struct fl_worker_summary summary;
	struct fl_error err = { 0 };
	if (fl_worker_run(&options, &summary, &err) == FL_OK)
		return 0;
	fprintf(stderr, "worker: %s\n", err.message);
	return 1;
}

static pid_t start_worker(const struct scratch *scratch)
{
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nobody behind */
		_exit(run_worker(scratch, false));
	}
	assert_true(pid > 0);
	setpgid(pid, pid);
	return pid;
}

/* The processes of a group, as /proc has them now. */
static size_t members(pid_t group, pid_t *ret, size_t room)
{
	size_t count = 0;
	DIR *proc = opendir("/proc");
	assert_non_null(proc);
	for (const struct dirent *entry; count < room && (entry = readdir(proc));) {
		char path[300], text[512] = "";
		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		int fd = entry->d_name[0] >= '1' && entry->d_name[0] <= '9'
				 ? open(path, O_RDONLY | O_CLOEXEC)
				 : -1;
		if (fd < 0)
			continue;
		ssize_t size = read(fd, text, sizeof(text) - 1);
		close(fd);
		const char *after = size > 0 ? strrchr(text, ')') : NULL;
		char status;
		int parent, pgrp;
		if (after && sscanf(after + 1, " %c %d %d", &status, &parent, &pgrp) == 3 &&
		    pgrp == group && status != 'Z')
			ret[count++] = (pid_t)strtol(entry->d_name, NULL, 10);
	}
	closedir(proc);
	return count;
}

/* Everything of the group gone, whoever has to reap it. */
static void end_group(pid_t group)
{
	kill(-group, SIGKILL);
	while (waitpid(group, NULL, 0) < 0 && errno == EINTR)
		;
	pid_t left[64];
	for (int i = 0; i < 500 && members(group, left, 64); i++) {
		kill(-group, SIGKILL);
		sleep_us(10000);
	}
}

struct killing {
	unsigned processes, groups, starts;
};

/* One act of violence, or none. The new group, when the old one is gone. */
static pid_t strike(const struct scratch *scratch, pid_t group, struct killing *killing)
{
	pid_t victims[64];
	size_t count = members(group, victims, 64);
	uint32_t dice = random_below(10);
	if (count && dice < 6) {
		kill(victims[random_below((uint32_t)count)], SIGKILL);
		killing->processes++;
	} else if (dice == 6) {
		end_group(group);
		killing->groups++;
	}
	if (dice != 6 && waitpid(group, NULL, WNOHANG) != group)
		return group;
	end_group(group); /* its supervisor is dead: what is left of it goes, too */
	killing->starts++;
	return start_worker(scratch);
}

static struct killing kill_while_feeding(const struct scratch *scratch,
					 const struct fl_buffer *done,
					 const struct fl_buffer *waiting)
{
	struct killing killing = { 0 };
	pid_t group = start_worker(scratch);
	for (int fed = 0; fed < DUMPS;) {
		for (int i = 0; i < BURST && fed < DUMPS; i++)
			put_dump(scratch, done, waiting, fed++);
		sleep_us(random_below(STRIKE_WITHIN_US));
		group = strike(scratch, group, &killing);
		sleep_us(random_below(PAUSE_MS * 1000));
		group = strike(scratch, group, &killing);
	}
	end_group(group);
	return killing;
}

/* --- afterwards --- */

static bool add_traces(void *context, const struct fl_issue_row *row)
{
	uint64_t *sum = context;
	*sum += row->trace_count;
	return true;
}

static void check(struct scratch *scratch)
{
	SCRATCH_ROWS_AUTO rows = scratch_rows(scratch);
	uint64_t done = 0;
	for (int i = 0; i < DUMPS; i++) {
		char name[64];
		snprintf(name, sizeof(name), "%d.core", i);
		const struct scratch_row *row = scratch_row(&rows, name); /* once, no more */
		if (strcmp(row->state, kind_states[kind_of(i)]) != 0)
			fail_msg("%s is %s: %s", name, row->state, row->reason);
		assert_int_equal(row->duplicates, 0);
		assert_int_equal(row->issue_id != 0, kind_of(i) == KIND_DONE);
		done += kind_of(i) == KIND_DONE;
	}
	assert_int_equal(rows.count, DUMPS);
	uint64_t traces = 0;
	assert_int_equal(fl_store_issues(scratch_store(scratch), add_traces, &traces, NULL), FL_OK);
	assert_int_equal(traces, done);
	assert_int_equal(scratch_count(scratch), 0);
}

static void test_nothing_is_lost_or_doubled(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	struct fl_symbol_added added;
	scratch_add_symbols(&scratch, FL_CORPUS "/m4f-og/fw.elf", NULL, NULL, &added);
	scratch_close_store(&scratch);
	FL_AUTO_BUFFER done = scratch_read(FL_CORPUS "/m4f-og/null-read/dump.core");
	FL_AUTO_BUFFER waiting = scratch_read(FL_CORPUS "/m4f-o2/null-read/dump.core");
	struct killing killing = kill_while_feeding(&scratch, &done, &waiting);
	assert_int_equal(run_worker(&scratch, true), 0);
	check(&scratch);
	print_message("%u processes and %u whole groups killed, %u restarts\n", killing.processes,
		      killing.groups, killing.starts);
	assert_true(killing.processes + killing.groups > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_lost_or_doubled),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
