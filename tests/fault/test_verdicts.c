/* SPDX-License-Identifier: Apache-2.0 */
/* Every recorded crash gets the category its author wrote down, through the whole pipeline. */
#include "report/report.h"
#include "support/cmocka.h"
#include "support/corpus.h"

#include <faultline/analyze.h>

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

/* The images are large: cases come build by build, so one is kept. */
struct images {
	char path[512];
	struct fl_symbols *symbols;
	unsigned wrong;
};

static const struct fl_symbols *open_image(struct images *images, const char *path)
{
	struct fl_error err = { 0 };
	size_t size;
	if (!strcmp(images->path, path))
		return images->symbols;
	fl_symbols_close(images->symbols);
	images->symbols = NULL;
	uint8_t *bytes = corpus_read(path, &size);
	assert_non_null(bytes);
	if (fl_symbols_open(bytes, size, "fw.elf", &images->symbols, &err))
		fail_msg("%s: %s", path, err.message);
	free(bytes);
	snprintf(images->path, sizeof(images->path), "%s", path);
	return images->symbols;
}

static void print(const struct corpus_case *c, const struct fl_cause *cause)
{
	print_message("%s: %s: %s (%s)\n", c->name, cause->category, cause->title,
		      fl_confidence_name(cause->confidence));
	for (size_t i = 0; i < cause->evidence_count; i++)
		print_message("    %s\n", cause->evidence[i]);
}

/* Words that a title must contain, by scenario: what a reader needs to see at once. */
static const char *const titles[][2] = {
	{ "null-write", "write of 4 bytes to 0x00000008, 8 bytes past a null pointer" },
	{ "null-read", "read of 4 bytes from 0x00000008, 8 bytes past a null pointer" },
	{ "null-call", "call of a null function pointer in notify" },
	{ "null-call-no-mpu", "call of a null function pointer in notify" },
	{ "bad-jump", "jump from dispatch to 0x0badcafc, which is not code" },
	{ "corrupted-return", "jump to 0x0badcafc, which is not code" },
	{ "divide-by-zero", "division of 1234 by" },
	{ "undefined-instruction", "undefined instruction de01 (udf #1)" },
	{ "unaligned-access", "which is no multiple of 4" },
	{ "mpu-violation", "write of 4 bytes to 0x20001914, which the MPU forbids" },
	{ "stack-overflow-guard", "MPU guard" },
	{ "stack-overflow-locals", "in the MPU guard below the stack" },
	{ "stack-overflow-psplim", "below PSPLIM" },
	{ "stack-overflow-psplim-entry", "above PSPLIM" },
	{ "watchdog-loop", "watchdog expired in wait_for_radio" },
	{ "debugger-halted", "halted by a debugger in debugger_stop_point" },
	{ "panic-code", "panic code 8, OutOfHeap" },
	{ "aux-panic", "panic code 8, OutOfHeap" },
	{ "aux-panic-hook", "panic code 8, OutOfHeap" },
	{ "deadlock", "deadlock: " },
	{ "spin", "did not yield in wait_for_" },
	{ "overflow-hook", "the kernel found that thread 'hoarder' overflowed its stack" },
	{ "overflow-sentinel", "the kernel found that thread 'greedy' overflowed its stack" },
	{ "overflow-psplim", "would have taken sp below PSPLIM" },
	{ "overflow-neighbour",
	  "thread 'greedy' likely overflowed its stack and hit thread 'victim', then: jump to " },
};

/* The thread stack's overflow has nothing to do with the end of the main stack. */
static bool is_misled(const char *scenario, const struct fl_cause *cause)
{
	if (strcmp(scenario, "stack-overflow-no-guard"))
		return false;
	for (size_t i = 0; i < cause->evidence_count; i++)
		if (strstr(cause->evidence[i], "__main_stack_limit"))
			return true;
	return false;
}

static bool title_fits(const char *scenario, const char *title)
{
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (!strcmp(titles[i][0], scenario))
			return strstr(title, titles[i][1]);
	return true;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

static const char *expected_overflow(const json_t *expected, const char *name)
{
	size_t i;
	json_t *thread;
	json_array_foreach(json_object_get(expected, "threads"), i,
			   thread) if (name && !strcmp(text_of(thread, "name"),
						       name)) return text_of(thread, "overflow");
	return "";
}

/* A thread of which the author says nothing did not overflow its stack. */
static bool stacks_fit(const json_t *expected, const struct fl_trace *trace)
{
	bool fit = true;
	for (size_t i = 0; i < trace->thread_count; i++) {
		const struct fl_thread *thread = &trace->threads[i];
		const char *wanted = expected_overflow(expected, thread->name);
		const char *got = fl_overflow_name(thread->overflow.verdict);
		bool right = *wanted ? !strcmp(wanted, got)
				     : !thread->has_block ||
					       thread->overflow.verdict <= FL_OVERFLOW_EXCLUDED;
		if (right)
			continue;
		print_message("    %s: its stack: %s, expected: %s\n",
			      thread->name ? thread->name : "?", got, wanted);
		fit = false;
	}
	return fit;
}

/* Whose overflow explains a crash of another, and what is left of a deadlock elsewhere. */
static const char *const sentences[][2] = {
	{ "overflow-neighbour", "thread 'greedy' likely overflowed its stack, which ends at 0x" },
	{ "overflow-neighbour", "the crashed thread's stack" },
	{ "overflow-psplim", "the core stopped it before anything was written" },
	{ "deadlock", "waits without a timeout for" },
	{ "spin", "was running when the watchdog came" },
	{ "spin", "was ready and could not run" },
};

static bool evidence_fits(const char *scenario, const struct fl_cause *cause)
{
	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
		bool said = strcmp(sentences[i][0], scenario) != 0;
		for (size_t k = 0; k < cause->evidence_count && !said; k++)
			said = strstr(cause->evidence[k], sentences[i][1]);
		if (!said)
			return false;
	}
	return true;
}

static void check(const struct corpus_case *c, void *user)
{
	struct images *images = user;
	const struct fl_symbols *symbols = open_image(images, c->elf);
	FL_AUTO(fl_report) report = NULL;
	struct fl_error err = { 0 };
	if (fl_analyze(c->dump, c->dump_size, &symbols, 1, NULL, &report, &err))
		fail_msg("%s: %s", c->name, err.message);
	const struct fl_cause *cause = &report->trace.cause;
	json_t *expected = json_loads(c->expected, 0, NULL);
	const char *category = json_string_value(json_object_get(expected, "category"));
	assert_non_null(category);
	const char *scenario = strchr(c->name, '/') + 1;
	if (strcmp(category, cause->category) || !title_fits(scenario, cause->title) ||
	    is_misled(scenario, cause) || !stacks_fit(expected, &report->trace) ||
	    !evidence_fits(scenario, cause)) {
		print(c, cause);
		print_message("    expected: %s\n", category);
		images->wrong++;
	} else if (getenv("VERBOSE")) {
		print(c, cause);
	}
	json_decref(expected);
}

static void test_every_recorded_crash(void **state)
{
	struct images images = { 0 };
	(void)state;
	assert_true(corpus_each(FL_CORPUS, check, &images) >= 100);
	fl_symbols_close(images.symbols);
	assert_int_equal(images.wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_recorded_crash) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
