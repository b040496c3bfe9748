/* SPDX-License-Identifier: Apache-2.0 */
/* Exception entry and return that went wrong, and what the core itself gave up on. */
#include "fault/rules.h"
#include "target/exc_return.h"

#include <inttypes.h>

/*
 * No new frame is pushed: what the dump shows is the code that was returned to (Arm DDI 0403E
 * B1.5.8; recorded on QEMU).
 */
static void state_old_frame(struct fl_inquiry *q)
{
	q->cause->random_frame = true;
	fl_evidence(q,
		    "no new frame was stacked: the registers are those of the code that was to be "
		    "resumed, the handler that returned is not recorded");
}

void fl_cause_exception_return(struct fl_inquiry *q, uint32_t bit)
{
	fl_evidence_bits(q, FL_CFSR);
	state_old_frame(q);
	fl_evidence_also(q, bit);
	fl_verdict(q, "Invalid Exception Return", FL_CERTAIN,
		   "exception return with a damaged EXC_RETURN or frame");
}

void fl_cause_unstacking(struct fl_inquiry *q, uint32_t bit)
{
	uint32_t sp;
	fl_evidence_bits(q, FL_CFSR);
	state_old_frame(q);
	if (fl_inquiry_register(q, FL_SP, &sp))
		fl_evidence(q, "sp is 0x%08" PRIx32, sp);
	fl_evidence_also(q, bit);
	fl_verdict(q, bit & FL_MMFSR_MASK ? "MPU Violation" : "Bus Fault", FL_LIKELY,
		   "the frame could not be read on exception return: the handler damaged sp");
}

bool fl_cause_vector_table(struct fl_inquiry *q)
{
	if (!(q->hfsr & FL_HFSR_VECTTBL))
		return false;
	fl_evidence_bits(q, FL_HFSR);
	if (q->in->fault && fl_scs_known(q->in->fault, FL_VTOR))
		fl_evidence(q, "VTOR is 0x%08" PRIx32, fl_scs_value(q->in->fault, FL_VTOR));
	fl_evidence(q, "the code at pc was interrupted and has no part in it");
	q->cause->random_frame = true;
	fl_verdict(q, "Vector Table Fault", FL_CERTAIN,
		   "the entry of an exception could not be read from the vector table");
	return true;
}

bool fl_cause_security(struct fl_inquiry *q)
{
	const struct fl_fault *fault = q->in->fault;
	uint32_t sfsr = fault ? fl_scs_value(fault, FL_SFSR) : 0;
	const char *meaning = NULL;
	for (size_t i = 0; fault && i < fault->fact_count && !meaning; i++)
		if (fault->facts[i].reg == FL_SFSR && fault->facts[i].bit != 6)
			meaning = fault->facts[i].meaning;
	if (!sfsr || !meaning)
		return false;
	fl_evidence_bits(q, FL_SFSR);
	if (sfsr >> 6 & 1 && fl_scs_known(fault, FL_SFAR))
		fl_verdict_address(q, fl_scs_value(fault, FL_SFAR));
	fl_verdict(q, "Security Violation", FL_CERTAIN, "%s", meaning);
	return true;
}

bool fl_cause_lockup(struct fl_inquiry *q)
{
	if (!q->has_pc || !fl_is_lockup(q->pc))
		return false;
	fl_evidence(q, "pc 0x%08" PRIx32 " is what a core in lockup shows", q->pc);
	q->cause->random_frame = true;
	fl_verdict(q, "Lockup", FL_CERTAIN, "a fault inside HardFault or NMI locked the core up");
	return true;
}
