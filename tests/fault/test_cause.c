/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts from fault registers and the instruction at pc; no symbols. */
#include "fault/case.h"

enum {
	BUS = 0x9100,
	MEM = 0x9200,
	USAGE = 0x9300,
	HARD = 0x9400,
	NO_REASON = -1,
};

#define M4  FL_ARCH_V7EM
#define M33 FL_ARCH_V8M_MAIN
#define M0  FL_ARCH_V6M

/* r3 holds `r3`, r0 `r0`; pc is 0x08000100. */
struct row {
	const char *name;
	enum fl_arch arch;
	int reason;
	uint32_t cfsr, hfsr, mmfar, bfar;
	uint16_t h1, h2; /* at pc */
	uint32_t r0, r3;
	const char *category, *title;
	enum fl_confidence confidence;
	const char *evidence; /* part of one sentence; NULL */
};

/* clang-format off */
static const struct row rows[] = {
	{ "write through null", M4, MEM, 0x82, 0, 16, 0, 0x6118, 0, 7, 0,
	  "Null Pointer", "write of 4 bytes to 0x00000010, 16 bytes past a null pointer", FL_CERTAIN,
	  "the store at 0x08000100 goes through r3 + 16, and r3 is 0x00000000" },
	{ "read of null itself", M4, MEM, 0x82, 0, 0, 0, 0x681b, 0, 0, 0,
	  "Null Pointer", "read of 4 bytes from 0x00000000, a null pointer", FL_CERTAIN, "MMFAR is" },
	{ "far member of null", M4, BUS, 0x8200, 0, 0, 0x404, 0xf8d3, 0x0404, 0, 0,
	  "Null Pointer", "read of 4 bytes from 0x00000404, 1028 bytes past a null pointer", FL_CERTAIN, NULL },
	{ "low address, base not null", M4, BUS, 0x8200, 0, 0, 0x804, 0x685b, 0, 0, 0x800,
	  "Null Pointer", "read of 4 bytes from 0x00000804, 2052 bytes past a null pointer", FL_LIKELY, NULL },
	{ "container of null", M4, BUS, 0x8200, 0, 0, 0xfffffff8, 0xf853, 0x3c08, 0, 0,
	  "Null Pointer", "read of 4 bytes from 0xfffffff8, 8 bytes before a null pointer", FL_CERTAIN, NULL },
	{ "peripheral", M4, BUS, 0x8200, 0, 0, 0x40001000, 0x601c, 0, 0, 0x40001000,
	  "Bus Fault", "write of 4 bytes to 0x40001000, where the bus gave an error", FL_CERTAIN, "range of peripherals" },
	{ "freed object", M4, BUS, 0x8200, 0, 0, 0xdeadbef3, 0x685b, 0, 0, 0xdeadbeef,
	  "Bus Fault", "read of 4 bytes from 0xdeadbef3, where the bus gave an error", FL_CERTAIN,
	  "0xdeadbeef is a marker for memory that was freed or never set" },
	{ "address of another instruction", M4, BUS, 0x8200, 0, 0, 0x90000010, 0x681b, 0, 0, 0x20000000,
	  "Bus Fault", "access to 0x90000010, where the bus gave an error", FL_LIKELY, "do not belong together" },
	{ "no valid address", M4, BUS, 0x0200, 0, 0, 0, 0x681b, 0, 0, 0x90000000,
	  "Bus Fault", "read of 4 bytes from 0x90000000, where the bus gave an error", FL_LIKELY, "recorded no address" },
	{ "no address at all", M4, MEM, 0x02, 0, 0, 0, 0xbf00, 0, 0, 0,
	  "MPU Violation", "data access at an unknown address that the MPU forbids", FL_LIKELY, NULL },
	{ "MPU", M4, MEM, 0x82, 0, 0x20001914, 0, 0x615c, 0, 0, 0x20001900,
	  "MPU Violation", "write of 4 bytes to 0x20001914, which the MPU forbids", FL_CERTAIN, NULL },
	{ "block transfer", M4, BUS, 0x8200, 0, 0, 0x90000004, 0xe8b3, 0x00f0, 0, 0x90000000,
	  "Bus Fault", "read of 16 bytes from 0x90000004, where the bus gave an error", FL_CERTAIN, NULL },
	{ "escalated", M4, HARD, 0x8200, 0x40000000, 0, 0x90000000, 0x681b, 0, 0, 0x90000000,
	  "Bus Fault", "read of 4 bytes from 0x90000000, where the bus gave an error", FL_CERTAIN, "HFSR.FORCED" },
	{ "imprecise", M4, BUS, 0x0400, 0, 0, 0, 0xbf00, 0, 0, 0,
	  "Imprecise Bus Fault", "a write some instructions before 0x08000100 failed on the bus", FL_CERTAIN, "late" },
	{ "imprecise beside an old address", M4, BUS, 0x8400, 0, 0, 0x40, 0xbf00, 0, 0, 0,
	  "Imprecise Bus Fault", "a write some instructions before 0x08000100 failed on the bus", FL_CERTAIN, "some other, precise fault" },
	{ "division", M4, USAGE, 0x02000000, 0, 0, 0, 0xfb90, 0xf0f3, (uint32_t)-5, 0,
	  "Divide by Zero", "division of -5 by r3, which is 0", FL_CERTAIN, "signed division" },
	{ "unsigned division", M4, USAGE, 0x02000000, 0, 0, 0, 0xfbb0, 0xf0f3, 1234, 0,
	  "Divide by Zero", "division of 1234 by r3, which is 0", FL_CERTAIN, NULL },
	{ "division elsewhere", M4, USAGE, 0x02000000, 0, 0, 0, 0xbf00, 0, 0, 0,
	  "Divide by Zero", "integer division by zero", FL_LIKELY, NULL },
	{ "unaligned", M4, USAGE, 0x01000000, 0, 0, 0, 0x681b, 0, 0, 0x20000001,
	  "Unaligned Access", "read of 4 bytes from 0x20000001, which is no multiple of 4", FL_CERTAIN, NULL },
	{ "unaligned pair", M4, USAGE, 0x01000000, 0, 0, 0, 0xe9c3, 0x0100, 0, 0x20000002,
	  "Unaligned Access", "write of 8 bytes to 0x20000002, which is no multiple of 4", FL_CERTAIN, "never allows" },
	{ "undefined", M4, USAGE, 0x00010000, 0, 0, 0, 0xde01, 0, 0, 0,
	  "Undefined Instruction", "undefined instruction de01 (udf #1) at 0x08000100", FL_CERTAIN, NULL },
	{ "compiler trap", M4, USAGE, 0x00010000, 0, 0, 0, 0xdeff, 0, 0, 0,
	  "Undefined Instruction", "undefined instruction deff (udf #255) at 0x08000100", FL_CERTAIN, "__builtin_trap" },
	{ "undefined, wide", M4, USAGE, 0x00010000, 0, 0, 0, 0xf900, 0x1234, 0, 0,
	  "Undefined Instruction", "undefined instruction f900 1234 at 0x08000100", FL_CERTAIN, NULL },
	{ "FPU off", M4, USAGE, 0x00080000, 0, 0, 0, 0xed93, 0x0a01, 0, 0,
	  "Coprocessor Disabled", "floating-point instruction at 0x08000100 while the unit is off or absent", FL_CERTAIN, NULL },
	{ "bad return", M4, USAGE, 0x00040000, 0, 0, 0, 0xbf00, 0, 0, 0,
	  "Invalid Exception Return", "exception return with a damaged EXC_RETURN or frame", FL_CERTAIN, "not recorded" },
	{ "unstacking", M4, BUS, 0x0800, 0, 0, 0, 0xbf00, 0, 0, 0,
	  "Bus Fault", "the frame could not be read on exception return: the handler damaged sp", FL_LIKELY, NULL },
	{ "invalid state in the middle of code", M4, USAGE, 0x00020000, 0, 0, 0, 0xbf00, 0, 0, 0,
	  "Bad Jump", "jump to 0x08000100, which cannot be executed", FL_CERTAIN, NULL },
	{ "stray breakpoint", M4, HARD, 0, 0x80000000, 0, 0, 0xbeab, 0, 0, 0,
	  "Stray Breakpoint", "bkpt 0xab at 0x08000100 without a debugger", FL_CERTAIN, "semihosting" },
	{ "stray breakpoint as QEMU reports it", M4, HARD, 0, 0x40000000, 0, 0, 0xbe00, 0, 0, 0,
	  "Stray Breakpoint", "bkpt 0x00 at 0x08000100 without a debugger", FL_LIKELY, NULL },
	{ "watchpoint", M4, HARD, 0, 0x80000000, 0, 0, 0xbf00, 0, 0, 0,
	  "Stray Breakpoint", "debug event without a debugger", FL_CERTAIN, NULL },
	{ "vector table", M4, HARD, 0x00010000, 0x00000002, 0, 0, 0xbf00, 0, 0, 0,
	  "Vector Table Fault", "the entry of an exception could not be read from the vector table", FL_CERTAIN, "no part in it" },
	{ "vector table beside an escalated fault", M4, HARD, 0x8200, 0x40000002, 0, 0x90000000, 0x681b, 0, 0, 0x90000000,
	  "Bus Fault", "read of 4 bytes from 0x90000000, where the bus gave an error", FL_CERTAIN, NULL },
	{ "limit register, by an instruction", M33, USAGE, 0x00100000, 0, 0, 0, 0xb082, 0, 0, 0,
	  "Stack Overflow", "the instruction at 0x08000100 would have taken sp below MSPLIM", FL_CERTAIN, NULL },
	{ "limit register, on entry", M33, USAGE, 0x00100000, 0, 0, 0, 0x681b, 0, 0, 0,
	  "Stack Overflow", "no room for an exception frame above MSPLIM", FL_CERTAIN, "old stack contents" },
	{ "lazy save", M4, MEM, 0x20, 0, 0, 0, 0xee30, 0x0a81, 0, 0,
	  "MPU Violation", "floating-point registers could not be saved at exception entry", FL_LIKELY, NULL },
	{ "the reason's class comes first", M4, BUS, 0x02008200, 0, 0, 0x90000000, 0x681b, 0, 0, 0x90000000,
	  "Bus Fault", "read of 4 bytes from 0x90000000, where the bus gave an error", FL_CERTAIN, "also set: DIVBYZERO" },
	{ "all classes for HardFault", M4, HARD, 0x02008200, 0x40000000, 0, 0x90000000, 0xfbb0, 0xf0f3, 1, 0,
	  "Divide by Zero", "division of 1 by r3, which is 0", FL_CERTAIN, "also set: PRECISERR" },
	{ "no reason", M4, NO_REASON, 0x8200, 0, 0, 0x90000000, 0x681b, 0, 0, 0x90000000,
	  "Bus Fault", "read of 4 bytes from 0x90000000, where the bus gave an error", FL_LIKELY, "no reason" },
	/* without fault registers */
	{ "M0, udf", M0, HARD, 0, 0, 0, 0, 0xde01, 0, 0, 0,
	  "Undefined Instruction", "undefined instruction de01 (udf #1) at 0x08000100", FL_LIKELY, "no fault status registers" },
	{ "M0, bkpt", M0, HARD, 0, 0, 0, 0, 0xbe00, 0, 0, 0,
	  "Stray Breakpoint", "bkpt 0x00 at 0x08000100 without a debugger", FL_LIKELY, NULL },
	{ "M0, misaligned", M0, HARD, 0, 0, 0, 0, 0x681b, 0, 0, 0x20000002,
	  "Unaligned Access", "read of 4 bytes from 0x20000002, which is no multiple of 4", FL_LIKELY, NULL },
	{ "M0, null", M0, HARD, 0, 0, 0, 0, 0x601c, 0, 0, 0,
	  "Null Pointer", "write of 4 bytes to 0x00000000, a null pointer", FL_LIKELY, NULL },
	{ "M0, nothing there", M0, HARD, 0, 0, 0, 0, 0x681b, 0, 0, 0xa0000000,
	  "Bus Fault", "read of 4 bytes from 0xa0000000, where nothing answers", FL_LIKELY, NULL },
	{ "M0, flash of nobody", M0, HARD, 0, 0, 0, 0, 0x681b, 0, 0, 0x10001000,
	  "Bus Fault", "read of 4 bytes from 0x10001000, where nothing answers", FL_UNCERTAIN, NULL },
	{ "M0, svc", M0, HARD, 0, 0, 0, 0, 0xdf07, 0, 0, 0,
	  "Hard Fault", "svc at 0x08000100 where SVCall may not interrupt", FL_LIKELY, NULL },
	{ "M0, nothing to see", M0, HARD, 0, 0, 0, 0, 0x681b, 0, 0, 0x20000000,
	  "Hard Fault", "HardFault at 0x08000100, no register says why", FL_UNCERTAIN, NULL },
	{ "cleared registers", M4, USAGE, 0, 0, 0, 0, 0xde01, 0, 0, 0,
	  "Undefined Instruction", "undefined instruction de01 (udf #1) at 0x08000100", FL_LIKELY, "read zero" },
	{ "nothing at all", M4, NO_REASON, 0, 0, 0, 0, 0xbf00, 0, 0, 0,
	  "Unknown", "nothing in the dump says what happened", FL_UNCERTAIN, NULL },
};
/* clang-format on */

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct fault_case c;
		case_begin(&c, row->arch, (uint32_t)row->reason);
		case_fault(&c, row->cfsr, row->hfsr, row->mmfar, row->bfar);
		case_pc(&c, 0x08000100, row->h1, row->h2);
		fl_reg_set(&c.regs, FL_R0, row->r0);
		fl_reg_set(&c.regs, FL_R3, row->r3);
		fl_reg_set(&c.regs, FL_SP, 0x20008000);
		fl_reg_set(&c.regs, FL_MSP, 0x20008000);
		print_message("%s\n", row->name);
		case_decide(&c);
		assert_string_equal(c.cause.title, row->title);
		assert_string_equal(c.cause.category, row->category);
		assert_int_equal(c.cause.confidence, row->confidence);
		if (row->evidence && !case_says(&c, row->evidence))
			fail_msg("no evidence: %s", row->evidence);
		assert_int_equal(c.cause.imprecise, !strncmp(row->category, "Imprecise", 9));
		case_end(&c);
	}
}

