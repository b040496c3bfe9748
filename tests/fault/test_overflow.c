/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a thread overflowed its stack, and on what evidence. */
#include "fault/crew.h"
#include "support/elf_writer.h"

#include <faultline/symbols.h>

enum { BUS = 0x9100, USAGE = 0x9300, HARD = 0x9400, ASSERT = 0x8001, OVERFLOW = 0x800b };

#define START 0x20004000U

/* The first thread of the crew, switched out; the second one is whole. */
struct row {
	const char *name, *kernel;
	bool start, end;
	uint32_t saved; /* 0: unknown */
	int fill;       /* of the lowest 32 bytes; -1: not captured */
	uint32_t word;  /* of the lowest word, when it is not 0 */
	uint8_t last;   /* of byte 15, when it is not 0 */
	int other;      /* fill of the second thread; -1: not captured */
	int unused;     /* -1: unknown */
	enum fl_overflow verdict;
	const char *evidence;
};

/* clang-format off */
static const struct row rows[] = {
	{ "sp below the end", "FreeRTOS", true, true, START - 12, -1, 0, 0, -1, -1, FL_OVERFLOW_PROVEN,
	  "sp 0x20003ff4 is 12 bytes below 0x20004000, where the stack ends (net)" },
	{ "only the end below is known", "FreeRTOS", true, false, START - 12, -1, 0, 0, -1, -1, FL_OVERFLOW_PROVEN,
	  "sp 0x20003ff4 is 12 bytes below 0x20004000, where the stack ends (net)" },
	{ "sp at the end is not below", "FreeRTOS", true, true, START, 0xa5, 0, 0, 0xa5, 8, FL_OVERFLOW_EXCLUDED,
	  "sp 0x20004000 is above 0x20004000, where its stack ends, and the lowest 8 bytes were never used" },
	{ "sp far below", "FreeRTOS", true, true, START - 0x10001, 0xa5, 0, 0, 0xa5, 32, FL_OVERFLOW_UNKNOWN,
	  "sp 0x1fff3fff is nowhere near its stack at 0x20004000" },
	{ "sp above", "FreeRTOS", true, true, START + CREW_STACK + 4, 0xa5, 0, 0, 0xa5, 32, FL_OVERFLOW_UNKNOWN,
	  "sp 0x20004204 is nowhere near its stack at 0x20004000" },
	{ "fill overwritten", "FreeRTOS", true, true, START + 64, 0xa5, 0, 0x11, 0xa5, -1, FL_OVERFLOW_LIKELY,
	  "the lowest 16 bytes of its stack are no longer fill: the one at 0x2000400f is 0x11 and not 0xa5; "
	  "1 other thread has the fill there" },
	{ "fill overwritten, no others", "FreeRTOS", true, true, START + 64, 0xa5, 0, 0x11, -1, -1, FL_OVERFLOW_UNKNOWN,
	  "its lowest bytes, at 0x20004000, hold no fill pattern, nor do those of another thread" },
	{ "a kernel that does not fill", "FreeRTOS", true, true, START + 64, 0x00, 0, 0, 0x00, -1, FL_OVERFLOW_UNKNOWN,
	  "its lowest bytes, at 0x20004000, hold no fill pattern, nor do those of another thread" },
	{ "another kernel's fill", "Zephyr", true, true, START + 64, 0xa5, 0, 0, 0xa5, -1, FL_OVERFLOW_UNKNOWN,
	  "its lowest bytes, at 0x20004000, hold no fill pattern, nor do those of another thread" },
	{ "sentinel destroyed", "Zephyr", true, true, START + 64, 0xaa, 0x12345678, 0, 0xaa, -1, FL_OVERFLOW_LIKELY,
	  "the lowest word of its stack, at 0x20004000, is 0x12345678 and not the kernel's sentinel 0xf0f0f0f0, "
	  "which 1 other thread still has" },
	{ "sentinel there, all of it used", "Zephyr", true, true, START + 64, 0x33, 0xf0f0f0f0, 0, 0xaa, 0, FL_OVERFLOW_LIKELY,
	  "the lowest 16 bytes of its stack are no longer fill: the one at 0x20004004 is 0x33 and not 0xaa; "
	  "1 other thread has the fill there" },
	{ "sentinel there, no fill at all", "Zephyr", true, true, START + 64, 0x33, 0xf0f0f0f0, 0, 0x33, -1, FL_OVERFLOW_EXCLUDED,
	  "sp 0x20004040 is above 0x20004000, where its stack ends, and the lowest 4 bytes are as the kernel left them" },
	{ "RTX5's magic word destroyed", "RTX5", true, true, START + 64, 0xcc, 0xcccccccc, 0, 0xcc, -1, FL_OVERFLOW_LIKELY,
	  "the lowest word of its stack, at 0x20004000, is 0xcccccccc and not the kernel's sentinel 0xe25a2ea5, "
	  "which 1 other thread still has" },
	{ "the device found nothing unused", "FreeRTOS", true, true, START + 64, -1, 0, 0, -1, 0, FL_OVERFLOW_LIKELY,
	  "none of its bytes, from 0x20004000 up, was left unused" },
	{ "the device found some unused", "FreeRTOS", true, true, START + 64, -1, 0, 0, -1, 36, FL_OVERFLOW_EXCLUDED,
	  "sp 0x20004040 is above 0x20004000, where its stack ends, and the lowest 36 bytes were never used" },
	{ "the fill intact", "FreeRTOS", true, true, START + 64, 0xa5, 0, 0, 0xa5, -1, FL_OVERFLOW_EXCLUDED,
	  "sp 0x20004040 is above 0x20004000, where its stack ends, and the lowest 16 bytes are as the kernel left them" },
	{ "the fill intact, its upper end unknown", "FreeRTOS", true, false, START + 64, 0xa5, 0, 0, 0xa5, 40, FL_OVERFLOW_EXCLUDED,
	  "sp 0x20004040 is above 0x20004000, where its stack ends, and the lowest 40 bytes were never used" },
	{ "no bounds", "FreeRTOS", false, false, START + 64, 0xa5, 0, 0, 0xa5, -1, FL_OVERFLOW_UNKNOWN,
	  "the end of its stack is not known" },
	{ "no sp", "FreeRTOS", true, true, 0, 0xa5, 0, 0, 0xa5, 32, FL_OVERFLOW_UNKNOWN,
	  "its stack pointer is not known" },
	{ "low end not captured", "FreeRTOS", true, true, START + 64, -1, 0, 0, 0xa5, -1, FL_OVERFLOW_UNKNOWN,
	  "its lowest bytes, at 0x20004000, were not captured" },
	{ "an unknown kernel", "XOS", true, true, START + 64, 0xa5, 0, 0, 0xa5, -1, FL_OVERFLOW_UNKNOWN,
	  "its lowest bytes, at 0x20004000, hold no fill pattern, nor do those of another thread" },
};
/* clang-format on */

