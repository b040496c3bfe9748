/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Cursor over untrusted CBOR (RFC 8949), on libcbor's streaming decoder.
 *
 * As base/reader.h: the first bad byte latches an error with its offset, and nothing moves from
 * then on. Nothing is allocated but joined strings; nesting is bounded by FL_LIMIT_CBOR_DEPTH.
 * Tags are stepped over: the bytes of an item begin behind them.
 */
#ifndef TRANSPORT_CBOR_H
#define TRANSPORT_CBOR_H

#include "base/arena.h"

#include <faultline/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fl_cbor {
	const uint8_t *data; /**< borrowed */
	size_t size;
	size_t pos;      /**< next byte; always <= size */
	uint64_t origin; /**< what `at` of an error counts for data[0] */
	bool ended;      /**< the error is that the data ends inside an item */
	struct fl_error error;
};

struct fl_cbor fl_cbor(const void *data, size_t size, uint64_t origin);

enum fl_cbor_kind {
	FL_CBOR_UINT,
	FL_CBOR_NEGATIVE, /**< -1 - value */
	FL_CBOR_BYTES,
	FL_CBOR_TEXT,
	FL_CBOR_ARRAY,
	FL_CBOR_MAP,
	FL_CBOR_FLOAT, /**< half, single or double */
	FL_CBOR_BOOL,
	FL_CBOR_SIMPLE, /**< null, undefined */
};

/** A data item, or only its head. */
struct fl_cbor_item {
	enum fl_cbor_kind kind;
	bool indefinite; /**< of strings, arrays and maps */
	uint64_t value;  /**< number, bool; of a definite array or map: elements or pairs */
	double number;   /**< FLOAT */
	const uint8_t *bytes;
	size_t size; /**< definite BYTES and TEXT: what they hold */
	size_t at;   /**< where it begins in the cursor's window */
	size_t end;  /**< where its head ends; after fl_cbor_take(): where all of it does */
};

/** Head of the next item, with the contents of a definite string. */
bool fl_cbor_head(struct fl_cbor *c, struct fl_cbor_item *ret);

/** The next item with all that is nested in it. */
bool fl_cbor_take(struct fl_cbor *c, struct fl_cbor_item *ret);

/** The elements of an array, or keys and values of a map in turn. */
struct fl_cbor_group {
	bool indefinite;
	bool is_map;
	bool at_value; /**< of a map: what was announced last is a value, not a key */
	uint64_t left; /**< of a definite one */
};

/** What follows the head of an array or map. */
struct fl_cbor_group fl_cbor_group(const struct fl_cbor_item *head);

/** Whether another element follows; steps over the end of an indefinite group. */
bool fl_cbor_more(struct fl_cbor *c, struct fl_cbor_group *group);

/** A cursor over exactly what was taken from @p c. */
struct fl_cbor fl_cbor_inside(const struct fl_cbor *c, const struct fl_cbor_item *taken);

/**
 * What a string that was taken from @p c holds; the parts of an indefinite one are joined in
 * @p arena.
 * @return NULL when memory is out, and latched; never NULL for an empty one.
 */
const uint8_t *fl_cbor_string(struct fl_cbor *c, const struct fl_cbor_item *taken,
			      struct fl_arena *arena, size_t *size_ret);

/** UINT and NEGATIVE as one signed number; false for other kinds and when it does not fit. */
bool fl_cbor_int(const struct fl_cbor_item *item, int64_t *ret);

/** Latch an error of one's own at offset @p at of the window. */
void fl_cbor_fail(struct fl_cbor *c, enum fl_code code, size_t at, const char *what);

#endif
