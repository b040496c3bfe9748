/* SPDX-License-Identifier: Apache-2.0 */
/** @file Who waits for whom: cycles in the graph of mutexes that name their holder. */
#ifndef FAULT_LOCKS_H
#define FAULT_LOCKS_H

#include "model/thread.h"

/**
 * The first cycle of threads, each of which waits for a mutex that the next one holds; a thread
 * that waits for a mutex of its own is a cycle of one.
 *
 * @param ret indices into @p threads in the order of the wait, beginning with the lowest index;
 * room for @p count.
 * @return how many; 0 when there is none.
 */
size_t fl_locks_cycle(const struct fl_thread *threads, size_t count, uint16_t *ret);

#endif
