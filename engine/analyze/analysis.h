/* SPDX-License-Identifier: Apache-2.0 */
/** @file What the stages share on their way through one input, be it a dump or an event. */
#ifndef ANALYZE_ANALYSIS_H
#define ANALYZE_ANALYSIS_H

#include "model/memory.h"
#include "report/report.h"
#include "symbols/symbols.h"

#include <faultline/analyze.h>
#include <faultline/event.h>

#include <stdbool.h>
#include <stddef.h>

struct fl_analysis {
	struct fl_symbol_view symbols;
	struct fl_arena *arena; /**< the report's */
	struct fl_trace *trace; /**< the report's */
	struct fl_findings findings;
	struct fl_memory memory;
	struct fl_recent_spans recent;   /**< of the memory */
	struct fl_recent_pcs recent_pcs; /**< of the symbols */
	struct fl_registers regs;        /**< none known: there is nothing to start from */
};

/**
 * An analysis that fills @p report: engine and sandbox noted, the modules of @p symbols gathered
 * with what compiling them left out.
 * @retval FL_ENOMEM
 */
FL_MUST_CHECK enum fl_code fl_analysis_init(struct fl_analysis *a, struct fl_report *report,
					    const struct fl_symbols *const *symbols, size_t count,
					    const struct fl_analyze_options *options);

/** Copies the strings of @p identity. @retval FL_ENOMEM */
FL_MUST_CHECK enum fl_code
fl_analysis_identity(struct fl_analysis *a, const struct fl_dump_identity *identity);

/** The text of an event's compact log, where the symbols have its format. @retval FL_ENOMEM */
FL_MUST_CHECK enum fl_code
fl_analysis_event_log(struct fl_analysis *a, const struct fl_event_facts *facts);

void fl_analysis_findings(struct fl_analysis *a, const struct fl_finding *list, size_t count);

/** The read-only contents of the modules, below what is in the memory already. */
FL_MUST_CHECK enum fl_code fl_analysis_add_modules(struct fl_analysis *a);

/**
 * Every thread with its backtrace, from the memory and the register blocks of a dump, and what an
 * event of the same crash would say.
 * @retval FL_ENOMEM
 */
FL_MUST_CHECK enum fl_code
fl_analysis_threads(struct fl_analysis *a, const struct fl_registers *contexts, size_t count);

/** What the first module that says so was built for. */
enum fl_arch fl_analysis_arch(const struct fl_analysis *a);

/** @param what the input, "dump" or "event"; @p spans as it captured them. @retval FL_ENOMEM */
FL_MUST_CHECK enum fl_code fl_analysis_match(struct fl_analysis *a, const char *what,
					     const struct fl_dump_identity *identity,
					     const struct fl_span *spans, size_t span_count);

/** The last stage: names the trace, hands over the findings. @retval FL_ENOMEM */
FL_MUST_CHECK enum fl_code fl_analysis_finish(struct fl_analysis *a, const struct fl_rules *rules);

/** `return fl_analysis_no_memory(err)` */
enum fl_code fl_analysis_no_memory(struct fl_error *err);

#endif
