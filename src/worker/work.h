/* SPDX-License-Identifier: Apache-2.0 */
/** @file What is known of one dump of a batch, until it is written. */
#ifndef WORKER_WORK_H
#define WORKER_WORK_H

#include "worker/choices.h"
#include "worker/worker.h"

/** Zero-initialised is empty. Does not move: @ref result points into it. */
struct fl_work {
	struct fl_result result;
	enum fl_report_kind kind;
	enum fl_outcome outcome; /**< unless the store makes something else of it */
	uint32_t attempt;
	struct fl_report *report;
	struct fl_buffer encoded;
	char *reason, *backtrace;
};
void fl_work_deinit(struct fl_work *work);

/**
 * What fl_worker_analyze() does, and what follows from it, as a result to write.
 * @retval FL_ENOMEM the analysis needs more memory than it may have.
 * @retval FL_EIO    the machine or the database is in trouble.
 */
FL_MUST_CHECK enum fl_code
fl_worker_examine(struct fl_store *store, struct fl_sandbox *sandbox, struct fl_choices *choices,
		  const struct fl_claim *claim, struct fl_work *work, struct fl_error *err);

/** It is to be quarantined, and counts as @p outcome. */
FL_MUST_CHECK enum fl_code fl_work_set_aside(struct fl_work *work, enum fl_outcome outcome,
					     const char *reason, const char *backtrace,
					     struct fl_error *err);

/** After it was written. */
enum fl_outcome fl_work_outcome(const struct fl_work *work);

#endif
