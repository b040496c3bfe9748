/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Reads exported webhook events: lines of JSON objects, one array, one object, or server-sent
 * events. Memory is bounded by the largest event.
 */
#ifndef INTAKE_EXPORT_H
#define INTAKE_EXPORT_H

#include "intake/intake.h"

enum { FL_EXPORT_EVENT_MAX = 32 << 20 /**< bytes of the text of one event */ };

/** What one event brought. */
struct fl_exported {
	const void *bytes; /**< a chunk or dump */
	size_t size;
	const char *device; /**< NULL = not said */
	bool has_time;
	int64_t time; /**< Unix seconds */
};
/** @return FL_OK to go on; anything else ends the call with that code. */
typedef enum fl_code (*fl_exported_fn)(void *context, const struct fl_exported *exported,
				       struct fl_error *err);

struct fl_export_reader;

/** @param carrier JSON or SSE. @param fields borrowed. */
FL_MUST_CHECK enum fl_code
fl_export_reader_open(enum fl_carrier carrier, const struct fl_json_fields *fields,
		      struct fl_export_reader **ret, struct fl_error *err);
void fl_export_reader_close(struct fl_export_reader *reader);
FL_OWNED(fl_export_reader, fl_export_reader_close)

/** @param counts, events added to: what was handed out or damaged, and all events by kind. */
FL_MUST_CHECK enum fl_code
fl_export_reader_feed(struct fl_export_reader *reader, const void *bytes, size_t size,
		      fl_exported_fn each, void *context, struct fl_carrier_counts *counts,
		      struct fl_export_counts *events, struct fl_error *err);
FL_MUST_CHECK enum fl_code
fl_export_reader_end(struct fl_export_reader *reader, fl_exported_fn each, void *context,
		     struct fl_carrier_counts *counts, struct fl_export_counts *events,
		     struct fl_error *err);

#endif
