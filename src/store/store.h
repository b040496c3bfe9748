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
#include <faultline/transport.h>

#ifdef __cplusplus
extern "C" {
#endif

struct fl_store;

/**
 * Open or create a database; migrates an older schema. ":memory:" keeps nothing and holds no
 * symbol files. In a folder where nobody can write it can be asked, and every change fails.
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
	/**
	 * Of the same build, and poorer than this file (no debug information, fewer embedded ELFs):
	 * 0 = none. It is kept; what was analysed with it is queued again, counted here.
	 */
	int64_t supersedes_id;
	int64_t superseded_by; /**< a file of the build that holds more: this one is not used; 0 =
				  none */
	uint64_t traces_requeued;
	/**
	 * Like those that are queued, but their bytes are not kept: they follow when all of the
	 * others of their issue, build and version move to one and the same issue.
	 */
	uint64_t traces_pruned;
	/** Files with the same software type and version (see fl_symbol_row), but another build. */
	uint64_t conflicts;
};

/** Keep an ELF (durable before it returns) and re-queue the dumps that waited for it. */
FL_API FL_MUST_CHECK enum fl_code
fl_store_add_symbols(struct fl_store *store, const struct fl_symbol_file *file,
		     struct fl_symbol_added *ret, struct fl_error *err);

enum { FL_INDEX_REFUSAL = 128 };

/** A symbol file that fits an identity. */
struct fl_symbol_choice {
	int64_t id;
	int fd;           /**< open read-only, the caller closes it */
	uint8_t hash[16]; /**< content: a cache key */
	char name[128];
	bool by_build_id; /**< else by software type + version */
	/**
	 * A second file of the same build, -1 = none: the stripped ELF that holds the bytes which a
	 * separate debug file (.gnu_debuglink) lacks. Its own descriptor, hash and name.
	 */
	int64_t companion_id;
	int companion_fd;
	uint8_t companion_hash[16];
	char companion_name[128];
	bool ambiguous; /**< FL_ENOTFOUND: several builds fit equally well; the message says how */
	/**
	 * Their indexes (fl_symbols_encode()), each open read-only, -1 = there is none of this
	 * engine: fl_store_keep_index(). Only the head was looked at.
	 */
	int index_fd, companion_index_fd;
	/** Why one that is there was not opened, worth a line; "" unless it is damaged. */
	char index_refusal[FL_INDEX_REFUSAL], companion_index_refusal[FL_INDEX_REFUSAL];
};

/**
 * Keep the index of a symbol file beside it, until it goes. Durable and whole, or not at all.
 * @param hash of the ELF.
 * @retval FL_ENOTFOUND the store has no such ELF.
 * @retval FL_EIO
 */
FL_API FL_MUST_CHECK enum fl_code fl_store_keep_index(struct fl_store *store,
						      const uint8_t hash[16], const void *bytes,
						      size_t size, struct fl_error *err);

/**
 * The ELF for a dump: full build id, then software type + version (only where the build ids do
 * not contradict, and only one build claims the version).
 *
 * @param facts the dump's own, gaps filled with what the upload said: what the store takes, too.
 * @retval FL_ENOTFOUND none fits, or several do: only fl_symbol_choice::ambiguous is set then. The
 * dump must wait.
 * @retval FL_EIO the one that fits cannot be opened, or is damaged and has no index.
 */
FL_API FL_MUST_CHECK enum fl_code
fl_store_find_symbols(struct fl_store *store, const struct fl_report_facts *facts,
		      struct fl_symbol_choice *ret, struct fl_error *err);

/**
 * One symbol file, without a companion.
 * @retval FL_ENOTFOUND
 * @retval FL_EIO it cannot be opened, or is damaged and has no index.
 */
FL_API FL_MUST_CHECK enum fl_code fl_store_open_symbols(struct fl_store *store, int64_t id,
							struct fl_symbol_choice *ret,
							struct fl_error *err);

