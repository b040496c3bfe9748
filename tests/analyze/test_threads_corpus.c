/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every recorded crash with a kernel gives the threads that its author wrote down, each once and no
 * others: state, priorities, what it waits for, stack, frames.
 */
#include "report/report.h"
#include "support/cmocka.h"
#include "support/corpus.h"
#include "support/expected_frames.h"

#include <faultline/analyze.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One thread, or what may be said of it, against the author's. */
struct comparison {
	const struct fl_trace *trace;
	const struct fl_thread *got;
	json_t *expected;
	char what[200]; /* empty while nothing differs */
};

static void differ(struct comparison *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void differ(struct comparison *c, const char *format, ...)
{
	va_list args;
	if (c->what[0])
		return;
	va_start(args, format);
	vsnprintf(c->what, sizeof(c->what), format, args);
	va_end(args);
}

static json_t *value(const struct comparison *c, const char *key)
{
	return json_object_get(c->expected, key);
}

static const char *or_none(const char *text)
{
	return text ? text : "nothing";
}

static void compare_text(struct comparison *c, const char *key, const char *wanted, const char *got)
{
	if (wanted && (!got || strcmp(wanted, got)))
		differ(c, "%s: %s, the author: %s", key, or_none(got), wanted);
}

static void compare_number(struct comparison *c, const char *key, bool known, int64_t got)
{
	json_t *wanted = value(c, key);
	if (!wanted)
		return;
	if (!known)
		differ(c, "%s: not known", key);
	else if (json_integer_value(wanted) != got)
		differ(c, "%s: %" PRId64 ", the author: %" PRId64, key, got,
		       (int64_t)json_integer_value(wanted));
}

/* What the author does not say of a thread is not so. */
static void compare_mark(struct comparison *c, const char *key, bool got)
{
	if (json_is_true(value(c, key)) != got)
		differ(c, "%s: %s", key, got ? "true" : "false");
}

static const char *holder_name(const struct comparison *c)
{
	const struct fl_wait *wait = &c->got->wait;
	for (size_t i = 0; wait->has_holder && i < c->trace->thread_count; i++)
		if (c->trace->threads[i].has_block && c->trace->threads[i].block == wait->holder)
			return c->trace->threads[i].name;
	return NULL;
}

static bool may_wait(enum fl_thread_state state)
{
	return state == FL_THREAD_BLOCKED || state == FL_THREAD_SUSPENDED;
}

static void compare_wait(struct comparison *c)
{
	const struct fl_wait *wait = &c->got->wait;
	json_t *wanted = value(c, "waits_for");
	json_t *forever = json_object_get(wanted, "forever");
	if (!wanted) {
		if (!may_wait(c->got->state) && wait->kind != FL_WAIT_NONE)
			differ(c, "waits for a %s", fl_wait_kind_name(wait->kind));
		return;
	}
	compare_text(c, "waits_for", json_string_value(json_object_get(wanted, "kind")),
		     fl_wait_kind_name(wait->kind));
	compare_text(c, "object", json_string_value(json_object_get(wanted, "object")),
		     wait->object_name);
	compare_text(c, "held_by", json_string_value(json_object_get(wanted, "held_by")),
		     holder_name(c));
	if (forever && json_is_true(forever) != wait->forever)
		differ(c, "forever: %s", wait->forever ? "true" : "false");
}

static void compare_stack(struct comparison *c)
{
	const struct fl_thread *t = c->got;
	json_t *least = value(c, "high_water_min");
	json_t *most = value(c, "high_water_max");
	compare_number(c, "stack_size", t->stack.known, (int64_t)(t->stack.end - t->stack.start));
	if ((least || most) && !t->stack.high_water_known)
		differ(c, "high water: not known");
	if ((least && t->stack.high_water < json_integer_value(least)) ||
	    (most && t->stack.high_water > json_integer_value(most)))
		differ(c, "high water: %" PRIu32, t->stack.high_water);
	compare_text(c, "overflow", json_string_value(value(c, "overflow")),
		     fl_overflow_name(t->overflow.verdict));
}

static void compare_frames(struct comparison *c)
{
	size_t at;
	const char *what = expected_frames_difference(c->expected, c->got->frames,
						      c->got->frame_count, c->got->stop, &at);
	if (what) {
		char *frame = json_dumps(json_array_get(value(c, "frames"), at), 0);
		differ(c, "%s (frame %zu), the author: %s; stop: %s; we:", what, at, or_none(frame),
		       c->got->stop_text);
		free(frame);
	}
}

static void compare_thread(struct comparison *c)
{
	const struct fl_thread *t = c->got;
	compare_text(c, "state", json_string_value(value(c, "state")),
		     fl_thread_state_name(t->state));
	compare_number(c, "priority", t->has_priority, t->priority);
	compare_number(c, "base_priority", t->has_base_priority, t->base_priority);
	compare_mark(c, "current", t->current);
	compare_mark(c, "crashed", t->crashed);
	compare_mark(c, "idle", t->idle);
	compare_text(c, "entry", json_string_value(value(c, "entry")), t->entry);
	compare_wait(c);
	compare_stack(c);
	compare_frames(c);
}

/* --- the list --- */

static bool has_name(const struct fl_thread *thread, json_t *expected)
{
	const char *name = json_string_value(json_object_get(expected, "name"));
	if (!name || !thread->name)
		return !name && !thread->name;
	return strcmp(name, thread->name) == 0;
}

static const struct fl_thread *find(const struct fl_trace *trace, json_t *expected, size_t *count)
{
	const struct fl_thread *found = NULL;
	*count = 0;
	for (size_t i = 0; i < trace->thread_count; i++)
		if (has_name(&trace->threads[i], expected)) {
			found = &trace->threads[i];
			++*count;
		}
	return found;
}

static bool is_expected(const struct fl_thread *thread, json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (has_name(thread, json_array_get(list, i)))
			return true;
	return false;
}

struct run {
	char path[512]; /* of the image that is open */
	struct fl_symbols *symbols;
	size_t cases, wrong;
};

static void
complain(struct run *run, const struct corpus_case *c, const char *name, const char *what)
{
	print_error("%s: %s: %s\n", c->name, or_none(name), what);
	run->wrong++;
}

static void check_thread(struct run *run, const struct corpus_case *c, const struct fl_trace *trace,
			 json_t *expected)
{
	size_t count;
	struct comparison comparison = { .trace = trace, .expected = expected };
	const char *name = json_string_value(json_object_get(expected, "name"));
	comparison.got = find(trace, expected, &count);
	if (count != 1) {
		complain(run, c, name, count ? "is there more than once" : "is missing");
		return;
	}
	compare_thread(&comparison);
	if (!comparison.what[0])
		return;
	complain(run, c, name, comparison.what);
	expected_frames_print(comparison.got->frames, comparison.got->frame_count);
}

static void check_threads(struct run *run, const struct corpus_case *c,
			  const struct fl_trace *trace, json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		check_thread(run, c, trace, json_array_get(list, i));
	for (size_t i = 0; i < trace->thread_count; i++)
		if (!is_expected(&trace->threads[i], list))
			complain(run, c, trace->threads[i].name, "is not the author's");
}

/* The images are large: cases come build by build, so one is kept. */
static const struct fl_symbols *open_image(struct run *run, const char *path)
{
	struct fl_error err = { 0 };
	size_t size;
	if (!strcmp(run->path, path))
		return run->symbols;
	fl_symbols_close(run->symbols);
	run->symbols = NULL;
	uint8_t *bytes = corpus_read(path, &size);
	assert_non_null(bytes);
	if (fl_symbols_open(bytes, size, "fw.elf", &run->symbols, &err))
		fail_msg("%s: %s", path, err.message);
	free(bytes);
	snprintf(run->path, sizeof(run->path), "%s", path);
	return run->symbols;
}

static void check(const struct corpus_case *c, void *user)
{
	struct run *run = user;
	FL_AUTO(fl_report) report = NULL;
	struct fl_error err = { 0 };
	json_t *expected = json_loads(c->expected, 0, NULL);
	json_t *list = json_object_get(expected, "threads");
	if (list) {
		const struct fl_symbols *symbols = open_image(run, c->elf);
		if (fl_analyze(c->dump, c->dump_size, &symbols, 1, NULL, &report, &err))
			fail_msg("%s: %s", c->name, err.message);
		const char *kernel = json_string_value(json_object_get(expected, "kernel"));
		if (strcmp(or_none(report->trace.kernel.name), or_none(kernel)))
			complain(run, c, or_none(report->trace.kernel.name), "is another kernel");
		check_threads(run, c, &report->trace, list);
		run->cases++;
	}
	json_decref(expected);
}

static void test_every_thread_of_every_recorded_crash(void **state)
{
	struct run run = { 0 };
	(void)state;
	corpus_each(FL_CORPUS, check, &run);
	fl_symbols_close(run.symbols);
	assert_true(run.cases >= 3);
	if (run.wrong)
		fail_msg("%zu differences in %zu crashes", run.wrong, run.cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_thread_of_every_recorded_crash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
