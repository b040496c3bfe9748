/* SPDX-License-Identifier: Apache-2.0 */
/* Saved contexts: every port that can run on an architecture, with FP and without, and tasks that
 * never ran. */
#include "threads/freertos_case.h"

enum { NONE = 0, MPU = FREERTOS_MPU, FP = 1, SECURE = 2 };

static const struct {
	const char *name;
	enum freertos_port port;
	unsigned config, can;
	enum fl_arch archs[3]; /* up to FL_ARCH_UNKNOWN */
} ports[] = {
	{ "CM0", FREERTOS_CM0, NONE, NONE, { FL_ARCH_V6M } },
	{ "CM0 since 11.1", FREERTOS_CM0_11_1, NONE, NONE, { FL_ARCH_V6M, FL_ARCH_V8M_BASE } },
	{ "CM3", FREERTOS_CM3, NONE, NONE, { FL_ARCH_V7M, FL_ARCH_V7EM, FL_ARCH_V8M_MAIN } },
	{ "CM4F", FREERTOS_CM4F, NONE, FP, { FL_ARCH_V7EM, FL_ARCH_V8M_MAIN } },
	{ "NTZ", FREERTOS_NTZ, NONE, FP, { FL_ARCH_V8M_MAIN } },
	{ "NTZ, baseline", FREERTOS_NTZ, NONE, NONE, { FL_ARCH_V8M_BASE } },
	{ "TrustZone", FREERTOS_TZ, NONE, FP | SECURE, { FL_ARCH_V8M_MAIN } },
	{ "NTZ, PAC", FREERTOS_NTZ_PAC, NONE, FP, { FL_ARCH_V8M_MAIN } },
	{ "TrustZone, PAC", FREERTOS_TZ_PAC, NONE, FP | SECURE, { FL_ARCH_V8M_MAIN } },
	{ "CM3_MPU, 10.4", FREERTOS_CM3_MPU_10_4, MPU, NONE, { FL_ARCH_V7M, FL_ARCH_V7EM } },
	{ "CM4_MPU, 10.4", FREERTOS_CM4_MPU_10_4, MPU, FP, { FL_ARCH_V7EM } },
	{ "NTZ with MPU, 10.4", FREERTOS_NTZ_MPU_10_4, MPU, FP, { FL_ARCH_V8M_MAIN } },
	{ "TrustZone with MPU, 10.4",
	  FREERTOS_TZ_MPU_10_4,
	  MPU,
	  FP | SECURE,
	  { FL_ARCH_V8M_MAIN } },
	{ "CM4_MPU", FREERTOS_CM4_MPU, MPU, FP, { FL_ARCH_V7M, FL_ARCH_V7EM } },
	{ "NTZ with MPU", FREERTOS_NTZ_MPU, MPU, FP, { FL_ARCH_V8M_MAIN, FL_ARCH_V8M_BASE } },
	{ "TrustZone with MPU", FREERTOS_TZ_MPU, MPU, FP | SECURE, { FL_ARCH_V8M_MAIN } },
	{ "NTZ with MPU, PAC", FREERTOS_NTZ_MPU_PAC, MPU, FP, { FL_ARCH_V8M_MAIN } },
	{ "TrustZone with MPU, PAC", FREERTOS_TZ_MPU_PAC, MPU, FP | SECURE, { FL_ARCH_V8M_MAIN } },
	{ "CM0 with MPU", FREERTOS_CM0_MPU, MPU, NONE, { FL_ARCH_V6M } },
};
enum { PORT_COUNT = sizeof(ports) / sizeof(ports[0]) };
_Static_assert(PORT_COUNT == FREERTOS_PORTS + 1, "all of them, one twice");

/* What a task had when it was switched out, by its number. */
static struct freertos_context
context_of(const struct freertos_writer *w, uint32_t block, unsigned number, bool fp)
{
	return (struct freertos_context){
		.sp = freertos_stack_of(w, block) + 0x200 + 4 * number,
		.r4 = 0x44000000 + 0x100 * number,
		.pc = FREERTOS_YIELD + 8,
		.lr = (FREERTOS_WORKER + 0x10) | 1,
		.fp = fp && number % 2,
	};
}

static bool has_exactly(const struct fl_thread *t, enum fl_register reg, uint32_t value)
{
	uint32_t found;
	return fl_reg_get(&t->regs, reg, &found) && found == value;
}