static void test_reasons(void **state)
{
	static const struct {
		uint32_t reason;
		const char *name;
		bool expected;
		const char *category, *title;
	} cases[] = {
		{ 0x0005, "DebuggerHalted", true, "Debugger Halted", "halted by a debugger" },
		{ 0x0007, "PowerOnReset", true, "Reset", "PowerOnReset" },
		{ 0x1003, "0x1003", true, "Custom Reason", "custom reason 0x1003" },
		{ 0x7777, "0x7777", true, "Reset", "unassigned reason 0x7777" },
		{ 0x8001, "Assert", false, "Assert", "an assertion failed" },
		{ 0x8004, "Nmi", false, "NMI", "non-maskable interrupt" },
		{ 0x8006, "SoftwareWatchdog", false, "Watchdog", "watchdog expired" },
		{ 0x8008, "KernelPanic", false, "Kernel Panic", "the kernel gave up" },
		{ 0x800a, "OutOfMemory", false, "Out of Memory", "out of memory" },
		{ 0x800b, "StackOverflow", false, "Stack Overflow",
		  "the kernel found a stack overflow" },
		{ 0x800c, "TaskWatchdog", false, "Watchdog", "watchdog expired" },
		{ 0x9401, "Lockup", false, "Lockup", "the core locked up" },
		{ 0x9402, "SecurityViolation", false, "Security Violation", "security violation" },
		{ 0x9403, "ParityError", false, "Reset", "ParityError" },
		{ 0xa0ff, "0xa0ff", false, "Custom Reason", "custom reason 0xa0ff" },
		{ 0xa100, "0xa100", false, "Reset", "unassigned reason 0xa100" },
		{ 0x12345678, "0x12345678", false, "Reset", "unassigned reason 0x12345678" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault_case c;
		case_begin(&c, M4, cases[i].reason);
		case_fault(&c, 0x00010000, 0x40000000, 0, 0);
		case_pc(&c, 0x08000100, 0xde4d, 0);
		case_decide(&c);
		print_message("0x%x\n", (unsigned)cases[i].reason);
		assert_string_equal(c.reason.name, cases[i].name);
		assert_int_equal(c.reason.expected, cases[i].expected);
		assert_string_equal(c.cause.category, cases[i].category);
		assert_string_equal(c.cause.title, cases[i].title);
		case_end(&c);
	}
}

static void test_reason_beside_old_fault_bits(void **state)
{
	struct fault_case c;
	(void)state;
	case_begin(&c, M4, 0x8001);
	case_fault(&c, 0x00018200, 0, 0, 0x90000000);
	case_pc(&c, 0x08000100, 0xde4d, 0);
	case_decide(&c);
	assert_string_equal(c.cause.category, "Assert");
	assert_true(case_says(&c, "PRECISERR"));
	assert_true(case_says(&c, "may be older"));
	case_end(&c);

	case_begin(&c, M4, 0x8002);
	case_fault(&c, 0x02000000, 0, 0, 0);
	case_decide(&c);
	assert_string_equal(c.cause.category, "Watchdog");
	assert_int_equal(c.cause.confidence, FL_UNCERTAIN);
	case_end(&c);
}

/* Every pointer of the input may be missing. */
static void test_empty_input(void **state)
{
	(void)state;
	struct fl_arena arena = { 0 };
	struct fl_cause cause;
	struct fl_cause_input in = { 0 };
	assert_int_equal(fl_cause_find(&in, &arena, &cause), FL_OK);
	assert_string_equal(cause.category, "Unknown");
	for (uint32_t code = 0x9000; code < 0x9500; code += 0x100) {
		struct fl_reason reason = fl_reason_decode(true, code, NULL, &arena);
		struct fl_fault fault = { 0 };
		for (unsigned bit = 0; bit < 32; bit++) {
			fault.known = 1u << FL_CFSR;
			fault.value[FL_CFSR] = 1u << bit;
			in.reason = &reason;
			in.fault = &fault;
			assert_int_equal(fl_cause_find(&in, &arena, &cause), FL_OK);
			assert_true(cause.category[0] && cause.title[0]);
		}
	}
	fl_arena_deinit(&arena);
}

static void test_missing_reason(void **state)
{
	struct fl_arena arena = { 0 };
	(void)state;
	struct fl_reason reason = fl_reason_decode(false, 0x8001, NULL, &arena);
	assert_false(reason.known);
	assert_int_equal(reason.code, 0);
	assert_string_equal(reason.name, "Unknown");
	fl_arena_deinit(&arena);
}

/* The watchdog's handler wrote the dump: who it interrupted is behind the boundary. */
static void test_interrupted_function(void **state)
{
	struct fl_frame frames[] = {
		{ .function = "handler" },
		{ .function = "Watchdog_IRQHandler" },
		{ .kind = FL_FRAME_EXCEPTION },
		{ .function = "busy_loop" },
	};
	struct fault_case c;
	(void)state;
	case_begin(&c, M4, 0x8006);
	c.thread.frames = frames;
	c.thread.frame_count = 4;
	c.in.thread = &c.thread;
	case_pc(&c, 0x08000100, 0xbf00, 0);
	fl_reg_set(&c.regs, FL_XPSR, 0x01000013);
	case_decide(&c);
	assert_string_equal(c.cause.title, "watchdog expired in busy_loop");
	assert_true(case_says(&c, "IRQ 3"));
	fl_reg_set(&c.regs, FL_XPSR, 0x01000000);
	case_decide(&c);
	assert_string_equal(c.cause.title, "watchdog expired in handler");
	case_end(&c);
}

/* Flash answers reads and refuses writes. */
static void test_write_to_the_image(void **state)
{
	static const struct {
		uint16_t insn;
		const char *category;
	} cases[] = { { 0x601c, "Bus Fault" }, { 0x681c, "Hard Fault" } };
	static const uint8_t flash[16];
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct fault_case c;
		struct fl_span span = { 0x08004000, sizeof(flash), flash, FL_SPAN_ELF };
		case_begin(&c, M0, HARD);
		assert_int_equal(fl_memory_layer(&c.memory, &c.arena, &span, 1), FL_OK);
		case_pc(&c, 0x08000100, cases[i].insn, 0);
		fl_reg_set(&c.regs, FL_R3, 0x08004004);
		case_decide(&c);
		assert_string_equal(c.cause.category, cases[i].category);
		case_end(&c);
	}
}

