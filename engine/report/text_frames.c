/* SPDX-License-Identifier: Apache-2.0 */
#include "report/clean.h"
#include "report/text_parts.h"
#include "target/exc_return.h"

#include <inttypes.h>
#include <string.h>

enum {
	PC_COLUMNS = 10,    /* 0x08000412 */
	CYCLE_MAX = 8,      /* functions of a mutual recursion that is still folded */
	REPEATS_FOLDED = 4, /* fewer turns than this are shown in full */
};

struct backtrace {
	struct fl_text *t;
	const struct fl_trace *trace;
	const struct fl_thread *thread;
	const struct fl_text_options *options;
	size_t name_column;
	size_t location_column; /* where it may be that locations stand below each other */
	size_t naming;          /* index of the frame that names the issue, or none */
	size_t number;          /* of the next code frame */
	bool doubt;             /* some frame carries a trust mark */
};

static size_t decimal_digits(size_t number)
{
	size_t digits = 1;
	while (number /= 10)
		digits++;
	return digits;
}

/* NULL for a frame found by the best means there are. */
static const char *trust_mark(const struct fl_frame *f)
{
	static const char *const marks[FL_TRUST_COUNT] = {
		[FL_TRUST_SCAN] = "? scanned",
		[FL_TRUST_PROLOGUE] = "? from prologue",
		[FL_TRUST_LR] = "? from lr",
		[FL_TRUST_EXIDX] = "? exidx",
	};
	return f->inlined || f->trust >= FL_TRUST_COUNT ? NULL : marks[f->trust];
}

static const char *frame_name(struct backtrace *b, const struct fl_frame *f, size_t columns)
{
	if (f->function)
		return fl_text_fit_name(b->t, f->function, columns);
	if (!f->module)
		return "?? (in no known module)";
	const char *name = fl_text_scratch(b->t, "?? (%s + 0x%" PRIx32 ", no symbol)", f->module,
					   f->module_off);
	return name ? name : "??";
}

static const char *line_suffix(struct backtrace *b, const struct fl_frame *f)
{
	const char *line = f->line ? fl_text_scratch(b->t, ":%" PRIu32, f->line) : "";
	return line ? line : "";
}

/* Columns of "src/sensor.c:41" as it is. */
static size_t location_columns(const struct fl_frame *f)
{
	if (!f->file)
		return 0;
	return fl_columns(f->file, strlen(f->file)) + (f->line ? 1 + decimal_digits(f->line) : 0);
}

/* Two columns on, or a line of its own when @p columns do not fit. */
static void make_room(struct backtrace *b, size_t columns)
{
	struct fl_text *t = b->t;
	if (t->column + 2 + columns <= t->width) {
		fl_text_pad(t, t->column + 2);
		return;
	}
	fl_text_newline(t);
	fl_text_pad(t, b->name_column);
}

/*
 * A path loses its leading directories before it takes a line of its own: one line per frame reads
 * best, and the whole path is in the JSON report.
 */
static void location(struct backtrace *b, const struct fl_frame *f, size_t mark_columns)
{
	struct fl_text *t = b->t;
	if (!f->file)
		return;
	const char *line = line_suffix(b, f);
	const char *slash = strrchr(f->file, '/');
	size_t columns = location_columns(f);
	size_t elided = slash ? sizeof("...") - 1 + fl_columns(slash, strlen(slash)) + strlen(line)
			      : columns;
	size_t least = (elided < columns ? elided : columns) + mark_columns;
	make_room(b, least);
	if (b->location_column + least <= t->width)
		fl_text_pad(t, b->location_column);
	size_t room = t->width > t->column + mark_columns ? t->width - t->column - mark_columns : 0;
	room = room > strlen(line) ? room - strlen(line) : 0;
	fl_text_put(t, FL_STYLE_LOCATION, fl_text_fit_path(t, f->file, room));
	fl_text_put(t, FL_STYLE_LOCATION, line);
}

static void trust(struct backtrace *b, const struct fl_frame *f)
{
	const char *mark = trust_mark(f);
	if (!mark)
		return;
	make_room(b, strlen(mark));
	fl_text_put(b->t, FL_STYLE_DOUBT, mark);
	b->doubt = true;
}