static void lay_out(struct crew *crew, uint32_t start, int fill, uint32_t word, uint8_t last)
{
	uint8_t bytes[32];
	if (fill < 0)
		return;
	memset(bytes, fill, sizeof(bytes));
	for (unsigned i = 0; word && i < 4; i++)
		bytes[i] = (uint8_t)(word >> 8 * i);
	if (last)
		bytes[15] = last;
	case_memory(&crew->c, start, bytes, sizeof(bytes));
}

static uint32_t sentinel_of(const char *kernel)
{
	return !strcmp(kernel, "Zephyr") ? 0xf0f0f0f0 : !strcmp(kernel, "RTX5") ? 0xe25a2ea5 : 0;
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct crew crew;
		crew_begin(&crew, UINT32_MAX, row->kernel);
		struct fl_thread *net = crew_add(&crew, "net");
		struct fl_thread *other = crew_add(&crew, "other");
		net->stack.known = row->end;
		net->stack.start_known = row->start;
		net->stack.saved_known = row->saved != 0;
		net->stack.saved = row->saved;
		net->stack.unused_known = row->unused >= 0;
		net->stack.unused = row->unused >= 0 ? (uint32_t)row->unused : 0;
		lay_out(&crew, START, row->fill, row->word, row->last);
		lay_out(&crew, other->stack.start, row->other,
			row->other == 0xa5 ? 0 : sentinel_of(row->kernel), 0);
		print_message("%s\n", row->name);
		crew_judge(&crew);
		assert_true(net->overflow.evidence_count > 0);
		assert_string_equal(net->overflow.evidence[0], row->evidence);
		assert_int_equal(net->overflow.verdict, row->verdict);
		assert_true(other->overflow.verdict <= FL_OVERFLOW_EXCLUDED);
		crew_end(&crew);
	}
}