/** Why a symbol file fits an identity, best first. */
enum fl_symbol_reason {
	FL_SYMBOL_BUILD_ID,        /**< the full build id */
	FL_SYMBOL_BUILD_ID_PREFIX, /**< the short build id of an event */
	FL_SYMBOL_VERSION,         /**< software type and version, nothing contradicts */
	FL_SYMBOL_AMBIGUOUS,       /**< the same, but several builds claim it: not used */
	FL_SYMBOL_OTHER_BUILD,     /**< the version fits, the build id does not: not used */
};
struct fl_symbol_candidate {
	int64_t id;
	const char *name, *build_id, *software_type, *software_version;
	bool has_debug_info;
	enum fl_symbol_reason reason;
	bool chosen; /**< what fl_store_find_symbols() answers */
};
typedef bool (*fl_candidate_fn)(void *context, const struct fl_symbol_candidate *candidate);
/** Every file that has to do with an identity, chosen ones first (`symbols check`). */
FL_API FL_MUST_CHECK enum fl_code
fl_store_symbol_candidates(struct fl_store *store, const struct fl_report_facts *facts,
			   fl_candidate_fn each, void *context, struct fl_error *err);

struct fl_symbol_removed {
	uint64_t traces_requeued; /**< that were analysed with it: another file, or waiting again */
	uint64_t traces_pruned;   /**< the same, but they stay: their bytes are not kept */
	/** Analysed with another file of its build beside it: they stay until read again. */
	uint64_t companion_traces_requeued;
};
/**
 * Forget a symbol file. Its traces leave their issues at once, with a line in their history, and
 * are queued: where no other file fits they end up waiting. Those whose bytes are not kept stay as
 * they are, with such a line. @retval FL_ENOTFOUND
 */
FL_API FL_MUST_CHECK enum fl_code fl_store_remove_symbols(struct fl_store *store, int64_t id,
							  struct fl_symbol_removed *ret,
							  struct fl_error *err);

/* --- the queue --- */

/**
 * Several calls as one transaction, durable at the commit: what one delivery of a device brings.
 * Not nested. Between begin and end only this handle writes, so be quick. A call that fails inside
 * has changed nothing and does not end the batch, unless the machine failed (disk full, no memory):
 * then every later call and the commit may say that the batch was undone. A commit that fails has
 * undone it.
 */
FL_API FL_MUST_CHECK enum fl_code
fl_store_batch_begin(struct fl_store *store, struct fl_error *err);
FL_API FL_MUST_CHECK enum fl_code
fl_store_batch_commit(struct fl_store *store, struct fl_error *err);
/** Undo. Allowed when no batch is open. */
FL_API void fl_store_batch_abandon(struct fl_store *store);

/**
 * From now on a commit of this handle outlives the process, but is on the disk only after
 * fl_store_sync(): for what can be given again until it is said to be in. Nothing in a batch.
 */
FL_API void fl_store_put_off_sync(struct fl_store *store);
/** What was committed is on the disk, and what will be is when the commit returns. */
FL_API FL_MUST_CHECK enum fl_code fl_store_sync(struct fl_store *store, struct fl_error *err);

/** How crash storms are kept in bounds; of this handle. All zero (the default): no bounds. */
struct fl_store_policy {
	uint32_t keep_per_issue; /**< full dumps per issue and software version; of the others only
				    the trace is kept */
	uint32_t device_rate;    /**< dumps and events that one device may bring ... */
	uint32_t device_rate_seconds; /**< ... in so many seconds of received_at; 0 = 3600 */
};
FL_API void fl_store_set_policy(struct fl_store *store, const struct fl_store_policy *policy);

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
	enum fl_report_kind kind;  /**< what the bytes are: a dump, a reboot or trace event */
};

struct fl_enqueued {
	int64_t dump_id; /**< 0 when limited */
	bool duplicate; /**< same known device and same content (and upload id): counted, not queued
			   again */
	bool limited;   /**< the device's rate was exceeded: counted, not kept */
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
	enum fl_report_kind kind;
	bool pruned; /**< the bytes were given up (retention, storms): nothing to analyse */
};
FL_API void fl_claim_deinit(struct fl_claim *claim);

/**
 * Take the next queued dump: the oldest of the device whose turn it is, so that one device that
 * sends thousands does not hold up the others. A claim whose holder died is taken again after @p
 * lease_seconds.
 * Other processes see it at once; only after a power failure it may not have been.
 * @param owner  unique per worker slot, e.g. "pid:slot".
 * @param now    Unix seconds.
 * @retval FL_ENOTFOUND the queue is empty.
 */
FL_API FL_MUST_CHECK enum fl_code fl_store_claim(struct fl_store *store, const char *owner,
						 int64_t now, uint32_t lease_seconds,
						 struct fl_claim *ret, struct fl_error *err);

