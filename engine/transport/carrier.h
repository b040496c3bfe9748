/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The readers of carriers. Each is a scanner over a run of bytes that uses up only what is
 * decided; the rest is shown to it again with more behind it. So the way in which the bytes were
 * split over calls changes nothing.
 */
#ifndef TRANSPORT_CARRIER_H
#define TRANSPORT_CARRIER_H

#include <faultline/carrier.h>

#include "base/str.h"

/** Text of the largest item; some room for line ends. */
enum { FL_CARRIER_TEXT_MAX = FL_CARRIER_ITEM_MAX / 2 * 3 };

/** Where the items of one call go. */
struct fl_sink {
	fl_carrier_fn on_item;
	void *context;
	struct fl_carrier_counts *counts;
	struct fl_error *err;
};

enum fl_lines { FL_LINES_UNDECIDED, FL_LINES_ITEMS, FL_LINES_WHOLE };
enum fl_part { FL_PART_OUTSIDE, FL_PART_HEADERS, FL_PART_BODY };

struct fl_carrier_reader;

/**
 * @param final nothing follows: everything must be used.
 * @param used  set to the bytes that are done with, also on failure.
 */
typedef enum fl_code (*fl_scan_fn)(struct fl_carrier_reader *reader, const struct fl_sink *sink,
				   const uint8_t *bytes, size_t size, bool final, size_t *used);

struct fl_carrier_reader {
	fl_scan_fn scan;
	struct fl_str carry;   /**< not decided yet */
	struct fl_str decoded; /**< room for one item */
	size_t seen;           /**< bytes of the first undecided item that need no second look */
	bool skipping;         /**< inside something that is too long, or junk; counted already */
	struct {
		enum fl_lines mode;
		size_t first_size; /**< characters of the first line; 0 = none yet */
		size_t last_size;  /**< of the last complete line */
		bool padded;       /**< a complete line ended with padding */
		bool all_chunks;   /**< every line so far could be a chunk */
		uint64_t next; /**< where the chunk of the last line ended; UINT64_MAX: no chunk */
	} lines;
	struct {
		struct fl_str delimiter; /**< "--" and the boundary; empty: not known yet */
		enum fl_part part;
		bool mid_line;
		bool closed; /**< the last delimiter was the closing one */
		bool has_length;
		uint64_t length;
	} multipart;
};

/** Hand out an item; too long or empty ones are damage. */
enum fl_code fl_sink_item(const struct fl_sink *sink, const void *bytes, size_t size);
void fl_sink_damage(const struct fl_sink *sink, uint64_t bytes);
/** Room for one decoded item of @p size bytes, or NULL. */
uint8_t *fl_reader_room(struct fl_carrier_reader *reader, size_t size);

enum fl_code fl_scan_all(struct fl_carrier_reader *reader, const struct fl_sink *sink,
			 const uint8_t *bytes, size_t size, bool final, size_t *used);
enum fl_code fl_scan_log(struct fl_carrier_reader *reader, const struct fl_sink *sink,
			 const uint8_t *bytes, size_t size, bool final, size_t *used);
enum fl_code fl_scan_base64(struct fl_carrier_reader *reader, const struct fl_sink *sink,
			    const uint8_t *bytes, size_t size, bool final, size_t *used);
enum fl_code fl_scan_spool(struct fl_carrier_reader *reader, const struct fl_sink *sink,
			   const uint8_t *bytes, size_t size, bool final, size_t *used);
enum fl_code fl_scan_multipart(struct fl_carrier_reader *reader, const struct fl_sink *sink,
			       const uint8_t *bytes, size_t size, bool final, size_t *used);

#endif
