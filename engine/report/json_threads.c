/* SPDX-License-Identifier: Apache-2.0 */
#include "report/json_parts.h"
#include "report/threads.h"
#include "target/exc_return.h"

static void registers(struct fl_json *j, const struct fl_registers *regs)
{
	if (!regs->known)
		return;
	fl_json_object_line(j, "registers");
	for (unsigned reg = 0; reg < FL_REGISTER_COUNT; reg++)
		if (fl_reg_known(regs, (enum fl_register)reg))
			fl_json_addr(j, fl_register_name((enum fl_register)reg), regs->value[reg]);
	fl_json_end(j);
}

static void exception_boundary(struct fl_json *j, const struct fl_frame *f)
{
	char buf[16];
	fl_json_object(j, NULL);
	fl_json_str(j, "kind", "exception");
	if (f->pc_known)
		fl_json_addr(j, "pc", f->pc);
	else
		fl_json_null(j, "pc");
	if (f->exception) {
		fl_json_str(j, "exception", fl_exception_name(f->exception, buf));
		fl_json_uint(j, "exception_number", f->exception);
	}
	fl_json_str(j, "handler", f->function);
	fl_json_str(j, "trust", fl_trust_name(f->trust));
	if (f->cfa_known)
		fl_json_addr(j, "cfa", f->cfa);
	registers(j, &f->regs);
	fl_json_end(j);
}

static void code_frame(struct fl_json *j, const struct fl_frame *f)
{
	fl_json_object(j, NULL);
	fl_json_addr(j, "pc", f->pc);
	fl_json_str(j, "function", f->function);
	fl_json_str(j, "linkage_name", f->linkage_name);
	fl_json_str(j, "file", f->file);
	if (f->line)
		fl_json_uint(j, "line", f->line);
	if (f->column)
		fl_json_uint(j, "column", f->column);
	fl_json_bool(j, "inlined", f->inlined);
	fl_json_str(j, "module", f->module);
	fl_json_str(j, "trust", fl_trust_name(f->trust));
	if (f->module)
		fl_json_uint(j, "module_offset", f->module_off);
	if (!f->inlined && f->function_known)
		fl_json_uint(j, "function_offset", f->pc - f->function_addr);
	if (!f->inlined && f->cfa_known)
		fl_json_addr(j, "cfa", f->cfa);
	registers(j, &f->regs);
	fl_json_end(j);
}

static void frames(struct fl_json *j, const struct fl_thread *t)
{
	fl_json_array(j, "frames");
	for (size_t i = 0; i < t->frame_count; i++)
		(t->frames[i].kind == FL_FRAME_EXCEPTION ? exception_boundary
							 : code_frame)(j, &t->frames[i]);
	fl_json_end(j);
}

static void entry(struct fl_json *j, const struct fl_thread *t)
{
	if (!t->has_entry && !t->entry)
		return;
	fl_json_object_line(j, "entry");
	fl_json_str(j, "function", t->entry);
	if (t->has_entry)
		fl_json_addr(j, "address", t->entry_addr);
	fl_json_end(j);
}

static void waits_for(struct fl_json *j, const struct fl_trace *trace, const struct fl_wait *w)
{
	if (w->kind == FL_WAIT_NONE)
		return;
	const struct fl_thread *holder = fl_report_holder(trace, w);
	fl_json_object_line(j, "waits_for");
	fl_json_str(j, "kind", fl_wait_kind_name(w->kind));
	if (w->has_object)
		fl_json_addr(j, "object", w->object);
	fl_json_str(j, "name", w->object_name);
	fl_json_str(j, "held_by", holder ? holder->name : NULL);
	if (w->has_holder)
		fl_json_addr(j, "holder", w->holder);
	if (w->forever)
		fl_json_bool(j, "forever", true);
	if (w->has_wake_tick)
		fl_json_uint(j, "wake_tick", w->wake_tick);
	fl_json_end(j);
}

static bool any_of_stack(const struct fl_thread *t)
{
	return t->stack.start_known || t->stack.known || t->stack.used_known ||
	       t->stack.unused_known || t->stack.high_water_known;
}

static void stack(struct fl_json *j, const struct fl_thread *t)
{
	if (!any_of_stack(t))
		return;
	fl_json_object_line(j, "stack");
	if (t->stack.start_known || t->stack.known)
		fl_json_addr(j, "start", t->stack.start);
	if (t->stack.known)
		fl_json_addr(j, "end", t->stack.end);
	if (t->stack.used_known)
		fl_json_uint(j, "used", t->stack.used);
	if (t->stack.unused_known)
		fl_json_uint(j, "unused", t->stack.unused);
	if (t->stack.high_water_known)
		fl_json_uint(j, "high_water", t->stack.high_water);
	fl_json_end(j);
}

static void overflow(struct fl_json *j, const struct fl_overflow_verdict *o)
{
	if (o->verdict == FL_OVERFLOW_UNKNOWN && !o->evidence_count)
		return;
	fl_json_object(j, "overflow");
	fl_json_str(j, "verdict", fl_overflow_name(o->verdict));
	fl_json_array(j, "evidence");
	for (size_t i = 0; i < o->evidence_count; i++)
		fl_json_str(j, NULL, o->evidence[i]);
	fl_json_end(j);
	fl_json_end(j);
}

static void scheduling(struct fl_json *j, const struct fl_thread *t)
{
	fl_json_str(j, "name", t->name);
	fl_json_str(j, "state", fl_thread_state_name(t->state));
	if (t->has_priority)
		fl_json_int(j, "priority", t->priority);
	if (t->has_base_priority)
		fl_json_int(j, "base_priority", t->base_priority);
	fl_json_bool(j, "current", t->current);
	fl_json_bool(j, "crashed", t->crashed);
	if (t->idle)
		fl_json_bool(j, "idle", true);
	if (t->has_core)
		fl_json_uint(j, "core", t->core);
	if (t->has_block)
		fl_json_addr(j, "block", t->block);
}

static void thread(struct fl_json *j, const struct fl_trace *trace, const struct fl_thread *t)
{
	fl_json_object(j, NULL);
	scheduling(j, t);
	entry(j, t);
	waits_for(j, trace, &t->wait);
	stack(j, t);
	overflow(j, &t->overflow);
	registers(j, &t->regs);
	frames(j, t);
	fl_json_object_line(j, "stop");
	fl_json_str(j, "code", fl_stop_name(t->stop));
	fl_json_str(j, "text", t->stop_text);
	fl_json_end(j);
	fl_json_end(j);
}

void fl_json_threads(struct fl_json *j, const struct fl_trace *trace)
{
	fl_json_array(j, "threads");
	for (size_t i = 0; i < trace->thread_count; i++)
		thread(j, trace, &trace->threads[i]);
	fl_json_end(j);
}

void fl_json_kernel(struct fl_json *j, const struct fl_trace *trace)
{
	const struct fl_kernel_facts *k = &trace->kernel;
	if (!fl_report_has_kernel(trace))
		return;
	fl_json_object_line(j, "kernel");
	fl_json_str(j, "name", k->name);
	if (k->has_running)
		fl_json_bool(j, "running", k->running);
	if (k->has_tick)
		fl_json_uint(j, "tick", k->tick);
	if (k->has_thread_count)
		fl_json_uint(j, "thread_count", k->thread_count);
	fl_json_end(j);
}