/**
 * Claim up to @p room dumps at once, in the order in which fl_store_claim() would give them out;
 * fl_store_dump() reads them. One that was tried before (its holder died with it, memory was out)
 * comes alone, so that what kills its worker cannot take the attempts of others along.
 * @retval FL_ENOTFOUND the queue is empty.
 */
FL_API FL_MUST_CHECK enum fl_code
fl_store_claim_batch(struct fl_store *store, const char *owner, int64_t now, uint32_t lease_seconds,
		     int64_t *ret, size_t room, size_t *count_ret, struct fl_error *err);

/** How many fl_store_claim_batch() could give out now, as far as @p limit: then there are more. */
FL_API FL_MUST_CHECK enum fl_code fl_store_claimable(struct fl_store *store, int64_t now,
						     size_t limit, size_t *ret,
						     struct fl_error *err);

struct fl_filed {
	int64_t trace_id;
	int64_t issue_id; /**< 0 for a waiting trace */
	bool new_issue;
	bool regressed; /**< the issue was resolved: it is open again */
	bool duplicate; /**< the dump named its device, and that device's same dump was filed before
			 */
	bool paired;    /**< event and dump of one crash: counted once; trace_id is the dump's */
	bool reboot;    /**< an expected reboot: a trace without an issue */
	bool pruned;    /**< fl_store_policy::keep_per_issue: the bytes of the dump were let go */
	/**
	 * The symbol file that it was analysed with was removed or superseded meanwhile: nothing
	 * was filed, the dump is in the queue again.
	 */
	bool requeued;
};

/**
 * Which symbol files the next fl_store_file(), fl_store_wait() or fl_store_refile() of this handle
 * was analysed with: 0 = none. Forgotten after that call.
 */
FL_API void fl_store_set_symbols(struct fl_store *store, int64_t symbol_file_id);

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

/** What a worker found out about a claimed dump. */
enum fl_result_kind {
	FL_RESULT_FILE,       /**< fl_store_file() */
	FL_RESULT_WAIT,       /**< fl_store_wait() */
	FL_RESULT_QUARANTINE, /**< fl_store_quarantine() */
	FL_RESULT_RELEASE,    /**< fl_store_release() */
	FL_RESULT_KEEP,       /**< nothing: it stays claimed, the attempt counts */
};
struct fl_result {
	int64_t dump_id;
	enum fl_result_kind kind;
	const struct fl_report *report;  /**< file, wait */
	const struct fl_buffer *encoded; /**< of it: fl_report_encode() */
	int64_t symbols_id;              /**< as for fl_store_set_symbols() */
	const char *reason;              /**< wait (may be NULL), quarantine */
	const char *backtrace;           /**< quarantine; may be NULL */

	/** Set by fl_store_finish(): what became of it. With a code the dump is as it was. */
	struct fl_filed filed;
	struct fl_error error;
};

/**
 * Finish many claimed dumps in one transaction, the lowest id first; @p results is put into that
 * order. One that cannot be finished (somebody forgot its device) costs only itself: its
 * fl_result::error says so.
 * @retval FL_EIO, FL_ENOMEM nothing was written.
 */
FL_API FL_MUST_CHECK enum fl_code fl_store_finish(struct fl_store *store,
						  struct fl_result **results, size_t count,
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

/** One of several dumps that are read at once. */
struct fl_read_dump {
	struct fl_claim claim; /**< where error.code is FL_OK */
	struct fl_error error; /**< what fl_store_dump() says of it */
};

/**
 * fl_store_dump() for one after the other, all as they are at one moment, until @p count are read
 * or @p bytes_max bytes, at least one.
 * @param ret the caller calls fl_claim_deinit() on each.
 * @return how many were read.
 */
FL_API FL_MUST_CHECK size_t fl_store_dumps(struct fl_store *store, const int64_t *ids, size_t count,
					   size_t bytes_max, struct fl_read_dump *ret);

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
	const char *kind;              /**< "dump", "reboot", "trace" */
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
	const char *cohort;  /**< may be NULL */
	bool pruned;         /**< the dump's bytes are not kept any more */
	bool paired;         /**< its reboot event came as well */
};
struct fl_trace_filter {
	int64_t issue_id;      /**< 0 = any */
	const char *state;     /**< NULL = any */
	const char *device;    /**< serial; NULL = any */
	const char *kind;      /**< NULL = any */
	bool expected_reboots; /**< show them, too: done, and in no issue */
};
typedef bool (*fl_trace_fn)(void *context, const struct fl_trace_row *row);
FL_API FL_MUST_CHECK enum fl_code
fl_store_traces(struct fl_store *store, const struct fl_trace_filter *filter, fl_trace_fn each,
		void *context, struct fl_error *err);

