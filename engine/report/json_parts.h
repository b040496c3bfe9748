/* SPDX-License-Identifier: Apache-2.0 */
/** @file The parts of the JSON report that have a file of their own. */
#ifndef REPORT_JSON_PARTS_H
#define REPORT_JSON_PARTS_H

#include "model/trace.h"
#include "report/json_writer.h"

/** The key `kernel`; left out when nothing is known of one. */
void fl_json_kernel(struct fl_json *j, const struct fl_trace *trace);

/** The key `threads`. */
void fl_json_threads(struct fl_json *j, const struct fl_trace *trace);

#endif
