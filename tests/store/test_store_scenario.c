/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fleet whose symbol files come late: ten thousand dumps and events wait for them, and end up in
 * the same issues as if the files had been there first. The label of each is the bug that its maker
 * gave it; the store sees what an analysis would make of it.
 */
#include "store/fixture.h"
#include "store/internal.h"
#include "store/invariants.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	ITEMS = 10000,
	BUGS = 60,
	DEVICES = 400,
	BUILDS = 5,
	WHERE = 3, /* places that a bug is seen at, as (pc, lr) */
};

/* One thing that a device sent. */
struct item {
	enum fl_report_kind kind;
	int bug; /* the label; -1 = an expected reboot */
	int where;
	int device, build;
	int crash; /* dump and event of one crash have it in common; -1 = alone */
};

struct fleet {
	struct item items[ITEMS];
	int64_t dump_ids[ITEMS];
};

static int below(unsigned *seed, int limit)
{
	return (int)((unsigned)rand_r(seed) % (unsigned)limit);
}

static struct item make_item(unsigned *seed)
{
	int bug = below(seed, BUGS);
	return (struct item){ .kind = FL_REPORT_DUMP,
			      .bug = bug,
			      .where = below(seed, WHERE),
			      .device = below(seed, DEVICES),
			      .build = 1 + below(seed, BUILDS),
			      .crash = -1 };
}

/* Dumps, events alone, both of one crash in either order, trace events, expected reboots. */
static void make_fleet(struct fleet *fleet, unsigned seed)
{
	int crashes = 0;
	for (int i = 0; i < ITEMS;) {
		struct item item = make_item(&seed);
		int what = below(&seed, 10);
		if (what < 5 && i + 1 < ITEMS) {
			item.crash = crashes++;
			struct item event = item;
			event.kind = FL_REPORT_REBOOT;
			bool event_first = below(&seed, 3) == 0;
			fleet->items[i++] = event_first ? event : item;
			fleet->items[i++] = event_first ? item : event;
			continue;
		}
		if (what == 6 || what == 7)
			item.kind = FL_REPORT_REBOOT;
		if (what == 8)
			item.kind = FL_REPORT_TRACE;
		if (what == 9) {
			item.kind = FL_REPORT_REBOOT;
			item.bug = -1;
		}
		fleet->items[i++] = item;
	}
}

struct texts {
	char title[64], stack[64], top[64], site[64], address[64];
};

/* What the analysis makes of it; without symbols it knows addresses only. */
static struct report_spec
spec_of(const struct item *item, int number, bool symbols, struct texts *texts)
{
	bool dump = item->kind == FL_REPORT_DUMP;
	int crash = item->crash >= 0 ? item->crash : ITEMS + number;
	uint32_t place = (uint32_t)(item->bug * 64 + item->where * 8);
	struct report_spec spec = {
		.kind = item->kind,
		.title = texts->title,
		.build = (uint8_t)item->build,
		.build_size = dump ? 0 : 6,
		.reason = item->bug < 0   ? 0x000a
			  : item->bug % 2 ? 0x9400
					  : 0x8001,
		.pc = 0x08000000 + place + (uint32_t)(item->build << 16),
		.lr = (uint32_t)(0x08800001 + crash * 16),
		.coredump_saved = item->crash >= 0,
	};
	if (dump && !symbols && item->bug % 2 == 0)
		spec.pc = spec.lr = 0; /* an assert: read by code that needs its ELF */
	if (!dump && spec.reason == 0x8001)
		spec.pc += 4;
	snprintf(texts->title, sizeof(texts->title), "Bug %d", item->bug);
	snprintf(texts->stack, sizeof(texts->stack), "stack=bug %d/%d>main", item->bug,
		 item->where % 2);
	snprintf(texts->top, sizeof(texts->top), "top=bug %d", item->bug);
	snprintf(texts->site, sizeof(texts->site), "%ssite=bug %d|%d", dump ? "^" : "", item->bug,
		 item->where);
	snprintf(texts->address, sizeof(texts->address), "~address=%x", spec.pc);
	if (!symbols)
		spec.fingerprints[0] = texts->address;
	else if (dump)
		memcpy(spec.fingerprints,
		       (const char *[]){ texts->stack, texts->top, texts->site, texts->address },
		       4 * sizeof(char *));
	else
		memcpy(spec.fingerprints, (const char *[]){ texts->site, texts->address },
		       2 * sizeof(char *));
	return spec;
}