static void
check_context(const char *port, const struct fl_thread *t, const struct freertos_context *c)
{
	bool right = t->context == FL_CONTEXT_SAVED && has_exactly(t, FL_SP, c->sp) &&
		     has_exactly(t, FL_PSP, c->sp) && has_exactly(t, FL_PC, c->pc) &&
		     has_exactly(t, FL_LR, c->lr) && has_exactly(t, FL_R0, 0xa0) &&
		     has_exactly(t, FL_R3, 0xa3) && has_exactly(t, FL_R12, 0xac) &&
		     t->stop_text[0] == '\0';
	for (uint32_t i = 0; i < 8; i++)
		right = right && has_exactly(t, (enum fl_register)(FL_R4 + i), c->r4 + i);
	if (!right)
		fail_msg("%s: %s: sp %08x pc %08x r4 %08x: %s", port, t->name,
			 (unsigned)t->regs.value[FL_SP], (unsigned)t->regs.value[FL_PC],
			 (unsigned)t->regs.value[FL_R4], t->stop_text);
	/* The writer's stacks are known to begin somewhere; with an end, all above sp is used. */
	if (t->stack.known)
		assert_int_equal(t->stack.used, t->stack.end - c->sp);
}

/* Four tasks: SP aligned and not, FP used and not, and one that never ran. */
static void run_port(size_t i, enum fl_arch arch, unsigned dwarf)
{
	static const char *const names[] = { "zero", "one", "two", "three" };
	FREERTOS_AUTO w;
	DEVICE_CASE c;
	struct freertos_context contexts[4];
	uint32_t blocks[4];
	freertos_begin(&w, ports[i].config | FREERTOS_STACK_END | dwarf);
	for (unsigned n = 0; n < 4; n++) {
		blocks[n] = freertos_task(&w, names[n], n);
		contexts[n] = context_of(&w, blocks[n], n, ports[i].can & FP);
		freertos_make_ready(&w, blocks[n]);
		freertos_save(&w, ports[i].port, blocks[n], &contexts[n]);
	}
	uint32_t fresh = freertos_task(&w, "fresh", 4);
	struct freertos_context first = { .sp = freertos_stack_of(&w, fresh) + 0x3f8,
					  .r4 = 0x04040404,
					  .pc = FREERTOS_WORKER,
					  .lr = FREERTOS_EXIT | 1,
					  .fresh = true };
	freertos_make_ready(&w, fresh);
	freertos_save(&w, ports[i].port, fresh, &first);
	freertos_find(&c, &w, NULL, NULL, arch);
	for (unsigned n = 0; n < 4; n++) {
		check_context(ports[i].name, freertos_at(&c, blocks[n]), &contexts[n]);
		assert_false(freertos_at(&c, blocks[n])->has_entry);
	}
	check_context(ports[i].name, freertos_at(&c, fresh), &first);
	assert_int_equal(freertos_at(&c, fresh)->entry_addr, FREERTOS_WORKER);
	assert_string_equal(freertos_at(&c, fresh)->entry, "worker_main");
	assert_int_equal(c.findings.count, 0);
}

static void test_contexts_are_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < PORT_COUNT; i++)
		for (size_t a = 0; a < 3 && ports[i].archs[a] != FL_ARCH_UNKNOWN; a++)
			for (unsigned dwarf = 0; dwarf < 2; dwarf++)
				run_port(i, ports[i].archs[a], dwarf ? FREERTOS_DWARF : 0);
}

/* Neither the ELF nor the dump says which architecture it is. */
static void test_unknown_architecture(void **state)
{
	(void)state;
	for (size_t i = 0; i < PORT_COUNT; i++)
		run_port(i, FL_ARCH_UNKNOWN, FREERTOS_DWARF);
}

static void test_inside_secure_code(void **state)
{
	(void)state;
	for (size_t i = 0; i < PORT_COUNT; i++) {
		if (!(ports[i].can & SECURE))
			continue;
		FREERTOS_AUTO w;
		DEVICE_CASE c;
		freertos_begin(&w, ports[i].config | FREERTOS_DWARF);
		uint32_t one = freertos_task(&w, "one", 1);
		uint32_t two = freertos_task(&w, "two", 1);
		struct freertos_context outside = context_of(&w, one, 1, false);
		struct freertos_context inside = context_of(&w, two, 2, false);
		inside.in_secure = true;
		freertos_make_ready(&w, one);
		freertos_make_ready(&w, two);
		freertos_save(&w, ports[i].port, one, &outside);
		freertos_save(&w, ports[i].port, two, &inside);
		freertos_find(&c, &w, NULL, NULL, FL_ARCH_V8M_MAIN);
		check_context(ports[i].name, freertos_at(&c, one), &outside);
		const struct fl_thread *t = freertos_at(&c, two);
		assert_int_equal(t->context, FL_CONTEXT_NONE);
		assert_int_equal(t->regs.known, 0);
		assert_non_null(strstr(t->stop_text, "secure"));
	}
}

/* One task's context was overwritten, so that it looks as another port would have left it: the
 * others decide what the port is, whichever is looked for first. */
