/* SPDX-License-Identifier: Apache-2.0 */
/** @file The exception in which kernels switch threads. */
#ifndef UNWIND_PENDSV_H
#define UNWIND_PENDSV_H

#include "unwind/exception.h"

/**
 * Whether @p cursor stands in PendSV's handler itself, by the vector table, and a hardware frame
 * lies at PSP: then that is what the handler interrupted, whatever may be left on the main stack.
 *
 * Ports keep EXC_RETURN in the context of the thread that they switch out and nowhere else, and
 * kernels give PendSV the lowest priority: it interrupts threads only.
 */
bool fl_pendsv_interrupted(const struct fl_unwind_input *in, const struct fl_cursor *cursor,
			   struct fl_boundary *boundary_ret, uint32_t *frame_addr_ret);

#endif
