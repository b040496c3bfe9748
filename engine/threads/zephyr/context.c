/* SPDX-License-Identifier: Apache-2.0 */
/* What Zephyr saved of a thread when it switched to another one. */
#include "threads/zephyr/zephyr.h"

#include "model/exception_frame.h"

#include <inttypes.h>

/* --- PendSV: the core's frame on the stack, the rest in the k_thread --- */

/* Low byte of an EXC_RETURN to Thread mode and the process stack. */
static bool returns_to_thread(uint32_t byte)
{
	return (byte & 0x8e) == 0x8c;
}

static bool has_fpu(enum fl_arch arch)
{
	return arch != FL_ARCH_V6M && arch != FL_ARCH_V7M && arch != FL_ARCH_V8M_BASE;
}

/*
 * The low byte of EXC_RETURN is kept since 2.7, in the second byte of the mode word; before that
 * bit 2 of the word repeats CONTROL.FPCA.
 */
static bool has_fp_space(const struct fl_zephyr *z, const struct fl_thread *thread)
{
	enum { FTYPE = 1 << 4, FPCA = 1 << 2 };
	uint32_t byte, mode;
	if (!has_fpu(z->scan->in->arch))
		return false;
	if (fl_zephyr_read(z, thread->block, FL_ZEPHYR_EXC_RETURN, &byte))
		return returns_to_thread(byte) && !(byte & FTYPE);
	if (!fl_zephyr_knows(z, FL_ZEPHYR_PREEMPT_FLOAT) ||
	    !fl_zephyr_read(z, thread->block, FL_ZEPHYR_MODE, &mode))
		return false;
	byte = mode >> 8 & 0xff;
	return returns_to_thread(byte) ? !(byte & FTYPE) : mode & FPCA;
}

static void resume_from_frame(struct fl_zephyr *z, struct fl_thread *thread)
{
	uint32_t psp;
	if (!fl_zephyr_read(z, thread->block, FL_ZEPHYR_PSP, &psp)) {
		fl_thread_without_context(z->scan, thread,
					  "its saved stack pointer was not captured");
		return;
	}
	if (fl_zephyr_knows(z, FL_ZEPHYR_CALLEE_SAVED))
		fl_thread_load(z->scan, thread,
			       thread->block + z->members[FL_ZEPHYR_CALLEE_SAVED].off, FL_R4, 8);
	fl_thread_resume(z->scan, thread, psp, has_fp_space(z, thread));
}

/* --- arch_switch(), since 4.4: a structure of Zephyr's own on the stack --- */

/* [have_fpu [s0..s31 fpscr]] [psplim] apsr r0..r12 lr pc */
struct switch_layout {
	bool fpu;   /**< CONFIG_FPU: begins with have_fpu */
	bool guard; /**< CONFIG_BUILTIN_STACK_GUARD: psplim comes before apsr */
};

struct switch_frame {
	uint32_t registers; /**< address of apsr */
	uint32_t apsr, pc;
	uint32_t sp; /**< above it */
};

enum { FP_SIZE = 33 * 4, REGISTERS_SIZE = 16 * 4, R0_OFF = 4, LR_OFF = 14 * 4, PC_OFF = 15 * 4 };

/* A have_fpu word is 0, true, or CONTROL.FPCA as it is masked out. */
static bool read_switch(const struct fl_zephyr *z, uint32_t handle,
			const struct switch_layout *layout, struct switch_frame *ret)
{
	const struct fl_memory *memory = z->scan->in->memory;
	uint32_t have_fpu = 0, at = handle;
	if (layout->fpu && !fl_memory_u32(memory, at, &have_fpu))
		return false;
	if (layout->fpu)
		at += have_fpu ? 4U + FP_SIZE : 4U;
	if (layout->guard)
		at += 4;
	*ret = (struct switch_frame){ .registers = at, .sp = at + REGISTERS_SIZE };
	return ret->sp > handle && have_fpu <= 4 && fl_memory_u32(memory, at, &ret->apsr) &&
	       fl_memory_u32(memory, at + PC_OFF, &ret->pc);
}

