/* SPDX-License-Identifier: Apache-2.0 */
#include "hostile_engine.h"

#include "sandbox/serve.h"

#include <faultline/analyze.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum fl_code __real_fl_analyze(const void *, size_t, const struct fl_symbols *const *, size_t,
			       const struct fl_analyze_options *, struct fl_report **,
			       struct fl_error *);
enum fl_code __wrap_fl_analyze(const void *, size_t, const struct fl_symbols *const *, size_t,
			       const struct fl_analyze_options *, struct fl_report **,
			       struct fl_error *);
enum fl_code __real_fl_analyze_event(const void *, size_t, const struct fl_symbols *const *, size_t,
				     const struct fl_analyze_options *, struct fl_report **,
				     struct fl_error *);
enum fl_code __wrap_fl_analyze_event(const void *, size_t, const struct fl_symbols *const *, size_t,
				     const struct fl_analyze_options *, struct fl_report **,
				     struct fl_error *);
_Noreturn void __real_fl_serve(const struct fl_child_setup *, const struct fl_rules *, size_t);
_Noreturn void __wrap_fl_serve(const struct fl_child_setup *, const struct fl_rules *, size_t);
typedef void (*release_pages)(const void *, size_t);
enum fl_code __real_fl_symbols_open_mapped(const void *, size_t, const char *, release_pages,
					   struct fl_symbols **, struct fl_error *);
enum fl_code __wrap_fl_symbols_open_mapped(const void *, size_t, const char *, release_pages,
					   struct fl_symbols **, struct fl_error *);

_Atomic pid_t *hostile_worker;
_Atomic int *hostile_unborn;
unsigned hostile_symbols_opened;

static volatile int sink;
static char *volatile nowhere;
static char *volatile eaten;
static int *volatile poisoned;

__attribute__((noinline)) static void read_null(void)
{
	sink = *nowhere;
}

static void jump_to_null(void)
{
	void (*volatile function)(void) = NULL;
	function();
	sink = 1;
}

static void divide(void)
{
	volatile int zero = 0;
	sink = 1000 / zero;
}

__attribute__((noinline)) static int overflow_stack(int depth)
{
	volatile char room[4096];
	room[0] = (char)depth;
	return depth < 0 ? 0 : overflow_stack(depth + 1) + room[0];
}

static void descend(void)
{
	sink = overflow_stack(1);
}

static void abort_in_libc(void)
{
	void *volatile block = malloc(10000);
	free(block);
	free(block); /* glibc: "double free or corruption" */
	sink = 1;    /* no tail call: the function stays in the backtrace */
}

static void shout_and_abort(void)
{
	static const char text[] = "\033[2Jboom\n";
	sink = (int)write(STDERR_FILENO, text, sizeof(text) - 1);
	abort();
}

static void loop(void)
{
	for (;;)
		sink++;
}

static void open_file(void)
{
	sink = open("/etc/passwd", O_RDONLY);
}

static void open_socket(void)
{
	sink = socket(AF_INET, SOCK_STREAM, 0);
}

static void run_program(void)
{
	sink = execl("/bin/true", "true", (char *)NULL);
}

static void make_child(void)
{
	sink = (int)fork();
}

static void kill_parent(void)
{
	sink = kill(getppid(), SIGTERM);
}

static void map_code(void)
{
	sink = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	       MAP_FAILED;
}

/* The input is the parent's: it may ask for the same analysis again. */
static const void *current_dump;

static void write_dump(void)
{
	uintptr_t page = (uintptr_t)current_dump & ~(uintptr_t)4095;
	_exit(mprotect((void *)page, 4096, PROT_READ | PROT_WRITE) == 0 ? 41 : 40);
}

static void write_dump_file(void)
{
	/* A large dump is a file, and the first descriptor to arrive. */
	_exit(write(FL_FD_COUNT, "x", 1) >= 0 ||
			      mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, FL_FD_COUNT, 0) != MAP_FAILED
		      ? 41
		      : 40);
}

static void exit_quietly(void)
{
	_exit(7);
}

static void hang_up(void)
{
	close(FL_FD_SOCKET);
	loop();
}

static void send_bytes(const void *bytes, size_t size)
{
	struct iovec part = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	sink = (int)sendmsg(FL_FD_SOCKET, &message, 0);
	loop();
}

static void answer_short(void)
{
	send_bytes("yes", 3);
}

static void answer_long(void)
{
	static const char much[sizeof(struct fl_wire_reply) + 1];
	send_bytes(much, sizeof(much));
}

