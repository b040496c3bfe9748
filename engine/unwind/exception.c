/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/exception.h"

#include "model/exception_frame.h"
#include "target/exc_return.h"
#include "unwind/process_stack.h"

/* Armv8-M additional state context, below the frame (Arm DDI 0553 B3.19). */
enum { CALLEE_SIZE = 0x28, CALLEE_R4 = 8 };
static const uint32_t integrity_signature = 0xfefa125a; /* plus 1 without FP context */

enum { HARD_FAULT = 3, SECURE_FAULT = 7, SVCALL = 11 };

static bool is_v8m(enum fl_arch arch)
{
	return arch == FL_ARCH_V8M_BASE || arch == FL_ARCH_V8M_MAIN || arch == FL_ARCH_UNKNOWN;
}

/* A fault may have interrupted a branch to nowhere: then neither pc nor T is as it should be. */
static bool was_fault(const struct fl_boundary *boundary)
{
	return boundary->number_known && boundary->number >= HARD_FAULT &&
	       boundary->number <= SECURE_FAULT;
}

/* Arm DDI 0403E B1.5.2; DDI 0419 B1.5.2 and DDI 0553 B3.14 for the smaller and the larger set. */
static bool number_exists(enum fl_arch arch, uint32_t number)
{
	enum { V6M = 0xc80d, V7M = 0xd87d, V8M = 0xd8fd }; /* bit per number below 16 */
	uint32_t system = arch == FL_ARCH_V6M ? V6M : is_v8m(arch) ? V8M : V7M;
	if (number < 16)
		return system >> number & 1;
	return number < 16 + (arch == FL_ARCH_V6M ? 32u : 480u);
}

bool fl_xpsr_possible(enum fl_arch arch, uint32_t xpsr)
{
	uint32_t reserved = FL_XPSR_RESERVED | (is_v8m(arch) ? 0 : FL_XPSR_SFPA | FL_XPSR_B);
	return !(xpsr & reserved) && number_exists(arch, xpsr & FL_XPSR_NUMBER);
}

static bool
xpsr_plausible(const struct fl_unwind_input *in, const struct fl_boundary *boundary, uint32_t xpsr)
{
	uint32_t number = xpsr & FL_XPSR_NUMBER;
	if (!fl_xpsr_possible(in->arch, xpsr))
		return false;
	if (boundary->number_known && number && number == boundary->number)
		return false; /* no exception preempts itself */
	if (boundary->exc_return_known &&
	    fl_exc_return_decode(boundary->exc_return).to_thread != !number)
		return false;
	return xpsr & FL_XPSR_T || was_fault(boundary);
}

static bool lr_plausible(const struct fl_unwind_input *in, uint32_t lr)
{
	if (lr == 0 || lr == UINT32_MAX || fl_is_exc_return(lr, in->arch))
		return true;
	return lr & 1 && fl_view_is_code(in->symbols, lr & ~UINT32_C(1));
}

static bool pc_plausible(const struct fl_unwind_input *in, uint32_t pc)
{
	if (pc & 1)
		return false;
	return !in->symbols->count || fl_view_is_code(in->symbols, pc);
}

enum fl_frame_test fl_exception_frame_test(const struct fl_unwind_input *in,
					   const struct fl_boundary *boundary, uint32_t addr,
					   bool strict)
{
	struct fl_exception_frame frame;
	if (addr % 4)
		return FL_FRAME_BAD;
	if (!fl_exception_frame_read(in->memory, addr, &frame, NULL))
		return FL_FRAME_MISSING;
	if (!xpsr_plausible(in, boundary, frame.xpsr))
		return FL_FRAME_BAD;
	if (!pc_plausible(in, frame.pc) && (strict || !was_fault(boundary)))
		return FL_FRAME_BAD;
	if (strict && !lr_plausible(in, frame.lr))
		return FL_FRAME_BAD;
	return FL_FRAME_GOOD;
}

static uint32_t sp_above(const struct fl_boundary *boundary, uint32_t addr, uint32_t xpsr)
{
	bool extended =
		boundary->exc_return_known && fl_exc_return_decode(boundary->exc_return).extended;
	return fl_exception_frame_sp(addr, xpsr, extended);
}

static void set_pc(struct fl_cursor *c, const struct fl_boundary *boundary, uint32_t pc)
{
	bool after_svc = boundary->number_known && boundary->number == SVCALL;
	c->pc = pc & ~UINT32_C(1);
	c->lookup_pc = after_svc ? c->pc - 1 : c->pc;
	c->exact = true;
	fl_reg_set(&c->regs, FL_PC, c->pc);
}

