/* SPDX-License-Identifier: Apache-2.0 */
/* From spool and queue to traces: real dumps, the real engine, a real database. */
#include "scratch.h"
#include "support/cmocka.h"
#include "worker/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BUILD   FL_CORPUS "/m4f-og"
#define OTHER   FL_CORPUS "/m4f-o2"
#define VERSION "1.4.0-m4f-og"

static struct fl_worker_summary run(const struct fl_worker_options *options)
{
	struct fl_worker_summary summary;
	struct fl_error err = { 0 };
	if (fl_worker_run(options, &summary, &err))
		fail_msg("%s", err.message);
	return summary;
}

static struct fl_worker_options once(const struct scratch *scratch)
{
	return (struct fl_worker_options){ .database = scratch->database,
					   .spool = scratch->spool,
					   .once = true };
}

static void put_dump(struct scratch *scratch, const char *scenario, const char *name)
{
	char path[512];
	snprintf(path, sizeof(path), BUILD "/%s/dump.core", scenario);
	FL_AUTO_BUFFER bytes = scratch_read(path);
	scratch_put(scratch, name, bytes.data, bytes.size);
}

static void
add_symbols(struct scratch *scratch, const char *build, const char *version, uint64_t requeued)
{
	char path[512];
	struct fl_symbol_added added;
	snprintf(path, sizeof(path), "%s/fw.elf", build);
	scratch_add_symbols(scratch, path, version ? "fixture-fw" : NULL, version, &added);
	assert_int_equal(added.dumps_requeued, requeued);
}

static void test_files_dumps(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch, BUILD, NULL, 0);
	put_dump(&scratch, "null-read", "1.core");
	put_dump(&scratch, "divide-by-zero", "2.core");
	put_dump(&scratch, "null-read", "3.core"); /* another device, for all we know */
	const struct fl_worker_options options = once(&scratch);
	struct fl_worker_summary summary = run(&options);
	assert_int_equal(summary.spooled, 3);
	assert_int_equal(summary.filed, 3);
	assert_int_equal(summary.new_issues, 2);
	assert_int_equal(summary.waiting + summary.quarantined + summary.duplicates, 0);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_int_equal(rows.count, 3);
	const struct scratch_row *first = scratch_row(&rows, "1.core");
	assert_string_equal(first->state, "done");
	assert_true(first->issue_id > 0);
	assert_int_equal(scratch_row(&rows, "3.core")->issue_id, first->issue_id);
	assert_int_not_equal(scratch_row(&rows, "2.core")->issue_id, first->issue_id);
	FL_AUTO(fl_report) report = NULL;
	assert_int_equal(fl_store_report(scratch_store(&scratch), first->id, &report, NULL), FL_OK);
	assert_int_equal(fl_report_facts(report).match, FL_MATCH_SAME);
	assert_int_equal(scratch_count(&scratch), 0);
	/* a second run has nothing to do */
	summary = run(&options);
	assert_int_equal(summary.filed + summary.spooled + summary.waiting, 0);
}

static void test_waits_for_its_elf(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch, OTHER, NULL, 0); /* not the one */
	put_dump(&scratch, "null-read", "1.core");
	const struct fl_worker_options options = once(&scratch);
	struct fl_worker_summary summary = run(&options);
	assert_int_equal(summary.waiting, 1);
	assert_int_equal(summary.filed, 0);
	SCRATCH_ROWS_AUTO before = scratch_rows(&scratch);
	assert_string_equal(scratch_row(&before, "1.core")->state, "waiting");
	assert_int_equal(scratch_row(&before, "1.core")->issue_id, 0);
	add_symbols(&scratch, BUILD, NULL, 1);
	summary = run(&options);
	assert_int_equal(summary.filed, 1);
	SCRATCH_ROWS_AUTO after = scratch_rows(&scratch);
	assert_string_equal(scratch_row(&after, "1.core")->state, "done");
	assert_true(scratch_row(&after, "1.core")->issue_id > 0);
}

/* The dump without its build id: only type and version choose the ELF then. */
static struct fl_buffer without_build_id(const char *path)
{
	struct fl_buffer bytes = scratch_read(path);
	for (size_t at = 12; at + 12 <= bytes.size;) {
		uint32_t size;
		memcpy(&size, bytes.data + at + 8, sizeof(size));
		if (bytes.data[at] == 12) {
			bytes.data[at] = 6; /* padding */
			return bytes;
		}
		at += 12 + size;
	}
	fail_msg("%s has no build id", path);
	return bytes;
}

static void test_chosen_by_version(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	FL_AUTO_BUFFER dump = without_build_id(BUILD "/null-read/dump.core");
	add_symbols(&scratch, BUILD, VERSION, 0);
	scratch_put(&scratch, "1.core", dump.data, dump.size);
	const struct fl_worker_options options = once(&scratch);
	assert_int_equal(run(&options).filed, 1);
}

