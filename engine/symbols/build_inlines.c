/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/build.h"

#include "image/demangle.h"

#include <stdlib.h>

/* A stretch of code whose innermost inlined call is known. */
struct stretch {
	uint32_t addr;
	uint32_t size;
	uint32_t inlined; /* index into INLINES */
};

/* A function segment, to be grouped by function. */
struct owned {
	uint32_t function;
	uint32_t addr;
	uint32_t size;
};

struct inliner {
	struct fl_build *b;
	struct fl_vec owned;     /* struct owned, by function and address */
	struct fl_vec claims;    /* of one function */
	struct fl_vec segments;  /* of one function */
	struct fl_vec stretches; /* of all functions */
	uint32_t *numbers;       /* index in INLINES of each debug inline, FL_NO_INDEX before */
};

static const struct fl_debug_inline *inline_at(const struct inliner *n, uint32_t i)
{
	return fl_vec_at(&n->b->image->debug.inlines, const struct fl_debug_inline, i);
}

static int by_function(const void *a, const void *b)
{
	const struct owned *x = a;
	const struct owned *y = b;
	if (x->function != y->function)
		return x->function < y->function ? -1 : 1;
	return (x->addr > y->addr) - (x->addr < y->addr);
}

static int by_addr(const void *a, const void *b)
{
	const struct stretch *x = a;
	const struct stretch *y = b;
	return (x->addr > y->addr) - (x->addr < y->addr);
}

static void collect_owned(struct inliner *n)
{
	struct fl_build *b = n->b;
	for (size_t i = 0; i < b->segments.count && !b->failed; i++) {
		const struct fl_piece *s = fl_vec_at(&b->segments, struct fl_piece, i);
		uint32_t function =
			fl_vec_at(&b->sources, struct fl_function_source, s->id)->function;
		struct owned owned = { function, s->addr, s->size };
		if (function != FL_NO_INDEX && !fl_vec_push(&n->owned, &owned))
			b->failed = true;
	}
	if (n->owned.count)
		qsort(n->owned.data, n->owned.count, sizeof(struct owned), by_function);
}

static void claim_ranges(struct inliner *n, const struct fl_debug_function *f)
{
	const struct fl_debug_info *debug = &n->b->image->debug;
	for (uint32_t i = f->first_inline; i < f->first_inline + f->inline_count; i++) {
		const struct fl_debug_inline *in = inline_at(n, i);
		for (uint32_t k = 0; k < in->range_count; k++) {
			const struct fl_code_range *range = fl_vec_at(
				&debug->ranges, const struct fl_code_range, in->first_range + k);
			struct fl_claim claim = { .addr = range->addr,
						  .end = (uint64_t)range->addr + range->size,
						  .rank = in->depth,
						  .id = i };
			if (!fl_vec_push(&n->claims, &claim))
				n->b->failed = true;
		}
	}
}

static uint32_t emit_one(struct inliner *n, uint32_t i, uint32_t parent)
{
	struct fl_build *b = n->b;
	const struct fl_debug_inline *in = inline_at(n, i);
	FL_AUTO_STR text = { 0 };
	struct fl_decl_name name = fl_decl_qualified(&b->image->debug, in->decl, &text);
	if (!name.has_name && name.linkage && !fl_demangle(name.linkage, &text))
		fl_str_adds(&text, name.linkage);
	struct fl_index_inline out = {
		.parent = parent,
		.name = fl_build_text(b, text.data ? text.data : FL_UNNAMED),
		.linkage = name.linkage ? fl_build_text(b, name.linkage) : 0,
		.call_file = in->call_file,
		.call_line = in->call_line,
		.call_column = in->call_column,
	};
	b->failed |= text.failed;
	if (out.linkage == out.name)
		out.linkage = 0;
	uint32_t number = (uint32_t)b->tables[FL_INDEX_INLINES].count;
	struct fl_index_inline *slot = fl_build_add(b, FL_INDEX_INLINES);
	if (slot)
		*slot = out;
	return number;
}

/* The call and those around it, outermost first. Parents precede children in the image, so that the
 * chain is finite; it may be deep. */
