/* SPDX-License-Identifier: Apache-2.0 */
#include "fault/stack.h"

#include "fault/mpu.h"
#include "target/exc_return.h"

#include <inttypes.h>

enum {
	FRAME_REACH = 0x70,   /* a frame with FP space and its alignment word, rounded up */
	GUARD_REACH = 0x1000, /* how far past its end a stack may run before something stops it */
	BELOW_REACH = FL_STACK_REACH,
};

#define SRAM_ADDR UINT32_C(0x20000000) /* Arm DDI 0403E B3.1, the SRAM region of the map */

/* Lower end of the main stack, as linker scripts call it. */
static const char *const main_stack_limits[] = {
	"__StackLimit", "__stack_limit", "__main_stack_limit", "__stack_start__",
	"_stack_start", "_sstack",       "__STACK_LIMIT",      "__MSP_LIMIT",
	"Stack_Mem",    "_stack_end__",  "z_interrupt_stacks", "_interrupt_stack",
};

/* Lower end of RAM: below it there is nothing for a stack to run into. */
static const char *const ram_starts[] = {
	"__ram_start", "__ram_start__", "__RAM_START", "_sram", "__sram_start", "_ram_start",
};

/* What the stack pointer and the address have to do with the end of a stack. */
struct overflow {
	bool has_sp;
	uint32_t sp;
	const char *limit_name; /* whose lower end it is; NULL: no bound is known */
	uint32_t limit;
	bool below; /* sp is below it */
	bool guard; /* the address lies in an MPU guard */
	struct fl_mpu_region region;
	bool frame_known; /* how far the innermost frame reaches */
	bool own_frame;   /* the access was to that frame, or through sp */
	bool past;        /* ... beyond the lower end of the stack */
	bool into_guard;  /* ... or to anything near sp that is in a guard */
	bool off_ram;     /* ... below the lower end of RAM */
};

enum which_stack { STACK_UNKNOWN, STACK_MAIN, STACK_PROCESS };

/* Words that were never stacked may look like a handler's xPSR: of a kernel's thread, which runs on
 * the process stack, psp tells. */
static enum which_stack which(const struct fl_inquiry *q, uint32_t sp)
{
	uint32_t msp, psp;
	bool is_psp = fl_inquiry_register(q, FL_PSP, &psp) && psp == sp;
	bool is_msp = fl_inquiry_register(q, FL_MSP, &msp) && msp == sp;
	bool of_kernel = q->in->thread && q->in->thread->has_block;
	if (fl_inquiry_exception(q) && !(of_kernel && is_psp && !is_msp))
		return STACK_MAIN;
	if (is_psp)
		return STACK_PROCESS;
	return is_msp ? STACK_MAIN : STACK_UNKNOWN;
}

/* FreeRTOS's MPU ports have one for system calls there. */
static bool is_in_block(const struct fl_inquiry *q, uint32_t sp)
{
	const struct fl_thread *thread = q->in->thread;
	struct fl_field settings;
	return thread->has_block && q->in->symbols && q->in->symbols->count &&
	       fl_view_field(q->in->symbols, "tskTaskControlBlock", "xMPUSettings", &settings) &&
	       sp - thread->block - settings.off < settings.size;
}

bool fl_stack_is_own(const struct fl_inquiry *q)
{
	uint32_t sp;
	const struct fl_thread *thread = q->in->thread;
	if (!thread || !fl_inquiry_register(q, FL_SP, &sp) || is_in_block(q, sp))
		return false;
	return !thread->has_block || which(q, sp) != STACK_MAIN;
}

bool fl_stack_pointer(const struct fl_inquiry *q, uint32_t *ret)
{
	const struct fl_thread *thread = q->in->thread;
	bool main = thread->has_block && fl_inquiry_register(q, FL_SP, ret) &&
		    which(q, *ret) == STACK_MAIN;
	return fl_inquiry_register(q, main ? FL_PSP : FL_SP, ret) && !is_in_block(q, *ret);
}