static bool is_resumable(const struct fl_zephyr *z, const struct switch_frame *frame)
{
	return frame->apsr & FL_XPSR_T && !(frame->apsr & (FL_XPSR_RESERVED | FL_XPSR_NUMBER)) &&
	       frame->pc & 1 && fl_view_is_code(z->scan->in->symbols, frame->pc - 1);
}

/*
 * What the kernel counts as room for its structure: sizeof(struct z_frame_fpu or z_frame) less that
 * of a hardware frame (arch/arm/core/cortex_m/arm-m-switch.c).
 */
static bool layout_by_buffer(const struct fl_zephyr *z, struct switch_layout *ret)
{
	enum { PLAIN = 32, FPU = 4 + FP_SIZE, GUARD = 4 };
	uint32_t size;
	if (!fl_scan_variable(z->scan, "arm_m_switch_stack_buffer", &size))
		return false;
	uint32_t more = size - PLAIN;
	*ret = (struct switch_layout){ .fpu = more >= FPU, .guard = more % FPU == GUARD };
	return more == (ret->fpu ? FPU : 0U) + (ret->guard ? GUARD : 0U);
}

static bool layout_by_dwarf(const struct fl_zephyr *z, struct switch_layout *ret)
{
	struct fl_field field;
	const struct fl_symbol_view *symbols = &z->scan->symbols;
	if (!fl_view_field(symbols, "switch_frame", "apsr", &field) ||
	    !fl_view_field(symbols, "z_frame", "u", &field))
		return false;
	ret->guard = fl_view_field(symbols, "switch_frame", "psplim", &field);
	ret->fpu = fl_view_field(symbols, "z_frame", "have_fpu", &field);
	return true;
}

/* One of 0, for threads in user mode, lies where a have_fpu word of 0 would. */
static bool is_limit(const struct fl_zephyr *z, const struct fl_thread *thread, uint32_t addr)
{
	uint32_t limit;
	return fl_memory_u32(z->scan->in->memory, addr, &limit) && limit &&
	       (!thread->stack.known ||
		(limit >= thread->stack.start && limit < thread->stack.end));
}

static bool makes_sense(const struct fl_zephyr *z, const struct fl_thread *thread, uint32_t handle,
			const struct switch_layout *layout)
{
	struct switch_frame frame;
	return read_switch(z, handle, layout, &frame) && is_resumable(z, &frame) &&
	       (!layout->guard || is_limit(z, thread, frame.registers - 4));
}

/* The one layout that makes sense of this frame; none when several do. */
static bool layout_by_sense(const struct fl_zephyr *z, const struct fl_thread *thread,
			    uint32_t handle, struct switch_layout *ret)
{
	unsigned found = 0;
	for (unsigned i = 0; i < 4; i++) {
		struct switch_layout layout = { .fpu = i & 1, .guard = i & 2 };
		if (!makes_sense(z, thread, handle, &layout))
			continue;
		*ret = layout;
		found++;
	}
	return found == 1;
}

/*
 * An instruction that was interrupted half-way is parked on a stub; where it goes on is in the
 * k_thread.
 */
static void
unpark(const struct fl_zephyr *z, const struct fl_thread *thread, struct switch_frame *frame)
{
	uint32_t pc, apsr;
	if (!z->has_stub || (frame->pc & ~UINT32_C(1)) != z->stub ||
	    !fl_zephyr_read(z, thread->block, FL_ZEPHYR_ICIIT_PC, &pc) ||
	    !fl_zephyr_read(z, thread->block, FL_ZEPHYR_ICIIT_APSR, &apsr))
		return;
	frame->pc = pc;
	frame->apsr = apsr;
}