static void enqueue_fleet(struct fl_store *store, struct fleet *fleet)
{
	struct fl_error err = { 0 };
	for (int i = 0; i < ITEMS; i++) {
		char bytes[32];
		char device[32];
		if (i % 500 == 0)
			assert_ok(fl_store_batch_begin(store, &err), err);
		snprintf(bytes, sizeof(bytes), "item %d.", i);
		snprintf(device, sizeof(device), "D%d", fleet->items[i].device);
		fleet->dump_ids[i] =
			enqueue_kind(store, bytes, device, fleet->items[i].kind, i / 100);
		if (i % 500 == 499)
			assert_ok(fl_store_batch_commit(store, &err), err);
	}
}

static void add_symbols(struct fl_store *store)
{
	for (int build = 1; build <= BUILDS; build++) {
		char bytes[32];
		struct fl_error err = { 0 };
		struct fl_symbol_added added;
		struct fl_module_info module = { .name = "fw.elf",
						 .build_id_size = 20,
						 .has_debug_info = true };
		memset(module.build_id, build, 20);
		snprintf(bytes, sizeof(bytes), "ELF %d", build);
		const struct fl_symbol_file file = { .name = "fw.elf",
						     .bytes = bytes,
						     .size = strlen(bytes),
						     .modules = &module,
						     .module_count = 1 };
		assert_ok(fl_store_add_symbols(store, &file, &added, &err), err);
	}
}

/* What the worker does with one: is there an ELF for it? */
static bool has_symbols(struct fl_store *store, const struct fl_report *report)
{
	struct fl_error err = { 0 };
	struct fl_symbol_choice choice;
	const struct fl_report_facts facts = fl_report_facts(report);
	enum fl_code code = fl_store_find_symbols(store, &facts, &choice, &err);
	if (code == FL_ENOTFOUND)
		return false;
	assert_ok(code, err);
	close(choice.fd);
	if (choice.companion_fd > 0)
		close(choice.companion_fd);
	return true;
}

static void work_on(struct fl_store *store, const struct fleet *fleet, const struct fl_claim *claim)
{
	struct texts texts;
	int number = atoi((const char *)claim->bytes.data + 5);
	const struct item *item = &fleet->items[number];
	struct report_spec spec = spec_of(item, number, false, &texts);
	FL_AUTO(fl_report) report = report_make(&spec);
	bool symbols = has_symbols(store, report);
	assert_int_equal(claim->kind, item->kind);
	spec = spec_of(item, number, symbols, &texts);
	settle_one(store, claim->dump_id, &spec, !symbols && item->bug >= 0);
}

static int drain(struct fl_store *store, const struct fleet *fleet)
{
	int done = 0;
	for (;; done++) {
		struct fl_error err = { 0 };
		struct fl_claim claim = { 0 };
		if (done % 500 == 0)
			assert_ok(fl_store_batch_begin(store, &err), err);
		enum fl_code code = fl_store_claim(store, "1:0", NOON, 60, &claim, &err);
		if (!code)
			work_on(store, fleet, &claim);
		if (code == FL_ENOTFOUND || done % 500 == 499)
			assert_ok(fl_store_batch_commit(store, &err), err);
		fl_claim_deinit(&claim);
		if (code == FL_ENOTFOUND)
			return done;
		assert_ok(code, err);
	}
}

