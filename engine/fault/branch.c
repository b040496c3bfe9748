/* SPDX-License-Identifier: Apache-2.0 */
/* pc ended up where no code is. */
#include "fault/access.h"
#include "fault/mpu.h"
#include "fault/rules.h"
#include "target/exc_return.h"

#include <inttypes.h>
#include <stdio.h>

/* The call that LR returns from, if it explains pc. */
struct caller {
	bool is_call;         /* a call instruction precedes LR */
	bool through_pointer; /* ... through a register */
	bool confirmed;       /* ... which still holds pc */
	uint32_t addr;        /* of the call */
	unsigned reg;
	const char *function;
};

static bool call_before(const struct fl_inquiry *q, uint32_t lr, struct caller *ret)
{
	uint16_t hw[2] = { 0, 0 };
	uint32_t end = lr & ~UINT32_C(1);
	if (!q->in->memory || !(lr & 1) || end < 4 ||
	    !fl_memory_u16(q->in->memory, end - 2, &hw[1]))
		return false;
	(void)fl_memory_u16(q->in->memory, end - 4, &hw[0]);
	unsigned size = fl_thumb_call_size(hw[0], hw[1]);
	ret->is_call = size != 0;
	ret->addr = end - size;
	ret->through_pointer = size == 2;
	ret->reg = hw[1] >> 3 & 0xf;
	return ret->is_call;
}

static struct caller find_caller(const struct fl_inquiry *q)
{
	struct caller c = { 0 };
	uint32_t lr, value;
	if (!fl_inquiry_register(q, FL_LR, &lr) || fl_is_exc_return(lr, q->in->arch) ||
	    fl_inquiry_where(q, lr) == FL_WHERE_NOT_CODE || !call_before(q, lr, &c))
		return c;
	c.function = fl_inquiry_function_at(q, c.addr);
	c.confirmed = c.through_pointer && fl_inquiry_register(q, c.reg, &value) &&
		      (value & ~UINT32_C(1)) == q->pc;
	return c;
}

static void state_caller(struct fl_inquiry *q, const struct caller *c)
{
	const char *name = c->function ? c->function : "";
	const char *in = c->function ? " in " : "";
	if (c->confirmed)
		fl_evidence(
			q, "the call at 0x%08" PRIx32 "%s%s goes through %s, which is 0x%08" PRIx32,
			c->addr, in, name, fl_register_name(c->reg), q->pc);
	else if (c->through_pointer)
		fl_evidence(q, "LR returns from a call through %s at 0x%08" PRIx32 "%s%s",
			    fl_register_name(c->reg), c->addr, in, name);
	else if (c->is_call)
		fl_evidence(q,
			    "LR returns from the call at 0x%08" PRIx32
			    "%s%s: the jump happened in what was called there, or later",
			    c->addr, in, name);
	else
		fl_evidence(q, "LR does not tell who jumped");
}

static void state_target(struct fl_inquiry *q)
{
	uint32_t xpsr;
	const char *words = fl_pattern_words(q->pc);
	struct fl_symbol_info info;
	if (words)
		fl_evidence(q, "0x%08" PRIx32 " is %s", q->pc, words);
	if (fl_inquiry_register(q, FL_XPSR, &xpsr) && !(xpsr & FL_XPSR_T))
		fl_evidence(q, "xPSR.T is clear: bit 0 of the address was not set");
	if (q->pc >= FL_NULL_LIKELY && q->in->symbols && q->in->symbols->count &&
	    fl_view_object_at(q->in->symbols, q->pc, &info))
		fl_evidence(q, "0x%08" PRIx32 " lies in %s, which is data", q->pc, info.name);
}

static void state_registers(struct fl_inquiry *q)
{
	for (unsigned reg = FL_R0; reg <= FL_R12; reg++) {
		uint32_t value;
		if (fl_inquiry_register(q, reg, &value) && (value & ~UINT32_C(1)) == q->pc)
			fl_evidence(q, "%s holds 0x%08" PRIx32, fl_register_name(reg), value);
	}
}

static void verdict_null(struct fl_inquiry *q, const struct caller *c)
{
	char past[32] = "";
	if (q->pc)
		snprintf(past, sizeof(past), " plus %" PRIu32, q->pc);
	fl_verdict_address(q, q->pc);
	if (!c->through_pointer)
		fl_verdict(q, "Null Pointer", FL_LIKELY,
			   "call of a null function pointer%s, or return to a null address", past);
	else if (c->function)
		fl_verdict(q, "Null Pointer", FL_CERTAIN, "call of a null function pointer%s in %s",
			   past, c->function);
	else
		fl_verdict(q, "Null Pointer", FL_CERTAIN, "call of a null function pointer%s",
			   past);
}

