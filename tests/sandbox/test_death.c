/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of an input that takes the child down, and of the one after it. */
#include "hostile_engine.h"
#include "sandbox/sandbox.h"
#include "support/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DEADLINE_MS = 1000 };

static enum fl_code act_on(struct fl_sandbox *sandbox, const char *act,
			   struct fl_sandbox_death *death, struct fl_error *err)
{
	static char dump[2 << 20]; /* "large" is more than the window between parent and child */
	bool large = strstr(act, "file") != NULL;
	int size = snprintf(dump, sizeof(dump), "hostile %s", act);
	FL_AUTO(fl_report) report = NULL;
	return fl_sandbox_analyze(sandbox, dump, large ? sizeof(dump) : (size_t)size, NULL, 0,
				  &report, death, err);
}

static struct fl_sandbox *open_sandbox(unsigned deadline_ms)
{
	const struct fl_sandbox_options options = { .mode = FL_SANDBOX_REQUIRE,
						    .deadline_ms = deadline_ms };
	struct fl_sandbox *sandbox = NULL;
	struct fl_error err = { 0 };
	if (fl_sandbox_open(&options, &sandbox, &err))
		fail_msg("%s", err.message);
	return sandbox;
}

/* The next input of the same sandbox is answered, whatever the one before did. */
static void assert_goes_on(struct fl_sandbox *sandbox)
{
	struct fl_error err = { 0 };
	assert_int_equal(act_on(sandbox, "count compiled", NULL, &err), FL_ELIMIT);
	assert_string_equal(err.message, "compiled 0");
}

/* What each death is called, and a function that must be in the child's own backtrace. */
static const struct {
	const char *act;
	const char *reason;   /* prefix; a '*' at the end means any rest */
	const char *function; /* NULL: no backtrace to be had */
} deaths[] = {
	{ "read null", "killed by SIGSEGV at 0x0", "read_null" },
	{ "jump to null", "killed by SIGSEGV at 0x0", "jump_to_null" },
	{ "divide", "killed by SIGFPE at 0x*", "divide" },
	{ "overflow stack", "killed by SIGSEGV at 0x*", "overflow_stack" },
	{ "abort", "killed by SIGABRT: double free or corruption*", "abort_in_libc" },
	{ "shout and abort", "killed by SIGABRT: ?[2Jboom", "shout_and_abort" },
	{ "loop", "no answer within 1000 ms", "loop" },
	{ "stall under lock", "no answer within 1000 ms", "die_under_libc_lock" },
	{ "open file", "forbidden system call *", "open_file" },
	{ "open socket", "forbidden system call *", "open_socket" },
	{ "run program", "forbidden system call *", "run_program" },
	{ "make child", "forbidden system call *", "make_child" },
	{ "kill parent", "forbidden system call *", "kill_parent" },
	{ "map code", "forbidden system call *", "map_code" },
	{ "write dump", "ended with status 40", NULL },
	{ "write dump file", "ended with status 40", NULL },
	{ "exit quietly", "ended with status 7", NULL },
	{ "hang up", "hung up without an answer", NULL },
	{ "answer short", "sent something that is no answer", NULL },
	{ "answer long", "sent something that is no answer", NULL },
	{ "answer huge", "answered with an impossible size", NULL },
	{ "answer unwritten", "answered with less than it promised", NULL },
	{ "answer damaged", "answered with a damaged report", NULL },
	{ "answer strange code", "answered with an unknown code", NULL },
	{ "want files", "asked for files that there are not", NULL },
};

static bool fits(const char *text, const char *pattern)
{
	size_t size = strlen(pattern);
	if (size && pattern[size - 1] == '*')
		return strncmp(text, pattern, size - 1) == 0;
	return strcmp(text, pattern) == 0;
}

static void test_every_death_is_described(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(deaths) / sizeof(deaths[0]); i++) {
		FL_AUTO(fl_sandbox) sandbox = open_sandbox(DEADLINE_MS);
		struct fl_sandbox_death death = { 0 };
		struct fl_error err = { 0 };
		enum fl_code code = act_on(sandbox, deaths[i].act, &death, &err);
		if (code != FL_ECHILD || !fits(death.reason, deaths[i].reason) ||
		    (deaths[i].function && !strstr(death.backtrace, deaths[i].function)))
			fail_msg("%s: code %d, \"%s\"\n%s", deaths[i].act, code, death.reason,
				 death.backtrace);
		assert_non_null(strstr(err.message, death.reason));
		assert_goes_on(sandbox);
	}
}

