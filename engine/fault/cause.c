/* SPDX-License-Identifier: Apache-2.0 */
/* The order of the rules; each lives in a file of its concept (fault/rules.h). */
#include "fault/cause.h"

#include "fault/rules.h"
#include "fault/stack.h"

/*
 * Bits of CFSR, the one that says most first: several are set where one fault led to the
 * next, or where an older one was never cleared.
 */
static const struct {
	uint32_t bits;
	void (*decide)(struct fl_inquiry *q, uint32_t bit);
} cfsr_rules[] = {
	{ FL_CFSR_STKOF, fl_cause_stack_limit },      { FL_CFSR_MSTKERR, fl_cause_stacking },
	{ FL_CFSR_STKERR, fl_cause_stacking },        { FL_CFSR_MUNSTKERR, fl_cause_unstacking },
	{ FL_CFSR_UNSTKERR, fl_cause_unstacking },    { FL_CFSR_DIVBYZERO, fl_cause_divide },
	{ FL_CFSR_UNALIGNED, fl_cause_unaligned },    { FL_CFSR_NOCP, fl_cause_coprocessor },
	{ FL_CFSR_INVPC, fl_cause_exception_return }, { FL_CFSR_INVSTATE, fl_cause_branch },
	{ FL_CFSR_UNDEFINSTR, fl_cause_undefined },   { FL_CFSR_IACCVIOL, fl_cause_branch },
	{ FL_CFSR_IBUSERR, fl_cause_branch },         { FL_CFSR_DACCVIOL, fl_cause_data },
	{ FL_CFSR_PRECISERR, fl_cause_data },         { FL_CFSR_IMPRECISERR, fl_cause_imprecise },
	{ FL_CFSR_MLSPERR, fl_cause_lazy_stacking },  { FL_CFSR_LSPERR, fl_cause_lazy_stacking },
};

static bool decide_by_cfsr(struct fl_inquiry *q)
{
	uint32_t bits = q->cfsr & fl_inquiry_class(q);
	for (size_t i = 0; i < sizeof(cfsr_rules) / sizeof(cfsr_rules[0]); i++) {
		if (!(bits & cfsr_rules[i].bits))
			continue;
		cfsr_rules[i].decide(q, cfsr_rules[i].bits);
		if (q->hfsr & FL_HFSR_FORCED)
			fl_evidence(q, "HFSR.FORCED: the fault escalated to HardFault");
		return true;
	}
	return false;
}

/* A HardFault of its own: what CFSR holds is then older. */
static bool decide_by_hfsr(struct fl_inquiry *q)
{
	if (q->hfsr & FL_HFSR_FORCED)
		return false;
	return fl_cause_vector_table(q) || (q->hfsr & FL_HFSR_DEBUGEVT && fl_cause_breakpoint(q));
}

/* Without a reason that names a fault, the registers may speak of something long past. */
static bool decide_by_registers(struct fl_inquiry *q)
{
	bool decided = fl_cause_lockup(q) || decide_by_hfsr(q) || decide_by_cfsr(q) ||
		       fl_cause_security(q) || fl_cause_vector_table(q) ||
		       (q->hfsr && fl_cause_breakpoint(q));
	if (!decided || fl_inquiry_is_fault(q))
		return decided;
	fl_evidence(q, "the %s gives no reason that names a fault",
		    q->in->event ? "event" : "dump");
	if (q->cause->confidence == FL_CERTAIN)
		q->cause->confidence = FL_LIKELY;
	return true;
}

bool fl_cause_by_fault(struct fl_inquiry *q)
{
	const struct fl_reason *reason = q->in->reason;
	if (reason && reason->known && reason->code && !fl_inquiry_is_fault(q))
		return false;
	return decide_by_registers(q) || fl_cause_bare(q);
}

static void decide(struct fl_inquiry *q)
{
	bool decided = fl_cause_trace_event(q) || fl_cause_overflow_hook(q) || fl_cause_panic(q) ||
		       fl_cause_reason(q) || decide_by_registers(q) || fl_cause_event_nowhere(q) ||
		       fl_cause_bare(q);
	if (!decided)
		fl_cause_reason_only(q);
}

enum fl_code
fl_cause_find(const struct fl_cause_input *input, struct fl_arena *arena, struct fl_cause *ret)
{
	struct fl_inquiry q;
	fl_inquiry_init(&q, input, arena, ret);
	decide(&q);
	fl_cause_bystanders(&q);
	return fl_inquiry_finish(&q);
}
