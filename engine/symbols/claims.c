/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/claims.h"

#include "base/sort.h"

/* A max-heap of the claims that cover the current address. Those that ended are taken out when
 * they come to the top. */
struct sweep {
	const struct fl_claim *claims;
	struct fl_vec heap; /* uint32_t: index into claims */
};

static int by_addr(const void *a, const void *b)
{
	const struct fl_claim *x = a;
	const struct fl_claim *y = b;
	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return (x->end > y->end) - (x->end < y->end);
}

static bool better(const struct sweep *s, uint32_t a, uint32_t b)
{
	const struct fl_claim *x = &s->claims[a];
	const struct fl_claim *y = &s->claims[b];
	if (x->rank != y->rank)
		return x->rank > y->rank;
	if (x->addr != y->addr)
		return x->addr > y->addr;
	return x->id < y->id;
}

static uint32_t *slot(const struct sweep *s, size_t i)
{
	return fl_vec_at(&s->heap, uint32_t, i);
}

static void swap(uint32_t *a, uint32_t *b)
{
	uint32_t t = *a;
	*a = *b;
	*b = t;
}

static bool push(struct sweep *s, uint32_t claim)
{
	if (!fl_vec_push(&s->heap, &claim))
		return false;
	for (size_t i = s->heap.count - 1; i && better(s, *slot(s, i), *slot(s, (i - 1) / 2));
	     i = (i - 1) / 2)
		swap(slot(s, i), slot(s, (i - 1) / 2));
	return true;
}

static void pop(struct sweep *s)
{
	size_t count = --s->heap.count;
	*slot(s, 0) = *slot(s, count);
	for (size_t i = 0;;) {
		size_t best = i;
		for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < count; k++)
			if (better(s, *slot(s, k), *slot(s, best)))
				best = k;
		if (best == i)
			return;
		swap(slot(s, i), slot(s, best));
		i = best;
	}
}

static bool emit(struct fl_vec *ret, uint64_t addr, uint64_t end, uint32_t id)
{
	struct fl_piece *last = ret->count ? fl_vec_at(ret, struct fl_piece, ret->count - 1) : NULL;
	uint64_t size = end - addr;
	if (last && last->id == id && (uint64_t)last->addr + last->size == addr &&
	    size <= UINT32_MAX - last->size) {
		last->size += (uint32_t)size;
		return true;
	}
	struct fl_piece segment = { (uint32_t)addr, size > UINT32_MAX ? UINT32_MAX : (uint32_t)size,
				    id };
	return fl_vec_push(ret, &segment);
}

/* Each turn takes in a claim or retires one, hence at most 2n turns. */
static bool run(struct sweep *s, size_t count, struct fl_vec *ret)
{
	uint64_t at = 0;
	for (size_t next = 0; next < count || s->heap.count;) {
		if (!s->heap.count)
			at = s->claims[next].addr;
		while (next < count && s->claims[next].addr <= at)
			if (!push(s, (uint32_t)next++))
				return false;
		while (s->heap.count && s->claims[*slot(s, 0)].end <= at)
			pop(s);
		if (!s->heap.count)
			continue;
		const struct fl_claim *top = &s->claims[*slot(s, 0)];
		uint64_t until = top->end;
		if (next < count && s->claims[next].addr < until)
			until = s->claims[next].addr;
		if (!emit(ret, at, until, top->id))
			return false;
		at = until;
	}
	return true;
}

bool fl_claims_resolve(struct fl_vec *claims, struct fl_vec *ret)
{
	if (!claims->count)
		return true;
	fl_sort(claims->data, claims->count, sizeof(struct fl_claim), by_addr);
	struct sweep s = { .claims = claims->data, .heap = FL_VEC(uint32_t) };
	bool ok = run(&s, claims->count, ret);
	fl_vec_deinit(&s.heap);
	return ok;
}
