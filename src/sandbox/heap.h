/* SPDX-License-Identifier: Apache-2.0 */
/** @file The heap of a process that does about the same again and again. */
#ifndef SANDBOX_HEAP_H
#define SANDBOX_HEAP_H

/**
 * Keep what is freed. Every dump takes about as much memory as the one before; glibc gives the end
 * of the heap back to the system at 128 KiB, and the kernel clears the same pages again for the
 * next: a fifth of a worker's time. Does nothing with another C library. Children inherit it.
 */
void fl_heap_keep(void);

#endif
