/* SPDX-License-Identifier: Apache-2.0 */
/** @file What the files of src/store share: the handle, statements, transactions, look-ups. */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "store/content_index.h"
#include "store/known.h"
#include "store/sql.h"
#include "store/store.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <zstd.h>

enum {
	FL_STORE_DUMP_MAX = 1 << 30,     /**< bytes of one raw dump */
	FL_STORE_TEXT_MAX = 1024,        /**< bytes of one name, serial, version, ... */
	FL_STORE_TRACE_TEXT_MAX = 65536, /**< bytes of a quarantined dump's backtrace */
	FL_STORE_BUSY_MS = 30000, /**< long enough for a checkpoint of another process on a slow
				     disk */
};

struct fl_store {
	sqlite3 *db;
	char *path;        /**< as given, for messages */
	char *symbols_dir; /**< absolute `<database>.symbols`; NULL in memory */
	sqlite3_stmt *statements[FL_SQL_COUNT]; /**< prepared on first use */
	struct fl_content_index contents;
	ZSTD_CCtx *compressor;   /**< made on first use */
	ZSTD_DCtx *decompressor; /**< made on first use */
	int64_t reanalysis_bulk; /**< of this handle; 0 = none */
	bool read_only;          /**< in a folder where nobody can write */
	bool batch;              /**< fl_store_batch_begin(): transactions are savepoints in it */
	bool lax;   /**< fl_store_be_durable() failed: no statement before it succeeds */
	bool whole; /**< a batch that is undone when a call in it fails: no savepoints */
	int64_t batch_last_content; /**< contents.last_id when it began */
	struct fl_known known;      /**< in a batch that is undone as a whole */
	struct fl_store_policy policy;
	int64_t symbols_id;                 /**< fl_store_set_symbols(); 0 = none */
	int64_t patience_ms, busy_since_ms; /**< fl_store_be_patient() */
};

/** Record an SQLite failure: "<path>: <SQLite's words>". */
enum fl_code fl_store_fail(const struct fl_store *store, int sqlite_code, struct fl_error *err);

/** "<path>: <words>", cut at the front where the path is too long for a message. */
enum fl_code
fl_path_fail(struct fl_error *err, enum fl_code code, const char *path, const char *words);
/** As much of the end of a path as a message may hold. */
const char *fl_path_tail(const char *path);

/** FL_ENOMEM in one line. */
enum fl_code fl_store_nomem(struct fl_error *err);

/** Bring the database to FL_SCHEMA_VERSION, or refuse one that is not ours or newer. */
FL_MUST_CHECK enum fl_code fl_store_migrate(struct fl_store *store, struct fl_error *err);

/** Fill in, once, what schema 2 asks of the traces that schema 1 had. */
FL_MUST_CHECK enum fl_code fl_migrate_past(struct fl_store *store, struct fl_error *err);

/* --- statements --- */

/**
 * A statement in use. The first failure latches; binding after it does nothing, and
 * fl_query_row() reports it. What is bound is borrowed until the query ends.
 */
struct fl_query {
	struct fl_store *store;
	sqlite3_stmt *stmt;
	int sqlite_code; /**< SQLITE_OK until something failed */
	bool own;        /**< not the cached one: that one was in use (a callback asked again) */
};

struct fl_query fl_query(struct fl_store *store, enum fl_sql sql);
/** Reset and unbind. NULL is allowed. */
void fl_query_deinit(struct fl_query *query);
#define FL_AUTO_QUERY __attribute__((__cleanup__(fl_query_deinit))) struct fl_query

void fl_bind_int(struct fl_query *query, int index, int64_t value);
/** NULL where @p present is false. */
void fl_bind_int_or_null(struct fl_query *query, int index, int64_t value, bool present);
/** NULL for id 0. */
void fl_bind_id(struct fl_query *query, int index, int64_t id);
void fl_bind_text(struct fl_query *query, int index, const char *text);
/** NULL where @p bytes is NULL. */
void fl_bind_blob(struct fl_query *query, int index, const void *bytes, size_t size);

/**
 * Step.
 * @retval FL_OK        there is a row.
 * @retval FL_ENOTFOUND there is none (any more); @p err is not touched.
 */
FL_MUST_CHECK enum fl_code fl_query_row(struct fl_query *query, struct fl_error *err);

/** Run a statement that answers nothing. */
FL_MUST_CHECK enum fl_code fl_query_run(struct fl_query *query, struct fl_error *err);

int64_t fl_column_int(const struct fl_query *query, int index);
/**
 * NULL for NULL; valid until the next step. When memory is out that latches too: ask for
 * @ref fl_query::sqlite_code (SQLITE_OK or not) before a NULL or a 0 is believed.
 */
