/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an assert recorded before its trap, found again in the code. The frames of an event are
 * tested as a whole: tests/analyze.
 */
#include "support/cmocka.h"
#include "support/corpus.h"
#include "unwind/pc_lr.h"

#include <stdlib.h>

static struct fl_symbols *symbols;
static struct fl_symbol_view view;
static struct fl_memory memory;
static struct fl_arena arena;

static int load_image(void **state)
{
	(void)state;
	size_t size;
	size_t count;
	uint8_t *elf = corpus_read(FL_TESTS "/analyze/data/events.elf", &size);
	if (!elf || fl_symbols_open(elf, size, "events.elf", &symbols, NULL) ||
	    !fl_view_add(&view, symbols))
		return -1;
	free(elf);
	const struct fl_span *spans = fl_module_spans(view.modules[0], &count);
	return fl_memory_layer(&memory, &arena, spans, count) ? -1 : 0;
}

static int free_image(void **state)
{
	(void)state;
	fl_symbols_close(symbols);
	fl_arena_deinit(&arena);
	return 0;
}

static uint32_t address(const char *name)
{
	struct fl_symbol_info info;
	if (!fl_view_symbol(&view, name, &info))
		fail_msg("no symbol %s", name);
	return info.addr & ~1u;
}

static struct fl_unwound_frame at(uint32_t pc)
{
	return (struct fl_unwound_frame){
		.trust = FL_TRUST_CONTEXT, .pc_known = true, .pc = pc, .lookup_pc = pc
	};
}

/* The caller that goes on at @p addr. */
static struct fl_unwound_frame back_at(uint32_t addr)
{
	return (struct fl_unwound_frame){
		.trust = FL_TRUST_CFI, .pc_known = true, .pc = addr, .lookup_pc = addr - 1
	};
}

enum { READ_SIZE = 2 + 2 + 4 /* mov, mov, bl */ };

static struct fl_read_registers told(const struct fl_unwound_frame *frames, size_t count)
{
	struct fl_read_registers ret;
	fl_unwind_read_registers(&memory, &view, frames, count, &ret);
	return ret;
}

static void test_lr_is_intact_before_the_first_call(void **state)
{
	(void)state;
	const struct fl_unwound_frame frames[] = {
		at(address("at_trap")),
		back_at(address("at_check") + READ_SIZE),
		back_at(address("after_check")),
	};
	struct fl_read_registers got = told(frames, 3);
	assert_true(got.has_pc && got.has_lr);
	assert_int_equal(got.pc, address("at_check") + 4);
	assert_int_equal(got.lr, address("after_check") | 1);
	/* whoever called it is not known */
	got = told(frames, 2);
	assert_true(got.has_pc && !got.has_lr);
	assert_int_equal(got.lr, 0);
}

static void test_a_call_before_leaves_lr_open(void **state)
{
	(void)state;
	const struct fl_unwound_frame frames[] = {
		at(address("at_trap")),
		back_at(address("at_check_after_call") + READ_SIZE),
		back_at(address("after_check_after_call")),
	};
	struct fl_read_registers got = told(frames, 3);
	assert_true(got.has_pc && !got.has_lr);
	assert_int_equal(got.pc, address("at_check_after_call") + 4);
}

static void test_only_what_comes_before_the_call_counts(void **state)
{
	(void)state;
	/* as if the call were the one before pc is read */
	const struct fl_unwound_frame early[] = {
		at(address("inner")),
		back_at(address("at_check_after_call") - 6),
		back_at(address("after_check_after_call")),
	};
	assert_false(told(early, 3).has_pc);
	/* frame 0 made the trap */
	const struct fl_unwound_frame trap[] = { at(address("at_check") + 4) };
	assert_false(told(trap, 1).has_pc);
	assert_false(told(NULL, 0).has_pc);
}

static void test_what_an_exception_interrupted_asked_for_nothing(void **state)
{
	(void)state;
	const struct fl_unwound_frame frames[] = {
		at(address("at_trap")),
		{ .kind = FL_FRAME_EXCEPTION },
		back_at(address("at_check") + READ_SIZE),
	};
	assert_false(told(frames, 3).has_pc);
}

static void test_without_code_nothing_is_told(void **state)
{
	(void)state;
	struct fl_memory none = { 0 };
	const struct fl_unwound_frame frames[] = {
		at(address("at_trap")),
		back_at(address("at_check") + READ_SIZE),
		back_at(0x20000000),
	};
	struct fl_read_registers got;
	fl_unwind_read_registers(&none, &view, frames, 3, &got);
	assert_false(got.has_pc);
	const struct fl_unwound_frame wild[] = { at(0x20000000), back_at(0x30000000) };
	assert_false(told(wild, 2).has_pc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lr_is_intact_before_the_first_call),
		cmocka_unit_test(test_a_call_before_leaves_lr_open),
		cmocka_unit_test(test_only_what_comes_before_the_call_counts),
		cmocka_unit_test(test_what_an_exception_interrupted_asked_for_nothing),
		cmocka_unit_test(test_without_code_nothing_is_told),
	};
	return cmocka_run_group_tests(tests, load_image, free_image);
}
