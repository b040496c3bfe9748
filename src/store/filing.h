/* SPDX-License-Identifier: Apache-2.0 */
/** @file What filing a new report and refiling an old trace have in common. */
#ifndef STORE_FILING_H
#define STORE_FILING_H

#include "store/internal.h"

/** A dump's row, as far as filing needs it. Ids are 0 and texts NULL where unknown. */
struct fl_filing_dump {
	int64_t id;
	char state[16];
	int64_t trace_id, issue_id; /**< of its own trace */
	int64_t left_issue_id;      /**< that its trace was in before; 0 = never in another */
	int64_t original_trace_id, original_issue_id; /**< of the dump it duplicates */
	int64_t content_id;
	int64_t device_id; /**< as the upload said */
	char *upload_id, *software_type, *software_version, *hardware_version;
	int64_t received_at;
	bool symbols_seen_known;
	int64_t symbols_seen;
	int64_t paired_id;                 /**< a dump's reboot event; 0 = none came */
	int64_t bulk_id;                   /**< that it is part of; 0 = none */
	enum fl_report_kind kind;          /**< as it was enqueued */
	enum fl_report_kind original_kind; /**< of what it duplicates */
};

/**
 * fl_store_file() or fl_store_wait() with the encoded form at hand; with what
 * fl_store_set_symbols() said, which is forgotten.
 */
FL_MUST_CHECK enum fl_code fl_filing_result(struct fl_store *store, const struct fl_result *result,
					    struct fl_filed *ret, struct fl_error *err);

/** The report's facts, with no build id where it claims an impossible size. */
struct fl_report_facts fl_filing_facts(const struct fl_report *report);

/** @retval FL_ENOTFOUND no such dump. */
FL_MUST_CHECK enum fl_code fl_filing_dump_read(struct fl_store *store, int64_t id,
					       struct fl_filing_dump *ret, struct fl_error *err);
void fl_filing_dump_deinit(struct fl_filing_dump *dump);
#define FL_AUTO_FILING_DUMP \
	__attribute__((__cleanup__(fl_filing_dump_deinit))) struct fl_filing_dump

/**
 * Who crashed. The device is the one the upload names, else the dump's serial. Versions are the
 * dump's own, else the upload's: between crash and upload a device may have been updated.
 */
struct fl_filing_identity {
	int64_t device_id;
	const char *software_type, *software_version; /**< borrowed, like all texts */
	int64_t version_id;
	const char *hardware_version;
};
FL_MUST_CHECK enum fl_code fl_filing_identify(struct fl_store *store,
					      const struct fl_filing_dump *dump,
					      const struct fl_report_facts *facts,
					      struct fl_filing_identity *ret, struct fl_error *err);

/**
 * The issue that the finest known fingerprint belongs to; 0 where none is known. A fingerprint that
 * only leads others counts where it leads to events alone: they came first.
 * @param trace_id that is to be filed, 0 = a new one.
 */
FL_MUST_CHECK enum fl_code
fl_filing_find_issue(struct fl_store *store, const struct fl_report_facts *facts, int64_t trace_id,
		     int64_t *ret, struct fl_error *err);
FL_MUST_CHECK enum fl_code fl_filing_add_issue(struct fl_store *store,
					       const struct fl_report_facts *facts, int64_t *ret,
					       struct fl_error *err);
/**
 * An issue is called what its first dump is called: an event, which has no stack, names it only as
 * long as no dump is there. After fl_filing_find_issue(), of an issue that was there before.
 * @param trace_id that is to be filed, 0 = a new one.
 * @param gave     the issue is called what this trace was called until now.
 */
FL_MUST_CHECK enum fl_code fl_filing_entitle(struct fl_store *store,
					     const struct fl_report_facts *facts, int64_t trace_id,
					     int64_t issue_id, bool gave, struct fl_error *err);
/** A resolved issue that gets a new trace is open again: then @p ret is true. */
FL_MUST_CHECK enum fl_code
fl_filing_reopen(struct fl_store *store, int64_t issue_id, bool *ret, struct fl_error *err);
/**
 * From now on the report's fingerprints that are new lead to the issue. Events that a leading one
 * put into an issue of their own come along: had they come later, they would be here.
 */
FL_MUST_CHECK enum fl_code fl_filing_learn(struct fl_store *store,
					   const struct fl_report_facts *facts, int64_t trace_id,
					   int64_t issue_id, struct fl_error *err);