/** The decoded report of a trace. @retval FL_ENOTFOUND no such trace, or none kept. */
FL_API FL_MUST_CHECK enum fl_code fl_store_report(struct fl_store *store, int64_t trace_id,
						  struct fl_report **ret, struct fl_error *err);

/** A line of a trace's past: what moved it, when. Oldest first. */
struct fl_history_row {
	int64_t at;       /**< Unix seconds */
	const char *what; /**< "filed", "symbols added", "symbols removed", "reanalysed" */
	int64_t old_issue_id, new_issue_id; /**< 0 = none */
	const char *detail;                 /**< name of the symbol file, ...; may be NULL */
};
typedef bool (*fl_history_fn)(void *context, const struct fl_history_row *row);
FL_API FL_MUST_CHECK enum fl_code fl_store_trace_history(struct fl_store *store, int64_t trace_id,
							 fl_history_fn each, void *context,
							 struct fl_error *err);

/** What counts can be broken down by. */
enum fl_dimension {
	FL_BY_SOFTWARE_TYPE,
	FL_BY_SOFTWARE_VERSION,
	FL_BY_HARDWARE_VERSION,
	FL_BY_COHORT,
	FL_BY_DEVICE,
	FL_BY_DAY, /**< "2026-02-01" UTC */
};

/** Per-issue breakdown: traces by software version, newest first; @p key NULL = version unknown. */
typedef bool (*fl_count_fn)(void *context, const char *key, uint64_t traces, uint64_t devices);
FL_API FL_MUST_CHECK enum fl_code fl_store_issue_versions(struct fl_store *store, int64_t issue_id,
							  fl_count_fn each, void *context,
							  struct fl_error *err);

/**
 * Any breakdown, of an issue or with @p issue_id 0 of all that are in an issue; most traces first,
 * days ascending; @p key NULL = unknown.
 */
FL_API FL_MUST_CHECK enum fl_code fl_store_counts(struct fl_store *store, int64_t issue_id,
						  enum fl_dimension by, fl_count_fn each,
						  void *context, struct fl_error *err);

struct fl_symbol_row {
	int64_t id;
	const char *name, *build_id;
	/** As it was said of the file, else as its newest trace says. */
	const char *software_type, *software_version;
	uint64_t size;
	uint64_t modules;
	bool has_debug_info;
	uint64_t traces;       /**< that were analysed with it, or with it as the companion */
	int64_t superseded_by; /**< a richer file of the same build; 0 = none */
	bool conflict;         /**< another build claims the same software type and version */
};
typedef bool (*fl_symbol_fn)(void *context, const struct fl_symbol_row *row);
FL_API FL_MUST_CHECK enum fl_code
fl_store_symbols(struct fl_store *store, fl_symbol_fn each, void *context, struct fl_error *err);

/**
 * What waits for which ELF: missing build id / version with counts. An event says only the
 * beginning of its build id: it counts for the one whole id of its version that waits and begins
 * so, else for itself.
 */
struct fl_missing_row {
	const char *build_id, *software_type, *software_version;
	uint64_t traces, devices;
};
typedef bool (*fl_missing_fn)(void *context, const struct fl_missing_row *row);
FL_API FL_MUST_CHECK enum fl_code
fl_store_missing(struct fl_store *store, fl_missing_fn each, void *context, struct fl_error *err);

/** The ELFs in a symbol file, the outer one first: fills has_debug_info, function_count, ... */
typedef bool (*fl_module_fn)(void *context, const struct fl_module_info *module);
FL_API FL_MUST_CHECK enum fl_code fl_store_symbol_modules(struct fl_store *store, int64_t id,
							  fl_module_fn each, void *context,
							  struct fl_error *err);

/* --- from the wire: what is not a dump or event, or not complete yet --- */

/**
 * The state of a device's half-received messages (fl_stream_save()); empty when there is none.
 * @param device serial, not NULL: what nobody sent cannot be completed.
 */
