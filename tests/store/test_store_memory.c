/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation fails once: the store's own, and SQLite's, which are asked for through methods
 * of ours. */
#include "alloc/failing_heap.h"
#include "store/fixture.h"
#include "store/invariants.h"

#include <sqlite3.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static sqlite3_mem_methods sqlite_memory;

static void *sqlite_malloc(int size)
{
	return heap_fails() ? NULL : sqlite_memory.xMalloc(size);
}

static void *sqlite_realloc(void *old, int size)
{
	return heap_fails() ? NULL : sqlite_memory.xRealloc(old, size);
}

static void take_over_sqlite(void)
{
	sqlite3_mem_methods ours;
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory), SQLITE_OK);
	ours = sqlite_memory;
	ours.xMalloc = sqlite_malloc;
	ours.xRealloc = sqlite_realloc;
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &ours), SQLITE_OK);
}

struct scene;
struct step {
	const char *name;
	enum fl_code (*run)(struct scene *, struct fl_error *);
};

struct scene {
	struct fixture *f;
	struct fl_report *report;
	int64_t dump_id;
	int64_t killer_id; /* of another dump, to be quarantined */
	int64_t richer_id; /* of a symbol file */
	int64_t event_id;  /* of a reboot event */
};

static enum fl_code try_open(struct scene *s, struct fl_error *err)
{
	FL_AUTO(fl_store) store = NULL;
	return fl_store_open(s->f->path, &store, err);
}

static enum fl_code try_enqueue(struct scene *s, struct fl_error *err)
{
	struct fl_enqueued enqueued;
	const struct fl_upload upload = { .bytes = "dump",
					  .size = 4,
					  .source = "a",
					  .device = "D1",
					  .upload_id = "u",
					  .software_type = "main",
					  .software_version = "1.0",
					  .hardware_version = "evt",
					  .cohort = "c" };
	enum fl_code code = fl_store_enqueue(s->f->store, &upload, &enqueued, err);
	if (!code)
		s->dump_id = enqueued.dump_id;
	return code;
}

static enum fl_code try_enqueue_killer(struct scene *s, struct fl_error *err)
{
	struct fl_enqueued enqueued;
	const struct fl_upload upload = { .bytes = "killer", .size = 6, .device = "D2" };
	enum fl_code code = fl_store_enqueue(s->f->store, &upload, &enqueued, err);
	if (!code)
		s->killer_id = enqueued.dump_id;
	return code;
}

static enum fl_code try_claim(struct scene *s, struct fl_error *err)
{
	static int64_t now = NOON;
	struct fl_claim claim = { 0 };
	now += 100; /* a failed claim keeps its lease */
	enum fl_code code = fl_store_claim(s->f->store, "1:0", now, 60, &claim, err);
	if (code)
		assert_null(claim.bytes.data);
	fl_claim_deinit(&claim);
	return code;
}

static enum fl_code try_wait(struct scene *s, struct fl_error *err)
{
	struct fl_filed filed;
	return fl_store_wait(s->f->store, s->dump_id, s->report, NULL, &filed, err);
}

static enum fl_code try_add_symbols(struct scene *s, struct fl_error *err)
{
	struct fl_symbol_added added;
	struct fl_module_info modules[2] = { { .name = "fw.elf", .build_id_size = 20 },
					     { .name = "system.elf" } };
	memset(modules[0].build_id, 1, 20);
	const struct fl_symbol_file file = { .name = "fw.elf",
					     .bytes = "ELF",
					     .size = 3,
					     .modules = modules,
					     .module_count = 2,
					     .software_type = "main",
					     .software_version = "1.0" };
	return fl_store_add_symbols(s->f->store, &file, &added, err);
}

static enum fl_code try_find_symbols(struct scene *s, struct fl_error *err)
{
	struct fl_symbol_choice choice;
	struct fl_report_facts facts = fl_report_facts(s->report);
	enum fl_code code = fl_store_find_symbols(s->f->store, &facts, &choice, err);
	if (!code)
		close(choice.fd);
	return code;
}

