/* SPDX-License-Identifier: Apache-2.0 */
/* Symbols that come late, turn out wrong, or get better: what happens to the traces. */
#include "store/invariants.h"
#include "store/keeper.h"

#include <stdio.h>
#include <stdlib.h>

static const struct report_spec spec_a = { .title = "A",
					   .build = 1,
					   .fingerprints = { "stack=a" } };
static const struct report_spec spec_b = { .title = "B",
					   .build = 1,
					   .fingerprints = { "stack=b" } };
static const struct elf poor = { .bytes = "poor.elf", .build = 1 };
static const struct elf rich = { .bytes = "rich.elf", .build = 1, .debug = true };

static bool file_is_there(const struct fixture *f)
{
	char command[256];
	snprintf(command, sizeof(command), "ls %s.symbols/*.elf >/dev/null 2>&1", f->path);
	return system(command) == 0;
}

static struct fl_symbol_removed elf_remove(struct fl_store *store, int64_t id)
{
	struct fl_error err = { 0 };
	struct fl_symbol_removed removed = { 0 };
	assert_ok(fl_store_remove_symbols(store, id, &removed, &err), err);
	return removed;
}

static void test_a_late_elf_is_as_good_as_an_early_one(void **state)
{
	struct fixture *f = *state;
	int64_t early = elf_add(f->store, &rich).id;
	char bytes[16];
	for (int i = 0; i < 20; i++) {
		snprintf(bytes, sizeof(bytes), "early %d", i);
		file_with(f->store, bytes, NULL, i % 2 ? &spec_a : &spec_b, early);
	}
	char expected[64];
	snprintf(expected, sizeof(expected), "%s", issues_of(f->store));
	elf_remove(f->store, early);
	assert_string_equal(issues_of(f->store), "");
	for (int64_t id; (id = claim_next(f->store));)
		settle_one(f->store, id, id % 2 ? &spec_b : &spec_a, true);
	struct fl_symbol_added added = elf_add(f->store, &rich);
	assert_int_equal(added.dumps_requeued, 20);
	assert_int_equal(added.traces_requeued, 0);
	for (int64_t id; (id = claim_next(f->store));)
		settle_one(f->store, id, id % 2 ? &spec_b : &spec_a, false);
	assert_string_equal(issues_of(f->store), expected);
	assert_invariants(f->store);
}

static void test_the_past_of_a_trace(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	int64_t dump = enqueue(f->store, "dump", NULL);
	int64_t trace = settle_one(f->store, dump, &spec_a, true).trace_id;
	assert_string_equal(history(f->store, trace), "");
	int64_t one = elf_add(f->store, &poor).id;
	assert_int_equal(file_queued(f->store, &spec_a, one), 1);
	int64_t two = elf_add(f->store, &rich).id;
	assert_int_equal(file_queued(f->store, &spec_b, two), 1);
	elf_remove(f->store, two);
	assert_int_equal(file_queued(f->store, &spec_a, one), 1);
	struct fl_refiled refiled;
	FL_AUTO(fl_report) report = report_make(&spec_b);
	fl_store_set_symbols(f->store, one);
	assert_ok(fl_store_refile(f->store, dump, report, false, &refiled, &err), err);
	fl_store_set_symbols(f->store, one);
	assert_ok(fl_store_refile(f->store, dump, report, false, &refiled, &err), err);
	assert_false(refiled.changed); /* and is no event */
	assert_string_equal(history(f->store, trace), "symbols added 0>1 poor.elf; "
						      "symbols added 1>1 rich.elf; "
						      "symbols removed 1>0 rich.elf; "
						      "filed 0>1 poor.elf; "
						      "reanalysed 1>1 poor.elf");
	assert_int_equal(fl_store_trace_history(f->store, 99, NULL, NULL, &err), FL_ENOTFOUND);
	struct fl_filed other = file_with(f->store, "other", NULL, &spec_a, one);
	assert_string_equal(history(f->store, other.trace_id), "filed 0>1 poor.elf");
}

