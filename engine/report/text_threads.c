/* SPDX-License-Identifier: Apache-2.0 */
/* All threads at a glance: a table, or where a line is too short for one, a paragraph for each. */
#include "report/clean.h"
#include "report/text_parts.h"
#include "report/threads.h"

#include <inttypes.h>
#include <string.h>

enum column { NAME, STATE, PRIORITY, STACK, PEAK, PLACE, COLUMN_COUNT };

enum {
	MARK_COLUMNS = 2, /* "> " */
	GAP = 2,
	NAME_MAX = 24,
	PLACE_MIN = 16,
	PLACE_MAX = 100,
	INDENT = 4, /* of a paragraph */
};

struct row {
	const struct fl_thread *thread;
	const char *cells[COLUMN_COUNT]; /* clean; "" where there is nothing */
};

struct table {
	struct fl_text *t;
	const struct fl_trace *trace;
	struct row *rows;
	size_t count;
	size_t columns[COLUMN_COUNT]; /* 0: nothing in it, not shown */
};

static size_t columns_of(const char *text)
{
	return fl_columns(text, strlen(text));
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static const char *priority_cell(struct fl_text *t, const struct fl_thread *thread)
{
	if (!thread->has_priority)
		return "";
	if (thread->has_base_priority && thread->base_priority != thread->priority)
		return fl_text_scratch(t, "%" PRId32 " (%" PRId32 ")", thread->priority,
				       thread->base_priority);
	return fl_text_scratch(t, "%" PRId32, thread->priority);
}

static const char *overflow_mark(const struct fl_thread *thread)
{
	switch (thread->overflow.verdict) {
	case FL_OVERFLOW_PROVEN:
		return "!";
	case FL_OVERFLOW_LIKELY:
		return "?";
	default:
		return "";
	}
}

/* "560/512 !": the mark is no figure's, an overflow may have been stopped before it wrote. */
static const char *stack_cell(struct fl_text *t, const struct fl_thread *thread)
{
	const char *used =
		thread->stack.used_known ? fl_text_scratch(t, "%" PRIu32, thread->stack.used) : "?";
	const char *mark = overflow_mark(thread);
	const char *gap = *mark ? " " : "";
	if (thread->stack.known)
		return fl_text_scratch(t, "%s/%" PRIu64 "%s%s", used,
				       thread->stack.end - thread->stack.start, gap, mark);
	return thread->stack.used_known ? fl_text_scratch(t, "%s%s%s", used, gap, mark) : mark;
}

static const char *peak_cell(struct fl_text *t, const struct fl_thread *thread)
{
	return thread->stack.high_water_known
		       ? fl_text_scratch(t, "%" PRIu32, thread->stack.high_water)
		       : "";
}

static void fill_row(struct table *table, struct row *row)
{
	struct fl_text *t = table->t;
	const struct fl_thread *thread = row->thread;
	row->cells[NAME] = fl_text_fit_name(t, or_empty(fl_text_thread_name(t, thread)), NAME_MAX);
	row->cells[STATE] = or_empty(fl_text_thread_state(t, thread));
	row->cells[PRIORITY] = or_empty(priority_cell(t, thread));
	row->cells[STACK] = or_empty(stack_cell(t, thread));
	row->cells[PEAK] = or_empty(peak_cell(t, thread));
	row->cells[PLACE] = fl_text_place(t, table->trace, thread, PLACE_MAX);
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		if (columns_of(row->cells[i]) > table->columns[i])
			table->columns[i] = columns_of(row->cells[i]);
}

static const char *const headers[COLUMN_COUNT] = { "name", "state", "prio", "stack", "peak", "in" };

static bool fill(struct table *table)
{
	table->rows = fl_arena_array(&table->t->scratch, table->count, sizeof(*table->rows));
	if (!table->rows)
		return false;
	for (size_t i = 0; i < table->count; i++) {
		table->rows[i].thread = &table->trace->threads[i];
		fill_row(table, &table->rows[i]);
	}
	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		size_t header = columns_of(headers[i]);
		if (table->columns[i] && table->columns[i] < header)
			table->columns[i] = header;
	}
	return true;
}

/* The place has what the others leave; false when that is too little for a table. */
static bool has_room(struct table *table)
{
	size_t taken = MARK_COLUMNS;
	for (unsigned i = 0; i < PLACE; i++)
		taken += table->columns[i] ? table->columns[i] + GAP : 0;
	size_t width = table->t->width;
	size_t place = table->columns[PLACE];
	if (taken + place <= width + (place ? 0 : GAP))
		return true;
	if (!place || taken + PLACE_MIN > width)
		return false;
	table->columns[PLACE] = width - taken;
	return true;
}

static void header(const struct table *table)
{
	size_t at = MARK_COLUMNS;
	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		if (!table->columns[i])
			continue;
		fl_text_pad(table->t, at);
		fl_text_put(table->t, FL_STYLE_DIM, headers[i]);
		at += table->columns[i] + GAP;
	}
	fl_text_newline(table->t);
}

static enum fl_style style_of(const struct row *row, enum column column)
{
	if (column == STACK && row->thread->overflow.verdict >= FL_OVERFLOW_LIKELY)
		return row->thread->overflow.verdict == FL_OVERFLOW_PROVEN ? FL_STYLE_TITLE
									   : FL_STYLE_DOUBT;
	if (column == NAME)
		return row->thread->crashed ? FL_STYLE_TITLE : FL_STYLE_HEADING;
	return FL_STYLE_PLAIN;
}

