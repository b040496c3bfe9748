/* SPDX-License-Identifier: Apache-2.0 */
/* A dump through the stages (docs/architecture.md, "One dump through it"). */
#include "analyze/analysis.h"

#include "dump/dump.h"
#include "fault/cause.h"
#include "fault/decode.h"
#include "fault/overflow.h"

struct dump_analysis {
	struct fl_analysis base;
	const struct fl_dump *dump;
};

/* The dump dies before its report: copy what the trace says about it. */
static enum fl_code keep_facts(struct fl_analysis *a, const struct fl_dump *dump)
{
	struct fl_dump_facts *facts = &a->trace->dump;
	*facts = *fl_dump_facts(dump);
	if (facts->format)
		facts->format = fl_arena_strdup(a->arena, facts->format);
	if (!facts->format && fl_dump_facts(dump)->format)
		return FL_ENOMEM;
	return fl_analysis_identity(a, fl_dump_identity(dump));
}

static enum fl_code keep_regions(struct fl_analysis *a, const struct fl_dump *dump)
{
	size_t count;
	const struct fl_span *spans = fl_dump_spans(dump, &count);
	a->trace->regions = fl_arena_array(a->arena, count, sizeof(*a->trace->regions));
	if (!a->trace->regions)
		return FL_ENOMEM;
	for (size_t i = 0; i < count; i++)
		a->trace->regions[i] = (struct fl_region){ spans[i].addr, spans[i].size };
	a->trace->region_count = count;
	return FL_OK;
}

static enum fl_code read_dump(struct dump_analysis *d)
{
	struct fl_analysis *a = &d->base;
	if (keep_facts(a, d->dump) || keep_regions(a, d->dump))
		return FL_ENOMEM;
	const struct fl_findings *found = fl_dump_findings(d->dump);
	fl_analysis_findings(a, found->items, found->count);

	size_t count;
	const struct fl_registers *contexts = fl_dump_contexts(d->dump, &count);
	if (count) {
		a->regs = contexts[0];
	} else {
		fl_finding_add(&a->findings, FL_STAGE_DUMP, FL_WARNING, FL_ENOTFOUND, FL_AT_NONE, 0,
			       "the dump holds no registers: there is nothing to unwind from");
	}
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
static enum fl_arch find_arch(const struct fl_analysis *a)
{
	uint32_t cpuid;
	enum fl_arch arch = FL_ARCH_UNKNOWN;
	const struct fl_span *span = fl_memory_find(&a->memory, CPUID_ADDR);
	if (span && span->source == FL_SPAN_DUMP && fl_memory_u32(&a->memory, CPUID_ADDR, &cpuid))
		arch = arch_of_cpuid(cpuid);
	return arch != FL_ARCH_UNKNOWN ? arch : fl_analysis_arch(a);
}

static enum fl_code build_memory(struct dump_analysis *d)
{
	size_t count;
	const struct fl_span *spans = fl_dump_spans(d->dump, &count);
	enum fl_code code = fl_memory_layer(&d->base.memory, d->base.arena, spans, count);
	return code ? code : fl_analysis_add_modules(&d->base);
}

static enum fl_code find_threads(struct dump_analysis *d)
{
	size_t count;
	const struct fl_registers *contexts = fl_dump_contexts(d->dump, &count);
	return fl_analysis_threads(&d->base, contexts, count);
}

static enum fl_code match_modules(struct dump_analysis *d)
{
	size_t count;
	const struct fl_span *spans = fl_dump_spans(d->dump, &count);
	return fl_analysis_match(&d->base, "dump", &d->base.trace->identity, spans, count);
}

static enum fl_code find_cause(struct dump_analysis *d)
{
	struct fl_trace *trace = d->base.trace;
	struct fl_cause_input input = {
		.arch = trace->arch,
		.reason = &trace->reason,
		.fault = &trace->fault,
		.regs = &d->base.regs,
		.memory = &d->base.memory,
		.symbols = &d->base.symbols,
		.threads = trace->threads,
		.thread_count = trace->thread_count,
		.thread = fl_trace_crashed(trace),
		.kernel = &trace->kernel,
		.findings = &d->base.findings,
	};
	input.mpu = fl_dump_mpu(d->dump, &input.mpu_count);
	struct fl_overflow_hook found;
	const struct fl_overflow_hook *hook = fl_overflow_hook_find(&input, &found) ? &found : NULL;
	for (size_t i = 0; i < trace->thread_count; i++)
		if (fl_overflow_judge(&input, hook, &trace->threads[i], d->base.arena,
				      &trace->threads[i].overflow))
			return FL_ENOMEM;
	return fl_cause_find(&input, d->base.arena, &trace->cause);
}

static enum fl_code run_stages(struct dump_analysis *d, const struct fl_rules *rules)
{
	struct fl_analysis *a = &d->base;
	struct fl_trace *trace = a->trace;
	if (read_dump(d) || build_memory(d))
		return FL_ENOMEM;
	trace->arch = find_arch(a);
	trace->reason = fl_reason_decode(trace->identity.has_reason, trace->identity.reason,
					 &a->symbols, a->arena);
	fl_fault_decode(&a->memory, trace->arch, &trace->fault);
	if (find_threads(d) || match_modules(d) || find_cause(d))
		return FL_ENOMEM;
	return fl_analysis_finish(a, rules);
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
		return fl_analysis_no_memory(err);
	struct dump_analysis d = { .dump = dump };
	if (fl_analysis_init(&d.base, report, symbols, count, options) ||
	    run_stages(&d, options ? options->rules : NULL))
		return fl_analysis_no_memory(err);
	*ret = fl_report_take(&report);
	return FL_OK;
}
