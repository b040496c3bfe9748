/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/worker.h"

#include "worker/job.h"
#include "worker/notify.h"
#include "worker/supervise.h"

enum fl_code fl_worker_run(const struct fl_worker_options *options, struct fl_worker_summary *ret,
			   struct fl_error *err)
{
	*ret = (struct fl_worker_summary){ 0 };
	if (options->jobs > FL_JOBS_MAX)
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "%u worker processes, at most %d",
			       options->jobs, FL_JOBS_MAX);
	if (options->jobs > 1 || fl_notify_wanted(&options->notify))
		return fl_supervise(options, ret, err);
	const struct fl_job_options job = { .worker = options,
					    .lifeline = -1,
					    .progress = options->progress };
	return fl_job_run(&job, ret, err);
}
