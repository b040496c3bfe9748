/* SPDX-License-Identifier: Apache-2.0 */
/* A watchdog or a debugger comes to threads that wait. */
#include "fault/crew.h"

enum { HALTED = 0x0005, ASSERT = 0x8001, NMI = 0x8004, WATCHDOG = 0x8006, TASK = 0x800c };

static void wait_for(struct fl_thread *thread, enum fl_wait_kind kind, const char *name,
		     const struct fl_thread *holder)
{
	thread->wait = (struct fl_wait){
		.kind = kind,
		.has_object = true,
		.object = 0x20000800,
		.object_name = name,
		.has_holder = holder != NULL,
		.holder = holder ? holder->block : 0,
		.forever = true,
	};
}

/* logger and radio wait for each other's mutex, sensor runs. */
struct deadlock {
	struct crew crew;
	struct fl_thread *sensor, *logger, *radio;
	struct fl_frame frames[3];
};

static void begin(struct deadlock *d, uint32_t reason)
{
	crew_begin(&d->crew, reason, "FreeRTOS");
	d->sensor = crew_add(&d->crew, "sensor");
	d->logger = crew_add(&d->crew, "logger");
	d->radio = crew_add(&d->crew, "radio");
	wait_for(d->logger, FL_WAIT_MUTEX, "uart_lock", d->radio);
	wait_for(d->radio, FL_WAIT_MUTEX, "spi_lock", d->logger);
	d->frames[0] = (struct fl_frame){ .function = "watchdog_isr" };
	d->frames[1] = (struct fl_frame){ .kind = FL_FRAME_EXCEPTION, .exception = 20 };
	d->frames[2] = (struct fl_frame){ .function = "poll_sensor" };
	crew_interrupt(&d->crew, d->sensor, d->sensor->stack.start + 0x80);
	d->sensor->frames = d->frames;
	d->sensor->frame_count = 3;
}

