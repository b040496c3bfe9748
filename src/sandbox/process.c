/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/process.h"

#include "sandbox/serve.h"
#include "sandbox/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	HELLO_MS = 10000,
	LAST_WORDS_MS = 1000, /* for a stalled child to write down where it is */
	EXIT_MS = 1000,       /* between closing the socket and being gone */
};

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void close_all(struct fl_process *process)
{
	if (process->socket >= 0)
		close(process->socket);
	if (process->result >= 0)
		close(process->result);
	if (process->words >= 0)
		close(process->words);
	if (process->record)
		munmap(process->record, sizeof(*process->record));
	if (process->window)
		munmap(process->window, FL_WIRE_WINDOW);
	if (process->answer)
		munmap(process->answer, FL_WIRE_ANSWER);
	*process = (struct fl_process){ .socket = -1, .result = -1, .words = -1 };
}

/*
 * The parent's writable mapping stays out of the child (MADV_DONTFORK), and the seal keeps every
 * later mapping, and mprotect() of it, read-only. Returns the mapping for the child, or NULL.
 */
static void *open_window(struct fl_process *process)
{
	void *view = MAP_FAILED;
	int fd = memfd_create("faultline dump", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return NULL;
	if (ftruncate(fd, FL_WIRE_WINDOW) == 0) {
		void *window =
			mmap(NULL, FL_WIRE_WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (window != MAP_FAILED)
			process->window = window;
	}
	if (process->window && madvise(process->window, FL_WIRE_WINDOW, MADV_DONTFORK) == 0 &&
	    fcntl(fd, F_ADD_SEALS,
		  F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		view = mmap(NULL, FL_WIRE_WINDOW, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	return view == MAP_FAILED ? NULL : view;
}

/* Shared with the child, and no file: nobody can cut it off under a reader. */
static void *open_shared(size_t size)
{
	void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return shared == MAP_FAILED ? NULL : shared;
}

/* The child's end of the socket, or -1. */
static int open_channel(struct fl_process *process, void **window_ret, struct fl_error *err)
{
	int pair[2] = { -1, -1 };
	*process = (struct fl_process){ .socket = -1, .result = -1, .words = -1 };
	process->record = open_shared(sizeof(*process->record));
	process->answer = open_shared(FL_WIRE_ANSWER);
	process->result = memfd_create("faultline result", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	process->words = memfd_create("faultline stderr", MFD_CLOEXEC);
	*window_ret = open_window(process);
	if (process->record && process->answer && process->result >= 0 && process->words >= 0 &&
	    *window_ret && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0) {
		process->socket = pair[0];
		return pair[1];
	}
	fl_fail(err, FL_EIO, FL_AT_NONE, 0, "cannot prepare a child process: %s", strerror(errno));
	if (*window_ret)
		munmap(*window_ret, FL_WIRE_WINDOW);
	close_all(process);
	return -1;
}

/* The socket waits no longer than that; setting it is skipped where it is set. */
static void be_patient(struct fl_process *process, int64_t ms)
{
	if (process->patience_ms == ms)
		return;
	const struct timeval patience = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	process->patience_ms = (unsigned)ms;
	if (setsockopt(process->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0)
		process->patience_ms = 0;
}

static enum fl_answer receive(struct fl_process *process, int64_t ms, struct fl_wire_reply *ret,
			      const char **protocol_ret)
{
	int64_t until = now_ms() + ms;
	ssize_t size;
	for (int64_t left = ms;; left = until - now_ms()) {
		if (left <= 0)
			return FL_STALLED;
		be_patient(process, left);
		/* No room for control data: descriptors that a hostile child sends are dropped. */
		size = recv(process->socket, ret, sizeof(*ret), MSG_TRUNC);
		if (size >= 0 || (errno != EINTR && errno != EAGAIN))
			break;
	}
	if (size > 0 && size != (ssize_t)sizeof(*ret))
		*protocol_ret = "sent something that is no answer";
	if (size != (ssize_t)sizeof(*ret))
		return FL_DIED;
	ret->error.message[sizeof(ret->error.message) - 1] = '\0';
	fl_death_clean_text(ret->error.message);
	ret->refusal[sizeof(ret->refusal) - 1] = '\0';
	fl_death_clean_text(ret->refusal);
	return FL_ANSWERED;
}

static enum fl_code greet(struct fl_process *process, char missing_ret[200], struct fl_error *err)
{
	struct fl_wire_reply hello;
	const char *protocol;
	if (receive(process, HELLO_MS, &hello, &protocol) != FL_ANSWERED ||
	    hello.count > FL_ISOLATION_SECCOMP)
		return fl_fail(err, FL_EIO, FL_AT_NONE, 0, "the child process did not start");
	memcpy(missing_ret, hello.error.message, sizeof(hello.error.message));
	if (hello.code)
		return fl_fail(err, FL_EIO, FL_AT_NONE, 0, "%s", hello.error.message);
	process->isolation = (enum fl_isolation)hello.count;
	process->greeted = true;
	return FL_OK;
}

enum fl_code fl_process_start(struct fl_process *process, const struct fl_process_options *options,
			      struct fl_error *err)
{
	void *window;
	int end = open_channel(process, &window, err);
	if (end < 0)
		return FL_EIO;
	struct fl_child_setup setup = {
		.parent = getpid(),
		.socket = end,
		.words = process->words,
		.result = process->result,
		.window = window,
		.answer = process->answer,
		.memory_limit = options->memory_limit,
		.filter = options->filter,
		.record = process->record,
	};
	pid_t pid = fork();
	if (pid == 0)
		fl_serve(&setup, options->rules, options->cached_images);
	int error = errno;
	close(end);
	munmap(window, FL_WIRE_WINDOW);
	if (pid < 0) {
		close_all(process);
		return fl_fail(err, error == ENOMEM || error == EAGAIN ? FL_ENOMEM : FL_EIO,
			       FL_AT_NONE, 0, "cannot fork: %s", strerror(error));
	}
	process->pid = pid;
	return FL_OK;
}

/* Wait at most @p ms for the end of the child. */
static bool reap(struct fl_process *process, int64_t ms, int *status_ret, bool *has_status_ret)
{
	int64_t until = now_ms() + ms;
	for (;;) {
		pid_t pid = waitpid(process->pid, status_ret, WNOHANG);
		*has_status_ret = pid == process->pid;
		if (*has_status_ret || (pid < 0 && errno != EINTR)) /* ECHILD: SIGCHLD is ignored */
			return true;
		if (now_ms() >= until)
			return false;
		nanosleep(&(struct timespec){ .tv_nsec = 500000 }, NULL);
	}
}

static void kill_and_reap(struct fl_process *process)
{
	int status;
	kill(process->pid, SIGKILL);
	while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
		;
}

void fl_process_stop(struct fl_process *process)
{
	if (!process->pid)
		return;
	kill_and_reap(process);
	close_all(process);
}

/* Only now, that nobody else can write to it. */
static bool seal_result(const struct fl_process *process, uint64_t size)
{
	struct stat info;
	if (size <= FL_WIRE_ANSWER && !fl_write_whole(process->result, process->answer, size))
		return false;
	return size && size <= FL_WIRE_RESULT_MAX && fstat(process->result, &info) == 0 &&
	       (uint64_t)info.st_size >= size && ftruncate(process->result, (off_t)size) == 0 &&
	       fcntl(process->result, F_ADD_SEALS,
		     F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0;
}

int fl_process_finish(struct fl_process *process, uint64_t size)
{
	int fd = -1;
	kill_and_reap(process);
	if (seal_result(process, size)) {
		fd = process->result;
		process->result = -1;
	}
	close_all(process);
	return fd;
}

/* It is gone, or now it is. True: somebody killed it, the kernel for want of memory or an operator.
 */
static bool was_killed(struct fl_process *process)
{
	int status = 0;
	bool has_status = false;
	if (!reap(process, EXIT_MS, &status, &has_status))
		kill_and_reap(process);
	return has_status && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

enum fl_code
fl_process_greet(struct fl_process *process, char missing_ret[200], struct fl_error *err)
{
	enum fl_code code = greet(process, missing_ret, err);
	if (!code)
		return FL_OK;
	if (was_killed(process))
		code = fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0,
			       "the child process was killed before it had started");
	close_all(process);
	return code;
}

void fl_process_dismiss(const struct fl_process *process)
{
	if (process->pid)
		kill(process->pid, SIGKILL);
}

/* The last line on the child's stderr. */
static void last_words(const struct fl_process *process, char *words, size_t room)
{
	char tail[256];
	off_t end = lseek(process->words, 0, SEEK_END);
	off_t start = end > (off_t)sizeof(tail) - 1 ? end - (off_t)sizeof(tail) + 1 : 0;
	ssize_t size = end > 0 ? pread(process->words, tail, sizeof(tail) - 1, start) : 0;
	while (size > 0 && (tail[size - 1] == '\n' || tail[size - 1] == '\0'))
		size--;
	tail[size > 0 ? size : 0] = '\0';
	const char *newline = strrchr(tail, '\n');
	snprintf(words, room, "%.*s", (int)room - 1, newline ? newline + 1 : tail);
}

static void examine(struct fl_process *process, enum fl_answer how, struct fl_death_facts *facts)
{
	if (how == FL_STALLED)
		kill(process->pid, FL_DEATH_SIGNAL_STALL);
	facts->stalled = how == FL_STALLED;
	if (!reap(process, how == FL_STALLED ? LAST_WORDS_MS : EXIT_MS, &facts->status,
		  &facts->has_status)) {
		kill_and_reap(process);
		if (how == FL_DIED && !facts->protocol)
			facts->protocol = "hung up without an answer";
	}
	memcpy(&facts->record, process->record, sizeof(facts->record));
	last_words(process, facts->words, sizeof(facts->words));
	close_all(process);
}

static bool knows_key(const struct fl_process *process, const uint8_t key[16])
{
	size_t count = process->key_count < FL_PROCESS_KEYS ? process->key_count : FL_PROCESS_KEYS;
	for (size_t i = 0; i < count; i++)
		if (memcmp(process->keys[i], key, 16) == 0)
			return true;
	return false;
}

bool fl_process_knows(const struct fl_process *process, const struct fl_wire_request *request)
{
	for (size_t i = 0; i < request->elf_count; i++)
		if (!request->elfs[i].has_key || !knows_key(process, request->elfs[i].key))
			return false;
	return true;
}

void fl_process_note(struct fl_process *process, const struct fl_wire_request *request)
{
	for (size_t i = 0; i < request->elf_count; i++)
		if (request->elfs[i].has_key && !knows_key(process, request->elfs[i].key))
			memcpy(process->keys[process->key_count++ % FL_PROCESS_KEYS],
			       request->elfs[i].key, sizeof(process->keys[0]));
}

static bool send_request(struct fl_process *process, const struct fl_wire_request *request,
			 const int *fds, size_t fd_count)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FL_WIRE_FDS * sizeof(int))] = { 0 };
	struct iovec part = { .iov_base = (void *)(uintptr_t)request,
			      .iov_len = fl_wire_request_size(request->elf_count) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	if (fd_count) {
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(header), fds, fd_count * sizeof(int));
	}
	ssize_t sent;
	do
		sent = sendmsg(process->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)part.iov_len;
}

enum fl_answer fl_process_ask(struct fl_process *process, const struct fl_wire_request *request,
			      const int *fds, size_t fd_count, unsigned deadline_ms,
			      struct fl_wire_reply *ret, struct fl_death_facts *facts)
{
	*facts = (struct fl_death_facts){ .deadline_ms = deadline_ms };
	enum fl_answer how = FL_DIED;
	if (send_request(process, request, fds, fd_count))
		how = receive(process, deadline_ms, ret, &facts->protocol);
	if (how == FL_ANSWERED)
		process->served++;
	else
		examine(process, how, facts);
	return how;
}

bool fl_process_result(const struct fl_process *process, void *bytes, size_t size)
{
	if (size > FL_WIRE_ANSWER)
		return fl_read_whole(process->result, bytes, size);
	memcpy(bytes, process->answer, size);
	return true;
}

void fl_process_condemn(struct fl_process *process, const char *protocol,
			struct fl_death_facts *facts)
{
	*facts = (struct fl_death_facts){ .protocol = protocol };
	kill_and_reap(process);
	close_all(process);
}
