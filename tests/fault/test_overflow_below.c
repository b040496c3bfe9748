/* SPDX-License-Identifier: Apache-2.0 */
/* What lies below a stack, and whether something there was hit. */
#include "fault/crew.h"
#include "support/elf_writer.h"

#include <faultline/symbols.h>

enum { BUS = 0x9100, USAGE = 0x9300, ASSERT = 0x8001, OVERFLOW = 0x800b };

#define START 0x20004000U

/* The first stack borders on a buffer, which holds a return address or not; the second stack
 * borders on the first. */
static struct fl_symbols *open_view(struct elf_writer *w, struct fl_symbol_view *view)
{
	struct fl_symbols *symbols = NULL;
	elf_end(w);
	assert_int_equal(fl_symbols_open(w->file.data, w->file.size, "fw.elf", &symbols, NULL),
			 FL_OK);
	assert_true(fl_view_add(view, symbols));
	return symbols;
}

static void test_what_lies_below(void **state)
{
	static const struct {
		const char *name;
		uint32_t word;
		const char *evidence;
	} cases[] = {
		{ "a return address", 0x08000105,
		  "below it lies spi_buffer, 0x20003f00 to 0x20003fff, which looks overwritten: "
		  "0x20003ff8 holds the return address 0x08000105" },
		{ "no call before it", 0x08000103,
		  "below it lies spi_buffer, 0x20003f00 to 0x20003fff" },
		{ "even", 0x08000104, "below it lies spi_buffer, 0x20003f00 to 0x20003fff" },
		{ "no code", 0x0a000105, "below it lies spi_buffer, 0x20003f00 to 0x20003fff" },
	};
	static const uint16_t code[] = { 0xf000, 0xf800, 0xbf00, 0xbf00 }; /* bl; nop; nop */
	(void)state;
	ELF_AUTO w = { 0 };
	unsigned text = elf_section(&w, ".text", ELF_PROGBITS, ELF_A | ELF_X, 0x08000100, code,
				    sizeof(code));
	unsigned bss = elf_section(&w, ".bss", ELF_NOBITS, ELF_A | ELF_W, 0x20003f00, NULL, 0x400);
	elf_symbol(&w, "run", 0x08000101, sizeof(code), ELF_FUNC, text);
	elf_symbol(&w, "spi_buffer", 0x20003f00, 0x100, ELF_OBJECT, bss);
	elf_symbol(&w, "net_stack", START, CREW_STACK, ELF_OBJECT, bss);
	struct fl_symbol_view view = { 0 };
	struct fl_symbols *symbols = open_view(&w, &view);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct crew crew;
		uint32_t words[2] = { cases[i].word, 0 };
		crew_begin(&crew, UINT32_MAX, "FreeRTOS");
		struct fl_thread *net = crew_add(&crew, "net");
		struct fl_thread *log = crew_add(&crew, "log");
		crew.c.in.symbols = &view;
		case_memory(&crew.c, 0x08000100, code, sizeof(code));
		case_memory(&crew.c, START - 8, words, sizeof(words));
		net->stack.saved = START - 4;
		log->stack.start = START + CREW_STACK;
		log->stack.end = log->stack.start + CREW_STACK;
		log->stack.saved = log->stack.start - 4;
		print_message("%s\n", cases[i].name);
		crew_judge(&crew);
		assert_int_equal(net->overflow.evidence_count, 2);
		assert_string_equal(net->overflow.evidence[1], cases[i].evidence);
		assert_string_equal(log->overflow.evidence[1],
				    "below it lies the stack of thread 'net', 0x20004000 to "
				    "0x200041ff");
		crew_end(&crew);
	}
	fl_symbols_close(symbols);
}

/* Words below a stack, lowest first, that end where it begins; its own words hold a return
 * address. */
