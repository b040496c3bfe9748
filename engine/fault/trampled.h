/* SPDX-License-Identifier: Apache-2.0 */
/** @file What lies below a stack that ran past its end. */
#ifndef FAULT_TRAMPLED_H
#define FAULT_TRAMPLED_H

#include "fault/inquiry.h"

/**
 * State what lies right below the stack of q->in->thread, whose start is known, and what shows that
 * it was written there: a stack, an object or a control block, and how far down the return
 * addresses of the thread's own stack are found.
 */
void fl_evidence_trampled(struct fl_inquiry *q);

#endif
