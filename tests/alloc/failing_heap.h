/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * A heap whose calls are counted and can fail. A program that links fl_failing_heap has its own
 * objects' calls led here by the linker (--wrap); the libraries below keep their allocator.
 */
#ifndef ALLOC_FAILING_HEAP_H
#define ALLOC_FAILING_HEAP_H

#include <stdbool.h>

/** Calls so far. */
extern unsigned long heap_calls;

/** The n-th call from now on fails, the others do not; 0: none does. Counted down. */
extern unsigned long heap_fail_in;

/** Count a call; whether it is to fail. For allocators beside malloc() and its relatives. */
bool heap_fails(void);

#endif
