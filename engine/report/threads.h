/* SPDX-License-Identifier: Apache-2.0 */
/** @file Questions about the threads of a trace that more than one rendering asks. */
#ifndef REPORT_THREADS_H
#define REPORT_THREADS_H

#include "model/trace.h"

/** Whether anything is known of a kernel: false for bare metal. */
bool fl_report_has_kernel(const struct fl_trace *trace);

/** The thread with the control block @p block, or NULL. */
const struct fl_thread *fl_report_thread_at(const struct fl_trace *trace, uint32_t block);

/** The thread that holds what @p wait is about, or NULL. */
const struct fl_thread *fl_report_holder(const struct fl_trace *trace, const struct fl_wait *wait);

/**
 * Whether @p wanted means @p thread: "all", "crashed", a name, or the address of a control block
 * ("0x20001000"). NULL means all.
 */
bool fl_report_wants_thread(const struct fl_thread *thread, const char *wanted);

/**
 * Whether there is a thread that @p wanted means; "all" and NULL always do.
 * @retval FL_ENOTFOUND the message tells the names there are, as far as it has room.
 */
FL_MUST_CHECK enum fl_code
fl_report_check_thread(const struct fl_trace *trace, const char *wanted, struct fl_error *err);

#endif