static void answer(uint32_t code, uint64_t size)
{
	struct fl_wire_reply reply = { .code = code, .size = size };
	memset(reply.error.message, '\033', sizeof(reply.error.message));
	send_bytes(&reply, sizeof(reply));
}

static void answer_huge(void)
{
	answer(FL_OK, UINT64_MAX);
}

static void answer_unwritten(void)
{
	answer(FL_OK, FL_WIRE_ANSWER + 1);
}

static uint8_t *answer_window;

static void answer_damaged(void)
{
	memcpy(answer_window, "no report", 9);
	answer(FL_OK, 9);
}

/* The second time it has them. */
static void want_files(void)
{
	const struct fl_wire_reply reply = { .wants_files = 1 };
	struct iovec part = { .iov_base = (void *)(uintptr_t)&reply, .iov_len = sizeof(reply) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	sink = (int)sendmsg(FL_FD_SOCKET, &message, 0);
	send_bytes(&reply, sizeof(reply));
}

/* As the header of the report of the analysis before has it. */
static uint32_t last_size(void)
{
	uint32_t size;
	memcpy(&size, answer_window + 8, sizeof(size));
	return size;
}

/* The last report again, of a format that is not there yet. */
static void answer_newer(void)
{
	answer_window[5] = FL_REPORT_MINOR + 1;
	answer(FL_OK, last_size());
}

/* The last report again, which changes while the parent reads it. */
static void scribble(void)
{
	struct fl_wire_reply reply = { .code = FL_OK, .size = last_size() };
	uint32_t random = 1;
	struct iovec part = { .iov_base = &reply, .iov_len = sizeof(reply) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	sink = (int)sendmsg(FL_FD_SOCKET, &message, 0);
	for (;; random = random * 1664525 + 1013904223) {
		volatile uint8_t *at = answer_window + (random >> 8) % reply.size;
		uint8_t before = *at;
		*at = (uint8_t)random;
		*at = before;
	}
}

static void answer_strange_code(void)
{
	answer(4711, 0);
}

static void answer_unterminated(void)
{
	answer(FL_EFORMAT, 0);
}

static void die_under_libc_lock(void)
{
	/* The stalled child holds stdio's lock when it is asked where it is. */
	flockfile(stderr);
	loop();
}

static const struct {
	const char *name;
	void (*run)(void);
} acts[] = {
	{ "read null", read_null },
	{ "jump to null", jump_to_null },
	{ "divide", divide },
	{ "overflow stack", descend },
	{ "abort", abort_in_libc },
	{ "shout and abort", shout_and_abort },
	{ "loop", loop },
	{ "open file", open_file },
	{ "open socket", open_socket },
	{ "run program", run_program },
	{ "make child", make_child },
	{ "kill parent", kill_parent },
	{ "map code", map_code },
	{ "write dump", write_dump },
	{ "write dump file", write_dump_file },
	{ "exit quietly", exit_quietly },
	{ "hang up", hang_up },
	{ "answer short", answer_short },
	{ "answer long", answer_long },
	{ "answer huge", answer_huge },
	{ "answer unwritten", answer_unwritten },
	{ "answer damaged", answer_damaged },
	{ "answer strange code", answer_strange_code },
	{ "want files", want_files },
	{ "answer newer", answer_newer },
	{ "scribble", scribble },
	{ "answer unterminated", answer_unterminated },
	{ "stall under lock", die_under_libc_lock },
};

static enum fl_code eat_memory(struct fl_error *err)
{
	for (size_t total = 0;; total += 16 << 20) {
		char *block = malloc(16 << 20);
		if (!block)
			return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "after %zu MiB", total >> 20);
		for (size_t i = 0; i < 16 << 20; i += 4096)
			block[i] = 1;
		eaten = block; /* or the compiler needs no memory at all */
	}
}

static enum fl_code work(struct fl_error *err)
{
	*hostile_worker = getpid();
	while (*hostile_worker)
		sink++;
	return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0, "worked");
}

/* Leaves a trap for whatever this child analyses next. */
static enum fl_code poison(struct fl_error *err)
{
	poisoned = (int *)16;
	return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, 8, "poisoned the process");
}

static enum fl_code count_compiled(struct fl_error *err)
{
	return fl_fail(err, FL_ELIMIT, FL_AT_NONE, 0, "compiled %u", hostile_symbols_opened);
}

