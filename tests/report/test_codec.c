/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cmocka.h"
#include "support/traces.h"

#include "base/limits.h"
#include "base/str.h"
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fl_buffer encoded(const struct fl_report *report)
{
	struct fl_buffer bytes = { 0 };
	struct fl_error err = { 0 };
	if (fl_report_encode(report, &bytes, &err))
		fail_msg("%s", err.message);
	return bytes;
}

static struct fl_report *decoded(const struct fl_buffer *bytes)
{
	struct fl_report *report = NULL;
	struct fl_error err = { 0 };
	if (fl_report_decode(bytes->data, bytes->size, &report, &err))
		fail_msg("%s", err.message);
	return report;
}

static void assert_same_bytes(const struct fl_buffer *a, const struct fl_buffer *b)
{
	assert_int_equal(a->size, b->size);
	assert_memory_equal(a->data, b->data, a->size);
}

static void same_text(const char *a, const char *b)
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

static void same_signature(const struct fl_signature *a, const struct fl_signature *b)
{
	same_text(a->title, b->title);
	same_text(a->function, b->function);
	assert_int_equal(a->version, b->version);
	assert_string_equal(a->rules_hash, b->rules_hash);
	assert_int_equal(a->fingerprint_count, b->fingerprint_count);
	for (size_t i = 0; i < a->fingerprint_count; i++) {
		same_text(a->fingerprints[i].kind, b->fingerprints[i].kind);
		same_text(a->fingerprints[i].preimage, b->fingerprints[i].preimage);
		assert_memory_equal(a->fingerprints[i].hash, b->fingerprints[i].hash, 16);
		assert_int_equal(a->fingerprints[i].joins, b->fingerprints[i].joins);
		assert_int_equal(a->fingerprints[i].leads, b->fingerprints[i].leads);
	}
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

static void same_trace(const struct fl_trace *a, const struct fl_trace *b)
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

static void expect_back(const struct fl_report *report)
{
	FL_AUTO_BUFFER bytes = encoded(report);
	FL_AUTO(fl_report) back = decoded(&bytes);
	same_trace(&report->trace, &back->trace);
	FL_AUTO_BUFFER again = encoded(back);
	assert_same_bytes(&bytes, &again);
}

static void test_every_field_comes_back(void **state)
{
	(void)state;
	FL_AUTO(fl_report) dump = trace_make_full();
	expect_back(dump);
	FL_AUTO(fl_report) threads = trace_make_threads();
	expect_back(threads);
	threads->trace.threads[0].has_priority = threads->trace.threads[1].has_block = false;
	threads->trace.threads[0].priority = 0;
	threads->trace.threads[1].block = 0;
	threads->trace.threads[2].has_base_priority = false;
	threads->trace.threads[2].base_priority = 0;
	expect_back(threads);
	FL_AUTO(fl_report) reboot = trace_make_event(FL_REPORT_REBOOT);
	expect_back(reboot);
	FL_AUTO(fl_report) trace = trace_make_event(FL_REPORT_TRACE);
	expect_back(trace);
}

/* What a program of version 1.1 knew. */
static void forget_details(struct fl_trace *t)
{
	t->kernel = (struct fl_kernel_facts){ 0 };
	for (size_t i = 0; i < t->thread_count; i++) {
		struct fl_thread all = t->threads[i];
		struct fl_thread known = {
			.name = all.name,
			.state = all.state,
			.has_priority = all.has_priority,
			.priority = all.priority,
			.current = all.current,
			.crashed = all.crashed,
			.regs = all.regs,
			.frames = all.frames,
			.frame_count = all.frame_count,
			.stop = all.stop,
			.stop_text = all.stop_text,
		};
		known.stack = all.stack;
		known.stack.unused_known = false;
		known.stack.unused = 0;
		known.stack.start_known = all.stack.known;
		known.stack.start = all.stack.known ? all.stack.start : 0;
		t->threads[i] = known;
	}
}

/* @p bytes_ret is in static memory. */
static struct fl_report *stored(const char *path, struct fl_buffer *bytes_ret)
{
	static uint8_t file[16384];
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	*bytes_ret = (struct fl_buffer){ .data = file, .size = fread(file, 1, sizeof(file), f) };
	fclose(f);
	return decoded(bytes_ret);
}

/*
 * Stored reports outlive the program that wrote them. A change of the format needs a new version
 * and a new file beside these, which stay readable.
 */
static void test_reports_of_version_1_0_stay_readable(void **state)
{
	(void)state;
	struct fl_buffer bytes;
	FL_AUTO(fl_report) report = trace_make_full();
	FL_AUTO(fl_report) back = stored(FL_TESTS "/report/golden/full-1.0.flrp", &bytes);
	report->trace.event = (struct fl_event_report){ 0 };
	forget_details(&report->trace);
	same_trace(&report->trace, &back->trace);
}

static void test_reports_of_version_1_1_stay_readable(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		enum fl_report_kind kind;
	} files[] = {
		{ FL_TESTS "/report/golden/full-1.1.flrp", FL_REPORT_DUMP },
		{ FL_TESTS "/report/golden/reboot-1.1.flrp", FL_REPORT_REBOOT },
		{ FL_TESTS "/report/golden/trace-1.1.flrp", FL_REPORT_TRACE },
	};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct fl_buffer bytes;
		FL_AUTO(fl_report)
		report = files[i].kind == FL_REPORT_DUMP ? trace_make_full()
							 : trace_make_event(files[i].kind);
		FL_AUTO(fl_report) back = stored(files[i].path, &bytes);
		forget_details(&report->trace);
		same_trace(&report->trace, &back->trace);
	}
}

