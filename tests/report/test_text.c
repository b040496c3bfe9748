/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cmocka.h"
#include "support/traces.h"

#include "report/clean.h"
#include "report/text_parts.h"
#include "signature/signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOLDEN FL_TESTS "/report/golden/"

static char *render(const struct fl_report *report, const struct fl_text_options *options)
{
	struct fl_buffer text = { 0 };
	struct fl_error err = { 0 };
	if (fl_report_text(report, options, &text, &err))
		fail_msg("%s", err.message);
	assert_int_equal(strlen((char *)text.data), text.size);
	return (char *)text.data;
}

static char *render_width(const struct fl_report *report, unsigned width)
{
	struct fl_text_options options = { .size = sizeof(options), .width = width };
	return render(report, &options);
}

static size_t count_of(const char *text, const char *word)
{
	size_t count = 0;
	for (; (text = strstr(text, word)); text += strlen(word))
		count++;
	return count;
}

/* Wider than the width may only be what cannot be broken: a line of one word and its indentation.
 */
static void check_widths(const char *text, size_t width)
{
	while (*text) {
		size_t size = strcspn(text, "\n");
		if (fl_columns(text, size) > width) {
			size_t indent = strspn(text, " ");
			if (memchr(text + indent, ' ', size - indent))
				fail_msg("wider than %zu: %.*s", width, (int)size, text);
		}
		text += size + 1;
	}
}

/* A hard fault as a user meets it: everything captured, the right ELF, one inlined call. */
static struct fl_report *usual_trace(void)
{
	struct fl_report *report = trace_make_full();
	struct fl_trace *t = &report->trace;
	t->fault.absent = false;
	t->fault.known = 1u << FL_SHCSR | 1u << FL_CFSR | 1u << FL_HFSR | 1u << FL_MMFAR |
			 1u << FL_BFAR | 1u << FL_CPUID;
	t->fault.value[FL_SHCSR] = 0x00070001;
	t->fault.value[FL_HFSR] = 0;
	t->cause.imprecise = false;
	t->cause.random_frame = false;
	t->dump.truncated = false;
	t->dump.has_capture_time = false;
	t->match = FL_MATCH_SAME;
	t->build_id_conflict = false;
	t->module_count = 1;
	t->modules[0].match = FL_MATCH_SAME;
	t->modules[0].bytes_equal = 4096;
	t->modules[0].calls_equal = 5;
	t->modules[0].has_mismatch = false;
	t->finding_count = 0;
	t->kernel = (struct fl_kernel_facts){ 0 };
	t->thread_count = 1;
	t->threads[0].has_block = t->threads[0].has_core = t->threads[0].has_entry = false;
	t->threads[0].has_base_priority = false;
	t->threads[0].entry = NULL;
	t->threads[0].overflow = (struct fl_overflow_verdict){ 0 };
	t->threads[0].frame_count = 2;
	t->threads[0].stop = FL_STOP_ENTRY;
	t->threads[0].stop_text = "reached the entry function main";
	return report;
}

static void test_golden(void **state)
{
	(void)state;
	FL_AUTO(fl_report) usual = usual_trace();
	char *text = render(usual, NULL);
	trace_expect_file(GOLDEN "usual.txt", text);
	free(text);
	FL_AUTO(fl_report) full = trace_make_full();
	text = render(full, NULL);
	trace_expect_file(GOLDEN "full.txt", text);
	free(text);
	FL_AUTO(fl_report) empty = fl_report_new();
	text = render(empty, NULL);
	trace_expect_file(GOLDEN "empty.txt", text);
	free(text);
	FL_AUTO(fl_report)
	odd = trace_make("Stack Overflow", "leaf;walk;walk;walk;walk;walk;a;b;a;b;a;b;a;b;a;b;"
					   "i:x;f~lr;g~prologue;?~scan;??~scan;--0;main");
	struct fl_trace *t = &odd->trace;
	assert_int_equal(fl_signature_compute(t, NULL, &odd->arena, &t->signature), FL_OK);
	text = render(odd, NULL);
	trace_expect_file(GOLDEN "recursion.txt", text);
	free(text);
}

/* A table where a line has room for it, and paragraphs where not. */
static void test_threads_golden(void **state)
{
	(void)state;
	static const struct {
		unsigned width;
		const char *thread;
		const char *path;
	} cases[] = {
		{ 40, NULL, GOLDEN "threads-40.txt" },
		{ 80, "all", GOLDEN "threads-80.txt" },
		{ 120, "logger", GOLDEN "threads-120.txt" },
	};
	FL_AUTO(fl_report) report = trace_make_threads();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_text_options options = { .size = sizeof(options),
						   .width = cases[i].width,
						   .thread = cases[i].thread };
		char *text = render(report, &options);
		trace_expect_file(cases[i].path, text);
		free(text);
	}
}

