/* SPDX-License-Identifier: Apache-2.0 */
/** @file A report owns a trace and the arena it lives in. The public part is <faultline/report.h>.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "base/arena.h"
#include "model/trace.h"

#include <faultline/report.h>

struct fl_report {
	struct fl_arena arena;
	struct fl_trace trace; /**< everything it points to lives in the arena */
};

/** An empty report, or NULL when memory is out. */
struct fl_report *fl_report_new(void);

#endif
