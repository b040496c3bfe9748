/* SPDX-License-Identifier: Apache-2.0 */
/* The header of a line table (DWARF 5, 6.2.4) and the paths of its files. */
#include "image/dwarf_form.h"
#include "image/dwarf_read.h"

#include <string.h>

struct format {
	uint64_t content; /* DW_LNCT_... */
	uint16_t form;
};

enum { MAX_FORMATS = 32 };

/* Since version 5 tables say what their entries are made of. */
struct formats {
	struct format items[MAX_FORMATS];
	size_t count;
};

static void damaged(struct fl_line_table *t, const char *what)
{
	fl_dwarf_damaged(t->dwarf, &t->dwarf->line, t->unit->line_off, what);
	t->program = fl_cursor(NULL, 0);
	t->files.count = 0;
	t->dirs.count = 0;
}

static void add_dir(struct fl_line_table *t, const char *name)
{
	if (!fl_vec_push(&t->dirs, &name))
		t->dwarf->out_of_memory = true;
}

static void add_file(struct fl_line_table *t, const char *name, uint64_t dir)
{
	struct fl_line_file file = { .name = name, .dir = dir };
	if (!fl_vec_push(&t->files, &file))
		t->dwarf->out_of_memory = true;
}

bool fl_line_table_define(struct fl_line_table *t, struct fl_cursor *c)
{
	const char *name = fl_cursor_cstr(c);
	if (!name || !name[0])
		return false;
	uint64_t dir = fl_cursor_uleb(c);
	(void)fl_cursor_uleb(c); /* when it was changed */
	(void)fl_cursor_uleb(c); /* its size */
	if (!c->failed)
		add_file(t, name, dir);
	return !c->failed;
}

static void read_old_tables(struct fl_line_table *t, struct fl_cursor *c)
{
	const char *dir;
	while ((dir = fl_cursor_cstr(c)) && dir[0])
		add_dir(t, dir);
	while (fl_line_table_define(t, c))
		;
}

static bool read_formats(struct fl_cursor *c, struct formats *ret)
{
	ret->count = fl_cursor_u8(c);
	for (size_t i = 0; i < ret->count && i < MAX_FORMATS; i++) {
		ret->items[i].content = fl_cursor_uleb(c);
		uint64_t form = fl_cursor_uleb(c);
		ret->items[i].form = form < FL_ABBREV_UNKNOWN ? (uint16_t)form : 0;
		if (!fl_form_size(ret->items[i].form))
			return false; /* of no bytes: a table could have any number of those */
	}
	return !c->failed && ret->count <= MAX_FORMATS;
}

static bool read_entry(struct fl_line_table *t, struct fl_cursor *c, const struct formats *formats,
		       struct fl_line_file *ret)
{
	*ret = (struct fl_line_file){ 0 };
	for (size_t i = 0; i < formats->count; i++) {
		struct fl_dwarf_value v = fl_form_read(c, formats->items[i].form);
		if (formats->items[i].content == DW_LNCT_path)
			ret->name = fl_form_text(t->dwarf, t->unit, &v);
		else if (formats->items[i].content == DW_LNCT_directory_index)
			ret->dir = fl_form_number(&v);
	}
	return !c->failed;
}

static bool read_new_table(struct fl_line_table *t, struct fl_cursor *c, bool dirs)
{
	struct formats formats;
	struct fl_line_file entry;
	if (!read_formats(c, &formats))
		return false;
	uint64_t count = fl_cursor_uleb(c);
	if (c->failed || count > fl_cursor_left(c) || (count && !formats.count))
		return false;
	for (uint64_t i = 0; i < count; i++) {
		if (!read_entry(t, c, &formats, &entry) || t->dwarf->out_of_memory)
			return false;
		if (dirs)
			add_dir(t, entry.name);
		else
			add_file(t, entry.name, entry.dir);
	}
	return true;
}

static bool read_tables(struct fl_line_table *t, struct fl_cursor *c)
{
	if (t->version >= 5)
		return read_new_table(t, c, true) && read_new_table(t, c, false);
	read_old_tables(t, c);
	return !c->failed;
}

