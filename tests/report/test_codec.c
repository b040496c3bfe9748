/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cmocka.h"
#include "support/codec.h"
#include "support/same_trace.h"
#include "support/traces.h"

#include "base/limits.h"
#include "report/report.h"

#include <string.h>

static void expect_back(const struct fl_report *report)
{
	FL_AUTO_BUFFER bytes = report_encoded(report);
	FL_AUTO(fl_report) back = report_decoded(&bytes);
	same_trace(&report->trace, &back->trace);
	FL_AUTO_BUFFER again = report_encoded(back);
	assert_same_report_bytes(&bytes, &again);
}

static void test_every_field_comes_back(void **state)
{
	(void)state;
	FL_AUTO(fl_report) dump = trace_make_full();
	expect_back(dump);
	FL_AUTO(fl_report) threads = trace_make_threads();
	expect_back(threads);
	threads->trace.threads[0].has_priority = threads->trace.threads[1].has_block = false;
	threads->trace.threads[0].priority = 0;
	threads->trace.threads[1].block = 0;
	threads->trace.threads[2].has_base_priority = false;
	threads->trace.threads[2].base_priority = 0;
	expect_back(threads);
	FL_AUTO(fl_report) reboot = trace_make_event(FL_REPORT_REBOOT);
	expect_back(reboot);
	FL_AUTO(fl_report) trace = trace_make_event(FL_REPORT_TRACE);
	expect_back(trace);
}

static void test_nothing_comes_back_as_nothing(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = fl_report_new();
	FL_AUTO_BUFFER bytes = report_encoded(report);
	FL_AUTO(fl_report) back = report_decoded(&bytes);
	assert_int_equal(back->trace.thread_count, 0);
	assert_null(back->trace.signature.title);
	assert_null(back->trace.identity.device_serial);
	assert_string_equal(back->trace.cause.category, "Unknown");
	FL_AUTO_BUFFER once = report_encoded(back);
	FL_AUTO(fl_report) second = report_decoded(&once);
	FL_AUTO_BUFFER twice = report_encoded(second);
	assert_same_report_bytes(&once, &twice);
}

/* One element of each array with nothing in it: the smallest that a count may promise. */
static void test_the_smallest_elements_come_back(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = fl_report_new();
	struct fl_trace *t = &report->trace;
	t->regions = fl_arena_array(&report->arena, 1, sizeof(*t->regions));
	t->modules = fl_arena_array(&report->arena, 1, sizeof(*t->modules));
	t->threads = fl_arena_array(&report->arena, 1, sizeof(*t->threads));
	t->threads[0].frames = fl_arena_array(&report->arena, 1, sizeof(struct fl_frame));
	t->cause.evidence = fl_arena_array(&report->arena, 1, sizeof(*t->cause.evidence));
	t->signature.fingerprints =
		fl_arena_array(&report->arena, 1, sizeof(struct fl_fingerprint));
	t->signature.steps = fl_arena_array(&report->arena, 1, sizeof(struct fl_signature_step));
	t->findings = fl_arena_array(&report->arena, 1, sizeof(*t->findings));
	t->region_count = t->module_count = t->cause.evidence_count = t->fault.fact_count = 1;
	t->signature.fingerprint_count = t->signature.step_count = t->finding_count = 1;
	t->thread_count = 1;
	for (size_t frames = 0; frames < 2; frames++) {
		t->threads[0].frame_count = frames;
		FL_AUTO_BUFFER bytes = report_encoded(report);
		FL_AUTO(fl_report) back = report_decoded(&bytes);
		assert_int_equal(back->trace.threads[0].frame_count, frames);
		FL_AUTO_BUFFER text = { 0 };
		assert_int_equal(fl_report_text(back, NULL, &text, NULL), FL_OK);
		assert_int_equal(back->trace.cause.evidence_count, 1);
	}
}

static void test_same_trace_same_bytes(void **state)
{
	(void)state;
	FL_AUTO(fl_report) a = trace_make_full();
	FL_AUTO(fl_report) b = trace_make_full();
	FL_AUTO_BUFFER x = report_encoded(a);
	FL_AUTO_BUFFER y = report_encoded(b);
	assert_same_report_bytes(&x, &y);
	assert_memory_equal(x.data, "FLRP\x02\x00", 6);
}