/* For each item the issue that its crash is counted in: its own, or its dump's. 0 = none. */
static void read_issues(struct fl_store *store, const struct fleet *fleet, int64_t issues[ITEMS])
{
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(sqlite3_prepare_v2(store->db,
					    "SELECT t.issue_id FROM dumps d JOIN traces t"
					    " ON t.dump_id = coalesce(d.duplicate_of, d.id)"
					    " WHERE d.id = ?1",
					    -1, &stmt, NULL),
			 SQLITE_OK);
	for (int i = 0; i < ITEMS; i++) {
		sqlite3_bind_int64(stmt, 1, fleet->dump_ids[i]);
		assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
		issues[i] = sqlite3_column_int64(stmt, 0);
		sqlite3_reset(stmt);
	}
	sqlite3_finalize(stmt);
}

/* Every crash once, whoever told it. */
static int crashes_of(const struct fleet *fleet)
{
	int crashes = 0;
	for (int i = 0; i < ITEMS; i++)
		crashes += fleet->items[i].bug >= 0 &&
			   (fleet->items[i].crash < 0 || fleet->items[i].kind == FL_REPORT_DUMP);
	return crashes;
}

static int pairs_of(const struct fleet *fleet)
{
	int pairs = 0;
	for (int i = 0; i < ITEMS; i++)
		pairs += fleet->items[i].crash >= 0 && fleet->items[i].kind == FL_REPORT_DUMP;
	return pairs;
}

static void check_labels(const struct fleet *fleet, const int64_t issues[ITEMS])
{
	int64_t of_bug[BUGS] = { 0 };
	int bug_of[BUGS * 4];
	memset(bug_of, -1, sizeof(bug_of));
	for (int i = 0; i < ITEMS; i++) {
		int bug = fleet->items[i].bug;
		int64_t issue = issues[i];
		if (bug < 0) {
			assert_int_equal(issue, 0);
			continue;
		}
		assert_in_range(issue, 1, BUGS * 4 - 1);
		if (!of_bug[bug])
			of_bug[bug] = issue;
		if (bug_of[issue] < 0)
			bug_of[issue] = bug;
		if (of_bug[bug] != issue || bug_of[issue] != bug)
			fail_msg("item %d of bug %d is in issue %d", i, bug, (int)issue);
	}
}

static void check(struct fl_store *store, const struct fleet *fleet, int64_t issues[ITEMS])
{
	read_issues(store, fleet, issues);
	check_labels(fleet, issues);
	assert_int_equal(fixture_count(store, "SELECT count(*) FROM dumps WHERE paired_id"),
			 pairs_of(fleet));
	assert_int_equal(fixture_count(store, "SELECT sum(trace_count) FROM issues"),
			 crashes_of(fleet));
	assert_int_equal(fixture_count(store, "SELECT count(*) FROM issues WHERE trace_count > 0"),
			 BUGS);
	assert_invariants(store);
}

static void test_late_symbols_make_the_same_issues(void **state)
{
	static struct fleet fleet;
	static int64_t first[ITEMS], late[ITEMS];
	struct fixture *f = *state;
	void *other = NULL;
	make_fleet(&fleet, 2026);

	add_symbols(f->store);
	enqueue_fleet(f->store, &fleet);
	drain(f->store, &fleet);
	check(f->store, &fleet, first);

	fixture_setup(&other);
	struct fixture *g = other;
	enqueue_fleet(g->store, &fleet);
	assert_int_equal(drain(g->store, &fleet), ITEMS);
	assert_int_equal(fixture_count(g->store, "SELECT count(*) FROM issues"), 0);
	int64_t waiting =
		fixture_count(g->store, "SELECT count(*) FROM dumps WHERE state = 'waiting'");
	add_symbols(g->store);
	assert_in_range(drain(g->store, &fleet), 1, waiting); /* some pair while they are queued */
	assert_int_equal(
		fixture_count(g->store, "SELECT count(*) FROM dumps WHERE state = 'waiting'"), 0);
	check(g->store, &fleet, late);
	print_message("%d items, %d waited, %d crashes, %d paired\n", ITEMS, (int)waiting,
		      crashes_of(&fleet), pairs_of(&fleet));
	fixture_teardown(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = { store_test(test_late_symbols_make_the_same_issues) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