static void test_how_far_below(void **state)
{
	enum { R = 0x08000105, WORDS = 160 };
	static const struct {
		const char *name;
		uint32_t own;         /* a word of its own stack */
		size_t at[3];         /* words below that hold the return address, counted down */
		uint32_t other_stack; /* its end, counted down in bytes; 0: far away */
		uint32_t other_block; /* ... its control block */
		const char *evidence[2]; /* what is said of it, beside that sp is below */
	} cases[] = {
		{ "nothing", R, { 0 }, 0, 0, { NULL } },
		{ "right below",
		  R,
		  { 1 },
		  0,
		  0,
		  { "0x20003ffc, 4 bytes below its end, holds the return address 0x08000105, as "
		    "its own stack does: it was written down to there at least" } },
		{ "frame by frame",
		  R,
		  { 10, 70, 130 },
		  0,
		  0,
		  { "0x20003df8, 520 bytes below its end, holds the return address 0x08000105" } },
		{ "further away than a frame is large",
		  R,
		  { 10, 75 },
		  0,
		  0,
		  { "0x20003fd8, 40 bytes below its end, holds the return address 0x08000105" } },
		{ "its own stack has no such word", 0x08000101, { 1 }, 0, 0, { NULL } },
		{ "another stack may hold its own",
		  R,
		  { 1, 40 },
		  64,
		  0,
		  { "0x20003ffc, 4 bytes below its end, holds the return address 0x08000105" } },
		{ "a control block within",
		  R,
		  { 10, 70 },
		  0,
		  88,
		  { "0x20003ee8, 280 bytes below its end, holds",
		    "the control block of thread 'other', 0x20003fa8, lies in there" } },
		{ "a control block below it",
		  R,
		  { 10 },
		  0,
		  88,
		  { "0x20003fd8, 40 bytes below its end, holds", NULL } },
		{ "a control block, and nothing written",
		  R,
		  { 0 },
		  0,
		  88,
		  { "the control block of thread 'other', 0x20003fa8, begins 88 bytes below its "
		    "end, and still reads as one" } },
		{ "a control block too far below", R, { 0 }, 0, 0x204, { NULL } },
	};
	static const uint16_t code[] = { 0xf000, 0xf800, 0xbf00, 0xbf00 };
	(void)state;
	ELF_AUTO w = { 0 };
	unsigned text = elf_section(&w, ".text", ELF_PROGBITS, ELF_A | ELF_X, 0x08000100, code,
				    sizeof(code));
	elf_symbol(&w, "run", 0x08000101, sizeof(code), ELF_FUNC, text);
	struct fl_symbol_view view = { 0 };
	struct fl_symbols *symbols = open_view(&w, &view);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct crew crew;
		uint32_t words[WORDS + 4] = { 0 };
		crew_begin(&crew, UINT32_MAX, "FreeRTOS");
		struct fl_thread *net = crew_add(&crew, "net");
		struct fl_thread *other = crew_add(&crew, "other");
		crew.c.in.symbols = &view;
		words[WORDS + 2] = cases[i].own;
		for (size_t k = 0; k < 3 && cases[i].at[k]; k++)
			words[WORDS - cases[i].at[k]] = R;
		case_memory(&crew.c, 0x08000100, code, sizeof(code));
		case_memory(&crew.c, START - 4 * WORDS, words, sizeof(words));
		net->stack.saved = START - 4;
		if (cases[i].other_stack) {
			other->stack.end = START - cases[i].other_stack;
			other->stack.start = START - cases[i].other_stack - CREW_STACK;
		}
		if (cases[i].other_block)
			other->block = START - cases[i].other_block;
		print_message("%s\n", cases[i].name);
		crew_judge(&crew);
		size_t said = 0;
		for (; said < 2 && cases[i].evidence[said]; said++)
			assert_non_null(
				strstr(net->overflow.evidence[1 + said], cases[i].evidence[said]));
		assert_int_equal(net->overflow.evidence_count, 1 + said);
		crew_end(&crew);
	}
	fl_symbols_close(symbols);
}