/* Leading blanks are the author's indentation, not ours. */
static void source_line(struct backtrace *b, const struct fl_frame *f)
{
	struct fl_text *t = b->t;
	if (!b->options->source_line || !f->file || !f->line)
		return;
	const char *text = b->options->source_line(b->options->context, f->file, f->line);
	if (!text)
		return;
	char *line = fl_arena_strdup(&t->scratch, text + strspn(text, " \t"));
	if (!line || !*line) {
		t->out->failed |= !line;
		return;
	}
	for (char *c = line; *c; c++)
		if (*c == '\t' || *c == '\r')
			*c = ' ';
	fl_text_pad(t, b->name_column);
	fl_text_putf(t, FL_STYLE_DIM, "%" PRIu32 " | ", f->line);
	const char *clean = fl_clean(&t->scratch, line);
	if (!clean) {
		t->out->failed = true;
		return;
	}
	size_t size = strlen(clean);
	size_t room = t->width > t->column + 3 ? t->width - t->column : 3;
	bool whole = fl_columns(clean, size) <= room;
	size_t shown = whole ? size : fl_columns_prefix(clean, size, room - 3);
	fl_text_putf(t, FL_STYLE_PLAIN, "%.*s%s", (int)shown, clean, whole ? "" : "...");
	fl_text_newline(t);
}

static void code_frame(struct backtrace *b, const struct fl_frame *f, bool names)
{
	struct fl_text *t = b->t;
	size_t columns = t->width > b->name_column ? t->width - b->name_column : 0;
	const char *mark = trust_mark(f);
	fl_text_put(t, FL_STYLE_TITLE, names ? "> " : "  ");
	fl_text_putf(t, FL_STYLE_PLAIN, "#%zu", b->number++);
	fl_text_pad(t, b->name_column - PC_COLUMNS - 2);
	if (f->inlined)
		fl_text_put(t, FL_STYLE_DIM, "inlined");
	else
		fl_text_putf(t, FL_STYLE_DIM, "0x%08" PRIx32, f->pc);
	fl_text_pad(t, b->name_column);
	if (f->function)
		fl_text_put(t, FL_STYLE_NAME, frame_name(b, f, columns));
	else
		fl_text_wrap(t, FL_STYLE_DOUBT, b->name_column + 2, frame_name(b, f, columns));
	if (f->function && f->module && b->trace->module_count > 1 &&
	    fl_strcmp(f->module, b->trace->modules[0].name) != 0) {
		make_room(b, fl_columns(f->module, strlen(f->module)) + 2);
		fl_text_putf(t, FL_STYLE_DIM, "[%s]", f->module);
	}
	location(b, f, mark ? 2 + strlen(mark) : 0);
	trust(b, f);
	fl_text_newline(t);
	source_line(b, f);
}

static void exception_boundary(struct backtrace *b, const struct fl_frame *f)
{
	char buf[16];
	struct fl_text *t = b->t;
	const char *name = f->exception ? fl_exception_name(f->exception, buf) : "an exception";
	fl_text_put(t, FL_STYLE_HEADING, "  --- ");
	if (f->function)
		fl_text_wrapf(t, FL_STYLE_HEADING, 6, "%s (%s) interrupted: ---", name,
			      fl_text_fit_name(t, f->function, t->width / 2));
	else
		fl_text_wrapf(t, FL_STYLE_HEADING, 6, "%s interrupted: ---", name);
	fl_text_newline(t);
}

static bool same_place(const struct fl_frame *a, const struct fl_frame *b)
{
	return a->kind == FL_FRAME_CODE && b->kind == FL_FRAME_CODE && a->function && b->function &&
	       a->inlined == b->inlined && a->line == b->line &&
	       !fl_strcmp(a->function, b->function) && !fl_strcmp(a->file, b->file);
}

/* How many frames after the @p period frames at @p first repeat them, in whole turns. */
static size_t repeated(const struct fl_thread *thread, size_t first, size_t period)
{
	size_t end = first + period;
	while (end < thread->frame_count &&
	       same_place(&thread->frames[end], &thread->frames[end - period]))
		end++;
	return (end - first - period) / period * period;
}

/* The shortest cycle that is worth folding at @p first: its period, or 0. */
static size_t find_cycle(const struct fl_thread *thread, size_t first, size_t *count_ret)
{
	for (size_t period = 1; period <= CYCLE_MAX; period++) {
		*count_ret = repeated(thread, first, period);
		if (*count_ret >= period * (REPEATS_FOLDED - 1))
			return period;
	}
	return 0;
}

