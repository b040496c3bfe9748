/* SPDX-License-Identifier: Apache-2.0 */
/* Heartbeats, logs, recordings, and what could not be opened: kept as it came. */
#include "store/internal.h"

#include "base/hash.h"

#include <string.h>

struct keeping {
	const struct fl_kept *kept;
	const void *bytes;
	uint8_t hash[16];
	struct fl_buffer packed;
	char *kind, *text, *device, *type, *version, *hardware, *cohort, *source;
	struct fl_device_news news;
};

static void keeping_deinit(struct keeping *keeping)
{
	fl_buffer_deinit(&keeping->packed);
	fl_text_free(&keeping->kind);
	fl_text_free(&keeping->text);
	fl_text_free(&keeping->device);
	fl_text_free(&keeping->type);
	fl_text_free(&keeping->version);
	fl_text_free(&keeping->hardware);
	fl_text_free(&keeping->cohort);
	fl_text_free(&keeping->source);
}

static enum fl_code clean(struct keeping *keeping, struct fl_error *err)
{
	const struct fl_kept *kept = keeping->kept;
	const struct {
		const char *from;
		const char *what;
		char **to;
	} fields[] = {
		{ kept->kind, "the kind", &keeping->kind },
		{ kept->device, "the device", &keeping->device },
		{ kept->software_type, "the software type", &keeping->type },
		{ kept->software_version, "the software version", &keeping->version },
		{ kept->hardware_version, "the hardware version", &keeping->hardware },
		{ kept->cohort, "the cohort", &keeping->cohort },
		{ kept->source, "the source's name", &keeping->source },
	};
	enum fl_code code = fl_text_clean_lines(kept->text, &keeping->text, err);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]) && !code; i++)
		code = fl_text_clean(fields[i].from, fields[i].what, fields[i].to, err);
	return code;
}

static enum fl_code prepare(struct fl_store *store, struct keeping *keeping, struct fl_error *err)
{
	const struct fl_kept *kept = keeping->kept;
	enum fl_code code = clean(keeping, err);
	if (code)
		return code;
	if (!keeping->kind || (!kept->bytes && kept->size))
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "nothing was given to keep");
	if (kept->size > FL_STORE_DUMP_MAX)
		return fl_fail(err, FL_ELIMIT, FL_AT_NONE, 0,
			       "the %s has %zu bytes, more than the %d that are accepted",
			       keeping->kind, kept->size, FL_STORE_DUMP_MAX);
	keeping->bytes = kept->bytes ? kept->bytes : "";
	fl_hash128(keeping->bytes, kept->size, keeping->hash);
	return fl_blob_pack(store, keeping->bytes, kept->size, &keeping->packed, err);
}

/* The hash is no cryptographic one: the bytes decide. */
static enum fl_code
same_bytes(struct fl_query *query, const struct keeping *keeping, bool *ret, struct fl_error *err)
{
	FL_AUTO_BUFFER bytes = { 0 };
	size_t packed_size;
	const void *packed = fl_column_blob(query, 2, &packed_size);
	*ret = false;
	if (query->sqlite_code)
		return fl_store_nomem(err);
	if (fl_column_int(query, 1) != (int64_t)keeping->kept->size)
		return FL_OK;
	enum fl_code code = fl_blob_unpack(query->store, packed, packed_size,
					   (int64_t)keeping->kept->size, &bytes, err);
	if (code == FL_ENOMEM)
		return code;
	*ret = !code && !memcmp(bytes.data, keeping->bytes, bytes.size);
	return FL_OK;
}

/* 0 = there is none. An unknown device is not one device. */
static enum fl_code
find_same(struct fl_store *store, const struct keeping *keeping, int64_t *ret, struct fl_error *err)
{
	*ret = 0;
	if (!keeping->news.device_id)
		return FL_OK;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_KEPT_SAME);
	fl_bind_int(&query, 1, keeping->news.device_id);
	fl_bind_blob(&query, 2, keeping->hash, sizeof(keeping->hash));
	fl_bind_text(&query, 3, keeping->kind);
	enum fl_code code;
	while (!(code = fl_query_row(&query, err))) {
		bool same;
		if ((code = same_bytes(&query, keeping, &same, err)))
			return code;
		if (same) {
			*ret = fl_column_int(&query, 0);
			return FL_OK;
		}
	}
	return code == FL_ENOTFOUND ? FL_OK : code;
}

static enum fl_code again(struct fl_store *store, int64_t id, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_KEPT_AGAIN);
	fl_bind_int(&query, 1, id);
	return fl_query_run(&query, err);
}

static enum fl_code add(struct fl_store *store, const struct keeping *keeping, struct fl_error *err)
{
	const struct fl_kept *kept = keeping->kept;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_KEPT_ADD);
	fl_bind_text(&query, 1, keeping->kind);
	fl_bind_id(&query, 2, keeping->news.device_id);
	fl_bind_id(&query, 3, keeping->news.version_id);
	fl_bind_text(&query, 4, keeping->hardware);
	fl_bind_text(&query, 5, keeping->source ? keeping->source : "");
	fl_bind_text(&query, 6, keeping->text);
	fl_bind_int(&query, 7, kept->received_at);
	fl_bind_int_or_null(&query, 8, kept->captured_at, kept->has_captured_at);
	fl_bind_blob(&query, 9, keeping->hash, sizeof(keeping->hash));
	fl_bind_int(&query, 10, (int64_t)kept->size);
	fl_bind_blob(&query, 11, keeping->packed.data, keeping->packed.size);
	return fl_query_run(&query, err);
}

static enum fl_code
put(struct fl_store *store, struct keeping *keeping, bool *duplicate_ret, struct fl_error *err)
{
	struct fl_device_news *news = &keeping->news;
	int64_t same;
	enum fl_code code;
	if ((code = fl_device_id(store, keeping->device, keeping->cohort, &news->device_id, err)) ||
	    (code = fl_version_id(store, keeping->type, keeping->version, &news->version_id,
				  err)) ||
	    (code = find_same(store, keeping, &same, err)) ||
	    (code = same ? again(store, same, err) : add(store, keeping, err)))
		return code;
	*duplicate_ret = same != 0;
	return fl_device_seen(store, news, err);
}

enum fl_code fl_store_keep(struct fl_store *store, const struct fl_kept *kept, bool *duplicate_ret,
			   struct fl_error *err)
{
	__attribute__((__cleanup__(keeping_deinit))) struct keeping keeping = { .kept = kept };
	FL_AUTO_TRANSACTION transaction = { 0 };
	bool duplicate = false;
	enum fl_code code = prepare(store, &keeping, err);
	keeping.news.at = kept->received_at;
	keeping.news.hardware_version = keeping.hardware;
	if (code || (code = fl_begin(store, &transaction, err)) ||
	    (code = put(store, &keeping, &duplicate, err)) || (code = fl_commit(&transaction, err)))
		return code;
	if (duplicate_ret)
		*duplicate_ret = duplicate;
	return FL_OK;
}

enum fl_code
fl_store_kept(struct fl_store *store, fl_kept_fn each, void *context, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_KEPT_LIST);
	enum fl_code code;
	while (!(code = fl_query_row(&query, err))) {
		const char *kind = fl_column_text(&query, 0);
		if (query.sqlite_code)
			return fl_store_nomem(err);
		if (!each(context, kind, (uint64_t)fl_column_int(&query, 1),
			  (uint64_t)fl_column_int(&query, 2)))
			return FL_OK;
	}
	return code == FL_ENOTFOUND ? FL_OK : code;
}
