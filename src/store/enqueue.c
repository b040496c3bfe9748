/* SPDX-License-Identifier: Apache-2.0 */
#include "store/internal.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

/* The upload's strings, cleaned. */
struct upload_text {
	char *source, *device, *upload_id, *software_type, *software_version, *hardware_version,
		*cohort;
};

static void upload_text_deinit(struct upload_text *text)
{
	fl_text_free(&text->source);
	fl_text_free(&text->device);
	fl_text_free(&text->upload_id);
	fl_text_free(&text->software_type);
	fl_text_free(&text->software_version);
	fl_text_free(&text->hardware_version);
	fl_text_free(&text->cohort);
}

static enum fl_code
upload_text_init(struct upload_text *text, const struct fl_upload *upload, struct fl_error *err)
{
	const struct {
		const char *from;
		const char *what;
		char **to;
	} fields[] = {
		{ upload->source, "the source's name", &text->source },
		{ upload->device, "the device", &text->device },
		{ upload->upload_id, "the upload id", &text->upload_id },
		{ upload->software_type, "the software type", &text->software_type },
		{ upload->software_version, "the software version", &text->software_version },
		{ upload->hardware_version, "the hardware version", &text->hardware_version },
		{ upload->cohort, "the cohort", &text->cohort },
	};
	enum fl_code code = FL_OK;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]) && !code; i++)
		code = fl_text_clean(fields[i].from, fields[i].what, fields[i].to, err);
	return code;
}

/* Everything about the bytes that can be done before the transaction begins. */
struct content {
	const void *bytes;
	size_t size;
	uint8_t hash[16];
	struct fl_buffer packed;
	int64_t id;  /* 0 = not stored yet */
	bool pruned; /* stored, but without its bytes */
};

static void content_deinit(struct content *content)
{
	fl_buffer_deinit(&content->packed);
}

static enum fl_code content_init(struct fl_store *store, struct content *content,
				 const struct fl_upload *upload, struct fl_error *err)
{
	if ((unsigned)upload->kind >= FL_REPORT_KIND_COUNT)
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "no such kind of dump or event");
	if (!upload->bytes && upload->size)
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "no dump was given");
	if (upload->size > FL_STORE_DUMP_MAX)
		return fl_fail(err, FL_ELIMIT, FL_AT_NONE, 0,
			       "the dump has %zu bytes, more than the %d that are accepted",
			       upload->size, FL_STORE_DUMP_MAX);
	content->bytes = upload->bytes ? upload->bytes : "";
	content->size = upload->size;
	fl_hash128(content->bytes, content->size, content->hash);
	return fl_blob_pack(store, content->bytes, content->size, &content->packed, err);
}

/* Read the keys of the rows that came since the last time, ours and everybody's. */
static enum fl_code catch_up(struct fl_store *store, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_CONTENT_KEYS);
	fl_bind_int(&query, 1, store->contents.last_id);
	enum fl_code code;
	while (!(code = fl_query_row(&query, err))) {
		uint8_t hash[16] = { 0 };
		int64_t id = fl_column_int(&query, 0);
		fl_column_bytes(&query, 1, hash, sizeof(hash));
		if (query.sqlite_code)
			return fl_store_nomem(err);
		if ((code = fl_content_index_add(&store->contents, hash, id, err)))
			return code;
	}
	return code == FL_ENOTFOUND ? FL_OK : code;
}

/* FL_ENOTFOUND where row @p id holds something else. XXH3 is no cryptographic hash: two dumps made
 * to collide must stay two, so after the stored hash the bytes themselves are compared. */
static enum fl_code
compare(struct fl_store *store, int64_t id, struct content *content, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_CONTENT_READ);
	fl_bind_int(&query, 1, id);
	enum fl_code code = fl_query_row(&query, err);
	if (code)
		return code;
	uint8_t hash[16] = { 0 };
	fl_column_bytes(&query, 0, hash, sizeof(hash));
	if (memcmp(hash, content->hash, sizeof(hash)) ||
	    fl_column_int(&query, 1) != (int64_t)content->size)
		return FL_ENOTFOUND;
	FL_AUTO_BUFFER bytes = { 0 };
	content->pruned = fl_column_int(&query, 3);
	if (content->pruned)
		return FL_OK; /* hash and size are all there is */
	size_t packed_size;
	const void *packed = fl_column_blob(&query, 2, &packed_size);
	if (query.sqlite_code)
		return fl_store_nomem(err);
	code = fl_blob_unpack(store, packed, packed_size, (int64_t)content->size, &bytes, err);
	if (code == FL_ENOMEM)
		return code;
	if (code || memcmp(bytes.data, content->bytes, content->size))
		return FL_ENOTFOUND; /* a damaged row is not the same either: keep the good bytes */
	return FL_OK;
}