static void folded(struct backtrace *b, size_t count, size_t period)
{
	size_t number = b->number;
	fl_text_pad(b->t, b->name_column);
	if (period == 1)
		fl_text_wrapf(b->t, FL_STYLE_DIM, b->name_column,
			      "... %zu more of the same, #%zu to #%zu", count, number,
			      number + count - 1);
	else
		fl_text_wrapf(b->t, FL_STYLE_DIM, b->name_column,
			      "... these %zu again %zu times, #%zu to #%zu", period, count / period,
			      number, number + count - 1);
	fl_text_newline(b->t);
	b->number += count;
}

static void frames(struct backtrace *b)
{
	size_t shown_to = 0; /* inside a cycle: where its first turn ends */
	size_t folded_count = 0;
	size_t period = 0;
	for (size_t i = 0; i < b->thread->frame_count; i++) {
		const struct fl_frame *f = &b->thread->frames[i];
		if (!b->options->all_frames && i >= shown_to) {
			period = find_cycle(b->thread, i, &folded_count);
			shown_to = i + period;
		}
		if (f->kind == FL_FRAME_EXCEPTION)
			exception_boundary(b, f);
		else
			code_frame(b, f, i == b->naming);
		if (!period || i + 1 != shown_to)
			continue;
		folded(b, folded_count, period);
		i += folded_count;
		shown_to = i + 1;
		period = 0;
	}
}

static bool is_told(const struct fl_cause *cause, const char *evidence)
{
	for (size_t i = 0; i < cause->evidence_count; i++)
		if (!fl_strcmp(cause->evidence[i], evidence))
			return true;
	return false;
}

static bool is_news(const struct backtrace *b, const struct fl_overflow_verdict *o)
{
	size_t told = 0;
	for (size_t i = 0; i < o->evidence_count; i++)
		told += is_told(&b->trace->cause, o->evidence[i]);
	return o->verdict >= FL_OVERFLOW_LIKELY && (!told || told < o->evidence_count);
}

/* What the verdict on the whole dump says already is not said again. */
static void overflow(struct backtrace *b)
{
	const struct fl_overflow_verdict *o = &b->thread->overflow;
	if (!is_news(b, o))
		return;
	fl_text_put(b->t, o->verdict == FL_OVERFLOW_PROVEN ? FL_STYLE_TITLE : FL_STYLE_DOUBT,
		    o->verdict == FL_OVERFLOW_PROVEN ? "  ! stack overflow"
						     : "  ? probably a stack overflow");
	fl_text_newline(b->t);
	for (size_t i = 0; i < o->evidence_count; i++) {
		if (is_told(&b->trace->cause, o->evidence[i]))
			continue;
		fl_text_put(b->t, FL_STYLE_PLAIN, "    - ");
		fl_text_wrap(b->t, FL_STYLE_PLAIN, 6, o->evidence[i]);
		fl_text_newline(b->t);
	}
}

static void add_origin(struct backtrace *b, const char *words)
{
	fl_text_wrapf(b->t, FL_STYLE_DIM, 4, "%s%s", b->t->column > 2 ? ", " : "", words);
}

/* What the table has no room for: where it began, and where its stack lies. */
static void origin(struct backtrace *b)
{
	const struct fl_thread *thread = b->thread;
	struct fl_text *t = b->t;
	if (!thread->has_block && !thread->entry)
		return;
	fl_text_pad(t, 2);
	if (thread->idle)
		add_origin(b, "the idle thread");
	if (thread->entry)
		add_origin(b, fl_text_scratch(t, "entry %s", thread->entry));
	else if (thread->has_entry)
		add_origin(b, fl_text_scratch(t, "entry 0x%08" PRIx32, thread->entry_addr));
	if (thread->stack.known)
		add_origin(b, fl_text_scratch(t, "stack from 0x%08" PRIx32 " to 0x%08" PRIx64,
					      thread->stack.start, thread->stack.end));
	else if (thread->stack.start_known)
		add_origin(b, fl_text_scratch(t, "stack from 0x%08" PRIx32, thread->stack.start));
	if (thread->has_block)
		add_origin(b, fl_text_scratch(t, "control block 0x%08" PRIx32, thread->block));
	fl_text_newline(t);
}

