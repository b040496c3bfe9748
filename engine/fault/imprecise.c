/* SPDX-License-Identifier: Apache-2.0 */
/* A buffered store that failed after the core had gone on. */
#include "fault/access.h"
#include "fault/code_walk.h"
#include "fault/rules.h"

#include <inttypes.h>

enum {
	LOOK_BACK = 8, /* instructions; a write buffer holds one to four entries */
	CANDIDATES = 3,
};

static bool is_ram(uint32_t addr)
{
	return addr >= UINT32_C(0x20000000) && addr < UINT32_C(0x40000000);
}

/* Instructions after the store that change its address registers hide where it went. */
static bool registers_kept(const struct fl_thumb *store, uint16_t written_since)
{
	const struct fl_thumb_access *a = &store->access;
	uint16_t used = (uint16_t)(1u << a->base);
	if (a->index != FL_THUMB_NO_REGISTER)
		used |= (uint16_t)(1u << a->index);
	return !(used & (written_since | store->writes));
}

/* @return whether it was worth stating. */
static bool
state_candidate(struct fl_inquiry *q, const struct fl_code_line *line, uint16_t written_since)
{
	uint32_t addr;
	if (!registers_kept(&line->insn, written_since) ||
	    !fl_access_address(q, line->addr, &line->insn, &addr)) {
		if (line->insn.access.base == FL_SP)
			return false;
		fl_evidence(q,
			    "candidate: the store at 0x%08" PRIx32
			    " through %s, which has changed since",
			    line->addr, fl_register_name(line->insn.access.base));
		return true;
	}
	if (is_ram(addr))
		return false; /* plain memory answers */
	fl_evidence(q, "candidate: the store of %u bytes at 0x%08" PRIx32 " to 0x%08" PRIx32,
		    (unsigned)line->insn.access.size, line->addr, addr);
	return true;
}

static void state_candidates(struct fl_inquiry *q)
{
	struct fl_code_walk walk;
	uint32_t start;
	uint16_t written = 0;
	size_t stated = 0;
	if (!q->has_pc || !fl_code_function_start(q, &start) ||
	    !fl_code_walk(q, start, q->pc, &walk))
		return;
	for (size_t i = 0; i < walk.count && i < LOOK_BACK && stated < CANDIDATES; i++) {
		const struct fl_thumb *insn = &walk.lines[i].insn;
		if (insn->kind == FL_THUMB_STORE)
			stated += state_candidate(q, &walk.lines[i], written);
		written |= insn->writes;
	}
}

/* ACTLR.DISDEFWBUF: Arm 100165 (Cortex-M3) and 100166 (Cortex-M4), "Auxiliary Control Register". */
static bool buffer_was_off(const struct fl_inquiry *q)
{
	const struct fl_fault *fault = q->in->fault;
	uint32_t part = fl_scs_value(fault, FL_CPUID) >> 4 & 0xfff;
	if (q->in->arch != FL_ARCH_V7M && part != 0xc23 && part != 0xc24)
		return false;
	return fl_scs_value(fault, FL_ACTLR) & FL_ACTLR_DISDEFWBUF;
}

void fl_cause_imprecise(struct fl_inquiry *q, uint32_t bit)
{
	fl_evidence_bits(q, FL_CFSR);
	fl_evidence_bits(q, FL_ABFSR);
	fl_evidence(q,
		    "the core had gone on when the error came back: pc is a few instructions late, "
		    "or more");
	if (buffer_was_off(q))
		fl_evidence(q, "ACTLR.DISDEFWBUF is set, which should make bus faults precise");
	if (q->cfsr & FL_CFSR_BFARVALID)
		fl_evidence(q, "BFAR is valid, but belongs to some other, precise fault");
	state_candidates(q);
	fl_evidence_also(q, bit);
	q->cause->imprecise = true;
	if (q->has_pc)
		fl_verdict(q, "Imprecise Bus Fault", FL_CERTAIN,
			   "a write some instructions before 0x%08" PRIx32 " failed on the bus",
			   q->pc);
	else
		fl_verdict(q, "Imprecise Bus Fault", FL_CERTAIN, "a write failed on the bus");
}
