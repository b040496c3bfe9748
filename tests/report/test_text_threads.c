/* SPDX-License-Identifier: Apache-2.0 */
/* Threads in a report as text: the table, and whose backtrace is shown. */
#include "rendered.h"
#include "support/cmocka.h"
#include "support/traces.h"

#include "report/text_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_thread),
		cmocka_unit_test(test_a_thread_that_is_not_there),
		cmocka_unit_test(test_the_table_is_for_kernels),
		cmocka_unit_test(test_what_a_thread_waits_for),
		cmocka_unit_test(test_thread_flags),
		cmocka_unit_test(test_the_mark_is_not_at_the_peak),
		cmocka_unit_test(test_where_a_waiting_thread_is),
		cmocka_unit_test(test_where_a_running_thread_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