/* Values behind a false flag are noise and must not make two equal traces differ. */
static void test_unknown_values_leave_no_trace(void **state)
{
	(void)state;
	FL_AUTO(fl_report) a = trace_make("Bus Fault", "f;--19;g");
	FL_AUTO(fl_report) b = trace_make("Bus Fault", "f;--19;g");
	b->trace.threads[0].frames[0].cfa = 0xdeadbeef;
	b->trace.threads[0].frames[0].regs.value[FL_R3] = 7;
	b->trace.threads[0].frames[0].function_addr = 0x1000;
	b->trace.threads[0].priority = 9;
	b->trace.threads[0].stack.end = 0x20000000;
	b->trace.threads[0].block = b->trace.threads[0].stack.start = 0x20000000;
	b->trace.threads[0].base_priority = b->trace.threads[0].core = 3;
	b->trace.threads[0].entry_addr = b->trace.threads[0].stack.unused = 4;
	b->trace.threads[0].wait.object = b->trace.threads[0].wait.holder = 5;
	b->trace.threads[0].wait.wake_tick = b->trace.kernel.tick = 6;
	b->trace.kernel.thread_count = 7;
	b->trace.kernel.running = true;
	b->trace.fault.value[FL_BFAR] = 1;
	b->trace.cause.address = 0x1234;
	b->trace.modules[0].mismatch_addr = 5;
	b->trace.event.pc = b->trace.event.captured_at = b->trace.event.trace_reason = 7;
	b->trace.event.status = 9;
	b->trace.event.build_id[0] = 1;
	FL_AUTO_BUFFER x = report_encoded(a);
	FL_AUTO_BUFFER y = report_encoded(b);
	assert_same_report_bytes(&x, &y);
}

static void test_odd_text_is_cleaned_once_and_for_all(void **state)
{
	(void)state;
	FL_AUTO(fl_report)
	report = trace_make("Assert", "a\033[31mb;c\xff"
				      "d");
	FL_AUTO_BUFFER bytes = report_encoded(report);
	FL_AUTO(fl_report) back = report_decoded(&bytes);
	assert_string_equal(back->trace.threads[0].frames[0].function, "a\xef\xbf\xbd[31mb");
	assert_string_equal(back->trace.threads[0].frames[1].function, "c\xef\xbf\xbd"
								       "d");
	/* a file that holds a control character was not written by us */
	uint8_t *found = memmem(bytes.data, bytes.size, "Assert", 6);
	assert_non_null(found);
	*found = '\n';
	struct fl_report *refused = NULL;
	assert_int_equal(fl_report_decode(bytes.data, bytes.size, &refused, NULL), FL_EFORMAT);
}

static void test_long_text_is_cut(void **state)
{
	(void)state;
	enum { LONG = 200000 };
	FL_AUTO(fl_report) report = trace_make("Assert", "f");
	char *text = fl_arena_alloc(&report->arena, LONG + 1);
	memset(text, 'x', LONG);
	report->trace.cause.title = text;
	FL_AUTO_BUFFER bytes = report_encoded(report);
	FL_AUTO(fl_report) back = report_decoded(&bytes);
	assert_int_equal(strlen(back->trace.cause.title), 65536);
}

static void test_too_much_is_said(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = trace_make("Assert", "f");
	struct fl_buffer bytes = { 0 };
	struct fl_error err = { 0 };
	report->trace.region_count = FL_LIMIT_REGIONS + 1;
	report->trace.regions =
		fl_arena_array(&report->arena, FL_LIMIT_REGIONS + 1, sizeof(struct fl_region));
	assert_int_equal(fl_report_encode(report, &bytes, &err), FL_ELIMIT);
	assert_non_null(strstr(err.message, "report regions"));
	assert_null(bytes.data);
}

static void test_strings_are_kept_once(void **state)
{
	(void)state;
	char many[4096] = "";
	for (unsigned i = 0; i < 60; i++)
		strcat(many, "a_function_with_a_long_name;");
	FL_AUTO(fl_report) one = trace_make("Assert", "a_function_with_a_long_name");
	FL_AUTO(fl_report) sixty = trace_make("Assert", many);
	FL_AUTO_BUFFER x = report_encoded(one);
	FL_AUTO_BUFFER y = report_encoded(sixty);
	assert_true(y.size - x.size < 59 * 24);
}

