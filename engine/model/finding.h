/* SPDX-License-Identifier: Apache-2.0 */
/** @file Findings: what makes a result poorer, or what a reader must know about it. */
#ifndef MODEL_FINDING_H
#define MODEL_FINDING_H

#include "base/arena.h"

#include <faultline/error.h>

#include <stddef.h>
#include <stdint.h>

enum fl_stage {
	FL_STAGE_DUMP,
	FL_STAGE_IMAGE,
	FL_STAGE_SYMBOLS,
	FL_STAGE_FAULT,
	FL_STAGE_THREADS,
	FL_STAGE_UNWIND,
	FL_STAGE_INSPECT,
	FL_STAGE_SIGNATURE,
	FL_STAGE_COUNT
};

enum fl_severity {
	FL_NOTE,    /**< worth knowing */
	FL_WARNING, /**< the result is poorer */
	FL_ALARM,   /**< the result may be wrong as a whole (other build's ELF): shown first */
	FL_SEVERITY_COUNT
};

struct fl_finding {
	enum fl_stage stage;
	enum fl_severity severity;
	enum fl_code code;
	enum fl_at at_kind;
	uint64_t at;
	const char *text; /**< one sentence, no trailing full stop */
};

/** Append-only list in an arena; at most FL_LIMIT_FINDINGS, then one that says so. */
struct fl_findings {
	struct fl_arena *arena;
	struct fl_finding *items;
	size_t count;
	size_t room;
};

/**
 * Append. @p findings may be NULL (nothing is recorded). When memory is out the finding is lost:
 * the analysis that asked will meet the same shortage and fail as a whole.
 */
void fl_finding_add(struct fl_findings *findings, enum fl_stage stage, enum fl_severity severity,
		    enum fl_code code, enum fl_at at_kind, uint64_t at, const char *format, ...)
	FL_PRINTF(7, 8);

/** "dump", "image", ... */
const char *fl_stage_name(enum fl_stage stage);
/** "note", "warning", "alarm" */
const char *fl_severity_name(enum fl_severity severity);

#endif
