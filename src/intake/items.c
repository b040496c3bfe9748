/* SPDX-License-Identifier: Apache-2.0 */
/* Messages are opened, and each of their items goes where it belongs. */
#include "intake/internal.h"

#include <stdio.h>
#include <string.h>

enum { UPLOAD_ID_KEPT = 200 };

/* Who an item is from: what the delivery says, else what the item says. */
static const char *device_of(const struct fl_batch *batch, const struct fl_item *item)
{
	const char *serial = batch->delivery->devices.items[batch->entry->device].serial;
	return serial ? serial : item->device;
}

static const char *first(const char *a, const char *b)
{
	return a && a[0] ? a : b;
}

static enum fl_report_kind kind_of(enum fl_item_kind kind)
{
	return kind == FL_ITEM_REBOOT  ? FL_REPORT_REBOOT
	       : kind == FL_ITEM_TRACE ? FL_REPORT_TRACE
				       : FL_REPORT_DUMP;
}

void fl_batch_refuse(struct fl_batch *batch, const char *why)
{
	if (!batch->summary.refused++)
		snprintf(batch->summary.refused_why, sizeof(batch->summary.refused_why), "%s", why);
}

/* What is wrong with one item does not keep out the others. */
static enum fl_code forgive(struct fl_batch *batch, enum fl_code code, const struct fl_error *cause,
			    struct fl_error *err)
{
	if (code != FL_EINVALID && code != FL_ELIMIT && code != FL_EFORMAT)
		return fl_fail(err, code, cause->at_kind, cause->at, "%s", cause->message);
	fl_batch_refuse(batch, cause->message);
	return FL_OK;
}

/* Alike events in one message happened as often as they are there: the second is no repetition. */
static const char *
upload_id_of(const struct fl_batch *batch, const char *device, size_t alike, char *buf, size_t size)
{
	const struct fl_delivery_options *options = &batch->delivery->options;
	const char *id = first(options->upload_id, device ? NULL : options->upload_id_if_unknown);
	if (!alike || (!device && !id))
		return id;
	snprintf(buf, size, "%.*s+%zu", UPLOAD_ID_KEPT, id ? id : "", alike);
	return buf;
}

static enum fl_code enqueue(struct fl_batch *batch, const struct fl_item *item, size_t alike,
			    bool *duplicate_ret, struct fl_error *err)
{
	const struct fl_delivery_options *options = &batch->delivery->options;
	const char *device = device_of(batch, item);
	char id[UPLOAD_ID_KEPT + 24];
	const struct fl_upload upload = {
		.bytes = item->bytes,
		.size = item->size,
		.source = options->source,
		.device = device,
		.upload_id = upload_id_of(batch, device, alike, id, sizeof(id)),
		.software_type = options->software_type,
		.software_version = options->software_version,
		.hardware_version = options->hardware_version,
		.cohort = options->cohort,
		.received_at = batch->entry->received_at,
		.received_at_is_mtime = batch->entry->received_at_is_mtime,
		.kind = kind_of(item->kind),
	};
	struct fl_enqueued enqueued = { 0 };
	struct fl_error cause = { 0 };
	enum fl_code code = fl_store_enqueue(options->store, &upload, &enqueued, &cause);
	if (code)
		return forgive(batch, code, &cause, err);
	*duplicate_ret = enqueued.duplicate;
	batch->summary.limited += enqueued.limited;
	batch->summary.queued += !enqueued.duplicate && !enqueued.limited;
	return FL_OK;
}

static enum fl_code keep(struct fl_batch *batch, const char *kind, const struct fl_item *item,
			 bool *duplicate_ret, struct fl_error *err)
{
	const struct fl_delivery_options *options = &batch->delivery->options;
	const struct fl_kept kept = {
		.kind = kind,
		.bytes = item->bytes,
		.size = item->size,
		.text = item->text,
		.device = device_of(batch, item),
		.software_type = first(item->software_type, options->software_type),
		.software_version = first(item->software_version, options->software_version),
		.hardware_version = first(item->hardware_version, options->hardware_version),
		.cohort = options->cohort,
		.source = options->source,
		.received_at = batch->entry->received_at,
		.has_captured_at = item->has_captured_at,
		.captured_at = item->captured_at,
	};
	struct fl_error cause = { 0 };
	enum fl_code code = fl_store_keep(options->store, &kept, duplicate_ret, &cause);
	if (code)
		return forgive(batch, code, &cause, err);
	batch->summary.kept += !*duplicate_ret;
	return FL_OK;
}

static bool goes_to_the_queue(enum fl_item_kind kind)
{
	return kind == FL_ITEM_COREDUMP || kind == FL_ITEM_REBOOT || kind == FL_ITEM_TRACE;
}

static enum fl_code take(struct fl_batch *batch, const struct fl_item *item, size_t alike,
			 bool *duplicate_ret, struct fl_error *err)
{
	*duplicate_ret = false;
	enum fl_code code =
		goes_to_the_queue(item->kind)
			? enqueue(batch, item, alike, duplicate_ret, err)
			: keep(batch, fl_item_name(item->kind), item, duplicate_ret, err);
	if (code)
		return code;
	batch->items++;
	batch->summary.items[item->kind]++;
	batch->summary.duplicate_items += *duplicate_ret;
	return FL_OK;
}

enum fl_code
fl_batch_dump(struct fl_batch *batch, const void *bytes, size_t size, struct fl_error *err)
{
	const struct fl_item item = { .kind = FL_ITEM_COREDUMP, .bytes = bytes, .size = size };
	bool duplicate;
	enum fl_code code = take(batch, &item, 0, &duplicate, err);
	if (code)
		return code;
	batch->summary.dumps++;
	batch->summary.duplicates += duplicate;
	return FL_OK;
}

static enum fl_code
keep_corrupt(struct fl_batch *batch, const struct fl_stream_message *message, struct fl_error *err)
{
	const struct fl_item item = {
		.bytes = message->bytes,
		.size = message->size,
		.text = "the CRC does not fit: damaged, or chunks in the wrong order",
	};
	bool duplicate = false;
	enum fl_code code = keep(batch, "corrupt", &item, &duplicate, err);
	batch->items++;
	batch->summary.duplicate_items += duplicate;
	return code;
}

static size_t alike_before(const struct fl_item *items, size_t index)
{
	size_t count = 0;
	for (size_t i = 0; i < index; i++)
		count += items[i].size == items[index].size &&
			 !memcmp(items[i].bytes, items[index].bytes, items[i].size);
	return count;
}

enum fl_code
fl_batch_message(void *context, const struct fl_stream_message *message, struct fl_error *err)
{
	struct fl_batch *batch = context;
	FL_AUTO(fl_message) opened = NULL;
	batch->summary.corrupt += !message->intact;
	if (!message->intact && !batch->delivery->options.accept_damaged)
		return keep_corrupt(batch, message, err);
	enum fl_code code = fl_message_open(message->bytes, message->size, &opened, err);
	if (code)
		return code;
	size_t count;
	const struct fl_item *items = fl_message_items(opened, &count);
	size_t duplicates = 0;
	for (size_t i = 0; !code && i < count; i++) {
		bool duplicate;
		code = take(batch, &items[i], alike_before(items, i), &duplicate, err);
		duplicates += duplicate;
	}
	batch->summary.duplicates += count && duplicates == count;
	return code;
}