static struct fl_report *make_reboot(void)
{
	return trace_make_event(FL_REPORT_REBOOT);
}

static struct fl_report *make_trace_event(void)
{
	return trace_make_event(FL_REPORT_TRACE);
}

struct stored_report {
	const char *path;
	struct fl_report *(*make)(void);
};

static void test_full_reports_stay_readable(void **state)
{
	(void)state;
	static const struct stored_report files[] = {
		{ FL_TESTS "/report/golden/full-1.2.flrp", trace_make_full },
		{ FL_TESTS "/report/golden/threads-1.2.flrp", trace_make_threads },
		{ FL_TESTS "/report/golden/reboot-1.2.flrp", make_reboot },
		{ FL_TESTS "/report/golden/trace-1.2.flrp", make_trace_event },
		{ FL_TESTS "/report/golden/full-2.0.flrp", trace_make_full },
		{ FL_TESTS "/report/golden/threads-2.0.flrp", trace_make_threads },
		{ FL_TESTS "/report/golden/reboot-2.0.flrp", make_reboot },
		{ FL_TESTS "/report/golden/trace-2.0.flrp", make_trace_event },
	};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct fl_buffer bytes;
		FL_AUTO(fl_report) report = files[i].make();
		FL_AUTO(fl_report) back = stored(files[i].path, &bytes);
		same_trace(&report->trace, &back->trace);
	}
}

/* What was stored by an older version, and is stored once more. */
static void test_older_reports_are_written_anew(void **state)
{
	(void)state;
	struct fl_buffer bytes;
	FL_AUTO(fl_report) older = stored(FL_TESTS "/report/golden/threads-1.2.flrp", &bytes);
	assert_memory_equal(bytes.data, "FLRP\x01\x02", 6);
	FL_AUTO(fl_report) report = trace_make_threads();
	FL_AUTO_BUFFER now = encoded(report);
	FL_AUTO_BUFFER again = encoded(older);
	assert_same_bytes(&now, &again);
}

/*
 * A crash among eight tasks with inlined frames and both stack pointers, as the last program of
 * version 1.2 wrote it and as this one does: what frames and registers are guessed to be is a part
 * of the format, too.
 */
static void test_what_is_guessed_stays_as_it_is(void **state)
{
	(void)state;
	struct fl_buffer bytes;
	FL_AUTO(fl_report) older = stored(FL_TESTS "/report/golden/tasks-1.2.flrp", &bytes);
	FL_AUTO(fl_report) back = stored(FL_TESTS "/report/golden/tasks-2.0.flrp", &bytes);
	assert_int_equal(older->trace.thread_count, 8);
	same_trace(&older->trace, &back->trace);
}

static void test_nothing_comes_back_as_nothing(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = fl_report_new();
	FL_AUTO_BUFFER bytes = encoded(report);
	FL_AUTO(fl_report) back = decoded(&bytes);
	assert_int_equal(back->trace.thread_count, 0);
	assert_null(back->trace.signature.title);
	assert_null(back->trace.identity.device_serial);
	assert_string_equal(back->trace.cause.category, "Unknown");
	FL_AUTO_BUFFER once = encoded(back);
	FL_AUTO(fl_report) second = decoded(&once);
	FL_AUTO_BUFFER twice = encoded(second);
	assert_same_bytes(&once, &twice);
}

/* One element of each array with nothing in it: the smallest that a count may promise. */
static void test_the_smallest_elements_come_back(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = fl_report_new();
	struct fl_trace *t = &report->trace;
	t->regions = fl_arena_array(&report->arena, 1, sizeof(*t->regions));
	t->modules = fl_arena_array(&report->arena, 1, sizeof(*t->modules));
	t->threads = fl_arena_array(&report->arena, 1, sizeof(*t->threads));
	t->threads[0].frames = fl_arena_array(&report->arena, 1, sizeof(struct fl_frame));
	t->cause.evidence = fl_arena_array(&report->arena, 1, sizeof(*t->cause.evidence));
	t->signature.fingerprints =
		fl_arena_array(&report->arena, 1, sizeof(struct fl_fingerprint));
	t->signature.steps = fl_arena_array(&report->arena, 1, sizeof(struct fl_signature_step));
	t->findings = fl_arena_array(&report->arena, 1, sizeof(*t->findings));
	t->region_count = t->module_count = t->cause.evidence_count = t->fault.fact_count = 1;
	t->signature.fingerprint_count = t->signature.step_count = t->finding_count = 1;
	t->thread_count = 1;
	for (size_t frames = 0; frames < 2; frames++) {
		t->threads[0].frame_count = frames;
		FL_AUTO_BUFFER bytes = encoded(report);
		FL_AUTO(fl_report) back = decoded(&bytes);
		assert_int_equal(back->trace.threads[0].frame_count, frames);
		FL_AUTO_BUFFER text = { 0 };
		assert_int_equal(fl_report_text(back, NULL, &text, NULL), FL_OK);
		assert_int_equal(back->trace.cause.evidence_count, 1);
	}
}

