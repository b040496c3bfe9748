/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time and room for many threads grow as their number does. One thread of a recorded crash, with
 * six frames, is copied again and again to memory of its own, and a list of the copies put in the
 * place of the kernel's.
 */
#include "base/limits.h"
#include "report/report.h"
#include "support/cmocka.h"
#include "support/corpus.h"
#include "support/dump_blocks.h"
#include "symbols/symbols.h"

#include <faultline/analyze.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	COPIES = 0x21000000, /* memory that the device does not have */
	COPY_SIZE = 0x800,   /* of a control block and its stack */
	STACK_AT = 0x200,
	FRAMES = 6,
	TIMES_ALLOWED = 10, /* more for eight times as many */
	SAMPLES = 15,
	OTHERS = 32,
	STATE_DEAD = 0x08,
};

struct device {
	struct corpus_case c;
	struct fl_symbols *symbols;
	uint32_t head;        /* of the kernel's list */
	uint32_t next, state; /* in a control block */
	uint32_t block, block_size;
	uint32_t stack, stack_size;
	uint32_t running;
	uint32_t others[OTHERS]; /* threads of the recording that are on no list afterwards */
	size_t other_count;
};

static void put_word(uint8_t *at, uint32_t word)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(word >> 8 * i);
}

static uint32_t word_at(const uint8_t *b)
{
	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static struct fl_report *analyze(const struct device *d, const void *dump, size_t size)
{
	const struct fl_symbols *symbols = d->symbols;
	struct fl_report *report = NULL;
	struct fl_error err = { 0 };
	if (fl_analyze(dump, size, &symbols, 1, NULL, &report, &err))
		fail_msg("%s", err.message);
	return report;
}

static const struct fl_thread *named(const struct fl_trace *t, const char *name)
{
	for (size_t i = 0; i < t->thread_count; i++)
		if (t->threads[i].name && !strcmp(t->threads[i].name, name))
			return &t->threads[i];
	fail_msg("no thread %s", name);
	return NULL;
}

static void find_layout(struct device *d)
{
	struct fl_symbol_view view = { 0 };
	struct fl_variable_info kernel;
	struct fl_field field;
	assert_true(fl_view_add(&view, d->symbols));
	assert_true(fl_view_variable(&view, "_kernel", &kernel));
	assert_true(fl_view_field(&view, "z_kernel", "threads", &field));
	d->head = kernel.addr + field.off;
	assert_true(fl_view_field(&view, "k_thread", "next_thread", &field));
	d->next = field.off;
	assert_true(fl_view_struct_size(&view, "k_thread", &d->block_size));
	assert_true(d->block_size <= STACK_AT);
	assert_true(fl_view_field(&view, "k_thread", "base.thread_state", &field));
	assert_int_equal(field.size, 1);
	d->state = field.off;
}

static void find_thread(struct device *d)
{
	FL_AUTO(fl_report) report = analyze(d, d->c.dump, d->c.dump_size);
	const struct fl_thread *t = named(&report->trace, "filter");
	assert_true(t->stack.known);
	d->block = t->block;
	d->stack = t->stack.start;
	d->stack_size = (uint32_t)(t->stack.end - t->stack.start);
	assert_true(d->stack_size <= COPY_SIZE - STACK_AT);
	d->running = report->trace.threads[0].block;
	for (size_t i = 1; i < report->trace.thread_count; i++) {
		assert_true(d->other_count < OTHERS);
		d->others[d->other_count++] = report->trace.threads[i].block;
	}
}

static void take(const struct corpus_case *c, void *user)
{
	struct device *d = user;
	size_t size;
	struct fl_error err = { 0 };
	if (strcmp(c->name, "m4f-zephyr/thread-crash") != 0)
		return;
	d->c = *c;
	d->c.dump = dump_copy(c->dump, c->dump_size);
	uint8_t *elf = corpus_read(c->elf, &size);
	assert_non_null(elf);
	if (fl_symbols_open(elf, size, "fw.elf", &d->symbols, &err))
		fail_msg("%s", err.message);
	free(elf);
	find_layout(d);
	find_thread(d);
}

/* --- copies --- */

static uint32_t moved(const struct device *d, uint32_t word, uint32_t to)
{
	if (word >= d->block && word < d->block + d->block_size)
		return word - d->block + to;
	if (word >= d->stack && word <= d->stack + d->stack_size)
		return word - d->stack + to + STACK_AT;
	return word;
}

static void
copy_words(const struct device *d, uint8_t *to, const uint8_t *from, uint32_t size, uint32_t addr)
{
	assert_non_null(from);
	for (uint32_t i = 0; i + 4 <= size; i += 4)
		put_word(to + i, moved(d, word_at(from + i), addr));
}

static void write_dump(const struct device *d, uint32_t copies, struct dump_writer *w)
{
	struct dump_blocks blocks;
	uint8_t *memory = calloc(copies, COPY_SIZE);
	assert_non_null(memory);
	assert_true(dump_blocks_open(&blocks, d->c.dump, d->c.dump_size));
	for (uint32_t i = 0; i < copies; i++) {
		uint32_t addr = COPIES + i * COPY_SIZE;
		uint8_t *copy = memory + i * COPY_SIZE;
		copy_words(d, copy, dump_blocks_at(&blocks, d->block, d->block_size), d->block_size,
			   addr);
		copy_words(d, copy + STACK_AT, dump_blocks_at(&blocks, d->stack, d->stack_size),
			   d->stack_size, addr);
		put_word(copy + d->next, i + 1 < copies ? addr + COPY_SIZE : d->running);
	}
	put_word(dump_blocks_at(&blocks, d->head, 4), COPIES);
	put_word(dump_blocks_at(&blocks, d->running + d->next, 4), 0);
	for (size_t i = 0; i < d->other_count; i++) /* or their absence from the list is odd */
		*dump_blocks_at(&blocks, d->others[i] + d->state, 1) = STATE_DEAD;
	blocks.parts[blocks.count++] =
		(struct dump_part){ DUMP_MEMORY_BLOCK, COPIES, copies * COPY_SIZE, memory };
	dump_blocks_write(&blocks, w);
	dump_blocks_close(&blocks);
	free(memory);
}

static void check_copies(const struct fl_trace *t, size_t threads)
{
	assert_int_equal(t->thread_count, threads);
	for (size_t i = 1; i < threads; i++) {
		assert_int_equal(t->threads[i].frame_count, FRAMES);
		assert_int_equal(t->threads[i].stop, FL_STOP_ENTRY);
	}
}

/* --- measuring --- */

struct measured {
	double seconds; /* CPU time of one analysis, the best of several */
	size_t report_size;
};

static double cpu_time(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct measured measure(const struct device *d, uint32_t threads)
{
	struct measured best = { .seconds = 1e9 };
	DUMP_AUTO w = { 0 };
	write_dump(d, threads - 1, &w);
	for (int i = 0; i < SAMPLES; i++) {
		FL_AUTO_BUFFER bytes = { 0 };
		double start = cpu_time();
		FL_AUTO(fl_report) report = analyze(d, w.bytes, w.size);
		double took = cpu_time() - start;
		best.seconds = took < best.seconds ? took : best.seconds;
		check_copies(&report->trace, threads);
		assert_int_equal(fl_report_encode(report, &bytes, NULL), FL_OK);
		best.report_size = bytes.size;
	}
	print_message("%3u threads: %7.1f us, %6.2f us and %4zu bytes of report each\n", threads,
		      1e6 * best.seconds, 1e6 * best.seconds / threads, best.report_size / threads);
	return best;
}

static void test_many_threads(void **state)
{
	struct device d = { 0 };
	(void)state;
	corpus_each(FL_CORPUS, take, &d);
	assert_non_null(d.symbols);
	struct measured few = measure(&d, 8);
	struct measured many = measure(&d, 64);
	struct measured most = measure(&d, FL_LIMIT_THREADS);
	assert_true(many.seconds <= TIMES_ALLOWED * few.seconds);
	assert_true(most.seconds <= TIMES_ALLOWED * many.seconds);
	assert_true(many.report_size <= 8 * few.report_size);
	assert_true(most.report_size <= 4 * many.report_size);
	fl_symbols_close(d.symbols);
	free(d.c.dump);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