static void test_the_running_thread(void **state)
{
	static const struct {
		const char *name;
		uint32_t sp, psp; /* psp 0: in thread mode */
		enum fl_overflow verdict;
	} cases[] = {
		{ "inside", START + 0x80, 0, FL_OVERFLOW_EXCLUDED },
		{ "below", START - 8, 0, FL_OVERFLOW_PROVEN },
		{ "interrupted inside", 0, START + 0x40, FL_OVERFLOW_EXCLUDED },
		{ "interrupted below", 0, START - 0x20, FL_OVERFLOW_PROVEN },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct crew crew;
		crew_begin(&crew, ASSERT, "FreeRTOS");
		struct fl_thread *net = crew_add(&crew, "net");
		net->stack.unused_known = true;
		net->stack.unused = 16;
		if (cases[i].psp)
			crew_interrupt(&crew, net, cases[i].psp);
		else
			crew_run(&crew, net, cases[i].sp);
		print_message("%s\n", cases[i].name);
		crew_judge(&crew);
		assert_int_equal(net->overflow.verdict, cases[i].verdict);
		crew_end(&crew);
	}
}

/* Its registers are those of its own core. */
static void test_a_thread_on_another_core(void **state)
{
	struct crew crew;
	(void)state;
	crew_begin(&crew, ASSERT, "FreeRTOS");
	struct fl_thread *other = crew_add(&crew, "other");
	struct fl_thread *app = crew_add(&crew, "app");
	crew_run(&crew, other, START - 8);
	other->crashed = false;
	crew_run(&crew, app, app->stack.start + 0x80);
	crew_judge(&crew);
	assert_int_equal(other->overflow.verdict, FL_OVERFLOW_PROVEN);
	assert_int_equal(app->overflow.verdict, FL_OVERFLOW_UNKNOWN);
	crew_end(&crew);
}