static void test_a_richer_file_moves_traces(void **state)
{
	struct fixture *f = *state;
	int64_t old = elf_add(f->store, &poor).id;
	struct fl_filed first = file_with(f->store, "1", NULL, &spec_a, old);
	file_with(f->store, "2", NULL, &spec_a, old);
	file_with(f->store, "3", NULL, &spec_a, 0); /* not read with it */
	struct fl_symbol_added added = elf_add(f->store, &rich);
	assert_int_equal(added.supersedes_id, old);
	assert_int_equal(added.traces_requeued, 2);
	assert_int_equal(added.dumps_requeued, 0);
	/* they stay where they are until they were read again */
	assert_string_equal(issues_of(f->store), "1:3 ");
	assert_string_equal(state_of(f->store, 1), "queued");
	assert_invariants(f->store);
	assert_int_equal(file_queued(f->store, &spec_b, added.id), 2);
	assert_string_equal(issues_of(f->store), "1:1 2:2 ");
	assert_string_equal(history(f->store, first.trace_id),
			    "filed 0>1 poor.elf; symbols added 1>2 rich.elf");
	assert_invariants(f->store);
	/* the same again, and a poorer one: nothing */
	assert_int_equal(elf_add(f->store, &rich).traces_requeued, 0);
	assert_int_equal(added.superseded_by, 0);
	int64_t best = added.id;
	added = elf_add(f->store, &(struct elf){ .bytes = "poor too", .build = 1 });
	assert_int_equal(added.traces_requeued, 0);
	assert_int_equal(added.superseded_by, best);
	assert_int_equal(added.supersedes_id, 0);
	assert_int_equal(claim_next(f->store), 0);
}

static void test_what_makes_a_file_richer(void **state)
{
	static const struct {
		struct elf elf;
		bool richer;
	} steps[] = {
		{ { .bytes = "nothing" }, false },
		{ { .bytes = "functions", .functions = 5 }, true },
		{ { .bytes = "as many", .functions = 5 }, false },
		{ { .bytes = "parts", .functions = 5, .embedded = 1 }, true },
		{ { .bytes = "fewer functions", .functions = 4, .embedded = 1 }, false },
		{ { .bytes = "lines", .debug = true }, true },
		{ { .bytes = "lines and parts", .debug = true, .embedded = 2 }, true },
	};
	struct fixture *f = *state;
	int64_t best = 0;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct elf elf = steps[i].elf;
		elf.build = 1;
		struct fl_symbol_added added = elf_add(f->store, &elf);
		if ((added.supersedes_id != 0) != steps[i].richer)
			fail_msg("%s: supersedes %d", elf.bytes, (int)added.supersedes_id);
		assert_int_equal(added.traces_requeued, steps[i].richer);
		if (steps[i].richer || !best)
			best = added.id;
		file_queued(f->store, &spec_a, best);
		if (i == 0)
			file_with(f->store, "dump", NULL, &spec_a, best);
	}
}

/* A debug file gets its instructions, instructions get their debug file. */
static void test_a_companion_has_traces_read_again(void **state)
{
	static const struct elf debug = { .bytes = "debug", .build = 1, .debug = true };
	static const struct elf stripped = { .bytes = "stripped", .build = 1, .code = true };
	struct fixture *f = *state;
	int64_t first = elf_add(f->store, &debug).id;
	file_with(f->store, "1", NULL, &spec_a, first);
	struct fl_symbol_added added = elf_add(f->store, &stripped);
	assert_int_equal(added.traces_requeued, 1);
	assert_int_equal(added.supersedes_id, 0);
	assert_int_equal(file_queued(f->store, &spec_a, first), 1);
	elf_remove(f->store, first);
	assert_int_equal(file_queued(f->store, &spec_a, added.id), 1);
	assert_int_equal(elf_add(f->store, &debug).traces_requeued, 1);
}

struct wanted_file {
	int64_t id;
	uint64_t traces;
};

static bool keep_traces(void *context, const struct fl_symbol_row *row)
{
	struct wanted_file *wanted = context;
	if (row->id == wanted->id)
		wanted->traces = row->traces;
	return true;
}

/* As `symbols list` has it. */
static uint64_t traces_of(struct fl_store *store, int64_t file)
{
	struct wanted_file wanted = { .id = file };
	struct fl_error err = { 0 };
	assert_ok(fl_store_symbols(store, keep_traces, &wanted, &err), err);
	return wanted.traces;
}

