/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "report/report.h"
#include "report/text_parts.h"
#include "report/threads.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

enum { WIDTH_DEFAULT = 80, WIDTH_MIN = 40, LABEL_COLUMNS = 10 };

static void alarms(struct fl_text *t, const struct fl_trace *trace)
{
	bool any = false;
	for (size_t i = 0; i < trace->finding_count; i++) {
		if (trace->findings[i].severity != FL_ALARM)
			continue;
		fl_text_put(t, FL_STYLE_ALARM, "!!! ALARM:");
		fl_text_put(t, FL_STYLE_PLAIN, " ");
		fl_text_wrap(t, FL_STYLE_HEADING, 4, trace->findings[i].text);
		fl_text_newline(t);
		any = true;
	}
	if (any)
		fl_text_newline(t);
}

static void bullet(struct fl_text *t, const char *text)
{
	fl_text_put(t, FL_STYLE_PLAIN, "  - ");
	fl_text_wrap(t, FL_STYLE_PLAIN, 4, text);
	fl_text_newline(t);
}

static void verdict(struct fl_text *t, const struct fl_trace *trace)
{
	const struct fl_cause *c = &trace->cause;
	const char *category = c->category ? c->category : "Unknown";
	fl_text_wrap(t, FL_STYLE_TITLE, 2,
		     trace->signature.title ? trace->signature.title : category);
	fl_text_newline(t);
	fl_text_pad(t, 2);
	fl_text_wrap(t, FL_STYLE_PLAIN, 2,
		     c->title && *c->title ? c->title : "the cause is not known");
	fl_text_wrapf(t, c->confidence == FL_CERTAIN ? FL_STYLE_DIM : FL_STYLE_DOUBT, 2, " (%s)",
		      fl_confidence_name(c->confidence));
	fl_text_newline(t);
	for (size_t i = 0; i < c->evidence_count; i++)
		bullet(t, c->evidence[i]);
	if (c->imprecise)
		bullet(t, "the fault is imprecise: the innermost frame is only near the culprit");
	if (c->random_frame)
		bullet(t, "where it ended up is accidental: the bug is further out or elsewhere");
	fl_text_newline(t);
}

static void label(struct fl_text *t, const char *name)
{
	fl_text_put(t, FL_STYLE_DIM, name);
	fl_text_pad(t, LABEL_COLUMNS);
}

/* "a, b, c" of those that are known. */
static void listed(struct fl_text *t, const char *text)
{
	bool first = t->column <= LABEL_COLUMNS;
	if (!text)
		return;
	fl_text_put(t, FL_STYLE_PLAIN, first ? "" : ",");
	t->width--; /* for the comma that may follow */
	fl_text_wrapf(t, FL_STYLE_PLAIN, LABEL_COLUMNS, "%s%s", first ? "" : " ", text);
	t->width++;
}

static void device(struct fl_text *t, const struct fl_trace *trace)
{
	label(t, "Device");
	listed(t, trace->identity.device_serial ? trace->identity.device_serial : "serial unknown");
	if (trace->identity.hardware_version)
		listed(t, fl_text_scratch(t, "hardware %s", trace->identity.hardware_version));
	if (trace->arch)
		listed(t, fl_arch_name(trace->arch));
	fl_text_newline(t);
}

static void build_id(struct fl_text *t, const struct fl_trace *trace)
{
	bool dump = trace->kind == FL_REPORT_DUMP;
	const uint8_t *id = dump ? trace->identity.build_id : trace->event.build_id;
	size_t size = dump ? trace->identity.build_id_size : trace->event.build_id_size;
	char hex[2 * sizeof(trace->event.build_id) + 1];
	if (!size || size > sizeof(trace->event.build_id)) {
		listed(t, "no build id");
		return;
	}
	fl_hex(id, size, hex);
	listed(t, fl_text_scratch(t,
				  size < sizeof(trace->event.build_id) ? "build id %s..."
								       : "build id %s",
				  hex));
}

static void software(struct fl_text *t, const struct fl_trace *trace)
{
	const struct fl_dump_identity *id = &trace->identity;
	label(t, "Software");
	listed(t,
	       fl_text_scratch(t, "%s %s", id->software_type ? id->software_type : "type unknown,",
			       id->software_version ? id->software_version : "version unknown"));
	build_id(t, trace);
	fl_text_newline(t);
}

static void reason(struct fl_text *t, const struct fl_reason *r)
{
	label(t, "Reason");
	if (r->known)
		listed(t, fl_text_scratch(t, "%s (0x%04" PRIx32 ")", r->name ? r->name : "unnamed",
					  r->code));
	else
		listed(t, "not recorded");
	fl_text_newline(t);
}

static void captured(struct fl_text *t, bool known, uint32_t at)
{
	time_t seconds = (time_t)at;
	struct tm tm;
	char text[40];
	if (known && gmtime_r(&seconds, &tm) &&
	    strftime(text, sizeof(text), "captured %Y-%m-%d %H:%M:%S UTC", &tm))
		listed(t, text);
}

