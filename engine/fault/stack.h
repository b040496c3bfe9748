/* SPDX-License-Identifier: Apache-2.0 */
/** @file Is it the stack that ran out? */
#ifndef FAULT_STACK_H
#define FAULT_STACK_H

#include "fault/access.h"

enum {
	/** How far below its end a stack pointer still belongs to a stack; bytes. */
	FL_STACK_REACH = 0x10000,
};

/**
 * Whether the crashed context used the stack of its thread: a handler uses the main stack, which
 * is no thread's where there is a kernel.
 */
bool fl_stack_is_own(const struct fl_inquiry *q);

/**
 * The stack pointer of the thread itself: what an interrupt left in psp when a handler crashed.
 * @return false when it is not known, or on a stack inside the thread's control block.
 */
bool fl_stack_pointer(const struct fl_inquiry *q, uint32_t *ret);

/**
 * The lower end of the stack that the crashed context used, and whose it is: a thread's name or a
 * symbol. @return false when it is not known.
 */
bool fl_stack_end(const struct fl_inquiry *q, uint32_t *ret, const char **whose_ret);

/** Whether the crashed context used the process stack. */
bool fl_stack_is_process(const struct fl_inquiry *q);

/** State that @p sp is below @p limit, the lower end of the stack of @p whose. */
void fl_evidence_below(struct fl_inquiry *q, uint32_t sp, uint32_t limit, const char *whose);

/**
 * Decide whether a failed data access is a stack overflow; when it is, the evidence and the verdict
 * are stated and true is returned.
 * @param addr_known whether @p addr is the address that failed.
 */
bool fl_stack_overflow_by_access(struct fl_inquiry *q, const struct fl_access *access,
				 bool addr_known, uint32_t addr);

/** MSTKERR, STKERR: no exception frame could be written. */
void fl_cause_stacking(struct fl_inquiry *q, uint32_t bit);

/** STKOF: the limit register stopped it (v8-M); stack_limit.c. */
void fl_cause_stack_limit(struct fl_inquiry *q, uint32_t bit);

/** MLSPERR, LSPERR: floating-point registers found no room in the interrupted stack. */
void fl_cause_lazy_stacking(struct fl_inquiry *q, uint32_t bit);

/**
 * For cores that do not report stacking errors: the registers cannot have been stacked, and sp is
 * at the lower end of a stack or of RAM. @return whether a verdict was stated.
 */
bool fl_stack_overflow_without_frame(struct fl_inquiry *q);

#endif
