/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fills a database with traces through the calls that the worker makes: queue, claim, read, finish.
 * Each dump differs in a word, each comes from one of 1000 devices; they were analysed once,
 * before. usage: fill DATABASE ELF COUNT STEP DUMP... Prints a line of JSON per STEP traces: how
 * many there are now, and what one of the step cost.
 */
#include "program.h"

#include <faultline/faultline.h>
#include <faultline/store.h>

#include <string.h>

enum { BATCH = 100, DEVICES = 1000, DUMPS_MAX = 16, START = 1700000000, LEASE = 600 };

struct dump {
	struct bytes bytes;
	struct fl_report *report;
	struct fl_buffer encoded;
};

static void check(enum fl_code code, const char *what, const struct fl_error *err)
{
	if (code)
		fail(what, err->message);
}

static void enqueue(struct fl_store *store, const struct dump *dump, unsigned long number)
{
	struct fl_error err = { 0 };
	struct fl_enqueued queued;
	char device[32];

	snprintf(device, sizeof(device), "BENCH%04lu", number % DEVICES);
	memcpy(dump->bytes.data + dump->bytes.size / 2, &number, sizeof(number));
	struct fl_upload upload = { .bytes = dump->bytes.data,
				    .size = dump->bytes.size,
				    .device = device,
				    .received_at = START + (int64_t)number };
	check(fl_store_enqueue(store, &upload, &queued, &err), "queue", &err);
}

/* Any report does: each dump has all that is filed in the text of one. */
static void finish(struct fl_store *store, const struct dump *dumps, int count, const int64_t *ids,
		   size_t claimed)
{
	struct fl_result results[BATCH] = { 0 }, *all[BATCH];
	struct fl_error err = { 0 };

	for (size_t i = 0; i < claimed; i++) {
		const struct dump *dump = &dumps[i % (size_t)count];
		struct fl_claim claim = { 0 };

		check(fl_store_dump(store, ids[i], &claim, &err), "read", &err);
		fl_claim_deinit(&claim);
		all[i] = &results[i];
		results[i] = (struct fl_result){ .dump_id = ids[i],
						 .kind = FL_RESULT_FILE,
						 .report = dump->report,
						 .encoded = &dump->encoded };
	}
	check(fl_store_finish(store, all, claimed, &err), "file", &err);
	for (size_t i = 0; i < claimed; i++)
		check(results[i].error.code, "file", &results[i].error);
}

static void batch(struct fl_store *store, struct dump *dumps, int count, unsigned long first)
{
	struct fl_error err = { 0 };
	int64_t ids[BATCH];
	size_t claimed = 0;

	check(fl_store_batch_begin(store, &err), "batch", &err);
	for (unsigned long i = 0; i < BATCH; i++)
		enqueue(store, &dumps[i % (unsigned long)count], first + i);
	check(fl_store_batch_commit(store, &err), "batch", &err);
	for (size_t done = 0; done < BATCH; done += claimed) {
		check(fl_store_claim_batch(store, "bench:0", START + (int64_t)first, LEASE, ids,
					   BATCH - done, &claimed, &err),
		      "claim", &err);
		finish(store, dumps, count, ids, claimed);
	}
}

static void
fill(struct fl_store *store, struct dump *dumps, int count, unsigned long total, unsigned long step)
{
	double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);

	for (unsigned long done = 0; done < total;) {
		batch(store, dumps, count, done);
		done += BATCH;
		if (done % step)
			continue;
		double now = seconds(CLOCK_MONOTONIC), used = seconds(CLOCK_PROCESS_CPUTIME_ID);
		printf("{\"traces\": %lu, \"wall_us\": %.2f, \"cpu_us\": %.2f}\n", done,
		       (now - wall) * 1e6 / (double)step, (used - cpu) * 1e6 / (double)step);
		fflush(stdout);
		wall = now;
		cpu = used;
	}
}

static void analyze(struct dump *dump, const struct fl_symbols *symbols)
{
	const struct fl_symbols *all[] = { symbols };
	struct fl_error err = { 0 };

	check(fl_analyze(dump->bytes.data, dump->bytes.size, all, 1, NULL, &dump->report, &err),
	      "analysis", &err);
	check(fl_report_encode(dump->report, &dump->encoded, &err), "report", &err);
}

int main(int argc, char **argv)
{
	struct fl_symbols *symbols = NULL;
	struct fl_store *store = NULL;
	struct fl_error err = { 0 };
	struct dump dumps[DUMPS_MAX] = { 0 };
	int count = argc - 5;

	if (count < 1 || count > DUMPS_MAX)
		fail("usage", "fill DATABASE ELF COUNT STEP DUMP...");
	struct bytes elf = read_file(argv[2]);
	check(fl_symbols_open(elf.data, elf.size, "fw.elf", &symbols, &err), argv[2], &err);
	check(fl_store_open(argv[1], &store, &err), argv[1], &err);
	for (int i = 0; i < count; i++) {
		dumps[i].bytes = read_file(argv[5 + i]);
		analyze(&dumps[i], symbols);
	}
	fill(store, dumps, count, strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
	for (int i = 0; i < count; i++) {
		fl_report_close(dumps[i].report);
		fl_buffer_deinit(&dumps[i].encoded);
		free(dumps[i].bytes.data);
	}
	fl_store_close(store);
	fl_symbols_close(symbols);
	free(elf.data);
	return 0;
}