static void apply_switch(struct fl_zephyr *z, struct fl_thread *thread, struct switch_frame *frame)
{
	fl_thread_load(z->scan, thread, frame->registers + R0_OFF, FL_R0, 13);
	fl_thread_load(z->scan, thread, frame->registers + LR_OFF, FL_LR, 1);
	unpark(z, thread, frame);
	fl_reg_set(&thread->regs, FL_PC, frame->pc & ~UINT32_C(1));
	fl_reg_set(&thread->regs, FL_XPSR, frame->apsr);
	fl_reg_set(&thread->regs, FL_SP, frame->sp);
	fl_reg_set(&thread->regs, FL_PSP, frame->sp);
	thread->context = FL_CONTEXT_SAVED;
	fl_thread_set_used(thread, frame->sp);
}

static void resume_from_switch(struct fl_zephyr *z, struct fl_thread *thread)
{
	struct switch_layout layout;
	struct switch_frame frame;
	uint32_t handle;
	if (!fl_zephyr_read(z, thread->block, FL_ZEPHYR_SWITCH_HANDLE, &handle) || !handle) {
		fl_thread_without_context(z->scan, thread, "its switch handle was not captured");
		return;
	}
	fl_thread_set_saved(thread, handle);
	if (handle % 4 ||
	    (!layout_by_buffer(z, &layout) && !layout_by_dwarf(z, &layout) &&
	     !layout_by_sense(z, thread, handle, &layout)) ||
	    !read_switch(z, handle, &layout, &frame) || !is_resumable(z, &frame)) {
		fl_thread_without_context(z->scan, thread,
					  "no saved registers at 0x%08" PRIx32
					  ", where its switch handle leads",
					  handle);
		return;
	}
	apply_switch(z, thread, &frame);
}

/* --- both --- */

void fl_zephyr_find_functions(struct fl_zephyr *z)
{
	static const char *const entries[FL_ZEPHYR_ENTRIES] = { "z_thread_entry",
								"arch_user_mode_enter",
								"_thread_entry" };
	const struct fl_symbol_view *symbols = &z->scan->symbols;
	struct fl_symbol_info symbol;
	for (size_t i = 0; i < FL_ZEPHYR_ENTRIES; i++)
		if (fl_view_symbol(symbols, entries[i], &symbol) && symbol.is_function)
			z->entries[z->entry_count++] = symbol.addr;
	z->has_switch = fl_view_symbol(symbols, "arm_m_new_stack", &symbol);
	z->has_stub = fl_view_symbol(symbols, "arm_m_iciit_stub", &symbol);
	z->stub = z->has_stub ? symbol.addr & ~UINT32_C(1) : 0;
}

static bool is_entry(const struct fl_zephyr *z, uint32_t pc)
{
	for (uint32_t i = 0; i < z->entry_count; i++)
		if (z->entries[i] == pc)
			return true;
	return false;
}

bool fl_zephyr_never_ran(const struct fl_zephyr *z, const struct fl_thread *thread)
{
	uint32_t pc;
	return thread->context == FL_CONTEXT_SAVED && fl_reg_get(&thread->regs, FL_PC, &pc) &&
	       is_entry(z, pc);
}

/* A new thread's frame is given the entry function and its arguments, and nothing else. */
static void forget_unwritten(struct fl_thread *thread)
{
	for (enum fl_register reg = FL_R4; reg <= FL_R12; reg++)
		fl_reg_forget(&thread->regs, reg);
	fl_reg_forget(&thread->regs, FL_LR);
}

void fl_zephyr_context(struct fl_zephyr *z, struct fl_thread *thread)
{
	uint32_t entry;
	if (fl_zephyr_knows(z, FL_ZEPHYR_SWITCH_HANDLE))
		resume_from_switch(z, thread);
	else if (z->has_switch)
		fl_thread_without_context(z->scan, thread,
					  "without debug information it is not known where its "
					  "switch handle lies");
	else
		resume_from_frame(z, thread);
	if (!fl_zephyr_never_ran(z, thread))
		return;
	if (!thread->has_entry && fl_reg_get(&thread->regs, FL_R0, &entry))
		fl_thread_set_entry(z->scan, thread, entry);
	forget_unwritten(thread);
}