/* The backtraces that @p wanted selects, as "uart_rx, logger": their headings name them. */
static void backtraces_of(const struct fl_report *report, const char *wanted, char *ret)
{
	static const char start[] = "\nBacktrace of thread ";
	struct fl_text_options options = { .size = sizeof(options),
					   .width = 200,
					   .thread = wanted };
	char *text = render(report, &options);
	*ret = '\0';
	for (char *at = text; (at = strstr(at, start)); at++)
		sprintf(ret + strlen(ret), "%s%.*s", *ret ? " " : "",
			(int)strcspn(at + strlen(start), ",\n"), at + strlen(start));
	assert_non_null(strstr(text, "\n  name "));
	free(text);
}

static void test_one_thread(void **state)
{
	(void)state;
	static const char all[] = "\"uart_rx\" \"logger\" \"sensor\" \"IDLE\" 0x20004200 "
				  "\"worker\" \"worker\" \"caf\xc3\xa9\"";
	static const struct {
		const char *wanted, *expected;
	} cases[] = {
		{ NULL, all },
		{ "all", all },
		{ "crashed", "\"uart_rx\"" },
		{ "uart_rx", "\"uart_rx\"" },
		{ "sensor", "\"sensor\"" },
		{ "worker", "\"worker\" \"worker\"" },
		{ "caf\xc3\xa9", "\"caf\xc3\xa9\"" },
		{ "0x20004200", "0x20004200" },
		{ "0x20004080", "\"logger\"" },
	};
	FL_AUTO(fl_report) report = trace_make_threads();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char got[256];
		backtraces_of(report, cases[i].wanted, got);
		assert_string_equal(got, cases[i].expected);
	}
}

static void
expect_no_thread(const struct fl_report *report, const char *wanted, const char *message)
{
	struct fl_text_options options = { .size = sizeof(options), .thread = wanted };
	struct fl_buffer text = { 0 };
	struct fl_error err = { 0 };
	assert_int_equal(fl_report_text(report, &options, &text, &err), FL_ENOTFOUND);
	assert_null(text.data);
	assert_string_equal(err.message, message);
}

static void test_a_thread_that_is_not_there(void **state)
{
	(void)state;
	static const char *const wrong[] = { "",        "Logger",     "log",
					     "logger2", "0x20004201", "0x20004200x",
					     "0x",      "20004200",   "0x120004200" };
	FL_AUTO(fl_report) report = trace_make_threads();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char message[200];
		snprintf(message, sizeof(message),
			 "no thread '%s'; there are: uart_rx, logger, sensor, IDLE, 0x20004200, "
			 "worker, caf\xc3\xa9",
			 wrong[i]);
		expect_no_thread(report, wrong[i], message);
	}
	report->trace.threads[1].name = "a_name_of_a_thread_that_is_as_long_as_no_kernel_has_them";
	report->trace.threads[2].name = "a_name_of_a_thread_that_is_as_long_as_no_kernel_has_it";
	expect_no_thread(report, "x",
			 "no thread 'x'; there are: uart_rx, "
			 "a_name_of_a_thread_that_is_as_long_as_no_kernel_has_them, ...");
	report->trace.threads[0].crashed = false;
	report->trace.thread_count = 1;
	expect_no_thread(report, "crashed", "no thread 'crashed'; there are: uart_rx");
	report->trace.threads[0].name = NULL;
	report->trace.threads[0].has_block = false;
	expect_no_thread(report, "main", "no thread 'main': none has a name");
	report->trace.thread_count = 0;
	expect_no_thread(report, "main", "no thread 'main': there is none");
}

/* No table for what has but one thread and no kernel. */
static void test_the_table_is_for_kernels(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = usual_trace();
	struct fl_trace *t = &report->trace;
	t->kernel = (struct fl_kernel_facts){
		.name = "Zephyr",
		.has_thread_count = true,
		.thread_count = 3,
	};
	char *with = render(report, NULL);
	assert_non_null(strstr(with, "\nThreads of Zephyr, 0 listed, the kernel counts 3\n"));
	free(with);
	t->kernel = (struct fl_kernel_facts){ 0 };
	char *without = render(report, NULL);
	assert_null(strstr(without, "\nThreads"));
	free(without);
	FL_AUTO(fl_report) many = trace_make_threads();
	many->trace.kernel = (struct fl_kernel_facts){ 0 };
	char *unknown = render(many, NULL);
	assert_non_null(strstr(unknown, "\nThreads, 7\n  name "));
	free(unknown);
	t->kernel.has_running = true;
	char *stopped = render(report, NULL);
	assert_non_null(strstr(stopped, "\nThreads, 0, the scheduler was not running\n"));
	free(stopped);
}