FL_API FL_MUST_CHECK enum fl_code fl_store_partial(struct fl_store *store, const char *device,
						   struct fl_buffer *ret, struct fl_error *err);
/** Keep that state; @p size 0 removes it. @param pending message bytes in it, for people. */
FL_API FL_MUST_CHECK enum fl_code
fl_store_put_partial(struct fl_store *store, const char *device, const void *bytes, size_t size,
		     uint64_t pending, int64_t now, struct fl_error *err);
/** Give up those not touched since @p before, counted per device as "expired". */
FL_API FL_MUST_CHECK enum fl_code fl_store_expire_partials(struct fl_store *store, int64_t before,
							   uint64_t *count_ret, uint64_t *bytes_ret,
							   struct fl_error *err);

/** Add to what is counted of a device's transport. @param device NULL = unknown ones together. */
FL_API FL_MUST_CHECK enum fl_code
fl_store_count_transport(struct fl_store *store, const char *device,
			 const struct fl_transport_counts *counts, struct fl_error *err);
/** The sum, or with @p device one device's. */
FL_API FL_MUST_CHECK enum fl_code
fl_store_transport_counts(struct fl_store *store, const char *device,
			  struct fl_transport_counts *ret, struct fl_error *err);

/** A message or item that is kept as it came. NULL / 0 = not said. */
struct fl_kept {
	const char *kind; /**< "heartbeat", "log", "recording", "unknown", "corrupt" */
	const void *bytes;
	size_t size;
	const char *text; /**< why, for unknown and corrupt ones */
	const char *device, *software_type, *software_version, *hardware_version, *cohort;
	const char *source;
	int64_t received_at;
	bool has_captured_at;
	int64_t captured_at;
};
/** @param duplicate_ret the same device's same bytes were kept before: counted only. */
FL_API FL_MUST_CHECK enum fl_code fl_store_keep(struct fl_store *store, const struct fl_kept *kept,
						bool *duplicate_ret, struct fl_error *err);
typedef bool (*fl_kept_fn)(void *context, const char *kind, uint64_t count, uint64_t bytes);
FL_API FL_MUST_CHECK enum fl_code
fl_store_kept(struct fl_store *store, fl_kept_fn each, void *context, struct fl_error *err);

/* --- devices --- */

struct fl_device_row {
	const char *serial;
	const char *cohort, *software_type, *software_version, *hardware_version; /**< the last; may
										     be NULL */
	int64_t first_seen, last_seen;
	uint64_t traces, issues;
	/** Reboots: told by events, and by dumps whose event never came. */
	uint64_t expected_reboots, unexpected_reboots;
	uint64_t recent_unexpected; /**< within fl_device_filter::within_seconds */
	uint64_t limited;           /**< dumps and events that its rate limit dropped */
	uint64_t pending_bytes;     /**< of half-received messages */
};
struct fl_device_filter {
	const char *serial;      /**< NULL = any */
	const char *cohort;      /**< NULL = any */
	uint64_t unexpected_min; /**< --bootloop: at least so many unexpected reboots ... */
	uint32_t within_seconds; /**< ... within so many seconds, at any time; 0 = ever */
};
typedef bool (*fl_device_fn)(void *context, const struct fl_device_row *row);
FL_API FL_MUST_CHECK enum fl_code
fl_store_devices(struct fl_store *store, const struct fl_device_filter *filter, fl_device_fn each,
		 void *context, struct fl_error *err);

/** Reboots of a device (NULL: of all) by software version and reason, most first. */
struct fl_reboot_row {
	const char *software_type, *software_version;
	uint32_t code;
	const char *name; /**< "HardFault", a custom name from an ELF, or "0x1234" */
	bool expected;
	uint64_t count, devices;
	int64_t first_at, last_at;
};
typedef bool (*fl_reboot_fn)(void *context, const struct fl_reboot_row *row);
FL_API FL_MUST_CHECK enum fl_code fl_store_reboots(struct fl_store *store, const char *device,
						   fl_reboot_fn each, void *context,
						   struct fl_error *err);

struct fl_forgotten {
	uint64_t dumps, traces, kept, reboots, partial_bytes;
	uint64_t issues_emptied; /**< lost their last trace */
};
/** Everything that came from a device, and the device. @retval FL_ENOTFOUND */
FL_API FL_MUST_CHECK enum fl_code fl_store_forget_device(struct fl_store *store, const char *serial,
							 bool dry_run, struct fl_forgotten *ret,
							 struct fl_error *err);

