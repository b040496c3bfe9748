/* SPDX-License-Identifier: Apache-2.0 */
/** @file Traces written by hand, for tests of what comes after the analysis. */
#ifndef SUPPORT_TRACES_H
#define SUPPORT_TRACES_H

#include "report/report.h"

/**
 * A report whose trace has one crashed thread with the frames of @p frames, innermost first,
 * separated by ';':
 *
 *   "read_sensor"        a physical frame; the first has trust context, the others cfi
 *   "read_sensor~lr"     found by "lr" (any fl_trust_name())
 *   "i:set_pixel"        inlined into the physical frame that follows
 *   "?"                  no symbol, but in the module
 *   "??"                 in no module
 *   "--19"               an exception boundary, number 19
 *
 * The pc of frame n is 0x08001000 + 0x100 * n. An empty text is a thread without frames, NULL is no
 * thread. Release with fl_report_close().
 */
struct fl_report *trace_make(const char *category, const char *frames);

/** Deterministic trace with every field of every struct set, and several of each array. */
struct fl_report *trace_make_full(void);

/**
 * A dump of a kernel with eight threads: crashed with a proven overflow, waiting for a mutex of
 * that one, waiting in a handler's shadow, idle, unnamed, two of one name, a name beyond ASCII.
 */
struct fl_report *trace_make_threads(void);

/** The same as trace_make_full() for an event of @p kind, which is no FL_REPORT_DUMP. */
struct fl_report *trace_make_event(enum fl_report_kind kind);
struct fl_report *trace_make_reboot(void);
struct fl_report *trace_make_trace(void);

/** Text of a file, NUL-terminated; free() it. Fails the test when it is not there. */
char *trace_read_file(const char *path);

/** Compare @p got with the text of the file @p path; on a difference show it and fail. */
void trace_expect_file(const char *path, const char *got);

#endif
