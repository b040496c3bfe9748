/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Armv6-M and Armv8-M baseline have no CFSR, and some handlers clear it before the dump is
 * written. What is left is the instruction at pc and the registers it used.
 */
#include "fault/access.h"
#include "fault/rules.h"
#include "fault/stack.h"

#include <inttypes.h>

/* Every misaligned access faults there (Arm DDI 0419 A3.2). */
static bool needs_alignment(const struct fl_inquiry *q)
{
	return q->in->arch == FL_ARCH_V6M || q->in->arch == FL_ARCH_V8M_BASE;
}

/*
 * SRAM, peripherals and the core's own registers answer on most parts; elsewhere something answers
 * where the dump or the image has bytes (memory map: Arm DDI 0403E B3.1).
 */
static bool may_answer(const struct fl_inquiry *q, uint32_t addr)
{
	if (q->in->memory && fl_memory_find(q->in->memory, addr))
		return true;
	return (addr >= UINT32_C(0x20000000) && addr < UINT32_C(0x60000000)) ||
	       addr >= UINT32_C(0xe0000000);
}

static bool writes_read_only(const struct fl_inquiry *q, const struct fl_access *access)
{
	const struct fl_span *span =
		q->in->memory ? fl_memory_find(q->in->memory, access->addr) : NULL;
	return access->write && span && span->source == FL_SPAN_ELF;
}

static bool decide_unaligned(struct fl_inquiry *q, const struct fl_access *access)
{
	char words[40];
	unsigned element = q->insn.access.element;
	bool always = needs_alignment(q);
	if (!(access->addr % element) || !(always || q->insn.access.aligned))
		return false;
	fl_evidence_access(q, access);
	fl_evidence(q, always ? "this core allows no misaligned access"
			      : "this kind of load or store never allows a misaligned address");
	fl_verdict_address(q, access->addr);
	fl_verdict(q, "Unaligned Access", FL_LIKELY,
		   "%s 0x%08" PRIx32 ", which is no multiple of %u",
		   fl_access_words(access, words, sizeof(words)), access->addr, element);
	return true;
}

static bool decide_unmapped(struct fl_inquiry *q, const struct fl_access *access)
{
	char words[40];
	bool read_only = writes_read_only(q, access);
	if (may_answer(q, access->addr) && !read_only)
		return false;
	fl_evidence_access(q, access);
	fl_evidence(q, read_only ? "the address belongs to read-only contents of the image"
				 : "nothing is known to be at the address");
	fl_evidence_address(q, access->addr);
	fl_verdict_address(q, access->addr);
	/* Flash that belongs to no image at hand, a boot loader say, looks the same. */
	bool code = access->addr < UINT32_C(0x20000000);
	fl_verdict(q, "Bus Fault", code ? FL_UNCERTAIN : FL_LIKELY,
		   "%s 0x%08" PRIx32 ", where nothing answers",
		   fl_access_words(access, words, sizeof(words)), access->addr);
	return true;
}

static bool decide_access(struct fl_inquiry *q)
{
	enum fl_confidence confidence;
	struct fl_access access = fl_access_at_pc(q);
	if (!access.addr_known)
		return false;
	if (decide_unaligned(q, &access))
		return true;
	if (fl_access_is_null(&access, access.addr, &confidence)) {
		fl_evidence_access(q, &access);
		fl_verdict_null(q, &access, access.addr, FL_LIKELY);
		return true;
	}
	if (fl_stack_overflow_by_access(q, &access, true, access.addr)) {
		fl_verdict_address(q, access.addr);
		return true;
	}
	return decide_unmapped(q, &access);
}

static bool decide_instruction(struct fl_inquiry *q)
{
	if (q->insn.kind == FL_THUMB_UDF) {
		fl_cause_undefined(q, 0);
		return true;
	}
	if (q->insn.kind == FL_THUMB_BKPT)
		return fl_cause_breakpoint(q);
	if (q->insn.kind == FL_THUMB_SVC && fl_inquiry_is_fault(q)) {
		fl_verdict(q, "Hard Fault", FL_LIKELY,
			   "svc at 0x%08" PRIx32 " where SVCall may not interrupt", q->pc);
		return true;
	}
	return fl_inquiry_is_fault(q) && decide_access(q);
}

static void state_why_bare(struct fl_inquiry *q)
{
	const struct fl_fault *fault = q->in->fault;
	if (!fault || !fl_inquiry_is_fault(q))
		return;
	if (fault->absent)
		fl_evidence(q, "this core has no fault status registers: the verdict rests on the "
			       "instruction at pc");
	else if (!fl_scs_known(fault, FL_CFSR))
		fl_evidence(q, "the fault status registers were not captured");
	else if (!q->cfsr)
		fl_evidence(q,
			    "the fault status registers read zero, as after a handler that clears "
			    "them");
}

bool fl_cause_bare(struct fl_inquiry *q)
{
	bool decided = fl_stack_overflow_without_frame(q) || fl_cause_wild_pc(q) ||
		       (q->has_insn && decide_instruction(q));
	if (!decided)
		return false;
	state_why_bare(q);
	if (q->cause->confidence == FL_CERTAIN)
		q->cause->confidence = FL_LIKELY;
	return true;
}