/* Right by its version, wrong by the flash that the dump holds: never filed with it. */
static void test_never_the_wrong_elf(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	FL_AUTO_BUFFER dump = without_build_id(BUILD "/null-read/dump.core");
	add_symbols(&scratch, OTHER, VERSION, 0);
	scratch_put(&scratch, "1.core", dump.data, dump.size);
	const struct fl_worker_options options = once(&scratch);
	struct fl_worker_summary summary = run(&options);
	assert_int_equal(summary.filed, 0);
	assert_int_equal(summary.waiting, 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	const struct scratch_row *row = scratch_row(&rows, "1.core");
	assert_string_equal(row->state, "waiting");
	/* what is kept was made without that ELF */
	FL_AUTO(fl_report) report = NULL;
	assert_int_equal(fl_store_report(scratch_store(&scratch), row->id, &report, NULL), FL_OK);
	assert_int_equal(fl_report_facts(report).match, FL_MATCH_NO_SYMBOLS);
}

/* What came with the upload chooses the ELF where the dump is silent. */
static void test_version_from_the_companion(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	FL_AUTO_BUFFER dump = without_build_id(BUILD "/null-read/dump.core");
	for (size_t at = 12; at + 12 <= dump.size;) { /* and without type and version */
		uint32_t size;
		memcpy(&size, dump.data + at + 8, sizeof(size));
		if (dump.data[at] == 10 || dump.data[at] == 11)
			dump.data[at] = 6;
		at += 12 + size;
	}
	add_symbols(&scratch, BUILD, "9.9", 0);
	scratch_put_text(&scratch, "1.core.json",
			 "{\"software_type\": \"fixture-fw\", \"software_version\": \"9.9\"}");
	scratch_put(&scratch, "1.core", dump.data, dump.size);
	scratch_put(&scratch, "2.core", dump.data, dump.size);
	const struct fl_worker_options options = once(&scratch);
	struct fl_worker_summary summary = run(&options);
	assert_int_equal(summary.filed, 1);
	assert_int_equal(summary.waiting, 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_string_equal(scratch_row(&rows, "1.core")->state, "done");
}

static void test_no_dump_is_quarantined(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	scratch_put_text(&scratch, "1.core", "this is not a dump");
	scratch_put_text(&scratch, "2.core", "");
	put_dump(&scratch, "null-read", "3.core");
	const struct fl_worker_options options = once(&scratch);
	struct fl_worker_summary summary = run(&options);
	assert_int_equal(summary.quarantined, 2);
	assert_int_equal(summary.waiting, 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_string_equal(scratch_row(&rows, "1.core")->state, "quarantined");
	assert_true(scratch_row(&rows, "1.core")->reason[0]);
	assert_string_equal(scratch_row(&rows, "1.core")->backtrace, "");
	assert_string_equal(scratch_row(&rows, "2.core")->state, "quarantined");
}

static void test_duplicates(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	for (int i = 0; i < 2; i++) {
		char name[32];
		snprintf(name, sizeof(name), "%d.core.json", i);
		scratch_put_text(&scratch, name, "{\"device\": \"SN-1\"}");
		snprintf(name, sizeof(name), "%d.core", i);
		put_dump(&scratch, "null-read", name);
	}
	const struct fl_worker_options options = once(&scratch);
	struct fl_worker_summary summary = run(&options);
	assert_int_equal(summary.spooled, 2);
	assert_int_equal(summary.duplicates, 1);
	assert_int_equal(summary.waiting, 1);
}

static void test_without_a_child(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch, BUILD, NULL, 0);
	put_dump(&scratch, "null-read", "1.core");
	struct fl_worker_options options = once(&scratch);
	options.sandbox.mode = FL_SANDBOX_OFF;
	assert_int_equal(run(&options).filed, 1);
}

static void test_several_processes(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch, BUILD, NULL, 0);
	scratch_close_store(&scratch);
	for (int i = 0; i < 40; i++) {
		char name[32];
		snprintf(name, sizeof(name), "%d.core", i);
		put_dump(&scratch, "null-read", name);
	}
	struct fl_worker_options options = once(&scratch);
	options.jobs = 3;
	struct fl_worker_summary summary = run(&options);
	assert_int_equal(summary.spooled, 40);
	assert_int_equal(summary.filed, 40);
	assert_int_equal(summary.new_issues, 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_int_equal(rows.count, 40);
	for (size_t i = 0; i < rows.count; i++) {
		assert_string_equal(rows.rows[i].state, "done");
		assert_int_equal(rows.rows[i].attempts, 1);
	}
}

static void test_trouble_is_reported(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	const struct {
		struct fl_worker_options options;
		enum fl_code code;
		const char *says;
	} cases[] = {
		{ { .database = "/nonexistent/x.db", .once = true }, FL_EIO, "/nonexistent" },
		{ { .database = "/nonexistent/x.db", .once = true, .jobs = 2 },
		  FL_EIO,
		  "/nonexistent" },
		{ { .database = scratch.database, .spool = "/nonexistent", .once = true },
		  FL_EIO,
		  "/nonexistent" },
		{ { .database = scratch.database, .jobs = 1000, .once = true },
		  FL_EINVALID,
		  "at most 64" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_worker_summary summary;
		struct fl_error err = { 0 };
		assert_int_equal(fl_worker_run(&cases[i].options, &summary, &err), cases[i].code);
		assert_non_null(strstr(err.message, cases[i].says));
	}
}

static void test_progress(void **state)
{
	(void)state;
	for (unsigned jobs = 1; jobs <= 2; jobs++) {
		SCRATCH_AUTO scratch;
		scratch_make(&scratch);
		put_dump(&scratch, "null-read", "1.core");
		scratch_put_text(&scratch, "2.core", "no dump");
		char path[256];
		snprintf(path, sizeof(path), "%s/stderr", scratch.folder);
		int saved = dup(STDERR_FILENO);
		int file = open(path, O_RDWR | O_CREAT, 0644);
		assert_true(saved >= 0 && file >= 0 && dup2(file, STDERR_FILENO) >= 0);
		struct fl_worker_options options = once(&scratch);
		options.progress = true;
		options.jobs = jobs;
		struct fl_worker_summary summary = run(&options);
		dup2(saved, STDERR_FILENO);
		close(saved);
		close(file);
		assert_int_equal(summary.waiting + summary.quarantined, 2);
		FL_AUTO_BUFFER text = scratch_read(path);
		const char *last = strrchr((char *)text.data, '\r');
		assert_non_null(last);
		assert_non_null(strstr(last, "filed 0, waiting 1, quarantined 1, "));
		assert_string_equal(last + strlen(last) - 3, "/s\n");
	}
}

/* --- claims of the dead and of the living --- */

static void enqueue(struct scratch *scratch, const char *scenario)
{
	char path[512];
	snprintf(path, sizeof(path), BUILD "/%s/dump.core", scenario);
	FL_AUTO_BUFFER bytes = scratch_read(path);
	const struct fl_upload upload = {
		.bytes = bytes.data, .size = bytes.size, .source = scenario, .received_at = 1
	};
	struct fl_enqueued enqueued;
	assert_int_equal(fl_store_enqueue(scratch_store(scratch), &upload, &enqueued, NULL), FL_OK);
}

static void claim(struct scratch *scratch, int64_t now, uint32_t lease)
{
	struct fl_claim claimed = { 0 };
	assert_int_equal(fl_store_claim(scratch_store(scratch), "test", now, lease, &claimed, NULL),
			 FL_OK);
	fl_claim_deinit(&claimed);
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void test_claims_of_the_dead_are_taken_over(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	enqueue(&scratch, "null-read");
	claim(&scratch, time(NULL), 3600); /* and whoever did it is gone */
	const struct fl_worker_options options = once(&scratch);
	int64_t start = now_ms();
	assert_int_equal(run(&options).waiting, 1);
	assert_true(now_ms() - start < 10000); /* not an hour */
}

static void test_claims_of_the_living_are_not(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	enqueue(&scratch, "null-read");
	claim(&scratch, time(NULL), 3600);
	char path[256];
	snprintf(path, sizeof(path), "%s.claims", scratch.database);
	int lock = open(path, O_RDWR | O_CREAT, 0644);
	assert_true(lock >= 0);
	assert_int_equal(flock(lock, LOCK_SH), 0);
	scratch_close_store(&scratch);
	pid_t living = fork();
	if (living == 0) {
		nanosleep(&(struct timespec){ .tv_nsec = 400000000 }, NULL);
		_exit(0); /* without an answer: now it is dead, and its claim free */
	}
	close(lock);
	const struct fl_worker_options options = once(&scratch);
	int64_t start = now_ms();
	assert_int_equal(run(&options).waiting, 1);
	assert_true(now_ms() - start >= 300);
	waitpid(living, NULL, 0);
}

static void test_gives_up_on_what_kills_the_worker(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	enqueue(&scratch, "null-read");
	for (int i = 0; i < 3; i++)
		claim(&scratch, 1000 + i * 100, 10);
	const struct fl_worker_options options = once(&scratch);
	assert_int_equal(run(&options).quarantined, 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_non_null(strstr(rows.rows[0].reason, "given up after 3 attempts"));
}

/* --- stopping --- */

static volatile sig_atomic_t stop_requested;

static void request_stop(int signal_number)
{
	(void)signal_number;
	stop_requested = 1;
}

static void test_stop_before_the_start(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	put_dump(&scratch, "null-read", "1.core");
	volatile sig_atomic_t stop = 1;
	struct fl_worker_options options = once(&scratch);
	options.stop = &stop;
	assert_int_equal(run(&options).spooled, 0);
	assert_true(scratch_has(&scratch, "1.core"));
}

static void wait_for_waiting(struct scratch *scratch, uint64_t count)
{
	for (int i = 0; i < 1000; i++) {
		struct fl_queue_counts counts = { 0 };
		assert_int_equal(fl_store_queue_counts(scratch_store(scratch), &counts, NULL),
				 FL_OK);
		if (counts.waiting == count)
			return;
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	}
	fail_msg("%llu dumps never came to wait", (unsigned long long)count);
}

static pid_t start_worker(const struct scratch *scratch, unsigned jobs)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGTERM); /* a failed test leaves nobody behind */
	struct sigaction action = { .sa_handler = request_stop };
	sigaction(SIGTERM, &action, NULL);
	const struct fl_worker_options options = { .database = scratch->database,
						   .spool = scratch->spool,
						   .jobs = jobs,
						   .stop = &stop_requested };
	struct fl_worker_summary summary;
	_exit(fl_worker_run(&options, &summary, NULL) ? 1 : 0);
}

static int exit_status(pid_t pid)
{
	int status = -1;
	for (int i = 0; i < 500 && waitpid(pid, &status, WNOHANG) == 0; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A worker that waits for work takes what arrives, and ends on SIGTERM. */
static void test_runs_until_told(void **state)
{
	(void)state;
	static const unsigned jobs[] = { 1, 3 };
	for (size_t i = 0; i < 2; i++) {
		SCRATCH_AUTO scratch;
		scratch_make(&scratch);
		pid_t worker = start_worker(&scratch, jobs[i]);
		put_dump(&scratch, "null-read", "1.core");
		wait_for_waiting(&scratch, 1);
		put_dump(&scratch, "divide-by-zero", "2.core");
		wait_for_waiting(&scratch, 2);
		assert_int_equal(kill(worker, SIGTERM), 0);
		assert_int_equal(exit_status(worker), 0);
		assert_int_equal(scratch_count(&scratch), 0);
	}
}

enum { CHILDREN_MAX = 8 };

/* Of a process. 0 as well where the kernel has no CONFIG_PROC_CHILDREN. */
static unsigned children_of(pid_t parent, pid_t ret[CHILDREN_MAX])
{
	char path[64], text[256] = "";
	snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", (long)parent, (long)parent);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
	unsigned count = 0;
	if (fd >= 0)
		close(fd);
	char *at = text;
	for (char *end; size > 0 && count < CHILDREN_MAX; at = end, count++) {
		long pid = strtol(at, &end, 10);
		if (end == at)
			break;
		ret[count] = (pid_t)pid;
	}
	return count;
}

/* The second process may still be starting when the first has done all the work. */
static unsigned wait_for_children(pid_t parent, unsigned wanted, pid_t ret[CHILDREN_MAX])
{
	unsigned count = children_of(parent, ret);
	for (int i = 0; count && count != wanted && i < 1000; i++) {
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
		count = children_of(parent, ret);
	}
	return count;
}

static void test_killed_processes_are_replaced(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	pid_t worker = start_worker(&scratch, 2);
	put_dump(&scratch, "null-read", "1.core");
	wait_for_waiting(&scratch, 1);
	pid_t children[CHILDREN_MAX];
	unsigned count = wait_for_children(worker, 2, children);
	if (count) /* else the kernel does not tell */
		assert_int_equal(count, 2);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(kill(children[i], SIGKILL), 0);
	put_dump(&scratch, "null-read", "2.core");
	wait_for_waiting(&scratch, 2);
	assert_int_equal(kill(worker, SIGTERM), 0);
	assert_int_equal(exit_status(worker), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_dumps),
		cmocka_unit_test(test_waits_for_its_elf),
		cmocka_unit_test(test_chosen_by_version),
		cmocka_unit_test(test_never_the_wrong_elf),
		cmocka_unit_test(test_version_from_the_companion),
		cmocka_unit_test(test_no_dump_is_quarantined),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_without_a_child),
		cmocka_unit_test(test_several_processes),
		cmocka_unit_test(test_trouble_is_reported),
		cmocka_unit_test(test_progress),
		cmocka_unit_test(test_claims_of_the_dead_are_taken_over),
		cmocka_unit_test(test_claims_of_the_living_are_not),
		cmocka_unit_test(test_gives_up_on_what_kills_the_worker),
		cmocka_unit_test(test_stop_before_the_start),
		cmocka_unit_test(test_runs_until_told),
		cmocka_unit_test(test_killed_processes_are_replaced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