const char *fl_column_text(struct fl_query *query, int index);
/** Heap copy in @p ret, NULL for NULL. */
FL_MUST_CHECK enum fl_code
fl_column_copy(struct fl_query *query, int index, char **ret, struct fl_error *err);
/** The same for bytes; NULL also where there are none. */
const void *fl_column_blob(struct fl_query *query, int index, size_t *size_ret);
/** Copy of at most @p room bytes; the bytes copied. */
size_t fl_column_bytes(struct fl_query *query, int index, void *ret, size_t room);

/** How long to wait for another process before a call fails with "database is locked". */
void fl_store_be_patient(struct fl_store *store, int ms);

/* --- transactions --- */

/**
 * Whether a commit is on the disk before it returns, as after opening. Without, it outlives the
 * process but may be lost with the power; every later one that is durable makes it so, too. Does
 * nothing in a transaction.
 */
FL_MUST_CHECK enum fl_code fl_store_be_durable(struct fl_store *store, struct fl_error *err);
void fl_store_be_lax(struct fl_store *store);

/** Rolled back when the scope ends without fl_commit(). Inside a batch a savepoint of it. */
struct fl_transaction {
	struct fl_store *store; /**< NULL = not open */
};
FL_MUST_CHECK enum fl_code
fl_begin(struct fl_store *store, struct fl_transaction *ret, struct fl_error *err);
void fl_transaction_deinit(struct fl_transaction *transaction);
FL_MUST_CHECK enum fl_code fl_commit(struct fl_transaction *transaction, struct fl_error *err);
#define FL_AUTO_TRANSACTION \
	__attribute__((__cleanup__(fl_transaction_deinit))) struct fl_transaction

/* --- text from outside --- */

/**
 * A clean copy: valid UTF-8 without control characters, NULL for NULL and "".
 * @param what named when it is too long: "the device".
 * @retval FL_EINVALID longer than FL_STORE_TEXT_MAX.
 */
FL_MUST_CHECK enum fl_code
fl_text_clean(const char *text, const char *what, char **ret, struct fl_error *err);

/** The same for text of several lines, cut at FL_STORE_TRACE_TEXT_MAX. */
FL_MUST_CHECK enum fl_code fl_text_clean_lines(const char *text, char **ret, struct fl_error *err);

static inline void fl_text_free(char **text)
{
	free(*text);
}
#define FL_AUTO_TEXT __attribute__((__cleanup__(fl_text_free))) char *

/* --- compressed bytes --- */

FL_MUST_CHECK enum fl_code fl_blob_pack(struct fl_store *store, const void *bytes, size_t size,
					struct fl_buffer *ret, struct fl_error *err);
/**
 * @param size what the row says the bytes are.
 * @retval FL_EFORMAT the bytes are damaged.
 */
FL_MUST_CHECK enum fl_code fl_blob_unpack(struct fl_store *store, const void *packed,
					  size_t packed_size, int64_t size, struct fl_buffer *ret,
					  struct fl_error *err);

/* --- nouns that several tables point to; id 0 = unknown --- */

/** The device's id, a new row where it is not known; its cohort is updated where one is said. */
FL_MUST_CHECK enum fl_code fl_device_id(struct fl_store *store, const char *serial,
					const char *cohort, int64_t *ret, struct fl_error *err);
FL_MUST_CHECK enum fl_code fl_version_id(struct fl_store *store, const char *type,
					 const char *version, int64_t *ret, struct fl_error *err);

/** What a device said of itself, for its row. Versions that were not said: 0 and NULL. */
struct fl_device_news {
	int64_t device_id;
	int64_t at; /**< received_at */
	int64_t version_id;
	const char *hardware_version;
};
/** A device was heard of. */
FL_MUST_CHECK enum fl_code
fl_device_seen(struct fl_store *store, const struct fl_device_news *news, struct fl_error *err);
/** The same where it was in a dump or event, known only now: what was said since then stays. */
FL_MUST_CHECK enum fl_code
fl_device_filed(struct fl_store *store, const struct fl_device_news *news, struct fl_error *err);
/** The part of the parameters that the statements on devices have in common. */
void fl_device_bind(struct fl_query *query, const struct fl_device_news *news, bool ties);

/**
 * Give what a bulk queued its place: one flow from the head of the queue on, so that it keeps its
 * order and a device that sends meanwhile takes turns with all of it.
 */
FL_MUST_CHECK enum fl_code
fl_queue_place(struct fl_store *store, int64_t bulk_id, struct fl_error *err);

/* --- symbol files --- */

enum { FL_SYMBOL_NAME_SIZE = sizeof(((struct fl_symbol_choice *)0)->name) };

/**
 * The name of the symbol file that fl_store_find_symbols() would choose.
 * @retval FL_ENOTFOUND none; @p err is not touched.
 */
FL_MUST_CHECK enum fl_code fl_symbols_name(struct fl_store *store,
					   const struct fl_report_facts *facts, int64_t version_id,
					   char ret[FL_SYMBOL_NAME_SIZE], struct fl_error *err);

#endif
