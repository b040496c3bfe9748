/* SPDX-License-Identifier: Apache-2.0 */
/** @file Byte strings stored once, numbered in order of arrival. */
#ifndef IMAGE_INTERN_H
#define IMAGE_INTERN_H

#include "base/str.h"
#include "base/vec.h"

/** Initialise with FL_INTERN. After a failed allocation every add answers UINT32_MAX. */
struct fl_intern {
	struct fl_str bytes;   /**< the entries back to back */
	struct fl_vec entries; /**< struct fl_intern_entry */
	uint32_t *slots;       /**< open addressing; entry number + 1, 0 = free */
	size_t slot_count;     /**< a power of two, or 0 */
	bool failed;
};

struct fl_intern_entry {
	uint32_t off; /**< into bytes */
	uint32_t size;
	uint32_t hash;
};

#define FL_INTERN ((struct fl_intern){ .entries = FL_VEC(struct fl_intern_entry) })

void fl_intern_deinit(struct fl_intern *table);

/** @return the number of the entry equal to these bytes, added when new; UINT32_MAX: out of memory.
 */
uint32_t fl_intern_add(struct fl_intern *table, const void *bytes, size_t size);

/** A string with its NUL. @return its offset in `bytes`; UINT32_MAX: out of memory. */
uint32_t fl_intern_text(struct fl_intern *table, const char *text);

#endif