static void test_same_trace_same_bytes(void **state)
{
	(void)state;
	FL_AUTO(fl_report) a = trace_make_full();
	FL_AUTO(fl_report) b = trace_make_full();
	FL_AUTO_BUFFER x = encoded(a);
	FL_AUTO_BUFFER y = encoded(b);
	assert_same_bytes(&x, &y);
	assert_memory_equal(x.data, "FLRP\x02\x00", 6);
}

/* Values behind a false flag are noise and must not make two equal traces differ. */
static void test_unknown_values_leave_no_trace(void **state)
{
	(void)state;
	FL_AUTO(fl_report) a = trace_make("Bus Fault", "f;--19;g");
	FL_AUTO(fl_report) b = trace_make("Bus Fault", "f;--19;g");
	b->trace.threads[0].frames[0].cfa = 0xdeadbeef;
	b->trace.threads[0].frames[0].regs.value[FL_R3] = 7;
	b->trace.threads[0].frames[0].function_addr = 0x1000;
	b->trace.threads[0].priority = 9;
	b->trace.threads[0].stack.end = 0x20000000;
	b->trace.threads[0].block = b->trace.threads[0].stack.start = 0x20000000;
	b->trace.threads[0].base_priority = b->trace.threads[0].core = 3;
	b->trace.threads[0].entry_addr = b->trace.threads[0].stack.unused = 4;
	b->trace.threads[0].wait.object = b->trace.threads[0].wait.holder = 5;
	b->trace.threads[0].wait.wake_tick = b->trace.kernel.tick = 6;
	b->trace.kernel.thread_count = 7;
	b->trace.kernel.running = true;
	b->trace.fault.value[FL_BFAR] = 1;
	b->trace.cause.address = 0x1234;
	b->trace.modules[0].mismatch_addr = 5;
	b->trace.event.pc = b->trace.event.captured_at = b->trace.event.trace_reason = 7;
	b->trace.event.status = 9;
	b->trace.event.build_id[0] = 1;
	FL_AUTO_BUFFER x = encoded(a);
	FL_AUTO_BUFFER y = encoded(b);
	assert_same_bytes(&x, &y);
}

static void test_every_truncation_is_refused(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = trace_make_full();
	FL_AUTO_BUFFER bytes = encoded(report);
	for (size_t n = 0; n < bytes.size; n++) {
		uint8_t *copy = malloc(n ? n : 1);
		memcpy(copy, bytes.data, n);
		struct fl_report *back = NULL;
		struct fl_error err = { 0 };
		assert_int_equal(fl_report_decode(copy, n, &back, &err), FL_EFORMAT);
		assert_null(back);
		assert_int_equal(err.at_kind, FL_AT_FILE_OFFSET);
		assert_true(err.at <= n && err.message[0]);
		free(copy);
	}
}

/* Also with the total size corrected, so that the sections themselves are cut. */
static void test_every_truncated_section_is_refused(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = trace_make_full();
	FL_AUTO_BUFFER bytes = encoded(report);
	for (size_t n = 12; n < bytes.size; n++) {
		uint8_t *copy = malloc(n);
		memcpy(copy, bytes.data, n);
		for (unsigned i = 0; i < 4; i++)
			copy[8 + i] = (uint8_t)(n >> (8 * i));
		struct fl_report *back = NULL;
		struct fl_error err = { 0 };
		assert_int_equal(fl_report_decode(copy, n, &back, &err), FL_EFORMAT);
		assert_true(err.at <= n && err.message[0]);
		free(copy);
	}
}

/* For who wants the facts only, too: nothing is accepted that cannot be decoded. */
static bool decodes(const struct fl_buffer *bytes, struct fl_report **ret)
{
	FL_AUTO(fl_report) facts = NULL;
	struct fl_error err = { 0 };
	struct fl_error other = { 0 };
	enum fl_code code = fl_report_decode(bytes->data, bytes->size, ret, &err);
	assert_int_equal(fl_report_decode_facts(bytes->data, bytes->size, &facts, &other), code);
	assert_string_equal(err.message, other.message);
	assert_int_equal(err.at, other.at);
	return code == FL_OK;
}

static void change_every_byte(const struct fl_report *report)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	FL_AUTO_BUFFER bytes = encoded(report);
	for (size_t at = 0; at < bytes.size; at++) {
		uint8_t before = bytes.data[at];
		for (size_t i = 0; i < sizeof(values); i++) {
			bytes.data[at] = values[i];
			FL_AUTO(fl_report) back = NULL;
			FL_AUTO_BUFFER text = { 0 };
			FL_AUTO_BUFFER again = { 0 };
			if (!decodes(&bytes, &back))
				continue;
			assert_int_equal(fl_report_text(back, NULL, &text, NULL), FL_OK);
			assert_int_equal(fl_report_encode(back, &again, NULL), FL_OK);
		}
		bytes.data[at] = before;
	}
}

/* Any byte, any value: either refused, or a report that can be written and rendered. */
static void test_every_changed_byte_is_survived(void **state)
{
	(void)state;
	FL_AUTO(fl_report) full = trace_make_full();
	change_every_byte(full);
	FL_AUTO(fl_report) threads = trace_make_threads();
	change_every_byte(threads);
}

