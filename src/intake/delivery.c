/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes go through the reader of their carrier into a queue, and from there into batches. */
#include "intake/internal.h"

#include <faultline/event.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static enum fl_code no_memory(struct fl_error *err)
{
	return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory");
}

enum fl_code fl_delivery_open(const struct fl_delivery_options *options, struct fl_delivery **ret,
			      struct fl_error *err)
{
	if (!options->store)
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "a delivery without a store");
	FL_AUTO(fl_delivery) delivery = calloc(1, sizeof(*delivery));
	if (!delivery)
		return no_memory(err);
	delivery->options = *options;
	delivery->locks.fd = -1;
	enum fl_code code = fl_device_locks_init(&delivery->locks, options->lock_path,
						 options->wait_seconds, err);
	if (!code)
		code = fl_delivery_devices_init(&delivery->devices, err);
	if (!code)
		*ret = fl_delivery_take(&delivery);
	return code;
}

void fl_delivery_close(struct fl_delivery *delivery)
{
	if (!delivery)
		return;
	fl_device_locks_deinit(&delivery->locks);
	fl_delivery_devices_deinit(&delivery->devices);
	fl_pile_deinit(&delivery->head);
	fl_carrier_reader_close(delivery->reader);
	fl_export_reader_close(delivery->export_reader);
	fl_pile_deinit(&delivery->queue.bytes);
	free(delivery->queue.entries);
	fl_buffer_deinit(&delivery->unknown_state);
	free(delivery);
}

/* --- the queue --- */

static enum fl_code make_room(struct fl_queue *queue, struct fl_error *err)
{
	if (queue->count < queue->room)
		return FL_OK;
	size_t room = queue->room ? queue->room * 2 : 64;
	struct fl_entry *grown = reallocarray(queue->entries, room, sizeof(*grown));
	if (!grown)
		return no_memory(err);
	queue->entries = grown;
	queue->room = room;
	return FL_OK;
}

/* --- the order of an export --- */

static void note_order(struct fl_order *order, struct fl_delivery_device *device,
		       const struct fl_exported *item)
{
	order->untimed |= !item->has_time;
	if (item->has_time && device->has_time) {
		order->back += item->time < device->time;
		order->on += item->time > device->time;
	}
	device->has_time = item->has_time;
	device->time = item->time;
}

/* Clouds list their events newest first; chunks have to be taken in as they were sent. */
static bool is_newest_first(const struct fl_delivery *delivery)
{
	const struct fl_order *order = &delivery->order;
	return delivery->carrier == FL_CARRIER_JSON && order->back && !order->on &&
	       !order->untimed && !order->begun;
}

static bool is_full(const struct fl_delivery *delivery)
{
	const struct fl_queue *queue = &delivery->queue;
	if (delivery->options.is_request)
		return false;
	if (is_newest_first(delivery))
		return queue->count >= FL_HELD_ENTRIES || queue->bytes.size >= FL_HELD_BYTES;
	return queue->count >= FL_QUEUE_ENTRIES || queue->bytes.size >= FL_QUEUE_BYTES;
}

/* The whole export is in the queue. Events of one second are turned round like all others. */
static void turn_round(struct fl_delivery *delivery)
{
	struct fl_queue *queue = &delivery->queue;
	for (size_t i = 0, j = queue->count; i + 1 < j; i++) {
		struct fl_entry entry = queue->entries[i];
		queue->entries[i] = queue->entries[--j];
		queue->entries[j] = entry;
	}
	delivery->summary.turned++;
}

static enum fl_code
add_entry(struct fl_delivery *delivery, const struct fl_exported *item, struct fl_error *err)
{
	struct fl_queue *queue = &delivery->queue;
	const struct fl_delivery_options *options = &delivery->options;
	if (options->is_request && options->device && item->device &&
	    strcmp(options->device, item->device) != 0)
		return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0,
			       "the body names device '%.60s', but it came from '%.60s'",
			       item->device, options->device);
	bool has_time = item->has_time && !options->received_at_is_said;
	struct fl_entry entry = {
		.offset = queue->bytes.size,
		.size = item->size,
		.received_at = has_time ? item->time : options->received_at,
		.received_at_is_mtime = !has_time && options->received_at_is_mtime,
	};
	enum fl_code code;
	if ((code = fl_delivery_devices_find(&delivery->devices,
					     item->device ? item->device : options->device,
					     &entry.device, err)) ||
	    (code = make_room(queue, err)) ||
	    (code = fl_pile_add(&queue->bytes, item->bytes, item->size, err)))
		return code;
	queue->entries[queue->count++] = entry;
	note_order(&delivery->order, &delivery->devices.items[entry.device], item);
	return is_full(delivery) ? fl_delivery_commit(delivery, err) : FL_OK;
}

