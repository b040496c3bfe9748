/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/transfer.h"

#include <errno.h>
#include <unistd.h>

bool fl_read_whole(int fd, void *bytes, size_t size)
{
	char *at = bytes;
	size_t done = 0;
	while (done < size) {
		ssize_t n = pread(fd, at + done, size - done, (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

bool fl_write_whole(int fd, const void *bytes, size_t size)
{
	const char *at = bytes;
	size_t done = 0;
	while (done < size) {
		ssize_t n = pwrite(fd, at + done, size - done, (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}
