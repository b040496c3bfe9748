/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * From what bytes travel in to the database: one delivery is one file, request body or stream.
 *
 *     carrier -> chunks -> messages of each device -> items -> queue, or kept
 *
 * A delivery is put away in batches, each of them one transaction: its items, what is counted, and
 * the state of half-received messages. What a batch has committed is durable (unless the store's
 * fl_store_put_off_sync() says when), and a process that is killed between two batches has lost
 * nothing of it. While chunks of a device are being taken in,
 * no other process takes in chunks of that device (docs/receiver.md).
 */
#ifndef INTAKE_INTAKE_H
#define INTAKE_INTAKE_H

#include "store/store.h"

#include <faultline/carrier.h>
#include <faultline/transport.h>

/** Where an exported event has what; NULL = the default, that of the documented webhook. */
struct fl_json_fields {
	const char *data;   /**< "data": base64 of one chunk or dump */
	const char *device; /**< "coreid" */
	const char *event;  /**< "event", or "name": the event's name */
	const char *time;   /**< "published_at": ISO 8601 */
	const char *name; /**< "memfault-chunks": others are skipped; "" = whatever it is called */
};

/** NULL and 0 = not said. Strings are borrowed until fl_delivery_close(). */
struct fl_delivery_options {
	struct fl_store *store; /**< no batch open */
	/**
	 * A file for locks, one byte of it per device; made when it is not there. NULL: nobody
	 * else takes in.
	 */
	const char *lock_path;
	unsigned wait_seconds;   /**< for another process with the same device; 0 = for ever */
	enum fl_carrier carrier; /**< UNKNOWN: sniffed */
	const char *boundary;    /**< of MULTIPART */
	bool has_size;
	uint64_t size;      /**< of the whole, helps sniffing */
	const char *device; /**< whose chunks these are, unless the carrier says so itself */
	const char *cohort, *software_type, *software_version, *hardware_version;
	const char *source; /**< file name, for people */
	const char *upload_id;
	/** The same of items whose device nobody says: what makes a repetition known as one. */
	const char *upload_id_if_unknown;
	int64_t received_at;
	bool received_at_is_mtime;
	bool received_at_is_said; /**< what the carrier says of the time does not matter */
	struct fl_json_fields fields;
	bool accept_damaged; /**< messages with a wrong CRC are opened like others */
	/**
	 * One request of @ref device. Nothing is put away before its end, and nothing at all where
	 * a part of it was lost on the way, or where it names another device.
	 */
	bool is_request;
};

/** Events of an export, by what is known without decoding them. */
struct fl_export_counts {
	uint64_t own;          /**< of the wanted name, or without a name and with data */
	uint64_t others;       /**< another name, or neither name nor data; no loss */
	uint64_t without_data; /**< of the wanted name or without one, and no data member */
};

/** What became of a delivery; or, added up, of several. */
struct fl_intake_summary {
	uint64_t bytes;
	struct fl_carrier_counts carrier;
	struct fl_transport_counts transport; /**< of chunks; messages and drops by reason */
	uint64_t dumps;                       /**< whole ones, that were in no chunks */
	struct fl_export_counts events;
	uint64_t turned;    /**< exports that were newest first, taken in from their end */
	uint64_t backwards; /**< events older than one before of their device, in others */

	uint64_t items[FL_ITEM_COUNT]; /**< by kind, whatever became of them */
	uint64_t queued;               /**< new dumps and events for the worker */
	uint64_t kept;                 /**< new heartbeats, logs, ... */
	uint64_t duplicate_items;      /**< that were there before */
	uint64_t duplicates;   /**< messages and dumps of which everything was there before */
	uint64_t corrupt;      /**< messages with a wrong CRC */
	uint64_t limited;      /**< dumps and events that a device's rate limit dropped */
	uint64_t refused;      /**< items that the database does not take: too large, ... */
	char refused_why[200]; /**< the first one */

	uint64_t devices; /**< that are known and brought chunks */
	/** At the end: half-received messages of known devices, that wait for their rest. */
	uint64_t incomplete, incomplete_bytes, incomplete_expected;
	/** Of unknown devices, dropped: nobody can complete them. Say --device. */
	uint64_t unknown_incomplete, unknown_incomplete_bytes;
	uint64_t lost_states; /**< half-received messages whose saved state was damaged */
};

void fl_transport_counts_add(struct fl_transport_counts *to,
			     const struct fl_transport_counts *from);
/** Add @p from to @p to. */
void fl_intake_summary_add(struct fl_intake_summary *to, const struct fl_intake_summary *from);

/** FL_EFORMAT where nothing of it can have been meant for us; the message says why. */
FL_MUST_CHECK enum fl_code
fl_intake_judge(const struct fl_intake_summary *summary, struct fl_error *err);

struct fl_delivery;

/**
 * @retval FL_EINVALID  options contradict each other.
 * @retval FL_EIO       the lock file cannot be opened.
 */
FL_MUST_CHECK enum fl_code fl_delivery_open(const struct fl_delivery_options *options,
					    struct fl_delivery **ret, struct fl_error *err);
/** What was not committed is forgotten. NULL is allowed. */
void fl_delivery_close(struct fl_delivery *delivery);
FL_OWNED(fl_delivery, fl_delivery_close)

/**
 * The next bytes, any number. What is damaged is counted, never a failure. After a failure there is
 * nothing left but fl_delivery_close(): what was committed before stays.
 * @retval FL_EUNSUPPORTED the bytes are none of the carriers; the message says what they are.
 * @retval FL_EIO          the database, or another process holds the device for too long.
 * @retval FL_ENOMEM
 */
FL_MUST_CHECK enum fl_code fl_delivery_feed(struct fl_delivery *delivery, const void *bytes,
					    size_t size, struct fl_error *err);
/** Commit what came so far and let other processes have the devices: a pause in a live stream. */
FL_MUST_CHECK enum fl_code fl_delivery_flush(struct fl_delivery *delivery, struct fl_error *err);
/** The end. Everything is committed when this returns FL_OK. Nothing at all was fed: FL_EFORMAT. */
FL_MUST_CHECK enum fl_code fl_delivery_end(struct fl_delivery *delivery, struct fl_error *err);

/** So far, committed. */
const struct fl_intake_summary *fl_delivery_summary(const struct fl_delivery *delivery);
/** It failed because another process takes in data of the same device: later it may succeed. */
bool fl_delivery_is_busy(const struct fl_delivery *delivery);
/** What it was taken for; UNKNOWN until enough was fed. */
enum fl_carrier fl_delivery_carrier(const struct fl_delivery *delivery);

/** The body of one HTTP request, as its header fields describe it. NULL = field not sent. */
struct fl_http_body {
	const void *bytes;
	size_t size;
	const char *content_type, *content_encoding;
};
/**
 * Take in the body of one request; @p options say nothing of the carrier.
 * @retval FL_OK           durable.
 * @retval FL_EFORMAT, FL_EUNSUPPORTED, FL_ELIMIT the client's fault: sending it again is useless.
 * @retval others          ours: it should be sent again.
 */
FL_MUST_CHECK enum fl_code fl_http_deliver(const struct fl_delivery_options *options,
					   const struct fl_http_body *body,
					   struct fl_intake_summary *ret, struct fl_error *err);

#endif