static enum fl_code on_exported(void *context, const struct fl_exported *item, struct fl_error *err)
{
	return add_entry(context, item, err);
}

static enum fl_code on_item(void *context, const void *bytes, size_t size, struct fl_error *err)
{
	const struct fl_exported item = { .bytes = bytes, .size = size };
	return add_entry(context, &item, err);
}

/* --- the carrier --- */

static bool is_event(const struct fl_pile *head)
{
	FL_AUTO(fl_event) event = NULL;
	enum { MAP_FIRST = 0xa2, MAP_LAST = 0xbf }; /* RFC 8949, section 3.1 */
	return head->size && head->data[0] >= MAP_FIRST && head->data[0] <= MAP_LAST &&
	       fl_event_open(head->data, head->size, &event, NULL) == FL_OK;
}

static enum fl_code refuse(const struct fl_delivery *delivery, struct fl_error *err)
{
	const struct fl_pile *head = &delivery->head;
	enum fl_carrier carrier = delivery->carrier;
	const char *words =
		is_event(head)
			? "is an event as 'faultline traces export' writes it, which a chunk "
			  "would carry as a message: a bare event is not taken in"
		: carrier == FL_CARRIER_ELF ? "is an ELF file: 'faultline symbols add' takes it"
		: carrier == FL_CARRIER_OTHER_DUMP
			? "is a dump of another system, which is not read"
			: "nothing in it is recognised: no dump, chunk, serial log with MC: items, "
			  "base64, multipart body, CHNK spool or JSON export";
	return fl_fail(err, FL_EUNSUPPORTED, FL_AT_NONE, 0, "%s", words);
}

static enum fl_code open_reader(struct fl_delivery *delivery, struct fl_error *err)
{
	switch (delivery->carrier) {
	case FL_CARRIER_JSON:
	case FL_CARRIER_SSE:
		return fl_export_reader_open(delivery->carrier, &delivery->options.fields,
					     &delivery->export_reader, err);
	case FL_CARRIER_DUMP:
	case FL_CARRIER_CHUNK:
	case FL_CARRIER_LOG:
	case FL_CARRIER_BASE64:
	case FL_CARRIER_SPOOL:
	case FL_CARRIER_MULTIPART:
		return fl_carrier_reader_open(delivery->carrier, delivery->options.boundary,
					      &delivery->reader, err);
	case FL_CARRIER_UNKNOWN:
	case FL_CARRIER_ELF:
	case FL_CARRIER_OTHER_DUMP:
	case FL_CARRIER_COUNT:
		break;
	}
	return refuse(delivery, err);
}

static enum fl_code
read_bytes(struct fl_delivery *delivery, const void *bytes, size_t size, struct fl_error *err)
{
	struct fl_intake_summary *summary = &delivery->summary;
	summary->bytes += size;
	if (delivery->export_reader)
		return fl_export_reader_feed(delivery->export_reader, bytes, size, on_exported,
					     delivery, &summary->carrier, &summary->events, err);
	return fl_carrier_reader_feed(delivery->reader, bytes, size, on_item, delivery,
				      &summary->carrier, err);
}

static bool is_known(const struct fl_delivery *delivery)
{
	return delivery->reader || delivery->export_reader;
}

/* @p whole: these are all the bytes there are. */
static enum fl_code begin(struct fl_delivery *delivery, bool whole, struct fl_error *err)
{
	const struct fl_delivery_options *options = &delivery->options;
	struct fl_pile head = delivery->head;
	delivery->carrier = options->carrier;
	if (delivery->carrier == FL_CARRIER_UNKNOWN)
		delivery->carrier = fl_carrier_sniff(head.data, head.size,
						     whole               ? head.size
						     : options->has_size ? options->size
									 : UINT64_MAX);
	enum fl_code code = open_reader(delivery, err);
	if (code)
		return code;
	delivery->head = (struct fl_pile){ 0 };
	if (head.size)
		code = read_bytes(delivery, head.data, head.size, err);
	fl_pile_deinit(&head);
	return code;
}

