/* SPDX-License-Identifier: Apache-2.0 */
#include "store/settled.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void fl_claim_deinit(struct fl_claim *claim)
{
	if (!claim)
		return;
	fl_buffer_deinit(&claim->bytes);
	free(claim->device);
	free(claim->software_type);
	free(claim->software_version);
	free(claim->hardware_version);
	*claim = (struct fl_claim){ 0 };
}

static enum fl_code read_claim(struct fl_query *query, struct fl_claim *ret, struct fl_error *err)
{
	size_t packed_size;
	const void *packed = fl_column_blob(query, 7, &packed_size);
	ret->attempt = (uint32_t)fl_column_int(query, 0);
	ret->received_at = fl_column_int(query, 5);
	ret->kind = (enum fl_report_kind)fl_column_int(query, 8);
	ret->pruned = fl_column_int(query, 9);
	enum fl_code code = fl_column_copy(query, 1, &ret->device, err);
	if (!code)
		code = fl_column_copy(query, 2, &ret->software_type, err);
	if (!code)
		code = fl_column_copy(query, 3, &ret->software_version, err);
	if (!code)
		code = fl_column_copy(query, 4, &ret->hardware_version, err);
	if (!code && !ret->pruned)
		code = fl_blob_unpack(query->store, packed, packed_size, fl_column_int(query, 6),
				      &ret->bytes, err);
	return code;
}

enum fl_code
fl_store_dump(struct fl_store *store, int64_t dump_id, struct fl_claim *ret, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_DUMP_READ);
	fl_bind_int(&query, 1, dump_id);
	enum fl_code code = fl_query_row(&query, err);
	if (code == FL_ENOTFOUND)
		return fl_fail(err, code, FL_AT_NONE, 0, "there is no dump %" PRId64, dump_id);
	struct fl_claim claim = { .dump_id = dump_id };
	if (!code)
		code = read_claim(&query, &claim, err);
	if (code)
		fl_claim_deinit(&claim);
	else
		*ret = claim;
	return code;
}

static enum fl_code run(struct fl_store *store, enum fl_sql sql)
{
	FL_AUTO_QUERY query = fl_query(store, sql);
	return fl_query_run(&query, NULL);
}

/* Without a transaction around them each would be one: locks are taken, and the log is looked at.
 */
size_t fl_store_dumps(struct fl_store *store, const int64_t *ids, size_t count, size_t bytes_max,
		      struct fl_read_dump *ret)
{
	bool began = sqlite3_get_autocommit(store->db) && !run(store, FL_SQL_BEGIN_READING);
	size_t bytes = 0;
	size_t read = 0;
	while (read < count && (!read || bytes < bytes_max)) {
		struct fl_read_dump *dump = &ret[read];
		*dump = (struct fl_read_dump){ 0 };
		dump->error.code = fl_store_dump(store, ids[read++], &dump->claim, &dump->error);
		bytes += dump->claim.bytes.size;
	}
	if (began && run(store, FL_SQL_COMMIT))
		(void)!run(store, FL_SQL_ROLLBACK);
	return read;
}

/* What a worker takes at once: dumps that nobody tried before, or a single one that was. */
static enum fl_code next(struct fl_store *store, int64_t now, int64_t *ret, size_t room,
			 size_t *count_ret, struct fl_error *err)
{
	size_t count = 0;
	bool alone = false;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_DUMP_NEXT);
	fl_bind_int(&query, 1, now);
	fl_bind_int(&query, 2, (int64_t)room);
	enum fl_code code = FL_OK;
	while (!alone && count < room && !(code = fl_query_row(&query, err))) {
		alone = fl_column_int(&query, 1) > 0;
		if (!alone || !count)
			ret[count++] = fl_column_int(&query, 0);
	}
	*count_ret = count;
	return code == FL_ENOTFOUND && count ? FL_OK : code;
}

/* Whoever takes dumps, and what all of them have in common. */
struct taker {
	const char *owner;
	int64_t now, until;
	int64_t symbols_seen;
};