/* The crashed thread's fault is evidence as well, and only on its own stack. */
static void test_the_fault(void **state)
{
	static const struct {
		const char *name;
		uint32_t cfsr;
		bool handler;
		enum fl_overflow verdict;
		const char *evidence; /* one of them */
	} cases[] = {
		{ "stacking failed at the end", 0x1000, false, FL_OVERFLOW_PROVEN,
		  "sp 0x20004008 is only 8 bytes above 0x20004000, where the stack ends (net)" },
		{ "stack limit", 0x00100000, false, FL_OVERFLOW_PROVEN,
		  "CFSR 0x00100000: STKOF, " },
		{ "a handler's stack limit", 0x00100000, true, FL_OVERFLOW_EXCLUDED,
		  "the lowest 16 bytes were never used" },
		{ "floating-point registers found no room", 0x20, false, FL_OVERFLOW_UNKNOWN,
		  "CFSR 0x00000020 has a stacking error that may be its own" },
		{ "another fault", 0x00010000, false, FL_OVERFLOW_EXCLUDED,
		  "the lowest 16 bytes were never used" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct crew crew;
		crew_begin(&crew, HARD, "FreeRTOS");
		crew.c.in.arch = FL_ARCH_V8M_MAIN;
		struct fl_thread *net = crew_add(&crew, "net");
		net->stack.unused_known = true;
		net->stack.unused = 16;
		case_fault(&crew.c, cases[i].cfsr, 0, 0, 0);
		case_pc(&crew.c, 0x08000100, 0xbf00, 0);
		if (cases[i].handler)
			crew_interrupt(&crew, net, START + 8);
		else
			crew_run(&crew, net, START + 8);
		print_message("%s\n", cases[i].name);
		crew_judge(&crew);
		bool said = false;
		for (size_t k = 0; k < net->overflow.evidence_count; k++)
			said |= strstr(net->overflow.evidence[k], cases[i].evidence) != NULL;
		assert_true(said);
		assert_int_equal(net->overflow.verdict, cases[i].verdict);
		crew_end(&crew);
	}
}

/* The hook is the kernel's own word. */
static void test_hooks(void **state)
{
	static const struct {
		const char *name, *function;
		enum fl_trust trust;
		uint32_t argument; /* in r0 of the hook's frame; 0: unknown */
		size_t victim;     /* 0: crashed, 1: other, 2: none */
		const char *title;
	} cases[] = {
		{ "by argument", "vApplicationStackOverflowHook", FL_TRUST_CONTEXT, 0x20000100, 1,
		  "the kernel found that thread 'net' overflowed its stack" },
		{ "no thread's block", "vApplicationStackOverflowHook", FL_TRUST_CONTEXT,
		  0x20000104, 0, "the kernel found that thread 'app' overflowed its stack" },
		{ "the current one", "vApplicationStackOverflowHook", FL_TRUST_CFI, 0, 0,
		  "the kernel found that thread 'app' overflowed its stack" },
		{ "Zephyr", "z_check_stack_sentinel", FL_TRUST_CFI, 0x20000100, 0,
		  "the kernel found that thread 'app' overflowed its stack" },
		{ "ThreadX", "_tx_thread_stack_error_handler", FL_TRUST_CONTEXT, 0x20000100, 1,
		  "the kernel found that thread 'net' overflowed its stack" },
		{ "a stale word on the stack", "vApplicationStackOverflowHook", FL_TRUST_SCAN, 0, 2,
		  "an assertion failed" },
		{ "no hook", "vApplicationTickHook", FL_TRUST_CFI, 0, 2, "an assertion failed" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct crew crew;
		struct fl_frame frames[2] = {
			{ .function = "halt", .trust = FL_TRUST_CONTEXT },
			{ .function = cases[i].function,
			  .trust = cases[i].trust,
			  .pc_known = true,
			  .pc = 0x08000100,
			  .function_known = true,
			  .function_addr = 0x08000100 },
		};
		if (cases[i].argument)
			fl_reg_set(&frames[1].regs, FL_R0, cases[i].argument);
		crew_begin(&crew, ASSERT, "FreeRTOS");
		struct fl_thread *net = crew_add(&crew, "net");
		struct fl_thread *app = crew_add(&crew, "app");
		crew_run(&crew, app, app->stack.start + 0x80);
		app->frames = frames;
		app->frame_count = 2;
		print_message("%s\n", cases[i].name);
		crew_decide(&crew);
		assert_int_equal(app->overflow.verdict == FL_OVERFLOW_PROVEN, cases[i].victim == 0);
		assert_int_equal(net->overflow.verdict == FL_OVERFLOW_PROVEN, cases[i].victim == 1);
		assert_string_equal(crew.c.cause.title, cases[i].title);
		assert_string_equal(crew.c.cause.category,
				    cases[i].victim == 2 ? "Assert" : "Stack Overflow");
		assert_int_equal(crew.c.cause.party_count, cases[i].victim == 1);
		if (cases[i].victim == 1)
			assert_string_equal(crew.c.cause.parties[0].thread, "net");
		crew_end(&crew);
	}
}

/* The reason names no thread: the one that ran, unless its stack says that it was not it. */
static void test_the_reason(void **state)
{
	static const struct {
		const char *name;
		int own, other; /* unused bytes; -1: unknown */
		enum fl_overflow verdict;
		const char *party;
	} cases[] = {
		{ "nothing else is known", -1, -1, FL_OVERFLOW_LIKELY, NULL },
		{ "its stack is used up", 0, -1, FL_OVERFLOW_LIKELY, NULL },
		{ "another one's is", 64, 0, FL_OVERFLOW_EXCLUDED, "net" },
		{ "nobody's is", 64, 64, FL_OVERFLOW_EXCLUDED, NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct crew crew;
		crew_begin(&crew, OVERFLOW, "FreeRTOS");
		struct fl_thread *app = crew_add(&crew, "app");
		struct fl_thread *net = crew_add(&crew, "net");
		app->stack.unused_known = cases[i].own >= 0;
		app->stack.unused = (uint32_t)cases[i].own;
		net->stack.unused_known = cases[i].other >= 0;
		net->stack.unused = (uint32_t)cases[i].other;
		crew_run(&crew, app, app->stack.start + 0x80);
		print_message("%s\n", cases[i].name);
		crew_decide(&crew);
		assert_int_equal(app->overflow.verdict, cases[i].verdict);
		assert_string_equal(crew.c.cause.category, "Stack Overflow");
		assert_int_equal(crew.c.cause.party_count, cases[i].party != NULL);
		if (cases[i].party)
			assert_string_equal(crew.c.cause.parties[0].thread, cases[i].party);
		crew_end(&crew);
	}
}

/* The first stack borders on a buffer, which holds a return address or not; the second stack
 * borders on the first. */
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
	elf_end(&w);
	struct fl_symbols *symbols = NULL;
	struct fl_symbol_view view = { 0 };
	assert_int_equal(fl_symbols_open(w.file.data, w.file.size, "fw.elf", &symbols, NULL),
			 FL_OK);
	assert_true(fl_view_add(&view, symbols));
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
	elf_end(&w);
	struct fl_symbols *symbols = NULL;
	struct fl_symbol_view view = { 0 };
	assert_int_equal(fl_symbols_open(w.file.data, w.file.size, "fw.elf", &symbols, NULL),
			 FL_OK);
	assert_true(fl_view_add(&view, symbols));
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

/* What an overflow of one has to do with the crash of another. */
static void test_neighbours(void **state)
{
	static const struct {
		const char *name;
		uint32_t stack, block, addr; /* of the crashed one; the address of its fault */
		uint32_t saved;              /* sp of the other one */
		const char *evidence;        /* NULL: none about the other one */
	} cases[] = {
		{ "elsewhere", 0x20006000, 0x20000100, 0x90000000, START - 16, NULL },
		{ "its stack", START - CREW_STACK, 0x20000100, 0x90000000, START - 16,
		  "thread 'net' overflowed its stack, which ends at 0x20004000, and the crashed "
		  "thread's stack, 0x20003e00, lies right below: it was likely overwritten from there" },
		{ "its control block", 0x20006000, START - 0x200, 0x90000000, START - 16,
		  "thread 'net' overflowed its stack, which ends at 0x20004000, and the crashed "
		  "thread's control block, 0x20003e00, lies right below: it was likely overwritten from there" },
		{ "a block too far below", 0x20006000, START - 0x204, 0x90000000, START - 16,
		  NULL },
		{ "a block far below, and sp still lower", 0x20006000, START - 0x300, 0x90000000,
		  START - 0x400,
		  "thread 'net' overflowed its stack, which ends at 0x20004000, and the crashed "
		  "thread's control block, 0x20003d00, lies right below: it was likely overwritten from there" },
		{ "what it used", 0x20006000, 0x20000100, START - 0x20, START - 16,
		  "thread 'net' overflowed its stack, which ends at 0x20004000, and the address, "
		  "0x20003fe0, lies right below: it was likely overwritten from there" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct crew crew;
		crew_begin(&crew, BUS, "FreeRTOS");
		struct fl_thread *net = crew_add(&crew, "net");
		struct fl_thread *app = crew_add(&crew, "app");
		net->stack.saved = cases[i].saved;
		app->block = cases[i].block;
		app->stack.start = cases[i].stack;
		app->stack.end = cases[i].stack + CREW_STACK;
		case_fault(&crew.c, 0x8200, 0, 0, cases[i].addr);
		case_pc(&crew.c, 0x08000100, 0x601a, 0);
		fl_reg_set(&crew.c.regs, FL_R3, cases[i].addr);
		crew_run(&crew, app, cases[i].stack + 0x80);
		print_message("%s\n", cases[i].name);
		crew_decide(&crew);
		assert_string_equal(crew.c.cause.category, "Bus Fault");
		assert_int_equal(case_says(&crew.c, "'net'"), cases[i].evidence != NULL);
		if (cases[i].evidence)
			assert_true(case_says(&crew.c, cases[i].evidence));
		assert_int_equal(crew.findings.count, 1);
		assert_int_equal(crew.findings.items[0].stage, FL_STAGE_FAULT);
		assert_int_equal(crew.findings.items[0].severity, FL_WARNING);
		assert_non_null(strstr(crew_finding(&crew, 0),
				       "thread 'net' overflowed its stack: sp 0x2000"));
		crew_end(&crew);
	}
}

/* A crash with sp below the end: the overflow is the cause, unless the crash has one of its own. */
static void test_its_own_overflow(void **state)
{
	static const struct {
		const char *name;
		uint32_t reason, cfsr;
		uint16_t h1;
		uint32_t below;
		bool handler;
		const char *category, *title, *evidence;
	} cases[] = {
		{ "an undefined instruction", USAGE, 0x00010000, 0xde01, 16, false,
		  "Stack Overflow",
		  "thread 'app' ran past the end of its stack, then: undefined instruction de01 "
		  "(udf #1)",
		  "thread 'app' overflowed its stack: sp 0x20003ff0 is 16 bytes below" },
		{ "a null pointer", BUS, 0x8200, 0x601a, 16, false, "Null Pointer", NULL,
		  "thread 'app' overflowed its stack: sp 0x20003ff0 is 16 bytes below" },
		{ "an assert", ASSERT, 0, 0xde4d, 16, false, "Assert", "an assertion failed",
		  "thread 'app' overflowed its stack: sp 0x20003ff0 is 16 bytes below" },
		{ "an undefined instruction with sp inside", USAGE, 0x00010000, 0xde01,
		  (uint32_t)-64, false, "Undefined Instruction", NULL, NULL },
		{ "an undefined instruction, but no reason says that it is new", UINT32_MAX,
		  0x00010000, 0xde01, 16, false, "Undefined Instruction", NULL,
		  "thread 'app' overflowed its stack: sp 0x20003ff0 is 16 bytes below" },
		{ "an undefined instruction in a handler", USAGE, 0x00010000, 0xde01, 16, true,
		  "Undefined Instruction", NULL,
		  "thread 'app' overflowed its stack: sp 0x20003ff0 is 16 bytes below" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct crew crew;
		crew_begin(&crew, cases[i].reason, "FreeRTOS");
		struct fl_thread *app = crew_add(&crew, "app");
		case_fault(&crew.c, cases[i].cfsr, 0, 0, 4);
		case_pc(&crew.c, 0x08000100, cases[i].h1, 0);
		fl_reg_set(&crew.c.regs, FL_R3, 4);
		if (cases[i].handler)
			crew_interrupt(&crew, app, START - cases[i].below);
		else
			crew_run(&crew, app, START - cases[i].below);
		print_message("%s\n", cases[i].name);
		crew_decide(&crew);
		assert_string_equal(crew.c.cause.category, cases[i].category);
		if (cases[i].title)
			assert_non_null(strstr(crew.c.cause.title, cases[i].title));
		if (cases[i].evidence)
			assert_true(case_says(&crew.c, cases[i].evidence));
		else
			assert_false(case_says(&crew.c, "overflowed"));
		assert_int_equal(crew.findings.count, 0);
		crew_end(&crew);
	}
}

/* Which thread a handler interrupted has nothing to do with the main stack running out. */
static void test_the_main_stack(void **state)
{
	struct crew crew;
	(void)state;
	crew_begin(&crew, USAGE, "FreeRTOS");
	crew.c.in.arch = FL_ARCH_V8M_MAIN;
	struct fl_thread *app = crew_add(&crew, "app");
	case_fault(&crew.c, 0x00100000, 0, 0, 0);
	case_pc(&crew.c, 0x08000100, 0xb082, 0);
	crew_interrupt(&crew, app, START + 0x80);
	crew_decide(&crew);
	assert_string_equal(crew.c.cause.title,
			    "the instruction at 0x08000100 would have taken sp below MSPLIM");
	assert_int_equal(crew.c.cause.party_count, 1);
	assert_string_equal(crew.c.cause.parties[0].thread, "main stack");
	assert_int_equal(app->overflow.verdict, FL_OVERFLOW_UNKNOWN);
	crew_end(&crew);
}

static void test_many_overflows_are_few_findings(void **state)
{
	struct crew crew;
	(void)state;
	crew_begin(&crew, ASSERT, "FreeRTOS");
	crew_run(&crew, crew_add(&crew, "app"), START + 0x80);
	for (unsigned i = 1; i < CREW_MAX; i++) {
		struct fl_thread *thread = crew_add(&crew, "net");
		thread->stack.saved = thread->stack.start - 4;
	}
	crew_decide(&crew);
	assert_int_equal(crew.findings.count, 5);
	assert_string_equal(crew_finding(&crew, 4),
			    "3 more threads overflowed their stacks or are likely to have");
	crew_end(&crew);
}

/* Without a register block nobody crashed; without threads there is nobody. */
static void test_nobody_crashed(void **state)
{
	struct crew crew;
	(void)state;
	crew_begin(&crew, HARD, "FreeRTOS");
	crew_add(&crew, "net")->stack.saved = START - 4;
	crew_decide(&crew);
	assert_string_equal(crew.c.cause.category, "Hard Fault");
	assert_int_equal(crew.findings.count, 1);
	crew_end(&crew);
	crew_begin(&crew, HARD, NULL);
	crew_decide(&crew);
	assert_string_equal(crew.c.cause.category, "Hard Fault");
	crew_end(&crew);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_the_running_thread),
		cmocka_unit_test(test_a_thread_on_another_core),
		cmocka_unit_test(test_the_fault),
		cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_the_reason),
		cmocka_unit_test(test_what_lies_below),
		cmocka_unit_test(test_how_far_below),
		cmocka_unit_test(test_nothing_was_hit_where_it_was_stopped),
		cmocka_unit_test(test_whose_fault_it_was),
		cmocka_unit_test(test_how_the_hook_ended),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_its_own_overflow),
		cmocka_unit_test(test_the_main_stack),
		cmocka_unit_test(test_many_overflows_are_few_findings),
		cmocka_unit_test(test_nobody_crashed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
