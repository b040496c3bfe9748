/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/build.h"

#include <stdlib.h>

enum rank {
	RANK_NONE,     /* of a discarded function */
	RANK_SYMBOL,   /* no DWARF function to compare with: assembly, or a function gcc folded into
			  another */
	RANK_FUNCTION, /* a function of its unit that was kept lies there */
};

/* A sequence starts with its function, padding aside. */
enum { MAX_SEGMENTS_LOOKED_AT = 64 };

static bool is_of_unit(const struct fl_build *b, const struct fl_piece *s, uint32_t unit)
{
	uint32_t function = fl_vec_at(&b->sources, struct fl_function_source, s->id)->function;
	return function != FL_NO_INDEX &&
	       fl_vec_at(&b->image->debug.functions, struct fl_debug_function, function)->unit ==
		       unit;
}

/* The function that starts at @p addr, as far as anything won there. */
static const struct fl_function_source *starting_at(const struct fl_build *b, uint32_t addr)
{
	uint32_t i = fl_build_segment(b, addr);
	const struct fl_piece *s =
		i == FL_NO_INDEX ? NULL : fl_vec_at(&b->segments, struct fl_piece, i);
	return s && s->addr == addr ? fl_vec_at(&b->sources, struct fl_function_source, s->id)
				    : NULL;
}

static enum rank rank_of(const struct fl_build *b, const struct fl_line_sequence *q)
{
	const struct fl_unit *unit =
		fl_vec_at(&b->image->debug.units, const struct fl_unit, q->unit);
	if (!fl_build_is_code(b, q->addr, q->end))
		return RANK_NONE;
	if (!unit->function_count)
		return q->addr > 1 || starting_at(b, q->addr) ? RANK_SYMBOL : RANK_NONE;
	uint32_t i = fl_build_segment(b, q->addr);
	if (i == FL_NO_INDEX)
		i = 0;
	for (int n = 0; n < MAX_SEGMENTS_LOOKED_AT && i < b->segments.count; n++, i++) {
		const struct fl_piece *s = fl_vec_at(&b->segments, struct fl_piece, i);
		if (s->addr >= q->end)
			break;
		if ((uint64_t)s->addr + s->size > q->addr && is_of_unit(b, s, q->unit))
			return RANK_FUNCTION;
	}
	const struct fl_function_source *source = starting_at(b, q->addr);
	bool symbol_only = source && source->function == FL_NO_INDEX && q->addr > 1;
	return symbol_only ? RANK_SYMBOL : RANK_NONE;
}

/* Rows on their way out. One waits: another at its address would replace it. */
struct liner {
	struct fl_build *b;
	struct fl_rows_out rows;
	struct fl_place_row waiting;
	bool is_waiting;
	uint32_t path, file; /* the last one, as string and as index */
};

static bool same(const struct fl_place_row *a, const struct fl_place_row *b)
{
	return a->file == b->file && a->line == b->line && a->column == b->column;
}

static void flush(struct liner *l)
{
	if (l->is_waiting)
		fl_build_place(l->b, &l->rows, &l->waiting);
	l->is_waiting = false;
}

/* The last row at an address wins; one that changes nothing is not kept. */
static void emit(struct liner *l, struct fl_place_row row)
{
	if (l->is_waiting && l->waiting.addr == row.addr)
		l->is_waiting = false;
	const struct fl_place_row *last = l->is_waiting ? &l->waiting : &l->rows.place;
	if ((l->is_waiting || l->rows.count) && same(last, &row))
		return;
	flush(l);
	l->waiting = row;
	l->is_waiting = true;
}

static uint32_t file_of(struct liner *l, uint32_t path)
{
	if (path != l->path)
		l->file = fl_build_file(l->b, path);
	l->path = path;
	return l->file;
}

/* Row in force at @p addr: the last one that is not past it. */
static uint32_t row_at(const struct fl_line_row *rows, uint32_t count, uint32_t addr)
{
	uint32_t low = 0;
	uint32_t high = count;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (rows[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? low - 1 : 0;
}

static void emit_rows(struct liner *l, const struct fl_piece *s)
{
	const struct fl_debug_info *debug = &l->b->image->debug;
	const struct fl_line_sequence *q =
		fl_vec_at(&debug->sequences, const struct fl_line_sequence, s->id);
	const struct fl_line_row *rows =
		fl_vec_at(&debug->rows, const struct fl_line_row, q->first_row);
	uint64_t end = (uint64_t)s->addr + s->size;
	for (uint32_t i = row_at(rows, q->row_count, s->addr); i < q->row_count; i++) {
		if (rows[i].addr >= end || l->b->failed)
			break;
		struct fl_place_row row = {
			.addr = rows[i].addr > s->addr ? rows[i].addr : s->addr,
			.file = file_of(l, rows[i].file),
			.line = rows[i].line,
			.column = rows[i].column,
		};
		emit(l, row);
		l->b->has_lines = true;
	}
	if (end <= UINT32_MAX)
		emit(l, (struct fl_place_row){ .addr = (uint32_t)end });
}

void fl_build_lines(struct fl_build *b)
{
	struct fl_vec claims = FL_VEC(struct fl_claim);
	struct fl_vec segments = FL_VEC(struct fl_piece);
	struct liner l = { .b = b, .rows = { .addrs = FL_INDEX_LINE_ADDRS } };
	const struct fl_vec *sequences = &b->image->debug.sequences;
	for (uint32_t i = 0; i < sequences->count && !b->failed; i++) {
		const struct fl_line_sequence *q =
			fl_vec_at(sequences, const struct fl_line_sequence, i);
		struct fl_claim claim = {
			.addr = q->addr, .end = q->end, .rank = rank_of(b, q), .id = i
		};
		if (claim.rank != RANK_NONE && !fl_vec_push(&claims, &claim))
			b->failed = true;
	}
	if (!fl_claims_resolve(&claims, &segments))
		b->failed = true;
	for (size_t i = 0; i < segments.count && !b->failed; i++)
		emit_rows(&l, fl_vec_at(&segments, const struct fl_piece, i));
	flush(&l);
	fl_build_rows_end(b, FL_INDEX_LINE_ADDRS);
	fl_vec_deinit(&claims);
	fl_vec_deinit(&segments);
	fl_vec_deinit(&b->image->debug.rows); /* by far the most of what an image holds */
}
