/* SPDX-License-Identifier: Apache-2.0 */
/* Armv8-M compares sp with a limit register and stops what would pass it. */
#include "fault/stack.h"
#include "target/stack_op.h"

#include <inttypes.h>
#include <stdio.h>

/* What the instruction would have made of sp. */
struct move {
	uint32_t target;
	char words[64]; /* "sp 0x20001000 less r3, 4096," */
};

static const char *plus_or_less(bool less)
{
	return less ? "less" : "plus";
}

static bool move_by(const struct fl_inquiry *q, unsigned from, int32_t by, struct move *ret)
{
	uint32_t value;
	if (!fl_inquiry_register(q, from, &value))
		return false;
	ret->target = value + (uint32_t)by;
	if (!by)
		snprintf(ret->words, sizeof(ret->words), "the new sp, %s,", fl_register_name(from));
	else
		snprintf(ret->words, sizeof(ret->words), "%s 0x%08" PRIx32 " %s %" PRId64,
			 fl_register_name(from), value, plus_or_less(by < 0),
			 by < 0 ? -(int64_t)by : (int64_t)by);
	return true;
}

static bool
move_by_register(const struct fl_inquiry *q, const struct fl_stack_op *op, struct move *ret)
{
	uint32_t sp, by;
	if (!fl_inquiry_register(q, FL_SP, &sp) || !fl_inquiry_register(q, op->rm, &by))
		return false;
	ret->target = op->subtract ? sp - by : sp + by;
	snprintf(ret->words, sizeof(ret->words), "sp 0x%08" PRIx32 " %s %s, %" PRIu32 ",", sp,
		 plus_or_less(op->subtract), fl_register_name(op->rm), by);
	return true;
}

/* Of one that writes sp. */
static bool find_move(const struct fl_inquiry *q, struct move *ret)
{
	struct fl_stack_op op;
	fl_stack_op_decode(q->hw, &q->insn, &op);
	switch (op.kind) {
	case FL_OP_STORE:
	case FL_OP_LOAD:
		return op.adjust && move_by(q, FL_SP, op.adjust, ret);
	case FL_OP_ADD:
		return move_by(q, op.rn, op.offset, ret);
	case FL_OP_ADD_REGISTER:
		return move_by_register(q, &op, ret);
	default:
		return false;
	}
}

static void state_move(struct fl_inquiry *q)
{
	struct move move;
	uint32_t end;
	const char *whose;
	if (!find_move(q, &move))
		return;
	if (fl_stack_end(q, &end, &whose) && move.target < end)
		fl_evidence(q,
			    "%s would be 0x%08" PRIx32 ", %" PRIu32 " bytes below 0x%08" PRIx32
			    ", where the stack ends (%s)",
			    move.words, move.target, end - move.target, end, whose);
	else
		fl_evidence(q, "%s would be 0x%08" PRIx32, move.words, move.target);
}

static void state_stopped(struct fl_inquiry *q)
{
	const struct fl_thread *thread = q->in->thread;
	if (thread && fl_stack_is_own(q) && thread->stack.unused_known && thread->stack.unused)
		fl_evidence(q,
			    "the core stopped it before anything was written: the lowest %" PRIu32
			    " bytes of the stack were never used",
			    thread->stack.unused);
	else
		fl_evidence(q, "the core stopped it before anything was written below the limit");
}

/*
 * The limit stops either an instruction, which then has not written sp, or an exception entry,
 * which leaves sp at the limit and no frame (Arm DDI 0553 B3.21; recorded on QEMU's M33).
 */
void fl_cause_stack_limit(struct fl_inquiry *q, uint32_t bit)
{
	const char *limit = fl_stack_is_process(q) ? "PSPLIM" : "MSPLIM";
	bool moves_sp = q->has_insn && q->insn.writes >> FL_SP & 1;
	if (moves_sp && q->pc_where != FL_WHERE_NOT_CODE && fl_inquiry_frame_plausible(q)) {
		state_move(q);
		fl_evidence_bits(q, FL_CFSR);
		state_stopped(q);
		fl_evidence_also(q, bit);
		fl_verdict(q, "Stack Overflow", FL_CERTAIN,
			   "the instruction at 0x%08" PRIx32 " would have taken sp below %s", q->pc,
			   limit);
		return;
	}
	fl_evidence_bits(q, FL_CFSR);
	fl_evidence_also(q, bit);
	q->cause->random_frame = true;
	fl_evidence(q, "the exception frame was not written: the registers of the dump are old "
		       "stack contents");
	fl_verdict(q, "Stack Overflow", FL_CERTAIN, "no room for an exception frame above %s",
		   limit);
}
