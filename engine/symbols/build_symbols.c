/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/build.h"

#include "base/sort.h"

#include <stdlib.h>
#include <string.h>

/* What the two orders need to know about a symbol. */
struct entry {
	uint32_t addr;
	const char *name;
	const struct fl_symbol *symbol;
	uint32_t index; /* by address */
	uint32_t order; /* in the file */
	uint32_t id;    /* as SYMBOL_NAMES has it */
};

static int three_way(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int by_addr(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	int order = three_way(x->addr, y->addr);
	return order ? order : three_way(x->order, y->order);
}

/* With a section before absolute, global before local, with a size before without. */
static unsigned worth(const struct fl_symbol *s)
{
	return (s->section != FL_SHN_ABS) * 4U + s->global * 2U + (s->size != 0);
}

static int by_name(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	int order = strcmp(x->name, y->name);
	if (!order)
		order = three_way(worth(y->symbol), worth(x->symbol));
	return order ? order : three_way(x->index, y->index);
}

/* The element of FUNCTIONS that says all of a symbol, or FL_NO_INDEX. */
static uint32_t function_of(const struct fl_build *b, const struct fl_symbol *s, uint32_t name)
{
	uint32_t i = fl_build_segment(b, s->addr);
	if (i >= FL_INDEX_OF_FUNCTION || s->kind == FL_SYMBOL_OBJECT || s->section == FL_SHN_ABS)
		return FL_NO_INDEX;
	const struct fl_piece *piece = fl_vec_at(&b->segments, const struct fl_piece, i);
	const struct fl_function_source *source =
		fl_vec_at(&b->sources, const struct fl_function_source, piece->id);
	bool whole = piece->addr == source->addr && piece->size == source->size;
	bool same = s->addr == source->addr && s->size == source->size &&
		    name == (source->linkage ? source->linkage : source->name);
	return whole && same ? i : FL_NO_INDEX;
}

static void emit_symbol(struct fl_build *b, struct entry *e)
{
	const struct fl_symbol *s = e->symbol;
	uint32_t name = fl_build_text(b, s->name);
	uint32_t function = function_of(b, s, name);
	unsigned flags = (s->kind != FL_SYMBOL_OBJECT ? FL_INDEX_IS_FUNCTION : 0U) |
			 (s->section == FL_SHN_ABS ? FL_INDEX_IS_ABSOLUTE : 0U);
	e->id = function | FL_INDEX_OF_FUNCTION;
	if (function != FL_NO_INDEX)
		return;
	e->id = (uint32_t)b->tables[FL_INDEX_SYMBOLS].count;
	struct fl_index_symbol *out = fl_build_add(b, FL_INDEX_SYMBOLS);
	if (out)
		*out = (struct fl_index_symbol){ name, s->addr, s->size, flags };
}

static void claim_object(struct fl_build *b, const struct entry *e, struct fl_vec *claims)
{
	const struct fl_symbol *s = e->symbol;
	uint64_t end = (uint64_t)s->addr + s->size;
	if (s->kind != FL_SYMBOL_OBJECT || s->section == FL_SHN_ABS || !s->size ||
	    end > UINT64_C(1) << 32)
		return;
	/* Global before local where aliases share the memory. */
	struct fl_claim claim = { .addr = s->addr, .end = end, .rank = s->global, .id = e->id };
	if (!fl_vec_push(claims, &claim))
		b->failed = true;
}

static void emit_objects(struct fl_build *b, struct fl_vec *claims)
{
	struct fl_vec segments = FL_VEC(struct fl_piece);
	if (!fl_claims_resolve(claims, &segments))
		b->failed = true;
	for (size_t i = 0; i < segments.count && !b->failed; i++) {
		const struct fl_piece *s = fl_vec_at(&segments, const struct fl_piece, i);
		uint32_t *key = fl_build_add(b, FL_INDEX_OBJECT_ADDRS);
		struct fl_index_segment *out = fl_build_add(b, FL_INDEX_OBJECTS);
		if (!key || !out)
			break;
		*key = s->addr;
		*out = (struct fl_index_segment){ s->size, s->id };
	}
	fl_vec_deinit(&segments);
}

void fl_build_symbols(struct fl_build *b)
{
	const struct fl_vec *symbols = &b->image->symbols;
	struct fl_vec claims = FL_VEC(struct fl_claim);
	struct entry *entries = NULL;
	size_t count = symbols->count;
	if (!count || b->failed)
		return;
	entries = calloc(count, sizeof(*entries));
	if (!entries) {
		b->failed = true;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		entries[i].symbol = fl_vec_at(symbols, const struct fl_symbol, i);
		entries[i].addr = entries[i].symbol->addr;
		entries[i].name = entries[i].symbol->name;
		entries[i].order = (uint32_t)i;
	}
	fl_sort(entries, count, sizeof(*entries), by_addr);
	for (size_t i = 0; i < count && !b->failed; i++) {
		entries[i].index = (uint32_t)i;
		emit_symbol(b, &entries[i]);
		claim_object(b, &entries[i], &claims);
	}
	qsort(entries, count, sizeof(*entries), by_name);
	for (size_t i = 0; i < count && !b->failed; i++) {
		uint32_t *index = fl_build_add(b, FL_INDEX_SYMBOL_NAMES);
		if (index)
			*index = entries[i].id;
	}
	emit_objects(b, &claims);
	free(entries);
	fl_vec_deinit(&claims);
}