static enum fl_code see_symbols(struct fl_store *store, int64_t *ret, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_SYMBOLS_REVISION);
	enum fl_code code = fl_query_row(&query, err);
	if (!code)
		*ret = fl_column_int(&query, 0);
	return code;
}

/* The first @p count of those that next() just saw: nobody else has written since. */
static enum fl_code
take(struct fl_store *store, const struct taker *taker, size_t count, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_DUMP_CLAIM);
	fl_bind_int(&query, 1, taker->now);
	fl_bind_int(&query, 2, (int64_t)count);
	fl_bind_text(&query, 3, taker->owner);
	fl_bind_int(&query, 4, taker->until);
	fl_bind_int(&query, 5, taker->symbols_seen);
	return fl_query_run(&query, err);
}

static enum fl_code take_next(struct fl_store *store, struct taker *taker, int64_t *ret,
			      size_t room, size_t *count_ret, struct fl_error *err)
{
	FL_AUTO_TRANSACTION transaction = { 0 };
	enum fl_code code = fl_begin(store, &transaction, err);
	if (!code)
		code = next(store, taker->now, ret, room, count_ret, err);
	if (!code)
		code = see_symbols(store, &taker->symbols_seen, err);
	if (!code)
		code = take(store, taker, *count_ret, err);
	return code ? code : fl_commit(&transaction, err);
}

/*
 * An idle worker only reads: the write lock is taken when there is something to take. A claim that
 * is lost with the power is a dump that is still queued: nobody waits for the disk.
 */
enum fl_code fl_store_claim_batch(struct fl_store *store, const char *owner, int64_t now,
				  uint32_t lease_seconds, int64_t *ret, size_t room,
				  size_t *count_ret, struct fl_error *err)
{
	struct taker taker = { .owner = owner, .now = now, .until = now + lease_seconds };
	size_t count;
	enum fl_code code = next(store, now, ret, 1, &count, err);
	if (!code) {
		fl_store_be_lax(store);
		code = take_next(store, &taker, ret, room, &count, err);
		enum fl_code durable = fl_store_be_durable(store, code ? NULL : err);
		code = code ? code : durable;
	}
	if (code == FL_ENOTFOUND)
		return fl_fail(err, code, FL_AT_NONE, 0, "the queue is empty");
	if (!code)
		*count_ret = count;
	return code;
}

enum fl_code fl_store_claimable(struct fl_store *store, int64_t now, size_t limit, size_t *ret,
				struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_DUMP_CLAIMABLE);
	fl_bind_int(&query, 1, now);
	fl_bind_int(&query, 2, (int64_t)limit);
	enum fl_code code = fl_query_row(&query, err);
	if (!code)
		*ret = (size_t)fl_column_int(&query, 0);
	return code;
}

enum fl_code fl_store_claim(struct fl_store *store, const char *owner, int64_t now,
			    uint32_t lease_seconds, struct fl_claim *ret, struct fl_error *err)
{
	for (;;) {
		struct fl_error why = { 0 };
		int64_t dump_id = 0;
		size_t count;
		enum fl_code code = fl_store_claim_batch(store, owner, now, lease_seconds, &dump_id,
							 1, &count, err);
		if (code)
			return code;
		code = fl_store_dump(store, dump_id, ret, &why);
		if (code != FL_EFORMAT) {
			if (code && err)
				*err = why;
			return code;
		}
		/* Nobody will ever read these bytes: the next dump must not wait for them. */
		code = fl_store_quarantine(store, dump_id, why.message, NULL, err);
		if (code)
			return code;
	}
}

static enum fl_code exists(struct fl_store *store, int64_t dump_id, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_DUMP_EXISTS);
	fl_bind_int(&query, 1, dump_id);
	enum fl_code code = fl_query_row(&query, err);
	if (code == FL_ENOTFOUND)
		fl_fail(err, code, FL_AT_NONE, 0, "there is no dump %" PRId64, dump_id);
	return code;
}