static uint32_t emit_chain(struct inliner *n, uint32_t i)
{
	while (n->numbers[i] == FL_NO_INDEX && !n->b->failed) {
		uint32_t top = i;
		uint32_t parent = inline_at(n, top)->parent;
		while (parent != FL_NO_INDEX && n->numbers[parent] == FL_NO_INDEX) {
			top = parent;
			parent = inline_at(n, top)->parent;
		}
		n->numbers[top] = emit_one(
			n, top, parent == FL_NO_INDEX ? FL_INDEX_NONE : n->numbers[parent]);
	}
	return n->numbers[i];
}

/* Keep what lies inside the parts that the function itself won. Both lists ascend. */
static void clip(struct inliner *n, const struct owned *owned, size_t owned_count)
{
	size_t k = 0;
	for (size_t i = 0; i < n->segments.count && !n->b->failed; i++) {
		const struct fl_piece *s = fl_vec_at(&n->segments, struct fl_piece, i);
		uint64_t end = (uint64_t)s->addr + s->size;
		while (k < owned_count && (uint64_t)owned[k].addr + owned[k].size <= s->addr)
			k++;
		for (size_t j = k; j < owned_count && owned[j].addr < end; j++) {
			uint64_t stop = (uint64_t)owned[j].addr + owned[j].size;
			uint32_t start = owned[j].addr > s->addr ? owned[j].addr : s->addr;
			struct stretch out = { start, (uint32_t)((stop < end ? stop : end) - start),
					       emit_chain(n, s->id) };
			if (!fl_vec_push(&n->stretches, &out))
				n->b->failed = true;
		}
	}
}

static void build_function(struct inliner *n, const struct owned *owned, size_t owned_count)
{
	const struct fl_debug_function *f = fl_vec_at(
		&n->b->image->debug.functions, const struct fl_debug_function, owned->function);
	n->claims.count = 0;
	n->segments.count = 0;
	if (!f->inline_count)
		return;
	claim_ranges(n, f);
	if (!fl_claims_resolve(&n->claims, &n->segments))
		n->b->failed = true;
	clip(n, owned, owned_count);
}

static void emit_key(struct fl_build *b, uint32_t addr, uint32_t inlined)
{
	uint32_t *key = fl_build_add(b, FL_INDEX_INLINE_ADDRS);
	uint32_t *at = fl_build_add(b, FL_INDEX_INLINE_AT);
	if (!key || !at)
		return;
	*key = addr;
	*at = inlined;
}

static void emit_stretches(struct inliner *n)
{
	if (n->stretches.count)
		qsort(n->stretches.data, n->stretches.count, sizeof(struct stretch), by_addr);
	for (size_t i = 0; i < n->stretches.count && !n->b->failed; i++) {
		const struct stretch *s = fl_vec_at(&n->stretches, const struct stretch, i);
		uint64_t end = (uint64_t)s->addr + s->size;
		bool joined = i + 1 < n->stretches.count && s[1].addr == end;
		emit_key(n->b, s->addr, s->inlined);
		if (!joined && end <= UINT32_MAX)
			emit_key(n->b, (uint32_t)end, FL_INDEX_NONE);
	}
}

void fl_build_inlines(struct fl_build *b)
{
	size_t count = b->image->debug.inlines.count;
	struct inliner n = {
		.b = b,
		.owned = FL_VEC(struct owned),
		.claims = FL_VEC(struct fl_claim),
		.segments = FL_VEC(struct fl_piece),
		.stretches = FL_VEC(struct stretch),
		.numbers = count && !b->failed ? malloc(count * sizeof(uint32_t)) : NULL,
	};
	if (!n.numbers) {
		b->failed |= count > 0;
		return;
	}
	for (size_t i = 0; i < count; i++)
		n.numbers[i] = FL_NO_INDEX;
	collect_owned(&n);
	const struct owned *owned = n.owned.data;
	for (size_t i = 0, next; i < n.owned.count && !b->failed; i = next) {
		for (next = i + 1;
		     next < n.owned.count && owned[next].function == owned[i].function;)
			next++;
		build_function(&n, owned + i, next - i);
	}
	emit_stretches(&n);
	free(n.numbers);
	fl_vec_deinit(&n.owned);
	fl_vec_deinit(&n.claims);
	fl_vec_deinit(&n.segments);
	fl_vec_deinit(&n.stretches);
}