static bool find_symbol(const struct fl_inquiry *q, const char *const *names, size_t count,
			uint32_t near_addr, struct fl_symbol_info *ret)
{
	if (!q->in->symbols || !q->in->symbols->count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!fl_view_symbol(q->in->symbols, names[i], ret))
			continue;
		uint32_t distance =
			ret->addr > near_addr ? ret->addr - near_addr : near_addr - ret->addr;
		if (distance <= BELOW_REACH)
			return true;
	}
	return false;
}

static void find_limit(const struct fl_inquiry *q, struct overflow *o)
{
	const struct fl_thread *thread = q->in->thread;
	struct fl_symbol_info info;
	if (thread && (thread->stack.known || thread->stack.start_known) && fl_stack_is_own(q)) {
		o->limit_name = thread->name ? thread->name : "the stack";
		o->limit = thread->stack.start;
	} else if (which(q, o->sp) == STACK_MAIN &&
		   find_symbol(q, main_stack_limits,
			       sizeof(main_stack_limits) / sizeof(main_stack_limits[0]), o->sp,
			       &info)) {
		o->limit_name = info.name;
		o->limit = info.addr;
	}
	o->below = o->limit_name && o->sp < o->limit && o->limit - o->sp <= BELOW_REACH;
}

static struct overflow start(const struct fl_inquiry *q)
{
	struct overflow o = { 0 };
	o.has_sp = fl_inquiry_register(q, FL_SP, &o.sp);
	if (o.has_sp)
		find_limit(q, &o);
	return o;
}

bool fl_stack_end(const struct fl_inquiry *q, uint32_t *ret, const char **whose_ret)
{
	struct overflow o = start(q);
	*ret = o.limit;
	*whose_ret = o.limit_name;
	return o.limit_name;
}

bool fl_stack_is_process(const struct fl_inquiry *q)
{
	uint32_t sp;
	return fl_inquiry_register(q, FL_SP, &sp) && which(q, sp) == STACK_PROCESS;
}

static struct fl_mpu mpu_of(const struct fl_inquiry *q)
{
	return (struct fl_mpu){ q->in->mpu, q->in->mpu_count, q->in->arch };
}

static void look_for_guard(const struct fl_inquiry *q, uint32_t addr, struct overflow *o)
{
	struct fl_mpu mpu = mpu_of(q);
	bool overlap;
	if (fl_mpu_find(&mpu, addr, &o->region, &overlap) && fl_mpu_is_guard(&o->region))
		o->guard = true;
}

static void state_guard(struct fl_inquiry *q, const struct overflow *o)
{
	if (o->guard)
		fl_evidence(q,
			    "MPU region %u, 0x%08" PRIx32 " to 0x%08" PRIx64
			    ", gives %s: a guard below a stack",
			    o->region.number, o->region.start, o->region.end - 1,
			    fl_mpu_words(&o->region));
}

void fl_evidence_below(struct fl_inquiry *q, uint32_t sp, uint32_t limit, const char *whose)
{
	fl_evidence(q,
		    "sp 0x%08" PRIx32 " is %" PRIu32 " bytes below 0x%08" PRIx32
		    ", where the stack ends (%s)",
		    sp, limit - sp, limit, whose);
}

static void state_below(struct fl_inquiry *q, const struct overflow *o)
{
	if (o->below)
		fl_evidence_below(q, o->sp, o->limit, o->limit_name);
}

/* The innermost frame reaches from sp to its CFA. */
static void look_at_frame(const struct fl_inquiry *q, const struct fl_access *access, uint32_t addr,
			  struct overflow *o)
{
	const struct fl_thread *thread = q->in->thread;
	size_t i = 0;
	while (thread && i < thread->frame_count && thread->frames[i].inlined)
		i++;
	if (thread && i < thread->frame_count && thread->frames[i].cfa_known) {
		o->frame_known = true;
		o->own_frame = addr >= o->sp && addr < thread->frames[i].cfa;
	}
	if (access->decoded && q->insn.access.base == FL_SP)
		o->frame_known = o->own_frame = true;
}

