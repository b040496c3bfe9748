/* SPDX-License-Identifier: Apache-2.0 */
/* An index that was written to a file may come back damaged: it is refused or harmless. */
#include "symbols_case.h"

/* A copy of the fixture's index; modules own malloc'ed bytes. */
static uint8_t *index_copy(const struct symbols_case *c)
{
	return exact_copy(c->module->index, c->module->size);
}

static void look_around(const struct fl_module *m)
{
	struct fl_scope scopes[8];
	struct fl_unwind_rule rule;
	struct fl_exidx_entry exidx;
	struct fl_function_info function;
	struct fl_symbol_info symbol;
	bool flag;
	size_t count;
	for (uint32_t pc = 0; pc < 0x1800; pc += 0x1e) {
		size_t n = fl_module_scopes(m, pc, scopes, 8);
		for (size_t i = 0; i < n; i++)
			assert_non_null(scopes[i].function);
		(void)fl_module_unwind_rule(m, pc, &rule);
		(void)fl_module_exidx(m, pc, &exidx);
		(void)fl_module_function(m, pc, &function);
		(void)fl_module_object_at(m, 0x20000000 + pc, &symbol);
		(void)fl_module_is_code(m, pc);
	}
	(void)fl_module_symbol(m, "main", &symbol, &flag);
	(void)fl_module_info(m);
	(void)fl_module_arch(m);
	(void)fl_module_spans(m, &count);
	(void)fl_module_findings(m, &count);
}

static void test_reopens(void **state)
{
	SYMBOLS c = open_fixture("m4f-og");
	FL_AUTO(fl_module) m = NULL;
	(void)state;
	assert_int_equal(fl_module_open(index_copy(&c), c.module->size, &m, NULL), FL_OK);
	assert_string_equal(fl_module_info(m).name, "fw.elf");
	look_around(m);
}

static void test_every_truncation_fails(void **state)
{
	SYMBOLS c = open_fixture("m4f-og");
	(void)state;
	for (size_t n = 0; n < c.module->size; n += n < 1000 ? 1 : 251) {
		struct fl_module *m = NULL;
		struct fl_error err = { 0 };
		assert_int_equal(fl_module_open(exact_copy(c.module->index, n), n, &m, &err),
				 FL_EFORMAT);
		assert_null(m);
		assert_true(err.message[0]);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
		enum fl_code code;
	} cases[] = {
		{ 0, 0x12345678, FL_EFORMAT },                                 /* magic */
		{ 8, 1, FL_EUNSUPPORTED },                                     /* version */
		{ 8, 3, FL_EUNSUPPORTED },     { 12, 0xffffffff, FL_EFORMAT }, /* table count */
		{ 16, 1, FL_EFORMAT },                                         /* size */
		{ 60, 21, FL_EFORMAT },                                        /* build id size */
	};
	SYMBOLS c = open_fixture("m4f-og");
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_module *m = NULL;
		struct bytes b = { .data = index_copy(&c), .size = c.module->size };
		patch_u32(&b, cases[i].at, cases[i].value);
		assert_int_equal(fl_module_open(b.data, b.size, &m, NULL), cases[i].code);
	}
}

/* Any byte of the whole index changed: refused, or every answer stays inside it (ASan watches). */
static void test_every_byte_changed(void **state)
{
	SYMBOLS c = open_fixture("m4f-cpp");
	(void)state;
	for (size_t at = 0; at < c.module->size; at += at < 1200 ? 1 : 13) {
		FL_AUTO(fl_module) m = NULL;
		uint8_t *bytes = index_copy(&c);
		bytes[at] ^= 0xff;
		if (!fl_module_open(bytes, c.module->size, &m, NULL))
			look_around(m);
	}
}

/* What a later version adds is stepped over. */
static void test_unknown_tables_are_skipped(void **state)
{
	SYMBOLS c = open_fixture("m4f-og");
	FL_AUTO(fl_module) m = NULL;
	struct bytes b = { .data = index_copy(&c), .size = c.module->size };
	size_t last = sizeof(struct fl_index_header) +
		      (FL_INDEX_FINDINGS - 1) * sizeof(struct fl_index_table);
	(void)state;
	patch_u32(&b, last, 4711);
	assert_int_equal(fl_module_open(b.data, b.size, &m, NULL), FL_OK);
	look_around(m);
}

/* Each call lies inside the one before it, or in what its bytes happen to be. */
static void test_chains_of_calls_end(void **state)
{
	SYMBOLS c = open_fixture("m4f-o2");
	const struct fl_table *calls = &c.module->tables[FL_INDEX_CALLS];
	size_t off = (size_t)((const uint8_t *)calls->data - c.module->index);
	(void)state;
	assert_true(calls->count > 100);
	for (unsigned step = 1; step < 8; step++) {
		FL_AUTO(fl_module) m = NULL;
		uint8_t *bytes = index_copy(&c);
		memset(bytes + off, (int)step, calls->count);
		assert_int_equal(fl_module_open(bytes, c.module->size, &m, NULL), FL_OK);
		for (uint32_t pc = 0; pc < 0x1800; pc += 2) {
			struct fl_scope scopes[16];
			assert_true(fl_module_scopes(m, pc, scopes, 16) <= 16);
		}
	}
}

static void test_layout_is_fixed(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct fl_index_header), 88);
	assert_int_equal(sizeof(struct fl_index_table), 24);
	assert_int_equal(sizeof(struct fl_index_function), 8);
	assert_int_equal(sizeof(struct fl_index_part), 12);
	assert_int_equal(sizeof(struct fl_index_linkage), 8);
	assert_int_equal(sizeof(struct fl_index_name), 8);
	assert_int_equal(sizeof(struct fl_index_rule), 16);
	assert_int_equal(sizeof(struct fl_index_register), 8);
	assert_int_equal(sizeof(struct fl_index_exidx), 8);
	assert_int_equal(sizeof(struct fl_index_symbol), 16);
	assert_int_equal(sizeof(struct fl_index_finding), 16);
	for (uint32_t kind = 1; kind < FL_INDEX_KINDS; kind++)
		assert_true(fl_index_element_size(kind) > 0);
	assert_int_equal(fl_index_element_size(0), 0);
	assert_int_equal(fl_index_element_size(FL_INDEX_KINDS), 0);
}

/* The same bytes give the same index. */
static void test_deterministic(void **state)
{
	SYMBOLS a = open_fixture("m4f-cpp");
	SYMBOLS b = open_fixture("m4f-cpp");
	(void)state;
	assert_int_equal(a.module->size, b.module->size);
	assert_memory_equal(a.module->index, b.module->index, a.module->size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reopens),
		cmocka_unit_test(test_every_truncation_fails),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_every_byte_changed),
		cmocka_unit_test(test_unknown_tables_are_skipped),
		cmocka_unit_test(test_chains_of_calls_end),
		cmocka_unit_test(test_layout_is_fixed),
		cmocka_unit_test(test_deterministic),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
