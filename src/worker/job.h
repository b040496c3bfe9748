/* SPDX-License-Identifier: Apache-2.0 */
/** @file One worker process: spool and queue until there is no more, or a stop. */
#ifndef WORKER_JOB_H
#define WORKER_JOB_H

#include "worker/progress.h"

struct fl_job_options {
	const struct fl_worker_options *worker;
	unsigned slot; /**< which of the processes this is */
	int lifeline;  /**< hangs up when the supervisor stops or dies; -1: none */
	bool progress;
};

/** @param summary counted up as work goes on; another process may look at it. */
FL_MUST_CHECK enum fl_code fl_job_run(const struct fl_job_options *options,
				      struct fl_worker_summary *summary, struct fl_error *err);

#endif
