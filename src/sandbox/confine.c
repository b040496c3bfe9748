/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/confine.h"

#include "sandbox/filter.h"
#include "sandbox/sanitizer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static enum fl_code failed(struct fl_error *err, const char *what)
{
	return fl_fail(err, FL_EIO, FL_AT_NONE, 0, "confining the child: %s: %s", what,
		       strerror(errno));
}

/* Kernels before 5.9 have no close_range(). */
static void close_from(int first)
{
	if (close_range((unsigned)first, ~0U, 0) == 0)
		return;
	struct rlimit limit = { 0 };
	getrlimit(RLIMIT_NOFILE, &limit);
	int end = limit.rlim_cur < 65536 ? (int)limit.rlim_cur : 65536;
	for (int fd = first; fd < end; fd++)
		close(fd);
}

/* First out of the way, then into place: a source may itself be one of the targets. */
static enum fl_code place_descriptors(const struct fl_child_setup *setup, struct fl_error *err)
{
	int socket = fcntl(setup->socket, F_DUPFD, 16);
	int words = fcntl(setup->words, F_DUPFD, 16);
	int result = fcntl(setup->result, F_DUPFD, 16);
	/* A sanitizer's report belongs on the real stderr. */
	if (socket < 0 || words < 0 || result < 0 || dup2(socket, FL_FD_SOCKET) < 0 ||
	    dup2(words, 1) < 0 || (!FL_BUILT_WITH_ASAN && dup2(words, FL_FD_WORDS) < 0) ||
	    dup2(result, FL_FD_RESULT) < 0)
		return failed(err, "descriptors");
	close_from(FL_FD_COUNT);
	return FL_OK;
}

/*
 * A terminal's Ctrl-C goes to the whole process group, and a service manager's SIGTERM to the whole
 * control group; the parent decides when the child ends.
 */
static void leave_signals_to_parent(void)
{
	static const int ignored[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGPIPE, SIGTERM,
				       SIGUSR1, SIGUSR2, SIGXFSZ, SIGTSTP };
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool limit(int resource, rlim_t value)
{
	struct rlimit now;
	if (getrlimit((__rlimit_resource_t)resource, &now) != 0)
		return false;
	if (now.rlim_max != RLIM_INFINITY && now.rlim_max < value)
		value = now.rlim_max;
	struct rlimit wanted = { .rlim_cur = value, .rlim_max = value };
	return setrlimit((__rlimit_resource_t)resource, &wanted) == 0;
}

static enum fl_code limit_resources(const struct fl_child_setup *setup, struct fl_error *err)
{
	const rlim_t stack = 8 << 20;
	const rlim_t files = FL_FD_COUNT + FL_WIRE_FDS + 12; /* + a pipe, spare */
	if (!limit(RLIMIT_CORE, 0) || !limit(RLIMIT_FSIZE, FL_WIRE_RESULT_MAX) ||
	    !limit(RLIMIT_NOFILE, files) || !limit(RLIMIT_STACK, stack) ||
	    (!FL_BUILT_WITH_ASAN && !limit(RLIMIT_AS, setup->memory_limit)))
		return failed(err, "limits");
	return FL_OK;
}

enum fl_code fl_confine(const struct fl_child_setup *setup, enum fl_isolation *isolation_ret,
			struct fl_error *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return failed(err, "death signal");
	if (getppid() != setup->parent)
		_exit(0); /* it died before the line above */
	leave_signals_to_parent();
	enum fl_code code = place_descriptors(setup, err);
	if (!code)
		code = limit_resources(setup, err);
	if (code)
		return code;
	if (!fl_death_watch(setup->record))
		return failed(err, "signal handlers");
	if (prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return failed(err, "privileges");
	*isolation_ret = FL_ISOLATION_PROCESS;
	int error = setup->filter ? fl_filter_install() : 0;
	if (error)
		fl_fail(err, FL_EUNSUPPORTED, FL_AT_NONE, 0, "no system call filter: %s",
			strerror(error));
	else if (setup->filter)
		*isolation_ret = FL_ISOLATION_SECCOMP;
	return FL_OK;
}
