/* SPDX-License-Identifier: Apache-2.0 */
#include "store/internal.h"

/* This pragma acts when it is prepared: there is no statement that could be kept. */
enum fl_code fl_store_be_durable(struct fl_store *store, struct fl_error *err)
{
	if (!sqlite3_get_autocommit(store->db))
		return FL_OK;
	int code = sqlite3_exec(store->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
	store->lax = code != SQLITE_OK;
	return store->lax ? fl_store_fail(store, code, err) : FL_OK;
}

void fl_store_be_lax(struct fl_store *store)
{
	if (sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
}

void fl_store_put_off_sync(struct fl_store *store)
{
	fl_store_be_lax(store);
}

/* A commit that changes nothing would not wait for the disk: the log is told to. */
enum fl_code fl_store_sync(struct fl_store *store, struct fl_error *err)
{
	sqlite3_file *log = NULL;
	enum fl_code code = fl_store_be_durable(store, err);
	if (code)
		return code;
	int result = sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
	if (result == SQLITE_OK && log && log->pMethods)
		result = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
	return result == SQLITE_OK ? FL_OK : fl_store_fail(store, result, err);
}

static enum fl_code run(struct fl_store *store, enum fl_sql sql, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, sql);
	return fl_query_run(&query, err);
}

/*
 * SQLite itself rolls back on some failures (SQLITE_FULL, SQLITE_IOERR, SQLITE_NOMEM): then there
 * is nothing left to roll back (https://www.sqlite.org/lang_transaction.html, "Response To
 * Errors"), and what the batch did before is lost with it. A savepoint outside of a transaction
 * would be one of its own.
 */
static bool batch_is_lost(const struct fl_store *store)
{
	return store->batch && sqlite3_get_autocommit(store->db);
}

static enum fl_code fail_lost(struct fl_error *err)
{
	return fl_fail(err, FL_EIO, FL_AT_NONE, 0,
		       "the batch was undone when an earlier call in it failed");
}

enum fl_code fl_begin(struct fl_store *store, struct fl_transaction *ret, struct fl_error *err)
{
	if (batch_is_lost(store))
		return fail_lost(err);
	if (store->whole)
		return FL_OK;
	enum fl_code code = run(store, store->batch ? FL_SQL_SAVEPOINT : FL_SQL_BEGIN, err);
	if (!code)
		ret->store = store;
	return code;
}

void fl_transaction_deinit(struct fl_transaction *transaction)
{
	struct fl_store *store = transaction ? transaction->store : NULL;
	if (!store)
		return;
	transaction->store = NULL;
	if (sqlite3_get_autocommit(store->db))
		return;
	if (!store->batch) {
		(void)!run(store, FL_SQL_ROLLBACK, NULL);
		return;
	}
	/* A call that cannot be undone alone must not be committed with the others. */
	if (run(store, FL_SQL_SAVEPOINT_ROLLBACK, NULL) ||
	    run(store, FL_SQL_SAVEPOINT_RELEASE, NULL))
		(void)!run(store, FL_SQL_ROLLBACK, NULL);
}

enum fl_code fl_commit(struct fl_transaction *transaction, struct fl_error *err)
{
	struct fl_store *store = transaction->store;
	if (!store)
		return FL_OK;
	enum fl_code code =
		run(store, store->batch ? FL_SQL_SAVEPOINT_RELEASE : FL_SQL_COMMIT, err);
	if (!code)
		transaction->store = NULL;
	return code;
}

enum fl_code fl_store_batch_begin(struct fl_store *store, struct fl_error *err)
{
	if (store->batch)
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "a batch is open already");
	enum fl_code code = run(store, FL_SQL_BEGIN, err);
	if (!code) {
		store->batch = true;
		store->batch_last_content = store->contents.last_id;
	}
	return code;
}

enum fl_code fl_store_batch_commit(struct fl_store *store, struct fl_error *err)
{
	if (!store->batch)
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "no batch is open");
	enum fl_code code = batch_is_lost(store) ? fail_lost(err) : run(store, FL_SQL_COMMIT, err);
	if (code)
		fl_store_batch_abandon(store);
	store->batch = false;
	store->whole = false;
	return code;
}

/* Ids of rows that are rolled back are given out again: what was learnt about them is forgotten. */
void fl_store_batch_abandon(struct fl_store *store)
{
	if (!store || !store->batch)
		return;
	if (!sqlite3_get_autocommit(store->db))
		(void)!run(store, FL_SQL_ROLLBACK, NULL);
	store->batch = false;
	store->whole = false;
	if (store->contents.last_id != store->batch_last_content)
		fl_content_index_deinit(&store->contents);
}

void fl_store_set_policy(struct fl_store *store, const struct fl_store_policy *policy)
{
	store->policy = policy ? *policy : (struct fl_store_policy){ 0 };
}

void fl_store_set_symbols(struct fl_store *store, int64_t symbol_file_id)
{
	store->symbols_id = symbol_file_id;
}