static void test_a_companion_goes(void **state)
{
	static const struct elf debug = { .bytes = "debug", .build = 1, .debug = true };
	static const struct elf stripped = { .bytes = "stripped", .build = 1, .code = true };
	static const struct elf other = { .bytes = "other", .build = 2, .code = true };
	struct fixture *f = *state;
	int64_t first = elf_add(f->store, &debug).id;
	int64_t companion = elf_add(f->store, &stripped).id;
	int64_t unrelated = elf_add(f->store, &other).id;
	file_with(f->store, "1", NULL, &spec_a, first);
	assert_int_equal(traces_of(f->store, first), 1);
	assert_int_equal(traces_of(f->store, companion), 1);
	assert_int_equal(traces_of(f->store, unrelated), 0);
	assert_int_equal(elf_remove(f->store, unrelated).companion_traces_requeued, 0);
	struct fl_symbol_removed removed = elf_remove(f->store, companion);
	assert_int_equal(removed.companion_traces_requeued, 1);
	assert_int_equal(removed.traces_requeued, 0);
	assert_string_equal(issues_of(f->store), "1:1 "); /* until it was read again */
	assert_int_equal(file_queued(f->store, &spec_b, first), 1);
	assert_invariants(f->store);
}

static void test_removal_takes_traces_out_at_once(void **state)
{
	struct fixture *f = *state;
	struct fl_error err = { 0 };
	int64_t wrong = elf_add(f->store, &rich).id;
	int64_t right = elf_add(f->store, &(struct elf){ .bytes = "2", .build = 2 }).id;
	struct fl_filed lost = file_with(f->store, "1", NULL, &spec_a, wrong);
	file_with(f->store, "2", NULL, &spec_b, wrong);
	file_with(f->store, "3", NULL, &spec_b, right);
	assert_int_equal(elf_remove(f->store, wrong).traces_requeued, 2);
	assert_string_equal(issues_of(f->store), "2:1 ");
	assert_string_equal(history(f->store, lost.trace_id),
			    "filed 0>1 rich.elf; symbols removed 1>0 rich.elf");
	assert_invariants(f->store);
	struct fl_report_facts facts = facts_of(1, 20, NULL, NULL);
	assert_string_equal(found(f->store, &facts), "-");
	for (int64_t id; (id = claim_next(f->store));)
		settle_one(f->store, id, &spec_a, true);
	assert_string_equal(state_of(f->store, 1), "waiting");
	assert_true(file_is_there(f));
	elf_remove(f->store, right);
	assert_false(file_is_there(f));
	struct fl_symbol_removed removed;
	assert_int_equal(fl_store_remove_symbols(f->store, right, &removed, &err), FL_ENOTFOUND);
	assert_string_equal(err.message, "there is no symbol file 2");
	assert_string_equal(problems(f->store), "");
}

/* Its bytes are gone: no other file can put it right, and the issue does not get rarer by that. */
static void test_what_cannot_be_read_again_stays(void **state)
{
	struct fixture *f = *state;
	int64_t wrong = elf_add(f->store, &rich).id;
	struct fl_filed pruned = file_with(f->store, "1", NULL, &spec_a, wrong);
	sabotage(f->store, "UPDATE dump_contents SET pruned = 1, compressed = X''");
	file_with(f->store, "2", NULL, &spec_a, wrong);
	int64_t better =
		elf_add(f->store,
			&(struct elf){ .bytes = "b", .build = 1, .debug = true, .functions = 9 })
			.id;
	assert_string_equal(state_of(f->store, 1), "done"); /* nothing to read again */
	assert_int_equal(file_queued(f->store, &spec_a, better), 1);
	struct fl_symbol_removed removed = elf_remove(f->store, better);
	assert_int_equal(removed.traces_requeued, 1);
	assert_int_equal(removed.traces_pruned, 0);
	assert_int_equal(file_queued(f->store, &spec_a, wrong), 1);
	removed = elf_remove(f->store, wrong);
	assert_int_equal(removed.traces_requeued, 1);
	assert_int_equal(removed.traces_pruned, 1);
	assert_string_equal(state_of(f->store, 1), "done");
	assert_string_equal(state_of(f->store, 2), "queued");
	assert_string_equal(issues_of(f->store), "1:1 ");
	assert_string_equal(history(f->store, pruned.trace_id),
			    "filed 0>1 rich.elf; symbols removed 1>1 rich.elf "
			    "(bytes not kept, cannot be analysed again)");
	assert_invariants(f->store);
	assert_string_equal(problems(f->store), "");
}

/* Of every third dump the bytes are kept. */
static void storm(struct fl_store *store, const struct report_spec *spec, int64_t symbols)
{
	char bytes[32];
	const char *version = spec->version ? spec->version : "";
	for (int i = 0; i < 9; i++) {
		snprintf(bytes, sizeof(bytes), "storm %s %d", version, i);
		file_with(store, bytes, NULL, spec, symbols);
	}
	sabotage(store, "UPDATE dump_contents SET pruned = 1, compressed = X'' WHERE id % 3 <> 0");
}

