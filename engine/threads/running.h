/* SPDX-License-Identifier: Apache-2.0 */
/** @file Which threads the dump's register blocks belong to. */
#ifndef THREADS_RUNNING_H
#define THREADS_RUNNING_H

#include "threads/kernel.h"

/**
 * Give the register blocks to the threads that ran, core by core, and put the crashed one first.
 *
 * The block of core n belongs to the thread that the kernel names as running there, with these
 * exceptions: a handler ran while the kernel was switching, and the process stack pointer is still
 * that of the thread before; the kernel names nobody, and the stack pointer lies in the stack of
 * one; the kernel had not started, or the core ran on the main stack without a handler: then a
 * thread of no name stands for it.
 *
 * What was saved of a running thread is out of date: where no block belongs to one, it has no
 * registers. More than FL_LIMIT_THREADS are cut off with a finding.
 */
void fl_threads_hand_out(struct fl_kernel_scan *scan);

#endif