static void name_and_state(struct backtrace *b)
{
	const struct fl_thread *thread = b->thread;
	bool has_name = thread->name && *thread->name;
	bool is_thread = has_name || thread->has_block;
	fl_text_put(b->t, FL_STYLE_HEADING, "Backtrace");
	if (is_thread)
		fl_text_wrapf(b->t, FL_STYLE_HEADING, 2,
			      has_name ? " of thread \"%s\"" : " of thread %s",
			      fl_text_thread_name(b->t, thread));
	else if (b->trace->thread_count > 1)
		fl_text_wrap(b->t, FL_STYLE_HEADING, 2, " of no thread");
	if (!is_thread || (thread->state == FL_THREAD_UNKNOWN && thread->wait.kind == FL_WAIT_NONE))
		return;
	fl_text_wrapf(b->t, FL_STYLE_PLAIN, 2, ", %s", fl_text_thread_state(b->t, thread));
	const char *wait = fl_text_thread_wait(b->t, b->trace, thread);
	if (wait)
		fl_text_wrapf(b->t, FL_STYLE_PLAIN, 2, " %s", wait);
}

static void heading(struct backtrace *b)
{
	const struct fl_thread *thread = b->thread;
	struct fl_text *t = b->t;
	name_and_state(b);
	if (thread->has_priority)
		fl_text_wrapf(t, FL_STYLE_PLAIN, 2, ", priority %" PRId32, thread->priority);
	if (thread->has_base_priority && thread->base_priority != thread->priority)
		fl_text_wrapf(t, FL_STYLE_PLAIN, 2, " (base %" PRId32 ")", thread->base_priority);
	if (thread->stack.known && thread->stack.used_known)
		fl_text_wrapf(t, FL_STYLE_PLAIN, 2, ", stack %" PRIu32 " of %" PRIu64 " bytes",
			      thread->stack.used, thread->stack.end - thread->stack.start);
	if (thread->stack.high_water_known)
		fl_text_wrapf(t, FL_STYLE_PLAIN, 2, ", peak %" PRIu32, thread->stack.high_water);
	fl_text_newline(t);
	origin(b);
	overflow(b);
}

/* Behind the longest name that still leaves room for the longest location, within half a line each.
 */
static size_t find_location_column(const struct backtrace *b)
{
	size_t width = b->t->width > b->name_column ? b->t->width - b->name_column : 0;
	size_t name = 0;
	size_t place = 0;
	for (size_t i = 0; i < b->thread->frame_count; i++) {
		const struct fl_frame *f = &b->thread->frames[i];
		size_t columns = f->function ? fl_columns(f->function, strlen(f->function)) : 0;
		if (columns > name && columns <= width / 2)
			name = columns;
		if (location_columns(f) > place && location_columns(f) <= width / 2 + 4)
			place = location_columns(f);
	}
	if (name + 2 + place > width)
		name = width > place + 2 ? width - place - 2 : 0;
	return b->name_column + name + 2;
}

static size_t code_frames(const struct fl_thread *thread)
{
	size_t count = 0;
	for (size_t i = 0; i < thread->frame_count; i++)
		count += thread->frames[i].kind == FL_FRAME_CODE;
	return count;
}

/* Index of the frame that names the issue; past every frame when none of this thread does. */
static size_t naming_frame(const struct fl_trace *trace, const struct fl_thread *thread)
{
	for (size_t i = 0; i < trace->signature.step_count && thread->crashed; i++) {
		const struct fl_signature_step *step = &trace->signature.steps[i];
		if (!fl_strcmp(step->action, "name"))
			return step->frame;
	}
	return SIZE_MAX;
}

void fl_text_thread(struct fl_text *t, const struct fl_trace *trace, const struct fl_thread *thread,
		    const struct fl_text_options *options)
{
	size_t count = code_frames(thread);
	size_t digits = decimal_digits(count ? count - 1 : 0);
	struct backtrace b = {
		.t = t,
		.trace = trace,
		.thread = thread,
		.options = options,
		.naming = naming_frame(trace, thread),
		.name_column = 3 + (digits > 2 ? digits : 2) + 1 + PC_COLUMNS + 2,
	};
	b.location_column = find_location_column(&b);
	heading(&b);
	frames(&b);
	if (!thread->frame_count) {
		fl_text_put(t, FL_STYLE_DOUBT, "  no frames");
		fl_text_newline(t);
	}
	if (thread->stop_text && *thread->stop_text) {
		fl_text_put(t, FL_STYLE_DIM, "  ends: ");
		fl_text_wrap(t, FL_STYLE_DIM, 8, thread->stop_text);
		fl_text_newline(t);
	}
	if (!b.doubt)
		return;
	fl_text_wrap(
		t, FL_STYLE_DOUBT, 4,
		"  ? such frames were found without call frame information: they may be wrong");
	fl_text_newline(t);
}
