/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody is told: of the right things, at least once, and never in the way of the queue. */
#include "scratch.h"
#include "support/cmocka.h"
#include "worker/worker.h"

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BUILD FL_CORPUS "/m4f-og"

/* What the command was given goes to $OUT/got, a line each. */
#define TAKE "cat >> $OUT/got; echo >> $OUT/got; "

static void put_dump(struct scratch *scratch, const char *scenario, const char *name)
{
	char path[512];
	snprintf(path, sizeof(path), BUILD "/%s/dump.core", scenario);
	FL_AUTO_BUFFER bytes = scratch_read(path);
	scratch_put(scratch, name, bytes.data, bytes.size);
}

static void add_symbols(struct scratch *scratch)
{
	struct fl_symbol_added added;
	scratch_add_symbols(scratch, BUILD "/fw.elf", NULL, NULL, &added);
}

static struct fl_worker_options options_of(const struct scratch *scratch, const char *command)
{
	setenv("OUT", scratch->folder, 1);
	return (struct fl_worker_options){
		.database = scratch->database,
		.spool = scratch->spool,
		.once = true,
		.notify = { .command = command, .timeout_seconds = 10, .retry_seconds = 1 },
	};
}

static struct fl_worker_summary
run(struct scratch *scratch, const struct fl_worker_options *options)
{
	struct fl_worker_summary summary;
	struct fl_error err = { 0 };
	scratch_close_store(scratch);
	if (fl_worker_run(options, &summary, &err))
		fail_msg("%s", err.message);
	return summary;
}

/* Every line of a file of the scratch folder as JSON; an empty array when there is no file. */
static json_t *lines(const struct scratch *scratch, const char *name)
{
	json_t *all = json_array();
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", scratch->folder, name);
	FILE *file = fopen(path, "r");
	char line[4096];
	while (file && fgets(line, sizeof(line), file)) {
		json_error_t error;
		json_t *event = json_loads(line, 0, &error);
		if (!event)
			fail_msg("%s: %s: %s", name, error.text, line);
		json_array_append_new(all, event);
	}
	if (file)
		fclose(file);
	return all;
}

static const char *text(const json_t *array, size_t index, const char *key)
{
	const char *value = json_string_value(json_object_get(json_array_get(array, index), key));
	return value ? value : "(null)";
}

static json_int_t number(const json_t *array, size_t index, const char *key)
{
	return json_integer_value(json_object_get(json_array_get(array, index), key));
}

static void test_new_issue(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch);
	put_dump(&scratch, "null-read", "1.core");
	put_dump(&scratch, "null-read", "2.core"); /* of the same issue */
	struct fl_worker_options options = options_of(&scratch, TAKE);
	struct fl_worker_summary summary = run(&scratch, &options);
	assert_int_equal(summary.filed, 2);
	assert_int_equal(summary.notified, 1);
	assert_int_equal(summary.unnotified, 0);
	json_t *got = lines(&scratch, "got");
	assert_int_equal(json_array_size(got), 1);
	assert_string_equal(text(got, 0, "event"), "new-issue");
	assert_string_equal(text(got, 0, "database"), scratch.database);
	assert_string_equal(text(got, 0, "software_version"), "1.4.0-m4f-og");
	assert_non_null(strstr(text(got, 0, "title"), " at "));
	assert_int_equal(strlen(text(got, 0, "build_id")), 40);
	assert_int_equal(number(got, 0, "schema"), 1);
	assert_int_equal(number(got, 0, "attempt"), 1);
	assert_true(number(got, 0, "at") > 1700000000);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_int_equal(number(got, 0, "issue"), rows.rows[0].issue_id);
	assert_null(json_object_get(json_array_get(got, 0), "bulk"));
	json_decref(got);
	assert_int_equal(run(&scratch, &options).notified, 0); /* told once */
}