static enum fl_code
find_content(struct fl_store *store, struct content *content, struct fl_error *err)
{
	enum fl_code code = catch_up(store, err);
	size_t cursor = 0;
	int64_t id;
	while (!code && (id = fl_content_index_next(&store->contents, content->hash, &cursor))) {
		code = compare(store, id, content, err);
		if (!code) {
			content->id = id;
			return FL_OK;
		}
		if (code == FL_ENOTFOUND)
			code = FL_OK;
	}
	return code;
}

static enum fl_code
add_content(struct fl_store *store, struct content *content, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_CONTENT_ADD);
	fl_bind_blob(&query, 1, content->hash, sizeof(content->hash));
	fl_bind_int(&query, 2, (int64_t)content->size);
	fl_bind_blob(&query, 3, content->packed.data, content->packed.size);
	enum fl_code code = fl_query_row(&query, err);
	if (!code)
		content->id = fl_column_int(&query, 0);
	return code;
}

/* Bytes that were let go came once more, with a dump that is to be analysed. */
static enum fl_code
restore_content(struct fl_store *store, const struct content *content, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_CONTENT_RESTORE);
	fl_bind_int(&query, 1, content->id);
	fl_bind_blob(&query, 2, content->packed.data, content->packed.size);
	return fl_query_run(&query, err);
}

static enum fl_code
keep_content(struct fl_store *store, struct content *content, struct fl_error *err)
{
	if (!content->id)
		return add_content(store, content, err);
	return content->pruned ? restore_content(store, content, err) : FL_OK;
}

/* 0 where this is no duplicate: unknown devices are not one device. */
static enum fl_code find_duplicate(struct fl_store *store, int64_t content_id, int64_t device_id,
				   const char *upload_id, enum fl_report_kind kind, int64_t *ret,
				   struct fl_error *err)
{
	*ret = 0;
	if (!content_id || (!device_id && !upload_id))
		return FL_OK;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_DUMP_DUPLICATE);
	fl_bind_int(&query, 1, content_id);
	fl_bind_id(&query, 2, device_id);
	fl_bind_text(&query, 3, upload_id);
	fl_bind_int(&query, 4, kind);
	enum fl_code code = fl_query_row(&query, err);
	if (!code)
		*ret = fl_column_int(&query, 0);
	return code == FL_ENOTFOUND ? FL_OK : code;
}

static enum fl_code count_duplicate(struct fl_store *store, int64_t dump_id, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_DUMP_COUNT_DUPLICATES);
	fl_bind_int(&query, 1, dump_id);
	return fl_query_run(&query, err);
}

/* --- devices --- */

/* What the upload changes in its device's row. 0 = nothing. */
struct visit {
	struct fl_device_news news;
	int64_t turn;
	bool rated;
	int64_t rate_from, rate_count;
	bool limited;
};

static enum fl_code
put_visit(struct fl_store *store, const struct visit *visit, struct fl_error *err)
{
	if (!visit->news.device_id)
		return FL_OK;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_DEVICE_SEEN);
	fl_device_bind(&query, &visit->news, true);
	fl_bind_int(&query, 6, visit->turn);
	fl_bind_int_or_null(&query, 7, visit->rate_from, visit->rated);
	fl_bind_int_or_null(&query, 8, visit->rate_count, visit->rated);
	fl_bind_int(&query, 9, visit->limited);
	return fl_query_run(&query, err);
}

enum { RATE_SECONDS = 3600 };

/*
 * Windows that begin with the first upload in them. What is a little older than the window counts
 * in it (two deliveries at once do not come in order); what is much older is an import and has a
 * window of its own.
 */
static bool in_window(int64_t at, int64_t from, int64_t seconds)
{
	int64_t since;
	return !__builtin_sub_overflow(at, from, &since) && since >= -seconds && since < seconds;
}

