/* SPDX-License-Identifier: Apache-2.0 */
/** @file Names and moves inside a spool folder. All calls are relative to its descriptor. */
#ifndef WORKER_SPOOL_FILE_H
#define WORKER_SPOOL_FILE_H

#include <faultline/buffer.h>

#include <stdbool.h>
#include <stdint.h>

#define FL_SPOOL_MARK     ".taking." /* may be in the database */
#define FL_SPOOL_DONE     ".taken."  /* is in the database */
#define FL_SPOOL_REJECTED "rejected"

enum {
	FL_SPOOL_NAME_MAX = 256,
	FL_SPOOL_DUMP_MAX = 1 << 30, /**< bytes of one dump, as the store has it */
};

/** Whether a producer's file of this name is a dump: not hidden, not *.tmp, not *.json. */
bool fl_spool_is_dump_name(const char *name);

/** A file, wholly read. */
struct fl_spool_file {
	struct fl_buffer bytes;
	int64_t mtime; /**< Unix seconds */
};
void fl_spool_file_deinit(struct fl_spool_file *file);
#define FL_AUTO_SPOOL_FILE __attribute__((__cleanup__(fl_spool_file_deinit))) struct fl_spool_file

/**
 * Read a regular file; links are not followed.
 * @retval FL_ENOTFOUND not there, or not a regular file.
 * @retval FL_EIO       cannot be read.
 * @retval FL_ELIMIT    larger than @p size_max.
 */
FL_MUST_CHECK enum fl_code fl_spool_read(int folder, const char *name, size_t size_max,
					 struct fl_spool_file *ret, struct fl_error *err);

/** FL_OK when it could be read: a regular file, and permitted. Failures as fl_spool_read(). */
FL_MUST_CHECK enum fl_code fl_spool_probe(int folder, const char *name, struct fl_error *err);

/** "<name>.json". False when that is too long. */
bool fl_spool_companion_name(const char *name, char ret[FL_SPOOL_NAME_MAX]);
/** ".taking.<name>". */
bool fl_spool_marked_name(const char *name, char ret[FL_SPOOL_NAME_MAX]);

/** Rename @p name and its companion (if there is one) to their marked names, companion first. */
FL_MUST_CHECK enum fl_code fl_spool_mark(int folder, const char *name, struct fl_error *err);
/** The reverse, unless a producer has put another file of that name there. */
void fl_spool_unmark(int folder, const char *name);
/** Give back marked companions whose dump was not marked any more, or not yet. */
void fl_spool_release_companions(int folder);
/** A marked dump is in the database: unlink it and its companion. */
void fl_spool_discard(int folder, const char *name);
/** Finish what fl_spool_discard() could not. */
void fl_spool_sweep(int folder);

/**
 * Move the dump @p from and the companion beside it to `rejected/`, under @p name or a free
 * variation, and write @p reason beside them.
 */
FL_MUST_CHECK enum fl_code fl_spool_reject(int folder, const char *from, const char *name,
					   const char *reason, struct fl_error *err);

struct dirent;
struct fl_spool_list {
	struct dirent **entries; /**< by name */
	size_t count;
};
enum fl_spool_kind {
	FL_SPOOL_NEW,    /**< what a producer finished */
	FL_SPOOL_MARKED, /**< what may be in the database, companions too */
	FL_SPOOL_TAKEN,  /**< what is in the database */
};
FL_MUST_CHECK enum fl_code
fl_spool_list(int folder, enum fl_spool_kind kind, struct fl_spool_list *ret, struct fl_error *err);
void fl_spool_list_deinit(struct fl_spool_list *list);
#define FL_AUTO_SPOOL_LIST __attribute__((__cleanup__(fl_spool_list_deinit))) struct fl_spool_list

#endif
