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

static bool same(const struct fl_index_line *a, const struct fl_index_line *b)
{
	return a->file == b->file && a->line == b->line && a->column == b->column;
}

/* The last row at an address wins; one that changes nothing is not kept. */
static void emit(struct fl_build *b, uint32_t addr, struct fl_index_line line)
{
	struct fl_vec *keys = &b->tables[FL_INDEX_LINE_ADDRS];
	struct fl_vec *lines = &b->tables[FL_INDEX_LINES];
	if (keys->count && *fl_vec_at(keys, uint32_t, keys->count - 1) == addr) {
		keys->count--;
		lines->count--;
	}
	if (keys->count && same(fl_vec_at(lines, struct fl_index_line, keys->count - 1), &line))
		return;
	uint32_t *key = fl_vec_next(keys);
	struct fl_index_line *out = keys->count < FL_INDEX_NONE ? fl_vec_next(lines) : NULL;
	if (!key || !out) {
		b->failed = true;
		return;
	}
	*key = addr;
	*out = line;
	keys->count++;
	lines->count++;
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

static void emit_rows(struct fl_build *b, const struct fl_piece *s)
{
	const struct fl_line_sequence *q =
		fl_vec_at(&b->image->debug.sequences, const struct fl_line_sequence, s->id);
	const struct fl_line_row *rows =
		fl_vec_at(&b->image->debug.rows, const struct fl_line_row, q->first_row);
	uint64_t end = (uint64_t)s->addr + s->size;
	for (uint32_t i = row_at(rows, q->row_count, s->addr); i < q->row_count; i++) {
		if (rows[i].addr >= end || b->failed)
			break;
		struct fl_index_line line = { rows[i].file, rows[i].line, rows[i].column };
		emit(b, rows[i].addr > s->addr ? rows[i].addr : s->addr, line);
		b->has_lines = true;
	}
	if (end <= UINT32_MAX)
		emit(b, (uint32_t)end, (struct fl_index_line){ 0 });
}

/* Each row gives one at most, each segment one at its start and one at its end. Room that is not
 * used costs no memory, copies of half-full tables would. */
static void reserve(struct fl_build *b, size_t segments)
{
	size_t count = b->image->debug.rows.count + 2 * segments;
	if (!fl_vec_reserve(&b->tables[FL_INDEX_LINE_ADDRS], count) ||
	    !fl_vec_reserve(&b->tables[FL_INDEX_LINES], count))
		b->failed = true;
}

void fl_build_lines(struct fl_build *b)
{
	struct fl_vec claims = FL_VEC(struct fl_claim);
	struct fl_vec segments = FL_VEC(struct fl_piece);
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
	reserve(b, segments.count);
	for (size_t i = 0; i < segments.count && !b->failed; i++)
		emit_rows(b, fl_vec_at(&segments, const struct fl_piece, i));
	fl_vec_deinit(&claims);
	fl_vec_deinit(&segments);
	fl_vec_deinit(&b->image->debug.rows); /* by far the most of what an image holds */
}
