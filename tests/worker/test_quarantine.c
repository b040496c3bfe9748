/* SPDX-License-Identifier: Apache-2.0 */
/* Dumps that kill or stall the analysis: set aside with reason and backtrace, and work goes on. */
#include "scratch.h"
#include "support/cmocka.h"
#include "worker/batch.h"

#include <stdlib.h>
#include <string.h>

static struct fl_worker_summary
run_once(const struct scratch *scratch, unsigned jobs, size_t memory)
{
	const struct fl_worker_options options = {
		.database = scratch->database,
		.spool = scratch->spool,
		.once = true,
		.jobs = jobs,
		.max_attempts = 2,
		.sandbox = { .deadline_ms = 1500, .memory_limit = memory },
	};
	struct fl_worker_summary summary;
	struct fl_error err = { 0 };
	if (fl_worker_run(&options, &summary, &err))
		fail_msg("%s", err.message);
	return summary;
}

static void put_good(const struct scratch *scratch, const char *name)
{
	FL_AUTO_BUFFER bytes = scratch_read(FL_CORPUS "/m4f-og/null-read/dump.core");
	scratch_put(scratch, name, bytes.data, bytes.size);
}

static void test_each_death_costs_one_dump(void **state)
{
	(void)state;
	static const struct {
		const char *name, *act, *reason, *function;
	} deaths[] = {
		{ "b.core", "hostile read null", "killed by SIGSEGV at 0x0", "read_null" },
		{ "d.core", "hostile overflow stack", "(stack overflow)", "overflow_stack" },
		{ "f.core", "hostile loop", "no answer within 1500 ms", "loop" },
		{ "h.core", "hostile open socket", "forbidden system call", "open_socket" },
	};
	static const char *const good[] = { "a.core", "c.core", "e.core", "g.core", "i.core" };
	for (unsigned jobs = 1; jobs <= 2; jobs++) {
		SCRATCH_AUTO scratch;
		scratch_make(&scratch);
		for (size_t i = 0; i < sizeof(deaths) / sizeof(deaths[0]); i++)
			scratch_put_text(&scratch, deaths[i].name, deaths[i].act);
		for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
			put_good(&scratch, good[i]);
		struct fl_worker_summary summary = run_once(&scratch, jobs, 0);
		assert_int_equal(summary.quarantined, 4);
		assert_int_equal(summary.waiting, 5);
		SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
		for (size_t i = 0; i < sizeof(deaths) / sizeof(deaths[0]); i++) {
			const struct scratch_row *row = scratch_row(&rows, deaths[i].name);
			assert_string_equal(row->state, "quarantined");
			assert_int_equal(row->attempts, 1);
			assert_non_null(strstr(row->reason, deaths[i].reason));
			assert_non_null(strstr(row->backtrace, deaths[i].function));
		}
		for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
			assert_string_equal(scratch_row(&rows, good[i])->state, "waiting");
	}
}

/* Needing too much memory may pass, so it is tried again; but not for ever. */
static void test_memory_hog_is_given_up(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	scratch_put_text(&scratch, "1.core", "hostile eat memory");
	put_good(&scratch, "2.core");
	struct fl_worker_summary summary = run_once(&scratch, 1, 128 << 20);
	assert_int_equal(summary.quarantined, 1);
	assert_int_equal(summary.waiting, 1);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	assert_string_equal(scratch_row(&rows, "1.core")->reason,
			    "given up after 2 attempts: out of memory (limit of the analysis "
			    "process: 128 MiB)");
}

/* An ELF can be the killer as well: the reason names it. */
static void test_death_names_the_elf(void **state)
{
	(void)state;
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	const struct fl_module_info module = { .name = "bad.elf", .has_debug_info = true };
	const struct fl_symbol_file file = {
		.name = "bad.elf",
		.bytes = "hostile elf",
		.size = 11,
		.modules = &module,
		.module_count = 1,
		.software_type = "fixture-fw",
		.software_version = "1.4.0-m4f-og",
	};
	struct fl_symbol_added added;
	assert_int_equal(fl_store_add_symbols(scratch_store(&scratch), &file, &added, NULL), FL_OK);
	put_good(&scratch, "1.core");
	put_good(&scratch, "2.core"); /* is read with the ELF that the first one had */
	assert_int_equal(run_once(&scratch, 1, 0).quarantined, 2);
	SCRATCH_ROWS_AUTO rows = scratch_rows(&scratch);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(rows.rows[i].reason, "bad.elf: killed by SIGSEGV at 0x0");
		assert_non_null(strstr(rows.rows[i].backtrace, "read_null"));
	}
}

static bool never(void *context)
{
	(void)context;
	return false;
}

/* A dump that takes long ends its batch: those after it do not wait for it with this worker. */
static void test_time_is_over(void **state)
{
	(void)state;
	static const char *const dumps[] = { "no dump", "hostile loop", "no dump 2", "no dump 3" };
	SCRATCH_AUTO scratch;
	scratch_make(&scratch);
	int64_t ids[4];
	size_t count, done;
	for (size_t i = 0; i < 4; i++) {
		const struct fl_upload upload = { .bytes = dumps[i], .size = strlen(dumps[i]) };
		struct fl_enqueued enqueued;
		assert_int_equal(
			fl_store_enqueue(scratch_store(&scratch), &upload, &enqueued, NULL), FL_OK);
	}
	assert_int_equal(fl_store_claim_batch(scratch_store(&scratch), "test", 1000, 60, ids, 4,
					      &count, NULL),
			 FL_OK);
	const struct fl_sandbox_options stalls = { .deadline_ms = FL_BATCH_MS + 100 };
	FL_AUTO(fl_sandbox) sandbox = NULL;
	assert_int_equal(fl_sandbox_open(&stalls, &sandbox, NULL), FL_OK);
	struct fl_choices choices = { 0 };
	struct fl_worker_summary summary = { 0 };
	const struct fl_batch_options options = { .store = scratch_store(&scratch),
						  .sandbox = sandbox,
						  .choices = &choices,
						  .summary = &summary,
						  .attempts = 3,
						  .stopping = never };
	assert_int_equal(fl_batch_run(&options, ids, count, &done, NULL), FL_OK);
	assert_int_equal(done, 2);
	assert_int_equal(summary.quarantined, 2);
	struct fl_queue_counts counts;
	assert_int_equal(fl_store_queue_counts(scratch_store(&scratch), &counts, NULL), FL_OK);
	assert_int_equal(counts.queued, 2);
	fl_choices_deinit(&choices);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_death_costs_one_dump),
		cmocka_unit_test(test_memory_hog_is_given_up),
		cmocka_unit_test(test_death_names_the_elf),
		cmocka_unit_test(test_time_is_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