static enum fl_code rate(struct fl_store *store, struct visit *visit, struct fl_error *err)
{
	const struct fl_store_policy *policy = &store->policy;
	if (!policy->device_rate || !visit->news.device_id)
		return FL_OK;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_DEVICE_RATE);
	fl_bind_int(&query, 1, visit->news.device_id);
	enum fl_code code = fl_query_row(&query, err);
	if (code)
		return code;
	visit->rate_from = fl_column_int(&query, 0);
	visit->rate_count = fl_column_int(&query, 1);
	uint32_t seconds = policy->device_rate_seconds;
	if (!in_window(visit->news.at, visit->rate_from, seconds ? seconds : RATE_SECONDS)) {
		visit->rate_from = visit->news.at;
		visit->rate_count = 0;
	}
	visit->limited = visit->rate_count >= policy->device_rate;
	visit->rate_count += !visit->limited;
	visit->rated = true;
	return FL_OK;
}

/* --- the row --- */

static enum fl_code add_dump(struct fl_store *store, const struct fl_upload *upload,
			     const struct upload_text *text, int64_t content_id,
			     struct visit *visit, int64_t *ret, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_DUMP_ADD);
	fl_bind_int(&query, 1, content_id);
	fl_bind_int(&query, 2, upload->received_at);
	fl_bind_int(&query, 3, upload->received_at_is_mtime);
	fl_bind_id(&query, 4, visit->news.device_id);
	fl_bind_id(&query, 5, visit->news.version_id);
	fl_bind_text(&query, 6, text->hardware_version);
	fl_bind_text(&query, 7, text->upload_id);
	fl_bind_text(&query, 8, text->source ? text->source : "");
	fl_bind_int(&query, 9, upload->kind);
	enum fl_code code = fl_query_row(&query, err);
	if (code)
		return code;
	*ret = fl_column_int(&query, 0);
	visit->turn = fl_column_int(&query, 1);
	return FL_OK;
}

static enum fl_code put_new(struct fl_store *store, const struct fl_upload *upload,
			    const struct upload_text *text, struct content *content,
			    struct visit *visit, struct fl_enqueued *ret, struct fl_error *err)
{
	enum fl_code code = rate(store, visit, err);
	if (code)
		return code;
	ret->limited = visit->limited;
	if (visit->limited)
		return FL_OK;
	if ((code = keep_content(store, content, err)))
		return code;
	return add_dump(store, upload, text, content->id, visit, &ret->dump_id, err);
}

static enum fl_code put(struct fl_store *store, const struct fl_upload *upload,
			const struct upload_text *text, struct content *content,
			struct fl_enqueued *ret, struct fl_error *err)
{
	struct visit visit = { .news = { .at = upload->received_at,
					 .hardware_version = text->hardware_version } };
	int64_t duplicate_of;
	enum fl_code code;
	if ((code = find_content(store, content, err)) ||
	    (code = fl_device_id(store, text->device, text->cohort, &visit.news.device_id, err)) ||
	    (code = fl_version_id(store, text->software_type, text->software_version,
				  &visit.news.version_id, err)) ||
	    (code = find_duplicate(store, content->id, visit.news.device_id, text->upload_id,
				   upload->kind, &duplicate_of, err)))
		return code;
	if (duplicate_of) {
		*ret = (struct fl_enqueued){ .dump_id = duplicate_of, .duplicate = true };
		code = count_duplicate(store, duplicate_of, err);
	} else {
		code = put_new(store, upload, text, content, &visit, ret, err);
	}
	return code ? code : put_visit(store, &visit, err);
}

enum fl_code fl_store_enqueue(struct fl_store *store, const struct fl_upload *upload,
			      struct fl_enqueued *ret, struct fl_error *err)
{
	__attribute__((__cleanup__(upload_text_deinit))) struct upload_text text = { 0 };
	__attribute__((__cleanup__(content_deinit))) struct content content = { 0 };
	FL_AUTO_TRANSACTION transaction = { 0 };
	struct fl_enqueued enqueued = { 0 };
	enum fl_code code;
	if ((code = upload_text_init(&text, upload, err)) ||
	    (code = content_init(store, &content, upload, err)) ||
	    (code = fl_begin(store, &transaction, err)) ||
	    (code = put(store, upload, &text, &content, &enqueued, err)) ||
	    (code = fl_commit(&transaction, err)))
		return code;
	*ret = enqueued;
	return FL_OK;
}
