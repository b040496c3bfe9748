/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/locks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	HELD_MAX = 4096, /* the kernel keeps a list of them */
	POLL_MILLISECONDS = 20,
};

enum fl_code fl_device_locks_init(struct fl_device_locks *locks, const char *path,
				  unsigned wait_seconds, struct fl_error *err)
{
	*locks = (struct fl_device_locks){ .fd = -1, .wait_seconds = wait_seconds };
	if (!path)
		return FL_OK;
	locks->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (locks->fd < 0)
		return fl_fail(err, FL_EIO, FL_AT_NONE, 0, "lock file %.120s: %s", path,
			       strerror(errno));
	return FL_OK;
}

void fl_device_locks_deinit(struct fl_device_locks *locks)
{
	if (locks->fd >= 0)
		close(locks->fd);
	free(locks->held);
	*locks = (struct fl_device_locks){ .fd = -1 };
}

/* FNV-1a, 64 bits (RFC 9923); every program that shares the database must agree. */
uint64_t fl_device_lock_offset(const char *serial)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (; *serial; serial++)
		hash = (hash ^ (uint8_t)*serial) * UINT64_C(0x100000001b3);
	return hash >> 2; /* an off_t, with room behind it */
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static size_t sort_unique(uint64_t *offsets, size_t count)
{
	size_t kept = 0;
	qsort(offsets, count, sizeof(*offsets), compare);
	for (size_t i = 0; i < count; i++)
		if (!kept || offsets[kept - 1] != offsets[i])
			offsets[kept++] = offsets[i];
	return kept;
}

static bool is_held(const struct fl_device_locks *locks, uint64_t offset)
{
	return locks->held_count && bsearch(&offset, locks->held, locks->held_count,
					    sizeof(*locks->held), compare) != NULL;
}

/* 0, or -1 with errno. Open file description locks: a thread's close() elsewhere does not end them
 * (fcntl(2), "Open file description locks (non-POSIX)"). */
static int
call(const struct fl_device_locks *locks, int command, short type, uint64_t offset, off_t size)
{
	struct flock lock = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)offset, .l_len = size
	};
	int result;
	do
		result = fcntl(locks->fd, command, &lock);
	while (result != 0 && errno == EINTR);
	return result;
}

void fl_device_locks_release(struct fl_device_locks *locks)
{
	if (locks->fd >= 0 && locks->held_count)
		(void)!call(locks, F_OFD_SETLK, F_UNLCK, 0, 0);
	locks->held_count = 0;
}

static int64_t milliseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum fl_code
wait_for(struct fl_device_locks *locks, uint64_t offset, int64_t deadline, struct fl_error *err)
{
	int command = locks->wait_seconds ? F_OFD_SETLK : F_OFD_SETLKW;
	const struct timespec pause = { .tv_nsec = POLL_MILLISECONDS * 1000000L };
	while (call(locks, command, F_WRLCK, offset, 1) != 0) {
		if (errno != EAGAIN && errno != EACCES)
			return fl_fail(err, FL_EIO, FL_AT_NONE, 0, "lock file: %s",
				       strerror(errno));
		locks->busy = milliseconds() >= deadline;
		if (locks->busy)
			return fl_fail(err, FL_EIO, FL_AT_NONE, 0,
				       "another process takes in data of this device for more than "
				       "%u s: try again",
				       locks->wait_seconds);
		nanosleep(&pause, NULL);
	}
	return FL_OK;
}

static bool try_all(const struct fl_device_locks *locks, const uint64_t *offsets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!is_held(locks, offsets[i]) &&
		    call(locks, F_OFD_SETLK, F_WRLCK, offsets[i], 1) != 0)
			return false;
	return true;
}

static enum fl_code wait_for_all(struct fl_device_locks *locks, const uint64_t *offsets,
				 size_t count, struct fl_error *err)
{
	int64_t deadline = milliseconds() + (int64_t)locks->wait_seconds * 1000;
	enum fl_code code = FL_OK;
	locks->held_count = 0;
	(void)!call(locks, F_OFD_SETLK, F_UNLCK, 0, 0);
	for (size_t i = 0; !code && i < count; i++)
		code = wait_for(locks, offsets[i], deadline, err);
	if (code)
		(void)!call(locks, F_OFD_SETLK, F_UNLCK, 0, 0);
	return code;
}

enum fl_code fl_device_locks_take(struct fl_device_locks *locks, uint64_t *offsets, size_t count,
				  struct fl_error *err)
{
	if (locks->fd < 0 || !count)
		return FL_OK;
	count = sort_unique(offsets, count);
	if (locks->held_count + count > HELD_MAX)
		fl_device_locks_release(locks);
	uint64_t *held = reallocarray(locks->held, locks->held_count + count, sizeof(*held));
	if (!held)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "locks of %zu devices", count);
	locks->held = held;
	if (!try_all(locks, offsets, count)) {
		enum fl_code code = wait_for_all(locks, offsets, count, err);
		if (code)
			return code;
	}
	memcpy(held + locks->held_count, offsets, count * sizeof(*held));
	locks->held_count = sort_unique(held, locks->held_count + count);
	return FL_OK;
}