static enum fl_code set_aside(struct fl_store *store, int64_t dump_id, const char *reason,
			      const char *backtrace, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_DUMP_QUARANTINE);
	fl_bind_int(&query, 1, dump_id);
	fl_bind_text(&query, 2, reason);
	fl_bind_text(&query, 3, backtrace);
	enum fl_code code = fl_query_row(&query, err);
	if (code)
		return code == FL_ENOTFOUND ? FL_OK : code;
	const struct fl_settled settled = { .dump_id = dump_id, .how = FL_SETTLED_QUARANTINED };
	return fl_settled(store, &settled, err);
}

enum fl_code fl_store_quarantine(struct fl_store *store, int64_t dump_id, const char *reason,
				 const char *backtrace, struct fl_error *err)
{
	FL_AUTO_TEXT clean_reason = NULL;
	FL_AUTO_TEXT clean_backtrace = NULL;
	FL_AUTO_TRANSACTION transaction = { 0 };
	enum fl_code code;
	if ((code = fl_text_clean_lines(reason, &clean_reason, err)) ||
	    (code = fl_text_clean_lines(backtrace, &clean_backtrace, err)) ||
	    (code = fl_begin(store, &transaction, err)) || (code = exists(store, dump_id, err)) ||
	    (code = set_aside(store, dump_id, clean_reason, clean_backtrace, err)))
		return code;
	return fl_commit(&transaction, err);
}

enum fl_code fl_store_release(struct fl_store *store, int64_t dump_id, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_DUMP_RELEASE);
	fl_bind_int(&query, 1, dump_id);
	return fl_query_run(&query, err);
}

enum fl_code
fl_store_retry(struct fl_store *store, int64_t dump_id, uint64_t *count_ret, struct fl_error *err)
{
	uint64_t count = 0;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_DUMP_RETRY);
	fl_bind_int(&query, 1, dump_id);
	enum fl_code code;
	while (!(code = fl_query_row(&query, err)))
		count++;
	if (code != FL_ENOTFOUND)
		return code;
	*count_ret = count;
	return FL_OK;
}

enum fl_code fl_queue_place(struct fl_store *store, int64_t bulk_id, struct fl_error *err)
{
	FL_AUTO_QUERY place = fl_query(store, FL_SQL_QUEUE_PLACE);
	fl_bind_int(&place, 1, bulk_id);
	enum fl_code code = fl_query_run(&place, err);
	if (code)
		return code;
	FL_AUTO_QUERY placed = fl_query(store, FL_SQL_QUEUE_PLACED);
	fl_bind_int(&placed, 1, sqlite3_changes64(store->db));
	return fl_query_run(&placed, err);
}

static uint64_t *count_of(struct fl_queue_counts *counts, const char *state)
{
	const struct {
		const char *state;
		uint64_t *count;
	} places[] = {
		{ "queued", &counts->queued },           { "claimed", &counts->claimed },
		{ "waiting", &counts->waiting },         { "done", &counts->done },
		{ "quarantined", &counts->quarantined },
	};
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (!strcmp(places[i].state, state))
			return places[i].count;
	return NULL;
}

enum fl_code
fl_store_queue_counts(struct fl_store *store, struct fl_queue_counts *ret, struct fl_error *err)
{
	struct fl_queue_counts counts = { 0 };
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_DUMP_COUNTS);
	enum fl_code code;
	while (!(code = fl_query_row(&query, err))) {
		const char *state = fl_column_text(&query, 0);
		uint64_t *count = state ? count_of(&counts, state) : NULL;
		if (count)
			*count = (uint64_t)fl_column_int(&query, 1);
		if (query.sqlite_code)
			return fl_store_nomem(err);
		counts.duplicates += (uint64_t)fl_column_int(&query, 2);
	}
	if (code != FL_ENOTFOUND)
		return code;
	*ret = counts;
	return FL_OK;
}
