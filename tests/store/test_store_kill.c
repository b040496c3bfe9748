/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill -9 at any moment: processes that enqueue, claim, file and add symbols without pause are
 * killed at random moments. Each writes down what the store had acknowledged, after the call
 * returned; all of that must be there afterwards, once.
 */
#include "store/fixture.h"
#include "store/invariants.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	ROUNDS = 40,
	PROCESSES = 2,
	LEASE = 5, /* seconds of a clock that jumps by more than that each round */
};

enum ack_kind { ACK_DUMP, ACK_TRACE, ACK_SYMBOLS };

struct ack {
	enum ack_kind kind;
	int64_t id;
	int64_t number; /* what the content was made from */
};

static void acknowledge(int log, enum ack_kind kind, int64_t id, int64_t number)
{
	struct ack ack;
	memset(&ack, 0, sizeof(ack));
	ack.kind = kind;
	ack.id = id;
	ack.number = number;
	if (write(log, &ack, sizeof(ack)) != sizeof(ack))
		_exit(1);
}

/* Content of dump @p number: some are large, so that a kill hits the middle of a write. */
static size_t content(int64_t number, char bytes[30000])
{
	size_t size = number % 5 ? 200 : 30000;
	uint32_t word = (uint32_t)number * 2654435761u;
	for (size_t i = 0; i < size; i++) {
		word = word * 1664525u + 1013904223u;
		bytes[i] = (char)(word >> 24);
	}
	snprintf(bytes, 32, "dump %lld", (long long)number);
	return size;
}

static void do_enqueue(struct fl_store *store, int log, int64_t number)
{
	static char bytes[30000];
	char device[32];
	struct fl_enqueued enqueued;
	snprintf(device, sizeof(device), "D%lld", (long long)(number % 7));
	const struct fl_upload upload = { .bytes = bytes,
					  .size = content(number, bytes),
					  .device = number % 3 ? device : NULL,
					  .received_at = NOON + number };
	if (fl_store_enqueue(store, &upload, &enqueued, NULL))
		_exit(2);
	acknowledge(log, ACK_DUMP, enqueued.dump_id, number);
}

static void do_claim(struct fl_store *store, int log, int64_t now)
{
	struct fl_claim claim = { 0 };
	struct fl_filed filed = { 0 };
	enum fl_code code = fl_store_claim(store, "killed", now, LEASE, &claim, NULL);
	if (code == FL_ENOTFOUND)
		return;
	if (code)
		_exit(3);
	char stack[32];
	snprintf(stack, sizeof(stack), "stack=%d", (int)(claim.received_at % 11));
	FL_AUTO(fl_report)
	report = report_make(
		&(struct report_spec){ .title = stack,
				       .serial = claim.received_at % 2 ? "inside" : NULL,
				       .fingerprints = { stack },
				       .build = (uint8_t)(1 + claim.received_at % 3) });
	if (claim.received_at % 4 == 0)
		code = fl_store_wait(store, claim.dump_id, report, NULL, &filed, NULL);
	else
		code = fl_store_file(store, claim.dump_id, report, &filed, NULL);
	if (code)
		_exit(4);
	acknowledge(log, ACK_TRACE, filed.trace_id, claim.dump_id);
	fl_claim_deinit(&claim);
}

static void do_symbols(struct fl_store *store, int log, int64_t number)
{
	char bytes[64];
	struct fl_symbol_added added;
	struct fl_module_info module = { .name = "fw.elf", .build_id_size = 20 };
	memset(module.build_id, (int)(1 + number % 3), 20);
	snprintf(bytes, sizeof(bytes), "ELF %lld", (long long)number);
	const struct fl_symbol_file file = { .name = "fw.elf",
					     .bytes = bytes,
					     .size = strlen(bytes),
					     .modules = &module,
					     .module_count = 1 };
	if (fl_store_add_symbols(store, &file, &added, NULL))
		_exit(5);
	acknowledge(log, ACK_SYMBOLS, added.id, number);
}

/* Works until it is killed. */
static void victim(const char *path, const char *log_path, int64_t number, int64_t now)
{
	struct fl_store *store = NULL;
	int log = open(log_path, O_WRONLY | O_APPEND | O_CREAT, 0600);
	if (log < 0 || fl_store_open(path, &store, NULL))
		_exit(6);
	for (;; number++) {
		do_enqueue(store, log, number);
		if (number % 2)
			do_enqueue(store, log, number); /* the same again */
		do_claim(store, log, now);
		if (number % 25 == 0)
			do_symbols(store, log, number);
	}
}

