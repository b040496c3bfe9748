/* SPDX-License-Identifier: Apache-2.0 */
/** @file One line on stderr that keeps being redrawn, and warnings that do not tear it. */
#ifndef WORKER_PROGRESS_H
#define WORKER_PROGRESS_H

#include "worker/worker.h"

/** Zero-initialised draws nothing. */
struct fl_progress {
	bool on;
	bool drawn;
	int64_t drawn_ms;
	int64_t since_ms; /**< start of the stretch that the rate is taken from */
	uint64_t since_count;
	double rate; /**< dumps a second */
};

void fl_progress_start(struct fl_progress *progress, bool on);
/** Redraw, at most a few times a second. */
void fl_progress_show(struct fl_progress *progress, const struct fl_worker_summary *summary);
/** Draw the last state and leave the line. */
void fl_progress_end(struct fl_progress *progress, const struct fl_worker_summary *summary);

/** One line on stderr: "faultline: SUBJECT: TEXT". @p subject may hold any bytes. */
void fl_warn(const char *subject, const char *format, ...) FL_PRINTF(2, 3);

#endif
