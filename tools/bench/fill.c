/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fills a database with traces through the store's own calls: queue, claim, file. Each dump differs
 * in a word, each comes from one of 1000 devices; they were analysed once, before.
 * usage: fill DATABASE ELF COUNT STEP DUMP...
 * Prints a line of JSON per STEP traces: how many there are now, and what one of the step cost.
 */
#include <faultline/faultline.h>
#include <faultline/store.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 100, DEVICES = 1000, DUMPS_MAX = 16, START = 1700000000, LEASE = 600 };

struct dump {
	char *data;
	size_t size;
	struct fl_report *report;
};

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "fill: %s: %s\n", what, why);
	exit(1);
}

static struct dump read_file(const char *path)
{
	struct dump ret = { 0 };
	FILE *file = fopen(path, "rb");

	if (!file || fseek(file, 0, SEEK_END))
		fail(path, "cannot be read");
	ret.size = (size_t)ftell(file);
	ret.data = malloc(ret.size + 1);
	rewind(file);
	if (!ret.data || fread(ret.data, 1, ret.size, file) != ret.size)
		fail(path, "cannot be read");
	fclose(file);
	return ret;
}

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
	memcpy(dump->data + dump->size / 2, &number, sizeof(number));
	struct fl_upload upload = { .bytes = dump->data,
				    .size = dump->size,
				    .device = device,
				    .received_at = START + (int64_t)number };
	check(fl_store_enqueue(store, &upload, &queued, &err), "queue", &err);
}

/* The claim's order is the store's: any report does, as each dump has all that is filed in it. */
static void file_one(struct fl_store *store, const struct dump *dump, unsigned long number)
{
	struct fl_error err = { 0 };
	struct fl_claim claim = { 0 };
	struct fl_filed filed;

	check(fl_store_claim(store, "bench:0", START + (int64_t)number, LEASE, &claim, &err),
	      "claim", &err);
	check(fl_store_file(store, claim.dump_id, dump->report, &filed, &err), "file", &err);
	fl_claim_deinit(&claim);
}

static void batch(struct fl_store *store, struct dump *dumps, int count, unsigned long first)
{
	struct fl_error err = { 0 };

	check(fl_store_batch_begin(store, &err), "batch", &err);
	for (unsigned long i = 0; i < BATCH; i++)
		enqueue(store, &dumps[i % (unsigned long)count], first + i);
	check(fl_store_batch_commit(store, &err), "batch", &err);
	check(fl_store_batch_begin(store, &err), "batch", &err);
	for (unsigned long i = 0; i < BATCH; i++)
		file_one(store, &dumps[i % (unsigned long)count], first + i);
	check(fl_store_batch_commit(store, &err), "batch", &err);
}

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
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

	check(fl_analyze(dump->data, dump->size, all, 1, NULL, &dump->report, &err), "analysis",
	      &err);
}

int main(int argc, char **argv)
{
	struct fl_symbols *symbols = NULL;
	struct fl_store *store = NULL;
	struct fl_error err = { 0 };
	struct dump dumps[DUMPS_MAX];
	int count = argc - 5;

	if (count < 1 || count > DUMPS_MAX)
		fail("usage", "fill DATABASE ELF COUNT STEP DUMP...");
	struct dump elf = read_file(argv[2]);
	check(fl_symbols_open(elf.data, elf.size, "fw.elf", &symbols, &err), argv[2], &err);
	check(fl_store_open(argv[1], &store, &err), argv[1], &err);
	for (int i = 0; i < count; i++) {
		dumps[i] = read_file(argv[5 + i]);
		analyze(&dumps[i], symbols);
	}
	fill(store, dumps, count, strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
	for (int i = 0; i < count; i++) {
		fl_report_close(dumps[i].report);
		free(dumps[i].data);
	}
	fl_store_close(store);
	fl_symbols_close(symbols);
	free(elf.data);
	return 0;
}