/* The ELF is the first descriptor to arrive, its index the second. */
static enum fl_code write_index(struct fl_error *err)
{
	int fd = FL_FD_COUNT + 1;
	bool can_read = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED;
	bool can_write = write(fd, "x", 1) >= 0 ||
			 mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED;
	return fl_fail(err, FL_ELIMIT, FL_AT_NONE, 0, "read %d, written %d", can_read, can_write);
}

/* Two ELFs are the first descriptors to arrive, an index is the third. */
static enum fl_code die_of_an_index(struct fl_error *err)
{
	if (close(FL_FD_COUNT + 2) == 0)
		_exit(7);
	return count_compiled(err);
}

/* What the child can reach besides its own four: closing works for what is open. */
static enum fl_code count_descriptors(struct fl_error *err)
{
	unsigned count = 0;
	for (int fd = FL_FD_COUNT; fd < 4096; fd++)
		count += close(fd) == 0;
	return fl_fail(err, FL_ELIMIT, FL_AT_NONE, 0, "%u descriptors", count);
}

static const struct {
	const char *name;
	enum fl_code (*run)(struct fl_error *);
} answers[] = {
	{ "work", work },
	{ "poison", poison },
	{ "eat memory", eat_memory },
	{ "count compiled", count_compiled },
	{ "count descriptors", count_descriptors },
	{ "write index", write_index },
	{ "die of an index", die_of_an_index },
};

static bool is_act(const char *act, size_t size, const char *name)
{
	return strlen(name) == size && memcmp(act, name, size) == 0;
}

/* False for an innocent input. */
static bool do_act(const void *input, size_t size, enum fl_code *ret, struct fl_error *err)
{
	static const char prefix[] = "hostile ";
	const size_t start = sizeof(prefix) - 1;
	if (poisoned)
		sink = *poisoned;
	if (size < start || memcmp(input, prefix, start) != 0)
		return false;
	const char *act = (const char *)input + start;
	size = strnlen(act, size - start);
	current_dump = input;
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (is_act(act, size, acts[i].name))
			acts[i].run();
	*ret = FL_EINVALID;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (!is_act(act, size, answers[i].name))
			continue;
		*ret = answers[i].run(err);
		return true;
	}
	fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "no such act");
	return true;
}

enum fl_code __wrap_fl_analyze(const void *dump, size_t size,
			       const struct fl_symbols *const *symbols, size_t count,
			       const struct fl_analyze_options *options, struct fl_report **ret,
			       struct fl_error *err)
{
	enum fl_code code;
	if (do_act(dump, size, &code, err))
		return code;
	return __real_fl_analyze(dump, size, symbols, count, options, ret, err);
}

enum fl_code __wrap_fl_analyze_event(const void *event, size_t size,
				     const struct fl_symbols *const *symbols, size_t count,
				     const struct fl_analyze_options *options,
				     struct fl_report **ret, struct fl_error *err)
{
	enum fl_code code;
	if (do_act(event, size, &code, err))
		return code;
	return __real_fl_analyze_event(event, size, symbols, count, options, ret, err);
}

_Noreturn void __wrap_fl_serve(const struct fl_child_setup *setup, const struct fl_rules *rules,
			       size_t cached_images)
{
	answer_window = setup->answer;
	if (hostile_unborn && (*hostile_unborn)-- > 0)
		kill(getpid(), SIGKILL);
	__real_fl_serve(setup, rules, cached_images);
}

enum fl_code __wrap_fl_symbols_open_mapped(const void *bytes, size_t size, const char *name,
					   release_pages release, struct fl_symbols **ret,
					   struct fl_error *err)
{
	static const char trap[] = "hostile read";
	static const char killer[] = "hostile elf";
	hostile_symbols_opened++;
	if (size == sizeof(killer) - 1 && memcmp(bytes, killer, size) == 0)
		read_null();
	static const char loner[] = "hostile when alone";
	if (size == sizeof(loner) - 1 && memcmp(bytes, loner, size) == 0 &&
	    hostile_symbols_opened == 1)
		read_null(); /* as the first, or the only one, that its child compiles */
	static const char answer[] = "hostile answer damaged";
	if (size == sizeof(answer) - 1 && memcmp(bytes, answer, size) == 0)
		answer_damaged();
	if (size >= sizeof(trap) - 1 && memcmp(bytes, trap, sizeof(trap) - 1) == 0) {
		if (hostile_worker)
			*hostile_worker = getpid();
		/* Wait until the test has cut the file short, then read what is no longer there. */
		for (const volatile char *at = bytes;; at = bytes)
			sink += at[size - 1];
	}
	return __real_fl_symbols_open_mapped(bytes, size, name, release, ret, err);
}
