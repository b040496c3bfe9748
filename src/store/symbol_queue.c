/* SPDX-License-Identifier: Apache-2.0 */
#include "store/symbol_queue.h"

#include <string.h>

struct waiting {
	struct fl_symbol_identity identity;
	int64_t file_id, companion_id; /* 0 = none */
};

static enum fl_code pick(struct fl_store *store, const struct fl_symbol_identity *identity,
			 int64_t *file_ret, int64_t *companion_ret, struct fl_error *err)
{
	struct fl_symbol_pick pick;
	struct fl_error why = { 0 };
	enum fl_code code = fl_symbols_pick(store, identity, &pick, NULL, &why);
	*file_ret = code ? 0 : pick.file.id;
	*companion_ret = code ? 0 : pick.companion.id;
	if (code && code != FL_ENOTFOUND && err)
		*err = why;
	return code == FL_ENOTFOUND ? FL_OK : code;
}

static enum fl_code read_waiting(struct fl_store *store, struct fl_vec *ret, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_WAITING_IDENTITIES);
	enum fl_code code;
	while (!(code = fl_query_row(&query, err))) {
		struct waiting *waiting = fl_vec_add(ret);
		if (!waiting)
			return fl_store_nomem(err);
		struct fl_symbol_identity *identity = &waiting->identity;
		identity->build_id_size =
			fl_column_bytes(&query, 0, identity->build_id, sizeof(identity->build_id));
		identity->version_id = fl_column_int(&query, 1);
		if (query.sqlite_code)
			return fl_store_nomem(err);
	}
	return code == FL_ENOTFOUND ? FL_OK : code;
}

enum fl_code fl_symbol_change_begin(struct fl_store *store, const char *what,
				    struct fl_symbol_change *ret, struct fl_error *err)
{
	*ret = (struct fl_symbol_change){ .store = store, .waiting = FL_VEC(struct waiting) };
	enum fl_code code = fl_bulk_add(store, what, &ret->bulk_id, err);
	if (!code)
		code = read_waiting(store, &ret->waiting, err);
	for (size_t i = 0; i < ret->waiting.count && !code; i++) {
		struct waiting *waiting = fl_vec_at(&ret->waiting, struct waiting, i);
		code = pick(store, &waiting->identity, &waiting->file_id, &waiting->companion_id,
			    err);
	}
	return code;
}

void fl_symbol_change_deinit(struct fl_symbol_change *change)
{
	if (change)
		fl_vec_deinit(&change->waiting);
}

enum fl_code fl_symbol_change_requeue(struct fl_symbol_change *change, int64_t symbol_file_id,
				      struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(change->store, FL_SQL_TRACES_REQUEUE);
	fl_bind_int(&query, 1, symbol_file_id);
	fl_bind_int(&query, 2, change->bulk_id);
	enum fl_code code = fl_query_run(&query, err);
	if (!code)
		change->traces_requeued += (uint64_t)sqlite3_changes64(change->store->db);
	return code;
}

static enum fl_code bind_and_run(struct fl_store *store, enum fl_sql sql,
				 const struct fl_symbol_identity *identity, int64_t bulk_id,
				 uint64_t *count, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, sql);
	fl_bind_blob(&query, 1, identity->build_id_size ? identity->build_id : NULL,
		     identity->build_id_size);
	fl_bind_id(&query, 2, identity->version_id);
	if (count)
		fl_bind_int(&query, 3, bulk_id);
	enum fl_code code = fl_query_run(&query, err);
	if (!code && count)
		*count += (uint64_t)sqlite3_changes64(store->db);
	return code;
}

/* Asks the same question that the worker will ask, so that what is queued again will be read. */
static enum fl_code requeue_waiting(struct fl_symbol_change *change, const struct waiting *waiting,
				    int64_t fresh_id, struct fl_error *err)
{
	struct fl_store *store = change->store;
	int64_t file_id;
	int64_t companion_id;
	enum fl_code code = pick(store, &waiting->identity, &file_id, &companion_id, err);
	bool same = file_id == waiting->file_id && companion_id == waiting->companion_id;
	bool fresh = fresh_id && (file_id == fresh_id || companion_id == fresh_id);
	if (code || !file_id || (same && !fresh))
		return code;
	code = bind_and_run(store, FL_SQL_WAITING_REQUEUE, &waiting->identity, change->bulk_id,
			    &change->dumps_requeued, err);
	return code ? code
		    : bind_and_run(store, FL_SQL_MISSING_UNTELL, &waiting->identity, 0, NULL, err);
}

enum fl_code
fl_symbol_change_end(struct fl_symbol_change *change, int64_t fresh_id, struct fl_error *err)
{
	enum fl_code code = FL_OK;
	for (size_t i = 0; i < change->waiting.count && !code; i++)
		code = requeue_waiting(change, fl_vec_at(&change->waiting, struct waiting, i),
				       fresh_id, err);
	if (code)
		return code;
	return fl_bulk_queued(change->store, change->bulk_id,
			      change->dumps_requeued + change->traces_requeued, err);
}

bool fl_symbols_covers(const struct fl_symbol_fit *richer, const struct fl_symbol_fit *poorer)
{
	return fl_symbols_compare(richer, poorer) > 0 &&
	       (richer->has_code_bytes || !poorer->has_code_bytes);
}

enum fl_code
fl_symbols_supersede(struct fl_store *store, const struct fl_vec *build, struct fl_error *err)
{
	enum fl_code code = FL_OK;
	const struct fl_symbol_fit *best = build->data; /* NULL of none */
	for (size_t i = 0; i < build->count && !code; i++) {
		const struct fl_symbol_fit *fit = &best[i];
		FL_AUTO_QUERY query = fl_query(store, FL_SQL_SYMBOLS_SUPERSEDE);
		fl_bind_int(&query, 1, fit->id);
		fl_bind_id(&query, 2, fl_symbols_covers(best, fit) ? best->id : 0);
		code = fl_query_run(&query, err);
	}
	return code;
}
