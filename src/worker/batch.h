/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Claimed dumps, analysed one after the other while no transaction is open, then written in one.
 *
 * A batch ends early when told to stop, when its time is over, or when its reports fill the memory
 * that they may have: what is done is written, the rest goes back to the queue, its attempts not
 * counted. So a dump that takes long holds up neither those before it nor those after it.
 */
#ifndef WORKER_BATCH_H
#define WORKER_BATCH_H

#include "worker/choices.h"
#include "worker/worker.h"

enum {
	FL_BATCH_MAX = 1024,
	FL_BATCH_MS = 500,               /**< its time */
	FL_BATCH_REPORT_BYTES = 8 << 20, /**< encoded */
};

struct fl_batch_options {
	struct fl_store *store;
	struct fl_sandbox *sandbox;
	struct fl_choices *choices;
	struct fl_worker_summary *summary;
	uint32_t attempts; /**< a dump is given up after so many */
	bool (*stopping)(void *context);
	void *context;
};

/** A clock that only goes forward. */
int64_t fl_batch_now_ms(void);

/**
 * @param ids      claimed dumps.
 * @param done_ret how many of them were analysed.
 * A bad dump is no failure. On failure what was analysed before the trouble is written if that can
 * be, and the others are back in the queue, or come back as claims of the dead do.
 */
FL_MUST_CHECK enum fl_code fl_batch_run(const struct fl_batch_options *options, const int64_t *ids,
					size_t count, size_t *done_ret, struct fl_error *err);

#endif
