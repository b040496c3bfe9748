/* SPDX-License-Identifier: Apache-2.0 */
/** @file The whole pipeline in one call: dump + symbols -> report. */
#ifndef FAULTLINE_ANALYZE_H
#define FAULTLINE_ANALYZE_H

#include "error.h"
#include "report.h"
#include "rules.h"
#include "symbols.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Version of the engine, e.g. "0.1.0"; stored with every trace. */
FL_API const char *fl_version(void);

struct fl_analyze_options {
	size_t size; /**< sizeof(struct fl_analyze_options) */
	/**
	 * NULL: the lists compiled into the library, parsed for this analysis. That costs about as
	 * much again as the analysis: open them once (fl_rules_open()) where there are many.
	 */
	const struct fl_rules *rules;
	const char *sandbox; /**< how the caller isolates itself, e.g. "seccomp"; NULL: "none" */
};

/**
 * Analyse one dump.
 *
 * Pure: no files, clock, environment or threads; the same bytes and options give a
 * byte-identical report. Reentrant.
 *
 * @param dump    borrowed for the call.
 * @param symbols @p count compiled ELFs, the primary first; may be NULL when @p count is 0.
 * @param options may be NULL.
 * @param ret     set only on success; release with fl_report_close().
 *
 * @retval FL_EFORMAT      not a coredump.
 * @retval FL_EUNSUPPORTED a coredump of another kind of machine.
 * @retval FL_ENOMEM
 */
FL_API FL_MUST_CHECK enum fl_code
fl_analyze(const void *dump, size_t size, const struct fl_symbols *const *symbols, size_t count,
	   const struct fl_analyze_options *options, struct fl_report **ret, struct fl_error *err);

/**
 * Analyse one reboot or trace event (<faultline/event.h>): its pc and lr with names and lines, its
 * reason in words, a title and fingerprints. Everything else as fl_analyze().
 *
 * @param event   one CBOR map; borrowed for the call.
 * @retval FL_EFORMAT      not an event, or damaged.
 * @retval FL_EUNSUPPORTED an event of another kind (heartbeat, log, recording).
 * @retval FL_ENOMEM
 */
FL_API FL_MUST_CHECK enum fl_code
fl_analyze_event(const void *event, size_t size, const struct fl_symbols *const *symbols,
		 size_t count, const struct fl_analyze_options *options, struct fl_report **ret,
		 struct fl_error *err);

#ifdef __cplusplus
}
#endif

#endif
