/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * What is noted whenever a dump or event is through: the trace's past, the bulk work it was part
 * of, notices. Whatever finishes a dump calls fl_settled() in the transaction that does it.
 */
#ifndef STORE_SETTLED_H
#define STORE_SETTLED_H

#include "store/internal.h"

enum fl_settled_how {
	FL_SETTLED_FILED,
	FL_SETTLED_WAITING,
	FL_SETTLED_QUARANTINED,
	FL_SETTLED_GONE,       /**< a duplicate, the event of a dump, forgotten */
	FL_SETTLED_REANALYSED, /**< fl_store_refile(): no part of the queue */
};

struct fl_settled {
	int64_t dump_id;
	bool no_bulk; /**< it is part of none; false = look */
	enum fl_settled_how how;
	int64_t trace_id; /**< 0 = none */
	bool new_trace;   /**< it has no past; false = look */
	int64_t old_issue_id, new_issue_id;
	bool new_issue, regressed;
	int64_t symbol_file_id; /**< it was analysed with; 0 = none */
};

/** Call once, when the dump's row and trace are as they shall be. */
FL_MUST_CHECK enum fl_code
fl_settled(struct fl_store *store, const struct fl_settled *settled, struct fl_error *err);

/* --- pieces of it --- */

/** A line in the past of a trace; issue 0 = none, @p detail may be NULL. */
FL_MUST_CHECK enum fl_code
fl_history_add(struct fl_store *store, int64_t trace_id, const char *what, int64_t old_issue_id,
	       int64_t new_issue_id, const char *detail, struct fl_error *err);

#define FL_BULK_ADDED      "symbols added"
#define FL_BULK_REMOVED    "symbols removed"
#define FL_BULK_REANALYSED "reanalysed"

/** Begin bulk work; the caller gives its id to dumps and then says how many. */
FL_MUST_CHECK enum fl_code
fl_bulk_add(struct fl_store *store, const char *what, int64_t *ret, struct fl_error *err);
/** Say how many dumps were queued; a bulk of none is forgotten. */
FL_MUST_CHECK enum fl_code
fl_bulk_queued(struct fl_store *store, int64_t bulk_id, uint64_t traces, struct fl_error *err);
/** A dump is not part of its bulk any more. */
FL_MUST_CHECK enum fl_code
fl_bulk_left(struct fl_store *store, int64_t dump_id, struct fl_error *err);

/** Put a notice into the outbox, when notices are recorded. Ids: 0 = none. */
FL_MUST_CHECK enum fl_code fl_notice_add(struct fl_store *store, enum fl_notice_kind kind,
					 int64_t issue_id, int64_t trace_id, int64_t bulk_id,
					 struct fl_error *err);

FL_MUST_CHECK enum fl_code fl_notices_on(struct fl_store *store, bool *ret, struct fl_error *err);

/**
 * The handle's reanalysis, if there was any, is over. Where an fl_store_refile() is rolled back,
 * fl_store::reanalysis_bulk must be what it was before.
 */
void fl_reanalysis_end(struct fl_store *store);

/** The current time, for rows that nobody dates. */
int64_t fl_store_now(void);

#endif
