/* SPDX-License-Identifier: Apache-2.0 */
/** @file The parts of the text report that have a file of their own. */
#ifndef REPORT_TEXT_PARTS_H
#define REPORT_TEXT_PARTS_H

#include "model/trace.h"
#include "report/text_writer.h"

/** The name to show: its address where it has none. NULL when memory is out (latched). */
const char *fl_text_thread_name(struct fl_text *t, const struct fl_thread *thread);

/** "running on core 1", "blocked". NULL when memory is out (latched). */
const char *fl_text_thread_state(struct fl_text *t, const struct fl_thread *thread);

/** What comes after the state: "on mutex uart_lock held by logger"; NULL where it waits for
 * nothing.
 */
const char *fl_text_thread_wait(struct fl_text *t, const struct fl_trace *trace,
				const struct fl_thread *thread);

/**
 * Where a thread is, in at most @p room columns. One that waits: its first function that is not the
 * kernel's. One that ran: where the processor was, or the handler and what it interrupted. As many
 * callers as fit. "" without frames, or when memory is out (latched).
 */
const char *fl_text_place(struct fl_text *t, const struct fl_trace *trace,
			  const struct fl_thread *thread, size_t room);

/** All threads, one row each, under a line about their kernel. */
void fl_text_thread_table(struct fl_text *t, const struct fl_trace *trace);

/** The backtrace of one thread with its heading and the reason why it ends. */
void fl_text_thread(struct fl_text *t, const struct fl_trace *trace, const struct fl_thread *thread,
		    const struct fl_text_options *options);

/** Core registers as a table; nothing when none is known. */
void fl_text_registers(struct fl_text *t, const struct fl_registers *regs);

/** Fault status registers, their values and what the set bits mean. */
void fl_text_fault(struct fl_text *t, const struct fl_trace *trace);

#endif