static void verdict(struct fl_inquiry *q, enum fl_confidence confidence, const char *title)
{
	q->cause->random_frame = true;
	fl_verdict(q, "Stack Overflow", confidence, "%s", title);
}

/*
 * A frame larger than its guard takes sp past it: the guard then lies inside the frame. Where the
 * frame's size is not known, a guard right below sp, or no access right above it, means the same.
 */
static bool is_into_guard(const struct overflow *o, uint32_t addr)
{
	if (!o->guard || o->sp >= o->region.end + GUARD_REACH ||
	    o->sp + (uint64_t)BELOW_REACH <= o->region.start)
		return false;
	if (o->frame_known)
		return o->own_frame;
	return (addr < o->sp && o->sp - addr <= FRAME_REACH) ||
	       (!o->region.read && o->sp < o->region.start);
}

static void look_at_access(const struct fl_inquiry *q, const struct fl_access *access,
			   uint32_t addr, struct overflow *o)
{
	look_at_frame(q, access, addr, o);
	look_for_guard(q, addr, o);
	o->past = o->limit_name && addr < o->limit && o->limit - addr <= GUARD_REACH &&
		  (o->own_frame || o->below);
	o->into_guard = is_into_guard(o, addr);
	o->off_ram =
		o->own_frame && addr < SRAM_ADDR && addr < o->sp && SRAM_ADDR - addr <= FRAME_REACH;
}

static const char *place_words(const struct overflow *o)
{
	if (o->into_guard)
		return "in the MPU guard below the stack";
	if (o->past)
		return "below the end of the stack";
	if (o->off_ram)
		return "below the end of RAM";
	return o->own_frame ? "in the function's own stack frame"
			    : "with sp below the end of the stack";
}

static enum fl_confidence weigh(const struct overflow *o)
{
	return o->past || o->off_ram || (o->own_frame && (o->into_guard || o->below)) ? FL_CERTAIN
										      : FL_LIKELY;
}

bool fl_stack_overflow_by_access(struct fl_inquiry *q, const struct fl_access *access,
				 bool addr_known, uint32_t addr)
{
	char words[40];
	struct overflow o = start(q);
	if (!o.has_sp || fl_pattern_words(o.sp))
		return false;
	if (addr_known)
		look_at_access(q, access, addr, &o);
	bool refused = o.own_frame && q->cfsr & FL_CFSR_DACCVIOL;
	if (!o.past && !o.into_guard && !o.off_ram && !o.below && !refused)
		return false;
	if (o.own_frame)
		fl_evidence(q, "0x%08" PRIx32 " belongs to the function's own stack frame", addr);
	state_guard(q, &o);
	state_below(q, &o);
	q->cause->random_frame = true;
	if (addr_known)
		fl_verdict(q, "Stack Overflow", weigh(&o), "%s 0x%08" PRIx32 ", %s",
			   fl_access_words(access, words, sizeof(words)), addr, place_words(&o));
	else
		fl_verdict(q, "Stack Overflow", FL_LIKELY, "a data access failed %s",
			   place_words(&o));
	return true;
}

/* A stack pointer elsewhere was overwritten, not used up (memory map: Arm DDI 0403E B3.1). */
static bool may_be_ram(uint32_t sp)
{
	return (sp >= UINT32_C(0x10000000) && sp < UINT32_C(0x40000000)) ||
	       (sp >= UINT32_C(0x60000000) && sp < UINT32_C(0xa0000000));
}