static enum fl_code try_file(struct scene *s, struct fl_error *err)
{
	struct fl_filed filed;
	return fl_store_file(s->f->store, s->dump_id, s->report, &filed, err);
}

static enum fl_code try_refile(struct scene *s, struct fl_error *err)
{
	struct fl_refiled refiled;
	return fl_store_refile(s->f->store, s->dump_id, s->report, false, &refiled, err);
}

static enum fl_code try_select(struct scene *s, struct fl_error *err)
{
	FL_AUTO_BUFFER ids = { 0 };
	return fl_store_select_dumps(s->f->store, NULL, &ids, err);
}

static enum fl_code try_report(struct scene *s, struct fl_error *err)
{
	FL_AUTO(fl_report) report = NULL;
	return fl_store_report(s->f->store, 1, &report, err);
}

static bool see_trace(void *context, const struct fl_trace_row *row)
{
	assert_string_equal(row->title, "T");
	++*(int *)context;
	return true;
}

/* Too long for a page: SQLite needs memory to hand it out. */
static const char *long_backtrace(void)
{
	static char text[20001];
	memset(text, 'f', sizeof(text) - 1);
	return text;
}

static bool see_backtrace(void *context, const struct fl_trace_row *row)
{
	(void)context;
	assert_string_equal(row->state, "quarantined");
	assert_string_equal(row->backtrace, long_backtrace());
	return true;
}

static enum fl_code try_long_row(struct scene *s, struct fl_error *err)
{
	const struct fl_trace_filter quarantined = { .state = "quarantined" };
	return fl_store_traces(s->f->store, &quarantined, see_backtrace, NULL, err);
}

static bool see_issue(void *context, const struct fl_issue_row *row)
{
	assert_string_equal(row->title, "T");
	assert_string_equal(row->last_version, "1.0");
	++*(int *)context;
	return true;
}

static bool see_symbols(void *context, const struct fl_symbol_row *row)
{
	assert_string_equal(row->name, "fw.elf");
	++*(int *)context;
	return true;
}

/* An answer is whole or an error: never a row without its title. */
static enum fl_code try_questions(struct scene *s, struct fl_error *err)
{
	int rows = 0;
	struct fl_queue_counts counts;
	enum fl_code code = fl_store_traces(s->f->store, NULL, see_trace, &rows, err);
	if (!code)
		code = fl_store_issues(s->f->store, see_issue, &rows, err);
	if (!code)
		code = fl_store_symbols(s->f->store, see_symbols, &rows, err);
	if (!code)
		code = fl_store_queue_counts(s->f->store, &counts, err);
	if (!code) {
		assert_int_equal(rows, 3);
		assert_int_equal(counts.done, 1);
	}
	return code;
}

static enum fl_code try_quarantine(struct scene *s, struct fl_error *err)
{
	return fl_store_quarantine(s->f->store, s->killer_id, "reason", long_backtrace(), err);
}

/* --- the keeper's side --- */

static enum fl_code try_record(struct scene *s, struct fl_error *err)
{
	return fl_store_record_notices(s->f->store, true, err);
}

static enum fl_code try_richer_symbols(struct scene *s, struct fl_error *err)
{
	struct fl_symbol_added added;
	struct fl_module_info module = { .name = "fw.elf",
					 .build_id_size = 20,
					 .has_debug_info = true };
	memset(module.build_id, 1, 20);
	const struct fl_symbol_file file = { .name = "rich.elf",
					     .bytes = "RICH",
					     .size = 4,
					     .modules = &module,
					     .module_count = 1 };
	enum fl_code code = fl_store_add_symbols(s->f->store, &file, &added, err);
	if (!code)
		s->richer_id = added.id;
	return code;
}

static enum fl_code try_file_again(struct scene *s, struct fl_error *err)
{
	fl_store_set_symbols(s->f->store, s->richer_id);
	return try_file(s, err);
}