static enum fl_code decode_changed(size_t at, uint8_t value, struct fl_error *err)
{
	FL_AUTO(fl_report) report = trace_make("Assert", "f;g");
	FL_AUTO_BUFFER bytes = encoded(report);
	FL_AUTO(fl_report) back = NULL;
	bytes.data[at] = value;
	return fl_report_decode(bytes.data, bytes.size, &back, err);
}

static void test_versions(void **state)
{
	(void)state;
	struct fl_error err = { 0 };
	assert_int_equal(decode_changed(4, 3, &err), FL_EUNSUPPORTED);
	assert_non_null(strstr(err.message, "newer"));
	assert_int_equal(decode_changed(4, 0, &err), FL_EFORMAT);
	assert_int_equal(decode_changed(5, 9, &err), FL_OK);
	assert_int_equal(decode_changed(0, 'f', &err), FL_EFORMAT);
	assert_int_equal(err.at, 0);
}

/* Insert @p size bytes at @p at and correct the sizes that span it. */
static void insert(struct fl_buffer *b, size_t at, const void *bytes, size_t size)
{
	b->data = realloc(b->data, b->size + size);
	memmove(b->data + at + size, b->data + at, b->size - at);
	memcpy(b->data + at, bytes, size);
	b->size += size;
	for (unsigned i = 0; i < 4; i++)
		b->data[8 + i] = (uint8_t)(b->size >> (8 * i));
}

/* The size of section @p id, or where its payload begins. */
static uint32_t section(const struct fl_buffer *bytes, unsigned id, size_t *payload_ret)
{
	size_t at = 12;
	for (;;) {
		uint32_t size;
		memcpy(&size, bytes->data + at + 4, sizeof(size));
		*payload_ret = at + 8;
		if (bytes->data[at] == id)
			return size;
		at += 8 + size;
		assert_true(at < bytes->size);
	}
}

static void lengthen(struct fl_buffer *bytes, unsigned id, const void *more, size_t size)
{
	size_t payload;
	uint32_t new_size = section(bytes, id, &payload) + (uint32_t)size;
	insert(bytes, payload + new_size - size, more, size);
	memcpy(bytes->data + payload - 4, &new_size, sizeof(new_size));
}

enum { STRINGS_ID = 1, THREADS_ID = 7, KERNEL_ID = 11 };

static void expect_refused(const struct fl_buffer *bytes, const char *why)
{
	struct fl_report *back = NULL;
	struct fl_error err = { 0 };
	assert_int_equal(fl_report_decode(bytes->data, bytes->size, &back, &err), FL_EFORMAT);
	if (!strstr(err.message, why))
		fail_msg("%s", err.message);
}

/* As many texts as the section says, no more and no fewer. */
static void test_numbers_of_texts(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = trace_make("Assert", "f;g");
	FL_AUTO_BUFFER bytes = encoded(report);
	size_t payload;
	(void)section(&bytes, STRINGS_ID, &payload);
	bytes.data[payload]--;
	expect_refused(&bytes, "texts behind the last");
	bytes.data[payload] += 2;
	expect_refused(&bytes, "texts without an end");
	bytes.data[payload]--;
	fl_report_close(decoded(&bytes));
	memcpy(bytes.data + payload + 4, "\xff\xff\xff\x7f", 4); /* of all texts */
	expect_refused(&bytes, "size of all texts");
}

/* What a later minor version may add: sections, and fields at the end of a section. */
static void test_later_additions_are_skipped(void **state)
{
	(void)state;
	static const uint8_t other[] = { 77, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3 };
	FL_AUTO(fl_report) report = trace_make("Assert", "f;g");
	FL_AUTO_BUFFER bytes = encoded(report);
	FL_AUTO_BUFFER plain = encoded(report);
	insert(&bytes, bytes.size, other, sizeof(other));
	bytes.data[6]++;
	FL_AUTO(fl_report) back = decoded(&bytes);
	FL_AUTO_BUFFER again = encoded(back);
	assert_same_bytes(&plain, &again);

	for (unsigned id = STRINGS_ID; id <= KERNEL_ID; id++) {
		FL_AUTO_BUFFER longer = encoded(report);
		lengthen(&longer, id, "xy", 2);
		struct fl_report *refused = NULL;
		assert_int_equal(fl_report_decode(longer.data, longer.size, &refused, NULL),
				 FL_EFORMAT);
		longer.data[5] = 1;
		FL_AUTO(fl_report) accepted = decoded(&longer);
		FL_AUTO_BUFFER without = encoded(accepted);
		assert_same_bytes(&plain, &without);
	}
}

/* The same in a file of version 1, whose minor version 2 is the last. */
static void test_later_additions_to_version_1(void **state)
{
	(void)state;
	struct fl_buffer file;
	FL_AUTO(fl_report) report = stored(FL_TESTS "/report/golden/full-1.2.flrp", &file);
	FL_AUTO_BUFFER bytes = { .data = malloc(file.size), .size = file.size };
	memcpy(bytes.data, file.data, file.size);
	lengthen(&bytes, 12, "xy", 2);
	struct fl_report *refused = NULL;
	assert_int_equal(fl_report_decode(bytes.data, bytes.size, &refused, NULL), FL_EFORMAT);
	bytes.data[5] = 3;
	FL_AUTO(fl_report) back = decoded(&bytes);
	same_trace(&report->trace, &back->trace);
}

