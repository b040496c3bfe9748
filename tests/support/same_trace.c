/* SPDX-License-Identifier: Apache-2.0 */
#include "support/same_trace.h"

#include "support/cmocka.h"

#include "base/str.h"

void same_text(const char *a, const char *b)
{
	if (fl_strcmp(a, b) != 0)
		fail_msg("\"%s\" is not \"%s\"", a ? a : "(null)", b ? b : "(null)");
}

static void same_registers(const struct fl_registers *a, const struct fl_registers *b)
{
	assert_int_equal(a->known, b->known);
	for (unsigned i = 0; i < FL_REGISTER_COUNT; i++)
		if (fl_reg_known(a, (enum fl_register)i))
			assert_int_equal(a->value[i], b->value[i]);
}

static void same_frame(const struct fl_frame *a, const struct fl_frame *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->trust, b->trust);
	assert_int_equal(a->inlined, b->inlined);
	assert_int_equal(a->pc_known, b->pc_known);
	assert_int_equal(a->pc, b->pc);
	assert_int_equal(a->lookup_pc, b->lookup_pc);
	assert_int_equal(a->cfa, b->cfa);
	assert_int_equal(a->cfa_known, b->cfa_known);
	assert_int_equal(a->exception, b->exception);
	same_text(a->function, b->function);
	same_text(a->linkage_name, b->linkage_name);
	same_text(a->module, b->module);
	same_text(a->file, b->file);
	assert_int_equal(a->line, b->line);
	assert_int_equal(a->column, b->column);
	assert_int_equal(a->function_addr, b->function_addr);
	assert_int_equal(a->function_known, b->function_known);
	assert_int_equal(a->module_off, b->module_off);
	same_registers(&a->regs, &b->regs);
}

static void same_wait(const struct fl_wait *a, const struct fl_wait *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->has_object, b->has_object);
	assert_int_equal(a->object, b->object);
	same_text(a->object_name, b->object_name);
	assert_int_equal(a->has_holder, b->has_holder);
	assert_int_equal(a->holder, b->holder);
	assert_int_equal(a->forever, b->forever);
	assert_int_equal(a->has_wake_tick, b->has_wake_tick);
	assert_int_equal(a->wake_tick, b->wake_tick);
}

static void same_overflow(const struct fl_overflow_verdict *a, const struct fl_overflow_verdict *b)
{
	assert_int_equal(a->verdict, b->verdict);
	assert_int_equal(a->evidence_count, b->evidence_count);
	for (size_t i = 0; i < a->evidence_count; i++)
		same_text(a->evidence[i], b->evidence[i]);
}

/* Not told before version 1.2. */
static void same_details(const struct fl_thread *a, const struct fl_thread *b)
{
	assert_int_equal(a->has_block, b->has_block);
	assert_int_equal(a->block, b->block);
	assert_int_equal(a->has_base_priority, b->has_base_priority);
	assert_int_equal(a->base_priority, b->base_priority);
	assert_int_equal(a->idle, b->idle);
	assert_int_equal(a->has_core, b->has_core);
	assert_int_equal(a->core, b->core);
	assert_int_equal(a->has_entry, b->has_entry);
	assert_int_equal(a->entry_addr, b->entry_addr);
	same_text(a->entry, b->entry);
	assert_int_equal(a->stack.start_known, b->stack.start_known);
	assert_int_equal(a->stack.start, b->stack.start);
	assert_int_equal(a->stack.unused_known, b->stack.unused_known);
	assert_int_equal(a->stack.unused, b->stack.unused);
	assert_int_equal(a->context, b->context);
	same_wait(&a->wait, &b->wait);
	same_overflow(&a->overflow, &b->overflow);
}

static void same_kernel(const struct fl_kernel_facts *a, const struct fl_kernel_facts *b)
{
	same_text(a->name, b->name);
	assert_int_equal(a->has_running, b->has_running);
	assert_int_equal(a->running, b->running);
	assert_int_equal(a->has_tick, b->has_tick);
	assert_int_equal(a->tick, b->tick);
	assert_int_equal(a->has_thread_count, b->has_thread_count);
	assert_int_equal(a->thread_count, b->thread_count);
}

