/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One set of symbols for all: threads that analyse different dumps with it, and others that look up
 * addresses which take the places of what the dumps need, get what each of them gets alone.
 * ThreadSanitizer sees more of it (CONTRIBUTING.md).
 */
#include "report/report.h"
#include "support/cmocka.h"
#include "support/corpus.h"
#include "symbols/pc_cache.h"
#include "symbols/symbols.h"

#include <faultline/analyze.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	ANALYSTS = 2,
	SEEKERS = 2,
	THREADS = ANALYSTS + SEEKERS,
	ROUNDS = 60,
	DUMPS = 32,
	GROUPS = 128,
	RIVALS = 4,
	LOOKUPS = 1000, /* at places of one group */
};

struct recorded {
	struct fl_buffer dump;
	struct fl_buffer report; /* made alone */
};

struct place {
	struct fl_pc_facts facts; /* found alone */
	struct fl_scope scope;    /* the innermost; texts of the symbols that were used alone */
	size_t scope_count;
};

/* An address that a dump needs, and some that take its place. */
struct rivals {
	struct place places[RIVALS];
	size_t count;
};

struct firmware {
	const char *name; /* "m4f-rtos" */
	char elf[512];
	struct fl_symbols *alone;
	const struct fl_symbols *shared;
	struct fl_rules *rules;
	struct recorded recorded[DUMPS];
	size_t dump_count;
	struct rivals groups[GROUPS];
	size_t group_count;
	atomic_size_t reports; /* so far: who looks up goes along with those who analyse */
	atomic_bool done;
};

struct user {
	pthread_t thread;
	struct firmware *firmware;
	uint32_t seed;
	size_t answers, wrong;
};

/* The encoded report; empty where there is none. */
static struct fl_buffer
analyze(const struct firmware *f, const struct fl_symbols *symbols, const struct fl_buffer *dump)
{
	const struct fl_analyze_options options = { .size = sizeof(options), .rules = f->rules };
	FL_AUTO(fl_report) report = NULL;
	struct fl_buffer bytes = { 0 };
	if (fl_analyze(dump->data, dump->size, &symbols, 1, &options, &report, NULL) ||
	    fl_report_encode(report, &bytes, NULL))
		fl_buffer_deinit(&bytes);
	return bytes;
}

static void analyze_all(struct user *u, size_t first)
{
	struct firmware *f = u->firmware;
	for (size_t i = 0; i < f->dump_count; i++) {
		const struct recorded *r = &f->recorded[(first + i) % f->dump_count];
		FL_AUTO_BUFFER bytes = analyze(f, f->shared, &r->dump);
		u->answers++;
		atomic_fetch_add(&f->reports, 1);
		u->wrong += bytes.size != r->report.size ||
			    memcmp(bytes.data, r->report.data, bytes.size) != 0;
	}
}