/* Without its last section; @p minor is what the file says it is. */
static enum fl_code decode_shorter(const struct fl_buffer *file, unsigned last, uint8_t minor,
				   struct fl_report **ret, struct fl_error *err)
{
	FL_AUTO_BUFFER bytes = { .data = malloc(file->size), .size = file->size };
	memcpy(bytes.data, file->data, file->size);
	size_t payload;
	(void)section(&bytes, last, &payload);
	bytes.size = payload - 8;
	bytes.data[5] = minor;
	bytes.data[6]--;
	for (unsigned i = 0; i < 4; i++)
		bytes.data[8 + i] = (uint8_t)(bytes.size >> (8 * i));
	return fl_report_decode(bytes.data, bytes.size, ret, err);
}

static void test_a_missing_section_is_refused(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = trace_make("Assert", "f;g");
	FL_AUTO_BUFFER bytes = encoded(report);
	struct fl_report *back = NULL;
	struct fl_error err = { 0 };
	assert_int_equal(decode_shorter(&bytes, KERNEL_ID, 0, &back, &err), FL_EFORMAT);
	assert_string_equal(err.message, "report ends after section 10 with 0 bytes left");
	struct fl_buffer file;
	FL_AUTO(fl_report) older = stored(FL_TESTS "/report/golden/full-1.2.flrp", &file);
	assert_int_equal(decode_shorter(&file, 12, 2, &back, &err), FL_EFORMAT);
	assert_string_equal(err.message, "report ends after section 11 with 0 bytes left");
	FL_AUTO(fl_report) oldest = NULL;
	assert_int_equal(decode_shorter(&file, 12, 1, &oldest, &err), FL_OK);
	assert_int_equal(oldest->trace.threads[0].frame_count, older->trace.threads[0].frame_count);
}

/*
 * A frame of which r1 is known alone: which registers its guess does not know, or knows and it does
 * not; which are told; those. It is the last that the section of the threads tells.
 */
static enum fl_code
decode_registers(const char *told, size_t size, struct fl_report **ret, struct fl_error *err)
{
	enum { R1_TOLD = 6 };
	FL_AUTO(fl_report) report = trace_make("Assert", "f");
	fl_reg_set(&report->trace.threads[0].frames[0].regs, FL_R1, 0x12345678);
	FL_AUTO_BUFFER bytes = encoded(report);
	size_t payload;
	size_t at = section(&bytes, THREADS_ID, &payload) - R1_TOLD;
	assert_memory_equal(bytes.data + payload + at, "\x02\x02\x78\x56\x34\x12", R1_TOLD);
	if (size > R1_TOLD)
		lengthen(&bytes, THREADS_ID, told + R1_TOLD, size - R1_TOLD);
	memcpy(bytes.data + payload + at, told, size < R1_TOLD ? size : R1_TOLD);
	return fl_report_decode(bytes.data, bytes.size, ret, err);
}

static void test_registers_that_contradict_themselves(void **state)
{
	(void)state;
	FL_AUTO(fl_report) good = NULL;
	struct fl_report *back = NULL;
	struct fl_error err = { 0 };
	assert_int_equal(decode_registers("\x02\x02\x21\x43\x65\x87", 6, &good, &err), FL_OK);
	const struct fl_registers *regs = &good->trace.threads[0].frames[0].regs;
	assert_int_equal(regs->known, 1u << FL_R1);
	assert_int_equal(regs->value[FL_R1], 0x87654321);
	static const struct {
		const char *told;
		size_t size;
	} cases[] = {
		{ "\x02\x00", 2 },                 /* known, and never told */
		{ "\x02\x01\x00\x00\x00\x00", 6 }, /* another one is told */
		{ "\x80\x80\x80\x80\x08\x80\x80\x80\x80\x08----",
		  14 }, /* there is none of that number */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(decode_registers(cases[i].told, cases[i].size, &back, &err),
				 FL_EFORMAT);
		assert_non_null(strstr(err.message, "register mask"));
	}
}

/* A word of a later version's list. */
static void test_words_of_later_versions(void **state)
{
	(void)state;
	struct fl_buffer bytes; /* where they are not packed */
	fl_report_close(stored(FL_TESTS "/report/golden/threads-1.2.flrp", &bytes));
	memcpy(memmem(bytes.data, bytes.size, "mutex", 5), "futex", 5);
	memcpy(memmem(bytes.data, bytes.size, "suspended", 9), "hibernate", 9);
	FL_AUTO(fl_report) back = decoded(&bytes);
	assert_int_equal(back->trace.threads[1].wait.kind, FL_WAIT_OBJECT);
	assert_string_equal(back->trace.threads[1].wait.object_name, "uart_lock");
	assert_int_equal(back->trace.threads[4].state, FL_THREAD_UNKNOWN);
}

static void test_sections_out_of_order_are_refused(void **state)
{
	(void)state;
	static const uint8_t again[] = { 9, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0 };
	FL_AUTO(fl_report) report = trace_make("Assert", "f;g");
	FL_AUTO_BUFFER bytes = encoded(report);
	insert(&bytes, bytes.size, again, sizeof(again));
	bytes.data[6]++;
	struct fl_report *back = NULL;
	struct fl_error err = { 0 };
	assert_int_equal(fl_report_decode(bytes.data, bytes.size, &back, &err), FL_EFORMAT);
	assert_int_equal(err.at, bytes.size - sizeof(again));
	bytes.data[12] = 2; /* the strings are no longer first */
	assert_int_equal(fl_report_decode(bytes.data, bytes.size, &back, &err), FL_EFORMAT);
	assert_int_equal(err.at, 12);
}

