/* SPDX-License-Identifier: Apache-2.0 */
#include "store/erase.h"

/* A reader that holds an old snapshot keeps the log from being emptied: it will be, later. */
enum { CHECKPOINT_WAIT_MS = 1000 };

static enum fl_code
find_device(struct fl_store *store, const char *serial, int64_t *ret, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_DEVICE_FIND);
	fl_bind_text(&query, 1, serial);
	enum fl_code code = serial ? fl_query_row(&query, err) : FL_ENOTFOUND;
	if (code == FL_ENOTFOUND)
		return fl_path_fail(err, code, serial ? serial : "", "no such device");
	*ret = fl_column_int(&query, 0);
	return code;
}

static enum fl_code
list_dumps(struct fl_store *store, int64_t device_id, struct fl_vec *ret, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_FORGET_DUMPS);
	fl_bind_int(&query, 1, device_id);
	enum fl_code code;
	while (!(code = fl_query_row(&query, err))) {
		int64_t id = fl_column_int(&query, 0);
		if (!fl_vec_push(ret, &id))
			return fl_store_nomem(err);
	}
	return code == FL_ENOTFOUND ? FL_OK : code;
}

static enum fl_code count_rest(struct fl_store *store, int64_t device_id, struct fl_forgotten *ret,
			       struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_FORGET_COUNT);
	fl_bind_int(&query, 1, device_id);
	enum fl_code code = fl_query_row(&query, err);
	ret->kept = (uint64_t)fl_column_int(&query, 0);
	ret->reboots = (uint64_t)fl_column_int(&query, 1);
	ret->partial_bytes = (uint64_t)fl_column_int(&query, 2);
	return code;
}

static enum fl_code forget_dumps(struct fl_store *store, int64_t device_id,
				 struct fl_forgotten *ret, struct fl_error *err)
{
	FL_AUTO_ERASURE erasure = fl_erasure_begin(store);
	FL_AUTO_VEC dumps = FL_VEC(int64_t);
	enum fl_code code = list_dumps(store, device_id, &dumps, err);
	for (size_t i = 0; i < dumps.count && !code; i++)
		code = fl_erase_dump(&erasure, *fl_vec_at(&dumps, int64_t, i), err);
	if (!code)
		code = fl_erasure_end(&erasure, err);
	ret->dumps = erasure.dumps;
	ret->traces = erasure.traces;
	ret->issues_emptied = erasure.issues_emptied;
	return code;
}

static enum fl_code forget_rest(struct fl_store *store, int64_t device_id, struct fl_error *err)
{
	static const enum fl_sql steps[] = { FL_SQL_FORGET_KEPT, FL_SQL_FORGET_REBOOTS,
					     FL_SQL_FORGET_PARTIALS, FL_SQL_FORGET_TRANSPORT,
					     FL_SQL_FORGET_DEVICE };
	enum fl_code code = FL_OK;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !code; i++) {
		FL_AUTO_QUERY query = fl_query(store, steps[i]);
		fl_bind_int(&query, 1, device_id);
		code = fl_query_run(&query, err);
	}
	return code;
}

static enum fl_code
forget(struct fl_store *store, const char *serial, struct fl_forgotten *ret, struct fl_error *err)
{
	int64_t device_id = 0;
	enum fl_code code = find_device(store, serial, &device_id, err);
	if (!code)
		code = count_rest(store, device_id, ret, err);
	if (!code)
		code = forget_dumps(store, device_id, ret, err);
	return code ? code : forget_rest(store, device_id, err);
}

/* Deleted rows leave their bytes in free pages and in the log until somebody overwrites them. */
static void empty_log(struct fl_store *store)
{
	fl_store_be_patient(store, CHECKPOINT_WAIT_MS);
	sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	fl_store_be_patient(store, FL_STORE_BUSY_MS);
}

/* A dry run does the same and takes it back: it cannot say anything else than what happens. */
enum fl_code fl_store_forget_device(struct fl_store *store, const char *serial, bool dry_run,
				    struct fl_forgotten *ret, struct fl_error *err)
{
	struct fl_forgotten forgotten = { 0 };
	FL_AUTO_TRANSACTION transaction = { 0 };
	int secure =
		dry_run ? SQLITE_OK
			: sqlite3_exec(store->db, "PRAGMA secure_delete = ON", NULL, NULL, NULL);
	if (secure != SQLITE_OK)
		return fl_store_fail(store, secure, err);
	enum fl_code code = fl_begin(store, &transaction, err);
	if (!code)
		code = forget(store, serial, &forgotten, err);
	if (!code && !dry_run)
		code = fl_commit(&transaction, err);
	if (code)
		return code;
	if (!dry_run && !store->batch)
		empty_log(store);
	*ret = forgotten;
	return FL_OK;
}
