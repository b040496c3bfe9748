/* SPDX-License-Identifier: Apache-2.0 */
/** @file What the files of src/intake share: the delivery, its queue, one batch. */
#ifndef INTAKE_INTERNAL_H
#define INTAKE_INTERNAL_H

#include "intake/devices.h"
#include "intake/export.h"
#include "intake/intake.h"
#include "intake/locks.h"
#include "intake/pile.h"

enum {
	FL_SNIFF_SIZE = 64 << 10,
	FL_QUEUE_BYTES = 4 << 20, /**< decoded bytes that wait for a batch, about */
	FL_QUEUE_ENTRIES = 1 << 15,
	/** The same of an export that is newest first, which is taken in from its end. */
	FL_HELD_BYTES = 64 << 20,
	FL_HELD_ENTRIES = 1 << 20,
	FL_BATCH_ITEMS = 1000, /**< items of one transaction, about: others wait meanwhile */
};

/** A chunk or dump that waits for its batch. */
struct fl_entry {
	size_t device;       /**< number in fl_delivery::devices */
	size_t offset, size; /**< in fl_queue::bytes */
	int64_t received_at;
	bool received_at_is_mtime;
};
struct fl_queue {
	struct fl_pile bytes;
	struct fl_entry *entries;
	size_t count, room;
};

/** How the times of exported events follow one another, device by device. */
struct fl_order {
	uint64_t back, on; /**< steps */
	bool untimed;      /**< an item without a time */
	bool begun;        /**< something was committed: too late to turn round */
};

struct fl_delivery {
	struct fl_delivery_options options;
	struct fl_device_locks locks;
	struct fl_delivery_devices devices;
	enum fl_carrier carrier;
	struct fl_pile head; /**< until it was sniffed */
	struct fl_carrier_reader *reader;
	struct fl_export_reader *export_reader; /**< JSON and SSE */
	struct fl_queue queue;
	struct fl_order order;
	struct fl_buffer unknown_state; /**< half-received messages of device 0 */
	struct fl_intake_summary summary;
	uint64_t fed;
	uint64_t counted_damage, counted_damage_bytes; /**< of the carrier, in the database */
};

/** A device that brought something in the batch at hand. */
struct fl_active {
	size_t device;
	struct fl_stream *stream;
	bool had_state; /**< half-received messages from before */
	struct fl_transport_counts counts;
};

/** One transaction. */
struct fl_batch {
	struct fl_delivery *delivery;
	struct fl_intake_summary summary; /**< joins the delivery's when it is committed */
	struct fl_active *active;
	size_t active_count;
	size_t items;
	const struct fl_entry *entry; /**< at hand */
};

/** Commit all that waits in the queue; the locks stay. */
FL_MUST_CHECK enum fl_code fl_delivery_commit(struct fl_delivery *delivery, struct fl_error *err);

/** A message of the device at hand: its items go to the store. fl_message_fn of a fl_batch. */
enum fl_code
fl_batch_message(void *context, const struct fl_stream_message *message, struct fl_error *err);
/** An item that is not taken in; the first one's words are kept. */
void fl_batch_refuse(struct fl_batch *batch, const char *why);
/** A whole dump. */
FL_MUST_CHECK enum fl_code
fl_batch_dump(struct fl_batch *batch, const void *bytes, size_t size, struct fl_error *err);

#endif