static void test_deadlock(void **state)
{
	static const char ring[] = "deadlock: logger waits for uart_lock, held by radio, which "
				   "waits for spi_lock, held by logger";
	static const struct {
		const char *name;
		uint32_t reason;
		bool forever; /* the second wait */
		const char *category, *title;
		enum fl_confidence confidence;
		bool finding;
	} cases[] = {
		{ "watchdog", WATCHDOG, true, "Deadlock", ring, FL_CERTAIN, false },
		{ "watchdog, a timeout among the waits", WATCHDOG, false, "Deadlock", ring,
		  FL_LIKELY, false },
		{ "task watchdog", TASK, true, "Deadlock", ring, FL_CERTAIN, false },
		{ "old watchdog", 0x8002, true, "Deadlock", ring, FL_CERTAIN, false },
		{ "hardware watchdog", 0x8005, true, "Deadlock", ring, FL_CERTAIN, false },
		{ "NMI", NMI, true, "Deadlock", ring, FL_CERTAIN, false },
		{ "NMI, a timeout among the waits", NMI, false, "NMI",
		  "non-maskable interrupt in poll_sensor", FL_CERTAIN, true },
		{ "debugger", HALTED, true, "Deadlock", ring, FL_CERTAIN, false },
		{ "debugger, a timeout among the waits", HALTED, false, "Debugger Halted",
		  "halted by a debugger in poll_sensor", FL_CERTAIN, true },
		{ "assert", ASSERT, true, "Assert", "an assertion failed", FL_CERTAIN, true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct deadlock d;
		begin(&d, cases[i].reason);
		d.radio->wait.forever = cases[i].forever;
		print_message("%s\n", cases[i].name);
		crew_decide(&d.crew);
		const struct fl_cause *cause = &d.crew.c.cause;
		assert_string_equal(cause->title, cases[i].title);
		assert_string_equal(cause->category, cases[i].category);
		assert_int_equal(cause->confidence, cases[i].confidence);
		assert_int_equal(d.crew.findings.count, cases[i].finding);
		assert_int_equal(case_says(&d.crew.c, "a wait among these ends by itself"),
				 cause->confidence == FL_LIKELY);
		if (cases[i].finding) {
			assert_string_equal(crew_finding(&d.crew, 0), ring);
			assert_true(case_says(&d.crew.c, ring));
			assert_int_equal(cause->party_count, 0);
		} else {
			assert_int_equal(cause->party_count, 2);
			assert_string_equal(cause->parties[0].thread, "logger");
			assert_string_equal(cause->parties[0].lock, "uart_lock");
			assert_string_equal(cause->parties[1].thread, "radio");
			assert_string_equal(cause->parties[1].lock, "spi_lock");
			assert_false(cause->random_frame);
			assert_true(case_says(&d.crew.c,
					      "thread 'logger' waits without a timeout for "
					      "uart_lock: the mutex, at 0x20000800, is held by "
					      "thread 'radio'"));
		}
		crew_end(&d.crew);
	}
}

struct expected {
	const char *category, *title;
	const char *says[4]; /* evidence that must be there */
	const char *silent;  /* ... that must not */
};

static void check(struct crew *crew, const struct expected *e)
{
	crew_decide(crew);
	assert_string_equal(crew->c.cause.title, e->title);
	assert_string_equal(crew->c.cause.category, e->category);
	for (size_t i = 0; i < 4 && e->says[i]; i++)
		if (!case_says(&crew->c, e->says[i]))
			fail_msg("it does not say: %s", e->says[i]);
	if (e->silent)
		assert_false(case_says(&crew->c, e->silent));
	crew_end(crew);
}

static void test_who_did_not_yield(void **state)
{
	static const struct {
		const char *name, *kernel;
		int32_t running, ready;
		const char *says;
	} cases[] = {
		{ "FreeRTOS: less urgent", "FreeRTOS", 3, 1,
		  "thread 'logger', of priority 1, was ready and could not run: the running one "
		  "has priority 3" },
		{ "FreeRTOS: more urgent", "FreeRTOS", 3, 5,
		  "thread 'logger', of priority 5, was ready and comes before the running one, of "
		  "priority 3: the scheduler was locked or interrupts were off" },
		{ "FreeRTOS: the same", "FreeRTOS", 3, 3,
		  "thread 'logger' was ready and did not run" },
		{ "Zephyr: less urgent", "Zephyr", -1, 5,
		  "thread 'logger', of priority 5, was ready and could not run: the running one "
		  "has priority -1" },
		{ "unknown kernel", NULL, 3, 1, "thread 'logger' was ready and did not run" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct deadlock d;
		begin(&d, WATCHDOG);
		d.crew.kernel.name = cases[i].kernel;
		d.radio->wait = d.logger->wait = (struct fl_wait){ 0 };
		d.logger->state = FL_THREAD_READY;
		d.sensor->priority = cases[i].running;
		d.logger->priority = cases[i].ready;
		print_message("%s\n", cases[i].name);
		check(&d.crew,
		      &(struct expected){ "Watchdog",
					  "watchdog: thread 'sensor' did not yield in poll_sensor",
					  { "thread 'sensor' was running when the watchdog came",
					    cases[i].says, "no thread is known to wait for a mutex",
					    "the registers are those of a handler" },
					  "the state of" });
	}
}

static void test_priority_inversion(void **state)
{
	static const struct {
		const char *name;
		enum fl_thread_state holder;
		int32_t waiter, runs, holds;
		bool waits; /* for a mutex of the running one */
		bool bears; /* the wait has to do with who ran */
		bool inversion;
	} cases[] = {
		{ "inversion", FL_THREAD_READY, 5, 3, 1, false, true, true },
		{ "the holder is blocked itself", FL_THREAD_BLOCKED, 5, 3, 1, false, false, false },
		{ "the holder waits for the running one", FL_THREAD_BLOCKED, 5, 3, 1, true, true,
		  false },
		{ "the holder inherited", FL_THREAD_READY, 5, 3, 5, false, true, false },
		{ "the running one is less urgent", FL_THREAD_READY, 5, 1, 3, false, true, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct deadlock d;
		begin(&d, WATCHDOG);
		d.radio->wait = (struct fl_wait){ 0 };
		if (cases[i].waits)
			wait_for(d.radio, FL_WAIT_MUTEX, "adc_lock", d.sensor);
		d.radio->state = cases[i].holder;
		d.logger->priority = cases[i].waiter;
		d.sensor->priority = cases[i].runs;
		d.radio->priority = cases[i].holds;
		print_message("%s\n", cases[i].name);
		crew_decide(&d.crew);
		assert_int_equal(case_says(&d.crew.c, "thread 'logger' waits without a timeout for "
						      "uart_lock: the mutex, at 0x20000800, is "
						      "held by thread 'radio'"),
				 cases[i].bears);
		assert_int_equal(case_says(&d.crew.c, "adc_lock: the mutex, at 0x20000800, is held "
						      "by thread 'sensor'"),
				 cases[i].waits);
		assert_true(
			case_says(&d.crew.c, "no threads wait for each other's mutexes in a ring"));
		assert_int_equal(
			case_says(&d.crew.c,
				  "priority inversion: thread 'logger', of priority 5, "
				  "waits for uart_lock, and its holder, thread 'radio', is "
				  "ready at priority 1 while priority 3 runs"),
			cases[i].inversion);
		assert_int_equal(case_says(&d.crew.c, "inversion"), cases[i].inversion);
		assert_string_equal(d.crew.c.cause.category, "Watchdog");
		crew_end(&d.crew);
	}
}

static void test_idle(void **state)
{
	struct deadlock d;
	(void)state;
	begin(&d, WATCHDOG);
	d.sensor->idle = true;
	wait_for(d.logger, FL_WAIT_QUEUE_RECEIVE, "events", NULL);
	wait_for(d.radio, FL_WAIT_MUTEX, "spi_lock", NULL);
	check(&d.crew, &(struct expected){
			       "Watchdog",
			       "watchdog expired while every thread was blocked",
			       { "the idle thread was running: nothing else could",
				 "thread 'logger' waits without a timeout for something in the "
				 "queue events",
				 "thread 'radio' waits without a timeout for spi_lock",
				 "no mutex names its holder: a deadlock can be neither shown nor "
				 "excluded" },
			       "the state of" });
	begin(&d, WATCHDOG);
	d.sensor->idle = true;
	d.radio->wait = (struct fl_wait){ 0 };
	d.radio->state = FL_THREAD_UNKNOWN;
	check(&d.crew, &(struct expected){
			       "Watchdog",
			       "watchdog expired in the idle thread",
			       { "the state of 1 thread is unknown", "is held by thread 'radio'" },
			       "no mutex" });
}

/* In thread mode: the interrupt's handler finds the running code on the stack; what ends in the
 * trap of an assert came there by itself. */
static void test_who_noticed(void **state)
{
	static const struct {
		const char *name;
		const char *inner; /* function of frame 0; NULL: poll_sensor itself */
		uint16_t insn;
		bool itself;
	} cases[] = {
		{ "the interrupt", NULL, 0xbf00, false },
		{ "the trap", NULL, 0xde4d, true },
		{ "an assert function", "memfault_fault_handling_assert", 0xbf00, true },
		{ "the check of all tasks", "memfault_task_watchdog_check_all", 0xbf00, true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct deadlock d;
		begin(&d, TASK);
		d.radio->wait = (struct fl_wait){ 0 };
		case_pc(&d.crew.c, 0x08000100, cases[i].insn, 0);
		crew_run(&d.crew, d.sensor, d.sensor->stack.start + 0x80);
		d.frames[1] = (struct fl_frame){ .function = cases[i].inner };
		d.sensor->frames = &d.frames[cases[i].inner ? 1 : 2];
		d.sensor->frame_count = cases[i].inner ? 2 : 1;
		print_message("%s\n", cases[i].name);
		crew_decide(&d.crew);
		assert_int_equal(case_says(&d.crew.c,
					   "thread 'sensor' reported it itself: that does not show "
					   "who was stuck"),
				 cases[i].itself);
		assert_int_equal(strstr(d.crew.c.cause.title, "did not yield") != NULL,
				 !cases[i].itself);
		crew_end(&d.crew);
	}
}

/* Threads of no kernel: as ever. */
static void test_bare_metal(void **state)
{
	struct deadlock d;
	(void)state;
	begin(&d, WATCHDOG);
	d.crew.count = d.crew.c.in.thread_count = 1;
	d.sensor->has_block = false;
	crew_decide(&d.crew);
	assert_string_equal(d.crew.c.cause.title, "watchdog expired in poll_sensor");
	assert_int_equal(d.crew.c.cause.evidence_count, 2);
	crew_end(&d.crew);
}

static void test_many_threads_are_few_sentences(void **state)
{
	struct crew crew;
	(void)state;
	crew_begin(&crew, WATCHDOG, "FreeRTOS");
	struct fl_thread *idle = crew_add(&crew, "IDLE");
	idle->idle = true;
	crew_interrupt(&crew, idle, idle->stack.start + 0x80);
	for (unsigned i = 1; i < CREW_MAX; i++)
		wait_for(crew_add(&crew, "worker"), FL_WAIT_SEMAPHORE, "work", NULL);
	crew_decide(&crew);
	assert_true(case_says(&crew.c, "4 more threads wait without a timeout"));
	crew_end(&crew);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deadlock),
		cmocka_unit_test(test_who_did_not_yield),
		cmocka_unit_test(test_priority_inversion),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_who_noticed),
		cmocka_unit_test(test_bare_metal),
		cmocka_unit_test(test_many_threads_are_few_sentences),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
