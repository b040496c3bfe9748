/* SPDX-License-Identifier: Apache-2.0 */
#include "report/codec_trace.h"

#include "base/limits.h"
#include "report/codec_1.h"

/* Smallest encodings of one element: what fl_read_count may assume. */
enum {
	MIN_REGION = 8,
	MIN_MODULE = 8,
	MIN_FACT = 4,
	MIN_FINGERPRINT = 19,
	MIN_STEP = 3,
	MIN_FINDING = 6,
};

static void build_id(struct fl_codec *c, uint8_t id[20], uint8_t *id_size)
{
	*id_size = (uint8_t)fl_x_enum(c, *id_size, 21);
	fl_x_bytes(c, id, *id_size);
}

static void dump(struct fl_codec *c, struct fl_trace *t)
{
	struct fl_dump_facts *d = &t->dump;
	fl_x_str(c, &d->format);
	fl_x_uleb32(c, &d->version);
	fl_x_uleb(c, &d->size);
	fl_x_bytes(c, d->hash, sizeof(d->hash));
	FL_X_FLAGS(c, &d->truncated, &d->has_capture_time, &t->identity.has_reason,
		   &t->reason.known, &t->reason.expected, &t->build_id_conflict);
	fl_x_uleb32(c, &d->machine);
	fl_x_optional_u32(c, d->has_capture_time, &d->capture_time);
	fl_x_size(c, &d->context_count);
	fl_x_str(c, &t->identity.device_serial);
	fl_x_str(c, &t->identity.hardware_version);
	fl_x_str(c, &t->identity.software_type);
	fl_x_str(c, &t->identity.software_version);
	build_id(c, t->identity.build_id, &t->identity.build_id_size);
	fl_x_optional_u32(c, t->identity.has_reason, &t->identity.reason);
	fl_x_optional_u32(c, t->reason.known, &t->reason.code);
	fl_x_str(c, &t->reason.name);
	t->arch = (enum fl_arch)fl_x_enum(c, t->arch, FL_ARCH_V8M_MAIN + 1);
	t->match = (enum fl_symbol_match)fl_x_enum(c, t->match, FL_MATCH_UNRELATED + 1);
	fl_x_str(c, &t->engine_version);
	fl_x_str(c, &t->sandbox);
}

static void regions(struct fl_codec *c, struct fl_trace *t)
{
	t->regions = fl_x_array(c, t->regions, &t->region_count, sizeof(*t->regions),
				FL_LIMIT_REGIONS, MIN_REGION);
	for (size_t i = 0; i < t->region_count && fl_x_ok(c); i++) {
		struct fl_region region = t->regions[i];
		fl_x_u32(c, &region.addr);
		fl_x_u32(c, &region.size);
		if (c->reading)
			t->regions[i] = region;
	}
}

static void module(struct fl_codec *c, struct fl_module_facts *m)
{
	fl_x_str(c, &m->name);
	build_id(c, m->build_id, &m->build_id_size);
	FL_X_FLAGS(c, &m->has_debug_info, &m->has_unwind_info, &m->has_mismatch);
	m->match = (enum fl_symbol_match)fl_x_enum(c, m->match, FL_MATCH_UNRELATED + 1);
	fl_x_uleb(c, &m->bytes_compared);
	fl_x_uleb(c, &m->bytes_equal);
	fl_x_optional_u32(c, m->has_mismatch, &m->mismatch_addr);
	fl_x_uleb32(c, &m->calls_compared);
	fl_x_uleb32(c, &m->calls_equal);
}

static void modules(struct fl_codec *c, struct fl_trace *t)
{
	t->modules = fl_x_array(c, t->modules, &t->module_count, sizeof(*t->modules),
				FL_LIMIT_MODULES, MIN_MODULE);
	for (size_t i = 0; i < t->module_count && fl_x_ok(c); i++) {
		struct fl_module_facts m = t->modules[i];
		module(c, &m);
		if (c->reading)
			t->modules[i] = m;
	}
}

static void fact(struct fl_codec *c, struct fl_fault_fact *fact)
{
	fact->reg = (enum fl_scs_register)fl_x_enum(c, fact->reg, FL_SCS_COUNT);
	fact->bit = (uint8_t)fl_x_enum(c, fact->bit, 32);
	fl_x_str(c, &fact->name);
	fl_x_str(c, &fact->meaning);
}

static void fault(struct fl_codec *c, struct fl_trace *t)
{
	struct fl_fault *f = &t->fault;
	fl_x_words(c, &f->known, f->value, FL_SCS_COUNT);
	uint32_t effects = f->effects;
	fl_x_uleb32(c, &effects);
	f->effects = effects;
	FL_X_FLAGS(c, &f->absent);
	struct fl_fault_fact *facts =
		fl_x_array(c, f->facts, &f->fact_count, sizeof(*facts), FL_FAULT_FACTS, MIN_FACT);
	for (size_t i = 0; i < f->fact_count && fl_x_ok(c); i++) {
		f->facts[i] = facts[i];
		fact(c, &f->facts[i]);
	}
}

static void cause(struct fl_codec *c, struct fl_trace *t)
{
	struct fl_cause *cause = &t->cause;
	fl_x_str(c, &cause->category);
	if (c->reading && !cause->category)
		cause->category = "Unknown";
	fl_x_str(c, &cause->title);
	cause->confidence =
		(enum fl_confidence)fl_x_enum(c, cause->confidence, FL_CONFIDENCE_COUNT);
	FL_X_FLAGS(c, &cause->has_address, &cause->imprecise, &cause->random_frame);
	fl_x_optional_u32(c, cause->has_address, &cause->address);
	fl_x_strings(c, &cause->evidence, &cause->evidence_count, FL_LIMIT_EVIDENCE);
}

