/* SPDX-License-Identifier: Apache-2.0 */
#include "store/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX ".writing-"

enum { NAME_SIZE = sizeof(PREFIX) + 16 };

bool fl_write_all(int fd, const void *bytes, size_t size)
{
	for (const char *at = bytes; size;) {
		ssize_t n = write(fd, at, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

static bool make_name(char ret[NAME_SIZE])
{
	uint64_t number;
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return false;
	snprintf(ret, NAME_SIZE, PREFIX "%016" PRIx64, number);
	return true;
}

static bool write_synced(int dir, const char *name, const void *bytes, size_t size)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return false;
	bool good = fl_write_all(fd, bytes, size) && !fsync(fd);
	return !close(fd) && good;
}

bool fl_replace_file(int dir, const char *name, const void *bytes, size_t size)
{
	char temporary[NAME_SIZE];
	if (!make_name(temporary))
		return false;
	if (write_synced(dir, temporary, bytes, size) && !renameat(dir, temporary, dir, name))
		return true;
	int error = errno;
	unlinkat(dir, temporary, 0);
	errno = error;
	return false;
}

void fl_remove_unfinished(int dir, const char *name, time_t now)
{
	struct stat info;
	if (!strncmp(name, PREFIX, strlen(PREFIX)) &&
	    !fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) && S_ISREG(info.st_mode) &&
	    now - info.st_mtime > FL_WRITING_AGE)
		unlinkat(dir, name, 0);
}