static void dump(struct fl_text *t, const struct fl_dump_facts *d)
{
	label(t, "Dump");
	listed(t, fl_text_scratch(t, "%s version %" PRIu32 ", %" PRIu64 " bytes",
				  d->format ? d->format : "unknown format", d->version, d->size));
	if (d->truncated)
		listed(t, "truncated");
	captured(t, d->has_capture_time, d->capture_time);
	fl_text_newline(t);
}

static void trace_reason(struct fl_text *t, const struct fl_event_report *e)
{
	char text[FL_LIMIT_ENUMERATOR];
	fl_event_reason_text(e, text, sizeof(text));
	label(t, "Reason");
	listed(t, e->trace_reason_name ? fl_text_scratch(t, "%s (trace reason %" PRIu32 ")", text,
							 e->trace_reason)
				       : text);
	if (e->has_status)
		listed(t, fl_text_scratch(t, "status %" PRId64, e->status));
	fl_text_newline(t);
}

/* What was sent, word by word: the backtrace shows what became of pc and lr. */
static void event(struct fl_text *t, const struct fl_trace *trace)
{
	const struct fl_event_report *e = &trace->event;
	bool reboot = trace->kind == FL_REPORT_REBOOT;
	label(t, "Event");
	listed(t, fl_text_scratch(t, "%s, %" PRIu64 " bytes", reboot ? "reboot" : "trace event",
				  trace->dump.size));
	if (e->has_pc)
		listed(t, fl_text_scratch(t, "pc 0x%08" PRIx32, e->pc));
	if (e->has_lr)
		listed(t, fl_text_scratch(t, "lr 0x%08" PRIx32, e->lr));
	if (e->has_reset_register)
		listed(t, fl_text_scratch(t, "reset register 0x%08" PRIx32, e->reset_register));
	if (reboot)
		listed(t, e->coredump_saved ? "a coredump was saved" : "no coredump was saved");
	captured(t, e->has_captured_at, e->captured_at);
	fl_text_newline(t);
	if (!e->log)
		return;
	label(t, "Log");
	fl_text_wrap(t, FL_STYLE_PLAIN, LABEL_COLUMNS, e->log);
	fl_text_newline(t);
}

static const char *unverified_words(const struct fl_trace *trace, size_t index)
{
	if (trace->kind == FL_REPORT_DUMP)
		return "not verified: nothing in the dump decides";
	if (!trace->event.build_id_size)
		return "not verified: the event tells no build id";
	if (!trace->modules[index].build_id_size)
		return "not verified: it has no build id";
	return index ? "not verified: the event tells no build id of this part"
		     : "not verified: too little of its build id is in the event";
}

static const char *match_words(const struct fl_trace *trace, size_t index)
{
	bool dump = trace->kind == FL_REPORT_DUMP;
	switch (trace->modules[index].match) {
	case FL_MATCH_SAME:
		if (!index && trace->build_id_conflict)
			return "has ANOTHER BUILD ID than the dump";
		return dump ? "matches the dump" : "matches the event";
	case FL_MATCH_OTHER_BUILD:
		return "is ANOTHER BUILD than the one that crashed";
	case FL_MATCH_UNRELATED:
		return dump ? "is UNRELATED to the dump" : "is UNRELATED to the event";
	default:
		return unverified_words(trace, index);
	}
}

static void symbols_of(struct fl_text *t, const struct fl_trace *trace, size_t index)
{
	const struct fl_module_facts *m = &trace->modules[index];
	bool conflict = !index && trace->build_id_conflict;
	bool good = m->match == FL_MATCH_SAME && !conflict;
	fl_text_wrapf(t, FL_STYLE_PLAIN, LABEL_COLUMNS, "%s", m->name ? m->name : "unnamed");
	fl_text_wrapf(t, good ? FL_STYLE_PLAIN : FL_STYLE_DOUBT, LABEL_COLUMNS, " %s",
		      match_words(trace, index));
	if (m->bytes_compared)
		listed(t, fl_text_scratch(t, "%" PRIu64 " of %" PRIu64 " captured bytes agree%s",
					  m->bytes_equal, m->bytes_compared,
					  m->match == FL_MATCH_SAME && conflict ? " though" : ""));
	else if (m->calls_compared) /* weaker: the stack holds stale words, too */
		listed(t, fl_text_scratch(t, "%" PRIu32 " of %" PRIu32 " stack words fit its calls",
					  m->calls_equal, m->calls_compared));
	if (!m->has_debug_info)
		listed(t, "no debug information");
	if (!m->has_unwind_info)
		listed(t, "no unwind information");
	fl_text_newline(t);
}

