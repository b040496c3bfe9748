/* SPDX-License-Identifier: Apache-2.0 */
/* Every recorded dump reads without a complaint; what it holds is what its recipe says. */
#include "dump/dump.h"
#include "support/cmocka.h"
#include "support/corpus.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static void check(const struct corpus_case *c, void *user)
{
	(void)user;
	FL_AUTO(fl_dump) dump = NULL;
	struct fl_error err = { 0 };
	print_message("%s\n", c->name);
	if (fl_dump_open(c->dump, c->dump_size, &dump, &err))
		fail_msg("%s", err.message);

	json_t *expected = json_loads(c->expected, 0, NULL);
	assert_non_null(expected);
	const char *reason = json_string_value(json_object_get(expected, "reason"));
	assert_non_null(reason);
	assert_true(fl_dump_identity(dump)->has_reason);
	assert_int_equal(fl_dump_identity(dump)->reason, strtoul(reason, NULL, 0));
	json_decref(expected);

	const char *scenario = strchr(c->name, '/') + 1;
	const struct fl_dump_facts *facts = fl_dump_facts(dump);
	assert_int_equal(facts->truncated, !strcmp(scenario, "truncated"));
	bool halted = !strcmp(scenario, "debugger-halted"); /* made as the gdb script does */
	assert_int_equal(facts->version, halted || !strcmp(scenario, "version1") ? 1 : 2);
	assert_int_equal(facts->has_capture_time, halted);
	assert_int_equal(fl_dump_findings(dump)->count, 0);
	assert_int_equal(fl_dump_identity(dump)->build_id_size, halted ? 0 : 20);
	assert_int_equal(facts->machine, 40);

	size_t count;
	const struct fl_registers *regs = fl_dump_contexts(dump, &count);
	assert_int_equal(count, 1);
	for (unsigned reg = FL_R0; reg <= FL_PSP; reg++)
		assert_true(fl_reg_known(regs, reg));
	fl_dump_spans(dump, &count);
	assert_true(count > 0);
}

static void test_every_recorded_dump(void **state)
{
	(void)state;
	assert_true(corpus_each(FL_CORPUS, check, NULL) >= 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_recorded_dump) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
