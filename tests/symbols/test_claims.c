/* SPDX-License-Identifier: Apache-2.0 */
/* The sweep against the definition: at every address the best claim that covers it. */
#include "support/cmocka.h"
#include "symbols/claims.h"

static void add(struct fl_vec *claims, uint32_t addr, uint64_t end, uint32_t rank, uint32_t id)
{
	struct fl_claim claim = { .addr = addr, .end = end, .rank = rank, .id = id };
	assert_true(fl_vec_push(claims, &claim));
}

static int64_t id_at(const struct fl_vec *segments, uint32_t addr)
{
	for (size_t i = 0; i < segments->count; i++) {
		const struct fl_piece *s = fl_vec_at(segments, const struct fl_piece, i);
		if (addr >= s->addr && addr - s->addr < s->size)
			return s->id;
	}
	return -1;
}

static int64_t best_at(const struct fl_vec *claims, uint32_t addr)
{
	const struct fl_claim *best = NULL;
	for (size_t i = 0; i < claims->count; i++) {
		const struct fl_claim *c = fl_vec_at(claims, const struct fl_claim, i);
		if (addr < c->addr || addr >= c->end)
			continue;
		if (!best || c->rank > best->rank ||
		    (c->rank == best->rank &&
		     (c->addr > best->addr || (c->addr == best->addr && c->id < best->id))))
			best = c;
	}
	return best ? (int64_t)best->id : -1;
}

static void test_against_the_definition(void **state)
{
	uint32_t seed = 12345;
	(void)state;
	for (int round = 0; round < 400; round++) {
		FL_AUTO_VEC claims = FL_VEC(struct fl_claim);
		FL_AUTO_VEC segments = FL_VEC(struct fl_piece);
		for (uint32_t i = 0; i < (uint32_t)round % 23; i++) {
			seed = seed * 1664525 + 1013904223;
			uint32_t addr = seed >> 24 & 63;
			add(&claims, addr, (uint64_t)addr + 1 + (seed >> 16 & 15), seed >> 8 & 3,
			    i);
		}
		assert_true(fl_claims_resolve(&claims, &segments));
		for (uint32_t addr = 0; addr < 96; addr++)
			assert_int_equal(id_at(&segments, addr), best_at(&claims, addr));
		for (size_t i = 1; i < segments.count; i++) {
			const struct fl_piece *s = fl_vec_at(&segments, const struct fl_piece, i);
			assert_true(s[-1].addr + s[-1].size <= s->addr);
			assert_false(s[-1].id == s->id && s[-1].addr + s[-1].size == s->addr);
		}
	}
}

static void test_end_of_the_address_space(void **state)
{
	FL_AUTO_VEC claims = FL_VEC(struct fl_claim);
	FL_AUTO_VEC segments = FL_VEC(struct fl_piece);
	(void)state;
	add(&claims, 0xfffffff0, UINT64_C(1) << 32, 1, 7);
	add(&claims, 0, UINT64_C(1) << 32, 0, 8);
	assert_true(fl_claims_resolve(&claims, &segments));
	assert_int_equal(segments.count, 2);
	assert_int_equal(id_at(&segments, 0xffffffff), 7);
	assert_int_equal(id_at(&segments, 0xffffffef), 8);
	assert_int_equal(id_at(&segments, 0), 8);
}

static void test_none(void **state)
{
	FL_AUTO_VEC claims = FL_VEC(struct fl_claim);
	FL_AUTO_VEC segments = FL_VEC(struct fl_piece);
	(void)state;
	assert_true(fl_claims_resolve(&claims, &segments));
	assert_int_equal(segments.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_the_definition),
		cmocka_unit_test(test_end_of_the_address_space),
		cmocka_unit_test(test_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
