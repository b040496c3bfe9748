/* SPDX-License-Identifier: Apache-2.0 */
/* The keys are documented in docs/report-schema.md and fixed by docs/report.schema.json. */
#include "report/json_parts.h"
#include "report/report.h"

#include <inttypes.h>
#include <stdio.h>

static const char *match_name(enum fl_symbol_match match)
{
	static const char *const names[] = {
		[FL_MATCH_NO_SYMBOLS] = "no-symbols",
		[FL_MATCH_UNKNOWN] = "unknown",
		[FL_MATCH_SAME] = "same",
		[FL_MATCH_OTHER_BUILD] = "other-build",
		[FL_MATCH_UNRELATED] = "unrelated",
	};
	return (size_t)match < sizeof(names) / sizeof(names[0]) ? names[match] : "unknown";
}

static void engine(struct fl_json *j, const struct fl_trace *t)
{
	fl_json_object_line(j, "engine");
	fl_json_str(j, "version", t->engine_version);
	fl_json_end(j);
}

static void dump(struct fl_json *j, const struct fl_dump_facts *d)
{
	fl_json_object(j, "dump");
	fl_json_str(j, "format", d->format);
	fl_json_uint(j, "version", d->version);
	fl_json_uint(j, "size", d->size);
	fl_json_hex(j, "hash", d->hash, sizeof(d->hash));
	fl_json_bool(j, "truncated", d->truncated);
	fl_json_uint(j, "machine", d->machine);
	if (d->has_capture_time)
		fl_json_uint(j, "capture_time", d->capture_time);
	fl_json_uint(j, "contexts", d->context_count);
	fl_json_end(j);
}

static void event(struct fl_json *j, const struct fl_trace *t)
{
	const struct fl_event_report *e = &t->event;
	fl_json_object(j, "event");
	fl_json_uint(j, "size", t->dump.size);
	fl_json_hex(j, "hash", t->dump.hash, sizeof(t->dump.hash));
	if (e->has_captured_at)
		fl_json_uint(j, "captured_at", e->captured_at);
	if (e->has_pc)
		fl_json_addr(j, "pc", e->pc);
	if (e->has_lr)
		fl_json_addr(j, "lr", e->lr);
	if (e->has_reset_register)
		fl_json_addr(j, "reset_register", e->reset_register);
	if (t->kind == FL_REPORT_REBOOT)
		fl_json_bool(j, "coredump_saved", e->coredump_saved);
	if (e->has_trace_reason)
		fl_json_uint(j, "trace_reason", e->trace_reason);
	fl_json_str(j, "trace_reason_name", e->trace_reason_name);
	if (e->has_status)
		fl_json_int(j, "status", e->status);
	fl_json_str(j, "log", e->log);
	fl_json_end(j);
}

static void build_id(struct fl_json *j, const struct fl_trace *t)
{
	if (t->kind == FL_REPORT_DUMP)
		fl_json_hex(j, "build_id", t->identity.build_id, t->identity.build_id_size);
	else
		fl_json_hex(j, "build_id", t->event.build_id, t->event.build_id_size);
}

static void identity(struct fl_json *j, const struct fl_trace *t)
{
	fl_json_object_line(j, "device");
	fl_json_str(j, "serial", t->identity.device_serial);
	fl_json_str(j, "hardware_version", t->identity.hardware_version);
	if (t->arch != FL_ARCH_UNKNOWN)
		fl_json_str(j, "architecture", fl_arch_name(t->arch));
	fl_json_end(j);
	fl_json_object(j, "software");
	fl_json_str(j, "type", t->identity.software_type);
	fl_json_str(j, "version", t->identity.software_version);
	build_id(j, t);
	fl_json_str(j, "symbols", match_name(t->match));
	fl_json_bool(j, "build_id_conflict", t->build_id_conflict);
	fl_json_end(j);
}

static void reason(struct fl_json *j, const struct fl_reason *r)
{
	if (!r->known)
		return;
	char code[16];
	snprintf(code, sizeof(code), "0x%04" PRIx32, r->code);
	fl_json_object_line(j, "reason");
	fl_json_str(j, "code", code);
	fl_json_str(j, "name", r->name);
	fl_json_bool(j, "expected", r->expected);
	fl_json_end(j);
}

static void fault(struct fl_json *j, const struct fl_fault *f)
{
	fl_json_object(j, "fault");
	fl_json_bool(j, "absent", f->absent);
	fl_json_object_line(j, "registers");
	for (unsigned reg = 0; reg < FL_SCS_COUNT; reg++)
		if (fl_scs_known(f, (enum fl_scs_register)reg))
			fl_json_addr(j, fl_scs_name((enum fl_scs_register)reg), f->value[reg]);
	fl_json_end(j);
	fl_json_array(j, "facts");
	for (size_t i = 0; i < f->fact_count; i++) {
		const struct fl_fault_fact *fact = &f->facts[i];
		fl_json_object_line(j, NULL);
		fl_json_str(j, "register", fl_scs_name(fact->reg));
		fl_json_uint(j, "bit", fact->bit);
		fl_json_str(j, "name", fact->name);
		fl_json_str(j, "meaning", fact->meaning);
		fl_json_end(j);
	}
	fl_json_end(j);
	fl_json_end(j);
}

static void parties(struct fl_json *j, const struct fl_cause *c)
{
	if (!c->party_count)
		return;
	fl_json_array(j, "parties");
	for (size_t i = 0; i < c->party_count; i++) {
		fl_json_object_line(j, NULL);
		fl_json_str(j, "thread", c->parties[i].thread);
		fl_json_str(j, "lock", c->parties[i].lock);
		fl_json_end(j);
	}
	fl_json_end(j);
}

