/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/analysis.h"

#include "inspect/compact_log.h"

enum fl_code fl_analysis_event_log(struct fl_analysis *a, const struct fl_event_facts *facts)
{
	struct fl_log_line line;
	struct fl_error err = { 0 };
	if (!facts->compact_log || a->trace->event.log)
		return FL_OK;
	enum fl_code code = FL_EFORMAT;
	if (facts->compact)
		code = fl_compact_log_format(&a->symbols, facts->compact, a->arena, &line, &err);
	if (!code)
		a->trace->event.log = line.text;
	else if (code != FL_ENOMEM)
		fl_finding_add(&a->findings, FL_STAGE_INSPECT, FL_WARNING, code, FL_AT_NONE, 0,
			       "the compact log of the event stays unread: %s",
			       facts->compact ? err.message : "its arguments are damaged");
	return code == FL_ENOMEM ? code : FL_OK;
}