static void mark(struct fl_text *t, const struct fl_thread *thread)
{
	fl_text_put(t, FL_STYLE_TITLE, thread->crashed ? ">" : "");
	fl_text_pad(t, MARK_COLUMNS);
}

static void table_row(const struct table *table, const struct row *row)
{
	struct fl_text *t = table->t;
	size_t at = MARK_COLUMNS;
	size_t state_at = at + table->columns[NAME] + GAP;
	mark(t, row->thread);
	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		const char *cell = i == PLACE ? fl_text_place(t, table->trace, row->thread,
							      table->columns[PLACE])
					      : row->cells[i];
		if (*cell)
			fl_text_pad(t, at);
		fl_text_put(t, style_of(row, (enum column)i), cell);
		at += table->columns[i] ? table->columns[i] + GAP : 0;
	}
	fl_text_newline(t);
	const char *wait = fl_text_thread_wait(t, table->trace, row->thread);
	if (!wait)
		return;
	fl_text_pad(t, state_at);
	fl_text_wrap(t, FL_STYLE_PLAIN, state_at, wait);
	fl_text_newline(t);
}

/* "priority 5, stack 560/512": broken at the commas only. */
static void figure(struct fl_text *t, const struct row *row, enum column column, const char *label)
{
	size_t columns = columns_of(label) + 1 + columns_of(row->cells[column]);
	if (!*row->cells[column])
		return;
	if (t->column > INDENT)
		fl_text_put(t, FL_STYLE_PLAIN, ",");
	if (t->column > INDENT && t->column + 1 + columns < t->width)
		fl_text_pad(t, t->column + 1);
	else if (t->column)
		fl_text_newline(t);
	fl_text_pad(t, INDENT);
	fl_text_put(t, FL_STYLE_PLAIN, label);
	fl_text_put(t, FL_STYLE_PLAIN, " ");
	fl_text_put(t, style_of(row, column), row->cells[column]);
}

static void paragraph(const struct table *table, const struct row *row)
{
	struct fl_text *t = table->t;
	mark(t, row->thread);
	fl_text_put(t, style_of(row, NAME), row->cells[NAME]);
	fl_text_put(t, FL_STYLE_PLAIN, ":");
	fl_text_wrapf(t, FL_STYLE_PLAIN, INDENT, " %s", row->cells[STATE]);
	const char *wait = fl_text_thread_wait(t, table->trace, row->thread);
	if (wait)
		fl_text_wrapf(t, FL_STYLE_PLAIN, INDENT, " %s", wait);
	fl_text_newline(t);
	figure(t, row, PRIORITY, "priority");
	figure(t, row, STACK, "stack");
	figure(t, row, PEAK, "peak");
	if (t->column)
		fl_text_newline(t);
	if (!*row->cells[PLACE])
		return;
	size_t room = t->width - INDENT - 3; /* "in " */
	room = room < PLACE_MAX ? room : PLACE_MAX;
	fl_text_pad(t, INDENT);
	fl_text_put(t, FL_STYLE_PLAIN, "in ");
	fl_text_put(t, FL_STYLE_PLAIN, fl_text_place(t, table->trace, row->thread, room));
	fl_text_newline(t);
}

/* What ran before the scheduler is no thread to it. */
static size_t listed_by_kernel(const struct fl_trace *trace)
{
	size_t count = 0;
	for (size_t i = 0; i < trace->thread_count; i++)
		count += trace->threads[i].has_block;
	return count;
}

/* "Threads of FreeRTOS, 5 listed, the kernel counts 7, tick 123456" */
static void title(struct fl_text *t, const struct fl_trace *trace)
{
	const struct fl_kernel_facts *k = &trace->kernel;
	fl_text_put(t, FL_STYLE_HEADING, "Threads");
	if (k->name)
		fl_text_wrapf(t, FL_STYLE_HEADING, 2, " of %s", k->name);
	size_t listed = listed_by_kernel(trace);
	fl_text_wrapf(t, FL_STYLE_PLAIN, 2, ", %zu", listed);
	if (k->has_thread_count && k->thread_count != listed)
		fl_text_wrapf(t, FL_STYLE_DOUBT, 2, " listed, the kernel counts %" PRIu32,
			      k->thread_count);
	if (k->has_running && !k->running)
		fl_text_wrap(t, FL_STYLE_DOUBT, 2, ", the scheduler was not running");
	if (k->has_tick)
		fl_text_wrapf(t, FL_STYLE_PLAIN, 2, ", tick %" PRIu32, k->tick);
	fl_text_newline(t);
}

static void footnote(struct fl_text *t, const struct fl_trace *trace, enum fl_overflow verdict,
		     const char *text)
{
	for (size_t i = 0; i < trace->thread_count; i++) {
		if (trace->threads[i].overflow.verdict != verdict)
			continue;
		fl_text_put(t, verdict == FL_OVERFLOW_PROVEN ? FL_STYLE_TITLE : FL_STYLE_DOUBT,
			    text);
		fl_text_newline(t);
		return;
	}
}

void fl_text_thread_table(struct fl_text *t, const struct fl_trace *trace)
{
	struct table table = { .t = t, .trace = trace, .count = trace->thread_count };
	title(t, trace);
	if (!table.count || !fill(&table)) {
		t->out->failed |= table.count > 0;
		return;
	}
	bool is_table = has_room(&table);
	if (is_table)
		header(&table);
	for (size_t i = 0; i < table.count; i++)
		(is_table ? table_row : paragraph)(&table, &table.rows[i]);
	footnote(t, trace, FL_OVERFLOW_PROVEN, "  ! stack overflow");
	footnote(t, trace, FL_OVERFLOW_LIKELY, "  ? probably a stack overflow");
}
