/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * JSON text, written in order. Keys are string literals; a key is NULL inside an array. Values that
 * are unknown are left out, so the writers for strings ignore NULL.
 */
#ifndef REPORT_JSON_WRITER_H
#define REPORT_JSON_WRITER_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum { FL_JSON_DEPTH = 16 };

struct fl_json {
	struct fl_str *out;
	struct fl_arena scratch; /**< of cleaned strings; release with fl_json_deinit() */
	unsigned depth;
	struct {
		char close;
		bool on_one_line;
		bool has_members;
	} open[FL_JSON_DEPTH];
};

void fl_json_deinit(struct fl_json *j);

/** Open an object or array; close it with fl_json_end(). */
void fl_json_object(struct fl_json *j, const char *key);
void fl_json_array(struct fl_json *j, const char *key);
/** The same, with everything inside on one line. */
void fl_json_object_line(struct fl_json *j, const char *key);
void fl_json_end(struct fl_json *j);

void fl_json_str(struct fl_json *j, const char *key, const char *value);
void fl_json_uint(struct fl_json *j, const char *key, uint64_t value);
void fl_json_int(struct fl_json *j, const char *key, int64_t value);
void fl_json_bool(struct fl_json *j, const char *key, bool value);
void fl_json_null(struct fl_json *j, const char *key);
/** "0x%08x", wider only when the value is. */
void fl_json_addr(struct fl_json *j, const char *key, uint64_t value);
/** Lower-case hex of @p size bytes, at most 32; left out when @p size is 0. */
void fl_json_hex(struct fl_json *j, const char *key, const uint8_t *bytes, size_t size);

#endif