/* --- notices: what somebody wants to be told --- */

enum fl_notice_kind {
	FL_NOTICE_NEW_ISSUE,
	FL_NOTICE_REGRESSION,
	FL_NOTICE_WAITING, /**< the first trace that waits for an ELF which is not here */
	FL_NOTICE_BULK,    /**< bulk work is done: instead of one notice per trace */
};
struct fl_notice {
	int64_t id;
	enum fl_notice_kind kind;
	int64_t at; /**< Unix seconds */
	int64_t issue_id, trace_id;
	const char *title, *device, *software_type, *software_version, *hardware_version, *cohort,
		*build_id, *reason; /**< may be NULL */
	uint32_t attempts;
	struct {
		const char *what; /**< "symbols added", "symbols removed", "reanalysed" */
		uint64_t traces, new_issues, moved, waiting, quarantined;
	} bulk;
};
typedef bool (*fl_notice_fn)(void *context, const struct fl_notice *notice);
/** From now on notices are recorded (or not), whoever files: kept in the database, off at first. */
FL_API FL_MUST_CHECK enum fl_code
fl_store_record_notices(struct fl_store *store, bool on, struct fl_error *err);
/** The oldest that are due, at most @p limit. */
FL_API FL_MUST_CHECK enum fl_code fl_store_notices(struct fl_store *store, int64_t now,
						   unsigned limit, fl_notice_fn each, void *context,
						   struct fl_error *err);
/** Delivered: forget it. */
FL_API FL_MUST_CHECK enum fl_code
fl_store_notice_done(struct fl_store *store, int64_t id, struct fl_error *err);
/** Not delivered: again at @p next_at. */
FL_API FL_MUST_CHECK enum fl_code fl_store_notice_failed(struct fl_store *store, int64_t id,
							 int64_t next_at, const char *reason,
							 struct fl_error *err);

/* --- keeping house --- */

/** 0 = keep for ever, or of any size. Ages in seconds before `now`, by received_at. */
struct fl_retention {
	int64_t dump_age;    /**< bytes of dumps that were analysed; the trace stays */
	uint64_t dump_bytes; /**< the oldest go until the rest fits */
	int64_t kept_age;    /**< heartbeats, logs, recordings, unknown, corrupt */
	uint64_t kept_bytes;
	int64_t quarantine_age; /**< quarantined dumps, wholly */
	int64_t partial_age;    /**< half-received messages, counted as expired */
	int64_t reboot_age;     /**< traces and rows of expected reboots */
	int64_t notice_age;     /**< notices that could not be delivered */
};
typedef bool (*fl_gc_fn)(void *context, const char *what, uint64_t count, uint64_t bytes);
/** Let go of what is too old or too much; with @p dry_run only say what that would be. */
FL_API FL_MUST_CHECK enum fl_code
fl_store_gc(struct fl_store *store, const struct fl_retention *retention, int64_t now, bool dry_run,
	    fl_gc_fn each, void *context, struct fl_error *err);

/** Name and number of everything that can be counted: rows by state and kind, bytes, pages. */
typedef bool (*fl_stat_fn)(void *context, const char *group, const char *name, uint64_t value);
FL_API FL_MUST_CHECK enum fl_code
fl_store_stats(struct fl_store *store, fl_stat_fn each, void *context, struct fl_error *err);

/** A copy of database and symbol files at @p path (must not exist), while others go on working. */
typedef bool (*fl_progress_fn)(void *context, uint64_t done, uint64_t total);
FL_API FL_MUST_CHECK enum fl_code fl_store_backup(struct fl_store *store, const char *path,
						  fl_progress_fn progress, void *context,
						  struct fl_error *err);

/**
 * Check everything: SQLite's own structures, the schema, foreign keys, counts against rows,
 * contents against their hashes, symbol files against theirs. @p each gets one line per problem.
 * @retval FL_OK also when there are problems: the callback knows.
 */
typedef bool (*fl_problem_fn)(void *context, const char *problem);
FL_API FL_MUST_CHECK enum fl_code fl_store_verify(struct fl_store *store, fl_problem_fn each,
						  void *context, fl_progress_fn progress,
						  void *progress_context, struct fl_error *err);

#ifdef __cplusplus
}
#endif

#endif
