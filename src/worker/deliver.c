/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

__attribute__((format(printf, 2, 3))) static bool fail(char *reason, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	vsnprintf(reason, FL_DELIVER_REASON, format, ap);
	va_end(ap);
	return false;
}

/* --- the command --- */

/* A file, not a pipe: a command that does not read its stdin holds nobody up. */
static int document(const char *text)
{
	size_t size = strlen(text);
	int fd = memfd_create("faultline event", MFD_CLOEXEC);
	if (fd >= 0 && (write(fd, text, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

_Noreturn static void be_command(const char *command, int input)
{
	sigset_t none;
	sigemptyset(&none);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (dup2(input, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		_exit(126);
	closefrom(STDERR_FILENO + 1);
	for (int number = 1; number < NSIG; number++) /* also what our parent ignores */
		signal(number, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until it ends or @p end_ms; false: it is still running. */
static bool wait_until(pid_t pid, int64_t end_ms, int *status_ret)
{
	sigset_t child;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	for (;;) {
		if (waitpid(pid, status_ret, WNOHANG) == pid)
			return true;
		int64_t left = end_ms - now_ms();
		if (left <= 0)
			return false;
		struct timespec wait = { .tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000 };
		(void)sigtimedwait(&child, NULL, &wait);
	}
}

static bool judge(int status, char *reason)
{
	if (WIFSIGNALED(status))
		return fail(reason, "the command was killed by signal %d", WTERMSIG(status));
	int code = WEXITSTATUS(status);
	if (code)
		return fail(reason, "the command exited with %d%s", code,
			    code == 127 ? " (not found)" : "");
	return true;
}

bool fl_deliver_command(const char *command, const char *text, unsigned timeout_seconds,
			char *reason)
{
	int input = document(text);
	if (input < 0)
		return fail(reason, "the command could not be started: %s", strerror(errno));
	pid_t pid = fork();
	if (pid == 0)
		be_command(command, input);
	int cause = errno;
	close(input);
	if (pid < 0)
		return fail(reason, "the command could not be started: %s", strerror(cause));
	setpgid(pid, pid); /* whoever comes first */
	int status = 0;
	if (wait_until(pid, now_ms() + (int64_t)timeout_seconds * 1000, &status))
		return judge(status, reason);
	kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return fail(reason, "the command was killed: not done within %u s", timeout_seconds);
}

/* --- the file --- */

static bool ends_in_the_middle(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	char last;
	bool middle = end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n';
	if (fd >= 0)
		close(fd);
	return middle;
}

static bool append(int fd, bool end_first, const char *text)
{
	char newline = '\n';
	struct iovec parts[3] = {
		{ .iov_base = &newline, .iov_len = end_first },
		{ .iov_base = (char *)(uintptr_t)text, .iov_len = strlen(text) },
		{ .iov_base = &newline, .iov_len = 1 },
	};
	size_t size = parts[0].iov_len + parts[1].iov_len + 1;
	ssize_t written = writev(fd, parts, 3);
	if (written >= 0 && (size_t)written < size)
		errno = ENOSPC;
	return written == (ssize_t)size;
}

bool fl_deliver_line(const char *path, const char *text, char *reason)
{
	/* Not blocking: a pipe without a reader refuses, a full one too. */
	int fd =
		open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
	struct stat info;
	bool good = fd >= 0 && fstat(fd, &info) == 0;
	if (good) {
		bool is_file = S_ISREG(info.st_mode);
		good = append(fd, is_file && ends_in_the_middle(path), text) &&
		       (!is_file || fsync(fd) == 0);
	}
	int cause = errno;
	if (fd >= 0)
		close(fd);
	return good || fail(reason, "%.100s: %s", path, strerror(cause));
}