/* The first trace that waits for an ELF, and one summary when the ELF has come. */
static void test_waiting_and_bulk(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	put_dump(&scratch, "null-read", "1.core");
	put_dump(&scratch, "divide-by-zero", "2.core");
	struct fl_worker_options options = options_of(&scratch, TAKE);
	options.jobs = 2;
	assert_int_equal(run(&scratch, &options).waiting, 2);
	add_symbols(&scratch);
	assert_int_equal(run(&scratch, &options).filed, 2);
	json_t *got = lines(&scratch, "got");
	assert_int_equal(json_array_size(got), 2);
	assert_string_equal(text(got, 0, "event"), "waiting");
	assert_int_equal(strlen(text(got, 0, "build_id")), 40);
	assert_true(json_is_null(json_object_get(json_array_get(got, 0), "issue")));
	assert_string_equal(text(got, 1, "event"), "bulk");
	json_t *bulk = json_object_get(json_array_get(got, 1), "bulk");
	assert_string_equal(json_string_value(json_object_get(bulk, "what")), "symbols added");
	assert_int_equal(json_integer_value(json_object_get(bulk, "traces")), 2);
	assert_int_equal(json_integer_value(json_object_get(bulk, "new_issues")), 2);
	json_decref(got);
}

/* A command that fails is called again; the log has its line already, and gets no second one. */
static void test_retries(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	char log[256];
	scratch_make(&scratch);
	add_symbols(&scratch);
	put_dump(&scratch, "null-read", "1.core");
	struct fl_worker_options options =
		options_of(&scratch, TAKE "test $(wc -l < $OUT/got) -ge 3");
	snprintf(log, sizeof(log), "%s/log", scratch.folder);
	options.notify.log = log;
	struct fl_worker_summary summary = run(&scratch, &options);
	assert_int_equal(summary.notified, 1);
	assert_int_equal(summary.unnotified, 0);
	json_t *got = lines(&scratch, "got");
	assert_int_equal(json_array_size(got), 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(number(got, i, "attempt"), i + 1);
		assert_int_equal(number(got, i, "id"), number(got, 0, "id"));
	}
	json_t *logged = lines(&scratch, "log");
	assert_int_equal(json_array_size(logged), 1);
	assert_string_equal(text(logged, 0, "event"), "new-issue");
	json_decref(logged);
	json_decref(got);
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Whoever cannot be told today is told tomorrow. */
static void test_what_remains(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch);
	put_dump(&scratch, "null-read", "1.core");
	struct fl_worker_options options = options_of(&scratch, "exit 1");
	options.notify.timeout_seconds = 1;
	options.notify.retry_seconds = 2;
	int64_t start = now_ms();
	struct fl_worker_summary summary = run(&scratch, &options);
	assert_true(now_ms() - start < 10000);
	assert_int_equal(summary.filed, 1);
	assert_int_equal(summary.notified, 0);
	assert_int_equal(summary.unnotified, 1);
	options = options_of(&scratch, TAKE);
	summary = run(&scratch, &options);
	assert_int_equal(summary.notified, 1);
	assert_int_equal(summary.unnotified, 0);
	json_t *got = lines(&scratch, "got");
	assert_int_equal(json_array_size(got), 1);
	assert_int_equal(number(got, 0, "attempt"), 2);
	json_decref(got);
}

/* A command that hangs is killed, and the work goes on meanwhile. */
static void test_hanging_command(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch);
	put_dump(&scratch, "null-read", "1.core");
	put_dump(&scratch, "divide-by-zero", "2.core");
	struct fl_worker_options options = options_of(&scratch, TAKE "sleep 60");
	options.notify.timeout_seconds = 1;
	options.notify.retry_seconds = 60;
	int64_t start = now_ms();
	struct fl_worker_summary summary = run(&scratch, &options);
	assert_true(now_ms() - start < 15000);
	assert_int_equal(summary.filed, 2);
	assert_int_equal(summary.unnotified, 2);
	json_t *got = lines(&scratch, "got");
	assert_in_range(json_array_size(got), 1,
			2); /* the second, too, gets its chance if in time */
	json_decref(got);
}

/* Killed after the command had done its work, and before the database knew: told again. */
static void test_killed_in_between(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch);
	put_dump(&scratch, "null-read", "1.core");
	struct fl_worker_options options =
		options_of(&scratch, TAKE "test $(wc -l < $OUT/got) -ge 3 || kill -9 $PPID");
	struct fl_worker_summary summary = run(&scratch, &options);
	assert_int_equal(summary.filed, 1);
	assert_int_equal(summary.notified, 1);
	assert_int_equal(summary.unnotified, 0);
	json_t *got = lines(&scratch, "got");
	assert_int_equal(json_array_size(got), 3);
	assert_int_equal(number(got, 2, "id"), number(got, 0, "id"));
	json_decref(got);
}

