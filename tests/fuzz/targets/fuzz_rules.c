/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule list and a function name, separated by the first NUL: "plumbing/x", NUL, list, NUL, name.
 * A list is refused with its place, or every exact pattern without conditions matches itself; a
 * name normalises to something that normalises to itself and matching it comes to an end.
 */
#include "signature/normalise.h"
#include "signature/rules.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
	if (!condition)
		__builtin_trap();
}

static void check_name(const struct fl_rules *rules, const char *text)
{
	char once[FL_NAME_SIZE];
	char twice[FL_NAME_SIZE];
	fl_normalise(text, once);
	require(!*text || *once);
	fl_normalise(once, twice);
	require(*twice || !*once);
	const struct fl_rule_query query = { .name = once, .module = text, .callee = twice };
	(void)fl_rules_match(rules, &query);
	(void)fl_rules_category(rules, text);
	fl_normalise_thread(text, once);
	fl_normalise_thread(once, twice);
}

static void check_patterns(const struct fl_rules *rules)
{
	for (size_t i = 0; i < rules->all.count; i++) {
		const struct fl_rule *rule = fl_vec_at(&rules->all, struct fl_rule, i);
		const struct fl_rule_query query = { .name = rule->pattern };
		bool exact = rule->kind != FL_RULE_CATEGORY && !strchr(rule->pattern, '*');
		if (exact && !rule->module && !rule->under && !rule->cause)
			require(fl_rules_match(rules, &query) != NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 3);
	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	memset(text + size, 0, 3);
	const char *list = text + strlen(text) + (strlen(text) < size);
	const char *name = list + strlen(list) + (list + strlen(list) < text + size);
	struct fl_rules_file file = { text, list };
	struct fl_error err = { 0 };
	struct fl_rules *rules = NULL;
	if (fl_rules_build(&file, 1, &rules, &err)) {
		require(err.code == FL_EFORMAT && err.message[0]);
	} else {
		check_patterns(rules);
		check_name(rules, name);
	}
	fl_rules_close(rules);
	free(text);
	return 0;
}