static bool see_candidate(void *context, const struct fl_symbol_candidate *candidate)
{
	assert_non_null(candidate->name);
	++*(int *)context;
	return true;
}

static bool see_history(void *context, const struct fl_history_row *row)
{
	assert_non_null(row->what);
	++*(int *)context;
	return true;
}

static bool see_count(void *context, const char *key, uint64_t traces, uint64_t devices)
{
	assert_string_equal(key, "1.0");
	assert_int_equal(traces, 1);
	assert_int_equal(devices, 1);
	++*(int *)context;
	return true;
}

static bool see_module(void *context, const struct fl_module_info *module)
{
	assert_string_equal(module->name, "fw.elf");
	++*(int *)context;
	return true;
}

static enum fl_code try_more_questions(struct scene *s, struct fl_error *err)
{
	struct fl_store *store = s->f->store;
	struct fl_report_facts facts = fl_report_facts(s->report);
	int candidates = 0;
	int rows = 0;
	enum fl_code code =
		fl_store_symbol_candidates(store, &facts, see_candidate, &candidates, err);
	if (!code)
		code = fl_store_trace_history(store, 1, see_history, &rows, err);
	if (!code)
		code = fl_store_counts(store, 0, FL_BY_SOFTWARE_VERSION, see_count, &rows, err);
	if (!code)
		code = fl_store_symbol_modules(store, s->richer_id, see_module, &rows, err);
	if (!code) {
		assert_int_equal(candidates, 2);
		assert_true(rows >= 3);
	}
	return code;
}

static bool see_notice(void *context, const struct fl_notice *notice)
{
	assert_non_null(notice->kind == FL_NOTICE_BULK ? notice->bulk.what : notice->title);
	++*(int *)context;
	return true;
}

static enum fl_code try_notices(struct scene *s, struct fl_error *err)
{
	int rows = 0;
	return fl_store_notices(s->f->store, NOON, 9, see_notice, &rows, err);
}

static enum fl_code try_notice_done(struct scene *s, struct fl_error *err)
{
	return fl_store_notice_done(s->f->store, 1, err);
}

static bool see_stat(void *context, const char *group, const char *name, uint64_t value)
{
	(void)context;
	(void)value;
	assert_non_null(group);
	assert_non_null(name);
	return true;
}

static enum fl_code try_stats(struct scene *s, struct fl_error *err)
{
	return fl_store_stats(s->f->store, see_stat, NULL, err);
}

/* That memory is out is no problem of the database. */
static bool no_problem(void *context, const char *problem)
{
	(void)context;
	fail_msg("%s", problem);
	return true;
}

static enum fl_code try_verify(struct scene *s, struct fl_error *err)
{
	return fl_store_verify(s->f->store, no_problem, NULL, NULL, NULL, err);
}

static enum fl_code try_backup(struct scene *s, struct fl_error *err)
{
	char path[128];
	char command[300];
	snprintf(path, sizeof(path), "%s/copy.db", s->f->dir);
	enum fl_code code = fl_store_backup(s->f->store, path, NULL, NULL, err);
	assert_int_equal(access(path, F_OK) == 0, !code);
	if (!code) {
		snprintf(command, sizeof(command), "rm -r %s %s.symbols", path, path);
		assert_int_equal(system(command), 0);
	}
	return code;
}

static bool see_gone(void *context, const char *what, uint64_t count, uint64_t bytes)
{
	(void)bytes;
	assert_non_null(what);
	*(uint64_t *)context += count;
	return true;
}

static enum fl_code try_gc(struct scene *s, struct fl_error *err)
{
	const struct fl_retention keep = { .dump_age = 1, .kept_bytes = 1, .quarantine_age = 1 };
	uint64_t gone = 0;
	return fl_store_gc(s->f->store, &keep, 3, false, see_gone, &gone, err);
}

static enum fl_code try_remove(struct scene *s, struct fl_error *err)
{
	struct fl_symbol_removed removed;
	enum fl_code code = fl_store_remove_symbols(s->f->store, s->richer_id, &removed, err);
	return code == FL_ENOTFOUND ? FL_OK : code; /* the row went, the file could not */
}

