/* SPDX-License-Identifier: Apache-2.0 */
#include "model/finding.h"

#include "base/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct fl_finding *add(struct fl_findings *list)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 16;
		struct fl_finding *items = fl_arena_array(list->arena, room, sizeof(*items));
		if (!items)
			return NULL;
		if (list->count)
			memcpy(items, list->items, list->count * sizeof(*items));
		list->items = items;
		list->room = room;
	}
	return &list->items[list->count++];
}

void fl_finding_add(struct fl_findings *findings, enum fl_stage stage, enum fl_severity severity,
		    enum fl_code code, enum fl_at at_kind, uint64_t at, const char *format, ...)
{
	if (!findings || findings->count >= FL_LIMIT_FINDINGS)
		return;
	struct fl_finding *finding = add(findings);
	if (!finding)
		return;
	char text[512];
	va_list ap;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	*finding = (struct fl_finding){ stage, severity, code, at_kind, at, NULL };
	if (findings->count == FL_LIMIT_FINDINGS) {
		finding->severity = FL_WARNING;
		finding->code = FL_ELIMIT;
		finding->at_kind = FL_AT_NONE;
		snprintf(text, sizeof(text), "more than %d findings, the rest is not listed",
			 FL_LIMIT_FINDINGS - 1);
	}
	finding->text = fl_arena_strdup(findings->arena, text);
	if (!finding->text)
		findings->count--;
}

const char *fl_stage_name(enum fl_stage stage)
{
	static const char *const names[FL_STAGE_COUNT] = {
		"dump", "image", "symbols", "fault", "threads", "unwind", "inspect", "signature",
	};
	return stage < FL_STAGE_COUNT ? names[stage] : "unknown";
}

const char *fl_severity_name(enum fl_severity severity)
{
	static const char *const names[FL_SEVERITY_COUNT] = { "note", "warning", "alarm" };
	return severity < FL_SEVERITY_COUNT ? names[severity] : "unknown";
}
