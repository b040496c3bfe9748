/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill -9 at any moment: processes that enqueue, claim, file and add symbols without pause are
 * killed at random moments. Each writes down what the store had acknowledged, after the call
 * returned; all of that must be there afterwards, once.
 */
#include "store/fixture.h"
#include "store/internal.h"
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

enum ack_kind { ACK_DUMP, ACK_TRACE, ACK_SYMBOLS, ACK_PARTIAL, ACK_KINDS };

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

enum { EVENT = 50000 }; /* the number of a dump's event is so much larger */

static int64_t put_one(struct fl_store *store, int64_t number, enum fl_report_kind kind)
{
	static char bytes[30000];
	char device[32];
	struct fl_enqueued enqueued;
	snprintf(device, sizeof(device), "D%lld", (long long)(number % 7));
	const struct fl_upload upload = { .bytes = bytes,
					  .size = content(number + (kind ? EVENT : 0), bytes),
					  .device = device,
					  .kind = kind,
					  .received_at = NOON + number };
	if (fl_store_enqueue(store, &upload, &enqueued, NULL))
		_exit(7);
	return enqueued.dump_id;
}

/* A dump, its event and half a message: all of it is there, or nothing. */
static void do_delivery(struct fl_store *store, int log, int64_t number)
{
	char text[32];
	if (fl_store_batch_begin(store, NULL))
		_exit(8);
	int64_t event = put_one(store, number, FL_REPORT_REBOOT);
	int64_t dump = put_one(store, number, FL_REPORT_DUMP);
	snprintf(text, sizeof(text), "%lld", (long long)number);
	if (fl_store_put_partial(store, text, text, strlen(text), 1, NOON, NULL) ||
	    fl_store_batch_commit(store, NULL))
		_exit(9);
	acknowledge(log, ACK_DUMP, event, number + EVENT);
	acknowledge(log, ACK_DUMP, dump, number);
	acknowledge(log, ACK_PARTIAL, 0, number);
}

/* Dump and event of one delivery tell the same crash. */
static struct report_spec crash_of(const struct fl_claim *claim, const char *stack)
{
	return (struct report_spec){ .kind = claim->kind,
				     .title = stack,
				     .reason = 0x9400,
				     .pc = (uint32_t)(claim->received_at & 0xffffff) * 2,
				     .lr = 0x08000101,
				     .coredump_saved = true,
				     .fingerprints = { stack } };
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
	struct report_spec spec = crash_of(&claim, stack);
	spec.serial = claim.received_at % 2 ? "inside" : NULL;
	spec.build = (uint8_t)(1 + claim.received_at % 3);
	FL_AUTO(fl_report) report = report_make(&spec);
	if (claim.received_at % 4 == 0)
		code = fl_store_wait(store, claim.dump_id, report, NULL, &filed, NULL);
	else
		code = fl_store_file(store, claim.dump_id, report, &filed, NULL);
	if (code)
		_exit(4);
	acknowledge(log, ACK_TRACE, filed.trace_id, claim.dump_id);
	fl_claim_deinit(&claim);
}

enum { BATCH = 6 };

/* What a worker does: many at once, one transaction. */
static void do_batch(struct fl_store *store, int log, int64_t now)
{
	int64_t ids[BATCH];
	size_t count;
	struct fl_report *reports[BATCH] = { NULL };
	struct fl_buffer encoded[BATCH] = { { 0 } };
	struct fl_result results[BATCH];
	struct fl_result *order[BATCH];
	enum fl_code code =
		fl_store_claim_batch(store, "killed", now, LEASE, ids, BATCH, &count, NULL);
	if (code == FL_ENOTFOUND)
		return;
	if (code)
		_exit(10);
	for (size_t i = 0; i < count; i++) {
		struct fl_claim claim = { 0 };
		if (fl_store_dump(store, ids[i], &claim, NULL))
			_exit(11);
		struct report_spec spec = crash_of(&claim, "stack=batch");
		fl_claim_deinit(&claim);
		reports[i] = report_make(&spec);
		if (fl_report_encode(reports[i], &encoded[i], NULL))
			_exit(12);
		results[i] = (struct fl_result){ .dump_id = ids[i],
						 .kind = i == 4 ? FL_RESULT_WAIT : FL_RESULT_FILE,
						 .report = reports[i],
						 .encoded = &encoded[i] };
		order[i] = &results[i];
	}
	if (fl_store_finish(store, order, count, NULL))
		_exit(13);
	for (size_t i = 0; i < count; i++) {
		acknowledge(log, ACK_TRACE, results[i].filed.trace_id, results[i].dump_id);
		fl_report_close(reports[i]);
		fl_buffer_deinit(&encoded[i]);
	}
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
		if (number % 2 == 0) {
			do_delivery(store, log, number);
			do_batch(store, log, now);
		}
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

/* The trace of an event goes when its dump comes: then the dump has it. */
static bool is_paired(struct fl_store *store, int64_t event_id)
{
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(sqlite3_prepare_v2(store->db, "SELECT 1 FROM dumps WHERE paired_id = ?1",
					    -1, &stmt, NULL),
			 SQLITE_OK);
	sqlite3_bind_int64(stmt, 1, event_id);
	bool paired = sqlite3_step(stmt) == SQLITE_ROW;
	sqlite3_finalize(stmt);
	return paired;
}

static void check_ack(struct fl_store *store, const struct ack *ack)
{
	struct fl_error err = { 0 };
	if (ack->kind == ACK_DUMP) {
		check_dump(store, ack);
	} else if (ack->kind == ACK_TRACE) {
		FL_AUTO(fl_report) report = NULL;
		if (!is_paired(store, ack->number))
			assert_ok(fl_store_report(store, ack->id, &report, &err), err);
	} else if (ack->kind == ACK_PARTIAL) {
		char text[32];
		FL_AUTO_BUFFER state = { 0 };
		snprintf(text, sizeof(text), "%lld", (long long)ack->number);
		assert_ok(fl_store_partial(store, text, &state, &err), err);
		assert_int_equal(state.size, strlen(text));
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
	size_t counts[ACK_KINDS] = { 0 };
	FILE *file = fopen(log, "rb");
	assert_non_null(file);
	while (fread(&ack, sizeof(ack), 1, file) == 1) {
		check_ack(store, &ack);
		counts[ack.kind]++;
	}
	fclose(file);
	print_message("acknowledged: %zu dumps and events, %zu traces, %zu symbol files\n",
		      counts[ACK_DUMP], counts[ACK_TRACE], counts[ACK_SYMBOLS]);
	return counts[ACK_DUMP] ? counts[ACK_TRACE] : 0;
}

/* What the dead held comes back when their leases end, and everything can be finished. */
static void drain(struct fl_store *store)
{
	struct fl_error err = { 0 };
	struct fl_queue_counts counts;
	struct fl_claim claim = { 0 };
	int64_t now = NOON + (ROUNDS + 1) * 2 * LEASE;
	enum fl_code code;
	while (!(code = fl_store_claim(store, "last", now, LEASE, &claim, &err))) {
		const struct report_spec spec = crash_of(&claim, "stack=0");
		settle_one(store, claim.dump_id, &spec, false);
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