enum fl_code
fl_delivery_feed(struct fl_delivery *delivery, const void *bytes, size_t size, struct fl_error *err)
{
	delivery->fed += size;
	if (is_known(delivery))
		return read_bytes(delivery, bytes, size, err);
	enum fl_code code = fl_pile_add(&delivery->head, bytes, size, err);
	if (code)
		return code;
	bool enough = delivery->options.carrier != FL_CARRIER_UNKNOWN ||
		      delivery->head.size >= FL_SNIFF_SIZE;
	return enough ? begin(delivery, false, err) : FL_OK;
}

enum fl_code fl_delivery_flush(struct fl_delivery *delivery, struct fl_error *err)
{
	enum fl_code code = fl_delivery_commit(delivery, err);
	fl_device_locks_release(&delivery->locks);
	return code;
}

/* --- the end --- */

/* What an unknown device left half-received is nobody's to complete. */
static enum fl_code drop_unknown(struct fl_delivery *delivery, struct fl_error *err)
{
	FL_AUTO(fl_stream) stream = NULL;
	struct fl_transport_counts counts = { 0 };
	const struct fl_buffer *state = &delivery->unknown_state;
	if (!state->size)
		return FL_OK;
	enum fl_code code = fl_stream_restore(state->data, state->size, 0, &stream, err);
	if (code)
		return code;
	uint64_t pending = fl_stream_pending(stream, NULL);
	fl_stream_drop(stream, FL_DROP_SHORT, &counts);
	code = fl_store_count_transport(delivery->options.store, NULL, &counts, err);
	if (code)
		return code;
	delivery->summary.unknown_incomplete += counts.drops[FL_DROP_SHORT].events;
	delivery->summary.unknown_incomplete_bytes += pending;
	fl_transport_counts_add(&delivery->summary.transport, &counts);
	return FL_OK;
}

static void sum_up(struct fl_delivery *delivery)
{
	struct fl_intake_summary *summary = &delivery->summary;
	for (size_t i = 1; i < delivery->devices.count; i++) {
		const struct fl_delivery_device *device = &delivery->devices.items[i];
		summary->incomplete += device->pending > 0;
		summary->incomplete_bytes += device->pending;
		summary->incomplete_expected += device->pending ? device->expected : 0;
	}
}

static enum fl_code end_reader(struct fl_delivery *delivery, struct fl_error *err)
{
	struct fl_intake_summary *summary = &delivery->summary;
	if (delivery->export_reader)
		return fl_export_reader_end(delivery->export_reader, on_exported, delivery,
					    &summary->carrier, &summary->events, err);
	return fl_carrier_reader_end(delivery->reader, on_item, delivery, &summary->carrier, err);
}

/* The damage of a serial log is older than the request: to send it again would mend nothing. */
static enum fl_code judge_request(const struct fl_delivery *delivery, struct fl_error *err)
{
	const struct fl_carrier_counts *counts = &delivery->summary.carrier;
	if (!delivery->options.is_request || !counts->items || delivery->carrier == FL_CARRIER_LOG)
		return FL_OK;
	if (counts->damaged)
		return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0,
			       "%" PRIu64 " of %" PRIu64
			       " chunks in the body are damaged or cut: none was taken",
			       counts->damaged, counts->items + counts->damaged);
	if (counts->doubts)
		return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0,
			       "the multipart body is cut: no closing delimiter, or a part without "
			       "its Content-Length: no chunk was taken");
	return FL_OK;
}

enum fl_code fl_delivery_end(struct fl_delivery *delivery, struct fl_error *err)
{
	enum fl_code code = FL_OK;
	if (!delivery->fed)
		return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0, "is empty");
	if (!is_known(delivery))
		code = begin(delivery, true, err);
	if (!code)
		code = end_reader(delivery, err);
	if (!code)
		code = judge_request(delivery, err);
	if (!code && is_newest_first(delivery))
		turn_round(delivery);
	else
		delivery->summary.backwards = delivery->order.back;
	bool nothing = delivery->options.is_request && !delivery->queue.count;
	if (!code && !nothing)
		code = fl_delivery_commit(delivery, err);
	if (!code)
		code = drop_unknown(delivery, err);
	fl_device_locks_release(&delivery->locks);
	if (!code)
		sum_up(delivery);
	return code;
}

const struct fl_intake_summary *fl_delivery_summary(const struct fl_delivery *delivery)
{
	return &delivery->summary;
}

bool fl_delivery_is_busy(const struct fl_delivery *delivery)
{
	return delivery->locks.busy;
}

enum fl_carrier fl_delivery_carrier(const struct fl_delivery *delivery)
{
	return delivery->carrier;
}