static void verdict_damaged_sp(struct fl_inquiry *q, uint32_t bit, uint32_t sp)
{
	const char *words = fl_pattern_words(sp);
	if (words)
		fl_evidence(q, "sp is near %s", words);
	q->cause->random_frame = true;
	fl_verdict(q, bit & FL_MMFSR_MASK ? "MPU Violation" : "Bus Fault", FL_LIKELY,
		   "no exception frame could be stacked: sp 0x%08" PRIx32
		   " does not point to a stack",
		   sp);
}

static bool is_lower_end(const struct fl_inquiry *q, uint32_t sp, const char **name_ret)
{
	struct fl_symbol_info info;
	*name_ret = "RAM";
	if (sp >= SRAM_ADDR && sp - SRAM_ADDR <= FRAME_REACH)
		return true;
	if (!find_symbol(q, ram_starts, sizeof(ram_starts) / sizeof(ram_starts[0]), sp, &info))
		return false;
	*name_ret = info.name;
	return sp >= info.addr && sp - info.addr <= FRAME_REACH;
}

/* MMFAR and BFAR come from the access before, if at all: stacking does not set them. */
static bool state_address_beside_sp(struct fl_inquiry *q, uint32_t sp)
{
	const struct fl_fault *fault = q->in->fault;
	bool mm = q->cfsr & FL_CFSR_MMARVALID;
	if (!mm && !(q->cfsr & FL_CFSR_BFARVALID))
		return false;
	uint32_t addr = fl_scs_value(fault, mm ? FL_MMFAR : FL_BFAR);
	uint32_t distance = addr > sp ? addr - sp : sp - addr;
	if (distance > GUARD_REACH)
		return false;
	fl_evidence(q, "%s 0x%08" PRIx32 " is an access beside sp that failed just before",
		    fl_scs_name(mm ? FL_MMFAR : FL_BFAR), addr);
	fl_verdict_address(q, addr);
	return true;
}

static bool state_no_room(struct fl_inquiry *q, const struct overflow *o)
{
	if (!o->limit_name || o->sp < o->limit || o->sp - o->limit >= FRAME_REACH)
		return false;
	fl_evidence(q,
		    "sp 0x%08" PRIx32 " is only %" PRIu32 " bytes above 0x%08" PRIx32
		    ", where the stack ends (%s)",
		    o->sp, o->sp - o->limit, o->limit, o->limit_name);
	return true;
}

static bool is_off_its_stack(const struct fl_inquiry *q, uint32_t sp)
{
	return fl_stack_is_own(q) && q->in->thread->stack.known && sp > q->in->thread->stack.end;
}

static bool has_room(const struct overflow *o)
{
	return o->limit_name && !o->guard && o->sp >= o->limit && o->sp - o->limit >= FRAME_REACH;
}

static void state_active(struct fl_inquiry *q)
{
	static const struct {
		uint8_t bit;
		const char *name, *words;
	} calls[] = { { 7, "SVCALLACT", "a supervisor call" }, { 10, "PENDSVACT", "PendSV" } };
	uint32_t shcsr = q->in->fault ? fl_scs_value(q->in->fault, FL_SHCSR) : 0;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (shcsr >> calls[i].bit & 1)
			fl_evidence(q,
				    "SHCSR.%s: %s was active, as when a kernel starts or switches "
				    "a thread",
				    calls[i].name, calls[i].words);
}

/*
 * A stack with room did not run out: the frame belonged to code on the other one (recorded on
 * QEMU's M33: a kernel returned to a thread with psp 0, whose first fetch failed).
 */
