/* SPDX-License-Identifier: Apache-2.0 */
/** @file Several worker processes: start, count, replace the killed, stop. */
#ifndef WORKER_SUPERVISE_H
#define WORKER_SUPERVISE_H

#include "worker/worker.h"

enum { FL_JOBS_MAX = 64 };

/**
 * @p options->jobs is at most FL_JOBS_MAX; one more process tells of events, when that is wanted.
 * Failures as fl_worker_run().
 */
FL_MUST_CHECK enum fl_code fl_supervise(const struct fl_worker_options *options,
					struct fl_worker_summary *ret, struct fl_error *err);

#endif
