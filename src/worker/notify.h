/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The process that tells somebody: takes notices from the database, gives each to the command and
 * the log, and strikes it out when both have it. At least once: what was delivered when the
 * process was killed is delivered again. What fails is tried again later, ever more rarely, and
 * holds up neither the queue nor the notices behind it.
 *
 * One process at a time delivers the notices of a database: it holds `<database>.events` locked.
 */
#ifndef WORKER_NOTIFY_H
#define WORKER_NOTIFY_H

#include "worker/worker.h"

enum {
	/** Sent down the lifeline: end when everything is delivered, or nothing more can be. */
	FL_NOTIFY_DRAIN = 'd',
};

bool fl_notify_wanted(const struct fl_notify_options *options);

/**
 * Run until @p lifeline hangs up, or is told to drain. Draining lasts at most as long as the
 * command may take, and the attempt at hand.
 * @param summary notified and unnotified are counted up; another process may look at it.
 * @retval FL_EIO the database cannot be opened.
 */
FL_MUST_CHECK enum fl_code fl_notify_run(const struct fl_worker_options *worker, int lifeline,
					 struct fl_worker_summary *summary, struct fl_error *err);

#endif