static void test_log_that_cannot_be_written(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch);
	put_dump(&scratch, "null-read", "1.core");
	struct fl_worker_options options = options_of(&scratch, NULL);
	options.notify.log = "/dev/full";
	options.notify.timeout_seconds = 1;
	options.notify.retry_seconds = 60;
	struct fl_worker_summary summary = run(&scratch, &options);
	assert_int_equal(summary.filed, 1);
	assert_int_equal(summary.unnotified, 1);
}

/* Nobody asked: nothing is recorded, and nobody is told of it later. */
static void test_off_at_first(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch);
	put_dump(&scratch, "null-read", "1.core");
	struct fl_worker_options options = options_of(&scratch, NULL);
	assert_int_equal(run(&scratch, &options).filed, 1);
	options = options_of(&scratch, TAKE);
	assert_int_equal(run(&scratch, &options).notified, 0);
	put_dump(&scratch, "divide-by-zero", "2.core");
	options.notify.command = NULL; /* recorded all the same, for whoever delivers */
	assert_int_equal(run(&scratch, &options).filed, 1);
	options = options_of(&scratch, TAKE);
	assert_int_equal(run(&scratch, &options).notified, 1);
}

/* Two workers of one database do not both deliver. */
static void test_one_delivers(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	char path[256];
	scratch_make(&scratch);
	add_symbols(&scratch);
	put_dump(&scratch, "null-read", "1.core");
	snprintf(path, sizeof(path), "%s.events", scratch.database);
	int lock = open(path, O_RDWR | O_CREAT, 0644);
	assert_true(lock >= 0);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	struct fl_worker_options options = options_of(&scratch, TAKE);
	int64_t start = now_ms();
	struct fl_worker_summary summary = run(&scratch, &options);
	assert_true(now_ms() - start < 5000);
	assert_int_equal(summary.notified, 0);
	assert_int_equal(summary.unnotified, 1);
	close(lock);
	assert_int_equal(run(&scratch, &options).notified, 1);
}

static volatile sig_atomic_t stop_requested;

static void request_stop(int signal_number)
{
	(void)signal_number;
	stop_requested = 1;
}

static bool appeared(const struct scratch *scratch, const char *name, size_t count)
{
	for (int i = 0; i < 500; i++) {
		json_t *got = lines(scratch, name);
		size_t size = json_array_size(got);
		json_decref(got);
		if (size >= count)
			return true;
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	}
	return false;
}

/* One that stays tells soon, and ends when it is told to. */
static void test_worker_that_stays(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	add_symbols(&scratch);
	scratch_close_store(&scratch);
	struct fl_worker_options options =
		options_of(&scratch, "cat > $OUT/new; echo >> $OUT/new; cat $OUT/new >> $OUT/got");
	options.once = false;
	options.stop = &stop_requested;
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		sigaction(SIGTERM, &(struct sigaction){ .sa_handler = request_stop }, NULL);
		struct fl_worker_summary summary;
		_exit(fl_worker_run(&options, &summary, NULL) || summary.notified != 2);
	}
	put_dump(&scratch, "null-read", "1.core");
	assert_true(appeared(&scratch, "got", 1));
	put_dump(&scratch, "divide-by-zero", "2.core");
	assert_true(appeared(&scratch, "got", 2));
	nanosleep(&(struct timespec){ .tv_nsec = 300000000 }, NULL); /* until it is struck out */
	assert_int_equal(kill(pid, SIGTERM), 0);
	int status = -1;
	for (int i = 0; i < 500 && waitpid(pid, &status, WNOHANG) == 0; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_issue),
		cmocka_unit_test(test_waiting_and_bulk),
		cmocka_unit_test(test_retries),
		cmocka_unit_test(test_what_remains),
		cmocka_unit_test(test_hanging_command),
		cmocka_unit_test(test_killed_in_between),
		cmocka_unit_test(test_log_that_cannot_be_written),
		cmocka_unit_test(test_off_at_first),
		cmocka_unit_test(test_one_delivers),
		cmocka_unit_test(test_worker_that_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