static enum fl_code try_forget(struct scene *s, struct fl_error *err)
{
	struct fl_forgotten forgotten;
	return fl_store_forget_device(s->f->store, "D1", true, &forgotten, err);
}

static enum fl_code try_forget_really(struct scene *s, struct fl_error *err)
{
	struct fl_forgotten forgotten;
	enum fl_code code = fl_store_forget_device(s->f->store, "D1", false, &forgotten, err);
	return code == FL_ENOTFOUND ? FL_OK : code; /* it went, the log could not be emptied */
}

/* In the order in which a dump meets them. */
static const struct step steps[] = {
	{ "open", try_open },
	{ "enqueue", try_enqueue },
	{ "enqueue again", try_enqueue },
	{ "claim", try_claim },
	{ "wait", try_wait },
	{ "add symbols", try_add_symbols },
	{ "add symbols again", try_add_symbols },
	{ "find symbols", try_find_symbols },
	{ "file", try_file },
	{ "refile", try_refile },
	{ "select", try_select },
	{ "report", try_report },
	{ "questions", try_questions },
	{ "enqueue another", try_enqueue_killer },
	{ "quarantine", try_quarantine },
	{ "a long row", try_long_row },
	{ "record notices", try_record },
	{ "add richer symbols", try_richer_symbols },
	{ "file once more", try_file_again },
	{ "more questions", try_more_questions },
	{ "notices", try_notices },
	{ "notice done", try_notice_done },
	{ "statistics", try_stats },
	{ "verify", try_verify },
	{ "back up", try_backup },
	{ "retention", try_gc },
	{ "remove symbols", try_remove },
	{ "forget, dry", try_forget },
	{ "forget", try_forget_really },
};

static int fail_each_allocation(struct scene *s, const struct step *step)
{
	enum { TOO_MANY = 20000 };
	for (int n = 0; n < TOO_MANY; n++) {
		struct fl_error err = { 0 };
		heap_fail_in = (unsigned long)n + 1;
		enum fl_code code = step->run(s, &err);
		bool happened = !heap_fail_in;
		heap_fail_in = 0;
		if (!code && !happened) {
			assert_invariants(s->f->store);
			return n;
		}
		if (code && code != FL_ENOMEM)
			fail_msg("%s, allocation %d: %s: %s", step->name, n, fl_code_name(code),
				 err.message);
		if (code)
			assert_true(err.message[0]);
		if (n % 8 == 0)
			assert_invariants(s->f->store);
	}
	fail_msg("%s: no end", step->name);
	return 0;
}

static void test_every_allocation_may_fail(void **state)
{
	struct scene s = { .f = *state };
	s.report = report_make(&(struct report_spec){ .title = "T",
						      .serial = "D1",
						      .build = 1,
						      .type = "main",
						      .version = "1.0",
						      .fingerprints = { "stack=a", "top=b" } });
	int total = 0;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		total += fail_each_allocation(&s, &steps[i]);
	fl_report_close(s.report);
	print_message("%d allocations failed, one at a time\n", total);
	assert_true(total > 50);
}

/* --- from the wire --- */

static const struct report_spec wire_dump = { .title = "T",
					      .reason = 0x9400,
					      .pc = 0x08001234,
					      .lr = 0x08000101,
					      .fingerprints = { "stack=a", "^site=s" } };
static const struct report_spec wire_event = { .kind = FL_REPORT_REBOOT,
					       .title = "T",
					       .reason = 0x9400,
					       .pc = 0x08001234,
					       .lr = 0x08000101,
					       .coredump_saved = true,
					       .fingerprints = { "site=s" } };
static const struct report_spec wire_trace = { .kind = FL_REPORT_TRACE,
					       .title = "T",
					       .fingerprints = { "site=s" } };

