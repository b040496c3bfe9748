/* SPDX-License-Identifier: Apache-2.0 */
/** @file The queue loop: claim, analyse in the sandbox, file, go on. */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include "sandbox/sandbox.h"

#include <signal.h>

struct fl_worker_options {
	const char *database;   /**< path */
	const char *spool;      /**< folder to take dumps from; NULL = only the queue */
	bool once;              /**< end when spool and queue are empty */
	unsigned jobs;          /**< worker processes; 0 = 1 */
	bool progress;          /**< draw progress on stderr (a TTY) */
	unsigned lease_seconds; /**< 0 = 300 */
	unsigned max_attempts;  /**< quarantine a dump after so many; 0 = 3 */
	struct fl_sandbox_options sandbox;
	/** Set non-zero by a signal handler: finish the dump at hand, then end. May be NULL. */
	volatile sig_atomic_t *stop;
};

struct fl_worker_summary {
	uint64_t filed, new_issues, waiting, quarantined, duplicates, spooled;
};

/**
 * Run until stopped (or, with `once`, until there is nothing left).
 * A single bad dump is never a failure of the worker.
 *
 * With one job everything happens in this process (and its sandboxed child). With more, each is a
 * forked process; no store may be open in the caller then: SQLite does not survive a fork.
 *
 * `<database>.claims` is an empty lock file: whoever works on a claimed dump holds it shared.
 */
FL_MUST_CHECK enum fl_code fl_worker_run(const struct fl_worker_options *options,
					 struct fl_worker_summary *ret, struct fl_error *err);

struct fl_store;
struct fl_claim;
enum fl_outcome {
	FL_OUTCOME_FILED,
	FL_OUTCOME_WAITING,
	FL_OUTCOME_QUARANTINED,
	FL_OUTCOME_DUPLICATE, /**< the dump names its device, which had sent the same dump before */
};

/**
 * Analyse one claimed dump the way the worker does: identify it, choose its ELF, analyse, and file,
 * wait or quarantine. Shared with `ingest` and `traces reanalyze`.
 *
 * A dump that its ELF contradicts (build ids, or the flash it captured) waits: it is never filed
 * with the wrong symbols.
 *
 * @param new_issue_ret may be NULL.
 * @retval FL_ENOMEM the analysis needs more memory than it may have; the dump stays claimed.
 * @retval FL_EIO    the machine or the database is in trouble; the dump stays claimed.
 */
FL_MUST_CHECK enum fl_code fl_worker_process(struct fl_store *store, struct fl_sandbox *sandbox,
					     const struct fl_claim *claim, enum fl_outcome *ret,
					     bool *new_issue_ret, struct fl_error *err);

/**
 * The first half of fl_worker_process(): identify, choose the ELF, analyse; writes nothing.
 *
 * @param ret      the report (provisional when @p outcome_ret is FL_OUTCOME_WAITING).
 * @retval FL_ECHILD, FL_EFORMAT, FL_EUNSUPPORTED the dump is one to quarantine.
 */
FL_MUST_CHECK enum fl_code fl_worker_analyze(struct fl_store *store, struct fl_sandbox *sandbox,
					     const struct fl_claim *claim, struct fl_report **ret,
					     enum fl_outcome *outcome_ret, struct fl_error *err);

#endif
