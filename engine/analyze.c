/* SPDX-License-Identifier: Apache-2.0 */
/* The only file that knows the order of the stages (docs/architecture.md, "One dump through it").
 */
#include <faultline/analyze.h>

#include "base/limits.h"
#include "dump/dump.h"
#include "fault/cause.h"
#include "fault/decode.h"
#include "inspect/elf_match.h"
#include "report/report.h"
#include "signature/signature.h"
#include "symbols/symbolize.h"
#include "symbols/symbols.h"
#include "threads/threads.h"
#include "unwind/unwind.h"

#include <string.h>

const char *fl_version(void)
{
	return FL_VERSION;
}

/* What the stages share on their way through one dump. */
struct analysis {
	const struct fl_dump *dump;
	struct fl_symbol_view symbols;
	struct fl_arena *arena; /* the report's */
	struct fl_trace *trace; /* the report's */
	struct fl_findings findings;
	struct fl_memory memory;
	struct fl_registers regs;
	bool has_regs;
	struct fl_unwind_result unwound;
};

static enum fl_code no_memory(struct fl_error *err)
{
	return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory during the analysis");
}

static const char *keep(struct analysis *a, const char *text, bool *failed)
{
	char *copy = text ? fl_arena_strdup(a->arena, text) : NULL;
	if (text && !copy)
		*failed = true;
	return copy;
}

/* The dump dies before its report: copy what the trace says about it. */
static enum fl_code keep_identity(struct analysis *a)
{
	bool failed = false;
	struct fl_dump_identity *to = &a->trace->identity;
	*to = *fl_dump_identity(a->dump);
	to->device_serial = keep(a, to->device_serial, &failed);
	to->hardware_version = keep(a, to->hardware_version, &failed);
	to->software_type = keep(a, to->software_type, &failed);
	to->software_version = keep(a, to->software_version, &failed);
	a->trace->dump = *fl_dump_facts(a->dump);
	a->trace->dump.format = keep(a, a->trace->dump.format, &failed);
	return failed ? FL_ENOMEM : FL_OK;
}

static enum fl_code keep_regions(struct analysis *a)
{
	size_t count;
	const struct fl_span *spans = fl_dump_spans(a->dump, &count);
	a->trace->regions = fl_arena_array(a->arena, count, sizeof(*a->trace->regions));
	if (!a->trace->regions)
		return FL_ENOMEM;
	for (size_t i = 0; i < count; i++)
		a->trace->regions[i] = (struct fl_region){ spans[i].addr, spans[i].size };
	a->trace->region_count = count;
	return FL_OK;
}

static void add_findings(struct analysis *a, const struct fl_finding *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fl_finding_add(&a->findings, list[i].stage, list[i].severity, list[i].code,
			       list[i].at_kind, list[i].at, "%s", list[i].text);
}

static enum fl_code read_dump(struct analysis *a)
{
	if (keep_identity(a) || keep_regions(a))
		return FL_ENOMEM;
	const struct fl_findings *found = fl_dump_findings(a->dump);
	add_findings(a, found->items, found->count);

	size_t count;
	const struct fl_registers *contexts = fl_dump_contexts(a->dump, &count);
	if (count) {
		a->regs = contexts[0];
		a->has_regs = true;
	} else {
		fl_finding_add(&a->findings, FL_STAGE_DUMP, FL_WARNING, FL_ENOTFOUND, FL_AT_NONE, 0,
			       "the dump holds no registers: there is nothing to unwind from");
	}
	if (count > 1)
		fl_finding_add(&a->findings, FL_STAGE_DUMP, FL_NOTE, FL_EUNSUPPORTED, FL_AT_NONE, 0,
			       "the dump holds the registers of %zu CPUs; the first is shown",
			       count);
	return FL_OK;
}

#define CPUID_ADDR UINT32_C(0xe000ed00) /* Arm DDI 0403E, B3.2.3 */

