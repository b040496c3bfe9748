/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * What every rule of a verdict starts from: the facts at hand, and the ways to state evidence.
 *
 * A rule states its evidence, strongest first, and ends with one fl_verdict(). Text that does not
 * fit in memory latches fl_inquiry::failed; rules need not look.
 */
#ifndef FAULT_INQUIRY_H
#define FAULT_INQUIRY_H

#include "base/limits.h"
#include "fault/cause.h"
#include "target/scs.h"
#include "target/thumb.h"

/** Whether an address holds code, as far as the symbols can tell. */
enum fl_where {
	FL_WHERE_UNKNOWN, /**< there are no symbols */
	FL_WHERE_CODE,
	FL_WHERE_NOT_CODE,
};

struct fl_inquiry {
	const struct fl_cause_input *in;
	struct fl_arena *arena;
	struct fl_cause *cause;
	const char *evidence[FL_LIMIT_EVIDENCE];
	size_t evidence_count;
	bool failed; /**< memory ran out */
	bool mute;   /**< only the decision is asked for: nothing is put into words */

	bool has_pc;
	uint32_t pc; /**< bit 0 clear */
	enum fl_where pc_where;
	bool has_insn; /**< the instruction at pc could be read */
	uint16_t hw[2];
	struct fl_thumb insn;
	uint32_t cfsr; /**< 0 when not captured */
	uint32_t hfsr;

	bool through_pointer; /**< a rule found pc in the function pointer that was called */
};

/** Gather the facts. */
void fl_inquiry_init(struct fl_inquiry *q, const struct fl_cause_input *in, struct fl_arena *arena,
		     struct fl_cause *cause);

/** Hand the evidence over to the cause. */
FL_MUST_CHECK enum fl_code fl_inquiry_finish(struct fl_inquiry *q);

/** One more sentence; no trailing full stop. */
void fl_evidence(struct fl_inquiry *q, const char *format, ...) FL_PRINTF(2, 3);

/** The decision; @p category is a static string of docs/causes.md. */
void fl_verdict(struct fl_inquiry *q, const char *category, enum fl_confidence confidence,
		const char *format, ...) FL_PRINTF(4, 5);

/** The address that the verdict is about. */
void fl_verdict_address(struct fl_inquiry *q, uint32_t addr);

/** Value of a register of the crashed context; false when unknown. */
bool fl_inquiry_register(const struct fl_inquiry *q, unsigned reg, uint32_t *ret);

/** Code, data or unknown: what the symbols say about @p addr. */
enum fl_where fl_inquiry_where(const struct fl_inquiry *q, uint32_t addr);

/** The reason's class: part of CFSR that its handler stands for; all of it where that is open. */
uint32_t fl_inquiry_class(const struct fl_inquiry *q);

/** Whether the crash is a fault according to its reason; false for a missing or unknown reason. */
bool fl_inquiry_is_fault(const struct fl_inquiry *q);

/** Exception number of the crashed context; 0 when in a thread, unknown, or not plausible. */
unsigned fl_inquiry_exception(const struct fl_inquiry *q);

/**
 * Whether the stacked registers can be what the core stacked: reserved bits of xPSR clear, and not
 * all zero. They are not when the frame was never written.
 */
bool fl_inquiry_frame_plausible(const struct fl_inquiry *q);

/** Name of the function at the @p nth frame that has one, boundaries skipped; NULL. */
const char *fl_inquiry_function(const struct fl_inquiry *q, size_t nth);

/** Name of the function that contains code address @p addr; NULL. */
const char *fl_inquiry_function_at(const struct fl_inquiry *q, uint32_t addr);

/** Decode the instruction at @p addr; @p hw may be NULL. */
bool fl_inquiry_decode(const struct fl_inquiry *q, uint32_t addr, uint16_t hw[2],
		       struct fl_thumb *ret);

/** State the bits of @p reg that are set, in words. */
void fl_evidence_bits(struct fl_inquiry *q, enum fl_scs_register reg);

/** State which other causes' bits of CFSR are set beside @p used. */
void fl_evidence_also(struct fl_inquiry *q, uint32_t used);

#endif