/* An event takes the same way through the same child. */
static void test_deaths_on_events(void **state)
{
	(void)state;
	static const struct {
		const char *event, *reason;
	} cases[] = {
		{ "hostile read null", "killed by SIGSEGV at 0x0" },
		{ "hostile loop", "no answer within 1000 ms" },
		{ "hostile open file", "forbidden system call *" },
		{ "hostile answer damaged", "answered with a damaged report" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		FL_AUTO(fl_sandbox) sandbox = open_sandbox(DEADLINE_MS);
		struct fl_sandbox_death death = { 0 };
		struct fl_error err = { 0 };
		FL_AUTO(fl_report) report = NULL;
		assert_int_equal(fl_sandbox_analyze_event(sandbox, cases[i].event,
							  strlen(cases[i].event), NULL, 0, &report,
							  &death, &err),
				 FL_ECHILD);
		assert_true(fits(death.reason, cases[i].reason));
		assert_goes_on(sandbox);
	}
}

static void test_stack_overflow_is_called_so(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox) sandbox = open_sandbox(0);
	struct fl_sandbox_death death;
	assert_int_equal(act_on(sandbox, "overflow stack", &death, NULL), FL_ECHILD);
	assert_non_null(strstr(death.reason, "(stack overflow)"));
	assert_int_equal(act_on(sandbox, "read null", &death, NULL), FL_ECHILD);
	assert_null(strstr(death.reason, "(stack overflow)"));
}

static void test_forbidden_call_is_named(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox) sandbox = open_sandbox(0);
	struct fl_sandbox_death death;
	assert_int_equal(act_on(sandbox, "open socket", &death, NULL), FL_ECHILD);
	assert_non_null(strstr(death.reason, " (socket)"));
}

static void test_backtrace_reads_like_one(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox) sandbox = open_sandbox(0);
	struct fl_sandbox_death death;
	assert_int_equal(act_on(sandbox, "read null", &death, NULL), FL_ECHILD);
	/* innermost first, one line each, with function, offset and module */
	assert_memory_equal(death.backtrace, "#0  0x", 6);
	assert_non_null(strstr(death.backtrace, " read_null+0x"));
	assert_non_null(strstr(death.backtrace, "(test_death+0x"));
	const char *inner = strstr(death.backtrace, "read_null");
	const char *outer = strstr(death.backtrace, "fl_engine_analyze");
	assert_non_null(outer);
	assert_true(inner < outer);
	assert_non_null(strstr(death.backtrace, "fl_serve"));
}

static void test_no_death_record_wanted(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox) sandbox = open_sandbox(0);
	assert_int_equal(act_on(sandbox, "read null", NULL, NULL), FL_ECHILD);
	assert_goes_on(sandbox);
}

static void test_terminal_codes_do_not_get_through(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox) sandbox = open_sandbox(0);
	struct fl_error err = { 0 };
	assert_int_equal(act_on(sandbox, "answer unterminated", NULL, &err), FL_EFORMAT);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
	assert_null(strchr(err.message, '\033'));
}

/* The dump that crashes is not always the one that broke the process. */
static void test_innocent_input_is_not_blamed(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox) sandbox = open_sandbox(0);
	struct fl_error err = { 0 };
	assert_int_equal(act_on(sandbox, "poison", NULL, &err), FL_EFORMAT);
	assert_goes_on(sandbox);
}

static void test_memory_is_limited(void **state)
{
	(void)state;
	const struct fl_sandbox_options options = { .mode = FL_SANDBOX_REQUIRE,
						    .memory_limit = 256 << 20 };
	FL_AUTO(fl_sandbox) sandbox = NULL;
	struct fl_error err = { 0 };
	assert_int_equal(fl_sandbox_open(&options, &sandbox, &err), FL_OK);
	assert_int_equal(act_on(sandbox, "eat memory", NULL, &err), FL_ENOMEM);
	assert_string_equal(err.message, "out of memory (limit of the analysis process: 256 MiB)");
	assert_goes_on(sandbox);
}

/* Whoever is at work, and no longer @p but; it stays there until 0 is put in its place. */
static pid_t wait_for_worker(pid_t but)
{
	pid_t pid;
	while (!(pid = *hostile_worker) || pid == but)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	return pid;
}

