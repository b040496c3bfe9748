/* SPDX-License-Identifier: Apache-2.0 */
/* Several processes take from one queue: every dump is filed by exactly one of them. */
#include "store/fixture.h"
#include "store/internal.h"
#include "store/invariants.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HOLD_MS = 150, PATIENCE_MS = 40 };
enum { DUMPS = 300, WORKERS = 3, ISSUES = 7 };

static void work(const char *path, int log)
{
	struct fl_store *store = NULL;
	struct fl_claim claim = { 0 };
	enum fl_code code;
	char owner[32];
	snprintf(owner, sizeof(owner), "%d:0", (int)getpid());
	if (fl_store_open(path, &store, NULL))
		_exit(1);
	while (!(code = fl_store_claim(store, owner, NOON, 3600, &claim, NULL))) {
		struct fl_filed filed;
		char stack[32];
		snprintf(stack, sizeof(stack), "stack=%d", (int)(claim.dump_id % ISSUES));
		FL_AUTO(fl_report)
		report = report_make(
			&(struct report_spec){ .title = stack, .fingerprints = { stack } });
		if (fl_store_file(store, claim.dump_id, report, &filed, NULL))
			_exit(2);
		if (write(log, &claim.dump_id, sizeof(claim.dump_id)) < 0)
			_exit(3);
		fl_claim_deinit(&claim);
	}
	fl_store_close(store);
	_exit(code == FL_ENOTFOUND ? 0 : 4);
}

static void fill(struct fl_store *store)
{
	for (int i = 0; i < DUMPS; i++) {
		char bytes[32];
		snprintf(bytes, sizeof(bytes), "dump %d", i);
		enqueue(store, bytes, NULL);
	}
}

static void check_log(const char *path)
{
	bool filed[DUMPS + 1] = { false };
	int64_t id;
	int count = 0;
	FILE *log = fopen(path, "rb");
	assert_non_null(log);
	for (; fread(&id, sizeof(id), 1, log) == 1; count++) {
		assert_in_range(id, 1, DUMPS);
		assert_false(filed[id]);
		filed[id] = true;
	}
	fclose(log);
	assert_int_equal(count, DUMPS);
}

static bool add_traces(void *context, const struct fl_issue_row *row)
{
	*(uint64_t *)context += row->trace_count;
	return true;
}

static void test_no_dump_is_filed_twice(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	char path[128];
	pid_t workers[WORKERS];
	uint64_t traces = 0;
	fill(f->store);
	fl_store_close(f->store);
	f->store = NULL;
	snprintf(path, sizeof(path), "%s", fixture_path(f, "filed"));
	int log = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
	for (int i = 0; i < WORKERS; i++)
		if (!(workers[i] = fork()))
			work(f->path, log);
	for (int i = 0; i < WORKERS; i++) {
		int status;
		assert_int_equal(waitpid(workers[i], &status, 0), workers[i]);
		assert_int_equal(status, 0);
	}
	close(log);
	f->store = fixture_open(f);
	check_log(path);
	assert_invariants(f->store);
	assert_ok(fl_store_issues(f->store, add_traces, &traces, &err), err);
	assert_int_equal(traces, DUMPS);
}

/* --- waiting for another process --- */

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Begins a batch, says so, and ends it when it is told to or, with @p ms, after that time. */
static void hold(const char *path, int said, int told, int ms)
{
	struct fl_store *store = NULL;
	const struct timespec pause = { .tv_nsec = ms * 1000000L };
	char byte = 0;
	if (fl_store_open(path, &store, NULL) || fl_store_batch_begin(store, NULL) ||
	    write(said, &byte, 1) != 1)
		_exit(1);
	if (ms)
		nanosleep(&pause, NULL);
	else if (read(told, &byte, 1) < 0)
		_exit(2);
	if (fl_store_batch_commit(store, NULL))
		_exit(3);
	fl_store_close(store);
	_exit(0);
}

static pid_t begin_holding(const struct fixture *f, int tell[2], int ms)
{
	int say[2];
	char byte;
	assert_int_equal(pipe(say), 0);
	assert_int_equal(pipe(tell), 0);
	pid_t holder = fork();
	if (!holder)
		hold(f->path, say[1], tell[0], ms);
	assert_int_equal(read(say[0], &byte, 1), 1);
	close(say[0]);
	close(say[1]);
	return holder;
}

static void end_holding(pid_t holder, int tell[2])
{
	int status;
	assert_int_equal(write(tell[1], "", 1), 1);
	assert_int_equal(waitpid(holder, &status, 0), holder);
	assert_int_equal(status, 0);
	close(tell[0]);
	close(tell[1]);
}

static void test_a_writer_waits_for_another(void **state)
{
	struct fixture *f = *state;
	int tell[2];
	int64_t start = now_ms();
	pid_t holder = begin_holding(f, tell, HOLD_MS);
	enqueue(f->store, "waits", NULL);
	assert_true(now_ms() - start >= HOLD_MS);
	end_holding(holder, tell);
}

static void test_patience_ends(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	struct fl_enqueued enqueued;
	const struct fl_upload upload = { .bytes = "a", .size = 1 };
	int tell[2];
	pid_t holder = begin_holding(f, tell, 0);
	fl_store_be_patient(f->store, PATIENCE_MS);
	for (int i = 0; i < 2; i++) { /* each time as long */
		int64_t start = now_ms();
		assert_int_equal(fl_store_enqueue(f->store, &upload, &enqueued, &err), FL_EIO);
		assert_non_null(strstr(err.message, "locked"));
		assert_true(now_ms() - start >= PATIENCE_MS);
	}
	end_holding(holder, tell);
	assert_int_equal(enqueue(f->store, "goes", NULL), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { store_test(test_no_dump_is_filed_twice),
					    store_test(test_a_writer_waits_for_another),
					    store_test(test_patience_ends) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