static void test_evidence_is_told_once(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = trace_make_threads();
	struct fl_trace *t = &report->trace;
	struct fl_overflow_verdict *o = &t->threads[0].overflow;
	struct fl_text_options options = { .size = sizeof(options),
					   .width = 120,
					   .thread = "crashed" };
	t->cause.evidence = o->evidence;
	static const struct {
		size_t cause, thread; /* how many each tells */
		bool says;
	} cases[] = { { 0, 0, true }, { 0, 2, true }, { 1, 2, true }, { 2, 2, false } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		t->cause.evidence_count = cases[i].cause;
		o->evidence_count = cases[i].thread;
		char *text = render(report, &options);
		assert_int_equal(count_of(text, "\n  ! stack overflow\n"),
				 1 + cases[i].says); /* below the table, too */
		assert_int_equal(count_of(text, "- sp 0x20004fd0 lies 48 bytes below"),
				 cases[i].cause || cases[i].thread);
		assert_int_equal(count_of(text, "- the fill pattern is gone\n"),
				 cases[i].cause == 2 || cases[i].thread == 2);
		free(text);
	}
}

/* What it says of the wait, in the table and in the heading of the backtrace. */
static void test_what_a_thread_waits_for(void **state)
{
	(void)state;
	static const struct {
		struct fl_wait wait;
		const char *words;
	} cases[] = {
		{ { .kind = FL_WAIT_OBJECT }, "on some object" },
		{ { .kind = FL_WAIT_OBJECT, .has_object = true, .object = 0x20001000 },
		  "on 0x20001000" },
		{ { .kind = FL_WAIT_OBJECT, .has_object = true, .object = 0x20004000 },
		  "on 0x20004000" }, /* a thread is one only to who joins it */
		{ { .kind = FL_WAIT_MUTEX, .holder = 0x20004100 }, "on a mutex" },
		{ { .kind = FL_WAIT_DELAY, .object_name = "x" }, "in a delay" },
		{ { .kind = FL_WAIT_DELAY, .has_wake_tick = true, .wake_tick = 7 },
		  "in a delay until tick 7" },
		{ { .kind = FL_WAIT_QUEUE_RECEIVE }, "receiving from a queue" },
		{ { .kind = FL_WAIT_QUEUE_SEND, .object_name = "log" }, "sending to queue log" },
		{ { .kind = FL_WAIT_SEMAPHORE, .object_name = "done" }, "on semaphore done" },
		{ { .kind = FL_WAIT_MUTEX, .has_holder = true, .holder = 0x20004100 },
		  "on a mutex held by sensor" },
		{ { .kind = FL_WAIT_MUTEX, .has_holder = true, .holder = 0x20004200 },
		  "on a mutex held by 0x20004200" },
		{ { .kind = FL_WAIT_MUTEX, .has_holder = true, .holder = 0x20009999 },
		  "on a mutex held by 0x20009999" },
		{ { .kind = FL_WAIT_EVENT, .object_name = "flags" }, "on event flags" },
		{ { .kind = FL_WAIT_NOTIFICATION }, "on a notification" },
		{ { .kind = FL_WAIT_STREAM }, "on a stream" },
		{ { .kind = FL_WAIT_CONDITION }, "on a condition" },
		{ { .kind = FL_WAIT_MEMORY, .object_name = "pool" }, "on memory pool pool" },
		{ { .kind = FL_WAIT_JOIN, .has_object = true, .object = 0x20004000 },
		  "on the end of uart_rx" },
		{ { .kind = FL_WAIT_JOIN, .has_object = true, .object = 0x20009999 },
		  "on the end of 0x20009999" },
		{ { .kind = FL_WAIT_IO }, "on I/O" },
		{ { .kind = FL_WAIT_WORK, .object_name = "sysworkq" }, "on work in sysworkq" },
	};
	FL_AUTO(fl_report) report = trace_make_threads();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char row[128];
		char heading[128];
		report->trace.threads[1].wait = cases[i].wait;
		snprintf(row, sizeof(row), "\n              %s\n", cases[i].words);
		snprintf(heading, sizeof(heading), "thread \"logger\", blocked %s, priority",
			 cases[i].words);
		char *text = render_width(report, 120);
		if (!strstr(text, row) || !strstr(text, heading))
			fail_msg("case %zu: %s", i, cases[i].words);
		free(text);
	}
}

