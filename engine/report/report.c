/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"

#include <stdlib.h>

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
	facts->build_id_size = identity->build_id_size;
	for (size_t i = 0; i < sizeof(facts->build_id); i++)
		facts->build_id[i] = i < identity->build_id_size ? identity->build_id[i] : 0;
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
	return facts;
}
