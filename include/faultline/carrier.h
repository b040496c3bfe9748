/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * What chunks and dumps travel in: serial logs, base64 text, multipart bodies, length-prefixed
 * spools. docs/formats.md, "Carriers". Streaming, bounded, safe on hostile bytes.
 *
 * Webhook exports are JSON: their reader hands the text of one field to fl_base64_decode().
 */
#ifndef FAULTLINE_CARRIER_H
#define FAULTLINE_CARRIER_H

#include "auto.h"
#include "buffer.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Names are stable: fl_carrier_name(). */
enum fl_carrier {
	FL_CARRIER_UNKNOWN,
	FL_CARRIER_DUMP,       /**< a whole coredump, "CORE" */
	FL_CARRIER_CHUNK,      /**< exactly one chunk */
	FL_CARRIER_LOG,        /**< text with MC:<base64>: items */
	FL_CARRIER_BASE64,     /**< text: base64 of one chunk or dump, or one per line */
	FL_CARRIER_SPOOL,      /**< "CHNK" + u32 big-endian length + chunk, repeated */
	FL_CARRIER_MULTIPART,  /**< multipart/mixed, one chunk per part */
	FL_CARRIER_JSON,       /**< lines of objects, or one array or object */
	FL_CARRIER_SSE,        /**< server-sent events, "data:" lines of JSON */
	FL_CARRIER_ELF,        /**< an ELF file: not an input, but people hand it in */
	FL_CARRIER_OTHER_DUMP, /**< a coredump of another system (Zephyr, CrashCatcher, minidump) */
	FL_CARRIER_COUNT
};

/** "dump", "chunk", "log", "base64", "spool", "multipart", "json", "sse", ...: static. */
FL_API const char *fl_carrier_name(enum fl_carrier carrier);
/** The reverse. False for a name that is none. */
FL_API FL_MUST_CHECK bool fl_carrier_parse(const char *name, enum fl_carrier *ret);

/**
 * What an unknown blob is.
 * @param head  its first bytes: all of it, or at least 64 KiB.
 * @param whole the size of all of it; UINT64_MAX when it is not known.
 */
FL_API enum fl_carrier fl_carrier_sniff(const void *head, size_t size, uint64_t whole);

/** What became of the bytes of a carrier. */
struct fl_carrier_counts {
	uint64_t bytes;      /**< fed */
	uint64_t items;      /**< handed out */
	uint64_t item_bytes; /**< decoded */
	uint64_t damaged;    /**< items that could not be decoded: bad base64, too long, cut */
	uint64_t damaged_bytes;
	uint64_t compact_logs; /**< ML: items of a log: no chunks, and nothing is lost */
	/** Signs that a multipart body lost something: no closing delimiter, a wrong length. */
	uint64_t doubts;
};

/** One chunk or dump. @return FL_OK to go on; anything else ends the call with that code. */
typedef enum fl_code (*fl_carrier_fn)(void *context, const void *bytes, size_t size,
				      struct fl_error *err);

/** A reader of one carrier; memory is bounded by the largest item. */
struct fl_carrier_reader;

enum { FL_CARRIER_ITEM_MAX = 64 << 20 /**< bytes of one item */ };

/**
 * @param carrier  DUMP, CHUNK, LOG, BASE64, SPOOL or MULTIPART.
 * @param boundary of MULTIPART; NULL: taken from the first line.
 * @retval FL_EINVALID another carrier.
 */
FL_API FL_MUST_CHECK enum fl_code
fl_carrier_reader_open(enum fl_carrier carrier, const char *boundary,
		       struct fl_carrier_reader **ret, struct fl_error *err);
/** Release a reader. NULL is allowed. */
FL_API void fl_carrier_reader_close(struct fl_carrier_reader *reader);
FL_OWNED(fl_carrier_reader, fl_carrier_reader_close)

/** The next bytes, any number. */
FL_API FL_MUST_CHECK enum fl_code
fl_carrier_reader_feed(struct fl_carrier_reader *reader, const void *bytes, size_t size,
		       fl_carrier_fn on_item, void *context, struct fl_carrier_counts *counts,
		       struct fl_error *err);
/** The end: what is whole is handed out, what is cut is counted. */
FL_API FL_MUST_CHECK enum fl_code
fl_carrier_reader_end(struct fl_carrier_reader *reader, fl_carrier_fn on_item, void *context,
		      struct fl_carrier_counts *counts, struct fl_error *err);

/**
 * Standard base64 (RFC 4648, section 4), white space skipped, padding optional at the end.
 * @retval FL_EFORMAT another character, or a length that cannot be; `at` is the offset.
 */
FL_API FL_MUST_CHECK enum fl_code
fl_base64_decode(const char *text, size_t size, struct fl_buffer *ret, struct fl_error *err);

#ifdef __cplusplus
}
#endif

#endif