static void *analyst(void *context)
{
	struct user *u = context;
	for (size_t i = 0; i < ROUNDS; i++)
		analyze_all(u, u->seed + i);
	return NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_facts(const struct fl_pc_facts *a, const struct fl_pc_facts *b)
{
	return a->pc == b->pc && a->function == b->function && a->call == b->call &&
	       a->rule == b->rule && a->file == b->file && a->line == b->line &&
	       a->column == b->column;
}

static void look_up_scopes(struct user *u, const struct place *place)
{
	const struct fl_symbols *symbols = u->firmware->shared;
	struct fl_scope scopes[FL_SCOPES_MAX];
	size_t count = fl_symbols_lookup(&symbols, 1, place->facts.pc, scopes, FL_SCOPES_MAX, NULL);
	u->answers++;
	u->wrong += count != place->scope_count ||
		    (count && (!same_text(scopes[0].function, place->scope.function) ||
			       !same_text(scopes[0].file, place->scope.file) ||
			       scopes[0].line != place->scope.line));
}

static void
look_up_facts(struct user *u, const struct fl_symbol_view *view, const struct place *place)
{
	struct fl_pc_facts room;
	u->answers++;
	u->wrong += !same_facts(fl_view_pc(view, place->facts.pc, &room), &place->facts);
}

static void *seeker(void *context)
{
	struct user *u = context;
	struct firmware *f = u->firmware;
	struct fl_symbol_view view = { 0 };
	if (!fl_view_add(&view, f->shared))
		u->wrong++;
	while (!atomic_load(&f->done)) {
		const struct rivals *r = &f->groups[atomic_load(&f->reports) % f->group_count];
		for (int i = 0; i < LOOKUPS; i++) {
			u->seed = u->seed * 1664525 + 1013904223;
			look_up_facts(u, &view, &r->places[(u->seed >> 8) % r->count]);
		}
		look_up_scopes(u, &r->places[u->seed % r->count]);
	}
	return NULL;
}

static void start(struct user *u, struct firmware *f, uint32_t seed, void *(*run)(void *))
{
	*u = (struct user){ .firmware = f, .seed = seed };
	assert_int_equal(pthread_create(&u->thread, NULL, run, u), 0);
}

static void all_at_a_time(struct firmware *f)
{
	struct user users[THREADS];
	atomic_store(&f->done, false);
	for (uint32_t i = 0; i < THREADS; i++)
		start(&users[i], f, i, i < ANALYSTS ? analyst : seeker);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(users[i].thread, NULL), 0);
		if (i == ANALYSTS - 1)
			atomic_store(&f->done, true);
	}
	for (int i = 0; i < THREADS; i++) {
		const char *what = i < ANALYSTS ? "reports" : "look-ups";
		print_message("%s: %zu %s\n", f->name, users[i].answers, what);
		if (users[i].wrong)
			fail_msg("%s: %zu of %zu %s are wrong", f->name, users[i].wrong,
				 users[i].answers, what);
	}
}

/* --- what is expected --- */

static struct place
place_alone(const struct firmware *f, const struct fl_symbol_view *view, uint32_t pc)
{
	struct fl_pc_facts room;
	struct fl_scope scopes[FL_SCOPES_MAX];
	const struct fl_symbols *alone = f->alone;
	struct place place = { .facts = *fl_view_pc(view, pc, &room) };
	place.scope_count = fl_symbols_lookup(&alone, 1, pc, scopes, FL_SCOPES_MAX, NULL);
	if (place.scope_count)
		place.scope = scopes[0];
	return place;
}

static bool takes_the_place(struct fl_pc_cache *cache, uint32_t rival, uint32_t pc)
{
	struct fl_pc_facts facts;
	fl_pc_cache_put(cache, &(struct fl_pc_facts){ .pc = pc });
	fl_pc_cache_put(cache, &(struct fl_pc_facts){ .pc = rival });
	return rival != pc && !fl_pc_cache_get(cache, pc, &facts);
}

static void add_group(struct firmware *f, const struct fl_symbol_view *view,
		      struct fl_pc_cache *cache, uint32_t pc)
{
	struct fl_module_info module = fl_symbols_module(f->alone, 0);
	struct rivals *r = &f->groups[f->group_count];
	if (f->group_count == GROUPS)
		return;
	r->places[0] = place_alone(f, view, pc);
	r->count = 1;
	for (uint32_t addr = module.code_addr; addr < module.code_end; addr += 2)
		if (r->count < RIVALS && takes_the_place(cache, addr, pc))
			r->places[r->count++] = place_alone(f, view, addr);
	f->group_count += r->count > 1;
}

static bool has_group(const struct firmware *f, uint32_t pc)
{
	for (size_t i = 0; i < f->group_count; i++)
		if (f->groups[i].places[0].facts.pc == pc)
			return true;
	return false;
}