static bool read_parameters(struct fl_line_table *t, struct fl_cursor *c)
{
	t->instruction_size = fl_cursor_u8(c);
	t->operations = t->version >= 4 ? fl_cursor_u8(c) : 1;
	(void)fl_cursor_u8(c); /* default_is_stmt: every row is taken */
	t->line_base = (int8_t)fl_cursor_u8(c);
	t->line_range = fl_cursor_u8(c);
	t->opcode_base = fl_cursor_u8(c);
	t->operand_counts = fl_cursor_bytes(c, t->opcode_base ? t->opcode_base - 1u : 0);
	return !c->failed && t->line_range && t->opcode_base;
}

static void read_header(struct fl_line_table *t, struct fl_cursor c)
{
	t->version = fl_cursor_u16(&c);
	if (c.failed || t->version < 2 || t->version > 5) {
		damaged(t, "a line table of unknown version");
		return;
	}
	if (t->version >= 5)
		fl_cursor_skip(&c, 2); /* sizes of an address and of a segment selector */
	uint32_t size = fl_cursor_u32(&c);
	const uint8_t *header = fl_cursor_bytes(&c, size);
	struct fl_cursor h = fl_cursor(header, size);
	if (!header || !read_parameters(t, &h) || !read_tables(t, &h))
		damaged(t, "the header of a line table");
	else
		t->program = c;
}

void fl_line_table_init(struct fl_line_table *t, struct fl_dwarf *s,
			const struct fl_dwarf_unit *unit)
{
	*t = (struct fl_line_table){
		.dwarf = s,
		.unit = unit,
		.dirs = FL_VEC(const char *),
		.files = FL_VEC(struct fl_line_file),
	};
	if (!unit->has_lines)
		return;
	struct fl_cursor c = fl_cursor_at(s->line.bytes, s->line.size, unit->line_off);
	uint32_t size = fl_cursor_u32(&c);
	const uint8_t *bytes = fl_cursor_bytes(&c, size);
	if (!bytes)
		damaged(t, "a line table ends outside");
	else if (fl_dwarf_spend(s, &s->budget.line, size, "line tables"))
		read_header(t, fl_cursor(bytes, size));
}

void fl_line_table_deinit(struct fl_line_table *t)
{
	fl_vec_deinit(&t->dirs);
	fl_vec_deinit(&t->files);
}

/* Firmware is built on Windows too. */
static bool is_absolute(const char *path)
{
	return path[0] == '/' || path[0] == '\\' || (path[0] && path[1] == ':');
}

static void prepend(struct fl_str *path, const char *dir)
{
	if (!dir || !dir[0] || (path->data && is_absolute(path->data)))
		return;
	struct fl_str joined = { 0 };
	size_t n = strlen(dir);
	fl_str_add(&joined, dir, n);
	if (dir[n - 1] != '/' && dir[n - 1] != '\\')
		fl_str_addc(&joined, '/');
	fl_str_add(&joined, path->data, path->size);
	joined.failed |= path->failed;
	fl_str_deinit(path);
	*path = joined;
}

/* Before version 5 number 0 is the directory of the compilation, and not in the table. */
static const char *directory(const struct fl_line_table *t, uint64_t number)
{
	uint64_t i = t->version >= 5 ? number : number - 1;
	return i < t->dirs.count ? *fl_vec_at(&t->dirs, const char *, i) : NULL;
}

static uint32_t intern_path(struct fl_line_table *t, const struct fl_line_file *file)
{
	FL_AUTO_STR path = { 0 };
	if (!file->name || !file->name[0])
		return 0;
	fl_str_adds(&path, file->name);
	prepend(&path, directory(t, file->dir));
	if (t->version >= 5 && file->dir != 0)
		prepend(&path, directory(t, 0));
	prepend(&path, t->unit->comp_dir);
	uint32_t id = path.failed ? UINT32_MAX : fl_intern_text(t->dwarf->strings, path.data);
	if (id != UINT32_MAX)
		return id;
	t->dwarf->out_of_memory = true;
	return 0;
}

/* Made when asked for: most files of a unit have no code. */
uint32_t fl_line_table_file(struct fl_line_table *t, uint64_t number)
{
	uint64_t i = t->version >= 5 ? number : number - 1;
	if (i >= t->files.count)
		return 0;
	struct fl_line_file *file = fl_vec_at(&t->files, struct fl_line_file, i);
	if (!file->id)
		file->id = intern_path(t, file) + 1;
	return file->id - 1;
}
