/* SPDX-License-Identifier: Apache-2.0 */
/* Handing an event to a command or a file: real shells, real files. */
#include "scratch.h"
#include "support/cmocka.h"
#include "worker/deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char text[] = "{\"event\":\"new-issue\",\"title\":\"a'b\\\"c\"}";

static int block_sigchld(void **state)
{
	(void)state;
	sigset_t child;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	return sigprocmask(SIG_BLOCK, &child, NULL);
}

static double seconds_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool run(const struct scratch *scratch, const char *format, unsigned timeout, char *reason)
{
	char command[512];
	reason[0] = '\0';
	setenv("OUT", scratch->folder, 1);
	snprintf(command, sizeof(command), "%s", format);
	return fl_deliver_command(command, text, timeout, reason);
}

static void assert_file(const struct scratch *scratch, const char *name, const char *wanted)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", scratch->folder, name);
	FL_AUTO_BUFFER bytes = scratch_read(path);
	assert_string_equal((char *)bytes.data, wanted);
}

static void test_command_reads_the_document(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	char reason[FL_DELIVER_REASON];
	scratch_make(&scratch);
	assert_true(run(&scratch, "cat > $OUT/got; test \"$(tail -c 3 $OUT/got)\" = 'c\"}'", 10,
			reason));
	assert_file(&scratch, "got", text);
}

/* One that reads nothing holds nobody up, however long the document is. */
static void test_command_may_ignore_the_document(void **state)
{
	(void)state;
	size_t size = 4 << 20;
	char *large = malloc(size + 1);
	char reason[FL_DELIVER_REASON];
	assert_non_null(large);
	memset(large, 'x', size);
	large[size] = '\0';
	assert_true(fl_deliver_command("exit 0", large, 10, reason));
	assert_true(fl_deliver_command("head -c 1 >/dev/null", large, 10, reason));
	free(large);
}

static void test_failures_have_reasons(void **state)
{
	(void)state;
	static const struct {
		const char *command, *says;
	} cases[] = {
		{ "exit 3", "exited with 3" },
		{ "/nonexistent/program", "exited with 127 (not found)" },
		{ "kill -9 $$", "killed by signal 9" },
		{ "if", "exited with 2" },
	};
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char reason[FL_DELIVER_REASON];
		assert_false(run(&scratch, cases[i].command, 10, reason));
		if (!strstr(reason, cases[i].says))
			fail_msg("%s: \"%s\"", cases[i].command, reason);
	}
}

/* The shell, what it waits for, and what it left in the background: all of the group. */
static void test_a_command_that_hangs_is_killed_wholly(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	char reason[FL_DELIVER_REASON];
	scratch_make(&scratch);
	double start = seconds_now();
	assert_false(run(&scratch,
			 "sh -c 'echo $$ > $OUT/a; sleep 60; :' & sh -c 'echo $$ > $OUT/b; "
			 "trap \"\" TERM; sleep 60; :'",
			 1, reason));
	assert_true(seconds_now() - start < 10);
	assert_non_null(strstr(reason, "not done within 1 s"));
	for (const char *name = "ab"; *name; name++) {
		char path[256];
		snprintf(path, sizeof(path), "%s/%c", scratch.folder, *name);
		FL_AUTO_BUFFER pid = scratch_read(path);
		pid_t number = (pid_t)strtol((char *)pid.data, NULL, 10);
		assert_true(number > 1);
		int gone = -1; /* a zombie whose reaper is slow is gone, too */
		for (int i = 0; i < 200 && gone != 0; i++) {
			char line[64];
			snprintf(line, sizeof(line),
				 "! grep -q 'State:.[RSD]' /proc/%d/status 2>/dev/null", number);
			gone = system(line); /* NOLINT */
			nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
		}
		assert_int_equal(gone, 0);
	}
}

/* Databases, locks, sockets of ours are none of its business; signals are as a shell expects. Dash
 * blocks them itself while it waits: so not the shell is looked at but what it runs. */
static void test_command_inherits_nothing(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	char reason[FL_DELIVER_REASON];
	scratch_make(&scratch);
	int kept = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */
	assert_true(kept > 2);
	signal(SIGPIPE, SIG_IGN);
	assert_true(run(&scratch,
			"for fd in 3 4 5 6 7 8 9; do test ! -e /proc/$$/fd/$fd || exit 9; done;"
			" grep -q 'SigIgn:.0000000000000000' /proc/self/status &&"
			" exec grep -q 'SigBlk:.0000000000000000' /proc/self/status",
			10, reason));
	signal(SIGPIPE, SIG_DFL);
	close(kept);
}

static void test_lines_are_appended(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	char path[256];
	char reason[FL_DELIVER_REASON];
	scratch_make(&scratch);
	snprintf(path, sizeof(path), "%s/log", scratch.folder);
	mode_t mask = umask(007); /* a group shares it */
	assert_true(fl_deliver_line(path, "one", reason));
	umask(mask);
	assert_true(fl_deliver_line(path, "two", reason));
	assert_file(&scratch, "log", "one\ntwo\n");
	FILE *file = fopen(path, "a"); /* a disk was full, or somebody wrote by hand */
	assert_non_null(file);
	fputs("{\"cut", file);
	fclose(file);
	assert_true(fl_deliver_line(path, "three", reason));
	assert_file(&scratch, "log", "one\ntwo\n{\"cut\nthree\n");
	struct stat info;
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0660);
}

static void test_what_cannot_be_appended_to(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	char path[256];
	char reason[FL_DELIVER_REASON];
	scratch_make(&scratch);
	assert_false(fl_deliver_line(scratch.folder, "x", reason));
	assert_non_null(strstr(reason, strerror(EISDIR)));
	assert_false(fl_deliver_line("/dev/full", "x", reason));
	assert_non_null(strstr(reason, strerror(ENOSPC)));
	snprintf(path, sizeof(path), "%s/pipe", scratch.folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_false(
		fl_deliver_line(path, "x", reason)); /* nobody reads: refused, not waited for */
	int reader = open(path, O_RDONLY | O_NONBLOCK);
	assert_true(fl_deliver_line(path, "x", reason));
	char got[3] = "";
	assert_int_equal(read(reader, got, 2), 2);
	assert_string_equal(got, "x\n");
	close(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command_reads_the_document),
		cmocka_unit_test(test_command_may_ignore_the_document),
		cmocka_unit_test(test_failures_have_reasons),
		cmocka_unit_test(test_a_command_that_hangs_is_killed_wholly),
		cmocka_unit_test(test_command_inherits_nothing),
		cmocka_unit_test(test_lines_are_appended),
		cmocka_unit_test(test_what_cannot_be_appended_to),
	};
	return cmocka_run_group_tests(tests, block_sigchld, NULL);
}
