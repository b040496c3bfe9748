/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Where dumps wait, traces are kept and issues are counted. SQLite stands behind this header and
 * nothing outside src/store knows SQL. Installed as <faultline/store.h>.
 *
 * A handle is for one thread; several processes may open the same database. ELF files and raw dumps
 * are kept by content hash: ELFs beside the database in `<database>.symbols/`, dumps compressed
 * inside it.
 */
#ifndef FAULTLINE_STORE_H
#define FAULTLINE_STORE_H

#include <faultline/auto.h>
#include <faultline/buffer.h>
#include <faultline/error.h>
#include <faultline/report.h>
#include <faultline/symbols.h>

#ifdef __cplusplus
extern "C" {
#endif

struct fl_store;

/**
 * Open or create a database; migrates an older schema. ":memory:" keeps nothing and holds no
 * symbol files.
 * @retval FL_EUNSUPPORTED the schema is newer than this program.
 * @retval FL_EIO          cannot be opened or is not a database; the message names the path.
 */
FL_API FL_MUST_CHECK enum fl_code
fl_store_open(const char *path, struct fl_store **ret, struct fl_error *err);
FL_API void fl_store_close(struct fl_store *store);
FL_OWNED(fl_store, fl_store_close)

/* --- symbol files --- */

struct fl_symbol_file {
	const char *name;  /**< base name, shown to people */
	const void *bytes; /**< the ELF */
	size_t size;
	const struct fl_module_info *modules; /**< module 0 is the outer ELF */
	size_t module_count;
	const char *software_type;    /**< NULL = not said */
	const char *software_version; /**< NULL = not said */
};

struct fl_symbol_added {
	int64_t id;
	bool already_there;      /**< the same content was known */
	uint64_t dumps_requeued; /**< waiting dumps that can be processed now */
};

/** Keep an ELF (durable before it returns) and re-queue the dumps that waited for it. */
FL_API FL_MUST_CHECK enum fl_code
fl_store_add_symbols(struct fl_store *store, const struct fl_symbol_file *file,
		     struct fl_symbol_added *ret, struct fl_error *err);

/** A symbol file that fits an identity. */
struct fl_symbol_choice {
	int64_t id;
	int fd;           /**< open read-only, the caller closes it */
	uint8_t hash[16]; /**< content: a cache key */
	char name[128];
	bool by_build_id; /**< else by software type + version */
};

/**
 * The ELF for a dump: full build id, then software type + version (only where the build ids do
 * not contradict, and only one build claims the version).
 *
 * @param facts the dump's own, gaps filled with what the upload said: what the store takes, too.
 * @retval FL_ENOTFOUND none fits: the dump must wait.
 */
FL_API FL_MUST_CHECK enum fl_code
fl_store_find_symbols(struct fl_store *store, const struct fl_report_facts *facts,
		      struct fl_symbol_choice *ret, struct fl_error *err);

/* --- the queue --- */

/** A dump on its way in. NULL / 0 = not said. */
struct fl_upload {
	const void *bytes;
	size_t size;
	const char *source; /**< file name, for people */
	const char *device; /**< serial */
	const char *upload_id;
	const char *software_type;
	const char *software_version;
	const char *hardware_version;
	const char *cohort;
	int64_t received_at;       /**< Unix seconds */
	bool received_at_is_mtime; /**< nobody said when; the file's mtime was used */
};

struct fl_enqueued {
	int64_t dump_id;
	bool duplicate; /**< same known device and same content (and upload id): counted, not queued
			   again */
};

/** Durable before it returns. */
FL_API FL_MUST_CHECK enum fl_code fl_store_enqueue(struct fl_store *store,
						   const struct fl_upload *upload,
						   struct fl_enqueued *ret, struct fl_error *err);

/** A dump taken from the queue under a lease. Release with fl_claim_deinit(). */
struct fl_claim {
	int64_t dump_id;
	uint32_t attempt;       /**< 1 for the first */
	struct fl_buffer bytes; /**< decompressed */
	char *device;           /**< what the upload said; NULL = unknown */
	char *software_type;
	char *software_version;
	char *hardware_version;
	int64_t received_at;
};
FL_API void fl_claim_deinit(struct fl_claim *claim);

/**
 * Take the oldest queued dump. A claim whose holder died is taken again after @p lease_seconds.
 * @param owner  unique per worker slot, e.g. "pid:slot".
 * @param now    Unix seconds.
 * @retval FL_ENOTFOUND the queue is empty.
 */
FL_API FL_MUST_CHECK enum fl_code fl_store_claim(struct fl_store *store, const char *owner,
						 int64_t now, uint32_t lease_seconds,
						 struct fl_claim *ret, struct fl_error *err);

struct fl_filed {
	int64_t trace_id;
	int64_t issue_id; /**< 0 for a waiting trace */
	bool new_issue;
	bool regressed; /**< a resolved issue came back (nothing resolves issues yet) */
	bool duplicate; /**< the dump named its device, and that device's same dump was filed before
			 */
};

/**
 * Keep the analysed trace, join or create its issue, finish the dump: one transaction.
 * Finishing a dump twice (a worker died after its commit) changes nothing.
 * @param report the decoded report; its encoded form is stored.
 */
FL_API FL_MUST_CHECK enum fl_code fl_store_file(struct fl_store *store, int64_t dump_id,
						const struct fl_report *report,
						struct fl_filed *ret, struct fl_error *err);

/**
 * The dump's ELF is not here: keep the provisional report, state waiting, no issue.
 * @param reason what people are told; NULL: which symbol file is missing.
 */
FL_API FL_MUST_CHECK enum fl_code fl_store_wait(struct fl_store *store, int64_t dump_id,
						const struct fl_report *report, const char *reason,
						struct fl_filed *ret, struct fl_error *err);

/** Give a claimed dump back to the queue, the attempt not counted: the machine failed, not the
 * dump. */
FL_API FL_MUST_CHECK enum fl_code
fl_store_release(struct fl_store *store, int64_t dump_id, struct fl_error *err);

/**
 * Queue a dump that was set aside once more, or, with @p dump_id 0, all of them.
 * @param count_ret how many there were.
 */
FL_API FL_MUST_CHECK enum fl_code
fl_store_retry(struct fl_store *store, int64_t dump_id, uint64_t *count_ret, struct fl_error *err);

/** Set a dump aside that killed or stalled the analysis, or is no dump. Kept, never retried by
 * itself. */
FL_API FL_MUST_CHECK enum fl_code fl_store_quarantine(struct fl_store *store, int64_t dump_id,
						      const char *reason, const char *backtrace,
						      struct fl_error *err);

struct fl_queue_counts {
	uint64_t queued, claimed, waiting, done, quarantined, duplicates;
};
FL_API FL_MUST_CHECK enum fl_code
fl_store_queue_counts(struct fl_store *store, struct fl_queue_counts *ret, struct fl_error *err);

/* --- reanalysis --- */

struct fl_reanalyze_filter {
	int64_t issue_id;             /**< 0 = any */
	const char *software_version; /**< NULL = any */
};

/**
 * Dump ids of finished traces that match, ascending, as an array of int64_t in @p ret.
 * Their bytes come from fl_store_dump(); a new report goes through fl_store_refile().
 */
FL_API FL_MUST_CHECK enum fl_code
fl_store_select_dumps(struct fl_store *store, const struct fl_reanalyze_filter *filter,
		      struct fl_buffer *ret, struct fl_error *err);

/** A dump by id, whatever its state, with the claim's fields (attempt is not changed). */
FL_API FL_MUST_CHECK enum fl_code
fl_store_dump(struct fl_store *store, int64_t dump_id, struct fl_claim *ret, struct fl_error *err);

struct fl_refiled {
	int64_t trace_id;
	int64_t old_issue_id,
		new_issue_id; /**< new_issue_id 0 in a dry run that would create one */
	bool changed;         /**< report bytes differ */
	bool moved;           /**< another issue */
};

/** Replace a trace's report; with @p dry_run only say what would happen. */
FL_API FL_MUST_CHECK enum fl_code fl_store_refile(struct fl_store *store, int64_t dump_id,
						  const struct fl_report *report, bool dry_run,
						  struct fl_refiled *ret, struct fl_error *err);

/* --- questions: rows are valid during the callback only; returning false stops --- */

struct fl_issue_row {
	int64_t id;
	const char *title;
	const char *state; /**< "open", ... */
	uint64_t trace_count, device_count;
	int64_t first_seen, last_seen; /**< Unix seconds */
	const char *last_version;      /**< software version of the newest trace; may be NULL */
};
typedef bool (*fl_issue_fn)(void *context, const struct fl_issue_row *row);
FL_API FL_MUST_CHECK enum fl_code
fl_store_issues(struct fl_store *store, fl_issue_fn each, void *context, struct fl_error *err);
FL_API FL_MUST_CHECK enum fl_code fl_store_issue(struct fl_store *store, int64_t issue_id,
						 fl_issue_fn each, void *context,
						 struct fl_error *err);

struct fl_trace_row {
	int64_t id, dump_id, issue_id; /**< issue_id 0 = none */
	const char *state;             /**< "queued", "waiting", "done", "quarantined" */
	const char *title;             /**< may be NULL */
	const char *device, *software_type, *software_version,
		*hardware_version; /**< may be NULL */
	const char *build_id;      /**< hex; may be NULL */
	const char *source;
	const char *reason;    /**< quarantine or waiting reason; may be NULL */
	const char *backtrace; /**< of the child that died on it; may be NULL */
	int64_t received_at;
	uint32_t attempts;
	uint64_t duplicates; /**< further uploads of the same dump */
};
struct fl_trace_filter {
	int64_t issue_id;  /**< 0 = any */
	const char *state; /**< NULL = any */
};
typedef bool (*fl_trace_fn)(void *context, const struct fl_trace_row *row);
FL_API FL_MUST_CHECK enum fl_code
fl_store_traces(struct fl_store *store, const struct fl_trace_filter *filter, fl_trace_fn each,
		void *context, struct fl_error *err);

/** The decoded report of a trace. @retval FL_ENOTFOUND no such trace, or none kept. */
FL_API FL_MUST_CHECK enum fl_code fl_store_report(struct fl_store *store, int64_t trace_id,
						  struct fl_report **ret, struct fl_error *err);

/** Per-issue breakdown: traces by software version, newest first; @p key NULL = version unknown. */
typedef bool (*fl_count_fn)(void *context, const char *key, uint64_t traces, uint64_t devices);
FL_API FL_MUST_CHECK enum fl_code fl_store_issue_versions(struct fl_store *store, int64_t issue_id,
							  fl_count_fn each, void *context,
							  struct fl_error *err);

struct fl_symbol_row {
	int64_t id;
	const char *name, *build_id, *software_type, *software_version;
	uint64_t size;
	uint64_t modules;
	bool has_debug_info;
};
typedef bool (*fl_symbol_fn)(void *context, const struct fl_symbol_row *row);
FL_API FL_MUST_CHECK enum fl_code
fl_store_symbols(struct fl_store *store, fl_symbol_fn each, void *context, struct fl_error *err);

/** What waits for which ELF: missing build id / version with counts. */
struct fl_missing_row {
	const char *build_id, *software_type, *software_version;
	uint64_t traces, devices;
};
typedef bool (*fl_missing_fn)(void *context, const struct fl_missing_row *row);
FL_API FL_MUST_CHECK enum fl_code
fl_store_missing(struct fl_store *store, fl_missing_fn each, void *context, struct fl_error *err);

#ifdef __cplusplus
}
#endif

#endif
