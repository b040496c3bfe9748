/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker analysed outside of any transaction, written in a short one. */
#include "store/filing.h"

#include <stdlib.h>

static int by_dump(const void *a, const void *b)
{
	const struct fl_result *left = *(const struct fl_result *const *)a;
	const struct fl_result *right = *(const struct fl_result *const *)b;
	return (left->dump_id > right->dump_id) - (left->dump_id < right->dump_id);
}

static enum fl_code
finish_one(struct fl_store *store, struct fl_result *result, struct fl_error *err)
{
	switch (result->kind) {
	case FL_RESULT_FILE:
	case FL_RESULT_WAIT:
		fl_store_set_symbols(store, result->symbols_id);
		return fl_filing_result(store, result, &result->filed, err);
	case FL_RESULT_QUARANTINE:
		return fl_store_quarantine(store, result->dump_id, result->reason,
					   result->backtrace, err);
	case FL_RESULT_RELEASE:
		return fl_store_release(store, result->dump_id, err);
	case FL_RESULT_KEEP:
		break;
	}
	return FL_OK;
}

/* Of the machine, not of one dump. */
static bool is_trouble(enum fl_code code)
{
	return code == FL_EIO || code == FL_ENOMEM;
}

/* Whether the next may follow: with savepoints a dump that failed is undone alone. */
static bool goes_on(enum fl_code code, bool whole)
{
	return !code || (!whole && !is_trouble(code));
}

static enum fl_code finish_all(struct fl_store *store, struct fl_result **results, size_t count,
			       bool whole, struct fl_error *err)
{
	enum fl_code code = fl_store_batch_begin(store, err);
	if (code)
		return code;
	store->whole = whole;
	store->known = (struct fl_known){ 0 };
	for (size_t i = 0; i < count && goes_on(code, whole); i++) {
		struct fl_result *result = results[i];
		result->filed = (struct fl_filed){ 0 };
		result->error = (struct fl_error){ 0 };
		code = finish_one(store, result, &result->error);
		if (code && err)
			*err = result->error;
	}
	if (goes_on(code, whole) && !(code = fl_filing_counted(store, err)))
		return fl_store_batch_commit(store, err);
	fl_store_batch_abandon(store);
	return code;
}

/*
 * Rows of dumps, reboots and traces are in the order of the dumps: filed in that order, one page
 * takes many of them. A savepoint per dump costs a copy of every page that it changes, and is
 * hardly ever needed: only when there was one that cannot be finished.
 */
enum fl_code fl_store_finish(struct fl_store *store, struct fl_result **results, size_t count,
			     struct fl_error *err)
{
	if (count)
		qsort(results, count, sizeof(results[0]), by_dump);
	enum fl_code code = finish_all(store, results, count, true, err);
	return code && !is_trouble(code) ? finish_all(store, results, count, false, err) : code;
}
