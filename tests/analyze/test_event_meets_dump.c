/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event that a device sends of a crash must find the issue of that crash's dump. Every recorded
 * crash is told twice: by its dump, and by the event its device would have sent.
 */
#include "support/cmocka.h"
#include "support/corpus.h"
#include "support/event_writer.h"

#include "dump/dump.h"
#include "fault/cause.h"
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASES_MAX = 512, KNOWN_MAX = 4096, ISSUE_NONE = 0 };

struct told_case {
	char name[128];
	struct fl_report *dump;
	struct fl_report *event; /* as the device would send it */
	int issue;
};

struct known {
	const struct fl_fingerprint *fingerprint;
	int issue;
};

struct corpus {
	struct told_case cases[CASES_MAX];
	size_t count;
	struct known known[KNOWN_MAX];
	size_t known_count;
	int issues;
	char elf[512]; /* path of the image that is open */
	struct fl_symbols *symbols;
};

static void open_symbols(struct corpus *corpus, const char *path)
{
	if (!strcmp(corpus->elf, path))
		return;
	size_t size;
	uint8_t *bytes = corpus_read(path, &size);
	fl_symbols_close(corpus->symbols);
	assert_non_null(bytes);
	assert_int_equal(fl_symbols_open(bytes, size, "fw.elf", &corpus->symbols, NULL), FL_OK);
	snprintf(corpus->elf, sizeof(corpus->elf), "%s", path);
	free(bytes);
}

/* Physical frame number @p index; NULL behind the last. */
static const struct fl_frame *physical(const struct fl_thread *thread, size_t index)
{
	for (size_t i = 0; i < thread->frame_count; i++)
		if (thread->frames[i].kind == FL_FRAME_CODE && !thread->frames[i].inlined &&
		    !index--)
			return &thread->frames[i];
	return NULL;
}

/*
 * Where error handling of the recorded firmware ends: __assert_func() and its like record the
 * address they return to, panic_() records nothing.
 */
static void tell_software(const struct fl_thread *thread, struct event *event)
{
	for (size_t i = 0; physical(thread, i + 1); i++) {
		const char *name = physical(thread, i)->function;
		if (name && (!strcmp(name, "__assert_func") || !strcmp(name, "panic_"))) {
			event->lr = physical(thread, i + 1)->pc | 1;
			return;
		}
	}
}

static struct event told(const struct corpus_case *c, const struct fl_report *report)
{
	struct event event = { .reason = report->trace.reason.code };
	struct fl_dump *dump = NULL;
	size_t count;
	assert_int_equal(fl_dump_open(c->dump, c->dump_size, &dump, NULL), FL_OK);
	const struct fl_registers *regs = fl_dump_contexts(dump, &count);
	if (count && !fl_reason_is_told_by_software(event.reason)) {
		(void)fl_reg_get(regs, FL_PC, &event.pc);
		(void)fl_reg_get(regs, FL_LR, &event.lr);
	} else if (count) {
		tell_software(fl_trace_crashed(&report->trace), &event);
	}
	fl_dump_close(dump);
	return event;
}

static void tell(const struct corpus_case *c, void *user)
{
	struct corpus *corpus = user;
	struct told_case *to = &corpus->cases[corpus->count++];
	assert_true(corpus->count < CASES_MAX);
	open_symbols(corpus, c->elf);
	snprintf(to->name, sizeof(to->name), "%s", c->name);
	const struct fl_symbols *symbols = corpus->symbols;
	assert_int_equal(fl_analyze(c->dump, c->dump_size, &symbols, 1, NULL, &to->dump, NULL),
			 FL_OK);
	struct event event = told(c, to->dump);
	to->event = event_analyze(&event, symbols);
}

static int find(const struct corpus *corpus, const struct fl_fingerprint *f)
{
	for (size_t i = 0; i < corpus->known_count; i++) {
		const struct fl_fingerprint *other = corpus->known[i].fingerprint;
		if (!strcmp(f->kind, other->kind) && !memcmp(f->hash, other->hash, sizeof(f->hash)))
			return corpus->known[i].issue;
	}
	return ISSUE_NONE;
}

static int find_issue(const struct corpus *corpus, const struct fl_report *report)
{
	const struct fl_signature *s = &report->trace.signature;
	int issue = ISSUE_NONE;
	for (size_t i = 0; i < s->fingerprint_count && !issue; i++)
		if (s->fingerprints[i].joins)
			issue = find(corpus, &s->fingerprints[i]);
	return issue;
}