/**
 * After traces came or went: @p change is added to the count, first and last seen follow. In a
 * batch that is undone as a whole by fl_filing_counted(), once for each issue.
 */
FL_MUST_CHECK enum fl_code
fl_filing_count(struct fl_store *store, int64_t issue_id, int change, struct fl_error *err);
/** Now the rows of the issues are right: before they are read, and before the commit. */
FL_MUST_CHECK enum fl_code fl_filing_counted(struct fl_store *store, struct fl_error *err);

/** Insert or replace the trace of a dump. */
FL_MUST_CHECK enum fl_code
fl_filing_put_trace(struct fl_store *store, const struct fl_filing_dump *dump,
		    const struct fl_filing_identity *identity, const struct fl_report_facts *facts,
		    const struct fl_buffer *encoded, int64_t issue_id, int64_t *ret,
		    struct fl_error *err);

/**
 * The new report of a trace that is in an issue: it stays or moves, and its dump is done.
 * @param new_issue_ret an issue was opened for it (a dry run: would be).
 */
FL_MUST_CHECK enum fl_code
fl_filing_refile(struct fl_store *store, const struct fl_filing_dump *dump,
		 const struct fl_report_facts *facts, const struct fl_buffer *encoded, bool dry_run,
		 struct fl_refiled *ret, bool *new_issue_ret, struct fl_error *err);

/** A trace that was analysed again. */
struct fl_move {
	int64_t trace_id;
	int64_t from; /**< where it is, or was before it lost its symbol file; 0 = it is new */
	int64_t to;   /**< 0 = it waits */
};
/**
 * When the last of those like it (same issue, build, version) has moved, and all to one issue, the
 * ones whose bytes are not kept follow. Before fl_settled(): the dump is still part of its bulk.
 */
FL_MUST_CHECK enum fl_code
fl_filing_moved(struct fl_store *store, const struct fl_move *move, struct fl_error *err);

/** The dump's new state; ends its lease. */
FL_MUST_CHECK enum fl_code
fl_filing_finish(struct fl_store *store, const struct fl_filing_dump *dump, const char *state,
		 int64_t device_id, const char *reason, struct fl_error *err);

/* --- events and dumps of one crash --- */

/** The other half of a crash: of an event the dump, of a dump the event. */
struct fl_pair {
	int64_t dump_id; /**< 0 = it is not here */
	int64_t trace_id, issue_id;
};
/**
 * Look for it among the traces of the device: same reason and lr, a pc as near as the reason
 * allows, build ids that may be one.
 */
FL_MUST_CHECK enum fl_code fl_pair_find(struct fl_store *store, const struct fl_report_facts *facts,
					int64_t device_id, int64_t received_at, struct fl_pair *ret,
					struct fl_error *err);
/** From now on @p event_id is the reboot event of @p dump_id: its own trace is gone. */
FL_MUST_CHECK enum fl_code fl_pair_join(struct fl_store *store, int64_t dump_id, int64_t event_id,
					int64_t device_id, const struct fl_pair *event,
					struct fl_error *err);
/** What fl_pair_find() compares, for the row of a trace. */
void fl_pair_bind(struct fl_query *query, int pc_index, int lr_index,
		  const struct fl_report_facts *facts);
/** Whether a trace with these facts may find its other half later. */
bool fl_pair_may_come(const struct fl_report_facts *facts, const struct fl_filing_dump *dump,
		      int64_t device_id);

/** The row of a reboot event, or of a dump for as long as it has no event. */
FL_MUST_CHECK enum fl_code fl_reboot_put(struct fl_store *store, const struct fl_filing_dump *dump,
					 const struct fl_filing_identity *identity,
					 const struct fl_report_facts *facts, struct fl_error *err);

/** Of a reboot that has its row: what the newest report calls its reason. */
FL_MUST_CHECK enum fl_code fl_reboot_name(struct fl_store *store, const struct fl_filing_dump *dump,
					  const struct fl_report_facts *facts,
					  struct fl_error *err);

/**
 * fl_store_policy::keep_per_issue for a dump that was just filed.
 * @param ret its bytes were let go.
 */
FL_MUST_CHECK enum fl_code fl_storm_prune(struct fl_store *store, const struct fl_filing_dump *dump,
					  const struct fl_filing_identity *identity,
					  int64_t trace_id, int64_t issue_id, bool *ret,
					  struct fl_error *err);

#endif
