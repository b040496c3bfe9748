/* SPDX-License-Identifier: Apache-2.0 */
#include "said_lines.h"

#include "base/str.h"
#include "support/cmocka.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Characters around a difference that are shown: cmocka cuts long messages. */
enum { CONTEXT = 80 };

static const char *shown(const char *text)
{
	return text ? text : "-";
}

static void add_code(struct fl_str *line, const struct said_ranges *code)
{
	for (size_t i = 0; i < code->count; i++)
		fl_str_addf(line, " 0x%08" PRIx64 "..0x%08" PRIx64, code->items[i].low,
			    code->items[i].high);
}

static void add_scope(struct fl_str *line, const struct said *said, size_t i)
{
	(void)said;
	fl_str_adds(line, fl_vec_at(&said->scopes, const struct said_scope, i)->path);
}

static void add_function(struct fl_str *line, const struct said *said, size_t i)
{
	const struct said_function *f = fl_vec_at(&said->functions, const struct said_function, i);
	fl_str_addf(line, "0x%" PRIx64 " %s %s in '%s' of 0x%" PRIx64 " is %s %s%s%s", f->off,
		    shown(f->own_name), shown(f->own_linkage), f->scope, f->origin, shown(f->name),
		    shown(f->linkage), f->is_external ? " external" : "", f->in_c ? " C" : "");
	if (f->code.count)
		fl_str_addf(line, " unit %u", f->unit);
	add_code(line, &f->code);
}

/* From the outermost call inwards. */
static void add_chain(struct fl_str *line, const struct said *said, size_t i)
{
	const struct said_call *c = fl_vec_at(&said->calls, const struct said_call, i);
	if (c->parent == SAID_NONE)
		fl_str_addf(line, "in 0x%" PRIx64, c->function);
	else
		add_chain(line, said, c->parent);
	fl_str_addf(line, " > %s (0x%" PRIx64 ") at %s:%" PRIu64 ":%" PRIu64, shown(c->name),
		    c->origin, shown(c->file), c->line, c->column);
}

static void add_call(struct fl_str *line, const struct said *said, size_t i)
{
	add_chain(line, said, i);
	add_code(line, &fl_vec_at(&said->calls, const struct said_call, i)->code);
}

static void add_row(struct fl_str *line, const struct said *said, size_t i)
{
	const struct said_row *row = fl_vec_at(&said->rows, const struct said_row, i);
	fl_str_addf(line, "unit %u 0x%08" PRIx64 " ", row->unit, row->addr);
	if (row->is_end)
		fl_str_adds(line, "end");
	else
		fl_str_addf(line, "%s:%" PRIu64 ":%" PRIu64, shown(row->file), row->line,
			    row->column);
}

static void add_enumerator(struct fl_str *line, const struct said *said, size_t i)
{
	const struct said_enumerator *e =
		fl_vec_at(&said->enumerators, const struct said_enumerator, i);
	fl_str_addf(line, "%s = %" PRId64, e->name, e->value);
}

static void add_members(struct fl_str *line, const struct said *said, uint64_t key);

/* A pointer's structure by name only: it may lead back to where it stands. */
static void add_type(struct fl_str *line, const struct said *said, const struct said_type *type)
{
	fl_str_addf(line, "%" PRIu64 " bytes x %" PRIu64 "%s%s", type->size, type->count,
		    type->is_signed ? " signed" : "", type->is_float ? " float" : "");
	if (type->is_pointer)
		fl_str_adds(line, " pointer");
	if (type->is_pointer && type->structure)
		fl_str_addf(line, " to %s", shown(said_structure_of(said, type->structure)->name));
	else if (type->structure)
		add_members(line, said, type->structure);
}

static void add_member(struct fl_str *line, const struct said *said, const struct said_member *m)
{
	fl_str_addf(line, " %s at %" PRId64, shown(m->name), m->off);
	if (m->bit_size)
		fl_str_addf(line, ".%" PRId64 ":%" PRId64, m->bit_off, m->bit_size);
	fl_str_adds(line, ": ");
	add_type(line, said, &m->type);
	fl_str_addc(line, ';');
}

static void add_members(struct fl_str *line, const struct said *said, uint64_t key)
{
	const struct said_structure *s = said_structure_of(said, key);
	fl_str_addf(line, " %s %" PRId64 " {", shown(s->name), s->size);
	for (size_t i = 0; i < s->member_count; i++)
		add_member(line, said, &s->members[i]);
	fl_str_adds(line, " }");
}

static void add_structure(struct fl_str *line, const struct said *said, size_t i)
{
	add_members(line, said, fl_vec_at(&said->structures, const struct said_structure, i)->key);
}

static void add_alias(struct fl_str *line, const struct said *said, size_t i)
{
	const struct said_alias *a = fl_vec_at(&said->aliases, const struct said_alias, i);
	fl_str_addf(line, "%s =", a->name);
	add_members(line, said, a->structure);
}

