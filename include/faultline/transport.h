/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * From the wire to messages: chunks of one device are put together again, messages are opened and
 * split into items. docs/formats.md, "Transport".
 *
 * Pure: bytes in, messages out. Everything here is safe on hostile bytes and bounded in memory.
 */
#ifndef FAULTLINE_TRANSPORT_H
#define FAULTLINE_TRANSPORT_H

#include "auto.h"
#include "buffer.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Why bytes did not become part of an intact message. Names are stable: fl_drop_name(). */
enum fl_drop {
	FL_DROP_RESTARTED, /**< a new message began while this one was incomplete */
	FL_DROP_ORPHAN,    /**< a continuation without a beginning */
	FL_DROP_REPEATED,  /**< the same bytes again: nothing is lost */
	FL_DROP_CONFLICT, /**< other bytes for a place that was received: the message is given up */
	FL_DROP_GAP,      /**< bytes are missing in between: the message is given up */
	FL_DROP_SHORT,    /**< said to be complete, but is not */
	FL_DROP_CRC,      /**< complete, but damaged: handed out as not intact */
	FL_DROP_TOO_LONG, /**< announces more bytes than are accepted */
	FL_DROP_MALFORMED,   /**< no chunk: reserved header bits, a cut varint, too short */
	FL_DROP_FILLER,      /**< behind the end of a message: nothing is lost */
	FL_DROP_EXPIRED,     /**< waited too long for the rest (counted by the store) */
	FL_DROP_UNDECODABLE, /**< damaged in its carrier: never was a chunk (counted by who reads
				it) */
	FL_DROP_COUNT
};

/** "restarted", "orphan", "repeated", "conflict", "gap", "short", "crc", "too_long", "malformed",
 * "filler", "expired", "undecodable": static. */
FL_API const char *fl_drop_name(enum fl_drop drop);

/**
 * What became of every byte. Always
 *   bytes == overhead + message_bytes + sum of drops[].bytes + change of what is pending,
 * where overhead counts chunk headers, varints and CRCs of chunks that were accepted, and
 * FL_DROP_UNDECODABLE, which no stream sees, is left out.
 */
struct fl_transport_counts {
	uint64_t chunks, bytes; /**< pushed */
	uint64_t overhead;
	uint64_t messages, message_bytes; /**< complete and intact */
	struct {
		uint64_t events; /**< how often; for messages that were given up: messages */
		uint64_t bytes;
	} drops[FL_DROP_COUNT];
};

/** The chunks of one device, all channels: at most one incomplete message per channel. */
struct fl_stream;

/** A message that is complete. */
struct fl_stream_message {
	const uint8_t *bytes; /**< with its header byte, without the CRC; valid during the call */
	size_t size;
	uint8_t channel;
	bool intact; /**< the CRC agrees */
};

/** @return FL_OK to go on; anything else ends the push with that code. */
typedef enum fl_code (*fl_message_fn)(void *context, const struct fl_stream_message *message,
				      struct fl_error *err);

enum { FL_MESSAGE_SIZE_MAX = 64 << 20 /**< bytes of one message, and of one decoded coredump */ };

/** @param message_max bytes that a message may have; 0 = FL_MESSAGE_SIZE_MAX. */
FL_API FL_MUST_CHECK enum fl_code
fl_stream_open(size_t message_max, struct fl_stream **ret, struct fl_error *err);
/** Release a stream. NULL is allowed. */
FL_API void fl_stream_close(struct fl_stream *stream);
FL_OWNED(fl_stream, fl_stream_close)

/**
 * Take one chunk with its exact size, in the order in which the device sent them. A bad chunk is
 * counted, never a failure. Memory grows with what was received, not with what is announced.
 * @param counts added to.
 * @return FL_OK; FL_ENOMEM: the chunk was not taken, nothing was counted; what @p on_message
 *         returned: the chunk was taken and counted.
 */
FL_API FL_MUST_CHECK enum fl_code
fl_stream_push(struct fl_stream *stream, const void *chunk, size_t size, fl_message_fn on_message,
	       void *context, struct fl_transport_counts *counts, struct fl_error *err);

