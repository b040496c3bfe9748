/* SPDX-License-Identifier: Apache-2.0 */
/** @file Wrong-ELF proof: do the captured bytes come from this image? Independent of build ids. */
#ifndef INSPECT_ELF_MATCH_H
#define INSPECT_ELF_MATCH_H

#include "model/finding.h"
#include "model/trace.h"
#include "symbols/symbols.h"

struct fl_elf_match_input {
	const char *what;                 /**< for people: "dump", "event" */
	const struct fl_span *dump_spans; /**< as captured */
	size_t dump_span_count;
	const struct fl_memory *memory; /**< for the stack words */
	const struct fl_module *module;
	const struct fl_registers *regs; /**< crashed context: where the stack is, LR */
	/** NULL for all but the primary module. An event's build id may be a prefix. */
	const struct fl_dump_identity *identity;
};

/**
 * Compare captured read-only bytes, and the words on the stack that point behind code, with the
 * module. Fills every field of @p ret (name and flags from the module) and says loudly when the ELF
 * is not the dump's.
 */
void fl_elf_match(const struct fl_elf_match_input *input, struct fl_findings *findings,
		  struct fl_module_facts *ret);

/** Whether both build ids are known, to the bytes that were sent, and differ. */
bool fl_build_id_conflict(const struct fl_dump_identity *identity,
			  const struct fl_module_facts *module);

#endif
