/* SPDX-License-Identifier: Apache-2.0 */
/** @file Fault registers and what their bits say. */
#ifndef MODEL_FAULT_H
#define MODEL_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** System control space registers (docs/formats.md). */
enum fl_scs_register {
	FL_SHCSR,
	FL_CFSR,
	FL_HFSR,
	FL_DFSR,
	FL_MMFAR,
	FL_BFAR,
	FL_AFSR,
	FL_SFSR,
	FL_SFAR,
	FL_ABFSR,
	FL_ICSR,
	FL_VTOR,
	FL_CCR,
	FL_CPUID,
	FL_ACTLR,
	FL_SCS_COUNT
};

/** What a fault bit means for the stages that run after it. */
enum {
	FL_EFFECT_ADDR_IN_MMFAR = 1 << 0, /**< MMFAR holds the faulting address */
	FL_EFFECT_ADDR_IN_BFAR = 1 << 1,
	FL_EFFECT_ADDR_IN_SFAR = 1 << 2,
	FL_EFFECT_PC_LATE = 1 << 3,       /**< stacked PC is past the culprit */
	FL_EFFECT_FRAME_SUSPECT = 1 << 4, /**< the exception frame may never have been written */
	FL_EFFECT_FRAME_REUSED = 1 << 5,  /**< no new frame: the one on the stack is older */
	FL_EFFECT_V8M_ONLY = 1 << 6,
};

enum { FL_FAULT_FACTS = 64 };

/** One set bit, in words. Strings are static or in the trace's arena. */
struct fl_fault_fact {
	enum fl_scs_register reg;
	uint8_t bit;
	const char *name;    /**< as spelled in the Architecture Reference Manual */
	const char *meaning; /**< a clause, lower case, no full stop */
};

struct fl_fault {
	uint32_t known; /**< bit per fl_scs_register: value[] was captured */
	uint32_t value[FL_SCS_COUNT];
	unsigned effects; /**< union of FL_EFFECT_* */
	bool absent; /**< this core has no CFSR/HFSR (Armv6-M, v8-M baseline): zeros mean nothing */
	struct fl_fault_fact facts[FL_FAULT_FACTS];
	size_t fact_count;
};

static inline bool fl_scs_known(const struct fl_fault *fault, enum fl_scs_register reg)
{
	return fault->known >> reg & 1;
}

/** 0 when the register was not captured. */
static inline uint32_t fl_scs_value(const struct fl_fault *fault, enum fl_scs_register reg)
{
	return fl_scs_known(fault, reg) ? fault->value[reg] : 0;
}

/** "CFSR", "HFSR", ... */
const char *fl_scs_name(enum fl_scs_register reg);

/** Confidence of a verdict. */
enum fl_confidence {
	FL_UNCERTAIN, /**< a guess, the evidence says why */
	FL_LIKELY,
	FL_CERTAIN,
	FL_CONFIDENCE_COUNT
};

/** "uncertain", "likely", "certain" */
const char *fl_confidence_name(enum fl_confidence confidence);

/** A thread that a verdict is about. Both names may be unknown (NULL). */
struct fl_cause_party {
	const char *thread;
	const char *lock; /**< the mutex that it waits for and the next party holds */
};

/** The verdict: what went wrong, and why we say so. */
struct fl_cause {
	const char *category; /**< "Null Pointer", "Assert", ...: docs/causes.md lists them; never
				 NULL */
	const char *title; /**< one sentence: "write of 4 bytes to 0x00000010, a null pointer plus
			      16" */
	enum fl_confidence confidence;
	const char **evidence; /**< sentences, strongest first */
	size_t evidence_count;
	bool has_address; /**< the faulting data or branch target address */
	uint32_t address;
	bool imprecise;    /**< the innermost frame is only near the culprit */
	bool random_frame; /**< the innermost frames are accidental (stack overflow, wild jump) */
	struct fl_cause_party
		*parties; /**< where it is not the crashed thread: the one whose stack
			     overflowed; of a deadlock all, in the order of the wait */
	size_t party_count;
};

#endif
