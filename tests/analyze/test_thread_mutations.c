/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded crashes of every kernel, damaged at random: pointers that lead elsewhere or in circles,
 * words of nonsense, blocks that were cut or never written. Whatever comes, the analysis ends soon,
 * its report holds together, and threads do not vanish without a word.
 */
#include "base/limits.h"
#include "report/report.h"
#include "support/cmocka.h"
#include "support/corpus.h"
#include "support/dump_blocks.h"

#include <faultline/analyze.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

enum {
#ifdef SANITIZED
	RUNS = 1000,
#else
	RUNS = 10000,
#endif
	DAMAGES_MAX = 8,
	SECONDS_MAX = 2, /* of one analysis: hundreds of times what it takes */
	CASES_MAX = 256,
};

static uint32_t next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static uint32_t below(uint32_t *seed, size_t limit)
{
	return (uint32_t)(next(seed) % limit);
}

static uint32_t word_at(const uint8_t *b)
{
	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static void put_word(uint8_t *b, uint32_t word)
{
	for (int i = 0; i < 4; i++)
		b[i] = (uint8_t)(word >> 8 * i);
}

/* --- damage --- */

static struct dump_part *any_memory(struct dump_blocks *d, uint32_t *seed)
{
	for (int tries = 0; tries < 100; tries++) {
		struct dump_part *part = &d->parts[below(seed, d->count)];
		if (part->type == DUMP_MEMORY_BLOCK && part->size >= 4)
			return part;
	}
	return NULL;
}

static uint8_t *any_word(struct dump_blocks *d, uint32_t *seed)
{
	const struct dump_part *part = any_memory(d, seed);
	return part ? part->bytes + 4 * below(seed, part->size / 4) : NULL;
}

/* One that points into captured memory, if there is one nearby. */
static uint8_t *any_pointer(struct dump_blocks *d, uint32_t *seed)
{
	uint8_t *at = NULL;
	for (int tries = 0; tries < 200; tries++) {
		at = any_word(d, seed);
		if (at && dump_blocks_at(d, word_at(at), 4))
			break;
	}
	return at;
}

static uint32_t nonsense(uint32_t *seed, uint32_t old)
{
	switch (below(seed, 7)) {
	case 0:
		return 0;
	case 1:
		return UINT32_MAX;
	case 2:
		return old | 1;
	case 3:
		return old + 4 * (1 + below(seed, 16));
	case 4:
		return old ^ UINT32_C(1) << below(seed, 32);
	case 5:
		return 0xdeadbeef;
	default:
		return next(seed);
	}
}

/* Cut, or never written. */
static void cut(struct dump_blocks *d, uint32_t *seed)
{
	struct dump_part *part = any_memory(d, seed);
	if (part)
		part->size = below(seed, 2) ? 0 : 4 * below(seed, part->size / 4);
}

static void damage(struct dump_blocks *d, uint32_t *seed)
{
	uint8_t *at;
	const uint8_t *other;
	struct dump_part *part;
	switch (below(seed, 10)) {
	case 0:
		cut(d, seed);
		break;
	case 1: /* overwritten for a while */
		part = any_memory(d, seed);
		if (part) {
			uint32_t from = below(seed, part->size);
			uint32_t size = 1 + below(seed, part->size - from);
			memset(part->bytes + from, (int)below(seed, 256), size < 64 ? size : 64);
		}
		break;
	case 2:
	case 3:
	case 4: /* leads to where another one leads: circles */
		at = any_pointer(d, seed);
		other = any_pointer(d, seed);
		if (at && other)
			put_word(at, word_at(other));
		break;
	case 5:
	case 6:
	case 7: /* leads nowhere */
		at = any_pointer(d, seed);
		if (at)
			put_word(at, nonsense(seed, word_at(at)));
		break;
	default:
		at = any_word(d, seed);
		if (at)
			put_word(at, nonsense(seed, word_at(at)));
	}
}

/* --- what must hold --- */

static double now(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

static void check_threads(const struct fl_trace *t, size_t crashed_wanted)
{
	size_t crashed = 0;
	assert_in_range(t->thread_count, 1, FL_LIMIT_THREADS);
	for (size_t i = 0; i < t->thread_count; i++) {
		const struct fl_thread *a = &t->threads[i];
		crashed += a->crashed;
		assert_true(!a->crashed || i == 0);
		assert_non_null(a->stop_text);
		assert_true(a->frame_count || a->stop != FL_STOP_NONE);
		for (size_t k = 0; k < i; k++)
			assert_false(a->has_block && t->threads[k].has_block &&
				     a->block == t->threads[k].block);
	}
	assert_int_equal(crashed, crashed_wanted);
	assert_true(t->finding_count <= FL_LIMIT_FINDINGS + 1);
}

static void check_report(const struct fl_report *report)
{
	FL_AUTO_BUFFER bytes = { 0 };
	FL_AUTO_BUFFER again = { 0 };
	FL_AUTO_BUFFER json = { 0 };
	FL_AUTO_BUFFER text = { 0 };
	struct fl_error err = { 0 };
	FL_AUTO(fl_report) decoded = NULL;
	assert_int_equal(fl_report_encode(report, &bytes, &err), FL_OK);
	if (fl_report_decode(bytes.data, bytes.size, &decoded, &err))
		fail_msg("%s", err.message);
	assert_int_equal(fl_report_encode(decoded, &again, &err), FL_OK);
	assert_int_equal(bytes.size, again.size);
	assert_memory_equal(bytes.data, again.data, bytes.size);
	assert_int_equal(fl_report_json(decoded, &json, &err), FL_OK);
	assert_int_equal(fl_report_text(decoded, NULL, &text, &err), FL_OK);
	assert_true(json.size && text.size);
}

static bool says_something(const struct fl_trace *t)
{
	for (size_t i = 0; i < t->finding_count; i++)
		if (t->findings[i].stage == FL_STAGE_THREADS)
			return true;
	return false;
}

struct subject {
	struct fl_symbols *symbols;
	char elf[512];
	struct corpus_case c;
	size_t threads; /* when nothing is damaged */
};

struct totals {
	struct subject subjects[CASES_MAX];
	size_t count;
	size_t fewer, silent, undetectable;
	double worst;
};

/*
 * Whether nobody could know that threads are missing: Zephyr neither counts its threads nor links
 * them back, so that a link that leads past some of them is as good as any.
 */
static bool may_be_silent(const struct subject *s, bool only_cut)
{
	return !only_cut && strstr(s->c.name, "-zephyr");
}

static void note_fewer(struct totals *totals, const struct subject *s, const struct fl_trace *t,
		       uint32_t seed, bool only_cut)
{
	if (t->thread_count >= s->threads)
		return;
	totals->fewer++;
	if (says_something(t))
		return;
	if (may_be_silent(s, only_cut)) {
		totals->undetectable++;
		return;
	}
	totals->silent++;
	print_error("%s, seed %u: %zu threads of %zu, and not a word\n", s->c.name, seed,
		    t->thread_count, s->threads);
}

static struct fl_report *analyze(const struct subject *s, const void *dump, size_t size)
{
	const struct fl_symbols *symbols = s->symbols;
	struct fl_report *report = NULL;
	struct fl_error err = { 0 };
	if (fl_analyze(dump, size, &symbols, 1, NULL, &report, &err))
		fail_msg("%s: %s", s->c.name, err.message);
	return report;
}

static void run(struct totals *totals, const struct subject *s, uint32_t seed)
{
	struct dump_blocks blocks;
	DUMP_AUTO w = { 0 };
	uint32_t own = seed;
	bool only_cut = seed % 4 == 0;
	assert_true(dump_blocks_open(&blocks, s->c.dump, s->c.dump_size));
	for (size_t n = 1 + below(&own, DAMAGES_MAX); n > 0; n--)
		only_cut ? cut(&blocks, &own) : damage(&blocks, &own);
	dump_blocks_write(&blocks, &w);
	double start = now();
	FL_AUTO(fl_report) report = analyze(s, w.bytes, w.size);
	double took = now() - start;
	if (took > totals->worst)
		totals->worst = took;
	if (took > SECONDS_MAX)
		fail_msg("%s, seed %u: %g s", s->c.name, seed, took);
	check_threads(&report->trace, 1); /* the register block is never damaged */
	check_report(report);
	note_fewer(totals, s, &report->trace, seed, only_cut);
	dump_blocks_close(&blocks);
}

static struct fl_symbols *load(const char *path)
{
	size_t size;
	struct fl_symbols *symbols = NULL;
	struct fl_error err = { 0 };
	uint8_t *elf = corpus_read(path, &size);
	assert_non_null(elf);
	if (fl_symbols_open(elf, size, "fw.elf", &symbols, &err))
		fail_msg("%s: %s", path, err.message);
	free(elf);
	return symbols;
}

static void take(const struct corpus_case *c, void *user)
{
	struct totals *totals = user;
	if ((!strstr(c->name, "-rtos/") && !strstr(c->name, "-zephyr")) ||
	    totals->count == CASES_MAX)
		return;
	struct subject *s = &totals->subjects[totals->count++];
	struct subject *before = s > totals->subjects ? s - 1 : NULL;
	s->c = *c;
	s->c.dump = dump_copy(c->dump, c->dump_size);
	s->symbols = before && !strcmp(before->c.elf, c->elf) ? before->symbols : load(c->elf);
	FL_AUTO(fl_report) report = analyze(s, c->dump, c->dump_size);
	s->threads = report->trace.thread_count;
}

static void release(struct totals *totals)
{
	for (size_t i = 0; i < totals->count; i++) {
		if (!i || totals->subjects[i].symbols != totals->subjects[i - 1].symbols)
			fl_symbols_close(totals->subjects[i].symbols);
		free(totals->subjects[i].c.dump);
	}
	free(totals);
}

static void test_damaged_dumps(void **state)
{
	struct totals *totals = calloc(1, sizeof(*totals));
	uint32_t seed = 0x2545f491;
	(void)state;
	assert_non_null(totals);
	corpus_each(FL_CORPUS, take, totals);
	assert_true(totals->count > 0);
	for (size_t i = 0; i < RUNS; i++)
		run(totals, &totals->subjects[i % totals->count], next(&seed));
	print_message("%d runs over %zu crashes: fewer threads in %zu, which nobody could know in "
		      "%zu; the longest took %.1f ms\n",
		      RUNS, totals->count, totals->fewer, totals->undetectable,
		      1000 * totals->worst);
	assert_true(totals->undetectable * 5 < totals->fewer);
	assert_int_equal(totals->silent, 0);
	release(totals);
}

/* Nothing tells what ran: what the kernel saved is all there is. */
static void check_without_registers(const struct corpus_case *c, void *user)
{
	enum { REGISTERS = 0 };
	struct totals *totals = user;
	struct dump_blocks blocks;
	DUMP_AUTO w = { 0 };
	size_t before = totals->count;
	take(c, totals);
	if (totals->count == before)
		return;
	const struct subject *s = &totals->subjects[before];
	assert_true(dump_blocks_open(&blocks, c->dump, c->dump_size));
	for (size_t i = 0; i < blocks.count; i++)
		if (blocks.parts[i].type == REGISTERS)
			blocks.parts[i].size = 0;
	dump_blocks_write(&blocks, &w);
	FL_AUTO(fl_report) report = analyze(s, w.bytes, w.size);
	check_threads(&report->trace, 0);
	check_report(report);
	assert_true(report->trace.thread_count + 1 >= s->threads);
	for (size_t i = 0; i < report->trace.thread_count; i++) {
		const struct fl_thread *t = &report->trace.threads[i];
		assert_true(!t->current || (!t->frame_count && t->stop == FL_STOP_NO_REGISTERS));
	}
	dump_blocks_close(&blocks);
}

static void test_dumps_without_registers(void **state)
{
	struct totals *totals = calloc(1, sizeof(*totals));
	(void)state;
	assert_non_null(totals);
	corpus_each(FL_CORPUS, check_without_registers, totals);
	assert_true(totals->count > 0);
	release(totals);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dumps_without_registers),
		cmocka_unit_test(test_damaged_dumps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