static void kill_round(const struct fixture *f, const char *log, int round, unsigned *seed)
{
	pid_t children[PROCESSES];
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (!children[i])
			victim(f->path, log, (int64_t)(round * PROCESSES + i) * 100000,
			       NOON + round * 2 * LEASE);
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;
		struct timespec pause = { 0, 5000000 + rand_r(seed) % 80000000 };
		nanosleep(&pause, NULL);
		assert_int_equal(kill(children[i], SIGKILL), 0);
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		if (!WIFSIGNALED(status))
			fail_msg("round %d: the store failed, step %d", round, WEXITSTATUS(status));
	}
}

static void check_dump(struct fl_store *store, const struct ack *ack)
{
	static char bytes[30000];
	struct fl_error err = { 0 };
	struct fl_claim claim = { 0 };
	assert_ok(fl_store_dump(store, ack->id, &claim, &err), err);
	assert_int_equal(claim.bytes.size, content(ack->number, bytes));
	assert_memory_equal(claim.bytes.data, bytes, claim.bytes.size);
	fl_claim_deinit(&claim);
}

static void check_ack(struct fl_store *store, const struct ack *ack)
{
	struct fl_error err = { 0 };
	if (ack->kind == ACK_DUMP) {
		check_dump(store, ack);
	} else if (ack->kind == ACK_TRACE) {
		FL_AUTO(fl_report) report = NULL;
		assert_ok(fl_store_report(store, ack->id, &report, &err), err);
	} else {
		struct fl_symbol_choice choice;
		struct fl_report_facts facts = { .build_id_size = 20 };
		memset(facts.build_id, (int)(1 + ack->number % 3), 20);
		assert_ok(fl_store_find_symbols(store, &facts, &choice, &err), err);
		close(choice.fd);
	}
}

static size_t check_acks(struct fl_store *store, const char *log)
{
	struct ack ack;
	size_t counts[3] = { 0 };
	FILE *file = fopen(log, "rb");
	assert_non_null(file);
	while (fread(&ack, sizeof(ack), 1, file) == 1) {
		check_ack(store, &ack);
		counts[ack.kind]++;
	}
	fclose(file);
	print_message("acknowledged: %zu dumps, %zu traces, %zu symbol files\n", counts[ACK_DUMP],
		      counts[ACK_TRACE], counts[ACK_SYMBOLS]);
	return counts[ACK_DUMP] ? counts[ACK_TRACE] : 0;
}

/* What the dead held comes back when their leases end, and everything can be finished. */
static void drain(struct fl_store *store)
{
	struct fl_error err = { 0 };
	struct fl_queue_counts counts;
	struct fl_claim claim = { 0 };
	int64_t now = NOON + (ROUNDS + 1) * 2 * LEASE;
	FL_AUTO(fl_report)
	report = report_make(&(struct report_spec){ .title = "T", .fingerprints = { "stack=0" } });
	enum fl_code code;
	while (!(code = fl_store_claim(store, "last", now, LEASE, &claim, &err))) {
		struct fl_filed filed;
		assert_ok(fl_store_file(store, claim.dump_id, report, &filed, &err), err);
		fl_claim_deinit(&claim);
	}
	assert_int_equal(code, FL_ENOTFOUND);
	assert_ok(fl_store_queue_counts(store, &counts, &err), err);
	assert_int_equal(counts.queued + counts.claimed + counts.quarantined, 0);
	assert_true(counts.done > 0);
}

static void test_nothing_is_lost_and_nothing_doubled(void **state)
{
	struct fixture *f = *state;
	unsigned seed = (unsigned)getpid();
	char log[128];
	snprintf(log, sizeof(log), "%s", fixture_path(f, "acknowledged"));
	fl_store_close(f->store);
	f->store = NULL;
	for (int round = 0; round < ROUNDS; round++) {
		kill_round(f, log, round, &seed);
		if (round % 10 == 9) {
			f->store = fixture_open(f);
			assert_invariants(f->store);
			fl_store_close(f->store);
			f->store = NULL;
		}
	}
	f->store = fixture_open(f);
	assert_invariants(f->store);
	assert_true(check_acks(f->store, log) > 0);
	drain(f->store);
	assert_invariants(f->store);
}

int main(void)
{
	const struct CMUnitTest tests[] = { store_test(test_nothing_is_lost_and_nothing_doubled) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
