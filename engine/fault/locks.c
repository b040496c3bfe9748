/* SPDX-License-Identifier: Apache-2.0 */
#include "fault/locks.h"

#include "fault/words.h"

enum {
	THREADS_MAX = FL_LOCK_RING_MAX,
	LINKS_SHOWN = 4, /* what a title has room for */
};

size_t fl_locks_holder(const struct fl_thread *threads, size_t count, size_t of)
{
	const struct fl_wait *wait = &threads[of].wait;
	if (wait->kind != FL_WAIT_MUTEX || !wait->has_holder)
		return count;
	size_t i = 0;
	while (i < count && !(threads[i].has_block && threads[i].block == wait->holder))
		i++;
	return i;
}

/* Follow the waits from @p start; each step leads to one thread at most. */
static size_t follow(const uint16_t *next, size_t count, size_t start, uint16_t *ret)
{
	size_t length = 0;
	for (size_t at = start; at < count && length < count; at = next[at]) {
		ret[length++] = (uint16_t)at;
		if (next[at] == start)
			return length;
	}
	return 0;
}

size_t fl_locks_cycle(const struct fl_thread *threads, size_t count, uint16_t *ret)
{
	uint16_t next[THREADS_MAX];
	if (count > THREADS_MAX)
		count = THREADS_MAX;
	for (size_t i = 0; i < count; i++)
		next[i] = (uint16_t)fl_locks_holder(threads, count, i);
	for (size_t i = 0; i < count; i++) {
		size_t length = follow(next, count, i, ret);
		if (length)
			return length;
	}
	return 0;
}

bool fl_lock_ring_find(const struct fl_thread *threads, size_t count, struct fl_lock_ring *ret)
{
	if (count > THREADS_MAX)
		count = THREADS_MAX;
	ret->threads = threads;
	ret->count = fl_locks_cycle(threads, count, ret->at);
	ret->forever = true;
	for (size_t i = 0; i < ret->count; i++)
		ret->forever &= threads[ret->at[i]].wait.forever;
	return ret->count != 0;
}

const struct fl_thread *fl_lock_ring_thread(const struct fl_lock_ring *ring, size_t i)
{
	return &ring->threads[ring->at[i % ring->count]];
}

void fl_lock_ring_words(const struct fl_lock_ring *ring, struct fl_str *s)
{
	char name[FL_THREAD_WORDS], lock[FL_THREAD_WORDS];
	const struct fl_thread *first = fl_lock_ring_thread(ring, 0);
	fl_str_adds(s, fl_thread_short(first, name));
	if (ring->count == 1) {
		fl_str_addf(s, " waits for %s, which it holds itself",
			    fl_wait_words(&first->wait, lock));
		return;
	}
	for (size_t i = 0; i < ring->count && i < LINKS_SHOWN; i++)
		fl_str_addf(s, "%s waits for %s, held by %s", i ? ", which" : "",
			    fl_wait_words(&fl_lock_ring_thread(ring, i)->wait, lock),
			    fl_thread_short(fl_lock_ring_thread(ring, i + 1), name));
	if (ring->count > LINKS_SHOWN)
		fl_str_addf(s, ", and so on through %zu more, back to %s",
			    ring->count - LINKS_SHOWN, fl_thread_short(first, name));
}
