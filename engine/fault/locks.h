/* SPDX-License-Identifier: Apache-2.0 */
/** @file Who waits for whom: cycles in the graph of mutexes that name their holder. */
#ifndef FAULT_LOCKS_H
#define FAULT_LOCKS_H

#include "base/limits.h"
#include "base/str.h"
#include "model/thread.h"

enum { FL_LOCK_RING_MAX = FL_LIMIT_THREADS + 1 /**< one thread may belong to no kernel */ };

/** Index of the thread that holds the mutex that thread @p of waits for; @p count when none does,
 * or it is not known. */
size_t fl_locks_holder(const struct fl_thread *threads, size_t count, size_t of);

/**
 * The first cycle of threads, each of which waits for a mutex that the next one holds; a thread
 * that waits for a mutex of its own is a cycle of one. Of several the one with the lowest index.
 * Threads past FL_LOCK_RING_MAX are not looked at.
 *
 * @param ret indices into @p threads in the order of the wait, beginning with the lowest index;
 * room for @p count.
 * @return how many; 0 when there is none.
 */
size_t fl_locks_cycle(const struct fl_thread *threads, size_t count, uint16_t *ret);

/** Threads that wait for each other. */
struct fl_lock_ring {
	const struct fl_thread *threads;
	uint16_t at[FL_LOCK_RING_MAX]; /**< as fl_locks_cycle() orders them */
	size_t count;
	bool forever; /**< no wait in it has a timeout */
};

/** @return false when there is none. */
bool fl_lock_ring_find(const struct fl_thread *threads, size_t count, struct fl_lock_ring *ret);

/** The @p i th thread of a ring, which goes round. */
const struct fl_thread *fl_lock_ring_thread(const struct fl_lock_ring *ring, size_t i);

/** "A waits for uart_lock, held by B, which waits for spi_lock, held by A" */
void fl_lock_ring_words(const struct fl_lock_ring *ring, struct fl_str *s);

#endif