/* One bug stays one issue. */
static void test_what_cannot_be_read_again_follows(void **state)
{
	struct fixture *f = *state;
	int64_t old = elf_add(f->store, &poor).id;
	storm(f->store, &spec_a, old);
	struct fl_symbol_added added = elf_add(f->store, &rich);
	assert_int_equal(added.traces_requeued, 3);
	assert_int_equal(added.traces_pruned, 6);
	for (int i = 0; i < 2; i++) {
		fl_store_set_symbols(f->store, added.id);
		settle_one(f->store, claim_next(f->store), &spec_b, false);
	}
	assert_string_equal(issues_of(f->store), "1:7 2:2 "); /* not all have moved */
	assert_int_equal(file_queued(f->store, &spec_b, added.id), 1);
	assert_string_equal(issues_of(f->store), "2:9 ");
	assert_string_equal(history(f->store, 1),
			    "filed 0>1 poor.elf; symbols added 1>2 "
			    "bytes not kept: follows those that were analysed again");
	assert_string_equal(history(f->store, 3), "filed 0>1 poor.elf; symbols added 1>2 rich.elf");
	assert_invariants(f->store);
	assert_string_equal(problems(f->store), "");
}

static void test_it_does_not_follow_in_two_directions(void **state)
{
	struct fixture *f = *state;
	int64_t old = elf_add(f->store, &poor).id;
	struct report_spec spec = spec_a;
	spec.version = "1.0";
	storm(f->store, &spec, old);
	spec.version = "1.1"; /* of the same build, but counted apart */
	storm(f->store, &spec, old);
	int64_t added = elf_add(f->store, &rich).id;
	for (int64_t id; (id = claim_next(f->store));) {
		spec = id == 3 ? spec_a : spec_b;
		spec.title = "C";
		spec.fingerprints[0] = id == 3 ? "stack=c" : "stack=b";
		spec.version = id <= 9 ? "1.0" : "1.1";
		fl_store_set_symbols(f->store, added);
		settle_one(f->store, id, &spec, false);
	}
	assert_string_equal(issues_of(f->store), "1:6 2:1 3:11 ");
	assert_invariants(f->store);
}

static void test_it_follows_after_a_removal(void **state)
{
	struct fixture *f = *state;
	int64_t old = elf_add(f->store, &poor).id;
	storm(f->store, &spec_a, old);
	struct fl_symbol_removed removed = elf_remove(f->store, old);
	assert_int_equal(removed.traces_requeued, 3);
	assert_int_equal(removed.traces_pruned, 6);
	for (int64_t id; (id = claim_next(f->store));)
		settle_one(f->store, id, &spec_a, true);
	assert_string_equal(issues_of(f->store), "1:6 ");
	struct fl_symbol_added added = elf_add(f->store, &rich);
	assert_int_equal(added.dumps_requeued, 3);
	assert_int_equal(added.traces_pruned, 6);
	assert_int_equal(file_queued(f->store, &spec_b, added.id), 3);
	assert_string_equal(issues_of(f->store), "2:9 ");
	assert_invariants(f->store);
	/* and when it comes back as it was, nothing moves */
	elf_remove(f->store, added.id);
	added = elf_add(f->store, &rich);
	assert_int_equal(file_queued(f->store, &spec_b, added.id), 3);
	assert_string_equal(issues_of(f->store), "2:9 ");
	assert_invariants(f->store);
}

static void test_a_removal_can_make_room(void **state)
{
	struct fixture *f = *state;
	const struct elf a = { .bytes = "a", .build = 1, .type = "main", .version = "1" };
	const struct elf b = { .bytes = "b", .build = 2, .type = "main", .version = "1" };
	const struct report_spec spec = { .title = "A", .type = "main", .version = "1" };
	int64_t first = elf_add(f->store, &a).id;
	elf_add(f->store, &b);
	settle_one(f->store, enqueue(f->store, "1", NULL), &spec, true); /* which of the two? */
	assert_int_equal(claim_next(f->store), 0);
	elf_remove(f->store, first);
	assert_int_equal(claim_next(f->store), 1);
}

