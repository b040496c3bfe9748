/* SPDX-License-Identifier: Apache-2.0 */
/* What waits in the queue of a delivery becomes transactions. */
#include "intake/internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static void batch_deinit(struct fl_batch *batch)
{
	struct fl_delivery *delivery = batch->delivery;
	fl_store_batch_abandon(delivery->options.store);
	for (size_t i = 0; i < batch->active_count; i++) {
		fl_stream_close(batch->active[i].stream);
		delivery->devices.items[batch->active[i].device].active = 0;
	}
	free(batch->active);
}

#define BATCH_AUTO __attribute__((__cleanup__(batch_deinit))) struct fl_batch

/* The state that the last batch left; in an unknown device's case the last of this delivery. */
static enum fl_code
restore(struct fl_batch *batch, size_t device, struct fl_active *ret, struct fl_error *err)
{
	struct fl_delivery *delivery = batch->delivery;
	FL_AUTO_BUFFER state = { 0 };
	const struct fl_buffer *from = &delivery->unknown_state;
	if (device) {
		enum fl_code code =
			fl_store_partial(delivery->options.store,
					 delivery->devices.items[device].serial, &state, err);
		if (code)
			return code;
		from = &state;
	}
	ret->had_state = from->size > 0;
	enum fl_code code = fl_stream_restore(from->data, from->size, 0, &ret->stream, err);
	if (code != FL_EFORMAT)
		return code;
	batch->summary.lost_states++;
	return fl_stream_open(0, &ret->stream, err);
}

static enum fl_code
activate(struct fl_batch *batch, size_t device, struct fl_active **ret, struct fl_error *err)
{
	struct fl_delivery_device *entry = &batch->delivery->devices.items[device];
	if (!entry->active) {
		struct fl_active *grown =
			reallocarray(batch->active, batch->active_count + 1, sizeof(*grown));
		if (!grown)
			return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "streams of a batch");
		batch->active = grown;
		struct fl_active *active = &grown[batch->active_count];
		*active = (struct fl_active){ .device = device };
		enum fl_code code = restore(batch, device, active, err);
		if (code)
			return code;
		entry->active = ++batch->active_count;
	}
	*ret = &batch->active[entry->active - 1];
	return FL_OK;
}

/* As a chunk, 'C' would begin a message on channel 3 in the form of SDKs before 0.0.18: devices
 * use channel 0 only. */
static bool is_dump(const uint8_t *bytes, size_t size)
{
	return size >= 4 && memcmp(bytes, "CORE", 4) == 0;
}

static enum fl_code
take_entry(struct fl_batch *batch, const struct fl_entry *entry, struct fl_error *err)
{
	const uint8_t *bytes = batch->delivery->queue.bytes.data + entry->offset;
	struct fl_active *active = NULL;
	batch->entry = entry;
	if (is_dump(bytes, entry->size))
		return fl_batch_dump(batch, bytes, entry->size, err);
	if (batch->delivery->carrier == FL_CARRIER_DUMP) {
		fl_batch_refuse(batch, "it is no dump: it does not begin with CORE");
		return FL_OK;
	}
	enum fl_code code = activate(batch, entry->device, &active, err);
	if (code)
		return code;
	return fl_stream_push(active->stream, bytes, entry->size, fl_batch_message, batch,
			      &active->counts, err);
}

static enum fl_code put_state(struct fl_batch *batch, const struct fl_active *active,
			      struct fl_buffer *unknown_ret, struct fl_error *err)
{
	struct fl_store *store = batch->delivery->options.store;
	const char *serial = batch->delivery->devices.items[active->device].serial;
	FL_AUTO_BUFFER state = { 0 };
	enum fl_code code = fl_stream_save(active->stream, &state, err);
	if (!code)
		code = fl_store_count_transport(store, serial, &active->counts, err);
	if (code)
		return code;
	if (serial && !active->had_state && !state.size)
		return FL_OK;
	if (!serial) {
		*unknown_ret = state;
		state = (struct fl_buffer){ 0 };
		return FL_OK;
	}
	return fl_store_put_partial(store, serial, state.data, state.size,
				    fl_stream_pending(active->stream, NULL), (int64_t)time(NULL),
				    err);
}