static void verdict_jump(struct fl_inquiry *q, const struct caller *c, bool certain)
{
	enum fl_confidence confidence = certain ? FL_CERTAIN : FL_LIKELY;
	const char *why = q->pc_where == FL_WHERE_NOT_CODE ? "is not code" : "cannot be executed";
	fl_verdict_address(q, q->pc);
	q->cause->random_frame = true;
	q->through_pointer = c->confirmed;
	if (!c->confirmed)
		state_registers(q);
	if (c->confirmed && c->function)
		fl_verdict(q, "Bad Jump", confidence, "jump from %s to 0x%08" PRIx32 ", which %s",
			   c->function, q->pc, why);
	else
		fl_verdict(q, "Bad Jump", confidence, "jump to 0x%08" PRIx32 ", which %s", q->pc,
			   why);
}

static bool is_null(const struct fl_inquiry *q)
{
	return q->pc < FL_NULL_CERTAIN ||
	       (q->pc < FL_NULL_LIKELY && q->pc_where == FL_WHERE_NOT_CODE);
}

static void state_and_decide(struct fl_inquiry *q, bool certain)
{
	struct caller c = find_caller(q);
	state_caller(q, &c);
	state_target(q);
	if (is_null(q))
		verdict_null(q, &c);
	else
		verdict_jump(q, &c, certain);
}

/* The code is there: only how it was reached, or the MPU, is wrong. */
static void verdict_in_code(struct fl_inquiry *q, uint32_t bit)
{
	struct fl_mpu mpu = { q->in->mpu, q->in->mpu_count, q->in->arch };
	struct fl_mpu_region region;
	uint32_t xpsr;
	bool overlap;
	bool thumb = !fl_inquiry_register(q, FL_XPSR, &xpsr) || xpsr & FL_XPSR_T;
	fl_verdict_address(q, q->pc);
	if (bit == FL_CFSR_IACCVIOL) {
		if (fl_mpu_find(&mpu, q->pc, &region, &overlap))
			fl_evidence(
				q, "MPU region %u, 0x%08" PRIx32 " to 0x%08" PRIx64 ", gives %s",
				region.number, region.start, region.end - 1, fl_mpu_words(&region));
		fl_verdict(q, "MPU Violation", FL_CERTAIN,
			   "instruction fetch from 0x%08" PRIx32 ", which the MPU forbids", q->pc);
	} else if (bit == FL_CFSR_IBUSERR) {
		fl_verdict(q, "Bus Fault", FL_CERTAIN,
			   "instruction fetch from 0x%08" PRIx32 ", where the bus gave an error",
			   q->pc);
	} else if (!thumb) {
		struct caller c = find_caller(q);
		state_caller(q, &c);
		fl_verdict(q, "Bad Jump", FL_CERTAIN,
			   "jump to 0x%08" PRIx32 " without the Thumb bit", q->pc);
	} else {
		fl_verdict(q, "Usage Fault", FL_LIKELY,
			   "invalid execution state at 0x%08" PRIx32
			   ", as after a damaged exception frame",
			   q->pc);
	}
}

void fl_cause_branch(struct fl_inquiry *q, uint32_t bit)
{
	fl_evidence_bits(q, FL_CFSR);
	fl_evidence_also(q, bit);
	if (!q->has_pc) {
		fl_verdict(q, "Bad Jump", FL_LIKELY, "jump to an unknown place that is not code");
		return;
	}
	if (q->pc_where == FL_WHERE_CODE && !is_null(q))
		verdict_in_code(q, bit);
	else
		state_and_decide(q, true);
}

bool fl_cause_wild_pc(struct fl_inquiry *q)
{
	uint32_t xpsr;
	if (!q->has_pc || !fl_inquiry_frame_plausible(q))
		return false;
	bool thumb = !fl_inquiry_register(q, FL_XPSR, &xpsr) || xpsr & FL_XPSR_T;
	if (q->pc_where == FL_WHERE_CODE && !is_null(q)) {
		if (thumb)
			return false;
		fl_evidence(q, "xPSR.T is clear");
		verdict_in_code(q, FL_CFSR_INVSTATE);
		return true;
	}
	if (q->pc_where == FL_WHERE_UNKNOWN && thumb && !is_null(q))
		return false;
	state_and_decide(q, !thumb);
	return true;
}