/* The worker has opened the file, and then it goes: nothing may be filed with it. */
static void test_a_file_that_goes_while_it_is_used(void **state)
{
	struct fixture *f = *state;
	for (int removed = 0; removed < 2; removed++) {
		char bytes[8];
		snprintf(bytes, sizeof(bytes), "%d", removed);
		int64_t elf = elf_add(f->store, removed ? &rich : &poor).id;
		int64_t dump = enqueue(f->store, bytes, NULL);
		assert_int_equal(claim_next(f->store), dump);
		if (removed)
			elf_remove(f->store, elf);
		else
			elf_add(f->store, &rich);
		fl_store_set_symbols(f->store, elf);
		struct fl_filed filed = settle_one(f->store, dump, &spec_a, false);
		assert_true(filed.requeued);
		assert_int_equal(filed.trace_id, 0);
		assert_string_equal(issues_of(f->store), "");
		assert_int_equal(claim_next(f->store), dump);
		struct fl_error err = { 0 };
		assert_ok(fl_store_quarantine(f->store, dump, "enough", NULL, &err), err);
	}
}

/* max(revision) falls when the newest row goes: an ELF that comes then must still be seen. */
static void test_an_elf_after_a_removal_is_not_missed(void **state)
{
	struct fixture *f = *state;
	elf_add(f->store, &(struct elf){ .bytes = "old", .build = 8 });
	int64_t newest = elf_add(f->store, &(struct elf){ .bytes = "new", .build = 9 }).id;
	int64_t dump = enqueue(f->store, "1", NULL);
	assert_int_equal(claim_next(f->store), dump);
	elf_remove(f->store, newest);
	elf_add(f->store, &rich);
	settle_one(f->store, dump, &spec_a, true);
	assert_string_equal(state_of(f->store, dump), "queued");
}

static void test_events_wait_by_their_short_id(void **state)
{
	struct fixture *f = *state;
	struct report_spec event = { .title = "E",
				     .build = 1,
				     .build_size = 6,
				     .kind = FL_REPORT_REBOOT,
				     .fingerprints = { "site=x" } };
	int64_t id = enqueue_kind(f->store, "event", "DEV1", FL_REPORT_REBOOT, 0);
	settle_one(f->store, id, &event, true);
	event.build = 2;
	int64_t other = enqueue_kind(f->store, "event 2", "DEV1", FL_REPORT_REBOOT, 0);
	settle_one(f->store, other, &event, true);
	assert_int_equal(elf_add(f->store, &rich).dumps_requeued, 1);
	assert_int_equal(claim_next(f->store), id);
	assert_int_equal(claim_next(f->store), 0);
}

static void test_a_superseded_trace_that_then_waits(void **state)
{
	struct fixture *f = *state;
	int64_t old = elf_add(f->store, &poor).id;
	struct fl_filed first = file_with(f->store, "1", NULL, &spec_a, old);
	file_with(f->store, "2", NULL, &spec_a, old);
	int64_t added = elf_add(f->store, &rich).id;
	int64_t id = claim_next(f->store);
	fl_store_set_symbols(f->store, added);
	settle_one(f->store, id, &spec_a, true); /* does not match what was captured */
	assert_string_equal(issues_of(f->store), "1:1 ");
	assert_string_equal(history(f->store, first.trace_id),
			    "filed 0>1 poor.elf; symbols added 1>0 rich.elf");
	assert_invariants(f->store);
	/* and one that kills the analysis keeps what was known of it */
	struct fl_error err = { 0 };
	id = claim_next(f->store);
	assert_ok(fl_store_quarantine(f->store, id, "died", NULL, &err), err);
	assert_string_equal(issues_of(f->store), "1:1 ");
	assert_string_equal(state_of(f->store, id), "quarantined");
	assert_invariants(f->store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_a_late_elf_is_as_good_as_an_early_one),
		store_test(test_the_past_of_a_trace),
		store_test(test_a_richer_file_moves_traces),
		store_test(test_what_makes_a_file_richer),
		store_test(test_a_companion_has_traces_read_again),
		store_test(test_a_companion_goes),
		store_test(test_removal_takes_traces_out_at_once),
		store_test(test_what_cannot_be_read_again_stays),
		store_test(test_what_cannot_be_read_again_follows),
		store_test(test_it_does_not_follow_in_two_directions),
		store_test(test_it_follows_after_a_removal),
		store_test(test_a_removal_can_make_room),
		store_test(test_a_file_that_goes_while_it_is_used),
		store_test(test_an_elf_after_a_removal_is_not_missed),
		store_test(test_events_wait_by_their_short_id),
		store_test(test_a_superseded_trace_that_then_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