static void same_thread(const struct fl_thread *a, const struct fl_thread *b)
{
	same_text(a->name, b->name);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->has_priority, b->has_priority);
	assert_int_equal(a->priority, b->priority);
	assert_int_equal(a->current, b->current);
	assert_int_equal(a->crashed, b->crashed);
	assert_int_equal(a->stack.known, b->stack.known);
	assert_int_equal(a->stack.end, b->stack.end);
	assert_int_equal(a->stack.used_known, b->stack.used_known);
	assert_int_equal(a->stack.used, b->stack.used);
	assert_int_equal(a->stack.high_water_known, b->stack.high_water_known);
	assert_int_equal(a->stack.high_water, b->stack.high_water);
	same_registers(&a->regs, &b->regs);
	assert_int_equal(a->stop, b->stop);
	same_text(a->stop_text, b->stop_text);
	assert_int_equal(a->frame_count, b->frame_count);
	for (size_t i = 0; i < a->frame_count; i++)
		same_frame(&a->frames[i], &b->frames[i]);
	same_details(a, b);
}

static void same_dump(const struct fl_trace *a, const struct fl_trace *b)
{
	same_text(a->dump.format, b->dump.format);
	assert_int_equal(a->dump.version, b->dump.version);
	assert_int_equal(a->dump.size, b->dump.size);
	assert_memory_equal(a->dump.hash, b->dump.hash, 16);
	assert_int_equal(a->dump.truncated, b->dump.truncated);
	assert_int_equal(a->dump.machine, b->dump.machine);
	assert_int_equal(a->dump.has_capture_time, b->dump.has_capture_time);
	assert_int_equal(a->dump.capture_time, b->dump.capture_time);
	assert_int_equal(a->dump.context_count, b->dump.context_count);
	same_text(a->identity.device_serial, b->identity.device_serial);
	same_text(a->identity.hardware_version, b->identity.hardware_version);
	same_text(a->identity.software_type, b->identity.software_type);
	same_text(a->identity.software_version, b->identity.software_version);
	assert_int_equal(a->identity.build_id_size, b->identity.build_id_size);
	assert_memory_equal(a->identity.build_id, b->identity.build_id, 20);
	assert_int_equal(a->identity.has_reason, b->identity.has_reason);
	assert_int_equal(a->identity.reason, b->identity.reason);
	assert_int_equal(a->arch, b->arch);
	assert_int_equal(a->reason.known, b->reason.known);
	assert_int_equal(a->reason.code, b->reason.code);
	assert_int_equal(a->reason.expected, b->reason.expected);
	same_text(a->reason.name, b->reason.name);
	same_text(a->engine_version, b->engine_version);
	same_text(a->sandbox, b->sandbox);
	assert_int_equal(a->region_count, b->region_count);
	for (size_t i = 0; i < a->region_count; i++) {
		assert_int_equal(a->regions[i].addr, b->regions[i].addr);
		assert_int_equal(a->regions[i].size, b->regions[i].size);
	}
}

static void same_modules(const struct fl_trace *a, const struct fl_trace *b)
{
	assert_int_equal(a->match, b->match);
	assert_int_equal(a->build_id_conflict, b->build_id_conflict);
	assert_int_equal(a->module_count, b->module_count);
	for (size_t i = 0; i < a->module_count; i++) {
		const struct fl_module_facts *x = &a->modules[i];
		const struct fl_module_facts *y = &b->modules[i];
		same_text(x->name, y->name);
		assert_int_equal(x->build_id_size, y->build_id_size);
		assert_memory_equal(x->build_id, y->build_id, 20);
		assert_int_equal(x->has_debug_info, y->has_debug_info);
		assert_int_equal(x->has_unwind_info, y->has_unwind_info);
		assert_int_equal(x->match, y->match);
		assert_int_equal(x->bytes_compared, y->bytes_compared);
		assert_int_equal(x->bytes_equal, y->bytes_equal);
		assert_int_equal(x->has_mismatch, y->has_mismatch);
		assert_int_equal(x->mismatch_addr, y->mismatch_addr);
		assert_int_equal(x->calls_compared, y->calls_compared);
		assert_int_equal(x->calls_equal, y->calls_equal);
	}
}

