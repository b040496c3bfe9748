/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/build.h"
#include "symbols/calls.h"

#include "base/sort.h"
#include "image/demangle.h"

#include <stdlib.h>

/* A stretch of code whose innermost inlined call is known. */
struct stretch {
	uint32_t addr;
	uint32_t size;
	uint32_t inlined; /* offset into CALLS */
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
	uint32_t *calls;         /* offset into CALLS of each debug inline, FL_NO_INDEX before */
	uint32_t *names;         /* index into NAMES of each declaration, FL_NO_INDEX before */
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
	fl_sort(n->owned.data, n->owned.count, sizeof(struct owned), by_function);
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

static struct fl_index_name name_of(struct fl_build *b, uint32_t decl)
{
	FL_AUTO_STR text = { 0 };
	struct fl_decl_name name = fl_decl_qualified(&b->image->debug, decl, &text);
	if (!name.has_name && name.linkage && !fl_demangle(name.linkage, &text))
		fl_str_adds(&text, name.linkage);
	struct fl_index_name out = {
		.name = fl_build_text(b, text.data ? text.data : FL_UNNAMED),
		.linkage = name.linkage ? fl_build_text(b, name.linkage) : 0,
	};
	b->failed |= text.failed;
	if (out.linkage == out.name)
		out.linkage = 0;
	return out;
}

/* One function is inlined many times, and declared in many units. */
static uint32_t name_index(struct inliner *n, uint32_t decl)
{
	struct fl_build *b = n->b;
	uint32_t *known = decl == FL_NO_INDEX ? NULL : &n->names[decl];
	if (known && *known != FL_NO_INDEX)
		return *known;
	struct fl_index_name name = name_of(b, decl);
	uint32_t index = fl_intern_add(&b->names, &name, sizeof(name));
	b->failed |= b->names.failed;
	if (known)
		*known = index;
	return index;
}

static uint32_t emit_one(struct inliner *n, uint32_t i, uint32_t parent)
{
	struct fl_build *b = n->b;
	const struct fl_debug_inline *in = inline_at(n, i);
	struct fl_vec *calls = &b->tables[FL_INDEX_CALLS];
	struct fl_call call = {
		.parent = parent,
		.name = name_index(n, in->decl),
		.file = fl_build_file(b, in->call_file),
		.line = in->call_line,
		.column = in->call_column,
	};
	uint32_t off = (uint32_t)calls->count;
	uint8_t *at = calls->count < INT32_MAX - FL_CALL_SIZE_MAX ? fl_build_room(b, calls) : NULL;
	b->failed |= !at;
	if (at)
		calls->count += (size_t)(fl_call_put(at, off, &call) - at);
	return off;
}

/* The call and those around it, outermost first. Parents precede children in the image, so that the
 * chain is finite; it may be deep. */
static uint32_t emit_chain(struct inliner *n, uint32_t i)
{
	while (n->calls[i] == FL_NO_INDEX && !n->b->failed) {
		uint32_t top = i;
		uint32_t parent = inline_at(n, top)->parent;
		while (parent != FL_NO_INDEX && n->calls[parent] == FL_NO_INDEX) {
			top = parent;
			parent = inline_at(n, top)->parent;
		}
		n->calls[top] =
			emit_one(n, top, parent == FL_NO_INDEX ? FL_INDEX_NONE : n->calls[parent]);
	}
	return n->calls[i];
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

static void emit_stretches(struct inliner *n)
{
	struct fl_rows_out rows = { .addrs = FL_INDEX_INLINE_ADDRS };
	fl_sort(n->stretches.data, n->stretches.count, sizeof(struct stretch), by_addr);
	for (size_t i = 0; i < n->stretches.count && !n->b->failed; i++) {
		const struct stretch *s = fl_vec_at(&n->stretches, const struct stretch, i);
		uint64_t end = (uint64_t)s->addr + s->size;
		bool joined = i + 1 < n->stretches.count && s[1].addr == end;
		fl_build_value(n->b, &rows, s->addr, s->inlined);
		if (!joined && end <= UINT32_MAX)
			fl_build_value(n->b, &rows, (uint32_t)end, FL_INDEX_NONE);
	}
	fl_build_rows_end(n->b, FL_INDEX_INLINE_ADDRS);
}

static uint32_t *unknown(struct fl_build *b, size_t count)
{
	uint32_t *ret = b->failed ? NULL : malloc((count ? count : 1) * sizeof(*ret));
	b->failed |= !ret;
	for (size_t i = 0; ret && i < count; i++)
		ret[i] = FL_NO_INDEX;
	return ret;
}

static void build_functions(struct inliner *n)
{
	collect_owned(n);
	const struct owned *owned = n->owned.data;
	for (size_t i = 0, next; i < n->owned.count && !n->b->failed; i = next) {
		for (next = i + 1;
		     next < n->owned.count && owned[next].function == owned[i].function;)
			next++;
		build_function(n, owned + i, next - i);
	}
	emit_stretches(n);
}

void fl_build_inlines(struct fl_build *b)
{
	const struct fl_debug_info *debug = &b->image->debug;
	if (!debug->inlines.count)
		return;
	struct inliner n = {
		.b = b,
		.owned = FL_VEC(struct owned),
		.claims = FL_VEC(struct fl_claim),
		.segments = FL_VEC(struct fl_piece),
		.stretches = FL_VEC(struct stretch),
		.calls = unknown(b, debug->inlines.count),
		.names = unknown(b, debug->decls.count),
	};
	if (!b->failed)
		build_functions(&n);
	free(n.calls);
	free(n.names);
	fl_vec_deinit(&n.owned);
	fl_vec_deinit(&n.claims);
	fl_vec_deinit(&n.segments);
	fl_vec_deinit(&n.stretches);
}
