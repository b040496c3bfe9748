/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The spool folder: files that are renamed into it become dumps in the queue.
 *
 * Producers write elsewhere (or under a name that starts with a dot or ends in ".tmp"), put an
 * optional
 * `<file>.json` in place, then rename the dump in. Taking a file is: mark it and its companion by
 * renaming them to `.taking.<name>`, read, enqueue (durable), rename to `.taken.<name>`, unlink. So
 * a file without a mark is not in the database, a taken one is, and one being taken may be: after a
 * crash that is looked up, and nothing is lost or taken twice.
 *
 * A file that is no whole dump goes through src/intake: chunks in whatever they travel in. A crash
 * in between repeats it; a known device's messages are then duplicates, and so are those of an
 * unknown one by the file's name and time.
 *
 * What can never be taken (a companion that cannot be understood, a file too large) goes to
 * `rejected/` with the reason beside it. What cannot be read is reported once and stays.
 */
#ifndef WORKER_SPOOL_H
#define WORKER_SPOOL_H

#include "worker/worker.h"

struct fl_spool;

FL_MUST_CHECK enum fl_code
fl_spool_open(const char *path, struct fl_spool **ret, struct fl_error *err);
void fl_spool_close(struct fl_spool *spool);
FL_OWNED(fl_spool, fl_spool_close)

/** Readable when something may have arrived; -1 where the kernel cannot tell. */
int fl_spool_event_fd(const struct fl_spool *spool);

struct fl_intake {
	struct fl_store *store;
	const char *database;              /**< its path; NULL: nobody else takes in */
	struct fl_worker_summary *summary; /**< spooled and duplicates are counted here */
	bool (*stopping)(void *context);   /**< asked between files */
	void *context;
};

/**
 * Take every complete file.
 * @param busy_ret  another process is taking files from this folder at the moment; nothing was
 * done.
 * @retval FL_EIO, FL_ENOMEM the database could not take one; it is still there.
 */
FL_MUST_CHECK enum fl_code fl_spool_intake(struct fl_spool *spool, const struct fl_intake *intake,
					   bool *busy_ret, struct fl_error *err);

#endif