/* A thread that was switched out, as an unwinder with full unwind information leaves it. */
static void switched_out(struct fl_report *r, struct fl_thread *thread, uint32_t seed)
{
	enum { FRAMES = 6 };
	static const char *const functions[FRAMES] = { "switch_context", "block_current",
						       "queue_receive",  "wait_for_message",
						       "handle_message", "thread_main" };
	*thread = (struct fl_thread){
		.name = functions[seed % FRAMES],
		.has_block = true,
		.block = 0x20004000 + seed * 0x80,
		.state = FL_THREAD_BLOCKED,
		.wait = { .kind = FL_WAIT_QUEUE_RECEIVE, .has_object = true, .object = 0x20000010 },
		.has_priority = true,
		.has_base_priority = true,
		.has_entry = true,
		.entry_addr = 0x08004000,
		.stack = { .start_known = true,
			   .start = 0x20010000,
			   .known = true,
			   .end = 0x20010400,
			   .used_known = true,
			   .used = 200,
			   .unused_known = true,
			   .unused = 224,
			   .high_water_known = true,
			   .high_water = 800 },
		.overflow = { FL_OVERFLOW_EXCLUDED, NULL, 0 },
		.context = FL_CONTEXT_SAVED,
		.stop_text = "reached the entry function",
		.frames = fl_arena_array(&r->arena, FRAMES, sizeof(struct fl_frame)),
		.frame_count = FRAMES,
	};
	for (unsigned i = 0; i <= FL_XPSR; i++)
		fl_reg_set(&thread->regs, (enum fl_register)i, (seed + i) * 0x9e3779b9u);
	struct fl_registers regs = thread->regs;
	for (uint32_t i = 0; i < FRAMES; i++) {
		struct fl_frame *f = &thread->frames[i];
		*f = (struct fl_frame){ .pc_known = true, .pc = 0x08000000 + i * 0x234 };
		f->cfa_known = f->function_known = true;
		f->cfa = 0x20010100 + i * 0x28;
		f->lookup_pc = f->pc - 1;
		f->function = functions[i];
		f->module = "fw.elf";
		f->file = "src/kernel.c";
		f->function_addr = f->pc - 0x24;
		f->module_off = i * 0x234;
		f->line = 100 + i;
		if (i)
			regs.known &= 0xaff0; /* r4..r11, sp, pc */
		fl_reg_set(&regs, FL_PC, f->pc);
		if (i)
			fl_reg_set(&regs, FL_SP, f[-1].cfa);
		fl_reg_set(&regs, FL_R4, seed * i); /* each has its own r4 and r7 */
		fl_reg_set(&regs, FL_R7, seed + i);
		f->regs = regs;
	}
}

/* Reports are kept by the hundred thousand: a thread costs less than one of its stack's frames. */
static void test_many_threads_stay_small(void **state)
{
	(void)state;
	enum { THREADS = 64, THREAD_BYTES = 260 };
	FL_AUTO(fl_report) report = trace_make("Watchdog", NULL);
	struct fl_trace *t = &report->trace;
	t->threads = fl_arena_array(&report->arena, THREADS, sizeof(*t->threads));
	t->thread_count = THREADS;
	for (uint32_t i = 0; i < THREADS; i++)
		switched_out(report, &t->threads[i], i);
	FL_AUTO_BUFFER bytes = report_encoded(report);
	print_message("%zu bytes for each of %d threads\n", bytes.size / THREADS, THREADS);
	assert_true(bytes.size < (size_t)THREADS * THREAD_BYTES);
	expect_back(report);
}

/* Zero is a value: it is told where the frame below did not know the register. */
static void test_registers_that_hold_zero(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = trace_make("Watchdog", NULL);
	struct fl_trace *t = &report->trace;
	t->threads = fl_arena_array(&report->arena, 1, sizeof(*t->threads));
	t->thread_count = 1;
	switched_out(report, &t->threads[0], 1);
	for (size_t i = 0; i < t->threads[0].frame_count; i++) {
		struct fl_registers *regs = &t->threads[0].frames[i].regs;
		fl_reg_set(regs, FL_R5, 0);
		if (i % 2)
			fl_reg_forget(regs, FL_R5);
	}
	fl_reg_forget(&t->threads[0].regs, FL_R5);
	expect_back(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_field_comes_back),
		cmocka_unit_test(test_nothing_comes_back_as_nothing),
		cmocka_unit_test(test_the_smallest_elements_come_back),
		cmocka_unit_test(test_same_trace_same_bytes),
		cmocka_unit_test(test_unknown_values_leave_no_trace),
		cmocka_unit_test(test_odd_text_is_cleaned_once_and_for_all),
		cmocka_unit_test(test_long_text_is_cut),
		cmocka_unit_test(test_too_much_is_said),
		cmocka_unit_test(test_strings_are_kept_once),
		cmocka_unit_test(test_many_threads_stay_small),
		cmocka_unit_test(test_registers_that_hold_zero),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