static void cause(struct fl_json *j, const struct fl_cause *c)
{
	fl_json_object(j, "cause");
	fl_json_str(j, "category", c->category ? c->category : "Unknown");
	fl_json_str(j, "title", c->title);
	fl_json_str(j, "confidence", fl_confidence_name(c->confidence));
	fl_json_array(j, "evidence");
	for (size_t i = 0; i < c->evidence_count; i++)
		fl_json_str(j, NULL, c->evidence[i]);
	fl_json_end(j);
	if (c->has_address)
		fl_json_addr(j, "address", c->address);
	fl_json_bool(j, "imprecise", c->imprecise);
	fl_json_bool(j, "random_frame", c->random_frame);
	parties(j, c);
	fl_json_end(j);
}

static void memory(struct fl_json *j, const struct fl_trace *t)
{
	fl_json_array(j, "memory");
	for (size_t i = 0; i < t->region_count; i++) {
		fl_json_object_line(j, NULL);
		fl_json_addr(j, "address", t->regions[i].addr);
		fl_json_uint(j, "size", t->regions[i].size);
		fl_json_end(j);
	}
	fl_json_end(j);
}

static void module(struct fl_json *j, const struct fl_module_facts *m)
{
	fl_json_object(j, NULL);
	fl_json_str(j, "name", m->name);
	fl_json_hex(j, "build_id", m->build_id, m->build_id_size);
	fl_json_bool(j, "debug_info", m->has_debug_info);
	fl_json_bool(j, "unwind_info", m->has_unwind_info);
	fl_json_str(j, "match", match_name(m->match));
	fl_json_uint(j, "bytes_compared", m->bytes_compared);
	fl_json_uint(j, "bytes_equal", m->bytes_equal);
	if (m->has_mismatch)
		fl_json_addr(j, "mismatch_address", m->mismatch_addr);
	fl_json_uint(j, "calls_compared", m->calls_compared);
	fl_json_uint(j, "calls_equal", m->calls_equal);
	fl_json_end(j);
}

static void fingerprint(struct fl_json *j, const struct fl_fingerprint *f)
{
	fl_json_object_line(j, NULL);
	fl_json_str(j, "kind", f->kind);
	fl_json_hex(j, "hash", f->hash, sizeof(f->hash));
	fl_json_bool(j, "joins", f->joins);
	fl_json_bool(j, "leads", f->leads);
	fl_json_str(j, "preimage", f->preimage);
	fl_json_end(j);
}

static void signature(struct fl_json *j, const struct fl_signature *s)
{
	fl_json_object(j, "signature");
	fl_json_str(j, "title", s->title);
	fl_json_str(j, "function", s->function);
	fl_json_uint(j, "version", s->version);
	fl_json_str(j, "rules", s->rules_hash[0] ? s->rules_hash : NULL);
	fl_json_array(j, "fingerprints");
	for (size_t i = 0; i < s->fingerprint_count; i++)
		fingerprint(j, &s->fingerprints[i]);
	fl_json_end(j);
	fl_json_array(j, "steps");
	for (size_t i = 0; i < s->step_count; i++) {
		fl_json_object_line(j, NULL);
		fl_json_uint(j, "frame", s->steps[i].frame);
		fl_json_str(j, "action", s->steps[i].action);
		fl_json_str(j, "because", s->steps[i].because);
		fl_json_end(j);
	}
	fl_json_end(j);
	fl_json_end(j);
}

static void finding(struct fl_json *j, const struct fl_finding *f)
{
	fl_json_object_line(j, NULL);
	fl_json_str(j, "severity", fl_severity_name(f->severity));
	fl_json_str(j, "stage", fl_stage_name(f->stage));
	fl_json_str(j, "code", fl_code_name(f->code));
	if (f->at_kind == FL_AT_FILE_OFFSET)
		fl_json_uint(j, "offset", f->at);
	if (f->at_kind == FL_AT_TARGET_ADDRESS)
		fl_json_addr(j, "address", f->at);
	fl_json_str(j, "text", f->text);
	fl_json_end(j);
}

static void report(struct fl_json *j, const struct fl_trace *t)
{
	bool is_dump = t->kind == FL_REPORT_DUMP;
	fl_json_object(j, NULL);
	fl_json_str(j, "schema", "faultline-report/1");
	engine(j, t);
	fl_json_str(j, "sandbox", t->sandbox);
	fl_json_str(j, "kind", fl_report_kind_name(t->kind));
	if (is_dump)
		dump(j, &t->dump);
	else
		event(j, t);
	identity(j, t);
	reason(j, &t->reason);
	if (is_dump)
		fault(j, &t->fault);
	cause(j, &t->cause);
	fl_json_kernel(j, t);
	fl_json_threads(j, t);
	if (is_dump)
		memory(j, t);
	fl_json_array(j, "modules");
	for (size_t i = 0; i < t->module_count; i++)
		module(j, &t->modules[i]);
	fl_json_end(j);
	signature(j, &t->signature);
	fl_json_array(j, "findings");
	for (size_t i = 0; i < t->finding_count; i++)
		finding(j, &t->findings[i]);
	fl_json_end(j);
	fl_json_end(j);
}

enum fl_code fl_report_json(const struct fl_report *r, struct fl_buffer *ret, struct fl_error *err)
{
	FL_AUTO_STR out = { 0 };
	struct fl_json j = { .out = &out };
	report(&j, &r->trace);
	fl_json_deinit(&j);
	return fl_str_finish(&out, ret, err);
}
