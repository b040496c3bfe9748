/* SPDX-License-Identifier: Apache-2.0 */
/* What a switched-out thread left on its stack. */
#include "threads/kernel.h"

#include "model/exception_frame.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void fl_thread_without_context(struct fl_kernel_scan *scan, struct fl_thread *thread,
			       const char *format, ...)
{
	char text[160];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	const char *copy = fl_scan_copy(scan, text, strlen(text));
	thread->regs = (struct fl_registers){ 0 };
	thread->context = FL_CONTEXT_NONE;
	thread->stop = FL_STOP_NO_REGISTERS;
	thread->stop_text = copy ? copy : "";
}

void fl_thread_load(const struct fl_kernel_scan *scan, struct fl_thread *thread, uint32_t addr,
		    enum fl_register first, uint32_t count)
{
	for (uint32_t i = 0; i < count && first + i < FL_REGISTER_COUNT; i++) {
		uint32_t word;
		if (fl_memory_u32(scan->in->memory, addr + 4 * i, &word))
			fl_reg_set(&thread->regs, (enum fl_register)(first + i), word);
	}
}

/* A thread is never switched out inside a handler, and never in Arm state. */
static bool
can_be_resumed(const struct fl_kernel_scan *scan, const struct fl_exception_frame *frame)
{
	uint32_t pc = frame->pc & ~UINT32_C(1);
	return frame->xpsr & FL_XPSR_T && !(frame->xpsr & (FL_XPSR_RESERVED | FL_XPSR_NUMBER)) &&
	       fl_view_is_code(scan->in->symbols, pc);
}

bool fl_scan_is_frame(const struct fl_kernel_scan *scan, uint32_t addr)
{
	struct fl_exception_frame frame;
	return addr % 4 == 0 && fl_exception_frame_read(scan->in->memory, addr, &frame, NULL) &&
	       can_be_resumed(scan, &frame);
}

bool fl_thread_resume(struct fl_kernel_scan *scan, struct fl_thread *thread, uint32_t addr,
		      bool extended)
{
	return fl_thread_resume_copy(scan, thread, addr, addr, extended);
}

bool fl_thread_resume_copy(struct fl_kernel_scan *scan, struct fl_thread *thread, uint32_t copy,
			   uint32_t addr, bool extended)
{
	struct fl_exception_frame frame;
	uint32_t missing = copy;
	fl_thread_set_saved(thread, addr);
	if (addr % 4 || copy % 4) {
		fl_thread_without_context(scan, thread,
					  "its stack pointer 0x%08" PRIx32 " is not aligned", addr);
		return false;
	}
	if (!fl_exception_frame_read(scan->in->memory, copy, &frame, &missing)) {
		fl_thread_without_context(
			scan, thread, "its saved registers at 0x%08" PRIx32 " were not captured",
			missing);
		thread->stop = FL_STOP_NOT_CAPTURED;
		return false;
	}
	if (!can_be_resumed(scan, &frame)) {
		fl_thread_without_context(
			scan, thread, "the words at 0x%08" PRIx32 " are no exception frame", copy);
		thread->stop = FL_STOP_BAD_EXCEPTION_FRAME;
		return false;
	}
	uint32_t sp = fl_exception_frame_sp(addr, frame.xpsr, extended);
	fl_exception_frame_apply(&frame, &thread->regs);
	fl_reg_set(&thread->regs, FL_SP, sp);
	fl_reg_set(&thread->regs, FL_PSP, sp);
	thread->context = FL_CONTEXT_SAVED;
	fl_thread_set_used(thread, sp);
	return true;
}

void fl_thread_set_entry(struct fl_kernel_scan *scan, struct fl_thread *thread, uint32_t addr)
{
	struct fl_function_info function;
	thread->has_entry = true;
	thread->entry_addr = addr & ~UINT32_C(1);
	const struct fl_module *module = fl_view_module_at(scan->in->symbols, thread->entry_addr);
	if (module && fl_module_function(module, thread->entry_addr, &function) &&
	    function.addr == thread->entry_addr)
		thread->entry = fl_scan_text(scan, "%s", function.name);
}
