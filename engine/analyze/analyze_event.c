/* SPDX-License-Identifier: Apache-2.0 */
/* An event through the stages: no memory and no stack, so most of a dump's have nothing to do. */
#include "analyze/analysis.h"

#include "base/hash.h"
#include "fault/cause.h"
#include "symbols/symbolize.h"
#include "unwind/pc_lr.h"

#include <faultline/event.h>

#include <string.h>

static enum fl_code keep_facts(struct fl_analysis *a, const struct fl_event_facts *facts)
{
	struct fl_event_report *event = &a->trace->event;
	struct fl_dump_identity identity = {
		.device_serial = facts->device_serial,
		.hardware_version = facts->hardware_version,
		.software_type = facts->software_type,
		.software_version = facts->software_version,
		.has_reason = facts->has_reason,
		.reason = facts->reason,
	};
	*event = (struct fl_event_report){
		.has_captured_at = facts->has_captured_at,
		.captured_at = facts->captured_at,
		.build_id_size = facts->build_id_size,
		.has_pc = facts->has_pc,
		.has_lr = facts->has_lr,
		.pc = facts->pc,
		.lr = facts->lr,
		.has_reset_register = facts->has_reset_register,
		.reset_register = facts->reset_register,
		.coredump_saved = facts->coredump_saved,
		.has_trace_reason = facts->has_trace_reason,
		.trace_reason = facts->trace_reason,
		.has_status = facts->has_status,
		.status = facts->status,
	};
	memcpy(event->build_id, facts->build_id, sizeof(event->build_id));
	if (facts->log) {
		event->log = fl_arena_strdup(a->arena, facts->log);
		if (!event->log)
			return FL_ENOMEM;
	}
	return fl_analysis_identity(a, &identity);
}

static void name_reason(struct fl_analysis *a)
{
	struct fl_trace *trace = a->trace;
	bool reboot = trace->kind == FL_REPORT_REBOOT;
	if (reboot)
		trace->reason = fl_reason_decode(trace->identity.has_reason, trace->identity.reason,
						 &a->symbols, a->arena);
	if (trace->event.has_trace_reason)
		trace->event.trace_reason_name =
			fl_trace_reason_name(trace->event.trace_reason, &a->symbols, a->arena);
}

/* A fault's pc was stacked by the core; any other was read by the software. */
static bool is_fault(const struct fl_trace *trace)
{
	return trace->kind == FL_REPORT_REBOOT && trace->reason.known &&
	       !fl_reason_is_told_by_software(trace->reason.code);
}

static enum fl_code find_frames(struct fl_analysis *a)
{
	struct fl_trace *trace = a->trace;
	struct fl_pc_lr sent = {
		.has_pc = trace->event.has_pc,
		.has_lr = trace->event.has_lr,
		.pc = trace->event.pc,
		.lr = trace->event.lr,
		.pc_was_read = !is_fault(trace),
		.memory = &a->memory,
		.symbols = &a->symbols,
		.arch = trace->arch,
	};
	struct fl_unwound_frame frames[FL_PC_LR_FRAMES];
	struct fl_unwind_result result = { .frames = frames };
	fl_unwind_pc_lr(&sent, &result);
	if (!sent.has_pc && !sent.has_lr)
		return FL_OK;
	a->regs = fl_pc_lr_registers(&sent, &result);
	struct fl_thread *thread = fl_arena_alloc(a->arena, sizeof(*thread));
	if (!thread)
		return FL_ENOMEM;
	trace->threads = thread;
	trace->thread_count = 1;
	*thread = (struct fl_thread){
		.current = true,
		.crashed = true,
		.regs = a->regs,
		.stop = result.stop,
		.stop_text = "an event holds no stack: pc and lr are all that was sent",
	};
	return fl_symbolize(&a->symbols, frames, result.count, a->arena, &thread->frames,
			    &thread->frame_count);
}

static enum fl_code match_modules(struct fl_analysis *a)
{
	struct fl_dump_identity identity = a->trace->identity;
	identity.build_id_size = a->trace->event.build_id_size;
	memcpy(identity.build_id, a->trace->event.build_id, sizeof(identity.build_id));
	return fl_analysis_match(a, "event", &identity, NULL, 0);
}

static enum fl_code find_cause(struct fl_analysis *a)
{
	struct fl_trace *trace = a->trace;
	struct fl_cause_input input = {
		.event = trace,
		.arch = trace->arch,
		.reason = &trace->reason,
		.fault = &trace->fault,
		.regs = &a->regs,
		.memory = &a->memory,
		.symbols = &a->symbols,
		.thread = trace->threads,
	};
	return fl_cause_find(&input, a->arena, &trace->cause);
}

static enum fl_code
run_stages(struct fl_analysis *a, const struct fl_event *event, const struct fl_rules *rules)
{
	const struct fl_event_facts *facts = fl_event_facts(event);
	a->trace->kind = facts->kind == FL_EVENT_TRACE ? FL_REPORT_TRACE : FL_REPORT_REBOOT;
	if (keep_facts(a, facts) || fl_analysis_event_log(a, facts) || fl_analysis_add_modules(a))
		return FL_ENOMEM;
	a->trace->arch = fl_analysis_arch(a);
	name_reason(a);
	if (find_frames(a) || match_modules(a) || find_cause(a))
		return FL_ENOMEM;
	return fl_analysis_finish(a, rules);
}

enum fl_code fl_analyze_event(const void *bytes, size_t size,
			      const struct fl_symbols *const *symbols, size_t count,
			      const struct fl_analyze_options *options, struct fl_report **ret,
			      struct fl_error *err)
{
	FL_AUTO(fl_event) event = NULL;
	enum fl_code code = fl_event_open(bytes, size, &event, err);
	if (code)
		return code;
	if (fl_event_facts(event)->kind == FL_EVENT_OTHER)
		return fl_fail(err, FL_EUNSUPPORTED, FL_AT_NONE, 0,
			       "an event of type %u is no reboot and no trace",
			       fl_event_facts(event)->type);
	FL_AUTO(fl_report) report = fl_report_new();
	if (!report)
		return fl_analysis_no_memory(err);
	report->trace.dump.size = size;
	fl_hash128(bytes, size, report->trace.dump.hash);
	struct fl_analysis a;
	if (fl_analysis_init(&a, report, symbols, count, options) ||
	    run_stages(&a, event, options ? options->rules : NULL))
		return fl_analysis_no_memory(err);
	*ret = fl_report_take(&report);
	return FL_OK;
}
