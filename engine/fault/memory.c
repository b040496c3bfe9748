/* SPDX-License-Identifier: Apache-2.0 */
/* Data accesses that the MPU, the bus or alignment refused. */
#include "fault/access.h"
#include "fault/mpu.h"
#include "fault/rules.h"
#include "fault/stack.h"

#include <inttypes.h>

/* Where the failed access went, and whether the core itself said so. */
struct target {
	bool known;
	bool from_core; /* MMFAR or BFAR, marked valid */
	uint32_t addr;
};

static struct target
find_target(const struct fl_inquiry *q, uint32_t bit, const struct fl_access *access)
{
	bool mpu = bit == FL_CFSR_DACCVIOL;
	uint32_t valid = mpu ? FL_CFSR_MMARVALID : FL_CFSR_BFARVALID;
	if (q->cfsr & valid)
		return (struct target){ true, true,
					fl_scs_value(q->in->fault, mpu ? FL_MMFAR : FL_BFAR) };
	return (struct target){ access->addr_known, false, access->addr };
}

/*
 * MMFAR is the part of an access that failed, up to its size above what the instruction asked
 * for (Arm DDI 0403E B3.2.18).
 */
static bool agrees(const struct fl_access *access, uint32_t addr)
{
	return !access->addr_known || addr - access->addr < access->size;
}

static enum fl_confidence state_target(struct fl_inquiry *q, uint32_t bit,
				       const struct fl_access *access, const struct target *target)
{
	fl_evidence_bits(q, FL_CFSR);
	if (target->from_core)
		fl_evidence(q, "%s is 0x%08" PRIx32, bit == FL_CFSR_DACCVIOL ? "MMFAR" : "BFAR",
			    target->addr);
	else if (target->known)
		fl_evidence(
			q,
			"the core recorded no address; the instruction at pc asks for 0x%08" PRIx32,
			target->addr);
	fl_evidence_access(q, access);
	if (target->from_core && !agrees(access, target->addr)) {
		fl_evidence(q, "that gives 0x%08" PRIx32 ": pc and address do not belong together",
			    access->addr);
		return FL_LIKELY;
	}
	return target->from_core ? FL_CERTAIN : FL_LIKELY;
}

static void state_mpu(struct fl_inquiry *q, uint32_t addr)
{
	struct fl_mpu mpu = { q->in->mpu, q->in->mpu_count, q->in->arch };
	struct fl_mpu_region region;
	bool overlap;
	if (!q->in->mpu || q->in->arch == FL_ARCH_UNKNOWN)
		return;
	if (!fl_mpu_enabled(&mpu))
		fl_evidence(q, "the MPU was off when the dump was written");
	else if (!fl_mpu_find(&mpu, addr, &region, &overlap))
		fl_evidence(q, "no MPU region covers 0x%08" PRIx32 "%s", addr,
			    fl_mpu_has_default_map(&mpu) ? ", which only privileged code may then "
							   "access"
							 : "");
	else if (overlap)
		fl_evidence(q,
			    "several MPU regions cover 0x%08" PRIx32 ", which forbids any access",
			    addr);
	else
		fl_evidence(q, "MPU region %u, 0x%08" PRIx32 " to 0x%08" PRIx64 ", gives %s",
			    region.number, region.start, region.end - 1, fl_mpu_words(&region));
}

static void verdict_data(struct fl_inquiry *q, uint32_t bit, const struct fl_access *access,
			 const struct target *target, enum fl_confidence confidence)
{
	char words[40];
	bool mpu = bit == FL_CFSR_DACCVIOL;
	const char *category = mpu ? "MPU Violation" : "Bus Fault";
	if (mpu && target->known)
		state_mpu(q, target->addr);
	if (target->known)
		fl_evidence_address(q, target->addr);
	fl_evidence_also(q, bit);
	if (!target->known) {
		fl_verdict(q, category, FL_LIKELY, "data access at an unknown address %s",
			   mpu ? "that the MPU forbids" : "failed on the bus");
		return;
	}
	fl_verdict_address(q, target->addr);
	fl_verdict(q, category, confidence, "%s 0x%08" PRIx32 "%s",
		   fl_access_words(access, words, sizeof(words)), target->addr,
		   mpu ? ", which the MPU forbids" : ", where the bus gave an error");
}

void fl_cause_data(struct fl_inquiry *q, uint32_t bit)
{
	struct fl_access access = fl_access_at_pc(q);
	struct target target = find_target(q, bit, &access);
	enum fl_confidence null_confidence;
	enum fl_confidence confidence = state_target(q, bit, &access, &target);
	if (target.from_core && !agrees(&access, target.addr))
		access.decoded = access.base_known = false; /* another instruction's */
	if (target.known && fl_access_is_null(&access, target.addr, &null_confidence)) {
		fl_evidence_also(q, bit);
		fl_verdict_null(q, &access, target.addr,
				null_confidence < confidence ? null_confidence : confidence);
		return;
	}
	if (fl_stack_overflow_by_access(q, &access, target.known, target.addr)) {
		if (target.known)
			fl_verdict_address(q, target.addr);
		return;
	}
	verdict_data(q, bit, &access, &target, confidence);
}

/*
 * A branch to an even address that is no multiple of four is reported as UNALIGNED by QEMU 7.2
 * instead of INVSTATE; no load or store is involved.
 */
static bool is_branch_in_disguise(const struct fl_inquiry *q)
{
	uint32_t xpsr;
	if (q->has_pc && q->pc_where == FL_WHERE_NOT_CODE)
		return true;
	return fl_inquiry_register(q, FL_XPSR, &xpsr) && !(xpsr & FL_XPSR_T);
}

static void state_alignment(struct fl_inquiry *q, const struct fl_access *access)
{
	if (access->decoded && q->insn.access.aligned)
		fl_evidence(q, "this kind of load or store never allows a misaligned address");
	else if (q->in->fault && fl_scs_value(q->in->fault, FL_CCR) & FL_CCR_UNALIGN_TRP)
		fl_evidence(q, "CCR.UNALIGN_TRP is set: every misaligned access traps");
}

void fl_cause_unaligned(struct fl_inquiry *q, uint32_t bit)
{
	char words[40];
	struct fl_access access = fl_access_at_pc(q);
	if (is_branch_in_disguise(q)) {
		fl_cause_branch(q, bit);
		return;
	}
	fl_evidence_bits(q, FL_CFSR);
	fl_evidence_access(q, &access);
	state_alignment(q, &access);
	fl_evidence_also(q, bit);
	if (!access.addr_known || !(access.addr % q->insn.access.element)) {
		fl_verdict(q, "Unaligned Access", FL_CERTAIN, "access to a misaligned address");
		return;
	}
	fl_verdict_address(q, access.addr);
	fl_evidence_address(q, access.addr);
	fl_verdict(q, "Unaligned Access", FL_CERTAIN,
		   "%s 0x%08" PRIx32 ", which is no multiple of %u",
		   fl_access_words(&access, words, sizeof(words)), access.addr,
		   (unsigned)q->insn.access.element);
}
