/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every recorded crash gives the frames that its author wrote down: function, file, line, inlining,
 * exception boundaries, and where the stack ends.
 */
#include "support/cmocka.h"
#include "support/expected_frames.h"
#include "support/unwound.h"

#include <stdlib.h>
#include <string.h>

/* @return NULL, or what is different. */
static const char *difference(json_t *expected, const struct unwound *u, size_t *at_ret)
{
	return expected_frames_difference(expected, u->frames, u->frame_count, u->result.stop,
					  at_ret);
}

static void show(const struct corpus_case *c, json_t *expected, const struct unwound *u,
		 const char *what, size_t at)
{
	char *frame = json_dumps(json_array_get(json_object_get(expected, "frames"), at), 0);
	print_error("%s: %s (frame %zu); the author: %s; we:\n", c->name, what, at,
		    frame ? frame : "-");
	unwound_print(u);
	free(frame);
}

/* Frames whose trust is that of a table or of the core itself lie at ever higher addresses. */
static void check_order(const struct unwound *u)
{
	for (size_t i = 1; i < u->result.count; i++) {
		const struct fl_unwound_frame *inner = &u->result.frames[i - 1];
		const struct fl_unwound_frame *outer = &u->result.frames[i];
		bool switched = inner->kind == FL_FRAME_EXCEPTION && inner->pc & 4;
		if (inner->cfa_known && outer->cfa_known && !switched &&
		    outer->kind == FL_FRAME_CODE)
			assert_true(outer->cfa >= inner->cfa);
	}
}

struct run {
	bool without_tables; /* hide .debug_frame and .ARM.exidx */
	size_t failures;
};

/* Another name for a section: what looks for it will not find it. */
static void hide(uint8_t *elf, size_t size, const char *section)
{
	size_t length = strlen(section) + 1;
	for (size_t i = 0; i + length <= size; i++)
		if (!memcmp(elf + i, section, length))
			elf[i + 1] = 'x';
}

static void check(const struct corpus_case *c, void *user)
{
	struct run *run = user;
	size_t size;
	size_t at = 0;
	uint8_t *elf = corpus_read(c->elf, &size);
	json_t *expected = json_loads(c->expected, 0, NULL);
	assert_non_null(elf);
	assert_non_null(expected);
	if (run->without_tables) {
		hide(elf, size, ".debug_frame");
		hide(elf, size, ".ARM.exidx");
	}
	struct unwound u = { 0 };
	unwound_open(&u, c, elf, size);
	const char *what = difference(expected, &u, &at);
	if (what) {
		show(c, expected, &u, what, at);
		run->failures++;
	}
	check_order(&u);
	unwound_free(&u);
	json_decref(expected);
	free(elf);
}

static void check_all(struct run *run)
{
	size_t count = corpus_each(FL_CORPUS, check, run);
	assert_true(count >= 100);
	if (run->failures)
		fail_msg("%zu of %zu crashes are not as their author has them", run->failures,
			 count);
}

static void test_every_recorded_crash(void **state)
{
	struct run run = { 0 };
	(void)state;
	check_all(&run);
}

/* The code alone leads to the same frames. */
static void test_every_recorded_crash_without_unwind_tables(void **state)
{
	struct run run = { .without_tables = true };
	(void)state;
	check_all(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_recorded_crash),
		cmocka_unit_test(test_every_recorded_crash_without_unwind_tables),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