static void add_groups(struct firmware *f, const struct fl_thread *t)
{
	struct fl_symbol_view view = { 0 };
	struct fl_pc_cache *cache = fl_pc_cache_open();
	assert_non_null(cache);
	assert_true(fl_view_add(&view, f->alone));
	for (size_t i = 0; i < t->frame_count; i++)
		if (t->frames[i].pc_known && !has_group(f, t->frames[i].lookup_pc))
			add_group(f, &view, cache, t->frames[i].lookup_pc);
	fl_pc_cache_close(cache);
}

static struct fl_symbols *open_symbols(const char *path)
{
	FL_AUTO_BUFFER elf = { 0 };
	struct fl_symbols *symbols = NULL;
	elf.data = corpus_read(path, &elf.size);
	assert_non_null(elf.data);
	assert_int_equal(fl_symbols_open(elf.data, elf.size, "fw.elf", &symbols, NULL), FL_OK);
	return symbols;
}

/* Whatever one analysis leaves behind is gone before the next one. */
static void open_alone(struct firmware *f)
{
	fl_symbols_close(f->alone);
	f->alone = open_symbols(f->elf);
}

static void add_dump(const struct corpus_case *c, void *user)
{
	struct firmware *f = user;
	size_t length = strlen(f->name);
	if (strncmp(c->name, f->name, length) != 0 || c->name[length] != '/')
		return;
	assert_true(f->dump_count < DUMPS);
	struct recorded *r = &f->recorded[f->dump_count++];
	r->dump.data = malloc(c->dump_size);
	assert_non_null(r->dump.data);
	memcpy(r->dump.data, c->dump, c->dump_size);
	r->dump.size = c->dump_size;
	strcpy(f->elf, c->elf);
	open_alone(f);
	r->report = analyze(f, f->alone, &r->dump);
	assert_true(r->report.size > 0);
}

static void collect_groups(struct firmware *f)
{
	open_alone(f);
	for (size_t i = 0; i < f->dump_count; i++) {
		const struct fl_buffer *bytes = &f->recorded[i].report;
		FL_AUTO(fl_report) report = NULL;
		assert_int_equal(fl_report_decode(bytes->data, bytes->size, &report, NULL), FL_OK);
		for (size_t t = 0; t < report->trace.thread_count; t++)
			add_groups(f, &report->trace.threads[t]);
	}
	assert_true(f->group_count > 1);
}

static void close_firmware(struct firmware *f)
{
	for (size_t i = 0; i < f->dump_count; i++) {
		fl_buffer_deinit(&f->recorded[i].dump);
		fl_buffer_deinit(&f->recorded[i].report);
	}
	fl_symbols_close(f->alone);
	fl_rules_close(f->rules);
	free(f);
}

static struct firmware *open_firmware(const char *name)
{
	struct firmware *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	f->name = name;
	assert_int_equal(fl_rules_open(NULL, 0, &f->rules, NULL), FL_OK);
	corpus_each(FL_CORPUS, add_dump, f);
	assert_true(f->dump_count > 1);
	collect_groups(f);
	return f;
}

/* --- */

static void test_compiled(void **state)
{
	static const char *const names[] = { "m4f-rtos", "m4f-zephyr", "m4f-aux" };
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct firmware *f = open_firmware(names[i]);
		FL_AUTO(fl_symbols) shared = open_symbols(f->elf);
		f->shared = shared;
		all_at_a_time(f);
		close_firmware(f);
	}
}

/* An index that is used where it lies. */
static void test_decoded(void **state)
{
	struct firmware *f = open_firmware("m4f-rtos");
	FL_AUTO_BUFFER index = { 0 };
	FL_AUTO(fl_symbols) shared = NULL;
	(void)state;
	assert_int_equal(fl_symbols_encode(f->alone, NULL, &index, NULL), FL_OK);
	assert_int_equal(fl_symbols_decode(index.data, index.size, &shared, NULL), FL_OK);
	f->shared = shared;
	all_at_a_time(f);
	close_firmware(f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compiled),
		cmocka_unit_test(test_decoded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
