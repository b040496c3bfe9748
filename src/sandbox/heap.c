/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/heap.h"

#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

/* Bytes. */
enum {
	KEPT = 4 << 20,   /* at the end of the heap */
	MAPPED = 1 << 20, /* one allocation of more has a mapping of its own */
	STEP = 256 << 10, /* that the heap grows by */
};

void fl_heap_keep(void)
{
#ifdef __GLIBC__
	mallopt(M_TRIM_THRESHOLD, KEPT);
	mallopt(M_MMAP_THRESHOLD, MAPPED);
	mallopt(M_TOP_PAD, STEP);
#endif
}
