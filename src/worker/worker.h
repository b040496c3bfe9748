/* SPDX-License-Identifier: Apache-2.0 */
/** @file The queue loop: claim, analyse in the sandbox, file, go on. */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include "sandbox/sandbox.h"
#include "store/store.h"

#include <signal.h>

/** Who is told of new issues, regressions and missing ELF files. */
struct fl_notify_options {
	const char *command;      /**< for `sh -c`, the event as JSON on its stdin; NULL = none */
	const char *log;          /**< file that gets a line of JSON per event; NULL = none */
	unsigned timeout_seconds; /**< for the command; 0 = 30 */
	unsigned retry_seconds;   /**< until the second attempt, doubled for each further one; 0 = 5
				   */
};

struct fl_worker_options {
	const char *database;   /**< path */
	const char *spool;      /**< folder to take dumps from; NULL = only the queue */
	bool once;              /**< end when spool and queue are empty */
	unsigned jobs;          /**< worker processes; 0 = 1 */
	bool progress;          /**< draw progress on stderr (a TTY) */
	unsigned lease_seconds; /**< 0 = 300 */
	unsigned max_attempts;  /**< quarantine a dump after so many; 0 = 3 */
	unsigned batch;         /**< dumps claimed and filed together, at most; 0 = 64 */
	struct fl_sandbox_options sandbox;
	struct fl_store_policy policy;
	struct fl_notify_options notify; /**< neither command nor log: nobody is told */
	int64_t partial_age; /**< seconds that half-received messages are kept; 0 = for ever */
	/** Set non-zero by a signal handler: finish the dump at hand, then end. May be NULL. */
	volatile sig_atomic_t *stop;
};

struct fl_worker_summary {
	uint64_t filed, new_issues, waiting, quarantined, duplicates, spooled;
	uint64_t reboots; /**< expected ones: traces without an issue */
	uint64_t paired;  /**< of those filed, waiting or joined: event and dump of one crash */
	uint64_t joined;  /**< events that came after their dump: it stands for both */
	uint64_t pruned;  /**< their bytes were gone: set aside */
	uint64_t expired, expired_bytes; /**< half-received messages that were given up */
	uint64_t notified;               /**< events delivered */
	uint64_t unnotified; /**< events that remain in the database for a later worker */
};

/**
 * Run until stopped (or, with `once`, until there is nothing left).
 * A single bad dump is never a failure of the worker.
 *
 * With one job everything happens in this process (and its sandboxed child). With more, each is a
 * forked process; no store may be open in the caller then: SQLite does not survive a fork. The
 * same holds when somebody is to be told of events: a process of its own does that.
 *
 * `<database>.claims` is an empty lock file: whoever works on a claimed dump holds it shared.
 */
FL_MUST_CHECK enum fl_code fl_worker_run(const struct fl_worker_options *options,
					 struct fl_worker_summary *ret, struct fl_error *err);

enum fl_outcome {
	FL_OUTCOME_FILED,
	FL_OUTCOME_WAITING,
	FL_OUTCOME_QUARANTINED,
	FL_OUTCOME_DUPLICATE, /**< the dump names its device, which had sent the same dump before */
	FL_OUTCOME_JOINED,    /**< the reboot event of a dump that is here: counted with it */
	FL_OUTCOME_REBOOT,    /**< an expected reboot: a trace without an issue */
	FL_OUTCOME_AGAIN,  /**< its ELF was removed or superseded meanwhile: it is queued again */
	FL_OUTCOME_PRUNED, /**< its bytes are not kept any more: set aside */
};

/**
 * Analyse a dump or event the way the worker does: identify it, choose its ELF, analyse; writes
 * nothing. Tells @p store which ELF it was (fl_store_set_symbols()).
 *
 * A dump that its ELF contradicts (build ids, or the flash it captured) waits: it is never filed
 * with the wrong symbols. An event in which there is nothing to look up needs no ELF.
 *
 * @param ret      the report (provisional when @p outcome_ret is FL_OUTCOME_WAITING, NULL when it
 * is FL_OUTCOME_PRUNED).
 * @retval FL_ECHILD, FL_EFORMAT, FL_EUNSUPPORTED the dump is one to quarantine.
 */
FL_MUST_CHECK enum fl_code fl_worker_analyze(struct fl_store *store, struct fl_sandbox *sandbox,
					     const struct fl_claim *claim, struct fl_report **ret,
					     enum fl_outcome *outcome_ret, struct fl_error *err);

#endif