/* CPUID [15:4], Arm's part numbers (formats page, "CPU identification"). */
static enum fl_arch arch_of_cpuid(uint32_t cpuid)
{
	switch (cpuid >> 4 & 0xfff) {
	case 0xc20:
	case 0xc21:
	case 0xc60:
		return FL_ARCH_V6M;
	case 0xc23:
		return FL_ARCH_V7M;
	case 0xc24:
	case 0xc27:
		return FL_ARCH_V7EM;
	case 0xd20:
		return FL_ARCH_V8M_BASE;
	case 0xd21:
	case 0xd22:
	case 0xd23:
	case 0xd24:
	case 0xd31:
		return FL_ARCH_V8M_MAIN;
	default:
		return FL_ARCH_UNKNOWN;
	}
}

/* The core's own word first, then what the ELF was built for. */
static enum fl_arch find_arch(const struct analysis *a)
{
	uint32_t cpuid;
	const struct fl_span *span = fl_memory_find(&a->memory, CPUID_ADDR);
	if (span && span->source == FL_SPAN_DUMP && fl_memory_u32(&a->memory, CPUID_ADDR, &cpuid)) {
		enum fl_arch arch = arch_of_cpuid(cpuid);
		if (arch != FL_ARCH_UNKNOWN)
			return arch;
	}
	for (size_t i = 0; i < a->symbols.count; i++) {
		enum fl_arch arch = fl_module_arch(a->symbols.modules[i]);
		if (arch != FL_ARCH_UNKNOWN)
			return arch;
	}
	return FL_ARCH_UNKNOWN;
}

static enum fl_code build_memory(struct analysis *a)
{
	size_t count;
	const struct fl_span *spans = fl_dump_spans(a->dump, &count);
	enum fl_code code = fl_memory_layer(&a->memory, a->arena, spans, count);
	for (size_t i = 0; i < a->symbols.count && !code; i++) {
		spans = fl_module_spans(a->symbols.modules[i], &count);
		code = fl_memory_layer(&a->memory, a->arena, spans, count);
	}
	return code;
}

static void add_module_findings(struct analysis *a)
{
	for (size_t i = 0; i < a->symbols.count; i++) {
		size_t count;
		const struct fl_finding *found = fl_module_findings(a->symbols.modules[i], &count);
		add_findings(a, found, count);
	}
}

static enum fl_code unwind_crashed(struct analysis *a)
{
	struct fl_thread *thread = fl_arena_alloc(a->arena, sizeof(*thread));
	a->unwound.frames = fl_arena_array(a->arena, FL_LIMIT_FRAMES, sizeof(*a->unwound.frames));
	if (!thread || !a->unwound.frames)
		return FL_ENOMEM;
	a->trace->threads = thread;
	a->trace->thread_count = 1;
	fl_threads_crashed(&a->symbols, &a->regs, thread);

	struct fl_unwind_input input = {
		.regs = &a->regs,
		.memory = &a->memory,
		.symbols = &a->symbols,
		.arch = a->trace->arch,
		.fault_effects = a->trace->fault.effects,
	};
	fl_unwind(&input, &a->findings, &a->unwound);
	thread->stop = a->unwound.stop;
	char text[160];
	fl_unwind_stop_text(&a->unwound, text, sizeof(text));
	thread->stop_text = fl_arena_strdup(a->arena, text);
	if (!thread->stop_text)
		return FL_ENOMEM;
	return fl_symbolize(&a->symbols, a->unwound.frames, a->unwound.count, a->arena,
			    &thread->frames, &thread->frame_count);
}

