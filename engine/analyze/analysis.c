/* SPDX-License-Identifier: Apache-2.0 */
#include "analyze/analysis.h"

#include "base/limits.h"
#include "inspect/elf_match.h"
#include "signature/signature.h"

#include <string.h>

const char *fl_version(void)
{
	return FL_VERSION;
}

enum fl_code fl_analysis_no_memory(struct fl_error *err)
{
	return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory during the analysis");
}

static const char *keep(struct fl_analysis *a, const char *text, bool *failed)
{
	char *copy = text ? fl_arena_strdup(a->arena, text) : NULL;
	if (text && !copy)
		*failed = true;
	return copy;
}

enum fl_code fl_analysis_identity(struct fl_analysis *a, const struct fl_dump_identity *identity)
{
	bool failed = false;
	struct fl_dump_identity *to = &a->trace->identity;
	*to = *identity;
	to->device_serial = keep(a, to->device_serial, &failed);
	to->hardware_version = keep(a, to->hardware_version, &failed);
	to->software_type = keep(a, to->software_type, &failed);
	to->software_version = keep(a, to->software_version, &failed);
	return failed ? FL_ENOMEM : FL_OK;
}

void fl_analysis_findings(struct fl_analysis *a, const struct fl_finding *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fl_finding_add(&a->findings, list[i].stage, list[i].severity, list[i].code,
			       list[i].at_kind, list[i].at, "%s", list[i].text);
}

static void
gather_symbols(struct fl_analysis *a, const struct fl_symbols *const *symbols, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!fl_view_add(&a->symbols, symbols[i]))
			fl_finding_add(&a->findings, FL_STAGE_SYMBOLS, FL_WARNING, FL_ELIMIT,
				       FL_AT_NONE, 0, "more than %d modules, the rest is not used",
				       FL_LIMIT_MODULES);
}

enum fl_code fl_analysis_init(struct fl_analysis *a, struct fl_report *report,
			      const struct fl_symbols *const *symbols, size_t count,
			      const struct fl_analyze_options *options)
{
	const char *sandbox = options && options->sandbox ? options->sandbox : "none";
	*a = (struct fl_analysis){ .arena = &report->arena, .trace = &report->trace };
	a->findings.arena = a->arena;
	a->memory.recent = &a->recent;
	report->trace.engine_version = fl_version();
	report->trace.sandbox = fl_arena_strdup(a->arena, sandbox);
	gather_symbols(a, symbols, count);
	a->symbols.recent = &a->recent_pcs;
	return report->trace.sandbox ? FL_OK : FL_ENOMEM;
}

enum fl_code fl_analysis_add_modules(struct fl_analysis *a)
{
	enum fl_code code = FL_OK;
	for (size_t i = 0; i < a->symbols.count && !code; i++) {
		size_t count;
		const struct fl_span *spans = fl_module_spans(a->symbols.modules[i], &count);
		code = fl_memory_layer(&a->memory, a->arena, spans, count);
	}
	for (size_t i = 0; i < a->symbols.count && !code; i++) {
		size_t count;
		const struct fl_finding *found = fl_module_findings(a->symbols.modules[i], &count);
		fl_analysis_findings(a, found, count);
	}
	return code;
}

enum fl_arch fl_analysis_arch(const struct fl_analysis *a)
{
	for (size_t i = 0; i < a->symbols.count; i++) {
		enum fl_arch arch = fl_module_arch(a->symbols.modules[i]);
		if (arch != FL_ARCH_UNKNOWN)
			return arch;
	}
	return FL_ARCH_UNKNOWN;
}

/* The build id that was sent is that of the first module; its other half has the same. */
static bool is_of_first_build(const struct fl_analysis *a, size_t index)
{
	struct fl_module_info first = fl_module_info(a->symbols.modules[0]);
	struct fl_module_info info = fl_module_info(a->symbols.modules[index]);
	return !index || (info.build_id_size && info.build_id_size == first.build_id_size &&
			  memcmp(info.build_id, first.build_id, info.build_id_size) == 0);
}

enum fl_code fl_analysis_match(struct fl_analysis *a, const char *what,
			       const struct fl_dump_identity *identity, const struct fl_span *spans,
			       size_t span_count)
{
	struct fl_trace *trace = a->trace;
	trace->modules = fl_arena_array(a->arena, a->symbols.count, sizeof(*trace->modules));
	if (!trace->modules)
		return FL_ENOMEM;
	trace->module_count = a->symbols.count;
	for (size_t i = 0; i < a->symbols.count; i++) {
		struct fl_elf_match_input input = {
			.what = what,
			.dump_spans = spans,
			.dump_span_count = span_count,
			.memory = &a->memory,
			.module = a->symbols.modules[i],
			.regs = &a->regs,
			.identity = is_of_first_build(a, i) ? identity : NULL,
		};
		fl_elf_match(&input, &a->findings, &trace->modules[i]);
		trace->modules[i].name = fl_arena_strdup(a->arena, trace->modules[i].name);
		if (!trace->modules[i].name)
			return FL_ENOMEM;
	}
	if (!a->symbols.count)
		return FL_OK;
	trace->match = trace->modules[0].match;
	trace->build_id_conflict = fl_build_id_conflict(identity, &trace->modules[0]);
	return FL_OK;
}

enum fl_code fl_analysis_finish(struct fl_analysis *a, const struct fl_rules *rules)
{
	struct fl_trace *trace = a->trace;
	if (fl_signature_compute(trace, rules, a->arena, &trace->signature))
		return FL_ENOMEM;
	trace->findings = a->findings.items;
	trace->finding_count = a->findings.count;
	return FL_OK;
}
