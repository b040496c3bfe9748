/* SPDX-License-Identifier: Apache-2.0 */
/* What is half here, and what became of every byte. */
#include "store/internal.h"

#include <string.h>

/* --- half-received messages --- */

enum fl_code fl_store_partial(struct fl_store *store, const char *device, struct fl_buffer *ret,
			      struct fl_error *err)
{
	struct fl_buffer state = { 0 };
	FL_AUTO_TEXT serial = NULL;
	enum fl_code code = fl_text_clean(device, "the device", &serial, err);
	if (code)
		return code;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_PARTIAL_GET);
	fl_bind_text(&query, 1, serial);
	code = fl_query_row(&query, err);
	if (code && code != FL_ENOTFOUND)
		return code;
	if (!code) {
		size_t size;
		const void *bytes = fl_column_blob(&query, 0, &size);
		if (query.sqlite_code || (size && !(state.data = malloc(size))))
			return fl_store_nomem(err);
		if (size)
			memcpy(state.data, bytes, size);
		state.size = size;
	}
	*ret = state;
	return FL_OK;
}

static enum fl_code delete_partial(struct fl_store *store, int64_t device_id, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_PARTIAL_DELETE);
	fl_bind_int(&query, 1, device_id);
	return fl_query_run(&query, err);
}

static enum fl_code put_partial(struct fl_store *store, int64_t device_id, const void *bytes,
				size_t size, uint64_t pending, int64_t now, struct fl_error *err)
{
	if (!size)
		return delete_partial(store, device_id, err);
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_PARTIAL_PUT);
	fl_bind_int(&query, 1, device_id);
	fl_bind_blob(&query, 2, bytes, size);
	fl_bind_int(&query, 3, (int64_t)pending);
	fl_bind_int(&query, 4, now);
	return fl_query_run(&query, err);
}

enum fl_code fl_store_put_partial(struct fl_store *store, const char *device, const void *bytes,
				  size_t size, uint64_t pending, int64_t now, struct fl_error *err)
{
	FL_AUTO_TEXT serial = NULL;
	FL_AUTO_TRANSACTION transaction = { 0 };
	struct fl_device_news news = { .at = now };
	enum fl_code code = fl_text_clean(device, "the device", &serial, err);
	if (!code && !serial)
		code = fl_fail(err, FL_EINVALID, FL_AT_NONE, 0,
			       "half a message of an unknown device cannot be completed");
	if (!code && pending > INT64_MAX)
		code = fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "more bytes than there can be");
	if (code || (code = fl_begin(store, &transaction, err)) ||
	    (code = fl_device_id(store, serial, NULL, &news.device_id, err)) ||
	    (code = put_partial(store, news.device_id, bytes, size, pending, now, err)) ||
	    (code = fl_device_seen(store, &news, err)))
		return code;
	return fl_commit(&transaction, err);
}

/* --- what became of every byte --- */

static enum fl_code add_count(struct fl_store *store, int64_t device_id, const char *name,
			      uint64_t events, uint64_t bytes, struct fl_error *err)
{
	if (!events && !bytes)
		return FL_OK;
	if (events > INT64_MAX || bytes > INT64_MAX)
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "more %s than there can be", name);
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_TRANSPORT_ADD);
	fl_bind_int(&query, 1, device_id);
	fl_bind_text(&query, 2, name);
	fl_bind_int(&query, 3, (int64_t)events);
	fl_bind_int(&query, 4, (int64_t)bytes);
	return fl_query_run(&query, err);
}

static enum fl_code add_counts(struct fl_store *store, int64_t device_id,
			       const struct fl_transport_counts *counts, struct fl_error *err)
{
	enum fl_code code;
	if ((code = add_count(store, device_id, "chunks", counts->chunks, counts->bytes, err)) ||
	    (code = add_count(store, device_id, "overhead", 0, counts->overhead, err)) ||
	    (code = add_count(store, device_id, "messages", counts->messages, counts->message_bytes,
			      err)))
		return code;
	for (int i = 0; i < FL_DROP_COUNT && !code; i++)
		code = add_count(store, device_id, fl_drop_name((enum fl_drop)i),
				 counts->drops[i].events, counts->drops[i].bytes, err);
	return code;
}

