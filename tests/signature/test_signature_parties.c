/* SPDX-License-Identifier: Apache-2.0 */
/* Causes of several threads: rings of locks, and victims. */
#include "support/cmocka.h"
#include "support/signatures.h"
#include "support/traces.h"

#include <stdlib.h>

static struct fl_report *with_parties(const char *category, const char *frames, const char *thread,
				      const struct fl_cause_party *parties, size_t count)
{
	struct fl_report *report = trace_make(category, frames);
	struct fl_trace *t = &report->trace;
	if (t->thread_count)
		t->threads[0].name = thread;
	t->identity.software_type = "app";
	t->cause.random_frame = true;
	t->cause.parties = fl_arena_copy(&report->arena, parties, count * sizeof(*parties));
	t->cause.party_count = count;
	signature_compute(report);
	return report;
}

static void test_a_deadlock_is_its_ring(void **state)
{
	static const struct {
		const char *name;
		struct fl_cause_party parties[4];
		size_t count;
		const char *title, *decides;
	} cases[] = {
		{ "two",
		  { { "logger", "uart_lock" }, { "radio", "spi_lock" } },
		  2,
		  "Deadlock between logger and radio",
		  "cause: Deadlock between logger for uart_lock, radio for spi_lock of app" },
		{ "the other way round is the same ring",
		  { { "radio", "spi_lock" }, { "logger", "uart_lock" } },
		  2,
		  "Deadlock between logger and radio",
		  "cause: Deadlock between logger for uart_lock, radio for spi_lock of app" },
		{ "ids and copies are no names",
		  { { "worker-3", "lock.17" }, { "worker-1", "pool+0x20" } },
		  2,
		  "Deadlock between worker and worker",
		  "cause: Deadlock between worker for lock, worker for pool of app" },
		{ "one",
		  { { "logger", "uart_lock" } },
		  1,
		  "Deadlock in logger",
		  "cause: Deadlock between logger for uart_lock of app" },
		{ "nothing has a name",
		  { { NULL, NULL }, { "0x20001000", NULL } },
		  2,
		  "Deadlock between an unnamed thread and an unnamed thread",
		  "cause: Deadlock between ? for ?, ? for ? of app" },
		{ "four",
		  { { "d", "1" }, { "c", "2" }, { "b", "3" }, { "a", "4" } },
		  4,
		  "Deadlock between a, d, c and 1 more",
		  "cause: Deadlock between a for 4, d for 1, c for 2, b for 3 of app" },
		{ "a turn decided late",
		  { { "a", "1" }, { "b", "1" }, { "a", "1" }, { "a", "2" } },
		  4,
		  "Deadlock between a, a, a and 1 more",
		  "cause: Deadlock between a for 1, a for 2, a for 1, b for 1 of app" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buf[512];
		print_message("%s\n", cases[i].name);
		for (size_t turn = 0; turn < cases[i].count; turn++) {
			struct fl_cause_party turned[4];
			for (size_t k = 0; k < cases[i].count; k++)
				turned[k] = cases[i].parties[(turn + k) % cases[i].count];
			FL_AUTO(fl_report)
			report = with_parties("Deadlock", turn ? "prvIdleTask" : "poll;main",
					      "IDLE", turned, cases[i].count);
			assert_string_equal(report->trace.signature.title, cases[i].title);
			assert_string_equal(signature_decisive(report, buf, sizeof(buf)),
					    cases[i].decides);
			assert_null(report->trace.signature.function);
		}
	}
}

static void test_the_first_turn_of_random_rings(void **state)
{
	enum { RINGS = 2000, SIZE = 7 };
	static const char *const names[] = { "a", "b" };
	(void)state;
	srand(7);
	for (unsigned n = 0; n < RINGS; n++) {
		struct fl_cause_party ring[SIZE], turned[SIZE];
		char a[512], b[512];
		size_t turn = (size_t)rand() % SIZE;
		for (size_t i = 0; i < SIZE; i++)
			ring[i] = (struct fl_cause_party){ names[rand() % 2], "l" };
		for (size_t i = 0; i < SIZE; i++)
			turned[i] = ring[(turn + i) % SIZE];
		FL_AUTO(fl_report) first = with_parties("Deadlock", "f", "t", ring, SIZE);
		FL_AUTO(fl_report) second = with_parties("Deadlock", "g", "u", turned, SIZE);
		assert_string_equal(signature_decisive(first, a, sizeof(a)),
				    signature_decisive(second, b, sizeof(b)));
	}
}

static void test_a_large_ring_has_a_short_text(void **state)
{
	struct fl_cause_party parties[257];
	char buf[1024];
	(void)state;
	for (size_t i = 0; i < 257; i++)
		parties[i] = (struct fl_cause_party){ "t", "l" };
	FL_AUTO(fl_report) report = with_parties("Deadlock", NULL, NULL, parties, 257);
	assert_string_equal(report->trace.signature.title, "Deadlock between t, t, t and 254 more");
	assert_string_equal(signature_decisive(report, buf, sizeof(buf)),
			    "cause: Deadlock between t for l, t for l, t for l, t for l, t for l, "
			    "t for l, t for l, t for l, t for l, t for l, t for l, t for l, t for "
			    "l, t for l, t for l, t for l and 241 more of app");
}

/* The thread that found the overflow is not the one that had it. */
static void test_the_victim_of_an_overflow_names_it(void **state)
{
	static const struct {
		const char *party, *thread, *title, *decides;
	} cases[] = {
		{ "net_rx", "IDLE", "Stack Overflow in net_rx",
		  "cause: Stack Overflow in thread net_rx of app" },
		{ "main stack", "net_rx", "Stack Overflow in main stack",
		  "cause: Stack Overflow in thread main stack of app" },
		{ NULL, "IDLE", "Stack Overflow at push", "top: Stack Overflow at push < run" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buf[512];
		struct fl_cause_party party = { cases[i].party, NULL };
		FL_AUTO(fl_report)
		report = with_parties("Stack Overflow", "push;run", cases[i].thread, &party, 1);
		assert_string_equal(report->trace.signature.title, cases[i].title);
		assert_string_equal(signature_decisive(report, buf, sizeof(buf)), cases[i].decides);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_deadlock_is_its_ring),
		cmocka_unit_test(test_the_first_turn_of_random_rings),
		cmocka_unit_test(test_a_large_ring_has_a_short_text),
		cmocka_unit_test(test_the_victim_of_an_overflow_names_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