static void verdict_other_stack(struct fl_inquiry *q, uint32_t bit, const struct overflow *o)
{
	uint32_t other;
	unsigned reg = fl_stack_is_process(q) ? FL_MSP : FL_PSP;
	const char *category = bit & FL_MMFSR_MASK ? "MPU Violation" : "Bus Fault";
	const char *name = fl_register_name(reg);
	fl_evidence(q,
		    "sp 0x%08" PRIx32 " is %" PRIu32 " bytes above 0x%08" PRIx32
		    ", where the stack ends (%s): it is not this one that ran out",
		    o->sp, o->sp - o->limit, o->limit, o->limit_name);
	q->cause->random_frame = true;
	if (!fl_inquiry_register(q, reg, &other) || may_be_ram(other)) {
		fl_evidence_also(q, bit);
		fl_verdict(q, category, FL_LIKELY,
			   "no exception frame could be stacked, though the stack has room");
		return;
	}
	fl_evidence(q,
		    "%s 0x%08" PRIx32 " does not point to a stack: an exception returned to code "
		    "with that stack pointer, or interrupted it",
		    name, other);
	state_active(q);
	fl_evidence_also(q, bit);
	fl_verdict(q, category, FL_LIKELY,
		   "no exception frame could be stacked at %s 0x%08" PRIx32
		   ", which does not point to a stack",
		   name, other);
}

void fl_cause_stacking(struct fl_inquiry *q, uint32_t bit)
{
	struct overflow o = start(q);
	const char *edge;
	fl_evidence_bits(q, FL_CFSR);
	if (o.has_sp && (!may_be_ram(o.sp) || is_off_its_stack(q, o.sp))) {
		verdict_damaged_sp(q, bit, o.sp);
		return;
	}
	bool strong = false;
	if (o.has_sp) {
		look_for_guard(q, o.sp - 4, &o);
		if (!o.guard)
			look_for_guard(q, o.sp - fl_exception_frame_size(false), &o);
		if (has_room(&o)) {
			verdict_other_stack(q, bit, &o);
			return;
		}
		state_guard(q, &o);
		state_below(q, &o);
		strong = state_address_beside_sp(q, o.sp) || o.guard || o.below ||
			 state_no_room(q, &o);
		if (is_lower_end(q, o.sp, &edge)) {
			fl_evidence(q, "sp 0x%08" PRIx32 " is at the lower end of %s", o.sp, edge);
			strong = true;
		}
	}
	fl_evidence_also(q, bit | FL_CFSR_DACCVIOL | FL_CFSR_PRECISERR);
	const char *title = o.guard ? "no exception frame could be stacked: the stack ran into its "
				      "MPU guard"
				    : "no exception frame could be stacked: the stack ran out";
	verdict(q, strong ? FL_CERTAIN : FL_LIKELY, title);
}

void fl_cause_lazy_stacking(struct fl_inquiry *q, uint32_t bit)
{
	struct overflow o = start(q);
	bool mpu = bit & FL_MMFSR_MASK;
	fl_evidence_bits(q, FL_CFSR);
	state_below(q, &o);
	fl_evidence(q,
		    "the room for them lies in the stack of the code that was interrupted; it is "
		    "missing where that stack is nearly full");
	fl_evidence_also(q, bit);
	fl_verdict(q,
		   o.below ? "Stack Overflow"
		   : mpu   ? "MPU Violation"
			   : "Bus Fault",
		   FL_LIKELY, "floating-point registers could not be saved at exception entry");
}

bool fl_stack_overflow_without_frame(struct fl_inquiry *q)
{
	struct overflow o = start(q);
	const char *edge;
	if (fl_inquiry_frame_plausible(q) || !o.has_sp)
		return false;
	bool at_edge = is_lower_end(q, o.sp, &edge);
	bool at_limit = o.limit_name && o.sp <= (uint64_t)o.limit + FRAME_REACH;
	if (!at_edge && !at_limit)
		return false;
	fl_evidence(q, "the exception frame was not written: what the dump has for pc and xPSR is "
		       "old stack contents");
	if (at_edge)
		fl_evidence(q, "sp 0x%08" PRIx32 " is at the lower end of %s", o.sp, edge);
	state_below(q, &o);
	verdict(q, FL_LIKELY, "no exception frame could be stacked: the stack ran out");
	return true;
}
