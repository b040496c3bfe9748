/* SPDX-License-Identifier: Apache-2.0 */
/** @file The rules that fault/cause.c puts in order. */
#ifndef FAULT_RULES_H
#define FAULT_RULES_H

#include "fault/inquiry.h"

/*
 * One per concept. Those that take a bit were asked because it is set in CFSR, and always state a
 * verdict; the others say whether they did.
 */

/* memory.c: DACCVIOL, PRECISERR, UNALIGNED, IMPRECISERR */
void fl_cause_data(struct fl_inquiry *q, uint32_t bit);
void fl_cause_unaligned(struct fl_inquiry *q, uint32_t bit);
/* imprecise.c */
void fl_cause_imprecise(struct fl_inquiry *q, uint32_t bit);
/* branch.c: INVSTATE, IACCVIOL, IBUSERR */
void fl_cause_branch(struct fl_inquiry *q, uint32_t bit);
/** The same without any bit: pc is not code. */
bool fl_cause_wild_pc(struct fl_inquiry *q);
/* instruction.c: UNDEFINSTR, NOCP, DIVBYZERO */
void fl_cause_undefined(struct fl_inquiry *q, uint32_t bit);
void fl_cause_coprocessor(struct fl_inquiry *q, uint32_t bit);
void fl_cause_divide(struct fl_inquiry *q, uint32_t bit);
/** BKPT at pc, or HFSR.DEBUGEVT. */
bool fl_cause_breakpoint(struct fl_inquiry *q);
/* exception.c: INVPC, MUNSTKERR, UNSTKERR; HFSR.VECTTBL; SFSR; lockup */
void fl_cause_exception_return(struct fl_inquiry *q, uint32_t bit);
void fl_cause_unstacking(struct fl_inquiry *q, uint32_t bit);
bool fl_cause_vector_table(struct fl_inquiry *q);
bool fl_cause_security(struct fl_inquiry *q);
bool fl_cause_lockup(struct fl_inquiry *q);
/* bare.c: no fault registers, or cleared ones: the instruction at pc decides */
bool fl_cause_bare(struct fl_inquiry *q);
/* panic.c */
bool fl_cause_panic(struct fl_inquiry *q);
/* reason.c: what software said before it gave up */
bool fl_cause_reason(struct fl_inquiry *q);
/** A trace event is no crash: what the software reported. */
bool fl_cause_trace_event(struct fl_inquiry *q);
/** An event whose pc and lr lie nowhere: what was stacked, if anything, is not known. */
bool fl_cause_event_nowhere(struct fl_inquiry *q);
/** State which reason the device gave. */
void fl_evidence_reason(struct fl_inquiry *q);
/** Whether the reason says that a stack overflowed. */
bool fl_reason_is_overflow(const struct fl_reason *reason);
/** Nothing else fitted: what the reason alone says. */
void fl_cause_reason_only(struct fl_inquiry *q);

/* hook.c: the kernel's hook for an overflow is among the frames */
bool fl_cause_overflow_hook(struct fl_inquiry *q);
/* hang.c: a watchdog, NMI or debugger came, and threads are known */
enum fl_hang {
	FL_HANG_EXPIRED, /**< a watchdog: something did not go on */
	FL_HANG_HALTED,  /**< nothing need be wrong */
};
/** @return whether a verdict was stated; evidence may be stated all the same. */
bool fl_cause_hang(struct fl_inquiry *q, enum fl_hang hang, const char *function,
		   enum fl_confidence confidence);
/* bystander.c: what the other threads have to do with it; amends the verdict */
void fl_cause_bystanders(struct fl_inquiry *q);
/* cause.c: what the fault itself says, whatever software said; false when it says nothing */
bool fl_cause_by_fault(struct fl_inquiry *q);

#endif