static void test_odd_text_is_cleaned_once_and_for_all(void **state)
{
	(void)state;
	FL_AUTO(fl_report)
	report = trace_make("Assert", "a\033[31mb;c\xff"
				      "d");
	FL_AUTO_BUFFER bytes = encoded(report);
	FL_AUTO(fl_report) back = decoded(&bytes);
	assert_string_equal(back->trace.threads[0].frames[0].function, "a\xef\xbf\xbd[31mb");
	assert_string_equal(back->trace.threads[0].frames[1].function, "c\xef\xbf\xbd"
								       "d");
	/* a file that holds a control character was not written by us */
	uint8_t *found = memmem(bytes.data, bytes.size, "Assert", 6);
	assert_non_null(found);
	*found = '\n';
	struct fl_report *refused = NULL;
	assert_int_equal(fl_report_decode(bytes.data, bytes.size, &refused, NULL), FL_EFORMAT);
}

static void test_long_text_is_cut(void **state)
{
	(void)state;
	enum { LONG = 200000 };
	FL_AUTO(fl_report) report = trace_make("Assert", "f");
	char *text = fl_arena_alloc(&report->arena, LONG + 1);
	memset(text, 'x', LONG);
	report->trace.cause.title = text;
	FL_AUTO_BUFFER bytes = encoded(report);
	FL_AUTO(fl_report) back = decoded(&bytes);
	assert_int_equal(strlen(back->trace.cause.title), 65536);
}

static void test_too_much_is_said(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = trace_make("Assert", "f");
	struct fl_buffer bytes = { 0 };
	struct fl_error err = { 0 };
	report->trace.region_count = FL_LIMIT_REGIONS + 1;
	report->trace.regions =
		fl_arena_array(&report->arena, FL_LIMIT_REGIONS + 1, sizeof(struct fl_region));
	assert_int_equal(fl_report_encode(report, &bytes, &err), FL_ELIMIT);
	assert_non_null(strstr(err.message, "report regions"));
	assert_null(bytes.data);
}

static void test_strings_are_kept_once(void **state)
{
	(void)state;
	char many[4096] = "";
	for (unsigned i = 0; i < 60; i++)
		strcat(many, "a_function_with_a_long_name;");
	FL_AUTO(fl_report) one = trace_make("Assert", "a_function_with_a_long_name");
	FL_AUTO(fl_report) sixty = trace_make("Assert", many);
	FL_AUTO_BUFFER x = encoded(one);
	FL_AUTO_BUFFER y = encoded(sixty);
	assert_true(y.size - x.size < 59 * 24);
}

/* A thread that was switched out, as an unwinder with full unwind information leaves it. */
static void switched_out(struct fl_report *r, struct fl_thread *thread, uint32_t seed)
{
	enum { FRAMES = 6 };
	static const char *const functions[FRAMES] = { "switch_context", "block_current",
						       "queue_receive",  "wait_for_message",
						       "handle_message", "thread_main" };
	*thread = (struct fl_thread){
		.name = functions[seed % FRAMES],
		.has_block = true,
		.block = 0x20004000 + seed * 0x80,
		.state = FL_THREAD_BLOCKED,
		.wait = { .kind = FL_WAIT_QUEUE_RECEIVE, .has_object = true, .object = 0x20000010 },
		.has_priority = true,
		.has_base_priority = true,
		.has_entry = true,
		.entry_addr = 0x08004000,
		.stack = { .start_known = true,
			   .start = 0x20010000,
			   .known = true,
			   .end = 0x20010400,
			   .used_known = true,
			   .used = 200,
			   .unused_known = true,
			   .unused = 224,
			   .high_water_known = true,
			   .high_water = 800 },
		.overflow = { FL_OVERFLOW_EXCLUDED, NULL, 0 },
		.context = FL_CONTEXT_SAVED,
		.stop_text = "reached the entry function",
		.frames = fl_arena_array(&r->arena, FRAMES, sizeof(struct fl_frame)),
		.frame_count = FRAMES,
	};
	for (unsigned i = 0; i <= FL_XPSR; i++)
		fl_reg_set(&thread->regs, (enum fl_register)i, (seed + i) * 0x9e3779b9u);
	struct fl_registers regs = thread->regs;
	for (uint32_t i = 0; i < FRAMES; i++) {
		struct fl_frame *f = &thread->frames[i];
		*f = (struct fl_frame){ .pc_known = true, .pc = 0x08000000 + i * 0x234 };
		f->cfa_known = f->function_known = true;
		f->cfa = 0x20010100 + i * 0x28;
		f->lookup_pc = f->pc - 1;
		f->function = functions[i];
		f->module = "fw.elf";
		f->file = "src/kernel.c";
		f->function_addr = f->pc - 0x24;
		f->module_off = i * 0x234;
		f->line = 100 + i;
		if (i)
			regs.known &= 0xaff0; /* r4..r11, sp, pc */
		fl_reg_set(&regs, FL_PC, f->pc);
		if (i)
			fl_reg_set(&regs, FL_SP, f[-1].cfa);
		fl_reg_set(&regs, FL_R4, seed * i); /* each has its own r4 and r7 */
		fl_reg_set(&regs, FL_R7, seed + i);
		f->regs = regs;
	}
}

