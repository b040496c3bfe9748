/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

struct fl_report *fl_report_new(void)
{
	return calloc(1, sizeof(struct fl_report));
}

void fl_report_close(struct fl_report *report)
{
	if (!report)
		return;
	fl_arena_deinit(&report->arena);
	free(report);
}

static void identity_facts(const struct fl_trace *trace, struct fl_report_facts *facts)
{
	const struct fl_dump_identity *identity = &trace->identity;
	facts->device_serial = identity->device_serial;
	facts->hardware_version = identity->hardware_version;
	facts->software_type = identity->software_type;
	facts->software_version = identity->software_version;
	bool dump = trace->kind == FL_REPORT_DUMP;
	const uint8_t *id = dump ? identity->build_id : trace->event.build_id;
	facts->build_id_size = dump ? identity->build_id_size : trace->event.build_id_size;
	for (size_t i = 0; i < sizeof(facts->build_id); i++)
		facts->build_id[i] = i < facts->build_id_size ? id[i] : 0;
}

static bool is_number(const char *name)
{
	return !name || !strncmp(name, "0x", 2);
}

/* An address, or a number that the vendor has not assigned. */
static bool needs_symbols(const struct fl_trace *trace)
{
	const struct fl_event_report *event = &trace->event;
	if (trace->kind == FL_REPORT_DUMP || event->has_pc || event->has_lr)
		return true;
	if (trace->kind == FL_REPORT_TRACE)
		return event->has_trace_reason && !event->trace_reason_name;
	return trace->reason.known && is_number(trace->reason.name);
}

static void event_facts(const struct fl_trace *trace, struct fl_report_facts *facts)
{
	const struct fl_event_report *event = &trace->event;
	facts->kind = trace->kind;
	facts->expected = trace->kind == FL_REPORT_REBOOT && trace->reason.expected;
	facts->has_pc = event->has_pc;
	facts->has_lr = event->has_lr;
	facts->pc = event->pc;
	facts->lr = event->lr;
	facts->coredump_saved = event->coredump_saved;
	facts->needs_symbols = needs_symbols(trace);
	facts->has_captured_at = event->has_captured_at;
	facts->captured_at = event->captured_at;
	if (trace->kind != FL_REPORT_DUMP)
		return;
	facts->has_captured_at = trace->dump.has_capture_time;
	facts->captured_at = trace->dump.capture_time;
}

struct fl_report_facts fl_report_facts(const struct fl_report *report)
{
	const struct fl_trace *trace = &report->trace;
	const struct fl_signature *signature = &trace->signature;
	struct fl_report_facts facts = {
		.has_reason = trace->reason.known,
		.reason = trace->reason.code,
		.reason_name = trace->reason.known ? trace->reason.name : NULL,
		.match = trace->match,
		.build_id_conflict = trace->build_id_conflict,
		.category = trace->cause.category,
		.cause = trace->cause.title,
		.title = signature->title ? signature->title : trace->cause.category,
		.function = signature->function,
		.engine_version = trace->engine_version,
		.signature_version = signature->version,
		.rules_hash = signature->rules_hash,
		.fingerprints = signature->fingerprints,
		.fingerprint_count = signature->fingerprint_count,
		.finding_count = trace->finding_count,
		.truncated = trace->dump.truncated,
	};
	identity_facts(trace, &facts);
	event_facts(trace, &facts);
	return facts;
}