static enum fl_code enqueue_wire(struct scene *s, const char *bytes, enum fl_report_kind kind,
				 int64_t *id, struct fl_error *err)
{
	struct fl_enqueued enqueued;
	const struct fl_upload upload = {
		.bytes = bytes, .size = strlen(bytes), .device = "W", .kind = kind
	};
	enum fl_code code = fl_store_enqueue(s->f->store, &upload, &enqueued, err);
	if (!code)
		*id = enqueued.dump_id;
	return code;
}

static enum fl_code deliver(struct scene *s, struct fl_error *err)
{
	struct fl_store *store = s->f->store;
	const struct fl_transport_counts counts = { .chunks = 1, .bytes = 9, .overhead = 9 };
	const struct fl_kept kept = { .kind = "log",
				      .bytes = "log",
				      .size = 3,
				      .text = "why",
				      .device = "W",
				      .software_version = "1.0",
				      .source = "file" };
	enum fl_code code;
	if ((code = enqueue_wire(s, "wire event", FL_REPORT_REBOOT, &s->event_id, err)) ||
	    (code = enqueue_wire(s, "wire dump", FL_REPORT_DUMP, &s->dump_id, err)) ||
	    (code = enqueue_wire(s, "wire trace", FL_REPORT_TRACE, &s->killer_id, err)) ||
	    (code = fl_store_keep(store, &kept, NULL, err)) ||
	    (code = fl_store_put_partial(store, "W", "state", 5, 5, NOON, err)))
		return code;
	return fl_store_count_transport(store, "W", &counts, err);
}

static enum fl_code try_batch(struct scene *s, struct fl_error *err)
{
	enum fl_code code = fl_store_batch_begin(s->f->store, err);
	if (!code)
		code = deliver(s, err);
	if (!code)
		return fl_store_batch_commit(s->f->store, err);
	fl_store_batch_abandon(s->f->store);
	return code;
}

static enum fl_code
file_wire(struct scene *s, int64_t id, const struct report_spec *spec, struct fl_error *err)
{
	struct fl_filed filed;
	unsigned long left = heap_fail_in;
	heap_fail_in = 0;
	FL_AUTO(fl_report) report = report_make(spec);
	heap_fail_in = left;
	return fl_store_file(s->f->store, id, report, &filed, err);
}

static enum fl_code try_event(struct scene *s, struct fl_error *err)
{
	return file_wire(s, s->event_id, &wire_event, err);
}

static enum fl_code try_trace(struct scene *s, struct fl_error *err)
{
	return file_wire(s, s->killer_id, &wire_trace, err);
}

/* Takes its event out of an issue, brings the other event along, and is one dump too many. */
static enum fl_code try_dump(struct scene *s, struct fl_error *err)
{
	fl_store_set_policy(s->f->store, &(struct fl_store_policy){ .keep_per_issue = 1 });
	return file_wire(s, s->dump_id, &wire_dump, err);
}

static bool see_device(void *context, const struct fl_device_row *row)
{
	assert_string_equal(row->serial, "W");
	++*(int *)context;
	return true;
}

static bool see_reboot(void *context, const struct fl_reboot_row *row)
{
	assert_non_null(row->name);
	++*(int *)context;
	return true;
}

static bool see_kept(void *context, const char *kind, uint64_t count, uint64_t bytes)
{
	assert_string_equal(kind, "log");
	assert_int_equal(bytes, 3 * count);
	++*(int *)context;
	return true;
}

static enum fl_code try_wire_questions(struct scene *s, struct fl_error *err)
{
	struct fl_store *store = s->f->store;
	struct fl_transport_counts counts;
	FL_AUTO_BUFFER state = { 0 };
	int rows = 0;
	enum fl_code code;
	if ((code = fl_store_devices(store, NULL, see_device, &rows, err)) ||
	    (code = fl_store_reboots(store, "W", see_reboot, &rows, err)) ||
	    (code = fl_store_kept(store, see_kept, &rows, err)) ||
	    (code = fl_store_partial(store, "W", &state, err)) ||
	    (code = fl_store_transport_counts(store, "W", &counts, err)))
		return code;
	assert_int_equal(rows, 4); /* the known dump's reboot has no reason */
	assert_int_equal(state.size, 5);
	assert_int_equal(counts.bytes, counts.overhead);
	return FL_OK;
}