/* Reports are kept by the hundred thousand: a thread costs less than one of its stack's frames. */
static void test_many_threads_stay_small(void **state)
{
	(void)state;
	enum { THREADS = 64, THREAD_BYTES = 260 };
	FL_AUTO(fl_report) report = trace_make("Watchdog", NULL);
	struct fl_trace *t = &report->trace;
	t->threads = fl_arena_array(&report->arena, THREADS, sizeof(*t->threads));
	t->thread_count = THREADS;
	for (uint32_t i = 0; i < THREADS; i++)
		switched_out(report, &t->threads[i], i);
	FL_AUTO_BUFFER bytes = encoded(report);
	print_message("%zu bytes for each of %d threads\n", bytes.size / THREADS, THREADS);
	assert_true(bytes.size < (size_t)THREADS * THREAD_BYTES);
	expect_back(report);
}

/* Zero is a value: it is told where the frame below did not know the register. */
static void test_registers_that_hold_zero(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = trace_make("Watchdog", NULL);
	struct fl_trace *t = &report->trace;
	t->threads = fl_arena_array(&report->arena, 1, sizeof(*t->threads));
	t->thread_count = 1;
	switched_out(report, &t->threads[0], 1);
	for (size_t i = 0; i < t->threads[0].frame_count; i++) {
		struct fl_registers *regs = &t->threads[0].frames[i].regs;
		fl_reg_set(regs, FL_R5, 0);
		if (i % 2)
			fl_reg_forget(regs, FL_R5);
	}
	fl_reg_forget(&t->threads[0].regs, FL_R5);
	expect_back(report);
}

static void same_optional_text(const char *a, const char *b)
{
	same_text(a, b);
	assert_true(!a == !b);
}

static void same_facts(const struct fl_report_facts *a, const struct fl_report_facts *b)
{
	same_optional_text(a->device_serial, b->device_serial);
	same_optional_text(a->hardware_version, b->hardware_version);
	same_optional_text(a->software_type, b->software_type);
	same_optional_text(a->software_version, b->software_version);
	assert_int_equal(a->build_id_size, b->build_id_size);
	assert_memory_equal(a->build_id, b->build_id, sizeof(a->build_id));
	assert_true(a->has_reason == b->has_reason && a->reason == b->reason);
	same_optional_text(a->reason_name, b->reason_name);
	assert_int_equal(a->match, b->match);
	assert_int_equal(a->build_id_conflict, b->build_id_conflict);
	same_optional_text(a->category, b->category);
	same_optional_text(a->cause, b->cause);
	same_optional_text(a->title, b->title);
	same_optional_text(a->function, b->function);
	same_optional_text(a->engine_version, b->engine_version);
	assert_int_equal(a->signature_version, b->signature_version);
	same_optional_text(a->rules_hash, b->rules_hash);
	assert_int_equal(a->fingerprint_count, b->fingerprint_count);
	for (size_t i = 0; i < a->fingerprint_count; i++) {
		same_text(a->fingerprints[i].kind, b->fingerprints[i].kind);
		same_text(a->fingerprints[i].preimage, b->fingerprints[i].preimage);
		assert_memory_equal(a->fingerprints[i].hash, b->fingerprints[i].hash, 16);
		assert_int_equal(a->fingerprints[i].joins, b->fingerprints[i].joins);
		assert_int_equal(a->fingerprints[i].leads, b->fingerprints[i].leads);
	}
	assert_int_equal(a->finding_count, b->finding_count);
	assert_true(a->truncated == b->truncated && a->kind == b->kind);
	assert_true(a->expected == b->expected && a->coredump_saved == b->coredump_saved);
	assert_true(a->has_pc == b->has_pc && a->pc == b->pc);
	assert_true(a->has_lr == b->has_lr && a->lr == b->lr);
	assert_int_equal(a->needs_symbols, b->needs_symbols);
	assert_true(a->has_captured_at == b->has_captured_at && a->captured_at == b->captured_at);
}

static void expect_facts(const struct fl_buffer *bytes)
{
	FL_AUTO(fl_report) whole = decoded(bytes);
	FL_AUTO(fl_report) brief = NULL;
	assert_int_equal(fl_report_decode_facts(bytes->data, bytes->size, &brief, NULL), FL_OK);
	struct fl_report_facts a = fl_report_facts(whole);
	struct fl_report_facts b = fl_report_facts(brief);
	same_facts(&a, &b);
	assert_int_equal(brief->trace.thread_count, 0);
	assert_null(brief->trace.threads);
	FL_AUTO_BUFFER text = { 0 };
	assert_int_equal(fl_report_text(brief, NULL, &text, NULL), FL_OK);
}

static void test_facts_alone(void **state)
{
	(void)state;
	struct fl_report *(*const makes[])(void) = { trace_make_full, trace_make_threads,
						     make_reboot, make_trace_event };
	for (size_t i = 0; i < sizeof(makes) / sizeof(makes[0]); i++) {
		FL_AUTO(fl_report) report = makes[i]();
		FL_AUTO_BUFFER bytes = encoded(report);
		expect_facts(&bytes);
	}
	struct fl_buffer older;
	fl_report_close(stored(FL_TESTS "/report/golden/threads-1.2.flrp", &older));
	expect_facts(&older);
}

