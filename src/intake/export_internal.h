/* SPDX-License-Identifier: Apache-2.0 */
/** @file What the readers of JSON text and of server-sent events share. */
#ifndef INTAKE_EXPORT_INTERNAL_H
#define INTAKE_EXPORT_INTERNAL_H

#include "intake/export.h"
#include "intake/pile.h"

/** Where what was read goes; of one call. */
struct fl_export_sink {
	const struct fl_json_fields *fields;
	fl_exported_fn each;
	void *context;
	struct fl_carrier_counts *counts;
	struct fl_export_counts *events;
};

/** Where one is in JSON text, between two bytes. */
struct fl_json_scan {
	struct fl_pile text; /**< of the object that is being read */
	size_t depth;        /**< 0 = between objects */
	bool in_string, escaped;
	bool too_long;   /**< what is read is not kept, but counted */
	uint64_t lost;   /**< bytes of it */
	bool in_array;   /**< of objects: the outermost bracket */
	bool lines;      /**< one object per line: a line that does not end one is damaged */
	bool first_line; /**< its end was not seen */
	bool any;        /**< an object ended */
	bool skipping;   /**< something that is no object, up to the next comma or line */
};
/** Where one is in a stream of server-sent events. */
struct fl_sse_scan {
	struct fl_pile line, data;
	char event[64]; /**< its name; empty = not said */
	bool too_long;
	uint64_t lost; /**< bytes that were not kept */
	bool after_cr;
};

struct fl_export_reader {
	enum fl_carrier carrier;
	struct fl_json_fields fields;
	struct fl_json_scan json;
	struct fl_sse_scan sse;
};

/** One event: the text of a JSON object. @param name as the carrier says; NULL = it does not. */
FL_MUST_CHECK enum fl_code fl_export_event(const struct fl_export_sink *sink, const void *text,
					   size_t size, const char *name, struct fl_error *err);
void fl_export_damaged(const struct fl_export_sink *sink, uint64_t bytes);

FL_MUST_CHECK enum fl_code
fl_export_json_feed(struct fl_json_scan *scan, const struct fl_export_sink *sink,
		    const uint8_t *bytes, size_t size, struct fl_error *err);
void fl_export_json_end(struct fl_json_scan *scan, const struct fl_export_sink *sink);

FL_MUST_CHECK enum fl_code
fl_export_sse_feed(struct fl_sse_scan *scan, const struct fl_export_sink *sink,
		   const uint8_t *bytes, size_t size, struct fl_error *err);
FL_MUST_CHECK enum fl_code fl_export_sse_end(struct fl_sse_scan *scan,
					     const struct fl_export_sink *sink,
					     struct fl_error *err);

#endif
