/* SPDX-License-Identifier: Apache-2.0 */
/** @file All bytes of a file, or none: pread() and pwrite() until nothing is left. */
#ifndef SANDBOX_TRANSFER_H
#define SANDBOX_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>

/** The first @p size bytes. False: there are fewer, or errno says why. */
bool fl_read_whole(int fd, void *bytes, size_t size);

/** From the file's beginning. False: errno says why. */
bool fl_write_whole(int fd, const void *bytes, size_t size);

#endif