/* Only RTX5 has flags of a thread: the kind is that of other kernels' notifications. */
static void test_thread_flags(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = trace_make_threads();
	report->trace.threads[1].wait = (struct fl_wait){ .kind = FL_WAIT_NOTIFICATION };
	report->trace.kernel.name = "RTX5";
	char *text = render_width(report, 120);
	assert_int_equal(count_of(text, "on its thread flags"), 2);
	assert_null(strstr(text, "notification"));
	free(text);
}

/* An overflow that was stopped has no peak to speak of: the mark is the row's. */
static void test_the_mark_is_not_at_the_peak(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = trace_make_threads();
	struct fl_thread *thread = &report->trace.threads[0];
	thread->stack.used = 24;
	thread->stack.high_water = 80;
	static const struct {
		bool known, used_known;
		const char *row;
	} cases[] = {
		{ true, true, "running     5      24/512 !     80    copy_line <" },
		{ true, false, "running     5      ?/512 !      80    copy_line <" },
		{ false, true, "running     5      24 !         80    copy_line <" },
		{ false, false, "running     5      !            80    copy_line <" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		thread->stack.known = cases[i].known;
		thread->stack.used_known = cases[i].used_known;
		char *text = render_width(report, 120);
		if (!strstr(text, cases[i].row))
			fail_msg("case %zu: %s", i, text);
		free(text);
	}
}

struct place_case {
	const char *kernel;
	const char *frames;
	const char *file;  /* of all frames; NULL: not known */
	const char *entry; /* may be NULL */
	size_t room;
	const char *expected;
};

static void check_place(const struct place_case *c, bool current, enum fl_thread_state state)
{
	FL_AUTO(fl_report) report = trace_make("Assert", c->frames);
	FL_AUTO_STR out = { 0 };
	struct fl_text t = { .out = &out, .width = 80 };
	struct fl_thread *thread = &report->trace.threads[0];
	report->trace.kernel.name = c->kernel;
	thread->crashed = false;
	thread->current = current;
	thread->state = state;
	thread->entry = c->entry;
	for (size_t i = 0; i < thread->frame_count; i++)
		thread->frames[i].file = c->file;
	const char *got = fl_text_place(&t, &report->trace, thread, c->room);
	if (strcmp(got, c->expected))
		fail_msg("%s in %zu: %s", c->frames, c->room, got);
	fl_text_deinit(&t);
}

/* Functions and files as the kernels' sources have them. */
static void test_where_a_waiting_thread_is(void **state)
{
	(void)state;
	static const char port[] = "/k/FreeRTOS/portable/GCC/ARM_CM33_NTZ/non_secure/portmacro.h";
	static const struct place_case cases[] = {
		{ "FreeRTOS", "vPortYield;xQueueSemaphoreTake;MPU_xQueueSemaphoreTake;use;main",
		  "a.c", NULL, 80, "use < main" },
		{ "FreeRTOS", "vTaskDelay;poll;task;prvStart", NULL, "task", 80, "poll < task" },
		{ "FreeRTOS", "vPortYield;read_all;task", NULL, NULL, 8, "read_all" },
		{ "FreeRTOS", "ulTaskGenericNotifyTake;read_all;task", NULL, NULL, 15,
		  "read_all < task" },
		{ "FreeRTOS", "vPortYield;read_all;task", NULL, NULL, 14, "read_all" },
		/* what an application calls like the kernel's is its own */
		{ "FreeRTOS", "vTaskBlink;vTaskMain", "src/blink.c", NULL, 80,
		  "vTaskBlink < vTaskMain" },
		{ "FreeRTOS", "prvSelect;vTaskPoll", "/k/tasks.c", "vTaskPoll", 80, "vTaskPoll" },
		{ "FreeRTOS", "prvProcess;prvTimerTask", NULL, NULL, 80, "prvTimerTask" },
		{ "FreeRTOS", "helper;other", port, NULL, 80, "other" },
		{ "FreeRTOS", "osDelay;app", NULL, NULL, 80, "app" },
		{ "FreeRTOS", "osWait;blink", "Src/cmsis_os2.c", "blink", 80, "blink" },
		{ "FreeRTOS", "k_sleep;app", NULL, NULL, 80, "k_sleep < app" },
		{ "Zephyr", "arch_swap;z_pend_curr;z_impl_k_sem_take;k_sem_take;app;z_thread_entry",
		  NULL, "app", 80, "app" },
		{ "Zephyr", "add_to_waitq;idle;z_thread_entry", "/w/zephyr/kernel/sched.c", "idle",
		  80, "idle" },
		{ "Zephyr", "--14;read;z_thread_entry", NULL, NULL, 80, "read < z_thread_entry" },
		{ "ThreadX", "i:__get_interrupt_posture;_tx_thread_sleep;tx_radio;main", NULL, NULL,
		  80, "__get_interrupt_posture < _tx_thread_sleep < tx_radio < main" },
		{ "ThreadX", "i:__get_interrupt_posture;_tx_thread_sleep;_txe_x", "inc/tx_port.h",
		  "_txe_x", 80, "_txe_x" },
		{ "ThreadX", "_tx_thread_system_suspend;_tx_thread_sleep;tx_radio;main", "m.c",
		  "main", 80, "tx_radio < main" },
		{ "RTX5", "__svcDelay;osDelay;hold;owner;osThreadEntry", NULL, "owner", 80,
		  "hold < owner" },
		{ "RTX5", "rtos::Mutex::lock();app", NULL, NULL, 80, "app" },
		{ NULL, "xQueueReceive;app", NULL, NULL, 80, "xQueueReceive < app" },
		{ "FreeRTOS", "??", NULL, NULL, 80, "??" },
		{ "FreeRTOS", "", NULL, NULL, 80, "" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_place(&cases[i], false, FL_THREAD_BLOCKED);
}

/* The processor itself was there: nothing is hidden in front of it. */
static void test_where_a_running_thread_is(void **state)
{
	(void)state;
	static const struct place_case cases[] = {
		{ "FreeRTOS", "copy;parse;task", NULL, "task", 80, "copy < parse < task" },
		{ "FreeRTOS", "vListInsert;app;task", NULL, NULL, 80, "vListInsert < app < task" },
		{ "FreeRTOS", "vListInsert;vTaskDelay;app", NULL, NULL, 80,
		  "vListInsert < ... < app" },
		{ "FreeRTOS", "vListInsert;vTaskDelay;app", NULL, NULL, 22, "vListInsert" },
		{ "FreeRTOS", "prvCheck;prvIdleTask", NULL, NULL, 80, "prvCheck < prvIdleTask" },
		{ "FreeRTOS", "isr;hook;--15;spin;task", NULL, NULL, 80, "isr, in spin < task" },
		{ "FreeRTOS", "isr;hook;--15;spin;task", NULL, NULL, 12, "isr, in spin" },
		{ "FreeRTOS", "isr;hook;--15;spin;task", NULL, NULL, 11, "isr" },
		{ "FreeRTOS", "isr;--16;low;--15;vPortYield;vTaskDelay;app;task", NULL, "app", 80,
		  "isr, in app" },
		{ "FreeRTOS", "isr;--15;prvIdleTask", NULL, NULL, 80, "isr, in prvIdleTask" },
		{ "FreeRTOS", "isr;hook;--15;?;task", NULL, NULL, 80,
		  "isr < hook < (SysTick) < ?? < task" },
		{ "FreeRTOS", "isr;hook;--15", NULL, NULL, 80, "isr < hook < (SysTick)" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check_place(&cases[i], true, FL_THREAD_READY);
		check_place(&cases[i], false, FL_THREAD_RUNNING);
	}
}

static void test_events_golden(void **state)
{
	(void)state;
	FL_AUTO(fl_report) reboot = trace_make_event(FL_REPORT_REBOOT);
	char *text = render(reboot, NULL);
	trace_expect_file(GOLDEN "reboot.txt", text);
	free(text);
	FL_AUTO(fl_report) trace = trace_make_event(FL_REPORT_TRACE);
	text = render(trace, NULL);
	trace_expect_file(GOLDEN "trace.txt", text);
	free(text);
	FL_AUTO(fl_report) bare = fl_report_new();
	bare->trace.kind = FL_REPORT_REBOOT;
	text = render(bare, NULL);
	trace_expect_file(GOLDEN "bare-reboot.txt", text);
	free(text);
}

static void test_explain_golden(void **state)
{
	(void)state;
	FL_AUTO(fl_report)
	report = trace_make("Assert", "prv_fault_handling_assert;my_hook;__assert_func;i:check;"
				      "push;memcpy;walk;walk;walk;--11;main;Reset_Handler");
	struct fl_trace *t = &report->trace;
	assert_int_equal(fl_signature_compute(t, NULL, &report->arena, &t->signature), FL_OK);
	memset(t->signature.rules_hash, '0', 32); /* changes with every list */
	FL_AUTO_BUFFER text = { 0 };
	assert_int_equal(fl_report_explain(report, &text, NULL), FL_OK);
	trace_expect_file(GOLDEN "explain.txt", (char *)text.data);
	FL_AUTO(fl_report) empty = fl_report_new();
	FL_AUTO_BUFFER none = { 0 };
	assert_int_equal(fl_report_explain(empty, &none, NULL), FL_OK);
	assert_non_null(strstr((char *)none.data, "there are none"));
}

static void set_names(struct fl_report *report, const char *function, const char *file)
{
	struct fl_thread *thread = &report->trace.threads[0];
	for (size_t i = 0; i < thread->frame_count; i++) {
		if (thread->frames[i].kind == FL_FRAME_EXCEPTION)
			continue;
		thread->frames[i].function = function;
		thread->frames[i].file = file;
		thread->frames[i].line = 12345;
	}
}

static void test_no_line_is_too_wide(void **state)
{
	(void)state;
	static const char *const functions[] = {
		"f",
		"a_function_name_that_is_exactly_as_long_as_it_needs_to_be_here",
		"std::map<std::basic_string<char>, std::vector<std::pair<int, unsigned long> > >"
		"::emplace_hint<std::pair<std::basic_string<char>, int> >",
		"app::drivers::very_long_namespace_name::another_long_namespace_name"
		"::yet_another_one::Class::method_with_a_long_name",
		"caf\xc3\xa9::stra\xc3\x9f"
		"e_the_name_goes_on_and_on_and_on_until_it_does_not_fit",
	};
	static const char *const files[] = {
		"a.c",
		"/builder/workspace/product/third_party/vendor/drivers/sensors/source/transport.c",
		"no_directory_but_a_very_long_name_of_a_file_that_goes_on_and_on_and_on_and_on.cpp",
	};
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		for (size_t k = 0; k < sizeof(files) / sizeof(files[0]); k++) {
			FL_AUTO(fl_report) report = trace_make_full();
			set_names(report, functions[i], files[k]);
			for (unsigned width = 40; width <= 130; width += 7) {
				char *text = render_width(report, width);
				check_widths(text, width);
				free(text);
			}
		}
	}
}

/* The same of the table: in every column something that is too long for it. */
static void test_no_row_is_too_wide(void **state)
{
	(void)state;
	static const char *const names[] = { "t", "a_thread_of_a_name_that_is_longer_than_any",
					     "caf\xc3\xa9_caf\xc3\xa9_caf\xc3\xa9_caf\xc3\xa9" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		FL_AUTO(fl_report) report = trace_make_threads();
		struct fl_thread *threads = report->trace.threads;
		for (size_t k = 0; k < report->trace.thread_count; k += 2)
			threads[k].name = names[i];
		threads[0].frames[0].function = threads[2].frames[2].function =
			"app::drivers::very_long_namespace_name::Class<int>::method_of_long_name";
		threads[1].wait.object_name = "locks";
		threads[1].stack.end = UINT32_MAX;
		threads[1].stack.used = threads[1].stack.high_water = UINT32_MAX;
		threads[1].priority = INT32_MIN;
		threads[1].base_priority = INT32_MAX;
		for (unsigned width = 40; width <= 200; width += 3) {
			char *text = render_width(report, width);
			char *end = strstr(text, "\nBacktrace");
			*end = '\0';
			check_widths(strstr(text, "\nThreads") + 1, width);
			free(text);
		}
	}
}

static void test_long_names_are_elided_sensibly(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		size_t columns;
		const char *expected;
	} cases[] = {
		{ "short", 10, "short" },
		{ "vector<int>::at", 15, "vector<int>::at" },
		{ "vector<int, allocator<int> >::at", 20, "vector<...>::at" },
		{ "vector<int, allocator<int> >::at", 14, "vector::at" },
		{ "vector<int>::at<char, char>", 24, "vector<int>::at<...>" },
		{ "very_long_function_name_without_arguments", 20, "very_...ut_arguments" },
		{ "<app::Ring<u8> as Drop>::drop", 28, "<app::Ring<...> as Drop>::drop" },
		{ "Foo::operator<(Foo const&)", 12, "Foo...const&)" },
		{ "caf\xc3\xa9_caf\xc3\xa9_caf\xc3\xa9", 10, "ca..._caf\xc3\xa9" },
	};
	FL_AUTO_STR out = { 0 };
	struct fl_text t = { .out = &out, .width = 80 };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *got = fl_text_fit_name(&t, cases[i].name, cases[i].columns);
		if (fl_columns(got, strlen(got)) > cases[i].columns)
			fail_msg("%s is wider than %zu", got, cases[i].columns);
	}
	assert_string_equal(fl_text_fit_name(&t, cases[2].name, 20), cases[2].expected);
	assert_string_equal(fl_text_fit_name(&t, cases[3].name, 14), cases[3].expected);
	assert_string_equal(fl_text_fit_name(&t, cases[5].name, 20), cases[5].expected);
	assert_string_equal(fl_text_fit_name(&t, cases[8].name, 10), cases[8].expected);
	assert_string_equal(fl_text_fit_path(&t, "/a/long/way/to/file.c", 15), ".../to/file.c");
	assert_string_equal(fl_text_fit_path(&t, "/a/file.c", 15), "/a/file.c");
	assert_string_equal(fl_text_fit_path(&t, "one_long_name.c", 10), "..._name.c");
	fl_text_deinit(&t);
}

/* Without its SGR sequences a coloured report is the plain one. */
static void colour_is_only_paint(const struct fl_report *report)
{
	struct fl_text_options options = { .size = sizeof(options), .color = true };
	char *painted = render(report, &options);
	char *plain = render(report, NULL);
	assert_null(strchr(plain, '\033'));
	assert_non_null(strchr(painted, '\033'));
	char *to = painted;
	for (const char *from = painted; *from;) {
		if (*from == '\033') {
			assert_int_equal(from[1], '[');
			size_t size = 2 + strspn(from + 2, "0123456789;");
			assert_int_equal(from[size], 'm');
			from += size + 1;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
	assert_string_equal(painted, plain);
	free(painted);
	free(plain);
}

static void test_colour_is_only_paint(void **state)
{
	(void)state;
	FL_AUTO(fl_report) full = trace_make_full();
	colour_is_only_paint(full);
	FL_AUTO(fl_report) threads = trace_make_threads();
	colour_is_only_paint(threads);
	struct fl_text_options options = { .size = sizeof(options), .color = true };
	char *painted = render(threads, &options);
	assert_non_null(strstr(painted, "\033[1;31muart_rx\033[0m "));
	assert_non_null(strstr(painted, "\033[1;31m560/512 !\033[0m "));
	assert_non_null(strstr(painted, "\033[33m1900/2048 ?\033[0m "));
	free(painted);
}

/* Every string of the model, hostile: nothing but text and line ends may reach the terminal. */
static void test_no_control_characters(void **state)
{
	(void)state;
	static const char evil[] = "a\033[2J\rb\nc\x7f\xc2\x9b"
				   "d\xff";
	FL_AUTO(fl_report) report = trace_make_full();
	struct fl_trace *t = &report->trace;
	set_names(report, evil, evil);
	t->cause.title = t->cause.category = t->signature.title = evil;
	t->cause.evidence[0] = t->findings[0].text = t->findings[1].text = evil;
	t->identity.device_serial = t->identity.software_type = t->identity.hardware_version = evil;
	t->identity.software_version = t->dump.format = t->reason.name = evil;
	t->modules[0].name = t->modules[1].name = evil;
	t->threads[0].name = t->threads[0].stop_text = t->threads[0].entry = evil;
	t->threads[0].overflow.evidence[0] = t->threads[1].wait.object_name = evil;
	t->kernel.name = evil;
	t->threads[0].frames[2].function = t->threads[0].frames[3].module = evil;
	t->fault.absent = false;
	t->fault.facts[0].name = t->fault.facts[0].meaning = evil;
	t->engine_version = t->sandbox = evil;
	t->signature.steps[0].because = t->signature.steps[0].action = evil;
	t->signature.fingerprints[0].kind = t->signature.fingerprints[0].preimage = evil;
	FL_AUTO_BUFFER explained = { 0 };
	assert_int_equal(fl_report_explain(report, &explained, NULL), FL_OK);
	char *texts[] = { render(report, NULL), (char *)explained.data };
	for (size_t i = 0; i < 2; i++) {
		for (const unsigned char *c = (unsigned char *)texts[i]; *c; c++)
			assert_true(*c == '\n' || (*c >= 0x20 && *c != 0x7f));
		assert_null(strstr(texts[i], "\xc2\x9b"));
		assert_null(strchr(texts[i], '\xff'));
	}
	free(texts[0]);
}

static const char *source(void *context, const char *file, uint32_t line)
{
	static const struct {
		uint32_t line;
		const char *text;
	} lines[] = {
		{ 17, "\t*where = value;" },
		{ 41, "\tif (a)\tstore(a, \033[1m); /* a comment that is longer than the "
		      "line can take, so that it is cut */" },
	};
	++*(unsigned *)context;
	assert_string_equal(file, "src/sensor.cpp");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (lines[i].line == line)
			return lines[i].text;
	return NULL;
}

static void test_source_lines(void **state)
{
	(void)state;
	unsigned calls = 0;
	FL_AUTO(fl_report) report = usual_trace();
	struct fl_text_options options = { .size = sizeof(options),
					   .source_line = source,
					   .context = &calls };
	char *text = render(report, &options);
	assert_int_equal(calls, 2);
	assert_non_null(strstr(text, "\n                  17 | *where = value;\n"));
	assert_non_null(strstr(text, "\n                  41 | if (a) store(a, \xef\xbf\xbd[1m); "
				     "/* a comment that is longer tha...\n"));
	check_widths(text, 80);
	free(text);
}

static void test_recursion_is_folded_unless_all_is_asked_for(void **state)
{
	(void)state;
	char frames[2048] = "top;";
	for (unsigned i = 0; i < 60; i++)
		strcat(frames, "descend;");
	strcat(frames, "main");
	FL_AUTO(fl_report) report = trace_make("Null Pointer", frames);
	struct fl_text_options options = { .size = sizeof(options), .all_frames = true };
	char *all = render(report, &options);
	char *folded = render(report, NULL);
	assert_int_equal(count_of(all, "descend"), 60);
	assert_int_equal(count_of(folded, "descend"), 1);
	assert_non_null(strstr(folded, "... 59 more of the same, #2 to #60\n"));
	assert_non_null(strstr(folded, "  #61 0x08004d00  main\n"));
	free(all);
	free(folded);
	/* three of them are not worth a line that says so */
	FL_AUTO(fl_report) few = trace_make("Null Pointer", "d;d;d;main");
	folded = render(few, NULL);
	assert_null(strstr(folded, "of the same"));
	free(folded);
}

/* A caller that was compiled against a smaller struct must be understood. */
static void test_older_options(void **state)
{
	(void)state;
	FL_AUTO(fl_report) report = usual_trace();
	struct fl_text_options options = { .size = offsetof(struct fl_text_options, color),
					   .width = 60,
					   .color = true };
	char *text = render(report, &options);
	assert_null(strchr(text, '\033'));
	check_widths(text, 60);
	free(text);
	struct fl_text_options before_thread = { .size = offsetof(struct fl_text_options, thread),
						 .thread = "nobody" };
	text = render(report, &before_thread);
	assert_non_null(strstr(text, "\nBacktrace"));
	free(text);
}

static void test_twice_the_same(void **state)
{
	(void)state;
	FL_AUTO(fl_report) a = trace_make_full();
	FL_AUTO(fl_report) b = trace_make_full();
	char *x = render(a, NULL);
	char *y = render(b, NULL);
	assert_string_equal(x, y);
	free(x);
	free(y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_threads_golden),
		cmocka_unit_test(test_one_thread),
		cmocka_unit_test(test_a_thread_that_is_not_there),
		cmocka_unit_test(test_the_table_is_for_kernels),
		cmocka_unit_test(test_evidence_is_told_once),
		cmocka_unit_test(test_what_a_thread_waits_for),
		cmocka_unit_test(test_thread_flags),
		cmocka_unit_test(test_the_mark_is_not_at_the_peak),
		cmocka_unit_test(test_where_a_waiting_thread_is),
		cmocka_unit_test(test_where_a_running_thread_is),
		cmocka_unit_test(test_events_golden),
		cmocka_unit_test(test_explain_golden),
		cmocka_unit_test(test_no_line_is_too_wide),
		cmocka_unit_test(test_no_row_is_too_wide),
		cmocka_unit_test(test_long_names_are_elided_sensibly),
		cmocka_unit_test(test_colour_is_only_paint),
		cmocka_unit_test(test_no_control_characters),
		cmocka_unit_test(test_source_lines),
		cmocka_unit_test(test_recursion_is_folded_unless_all_is_asked_for),
		cmocka_unit_test(test_older_options),
		cmocka_unit_test(test_twice_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