/* The main stack is where the handler found it, unless this frame comes off it. */
static void
set_stacks(struct fl_cursor *c, const struct fl_boundary *boundary, uint32_t sp, bool psp)
{
	uint32_t msp;
	if (fl_reg_get(&boundary->regs, FL_SP, &msp))
		fl_reg_set(&c->regs, FL_MSP, msp);
	fl_reg_set(&c->regs, psp ? FL_PSP : FL_MSP, sp);
	fl_reg_set(&c->regs, FL_SP, sp);
	c->on_psp = psp;
}

enum fl_stop fl_exception_pop_at(const struct fl_unwind_input *in,
				 const struct fl_boundary *boundary, uint32_t addr, bool psp,
				 struct fl_cursor *ret, uint32_t *addr_ret)
{
	struct fl_exception_frame frame;
	if (!fl_exception_frame_read(in->memory, addr, &frame, addr_ret))
		return FL_STOP_NOT_CAPTURED;
	*addr_ret = addr;
	if (fl_exception_frame_test(in, boundary, addr, false) != FL_FRAME_GOOD)
		return FL_STOP_BAD_EXCEPTION_FRAME;
	if (psp && !fl_process_stack_has_frame(in, addr, sp_above(boundary, addr, frame.xpsr)))
		return FL_STOP_BAD_EXCEPTION_FRAME;

	*ret = (struct fl_cursor){ .regs = fl_registers_after_call(&boundary->regs) };
	fl_exception_frame_apply(&frame, &ret->regs);
	set_pc(ret, boundary, frame.pc);
	set_stacks(ret, boundary, sp_above(boundary, addr, frame.xpsr), psp);
	ret->ipsr_known = true;
	ret->ipsr = (uint16_t)(frame.xpsr & FL_XPSR_NUMBER);
	return FL_STOP_NONE;
}

/* Present iff S is 1 and ES is 0 or DCRS is 0; bit 0 of the signature repeats FType. */
static bool
skip_callee_context(const struct fl_unwind_input *in, struct fl_boundary *boundary, uint32_t *addr)
{
	struct fl_exc_return e = fl_exc_return_decode(boundary->exc_return);
	uint32_t word;
	if (!is_v8m(in->arch) || !e.secure_stack || e.default_callee)
		return true;
	if (!fl_memory_u32(in->memory, *addr, &word) ||
	    word != (integrity_signature | (e.extended ? 0 : 1)))
		return false;
	for (uint32_t i = 0; i < 8; i++) {
		enum fl_register reg = (enum fl_register)(FL_R4 + i);
		if (fl_memory_u32(in->memory, *addr + CALLEE_R4 + 4 * i, &word))
			fl_reg_set(&boundary->regs, reg, word);
		else
			fl_reg_forget(&boundary->regs, reg);
	}
	*addr += CALLEE_SIZE;
	return true;
}

static enum fl_stop pop_from(const struct fl_unwind_input *in, const struct fl_boundary *boundary,
			     bool psp, struct fl_cursor *ret, uint32_t *addr_ret)
{
	struct fl_boundary b = *boundary;
	uint32_t addr;
	if (!fl_reg_get(&b.regs, psp ? FL_PSP : FL_SP, &addr))
		return FL_STOP_NO_METHOD;
	*addr_ret = addr;
	if (!skip_callee_context(in, &b, &addr))
		return FL_STOP_BAD_EXCEPTION_FRAME;
	return fl_exception_pop_at(in, &b, addr, psp, ret, addr_ret);
}

/*
 * S and ES differ: the frame lies on a stack of the other security state, and which one CONTROL of
 * that state tells, which no dump holds. Threads of most kernels run on PSP, so that is tried
 * first.
 */
static enum fl_stop pop_other_state(const struct fl_unwind_input *in,
				    const struct fl_boundary *boundary, struct fl_cursor *ret,
				    uint32_t *addr_ret)
{
	struct fl_exc_return e = fl_exc_return_decode(boundary->exc_return);
	if (e.secure_stack) /* nothing of a secure stack is visible from here */
		return FL_STOP_SECURE;
	if (e.to_thread && pop_from(in, boundary, true, ret, addr_ret) == FL_STOP_NONE)
		return FL_STOP_NONE;
	enum fl_stop stop = pop_from(in, boundary, false, ret, addr_ret);
	return stop == FL_STOP_NONE ? stop : FL_STOP_SECURE;
}

enum fl_stop fl_exception_pop(const struct fl_unwind_input *in, const struct fl_boundary *boundary,
			      struct fl_cursor *ret, uint32_t *addr_ret)
{
	struct fl_exc_return e = fl_exc_return_decode(boundary->exc_return);
	*addr_ret = boundary->exc_return;
	if (is_v8m(in->arch) && e.secure_stack != e.to_secure)
		return pop_other_state(in, boundary, ret, addr_ret);
	/* Handler mode always runs on the main stack. */
	return pop_from(in, boundary, e.psp && e.to_thread, ret, addr_ret);
}