/*
 * A store, what follows it, and pc: the candidates are those whose registers still tell where they
 * went, and which did not go to plain memory.
 */
static void test_imprecise_candidates(void **state)
{
	static const struct {
		const char *name;
		uint16_t code[4]; /* up to pc */
		uint32_t r3;
		const char *evidence; /* NULL: no candidate */
	} cases[] = {
		{ "peripheral",
		  { 0x601c, 0xbf00, 0xbf00, 0xbf00 },
		  0x40001000,
		  "the store of 4 bytes at 0x08000100 to 0x40001000" },
		{ "plain memory", { 0x601c, 0xbf00, 0xbf00, 0xbf00 }, 0x20001000, NULL },
		{ "overwritten base",
		  { 0x601c, 0x2300, 0xbf00, 0xbf00 },
		  0x40001000,
		  "at 0x08000100 through r3, which has changed since" },
		{ "on the stack", { 0xb500, 0xbf00, 0xbf00, 0xbf00 }, 0x40001000, NULL },
		{ "a load is not buffered", { 0x681c, 0xbf00, 0xbf00, 0xbf00 }, 0x40001000, NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_frame frame = { .function_known = true, .function_addr = 0x08000100 };
		struct fault_case c;
		case_begin(&c, M4, BUS);
		case_fault(&c, 0x0400, 0, 0, 0);
		case_memory(&c, 0x08000100, cases[i].code, sizeof(cases[i].code));
		case_pc(&c, 0x08000108, 0xbf00, 0);
		fl_reg_set(&c.regs, FL_R3, cases[i].r3);
		fl_reg_set(&c.regs, FL_SP, 0x20004000);
		c.thread.frames = &frame;
		c.thread.frame_count = 1;
		c.in.thread = &c.thread;
		print_message("%s\n", cases[i].name);
		case_decide(&c);
		assert_true(c.cause.imprecise);
		assert_int_equal(case_says(&c, "candidate"), cases[i].evidence != NULL);
		if (cases[i].evidence)
			assert_true(case_says(&c, cases[i].evidence));
		case_end(&c);
	}
}

static void test_secure_fault(void **state)
{
	static const uint32_t words[2] = { 0x48, 0x30000004 };
	struct fault_case c;
	(void)state;
	case_begin(&c, M33, 0x9402);
	case_memory(&c, 0xe000ede4, words, sizeof(words));
	case_decide(&c);
	assert_string_equal(c.cause.category, "Security Violation");
	assert_string_equal(c.cause.title, "access against the security attribution");
	assert_true(c.cause.has_address);
	assert_int_equal(c.cause.address, 0x30000004);
	case_end(&c);
}

static void test_lockup(void **state)
{
	struct fault_case c;
	(void)state;
	case_begin(&c, M4, 0x9400);
	fl_reg_set(&c.regs, FL_PC, 0xfffffffe);
	case_decide(&c);
	assert_string_equal(c.cause.category, "Lockup");
	case_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_reason_beside_old_fault_bits),
		cmocka_unit_test(test_empty_input),
		cmocka_unit_test(test_missing_reason),
		cmocka_unit_test(test_interrupted_function),
		cmocka_unit_test(test_write_to_the_image),
		cmocka_unit_test(test_imprecise_candidates),
		cmocka_unit_test(test_secure_fault),
		cmocka_unit_test(test_lockup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
