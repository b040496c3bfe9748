/* SPDX-License-Identifier: Apache-2.0 */
/* The instruction at pc is itself the fault. */
#include "fault/rules.h"

#include <inttypes.h>
#include <stdio.h>

struct trap {
	uint32_t imm;
	const char *words;
};

static const struct trap traps[] = {
	{ 77, "udf #77 is the assert trap of the device SDK" },
	{ 254, "udf #254 is what clang makes of __builtin_trap()" },
	{ 255, "udf #255 is what GCC makes of __builtin_trap()" },
};

static void state_trap(struct fl_inquiry *q)
{
	if (q->insn.kind != FL_THUMB_UDF || q->insn.length != 2)
		return;
	for (size_t i = 0; i < sizeof(traps) / sizeof(traps[0]); i++)
		if (traps[i].imm == q->insn.imm)
			fl_evidence(q, "%s", traps[i].words);
}

static const char *opcode_words(const struct fl_inquiry *q, char buf[32])
{
	if (q->insn.kind == FL_THUMB_UDF)
		snprintf(buf, 32, "%04x (udf #%" PRIu32 ")", q->hw[0], q->insn.imm);
	else if (q->insn.length == 4)
		snprintf(buf, 32, "%04x %04x", q->hw[0], q->hw[1]);
	else
		snprintf(buf, 32, "%04x", q->hw[0]);
	return buf;
}

void fl_cause_undefined(struct fl_inquiry *q, uint32_t bit)
{
	char opcode[32];
	if (bit)
		fl_evidence_bits(q, FL_CFSR);
	if (bit)
		fl_evidence_also(q, bit);
	if (q->has_pc && q->pc_where == FL_WHERE_NOT_CODE && fl_cause_wild_pc(q))
		return;
	if (!q->has_insn) {
		fl_verdict(q, "Undefined Instruction", FL_CERTAIN, "undefined instruction");
		return;
	}
	state_trap(q);
	if (q->insn.kind == FL_THUMB_FP || (fl_thumb_accesses(&q->insn) && q->insn.access.floating))
		fl_evidence(q,
			    "it is a floating-point instruction: this core may have no such unit");
	fl_verdict_address(q, q->pc);
	fl_verdict(q, "Undefined Instruction", FL_CERTAIN,
		   "undefined instruction %s at 0x%08" PRIx32, opcode_words(q, opcode), q->pc);
}

void fl_cause_coprocessor(struct fl_inquiry *q, uint32_t bit)
{
	bool fp = q->has_insn && (q->insn.kind == FL_THUMB_FP ||
				  (fl_thumb_accesses(&q->insn) && q->insn.access.floating));
	fl_evidence_bits(q, FL_CFSR);
	fl_evidence_also(q, bit);
	if (q->has_pc)
		fl_verdict(q, "Coprocessor Disabled", FL_CERTAIN,
			   "%s instruction at 0x%08" PRIx32 " while the unit is off or absent",
			   fp ? "floating-point" : "coprocessor", q->pc);
	else
		fl_verdict(q, "Coprocessor Disabled", FL_CERTAIN,
			   "coprocessor instruction while the unit is off or absent");
}

void fl_cause_divide(struct fl_inquiry *q, uint32_t bit)
{
	uint32_t dividend, divisor;
	fl_evidence_bits(q, FL_CFSR);
	fl_evidence_also(q, bit);
	if (!q->has_insn || q->insn.kind != FL_THUMB_DIVIDE) {
		fl_verdict(q, "Divide by Zero", q->has_insn ? FL_LIKELY : FL_CERTAIN,
			   "integer division by zero");
		return;
	}
	const char *name = fl_register_name(q->insn.rm);
	bool known = fl_inquiry_register(q, q->insn.rm, &divisor);
	if (known)
		fl_evidence(q,
			    "the %s division at 0x%08" PRIx32 " divides by %s, which is %" PRIu32,
			    q->insn.is_signed ? "signed" : "unsigned", q->pc, name, divisor);
	enum fl_confidence confidence = known && divisor ? FL_LIKELY : FL_CERTAIN;
	if (!fl_inquiry_register(q, q->insn.rn, &dividend))
		fl_verdict(q, "Divide by Zero", confidence, "division by %s, which is 0", name);
	else if (q->insn.is_signed)
		fl_verdict(q, "Divide by Zero", confidence,
			   "division of %" PRId32 " by %s, which is 0", (int32_t)dividend, name);
	else
		fl_verdict(q, "Divide by Zero", confidence,
			   "division of %" PRIu32 " by %s, which is 0", dividend, name);
}

bool fl_cause_breakpoint(struct fl_inquiry *q)
{
	bool bkpt = q->has_insn && q->insn.kind == FL_THUMB_BKPT;
	bool debug_event = q->hfsr & FL_HFSR_DEBUGEVT;
	if (!bkpt && !debug_event)
		return false;
	fl_evidence_bits(q, FL_HFSR);
	fl_evidence_bits(q, FL_DFSR);
	if (!bkpt) {
		fl_verdict(q, "Stray Breakpoint", FL_CERTAIN, "debug event without a debugger");
		return true;
	}
	if (q->insn.imm == 0xab)
		fl_evidence(q, "bkpt 0xab is a semihosting call, which needs a debugger");
	fl_verdict_address(q, q->pc);
	fl_verdict(q, "Stray Breakpoint", debug_event ? FL_CERTAIN : FL_LIKELY,
		   "bkpt 0x%02" PRIx32 " at 0x%08" PRIx32 " without a debugger", q->insn.imm,
		   q->pc);
	return true;
}