/* Whose chunk it was cannot be read any more: it counts for the device of the delivery. */
static enum fl_code count_damage(struct fl_batch *batch, struct fl_error *err)
{
	const struct fl_delivery *delivery = batch->delivery;
	const struct fl_carrier_counts *carrier = &delivery->summary.carrier;
	struct fl_transport_counts counts = { 0 };
	uint64_t events = carrier->damaged - delivery->counted_damage;
	uint64_t bytes = carrier->damaged_bytes - delivery->counted_damage_bytes;
	if (!events && !bytes)
		return FL_OK;
	counts.drops[FL_DROP_UNDECODABLE].events = events;
	counts.drops[FL_DROP_UNDECODABLE].bytes = bytes;
	fl_transport_counts_add(&batch->summary.transport, &counts);
	return fl_store_count_transport(delivery->options.store, delivery->options.device, &counts,
					err);
}

/* What may be said to be so from now on. */
static void committed(struct fl_batch *batch)
{
	struct fl_delivery *delivery = batch->delivery;
	for (size_t i = 0; i < batch->active_count; i++) {
		const struct fl_active *active = &batch->active[i];
		struct fl_delivery_device *device = &delivery->devices.items[active->device];
		fl_transport_counts_add(&batch->summary.transport, &active->counts);
		device->pending = fl_stream_pending(active->stream, &device->expected);
		batch->summary.devices += !device->seen && active->device;
		device->seen = true;
	}
	fl_intake_summary_add(&delivery->summary, &batch->summary);
	delivery->counted_damage = delivery->summary.carrier.damaged;
	delivery->counted_damage_bytes = delivery->summary.carrier.damaged_bytes;
}

static enum fl_code run(struct fl_delivery *delivery, size_t *next, struct fl_error *err)
{
	BATCH_AUTO batch = { .delivery = delivery };
	FL_AUTO_BUFFER unknown = { 0 };
	size_t at = *next;
	enum fl_code code = fl_store_batch_begin(delivery->options.store, err);
	while (!code && at < delivery->queue.count && batch.items < FL_BATCH_ITEMS)
		code = take_entry(&batch, &delivery->queue.entries[at++], err);
	bool has_unknown = delivery->devices.items[0].active != 0;
	for (size_t i = 0; !code && i < batch.active_count; i++)
		code = put_state(&batch, &batch.active[i], &unknown, err);
	if (!code)
		code = count_damage(&batch, err);
	if (!code)
		code = fl_store_batch_commit(delivery->options.store, err);
	if (code)
		return code;
	if (has_unknown) {
		fl_buffer_deinit(&delivery->unknown_state);
		delivery->unknown_state = unknown;
		unknown = (struct fl_buffer){ 0 };
	}
	committed(&batch);
	*next = at;
	return FL_OK;
}

static enum fl_code take_locks(struct fl_delivery *delivery, struct fl_error *err)
{
	const struct fl_queue *queue = &delivery->queue;
	uint64_t *offsets = malloc((queue->count + 1) * sizeof(*offsets));
	if (!offsets)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "locks of a batch");
	size_t count = 0;
	size_t last = 0;
	for (size_t i = 0; i < queue->count; i++) {
		size_t device = queue->entries[i].device;
		if (device && device != last)
			offsets[count++] =
				fl_device_lock_offset(delivery->devices.items[device].serial);
		last = device;
	}
	enum fl_code code = fl_device_locks_take(&delivery->locks, offsets, count, err);
	free(offsets);
	return code;
}

enum fl_code fl_delivery_commit(struct fl_delivery *delivery, struct fl_error *err)
{
	size_t next = 0;
	delivery->order.begun |= delivery->queue.count > 0;
	enum fl_code code = take_locks(delivery, err);
	bool uncounted =
		delivery->summary.carrier.damaged_bytes != delivery->counted_damage_bytes ||
		delivery->summary.carrier.damaged != delivery->counted_damage;
	while (!code && (next < delivery->queue.count || uncounted)) {
		code = run(delivery, &next, err);
		uncounted = false;
	}
	delivery->queue.count = 0;
	delivery->queue.bytes.size = 0;
	return code;
}
