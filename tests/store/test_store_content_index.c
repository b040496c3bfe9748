/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fixture.h"

#include "base/hash.h"
#include "store/internal.h"

#include <stdio.h>

static void hash_of(int number, uint8_t ret[16])
{
	fl_hash128(&number, sizeof(number), ret);
}

static void test_an_empty_index_knows_nothing(void **state)
{
	(void)state;
	struct fl_content_index index = { 0 };
	const uint8_t hash[16] = { 0 };
	size_t cursor = 0;
	assert_int_equal(fl_content_index_next(&index, hash, &cursor), 0);
	fl_content_index_deinit(&index);
	fl_content_index_deinit(NULL);
}

static void test_everything_added_is_found(void **state)
{
	enum { COUNT = 20000 };
	(void)state;
	struct fl_content_index index = { 0 };
	uint8_t hash[16];
	for (int i = 1; i <= COUNT; i++) {
		hash_of(i, hash);
		assert_int_equal(fl_content_index_add(&index, hash, i, NULL), FL_OK);
	}
	assert_int_equal(index.count, COUNT);
	assert_int_equal(index.last_id, COUNT);
	for (int i = 1; i <= COUNT; i++) {
		size_t cursor = 0;
		int64_t id;
		hash_of(i, hash);
		while ((id = fl_content_index_next(&index, hash, &cursor)) && id != i)
			;
		assert_int_equal(id, i);
	}
	fl_content_index_deinit(&index);
}

/* Equal in the bits that are kept: each is a candidate, none hides another. */
static void test_collisions_are_all_candidates(void **state)
{
	enum { COUNT = 200 };
	(void)state;
	struct fl_content_index index = { 0 };
	uint8_t hash[16] = { 0xff, 0xff, 0xff, 0xff };
	for (int i = 1; i <= COUNT; i++) {
		hash[15] = (uint8_t)i;
		assert_int_equal(fl_content_index_add(&index, hash, i, NULL), FL_OK);
	}
	bool seen[COUNT + 1] = { false };
	size_t cursor = 0;
	int count = 0;
	for (int64_t id; (id = fl_content_index_next(&index, hash, &cursor)); count++) {
		assert_in_range(id, 1, COUNT);
		assert_false(seen[id]);
		seen[id] = true;
	}
	assert_int_equal(count, COUNT);
	fl_content_index_deinit(&index);
}

static void test_an_id_too_large_is_refused(void **state)
{
	(void)state;
	struct fl_content_index index = { 0 };
	const uint8_t hash[16] = { 0 };
	assert_int_equal(fl_content_index_add(&index, hash, INT64_C(1) << 32, NULL), FL_ELIMIT);
	assert_int_equal(fl_content_index_add(&index, hash, 0, NULL), FL_ELIMIT);
	assert_int_equal(fl_content_index_add(&index, hash, UINT32_MAX, NULL), FL_OK);
	fl_content_index_deinit(&index);
}

static void test_two_handles_store_a_content_once(void **state)
{
	struct fixture *f = *state;
	FL_AUTO(fl_store) other = fixture_open(f);
	char bytes[16];
	for (int i = 0; i < 300; i++) {
		snprintf(bytes, sizeof(bytes), "dump %d", i);
		struct fl_store *first = i % 3 ? f->store : other;
		struct fl_store *second = i % 3 ? other : f->store;
		int64_t one = enqueue(first, bytes, NULL);
		int64_t two = enqueue(second, bytes, NULL);
		assert_int_not_equal(one, two); /* nobody said which device: two dumps ... */
	}
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM dumps"), 600);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM dump_contents"),
			 300); /* ... */
	assert_int_equal(fixture_count(f->store, "SELECT count(DISTINCT hash) FROM dump_contents"),
			 300);
}

static void test_a_handle_learns_what_was_there(void **state)
{
	struct fixture *f = *state;
	enqueue(f->store, "same", NULL);
	fixture_reopen(f);
	enqueue(f->store, "same", NULL);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM dump_contents"), 1);
}

/* The stored hash is compared, then the bytes: a row that only claims to be equal is not. */
static void test_a_forged_hash_is_not_believed(void **state)
{
	struct fixture *f = *state;
	uint8_t hash[16];
	enqueue(f->store, "first", NULL);
	fl_hash128("other", 5, hash);
	sqlite3_stmt *stmt = NULL;
	sqlite3_prepare_v2(f->store->db, "UPDATE dump_contents SET hash = ?1", -1, &stmt, NULL);
	sqlite3_bind_blob(stmt, 1, hash, sizeof(hash), SQLITE_STATIC);
	assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
	sqlite3_finalize(stmt);
	fixture_reopen(f);
	int64_t id = enqueue(f->store, "other", NULL);
	assert_int_equal(fixture_count(f->store, "SELECT count(*) FROM dump_contents"), 2);
	struct fl_claim claim = { 0 };
	struct fl_error err = { 0 };
	assert_ok(fl_store_dump(f->store, id, &claim, &err), err);
	assert_memory_equal(claim.bytes.data, "other", 5);
	fl_claim_deinit(&claim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_empty_index_knows_nothing),
		cmocka_unit_test(test_everything_added_is_found),
		cmocka_unit_test(test_collisions_are_all_candidates),
		cmocka_unit_test(test_an_id_too_large_is_refused),
		store_test(test_two_handles_store_a_content_once),
		store_test(test_a_handle_learns_what_was_there),
		store_test(test_a_forged_hash_is_not_believed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
