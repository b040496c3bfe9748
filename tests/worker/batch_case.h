/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Dumps that a worker analyses and files together. The linker puts functions of batch_case.c before
 * fl_store_finish() and fl_store_dumps().
 */
#ifndef BATCH_CASE_H
#define BATCH_CASE_H

#include "scratch.h"
#include "worker/batch.h"

#define BATCH_BUILD FL_CORPUS "/m4f-og"
#define BATCH_OTHER FL_CORPUS "/m4f-o2"

/** A database that fails. */
struct batch_failure {
	/** Of whatever files that dump; FL_ECHILD: it kills the worker, FL_ELIMIT: only that one is
	 * not filed. */
	enum fl_code code;
	int64_t dump_id; /**< -1: of none */
	unsigned times;
};
extern struct batch_failure batch_failure;

/** The dump where the disk fails; -1: it does not. */
extern int64_t batch_unreadable;

/** Another worker that is at work until so many dumps are filed, and what was filed at once. */
struct batch_neighbour {
	int claims; /**< its lock; -1: there is none */
	size_t until, filed;
	size_t batches[64];
	size_t batch_count;
};
extern struct batch_neighbour batch_neighbour;

/** @return the dump's id. */
int64_t batch_enqueue(struct scratch *scratch, enum fl_report_kind kind, const void *bytes,
		      size_t size, const char *device, const char *source);
/** Of a null pointer that was read. */
int64_t batch_enqueue_dump(struct scratch *scratch, const char *build, const char *device,
			   const char *source);
void batch_add_symbols(struct scratch *scratch, const char *build);

/** A worker that ends when nothing is queued. */
enum fl_code batch_try_run(struct scratch *scratch, struct fl_worker_options options,
			   struct fl_worker_summary *ret);
struct fl_worker_summary batch_run(struct scratch *scratch, struct fl_worker_options options);

/** @return how many were claimed. */
size_t batch_claim(struct scratch *scratch, int64_t now, int64_t *ids, size_t room);
struct fl_queue_counts batch_counts(struct scratch *scratch);

/** Enough to run one batch by hand. */
struct batch_hand {
	struct fl_batch_options options;
	struct fl_choices choices;
	struct fl_worker_summary summary;
	unsigned asked, stop_at; /**< told to stop when asked so often; 0 = never */
	bool kill;               /**< and then there is no worker any more */
	/** After the first dump was analysed somebody else does that. */
	void (*meanwhile)(struct fl_store *store);
};
void batch_hand_init(struct batch_hand *hand, struct scratch *scratch);
void batch_hand_deinit(struct batch_hand *hand);
#define BATCH_HAND_AUTO __attribute__((__cleanup__(batch_hand_deinit))) struct batch_hand

#endif