static void check_outvoted(enum freertos_port port, enum freertos_port other, const char *why)
{
	FREERTOS_AUTO w;
	DEVICE_CASE c;
	uint32_t blocks[3];
	freertos_begin(&w, FREERTOS_DWARF);
	for (unsigned n = 0; n < 3; n++) {
		struct freertos_context context;
		blocks[n] = freertos_task(&w, "task", n);
		context = context_of(&w, blocks[n], n, port == FREERTOS_CM4F);
		freertos_make_ready(&w, blocks[n]);
		freertos_save(&w, n == 1 ? other : port, blocks[n], &context);
	}
	freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7EM);
	assert_int_equal(freertos_at(&c, blocks[0])->context, FL_CONTEXT_SAVED);
	assert_int_equal(freertos_at(&c, blocks[2])->context, FL_CONTEXT_SAVED);
	const struct fl_thread *t = freertos_at(&c, blocks[1]);
	assert_int_equal(t->context, FL_CONTEXT_NONE);
	assert_int_equal(t->regs.known, 0);
	assert_non_null(strstr(t->stop_text, why));
}

static void test_a_damaged_context_is_outvoted(void **state)
{
	(void)state;
	check_outvoted(FREERTOS_CM4F, FREERTOS_CM3, "is no EXC_RETURN");
	check_outvoted(FREERTOS_CM3, FREERTOS_CM4F, "are no exception frame");
}

static void test_no_port_fits(void **state)
{
	(void)state;
	FREERTOS_AUTO w;
	DEVICE_CASE c;
	freertos_begin(&w, FREERTOS_DWARF);
	uint32_t block = freertos_task(&w, "odd", 1);
	uint32_t stack = freertos_stack_of(&w, block);
	freertos_make_ready(&w, block);
	freertos_fill(&w, stack + 0x200, 0x77, 0x100);
	freertos_word(&w, block, stack + 0x240);
	freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7EM);
	assert_int_equal(freertos_at(&c, block)->context, FL_CONTEXT_NONE);
	assert_non_null(strstr(freertos_at(&c, block)->stop_text, "no exception frame"));
	assert_int_equal(device_findings(&c, "layout of no known port"), 1);
}

static void test_stack_not_captured(void **state)
{
	(void)state;
	FREERTOS_AUTO w;
	DEVICE_CASE c;
	freertos_begin(&w, FREERTOS_DWARF);
	uint32_t block = freertos_task(&w, "far", 1);
	struct freertos_context context = context_of(&w, block, 0, false);
	freertos_make_ready(&w, block);
	freertos_save(&w, FREERTOS_CM3, block, &context);
	const struct device_capture captured[] = { { FREERTOS_RAM, FREERTOS_STACKS - FREERTOS_RAM },
						   { 0, 0 } };
	freertos_find(&c, &w, captured, NULL, FL_ARCH_V7M);
	const struct fl_thread *t = freertos_at(&c, block);
	assert_string_equal(t->name, "far");
	assert_int_equal(t->context, FL_CONTEXT_NONE);
	assert_non_null(strstr(t->stop_text, "not captured"));
	assert_int_equal(c.findings.count, 0);
}

/* The stack of a system call is in the TCB: it is not what is used of the task's own. */
static void test_inside_a_system_call(void **state)
{
	(void)state;
	FREERTOS_AUTO w;
	DEVICE_CASE c;
	freertos_begin(&w, FREERTOS_MPU | FREERTOS_STACK_END | FREERTOS_DWARF);
	uint32_t block = freertos_task(&w, "caller", 1);
	struct freertos_context context = context_of(&w, block, 0, false);
	context.sp = block + w.s.settings + 316;
	/* A stack right behind the TCB, so that nothing else tells that this is not on it. */
	freertos_word(&w, block + w.s.stack, block + 0x200);
	freertos_word(&w, block + w.s.stack_end, block + 0x3f8);
	freertos_make_ready(&w, block);
	freertos_save(&w, FREERTOS_CM4_MPU, block, &context);
	freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7EM);
	const struct fl_thread *t = freertos_at(&c, block);
	assert_int_equal(t->context, FL_CONTEXT_SAVED);
	assert_true(has_exactly(t, FL_SP, context.sp));
	assert_true(t->stack.known && !t->stack.used_known);
}

