/* SPDX-License-Identifier: Apache-2.0 */
#include "store/internal.h"

#include <time.h>

/*
 * Another process writes for some milliseconds at most: SQLite's own waiting (1, 2, 5, 10 ... 100
 * ms) would sleep on when it is done. Who takes longer is not asked as often.
 */
enum {
	SHORT_TRIES = 80,
	SHORT_US = 250,
	LONG_US = 5000,
};

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* @p tries is 0 when somebody begins to wait. */
static int wait_a_little(void *context, int tries)
{
	struct fl_store *store = context;
	if (!tries)
		store->busy_since_ms = now_ms();
	else if (now_ms() - store->busy_since_ms >= store->patience_ms)
		return 0;
	const struct timespec pause = { .tv_nsec = 1000L *
						   (tries < SHORT_TRIES ? SHORT_US : LONG_US) };
	nanosleep(&pause, NULL);
	return 1;
}

void fl_store_be_patient(struct fl_store *store, int ms)
{
	store->patience_ms = ms;
	sqlite3_busy_handler(store->db, wait_a_little, store);
}