enum fl_code fl_store_count_transport(struct fl_store *store, const char *device,
				      const struct fl_transport_counts *counts,
				      struct fl_error *err)
{
	FL_AUTO_TEXT serial = NULL;
	FL_AUTO_TRANSACTION transaction = { 0 };
	int64_t device_id;
	enum fl_code code;
	if ((code = fl_text_clean(device, "the device", &serial, err)) ||
	    (code = fl_begin(store, &transaction, err)) ||
	    (code = fl_device_id(store, serial, NULL, &device_id, err)) ||
	    (code = add_counts(store, device_id, counts, err)))
		return code;
	return fl_commit(&transaction, err);
}

/* A name that a newer program counted is not ours to show. */
static void
take_count(struct fl_transport_counts *counts, const char *name, uint64_t events, uint64_t bytes)
{
	if (!strcmp(name, "chunks")) {
		counts->chunks = events;
		counts->bytes = bytes;
	} else if (!strcmp(name, "overhead")) {
		counts->overhead = bytes;
	} else if (!strcmp(name, "messages")) {
		counts->messages = events;
		counts->message_bytes = bytes;
	}
	for (int i = 0; i < FL_DROP_COUNT; i++)
		if (!strcmp(name, fl_drop_name((enum fl_drop)i))) {
			counts->drops[i].events = events;
			counts->drops[i].bytes = bytes;
		}
}

enum fl_code fl_store_transport_counts(struct fl_store *store, const char *device,
				       struct fl_transport_counts *ret, struct fl_error *err)
{
	struct fl_transport_counts counts = { 0 };
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_TRANSPORT_SUM);
	fl_bind_text(&query, 1, device);
	enum fl_code code;
	while (!(code = fl_query_row(&query, err))) {
		const char *name = fl_column_text(&query, 0);
		if (query.sqlite_code)
			return fl_store_nomem(err);
		take_count(&counts, name ? name : "", (uint64_t)fl_column_int(&query, 1),
			   (uint64_t)fl_column_int(&query, 2));
	}
	if (code != FL_ENOTFOUND)
		return code;
	*ret = counts;
	return FL_OK;
}

/* --- expiry --- */

struct expired {
	int64_t device_id;
	uint64_t messages, bytes;
};

/* The state knows how many messages it holds; one that cannot be read counts as one. */
static enum fl_code
count_messages(const void *state, size_t size, struct expired *expired, struct fl_error *err)
{
	FL_AUTO(fl_stream) stream = NULL;
	struct fl_transport_counts counts = { 0 };
	enum fl_code code = fl_stream_restore(state, size, 0, &stream, err);
	if (code == FL_ENOMEM)
		return code;
	if (!code)
		fl_stream_drop(stream, FL_DROP_EXPIRED, &counts);
	expired->messages = counts.drops[FL_DROP_EXPIRED].events;
	if (!expired->messages)
		expired->messages = 1;
	return FL_OK;
}

/* The next to go; FL_ENOTFOUND: none. */
static enum fl_code
next_expired(struct fl_store *store, int64_t before, struct expired *ret, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_PARTIALS_EXPIRED);
	fl_bind_int(&query, 1, before);
	enum fl_code code = fl_query_row(&query, err);
	if (code)
		return code;
	size_t size;
	const void *state = fl_column_blob(&query, 1, &size);
	if (query.sqlite_code)
		return fl_store_nomem(err);
	ret->device_id = fl_column_int(&query, 0);
	ret->bytes = (uint64_t)fl_column_int(&query, 2);
	return count_messages(state, size, ret, err);
}

enum fl_code fl_store_expire_partials(struct fl_store *store, int64_t before, uint64_t *count_ret,
				      uint64_t *bytes_ret, struct fl_error *err)
{
	uint64_t count = 0;
	uint64_t bytes = 0;
	struct expired expired = { 0 };
	FL_AUTO_TRANSACTION transaction = { 0 };
	enum fl_code code = fl_begin(store, &transaction, err);
	while (!code && !(code = next_expired(store, before, &expired, err))) {
		count++;
		bytes += expired.bytes;
		code = add_count(store, expired.device_id, fl_drop_name(FL_DROP_EXPIRED),
				 expired.messages, expired.bytes, err);
		if (!code)
			code = delete_partial(store, expired.device_id, err);
	}
	if (code != FL_ENOTFOUND || (code = fl_commit(&transaction, err)))
		return code;
	*count_ret = count;
	*bytes_ret = bytes;
	return FL_OK;
}
