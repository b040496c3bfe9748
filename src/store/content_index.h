/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Content hash -> row, in memory, so that the database needs no index on a random key.
 *
 * An entry keeps 32 bits of the hash beside the row id: 8 bytes, 16 MB for a million rows. A hit is
 * a candidate only (among a million rows one look-up in 4,000 meets a false one): the caller
 * compares the whole hash with the row's.
 */
#ifndef STORE_CONTENT_INDEX_H
#define STORE_CONTENT_INDEX_H

#include <faultline/error.h>

#include <stddef.h>
#include <stdint.h>

struct fl_content_entry {
	uint32_t key; /**< the first 32 bits of the hash */
	uint32_t id;  /**< 0 = free */
};

/** Zero-initialised is empty and valid. */
struct fl_content_index {
	struct fl_content_entry *entries;
	size_t room; /**< 0 or a power of two */
	size_t count;
	int64_t last_id; /**< rows up to here are in the table */
};

void fl_content_index_deinit(struct fl_content_index *index);

/**
 * Add a row; ids come in ascending order and become @ref last_id.
 * @retval FL_ELIMIT the id needs more than 32 bits.
 * @retval FL_ENOMEM
 */
FL_MUST_CHECK enum fl_code fl_content_index_add(struct fl_content_index *index,
						const uint8_t hash[16], int64_t id,
						struct fl_error *err);

/**
 * The next candidate for @p hash, or 0 when there is none.
 * @param cursor 0 for the first call with this hash; the index may not change in between.
 */
int64_t
fl_content_index_next(const struct fl_content_index *index, const uint8_t hash[16], size_t *cursor);

#endif