static enum fl_code match_modules(struct analysis *a)
{
	struct fl_trace *trace = a->trace;
	trace->modules = fl_arena_array(a->arena, a->symbols.count, sizeof(*trace->modules));
	if (!trace->modules)
		return FL_ENOMEM;
	trace->module_count = a->symbols.count;
	size_t span_count;
	const struct fl_span *spans = fl_dump_spans(a->dump, &span_count);
	for (size_t i = 0; i < a->symbols.count; i++) {
		struct fl_elf_match_input input = {
			.dump_spans = spans,
			.dump_span_count = span_count,
			.memory = &a->memory,
			.module = a->symbols.modules[i],
			.regs = &a->regs,
			.identity = i ? NULL : &trace->identity,
		};
		fl_elf_match(&input, &a->findings, &trace->modules[i]);
		trace->modules[i].name = fl_arena_strdup(a->arena, trace->modules[i].name);
		if (!trace->modules[i].name)
			return FL_ENOMEM;
	}
	if (!a->symbols.count)
		return FL_OK;
	const struct fl_module_facts *primary = &trace->modules[0];
	trace->match = primary->match;
	trace->build_id_conflict = primary->build_id_size == 20 &&
				   trace->identity.build_id_size == 20 &&
				   memcmp(primary->build_id, trace->identity.build_id, 20) != 0;
	return FL_OK;
}

static enum fl_code find_cause(struct analysis *a)
{
	struct fl_cause_input input = {
		.arch = a->trace->arch,
		.reason = &a->trace->reason,
		.fault = &a->trace->fault,
		.regs = &a->regs,
		.memory = &a->memory,
		.symbols = &a->symbols,
		.thread = a->trace->threads,
	};
	input.mpu = fl_dump_mpu(a->dump, &input.mpu_count);
	return fl_cause_find(&input, a->arena, &a->trace->cause);
}

static enum fl_code run_stages(struct analysis *a, const struct fl_rules *rules)
{
	struct fl_trace *trace = a->trace;
	if (read_dump(a) || build_memory(a))
		return FL_ENOMEM;
	add_module_findings(a);
	trace->arch = find_arch(a);
	trace->reason =
		fl_reason_decode(trace->identity.has_reason, trace->identity.reason, a->arena);
	fl_fault_decode(&a->memory, trace->arch, &trace->fault);
	if (a->has_regs && unwind_crashed(a))
		return FL_ENOMEM;
	if (match_modules(a) || find_cause(a))
		return FL_ENOMEM;
	if (fl_signature_compute(trace, rules, a->arena, &trace->signature))
		return FL_ENOMEM;
	trace->findings = a->findings.items;
	trace->finding_count = a->findings.count;
	return FL_OK;
}

static void
gather_symbols(struct analysis *a, const struct fl_symbols *const *symbols, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!fl_view_add(&a->symbols, symbols[i]))
			fl_finding_add(&a->findings, FL_STAGE_SYMBOLS, FL_WARNING, FL_ELIMIT,
				       FL_AT_NONE, 0, "more than %d modules, the rest is not used",
				       FL_LIMIT_MODULES);
}

enum fl_code fl_analyze(const void *dump_bytes, size_t size,
			const struct fl_symbols *const *symbols, size_t count,
			const struct fl_analyze_options *options, struct fl_report **ret,
			struct fl_error *err)
{
	FL_AUTO(fl_dump) dump = NULL;
	enum fl_code code = fl_dump_open(dump_bytes, size, &dump, err);
	if (code)
		return code;
	FL_AUTO(fl_report) report = fl_report_new();
	if (!report)
		return no_memory(err);

	const char *sandbox = options && options->sandbox ? options->sandbox : "none";
	struct analysis a = { .dump = dump, .arena = &report->arena, .trace = &report->trace };
	a.findings.arena = a.arena;
	report->trace.engine_version = fl_version();
	report->trace.sandbox = fl_arena_strdup(a.arena, sandbox);
	if (!report->trace.sandbox)
		return no_memory(err);
	gather_symbols(&a, symbols, count);
	if (run_stages(&a, options ? options->rules : NULL))
		return no_memory(err);
	*ret = fl_report_take(&report);
	return FL_OK;
}