static void test_facts(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = trace_make_full();
	struct fl_report_facts facts = fl_report_facts(report);
	assert_string_equal(facts.device_serial, "SN-0042");
	assert_string_equal(facts.hardware_version, "evt-2");
	assert_string_equal(facts.software_type, "app-fw");
	assert_string_equal(facts.software_version, "1.2.3");
	assert_int_equal(facts.build_id_size, 20);
	assert_int_equal(facts.build_id[19], 0xa0 + 19);
	assert_true(facts.has_reason && facts.reason == 0x9200);
	assert_string_equal(facts.reason_name, "MemFault");
	assert_int_equal(facts.match, FL_MATCH_OTHER_BUILD);
	assert_true(facts.build_id_conflict);
	assert_string_equal(facts.category, "Null Pointer");
	assert_string_equal(facts.title, "Null Pointer at sensor::store");
	assert_string_equal(facts.function, "sensor::store");
	assert_string_equal(facts.engine_version, "0.1.0");
	assert_int_equal(facts.signature_version, 1);
	assert_string_equal(facts.rules_hash, "0123456789abcdef0123456789abcdef");
	assert_int_equal(facts.fingerprint_count, 2);
	assert_true(facts.fingerprints[1].joins);
	assert_int_equal(facts.finding_count, 3);
	assert_true(facts.truncated);
	assert_int_equal(facts.kind, FL_REPORT_DUMP);
	assert_false(facts.expected || facts.coredump_saved);
	assert_true(facts.has_pc && facts.pc == 0x08000412);
	assert_true(facts.has_lr && facts.lr == 0x08002001);
	assert_true(facts.needs_symbols);
	assert_true(facts.has_captured_at && facts.captured_at == 1700000000);

	FL_AUTO(fl_report) bare = trace_make("Bus Fault", NULL);
	facts = fl_report_facts(bare);
	assert_string_equal(facts.title, "Bus Fault");
	assert_false(facts.has_reason);
	assert_int_equal(facts.build_id_size, 0);
	assert_false(facts.has_pc || facts.has_lr || facts.has_captured_at);
}

static void test_facts_of_events(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = trace_make_event(FL_REPORT_REBOOT);
	struct fl_trace *t = &report->trace;
	struct fl_report_facts facts = fl_report_facts(report);
	assert_int_equal(facts.kind, FL_REPORT_REBOOT);
	assert_int_equal(facts.build_id_size, 6);
	assert_int_equal(facts.build_id[5], 0xa5);
	assert_int_equal(facts.build_id[6], 0);
	assert_true(facts.has_pc && facts.pc == 0x08001004);
	assert_true(facts.has_lr && facts.lr == 0x08001101);
	assert_true(facts.coredump_saved && !facts.expected);
	assert_true(facts.has_captured_at && facts.captured_at == 1700000000);
	assert_string_equal(facts.reason_name, "RadioStuck");

	/* nothing is left that an ELF could name, and then something is */
	t->event.has_pc = t->event.has_lr = false;
	assert_false(fl_report_facts(report).needs_symbols);
	t->reason = (struct fl_reason){ true, 0x1003, "0x1003", true };
	facts = fl_report_facts(report);
	assert_true(facts.needs_symbols && facts.expected);
	t->event.has_lr = true;
	t->reason.name = "FactoryReset";
	assert_true(fl_report_facts(report).needs_symbols);

	FL_AUTO(fl_report) trace = trace_make_event(FL_REPORT_TRACE);
	trace->trace.event.has_pc = trace->trace.event.has_lr = false;
	facts = fl_report_facts(trace);
	assert_int_equal(facts.kind, FL_REPORT_TRACE);
	assert_false(facts.needs_symbols || facts.expected || facts.has_reason);
	trace->trace.event.trace_reason_name = NULL;
	assert_true(fl_report_facts(trace).needs_symbols);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_field_comes_back),
		cmocka_unit_test(test_reports_of_version_1_0_stay_readable),
		cmocka_unit_test(test_reports_of_version_1_1_stay_readable),
		cmocka_unit_test(test_full_reports_stay_readable),
		cmocka_unit_test(test_older_reports_are_written_anew),
		cmocka_unit_test(test_what_is_guessed_stays_as_it_is),
		cmocka_unit_test(test_numbers_of_texts),
		cmocka_unit_test(test_nothing_comes_back_as_nothing),
		cmocka_unit_test(test_the_smallest_elements_come_back),
		cmocka_unit_test(test_same_trace_same_bytes),
		cmocka_unit_test(test_unknown_values_leave_no_trace),
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_every_truncated_section_is_refused),
		cmocka_unit_test(test_every_changed_byte_is_survived),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_later_additions_are_skipped),
		cmocka_unit_test(test_later_additions_to_version_1),
		cmocka_unit_test(test_a_missing_section_is_refused),
		cmocka_unit_test(test_registers_that_contradict_themselves),
		cmocka_unit_test(test_words_of_later_versions),
		cmocka_unit_test(test_sections_out_of_order_are_refused),
		cmocka_unit_test(test_odd_text_is_cleaned_once_and_for_all),
		cmocka_unit_test(test_long_text_is_cut),
		cmocka_unit_test(test_too_much_is_said),
		cmocka_unit_test(test_strings_are_kept_once),
		cmocka_unit_test(test_many_threads_stay_small),
		cmocka_unit_test(test_registers_that_hold_zero),
		cmocka_unit_test(test_facts_alone),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_facts_of_events),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
