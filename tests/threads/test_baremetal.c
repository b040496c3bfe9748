/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cmocka.h"
#include "support/elf_writer.h"
#include "threads/kernel.h"

#include <string.h>

/* Linker symbols at the ends of the stack; NULL leaves one out. */
static struct fl_thread
describe(const char *limit, uint32_t limit_addr, const char *top, uint32_t top_addr, uint32_t sp)
{
	ELF_AUTO w = { 0 };
	elf_code(&w, ".text", 0x1000, 0x40);
	if (limit)
		elf_symbol(&w, limit, limit_addr, 0, ELF_NOTYPE, ELF_ABS);
	if (top)
		elf_symbol(&w, top, top_addr, 0, ELF_NOTYPE, ELF_ABS);
	elf_end(&w);
	FL_AUTO(fl_symbols) symbols = NULL;
	struct fl_error err = { 0 };
	if (fl_symbols_open(w.file.data, w.file.size, "fw.elf", &symbols, &err))
		fail_msg("%s", err.message);
	struct fl_symbol_view view = { 0 };
	assert_true(fl_view_add(&view, symbols));
	struct fl_registers regs = { 0 };
	fl_reg_set(&regs, FL_SP, sp);
	struct fl_thread thread;
	fl_thread_bare(&view, &regs, &thread);
	return thread;
}

static void test_stack_between_linker_symbols(void **state)
{
	static const struct {
		const char *name;
		const char *limit;
		uint32_t limit_addr;
		const char *top;
		uint32_t top_addr;
		uint32_t sp;
		bool known;
		uint32_t used;
	} cases[] = {
		{ "inside", "__StackLimit", 0x20000000, "__StackTop", 0x20001000, 0x20000f00, true,
		  0x100 },
		{ "other names", "_sstack", 0x20000000, "_estack", 0x20001000, 0x20000f00, true,
		  0x100 },
		{ "empty", "__StackLimit", 0x20000000, "__StackTop", 0x20001000, 0x20001000, true,
		  0 },
		{ "overflowed", "__StackLimit", 0x20000800, "__StackTop", 0x20001000, 0x20000700,
		  true, 0x900 },
		{ "far below: another stack", "__StackLimit", 0x20008000, "__StackTop", 0x20009000,
		  0x20000100, false, 0 },
		{ "above: another stack", "__StackLimit", 0x20000000, "__StackTop", 0x20001000,
		  0x20001004, false, 0 },
		{ "no limit", NULL, 0, "__StackTop", 0x20001000, 0x20000f00, false, 0 },
		{ "no top", "__StackLimit", 0x20000000, NULL, 0, 0x20000f00, false, 0 },
		{ "upside down", "__StackLimit", 0x20001000, "__StackTop", 0x20000000, 0x20000000,
		  false, 0 },
		{ "no stack is that big", "__StackLimit", 0, "__StackTop", 0x20000000, 0x1fff0000,
		  false, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_thread t = describe(cases[i].limit, cases[i].limit_addr, cases[i].top,
					      cases[i].top_addr, cases[i].sp);
		if (t.stack.known != cases[i].known || t.stack.used != cases[i].used)
			print_message("case: %s\n", cases[i].name);
		assert_int_equal(t.stack.known, cases[i].known);
		assert_int_equal(t.stack.used_known, cases[i].known);
		assert_int_equal(t.stack.used, cases[i].used);
		assert_true(t.crashed && t.current);
		assert_int_equal(t.state, FL_THREAD_RUNNING);
		assert_null(t.name);
	}
}

static void test_without_symbols_or_stack_pointer(void **state)
{
	(void)state;
	struct fl_symbol_view none = { 0 };
	struct fl_registers regs = { 0 };
	struct fl_thread thread;
	fl_thread_bare(&none, &regs, &thread);
	assert_false(thread.stack.known);
	assert_true(thread.crashed);
	assert_string_equal(thread.stop_text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stack_between_linker_symbols),
		cmocka_unit_test(test_without_symbols_or_stack_pointer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