/* One word that cannot be makes a context none. */
static void test_words_that_cannot_be(void **state)
{
	static const struct {
		const char *name;
		enum freertos_port port;
		unsigned config;
		uint32_t word, value; /* from pxTopOfStack up */
		enum fl_arch arch;
	} cases[] = {
		{ "main stack", FREERTOS_CM4F, NONE, 8, 0xfffffff9, FL_ARCH_V7EM },
		{ "handler", FREERTOS_CM4F, NONE, 8, 0xfffffff1, FL_ARCH_V7EM },
		{ "another's limit", FREERTOS_NTZ, NONE, 0, FREERTOS_STACKS + 0x800,
		  FL_ARCH_V8M_MAIN },
		{ "no limit", FREERTOS_NTZ, NONE, 0, 0, FL_ARCH_V8M_MAIN },
		{ "CONTROL", FREERTOS_CM4_MPU_10_4, MPU, 0, 0x12345678, FL_ARCH_V7EM },
		{ "frame without Thumb bit", FREERTOS_CM3, NONE, 15, 0, FL_ARCH_V7M },
		{ "frame of a handler", FREERTOS_CM3, NONE, 15, 0x0100000e, FL_ARCH_V7M },
		{ "pc outside code", FREERTOS_CM3, NONE, 14, 0x20000000, FL_ARCH_V7M },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		FREERTOS_AUTO w;
		DEVICE_CASE c;
		freertos_begin(&w, cases[i].config | FREERTOS_DWARF);
		uint32_t block = freertos_task(&w, "odd", 1);
		struct freertos_context context = context_of(&w, block, 0, false);
		freertos_make_ready(&w, block);
		freertos_save(&w, cases[i].port, block, &context);
		freertos_word(&w, freertos_get(&w, block) + 4 * cases[i].word, cases[i].value);
		freertos_find(&c, &w, NULL, NULL, cases[i].arch);
		if (freertos_at(&c, block)->context != FL_CONTEXT_NONE)
			fail_msg("%s", cases[i].name);
		assert_int_equal(freertos_at(&c, block)->regs.known, 0);
		assert_int_equal(device_findings(&c, "layout of no known port"), 1);
	}
}

/* An interrupted task may stand anywhere, and its lr may be anything. */
static void test_only_a_first_frame_tells_the_entry(void **state)
{
	static const struct {
		uint32_t sp_off, pc, lr;
		bool entry;
	} cases[] = {
		{ 0x3f8, FREERTOS_WORKER, FREERTOS_EXIT | 1, true },
		{ 0x3f8, FREERTOS_WORKER, 0, true },
		{ 0x3f8, FREERTOS_WORKER + 8, FREERTOS_EXIT | 1, false },
		{ 0x3fc, FREERTOS_WORKER, FREERTOS_EXIT | 1, false },  /* the core aligned it */
		{ 0x3f8, FREERTOS_YIELD, FREERTOS_WORKER + 9, false }, /* just called */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		FREERTOS_AUTO w;
		DEVICE_CASE c;
		freertos_begin(&w, FREERTOS_DWARF);
		uint32_t block = freertos_task(&w, "task", 1);
		struct freertos_context context = {
			.sp = freertos_stack_of(&w, block) + cases[i].sp_off,
			.pc = cases[i].pc,
			.lr = cases[i].lr,
		};
		freertos_make_ready(&w, block);
		freertos_save(&w, FREERTOS_CM3, block, &context);
		freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7M);
		assert_int_equal(freertos_at(&c, block)->context, FL_CONTEXT_SAVED);
		assert_int_equal(freertos_at(&c, block)->has_entry, cases[i].entry);
	}
}

/* What was saved of the running task is old, and does not decide. */
static void test_the_running_task_does_not_vote(void **state)
{
	(void)state;
	FREERTOS_AUTO w;
	DEVICE_CASE c;
	freertos_begin(&w, FREERTOS_DWARF);
	uint32_t running = freertos_task(&w, "running", 1);
	uint32_t ready = freertos_task(&w, "ready", 1);
	struct freertos_context stale = context_of(&w, running, 0, false);
	struct freertos_context saved = context_of(&w, ready, 1, false);
	freertos_make_ready(&w, running);
	freertos_make_ready(&w, ready);
	freertos_save(&w, FREERTOS_CM4F, running, &stale);
	freertos_save(&w, FREERTOS_CM3, ready, &saved);
	freertos_word(&w, w.current, running);
	freertos_find(&c, &w, NULL, NULL, FL_ARCH_V7EM);
	check_context("CM3", freertos_at(&c, ready), &saved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contexts_are_exact),
		cmocka_unit_test(test_unknown_architecture),
		cmocka_unit_test(test_inside_secure_code),
		cmocka_unit_test(test_a_damaged_context_is_outvoted),
		cmocka_unit_test(test_no_port_fits),
		cmocka_unit_test(test_stack_not_captured),
		cmocka_unit_test(test_inside_a_system_call),
		cmocka_unit_test(test_words_that_cannot_be),
		cmocka_unit_test(test_only_a_first_frame_tells_the_entry),
		cmocka_unit_test(test_the_running_task_does_not_vote),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
