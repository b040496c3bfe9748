/* SPDX-License-Identifier: Apache-2.0 */
/* Every thread, each with its backtrace. */
#include "analyze/analysis.h"

#include "base/limits.h"
#include "fault/cause.h"
#include "symbols/symbolize.h"
#include "threads/threads.h"
#include "unwind/check.h"
#include "unwind/pc_lr.h"

/* A reboot event of this crash would carry the registers that were stacked; after a trap of the
 * software's own, those that it read before. */
static void tell_event(struct fl_analysis *a, const struct fl_unwind_result *unwound)
{
	const struct fl_reason *reason = &a->trace->reason;
	struct fl_event_report *event = &a->trace->event;
	if (reason->known && fl_reason_is_told_by_software(reason->code)) {
		struct fl_read_registers read;
		fl_unwind_read_registers(&a->memory, &a->symbols, unwound->frames, unwound->count,
					 &read);
		*event = (struct fl_event_report){
			.has_pc = read.has_pc, .has_lr = read.has_lr, .pc = read.pc, .lr = read.lr
		};
		return;
	}
	event->has_pc = fl_reg_get(&a->regs, FL_PC, &event->pc);
	event->has_lr = fl_reg_get(&a->regs, FL_LR, &event->lr);
}

/* Only what is wrong with the crashed thread's stack is worth a finding. */
static void unwind(struct fl_analysis *a, const struct fl_thread *thread, unsigned searches_before,
		   struct fl_unwind_result *ret)
{
	struct fl_unwind_input input = {
		.regs = &thread->regs,
		.saved = thread->context == FL_CONTEXT_SAVED,
		.memory = &a->memory,
		.symbols = &a->symbols,
		.arch = a->trace->arch,
		.fault_effects = thread->crashed ? a->trace->fault.effects : 0,
		.has_process_stack = thread->has_block && thread->stack.known,
		.process_stack_start = thread->stack.start,
		.process_stack_end = thread->stack.end,
		.has_entry = thread->has_block && thread->has_entry,
		.entry_addr = thread->entry_addr,
		.searches_before = searches_before,
	};
	fl_unwind(&input, thread->crashed ? &a->findings : NULL, ret);
	if (thread->crashed)
		tell_event(a, ret);
}

/* Why there are no registers is said already. */
static bool
say_stop(struct fl_analysis *a, const struct fl_unwind_result *unwound, struct fl_thread *thread)
{
	char text[160];
	if (thread->context == FL_CONTEXT_NONE && thread->stop != FL_STOP_NONE)
		return true;
	thread->stop = unwound->stop;
	if (thread->context == FL_CONTEXT_NONE && thread->stop_text[0])
		return true;
	fl_unwind_stop_text(unwound, text, sizeof(text));
	thread->stop_text = fl_arena_strdup(a->arena, text);
	return thread->stop_text;
}

static bool is_complete(const struct fl_thread *thread)
{
	if (thread->stop != FL_STOP_ENTRY && thread->stop != FL_STOP_UNDEFINED)
		return false;
	for (size_t i = 0; i < thread->frame_count; i++)
		if (thread->frames[i].trust == FL_TRUST_SCAN)
			return false;
	return true;
}

static bool is_named(const struct fl_frame *frame, bool (*is)(const char *name))
{
	return (frame->function && is(frame->function)) ||
	       (frame->linkage_name && is(frame->linkage_name));
}

/*
 * The outermost function, but for what the kernel puts around every thread; a thread that is in
 * what it would return to has left its own.
 */
static const struct fl_frame *entry_frame(const struct fl_thread *thread)
{
	for (size_t i = thread->frame_count; i-- > 0;) {
		const struct fl_frame *frame = &thread->frames[i];
		if (frame->kind != FL_FRAME_CODE || is_named(frame, fl_is_exit_name))
			return NULL;
		if (!frame->inlined && !is_named(frame, fl_is_entry_name))
			return frame->function_known ? frame : NULL;
	}
	return NULL;
}

static void find_entry(struct fl_thread *thread)
{
	if (!thread->has_block || thread->has_entry || !is_complete(thread))
		return;
	const struct fl_frame *frame = entry_frame(thread);
	if (!frame)
		return;
	thread->has_entry = true;
	thread->entry_addr = frame->function_addr;
	thread->entry = frame->function;
}

static enum fl_code unwind_all(struct fl_analysis *a)
{
	unsigned searches = 0;
	struct fl_unwind_result unwound = {
		.frames = fl_arena_room(a->arena, FL_LIMIT_FRAMES * sizeof(*unwound.frames)),
	};
	if (!unwound.frames)
		return FL_ENOMEM;
	for (size_t i = 0; i < a->trace->thread_count; i++) {
		struct fl_thread *thread = &a->trace->threads[i];
		unwind(a, thread, searches, &unwound);
		searches += unwound.searches;
		if (!say_stop(a, &unwound, thread) ||
		    fl_symbolize(&a->symbols, unwound.frames, unwound.count, a->arena,
				 &thread->frames, &thread->frame_count))
			return FL_ENOMEM;
		find_entry(thread);
	}
	return FL_OK;
}

enum fl_code
fl_analysis_threads(struct fl_analysis *a, const struct fl_registers *contexts, size_t count)
{
	struct fl_threads_input input = {
		.memory = &a->memory,
		.symbols = &a->symbols,
		.contexts = contexts,
		.context_count = count,
		.arch = a->trace->arch,
	};
	struct fl_threads found;
	if (fl_threads_find(&input, &a->findings, a->arena, &found))
		return FL_ENOMEM;
	a->trace->kernel = found.kernel;
	a->trace->threads = found.items;
	a->trace->thread_count = found.count;
	return unwind_all(a);
}