/* An ELF that shrinks while the child has it mapped: SIGBUS, in the child. */
static void test_file_cut_under_the_mapping(void **state)
{
	(void)state;
	char path[] = "/tmp/faultline-cut-XXXXXX";
	int writable = mkstemp(path);
	assert_true(writable >= 0);
	char page[8192] = "hostile read";
	assert_int_equal(write(writable, page, sizeof(page)), sizeof(page));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	unlink(path);
	FL_AUTO(fl_sandbox) sandbox = open_sandbox(0);
	*hostile_worker = 0;
	pid_t helper = fork();
	if (helper == 0) {
		wait_for_worker(0);
		_exit(ftruncate(writable, 0) != 0);
	}
	const struct fl_sandbox_elf elf = { .fd = fd, .name = "cut.elf" };
	struct fl_sandbox_death death;
	FL_AUTO(fl_report) report = NULL;
	enum fl_code code = fl_sandbox_analyze(sandbox, "x", 1, &elf, 1, &report, &death, NULL);
	kill(helper, SIGKILL);
	waitpid(helper, NULL, 0);
	assert_int_equal(code, FL_ECHILD);
	assert_true(fits(death.reason, "killed by SIGBUS at 0x*"));
	close(fd);
	close(writable);
	assert_goes_on(sandbox);
}

/* --- deaths from outside --- */

static pid_t only_child(void)
{
	char path[64], text[64] = "";
	snprintf(path, sizeof(path), "/proc/self/task/%ld/children", (long)getpid());
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	if (fd >= 0)
		close(fd);
	return size > 0 ? (pid_t)strtol(text, NULL, 10) : 0;
}

static void test_killed_while_idle(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox) sandbox = open_sandbox(0);
	assert_goes_on(sandbox);
	pid_t child = only_child();
	if (!child)
		skip(); /* a kernel without CONFIG_PROC_CHILDREN */
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_goes_on(sandbox);
	assert_int_not_equal(only_child(), child);
}

static pid_t kill_worker(pid_t but)
{
	pid_t pid = wait_for_worker(but);
	kill(pid, SIGKILL);
	return pid;
}

/* kill -9 in the middle of an analysis: tried again, so the input is not blamed. */
static void test_killed_at_work(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox) sandbox = open_sandbox(0);
	pid_t child = only_child();
	if (!child)
		skip();
	*hostile_worker = 0;
	pid_t helper = fork();
	if (helper == 0) {
		wait_for_worker(kill_worker(0));
		*hostile_worker = 0;
		_exit(0);
	}
	struct fl_error err = { 0 };
	enum fl_code code = act_on(sandbox, "work", NULL, &err);
	kill(helper, SIGKILL);
	waitpid(helper, NULL, 0);
	assert_int_equal(code, FL_EFORMAT);
	assert_string_equal(err.message, "worked");
	assert_int_not_equal(only_child(), child);
}

/* Killed again and again, the input is not blamed either: the machine is in trouble. */
static void test_killed_whenever_at_work(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox) sandbox = open_sandbox(0);
	*hostile_worker = 0;
	pid_t killer = fork();
	if (killer == 0)
		for (pid_t last = 0;;)
			last = kill_worker(last);
	struct fl_error err = { 0 };
	struct fl_sandbox_death death;
	enum fl_code code = act_on(sandbox, "work", &death, &err);
	kill(killer, SIGKILL);
	waitpid(killer, NULL, 0);
	assert_int_equal(code, FL_ENOMEM);
	assert_non_null(strstr(err.message, "killed by SIGKILL"));
	assert_goes_on(sandbox);
}

static void test_killed_before_it_starts(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox) sandbox = open_sandbox(0);
	struct fl_error err = { 0 };
	assert_int_equal(act_on(sandbox, "exit quietly", NULL, &err), FL_ECHILD);
	*hostile_unborn = 1;
	assert_goes_on(sandbox);
	assert_int_equal(act_on(sandbox, "exit quietly", NULL, &err), FL_ECHILD);
	*hostile_unborn = 2;
	assert_int_equal(act_on(sandbox, "count compiled", NULL, &err), FL_ENOMEM);
	assert_string_equal(err.message, "the child process was killed before it had started");
	assert_goes_on(sandbox);
}