static void add_variable(struct fl_str *line, const struct said *said, size_t i)
{
	const struct said_variable *v = fl_vec_at(&said->variables, const struct said_variable, i);
	fl_str_addf(line, "%s at 0x%08" PRIx64 ": ", v->name, v->addr);
	add_type(line, said, &v->type);
}

static void add_bytes(struct fl_str *line, const uint8_t *bytes, size_t size)
{
	fl_str_addc(line, ' ');
	for (size_t i = 0; i < size; i++)
		fl_str_addf(line, "%02x", bytes[i]);
}

static void add_frame(struct fl_str *line, const struct said *said, size_t i)
{
	const struct said_frame *f = fl_vec_at(&said->frames, const struct said_frame, i);
	struct said_range code = f->code;
	fl_str_addf(line, "%s+0x%" PRIx64, f->section, f->off);
	add_code(line, &(struct said_ranges){ &code, 1 });
	fl_str_addf(line, " align %" PRIu64 " %" PRId64 " return %" PRIu64 "%s", f->code_align,
		    f->data_align, f->return_column, f->is_signal ? " signal" : "");
	add_bytes(line, f->common, f->common_size);
	add_bytes(line, f->own, f->own_size);
}

/* What kinds of facts there are: their list, how one reads, and whether their order counts. */
static const struct kind {
	const char *name;
	size_t list; /* offset in struct said */
	void (*add)(struct fl_str *line, const struct said *said, size_t i);
	bool is_sorted;
	bool is_unique; /* the engine says it once, however many units do */
} kinds[] = {
	{ "scope", offsetof(struct said, scopes), add_scope, false, false },
	{ "function", offsetof(struct said, functions), add_function, false, false },
	{ "inlined call", offsetof(struct said, calls), add_call, false, false },
	{ "row", offsetof(struct said, rows), add_row, false, false },
	{ "enumerator", offsetof(struct said, enumerators), add_enumerator, false, true },
	{ "structure", offsetof(struct said, structures), add_structure, true, true },
	{ "alias", offsetof(struct said, aliases), add_alias, true, true },
	{ "variable", offsetof(struct said, variables), add_variable, false, true },
	{ "frame", offsetof(struct said, frames), add_frame, true, false },
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_repeated(const struct fl_vec *lines, const char *text)
{
	for (size_t i = 0; i < lines->count; i++)
		if (!strcmp(*fl_vec_at(lines, const char *, i), text))
			return true;
	return false;
}

/* Of the list of one kind. The texts go with the arena of @p said. */
static struct fl_vec lines_of(struct said *said, const struct kind *kind, bool once)
{
	struct fl_vec lines = FL_VEC(const char *);
	const struct fl_vec *list = (const struct fl_vec *)((const char *)said + kind->list);
	for (size_t i = 0; i < list->count; i++) {
		FL_AUTO_STR line = { 0 };
		kind->add(&line, said, i);
		const char *text = said_text(said, "%s", line.data);
		if (!once || !is_repeated(&lines, text))
			said_add(&lines, &text);
	}
	if (kind->is_sorted && lines.count)
		qsort(lines.data, lines.count, sizeof(const char *), by_text);
	return lines;
}

static const char *line_at(const struct fl_vec *lines, size_t i)
{
	return i < lines->count ? *fl_vec_at(lines, const char *, i) : "(nothing)";
}

/* Long ones differ somewhere in the middle. */
static size_t first_difference(const char *a, const char *b)
{
	size_t i = 0;
	while (a[i] && a[i] == b[i])
		i++;
	return i;
}

static void
fail_at(const char *path, const struct kind *kind, size_t i, const char *a, const char *b)
{
	size_t at = first_difference(a, b);
	size_t from = at > CONTEXT ? at - CONTEXT : 0;
	fail_msg("%s: %s %zu, '%.*s ...', at character %zu\nengine:   %.*s\nlibdwarf: %.*s", path,
		 kind->name, i, CONTEXT, a, at, 4 * CONTEXT, a + from, 4 * CONTEXT, b + from);
}

static void
compare(const char *path, struct said *engine, struct said *reference, const struct kind *kind)
{
	FL_AUTO_VEC ours = lines_of(engine, kind, false);
	FL_AUTO_VEC theirs = lines_of(reference, kind, kind->is_unique);
	for (size_t i = 0; i < ours.count || i < theirs.count; i++) {
		const char *a = line_at(&ours, i);
		const char *b = line_at(&theirs, i);
		if (strcmp(a, b) != 0)
			fail_at(path, kind, i, a, b);
	}
}

void same_said(const char *path, struct said *engine, struct said *reference)
{
	if (engine->unit_count != reference->unit_count)
		fail_msg("%s: %u units, of libdwarf %u", path, engine->unit_count,
			 reference->unit_count);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		compare(path, engine, reference, &kinds[k]);
}