/** Bytes of incomplete messages, all channels; @p expected_ret (may be NULL): when complete. */
FL_API size_t fl_stream_pending(const struct fl_stream *stream, uint64_t *expected_ret);

/** Give up what is incomplete and count it as @p why. */
FL_API void
fl_stream_drop(struct fl_stream *stream, enum fl_drop why, struct fl_transport_counts *counts);

/** The incomplete messages as bytes, to be kept across runs; empty when there are none. */
FL_API FL_MUST_CHECK enum fl_code
fl_stream_save(const struct fl_stream *stream, struct fl_buffer *ret, struct fl_error *err);
/**
 * A stream that goes on from there. @p size 0 is a fresh stream.
 * @retval FL_EFORMAT      not saved by fl_stream_save(), or damaged.
 * @retval FL_EUNSUPPORTED saved by a newer version.
 */
FL_API FL_MUST_CHECK enum fl_code fl_stream_restore(const void *bytes, size_t size,
						    size_t message_max, struct fl_stream **ret,
						    struct fl_error *err);

/* --- messages --- */

/** The low bits of a message's first byte. */
enum fl_message_type {
	FL_MESSAGE_NONE = 0,
	FL_MESSAGE_COREDUMP = 1,
	FL_MESSAGE_EVENTS = 2,
	FL_MESSAGE_LOGS = 3,
	FL_MESSAGE_RECORDING = 4,
};

/** Kinds of what a message holds. Names are stable: fl_item_name(). */
enum fl_item_kind {
	FL_ITEM_COREDUMP,  /**< a dump, ready for fl_analyze() */
	FL_ITEM_REBOOT,    /**< a reboot event, for fl_analyze_event() */
	FL_ITEM_TRACE,     /**< a trace event, for fl_analyze_event() */
	FL_ITEM_HEARTBEAT, /**< kept undecoded, as the following */
	FL_ITEM_LOG,
	FL_ITEM_RECORDING,
	FL_ITEM_UNKNOWN, /**< valid, of a type that is not known; or not decodable: see
			    fl_item::text */
	FL_ITEM_COUNT
};

/** "coredump", "reboot", "trace", "heartbeat", "log", "recording", "unknown": static. */
FL_API const char *fl_item_name(enum fl_item_kind kind);

/** One thing that a message brought. Pointers live as long as the message. */
struct fl_item {
	enum fl_item_kind kind;
	const uint8_t *bytes; /**< coredump: the dump, decoded; else one CBOR item of the body;
				 unknown because of damage: the message */
	size_t size;
	const char *text; /**< of an unknown item: why. NULL for others */
	/** Who sent it, as far as the item says so; NULL or 0 = not said. Clean UTF-8. */
	const char *device, *software_type, *software_version, *hardware_version;
	bool has_captured_at;
	uint32_t captured_at; /**< Unix seconds by the device's clock */
	bool expected;        /**< a reboot with a reason that is no crash */
};

/** An opened message: its items. */
struct fl_message;

/**
 * Open an intact message: strip project key, undo RLE, split batches. A damaged tail of a batch
 * keeps the good items before it; the rest becomes an unknown item, as does the rest of a coredump
 * whose run-length code breaks off. What cannot be opened at all becomes one unknown item: only
 * FL_ENOMEM is a failure. There is always an item.
 * @param bytes borrowed until fl_message_close().
 */
FL_API FL_MUST_CHECK enum fl_code
fl_message_open(const void *bytes, size_t size, struct fl_message **ret, struct fl_error *err);
FL_API void fl_message_close(struct fl_message *message);
FL_OWNED(fl_message, fl_message_close)

FL_API enum fl_message_type fl_message_type(const struct fl_message *message);
/** The project key of the header, NULL where there is none; never checked. */
FL_API const char *fl_message_project_key(const struct fl_message *message);
FL_API const struct fl_item *fl_message_items(const struct fl_message *message, size_t *count_ret);

#ifdef __cplusplus
}
#endif

#endif