/* As a store does: whoever came first owns a fingerprint. */
static void file_dump(struct corpus *corpus, struct told_case *c)
{
	const struct fl_signature *s = &c->dump->trace.signature;
	c->issue = find_issue(corpus, c->dump);
	if (!c->issue)
		c->issue = ++corpus->issues;
	for (size_t i = 0; i < s->fingerprint_count; i++) {
		const struct fl_fingerprint *f = &s->fingerprints[i];
		if ((f->joins || f->leads) && !find(corpus, f))
			corpus->known[corpus->known_count++] = (struct known){ f, c->issue };
		assert_true(corpus->known_count < KNOWN_MAX);
	}
}

static bool leads_by(const struct fl_report *dump, const struct fl_fingerprint *f)
{
	const struct fl_signature *s = &dump->trace.signature;
	for (size_t i = 0; i < s->fingerprint_count; i++)
		if (s->fingerprints[i].leads && !strcmp(s->fingerprints[i].kind, f->kind) &&
		    !memcmp(s->fingerprints[i].hash, f->hash, sizeof(f->hash)))
			return true;
	return false;
}

static const struct fl_fingerprint *joining(const struct fl_report *report)
{
	const struct fl_signature *s = &report->trace.signature;
	for (size_t i = 0; i < s->fingerprint_count; i++)
		if (s->fingerprints[i].joins)
			return &s->fingerprints[i];
	fail_msg("%s joins by nothing", s->title);
	return NULL;
}

struct figures {
	size_t own;     /* the issue of its dump */
	size_t sibling; /* another, of which reason, pc and lr say the same */
	size_t none;
	size_t wrong;
};

static void judge(const struct corpus *corpus, const struct told_case *c, struct figures *figures)
{
	int issue = find_issue(corpus, c->event);
	bool both = issue && leads_by(c->dump, joining(c->event));
	const char *verdict = issue == c->issue ? "own"
			      : both            ? "sibling"
			      : issue           ? "WRONG"
						: "none";
	figures->own += issue == c->issue;
	figures->sibling += issue != c->issue && both;
	figures->wrong += issue && issue != c->issue && !both;
	figures->none += !issue;
	print_message("%-8s %-34s %s | %s: %s\n", verdict, c->name, c->dump->trace.signature.title,
		      joining(c->event)->kind, joining(c->event)->preimage);
}

static bool same_build(const char *a, const char *b)
{
	size_t size = strcspn(a, "/");
	return strcspn(b, "/") == size && !strncmp(a, b, size);
}

/* Cases [first, end) in a database of their own; a reboot that was intended is in no issue. */
static void file_and_judge(struct corpus *corpus, size_t first, size_t end, struct figures *figures)
{
	corpus->known_count = 0;
	for (size_t i = first; i < end; i++)
		file_dump(corpus, &corpus->cases[i]);
	for (size_t i = first; i < end; i++)
		if (!fl_report_facts(corpus->cases[i].event).expected)
			judge(corpus, &corpus->cases[i], figures);
}

/* The figures of docs/signature.md. */
static void expect(const struct figures *got, const struct figures *expected)
{
	print_message("%zu own, %zu sibling, %zu none, %zu wrong\n", got->own, got->sibling,
		      got->none, got->wrong);
	assert_int_equal(got->wrong, 0);
	assert_int_equal(got->own, expected->own);
	assert_int_equal(got->sibling, expected->sibling);
	assert_int_equal(got->none, expected->none);
}

static struct corpus corpus;

static void test_in_one_database(void **state)
{
	(void)state;
	struct figures figures = { 0 };
	file_and_judge(&corpus, 0, corpus.count, &figures);
	expect(&figures, &(struct figures){ .own = 206, .sibling = 35, .none = 26 });
}

static void test_in_a_database_per_build(void **state)
{
	(void)state;
	struct figures figures = { 0 };
	for (size_t first = 0, end; first < corpus.count; first = end) {
		for (end = first + 1; end < corpus.count &&
				      same_build(corpus.cases[first].name, corpus.cases[end].name);)
			end++;
		file_and_judge(&corpus, first, end, &figures);
	}
	expect(&figures, &(struct figures){ .own = 222, .sibling = 19, .none = 26 });
}

static int open_corpus(void **state)
{
	(void)state;
	corpus_each(FL_CORPUS, tell, &corpus);
	return corpus.count ? 0 : -1;
}

static int close_corpus(void **state)
{
	(void)state;
	for (size_t i = 0; i < corpus.count; i++) {
		fl_report_close(corpus.cases[i].dump);
		fl_report_close(corpus.cases[i].event);
	}
	fl_symbols_close(corpus.symbols);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_one_database),
		cmocka_unit_test(test_in_a_database_per_build),
	};
	return cmocka_run_group_tests(tests, open_corpus, close_corpus);
}