static enum fl_code try_expire(struct scene *s, struct fl_error *err)
{
	uint64_t count, bytes;
	return fl_store_expire_partials(s->f->store, NOON + 1, &count, &bytes, err);
}

static const struct step wire_steps[] = {
	{ "a delivery", try_batch },         { "an event", try_event },
	{ "a trace event", try_trace },      { "its dump", try_dump },
	{ "questions", try_wire_questions }, { "expire", try_expire },
};

static void test_every_allocation_may_fail_on_the_wire(void **state)
{
	struct scene s = { .f = *state };
	int total = 0;
	fl_store_set_policy(s.f->store, &(struct fl_store_policy){ .keep_per_issue = 1 });
	struct report_spec known = wire_dump;
	known.fingerprints[1] = NULL;
	known.reason = 0;
	settle_one(s.f->store, enqueue(s.f->store, "known", "W"), &known, false);
	for (size_t i = 0; i < sizeof(wire_steps) / sizeof(wire_steps[0]); i++)
		total += fail_each_allocation(&s, &wire_steps[i]);
	print_message("%d allocations failed, one at a time\n", total);
	assert_true(total > 50);
}

/* --- a worker's batch --- */

struct batch_scene {
	int64_t ids[4];
	size_t count;
	struct fl_report *report;
	struct fl_buffer encoded;
};
static struct batch_scene batch;

static enum fl_code try_claim_batch(struct scene *s, struct fl_error *err)
{
	return fl_store_claim_batch(s->f->store, "1:0", NOON, 60, batch.ids, 4, &batch.count, err);
}

static enum fl_code try_finish(struct scene *s, struct fl_error *err)
{
	struct fl_result results[3] = { { .kind = FL_RESULT_FILE },
					{ .kind = FL_RESULT_WAIT },
					{ .kind = FL_RESULT_QUARANTINE, .reason = "why" } };
	struct fl_result *order[3];
	for (size_t i = 0; i < 3; i++) {
		results[i].dump_id = batch.ids[i];
		results[i].report = batch.report;
		results[i].encoded = &batch.encoded;
		order[i] = &results[i];
	}
	enum fl_code code = fl_store_finish(s->f->store, order, 3, err);
	if (code) /* all or nothing */
		return code;
	assert_true(results[0].filed.issue_id > 0);
	return FL_OK;
}

static const struct step batch_steps[] = {
	{ "claim a batch", try_claim_batch },
	{ "finish it", try_finish },
};

static void test_every_allocation_may_fail_in_a_batch(void **state)
{
	struct scene s = { .f = *state };
	struct fl_error err = { 0 };
	int total = 0;
	for (size_t i = 0; i < 3; i++)
		enqueue(s.f->store, &"abc"[i], "D1");
	batch.report = report_make(&(struct report_spec){
		.title = "T", .build = 1, .version = "1.0", .fingerprints = { "stack=a" } });
	assert_ok(fl_report_encode(batch.report, &batch.encoded, &err), err);
	for (size_t i = 0; i < sizeof(batch_steps) / sizeof(batch_steps[0]); i++)
		total += fail_each_allocation(&s, &batch_steps[i]);
	assert_int_equal(batch.count, 3);
	assert_int_equal(fixture_count(s.f->store, "SELECT count(*) FROM traces"), 2);
	fl_report_close(batch.report);
	fl_buffer_deinit(&batch.encoded);
	print_message("%d allocations failed, one at a time\n", total);
	assert_true(total > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_every_allocation_may_fail),
		store_test(test_every_allocation_may_fail_on_the_wire),
		store_test(test_every_allocation_may_fail_in_a_batch),
	};
	take_over_sqlite();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
