/* SPDX-License-Identifier: Apache-2.0 */
/* Every line of every list does what it is there for: tests/signature/rules.cases holds the
 * examples. */
#include "support/cmocka.h"
#include "support/traces.h"

#include "signature/rules.h"
#include "signature/signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASES_MAX = 1024 };

struct rule_case {
	const char *list, *line, *frames; /* into the text of the file */
	bool used;
};

static struct {
	char *text;
	struct rule_case items[CASES_MAX];
	size_t count;
} cases;

static struct fl_rules *rules;

static int load_cases(void **state)
{
	(void)state;
	const char *list = "";
	cases.text = trace_read_file(FL_TESTS "/signature/rules.cases");
	for (char *rest = NULL, *line = strtok_r(cases.text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (*line == '#')
			continue;
		char *end = line + strlen(line) - 1;
		if (*line == '[' && *end == ']') {
			list = line + 1;
			*end = '\0';
			continue;
		}
		char *arrow = strstr(line, " => ");
		assert_true(cases.count < CASES_MAX);
		struct rule_case *c = &cases.items[cases.count++];
		c->list = list;
		c->line = line;
		c->frames = arrow ? arrow + 4 : line;
		if (arrow)
			*arrow = '\0';
	}
	return fl_rules_open(NULL, 0, &rules, NULL) != FL_OK;
}

static int free_cases(void **state)
{
	(void)state;
	free(cases.text);
	fl_rules_close(rules);
	return 0;
}

/* The value of an option of a line, stars removed: a text that its glob matches. */
static bool option(const char *line, const char *name, char *value, size_t room)
{
	const char *at = strstr(line, name);
	if (!at)
		return false;
	at += strlen(name);
	const char *end = strstr(at, " @");
	size_t size = end ? (size_t)(end - at) : strlen(at);
	size_t written = 0;
	for (size_t i = 0; i < size && written + 1 < room; i++)
		if (at[i] != '*')
			value[written++] = at[i];
	value[written] = '\0';
	return true;
}

static size_t frame_count(const char *frames)
{
	size_t count = 1;
	for (; (frames = strchr(frames, ';')); frames++)
		count++;
	return count;
}

static struct fl_report *analysed(const struct rule_case *c)
{
	char frames[512];
	char value[64];
	snprintf(frames, sizeof(frames), "%s;application_code;application_main", c->frames);
	struct fl_report *report = trace_make("Test", frames);
	struct fl_trace *t = &report->trace;
	if (option(c->line, "@cause:", value, sizeof(value)))
		t->cause.category = fl_arena_strdup(&report->arena, value);
	if (option(c->line, "@module:", value, sizeof(value)))
		for (size_t i = 0; i < t->threads[0].frame_count; i++)
			t->threads[0].frames[i].module = fl_arena_strdup(&report->arena, value);
	assert_int_equal(fl_signature_compute(t, rules, &report->arena, &t->signature), FL_OK);
	return report;
}

/* Why the frame of that index was skipped. */
static const char *because(const struct fl_signature *s, size_t frame)
{
	for (size_t i = 0; i < s->step_count; i++)
		if (s->steps[i].frame == frame)
			return s->steps[i].because;
	return "it was not looked at";
}

static void check_frames(const struct rule_case *c, unsigned line)
{
	char expected[128];
	FL_AUTO(fl_report) report = analysed(c);
	const struct fl_signature *s = &report->trace.signature;
	const char *got = because(s, frame_count(c->frames) - 1);
	snprintf(expected, sizeof(expected), "%s line %u: ", c->list, line);
	if (strncmp(got, expected, strlen(expected)) != 0)
		fail_msg("%s: \"%s\" should be skipped by line %u, but: %s", c->list, c->frames,
			 line, got);
	if (!s->function || strcmp(s->function, "application_code") != 0)
		fail_msg("%s: behind \"%s\" the issue is named %s", c->list, c->frames,
			 s->function ? s->function : "nothing");
}

static void check_category(const struct rule_case *c, unsigned line)
{
	const struct fl_rule *rule = fl_rules_category(rules, c->frames);
	if (!rule || rule->line != line)
		fail_msg("category: %s is not matched by line %u", c->frames, line);
}

static void check_line(const char *list, unsigned number, const char *line)
{
	bool found = false;
	for (size_t i = 0; i < cases.count; i++) {
		struct rule_case *c = &cases.items[i];
		if (strcmp(c->list, list) != 0 || strcmp(c->line, line) != 0)
			continue;
		found = c->used = true;
		if (!strcmp(list, "category"))
			check_category(c, number);
		else
			check_frames(c, number);
	}
	if (!found)
		fail_msg("%s line %u has no example: %s", list, number, line);
}

static void test_every_line_has_an_example_that_it_matches(void **state)
{
	(void)state;
	for (size_t i = 0; i < fl_builtin_rule_count; i++) {
		unsigned number = 0;
		char *text = strdup(fl_builtin_rules[i].text);
		for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
			number++;
			if (*line && *line != '#')
				check_line(fl_builtin_rules[i].name, number, line);
		}
		free(text);
	}
	for (size_t i = 0; i < cases.count; i++)
		if (!cases.items[i].used && strcmp(cases.items[i].list, "none") != 0)
			fail_msg("%s has no line %s", cases.items[i].list, cases.items[i].line);
}

static void test_applications_are_left_alone(void **state)
{
	(void)state;
	static const char *const causes[] = { "Assert", "Null Pointer", "Panic", "Kernel Panic" };
	for (size_t i = 0; i < cases.count; i++) {
		if (strcmp(cases.items[i].list, "none") != 0)
			continue;
		for (size_t k = 0; k < sizeof(causes) / sizeof(causes[0]); k++) {
			FL_AUTO(fl_report) report = trace_make(causes[k], cases.items[i].line);
			struct fl_trace *t = &report->trace;
			assert_int_equal(
				fl_signature_compute(t, rules, &report->arena, &t->signature),
				FL_OK);
			if (strcmp(because(&t->signature, 0),
				   "the first frame that is in no list") != 0)
				fail_msg("%s: %s", cases.items[i].line, because(&t->signature, 0));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_line_has_an_example_that_it_matches),
		cmocka_unit_test(test_applications_are_left_alone),
	};
	return cmocka_run_group_tests(tests, load_cases, free_cases);
}