static void same_verdict(const struct fl_trace *a, const struct fl_trace *b)
{
	assert_int_equal(a->fault.known, b->fault.known);
	assert_memory_equal(a->fault.value, b->fault.value, sizeof(a->fault.value));
	assert_int_equal(a->fault.effects, b->fault.effects);
	assert_int_equal(a->fault.absent, b->fault.absent);
	assert_int_equal(a->fault.fact_count, b->fault.fact_count);
	for (size_t i = 0; i < a->fault.fact_count; i++) {
		assert_int_equal(a->fault.facts[i].reg, b->fault.facts[i].reg);
		assert_int_equal(a->fault.facts[i].bit, b->fault.facts[i].bit);
		same_text(a->fault.facts[i].name, b->fault.facts[i].name);
		same_text(a->fault.facts[i].meaning, b->fault.facts[i].meaning);
	}
	same_text(a->cause.category, b->cause.category);
	same_text(a->cause.title, b->cause.title);
	assert_int_equal(a->cause.confidence, b->cause.confidence);
	assert_int_equal(a->cause.evidence_count, b->cause.evidence_count);
	for (size_t i = 0; i < a->cause.evidence_count; i++)
		same_text(a->cause.evidence[i], b->cause.evidence[i]);
	assert_int_equal(a->cause.has_address, b->cause.has_address);
	assert_int_equal(a->cause.address, b->cause.address);
	assert_int_equal(a->cause.imprecise, b->cause.imprecise);
	assert_int_equal(a->cause.random_frame, b->cause.random_frame);
	assert_int_equal(a->cause.party_count, b->cause.party_count);
	for (size_t i = 0; i < a->cause.party_count; i++) {
		same_text(a->cause.parties[i].thread, b->cause.parties[i].thread);
		same_text(a->cause.parties[i].lock, b->cause.parties[i].lock);
	}
}

static void same_event(const struct fl_trace *a, const struct fl_trace *b)
{
	const struct fl_event_report *x = &a->event;
	const struct fl_event_report *y = &b->event;
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(x->has_captured_at, y->has_captured_at);
	assert_int_equal(x->captured_at, y->captured_at);
	assert_int_equal(x->build_id_size, y->build_id_size);
	assert_memory_equal(x->build_id, y->build_id, 20);
	assert_int_equal(x->has_pc, y->has_pc);
	assert_int_equal(x->pc, y->pc);
	assert_int_equal(x->has_lr, y->has_lr);
	assert_int_equal(x->lr, y->lr);
	assert_int_equal(x->has_reset_register, y->has_reset_register);
	assert_int_equal(x->reset_register, y->reset_register);
	assert_int_equal(x->coredump_saved, y->coredump_saved);
	assert_int_equal(x->has_trace_reason, y->has_trace_reason);
	assert_int_equal(x->trace_reason, y->trace_reason);
	same_text(x->trace_reason_name, y->trace_reason_name);
	assert_int_equal(x->has_status, y->has_status);
	assert_int_equal(x->status, y->status);
	same_text(x->log, y->log);
}

void same_fingerprints(const struct fl_fingerprint *a, const struct fl_fingerprint *b, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		same_text(a[i].kind, b[i].kind);
		same_text(a[i].preimage, b[i].preimage);
		assert_memory_equal(a[i].hash, b[i].hash, 16);
		assert_int_equal(a[i].joins, b[i].joins);
		assert_int_equal(a[i].leads, b[i].leads);
	}
}

static void same_signature(const struct fl_signature *a, const struct fl_signature *b)
{
	same_text(a->title, b->title);
	same_text(a->function, b->function);
	assert_int_equal(a->version, b->version);
	assert_string_equal(a->rules_hash, b->rules_hash);
	assert_int_equal(a->fingerprint_count, b->fingerprint_count);
	same_fingerprints(a->fingerprints, b->fingerprints, a->fingerprint_count);
	assert_int_equal(a->step_count, b->step_count);
	for (size_t i = 0; i < a->step_count; i++) {
		assert_int_equal(a->steps[i].frame, b->steps[i].frame);
		same_text(a->steps[i].action, b->steps[i].action);
		same_text(a->steps[i].because, b->steps[i].because);
	}
}

static void same_findings(const struct fl_trace *a, const struct fl_trace *b)
{
	assert_int_equal(a->finding_count, b->finding_count);
	for (size_t i = 0; i < a->finding_count; i++) {
		assert_int_equal(a->findings[i].stage, b->findings[i].stage);
		assert_int_equal(a->findings[i].severity, b->findings[i].severity);
		assert_int_equal(a->findings[i].code, b->findings[i].code);
		assert_int_equal(a->findings[i].at_kind, b->findings[i].at_kind);
		assert_int_equal(a->findings[i].at, b->findings[i].at);
		same_text(a->findings[i].text, b->findings[i].text);
	}
}

void same_trace(const struct fl_trace *a, const struct fl_trace *b)
{
	same_dump(a, b);
	same_event(a, b);
	same_modules(a, b);
	same_verdict(a, b);
	same_kernel(&a->kernel, &b->kernel);
	assert_int_equal(a->thread_count, b->thread_count);
	for (size_t i = 0; i < a->thread_count; i++)
		same_thread(&a->threads[i], &b->threads[i]);
	same_signature(&a->signature, &b->signature);
	same_findings(a, b);
}