/* A limit register stops it before anything lies below. */
static void test_nothing_was_hit_where_it_was_stopped(void **state)
{
	static const struct {
		const char *name;
		uint32_t sp;
		uint32_t unused;
		bool neighbour;
	} cases[] = {
		{ "stopped in time", START + 8, 8, false },
		{ "used up before", START + 8, 0, true },
		{ "passed before", START - 8, 8, true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct crew crew;
		bool named = false;
		crew_begin(&crew, USAGE, "FreeRTOS");
		crew.c.in.arch = FL_ARCH_V8M_MAIN;
		struct fl_thread *net = crew_add(&crew, "net");
		struct fl_thread *other = crew_add(&crew, "other");
		other->stack.start = START - CREW_STACK;
		other->stack.end = START;
		net->stack.unused_known = true;
		net->stack.unused = cases[i].unused;
		case_fault(&crew.c, 0x00100000, 0, 0, 0);
		case_pc(&crew.c, 0x08000100, 0xb084, 0);
		crew_run(&crew, net, cases[i].sp);
		print_message("%s\n", cases[i].name);
		crew_judge(&crew);
		for (size_t k = 0; k < net->overflow.evidence_count; k++)
			named |= strstr(net->overflow.evidence[k], "below it lies") != NULL;
		assert_int_equal(named, cases[i].neighbour);
		assert_int_equal(net->overflow.verdict, FL_OVERFLOW_PROVEN);
		crew_end(&crew);
	}
}

/* The crash of a thread whose neighbour wrote over it: the neighbour is the bug, where the crash
 * has no cause of its own. */
static void test_whose_fault_it_was(void **state)
{
	enum { OWN = START - CREW_STACK, JUMP = 0x00020000 };
	static const struct {
		const char *name;
		uint32_t reason, cfsr, sp;
		uint32_t own, block; /* of the crashed one */
		uint32_t r3;         /* through which the call before LR goes */
		bool proven, second, handler;
		const char *category;
	} cases[] = {
		{ "a return address at the top of its stack", USAGE, JUMP, START - 0x10, OWN,
		  0x20000100, 0, false, false, false, "Stack Overflow" },
		{ "the same, proven", USAGE, JUMP, START - 0x10, OWN, 0x20000100, 0, true, false,
		  false, "Stack Overflow" },
		{ "deep in its stack", USAGE, JUMP, START - 0x110, OWN, 0x20000100, 0, false, false,
		  false, "Bad Jump" },
		{ "through a function pointer", USAGE, JUMP, START - 0x10, OWN, 0x20000100,
		  0x0badcafc, false, false, false, "Bad Jump" },
		{ "no reason says that it is new", UINT32_MAX, JUMP, START - 0x10, OWN, 0x20000100,
		  0, false, false, false, "Bad Jump" },
		{ "not below it", USAGE, JUMP, START - 0x90, OWN - 0x80, 0x20000100, 0, false,
		  false, false, "Bad Jump" },
		{ "two that it may have been", USAGE, JUMP, START - 0x10, OWN, 0x20000100, 0, false,
		  true, false, "Bad Jump" },
		{ "in a handler", USAGE, JUMP, START - 0x10, OWN, 0x20000100, 0, false, false, true,
		  "Bad Jump" },
		{ "a control block, and sp is off", USAGE, JUMP, 0x20007000, 0x20006000,
		  START - 0x60, 0, false, false, false, "Stack Overflow" },
		{ "a control block, in a handler", USAGE, JUMP, 0x20006100, 0x20006000,
		  START - 0x60, 0, false, false, true, "Bad Jump" },
		{ "an undefined instruction is where it is", USAGE, 0x00010000, START - 0x10, OWN,
		  0x20000100, 0, false, false, false, "Undefined Instruction" },
		{ "a control block, but sp is fine", USAGE, JUMP, 0x20006100, 0x20006000,
		  START - 0x60, 0, false, false, false, "Bad Jump" },
	};
	static const uint16_t call[] = { 0x4798, 0xbf00 }; /* blx r3 */
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct crew crew;
		crew_begin(&crew, cases[i].reason, "FreeRTOS");
		struct fl_thread *net = crew_add(&crew, "net");
		struct fl_thread *app = crew_add(&crew, "app");
		struct fl_thread *more = crew_add(&crew, "more");
		net->stack.unused_known = !cases[i].proven;
		net->stack.saved = cases[i].proven ? START - 16 : START + 16;
		app->block = cases[i].block;
		app->stack.start = cases[i].own;
		app->stack.end = cases[i].own + CREW_STACK;
		if (cases[i].second) {
			*more = *net;
			more->name = "more";
			more->block += 0x1000;
		}
		case_fault(&crew.c, cases[i].cfsr, 0, 0, 0);
		case_memory(&crew.c, 0x08000200, call, sizeof(call));
		fl_reg_set(&crew.c.regs, FL_PC, 0x0badcafc);
		fl_reg_set(&crew.c.regs, FL_LR, 0x08000203);
		fl_reg_set(&crew.c.regs, FL_R3, cases[i].r3);
		if (cases[i].handler)
			crew_interrupt(&crew, app, cases[i].sp);
		else
			crew_run(&crew, app, cases[i].sp);
		print_message("%s\n", cases[i].name);
		fl_reg_set(&crew.c.regs, FL_XPSR, cases[i].handler ? 0x10 : 0);
		crew_decide(&crew);
		const struct fl_cause *cause = &crew.c.cause;
		bool blamed = !strcmp(cases[i].category, "Stack Overflow");
		assert_string_equal(cause->category, cases[i].category);
		assert_int_equal(cause->party_count, blamed);
		if (blamed) {
			assert_string_equal(cause->parties[0].thread, "net");
			assert_int_equal(cause->confidence, FL_LIKELY);
			assert_non_null(strstr(cause->title,
					       cases[i].proven ? "thread 'net' overflowed its stack"
							       : "thread 'net' likely overflowed"));
			assert_non_null(strstr(cause->title, "and hit thread 'app', then: jump to "
							     "0x0badcafc"));
			assert_non_null(strstr(cause->evidence[0], "thread 'net' "));
			assert_true(cause->random_frame);
		}
		crew_end(&crew);
	}
}