static void symbols(struct fl_text *t, const struct fl_trace *trace)
{
	label(t, "Symbols");
	if (!trace->module_count) {
		fl_text_wrap(t, FL_STYLE_DOUBT, LABEL_COLUMNS,
			     "none: without the firmware's ELF only addresses can be shown");
		fl_text_newline(t);
	}
	for (size_t i = 0; i < trace->module_count; i++) {
		fl_text_pad(t, LABEL_COLUMNS);
		symbols_of(t, trace, i);
	}
}

static void facts(struct fl_text *t, const struct fl_trace *trace)
{
	device(t, trace);
	software(t, trace);
	if (trace->kind == FL_REPORT_TRACE)
		trace_reason(t, &trace->event);
	else
		reason(t, &trace->reason);
	symbols(t, trace);
	if (trace->kind == FL_REPORT_DUMP)
		dump(t, &trace->dump);
	else
		event(t, trace);
	fl_text_newline(t);
}

static void
threads(struct fl_text *t, const struct fl_trace *trace, const struct fl_text_options *options)
{
	bool followed = trace->kind == FL_REPORT_DUMP; /* by registers */
	for (size_t i = 0; i < trace->thread_count; i++) {
		if (!fl_report_wants_thread(&trace->threads[i], options->thread))
			continue;
		fl_text_thread(t, trace, &trace->threads[i], options);
		if (followed)
			fl_text_newline(t);
	}
	if (!trace->thread_count) {
		fl_text_put(t, FL_STYLE_HEADING, "Backtrace");
		fl_text_newline(t);
		fl_text_put(t, FL_STYLE_DOUBT,
			    trace->kind == FL_REPORT_DUMP
				    ? "  none: the dump tells of no thread"
				    : "  none: the event holds no stack, and neither pc nor lr");
		fl_text_newline(t);
		if (followed)
			fl_text_newline(t);
	}
}

static void findings(struct fl_text *t, const struct fl_trace *trace)
{
	enum { TEXT_COLUMN = 12 };
	bool any = false;
	for (size_t i = 0; i < trace->finding_count; i++) {
		const struct fl_finding *f = &trace->findings[i];
		if (f->severity == FL_ALARM)
			continue;
		if (!any) {
			fl_text_newline(t);
			fl_text_put(t, FL_STYLE_HEADING, "Findings");
			fl_text_newline(t);
		}
		any = true;
		fl_text_put(t, FL_STYLE_PLAIN, "  ");
		fl_text_put(t, f->severity == FL_WARNING ? FL_STYLE_DOUBT : FL_STYLE_DIM,
			    fl_severity_name(f->severity));
		fl_text_pad(t, TEXT_COLUMN);
		fl_text_wrapf(t, FL_STYLE_PLAIN, TEXT_COLUMN, "%s: %s", fl_stage_name(f->stage),
			      f->text ? f->text : "");
		fl_text_newline(t);
	}
}

static void footer(struct fl_text *t, const struct fl_trace *trace)
{
	fl_text_newline(t);
	fl_text_wrapf(t, FL_STYLE_DIM, 2, "faultline %s, sandbox: %s",
		      trace->engine_version ? trace->engine_version : "of unknown version",
		      trace->sandbox ? trace->sandbox : "unknown");
	fl_text_newline(t);
}

/* The caller may be older than this library and know fewer options. */
static struct fl_text_options known_options(const struct fl_text_options *options)
{
	struct fl_text_options known = { .size = sizeof(known) };
	if (options)
		memcpy(&known, options,
		       options->size < sizeof(known) ? options->size : sizeof(known));
	if (!known.width)
		known.width = WIDTH_DEFAULT;
	if (known.width < WIDTH_MIN)
		known.width = WIDTH_MIN;
	return known;
}

enum fl_code fl_report_text(const struct fl_report *report, const struct fl_text_options *options,
			    struct fl_buffer *ret, struct fl_error *err)
{
	const struct fl_trace *trace = &report->trace;
	struct fl_text_options known = known_options(options);
	enum fl_code code = fl_report_check_thread(trace, known.thread, err);
	if (code)
		return code;
	FL_AUTO_STR out = { 0 };
	struct fl_text t = { .out = &out, .width = known.width, .color = known.color };
	const struct fl_thread *crashed = fl_trace_crashed(trace);
	alarms(&t, trace);
	verdict(&t, trace);
	facts(&t, trace);
	if (trace->thread_count > 1 || fl_report_has_kernel(trace)) {
		fl_text_thread_table(&t, trace);
		fl_text_newline(&t);
	}
	threads(&t, trace, &known);
	if (trace->kind == FL_REPORT_DUMP) {
		if (crashed && crashed->regs.known) {
			fl_text_registers(&t, &crashed->regs);
			fl_text_newline(&t);
		}
		fl_text_fault(&t, trace);
	}
	findings(&t, trace);
	footer(&t, trace);
	fl_text_deinit(&t);
	return fl_str_finish(&out, ret, err);
}