static void test_signals_of_the_group_do_not_reach_it(void **state)
{
	(void)state;
	FL_AUTO(fl_sandbox) sandbox = open_sandbox(0);
	pid_t child = only_child();
	if (!child)
		skip();
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		assert_int_equal(kill(child, signals[i]), 0);
	assert_goes_on(sandbox);
	assert_int_equal(only_child(), child);
}

/* No child outlives its parent, however that ends. */
static void test_dies_with_its_parent(void **state)
{
	(void)state;
	int channel[2];
	assert_int_equal(pipe(channel), 0);
	pid_t parent = fork();
	if (parent == 0) {
		struct fl_sandbox *sandbox = open_sandbox(0);
		pid_t child = only_child();
		if (write(channel[1], &child, sizeof(child)) != sizeof(child))
			_exit(1);
		(void)act_on(sandbox, "loop", NULL, NULL);
		_exit(1);
	}
	pid_t child = 0;
	assert_int_equal(read(channel[0], &child, sizeof(child)), sizeof(child));
	if (child) {
		kill(parent, SIGKILL);
		waitpid(parent, NULL, 0);
		for (int i = 0; i < 200 && kill(child, 0) == 0; i++) {
			char path[64], text[256] = "";
			snprintf(path, sizeof(path), "/proc/%ld/stat", (long)child);
			int fd = open(path, O_RDONLY | O_CLOEXEC);
			if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && strstr(text, ") Z "))
				child = 0; /* dead; nobody reaps it in a container without init */
			if (fd >= 0)
				close(fd);
			if (!child)
				break;
			nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
		}
		if (child) {
			int alive = kill(child, SIGKILL); /* a failed test leaves nobody behind */
			assert_int_equal(alive, -1);
			assert_int_equal(errno, ESRCH);
		}
	} else {
		kill(parent, SIGKILL);
		waitpid(parent, NULL, 0);
	}
	close(channel[0]);
	close(channel[1]);
}

/* --- a kernel, or a container, that allows no filter --- */

/* From now on installing a filter fails in this process, as under some container engines. */
static void forbid_filters(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_SECCOMP, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };
	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static void use_without_filter(void)
{
	forbid_filters();
	const struct fl_sandbox_options require = { .mode = FL_SANDBOX_REQUIRE };
	FL_AUTO(fl_sandbox) strict = NULL;
	struct fl_error err = { 0 };
	assert_int_equal(fl_sandbox_open(&require, &strict, &err), FL_EUNSUPPORTED);
	assert_non_null(strstr(err.message, "the sandbox is required, but no system call filter"));
	FL_AUTO(fl_sandbox) plain = NULL;
	assert_int_equal(fl_sandbox_open(NULL, &plain, &err), FL_OK);
	assert_string_equal(fl_sandbox_name(plain), "process");
	assert_goes_on(plain);
	struct fl_sandbox_death death;
	assert_int_equal(act_on(plain, "read null", &death, &err), FL_ECHILD);
	assert_string_equal(death.reason, "killed by SIGSEGV at 0x0");
	assert_goes_on(plain);
}

static void test_without_a_filter(void **state)
{
	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		use_without_filter();
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_death_is_described),
		cmocka_unit_test(test_deaths_on_events),
		cmocka_unit_test(test_stack_overflow_is_called_so),
		cmocka_unit_test(test_forbidden_call_is_named),
		cmocka_unit_test(test_backtrace_reads_like_one),
		cmocka_unit_test(test_no_death_record_wanted),
		cmocka_unit_test(test_terminal_codes_do_not_get_through),
		cmocka_unit_test(test_innocent_input_is_not_blamed),
		cmocka_unit_test(test_memory_is_limited),
		cmocka_unit_test(test_file_cut_under_the_mapping),
		cmocka_unit_test(test_killed_while_idle),
		cmocka_unit_test(test_killed_at_work),
		cmocka_unit_test(test_killed_whenever_at_work),
		cmocka_unit_test(test_killed_before_it_starts),
		cmocka_unit_test(test_signals_of_the_group_do_not_reach_it),
		cmocka_unit_test(test_dies_with_its_parent),
		cmocka_unit_test(test_without_a_filter),
	};
	hostile_worker = mmap(NULL, sizeof(*hostile_worker), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	hostile_unborn = mmap(NULL, sizeof(*hostile_unborn), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (hostile_worker == MAP_FAILED || hostile_unborn == MAP_FAILED)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