static void rules_hash(struct fl_codec *c, char hex[33])
{
	bool known = hex[0] != '\0';
	FL_X_FLAGS(c, &known);
	if (known)
		fl_x_bytes(c, hex, 32);
	for (size_t i = 0; i < 32; i++) {
		bool good = (hex[i] >= '0' && hex[i] <= '9') || (hex[i] >= 'a' && hex[i] <= 'f');
		if (known && !good)
			fl_x_refuse(c, "hex digit", (uint8_t)hex[i]);
		hex[i] = known && good ? hex[i] : '\0';
	}
	hex[32] = '\0';
}

static void fingerprint(struct fl_codec *c, struct fl_fingerprint *f)
{
	fl_x_str(c, &f->kind);
	fl_x_str(c, &f->preimage);
	fl_x_bytes(c, f->hash, sizeof(f->hash));
	FL_X_FLAGS(c, &f->joins, &f->leads);
	if (!c->reading)
		return;
	f->kind = f->kind ? f->kind : "";
	f->preimage = f->preimage ? f->preimage : "";
}

static void step(struct fl_codec *c, struct fl_signature_step *s)
{
	fl_x_uleb32(c, &s->frame);
	fl_x_str(c, &s->action);
	fl_x_str(c, &s->because);
	if (!c->reading)
		return;
	s->action = s->action ? s->action : "";
	s->because = s->because ? s->because : "";
}

static void signature(struct fl_codec *c, struct fl_trace *t)
{
	struct fl_signature *s = &t->signature;
	fl_x_str(c, &s->title);
	fl_x_str(c, &s->function);
	fl_x_uleb32(c, &s->version);
	rules_hash(c, s->rules_hash);
	s->fingerprints =
		fl_x_array(c, s->fingerprints, &s->fingerprint_count, sizeof(*s->fingerprints),
			   FL_LIMIT_FINGERPRINTS, MIN_FINGERPRINT);
	for (size_t i = 0; i < s->fingerprint_count && fl_x_ok(c); i++) {
		struct fl_fingerprint one = s->fingerprints[i];
		fingerprint(c, &one);
		if (c->reading)
			s->fingerprints[i] = one;
	}
	s->steps = fl_x_array(c, s->steps, &s->step_count, sizeof(*s->steps), FL_CODEC_FRAMES,
			      MIN_STEP);
	for (size_t i = 0; i < s->step_count && fl_x_ok(c); i++) {
		struct fl_signature_step one = s->steps[i];
		step(c, &one);
		if (c->reading)
			s->steps[i] = one;
	}
}

static void finding(struct fl_codec *c, struct fl_finding *f)
{
	f->stage = (enum fl_stage)fl_x_enum(c, f->stage, FL_STAGE_COUNT);
	f->severity = (enum fl_severity)fl_x_enum(c, f->severity, FL_SEVERITY_COUNT);
	f->code = (enum fl_code)fl_x_enum(c, f->code, FL_ECHILD + 1);
	f->at_kind = (enum fl_at)fl_x_enum(c, f->at_kind, FL_AT_TARGET_ADDRESS + 1);
	fl_x_uleb(c, &f->at);
	fl_x_str(c, &f->text);
	if (c->reading && !f->text)
		f->text = "";
}

static void findings(struct fl_codec *c, struct fl_trace *t)
{
	t->findings = fl_x_array(c, t->findings, &t->finding_count, sizeof(*t->findings),
				 FL_LIMIT_FINDINGS, MIN_FINDING);
	for (size_t i = 0; i < t->finding_count && fl_x_ok(c); i++) {
		struct fl_finding one = t->findings[i];
		finding(c, &one);
		if (c->reading)
			t->findings[i] = one;
	}
}

static void event(struct fl_codec *c, struct fl_trace *t)
{
	struct fl_event_report *e = &t->event;
	t->kind = (enum fl_report_kind)fl_x_enum(c, t->kind, FL_REPORT_KIND_COUNT);
	FL_X_FLAGS(c, &e->has_captured_at, &e->has_pc, &e->has_lr, &e->has_reset_register,
		   &e->coredump_saved, &e->has_trace_reason, &e->has_status);
	fl_x_optional_u32(c, e->has_captured_at, &e->captured_at);
	build_id(c, e->build_id, &e->build_id_size);
	fl_x_optional_u32(c, e->has_pc, &e->pc);
	fl_x_optional_u32(c, e->has_lr, &e->lr);
	fl_x_optional_u32(c, e->has_reset_register, &e->reset_register);
	fl_x_optional_u32(c, e->has_trace_reason, &e->trace_reason);
	fl_x_str(c, &e->trace_reason_name);
	uint64_t status = e->has_status ? (uint64_t)e->status : 0;
	if (e->has_status)
		fl_x_uleb(c, &status);
	e->status = (int64_t)status;
	fl_x_str(c, &e->log);
}

void fl_codec_section(struct fl_codec *c, enum fl_section id, struct fl_trace *trace)
{
	static void (*const walks[FL_SECTION_END])(struct fl_codec *, struct fl_trace *) = {
		[FL_SECTION_DUMP] = dump,
		[FL_SECTION_REGIONS] = regions,
		[FL_SECTION_MODULES] = modules,
		[FL_SECTION_FAULT] = fault,
		[FL_SECTION_CAUSE] = cause,
		[FL_SECTION_THREADS] = fl_codec_threads,
		[FL_SECTION_SIGNATURE] = signature,
		[FL_SECTION_FINDINGS] = findings,
		[FL_SECTION_EVENT] = event,
		[FL_SECTION_KERNEL] = fl_codec_kernel,
		[FL_SECTION_REGISTERS] = fl_codec_registers_1,
	};
	walks[id](c, trace);
}