/* What the hook itself ended in is not what the kernel found. */
static void test_how_the_hook_ended(void **state)
{
	static const struct {
		const char *name;
		uint32_t reason;
		const char *first, *says; /* NULL: not a word */
	} cases[] = {
		{ "the kernel's word", OVERFLOW, "the device gave the reason 0x800b", NULL },
		{ "a fault", BUS, "vApplicationStackOverflowHook is among",
		  "the hook then ended in 0x9100, BusFault: the fault registers tell of that, not "
		  "of the overflow" },
		{ "an assert", ASSERT, "vApplicationStackOverflowHook is among",
		  "the hook then ended in 0x8001, Assert" },
		{ "no reason", 0, "vApplicationStackOverflowHook is among", NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct crew crew;
		struct fl_frame frame = { .function = "vApplicationStackOverflowHook",
					  .trust = FL_TRUST_CONTEXT };
		crew_begin(&crew, cases[i].reason, "FreeRTOS");
		struct fl_thread *app = crew_add(&crew, "app");
		case_fault(&crew.c, 0x8200, 0, 0, 0x90000000);
		crew_run(&crew, app, app->stack.start + 0x80);
		app->frames = &frame;
		app->frame_count = 1;
		print_message("%s\n", cases[i].name);
		crew_decide(&crew);
		assert_string_equal(crew.c.cause.category, "Stack Overflow");
		assert_non_null(strstr(crew.c.cause.evidence[0], cases[i].first));
		assert_int_equal(case_says(&crew.c, "the hook then ended in"),
				 cases[i].says != NULL);
		if (cases[i].says)
			assert_true(case_says(&crew.c, cases[i].says));
		assert_false(case_says(&crew.c, "CFSR"));
		assert_false(crew.c.cause.random_frame);
		crew_end(&crew);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_lies_below),
		cmocka_unit_test(test_how_far_below),
		cmocka_unit_test(test_nothing_was_hit_where_it_was_stopped),
		cmocka_unit_test(test_whose_fault_it_was),
		cmocka_unit_test(test_how_the_hook_ended),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
