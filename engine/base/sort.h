/* SPDX-License-Identifier: Apache-2.0 */
/** @file qsort() of what begins with the number that decides. */
#ifndef BASE_SORT_H
#define BASE_SORT_H

#include <stddef.h>

/**
 * As qsort(), in linear time but for items whose numbers are equal. Never fails: where memory is
 * out, qsort() it is.
 * @param items   each begins with a uint32_t.
 * @param size    bytes of an item.
 * @param compare by that number first.
 */
void fl_sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *));

#endif
