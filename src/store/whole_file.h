/* SPDX-License-Identifier: Apache-2.0 */
/** @file Files that are there whole or not at all. Failures leave errno. */
#ifndef STORE_WHOLE_FILE_H
#define STORE_WHOLE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum {
	/** Seconds after which nobody can still be writing a file. */
	FL_WRITING_AGE = 3600,
};

/** The whole of it, however often a signal comes. */
bool fl_write_all(int fd, const void *bytes, size_t size);

/**
 * Write under a name that nobody else has, sync, rename: nobody ever sees half of it, also where
 * processes of several containers share the folder. The folder is not synced.
 * @param dir open folder.
 */
bool fl_replace_file(int dir, const char *name, const void *bytes, size_t size);

/** Remove the file, if a writer that died left it behind. */
void fl_remove_unfinished(int dir, const char *name, time_t now);

#endif
